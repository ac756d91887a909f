package unionpay_test

import (
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/unionpay"
)

// A payout is asked for after three minutes first, and what would be a failure elsewhere is still open.
func TestSettlePayout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		codes := []string{"60", "34", "01", "12", "A6"}
		client, w := keyedClient(t, unionpay.SHA256, nil)
		w.answer = func(f url.Values) string {
			code := codes[0]
			codes = codes[1:]
			if code == "60" { // an answer that does not say what it found
				return echo(f, sign.Pair{Name: "origRespCode", Value: code})
			}
			return echo(f, sign.Pair{Name: "origRespCode", Value: code}, sign.Pair{Name: "txnType", Value: "12"})
		}
		begun := time.Now()
		settled, err := settle(t.Context(), client, &unionpay.PayoutCreateRequest{OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1})
		require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
		require.Equal(t, 5, settled.Queries)
		require.Equal(t, 3*time.Minute, w.times[0].Sub(begun))
	})
}

func TestBindings(t *testing.T) {
	gateway, client := start(t)
	p := prepare(t, gateway, client, time.Now(), "")
	at := unionpay.TxnTime(time.Now())
	ask := &unionpay.MandateQueryBindingRequest{OrderID: unionpay.NewOrderID(), TxnTime: at, AccNo: "6216261000000000018"}
	found, err := client.Mandates.QueryBinding(t.Context(), ask)
	require.NoError(t, err)
	require.Equal(t, p.bound, found.BindID)
	_, err = client.Mandates.Unbind(t.Context(), &unionpay.MandateUnbindRequest{OrderID: unionpay.NewOrderID(), TxnTime: at, BindID: p.bound})
	require.NoError(t, err)
	_, err = client.Mandates.QueryBinding(t.Context(), ask)
	require.ErrorContains(t, err, "40")
	ask.AccNo = ""
	_, err = client.Mandates.QueryBinding(t.Context(), ask)
	require.ErrorContains(t, err, "bindId is required without accNo")
}

func TestPayoutConditions(t *testing.T) {
	client, w := keyedClient(t, unionpay.SHA256, silent)
	_, err := client.Payouts.Create(t.Context(), &unionpay.PayoutCreateRequest{
		Sender:  unionpay.Sender{AccessType: "1"},
		OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: unionpay.NoNotification, PayerVerifiInfo: "payerNm=x",
	})
	for _, field := range []string{"accNo is required", "payerVerifiInfo must be", "acqInsCode is required", "merCatCode is required", "merName is required"} {
		require.ErrorContains(t, err, field)
	}
	require.Empty(t, w.body)

	form, err := client.Pages.VerifyName(&unionpay.PageVerifyNameRequest{
		OrderID: "20240105145046001", TxnTime: "20240105145046", BackURL: "https://m.example/", FrontURL: "https://m.example/", Reserved: "{checkFlag=11100}",
	})
	require.NoError(t, err)
	require.Contains(t, form.Fields, cnpay.FormField{Name: "txnSubType", Value: "10"})
	require.Contains(t, form.Fields, cnpay.FormField{Name: "bizType", Value: "000501"})
}
