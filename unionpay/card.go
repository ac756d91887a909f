package unionpay

import (
	"context"
	"slices"

	"github.com/cnpay-go/cnpay"
)

// CardsService opens cards for payments without UnionPay's page (无跳转支付), and keeps their tokens.
type CardsService struct{ client *Client }

// SMSRequest asks UnionPay to send the card holder a code by SMS.
type SMSRequest struct {
	Envelope

	// BizType is the product (产品类型), that of the operation that the code is for. Empty means 000902 to open a card
	// and to pay or pre-authorise with a token, 000301 to do so with a card number, 000501 for a collection. For a
	// real-name check no default is right: 000401, 000501 or 000801, as the check itself will have.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// SubMerID is the merchant below the platform (二级商户代码); for AccessPlatform.
	SubMerID string `json:"subMerId,omitempty" spec:"C AN5..15"`
	// SubMerName is its name (二级商户名称); for AccessPlatform.
	SubMerName string `json:"subMerName,omitempty" spec:"C ANS1..40"`
	// SubMerAbbr is its short name (二级商户简称); for AccessPlatform.
	SubMerAbbr string `json:"subMerAbbr,omitempty" spec:"C ANS1..16"`
	// ChannelType is the channel (渠道类型): 05 voice, 07 internet, 08 mobile, 16 set-top box. Empty means 07.
	ChannelType string `json:"channelType,omitempty" spec:"M N2"`
	// OrderID is the order number (商户订单号) of the transaction that the code is for.
	OrderID string `json:"orderId,omitempty" spec:"M AN8..40"`
	// TxnTime is the order time (订单发送时间) of the transaction that the code is for.
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// TokenPayData is the token (标记化支付信息域), a [Group]: {trId=..&tokenType=01} to ask for one, {token=..&trId=..}
	// to use it.
	TokenPayData string `json:"tokenPayData,omitempty" spec:"C ANS"`
	// CurrencyCode is its currency (交易币种), 156 for CNY.
	CurrencyCode string `json:"currencyCode,omitempty" spec:"C AN3"`
	// TxnAmt is the amount that the message shows (交易金额), fen.
	TxnAmt int64 `json:"txnAmt,omitempty" spec:"C N1..12"`
	// CustomerInfo proves the card holder (银行卡验证信息及身份信息), with the phone number; see [CustomerInfo].
	CustomerInfo string `json:"customerInfo,omitempty" spec:"M ANS"`
	// AccNo is the card number (账号): plain, or encrypted ([Encrypter.Encrypt]) together with encryptCertId, which
	// is more than the letters and digits that the document gives it.
	AccNo string `json:"accNo,omitempty" spec:"C ANS1..1024"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// AccType is the kind of card (账号类型): 01 bank card, 02 passbook, 03 IC card, 04 corporate account.
	AccType string `json:"accType,omitempty" spec:"O N2"`
	// EncryptCertID is the serial number of UnionPay's certificate that a field was encrypted with (加密证书ID); see
	// [Encrypter.CertID].
	EncryptCertID string `json:"encryptCertId,omitempty" spec:"C N"`
}

func (r *SMSRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		product: r.product(), order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

// product is that of the operation that the code is for, "" where several have it.
func (r *SMSRequest) product() string {
	switch r.TxnSubType {
	case "00":
		return "000902"
	case "01":
		return ""
	case "03":
		return "000501"
	}
	return orElse(byCard(r.AccNo, r.TokenPayData), "000902")
}

func (r *SMSRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		groups(needed{"tokenPayData", r.TokenPayData}),
	)
}

// SMSResponse is the answer to it.
type SMSResponse struct {
	Response

	// CurrencyCode is the currency (交易币种).
	CurrencyCode string `json:"currencyCode" spec:"C AN3"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"C N1..12"`
}

// SendSMS sends the card holder a code (发送短信验证码, txnType 77, POST /gateway/api/backTransReq.do), which the
// transaction with the same orderId and txnTime then carries in its customerInfo. TxnSubType says what for: 02
// purchase (the client's own), 00 opening, 01 real-name check, 03 collection, 04 pre-authorisation. No money moves.
// Another message needs another orderId, and UnionPay limits their number.
//   - Succeeded: sent.
//   - Failed: not sent.
//   - Unknown: perhaps sent; ask the card holder.
//
//cnpay:op sms
func (s *CardsService) SendSMS(ctx context.Context, req *SMSRequest, opts ...cnpay.Option) (*SMSResponse, error) {
	return call[SMSResponse](ctx, s.client, sMSOp(), req, opts)
}

func sMSOp() operation {
	return operation{
		id: "sms", path: backTrans, txnType: "77", txnSubTypes: "02|00|01|03|04",
		channelType: "07", judge: judgeCode,
	}
}

// OpenQueryRequest asks whether a card is opened.
type OpenQueryRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000902.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// ChannelType is the channel (渠道类型): 05 voice, 07 internet, 08 mobile, 16 set-top box. Empty means 07.
	ChannelType string `json:"channelType,omitempty" spec:"M N2"`
	// OrderID is the order number of the opening that is asked for (商户订单号), or with TxnSubType 00 and 01 a new
	// one.
	OrderID string `json:"orderId,omitempty" spec:"M AN8..40"`
	// TxnTime is the order time (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// AccNo is the card number (账号): plain, or encrypted ([Encrypter.Encrypt]) together with encryptCertId, which
	// is more than the letters and digits that the document gives it.
	AccNo string `json:"accNo,omitempty" spec:"C ANS1..1024"`
	// CustomerInfo proves the card holder (银行卡验证信息及身份信息); see [CustomerInfo].
	CustomerInfo string `json:"customerInfo,omitempty" spec:"C ANS"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// AccType is the kind of card (账号类型): 01 bank card, 02 passbook, 03 IC card, 04 corporate account.
	AccType string `json:"accType,omitempty" spec:"O N2"`
	// EncryptCertID is the serial number of UnionPay's certificate that a field was encrypted with (加密证书ID); see
	// [Encrypter.CertID].
	EncryptCertID string `json:"encryptCertId,omitempty" spec:"C N"`
}

