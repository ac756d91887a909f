package umpay_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/umpay"
)

// sign answers a request as the bridge does.
func sign(t testing.TB, r *http.Request, secret string, status int, body string) *http.Response {
	t.Helper()
	nonce := regexp.MustCompile(`nonce="([0-9a-f]+)"`).FindStringSubmatch(r.Header.Get("Authorization"))
	require.NotNil(t, nonce)
	header := authorization("N9000001", secret, strconv.Itoa(status), r.URL.EscapedPath(), nonce[1], time.Now(), body)
	return answer(status, http.Header{"Authorization": {header}}, body)
}

// authorization is the header by a second implementation.
func authorization(terminal, secret, subject, path, nonce string, now time.Time, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%s\n%s\n%d\n%s\n%x", subject, path, now.Unix(), nonce, sha256.Sum256([]byte(body)))
	return fmt.Sprintf(`CNPAY-HMAC-SHA256 terminal="%s",timestamp="%d",nonce="%s",signature="%x"`, terminal, now.Unix(), nonce, mac.Sum(nil))
}

// answered is a client whose bridge answers every request with this genuine answer.
func answered(t testing.TB, status int, body string) *umpay.Client {
	t.Helper()
	client, err := umpay.New(umpay.Config{Gateway: "https://bridge.example", Terminal: "N9000001", Secret: "s"},
		over(func(r *http.Request) (*http.Response, error) { return sign(t, r, "s", status, body), nil }),
		cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
	require.NoError(t, err)
	return client
}

// event is a genuine event about the request of about, with more members at its end.
func event(callback, rest string) string {
	return `{"id":"1","op":"cardPreAuthRever","callback":"` + callback + `","posSN":"N9000001","terminalTime":"2020-05-21T15:30:12+08:00","seq":4` + rest + `}`
}

func about() *umpay.PreauthCancelRequest {
	return &umpay.PreauthCancelRequest{ID: "1", Amount: 10000, UPayTrace: trace, OrderID: order}
}

func TestAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		status  int
		body    string
		outcome cnpay.Outcome
		cause   error
		code    string
	}{
		"success":                   {200, event("onReverSuccess", `,"result":{"code":60150200,"message":"成功"}`), cnpay.Succeeded, nil, "60150200"},
		"mark and line ends":        {200, "\ufeff\r\n " + event("onReverSuccess", ``) + "\r\n", cnpay.Succeeded, nil, ""},
		"a mark inside":             {200, "{\ufeff" + event("onReverSuccess", ``)[1:], cnpay.Unknown, cnpay.ErrMalformed, ""},
		"code as text":              {200, event("onReverSuccess", `,"result":{"code":"60150200","amount":10000}`), cnpay.Succeeded, nil, "60150200"},
		"code zero":                 {200, event("onReverSuccess", `,"result":{"code":0}`), cnpay.Succeeded, nil, "0"},
		"code null":                 {200, event("onReverSuccess", `,"result":{"code":null,"amount":""}`), cnpay.Succeeded, nil, ""},
		"no result":                 {200, event("onReverSuccess", ``), cnpay.Succeeded, nil, ""},
		"null result":               {200, event("onReverSuccess", `,"result":null,"request":null`), cnpay.Succeeded, nil, ""},
		"undocumented code":         {200, event("onReverSuccess", `,"result":{"code":60159999}`), cnpay.Succeeded, nil, "60159999"},
		"unknown members":           {200, event("onReverSuccess", `,"new":[1],"result":{"code":60150200,"cardType":"01","nested":{"a":1}}`), cnpay.Succeeded, nil, "60150200"},
		"amount with zeros":         {200, event("onReverSuccess", `,"result":{"amount":"000000010000"}`), cnpay.Succeeded, nil, ""},
		"seq as text":               {200, strings.Replace(event("onReverSuccess", ``), `"seq":4`, `"seq":"4"`, 1), cnpay.Succeeded, nil, ""},
		"no seq, no time":           {200, `{"id":"1","op":"cardPreAuthRever","callback":"onReverSuccess","posSN":"N9000001"}`, cnpay.Succeeded, nil, ""},
		"echo":                      {200, event("onReverSuccess", `,"request":{"amount":10000,"uPayTrace":"000123","orderId":"`+order+`"}`), cnpay.Succeeded, nil, ""},
		"fail":                      {200, event("onReverFail", `,"result":{"code":60150005}`), cnpay.Failed, cnpay.ErrRefused, "60150005"},
		"fail, undocumented":        {200, event("onReverFail", `,"result":{"code":60150099}`), cnpay.Failed, cnpay.ErrRefused, "60150099"},
		"fail, zero":                {200, event("onReverFail", `,"result":{"code":0}`), cnpay.Failed, cnpay.ErrRefused, "0"},
		"fail, -1":                  {200, event("onReverFail", `,"result":{"code":-1}`), cnpay.Failed, cnpay.ErrRefused, "-1"},
		"fail, -2":                  {200, event("onReverFail", `,"result":{"code":-2}`), cnpay.Unknown, cnpay.ErrUndecided, "-2"},
		"fail, call broke":          {200, event("onReverFail", `,"result":{"code":60150009}`), cnpay.Unknown, cnpay.ErrUndecided, "60150009"},
		"fail that says success":    {200, event("onReverFail", `,"result":{"code":60150200}`), cnpay.Unknown, cnpay.ErrUndecided, "60150200"},
		"success that says fail":    {200, event("onReverSuccess", `,"result":{"code":60150005}`), cnpay.Unknown, cnpay.ErrUndecided, "60150005"},
		"unknown":                   {200, event("onReverUnknown", `,"result":{"code":601500010}`), cnpay.Unknown, cnpay.ErrUndecided, "601500010"},
		"unknown with success":      {200, event("onReverUnknown", `,"result":{"code":60150200}`), cnpay.Unknown, cnpay.ErrUndecided, "60150200"},
		"rebind":                    {200, event("onReBind", `,"result":{"code":61000002,"message":"x"}`), cnpay.Unknown, cnpay.ErrUndecided, "61000002"},
		"progress":                  {200, event("onProgressUpdate", `,"result":{"code":60150004}`), cnpay.Unknown, cnpay.ErrUndecided, "60150004"},
		"undocumented callback":     {200, event("onReverDone", `,"result":{"code":60150200}`), cnpay.Unknown, cnpay.ErrUndecided, "60150200"},
		"callback of another op":    {200, event("onPaySuccess", `,"result":{"code":60150200}`), cnpay.Unknown, cnpay.ErrUndecided, "60150200"},
		"no callback":               {200, `{"id":"1","op":"cardPreAuthRever","posSN":"N9000001"}`, cnpay.Unknown, cnpay.ErrUndecided, ""},
		"running":                   {202, ``, cnpay.Pending, nil, ""},
		"refused by the bridge":     {400, `{"faults":[{"field":"amount","problem":"is odd"},{"field":"op","problem":"is new"}]}`, cnpay.Failed, cnpay.ErrRefused, "400"},
		"expired":                   {410, `{"faults":[{"field":"notAfter","problem":"is past"}]}`, cnpay.Failed, cnpay.ErrRefused, "410"},
		"nonce used":                {401, `{"faults":[]}`, cnpay.Unknown, cnpay.ErrUndecided, "401"},
		"no such path":              {404, `not json`, cnpay.Unknown, cnpay.ErrUndecided, "404"},
		"busy":                      {429, `{}`, cnpay.Unknown, cnpay.ErrUndecided, "429"},
		"created":                   {201, event("onReverSuccess", ``), cnpay.Unknown, cnpay.ErrUndecided, "201"},
		"empty":                     {200, ``, cnpay.Unknown, cnpay.ErrMalformed, ""},
		"not JSON":                  {200, `<html>`, cnpay.Unknown, cnpay.ErrMalformed, ""},
		"a list":                    {200, `[` + event("onReverSuccess", ``) + `]`, cnpay.Unknown, cnpay.ErrMalformed, ""},
		"null":                      {200, `null`, cnpay.Unknown, cnpay.ErrMalformed, ""},
		"two objects":               {200, event("onReverSuccess", ``) + event("onReverSuccess", ``), cnpay.Unknown, cnpay.ErrMalformed, ""},
		"a name twice":              {200, event("onReverFail", `,"callback":"onReverSuccess"`), cnpay.Unknown, cnpay.ErrMalformed, ""},
		"a name twice inside":       {200, event("onReverSuccess", `,"result":{"code":60150200,"code":60150005}`), cnpay.Unknown, cnpay.ErrMalformed, ""},
		"deep":                      {200, event("onReverSuccess", `,"x":`+strings.Repeat(`[`, 50)+strings.Repeat(`]`, 50)), cnpay.Unknown, cnpay.ErrMalformed, ""},
		"not UTF-8":                 {200, event("onReverSuccess", ",\"x\":\"\xff\""), cnpay.Unknown, cnpay.ErrMalformed, ""},
		"code is text":              {200, event("onReverSuccess", `,"result":{"code":"ok"}`), cnpay.Unknown, cnpay.ErrMalformed, ""},
		"code is broken":            {200, event("onReverSuccess", `,"result":{"code":60150200.5}`), cnpay.Unknown, cnpay.ErrMalformed, ""},
		"code is huge":              {200, event("onReverSuccess", `,"result":{"code":99999999999999999999}`), cnpay.Unknown, cnpay.ErrMalformed, ""},
		"result is text":            {200, event("onReverSuccess", `,"result":"{}"`), cnpay.Unknown, cnpay.ErrMalformed, ""},
		"callback is a number":      {200, `{"id":"1","op":"cardPreAuthRever","callback":1,"posSN":"N9000001"}`, cnpay.Unknown, cnpay.ErrUndecided, ""},
		"other id":                  {200, strings.Replace(event("onReverSuccess", ``), `"1"`, `"2"`, 1), cnpay.Unknown, cnpay.ErrMismatch, ""},
		"no id":                     {200, `{"op":"cardPreAuthRever","callback":"onReverSuccess","posSN":"N9000001"}`, cnpay.Unknown, cnpay.ErrMismatch, ""},
		"other terminal":            {200, strings.Replace(event("onReverSuccess", ``), `N9000001`, `N9000002`, 1), cnpay.Unknown, cnpay.ErrMismatch, ""},
		"other op":                  {200, strings.Replace(event("onReverSuccess", ``), `cardPreAuthRever`, `cardPreAuthDoneRever`, 1), cnpay.Unknown, cnpay.ErrMismatch, ""},
		"other order":               {200, event("onReverSuccess", `,"result":{"orderId":"2"}`), cnpay.Unknown, cnpay.ErrMismatch, ""},
		"other amount":              {200, event("onReverSuccess", `,"result":{"amount":"9999"}`), cnpay.Unknown, cnpay.ErrMismatch, ""},
		"amount zero":               {200, event("onReverSuccess", `,"result":{"amount":"0"}`), cnpay.Unknown, cnpay.ErrMismatch, ""},
		"amount in yuan":            {200, event("onReverSuccess", `,"result":{"amount":"100.00"}`), cnpay.Unknown, cnpay.ErrMalformed, ""},
		"echo of another amount":    {200, event("onReverSuccess", `,"request":{"amount":1}`), cnpay.Unknown, cnpay.ErrMismatch, ""},
		"echo of another voucher":   {200, event("onReverSuccess", `,"request":{"uPayTrace":"000124"}`), cnpay.Unknown, cnpay.ErrMismatch, ""},
		"echo of another order":     {200, event("onReverSuccess", `,"request":{"orderId":"2"}`), cnpay.Unknown, cnpay.ErrMismatch, ""},
		"refusal of no amount":      {200, event("onReverFail", `,"result":{"amount":"0"}`), cnpay.Failed, cnpay.ErrRefused, ""},
		"negative amount":           {200, event("onReverSuccess", `,"result":{"amount":"-10000"}`), cnpay.Unknown, cnpay.ErrMismatch, ""},
		"request is unreadable":     {200, event("onReverSuccess", `,"request":{"amount":"x"}`), cnpay.Unknown, cnpay.ErrMalformed, ""},
		"refusal of another amount": {200, event("onReverFail", `,"result":{"amount":"9999"}`), cnpay.Unknown, cnpay.ErrMismatch, ""},
		"refusal of another order":  {200, event("onReverFail", `,"result":{"orderId":"2"}`), cnpay.Unknown, cnpay.ErrMismatch, ""},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := answered(t, tt.status, tt.body).Preauth.Cancel(t.Context(), about())
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err), "%v", err)
			require.ErrorIs(t, err, tt.cause)
			var e *cnpay.Error
			if err != nil {
				require.ErrorAs(t, err, &e)
				require.Equal(t, tt.code, e.Code)
				require.Equal(t, tt.status, e.HTTPStatus)
			}
			belongs := tt.cause == nil || tt.cause == cnpay.ErrRefused || tt.cause == cnpay.ErrUndecided
			require.Equal(t, belongs, res != nil)
			if res != nil {
				require.Equal(t, "1", res.Event.ID)
				require.Equal(t, tt.outcome, res.Outcome)
			}
		})
	}
}

