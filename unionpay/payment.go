package unionpay

import (
	"context"

	"github.com/cnpay-go/cnpay"
)

// PaymentsService takes money and returns it.
type PaymentsService struct{ client *Client }

// PaymentAppRequest is a purchase in the merchant's own app.
type PaymentAppRequest struct {
	header
	Sender
	Institution
	Platform
	Channel
	Details
	Instalments
	Split
	Control
	Encryption

	// BizType is the product (产品类型). Empty means 000201, the control in the app.
	BizType string `json:"bizType" spec:"M N6"`
	// OrderID is the order number of this purchase in the app (商户订单号). See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this purchase in the app (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification of this purchase in the app goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"M ANS1..256"`
	// TxnAmt is the amount of this purchase in the app (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"M N1..12"`
	// FrontURL is where the payer's browser comes back to after this purchase in the app, with a POST (前台通知地址).
	FrontURL string `json:"frontUrl" spec:"C ANS1..256"`
	// AccNo is the card number (账号), plain or encrypted; see [Card].
	AccNo string `json:"accNo" spec:"C ANS1..1024 pan"`
	// PayCardType is the kind of card (支付卡类型): 01 debit, 02 credit, 03 semi-credit, 05 prepaid.
	PayCardType string `json:"payCardType" spec:"O N2"`
	// DefaultPayType is the way of paying that the app shows first (默认支付方式), 0001 for example.
	DefaultPayType string `json:"defaultPayType" spec:"O N4"`
	// ReqReserved is the merchant's own text about this purchase in the app (请求方保留域), which answers and notifications
	// repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
	// CustomerInfo proves the card holder (银行卡验证信息及身份信息); see [CustomerInfo].
	CustomerInfo string `json:"customerInfo" spec:"C ANS secret"`
	// PayTimeout is until when the payer may pay in the app (支付超时时间); see Orders that the payer pays in the package
	// comment.
	PayTimeout string `json:"payTimeout" spec:"O YYYYMMDDhhmmss"`
}

func (*PaymentAppRequest) operation() Operation {
	return Operation{
		ID: OpPaymentApp, Path: appTrans, TxnType: "01", TxnSubType: "01", BizType: "000201", ChannelType: "08",
		PaidByPayer: true, Requires: "tn", Settle: SettlePaidByPayer,
	}
}

// PaymentAppResponse is the answer to the order of a purchase in an app.
type PaymentAppResponse struct {
	Response

	// TN is what the app hands to the UnionPay control to let the payer pay (银联受理订单号).
	TN string `json:"tn" spec:"C AN"`
}

// App orders a purchase in the merchant's own app, whose UnionPay control asks for the TN (手机控件支付 消费, txnType 01, POST
// /gateway/api/appTransReq.do). With TxnSubType 03 it is in instalments.
//
// No money moves until the payer pays; see Orders that the payer pays in the package comment.
//   - Pending: the order is there, and the app needs its TN. Once it is settled, by default on [PayerSchedule]:
//     Succeeded, it is paid; Failed, PayTimeout has passed and it is not.
//   - Failed: refused; there is no order.
//   - Unknown: nobody can pay without the TN. Make a new order under a new orderId.
//
//cnpay:op app_consume
func (s *PaymentsService) App(ctx context.Context, req *PaymentAppRequest, opts ...cnpay.Option) (*PaymentAppResponse, error) {
	return do[PaymentAppResponse](ctx, s.client, req, opts)
}

// PaymentPurchaseRequest is a purchase without UnionPay's page, with a token (BizType 000902) or a card number (000301).
type PaymentPurchaseRequest struct {
	header
	Sender
	Acquirer
	Platform
	Terminal
	Details
	Device
	Instalments
	Split
	Control
	Card

	// BizType is the product (产品类型): 000902 with a token, 000301 with a card number. Empty means the one that fits.
	BizType string `json:"bizType" spec:"M N6"`
	// OrderID is the order number (商户订单号), the same as in the [SMSRequest] where the payer was sent a code.
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time (订单发送时间), the same as there.
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification of this purchase goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"M ANS1..256"`
	// TxnAmt is the amount of this purchase (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"M N1..12"`
	// TokenPayData is the token (标记化支付信息域), a [Group]: {trId=..&tokenType=01} to ask for one, {token=..&trId=..} to use
	// it.
	TokenPayData string `json:"tokenPayData" spec:"C[!accNo] GROUP secret"`
	// OrderTimeout is within how many milliseconds the request must arrive (订单接收超时时间).
	OrderTimeout string `json:"orderTimeout" spec:"O N"`
	// FrontURL is where the payer's browser comes back to after this purchase, with a POST (前台通知地址).
	FrontURL string `json:"frontUrl" spec:"C ANS1..256"`
	// ReqReserved is the merchant's own text about this purchase (请求方保留域), which answers and notifications repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
}

func (*PaymentPurchaseRequest) operation() Operation {
	return Operation{
		ID: OpPaymentPurchase, Path: backTrans, TxnType: "01", TxnSubType: "01", BizType: "000902", ChannelType: "07",
		Judge: judgeAccepted, Settle: SettleByQuery,
	}
}

func (r *PaymentPurchaseRequest) product() string { return byCard(r.AccNo, r.TokenPayData) }

// PaymentPurchaseResponse is the answer to a purchase.
type PaymentPurchaseResponse struct {
	Response
	Accepted
	PaidCard
}

