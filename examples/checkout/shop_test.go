package main

import (
	"context"
	"errors"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums/chinaumstest"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/umpay/spay"
	"github.com/cnpay-go/cnpay/umpay/spay/spaytest"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
	"github.com/cnpay-go/cnpay/upay/upaytest"
	"github.com/cnpay-go/cnpay/yuansfer/yuansfertest"
)

// visitor is a person at the shop, and its clerk, without a browser. The pages are in English.
type visitor struct {
	t     *testing.T
	shop  *shop
	store *memory
	http  *http.Client

	unionpay *unionpaytest.Server
	chinaums *chinaumstest.Server
	upay     *upaytest.Server
	yuansfer *yuansfertest.Server
	umpay    *spaytest.Server
}

func visit(t *testing.T) *visitor {
	t.Helper()
	v := &visitor{t: t, store: &memory{}}
	v.http = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	ctx, stop := context.WithCancel(context.Background())
	v.shop = &shop{
		store: v.store, base: server.URL, notifyURL: server.URL + "/notify", demo: true, payTimeout: 15 * time.Minute,
		schedule: cnpay.Every(20*time.Millisecond, 100), log: slog.New(slog.DiscardHandler), ctx: ctx,
	}
	opened, err := v.shop.connect(nil)
	require.NoError(t, err)
	for _, c := range opened {
		switch g := c.Gateway.(type) {
		case *unionpaytest.Server:
			v.unionpay = g
		case *chinaumstest.Server:
			v.chinaums = g
		case *upaytest.Server:
			v.upay = g
		case *yuansfertest.Server:
			v.yuansfer = g
		case *spaytest.Server:
			v.umpay = g
		}
	}
	handler = v.shop.handler()
	t.Cleanup(func() {
		stop()
		v.shop.running.Wait()
		server.Close()
		for _, c := range opened {
			c.Close()
		}
	})
	return v
}

func (v *visitor) do(req *http.Request) (*http.Response, string) {
	v.t.Helper()
	if !strings.Contains(req.Header.Get("Cookie"), "lang=") {
		req.AddCookie(&http.Cookie{Name: "lang", Value: "en"})
	}
	res, err := v.http.Do(req)
	require.NoError(v.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(v.t, err)
	return res, string(body)
}

func (v *visitor) request(method, address string, form url.Values) *http.Request {
	v.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = v.shop.base + address
	}
	req, err := http.NewRequestWithContext(v.t.Context(), method, address, strings.NewReader(form.Encode()))
	require.NoError(v.t, err)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req
}

func (v *visitor) get(address string) (*http.Response, string) {
	v.t.Helper()
	return v.do(v.request(http.MethodGet, address, nil))
}

// post requires what every post of the shop does: it redirects, so that nothing is repeated when the page is loaded again.
func (v *visitor) post(path string, form url.Values) (location string) {
	v.t.Helper()
	res, body := v.do(v.request(http.MethodPost, path, form))
	require.Equal(v.t, http.StatusSeeOther, res.StatusCode, body)
	return res.Header.Get("Location")
}

