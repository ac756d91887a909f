package yuansfer_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/yuansfer"
	"github.com/cnpay-go/cnpay/yuansfer/yuansfertest"
)

func usd(amount string) yuansfer.Money {
	return yuansfer.Money{Amount: amount, Currencies: dollars()}
}

func dollars() yuansfer.Currencies {
	return yuansfer.Currencies{Currency: "USD", SettleCurrency: "USD"}
}

// books has what the runs of the operations need in the gateway's books, and numbers for them.
type books struct {
	t       testing.TB
	gateway *yuansfertest.Server
	client  *yuansfer.Client // for what goes before
	calls   *yuansfer.Client // for the operation itself
	n       int
}

func (b *books) number(what string) string {
	b.n++
	return fmt.Sprintf("%s%d", what, b.n)
}

func (b *books) agreement() string { return b.gateway.AddAgreement(b.number("agr"), "gcash") }

func (b *books) payment() (reference string) {
	reference = b.number("shop")
	b.gateway.AddPayment(reference, "13.00", "USD")
	return reference
}

func (b *books) newOrder(reference string) yuansfer.NewOrder {
	return yuansfer.NewOrder{Money: usd("13"), Reference: reference, Timeout: 30}
}

func (b *books) cashier() *yuansfer.PageCashierRequest {
	return &yuansfer.PageCashierRequest{
		NewOrder: b.newOrder(b.number("shop")), Vendor: "alipay", IpnURL: "https://shop.example/ipn",
		CallbackURL: "https://shop.example/back?status={status}&ref={reference}", Terminal: "ONLINE",
		GoodsInfo: []yuansfer.Goods{{Name: "coffee", Quantity: "1"}},
	}
}

func (b *books) add() *yuansfer.InStoreAddRequest {
	return &yuansfer.InStoreAddRequest{NewOrder: b.newOrder(b.number("till"))}
}

// added is an order of Add.
func (b *books) added() (reference string) {
	res, err := b.client.InStore.Add(b.t.Context(), b.add())
	require.NoError(b.t, err)
	return res.Result.Reference
}

func (b *books) hold() *yuansfer.PreauthCreateRequest {
	return &yuansfer.PreauthCreateRequest{
		NewAuth: yuansfer.NewAuth{OutAuthInfoNo: b.number("auth"), OutAuthDetailNo: b.number("detail"), Vendor: "alipay"},
		Money:   usd("50"), PaymentBarcode: "280000000000000001",
	}
}

// held is a hold that stands.
func (b *books) held() (key yuansfer.AuthKey, outAuthDetailNo string) {
	res, err := b.client.Preauth.Create(b.t.Context(), b.hold())
	require.NoError(b.t, err)
	return yuansfer.AuthKey{OutAuthInfoNo: res.Result.OutAuthInfoNo}, res.Result.OutAuthDetailNo
}

func (b *books) payout() *yuansfer.PayoutCreateRequest {
	return &yuansfer.PayoutCreateRequest{
		InvoiceID: b.number("inv"), Amount: "10.00", Currency: "USD", CustomerNo: "2000305228244862935303", AccountToken: "2010305228244863855835",
	}
}

func (b *books) capture() *yuansfer.OrderV4PayRequest {
	return &yuansfer.OrderV4PayRequest{
		Money: usd("20.00"), Vendor: "creditcard", Reference: b.number("v4"), Terminal: "ONLINE", IpnURL: "https://shop.example/ipn",
		CardNumber: "4111111111111111", CardExpYear: "30", CardExpMonth: "12", CardCVV: "123", Timeout: 30,
	}
}

