package chinaums

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

// The two communication keys of the platform's test environment, which its public guides print.
const (
	firstKey  = "fcAmtnx7MwismjWNhNKdHC44mNXtnEQeJkRrhKJwyrW2ysRR"
	secondKey = "impARTxrQcfwmRijpDNCw6hPxaWCddKEpYxjaKXDhCaTCXJ6"
)

func captured(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/captures/" + name)
	require.NoError(t, err)
	return string(text) // with a line end, as an editor leaves one
}

func receiving(t testing.TB, opts ...cnpay.Option) func(keys ...cnpay.Secret) *Client {
	return func(keys ...cnpay.Secret) *Client {
		t.Helper()
		c, err := New(Config{AppID: exampleAppID, AppKey: exampleAppKey, CommunicationKeys: map[string][]cnpay.Secret{"": keys}}, opts...)
		require.NoError(t, err)
		return c
	}
}

// A page order that was paid with Alipay and routed through UnionPay, of the newer guide.
func TestNotificationOfTheSecondKey(t *testing.T) {
	body := captured(t, "order-alipay-2022.txt")
	n, err := receiving(t)(secondKey).ParseNotificationBody([]byte(body))
	require.NoError(t, err)
	order, ok := n.(*OrderNotification)
	require.True(t, ok)
	require.Equal(t, "BB6A4BBD3EFDC700EA2B26EBF490A58FD4047B4A49134BFE0DF8FF262F590999", order.Sign)
	require.Equal(t, cnpay.Succeeded, order.CallOutcome())
	require.Equal(t, "101720221116094809280000006", order.CallTicket().Order)
	require.Equal(t, "chinaums", order.CallTicket().Provider)
	require.Equal(t, exampleAppID, order.CallTicket().Account)
	require.Equal(t, "Alipay 2.0", order.TargetSys, "paid with Alipay")
	require.Equal(t, "UNIONPAY", order.ConnectSys, "and routed through UnionPay")
	require.EqualValues(t, 1, order.TotalAmount)
	require.Equal(t, "2022-11-16 09:48:41", order.PayTime)
	require.Equal(t, "ab.***@example.com", order.BuyerUsername)
	require.Equal(t, map[string]string{
		"Ue": "hobh", "buyerCashPayAmt": "1", "cardAttr": "BALANCE", "freeSettlementAmt": "0", "msgType": "trade.notify",
	}, order.Extra)

	_, err = receiving(t)(firstKey).ParseNotificationBody([]byte(body))
	require.ErrorIs(t, err, cnpay.ErrSignature, "the first key")
	_, err = receiving(t)(firstKey, secondKey).ParseNotificationBody([]byte(body))
	require.NoError(t, err, "while a key changes")
	_, err = receiving(t)().ParseNotificationBody([]byte(body))
	require.ErrorIs(t, err, cnpay.ErrSignature, "no key at all")

	c := receiving(t)(secondKey)
	trimmed := strings.TrimSpace(body)
	for i := range trimmed { // one byte changed
		changed := []byte(trimmed)
		changed[i] ^= 1
		if n, err := c.ParseNotificationBody(changed); err == nil {
			// Hexadecimal digits may be written in either case, and that is all that may change.
			require.True(t, strings.EqualFold(n.Common().Sign, order.Sign), "%q", changed)
			require.True(t, strings.EqualFold(string(changed), trimmed), "%q", changed)
		}
	}
}

// The official demo's notification of 2018: without signType, so the signature's length says that it is MD5.
func TestNotificationOf2018(t *testing.T) {
	n, err := receiving(t)(firstKey).ParseNotificationBody([]byte(captured(t, "bill-wechat-2018.txt")))
	require.NoError(t, err)
	bill, ok := n.(*BillNotification)
	require.True(t, ok)
	require.Equal(t, cnpay.Succeeded, bill.CallOutcome())
	require.Equal(t, "3194201802132009060877031610", bill.CallTicket().Order)
	require.Equal(t, OpBillCreateQR, bill.CallTicket().Operation)
	require.Equal(t, "PAID", bill.BillStatus)
	require.Equal(t, "https://qr-test2.chinaums.com/bills/qrCode.do?id=31941802138610910207207542", bill.BillQRCode)
	require.Equal(t, &Payment{
		PayTime: "2018-02-13 20:10:03", PaySeqID: "00151100146N", InvoiceAmount: 1, SettleDate: "2018-02-13",
		BuyerID: "oOUAZv3ZVItUXZt0UZNuZtCesV94", TotalAmount: 1, BillBizType: "bills", BuyerPayAmount: 1,
		TargetOrderID: "4200000061201802132292046794", PayDetail: "现金支付0.01元。", MerOrderID: "31942018021320090608770316100",
		Status: "TRADE_SUCCESS", TargetSys: "WXPay",
	}, bill.BillPayment)
	require.Equal(t, map[string]string{"gY": "Snwz"}, bill.Extra)
	require.Contains(t, bill.Key(), "911b4376-bf8a-4dc5-a058-459607a6929f")
}