func (r *OpenQueryRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *OpenQueryRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}),
		r.subject(),
	)
}

// OpenQueryResponse is the answer to it.
type OpenQueryResponse struct {
	Response

	// ActivateStatus says whether the card is opened (开通状态): 1 yes, 0 no.
	ActivateStatus string `json:"activateStatus" spec:"C N"`
	// TokenPayData is the token (标记化支付信息域), a [Group] with token, trId, tokenType, tokenBegin, tokenEnd,
	// tokenLevel.
	TokenPayData string `json:"tokenPayData" spec:"C ANS"`
	// IssInsCode is the issuing bank (发卡机构代码).
	IssInsCode string `json:"issInsCode" spec:"C AN"`
	// CheckFlag are flags of what was verified (验证标识).
	CheckFlag string `json:"checkFlag" spec:"C ANS"`
	// CustomerInfo is about the card holder (银行卡验证信息及身份信息); see [ParseCustomerInfo].
	CustomerInfo string `json:"customerInfo" spec:"C ANS"`
	// AccNo is the card (账号): masked, or encrypted for the merchant's key.
	AccNo string `json:"accNo" spec:"C ANS1..1024"`
	// PayCardType is the kind of card (支付卡类型): 01 debit, 02 credit, 03 semi-credit, 05 prepaid.
	PayCardType string `json:"payCardType" spec:"C N2"`
	// TemporaryPayInfo is about small temporary payments (小额临时支付信息域).
	TemporaryPayInfo string `json:"temporaryPayInfo" spec:"C ANS"`
}

