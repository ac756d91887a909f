package unionpay

import (
	"context"
	"slices"

	"github.com/cnpay-go/cnpay"
)

// MandatesService pays out (代付), collects by mandate (代收), and keeps what these need: verified names, mandates and
// bindings.
type MandatesService struct{ client *Client }

// PayoutRequest pays money to a card or a corporate account (AccType 04).
type PayoutRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000401.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// MerCatCode is the merchant's category (商户类别), an MCC; for AccessAcquirer.
	MerCatCode string `json:"merCatCode,omitempty" spec:"C N4"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// MerName is the merchant's name (商户名称); for AccessAcquirer.
	MerName string `json:"merName,omitempty" spec:"C ANS1..40"`
	// MerAbbr is the merchant's short name (商户简称); for AccessAcquirer, where it is not insisted upon.
	MerAbbr string `json:"merAbbr,omitempty" spec:"C ANS1..8"`
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
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt,omitempty" spec:"M N1..12"`
	// CurrencyCode is the currency (交易币种). Empty means 156, CNY.
	CurrencyCode string `json:"currencyCode,omitempty" spec:"M AN3"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl,omitempty" spec:"M ANS1..256"`
	// AccType is the kind of card (账号类型): 01 bank card, 02 passbook, 03 IC card, 04 corporate account.
	AccType string `json:"accType,omitempty" spec:"O N2"`
	// AccNo is the payee's card number (账号): plain, or encrypted ([Encrypter.Encrypt]) together with
	// encryptCertId.
	AccNo string `json:"accNo,omitempty" spec:"M ANS1..1024"`
	// CustomerInfo is about the payee (银行卡验证信息及身份信息), the name for example; see [CustomerInfo]. A corporate
	// account has none.
	CustomerInfo string `json:"customerInfo,omitempty" spec:"C ANS"`
	// EncryptCertID is the serial number of UnionPay's certificate that a field was encrypted with (加密证书ID); see
	// [Encrypter.CertID].
	EncryptCertID string `json:"encryptCertId,omitempty" spec:"C N"`
	// BindID is the mark of a bound card (绑定标识号).
	BindID string `json:"bindId,omitempty" spec:"C ANS1..128"`
	// BillType is the kind of bill (账单类型).
	BillType string `json:"billType,omitempty" spec:"O ANS"`
	// BillNo is the number of the bill, for a payout the memo that the payee reads (账单号码, 银行附言).
	BillNo string `json:"billNo,omitempty" spec:"O ANS"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// Reserved is the reserved field (保留域), a [Group]; for a corporate account
	// {comDebitCardAccName=..&businessLicenseRegNo=..}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// SourcesOfFunds says where the money comes from (资金来源): 01 a verified payer, with PayerVerifiInfo.
	SourcesOfFunds string `json:"sourcesOfFunds,omitempty" spec:"C N2"`
	// PayerVerifiInfo is the verified payer (付款方验证信息), a [Group] {payerAccNo=..&payerNm=..}.
	PayerVerifiInfo string `json:"payerVerifiInfo,omitempty" spec:"C ANS"`
}

func (r *PayoutRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		currencyCode: &r.CurrencyCode, order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *PayoutRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}, needed{"merCatCode", r.MerCatCode}, needed{"merName", r.MerName}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		groups(needed{"payerVerifiInfo", r.PayerVerifiInfo}),
	)
}

// PayoutResponse is the answer to a payout.
type PayoutResponse struct {
	Response

	// QueryID is UnionPay's number of this transaction (查询流水号), by which later ones name it as origQryId.
	QueryID string `json:"queryId" spec:"C AN20..21"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"C N1..12"`
	// CurrencyCode is the currency (交易币种).
	CurrencyCode string `json:"currencyCode" spec:"C AN3"`
	// AccNo is the card (账号): masked, or encrypted for the merchant's key.
	AccNo string `json:"accNo" spec:"C ANS1..1024"`
}

// Payout pays money to a card (代付, txnType 12, POST /gateway/api/backTransReq.do).
//
// It may be repeated with the same orderId and txnTime, and is done once: what had arrived before is answered with code
// 12, which is Unknown. That is the way out of queries that say 34; see Repeats in the package comment. Never repeat
// under a new orderId before the outcome of the old one is known.
//   - Pending: accepted (受理). A notification tells the end; SettlePayout asks for it.
//   - Failed: refused; nothing was paid.
//   - Unknown: call SettlePayout. Codes that are refusals elsewhere (01, 60) are not final for payouts. When it too ends
//     Unknown or Pending, the reconciliation file of the next day decides.
//
//cnpay:op payout
func (s *MandatesService) Payout(ctx context.Context, req *PayoutRequest, opts ...cnpay.Option) (*PayoutResponse, error) {
	return call[PayoutResponse](ctx, s.client, payoutOp(), req, opts)
}

// SettlePayout asks, on [PayoutSchedule], until it is known what became of a payout. It needs the request as it was
// sent, with the same TxnTime.
func (s *MandatesService) SettlePayout(ctx context.Context, req *PayoutRequest, opts ...cnpay.Option) (*cnpay.Settlement[*QueryResponse], error) {
	return settle(ctx, s.client, payoutOp(), req, opts)
}

func payoutOp() operation {
	return operation{
		id: "payout", path: backTrans, txnType: "12", txnSubTypes: "00", bizType: "000401", channelType: "07",
		judge: judgePayout, schedule: PayoutSchedule,
	}
}

// CollectionRequest takes money from a card whose holder has given a mandate.
type CollectionRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000501.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// MerCatCode is the merchant's category (商户类别), an MCC; for AccessAcquirer.
	MerCatCode string `json:"merCatCode,omitempty" spec:"C N4"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// MerName is the merchant's name (商户名称); for AccessAcquirer.
	MerName string `json:"merName,omitempty" spec:"C ANS1..40"`
	// MerAbbr is the merchant's short name (商户简称); for AccessAcquirer, where it is not insisted upon.
	MerAbbr string `json:"merAbbr,omitempty" spec:"C ANS1..8"`
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
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt,omitempty" spec:"M N1..12"`
	// CurrencyCode is the currency (交易币种). Empty means 156, CNY.
	CurrencyCode string `json:"currencyCode,omitempty" spec:"M AN3"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl,omitempty" spec:"M ANS1..256"`
	// AccType is the kind of card (账号类型): 01 bank card, 02 passbook, 03 IC card, 04 corporate account.
	AccType string `json:"accType,omitempty" spec:"O N2"`
	// AccNo is the card number (账号): plain, or encrypted ([Encrypter.Encrypt]) together with encryptCertId, which
	// is more than the letters and digits that the document gives it.
	AccNo string `json:"accNo,omitempty" spec:"M ANS1..1024"`
	// CustomerInfo proves the card holder (银行卡验证信息及身份信息); see [CustomerInfo].
	CustomerInfo string `json:"customerInfo,omitempty" spec:"C ANS"`
	// EncryptCertID is the serial number of UnionPay's certificate that a field was encrypted with (加密证书ID); see
	// [Encrypter.CertID].
	EncryptCertID string `json:"encryptCertId,omitempty" spec:"C N"`
	// BindID is the mark of a bound card (绑定标识号).
	BindID string `json:"bindId,omitempty" spec:"C ANS1..128"`
	// BillType is the kind of bill (账单类型).
	BillType string `json:"billType,omitempty" spec:"O ANS"`
	// BillNo is the number of the bill, for a payout the memo that the payee reads (账单号码, 银行附言).
	BillNo string `json:"billNo,omitempty" spec:"O ANS"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// TermID is the terminal number (终端号).
	TermID string `json:"termId,omitempty" spec:"O ANS1..8"`
}

func (r *CollectionRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		currencyCode: &r.CurrencyCode, order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *CollectionRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}, needed{"merCatCode", r.MerCatCode}, needed{"merName", r.MerName}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
	)
}

// CollectionResponse is the answer to a collection.
type CollectionResponse struct {
	Response

	// QueryID is UnionPay's number of this transaction (查询流水号), by which later ones name it as origQryId.
	QueryID string `json:"queryId" spec:"C AN20..21"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"C N1..12"`
	// CurrencyCode is the currency (交易币种).
	CurrencyCode string `json:"currencyCode" spec:"C AN3"`
	// AccNo is the card (账号): masked, or encrypted for the merchant's key.
	AccNo string `json:"accNo" spec:"C ANS1..1024"`
}

// Collect takes money from a card under its holder's mandate (代收, txnType 11, POST /gateway/api/backTransReq.do).
//
// It may be repeated with the same orderId and txnTime, and is done once: what had arrived before is answered with code
// 12, which is Unknown. That is the way out of queries that say 34; see Repeats in the package comment. Never repeat
// under a new orderId before the outcome of the old one is known.
//   - Pending: accepted (受理). A notification tells the end; SettleCollect asks for it.
//   - Failed: refused; nothing was taken.
//   - Unknown: call SettleCollect. When it too ends Unknown, the notification or the reconciliation file decides.
//
//cnpay:op collection
func (s *MandatesService) Collect(ctx context.Context, req *CollectionRequest, opts ...cnpay.Option) (*CollectionResponse, error) {
	return call[CollectionResponse](ctx, s.client, collectionOp(), req, opts)
}

// SettleCollect asks, on [BackSchedule], until it is known what became of a collection. It needs the request as it was
// sent, with the same TxnTime.
func (s *MandatesService) SettleCollect(ctx context.Context, req *CollectionRequest, opts ...cnpay.Option) (*cnpay.Settlement[*QueryResponse], error) {
	return settle(ctx, s.client, collectionOp(), req, opts)
}

func collectionOp() operation {
	return operation{
		id: "collection", path: backTrans, txnType: "11", txnSubTypes: "00|02", bizType: "000501",
		channelType: "07", judge: judgeAccepted, schedule: BackSchedule,
	}
}

// RealNameRequest asks whether a card belongs to a person, and binds it.
type RealNameRequest struct {
	Envelope

	// BizType is the product (产品类型) that the card is bound for: 000401 payouts, 000501 collections, 000801
	// institutions. No default is right for all.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// MerCatCode is the merchant's category (商户类别), an MCC; for AccessAcquirer.
	MerCatCode string `json:"merCatCode,omitempty" spec:"C N4"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// MerName is the merchant's name (商户名称); for AccessAcquirer.
	MerName string `json:"merName,omitempty" spec:"C ANS1..40"`
	// MerAbbr is the merchant's short name (商户简称); for AccessAcquirer, where it is not insisted upon.
	MerAbbr string `json:"merAbbr,omitempty" spec:"C ANS1..8"`
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
	// AccType is the kind of card (账号类型): 01 bank card, 02 passbook, 03 IC card, 04 corporate account.
	AccType string `json:"accType,omitempty" spec:"O N2"`
	// AccNo is the card number (账号): plain, or encrypted ([Encrypter.Encrypt]) together with encryptCertId, which
	// is more than the letters and digits that the document gives it.
	AccNo string `json:"accNo,omitempty" spec:"M ANS1..1024"`
	// CustomerInfo proves the card holder (银行卡验证信息及身份信息); see [CustomerInfo].
	CustomerInfo string `json:"customerInfo,omitempty" spec:"M ANS"`
	// EncryptCertID is the serial number of UnionPay's certificate that a field was encrypted with (加密证书ID); see
	// [Encrypter.CertID].
	EncryptCertID string `json:"encryptCertId,omitempty" spec:"C N"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// RiskRateInfo is for the risk control (风控信息域), a [Group] {commodityName=..}.
	RiskRateInfo string `json:"riskRateInfo,omitempty" spec:"C ANS"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl,omitempty" spec:"C ANS1..256"`
}

