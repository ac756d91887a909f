package provider_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/umpay/provider"
	"github.com/cnpay-go/cnpay/umpay/provider/providertest"
)

// The answer is lost on its way. Whether the payer has paid is unknown, so the order is queried, never paid again.
func ExampleOrdersService_PayByCode() {
	gateway := providertest.NewServer() // in a shop: provider.Config{AcqSpID: ..., Key: ..., PlatformKeys: ...}
	defer gateway.Close()
	gateway.Misbehave(provider.OpOrderPayByCode, cnpaytest.LostAnswer)
	client, err := provider.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}

	res, err := client.Orders.PayByCode(context.Background(), &provider.OrderPayByCodeRequest{
		Order:     provider.Order{OrderTime: "20260901090000", OrderNo: "SHOP20260901000001", TxnAmt: 1250, MerPriv: "SHOP20260901000001"},
		OrderType: provider.WeChat, AuthCode: "134781377084567613",
	})
	fmt.Println("payment:", cnpay.OutcomeOf(res, err))
	settlement, err := client.Settle(context.Background(), cnpay.TicketOf(res, err), cnpay.WithSchedule(cnpay.Schedule{0}))
	fmt.Println("settled:", cnpay.OutcomeOf(settlement, err), settlement.Message)
	fmt.Println("payments sent:", gateway.Received(provider.OpOrderPayByCode))
	// Output:
	// payment: unknown
	// settled: succeeded 支付成功
	// payments sent: 1
}

// The payer pays by the code; UMPay's notification says so, and the query confirms it.
func ExampleOrdersService_CreateQR() {
	gateway := providertest.NewServer()
	defer gateway.Close()
	client, err := provider.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	shop := httptest.NewServer(client.NotificationHandler(func(_ context.Context, n *provider.Notification) error {
		fmt.Println("notified:", n.OrderNo, n.TxnAmt, n.Outcome)
		return nil // it is stored
	}))
	defer shop.Close()
	gateway.SetNotifyURL(shop.URL)

	ctx := context.Background()
	res, err := client.Orders.CreateQR(ctx, &provider.OrderCreateQRRequest{
		Order:     provider.Order{OrderTime: "20260901090000", OrderNo: "SHOP20260901000001", TxnAmt: 1250},
		OrderType: provider.Alipay,
	})
	fmt.Println("order:", cnpay.OutcomeOf(res, err)) // show res.QRCode
	gateway.Pay("SHOP20260901000001")
	if err := gateway.Notify(ctx, "SHOP20260901000001", provider.NotifySale); err != nil {
		fmt.Println(err)
	}
	settlement, err := client.Settle(ctx, cnpay.TicketOf(res, err), cnpay.WithSchedule(cnpay.Schedule{0}))
	fmt.Println("settled:", cnpay.OutcomeOf(settlement, err))
	// Output:
	// order: pending
	// notified: SHOP20260901000001 1250 succeeded
	// settled: succeeded
}

func ExampleOrdersService_Cancel() {
	gateway := providertest.NewServer()
	defer gateway.Close()
	gateway.AddOrder("SHOP20260901000001", 1250)
	client, err := provider.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	req := &provider.OrderCancelRequest{OrderNo: "SHOP20260901000001"}
	res, err := client.Orders.Cancel(context.Background(), req)
	fmt.Println(cnpay.OutcomeOf(res, err))
	res, err = client.Orders.Cancel(context.Background(), req)
	fmt.Println(cnpay.OutcomeOf(res, err), res.RespMsg)
	// Output:
	// succeeded
	// pending 交易已撤销
}

// splitRequest splits a paid order among merchants by the contract's shares (固定分账), which this package does not have.
type splitRequest struct {
	AcqSpID       string `json:"acqSpId" spec:"M S..10"`
	AcqMerID      string `json:"acqMerId" spec:"M N..8"`
	OrderTime     string `json:"orderTime" spec:"M yyyyMMddHHmmss"`
	OrderNo       string `json:"orderNo" spec:"M S..64"`
	LedgerOrderNo string `json:"ledgerOrderNo" spec:"M S..64"`
	TxnAmt        int64  `json:"txnAmt,string" spec:"M N1..13"`
	IsTrueTime    string `json:"isTrueTime" spec:"O S..128"`
}

