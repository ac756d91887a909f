package unionpay_test

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/unionpay"
)

// The conditional fields of the operations whose requests have others than a cancellation.
func TestConditionsElsewhere(t *testing.T) {
	const id, at, none, original = "20240105145046001", "20240105145046", unionpay.NoNotification, "652401051647252574008"
	client, w := keyedClient(t, unionpay.SHA256, func(f url.Values) string { return echo(f) })
	for name, tt := range map[string]struct {
		run    conform.Run
		fields []string
	}{
		"void without original":     {conform.Of(client.QR.Void, &unionpay.QRVoidRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none}), []string{"origQryId"}},
		"void, half an original":    {conform.Of(client.QR.Void, &unionpay.QRVoidRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigOrderID: id}), []string{"origTxnTime"}},
		"void, the other half":      {conform.Of(client.QR.Void, &unionpay.QRVoidRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigTxnTime: at}), []string{"origOrderId"}},
		"void by order":             {conform.Of(client.QR.Void, &unionpay.QRVoidRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigOrderID: id, OrigTxnTime: at}), nil},
		"refund without original":   {conform.Of(client.QR.Refund, &unionpay.QRRefundRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none}), []string{"origQryId"}},
		"refund by queryId":         {conform.Of(client.QR.Refund, &unionpay.QRRefundRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigQryID: original}), nil},
		"purchase with nothing":     {conform.Of(client.Payments.Purchase, &unionpay.PaymentPurchaseRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none}), []string{"tokenPayData"}},
		"purchase by card":          {conform.Of(client.Payments.Purchase, &unionpay.PaymentPurchaseRequest{Card: unionpay.Card{AccNo: "6216261000000000018"}, OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, BizType: "000301"}), nil},
		"instalments":               {conform.Of(client.Payments.Purchase, &unionpay.PaymentPurchaseRequest{Instalments: unionpay.Instalments{TxnSubType: "03", InstalTransInfo: "{numberOfInstallments=06}"}, Card: unionpay.Card{AccNo: "6216261000000000018"}, OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none}), nil},
		"preauth with nothing":      {conform.Of(client.Preauth.Create, &unionpay.PreauthCreateRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none}), []string{"tokenPayData"}},
		"token that is no group":    {conform.Of(client.Payments.Purchase, &unionpay.PaymentPurchaseRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, TokenPayData: "token=1&trId=2"}), []string{"tokenPayData"}},
		"risk that is no group":     {conform.Of(client.Payments.Purchase, &unionpay.PaymentPurchaseRequest{Details: unionpay.Details{RiskRateInfo: "{a}"}, OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, TokenPayData: "{token=1}"}), []string{"riskRateInfo"}},
		"card asked for by nothing": {conform.Of(client.Cards.QueryOpen, &unionpay.CardQueryOpenRequest{TxnSubType: "00", OrderID: id, TxnTime: at}), []string{"accNo"}},
		"phone asked for by nothing": {
			conform.Of(client.Cards.QueryOpen, &unionpay.CardQueryOpenRequest{TxnSubType: "01", OrderID: id, TxnTime: at}), []string{"customerInfo"}},
		"card asked for":          {conform.Of(client.Cards.QueryOpen, &unionpay.CardQueryOpenRequest{TxnSubType: "00", OrderID: id, TxnTime: at, AccNo: "6216261000000000018"}), nil},
		"a sub-type of another":   {conform.Of(client.Cards.QueryOpen, &unionpay.CardQueryOpenRequest{TxnSubType: "03", OrderID: id, TxnTime: at}), []string{"txnSubType"}},
		"code for an opening":     {conform.Of(client.Cards.SendSMS, &unionpay.CardSendSMSRequest{TxnSubType: "00", OrderID: id, TxnTime: at, CustomerInfo: customer}), nil},
		"query for nothing":       {conform.Of(client.Orders.Query, &unionpay.OrderQueryRequest{}), []string{"orderId", "txnTime"}},
		"query by half":           {conform.Of(client.Orders.Query, &unionpay.OrderQueryRequest{OrderID: id}), []string{"txnTime"}},
		"query of an acquirer":    {conform.Of(client.Orders.Query, &unionpay.OrderQueryRequest{Sender: unionpay.Sender{AccessType: "1"}, OrderID: id, TxnTime: at}), []string{"acqInsCode"}},
		"QR query of an acquirer": {conform.Of(client.Orders.Query, &unionpay.OrderQueryRequest{Sender: unionpay.Sender{AccessType: "1"}, OrderID: id, TxnTime: at, AccInsCode: "00010000"}), nil},
		"QR code of an acquirer":  {conform.Of(client.QR.Create, &unionpay.QRCreateRequest{Sender: unionpay.Sender{AccessType: "1"}, OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none}), []string{"acqInsCode"}},
		"QR code of a platform":   {conform.Of(client.QR.Create, &unionpay.QRCreateRequest{Sender: unionpay.Sender{AccessType: "2"}, OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none}), []string{"subMerId", "subMerName", "subMerAbbr"}},
		"refund of an acquirer":   {conform.Of(client.Payments.Refund, &unionpay.PaymentRefundRequest{Sender: unionpay.Sender{AccessType: "1"}, BizType: "000201", OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigQryID: original}), []string{"acqInsCode", "merCatCode", "merName"}},
		"refund of a platform":    {conform.Of(client.Payments.Refund, &unionpay.PaymentRefundRequest{Sender: unionpay.Sender{AccessType: "2"}, BizType: "000201", OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigQryID: original}), []string{"subMerId", "subMerName", "subMerAbbr"}},
		"complete of no product":  {conform.Of(client.Preauth.Complete, &unionpay.PreauthCompleteRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigQryID: original}), []string{"bizType"}},
		"cancel of no product":    {conform.Of(client.Preauth.Cancel, &unionpay.PreauthCancelRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigQryID: original}), []string{"bizType"}},
		"void of no product":      {conform.Of(client.Payments.Void, &unionpay.PaymentVoidRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigQryID: original}), []string{"bizType"}},
		"refund of no product":    {conform.Of(client.Payments.Refund, &unionpay.PaymentRefundRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigQryID: original}), []string{"bizType"}},
		"undo of no product":      {conform.Of(client.Preauth.CancelCompletion, &unionpay.PreauthCancelCompletionRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigQryID: original}), []string{"bizType"}},
		"name of no product":      {conform.Of(client.Mandates.VerifyName, &unionpay.MandateVerifyNameRequest{OrderID: id, TxnTime: at, AccNo: "6216261000000000018", CustomerInfo: customer}), []string{"bizType"}},
		"code for such a name":    {conform.Of(client.Cards.SendSMS, &unionpay.CardSendSMSRequest{TxnSubType: "01", OrderID: id, TxnTime: at, CustomerInfo: customer}), []string{"bizType"}},
		"file of no day":          {conform.Of(client.Files.Download, &unionpay.FileDownloadRequest{TxnTime: at, SettleDate: "0231"}), []string{"settleDate"}},
	} {
		t.Run(name, func(t *testing.T) {
			w.body = ""
			res, err := tt.run(t.Context())
			if tt.fields == nil {
				require.NoError(t, err)
				require.NotEmpty(t, w.body)
				return
			}
			require.Contains(t, []cnpay.Outcome{cnpay.Failed, cnpay.Unknown}, cnpay.OutcomeOf(res, err)) // Unknown of queries
			var invalid *cnpay.InvalidRequestError
			require.True(t, errors.As(err, &invalid), "%v", err)
			var fields []string
			for _, f := range invalid.Faults {
				fields = append(fields, f.Field)
			}
			require.ElementsMatch(t, tt.fields, fields)
			require.Empty(t, w.body)
		})
	}
}

