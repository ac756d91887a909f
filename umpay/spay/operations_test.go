package spay_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/umpay/spay"
	"github.com/cnpay-go/cnpay/umpay/spay/spaytest"
)

const card = "4402911110000016"

func start(t testing.TB, opts ...cnpay.Option) (*spaytest.Server, *spay.Client) {
	t.Helper()
	gateway := spaytest.NewServer()
	t.Cleanup(gateway.Close)
	client, err := spay.New(gateway.Config(), opts...)
	require.NoError(t, err)
	return gateway, client
}

func today() string { return spay.MerDate(time.Now()) }

func order(n int) spay.Order {
	return spay.Order{OrderID: fmt.Sprintf("SHOP%06d", n), MerDate: today(), Amount: 1250, GoodsInf: "测试商品 #1 100%"}
}

// world is a gateway and two clients, and the runs of every operation.
func world(t *testing.T) *conform.World {
	gateway, client := start(t)
	another, err := spay.New(gateway.Config())
	require.NoError(t, err)
	n := 0
	next := func() spay.Order {
		n++
		return order(n)
	}
	paid := func() string {
		o := next()
		gateway.AddOrder(o.OrderID, o.Amount)
		return o.OrderID
	}
	hold := func() (spay.Hold, string) {
		o := next()
		tradeNo := gateway.AddHold(o.OrderID, o.Amount)
		return spay.Hold{OrderID: o.OrderID, MerDate: o.MerDate}, tradeNo
	}
	completed := func() spay.Hold {
		h, tradeNo := hold()
		_, err := client.Preauth.Complete(t.Context(), &spay.PreauthCompleteRequest{Hold: h, TradeNo: tradeNo, Amount: 1250, PayType: "CREDITCARD"})
		require.NoError(t, err)
		return h
	}
	refund := func() *spay.OrderRefundRequest {
		return &spay.OrderRefundRequest{OrderID: paid(), MerDate: today(), OrgAmount: 1250, RefundAmount: 250, RefundNo: fmt.Sprintf("R%06d", n)}
	}
	applied := func() *spay.QuickPayApplyResponse {
		res, err := client.QuickPay.Apply(t.Context(), &spay.QuickPayApplyRequest{Order: next(), PayType: "DEBITCARD", GateID: "ICBC"})
		require.NoError(t, err)
		return res
	}
	return &conform.World{
		Gateway: gateway, Client: client, Another: another,
		Runs: map[string]func() conform.Run{
			spay.OpOrderCreateQR: func() conform.Run {
				return conform.Of(client.Orders.CreateQR, &spay.OrderCreateQRRequest{Order: next(), ScanCodeType: "WECHAT"})
			},
			spay.OpOrderCreateQRPage: func() conform.Run {
				return conform.Of(client.Orders.CreateQRPage, &spay.OrderCreateQRPageRequest{Order: next(), ScanCodeType: "ALIPAY"})
			},
			spay.OpOrderPayByCode: func() conform.Run {
				return conform.Of(client.Orders.PayByCode, &spay.OrderPayByCodeRequest{Order: next(), ScanCodeType: "WECHAT", AuthCode: "283050710648432598", UseDesc: "咖啡"})
			},
			spay.OpOrderMiniProgramOrder: func() conform.Run {
				return conform.Of(client.Orders.MiniProgramOrder, &spay.OrderMiniProgramOrderRequest{Order: next(), OpenID: "oExample", AppID: "wx0000000000000001", ScanCodeType: "WECHAT"})
			},
			spay.OpOrderAppOrder: func() conform.Run {
				return conform.Of(client.Orders.AppOrder, &spay.OrderAppOrderRequest{Order: next()})
			},
			spay.OpOrderQuery: func() conform.Run {
				return conform.Of(client.Orders.Query, &spay.OrderQueryRequest{OrderID: paid(), MerDate: today()})
			},
			spay.OpOrderCancel: func() conform.Run {
				return conform.Of(client.Orders.Cancel, &spay.OrderCancelRequest{OrderID: paid(), MerDate: today(), Amount: 1250})
			},
			spay.OpOrderRefund: func() conform.Run { return conform.Of(client.Orders.Refund, refund()) },
			spay.OpOrderQueryRefund: func() conform.Run {
				req := refund()
				_, err := client.Orders.Refund(t.Context(), req)
				require.NoError(t, err)
				return conform.Of(client.Orders.QueryRefund, &spay.OrderQueryRefundRequest{RefundNo: req.RefundNo})
			},
			spay.OpOrderQueryHistory: func() conform.Run {
				id := paid()
				gateway.SetClock(func() time.Time { return time.Now().AddDate(0, 0, 1) })
				return conform.Of(client.Orders.QueryHistory, &spay.OrderQueryHistoryRequest{OrderID: id, MerDate: today()})
			},
			spay.OpQuickPayApply: func() conform.Run {
				return conform.Of(client.QuickPay.Apply, &spay.QuickPayApplyRequest{Order: next(), PayType: "DEBITCARD", GateID: "ICBC"})
			},
			spay.OpQuickPaySendSMS: func() conform.Run {
				return conform.Of(client.QuickPay.SendSMS, &spay.QuickPaySendSMSRequest{
					TradeNo: applied().TradeNo, MediaID: "13800000000", MediaType: "MOBILE",
					Card: spay.Card{CardID: card, Holder: spay.Holder{CardHolder: "张三", IdentityType: "IDENTITY_CARD", IdentityCode: "110101199003070019"}},
				})
			},
			spay.OpQuickPayConfirm: func() conform.Run {
				a := applied()
				_, err := client.QuickPay.SendSMS(t.Context(), &spay.QuickPaySendSMSRequest{TradeNo: a.TradeNo, MediaID: "13800000000", MediaType: "MOBILE"})
				require.NoError(t, err)
				return conform.Of(client.QuickPay.Confirm, &spay.QuickPayConfirmRequest{
					OrderID: a.OrderID, MerDate: a.MerDate, Amount: 1250, TradeNo: a.TradeNo, VerifyCode: spaytest.SMSCode,
					MediaID: "13800000000", MediaType: "MOBILE", Card: spay.Card{CardID: card},
				})
			},
			spay.OpPreauthCreate: func() conform.Run {
				o := next()
				return conform.Of(client.Preauth.Create, &spay.PreauthCreateRequest{
					OrderID: o.OrderID, MerDate: o.MerDate, Amount: o.Amount, PayType: "CREDITCARD", CardID: card, ValidDate: "3012", CVV2: "123",
				})
			},
			spay.OpPreauthComplete: func() conform.Run {
				h, tradeNo := hold()
				return conform.Of(client.Preauth.Complete, &spay.PreauthCompleteRequest{Hold: h, TradeNo: tradeNo, Amount: 1250, PayType: "CREDITCARD"})
			},
			spay.OpPreauthCancel: func() conform.Run {
				h, tradeNo := hold()
				return conform.Of(client.Preauth.Cancel, &spay.PreauthCancelRequest{Hold: h, TradeNo: tradeNo})
			},
			spay.OpPreauthQuery: func() conform.Run {
				h, _ := hold()
				return conform.Of(client.Preauth.Query, &spay.PreauthQueryRequest{Hold: h})
			},
			spay.OpPreauthRefund: func() conform.Run {
				h := completed()
				return conform.Of(client.Preauth.Refund, &spay.PreauthRefundRequest{Hold: h, RefundNo: fmt.Sprintf("R%06d", n), RefundAmount: 250, OrgAmount: 1250})
			},
			spay.OpFileDownload: func() conform.Run {
				return conform.Of(client.Files.Download, &spay.FileDownloadRequest{SettleDate: spay.MerDate(time.Now().AddDate(0, 0, -3))})
			},
		},
	}
}

