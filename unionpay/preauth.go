package unionpay

import (
	"context"

	"github.com/cnpay-go/cnpay"
)

// PreauthService acts on pre-authorisations (预授权): money that the issuer holds for the merchant.
type PreauthService struct{ client *Client }

// PreauthCancelRequest cancels a pre-authorisation. The page of the operation is open.unionpay.com's; where the pages of
// other products differ, the comment says so.
type PreauthCancelRequest struct {
	envelope
	Sender
	Acquirer
	Platform
	Channel

	// BizType is the product (产品类型), the same as the pre-authorisation's. No default is right for all: 000201 on
	// UnionPay's page and in an app, 000301 by card number (认证支付2.0), 000902 by token (Token支付). The page lists the last
	// two; the gateway product's demo sends 000201.
	BizType string `json:"bizType" spec:"M N6"`
	// OrderID is the order number of this cancellation (商户订单号), not of the pre-authorisation. See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this cancellation (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// TxnAmt is the whole amount of the pre-authorisation (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"M N1..12"`
	// TermID is the terminal number (终端号).
	TermID string `json:"termId" spec:"O ANS8"`
	// BackURL is where the notification of this cancellation goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"M ANS1..256"`
	// ReqReserved is the merchant's own text about this cancellation (请求方保留域), which answers and notifications repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
	// OrigQryID is the queryId of the pre-authorisation (原交易查询流水号). The page says 21 characters; a queryId has 20 or 21.
	OrigQryID string `json:"origQryId" spec:"M AN20..21"`
}

func (*PreauthCancelRequest) operation() Operation {
	return Operation{
		ID: OpPreauthCancel, Path: backTrans, TxnType: "32", TxnSubType: "00", ChannelType: "07",
		Judge: judgeAccepted, Settle: SettleByQuery,
	}
}

// PreauthCancelResponse is the answer to a cancellation.
type PreauthCancelResponse struct {
	Response

	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"R N1..12"`
	// QueryID is UnionPay's number of the cancellation (查询流水号).
	QueryID string `json:"queryId" spec:"M AN20..21"`
	// OrigQryID is the queryId of the pre-authorisation (原交易查询流水号).
	OrigQryID string `json:"origQryId" spec:"R AN21"`
}

// Cancel releases the whole of a pre-authorisation that has not been completed (预授权撤销, txnType 32, POST
// /gateway/api/backTransReq.do).
//
// A repeat with the same orderId and txnTime is harmless; see Repeats in the package comment.
//   - Pending: accepted (受理); a notification or Settle has the end. Once it is settled: Succeeded, the issuer has
//     released the money; Failed, the pre-authorisation is as it was; NotSent, it never arrived.
//   - Failed: refused; the pre-authorisation is as it was.
//   - Unknown: settle it, by default on [BackSchedule]. If it stays Unknown, the notification or the reconciliation
//     file decides.
//
//cnpay:op preauth_cancel
func (s *PreauthService) Cancel(ctx context.Context, req *PreauthCancelRequest, opts ...cnpay.Option) (*PreauthCancelResponse, error) {
	return do[PreauthCancelResponse](ctx, s.client, req, opts)
}

// PreauthAppRequest is a pre-authorisation in the merchant's own app.
type PreauthAppRequest struct {
	envelope
	Sender
	Institution
	Platform
	Channel
	Details
	Split
	Encryption

	// BizType is the product (产品类型). Empty means 000201, the control in the app.
	BizType string `json:"bizType" spec:"M N6"`
	// OrderID is the order number of this pre-authorisation in the app (商户订单号). See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this pre-authorisation in the app (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification of this pre-authorisation in the app goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"M ANS1..256"`
	// TxnAmt is the amount of this pre-authorisation in the app (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"M N1..12"`
	// FrontURL is where the payer's browser comes back to after this pre-authorisation in the app, with a POST (前台通知地址).
	FrontURL string `json:"frontUrl" spec:"C ANS1..256"`
	// AccNo is the card number (账号), plain or encrypted; see [Card].
	AccNo string `json:"accNo" spec:"C ANS1..1024 pan"`
	// PayCardType is the kind of card (支付卡类型): 01 debit, 02 credit, 03 semi-credit, 05 prepaid.
	PayCardType string `json:"payCardType" spec:"O N2"`
	// DefaultPayType is the way of paying that the app shows first (默认支付方式), 0001 for example.
	DefaultPayType string `json:"defaultPayType" spec:"O N4"`
	// ReqReserved is the merchant's own text about this pre-authorisation in the app (请求方保留域), which answers and
	// notifications repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
	// CustomerInfo proves the card holder (银行卡验证信息及身份信息); see [CustomerInfo].
	CustomerInfo string `json:"customerInfo" spec:"C ANS secret"`
	// PayTimeout is until when the payer may agree in the app (支付超时时间); see Orders that the payer pays in the package
	// comment.
	PayTimeout string `json:"payTimeout" spec:"O YYYYMMDDhhmmss"`
}