func TestDefaults(t *testing.T) {
	client, w := keyedClient(t, unionpay.SHA256, silent)
	sent := func() url.Values {
		form, err := url.ParseQuery(w.body)
		require.NoError(t, err)
		return form
	}
	_, _ = client.Certificates.Encryption(t.Context(), &unionpay.CertificateEncryptionRequest{OrderID: "20240105145046001", TxnTime: "20240105145046"})
	require.Equal(t, "01", sent().Get("certType"))
	_, _ = client.Files.Download(t.Context(), &unionpay.FileDownloadRequest{TxnTime: "20240105145046", SettleDate: "0105"})
	require.Equal(t, "00", sent().Get("fileType"))
	_, _ = client.QR.Create(t.Context(), &unionpay.QRCreateRequest{OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: "https://m.example/"})
	require.Equal(t, "156", sent().Get("currencyCode"))
	for _, tt := range []struct{ accNo, token, product string }{
		{"6216261000000000018", "", "000301"}, {"", "{token=1&trId=2}", "000902"}, {"6216261000000000018", "{token=1&trId=2}", "000902"},
	} {
		_, _ = client.Payments.Purchase(t.Context(), &unionpay.PaymentPurchaseRequest{
			Card:    unionpay.Card{AccNo: tt.accNo},
			OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: "https://m.example/", TokenPayData: tt.token,
		})
		require.Equal(t, tt.product, sent().Get("bizType"))
		_, _ = client.Preauth.Create(t.Context(), &unionpay.PreauthCreateRequest{
			Card:    unionpay.Card{AccNo: tt.accNo},
			OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: "https://m.example/", TokenPayData: tt.token,
		})
		require.Equal(t, tt.product, sent().Get("bizType"))
		for subType, product := range map[string]string{"": tt.product, "02": tt.product, "04": tt.product, "00": "000902", "03": "000501"} {
			_, _ = client.Cards.SendSMS(t.Context(), &unionpay.CardSendSMSRequest{
				TxnSubType: subType, OrderID: "20240105145046001", TxnTime: "20240105145046", CustomerInfo: customer, AccNo: tt.accNo, TokenPayData: tt.token,
			})
			require.Equal(t, product, sent().Get("bizType"), subType)
		}
	}
}

