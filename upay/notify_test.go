package upay_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/upay"
)

// listening is a client that accepts what testKey signs.
func listening(t testing.TB) *upay.Client {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&testKey().PublicKey)
	require.NoError(t, err)
	client, err := upay.New(upay.Config{
		TerminalSN: terminalSN, TerminalKey: terminalKey,
		NotificationKeys: []string{upay.NotificationKey, base64.StdEncoding.EncodeToString(der)},
	})
	require.NoError(t, err)
	return client
}

func signed(t testing.TB, body string) string {
	t.Helper()
	sum := sha256.Sum256([]byte(body))
	signature, err := rsa.SignPKCS1v15(rand.Reader, testKey(), crypto.SHA256, sum[:])
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(signature)
}

// A notification says what its order's state says, not that one came.
func TestNotificationOutcomes(t *testing.T) {
	client := listening(t)
	capture, err := os.ReadFile("testdata/captures/notification-not-paid.json")
	require.NoError(t, err)
	message := func(status, orderStatus, more string) string {
		return `{"sn":"1","client_sn":"SN1","status":"` + status + `","order_status":"` + orderStatus + `","total_amount":"2"` + more + `}`
	}
	for name, tt := range map[string]struct {
		body      string
		outcome   cnpay.Outcome
		operation string
		order     string
		cause     string
	}{
		"the capture of 2021":        {string(capture), cnpay.Unknown, "", "SN1", ""},
		"paid":                       {message("SUCCESS", "PAID", `,"net_amount":"2","sub_payway":"1"`), cnpay.Succeeded, upay.OpOrderPayByCode, "SN1", ""},
		"paid by scan":               {message("SUCCESS", "PAID", `,"sub_payway":"2"`), cnpay.Succeeded, upay.OpOrderCreateQR, "SN1", ""},
		"paid, inside biz_response":  {`{"result_code":"200","biz_response":{"result_code":"PAY_SUCCESS","data":` + message("SUCCESS", "PAID", "") + `}}`, cnpay.Succeeded, "", "SN1", ""},
		"paid, inside data":          {`{"data":` + message("SUCCESS", "PAID", "") + `}`, cnpay.Succeeded, "", "SN1", ""},
		"paid, nothing left":         {message("SUCCESS", "PAID", `,"net_amount":"0"`), cnpay.Unknown, "", "SN1", "net_amount 0 contradicts order_status PAID"},
		"paid, and failed":           {message("FAIL_CANCELED", "PAID", ""), cnpay.Unknown, "", "SN1", "status FAIL_CANCELED contradicts order_status PAID"},
		"not paid":                   {message("FAIL_CANCELED", "PAY_CANCELED", ""), cnpay.Failed, "", "SN1", ""},
		"cancelled":                  {message("SUCCESS", "CANCELED", `,"net_amount":"0"`), cnpay.Failed, "", "SN1", ""},
		"not certain at the channel": {message("FAIL_IO_1", "PAY_CANCELED", ""), cnpay.Unknown, "", "SN1", "status FAIL_IO_1 contradicts order_status PAY_CANCELED"},
		"open":                       {message("CREATED", "CREATED", ""), cnpay.Pending, "", "SN1", ""},
		"refunded":                   {message("SUCCESS", "PARTIAL_REFUNDED", `,"client_tsn":"SN1-R1","net_amount":"1"`), cnpay.Succeeded, upay.OpOrderRefund, "SN1-R1", ""},
		"a refund that failed":       {message("FAIL_CANCELED", "PAID", `,"client_tsn":"SN1-R1"`), cnpay.Failed, upay.OpOrderRefund, "SN1-R1", ""},
		"an undocumented state":      {message("SUCCESS", "SETTLED", ""), cnpay.Unknown, "", "SN1", ""},
		"no state":                   {`{"sn":"1","client_sn":"SN1"}`, cnpay.Unknown, "", "SN1", ""},
	} {
		n, err := client.ParseNotificationBytes(signed(t, tt.body), []byte(tt.body))
		require.NoError(t, err, name)
		require.Equal(t, tt.outcome, n.CallOutcome(), name)
		require.Equal(t, tt.outcome, cnpay.OutcomeOf(n, nil), name)
		ticket := n.CallTicket()
		require.Equal(t, []string{"upay", terminalSN, tt.operation, tt.order}, []string{ticket.Provider, ticket.Account, ticket.Operation, ticket.Order}, name)
		require.Equal(t, "SN1", ticket.Fields["client_sn"], name)
		if n.TotalAmount != 0 {
			require.Equal(t, strconv.FormatInt(n.TotalAmount, 10), ticket.Fields["total_amount"], name)
		}
		require.Equal(t, tt.body, string(n.Raw), name)
		if tt.cause == "" {
			require.NoError(t, n.Cause(), name)
		} else {
			require.EqualError(t, n.Cause(), tt.cause, name)
		}
		var _ cnpay.Notification = n
	}
	n, err := client.ParseNotificationBytes(signed(t, string(capture)), capture)
	require.NoError(t, err)
	require.Equal(t, "PAY_ERROR", n.OrderStatus)
	require.Empty(t, n.TerminalSN)
	require.EqualValues(t, 2, n.TotalAmount)
	require.Empty(t, n.Extra)
}

