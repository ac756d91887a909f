package spay_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/umpay/spay"
	"github.com/cnpay-go/cnpay/umpay/spay/spaytest"
)

// clock is what the gateway, in its goroutines, and the client have for the time.
type clock struct{ at atomic.Pointer[time.Time] }

func (c *clock) now() time.Time { return *c.at.Load() }

func (c *clock) set(at time.Time) { c.at.Store(&at) }

// noon is the middle of a day in China, so that an hour's margin ends on the same day.
func noon() *clock {
	c := &clock{}
	c.set(time.Date(2026, 9, 1, 12, 0, 0, 0, cnpay.Beijing()))
	return c
}

func startAt(t *testing.T, c *clock) (*spaytest.Server, *spay.Client) {
	t.Helper()
	gateway, client := start(t, cnpay.WithClock(c.now))
	gateway.SetClock(c.now)
	return gateway, client
}

func once(t *testing.T, client *spay.Client, ticket cnpay.Ticket) (*cnpay.Settlement, error) {
	t.Helper()
	return client.Settle(t.Context(), ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
}

func orderAt(c *clock, id string) spay.Order {
	return spay.Order{OrderID: id, MerDate: spay.MerDate(c.now()), Amount: 1250}
}

func payByCode(t *testing.T, client *spay.Client, o spay.Order) (cnpay.Ticket, cnpay.Outcome) {
	t.Helper()
	res, err := client.Orders.PayByCode(t.Context(), &spay.OrderPayByCodeRequest{Order: o, ScanCodeType: "WECHAT", AuthCode: "283050710648432598", UseDesc: "coffee"})
	return cnpay.TicketOf(res, err), cnpay.OutcomeOf(res, err)
}

func TestSettledStates(t *testing.T) {
	for state, want := range map[string]cnpay.Outcome{
		spay.TradeSuccess: cnpay.Succeeded, spay.WaitBuyerPay: cnpay.Pending, spay.TradeClose: cnpay.Failed, spay.TradeClosed: cnpay.Failed,
		spay.TradeCancel: cnpay.Failed, spay.TradeFail: cnpay.Failed, "TRADE_PERHAPS": cnpay.Unknown,
	} {
		gateway, client := start(t)
		o := order(1)
		gateway.Misbehave(spay.OpOrderPayByCode, cnpaytest.LostAnswer)
		ticket, outcome := payByCode(t, client, o)
		require.Equal(t, cnpay.Unknown, outcome)
		require.NoError(t, gateway.SetState(o.OrderID, state))
		s, err := once(t, client, ticket)
		require.Equal(t, want, cnpay.OutcomeOf(s, err), state)
		require.Equal(t, state, s.Code)
		require.False(t, s.SendAgain)
	}
}

// An order that is still open when the till's schedule is over is given up by a cancellation, which is the merchant's step.
func TestGiveUp(t *testing.T) {
	c := noon()
	gateway, client := startAt(t, c)
	gateway.Misbehave(spay.OpOrderPayByCode, spaytest.Pending)
	ticket, outcome := payByCode(t, client, orderAt(c, "SHOP1"))
	require.Equal(t, cnpay.Pending, outcome)
	s, err := once(t, client, ticket)
	require.NoError(t, err)
	require.Empty(t, s.GiveUp)
	require.Positive(t, s.Next)
	c.set(c.now().Add(2 * time.Minute))
	s, err = once(t, client, ticket)
	require.NoError(t, err)
	require.Equal(t, spay.OpOrderCancel, s.GiveUp)
	_, err = client.Orders.Cancel(t.Context(), &spay.OrderCancelRequest{OrderID: "SHOP1", MerDate: spay.MerDate(c.now()), Amount: 1250})
	require.NoError(t, err)
	s, err = once(t, client, ticket)
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(s, err))
	require.Equal(t, 1, gateway.Received(spay.OpOrderPayByCode))
}

// The query of today sees today's orders alone: there, and only there, absence is a proof.
func TestAbsence(t *testing.T) {
	for name, tt := range map[string]struct {
		at      time.Duration
		query   string
		outcome cnpay.Outcome
	}{
		"at once":       {0, spay.OpOrderQuery, cnpay.Unknown},
		"in the margin": {time.Hour, spay.OpOrderQuery, cnpay.Unknown},
		"after it":      {2 * time.Hour, spay.OpOrderQuery, cnpay.NotSent},
		"the next day":  {13 * time.Hour, spay.OpOrderQueryHistory, cnpay.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			c := noon()
			gateway, client := startAt(t, c)
			gateway.Misbehave(spay.OpOrderPayByCode, cnpaytest.Late(time.Hour))
			ticket, outcome := payByCode(t, client, orderAt(c, "SHOP1"))
			require.Equal(t, cnpay.Unknown, outcome)
			c.set(c.now().Add(tt.at))
			s, err := once(t, client, ticket)
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(s, err))
			require.True(t, s.Absent)
			require.Equal(t, 1, gateway.Received(tt.query))
		})
	}
}

