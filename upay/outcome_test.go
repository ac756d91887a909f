package upay

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

const (
	unknown   = cnpay.Unknown
	succeeded = cnpay.Succeeded
	pending   = cnpay.Pending
	failed    = cnpay.Failed
)

// 通讯响应码 and 通讯错误码: whether the request was accepted.
func TestEnvelopeCodes(t *testing.T) {
	revoke := operation{judge: judgeRevoke}
	for _, tt := range []struct {
		resultCode, errorCode string
		httpStatus            int
		biz                   string
		outcome               cnpay.Outcome
		code                  string
	}{
		{"200", "", http.StatusOK, "CANCEL_SUCCESS", succeeded, "CANCEL_SUCCESS"},
		{"200", "", http.StatusOK, "", unknown, "200"},
		{"200", "", http.StatusCreated, "CANCEL_SUCCESS", unknown, "200"},
		{"200", "", http.StatusForbidden, "CANCEL_SUCCESS", unknown, "200"},
		{"200", "SUCCESS", http.StatusOK, "CANCEL_SUCCESS", succeeded, "CANCEL_SUCCESS"},
		{"400", "", http.StatusOK, "", failed, "400"},
		{"400", "", http.StatusBadRequest, "", failed, "400"},
		{"400", "INVALID_PARAMS", http.StatusOK, "", failed, "INVALID_PARAMS"},
		{"400", "INVALID_PARAMETER", http.StatusOK, "", failed, "INVALID_PARAMETER"},
		{"400", "INVALID_TERMINAL", http.StatusOK, "", failed, "INVALID_TERMINAL"},
		{"400", "TERMINAL_NOT_EXISTS", http.StatusOK, "", failed, "TERMINAL_NOT_EXISTS"},
		{"400", "ILLEGAL_SIGN", http.StatusOK, "", failed, "ILLEGAL_SIGN"},
		{"400", "ACTIVATE_FAIL", http.StatusOK, "", failed, "ACTIVATE_FAIL"},
		{"400", "NO_DOCUMENT_HAS_IT", http.StatusOK, "", failed, "NO_DOCUMENT_HAS_IT"}, // 400 itself says: not carried out
		{"400", "UNKNOWN_SYSTEM_ERROR", http.StatusOK, "", unknown, "UNKNOWN_SYSTEM_ERROR"},
		{"400", "MAINTENANCE_INPROGRESS", http.StatusOK, "", unknown, "MAINTENANCE_INPROGRESS"},
		{"400", "REQUEST_FAIL", http.StatusOK, "", unknown, "REQUEST_FAIL"},
		{"400", "EXTERNAL_SERVICE_EXCEPTION", http.StatusOK, "", unknown, "EXTERNAL_SERVICE_EXCEPTION"},
		{"400", "PAY_STATUS_CLOSED", http.StatusOK, "", unknown, "PAY_STATUS_CLOSED"},
		{"400", "SUCCESS", http.StatusOK, "", unknown, "SUCCESS"},
		{"400", "INVALID_PARAMS", http.StatusOK, "CANCEL_SUCCESS", unknown, "INVALID_PARAMS"}, // it contradicts itself
		{"500", "", http.StatusOK, "", unknown, "500"},
		{"500", "UNKNOWN_SYSTEM_ERROR", http.StatusOK, "", unknown, "UNKNOWN_SYSTEM_ERROR"},
		{"500", "MAINTENANCE_INPROGRESS", http.StatusOK, "", unknown, "MAINTENANCE_INPROGRESS"},
		{"500", "ILLEGAL_SIGN", http.StatusOK, "", unknown, "ILLEGAL_SIGN"},
		{"500", "", http.StatusOK, "CANCEL_SUCCESS", unknown, "500"},
		{"", "", http.StatusOK, "CANCEL_SUCCESS", unknown, ""},
		{"201", "", http.StatusOK, "CANCEL_SUCCESS", unknown, "201"},
		{"200.0", "", http.StatusOK, "CANCEL_SUCCESS", unknown, "200.0"},
	} {
		r := &Response{ResultCode: tt.resultCode, ErrorCode: tt.errorCode, ErrorMessage: "text", Result: Result{ResultCode: tt.biz}}
		v := judge(r, tt.httpStatus, revoke)
		require.Equal(t, tt.outcome, v.Outcome, "%+v", tt)
		require.Equal(t, tt.code, v.Code, "%+v", tt)
	}
}