func (r *RealNameRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *RealNameRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}, needed{"merCatCode", r.MerCatCode}, needed{"merName", r.MerName}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		groups(needed{"riskRateInfo", r.RiskRateInfo}),
	)
}

// RealNameResponse is the answer to it.
type RealNameResponse struct {
	Response

	// AccNo is the card (账号): masked, or encrypted for the merchant's key.
	AccNo string `json:"accNo" spec:"C ANS1..1024"`
	// PayCardType is the kind of card (支付卡类型): 01 debit, 02 credit, 03 semi-credit, 05 prepaid.
	PayCardType string `json:"payCardType" spec:"C N2"`
	// IssInsCode is the issuing bank (发卡机构代码).
	IssInsCode string `json:"issInsCode" spec:"C AN"`
	// BindID is the mark of the bound card (绑定标识号).
	BindID string `json:"bindId" spec:"C ANS1..128"`
}

// VerifyName asks the issuer whether a card belongs to a person, and binds the card to BindID (后台实名认证, txnType 72,
// POST /gateway/api/backTransReq.do). With TxnSubType 02 it binds the card and asks nobody. No money moves; it may be
// repeated under a new orderId.
//   - Succeeded: it belongs to the person, and is bound. With TxnSubType 02 it is bound, which says nothing of the person.
//   - Failed: not bound by this request. It does not prove that the card is another person's: RespCode says whether the
//     issuer found a difference or the request was refused for another reason.
//   - Unknown: repeat it under a new orderId. The card may be bound already.
//
//cnpay:op realname_auth_back
func (s *MandatesService) VerifyName(ctx context.Context, req *RealNameRequest, opts ...cnpay.Option) (*RealNameResponse, error) {
	return call[RealNameResponse](ctx, s.client, realNameOp(), req, opts)
}

