package unionpay

import (
	"context"
	"slices"

	"github.com/cnpay-go/cnpay"
)

// PaymentsService takes money and gives it back.
type PaymentsService struct{ client *Client }

// FrontPurchaseRequest is a purchase on UnionPay's page, for a computer or, with ChannelType 08, a phone.
type FrontPurchaseRequest struct {
	Envelope

	// BizType is the product (产品类型): 000201 for persons, 000202 for companies. Empty means 000201.
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
	// ChannelType is the page (渠道类型): 07 for a computer (网关支付), 08 for a phone (手机网页支付). Empty means 07.
	ChannelType string `json:"channelType,omitempty" spec:"M N2"`
	// OrderID is the order number (商户订单号): letters and digits only, unique for the merchant and day. See
	// [NewOrderID].
	OrderID string `json:"orderId,omitempty" spec:"M AN8..40"`
	// TxnTime is the order time (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl,omitempty" spec:"M ANS1..256"`
	// CurrencyCode is the currency (交易币种). Empty means 156, CNY.
	CurrencyCode string `json:"currencyCode,omitempty" spec:"M AN3"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt,omitempty" spec:"M N1..12"`
	// OrderDesc describes the order to the payer (订单描述).
	OrderDesc string `json:"orderDesc,omitempty" spec:"O ANS1..32"`
	// IssInsCode is the issuing bank (发卡机构代码), ABC for example, to whose page the payer goes at once.
	IssInsCode string `json:"issInsCode,omitempty" spec:"C AN"`
	// InstalTransInfo is for instalments (分期付款信息域), a [Group] {numberOfInstallments=06}, with TxnSubType 03.
	InstalTransInfo string `json:"instalTransInfo,omitempty" spec:"C ANS"`
	// FrontURL is where the payer's browser is sent back to, with a POST (前台通知地址).
	FrontURL string `json:"frontUrl,omitempty" spec:"M ANS1..256"`
	// CustomerInfo proves the card holder (银行卡验证信息及身份信息); see [CustomerInfo].
	CustomerInfo string `json:"customerInfo,omitempty" spec:"C ANS"`
	// CardTransData is the data of a card that is present (有卡交易信息域), a [Group], sorted.
	CardTransData string `json:"cardTransData,omitempty" spec:"C ANS"`
	// AccountPayChannel is the channel of prepaid cards (预付卡通道).
	AccountPayChannel string `json:"accountPayChannel,omitempty" spec:"O ANS"`
	// AccNo is the card number (账号): plain, or encrypted ([Encrypter.Encrypt]) together with encryptCertId, which
	// is more than the letters and digits that the document gives it.
	AccNo string `json:"accNo,omitempty" spec:"C ANS1..1024"`
	// AccType is the kind of card (账号类型): 01 bank card, 02 passbook, 03 IC card, 04 corporate account.
	AccType string `json:"accType,omitempty" spec:"O N2"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// CustomerIP is the payer's IP address (持卡人IP).
	CustomerIP string `json:"customerIp,omitempty" spec:"O ANS"`
	// OrderTimeout is within how many milliseconds the form must arrive (订单接收超时时间).
	OrderTimeout string `json:"orderTimeout,omitempty" spec:"O N"`
	// AccSplitData splits the amount between merchants (分账域), JSON in Base64.
	AccSplitData string `json:"accSplitData,omitempty" spec:"C ANS1..512"`
	// RiskRateInfo is for the risk control (风控信息域), a [Group] {commodityName=..}.
	RiskRateInfo string `json:"riskRateInfo,omitempty" spec:"C ANS"`
	// CtrlRule are control bits (控制规则). With a 1 in the fifth place answers lack their certificate and cannot be
	// believed.
	CtrlRule string `json:"ctrlRule,omitempty" spec:"O ANS"`
	// DefaultPayType is the way of paying that is shown first (默认支付方式), 0001 for example.
	DefaultPayType string `json:"defaultPayType,omitempty" spec:"O N4"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// FrontFailURL is FrontURL for payments that failed (失败交易前台跳转地址).
	FrontFailURL string `json:"frontFailUrl,omitempty" spec:"O ANS"`
	// SupPayType are the ways of paying that are offered (支持支付方式).
	SupPayType string `json:"supPayType,omitempty" spec:"O ANS"`
	// PayTimeout is until when the payer may pay (支付超时时间), as UnionPay advises a quarter of an hour after TxnTime.
	// What is paid later is given back by UnionPay. Without it no query can tell that a payment has failed for
	// good.
	PayTimeout string `json:"payTimeout,omitempty" spec:"O YYYYMMDDhhmmss"`
	// TermID is the terminal number (终端号).
	TermID string `json:"termId,omitempty" spec:"O ANS1..8"`
	// UserMAC describes the payer's device (终端信息域).
	UserMAC string `json:"userMac,omitempty" spec:"O ANS"`
	// EncryptCertID is the serial number of UnionPay's certificate that a field was encrypted with (加密证书ID); see
	// [Encrypter.CertID].
	EncryptCertID string `json:"encryptCertId,omitempty" spec:"C N"`
}