// QueryOpen asks whether a card is opened for payments without UnionPay's page (开通查询, txnType 78, POST
// /gateway/api/backTransReq.do), and for its token. TxnSubType says by what: 02 the orderId of the opening (the
// client's own, and the only one for tokens), 00 AccNo, 01 the phone number in CustomerInfo. It changes nothing and
// may be repeated.
//   - Succeeded: answered; see ActivateStatus and TokenPayData.
//   - Failed: refused, or no such card.
//   - Unknown: ask again.
//
//cnpay:op open_query
func (s *CardsService) QueryOpen(ctx context.Context, req *OpenQueryRequest, opts ...cnpay.Option) (*OpenQueryResponse, error) {
	return call[OpenQueryResponse](ctx, s.client, openQueryOp(), req, opts)
}

func openQueryOp() operation {
	return operation{
		id: "open_query", path: backTrans, txnType: "78", txnSubTypes: "02|00|01", bizType: "000902",
		channelType: "07", repeatable: true, judge: judgeCode,
	}
}

// FrontOpenRequest opens a card on UnionPay's page.
type FrontOpenRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000902.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// SubMerID is the merchant below the platform (二级商户代码); for AccessPlatform.
	SubMerID string `json:"subMerId,omitempty" spec:"C AN5..15"`
	// SubMerName is its name (二级商户名称); for AccessPlatform.
	SubMerName string `json:"subMerName,omitempty" spec:"C ANS1..40"`
	// SubMerAbbr is its short name (二级商户简称); for AccessPlatform.
	SubMerAbbr string `json:"subMerAbbr,omitempty" spec:"C ANS1..16"`
	// ChannelType is the channel (渠道类型): 05 voice, 07 internet, 08 mobile, 16 set-top box. Empty means 07.
	ChannelType string `json:"channelType,omitempty" spec:"M N2"`
	// OrderID is the order number (商户订单号): letters and digits only, unique for the merchant and day. See
	// [NewOrderID].
	OrderID string `json:"orderId,omitempty" spec:"M AN8..40"`
	// TxnTime is the order time (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// TokenPayData is the token (标记化支付信息域), a [Group]: {trId=..&tokenType=01} to ask for one, {token=..&trId=..}
	// to use it.
	TokenPayData string `json:"tokenPayData,omitempty" spec:"C ANS"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl,omitempty" spec:"M ANS1..256"`
	// CtrlRule are control bits (控制规则). With a 1 in the fifth place answers lack their certificate and cannot be
	// believed.
	CtrlRule string `json:"ctrlRule,omitempty" spec:"O ANS"`
	// FrontURL is where the payer's browser is sent back to, with a POST (前台通知地址).
	FrontURL string `json:"frontUrl,omitempty" spec:"M ANS1..256"`
	// BillQueryInfo are elements of a bill (账单要素), JSON.
	BillQueryInfo string `json:"billQueryInfo,omitempty" spec:"O ANS"`
	// AccNo is the card number (账号): plain, or encrypted ([Encrypter.Encrypt]) together with encryptCertId, which
	// is more than the letters and digits that the document gives it.
	AccNo string `json:"accNo,omitempty" spec:"C ANS1..1024"`
	// Reserved is the reserved field (保留域), a [Group]: {customPage=true} for the page that is part of the
	// merchant's.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// RiskRateInfo is for the risk control (风控信息域), a [Group] {commodityName=..}.
	RiskRateInfo string `json:"riskRateInfo,omitempty" spec:"C ANS"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// CustomerInfo proves the card holder (银行卡验证信息及身份信息); see [CustomerInfo].
	CustomerInfo string `json:"customerInfo,omitempty" spec:"C ANS"`
	// AccType is the kind of card (账号类型): 01 bank card, 02 passbook, 03 IC card, 04 corporate account.
	AccType string `json:"accType,omitempty" spec:"O N2"`
	// PayTimeout is until when the payer may pay (支付超时时间), as UnionPay advises a quarter of an hour after TxnTime.
	// What is paid later is given back by UnionPay. Without it no query can tell that a payment has failed for
	// good.
	PayTimeout string `json:"payTimeout,omitempty" spec:"O YYYYMMDDhhmmss"`
	// EncryptCertID is the serial number of UnionPay's certificate that a field was encrypted with (加密证书ID); see
	// [Encrypter.CertID].
	EncryptCertID string `json:"encryptCertId,omitempty" spec:"C N"`
}

func (r *FrontOpenRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *FrontOpenRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		groups(needed{"tokenPayData", r.TokenPayData}, needed{"riskRateInfo", r.RiskRateInfo}),
	)
}

// FrontOpen makes the form of the page on which a card holder opens a card for payments without the page (前台开通,
// txnType 79, frontTransReq.do). A notification with the token comes when it succeeded; QueryOpen asks for it by the
// same orderId. The browser may come back with a GET and no data when it failed.
//
//cnpay:op front_open
func (s *CardsService) FrontOpen(req *FrontOpenRequest) (*Form, error) {
	return render(s.client, frontOpenOp(), req)
}

func frontOpenOp() operation {
	return operation{
		id: "front_open", path: frontTrans, txnType: "79", txnSubTypes: "00", bizType: "000902", channelType: "07",
	}
}

// OpenRequest opens a card that the merchant has the data of.
type OpenRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000902.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// SubMerID is the merchant below the platform (二级商户代码); for AccessPlatform.
	SubMerID string `json:"subMerId,omitempty" spec:"C AN5..15"`
	// SubMerName is its name (二级商户名称); for AccessPlatform.
	SubMerName string `json:"subMerName,omitempty" spec:"C ANS1..40"`
	// SubMerAbbr is its short name (二级商户简称); for AccessPlatform.
	SubMerAbbr string `json:"subMerAbbr,omitempty" spec:"C ANS1..16"`
	// ChannelType is the channel (渠道类型): 05 voice, 07 internet, 08 mobile, 16 set-top box. Empty means 07.
	ChannelType string `json:"channelType,omitempty" spec:"M N2"`
	// OrderID is the order number (商户订单号): letters and digits only, unique for the merchant and day. See
	// [NewOrderID].
	OrderID string `json:"orderId,omitempty" spec:"M AN8..40"`
	// TxnTime is the order time (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// TokenPayData is the token (标记化支付信息域), a [Group]: {trId=..&tokenType=01} to ask for one, {token=..&trId=..}
	// to use it.
	TokenPayData string `json:"tokenPayData,omitempty" spec:"C ANS"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl,omitempty" spec:"C ANS1..256"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// AccNo is the card number (账号): plain, or encrypted ([Encrypter.Encrypt]) together with encryptCertId, which
	// is more than the letters and digits that the document gives it.
	AccNo string `json:"accNo,omitempty" spec:"M ANS1..1024"`
	// AccType is the kind of card (账号类型): 01 bank card, 02 passbook, 03 IC card, 04 corporate account.
	AccType string `json:"accType,omitempty" spec:"O N2"`
	// CustomerInfo proves the card holder (银行卡验证信息及身份信息), for a credit card with phone number, cvn2, expiry and
	// the code by SMS; see [CustomerInfo].
	CustomerInfo string `json:"customerInfo,omitempty" spec:"M ANS"`
	// EncryptCertID is the serial number of UnionPay's certificate that a field was encrypted with (加密证书ID); see
	// [Encrypter.CertID].
	EncryptCertID string `json:"encryptCertId,omitempty" spec:"C N"`
}

