package chinaums

import (
	"context"
	"slices"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
)

// ask is a settle rule's query: it sends the request and judges the answer. An order that ChinaUMS does not know is
// absent, whatever that proves.
func ask[Res any, R interface {
	*Res
	response
	cnpay.Result
}](c *Client, query Request, opts []cnpay.Option, judge func(R) cnpay.Finding) func(context.Context) (cnpay.Finding, error) {
	return func(ctx context.Context) (cnpay.Finding, error) {
		res, err := do[Res, R](ctx, c, query, opts)
		switch {
		case err == nil:
			f := judge(res)
			f.Answer = R(res)
			return f, nil
		case res != nil && noSuchOrder(query.operation(), R(res).base().ErrCode):
			f := cnpay.Finding{Answer: R(res), Absent: true}
			f.Code, f.Message = R(res).base().ErrCode, R(res).base().errorText()
			return f, nil
		}
		return cnpay.Finding{}, err
	}
}

func noSuchOrder(op Operation, code string) bool {
	if op.Counter {
		return code == "22" || code == "25"
	}
	return code == "NO_ORDER"
}

// required adds the fault of a field that the ticket does not have and the query does not insist upon.
func required(faults []cnpay.Fault, t cnpay.Ticket, name string) []cnpay.Fault {
	if t.Fields[name] == "" && !slices.ContainsFunc(faults, func(f cnpay.Fault) bool { return f.Field == name }) {
		faults = append(faults, cnpay.Fault{Field: name, Problem: "is required"})
	}
	return faults
}

// found is a finding that a state decides.
func found(code string, outcome cnpay.Outcome, cause error) cnpay.Finding {
	return cnpay.Finding{Verdict: cnpay.Verdict{Outcome: outcome, Code: code}, Cause: cause}
}

// unchanged is the finding of an order that is as it was.
func unchanged(code string) cnpay.Finding {
	return cnpay.Finding{Verdict: cnpay.Verdict{Code: code}, Unchanged: true}
}

// life is how long the ticket's order can be paid, 0 where it does not say.
func life(t cnpay.Ticket) time.Duration {
	if t.Fields["expireTime"] == "" || t.Began.IsZero() || t.Until.IsZero() {
		return 0
	}
	return t.Until.Sub(t.Began)
}

// ---- bills

// billOf is the query of the bill that a ticket is about.
func billOf(t cnpay.Ticket) *BillQueryRequest {
	q := &BillQueryRequest{BillNo: t.Fields["billNo"], BillDate: t.Fields["billDate"]}
	q.MID, q.TID, q.InstMID = t.Fields["mid"], t.Fields["tid"], BillsInstMID
	return q
}

// settleBill finds whether a bill was paid.
func settleBill(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := billOf(t)
	return cnpay.SettleRule{
		Schedule: PayerSchedule(life(t)), Faults: c.faults(query), Absent: true, Harmless: true, PaidLater: true, GiveUp: OpBillClose,
		Query: ask(c, query, opts, func(r *BillQueryResponse) cnpay.Finding {
			if err := otherAmount("totalAmount", r.TotalAmount, t.Fields["totalAmount"]); err != nil {
				return found(r.BillStatus, cnpay.Unknown, err)
			}
			outcome, err := judgeBill(r)
			return found(r.BillStatus, outcome, err)
		}),
	}
}

// judgeBill reads the state of a bill that somebody pays.
func judgeBill(r *BillQueryResponse) (cnpay.Outcome, error) {
	if err := r.BillPayment.contradiction(); err != nil {
		return cnpay.Unknown, err
	}
	payment := r.BillPayment.Status
	paid := payment == "TRADE_SUCCESS" || payment == "TRADE_REFUND"
	switch r.BillStatus {
	case "PAID", "REFUND":
		if payment != "" && !paid {
			return cnpay.Unknown, call.Contradiction("billStatus %s contradicts billPayment.status %s", r.BillStatus, payment)
		}
		return cnpay.Succeeded, nil
	case "UNPAID":
		if paid {
			return cnpay.Unknown, call.Contradiction("billStatus UNPAID contradicts billPayment.status %s", payment)
		}
		return cnpay.Pending, nil
	case "CLOSED":
		if paid || r.BillPayment.PayTime != "" {
			return cnpay.Unknown, call.Contradiction("billStatus CLOSED, and there is a payment")
		}
		return cnpay.Failed, nil
	}
	return cnpay.Unknown, nil // UNKNOWN, or undocumented
}

