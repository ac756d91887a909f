package spay

import (
	"fmt"
	"net/http"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/transport"
)

// The codes (ret_code) that decide by themselves. 0000 says that the request was carried out; a payment is paid, and a
// refund refunded, only when its state says so.
const (
	RetSuccess = "0000"
	RetVoided  = "00080728" // 交易撤销成功, of a cancellation
)

// The states of an order (交易状态, trade_state).
const (
	WaitBuyerPay = "WAIT_BUYER_PAY" // made, and not paid
	TradeSuccess = "TRADE_SUCCESS"  // paid; of a pre-authorisation, held
	TradeClose   = "TRADE_CLOSE"    // expired without being paid
	TradeClosed  = "TRADE_CLOSED"   // the same in another spelling
	TradeCancel  = "TRADE_CANCEL"   // cancelled (撤销)
	TradeFail    = "TRADE_FAIL"     // failed
)

// The states of a refund (退费状态, refund_state).
const (
	RefundSuccess = "REFUND_SUCCESS" // refunded
	RefundProcess = "REFUND_PROCESS" // under way
	RefundClose   = "REFUND_CLOSE"   // rejected
	RefundFail    = "REFUND_FAIL"    // failed
)

// judge decides what an answer means; its error is a cause that says more than the outcome does. First comes the code,
// then the state. A refusal that comes with a contradicting state decides nothing.
func (op *Operation) judge(answer response, httpStatus int) (cnpay.Verdict, error) {
	r := answer.base()
	v := cnpay.Verdict{Code: r.RetCode, Message: r.RetMsg}
	var cause error
	switch {
	case refused(r.RetCode):
		v.Outcome = cnpay.Failed
		if op.Judge != nil && stated(answer) {
			if outcome, _ := op.Judge(answer); outcome == cnpay.Succeeded || outcome == cnpay.Pending {
				v.Outcome = cnpay.Unknown
				return v, call.Contradiction("ret_code %s contradicts the state", r.RetCode)
			}
		}
	case httpStatus != http.StatusOK:
		return v, fmt.Errorf("%w: %w", cnpay.ErrUndecided, transport.StatusError(httpStatus))
	case r.RetCode != RetSuccess && !(r.RetCode == RetVoided && op.ID == OpOrderCancel):
	case op.Judge != nil:
		v.Outcome, cause = op.Judge(answer)
	case op.Query || op.NoMoney:
		v.Outcome = cnpay.Succeeded
	default:
		v.Outcome = cnpay.Pending
	}
	return v, cause
}

// stated reports whether an answer says a state.
func stated(answer any) bool {
	if t, ok := answer.(interface{ trade() *Trade }); ok && t.trade().TradeState != "" {
		return true
	}
	r, ok := answer.(interface{ refunded() *Refunded })
	return ok && r.refunded().RefundState != ""
}

func tradeState(answer any) string {
	if t, ok := answer.(interface{ trade() *Trade }); ok {
		return t.trade().TradeState
	}
	return ""
}

func refundState(answer any) string {
	if r, ok := answer.(interface{ refunded() *Refunded }); ok {
		return r.refunded().RefundState
	}
	return ""
}

// judgeTradeState reads the state of an order as the end of its payment.
func judgeTradeState(state string) cnpay.Outcome {
	switch state {
	case TradeSuccess:
		return cnpay.Succeeded
	case WaitBuyerPay:
		return cnpay.Pending
	case TradeClose, TradeClosed, TradeCancel, TradeFail:
		return cnpay.Failed
	}
	return cnpay.Unknown
}

func judgeRefundState(state string) cnpay.Outcome {
	switch state {
	case RefundSuccess:
		return cnpay.Succeeded
	case RefundProcess:
		return cnpay.Pending
	case RefundFail, RefundClose:
		return cnpay.Failed
	}
	return cnpay.Unknown
}

// judgePayment reads the answer to what makes an order or pays one: without a state UMPay has it, and no more is known.
func judgePayment(answer any) (cnpay.Outcome, error) {
	if state := tradeState(answer); state != "" {
		return judgeTradeState(state), nil
	}
	return cnpay.Pending, nil
}

func judgeCancel(answer any) (cnpay.Outcome, error) {
	a := answer.(*OrderCancelResponse)
	switch {
	case a.TradeState == TradeCancel, a.TradeState == "" && a.RetCode == RetVoided:
		return cnpay.Succeeded, nil
	case a.TradeState == "":
		return cnpay.Pending, nil
	}
	return cnpay.Unknown, call.Contradiction("ret_code %s contradicts trade_state %s", a.RetCode, a.TradeState)
}

