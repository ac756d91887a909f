package provider_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/umpay/provider"
	"github.com/cnpay-go/cnpay/umpay/provider/providertest"
)

func start(t *testing.T, opts ...cnpay.Option) (*providertest.Server, *provider.Client) {
	t.Helper()
	gateway := providertest.NewServer()
	t.Cleanup(gateway.Close)
	client, err := provider.New(gateway.Config(), opts...)
	require.NoError(t, err)
	return gateway, client
}

const orderTime = "20260901090000"

// anOrder is what all orders say.
func anOrder(orderNo string) provider.Order {
	return provider.Order{
		OrderTime: orderTime, OrderNo: orderNo, TxnAmt: 1250, GoodsInfo: "咖啡", BackURL: "http://shop.example/umpay/notify",
		MerPriv: orderNo,
	}
}

// requests are one of each operation's, with the order that it needs in the gateway.
type requests struct {
	gateway *providertest.Server
	client  *provider.Client
	n       int
}

func (r *requests) number() string {
	r.n++
	return fmt.Sprintf("SHOP2026090100%04d", r.n)
}

func (r *requests) paid() string {
	number := r.number()
	r.gateway.AddOrder(number, 1250)
	return number
}

func (r *requests) unpaid(t *testing.T) (number, transactionID string) {
	number = r.number()
	res, err := r.client.Orders.CreateQR(t.Context(), &provider.OrderCreateQRRequest{Order: anOrder(number), OrderType: provider.Alipay})
	require.NoError(t, err)
	return number, res.TransactionID
}

func (r *requests) payByCode() *provider.OrderPayByCodeRequest {
	return &provider.OrderPayByCodeRequest{Order: anOrder(r.number()), OrderType: provider.WeChat, AuthCode: "134781377084567613"}
}

func (r *requests) refund() *provider.OrderRefundRequest {
	return &provider.OrderRefundRequest{OrderTime: orderTime, OrigOrderNo: r.paid(), OrigTxnAmt: 1250, OrderNo: "RF" + r.number(), TxnAmt: 250}
}

// yesterday runs f with the gateway's clock a day back.
func (r *requests) yesterday(f func()) (day string) {
	then := time.Now().AddDate(0, 0, -2)
	r.gateway.SetClock(func() time.Time { return then })
	f()
	r.gateway.SetClock(time.Now)
	return provider.Time(then)[:8]
}

// world is a gateway and two clients, and the runs of every operation.
func world(t *testing.T) *conform.World {
	gateway, client := start(t)
	another, err := provider.New(gateway.Config())
	require.NoError(t, err)
	r := &requests{gateway: gateway, client: client}
	return &conform.World{
		Gateway: gateway, Client: client, Another: another,
		Runs: map[string]func() conform.Run{
			provider.OpOrderWalletOrder: func() conform.Run {
				return conform.Of(client.Orders.WalletOrder, &provider.OrderWalletOrderRequest{Order: anOrder(r.number()), OrderType: "wechatJs", UserID: "oExampleExampleExampleExampl"})
			},
			provider.OpOrderPayByCode: func() conform.Run { return conform.Of(client.Orders.PayByCode, r.payByCode()) },
			provider.OpOrderCreateQR: func() conform.Run {
				return conform.Of(client.Orders.CreateQR, &provider.OrderCreateQRRequest{Order: anOrder(r.number()), OrderType: provider.Alipay})
			},
			provider.OpTerminalOrder: func() conform.Run {
				return conform.Of(client.Terminals.Order, &provider.TerminalOrderRequest{Order: anOrder(r.number()), PayType: "bankcard", ModelID: "14"})
			},
			provider.OpOrderQuery: func() conform.Run {
				return conform.Of(client.Orders.Query, &provider.OrderQueryRequest{OrderNo: r.paid(), Expected: provider.Expected{TxnAmt: 1250}})
			},
			provider.OpOrderCancel: func() conform.Run {
				return conform.Of(client.Orders.Cancel, &provider.OrderCancelRequest{OrderNo: r.paid()})
			},
			provider.OpOrderClose: func() conform.Run {
				number, _ := r.unpaid(t)
				return conform.Of(client.Orders.Close, &provider.OrderCloseRequest{OrderNo: number})
			},
			provider.OpOrderRefund: func() conform.Run { return conform.Of(client.Orders.Refund, r.refund()) },
			provider.OpOrderQueryRefund: func() conform.Run {
				refund := r.refund()
				_, err := client.Orders.Refund(t.Context(), refund)
				require.NoError(t, err)
				return conform.Of(client.Orders.QueryRefund, &provider.OrderQueryRefundRequest{OrderNo: refund.OrderNo, TxnAmt: 250})
			},
			provider.OpTerminalQueryOrder: func() conform.Run {
				r.paid()
				return conform.Of(client.Terminals.QueryOrder, &provider.TerminalQueryOrderRequest{StartTime: "20260101000000"})
			},
			provider.OpTerminalReceipt: func() conform.Run {
				n, err := client.ParseNotificationBody([]byte(gateway.Notification(r.paid(), provider.NotifySale)))
				require.NoError(t, err)
				return conform.Of(client.Terminals.Receipt, &provider.TerminalReceiptRequest{TransIndex: n.TransIndex, PayTime: n.PayTime})
			},
			provider.OpFileDownload: func() conform.Run {
				day := r.yesterday(func() { r.paid() })
				return conform.Of(client.Files.Download, &provider.FileDownloadRequest{StlDate: day})
			},
		},
	}
}

func TestOperations(t *testing.T) {
	signed := []cnpaytest.Fault{cnpaytest.BadSignature, cnpaytest.Unsigned, cnpaytest.ForgedCertificate, cnpaytest.UnknownCode}
	other := append([]cnpaytest.Fault{cnpaytest.OtherAnswer}, signed...)
	conform.Test(t, []conform.Row{
		{ID: provider.OpOrderWalletOrder, Accepted: cnpay.Pending, Settled: cnpay.Pending, Faults: other},
		{ID: provider.OpOrderPayByCode, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: other, Secrets: []string{"134781377084567613"}},
		{ID: provider.OpOrderCreateQR, Accepted: cnpay.Pending, Settled: cnpay.Pending, Faults: other},
		{ID: provider.OpTerminalOrder, Accepted: cnpay.Pending, Settled: cnpay.Pending, Faults: other},
		{ID: provider.OpOrderQuery, Accepted: cnpay.Answered, Repeatable: true, Faults: other},
		{ID: provider.OpOrderCancel, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: signed}, // names no order
		{ID: provider.OpOrderClose, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: signed},  // names no order
		{ID: provider.OpOrderRefund, Accepted: cnpay.Pending, Settled: cnpay.Succeeded, Faults: signed},   // names no order
		{ID: provider.OpOrderQueryRefund, Accepted: cnpay.Answered, Repeatable: true, Faults: other},
		{ID: provider.OpTerminalQueryOrder, Accepted: cnpay.Answered, Repeatable: true, Faults: other},
		{ID: provider.OpTerminalReceipt, Accepted: cnpay.Answered, Repeatable: true, Faults: other},
		{ID: provider.OpFileDownload, Accepted: cnpay.Answered, Repeatable: true, Faults: []cnpaytest.Fault{cnpaytest.UnknownCode}},
	}, world)
}

func TestNoRequest(t *testing.T) {
	client := world(t).Client.(*provider.Client)
	_, err := client.Ticket(nil)
	conform.NoRequest(t, err, func(request any) error {
		_, err := provider.Do[provider.Response](t.Context(), client, provider.Operation{ID: "own"}, request)
		return err
	})
}
