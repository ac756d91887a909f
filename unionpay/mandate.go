package unionpay

import (
	"context"

	"github.com/cnpay-go/cnpay"
)

// MandatesService collects by mandate (代收), and keeps what this needs: verified names, mandates and bindings.
type MandatesService struct{ client *Client }

// MandateCollectRequest takes money from a card whose holder has given a mandate.
type MandateCollectRequest struct {
	header
	Sender
	Acquirer
	Platform
	Terminal
	CardKind

	// TxnSubType is the kind (交易子类): 00, which empty means, or 02.
	TxnSubType string `json:"txnSubType" spec:"M 00|02"`
	// BizType is the product of this collection (产品类型). Empty means 000501.
	BizType string `json:"bizType" spec:"M N6"`
	// OrderID is the order number of this collection (商户订单号). See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this collection (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// TxnAmt is the amount of this collection (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"M N1..12"`
	// CurrencyCode is the currency of this collection (交易币种). Empty means 156, CNY.
	CurrencyCode string `json:"currencyCode" spec:"M AN3"`
	// BackURL is where the notification of this collection goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"M ANS1..256"`
	// AccNo is the number of the card to collect from (账号), plain or encrypted; see [Card].
	AccNo string `json:"accNo" spec:"M ANS1..1024 pan"`
	// CustomerInfo proves the holder who gave the mandate (银行卡验证信息及身份信息); see [CustomerInfo].
	CustomerInfo string `json:"customerInfo" spec:"C ANS secret"`
	// BindID is the mark of the bound card to collect from (绑定标识号).
	BindID string `json:"bindId" spec:"C ANS1..128"`
	// BillType is the kind of bill (账单类型).
	BillType string `json:"billType" spec:"O ANS"`
	// BillNo is the number of the bill (账单号码).
	BillNo string `json:"billNo" spec:"O ANS"`
	// ReqReserved is the merchant's own text about this collection (请求方保留域), which answers and notifications repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
}

func (*MandateCollectRequest) operation() Operation {
	return Operation{
		ID: OpMandateCollect, Path: backTrans, TxnType: "11", TxnSubType: "00", BizType: "000501", ChannelType: "07",
		Judge: judgeAccepted, Settle: SettleByQuery,
	}
}

// MandateCollectResponse is the answer to a collection.
type MandateCollectResponse struct {
	Response
	Accepted
	ShownAccount
}

// Collect takes money from a card under its holder's mandate (代收, txnType 11, POST /gateway/api/backTransReq.do).
//
// A repeat with the same orderId and txnTime is harmless; see Repeats in the package comment.
//   - Pending: accepted (受理); a notification or Settle has the end. Once it is settled: Succeeded, the money is taken;
//     Failed, nothing was taken; NotSent, it never arrived.
//   - Failed: refused; nothing was taken.
//   - Unknown: settle it, by default on [BackSchedule]. If it stays Unknown, the notification or the reconciliation
//     file decides.
//
//cnpay:op collection
func (s *MandatesService) Collect(ctx context.Context, req *MandateCollectRequest, opts ...cnpay.Option) (*MandateCollectResponse, error) {
	return do[MandateCollectResponse](ctx, s.client, req, opts)
}

// MandateVerifyNameRequest asks whether a card belongs to a person, and binds it.
type MandateVerifyNameRequest struct {
	header
	Sender
	Acquirer
	Platform
	Channel
	Risk
	CardKind

	// TxnSubType is the kind (交易子类): 01, which empty means, asks the issuer; 02 only binds the card.
	TxnSubType string `json:"txnSubType" spec:"M 01|02"`
	// BizType is the product (产品类型) that the card is bound for: 000401 payouts, 000501 collections, 000801 institutions.
	// No default is right for all.
	BizType string `json:"bizType" spec:"M N6"`
	// OrderID is the order number of this verification (商户订单号). See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this verification (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// AccNo is the number of the card to verify (账号), plain or encrypted; see [Card].
	AccNo string `json:"accNo" spec:"M ANS1..1024 pan"`
	// CustomerInfo proves the card holder (银行卡验证信息及身份信息); see [CustomerInfo].
	CustomerInfo string `json:"customerInfo" spec:"M ANS secret"`
	// ReqReserved is the merchant's own text about this verification (请求方保留域), which answers and notifications repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
	// BackURL is where the notification of this verification goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"C ANS1..256"`
}

func (*MandateVerifyNameRequest) operation() Operation {
	return Operation{
		ID: OpMandateVerifyName, Path: backTrans, TxnType: "72", TxnSubType: "01", ChannelType: "07",
		NoMoney: true, Judge: judgeCode,
	}
}

