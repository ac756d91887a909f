package unionpay_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
)

// run is one operation with its request.
type run struct {
	do     func(context.Context) (cnpay.Result, error)
	settle func(context.Context) (cnpay.Result, error) // nil for operations that move no money
}

func of[Req any, Res cnpay.Result](do func(context.Context, *Req, ...cnpay.Option) (Res, error), req *Req) run {
	return run{do: func(ctx context.Context) (cnpay.Result, error) { return do(ctx, req) }}
}

func settled[Req any, Res, Settled cnpay.Result](do func(context.Context, *Req, ...cnpay.Option) (Res, error),
	settle func(context.Context, *Req, ...cnpay.Option) (Settled, error), req *Req) run {
	r := of(do, req)
	r.settle = func(ctx context.Context) (cnpay.Result, error) { return settle(ctx, req, atOnce()) }
	return r
}

// prior is what the gateway has before the operation.
type prior struct {
	preauth, completion, purchase, qr string // queryId
	opened                            string // orderId
	token                             string // tokenPayData
	bound                             string // bindId
}

const customer = "e3Ntc0NvZGU9MTExMTExfQ==" // {smsCode=111111}

func prepare(t *testing.T, gateway *unionpaytest.Server, client *unionpay.Client, now time.Time) prior {
	t.Helper()
	at := unionpay.TxnTime(now)
	held := gateway.AddPreauth(10000)
	p := prior{preauth: gateway.AddPreauth(10000), purchase: gateway.AddPurchase(10000), opened: "opened20260105"}
	opened, err := client.Cards.Open(t.Context(), &unionpay.OpenRequest{
		OrderID: p.opened, TxnTime: at, AccNo: "6216261000000000018", CustomerInfo: customer,
		TokenPayData: "{trId=62000000001&tokenType=01}",
	})
	require.NoError(t, err)
	group, err := unionpay.ParseGroup(opened.TokenPayData)
	require.NoError(t, err)
	p.token = "{token=" + group.Get("token") + "&trId=62000000001}"
	named, err := client.Mandates.VerifyName(t.Context(), &unionpay.RealNameRequest{
		BizType: "000401", OrderID: "named20260105", TxnTime: at, AccNo: "6216261000000000018", CustomerInfo: customer,
	})
	require.NoError(t, err)
	p.bound = named.BindID
	completed, err := client.Preauth.Complete(t.Context(), &unionpay.PreauthCompleteRequest{
		BizType: "000201", OrderID: "completed20260105", TxnTime: at, TxnAmt: 10000, BackURL: unionpay.NoNotification, OrigQryID: held,
	})
	require.NoError(t, err)
	p.completion = completed.QueryID
	byCode, err := client.QR.Purchase(t.Context(), &unionpay.QRPurchaseRequest{
		OrderID: "code20260105", TxnTime: at, TxnAmt: 10000, BackURL: unionpay.NoNotification, QRNo: "6220250000000000000", TermID: "00000001",
	})
	require.NoError(t, err)
	p.qr = byCode.QueryID
	return p
}

