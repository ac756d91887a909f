package chinaums

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
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
		return code == CounterCodeNoOriginal || code == CounterCodeOriginalLost
	}
	return code == CodeNoOrder
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
		Schedule: PayerSchedule(life(t)), Faults: c.faults(query), Absent: !arrived(t), Harmless: !arrived(t), PaidLater: true, GiveUp: OpBillClose,
		Query: ask(c, query, opts, func(r *BillQueryResponse) cnpay.Finding {
			if err := otherAmount("totalAmount", r.TotalAmount, t.Fields["totalAmount"]); err != nil {
				return found(r.BillStatus, cnpay.Unknown, err)
			}
			outcome, err := judgeBill(r.BillStatus, r.TotalAmount, &r.BillPayment)
			return found(r.BillStatus, outcome, err)
		}),
	}
}

// judgeBill reads the state of a bill that somebody pays, beside that of its payment.
func judgeBill(status string, total int64, payment *Payment) (cnpay.Outcome, error) {
	if err := payment.contradiction(); err != nil {
		return cnpay.Unknown, err
	}
	wasPaid := payment.Status == StatusTradeSuccess || payment.Status == StatusTradeRefund
	switch status {
	case BillStatusPaid, BillStatusRefund:
		switch {
		case !wasPaid:
			return cnpay.Unknown, call.Contradiction("billStatus %s, and billPayment.status %q", status, payment.Status)
		case total <= 0:
			return cnpay.Unknown, call.Contradiction("billStatus %s, with totalAmount %d", status, total)
		}
		return cnpay.Succeeded, nil
	case BillStatusUnpaid:
		if wasPaid {
			return cnpay.Unknown, call.Contradiction("billStatus %s contradicts billPayment.status %s", status, payment.Status)
		}
		return cnpay.Pending, nil
	case BillStatusClosed:
		if err := payment.paid().was(); wasPaid || err != nil {
			return cnpay.Unknown, call.Contradiction("billStatus %s, and there is a payment", status)
		}
		return cnpay.Failed, nil
	}
	return cnpay.Unknown, nil // UNKNOWN, or undocumented
}

// settleUpdate finds whether a code has the bill that it was to have. Whether a repeat may open a bill again that was paid
// since the documents do not say.
func settleUpdate(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := billOf(t)
	return cnpay.SettleRule{
		Schedule: BackSchedule(), Faults: required(required(c.faults(query), t, "totalAmount"), t, "qrCodeId"),
		Query: ask(c, query, opts, func(r *BillQueryResponse) cnpay.Finding {
			state := t.Fields["billStatus"]
			if codeOf(r.BillQRCode) != t.Fields["qrCodeId"] || strconv.FormatInt(r.TotalAmount, 10) != t.Fields["totalAmount"] ||
				state != "" && r.BillStatus != state {
				return unchanged(r.BillStatus)
			}
			return found(r.BillStatus, cnpay.Succeeded, nil)
		}),
	}
}

// codeOf is the number of the code behind an address.
func codeOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Query().Get("id")
}

// settleBillClose finds whether a code was closed. One that also gives money back is closed only when it has. A close
// without it moves no money, so a repeat does not either.
func settleBillClose(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := billOf(t)
	refunds := t.Fields["attachRefund"] != ""
	return cnpay.SettleRule{
		Schedule: BackSchedule(), Faults: c.faults(query), Harmless: !refunds,
		Query: ask(c, query, opts, func(r *BillQueryResponse) cnpay.Finding { return judgeBillClosed(r, refunds) }),
	}
}

// judgeBillClosed reads the state of a bill as the end of its closing.
func judgeBillClosed(r *BillQueryResponse, refunds bool) cnpay.Finding {
	p := &r.BillPayment
	outcome, err := judgeBill(r.BillStatus, r.TotalAmount, p)
	closed := r.BillStatus == BillStatusClosed && outcome == cnpay.Failed // and nobody has paid
	returned := refunds && p.Status == StatusTradeClosed && p.contradiction() == nil &&
		(r.BillStatus == BillStatusClosed || r.BillStatus == BillStatusRefund)
	switch {
	case closed, returned:
		return found(r.BillStatus, cnpay.Succeeded, nil)
	case outcome == cnpay.Succeeded && !refunds: // it was paid before it could be closed
		return found(r.BillStatus, cnpay.Failed, nil)
	case outcome == cnpay.Succeeded && r.BillStatus == BillStatusPaid && p.Status == StatusTradeSuccess, outcome == cnpay.Pending:
		return unchanged(r.BillStatus)
	}
	return found(r.BillStatus, cnpay.Unknown, err)
}

