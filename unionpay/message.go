package unionpay

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
)

const version = "5.1.0"

// header is what the client writes on every request. A caller's value that differs from it is refused.
type header struct {
	// Version is the protocol's (版本号), 5.1.0.
	Version string `json:"version" spec:"M NS5"`
	// Encoding is the character set (编码方式), UTF-8 or GBK.
	Encoding string `json:"encoding" spec:"M ANS1..20"`
	// SignMethod is the sign method (签名方法): 01, 11 or 12.
	SignMethod string `json:"signMethod" spec:"M N2"`
	// CertID is the serial number of the merchant's certificate in decimal (证书ID); with sign method 01.
	CertID string `json:"certId" spec:"C N1..128"`
	// Signature is the signature (签名). The document says M; it is put in last, after the check.
	Signature string `json:"signature" spec:"C ANS1..1024"`
	// TxnType is the transaction type (交易类型).
	TxnType string `json:"txnType" spec:"M N2"`
}

// envelope is the header of the requests whose operation has one kind only. The others have a TxnSubType of their own.
type envelope struct {
	header

	// TxnSubType is the kind within the type (交易子类).
	TxnSubType string `json:"txnSubType" spec:"M N2"`
}

// oneKind marks the requests whose caller has no choice.
func (*envelope) oneKind() {}

// Sender says who sends a request. Where it is empty the client's own configuration says it.
type Sender struct {
	// AccessType is how the merchant is connected (接入类型): AccessMerchant, AccessAcquirer or AccessPlatform.
	AccessType string `json:"accessType" spec:"M 0|1|2"`
	// MerID is the merchant code (商户代码), one of the client's.
	MerID string `json:"merId" spec:"M AN15"`
}

// Acquirer is what an acquiring institution (收单机构) says of its merchant. Merchants that are connected directly leave
// it empty.
type Acquirer struct {
	// AcqInsCode is the acquiring institution (收单机构代码).
	AcqInsCode string `json:"acqInsCode" spec:"C[accessType=1] AN8..11"`
	// MerCatCode is the merchant's category (商户类别), an MCC.
	MerCatCode string `json:"merCatCode" spec:"C[accessType=1] N4"`
	// MerName is the merchant's name (商户名称).
	MerName string `json:"merName" spec:"C[accessType=1] ANS1..40"`
	// MerAbbr is the merchant's short name (商户简称), which is not insisted upon.
	MerAbbr string `json:"merAbbr" spec:"C ANS1..8"`
}

// Institution is the same for operations that want no more than the institution's code.
type Institution struct {
	// AcqInsCode is the acquiring institution (收单机构代码).
	AcqInsCode string `json:"acqInsCode" spec:"C[accessType=1] AN8..11"`
}

// QRSender is what operations with QR codes have besides Sender. Merchants that are connected directly leave it empty.
type QRSender struct {
	// BizType is the product (产品类型). Empty means 000000, that of all operations with codes.
	BizType string `json:"bizType" spec:"M N6"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode" spec:"C[accessType=1,!accInsCode] AN8..11"`
	// AccInsCode is the institution as the QR pages call it (接入机构代码), instead of AcqInsCode.
	AccInsCode string `json:"accInsCode" spec:"C AN8..11"`
}

// Platform is the merchant below a platform (平台商户). Merchants that are none leave it empty.
type Platform struct {
	// SubMerID is the merchant below the platform (二级商户代码).
	SubMerID string `json:"subMerId" spec:"C[accessType=2] AN5..15"`
	// SubMerName is its name (二级商户名称).
	SubMerName string `json:"subMerName" spec:"C[accessType=2] ANS1..40"`
	// SubMerAbbr is its short name (二级商户简称).
	SubMerAbbr string `json:"subMerAbbr" spec:"C[accessType=2] ANS1..16"`
}

// Channel is where a request comes from. Most callers leave it empty.
type Channel struct {
	// ChannelType is the channel (渠道类型): 05 voice, 07 internet, 08 mobile, 16 set-top box. Empty means 08 in an app
	// and with QR codes, else 07.
	ChannelType string `json:"channelType" spec:"M N2"`
	// Reserved is the reserved field (保留域), a [Group].
	Reserved string `json:"reserved" spec:"O ANS1..2048"`
}