func TestNotificationsThatAreRefused(t *testing.T) {
	client := listening(t)
	const body = `{"sn":"1","client_sn":"SN1","order_status":"PAID"}`
	good := signed(t, body)
	raw, err := base64.StdEncoding.DecodeString(good)
	require.NoError(t, err)
	for i := range raw {
		raw[i] ^= 1
		_, err := client.ParseNotificationBytes(base64.StdEncoding.EncodeToString(raw), []byte(body))
		require.ErrorIs(t, err, cnpay.ErrSignature)
		raw[i] ^= 1
	}
	for i := range body {
		forged := []byte(body)
		forged[i] ^= 1
		_, err := client.ParseNotificationBytes(good, forged)
		require.ErrorIs(t, err, cnpay.ErrSignature)
	}
	for name, tt := range map[string]struct {
		authorization, body string
		cause               error
		says                string
	}{
		"no header":              {"", body, cnpay.ErrSignature, "no Authorization header"},
		"a word":                 {"success", body, cnpay.ErrSignature, ""},
		"no JSON":                {signed(t, "success"), "success", cnpay.ErrMalformed, ""},
		"no order":               {signed(t, `{"status":"SUCCESS"}`), `{"status":"SUCCESS"}`, cnpay.ErrMalformed, "names no order"},
		"two orders":             {signed(t, `{"sn":"1","data":{"sn":"2"}}`), `{"sn":"1","data":{"sn":"2"}}`, cnpay.ErrMalformed, "two orders"},
		"two orders, one inside": {signed(t, `{"sn":"1","biz_response":{"sn":"1"}}`), `{"sn":"1","biz_response":{"sn":"1"}}`, cnpay.ErrMalformed, "two orders"},
		"a name twice":           {signed(t, `{"sn":"1","sn":"2"}`), `{"sn":"1","sn":"2"}`, cnpay.ErrMalformed, "duplicated"},
		"too large":              {good, strings.Repeat(" ", 70_000) + body, cnpay.ErrTooLarge, ""},
	} {
		_, err := client.ParseNotificationBytes(tt.authorization, []byte(tt.body))
		require.ErrorIs(t, err, tt.cause, name)
		require.ErrorContains(t, err, tt.says, name)
	}
}

