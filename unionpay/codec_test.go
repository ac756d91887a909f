package unionpay_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
)

// wire answers every request with what answer makes of its form, and keeps the last.
type wire struct {
	answer  func(form url.Values) string
	status  int // 0 means 200
	request *http.Request
	body    string
	times   []time.Time
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	w.request, w.body, w.times = r, string(body), append(w.times, time.Now())
	form, err := url.ParseQuery(w.body)
	if err != nil {
		return nil, err
	}
	text := w.answer(form)
	status := w.status
	if status == 0 {
		status = http.StatusOK
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}

// keyedClient is a client with sign method 11 and a key that the documents print, on a wire of the test's own.
func keyedClient(t *testing.T, method unionpay.SignMethod, answer func(url.Values) string, change ...func(*unionpay.Config)) (*unionpay.Client, *wire) {
	t.Helper()
	w := &wire{answer: answer}
	config := unionpay.Config{
		Environment: unionpay.Test, MerID: unionpaytest.MerID, SignMethod: method, SecureKey: unionpaytest.SecureKey,
	}
	for _, c := range change {
		c(&config)
	}
	client, err := unionpay.New(config, cnpay.WithHTTPClient(&http.Client{Transport: w}))
	require.NoError(t, err)
	return client, w
}

// signed is an answer of UnionPay with sign method 11, in the order of its fields.
func signed(pairs ...sign.Pair) string {
	text, err := sign.Canonical(pairs)
	if err != nil {
		panic(err)
	}
	signer, _ := sign.NewSHA256Keyed(unionpaytest.SecureKey)
	signature, _ := signer.Sign(text)
	var b strings.Builder
	for _, p := range pairs {
		b.WriteString(p.Name + "=" + p.Value + "&")
	}
	return b.String() + "signature=" + signature
}

// echo answers with the request's own fields, "00", and more.
func echo(form url.Values, more ...sign.Pair) string {
	pairs := append([]sign.Pair{}, more...)
	has := func(name string) bool {
		for _, p := range more {
			if p.Name == name {
				return true
			}
		}
		return false
	}
	for name := range form {
		if name != "signature" && name != "backUrl" && name != "channelType" && !has(name) {
			pairs = append(pairs, sign.Pair{Name: name, Value: form.Get(name)})
		}
	}
	if !has("respCode") {
		pairs = append(pairs, sign.Pair{Name: "respCode", Value: "00"})
	}
	return signed(pairs...)
}

func silent(url.Values) string { return "" }

// The strings and signatures for sign methods 11 and 12 were computed with Python's hashlib; the key 88888888 is
// UnionPay's for its test environment.
func TestGoldenKeyed(t *testing.T) {
	for method, signature := range map[unionpay.SignMethod]string{
		unionpay.SHA256: "c3f5d530a23f3bb3c8152831cf9d719c00ef778bcdf6383e7270d4385c602acb",
		unionpay.SM3:    "c5f670c3dfe5b6018fc3b68ee37b40d20ebe2e78c7776180f712d1a60cf8b5e8",
	} {
		client, w := keyedClient(t, method, silent)
		_, err := client.Orders.Query(t.Context(), &unionpay.OrderQueryRequest{OrderID: "20240105145046001", TxnTime: "20240105145046"})
		require.ErrorIs(t, err, cnpay.ErrMalformed)
		require.Equal(t, "accessType=0&bizType=000000&encoding=UTF-8&merId=777290058110048&orderId=20240105145046001&signMethod="+
			string(method)+"&txnSubType=00&txnTime=20240105145046&txnType=00&version=5.1.0&signature="+signature, w.body)
		require.Equal(t, "https://gateway.test.95516.com/gateway/api/queryTrans.do", w.request.URL.String())
		require.Equal(t, "application/x-www-form-urlencoded;charset=UTF-8", w.request.Header.Get("Content-Type"))
		require.Equal(t, http.MethodPost, w.request.Method)
	}
}

// digests is a signer that only keeps what it is asked to sign.
type digests struct {
	key  *rsa.PrivateKey
	seen []byte
}

func (d *digests) Public() crypto.PublicKey { return d.key.Public() }

func (d *digests) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	d.seen = digest
	return make([]byte, 256), nil
}