func (r *OpenRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *OpenRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		groups(needed{"tokenPayData", r.TokenPayData}),
	)
}

// OpenResponse is the answer to it, with the token.
type OpenResponse struct {
	Response

	// ActivateStatus says whether the card is opened (开通状态): 1 yes, 0 no.
	ActivateStatus string `json:"activateStatus" spec:"C N"`
	// AccNo is the card (账号): masked, or encrypted for the merchant's key.
	AccNo string `json:"accNo" spec:"C ANS1..1024"`
	// TokenPayData is the token (标记化支付信息域), a [Group] with token, trId, tokenType, tokenBegin, tokenEnd,
	// tokenLevel.
	TokenPayData string `json:"tokenPayData" spec:"C ANS"`
	// IssInsCode is the issuing bank (发卡机构代码).
	IssInsCode string `json:"issInsCode" spec:"C AN"`
	// PayCardType is the kind of card (支付卡类型): 01 debit, 02 credit, 03 semi-credit, 05 prepaid.
	PayCardType string `json:"payCardType" spec:"C N2"`
	// TemporaryPayInfo is about small temporary payments (小额临时支付信息域).
	TemporaryPayInfo string `json:"temporaryPayInfo" spec:"C ANS"`
	// CustomerInfo is about the card holder (银行卡验证信息及身份信息); see [ParseCustomerInfo].
	CustomerInfo string `json:"customerInfo" spec:"C ANS"`
}