// formOf reads the form of a page as a browser does.
func formOf(t *testing.T, page string) (action string, fields url.Values) {
	t.Helper()
	found := regexp.MustCompile(`<form[^>]* action="([^"]*)"`).FindStringSubmatch(page)
	require.NotNil(t, found, page)
	fields = url.Values{}
	for _, input := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`).FindAllStringSubmatch(page, -1) {
		fields.Add(html.UnescapeString(input[1]), html.UnescapeString(input[2]))
	}
	return html.UnescapeString(found[1]), fields
}

// order makes an order and returns its number and where the payer is taken.
func (v *visitor) order(way, amount, description string) (id, location string) {
	v.t.Helper()
	location = v.post("/orders", url.Values{"way": {way}, "amount": {amount}, "description": {description}})
	parts := strings.Split(location, "/")
	require.Greater(v.t, len(parts), 2, location)
	return parts[2], location
}

func (v *visitor) get1(id string) *order {
	v.t.Helper()
	o, err := v.store.Get(v.t.Context(), id)
	require.NoError(v.t, err)
	return o
}

// cashier goes to the provider's page and returns it.
func (v *visitor) cashier(location string) string {
	v.t.Helper()
	res, page := v.get(location)
	require.Equal(v.t, http.StatusOK, res.StatusCode, location)
	policy := res.Header.Get("Content-Security-Policy")
	nonce := regexp.MustCompile(`script-src 'nonce-([A-Z2-7]+)'`).FindStringSubmatch(policy)
	require.NotNil(v.t, nonce)
	require.Contains(v.t, page, `<script nonce="`+nonce[1]+`">`)
	if link := regexp.MustCompile(`<a href="([^"]*)"`).FindStringSubmatch(page); link != nil {
		for address := html.UnescapeString(link[1]); ; {
			res, page = v.get(address)
			if res.StatusCode != http.StatusFound && res.StatusCode != http.StatusSeeOther {
				require.Equal(v.t, http.StatusOK, res.StatusCode, page)
				return page
			}
			to, err := res.Request.URL.Parse(res.Header.Get("Location"))
			require.NoError(v.t, err)
			address = to.String()
		}
	}
	action, fields := formOf(v.t, page)
	require.Contains(v.t, policy, "form-action 'self' "+v.unionpay.URL+";")
	res, page = v.do(v.request(http.MethodPost, action, fields))
	require.Equal(v.t, http.StatusOK, res.StatusCode)
	return page
}

// payer is what the payer and the provider do then: pay, and notify.
func (v *visitor) pay(id string) {
	v.t.Helper()
	p := v.get1(id).latest()
	ctx := v.t.Context()
	var err error
	switch p.Ticket.Provider {
	case "unionpay":
		require.NoError(v.t, v.unionpay.Pay(p.Number, "00"))
		_, err = v.unionpay.Notify(ctx, p.Number, cnpaytest.OK)
	case "chinaums":
		require.NoError(v.t, v.chinaums.Pay(p.Number))
		_, err = v.chinaums.Notify(ctx, p.Number, cnpaytest.OK)
	case "upay":
		require.True(v.t, v.upay.Pay(p.Number))
		var answer string
		answer, err = v.upay.Notify(ctx, p.Number, cnpaytest.OK)
		require.Equal(v.t, "success", answer)
	case "umpay/spay":
		require.NoError(v.t, v.umpay.Pay(p.Number))
		err = v.umpay.Notify(ctx, p.Number)
	default:
		require.NoError(v.t, v.yuansfer.Pay(p.Number))
		var answer string
		answer, err = v.yuansfer.Notify(ctx, p.Number, cnpaytest.OK)
		require.Equal(v.t, "success", answer)
	}
	require.NoError(v.t, err)
}

// see waits until the payer's page has a status; the clerk's has it too.
func (v *visitor) see(id, status string) string {
	v.t.Helper()
	var page string
	require.Eventually(v.t, func() bool {
		_, page = v.get("/orders/" + id)
		return strings.Contains(page, `id="status">`+status+`<`)
	}, 10*time.Second, 20*time.Millisecond, "want %s", status)
	_, clerk := v.get("/clerk/orders/" + id)
	require.Contains(v.t, clerk, `id="status">`+status+`<`)
	return page
}

func (v *visitor) clerk(id string) string {
	v.t.Helper()
	res, page := v.get("/clerk/orders/" + id)
	require.Equal(v.t, http.StatusOK, res.StatusCode)
	return page
}

// step does something about the payment that was made last, and returns the problem that the page then has.
func (v *visitor) step(id string, k kind, amount string) (problem string) {
	v.t.Helper()
	p := v.get1(id).latest()
	location := v.post("/clerk/orders/"+id+"/step", url.Values{
		"number": {p.Number}, "kind": {string(k)}, "amount": {amount}, "after": {strconv.Itoa(len(p.Steps))},
	})
	to, err := url.Parse(location)
	require.NoError(v.t, err)
	return to.Query().Get("problem")
}

// paid is an order that was paid in a way.
func (v *visitor) paid(way string) string {
	v.t.Helper()
	id, location := v.order(way, "100.00", "A pot of tea")
	if strings.Contains(location, "/go/") {
		v.cashier(location)
	}
	v.pay(id)
	v.see(id, map[bool]string{false: "Paid", true: "Held"}[way == "unionpay-hold"])
	return id
}