// The request for a void as yansongda/pay's tests (tests/Provider/UnipayTest.php) have it, but of a pre-authorisation
// and with the character set in capitals: sorted, raw, with certId, hashed to hexadecimal and hashed again.
func TestGoldenRSA(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	signer := &digests{key: key}
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	client, w := keyedClient(t, unionpay.RSA, silent, func(c *unionpay.Config) {
		c.MerID = "777290058167151"
		c.Identity = &sign.Identity{Key: signer, Certificate: &x509.Certificate{SerialNumber: big.NewInt(69903319369), Raw: []byte("merchant"), PublicKey: key.Public()}}
		c.RootCert, c.MiddleCert = gateway.Config().RootCert, gateway.Config().MiddleCert
	})
	_, err = client.Preauth.Cancel(t.Context(), &unionpay.PreauthCancelRequest{
		BizType: "000000", OrderID: "cancelpay20240105164725", TxnTime: "20240105164725", TxnAmt: 1,
		BackURL: "https://yansongda.cn/unipay/notify", OrigQryID: "652401051647252574008", ReqReserved: "测试|a b+c/d",
	})
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))
	const text = "accessType=0&backUrl=https://yansongda.cn/unipay/notify&bizType=000000&certId=69903319369&channelType=07&" +
		"encoding=UTF-8&merId=777290058167151&orderId=cancelpay20240105164725&origQryId=652401051647252574008&" +
		"reqReserved=测试|a b+c/d&signMethod=01&txnAmt=1&txnSubType=00&txnTime=20240105164725&txnType=32&version=5.1.0"
	once := sha256.Sum256([]byte(text))
	twice := sha256.Sum256([]byte(hex.EncodeToString(once[:])))
	require.Equal(t, twice[:], signer.seen)
	require.Contains(t, w.body, "&backUrl=https%3A%2F%2Fyansongda.cn%2Funipay%2Fnotify&")
	require.Contains(t, w.body, "&reqReserved=%E6%B5%8B%E8%AF%95%7Ca+b%2Bc%2Fd&")
}

func TestGBK(t *testing.T) {
	client, w := keyedClient(t, unionpay.SHA256, silent, func(c *unionpay.Config) { c.Encoding = unionpay.GBK })
	req := &unionpay.PreauthCancelRequest{
		BizType: "000201", OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: unionpay.NoNotification,
		OrigQryID: "652401051647252574008", ReqReserved: "测试|a b+c/d",
	}
	_, err := client.Preauth.Cancel(t.Context(), req)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))
	require.Contains(t, w.body, "&reqReserved=%B2%E2%CA%D4%7Ca+b%2Bc%2Fd&")
	require.Contains(t, w.body, "&encoding=GBK&")
	require.Equal(t, "application/x-www-form-urlencoded;charset=GBK", w.request.Header.Get("Content-Type"))

	for _, text := range []string{"😀", "한국", "5 €"} {
		w.body = ""
		req.ReqReserved, req.SubMerName = text, text
		_, err = client.Preauth.Cancel(t.Context(), req)
		require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(nil, err))
		var invalid *cnpay.InvalidRequestError
		require.ErrorAs(t, err, &invalid)
		require.ElementsMatch(t, []cnpay.Fault{
			{Field: "reqReserved", Problem: "has characters that GBK does not have"},
			{Field: "subMerName", Problem: "has characters that GBK does not have"},
		}, invalid.Faults)
		require.Empty(t, w.body)
	}
}

func query() *unionpay.OrderQueryRequest {
	return &unionpay.OrderQueryRequest{OrderID: "20240105145046001", TxnTime: "20240105145046"}
}

