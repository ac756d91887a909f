package spay_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/umpay/spay"
)

// tap keeps the last request and answers nothing.
type tap struct {
	address string
	header  http.Header
	body    string
}

func (w *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	w.address, w.header = r.URL.String(), r.Header
	body, err := io.ReadAll(r.Body)
	w.body = string(body)
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Header: http.Header{}, Request: r}, err
}

// What leaves: the documented fields at their names, UTF-8 in the form, GBK under the signature, card data encrypted.
func TestWire(t *testing.T) {
	gateway, _ := start(t)
	config := gateway.Config()
	config.Gateway = ""
	wire := &tap{}
	client, err := spay.New(config, cnpay.WithHTTPClient(&http.Client{Transport: wire}))
	require.NoError(t, err)

	_, err = client.Orders.CreateQR(t.Context(), &spay.OrderCreateQRRequest{
		Order:        spay.Order{OrderID: "SHOP*1+#", MerDate: "20260901", Amount: 1, GoodsInf: " 测试商品 & 100% ", NotifyURL: "https://shop.example/n", ExpireTime: 30},
		ScanCodeType: "WECHAT",
	})
	require.ErrorIs(t, err, cnpay.ErrMalformed)
	require.Equal(t, "https://pay.soopay.net/spay/pay/payservice.do", wire.address)
	require.Equal(t, "application/x-www-form-urlencoded; charset=UTF-8", wire.header.Get("Content-Type"))
	form, err := url.ParseQuery(wire.body)
	require.NoError(t, err)
	signature, err := base64.StdEncoding.DecodeString(form.Get("sign"))
	require.NoError(t, err)
	require.Equal(t, "RSA", form.Get("sign_type"))
	form.Del("sign")
	form.Del("sign_type")
	require.Equal(t, url.Values{
		"service": {"active_scancode_order"}, "charset": {"UTF-8"}, "mer_id": {"60000100"}, "res_format": {"HTML"}, "version": {"4.0"},
		"order_id": {"SHOP*1+#"}, "mer_date": {"20260901"}, "amount": {"1"}, "amt_type": {"RMB"}, "goods_inf": {"测试商品 & 100%"},
		"notify_url": {"https://shop.example/n"}, "expire_time": {"30"}, "scancode_type": {"WECHAT"},
	}, form)
	text, err := simplifiedchinese.GBK.NewEncoder().String("amount=1&amt_type=RMB&charset=UTF-8&expire_time=30&goods_inf=测试商品 & 100%&mer_date=20260901&" +
		"mer_id=60000100&notify_url=https://shop.example/n&order_id=SHOP*1+#&res_format=HTML&scancode_type=WECHAT&service=active_scancode_order&version=4.0")
	require.NoError(t, err)
	sum := sha1.Sum([]byte(text))
	public, ok := config.Key.Public().(*rsa.PublicKey)
	require.True(t, ok)
	require.NoError(t, rsa.VerifyPKCS1v15(public, crypto.SHA1, sum[:], signature))

	confirm := &spay.QuickPayConfirmRequest{
		OrderID: "SHOP1", MerDate: "20260901", Amount: 1250, TradeNo: "3609010900000001", VerifyCode: "0605", MediaID: "13800000000", MediaType: "MOBILE",
		Card: spay.Card{CardID: card, Holder: spay.Holder{CardHolder: "张三"}},
	}
	_, err = client.QuickPay.Confirm(t.Context(), confirm)
	require.ErrorIs(t, err, cnpay.ErrMalformed)
	form, err = url.ParseQuery(wire.body)
	require.NoError(t, err)
	for _, name := range []string{"order_id", "mer_date", "amount", "cvv2"} {
		require.False(t, form.Has(name), name)
	}
	require.Len(t, form.Get("card_id"), 172)
	require.Len(t, form.Get("card_holder"), 172)
	require.NotContains(t, wire.body, card)
	ticket := cnpay.TicketOf(nil, err)
	var e *cnpay.Error
	require.NoError(t, err)
	_, err = client.QuickPay.Confirm(t.Context(), confirm)
	require.ErrorAs(t, err, &e)
	ticket = e.Ticket
	require.Equal(t, map[string]string{"order_id": "SHOP1", "mer_date": "20260901", "amount": "1250", "trade_no": "3609010900000001"}, ticket.Fields)
	require.Equal(t, "SHOP1", ticket.Order)
	require.Equal(t, card, confirm.CardID, "the caller's value is not touched")
}

