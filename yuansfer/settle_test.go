package yuansfer_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/yuansfer"
	"github.com/cnpay-go/cnpay/yuansfer/yuansfertest"
)

// playing is a network on which a function answers: "" is no answer.
type playing struct {
	play func(path string, q map[string]string) string
	sent []string // paths
}

func (p *playing) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var q map[string]string
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, err
	}
	p.sent = append(p.sent, r.URL.Path)
	answer := p.play(r.URL.Path, q)
	if answer == "" {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{
		StatusCode: 200, Header: http.Header{}, ContentLength: -1, Body: io.NopCloser(strings.NewReader(answer)), Request: r,
	}, nil
}

func (p *playing) client(t testing.TB, opts ...cnpay.Option) *yuansfer.Client {
	t.Helper()
	opts = append(opts, cnpay.WithHTTPClient(&http.Client{Transport: p}), once())
	client, err := yuansfer.New(yuansfer.Config{MerchantNo: "200043", StoreNo: "300014", Token: sandboxToken}, opts...)
	require.NoError(t, err)
	return client
}

func (p *playing) count(path string) (n int) {
	for _, sent := range p.sent {
		if sent == path {
			n++
		}
	}
	return n
}

const (
	refundPath = "/app-data-search/v3/refund"
	queryPath  = "/app-data-search/v3/tran-query"
	paid       = `{"ret_code":"000100","result":{"amount":"13.00","currency":"USD","reference":"R1","status":"success","transactionNo":"1","transactionType":"payment"`
)

func refundOf(reference string) *yuansfer.TransactionRefundRequest {
	return &yuansfer.TransactionRefundRequest{
		OrderKey: yuansfer.OrderKey{Reference: reference}, RefundAmount: "3", Currencies: dollars(), RefundReference: "F1",
	}
}

// A refund whose answer is lost is carried out 20 seconds later: never Failed, sent once, Succeeded at the end.
func TestRefundIsCarriedOutLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		network := &playing{play: func(path string, q map[string]string) string {
			switch {
			case path == refundPath:
				return ""
			case time.Since(begun) < 20*time.Second:
				return paid + `}}`
			}
			return paid + `,"refundInfo":[{"refundReference":"F1","refundAmount":"3.00","currency":"USD"}]}}`
		}}
		client := network.client(t)
		res, err := client.Transactions.Refund(t.Context(), refundOf("R1"))
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
		ticket := cnpay.TicketOf(res, err)
		for time.Since(begun) < 20*time.Second {
			s, err := client.Settle(t.Context(), ticket, cnpay.WithSchedule(cnpay.Schedule{time.Second}))
			if time.Since(begun) < 20*time.Second {
				require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
				require.False(t, s.SendAgain, "no document calls a second refund harmless")
			}
		}
		s, err := client.Settle(t.Context(), ticket)
		require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(s, err))
		require.Equal(t, 1, network.count(refundPath))

		// However long it takes, a payment that shows no refund proves nothing.
		time.Sleep(30 * 24 * time.Hour)
		network.play = func(string, map[string]string) string { return paid + `}}` }
		s, err = client.Settle(t.Context(), ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
		network.play = func(string, map[string]string) string { return `{"ret_code":"000021"}` }
		s, err = client.Settle(t.Context(), ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
	})
}

