package provider

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/sign"
)

// platform answers requests with what answer returns, signed; an answer that begins with "raw " is sent as it is.
type platform struct {
	key      *rsa.PrivateKey
	merchant *rsa.PublicKey
	answer   func(path string, request object) string
	bodies   [][]byte
}

func (p *platform) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	if len(body) > 0 {
		p.bodies = append(p.bodies, body)
	}
	request, _ := readObject(body)
	text := p.answer(strings.TrimPrefix(r.URL.Path, base), request)
	if raw, ok := strings.CutPrefix(text, "raw "); ok {
		text = raw
	} else {
		text = p.signed(text)
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}

// signed adds the platform's signature to an answer.
func (p *platform) signed(answer string) string {
	message, err := readObject([]byte(answer))
	if err != nil {
		return answer
	}
	signer, _ := sign.NewPlainRSASigner(p.key, crypto.SHA1)
	signature, _ := signer.Sign(message.answer())
	return answer[:len(answer)-1] + `,"signature":` + string(spec.AppendQuoted(nil, signature)) + "}"
}

func aKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	return key
}

// dial is a client of a platform with prepared answers.
func dial(t testing.TB, answer func(path string, request object) string, opts ...cnpay.Option) (*Client, *platform) {
	t.Helper()
	return dialWith(t, Config{}, answer, opts...)
}

func dialWith(t testing.TB, config Config, answer func(path string, request object) string, opts ...cnpay.Option) (*Client, *platform) {
	t.Helper()
	p := &platform{key: aKey(t), answer: answer}
	key := aKey(t)
	p.merchant = &key.PublicKey
	config.AcqSpID, config.AcqMerID, config.Key = "Y471790403", "41509208", key
	config.PlatformKeys = []*rsa.PublicKey{&p.key.PublicKey}
	c, err := New(config, append([]cnpay.Option{cnpay.WithHTTPClient(&http.Client{Transport: p})}, opts...)...)
	require.NoError(t, err)
	return c, p
}

func always(answer string) func(string, object) string {
	return func(string, object) string { return answer }
}

func order(orderNo string) Order {
	return Order{OrderTime: "20260901090000", OrderNo: orderNo, TxnAmt: 1250}
}

// calls are one of each operation on money, and what its good answer has.
func calls(c *Client, ctx context.Context) map[string]func() (cnpay.Result, error) {
	return map[string]func() (cnpay.Result, error){
		OpOrderWalletOrder: func() (cnpay.Result, error) {
			return c.Orders.WalletOrder(ctx, &OrderWalletOrderRequest{Order: order("A1"), OrderType: "wechatJs", UserID: "o"})
		},
		OpOrderPayByCode: func() (cnpay.Result, error) {
			return c.Orders.PayByCode(ctx, &OrderPayByCodeRequest{Order: order("A1"), OrderType: WeChat, AuthCode: "134781377084567613"})
		},
		OpOrderCreateQR: func() (cnpay.Result, error) {
			return c.Orders.CreateQR(ctx, &OrderCreateQRRequest{Order: order("A1"), OrderType: Alipay})
		},
		OpTerminalOrder: func() (cnpay.Result, error) {
			return c.Terminals.Order(ctx, &TerminalOrderRequest{Order: order("A1"), PayType: "bankcard", ModelID: "14"})
		},
		OpOrderCancel: func() (cnpay.Result, error) { return c.Orders.Cancel(ctx, &OrderCancelRequest{OrderNo: "A1"}) },
		OpOrderClose:  func() (cnpay.Result, error) { return c.Orders.Close(ctx, &OrderCloseRequest{OrderNo: "A1"}) },
		OpOrderRefund: func() (cnpay.Result, error) {
			return c.Orders.Refund(ctx, &OrderRefundRequest{OrderTime: "20260901090000", OrigOrderNo: "P1", OrigTxnAmt: 1250, OrderNo: "A1", TxnAmt: 250})
		},
		OpOrderQuery: func() (cnpay.Result, error) { return c.Orders.Query(ctx, &OrderQueryRequest{OrderNo: "A1"}) },
		OpOrderQueryRefund: func() (cnpay.Result, error) {
			return c.Orders.QueryRefund(ctx, &OrderQueryRefundRequest{OrderNo: "A1"})
		},
	}
}

