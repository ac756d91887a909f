package unionpay_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
)

// prior is what the gateway has before the operation.
type prior struct {
	preauth, completion, purchase, qr string // queryId
	opened, code                      string // orderId
	token                             string // tokenPayData
	bound                             string // bindId
}

const customer = "e3Ntc0NvZGU9MTExMTExfQ==" // {smsCode=111111}

// prepare makes what operations act upon. Its order numbers end in suffix.
func prepare(t *testing.T, gateway *unionpaytest.Server, client *unionpay.Client, now time.Time, suffix string) prior {
	t.Helper()
	at := unionpay.TxnTime(now)
	held := gateway.AddPreauth(10000)
	p := prior{preauth: gateway.AddPreauth(10000), purchase: gateway.AddPurchase(10000), opened: "opened20260105" + suffix, code: "code20260105" + suffix}
	opened, err := client.Cards.Open(t.Context(), &unionpay.CardOpenRequest{
		OrderID: p.opened, TxnTime: at, AccNo: "6216261000000000018", CustomerInfo: customer,
		TokenPayData: "{trId=62000000001&tokenType=01}",
	})
	require.NoError(t, err)
	group, err := unionpay.ParseGroup(opened.TokenPayData)
	require.NoError(t, err)
	p.token = "{token=" + group.Get("token") + "&trId=62000000001}"
	named, err := client.Mandates.VerifyName(t.Context(), &unionpay.MandateVerifyNameRequest{
		BizType: "000401", OrderID: "named20260105" + suffix, TxnTime: at, AccNo: "6216261000000000018", CustomerInfo: customer,
	})
	require.NoError(t, err)
	p.bound = named.BindID
	completed, err := client.Preauth.Complete(t.Context(), &unionpay.PreauthCompleteRequest{
		BizType: "000201", OrderID: "completed20260105" + suffix, TxnTime: at, TxnAmt: 10000, BackURL: unionpay.NoNotification, OrigQryID: held,
	})
	require.NoError(t, err)
	p.completion = completed.QueryID
	byCode, err := client.QR.PayByCode(t.Context(), &unionpay.QRPayByCodeRequest{
		OrderID: p.code, TxnTime: at, TxnAmt: 10000, BackURL: unionpay.NoNotification, QRNo: "6220250000000000000", TermID: "00000001",
	})
	require.NoError(t, err)
	p.qr = byCode.QueryID
	return p
}

// operation is one that is sent from the back-end, with what the documents say of it.
type operation struct {
	id, path, types, biz, channel string
	accepted                      cnpay.Outcome
	make                          func(c *unionpay.Client, p prior, orderID, txnTime string) conform.Run
}