// What one answer to a query says of an operation.
func TestSettledByOneQuery(t *testing.T) {
	const detail = `{"ret_code":"000100","result":{"outAuthInfoNo":"A1","outAuthDetailNo":"D1","amount":"13.00","currency":"USD","status":`
	const payout = `{"ret_code":"000100","result":{"invoiceId":"I1","amount":13,"currency":"USD","status":`
	order := func(status, more string) string {
		return `{"ret_code":"000100","result":{"amount":"13.00","currency":"USD","settleCurrency":"USD","reference":"R1","transactionNo":"1","status":"` + status + `"` + more + `}}`
	}
	debit := &yuansfer.AutoDebitPayRequest{AutoDebitNo: "9", Money: usd("13"), Reference: "R1", IpnURL: "https://shop.example"}
	qr := &yuansfer.InStoreCreateQRRequest{NewOrder: yuansfer.NewOrder{Money: usd("13"), Reference: "R1"}, Vendor: "alipay"}
	add := &yuansfer.InStoreAddRequest{NewOrder: yuansfer.NewOrder{Money: usd("13"), Reference: "R1"}}
	till := &yuansfer.InStorePayByCodeRequest{OrderKey: yuansfer.OrderKey{TransactionNo: "1"}, PaymentBarcode: "2"}
	cancel := &yuansfer.TransactionCancelRequest{OrderKey: yuansfer.OrderKey{Reference: "R1"}}
	hold := &yuansfer.PreauthCreateRequest{NewAuth: yuansfer.NewAuth{OutAuthInfoNo: "A1", OutAuthDetailNo: "D1", Vendor: "alipay"}, Money: usd("13")}
	release := &yuansfer.PreauthCancelRequest{AuthKey: yuansfer.AuthKey{OutAuthInfoNo: "A1"}, OutAuthDetailNo: "D1", UnfreezeAmount: "13", Currencies: dollars()}
	send := &yuansfer.PayoutCreateRequest{InvoiceID: "I1", Amount: "13.00", Currency: "USD", CustomerNo: "1", AccountToken: "2"}
	for _, tt := range []struct {
		name      string
		request   yuansfer.Request
		answer    string
		outcome   cnpay.Outcome
		sendAgain bool
		says      string
	}{
		{"debit paid", debit, order("success", ""), cnpay.Succeeded, false, ""},
		{"debit failed", debit, order("failed", ""), cnpay.Failed, false, "refused"},
		{"debit closed", debit, order("closed", ""), cnpay.Failed, false, ""},
		{"debit under way", debit, order("dealing", ""), cnpay.Pending, false, ""},
		{"debit of an undocumented state", debit, order("reversed", ""), cnpay.Unknown, false, "does not decide"},
		{"debit of another amount", debit, strings.Replace(order("success", ""), "13.00", "130.0", 1), cnpay.Unknown, false, "amount is 130.0, not 13"},
		{"debit in another currency", debit, strings.Replace(order("success", ""), "USD", "PHP", 1), cnpay.Unknown, false, "currency is PHP, not USD"},
		{"debit that is a refund", debit, order("success", `,"transactionType":"refund"`), cnpay.Unknown, false, "is a refund"},
		{"debit closed and given back", debit, order("closed", `,"refundInfo":[{"refundAmount":"13.00"}]`), cnpay.Unknown, false, "contradicts refunds"},
		{"debit of another order", debit, strings.Replace(order("success", ""), "R1", "R2", 1), cnpay.Unknown, false, "reference differs"},
		{"debit absent", debit, `{"ret_code":"000021"}`, cnpay.Unknown, false, ""},
		{"debit without a state", debit, `{"ret_code":"000100","result":{"reference":"R1"}}`, cnpay.Unknown, false, ""},

		{"code not scanned", qr, order("init", ""), cnpay.Pending, false, ""},
		{"code paid", qr, order("success", ""), cnpay.Succeeded, false, ""},
		{"code closed", qr, order("closed", ""), cnpay.Failed, false, "not paid"},

		{"added", add, order("init", ""), cnpay.Succeeded, false, ""},
		{"added and closed", add, order("closed", ""), cnpay.Succeeded, false, ""},
		{"added with another amount", add, strings.Replace(order("init", ""), "13.00", "14.00", 1), cnpay.Unknown, false, "not 13"},

		{"till: the order is as it was", till, order("init", ""), cnpay.Unknown, false, ""},
		{"till: the customer confirms", till, order("pending", ""), cnpay.Pending, false, ""},
		{"till: paid", till, order("success", ""), cnpay.Succeeded, false, ""},

		{"cancel: still paid", cancel, order("success", ""), cnpay.Unknown, true, ""},
		{"cancel: not paid yet", cancel, order("init", ""), cnpay.Unknown, true, ""},
		{"cancel: closed", cancel, order("closed", ""), cnpay.Succeeded, false, ""},
		{"cancel: all given back", cancel, order("success", `,"refundInfo":[{"refundAmount":"3.00"},{"refundAmount":10}]`), cnpay.Succeeded, false, ""},
		{"cancel: a part given back", cancel, order("success", `,"refundInfo":[{"refundAmount":"3.00"}]`), cnpay.Unknown, false, ""},
		{"cancel: closed, and a part given back", cancel, order("closed", `,"refundInfo":[{"refundAmount":"3.00"}]`), cnpay.Unknown, false, "a part of it"},
		{"cancel: no such order", cancel, `{"ret_code":"000021"}`, cnpay.Unknown, true, ""},
		{"cancel: failed", cancel, order("failed", ""), cnpay.Unknown, true, ""},

		{"refund: another amount", refundOf("R1"), order("success", `,"refundInfo":[{"refundReference":"F1","refundAmount":"4.00"}]`), cnpay.Unknown, false, "amount is 4.00"},
		{"refund: another currency", refundOf("R1"), order("success", `,"refundInfo":[{"refundReference":"F1","refundAmount":"3.00","currency":"PHP"}]`), cnpay.Unknown, false, "currency is PHP"},
		{"refund: another refund", refundOf("R1"), order("success", `,"refundInfo":[{"refundReference":"F2","refundAmount":"3.00"}]`), cnpay.Unknown, false, ""},

		{"held", hold, detail + `"success"}}`, cnpay.Succeeded, false, ""},
		{"hold closed", hold, detail + `"closed"}}`, cnpay.Failed, false, ""},
		{"hold of another amount", hold, strings.Replace(detail+`"success"}}`, "13.00", "1.00", 1), cnpay.Unknown, false, "amount is 1.00"},
		{"hold absent", hold, `{"ret_code":"000021"}`, cnpay.Unknown, false, ""},
		{"release closed", release, detail + `"closed"}}`, cnpay.Unknown, false, ""},
		{"release failed", release, detail + `"failed"}}`, cnpay.Failed, false, ""},
		{"released", release, detail + `"success"}}`, cnpay.Succeeded, false, ""},

		{"payout credited", send, payout + `"completed"}}`, cnpay.Succeeded, false, ""},
		{"payout came back", send, payout + `"returned"}}`, cnpay.Failed, false, ""},
		{"payout on hold", send, payout + `"onhold"}}`, cnpay.Unknown, false, ""},
		{"payout of another amount", send, strings.Replace(payout+`"success"}}`, "13", "14", 1), cnpay.Unknown, false, "amount is 14"},
		{"a refused query", debit, `{"ret_code":"000030"}`, cnpay.Unknown, false, "000030"},
		{"no answer", debit, "", cnpay.Unknown, false, "transport"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			network := &playing{play: func(string, map[string]string) string { return tt.answer }}
			client := network.client(t)
			ticket, err := client.Ticket(tt.request)
			require.NoError(t, err)
			s, err := client.Settle(t.Context(), ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(s, err), "%v", err)
			require.Equal(t, tt.sendAgain, s.SendAgain)
			require.Empty(t, s.GiveUp, "data_cancel refunds a paid order, so it is never named")
			if tt.says != "" {
				require.ErrorContains(t, err, tt.says)
			}
		})
	}
}

