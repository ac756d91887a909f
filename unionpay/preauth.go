package unionpay

import (
	"context"
	"slices"

	"github.com/cnpay-go/cnpay"
)

// PreauthService acts on pre-authorisations (预授权): money that the issuer holds for the merchant.
type PreauthService struct{ client *Client }

// PreauthCancelRequest cancels a pre-authorisation. The page of the operation is open.unionpay.com's; where the pages
// of other products differ, the comment says so.
type PreauthCancelRequest struct {
	Envelope

	// BizType is the product (产品类型), the same as the pre-authorisation's. No default is right for all: 000201 on
	// UnionPay's page and in an app, 000301 by card number (认证支付2.0), 000902 by token (Token支付). The page lists the
	// last two; the gateway product's demo sends 000201.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型): AccessMerchant, AccessAcquirer or AccessPlatform.
	// Empty means the client's.
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
	// OrderID is the order number of this cancellation (商户订单号), not of the pre-authorisation: letters and digits
	// only, unique for the merchant and day. See [NewOrderID].
	OrderID string `json:"orderId,omitempty" spec:"M AN8..40"`
	// TxnTime is the order time of this cancellation (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// TxnAmt is the whole amount of the pre-authorisation (交易金额), fen.
	TxnAmt int64 `json:"txnAmt,omitempty" spec:"M N1..12"`
	// Reserved is the reserved field (保留域), {k=v&k=v}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// TermID is the terminal number (终端号).
	TermID string `json:"termId,omitempty" spec:"O ANS8"`
	// ChannelType is the channel (渠道类型): 05 voice, 07 internet, 08 mobile. Empty means 07.
	ChannelType string `json:"channelType,omitempty" spec:"M N2"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification]. UnionPay reaches no address with "~";
	// one on a private line begins with ZX|.
	BackURL string `json:"backUrl,omitempty" spec:"M ANS1..256"`
	// ReqReserved is the merchant's own text (请求方保留域); the answer and the notification repeat it. Without & = { }
	// [ ] and quotes, or in Base64, it stays legible in queries and files too.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// OrigQryID is the queryId of the pre-authorisation (原交易查询流水号). The page says 21 characters, of a queryId 20 or 21.
	OrigQryID string `json:"origQryId,omitempty" spec:"M AN20..21"`
}

func (r *PreauthCancelRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *PreauthCancelRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}, needed{"merCatCode", r.MerCatCode}, needed{"merName", r.MerName}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
	)
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

// Cancel gives up the whole of a pre-authorisation that has not been completed, so that the issuer frees the money
// (预授权撤销, txnType 32, POST /gateway/api/backTransReq.do).
//
// It may be repeated with the same orderId and txnTime, and is done once: what had arrived before is answered with code
// 12, which is Unknown. That is the way out of queries that say 34; see Repeats in the package comment. Never repeat
// under a new orderId before the outcome of the old one is known.
//   - Pending: accepted (受理). A notification tells the end; SettleCancel asks for it.
//   - Failed: refused; the pre-authorisation is as it was.
//   - Unknown: call SettleCancel. When it too ends Unknown, the notification or the reconciliation file decides.
//
//cnpay:op preauth_cancel
func (s *PreauthService) Cancel(ctx context.Context, req *PreauthCancelRequest, opts ...cnpay.Option) (*PreauthCancelResponse, error) {
	return call[PreauthCancelResponse](ctx, s.client, preauthCancelOp(), req, opts)
}

// SettleCancel asks, on [BackSchedule], until it is known what became of a cancellation. It needs the request as it
// was sent, with the same TxnTime.
func (s *PreauthService) SettleCancel(ctx context.Context, req *PreauthCancelRequest, opts ...cnpay.Option) (*cnpay.Settlement[*QueryResponse], error) {
	return settle(ctx, s.client, preauthCancelOp(), req, opts)
}

func preauthCancelOp() operation {
	return operation{
		id: "preauth_cancel", path: backTrans, txnType: "32", txnSubTypes: "00", channelType: "07",
		judge: judgeAccepted, schedule: BackSchedule,
	}
}

// FrontPreauthRequest is a pre-authorisation on UnionPay's page.
type FrontPreauthRequest struct {
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
	// ChannelType is the page (渠道类型): 07 for a computer, 08 for a phone. Empty means 07.
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
	// DefaultPayType is the way of paying that is shown first (默认支付方式), 0001 for example.
	DefaultPayType string `json:"defaultPayType,omitempty" spec:"O N4"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// FrontFailURL is the same for payments that failed (失败交易前台跳转地址).
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

func (r *FrontPreauthRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		currencyCode: &r.CurrencyCode, order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *FrontPreauthRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		groups(needed{"cardTransData", r.CardTransData}, needed{"riskRateInfo", r.RiskRateInfo}),
	)
}