func TestNotificationKeys(t *testing.T) {
	der, err := x509.MarshalPKIXPublicKey(&testKey().PublicKey)
	require.NoError(t, err)
	armoured := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	lines := strings.Split(upay.NotificationKey, "+")
	for name, key := range map[string]string{
		"a + that was lost":    strings.Join(lines[:2], "+") + strings.Join(lines[2:], "+"),
		"a line that was lost": strings.Join(append(strings.Split(armoured, "\n")[:2:2], strings.Split(armoured, "\n")[3:]...), "\n"),
		"no key":               "key",
	} {
		_, err := upay.New(upay.Config{TerminalSN: terminalSN, TerminalKey: terminalKey, NotificationKeys: []string{armoured, key}})
		require.ErrorContains(t, err, "upay: config: notification key 2: ", name)
		require.NotContains(t, err.Error(), "\n")
	}
}

// The published copies of the key have lost the + at the beginning of their second line.
func TestPublishedKeyThatLostAPlus(t *testing.T) {
	broken := upay.NotificationKey[:64] + strings.Replace(upay.NotificationKey[64:], "+", "", 1)
	require.Len(t, broken, len(upay.NotificationKey)-1)
	_, err := upay.New(upay.Config{TerminalSN: terminalSN, TerminalKey: terminalKey, NotificationKeys: []string{broken}})
	require.Error(t, err)
}

// A notification that comes twice has one key; one of another state, or of another refund, has another.
func TestNotificationKeyOfDuplicates(t *testing.T) {
	gateway, client := start(t)
	sn := gateway.AddOrder("order1", 10000)
	seen := map[string]bool{}
	hear := func() *upay.Notification {
		authorization, body, err := gateway.Notification("order1", cnpaytest.OK)
		require.NoError(t, err)
		n, err := client.ParseNotificationBytes(authorization, body)
		require.NoError(t, err)
		return n
	}
	for _, status := range []string{"CREATED", "PAID", "PARTIAL_REFUNDED", "REFUNDED", "PAY_ERROR"} {
		gateway.SetStatus(sn, status)
		n := hear()
		require.False(t, seen[n.Key()], status)
		seen[n.Key()] = true
		require.Equal(t, n.Key(), hear().Key(), status)
	}
	for _, no := range []string{"R1", "R2"} {
		gateway.SetStatus(sn, "PAID")
		_, err := client.Orders.Refund(t.Context(), &upay.OrderRefundRequest{SN: sn, RefundRequestNo: no, Operator: "o", RefundAmount: 1})
		require.NoError(t, err)
		n := hear()
		require.False(t, seen[n.Key()])
		seen[n.Key()] = true
		require.Equal(t, upay.OpOrderRefund, n.CallTicket().Operation)
	}
}

func TestNotificationHandler(t *testing.T) {
	var heard []string
	broken := errors.New("the database is away")
	var fails error
	gateway, client := start(t)
	shop := httptest.NewServer(client.NotificationHandler(func(_ context.Context, n *upay.Notification) error {
		if fails == nil {
			heard = append(heard, n.Key())
		}
		return fails
	}))
	defer shop.Close()
	request := sale("order1")
	request.NotifyURL = shop.URL
	_, err := client.Orders.PayByCode(t.Context(), &upay.OrderPayByCodeRequest{Sale: request, DynamicID: "130000000000000001"})
	require.NoError(t, err)

	fails = broken
	answer, err := gateway.Notify(t.Context(), "order1", cnpaytest.OK)
	require.NoError(t, err)
	require.NotEqual(t, "success", answer, "Upay must send it again")
	require.NotContains(t, answer, "database")
	fails = nil
	for range 2 {
		answer, err = gateway.Notify(t.Context(), "order1", cnpaytest.OK)
		require.NoError(t, err)
		require.Equal(t, "success", answer)
	}
	require.Len(t, heard, 2)
	require.Equal(t, heard[0], heard[1])
	for _, fault := range []cnpaytest.Fault{cnpaytest.BadSignature, cnpaytest.Unsigned} {
		answer, err = gateway.Notify(t.Context(), "order1", fault)
		require.NoError(t, err)
		require.NotEqual(t, "success", answer, fault)
	}
	require.Len(t, heard, 2)

	res, err := http.Get(shop.URL)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode)
}

