package upay

import (
	"errors"
	"math"
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
	revoke := &Operation{Judge: judgeRevoke}
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
		{"200", "ILLEGAL_SIGN", http.StatusOK, "CANCEL_SUCCESS", unknown, "ILLEGAL_SIGN"}, // it contradicts itself
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
		r := &Response{Envelope: Envelope{ResultCode: tt.resultCode, ErrorCode: tt.errorCode, ErrorMessage: "text"}, Result: *result(tt.biz, "", Order{})}
		v, cause := judge(r, tt.httpStatus, revoke)
		require.Equal(t, tt.outcome, v.Outcome, "%+v", tt)
		require.Equal(t, tt.code, v.Code, "%+v", tt)
		require.Equal(t, tt.outcome == unknown && tt.httpStatus != http.StatusOK, errors.Is(cause, cnpay.ErrHTTPStatus), "%+v", tt)
	}
	refusedAndRevoked := &Response{Envelope: Envelope{ResultCode: "400"}, Result: *result("", "", Order{OrderStatus: "CANCELED"})}
	v, _ := judge(refusedAndRevoked, http.StatusOK, revoke)
	require.Equal(t, unknown, v.Outcome)
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
		require.Equal(t, outcome, revokeOutcome(result(code, "", Order{})), code)
	}
}

func result(code, errorCode string, order Order) *Result {
	return &Result{Codes: Codes{ResultCode: code, ErrorCode: errorCode}, Order: order}
}

func revokeOutcome(r *Result) cnpay.Outcome {
	outcome, _ := judgeRevoke(r)
	return outcome
}

// A success is accepted only with an order that agrees.
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
		b := result(tt.code, "", Order{Status: tt.status, OrderStatus: tt.orderStatus})
		require.Equal(t, tt.outcome, revokeOutcome(b), "%+v", tt)
	}
}

// 业务执行错误码 with FAIL.
func TestRevokeErrorCodes(t *testing.T) {
	for code, outcome := range map[string]cnpay.Outcome{
		"": failed,

		"INVALID_BARCODE": failed, "AUTHCODE_EXPIRE": failed, "EXPIRED_BARCODE": failed, "INSUFFICIENT_FUND": failed,
		"BUYER_OVER_DAILY_LIMIT": failed, "BUYER_OVER_TRANSACTION_LIMIT": failed, "SELLER_OVER_DAILY_LIMIT": failed,
		"UPAY_STORE_OVER_DAILY_LIMIT": failed, "SELLER_BALANCE_NOT_ENOUGH": failed, "ACCOUNT_BALANCE_NOT_ENOUGH": failed,
		"REFUND_AMT_NOT_EQUAL_TOTAL": failed, "REFUNDABLE_AMOUNT_NOT_ENOUGH": failed, "TRADE_FAILED": failed,
		"UNEXPECTED_PROVIDER_ERROR": failed, "TRADE_TIMEOUT": unknown, "UPAY_ORDER_NOT_EXISTS": failed,
		"UPAY_ORDER_NOT_EXIST": failed, "UPAY_TERMINAL_NOT_EXISTS": failed, "UPAY_TERMINAL_STATUS_ABNORMAL": failed,
		"UPAY_CANCEL_INVALID_ORDER_STATE": failed, "UPAY_REFUND_INVALID_ORDER_STATE": failed,
		"UPAY_TCP_ORDER_NOT_REFUNDABLE": failed, "UPAY_MERCHANT_NOT_EXISTS": failed,

		"UPAY_CANCEL_ORDER_NOOP": pending,

		"TRADE_NOT_EXIST": unknown, "TRADE_HAS_SUCCESS": unknown, "CLIENT_SN_CONFLICT": unknown,
		"REFUND_REQUEST_CONFLICT": unknown, "UPAY_REFUND_ORDER_NOOP": unknown, "NO_DOCUMENT_HAS_IT": unknown,
	} {
		require.Equal(t, outcome, revokeOutcome(result("FAIL", code, Order{})), code)
	}
	// With any other result the error code only explains.
	require.Equal(t, unknown, revokeOutcome(result("CANCEL_ERROR", "UPAY_TCP_ORDER_NOT_REFUNDABLE", Order{})))
	require.Equal(t, unknown, revokeOutcome(result("CANCEL_ERROR", "UPAY_CANCEL_ORDER_NOOP", Order{})))
	require.Equal(t, succeeded, revokeOutcome(result("CANCEL_SUCCESS", "TRADE_FAILED", Order{})))
}

