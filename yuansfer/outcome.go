package yuansfer

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/transport"
)

// RevokeSchedule is when to repeat a revoke whose outcome is unknown: at once, then further and further apart.
// No document has a schedule for it.
func RevokeSchedule() cnpay.Schedule {
	return cnpay.Schedule{0, 2 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second}
}

// judge decides what an answer means; its error is a cause that says more than the outcome does. A refused repeat only
// says that the repeat did nothing: the request before it may have been carried out, or may still be on its way.
func judge(r *Response, status string, op operation) (cnpay.Verdict, error) {
	v := cnpay.Verdict{Code: r.RetCode, Message: r.RetMsg}
	switch {
	case r.RetCode == "000100" && r.HTTPStatus == http.StatusOK:
		v.Outcome = op.judge(status)
	case refused(r) && status != "" && op.judge(status) != cnpay.Failed:
		return v, fmt.Errorf("%w: ret_code %s contradicts status %s", cnpay.ErrUndecided, r.RetCode, status)
	case refused(r):
		v.Outcome = cnpay.Failed
	}
	switch {
	case v.Outcome == cnpay.Failed && op.isRepeat:
		v.Outcome = cnpay.Unknown
	case v.Outcome == cnpay.Failed && r.RetCode == "000000" && strings.Contains(r.RetMsg, "verifySign"):
		return v, fmt.Errorf("%w: it does not accept the signature; check the token, the merchant number and the gateway", cnpay.ErrRefused)
	case v.Outcome == cnpay.Unknown && r.HTTPStatus != http.StatusOK:
		return v, fmt.Errorf("%w: %w", cnpay.ErrUndecided, transport.StatusError(r.HTTPStatus))
	}
	return v, nil
}

// refused lists the codes (响应返回代码) of refused requests. The others, 000000 (system error) and 000080 (system error
// of the wallet) among them, do not say whether the request was carried out.
func refused(r *Response) bool {
	switch r.RetCode {
	case "000010", // API version
		"000020", // parameter missing
		"000021", // parameter unknown: no such merchant, store, agreement or transaction
		"000022", // parameters do not match
		"000023", // parameter value
		"000030", // no right, access denied
		"000040": // not in this state
		return true
	case "000000": // of a system error and of a parameter alike; only the text says which
		return strings.HasPrefix(strings.ToLower(strings.Join(strings.Fields(r.RetMsg), "")), "dataerror")
	}
	return false
}

// judgeRevoke reads the status of an accepted revoke. The published answers have none; where one comes, it has the
// meaning that it has everywhere else (交易状态).
func judgeRevoke(status string) cnpay.Outcome {
	switch status {
	case "", "success":
		return cnpay.Succeeded
	case "init", "dealing", "pending":
		return cnpay.Pending
	case "failed":
		return cnpay.Failed
	}
	return cnpay.Unknown // closed, or undocumented
}