func (r *FrontPurchaseRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		currencyCode: &r.CurrencyCode, order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *FrontPurchaseRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}, needed{"merCatCode", r.MerCatCode}, needed{"merName", r.MerName}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		groups(needed{"cardTransData", r.CardTransData}, needed{"instalTransInfo", r.InstalTransInfo},
			needed{"riskRateInfo", r.RiskRateInfo}),
	)
}

// Front makes the form of a purchase on UnionPay's page (网关支付、手机网页支付 消费, txnType 01, frontTransReq.do).
//
// It sends nothing: the [Form] goes to the payer's browser, which takes it to UnionPay. The browser comes back to
// FrontURL with a reduced notification, which is Pending, or never. Deliver on the notification to BackURL, which comes
// only when the payment succeeded, or on SettleFront. There is no way to close an order: an unpaid one ends at
// PayTimeout. Only after it, and known to be unpaid, may the payer try again, under a new orderId.
//
// With TxnSubType 03 the purchase is in instalments.
//
//cnpay:op front_consume wap_consume
func (s *PaymentsService) Front(req *FrontPurchaseRequest) (*Form, error) {
	return render(s.client, frontPurchaseOp(), req)
}

// SettleFront asks, on [PayerSchedule], until it is known what became of a purchase on UnionPay's page. It needs the
// request as it was made, with the same TxnTime. A payment that has failed or was never begun may still be made
// until PayTimeout, so it is Failed only after that, and never when the request had none.
func (s *PaymentsService) SettleFront(ctx context.Context, req *FrontPurchaseRequest, opts ...cnpay.Option) (*cnpay.Settlement[*QueryResponse], error) {
	return settle(ctx, s.client, frontPurchaseOp(), req, opts)
}

func frontPurchaseOp() operation {
	return operation{
		id: "front_consume", path: frontTrans, txnType: "01", txnSubTypes: "01|03", bizType: "000201",
		channelType: "07", schedule: PayerSchedule, payer: true,
	}
}