// Every return code of the documents, at every operation.
func TestCodes(t *testing.T) {
	const (
		failed, unknown, pending, succeeded, answered = cnpay.Failed, cnpay.Unknown, cnpay.Pending, cnpay.Succeeded, cnpay.Answered
	)
	general := map[string]cnpay.Outcome{
		"01": unknown, "02": unknown, "03": failed, "04": unknown, "05": unknown, "06": unknown, "08": failed, "09": failed,
		"10": failed, "11": failed, "12": unknown, "13": failed, "14": failed, "15": failed, "16": unknown, "17": failed,
		"20": failed, "21": failed, "23": failed, "31": failed, "32": failed, "33": failed, "35": failed, "36": failed,
		"37": unknown, "38": failed, "39": failed, "43": failed, "62": unknown, "99": unknown, "01000000": unknown,
		"001100WN": failed, "20000002": unknown, "77": unknown, "": unknown, "0": unknown, "000": unknown,
	}
	own := map[string]map[string]cnpay.Outcome{
		OpOrderWalletOrder: {"00": pending, "0000": pending},
		OpOrderPayByCode:   {"00": succeeded, "0000": succeeded, "02": pending, "62": pending},
		OpOrderCreateQR:    {"00": pending, "0000": pending},
		OpTerminalOrder:    {"00": pending, "0000": pending},
		OpOrderCancel:      {"00": succeeded, "0000": succeeded, "14": pending},
		OpOrderClose:       {"00": succeeded, "0000": succeeded},
		OpOrderRefund:      {"00": pending, "0000": pending, "03": unknown},
		OpOrderQuery:       {"00": answered, "0000": answered},
		OpOrderQueryRefund: {"00": answered, "0000": answered},
	}
	code := ""
	c, _ := dial(t, func(string, object) string {
		return `{"respCode":"` + code + `","respMsg":"m","orderNo":"A1","qrCode":"q"}`
	}, cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
	for id, run := range calls(c, t.Context()) {
		codes := map[string]cnpay.Outcome{}
		for code, outcome := range general {
			if id == OpOrderQuery || id == OpOrderQueryRefund {
				outcome = unknown
			}
			codes[code] = outcome
		}
		for code, outcome := range own[id] {
			codes[code] = outcome
		}
		for given, want := range codes {
			code = given
			res, err := run()
			require.Equal(t, want, cnpay.OutcomeOf(res, err), "%s %s: %v", id, given, err)
			if want == failed {
				require.ErrorIs(t, err, cnpay.ErrRefused)
			}
		}
	}
}

// Answers that belong to something else, and that say too little.
func TestMismatches(t *testing.T) {
	for name, tt := range map[string]struct {
		id, answer, want string
	}{
		"another order":           {OpOrderPayByCode, `{"respCode":"00","orderNo":"B1","txnAmt":"1250"}`, "orderNo differs"},
		"another order, refused":  {OpOrderPayByCode, `{"respCode":"20","orderNo":"B1"}`, "orderNo differs"},
		"another amount":          {OpOrderPayByCode, `{"respCode":"00","orderNo":"A1","txnAmt":1251}`, "txnAmt differs"},
		"paid, without its order": {OpOrderPayByCode, `{"respCode":"00","txnAmt":"1250"}`, "orderNo is missing"},
		"another order's code":    {OpOrderCreateQR, `{"respCode":"00","orderNo":"B1","qrCode":"q"}`, "orderNo differs"},
		"another refund":          {OpOrderQueryRefund, `{"respCode":"00","orderNo":"B1","origRespCode":"00"}`, "orderNo differs"},
		"a refund without number": {OpOrderQueryRefund, `{"respCode":"00","origRespCode":"00"}`, "orderNo is missing"},
	} {
		c, _ := dial(t, always(tt.answer), cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
		res, err := calls(c, t.Context())[tt.id]()
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err), name)
		require.ErrorIs(t, err, cnpay.ErrMismatch, name)
		require.ErrorContains(t, err, tt.want, name)
	}

	query := &OrderQueryRequest{OrderNo: "A1", TransactionID: "2026090109000000000001", Expected: Expected{TxnAmt: 1250, MerPriv: "A1"}}
	for answer, want := range map[string]string{
		`{"respCode":"00","origRespCode":"00","transactionId":"2026090109000000000002"}`: "transactionId differs",
		`{"respCode":"00","origRespCode":"00","txnAmt":1251}`:                            "txnAmt differs",
		`{"respCode":"00","origRespCode":"00","merPriv":"B1"}`:                           "merPriv differs",
	} {
		c, _ := dial(t, always(answer))
		res, err := c.Orders.Query(t.Context(), query)
		require.Nil(t, res)
		require.ErrorContains(t, err, want)
	}
}