// Terminal is Channel with a terminal. Most callers leave it empty.
type Terminal struct {
	// ChannelType is the channel (渠道类型): 05 voice, 07 internet, 08 mobile, 16 set-top box. Empty means 08 in an app
	// and with QR codes, else 07.
	ChannelType string `json:"channelType" spec:"M N2"`
	// TermID is the terminal number (终端号).
	TermID string `json:"termId" spec:"O ANS1..8"`
	// Reserved is the reserved field (保留域), a [Group].
	Reserved string `json:"reserved" spec:"O ANS1..2048"`
}

// TokenProduct is Channel with the product of tokens. Most callers leave it empty.
type TokenProduct struct {
	// BizType is the product (产品类型). Empty means 000902.
	BizType string `json:"bizType" spec:"M N6"`
	// ChannelType is the channel (渠道类型): 05 voice, 07 internet, 08 mobile, 16 set-top box. Empty means 08 in an app
	// and with QR codes, else 07.
	ChannelType string `json:"channelType" spec:"M N2"`
	// Reserved is the reserved field (保留域), a [Group].
	Reserved string `json:"reserved" spec:"O ANS1..2048"`
}

// Details are what a payment or a pre-authorisation may say of itself.
type Details struct {
	// CurrencyCode is the currency (交易币种). Empty means 156, CNY.
	CurrencyCode string `json:"currencyCode" spec:"M AN3"`
	// OrderDesc describes the order to the payer (订单描述).
	OrderDesc string `json:"orderDesc" spec:"O ANS1..32"`
	// IssInsCode is the issuing bank (发卡机构代码), ABC for example, to whose page the payer goes at once.
	IssInsCode string `json:"issInsCode" spec:"C AN"`
	// RiskRateInfo is for the risk control (风控信息域), a [Group] {commodityName=..}.
	RiskRateInfo string `json:"riskRateInfo" spec:"C GROUP"`
}

// Risk is what the risk control may want to know.
type Risk struct {
	// RiskRateInfo is for the risk control (风控信息域), a [Group] {commodityName=..}.
	RiskRateInfo string `json:"riskRateInfo" spec:"C GROUP"`
}

// Instalments make a purchase one in instalments (分期付款).
type Instalments struct {
	// TxnSubType is the kind (交易子类): 01, which empty means, or 03 for instalments.
	TxnSubType string `json:"txnSubType" spec:"M 01|03"`
	// InstalTransInfo says how many (分期付款信息域), a [Group] {numberOfInstallments=06}, with TxnSubType 03.
	InstalTransInfo string `json:"instalTransInfo" spec:"C GROUP"`
}

// Split splits the money between merchants. Most callers leave it empty.
type Split struct {
	// AccSplitData splits the amount between merchants (分账域), JSON in Base64.
	AccSplitData string `json:"accSplitData" spec:"C ANS1..512"`
}

// Control is for what UnionPay agrees with a merchant. Most callers leave it empty.
type Control struct {
	// CtrlRule are control bits (控制规则). With a 1 in the fifth place answers lack their certificate and cannot be
	// verified.
	CtrlRule string `json:"ctrlRule" spec:"O ANS"`
}

// Device is what is known of the payer's device and of a card that is present.
type Device struct {
	// CardTransData is the data of a card that is present (有卡交易信息域), a [Group], sorted.
	CardTransData string `json:"cardTransData" spec:"C GROUP secret"`
	// CustomerIP is the payer's IP address (持卡人IP).
	CustomerIP string `json:"customerIp" spec:"O ANS"`
	// UserMAC describes the payer's device (终端信息域).
	UserMAC string `json:"userMac" spec:"O ANS"`
}

// Card is the payer's card, where the merchant knows it.
type Card struct {
	// AccNo is the card number (账号): plain, or encrypted ([Encrypter.Encrypt]) together with EncryptCertID, which is
	// more than the letters and digits that the document gives it.
	AccNo string `json:"accNo" spec:"C ANS1..1024 pan"`
	// CustomerInfo proves the card holder (银行卡验证信息及身份信息); see [CustomerInfo].
	CustomerInfo string `json:"customerInfo" spec:"C ANS secret"`
	// AccType is the kind of card (账号类型): 01 bank card, 02 passbook, 03 IC card, 04 corporate account.
	AccType string `json:"accType" spec:"O N2"`
	// EncryptCertID is the serial number of UnionPay's certificate that a field was encrypted with (加密证书ID); see
	// [Encrypter.CertID].
	EncryptCertID string `json:"encryptCertId" spec:"C N"`
}

