package spay

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

// documentedCodes are the codes and states that UMPay's programs list, with the outcome of each.
func documentedCodes(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/documents/codes.txt")
	require.NoError(t, err)
	codes := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if code, outcome, ok := strings.Cut(strings.TrimSpace(line), " "); ok && code != "#" {
			codes[code] = outcome
		}
	}
	require.Greater(t, len(codes), 200)
	return codes
}

// money are the operations that move money, with an empty answer of each.
func money() map[Request]func() response {
	return map[Request]func() response{
		&OrderCreateQRRequest{}:         func() response { return &OrderCreateQRResponse{} },
		&OrderPayByCodeRequest{}:        func() response { return &OrderPayByCodeResponse{} },
		&OrderMiniProgramOrderRequest{}: func() response { return &OrderMiniProgramOrderResponse{} },
		&OrderCancelRequest{}:           func() response { return &OrderCancelResponse{} },
		&OrderRefundRequest{}:           func() response { return &OrderRefundResponse{} },
		&QuickPayConfirmRequest{}:       func() response { return &QuickPayConfirmResponse{} },
		&PreauthCreateRequest{}:         func() response { return &PreauthCreateResponse{} },
		&PreauthCompleteRequest{}:       func() response { return &PreauthCompleteResponse{} },
		&PreauthCancelRequest{}:         func() response { return &PreauthCancelResponse{} },
		&PreauthRefundRequest{}:         func() response { return &PreauthRefundResponse{} },
	}
}

// Every code that is listed decides as listed, and no other decides.
func TestCodes(t *testing.T) {
	codes := documentedCodes(t)
	for _, more := range []string{"", "0001", "00999999", "0", "00060779", "ok"} {
		codes[more] = "unknown"
	}
	for code, outcome := range codes {
		if strings.Contains(code, "_") {
			continue
		}
		for request, answer := range money() {
			op, a := request.operation(), answer()
			a.base().RetCode, a.base().RetMsg = code, "text"
			v, _ := op.judge(a, http.StatusOK)
			want := cnpay.Unknown
			switch {
			case outcome == "failed":
				want = cnpay.Failed
			case code == RetSuccess:
				want = cnpay.Pending // no state
			case code == RetVoided && op.ID == OpOrderCancel:
				want = cnpay.Succeeded
			}
			require.Equal(t, want, v.Outcome, "%s %s", op.ID, code)
			require.Equal(t, code, v.Code)
			require.Equal(t, "text", v.Message)
			if v, _ := op.judge(a, http.StatusBadRequest); want != cnpay.Failed {
				require.Equal(t, cnpay.Unknown, v.Outcome, "a status that is not 200 takes a success away")
			}
		}
	}
}

func TestStates(t *testing.T) {
	states := documentedCodes(t)
	for state := range states {
		if !strings.Contains(state, "_") {
			delete(states, state)
		}
	}
	states["TRADE_PERHAPS"], states["1"] = "unknown", "unknown"
	set := func(a response, state string) {
		if r, ok := a.(interface{ refunded() *Refunded }); ok {
			r.refunded().RefundState = state
		} else {
			a.(interface{ trade() *Trade }).trade().TradeState = state
		}
	}
	for request, answer := range money() {
		op := request.operation()
		for state, outcome := range states {
			a := answer()
			a.base().RetCode = RetSuccess
			set(a, state)
			v, _ := op.judge(a, http.StatusOK)
			want := map[string]cnpay.Outcome{"succeeded": cnpay.Succeeded, "failed": cnpay.Failed}[outcome]
			refund := strings.HasPrefix(state, "REFUND_")
			switch {
			case op.ID == OpOrderCancel, op.ID == OpPreauthCancel:
				want = map[string]cnpay.Outcome{TradeCancel: cnpay.Succeeded}[state]
				if op.ID == OpPreauthCancel && state == WaitBuyerPay {
					want = cnpay.Pending
				}
			case op.ID == OpPreauthRefund && !refund: // its state is that of the order
				want = map[string]cnpay.Outcome{TradeSuccess: cnpay.Pending, WaitBuyerPay: cnpay.Pending}[state]
			case refund != (op.ID == OpOrderRefund || op.ID == OpPreauthRefund):
				want = cnpay.Unknown
			case state == WaitBuyerPay, state == RefundProcess:
				want = cnpay.Pending
			}
			require.Equal(t, want, v.Outcome, "%s %s", op.ID, state)

			a.base().RetCode = "00240402"
			v, err := op.judge(a, http.StatusOK)
			if want == cnpay.Succeeded || want == cnpay.Pending {
				require.Equal(t, cnpay.Unknown, v.Outcome, "%s: a refusal with %s", op.ID, state)
				require.ErrorIs(t, err, cnpay.ErrUndecided)
			} else {
				require.Equal(t, cnpay.Failed, v.Outcome, "%s: a refusal with %s", op.ID, state)
			}
		}
	}
}