// Close to midnight the day ends before the margin does, so that absence proves nothing on either side of it.
func TestAbsenceAtMidnight(t *testing.T) {
	c := noon()
	c.set(time.Date(2026, 9, 1, 23, 30, 0, 0, cnpay.Beijing()))
	gateway, client := startAt(t, c)
	gateway.Misbehave(spay.OpOrderPayByCode, cnpaytest.Late(time.Hour))
	ticket, _ := payByCode(t, client, orderAt(c, "SHOP1"))
	for _, later := range []time.Duration{0, 29 * time.Minute, 31 * time.Minute, 3 * time.Hour, 48 * time.Hour} {
		c.set(time.Date(2026, 9, 1, 23, 30, 0, 0, cnpay.Beijing()).Add(later))
		s, err := once(t, client, ticket)
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err), later)
	}
}

// The last query of the day arrives on the next one by UMPay's clock, where it sees nothing; and an order whose mer_date is
// another day's is not one that the query of the day is sure to see.
func TestAbsenceByUMPaysClock(t *testing.T) {
	c := noon()
	gateway, client := startAt(t, c)
	gateway.SetClock(func() time.Time { return c.now().Add(time.Minute) })
	gateway.Misbehave(spay.OpOrderPayByCode, cnpaytest.LostAnswer)
	ticket, _ := payByCode(t, client, orderAt(c, "SHOP1"))
	c.set(time.Date(2026, 9, 1, 23, 59, 30, 0, cnpay.Beijing()))
	s, err := once(t, client, ticket)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err), "it was paid")
	require.True(t, s.Absent)

	c = noon()
	gateway, client = startAt(t, c)
	gateway.Misbehave(spay.OpOrderPayByCode, cnpaytest.Late(time.Hour))
	o := orderAt(c, "SHOP2")
	o.MerDate = "20260902"
	ticket, _ = payByCode(t, client, o)
	c.set(c.now().Add(3 * time.Hour))
	s, err = once(t, client, ticket)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err), "the history has no order of tomorrow")
}

// An order of yesterday is found in the history, and settled by it.
func TestHistorySettles(t *testing.T) {
	c := noon()
	gateway, client := startAt(t, c)
	gateway.Misbehave(spay.OpOrderPayByCode, cnpaytest.LostAnswer)
	ticket, _ := payByCode(t, client, orderAt(c, "SHOP1"))
	c.set(c.now().AddDate(0, 0, 2))
	s, err := once(t, client, ticket)
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(s, err))
	require.IsType(t, &spay.OrderQueryHistoryResponse{}, s.Answer)
	require.Zero(t, gateway.Received(spay.OpOrderQuery))
}

// An order paid later can be paid until it expires: its absence proves nothing before, and closed is its end.
func TestOrderExpires(t *testing.T) {
	c := noon()
	gateway, client := startAt(t, c)
	o := orderAt(c, "SHOP1")
	o.ExpireTime = 10
	res, err := client.Orders.CreateQR(t.Context(), &spay.OrderCreateQRRequest{Order: o, ScanCodeType: "WECHAT"})
	require.NoError(t, err)
	require.Equal(t, c.now().Add(10*time.Minute).UTC(), res.Ticket.Until)
	c.set(c.now().Add(11 * time.Minute))
	s, err := once(t, client, res.Ticket)
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(s, err))
	require.ErrorIs(t, err, cnpay.ErrUnpaid)

	gateway.Misbehave(spay.OpOrderCreateQR, cnpaytest.Late(time.Hour))
	o = orderAt(c, "SHOP2")
	o.ExpireTime = 120
	res, err = client.Orders.CreateQR(t.Context(), &spay.OrderCreateQRRequest{Order: o, ScanCodeType: "WECHAT"})
	ticket := cnpay.TicketOf(res, err)
	c.set(c.now().Add(150 * time.Minute))
	s, err = once(t, client, ticket)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
	require.True(t, s.SendAgain, "the same order under the same number is harmless")
	c.set(c.now().Add(time.Hour))
	s, err = once(t, client, ticket)
	require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(s, err))
}