// 业务结果码: what happened to a revoke.
func TestRevokeResultCodes(t *testing.T) {
	for code, outcome := range map[string]cnpay.Outcome{
		"CANCEL_SUCCESS":           succeeded,
		"CANCEL_ABORT_SUCCESS":     succeeded,
		"CANCEL_ERROR":             unknown,
		"CANCEL_ABORT_ERROR":       unknown,
		"CANCEL_IN_PROGRESS":       pending,
		"CANCEL_INPROGRESS":        pending,
		"CANCEL_ABORT_IN_PROGRESS": pending,
		"FAIL":                     failed,

		// What belongs to other operations says nothing about a revoke.
		"PAY_SUCCESS": unknown, "PAY_FAIL": unknown, "PAY_IN_PROGRESS": unknown, "PAY_FAIL_ERROR": unknown,
		"PAY_FAIL_IN_PROGRESS": unknown, "PRECREATE_SUCCESS": unknown, "PRECREATE_FAIL": unknown,
		"PRECREATE_FAIL_ERROR": unknown, "PRECREATE_FAIL_IN_PROGRESS": unknown, "REFUND_SUCCESS": unknown,
		"REFUND_FAIL": unknown, "REFUND_ERROR": unknown, "REFUND_IN_PROGRESS": unknown, "REFUND_FAIL_ERROR": unknown,
		"SUCCESS": unknown, "INIT": unknown, "CLOSED": unknown, "UNKNOWN": unknown, "UNKOWN": unknown,
		"ACTIVATE_SUCCESS": unknown, "TERMINAL_CHECKIN_SUCCESS": unknown, "cancel_success": unknown, "": unknown,
		"CANCEL_PERHAPS": unknown,
	} {
		require.Equal(t, outcome, judgeRevoke(&Result{ResultCode: code}), code)
	}
}

// A success is believed only beside an order that agrees.
func TestRevokeSuccessNeedsAnOrderThatAgrees(t *testing.T) {
	for _, tt := range []struct {
		code, status, orderStatus string
		outcome                   cnpay.Outcome
	}{
		{"CANCEL_SUCCESS", "", "", succeeded},
		{"CANCEL_SUCCESS", "SUCCESS", "CANCELED", succeeded},
		{"CANCEL_SUCCESS", "SUCCESS", "PAY_CANCELED", succeeded},
		{"CANCEL_SUCCESS", "SUCCESS", "PAID", unknown},
		{"CANCEL_SUCCESS", "SUCCESS", "CANCEL_INPROGRESS", unknown},
		{"CANCEL_SUCCESS", "SUCCESS", "CANCEL_ERROR", unknown},
		{"CANCEL_SUCCESS", "SUCCESS", "REFUNDED", unknown},
		{"CANCEL_SUCCESS", "SUCCESS", "canceled", unknown},
		{"CANCEL_SUCCESS", "IN_PROG", "CANCELED", unknown},
		{"CANCEL_SUCCESS", "CANCEL_ERROR", "CANCELED", unknown},
		{"CANCEL_SUCCESS", "FAIL_CANCELED", "", unknown},
		{"CANCEL_ABORT_SUCCESS", "FAIL_CANCELED", "PAY_CANCELED", succeeded},
		{"CANCEL_ABORT_SUCCESS", "FAIL_CANCELED", "PAID", unknown},
		{"CANCEL_ABORT_SUCCESS", "FAIL_IO_1", "PAY_CANCELED", unknown},
	} {
		b := &Result{ResultCode: tt.code, Order: Order{Status: tt.status, OrderStatus: tt.orderStatus}}
		require.Equal(t, tt.outcome, judgeRevoke(b), "%+v", tt)
	}
}

