package unionpay

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
)

// CertificatesService fetches UnionPay's certificates.
type CertificatesService struct{ client *Client }

// EncryptionCertificateRequest asks for UnionPay's current certificate for the encryption of sensitive fields.
type EncryptionCertificateRequest struct {
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
	// CertType is the kind of certificate (证书类型). Empty means 01, for the encryption of sensitive fields.
	CertType string `json:"certType,omitempty" spec:"M N2"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
}

func (r *EncryptionCertificateRequest) parts() parts {
	return parts{
		kind: filling{&r.CertType, "01"}, merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType,
		channelType: &r.ChannelType, order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *EncryptionCertificateRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}, needed{"merCatCode", r.MerCatCode}, needed{"merName", r.MerName}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
	)
}

// EncryptionCertificateResponse is the answer with the certificate.
type EncryptionCertificateResponse struct {
	Response

	// EncryptPubKeyCert is the certificate in PEM (加密公钥证书).
	EncryptPubKeyCert string `json:"encryptPubKeyCert" spec:"C AN"`
	// CertType is the kind of certificate (证书类型).
	CertType string `json:"certType" spec:"C N2"`
}

// Encryption asks for UnionPay's current encryption certificate (银联加密公钥更新查询, txnType 95, POST
// /gateway/api/backTransReq.do). It may be repeated; UnionPay advises once a day. [EncryptionKeeper] does it.
//   - Succeeded: the certificate is there; [CertificatesService.Certificate] checks it.
//   - Failed, Unknown: keep the one in use, and ask again.
//
//cnpay:op encrypt_cert_update
func (s *CertificatesService) Encryption(ctx context.Context, req *EncryptionCertificateRequest, opts ...cnpay.Option) (*EncryptionCertificateResponse, error) {
	return call[EncryptionCertificateResponse](ctx, s.client, encryptionCertificateOp(), req, opts)
}

func encryptionCertificateOp() operation {
	return operation{
		id: "encrypt_cert_update", path: backTrans, gives: "encryptPubKeyCert", txnType: "95", txnSubTypes: "00", bizType: "000000",
		channelType: "07", repeatable: true, judge: judgeCode,
	}
}

// Certificate returns the certificate of the answer, checked: with sign method 01 the merchant's own files of the two
// authorities must vouch for it, and in every case it must be in force and UnionPay's.
func (s *CertificatesService) Certificate(res *EncryptionCertificateResponse) (*x509.Certificate, error) {
	if res == nil || res.Outcome != cnpay.Succeeded {
		return nil, errors.New("unionpay: encryption certificate: not a successful answer")
	}
	found, err := sign.ParseCertificates([]byte(res.EncryptPubKeyCert))
	switch {
	case err != nil:
		return nil, fmt.Errorf("unionpay: encryption certificate: %w", err)
	case len(found) != 1:
		return nil, fmt.Errorf("unionpay: encryption certificate: %d certificates, want one", len(found))
	}
	certificate := found[0]
	now := s.client.now()
	switch {
	case s.client.chain != nil:
		err = s.client.chain.Verify(certificate, now, encryptionOwner)
	case !encryptionOwner(certificate.Subject.CommonName):
		err = errors.New("the owner is not UnionPay")
	case now.Before(certificate.NotBefore) || now.After(certificate.NotAfter):
		err = errors.New("it is not in force today")
	}
	if err != nil {
		return nil, fmt.Errorf("unionpay: encryption certificate: %w", err)
	}
	return certificate, nil
}

// encryptionOwner is the rule for the common name (CN) of encryption certificates, which have UnionPay's older name in
// production too.
func encryptionOwner(cn string) bool {
	parts := strings.Split(cn, "@")
	return len(parts) > 2 && (parts[2] == "00040000:SIGN" || parts[2] == "中国银联股份有限公司")
}

// An EncryptionKeeper keeps the encryption certificate up to date. Requests take [EncryptionKeeper.Current] and use
// it for all their fields and for encryptCertId; a program calls Refresh once a day. UnionPay reads the old
// certificate and the new one for a month, so a request that was begun with the old one is as good. It is safe for
// concurrent use.
type EncryptionKeeper struct {
	client  *Client
	request EncryptionCertificateRequest
	current atomic.Pointer[Encrypter]
}

// NewEncryptionKeeper returns a keeper that begins with the given certificate (acp_*_enc.cer). With nil there is none
// until the first Refresh. The request is what Refresh sends, each time with an order number and a time of
// its own: a merchant leaves it empty, an institution or a platform fills in what it must say of itself.
func (s *CertificatesService) NewEncryptionKeeper(certificate *x509.Certificate, request EncryptionCertificateRequest) (*EncryptionKeeper, error) {
	k := &EncryptionKeeper{client: s.client, request: request}
	if certificate == nil {
		return k, nil
	}
	e, err := NewEncrypter(certificate, s.client.encoding)
	if err != nil {
		return nil, err
	}
	k.current.Store(e)
	s.client.encryption.Store(certificate)
	return k, nil
}

// Current returns the encrypter in use, nil without one.
func (k *EncryptionKeeper) Current() *Encrypter { return k.current.Load() }

// Refresh asks UnionPay for its certificate and changes over to it when it is another one, which changed reports.
// After an error the one in use stays.
func (k *EncryptionKeeper) Refresh(ctx context.Context, opts ...cnpay.Option) (changed bool, err error) {
	req := k.request
	req.OrderID, req.TxnTime = NewOrderID(), TxnTime(k.client.now())
	res, err := k.client.Certificates.Encryption(ctx, &req, opts...)
	if err != nil {
		return false, err
	}
	certificate, err := k.client.Certificates.Certificate(res)
	if err != nil {
		return false, err
	}
	e, err := NewEncrypter(certificate, k.client.encoding)
	if err != nil {
		return false, err
	}
	k.client.encryption.Store(certificate)
	k.client.warnOfEnd("encryptPubKeyCert", certificate)
	if old := k.current.Load(); old != nil && old.CertID() == e.CertID() {
		return false, nil
	}
	k.current.Store(e)
	return true, nil
}
