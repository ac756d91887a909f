package sign

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// A Chain is the two certificates above a provider's signing certificate:
// the root (根证书) and the one between (中级证书). It checks by hand what
// crypto/x509 refuses to: the links of the China Financial Certification
// Authority (CFCA) in use are signed with SHA-1, and its end certificates
// carry no extended key usage that fits.
type Chain struct {
	root, middle *x509.Certificate
}

// NewChain returns the chain of a self-signed root and the authority it
// issued. Both must be RSA certificate authorities; their links are checked
// here, their dates at every use. Whether the root deserves trust is for the
// caller to know, by its [Fingerprint].
func NewChain(root, middle *x509.Certificate) (*Chain, error) {
	switch {
	case root == nil:
		return nil, fmt.Errorf("%w: no root certificate", ErrCertificate)
	case middle == nil:
		return nil, fmt.Errorf("%w: no middle certificate", ErrCertificate)
	case root.Equal(middle):
		return nil, fmt.Errorf("%w: root and middle certificate are the same", ErrCertificate)
	}
	if err := checkIssued(root, root); err != nil {
		return nil, fmt.Errorf("%w: root certificate: %w", ErrCertificate, err)
	}
	if err := checkAuthority(middle); err != nil {
		return nil, fmt.Errorf("%w: middle certificate: %w", ErrCertificate, err)
	}
	if err := checkIssued(middle, root); err != nil {
		return nil, fmt.Errorf("%w: middle certificate: %w", ErrCertificate, err)
	}
	return &Chain{root, middle}, nil
}

// Verify checks that leaf is a valid end certificate at the time now, issued
// by the chain to an owner that the caller accepts: owner is asked with the
// common name (CN) of its subject. There is no revocation check, the provider
// offering none.
func (c *Chain) Verify(leaf *x509.Certificate, now time.Time, owner func(cn string) bool) error {
	switch {
	case c == nil || c.root == nil:
		return errNoChain
	case leaf == nil:
		return fmt.Errorf("%w: no certificate", ErrCertificate)
	case owner == nil:
		return fmt.Errorf("%w: no rule for the owner", ErrCertificate)
	case leaf.IsCA:
		return fmt.Errorf("%w: it is a certificate authority's own", ErrCertificate)
	case len(leaf.UnhandledCriticalExtensions) > 0:
		return fmt.Errorf("%w: critical extension %v is not understood", ErrCertificate, leaf.UnhandledCriticalExtensions[0])
	}
	if err := c.checkDates(leaf, now); err != nil {
		return err
	}
	if err := checkIssued(leaf, c.middle); err != nil {
		return fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	if _, err := rsaKey(leaf.PublicKey, minRSABits); err != nil {
		return fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	cn, err := commonName(leaf)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	if !owner(cn) {
		return fmt.Errorf("%w: owner %q is not accepted", ErrCertificate, cn)
	}
	return nil
}

// checkDates checks the validity of the leaf and of the two above it.
func (c *Chain) checkDates(leaf *x509.Certificate, now time.Time) error {
	for i, certificate := range [...]*x509.Certificate{leaf, c.middle, c.root} {
		name := [...]string{"it", "its issuer", "its root"}[i]
		if now.Before(certificate.NotBefore) {
			return fmt.Errorf("%w: %s is not valid before %s", ErrCertificate, name, certificate.NotBefore.Format(time.RFC3339))
		}
		if now.After(certificate.NotAfter) {
			return fmt.Errorf("%w: %s expired on %s", ErrCertificate, name, certificate.NotAfter.Format(time.RFC3339))
		}
	}
	return nil
}

// checkIssued checks that issuer may sign certificates and signed this one.
func checkIssued(certificate, issuer *x509.Certificate) error {
	if err := checkAuthority(issuer); err != nil {
		return fmt.Errorf("issuer: %w", err)
	}
	if !bytes.Equal(certificate.RawIssuer, issuer.RawSubject) {
		return fmt.Errorf("issued by %q, not by %q", certificate.Issuer, issuer.Subject)
	}
	key, err := rsaKey(issuer.PublicKey, minRSABits)
	if err != nil {
		return fmt.Errorf("issuer: %w", err)
	}
	var hash crypto.Hash
	switch certificate.SignatureAlgorithm {
	case x509.SHA1WithRSA:
		hash = crypto.SHA1
	case x509.SHA256WithRSA:
		hash = crypto.SHA256
	default:
		return fmt.Errorf("signed with %v, want SHA-1 or SHA-256 with RSA", certificate.SignatureAlgorithm)
	}
	var digest digest
	if err := rsa.VerifyPKCS1v15(key, hash, digest.of(hash, certificate.RawTBSCertificate), certificate.Signature); err != nil {
		return fmt.Errorf("signature of the issuer: %w", err)
	}
	return nil
}

func checkAuthority(certificate *x509.Certificate) error {
	if !certificate.BasicConstraintsValid || !certificate.IsCA {
		return errors.New("not a certificate authority")
	}
	if certificate.KeyUsage != 0 && certificate.KeyUsage&x509.KeyUsageCertSign == 0 {
		return errors.New("may not sign certificates")
	}
	return nil
}

// commonName returns the one common name of the subject. Of several,
// crypto/x509 would take the last and another program the first.
func commonName(certificate *x509.Certificate) (string, error) {
	count := 0
	for _, attribute := range certificate.Subject.Names {
		if attribute.Type.String() == "2.5.4.3" {
			count++
		}
	}
	if count != 1 || certificate.Subject.CommonName == "" {
		return "", fmt.Errorf("%d common names (CN) in the subject, want one", count)
	}
	return certificate.Subject.CommonName, nil
}
