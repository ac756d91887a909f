package spay_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/umpay/spay"
	"github.com/cnpay-go/cnpay/umpay/spay/spaytest"
)

// A code that the payer scans: the order is pending until it is paid, and settled by its ticket, in any process.
func ExampleOrdersService_CreateQR() {
	gateway := spaytest.NewServer() // in a shop: spay.Config{MerID: ..., Key: ..., PlatformKeys: ...}
	defer gateway.Close()
	client, err := spay.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}

	res, err := client.Orders.CreateQR(context.Background(), &spay.OrderCreateQRRequest{
		Order:        spay.Order{OrderID: "SHOP20260901000001", MerDate: spay.MerDate(time.Now()), Amount: 1250, GoodsInf: "咖啡"},
		ScanCodeType: "WECHAT",
	})
	fmt.Println("order:", cnpay.OutcomeOf(res, err))
	if _, err := res.QR(); err != nil { // what the code on the screen holds
		fmt.Println(err)
	}
	if err := gateway.Pay("SHOP20260901000001"); err != nil { // what the payer does
		fmt.Println(err)
	}
	settled, err := client.Settle(context.Background(), res.Ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
	fmt.Println("settled:", cnpay.OutcomeOf(settled, err), settled.Code)
	// Output:
	// order: pending
	// settled: succeeded TRADE_SUCCESS
}

// The answer to a cancellation is lost. Whether the payer has the money back is unknown, so the order is queried.
func ExampleOrdersService_Cancel() {
	gateway := spaytest.NewServer()
	defer gateway.Close()
	gateway.AddOrder("SHOP20260901000001", 1250)
	gateway.Misbehave(spay.OpOrderCancel, cnpaytest.LostAnswer)
	client, err := spay.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}

	res, err := client.Orders.Cancel(context.Background(), &spay.OrderCancelRequest{
		OrderID: "SHOP20260901000001", MerDate: spay.MerDate(time.Now()), Amount: 1250,
	})
	fmt.Println("cancel:", cnpay.OutcomeOf(res, err))
	settled, err := client.Settle(context.Background(), cnpay.TicketOf(res, err))
	fmt.Println("settled:", cnpay.OutcomeOf(settled, err), settled.Code)
	fmt.Println("cancellations sent:", gateway.Received(spay.OpOrderCancel))
	// Output:
	// cancel: unknown
	// settled: succeeded TRADE_CANCEL
	// cancellations sent: 1
}

// The payer's browser is sent to the cashier by a link. Nothing is sent until the browser follows it.
func ExamplePagesService_Mobile() {
	gateway := spaytest.NewServer()
	defer gateway.Close()
	client, err := spay.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}

	form, err := client.Pages.Mobile(&spay.PageMobileRequest{
		Order: spay.Order{OrderID: "SHOP20260901000001", MerDate: spay.MerDate(time.Now()), Amount: 1250, RetURL: "https://shop.example/done"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	answer := httptest.NewRecorder()
	form.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/pay", nil))
	fmt.Println(answer.Code, form.Ticket)
	// Output: 303 umpay/spay spay_pay_req_h5_frontpage SHOP20260901000001
}

// Payouts (付款) are documented and not typed here: two structs each, a line and a rule are all they need.
type transferRequest struct {
	OrderID         string `json:"order_id" spec:"M ORDER"`
	MerDate         string `json:"mer_date" spec:"M YYYYMMDD"`
	Amount          int64  `json:"amount,string" spec:"M N1..13"`
	RecvAccountType string `json:"recv_account_type" spec:"M 00|02"`
	RecvBankAccPro  string `json:"recv_bank_acc_pro" spec:"M 0|1"`
	RecvAccount     string `json:"recv_account" spec:"M S..32 pan"` // encrypted, as every field of this name
	RecvUserName    string `json:"recv_user_name" spec:"M S secret"`
}

type transferQueryRequest struct {
	OrderID string `json:"order_id" spec:"M ORDER"`
	MerDate string `json:"mer_date" spec:"M YYYYMMDD"`
}

type transferResponse struct {
	spay.Response
	OrderID    string `json:"order_id" spec:"R S"`
	MerDate    string `json:"mer_date" spec:"R S"`
	Amount     int64  `json:"amount,string" spec:"R N"`
	TradeState string `json:"trade_state" spec:"R S"`
}

func transfer() spay.Operation {
	return spay.Operation{ID: "spay_transfer_direct_req", Judge: judgeTransfer, Settle: settleTransfer}
}

func judgeTransfer(answer any) (cnpay.Outcome, error) {
	states := map[string]cnpay.Outcome{"1": cnpay.Pending, "3": cnpay.Failed, "4": cnpay.Succeeded}
	return states[answer.(*transferResponse).TradeState], nil
}

func settleTransfer(c *spay.Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := &transferQueryRequest{OrderID: t.Fields["order_id"], MerDate: t.Fields["mer_date"]}
	return cnpay.SettleRule{Schedule: spay.AtOnceSchedule(), Query: func(ctx context.Context) (cnpay.Finding, error) {
		res, err := spay.Do[transferResponse](ctx, c, spay.Operation{ID: "spay_transfer_query", Query: true, Repeatable: true}, query, opts...)
		if err != nil {
			return cnpay.Finding{}, err
		}
		outcome, _ := judgeTransfer(res)
		return cnpay.Finding{Verdict: cnpay.Verdict{Outcome: outcome, Code: res.TradeState}, Answer: res}, nil
	}}
}

// An operation that the package lacks, and its settlement.
func ExampleDo() {
	gateway := spaytest.NewServer()
	defer gateway.Close()
	paid := map[string]string{}
	gateway.Handle("transfer_direct_req", func(request map[string]string) map[string]string {
		paid = map[string]string{
			"order_id": request["order_id"], "mer_date": request["mer_date"], "amount": request["amount"], "trade_state": "4",
		}
		return map[string]string{"order_id": request["order_id"], "mer_date": request["mer_date"], "amount": request["amount"], "trade_state": "1"}
	})
	gateway.Handle("transfer_query", func(map[string]string) map[string]string { return paid })
	client, err := spay.New(gateway.Config(), spay.WithOperations(transfer()))
	if err != nil {
		fmt.Println(err)
		return
	}

	res, err := spay.Do[transferResponse](context.Background(), client, transfer(), &transferRequest{
		OrderID: "PAYOUT0001", MerDate: "20260901", Amount: 1250, RecvAccountType: "00", RecvBankAccPro: "0",
		RecvAccount: "6216261000000000018", RecvUserName: "全渠道",
	})
	fmt.Println("transfer:", cnpay.OutcomeOf(res, err))
	settled, err := client.Settle(context.Background(), res.Ticket)
	fmt.Println("settled:", cnpay.OutcomeOf(settled, err))
	// Output:
	// transfer: pending
	// settled: succeeded
}

func ExampleMerDate() {
	fmt.Println(spay.MerDate(time.Date(2026, 8, 31, 16, 0, 0, 0, time.UTC)))
	// Output: 20260901
}
