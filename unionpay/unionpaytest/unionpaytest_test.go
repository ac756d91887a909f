package unionpaytest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
)

const (
	front = "/gateway/api/frontTransReq.do"
	back  = "/gateway/api/backTransReq.do"
	query = "/gateway/api/queryTrans.do"
)

type fields map[string]string

// merchant signs and posts by itself, so that the gateway is held to the documents and not to package unionpay.
type merchant struct {
	*testing.T
	*unionpaytest.Server
	now   time.Time
	count int
}

func start(t *testing.T) *merchant {
	t.Helper()
	m := &merchant{T: t, Server: unionpaytest.NewServer(), now: time.Date(2026, 1, 5, 12, 0, 0, 0, cnpay.Beijing())}
	t.Cleanup(m.Server.Close)
	m.SetClock(func() time.Time { return m.now })
	return m
}

// request is the fields of an operation, "31/00" for instance, with an order number of its own.
func (m *merchant) request(types string, own fields) fields {
	m.count++
	txnType, txnSubType, _ := strings.Cut(types, "/")
	all := fields{
		"version": "5.1.0", "encoding": "UTF-8", "signMethod": "11", "txnType": txnType, "txnSubType": txnSubType,
		"bizType": "000201", "accessType": "0", "merId": unionpaytest.MerID, "channelType": "07",
		"orderId": fmt.Sprintf("order%06d", m.count), "txnTime": unionpay.TxnTime(m.now), "txnAmt": "10000",
		"currencyCode": "156", "backUrl": unionpay.NoNotification, "frontUrl": "https://shop.example/",
	}
	maps.Copy(all, own)
	return all
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func (m *merchant) post(path string, request fields) string {
	m.Helper()
	var parts []string
	form := url.Values{}
	for _, name := range slices.Sorted(maps.Keys(request)) {
		parts = append(parts, name+"="+request[name])
		form.Set(name, request[name])
	}
	form.Set("signature", digest(strings.Join(parts, "&")+"&"+digest(unionpaytest.SecureKey)))
	res, err := http.PostForm(m.URL+path, form)
	require.NoError(m, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(m, err)
	return string(body)
}

// send returns the answer's fields. What stands in braces is one value.
func (m *merchant) send(path string, request fields) fields {
	m.Helper()
	answer := fields{}
	for _, pair := range regexp.MustCompile(`(\w+)=(\{[^}]*\}|[^&]*)`).FindAllStringSubmatch(m.post(path, request), -1) {
		answer[pair[1]] = pair[2]
	}
	return answer
}

// code is the respCode of an operation of the back-end.
func (m *merchant) code(types string, own fields) string {
	m.Helper()
	return m.send(back, m.request(types, own))["respCode"]
}

// ended is the origRespCode of an order, or why there is none.
func (m *merchant) ended(request fields) string {
	m.Helper()
	answer := m.send(query, m.request("00/00", fields{"orderId": request["orderId"], "txnTime": request["txnTime"]}))
	if answer["respCode"] != "00" {
		return "query " + answer["respCode"]
	}
	return answer["origRespCode"]
}

func TestRefusals(t *testing.T) {
	m := start(t)
	held := fields{"origQryId": m.AddPreauth(10000)}
	with := func(name, value string) fields {
		own := maps.Clone(held)
		own[name] = value
		return own
	}
	require.Equal(t, "31", m.code("32/00", with("merId", "777290058110097")))
	require.Equal(t, "10", m.code("32/00", with("backUrl", "")))
	require.Equal(t, "10", m.code("32/00", with("txnAmt", "-1")))
	require.Equal(t, "10", m.code("32/00", with("encryptCertId", "1")))
	require.Equal(t, "35", m.code("32/00", with("origQryId", "202601051200000000099")))
	require.Equal(t, "Invalid request URI.", m.post(query, m.request("32/00", held)))
	require.Equal(t, "Invalid request.", m.post(back, m.request("32/00", with("version", "5.0.0"))))
	require.Equal(t, "00", m.code("32/00", held), "none of these did anything")

	again := m.request("01/06", fields{"bizType": "000000", "qrNo": "6220000000000000000", "termId": "49000002"})
	require.Equal(t, "00", m.send(back, again)["respCode"])
	again["txnTime"] = unionpay.TxnTime(m.now.Add(time.Second))
	require.Equal(t, "12", m.send(back, again)["respCode"], "one number a day")
	again["txnTime"] = unionpay.TxnTime(m.now.AddDate(0, 0, 1))
	require.Equal(t, "00", m.send(back, again)["respCode"])
}

func TestStillBeingProcessed(t *testing.T) {
	m := start(t)
	told := 0
	shop := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		require.NoError(t, r.ParseForm())
		require.Equal(t, "00", r.PostForm.Get("respCode"))
		told++
	}))
	defer shop.Close()
	m.SetPending(2)
	completion := m.request("03/00", fields{"origQryId": m.AddPreauth(10000), "backUrl": shop.URL})
	accepted := m.send(back, completion)
	require.Equal(t, "00", accepted["respCode"])
	refund := fields{"origQryId": accepted["queryId"], "txnAmt": "1"}
	require.Equal(t, "05", m.ended(completion))
	require.Equal(t, "35", m.code("04/00", refund), "nothing can be done about what has not ended")
	status, err := m.Notify(t.Context(), completion["orderId"], cnpaytest.OK)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, 1, told)
	require.Equal(t, "00", m.ended(completion), "as the notification said")
	require.Equal(t, "00", m.code("04/00", refund))
}