// A refund whose number is known is queried by that number.
func TestRefundByItsNumber(t *testing.T) {
	for _, tt := range []struct {
		answer  string
		outcome cnpay.Outcome
		says    string
	}{
		{`"amount":"3.00","status":"success","transactionType":"refund"`, cnpay.Succeeded, ""},
		{`"amount":"3.00","status":"pending"`, cnpay.Pending, ""},
		{`"amount":"3.00","status":"failed"`, cnpay.Failed, ""},
		{`"amount":"3.00","status":"closed"`, cnpay.Unknown, ""},
		{`"amount":"13.00","status":"success"`, cnpay.Unknown, "amount is 13.00, not 3"},
		{`"amount":"3.00","status":"success","transactionType":"payment"`, cnpay.Unknown, "is a payment, not a refund"},
	} {
		network := &playing{play: func(_ string, q map[string]string) string {
			if q["transactionNo"] != "9" {
				return ""
			}
			return `{"ret_code":"000100","result":{"transactionNo":"9",` + tt.answer + `}}`
		}}
		client := network.client(t)
		ticket, err := client.Ticket(refundOf("R1"))
		require.NoError(t, err)
		s, err := client.Settle(t.Context(), ticket.With("refundTransactionNo", "9"), cnpay.WithSchedule(cnpay.Schedule{0}))
		require.Equal(t, tt.outcome, cnpay.OutcomeOf(s, err), "%s: %v", tt.answer, err)
		if tt.says != "" {
			require.ErrorContains(t, err, tt.says)
		}
	}
}