func judgeRefund(answer any) (cnpay.Outcome, error) {
	if state := refundState(answer); state != "" {
		return judgeRefundState(state), nil
	}
	return cnpay.Pending, nil
}

// judgeQuery reads the answer to a query, which is an answer when it says a state.
func judgeQuery(answer any) (cnpay.Outcome, error) {
	if !stated(answer) {
		return cnpay.Unknown, call.Contradiction("the answer has no state")
	}
	return cnpay.Succeeded, nil
}

// judgePreauthCancel reads the answer to a cancellation of a hold.
func judgePreauthCancel(answer any) (cnpay.Outcome, error) {
	switch state := tradeState(answer); state {
	case TradeCancel:
		return cnpay.Succeeded, nil
	case "", WaitBuyerPay:
		return cnpay.Pending, nil
	default: // TRADE_SUCCESS is the hold that stands
		return cnpay.Unknown, call.Contradiction("ret_code 0000 contradicts trade_state %s", state)
	}
}

// judgePreauthRefund reads the answer to a refund of a completed hold. A state of refunds is this refund's; one of orders is
// the order's, which says of the refund only that UMPay has it.
func judgePreauthRefund(answer any) (cnpay.Outcome, error) {
	switch state := tradeState(answer); state {
	case "", TradeSuccess, WaitBuyerPay:
		return cnpay.Pending, nil
	case TradeClose, TradeClosed, TradeCancel, TradeFail:
		return cnpay.Unknown, call.Contradiction("ret_code 0000 contradicts trade_state %s", state)
	default:
		return judgeRefundState(state), nil
	}
}

// absent reports whether a query was answered that there is no such order or refund. 00060015 (未申请或者已失效) is not
// among its codes: it also says that an order has lapsed.
func absent(code string) bool {
	switch code {
	case "00200078", "00200081", "00060760", "00060778":
		return true
	}
	return false
}

// refused reports whether a code says that the request was not carried out. What is not listed, or listed as open
// (00060761, 00060780, 00060861, 00060931, 00060999, 00080730, 00180018, 00200014, 00202001, 00210040), decides nothing.
func refused(code string) bool {
	switch code {
	case "00060015", "00060306", "00060307", "00060309", "00060322", "00060332", "00060340", "00060341", "00060342", "00060343",
		"00060344", "00060406", "00060494", "00060499", "00060544", "00060550", "00060674", "00060700", "00060710", "00060711",
		"00060740", "00060750", "00060751", "00060760", "00060762", "00060763", "00060764", "00060765", "00060766", "00060767",
		"00060768", "00060769", "00060770", "00060774", "00060778", "00080530", "00080537", "00080543", "00080550", "00080557",
		"00080732", "00090242", "00090361", "00090386", "00090396", "00131040", "00160021", "00160022", "00160023", "00160028",
		"00160102", "00160103", "00160108", "00160129", "00160130", "00200013", "00200075", "00200076", "00200077", "00200078",
		"00200079", "00200080", "00200081", "00200083", "00200084", "00200086", "00200087", "00200088", "00200089", "00200090",
		"00200091", "00200092", "00200093", "00200101", "00201071", "00202005", "00202006", "00202007", "00202008", "00202009",
		"00202011", "00202012", "00210008", "00210024", "00210028", "00210051", "00210077", "00210113", "00210124", "00240402",
		"00252001", "00252004", "00252005", "00252006", "00252007", "00252008", "00252009", "00252010", "00253001", "00253002",
		"00253003", "00253007", "00253008", "00253009", "00253010", "00253011", "00253012", "00253013", "00253014", "00253015",
		"00253016", "00253017", "00253018", "00253022", "00253023", "00253024", "00253025", "00253026", "00253027", "00253028",
		"00253029", "00253030", "00253031", "00253032", "00253033", "00253034", "00253035", "00253036", "00253037", "00253038",
		"00253039", "00253040", "00253041", "00253042", "00253043", "00253044", "00253045", "00253046", "00253048", "00253049",
		"00253050", "00253051", "00253052", "00253053", "00253058", "00254001", "00254002", "00254003", "00254007", "00254008",
		"00254009", "00254010", "00254011", "00254012", "00254013", "00254014", "00254015", "00254016", "00254017", "00254018",
		"00254022", "00254023", "00254024", "00254025", "00254026", "00254027", "00254028", "00254029", "00254030", "00254031",
		"00254032", "00254033", "00254034", "00254035", "00254036", "00254037", "00254038", "00254039", "00254040", "00255003",
		"00255888", "00255999":
		return true
	}
	return false
}
