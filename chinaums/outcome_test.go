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

// Every errCode of poslink's table, and some that are in none.
func TestJudgeCounterCode(t *testing.T) {
	for code, want := range map[string]cnpay.Outcome{
		"00": cnpay.Succeeded, "0000": cnpay.Pending,
		"03": cnpay.Failed, "13": cnpay.Failed, "22": cnpay.Failed, "25": cnpay.Failed, "30": cnpay.Failed, "57": cnpay.Failed,
		"61": cnpay.Failed, "64": cnpay.Failed, "97": cnpay.Failed, "1000": cnpay.Failed, "1001": cnpay.Failed, "9001": cnpay.Failed,
		"92": cnpay.Unknown, "94": cnpay.Unknown, "96": cnpay.Unknown, "A7": cnpay.Unknown, "ER": cnpay.Unknown, "9999": cnpay.Unknown,
		"": cnpay.Unknown, "SUCCESS": cnpay.Unknown, "0": cnpay.Unknown, "51": cnpay.Unknown,
	} {
		require.Equal(t, want, judgeCounterCode(code), code)
	}
}

// verdict is what an answer to the request means.
func verdict(request Request, answer response, httpStatus int) (cnpay.Verdict, error) {
	return judge(&exchange{op: request.operation(), request: request, answer: answer}, httpStatus)
}

func cancelled(code, status, bill string) *BillCancelCompletionResponse {
	res := &BillCancelCompletionResponse{BillState: BillState{BillStatus: bill}, BillPayment: Payment{Status: status}}
	res.ErrCode = code
	return res
}

// Every status and billStatus of the documents' tables with SUCCESS, and some that are in none.
func TestJudgeCancelCompletion(t *testing.T) {
	const ok, pending, unknown = cnpay.Succeeded, cnpay.Pending, cnpay.Unknown
	req := &BillCancelCompletionRequest{}
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
			res := cancelled("SUCCESS", status, bill)
			v, cause := verdict(req, res, http.StatusOK)
			require.Equal(t, "SUCCESS", v.Code)
			if !clear {
				require.Equal(t, unknown, v.Outcome, "%q %q", status, bill)
				require.EqualError(t, cause, "billStatus "+bill)
				require.ErrorIs(t, cause, cnpay.ErrUndecided)
				continue
			}
			require.Equal(t, want, v.Outcome, "%q %q", status, bill)
			if want == unknown {
				require.ErrorContains(t, cause, status)
			} else {
				require.NoError(t, cause)
			}
			v, cause = verdict(req, res, http.StatusAccepted)
			require.Equal(t, unknown, v.Outcome, "only HTTP 200 carries a success")
			require.ErrorIs(t, cause, cnpay.ErrUndecided)
			require.ErrorIs(t, cause, cnpay.ErrHTTPStatus)
			require.ErrorContains(t, cause, "202 Accepted")
		}
	}
}

func TestJudgeRefusal(t *testing.T) {
	req := &BillCancelCompletionRequest{}
	res := cancelled("1000", "", "")
	res.ErrInfo = "认证失败"
	want := cnpay.Verdict{Outcome: cnpay.Failed, Code: "1000", Message: "认证失败"}
	for _, status := range []int{http.StatusOK, http.StatusForbidden, http.StatusPreconditionFailed} {
		v, cause := verdict(req, res, status)
		require.Equal(t, want, v)
		require.NoError(t, cause)
	}
	for _, status := range []string{"TRADE_SUCCESS", "TRADE_REFUND", "UNKNOWN"} { // they say nothing with a refusal
		res.BillPayment.Status = status
		v, _ := verdict(req, res, http.StatusOK)
		require.Equal(t, want, v)
	}
	// What is refused because it is closed may have been closed by an earlier request.
	res.BillPayment.Status = "TRADE_CLOSED"
	v, cause := verdict(req, res, http.StatusOK)
	require.Equal(t, cnpay.Verdict{Code: "1000", Message: "认证失败"}, v)
	require.ErrorIs(t, cause, cnpay.ErrUndecided)
}

// Amounts that cannot be take a success away.
func TestJudgeContradictions(t *testing.T) {
	for _, tt := range []struct {
		payment Payment
		outcome cnpay.Outcome
		cause   string
	}{
		{Payment{TotalAmount: 1, BuyerPayAmount: 1}, cnpay.Succeeded, ""},
		{Payment{}, cnpay.Succeeded, ""},
		{Payment{TotalAmount: -1}, cnpay.Unknown, "totalAmount -1"},
		{Payment{TotalAmount: 1, BuyerPayAmount: -2}, cnpay.Unknown, "buyerPayAmount -2"},
	} {
		tt.payment.Status = "TRADE_CLOSED"
		res := cancelled("SUCCESS", "", "")
		res.BillPayment = tt.payment
		v, cause := verdict(&BillCancelCompletionRequest{}, res, http.StatusOK)
		require.Equal(t, tt.outcome, v.Outcome)
		if tt.cause != "" {
			require.EqualError(t, cause, tt.cause)
		}
	}
}