// A new order whose answer has a state of success is there, and not paid: nobody can have paid it.
func TestNewOrderIsNeverPaid(t *testing.T) {
	network := &playing{play: func(string, map[string]string) string {
		return `{"ret_code":"000100","result":{"reference":"R1","status":"success"}}`
	}}
	res, err := network.client(t).InStore.CreateQR(t.Context(), &yuansfer.InStoreCreateQRRequest{
		NewOrder: yuansfer.NewOrder{Money: usd("13"), Reference: "R1"}, Vendor: "alipay",
	})
	require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(res, err))
}

// A completion is settled by its operation and, where that does not decide, by its payment.
func TestSettleComplete(t *testing.T) {
	complete := &yuansfer.PreauthCompleteRequest{AuthKey: yuansfer.AuthKey{OutAuthInfoNo: "A1"}, OutAuthDetailNo: "D1", Reference: "R1", Money: usd("13")}
	for _, tt := range []struct {
		detail, payment string
		outcome         cnpay.Outcome
	}{
		{`{"ret_code":"000100","result":{"outAuthDetailNo":"D1","status":"success"}}`, ``, cnpay.Succeeded},
		{`{"ret_code":"000100","result":{"outAuthDetailNo":"D1","status":"failed"}}`, ``, cnpay.Failed},
		{`{"ret_code":"000100","result":{"outAuthDetailNo":"D1","status":"pending"}}`, paid + `}}`, cnpay.Succeeded},
		{`{"ret_code":"000100","result":{"outAuthDetailNo":"D1","status":"closed"}}`, `{"ret_code":"000021"}`, cnpay.Unknown},
		{`{"ret_code":"000100","result":{"outAuthDetailNo":"D1","status":"pending"}}`, `{"ret_code":"000021"}`, cnpay.Pending},
		{`{"ret_code":"000021"}`, paid + `}}`, cnpay.Succeeded},
		{``, paid + `}}`, cnpay.Succeeded},
		{``, ``, cnpay.Unknown},
		{`{"ret_code":"000021"}`, strings.Replace(paid, `"status":"success"`, `"status":"failed"`, 1) + `}}`, cnpay.Unknown},
	} {
		network := &playing{play: func(path string, _ map[string]string) string {
			if path == queryPath {
				return tt.payment
			}
			return tt.detail
		}}
		client := network.client(t)
		ticket, err := client.Ticket(complete)
		require.NoError(t, err)
		s, err := client.Settle(t.Context(), ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
		require.Equal(t, tt.outcome, cnpay.OutcomeOf(s, err), "%+v: %v", tt, err)
	}
}

// An order that never arrived is NotSent only after it could be paid no more, and the margin.
func TestAbsentOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := &playing{play: func(path string, _ map[string]string) string {
			if path == queryPath {
				return `{"ret_code":"000021","ret_msg":"Parameter has no related information"}`
			}
			return "" // lost
		}}
		client := network.client(t)
		b := &books{t: t, client: client}
		res, err := client.Pages.Cashier(t.Context(), b.cashier()) // for 30 minutes
		ticket := cnpay.TicketOf(res, err)
		require.Equal(t, 30*time.Minute, ticket.Until.Sub(ticket.Began))
		at := func(d time.Duration) cnpay.Outcome {
			time.Sleep(time.Until(ticket.Began.Add(d)))
			s, err := client.Settle(t.Context(), ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
			require.True(t, s.Absent)
			return cnpay.OutcomeOf(s, err)
		}
		require.Equal(t, cnpay.Unknown, at(time.Minute))
		require.Equal(t, cnpay.Unknown, at(30*time.Minute+cnpay.DefaultMargin))
		require.Equal(t, cnpay.NotSent, at(31*time.Minute+cnpay.DefaultMargin))
		require.Equal(t, cnpay.Unknown, at(31*24*time.Hour), "nobody knows how long Yuansfer has an order")

		payout, err := client.Payouts.Create(t.Context(), &yuansfer.PayoutCreateRequest{
			InvoiceID: "I1", Amount: "1", Currency: "USD", CustomerNo: "1", AccountToken: "2",
		})
		ticket = cnpay.TicketOf(payout, err)
		network.play = func(string, map[string]string) string { return `{"ret_code":"000021"}` }
		require.Equal(t, cnpay.Unknown, at(time.Minute))
		require.Equal(t, cnpay.NotSent, at(2*time.Minute+cnpay.DefaultMargin))

		network.play = func(path string, _ map[string]string) string {
			if path == queryPath {
				return `{"ret_code":"000021"}`
			}
			return ""
		}
		charge, err := client.Cards.Pay(t.Context(), &yuansfer.CardPayRequest{PaymentMethodNonce: "n", PaymentMethod: "credit_card", TransactionNo: "1"})
		ticket = cnpay.TicketOf(charge, err)
		require.Equal(t, cnpay.Unknown, at(365*24*time.Hour), "the order was there before, so its absence says nothing")
	})
}