// A cancellation that a query does not show proves nothing; the same one sent again ends the doubt.
func TestCancelIsNeverFailedByAQuery(t *testing.T) {
	gateway, client := start(t)
	for state, want := range map[string]cnpay.Outcome{
		spay.TradeSuccess: cnpay.Unknown, spay.WaitBuyerPay: cnpay.Unknown, spay.TradeClose: cnpay.Unknown, spay.TradeFail: cnpay.Unknown,
		spay.TradeCancel: cnpay.Succeeded,
	} {
		id := "CANCEL-" + state
		gateway.AddOrder(id, 1250)
		gateway.Misbehave(spay.OpOrderCancel, cnpaytest.Late(time.Hour))
		res, err := client.Orders.Cancel(t.Context(), &spay.OrderCancelRequest{OrderID: id, MerDate: today(), Amount: 1250})
		require.NoError(t, gateway.SetState(id, state))
		s, err := once(t, client, cnpay.TicketOf(res, err))
		require.Equal(t, want, cnpay.OutcomeOf(s, err), state)
		require.Equal(t, state == spay.TradeSuccess || state == spay.WaitBuyerPay, s.SendAgain, state)
	}
	s, err := client.Settle(t.Context(), cnpay.Ticket{Provider: "umpay/spay", Gateway: gateway.URL[len("http://"):], Account: "60000100",
		Operation: spay.OpOrderCancel, Fields: map[string]string{"order_id": "NONE", "mer_date": today()},
		Began: time.Now().Add(-48 * time.Hour), Until: time.Now().Add(-47 * time.Hour)}, cnpay.WithSchedule(cnpay.Schedule{0}))
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err), "that the order is absent says nothing of its cancellation")
}

// A refund whose answer is lost and that is carried out later is sent once, never Failed, and Succeeded at the end.
func TestRefundCarriedOutLater(t *testing.T) {
	gateway, client := start(t)
	gateway.AddOrder("SHOP1", 1250)
	gateway.Misbehave(spay.OpOrderRefund, cnpaytest.Late(400*time.Millisecond))
	begun := time.Now()
	res, err := client.Orders.Refund(t.Context(), &spay.OrderRefundRequest{RefundNo: "R1", OrderID: "SHOP1", MerDate: today(), OrgAmount: 1250, RefundAmount: 250})
	ticket := cnpay.TicketOf(res, err)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	require.Equal(t, "R1", ticket.Order)
	s, err := once(t, client, ticket)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
	require.True(t, s.Absent)
	require.True(t, s.SendAgain)
	time.Sleep(time.Until(begun.Add(time.Second)))
	s, err = once(t, client, ticket)
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(s, err))
	require.Equal(t, 1, gateway.Received(spay.OpOrderRefund))
}

func TestRefundStates(t *testing.T) {
	gateway, client := start(t)
	for state, want := range map[string]cnpay.Outcome{
		spay.RefundSuccess: cnpay.Succeeded, spay.RefundProcess: cnpay.Pending, spay.RefundFail: cnpay.Failed, spay.RefundClose: cnpay.Failed,
		"REFUND_UNKNOWN": cnpay.Unknown,
	} {
		gateway.AddOrder("O-"+state[len("REFUND_"):], 1250)
		gateway.Misbehave(spay.OpOrderRefund, spaytest.Pending)
		refundNo := "R" + state[len("REFUND_"):]
		res, err := client.Orders.Refund(t.Context(), &spay.OrderRefundRequest{RefundNo: refundNo, OrderID: "O-" + state[len("REFUND_"):], MerDate: today(), OrgAmount: 1250})
		require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(res, err))
		require.NoError(t, gateway.SetState(refundNo, state))
		s, err := once(t, client, res.Ticket)
		require.Equal(t, want, cnpay.OutcomeOf(s, err), state)
	}
	// absent, long after it could have arrived
	ticket := cnpay.Ticket{Provider: "umpay/spay", Gateway: gateway.URL[len("http://"):], Account: "60000100", Operation: spay.OpOrderRefund, Order: "R0",
		Fields: map[string]string{"refund_no": "R0"}, Began: time.Now().Add(-3 * time.Hour), Until: time.Now().Add(-2 * time.Hour)}
	s, err := once(t, client, ticket)
	require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(s, err))
	ticket.Began = ticket.Began.AddDate(0, 0, -31)
	s, err = once(t, client, ticket)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err), "nobody knows how long UMPay has a refund")
}

