package sign

import (
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

	"github.com/cnpay-go/cnpay/internal/credential"
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

// LoadIdentity reads a private key and its certificate from data, the content
// of a PEM or PKCS#12 file (.pfx, .p12), whichever it is; see [ParseCertificates] for the
// forms in which both may come. The password is the one of the PKCS#12 file; a
// key in PEM must not be encrypted. The error says what was found instead, and
// the command that turns it into what is wanted; which file or setting it was is
// for the caller to add.
func LoadIdentity(data []byte, password string) (*Identity, error) {
	blocks, err := unwrap(data)
	if err != nil {
		return nil, err
	}
	if first := blocks[0]; first.Type == "" || looksLikePFX(first.Bytes) { // certutil -encode writes PFX as PEM
		switch describe(first.Bytes) {
		case aKey:
			return nil, errNoCertificate
		case aCertificate, aPKCS7:
			return nil, errNoKey
		}
		return loadPFX(first.Bytes, password)
	}
	var key any
	var certificates []*x509.Certificate
	for _, block := range blocks {
		switch {
		case certificateBlock(block):
			found, err := certificatesIn(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("sign: certificate: %w", err)
			}
			certificates = append(certificates, found...)
		case !strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return nil, fmt.Errorf("sign: found %s, want a private key and its certificate", kind(block))
		case key != nil:
			return nil, errors.New("sign: found two private keys, want one")
		default:
			if key, err = parseKey(block); err != nil {
				return nil, err
			}
		}
	}
	switch {
	case key == nil:
		return nil, errNoKey
	case len(certificates) == 0:
		return nil, errNoCertificate
	}
	return newIdentity(key, certificates)
}

var (
	errNoKey = errors.New("sign: found a certificate without its private key; " +
		"a PKCS#12 file (.pfx) has both")
	errNoCertificate = errors.New("sign: found a private key without its certificate; put both into one file with " +
		"'openssl pkcs12 -export -inkey key.pem -in certificate.pem -out merchant.pfx', or in PEM one behind the other " +
		"with 'cat key.pem certificate.pem > merchant.pem' (a certificate in DER becomes PEM with 'openssl x509 -inform DER " +
		"-in certificate.cer -out certificate.pem')")
)

// LoadPFX reads the private key and the certificate from a PKCS#12 file in
// DER, or in Base64 of it. A wrong password is [pkcs12.ErrIncorrectPassword]
// under [errors.Is]; a line end or other invisible characters around it do no
// harm. The certificates of the issuers, which UnionPay's files hold too, are
// left out.
func LoadPFX(data []byte, password string) (*Identity, error) {
	blocks, err := unwrap(data)
	if err != nil {
		return nil, err
	}
	if first := blocks[0]; first.Type != "" && !looksLikePFX(first.Bytes) {
		return nil, fmt.Errorf("sign: found %s in PEM, want a PKCS#12 file; sign.LoadIdentity reads PEM", kind(first))
	}
	return loadPFX(blocks[0].Bytes, password)
}

func loadPFX(data []byte, password string) (*Identity, error) {
	key, first, rest, err := pkcs12.DecodeChain(data, password)
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		trimmed, found := credential.Optional("the password", password)
		if found != nil {
			return nil, fmt.Errorf("sign: PKCS#12: %w: %w", err, found)
		}
		if trimmed != password { // a line end, where the password was read from a file
			key, first, rest, err = pkcs12.DecodeChain(data, trimmed)
		}
	}
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
	return nil, fmt.Errorf("sign: found %s, want a PKCS#12 file", describe(data))
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

// parseKey goes by the content where the name of the block is another form's.
func parseKey(block *pem.Block) (any, error) {
	switch {
	case block.Type == "ENCRYPTED PRIVATE KEY", block.Headers["DEK-Info"] != "":
		return nil, fmt.Errorf("sign: found %s in PEM, want one that is not encrypted, or a PKCS#12 file", kind(block))
	case block.Type == "OPENSSH PRIVATE KEY":
		return nil, fmt.Errorf("sign: found %s", kind(block))
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	return nil, fmt.Errorf("sign: private key: %w", err)
}

// ParseCertificates reads the certificates in data: one or several in PEM, one
// in DER or in Base64 of it, or those of a PKCS#7 file (.p7b), whose order is
// the file's. Byte order marks, UTF-16, indented lines, line ends of any kind
// or as the two characters "\n", and blocks without a line end between them are
// all read; what is damaged is refused. The error says what was found where no
// certificate was; which file or setting it was is for the caller to add.
func ParseCertificates(data []byte) ([]*x509.Certificate, error) {
	blocks, err := unwrap(data)
	if err != nil {
		return nil, err
	}
	var certificates []*x509.Certificate
	for i, block := range blocks {
		if !certificateBlock(block) {
			return nil, fmt.Errorf("sign: found %s, want a certificate", kind(block))
		}
		found, err := certificatesIn(block.Bytes)
		switch what := describe(block.Bytes); {
		case err == nil:
			certificates = append(certificates, found...)
		case what != aCertificate && what != aPKCS7 && (block.Type == "" || what != anything):
			return nil, fmt.Errorf("sign: found %s, want a certificate", what)
		default:
			return nil, fmt.Errorf("sign: certificate %d of %d: %w", i+1, len(blocks), err)
		}
	}
	return certificates, nil
}

// certificateBlock reports whether the block's name is that of certificates, or of nothing.
func certificateBlock(block *pem.Block) bool {
	switch block.Type {
	case "", "CERTIFICATE", "X509 CERTIFICATE", "PKCS7", "PKCS #7 SIGNED DATA", "CMS":
		return true
	}
	return false
}

// certificatesIn reads a certificate or a PKCS#7 file, in DER. Programs write
// the second under the name of the first.
func certificatesIn(der []byte) ([]*x509.Certificate, error) {
	if signed, ok := pkcs7(der); ok {
		certificates, err := x509.ParseCertificates(signed)
		if err == nil && len(certificates) == 0 {
			err = errors.New("the PKCS#7 file has none, or is damaged")
		}
		return certificates, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return []*x509.Certificate{certificate}, nil
}

// pkcs7 returns the certificates, one behind the other, of a PKCS#7 file
// (RFC 2315, signed data). Who signed it is not looked at: it is a bag.
func pkcs7(der []byte) (certificates []byte, ok bool) {
	var file struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"explicit,tag:0"`
	}
	var signed struct {
		Version      int
		Digests      asn1.RawValue
		Content      asn1.RawValue
		Certificates asn1.RawValue `asn1:"optional,tag:0"`
		CRLs         asn1.RawValue `asn1:"optional,tag:1"`
		Signers      asn1.RawValue
	}
	if _, err := asn1.Unmarshal(der, &file); err != nil || !file.Type.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}) {
		return nil, false
	}
	if _, err := asn1.Unmarshal(file.Content.Bytes, &signed); err != nil {
		return nil, true
	}
	return signed.Certificates.Bytes, true
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

const (
	aKey         = "a private key"
	aCertificate = "a certificate"
	aPKCS7       = "a PKCS#7 file"
	aPublicKey   = "a public key (the certificate, which names its owner, is another file)"
	aRequest     = "a certificate request (the certificate is what the authority issued for it)"
	anything     = "neither PEM nor DER"
	anEncrypted  = "an encrypted PKCS#8 key (decrypt it with 'openssl pkey -in key.pem -out plain.pem')"
)

// kind names a block for an error; the content of a block is never printed.
func kind(block *pem.Block) string {
	switch t := block.Type; {
	case t == "":
		return describe(block.Bytes)
	case t == "ENCRYPTED PRIVATE KEY":
		return anEncrypted
	case block.Headers["DEK-Info"] != "":
		return "an encrypted private key (decrypt it with 'openssl pkey -in key.pem -out plain.pem')"
	case t == "OPENSSH PRIVATE KEY":
		return "an OpenSSH key (turn a copy of it into PEM with 'ssh-keygen -p -m PEM -f copy-of-key')"
	case strings.HasSuffix(t, "PRIVATE KEY"):
		return aKey
	case strings.HasSuffix(t, "PUBLIC KEY"):
		return aPublicKey
	case strings.HasSuffix(t, "CERTIFICATE REQUEST"):
		return aRequest
	case t == "TRUSTED CERTIFICATE":
		return "an OpenSSL trusted certificate (convert it with 'openssl x509 -in file.pem -out certificate.pem')"
	case strings.HasSuffix(t, "CRL"):
		return "a certificate revocation list"
	case certificateBlock(block):
		return aCertificate
	}
	return fmt.Sprintf("a PEM block %q", block.Type)
}

// describe names what a file that is no PEM seems to be, for an error.
func describe(data []byte) string {
	text := strings.TrimSpace(string(data))
	announced, sequence := lengthDER(data)
	switch {
	case parses(x509.ParsePKCS8PrivateKey, data), parses(x509.ParsePKCS1PrivateKey, data), parses(x509.ParseECPrivateKey, data):
		return aKey
	case parses(x509.ParsePKIXPublicKey, data), parses(x509.ParsePKCS1PublicKey, data):
		return aPublicKey
	case parses(x509.ParseCertificate, data):
		return aCertificate
	case parses(x509.ParseCertificateRequest, data):
		return aRequest
	case parses(x509.ParseRevocationList, data):
		return "a certificate revocation list"
	case looksLikePFX(data):
		return "a PKCS#12 file"
	case looksEncrypted(data):
		return strings.Replace(anEncrypted, "-in key.pem", "-inform DER -in key.der", 1)
	case isBER(data):
		return "a file in BER, want DER (of a .p7b 'openssl pkcs7 -inform DER -in file.p7b -print_certs -out certificates.pem' takes the certificates)"
	case strings.HasPrefix(text, "\xfe\xed\xfe\xed"), strings.HasPrefix(text, "\xce\xce\xce\xce"):
		return "a Java key store (convert it with 'keytool -importkeystore -srckeystore file.jks -destkeystore merchant.pfx -deststoretype PKCS12')"
	case strings.HasPrefix(text, "PuTTY-User-Key-File"):
		return "a PuTTY key (export it as OpenSSL PEM in PuTTYgen)"
	case strings.HasPrefix(text, "ssh-"), strings.HasPrefix(text, "---- BEGIN SSH2"):
		return "an OpenSSH public key"
	case strings.HasPrefix(text, "<"):
		return "a web page or XML"
	case strings.HasPrefix(text, "\xff\xfe"), strings.HasPrefix(text, "\xfe\xff"):
		return "a UTF-16 text"
	case strings.Contains(text, "BEGIN CERTIFICATE"), strings.Contains(text, " PRIVATE KEY"):
		return "PEM whose lines of dashes are damaged, want -----BEGIN ...----- and -----END ...----- with five each"
	}
	if _, ok := pkcs7(data); ok {
		return aPKCS7
	}
	if sequence && announced != int64(len(data)) {
		return fmt.Sprintf("a file like DER that announces %d bytes and has %d, as if cut off, joined or transferred as text", announced, len(data))
	}
	return anything
}

func parses[T any](parse func([]byte) (T, error), data []byte) bool {
	_, err := parse(data)
	return err == nil
}

// looksEncrypted reports whether data is an encrypted PKCS#8 key in DER.
func looksEncrypted(data []byte) bool {
	var key struct {
		Algorithm struct {
			ID         asn1.ObjectIdentifier
			Parameters asn1.RawValue `asn1:"optional"`
		}
		Content []byte
	}
	rest, err := asn1.Unmarshal(data, &key)
	return err == nil && len(rest) == 0
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
