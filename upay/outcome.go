package upay

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/transport"
)

// RevokeSchedule is when to query after a revoke: at once, because most are done before their answer is lost, then
// every five seconds for fifty, as the documents advise for polling.
func RevokeSchedule() cnpay.Schedule {
	return append(cnpay.Schedule{0}, cnpay.Every(5*time.Second, 10)...)
}

// judge decides what an answer means; its error is a cause that says more than the outcome does. First comes whether
// the request was accepted at all, and only then the operation's result. 500, and an answer that contradicts itself,
// decide nothing.
func judge(r *Response, httpStatus int, op Operation) (cnpay.Verdict, error) {
	v := cnpay.Verdict{Code: cmp.Or(r.ErrorCode, r.ResultCode), Message: r.ErrorMessage}
	var cause error
	switch {
	case r.ResultCode == "400" && r.Result.ResultCode == "" && r.Result.Order.empty():
		v.Outcome = judgeRefusal(r.ErrorCode)
	case r.ResultCode == "200" && (r.ErrorCode == "" || r.ErrorCode == "SUCCESS") &&
		httpStatus == http.StatusOK && r.Result.ResultCode != "":
		v = cnpay.Verdict{Code: cmp.Or(r.Result.ErrorCode, r.Result.ResultCode), Message: r.Result.ErrorMessage}
		v.Outcome, cause = op.judge(&r.Result)
	}
	if v.Outcome == cnpay.Unknown && httpStatus != http.StatusOK {
		return v, fmt.Errorf("%w: %w", cnpay.ErrUndecided, transport.StatusError(httpStatus))
	}
	return v, cause
}

// judge reads the result of an accepted request. Of an operation without a rule of its own a good result says no more
// than that Upay has it.
func (op *Operation) judge(r *Result) (cnpay.Outcome, error) {
	switch {
	case op.Judge != nil:
		return op.Judge(r)
	case r.ResultCode == "FAIL":
		return judgeFail(r.ErrorCode), nil
	case !strings.HasSuffix(r.ResultCode, "SUCCESS"):
		return cnpay.Unknown, nil
	case op.Query || op.NoMoney:
		return cnpay.Succeeded, nil
	}
	return cnpay.Pending, nil
}

// judgeRefusal reads the code (通讯错误码) that comes with 400: not carried out, unless the gateway itself was in
// trouble.
func judgeRefusal(code string) cnpay.Outcome {
	switch code {
	case "UNKNOWN_SYSTEM_ERROR", "MAINTENANCE_INPROGRESS", "REQUEST_FAIL", "EXTERNAL_SERVICE_EXCEPTION",
		"PAY_STATUS_CLOSED", "SUCCESS":
		return cnpay.Unknown
	}
	return cnpay.Failed
}

func judgeRevoke(r *Result) (cnpay.Outcome, error) {
	switch r.ResultCode {
	case "CANCEL_SUCCESS":
		return r.revoked("CANCELED")
	case "CANCEL_ABORT_SUCCESS":
		return r.revoked("PAY_CANCELED")
	case "CANCEL_IN_PROGRESS", "CANCEL_INPROGRESS", "CANCEL_ABORT_IN_PROGRESS":
		return cnpay.Pending, nil
	case "FAIL":
		if r.ErrorCode == "UPAY_CANCEL_ORDER_NOOP" {
			return cnpay.Pending, nil // revoked before; the documents want it confirmed by a query
		}
		if outcome := judgeOrderStatus(r.OrderStatus); outcome == cnpay.Succeeded || outcome == cnpay.Pending {
			return cnpay.Unknown, call.Contradiction("FAIL contradicts order_status %s", r.OrderStatus)
		}
		return judgeFail(r.ErrorCode), nil
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

func judgeQuery(r *Result) (cnpay.Outcome, error) {
	switch {
	case r.ResultCode == "SUCCESS":
		return cnpay.Succeeded, nil
	case noSuchOrder(r):
		return cnpay.Failed, nil
	}
	return cnpay.Unknown, nil
}

// judgeFail reads the code (业务执行错误码) that comes with FAIL: refused, and no flow was started.
func judgeFail(code string) cnpay.Outcome {
	switch code {
	case "",
		"INVALID_BARCODE", "AUTHCODE_EXPIRE", "EXPIRED_BARCODE", "INSUFFICIENT_FUND", "BUYER_OVER_DAILY_LIMIT",
		"BUYER_OVER_TRANSACTION_LIMIT", "SELLER_OVER_DAILY_LIMIT", "UPAY_STORE_OVER_DAILY_LIMIT",
		"SELLER_BALANCE_NOT_ENOUGH", "ACCOUNT_BALANCE_NOT_ENOUGH", "REFUND_AMT_NOT_EQUAL_TOTAL",
		"REFUNDABLE_AMOUNT_NOT_ENOUGH", "TRADE_FAILED", "UNEXPECTED_PROVIDER_ERROR", "TRADE_TIMEOUT",
		"UPAY_ORDER_NOT_EXISTS", "UPAY_ORDER_NOT_EXIST", "UPAY_TERMINAL_NOT_EXISTS", "UPAY_TERMINAL_STATUS_ABNORMAL",
		"UPAY_CANCEL_INVALID_ORDER_STATE", "UPAY_REFUND_INVALID_ORDER_STATE", "UPAY_TCP_ORDER_NOT_REFUNDABLE",
		"UPAY_MERCHANT_NOT_EXISTS":
		return cnpay.Failed
	}
	return cnpay.Unknown // TRADE_NOT_EXIST, TRADE_HAS_SUCCESS, CLIENT_SN_CONFLICT, REFUND_REQUEST_CONFLICT, or undocumented
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
	certain := o.Status == "" || o.Status == "SUCCESS" ||
		o.Status == "FAIL_CANCELED" && o.OrderStatus == "PAY_CANCELED" // the payment that was stopped
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
	case "CANCELED", "PAY_CANCELED": // the latter: there was never a standing payment
		return cnpay.Succeeded
	case "REFUNDED":
		return cnpay.Failed
	case "CANCEL_INPROGRESS":
		return cnpay.Pending
	}
	return cnpay.Unknown // CREATED, PAY_ERROR, CANCEL_ERROR, INVALID_STATUS_CODE, IN_QUEUE, or undocumented too
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
	case "PAID":
		possible = net > 0 && whole
	case "PAY_CANCELED": // the documents' example has the whole amount
		possible = net == 0 || whole
	case "CANCELED", "REFUNDED":
		possible = net == 0
	}
	if !possible {
		return call.Contradiction("net_amount %d contradicts order_status %s", net, o.OrderStatus)
	}
	return nil
}

// judgeRevoked judges the answer to a query after a revoke. An order that Upay does not have proves nothing about the
// revoke: the answer may come from a copy of the books that is behind, or the payment and its revoke may both still be
// on their way.
func judgeRevoked(r *OrderQueryResponse) cnpay.Finding {
	f := cnpay.Finding{Answer: r}
	if noSuchOrder(&r.Result) {
		f.Absent, f.Code, f.Message = true, r.Result.ErrorCode, r.Result.ErrorMessage
		return f
	}
	outcome, err := r.Result.Order.judge()
	f.Outcome, f.Code, f.Cause = outcome, r.Result.OrderStatus, err
	f.Unchanged = err == nil && r.Result.OrderStatus == "PAID"
	return f
}
