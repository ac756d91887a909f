package unionpay_test

import (
	"bytes"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/unionpay"
)

// browser reads a page's one form, as a browser would, in the page's character set.
func browser(t *testing.T, page []byte, contentType string) (action string, form url.Values) {
	t.Helper()
	text := string(page)
	if strings.Contains(contentType, "GBK") {
		decoded, err := simplifiedchinese.GBK.NewDecoder().String(text)
		require.NoError(t, err)
		text = decoded
	}
	found := regexp.MustCompile(`<form [^>]*action="([^"]*)"`).FindAllStringSubmatch(text, -1)
	require.Len(t, found, 1)
	form = url.Values{}
	for _, input := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`).FindAllStringSubmatch(text, -1) {
		value := html.UnescapeString(input[2])
		if strings.Contains(contentType, "GBK") {
			encoded, err := simplifiedchinese.GBK.NewEncoder().String(value)
			require.NoError(t, err)
			value = encoded
		}
		form.Add(html.UnescapeString(input[1]), value)
	}
	return html.UnescapeString(found[0][1]), form
}

func submit(t *testing.T, action string, form url.Values) (body []byte, contentType string) {
	t.Helper()
	res, err := http.PostForm(action, form)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	require.NoError(t, err)
	return body, res.Header.Get("Content-Type")
}

// A payer's way: the merchant's page, UnionPay's, the notification, and back.
func TestFrontPurchase(t *testing.T) {
	for _, encoding := range []unionpay.Encoding{unionpay.UTF8, unionpay.GBK} {
		for _, method := range []unionpay.SignMethod{unionpay.RSA, unionpay.SM3} {
			t.Run(string(encoding)+" "+string(method), func(t *testing.T) {
				gateway, _ := start(t)
				config := gateway.ConfigFor(method)
				config.Encoding = encoding
				client, err := unionpay.New(config)
				require.NoError(t, err)
				shop := receive(t, client)
				req := &unionpay.PagePurchaseRequest{
					Details: unionpay.Details{OrderDesc: `"><script>alert('订单')</script>`},
					OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), TxnAmt: 10000, BackURL: shop.URL, FrontURL: shop.URL, PayTimeout: unionpay.TxnTime(time.Now().Add(15 * time.Minute)), ReqReserved: " {a=b&c='d'} &amp; <!-- -->% ",
				}
				form, err := client.Pages.Purchase(req)
				require.NoError(t, err)
				require.Equal(t, gateway.URL+"/gateway/api/frontTransReq.do", form.Action)

				w := httptest.NewRecorder()
				form.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
				require.NotContains(t, w.Body.String(), "<script>alert")
				require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
				action, fields := browser(t, w.Body.Bytes(), w.Header().Get("Content-Type"))
				cashier, contentType := submit(t, action, fields)
				require.Contains(t, string(cashier), req.OrderID)
				require.Equal(t, "text/html; charset="+string(encoding), contentType)
				require.Empty(t, shop.got)

				action, fields = browser(t, cashier, contentType)
				fields.Set("pay", "1")
				back, contentType := submit(t, gateway.URL+action, fields)
				require.Len(t, shop.got, 1, "the notification came")
				paid := shop.got[0].(*unionpay.PurchaseNotification)
				require.Equal(t, cnpay.Succeeded, paid.Outcome)
				require.Equal(t, strings.Trim(req.ReqReserved, " "), paid.ReqReserved)
				require.Equal(t, int64(10000), paid.TxnAmt)
				require.Equal(t, "0001", paid.PayType)

				action, fields = browser(t, back, contentType)
				submit(t, action, fields)
				require.Len(t, shop.got, 2, "and the browser's")
				require.Empty(t, shop.got[1].(*unionpay.PurchaseNotification).TraceNo)
				require.Equal(t, cnpay.Pending, shop.got[1].Common().Outcome, "goods are not delivered on it")
				require.NotEqual(t, paid.Key(), shop.got[1].Common().Key())
				settled, err := settle(t.Context(), client, req, atOnce())
				require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
			})
		}
	}
}