// Open opens a card for payments without UnionPay's page (后台开通, txnType 79, POST /gateway/api/backTransReq.do). No
// money moves.
//   - Succeeded: opened; TokenPayData has the token.
//   - Failed: refused.
//   - Unknown: ask with QueryOpen, by the same orderId.
//
//cnpay:op back_open
func (s *CardsService) Open(ctx context.Context, req *OpenRequest, opts ...cnpay.Option) (*OpenResponse, error) {
	return call[OpenResponse](ctx, s.client, openOp(), req, opts)
}

func openOp() operation {
	return operation{
		id: "back_open", path: backTrans, txnType: "79", txnSubTypes: "00|01|02", bizType: "000902",
		channelType: "07", judge: judgeCode,
	}
}

// ApplyTokenRequest fetches the token of a card that was opened with a purchase.
type ApplyTokenRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000902.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// SubMerID is the merchant below the platform (二级商户代码); for AccessPlatform.
	SubMerID string `json:"subMerId,omitempty" spec:"C AN5..15"`
	// SubMerName is its name (二级商户名称); for AccessPlatform.
	SubMerName string `json:"subMerName,omitempty" spec:"C ANS1..40"`
	// SubMerAbbr is its short name (二级商户简称); for AccessPlatform.
	SubMerAbbr string `json:"subMerAbbr,omitempty" spec:"C ANS1..16"`
	// ChannelType is the channel (渠道类型): 05 voice, 07 internet, 08 mobile, 16 set-top box. Empty means 07.
	ChannelType string `json:"channelType,omitempty" spec:"M N2"`
	// OrderID is the order number of the purchase that opened the card (商户订单号).
	OrderID string `json:"orderId,omitempty" spec:"M AN8..40"`
	// TxnTime is the order time (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// TokenPayData is the token (标记化支付信息域), a [Group]: {trId=..&tokenType=01} to ask for one, {token=..&trId=..}
	// to use it.
	TokenPayData string `json:"tokenPayData,omitempty" spec:"M ANS"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl,omitempty" spec:"C ANS1..256"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
}

func (r *ApplyTokenRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *ApplyTokenRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		groups(needed{"tokenPayData", r.TokenPayData}),
	)
}

// ApplyTokenResponse is the answer to it, with the token.
type ApplyTokenResponse struct {
	Response

	// ActivateStatus says whether the card is opened (开通状态): 1 yes, 0 no.
	ActivateStatus string `json:"activateStatus" spec:"C N"`
	// AccNo is the card (账号): masked, or encrypted for the merchant's key.
	AccNo string `json:"accNo" spec:"C ANS1..1024"`
	// TokenPayData is the token (标记化支付信息域), a [Group] with token, trId, tokenType, tokenBegin, tokenEnd,
	// tokenLevel.
	TokenPayData string `json:"tokenPayData" spec:"C ANS"`
	// IssInsCode is the issuing bank (发卡机构代码).
	IssInsCode string `json:"issInsCode" spec:"C AN"`
	// PayCardType is the kind of card (支付卡类型): 01 debit, 02 credit, 03 semi-credit, 05 prepaid.
	PayCardType string `json:"payCardType" spec:"C N2"`
	// TemporaryPayInfo is about small temporary payments (小额临时支付信息域).
	TemporaryPayInfo string `json:"temporaryPayInfo" spec:"C ANS"`
	// CustomerInfo is about the card holder (银行卡验证信息及身份信息); see [ParseCustomerInfo].
	CustomerInfo string `json:"customerInfo" spec:"C ANS"`
}

// ApplyToken fetches the token of a card that was opened by [PaymentsService.OpenAndPurchase] (订单号申请Token, txnType
// 79/05, POST /gateway/api/backTransReq.do). It may be repeated.
//   - Succeeded: TokenPayData has the token.
//   - Failed: refused; there is none.
//   - Unknown: ask again.
//
//cnpay:op apply_token
func (s *CardsService) ApplyToken(ctx context.Context, req *ApplyTokenRequest, opts ...cnpay.Option) (*ApplyTokenResponse, error) {
	return call[ApplyTokenResponse](ctx, s.client, applyTokenOp(), req, opts)
}

func applyTokenOp() operation {
	return operation{
		id: "apply_token", path: backTrans, txnType: "79", txnSubTypes: "05", bizType: "000902",
		channelType: "07", repeatable: true, judge: judgeCode,
	}
}

// UpdateTokenRequest changes what is known of the card behind a token.
type UpdateTokenRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000902.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// SubMerID is the merchant below the platform (二级商户代码); for AccessPlatform.
	SubMerID string `json:"subMerId,omitempty" spec:"C AN5..15"`
	// SubMerName is its name (二级商户名称); for AccessPlatform.
	SubMerName string `json:"subMerName,omitempty" spec:"C ANS1..40"`
	// SubMerAbbr is its short name (二级商户简称); for AccessPlatform.
	SubMerAbbr string `json:"subMerAbbr,omitempty" spec:"C ANS1..16"`
	// ChannelType is the channel (渠道类型): 05 voice, 07 internet, 08 mobile, 16 set-top box. Empty means 07.
	ChannelType string `json:"channelType,omitempty" spec:"M N2"`
	// OrderID is the order number (商户订单号): letters and digits only, unique for the merchant and day. See
	// [NewOrderID].
	OrderID string `json:"orderId,omitempty" spec:"M AN8..40"`
	// TxnTime is the order time (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// TokenPayData is the token (标记化支付信息域), a [Group]: {trId=..&tokenType=01} to ask for one, {token=..&trId=..}
	// to use it.
	TokenPayData string `json:"tokenPayData,omitempty" spec:"M ANS"`
	// CustomerInfo proves the card holder (银行卡验证信息及身份信息); see [CustomerInfo].
	CustomerInfo string `json:"customerInfo,omitempty" spec:"M ANS"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// RiskRateInfo is for the risk control (风控信息域), a [Group] {commodityName=..}.
	RiskRateInfo string `json:"riskRateInfo,omitempty" spec:"C ANS"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl,omitempty" spec:"C ANS1..256"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// EncryptCertID is the serial number of UnionPay's certificate that a field was encrypted with (加密证书ID); see
	// [Encrypter.CertID].
	EncryptCertID string `json:"encryptCertId,omitempty" spec:"C N"`
}

func (r *UpdateTokenRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *UpdateTokenRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		groups(needed{"tokenPayData", r.TokenPayData}, needed{"riskRateInfo", r.RiskRateInfo}),
	)
}

// UpdateTokenResponse is the answer to it.
type UpdateTokenResponse struct {
	Response

	// TokenPayData is the token (标记化支付信息域), a [Group] with token, trId, tokenType, tokenBegin, tokenEnd,
	// tokenLevel.
	TokenPayData string `json:"tokenPayData" spec:"C ANS"`
	// ActivateStatus says whether the card is opened (开通状态): 1 yes, 0 no.
	ActivateStatus string `json:"activateStatus" spec:"C N"`
	// AccNo is the card (账号): masked, or encrypted for the merchant's key.
	AccNo string `json:"accNo" spec:"C ANS1..1024"`
	// IssInsCode is the issuing bank (发卡机构代码).
	IssInsCode string `json:"issInsCode" spec:"C AN"`
	// CustomerInfo is about the card holder (银行卡验证信息及身份信息); see [ParseCustomerInfo].
	CustomerInfo string `json:"customerInfo" spec:"C ANS"`
	// PayCardType is the kind of card (支付卡类型): 01 debit, 02 credit, 03 semi-credit, 05 prepaid.
	PayCardType string `json:"payCardType" spec:"C N2"`
	// RiskRateInfo is of the risk control (风控信息域), a [Group].
	RiskRateInfo string `json:"riskRateInfo" spec:"C ANS"`
}

// UpdateToken gives a token new data of its card, a phone number for example (更新标记, txnType 79/03, POST
// /gateway/api/backTransReq.do).
//   - Succeeded: changed.
//   - Failed: refused; it is as it was.
//   - Unknown: ask with QueryOpen.
//
//cnpay:op token_update
func (s *CardsService) UpdateToken(ctx context.Context, req *UpdateTokenRequest, opts ...cnpay.Option) (*UpdateTokenResponse, error) {
	return call[UpdateTokenResponse](ctx, s.client, updateTokenOp(), req, opts)
}

func updateTokenOp() operation {
	return operation{
		id: "token_update", path: backTrans, txnType: "79", txnSubTypes: "03", bizType: "000902",
		channelType: "07", judge: judgeCode,
	}
}

// DeleteTokenRequest gives up a token.
type DeleteTokenRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000902.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// SubMerID is the merchant below the platform (二级商户代码); for AccessPlatform.
	SubMerID string `json:"subMerId,omitempty" spec:"C AN5..15"`
	// SubMerName is its name (二级商户名称); for AccessPlatform.
	SubMerName string `json:"subMerName,omitempty" spec:"C ANS1..40"`
	// SubMerAbbr is its short name (二级商户简称); for AccessPlatform.
	SubMerAbbr string `json:"subMerAbbr,omitempty" spec:"C ANS1..16"`
	// ChannelType is the channel (渠道类型): 05 voice, 07 internet, 08 mobile, 16 set-top box. Empty means 07.
	ChannelType string `json:"channelType,omitempty" spec:"M N2"`
	// OrderID is the order number (商户订单号): letters and digits only, unique for the merchant and day. See
	// [NewOrderID].
	OrderID string `json:"orderId,omitempty" spec:"M AN8..40"`
	// TxnTime is the order time (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// TokenPayData is the token (标记化支付信息域), a [Group]: {trId=..&tokenType=01} to ask for one, {token=..&trId=..}
	// to use it.
	TokenPayData string `json:"tokenPayData,omitempty" spec:"M ANS"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
}

