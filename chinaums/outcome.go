package chinaums

import (
	"fmt"
	"net/http"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/transport"
)

// BackSchedule is when to query after an operation of the merchant's own (refund, close, completion, cancellation): at
// once, because most are done before their answer is lost, then ever more rarely for two minutes. The documents have
// one time only: an order that another operation holds (ORDER_PROCESSING) is free after about a minute.
func BackSchedule() cnpay.Schedule {
	return cnpay.Schedule{0, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute}
}

// PayerSchedule is when to query an order that somebody pays within the given life: after 10, 20 and 30 seconds, then
// every minute until its end, and twice after it. Nothing is published; 0 is the platform's own life of an order, 30
// minutes. A longer life than a day is asked about for a day.
func PayerSchedule(life time.Duration) cnpay.Schedule {
	if life <= 0 {
		life = 30 * time.Minute
	}
	const ten = 10 * time.Second
	s := cnpay.Schedule{ten, ten, ten, 30 * time.Second}
	return append(s, cnpay.Every(time.Minute, int(min(life, 24*time.Hour)/time.Minute)+1)...)
}

// CounterSchedule is when to query a payment at the counter while the payer stands there: after 3 seconds, then every
// five for a minute.
func CounterSchedule() cnpay.Schedule {
	return append(cnpay.Schedule{3 * time.Second}, cnpay.Every(5*time.Second, 12)...)
}

// judge decides what an answer means; its error is a cause that says more than the outcome does. First comes whether
// the request was processed at all, and only then the state in the answer. A refusal is accepted under any HTTP status
// that is an answer, because the gateway's own come with several; a success is not.
func judge(x *exchange, httpStatus int) (cnpay.Verdict, error) {
	r := x.answer.base()
	v := cnpay.Verdict{Code: r.ErrCode, Message: r.errorText()}
	byCode := judgeCode(r.ErrCode)
	if x.op.Counter {
		byCode = judgeCounterCode(r.ErrCode)
	}
	var cause error
	v.Outcome, cause = x.op.judge(byCode, x.request, x.answer)
	if v.Outcome != cnpay.Failed && httpStatus != http.StatusOK {
		v.Outcome = cnpay.Unknown
		return v, fmt.Errorf("%w: %w", cnpay.ErrUndecided, transport.StatusError(httpStatus))
	}
	return v, cause
}

// judge reads an answer whose code decides. Of an operation on money without a rule of its own a success says no more
// than that ChinaUMS has it.
func (op *Operation) judge(byCode cnpay.Outcome, request, answer any) (cnpay.Outcome, error) {
	switch {
	case byCode != cnpay.Succeeded && byCode != cnpay.Failed:
		return byCode, nil
	case op.Judge != nil:
		return op.Judge(byCode, request, answer)
	case byCode == cnpay.Succeeded && !op.Query && !op.NoMoney:
		return cnpay.Pending, nil
	}
	return byCode, nil
}

// judgeCode reads errCode, of netpay (平台错误码) or of the gateway before it.
func judgeCode(code string) cnpay.Outcome {
	switch code {
	case CodeSuccess:
		return cnpay.Succeeded
	case CodeGatewayAccepted:
		return cnpay.Pending
	case CodeBadRequest, CodeNoService, CodeNoOrder, CodeOperationNotAllowed, CodeNoMerchant, CodeInactiveMerchant,
		CodeAbnormalRequestTime, CodeBadSign, CodeInvalidMsgSrc, CodeNoCrossDayTrading, CodeDeniedIP,
		CodeInvlidMerchantConfig, CodeInvalidMerchantConfig,
		CodeGatewayUnauthentic, CodeGatewayUnauthorised, CodeGatewayParameters:
		return cnpay.Failed
	}
	return cnpay.Unknown // the undecided ones, 9999, 9200, or undocumented
}

// judgeCounterCode reads errCode of poslink, or of the gateway before it.
func judgeCounterCode(code string) cnpay.Outcome {
	switch code {
	case CounterCodeSuccess:
		return cnpay.Succeeded
	case CodeGatewayAccepted:
		return cnpay.Pending
	case CounterCodeNoMerchant, CounterCodeWrongAmount, CounterCodeNoOriginal, CounterCodeOriginalLost, CounterCodeFormat,
		CounterCodeNotAllowed, CounterCodeLimit, CounterCodeOriginalAmount, CounterCodeNoTerminal,
		CodeGatewayUnauthentic, CodeGatewayUnauthorised, CodeGatewayParameters:
		return cnpay.Failed
	}
	return cnpay.Unknown // 92, 94 (repeated: the earlier one may have succeeded), 96, A7, ER, 9999, or undocumented
}

// judgeOrdered reads the answer to an order that somebody pays later.
func judgeOrdered(byCode cnpay.Outcome, request, answer any) (cnpay.Outcome, error) {
	req, asked := request.(interface{ ordered() *Order })
	res, answered := answer.(interface{ ordered() *OrderResponse })
	if byCode != cnpay.Succeeded {
		return byCode, nil
	}
	if !asked || !answered { // a bill's code, which has no amount in its answer
		return cnpay.Pending, nil
	}
	order := res.ordered()
	if amount := order.TotalAmount; amount != 0 && amount != req.ordered().TotalAmount {
		return cnpay.Unknown, call.Contradiction("totalAmount %d, not %d", amount, req.ordered().TotalAmount)
	}
	switch order.Status {
	case "", StatusNewOrder, StatusWaitBuyerPay, StatusTradeSuccess:
		return cnpay.Pending, nil
	}
	return cnpay.Unknown, call.Contradiction("status %s decides nothing", order.Status)
}

