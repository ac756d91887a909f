package upay_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
)

func ExampleOrdersService_Revoke() {
	gateway := upaytest.NewServer() // in a shop: upay.Config{TerminalSN: ..., TerminalKey: ...}
	defer gateway.Close()
	gateway.AddOrder("7654321132", 10000)
	client, err := upay.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}

	res, err := client.Orders.Revoke(context.Background(), &upay.OrderRevokeRequest{ClientSN: "7654321132"})
	switch cnpay.OutcomeOf(res, err) {
	case cnpay.Succeeded:
		fmt.Println("returned, left of the order:", *res.Result.NetAmount, "fen")
	case cnpay.Failed, cnpay.NotSent:
		fmt.Println("the order is as it was:", err)
	default:
		fmt.Println("settle it before anything else:", err)
	}
	// Output: returned, left of the order: 0 fen
}

// An order that takes part in a promotion cannot be revoked; Upay says so, and the order stays as it was.
func ExampleOrdersService_Revoke_refused() {
	gateway := upaytest.NewServer()
	defer gateway.Close()
	gateway.AddOrder("7654321132", 10000)
	gateway.Misbehave(upay.OpRevoke, cnpaytest.Refused)
	client, err := upay.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}

	_, err = client.Orders.Revoke(context.Background(), &upay.OrderRevokeRequest{ClientSN: "7654321132"})
	var e *cnpay.Error
	if errors.As(err, &e) {
		fmt.Println(e.Outcome, e.Code)
		fmt.Println(e.Message)
	}
	// Output:
	// failed UPAY_TCP_ORDER_NOT_REFUNDABLE
	// 订单7892259400000001参与了活动并且无法撤销
}

// The answer is lost on its way. Whether the payer has the money back is unknown, so the order is queried.
func ExampleClient_Settle() {
	gateway := upaytest.NewServer()
	defer gateway.Close()
	gateway.AddOrder("7654321132", 10000)
	gateway.Misbehave(upay.OpRevoke, cnpaytest.LostAnswer)
	client, err := upay.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}

	res, err := client.Orders.Revoke(context.Background(), &upay.OrderRevokeRequest{ClientSN: "7654321132"})
	fmt.Println("revoke:", cnpay.OutcomeOf(res, err))
	settled, err := client.Settle(context.Background(), cnpay.TicketOf(res, err)) // here or in another process
	fmt.Println("settled:", cnpay.OutcomeOf(settled, err), settled.Code)
	fmt.Println("revokes sent:", gateway.Received(upay.OpRevoke))
	// Output:
	// revoke: unknown
	// settled: succeeded CANCELED
	// revokes sent: 1
}

func ExampleOrdersService_Query() {
	gateway := upaytest.NewServer()
	defer gateway.Close()
	sn := gateway.AddOrder("7654321132", 10000)
	client, err := upay.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}

	res, err := client.Orders.Query(context.Background(), &upay.OrderQueryRequest{SN: sn})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(res.Result.ClientSN, res.Result.OrderStatus, res.Result.TotalAmount)
	// Output: 7654321132 PAID 10000
}

func ExampleNew() {
	_, err := upay.New(upay.Config{Gateway: "http://vsi-api.shouqianba.com", TerminalSN: "till 1"})
	fmt.Println(err)
	// Output: upay: config: gateway: plain http to vsi-api.shouqianba.com, which is not this machine; use https, or cnpay.WithPlainHTTP for a private line; terminal number holds a blank (U+0020) at character 5; terminal key is required
}

func ExampleRevokeSchedule() {
	schedule := upay.RevokeSchedule()
	var all time.Duration
	for _, d := range schedule {
		all += d
	}
	fmt.Println(len(schedule), "queries in", all)
	// Output: 11 queries in 50s
}