func realNameOp() operation {
	return operation{
		id: "realname_auth_back", path: backTrans, txnType: "72", txnSubTypes: "01|02",
		channelType: "07", judge: judgeCode,
	}
}

// FrontRealNameRequest has a card holder prove on UnionPay's page that a card is his.
type FrontRealNameRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000501.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// MerCatCode is the merchant's category (商户类别), an MCC; for AccessAcquirer.
	MerCatCode string `json:"merCatCode,omitempty" spec:"C N4"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// MerName is the merchant's name (商户名称); for AccessAcquirer.
	MerName string `json:"merName,omitempty" spec:"C ANS1..40"`
	// MerAbbr is the merchant's short name (商户简称); for AccessAcquirer, where it is not insisted upon.
	MerAbbr string `json:"merAbbr,omitempty" spec:"C ANS1..8"`
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
	// AccType is the kind of card (账号类型): 01 bank card, 02 passbook, 03 IC card, 04 corporate account.
	AccType string `json:"accType,omitempty" spec:"O N2"`
	// AccNo is the card number (账号): plain, or encrypted ([Encrypter.Encrypt]) together with encryptCertId, which
	// is more than the letters and digits that the document gives it.
	AccNo string `json:"accNo,omitempty" spec:"C ANS1..1024"`
	// CustomerInfo proves the card holder (银行卡验证信息及身份信息); see [CustomerInfo].
	CustomerInfo string `json:"customerInfo,omitempty" spec:"C ANS"`
	// EncryptCertID is the serial number of UnionPay's certificate that a field was encrypted with (加密证书ID); see
	// [Encrypter.CertID].
	EncryptCertID string `json:"encryptCertId,omitempty" spec:"C N"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// Reserved is the reserved field (保留域), a [Group] that says what is checked: {checkFlag=11100}.
	Reserved string `json:"reserved,omitempty" spec:"M ANS1..2048"`
	// RiskRateInfo is for the risk control (风控信息域), a [Group] {commodityName=..}.
	RiskRateInfo string `json:"riskRateInfo,omitempty" spec:"C ANS"`
	// FrontURL is where the payer's browser is sent back to, with a POST (前台通知地址).
	FrontURL string `json:"frontUrl,omitempty" spec:"M ANS1..256"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl,omitempty" spec:"M ANS1..256"`
}

