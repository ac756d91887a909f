package spay

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
)

// AtOnceSchedule is when to query after a request that is carried out at once: at once, then ever more rarely for a
// minute.
func AtOnceSchedule() cnpay.Schedule {
	return cnpay.Schedule{0, 2 * time.Second, 3 * time.Second, 5 * time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second}
}

// TillSchedule is when to query while the payer stands at the till: for a minute, then the order is given up.
func TillSchedule() cnpay.Schedule {
	return append(cnpay.Schedule{3 * time.Second}, cnpay.Every(5*time.Second, 12)...)
}

// RefundSchedule is when to query after a refund, which may take days: three times within half an hour, then every hour for
// three days.
func RefundSchedule() cnpay.Schedule {
	return append(cnpay.Schedule{time.Minute, 4 * time.Minute, 25 * time.Minute}, cnpay.Every(time.Hour, 3*24)...)
}

// OrderSchedule is when to query an order that can be paid for so long: three times within half a minute, then every minute
// until twice that time is over, for two days at most.
func OrderSchedule(payable time.Duration) cnpay.Schedule {
	const most = 2 * 24 * 60
	first := cnpay.Schedule{10 * time.Second, 10 * time.Second, 10 * time.Second}
	return append(first, cnpay.Every(time.Minute, int(min(max(2*payable/time.Minute, 1), most)))...)
}

// asked is what a query of an order found.
type asked struct {
	finding cnpay.Finding
	state   *OrderState
}

// askOrder queries the order of a ticket: on its own day by the query that sees no other, later by that of the history.
func (c *Client) askOrder(ctx context.Context, t cnpay.Ticket, opts []cnpay.Option) (asked, error) {
	settings := c.call.Settings.With(opts...)
	var answer cnpay.Result
	var r *Response
	var state *OrderState
	var err error
	if orderID, merDate := t.Fields["order_id"], t.Fields["mer_date"]; merDate == MerDate(settings.Now()) {
		var res *OrderQueryResponse
		if res, err = c.Orders.Query(ctx, &OrderQueryRequest{OrderID: orderID, MerDate: merDate}, opts...); res != nil {
			answer, r, state = res, &res.Response, &res.OrderState
		}
	} else {
		var res *OrderQueryHistoryResponse
		if res, err = c.Orders.QueryHistory(ctx, &OrderQueryHistoryRequest{OrderID: orderID, MerDate: merDate}, opts...); res != nil {
			answer, r, state = res, &res.Response, &res.OrderState
		}
	}
	found, err := findingOf(answer, r, err)
	if err != nil || found.Absent {
		return asked{found, state}, err
	}
	found.Code = state.TradeState
	amount := strconv.FormatInt(state.Amount, 10)
	switch ours := t.Fields["amount"]; {
	case ours != "" && ours != amount:
		found.Cause = call.Contradiction("the order's amount is %s, not %s", amount, ours)
	case state.RefundAmt > state.Amount:
		found.Cause = call.Contradiction("refund_amt %d exceeds amount %s", state.RefundAmt, amount)
	case state.RefundAmt != 0 && state.TradeState != TradeSuccess && state.TradeState != TradeCancel, state.RefundAmt < 0: // never paid
		found.Cause = call.Contradiction("refund_amt %d contradicts trade_state %s", state.RefundAmt, state.TradeState)
	}
	return asked{found, state}, nil
}

// findingOf is what a query says as far as its code goes. That there is no such order is a refusal of the query, and
// yet an answer.
func findingOf(answer cnpay.Result, r *Response, err error) (cnpay.Finding, error) {
	f := cnpay.Finding{Answer: answer}
	switch {
	case err == nil:
		return f, nil
	case r != nil && errors.Is(err, cnpay.ErrRefused) && absent(r.RetCode):
		f.Absent, f.Code, f.Message = true, r.RetCode, r.RetMsg
		return f, nil
	}
	return cnpay.Finding{}, err
}

