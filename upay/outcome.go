package upay

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/upay/internal/code"
)

// RevokeSchedule is when to query after a revoke, a cancel or a refund: at once, because most are done before their
// answer is lost, then every five seconds for fifty, as the documents advise for polling.
func RevokeSchedule() cnpay.Schedule {
	return append(cnpay.Schedule{0}, cnpay.Every(5*time.Second, 10)...)
}

// PaySchedule is when to query after a payment by code: every five seconds for fifty. The documents then want it
// cancelled.
func PaySchedule() cnpay.Schedule { return cnpay.Every(5*time.Second, 10) }

// QRSchedule is when to query an order that the payer pays by scanning: as the newer page has it, until the sixth
// minute. Upay itself ends the order after about four.
func QRSchedule() cnpay.Schedule {
	const s = time.Second
	return cnpay.Schedule{
		10 * s, 5 * s, 5 * s, 10 * s, 10 * s, 10 * s, 10 * s, 20 * s, 20 * s, 20 * s, 30 * s, 30 * s, 30 * s, 30 * s, 120 * s,
	}
}

// CashierSchedule is when to query an order that the payer pays on the page of the cashier, two minutes in all. A payer
// who opens the page later pays later: the notification says so, or a job that queries.
func CashierSchedule() cnpay.Schedule {
	return append(cnpay.Schedule{2 * time.Second}, cnpay.Every(5*time.Second, 23)...)
}

// PreauthSchedule is when to query a step of a pre-authorisation: for eighty seconds, as its document has it. What is
// open then is for Upay's support.
func PreauthSchedule() cnpay.Schedule { return cnpay.Every(8*time.Second, 10) }

// judge decides what an answer means; its error is a cause that says more than the outcome does. First comes whether
// the request was accepted at all, and only then the operation's result. 500, and an answer that contradicts itself,
// decide nothing.
func judge(r response, httpStatus int, op *Operation) (cnpay.Verdict, error) {
	e, c := r.base(), r.codes()
	v := cnpay.Verdict{Code: cmp.Or(e.ErrorCode, e.ResultCode), Message: e.ErrorMessage}
	var cause error
	switch {
	case e.ResultCode == "400" && c.ResultCode == "" && r.blank():
		v.Outcome = code.Refused(e.ErrorCode)
	case e.ResultCode == "200" && (e.ErrorCode == "" || e.ErrorCode == "SUCCESS") &&
		httpStatus == http.StatusOK && !(c.ResultCode == "" && r.blank()):
		v = cnpay.Verdict{Code: cmp.Or(c.ErrorCode, c.ResultCode, e.ResultCode), Message: c.ErrorMessage}
		v.Outcome, cause = op.judge(r)
	}
	if v.Outcome == cnpay.Unknown && httpStatus != http.StatusOK {
		return v, fmt.Errorf("%w: %w", cnpay.ErrUndecided, transport.StatusError(httpStatus))
	}
	return v, cause
}

// judge reads the result of an accepted request. Of an operation without a rule of its own a good result says no more
// than that Upay has it.
func (op *Operation) judge(r response) (cnpay.Outcome, error) {
	if own, ok := r.(interface {
		judge() (cnpay.Outcome, error)
	}); ok {
		return own.judge()
	}
	if order, ok := r.(interface{ result() *Result }); ok && op.Judge != nil {
		return op.Judge(order.result())
	}
	switch c := r.codes(); {
	case c.ResultCode == "FAIL":
		return code.Failed(c.ErrorCode), nil
	case !strings.HasSuffix(c.ResultCode, "SUCCESS"):
		return cnpay.Unknown, nil
	case op.Query || op.NoMoney:
		return cnpay.Succeeded, nil
	}
	return cnpay.Pending, nil
}

