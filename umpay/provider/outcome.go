package provider

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/transport"
)

// OrderSchedule is when to query an order that somebody pays later: three times within the first minute, then every minute
// for half an hour. Like the other schedules it is this package's own: no document has any.
func OrderSchedule() cnpay.Schedule {
	return append(cnpay.Schedule{10 * time.Second, 20 * time.Second, 30 * time.Second}, cnpay.Every(time.Minute, 30)...)
}

// CodeSchedule is when to query a payment by the payer's code, while payer and cashier wait: after three seconds,
// then every five for a minute.
func CodeSchedule() cnpay.Schedule {
	return append(cnpay.Schedule{3 * time.Second}, cnpay.Every(5*time.Second, 12)...)
}

// CancelSchedule is when to query after a void or a closing: at once, then ever more rarely for two minutes.
func CancelSchedule() cnpay.Schedule {
	return cnpay.Schedule{0, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute}
}

// RefundSchedule is when to query a refund, which banks and wallets carry out in their own time: three times within half an
// hour, then every hour for a day.
func RefundSchedule() cnpay.Schedule {
	return append(cnpay.Schedule{time.Minute, 4 * time.Minute, 25 * time.Minute}, cnpay.Every(time.Hour, 24)...)
}

// judge decides what an answer means.
func (x *exchange) judge(r *Response, httpStatus int) (cnpay.Verdict, error) {
	v := cnpay.Verdict{Code: r.RespCode, Message: r.RespMsg}
	if httpStatus != http.StatusOK {
		return v, fmt.Errorf("%w: %w", cnpay.ErrUndecided, transport.StatusError(httpStatus))
	}
	var cause error
	switch {
	case x.file:
		v.Outcome = cnpay.Succeeded
	case x.op.Judge != nil:
		field := func(name string) string { return x.client.call.Fields.Text(x.answer, name) }
		v.Outcome, cause = x.op.Judge(r.RespCode, field)
	case !done(r.RespCode):
		v.Outcome = judgeRefusal(r.RespCode)
	case x.op.Query || x.op.NoMoney:
		v.Outcome = cnpay.Succeeded
	default:
		v.Outcome = cnpay.Pending
	}
	return v, cause
}

// done reports whether a return code (返回码) is the good one: 处理成功, which some pages write with four digits.
func done(respCode string) bool { return respCode == "00" || respCode == "0000" }

// judgeRefusal reads the other codes (public/retCodeExplain.md). Those of a system error, an unclear state, a number that
// is taken, or an order that is paid say nothing of how this request ended.
func judgeRefusal(respCode string) cnpay.Outcome {
	switch respCode {
	case "03", // the order is refunded
		"08", "09", "10", "11", "13", "14", "15", "17", "20", "21", "23", "31", "32", "33", "35", "36", "38", "39", "43",
		"001100WN": // not documented, but published: the payer's code was used before
		return cnpay.Failed
	}
	return cnpay.Unknown // 01, 02, 04, 05, 06, 12, 16, 37, 62, 99, 01000000, or undocumented
}

func judgeOrdered(respCode string, _ func(string) string) (cnpay.Outcome, error) {
	if done(respCode) {
		return cnpay.Pending, nil
	}
	return judgeRefusal(respCode), nil
}

func judgeQR(respCode string, field func(string) string) (cnpay.Outcome, error) {
	if done(respCode) && field("qrCode") == "" {
		return cnpay.Unknown, call.Contradiction("respCode %s contradicts an empty qrCode", respCode)
	}
	return judgeOrdered(respCode, field)
}

func judgeMicropay(respCode string, _ func(string) string) (cnpay.Outcome, error) {
	switch {
	case done(respCode):
		return cnpay.Succeeded, nil
	case respCode == "02", respCode == "62": // the payer is paying, or typing the password
		return cnpay.Pending, nil
	}
	return judgeRefusal(respCode), nil
}

func judgeCancel(respCode string, _ func(string) string) (cnpay.Outcome, error) {
	switch {
	case done(respCode):
		return cnpay.Succeeded, nil
	case respCode == "14": // voided before: a query confirms it
		return cnpay.Pending, nil
	}
	return judgeRefusal(respCode), nil
}

// judgeRefund does not take a refunded order for a refusal: an earlier sending of the same refund may have done it.
func judgeRefund(respCode string, field func(string) string) (cnpay.Outcome, error) {
	if respCode == "03" {
		return cnpay.Unknown, nil
	}
	return judgeOrdered(respCode, field)
}

func judgeClose(respCode string, _ func(string) string) (cnpay.Outcome, error) {
	if done(respCode) {
		return cnpay.Succeeded, nil
	}
	return judgeRefusal(respCode), nil
}

// The states of an order (原交易返回码, origRespCode of a query).
const (
	StatePaid      = "00" // 支付成功
	StateRefunded  = "01" // paid, and refunded afterwards, whole or in part (转入退款)
	StateUndecided = "02" // not clear so far
	StateClosed    = "03" // closed without being paid (订单关闭)
	StateVoided    = "04" // the payment was voided (订单撤销)
	StateFailed    = "06" // the payment failed
)