// orderRule is the rule of what an order's own state decides. read says what the state means.
func (c *Client) orderRule(t cnpay.Ticket, opts []cnpay.Option, read func(state string) (outcome cnpay.Outcome, unchanged bool, cause error)) cnpay.SettleRule {
	return cnpay.SettleRule{
		Schedule: AtOnceSchedule(),
		Faults:   c.faults(&OrderQueryRequest{OrderID: t.Fields["order_id"], MerDate: t.Fields["mer_date"]}),
		Query: func(ctx context.Context) (cnpay.Finding, error) {
			a, err := c.askOrder(ctx, t, opts)
			if err == nil && !a.finding.Absent && a.finding.Cause == nil {
				a.finding.Outcome, a.finding.Unchanged, a.finding.Cause = read(a.state.TradeState)
			}
			return a.finding, err
		},
	}
}

// beforeMidnight is for how long before the end of a day its query counts no more: it may arrive on the next one, by
// UMPay's clock.
const beforeMidnight = 10 * time.Minute

// absentOnItsDay lets the absence of the order count, as long as the query sees it: on the order's own day, which is the
// day on which it was sent.
func absentOnItsDay(rule cnpay.SettleRule, t cnpay.Ticket) cnpay.SettleRule {
	day, err := time.ParseInLocation("20060102", t.Fields["mer_date"], cnpay.Beijing())
	if reach := day.AddDate(0, 0, 1).Add(-beforeMidnight).Sub(t.Began); err == nil && reach > 0 && MerDate(t.Began) == t.Fields["mer_date"] {
		rule.Absent, rule.Reach = true, reach
	}
	return rule
}

func readPayment(state string) (cnpay.Outcome, bool, error) {
	return judgeTradeState(state), false, nil
}

// settleOrder is of an order that somebody pays later.
func settleOrder(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := absentOnItsDay(c.orderRule(t, opts, readPayment), t)
	payable := 24 * time.Hour
	if !t.Began.IsZero() && t.Until.After(t.Began) {
		payable = t.Until.Sub(t.Began)
	}
	rule.Schedule, rule.PaidLater, rule.Harmless = OrderSchedule(payable), true, true
	return rule
}

// settlePage is of an order that the payer's browser sends: nothing here can be sent again.
func settlePage(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := settleOrder(c, t, opts...)
	rule.Harmless = false
	return rule
}

// settlePayByCode is of a payment at the till.
func settlePayByCode(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := absentOnItsDay(c.orderRule(t, opts, readPayment), t)
	rule.Schedule, rule.GiveUp = TillSchedule(), OpOrderCancel
	return rule
}

// settleConfirm is of the payment of an order that was there before: unpaid, it proves nothing, and absent neither.
func settleConfirm(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	return c.orderRule(t, opts, func(state string) (cnpay.Outcome, bool, error) {
		if state == WaitBuyerPay {
			return cnpay.Unknown, true, nil
		}
		return readPayment(state)
	})
}

// settleCancel is of a cancellation (撤销). Only TRADE_CANCEL is an end of it.
func settleCancel(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := c.orderRule(t, opts, func(state string) (cnpay.Outcome, bool, error) {
		switch state {
		case TradeCancel:
			return cnpay.Succeeded, false, nil
		case TradeSuccess, WaitBuyerPay:
			return cnpay.Unknown, true, nil
		}
		return cnpay.Unknown, false, call.Contradiction("an order that is %s has nothing to cancel", state)
	})
	rule.Harmless = true
	return rule
}

// refundReach is for how long after a refund a query's "no such refund" can prove anything. No document says how long UMPay
// has one.
const refundReach = 30 * 24 * time.Hour