func judgeRevoke(r *Result) (cnpay.Outcome, error) {
	switch r.ResultCode {
	case "CANCEL_SUCCESS":
		return r.revoked(OrderStatusCanceled)
	case "CANCEL_ABORT_SUCCESS":
		return r.revoked(OrderStatusPayCanceled)
	case "CANCEL_IN_PROGRESS", "CANCEL_INPROGRESS", "CANCEL_ABORT_IN_PROGRESS":
		return cnpay.Pending, nil
	case "FAIL":
		if r.ErrorCode == "UPAY_CANCEL_ORDER_NOOP" {
			return cnpay.Pending, nil // revoked before; the documents want it confirmed by a query
		}
		if outcome := judgeOrderStatus(r.OrderStatus); outcome == cnpay.Succeeded || outcome == cnpay.Pending {
			return cnpay.Unknown, call.Contradiction("FAIL contradicts order_status %s", r.OrderStatus)
		}
		return code.Failed(r.ErrorCode), nil
	}
	return cnpay.Unknown, nil // CANCEL_ERROR, CANCEL_ABORT_ERROR: not certain at the channel
}

// revoked judges a success by the order that comes with it, as far as it says anything: a state that it leaves out is
// the one that the result means.
func (r *Result) revoked(state string) (cnpay.Outcome, error) {
	order := r.Order
	order.OrderStatus = cmp.Or(order.OrderStatus, state)
	outcome, err := order.judge()
	if err == nil && outcome != cnpay.Succeeded {
		return cnpay.Unknown, call.Contradiction("%s contradicts order_status %s", r.ResultCode, order.OrderStatus)
	}
	return outcome, err
}

// judgeCancel is judgeRevoke, but for an order that Upay does not know: the payment that was to be cancelled may still be
// on its way, and would be made after this.
func judgeCancel(r *Result) (cnpay.Outcome, error) {
	if noSuchOrder(r) {
		return cnpay.Unknown, call.Contradiction("there is nothing to cancel, unless the payment is still on its way: settle the payment")
	}
	return judgeRevoke(r)
}

// judgePay reads the answer to a payment by code.
func judgePay(r *Result) (cnpay.Outcome, error) {
	switch r.ResultCode {
	case "PAY_SUCCESS":
		return r.agrees(OrderStatusPaid, cnpay.Succeeded)
	case "PAY_IN_PROGRESS":
		return r.agrees(OrderStatusCreated, cnpay.Pending)
	case "PAY_FAIL":
		return r.agrees(OrderStatusPayCanceled, cnpay.Failed)
	case "FAIL":
		return r.refused()
	}
	return cnpay.Unknown, nil // PAY_FAIL_ERROR, PAY_FAIL_IN_PROGRESS: not certain at the channel
}

// judgePrecreate reads the answer to an order that the payer pays later.
func judgePrecreate(r *Result) (cnpay.Outcome, error) {
	switch r.ResultCode {
	case "PRECREATE_SUCCESS":
		return r.agrees(OrderStatusCreated, cnpay.Pending)
	case "PRECREATE_FAIL":
		return r.agrees(OrderStatusPayCanceled, cnpay.Failed)
	case "FAIL":
		return r.refused()
	}
	return cnpay.Unknown, nil // PRECREATE_FAIL_ERROR, PRECREATE_FAIL_IN_PROGRESS
}

// agrees judges a result by the order that comes with it, as far as it says anything: a state that it leaves out is the
// one that the result means.
func (r *Result) agrees(state string, want cnpay.Outcome) (cnpay.Outcome, error) {
	order := r.Order
	order.OrderStatus = cmp.Or(order.OrderStatus, state)
	outcome, err := order.paid()
	if err == nil && outcome != want || order.OrderStatus != state && want == cnpay.Succeeded {
		return cnpay.Unknown, cmp.Or(err, call.Contradiction("%s contradicts order_status %s", r.ResultCode, order.OrderStatus))
	}
	return outcome, err
}

