package spay

import (
	"context"

	"github.com/cnpay-go/cnpay"
)

// QuickPayService is payment with a bank card and a text message, on the merchant's own pages (快捷支付): an order, a
// message to the payer's telephone, and the confirmation with the code in it.
type QuickPayService struct{ client *Client }

// QuickPayApplyRequest is an order that is paid with a card.
type QuickPayApplyRequest struct {
	envelope
	Order
	Medium

	// PayType is the kind of card (支付方式), DEBITCARD or CREDITCARD.
	PayType string `json:"pay_type" spec:"M S..16"`
	// GateID is the bank (发卡银行编号), ICBC for example.
	GateID string `json:"gate_id" spec:"M S..16"`
	// MerCustID is the payer's number at the merchant (商户用户标识).
	MerCustID string `json:"mer_cust_id" spec:"O S..32"`
	// RiskExpand is what is known of the risk (风控扩展字段), code:text#code:text.
	RiskExpand string `json:"risk_expand" spec:"O S..512"`
}

func (*QuickPayApplyRequest) operation() Operation {
	return Operation{ID: OpQuickPayApply, PaidLater: true, Judge: judgePayment, Settle: settleOrder}
}

// QuickPayApplyResponse is the answer with what the payer has to enter.
type QuickPayApplyResponse struct {
	Response
	Trade

	// PayElements is what the payer has to enter (支付要素), ",card_id,identity_type,card_holder,identity_code" for example.
	PayElements string `json:"payElements" spec:"C S"`
}

// Apply makes an order (快捷支付下单, apply_pay_shortcut). No money moves until it is confirmed. Its outcomes are those of
// [OrdersService.CreateQR].
//
//cnpay:op spay_apply_pay_shortcut
func (s *QuickPayService) Apply(ctx context.Context, req *QuickPayApplyRequest, opts ...cnpay.Option) (*QuickPayApplyResponse, error) {
	return do[QuickPayApplyResponse](ctx, s.client, req, opts)
}

// QuickPaySendSMSRequest says who receives a code.
type QuickPaySendSMSRequest struct {
	envelope
	Card

	// TradeNo is UMPay's number of the order (U付交易号).
	TradeNo string `json:"trade_no" spec:"M N..16"`
	// MediaID is the telephone number that the bank knows (媒介标识).
	MediaID string `json:"media_id" spec:"M S..32 secret"`
	// MediaType is MOBILE (媒介类型).
	MediaType string `json:"media_type" spec:"M MOBILE|EMAIL|MERUSERID"`
}

func (*QuickPaySendSMSRequest) operation() Operation {
	return Operation{ID: OpQuickPaySendSMS, NoMoney: true}
}

// QuickPaySendSMSResponse is the answer to the request for a code.
type QuickPaySendSMSResponse struct{ Response }

// SendSMS sends a code to the payer's telephone (快捷支付短信, sms_req_shortcut). It moves no money. Another may be sent after
// a minute.
//   - Succeeded: the bank sends the code.
//   - Failed: refused; no code is sent.
//   - Unknown: perhaps sent; ask the payer, or send another after a minute.
//
//cnpay:op spay_sms_req_shortcut
func (s *QuickPayService) SendSMS(ctx context.Context, req *QuickPaySendSMSRequest, opts ...cnpay.Option) (*QuickPaySendSMSResponse, error) {
	return do[QuickPaySendSMSResponse](ctx, s.client, req, opts)
}

// QuickPayConfirmRequest pays an order with the code that the payer received.
type QuickPayConfirmRequest struct {
	envelope
	Card

	// OrderID is the number of the order (商户订单号). It is not sent: settling needs it.
	OrderID string `json:"order_id" spec:"M ORDER unsent"`
	// MerDate is the day of the order (商户订单日期). It is not sent: settling needs it.
	MerDate string `json:"mer_date" spec:"M YYYYMMDD unsent"`
	// Amount is the amount of the order (付款金额), fen. It is not sent: where it is given, answers are compared with it.
	Amount int64 `json:"amount,string" spec:"O N1..13 unsent"`
	// TradeNo is UMPay's number of the order (U付交易号).
	TradeNo string `json:"trade_no" spec:"M N..16"`
	// VerifyCode is the code that the payer received (短信验证码).
	VerifyCode string `json:"verify_code" spec:"M S..8 secret"`
	// MediaType is MOBILE (媒介类型).
	MediaType string `json:"media_type" spec:"M MOBILE|EMAIL|MERUSERID"`
	// MediaID is the telephone number that the code was sent to (媒介标识).
	MediaID string `json:"media_id" spec:"M S..32 secret"`
	// UsrBusiAgreementID is the payer's agreement with the merchant (用户业务协议号).
	UsrBusiAgreementID string `json:"usr_busi_agreement_id" spec:"O S..64"`
	// UsrPayAgreementID is the payer's agreement about the card (用户支付协议号).
	UsrPayAgreementID string `json:"usr_pay_agreement_id" spec:"O S..64"`
}

func (*QuickPayConfirmRequest) operation() Operation {
	return Operation{ID: OpQuickPayConfirm, Judge: judgePayment, Settle: settleConfirm}
}

// QuickPayConfirmResponse is the answer to a payment.
type QuickPayConfirmResponse struct {
	Response
	Trade

	// PayDate is the day of the payment (支付日期).
	PayDate string `json:"pay_date" spec:"C S..8"`
	// Amount is the amount of the order (付款金额), fen.
	Amount int64 `json:"amount,string" spec:"C N1..13"`
	// AmtType is the currency (付款币种), RMB.
	AmtType string `json:"amt_type" spec:"C S..8"`
	// SettleDate is the day in whose settlement file it is (对账日期).
	SettleDate string `json:"settle_date" spec:"C S..8"`
}

// Confirm takes the money of an order from the payer's card (快捷支付确认, confirm_pay_shortcut).
//
// A repeat is not harmless.
//   - Succeeded: paid.
//   - Pending: the bank has it. Settle it.
//   - Failed: refused, with a wrong code for example: the order can be confirmed again. Once it is settled: the order
//     failed, was closed or cancelled.
//   - NotSent: nothing left this machine.
//   - Unknown: settle it, by default on [AtOnceSchedule]. With code WAIT_BUYER_PAY the confirmation may still be on its way;
//     an order that is not paid when it expires is TRADE_CLOSE.
//
//cnpay:op spay_confirm_pay_shortcut
func (s *QuickPayService) Confirm(ctx context.Context, req *QuickPayConfirmRequest, opts ...cnpay.Option) (*QuickPayConfirmResponse, error) {
	return do[QuickPayConfirmResponse](ctx, s.client, req, opts)
}
