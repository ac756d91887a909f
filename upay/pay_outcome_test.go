package upay

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

// 业务结果码 of payments: the result, and the order that comes with it.
func TestPayResults(t *testing.T) {
	paid := Order{Status: "SUCCESS", OrderStatus: "PAID", TotalAmount: 10, NetAmount: fen(10)}
	for _, tt := range []struct {
		judge           func(*Result) (cnpay.Outcome, error)
		code, errorCode string
		order           Order
		outcome         cnpay.Outcome
		contradiction   string
	}{
		{judgePay, "PAY_SUCCESS", "", paid, succeeded, ""},
		{judgePay, "PAY_SUCCESS", "", Order{}, succeeded, ""},
		{judgePay, "PAY_SUCCESS", "", Order{OrderStatus: "PAID", NetAmount: fen(0)}, unknown, "net_amount 0 contradicts order_status PAID"},
		{judgePay, "PAY_SUCCESS", "", Order{OrderStatus: "PAY_CANCELED"}, unknown, "PAY_SUCCESS contradicts order_status PAY_CANCELED"},
		{judgePay, "PAY_SUCCESS", "", Order{OrderStatus: "REFUNDED", NetAmount: fen(0)}, unknown, "PAY_SUCCESS contradicts order_status REFUNDED"},
		{judgePay, "PAY_SUCCESS", "", Order{OrderStatus: "CREATED", Status: "IN_PROG"}, unknown, "PAY_SUCCESS contradicts order_status CREATED"},
		{judgePay, "PAY_SUCCESS", "", Order{OrderStatus: "PAY_ERROR"}, unknown, "PAY_SUCCESS contradicts order_status PAY_ERROR"},
		{judgePay, "PAY_SUCCESS", "", Order{OrderStatus: "PAID", Status: "FAIL_ERROR"}, unknown, "status FAIL_ERROR contradicts order_status PAID"},
		{judgePay, "PAY_IN_PROGRESS", "", Order{OrderStatus: "CREATED", Status: "IN_PROG"}, pending, ""},
		{judgePay, "PAY_IN_PROGRESS", "", Order{}, pending, ""},
		{judgePay, "PAY_IN_PROGRESS", "", paid, unknown, "PAY_IN_PROGRESS contradicts order_status PAID"},
		{judgePay, "PAY_FAIL", "EXPIRED_BARCODE", Order{}, failed, ""},
		{judgePay, "PAY_FAIL", "", Order{OrderStatus: "PAY_CANCELED", Status: "FAIL_CANCELED"}, failed, ""},
		{judgePay, "PAY_FAIL", "", Order{OrderStatus: "PAY_CANCELED", Status: "FAIL_IO_1"}, unknown, "status FAIL_IO_1 contradicts order_status PAY_CANCELED"},
		{judgePay, "PAY_FAIL", "", paid, unknown, "PAY_FAIL contradicts order_status PAID"},
		{judgePay, "PAY_FAIL_ERROR", "", Order{}, unknown, ""},
		{judgePay, "PAY_FAIL_IN_PROGRESS", "", Order{}, unknown, ""},
		{judgePay, "FAIL", "CLIENT_SN_CONFLICT", Order{}, unknown, ""},
		{judgePay, "FAIL", "TRADE_HAS_SUCCESS", Order{}, unknown, ""},
		{judgePay, "FAIL", "NO_DOCUMENT_HAS_IT", Order{}, unknown, ""},
		{judgePay, "FAIL", "INSUFFICIENT_FUND", Order{}, failed, ""},
		{judgePay, "FAIL", "TRADE_TIMEOUT", Order{}, unknown, ""}, // the documents want PAY_CANCELED confirmed
		{judgePay, "FAIL", "TRADE_TIMEOUT", Order{OrderStatus: "PAY_CANCELED", Status: "FAIL_CANCELED"}, failed, ""},
		{judgePay, "FAIL", "INSUFFICIENT_FUND", paid, unknown, "FAIL contradicts order_status PAID"},
		{judgePay, "SUCCESS", "", paid, unknown, ""},
		{judgePay, "CANCEL_SUCCESS", "", paid, unknown, ""},
		{judgePay, "", "", paid, unknown, ""},

		{judgePrecreate, "PRECREATE_SUCCESS", "", Order{Status: "CREATED", OrderStatus: "CREATED"}, pending, ""},
		{judgePrecreate, "PRECREATE_SUCCESS", "", Order{}, pending, ""},
		{judgePrecreate, "PRECREATE_SUCCESS", "", paid, unknown, "PRECREATE_SUCCESS contradicts order_status PAID"},
		{judgePrecreate, "PRECREATE_SUCCESS", "", Order{OrderStatus: "PAY_CANCELED"}, unknown, "PRECREATE_SUCCESS contradicts order_status PAY_CANCELED"},
		{judgePrecreate, "PRECREATE_FAIL", "UNEXPECTED_PROVIDER_ERROR", Order{}, failed, ""},
		{judgePrecreate, "PRECREATE_FAIL_ERROR", "", Order{}, unknown, ""},
		{judgePrecreate, "PRECREATE_FAIL_IN_PROGRESS", "", Order{}, unknown, ""},
		{judgePrecreate, "FAIL", "CLIENT_SN_CONFLICT", Order{}, unknown, ""},
		{judgePrecreate, "FAIL", "UPAY_TERMINAL_NOT_EXISTS", Order{}, failed, ""},
		{judgePrecreate, "PAY_SUCCESS", "", paid, unknown, ""},

		{judgeRefund, "REFUND_SUCCESS", "", Order{Status: "SUCCESS", OrderStatus: "REFUNDED", TotalAmount: 10, NetAmount: fen(0)}, succeeded, ""},
		{judgeRefund, "REFUND_SUCCESS", "", Order{Status: "SUCCESS", OrderStatus: "PARTIAL_REFUNDED", TotalAmount: 10, NetAmount: fen(4)}, succeeded, ""},
		{judgeRefund, "REFUND_SUCCESS", "", Order{}, succeeded, ""},
		{judgeRefund, "REFUND_SUCCESS", "", Order{TotalAmount: 10, NetAmount: fen(4)}, succeeded, ""},
		{judgeRefund, "REFUND_SUCCESS", "", Order{OrderStatus: "REFUNDED", TotalAmount: 10, NetAmount: fen(4)}, unknown, "net_amount 4 contradicts order_status REFUNDED"},
		{judgeRefund, "REFUND_SUCCESS", "", Order{OrderStatus: "PARTIAL_REFUNDED", TotalAmount: 10, NetAmount: fen(10)}, unknown, "net_amount 10 contradicts order_status PARTIAL_REFUNDED"},
		{judgeRefund, "REFUND_SUCCESS", "", paid, unknown, "REFUND_SUCCESS contradicts status SUCCESS, order_status PAID"},
		{judgeRefund, "REFUND_SUCCESS", "", Order{Status: "IN_PROG", OrderStatus: "REFUND_INPROGRESS"}, unknown, "REFUND_SUCCESS contradicts status IN_PROG, order_status REFUND_INPROGRESS"},
		{judgeRefund, "REFUND_SUCCESS", "", Order{Status: "FAIL_CANCELED", OrderStatus: "REFUNDED"}, unknown, "REFUND_SUCCESS contradicts status FAIL_CANCELED, order_status REFUNDED"},
		{judgeRefund, "REFUND_IN_PROGRESS", "", Order{}, pending, ""},
		{judgeRefund, "REFUND_INPROGRESS", "", Order{}, pending, ""},
		{judgeRefund, "REFUND_FAIL", "ACCOUNT_BALANCE_NOT_ENOUGH", Order{}, failed, ""},
		{judgeRefund, "REFUND_FAIL", "", Order{Status: "FAIL_CANCELED"}, failed, ""},
		{judgeRefund, "REFUND_FAIL", "", Order{Status: "SUCCESS"}, unknown, "REFUND_FAIL contradicts status SUCCESS"},
		{judgeRefund, "REFUND_FAIL", "", Order{Status: "FAIL_IO_1"}, unknown, "REFUND_FAIL contradicts status FAIL_IO_1"},
		{judgeRefund, "REFUND_ERROR", "UNEXPECTED_PROVIDER_ERROR", Order{}, unknown, ""},
		{judgeRefund, "REFUND_FAIL_ERROR", "", Order{}, unknown, ""},
		{judgeRefund, "FAIL", "UPAY_REFUND_ORDER_NOOP", Order{}, pending, ""},
		{judgeRefund, "FAIL", "REFUND_REQUEST_CONFLICT", Order{}, unknown, ""},
		{judgeRefund, "FAIL", "REFUNDABLE_AMOUNT_NOT_ENOUGH", Order{}, failed, ""},
		{judgeRefund, "FAIL", "NO_DOCUMENT_HAS_IT", Order{}, unknown, ""},
		{judgeRefund, "CANCEL_SUCCESS", "", Order{}, unknown, ""},

		{judgeCancel, "CANCEL_SUCCESS", "", Order{OrderStatus: "CANCELED"}, succeeded, ""},
		{judgeCancel, "CANCEL_ABORT_SUCCESS", "", Order{Status: "SUCCESS", OrderStatus: "PAY_CANCELED", NetAmount: fen(0)}, succeeded, ""},
		{judgeCancel, "CANCEL_SUCCESS", "", paid, unknown, "CANCEL_SUCCESS contradicts order_status PAID"},
		{judgeCancel, "CANCEL_IN_PROGRESS", "", Order{}, pending, ""},
		{judgeCancel, "CANCEL_ERROR", "", Order{}, unknown, ""},
		{judgeCancel, "FAIL", "UPAY_CANCEL_ORDER_NOOP", Order{}, pending, ""},
		{judgeCancel, "FAIL", "UPAY_CANCEL_INVALID_ORDER_STATE", Order{}, failed, ""},
		{judgeCancel, "FAIL", "UPAY_ORDER_NOT_EXISTS", Order{}, unknown, "there is nothing to cancel, unless the payment is still on its way: settle the payment"},
		{judgeCancel, "FAIL", "UPAY_ORDER_NOT_EXIST", Order{}, unknown, "there is nothing to cancel, unless the payment is still on its way: settle the payment"},
	} {
		outcome, err := tt.judge(result(tt.code, tt.errorCode, tt.order))
		require.Equal(t, tt.outcome, outcome, "%+v", tt)
		if tt.contradiction == "" {
			require.NoError(t, err, "%+v", tt)
			continue
		}
		require.EqualError(t, err, tt.contradiction, "%+v", tt)
		require.ErrorIs(t, err, cnpay.ErrUndecided)
	}
}