// The H5 document's sample of 2022: signType is part of what is signed.
func TestNotificationOf2022(t *testing.T) {
	body := captured(t, "order-wechat-2022.txt")
	c := receiving(t)(firstKey)
	n, err := c.ParseNotificationBody([]byte(body))
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, n.CallOutcome())
	require.Equal(t, "3194278460076848369664", n.CallTicket().Order)
	for _, other := range []string{"", "&signType=MD5", "&signType=SM3", "&signType=sha256"} {
		_, err = c.ParseNotificationBody([]byte(strings.Replace(body, "&signType=SHA256", other, 1)))
		require.ErrorIs(t, err, cnpay.ErrSignature, other)
	}
}

// N5 of the book: empty values are not signed, upper case sorts first, and without signType the same is MD5.
func TestNotificationOfARefund(t *testing.T) {
	c := receiving(t)(firstKey)
	fields := url.Values{
		"mid": {"898340149000005"}, "tid": {"88880001"}, "instMid": {"YUEDANDEFAULT"}, "merOrderId": {"319420230803094714824861"},
		"refundOrderId": {"319420230804101500123456"}, "refundAmount": {"1"}, "totalAmount": {"3"}, "status": {"TRADE_REFUND"},
		"refundDesc": {""}, "bankInfo": {""}, "notifyId": {"00000000-0000-4000-8000-000000000001"}, "Zz": {"q1W2"},
		"signType": {"SHA256"}, "sign": {"68FEC38B59638A5A7253978120A942ED0AB54E220FCA69A45A5E1E9E4EB44C9C"},
	}
	n, err := c.ParseNotificationBody([]byte(fields.Encode()))
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, n.CallOutcome())
	require.Equal(t, OpOrderRefund, n.CallTicket().Operation)
	require.Equal(t, "319420230804101500123456", n.CallTicket().Order)
	require.Contains(t, n.Key(), "319420230804101500123456")

	fields.Del("signType")
	fields.Set("sign", "6ed0d443c67714ba599fc4c010f2a28e") // in either case
	_, err = c.ParseNotificationBody([]byte(fields.Encode()))
	require.NoError(t, err)
	fields.Set("sign", "68FEC38B59638A5A7253978120A942ED0AB54E220FCA69A45A5E1E9E4EB44C9C")
	_, err = c.ParseNotificationBody([]byte(fields.Encode()))
	require.ErrorIs(t, err, cnpay.ErrSignature)
}

// signed is a form as the platform would sign it with MD5.
func signed(key string, fields map[string]string) string {
	form := url.Values{}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		form.Set(name, fields[name])
		if fields[name] != "" {
			parts = append(parts, name+"="+fields[name])
		}
	}
	sum := md5.Sum([]byte(strings.Join(parts, "&") + key))
	form.Set("sign", hex.EncodeToString(sum[:]))
	return form.Encode()
}

