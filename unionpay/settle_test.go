package unionpay_test

import (
	"context"
	"encoding/json"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/unionpay"
)

func respCode(code string) sign.Pair { return sign.Pair{Name: "respCode", Value: code} }

// once is one query, at once.
func once() cnpay.Option { return cnpay.WithSchedule(cnpay.Schedule{0}) }

// What 34 proves of an operation whose answer was lost: nothing while it may be on its way, then that it never arrived,
// and nothing again beyond the reach of the query. Of a payout it never proves anything.
func TestNotFound(t *testing.T) {
	for _, tt := range []struct {
		after   time.Duration
		outcome cnpay.Outcome
	}{
		{0, cnpay.Unknown},
		{time.Minute + cnpay.DefaultMargin, cnpay.Unknown},
		{time.Minute + cnpay.DefaultMargin + time.Second, cnpay.NotSent},
		{30*24*time.Hour - time.Second, cnpay.NotSent},
		{30*24*time.Hour + time.Second, cnpay.Unknown},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, w := keyedClient(t, unionpay.SHA256, silent)
			at := unionpay.TxnTime(time.Now())
			_, cancelErr := client.Preauth.Cancel(t.Context(), &unionpay.PreauthCancelRequest{
				BizType: "000201", OrderID: "20240105145046001", TxnTime: at, TxnAmt: 1, BackURL: unionpay.NoNotification, OrigQryID: "652401051647252574008"})
			_, payoutErr := client.Payouts.Create(t.Context(), &unionpay.PayoutCreateRequest{
				OrderID: "20240105145046002", TxnTime: at, TxnAmt: 1, BackURL: unionpay.NoNotification, AccNo: "6216261000000000018"})
			w.answer = func(f url.Values) string { return echo(f, respCode("34")) }
			time.Sleep(tt.after)
			settled, err := client.Settle(t.Context(), cnpay.TicketOf(nil, cancelErr), once())
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(settled, err), tt.after)
			require.True(t, settled.Absent)
			require.Equal(t, tt.outcome == cnpay.Unknown, settled.SendAgain, "the repeat ends the doubt")
			settled, err = client.Settle(t.Context(), cnpay.TicketOf(nil, payoutErr), once())
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err), tt.after)
		})
	}
}

// The same request sent again is carried out once, and the ticket of each sending says which it is.
func TestSendAgain(t *testing.T) {
	gateway, client := start(t)
	req := cancellation(gateway)
	gateway.Misbehave(unionpay.OpPreauthCancel, cnpaytest.LostAnswer)
	_, err := client.Preauth.Cancel(t.Context(), req)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))
	_, err = client.Preauth.Cancel(t.Context(), req, cnpay.WithSending(1))
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))
	require.ErrorContains(t, err, "12 重复交易")
	ticket := cnpay.TicketOf(nil, err)
	require.Equal(t, 1, ticket.Sending)
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(client.Settle(t.Context(), ticket, once())))
}

// What the payer did not manage is final only when the query left after payTimeout and the margin.
func TestPayerFails(t *testing.T) {
	for code, failed := range map[string]cnpay.Outcome{"34": cnpay.Unknown, "64": cnpay.Unknown} {
		for _, tt := range []struct {
			payTimeout time.Duration
			margin     time.Duration
			after      time.Duration
			outcome    cnpay.Outcome
		}{
			{15 * time.Minute, 0, 15 * time.Minute, failed},
			{15 * time.Minute, 0, 15*time.Minute + cnpay.DefaultMargin, failed},
			{15 * time.Minute, 0, 15*time.Minute + cnpay.DefaultMargin + time.Second, cnpay.Failed},
			{15 * time.Minute, time.Minute, 16*time.Minute + time.Second, cnpay.Failed},
			{0, 0, 90 * 24 * time.Hour, failed},                                                                                 // without payTimeout
			{15 * time.Minute, 0, 31 * 24 * time.Hour, map[string]cnpay.Outcome{"34": cnpay.Unknown, "64": cnpay.Failed}[code]}, // forgotten, perhaps
		} {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second))) // order times have seconds
				client, _ := keyedClient(t, unionpay.SHA256, func(f url.Values) string {
					if code == "34" {
						return echo(f, respCode(code))
					}
					return echo(f, sign.Pair{Name: "origRespCode", Value: code}, sign.Pair{Name: "txnType", Value: "01"},
						sign.Pair{Name: "queryId", Value: "201402181025281211748"})
				})
				req := &unionpay.PagePurchaseRequest{
					OrderID: "20240105145046001", TxnTime: unionpay.TxnTime(time.Now()), TxnAmt: 1, BackURL: unionpay.NoNotification, FrontURL: "https://m.example/",
				}
				if tt.payTimeout > 0 {
					req.PayTimeout = unionpay.TxnTime(time.Now().Add(tt.payTimeout))
				}
				form, err := client.Pages.Purchase(req)
				require.NoError(t, err)
				require.Equal(t, tt.payTimeout > 0, form.Ticket.Until.Equal(time.Now().Add(tt.payTimeout)))
				time.Sleep(tt.after)
				opts := []cnpay.Option{once()}
				if tt.margin > 0 {
					opts = append(opts, cnpay.WithMargin(tt.margin))
				}
				settled, err := client.Settle(t.Context(), form.Ticket, opts...)
				require.Equal(t, tt.outcome, cnpay.OutcomeOf(settled, err), "%s after %v", code, tt.after)
				require.Equal(t, code, settled.Code)
				require.Empty(t, settled.Ticket.Fields["queryId"], "the next try has another, which a journal must not take for a contradiction")
				if tt.outcome == cnpay.Failed {
					require.ErrorIs(t, err, cnpay.ErrUnpaid)
				} else {
					require.ErrorIs(t, err, cnpay.ErrUndecided)
				}
			})
		}
	}
}