// purchases are the ways that take money at once.
func purchases() []string {
	return []string{"unionpay", "chinaums-scan", "chinaums-wechat", "upay-scan", "upay-wap", "yuansfer", "umpay-web", "umpay-scan"}
}

func TestPayAndRefundInEveryWay(t *testing.T) {
	t.Parallel()
	for _, way := range purchases() {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			v := visit(t)
			id := v.paid(way)
			page := v.see(id, "Paid")
			require.Contains(t, page, "Goods shipped.")
			require.NotContains(t, page, `id="ask"`)
			require.NotContains(t, page, `id="again"`, "what is paid is not paid again")
			require.Contains(t, v.clerk(id), "Notification: Payment ¥100.00")

			require.Equal(t, "most", v.step(id, refund, "100.01"))
			require.Empty(t, v.step(id, refund, "2.50"))
			require.Contains(t, v.see(id, "Partly refunded"), "¥97.50 of ¥100.00 is left.")
			require.NotContains(t, v.clerk(id), `data-kind="void"`, "what was refunded is not reversed")
			require.Equal(t, "impossible", v.step(id, void, ""))
			require.Empty(t, v.step(id, refund, "97.5"))
			v.see(id, "Refunded")
			require.NotContains(t, v.clerk(id), `class="action"`)
			require.Equal(t, "impossible", v.step(id, refund, "0.01"))
		})
	}
}

func TestReverse(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"unionpay", "upay-scan", "upay-wap", "yuansfer", "umpay-web", "umpay-scan"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			v := visit(t)
			id := v.paid(way)
			require.Empty(t, v.step(id, void, ""))
			v.see(id, "Reversed")
			require.Equal(t, "impossible", v.step(id, refund, "1"))
		})
	}
}

func TestCancelBeforeItIsPaid(t *testing.T) {
	t.Parallel()
	for _, way := range purchases() {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			v := visit(t)
			id, location := v.order(way, "100.00", "")
			if strings.Contains(location, "/go/") {
				v.cashier(location)
			}
			v.post("/clerk/orders/"+id+"/cancel", nil)
			page := v.see(id, "Cancelled")
			require.NotContains(t, page, `id="again"`)
			require.NotContains(t, page, "<svg")
			o := v.get1(id)
			require.Equal(t, "/orders/"+id+"?problem=paid", v.post("/orders/"+id+"/pay", url.Values{"way": {way}, "after": {"1"}}))
			if way == "unionpay" { // it has nothing that closes an order: paid all the same, it is for a person
				require.Empty(t, o.latest().Steps)
				v.pay(id)
				v.see(id, "Cancelled, to be refunded")
				require.False(t, v.get1(id).Shipped)
				require.Empty(t, v.step(id, refund, "100"))
				v.see(id, "Refunded")
				return
			}
			require.Eventually(t, func() bool {
				o = v.get1(id)
				return o.latest().Steps[0].Outcome == cnpay.Succeeded
			}, 5*time.Second, 20*time.Millisecond)
			require.Eventually(t, func() bool { return v.get1(id).latest().Outcome == cnpay.Failed }, 5*time.Second, 20*time.Millisecond)
			require.Equal(t, "impossible", strings.TrimPrefix(v.post("/clerk/orders/"+id+"/cancel", nil), "/clerk/orders/"+id+"?problem="))
		})
	}
}

func TestHold(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id := v.paid("unionpay-hold")
	require.NotContains(t, v.see(id, "Held"), "shipped")
	require.Empty(t, v.step(id, complete, "80.00"))
	require.Contains(t, v.see(id, "Taken"), "¥80.00 was taken")
	require.Empty(t, v.step(id, cancelCompletion, ""))
	v.see(id, "Held")
	require.Empty(t, v.step(id, complete, "70.00"))
	v.see(id, "Taken")
	require.Empty(t, v.step(id, refund, "70.00"))
	v.see(id, "Refunded")

	id = v.paid("unionpay-hold")
	require.Empty(t, v.step(id, cancel, ""))
	v.see(id, "Released")
	require.Equal(t, "impossible", v.step(id, complete, "1.00"))
}

func TestRefundWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	for way, operation := range map[string]string{
		"unionpay": "refund", "chinaums-scan": "bills_refund", "chinaums-wechat": "netpay_refund", "upay-scan": "refund", "yuansfer": "data_refund",
		"umpay-web": spay.OpOrderRefund,
	} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			v := visit(t)
			id := v.paid(way)
			gateway := map[string]cnpaytest.Gateway{
				"unionpay": v.unionpay, "chinaums": v.chinaums, "upay": v.upay, "yuansfer": v.yuansfer, "umpay/spay": v.umpay,
			}[v.get1(id).latest().Ticket.Provider]
			gateway.Misbehave(operation, cnpaytest.LostAnswer)
			require.Empty(t, v.step(id, refund, "100"))
			v.see(id, "Refunded")
			require.Contains(t, v.clerk(id), "nobody can say yet whether it was done")
			require.Equal(t, 1, gateway.Received(operation), "money is sent once")
		})
	}
}

func TestSendAgain(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id := v.paid("upay-scan")
	v.upay.Misbehave("refund", cnpaytest.Late(time.Hour)) // lost on the way, or as good as
	require.Empty(t, v.step(id, refund, "100"))
	var page string
	require.Eventually(t, func() bool {
		page = v.clerk(id)
		return strings.Contains(page, "Send the same again")
	}, 5*time.Second, 20*time.Millisecond)
	step := v.get1(id).latest().Steps[0]
	require.Equal(t, cnpay.Unknown, step.Outcome)
	require.Equal(t, "impossible", v.step(id, refund, "1"), "nothing else as long as it is open")
	v.post("/clerk/orders/"+id+"/step", url.Values{"number": {step.Number}, "kind": {"again"}})
	v.see(id, "Refunded")
	require.Len(t, v.get1(id).latest().Steps, 1, "under the same number")
}

func TestOneStepAtATime(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id := v.paid("unionpay")
	v.unionpay.SetPending(1000) // UnionPay does not come to an end
	require.Empty(t, v.step(id, void, ""))
	v.see(id, "Working")
	require.NotContains(t, v.clerk(id), `class="action"`)
	require.Equal(t, "impossible", v.step(id, refund, "1.00"))
	require.Zero(t, v.unionpay.Received("refund"))
}

func TestAButtonPressedTwice(t *testing.T) {
	t.Parallel()
	v := visit(t)
	form := url.Values{"way": {"upay-scan"}, "amount": {"5"}, "token": {"the page"}}
	first, second := v.post("/orders", form), v.post("/orders", form)
	require.Equal(t, first, second)
	id := strings.TrimPrefix(first, "/orders/")
	require.Len(t, v.store.orders, 1)

	v.post("/orders/"+id+"/pay", url.Values{"way": {"upay-scan"}, "after": {"1"}})
	require.Equal(t, "/orders/"+id+"?problem=stale", v.post("/orders/"+id+"/pay", url.Values{"way": {"upay-scan"}, "after": {"1"}}))
	require.Len(t, v.get1(id).Payments, 2)
	v.pay(id)
	v.see(id, "Paid")
	p := v.get1(id).latest()
	form = url.Values{"number": {p.Number}, "kind": {"refund"}, "amount": {"1"}, "after": {"0"}}
	require.Equal(t, "/clerk/orders/"+id, v.post("/clerk/orders/"+id+"/step", form))
	v.see(id, "Partly refunded")
	require.Equal(t, "/clerk/orders/"+id+"?problem=stale", v.post("/clerk/orders/"+id+"/step", form))
	require.Len(t, v.get1(id).latest().Steps, 1)
}

func TestRefusedStep(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id := v.paid("unionpay-hold")
	v.unionpay.Misbehave("preauth_complete", cnpaytest.Refused)
	require.Empty(t, v.step(id, complete, "80.00"))
	require.Eventually(t, func() bool {
		return strings.Contains(v.clerk(id), "Completion ¥80.00: failed, nothing was changed. <code>38</code>")
	}, 5*time.Second, 20*time.Millisecond)
	require.NotContains(t, v.see(id, "Held"), "<code>")
}

