package chinaums

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

// Every errCode of the documents' tables (平台错误码, and the gateway's), and some that are in none.
func TestJudgeCode(t *testing.T) {
	for code, want := range map[string]cnpay.Outcome{
		"SUCCESS": cnpay.Succeeded,

		"INTERNAL_ERROR":   cnpay.Unknown,
		"TIMEOUT":          cnpay.Unknown,
		"NET_ERROR":        cnpay.Unknown,
		"DUP_ORDER":        cnpay.Unknown,
		"ORDER_PROCESSING": cnpay.Unknown,
		"TARGET_FAIL":      cnpay.Unknown,
		"INVALID_RESPONSE": cnpay.Unknown,
		"TXN_DISCARDED":    cnpay.Unknown,
		"INVALID_ORDER":    cnpay.Unknown,
		"HAS_CANCELLED":    cnpay.Unknown,

		"BAD_REQUEST":             cnpay.Failed,
		"NO_SERVICE":              cnpay.Failed,
		"NO_ORDER":                cnpay.Failed,
		"OPERATION_NOT_ALLOWED":   cnpay.Failed,
		"NO_MERCHANT":             cnpay.Failed,
		"INACTIVE_MERCHANT":       cnpay.Failed,
		"ABNORMAL_REQUEST_TIME":   cnpay.Failed,
		"BAD_SIGN":                cnpay.Failed,
		"INVALID_MSGSRC":          cnpay.Failed,
		"NO_CROSS_DAY_TRADING":    cnpay.Failed,
		"DENIED_IP":               cnpay.Failed,
		"INVLID_MERCHANT_CONFIG":  cnpay.Failed,
		"INVALID_MERCHANT_CONFIG": cnpay.Failed,

		"0000": cnpay.Pending,
		"1000": cnpay.Failed,
		"1001": cnpay.Failed,
		"9001": cnpay.Failed,
		"9999": cnpay.Unknown,
		"9200": cnpay.Unknown,

		"":               cnpay.Unknown,
		"success":        cnpay.Unknown,
		"SUCCESS ":       cnpay.Unknown,
		"00":             cnpay.Unknown, // success in the tables of the POS interface only
		"FAIL":           cnpay.Unknown,
		"SOMETHING_ELSE": cnpay.Unknown,
	} {
		require.Equal(t, want, judgeCode(code), code)
	}
}

// Every status and billStatus of the documents' tables beside SUCCESS, and some that are in none.
func TestJudgeVoid(t *testing.T) {
	const ok, pending, unknown = cnpay.Succeeded, cnpay.Pending, cnpay.Unknown
	statuses := map[string]cnpay.Outcome{
		"TRADE_SUCCESS": ok, "TRADE_CLOSED": ok, "TRADE_REFUND": ok,
		"NEW_ORDER": pending, "WAIT_BUYER_PAY": pending, "": pending,
		"UNKNOWN": unknown, "REFUND": unknown, "PROCESSING": unknown, "trade_success": unknown,
	}
	bills := map[string]bool{
		"": true, "PAID": true, "REFUND": true, "CLOSED": true,
		"UNPAID": false, "UNKNOWN": false, "PERHAPS": false,
	}
	for status, want := range statuses {
		for bill, clear := range bills {
			res := &BillCancelCompletionResponse{BillStatus: bill, BillPayment: Payment{Status: status}}
			res.ErrCode = "SUCCESS"
			verdict := judge(res, http.StatusOK)
			if !clear {
				require.Equal(t, cnpay.Verdict{Outcome: unknown, Code: "SUCCESS " + bill}, verdict, "%q %q", status, bill)
				continue
			}
			require.Equal(t, want, verdict.Outcome, "%q %q", status, bill)
			if want == unknown {
				require.Equal(t, "SUCCESS "+status, verdict.Code)
			}
			require.Equal(t, unknown, judge(res, http.StatusAccepted).Outcome, "only HTTP 200 carries a success")
		}
	}
}

func TestJudgeRefusal(t *testing.T) {
	res := &BillCancelCompletionResponse{Response: Response{ErrCode: "1000", ErrInfo: "认证失败"}}
	want := cnpay.Verdict{Outcome: cnpay.Failed, Code: "1000", Message: "认证失败"}
	for _, status := range []int{http.StatusOK, http.StatusForbidden, http.StatusPreconditionFailed} {
		require.Equal(t, want, judge(res, status))
	}
	res.BillPayment.Status = "TRADE_SUCCESS" // says nothing beside a refusal
	require.Equal(t, want, judge(res, http.StatusOK))
}

func TestCompletionVoid(t *testing.T) {
	const number = "327M22061819820261705544110"
	for status, want := range map[string]cnpay.Outcome{
		"TRADE_CLOSED":   cnpay.Succeeded,
		"TRADE_SUCCESS":  cnpay.Unknown,
		"TRADE_REFUND":   cnpay.Succeeded,
		"NEW_ORDER":      cnpay.Unknown,
		"WAIT_BUYER_PAY": cnpay.Unknown,
		"UNKNOWN":        cnpay.Unknown,
		"":               cnpay.Unknown,
		"CANCELED":       cnpay.Unknown,
	} {
		res := &BillQueryResponse{AuthedBillPayment: &Payment{MerOrderID: number, Status: status}}
		res.Outcome = cnpay.Succeeded
		require.Equal(t, cnpay.Verdict{Outcome: want, Code: status}, completionVoid(res, number))
	}

	closed := &Payment{MerOrderID: number, Status: "TRADE_CLOSED"}
	pending := &BillQueryResponse{AuthedBillPayment: closed}
	pending.Outcome = cnpay.Pending
	require.Zero(t, completionVoid(pending, number), "a query that is not answered decides nothing")

	answered := &BillQueryResponse{BillStatus: "CLOSED", BillPayment: *closed}
	answered.Outcome = cnpay.Succeeded
	require.Zero(t, completionVoid(answered, number), "the bill and its payment are not the completion")
	answered.AuthedBillPayment = &Payment{Status: "TRADE_CLOSED"}
	require.Zero(t, completionVoid(answered, number), "a completion without its number is not believed")
	answered.AuthedBillPayment.MerOrderID = number + "0"
	require.Zero(t, completionVoid(answered, number), "nor one of another number")
}