func TestPayer(t *testing.T) {
	m := start(t)
	order := m.request("01/07", fields{"bizType": "000000", "backUrl": "https://shop.example/notify", "payTimeout": unionpay.TxnTime(m.now.Add(time.Minute))})
	require.Contains(t, m.send(back, order)["qrCode"], "https://qr.95516.com/")
	require.Equal(t, "query 34", m.ended(order))
	_, err := m.Notify(t.Context(), order["orderId"], cnpaytest.OK)
	require.ErrorIs(t, err, unionpaytest.ErrNotPaid)
	_, err = m.Notify(t.Context(), "another", cnpaytest.OK)
	require.ErrorContains(t, err, "no such order")

	require.NoError(t, m.Pay(order["orderId"], "64"))
	require.Equal(t, "64", m.ended(order))
	require.NoError(t, m.Pay(order["orderId"], "00"), "with another card")
	require.Equal(t, "00", m.ended(order))
	require.Error(t, m.Pay(order["orderId"], "00"), "twice")

	late := m.request("01/07", fields{"bizType": "000000", "payTimeout": unionpay.TxnTime(m.now.Add(time.Minute))})
	m.send(back, late)
	m.now = m.now.Add(2 * time.Minute)
	require.ErrorContains(t, m.Pay(late["orderId"], "00"), "payTimeout")
}

// QR codes are named by their order, and taken back on the day only.
func TestQR(t *testing.T) {
	m := start(t)
	qr := func(own fields) fields {
		own["bizType"] = "000000"
		return own
	}
	buy := func() fields {
		request := m.request("01/06", qr(fields{"qrNo": "6220000000000000000", "termId": "49000002"}))
		require.Equal(t, "00", m.send(back, request)["respCode"])
		return request
	}
	purchase := buy()
	named := fields{"origOrderId": purchase["orderId"], "origTxnTime": purchase["txnTime"]}
	require.Equal(t, "00", m.code("31/00", qr(maps.Clone(named))))
	require.Equal(t, "45", m.code("04/00", qr(maps.Clone(named))))

	purchase = buy()
	same := fields{"orderId": purchase["orderId"], "txnTime": purchase["txnTime"]}
	require.Equal(t, "00", m.code("99/01", qr(maps.Clone(same))))
	require.Equal(t, "00", m.code("99/01", qr(maps.Clone(same))), "as often as one likes")
	require.Equal(t, "46", m.ended(purchase))

	purchase = buy()
	same = fields{"orderId": purchase["orderId"], "txnTime": purchase["txnTime"]}
	m.now = m.now.Add(11 * time.Hour)
	require.Equal(t, "39", m.code("99/01", qr(same)))
	require.Equal(t, "00", m.ended(purchase))
}

