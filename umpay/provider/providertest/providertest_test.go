package providertest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/umpay/provider"
	"github.com/cnpay-go/cnpay/umpay/provider/providertest"
)

var _ cnpaytest.Gateway = (*providertest.Server)(nil)

func start(t *testing.T) (*providertest.Server, *provider.Client) {
	t.Helper()
	gateway := providertest.NewServer()
	t.Cleanup(gateway.Close)
	client, err := provider.New(gateway.Config())
	require.NoError(t, err)
	return gateway, client
}

func order(number string) provider.Order {
	return provider.Order{OrderTime: "20260901090000", OrderNo: number, TxnAmt: 1250, GoodsInfo: "咖啡 <b>"}
}

func byCode(number string) *provider.OrderPayByCodeRequest {
	return &provider.OrderPayByCodeRequest{Order: order(number), OrderType: provider.WeChat, AuthCode: "134781377084567613"}
}

// code is the return code of a call that was refused.
func code(t *testing.T, err error) string {
	t.Helper()
	var e *cnpay.Error
	require.ErrorAs(t, err, &e)
	return e.Code
}

func TestBooks(t *testing.T) {
	gateway, client := start(t)
	ctx := t.Context()
	_, err := client.Orders.PayByCode(ctx, byCode("A1"))
	require.NoError(t, err)
	_, err = client.Orders.PayByCode(ctx, byCode("A1"))
	require.Equal(t, "16", code(t, err), "the number is taken")
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))

	refund := func(number, original string, whole, amount int64) error {
		_, err := client.Orders.Refund(ctx, &provider.OrderRefundRequest{
			OrderTime: "20260901090000", OrigOrderNo: original, OrigTxnAmt: whole, OrderNo: number, TxnAmt: amount,
		})
		return err
	}
	require.Equal(t, "36", code(t, refund("R1", "A1", 1249, 1)), "not the payment's amount")
	require.Equal(t, "36", code(t, refund("R1", "A1", 1250, 1251)), "more than was paid")
	require.Equal(t, "35", code(t, refund("R1", "A2", 1250, 1)), "no such payment")
	require.NoError(t, refund("R1", "A1", 1250, 250))
	require.Equal(t, "16", code(t, refund("R1", "A1", 1250, 250)), "the same refund twice moves money once")
	require.Equal(t, provider.StateRefunded, gateway.State("A1"))
	require.Equal(t, "36", code(t, refund("R2", "A1", 1250, 1001)), "more than is left")
	_, err = client.Orders.Cancel(ctx, &provider.OrderCancelRequest{OrderNo: "A1"})
	require.Equal(t, "03", code(t, err), "refunded already")

	gateway.AddOrder("A3", 1250)
	_, err = client.Orders.Cancel(ctx, &provider.OrderCancelRequest{OrderNo: "A3"})
	require.NoError(t, err)
	require.Equal(t, provider.StateVoided, gateway.State("A3"))
	_, err = client.Orders.Close(ctx, &provider.OrderCloseRequest{OrderNo: "A3"})
	require.Equal(t, "14", code(t, err))
	_, err = client.Orders.Cancel(ctx, &provider.OrderCancelRequest{OrderNo: "none"})
	require.Equal(t, "17", code(t, err))

	gateway.SetClock(func() time.Time { return time.Now().AddDate(0, 0, -1) })
	gateway.AddOrder("A4", 1250)
	gateway.SetClock(time.Now)
	_, err = client.Orders.Cancel(ctx, &provider.OrderCancelRequest{OrderNo: "A4"})
	require.Equal(t, "39", code(t, err), "the day is over")

	_, err = client.Orders.CreateQR(ctx, &provider.OrderCreateQRRequest{Order: order("Q1"), OrderType: provider.Alipay})
	require.NoError(t, err)
	require.Equal(t, provider.StateUndecided, gateway.State("Q1"))
	_, err = client.Orders.Cancel(ctx, &provider.OrderCancelRequest{OrderNo: "Q1"})
	require.Equal(t, "32", code(t, err), "voids are for payments by code")
	require.True(t, gateway.Pay("Q1"))
	require.False(t, gateway.Pay("Q1"))
	_, err = client.Orders.Close(ctx, &provider.OrderCloseRequest{OrderNo: "Q1"})
	require.Equal(t, "05", code(t, err), "paid first")
	_, err = client.Orders.CreateQR(ctx, &provider.OrderCreateQRRequest{Order: order("Q2"), OrderType: provider.Alipay})
	require.NoError(t, err)
	require.True(t, gateway.Expire("Q2"))
	require.Equal(t, provider.StateClosed, gateway.State("Q2"))
	require.False(t, gateway.Pay("Q2"))
	require.Empty(t, gateway.State("none"))
}