func TestOperations(t *testing.T) {
	unproven := []cnpaytest.Fault{
		cnpaytest.BadSignature, cnpaytest.Unsigned, cnpaytest.ForgedCertificate, cnpaytest.UnknownCode,
		spaytest.OldVersion, spaytest.OtherMerchant, spaytest.Twice,
	}
	faults := append(unproven, cnpaytest.OtherAnswer)
	const phone = "13800000000"
	conform.Test(t, []conform.Row{
		{ID: spay.OpOrderCreateQR, Accepted: cnpay.Pending, Settled: cnpay.Pending, Faults: faults},
		{ID: spay.OpOrderCreateQRPage, Accepted: cnpay.Pending, Settled: cnpay.Pending, Faults: faults},
		{ID: spay.OpOrderPayByCode, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: faults, Secrets: []string{"283050710648432598"}},
		{ID: spay.OpOrderMiniProgramOrder, Accepted: cnpay.Pending, Settled: cnpay.Pending, Faults: unproven}, // its answer names no order
		{ID: spay.OpOrderAppOrder, Accepted: cnpay.Pending, Settled: cnpay.Pending, Faults: faults},
		{ID: spay.OpOrderQuery, Accepted: cnpay.Answered, Repeatable: true, Faults: faults},
		{ID: spay.OpOrderQueryHistory, Accepted: cnpay.Answered, Repeatable: true, Faults: faults},
		{ID: spay.OpOrderCancel, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: faults},
		{ID: spay.OpOrderRefund, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: faults},
		{ID: spay.OpOrderQueryRefund, Accepted: cnpay.Answered, Repeatable: true, Faults: faults},
		{ID: spay.OpQuickPayApply, Accepted: cnpay.Pending, Settled: cnpay.Pending, Faults: faults},
		{ID: spay.OpQuickPaySendSMS, Accepted: cnpay.Succeeded, Faults: unproven, Secrets: []string{phone, card}},
		{ID: spay.OpQuickPayConfirm, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: faults, Secrets: []string{phone, card, spaytest.SMSCode}},
		{ID: spay.OpPreauthCreate, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: faults, Secrets: []string{card, "3012"}},
		{ID: spay.OpPreauthComplete, Accepted: cnpay.Succeeded, Faults: faults},
		{ID: spay.OpPreauthCancel, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: faults},
		{ID: spay.OpPreauthQuery, Accepted: cnpay.Answered, Repeatable: true, Faults: faults},
		{ID: spay.OpPreauthRefund, Accepted: cnpay.Pending, Faults: faults},
		{ID: spay.OpFileDownload, Accepted: cnpay.Answered, Repeatable: true,
			Faults: []cnpaytest.Fault{cnpaytest.UnknownCode, cnpaytest.OtherAnswer, spaytest.OtherMerchant}},
	}, world)
}