// runs are the runs of every operation, each with a new order.
func (b *books) runs() map[string]func() conform.Run {
	c := b.calls
	days := yuansfer.Period{StartDate: "20260901", EndDate: "20260916"}
	return map[string]func() conform.Run{
		yuansfer.OpAutoDebitConsult: func() conform.Run {
			return conform.Of(c.AutoDebit.Consult, &yuansfer.AutoDebitConsultRequest{
				Vendor: "gcash", Terminal: "ONLINE", AutoRedirectURL: "https://shop.example/back", AutoReference: b.number("agr"),
			})
		},
		yuansfer.OpAutoDebitApplyToken: func() conform.Run {
			return conform.Of(c.AutoDebit.ApplyToken, &yuansfer.AutoDebitApplyTokenRequest{AutoDebitNo: b.agreement(), GrantType: "AUTHORIZATION_CODE"})
		},
		yuansfer.OpAutoDebitPay: func() conform.Run {
			return conform.Of(c.AutoDebit.Pay, &yuansfer.AutoDebitPayRequest{
				AutoDebitNo: b.agreement(), Money: usd("100"), Reference: b.number("debit"), IpnURL: "https://shop.example/ipn",
			})
		},
		yuansfer.OpAutoDebitRevoke: func() conform.Run {
			return conform.Of(c.AutoDebit.Revoke, &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: b.agreement()})
		},
		yuansfer.OpPageCashier: func() conform.Run { return conform.Of(c.Pages.Cashier, b.cashier()) },
		yuansfer.OpCardPay: func() conform.Run {
			order := b.cashier()
			order.Terminal = "YIP"
			res, err := b.client.Pages.Cashier(b.t.Context(), order)
			require.NoError(b.t, err)
			require.NotEmpty(b.t, res.Result.Authorization)
			return conform.Of(c.Cards.Pay, &yuansfer.CardPayRequest{
				PaymentMethodNonce: "nonce-0cd43d3c", PaymentMethod: "credit_card", TransactionNo: res.Result.TransactionNo,
			})
		},
		yuansfer.OpCardUpdateRecurring: func() conform.Run {
			return conform.Of(c.Cards.UpdateRecurring, &yuansfer.CardUpdateRecurringRequest{ScheduleNo: b.gateway.AddSchedule(12), PaymentCount: "0"})
		},
		yuansfer.OpAppOrder: func() conform.Run {
			return conform.Of(c.Apps.Order, &yuansfer.AppOrderRequest{
				NewOrder: b.newOrder(b.number("app")), Vendor: "wechatpay", Terminal: "MINIPROGRAM", OpenID: "oExample", IpnURL: "https://shop.example/ipn",
			})
		},
		yuansfer.OpInStoreAdd: func() conform.Run { return conform.Of(c.InStore.Add, b.add()) },
		yuansfer.OpInStorePayByCode: func() conform.Run {
			return conform.Of(c.InStore.PayByCode, &yuansfer.InStorePayByCodeRequest{
				OrderKey: yuansfer.OrderKey{Reference: b.added()}, PaymentBarcode: "280000000000000001",
			})
		},
		yuansfer.OpInStoreCreateQR: func() conform.Run {
			return conform.Of(c.InStore.CreateQR, &yuansfer.InStoreCreateQRRequest{
				NewOrder: b.newOrder(b.number("qr")), Vendor: "alipay", NeedQRCode: "true", IpnURL: "https://shop.example/ipn",
			})
		},
		yuansfer.OpTransactionQuery: func() conform.Run {
			return conform.Of(c.Transactions.Query, &yuansfer.TransactionQueryRequest{OrderKey: yuansfer.OrderKey{Reference: b.payment()}})
		},
		yuansfer.OpTransactionRefund: func() conform.Run {
			return conform.Of(c.Transactions.Refund, &yuansfer.TransactionRefundRequest{
				OrderKey: yuansfer.OrderKey{Reference: b.payment()}, RefundAmount: "3.00", Currencies: dollars(), RefundReference: b.number("ref"),
			})
		},
		yuansfer.OpTransactionCancel: func() conform.Run {
			return conform.Of(c.Transactions.Cancel, &yuansfer.TransactionCancelRequest{OrderKey: yuansfer.OrderKey{Reference: b.payment()}})
		},
		yuansfer.OpTransactionList: func() conform.Run {
			return conform.Of(c.Transactions.List, &yuansfer.TransactionListRequest{Period: days})
		},
		yuansfer.OpClearingList: func() conform.Run {
			return conform.Of(c.Clearings.List, &yuansfer.ClearingListRequest{Period: days})
		},
		yuansfer.OpWithdrawalList: func() conform.Run {
			return conform.Of(c.Withdrawals.List, &yuansfer.WithdrawalListRequest{Period: days})
		},
		yuansfer.OpPreauthCreateVoucher: func() conform.Run {
			return conform.Of(c.Preauth.CreateVoucher, &yuansfer.PreauthCreateVoucherRequest{
				NewAuth: yuansfer.NewAuth{OutAuthInfoNo: b.number("auth"), OutAuthDetailNo: b.number("detail"), Vendor: "alipay"},
				Amount:  "50", Currency: "USD", SettleCurrency: "USD",
			})
		},
		yuansfer.OpPreauthCreate: func() conform.Run { return conform.Of(c.Preauth.Create, b.hold()) },
		yuansfer.OpPreauthCancel: func() conform.Run {
			key, _ := b.held()
			return conform.Of(c.Preauth.Cancel, &yuansfer.PreauthCancelRequest{
				AuthKey: key, OutAuthDetailNo: b.number("detail"), UnfreezeAmount: "8", Currencies: dollars(),
			})
		},
		yuansfer.OpPreauthComplete: func() conform.Run {
			key, _ := b.held()
			return conform.Of(c.Preauth.Complete, &yuansfer.PreauthCompleteRequest{
				AuthKey: key, OutAuthDetailNo: b.number("detail"), Reference: b.number("shop"), Money: usd("42"),
			})
		},
		yuansfer.OpPreauthQuery: func() conform.Run {
			key, detail := b.held()
			return conform.Of(c.Preauth.Query, &yuansfer.PreauthQueryRequest{AuthKey: key, OutAuthDetailNo: detail})
		},
		yuansfer.OpPayoutCreate: func() conform.Run { return conform.Of(c.Payouts.Create, b.payout()) },
		yuansfer.OpPayoutQuery: func() conform.Run {
			res, err := b.client.Payouts.Create(b.t.Context(), b.payout())
			require.NoError(b.t, err)
			return conform.Of(c.Payouts.Query, &yuansfer.PayoutQueryRequest{InvoiceID: res.Result.InvoiceID})
		},
		yuansfer.OpPayoutBalance: func() conform.Run {
			return conform.Of(c.Payouts.Balance, &yuansfer.PayoutBalanceRequest{Currency: "USD"})
		},
		yuansfer.OpOrderV4Pay: func() conform.Run { return conform.Of(c.OrdersV4.Pay, b.capture()) },
		yuansfer.OpOrderV4Finish: func() conform.Run {
			b.gateway.Misbehave(yuansfer.OpOrderV4Pay, yuansfertest.Pending)
			res, err := b.client.OrdersV4.Pay(b.t.Context(), b.capture())
			require.NoError(b.t, err)
			return conform.Of(c.OrdersV4.Finish, &yuansfer.OrderV4FinishRequest{TransactionNo: res.ResultBody.TransactionNo})
		},
	}
}