func TestForgedNotifications(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id, location := v.order("unionpay", "100.00", "")
	v.cashier(location)
	own := v.get1(id).latest().Number
	require.NoError(t, v.unionpay.Pay(own, "00"))
	for _, fault := range []cnpaytest.Fault{
		cnpaytest.BadSignature, cnpaytest.Unsigned, cnpaytest.ForgedCertificate, unionpaytest.ExpiredCertificate,
		unionpaytest.MerchantCertificate, cnpaytest.OtherAnswer,
	} {
		status, err := v.unionpay.Notify(t.Context(), own, fault)
		require.NoError(t, err)
		require.Equal(t, http.StatusBadRequest, status, fault)
	}
	for _, name := range []string{"unionpay", "chinaums", "upay", "yuansfer"} {
		res, _ := v.do(v.request(http.MethodPost, "/notify/"+name, url.Values{"orderId": {own}, "respCode": {"00"}}))
		require.Equal(t, http.StatusBadRequest, res.StatusCode, name)
		res, _ = v.get("/notify/" + name + "?respCode=00&orderId=" + own)
		require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode, name)
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} { // UMPay notifies by GET
		res, _ := v.do(v.request(method, "/notify/umpay/spay?order_id="+own+"&trade_state=TRADE_SUCCESS", nil))
		require.Equal(t, http.StatusBadRequest, res.StatusCode)
	}
	require.NotContains(t, v.clerk(id), "Notification")
	v.see(id, "Waiting")
	require.Zero(t, v.unionpay.Received("query"))
	v.unionpay.SetPending(0)
	res, _ := v.do(v.request(http.MethodPost, "/return/"+id, url.Values{"orderId": {own}, "respCode": {"00"}}))
	require.Equal(t, http.StatusSeeOther, res.StatusCode)
	v.see(id, "Paid") // a browser that comes back is a reason to ask
}

// Somebody has another amount paid under the order's number: neither the notification nor a query makes it the order's.
func TestWrongAmount(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id, _ := v.order("unionpay", "100.00", "")
	p := v.get1(id).latest()
	form, err := v.shop.providers["unionpay"].client.(*unionpay.Client).Pages.Purchase(&unionpay.PagePurchaseRequest{
		OrderID: p.Number, TxnTime: unionpay.TxnTime(p.At), TxnAmt: 1, BackURL: v.shop.notifyURL + "/unionpay", FrontURL: v.shop.base,
	})
	require.NoError(t, err)
	fields := url.Values{}
	for _, f := range form.Fields {
		fields.Set(f.Name, f.Value)
	}
	_, _ = v.do(v.request(http.MethodPost, form.Action, fields))
	require.NoError(t, v.unionpay.Pay(p.Number, "00"))
	status, err := v.unionpay.Notify(t.Context(), p.Number, cnpaytest.OK)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, "it is stored, so there is nothing to send again")
	require.Contains(t, v.clerk(id), "A genuine notification does not fit this")
	v.post("/clerk/orders/"+id+"/ask", nil)
	require.Eventually(t, func() bool { o := v.get1(id); return o.Asking == 0 && !o.Asked.IsZero() }, 5*time.Second, 20*time.Millisecond)
	require.NotContains(t, v.see(id, "Waiting"), "shipped")
}

func TestDuplicateNotification(t *testing.T) {
	t.Parallel()
	for _, way := range purchases() {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			v := visit(t)
			id := v.paid(way)
			number := v.get1(id).latest().Number
			for range 3 {
				var err error
				switch v.get1(id).latest().Ticket.Provider {
				case "unionpay":
					_, err = v.unionpay.Notify(t.Context(), number, cnpaytest.OK)
				case "chinaums":
					_, err = v.chinaums.Notify(t.Context(), number, cnpaytest.OK)
				case "upay":
					_, err = v.upay.Notify(t.Context(), number, cnpaytest.OK)
				case "umpay/spay":
					err = v.umpay.Notify(t.Context(), number)
				default:
					_, err = v.yuansfer.Notify(t.Context(), number, cnpaytest.OK)
				}
				require.NoError(t, err)
			}
			page := v.clerk(id)
			require.Equal(t, 1, strings.Count(page, "Notification: Payment"))
			require.Equal(t, 1, strings.Count(page, "Goods shipped."))
		})
	}
}