// judgePayment reads the state of an order (原交易返回码) as the end of its payment.
func judgePayment(state string) cnpay.Outcome {
	switch state {
	case StatePaid, StateRefunded:
		return cnpay.Succeeded
	case StateClosed, StateVoided, StateFailed:
		return cnpay.Failed
	case StateUndecided:
		return cnpay.Pending
	}
	return cnpay.Unknown
}

// judgeVoid reads it as the end of its void. A paid order proves nothing: the void may still be on its way. A refunded one
// does not either: the channel may call a void a refund.
func judgeVoid(state string) cnpay.Outcome {
	switch state {
	case StateVoided:
		return cnpay.Succeeded
	case StateClosed, StateFailed: // there was no payment to void
		return cnpay.Failed
	}
	return cnpay.Unknown
}

// judgeClosing reads it as the end of its closing. An order whose payment failed can be closed, so it proves nothing.
func judgeClosing(state string) cnpay.Outcome {
	switch state {
	case StateClosed:
		return cnpay.Succeeded
	case StatePaid, StateRefunded, StateVoided: // it was paid first, and can be closed no more
		return cnpay.Failed
	}
	return cnpay.Unknown
}

// queryReach is for how long after an operation a query's "no such order" can prove anything. No document says how long UMPay
// has one.
const queryReach = 30 * 24 * time.Hour

// settleOrder queries an order that somebody pays, at once or later.
func settleOrder(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := c.byQuery(t, judgePayment, "", opts)
	rule.Schedule, rule.Absent, rule.Reach = OrderSchedule(), true, queryReach
	rule.PaidLater, rule.GiveUp = true, OpOrderClose
	return rule
}

func settleMicropay(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := settleOrder(c, t, opts...)
	rule.Schedule = CodeSchedule()
	if t.Fields["orderType"] != UnionPay { // whose payments cannot be voided
		rule.GiveUp = OpOrderCancel
	}
	return rule
}

func settleCancel(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := c.byQuery(t, judgeVoid, StatePaid, opts)
	rule.Schedule, rule.Harmless = CancelSchedule(), true
	return rule
}

func settleClose(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := c.byQuery(t, judgeClosing, StateUndecided, opts)
	rule.Schedule, rule.Harmless = CancelSchedule(), true
	return rule
}

// byQuery is the rule of what a query of the order decides. The unchanged state is that of the order as it was.
func (c *Client) byQuery(t cnpay.Ticket, judge func(state string) cnpay.Outcome, unchanged string, opts []cnpay.Option) cnpay.SettleRule {
	query := &OrderQueryRequest{
		Merchant: Merchant{t.Fields["acqMerId"]}, OrderNo: t.Fields["orderNo"], TransactionID: t.Fields["transactionId"],
		Expected: Expected{TxnAmt: amount(t.Fields["txnAmt"]), MerPriv: t.Fields["merPriv"]},
	}
	return cnpay.SettleRule{
		Faults: c.faults(query),
		Query: func(ctx context.Context) (cnpay.Finding, error) {
			res, err := c.Orders.Query(ctx, query, opts...)
			switch {
			case res != nil && res.RespCode == noSuchTrade:
				return missing(&res.Response, res), nil
			case err != nil:
				return cnpay.Finding{}, err
			}
			f := cnpay.Finding{
				Verdict: cnpay.Verdict{Outcome: judge(res.OrigRespCode), Code: res.OrigRespCode, Message: res.OrigRespDescMsg},
				Answer:  res,
			}
			f.Unchanged = unchanged != "" && res.OrigRespCode == unchanged
			return f, nil
		},
	}
}

// settleRefund queries a refund by its own number.
func settleRefund(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := &OrderQueryRefundRequest{
		Merchant: Merchant{t.Fields["acqMerId"]}, OrderNo: t.Fields["orderNo"], TxnAmt: amount(t.Fields["txnAmt"]),
	}
	return cnpay.SettleRule{
		Schedule: RefundSchedule(), Faults: c.faults(query), Absent: true, Reach: queryReach, Harmless: true,
		Query: func(ctx context.Context) (cnpay.Finding, error) {
			res, err := c.Orders.QueryRefund(ctx, query, opts...)
			switch {
			case res != nil && res.RespCode == noSuchTrade:
				return missing(&res.Response, res), nil
			case err != nil:
				return cnpay.Finding{}, err
			}
			return cnpay.Finding{
				Verdict: cnpay.Verdict{Outcome: judgeRefunded(res.OrigRespCode), Code: res.OrigRespCode}, Answer: res,
			}, nil
		},
	}
}

// judgeRefunded reads the state of a refund.
func judgeRefunded(state string) cnpay.Outcome {
	switch state {
	case "00":
		return cnpay.Succeeded
	case "01":
		return cnpay.Failed
	case "02":
		return cnpay.Pending
	}
	return cnpay.Unknown
}

// noSuchTrade is the code (交易不存在) of a query that found nothing.
const noSuchTrade = "17"

// missing is what a query says that was answered so.
func missing(r *Response, answer cnpay.Result) cnpay.Finding {
	return cnpay.Finding{Verdict: cnpay.Verdict{Code: r.RespCode, Message: r.RespMsg}, Answer: answer, Absent: true}
}

// amount is one out of a ticket, 0 where it has none.
func amount(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}
