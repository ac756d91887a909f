package unionpay_test

import (
	"context"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
)

// Everything that the payer carries out: ordered, not paid yet, paid.
func TestSettleAfterThePayer(t *testing.T) {
	const none, front = unionpay.NoNotification, "https://merchant.example/thanks"
	type settleFunc func(...cnpay.Option) (*cnpay.Settlement, error)
	sendForm := func(t *testing.T, form *cnpay.Form, err error) {
		require.NoError(t, err)
		fields := url.Values{}
		for _, f := range form.Fields {
			fields.Set(f.Name, f.Value)
		}
		submit(t, form.Action, fields)
	}
	for name, order := range map[string]func(t *testing.T, ctx context.Context, c *unionpay.Client, id, at string) settleFunc{
		"qr": func(t *testing.T, ctx context.Context, c *unionpay.Client, id, at string) settleFunc {
			req := &unionpay.QRCreateRequest{OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none}
			res, err := c.QR.Create(ctx, req)
			require.NoError(t, err)
			require.Contains(t, res.QRCode, "https://qr.95516.com/")
			return func(o ...cnpay.Option) (*cnpay.Settlement, error) {
				return settle(ctx, c, req, o...)
			}
		},
		"app": func(t *testing.T, ctx context.Context, c *unionpay.Client, id, at string) settleFunc {
			req := &unionpay.PreauthAppRequest{OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none}
			res, err := c.Preauth.App(ctx, req)
			require.NoError(t, err)
			require.NotEmpty(t, res.TN)
			return func(o ...cnpay.Option) (*cnpay.Settlement, error) {
				return settle(ctx, c, req, o...)
			}
		},
		"page": func(t *testing.T, ctx context.Context, c *unionpay.Client, id, at string) settleFunc {
			req := &unionpay.PagePreauthRequest{OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none, FrontURL: front}
			form, err := c.Pages.Preauth(req)
			sendForm(t, form, err)
			return func(o ...cnpay.Option) (*cnpay.Settlement, error) {
				return settle(ctx, c, req, o...)
			}
		},
		"opening": func(t *testing.T, ctx context.Context, c *unionpay.Client, id, at string) settleFunc {
			req := &unionpay.PageOpenAndPurchaseRequest{
				OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none, FrontURL: front, TokenPayData: "{trId=62000000001&tokenType=01}"}
			form, err := c.Pages.OpenAndPurchase(req)
			sendForm(t, form, err)
			return func(o ...cnpay.Option) (*cnpay.Settlement, error) {
				return settle(ctx, c, req, o...)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			gateway, client := start(t)
			id := unionpay.NewOrderID()
			settle := order(t, t.Context(), client, id, unionpay.TxnTime(time.Now()))
			settled, err := settle(atOnce())
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
			require.Equal(t, 2, settled.Queries)
			require.NoError(t, gateway.Pay(id, "00"))
			settled, err = settle(atOnce())
			require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
			require.Equal(t, 1, settled.Queries)
		})
	}
}

// The ladder of the documents: after 5, 10, 30, 60 and 120 minutes, the last of which is an hour after the order has ended.
func TestPayerSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w := keyedClient(t, unionpay.SHA256, func(f url.Values) string { return echo(f, sign.Pair{Name: "respCode", Value: "34"}) })
		begun := time.Now()
		settled, err := settle(t.Context(), client, &unionpay.PagePurchaseRequest{
			OrderID: "20240105145046001", TxnTime: unionpay.TxnTime(begun), PayTimeout: unionpay.TxnTime(begun.Add(59 * time.Minute)),
		})
		require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(settled, err))
		for i, minutes := range []int{5, 10, 30, 60, 120} {
			require.Equal(t, time.Duration(minutes)*time.Minute, w.times[i].Sub(begun))
		}
	})
}

// The cashier's page: a card without funds first, then the payment; a form that the merchant did not sign is refused.
func TestCashier(t *testing.T) {
	gateway, client := start(t)
	shop := receive(t, client)
	req := &unionpay.PagePurchaseRequest{
		OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), TxnAmt: 10000, BackURL: shop.URL, FrontURL: shop.URL,
	}
	form, err := client.Pages.Purchase(req)
	require.NoError(t, err)
	fields := url.Values{}
	for _, f := range form.Fields {
		fields.Set(f.Name, f.Value)
	}
	fields.Set("txnAmt", "1")
	page, _ := submit(t, form.Action, fields)
	require.Contains(t, string(page), "验证签名失败")
	page, _ = submit(t, form.Action, url.Values{"txnType": {"01"}})
	require.Contains(t, string(page), "Invalid request.")

	fields.Set("txnAmt", "10000")
	page, contentType := submit(t, form.Action, fields)
	action, pay := browser(t, page, contentType)
	pay.Set("refuse", "1")
	page, contentType = submit(t, gateway.URL+action, pay)
	require.Contains(t, string(page), "余额不足")
	require.Empty(t, shop.got, "a failed attempt is not notified")
	action, pay = browser(t, page, contentType)
	pay.Set("pay", "1")
	submit(t, gateway.URL+action, pay)
	require.Len(t, shop.got, 1)
	page, _ = submit(t, gateway.URL+action, pay)
	require.Contains(t, string(page), "此前已完成")
	require.Len(t, shop.got, 1)
}

func TestGatewayKeepsAFile(t *testing.T) {
	gateway, client := start(t)
	gateway.SetFile("0119", []byte("not a ZIP archive"))
	file, err := client.Files.Download(t.Context(), &unionpay.FileDownloadRequest{TxnTime: unionpay.TxnTime(time.Now()), SettleDate: "0119"})
	require.NoError(t, err)
	require.Equal(t, unionpaytest.MerID+"_0119.zip", file.FileName)
	_, err = file.Bill()
	require.ErrorIs(t, err, cnpay.ErrMalformed)
}