func TestOpenAndPurchase(t *testing.T) {
	gateway, client := start(t)
	shop := receive(t, client)
	at := unionpay.TxnTime(time.Now())
	req := &unionpay.PageOpenAndPurchaseRequest{
		OrderID: unionpay.NewOrderID(), TxnTime: at, TxnAmt: 10000, BackURL: shop.URL, FrontURL: shop.URL, TokenPayData: "{trId=62000000001&tokenType=01}",
	}
	form, err := client.Pages.OpenAndPurchase(req)
	require.NoError(t, err)
	fields := url.Values{}
	for _, f := range form.Fields {
		fields.Set(f.Name, f.Value)
	}
	require.Equal(t, "000902", fields.Get("bizType"))
	submit(t, form.Action, fields)
	require.NoError(t, gateway.Pay(req.OrderID, "00"))
	res, err := client.Cards.ApplyToken(t.Context(), &unionpay.CardApplyTokenRequest{OrderID: req.OrderID, TxnTime: at, TokenPayData: req.TokenPayData})
	require.NoError(t, err)
	require.Contains(t, res.TokenPayData, "trId=62000000001")
}

func TestFrontOpen(t *testing.T) {
	gateway, client := start(t)
	shop := receive(t, client)
	req := &unionpay.PageOpenCardRequest{
		OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), BackURL: shop.URL, FrontURL: shop.URL, TokenPayData: "{trId=62000000001&tokenType=01}",
	}
	form, err := client.Pages.OpenCard(req)
	require.NoError(t, err)
	fields := url.Values{}
	for _, f := range form.Fields {
		fields.Set(f.Name, f.Value)
	}
	submit(t, form.Action, fields)
	require.NoError(t, gateway.Pay(req.OrderID, "00"))
	_, err = gateway.Notify(t.Context(), req.OrderID, cnpaytest.OK)
	require.NoError(t, err)
	opened := shop.got[0].(*unionpay.OpenNotification)
	require.Equal(t, "1", opened.ActivateStatus)
	require.Contains(t, opened.TokenPayData, "trId=62000000001")
}

func TestForms(t *testing.T) {
	client, _ := keyedClient(t, unionpay.SHA256, silent)
	wap, err := client.Pages.Purchase(&unionpay.PagePurchaseRequest{
		ChannelType: "08", OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: unionpay.NoNotification, FrontURL: "https://m.example/",
	})
	require.NoError(t, err)
	page := func(f *cnpay.Form) string {
		var b bytes.Buffer
		require.NoError(t, f.WriteHTML(&b))
		return b.String()
	}
	require.Contains(t, page(wap), `<input type="hidden" name="channelType" value="08">`)
	require.Contains(t, page(wap), `<input type="hidden" name="currencyCode" value="156">`)
	require.NotContains(t, page(wap), "nonce")
	wap.Nonce = `r"4nd`
	require.Contains(t, page(wap), `<script nonce="r&#34;4nd">`)

	preauth, err := client.Pages.Preauth(&unionpay.PagePreauthRequest{
		OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: unionpay.NoNotification, FrontURL: "https://m.example/",
	})
	require.NoError(t, err)
	require.Contains(t, page(preauth), `<input type="hidden" name="txnType" value="02">`)

	for _, f := range []func() (*cnpay.Form, error){
		func() (*cnpay.Form, error) { return client.Pages.Purchase(nil) },
		func() (*cnpay.Form, error) { return client.Pages.Preauth(nil) },
		func() (*cnpay.Form, error) { return client.Pages.OpenAndPurchase(nil) },
		func() (*cnpay.Form, error) { return client.Pages.OpenCard(nil) },
	} {
		form, err := f()
		require.Nil(t, form)
		require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
		require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(nil, err))
		require.ErrorContains(t, err, "frontUrl is required")
	}
}