// A settlement that cannot be asked for says so at once, and not after minutes.
func TestSettleChecksBeforeItWaits(t *testing.T) {
	client, w := keyedClient(t, unionpay.SHA256, silent)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	settled, err := settle(ctx, client, &unionpay.PagePurchaseRequest{Sender: unionpay.Sender{AccessType: unionpay.AccessAcquirer}, OrderID: "short"})
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
	require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
	require.ErrorContains(t, err, "orderId must be 8 to 40 long, is 5; txnTime is required without queryId; acqInsCode is required with accessType 1 and without accInsCode")
	require.Zero(t, settled.Queries)
	require.Empty(t, w.times)
}

// A query asks as the operation did: with the same institution and for the same merchant.
func TestSettleAsksForTheSame(t *testing.T) {
	client, w := keyedClient(t, unionpay.SHA256, func(f url.Values) string {
		return echo(f, sign.Pair{Name: "origRespCode", Value: "00"})
	}, func(c *unionpay.Config) { c.OtherMerIDs = []string{"777290058110097"} })
	settled, err := settle(t.Context(), client, &unionpay.QRVoidRequest{
		Sender: unionpay.Sender{AccessType: "1", MerID: "777290058110097"}, QRSender: unionpay.QRSender{AcqInsCode: "00010000", AccInsCode: "00020000"},
		OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1,
	}, atOnce())
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
	form, err := url.ParseQuery(w.body)
	require.NoError(t, err)
	for name, want := range map[string]string{
		"accessType": "1", "acqInsCode": "00010000", "accInsCode": "00020000", "merId": "777290058110097",
		"orderId": "20240105145046001", "txnTime": "20240105145046", "txnType": "00", "bizType": "000000",
	} {
		require.Equal(t, want, form.Get(name), name)
	}
}

func TestQueryByQueryID(t *testing.T) {
	gateway, client := start(t)
	queryID := gateway.AddPurchase(10000)
	res, err := client.Orders.Query(t.Context(), &unionpay.OrderQueryRequest{QueryID: queryID})
	require.NoError(t, err)
	require.Equal(t, int64(10000), res.TxnAmt)
	require.Equal(t, cnpay.Succeeded, res.Verdict().Outcome)

	keyed, _ := keyedClient(t, unionpay.SHA256, func(f url.Values) string {
		return echo(f, sign.Pair{Name: "queryId", Value: "652401051647252574009"})
	})
	_, err = keyed.Orders.Query(t.Context(), &unionpay.OrderQueryRequest{QueryID: queryID})
	require.ErrorIs(t, err, cnpay.ErrMismatch)
}

func TestReversedBefore(t *testing.T) {
	client, _ := keyedClient(t, unionpay.SHA256, func(f url.Values) string { return echo(f, sign.Pair{Name: "respCode", Value: "46"}) })
	res, err := client.QR.Reverse(t.Context(), &unionpay.QRReverseRequest{OrderID: "20240105145046001", TxnTime: "20240105145046"})
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err))
}
