package provider

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
)

// published is a client that trusts UMPay's published test key.
func published(t testing.TB, opts ...cnpay.Option) *Client {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors/official.json")
	require.NoError(t, err)
	var file struct{ Keys map[string]string }
	require.NoError(t, json.Unmarshal(text, &file))
	key, err := sign.LoadPublicKey([]byte(file.Keys["platform test"]))
	require.NoError(t, err)
	c, err := New(Config{AcqSpID: "Y471790403", Key: aKey(t), PlatformKeys: []*rsa.PublicKey{&aKey(t).PublicKey, key}}, opts...)
	require.NoError(t, err)
	return c
}

func captured(t testing.TB) []byte {
	t.Helper()
	body, err := os.ReadFile("testdata/captures/notification-pos-refund.form")
	require.NoError(t, err)
	return body
}

// The notification that UMPay publishes: a refund at a terminal.
func TestCapturedNotification(t *testing.T) {
	n, err := published(t).ParseNotificationBody(captured(t))
	require.NoError(t, err)
	require.Equal(t, "41509208", n.AcqMerID)
	require.Equal(t, "JD202003180342460001", n.OrderNo)
	require.EqualValues(t, 1, n.TxnAmt)
	require.Equal(t, NotifyRefund, n.NotifyType)
	require.Equal(t, "2020031815420000024575", n.TransIndex)
	require.Equal(t, cnpay.Succeeded, n.CallOutcome())
	ticket := n.CallTicket()
	require.Equal(t, OpOrderRefund, ticket.Operation)
	require.Empty(t, ticket.Order, "which refund it was the message does not say")
	require.Equal(t, "Y471790403", ticket.Account)
	require.Equal(t, "provider.umfintech.com", ticket.Gateway)
	require.Equal(t, "41509208|JD202003180342460001|3|2020031815420000024575|1|20200927111534", n.Key())
	require.Equal(t, captured(t), n.Raw)
	require.Empty(t, n.Extra)
}

// A journal compares the amount of a payment: that of a refund may be the order's.
func TestAmountOfAPaymentIsInItsTicket(t *testing.T) {
	c, p := dial(t, always(""))
	for notifyType, amount := range map[string]string{NotifySale: "100", NotifyVoid: "", NotifyRefund: ""} {
		n, err := c.ParseNotificationBody([]byte(notice(t, p, map[string]string{"notifyType": notifyType, "txnAmt": "100"})))
		require.NoError(t, err)
		require.Equal(t, amount, n.CallTicket().Fields["txnAmt"], notifyType)
	}
}

// The captured refund has the transIndex of its payment, of half a year before: two refunds of one order differ in the rest.
func TestKeysOfTwoRefunds(t *testing.T) {
	c, p := dial(t, always(""))
	refund := func(payTime, refundOrderNo string) string {
		n, err := c.ParseNotificationBody([]byte(notice(t, p, map[string]string{
			"notifyType": "3", "transIndex": "2020031815420000024575", "payTime": payTime, "refundOrderNo": refundOrderNo,
		})))
		require.NoError(t, err)
		return n.Key()
	}
	require.NotEqual(t, refund("20200927111534", ""), refund("20200928111534", ""))
	require.Equal(t, refund("20200927111534", ""), refund("20200927111534", ""))
	require.Equal(t, refund("20200927111534", "R1"), refund("20200928111534", "R1"))
}

// However it was encoded, the signature decides.
func TestEncodingsOfNotifications(t *testing.T) {
	c, once := published(t), string(captured(t))
	form, err := url.ParseQuery(once)
	require.NoError(t, err)
	twice := url.Values{}
	for name, values := range form {
		twice.Set(name, url.QueryEscape(values[0]))
	}
	for name, body := range map[string]string{
		"once": once, "twice": twice.Encode(), "a plus that nobody encoded": strings.ReplaceAll(once, "%2B", "+"),
	} {
		n, err := c.ParseNotificationBody([]byte(body))
		require.NoError(t, err, name)
		require.Equal(t, "JD202003180342460001", n.OrderNo)
		require.Equal(t, []byte(body), n.Raw)
	}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(once))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	require.NoError(t, r.ParseForm())
	n, err := c.ParseNotification(r)
	require.NoError(t, err, "somebody has parsed the form")
	require.Equal(t, "JD202003180342460001", n.OrderNo)
}