// judgeDone takes a success for one.
func judgeDone(byCode cnpay.Outcome, _, _ any) (cnpay.Outcome, error) { return byCode, nil }

// paid is what an answer or a notification says of an order that somebody pays.
type paid struct {
	status, payTime string
	total, buyerPay int64
}

// was reports what shows that somebody has paid, if anything does.
func (p paid) was() error {
	switch {
	case p.payTime != "":
		return call.Contradiction("%s, and was paid at %s", p.status, p.payTime)
	case p.buyerPay != 0:
		return call.Contradiction("%s, and buyerPayAmount is %d", p.status, p.buyerPay)
	}
	return nil
}

// judge reads the state (交易状态) of an order that somebody pays.
//
// TRADE_CLOSED is the end of an order that nobody has paid, and of one that was paid and given back whole: then it shows
// when it was paid, or what.
func (p paid) judge() (cnpay.Outcome, error) {
	switch p.status {
	case StatusTradeSuccess, StatusTradeRefund:
		if p.total <= 0 || p.buyerPay < 0 {
			return cnpay.Unknown, call.Contradiction("%s, with totalAmount %d and buyerPayAmount %d", p.status, p.total, p.buyerPay)
		}
		return cnpay.Succeeded, nil
	case StatusNewOrder, StatusWaitBuyerPay:
		return cnpay.Pending, nil
	case StatusTradeClosed:
		if err := p.was(); err != nil {
			return cnpay.Unknown, err
		}
		return cnpay.Failed, nil
	}
	return cnpay.Unknown, nil // UNKNOWN, or undocumented
}

// judgeRefundStatus reads refundStatus (退款状态).
func judgeRefundStatus(status string) (cnpay.Outcome, error) {
	switch status {
	case RefundStatusSuccess:
		return cnpay.Succeeded, nil
	case RefundStatusFail:
		return cnpay.Failed, nil
	case RefundStatusProcessing:
		return cnpay.Pending, nil
	}
	return cnpay.Unknown, call.Contradiction("refundStatus %q decides nothing", status)
}

// judgeUndone reads the state in the answer to a cancellation. Whether it is that of the cancellation or that of what
// was cancelled, the documents do not say. With SUCCESS each of its three last values means done: read in the other way,
// it would be a request that was processed and yet refused, and refusals have an errCode.
func judgeUndone(status string) (cnpay.Outcome, error) {
	switch status {
	case StatusTradeSuccess, StatusTradeClosed, StatusTradeRefund:
		return cnpay.Succeeded, nil
	case StatusNewOrder, StatusWaitBuyerPay, "":
		return cnpay.Pending, nil
	}
	return cnpay.Unknown, call.Contradiction("status %s decides nothing", status) // UNKNOWN, or undocumented
}

// refusedThoughClosed keeps the refusal of what is closed already from being one: it does not say who closed it.
func refusedThoughClosed(byCode cnpay.Outcome, status string) (cnpay.Outcome, error) {
	if byCode == cnpay.Failed && status == StatusTradeClosed {
		return cnpay.Unknown, call.Contradiction("refused, and closed already")
	}
	return byCode, nil
}

// judgeBillUndone reads the states in the answer to the cancellation of a bill's pre-authorisation or completion.
func judgeBillUndone(byCode cnpay.Outcome, billStatus string, p *Payment) (cnpay.Outcome, error) {
	switch err := p.contradiction(); {
	case byCode != cnpay.Succeeded:
		return refusedThoughClosed(byCode, p.Status)
	case !everPaid(billStatus):
		return cnpay.Unknown, call.Contradiction("billStatus %s", billStatus)
	case err != nil:
		return cnpay.Unknown, err
	}
	return judgeUndone(p.Status)
}

// twoPayments refuses an answer that has one payment under two names and not alike.
func twoPayments() error {
	return fmt.Errorf("%w: billPayment and cancelBillPayment are not the same", cnpay.ErrMalformed)
}

// everPaid reports whether a bill, as far as its state (账单状态) is known, was ever paid: only then can a completion or a
// refund exist.
func everPaid(billStatus string) bool {
	switch billStatus {
	case "", BillStatusPaid, BillStatusRefund, BillStatusClosed:
		return true
	}
	return false // UNPAID, UNKNOWN, or undocumented
}

// paid is what a movement says of whether it was paid.
func (p *Payment) paid() paid { return paid{p.Status, p.PayTime, p.TotalAmount, p.BuyerPayAmount} }

// contradiction says which amount cannot be.
func (p *Payment) contradiction() error {
	switch {
	case p.TotalAmount < 0:
		return call.Contradiction("totalAmount %d", p.TotalAmount)
	case p.BuyerPayAmount < 0:
		return call.Contradiction("buyerPayAmount %d", p.BuyerPayAmount)
	}
	return nil
}

// otherAmount says that an answer has another amount than was asked for, if it has one and the ticket knows. Whether it
// must have one depends on the state beside it.
func otherAmount(name string, answered int64, asked string) error {
	if answered < 0 || answered != 0 && asked != "" && fmt.Sprint(answered) != asked {
		return call.Contradiction("%s %d, not %s", name, answered, asked)
	}
	return nil
}

// judgeClose reads the answer to closing an order.
func judgeClose[Req any](_ *Req, res *OrderCloseResponse) (cnpay.Outcome, error) {
	switch res.Status {
	case StatusTradeClosed:
		return cnpay.Succeeded, nil
	case "", StatusNewOrder, StatusWaitBuyerPay:
		return cnpay.Pending, nil
	}
	return cnpay.Unknown, call.Contradiction("status %s decides nothing", res.Status)
}