// A payer who types the password, and a bank that works on a refund.
func TestPending(t *testing.T) {
	gateway, client := start(t)
	once := cnpay.WithSchedule(cnpay.Schedule{0})
	gateway.Misbehave(provider.OpOrderPayByCode, providertest.Pending, providertest.Pending)
	for number, want := range map[string]cnpay.Outcome{"A1": cnpay.Succeeded, "A2": cnpay.Failed} {
		res, err := client.Orders.PayByCode(t.Context(), byCode(number))
		require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(res, err))
		require.Equal(t, "62", res.RespCode)
		s, err := client.Settle(t.Context(), cnpay.TicketOf(res, err), once)
		require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(s, err))
		if want == cnpay.Succeeded {
			gateway.Pay(number)
		} else {
			_, err := client.Orders.Cancel(t.Context(), &provider.OrderCancelRequest{OrderNo: number})
			require.NoError(t, err)
		}
		s, err = client.Settle(t.Context(), res.Ticket, once)
		require.Equal(t, want, cnpay.OutcomeOf(s, err))
	}

	gateway.AddOrder("P1", 1250)
	gateway.Misbehave(provider.OpOrderRefund, providertest.Pending)
	res, err := client.Orders.Refund(t.Context(), &provider.OrderRefundRequest{OrderTime: "20260901090000", OrigOrderNo: "P1", OrigTxnAmt: 1250, OrderNo: "R1", TxnAmt: 250})
	for state, want := range map[string]cnpay.Outcome{"02": cnpay.Pending, "01": cnpay.Failed, "00": cnpay.Succeeded} {
		gateway.SetRefund("R1", state)
		s, err := client.Settle(t.Context(), cnpay.TicketOf(res, err), once)
		require.Equal(t, want, cnpay.OutcomeOf(s, err), state)
	}
}

// The gateway refuses what lacks a mandatory name, has a wrong signature, or comes from somebody else.
func TestGatewayRefuses(t *testing.T) {
	gateway, _ := start(t)
	post := func(body string) string {
		res, err := http.Post(gateway.URL+"/entry-provider-plat-client/pay/queryOrder", "application/json", strings.NewReader(body))
		require.NoError(t, err)
		defer res.Body.Close()
		var answer map[string]string
		require.NoError(t, json.NewDecoder(res.Body).Decode(&answer))
		require.NotEmpty(t, answer["signature"])
		return answer["respCode"]
	}
	require.Equal(t, "10", post(`no JSON`))
	require.Equal(t, "11", post(`{"acqSpId":"Y100000001","acqMerId":"10000001","orderNo":"A1"}`))
	require.Equal(t, "11", post(`{"acqSpId":"Y100000001","acqMerId":"10000001","orderNo":"A1","signature":"QUFB"}`))

	type short struct {
		AcqSpID string `json:"acqSpId" spec:"M S..10"`
	}
	type answer struct{ provider.Response }
	client, err := provider.New(gateway.Config())
	require.NoError(t, err)
	query := provider.Operation{ID: provider.OpOrderQuery, Path: "pay/queryOrder", Query: true}
	_, err = provider.Do[answer](t.Context(), client, query, &short{})
	require.ErrorContains(t, err, "13 报文交易要素缺失:acqMerId")
	config := gateway.Config()
	config.AcqMerID = "10000002"
	stranger, err := provider.New(config)
	require.NoError(t, err)
	_, err = stranger.Orders.Query(t.Context(), &provider.OrderQueryRequest{OrderNo: "A1"})
	require.Equal(t, "31", code(t, err))
}

// A program that runs through the change of UMPay's certificate trusts both.
func TestPlatformKeyChanges(t *testing.T) {
	gateway, old := start(t)
	gateway.AddOrder("A1", 1250)
	before := gateway.Notification("A1", provider.NotifySale)
	gateway.ChangePlatformKey()
	require.Len(t, gateway.Config().PlatformKeys, 2)
	both, err := provider.New(gateway.Config())
	require.NoError(t, err)
	for _, body := range []string{before, gateway.Notification("A1", provider.NotifySale)} {
		n, err := both.ParseNotificationBody([]byte(body))
		require.NoError(t, err)
		require.Equal(t, "A1", n.OrderNo)
	}
	res, err := both.Orders.Query(t.Context(), &provider.OrderQueryRequest{OrderNo: "A1"})
	require.Equal(t, cnpay.Answered, cnpay.OutcomeOf(res, err))
	_, err = old.Orders.Query(t.Context(), &provider.OrderQueryRequest{OrderNo: "A1"})
	require.ErrorIs(t, err, cnpay.ErrSignature)
}