// operations are all that are sent from the back-end, with what the documents say of each.
func operations() []struct {
	id, path, types, biz, channel string
	accepted                      cnpay.Outcome
	make                          func(c *unionpay.Client, p prior, orderID, txnTime string) run
} {
	const back, app = "/gateway/api/backTransReq.do", "/gateway/api/appTransReq.do"
	const none = unionpay.NoNotification
	return []struct {
		id, path, types, biz, channel string
		accepted                      cnpay.Outcome
		make                          func(c *unionpay.Client, p prior, orderID, txnTime string) run
	}{
		{"app_consume", app, "01/01", "000201", "08", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) run {
			return of(c.Payments.App, &unionpay.AppPurchaseRequest{OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none})
		}},
		{"no_redirect_consume", back, "01/01", "000902", "07", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) run {
			return settled(c.Payments.Purchase, c.Payments.SettlePurchase, &unionpay.PurchaseRequest{
				OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none, TokenPayData: p.token, CustomerInfo: customer})
		}},
		{"consume_undo", back, "31/00", "000201", "07", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) run {
			return settled(c.Payments.Void, c.Payments.SettleVoid, &unionpay.VoidRequest{
				BizType: "000201", OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none, OrigQryID: p.purchase})
		}},
		{"refund", back, "04/00", "000201", "07", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) run {
			return settled(c.Payments.Refund, c.Payments.SettleRefund, &unionpay.RefundRequest{
				BizType: "000201", OrderID: id, TxnTime: at, TxnAmt: 4000, BackURL: none, OrigQryID: p.purchase})
		}},
		{"app_preauth", app, "02/01", "000201", "08", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) run {
			return of(c.Preauth.App, &unionpay.AppPreauthRequest{OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none})
		}},
		{"no_redirect_preauth", back, "02/01", "000902", "07", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) run {
			return settled(c.Preauth.Create, c.Preauth.SettleCreate, &unionpay.PreauthRequest{
				OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none, TokenPayData: p.token})
		}},
		{"preauth_complete", back, "03/00", "000201", "07", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) run {
			return settled(c.Preauth.Complete, c.Preauth.SettleComplete, &unionpay.PreauthCompleteRequest{
				BizType: "000201", OrderID: id, TxnTime: at, TxnAmt: 9000, BackURL: none, OrigQryID: p.preauth})
		}},
		{"preauth_cancel", back, "32/00", "000201", "07", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) run {
			return settled(c.Preauth.Cancel, c.Preauth.SettleCancel, &unionpay.PreauthCancelRequest{
				BizType: "000201", OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none, OrigQryID: p.preauth})
		}},
		{"preauth_complete_cancel", back, "33/00", "000201", "07", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) run {
			return settled(c.Preauth.CancelCompletion, c.Preauth.SettleCancelCompletion, &unionpay.PreauthCompleteCancelRequest{
				BizType: "000201", OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none, OrigQryID: p.completion})
		}},
		{"qr_apply", back, "01/07", "000000", "08", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) run {
			return of(c.QR.Apply, &unionpay.QRApplyRequest{OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none})
		}},
		{"qr_consume", back, "01/06", "000000", "08", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) run {
			return settled(c.QR.Purchase, c.QR.SettlePurchase, &unionpay.QRPurchaseRequest{
				OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none, QRNo: "6220250000000000000", TermID: "00000001"})
		}},
		{"qr_undo", back, "31/00", "000000", "08", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) run {
			return settled(c.QR.Void, c.QR.SettleVoid, &unionpay.QRVoidRequest{
				OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none, OrigQryID: p.qr})
		}},
		{"qr_refund", back, "04/00", "000000", "08", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) run {
			return settled(c.QR.Refund, c.QR.SettleRefund, &unionpay.QRRefundRequest{
				OrderID: id, TxnTime: at, TxnAmt: 4000, BackURL: none, OrigQryID: p.qr})
		}},
		{"sms", back, "77/02", "000902", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) run {
			return of(c.Cards.SendSMS, &unionpay.SMSRequest{OrderID: id, TxnTime: at, CustomerInfo: customer, TokenPayData: p.token})
		}},
		{"open_query", back, "78/02", "000902", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) run {
			return of(c.Cards.QueryOpen, &unionpay.OpenQueryRequest{OrderID: p.opened, TxnTime: at})
		}},
		{"back_open", back, "79/00", "000902", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) run {
			return of(c.Cards.Open, &unionpay.OpenRequest{OrderID: id, TxnTime: at, AccNo: "6216261000000000018", CustomerInfo: customer})
		}},
		{"apply_token", back, "79/05", "000902", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) run {
			return of(c.Cards.ApplyToken, &unionpay.ApplyTokenRequest{OrderID: p.opened, TxnTime: at, TokenPayData: "{trId=62000000001&tokenType=01}"})
		}},
		{"token_update", back, "79/03", "000902", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) run {
			return of(c.Cards.UpdateToken, &unionpay.UpdateTokenRequest{OrderID: id, TxnTime: at, TokenPayData: p.token, CustomerInfo: customer})
		}},
		{"token_delete", back, "74/01", "000902", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) run {
			return of(c.Cards.DeleteToken, &unionpay.DeleteTokenRequest{OrderID: id, TxnTime: at, TokenPayData: p.token})
		}},
		{"payout", back, "12/00", "000401", "07", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) run {
			return settled(c.Mandates.Payout, c.Mandates.SettlePayout, &unionpay.PayoutRequest{
				OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none, AccNo: "6216261000000000018"})
		}},
		{"collection", back, "11/00", "000501", "07", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) run {
			return settled(c.Mandates.Collect, c.Mandates.SettleCollect, &unionpay.CollectionRequest{
				OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none, AccNo: "6216261000000000018"})
		}},
		{"realname_auth_back", back, "72/01", "000401", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) run {
			return of(c.Mandates.VerifyName, &unionpay.RealNameRequest{BizType: "000401", OrderID: id, TxnTime: at, AccNo: "6216261000000000018", CustomerInfo: customer})
		}},
		{"collection_authorize", back, "72/11", "000501", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) run {
			return of(c.Mandates.Establish, &unionpay.MandateRequest{OrderID: id, TxnTime: at, AccNo: "6216261000000000018", CustomerInfo: customer})
		}},
		{"collection_deauthorize", back, "74/04", "000501", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) run {
			return of(c.Mandates.End, &unionpay.MandateEndRequest{OrderID: id, TxnTime: at, AccNo: "6216261000000000018"})
		}},
		{"unbind", back, "74/00", "000000", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) run {
			return of(c.Mandates.Unbind, &unionpay.UnbindRequest{OrderID: id, TxnTime: at, BindID: p.bound})
		}},
		{"bind_query", back, "75/00", "000801", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) run {
			return of(c.Mandates.QueryBinding, &unionpay.BindingQueryRequest{OrderID: id, TxnTime: at, BindID: p.bound})
		}},
		{"encrypt_cert_update", back, "95/00", "000000", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) run {
			return of(c.Certificates.Encryption, &unionpay.EncryptionCertificateRequest{OrderID: id, TxnTime: at})
		}},
		{"file_download", "/", "76/01", "000000", "", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) run {
			return of(c.Files.Download, &unionpay.FileRequest{TxnTime: at, SettleDate: clearingDay(at)})
		}},
	}
}

