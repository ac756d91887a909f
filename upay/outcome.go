package upay

import (
	"cmp"
	"net/http"
	"time"

	"github.com/cnpay-go/cnpay"
)

// RevokeSchedule is when to ask after a revoke: at once, because most are done before their answer is lost, then
// every five seconds for fifty, as the documents advise for polling.
func RevokeSchedule() cnpay.Schedule {
	return append(cnpay.Schedule{0}, cnpay.Every(5*time.Second, 10)...)
}

// judge decides what an answer means. Whether the request was accepted at all comes first; what became of the
// operation is asked only then. 500, and an answer that contradicts itself, decide nothing.
func judge(r *Response, httpStatus int, op operation) cnpay.Verdict {
	v := cnpay.Verdict{Code: cmp.Or(r.ErrorCode, r.ResultCode), Message: r.ErrorMessage}
	switch {
	case r.ResultCode == "400" && r.Result.ResultCode == "":
		v.Outcome = judgeRefusal(r.ErrorCode)
	case r.ResultCode == "200" && httpStatus == http.StatusOK && r.Result.ResultCode != "":
		v = cnpay.Verdict{Code: cmp.Or(r.Result.ErrorCode, r.Result.ResultCode), Message: r.Result.ErrorMessage}
		v.Outcome = op.judge(&r.Result)
	}
	return v
}

// judgeRefusal reads the code (通讯错误码) that stands beside 400: not carried out, unless the code says that the
// gateway had trouble of its own.
func judgeRefusal(code string) cnpay.Outcome {
	switch code {
	case "UNKNOWN_SYSTEM_ERROR", "MAINTENANCE_INPROGRESS", "REQUEST_FAIL", "EXTERNAL_SERVICE_EXCEPTION",
		"PAY_STATUS_CLOSED", "SUCCESS":
		return cnpay.Unknown
	}
	return cnpay.Failed
}

func judgeRevoke(b *Result) cnpay.Outcome {
	switch b.ResultCode {
	case "CANCEL_SUCCESS", "CANCEL_ABORT_SUCCESS":
		if b.cancelled() {
			return cnpay.Succeeded
		}
	case "CANCEL_IN_PROGRESS", "CANCEL_INPROGRESS", "CANCEL_ABORT_IN_PROGRESS":
		return cnpay.Pending
	case "FAIL":
		if b.ErrorCode == "UPAY_CANCEL_ORDER_NOOP" {
			return cnpay.Pending // revoked before; the documents want it confirmed by a query
		}
		return judgeFail(b.ErrorCode)
	}
	return cnpay.Unknown // CANCEL_ERROR, CANCEL_ABORT_ERROR: not certain at the channel
}

// cancelled reports whether the order that stands beside a success, as far as it says anything, says the same.
func (b *Result) cancelled() bool {
	if b.OrderStatus != "" && judgeOrderStatus(b.OrderStatus) != cnpay.Succeeded {
		return false
	}
	switch judgeStatus(b.Status) {
	case cnpay.Succeeded:
		return true
	case cnpay.Failed: // the payment that was stopped
		return b.ResultCode == "CANCEL_ABORT_SUCCESS"
	}
	return b.Status == ""
}

func judgeQuery(b *Result) cnpay.Outcome {
	switch {
	case b.ResultCode == "SUCCESS":
		return cnpay.Succeeded
	case b.ResultCode == "FAIL" && orderNotExists(b.ErrorCode):
		return cnpay.Failed
	}
	return cnpay.Unknown
}

// judgeFail reads the code (业务执行错误码) that stands beside FAIL: refused, and no flow was started.
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
	return cnpay.Unknown // TRADE_NOT_EXIST, TRADE_HAS_SUCCESS, CLIENT_SN_CONFLICT, REFUND_REQUEST_CONFLICT, or unlisted
}

// orderNotExists knows both spellings: of the Chinese pages and of the English appendix.
func orderNotExists(code string) bool {
	return code == "UPAY_ORDER_NOT_EXISTS" || code == "UPAY_ORDER_NOT_EXIST"
}

// judgeOrderStatus reads the state of an order (订单状态) as the end of its revoke.
func judgeOrderStatus(status string) cnpay.Outcome {
	switch status {
	case "CANCELED", "PAY_CANCELED": // the latter: there was never a standing payment
		return cnpay.Succeeded
	case "PAID", "REFUNDED", "PARTIAL_REFUNDED", "REFUND_INPROGRESS", "REFUND_ERROR":
		return cnpay.Failed
	case "CANCEL_INPROGRESS":
		return cnpay.Pending
	}
	return cnpay.Unknown // CREATED, PAY_ERROR, CANCEL_ERROR, INVALID_STATUS_CODE, IN_QUEUE, or unlisted
}

// judgeStatus reads the state of a transaction (流水状态): done on both sides, not done on either, or not certain.
func judgeStatus(status string) cnpay.Outcome {
	switch status {
	case "SUCCESS":
		return cnpay.Succeeded
	case "FAIL_CANCELED":
		return cnpay.Failed
	}
	return cnpay.Unknown // IN_PROG, CREATED, the other FAIL_ codes, CANCEL_ERROR, REFUND_ERROR, or unlisted
}

// noSuchOrder reports whether a query was answered so: then nothing was revoked either.
func noSuchOrder(r *OrderQueryResponse) bool {
	return r.Outcome == cnpay.Failed && orderNotExists(r.Result.ErrorCode)
}

// revocation follows the answers to the queries after a revoke.
type revocation struct{ standing int }

// verdict is what an answer says of the revoke. An order that is still paid may yet be revoked by a request on its
// way, so only the second such answer in a row counts, and none while its latest transaction is not certain.
func (v *revocation) verdict(r *OrderQueryResponse) cnpay.Verdict {
	b := &r.Result
	if noSuchOrder(r) {
		return cnpay.Verdict{Outcome: cnpay.Failed, Code: b.ErrorCode, Message: b.ErrorMessage}
	}
	if b.OrderStatus != "PAID" {
		v.standing = 0
		return cnpay.Verdict{Outcome: judgeOrderStatus(b.OrderStatus), Code: b.OrderStatus}
	}
	if b.Status != "" && judgeStatus(b.Status) == cnpay.Unknown {
		v.standing = 0
		return cnpay.Verdict{Code: b.Status}
	}
	if v.standing++; v.standing < 2 {
		return cnpay.Verdict{Code: b.OrderStatus}
	}
	return cnpay.Verdict{Outcome: cnpay.Failed, Code: b.OrderStatus}
}