// 订单状态 as the end of a payment: every documented state, with every documented state of its latest transaction.
func TestPaidStates(t *testing.T) {
	certain := map[string][]string{
		"PAID": {"SUCCESS"}, "PAY_CANCELED": {"SUCCESS", "FAIL_CANCELED"}, "CANCELED": {"SUCCESS"}, "CREATED": {"CREATED", "IN_PROG"},
	}
	for orderStatus, want := range map[string]cnpay.Outcome{
		"PAID": succeeded, "REFUNDED": succeeded, "PARTIAL_REFUNDED": succeeded, "REFUND_INPROGRESS": succeeded, "REFUND_ERROR": succeeded,
		"PAY_CANCELED": failed, "CANCELED": failed, "CREATED": pending,
		"PAY_ERROR": unknown, "CANCEL_INPROGRESS": unknown, "CANCEL_ERROR": unknown, "INVALID_STATUS_CODE": unknown, "IN_QUEUE": unknown,
		"": unknown, "paid": unknown,
	} {
		for _, status := range []string{
			"", "SUCCESS", "FAIL_CANCELED", "FAIL_PROTOCOL_1", "FAIL_PROTOCOL_2", "FAIL_PROTOCOL_3", "FAIL_IO_1", "FAIL_IO_2", "FAIL_ERROR",
			"CANCEL_ERROR", "REFUND_ERROR", "IN_PROG", "CREATED", "ABORTED", "ERROR_RECOVERY", "PRE_SUCCESS", "NEW",
		} {
			outcome, err := (&Order{OrderStatus: orderStatus, Status: status}).paid()
			agree := status == "" || certain[orderStatus] == nil
			for _, s := range certain[orderStatus] {
				agree = agree || s == status
			}
			if agree {
				require.Equal(t, want, outcome, "%s %s", orderStatus, status)
				require.NoError(t, err)
			} else {
				require.Equal(t, unknown, outcome, "%s %s", orderStatus, status)
				require.True(t, errors.Is(err, cnpay.ErrUndecided), "%s %s", orderStatus, status)
			}
		}
	}
}