// Front makes the form of a pre-authorisation on UnionPay's page (网关支付 预授权, txnType 02, frontTransReq.do).
//
// It sends nothing: the [Form] goes to the payer's browser, which takes it to UnionPay. The browser comes back to
// FrontURL with a reduced notification, which is Pending, or never. Deliver on the notification to BackURL, which comes
// only when the payment succeeded, or on SettleFront. There is no way to close an order: an unpaid one ends at
// PayTimeout. Only after it, and known to be unpaid, may the payer try again, under a new orderId.
//
//cnpay:op front_preauth
func (s *PreauthService) Front(req *FrontPreauthRequest) (*Form, error) {
	return render(s.client, frontPreauthOp(), req)
}

// SettleFront asks, on [PayerSchedule], until it is known what became of a pre-authorisation on UnionPay's page. It
// needs the request as it was made, with the same TxnTime. A payment that has failed or was never begun may still be
// made until PayTimeout, so it is Failed only after that, and never when the request had none.
func (s *PreauthService) SettleFront(ctx context.Context, req *FrontPreauthRequest, opts ...cnpay.Option) (*cnpay.Settlement[*QueryResponse], error) {
	return settle(ctx, s.client, frontPreauthOp(), req, opts)
}

func frontPreauthOp() operation {
	return operation{
		id: "front_preauth", path: frontTrans, txnType: "02", txnSubTypes: "01|02|03", bizType: "000201",
		channelType: "07", schedule: PayerSchedule, payer: true,
	}
}

// AppPreauthRequest is a pre-authorisation in the merchant's own app.
type AppPreauthRequest struct {
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

func (r *AppPreauthRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		currencyCode: &r.CurrencyCode, order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *AppPreauthRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		groups(needed{"riskRateInfo", r.RiskRateInfo}),
	)
}

// AppPreauthResponse is the answer to the order of a pre-authorisation in an app.
type AppPreauthResponse struct {
	Response

	// TN is what the app hands to the UnionPay control to let the payer pay (银联受理订单号).
	TN string `json:"tn" spec:"C AN"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"C N1..12"`
}

// App orders a pre-authorisation in the merchant's own app, whose UnionPay control asks for the TN (手机控件支付 预授权,
// txnType 02, POST /gateway/api/appTransReq.do).
//
// No money moves: what the app does with the TN moves it, and only a notification or SettleApp says so.
//   - Succeeded: the TN is there.
//   - Failed: refused; there is no order.
//   - Unknown: nothing can have been paid without the TN. Make a new order under a new orderId.
//
//cnpay:op app_preauth
func (s *PreauthService) App(ctx context.Context, req *AppPreauthRequest, opts ...cnpay.Option) (*AppPreauthResponse, error) {
	return call[AppPreauthResponse](ctx, s.client, appPreauthOp(), req, opts)
}