// 业务执行错误码 beside FAIL.
func TestRevokeErrorCodes(t *testing.T) {
	for code, outcome := range map[string]cnpay.Outcome{
		"": failed,

		"INVALID_BARCODE": failed, "AUTHCODE_EXPIRE": failed, "EXPIRED_BARCODE": failed, "INSUFFICIENT_FUND": failed,
		"BUYER_OVER_DAILY_LIMIT": failed, "BUYER_OVER_TRANSACTION_LIMIT": failed, "SELLER_OVER_DAILY_LIMIT": failed,
		"UPAY_STORE_OVER_DAILY_LIMIT": failed, "SELLER_BALANCE_NOT_ENOUGH": failed, "ACCOUNT_BALANCE_NOT_ENOUGH": failed,
		"REFUND_AMT_NOT_EQUAL_TOTAL": failed, "REFUNDABLE_AMOUNT_NOT_ENOUGH": failed, "TRADE_FAILED": failed,
		"UNEXPECTED_PROVIDER_ERROR": failed, "TRADE_TIMEOUT": failed, "UPAY_ORDER_NOT_EXISTS": failed,
		"UPAY_ORDER_NOT_EXIST": failed, "UPAY_TERMINAL_NOT_EXISTS": failed, "UPAY_TERMINAL_STATUS_ABNORMAL": failed,
		"UPAY_CANCEL_INVALID_ORDER_STATE": failed, "UPAY_REFUND_INVALID_ORDER_STATE": failed,
		"UPAY_TCP_ORDER_NOT_REFUNDABLE": failed, "UPAY_MERCHANT_NOT_EXISTS": failed,

		"UPAY_CANCEL_ORDER_NOOP": pending,

		"TRADE_NOT_EXIST": unknown, "TRADE_HAS_SUCCESS": unknown, "CLIENT_SN_CONFLICT": unknown,
		"REFUND_REQUEST_CONFLICT": unknown, "UPAY_REFUND_ORDER_NOOP": unknown, "NO_DOCUMENT_HAS_IT": unknown,
	} {
		require.Equal(t, outcome, judgeRevoke(&Result{ResultCode: "FAIL", ErrorCode: code}), code)
	}
	// Beside any other result the error code only explains.
	require.Equal(t, unknown, judgeRevoke(&Result{ResultCode: "CANCEL_ERROR", ErrorCode: "UPAY_TCP_ORDER_NOT_REFUNDABLE"}))
	require.Equal(t, unknown, judgeRevoke(&Result{ResultCode: "CANCEL_ERROR", ErrorCode: "UPAY_CANCEL_ORDER_NOOP"}))
	require.Equal(t, succeeded, judgeRevoke(&Result{ResultCode: "CANCEL_SUCCESS", ErrorCode: "TRADE_FAILED"}))
}

func TestQueryResultCodes(t *testing.T) {
	for _, tt := range []struct {
		code, errorCode string
		outcome         cnpay.Outcome
	}{
		{"SUCCESS", "", succeeded},
		{"FAIL", "UPAY_ORDER_NOT_EXISTS", failed},
		{"FAIL", "UPAY_ORDER_NOT_EXIST", failed},
		{"FAIL", "", unknown},
		{"FAIL", "UPAY_CANCEL_ORDER_NOOP", unknown},
		{"FAIL", "TRADE_NOT_EXIST", unknown},
		{"FAIL", "UPAY_TERMINAL_NOT_EXISTS", unknown},
		{"CANCEL_SUCCESS", "", unknown},
		{"", "", unknown},
		{"", "UPAY_ORDER_NOT_EXISTS", unknown},
	} {
		require.Equal(t, tt.outcome, judgeQuery(&Result{ResultCode: tt.code, ErrorCode: tt.errorCode}), "%+v", tt)
	}
}

