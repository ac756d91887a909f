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
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
)

// visitor is a person at the shop, without a browser.
type visitor struct {
	t       *testing.T
	shop    *shop
	store   *memory
	gateway *unionpaytest.Server
	http    *http.Client
}

func visit(t *testing.T) *visitor {
	t.Helper()
	v := &visitor{t: t, store: &memory{}, gateway: unionpaytest.NewServer()}
	v.http = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	ctx, stop := context.WithCancel(context.Background())
	v.shop = &shop{store: v.store, base: server.URL, payTimeout: 15 * time.Minute, log: slog.New(slog.DiscardHandler), ctx: ctx}
	v.shop.demo(v.gateway)
	v.shop.schedule = cnpay.Every(20*time.Millisecond, 50)
	require.NoError(t, v.shop.connect(v.gateway.Config(), false))
	handler = v.shop.handler()
	t.Cleanup(func() {
		stop()
		v.shop.running.Wait()
		server.Close()
		v.gateway.Close()
	})
	return v
}

func (v *visitor) do(req *http.Request) (*http.Response, string) {
	v.t.Helper()
	res, err := v.http.Do(req)
	require.NoError(v.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(v.t, err)
	return res, string(body)
}

func (v *visitor) get(path string) (*http.Response, string) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.shop.base+path, http.NoBody)
	require.NoError(v.t, err)
	return v.do(req)
}

func (v *visitor) post(address string, form url.Values) (*http.Response, string) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	require.NoError(v.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.do(req)
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

// order makes an order and returns its number and the page that takes the payer to UnionPay.
func (v *visitor) order(kind, amount, description, note string) (id, page string) {
	v.t.Helper()
	res, body := v.post(v.shop.base+"/orders", url.Values{"kind": {kind}, "amount": {amount}, "description": {description}, "note": {note}})
	require.Equal(v.t, http.StatusSeeOther, res.StatusCode, body)
	location := res.Header.Get("Location")
	id = strings.TrimSuffix(strings.TrimPrefix(location, "/orders/"), "/pay")
	res, page = v.get(location)
	require.Equal(v.t, http.StatusOK, res.StatusCode)
	policy := res.Header.Get("Content-Security-Policy")
	require.Contains(v.t, policy, "form-action 'self' "+v.gateway.URL+";")
	nonce := regexp.MustCompile(`script-src 'nonce-([A-Z2-7]+)'`).FindStringSubmatch(policy)
	require.NotNil(v.t, nonce)
	require.Contains(v.t, page, `<script nonce="`+nonce[1]+`">`)
	return id, page
}

// pay goes through the cashier page and returns the page that takes the payer back.
func (v *visitor) pay(page string) string {
	v.t.Helper()
	_, fields := formOf(v.t, v.cashier(page))
	fields.Set("pay", "1")
	_, body := v.post(v.gateway.URL+"/cashier", fields)
	return body
}

func (v *visitor) cashier(page string) string {
	v.t.Helper()
	action, fields := formOf(v.t, page)
	res, body := v.post(action, fields)
	require.Equal(v.t, http.StatusOK, res.StatusCode)
	return body
}

// see waits until the order page says something.
func (v *visitor) see(id, status string) string {
	v.t.Helper()
	var page string
	require.Eventually(v.t, func() bool {
		_, page = v.get("/orders/" + id)
		return strings.Contains(page, `id="status">`+status+`<`)
	}, 10*time.Second, 20*time.Millisecond, "want %s", status)
	return page
}

func (v *visitor) step(id string, k kind, amount string) (*http.Response, string) {
	v.t.Helper()
	return v.post(v.shop.base+"/orders/"+id+"/step", url.Values{"kind": {string(k)}, "amount": {amount}})
}

func (v *visitor) mustStep(id string, k kind, amount string) {
	v.t.Helper()
	res, body := v.step(id, k, amount)
	require.Equal(v.t, http.StatusSeeOther, res.StatusCode, body)
}

func (v *visitor) paid(kind string) string {
	v.t.Helper()
	id, page := v.order(kind, "100.00", "A pot of tea", "")
	v.pay(page)
	v.see(id, map[string]string{"purchase": "Paid", "pre-authorisation": "Held"}[kind])
	return id
}

func TestPurchaseAndRefunds(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id, page := v.order("purchase", "12.5", "A pot of tea", "no sugar")
	require.Contains(t, v.see(id, "Waiting"), "¥12.50")

	back := v.pay(page)
	action, fields := formOf(t, back)
	require.Equal(t, v.shop.base+"/return/"+id, action)
	res, _ := v.post(action, fields)
	require.Equal(t, http.StatusSeeOther, res.StatusCode)
	page = v.see(id, "Paid")
	require.Contains(t, page, "Goods shipped.")
	require.Contains(t, page, "Notification from UnionPay about the purchase of ¥12.50: succeeded (00).")
	require.NotContains(t, page, `id="ask"`)

	v.mustStep(id, refund, "2.50")
	page = v.see(id, "Partly refunded")
	require.Contains(t, page, "¥10.00 of ¥12.50 is left.")
	require.NotContains(t, page, `data-kind="void"`, "what was refunded is not voided")
	res, page = v.step(id, refund, "10.01")
	require.Equal(t, http.StatusConflict, res.StatusCode)
	require.Contains(t, page, "At most ¥10.00 is possible.")
	res, _ = v.step(id, void, "")
	require.Equal(t, http.StatusConflict, res.StatusCode)
	v.mustStep(id, refund, "10")
	page = v.see(id, "Refunded")
	require.NotContains(t, page, "What next")
	require.Equal(t, 2, v.gateway.Received("refund"))
	require.Zero(t, v.gateway.Received("consume_undo"))

	_, page = v.get("/")
	require.Contains(t, page, ">Refunded<")
}

func TestVoidWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id := v.paid("purchase")
	v.gateway.Misbehave("consume_undo", cnpaytest.LostAnswer)
	v.mustStep(id, void, "")
	page := v.see(id, "Voided")
	require.Contains(t, page, "Nobody can say yet whether the void of ¥100.00 was done (no answer).")
	require.Equal(t, 1, v.gateway.Received("consume_undo"))
	res, _ := v.step(id, void, "")
	require.Equal(t, http.StatusConflict, res.StatusCode)
}