// journal keeps what its Recorder receives.
type journal struct {
	started []cnpay.Ticket
	ended   []cnpay.Call
}

func (j *journal) Started(ctx context.Context, t cnpay.Ticket) (context.Context, error) {
	j.started = append(j.started, t)
	return ctx, nil
}

func (j *journal) Finished(_ context.Context, _ cnpay.Ticket, c cnpay.Call) {
	j.ended = append(j.ended, c)
}

// What is settled by repeating is sent again as a new sending of the same ticket, through the same recorders.
func TestRepeatsAreSendingsOfTheSameTicket(t *testing.T) {
	j := &journal{}
	gateway, client := start(t, cnpay.WithRecorder(j), once())
	autoDebitNo := gateway.AddAgreement("agr1", "gcash")
	gateway.Misbehave(revoke, cnpaytest.LostAnswer, yuansfertest.SupplierError, cnpaytest.LostAnswer)
	res, err := client.AutoDebit.Revoke(t.Context(), &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: autoDebitNo})
	ticket := cnpay.TicketOf(res, err)
	require.False(t, ticket.NoMoney, "an agreement that stands can move money")
	require.Equal(t, "200043", ticket.Account)
	s, err := client.Settle(t.Context(), ticket, cnpay.WithSchedule(cnpay.Schedule{0, 0, 0, 0}))
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(s, err))
	require.Equal(t, 3, s.Queries)
	require.Len(t, j.started, 4)
	for n, started := range j.started {
		require.Equal(t, n, started.Sending)
		require.Equal(t, revoke, started.Operation)
		require.Equal(t, autoDebitNo, started.Order)
	}
	require.Len(t, j.ended, 4)

	// A ticket that was sent twice before goes on counting.
	again := ticket
	again.Sending = 2
	_, err = client.Settle(t.Context(), again, cnpay.WithSchedule(cnpay.Schedule{0}))
	require.NoError(t, err)
	require.Equal(t, 3, j.started[4].Sending)

	gateway.RefuseRepeats("000040")
	s, err = client.Settle(t.Context(), ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
	require.Equal(t, "000040", s.Code)

	// AUTHORIZATION_CODE is used up by the first request, whose answer is lost; REFRESH_TOKEN is not.
	for grant, want := range map[string]cnpay.Outcome{"AUTHORIZATION_CODE": cnpay.Unknown, "REFRESH_TOKEN": cnpay.Succeeded} {
		gateway.Misbehave(yuansfer.OpAutoDebitApplyToken, cnpaytest.LostAnswer)
		token, err := client.AutoDebit.ApplyToken(t.Context(), &yuansfer.AutoDebitApplyTokenRequest{
			AutoDebitNo: gateway.AddAgreement("agr "+grant, "gcash"), GrantType: grant,
		})
		s, err := client.Settle(t.Context(), cnpay.TicketOf(token, err), cnpay.WithSchedule(cnpay.Schedule{0}))
		require.Equal(t, want, cnpay.OutcomeOf(s, err), grant)
	}
}