func TestRefusedNotifications(t *testing.T) {
	c, body := published(t), string(captured(t))
	other, err := New(Config{AcqSpID: "Y000000001", Key: aKey(t), PlatformKeys: []*rsa.PublicKey{&aKey(t).PublicKey}})
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		body string
		want error
	}{
		"empty":               {"", cnpay.ErrMalformed},
		"not a form":          {"%zz=1", cnpay.ErrMalformed},
		"too large":           {strings.Repeat("a", mostNotification+1), cnpay.ErrTooLarge},
		"too many fields":     {manyFields(), cnpay.ErrMalformed},
		"duplicated":          {body + "&orderNo=JD202003180342460001", cnpay.ErrMalformed},
		"not UTF-8":           {body + "&x=%ff", cnpay.ErrMalformed},
		"unsigned":            {strings.Split(body, "&sign=")[0], cnpay.ErrSignature},
		"another amount":      {strings.Replace(body, "txnAmt=1", "txnAmt=2", 1), cnpay.ErrSignature},
		"forged and escaped":  {strings.Replace(strings.Replace(body, "txnAmt=1", "txnAmt=2", 1), "merPriv=", "merPriv=%2541", 1), cnpay.ErrSignature},
		"one more field":      {body + "&bankType=1", cnpay.ErrSignature},
		"a payment of it":     {strings.Replace(body, "notifyType=3", "notifyType=1", 1), cnpay.ErrSignature},
		"values that are one": {strings.Replace(strings.Replace(body, "currencyCode=CNY&", "", 1), "cardType=02", "cardType=02%7CCNY", 1), cnpay.ErrSignature},
	} {
		n, err := c.ParseNotificationBody([]byte(tt.body))
		require.Nil(t, n, name)
		require.ErrorIs(t, err, tt.want, name)
	}
	_, err = other.ParseNotificationBody([]byte(body))
	require.ErrorIs(t, err, cnpay.ErrSignature, "another platform key")
	_, err = c.ParseNotification(nil)
	require.ErrorIs(t, err, cnpay.ErrMalformed)
	read := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	_, _ = io.ReadAll(read.Body)
	_, err = c.ParseNotification(read)
	require.ErrorContains(t, err, "read before")
}

func manyFields() string {
	var b strings.Builder
	for i := range mostPairs + 1 {
		b.WriteString("&f" + strings.Repeat("x", i) + "=1")
	}
	return b.String()[1:]
}

// Nothing that is signed can be changed by one bit.
func TestFlippedNotification(t *testing.T) {
	c, body := published(t), captured(t)
	form, err := url.ParseQuery(string(body))
	require.NoError(t, err)
	for name := range form {
		for i := range form.Get(name) {
			changed := url.Values{}
			for other, values := range form {
				changed.Set(other, values[0])
			}
			value := []byte(form.Get(name))
			value[i] ^= 1
			changed.Set(name, string(value))
			if name == "sign" && i == len(value)-1 {
				continue // its last character is padding
			}
			_, err := c.ParseNotificationBody([]byte(changed.Encode()))
			require.Error(t, err, "%s[%d]", name, i)
		}
	}
}

// notice is a signed notification with the fields changed.
func notice(t *testing.T, p *platform, change map[string]string) string {
	t.Helper()
	fields := map[string]string{
		"acqSpId": "Y471790403", "acqMerId": "41509208", "orderNo": "A1", "txnAmt": "1250", "notifyType": "1", "orderType": "wechat",
		"transIndex": "I1", "merPriv": "张三",
	}
	for name, value := range change {
		fields[name] = value
	}
	text, err := json.Marshal(fields)
	require.NoError(t, err)
	var signed map[string]string
	require.NoError(t, json.Unmarshal([]byte(p.signed(string(text))), &signed))
	form := url.Values{"sign": {signed["signature"]}}
	for name, value := range fields {
		form.Set(name, value)
	}
	return form.Encode()
}