// Purchase takes money without UnionPay's page (无跳转支付 消费, txnType 01, POST /gateway/api/backTransReq.do): from the
// token or the card of a payer who opened it for this, and who typed the code of [CardsService.SendSMS] where one is
// wanted.
//
// A repeat with the same orderId and txnTime is harmless; see Repeats in the package comment.
//   - Pending: accepted (受理); a notification or Settle has the end. Once it is settled: Succeeded, the money is taken;
//     Failed, nothing was taken; NotSent, it never arrived.
//   - Failed: refused; nothing was taken.
//   - Unknown: settle it, by default on [BackSchedule]. If it stays Unknown, the notification or the reconciliation
//     file decides.
//
//cnpay:op no_redirect_consume
func (s *PaymentsService) Purchase(ctx context.Context, req *PaymentPurchaseRequest, opts ...cnpay.Option) (*PaymentPurchaseResponse, error) {
	return do[PaymentPurchaseResponse](ctx, s.client, req, opts)
}

// PaymentVoidRequest gives the whole of a purchase back on the same clearing day.
type PaymentVoidRequest struct {
	envelope
	Sender
	Acquirer
	Platform
	Terminal

	// BizType is the product (产品类型), the same as the purchase's. No default is right for all: 000201 on UnionPay's page
	// and in an app, 000202 for companies, 000301 by card number, 000902 by token.
	BizType string `json:"bizType" spec:"M N6"`
	// OrderID is the order number of this void (商户订单号), not of the purchase. See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this void (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification of this void goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"M ANS1..256"`
	// TxnAmt is the whole amount of the purchase (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"M N1..12"`
	// OrigQryID is the queryId of the purchase (原交易查询流水号).
	OrigQryID string `json:"origQryId" spec:"M AN20..21"`
	// ReqReserved is the merchant's own text about this void (请求方保留域), which answers and notifications repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
}

func (*PaymentVoidRequest) operation() Operation {
	return Operation{
		ID: OpPaymentVoid, Path: backTrans, TxnType: "31", TxnSubType: "00", ChannelType: "07",
		Judge: judgeAccepted, Settle: SettleByQuery,
	}
}

// PaymentVoidResponse is the answer to a void.
type PaymentVoidResponse struct {
	Response
	AcceptedFollowUp
}

// Void returns the whole of a purchase to the payer (消费撤销, txnType 31, POST /gateway/api/backTransReq.do), on the
// clearing day of the purchase only, which ends at 23:00 in Beijing; later there is Refund.
//
// A repeat with the same orderId and txnTime is harmless; see Repeats in the package comment.
//   - Pending: accepted (受理); a notification or Settle has the end. Once it is settled: Succeeded, the money is
//     returned; Failed, the purchase stands; NotSent, it never arrived.
//   - Failed: refused; the purchase stands.
//   - Unknown: settle it, by default on [BackSchedule]. If it stays Unknown, the notification or the reconciliation
//     file decides.
//
//cnpay:op consume_undo
func (s *PaymentsService) Void(ctx context.Context, req *PaymentVoidRequest, opts ...cnpay.Option) (*PaymentVoidResponse, error) {
	return do[PaymentVoidResponse](ctx, s.client, req, opts)
}

// PaymentRefundRequest gives a purchase or the completion of a pre-authorisation back, whole or in parts.
type PaymentRefundRequest struct {
	envelope
	Sender
	Acquirer
	Platform
	Terminal
	Split

	// BizType is the product (产品类型), the same as that of the purchase or completion. No default is right for all: 000201
	// on UnionPay's page and in an app, 000202 for companies, 000301 by card number, 000902 by token.
	BizType string `json:"bizType" spec:"M N6"`
	// OrderID is the order number of this refund (商户订单号), a new one for each. The published request list omits it; it is
	// needed.
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this refund (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification of this refund goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"M ANS1..256"`
	// TxnAmt is the amount to give back (退货金额), fen. The sum of all refunds is at most the original amount.
	TxnAmt int64 `json:"txnAmt" spec:"M N1..12"`
	// OrigQryID is the queryId of the purchase or completion (原交易查询流水号).
	OrigQryID string `json:"origQryId" spec:"M AN20..21"`
	// ReqReserved is the merchant's own text about this refund (请求方保留域), which answers and notifications repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
}

func (*PaymentRefundRequest) operation() Operation {
	return Operation{
		ID: OpPaymentRefund, Path: backTrans, TxnType: "04", TxnSubType: "00", ChannelType: "07",
		Judge: judgeAccepted, Settle: SettleByQuery,
	}
}

// PaymentRefundResponse is the answer to a refund.
type PaymentRefundResponse struct {
	Response
	AcceptedFollowUp
}

// Refund returns money to the payer (退货, txnType 04, POST /gateway/api/backTransReq.do), in one or several parts, for
// 90 days at least after the payment.
//
// A repeat with the same orderId and txnTime is harmless; see Repeats in the package comment.
//   - Pending: accepted (受理); a notification or Settle has the end. Once it is settled: Succeeded, the money is
//     returned; Failed, nothing was returned; NotSent, it never arrived.
//   - Failed: refused; nothing was returned.
//   - Unknown: settle it, by default on [BackSchedule]. If it stays Unknown, the notification or the reconciliation
//     file decides.
//
//cnpay:op refund
func (s *PaymentsService) Refund(ctx context.Context, req *PaymentRefundRequest, opts ...cnpay.Option) (*PaymentRefundResponse, error) {
	return do[PaymentRefundResponse](ctx, s.client, req, opts)
}