func (*PreauthAppRequest) operation() Operation {
	return Operation{
		ID: OpPreauthApp, Path: appTrans, TxnType: "02", TxnSubType: "01", BizType: "000201", ChannelType: "08",
		PaidByPayer: true, Requires: "tn", Settle: SettlePaidByPayer,
	}
}

// PreauthAppResponse is the answer to the order of a pre-authorisation in an app.
type PreauthAppResponse struct {
	Response

	// TN is what the app hands to the UnionPay control to let the payer pay (银联受理订单号).
	TN string `json:"tn" spec:"C AN"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"C N1..12"`
}

// App orders a pre-authorisation in the merchant's own app, whose UnionPay control asks for the TN (手机控件支付 预授权, txnType
// 02, POST /gateway/api/appTransReq.do).
//
// No money moves until the payer pays; see Orders that the payer pays in the package comment.
//   - Pending: the order is there, and the app needs its TN. Once it is settled, by default on [PayerSchedule]:
//     Succeeded, the amount is held; Failed, PayTimeout has passed and it is not.
//   - Failed: refused; there is no order.
//   - Unknown: nobody can pay without the TN. Make a new order under a new orderId.
//
//cnpay:op app_preauth
func (s *PreauthService) App(ctx context.Context, req *PreauthAppRequest, opts ...cnpay.Option) (*PreauthAppResponse, error) {
	return do[PreauthAppResponse](ctx, s.client, req, opts)
}

// PreauthCreateRequest is a pre-authorisation without UnionPay's page, with a token (BizType 000902) or a card number
// (000301).
type PreauthCreateRequest struct {
	envelope
	Sender
	Acquirer
	Platform
	Terminal
	Details
	Device
	Card

	// BizType is the product (产品类型): 000902 with a token, 000301 with a card number. Empty means the one that fits.
	BizType string `json:"bizType" spec:"M N6"`
	// OrderID is the order number of this pre-authorisation (商户订单号). See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this pre-authorisation (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification of this pre-authorisation goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"M ANS1..256"`
	// TxnAmt is the amount of this pre-authorisation (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"M N1..12"`
	// TokenPayData is the token (标记化支付信息域), a [Group]: {trId=..&tokenType=01} to ask for one, {token=..&trId=..} to use
	// it.
	TokenPayData string `json:"tokenPayData" spec:"C[!accNo] GROUP secret"`
	// FrontURL is where the payer's browser comes back to after this pre-authorisation, with a POST (前台通知地址).
	FrontURL string `json:"frontUrl" spec:"C ANS1..256"`
	// ReqReserved is the merchant's own text about this pre-authorisation (请求方保留域), which answers and notifications
	// repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
}

func (*PreauthCreateRequest) operation() Operation {
	return Operation{
		ID: OpPreauthCreate, Path: backTrans, TxnType: "02", TxnSubType: "01", BizType: "000902", ChannelType: "07",
		Judge: judgeAccepted, Settle: SettleByQuery,
	}
}

func (r *PreauthCreateRequest) product() string { return byCard(r.AccNo, r.TokenPayData) }

// PreauthCreateResponse is the answer to a pre-authorisation.
type PreauthCreateResponse struct {
	Response
	Accepted
	PaidCard
}

// Create holds money without UnionPay's page (无跳转支付 预授权, txnType 02, POST /gateway/api/backTransReq.do).
//
// A repeat with the same orderId and txnTime is harmless; see Repeats in the package comment.
//   - Pending: accepted (受理); a notification or Settle has the end. Once it is settled: Succeeded, the money is held;
//     Failed, nothing is held; NotSent, it never arrived.
//   - Failed: refused; nothing is held.
//   - Unknown: settle it, by default on [BackSchedule]. If it stays Unknown, the notification or the reconciliation
//     file decides.
//
//cnpay:op no_redirect_preauth
func (s *PreauthService) Create(ctx context.Context, req *PreauthCreateRequest, opts ...cnpay.Option) (*PreauthCreateResponse, error) {
	return do[PreauthCreateResponse](ctx, s.client, req, opts)
}