// AppPurchaseRequest is a purchase in the merchant's own app.
type AppPurchaseRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000201.
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
	// ChannelType is the channel (渠道类型): 05 voice, 07 internet, 08 mobile, 16 set-top box. Empty means 08.
	ChannelType string `json:"channelType,omitempty" spec:"M N2"`
	// OrderID is the order number (商户订单号): letters and digits only, unique for the merchant and day. See
	// [NewOrderID].
	OrderID string `json:"orderId,omitempty" spec:"M AN8..40"`
	// TxnTime is the order time (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl,omitempty" spec:"M ANS1..256"`
	// CurrencyCode is the currency (交易币种). Empty means 156, CNY.
	CurrencyCode string `json:"currencyCode,omitempty" spec:"M AN3"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt,omitempty" spec:"M N1..12"`
	// OrderDesc describes the order to the payer (订单描述).
	OrderDesc string `json:"orderDesc,omitempty" spec:"O ANS1..32"`
	// InstalTransInfo is for instalments (分期付款信息域), a [Group] {numberOfInstallments=06}, with TxnSubType 03.
	InstalTransInfo string `json:"instalTransInfo,omitempty" spec:"C ANS"`
	// FrontURL is where the payer's browser is sent back to, with a POST (前台通知地址).
	FrontURL string `json:"frontUrl,omitempty" spec:"C ANS1..256"`
	// AccNo is the card number (账号): plain, or encrypted ([Encrypter.Encrypt]) together with encryptCertId, which
	// is more than the letters and digits that the document gives it.
	AccNo string `json:"accNo,omitempty" spec:"C ANS1..1024"`
	// PayCardType is the kind of card (支付卡类型): 01 debit, 02 credit, 03 semi-credit, 05 prepaid.
	PayCardType string `json:"payCardType,omitempty" spec:"O N2"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// IssInsCode is the issuing bank (发卡机构代码), ABC for example, to whose page the payer goes at once.
	IssInsCode string `json:"issInsCode,omitempty" spec:"C AN"`
	// AccSplitData splits the amount between merchants (分账域), JSON in Base64.
	AccSplitData string `json:"accSplitData,omitempty" spec:"C ANS1..512"`
	// RiskRateInfo is for the risk control (风控信息域), a [Group] {commodityName=..}.
	RiskRateInfo string `json:"riskRateInfo,omitempty" spec:"C ANS"`
	// CtrlRule are control bits (控制规则). With a 1 in the fifth place answers lack their certificate and cannot be
	// believed.
	CtrlRule string `json:"ctrlRule,omitempty" spec:"O ANS"`
	// DefaultPayType is the way of paying that is shown first (默认支付方式), 0001 for example.
	DefaultPayType string `json:"defaultPayType,omitempty" spec:"O N4"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// CustomerInfo proves the card holder (银行卡验证信息及身份信息); see [CustomerInfo].
	CustomerInfo string `json:"customerInfo,omitempty" spec:"C ANS"`
	// PayTimeout is until when the payer may pay (支付超时时间), as UnionPay advises a quarter of an hour after TxnTime.
	// What is paid later is given back by UnionPay. Without it no query can tell that a payment has failed for
	// good.
	PayTimeout string `json:"payTimeout,omitempty" spec:"O YYYYMMDDhhmmss"`
	// EncryptCertID is the serial number of UnionPay's certificate that a field was encrypted with (加密证书ID); see
	// [Encrypter.CertID].
	EncryptCertID string `json:"encryptCertId,omitempty" spec:"C N"`
}

func (r *AppPurchaseRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		currencyCode: &r.CurrencyCode, order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *AppPurchaseRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		groups(needed{"instalTransInfo", r.InstalTransInfo}, needed{"riskRateInfo", r.RiskRateInfo}),
	)
}

// AppPurchaseResponse is the answer to the order of a purchase in an app.
type AppPurchaseResponse struct {
	Response

	// TN is what the app hands to the UnionPay control to let the payer pay (银联受理订单号).
	TN string `json:"tn" spec:"C AN"`
}

// App orders a purchase in the merchant's own app, whose UnionPay control asks for the TN (手机控件支付 消费, txnType 01,
// POST /gateway/api/appTransReq.do).
//
// No money moves: what the app does with the TN moves it, and only a notification or SettleApp says so.
//   - Succeeded: the TN is there.
//   - Failed: refused; there is no order.
//   - Unknown: nothing can have been paid without the TN. Make a new order under a new orderId.
//
//cnpay:op app_consume
func (s *PaymentsService) App(ctx context.Context, req *AppPurchaseRequest, opts ...cnpay.Option) (*AppPurchaseResponse, error) {
	return call[AppPurchaseResponse](ctx, s.client, appPurchaseOp(), req, opts)
}