// clearingDay is the clearing day (MMDD) of an order time.
func clearingDay(txnTime string) string {
	at, err := time.Parse("20060102150405", txnTime)
	if err != nil {
		panic(err)
	}
	return at.Add(time.Hour).Format("0102")
}

// Each operation as it goes over the wire: its address and the fields that the client writes.
func TestOnTheWire(t *testing.T) {
	for _, tt := range operations() {
		t.Run(tt.id, func(t *testing.T) {
			client, w := keyedClient(t, unionpay.SM3, silent)
			_, err := tt.make(client, prior{
				preauth: "652401051647252574008", completion: "652401051647252574008", purchase: "652401051647252574008", qr: "652401051647252574008",
				opened: "opened20240105", token: "{token=1&trId=2}", bound: "1",
			}, "20240105145046001", "20240105145046").do(t.Context())
			require.ErrorIs(t, err, cnpay.ErrMalformed)
			host := unionpay.TestGateway
			if tt.id == "file_download" {
				host = unionpay.TestFileGateway
			}
			require.Equal(t, host+tt.path, w.request.URL.String())
			form, err := url.ParseQuery(w.body)
			require.NoError(t, err)
			require.Equal(t, tt.types, form.Get("txnType")+"/"+form.Get("txnSubType"))
			require.Equal(t, tt.biz, form.Get("bizType"))
			require.Equal(t, tt.channel, form.Get("channelType"))
			require.Equal(t, unionpaytest.MerID, form.Get("merId"))
			require.Equal(t, "0", form.Get("accessType"))
			require.Equal(t, "5.1.0", form.Get("version"))
			require.Equal(t, "20240105145046", form.Get("txnTime"))
			require.NotEmpty(t, form.Get("signature"))
		})
	}
}