// The outcome is that of the state, not of the fact that a message came.
func TestNotificationOutcomes(t *testing.T) {
	c := receiving(t)(firstKey)
	for i, tt := range []struct {
		fields    map[string]string
		want      cnpay.Outcome
		operation string
	}{
		{map[string]string{"status": "TRADE_SUCCESS", "totalAmount": "5"}, cnpay.Succeeded, ""},
		{map[string]string{"status": "TRADE_SUCCESS"}, cnpay.Unknown, ""}, // of what amount?
		{map[string]string{"status": "TRADE_SUCCESS", "totalAmount": "0"}, cnpay.Unknown, ""},
		{map[string]string{"status": "TRADE_SUCCESS", "totalAmount": "-5"}, cnpay.Unknown, ""},
		{map[string]string{"status": "TRADE_SUCCESS", "totalAmount": "5", "buyerPayAmount": "-5"}, cnpay.Unknown, ""},
		{map[string]string{"status": "TRADE_REFUND", "totalAmount": "5"}, cnpay.Succeeded, ""}, // the payment stood
		{map[string]string{"status": "TRADE_CLOSED"}, cnpay.Failed, ""},
		{map[string]string{"status": "TRADE_CLOSED", "payTime": "2026-09-01 09:00:00"}, cnpay.Unknown, ""},
		{map[string]string{"status": "TRADE_CLOSED", "buyerPayAmount": "5"}, cnpay.Unknown, ""},
		{map[string]string{"status": "WAIT_BUYER_PAY"}, cnpay.Pending, ""},
		{map[string]string{"status": "UNKNOWN"}, cnpay.Unknown, ""},
		{map[string]string{"status": ""}, cnpay.Unknown, ""},
		{map[string]string{"status": "TRADE_REFUND", "refundAmount": "5", "refundOrderId": "3194R"}, cnpay.Succeeded, OpOrderRefund},
		{map[string]string{"status": "TRADE_REFUND", "refundAmount": "5"}, cnpay.Unknown, OpOrderRefund},
		{map[string]string{"status": "TRADE_SUCCESS", "refundAmount": "5", "refundOrderId": "3194R"}, cnpay.Unknown, OpOrderRefund},
		{map[string]string{"status": "TRADE_REFUND", "refundAmount": "-5", "refundOrderId": "3194R"}, cnpay.Unknown, OpOrderRefund},
		{map[string]string{"billNo": "3194", "billStatus": "PAID", "totalAmount": "5", "billPayment": `{"status":"TRADE_SUCCESS"}`}, cnpay.Succeeded, OpBillCreateQR},
		{map[string]string{"billNo": "3194", "billStatus": "PAID", "billPayment": `{"status":"TRADE_SUCCESS"}`}, cnpay.Unknown, OpBillCreateQR},
		{map[string]string{"billNo": "3194", "billStatus": "PAID", "totalAmount": "5"}, cnpay.Unknown, OpBillCreateQR},
		{map[string]string{"billNo": "3194", "billStatus": "UNPAID"}, cnpay.Pending, OpBillCreateQR},
		{map[string]string{"billNo": "3194", "billStatus": "CLOSED"}, cnpay.Failed, OpBillCreateQR},
		{map[string]string{"billNo": "3194", "billStatus": "CLOSED", "billPayment": `{"status":"TRADE_SUCCESS"}`}, cnpay.Unknown, OpBillCreateQR},
		{map[string]string{"billNo": "3194", "billStatus": "PAID", "billPayment": `{"status":"TRADE_CLOSED"}`}, cnpay.Unknown, OpBillCreateQR},
		{map[string]string{"billNo": "3194", "billStatus": "PAID", "billPayment": `{`}, cnpay.Unknown, OpBillCreateQR},
		{map[string]string{"billNo": "3194", "billStatus": "UNKNOWN"}, cnpay.Unknown, OpBillCreateQR},
		{map[string]string{"billNo": "3194", "billStatus": "REFUND", "refundAmount": "5"}, cnpay.Unknown, OpBillRefund}, // which one?
	} {
		if tt.fields["billNo"] == "" {
			tt.fields["merOrderId"] = "3194"
		}
		n, err := c.ParseNotificationBody([]byte(signed(firstKey, tt.fields)))
		require.NoError(t, err, i)
		require.Equal(t, tt.want, n.CallOutcome(), "%d: %v", i, tt.fields)
		require.Equal(t, tt.operation, n.CallTicket().Operation, "%d: %v", i, tt.fields)
	}
}

// What a genuine message holds beyond the documents is kept, and cannot pose as what this library concludes.
func TestNotificationExtra(t *testing.T) {
	n, err := receiving(t)(firstKey).ParseNotificationBody([]byte(signed(firstKey, map[string]string{
		"merOrderId": "3194", "status": "UNKNOWN", "totalAmount": "1.5", "outcome": "succeeded", "ticket": "x", "extra": "y", "new": "z",
	})))
	require.NoError(t, err)
	require.Equal(t, cnpay.Unknown, n.CallOutcome())
	require.Equal(t, map[string]string{"totalAmount": "1.5", "outcome": "succeeded", "ticket": "x", "extra": "y", "new": "z"}, n.Common().Extra)
	require.Zero(t, n.Common().TotalAmount)
}