func TestOneStepAtATime(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id := v.paid("purchase")
	v.gateway.SetPending(1000) // UnionPay does not come to an end
	v.mustStep(id, void, "")
	page := v.see(id, "Working")
	require.NotContains(t, page, "What next")
	res, _ := v.step(id, refund, "1.00")
	require.Equal(t, http.StatusConflict, res.StatusCode)
	require.Zero(t, v.gateway.Received("refund"))
}

func TestPreauth(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id := v.paid("pre-authorisation")
	page := v.see(id, "Held")
	require.NotContains(t, page, "shipped")
	v.mustStep(id, complete, "80.00")
	require.Contains(t, v.see(id, "Taken"), "¥80.00 of ¥100.00 was taken")
	v.mustStep(id, cancelCompletion, "")
	v.see(id, "Held")
	v.mustStep(id, complete, "70.00")
	v.see(id, "Taken")
	v.mustStep(id, refund, "70.00")
	v.see(id, "Refunded")

	id = v.paid("pre-authorisation")
	v.mustStep(id, cancel, "")
	v.see(id, "Released")
	res, _ := v.step(id, complete, "1.00")
	require.Equal(t, http.StatusConflict, res.StatusCode)
}

func TestRefusedStep(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id := v.paid("pre-authorisation")
	v.gateway.Misbehave("preauth_complete", cnpaytest.Refused)
	v.mustStep(id, complete, "80.00")
	require.Eventually(t, func() bool {
		_, page := v.get("/orders/" + id)
		return strings.Contains(page, "The completion of ¥80.00 has failed, nothing was changed (38).")
	}, 5*time.Second, 20*time.Millisecond)
	v.see(id, "Held")
}

func TestForgedNotifications(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id, page := v.order("purchase", "100.00", "", "")
	v.cashier(page)
	require.NoError(t, v.gateway.Pay(id, "00"))
	for _, fault := range []cnpaytest.Fault{
		cnpaytest.BadSignature, cnpaytest.Unsigned, cnpaytest.ForgedCertificate, unionpaytest.ExpiredCertificate,
		unionpaytest.MerchantCertificate, cnpaytest.OtherAnswer,
	} {
		status, err := v.gateway.Notify(t.Context(), id, fault)
		require.NoError(t, err)
		require.Equal(t, http.StatusBadRequest, status, fault)
	}
	res, _ := v.post(v.shop.base+"/return/"+id, url.Values{"orderId": {id}, "respCode": {"00"}})
	require.Equal(t, http.StatusSeeOther, res.StatusCode)
	res, _ = v.get("/notify?respCode=00&orderId=" + id)
	require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode)
	time.Sleep(100 * time.Millisecond)
	page = v.see(id, "Waiting")
	require.NotContains(t, page, "Notification from UnionPay")
	require.Zero(t, v.gateway.Received("query"))

	status, err := v.gateway.Notify(t.Context(), id, cnpaytest.OK)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	v.see(id, "Paid")
}