// SettleApp asks, on [PayerSchedule], until it is known what became of a pre-authorisation in an app. It needs the
// request as it was made, with the same TxnTime. A payment that has failed or was never begun may still be made
// until PayTimeout, so it is Failed only after that, and never when the request had none.
func (s *PreauthService) SettleApp(ctx context.Context, req *AppPreauthRequest, opts ...cnpay.Option) (*cnpay.Settlement[*QueryResponse], error) {
	return settle(ctx, s.client, appPreauthOp(), req, opts)
}

func appPreauthOp() operation {
	return operation{
		id: "app_preauth", path: appTrans, gives: "tn", txnType: "02", txnSubTypes: "01", bizType: "000201",
		channelType: "08", judge: judgeCode, schedule: PayerSchedule, payer: true,
	}
}

// PreauthRequest is a pre-authorisation without UnionPay's page, with a token (BizType 000902) or a card number
// (000301).
type PreauthRequest struct {
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
	TokenPayData string `json:"tokenPayData,omitempty" spec:"C ANS"`
	// OrderDesc describes the order to the payer (订单描述).
	OrderDesc string `json:"orderDesc,omitempty" spec:"O ANS1..32"`
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
	// IssInsCode is the issuing bank (发卡机构代码), ABC for example, to whose page the payer goes at once.
	IssInsCode string `json:"issInsCode,omitempty" spec:"C AN"`
	// RiskRateInfo is for the risk control (风控信息域), a [Group] {commodityName=..}.
	RiskRateInfo string `json:"riskRateInfo,omitempty" spec:"C ANS"`
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

func (r *PreauthRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		currencyCode: &r.CurrencyCode, order: r.OrderID, reqReserved: r.ReqReserved,
		product: byCard(r.AccNo, r.TokenPayData),
	}
}

func (r *PreauthRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}, needed{"merCatCode", r.MerCatCode}, needed{"merName", r.MerName}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		groups(needed{"tokenPayData", r.TokenPayData}, needed{"cardTransData", r.CardTransData},
			needed{"riskRateInfo", r.RiskRateInfo}),
		either(needed{"tokenPayData", r.TokenPayData}, needed{"accNo", r.AccNo}),
	)
}

// PreauthResponse is the answer to a pre-authorisation.
type PreauthResponse struct {
	Response

	// QueryID is UnionPay's number of this transaction (查询流水号), by which later ones name it as origQryId.
	QueryID string `json:"queryId" spec:"C AN20..21"`
	// CurrencyCode is the currency (交易币种).
	CurrencyCode string `json:"currencyCode" spec:"C AN3"`
	// TN is what the app hands to the UnionPay control to let the payer pay (银联受理订单号).
	TN string `json:"tn" spec:"C AN"`
	// AccNo is the card (账号): masked, or encrypted for the merchant's key.
	AccNo string `json:"accNo" spec:"C ANS1..1024"`
	// PayType is the way of paying (支付方式).
	PayType string `json:"payType" spec:"C N4"`
	// PayCardType is the kind of card (支付卡类型): 01 debit, 02 credit, 03 semi-credit, 05 prepaid.
	PayCardType string `json:"payCardType" spec:"C N2"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"C N1..12"`
}

// Create holds money without UnionPay's page (无跳转支付 预授权, txnType 02, POST /gateway/api/backTransReq.do).
//
// It may be repeated with the same orderId and txnTime, and is done once: what had arrived before is answered with code
// 12, which is Unknown. That is the way out of queries that say 34; see Repeats in the package comment. Never repeat
// under a new orderId before the outcome of the old one is known.
//   - Pending: accepted (受理). A notification tells the end; SettleCreate asks for it.
//   - Failed: refused; nothing is held.
//   - Unknown: call SettleCreate. When it too ends Unknown, the notification or the reconciliation file decides.
//
//cnpay:op no_redirect_preauth
func (s *PreauthService) Create(ctx context.Context, req *PreauthRequest, opts ...cnpay.Option) (*PreauthResponse, error) {
	return call[PreauthResponse](ctx, s.client, preauthOp(), req, opts)
}