// TestInFrontOfTheBridge: what the bridge has not signed is not its answer, whatever the status, and the error says what
// is known of its origin.
func TestInFrontOfTheBridge(t *testing.T) {
	const unsigned = "answer not verified: want one Authorization header, found 0"
	for _, tt := range []struct {
		status     int
		body, text string
	}{
		{200, "<html>", ": an HTML page: " + unsigned},
		{202, "", ": unexpected HTTP status: 202 Accepted: " + unsigned},
		{400, `{"faults":[{"field":"id","problem":"is bad"}]}`, ": unexpected HTTP status: 400 Bad Request: " + unsigned},
		{401, "", ": unexpected HTTP status: 401 Unauthorized: another terminal or secret than the bridge's, or clocks more than 5m0s apart: " + unsigned},
		{403, "\ufeff\n<!doctype html>", ": unexpected HTTP status: 403 Forbidden: an HTML page: " + unsigned},
		{404, "404 page not found", ": unexpected HTTP status: 404 Not Found: " + unsigned},
		{407, "<html>", ": unexpected HTTP status: 407: the proxy wants a password: an HTML page: " + unsigned},
		{410, "", ": unexpected HTTP status: 410 Gone: " + unsigned},
		{413, "", ": unexpected HTTP status: 413 Request Entity Too Large: " + unsigned},
		{429, "", ": unexpected HTTP status: 429 Too Many Requests: " + unsigned},
		{502, "<html>", ": unexpected HTTP status: 502 Bad Gateway"},
	} {
		client, err := umpay.New(umpay.Config{Gateway: "https://bridge.example", Terminal: "N9000001", Secret: "s"},
			over(func(*http.Request) (*http.Response, error) { return answer(tt.status, nil, tt.body), nil }),
			cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
		require.NoError(t, err)
		res, err := client.Preauth.Cancel(t.Context(), about())
		require.Nil(t, res)
		require.EqualError(t, err, "umpay plugin_card_pre_auth_rever 1: unknown"+tt.text)
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
		require.Equal(t, tt.status != 200, errors.Is(err, cnpay.ErrHTTPStatus))
		require.Equal(t, tt.status < 500, errors.Is(err, cnpay.ErrSignature))
		settled, err := settle(t, client, about(), quick(2))
		require.ErrorContains(t, err, "unknown: after 2 queries: ")
		require.ErrorContains(t, err, tt.text[2:])
		require.Equal(t, cnpay.Unknown, settled.Outcome)
	}
}

func TestRefusalSaysWhy(t *testing.T) {
	_, err := answered(t, 400, `{"faults":[{"field":"amount","problem":"is odd"},{"field":"op","problem":"is new"}]}`).Preauth.Cancel(t.Context(), about())
	var e *cnpay.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "amount is odd; op is new", e.Message)
}