func (r *DeleteTokenRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *DeleteTokenRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		groups(needed{"tokenPayData", r.TokenPayData}),
	)
}

// DeleteTokenResponse is the answer to it.
type DeleteTokenResponse struct{ Response }

// DeleteToken gives up a token (解除标记, txnType 74/01, POST /gateway/api/backTransReq.do). It may be repeated under a
// new orderId; a token that is gone already is refused as such.
//   - Succeeded: gone.
//   - Failed: refused.
//   - Unknown: repeat it under a new orderId.
//
//cnpay:op token_delete
func (s *CardsService) DeleteToken(ctx context.Context, req *DeleteTokenRequest, opts ...cnpay.Option) (*DeleteTokenResponse, error) {
	return call[DeleteTokenResponse](ctx, s.client, deleteTokenOp(), req, opts)
}

func deleteTokenOp() operation {
	return operation{
		id: "token_delete", path: backTrans, txnType: "74", txnSubTypes: "01", bizType: "000902",
		channelType: "07", judge: judgeCode,
	}
}

// subject checks that the request says which card it asks for.
func (r *OpenQueryRequest) subject() []cnpay.Fault {
	switch r.TxnSubType {
	case "00":
		return lacking("with txnSubType 00", []needed{{"accNo", r.AccNo}})
	case "01":
		return lacking("with txnSubType 01", []needed{{"customerInfo", r.CustomerInfo}})
	}
	return nil
}