// CardKind is what may be said of a card number.
type CardKind struct {
	// AccType is the kind of card (账号类型): 01 bank card, 02 passbook, 03 IC card, 04 corporate account.
	AccType string `json:"accType" spec:"O N2"`
	// EncryptCertID is the serial number of UnionPay's certificate that a field was encrypted with (加密证书ID); see
	// [Encrypter.CertID].
	EncryptCertID string `json:"encryptCertId" spec:"C N"`
}

// Encryption says with what fields were encrypted.
type Encryption struct {
	// EncryptCertID is the serial number of UnionPay's certificate that a field was encrypted with (加密证书ID); see
	// [Encrypter.CertID].
	EncryptCertID string `json:"encryptCertId" spec:"C N"`
}

// byCard is the product of a payment without UnionPay's page by card number, and "" of one by token.
func byCard(accNo, tokenPayData string) string {
	if accNo != "" && tokenPayData == "" {
		return "000301"
	}
	return ""
}

// isGroup is the domain GROUP: it says what is wrong with a field that must be a [Group].
func isGroup(text string) string {
	switch _, err := ParseGroup(text); {
	case err != nil:
		return "must be of the form {name=value&name=value}"
	case strings.ContainsFunc(text, unicode.IsControl):
		return "must be text without control characters"
	}
	return ""
}

// needsEncryptCertID checks that encrypted fields say what they are encrypted with. Plain card numbers have at most 19
// digits, plain tracks 104 characters; of the card holder's data the PIN is always encrypted.
func needsEncryptCertID(pairs []sign.Pair) []cnpay.Fault {
	var of string
	if len(fieldOf(pairs, "accNo")) > 40 {
		of = "accNo"
	} else if text, err := base64.StdEncoding.DecodeString(fieldOf(pairs, "customerInfo")); err == nil &&
		(bytes.Contains(text, []byte("encryptedInfo=")) || bytes.Contains(text, []byte("pin="))) {
		of = "customerInfo"
	} else if card, err := ParseGroup(fieldOf(pairs, "cardTransData")); err == nil &&
		max(len(card.Get("track2Data")), len(card.Get("track3Data"))) > 104 {
		of = "track"
	}
	if of == "" || fieldOf(pairs, "encryptCertId") != "" {
		return nil
	}
	return []cnpay.Fault{{Field: "encryptCertId", Problem: "is required with an encrypted " + of}}
}

// Response is what every answer has. Error answers may lack all but RespCode and RespMsg; what is there repeats the
// request.
type Response struct {
	cnpay.Answer

	// Encoding is the character set (编码方式), case-insensitive.
	Encoding string `json:"encoding" spec:"R ANS1..20"`
	// Signature is UnionPay's signature (签名), already verified.
	Signature string `json:"signature" spec:"M ANS1..1024"`
	// BizType is the product (产品类型).
	BizType string `json:"bizType" spec:"R N6"`
	// AccessType is how the merchant is connected (接入类型).
	AccessType string `json:"accessType" spec:"R N1"`
	// AcqInsCode is the acquiring institution (收单机构代码).
	AcqInsCode string `json:"acqInsCode" spec:"C AN8..11"`
	// MerID is the merchant code (商户代码).
	MerID string `json:"merId" spec:"R AN15"`
	// OrderID is the merchant's order number (商户订单号).
	OrderID string `json:"orderId" spec:"R AN8..40"`
	// TxnTime is its order time (订单发送时间).
	TxnTime string `json:"txnTime" spec:"R YYYYMMDDhhmmss"`
	// Reserved is the reserved field (保留域), {k=v&k=v}.
	Reserved string `json:"reserved" spec:"O ANS1..2048"`
	// RespCode is the code of this answer (应答码).
	RespCode string `json:"respCode" spec:"M AN2"`
	// RespMsg is a human-readable message, followed by an inner code in brackets for UnionPay's support (应答信息).
	RespMsg string `json:"respMsg" spec:"M ANS1..256"`
	// SignMethod is the sign method (签名方法).
	SignMethod string `json:"signMethod" spec:"M N2"`
	// SignPubKeyCert is UnionPay's signing certificate in PEM (签名公钥证书); with sign method 01.
	SignPubKeyCert string `json:"signPubKeyCert" spec:"C AN1..2048"`
	// TxnType is the transaction type (交易类型).
	TxnType string `json:"txnType" spec:"R N2"`
	// TxnSubType is the kind within the type (交易子类).
	TxnSubType string `json:"txnSubType" spec:"R N2"`
	// ReqReserved is the merchant's own text (请求方保留域), as it was sent.
	ReqReserved string `json:"reqReserved" spec:"R ANS1..1024"`
	// Version is the protocol's (版本号).
	Version string `json:"version" spec:"R NS5"`
}