// TestMismatchNamesTheField by its wire name.
func TestMismatchNamesTheField(t *testing.T) {
	for field, rest := range map[string]string{
		"request.amount":    `,"request":{"amount":1}`,
		"request.uPayTrace": `,"request":{"uPayTrace":"1"}`,
		"request.orderId":   `,"request":{"orderId":"1"}`,
		"result.orderId":    `,"result":{"orderId":"1"}`,
		"result.amount":     `,"result":{"amount":"1"}`,
	} {
		_, err := answered(t, 200, event("onReverSuccess", rest)).Preauth.Cancel(t.Context(), about())
		require.ErrorIs(t, err, cnpay.ErrMismatch)
		require.ErrorContains(t, err, ": "+field+" differs")
	}
}

func TestUnknownMembersAreKept(t *testing.T) {
	res, err := answered(t, 200, event("onReverSuccess", `,"new":[1, 2],"result":{"code":60150200,"cardType":"01","account":"6221 5588 1234 0000"}`)).
		Preauth.Cancel(t.Context(), about())
	require.NoError(t, err)
	require.Equal(t, map[string]string{"new": "[1,2]", "result.cardType": `"01"`}, res.Extra)
	require.Equal(t, masked, res.Result.Account)
	require.True(t, json.Valid(res.Raw))
}