// Each operation's answers: accepted, refused, lost, and what a code means.
func TestOperationOutcomes(t *testing.T) {
	for _, tt := range operations() {
		arrange := func(t *testing.T) (*unionpaytest.Server, run) {
			gateway, client := start(t, cnpay.WithRetry(cnpay.Retry{Attempts: 1})) // repeatable operations would be repeated
			return gateway, tt.make(client, prepare(t, gateway, client, time.Now()), unionpay.NewOrderID(), unionpay.TxnTime(time.Now()))
		}
		t.Run(tt.id+" accepted", func(t *testing.T) {
			_, r := arrange(t)
			res, err := r.do(t.Context())
			require.Equal(t, tt.accepted, cnpay.OutcomeOf(res, err), "%v", err)
			if r.settle != nil {
				require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(r.settle(t.Context())))
			}
		})
		for fault, settled := range map[unionpaytest.Fault]cnpay.Outcome{unionpaytest.Refused: cnpay.Failed, unionpaytest.LostAnswer: cnpay.Succeeded} {
			t.Run(tt.id+" "+string(fault), func(t *testing.T) {
				gateway, r := arrange(t)
				received := gateway.Received(tt.id)
				gateway.AlwaysMisbehave(tt.id, fault)
				res, err := r.do(t.Context())
				if fault == unionpaytest.Refused {
					require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(res, err))
				} else {
					require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
				}
				if r.settle != nil {
					require.Equal(t, settled, cnpay.OutcomeOf(r.settle(t.Context())))
					require.Equal(t, received+1, gateway.Received(tt.id))
				}
			})
		}
		t.Run(tt.id+" codes", func(t *testing.T) {
			for code, want := range map[string]cnpay.Outcome{
				"00": tt.accepted, "A6": tt.accepted, "01": cnpay.Unknown, "03": cnpay.Unknown, "04": cnpay.Unknown, "05": cnpay.Unknown,
				"06": cnpay.Unknown, "12": cnpay.Unknown, "83": cnpay.Unknown, "X9": cnpay.Unknown, "": cnpay.Unknown,
				"10": cnpay.Failed, "35": cnpay.Failed, "64": cnpay.Failed, "99": cnpay.Failed, "60": declined(tt.id),
			} {
				client, _ := keyedClient(t, unionpay.SHA256, func(f url.Values) string {
					return echo(f, sign.Pair{Name: "respCode", Value: code}, sign.Pair{Name: "tn", Value: "1"}, sign.Pair{Name: "qrCode", Value: "1"},
						sign.Pair{Name: "encryptPubKeyCert", Value: "1"}, sign.Pair{Name: "fileContent", Value: "1"})
				})
				r := tt.make(client, prior{
					preauth: "652401051647252574008", completion: "652401051647252574008", purchase: "652401051647252574008", qr: "652401051647252574008",
					opened: "opened20240105", token: "{token=1&trId=2}", bound: "1",
				}, "20240105145046001", "20240105145046")
				require.Equal(t, want, cnpay.OutcomeOf(r.do(t.Context())), code)
			}
		})
	}
}

// The order of a transaction on a page or in an app is not the payment.
func TestPayerPays(t *testing.T) {
	now := time.Now()
	clock := func() time.Time { return now }
	gateway, client := start(t, cnpay.WithClock(clock))
	gateway.SetClock(clock)
	req := &unionpay.AppPurchaseRequest{
		OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(now), TxnAmt: 10000, BackURL: unionpay.NoNotification,
		PayTimeout: unionpay.TxnTime(now.Add(15 * time.Minute)),
	}
	res, err := client.Payments.App(t.Context(), req)
	require.NoError(t, err)
	require.NotEmpty(t, res.TN)

	outcome := func() cnpay.Outcome {
		return cnpay.OutcomeOf(client.Payments.SettleApp(t.Context(), req, cnpay.WithSchedule(cnpay.Schedule{0})))
	}
	require.Equal(t, cnpay.Unknown, outcome(), "not paid yet")
	require.NoError(t, gateway.Pay(req.OrderID, "64"))
	require.Equal(t, cnpay.Unknown, outcome(), "the payer may try another card")
	require.NoError(t, gateway.Pay(req.OrderID, "00"))
	require.Equal(t, cnpay.Succeeded, outcome())
	require.Error(t, gateway.Pay(req.OrderID, "00"), "paid already")

	req.OrderID = unionpay.NewOrderID()
	_, err = client.Payments.App(t.Context(), req)
	require.NoError(t, err)
	now = now.Add(16 * time.Minute)
	require.Error(t, gateway.Pay(req.OrderID, "00"), "too late")
	require.Equal(t, cnpay.Failed, outcome(), "and so it failed for good")
	req.PayTimeout = ""
	require.Equal(t, cnpay.Unknown, outcome(), "without an end nothing fails for good")
}