// otherForm takes a form for the order's number to UnionPay that is not the shop's, and has it paid.
func (v *visitor) otherForm(id string, amount int64) {
	v.t.Helper()
	o, err := v.store.Get(v.t.Context(), id)
	require.NoError(v.t, err)
	req := v.shop.purchaseRequest(o)
	req.TxnAmt = amount
	form, err := v.shop.client.Pages.Purchase(req)
	require.NoError(v.t, err)
	fields := url.Values{}
	for _, p := range form.Fields {
		fields.Set(p.Name, p.Value)
	}
	_, _ = v.post(form.Action, fields)
	require.NoError(v.t, v.gateway.Pay(id, "00"))
}

func TestWrongAmount(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id, _ := v.order("purchase", "100.00", "", "")
	v.otherForm(id, 1)
	status, err := v.gateway.Notify(t.Context(), id, cnpaytest.OK)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, "it is stored, so there is nothing to send again")
	page := v.see(id, "Waiting")
	require.Contains(t, page, "does not fit it; it is left to a person")
	res, _ := v.post(v.shop.base+"/orders/"+id+"/ask", nil) // nor does a query accept it
	require.Equal(t, http.StatusSeeOther, res.StatusCode)
	require.NotContains(t, v.see(id, "Waiting"), "shipped")
}

func TestDuplicateNotification(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id := v.paid("purchase")
	for range 3 {
		status, err := v.gateway.Notify(t.Context(), id, cnpaytest.OK)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
	}
	page := v.see(id, "Paid")
	require.Equal(t, 1, strings.Count(page, "Notification from UnionPay"))
	require.Equal(t, 1, strings.Count(page, "Goods shipped."))
}

func TestNotificationOfNoOrderIsKept(t *testing.T) {
	t.Parallel()
	v := visit(t)
	req := &unionpay.PaymentVoidRequest{
		BizType: "000201", OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), TxnAmt: 100, BackURL: v.shop.backURL,
		OrigQryID: v.gateway.AddPurchase(100),
	}
	_, err := v.shop.client.Payments.Void(t.Context(), req)
	require.NoError(t, err)
	status, err := v.gateway.Notify(t.Context(), req.OrderID, cnpaytest.OK)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.Len(t, v.store.strange, 1)
	require.Equal(t, req.OrderID, v.store.strange[0].Common().OrderID)
}

// fullStore stores nothing more.
type fullStore struct{ store }

func (fullStore) Change(context.Context, string, func(*order) error) (*order, error) {
	return nil, errors.New("disk full")
}

func TestWhatIsNotStoredIsNotAnswered(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id, page := v.order("purchase", "100.00", "", "")
	v.cashier(page)
	require.NoError(t, v.gateway.Pay(id, "00"))
	v.shop.store = fullStore{v.store}
	status, err := v.gateway.Notify(t.Context(), id, cnpaytest.OK)
	require.NoError(t, err)
	require.Equal(t, http.StatusInternalServerError, status, "UnionPay sends it again")
	v.shop.store = v.store
	status, err = v.gateway.Notify(t.Context(), id, cnpaytest.OK)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	v.see(id, "Paid")
}

func TestInjection(t *testing.T) {
	t.Parallel()
	v := visit(t)
	const description, note = `"><script>x(1)</script>`, `'"></form><img src=x onerror=x(2)>&a={b=[c}+%41; `
	id, page := v.order("purchase", "1.00", description, note)
	_, fields := formOf(t, page)
	require.Equal(t, description, fields.Get("orderDesc"))
	require.Equal(t, strings.TrimSpace(note), fields.Get("reqReserved"))
	cashier := v.cashier(page)
	_, fields = formOf(t, cashier)
	fields.Set("pay", "1")
	_, back := v.post(v.gateway.URL+"/cashier", fields)
	shown := v.see(id, "Paid")
	_, list := v.get("/")
	_, problem := v.post(v.shop.base+"/orders", url.Values{"kind": {"purchase"}, "amount": {description}, "description": {description}, "note": {note}})
	for _, p := range []string{page, cashier, back, shown, list, problem} {
		require.NotContains(t, p, "<script>x")
		require.NotContains(t, p, "<img")
		require.Equal(t, 1, strings.Count(p, "</head>"))
	}
	require.Contains(t, shown, "&#34;&gt;&lt;script&gt;x(1)&lt;/script&gt;")
}