// A refusal of what was sent again says nothing about the sending before it, whatever the operation is.
func TestRefusedSendingAgain(t *testing.T) {
	network := &playing{play: func(string, map[string]string) string { return `{"ret_code":"000040"}` }}
	client := network.client(t)
	for sending, want := range []cnpay.Outcome{cnpay.Failed, cnpay.Unknown} {
		res, err := client.Transactions.Cancel(t.Context(), &yuansfer.TransactionCancelRequest{OrderKey: yuansfer.OrderKey{Reference: "R1"}}, cnpay.WithSending(sending))
		require.Equal(t, want, cnpay.OutcomeOf(res, err))
	}
}

// A partner calls for its merchants: merGroupNo is sent and signed, and stands in the ticket.
func TestPartner(t *testing.T) {
	gateway := yuansfertest.NewServer()
	defer gateway.Close()
	gateway.SetPartner("900001")
	b := &books{t: t, gateway: gateway}
	var err error
	b.client, err = yuansfer.New(gateway.Config())
	require.NoError(t, err)
	res, err := b.client.Pages.Cashier(t.Context(), b.cashier())
	require.NoError(t, err)
	require.Equal(t, "900001", res.Ticket.Fields["merGroupNo"])
	s, err := b.client.Settle(t.Context(), res.Ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
	require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(s, err), "%v", err)

	config := gateway.Config()
	config.MerchantNo = "200044" // of the same partner
	other, err := yuansfer.New(config)
	require.NoError(t, err)
	s, err = other.Settle(t.Context(), res.Ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
	require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(s, err), "%v", err)

	for _, group := range []string{"", "900002"} { // no partner, and another one
		config.MerGroupNo = group
		stranger, err := yuansfer.New(config)
		require.NoError(t, err)
		s, err = stranger.Settle(t.Context(), res.Ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
		require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
		require.ErrorContains(t, err, "merGroupNo is not the client's")
		require.Zero(t, s.Queries)
	}
}

func TestSchedules(t *testing.T) {
	require.Len(t, yuansfer.PayerSchedule(30*time.Minute), 42)
	require.Len(t, yuansfer.PayerSchedule(0), 13)
	require.Len(t, yuansfer.PayerSchedule(1<<62), 12+24*60)
	require.Len(t, yuansfer.TillSchedule(), 13)
	require.Len(t, yuansfer.BackSchedule(), 5)
	require.Len(t, yuansfer.PayoutSchedule(), 10)
	client := (&playing{}).client(t)
	ticket, err := client.Ticket(&yuansfer.AppOrderRequest{
		NewOrder: yuansfer.NewOrder{Money: usd("1"), Reference: "R1", Timeout: 1 << 62}, Vendor: "alipay", Terminal: "APP", IpnURL: "https://shop.example",
	})
	require.NoError(t, err)
	require.Less(t, time.Until(ticket.Until), 367*24*time.Hour, "no length of time overflows")
	require.Greater(t, time.Until(ticket.Until), 365*24*time.Hour)
}