// What an order says of one of its refunds.
func TestRefundedStates(t *testing.T) {
	ticket := cnpay.Ticket{Fields: map[string]string{"client_sn": "A", "refund_request_no": "R1", "refund_amount": "4"}}
	for name, tt := range map[string]struct {
		order     Order
		outcome   cnpay.Outcome
		unchanged bool
		cause     string
	}{
		"done":                      {Order{ClientSN: "A", ClientTSN: "A-R1", Status: "SUCCESS", OrderStatus: "PARTIAL_REFUNDED", TotalAmount: 10, NetAmount: fen(6)}, succeeded, false, ""},
		"under way":                 {Order{ClientSN: "A", ClientTSN: "A-R1", Status: "IN_PROG", OrderStatus: "REFUND_INPROGRESS"}, pending, false, ""},
		"failed":                    {Order{ClientSN: "A", ClientTSN: "A-R1", Status: "FAIL_CANCELED", OrderStatus: "PAID"}, failed, false, ""},
		"not certain":               {Order{ClientSN: "A", ClientTSN: "A-R1", Status: "REFUND_ERROR", OrderStatus: "REFUND_ERROR"}, unknown, false, ""},
		"not certain either":        {Order{ClientSN: "A", ClientTSN: "A-R1", Status: "FAIL_IO_1", OrderStatus: "REFUND_ERROR"}, unknown, false, ""},
		"another refund":            {Order{ClientSN: "A", ClientTSN: "A-R2", Status: "SUCCESS", OrderStatus: "PARTIAL_REFUNDED"}, unknown, true, ""},
		"another's failure":         {Order{ClientSN: "A", ClientTSN: "A-R2", Status: "FAIL_CANCELED", OrderStatus: "PAID"}, unknown, true, ""},
		"the payment":               {Order{ClientSN: "A", ClientTSN: "A", Status: "SUCCESS", OrderStatus: "PAID"}, unknown, true, ""},
		"nobody says which":         {Order{ClientSN: "A", Status: "SUCCESS", OrderStatus: "PARTIAL_REFUNDED", TotalAmount: 10, NetAmount: fen(6)}, unknown, true, ""},
		"nobody says whose failure": {Order{ClientSN: "A", Status: "FAIL_CANCELED", OrderStatus: "PAID"}, unknown, true, ""},
		"less than was asked":       {Order{ClientSN: "A", ClientTSN: "A-R1", Status: "SUCCESS", OrderStatus: "PARTIAL_REFUNDED", TotalAmount: 10, NetAmount: fen(7)}, unknown, false, "net_amount 7 leaves less than the 4 given back"},
		"a contradiction":           {Order{ClientSN: "A", ClientTSN: "A-R1", Status: "SUCCESS", OrderStatus: "REFUNDED", TotalAmount: 10, NetAmount: fen(6)}, unknown, false, "net_amount 6 contradicts order_status REFUNDED"},
		"refunded, and revoked":     {Order{ClientSN: "A", ClientTSN: "A-R1", Status: "SUCCESS", OrderStatus: "CANCELED"}, unknown, false, ""},
	} {
		f := judgeRefunded(ticket)(&Result{Order: tt.order})
		require.Equal(t, tt.outcome, f.Outcome, name)
		require.Equal(t, tt.unchanged, f.Unchanged, name)
		require.False(t, f.Absent, name)
		if tt.cause == "" {
			require.NoError(t, f.Cause, name)
		} else {
			require.EqualError(t, f.Cause, tt.cause, name)
		}
	}
	// All of the order is given back, and this refund was of all: whoever did it, the payer has it.
	whole := cnpay.Ticket{Fields: map[string]string{"refund_request_no": "R1", "refund_amount": "10"}}
	f := judgeRefunded(whole)(&Result{Order: Order{ClientSN: "A", Status: "SUCCESS", OrderStatus: "REFUNDED", TotalAmount: 10, NetAmount: fen(0)}})
	require.Equal(t, succeeded, f.Outcome)
	f = judgeRefunded(whole)(&Result{Order: Order{ClientSN: "A", Status: "FAIL_CANCELED", OrderStatus: "REFUNDED", TotalAmount: 10, NetAmount: fen(0)}})
	require.Equal(t, unknown, f.Outcome, "another refund's failure, after this one was done")
}