func TestAnswersTolerated(t *testing.T) {
	gbk := func(text string) string {
		encoded, err := simplifiedchinese.GBK.NewEncoder().String(text)
		require.NoError(t, err)
		return encoded
	}
	for name, answer := range map[string]func(url.Values) string{
		"as it should be": func(f url.Values) string { return echo(f, sign.Pair{Name: "origRespCode", Value: "00"}) },
		"in braces": func(f url.Values) string {
			return "{" + echo(f, sign.Pair{Name: "origRespCode", Value: "00"}) + "}"
		},
		"blank lines around": func(f url.Values) string {
			return "\r\n" + echo(f, sign.Pair{Name: "origRespCode", Value: "00"}) + "\r\n"
		},
		"the original's types": func(f url.Values) string {
			return echo(f, sign.Pair{Name: "origRespCode", Value: "00"}, sign.Pair{Name: "txnType", Value: "32"}, sign.Pair{Name: "txnSubType", Value: "01"})
		},
		"another case of letters": func(f url.Values) string {
			return echo(f, sign.Pair{Name: "origRespCode", Value: "00"}, sign.Pair{Name: "encoding", Value: "utf-8"})
		},
		"without the hyphen": func(f url.Values) string {
			return echo(f, sign.Pair{Name: "origRespCode", Value: "00"}, sign.Pair{Name: "encoding", Value: "utf8"})
		},
		"empty values": func(f url.Values) string {
			return echo(f, sign.Pair{Name: "origRespCode", Value: "00"}, sign.Pair{Name: "txnAmt", Value: ""}, sign.Pair{Name: "payCardNo", Value: ""})
		},
		"numbers with zeros in front": func(f url.Values) string {
			return echo(f, sign.Pair{Name: "origRespCode", Value: "00"}, sign.Pair{Name: "settleAmt", Value: "000000000000"})
		},
		"unknown fields, groups, blanks at the ends": func(f url.Values) string {
			return echo(f, sign.Pair{Name: "origRespCode", Value: "00"}, sign.Pair{Name: "new", Value: " {a=b&c=d} [x&y] =;+% "})
		},
		"without what is not certain": func(f url.Values) string {
			return signed(sign.Pair{Name: "respCode", Value: "00"}, sign.Pair{Name: "orderId", Value: f.Get("orderId")},
				sign.Pair{Name: "txnTime", Value: f.Get("txnTime")}, sign.Pair{Name: "origRespCode", Value: "00"})
		},
		"GBK to a client of UTF-8": func(f url.Values) string {
			text := echo(f, sign.Pair{Name: "origRespCode", Value: "00"}, sign.Pair{Name: "encoding", Value: "GBK"},
				sign.Pair{Name: "respMsg", Value: gbk("成功爗")})
			return text
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := keyedClient(t, unionpay.SHA256, answer)
			res, err := client.Orders.Query(t.Context(), query())
			require.NoError(t, err)
			require.Equal(t, cnpay.Answered, res.Outcome)
			require.Equal(t, cnpay.Succeeded, res.Verdict().Outcome)
			if res.Extra["new"] != "" {
				require.Equal(t, " {a=b&c=d} [x&y] =;+% ", res.Extra["new"])
			}
			if res.Encoding == "GBK" {
				require.Equal(t, "成功爗", res.RespMsg)
			}
		})
	}
}

func TestAnswersNotTrusted(t *testing.T) {
	for name, tt := range map[string]struct {
		answer func(url.Values) string
		cause  error
	}{
		"another order":    {func(f url.Values) string { return echo(f, sign.Pair{Name: "orderId", Value: "20240105145046002"}) }, cnpay.ErrMismatch},
		"another time":     {func(f url.Values) string { return echo(f, sign.Pair{Name: "txnTime", Value: "20240105145047"}) }, cnpay.ErrMismatch},
		"another merchant": {func(f url.Values) string { return echo(f, sign.Pair{Name: "merId", Value: "777290058110097"}) }, cnpay.ErrMismatch},
		"no order":         {func(f url.Values) string { return signed(sign.Pair{Name: "respCode", Value: "00"}) }, cnpay.ErrMismatch},
		"other method":     {func(f url.Values) string { return echo(f, sign.Pair{Name: "signMethod", Value: "12"}) }, cnpay.ErrSignature},
		"older version":    {func(f url.Values) string { return echo(f, sign.Pair{Name: "version", Value: "5.0.0"}) }, cnpay.ErrSignature},
		"one letter changed": {func(f url.Values) string {
			return strings.Replace(echo(f), "respCode=00", "respCode=64", 1)
		}, cnpay.ErrSignature},
		"a field added":      {func(f url.Values) string { return "origRespCode=00&" + echo(f) }, cnpay.ErrSignature},
		"a field twice":      {func(f url.Values) string { return "respCode=00&" + echo(f) }, cnpay.ErrMalformed},
		"no signature":       {func(f url.Values) string { return strings.Split(echo(f), "&signature=")[0] }, cnpay.ErrSignature},
		"empty signature":    {func(f url.Values) string { return strings.Split(echo(f), "signature=")[0] + "signature=" }, cnpay.ErrSignature},
		"early refusal":      {func(f url.Values) string { return "Invalid request." }, unionpay.ErrEarlyRefusal},
		"wrong address":      {func(f url.Values) string { return "Invalid request URI." }, unionpay.ErrEarlyRefusal},
		"refusal, unsigned":  {func(f url.Values) string { return "respCode=11&respMsg=验证签名失败" }, unionpay.ErrEarlyRefusal},
		"success, unsigned":  {func(f url.Values) string { return "respCode=00&respMsg=ok" }, cnpay.ErrSignature},
		"not in its charset": {func(f url.Values) string { return "respMsg=\xb3\xc9\xb9&respCode=00" }, cnpay.ErrMalformed},
		"a page":             {func(f url.Values) string { return "<html>respCode=00</html>" }, cnpay.ErrMalformed},
		"an amount of words": {func(f url.Values) string { return echo(f, sign.Pair{Name: "txnAmt", Value: "ten"}) }, cnpay.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := keyedClient(t, unionpay.SHA256, tt.answer)
			res, err := client.Orders.Query(t.Context(), query())
			require.Nil(t, res)
			require.ErrorIs(t, err, tt.cause)
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
		})
	}
}