func operations() []operation {
	const back, app = "/gateway/api/backTransReq.do", "/gateway/api/appTransReq.do"
	const none = unionpay.NoNotification
	return []operation{
		{"app_consume", app, "01/01", "000201", "08", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Payments.App, &unionpay.PaymentAppRequest{OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none})
		}},
		{"no_redirect_consume", back, "01/01", "000902", "07", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Payments.Purchase, &unionpay.PaymentPurchaseRequest{
				Card:    unionpay.Card{CustomerInfo: customer},
				OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none, TokenPayData: p.token,
			})
		}},
		{"consume_undo", back, "31/00", "000201", "07", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Payments.Void, &unionpay.PaymentVoidRequest{
				BizType: "000201", OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none, OrigQryID: p.purchase})
		}},
		{"refund", back, "04/00", "000201", "07", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Payments.Refund, &unionpay.PaymentRefundRequest{
				BizType: "000201", OrderID: id, TxnTime: at, TxnAmt: 4000, BackURL: none, OrigQryID: p.purchase})
		}},
		{"app_preauth", app, "02/01", "000201", "08", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Preauth.App, &unionpay.PreauthAppRequest{OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none})
		}},
		{"no_redirect_preauth", back, "02/01", "000902", "07", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Preauth.Create, &unionpay.PreauthCreateRequest{
				OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none, TokenPayData: p.token})
		}},
		{"preauth_complete", back, "03/00", "000201", "07", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Preauth.Complete, &unionpay.PreauthCompleteRequest{
				BizType: "000201", OrderID: id, TxnTime: at, TxnAmt: 9000, BackURL: none, OrigQryID: p.preauth})
		}},
		{"preauth_cancel", back, "32/00", "000201", "07", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Preauth.Cancel, &unionpay.PreauthCancelRequest{
				BizType: "000201", OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none, OrigQryID: p.preauth})
		}},
		{"preauth_complete_cancel", back, "33/00", "000201", "07", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Preauth.CancelCompletion, &unionpay.PreauthCancelCompletionRequest{
				BizType: "000201", OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none, OrigQryID: p.completion})
		}},
		{"qr_apply", back, "01/07", "000000", "08", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.QR.Create, &unionpay.QRCreateRequest{OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none})
		}},
		{"qr_consume", back, "01/06", "000000", "08", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.QR.PayByCode, &unionpay.QRPayByCodeRequest{
				OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none, QRNo: "6220250000000000000", TermID: "00000001"})
		}},
		{"qr_undo", back, "31/00", "000000", "08", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.QR.Void, &unionpay.QRVoidRequest{
				OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none, OrigQryID: p.qr})
		}},
		{"qr_refund", back, "04/00", "000000", "08", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.QR.Refund, &unionpay.QRRefundRequest{
				OrderID: id, TxnTime: at, TxnAmt: 4000, BackURL: none, OrigQryID: p.qr})
		}},
		{"qr_reversal", back, "99/01", "000000", "08", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.QR.Reverse, &unionpay.QRReverseRequest{OrderID: p.code, TxnTime: at})
		}},
		{"query", "/gateway/api/queryTrans.do", "00/00", "000000", "", cnpay.Answered, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Orders.Query, &unionpay.OrderQueryRequest{OrderID: p.code, TxnTime: at})
		}},
		{"sms", back, "77/02", "000902", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Cards.SendSMS, &unionpay.CardSendSMSRequest{OrderID: id, TxnTime: at, CustomerInfo: customer, TokenPayData: p.token})
		}},
		{"open_query", back, "78/02", "000902", "07", cnpay.Answered, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Cards.QueryOpen, &unionpay.CardQueryOpenRequest{OrderID: p.opened, TxnTime: at})
		}},
		{"back_open", back, "79/00", "000902", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Cards.Open, &unionpay.CardOpenRequest{OrderID: id, TxnTime: at, AccNo: "6216261000000000018", CustomerInfo: customer})
		}},
		{"apply_token", back, "79/05", "000902", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Cards.ApplyToken, &unionpay.CardApplyTokenRequest{OrderID: p.opened, TxnTime: at, TokenPayData: "{trId=62000000001&tokenType=01}"})
		}},
		{"token_update", back, "79/03", "000902", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Cards.UpdateToken, &unionpay.CardUpdateTokenRequest{OrderID: id, TxnTime: at, TokenPayData: p.token, CustomerInfo: customer})
		}},
		{"token_delete", back, "74/01", "000902", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Cards.DeleteToken, &unionpay.CardDeleteTokenRequest{OrderID: id, TxnTime: at, TokenPayData: p.token})
		}},
		{"payout", back, "12/00", "000401", "07", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Payouts.Create, &unionpay.PayoutCreateRequest{
				OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none, AccNo: "6216261000000000018"})
		}},
		{"collection", back, "11/00", "000501", "07", cnpay.Pending, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Mandates.Collect, &unionpay.MandateCollectRequest{
				OrderID: id, TxnTime: at, TxnAmt: 10000, BackURL: none, AccNo: "6216261000000000018"})
		}},
		{"realname_auth_back", back, "72/01", "000401", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Mandates.VerifyName, &unionpay.MandateVerifyNameRequest{BizType: "000401", OrderID: id, TxnTime: at, AccNo: "6216261000000000018", CustomerInfo: customer})
		}},
		{"collection_authorize", back, "72/11", "000501", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Mandates.Create, &unionpay.MandateCreateRequest{OrderID: id, TxnTime: at, AccNo: "6216261000000000018", CustomerInfo: customer})
		}},
		{"collection_deauthorize", back, "74/04", "000501", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Mandates.Cancel, &unionpay.MandateCancelRequest{OrderID: id, TxnTime: at, AccNo: "6216261000000000018"})
		}},
		{"unbind", back, "74/00", "000000", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Mandates.Unbind, &unionpay.MandateUnbindRequest{OrderID: id, TxnTime: at, BindID: p.bound})
		}},
		{"bind_query", back, "75/00", "000801", "07", cnpay.Answered, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Mandates.QueryBinding, &unionpay.MandateQueryBindingRequest{OrderID: id, TxnTime: at, BindID: p.bound})
		}},
		{"encrypt_cert_update", back, "95/00", "000000", "07", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Certificates.Encryption, &unionpay.CertificateEncryptionRequest{OrderID: id, TxnTime: at})
		}},
		{"file_download", "/", "76/01", "000000", "", cnpay.Succeeded, func(c *unionpay.Client, p prior, id, at string) conform.Run {
			return conform.Of(c.Files.Download, &unionpay.FileDownloadRequest{TxnTime: at, SettleDate: clearingDay(at)})
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
			_, err := tt.make(client, example(), "20240105145046001", "20240105145046")(t.Context())
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

// world is a gateway and two clients, and the runs of every operation.
func world(t *testing.T) *conform.World {
	gateway := unionpaytest.NewServer()
	t.Cleanup(gateway.Close)
	client, err := unionpay.New(gateway.ConfigFor(unionpay.SM3))
	require.NoError(t, err)
	another, err := unionpay.New(gateway.ConfigFor(unionpay.SM3))
	require.NoError(t, err)
	w := &conform.World{Gateway: gateway, Client: client, Another: another, Runs: map[string]func() conform.Run{}}
	n := 0
	for _, op := range operations() {
		w.Runs[op.id] = func() conform.Run {
			n++
			now := time.Now()
			before := prepare(t, gateway, client, now, fmt.Sprint("x", n))
			return op.make(client, before, unionpay.NewOrderID(), unionpay.TxnTime(now))
		}
	}
	return w
}

func TestOperations(t *testing.T) {
	documented := map[string]cnpaytest.Operation{}
	for _, op := range unionpaytest.Operations() {
		documented[op.ID] = op
	}
	var rows []conform.Row
	for _, op := range operations() {
		rows = append(rows, conform.Row{
			ID: op.id, Accepted: op.accepted, Settled: op.settled(), Repeatable: documented[op.id].Repeatable,
			Secrets: []string{"6216261000000000018", customer, "6235", "6220250000000000000"},
			Faults: []cnpaytest.Fault{
				cnpaytest.BadSignature, cnpaytest.Unsigned, cnpaytest.OtherAnswer, cnpaytest.UnknownCode, unionpaytest.InvalidRequest, unionpaytest.UnsignedRefusal,
			},
		})
	}
	conform.Test(t, rows, world)
}

// What each code means as the answer to each operation.
func TestCodes(t *testing.T) {
	for _, tt := range operations() {
		t.Run(tt.id, func(t *testing.T) {
			for code, want := range map[string]cnpay.Outcome{
				"00": tt.accepted, "A6": tt.accepted, "01": cnpay.Unknown, "03": cnpay.Unknown, "04": cnpay.Unknown, "05": cnpay.Unknown,
				"06": cnpay.Unknown, "12": cnpay.Unknown, "83": cnpay.Unknown, "X9": cnpay.Unknown, "": cnpay.Unknown,
				"10": tt.refused(), "35": tt.refused(), "64": tt.refused(), "99": tt.refused(), "60": tt.declined(),
			} {
				client, _ := keyedClient(t, unionpay.SHA256, func(f url.Values) string {
					return echo(f, sign.Pair{Name: "respCode", Value: code}, sign.Pair{Name: "tn", Value: "1"}, sign.Pair{Name: "qrCode", Value: "1"},
						sign.Pair{Name: "encryptPubKeyCert", Value: "1"}, sign.Pair{Name: "fileContent", Value: "1"})
				})
				res, err := tt.make(client, example(), "20240105145046001", "20240105145046")(t.Context())
				if tt.id == unionpay.OpQRReverse && code == "35" {
					want = cnpay.Unknown // the purchase may still be on its way
				}
				require.Equal(t, want, cnpay.OutcomeOf(res, err), code)
			}
		})
	}
}

// example is what operations act upon where nobody looks at it.
func example() prior {
	const queryID = "652401051647252574008"
	return prior{preauth: queryID, completion: queryID, purchase: queryID, qr: queryID, opened: "opened20240105", code: "code20240105", token: "{token=1&trId=2}", bound: "1"}
}

// refused is the outcome of a refusal: a query that was refused says nothing of the order.
func (o operation) refused() cnpay.Outcome {
	if o.accepted == cnpay.Answered {
		return cnpay.Unknown
	}
	return cnpay.Failed
}

// declined is the outcome of the issuer's refusal, which of a payout is not final.
func (o operation) declined() cnpay.Outcome {
	if o.id == unionpay.OpPayoutCreate {
		return cnpay.Unknown
	}
	return o.refused()
}

// The order of a transaction on a page or in an app is not the payment.
func TestPayerPays(t *testing.T) {
	now := time.Now()
	clock := func() time.Time { return now }
	gateway, client := start(t, cnpay.WithClock(clock))
	gateway.SetClock(clock)
	req := &unionpay.PaymentAppRequest{
		OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(now), TxnAmt: 10000, BackURL: unionpay.NoNotification,
		PayTimeout: unionpay.TxnTime(now.Add(15 * time.Minute)),
	}
	res, err := client.Payments.App(t.Context(), req)
	require.NoError(t, err)
	require.NotEmpty(t, res.TN)

	outcome := func(opts ...cnpay.Option) cnpay.Outcome {
		return cnpay.OutcomeOf(settle(t.Context(), client, req, append(opts, cnpay.WithSchedule(cnpay.Schedule{0}))...))
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
	require.Equal(t, cnpay.Unknown, outcome(), "what was paid in time may still be on its way")
	require.Equal(t, cnpay.Failed, outcome(cnpay.WithMargin(30*time.Second)), "unless the merchant knows better")
	now = now.Add(cnpay.DefaultMargin)
	require.Equal(t, cnpay.Failed, outcome(), "and so it failed for good")
	settled, err := settle(t.Context(), client, req, cnpay.WithSchedule(cnpay.Schedule{0}))
	require.Equal(t, "34", settled.Code)
	require.ErrorIs(t, err, cnpay.ErrUnpaid)
	req.PayTimeout = ""
	require.Equal(t, cnpay.Unknown, outcome(), "without an end nothing fails for good")
}

// What is done to a transaction later needs UnionPay's number of it, and a journal has nothing but the ticket.
func TestTicketLearnsQueryID(t *testing.T) {
	gateway, client := start(t)
	for _, fault := range []cnpaytest.Fault{cnpaytest.OK, cnpaytest.LostAnswer} {
		gateway.Misbehave(unionpay.OpQRPayByCode, fault)
		res, err := client.QR.PayByCode(t.Context(), &unionpay.QRPayByCodeRequest{
			OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), TxnAmt: 10000, BackURL: unionpay.NoNotification,
			QRNo: "6220250000000000000", TermID: "00000001",
		})
		ticket := cnpay.TicketOf(res, err)
		if fault == cnpaytest.OK {
			require.NoError(t, err)
			require.Equal(t, res.QueryID, ticket.Fields["queryId"])
			continue
		}
		require.Empty(t, ticket.Fields["queryId"])
		settled, err := client.Settle(t.Context(), ticket, atOnce())
		require.NoError(t, err)
		require.Len(t, settled.Ticket.Fields["queryId"], 21)
	}
}

func TestReverse(t *testing.T) {
	gateway, client := start(t)
	purchase := &unionpay.QRPayByCodeRequest{
		OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), TxnAmt: 10000, BackURL: unionpay.NoNotification,
		QRNo: "6220250000000000000", TermID: "00000001",
	}
	gateway.Misbehave("qr_consume", cnpaytest.LostAnswer)
	_, err := client.QR.PayByCode(t.Context(), purchase)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))

	gateway.Misbehave("qr_reversal", cnpaytest.HTTP502, cnpaytest.BadSignature)
	settled, err := settle(t.Context(), client, &unionpay.QRReverseRequest{OrderID: purchase.OrderID, TxnTime: purchase.TxnTime}, atOnce())
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(settle(t.Context(), client, purchase, atOnce())))

	// A purchase that is not there may be on its way. A reversal that is repeated finds it.
	purchase.OrderID = unionpay.NewOrderID()
	reversal := &unionpay.QRReverseRequest{OrderID: purchase.OrderID, TxnTime: purchase.TxnTime}
	_, err = settle(t.Context(), client, reversal, atOnce())
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))
	_, err = client.QR.PayByCode(t.Context(), purchase)
	require.NoError(t, err)
	settled, err = settle(t.Context(), client, reversal, atOnce())
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
		_, err := client.Preauth.CancelCompletion(t.Context(), &unionpay.PreauthCancelCompletionRequest{
			BizType: "000201", OrderID: unionpay.NewOrderID(), TxnTime: at(), TxnAmt: amount, BackURL: unionpay.NoNotification, OrigQryID: completion})
		return err
	}
	refund := func(original string, amount int64) error {
		_, err := client.Payments.Refund(t.Context(), &unionpay.PaymentRefundRequest{
			BizType: "000201", OrderID: unionpay.NewOrderID(), TxnTime: at(), TxnAmt: amount, BackURL: unionpay.NoNotification, OrigQryID: original})
		return err
	}
	void := func(original string, amount int64) error {
		_, err := client.Payments.Void(t.Context(), &unionpay.PaymentVoidRequest{
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

	byCode := &unionpay.QRPayByCodeRequest{
		OrderID: unionpay.NewOrderID(), TxnTime: at(), TxnAmt: 10000, BackURL: unionpay.NoNotification, QRNo: "6220250000000000000", TermID: "00000001",
	}
	_, err = client.QR.PayByCode(t.Context(), byCode)
	require.NoError(t, err)
	_, err = client.QR.Reverse(t.Context(), &unionpay.QRReverseRequest{QRSender: unionpay.QRSender{BizType: "000201"}, OrderID: byCode.OrderID, TxnTime: at()})
	require.Equal(t, "36", code(err))
	_, err = client.QR.Void(t.Context(), &unionpay.QRVoidRequest{
		OrderID: unionpay.NewOrderID(), TxnTime: at(), TxnAmt: 10000, BackURL: unionpay.NoNotification, OrigQryID: gateway.AddPurchase(10000)})
	require.Equal(t, "36", code(err))
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settle(t.Context(), client, byCode, atOnce())), "it is as it was")
	for _, bizType := range []string{"000202", "000301", "000902"} { // of another product than the original
		_, err = client.Preauth.Complete(t.Context(), &unionpay.PreauthCompleteRequest{
			BizType: bizType, OrderID: unionpay.NewOrderID(), TxnTime: at(), TxnAmt: 1, BackURL: unionpay.NoNotification, OrigQryID: gateway.AddPreauth(10000)})
		require.Equal(t, "36", code(err))
		_, err = client.Payments.Void(t.Context(), &unionpay.PaymentVoidRequest{
			BizType: bizType, OrderID: unionpay.NewOrderID(), TxnTime: at(), TxnAmt: 10000, BackURL: unionpay.NoNotification, OrigQryID: gateway.AddPurchase(10000)})
		require.Equal(t, "36", code(err))
		_, err = client.Preauth.Cancel(t.Context(), &unionpay.PreauthCancelRequest{
			BizType: bizType, OrderID: unionpay.NewOrderID(), TxnTime: at(), TxnAmt: 10000, BackURL: unionpay.NoNotification, OrigQryID: gateway.AddPreauth(10000)})
		require.Equal(t, "36", code(err))
		_, err = client.Payments.Refund(t.Context(), &unionpay.PaymentRefundRequest{
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

	same := &unionpay.PaymentVoidRequest{BizType: "000201", OrderID: unionpay.NewOrderID(), TxnTime: at(), TxnAmt: 1, BackURL: unionpay.NoNotification, OrigQryID: gateway.AddPurchase(1)}
	_, err = client.Payments.Void(t.Context(), same)
	require.NoError(t, err)
	_, err = client.Payments.Void(t.Context(), same)
	require.Equal(t, "12", code(err))
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settle(t.Context(), client, same, atOnce())))
}

func TestTokens(t *testing.T) {
	gateway, client := start(t)
	p := prepare(t, gateway, client, time.Now(), "")
	at := unionpay.TxnTime(time.Now())
	found, err := client.Cards.QueryOpen(t.Context(), &unionpay.CardQueryOpenRequest{OrderID: p.opened, TxnTime: at})
	require.NoError(t, err)
	require.Equal(t, "1", found.ActivateStatus)
	require.Contains(t, found.TokenPayData, strings.TrimSuffix(p.token, "}"))

	pay := func(customerInfo string) error {
		_, err := client.Payments.Purchase(t.Context(), &unionpay.PaymentPurchaseRequest{
			Card:    unionpay.Card{CustomerInfo: customerInfo},
			OrderID: unionpay.NewOrderID(), TxnTime: at, TxnAmt: 1, BackURL: unionpay.NoNotification, TokenPayData: p.token,
		})
		return err
	}
	require.NoError(t, pay(customer))
	require.ErrorContains(t, pay("e3Ntc0NvZGU9OTk5OTk5fQ=="), "71")
	_, err = client.Cards.DeleteToken(t.Context(), &unionpay.CardDeleteTokenRequest{OrderID: unionpay.NewOrderID(), TxnTime: at, TokenPayData: p.token})
	require.NoError(t, err)
	require.ErrorContains(t, pay(customer), "89")
	found, err = client.Cards.QueryOpen(t.Context(), &unionpay.CardQueryOpenRequest{OrderID: p.opened, TxnTime: at})
	require.NoError(t, err)
	require.Equal(t, "0", found.ActivateStatus)
}

func TestEncryptionKeeperOfAnInstitution(t *testing.T) {
	client, w := keyedClient(t, unionpay.SHA256, silent, func(c *unionpay.Config) { c.AccessType = unionpay.AccessAcquirer })
	request := unionpay.CertificateEncryptionRequest{Acquirer: unionpay.Acquirer{AcqInsCode: "00010000", MerCatCode: "7011", MerName: "hotel"}}
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
		req := &unionpay.CardSendSMSRequest{
			OrderID: "20240105145046001", TxnTime: "20240105145046", CustomerInfo: base64.StdEncoding.EncodeToString([]byte(content)),
		}
		_, err := client.Cards.SendSMS(t.Context(), req)
		require.ErrorContains(t, err, "encryptCertId")
	}
	require.Empty(t, w.times)
}

