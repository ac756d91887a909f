package unionpay

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
)

const version = "5.1.0"

// Envelope is what the client writes on every request. Leave it empty, but for the TxnSubType of operations that know
// several: a value that differs from the client's own is refused before anything is sent.
type Envelope struct {
	// Version is the protocol's (版本号), 5.1.0.
	Version string `json:"version,omitempty" spec:"M NS5"`
	// Encoding is the character set (编码方式), UTF-8 or GBK.
	Encoding string `json:"encoding,omitempty" spec:"M ANS1..20"`
	// SignMethod is the sign method (签名方法): 01, 11 or 12.
	SignMethod string `json:"signMethod,omitempty" spec:"M N2"`
	// CertID is the serial number of the merchant's certificate in decimal (证书ID); with sign method 01.
	CertID string `json:"certId,omitempty" spec:"C N1..128"`
	// Signature is the signature (签名). The document says M; it is put in last, after the check.
	Signature string `json:"signature,omitempty" spec:"C ANS1..1024"`
	// TxnType is the transaction type (交易类型).
	TxnType string `json:"txnType,omitempty" spec:"M N2"`
	// TxnSubType is the kind within the type (交易子类). Where an operation knows several, its request says which
	// and the client's own is the first.
	TxnSubType string `json:"txnSubType,omitempty" spec:"M N2"`
}

func (e *Envelope) envelope() *Envelope { return e }

// message is a request.
type message interface {
	envelope() *Envelope
	parts() parts
	conditions() []cnpay.Fault // of the conditional fields
}

// parts are the fields of a request that the client completes where they are empty, nil where it has no such field;
// and what else it has to know of a request of any type.
type parts struct {
	merID, accessType, bizType, channelType, currencyCode *string
	kind                                                  filling // what only this request has
	product                                               string  // the bizType, where it is not the operation's usual
	order, reqReserved                                    string
}

// byCard is the product of a payment without UnionPay's page by card number, and "" of one by token.
func byCard(accNo, tokenPayData string) string {
	if accNo != "" && tokenPayData == "" {
		return "000301"
	}
	return ""
}

// filling is a field and what it holds where the caller says nothing.
type filling struct {
	value *string
	with  string
}

// complete fills in what the configuration and the operation know, and returns what the caller should have left empty.
func (c *Client) complete(m message, p parts, op operation) []cnpay.Fault {
	var faults []cnpay.Fault
	e := m.envelope()
	fill := func(name string, value *string, allowed ...string) {
		if *value == "" {
			*value = allowed[0]
		} else if !slices.Contains(allowed, *value) {
			faults = append(faults, cnpay.Fault{Field: name, Problem: "must be left empty or be " + strings.Join(allowed, " or ")})
		}
	}
	if strings.EqualFold(e.Encoding, string(c.encoding)) {
		e.Encoding = ""
	}
	fill("version", &e.Version, version)
	fill("encoding", &e.Encoding, string(c.encoding))
	fill("signMethod", &e.SignMethod, string(c.signMethod))
	fill("certId", &e.CertID, c.certID)
	fill("signature", &e.Signature, "")
	fill("txnType", &e.TxnType, op.txnType)
	fill("txnSubType", &e.TxnSubType, strings.Split(op.txnSubTypes, "|")...)
	if p.merID != nil && *p.merID != "" && !slices.Contains(c.merIDs, *p.merID) {
		faults = append(faults, cnpay.Fault{Field: "merId", Problem: "is none of the client's merchants"})
	}
	for _, f := range [...]filling{
		{p.merID, c.merIDs[0]}, {p.accessType, c.accessType}, {p.bizType, orElse(p.product, op.bizType)}, {p.channelType, op.channelType},
		{p.currencyCode, "156"}, p.kind,
	} {
		if f.value != nil && *f.value == "" {
			*f.value = f.with
		}
	}
	return faults
}

// needed is a conditional field and what it holds.
type needed struct{ name, value string }

func lacking(condition string, fields []needed) []cnpay.Fault {
	var faults []cnpay.Fault
	for _, f := range fields {
		if f.value == "" {
			faults = append(faults, cnpay.Fault{Field: f.name, Problem: "is required " + condition})
		}
	}
	return faults
}

// forAcquirer checks the fields that a request through an acquiring institution must have.
func forAcquirer(accessType string, fields ...needed) []cnpay.Fault {
	if accessType != AccessAcquirer {
		return nil
	}
	return lacking("with accessType 1", fields)
}

// forPlatform checks the fields that a request of a platform must have.
func forPlatform(accessType string, subMerID, subMerName, subMerAbbr string) []cnpay.Fault {
	if accessType != AccessPlatform {
		return nil
	}
	return lacking("with accessType 2", []needed{{"subMerId", subMerID}, {"subMerName", subMerName}, {"subMerAbbr", subMerAbbr}})
}

// either checks that one of two fields is there.
func either(a, b needed) []cnpay.Fault {
	if a.value == "" && b.value == "" {
		return []cnpay.Fault{{Field: a.name, Problem: "or " + b.name + " is required"}}
	}
	return nil
}

// groups checks fields of the form {name=value&name=value}.
func groups(fields ...needed) []cnpay.Fault {
	var faults []cnpay.Fault
	for _, f := range fields {
		faults = append(faults, checkGroup(f.name, f.value)...)
	}
	return faults
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
	if of == "" {
		return nil
	}
	return lacking("with an encrypted "+of, []needed{{"encryptCertId", fieldOf(pairs, "encryptCertId")}})
}

// Response is what every answer has. Error answers may lack all but RespCode and RespMsg; what is there repeats the
// request.
type Response struct {
	cnpay.Answer

	// Encoding is the character set (编码方式), in any case of letters.
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
	// RespMsg is text for people, followed by an inner code in brackets for UnionPay's support (应答信息).
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

// response is a pointer to an answer's struct.
type response interface{ base() *Response }