// A refusal beside the refund itself, done or under way, decides nothing; beside another one it does.
func TestRefusedRefundThatIsShown(t *testing.T) {
	for _, tt := range []struct {
		clientTSN, status string
		refused           bool
	}{
		{"A-R1", "SUCCESS", false}, {"A-R1", "IN_PROG", false}, {"A-R1", "FAIL_CANCELED", true}, {"A-R2", "SUCCESS", true}, {"", "SUCCESS", true},
	} {
		x := &exchange{client: &Client{}, request: &OrderRefundRequest{ClientSN: "A", RefundRequestNo: "R1", RefundAmount: 4}}
		r := &OrderRefundResponse{Response{Result: Result{Codes: Codes{ResultCode: "FAIL"}, Order: Order{
			ClientSN: "A", ClientTSN: tt.clientTSN, Status: tt.status, OrderStatus: "PARTIAL_REFUNDED",
		}}}}
		require.Equal(t, tt.refused, r.belongs(x, failed) == nil, "%+v", tt)
	}
}

// An order of another amount is not the one that was paid.
func TestPaidAmountIsCompared(t *testing.T) {
	ticket := cnpay.Ticket{Fields: map[string]string{"total_amount": "10"}}
	for total, want := range map[int64]cnpay.Outcome{10: succeeded, 0: succeeded, 11: unknown} {
		f := judgePaid(ticket)(&Result{Order: Order{OrderStatus: "PAID", TotalAmount: total}})
		require.Equal(t, want, f.Outcome)
		require.Equal(t, want == unknown, errors.Is(f.Cause, cnpay.ErrUndecided))
	}
}

