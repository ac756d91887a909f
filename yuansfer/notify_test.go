package yuansfer_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/yuansfer"
)

const testToken = "0123456789abcdef0123456789abcdef"

// signed is a form with the verifySign that these values have in the documents' rule.
func signed(token string, values url.Values) url.Values {
	var parts []string
	for name := range values {
		parts = append(parts, name+"="+values.Get(name))
	}
	slices.Sort(parts)
	key := md5.Sum([]byte(token))
	sum := md5.Sum([]byte(strings.Join(append(parts, hex.EncodeToString(key[:])), "&")))
	values.Set("verifySign", hex.EncodeToString(sum[:]))
	return values
}

func receiver(t testing.TB, opts ...cnpay.Option) *yuansfer.Client {
	t.Helper()
	client, err := yuansfer.New(yuansfer.Config{
		MerchantNo: "200043", StoreNo: "300014", Token: testToken, PreviousTokens: []cnpay.Secret{"yesterday"},
	}, opts...)
	require.NoError(t, err)
	return client
}

func form(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/ipn?status=success&shop=1", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func payment() url.Values {
	return url.Values{
		"amount": {"0.01"}, "currency": {"USD"}, "reference": {"R1"}, "settleCurrency": {"USD"}, "status": {"success"},
		"time": {"20221020142817"}, "transactionNo": {"305680500880311923"},
	}
}

func TestPaymentNotification(t *testing.T) {
	client := receiver(t)
	for status, want := range map[string]cnpay.Outcome{
		"success": cnpay.Succeeded, "failed": cnpay.Failed, "closed": cnpay.Failed, "pending": cnpay.Pending, "dealing": cnpay.Pending,
		"perhaps": cnpay.Unknown, "": cnpay.Unknown,
	} {
		values := payment()
		values.Set("status", status)
		values.Set("vendorId", "a902q221")
		values.Set("note", "table 4 & window")
		values.Set("newField", "x")
		n, err := client.ParseNotification(form(signed(testToken, values).Encode()))
		require.NoError(t, err, status)
		require.Equal(t, want, cnpay.OutcomeOf(n, nil), status)
		p := n.(*yuansfer.PaymentNotification)
		require.Equal(t, "305680500880311923", p.TransactionNo)
		require.Equal(t, "0.01", p.Amount)
		require.Equal(t, "table 4 & window", p.Note)
		require.Equal(t, "a902q221", p.VendorID)
		require.Equal(t, map[string]string{"newField": "x"}, p.Extra)
		require.Equal(t, "payment 305680500880311923 "+status, n.Key())
		ticket := cnpay.TicketOf(n, nil)
		require.Equal(t, []string{"yuansfer", "mapi.yuansfer.com", "200043", "", "R1"},
			[]string{ticket.Provider, ticket.Gateway, ticket.Account, ticket.Operation, ticket.Order})
	}
}

// The capture of December 2024, with a plus sign in its time zone besides.
func TestOrderV4Notification(t *testing.T) {
	for _, at := range []string{"2024-12-03T20:36:05Z", "2024-12-03T20:36:05+08:00"} {
		values := signed(testToken, url.Values{
			"amount": {"20.00"}, "completedAt": {at}, "currency": {"USD"}, "customerNo": {"C1"}, "reference": {"R1"},
			"settleCurrency": {"USD"}, "status": {"success"}, "transactionNo": {"T1"}, "vaultId": {"pp_1"},
		})
		body := values.Encode()
		require.Equal(t, strings.Contains(at, "+"), strings.Contains(body, "%2B08"))
		for name := range values { // verified over all its fields
			changed := url.Values{}
			for k, v := range values {
				changed[k] = v
			}
			changed.Set(name, values.Get(name)+"0")
			_, err := receiver(t).ParseNotificationBody([]byte(changed.Encode()))
			require.ErrorIs(t, err, cnpay.ErrSignature, name)
			changed.Del(name)
			_, err = receiver(t).ParseNotificationBody([]byte(changed.Encode()))
			require.ErrorIs(t, err, cnpay.ErrSignature, name)
		}
		n, err := receiver(t).ParseNotificationBody([]byte(body))
		require.NoError(t, err)
		v4 := n.(*yuansfer.OrderV4Notification)
		require.Equal(t, []string{at, "C1", "pp_1", "20.00"}, []string{v4.CompletedAt, v4.CustomerNo, v4.VaultID, v4.Amount})
		require.Equal(t, cnpay.Succeeded, v4.CallOutcome())
		require.Equal(t, yuansfer.OpOrderV4Pay, v4.CallTicket().Operation)
		require.Equal(t, "R1", v4.CallTicket().Order)
	}
}