func TestNotificationRefused(t *testing.T) {
	c := receiving(t)(firstKey)
	good := signed(firstKey, map[string]string{"merOrderId": "3194", "status": "TRADE_SUCCESS"})
	_, err := c.ParseNotificationBody([]byte(good))
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		body  string
		cause error
	}{
		"nothing":             {"", cnpay.ErrMalformed},
		"blanks":              {"\r\n ", cnpay.ErrMalformed},
		"no form":             {"hello", cnpay.ErrMalformed},
		"a bad escape":        {"a=%zz", cnpay.ErrMalformed},
		"not UTF-8":           {"a=%ff", cnpay.ErrMalformed},
		"a name with a field": {"a%26b%3Dc=d", cnpay.ErrMalformed},
		"no name":             {"=a", cnpay.ErrMalformed},
		"a field twice":       {good + "&status=TRADE_SUCCESS", cnpay.ErrMalformed},
		"another field":       {good + "&refundAmount=1", cnpay.ErrSignature},
		"no signature":        {"merOrderId=3194&status=TRADE_SUCCESS", cnpay.ErrSignature},
		"an empty signature":  {"merOrderId=3194&status=TRADE_SUCCESS&sign=", cnpay.ErrSignature},
		"a long signature":    {"merOrderId=3194&sign=" + strings.Repeat("0", 1000), cnpay.ErrSignature},
		"too many fields":     {strings.Repeat("a=b&", mostFields+1), cnpay.ErrMalformed},
		"too large":           {"a=" + strings.Repeat("b", mostNotification), cnpay.ErrTooLarge},
		"a JSON body":         {`{"merOrderId":"3194"}`, cnpay.ErrMalformed},
	} {
		n, err := c.ParseNotificationBody([]byte(tt.body))
		require.ErrorIs(t, err, tt.cause, name)
		require.Nil(t, n, name)
	}
	_, err = c.ParseNotification(nil)
	require.ErrorIs(t, err, cnpay.ErrMalformed)
}

// A key belongs to a source number, the first characters of the order's own.
func TestCommunicationKeys(t *testing.T) {
	body := func(number, key string) []byte {
		return []byte(signed(key, map[string]string{"merOrderId": number, "status": "TRADE_SUCCESS"}))
	}
	c, err := New(Config{AppID: "1", AppKey: "1", CommunicationKeys: map[string][]cnpay.Secret{
		"3194": {firstKey}, "1017": {secondKey + "\n"}, "": {"third"},
	}})
	require.NoError(t, err)
	for number, key := range map[string]string{"3194X": firstKey, "1017X": secondKey, "327M": "third", "12": "third"} {
		_, err = c.ParseNotificationBody(body(number, key))
		require.NoError(t, err, number)
	}
	for number, key := range map[string]string{"3194X": secondKey, "1017X": firstKey, "319": firstKey, "3194Y": "third"} {
		_, err = c.ParseNotificationBody(body(number, key))
		require.ErrorIs(t, err, cnpay.ErrSignature, number)
	}
	for want, keys := range map[string]map[string][]cnpay.Secret{
		"communication key is required":       {"": {""}},
		"communication key holds a blank":     {"": {"a b"}},
		"is not of 4 characters":              {"31": {"a"}},
		"communication key holds a line feed": {"3194": {"a\nb"}},
	} {
		_, err = New(Config{AppID: "1", AppKey: "1", CommunicationKeys: keys})
		require.ErrorContains(t, err, want)
	}
	_, err = New(Config{AppID: "1", AppKey: "1", FormSpace: " "})
	require.ErrorContains(t, err, "form space")
	_, err = New(Config{AppID: "1", AppKey: "1", CounterGateway: "http://example.com"})
	require.ErrorContains(t, err, "plain http")
}