func TestEncryptedTrackNeedsItsCertificate(t *testing.T) {
	_, client := start(t)
	req := &unionpay.PagePreauthRequest{
		Device:  unionpay.Device{CardTransData: "{track2Data=" + strings.Repeat("A", 344) + "}"},
		OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: unionpay.NoNotification, FrontURL: "https://merchant.example/",
	}
	_, err := client.Pages.Preauth(req)
	require.ErrorContains(t, err, "encryptCertId is required with an encrypted track")
	req.CardTransData = "{track2Data=" + strings.Repeat("1", 37) + "&track3Data=" + strings.Repeat("1", 104) + "}"
	_, err = client.Pages.Preauth(req)
	require.NoError(t, err)
}

func TestEncryptionKeeper(t *testing.T) {
	gateway, client := start(t)
	keeper, err := client.Certificates.NewEncryptionKeeper(nil, unionpay.CertificateEncryptionRequest{})
	require.NoError(t, err)
	require.Nil(t, keeper.Current())
	gateway.Misbehave("encrypt_cert_update", cnpaytest.ForgedCertificate)
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
	req := &unionpay.CardOpenRequest{OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), AccNo: accNo, CustomerInfo: customer}
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
		res := &unionpay.CertificateEncryptionResponse{EncryptPubKeyCert: text}
		res.Outcome = cnpay.Succeeded
		_, err := client.Certificates.Certificate(res)
		require.Error(t, err, name)
	}
	res := &unionpay.CertificateEncryptionResponse{EncryptPubKeyCert: made(own)}
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
	file, err := client.Files.Download(t.Context(), &unionpay.FileDownloadRequest{TxnTime: unionpay.TxnTime(time.Now()), SettleDate: clearingDay(unionpay.TxnTime(time.Now()))})
	require.NoError(t, err)
	bill, err := file.Bill()
	require.NoError(t, err)
	ledger := []unionpay.LedgerEntry{{OrderID: req.OrderID, TxnAmt: 10000, TxnType: "32"}}
	found, err := unionpay.Reconcile(ledger, bill.Records())
	require.NoError(t, err)
	require.Equal(t, 1, found.Matched)
	require.Len(t, found.OnlyInBill, 1, "the pre-authorisation itself")
	require.Equal(t, req.OrigQryID, found.OnlyInBill[0].QueryID)

	_, err = client.Files.Download(t.Context(), &unionpay.FileDownloadRequest{TxnTime: unionpay.TxnTime(time.Now()), SettleDate: clearingDay(unionpay.TxnTime(time.Now().AddDate(0, 0, 2)))})
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(nil, err))
	require.ErrorContains(t, err, "98")
	keyed, _ := keyedClient(t, unionpay.SHA256, func(f url.Values) string { return echo(f, sign.Pair{Name: "settleDate", Value: "0106"}) })
	_, err = keyed.Files.Download(t.Context(), &unionpay.FileDownloadRequest{TxnTime: unionpay.TxnTime(time.Now()), SettleDate: "0105"})
	require.ErrorIs(t, err, cnpay.ErrMismatch, "another day's file")
	_, err = (&unionpay.FileDownloadResponse{FileContent: file.FileContent}).Bill()
	require.ErrorContains(t, err, "not a successful answer")
}

// settled is what settling finds at once: nothing of an order that nobody has paid yet.
func (o operation) settled() cnpay.Outcome {
	switch {
	case slices.Contains([]string{unionpay.OpPaymentApp, unionpay.OpPreauthApp, unionpay.OpQRCreate}, o.id):
		return cnpay.Unknown
	case o.accepted == cnpay.Pending, o.id == unionpay.OpQRReverse:
		return cnpay.Succeeded
	}
	return cnpay.Unknown
}

func TestNoRequest(t *testing.T) {
	client := world(t).Client.(*unionpay.Client)
	_, err := client.Ticket(nil)
	conform.NoRequest(t, err, func(request any) error {
		_, err := unionpay.Do[unionpay.Response](t.Context(), client, unionpay.Operation{ID: "own"}, request)
		return err
	})
}