func TestAgreementNotification(t *testing.T) {
	for _, name := range []string{"vendor", "customerBelongsTo", "customerBelognsTo"} {
		values := signed(testToken, url.Values{"autoDebitNo": {"300000000000000101"}, "autoReference": {"agr1"}, name: {"GCASH"}, "time": {"20260901090321"}})
		n, err := receiver(t).ParseNotification(form(values.Encode()))
		require.NoError(t, err)
		a := n.(*yuansfer.AgreementNotification)
		require.Equal(t, "gcash", a.Vendor)
		require.Empty(t, a.CustomerBelongsTo+a.CustomerBelongsToOther)
		require.Equal(t, cnpay.Succeeded, a.CallOutcome())
		require.Equal(t, yuansfer.OpAutoDebitConsult, a.CallTicket().Operation)
		require.Equal(t, "agr1", a.CallTicket().Order)
	}
}

// Others are verified too, and say nothing of themselves.
func TestOtherNotification(t *testing.T) {
	values := signed(testToken, url.Values{"outAuthInfoNo": {"A1"}, "transactionNo": {"1"}, "status": {"success"}})
	n, err := receiver(t).ParseNotification(form(values.Encode()))
	require.NoError(t, err)
	require.Equal(t, cnpay.Unknown, n.CallOutcome())
	require.Equal(t, "A1", n.(*yuansfer.OtherNotification).Extra["outAuthInfoNo"])
}

func TestNotificationsThatAreRefused(t *testing.T) {
	genuine := signed(testToken, payment()).Encode()
	hiding := payment()
	hiding.Set("note", "x&reference=R9")
	for name, tt := range map[string]struct {
		body  string
		cause error
	}{
		"no signature":          {payment().Encode(), cnpay.ErrSignature},
		"an empty one":          {payment().Encode() + "&verifySign=", cnpay.ErrSignature},
		"another token":         {signed("another", payment()).Encode(), cnpay.ErrSignature},
		"a field more":          {genuine + "&note=x", cnpay.ErrSignature},
		"a name twice":          {genuine + "&status=success", cnpay.ErrMalformed},
		"a hidden field":        {signed(testToken, hiding).Encode(), cnpay.ErrSignature},
		"a name with an equals": {genuine + "&a%3Db=1", cnpay.ErrMalformed},
		"bad escapes":           {genuine + "&a=%zz", cnpay.ErrMalformed},
		"not UTF-8":             {genuine + "&a=%ff", cnpay.ErrMalformed},
		"nothing":               {"", cnpay.ErrMalformed},
		"a page":                {"<html></html>", cnpay.ErrMalformed},
		"a list":                {"[1]", cnpay.ErrMalformed},
		"nested JSON":           {`{"a":{"b":1}}`, cnpay.ErrMalformed},
		"two objects":           {`{"a":"1"}{"b":"2"}`, cnpay.ErrMalformed},
		"half an object":        {`{"a":"1"`, cnpay.ErrMalformed},
		"too many fields":       {strings.Repeat("a=1&", 300) + "b=1", cnpay.ErrMalformed},
		"too large":             {"a=" + strings.Repeat("x", 1<<20), cnpay.ErrTooLarge},
	} {
		for _, parse := range []func(*yuansfer.Client) (yuansfer.Notification, error){
			func(c *yuansfer.Client) (yuansfer.Notification, error) { return c.ParseNotification(form(tt.body)) },
			func(c *yuansfer.Client) (yuansfer.Notification, error) {
				return c.ParseNotificationBody([]byte(tt.body))
			},
		} {
			n, err := parse(receiver(t))
			require.Nil(t, n, name)
			require.ErrorIs(t, err, tt.cause, name)
		}
	}
	_, err := receiver(t).ParseNotification(nil)
	require.ErrorIs(t, err, cnpay.ErrMalformed)
}

// A JSON notification is signed over the same names and values; a form that somebody has parsed is as good as the body.
func TestOtherFormsOfTheBody(t *testing.T) {
	values := signed("yesterday", payment()) // a token that the portal has replaced
	flat := map[string]any{}
	for name := range values {
		flat[name] = values.Get(name)
	}
	flat["amount"] = json.Number("0.01")
	text, err := json.Marshal(flat)
	require.NoError(t, err)
	n, err := receiver(t).ParseNotificationBody(text)
	require.NoError(t, err)
	require.Equal(t, "0.01", n.(*yuansfer.PaymentNotification).Amount)
	require.Equal(t, cnpay.Succeeded, n.CallOutcome())

	r := form(values.Encode())
	require.NoError(t, r.ParseForm())
	n, err = receiver(t).ParseNotification(r)
	require.NoError(t, err)
	require.Equal(t, "R1", n.CallTicket().Order)
	require.Equal(t, []string{"0.01", "USD", "R1"}, []string{
		n.CallTicket().Fields["amount"], n.CallTicket().Fields["currency"], n.CallTicket().Fields["reference"],
	}, "what a journal compares")
	r = form(values.Encode() + "&status=success")
	require.NoError(t, r.ParseForm())
	_, err = receiver(t).ParseNotification(r)
	require.ErrorContains(t, err, `"status" is duplicated`)

	r = form(values.Encode())
	_, err = io.ReadAll(r.Body)
	require.NoError(t, err)
	_, err = receiver(t).ParseNotification(r)
	require.ErrorContains(t, err, "was read before")
}

