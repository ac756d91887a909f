package upay

import (
	"net/http"
	"time"

	"github.com/cnpay-go/cnpay"
)

// RevokeSchedule is when to ask after a revoke: at once, because most are done before their answer is lost, then
// every five seconds for fifty, as the documents advise for polling.
func RevokeSchedule() cnpay.Schedule {
	return append(cnpay.Schedule{0}, cnpay.Every(5*time.Second, 10)...)
}

// judge decides what an answer means. Whether the request was accepted at all comes first.
func judge(r *Response, httpStatus int, op operation) cnpay.Verdict {
	v := cnpay.Verdict{Code: r.ResultCode, Message: r.ErrorMessage}
	if r.ErrorCode != "" {
		v.Code = r.ErrorCode
	}
	switch {
	case r.ResultCode == "400" && !unsettledRefusal(r.ErrorCode):
		v.Outcome = cnpay.Failed
	case r.ResultCode == "200" && httpStatus == http.StatusOK:
		v.Code, v.Message = r.Biz.ResultCode, r.Biz.ErrorMessage
		if r.Biz.ErrorCode != "" {
			v.Code = r.Biz.ErrorCode
		}
		v.Outcome = op.judge(&r.Biz)
	}
	return v
}

// unsettledRefusal lists the codes (通讯错误码) that say the gateway had trouble of its own.
func unsettledRefusal(code string) bool {
	switch code {
	case "UNKNOWN_SYSTEM_ERROR", "MAINTENANCE_INPROGRESS", "REQUEST_FAIL", "EXTERNAL_SERVICE_EXCEPTION", "PAY_STATUS_CLOSED":
		return true
	}
	return false
}

func judgeRevoke(b *Biz) cnpay.Outcome {
	switch b.ResultCode {
	case "CANCEL_SUCCESS", "CANCEL_ABORT_SUCCESS":
		return cnpay.Succeeded
	case "CANCEL_IN_PROGRESS", "CANCEL_INPROGRESS", "CANCEL_ABORT_IN_PROGRESS":
		return cnpay.Pending
	case "FAIL":
		return judgeFail(b.ErrorCode)
	}
	return cnpay.Unknown // CANCEL_ERROR, CANCEL_ABORT_ERROR: not certain at the channel
}

func judgeQuery(b *Biz) cnpay.Outcome {
	switch b.ResultCode {
	case "SUCCESS":
		return cnpay.Succeeded
	case "FAIL":
		return judgeFail(b.ErrorCode)
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
	case "UPAY_CANCEL_ORDER_NOOP", "UPAY_REFUND_ORDER_NOOP":
		return cnpay.Pending // done before; the documents want it confirmed by a query
	}
	return cnpay.Unknown // TRADE_NOT_EXIST, TRADE_HAS_SUCCESS, CLIENT_SN_CONFLICT, REFUND_REQUEST_CONFLICT, or unlisted
}

// noSuchOrder reports whether a query was answered so: then nothing was revoked either.
func noSuchOrder(r *QueryResponse) bool {
	return r.Outcome == cnpay.Failed && (r.Biz.ErrorCode == "UPAY_ORDER_NOT_EXISTS" || r.Biz.ErrorCode == "UPAY_ORDER_NOT_EXIST")
}

// revocation follows the answers to the queries after a revoke.
type revocation struct{ standing int }

// verdict is what an answer says of the revoke. An order that is still paid may yet be revoked by a request on its
// way, so only a second such answer in a row counts.
func (v *revocation) verdict(r *QueryResponse) cnpay.Verdict {
	if noSuchOrder(r) {
		return cnpay.Verdict{Outcome: cnpay.Failed, Code: r.Biz.ErrorCode, Message: r.Biz.ErrorMessage}
	}
	status := r.Biz.Data.OrderStatus
	if status != "PAID" {
		v.standing = 0
	}
	verdict := cnpay.Verdict{Code: status}
	switch status {
	case "CANCELED", "PAY_CANCELED":
		verdict.Outcome = cnpay.Succeeded
	case "PAID":
		if v.standing++; v.standing > 1 {
			verdict.Outcome = cnpay.Failed
		}
	case "REFUNDED", "PARTIAL_REFUNDED", "REFUND_INPROGRESS", "REFUND_ERROR":
		verdict.Outcome = cnpay.Failed
	case "CANCEL_INPROGRESS":
		verdict.Outcome = cnpay.Pending
	}
	return verdict
}