func TestReverse(t *testing.T) {
	gateway, client := start(t)
	purchase := &unionpay.QRPurchaseRequest{
		OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), TxnAmt: 10000, BackURL: unionpay.NoNotification,
		QRNo: "6220250000000000000", TermID: "00000001",
	}
	gateway.Misbehave("qr_consume", unionpaytest.LostAnswer)
	_, err := client.QR.Purchase(t.Context(), purchase)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))

	gateway.Misbehave("qr_reversal", unionpaytest.HTTP502, unionpaytest.BadSignature)
	settled, err := client.QR.SettleReverse(t.Context(), &unionpay.QRReverseRequest{OrderID: purchase.OrderID, TxnTime: purchase.TxnTime}, atOnce())
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(client.QR.SettlePurchase(t.Context(), purchase, atOnce())))

	// A purchase that is not there may be on its way. A reversal that is repeated finds it.
	purchase.OrderID = unionpay.NewOrderID()
	reversal := &unionpay.QRReverseRequest{OrderID: purchase.OrderID, TxnTime: purchase.TxnTime}
	_, err = client.QR.SettleReverse(t.Context(), reversal, atOnce())
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))
	_, err = client.QR.Purchase(t.Context(), purchase)
	require.NoError(t, err)
	settled, err = client.QR.SettleReverse(t.Context(), reversal, atOnce())
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
}