// settleUpdate finds whether a code has the bill that it was to have.
func settleUpdate(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := billOf(t)
	return cnpay.SettleRule{
		Schedule: BackSchedule(), Faults: required(c.faults(query), t, "totalAmount"), Harmless: true,
		Query: ask(c, query, opts, func(r *BillQueryResponse) cnpay.Finding {
			if r.TotalAmount == 0 || otherAmount("totalAmount", r.TotalAmount, t.Fields["totalAmount"]) != nil {
				return unchanged(r.BillStatus)
			}
			return found(r.BillStatus, cnpay.Succeeded, nil)
		}),
	}
}

// settleBillClose finds whether a code was closed. One that also gives money back is closed only when it has.
func settleBillClose(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := billOf(t)
	refunds := t.Fields["attachRefund"] != ""
	return cnpay.SettleRule{
		Schedule: BackSchedule(), Faults: c.faults(query), Harmless: !refunds,
		Query: ask(c, query, opts, func(r *BillQueryResponse) cnpay.Finding {
			switch {
			case r.BillStatus == "CLOSED", r.BillStatus == "REFUND" && refunds && r.BillPayment.Status == "TRADE_CLOSED":
				return found(r.BillStatus, cnpay.Succeeded, nil)
			case (r.BillStatus == "PAID" || r.BillStatus == "REFUND") && !refunds:
				return found(r.BillStatus, cnpay.Failed, nil)
			case r.BillStatus == "PAID", r.BillStatus == "UNPAID":
				return unchanged(r.BillStatus)
			}
			return found(r.BillStatus, cnpay.Unknown, nil)
		}),
	}
}

// settleBillRefund queries one refund of a bill. The answer has it only once it was carried out; that it has none proves
// nothing.
func settleBillRefund(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := billOf(t)
	query.RefundOrderID = t.Fields["refundOrderId"]
	return cnpay.SettleRule{
		Schedule: BackSchedule(), Faults: required(c.faults(query), t, "refundOrderId"), Harmless: true,
		Query: ask(c, query, opts, func(r *BillQueryResponse) cnpay.Finding {
			refund := r.RefundBillPayment
			if refund == nil || refund.MerOrderID == "" && refund.Status == "" {
				return unchanged(r.BillStatus)
			}
			return judgeMovement(r, refund, query.RefundOrderID, t.Fields["refundAmount"])
		}),
	}
}

// judgeMovement reads a refund or a completion in the answer to a query as the end of what made it.
func judgeMovement(r *BillQueryResponse, p *Payment, number, amount string) cnpay.Finding {
	err := p.contradiction()
	switch {
	case p.MerOrderID != number:
		err = call.Contradiction("it is about %s", p.MerOrderID)
	case err != nil:
	case !everPaid(r.BillStatus):
		err = call.Contradiction("contradicts billStatus %s", r.BillStatus)
	default:
		err = otherAmount("totalAmount", p.TotalAmount, amount)
	}
	if err != nil {
		return found(p.Status, cnpay.Unknown, err)
	}
	switch p.Status {
	case "TRADE_SUCCESS", "TRADE_REFUND":
		return found(p.Status, cnpay.Succeeded, nil)
	case "NEW_ORDER", "WAIT_BUYER_PAY":
		return found(p.Status, cnpay.Pending, nil)
	}
	return found(p.Status, cnpay.Unknown, nil)
}

// settleBillComplete queries the completion.
func settleBillComplete(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := billOf(t)
	query.AuthedOrderID = t.Fields["authedOrderId"]
	return cnpay.SettleRule{
		Schedule: BackSchedule(), Faults: required(c.faults(query), t, "authedOrderId"), Harmless: true,
		Query: ask(c, query, opts, func(r *BillQueryResponse) cnpay.Finding {
			completion := r.AuthedBillPayment
			if completion == nil || completion.MerOrderID == "" && completion.Status == "" {
				return unchanged(r.BillStatus)
			}
			f := judgeMovement(r, completion, query.AuthedOrderID, t.Fields["totalAmount"])
			if f.Cause == nil && completion.Status == "TRADE_CLOSED" {
				f.Outcome, f.Cause = judgePaid(completion.Status, completion.PayTime)
			}
			return f
		}),
	}
}

