package chinaumstest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/chinaums/chinaumstest"
	"github.com/cnpay-go/cnpay/cnpaytest"
)

const number = "327M20260901090000000001"

// shop is a merchant whose notifications are kept, and whose handler fails when it is told to.
type shop struct {
	gateway *chinaumstest.Server
	client  *chinaums.Client
	url     string

	mu    sync.Mutex
	fails error
	heard []chinaums.Notification
}

func open(t *testing.T) *shop {
	t.Helper()
	s := &shop{gateway: chinaumstest.NewServer()}
	t.Cleanup(s.gateway.Close)
	var err error
	s.client, err = chinaums.New(s.gateway.Config())
	require.NoError(t, err)
	server := httptest.NewServer(s.client.NotificationHandler(func(_ context.Context, n chinaums.Notification) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.fails == nil {
			s.heard = append(s.heard, n)
		}
		return s.fails
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *shop) notifications() []chinaums.Notification {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]chinaums.Notification(nil), s.heard...)
}

func (s *shop) order() chinaums.Order {
	return chinaums.Order{
		Head: chinaums.Head{MID: chinaumstest.MID, TID: chinaumstest.TID}, MerOrderID: number, TotalAmount: 1250,
		OrderDesc: "two <coffees>", NotifyURL: s.url, ReturnURL: "https://shop.example/back",
	}
}