func TestQueryResultCodes(t *testing.T) {
	for _, tt := range []struct {
		code, errorCode string
		order           Order
		outcome         cnpay.Outcome
	}{
		{"SUCCESS", "", Order{}, succeeded},
		{"FAIL", "UPAY_ORDER_NOT_EXISTS", Order{}, failed},
		{"FAIL", "UPAY_ORDER_NOT_EXIST", Order{}, failed},
		{"FAIL", "UPAY_ORDER_NOT_EXISTS", Order{SN: "1"}, unknown}, // it does
		{"FAIL", "", Order{}, unknown},
		{"FAIL", "UPAY_CANCEL_ORDER_NOOP", Order{}, unknown},
		{"FAIL", "TRADE_NOT_EXIST", Order{}, unknown},
		{"FAIL", "UPAY_TERMINAL_NOT_EXISTS", Order{}, unknown},
		{"CANCEL_SUCCESS", "", Order{}, unknown},
		{"", "", Order{}, unknown},
		{"", "UPAY_ORDER_NOT_EXISTS", Order{}, unknown},
	} {
		outcome, cause := judgeQuery(result(tt.code, tt.errorCode, tt.order))
		require.Equal(t, tt.outcome, outcome, "%+v", tt)
		require.NoError(t, cause)
	}
}

// 订单状态, seen after a revoke.
func TestOrderStatus(t *testing.T) {
	for status, outcome := range map[string]cnpay.Outcome{
		"CANCELED": succeeded, "PAY_CANCELED": succeeded,
		"REFUNDED":          failed,
		"CANCEL_INPROGRESS": pending,
		"PAID":              unknown, "PARTIAL_REFUNDED": unknown, "REFUND_INPROGRESS": unknown, "REFUND_ERROR": unknown,
		"CREATED": unknown, "PAY_ERROR": unknown, "CANCEL_ERROR": unknown, "INVALID_STATUS_CODE": unknown, "IN_QUEUE": unknown,
		"": unknown, "CANCELLED": unknown,
	} {
		require.Equal(t, outcome, judgeOrderStatus(status), status)

		found := judgeRevoked(&Result{Order: Order{OrderStatus: status}})
		require.Equal(t, cnpay.Verdict{Outcome: outcome, Code: status}, found.Verdict, status)
		require.Equal(t, status == "PAID", found.Unchanged, status)
		require.False(t, found.Absent, status)
		require.NoError(t, found.Cause, status)
	}
}

// 流水状态: a final state of the order counts only while its latest transaction is certain.
func TestTransactionStatus(t *testing.T) {
	for _, status := range []string{
		"", "SUCCESS", "FAIL_CANCELED", "FAIL_PROTOCOL_1", "FAIL_PROTOCOL_2", "FAIL_PROTOCOL_3", "FAIL_IO_1", "FAIL_IO_2",
		"FAIL_ERROR", "CANCEL_ERROR", "REFUND_ERROR", "IN_PROG", "CREATED", "ABORTED", "ERROR_RECOVERY", "PRE_SUCCESS", "PAID",
	} {
		for orderStatus, outcome := range map[string]cnpay.Outcome{
			"CANCELED": succeeded, "PAY_CANCELED": succeeded, "REFUNDED": failed, "PAID": unknown, "CANCEL_INPROGRESS": pending,
		} {
			certain := status == "" || status == "SUCCESS" || status == "FAIL_CANCELED" && orderStatus == "PAY_CANCELED"
			if outcome.Final() && !certain {
				outcome = unknown
			}
			got, cause := (&Order{OrderStatus: orderStatus, Status: status}).judge()
			require.Equal(t, outcome, got, "%s %s", orderStatus, status)
			require.Equal(t, outcome == unknown && orderStatus != "PAID", errors.Is(cause, cnpay.ErrUndecided), "%s %s", orderStatus, status)
		}
	}
}

func fen(n int64) *int64 { return &n }