// settleBillCancelPreauth queries the bill: no query shows a cancellation of its own.
func settleBillCancelPreauth(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := billOf(t)
	return cnpay.SettleRule{
		Schedule: BackSchedule(), Faults: c.faults(query), Harmless: true,
		Query: ask(c, query, opts, func(r *BillQueryResponse) cnpay.Finding {
			state := r.BillPayment.Status
			switch {
			case r.BillPayment.contradiction() != nil:
				return found(state, cnpay.Unknown, r.BillPayment.contradiction())
			case state == "TRADE_CLOSED" && everPaid(r.BillStatus), r.BillStatus == "CLOSED" && state == "":
				return found(r.BillStatus+" "+state, cnpay.Succeeded, nil)
			case state == "TRADE_SUCCESS":
				return unchanged(state)
			}
			return found(state, cnpay.Unknown, nil)
		}),
	}
}

// settleBillCancelCompletion queries the completion that was to be cancelled. The documents do not say how it shows.
func settleBillCancelCompletion(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := billOf(t)
	query.InstMID = t.Fields["instMid"]
	query.AuthedOrderID = t.Fields["merOrderId"]
	return cnpay.SettleRule{
		Schedule: BackSchedule(), Faults: required(c.faults(query), t, "merOrderId"), Harmless: true,
		Query: ask(c, query, opts, func(r *BillQueryResponse) cnpay.Finding { return judgeCancelled(r, query.AuthedOrderID) }),
	}
}

// judgeCancelled judges the answer to a query after the cancellation of the completion merOrderID.
//
// A closed completion (TRADE_CLOSED) holds no money. A refunded one (TRADE_REFUND) holds less, or none: a refund in
// part, made here or in the portal, shows so too, and does not exclude a request that is still on its way. TRADE_SUCCESS
// is the state before it and proves nothing.
func judgeCancelled(r *BillQueryResponse, merOrderID string) cnpay.Finding {
	completion := r.AuthedBillPayment
	if completion == nil || completion.MerOrderID != merOrderID {
		return cnpay.Finding{}
	}
	err := completion.contradiction()
	other := r.BillPayment
	switch {
	case err != nil:
	case !everPaid(r.BillStatus):
		err = call.Contradiction("contradicts billStatus %s", r.BillStatus)
	case other.MerOrderID == merOrderID && (other.Status != completion.Status || other.TotalAmount != completion.TotalAmount):
		err = call.Contradiction("contradicts billPayment of the same number")
	case completion.Status == "TRADE_CLOSED":
		return found(completion.Status, cnpay.Succeeded, nil)
	case completion.Status == "TRADE_SUCCESS":
		return unchanged(completion.Status)
	}
	return found(completion.Status, cnpay.Unknown, err)
}

// ---- orders

// orderOf is the query of the order that a ticket is about.
func orderOf(t cnpay.Ticket) *OrderQueryRequest {
	q := &OrderQueryRequest{MerOrderID: t.Fields["merOrderId"], TargetOrderID: t.Fields["targetOrderId"]}
	q.MID, q.TID, q.InstMID = t.Fields["mid"], t.Fields["tid"], t.Fields["instMid"]
	return q
}

// settleOrder finds whether an order was paid.
func settleOrder(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := orderOf(t)
	query.TargetOrderID = ""
	return cnpay.SettleRule{
		Schedule: PayerSchedule(life(t)), Faults: c.faults(query), Absent: true, Harmless: true, PaidLater: true, GiveUp: OpOrderClose,
		Query: ask(c, query, opts, func(r *OrderQueryResponse) cnpay.Finding {
			if err := otherAmount("totalAmount", r.TotalAmount, t.Fields["totalAmount"]); err != nil {
				return found(r.Status, cnpay.Unknown, err)
			}
			outcome, err := judgePaid(r.Status, r.PayTime)
			return found(r.Status, outcome, err)
		}),
	}
}

// settleClose finds whether an order was closed.
func settleClose(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := orderOf(t)
	return closing(c, t, query, ask(c, query, opts, judgeClosing))
}

