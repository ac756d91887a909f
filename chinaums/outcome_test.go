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

// Every status and billStatus of the documents' tables with SUCCESS, and some that are in none.
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
			verdict, _ := judge(res, http.StatusOK)
			if !clear {
				require.Equal(t, cnpay.Verdict{Outcome: unknown, Code: "SUCCESS " + bill}, verdict, "%q %q", status, bill)
				continue
			}
			require.Equal(t, want, verdict.Outcome, "%q %q", status, bill)
			if want == unknown {
				require.Equal(t, "SUCCESS "+status, verdict.Code)
			}
			verdict, cause := judge(res, http.StatusAccepted)
			require.Equal(t, unknown, verdict.Outcome, "only HTTP 200 carries a success")
			require.ErrorIs(t, cause, cnpay.ErrUndecided)
			require.ErrorIs(t, cause, cnpay.ErrHTTPStatus)
			require.ErrorContains(t, cause, "202 Accepted")
		}
	}
}

func TestJudgeRefusal(t *testing.T) {
	res := &BillCancelCompletionResponse{Response: Response{ErrCode: "1000", ErrInfo: "认证失败"}}
	want := cnpay.Verdict{Outcome: cnpay.Failed, Code: "1000", Message: "认证失败"}
	for _, status := range []int{http.StatusOK, http.StatusForbidden, http.StatusPreconditionFailed} {
		verdict, cause := judge(res, status)
		require.Equal(t, want, verdict)
		require.NoError(t, cause)
	}
	for _, status := range []string{"TRADE_SUCCESS", "TRADE_REFUND", "UNKNOWN"} { // they say nothing with a refusal
		res.BillPayment.Status = status
		verdict, _ := judge(res, http.StatusOK)
		require.Equal(t, want, verdict)
	}
	// What is refused because it is closed may have been closed by an earlier request.
	res.BillPayment.Status = "TRADE_CLOSED"
	verdict, _ := judge(res, http.StatusOK)
	require.Equal(t, cnpay.Verdict{Code: "1000 TRADE_CLOSED", Message: "认证失败"}, verdict)
}

// Amounts that cannot be take a success away.
func TestJudgeVoidContradictions(t *testing.T) {
	for _, tt := range []struct {
		payment Payment
		outcome cnpay.Outcome
		code    string
	}{
		{Payment{TotalAmount: 1, BuyerPayAmount: 1}, cnpay.Succeeded, "SUCCESS"},
		{Payment{}, cnpay.Succeeded, "SUCCESS"},
		{Payment{TotalAmount: -1}, cnpay.Unknown, "SUCCESS totalAmount -1"},
		{Payment{TotalAmount: 1, BuyerPayAmount: -2}, cnpay.Unknown, "SUCCESS buyerPayAmount -2"},
	} {
		tt.payment.Status = "TRADE_CLOSED"
		verdict, _ := judge(&BillCancelCompletionResponse{Response: Response{ErrCode: "SUCCESS"}, BillPayment: tt.payment}, http.StatusOK)
		require.Equal(t, cnpay.Verdict{Outcome: tt.outcome, Code: tt.code}, verdict)
	}
}

// No state of a completion makes its void Failed, and only one proves that it is done.
func TestJudgeSettled(t *testing.T) {
	const number = "327M22061819820261705544110"
	for status, want := range map[string]cnpay.Outcome{
		"TRADE_CLOSED":   cnpay.Succeeded,
		"TRADE_SUCCESS":  cnpay.Unknown,
		"TRADE_REFUND":   cnpay.Unknown,
		"NEW_ORDER":      cnpay.Unknown,
		"WAIT_BUYER_PAY": cnpay.Unknown,
		"UNKNOWN":        cnpay.Unknown,
		"":               cnpay.Unknown,
		"CANCELED":       cnpay.Unknown,
	} {
		res := &BillQueryResponse{AuthedBillPayment: &Payment{MerOrderID: number, Status: status}}
		res.Outcome = cnpay.Succeeded
		require.Equal(t, cnpay.Verdict{Outcome: want, Code: status}, judgeSettled(res, number))
	}

	closed := &Payment{MerOrderID: number, Status: "TRADE_CLOSED"}
	pending := &BillQueryResponse{AuthedBillPayment: closed}
	pending.Outcome = cnpay.Pending
	require.Zero(t, judgeSettled(pending, number), "a query that is not answered decides nothing")

	answered := &BillQueryResponse{BillStatus: "CLOSED", BillPayment: *closed}
	answered.Outcome = cnpay.Succeeded
	require.Zero(t, judgeSettled(answered, number), "the bill and its payment are not the completion")
	answered.AuthedBillPayment = &Payment{Status: "TRADE_CLOSED"}
	require.Zero(t, judgeSettled(answered, number), "a completion without its number is not accepted")
	answered.AuthedBillPayment.MerOrderID = number + "0"
	require.Zero(t, judgeSettled(answered, number), "nor one of another number")

	for _, tt := range []struct {
		bill       string
		completion Payment
		payment    Payment
		message    string
	}{
		{"PAID", Payment{TotalAmount: 1}, Payment{MerOrderID: number + "0", Status: "TRADE_SUCCESS", TotalAmount: 2}, ""},
		{"PAID", Payment{TotalAmount: 1}, Payment{MerOrderID: number, Status: "TRADE_CLOSED", TotalAmount: 1}, ""},
		{"PAID", Payment{TotalAmount: 1}, Payment{MerOrderID: number, Status: "TRADE_CLOSED", TotalAmount: 2}, "contradicts billPayment of the same number"},
		{"PAID", Payment{TotalAmount: 1}, Payment{MerOrderID: number, Status: "TRADE_SUCCESS", TotalAmount: 1}, "contradicts billPayment of the same number"},
		{"PAID", Payment{TotalAmount: -1}, Payment{}, "totalAmount -1"},
		{"PAID", Payment{BuyerPayAmount: -1}, Payment{}, "buyerPayAmount -1"},
		{"UNPAID", Payment{}, Payment{}, "contradicts billStatus UNPAID"},
		{"UNKNOWN", Payment{}, Payment{}, "contradicts billStatus UNKNOWN"},
		{"PERHAPS", Payment{}, Payment{}, "contradicts billStatus PERHAPS"},
	} {
		tt.completion.MerOrderID, tt.completion.Status = number, "TRADE_CLOSED"
		res := &BillQueryResponse{BillStatus: tt.bill, BillPayment: tt.payment, AuthedBillPayment: &tt.completion}
		res.Outcome = cnpay.Succeeded
		want := cnpay.Verdict{Outcome: cnpay.Unknown, Code: "TRADE_CLOSED", Message: tt.message}
		if tt.message == "" {
			want.Outcome = cnpay.Succeeded
		}
		require.Equal(t, want, judgeSettled(res, number), "%+v", tt)
	}
}