func (r *Response) base() *Response { return r }

// Accepted is what the answer to a payment has.
type Accepted struct {
	// QueryID is UnionPay's number of this transaction (查询流水号), by which later ones name it as origQryId.
	QueryID string `json:"queryId" spec:"C AN20..21"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"C N1..12"`
	// CurrencyCode is the currency (交易币种).
	CurrencyCode string `json:"currencyCode" spec:"C AN3"`
}

// AcceptedFollowUp is what the answer to an operation on an earlier transaction has.
type AcceptedFollowUp struct {
	// QueryID is UnionPay's number of this transaction (查询流水号), by which later ones name it as origQryId.
	QueryID string `json:"queryId" spec:"C AN20..21"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"C N1..12"`
	// OrigQryID is the queryId of the original transaction (原交易查询流水号).
	OrigQryID string `json:"origQryId" spec:"C AN20..21"`
}

// QRResponse is what every answer about QR codes has.
type QRResponse struct {
	Response

	// AccInsCode is the institution (接入机构代码).
	AccInsCode string `json:"accInsCode" spec:"C AN8..11"`
}

// ShownAccount is the card that an answer shows.
type ShownAccount struct {
	// AccNo is the card (账号): masked, or encrypted for the merchant's key.
	AccNo string `json:"accNo" spec:"C ANS1..1024 pan"`
}

// ShownCard is the card that an answer shows, with its kind and bank.
type ShownCard struct {
	ShownAccount

	// PayCardType is the kind of card (支付卡类型): 01 debit, 02 credit, 03 semi-credit, 05 prepaid.
	PayCardType string `json:"payCardType" spec:"C N2"`
	// IssInsCode is the issuing bank (发卡机构代码).
	IssInsCode string `json:"issInsCode" spec:"C AN"`
}

// PaidCard is the card that the answer to a payment without UnionPay's page shows.
type PaidCard struct {
	ShownAccount

	// TN is what the app hands to the UnionPay control to let the payer pay (银联受理订单号).
	TN string `json:"tn" spec:"C AN"`
	// PayType is the way of paying (支付方式).
	PayType string `json:"payType" spec:"C N4"`
	// PayCardType is the kind of card (支付卡类型): 01 debit, 02 credit, 03 semi-credit, 05 prepaid.
	PayCardType string `json:"payCardType" spec:"C N2"`
}

// OpenedCard is what is known of a card that is open for payments without UnionPay's page.
type OpenedCard struct {
	ShownCard

	// ActivateStatus says whether the card is open (开通状态): [CardActivated] or [CardNotActivated].
	ActivateStatus string `json:"activateStatus" spec:"C N"`
	// TokenPayData is the token (标记化支付信息域), a [Group] with token, trId, tokenType, tokenBegin, tokenEnd, tokenLevel.
	TokenPayData string `json:"tokenPayData" spec:"C ANS secret"`
	// CustomerInfo is about the card holder (银行卡验证信息及身份信息); see [ParseCustomerInfo].
	CustomerInfo string `json:"customerInfo" spec:"C ANS secret"`
	// TemporaryPayInfo is about small temporary payments (小额临时支付信息域).
	TemporaryPayInfo string `json:"temporaryPayInfo" spec:"C ANS"`
}