func TestNotificationOfNoOrderIsKept(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id := v.paid("yuansfer")
	number := v.get1(id).latest().Number
	v.store.mu.Lock()
	v.store.orders = nil
	v.store.mu.Unlock()
	answer, err := v.yuansfer.Notify(t.Context(), number, cnpaytest.OK)
	require.NoError(t, err)
	require.Equal(t, "success", answer)
	require.Len(t, v.store.strange, 1)
	require.Equal(t, number, v.store.strange[0].CallTicket().Order)
}

// fullStore stores nothing more.
type fullStore struct{ store }

func (fullStore) Change(context.Context, string, func(*order) error) (*order, error) {
	return nil, errors.New("disk full")
}

func TestWhatIsNotStoredIsNotAnswered(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id, _ := v.order("upay-scan", "100.00", "")
	number := v.get1(id).latest().Number
	v.upay.Pay(number)
	v.shop.store = fullStore{v.store}
	answer, err := v.upay.Notify(t.Context(), number, cnpaytest.OK)
	require.NoError(t, err)
	require.NotEqual(t, "success", answer, "Upay sends it again")
	v.shop.store = v.store
	answer, err = v.upay.Notify(t.Context(), number, cnpaytest.OK)
	require.NoError(t, err)
	require.Equal(t, "success", answer)
	v.see(id, "Paid")
}

// Nothing leaves before its ticket is stored.
func TestWhatCannotBeStoredIsNotSent(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id := v.paid("upay-scan")
	p := v.get1(id).latest()
	t1 := transaction{Kind: refund, Number: number(time.Now()), At: time.Now(), Amount: 100}
	o := v.get1(id)
	o.Payments[0].Steps = append(o.Payments[0].Steps, t1)
	broken := &shop{store: fullStore{v.store}, log: v.shop.log}
	res, err := v.shop.way(p).steps[refund](p, &t1)(t.Context(), cnpay.WithRecorder(keeper{broken, id, t1.Number}))
	require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(res, err))
	require.Zero(t, v.upay.Received("refund"))
}

func TestInjection(t *testing.T) {
	t.Parallel()
	v := visit(t)
	const description = `"><script>x(1)</script>&a={b=[`
	for _, way := range purchases() {
		id, location := v.order(way, "1.00", description)
		pages := []string{}
		if strings.Contains(location, "/go/") {
			_, page := v.get(location)
			pages = append(pages, page)
		}
		_, front := v.get("/?problem=amount&amount=" + url.QueryEscape(description) + "&description=" + url.QueryEscape(description) + "&way=" + url.QueryEscape(description))
		_, list := v.get("/clerk")
		_, shown := v.get("/orders/" + id)
		for _, p := range append(pages, front, list, shown, v.clerk(id)) {
			require.NotContains(t, p, "<script>x", way)
			require.Equal(t, 1, strings.Count(p, "</head>"), way)
		}
		require.Contains(t, shown, "&#34;&gt;&lt;script&gt;x(1)&lt;/script&gt;")
	}
}

func TestWhoWalksAway(t *testing.T) {
	t.Parallel()
	v := visit(t)
	v.shop.payTimeout = time.Second
	id, location := v.order("unionpay", "1.00", "")
	v.cashier(location)
	page := v.see(id, "Not paid")
	require.NotContains(t, page, "shipped")
	require.Contains(t, page, `id="again"`)
	number := v.get1(id).latest().Number
	v.unionpay.SetClock(func() time.Time { return time.Now().Add(-time.Minute) }) // paid at the last moment, told too late
	require.NoError(t, v.unionpay.Pay(number, "00"))
	_, err := v.unionpay.Notify(t.Context(), number, cnpaytest.OK)
	require.NoError(t, err)
	require.NotContains(t, v.see(id, "Not paid"), "shipped")
	require.Contains(t, v.clerk(id), "left to a person")
}