// journal notes the sendings of an operation.
type journal struct{ sendings []int }

func (j *journal) Started(ctx context.Context, t cnpay.Ticket) (context.Context, error) {
	j.sendings = append(j.sendings, t.Sending)
	return ctx, nil
}

func (j *journal) Finished(context.Context, cnpay.Ticket, cnpay.Call) {}

// A reversal is settled by sending it again, each time through the recorders, as it was sent.
func TestReversalIsSentAgain(t *testing.T) {
	var forms []url.Values
	codes := []string{"", "35", "39", "00"}
	client, _ := keyedClient(t, unionpay.SHA256, func(f url.Values) string {
		forms = append(forms, f)
		code := codes[0]
		codes = codes[1:]
		if code == "" {
			return ""
		}
		return echo(f, respCode(code))
	})
	var j journal
	req := &unionpay.QRReverseRequest{
		Sender: unionpay.Sender{AccessType: "2"}, Platform: unionpay.Platform{SubMerID: "10001", SubMerName: "店", SubMerAbbr: "店"},
		QRSender: unionpay.QRSender{AccInsCode: "00020000"}, Terminal: unionpay.Terminal{TermID: "1", ChannelType: "07", Reserved: "{a=b}"},
		OrderID: "20240105145046001", TxnTime: "20240105145046", ReqReserved: "room",
	}
	_, err := client.QR.Reverse(t.Context(), req, cnpay.WithRecorder(&j), cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))
	text, err := json.Marshal(cnpay.TicketOf(nil, err))
	require.NoError(t, err)
	var stored cnpay.Ticket
	require.NoError(t, json.Unmarshal(text, &stored))

	settled, err := client.Settle(t.Context(), stored, once(), cnpay.WithRecorder(&j))
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
	require.True(t, settled.Absent, "the purchase may still be on its way")
	require.True(t, settled.SendAgain)
	settled, err = client.Settle(t.Context(), stored, once(), cnpay.WithRecorder(&j))
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err), "a repeat that is refused says nothing of the first")
	require.NotErrorIs(t, err, cnpay.ErrRefused)
	settled, err = client.Settle(t.Context(), stored, once(), cnpay.WithRecorder(&j))
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
	require.IsType(t, &unionpay.QRReverseResponse{}, settled.Answer)
	require.Equal(t, []int{0, 1, 1, 1}, j.sendings)
	for _, f := range forms {
		require.Equal(t, forms[0], f)
	}
}

// A client settles for its own merchants only.
func TestWhoseTicket(t *testing.T) {
	client, w := keyedClient(t, unionpay.SHA256, func(f url.Values) string { return echo(f, sign.Pair{Name: "origRespCode", Value: "00"}) },
		func(c *unionpay.Config) { c.OtherMerIDs = []string{"777290058110097"} })
	req := &unionpay.PaymentRefundRequest{
		BizType: "000201", OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: unionpay.NoNotification, OrigQryID: "652401051647252574008",
	}
	req.MerID = "777290058110097"
	ticket, err := client.Ticket(req)
	require.NoError(t, err)
	require.Equal(t, "777290058110097", ticket.Account)
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(client.Settle(t.Context(), ticket, once())))
	ticket.Account = "777290058110001"
	_, err = client.Settle(t.Context(), ticket, once())
	require.ErrorContains(t, err, "account is not the client's")
	require.Len(t, w.times, 1)
	ticket.Operation = unionpay.OpOrderQuery
	_, err = client.Settle(t.Context(), ticket, once())
	require.ErrorContains(t, err, "operation is not one that unionpay can settle")
}