// Amounts that contradict each other or the state of their order decide nothing, in the answer to a revoke or a query.
func TestContradictions(t *testing.T) {
	for _, tt := range []struct {
		orderStatus   string
		total         int64
		net           *int64
		contradiction string
	}{
		{"CANCELED", 10000, fen(0), ""},
		{"CANCELED", 10000, nil, ""},
		{"CANCELED", 0, fen(0), ""},
		{"CANCELED", 10000, fen(10000), "net_amount 10000 contradicts order_status CANCELED"},
		{"CANCELED", 10000, fen(1), "net_amount 1 contradicts order_status CANCELED"},
		{"CANCELED", 0, fen(1), "net_amount 1 contradicts order_status CANCELED"},
		{"CANCELED", 10000, fen(-1), "net_amount -1 exceeds total_amount 10000"},
		{"CANCELED", -10000, fen(0), "total_amount -10000 is not an amount"},
		{"CANCELED", -10000, nil, "total_amount -10000 is not an amount"},
		{"CANCELED", math.MaxInt64, fen(0), ""},
		{"REFUNDED", 10000, fen(0), ""},
		{"REFUNDED", 10000, fen(5000), "net_amount 5000 contradicts order_status REFUNDED"},
		{"PAY_CANCELED", 10000, fen(0), ""},
		{"PAY_CANCELED", 1, fen(1), ""},
		{"PAY_CANCELED", 10000, fen(5000), "net_amount 5000 contradicts order_status PAY_CANCELED"},
		{"PAID", 10000, fen(10000), ""},
		{"PAID", 0, fen(10000), ""},
		{"PAID", 10000, fen(0), "net_amount 0 contradicts order_status PAID"},
		{"PAID", 0, fen(0), "net_amount 0 contradicts order_status PAID"},
		{"PAID", 10000, fen(5000), "net_amount 5000 contradicts order_status PAID"},
		{"PAID", 10000, fen(10001), "net_amount 10001 exceeds total_amount 10000"},
		{"PARTIAL_REFUNDED", 10000, fen(5000), ""},
		{"CANCEL_INPROGRESS", 10000, fen(10000), ""},
		{"CANCEL_INPROGRESS", 10000, fen(10001), "net_amount 10001 exceeds total_amount 10000"},
	} {
		order := Order{OrderStatus: tt.orderStatus, TotalAmount: tt.total, NetAmount: tt.net}
		settled := judgeRevoked(&Result{Order: order})
		require.Equal(t, tt.orderStatus, settled.Code, "%+v", tt)

		revoked := &Response{Envelope: Envelope{ResultCode: "200"}, Result: *result("CANCEL_SUCCESS", "", order)}
		verdict, cause := judge(revoked, http.StatusOK, &Operation{Judge: judgeRevoke})
		if tt.contradiction != "" {
			require.EqualError(t, order.contradiction(), tt.contradiction)
			require.EqualError(t, settled.Cause, tt.contradiction)
			require.Equal(t, unknown, settled.Outcome, "%+v", tt)
			require.False(t, settled.Unchanged, "%+v", tt)
			require.Equal(t, unknown, verdict.Outcome, "%+v", tt)
			require.ErrorIs(t, cause, cnpay.ErrUndecided)
			require.EqualError(t, cause, tt.contradiction)
			continue
		}
		require.NoError(t, order.contradiction(), "%+v", tt)
		require.NoError(t, settled.Cause, "%+v", tt)
		require.Equal(t, judgeOrderStatus(tt.orderStatus), settled.Outcome, "%+v", tt)
		if verdict.Outcome == succeeded {
			require.NoError(t, cause)
		} else {
			require.ErrorContains(t, cause, "CANCEL_SUCCESS contradicts order_status "+tt.orderStatus)
		}
	}

	// An order without a state has the one that the result means.
	for _, tt := range []struct {
		code    string
		net     int64
		outcome cnpay.Outcome
	}{
		{"CANCEL_SUCCESS", 0, succeeded}, {"CANCEL_SUCCESS", 10000, unknown},
		{"CANCEL_ABORT_SUCCESS", 0, succeeded}, {"CANCEL_ABORT_SUCCESS", 10000, succeeded}, {"CANCEL_ABORT_SUCCESS", 1, unknown},
	} {
		r := result(tt.code, "", Order{SN: "1", TotalAmount: 10000, NetAmount: &tt.net})
		require.Equal(t, tt.outcome, revokeOutcome(r), "%+v", tt)
	}
	// An order that is revoked, or about to be, is not one that a refusal left as it was.
	for status, outcome := range map[string]cnpay.Outcome{
		"CANCELED": unknown, "PAY_CANCELED": unknown, "CANCEL_INPROGRESS": unknown,
		"REFUNDED": failed, "PAID": failed, "CANCEL_ERROR": failed, "": failed,
	} {
		r := result("FAIL", "UPAY_CANCEL_INVALID_ORDER_STATE", Order{OrderStatus: status})
		got, cause := judgeRevoke(r)
		require.Equal(t, outcome, got, status)
		require.Equal(t, outcome == unknown, errors.Is(cause, cnpay.ErrUndecided), status)
		r.ErrorCode = "UPAY_CANCEL_ORDER_NOOP"
		require.Equal(t, pending, revokeOutcome(r), status)
	}
}