// SettleCreate asks, on [BackSchedule], until it is known what became of a pre-authorisation. It needs the request
// as it was sent, with the same TxnTime.
func (s *PreauthService) SettleCreate(ctx context.Context, req *PreauthRequest, opts ...cnpay.Option) (*cnpay.Settlement[*QueryResponse], error) {
	return settle(ctx, s.client, preauthOp(), req, opts)
}

func preauthOp() operation {
	return operation{
		id: "no_redirect_preauth", path: backTrans, txnType: "02", txnSubTypes: "01", bizType: "000902",
		channelType: "07", judge: judgeAccepted, schedule: BackSchedule,
	}
}

// PreauthCompleteRequest takes the money of a pre-authorisation.
type PreauthCompleteRequest struct {
	Envelope

	// BizType is the product (产品类型), the same as the pre-authorisation's. No default is right for all: 000201 on
	// UnionPay's page and in an app, 000301 by card number, 000902 by token.
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
	// OrderID is the order number of this completion (商户订单号), not of the pre-authorisation. See [NewOrderID].
	OrderID string `json:"orderId,omitempty" spec:"M AN8..40"`
	// TxnTime is the order time of this completion (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification]. UnionPay reaches no address with "~";
	// one on a private line begins with ZX|.
	BackURL string `json:"backUrl,omitempty" spec:"M ANS1..256"`
	// TxnAmt is the amount to take (交易金额), fen. How far it may exceed the amount held is between merchant and
	// acquirer.
	TxnAmt int64 `json:"txnAmt,omitempty" spec:"M N1..12"`
	// OrigQryID is the queryId of the pre-authorisation (原交易查询流水号).
	OrigQryID string `json:"origQryId,omitempty" spec:"M AN20..21"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// TermID is the terminal number (终端号).
	TermID string `json:"termId,omitempty" spec:"O ANS1..8"`
}

func (r *PreauthCompleteRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *PreauthCompleteRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}, needed{"merCatCode", r.MerCatCode}, needed{"merName", r.MerName}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
	)
}

// PreauthCompleteResponse is the answer to a completion.
type PreauthCompleteResponse struct {
	Response

	// QueryID is UnionPay's number of this transaction (查询流水号), by which later ones name it as origQryId.
	QueryID string `json:"queryId" spec:"C AN20..21"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"C N1..12"`
	// OrigQryID is the queryId of the original transaction (原交易查询流水号).
	OrigQryID string `json:"origQryId" spec:"C AN20..21"`
}

// Complete takes the money that a pre-authorisation holds (预授权完成, txnType 03, POST /gateway/api/backTransReq.do), once.
// It is given back by CancelCompletion on the same clearing day, by [PaymentsService.Refund] later.
//
// It may be repeated with the same orderId and txnTime, and is done once: what had arrived before is answered with code
// 12, which is Unknown. That is the way out of queries that say 34; see Repeats in the package comment. Never repeat
// under a new orderId before the outcome of the old one is known.
//   - Pending: accepted (受理). A notification tells the end; SettleComplete asks for it.
//   - Failed: refused; the pre-authorisation is as it was.
//   - Unknown: call SettleComplete. When it too ends Unknown, the notification or the reconciliation file decides.
//
//cnpay:op preauth_complete
func (s *PreauthService) Complete(ctx context.Context, req *PreauthCompleteRequest, opts ...cnpay.Option) (*PreauthCompleteResponse, error) {
	return call[PreauthCompleteResponse](ctx, s.client, preauthCompleteOp(), req, opts)
}

// SettleComplete asks, on [BackSchedule], until it is known what became of a completion. It needs the request as it was
// sent, with the same TxnTime.
func (s *PreauthService) SettleComplete(ctx context.Context, req *PreauthCompleteRequest, opts ...cnpay.Option) (*cnpay.Settlement[*QueryResponse], error) {
	return settle(ctx, s.client, preauthCompleteOp(), req, opts)
}

func preauthCompleteOp() operation {
	return operation{
		id: "preauth_complete", path: backTrans, txnType: "03", txnSubTypes: "00",
		channelType: "07", judge: judgeAccepted, schedule: BackSchedule,
	}
}

// PreauthCompleteCancelRequest gives the whole of a completion back on the same clearing day.
type PreauthCompleteCancelRequest struct {
	Envelope

	// BizType is the product (产品类型), the same as the pre-authorisation's. No default is right for all: 000201 on
	// UnionPay's page and in an app, 000301 by card number, 000902 by token.
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
	// OrderID is the order number of this cancellation (商户订单号), not of the completion. See [NewOrderID].
	OrderID string `json:"orderId,omitempty" spec:"M AN8..40"`
	// TxnTime is the order time of this cancellation (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification]. UnionPay reaches no address with "~";
	// one on a private line begins with ZX|.
	BackURL string `json:"backUrl,omitempty" spec:"M ANS1..256"`
	// TxnAmt is the whole amount of the completion (交易金额), fen.
	TxnAmt int64 `json:"txnAmt,omitempty" spec:"M N1..12"`
	// OrigQryID is the queryId of the completion (原交易查询流水号), not of the pre-authorisation.
	OrigQryID string `json:"origQryId,omitempty" spec:"M AN20..21"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// TermID is the terminal number (终端号).
	TermID string `json:"termId,omitempty" spec:"O ANS1..8"`
}