// A dump is for UnionPay's support: without card data, tokens and what proves the holder.
func TestDump(t *testing.T) {
	_, client := start(t)
	var dumps []cnpay.Dump
	dump := cnpay.WithDump(func(_ context.Context, d cnpay.Dump) { dumps = append(dumps, d) })
	_, err := client.Cards.Open(t.Context(), &unionpay.CardOpenRequest{
		OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), AccNo: "6216261000000000018", CustomerInfo: customer,
		TokenPayData: "{trId=62000000001&tokenType=01}",
	}, dump)
	require.NoError(t, err)
	require.Len(t, dumps, 1)
	for _, text := range []string{dumps[0].Request, dumps[0].Answer} {
		require.Contains(t, text, "txnType=79")
		for _, secret := range []string{"6216261000000000018", customer, "62000000001", "6235"} {
			require.NotContains(t, text, secret)
		}
	}
	require.Contains(t, dumps[0].Request, "accNo=621626*********0018")
	require.Contains(t, dumps[0].Answer, "respMsg=成功[0000000]&", "what follows text in Chinese is a field of its own")

	client, _ = keyedClient(t, unionpay.SHA256, func(url.Values) string { return "respMsg=成功&respMsg=成功&other={trId=62000000001&token=6235" })
	_, err = client.Cards.Open(t.Context(), &unionpay.CardOpenRequest{
		OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), AccNo: "6216261000000000018", CustomerInfo: customer,
	}, dump)
	require.Error(t, err)
	require.NotContains(t, dumps[1].Answer, "62000000001", "nor in what cannot be read")
	require.NotContains(t, dumps[1].Answer, "6235")
}

// A journal closes its entries by what a notification says, without knowing the provider.
func TestNotificationNamesItsCall(t *testing.T) {
	client, _ := keyedClient(t, unionpay.SHA256, silent)
	for types, operation := range map[string]string{
		"32/00": unionpay.OpPreauthCancel, "31/00": unionpay.OpPaymentVoid, "04/00": unionpay.OpPaymentRefund, "12/00": unionpay.OpPayoutCreate,
		"01/06": unionpay.OpQRPayByCode, "01/01": "", // a page's, an app's or a token's
	} {
		for bizType, qr := range map[string]string{"000201": operation, "000000": map[string]string{
			unionpay.OpPaymentVoid: unionpay.OpQRVoid, unionpay.OpPaymentRefund: unionpay.OpQRRefund}[operation]} {
			if qr == "" {
				qr = operation
			}
			n, err := parse(client, notified(
				sign.Pair{Name: "merId", Value: "777290058110048"}, sign.Pair{Name: "txnType", Value: types[:2]}, sign.Pair{Name: "txnSubType", Value: types[3:]},
				sign.Pair{Name: "bizType", Value: bizType}, respCode("00"), sign.Pair{Name: "orderId", Value: "20240105145046001"},
				sign.Pair{Name: "txnTime", Value: "20240105145046"}, sign.Pair{Name: "txnAmt", Value: "1"}, sign.Pair{Name: "settleDate", Value: "0105"},
				sign.Pair{Name: "currencyCode", Value: "156"}, sign.Pair{Name: "queryId", Value: "201402181025281211748"},
				sign.Pair{Name: "origQryId", Value: "201402181025281211747"}))
			require.NoError(t, err)
			var call cnpay.Notification = n
			require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(call, nil))
			ticket := cnpay.TicketOf(call, nil)
			require.Equal(t, []string{"unionpay", "777290058110048", qr, "20240105145046001", "20240105145046"},
				[]string{ticket.Provider, ticket.Account, ticket.Operation, ticket.Order, ticket.Fields["txnTime"]}, types)
			require.False(t, ticket.NoMoney)
			require.Equal(t, []string{"1", "156", "201402181025281211748"},
				[]string{ticket.Fields["txnAmt"], ticket.Fields["currencyCode"], ticket.Fields["queryId"]}, types)
			if types[0] == '3' || types == "04/00" {
				require.Equal(t, "201402181025281211747", ticket.Fields["origQryId"], types)
			}
		}
	}
}