// world is a gateway and two clients, and the runs of every operation.
func world(t *testing.T) *conform.World {
	gateway, client := start(t)
	another, err := yuansfer.New(gateway.Config())
	require.NoError(t, err)
	b := &books{t: t, gateway: gateway, client: client, calls: client}
	return &conform.World{Gateway: gateway, Client: client, Another: another, Runs: b.runs()}
}

// rows are what the documents say of every operation.
func rows() []conform.Row {
	anonymous := []cnpaytest.Fault{cnpaytest.UnknownCode, yuansfertest.SystemError, yuansfertest.SupplierError}
	faults := append([]cnpaytest.Fault{cnpaytest.OtherAnswer, yuansfertest.NoResult}, anonymous...)
	query := func(id string, faults []cnpaytest.Fault) conform.Row {
		return conform.Row{ID: id, Accepted: cnpay.Answered, Repeatable: true, Faults: faults}
	}
	return []conform.Row{
		{ID: yuansfer.OpAutoDebitConsult, Accepted: cnpay.Succeeded, Faults: faults},
		{ID: yuansfer.OpAutoDebitApplyToken, Accepted: cnpay.Succeeded, Faults: faults},
		{ID: yuansfer.OpAutoDebitPay, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: faults},
		{ID: yuansfer.OpAutoDebitRevoke, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: faults},
		{ID: yuansfer.OpPageCashier, Accepted: cnpay.Pending, Settled: cnpay.Pending, Faults: faults},
		{ID: yuansfer.OpCardPay, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: faults, Secrets: []string{"nonce-0cd43d3c"}},
		{ID: yuansfer.OpCardUpdateRecurring, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: anonymous},
		{ID: yuansfer.OpAppOrder, Accepted: cnpay.Pending, Settled: cnpay.Pending, Faults: anonymous},
		{ID: yuansfer.OpInStoreAdd, Accepted: cnpay.Succeeded, Faults: faults},
		{ID: yuansfer.OpInStorePayByCode, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: faults, Secrets: []string{"280000000000000001"}},
		{ID: yuansfer.OpInStoreCreateQR, Accepted: cnpay.Pending, Settled: cnpay.Pending, Faults: faults},
		query(yuansfer.OpTransactionQuery, faults),
		{ID: yuansfer.OpTransactionRefund, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: faults},
		{ID: yuansfer.OpTransactionCancel, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: faults},
		query(yuansfer.OpTransactionList, anonymous),
		query(yuansfer.OpClearingList, anonymous),
		query(yuansfer.OpWithdrawalList, anonymous),
		{ID: yuansfer.OpPreauthCreateVoucher, Accepted: cnpay.Pending, Settled: cnpay.Pending, Faults: faults},
		{ID: yuansfer.OpPreauthCreate, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: faults, Secrets: []string{"280000000000000001"}},
		{ID: yuansfer.OpPreauthCancel, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: faults},
		{ID: yuansfer.OpPreauthComplete, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: faults},
		query(yuansfer.OpPreauthQuery, faults),
		{ID: yuansfer.OpPayoutCreate, Accepted: cnpay.Pending, Settled: cnpay.Succeeded, Faults: faults},
		query(yuansfer.OpPayoutQuery, faults),
		query(yuansfer.OpPayoutBalance, anonymous),
		{ID: yuansfer.OpOrderV4Pay, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: []cnpaytest.Fault{yuansfertest.SystemError, cnpaytest.UnknownCode},
			Secrets: []string{"4111111111111111", "123"}},
		{ID: yuansfer.OpOrderV4Finish, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: append([]cnpaytest.Fault{cnpaytest.OtherAnswer}, anonymous...)},
	}
}

func TestOperations(t *testing.T) { conform.Test(t, rows(), world) }

func TestNoRequest(t *testing.T) {
	client := world(t).Client.(*yuansfer.Client)
	_, err := client.Ticket(nil)
	conform.NoRequest(t, err, func(request any) error {
		_, err := yuansfer.Do[yuansfer.Response](t.Context(), client, yuansfer.Operation{ID: "own"}, request)
		return err
	})
}