// PreauthCompleteRequest takes the money of a pre-authorisation.
type PreauthCompleteRequest struct {
	envelope
	Sender
	Acquirer
	Platform
	Terminal

	// BizType is the product (产品类型), the same as the pre-authorisation's. No default is right for all: 000201 on
	// UnionPay's page and in an app, 000301 by card number, 000902 by token.
	BizType string `json:"bizType" spec:"M N6"`
	// OrderID is the order number of this completion (商户订单号), not of the pre-authorisation. See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this completion (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification of this completion goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"M ANS1..256"`
	// TxnAmt is the amount to take (交易金额), fen. How far it may exceed the amount held is between merchant and acquirer.
	TxnAmt int64 `json:"txnAmt" spec:"M N1..12"`
	// OrigQryID is the queryId of the pre-authorisation (原交易查询流水号).
	OrigQryID string `json:"origQryId" spec:"M AN20..21"`
	// ReqReserved is the merchant's own text about this completion (请求方保留域), which answers and notifications repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
}

func (*PreauthCompleteRequest) operation() Operation {
	return Operation{
		ID: OpPreauthComplete, Path: backTrans, TxnType: "03", TxnSubType: "00", ChannelType: "07",
		Judge: judgeAccepted, Settle: SettleByQuery,
	}
}

// PreauthCompleteResponse is the answer to a completion.
type PreauthCompleteResponse struct {
	Response
	AcceptedFollowUp
}

// Complete takes the money that a pre-authorisation holds (预授权完成, txnType 03, POST /gateway/api/backTransReq.do), once;
// other programs call it capture. CancelCompletion returns it on the same clearing day, [PaymentsService.Refund] later.
//
// A repeat with the same orderId and txnTime is harmless; see Repeats in the package comment.
//   - Pending: accepted (受理); a notification or Settle has the end. Once it is settled: Succeeded, the money is taken;
//     Failed, the pre-authorisation is as it was; NotSent, it never arrived.
//   - Failed: refused; the pre-authorisation is as it was.
//   - Unknown: settle it, by default on [BackSchedule]. If it stays Unknown, the notification or the reconciliation
//     file decides.
//
//cnpay:op preauth_complete
func (s *PreauthService) Complete(ctx context.Context, req *PreauthCompleteRequest, opts ...cnpay.Option) (*PreauthCompleteResponse, error) {
	return do[PreauthCompleteResponse](ctx, s.client, req, opts)
}

// PreauthCancelCompletionRequest cancels the whole of a completion on the same clearing day.
type PreauthCancelCompletionRequest struct {
	envelope
	Sender
	Acquirer
	Platform
	Terminal

	// BizType is the product (产品类型), the same as the pre-authorisation's. No default is right for all: 000201 on
	// UnionPay's page and in an app, 000301 by card number, 000902 by token.
	BizType string `json:"bizType" spec:"M N6"`
	// OrderID is the order number of this cancellation (商户订单号), not of the completion. See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this cancellation (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification of this cancellation of a completion goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"M ANS1..256"`
	// TxnAmt is the whole amount of the completion (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"M N1..12"`
	// OrigQryID is the queryId of the completion (原交易查询流水号), not of the pre-authorisation.
	OrigQryID string `json:"origQryId" spec:"M AN20..21"`
	// ReqReserved is the merchant's own text about this cancellation of a completion (请求方保留域), which answers and
	// notifications repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
}

func (*PreauthCancelCompletionRequest) operation() Operation {
	return Operation{
		ID: OpPreauthCancelCompletion, Path: backTrans, TxnType: "33", TxnSubType: "00", ChannelType: "07",
		Judge: judgeAccepted, Settle: SettleByQuery,
	}
}

// PreauthCancelCompletionResponse is the answer to the cancellation of a completion.
type PreauthCancelCompletionResponse struct {
	Response
	AcceptedFollowUp
}

// CancelCompletion returns the whole of a completion (预授权完成撤销, txnType 33, POST /gateway/api/backTransReq.do), on the
// clearing day of the completion only; later there is [PaymentsService.Refund].
//
// A repeat with the same orderId and txnTime is harmless; see Repeats in the package comment.
//   - Pending: accepted (受理); a notification or Settle has the end. Once it is settled: Succeeded, the money is
//     returned and the pre-authorisation stands again; Failed, the completion stands; NotSent, it never arrived.
//   - Failed: refused; the completion stands.
//   - Unknown: settle it, by default on [BackSchedule]. If it stays Unknown, the notification or the reconciliation
//     file decides.
//
//cnpay:op preauth_complete_cancel
func (s *PreauthService) CancelCompletion(ctx context.Context, req *PreauthCancelCompletionRequest, opts ...cnpay.Option) (*PreauthCancelCompletionResponse, error) {
	return do[PreauthCancelCompletionResponse](ctx, s.client, req, opts)
}