func TestCards(t *testing.T) {
	m := start(t)
	code := func(sms string) string { return base64.StdEncoding.EncodeToString([]byte("{smsCode=" + sms + "}")) }
	card := fields{"accNo": "6216261000000000018", "tokenPayData": "{trId=62000000001&tokenType=01}", "customerInfo": code("999999")}
	require.Equal(t, "71", m.code("79/00", card))
	require.Equal(t, "0", m.send(back, m.request("78/00", fields{"accNo": card["accNo"]}))["activateStatus"])

	card["customerInfo"] = code(unionpaytest.SMSCode)
	opening := m.request("79/00", card)
	token := fields{"tokenPayData": m.send(back, opening)["tokenPayData"], "customerInfo": card["customerInfo"]}
	require.Contains(t, token["tokenPayData"], "trId=62000000001")
	require.Equal(t, "12", m.send(back, opening)["respCode"])
	require.Equal(t, "1", m.send(back, m.request("78/00", fields{"accNo": card["accNo"]}))["activateStatus"])
	opened := fields{"orderId": opening["orderId"], "tokenPayData": "{trId=62000000001}"}
	require.Equal(t, token["tokenPayData"], m.send(back, m.request("79/05", opened))["tokenPayData"])
	require.Equal(t, "00", m.code("01/01", token))

	require.Equal(t, "00", m.code("74/01", token))
	require.Equal(t, "89", m.code("01/01", token))
	require.Equal(t, "89", m.code("79/03", token))
	require.Equal(t, "89", m.code("74/01", token))
	require.Equal(t, "35", m.code("79/05", opened))
	require.Equal(t, "10", m.code("01/01", nil), "neither a token nor a card")

	binding := m.send(back, m.request("72/01", card))["bindId"]
	require.Equal(t, card["accNo"], m.send(back, m.request("75/00", fields{"bindId": binding}))["accNo"])
	require.Equal(t, "00", m.code("74/00", fields{"bindId": binding}))
	require.Equal(t, "40", m.code("74/00", fields{"bindId": binding}))
	require.Equal(t, "40", m.code("75/00", fields{"bindId": binding}))
}

func TestCashier(t *testing.T) {
	m := start(t)
	form := m.request("01/01", fields{"orderDesc": "<script>alert(1)</script>"})
	page := m.post(front, form)
	require.Contains(t, page, "确认付款")
	require.Contains(t, page, "100.00 元")
	require.Contains(t, page, form["orderId"])
	require.Contains(t, page, "不会动用任何真实资金")
	require.Contains(t, page, "This is a test: no money moves")
	require.Contains(t, page, `<a class="back plain" href="https://shop.example/">`)
	require.NotContains(t, page, "<script>")
	require.Regexp(t, `id="zh" value="zh" form="pay" checked`, page)
	require.NotRegexp(t, `(?i) src=|url\(|@import|<link rel="?stylesheet`, page, "nothing from elsewhere")
	require.Contains(t, m.post(front, m.request("01/01", fields{"txnAmt": "5"})), "0.05 元")
	page = m.post(front, form)
	require.Contains(t, page, "重复交易")
	require.NotContains(t, page, "确认付款")
	require.Contains(t, m.post(front, fields{"txnType": "01"}), "Invalid request.")
	page = m.post(front, m.request("01/01", fields{"frontUrl": "javascript:alert(2)"}))
	require.NotContains(t, page, "javascript:")
	require.Contains(t, page, "确认付款")
}