// An answer is nobody's word until it is verified, and only what is not in doubt is read.
func TestUnverifiedAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		answer string
		cause  error
		want   string
	}{
		"no signature":              {`raw {"respCode":"00","orderNo":"A1"}`, cnpay.ErrSignature, "no signature"},
		"a key UMPay does not know": {`raw {"respCode":"11","respMsg":"验证签名失败"}`, cnpay.ErrSignature, `it says "11 验证签名失败"`},
		"an empty signature":        {`raw {"respCode":"00","orderNo":"A1","signature":""}`, cnpay.ErrSignature, "no signature"},
		"somebody's signature":      {`raw {"respCode":"00","orderNo":"A1","signature":"QUFB"}`, cnpay.ErrSignature, "not verified"},
		"two readings":              {`{"respCode":"00","orderNo":"A1","payerInfo":"a|b"}`, cnpay.ErrSignature, "payerInfo holds |"},
		"a code that fell together": {`{"respCode":"00","orderNo":"A1","x":"20|失败"}`, cnpay.ErrSignature, "x holds |"},
		"two codes":                 {`raw {"respCode":"00","respCode":"20","orderNo":"A1","signature":"QUFB"}`, cnpay.ErrMalformed, "duplicated"},
		"no JSON":                   {`raw <html>`, cnpay.ErrMalformed, ""},
		"nothing":                   {`raw `, cnpay.ErrMalformed, ""},
		"a list":                    {`raw [1]`, cnpay.ErrMalformed, ""},
		"an amount that is not one": {`{"respCode":"00","orderNo":"A1","txnAmt":"12.5"}`, cnpay.ErrMalformed, "txnAmt"},
	} {
		c, _ := dial(t, always(tt.answer))
		res, err := calls(c, t.Context())[OpOrderPayByCode]()
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err), name)
		require.ErrorIs(t, err, tt.cause, name)
		require.ErrorContains(t, err, tt.want, name)
	}
	c, _ := dial(t, always(`{"respCode":"00","qrCode":"","orderNo":"A1"}`))
	_, err := calls(c, t.Context())[OpOrderCreateQR]()
	require.ErrorIs(t, err, cnpay.ErrUndecided)
	require.ErrorContains(t, err, "respCode 00 contradicts an empty qrCode")
}