func (r *FrontRealNameRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *FrontRealNameRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}, needed{"merCatCode", r.MerCatCode}, needed{"merName", r.MerName}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		groups(needed{"riskRateInfo", r.RiskRateInfo}),
	)
}

// FrontVerifyName makes the form of the page on which a card holder proves that a card is his (前台实名认证, txnType 72/10,
// frontTransReq.do). A notification comes when he succeeded.
//
//cnpay:op realname_auth_front
func (s *MandatesService) FrontVerifyName(req *FrontRealNameRequest) (*Form, error) {
	return render(s.client, frontRealNameOp(), req)
}

func frontRealNameOp() operation {
	return operation{
		id: "realname_auth_front", path: frontTrans, txnType: "72", txnSubTypes: "10", bizType: "000501",
		channelType: "07",
	}
}

// MandateRequest establishes the mandate to collect from a card. No page of UnionPay's was found about it: the fields
// are those that another open-source client sends.
type MandateRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000501.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// MerCatCode is the merchant's category (商户类别), an MCC; for AccessAcquirer.
	MerCatCode string `json:"merCatCode,omitempty" spec:"C N4"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// MerName is the merchant's name (商户名称); for AccessAcquirer.
	MerName string `json:"merName,omitempty" spec:"C ANS1..40"`
	// MerAbbr is the merchant's short name (商户简称); for AccessAcquirer, where it is not insisted upon.
	MerAbbr string `json:"merAbbr,omitempty" spec:"C ANS1..8"`
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
	// AccType is the kind of card (账号类型): 01 bank card, 02 passbook, 03 IC card, 04 corporate account.
	AccType string `json:"accType,omitempty" spec:"O N2"`
	// AccNo is the card number (账号): plain, or encrypted ([Encrypter.Encrypt]) together with encryptCertId, which
	// is more than the letters and digits that the document gives it.
	AccNo string `json:"accNo,omitempty" spec:"M ANS1..1024"`
	// CustomerInfo proves the card holder (银行卡验证信息及身份信息); see [CustomerInfo].
	CustomerInfo string `json:"customerInfo,omitempty" spec:"M ANS"`
	// EncryptCertID is the serial number of UnionPay's certificate that a field was encrypted with (加密证书ID); see
	// [Encrypter.CertID].
	EncryptCertID string `json:"encryptCertId,omitempty" spec:"C N"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// RiskRateInfo is for the risk control (风控信息域), a [Group] {commodityName=..}.
	RiskRateInfo string `json:"riskRateInfo,omitempty" spec:"C ANS"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl,omitempty" spec:"C ANS1..256"`
}