// A notification of a success with an error contradicts itself.
func TestNotificationWithAnError(t *testing.T) {
	for code, want := range map[string]cnpay.Outcome{"": cnpay.Succeeded, "0000": cnpay.Succeeded, "00200014": cnpay.Unknown} {
		require.Equal(t, want, (&Notification{Service: "pay_result_notify", TradeState: TradeSuccess, ErrorCode: code}).CallOutcome(), code)
		require.Equal(t, want, (&Notification{Service: "pay_result_notify", RefundNo: "R", RefundState: RefundSuccess, ErrorCode: code}).CallOutcome(), code)
		require.Equal(t, cnpay.Failed, (&Notification{Service: "pay_result_notify", TradeState: TradeFail, ErrorCode: code}).CallOutcome(), code)
	}
}

// A success that names the order alone may be another refund's of the same order.
func TestRefundAnswerWithoutItsNumber(t *testing.T) {
	own, platform := newTestKeys(t)
	c := newTestClient(t, own, platform)
	for refundNo, want := range map[string]error{"R1": nil, "R2": cnpay.ErrMismatch, "": cnpay.ErrMismatch} {
		request := &OrderRefundRequest{RefundNo: "R1", OrderID: "SHOP1", MerDate: "20260901", OrgAmount: 1}
		answer := &OrderRefundResponse{Refunded: Refunded{RefundNo: refundNo, RefundState: RefundSuccess}}
		answer.MerID, answer.Version, answer.OrderID = c.call.Account, "4.0", "SHOP1"
		x := &exchange{client: c, op: request.operation(), request: request, answer: answer}
		require.ErrorIs(t, x.Belongs(cnpay.Succeeded), want, refundNo)
	}
}

// A success of a refund whose amount is not this refund's decides nothing. What was refunded so far may be more than it.
func TestRefundAnswerOfAnotherAmount(t *testing.T) {
	own, platform := newTestKeys(t)
	c := newTestClient(t, own, platform)
	for answered, want := range map[int64]cnpay.Outcome{
		0: cnpay.Succeeded, 300: cnpay.Succeeded, 301: cnpay.Succeeded, 1500: cnpay.Succeeded,
		299: cnpay.Unknown, -1: cnpay.Unknown, 1501: cnpay.Unknown,
	} {
		request := &OrderRefundRequest{RefundNo: "R1", OrderID: "SHOP1", MerDate: "20260901", OrgAmount: 1500, RefundAmount: 300}
		answer := &OrderRefundResponse{Refunded: Refunded{RefundNo: "R1", RefundState: RefundSuccess, RefundAmt: answered}}
		answer.RetCode = "0000"
		x := &exchange{client: c, op: request.operation(), request: request, answer: answer}
		v, cause := x.Judge(http.StatusOK)
		require.Equal(t, want, v.Outcome, answered)
		require.Equal(t, want == cnpay.Unknown, cause != nil)
	}
}

// The confirmation names the order by UMPay's number alone: an answer with another number is another order's.
func TestConfirmationOfAnotherOrder(t *testing.T) {
	own, platform := newTestKeys(t)
	c := newTestClient(t, own, platform)
	for tradeNo, want := range map[string]error{"3805031403717574": nil, "": nil, "3805031403717575": cnpay.ErrMismatch} {
		request := &QuickPayConfirmRequest{OrderID: "SHOP1", MerDate: "20260901", TradeNo: "3805031403717574"}
		answer := &QuickPayConfirmResponse{}
		answer.MerID, answer.Version, answer.OrderID, answer.TradeNo = c.call.Account, "4.0", "SHOP1", tradeNo
		x := &exchange{client: c, op: request.operation(), request: request, answer: answer}
		require.ErrorIs(t, x.Belongs(cnpay.Succeeded), want, tradeNo)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// What was refunded was paid before: a state that says it never was contradicts it.
func TestRefundedButNeverPaid(t *testing.T) {
	own, platform := newTestKeys(t)
	text := ""
	c := newTestClient(t, own, platform, cnpay.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		page := `<META NAME="MobilePayPlatform" CONTENT="` + text + "&sign=" + signText(t, platform, text) + `&sign_type=RSA">`
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(page)), Request: r}, nil
	})}))
	today := MerDate(time.Now())
	ticket, err := c.Ticket(&OrderCreateQRRequest{Order: Order{OrderID: "SHOP1", MerDate: today, Amount: 1250}, ScanCodeType: "WECHAT"})
	require.NoError(t, err)
	for given, want := range map[[2]string]cnpay.Outcome{
		{TradeSuccess, "0"}: cnpay.Succeeded, {TradeSuccess, "1250"}: cnpay.Succeeded, {TradeSuccess, "-1"}: cnpay.Unknown,
		{TradeClose, "0"}: cnpay.Failed, {TradeClose, "1250"}: cnpay.Unknown, {TradeFail, "1"}: cnpay.Unknown,
		{WaitBuyerPay, ""}: cnpay.Pending, {WaitBuyerPay, "1"}: cnpay.Unknown,
		{TradeCancel, "1250"}: cnpay.Failed, // voided: the money is back
	} {
		text = "amount=1250&amt_type=RMB&mer_date=" + today + "&mer_id=60000100&order_id=SHOP1&refund_amt=" + given[1] +
			"&ret_code=0000&trade_no=3805031403717574&trade_state=" + given[0] + "&version=4.0"
		s, err := c.Settle(t.Context(), ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
		require.Equal(t, want, cnpay.OutcomeOf(s, err), "%v: %v", given, err)
	}
}
