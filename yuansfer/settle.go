package yuansfer

import (
	"cmp"
	"context"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
)

// senderOf is the sender that a ticket names.
func senderOf(t cnpay.Ticket) Sender {
	return Sender{MerGroupNo: t.Fields["merGroupNo"], MerchantNo: t.Fields["merchantNo"], StoreNo: t.Fields["storeNo"]}
}

// orderOf is the query of the order that a ticket names: by the merchant's number, if it is known.
func orderOf(t cnpay.Ticket) *TransactionQueryRequest {
	q := &TransactionQueryRequest{Sender: senderOf(t), OrderKey: OrderKey{Reference: t.Fields["reference"]}}
	if q.Reference == "" {
		q.TransactionNo = t.Fields["transactionNo"]
	}
	return q
}

// find queries an order once. That Yuansfer has no such order is a finding, too.
func (c *Client) find(ctx context.Context, q *TransactionQueryRequest, opts []cnpay.Option) (*TransactionState, cnpay.Finding, error) {
	res, err := c.Transactions.Query(ctx, q, opts...)
	if err != nil && (res == nil || res.RetCode != CodeNotFound) {
		return nil, cnpay.Finding{}, err
	}
	f := cnpay.Finding{Answer: res, Absent: err != nil}
	f.Code, f.Message = cmp.Or(res.Result.Status, res.RetCode), res.RetMsg
	if f.Absent {
		f.Code = res.RetCode
	}
	return &res.Result, f, nil
}

// agrees says how an order is not the ticket's.
func (o *Order) agrees(t cnpay.Ticket) error {
	if asked := t.Fields["amount"]; asked != "" && o.Amount != "" && !sameAmount(asked, o.Amount) {
		return call.Contradiction("the order's amount is %s, not %s", o.Amount, asked)
	}
	for name, value := range map[string]string{"currency": o.Currency, "settleCurrency": o.SettleCurrency} {
		if asked := t.Fields[name]; asked != "" && value != "" && asked != value {
			return call.Contradiction("the order's %s is %s, not %s", name, value, asked)
		}
	}
	return nil
}

// judgeOrder reads an order as the end of its payment.
func (s *TransactionState) judgeOrder(t cnpay.Ticket) (cnpay.Outcome, error) {
	switch err := s.agrees(t); {
	case err != nil:
		return cnpay.Unknown, err
	case s.Status == "":
		return cnpay.Unknown, nil // a query's answer always has one
	case s.TransactionType != "" && s.TransactionType != "payment":
		return cnpay.Unknown, call.Contradiction("the transaction is a %s, not a payment", s.TransactionType)
	case s.Status != StatusSuccess && len(s.RefundInfo) > 0: // paid once, and given back
		return cnpay.Unknown, call.Contradiction("status %s contradicts refunds", s.Status)
	}
	return judgePayment(s.Status), nil
}

// queryReach is for how long after an operation a query's "no such order" can prove anything. No document says how long Yuansfer
// has one.
const queryReach = 30 * 24 * time.Hour

// settleOrder settles what makes an order of its own, which the query shows from then on.
func settleOrder(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	q := orderOf(t)
	return cnpay.SettleRule{
		Schedule: BackSchedule(),
		Faults:   c.faults(t, q),
		Absent:   q.Reference != "", // by the merchant's number: nobody has another order under it
		Reach:    queryReach,
		Query: func(ctx context.Context) (cnpay.Finding, error) {
			state, f, err := c.find(ctx, q, opts)
			if err == nil && !f.Absent {
				f.Outcome, f.Cause = state.judgeOrder(t)
			}
			return f, err
		},
	}
}

// settlePaidLater settles an order that somebody pays within its life.
func settlePaidLater(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := settleOrder(c, t, opts...)
	lives := life("")
	if !t.Began.IsZero() && !t.Until.IsZero() {
		lives = t.Until.Sub(t.Began)
	}
	rule.Schedule, rule.PaidLater = PayerSchedule(lives), true
	return rule
}

// settleCharge settles a payment of an order that was there before: an order that nobody has sent to the wallet is as it was.
func settleCharge(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := settleOrder(c, t, opts...)
	query := rule.Query
	rule.Absent = false
	rule.Query = func(ctx context.Context) (cnpay.Finding, error) {
		f, err := query(ctx)
		if f.Code == StatusInit && f.Outcome == cnpay.Pending {
			f.Outcome, f.Unchanged = cnpay.Unknown, true
		}
		return f, err
	}
	return rule
}

func settleAtTill(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := settleCharge(c, t, opts...)
	rule.Schedule = TillSchedule()
	return rule
}

// settleAdd settles the making of an order that is not paid by itself: an order of any state was made.
func settleAdd(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := settleOrder(c, t, opts...)
	query := rule.Query
	rule.Query = func(ctx context.Context) (cnpay.Finding, error) {
		f, err := query(ctx)
		if err == nil && !f.Absent && f.Cause == nil && f.Outcome != cnpay.Unknown {
			f.Outcome = cnpay.Succeeded
		}
		return f, err
	}
	return rule
}

// settleRepeat settles by sending the request again, as a new sending of the same ticket. A refused repeat says nothing about
// the sending before it, so it is Unknown.
func settleRepeat[Res any, R interface {
	*Res
	response
}](c *Client, t cnpay.Ticket, request Request, opts []cnpay.Option) cnpay.SettleRule {
	sending := t.Sending
	return cnpay.SettleRule{
		Schedule: RevokeSchedule(),
		Faults:   c.faults(t, request),
		Query: func(ctx context.Context) (cnpay.Finding, error) {
			sending++
			repeat := append(opts[:len(opts):len(opts)], cnpay.WithSending(sending))
			res, err := do[Res, R](ctx, c, request, repeat)
			if res == nil {
				return cnpay.Finding{}, err
			}
			answer := R(res).base()
			v := cnpay.Verdict{Outcome: answer.Outcome, Code: answer.RetCode, Message: answer.RetMsg}
			return cnpay.Finding{Verdict: v, Answer: R(res)}, nil
		},
	}
}