func settleWeChatClose(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := &WeChatQueryAppOrderRequest{*orderOf(t)}
	return closing(c, t, query, ask(c, query, opts, func(r *WeChatQueryAppOrderResponse) cnpay.Finding { return judgeClosing(&r.OrderQueryResponse) }))
}

func settleAlipayClose(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := &AlipayQueryMiniProgramOrderRequest{*orderOf(t)}
	return closing(c, t, query, ask(c, query, opts, func(r *AlipayQueryMiniProgramOrderResponse) cnpay.Finding {
		return judgeClosing(&r.OrderQueryResponse)
	}))
}

func closing(c *Client, t cnpay.Ticket, query Request, asked func(context.Context) (cnpay.Finding, error)) cnpay.SettleRule {
	return cnpay.SettleRule{Schedule: BackSchedule(), Faults: required(c.faults(query), t, "merOrderId"), Harmless: true, Query: asked}
}

func judgeClosing(r *OrderQueryResponse) cnpay.Finding {
	if r.Status == "NEW_ORDER" || r.Status == "WAIT_BUYER_PAY" {
		return unchanged(r.Status)
	}
	return found(r.Status, judgeClosed(r.Status), nil)
}

// settleRefund queries the refund by its own number.
func settleRefund(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := &OrderQueryRefundRequest{MerOrderID: t.Fields["refundOrderId"]}
	query.MID, query.TID, query.InstMID = t.Fields["mid"], t.Fields["tid"], t.Fields["instMid"]
	return cnpay.SettleRule{
		Schedule: BackSchedule(), Faults: required(c.faults(query), t, "refundOrderId"), Absent: true, Harmless: true,
		Query: ask(c, query, opts, func(r *OrderQueryRefundResponse) cnpay.Finding {
			if err := otherAmount("totalAmount", r.TotalAmount, t.Fields["refundAmount"]); err != nil {
				return found(r.RefundStatus, cnpay.Unknown, err)
			}
			outcome, err := judgeRefundStatus(r.RefundStatus)
			return found(r.RefundStatus, outcome, err)
		}),
	}
}

// ---- guarantees and pre-authorisations

// secured is what a query says of a guaranteed or pre-authorised order.
type secured struct {
	status, secureStatus string
	completed            int64
}

// settleSecured queries an order or, where the ticket is of one, a bill, and judges its guarantee.
func settleSecured(c *Client, t cnpay.Ticket, opts []cnpay.Option, judge func(secured) cnpay.Finding) cnpay.SettleRule {
	rule := cnpay.SettleRule{Schedule: BackSchedule(), Harmless: true}
	if t.Fields["instMid"] == BillsInstMID {
		query := billOf(t)
		query.BillNo = t.Fields["merOrderId"]
		rule.Faults = c.faults(query)
		rule.Query = ask(c, query, opts, func(r *BillQueryResponse) cnpay.Finding {
			return judge(secured{r.BillPayment.Status, r.SecureStatus, r.CompleteAmount})
		})
		return rule
	}
	query := orderOf(t)
	rule.Faults = required(c.faults(query), t, "merOrderId")
	rule.Query = ask(c, query, opts, func(r *OrderQueryResponse) cnpay.Finding {
		return judge(secured{r.Status, r.SecureStatus, r.CompleteAmount})
	})
	return rule
}

func settleEscrowComplete(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	return settleSecured(c, t, opts, func(s secured) cnpay.Finding {
		switch s.secureStatus {
		case "ALL_COMPLETED", "PARTLY_COMPLETED":
			if s.completed == 0 {
				return found(s.secureStatus, cnpay.Unknown, call.Contradiction("completeAmount is missing"))
			}
			if err := otherAmount("completeAmount", s.completed, t.Fields["completedAmount"]); err != nil {
				return found(s.secureStatus, cnpay.Unknown, err)
			}
			return found(s.secureStatus, cnpay.Succeeded, nil)
		case "CANCELED":
			return found(s.secureStatus, cnpay.Failed, nil)
		case "UNCOMPLETED":
			return unchanged(s.secureStatus)
		}
		return found(s.secureStatus, cnpay.Unknown, nil)
	})
}

func settleEscrowCancel(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	return settleSecured(c, t, opts, judgeReleased)
}

