package upay_test

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/upay"
)

// The link and the return of the documents' rule, signed by another program with the documents' sample key.
func TestCashierLink(t *testing.T) {
	client, err := upay.New(upay.Config{TerminalSN: "10298371039", TerminalKey: terminalKey})
	require.NoError(t, err)
	form, err := client.Pages.Cashier(&upay.PageCashierRequest{
		Sale: upay.Sale{
			ClientSN: "20260901090000000123", TotalAmount: 1250, Subject: "两杯咖啡 & 糖", Operator: "till-1",
			NotifyURL: "https://shop.example/upay/notify", Reflect: `{"tips":"100"}`,
		},
		ReturnURL: "https://shop.example/done?a=1",
	})
	require.NoError(t, err)
	link, err := url.Parse(form.Link)
	require.NoError(t, err)
	require.Equal(t, "https://qr.shouqianba.com/gateway", link.Scheme+"://"+link.Host+link.Path)
	published, err := url.ParseQuery("terminal_sn=10298371039&client_sn=20260901090000000123&total_amount=1250&subject=%E4%B8%A4%E6%9D%AF%E5%92%96%E5%95%A1%20%26%20%E7%B3%96&operator=till-1&notify_url=https%3A%2F%2Fshop.example%2Fupay%2Fnotify&return_url=https%3A%2F%2Fshop.example%2Fdone%3Fa%3D1&reflect=%7B%22tips%22%3A%22100%22%7D&sign=CC9F36769A2EB96C783E941CEF13D3E2")
	require.NoError(t, err)
	require.Equal(t, published, link.Query())
	require.NotContains(t, form.Link, "+", "a blank is %20: not every reader takes a + for one")
	require.NotContains(t, form.Link, terminalKey)
	require.Equal(t, cnpay.Ticket{
		Provider: "upay", Gateway: "vsi-api.shouqianba.com", Account: "10298371039", Operation: upay.OpPageCashier, Order: "20260901090000000123",
		Fields: map[string]string{"terminal_sn": "10298371039", "client_sn": "20260901090000000123", "total_amount": "1250"},
	}, form.Ticket)

	brought, err := url.ParseQuery("a=1&is_success=T&terminal_sn=10298371039&sn=7892259488292938&trade_no=4200000000202609010000000001&client_sn=20260901090000000123&status=SUCCESS&total_amount=1250&subject=%E4%B8%A4%E6%9D%AF%E5%92%96%E5%95%A1%20%26%20%E7%B3%96&operator=till-1&reflect=%7B%22tips%22%3A%22100%22%7D&sign=17666413E4ABCBA47646CDA45C67289A")
	require.NoError(t, err)
	ret, err := client.Pages.ParseReturn(brought)
	require.NoError(t, err)
	require.Equal(t, "7892259488292938", ret.SN)
	require.EqualValues(t, 1250, ret.TotalAmount)
	for name := range brought {
		if name == "a" { // the merchant's own
			continue
		}
		forged := url.Values{}
		for n, v := range brought {
			forged[n] = append([]string(nil), v...)
		}
		forged[name][0] = strings.Replace(forged[name][0], forged[name][0][:1], "9", 1)
		_, err := client.Pages.ParseReturn(forged)
		require.Error(t, err, name)
		forged[name] = append(brought[name], "x")
		_, err = client.Pages.ParseReturn(forged)
		require.ErrorIs(t, err, cnpay.ErrMalformed, name)
		forged.Del(name)
		_, err = client.Pages.ParseReturn(forged)
		require.ErrorIs(t, err, cnpay.ErrSignature, name)
	}
	_, err = client.Pages.ParseReturn(nil)
	require.ErrorIs(t, err, cnpay.ErrSignature)

	_, err = client.Pages.Cashier(nil)
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(nil, err))
	require.ErrorContains(t, err, "client_sn is required; total_amount is required; subject is required; operator is required; return_url is required")
}

// browse does what a browser does, and returns the page that it ends on.
func browse(t *testing.T, do func() (*http.Response, error)) string {
	t.Helper()
	res, err := do()
	require.NoError(t, err)
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(page)
}