func TestWhoWalksAway(t *testing.T) {
	t.Parallel()
	v := visit(t)
	v.shop.payTimeout = time.Second
	id, page := v.order("purchase", "1.00", "", "")
	v.cashier(page)
	page = v.see(id, "Not paid")
	require.NotContains(t, page, "shipped")
	v.gateway.SetClock(func() time.Time { return time.Now().Add(-time.Minute) }) // paid at the last moment, reported too late
	require.NoError(t, v.gateway.Pay(id, "00"))
	_, err := v.gateway.Notify(t.Context(), id, cnpaytest.OK)
	require.NoError(t, err)
	page = v.see(id, "Not paid")
	require.Contains(t, page, "left to a person")
	require.NotContains(t, page, "shipped")
}

func TestWhoFailsAndPaysThen(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id, page := v.order("purchase", "1.00", "", "")
	_, fields := formOf(t, v.cashier(page))
	fields.Set("refuse", "1")
	_, again := v.post(v.gateway.URL+"/cashier", fields)
	v.gateway.SetPending(0)
	for range 2 { // the gateway works on it for one query
		_, _ = v.post(v.shop.base+"/orders/"+id+"/ask", nil)
	}
	require.Contains(t, v.see(id, "Waiting"), "An attempt to pay has failed (64)")
	_, fields = formOf(t, again)
	fields.Set("pay", "1")
	_, _ = v.post(v.gateway.URL+"/cashier", fields)
	v.see(id, "Paid")
}

func TestBackButton(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id, _ := v.order("purchase", "1.00", "", "")
	res, _ := v.get("/orders/" + id + "/pay")
	require.Equal(t, http.StatusSeeOther, res.StatusCode)
	require.Equal(t, "/orders/"+id, res.Header.Get("Location"))
}

func TestOtherSites(t *testing.T) {
	t.Parallel()
	v := visit(t)
	id := v.paid("purchase")
	form := url.Values{"kind": {"void"}}.Encode()
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.shop.base+"/orders/"+id+"/step", strings.NewReader(form))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set(name, value)
		res, _ := v.do(req)
		require.Equal(t, http.StatusForbidden, res.StatusCode, name)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.shop.base+"/", http.NoBody)
	require.NoError(t, err)
	req.Host = "rebound.example"
	res, _ := v.do(req)
	require.Equal(t, http.StatusMisdirectedRequest, res.StatusCode)
	require.Zero(t, v.gateway.Received("consume_undo"))
}

func TestPages(t *testing.T) {
	t.Parallel()
	v := visit(t)
	for path, want := range map[string]int{
		"/": 200, "/static/shop.css": 200, "/static/shop.js": 200, "/static/front.html": 404, "/orders/1": 404, "/orders/1/pay": 404,
		"/orders/1/version": 404, "/return/1": 404, "/nothing": 404,
	} {
		res, _ := v.get(path)
		require.Equal(t, want, res.StatusCode, path)
		require.Contains(t, res.Header.Get("Content-Security-Policy"), "default-src 'none'")
	}
	res, _ := v.post(v.shop.base+"/orders/1/step", nil)
	require.Equal(t, http.StatusNotFound, res.StatusCode)
	for _, form := range []url.Values{
		{"kind": {"gift"}, "amount": {"1"}}, {"kind": {"purchase"}}, {"kind": {"purchase"}, "amount": {"1.005"}},
		{"kind": {"purchase"}, "amount": {"1"}, "description": {strings.Repeat("茶", 33)}},
		{"kind": {"purchase"}, "amount": {"1"}, "note": {strings.Repeat("x", 201)}},
		{"kind": {"purchase"}, "amount": {"1"}, "description": {"a\x00b"}},
	} {
		res, page := v.post(v.shop.base+"/orders", form)
		require.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, form)
		require.Contains(t, page, `role="alert"`)
	}
	require.Empty(t, v.store.orders)
}

func TestFen(t *testing.T) {
	for text, want := range map[string]int64{"1": 100, "0.01": 1, "12.5": 1250, "99999999.99": 9999999999, "007": 700} {
		got, err := fen(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", ".", "1.", ".5", "0", "0.00", "-1", "+1", "1.005", "1e3", "1,5", "100000000", "1 ", "１", "99999999999999999999"} {
		_, err := fen(text)
		require.Error(t, err, text)
	}
}
