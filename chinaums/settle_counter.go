package chinaums

import (
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
)

// counterOf is the query of the payment that a ticket is about, on the day of its call.
func counterOf(t cnpay.Ticket) *CounterQueryRequest {
	q := &CounterQueryRequest{OriTransDate: dayOf(t)}
	q.CounterOrder = counterOrder(t)
	return q
}

func counterOrder(t cnpay.Ticket) CounterOrder {
	return CounterOrder{
		CounterHead:     CounterHead{MerchantCode: t.Fields["merchantCode"], TerminalCode: t.Fields["terminalCode"]},
		MerchantOrderID: t.Fields["merchantOrderId"], OriginalOrderID: t.Fields["originalOrderId"],
	}
}

// dayOf is the trading day of a ticket's call, "" if nobody knows it.
func dayOf(t cnpay.Ticket) string {
	if t.Began.IsZero() {
		return ""
	}
	return t.Began.In(cnpay.Beijing()).Format("20060102")
}

// beforeMidnight is by how much ChinaUMS's clock may be ahead of ours, with the time that a query is on its way.
const beforeMidnight = 10 * time.Minute

// untilMidnight is how long the day of a ticket's call certainly lasts: the documents say only of version 6 that a query can
// see further, and not for certain.
func untilMidnight(t cnpay.Ticket) time.Duration {
	began := t.Began.In(cnpay.Beijing())
	year, month, day := began.Date()
	return max(time.Date(year, month, day+1, 0, 0, 0, 0, began.Location()).Sub(began)-beforeMidnight, 1) // 0 is without end
}

// settlePayByCode finds whether a payment at the counter stands.
func settlePayByCode(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := counterOf(t)
	return cnpay.SettleRule{
		Schedule: CounterSchedule(), Faults: c.faults(query), Absent: true, Reach: untilMidnight(t), GiveUp: OpCounterVoid,
		Query: ask(c, query, opts, func(r *CounterQueryResponse) cnpay.Finding {
			code, err := r.state(), r.contradiction()
			if err == nil {
				err = otherAmount("originalTransactionAmount", r.OriginalTransactionAmount, t.Fields["transactionAmount"])
			}
			switch {
			case err != nil:
			case code == CounterStatePaid, code == CounterStateRefunded:
				return found(code, cnpay.Succeeded, nil)
			case code == CounterStateVoided, code == CounterStateReversed, code == CounterStateFailed:
				return found(code, cnpay.Failed, nil)
			}
			return found(code, cnpay.Unknown, err) // timeout, unclear, or undocumented
		}),
	}
}

// settleCounterVoid queries the payment that was to be voided. A payment that stands proves nothing. What a repeat does
// no document says.
func settleCounterVoid(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := counterOf(t)
	return cnpay.SettleRule{
		Schedule: BackSchedule(), Faults: c.faults(query),
		Query: ask(c, query, opts, func(r *CounterQueryResponse) cnpay.Finding {
			code, err := r.state(), r.contradiction()
			switch {
			case err != nil:
			case code == CounterStateVoided:
				return found(code, cnpay.Succeeded, nil)
			case code == CounterStatePaid:
				return unchanged(code)
			}
			return found(code, cnpay.Unknown, err)
		}),
	}
}

// settleCounterRefund queries the refund. Any code but 00 may be that of a refund which has not arrived. The documents say
// that its number is used once, and not what a repeat under it does.
func settleCounterRefund(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := &CounterQueryRefundRequest{RefundRequestID: t.Fields["refundRequestId"], OriTransDate: t.Fields["oriTransDate"]}
	query.CounterOrder = counterOrder(t)
	return cnpay.SettleRule{
		Schedule: BackSchedule(), Faults: c.faults(query),
		Query: ask(c, query, opts, func(r *CounterQueryRefundResponse) cnpay.Finding {
			if r.QueryResCode != CounterRefundMade {
				f := unchanged(r.QueryResCode)
				f.Message = r.QueryResInfo
				return f
			}
			err := otherAmount("originalAmount", r.OriginalAmount, t.Fields["transactionAmount"])
			if r.OriginalAmount == 0 {
				err = call.Contradiction("originalAmount is missing")
			}
			if err != nil {
				return found(r.QueryResCode, cnpay.Unknown, err)
			}
			return found(r.QueryResCode, cnpay.Succeeded, nil)
		}),
	}
}