// MandateVerifyNameResponse is the answer to a verification.
type MandateVerifyNameResponse struct {
	Response
	ShownCard

	// BindID is the mark of the bound card (绑定标识号).
	BindID string `json:"bindId" spec:"C ANS1..128"`
}

// VerifyName asks the issuer whether a card belongs to a person, and binds the card to BindID (后台实名认证, txnType 72, POST
// /gateway/api/backTransReq.do). No money moves; it may be repeated under a new orderId.
//   - Succeeded: it belongs to the person, and is bound. With TxnSubType 02 it is bound, which says nothing about the
//     person.
//   - Failed: not bound by this request. It does not prove that the card is another person's: RespCode says whether
//     the issuer found a difference or the request was refused for another reason.
//   - Unknown: send it again under a new orderId. The card may be bound already.
//
//cnpay:op realname_auth_back
func (s *MandatesService) VerifyName(ctx context.Context, req *MandateVerifyNameRequest, opts ...cnpay.Option) (*MandateVerifyNameResponse, error) {
	return do[MandateVerifyNameResponse](ctx, s.client, req, opts)
}

// MandateCreateRequest establishes the mandate to collect from a card. No page of UnionPay's was found about it: the
// fields are those that another open-source client sends.
type MandateCreateRequest struct {
	envelope
	Sender
	Acquirer
	Platform
	Channel
	Risk
	CardKind

	// BizType is the product (产品类型). Empty means 000501.
	BizType string `json:"bizType" spec:"M N6"`
	// OrderID is the order number of this mandate (商户订单号). See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this mandate (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// AccNo is the number of the card of the mandate (账号), plain or encrypted; see [Card].
	AccNo string `json:"accNo" spec:"M ANS1..1024 pan"`
	// CustomerInfo proves the card holder (银行卡验证信息及身份信息); see [CustomerInfo].
	CustomerInfo string `json:"customerInfo" spec:"M ANS secret"`
	// ReqReserved is the merchant's own text about this mandate (请求方保留域), which answers and notifications repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
	// BackURL is where the notification of this mandate goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"C ANS1..256"`
}

func (*MandateCreateRequest) operation() Operation {
	return Operation{
		ID: OpMandateCreate, Path: backTrans, TxnType: "72", TxnSubType: "11", BizType: "000501", ChannelType: "07",
		NoMoney: true, Judge: judgeCode,
	}
}

// MandateCreateResponse is the answer to a mandate.
type MandateCreateResponse struct {
	Response
	ShownCard
}

// Create records the mandate to collect from a card (后台建立委托, txnType 72/11, POST /gateway/api/backTransReq.do). No
// money moves; it may be repeated under a new orderId.
//   - Succeeded: the mandate exists; collections may follow.
//   - Failed: refused; this request made no mandate. One that was made before may exist.
//   - Unknown: send it again under a new orderId.
//
//cnpay:op collection_authorize
func (s *MandatesService) Create(ctx context.Context, req *MandateCreateRequest, opts ...cnpay.Option) (*MandateCreateResponse, error) {
	return do[MandateCreateResponse](ctx, s.client, req, opts)
}

// MandateCancelRequest ends the mandate to collect from a card. No page of UnionPay's was found about it: the fields are
// those that another open-source client sends.
type MandateCancelRequest struct {
	envelope
	Sender
	Acquirer
	Platform
	Channel
	Risk
	CardKind

	// BizType is the product (产品类型). Empty means 000501.
	BizType string `json:"bizType" spec:"M N6"`
	// OrderID is the order number of this cancellation of a mandate (商户订单号). See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this cancellation of a mandate (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// AccNo is the number of the card whose mandate ends (账号), plain or encrypted; see [Card].
	AccNo string `json:"accNo" spec:"M ANS1..1024 pan"`
	// CustomerInfo proves the holder whose mandate ends (银行卡验证信息及身份信息); see [CustomerInfo].
	CustomerInfo string `json:"customerInfo" spec:"C ANS secret"`
	// ReqReserved is the merchant's own text about this cancellation of a mandate (请求方保留域), which answers and
	// notifications repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
}

func (*MandateCancelRequest) operation() Operation {
	return Operation{
		ID: OpMandateCancel, Path: backTrans, TxnType: "74", TxnSubType: "04", BizType: "000501", ChannelType: "07",
		NoMoney: true, Judge: judgeCode,
	}
}

// MandateCancelResponse is the answer to the cancellation of a mandate.
type MandateCancelResponse struct {
	Response
	ShownCard
}