func (s *shop) settle(t *testing.T, ticket cnpay.Ticket) cnpay.Outcome {
	t.Helper()
	found, err := s.client.Settle(t.Context(), ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
	return cnpay.OutcomeOf(found, err)
}

// page reads what an address shows, and where it led.
func page(t *testing.T, res *http.Response, err error) (status int, at *url.URL, text string) {
	t.Helper()
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, res.Request.URL, string(body)
}

func get(t *testing.T, address string) (status int, at *url.URL, text string) {
	t.Helper()
	res, err := http.Get(address)
	return page(t, res, err)
}

var fields = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// pay clicks the button of a cashier's page.
func pay(t *testing.T, at *url.URL, text string, more url.Values) (status int, after *url.URL, shown string) {
	t.Helper()
	require.Contains(t, text, `name="do" value="pay"`)
	form := url.Values{"do": {"pay"}}
	for _, field := range fields.FindAllStringSubmatch(text, -1) {
		form.Set(field[1], field[2])
	}
	for name, values := range more {
		form[name] = values
	}
	res, err := http.PostForm("http://"+at.Host+"/netpay-portal/cashier", form)
	return page(t, res, err)
}

// Every link leads the payer to the cashier; there is no order before it is opened; a click pays, the shop hears of it, and
// the payer comes back with a signed return.
func TestLinks(t *testing.T) {
	for name, link := range map[string]func(*chinaums.Client, chinaums.Order) (*cnpay.Form, error){
		chinaums.OpPageWallet: func(c *chinaums.Client, o chinaums.Order) (*cnpay.Form, error) {
			return c.Pages.Wallet(&chinaums.PageWalletRequest{Order: o, InstMID: chinaums.WalletInstMID})
		},
		chinaums.OpPageAlipay: func(c *chinaums.Client, o chinaums.Order) (*cnpay.Form, error) {
			return c.Pages.Alipay(&chinaums.PageAlipayRequest{H5Order: chinaums.H5Order{Order: o, InstMID: chinaums.H5InstMID}})
		},
		chinaums.OpPageWeChat: func(c *chinaums.Client, o chinaums.Order) (*cnpay.Form, error) {
			return c.Pages.WeChat(&chinaums.PageWeChatRequest{
				H5Order: chinaums.H5Order{Order: o, InstMID: chinaums.H5InstMID}, SceneType: "IOS_WAP", MerAppName: "shop", MerAppID: "https://shop.example",
			})
		},
		chinaums.OpPageWeChatMiniProgram: func(c *chinaums.Client, o chinaums.Order) (*cnpay.Form, error) {
			return c.Pages.WeChatMiniProgram(&chinaums.PageWeChatMiniProgramRequest{H5Order: chinaums.H5Order{Order: o, InstMID: chinaums.H5InstMID}})
		},
		chinaums.OpPageQuickPass: func(c *chinaums.Client, o chinaums.Order) (*cnpay.Form, error) {
			return c.Pages.QuickPass(&chinaums.PageQuickPassRequest{H5Order: chinaums.H5Order{Order: o, InstMID: chinaums.H5InstMID}})
		},
		chinaums.OpPageBank: func(c *chinaums.Client, o chinaums.Order) (*cnpay.Form, error) {
			return c.Pages.Bank(&chinaums.PageBankRequest{Order: o, InstMID: chinaums.BankInstMID, TransType: "UPG_PERSONAL"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			form, err := link(s.client, s.order())
			require.NoError(t, err)
			require.Equal(t, name, form.Ticket.Operation)
			require.Equal(t, cnpay.Unknown, s.settle(t, form.Ticket), "there is no order before the link is opened")

			for range 2 { // a payer may open it again
				status, _, text := get(t, form.Link)
				require.Equal(t, http.StatusOK, status)
				require.Contains(t, text, "¥12.50")
				require.Contains(t, text, "two &lt;coffees&gt;")
			}
			require.Equal(t, cnpay.Pending, s.settle(t, form.Ticket))
			_, at, text := get(t, form.Link)
			_, english, translated := get(t, at.String()+"&lang=en")
			require.Contains(t, translated, "Order "+number)

			status, after, shown := pay(t, english, translated, nil)
			require.Equal(t, http.StatusOK, status)
			require.Contains(t, shown, "Paid")
			require.NotContains(t, shown, `value="pay"`)
			require.Equal(t, "en", after.Query().Get("lang"))
			require.Equal(t, cnpay.Succeeded, s.settle(t, form.Ticket))
			heard := s.notifications()
			require.Len(t, heard, 1)
			require.Equal(t, cnpay.Succeeded, heard[0].CallOutcome())
			require.Equal(t, number, heard[0].CallTicket().Order)

			back := regexp.MustCompile(`href="https://shop.example/back\?([^"]*)"`).FindStringSubmatch(shown)
			require.NotNil(t, back)
			returned, err := s.client.ParseReturnQuery(unescape(back[1]))
			require.NoError(t, err)
			require.Equal(t, number, returned.Number())
			require.Equal(t, chinaums.StatusTradeSuccess, returned.Status)

			// Another click takes nothing again, and the shop hears the same.
			_, _, _ = pay(t, at, text, nil)
			heard = s.notifications()
			require.Len(t, heard, 2)
			require.Equal(t, heard[0].Key(), heard[1].Key())
		})
	}
}

func unescape(s string) string { return regexp.MustCompile(`&amp;`).ReplaceAllString(s, "&") }

// A link is refused as a whole when anything in it was changed.
func TestLinkRefused(t *testing.T) {
	s := open(t)
	form, err := s.client.Pages.Wallet(&chinaums.PageWalletRequest{Order: s.order(), InstMID: chinaums.WalletInstMID})
	require.NoError(t, err)
	good, err := url.Parse(form.Link)
	require.NoError(t, err)
	for name, change := range map[string]func(q url.Values){
		"amount": func(q url.Values) {
			q.Set("content", regexp.MustCompile(`1250`).ReplaceAllString(q.Get("content"), "1"))
		},
		"signature": func(q url.Values) { q.Set("signature", "x") },
		"nonce":     func(q url.Values) { q.Del("nonce") },
		"timestamp": func(q url.Values) { q.Set("timestamp", "now") },
		"appId":     func(q url.Values) { q.Set("appId", "x") },
	} {
		q := good.Query()
		require.Contains(t, q.Get("content"), "1250")
		change(q)
		status, _, text := get(t, good.Scheme+"://"+good.Host+good.Path+"?"+q.Encode())
		require.Equal(t, http.StatusPreconditionFailed, status, name)
		require.Contains(t, text, `"errCode":"1000"`, name)
	}
	require.Error(t, s.gateway.Pay(number), "no order was made")
	status, _, text := get(t, good.Scheme+"://"+good.Host+"/netpay-portal/cashier?order="+number)
	require.Equal(t, http.StatusNotFound, status)
	require.Contains(t, text, "找不到订单")
}

// An order that has expired cannot be paid: the cashier shows it closed, and settling says that nobody has paid.
func TestCashierOfAnExpiredOrder(t *testing.T) {
	s := open(t)
	form, err := s.client.Pages.Wallet(&chinaums.PageWalletRequest{Order: s.order(), InstMID: chinaums.WalletInstMID})
	require.NoError(t, err)
	_, at, text := get(t, form.Link)
	s.gateway.SetClock(func() time.Time { return time.Now().Add(time.Hour) })
	_, _, shown := pay(t, at, text, nil)
	require.Contains(t, shown, "订单已关闭")
	require.Equal(t, cnpay.Failed, s.settle(t, form.Ticket))
}

// A code that is paid once leads to its bill; one that is paid often makes a bill for each payment, of the amount that the
// code says or the payer enters.
func TestCodes(t *testing.T) {
	s := open(t)
	create := func(req *chinaums.BillCreateQRRequest) *chinaums.BillCreateQRResponse {
		req.BillHead = chinaums.BillHead{Head: chinaums.Head{MID: chinaumstest.MID, TID: chinaumstest.TID}, InstMID: chinaums.BillsInstMID}
		req.NotifyURL = s.url
		res, err := s.client.Bills.CreateQR(t.Context(), req)
		require.NoError(t, err)
		return res
	}
	once := create(&chinaums.BillCreateQRRequest{BillNo: number, BillDate: "2026-09-01", TotalAmount: 1250})
	_, at, text := get(t, once.BillQRCode)
	_, _, shown := pay(t, at, text, nil)
	require.Contains(t, shown, "支付成功")
	require.Equal(t, cnpay.Succeeded, s.settle(t, once.Ticket))
	_, _, err := s.gateway.PayCode(once.QRCodeID, 0)
	require.Error(t, err)

	for _, tt := range []struct{ code, entered, want int64 }{{300, 0, 300}, {0, 725, 725}} {
		often := create(&chinaums.BillCreateQRRequest{TotalAmount: tt.code})
		for range 2 {
			before := len(s.notifications())
			_, at, text = get(t, often.BillQRCode)
			more := url.Values{}
			if tt.code == 0 {
				require.Contains(t, text, `name="amount"`)
				more.Set("amount", "7.25")
			}
			_, after, _ := pay(t, at, text, more)
			heard := s.notifications()
			require.Len(t, heard, before+1)
			bill := heard[before].(*chinaums.BillNotification)
			require.Equal(t, after.Query().Get("order"), bill.BillNo)
			require.Equal(t, tt.want, bill.TotalAmount)
			require.Equal(t, cnpay.Succeeded, bill.CallOutcome())
			res, err := s.client.Bills.Query(t.Context(), &chinaums.BillQueryRequest{
				BillHead: chinaums.BillHead{Head: chinaums.Head{MID: chinaumstest.MID, TID: chinaumstest.TID}, InstMID: chinaums.BillsInstMID},
				BillNo:   bill.BillNo, BillDate: bill.BillDate,
			})
			require.NoError(t, err)
			require.Equal(t, chinaums.BillStatusPaid, res.BillStatus)
		}
		if tt.code == 0 {
			_, _, err = s.gateway.PayCode(often.QRCodeID, tt.entered)
			require.NoError(t, err)
		}
	}
	_, _, err = s.gateway.PayCode("none", 1)
	require.Error(t, err)
}

// Notifications come twice, late, out of order, forged, and to a shop that fails.
func TestNotify(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	_, err := s.client.WeChat.Order(ctx, &chinaums.WeChatOrderRequest{Order: s.order(), InstMID: chinaums.WalletInstMID, TradeType: "JSAPI", SubOpenID: "o1"})
	require.NoError(t, err)
	require.NoError(t, s.gateway.Pay(number))
	const refund = "327M20260901090000000009"
	_, err = s.client.Orders.Refund(ctx, &chinaums.OrderRefundRequest{
		OrderHead:  chinaums.OrderHead{Head: chinaums.Head{MID: chinaumstest.MID, TID: chinaumstest.TID}, InstMID: chinaums.WalletInstMID},
		MerOrderID: number, RefundOrder: chinaums.RefundOrder{RefundAmount: 250, RefundOrderID: refund},
	})
	require.NoError(t, err)

	for _, which := range []string{refund, number, number, refund} { // the refund's before its payment's, and each twice
		status, err := s.gateway.Notify(ctx, which, cnpaytest.OK)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
	}
	begun := time.Now()
	_, err = s.gateway.Notify(ctx, number, cnpaytest.Late(50*time.Millisecond))
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(begun), 50*time.Millisecond)
	heard := s.notifications()
	require.Len(t, heard, 5)
	require.Equal(t, refund, heard[0].CallTicket().Order)
	require.Equal(t, chinaums.OpOrderRefund, heard[0].CallTicket().Operation)
	require.Equal(t, number, heard[1].CallTicket().Order)
	require.Equal(t, heard[0].Key(), heard[3].Key())
	require.Equal(t, heard[1].Key(), heard[2].Key())
	require.Equal(t, heard[1].Key(), heard[4].Key())
	require.NotEqual(t, heard[0].Key(), heard[1].Key())
	for _, n := range heard {
		require.Equal(t, cnpay.Succeeded, n.CallOutcome())
	}

	for _, forged := range []cnpaytest.Fault{cnpaytest.BadSignature, cnpaytest.Unsigned} {
		status, err := s.gateway.Notify(ctx, number, forged)
		require.ErrorContains(t, err, "did not answer SUCCESS")
		require.Equal(t, http.StatusBadRequest, status)
	}
	require.Len(t, s.notifications(), 5, "nobody hears of what is forged")
	_, err = s.gateway.Notify(ctx, number, cnpaytest.UnknownCode)
	require.NoError(t, err)
	_, err = s.gateway.Notify(ctx, number, cnpaytest.OtherAnswer)
	require.NoError(t, err)
	heard = s.notifications()
	require.Equal(t, cnpay.Unknown, heard[5].CallOutcome())
	require.NotEqual(t, number, heard[6].CallTicket().Order)

	s.mu.Lock()
	s.fails = errors.New("the database is away")
	s.mu.Unlock()
	status, err := s.gateway.Notify(ctx, number, cnpaytest.OK)
	require.ErrorContains(t, err, "did not answer SUCCESS")
	require.Equal(t, http.StatusInternalServerError, status)
	s.mu.Lock()
	s.fails = nil
	s.mu.Unlock()
	_, err = s.gateway.Notify(ctx, number, cnpaytest.OK) // it is sent again
	require.NoError(t, err)
	heard = s.notifications()
	require.Len(t, heard, 8)
	require.Equal(t, heard[1].Key(), heard[7].Key())

	_, err = s.gateway.Notify(ctx, "none", cnpaytest.OK)
	require.ErrorContains(t, err, "no order")
	s.gateway.AddOrder("327M20260901090000000010", 1)
	_, err = s.gateway.Notify(ctx, "327M20260901090000000010", cnpaytest.OK)
	require.ErrorContains(t, err, "no notifyUrl")
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, err = s.gateway.Notify(ended, number, cnpaytest.Late(time.Hour))
	require.ErrorIs(t, err, context.Canceled)
}

func TestHandle(t *testing.T) {
	s := open(t)
	op := chinaums.Operation{ID: "shop_query", Path: "/v1/netpay/shop/query", NoMoney: true}
	s.gateway.Handle(op.ID, op.Path, func(request map[string]any) map[string]any {
		return map[string]any{"shopName": "shop of " + request["tid"].(string)}
	})
	type request struct{ chinaums.Head } // names no order
	type response struct {
		chinaums.Response
		ShopName string `json:"shopName" spec:"O S"`
	}
	ask := &request{chinaums.Head{MID: chinaumstest.MID, TID: chinaumstest.TID}}
	res, err := chinaums.Do[response](t.Context(), s.client, op, ask)
	require.NoError(t, err)
	require.Equal(t, "shop of "+chinaumstest.TID, res.ShopName)
	require.Equal(t, 1, s.gateway.Received(op.ID))

	s.gateway.Misbehave(op.ID, cnpaytest.Empty)
	_, err = chinaums.Do[response](t.Context(), s.client, op, ask)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))
}

// What moves money is believed only where the answer names the order, also where a program's own request names none.
func TestMoneyWithoutAnOrderIsUnknown(t *testing.T) {
	s := open(t)
	op := chinaums.Operation{ID: "shop_charge", Path: "/v1/netpay/shop/charge"}
	s.gateway.Handle(op.ID, op.Path, func(map[string]any) map[string]any { return nil })
	type request struct{ chinaums.Head }
	ask := &request{chinaums.Head{MID: chinaumstest.MID, TID: chinaumstest.TID}}
	_, err := chinaums.Do[chinaums.Response](t.Context(), s.client, op, ask)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))
	require.ErrorIs(t, err, cnpay.ErrMismatch)
}