// The rules of the book that the gateway plays.
func TestWholeLife(t *testing.T) {
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, cnpay.Beijing())
	clock := func() time.Time { return now }
	gateway, client := start(t, cnpay.WithClock(clock))
	gateway.SetClock(clock)
	at := func() string { return unionpay.TxnTime(now) }
	complete := func(preauth string, amount int64) (*unionpay.PreauthCompleteResponse, error) {
		return client.Preauth.Complete(t.Context(), &unionpay.PreauthCompleteRequest{
			BizType: "000201", OrderID: unionpay.NewOrderID(), TxnTime: at(), TxnAmt: amount, BackURL: unionpay.NoNotification, OrigQryID: preauth})
	}
	cancel := func(preauth string, amount int64) error {
		_, err := client.Preauth.Cancel(t.Context(), &unionpay.PreauthCancelRequest{
			BizType: "000201", OrderID: unionpay.NewOrderID(), TxnTime: at(), TxnAmt: amount, BackURL: unionpay.NoNotification, OrigQryID: preauth})
		return err
	}
	cancelCompletion := func(completion string, amount int64) error {
		_, err := client.Preauth.CancelCompletion(t.Context(), &unionpay.PreauthCompleteCancelRequest{
			BizType: "000201", OrderID: unionpay.NewOrderID(), TxnTime: at(), TxnAmt: amount, BackURL: unionpay.NoNotification, OrigQryID: completion})
		return err
	}
	refund := func(original string, amount int64) error {
		_, err := client.Payments.Refund(t.Context(), &unionpay.RefundRequest{
			BizType: "000201", OrderID: unionpay.NewOrderID(), TxnTime: at(), TxnAmt: amount, BackURL: unionpay.NoNotification, OrigQryID: original})
		return err
	}
	void := func(original string, amount int64) error {
		_, err := client.Payments.Void(t.Context(), &unionpay.VoidRequest{
			BizType: "000201", OrderID: unionpay.NewOrderID(), TxnTime: at(), TxnAmt: amount, BackURL: unionpay.NoNotification, OrigQryID: original})
		return err
	}
	code := func(err error) string {
		var e *cnpay.Error
		if err == nil {
			return ""
		}
		require.ErrorAs(t, err, &e)
		return e.Code
	}

	preauth := gateway.AddPreauth(10000)
	require.Equal(t, "36", code(cancel(preauth, 9999)))
	_, err := complete(preauth, 11501)
	require.Equal(t, "36", code(err))
	completion, err := complete(preauth, 11500)
	require.NoError(t, err)
	_, err = complete(preauth, 1)
	require.Equal(t, "35", code(err), "once")
	require.Equal(t, "35", code(cancel(preauth, 10000)), "not after the completion")
	require.Equal(t, "36", code(cancelCompletion(completion.QueryID, 11499)))
	require.NoError(t, cancelCompletion(completion.QueryID, 11500))
	require.Equal(t, "45", code(cancelCompletion(completion.QueryID, 11500)))
	require.Equal(t, "45", code(refund(completion.QueryID, 1)))
	require.NoError(t, cancel(preauth, 10000), "free again")
	require.Equal(t, "45", code(cancel(preauth, 10000)))
	_, err = complete(preauth, 1)
	require.Equal(t, "45", code(err))

	purchase := gateway.AddPurchase(10000)
	require.Equal(t, "35", code(cancel(purchase, 10000)))
	require.NoError(t, refund(purchase, 6000))
	require.Equal(t, "36", code(refund(purchase, 4001)))
	require.NoError(t, refund(purchase, 4000))
	require.Equal(t, "45", code(void(purchase, 10000)))

	byCode := &unionpay.QRPurchaseRequest{
		OrderID: unionpay.NewOrderID(), TxnTime: at(), TxnAmt: 10000, BackURL: unionpay.NoNotification, QRNo: "6220250000000000000", TermID: "00000001",
	}
	_, err = client.QR.Purchase(t.Context(), byCode)
	require.NoError(t, err)
	_, err = client.QR.Reverse(t.Context(), &unionpay.QRReverseRequest{BizType: "000201", OrderID: byCode.OrderID, TxnTime: at()})
	require.Equal(t, "36", code(err))
	_, err = client.QR.Void(t.Context(), &unionpay.QRVoidRequest{
		OrderID: unionpay.NewOrderID(), TxnTime: at(), TxnAmt: 10000, BackURL: unionpay.NoNotification, OrigQryID: gateway.AddPurchase(10000)})
	require.Equal(t, "36", code(err))
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(client.QR.SettlePurchase(t.Context(), byCode, atOnce())), "it is as it was")
	for _, bizType := range []string{"000202", "000301", "000902"} { // of another product than the original
		_, err = client.Preauth.Complete(t.Context(), &unionpay.PreauthCompleteRequest{
			BizType: bizType, OrderID: unionpay.NewOrderID(), TxnTime: at(), TxnAmt: 1, BackURL: unionpay.NoNotification, OrigQryID: gateway.AddPreauth(10000)})
		require.Equal(t, "36", code(err))
		_, err = client.Payments.Void(t.Context(), &unionpay.VoidRequest{
			BizType: bizType, OrderID: unionpay.NewOrderID(), TxnTime: at(), TxnAmt: 10000, BackURL: unionpay.NoNotification, OrigQryID: gateway.AddPurchase(10000)})
		require.Equal(t, "36", code(err))
		_, err = client.Preauth.Cancel(t.Context(), &unionpay.PreauthCancelRequest{
			BizType: bizType, OrderID: unionpay.NewOrderID(), TxnTime: at(), TxnAmt: 10000, BackURL: unionpay.NoNotification, OrigQryID: gateway.AddPreauth(10000)})
		require.Equal(t, "36", code(err))
		_, err = client.Payments.Refund(t.Context(), &unionpay.RefundRequest{
			BizType: bizType, OrderID: unionpay.NewOrderID(), TxnTime: at(), TxnAmt: 1, BackURL: unionpay.NoNotification, OrigQryID: gateway.AddPurchase(10000)})
		require.Equal(t, "36", code(err))
	}

	purchase = gateway.AddPurchase(10000)
	now = now.Add(11 * time.Hour) // 23:00: the next clearing day
	require.Equal(t, "39", code(void(purchase, 10000)))
	require.NoError(t, refund(purchase, 10000))
	purchase = gateway.AddPurchase(10000)
	require.NoError(t, void(purchase, 10000))
	require.Equal(t, "45", code(void(purchase, 10000)))

	same := &unionpay.VoidRequest{BizType: "000201", OrderID: unionpay.NewOrderID(), TxnTime: at(), TxnAmt: 1, BackURL: unionpay.NoNotification, OrigQryID: gateway.AddPurchase(1)}
	_, err = client.Payments.Void(t.Context(), same)
	require.NoError(t, err)
	_, err = client.Payments.Void(t.Context(), same)
	require.Equal(t, "12", code(err))
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(client.Payments.SettleVoid(t.Context(), same, atOnce())))
}

