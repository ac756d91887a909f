package upay

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/cnpay-go/cnpay"
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
func judge(r *Response, httpStatus int, op operation) (cnpay.Verdict, error) {
	v := cnpay.Verdict{Code: cmp.Or(r.ErrorCode, r.ResultCode), Message: r.ErrorMessage}
	contradiction := ""
	switch {
	case r.ResultCode == "400" && r.Result.ResultCode == "" && r.Result.Order.empty():
		v.Outcome = judgeRefusal(r.ErrorCode)
	case r.ResultCode == "200" && (r.ErrorCode == "" || r.ErrorCode == "SUCCESS") &&
		httpStatus == http.StatusOK && r.Result.ResultCode != "":
		v = cnpay.Verdict{Code: cmp.Or(r.Result.ErrorCode, r.Result.ResultCode), Message: r.Result.ErrorMessage}
		v.Outcome, contradiction = op.judge(&r.Result)
	}
	switch {
	case contradiction != "":
		return v, fmt.Errorf("%w: %s", cnpay.ErrUndecided, contradiction)
	case v.Outcome == cnpay.Unknown && httpStatus != http.StatusOK:
		return v, fmt.Errorf("%w: %w", cnpay.ErrUndecided, transport.StatusError(httpStatus))
	}
	return v, nil
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

func judgeRevoke(r *Result) (_ cnpay.Outcome, contradiction string) {
	switch r.ResultCode {
	case "CANCEL_SUCCESS":
		return r.revoked("CANCELED")
	case "CANCEL_ABORT_SUCCESS":
		return r.revoked("PAY_CANCELED")
	case "CANCEL_IN_PROGRESS", "CANCEL_INPROGRESS", "CANCEL_ABORT_IN_PROGRESS":
		return cnpay.Pending, ""
	case "FAIL":
		if r.ErrorCode == "UPAY_CANCEL_ORDER_NOOP" {
			return cnpay.Pending, "" // revoked before; the documents want it confirmed by a query
		}
		if outcome := judgeOrderStatus(r.OrderStatus); outcome == cnpay.Succeeded || outcome == cnpay.Pending {
			return cnpay.Unknown, "FAIL contradicts order_status " + r.OrderStatus
		}
		return judgeFail(r.ErrorCode), ""
	}
	return cnpay.Unknown, "" // CANCEL_ERROR, CANCEL_ABORT_ERROR: not certain at the channel
}

// revoked judges a success by the order that comes with it, as far as it says anything: a state that it leaves out is
// the one that the result means.
func (r *Result) revoked(state string) (_ cnpay.Outcome, contradiction string) {
	order := r.Order
	order.OrderStatus = cmp.Or(order.OrderStatus, state)
	outcome, contradiction := order.judge()
	if outcome != cnpay.Succeeded && contradiction == "" {
		contradiction = r.ResultCode + " contradicts order_status " + order.OrderStatus
	}
	if contradiction != "" {
		outcome = cnpay.Unknown
	}
	return outcome, contradiction
}

func judgeQuery(r *Result) (_ cnpay.Outcome, contradiction string) {
	switch {
	case r.ResultCode == "SUCCESS":
		return cnpay.Succeeded, ""
	case r.ResultCode == "FAIL" && orderNotExists(r.ErrorCode) && r.Order.empty():
		return cnpay.Failed, ""
	}
	return cnpay.Unknown, ""
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

// orderNotExists knows both spellings: of the Chinese pages and of the English appendix.
func orderNotExists(code string) bool {
	return code == "UPAY_ORDER_NOT_EXISTS" || code == "UPAY_ORDER_NOT_EXIST"
}

// judge reads an order as the end of its revoke. No state that can still change decides it, and neither does a final
// one while the latest transaction is not certain.
func (o *Order) judge() (_ cnpay.Outcome, contradiction string) {
	if contradiction := o.contradiction(); contradiction != "" {
		return cnpay.Unknown, contradiction
	}
	outcome := judgeOrderStatus(o.OrderStatus)
	certain := o.Status == "" || o.Status == "SUCCESS" ||
		o.Status == "FAIL_CANCELED" && o.OrderStatus == "PAY_CANCELED" // the payment that was stopped
	if outcome.Final() && !certain {
		return cnpay.Unknown, "status " + o.Status + " contradicts order_status " + o.OrderStatus
	}
	return outcome, ""
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
func (o *Order) contradiction() string {
	total, net := amount(o.TotalAmount), amount(o.NetAmount)
	switch {
	case total == noAmount:
		return "total_amount " + o.TotalAmount + " is not an amount"
	case net == noAmount:
		return "net_amount " + o.NetAmount + " is not an amount"
	case net == absent:
		return ""
	case total != absent && net > total:
		return "net_amount " + o.NetAmount + " exceeds total_amount " + o.TotalAmount
	}
	whole := total == absent || net == total
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
		return "net_amount " + o.NetAmount + " contradicts order_status " + o.OrderStatus
	}
	return ""
}

const absent, noAmount = -1, -2

// amount reads fen in decimal text.
func amount(text string) int64 {
	if text == "" {
		return absent
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return noAmount
	}
	return int64(n)
}

// noSuchOrder reports whether a query was answered so.
func noSuchOrder(r *OrderQueryResponse) bool {
	return r.Outcome == cnpay.Failed && orderNotExists(r.Result.ErrorCode)
}

// judgeSettled judges the answer to a query after a revoke. An order that Upay does not have proves nothing about the
// revoke: the answer may come from a copy of the books that is behind, or the payment and its revoke may both still be
// on their way.
func judgeSettled(r *OrderQueryResponse) cnpay.Verdict {
	if noSuchOrder(r) {
		return cnpay.Verdict{Code: r.Result.ErrorCode, Message: r.Result.ErrorMessage}
	}
	outcome, contradiction := r.Result.Order.judge()
	return cnpay.Verdict{Outcome: outcome, Code: r.Result.OrderStatus, Message: contradiction}
}