// SettleApp asks, on [PayerSchedule], until it is known what became of a purchase in an app. It needs the request as
// it was made, with the same TxnTime. A payment that has failed or was never begun may still be made until
// PayTimeout, so it is Failed only after that, and never when the request had none.
func (s *PaymentsService) SettleApp(ctx context.Context, req *AppPurchaseRequest, opts ...cnpay.Option) (*cnpay.Settlement[*QueryResponse], error) {
	return settle(ctx, s.client, appPurchaseOp(), req, opts)
}

func appPurchaseOp() operation {
	return operation{
		id: "app_consume", path: appTrans, gives: "tn", txnType: "01", txnSubTypes: "01|03", bizType: "000201",
		channelType: "08", judge: judgeCode, schedule: PayerSchedule, payer: true,
	}
}

// PurchaseRequest is a purchase without UnionPay's page, with a token (BizType 000902) or a card number (000301).
type PurchaseRequest struct {
	Envelope

	// BizType is the product (产品类型): 000902 with a token, 000301 with a card number. Empty means the one
	// that fits.
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
	// OrderID is the order number (商户订单号), the same as in the [SMSRequest] where the payer was sent a code.
	OrderID string `json:"orderId,omitempty" spec:"M AN8..40"`
	// TxnTime is the order time (订单发送时间), the same as there.
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl,omitempty" spec:"M ANS1..256"`
	// CurrencyCode is the currency (交易币种). Empty means 156, CNY.
	CurrencyCode string `json:"currencyCode,omitempty" spec:"M AN3"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt,omitempty" spec:"M N1..12"`
	// TokenPayData is the token (标记化支付信息域), a [Group]: {trId=..&tokenType=01} to ask for one, {token=..&trId=..}
	// to use it.
	TokenPayData string `json:"tokenPayData,omitempty" spec:"C ANS"`
	// OrderDesc describes the order to the payer (订单描述).
	OrderDesc string `json:"orderDesc,omitempty" spec:"O ANS1..32"`
	// InstalTransInfo is for instalments (分期付款信息域), a [Group] {numberOfInstallments=06}, with TxnSubType 03.
	InstalTransInfo string `json:"instalTransInfo,omitempty" spec:"C ANS"`
	// CustomerInfo proves the card holder (银行卡验证信息及身份信息); see [CustomerInfo].
	CustomerInfo string `json:"customerInfo,omitempty" spec:"C ANS"`
	// CardTransData is the data of a card that is present (有卡交易信息域), a [Group], sorted.
	CardTransData string `json:"cardTransData,omitempty" spec:"C ANS"`
	// AccNo is the card number (账号): plain, or encrypted ([Encrypter.Encrypt]) together with encryptCertId, which
	// is more than the letters and digits that the document gives it.
	AccNo string `json:"accNo,omitempty" spec:"C ANS1..1024"`
	// AccType is the kind of card (账号类型): 01 bank card, 02 passbook, 03 IC card, 04 corporate account.
	AccType string `json:"accType,omitempty" spec:"O N2"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// CustomerIP is the payer's IP address (持卡人IP).
	CustomerIP string `json:"customerIp,omitempty" spec:"O ANS"`
	// OrderTimeout is within how many milliseconds the form must arrive (订单接收超时时间).
	OrderTimeout string `json:"orderTimeout,omitempty" spec:"O N"`
	// IssInsCode is the issuing bank (发卡机构代码), ABC for example, to whose page the payer goes at once.
	IssInsCode string `json:"issInsCode,omitempty" spec:"C AN"`
	// AccSplitData splits the amount between merchants (分账域), JSON in Base64.
	AccSplitData string `json:"accSplitData,omitempty" spec:"C ANS1..512"`
	// RiskRateInfo is for the risk control (风控信息域), a [Group] {commodityName=..}.
	RiskRateInfo string `json:"riskRateInfo,omitempty" spec:"C ANS"`
	// CtrlRule are control bits (控制规则). With a 1 in the fifth place answers lack their certificate and cannot be
	// believed.
	CtrlRule string `json:"ctrlRule,omitempty" spec:"O ANS"`
	// FrontURL is where the payer's browser is sent back to, with a POST (前台通知地址).
	FrontURL string `json:"frontUrl,omitempty" spec:"C ANS1..256"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// TermID is the terminal number (终端号).
	TermID string `json:"termId,omitempty" spec:"O ANS1..8"`
	// UserMAC describes the payer's device (终端信息域).
	UserMAC string `json:"userMac,omitempty" spec:"O ANS"`
	// EncryptCertID is the serial number of UnionPay's certificate that a field was encrypted with (加密证书ID); see
	// [Encrypter.CertID].
	EncryptCertID string `json:"encryptCertId,omitempty" spec:"C N"`
}

