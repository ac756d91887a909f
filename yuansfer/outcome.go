package yuansfer

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/transport"
)

// The codes of answers (响应返回代码). Which of them refuse a call is said by the outcomes.
const (
	CodeAccepted         = "000100" // taken; what happened to the money is the status
	CodeSystemError      = "000000" // also of a wrong parameter or signature, whose message begins with "data error"
	CodeVersion          = "000010" // API version
	CodeParameterMissing = "000020"
	CodeNotFound         = "000021" // no such merchant, store, agreement or transaction
	CodeMismatch         = "000022" // parameters do not match
	CodeParameterValue   = "000023"
	CodeNoRight          = "000030" // access denied
	CodeWrongState       = "000040" // not in this state; of a payout, too little balance
	CodeSupplierError    = "000080" // system error of the wallet, which may have acted
)

// The states of a transaction (交易状态).
const (
	StatusInit    = "init"    // made, and not sent to the wallet
	StatusDealing = "dealing" // being processed
	StatusPending = "pending" // waits for a confirmation
	StatusSuccess = "success" // carried out
	StatusFailed  = "failed"
	StatusClosed  = "closed" // not paid in time, or cancelled
)

// The states that a payout (支出) has besides. Of the last three no document says where the money is in the end.
const (
	StatusCompleted = "completed" // the payee has the money
	StatusReturned  = "returned"  // not claimed in time; the payor has it back
	StatusRefunded  = "refunded"  // given back after it was sent; the payor has it back
	StatusReversed  = "reversed"  // taken back after it was sent; the payor has it back
	StatusUnclaimed = "unclaimed" // the payee has no account yet
	StatusOnHold    = "onhold"    // under review
	StatusBlocked   = "blocked"
)

// RevokeSchedule is when to repeat a revoke whose outcome is unknown: at once, then further and further apart.
// No document has a schedule for it.
func RevokeSchedule() cnpay.Schedule {
	return cnpay.Schedule{0, 2 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second}
}

// BackSchedule is when to query what a back-end sent: soon, then further and further apart. The documents have no schedule.
func BackSchedule() cnpay.Schedule {
	return cnpay.Schedule{2 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second, time.Minute}
}

// TillSchedule is when to query while the customer stands at the till: every five seconds for a minute.
func TillSchedule() cnpay.Schedule {
	return append(cnpay.Schedule{3 * time.Second}, cnpay.Every(5*time.Second, 12)...)
}

// PayerSchedule is when to query an order that somebody pays within a time: every five seconds for a minute, then every
// minute, and once after its end.
func PayerSchedule(life time.Duration) cnpay.Schedule {
	minutes := int(min(life, 24*time.Hour) / time.Minute)
	return append(cnpay.Every(5*time.Second, 12), cnpay.Every(time.Minute, max(minutes, 1))...)
}

// PayoutSchedule is when to query a payout: after minutes, then daily for a week.
func PayoutSchedule() cnpay.Schedule {
	return append(cnpay.Schedule{time.Minute, 5 * time.Minute, 30 * time.Minute}, cnpay.Every(24*time.Hour, 7)...)
}

// life is how long an order can be paid, from its timeout in minutes (the documents' default is 120).
func life(minutes string) time.Duration {
	const year = 366 * 24 * 60
	n, _ := strconv.ParseInt(cmp.Or(minutes, "120"), 10, 64) // of a number that is too large the largest
	return time.Duration(min(n, year)) * time.Minute
}

// timestamp is a time as customers', payees' and v4 requests have it.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// judge decides what an answer means; its error is a cause that says more than the outcome does.
func judge(answer response, status string, httpStatus int, op *Operation) (cnpay.Verdict, error) {
	r := answer.base()
	v := cnpay.Verdict{Code: r.RetCode, Message: r.RetMsg}
	accepted := r.RetCode == CodeAccepted
	if e, ok := answer.(enveloped); ok && r.RetCode == "" {
		accepted, v.Code, v.Message = e.verdict()
	}
	switch {
	case accepted && httpStatus == http.StatusOK:
		if d, ok := answer.(doubtful); ok {
			if err := d.contradiction(); err != nil {
				return v, err
			}
		}
		v.Outcome = op.judge(status)
	case refused(r) && status != "" && op.judge(status) != cnpay.Failed:
		return v, call.Contradiction("ret_code %s contradicts status %s", r.RetCode, status)
	case refused(r):
		v.Outcome = cnpay.Failed
	}
	switch {
	case v.Outcome == cnpay.Failed && r.RetCode == CodeSystemError && strings.Contains(r.RetMsg, "verifySign"):
		return v, fmt.Errorf("%w: it does not accept the signature; check the token, the merchant number and the gateway", cnpay.ErrRefused)
	case v.Outcome == cnpay.Unknown && httpStatus != http.StatusOK:
		return v, fmt.Errorf("%w: %w", cnpay.ErrUndecided, transport.StatusError(httpStatus))
	}
	return v, nil
}