func TestFaultsAreNamedAtOnce(t *testing.T) {
	_, client := start(t)
	_, err := client.Orders.CreateQR(t.Context(), &spay.OrderCreateQRRequest{
		Order: spay.Order{OrderID: "a b", MerDate: "2026-09-01", Amount: -1, GoodsInf: "€", MerPriv: "a&b=c"}, ScanCodeType: "PIGEON",
	})
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(nil, err))
	require.EqualError(t, err, "umpay/spay spay_active_scancode_order a b: failed: invalid request: order_id must be 4 to 32 letters, digits or - _ * + #; "+
		"mer_date must be a time of the form YYYYMMDD; amount must not be negative; mer_priv must have no & and no \"; "+
		"scancode_type must be WECHAT or ALIPAY or QQ or UNION; goods_inf has a character that GBK does not have")

	_, err = client.Orders.Refund(t.Context(), &spay.OrderRefundRequest{RefundNo: "12345678901234567", OrderID: "SHOP1", MerDate: "20260901", OrgAmount: 1, RefundAmount: 2})
	require.ErrorContains(t, err, "refund_no must be at most 16 bytes, is 17; refund_amount must be at most org_amount")
	_, err = client.Orders.Query(t.Context(), &spay.OrderQueryRequest{MerDate: "20260901"})
	require.ErrorContains(t, err, "order_id is required without trade_no")
	_, err = client.Preauth.Create(t.Context(), &spay.PreauthCreateRequest{
		OrderID: "SHOP1", MerDate: "20260901", Amount: 1, PayType: "CREDITCARD", CardID: card, ValidDate: "3012", CVV2: "123",
		Holder: spay.Holder{CardHolder: strings.Repeat("张", 59)},
	})
	require.ErrorContains(t, err, "card_holder must be at most 117 bytes in GBK; it is given in plain text")
	require.NotContains(t, err.Error(), card)
	_, err = client.Pages.Web(&spay.PageWebRequest{})
	require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
}

// A dump and a log have no card number, no telephone number and no code.
func TestNothingSecretIsShown(t *testing.T) {
	var dumps []cnpay.Dump
	var log bytes.Buffer
	gateway, client := start(t, cnpay.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		cnpay.WithDump(func(_ context.Context, d cnpay.Dump) { dumps = append(dumps, d) }))
	const phone, holder = "13800000000", "张三"
	o := order(1)
	o.MerPriv = "100%"
	apply, err := client.QuickPay.Apply(t.Context(), &spay.QuickPayApplyRequest{Order: o, Medium: spay.Medium{MediaID: phone, MediaType: "MOBILE"}, PayType: "DEBITCARD", GateID: "ICBC"})
	require.NoError(t, err)
	_, err = client.QuickPay.SendSMS(t.Context(), &spay.QuickPaySendSMSRequest{TradeNo: apply.TradeNo, MediaID: phone, MediaType: "MOBILE",
		Card: spay.Card{CardID: card, Holder: spay.Holder{CardHolder: holder}}})
	require.NoError(t, err)
	_, err = client.QuickPay.Confirm(t.Context(), &spay.QuickPayConfirmRequest{OrderID: o.OrderID, MerDate: o.MerDate, TradeNo: apply.TradeNo,
		VerifyCode: "123456", MediaID: phone, MediaType: "MOBILE"})
	require.NoError(t, err)
	res, err := client.Orders.Query(t.Context(), &spay.OrderQueryRequest{OrderID: o.OrderID, MerDate: o.MerDate})
	require.NoError(t, err)
	require.Equal(t, phone, res.MediaID)
	require.Equal(t, "100%", res.MerPriv)
	gateway.SetClock(func() time.Time { return time.Now().AddDate(0, 0, 2) })
	file, err := client.Files.Download(t.Context(), &spay.FileDownloadRequest{SettleDate: today()})
	require.NoError(t, err)
	require.Contains(t, string(file.Body), phone)

	require.Len(t, dumps, 5)
	all := log.String()
	for _, d := range dumps {
		require.NotEmpty(t, d.Request)
		require.NotEmpty(t, d.Answer)
		all += d.Request + d.Answer + d.Ticket.String()
	}
	for _, secret := range []string{phone, card, holder, "verify_code=123456"} {
		require.NotContains(t, all, secret)
	}
	require.Contains(t, all, "media_id=***")
	require.Contains(t, all, "trade_state=TRADE_SUCCESS")
}