func TestTokens(t *testing.T) {
	gateway, client := start(t)
	p := prepare(t, gateway, client, time.Now())
	at := unionpay.TxnTime(time.Now())
	found, err := client.Cards.QueryOpen(t.Context(), &unionpay.OpenQueryRequest{OrderID: p.opened, TxnTime: at})
	require.NoError(t, err)
	require.Equal(t, "1", found.ActivateStatus)
	require.Contains(t, found.TokenPayData, strings.TrimSuffix(p.token, "}"))

	pay := func(customerInfo string) error {
		_, err := client.Payments.Purchase(t.Context(), &unionpay.PurchaseRequest{
			OrderID: unionpay.NewOrderID(), TxnTime: at, TxnAmt: 1, BackURL: unionpay.NoNotification, TokenPayData: p.token, CustomerInfo: customerInfo})
		return err
	}
	require.NoError(t, pay(customer))
	require.ErrorContains(t, pay("e3Ntc0NvZGU9OTk5OTk5fQ=="), "71")
	_, err = client.Cards.DeleteToken(t.Context(), &unionpay.DeleteTokenRequest{OrderID: unionpay.NewOrderID(), TxnTime: at, TokenPayData: p.token})
	require.NoError(t, err)
	require.ErrorContains(t, pay(customer), "89")
	found, err = client.Cards.QueryOpen(t.Context(), &unionpay.OpenQueryRequest{OrderID: p.opened, TxnTime: at})
	require.NoError(t, err)
	require.Equal(t, "0", found.ActivateStatus)
}

func TestEncryptionKeeperOfAnInstitution(t *testing.T) {
	client, w := keyedClient(t, unionpay.SHA256, silent, func(c *unionpay.Config) { c.AccessType = unionpay.AccessAcquirer })
	request := unionpay.EncryptionCertificateRequest{AcqInsCode: "00010000", MerCatCode: "7011", MerName: "hotel"}
	keeper, err := client.Certificates.NewEncryptionKeeper(nil, request)
	require.NoError(t, err)
	_, err = keeper.Refresh(t.Context())
	require.NotErrorIs(t, err, cnpay.ErrInvalidRequest)
	form, err := url.ParseQuery(w.body)
	require.NoError(t, err)
	require.Equal(t, "00010000", form.Get("acqInsCode"))
}

// The card holder's data, too, has to say what it is encrypted with.
func TestEncryptedCustomerInfoNeedsItsCertificate(t *testing.T) {
	client, w := keyedClient(t, unionpay.SHA256, silent)
	for _, content := range []string{"{encryptedInfo=AAAA}", "{certifTp=01&pin=AAAA}"} {
		req := &unionpay.SMSRequest{
			OrderID: "20240105145046001", TxnTime: "20240105145046", CustomerInfo: base64.StdEncoding.EncodeToString([]byte(content)),
		}
		_, err := client.Cards.SendSMS(t.Context(), req)
		require.ErrorContains(t, err, "encryptCertId")
	}
	require.Empty(t, w.times)
}

func TestEncryptedTrackNeedsItsCertificate(t *testing.T) {
	_, client := start(t)
	req := &unionpay.FrontPreauthRequest{
		OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: unionpay.NoNotification, FrontURL: "https://merchant.example/",
		CardTransData: "{track2Data=" + strings.Repeat("A", 344) + "}",
	}
	_, err := client.Preauth.Front(req)
	require.ErrorContains(t, err, "encryptCertId is required with an encrypted track")
	req.CardTransData = "{track2Data=" + strings.Repeat("1", 37) + "&track3Data=" + strings.Repeat("1", 104) + "}"
	_, err = client.Preauth.Front(req)
	require.NoError(t, err)
}

func TestEncryptionKeeper(t *testing.T) {
	gateway, client := start(t)
	keeper, err := client.Certificates.NewEncryptionKeeper(nil, unionpay.EncryptionCertificateRequest{})
	require.NoError(t, err)
	require.Nil(t, keeper.Current())
	gateway.Misbehave("encrypt_cert_update", unionpaytest.ForgedCertificate)
	changed, err := keeper.Refresh(t.Context())
	require.ErrorIs(t, err, cnpay.ErrSignature)
	require.False(t, changed)
	changed, err = keeper.Refresh(t.Context())
	require.NoError(t, err)
	require.True(t, changed)
	e := keeper.Current()
	changed, err = keeper.Refresh(t.Context())
	require.NoError(t, err)
	require.False(t, changed)
	require.Same(t, e, keeper.Current())

	accNo, err := e.Encrypt("6216261000000000018")
	require.NoError(t, err)
	req := &unionpay.OpenRequest{OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), AccNo: accNo, CustomerInfo: customer}
	_, err = client.Cards.Open(t.Context(), req)
	require.ErrorContains(t, err, "encryptCertId is required with an encrypted accNo")
	req.EncryptCertID = e.CertID()
	_, err = client.Cards.Open(t.Context(), req)
	require.NoError(t, err)
}