// Empty values are signed by most SDKs and left out by others. Both are accepted, and nothing in between.
func TestEmptyValues(t *testing.T) {
	kept := payment()
	kept.Set("note", "")
	_, err := receiver(t).ParseNotification(form(signed(testToken, kept).Encode()))
	require.NoError(t, err)
	_, err = receiver(t).ParseNotification(form(signed(testToken, payment()).Encode() + "&note=&vendorId="))
	require.NoError(t, err)
	_, err = receiver(t).ParseNotification(form(signed(testToken, kept).Encode() + "&vendorId="))
	require.ErrorIs(t, err, cnpay.ErrSignature)
}

func TestNotificationHandler(t *testing.T) {
	var log bytes.Buffer
	stored := errors.New("the disk is full")
	client := receiver(t, cnpay.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
	var got []string
	handler := client.NotificationHandler(func(_ context.Context, n yuansfer.Notification) error {
		got = append(got, n.Key())
		return stored
	})
	post := func(method, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := form(body)
		r.Method = method
		handler.ServeHTTP(w, r)
		return w
	}
	failed := payment()
	failed.Set("status", "failed")
	body := signed(testToken, failed).Encode()
	require.Equal(t, http.StatusInternalServerError, post("POST", body).Code)
	stored = nil
	w := post("POST", body)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "success", w.Body.String(), "of a payment that failed, too")
	require.Equal(t, []string{"payment 305680500880311923 failed", "payment 305680500880311923 failed"}, got)

	w = post("POST", payment().Encode())
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.NotContains(t, w.Body.String(), "success")
	require.Equal(t, http.StatusMethodNotAllowed, post("GET", body).Code)
	require.Len(t, got, 2)
	require.Contains(t, log.String(), `"order":"R1"`)
	require.NotContains(t, log.String(), signed(testToken, failed).Get("verifySign"))
}

func TestReturn(t *testing.T) {
	client := receiver(t)
	ret, err := client.ParseReturn(httptest.NewRequest("GET", "/back?status=success&reference=R1&ref=R1&amount=20.00&time=20260901090321&note=a+b&transactionNo=1", nil))
	require.NoError(t, err)
	require.Equal(t, []string{"success", "R1", "20.00", "20260901090321", "a b", "1"},
		[]string{ret.Status, ret.Reference, ret.Amount, ret.Time, ret.Note, ret.TransactionNo})
	require.Equal(t, map[string]string{"ref": "R1"}, ret.Extra)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(ret, nil), "anybody can make one")
	require.False(t, ret.Signed)
	require.Equal(t, "R1", ret.CallTicket().Order)

	ret, err = client.ParseReturnQuery(signed(testToken, payment()).Encode())
	require.NoError(t, err)
	require.True(t, ret.Signed)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(ret, nil))
	for query, cause := range map[string]error{
		signed("another", payment()).Encode():          cnpay.ErrSignature,
		"status=success&status=failed":                 cnpay.ErrMalformed,
		"status=%zz":                                   cnpay.ErrMalformed,
		"note=" + strings.Repeat("x", 1<<20):           cnpay.ErrTooLarge,
		strings.Repeat("a=1&", 300) + "status=success": cnpay.ErrMalformed,
	} {
		_, err := client.ParseReturnQuery(query)
		require.ErrorIs(t, err, cause)
	}
	ret, err = client.ParseReturnQuery("")
	require.NoError(t, err)
	require.Empty(t, ret.Status)
	_, err = client.ParseReturn(nil)
	require.ErrorIs(t, err, cnpay.ErrMalformed)
}

