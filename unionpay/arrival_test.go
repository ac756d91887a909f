package unionpay_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
)

// Genuine messages do not all arrive as they left: what may have happened to them on the way.

// posted is the body of a notification about a cancellation, as UnionPay posts it.
func posted(t *testing.T, method unionpay.SignMethod, change ...func(*unionpay.PreauthCancelRequest)) (*unionpay.Client, string) {
	t.Helper()
	gateway, _ := start(t)
	client, err := unionpay.New(gateway.ConfigFor(method))
	require.NoError(t, err)
	var body string
	shop := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		body = string(text)
	}))
	t.Cleanup(shop.Close)
	req := cancellation(gateway)
	req.BackURL = shop.URL
	for _, c := range change {
		c(req)
	}
	_, err = client.Preauth.Cancel(t.Context(), req)
	require.NoError(t, err)
	_, err = gateway.Notify(t.Context(), req.OrderID, cnpaytest.OK)
	require.NoError(t, err)
	return client, body
}

func TestNotificationBody(t *testing.T) {
	client, body := posted(t, unionpay.RSA)
	want, err := client.ParseNotificationBody([]byte(body))
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, want.Common().Outcome)
	for _, ends := range [][2]string{{"", "\n"}, {"", "\r\n"}, {" ", " "}, {"\ufeff", ""}, {"\r\n\t", "\ufeff\r\n"}, {"", "&"}} {
		n, err := client.ParseNotificationBody([]byte(ends[0] + body + ends[1]))
		require.NoError(t, err, "%q", ends)
		require.Equal(t, want, n)
	}
	for _, empty := range []string{"", " \r\n", "\ufeff"} {
		_, err := client.ParseNotificationBody([]byte(empty))
		require.ErrorIs(t, err, cnpay.ErrMalformed)
		require.ErrorContains(t, err, "empty body")
	}
	_, err = client.ParseNotificationBody([]byte(strings.Repeat("a=1&", 1<<17)))
	require.ErrorIs(t, err, cnpay.ErrTooLarge)
}

// A framework, a middleware or the handler itself may have read the body before.
func TestBodyReadBefore(t *testing.T) {
	client, body := posted(t, unionpay.RSA, func(r *unionpay.PreauthCancelRequest) { r.ReqReserved = "a;b+c d%26" })
	want, err := client.ParseNotificationBody([]byte(body))
	require.NoError(t, err)
	request := func(text string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/notify?respCode=64&a=b", strings.NewReader(text))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	read := map[string]func(*http.Request){
		"ParseForm":          func(r *http.Request) { require.NoError(t, r.ParseForm()) },
		"FormValue":          func(r *http.Request) { require.NotEmpty(t, r.FormValue("orderId")) },
		"ParseForm and body": func(r *http.Request) { require.NoError(t, r.ParseForm()); require.NoError(t, r.Body.Close()) },
	}
	for name, before := range read {
		r := request(body)
		before(r)
		n, err := client.ParseNotification(r)
		require.NoError(t, err, name)
		require.Equal(t, want, n)
	}
	for text, cause := range map[string]error{
		body + "&respCode=64": cnpay.ErrMalformed, // which of the two is read?
		body + "&new=1":       cnpay.ErrSignature,
		strings.Replace(body, "respCode=00", "respCode=", 1): cnpay.ErrSignature,
		"a%3Db%26c=1": cnpay.ErrMalformed,
	} {
		r := request(text)
		require.NoError(t, r.ParseForm())
		_, err := client.ParseNotification(r)
		require.ErrorIs(t, err, cause)
	}
	// On a real connection, where the server closes what was read.
	var got unionpay.Notification
	shop := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/form":
			require.NoError(t, r.ParseForm())
		default:
			_, _ = io.ReadAll(r.Body)
			_ = r.Body.Close()
		}
		got, err = client.ParseNotification(r)
	}))
	defer shop.Close()
	for _, path := range []string{"/form", "/bytes"} {
		res, failed := http.Post(shop.URL+path, "application/x-www-form-urlencoded", strings.NewReader(body))
		require.NoError(t, failed)
		require.NoError(t, res.Body.Close())
		if path == "/form" {
			require.NoError(t, err)
			require.Equal(t, want, got)
			continue
		}
		require.ErrorIs(t, err, cnpay.ErrMalformed)
		require.ErrorContains(t, err, "the body was read before")
	}
	many := request("")
	many.PostForm = url.Values{}
	for i := range 300 {
		many.PostForm.Set(strings.Repeat("a", i+1), "")
	}
	_, err = client.ParseNotification(many)
	require.ErrorContains(t, err, "more than 200 fields")
}