func (r *PurchaseRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		currencyCode: &r.CurrencyCode, order: r.OrderID, reqReserved: r.ReqReserved,
		product: byCard(r.AccNo, r.TokenPayData),
	}
}

func (r *PurchaseRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}, needed{"merCatCode", r.MerCatCode}, needed{"merName", r.MerName}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		groups(needed{"tokenPayData", r.TokenPayData}, needed{"cardTransData", r.CardTransData},
			needed{"instalTransInfo", r.InstalTransInfo}, needed{"riskRateInfo", r.RiskRateInfo}),
		either(needed{"tokenPayData", r.TokenPayData}, needed{"accNo", r.AccNo}),
	)
}

// PurchaseResponse is the answer to a purchase.
type PurchaseResponse struct {
	Response

	// QueryID is UnionPay's number of this transaction (查询流水号), by which later ones name it as origQryId.
	QueryID string `json:"queryId" spec:"C AN20..21"`
	// TN is what the app hands to the UnionPay control to let the payer pay (银联受理订单号).
	TN string `json:"tn" spec:"C AN"`
	// AccNo is the card (账号): masked, or encrypted for the merchant's key.
	AccNo string `json:"accNo" spec:"C ANS1..1024"`
	// PayType is the way of paying (支付方式).
	PayType string `json:"payType" spec:"C N4"`
	// PayCardType is the kind of card (支付卡类型): 01 debit, 02 credit, 03 semi-credit, 05 prepaid.
	PayCardType string `json:"payCardType" spec:"C N2"`
	// CurrencyCode is the currency (交易币种).
	CurrencyCode string `json:"currencyCode" spec:"C AN3"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"C N1..12"`
}

// Purchase takes money without UnionPay's page (无跳转支付 消费, txnType 01, POST /gateway/api/backTransReq.do): from the
// token or the card of a payer who opened it for this, and who typed the code of [CardsService.SendSMS] where one is
// wanted.
//
// It may be repeated with the same orderId and txnTime, and is done once: what had arrived before is answered with code
// 12, which is Unknown. That is the way out of queries that say 34; see Repeats in the package comment. Never repeat
// under a new orderId before the outcome of the old one is known.
//   - Pending: accepted (受理). A notification tells the end; SettlePurchase asks for it.
//   - Failed: refused; nothing was taken.
//   - Unknown: call SettlePurchase. When it too ends Unknown, the notification or the reconciliation file decides.
//
//cnpay:op no_redirect_consume
func (s *PaymentsService) Purchase(ctx context.Context, req *PurchaseRequest, opts ...cnpay.Option) (*PurchaseResponse, error) {
	return call[PurchaseResponse](ctx, s.client, purchaseOp(), req, opts)
}

// SettlePurchase asks, on [BackSchedule], until it is known what became of a purchase. It needs the request as it was
// sent, with the same TxnTime.
func (s *PaymentsService) SettlePurchase(ctx context.Context, req *PurchaseRequest, opts ...cnpay.Option) (*cnpay.Settlement[*QueryResponse], error) {
	return settle(ctx, s.client, purchaseOp(), req, opts)
}

func purchaseOp() operation {
	return operation{
		id: "no_redirect_consume", path: backTrans, txnType: "01", txnSubTypes: "01|03", bizType: "000902",
		channelType: "07", judge: judgeAccepted, schedule: BackSchedule,
	}
}