// judgeReleased reads a guarantee or a pre-authorisation as the end of its cancellation.
func judgeReleased(s secured) cnpay.Finding {
	switch s.secureStatus {
	case "CANCELED":
		return found(s.secureStatus, cnpay.Succeeded, nil)
	case "ALL_COMPLETED", "PARTLY_COMPLETED":
		return found(s.secureStatus, cnpay.Failed, nil)
	case "UNCOMPLETED":
		return unchanged(s.secureStatus)
	}
	return found(s.secureStatus, cnpay.Unknown, nil)
}

// preauthOf is the query of an order of the family that has other names for everything.
func preauthOf(t cnpay.Ticket, number string) *OrderQueryRequest {
	q := &OrderQueryRequest{MerOrderID: t.Fields[number]}
	q.MID, q.TID, q.InstMID = t.Fields["mchntNo"], t.Fields["termNo"], t.Fields["bizType"]
	return q
}

// settlePreauthComplete queries the completion, and where there is none the pre-authorisation, which shows a completion
// too. An unfinished pre-authorisation is an unchanged original: it proves nothing.
func settlePreauthComplete(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query, original := preauthOf(t, "mchntOrderId"), preauthOf(t, "preauthOrderId")
	byNumber := ask(c, query, opts, func(r *OrderQueryResponse) cnpay.Finding {
		if err := otherAmount("totalAmount", r.TotalAmount, t.Fields["totalAmt"]); err != nil {
			return found(r.Status, cnpay.Unknown, err)
		}
		outcome, err := judgePaid(r.Status, r.PayTime)
		return found(r.Status, outcome, err)
	})
	byOriginal := ask(c, original, opts, func(r *OrderQueryResponse) cnpay.Finding {
		switch r.SecureStatus {
		case "ALL_COMPLETED", "PARTLY_COMPLETED":
			if r.CompleteAmount == 0 || otherAmount("completeAmount", r.CompleteAmount, t.Fields["totalAmt"]) != nil {
				return found(r.SecureStatus, cnpay.Unknown, call.Contradiction("the pre-authorisation is completed, with %d", r.CompleteAmount))
			}
			return found(r.SecureStatus, cnpay.Succeeded, nil)
		case "UNCOMPLETED":
			return unchanged(r.SecureStatus)
		}
		return found(r.SecureStatus, cnpay.Unknown, nil)
	})
	return cnpay.SettleRule{
		Schedule: BackSchedule(), Faults: required(required(c.faults(query), t, "mchntOrderId"), t, "preauthOrderId"), Harmless: true,
		Query: func(ctx context.Context) (cnpay.Finding, error) {
			f, err := byNumber(ctx)
			if err != nil || !f.Absent {
				return f, err
			}
			return byOriginal(ctx)
		},
	}
}

func settlePreauthCancel(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := preauthOf(t, "mchntOrderId")
	return cnpay.SettleRule{
		Schedule: BackSchedule(), Faults: required(c.faults(query), t, "mchntOrderId"), Harmless: true,
		Query: ask(c, query, opts, func(r *OrderQueryResponse) cnpay.Finding {
			if r.Status == "TRADE_CLOSED" && (r.SecureStatus == "" || r.SecureStatus == "CANCELED") {
				return found(r.Status, cnpay.Succeeded, nil)
			}
			if r.SecureStatus == "" && r.Status == "TRADE_SUCCESS" {
				return unchanged(r.Status)
			}
			return judgeReleased(secured{status: r.Status, secureStatus: r.SecureStatus})
		}),
	}
}

// settlePreauthCancelCompletion queries the completion that was to be cancelled.
func settlePreauthCancelCompletion(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := preauthOf(t, "mchntOrderId")
	return cnpay.SettleRule{
		Schedule: BackSchedule(), Faults: required(c.faults(query), t, "mchntOrderId"), Harmless: true,
		Query: ask(c, query, opts, func(r *OrderQueryResponse) cnpay.Finding {
			switch r.Status {
			case "TRADE_CLOSED":
				return found(r.Status, cnpay.Succeeded, nil)
			case "TRADE_SUCCESS":
				return unchanged(r.Status)
			}
			return found(r.Status, cnpay.Unknown, nil)
		}),
	}
}