func TestWhoFailsAndPaysThen(t *testing.T) {
	t.Parallel()
	v := visit(t)
	v.unionpay.SetPending(0)
	id, location := v.order("unionpay", "1.00", "")
	_, fields := formOf(t, v.cashier(location))
	fields.Set("refuse", "1")
	_, again := v.do(v.request(http.MethodPost, v.unionpay.URL+"/cashier", fields))
	_, _ = v.get("/return/" + id) // without paying
	page := v.see(id, "Not accepted")
	require.Contains(t, page, "Try another card, or another way.")
	require.NotContains(t, page, "<code>", "no codes for the payer")
	require.Contains(t, v.clerk(id), "A try to pay was not accepted; another is possible. <code>64</code>")
	_, fields = formOf(t, again)
	fields.Set("pay", "1")
	_, _ = v.do(v.request(http.MethodPost, v.unionpay.URL+"/cashier", fields))
	v.see(id, "Paid")
}

func TestWhoComesBackPaysAnew(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id, location := v.order("unionpay", "1.00", "")
	old := v.get1(id).latest().Number
	v.cashier(location)
	res, _ := v.get(location) // the browser's Back
	require.Equal(t, http.StatusSeeOther, res.StatusCode)
	require.Equal(t, "/orders/"+id, res.Header.Get("Location"))
	page := v.see(id, "Waiting")
	require.Contains(t, page, "do not pay twice")

	require.Equal(t, "/orders/"+id, v.post("/orders/"+id+"/pay", url.Values{"way": {"chinaums-scan"}, "after": {"1"}}))
	require.NotEqual(t, old, v.get1(id).latest().Number)
	page = v.see(id, "To be scanned")
	require.Contains(t, page, `<svg class="qr" role="img"`)
	v.pay(id)
	v.see(id, "Paid")

	// The old one was not closed. Paid too, it is not shipped again, and a person sees it.
	require.NoError(t, v.unionpay.Pay(old, "00"))
	_, err := v.unionpay.Notify(t.Context(), old, cnpaytest.OK)
	require.NoError(t, err)
	v.see(id, "Paid twice")
	require.Equal(t, 1, strings.Count(v.clerk(id), "Goods shipped."))
	location = v.post("/clerk/orders/"+id+"/step", url.Values{"number": {old}, "kind": {"refund"}, "amount": {"1"}, "after": {"0"}})
	require.Equal(t, "/clerk/orders/"+id, location)
	require.Eventually(t, func() bool { _, s := v.get1(id).find(old); return s != nil && v.get1(id).Payments[0].refunded() == 100 }, 5*time.Second, 20*time.Millisecond)
}

func TestAskingIsSeen(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id, _ := v.order("upay-scan", "1.00", "")
	v.upay.Misbehave("query", cnpaytest.Hang)
	v.post("/orders/"+id+"/ask", nil)
	_, page := v.get("/orders/" + id)
	require.Contains(t, page, `id="asking"`)
	require.Contains(t, v.clerk(id), `id="asking"`)

	other, _ := v.order("upay-scan", "1.00", "")
	v.post("/clerk/orders/"+other+"/ask", nil)
	require.Eventually(t, func() bool { return strings.Contains(v.clerk(other), "Last asked") }, 5*time.Second, 20*time.Millisecond)
	require.NotContains(t, v.clerk(other), `id="asking"`)
}

func TestCodeWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	v := visit(t)
	v.upay.Misbehave("precreate", cnpaytest.LostAnswer)
	id, location := v.order("upay-scan", "1.00", "")
	require.Equal(t, "/orders/"+id, location)
	page := v.see(id, "No payment")
	require.NotContains(t, page, "<svg")
	require.Equal(t, 1, v.upay.Received("precreate"))
	v.post("/orders/"+id+"/pay", url.Values{"way": {"upay-scan"}, "after": {"1"}})
	v.see(id, "To be scanned")
}

func TestOtherSites(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id := v.paid("unionpay")
	p := v.get1(id).latest()
	form := url.Values{"kind": {"void"}, "number": {p.Number}, "after": {"0"}}
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"} {
		req := v.request(http.MethodPost, "/clerk/orders/"+id+"/step", form)
		req.Header.Set(name, value)
		res, _ := v.do(req)
		require.Equal(t, http.StatusForbidden, res.StatusCode, name)
	}
	req := v.request(http.MethodGet, "/clerk", nil)
	req.Host = "rebound.example"
	res, _ := v.do(req)
	require.Equal(t, http.StatusMisdirectedRequest, res.StatusCode)
	require.Zero(t, v.unionpay.Received("consume_undo"))
}