// 订单状态, seen after a revoke.
func TestOrderStatus(t *testing.T) {
	for status, outcome := range map[string]cnpay.Outcome{
		"CANCELED": succeeded, "PAY_CANCELED": succeeded,
		"PAID": failed, "REFUNDED": failed, "PARTIAL_REFUNDED": failed, "REFUND_INPROGRESS": failed, "REFUND_ERROR": failed,
		"CANCEL_INPROGRESS": pending,
		"CREATED":           unknown, "PAY_ERROR": unknown, "CANCEL_ERROR": unknown, "INVALID_STATUS_CODE": unknown, "IN_QUEUE": unknown,
		"": unknown, "CANCELLED": unknown,
	} {
		require.Equal(t, outcome, judgeOrderStatus(status), status)

		// As the answer to one query: the same, except that PAID needs a second.
		var v revocation
		verdict := v.verdict(&OrderQueryResponse{Response{Result: Result{Order: Order{OrderStatus: status}}}})
		if status == "PAID" {
			outcome = unknown
		}
		require.Equal(t, cnpay.Verdict{Outcome: outcome, Code: status}, verdict, status)
	}
}

// 流水状态.
func TestTransactionStatus(t *testing.T) {
	for status, outcome := range map[string]cnpay.Outcome{
		"SUCCESS": succeeded, "FAIL_CANCELED": failed,
		"FAIL_PROTOCOL_1": unknown, "FAIL_PROTOCOL_2": unknown, "FAIL_PROTOCOL_3": unknown, "FAIL_IO_1": unknown,
		"FAIL_IO_2": unknown, "FAIL_ERROR": unknown, "CANCEL_ERROR": unknown, "REFUND_ERROR": unknown, "IN_PROG": unknown,
		"CREATED": unknown, "ABORTED": unknown, "ERROR_RECOVERY": unknown, "PRE_SUCCESS": unknown, "": unknown, "PAID": unknown,
	} {
		require.Equal(t, outcome, judgeStatus(status), status)
	}
}

// PAID counts when it is said twice in a row, of an order whose latest transaction is certain.
func TestRevocationFollowsTheAnswers(t *testing.T) {
	type seen struct{ orderStatus, status string }
	for name, tt := range map[string]struct {
		answers []seen
		verdict cnpay.Verdict
	}{
		"paid twice":                  {[]seen{{"PAID", "SUCCESS"}, {"PAID", "SUCCESS"}}, cnpay.Verdict{Outcome: failed, Code: "PAID"}},
		"paid twice, no status":       {[]seen{{"PAID", ""}, {"PAID", ""}}, cnpay.Verdict{Outcome: failed, Code: "PAID"}},
		"paid twice, cancel failed":   {[]seen{{"PAID", "FAIL_CANCELED"}, {"PAID", "FAIL_CANCELED"}}, cnpay.Verdict{Outcome: failed, Code: "PAID"}},
		"paid, something in between":  {[]seen{{"PAID", ""}, {"CANCEL_INPROGRESS", ""}, {"PAID", ""}}, cnpay.Verdict{Code: "PAID"}},
		"paid, then not certain":      {[]seen{{"PAID", ""}, {"PAID", "CANCEL_ERROR"}}, cnpay.Verdict{Code: "CANCEL_ERROR"}},
		"paid, a flow in between":     {[]seen{{"PAID", ""}, {"PAID", "IN_PROG"}, {"PAID", ""}}, cnpay.Verdict{Code: "PAID"}},
		"paid, then revoked":          {[]seen{{"PAID", ""}, {"CANCELED", ""}}, cnpay.Verdict{Outcome: succeeded, Code: "CANCELED"}},
		"paid after an odd beginning": {[]seen{{"CREATED", ""}, {"PAID", ""}, {"PAID", ""}}, cnpay.Verdict{Outcome: failed, Code: "PAID"}},
	} {
		var v revocation
		var last cnpay.Verdict
		for _, a := range tt.answers {
			last = v.verdict(&OrderQueryResponse{Response{Result: Result{Order: Order{OrderStatus: a.orderStatus, Status: a.status}}}})
		}
		require.Equal(t, tt.verdict, last, name)
	}
}