func (r *MandateRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *MandateRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}, needed{"merCatCode", r.MerCatCode}, needed{"merName", r.MerName}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		groups(needed{"riskRateInfo", r.RiskRateInfo}),
	)
}

// MandateResponse is the answer to it.
type MandateResponse struct {
	Response

	// AccNo is the card (账号): masked, or encrypted for the merchant's key.
	AccNo string `json:"accNo" spec:"C ANS1..1024"`
	// PayCardType is the kind of card (支付卡类型): 01 debit, 02 credit, 03 semi-credit, 05 prepaid.
	PayCardType string `json:"payCardType" spec:"C N2"`
	// IssInsCode is the issuing bank (发卡机构代码).
	IssInsCode string `json:"issInsCode" spec:"C AN"`
}

// Establish records the mandate to collect from a card (后台建立委托, txnType 72/11, POST /gateway/api/backTransReq.do).
// No money moves; it may be repeated under a new orderId.
//   - Succeeded: the mandate exists; collections may follow.
//   - Failed: refused; this request made no mandate. One that was made before may exist.
//   - Unknown: repeat it under a new orderId.
//
//cnpay:op collection_authorize
func (s *MandatesService) Establish(ctx context.Context, req *MandateRequest, opts ...cnpay.Option) (*MandateResponse, error) {
	return call[MandateResponse](ctx, s.client, mandateOp(), req, opts)
}

func mandateOp() operation {
	return operation{
		id: "collection_authorize", path: backTrans, txnType: "72", txnSubTypes: "11", bizType: "000501",
		channelType: "07", judge: judgeCode,
	}
}