// judge reads the status of an accepted call. Of an operation without a rule of its own it says no more than that Yuansfer
// has it.
func (op *Operation) judge(status string) cnpay.Outcome {
	switch {
	case op.Judge != nil:
		return op.Judge(status)
	case op.Query || op.NoMoney:
		return cnpay.Succeeded
	}
	return cnpay.Pending
}

// refused lists the codes of refused requests. The others, 000000 (system error) and 000080 (system error of the wallet)
// among them, do not say whether the request was carried out.
func refused(r *Response) bool {
	switch r.RetCode {
	case CodeVersion, CodeParameterMissing, CodeNotFound, CodeMismatch, CodeParameterValue, CodeNoRight, CodeWrongState:
		return true
	case CodeSystemError: // of a system error and of a parameter alike; only the text says which
		return strings.HasPrefix(strings.ToLower(strings.Join(strings.Fields(r.RetMsg), "")), "dataerror")
	}
	return false
}

// judgePayment reads the state of a payment. One that comes without a state was accepted, and no more.
func judgePayment(status string) cnpay.Outcome {
	switch status {
	case StatusSuccess:
		return cnpay.Succeeded
	case "", StatusInit, StatusDealing, StatusPending:
		return cnpay.Pending
	case StatusFailed, StatusClosed:
		return cnpay.Failed
	}
	return cnpay.Unknown
}

// judgeRefund reads the state of a refund, an unfreezing or a capture.
func judgeRefund(status string) cnpay.Outcome {
	if status == StatusClosed { // a state of orders
		return cnpay.Unknown
	}
	return judgePayment(status)
}

// judgeCancel reads the state of an order in the answer to its cancel. Success is the state of an order that is still paid.
func judgeCancel(status string) cnpay.Outcome {
	switch status {
	case StatusClosed:
		return cnpay.Succeeded
	case "", StatusDealing, StatusPending:
		return cnpay.Pending
	}
	return cnpay.Unknown
}

// judgeRevoke reads the status of an accepted revoke, and of what else has no status in any published answer; where one
// comes, it has the meaning that it has everywhere else.
func judgeRevoke(status string) cnpay.Outcome {
	switch status {
	case "", StatusSuccess:
		return cnpay.Succeeded
	case StatusInit, StatusDealing, StatusPending:
		return cnpay.Pending
	case StatusFailed:
		return cnpay.Failed
	}
	return cnpay.Unknown // closed, or undocumented
}

// judgeOrder reads the state of an order that was just made and that somebody pays later. No published answer has one; a
// success would be that of the call.
func judgeOrder(status string) cnpay.Outcome {
	if status == StatusSuccess {
		return cnpay.Pending
	}
	return judgePayment(status)
}

// judgeAdd reads the state of an order that was made and is yet to be paid by a call of its own.
func judgeAdd(status string) cnpay.Outcome {
	switch status {
	case "", StatusInit:
		return cnpay.Succeeded
	case StatusFailed, StatusClosed:
		return cnpay.Failed
	}
	return cnpay.Unknown // under way or paid: it cannot be the new order
}

// judgePayout reads the state of a payout. Unclaimed, onhold and blocked can still change.
func judgePayout(status string) cnpay.Outcome {
	switch status {
	case StatusSuccess, StatusCompleted:
		return cnpay.Succeeded
	case "", StatusPending:
		return cnpay.Pending
	case StatusFailed, StatusReturned, StatusRefunded, StatusReversed: // the payor has the money, or has it back
		return cnpay.Failed
	}
	return cnpay.Unknown
}
