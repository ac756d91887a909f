package unionpay

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
)

// CertificatesService fetches UnionPay's certificates.
type CertificatesService struct{ client *Client }

// CertificateEncryptionRequest asks for UnionPay's current certificate for the encryption of sensitive fields.
type CertificateEncryptionRequest struct {
	envelope
	Sender
	Acquirer
	Platform
	Channel

	// BizType is the product (产品类型). Empty means 000000.
	BizType string `json:"bizType" spec:"M N6"`
	// OrderID is the order number of this query of a certificate (商户订单号). See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this query of a certificate (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// CertType is the kind of certificate (证书类型). Empty means 01, for the encryption of sensitive fields.
	CertType string `json:"certType" spec:"M N2"`
	// ReqReserved is the merchant's own text about this query of a certificate (请求方保留域), which answers and notifications
	// repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
}

func (*CertificateEncryptionRequest) operation() Operation {
	return Operation{
		ID: OpCertificateEncryption, Path: backTrans, TxnType: "95", TxnSubType: "00", BizType: "000000", ChannelType: "07",
		NoMoney: true, Repeatable: true, Requires: "encryptPubKeyCert", Judge: judgeCode,
	}
}

// CertificateEncryptionResponse is the answer with the certificate.
type CertificateEncryptionResponse struct {
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
func (s *CertificatesService) Encryption(ctx context.Context, req *CertificateEncryptionRequest, opts ...cnpay.Option) (*CertificateEncryptionResponse, error) {
	return do[CertificateEncryptionResponse](ctx, s.client, req, opts)
}

// Certificate returns the certificate of the answer, checked: with sign method 01 the merchant's own files of the two
// authorities must certify it, and in every case it must be in force and UnionPay's.
func (s *CertificatesService) Certificate(res *CertificateEncryptionResponse) (*x509.Certificate, error) {
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
	case s.client.trust != nil:
		err = s.client.trust.signing.Verify(certificate, now, encryptionOwner)
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
	request CertificateEncryptionRequest
	current atomic.Pointer[Encrypter]
}

// NewEncryptionKeeper returns a keeper that begins with the given certificate (acp_*_enc.cer). With nil there is none
// until the first Refresh. The request is what Refresh sends, each time with an order number and a time of
// its own: a merchant leaves it empty, an institution or a platform fills in what it must say of itself.
func (s *CertificatesService) NewEncryptionKeeper(certificate *x509.Certificate, request CertificateEncryptionRequest) (*EncryptionKeeper, error) {
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

// Refresh asks UnionPay for its certificate and changes over to it when it is another one; changed reports that.
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