// 业务结果码 of the pre-authorisation product.
func TestPreauthResults(t *testing.T) {
	for _, tt := range []struct {
		code, errorCode, status string
		outcome                 cnpay.Outcome
	}{
		{"SUCCESS", "", "", succeeded}, {"INIT", "", "", pending}, {"CLOSED", "INVALID_PARAMS", "", failed},
		{"UNKNOWN", "", "", unknown}, {"UNKOWN", "", "", unknown}, {"ERROR", "", "", unknown}, {"", "", "", unknown}, {"DONE", "", "", unknown},
		{"FAIL", "UPAY_TERMINAL_NOT_EXISTS", "", failed}, {"FAIL", "NO_DOCUMENT_HAS_IT", "", unknown},
		{"SUCCESS", "", "SUCCESS", succeeded}, {"SUCCESS", "", "CLOSED", unknown}, {"SUCCESS", "", "INIT", unknown}, {"CLOSED", "", "SUCCESS", unknown},
	} {
		r := &PreauthResponse{Result: PreauthResult{Codes: Codes{ResultCode: tt.code, ErrorCode: tt.errorCode}, Data: PreauthOperation{Status: tt.status}}}
		outcome, err := r.judge()
		require.Equal(t, tt.outcome, outcome, "%+v", tt)
		require.Equal(t, tt.outcome == unknown && tt.status != "", err != nil, "%+v", tt)
	}
}