// What a list is signed with no document says. Its answer is refused, or taken on the word of TLS and marked.
func TestLists(t *testing.T) {
	const list = `{"respCode":"00","orderList":[{"acqMerId":"41509208","tranAmt":"1"}],"signature":"QUFB"}`
	query := &TerminalQueryOrderRequest{StartTime: "20260901000000"}

	c, _ := dial(t, always("raw "+list))
	_, err := c.Terminals.QueryOrder(t.Context(), query)
	require.ErrorIs(t, err, cnpay.ErrSignature)
	require.ErrorContains(t, err, "ListsByTLS")

	c, _ = dialWith(t, Config{ListsByTLS: true}, always("raw "+list))
	res, err := c.Terminals.QueryOrder(t.Context(), query)
	require.NoError(t, err)
	require.True(t, res.Unverified)
	require.Len(t, res.OrderList, 1)
	for id, run := range calls(c, t.Context()) {
		_, err = run()
		require.ErrorIs(t, err, cnpay.ErrSignature, "%s: a list that was put into it saves no answer about money", id)
	}

	c, _ = dialWith(t, Config{ListsByTLS: true}, always(`raw {"respCode":"00","respMsg":"m"}`))
	_, err = c.Terminals.QueryOrder(t.Context(), query)
	require.ErrorIs(t, err, cnpay.ErrSignature, "without a list the signature has a rule")

	long := `{"respCode":"00","respMsg":"` + strings.Repeat("m", 2<<20) + `","orderList":[]}`
	c, _ = dial(t, always(long))
	_, err = c.Terminals.QueryOrder(t.Context(), query)
	require.NoError(t, err, "a list may be long")
	_, err = calls(c, t.Context())[OpOrderPayByCode]()
	require.ErrorIs(t, err, cnpay.ErrTooLarge)

	c, _ = dialWith(t, Config{Gateway: "http://provider.umfintech.com", ListsByTLS: true}, always("raw "+list), cnpay.WithPlainHTTP())
	_, err = c.Terminals.QueryOrder(t.Context(), query)
	require.ErrorIs(t, err, cnpay.ErrSignature, "there is no TLS to take its word")

	c, _ = dial(t, always(`{"respCode":"00","orderList":[{"acqMerId":"41509208"}]}`))
	res, err = c.Terminals.QueryOrder(t.Context(), query)
	require.NoError(t, err)
	require.False(t, res.Unverified)
	c, _ = dial(t, always(`{"respCode":"00","orderList":[{"acqMerId":"41509209"}]}`))
	_, err = c.Terminals.QueryOrder(t.Context(), query)
	require.ErrorIs(t, err, cnpay.ErrMismatch)
}

// Without TLS a signed answer about one order can be substituted for another's.
func TestPlainHTTP(t *testing.T) {
	config := Config{Gateway: "http://provider.umfintech.com"}
	_, err := New(Config{Gateway: config.Gateway, AcqSpID: "Y1", Key: aKey(t), PlatformKeys: []*rsa.PublicKey{&aKey(t).PublicKey}})
	require.ErrorContains(t, err, "plain http")

	for name, tt := range map[string]struct {
		id, answer string
		outcome    cnpay.Outcome
	}{
		"a void names nothing":         {OpOrderCancel, `{"respCode":"00","transactionId":"2026090109000000000001"}`, cnpay.Unknown},
		"a closing names nothing":      {OpOrderClose, `{"respCode":"00"}`, cnpay.Unknown},
		"a refusal that names nothing": {OpOrderPayByCode, `{"respCode":"15"}`, cnpay.Unknown},
		"a refund that names nothing":  {OpOrderRefund, `{"respCode":"00"}`, cnpay.Unknown},
		"a query names nothing":        {OpOrderQuery, `{"respCode":"00","origRespCode":"00"}`, cnpay.Unknown},
		"a payment that is named":      {OpOrderPayByCode, `{"respCode":"00","orderNo":"A1"}`, cnpay.Succeeded},
		"a refusal that is named":      {OpOrderPayByCode, `{"respCode":"15","orderNo":"A1"}`, cnpay.Failed},
		"a refund that is named":       {OpOrderQueryRefund, `{"respCode":"00","origRespCode":"00","orderNo":"A1"}`, cnpay.Answered},
	} {
		c, _ := dialWith(t, config, always(tt.answer), cnpay.WithPlainHTTP())
		require.Len(t, c.Warnings(), 1)
		require.Contains(t, c.Warnings()[0], "merPriv")
		res, err := calls(c, t.Context())[tt.id]()
		require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err), "%s: %v", name, err)

		c, _ = dial(t, always(tt.answer))
		require.Empty(t, c.Warnings())
		res, err = calls(c, t.Context())[tt.id]()
		require.NotEqual(t, cnpay.Unknown, cnpay.OutcomeOf(res, err), "%s, by https: %v", name, err)
	}

	local, _ := dialWith(t, Config{Gateway: "http://127.0.0.1:8011"}, always(`{"respCode":"00"}`), cnpay.WithPlainHTTP())
	require.Empty(t, local.Warnings(), "nobody is on the line within this machine")

	paid := always(`{"respCode":"00","origRespCode":"00","transactionId":"T1","merPriv":"A1"}`)
	for query, want := range map[*OrderQueryRequest]cnpay.Outcome{
		{OrderNo: "A1", TransactionID: "T1"}:                cnpay.Answered,
		{OrderNo: "A1", Expected: Expected{MerPriv: "A1"}}:  cnpay.Answered,
		{OrderNo: "A1", Expected: Expected{TxnAmt: 1250}}:   cnpay.Unknown,
		{OrderNo: "A1", Expected: Expected{MerPriv: "A12"}}: cnpay.Unknown,
	} {
		c, _ := dialWith(t, config, paid, cnpay.WithPlainHTTP())
		res, err := c.Orders.Query(t.Context(), query)
		require.Equal(t, want, cnpay.OutcomeOf(res, err))
	}
}