// A body that somebody has read cannot be verified any more; its bytes can.
func TestNotificationWhoseBodyWasRead(t *testing.T) {
	client := listening(t)
	const body = `{"sn":"1","client_sn":"SN1","status":"SUCCESS","order_status":"PAID"}`
	request := func() *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader([]byte(body)))
		r.Header.Set("Authorization", terminalSN+" "+signed(t, body))
		return r
	}
	n, err := client.ParseNotification(request())
	require.NoError(t, err)
	require.Equal(t, "SN1", n.ClientSN)
	read := request()
	_, err = io.Copy(io.Discard, read.Body)
	require.NoError(t, err)
	_, err = client.ParseNotification(read)
	require.ErrorContains(t, err, "the body was read before")
	_, err = client.ParseNotification(&http.Request{Header: read.Header})
	require.ErrorContains(t, err, "the body was read before")
	n, err = client.ParseNotificationBytes(read.Header.Get("Authorization"), []byte(body))
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, n.CallOutcome())
}

func FuzzNotification(f *testing.F) {
	client := listening(f)
	for _, body := range []string{
		`{"sn":"1","client_sn":"SN1","status":"SUCCESS","order_status":"PAID"}`,
		`{"biz_response":{"data":{"sn":"1","order_status":"PAID","net_amount":1}}}`, `{"data":{"sn":"1"}}`, `{}`, ``,
	} {
		f.Add(body, "")
	}
	f.Fuzz(func(t *testing.T, body, authorization string) {
		if _, err := client.ParseNotificationBytes(authorization, []byte(body)); err == nil {
			t.Fatal("verified without the key")
		}
		n, err := client.ParseNotificationBytes(signed(t, body), []byte(body))
		if err == nil && n.CallOutcome() == cnpay.Succeeded && !strings.Contains(body, "PAID") && !strings.Contains(body, "REFUND") && !strings.Contains(body, `\u`) {
			t.Fatalf("succeeded by %q", body)
		}
	})
}

// What an editor or a log leaves around a stored body is no part of what was signed, and cannot be read in two ways.
func TestNotificationThatWasStoredAsText(t *testing.T) {
	client := listening(t)
	const body = `{"sn":"1","client_sn":"SN1","order_status":"PAID"}`
	for _, stored := range []string{body + "\n", body + "\r\n", "\ufeff" + body, " " + body + " "} {
		n, err := client.ParseNotificationBytes(signed(t, body), []byte(stored))
		require.NoError(t, err, "%q", stored)
		require.Equal(t, cnpay.Succeeded, n.CallOutcome())
		require.Equal(t, body, string(n.Raw))
	}
	n, err := client.ParseNotificationBytes(signed(t, body+"\n"), []byte(body+"\n"))
	require.NoError(t, err, "signed with its line end")
	require.Equal(t, body+"\n", string(n.Raw))
}

// A notification that was stored as JSON has the same outcome when it is read back.
func TestNotificationSurvivesItsJSONForm(t *testing.T) {
	client := listening(t)
	for body, want := range map[string]cnpay.Outcome{
		`{"sn":"1","client_sn":"SN1","order_status":"PAID"}`:         cnpay.Succeeded,
		`{"sn":"1","client_sn":"SN1","order_status":"PAY_CANCELED"}`: cnpay.Failed,
		`{"sn":"1","client_sn":"SN1","order_status":"PAY_ERROR"}`:    cnpay.Unknown,
	} {
		n, err := client.ParseNotificationBytes(signed(t, body), []byte(body))
		require.NoError(t, err)
		text, err := json.Marshal(n)
		require.NoError(t, err)
		stored := &upay.Notification{}
		require.NoError(t, json.Unmarshal(text, stored))
		require.Equal(t, []cnpay.Outcome{want, want}, []cnpay.Outcome{n.CallOutcome(), stored.CallOutcome()}, body)
	}
}
