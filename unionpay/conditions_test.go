package unionpay_test

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/unionpay"
)

// The conditional fields of the operations whose requests have others than a cancellation.
func TestConditionsElsewhere(t *testing.T) {
	const id, at, none, original = "20240105145046001", "20240105145046", unionpay.NoNotification, "652401051647252574008"
	client, w := keyedClient(t, unionpay.SHA256, func(f url.Values) string { return echo(f) })
	for name, tt := range map[string]struct {
		run    run
		fields []string
	}{
		"void without original":     {of(client.QR.Void, &unionpay.QRVoidRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none}), []string{"origQryId"}},
		"void, half an original":    {of(client.QR.Void, &unionpay.QRVoidRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigOrderID: id}), []string{"origTxnTime"}},
		"void, the other half":      {of(client.QR.Void, &unionpay.QRVoidRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigTxnTime: at}), []string{"origOrderId"}},
		"void by order":             {of(client.QR.Void, &unionpay.QRVoidRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigOrderID: id, OrigTxnTime: at}), nil},
		"refund without original":   {of(client.QR.Refund, &unionpay.QRRefundRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none}), []string{"origQryId"}},
		"refund by queryId":         {of(client.QR.Refund, &unionpay.QRRefundRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigQryID: original}), nil},
		"purchase with nothing":     {of(client.Payments.Purchase, &unionpay.PurchaseRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none}), []string{"tokenPayData"}},
		"purchase by card":          {of(client.Payments.Purchase, &unionpay.PurchaseRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, BizType: "000301", AccNo: "6216261000000000018"}), nil},
		"instalments":               {of(client.Payments.Purchase, &unionpay.PurchaseRequest{Envelope: unionpay.Envelope{TxnSubType: "03"}, OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, AccNo: "6216261000000000018", InstalTransInfo: "{numberOfInstallments=06}"}), nil},
		"preauth with nothing":      {of(client.Preauth.Create, &unionpay.PreauthRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none}), []string{"tokenPayData"}},
		"token that is no group":    {of(client.Payments.Purchase, &unionpay.PurchaseRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, TokenPayData: "token=1&trId=2"}), []string{"tokenPayData"}},
		"risk that is no group":     {of(client.Payments.Purchase, &unionpay.PurchaseRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, TokenPayData: "{token=1}", RiskRateInfo: "{a}"}), []string{"riskRateInfo"}},
		"card asked for by nothing": {of(client.Cards.QueryOpen, &unionpay.OpenQueryRequest{Envelope: unionpay.Envelope{TxnSubType: "00"}, OrderID: id, TxnTime: at}), []string{"accNo"}},
		"phone asked for by nothing": {
			of(client.Cards.QueryOpen, &unionpay.OpenQueryRequest{Envelope: unionpay.Envelope{TxnSubType: "01"}, OrderID: id, TxnTime: at}), []string{"customerInfo"}},
		"card asked for":          {of(client.Cards.QueryOpen, &unionpay.OpenQueryRequest{Envelope: unionpay.Envelope{TxnSubType: "00"}, OrderID: id, TxnTime: at, AccNo: "6216261000000000018"}), nil},
		"a sub-type of another":   {of(client.Cards.QueryOpen, &unionpay.OpenQueryRequest{Envelope: unionpay.Envelope{TxnSubType: "03"}, OrderID: id, TxnTime: at}), []string{"txnSubType"}},
		"code for an opening":     {of(client.Cards.SendSMS, &unionpay.SMSRequest{Envelope: unionpay.Envelope{TxnSubType: "00"}, OrderID: id, TxnTime: at, CustomerInfo: customer}), nil},
		"query for nothing":       {of(client.Orders.Query, &unionpay.QueryRequest{}), []string{"orderId", "txnTime"}},
		"query by half":           {of(client.Orders.Query, &unionpay.QueryRequest{OrderID: id}), []string{"txnTime"}},
		"query of an acquirer":    {of(client.Orders.Query, &unionpay.QueryRequest{OrderID: id, TxnTime: at, AccessType: "1"}), []string{"acqInsCode"}},
		"QR query of an acquirer": {of(client.Orders.Query, &unionpay.QueryRequest{OrderID: id, TxnTime: at, AccessType: "1", AccInsCode: "00010000"}), nil},
		"QR code of an acquirer":  {of(client.QR.Apply, &unionpay.QRApplyRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, AccessType: "1"}), []string{"acqInsCode"}},
		"QR code of a platform":   {of(client.QR.Apply, &unionpay.QRApplyRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, AccessType: "2"}), []string{"subMerId", "subMerName", "subMerAbbr"}},
		"refund of an acquirer":   {of(client.Payments.Refund, &unionpay.RefundRequest{BizType: "000201", OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigQryID: original, AccessType: "1"}), []string{"acqInsCode", "merCatCode", "merName"}},
		"refund of a platform":    {of(client.Payments.Refund, &unionpay.RefundRequest{BizType: "000201", OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigQryID: original, AccessType: "2"}), []string{"subMerId", "subMerName", "subMerAbbr"}},
		"complete of no product":  {of(client.Preauth.Complete, &unionpay.PreauthCompleteRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigQryID: original}), []string{"bizType"}},
		"cancel of no product":    {of(client.Preauth.Cancel, &unionpay.PreauthCancelRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigQryID: original}), []string{"bizType"}},
		"void of no product":      {of(client.Payments.Void, &unionpay.VoidRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigQryID: original}), []string{"bizType"}},
		"refund of no product":    {of(client.Payments.Refund, &unionpay.RefundRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigQryID: original}), []string{"bizType"}},
		"undo of no product":      {of(client.Preauth.CancelCompletion, &unionpay.PreauthCompleteCancelRequest{OrderID: id, TxnTime: at, TxnAmt: 1, BackURL: none, OrigQryID: original}), []string{"bizType"}},
		"name of no product":      {of(client.Mandates.VerifyName, &unionpay.RealNameRequest{OrderID: id, TxnTime: at, AccNo: "6216261000000000018", CustomerInfo: customer}), []string{"bizType"}},
		"code for such a name":    {of(client.Cards.SendSMS, &unionpay.SMSRequest{Envelope: unionpay.Envelope{TxnSubType: "01"}, OrderID: id, TxnTime: at, CustomerInfo: customer}), []string{"bizType"}},
		"file of no day":          {of(client.Files.Download, &unionpay.FileRequest{TxnTime: at, SettleDate: "0231"}), []string{"settleDate"}},
	} {
		t.Run(name, func(t *testing.T) {
			w.body = ""
			res, err := tt.run.do(t.Context())
			if tt.fields == nil {
				require.NoError(t, err)
				require.NotEmpty(t, w.body)
				return
			}
			require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(res, err))
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
	_, _ = client.Certificates.Encryption(t.Context(), &unionpay.EncryptionCertificateRequest{OrderID: "20240105145046001", TxnTime: "20240105145046"})
	require.Equal(t, "01", sent().Get("certType"))
	_, _ = client.Files.Download(t.Context(), &unionpay.FileRequest{TxnTime: "20240105145046", SettleDate: "0105"})
	require.Equal(t, "00", sent().Get("fileType"))
	_, _ = client.QR.Apply(t.Context(), &unionpay.QRApplyRequest{OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: "https://m.example/"})
	require.Equal(t, "156", sent().Get("currencyCode"))
	for _, tt := range []struct{ accNo, token, product string }{
		{"6216261000000000018", "", "000301"}, {"", "{token=1&trId=2}", "000902"}, {"6216261000000000018", "{token=1&trId=2}", "000902"},
	} {
		_, _ = client.Payments.Purchase(t.Context(), &unionpay.PurchaseRequest{
			OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: "https://m.example/", AccNo: tt.accNo, TokenPayData: tt.token,
		})
		require.Equal(t, tt.product, sent().Get("bizType"))
		_, _ = client.Preauth.Create(t.Context(), &unionpay.PreauthRequest{
			OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: "https://m.example/", AccNo: tt.accNo, TokenPayData: tt.token,
		})
		require.Equal(t, tt.product, sent().Get("bizType"))
		for subType, product := range map[string]string{"": tt.product, "02": tt.product, "04": tt.product, "00": "000902", "03": "000501"} {
			_, _ = client.Cards.SendSMS(t.Context(), &unionpay.SMSRequest{
				Envelope: unionpay.Envelope{TxnSubType: subType}, OrderID: "20240105145046001", TxnTime: "20240105145046",
				CustomerInfo: customer, AccNo: tt.accNo, TokenPayData: tt.token,
			})
			require.Equal(t, product, sent().Get("bizType"), subType)
		}
	}
}

// A query asks as the operation did: with the same institution and for the same merchant.
// A settlement that cannot be asked for says so at once, and not after minutes.
func TestSettleChecksBeforeItWaits(t *testing.T) {
	client, w := keyedClient(t, unionpay.SHA256, silent)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	settled, err := client.Payments.SettleFront(ctx, &unionpay.FrontPurchaseRequest{OrderID: "short", AccessType: unionpay.AccessAcquirer})
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
	require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
	require.ErrorContains(t, err, "orderId must be 8 to 40 long, is 5; acqInsCode is required with accessType 1; txnTime is required without queryId")
	require.Zero(t, settled.Queries)
	require.Empty(t, w.times)
}

func TestSettleAsksForTheSame(t *testing.T) {
	client, w := keyedClient(t, unionpay.SHA256, func(f url.Values) string {
		return echo(f, sign.Pair{Name: "origRespCode", Value: "00"})
	}, func(c *unionpay.Config) { c.OtherMerIDs = []string{"777290058110097"} })
	settled, err := client.QR.SettleVoid(t.Context(), &unionpay.QRVoidRequest{
		OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, AccessType: "1", AcqInsCode: "00010000", AccInsCode: "00020000",
		MerID: "777290058110097",
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
	res, err := client.Orders.Query(t.Context(), &unionpay.QueryRequest{QueryID: queryID})
	require.NoError(t, err)
	require.Equal(t, int64(10000), res.TxnAmt)
	require.Equal(t, cnpay.Succeeded, res.Verdict().Outcome)

	keyed, _ := keyedClient(t, unionpay.SHA256, func(f url.Values) string {
		return echo(f, sign.Pair{Name: "queryId", Value: "652401051647252574009"})
	})
	_, err = keyed.Orders.Query(t.Context(), &unionpay.QueryRequest{QueryID: queryID})
	require.ErrorIs(t, err, cnpay.ErrMismatch)
}

func TestReversedBefore(t *testing.T) {
	client, _ := keyedClient(t, unionpay.SHA256, func(f url.Values) string { return echo(f, sign.Pair{Name: "respCode", Value: "46"}) })
	res, err := client.QR.Reverse(t.Context(), &unionpay.QRReverseRequest{OrderID: "20240105145046001", TxnTime: "20240105145046"})
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err))
}