// settleBillRefund queries one refund of a bill. The answer has it only once it was carried out; that it has none proves
// nothing. That a repeat is answered with the first refund the documents say of an order's refund, not of a bill's.
func settleBillRefund(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := billOf(t)
	query.RefundOrderID = t.Fields["refundOrderId"]
	return cnpay.SettleRule{
		Schedule: BackSchedule(), Faults: required(c.faults(query), t, "refundOrderId"),
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
	case p.TotalAmount == 0 && (p.Status == StatusTradeSuccess || p.Status == StatusTradeRefund):
		err = call.Contradiction("%s, and totalAmount is missing", p.Status)
	default:
		err = otherAmount("totalAmount", p.TotalAmount, amount)
	}
	if err != nil {
		return found(p.Status, cnpay.Unknown, err)
	}
	switch p.Status {
	case StatusTradeSuccess, StatusTradeRefund:
		return found(p.Status, cnpay.Succeeded, nil)
	case StatusNewOrder, StatusWaitBuyerPay:
		return found(p.Status, cnpay.Pending, nil)
	}
	return found(p.Status, cnpay.Unknown, nil)
}

// settleBillComplete queries the completion. What a repeat does no document says.
func settleBillComplete(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := billOf(t)
	query.AuthedOrderID = t.Fields["authedOrderId"]
	return cnpay.SettleRule{
		Schedule: BackSchedule(), Faults: required(c.faults(query), t, "authedOrderId"),
		Query: ask(c, query, opts, func(r *BillQueryResponse) cnpay.Finding {
			completion := r.AuthedBillPayment
			if completion == nil || completion.MerOrderID == "" && completion.Status == "" {
				return unchanged(r.BillStatus)
			}
			f := judgeMovement(r, completion, query.AuthedOrderID, t.Fields["totalAmount"])
			if f.Cause == nil && completion.Status == StatusTradeClosed {
				f.Outcome, f.Cause = completion.paid().judge()
			}
			return f
		}),
	}
}

// settleBillCancelPreauth queries the bill: no query shows a cancellation of its own. What a repeat does no document says.
func settleBillCancelPreauth(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := billOf(t)
	return cnpay.SettleRule{Schedule: BackSchedule(), Faults: c.faults(query), Query: ask(c, query, opts, judgeBillReleased)}
}

// judgeBillReleased reads the state of a bill as the end of its pre-authorisation. A completion excludes that only as long
// as it stands: it can be cancelled, and the hold may stand again.
func judgeBillReleased(r *BillQueryResponse) cnpay.Finding {
	p, completion := &r.BillPayment, r.AuthedBillPayment
	err := p.contradiction()
	switch {
	case err != nil:
	case completion != nil && completion.Status != StatusTradeClosed, r.CompleteAmount != 0,
		r.SecureStatus == SecureStatusAllCompleted, r.SecureStatus == SecureStatusPartlyCompleted:
		err = call.Contradiction("%s, and the pre-authorisation was completed", p.Status)
	case r.BillStatus == BillStatusClosed && p.Status == StatusTradeSuccess, !everPaid(r.BillStatus):
		err = call.Contradiction("billStatus %s contradicts billPayment.status %q", r.BillStatus, p.Status)
	case p.Status == StatusTradeClosed, r.BillStatus == BillStatusClosed && p.Status == "":
		return found(r.BillStatus+" "+p.Status, cnpay.Succeeded, nil)
	case p.Status == StatusTradeSuccess:
		return unchanged(p.Status)
	}
	return found(p.Status, cnpay.Unknown, err)
}