// OpenAndPurchaseRequest is a first purchase that opens the card for later ones.
type OpenAndPurchaseRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000902.
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
	// BackURL is where the notification goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl,omitempty" spec:"M ANS1..256"`
	// CurrencyCode is the currency (交易币种). Empty means 156, CNY.
	CurrencyCode string `json:"currencyCode,omitempty" spec:"M AN3"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt,omitempty" spec:"M N1..12"`
	// TokenPayData is the token (标记化支付信息域), a [Group]: {trId=..&tokenType=01} to ask for one, {token=..&trId=..}
	// to use it.
	TokenPayData string `json:"tokenPayData,omitempty" spec:"M ANS"`
	// OrderDesc describes the order to the payer (订单描述).
	OrderDesc string `json:"orderDesc,omitempty" spec:"O ANS1..32"`
	// InstalTransInfo is for instalments (分期付款信息域), a [Group] {numberOfInstallments=06}, with TxnSubType 03.
	InstalTransInfo string `json:"instalTransInfo,omitempty" spec:"C ANS"`
	// CustomerInfo proves the card holder (银行卡验证信息及身份信息); see [CustomerInfo].
	CustomerInfo string `json:"customerInfo,omitempty" spec:"C ANS"`
	// CardTransData is the data of a card that is present (有卡交易信息域), a [Group], sorted.
	CardTransData string `json:"cardTransData,omitempty" spec:"C ANS"`
	// AccNo is the card number (账号): plain, or encrypted ([Encrypter.Encrypt]) together with encryptCertId, which
	// is more than the letters and digits that the document gives it.
	AccNo string `json:"accNo,omitempty" spec:"C ANS1..1024"`
	// AccType is the kind of card (账号类型): 01 bank card, 02 passbook, 03 IC card, 04 corporate account.
	AccType string `json:"accType,omitempty" spec:"O N2"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// CustomerIP is the payer's IP address (持卡人IP).
	CustomerIP string `json:"customerIp,omitempty" spec:"O ANS"`
	// OrderTimeout is within how many milliseconds the form must arrive (订单接收超时时间).
	OrderTimeout string `json:"orderTimeout,omitempty" spec:"O N"`
	// IssInsCode is the issuing bank (发卡机构代码), ABC for example, to whose page the payer goes at once.
	IssInsCode string `json:"issInsCode,omitempty" spec:"C AN"`
	// RiskRateInfo is for the risk control (风控信息域), a [Group] {commodityName=..}.
	RiskRateInfo string `json:"riskRateInfo,omitempty" spec:"C ANS"`
	// FrontURL is where the payer's browser is sent back to, with a POST (前台通知地址).
	FrontURL string `json:"frontUrl,omitempty" spec:"M ANS1..256"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// TermID is the terminal number (终端号).
	TermID string `json:"termId,omitempty" spec:"O ANS1..8"`
	// UserMAC describes the payer's device (终端信息域).
	UserMAC string `json:"userMac,omitempty" spec:"O ANS"`
	// EncryptCertID is the serial number of UnionPay's certificate that a field was encrypted with (加密证书ID); see
	// [Encrypter.CertID].
	EncryptCertID string `json:"encryptCertId,omitempty" spec:"C N"`
}

func (r *OpenAndPurchaseRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		currencyCode: &r.CurrencyCode, order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *OpenAndPurchaseRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}, needed{"merCatCode", r.MerCatCode}, needed{"merName", r.MerName}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		groups(needed{"tokenPayData", r.TokenPayData}, needed{"cardTransData", r.CardTransData},
			needed{"instalTransInfo", r.InstalTransInfo}, needed{"riskRateInfo", r.RiskRateInfo}),
	)
}