// MandateEndRequest ends the mandate to collect from a card. No page of UnionPay's was found about it: the fields are
// those that another open-source client sends.
type MandateEndRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000501.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// MerCatCode is the merchant's category (商户类别), an MCC; for AccessAcquirer.
	MerCatCode string `json:"merCatCode,omitempty" spec:"C N4"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// MerName is the merchant's name (商户名称); for AccessAcquirer.
	MerName string `json:"merName,omitempty" spec:"C ANS1..40"`
	// MerAbbr is the merchant's short name (商户简称); for AccessAcquirer, where it is not insisted upon.
	MerAbbr string `json:"merAbbr,omitempty" spec:"C ANS1..8"`
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
	// AccType is the kind of card (账号类型): 01 bank card, 02 passbook, 03 IC card, 04 corporate account.
	AccType string `json:"accType,omitempty" spec:"O N2"`
	// AccNo is the card number (账号): plain, or encrypted ([Encrypter.Encrypt]) together with encryptCertId, which
	// is more than the letters and digits that the document gives it.
	AccNo string `json:"accNo,omitempty" spec:"M ANS1..1024"`
	// CustomerInfo proves the card holder (银行卡验证信息及身份信息); see [CustomerInfo].
	CustomerInfo string `json:"customerInfo,omitempty" spec:"C ANS"`
	// EncryptCertID is the serial number of UnionPay's certificate that a field was encrypted with (加密证书ID); see
	// [Encrypter.CertID].
	EncryptCertID string `json:"encryptCertId,omitempty" spec:"C N"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// RiskRateInfo is for the risk control (风控信息域), a [Group] {commodityName=..}.
	RiskRateInfo string `json:"riskRateInfo,omitempty" spec:"C ANS"`
}

func (r *MandateEndRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *MandateEndRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}, needed{"merCatCode", r.MerCatCode}, needed{"merName", r.MerName}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		groups(needed{"riskRateInfo", r.RiskRateInfo}),
	)
}

// MandateEndResponse is the answer to it.
type MandateEndResponse struct {
	Response

	// AccNo is the card (账号): masked, or encrypted for the merchant's key.
	AccNo string `json:"accNo" spec:"C ANS1..1024"`
	// PayCardType is the kind of card (支付卡类型): 01 debit, 02 credit, 03 semi-credit, 05 prepaid.
	PayCardType string `json:"payCardType" spec:"C N2"`
	// IssInsCode is the issuing bank (发卡机构代码).
	IssInsCode string `json:"issInsCode" spec:"C AN"`
}

// End ends the mandate to collect from a card (解除委托, txnType 74/04, POST /gateway/api/backTransReq.do). No money moves,
// and collections that were accepted before are not undone. It may be repeated under a new orderId.
//   - Succeeded: the mandate has ended.
//   - Failed: refused: the mandate is as it was before. After an Unknown that may mean that it has ended already.
//   - Unknown: repeat it under a new orderId, and collect nothing meanwhile.
//
//cnpay:op collection_deauthorize
func (s *MandatesService) End(ctx context.Context, req *MandateEndRequest, opts ...cnpay.Option) (*MandateEndResponse, error) {
	return call[MandateEndResponse](ctx, s.client, mandateEndOp(), req, opts)
}

func mandateEndOp() operation {
	return operation{
		id: "collection_deauthorize", path: backTrans, txnType: "74", txnSubTypes: "04", bizType: "000501",
		channelType: "07", judge: judgeCode,
	}
}

// UnbindRequest gives up a binding.
type UnbindRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000000.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// MerCatCode is the merchant's category (商户类别), an MCC; for AccessAcquirer.
	MerCatCode string `json:"merCatCode,omitempty" spec:"C N4"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// MerName is the merchant's name (商户名称); for AccessAcquirer.
	MerName string `json:"merName,omitempty" spec:"C ANS1..40"`
	// MerAbbr is the merchant's short name (商户简称); for AccessAcquirer, where it is not insisted upon.
	MerAbbr string `json:"merAbbr,omitempty" spec:"C ANS1..8"`
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
	// BindID is the mark of a bound card (绑定标识号).
	BindID string `json:"bindId,omitempty" spec:"M ANS1..128"`
	// AccNo is the card number (账号): plain, or encrypted ([Encrypter.Encrypt]) together with encryptCertId, which
	// is more than the letters and digits that the document gives it.
	AccNo string `json:"accNo,omitempty" spec:"C ANS1..1024"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// RiskRateInfo is for the risk control (风控信息域), a [Group] {commodityName=..}.
	RiskRateInfo string `json:"riskRateInfo,omitempty" spec:"C ANS"`
	// EncryptCertID is the serial number of UnionPay's certificate that a field was encrypted with (加密证书ID); see
	// [Encrypter.CertID].
	EncryptCertID string `json:"encryptCertId,omitempty" spec:"C N"`
}

