package unionpay

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
)

// AppResult is what the UnionPay control hands to the merchant's app when the payer is done (手机控件支付结果), and the
// app to the merchant's back-end. It is a hint for the payer's eyes: deliver on a notification or a query.
//
//cnpay:notification app_pay_result
type AppResult struct {
	// Sign is UnionPay's signature of Data.
	Sign string `json:"sign" spec:"M ANS"`
	// Data is the result as it was signed.
	Data string `json:"data" spec:"M ANS"`

	PayResult string `json:"-"` // "success" or not
	TN        string `json:"-"` // of the order
	CertID    string `json:"-"` // of the certificate that Data was signed with, in decimal
}

// ParseAppResult reads and verifies the JSON that the control gave to the app. It is signed as messages of version
// 5.0.0 were, by a certificate that UnionPay gives to the merchant as a file, of which there may be several.
// The error is [cnpay.ErrMalformed] or [cnpay.ErrSignature].
func ParseAppResult(text []byte, certificates ...*x509.Certificate) (*AppResult, error) {
	r := &AppResult{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("unionpay: app result: %w: not JSON", cnpay.ErrMalformed)
	}
	pairs, err := parsePairs(r.Data)
	if err != nil {
		return nil, fmt.Errorf("unionpay: app result: %w", err)
	}
	r.PayResult, r.TN, r.CertID = fieldOf(pairs, "pay_result"), fieldOf(pairs, "tn"), fieldOf(pairs, "cert_id")
	for _, certificate := range certificates {
		if certificate == nil || certificate.SerialNumber == nil || certificate.SerialNumber.String() != r.CertID {
			continue
		}
		verifier, err := sign.NewRSAVerifier(certificate.PublicKey, crypto.SHA1)
		if err == nil {
			err = verifier.Verify([]byte(r.Data), strings.TrimSpace(r.Sign))
		}
		if err != nil {
			return nil, fmt.Errorf("unionpay: app result: %w: %w", cnpay.ErrSignature, err)
		}
		return r, nil
	}
	return nil, fmt.Errorf("unionpay: app result: %w: none of the %d certificates has the number %q", cnpay.ErrSignature, len(certificates), r.CertID)
}