func TestNotificationOutcomes(t *testing.T) {
	c, p := dial(t, always(""))
	for _, tt := range []struct {
		change           map[string]string
		outcome          cnpay.Outcome
		operation, order string
	}{
		{nil, cnpay.Succeeded, "", "A1"},
		{map[string]string{"orderType": "alipay"}, cnpay.Succeeded, "", "A1"},
		{map[string]string{"orderType": "mobilepos"}, cnpay.Pending, "", "A1"},
		{map[string]string{"orderType": ""}, cnpay.Pending, "", "A1"},
		{map[string]string{"notifyType": "2"}, cnpay.Succeeded, OpOrderCancel, "A1"},
		{map[string]string{"notifyType": "3", "refundOrderNo": "R1"}, cnpay.Succeeded, OpOrderRefund, "R1"},
		{map[string]string{"notifyType": ""}, cnpay.Unknown, "", "A1"},
		{map[string]string{"notifyType": "4"}, cnpay.Unknown, "", "A1"},
	} {
		n, err := c.ParseNotificationBody([]byte(notice(t, p, tt.change)))
		require.NoError(t, err)
		require.Equal(t, tt.outcome, cnpay.OutcomeOf(n, nil), "%v", tt.change)
		require.Equal(t, tt.operation, n.Ticket.Operation, "%v", tt.change)
		require.Equal(t, tt.order, n.Ticket.Order, "%v", tt.change)
		require.Equal(t, "张三", n.MerPriv)
	}
	for name, tt := range map[string]struct {
		change map[string]string
		want   error
	}{
		"another service provider":  {map[string]string{"acqSpId": "Y000000001"}, cnpay.ErrMismatch},
		"no order":                  {map[string]string{"orderNo": ""}, cnpay.ErrMalformed},
		"no amount":                 {map[string]string{"txnAmt": ""}, cnpay.ErrMalformed},
		"an amount that is not one": {map[string]string{"txnAmt": "1.5"}, cnpay.ErrMalformed},
		"a negative amount":         {map[string]string{"txnAmt": "-1"}, cnpay.ErrMalformed},
	} {
		_, err := c.ParseNotificationBody([]byte(notice(t, p, tt.change)))
		require.ErrorIs(t, err, tt.want, name)
	}
	n, err := c.ParseNotificationBody([]byte(notice(t, p, map[string]string{"payAmt": "1.5", "x": "y"})))
	require.NoError(t, err, "a second amount that is not one loses no message")
	require.Equal(t, map[string]string{"payAmt": "1.5", "x": "y"}, n.Extra)
	require.Zero(t, n.PayAmt)
}

func TestNotificationHandler(t *testing.T) {
	var log bytes.Buffer
	c, p := dial(t, always(""), cnpay.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	var heard []*Notification
	var failure error
	handler := c.NotificationHandler(func(_ context.Context, n *Notification) error {
		heard = append(heard, n)
		return failure
	})
	post := func(method, body string) (int, string) {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(method, "/", strings.NewReader(body)))
		return w.Code, w.Body.String()
	}
	good := notice(t, p, nil)
	status, answer := post(http.MethodPost, good)
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `{"respCode":"00","respMsg":"success"}`, answer)
	status, answer = post(http.MethodPost, good)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, answer, `"00"`)
	require.Len(t, heard, 2)
	require.Equal(t, heard[0].Key(), heard[1].Key(), "the same message twice")

	failure = errors.New("disk full")
	status, answer = post(http.MethodPost, good)
	require.Equal(t, http.StatusInternalServerError, status)
	require.NotContains(t, answer, `"00"`)
	require.NotContains(t, answer, "disk")
	status, answer = post(http.MethodPost, good+"1")
	require.Equal(t, http.StatusBadRequest, status)
	require.NotContains(t, answer, `"00"`)
	require.Len(t, heard, 3, "a forged one is handed to nobody")
	status, _ = post(http.MethodGet, "")
	require.Equal(t, http.StatusMethodNotAllowed, status)
	require.Contains(t, log.String(), "disk full")
	require.NotContains(t, log.String(), "张三")
}

func FuzzParseNotificationBody(f *testing.F) {
	c := published(f)
	f.Add(captured(f))
	f.Add([]byte("a=%2525&sign=%2B"))
	genuine := url.Values{}
	for name, values := range mustForm(captured(f)) {
		genuine[name] = values
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := c.ParseNotificationBody(body)
		if err == nil && n.OrderNo != genuine.Get("orderNo") {
			t.Errorf("forged: %q", body)
		}
	})
}

func mustForm(body []byte) url.Values {
	form, _ := url.ParseQuery(string(body))
	return form
}
