package chinaums

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/transport"
)

// CancelCompletionSchedule is when to query after the cancellation of a completion: at once, because most are done before their
// answer is lost, then ever more rarely for two minutes. The documents have one time only: an order that another
// operation holds (ORDER_PROCESSING) is free after about a minute.
func CancelCompletionSchedule() cnpay.Schedule {
	return cnpay.Schedule{0, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute}
}

// judge decides what an answer means; its error is a cause that says more than the outcome does. First comes whether
// the request was processed at all. A refusal is accepted under any HTTP status that is an answer, because the
// gateway's own come with several; a success is not.
func judge(res response, httpStatus int) (cnpay.Verdict, error) {
	r := res.base()
	v := cnpay.Verdict{Outcome: judgeCode(r.ErrCode), Code: r.ErrCode, Message: r.ErrMsg}
	if v.Message == "" {
		v.Message = r.ErrInfo
	}
	if outcome, state := res.judge(v.Outcome); outcome != v.Outcome {
		v.Outcome, v.Code = outcome, strings.TrimSpace(v.Code+" "+state)
	}
	if v.Outcome != cnpay.Failed && httpStatus != http.StatusOK {
		v.Outcome = cnpay.Unknown
		return v, fmt.Errorf("%w: %w", cnpay.ErrUndecided, transport.StatusError(httpStatus))
	}
	return v, nil
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
	// INVALID_ORDER, HAS_CANCELLED, 9999, 9200, or undocumented.
	return cnpay.Unknown
}

// judge reads the states in the answer to a cancellation, and names the one that leaves it open. Whether status is that of
// the cancellation or that of the completion after it, the documents do not say. With SUCCESS each of its three last
// values means done: read in the other way, it would be a request that was processed and yet refused, and refusals
// have an errCode. A refusal of what is closed already does not say who closed it.
func (r *BillCancelCompletionResponse) judge(byCode cnpay.Outcome) (_ cnpay.Outcome, state string) {
	status := r.BillPayment.Status
	switch {
	case byCode == cnpay.Failed && status == "TRADE_CLOSED":
		return cnpay.Unknown, status
	case byCode != cnpay.Succeeded:
		return byCode, ""
	case !paid(r.BillStatus):
		return cnpay.Unknown, r.BillStatus
	}
	if contradiction := r.BillPayment.contradiction(); contradiction != "" {
		return cnpay.Unknown, contradiction
	}
	switch status {
	case "TRADE_SUCCESS", "TRADE_CLOSED", "TRADE_REFUND":
		return cnpay.Succeeded, ""
	case "NEW_ORDER", "WAIT_BUYER_PAY", "":
		return cnpay.Pending, status
	}
	return cnpay.Unknown, status // UNKNOWN, or undocumented
}

// judge of a query is about the query alone: answered.
func (r *BillQueryResponse) judge(byCode cnpay.Outcome) (_ cnpay.Outcome, state string) {
	return byCode, ""
}

// paid reports whether a bill, as far as its state (账单状态) is known, was ever paid: only then can a completion exist.
func paid(billStatus string) bool {
	switch billStatus {
	case "", "PAID", "REFUND", "CLOSED":
		return true
	}
	return false // UNPAID, UNKNOWN, or undocumented
}

// contradiction names an amount that cannot be.
func (p *Payment) contradiction() string {
	switch {
	case p.TotalAmount < 0:
		return fmt.Sprintf("totalAmount %d", p.TotalAmount)
	case p.BuyerPayAmount < 0:
		return fmt.Sprintf("buyerPayAmount %d", p.BuyerPayAmount)
	}
	return ""
}

// judgeSettled judges the answer to a query after the cancellation of the completion merOrderID. The documents do not say
// how it shows.
//
// A closed completion (TRADE_CLOSED) holds no money. A refunded one (TRADE_REFUND) holds less, or none: a refund in
// part, made here or in the portal, shows so too, and does not exclude a request that is still on its way. TRADE_SUCCESS
// is the state before it and proves nothing.
func judgeSettled(r *BillQueryResponse, merOrderID string) cnpay.Verdict {
	completion := r.AuthedBillPayment
	if r.Outcome != cnpay.Succeeded || completion == nil || completion.MerOrderID != merOrderID {
		return cnpay.Verdict{}
	}
	v := cnpay.Verdict{Code: completion.Status, Message: completion.contradiction()}
	other := r.BillPayment
	switch {
	case v.Message != "":
	case !paid(r.BillStatus):
		v.Message = "contradicts billStatus " + r.BillStatus
	case other.MerOrderID == merOrderID && (other.Status != completion.Status || other.TotalAmount != completion.TotalAmount):
		v.Message = "contradicts billPayment of the same number"
	case completion.Status == "TRADE_CLOSED":
		v.Outcome = cnpay.Succeeded
	}
	return v
}