// press is one of the page's buttons.
func (m *merchant) press(form url.Values) (status int, page string) {
	m.Helper()
	res, err := http.PostForm(m.URL+"/cashier", form)
	require.NoError(m, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(m, err)
	require.Equal(m, "no-store", res.Header.Get("Cache-Control"))
	return res.StatusCode, string(body)
}

// reload is what the page's address shows now.
func (m *merchant) reload(form fields) string {
	m.Helper()
	res, err := http.Get(m.URL + "/cashier?" + url.Values{"orderId": {form["orderId"]}, "txnTime": {form["txnTime"]}}.Encode())
	require.NoError(m, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(m, err)
	return string(body)
}

// Each state of the page has what fits it, a way back to the shop, and no button that does a thing twice.
func TestCashierStates(t *testing.T) {
	m := start(t)
	const wayBack, pay, auto = "返回商户", `name="pay"`, "data-leave"
	for types, title := range map[string]string{"01/01": "付款成功", "02/01": "预授权成功", "79/00": "开通成功"} {
		form := m.request(types, nil)
		if types == "79/00" {
			delete(form, "txnAmt")
		}
		require.Contains(t, m.post(front, form), pay)
		order := url.Values{"orderId": {form["orderId"]}}
		with := func(name, lang string) url.Values {
			return url.Values{"orderId": order["orderId"], name: {"1"}, "lang": {lang}}
		}

		status, page := m.press(with("refuse", "zh"))
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, page, `class="problem"`)
		require.Contains(t, page, pay, "another card may do")
		require.Contains(t, page, wayBack)
		require.Contains(t, m.reload(form), pay)

		status, page = m.press(with("pay", "en"))
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, page, title)
		require.Regexp(t, `id="en" value="en" checked`, page, "the language is kept")
		require.NotContains(t, page, pay)
		require.NotContains(t, page, `name="refuse"`)
		require.Contains(t, page, `action="https://shop.example/"`)
		require.Contains(t, page, auto)
		require.Contains(t, page, wayBack)
		require.Equal(t, form["txnAmt"] == "", !strings.Contains(page, "100.00 元"))

		status, page = m.press(with("pay", "zh")) // the browser's back button, and once more
		require.Equal(t, http.StatusConflict, status)
		require.Contains(t, page, "没有重复扣款")
		require.NotContains(t, page, pay)
		require.NotContains(t, page, auto)
		require.Contains(t, page, wayBack)
		require.Equal(t, page, m.reload(form))
		if types != "79/00" {
			page = m.post(front, form) // or the shop's form once more
			require.Contains(t, page, "没有重复扣款")
			require.NotContains(t, page, pay)
		}
	}

	late := m.request("01/01", fields{"payTimeout": unionpay.TxnTime(m.now.Add(time.Minute))})
	m.post(front, late)
	m.now = m.now.Add(2 * time.Minute)
	status, page := m.press(url.Values{"orderId": {late["orderId"]}, "pay": {"1"}})
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, page, "订单已超过支付时限")
	require.NotContains(t, page, pay)
	require.Contains(t, page, wayBack)
	require.Equal(t, page, m.reload(late))

	status, page = m.press(url.Values{"orderId": {"none"}, "pay": {"1"}})
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, page, "查无此交易")
	require.NotContains(t, page, "<form")
	app := m.request("02/01", fields{"frontUrl": ""})
	m.send("/gateway/api/appTransReq.do", app)
	require.Contains(t, m.reload(app), "查无此交易", "an order of an app is not this page's")

	// A form that is not the merchant's leads nowhere.
	forged := m.request("01/01", fields{"merId": "777290058110097"})
	page = m.post(front, forged)
	require.Contains(t, page, "商户状态不正确")
	require.NotContains(t, page, "shop.example")
}

func TestCashierInGBK(t *testing.T) {
	m := start(t)
	form := m.request("01/01", fields{"encoding": "GBK", "orderDesc": "\xb2\xe8"}) // 茶
	for _, page := range []string{
		m.post(front, form), func() string { _, page := m.press(url.Values{"orderId": {form["orderId"]}, "pay": {"1"}}); return page }(),
	} {
		text, err := simplifiedchinese.GBK.NewDecoder().String(page)
		require.NoError(t, err)
		require.NotContains(t, text, "\ufffd")
		require.Contains(t, text, "<dd>茶</dd>")
		require.Contains(t, text, "测试收银台")
	}
}