// answered is an answer with SUCCESS.
func answered[R response](res R, code string) R {
	res.base().ErrCode = code
	return res
}

// What the other answers of the merchant's own operations mean: the amount asked for, and no state that contradicts it.
func TestJudgeAnswers(t *testing.T) {
	refund := func(status string, amount int64) response {
		res := &OrderRefundResponse{Refunded: Refunded{RefundStatus: status}, RefundAmount: amount}
		return answered(res, "SUCCESS")
	}
	billRefund := func(status, bill string) response {
		return answered(&BillRefundResponse{Refunded: Refunded{RefundStatus: status}, BillState: BillState{BillStatus: bill}}, "SUCCESS")
	}
	completion := func(status, bill string, amount int64) response {
		return answered(&BillCompleteResponse{
			BillState: BillState{BillStatus: bill}, AuthedBillPayment: Payment{Status: status, TotalAmount: amount},
		}, "SUCCESS")
	}
	preauth := func(status string, amount int64) response {
		res := &PreauthCompleteResponse{}
		res.Status, res.TotalAmt = status, amount
		return answered(res, "SUCCESS")
	}
	released := func(status, secure string) response {
		res := &PreauthCancelResponse{}
		res.Status, res.SecureStatus = status, secure
		return answered(res, "SUCCESS")
	}
	escrow := func(state string, amount int64) response {
		res := &EscrowCompleteResponse{}
		res.SecureStatus, res.CompletedAmount = state, amount
		return answered(res, "SUCCESS")
	}
	escrowCancel := func(state string) response {
		res := &EscrowCancelResponse{}
		res.SecureStatus = state
		return answered(res, "SUCCESS")
	}
	closed := func(status string) response {
		res := &OrderCloseResponse{}
		res.Status = status
		return answered(res, "SUCCESS")
	}
	order := func(status string, amount int64) response {
		res := &WeChatOrderResponse{}
		res.Status, res.TotalAmount = status, amount
		return answered(res, "SUCCESS")
	}
	split := func(status string) response {
		return answered(&OrderConfirmSplitResponse{AsynDivisionStatus: status}, "SUCCESS")
	}
	paid := func(amount int64) response {
		return answered(&CounterPayByCodeResponse{TransactionAmount: amount}, "00")
	}
	const ok, pending, failed, unknown = cnpay.Succeeded, cnpay.Pending, cnpay.Failed, cnpay.Unknown
	refunds := &OrderRefundRequest{RefundOrder: RefundOrder{RefundAmount: 250}}
	billRefunds := &BillRefundRequest{RefundOrder: RefundOrder{RefundAmount: 250}}
	completes := &BillCompleteRequest{TotalAmount: 250}
	preauths := &PreauthCompleteRequest{TotalAmt: 250}
	orders := &WeChatOrderRequest{Order: Order{TotalAmount: 250}}
	pays := &CounterPayByCodeRequest{TransactionAmount: 250}
	for i, tt := range []struct {
		request Request
		answer  response
		want    cnpay.Outcome
	}{
		{refunds, refund("SUCCESS", 250), ok}, {refunds, refund("SUCCESS", 0), ok},
		{refunds, refund("SUCCESS", 500), ok}, // what was refunded in all
		{refunds, refund("SUCCESS", 249), unknown}, {refunds, refund("SUCCESS", -1), unknown},
		{refunds, refund("FAIL", 250), failed}, {refunds, refund("PROCESSING", 250), pending}, {refunds, refund("", 0), pending},
		{refunds, refund("UNKNOWN", 250), unknown}, {refunds, refund("PERHAPS", 250), unknown},
		{billRefunds, billRefund("SUCCESS", "REFUND"), ok}, {billRefunds, billRefund("SUCCESS", "UNPAID"), unknown},

		{completes, completion("TRADE_SUCCESS", "PAID", 250), ok}, {completes, completion("TRADE_SUCCESS", "PAID", 251), unknown},
		{completes, completion("TRADE_SUCCESS", "UNPAID", 250), unknown}, {completes, completion("", "", 0), pending},
		{completes, completion("TRADE_CLOSED", "PAID", 250), unknown}, {completes, completion("TRADE_SUCCESS", "PAID", -250), unknown},
		{preauths, preauth("TRADE_SUCCESS", 250), ok}, {preauths, preauth("TRADE_SUCCESS", 249), unknown},
		{preauths, preauth("", 0), pending}, {preauths, preauth("TRADE_CLOSED", 250), unknown},
		{&PreauthCancelRequest{}, released("TRADE_CLOSED", "CANCELED"), ok}, {&PreauthCancelRequest{}, released("TRADE_SUCCESS", ""), ok},
		{&PreauthCancelRequest{}, released("TRADE_SUCCESS", "UNCOMPLETED"), pending},
		{&PreauthCancelRequest{}, released("TRADE_CLOSED", "ALL_COMPLETED"), unknown}, {&PreauthCancelRequest{}, released("", ""), pending},

		{&EscrowCompleteRequest{CompletedAmount: 250}, escrow("ALL_COMPLETED", 250), ok},
		{&EscrowCompleteRequest{CompletedAmount: 250}, escrow("PARTLY_COMPLETED", 0), ok},
		{&EscrowCompleteRequest{CompletedAmount: 250}, escrow("PARTLY_COMPLETED", 251), unknown},
		{&EscrowCompleteRequest{CompletedAmount: 250}, escrow("CANCELED", 250), unknown},
		{&EscrowCompleteRequest{CompletedAmount: 250}, escrow("UNCOMPLETED", 0), pending},
		{&EscrowCancelRequest{}, escrowCancel("CANCELED"), ok}, {&EscrowCancelRequest{}, escrowCancel("ALL_COMPLETED"), unknown},
		{&EscrowCancelRequest{}, escrowCancel(""), pending},

		{&OrderCloseRequest{}, closed("TRADE_CLOSED"), ok}, {&OrderCloseRequest{}, closed(""), pending},
		{&OrderCloseRequest{}, closed("TRADE_SUCCESS"), unknown},
		{orders, order("WAIT_BUYER_PAY", 250), pending}, {orders, order("", 0), pending}, {orders, order("NEW_ORDER", 251), unknown},
		{orders, order("TRADE_CLOSED", 250), unknown}, {orders, order("TRADE_SUCCESS", 250), pending},
		{&OrderConfirmSplitRequest{}, split("success"), ok}, {&OrderConfirmSplitRequest{}, split("fail"), failed},
		{&OrderConfirmSplitRequest{}, split(""), unknown}, {&OrderConfirmSplitRequest{}, split("SUCCESS"), unknown},
		{&BillCreateQRRequest{}, answered(&BillCreateQRResponse{}, "SUCCESS"), pending},
		{&BillUpdateRequest{}, answered(&BillUpdateResponse{}, "SUCCESS"), ok},
		{pays, paid(250), ok}, {pays, paid(0), ok}, {pays, paid(25), unknown},
	} {
		v, cause := verdict(tt.request, tt.answer, http.StatusOK)
		require.Equal(t, tt.want, v.Outcome, "%d: %+v", i, tt.answer)
		if tt.want == cnpay.Unknown {
			require.ErrorIs(t, cause, cnpay.ErrUndecided, "%d", i)
		}
	}
}