func (r *UnbindRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *UnbindRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}, needed{"merCatCode", r.MerCatCode}, needed{"merName", r.MerName}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		groups(needed{"riskRateInfo", r.RiskRateInfo}),
	)
}

// UnbindResponse is the answer to it.
type UnbindResponse struct {
	Response

	// BindID is the mark of the bound card (绑定标识号).
	BindID string `json:"bindId" spec:"C ANS1..128"`
	// AccNo is the card (账号): masked, or encrypted for the merchant's key.
	AccNo string `json:"accNo" spec:"C ANS1..1024"`
}

// Unbind gives up the binding of a card (撤销绑定关系, txnType 74/00, POST /gateway/api/backTransReq.do). It may be
// repeated under a new orderId.
//   - Succeeded: gone.
//   - Failed: refused.
//   - Unknown: ask with QueryBinding.
//
//cnpay:op unbind
func (s *MandatesService) Unbind(ctx context.Context, req *UnbindRequest, opts ...cnpay.Option) (*UnbindResponse, error) {
	return call[UnbindResponse](ctx, s.client, unbindOp(), req, opts)
}

func unbindOp() operation {
	return operation{
		id: "unbind", path: backTrans, txnType: "74", txnSubTypes: "00", bizType: "000000", channelType: "07",
		judge: judgeCode,
	}
}

// BindingQueryRequest asks for a binding, by card or by its mark.
type BindingQueryRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000801.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// MerCatCode is the merchant's category (商户类别), an MCC; for AccessAcquirer.
	MerCatCode string `json:"merCatCode,omitempty" spec:"C N4"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// MerName is the merchant's name (商户名称); for AccessAcquirer.
	MerName string `json:"merName,omitempty" spec:"C ANS1..40"`
	// MerAbbr is the merchant's short name (商户简称); for AccessAcquirer, where it is not insisted upon.
	MerAbbr string `json:"merAbbr,omitempty" spec:"C ANS1..8"`
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
	// BindID is the mark of a bound card (绑定标识号).
	BindID string `json:"bindId,omitempty" spec:"C ANS1..128"`
	// AccNo is the card number (账号): plain, or encrypted ([Encrypter.Encrypt]) together with encryptCertId, which
	// is more than the letters and digits that the document gives it.
	AccNo string `json:"accNo,omitempty" spec:"C ANS1..1024"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// RiskRateInfo is for the risk control (风控信息域), a [Group] {commodityName=..}.
	RiskRateInfo string `json:"riskRateInfo,omitempty" spec:"C ANS"`
	// EncryptCertID is the serial number of UnionPay's certificate that a field was encrypted with (加密证书ID); see
	// [Encrypter.CertID].
	EncryptCertID string `json:"encryptCertId,omitempty" spec:"C N"`
}

func (r *BindingQueryRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *BindingQueryRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}, needed{"merCatCode", r.MerCatCode}, needed{"merName", r.MerName}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		groups(needed{"riskRateInfo", r.RiskRateInfo}),
		either(needed{"bindId", r.BindID}, needed{"accNo", r.AccNo}),
	)
}

// BindingQueryResponse is the answer to it.
type BindingQueryResponse struct {
	Response

	// BindID is the mark of the bound card (绑定标识号).
	BindID string `json:"bindId" spec:"C ANS1..128"`
	// AccNo is the card (账号): masked, or encrypted for the merchant's key.
	AccNo string `json:"accNo" spec:"C ANS1..1024"`
}

// QueryBinding asks whether a card is bound (绑定关系查询, txnType 75/00, POST /gateway/api/backTransReq.do). It may be
// repeated.
//   - Succeeded: answered.
//   - Failed: refused, or no such binding.
//   - Unknown: ask again.
//
//cnpay:op bind_query
func (s *MandatesService) QueryBinding(ctx context.Context, req *BindingQueryRequest, opts ...cnpay.Option) (*BindingQueryResponse, error) {
	return call[BindingQueryResponse](ctx, s.client, bindingQueryOp(), req, opts)
}

func bindingQueryOp() operation {
	return operation{
		id: "bind_query", path: backTrans, txnType: "75", txnSubTypes: "00", bizType: "000801",
		channelType: "07", repeatable: true, judge: judgeCode,
	}
}