// settleBillCancelCompletion queries the completion that was to be cancelled. The documents do not say how it shows. A
// repeat names the same completion and undoes the whole of it, once.
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
	case completion.Status == StatusTradeClosed:
		return found(completion.Status, cnpay.Succeeded, nil)
	case completion.Status == StatusTradeSuccess:
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
		Schedule: PayerSchedule(life(t)), Faults: c.faults(query), Absent: !arrived(t), Harmless: !arrived(t), PaidLater: true, GiveUp: OpOrderClose,
		Query: ask(c, query, opts, func(r *OrderQueryResponse) cnpay.Finding {
			if err := otherAmount("totalAmount", r.TotalAmount, t.Fields["totalAmount"]); err != nil {
				return found(r.Status, cnpay.Unknown, err)
			}
			outcome, err := r.paid().judge()
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

// closing is the rule of a close, which moves no money, so that a repeat does not either.
func closing(c *Client, t cnpay.Ticket, query Request, asked func(context.Context) (cnpay.Finding, error)) cnpay.SettleRule {
	return cnpay.SettleRule{Schedule: BackSchedule(), Faults: required(c.faults(query), t, "merOrderId"), Harmless: true, Query: asked}
}

// judgeClosing reads the state of an order as the end of its closing. An order that was paid can no longer be closed.
func judgeClosing(r *OrderQueryResponse) cnpay.Finding {
	switch outcome, err := r.paid().judge(); outcome {
	case cnpay.Failed: // closed, and nobody has paid
		return found(r.Status, cnpay.Succeeded, nil)
	case cnpay.Succeeded:
		return found(r.Status, cnpay.Failed, nil)
	case cnpay.Pending:
		return unchanged(r.Status)
	default:
		return found(r.Status, cnpay.Unknown, err)
	}
}

// settleRefund queries the refund by its own number. A repeat under it is answered with the refund that there is, by the
// documents' own words.
func settleRefund(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := &OrderQueryRefundRequest{MerOrderID: t.Fields["refundOrderId"]}
	query.MID, query.TID, query.InstMID = t.Fields["mid"], t.Fields["tid"], t.Fields["instMid"]
	return cnpay.SettleRule{
		Schedule: BackSchedule(), Faults: required(c.faults(query), t, "refundOrderId"), Absent: !arrived(t), Harmless: true,
		Query: ask(c, query, opts, func(r *OrderQueryRefundResponse) cnpay.Finding {
			err := otherAmount("totalAmount", r.TotalAmount, t.Fields["refundAmount"])
			order := t.Fields["merOrderId"]
			switch {
			case err != nil:
			case r.RefundOrderID != "" && r.MerOrderID != "" && order != "" && r.MerOrderID != order:
				err = call.Contradiction("the refund is one of order %s", r.MerOrderID)
			case r.TotalAmount == 0 && r.RefundStatus == RefundStatusSuccess:
				err = call.Contradiction("%s, and totalAmount is missing", r.RefundStatus)
			}
			if err != nil {
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
	state     string
	completed int64
}

// settleSecured queries an order or, where the ticket is of one, a bill, and judges its guarantee.
func settleSecured(c *Client, t cnpay.Ticket, opts []cnpay.Option, judge func(secured) cnpay.Finding) cnpay.SettleRule {
	rule := cnpay.SettleRule{Schedule: BackSchedule()}
	if t.Fields["instMid"] == BillsInstMID {
		query := billOf(t)
		query.BillNo = cmp.Or(query.BillNo, t.Fields["merOrderId"])
		rule.Faults = c.faults(query)
		rule.Query = ask(c, query, opts, func(r *BillQueryResponse) cnpay.Finding {
			return judge(secured{r.SecureStatus, r.CompleteAmount})
		})
		return rule
	}
	query := orderOf(t)
	rule.Faults = required(c.faults(query), t, "merOrderId")
	rule.Query = ask(c, query, opts, func(r *OrderQueryResponse) cnpay.Finding {
		return judge(secured{r.SecureStatus, r.CompleteAmount})
	})
	return rule
}

// settleEscrowComplete finds whether a guarantee was completed with the amount asked for. What a repeat does no document
// says.
func settleEscrowComplete(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	return settleSecured(c, t, opts, func(s secured) cnpay.Finding {
		var err error
		switch s.state {
		case SecureStatusAllCompleted, SecureStatusPartlyCompleted:
			if strconv.FormatInt(s.completed, 10) == t.Fields["completedAmount"] {
				return found(s.state, cnpay.Succeeded, nil)
			}
			err = call.Contradiction("%s, with completeAmount %d, not %s", s.state, s.completed, t.Fields["completedAmount"])
		case SecureStatusCanceled:
			if s.completed == 0 {
				return found(s.state, cnpay.Failed, nil)
			}
			err = call.Contradiction("%s, with completeAmount %d", s.state, s.completed)
		case SecureStatusUncompleted:
			return unchanged(s.state)
		}
		return found(s.state, cnpay.Unknown, err)
	})
}

// settleEscrowCancel finds whether a guarantee was cancelled. A repeat is answered with HAS_CANCELLED.
func settleEscrowCancel(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := settleSecured(c, t, opts, func(s secured) cnpay.Finding {
		if s.state == SecureStatusAllCompleted || s.state == SecureStatusPartlyCompleted {
			return found(s.state, cnpay.Failed, nil) // nothing undoes the completion of a guarantee
		}
		return judgeReleased(s)
	})
	rule.Harmless = true
	return rule
}

// judgeReleased reads a guarantee or a pre-authorisation as the end of its cancellation. The completion of a
// pre-authorisation excludes that only as long as it stands: it can be cancelled, and the hold may stand again.
func judgeReleased(s secured) cnpay.Finding {
	var err error
	switch s.state {
	case SecureStatusCanceled:
		if s.completed == 0 {
			return found(s.state, cnpay.Succeeded, nil)
		}
		err = call.Contradiction("%s, with completeAmount %d", s.state, s.completed)
	case SecureStatusAllCompleted, SecureStatusPartlyCompleted:
		err = call.Contradiction("%s: it was completed", s.state)
	case SecureStatusUncompleted:
		return unchanged(s.state)
	}
	return found(s.state, cnpay.Unknown, err)
}

// preauthOf is the query of an order of the family that has other names for everything.
func preauthOf(t cnpay.Ticket, number string) *OrderQueryRequest {
	q := &OrderQueryRequest{MerOrderID: t.Fields[number]}
	q.MID, q.TID, q.InstMID = t.Fields["mchntNo"], t.Fields["termNo"], t.Fields["bizType"]
	return q
}

// settlePreauthComplete queries the completion, and where there is none the pre-authorisation. An unfinished one is an
// unchanged original: it proves nothing. One that was completed does not say under which number. What a repeat does no
// document says.
func settlePreauthComplete(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query, original := preauthOf(t, "mchntOrderId"), preauthOf(t, "preauthOrderId")
	byNumber := ask(c, query, opts, func(r *OrderQueryResponse) cnpay.Finding {
		if err := otherAmount("totalAmount", r.TotalAmount, t.Fields["totalAmt"]); err != nil {
			return found(r.Status, cnpay.Unknown, err)
		}
		outcome, err := r.paid().judge()
		return found(r.Status, outcome, err)
	})
	byOriginal := ask(c, original, opts, func(r *OrderQueryResponse) cnpay.Finding {
		var err error
		switch r.SecureStatus {
		case SecureStatusAllCompleted, SecureStatusPartlyCompleted:
			err = call.Contradiction("%s with completeAmount %d, and there is no such completion", r.SecureStatus, r.CompleteAmount)
		case SecureStatusCanceled: // nothing can complete what was released
			if r.CompleteAmount == 0 {
				return found(r.SecureStatus, cnpay.Failed, nil)
			}
			err = call.Contradiction("%s, with completeAmount %d", r.SecureStatus, r.CompleteAmount)
		case SecureStatusUncompleted:
			return unchanged(r.SecureStatus)
		}
		return found(r.SecureStatus, cnpay.Unknown, err)
	})
	return cnpay.SettleRule{
		Schedule: BackSchedule(), Faults: required(required(c.faults(query), t, "mchntOrderId"), t, "preauthOrderId"),
		Query: func(ctx context.Context) (cnpay.Finding, error) {
			f, err := byNumber(ctx)
			if err != nil || !f.Absent {
				return f, err
			}
			return byOriginal(ctx)
		},
	}
}

// settlePreauthCancel queries the pre-authorisation. What a repeat does no document says.
func settlePreauthCancel(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := preauthOf(t, "mchntOrderId")
	return cnpay.SettleRule{
		Schedule: BackSchedule(), Faults: required(c.faults(query), t, "mchntOrderId"),
		Query: ask(c, query, opts, func(r *OrderQueryResponse) cnpay.Finding {
			switch closed := r.Status == StatusTradeClosed; {
			case r.SecureStatus == "" && r.Status == StatusTradeSuccess:
				return unchanged(r.Status)
			case r.SecureStatus == "" && r.CompleteAmount == 0 && closed:
				return found(r.Status, cnpay.Succeeded, nil)
			case r.SecureStatus == SecureStatusUncompleted && closed:
				return found(r.Status, cnpay.Unknown, call.Contradiction("%s, and %s", r.Status, r.SecureStatus))
			}
			return judgeReleased(secured{r.SecureStatus, r.CompleteAmount})
		}),
	}
}

// settlePreauthCancelCompletion queries the completion that was to be cancelled. A repeat names the same completion and
// undoes the whole of it, once.
func settlePreauthCancelCompletion(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := preauthOf(t, "mchntOrderId")
	return cnpay.SettleRule{
		Schedule: BackSchedule(), Faults: required(c.faults(query), t, "mchntOrderId"), Harmless: true,
		Query: ask(c, query, opts, func(r *OrderQueryResponse) cnpay.Finding {
			switch r.Status {
			case StatusTradeClosed:
				return found(r.Status, cnpay.Succeeded, nil)
			case StatusTradeSuccess:
				return unchanged(r.Status)
			}
			return found(r.Status, cnpay.Unknown, nil)
		}),
	}
}