// The gateway notifies as Yuansfer does: the failure too, twice, late, and out of order.
func TestGatewayNotifies(t *testing.T) {
	gateway, client := start(t)
	b := &books{t: t, gateway: gateway, client: client}
	var got []yuansfer.Notification
	shop := httptest.NewServer(client.NotificationHandler(func(_ context.Context, n yuansfer.Notification) error {
		got = append(got, n)
		return nil
	}))
	defer shop.Close()
	order := b.cashier()
	order.IpnURL, order.Note = shop.URL, "table 4"
	_, err := client.Pages.Cashier(t.Context(), order)
	require.NoError(t, err)
	notify := func(status string, fault cnpaytest.Fault) string {
		t.Helper()
		answer, err := gateway.NotifyStatus(t.Context(), order.Reference, status, fault)
		require.NoError(t, err)
		return answer
	}
	require.NoError(t, gateway.Pay(order.Reference))
	for range 2 {
		require.Equal(t, "success", notify("", cnpaytest.OK))
	}
	require.Equal(t, "success", notify("pending", cnpaytest.OK))
	begun := time.Now()
	require.Equal(t, "success", notify("", cnpaytest.Late(50*time.Millisecond)))
	require.GreaterOrEqual(t, time.Since(begun), 50*time.Millisecond)
	require.NotEqual(t, "success", notify("", cnpaytest.BadSignature))
	require.NotEqual(t, "success", notify("", cnpaytest.Unsigned))
	gateway.SetStatus(order.Reference, yuansfer.StatusFailed)
	require.Equal(t, "success", notify("", cnpaytest.OK))
	require.Equal(t, "success", notify("", cnpaytest.OtherAnswer))
	var said []string
	for _, n := range got {
		said = append(said, fmt.Sprint(n.CallOutcome(), " ", n.CallTicket().Order == order.Reference))
	}
	require.Equal(t, []string{"succeeded true", "succeeded true", "pending true", "succeeded true", "failed true", "failed false"}, said)
	require.Equal(t, got[0].Key(), got[1].Key())
	require.Equal(t, "table 4", got[0].(*yuansfer.PaymentNotification).Note)

	consult, err := client.AutoDebit.Consult(t.Context(), &yuansfer.AutoDebitConsultRequest{
		Vendor: "gcash", Terminal: "ONLINE", AutoRedirectURL: shop.URL, AutoReference: "agr1", AutoIpnURL: shop.URL,
	})
	require.NoError(t, err)
	require.NoError(t, gateway.SignAgreement(consult.Result.AutoDebitNo))
	answer, err := gateway.NotifyAgreement(t.Context(), consult.Result.AutoDebitNo, cnpaytest.OK)
	require.NoError(t, err)
	require.Equal(t, "success", answer)

	payout := b.payout()
	payout.IpnURL = shop.URL
	_, err = client.Payouts.Create(t.Context(), payout)
	require.NoError(t, err)
	gateway.SetPayoutStatus(payout.InvoiceID, "returned")
	_, err = gateway.NotifyPayout(t.Context(), payout.InvoiceID, cnpaytest.OK)
	require.NoError(t, err)
	capture := b.capture()
	capture.IpnURL = shop.URL
	_, err = client.OrdersV4.Pay(t.Context(), capture)
	require.NoError(t, err)
	_, err = gateway.Notify(t.Context(), capture.Reference, cnpaytest.OK)
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, got[6].(*yuansfer.AgreementNotification).CallOutcome())
	require.Equal(t, cnpay.Failed, got[7].(*yuansfer.PayoutNotification).CallOutcome())
	require.Equal(t, cnpay.Succeeded, got[8].(*yuansfer.OrderV4Notification).CallOutcome())
}

// FuzzNotification: no body panics, and none that differs from a genuine one in a byte is accepted as another one.
func FuzzNotification(f *testing.F) {
	genuine := signed(testToken, payment()).Encode()
	f.Add([]byte(genuine))
	f.Add([]byte(`{"amount":"1","verifySign":"0"}`))
	f.Add([]byte("a=1&verifySign=" + strings.Repeat("0", 32)))
	client := receiver(f)
	want, err := client.ParseNotificationBody([]byte(genuine))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := client.ParseNotificationBody(body)
		if err != nil {
			require.Nil(t, n)
			return
		}
		p := *n.(*yuansfer.PaymentNotification)
		p.Extra, p.VerifySign = nil, want.Common().VerifySign // empty fields may be added, and hexadecimal may be in upper case
		require.Equal(t, *want.(*yuansfer.PaymentNotification), p)
	})
}

// A notification that was stored as JSON says the same when it is read back. The names that this takes are no field's.
func TestNotificationSurvivesItsJSONForm(t *testing.T) {
	client := receiver(t)
	values := payment()
	values.Set("newField", "x")
	values.Set("outcome", "failed")
	values.Set("note", "a&ticket=5")
	n, err := client.ParseNotification(form(signed(testToken, values).Encode()))
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, n.CallOutcome())
	text, err := json.Marshal(n)
	require.NoError(t, err)
	stored := &yuansfer.PaymentNotification{}
	require.NoError(t, json.Unmarshal(text, stored))
	require.Equal(t, n, stored)
	require.Equal(t, map[string]string{"newField": "x", "outcome": "failed"}, stored.Extra)
}