// A payer opens the link, pays or does not, and comes back; the merchant hears of it by a notification and by settling.
func TestCashier(t *testing.T) {
	for _, pays := range []bool{true, false} {
		t.Run(fmt.Sprint(pays), func(t *testing.T) {
			gateway, client := start(t, cnpay.WithSchedule(cnpay.Schedule{0}))
			var heard []cnpay.Outcome
			shop := httptest.NewServer(client.NotificationHandler(func(_ context.Context, n *upay.Notification) error {
				heard = append(heard, n.CallOutcome())
				return nil
			}))
			defer shop.Close()
			request := sale("cashier1")
			request.NotifyURL, request.Reflect = shop.URL, `<script>alert(1)</script>&"`
			form, err := client.Pages.Cashier(&upay.PageCashierRequest{Sale: request, ReturnURL: "http://shop.example/back?order=1"})
			require.NoError(t, err)

			// Nobody has opened it: that proves nothing, because somebody may.
			settled, err := client.Settle(t.Context(), form.Ticket, cnpay.WithMargin(1))
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
			require.True(t, settled.Absent)
			require.Equal(t, upay.OpOrderCancel, settledAfterAll(t, client, form.Ticket).GiveUp)

			page := browse(t, func() (*http.Response, error) { return http.Get(form.Link) })
			require.Contains(t, page, "确认支付")
			require.Contains(t, page, "￥100.00")
			settled, err = client.Settle(t.Context(), form.Ticket)
			require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(settled, err))

			action := gateway.URL + regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(page)[1]
			button := map[bool]string{true: "pay", false: "refuse"}[pays]
			page = browse(t, func() (*http.Response, error) { return http.PostForm(action, url.Values{button: {"1"}}) })
			require.NotContains(t, page, "确认支付", "nothing to press any more")
			settled, err = client.Settle(t.Context(), form.Ticket)
			if pays {
				require.Contains(t, page, "支付成功")
				require.Equal(t, []cnpay.Outcome{cnpay.Succeeded}, heard)
				require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
			} else {
				require.Contains(t, page, "已关闭")
				require.Equal(t, []cnpay.Outcome{cnpay.Failed}, heard)
				require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(settled, err))
				require.ErrorIs(t, err, cnpay.ErrUnpaid)
			}
			ret, err := client.Pages.ParseReturn(backOf(t, page))
			require.NoError(t, err)
			require.Equal(t, map[bool]string{true: "SUCCESS", false: "FAIL"}[pays], ret.Status)
			require.Equal(t, request.Reflect, ret.Reflect)
		})
	}
}

// backOf is what the page's way back to the shop brings along.
func backOf(t *testing.T, page string) url.Values {
	t.Helper()
	found := regexp.MustCompile(`class="back" href="([^"]+)"`).FindStringSubmatch(page)
	require.Len(t, found, 2, page)
	u, err := url.Parse(html.UnescapeString(found[1]))
	require.NoError(t, err)
	require.Equal(t, "shop.example", u.Host)
	return u.Query()
}

// settledAfterAll settles a ticket whose schedule is over.
func settledAfterAll(t *testing.T, client *upay.Client, ticket cnpay.Ticket) *cnpay.Settlement {
	t.Helper()
	schedule := make(cnpay.Schedule, len(upay.CashierSchedule()))
	s, _ := client.Settle(t.Context(), ticket, cnpay.WithSchedule(schedule))
	require.NotNil(t, s)
	return s
}

// A link that was changed on its way is refused by the page, and makes no order.
func TestForgedLink(t *testing.T) {
	gateway, client := start(t)
	form, err := client.Pages.Cashier(&upay.PageCashierRequest{Sale: sale("cashier1"), ReturnURL: "http://shop.example/"})
	require.NoError(t, err)
	page := browse(t, func() (*http.Response, error) {
		return http.Get(strings.Replace(form.Link, "total_amount=10000", "total_amount=1", 1))
	})
	require.Contains(t, page, "签名错误")
	require.False(t, gateway.Pay("cashier1"))
}

// A payer scans the code that CreateQR returned.
func TestQRCode(t *testing.T) {
	gateway, client := start(t, cnpay.WithSchedule(cnpay.Schedule{0}))
	res, err := client.Orders.CreateQR(t.Context(), &upay.OrderCreateQRRequest{Sale: sale("order1"), Payway: "3"})
	require.NoError(t, err)
	require.Equal(t, cnpay.Pending, res.Outcome)
	page := browse(t, func() (*http.Response, error) { return http.Get(res.Result.QRCode + "?lang=en") })
	require.Contains(t, page, "Do not pay")
	browse(t, func() (*http.Response, error) { return http.PostForm(res.Result.QRCode, url.Values{"pay": {"1"}}) })
	settled, err := client.Settle(t.Context(), res.Ticket)
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))

	res, err = client.Orders.CreateQR(t.Context(), &upay.OrderCreateQRRequest{
		Sale: sale("order2"), Payway: "3", SubPayway: upay.SubPaywayMiniProgram, PayerUID: "oExample",
	})
	require.NoError(t, err)
	require.Contains(t, res.Result.WapPayRequest, `"package":"prepay_id=`)
	require.True(t, gateway.Expire("order2"))
	settled, err = client.Settle(t.Context(), res.Ticket)
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(settled, err))
	require.ErrorIs(t, err, cnpay.ErrUnpaid)

	_, err = client.Orders.CreateQR(t.Context(), &upay.OrderCreateQRRequest{Sale: sale("order3"), Payway: "3", SubPayway: upay.SubPaywayWAP})
	require.ErrorContains(t, err, "payer_uid is required with sub_payway 3 or 4")
}