// Whatever a body says, a status that UnionPay never uses is a proxy's.
func TestStatus(t *testing.T) {
	for _, status := range []int{201, 206, 301, 307, 400, 401, 403, 404, 407, 413, 414, 429, 500, 502, 503} {
		client, w := keyedClient(t, unionpay.SHA256, func(f url.Values) string { return echo(f) })
		w.status = status
		req := &unionpay.PaymentVoidRequest{BizType: "000201", OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: unionpay.NoNotification, OrigQryID: "652401051647252574008"}
		res, err := client.Payments.Void(t.Context(), req)
		require.Nil(t, res)
		require.ErrorIs(t, err, cnpay.ErrHTTPStatus)
		require.ErrorContains(t, err, strconv.Itoa(status))
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
		require.Len(t, w.times, 1)
	}
}

// Text that reads as another field would make the signed text of a notification ambiguous.
func TestOwnTextThatReadsAsAField(t *testing.T) {
	for _, text := range []string{
		"x&respCode=00&z={", " &respMsg=ok ", "&reqReserved=", "id=7&txnAmt=1", "type=vip&reserved=1", "a&&txnAmt=1", "{a=1&signPubKeyCert=}", "a&b&settleAmt=1",
	} {
		client, w := keyedClient(t, unionpay.SHA256, silent)
		res, err := client.Payments.Void(t.Context(), &unionpay.PaymentVoidRequest{
			BizType: "000201", OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: unionpay.NoNotification,
			OrigQryID: "652401051647252574008", ReqReserved: text,
		})
		require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(res, err), text)
		require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
		require.ErrorContains(t, err, "reqReserved")
		require.Empty(t, w.times)
	}
}

// A plain query does not know the text that the answer repeats, unless it is given.
func TestQueryReadsOwnText(t *testing.T) {
	for _, text := range []string{"a&b=c", "a{b", "[", "a}b&c"} {
		client, _ := keyedClient(t, unionpay.SHA256, func(f url.Values) string {
			return echo(f, sign.Pair{Name: "origRespCode", Value: "00"}, sign.Pair{Name: "reqReserved", Value: text},
				sign.Pair{Name: "reserved", Value: "{cardNumberLock=1}"})
		})
		req := query()
		req.ReqReserved = text
		res, err := client.Orders.Query(t.Context(), req)
		require.NoError(t, err, text)
		require.Equal(t, strings.Trim(text, " "), res.ReqReserved)
		require.Equal(t, "{cardNumberLock=1}", res.Reserved)

		res, err = client.Orders.Query(t.Context(), query())
		require.Equal(t, err == nil, res != nil && res.ReqReserved == text, "read rightly or not at all: %q", text)
	}
}

// A success has to give what was asked for.
func TestSuccessWithoutTheFieldItRequires(t *testing.T) {
	client, _ := keyedClient(t, unionpay.SHA256, func(f url.Values) string { return echo(f) })
	app, err := client.Payments.App(t.Context(), &unionpay.PaymentAppRequest{
		OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: unionpay.NoNotification,
	})
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(app, err))
	require.ErrorIs(t, err, cnpay.ErrMalformed)
	require.ErrorContains(t, err, "tn")
}