// UMPay's new key is accepted beside the old one before UMPay changes, and the old one until the merchant takes it out.
func TestPlatformKeyChanges(t *testing.T) {
	gateway, client := start(t)
	old := gateway.Config()
	gateway.AddOrder("SHOP1", 1250)
	query := &spay.OrderQueryRequest{OrderID: "SHOP1", MerDate: today()}
	gateway.ChangePlatformKey()
	res, err := client.Orders.Query(t.Context(), query)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	require.ErrorIs(t, err, cnpay.ErrSignature)

	both := gateway.Config()
	both.PlatformKeys = append(old.PlatformKeys, both.PlatformKeys...)
	client, err = spay.New(both)
	require.NoError(t, err)
	res, err = client.Orders.Query(t.Context(), query)
	require.Equal(t, cnpay.Answered, cnpay.OutcomeOf(res, err))
}

func TestConfigIsChecked(t *testing.T) {
	_, err := spay.New(spay.Config{Gateway: "http://pay.soopay.net", MerID: "60000 100"})
	require.EqualError(t, err, "umpay/spay: config: gateway: plain http to pay.soopay.net, which is not this machine; use https, or cnpay.WithPlainHTTP for a private line; "+
		"merchant number holds a blank (U+0020) at character 6; key: sign: no private key; UMPay's public key is required")
	gateway, _ := start(t)
	config := gateway.Config()
	config.MerID = "\ufeff60000100\r\n"
	client, err := spay.New(config)
	require.NoError(t, err)
	gateway.AddOrder("SHOP1", 1250)
	res, err := client.Orders.Query(t.Context(), &spay.OrderQueryRequest{OrderID: "SHOP1", MerDate: today()})
	require.Equal(t, cnpay.Answered, cnpay.OutcomeOf(res, err), "%v", err)
	config.MerID = "shop"
	_, err = spay.New(config)
	require.ErrorContains(t, err, "merchant number must be digits")
}

// A refusal of a page, of version 1.0 or to another merchant says so, and not that its signature is bad.
func TestForeignAnswersAreNamed(t *testing.T) {
	gateway, client := start(t)
	gateway.AddOrder("SHOP1", 1250)
	query := &spay.OrderQueryRequest{OrderID: "SHOP1", MerDate: today()}
	for fault, text := range map[cnpaytest.Fault]string{
		"old-version": `version is "1.0", not 4.0`, "other-merchant": "mer_id differs", cnpaytest.OtherAnswer: "order_id differs",
		cnpaytest.Unsigned: "it is not signed", "twice": "more than one MobilePayPlatform", cnpaytest.HTML: "no META tag MobilePayPlatform",
	} {
		gateway.AlwaysMisbehave(spay.OpOrderQuery, fault)
		_, err := client.Orders.Query(t.Context(), query)
		require.ErrorContains(t, err, text)
	}
}