// Cancel ends the mandate to collect from a card (解除委托, txnType 74/04, POST /gateway/api/backTransReq.do). No money
// moves, and collections that were accepted before are not undone. It may be repeated under a new orderId.
//   - Succeeded: the mandate has ended.
//   - Failed: refused; the mandate is as it was before. After an Unknown that may mean that it has ended already.
//   - Unknown: send it again under a new orderId, and collect nothing meanwhile.
//
//cnpay:op collection_deauthorize
func (s *MandatesService) Cancel(ctx context.Context, req *MandateCancelRequest, opts ...cnpay.Option) (*MandateCancelResponse, error) {
	return do[MandateCancelResponse](ctx, s.client, req, opts)
}

// MandateUnbindRequest ends a binding.
type MandateUnbindRequest struct {
	envelope
	Sender
	Acquirer
	Platform
	Channel
	Risk
	Encryption

	// BizType is the product (产品类型). Empty means 000000.
	BizType string `json:"bizType" spec:"M N6"`
	// OrderID is the order number of this unbinding (商户订单号). See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this unbinding (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// BindID is the mark of the binding to end (绑定标识号).
	BindID string `json:"bindId" spec:"M ANS1..128"`
	// AccNo is the number of the bound card (账号), plain or encrypted; see [Card].
	AccNo string `json:"accNo" spec:"C ANS1..1024 pan"`
	// ReqReserved is the merchant's own text about this unbinding (请求方保留域), which answers and notifications repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
}

func (*MandateUnbindRequest) operation() Operation {
	return Operation{
		ID: OpMandateUnbind, Path: backTrans, TxnType: "74", TxnSubType: "00", BizType: "000000", ChannelType: "07",
		NoMoney: true, Judge: judgeCode,
	}
}

// MandateUnbindResponse is the answer to an unbinding.
type MandateUnbindResponse struct {
	Response
	ShownAccount

	// BindID is the mark of the bound card (绑定标识号).
	BindID string `json:"bindId" spec:"C ANS1..128"`
}

// Unbind ends the binding of a card (撤销绑定关系, txnType 74/00, POST /gateway/api/backTransReq.do). No money moves; it may
// be repeated under a new orderId.
//   - Succeeded: gone.
//   - Failed: refused.
//   - Unknown: query with QueryBinding.
//
//cnpay:op unbind
func (s *MandatesService) Unbind(ctx context.Context, req *MandateUnbindRequest, opts ...cnpay.Option) (*MandateUnbindResponse, error) {
	return do[MandateUnbindResponse](ctx, s.client, req, opts)
}

// MandateQueryBindingRequest asks for a binding, by card or by its mark.
type MandateQueryBindingRequest struct {
	envelope
	Sender
	Acquirer
	Platform
	Channel
	Risk
	Encryption

	// BizType is the product (产品类型). Empty means 000801.
	BizType string `json:"bizType" spec:"M N6"`
	// OrderID is the order number of this query of a binding (商户订单号). See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this query of a binding (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// BindID is the mark of a bound card (绑定标识号).
	BindID string `json:"bindId" spec:"C[!accNo] ANS1..128"`
	// AccNo is the card number (账号), plain or encrypted, instead of BindID; see [Card].
	AccNo string `json:"accNo" spec:"C ANS1..1024 pan"`
	// ReqReserved is the merchant's own text about this query of a binding (请求方保留域), which answers and notifications
	// repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
}

func (*MandateQueryBindingRequest) operation() Operation {
	return Operation{
		ID: OpMandateQueryBinding, Path: backTrans, TxnType: "75", TxnSubType: "00", BizType: "000801", ChannelType: "07",
		Query: true, Repeatable: true, Judge: judgeCode,
	}
}

// MandateQueryBindingResponse is the answer to a query of a binding.
type MandateQueryBindingResponse struct {
	Response
	ShownAccount

	// BindID is the mark of the bound card (绑定标识号).
	BindID string `json:"bindId" spec:"C ANS1..128"`
}

// QueryBinding asks whether a card is bound (绑定关系查询, txnType 75/00, POST /gateway/api/backTransReq.do). It may be
// repeated.
//   - Answered: it is bound.
//   - Unknown: refused, no such binding, or nothing was heard; query again.
//
//cnpay:op bind_query
func (s *MandatesService) QueryBinding(ctx context.Context, req *MandateQueryBindingRequest, opts ...cnpay.Option) (*MandateQueryBindingResponse, error) {
	return do[MandateQueryBindingResponse](ctx, s.client, req, opts)
}