// UnionPay's own receiver drops empty fields before it verifies.
func TestEmptyFields(t *testing.T) {
	for _, method := range []unionpay.SignMethod{unionpay.RSA, unionpay.SM3} {
		client, body := posted(t, method)
		want, err := client.ParseNotificationBody([]byte(body))
		require.NoError(t, err)
		for _, added := range []string{"&reserved=", "&accNo=&new=", "&signature2=&payType="} {
			n, err := client.ParseNotificationBody([]byte(body + added))
			require.NoError(t, err)
			require.Equal(t, want, n, "and nothing is left of what was not signed")
		}
		for _, added := range []string{"&reserved=+", "&accNo=&new=1", "&respCode=", "&empty"} {
			n, err := client.ParseNotificationBody([]byte(body + added))
			if added == "&empty" { // a name alone is an empty field to every parser of forms
				require.NoError(t, err)
				continue
			}
			require.Error(t, err, added)
			require.Nil(t, n)
		}
	}
}

// The cause that the fields show stands in the one line of the error.
func TestWhatHappenedOnTheWay(t *testing.T) {
	twice := func(body string) string { // each value, as by a proxy that encodes what is encoded
		form, _ := url.ParseQuery(body)
		for name := range form {
			form.Set(name, url.QueryEscape(form.Get(name)))
		}
		return form.Encode()
	}
	replaced := func(old, with string) func(string) string {
		return func(body string) string { return strings.ReplaceAll(body, old, with) }
	}
	inSignature := func(body string) string {
		form, _ := url.ParseQuery(body)
		form.Set("signature", strings.ReplaceAll(form.Get("signature"), "+", " "))
		return form.Encode()
	}
	for name, tt := range map[string]struct {
		method unionpay.SignMethod
		change func(string) string
		says   string
	}{
		"a blank for +": {unionpay.RSA, inSignature, "a + in signature has become a blank"},
		"a blank for the first +": {unionpay.RSA, func(body string) string {
			form, _ := url.ParseQuery(body)
			form.Set("signature", " "+form.Get("signature")[1:])
			return form.Encode()
		}, "a + in signature has become a blank"},
		"in the certificate":         {unionpay.RSA, replaced("%2B", "+"), "a + in signPubKeyCert has become a blank"},
		"line ends":                  {unionpay.RSA, replaced("%0D%0A", "%0A"), "the line ends in signPubKeyCert were changed"},
		"older line ends":            {unionpay.RSA, replaced("%0D%0A", "%0D%0D%0A"), "the line ends in signPubKeyCert were changed"},
		"no line ends":               {unionpay.RSA, replaced("%0D%0A", ""), "its line ends were lost"},
		"line ends as blanks":        {unionpay.RSA, replaced("%0D%0A", "+"), "its line ends were lost"},
		"line ends as letters":       {unionpay.RSA, replaced("%0D%0A", "%5Cr%5Cn"), "its line ends have become"},
		"encoded twice":              {unionpay.RSA, twice, "encoded twice"},
		"encoded twice, with a key":  {unionpay.SM3, twice, "encoded twice"},
		"the whole encoded twice":    {unionpay.RSA, url.QueryEscape, "encoded twice"},
		"a field more":               {unionpay.RSA, func(body string) string { return "_csrf=1&" + body }, "_csrf, which no document has, was added"},
		"a field more, with a key":   {unionpay.SHA256, func(body string) string { return body + "&outcome=1" }, "outcome, which no document has, was added"},
		"a documented field more":    {unionpay.SHA256, func(body string) string { return body + "&payType=1" }, "signature"},
		"somebody else's, one digit": {unionpay.RSA, replaced("txnAmt=10000", "txnAmt=20000"), "signature"},
	} {
		t.Run(name, func(t *testing.T) {
			client, body := posted(t, tt.method, func(r *unionpay.PreauthCancelRequest) { r.ReqReserved = "{房间&1204}" })
			for !strings.Contains(body[strings.Index(body, "&signature="):], "%2B") && tt.method == unionpay.RSA {
				client, body = posted(t, tt.method, func(r *unionpay.PreauthCancelRequest) { r.ReqReserved = "{房间&1204}" })
			}
			if name == "in the certificate" { // and the signature as it was
				form, err := url.ParseQuery(body)
				require.NoError(t, err)
				rest := form.Get("signature")
				form.Del("signature")
				body = tt.change(form.Encode()) + "&signature=" + url.QueryEscape(rest)
			} else {
				body = tt.change(body)
			}
			_, err := client.ParseNotificationBody([]byte(body))
			require.Error(t, err)
			require.ErrorContains(t, err, tt.says)
			if tt.says == "signature" {
				require.NotContains(t, err.Error(), "on the way")
			}
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

// What the merchant wrote before may hold names that stand before it in the order of the signed text; whichever way
// that text is split again, there is one reading of it.
func TestOwnTextMayHoldEarlierNames(t *testing.T) {
	client, _ := keyedClient(t, unionpay.SHA256, silent)
	for text, taken := range map[string]bool{
		"uid=1&orderId=2": true, "a=1&merId=M2": true, "k&certId=5": true, "x&y=1": true, "a&b": true, "&": true, "a=1&a=2": true,
		"a=1&merId=" + unionpaytest.MerID + "&orderId=20240105145046002": true, "{uid=1&orderId=2}": true, "x&queryId=1&orderId=2": true,
		"x&encoding=GBK&origRespCode=00": true,
		"x&respCode=00&respMsg=ok":       false, "id=7&txnAmt=1": false, "type=vip&reserved=1": false, "x&reqReserved=2": false,
		"{a=1&signPubKeyCert=}": false, "orderId=2&txnType=04": false, "a&orderId=1&settleAmt=0": false, "uid=1&version=5.1.0": false,
	} {
		genuine := []sign.Pair{
			{Name: "encoding", Value: "UTF-8"}, {Name: "merId", Value: unionpaytest.MerID}, {Name: "orderId", Value: "20240105145046001"},
			{Name: "queryId", Value: "652401051647252574008"}, {Name: "reqReserved", Value: text}, {Name: "reserved", Value: "{a=1&b=2}"},
			{Name: "respCode", Value: "60"}, {Name: "respMsg", Value: "declined"}, {Name: "settleDate", Value: "0105"},
			{Name: "txnAmt", Value: "10000"}, {Name: "txnTime", Value: "20240105145046"}, {Name: "txnType", Value: "04"},
		}
		_, err := parse(client, notified(genuine...))
		require.Equal(t, taken, err == nil, "%s: %v", text, err)

		canonical, err := sign.Canonical(genuine)
		require.NoError(t, err)
		readings := 0
		for _, pairs := range resplit(string(canonical)) {
			again, err := sign.Canonical(pairs)
			require.NoError(t, err)
			require.Equal(t, string(canonical), string(again), "the signature holds for it")
			n, err := parse(client, notified(pairs...))
			if err != nil {
				continue
			}
			readings++
			refund, ok := n.(*unionpay.RefundNotification)
			require.True(t, ok, text)
			require.Equal(t, cnpay.Failed, refund.Outcome, text)
			require.Equal(t, "20240105145046001 652401051647252574008 60 declined {a=1&b=2} 10000 0105 20240105145046", strings.Join([]string{
				refund.OrderID, refund.QueryID, refund.RespCode, refund.RespMsg, refund.Reserved, "10000", refund.SettleDate, refund.TxnTime,
			}, " "))
			require.Equal(t, int64(10000), refund.TxnAmt)
			require.Equal(t, text, refund.ReqReserved+extra(refund.Extra))
		}
		if taken {
			require.NotZero(t, readings, text)
		} else {
			require.Zero(t, readings, text)
		}

		// And so it may be sent, or not.
		client, w := keyedClient(t, unionpay.SHA256, func(f url.Values) string { return echo(f) })
		res, err := client.Preauth.Cancel(t.Context(), &unionpay.PreauthCancelRequest{
			BizType: "000201", OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: unionpay.NoNotification,
			OrigQryID: "652401051647252574008", ReqReserved: text,
		})
		require.Equal(t, taken, err == nil, "%s: %v", text, err)
		require.Equal(t, taken, len(w.times) == 1)
		if taken {
			require.Equal(t, text, res.ReqReserved)
		}
	}
}

// extra is what a reading split off as fields that no document has: of no consequence.
func extra(fields map[string]string) (text string) {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		text += "&" + name + "=" + fields[name]
	}
	return text
}

// resplit returns every list of fields, in order and each name once, whose signed text is the given one.
func resplit(text string) (readings [][]sign.Pair) {
	parts := strings.Split(text, "&")
	var split func(at int, before []sign.Pair)
	split = func(at int, before []sign.Pair) {
		if at == len(parts) {
			readings = append(readings, slices.Clone(before))
			return
		}
		name, value, ok := strings.Cut(parts[at], "=")
		last := len(before) - 1
		if ok && name != "" && (last < 0 || before[last].Name < name) {
			split(at+1, append(slices.Clone(before), sign.Pair{Name: name, Value: value}))
		}
		if last >= 0 {
			longer := slices.Clone(before)
			longer[last].Value += "&" + parts[at]
			split(at+1, longer)
		}
	}
	split(0, nil)
	return readings
}

// What comes in turn has different keys, and what comes again the same.
func TestKeys(t *testing.T) {
	client, _ := keyedClient(t, unionpay.SHA256, silent)
	key := func(code string, more ...sign.Pair) string {
		n, err := parse(client, notified(append([]sign.Pair{
			{Name: "merId", Value: unionpaytest.MerID}, {Name: "orderId", Value: "20240105145046001"}, {Name: "txnTime", Value: "20240105145046"},
			{Name: "txnType", Value: "04"}, {Name: "respCode", Value: code},
		}, more...)...))
		require.NoError(t, err)
		return n.Common().Key()
	}
	cleared := sign.Pair{Name: "settleDate", Value: "0105"}
	accepted, done, refused := key("00"), key("00", cleared), key("60", cleared)
	require.NotEqual(t, accepted, done, "the answer that accepted the refund, and its end")
	require.NotEqual(t, accepted, refused)
	require.NotEqual(t, done, refused)
	require.Equal(t, done, key("00", cleared))
	require.Equal(t, done, key("A6", cleared), "done as well")
	require.Equal(t, accepted, key("05"))
}

// A success without money contradicts itself.
func TestNotificationsThatContradictThemselves(t *testing.T) {
	client, _ := keyedClient(t, unionpay.SHA256, silent)
	for _, txnType := range []string{"01", "02", "03", "04", "11", "12", "31", "32", "33"} {
		for amount, want := range map[string]cnpay.Outcome{
			"1": cnpay.Succeeded, "000000000001": cnpay.Succeeded, "0": cnpay.Unknown, "000": cnpay.Unknown, "-1": cnpay.Unknown, "ten": cnpay.Unknown,
		} {
			n, err := parse(client, notified(
				sign.Pair{Name: "merId", Value: unionpaytest.MerID}, sign.Pair{Name: "txnType", Value: txnType}, sign.Pair{Name: "respCode", Value: "00"},
				sign.Pair{Name: "settleDate", Value: "0105"}, sign.Pair{Name: "txnAmt", Value: amount}))
			require.NoError(t, err)
			require.Equal(t, want, n.Common().Outcome, "%s %s", txnType, amount)
		}
	}
	// A card that was opened costs nothing.
	n, err := parse(client, notified(sign.Pair{Name: "merId", Value: unionpaytest.MerID}, sign.Pair{Name: "txnType", Value: "79"},
		sign.Pair{Name: "respCode", Value: "00"}, sign.Pair{Name: "txnAmt", Value: "0"}))
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, n.Common().Outcome)
}

func TestQueriesThatContradictThemselves(t *testing.T) {
	for name, tt := range map[string]struct {
		fields []sign.Pair
		cause  error // nil where nothing contradicts
	}{
		"nothing moved":       {[]sign.Pair{{Name: "txnType", Value: "32"}, {Name: "origRespCode", Value: "00"}, {Name: "txnAmt", Value: "0"}}, cnpay.ErrUndecided},
		"less than nothing":   {[]sign.Pair{{Name: "txnType", Value: "01"}, {Name: "origRespCode", Value: "A6"}, {Name: "txnAmt", Value: "-1"}}, cnpay.ErrUndecided},
		"not found, and done": {[]sign.Pair{{Name: "respCode", Value: "34"}, {Name: "origRespCode", Value: "00"}}, cnpay.ErrUndecided},
		"without an amount":   {[]sign.Pair{{Name: "txnType", Value: "32"}, {Name: "origRespCode", Value: "00"}}, nil},
		"nothing moved, refused": {
			[]sign.Pair{{Name: "txnType", Value: "32"}, {Name: "origRespCode", Value: "60"}, {Name: "txnAmt", Value: "0"}}, nil},
		"a card was opened": {[]sign.Pair{{Name: "txnType", Value: "79"}, {Name: "origRespCode", Value: "00"}, {Name: "txnAmt", Value: "0"}}, nil},
	} {
		client, _ := keyedClient(t, unionpay.SHA256, func(f url.Values) string { return echo(f, tt.fields...) })
		res, err := client.Orders.Query(t.Context(), query())
		if tt.cause == nil {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorIs(t, err, tt.cause, name)
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	}
}

// A notification is stored with its outcome. A field of that name in a message is one that no document has.
func TestNotificationInJSON(t *testing.T) {
	client, _ := keyedClient(t, unionpay.SHA256, silent)
	n, err := parse(client, notified(
		sign.Pair{Name: "merId", Value: unionpaytest.MerID}, sign.Pair{Name: "txnType", Value: "04"}, sign.Pair{Name: "respCode", Value: "60"},
		sign.Pair{Name: "orderId", Value: "20240105145046001"}, sign.Pair{Name: "txnAmt", Value: "10000"}, sign.Pair{Name: "new", Value: "x"},
		sign.Pair{Name: "outcome", Value: "1"}, sign.Pair{Name: "extra", Value: "y"}))
	require.NoError(t, err)
	require.Equal(t, map[string]string{"new": "x", "outcome": "1", "extra": "y"}, n.Common().Extra)
	text, err := json.Marshal(n)
	require.NoError(t, err)
	require.Contains(t, string(text), `"outcome":"failed","extra":{"extra":"y","new":"x","outcome":"1"}`)
	back := &unionpay.RefundNotification{}
	require.NoError(t, json.Unmarshal(text, back))
	require.Equal(t, n, unionpay.Notification(back))
	require.Equal(t, cnpay.Failed, back.Outcome)
	require.Equal(t, n.Common().Key(), back.Key())
}

// What stands around an answer is not part of it, and what ends a value is.
func TestEndsOfAnswers(t *testing.T) {
	for _, ends := range [][2]string{{"", ""}, {"", "\n"}, {"", "\r\n"}, {" \r\n", " "}, {"\ufeff", ""}, {"\t", "\t \r\n"}, {"", "\ufeff"}} {
		client, _ := keyedClient(t, unionpay.SHA256, func(f url.Values) string {
			return ends[0] + echo(f, sign.Pair{Name: "origRespCode", Value: "00"}) + ends[1]
		})
		res, err := client.Orders.Query(t.Context(), query())
		require.NoError(t, err, "%q", ends)
		require.Equal(t, cnpay.Succeeded, res.Verdict().Outcome)
	}
	for _, text := range []string{"ends in a blank ", "and a tab\t", "\u00a0", "全角　"} {
		client, _ := keyedClient(t, unionpay.SHA256, func(f url.Values) string {
			answer := echo(f, sign.Pair{Name: "origRespCode", Value: "00"}, sign.Pair{Name: "respMsg", Value: text})
			fields, signature, _ := strings.Cut(answer, "signature=")
			fields, last, _ := strings.Cut(fields, "respMsg="+text+"&")
			return fields + last + "signature=" + signature + "&respMsg=" + text + "\r\n"
		})
		res, err := client.Orders.Query(t.Context(), query())
		require.NoError(t, err, "%q", text)
		require.Equal(t, text, res.RespMsg)
	}
	// Characters of GBK that end in a byte which is a blank elsewhere, or a bracket.
	for _, text := range []string{"牋", "厖", "爗", "怺", "亄亇亅", "牋&爗"} {
		encoded, err := simplifiedchinese.GBK.NewEncoder().String(text)
		require.NoError(t, err)
		client, _ := keyedClient(t, unionpay.SHA256, func(f url.Values) string {
			answer := echo(f, sign.Pair{Name: "origRespCode", Value: "00"}, sign.Pair{Name: "encoding", Value: "GBK"}, sign.Pair{Name: "respMsg", Value: encoded})
			fields, signature, _ := strings.Cut(answer, "signature=")
			fields, last, _ := strings.Cut(fields, "respMsg="+encoded+"&")
			return "{" + fields + last + "signature=" + signature + "&respMsg=" + encoded + "}"
		}, func(c *unionpay.Config) { c.Encoding = unionpay.GBK })
		res, err := client.Orders.Query(t.Context(), query())
		if strings.Contains(text, "&") { // not a field of the request, so it cannot be distinguished from two
			require.ErrorIs(t, err, cnpay.ErrMalformed)
			continue
		}
		require.NoError(t, err, text)
		require.Equal(t, text, res.RespMsg)
	}
}