// What is sent is what is signed, and everything that is wrong is said at once.
func TestRequests(t *testing.T) {
	c, p := dial(t, always(`{"respCode":"00","orderNo":"A1"}`))
	_, err := c.Orders.PayByCode(t.Context(), &OrderPayByCodeRequest{
		Order:     Order{OrderTime: "20260306163535", OrderNo: "A1", TxnAmt: 1, GoodsInfo: `口罩 "N95" <5>\`},
		OrderType: WeChat, AuthCode: "134781377084567613",
	})
	require.NoError(t, err)
	message, err := readObject(p.bodies[0])
	require.NoError(t, err)
	signature := message.take("signature")
	require.Equal(t, `acqMerId=41509208&acqSpId=Y471790403&authCode=134781377084567613&goodsInfo=口罩 "N95" <5>\&orderNo=A1&orderTime=20260306163535&orderType=wechat&txnAmt=1`,
		string(message.request()))
	verifier, err := sign.NewPlainRSAVerifier(p.merchant, crypto.SHA1)
	require.NoError(t, err)
	require.NoError(t, verifier.Verify(message.request(), signature))

	_, err = c.Orders.PayByCode(t.Context(), &OrderPayByCodeRequest{
		account: account{"Y000000000"}, Merchant: Merchant{"M1"},
		Order: Order{OrderTime: "20260231163535", OrderNo: "A|1", TxnAmt: -1, GoodsInfo: "tea, {green}", MerPriv: "a|b", BackURL: "https://shop.example"},
	})
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(nil, err))
	var faults *cnpay.InvalidRequestError
	require.ErrorAs(t, err, &faults)
	var names []string
	for _, f := range faults.Faults {
		names = append(names, f.Field)
	}
	require.Equal(t, []string{"acqMerId", "orderTime", "txnAmt", "orderType", "authCode", "acqSpId", "orderNo", "merPriv", "backUrl", "goodsInfo"}, names)
	require.Len(t, p.bodies, 1, "nothing was sent")
}

func TestBackURL(t *testing.T) {
	for address, want := range map[string]string{
		"http://shop.example/umpay/notify?a=1&b=2": "",
		"http://my-shop.example/a_b":               "",
		"https://shop.example/":                    "http://",
		"shop.example":                             "http://",
		"http://shop.example:8080/":                "without a port",
		"http://shop.example/a%20b":                "percent-encoded",
		"http://shop.example/通知":                   "letters",
		"http://shop.example/a b":                  "letters",
	} {
		problem := backURLProblem(address)
		if want == "" {
			require.Empty(t, problem, address)
		} else {
			require.Contains(t, problem, want, address)
		}
	}
}

// A ticket has what settling needs, the end of an order included, and no payment code.
func TestTickets(t *testing.T) {
	c, _ := dial(t, always(`{"respCode":"00"}`))
	ticket, err := c.Ticket(&OrderPayByCodeRequest{Order: order("A1"), OrderType: WeChat, AuthCode: "134781377084567613"})
	require.NoError(t, err)
	text, err := json.Marshal(ticket)
	require.NoError(t, err)
	require.JSONEq(t, `{"provider":"umpay/provider","gateway":"provider.umfintech.com","account":"Y471790403",
		"operation":"provider_micropay","order":"A1",
		"fields":{"acqMerId":"41509208","orderNo":"A1","orderType":"wechat","txnAmt":"1250"}}`, string(text))

	qr := &OrderCreateQRRequest{Order: order("A1"), OrderType: Alipay, PaymentValidTime: "600"}
	ticket, err = c.Ticket(qr)
	require.NoError(t, err)
	require.Equal(t, "2026-09-01T01:10:00Z", ticket.Until.Format("2006-01-02T15:04:05Z07:00"))
	qr.OrderType = DynamicCode
	ticket, err = c.Ticket(qr)
	require.NoError(t, err)
	require.Equal(t, "2026-09-01T16:00:00Z", ticket.Until.Format("2006-01-02T15:04:05Z07:00"), "the end of the day in Beijing")

	refund := &OrderRefundRequest{OrderTime: "20260901090000", OrigOrderNo: "P1", OrigTxnAmt: 1250, OrderNo: "R1", TxnAmt: 250}
	ticket, err = c.Ticket(refund)
	require.NoError(t, err)
	require.Equal(t, "R1", ticket.Order, "a refund has a number of its own")
}

// What a dump shows has no payment code and no card data.
func TestDump(t *testing.T) {
	var dumped cnpay.Dump
	c, _ := dial(t, always(`{"respCode":"00","orderNo":"A1","qrCode":"q"}`),
		cnpay.WithDump(func(_ context.Context, d cnpay.Dump) { dumped = d }))
	_, err := calls(c, t.Context())[OpOrderPayByCode]()
	require.NoError(t, err)
	require.Contains(t, dumped.Request, `"orderNo":"A1"`)
	require.NotContains(t, dumped.Request, "134781377084567613")
	secret, err := c.Encrypt("4111111111111111")
	require.NoError(t, err)
	_, err = c.Orders.CreateQR(t.Context(), &OrderCreateQRRequest{Order: order("A1"), OrderType: BankCard, CardID: secret, CVV2: secret})
	require.NoError(t, err)
	require.NotContains(t, dumped.Request, secret)
}

func TestEncrypt(t *testing.T) {
	c, p := dial(t, always(""))
	secret, err := c.Encrypt("张三")
	require.NoError(t, err)
	require.Len(t, secret, 172)
	raw, err := base64.StdEncoding.DecodeString(secret)
	require.NoError(t, err)
	//lint:ignore SA1019 the protocol demands PKCS #1 v1.5
	plain, err := rsa.DecryptPKCS1v15(nil, p.key, raw)
	require.NoError(t, err)
	require.Equal(t, "张三", string(plain))
	_, err = c.Encrypt(strings.Repeat("4", 118))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "4444")
}

func TestConfig(t *testing.T) {
	key, platform := aKey(t), aKey(t)
	for want, config := range map[string]Config{
		"acqSpId is required":                 {Key: key, PlatformKeys: []*rsa.PublicKey{&platform.PublicKey}},
		"key: sign: no private key":           {AcqSpID: "Y1", PlatformKeys: []*rsa.PublicKey{&platform.PublicKey}},
		"platformKeys are required":           {AcqSpID: "Y1", Key: key},
		"platformKeys[0]: sign: public key":   {AcqSpID: "Y1", Key: key, PlatformKeys: []*rsa.PublicKey{nil}},
		"platformKeys[1] is the service prov": {AcqSpID: "Y1", Key: key, PlatformKeys: []*rsa.PublicKey{&platform.PublicKey, &key.PublicKey}},
		"acqMerId holds a blank":              {AcqSpID: "Y1", AcqMerID: "1 2", Key: key, PlatformKeys: []*rsa.PublicKey{&platform.PublicKey}},
	} {
		_, err := New(config)
		require.ErrorContains(t, err, want)
	}
	c, err := New(Config{AcqSpID: " Y471790403\n", Key: key, PlatformKeys: []*rsa.PublicKey{&platform.PublicKey}})
	require.NoError(t, err)
	ticket, _ := c.Ticket(&OrderQueryRequest{OrderNo: "A1"})
	require.Equal(t, "Y471790403", ticket.Account)
	require.Equal(t, "provider.umfintech.com", ticket.Gateway)
}
