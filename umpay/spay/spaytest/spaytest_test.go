package spaytest_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/umpay/spay"
	"github.com/cnpay-go/cnpay/umpay/spay/spaytest"
)

// send posts a form that is signed by hand, and returns the answer.
func send(t *testing.T, s *spaytest.Server, form map[string]string, change func(url.Values)) string {
	t.Helper()
	values := url.Values{}
	var names []string
	for name, value := range form {
		values.Set(name, value)
		names = append(names, name)
	}
	slices.Sort(names)
	var parts []string
	for _, name := range names {
		parts = append(parts, name+"="+form[name])
	}
	sum := sha1.Sum([]byte(strings.Join(parts, "&")))
	key, ok := s.Config().Key.(*rsa.PrivateKey)
	require.True(t, ok)
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA1, sum[:])
	require.NoError(t, err)
	values.Set("sign", base64.StdEncoding.EncodeToString(signature))
	values.Set("sign_type", "RSA")
	if change != nil {
		change(values)
	}
	res, err := http.PostForm(s.URL+"/spay/pay/payservice.do", values)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(body)
}

func cancellation() map[string]string {
	return map[string]string{
		"service": "mer_cancel", "charset": "UTF-8", "mer_id": "60000100", "version": "4.0", "order_id": "SHOP1",
		"mer_date": spay.MerDate(time.Now()), "amount": "1250",
	}
}

func TestSignatureIsChecked(t *testing.T) {
	s := spaytest.NewServer()
	defer s.Close()
	s.AddOrder("SHOP1", 1250)
	for name, change := range map[string]func(url.Values){
		"no signature":          func(v url.Values) { v.Del("sign") },
		"no kind":               func(v url.Values) { v.Del("sign_type") },
		"another amount":        func(v url.Values) { v.Set("amount", "1251") },
		"a field more":          func(v url.Values) { v.Set("goods_id", "1") },
		"a field that is empty": func(v url.Values) { v.Set("goods_id", "") },
	} {
		require.Contains(t, send(t, s, cancellation(), change), "ret_code=00060710", name)
	}
	require.Contains(t, send(t, s, cancellation(), func(v url.Values) { v.Add("amount", "1250") }), "ret_code=00240402")
	other := cancellation()
	other["mer_id"] = "60000101"
	require.Contains(t, send(t, s, other, nil), "ret_code=00060711")
	require.Contains(t, send(t, s, cancellation(), nil), "ret_code=0000&")
}

func TestMandatoryFieldsAreRequired(t *testing.T) {
	text, err := os.ReadFile("operations.txt")
	require.NoError(t, err)
	s := spaytest.NewServer()
	defer s.Close()
	for _, op := range testgateway.Operations(string(text)) {
		if op.Method != http.MethodPost {
			continue
		}
		whole := map[string]string{}
		for _, name := range op.Mandatory {
			whole[name] = "1"
		}
		for name, value := range map[string]string{"service": strings.TrimPrefix(op.ID, "spay_"), "charset": "UTF-8", "mer_id": "60000100", "version": "4.0"} {
			whole[name] = value
		}
		for _, missing := range op.Mandatory {
			if slices.Contains([]string{"service", "charset", "mer_id", "version"}, missing) {
				continue
			}
			part := map[string]string{}
			for name, value := range whole {
				if name != missing {
					part[name] = value
				}
			}
			require.Contains(t, send(t, s, part, nil), "缺少参数 "+missing, op.ID)
		}
	}
}

func TestOrdersAreKept(t *testing.T) {
	s := spaytest.NewServer()
	defer s.Close()
	s.AddOrder("SHOP1", 1250)
	require.Contains(t, send(t, s, map[string]string{"service": "mer_refund", "charset": "UTF-8", "mer_id": "60000100", "version": "4.0",
		"refund_no": "R1", "order_id": "SHOP1", "mer_date": spay.MerDate(time.Now()), "org_amount": "1250", "refund_amount": "1251"}, nil), "ret_code=00060774")
	wrong := cancellation()
	wrong["amount"] = "1249"
	require.Contains(t, send(t, s, wrong, nil), "ret_code=00200092")
	require.Contains(t, send(t, s, cancellation(), nil), "trade_state=TRADE_CANCEL")
	require.Contains(t, send(t, s, cancellation(), nil), "trade_state=TRADE_CANCEL", "cancelled is cancelled")
	require.Contains(t, send(t, s, map[string]string{"service": "mer_refund", "charset": "UTF-8", "mer_id": "60000100", "version": "4.0",
		"refund_no": "R1", "order_id": "SHOP1", "mer_date": spay.MerDate(time.Now()), "org_amount": "1250"}, nil), "ret_code=00060760")
	yesterday := cancellation()
	s.SetClock(func() time.Time { return time.Now().AddDate(0, 0, 1) })
	require.Contains(t, send(t, s, yesterday, nil), "ret_code=00200091")
}

// A person follows the link, presses the button, and loads the page again.
func TestCashier(t *testing.T) {
	s := spaytest.NewServer()
	defer s.Close()
	client, err := spay.New(s.Config())
	require.NoError(t, err)
	var told []string
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := client.ParseNotification(r)
		if err == nil {
			told = append(told, n.TradeState)
		}
	}))
	defer shop.Close()
	form, err := client.Pages.Mobile(&spay.PageMobileRequest{Order: spay.Order{
		OrderID: "SHOP1", MerDate: spay.MerDate(time.Now()), Amount: 5, GoodsInf: "<b>咖啡</b>", NotifyURL: shop.URL, RetURL: "https://shop.example/done",
	}})
	require.NoError(t, err)
	open := func(address string, values url.Values) string {
		var res *http.Response
		var err error
		if values != nil {
			res, err = http.PostForm(address, values)
		} else {
			res, err = http.Get(address)
		}
		require.NoError(t, err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return string(body)
	}
	page := open(form.Link, nil)
	require.Contains(t, page, "0.05 元")
	require.Contains(t, page, "&lt;b&gt;咖啡")
	require.Contains(t, page, `lang="zh-CN"`)
	require.Contains(t, page, "确认付款")
	_, rest, _ := strings.Cut(page, `name="trade_no" value="`)
	tradeNo, _, _ := strings.Cut(rest, `"`)
	for range 2 {
		page = open(s.URL+"/cashier", url.Values{"trade_no": {tradeNo}, "pay": {"1"}})
		require.Contains(t, page, "付款成功")
		require.Contains(t, page, `href="https://shop.example/done"`)
		require.NotContains(t, page, "确认付款")
	}
	require.Equal(t, []string{spay.TradeSuccess}, told)
	require.Contains(t, open(form.Link, nil), "付款成功", "it was paid before")
	require.Contains(t, open(s.URL+"/cashier?trade_no=1", nil), "支付订单不存在")
	require.Contains(t, open(strings.Replace(form.Link, "amount=5", "amount=6", 1), nil), "00060710")
}