// refused reads a payment that was refused: an order that is paid, or still open, is not one that nothing happened to. One
// that timed out has ended when its order has.
func (r *Result) refused() (cnpay.Outcome, error) {
	switch outcome, _ := r.Order.paid(); {
	case outcome == cnpay.Succeeded || outcome == cnpay.Pending:
		return cnpay.Unknown, call.Contradiction("FAIL contradicts order_status %s", r.OrderStatus)
	case r.ErrorCode == "TRADE_TIMEOUT":
		return outcome, nil
	}
	return code.Failed(r.ErrorCode), nil
}

// judgeRefund reads the answer to a refund. Whether its order shows this refund is compared elsewhere.
func judgeRefund(r *Result) (cnpay.Outcome, error) {
	switch r.ResultCode {
	case "REFUND_SUCCESS":
		order := r.Order
		order.Status = cmp.Or(order.Status, StatusSuccess)
		order.OrderStatus = cmp.Or(order.OrderStatus, OrderStatusRefunded)
		if r.OrderStatus == "" && r.NetAmount != nil && *r.NetAmount > 0 {
			order.OrderStatus = OrderStatusPartialRefunded
		}
		outcome, err := order.refunded()
		if err == nil && outcome != cnpay.Succeeded {
			return cnpay.Unknown, call.Contradiction("REFUND_SUCCESS contradicts status %s, order_status %s", order.Status, order.OrderStatus)
		}
		return outcome, err
	case "REFUND_IN_PROGRESS", "REFUND_INPROGRESS":
		return cnpay.Pending, nil
	case "REFUND_FAIL":
		if certain := r.Status == "" || r.Status == StatusFailCanceled; !certain {
			return cnpay.Unknown, call.Contradiction("REFUND_FAIL contradicts status %s", r.Status)
		}
		return cnpay.Failed, nil
	case "FAIL":
		if r.ErrorCode == "UPAY_REFUND_ORDER_NOOP" {
			return cnpay.Pending, nil // done before; the documents want it confirmed by a query
		}
		return code.Failed(r.ErrorCode), nil
	}
	return cnpay.Unknown, nil // REFUND_ERROR, REFUND_FAIL_ERROR: not certain at the channel
}

func judgeQuery(r *Result) (cnpay.Outcome, error) {
	switch {
	case r.ResultCode == "SUCCESS":
		return cnpay.Succeeded, nil
	case noSuchOrder(r):
		return cnpay.Failed, nil
	}
	return cnpay.Unknown, nil
}

// noSuchOrder reports whether a query was answered so.
func noSuchOrder(r *Result) bool {
	return r.ResultCode == "FAIL" && orderNotExists(r.ErrorCode) && r.Order.empty()
}

// orderNotExists knows both spellings: of the Chinese pages and of the English appendix.
func orderNotExists(code string) bool {
	return code == "UPAY_ORDER_NOT_EXISTS" || code == "UPAY_ORDER_NOT_EXIST"
}

// judge reads an order as the end of its revoke. No state that can still change decides it, and neither does a final
// one while the latest transaction is not certain.
func (o *Order) judge() (cnpay.Outcome, error) {
	if err := o.contradiction(); err != nil {
		return cnpay.Unknown, err
	}
	outcome := judgeOrderStatus(o.OrderStatus)
	certain := o.Status == "" || o.Status == StatusSuccess ||
		o.Status == StatusFailCanceled && o.OrderStatus == OrderStatusPayCanceled // the payment that was stopped
	if outcome.Final() && !certain {
		return cnpay.Unknown, call.Contradiction("status %s contradicts order_status %s", o.Status, o.OrderStatus)
	}
	return outcome, nil
}

// judgeOrderStatus reads the state of an order (订单状态) as the end of its revoke.
//
// PAID proves nothing: it is the state before the revoke, which may still be on its way. A partial refund
// (PARTIAL_REFUNDED, REFUND_INPROGRESS, REFUND_ERROR) is no end either: its order can change further. REFUNDED can not,
// and Upay revokes no order after a refund.
func judgeOrderStatus(status string) cnpay.Outcome {
	switch status {
	case OrderStatusCanceled, OrderStatusPayCanceled: // the latter: there was never a standing payment
		return cnpay.Succeeded
	case OrderStatusRefunded:
		return cnpay.Failed
	case OrderStatusCancelInProgress:
		return cnpay.Pending
	}
	return cnpay.Unknown // CREATED, PAY_ERROR, CANCEL_ERROR, INVALID_STATUS_CODE, IN_QUEUE, or undocumented too
}