func TestNotificationHandler(t *testing.T) {
	var logged bytes.Buffer
	c := receiving(t, cnpay.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))(firstKey)
	var seen []string
	failing := errors.New("the database is down")
	fail := false
	handler := c.NotificationHandler(func(_ context.Context, n Notification) error {
		seen = append(seen, n.Key())
		if fail {
			return failing
		}
		return nil
	})
	good := signed(firstKey, map[string]string{"merOrderId": "3194", "status": "TRADE_SUCCESS", "notifyId": "n1"})
	post := func(prepare func(*http.Request), body string) (int, string) {
		r := httptest.NewRequest(http.MethodPost, "/notify?merOrderId=evil", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		prepare(r)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	nothing := func(*http.Request) {}
	code, text := post(nothing, good)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "SUCCESS", text)
	code, text = post(nothing, "\ufeff"+good+"\r\n")
	require.Equal(t, http.StatusOK, code, text)
	code, text = post(func(r *http.Request) { require.NoError(t, r.ParseForm()) }, good) // a framework has read it
	require.Equal(t, http.StatusOK, code, text)
	require.Equal(t, []string{seen[0], seen[0], seen[0]}, seen)

	for name, bad := range map[string]string{"forged": good + "0", "empty": "", "doubled": good + "&status=TRADE_SUCCESS"} {
		code, text = post(nothing, bad)
		require.Equal(t, http.StatusBadRequest, code, name)
		require.NotContains(t, text, "SUCCESS")
	}
	code, text = post(func(r *http.Request) { require.NoError(t, r.ParseForm()) }, good+"&status=TRADE_SUCCESS")
	require.Equal(t, http.StatusBadRequest, code, text)
	code, _ = post(func(r *http.Request) { r.Method = http.MethodGet }, good)
	require.Equal(t, http.StatusMethodNotAllowed, code)
	read := func(r *http.Request) { r.Body = http.NoBody } // somebody has read it and kept nothing
	code, _ = post(read, good)
	require.Equal(t, http.StatusBadRequest, code)
	_, err := c.ParseNotification(&http.Request{Method: http.MethodPost, Body: http.NoBody, ContentLength: 5})
	require.ErrorContains(t, err, "the body was read before")
	require.Len(t, seen, 3)

	fail = true
	code, text = post(nothing, good)
	require.Equal(t, http.StatusInternalServerError, code)
	require.Equal(t, "FAILED", text)
	require.Contains(t, logged.String(), "order=3194")
	require.Contains(t, logged.String(), `reason="the database is down"`)
}

// The catalog's own example of a return, signed with the first key of the book.
func TestReturn(t *testing.T) {
	const bill = "mid=898201612345678&tid=88880001&instMid=QRPAYDEFAULT&billNo=10172026090109000012345678&billDate=2026-09-01&" +
		"createTime=2026-09-01+09%3A00%3A01&totalAmount=1250&billQRCode=https%3A%2F%2Fqr-test2.chinaums.com%2Fbills%2FqrCode.do%3Fid%3D" +
		"10172609010900000000000001&merName=%E7%A4%BA%E4%BE%8B%E5%95%86%E6%88%B7&billStatus=PAID&sign=AA3AE42508748631E438D332633D5D40"
	const order = "mid=898201612345678&tid=88880001&instMid=H5DEFAULT&merOrderId=1017202609010900001234567890&seqId=01120706230N&" +
		"settleDate=2026-09-01&totalAmount=1250&buyerPayAmount=1250&invoiceAmount=1250&receiptAmount=1250&buyerId=oExampleExampleExampleExampl&" +
		"targetOrderId=4200000000202609010000000001&targetSys=WXPay&payTime=2026-09-01+09%3A03%3A21&status=TRADE_SUCCESS&signType=SHA256&" +
		"sign=20D1B3A6C0E6ABA2DFEE0A559ABD01E18DDD98953027D75219A2BA12A10EDC49"
	c := receiving(t)(firstKey)
	r, err := c.ParseReturn(httptest.NewRequest(http.MethodGet, "/done?"+bill, nil))
	require.NoError(t, err)
	require.Equal(t, "10172026090109000012345678", r.Number())
	require.Equal(t, "PAID", r.BillStatus)
	require.EqualValues(t, 1250, r.TotalAmount)
	require.Empty(t, r.Extra)
	r, err = c.ParseReturnQuery(order)
	require.NoError(t, err)
	require.Equal(t, "1017202609010900001234567890", r.Number())
	require.Equal(t, "TRADE_SUCCESS", r.Status)
	require.Equal(t, "2026-09-01 09:03:21", r.PayTime)
	for _, forged := range []string{
		strings.Replace(order, "totalAmount=1250", "totalAmount=1", 1), order + "&refundAmount=1", bill + "&billNo=1", "",
	} {
		_, err = c.ParseReturnQuery(forged)
		require.Error(t, err)
	}
	_, err = c.ParseReturn(nil)
	require.ErrorIs(t, err, cnpay.ErrMalformed)
}
