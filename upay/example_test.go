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
	gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.Refused)
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
	gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
	client, err := upay.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}

	res, err := client.Orders.Revoke(context.Background(), &upay.OrderRevokeRequest{ClientSN: "7654321132"})
	fmt.Println("revoke:", cnpay.OutcomeOf(res, err))
	settled, err := client.Settle(context.Background(), cnpay.TicketOf(res, err)) // here or in another process
	fmt.Println("settled:", cnpay.OutcomeOf(settled, err), settled.Code)
	fmt.Println("revokes sent:", gateway.Received(upay.OpOrderRevoke))
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

// Two cups of coffee are paid with the code on the payer's phone. Where the payer does not confirm, the merchant gives the
// payment up, and queries its outcome once more.
func ExampleOrdersService_PayByCode() {
	gateway := upaytest.NewServer()
	defer gateway.Close()
	gateway.Misbehave(upay.OpOrderPayByCode, upaytest.Pending)
	client, err := upay.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	atOnce := cnpay.WithSchedule(make(cnpay.Schedule, 10)) // in a shop: upay.PaySchedule, which is the default

	res, err := client.Orders.PayByCode(ctx, &upay.OrderPayByCodeRequest{
		Sale:      upay.Sale{ClientSN: "20260901090000000123", TotalAmount: 1250, Subject: "两杯咖啡", Operator: "till-1"},
		DynamicID: "130000000000000001",
	})
	payment := cnpay.TicketOf(res, err)
	fmt.Println("pay:", cnpay.OutcomeOf(res, err))
	settled, err := client.Settle(ctx, payment, atOnce)
	fmt.Println("settled:", cnpay.OutcomeOf(settled, err))
	cancel, err := client.Orders.Cancel(ctx, &upay.OrderCancelRequest{ClientSN: payment.Order})
	fmt.Println("cancel:", cnpay.OutcomeOf(cancel, err))
	settled, err = client.Settle(ctx, payment, atOnce)
	fmt.Println("settled:", cnpay.OutcomeOf(settled, err), settled.Code)
	// Output:
	// pay: pending
	// settled: pending
	// cancel: succeeded
	// settled: failed PAY_CANCELED
}

// The payer scans a code, and pays.
func ExampleOrdersService_CreateQR() {
	gateway := upaytest.NewServer()
	defer gateway.Close()
	client, err := upay.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	atOnce := cnpay.WithSchedule(cnpay.Schedule{0})

	res, err := client.Orders.CreateQR(ctx, &upay.OrderCreateQRRequest{
		Sale:   upay.Sale{ClientSN: "20260901090000000124", TotalAmount: 1250, Subject: "两杯咖啡", Operator: "till-1"},
		Payway: "3",
	})
	fmt.Println("order:", cnpay.OutcomeOf(res, err), res.Result.QRCode != "")
	settled, err := client.Settle(ctx, res.Ticket, atOnce)
	fmt.Println("settled:", cnpay.OutcomeOf(settled, err))
	gateway.Pay("20260901090000000124") // what the payer does
	settled, err = client.Settle(ctx, res.Ticket, atOnce)
	fmt.Println("settled:", cnpay.OutcomeOf(settled, err))
	// Output:
	// order: pending true
	// settled: pending
	// settled: succeeded
}

// DepositFreezeRequest holds a deposit (预授权冻结). It is not in package upay: no document has its answer.
type DepositFreezeRequest struct {
	TerminalSN  string `json:"terminal_sn" spec:"M N..32"`
	ClientSN    string `json:"client_sn" spec:"M S..32"`
	TotalAmount int64  `json:"total_amount,string" spec:"M N1..10"`
	DynamicID   string `json:"dynamic_id" spec:"M S..32 secret"`
	Subject     string `json:"subject" spec:"M S..64"`
	Operator    string `json:"operator" spec:"M S..32"`
}

// DepositFreezeResponse is its answer.
type DepositFreezeResponse struct{ upay.Response }

// An operation that the package lacks is two structs and a line. What its states mean is agreed with Upay.
func ExampleDo() {
	gateway := upaytest.NewServer()
	defer gateway.Close()
	freeze := upay.Operation{ID: "deposit_freeze", Path: "/upay/v2/deposit/freeze", Settle: settleDeposit}
	client, err := upay.New(gateway.Config(), upay.WithOperations(freeze))
	if err != nil {
		fmt.Println(err)
		return
	}

	gateway.Misbehave("deposit_freeze", cnpaytest.LostAnswer)
	res, err := upay.Do[DepositFreezeResponse](context.Background(), client, freeze, &DepositFreezeRequest{
		ClientSN: "D20260901001", TotalAmount: 50000, DynamicID: "280000000000000001", Subject: "租车", Operator: "till-1",
	})
	fmt.Println("freeze:", cnpay.OutcomeOf(res, err))
	ticket := cnpay.TicketOf(res, err)
	settled, err := client.Settle(context.Background(), ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
	fmt.Println("settled:", cnpay.OutcomeOf(settled, err), settled.Code)
	fmt.Println("sent:", gateway.Received("deposit_freeze"))
	// Output:
	// freeze: unknown
	// settled: succeeded DEPOSIT_FREEZED
	// sent: 1
}

// settleDeposit finds the outcome of a deposit by its order.
func settleDeposit(c *upay.Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	return cnpay.SettleRule{
		Schedule: upay.PreauthSchedule(),
		Query: func(ctx context.Context) (cnpay.Finding, error) {
			res, err := c.Orders.Query(ctx, &upay.OrderQueryRequest{ClientSN: t.Order}, opts...)
			if err != nil {
				return cnpay.Finding{}, err
			}
			f := cnpay.Finding{Verdict: cnpay.Verdict{Code: res.Result.OrderStatus}, Answer: res}
			if f.Code == "DEPOSIT_FREEZED" {
				f.Outcome = cnpay.Succeeded
			}
			return f, nil
		},
	}
}