// OpenAndPurchase makes the form of a page on which the payer opens a card and pays (无跳转支付 开通并支付, txnType 01,
// frontTransReq.do). [CardsService.ApplyToken] fetches the token afterwards, by the same orderId.
//
// It sends nothing: the [Form] goes to the payer's browser, which takes it to UnionPay. The browser comes back to
// FrontURL with a reduced notification, which is Pending, or never. Deliver on the notification to BackURL, which comes
// only when the payment succeeded, or on SettleOpenAndPurchase. There is no way to close an order: an unpaid one ends at
// PayTimeout. Only after it, and known to be unpaid, may the payer try again, under a new orderId.
//
//cnpay:op open_and_consume
func (s *PaymentsService) OpenAndPurchase(req *OpenAndPurchaseRequest) (*Form, error) {
	return render(s.client, openAndPurchaseOp(), req)
}

// SettleOpenAndPurchase asks, on [PayerSchedule], until it is known what became of an opening with purchase. It
// needs the request as it was made, with the same TxnTime. A payment that has failed or was never begun may still be
// made until PayTimeout, so it is Failed only after that, and never when the request had none.
func (s *PaymentsService) SettleOpenAndPurchase(ctx context.Context, req *OpenAndPurchaseRequest, opts ...cnpay.Option) (*cnpay.Settlement[*QueryResponse], error) {
	return settle(ctx, s.client, openAndPurchaseOp(), req, opts)
}

func openAndPurchaseOp() operation {
	return operation{
		id: "open_and_consume", path: frontTrans, txnType: "01", txnSubTypes: "01|03", bizType: "000902",
		channelType: "07", schedule: PayerSchedule, payer: true,
	}
}