func (r *PreauthCompleteCancelRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *PreauthCompleteCancelRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}, needed{"merCatCode", r.MerCatCode}, needed{"merName", r.MerName}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
	)
}

// PreauthCompleteCancelResponse is the answer to the cancellation of a completion.
type PreauthCompleteCancelResponse struct {
	Response

	// QueryID is UnionPay's number of this transaction (查询流水号), by which later ones name it as origQryId.
	QueryID string `json:"queryId" spec:"C AN20..21"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"C N1..12"`
	// OrigQryID is the queryId of the original transaction (原交易查询流水号).
	OrigQryID string `json:"origQryId" spec:"C AN20..21"`
}

// CancelCompletion gives the whole of a completion back (预授权完成撤销, txnType 33, POST /gateway/api/backTransReq.do), on
// the clearing day of the completion only; later there is [PaymentsService.Refund].
//
// It may be repeated with the same orderId and txnTime, and is done once: what had arrived before is answered with code
// 12, which is Unknown. That is the way out of queries that say 34; see Repeats in the package comment. Never repeat
// under a new orderId before the outcome of the old one is known.
//   - Pending: accepted (受理). A notification tells the end; SettleCancelCompletion asks for it.
//   - Failed: refused; the completion stands.
//   - Unknown: call SettleCancelCompletion. When it too ends Unknown, the notification or the reconciliation file decides.
//
//cnpay:op preauth_complete_cancel
func (s *PreauthService) CancelCompletion(ctx context.Context, req *PreauthCompleteCancelRequest, opts ...cnpay.Option) (*PreauthCompleteCancelResponse, error) {
	return call[PreauthCompleteCancelResponse](ctx, s.client, preauthCompleteCancelOp(), req, opts)
}

// SettleCancelCompletion asks, on [BackSchedule], until it is known what became of the cancellation of a completion.
// It needs the request as it was sent, with the same TxnTime.
func (s *PreauthService) SettleCancelCompletion(ctx context.Context, req *PreauthCompleteCancelRequest, opts ...cnpay.Option) (*cnpay.Settlement[*QueryResponse], error) {
	return settle(ctx, s.client, preauthCompleteCancelOp(), req, opts)
}

func preauthCompleteCancelOp() operation {
	return operation{
		id: "preauth_complete_cancel", path: backTrans, txnType: "33", txnSubTypes: "00",
		channelType: "07", judge: judgeAccepted, schedule: BackSchedule,
	}
}