// TestForgedAnswers flips every byte of a genuine answer's header and body: none is accepted.
func TestForgedAnswers(t *testing.T) {
	body := event("onReverSuccess", `,"result":{"code":60150200}`)
	var where int
	var corrupt func(header, body []byte)
	client, err := umpay.New(umpay.Config{Gateway: "https://bridge.example", Terminal: "N9000001", Secret: "s"},
		over(func(r *http.Request) (*http.Response, error) {
			genuine := sign(t, r, "s", 200, body)
			header, text := []byte(genuine.Header.Get("Authorization")), []byte(body)
			corrupt(header, text)
			return answer(200, http.Header{"Authorization": {string(header)}}, string(text)), nil
		}))
	require.NoError(t, err)
	try := func() error {
		res, err := client.Preauth.Cancel(t.Context(), about())
		require.Equal(t, err == nil, res != nil)
		return err
	}
	corrupt = func(_, _ []byte) {}
	require.NoError(t, try())
	for where = range body {
		corrupt = func(_, text []byte) { text[where] ^= 1 }
		require.ErrorIs(t, try(), cnpay.ErrSignature)
	}
	length := len(authorization("N9000001", "s", "200", "", strings.Repeat("0", 32), time.Now(), ""))
	for where = range length {
		corrupt = func(header, _ []byte) { header[where] ^= 1 }
		require.ErrorIs(t, try(), cnpay.ErrSignature, where)
	}
}