// paid reads an order as the end of its payment.
func (o *Order) paid() (cnpay.Outcome, error) {
	if err := o.contradiction(); err != nil {
		return cnpay.Unknown, err
	}
	var outcome cnpay.Outcome
	var certain []string
	switch o.OrderStatus {
	case OrderStatusPaid:
		outcome, certain = cnpay.Succeeded, []string{StatusSuccess}
	case OrderStatusRefunded, OrderStatusPartialRefunded, OrderStatusRefundInProgress, OrderStatusRefundError: // it was paid, whatever the refund's end
		return cnpay.Succeeded, nil
	case OrderStatusPayCanceled:
		outcome, certain = cnpay.Failed, []string{StatusSuccess, StatusFailCanceled}
	case OrderStatusCanceled:
		outcome, certain = cnpay.Failed, []string{StatusSuccess}
	case OrderStatusCreated:
		outcome, certain = cnpay.Pending, []string{StatusCreated, StatusInProgress}
	default:
		return cnpay.Unknown, nil // PAY_ERROR, CANCEL_INPROGRESS, CANCEL_ERROR, INVALID_STATUS_CODE, or undocumented
	}
	if o.Status != "" && !slices.Contains(certain, o.Status) {
		return cnpay.Unknown, call.Contradiction("status %s contradicts order_status %s", o.Status, o.OrderStatus)
	}
	return outcome, nil
}

// refunded reads an order whose latest transaction is the refund as that refund's end.
func (o *Order) refunded() (cnpay.Outcome, error) {
	if err := o.contradiction(); err != nil {
		return cnpay.Unknown, err
	}
	switch o.Status {
	case StatusSuccess:
		if o.OrderStatus != OrderStatusRefunded && o.OrderStatus != OrderStatusPartialRefunded {
			return cnpay.Unknown, nil // PAID: of the payment, most likely; others: another refund is under way
		}
		return cnpay.Succeeded, nil
	case StatusFailCanceled:
		return cnpay.Failed, nil
	case StatusInProgress, StatusCreated:
		return cnpay.Pending, nil
	}
	return cnpay.Unknown, nil // REFUND_ERROR and other FAIL_*: not certain at the channel
}

// contradiction says how an order's amounts contradict each other or its state. Amounts that are left out do not.
func (o *Order) contradiction() error {
	switch {
	case o.TotalAmount < 0:
		return call.Contradiction("total_amount %d is not an amount", o.TotalAmount)
	case o.NetAmount == nil:
		return nil
	}
	total, net := o.TotalAmount, *o.NetAmount
	if net < 0 || total != 0 && net > total {
		return call.Contradiction("net_amount %d exceeds total_amount %d", net, total)
	}
	whole := total == 0 || net == total
	possible := true
	switch o.OrderStatus {
	case OrderStatusPaid:
		possible = net > 0 && whole
	case OrderStatusPayCanceled: // the documents' example has the whole amount
		possible = net == 0 || whole
	case OrderStatusPartialRefunded:
		possible = net > 0 && (total == 0 || net < total)
	case OrderStatusCanceled, OrderStatusRefunded:
		possible = net == 0
	}
	if !possible {
		return call.Contradiction("net_amount %d contradicts order_status %s", net, o.OrderStatus)
	}
	return nil
}

// judgeRevoked judges an order after a revoke.
func judgeRevoked(r *Result) cnpay.Finding {
	outcome, err := r.Order.judge()
	return cnpay.Finding{
		Verdict: cnpay.Verdict{Outcome: outcome, Code: r.OrderStatus}, Cause: err,
		Unchanged: err == nil && r.OrderStatus == OrderStatusPaid,
	}
}
