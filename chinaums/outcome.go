package chinaums

import (
	"net/http"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
)

// CancelCompletionSchedule is when to ask after a void of a completion: at once, because most are done before their
// answer is lost, then ever more rarely for two minutes. The documents give no times but one: an order that another
// operation holds (ORDER_PROCESSING) is free after about a minute.
func CancelCompletionSchedule() cnpay.Schedule {
	return cnpay.Schedule{0, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute}
}

// judge decides what an answer means. Whether the request was processed at all comes first. A refusal is believed
// under any HTTP status that is an answer, because the gateway's own come with several; a success is not.
func judge(res response, httpStatus int) cnpay.Verdict {
	r := res.base()
	v := cnpay.Verdict{Outcome: judgeCode(r.ErrCode), Code: r.ErrCode, Message: r.ErrMsg}
	if v.Message == "" {
		v.Message = r.ErrInfo
	}
	if v.Outcome == cnpay.Succeeded {
		if outcome, state := res.judge(); outcome != cnpay.Succeeded {
			v.Outcome, v.Code = outcome, strings.TrimSpace(v.Code+" "+state)
		}
	}
	if v.Outcome != cnpay.Failed && httpStatus != http.StatusOK {
		v.Outcome = cnpay.Unknown
	}
	return v
}

// judgeCode reads errCode, of netpay (平台错误码) or of the gateway before it.
func judgeCode(code string) cnpay.Outcome {
	switch code {
	case "SUCCESS":
		return cnpay.Succeeded
	case "0000": // the gateway's: taken, and netpay has not spoken
		return cnpay.Pending
	case "BAD_REQUEST", "NO_SERVICE", "NO_ORDER", "OPERATION_NOT_ALLOWED", "NO_MERCHANT", "INACTIVE_MERCHANT",
		"ABNORMAL_REQUEST_TIME", "BAD_SIGN", "INVALID_MSGSRC", "NO_CROSS_DAY_TRADING", "DENIED_IP",
		"INVLID_MERCHANT_CONFIG", "INVALID_MERCHANT_CONFIG", // the documents spell it the first way
		"1000", "1001", "9001":
		return cnpay.Failed
	}
	// INTERNAL_ERROR, TIMEOUT, NET_ERROR, DUP_ORDER, ORDER_PROCESSING, TARGET_FAIL, INVALID_RESPONSE, TXN_DISCARDED,
	// INVALID_ORDER, HAS_CANCELLED, 9999, 9200, or unlisted.
	return cnpay.Unknown
}

// judge reads the states in the answer to a void that was processed, and names the one that leaves it open. Whether
// status is that of the void or that of the completion after it, the documents do not say. Beside SUCCESS each of
// its three last values means that the void is done: read in the other way, it would be a void that was processed
// and yet refused, and refusals have an errCode.
func (r *BillCancelCompletionResponse) judge() (cnpay.Outcome, string) {
	switch r.BillStatus {
	case "", "PAID", "REFUND", "CLOSED":
	default: // UNPAID, UNKNOWN, or unlisted
		return cnpay.Unknown, r.BillStatus
	}
	status := r.BillPayment.Status
	switch status {
	case "TRADE_SUCCESS", "TRADE_CLOSED", "TRADE_REFUND":
		return cnpay.Succeeded, status
	case "NEW_ORDER", "WAIT_BUYER_PAY", "":
		return cnpay.Pending, status
	}
	return cnpay.Unknown, status // UNKNOWN, or unlisted
}

// judge of a query is about the query: answered.
func (r *BillQueryResponse) judge() (cnpay.Outcome, string) { return cnpay.Succeeded, "" }

// completionVoid is what an answer to a query says of the void of the completion merOrderID. The documents do not say
// how a void shows. A closed completion (TRADE_CLOSED) holds no money. A refunded one (TRADE_REFUND) gave some back:
// by this void, since nothing else may have been refunded of a completion that is voided. TRADE_SUCCESS does not
// exclude a void that is under way, or that is on record elsewhere.
func completionVoid(r *BillQueryResponse, merOrderID string) cnpay.Verdict {
	completion := r.AuthedBillPayment
	if r.Outcome != cnpay.Succeeded || completion == nil || completion.MerOrderID != merOrderID {
		return cnpay.Verdict{}
	}
	switch completion.Status {
	case "TRADE_CLOSED", "TRADE_REFUND":
		return cnpay.Verdict{Outcome: cnpay.Succeeded, Code: completion.Status}
	}
	return cnpay.Verdict{Code: completion.Status}
}