// An operation without a rule of its own is no more than accepted, one with a rule of other types decides nothing.
func TestJudgeWithoutRule(t *testing.T) {
	for op, want := range map[*Operation]cnpay.Outcome{
		{}: cnpay.Pending, {NoMoney: true}: cnpay.Succeeded, {Query: true}: cnpay.Succeeded,
	} {
		got, err := op.judge(cnpay.Succeeded, nil, nil)
		require.NoError(t, err)
		require.Equal(t, want, got)
		got, _ = op.judge(cnpay.Failed, nil, nil)
		require.Equal(t, cnpay.Failed, got)
	}
	rule := JudgeSuccess(func(*OrderCloseRequest, *OrderCloseResponse) (cnpay.Outcome, error) { return cnpay.Succeeded, nil })
	got, err := rule(cnpay.Succeeded, &OrderQueryRequest{}, &OrderCloseResponse{})
	require.Equal(t, cnpay.Unknown, got)
	require.ErrorIs(t, err, cnpay.ErrUndecided)
}

// No state of a completion makes its cancellation Failed, and only one proves that it is done.
func TestJudgeCancelled(t *testing.T) {
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
		f := judgeCancelled(res, number)
		require.Equal(t, cnpay.Verdict{Outcome: want, Code: status}, f.Verdict)
		require.Equal(t, status == "TRADE_SUCCESS", f.Unchanged)
	}

	closed := &Payment{MerOrderID: number, Status: "TRADE_CLOSED"}
	res := &BillQueryResponse{BillState: BillState{BillStatus: "CLOSED"}, BillPayment: *closed}
	require.Zero(t, judgeCancelled(res, number), "the bill and its payment are not the completion")
	res.AuthedBillPayment = &Payment{Status: "TRADE_CLOSED"}
	require.Zero(t, judgeCancelled(res, number), "a completion without its number is not accepted")
	res.AuthedBillPayment.MerOrderID = number + "0"
	require.Zero(t, judgeCancelled(res, number), "nor one of another number")

	for _, tt := range []struct {
		bill       string
		completion Payment
		payment    Payment
		cause      string
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
		res := &BillQueryResponse{BillState: BillState{BillStatus: tt.bill}, BillPayment: tt.payment, AuthedBillPayment: &tt.completion}
		f := judgeCancelled(res, number)
		require.Equal(t, "TRADE_CLOSED", f.Code)
		if tt.cause == "" {
			require.Equal(t, cnpay.Succeeded, f.Outcome)
			continue
		}
		require.Equal(t, cnpay.Unknown, f.Outcome, "%+v", tt)
		require.EqualError(t, f.Cause, tt.cause)
	}
}