type splitQuery struct {
	AcqSpID       string `json:"acqSpId" spec:"M S..10"`
	AcqMerID      string `json:"acqMerId" spec:"M N..8"`
	LedgerOrderNo string `json:"ledgerOrderNo" spec:"M S..64"`
}

type splitResponse struct {
	provider.Response
	OrderNo       string `json:"orderNo" spec:"O S..64"`
	LedgerOrderNo string `json:"ledgerOrderNo" spec:"O S..64"`
	LedgerState   string `json:"ledgerState" spec:"O S..2"`
}

// An operation that the package lacks is two structs, a line and a rule of the program's own.
func ExampleDo() {
	query := provider.Operation{ID: "provider_ledger_account_query", Path: "pay/ledgerAccountQuery", Query: true, Repeatable: true}
	split := provider.Operation{
		ID: "provider_ledger_account", Path: "pay/ledgerAccount",
		Settle: func(c *provider.Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
			return cnpay.SettleRule{
				Schedule: cnpay.Every(cnpay.DefaultMargin, 3), Absent: true,
				Query: func(ctx context.Context) (cnpay.Finding, error) {
					res, err := provider.Do[splitResponse](ctx, c, query, &splitQuery{
						AcqMerID: t.Fields["acqMerId"], LedgerOrderNo: t.Fields["ledgerOrderNo"],
					}, opts...)
					if err != nil {
						return cnpay.Finding{}, err
					}
					outcome := map[string]cnpay.Outcome{
						"1": cnpay.Pending, "2": cnpay.Succeeded, "3": cnpay.Failed, "4": cnpay.Succeeded, "5": cnpay.Succeeded,
					}[res.LedgerState]
					return cnpay.Finding{Verdict: cnpay.Verdict{Outcome: outcome, Code: res.LedgerState}, Answer: res}, nil
				},
			}
		},
	}

	gateway := providertest.NewServer()
	defer gateway.Close()
	gateway.Handle(split.ID, split.Path, func(request map[string]any) map[string]any {
		return map[string]any{"orderNo": request["orderNo"], "ledgerOrderNo": request["ledgerOrderNo"]}
	})
	gateway.Handle(query.ID, query.Path, func(request map[string]any) map[string]any {
		return map[string]any{"ledgerOrderNo": request["ledgerOrderNo"], "ledgerState": "2"}
	})
	client, err := provider.New(gateway.Config(), provider.WithOperations(split, query))
	if err != nil {
		fmt.Println(err)
		return
	}

	ctx := context.Background()
	gateway.Misbehave(split.ID, cnpaytest.LostAnswer)
	res, err := provider.Do[splitResponse](ctx, client, split, &splitRequest{
		OrderTime: "20260901090000", OrderNo: "SHOP20260901000001", LedgerOrderNo: "SPLIT1", TxnAmt: 1250, IsTrueTime: "1",
	})
	fmt.Println("split:", cnpay.OutcomeOf(res, err))
	settlement, err := client.Settle(ctx, cnpay.TicketOf(res, err), cnpay.WithSchedule(cnpay.Schedule{0}))
	fmt.Println("settled:", settlement.Ticket, cnpay.OutcomeOf(settlement, err))
	// Output:
	// split: unknown
	// settled: umpay/provider provider_ledger_account SPLIT1 succeeded
}

func ExampleNew() {
	_, err := provider.New(provider.Config{Gateway: "http://provider.umfintech.com"})
	fmt.Println(err)
	// Output: umpay/provider: config: gateway: plain http to provider.umfintech.com, which is not this machine; use https, or cnpay.WithPlainHTTP for a private line; acqSpId is required; key: sign: no private key; platformKeys are required, without which no answer can be verified
}