// The merchant's own text comes back unescaped; what it holds must neither break the answer nor bend it.
func TestOwnTextInAnswers(t *testing.T) {
	for _, text := range []string{
		"a&b=c", "&", "}", "{", "[&", "a=b&c={d&e}", " both ends ", "respCode=00", "a;b+c%26d",
	} {
		for code, want := range map[string]cnpay.Outcome{"00": cnpay.Pending, "64": cnpay.Failed} {
			client, _ := keyedClient(t, unionpay.SHA256, func(f url.Values) string { return echo(f, sign.Pair{Name: "respCode", Value: code}) })
			res, err := client.Payments.Void(t.Context(), &unionpay.PaymentVoidRequest{
				Terminal: unionpay.Terminal{Reserved: "{" + text + "}"},
				BizType:  "000201", OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: unionpay.NoNotification, OrigQryID: "652401051647252574008", ReqReserved: text,
			})
			require.Equal(t, want, cnpay.OutcomeOf(res, err), "%q: %v", text, err)
			require.Equal(t, strings.Trim(text, " "), res.ReqReserved)
			require.Equal(t, "{"+text+"}", res.Reserved)
		}
	}
	// A refusal repeats all of the request.
	client, _ := keyedClient(t, unionpay.SHA256, func(f url.Values) string {
		return echo(f, sign.Pair{Name: "respCode", Value: "10"}, sign.Pair{Name: "backUrl", Value: f.Get("backUrl")})
	})
	res, err := client.Payments.Void(t.Context(), &unionpay.PaymentVoidRequest{
		Acquirer: unionpay.Acquirer{MerName: "酒店 & {客房"},
		BizType:  "000201", OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: "https://m.example/n?a=b&c=[d", OrigQryID: "652401051647252574008",
	})
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(res, err), "%v", err)

	client, _ = keyedClient(t, unionpay.SHA256, func(f url.Values) string {
		return "reqReserved=" + f.Get("reqReserved") + "&" + echo(f, sign.Pair{Name: "reqReserved", Value: "other"})
	})
	_, err = client.Payments.Void(t.Context(), &unionpay.PaymentVoidRequest{
		BizType: "000201", OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: unionpay.NoNotification,
		OrigQryID: "652401051647252574008", ReqReserved: "a&b=c",
	})
	require.ErrorIs(t, err, cnpay.ErrMalformed)
}

func TestAmountOrOriginalDiffers(t *testing.T) {
	for _, other := range []sign.Pair{{Name: "txnAmt", Value: "9999"}, {Name: "origQryId", Value: "652401051647252574009"}, {Name: "txnType", Value: "31"}} {
		client, _ := keyedClient(t, unionpay.SHA256, func(f url.Values) string { return echo(f, other) })
		req := &unionpay.PreauthCancelRequest{
			BizType: "000201", OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 10000, BackURL: unionpay.NoNotification, OrigQryID: "652401051647252574008",
		}
		res, err := client.Preauth.Cancel(t.Context(), req)
		require.Nil(t, res)
		require.ErrorIs(t, err, cnpay.ErrMismatch)

		// And so does the query that settles it.
		client, _ = keyedClient(t, unionpay.SHA256, func(f url.Values) string {
			pairs := []sign.Pair{other, {Name: "origRespCode", Value: "00"}}
			if other.Name != "txnType" {
				pairs = append(pairs, sign.Pair{Name: "txnType", Value: "32"})
			}
			return echo(f, pairs...)
		})
		settled, err := settle(t.Context(), client, req, atOnce())
		require.ErrorIs(t, err, cnpay.ErrMismatch)
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
	}
}

func TestCurrencyDiffers(t *testing.T) {
	for currency, want := range map[string]cnpay.Outcome{"156": cnpay.Succeeded, "": cnpay.Succeeded, "344": cnpay.Unknown} {
		client, _ := keyedClient(t, unionpay.SHA256, func(f url.Values) string {
			return echo(f, sign.Pair{Name: "origRespCode", Value: "00"}, sign.Pair{Name: "currencyCode", Value: currency}, sign.Pair{Name: "txnType", Value: "01"})
		})
		settled, err := settle(t.Context(), client, &unionpay.PaymentPurchaseRequest{
			Card:    unionpay.Card{AccNo: "6216261000000000018"},
			OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: unionpay.NoNotification,
		}, atOnce())
		require.Equal(t, want, cnpay.OutcomeOf(settled, err), currency)
		require.Equal(t, want == cnpay.Unknown, errors.Is(err, cnpay.ErrMismatch))
	}
}

// A refusal that names no order could be any order's.
func TestRefusalWithoutTheOrder(t *testing.T) {
	client, _ := keyedClient(t, unionpay.SHA256, func(url.Values) string {
		return signed(sign.Pair{Name: "respCode", Value: "10"}, sign.Pair{Name: "respMsg", Value: "报文格式错误[6100030]"})
	})
	res, err := client.Orders.Query(t.Context(), query())
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	require.ErrorIs(t, err, cnpay.ErrMismatch)
	require.ErrorContains(t, err, "报文格式错误[6100030]", "what it said helps the developer")
}