// VoidRequest gives the whole of a purchase back on the same clearing day.
type VoidRequest struct {
	Envelope

	// BizType is the product (产品类型), the same as the purchase's. No default is right for all: 000201 on UnionPay's
	// page and in an app, 000202 for companies, 000301 by card number, 000902 by token.
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
	// OrderID is the order number of this void (商户订单号), not of the purchase. See [NewOrderID].
	OrderID string `json:"orderId,omitempty" spec:"M AN8..40"`
	// TxnTime is the order time of this void (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification]. UnionPay reaches no address with "~";
	// one on a private line begins with ZX|.
	BackURL string `json:"backUrl,omitempty" spec:"M ANS1..256"`
	// TxnAmt is the whole amount of the purchase (交易金额), fen.
	TxnAmt int64 `json:"txnAmt,omitempty" spec:"M N1..12"`
	// OrigQryID is the queryId of the purchase (原交易查询流水号).
	OrigQryID string `json:"origQryId,omitempty" spec:"M AN20..21"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// TermID is the terminal number (终端号).
	TermID string `json:"termId,omitempty" spec:"O ANS1..8"`
}

func (r *VoidRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *VoidRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}, needed{"merCatCode", r.MerCatCode}, needed{"merName", r.MerName}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
	)
}

// VoidResponse is the answer to a void.
type VoidResponse struct {
	Response

	// QueryID is UnionPay's number of this transaction (查询流水号), by which later ones name it as origQryId.
	QueryID string `json:"queryId" spec:"C AN20..21"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"C N1..12"`
	// OrigQryID is the queryId of the original transaction (原交易查询流水号).
	OrigQryID string `json:"origQryId" spec:"C AN20..21"`
}

// Void gives the whole of a purchase back to the payer (消费撤销, txnType 31, POST /gateway/api/backTransReq.do), on the
// clearing day of the purchase only, which ends at 23:00 in Beijing; later there is Refund.
//
// It may be repeated with the same orderId and txnTime, and is done once: what had arrived before is answered with code
// 12, which is Unknown. That is the way out of queries that say 34; see Repeats in the package comment. Never repeat
// under a new orderId before the outcome of the old one is known.
//   - Pending: accepted (受理). A notification tells the end; SettleVoid asks for it.
//   - Failed: refused; the purchase stands.
//   - Unknown: call SettleVoid. When it too ends Unknown, the notification or the reconciliation file decides.
//
//cnpay:op consume_undo
func (s *PaymentsService) Void(ctx context.Context, req *VoidRequest, opts ...cnpay.Option) (*VoidResponse, error) {
	return call[VoidResponse](ctx, s.client, voidOp(), req, opts)
}

// SettleVoid asks, on [BackSchedule], until it is known what became of a void. It needs the request as it was
// sent, with the same TxnTime.
func (s *PaymentsService) SettleVoid(ctx context.Context, req *VoidRequest, opts ...cnpay.Option) (*cnpay.Settlement[*QueryResponse], error) {
	return settle(ctx, s.client, voidOp(), req, opts)
}

func voidOp() operation {
	return operation{
		id: "consume_undo", path: backTrans, txnType: "31", txnSubTypes: "00",
		channelType: "07", judge: judgeAccepted, schedule: BackSchedule,
	}
}

// RefundRequest gives a purchase or the completion of a pre-authorisation back, whole or in parts.
type RefundRequest struct {
	Envelope

	// BizType is the product (产品类型), the same as that of the purchase or completion. No default is right for all:
	// 000201 on UnionPay's page and in an app, 000202 for companies, 000301 by card number, 000902 by token.
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
	// OrderID is the order number of this refund (商户订单号), a new one for each. The published request list omits it;
	// it is needed.
	OrderID string `json:"orderId,omitempty" spec:"M AN8..40"`
	// TxnTime is the order time of this refund (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification]. UnionPay reaches no address with "~";
	// one on a private line begins with ZX|.
	BackURL string `json:"backUrl,omitempty" spec:"M ANS1..256"`
	// TxnAmt is the amount to give back (退货金额), fen. The sum of all refunds is at most the original amount.
	TxnAmt int64 `json:"txnAmt,omitempty" spec:"M N1..12"`
	// OrigQryID is the queryId of the purchase or completion (原交易查询流水号).
	OrigQryID string `json:"origQryId,omitempty" spec:"M AN20..21"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// AccSplitData splits the amount between merchants (分账域), JSON in Base64.
	AccSplitData string `json:"accSplitData,omitempty" spec:"C ANS1..512"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// TermID is the terminal number (终端号).
	TermID string `json:"termId,omitempty" spec:"O ANS1..8"`
}

func (r *RefundRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *RefundRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}, needed{"merCatCode", r.MerCatCode}, needed{"merName", r.MerName}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
	)
}

// RefundResponse is the answer to a refund.
type RefundResponse struct {
	Response

	// QueryID is UnionPay's number of this transaction (查询流水号), by which later ones name it as origQryId.
	QueryID string `json:"queryId" spec:"C AN20..21"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"C N1..12"`
	// OrigQryID is the queryId of the original transaction (原交易查询流水号).
	OrigQryID string `json:"origQryId" spec:"C AN20..21"`
}

// Refund gives money back to the payer (退货, txnType 04, POST /gateway/api/backTransReq.do), in one or several parts,
// for 90 days at least after the payment.
//
// It may be repeated with the same orderId and txnTime, and is done once: what had arrived before is answered with code
// 12, which is Unknown. That is the way out of queries that say 34; see Repeats in the package comment. Never repeat
// under a new orderId before the outcome of the old one is known.
//   - Pending: accepted (受理). A notification tells the end; SettleRefund asks for it.
//   - Failed: refused; nothing was given back.
//   - Unknown: call SettleRefund. When it too ends Unknown, the notification or the reconciliation file decides.
//
//cnpay:op refund
func (s *PaymentsService) Refund(ctx context.Context, req *RefundRequest, opts ...cnpay.Option) (*RefundResponse, error) {
	return call[RefundResponse](ctx, s.client, refundOp(), req, opts)
}

// SettleRefund asks, on [BackSchedule], until it is known what became of a refund. It needs the request as it was
// sent, with the same TxnTime.
func (s *PaymentsService) SettleRefund(ctx context.Context, req *RefundRequest, opts ...cnpay.Option) (*cnpay.Settlement[*QueryResponse], error) {
	return settle(ctx, s.client, refundOp(), req, opts)
}

func refundOp() operation {
	return operation{
		id: "refund", path: backTrans, txnType: "04", txnSubTypes: "00", channelType: "07",
		judge: judgeAccepted, schedule: BackSchedule,
	}
}