// TestAnswersToOtherRequests: a genuine signature under this secret, but of something else.
func TestAnswersToOtherRequests(t *testing.T) {
	body := event("onReverSuccess", ``)
	for name, tt := range map[string]struct {
		subject, path string
		status        int
		nonce         string
		values        int
		cause         error
	}{
		"genuine":         {"200", "/v1/commands", 200, "", 1, nil},
		"other status":    {"404", "/v1/commands", 200, "", 1, cnpay.ErrSignature},
		"a request":       {"POST", "/v1/commands", 200, "", 1, cnpay.ErrSignature},
		"other path":      {"200", "/v1/commands/1", 200, "", 1, cnpay.ErrSignature},
		"other nonce":     {"200", "/v1/commands", 200, strings.Repeat("0", 32), 1, cnpay.ErrMismatch},
		"header twice":    {"200", "/v1/commands", 200, "", 2, cnpay.ErrSignature},
		"header missing":  {"200", "/v1/commands", 200, "", 0, cnpay.ErrSignature},
		"unsigned status": {"200", "/v1/commands", 400, "", 1, cnpay.ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := umpay.New(umpay.Config{Gateway: "https://bridge.example", Terminal: "N9000001", Secret: "s"},
				over(func(r *http.Request) (*http.Response, error) {
					nonce := tt.nonce
					if nonce == "" {
						nonce = regexp.MustCompile(`nonce="([0-9a-f]+)"`).FindStringSubmatch(r.Header.Get("Authorization"))[1]
					}
					header := authorization("N9000001", "s", tt.subject, tt.path, nonce, time.Now(), body)
					values := make([]string, tt.values)
					for i := range values {
						values[i] = header
					}
					return answer(tt.status, http.Header{"Authorization": values}, body), nil
				}))
			require.NoError(t, err)
			res, err := client.Preauth.Cancel(t.Context(), about())
			require.ErrorIs(t, err, tt.cause)
			require.Equal(t, tt.cause == nil, res != nil)
		})
	}
}