func TestConditions(t *testing.T) {
	base := unionpay.PreauthCancelRequest{
		BizType: "000201", OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: unionpay.NoNotification, OrigQryID: "652401051647252574008",
	}
	for name, tt := range map[string]struct {
		change func(*unionpay.PreauthCancelRequest)
		fields []string
	}{
		"nothing wrong": {func(r *unionpay.PreauthCancelRequest) {}, nil},
		"acquirer":      {func(r *unionpay.PreauthCancelRequest) { r.AccessType = "1" }, []string{"acqInsCode", "merCatCode", "merName"}},
		"acquirer, complete": {func(r *unionpay.PreauthCancelRequest) {
			r.AccessType, r.AcqInsCode, r.MerCatCode, r.MerName = "1", "00010000", "7011", "酒店"
		}, nil},
		"platform": {func(r *unionpay.PreauthCancelRequest) { r.AccessType = "2" }, []string{"subMerId", "subMerName", "subMerAbbr"}},
		"platform, complete": {func(r *unionpay.PreauthCancelRequest) {
			r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr = "2", "10001", "酒店", "店"
		}, nil},
		"everything missing": {func(r *unionpay.PreauthCancelRequest) { *r = unionpay.PreauthCancelRequest{} },
			[]string{"bizType", "orderId", "txnTime", "txnAmt", "backUrl", "origQryId"}},
		"bad forms": {func(r *unionpay.PreauthCancelRequest) {
			r.OrderID, r.TxnTime, r.TxnAmt, r.TermID = "order-1_x", "2024-01-05", -1, "1234567"
		}, []string{"orderId", "txnTime", "txnAmt", "termId"}},
		"not the client's": {func(r *unionpay.PreauthCancelRequest) {
			r.Version, r.TxnType, r.SignMethod, r.Signature, r.CertID = "5.0.0", "31", "01", "x", "1"
		}, []string{"version", "txnType", "signMethod", "signature", "certId"}},
		"the client's": {func(r *unionpay.PreauthCancelRequest) {
			r.Version, r.TxnType, r.TxnSubType, r.SignMethod, r.Encoding = "5.1.0", "32", "00", "11", "utf-8"
		}, nil},
		"queryId of 20": {func(r *unionpay.PreauthCancelRequest) { r.OrigQryID = "65240105164725257400" }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			client, w := keyedClient(t, unionpay.SHA256, func(f url.Values) string { return echo(f) })
			req := base
			tt.change(&req)
			res, err := client.Preauth.Cancel(t.Context(), &req)
			if tt.fields == nil {
				require.NoError(t, err)
				return
			}
			require.Nil(t, res)
			require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(res, err))
			var invalid *cnpay.InvalidRequestError
			require.ErrorAs(t, err, &invalid)
			var fields []string
			for _, f := range invalid.Faults {
				fields = append(fields, f.Field)
			}
			require.ElementsMatch(t, tt.fields, fields)
			require.Empty(t, w.body)
		})
	}
}

func TestNil(t *testing.T) {
	client, w := keyedClient(t, unionpay.SHA256, silent)
	_, err := client.Preauth.Cancel(t.Context(), nil)
	require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
	_, err = client.Orders.Query(t.Context(), nil)
	require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
	settled, err := settle(t.Context(), client, (*unionpay.PreauthCancelRequest)(nil), atOnce())
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
	require.Empty(t, w.body)
}

// The ladder of the documents: 1, 2, 4, 8, 16, 32 seconds, and Unknown for a transaction that is never found.
func TestBackSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w := keyedClient(t, unionpay.SHA256, func(f url.Values) string { return echo(f, sign.Pair{Name: "respCode", Value: "34"}) })
		begun := time.Now()
		settled, err := settle(t.Context(), client, &unionpay.PreauthCancelRequest{BizType: "000201", OrderID: "20240105145046001", TxnTime: "20240105145046"})
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
		require.Equal(t, 6, settled.Queries)
		require.ErrorIs(t, err, cnpay.ErrUndecided)
		require.Equal(t, "34", settled.Code, "and not that a query failed")
		require.Equal(t, "34", found(settled).RespCode)
		for i, seconds := range []int{1, 3, 7, 15, 31, 63} {
			require.Equal(t, time.Duration(seconds)*time.Second, w.times[i].Sub(begun))
		}
	})
}