// What a query shows of another order or amount than the ticket's decides nothing.
func TestContradictionsAreUnknown(t *testing.T) {
	gateway, client := start(t)
	gateway.AddOrder("SHOP1", 1250)
	ticket, err := client.Ticket(&spay.OrderCancelRequest{OrderID: "SHOP1", MerDate: today(), Amount: 1251})
	require.NoError(t, err)
	require.NoError(t, gateway.SetState("SHOP1", spay.TradeCancel))
	s, err := once(t, client, ticket)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
	require.ErrorContains(t, err, "the order's amount is 1250, not 1251")

	gateway.AddOrder("SHOP2", 1250)
	req := &spay.OrderRefundRequest{RefundNo: "R1", OrderID: "SHOP2", MerDate: today(), OrgAmount: 1250, RefundAmount: 250}
	res, err := client.Orders.Refund(t.Context(), req)
	require.NoError(t, err)
	for name, change := range map[string]func(*spay.OrderRefundRequest){
		"of another order": func(r *spay.OrderRefundRequest) { r.OrderID = "SHOP3" },
		"of another day":   func(r *spay.OrderRefundRequest) { r.MerDate = "20200101" },
		"of less":          func(r *spay.OrderRefundRequest) { r.RefundAmount = 251 },
		"of more":          func(r *spay.OrderRefundRequest) { r.OrgAmount, r.RefundAmount = 249, 1 },
	} {
		changed := *req
		change(&changed)
		ticket, err := client.Ticket(&changed)
		require.NoError(t, err)
		s, err := once(t, client, ticket)
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err), name)
		require.ErrorIs(t, err, cnpay.ErrUndecided)
	}
	s, err = once(t, client, res.Ticket)
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(s, err))
}

// A hold that stands says nothing of its completion, nor of its refund; a hold that was cancelled excludes the completion.
func TestWhatAHoldProves(t *testing.T) {
	gateway, client := start(t)
	tradeNo := gateway.AddHold("HOLD1", 1250)
	hold := spay.Hold{OrderID: "HOLD1", MerDate: today()}
	gateway.Misbehave(spay.OpPreauthComplete, cnpaytest.LostAnswer)
	res, err := client.Preauth.Complete(t.Context(), &spay.PreauthCompleteRequest{Hold: hold, TradeNo: tradeNo, Amount: 1250, PayType: "CREDITCARD"})
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	ticket := cnpay.TicketOf(res, err)
	s, err := once(t, client, ticket)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
	require.False(t, s.SendAgain)

	refund, err := client.Preauth.Refund(t.Context(), &spay.PreauthRefundRequest{Hold: hold, RefundNo: "R1", RefundAmount: 250, OrgAmount: 1250})
	require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(refund, err))
	require.Equal(t, "R1", refund.Ticket.Order)
	s, err = once(t, client, refund.Ticket)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
	require.ErrorContains(t, err, "settlement file")

	require.NoError(t, gateway.SetState("HOLD1", spay.TradeCancel))
	s, err = once(t, client, ticket)
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(s, err))
}

// A wrong code refuses the confirmation and leaves the order as it was; an order that is not paid proves nothing of it.
func TestConfirm(t *testing.T) {
	gateway, client := start(t)
	apply, err := client.QuickPay.Apply(t.Context(), &spay.QuickPayApplyRequest{Order: order(1), PayType: "DEBITCARD", GateID: "ICBC"})
	require.NoError(t, err)
	_, err = client.QuickPay.SendSMS(t.Context(), &spay.QuickPaySendSMSRequest{TradeNo: apply.TradeNo, MediaID: "13800000000", MediaType: "MOBILE"})
	require.NoError(t, err)
	req := &spay.QuickPayConfirmRequest{OrderID: apply.OrderID, MerDate: apply.MerDate, TradeNo: apply.TradeNo, VerifyCode: "000000", MediaID: "13800000000", MediaType: "MOBILE"}
	res, err := client.QuickPay.Confirm(t.Context(), req)
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(res, err))
	require.Equal(t, "00200083", res.RetCode)

	gateway.Misbehave(spay.OpQuickPayConfirm, cnpaytest.Late(time.Hour))
	req.VerifyCode = spaytest.SMSCode
	res, err = client.QuickPay.Confirm(t.Context(), req)
	s, err := once(t, client, cnpay.TicketOf(res, err))
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
	require.Equal(t, spay.WaitBuyerPay, s.Code)
	require.False(t, s.SendAgain)

	res, err = client.QuickPay.Confirm(t.Context(), req)
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err))
	s, err = once(t, client, apply.Ticket)
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(s, err))
}