func TestPages(t *testing.T) {
	t.Parallel()
	v := visit(t)
	for path, want := range map[string]int{
		"/": 200, "/clerk": 200, "/clerk/version": 200, "/static/shop.css": 200, "/static/shop.js": 200, "/static/front.html": 404,
		"/orders/1": 404, "/orders/1/go/2": 404, "/orders/1/version": 404, "/return/1": 404, "/nothing": 404, "/clerk/orders/1": 404, "/orders": 404,
	} {
		res, page := v.get(path)
		require.Equal(t, want, res.StatusCode, path)
		require.Contains(t, res.Header.Get("Content-Security-Policy"), "default-src 'none'")
		if want == 404 && !strings.HasSuffix(path, "/version") {
			require.Regexp(t, `<a class="button primary" href="/(clerk)?">`, page, path)
		}
	}
	for problem, form := range map[string]url.Values{
		"way":         {"way": {"gift"}, "amount": {"1"}},
		"amount":      {"way": {"unionpay"}, "amount": {"1.005"}},
		"description": {"way": {"unionpay"}, "amount": {"1"}, "description": {strings.Repeat("茶", 33)}},
	} {
		location := v.post("/orders", form)
		require.Contains(t, location, "/?")
		require.Contains(t, location, "problem="+problem)
		_, page := v.get(location)
		require.Contains(t, page, `role="alert"`)
		require.Contains(t, page, `value="`+form.Get("amount")+`"`, "what was written stays")
	}
	require.Contains(t, v.post("/orders", url.Values{"way": {"unionpay"}, "amount": {"1"}, "description": {"a\x00b"}}), "problem=description")
	require.Empty(t, v.store.orders)
	res, _ := v.do(v.request(http.MethodPost, "/clerk/orders/1/step", nil))
	require.Equal(t, http.StatusNotFound, res.StatusCode)
}

func TestListAndLanguages(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id, _ := v.order("upay-scan", "123456.7", "Tea")
	_, page := v.get("/clerk")
	require.Contains(t, page, id)
	require.Contains(t, page, "¥123,456.70")
	require.Contains(t, page, moment(v.get1(id).At))

	req := v.request(http.MethodGet, "/clerk", nil)
	req.Header.Set("Cookie", "lang=zh")
	_, page = v.do(req)
	require.Contains(t, page, `<html lang="zh-CN">`)
	require.Contains(t, page, "待扫码")
	req = v.request(http.MethodGet, "/orders/"+id+"?lang=en", nil)
	res, _ := v.do(req)
	require.Equal(t, "/orders/"+id, res.Header.Get("Location"))
	require.Contains(t, res.Header.Get("Set-Cookie"), "lang=en")
}

// What a payer may type is nothing that UMPay, which signs GBK, could not read.
func TestUMPayReadsEveryDescription(t *testing.T) {
	t.Parallel()
	v := visit(t)
	for description, want := range map[string]string{
		strings.Repeat("茶", 32): strings.Repeat("茶", 32),
		"🍵 & façade=ñ，«一壶»、㐀":   "？ ＆ fa？ade＝？，？一壶？、？",
		"":                      "茶馆订单",
	} {
		require.Equal(t, want, inGBK((&order{Description: description}).subject()))
		for _, way := range []string{"umpay-web", "umpay-scan"} {
			id, location := v.order(way, "1.00", description)
			if way == "umpay-web" {
				require.Contains(t, v.cashier(location), want)
			}
			v.pay(id)
			v.see(id, "Paid")
		}
	}
}

func TestFen(t *testing.T) {
	for text, want := range map[string]int64{"1": 100, "0.01": 1, "12.5": 1250, "1000000": 100000000, "007": 700} {
		got, err := fen(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", ".", "1.", ".5", "0", "0.00", "-1", "+1", "1.005", "1e3", "1,5", "1000000.01", "100000000", "1 ", "１", "99999999999999999999"} {
		_, err := fen(text)
		require.Error(t, err, text)
	}
	require.Equal(t, "¥1,234,567.05", yuan(123456705))
	require.Equal(t, "¥999.00", yuan(99900))
}