// A person opens the page and pays; the merchant hears of it.
func TestCashier(t *testing.T) {
	gateway, client := start(t)
	var mu sync.Mutex
	var heard []string
	shop := httptest.NewServer(client.NotificationHandler(func(_ context.Context, n *provider.Notification) error {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, n.OrderNo+" "+n.Outcome.String())
		return nil
	}))
	defer shop.Close()
	gateway.SetNotifyURL(shop.URL)
	for _, number := range []string{"Q1", "Q2"} {
		_, err := client.Orders.CreateQR(t.Context(), &provider.OrderCreateQRRequest{Order: order(number), OrderType: provider.Alipay})
		require.NoError(t, err)
	}
	get := func(address string) (int, string) {
		res, err := http.Get(address)
		require.NoError(t, err)
		defer res.Body.Close()
		page, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return res.StatusCode, string(page)
	}
	click := func(number, action string) string {
		res, err := http.PostForm(gateway.URL+"/cashier", url.Values{"orderNo": {number}, "action": {action}})
		require.NoError(t, err)
		defer res.Body.Close()
		page, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return string(page)
	}
	status, page := get(gateway.CashierURL("Q1"))
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "¥ 12.50")
	require.Contains(t, page, "咖啡 &lt;b&gt;", "what a merchant writes is escaped")
	require.Contains(t, page, `value="pay"`)
	require.NotContains(t, click("Q2", "leave"), "支付成功")
	require.Equal(t, provider.StateUndecided, gateway.State("Q2"))
	page = click("Q1", "pay")
	require.Contains(t, page, "支付成功")
	require.NotContains(t, page, `value="pay"`, "an order is paid once")
	click("Q1", "pay")
	require.Equal(t, []string{"Q1 succeeded"}, heard)
	status, _ = get(gateway.CashierURL("none"))
	require.Equal(t, http.StatusNotFound, status)
}

// Notifications come twice, late, and in any order.
func TestNotifications(t *testing.T) {
	gateway, client := start(t)
	keys := map[string]int{}
	var order []string
	failing := true
	shop := httptest.NewServer(client.NotificationHandler(func(_ context.Context, n *provider.Notification) error {
		if failing {
			failing = false
			return errors.New("disk full")
		}
		if keys[n.Key()]++; keys[n.Key()] == 1 {
			order = append(order, fmt.Sprint(n.NotifyType, " ", n.Ticket.Operation, " ", n.Ticket.Order, " ", n.TxnAmt))
		}
		return nil
	}))
	defer shop.Close()
	gateway.SetNotifyURL(shop.URL)
	gateway.AddOrder("P1", 1250)
	_, err := client.Orders.Refund(t.Context(), &provider.OrderRefundRequest{OrderTime: "20260901090000", OrigOrderNo: "P1", OrigTxnAmt: 1250, OrderNo: "R1", TxnAmt: 250})
	require.NoError(t, err)

	require.ErrorContains(t, gateway.Notify(t.Context(), "R1", provider.NotifyRefund), "the merchant answered 500")
	for _, n := range [][2]string{{"R1", provider.NotifyRefund}, {"P1", provider.NotifySale}, {"R1", provider.NotifyRefund}, {"P1", provider.NotifySale}} {
		require.NoError(t, gateway.Notify(t.Context(), n[0], n[1]))
	}
	require.Equal(t, []string{"3 provider_refund R1 250", "1  P1 1250"}, order)
	require.Len(t, keys, 2)
	require.Error(t, gateway.Notify(t.Context(), "none", provider.NotifySale))
	require.Empty(t, gateway.Notification("none", provider.NotifySale))
}

func TestSettleFile(t *testing.T) {
	gateway, client := start(t)
	at := time.Date(2026, 9, 1, 9, 0, 0, 0, cnpay.Beijing())
	gateway.SetClock(func() time.Time { return at })
	gateway.AddOrder("P1", 1250)
	_, err := client.Orders.Refund(t.Context(), &provider.OrderRefundRequest{OrderTime: "20260901090000", OrigOrderNo: "P1", OrigTxnAmt: 1250, OrderNo: "R1", TxnAmt: 250})
	require.NoError(t, err)
	once := cnpay.WithRetry(cnpay.Retry{Attempts: 1})
	req := &provider.FileDownloadRequest{StlDate: "20260901"}
	_, err = client.Files.Download(t.Context(), req, once)
	require.Equal(t, "17", code(t, err), "it is there on the next morning")
	at = at.AddDate(0, 0, 1)
	res, err := client.Files.Download(t.Context(), req)
	require.NoError(t, err)
	var found []string
	for row, err := range res.Rows() {
		require.NoError(t, err)
		found = append(found, fmt.Sprint(row.OrderNo, " ", row.State, " ", row.OrderAmount, " ", row.RefundAmount, " ", row.SettleAmount))
	}
	require.Equal(t, []string{"P1 SUCCESS 1250 0 1250", "R1 REFUND 0 250 -250"}, found)
	require.False(t, bytes.Contains(res.Raw, []byte("respCode")))
}

// Many tills at once.
func TestConcurrentUse(t *testing.T) {
	gateway, client := start(t)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			number := fmt.Sprintf("C%d", i)
			if _, err := client.Orders.PayByCode(t.Context(), byCode(number)); err != nil {
				t.Error(err)
			}
			if _, err := client.Orders.Cancel(t.Context(), &provider.OrderCancelRequest{OrderNo: number}); err != nil {
				t.Error(err)
			}
			gateway.State(number)
			gateway.Config()
		})
	}
	wg.Wait()
	require.Equal(t, 16, gateway.Received(provider.OpOrderPayByCode))
}
