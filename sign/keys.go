package sign

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"software.sslmate.com/src/go-pkcs12"
)

// An Identity is a merchant's private key with the certificate (商户私钥证书)
// that belongs to it.
type Identity struct {
	Key         crypto.Signer `json:"-"` // encoding/json would print an *rsa.PrivateKey
	Certificate *x509.Certificate
}

// CertID returns the certificate's serial number in decimal, by which
// UnionPay names it (certId), or "" without a certificate.
func (id *Identity) CertID() string {
	if id == nil || id.Certificate == nil || id.Certificate.SerialNumber == nil {
		return ""
	}
	return id.Certificate.SerialNumber.String()
}

// LoadIdentity reads a private key and its certificate from PEM or from a
// PKCS#12 file (.pfx, .p12), whichever data is. The password is the one of
// the PKCS#12 file; a key in PEM must not be encrypted.
func LoadIdentity(data []byte, password string) (*Identity, error) {
	if !isPEM(data) {
		return LoadPFX(data, password)
	}
	blocks, err := pemBlocks(data)
	if err != nil {
		return nil, err
	}
	var key any
	var certificates []*x509.Certificate
	for _, block := range blocks {
		switch {
		case block.Type == "CERTIFICATE":
			certificate, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("sign: certificate: %w", err)
			}
			certificates = append(certificates, certificate)
		case !strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return nil, fmt.Errorf("sign: found %s, want a private key and its certificate", kind(block.Type))
		case key != nil:
			return nil, errors.New("sign: found two private keys, want one")
		default:
			if key, err = parseKey(block); err != nil {
				return nil, err
			}
		}
	}
	if key == nil {
		return nil, errors.New("sign: found a certificate without its private key")
	}
	return newIdentity(key, certificates)
}

// LoadPFX reads the private key and the certificate from a PKCS#12 file in
// DER. A wrong password is [pkcs12.ErrIncorrectPassword] under [errors.Is].
// The certificates of the issuers, which UnionPay's files hold too, are left out.
func LoadPFX(data []byte, password string) (*Identity, error) {
	if len(data) == 0 {
		return nil, errors.New("sign: the PKCS#12 file is empty")
	}
	key, first, rest, err := pkcs12.DecodeChain(data, password)
	switch {
	case err == nil:
		return newIdentity(key, append([]*x509.Certificate{first}, rest...))
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return nil, fmt.Errorf("sign: PKCS#12: %w", err)
	case isBER(data):
		return nil, fmt.Errorf("sign: PKCS#12 in BER, want DER; convert it with "+
			"'openssl pkcs12 -in merchant.pfx -nodes -legacy -out key.pem && "+
			"openssl pkcs12 -export -in key.pem -out merchant-der.pfx': %w", err)
	case looksLikePFX(data):
		return nil, fmt.Errorf("sign: PKCS#12: %w", err)
	}
	return nil, fmt.Errorf("sign: found %s, want a PKCS#12 file: %w", describe(data), err)
}

// newIdentity picks the certificate that belongs to the key, wherever in the
// file it stands.
func newIdentity(key any, certificates []*x509.Certificate) (*Identity, error) {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("sign: found a private key of type %T, which cannot sign", key)
	}
	public, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return nil, fmt.Errorf("sign: found a public key of type %T, which cannot be compared", signer.Public())
	}
	for _, certificate := range certificates {
		if public.Equal(certificate.PublicKey) {
			return &Identity{Key: signer, Certificate: certificate}, nil
		}
	}
	return nil, fmt.Errorf("sign: none of the %d certificates belongs to the private key", len(certificates))
}

func parseKey(block *pem.Block) (key any, err error) {
	switch {
	case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
		return nil, errors.New("sign: found an encrypted private key in PEM; " +
			"decrypt it with 'openssl pkey -in key.pem -out plain.pem' or use a PKCS#12 file")
	case block.Type == "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case block.Type == "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, fmt.Errorf("sign: private key: %w", err)
	}
	return key, nil
}

// ParseCertificates reads the certificates in data: one or several in PEM, in
// either style of line ends, or one in DER. The error says what was found
// where no certificate was.
func ParseCertificates(data []byte) ([]*x509.Certificate, error) {
	if !isPEM(data) {
		certificate, err := x509.ParseCertificate(data)
		if err != nil {
			return nil, fmt.Errorf("sign: found %s, want a certificate: %w", describe(data), err)
		}
		return []*x509.Certificate{certificate}, nil
	}
	blocks, err := pemBlocks(data)
	if err != nil {
		return nil, err
	}
	certificates := make([]*x509.Certificate, len(blocks))
	for i, block := range blocks {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("sign: found %s, want a certificate", kind(block.Type))
		}
		if certificates[i], err = x509.ParseCertificate(block.Bytes); err != nil {
			return nil, fmt.Errorf("sign: certificate %d of %d: %w", i+1, len(blocks), err)
		}
	}
	return certificates, nil
}

// Fingerprint returns the SHA-256 fingerprint (指纹) of a certificate in
// lower-case hexadecimal, or "" without one.
func Fingerprint(certificate *x509.Certificate) string {
	if certificate == nil {
		return ""
	}
	sum := sha256.Sum256(certificate.Raw)
	return hex.EncodeToString(sum[:])
}

const pemBegin = "-----BEGIN "

func isPEM(data []byte) bool { return bytes.Contains(data, []byte(pemBegin)) }

// pemBlocks returns all blocks of data. Text between them is passed over, as
// openssl writes some; a broken block, which pem.Decode passes over as well,
// is an error.
func pemBlocks(data []byte) ([]*pem.Block, error) {
	announced := bytes.Count(data, []byte(pemBegin))
	var blocks []*pem.Block
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		blocks = append(blocks, block)
	}
	if len(blocks) != announced {
		return nil, fmt.Errorf("sign: %d of %d PEM blocks are damaged", announced-len(blocks), announced)
	}
	return blocks, nil
}

// kind names a PEM block for an error; the text of a block is never printed.
func kind(pemType string) string {
	switch {
	case strings.HasSuffix(pemType, "PRIVATE KEY"):
		return "a private key"
	case strings.HasSuffix(pemType, "PUBLIC KEY"):
		return "a public key"
	}
	return fmt.Sprintf("a PEM block %q", pemType)
}

// describe names what binary data seems to be, for an error.
func describe(data []byte) string {
	if len(bytes.TrimSpace(data)) == 0 {
		return "nothing"
	}
	if _, err := x509.ParsePKCS8PrivateKey(data); err == nil {
		return "a private key"
	}
	if _, err := x509.ParsePKCS1PrivateKey(data); err == nil {
		return "a private key"
	}
	if _, err := x509.ParsePKIXPublicKey(data); err == nil {
		return "a public key"
	}
	if _, err := x509.ParseCertificate(data); err == nil {
		return "a certificate"
	}
	if looksLikePFX(data) {
		return "a PKCS#12 file"
	}
	return "neither PEM nor DER"
}

// looksLikePFX reports whether data is a DER sequence that starts with the
// version of PKCS#12.
func looksLikePFX(data []byte) bool {
	var pfx struct {
		Version  int
		AuthSafe asn1.RawValue
		MacData  asn1.RawValue `asn1:"optional"`
	}
	rest, err := asn1.Unmarshal(data, &pfx)
	return err == nil && len(rest) == 0 && pfx.Version == 3
}

// isBER reports whether data opens with a sequence of indefinite length,
// which BER knows and DER does not.
func isBER(data []byte) bool {
	return len(data) > 1 && data[0] == 0x30 && data[1] == 0x80
}