func settleRefund(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := &OrderQueryRefundRequest{RefundNo: t.Fields["refund_no"]}
	return cnpay.SettleRule{
		Schedule: RefundSchedule(), Faults: c.faults(query), Absent: true, Reach: refundReach, Harmless: true,
		Query: func(ctx context.Context) (cnpay.Finding, error) {
			var answer cnpay.Result
			var r *Response
			res, err := c.Orders.QueryRefund(ctx, query, opts...)
			if res != nil {
				answer, r = res, &res.Response
			}
			f, err := findingOf(answer, r, err)
			if err != nil || f.Absent {
				return f, err
			}
			f.Code = res.RefundState
			if f.Cause = refundContradiction(t, res); f.Cause == nil {
				f.Outcome = judgeRefundState(res.RefundState)
			}
			return f, nil
		},
	}
}

// refundContradiction says how a refund that was found is not the one that was asked for.
func refundContradiction(t cnpay.Ticket, r *OrderQueryRefundResponse) error {
	if r.OrderID != "" && r.OrderID != t.Fields["order_id"] || r.MerDate != "" && r.MerDate != t.Fields["mer_date"] {
		return call.Contradiction("the refund is of another order")
	}
	return amountContradiction(t.Fields["refund_amount"], t.Fields["org_amount"], r.RefundAmt)
}

// amountContradiction says how refund_amt is not that of a refund of refund_amount, all of org_amount where that is empty.
// It is this refund's amount or that of all refunds so far: the documents have it either way.
func amountContradiction(refundAmount, orgAmount string, answered int64) error {
	whole, _ := strconv.ParseInt(orgAmount, 10, 64)
	part, err := strconv.ParseInt(refundAmount, 10, 64)
	if err != nil {
		part = whole
	}
	if answered != 0 && (answered < part || whole > 0 && answered > whole) {
		return call.Contradiction("refund_amt %d is not that of a refund of %d", answered, part)
	}
	return nil
}

// preauthRule is the rule of what the state of a hold decides.
func (c *Client) preauthRule(t cnpay.Ticket, opts []cnpay.Option, read func(state string) (outcome cnpay.Outcome, unchanged bool, cause error)) cnpay.SettleRule {
	query := &PreauthQueryRequest{Hold: Hold{OrderID: t.Fields["order_id"], MerDate: t.Fields["mer_date"]}}
	return cnpay.SettleRule{
		Schedule: AtOnceSchedule(), Faults: c.faults(query),
		Query: func(ctx context.Context) (cnpay.Finding, error) {
			var answer cnpay.Result
			var r *Response
			res, err := c.Preauth.Query(ctx, query, opts...)
			if res != nil {
				answer, r = res, &res.Response
			}
			f, err := findingOf(answer, r, err)
			if err == nil && !f.Absent {
				f.Code = res.TradeState
				f.Outcome, f.Unchanged, f.Cause = read(res.TradeState)
			}
			return f, err
		},
	}
}

func settlePreauthCreate(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	return absentOnItsDay(c.preauthRule(t, opts, readPayment), t)
}

// settlePreauthComplete is of a completion. The documents have no state of it that is not also the hold's, so a hold that
// stands proves nothing; one that was cancelled or failed excludes the completion.
func settlePreauthComplete(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	return c.preauthRule(t, opts, func(state string) (cnpay.Outcome, bool, error) {
		switch outcome := judgeTradeState(state); outcome {
		case cnpay.Failed:
			return outcome, false, nil
		case cnpay.Succeeded, cnpay.Pending:
			return cnpay.Unknown, true, nil
		}
		return cnpay.Unknown, false, nil
	})
}

func settlePreauthCancel(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	return c.preauthRule(t, opts, func(state string) (cnpay.Outcome, bool, error) {
		switch state {
		case TradeCancel:
			return cnpay.Succeeded, false, nil
		case TradeSuccess, WaitBuyerPay:
			return cnpay.Unknown, true, nil
		}
		return cnpay.Unknown, false, call.Contradiction("a hold that is %s has nothing to cancel", state)
	})
}

// settlePreauthRefund is of a refund of a completed hold, which its order's state does not show.
func settlePreauthRefund(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	return c.preauthRule(t, opts, func(state string) (cnpay.Outcome, bool, error) {
		return cnpay.Unknown, true, call.Contradiction("%s is the order's state and says nothing of a refund; the settlement file has it", state)
	})
}