// A certificate in a genuine answer is another matter than the one that signed it, and is checked like it.
func TestEncryptionCertificate(t *testing.T) {
	gateway, client := start(t)
	keyed, err := unionpay.New(gateway.ConfigFor(unionpay.SHA256))
	require.NoError(t, err)
	key := gateway.Config().Identity.Key
	issued := func(cn string, day int) string {
		from := time.Now().AddDate(0, 0, day).Add(-time.Hour)
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: cn},
			NotBefore: from, NotAfter: from.Add(2 * time.Hour),
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		require.NoError(t, err)
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	made := func(cn string) string { return issued(cn, 0) }
	const own = "041@Z1200040000:SIGN@00040000:SIGN@00000002"
	for name, text := range map[string]string{"another authority": made(own), "no certificate": "x", "nothing": "", "two": made(own) + made(own)} {
		res := &unionpay.EncryptionCertificateResponse{EncryptPubKeyCert: text}
		res.Outcome = cnpay.Succeeded
		_, err := client.Certificates.Certificate(res)
		require.Error(t, err, name)
	}
	res := &unionpay.EncryptionCertificateResponse{EncryptPubKeyCert: made(own)}
	_, err = keyed.Certificates.Certificate(res)
	require.ErrorContains(t, err, "not a successful answer")
	res.Outcome = cnpay.Succeeded
	_, err = keyed.Certificates.Certificate(res)
	require.NoError(t, err, "with a common key there is no authority to ask")
	res.EncryptPubKeyCert = made("041@Z2014-11-11@700000000000001:SIGN@00000003")
	_, err = keyed.Certificates.Certificate(res)
	require.ErrorContains(t, err, "the owner is not UnionPay")
	for _, day := range []int{-1, 1} {
		res.EncryptPubKeyCert = issued(own, day)
		_, err = keyed.Certificates.Certificate(res)
		require.ErrorContains(t, err, "not in force today")
	}
}

func TestBillOfTheGateway(t *testing.T) {
	gateway, client := start(t)
	req := cancellation(gateway)
	_, err := client.Preauth.Cancel(t.Context(), req)
	require.NoError(t, err)
	file, err := client.Files.Download(t.Context(), &unionpay.FileRequest{TxnTime: unionpay.TxnTime(time.Now()), SettleDate: clearingDay(unionpay.TxnTime(time.Now()))})
	require.NoError(t, err)
	bill, err := file.Bill()
	require.NoError(t, err)
	own := []unionpay.OwnTransaction{{OrderID: req.OrderID, TxnAmt: 10000, TxnType: "32"}}
	found, err := unionpay.Reconcile(own, bill.Records())
	require.NoError(t, err)
	require.Equal(t, 1, found.Matched)
	require.Len(t, found.TheirsOnly, 1, "the pre-authorisation itself")
	require.Equal(t, req.OrigQryID, found.TheirsOnly[0].QueryID)

	_, err = client.Files.Download(t.Context(), &unionpay.FileRequest{TxnTime: unionpay.TxnTime(time.Now()), SettleDate: clearingDay(unionpay.TxnTime(time.Now().AddDate(0, 0, 2)))})
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(nil, err))
	require.ErrorContains(t, err, "98")
	keyed, _ := keyedClient(t, unionpay.SHA256, func(f url.Values) string { return echo(f, sign.Pair{Name: "settleDate", Value: "0106"}) })
	_, err = keyed.Files.Download(t.Context(), &unionpay.FileRequest{TxnTime: unionpay.TxnTime(time.Now()), SettleDate: "0105"})
	require.ErrorIs(t, err, cnpay.ErrMismatch, "another day's file")
	_, err = (&unionpay.FileResponse{FileContent: file.FileContent}).Bill()
	require.ErrorContains(t, err, "not a successful answer")
}

// declined is what the issuer's refusal says: of a payout, nothing final.
func declined(id string) cnpay.Outcome {
	if id == "payout" {
		return cnpay.Unknown
	}
	return cnpay.Failed
}