// The pages send nothing: their orders are made by the payer's browser, and settled by the form's ticket.
func TestPagesAreSettled(t *testing.T) {
	gateway, client := start(t)
	for i, form := range []func(spay.Order) (*cnpay.Form, error){
		func(o spay.Order) (*cnpay.Form, error) {
			return client.Pages.Wallet(&spay.PageWalletRequest{Order: o, IsPublicNumber: "Y"})
		},
		func(o spay.Order) (*cnpay.Form, error) {
			return client.Pages.Web(&spay.PageWebRequest{Order: o, InterfaceType: "01"})
		},
		func(o spay.Order) (*cnpay.Form, error) { return client.Pages.Mobile(&spay.PageMobileRequest{Order: o}) },
		func(o spay.Order) (*cnpay.Form, error) {
			return client.Pages.QR(&spay.OrderCreateQRPageRequest{Order: o, ScanCodeType: "WECHAT"})
		},
	} {
		o := order(i)
		o.ExpireTime = 30
		f, err := form(o)
		require.NoError(t, err)
		require.WithinDuration(t, time.Now().Add(30*time.Minute), f.Ticket.Until, time.Minute)
		require.Zero(t, gateway.Received(f.Ticket.Operation))

		settle := func() (*cnpay.Settlement, error) {
			return client.Settle(context.Background(), f.Ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
		}
		s, err := settle()
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
		require.True(t, s.Absent)
		require.Equal(t, f.Ticket.Operation == spay.OpOrderCreateQRPage, s.SendAgain, "a page is the browser's to send")

		res, err := get(t, f.Link)
		require.NoError(t, err)
		require.Contains(t, res, "12.50 元")
		require.Contains(t, res, "测试商品 #1 100%")
		s, err = settle()
		require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(s, err))

		require.NoError(t, gateway.Pay(o.OrderID))
		s, err = settle()
		require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(s, err))
	}
}

func TestNoRequest(t *testing.T) {
	client := world(t).Client.(*spay.Client)
	_, err := client.Ticket(nil)
	conform.NoRequest(t, err, func(request any) error {
		_, err := spay.Do[spay.Response](t.Context(), client, spay.Operation{ID: "own"}, request)
		return err
	})
}
