package unionpay

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
)

// ErrDecrypt is the error of every decryption that fails, whatever failed: telling a wrong padding from a wrong length
// to the sender of a ciphertext would help to read those of others.
var ErrDecrypt = errors.New("unionpay: cannot be decrypted")

// An Encrypter encrypts the sensitive fields (敏感信息加密) of requests for UnionPay: accNo, customerInfo, PIN, tracks.
// Its CertID goes into the field encryptCertId of the same request. It never changes, so a request that was begun with
// one is finished with the same one while UnionPay's next certificate already has its own; UnionPay reads both for a
// month. It is safe for concurrent use.
type Encrypter struct {
	key      *rsa.PublicKey
	certID   string
	encoding Encoding
}

// NewEncrypter returns an Encrypter to UnionPay's encryption certificate (敏感信息加密证书, acp_*_enc.cer or the answer of
// the certificate query). The encoding is the requests'; empty means UTF8. Whether the certificate is UnionPay's is for
// the caller to know.
func NewEncrypter(certificate *x509.Certificate, encoding Encoding) (*Encrypter, error) {
	if certificate == nil {
		return nil, errNoCertificate
	}
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("unionpay: the encryption certificate has a key of type %v, want RSA", certificate.PublicKeyAlgorithm)
	}
	encoding, err := encoding.known()
	if err != nil {
		return nil, err
	}
	return &Encrypter{key, certificate.SerialNumber.String(), encoding}, nil
}

// CertID returns the certificate's serial number in decimal, for the field encryptCertId.
func (e *Encrypter) CertID() string {
	if e == nil {
		return ""
	}
	return e.certID
}

// errNoCertificate is the error of a nil Encrypter, such as one that was not fetched yet.
var errNoCertificate = errors.New("unionpay: no encryption certificate")

// Encrypt returns the text, for instance a card number, as the encrypted value of a field: RSA of its bytes in the
// requests' encoding, in Base64. With a key of 2048 bits the bytes are at most 245. Two calls never return the same.
func (e *Encrypter) Encrypt(text string) (string, error) {
	if e == nil {
		return "", errNoCertificate
	}
	if text == "" {
		return "", fmt.Errorf("%w: nothing to encrypt", cnpay.ErrInvalidRequest)
	}
	plain, err := e.encoding.bytes(text)
	if err != nil {
		return "", fmt.Errorf("%w: %w", cnpay.ErrInvalidRequest, err)
	}
	return e.encrypt(plain)
}

func (e *Encrypter) encrypt(plain []byte) (string, error) {
	const padding = 11
	if most := e.key.Size() - padding; len(plain) > most {
		return "", fmt.Errorf("%w: %d bytes to encrypt, the key takes at most %d", cnpay.ErrInvalidRequest, len(plain), most)
	}
	secret, err := encryptPKCS1v15(e.key, plain)
	if err != nil {
		return "", fmt.Errorf("unionpay: encrypt: %w", err)
	}
	return base64.StdEncoding.EncodeToString(secret), nil
}

// encryptPKCS1v15 is the only place that encrypts. Package rsa deprecates this padding, rightly, and UnionPay reads no
// other.
func encryptPKCS1v15(key *rsa.PublicKey, plain []byte) ([]byte, error) {
	//lint:ignore SA1019 the protocol demands PKCS #1 v1.5
	return rsa.EncryptPKCS1v15(rand.Reader, key, plain)
}

// decryptPKCS1v15 is the only place that decrypts; see encryptPKCS1v15.
func decryptPKCS1v15(key crypto.Decrypter, secret []byte) ([]byte, error) {
	//lint:ignore SA1019 the protocol demands PKCS #1 v1.5
	return key.Decrypt(rand.Reader, secret, &rsa.PKCS1v15DecryptOptions{})
}

// Track returns a magnetic track as cardTransData holds it (track2Data, track3Data): encrypted together with what ties
// it to one transaction. The amount is in fen, zero for a transaction that has none.
func (e *Encrypter) Track(merID, orderID, txnTime string, txnAmt int64, track string) (string, error) {
	return e.Encrypt(strings.Join([]string{merID, orderID, txnTime, strconv.FormatInt(txnAmt, 10), track}, "|"))
}

// A Decrypter reads the sensitive fields of answers and notifications, which UnionPay encrypts with the certificate that
// the merchant signs with. It is safe for concurrent use if its key is.
//
// An accNo that was decrypted need not be a whole card number: UnionPay masks it for most merchants, down to the last
// four digits.
type Decrypter struct {
	key      crypto.Decrypter
	size     int // of a ciphertext
	encoding Encoding
}

// NewDecrypter returns a Decrypter with the merchant's signing key, the Key of its [sign.Identity]. A key that lives
// elsewhere must implement [crypto.Decrypter] for RSA PKCS #1 v1.5. The encoding is the messages'; empty means UTF8.
func NewDecrypter(key crypto.PrivateKey, encoding Encoding) (*Decrypter, error) {
	if k, ok := key.(*rsa.PrivateKey); ok && k == nil {
		key = nil
	}
	d, ok := key.(crypto.Decrypter)
	if !ok {
		return nil, fmt.Errorf("unionpay: a key of type %T cannot decrypt", key)
	}
	public, ok := d.Public().(*rsa.PublicKey)
	if !ok || public == nil {
		return nil, fmt.Errorf("unionpay: a key of type %T is no RSA key", key)
	}
	encoding, err := encoding.known()
	if err != nil {
		return nil, err
	}
	return &Decrypter{d, public.Size(), encoding}, nil
}

// Decrypt returns the text of an encrypted field. Every error is [ErrDecrypt]; without one there is a text.
func (d *Decrypter) Decrypt(field string) (string, error) {
	if d == nil || len(field) > 4*d.size { // Base64 is a third longer, line breaks included
		return "", ErrDecrypt
	}
	secret, err := decodeBase64(field)
	if err != nil || len(secret) != d.size {
		return "", ErrDecrypt
	}
	plain, err := decryptPKCS1v15(d.key, secret)
	if err != nil || len(plain) == 0 {
		return "", ErrDecrypt
	}
	text, err := fromCharset(string(plain), d.encoding)
	if err != nil {
		return "", ErrDecrypt
	}
	return text, nil
}

// CustomerInfo is what identifies a payer and verifies the card (银行卡验证信息及身份信息), the content of the field
// customerInfo. However it is printed or logged, it hides itself; it is not to be stored.
type CustomerInfo struct {
	CertifTp   string // kind of identity paper (证件类型): 01 ID card, 02 officer, 03 passport, 04 home-return permit, 05 Taiwan permit, 06 police, 07 soldier, 99 other
	CertifID   string // number of the identity paper (证件号码)
	CustomerNm string // name (姓名)
	SMSCode    string // code that the payer received by SMS (短信验证码)
	PIN        string // encrypted PIN, from [Encrypter.PIN] (持卡人密码)
	PhoneNo    string // phone number that the bank knows (手机号)
	CVN2       string // the three digits on the back of a credit card
	Expired    string // expiry of a credit card, YYMM: the year first, other than on the card (有效期)

	// EncryptedInfo is PhoneNo, CVN2 and Expired, encrypted (敏感信息加密域). [Encrypter.CustomerInfo] makes it and
	// [Decrypter.CustomerInfo] takes it apart.
	EncryptedInfo string

	Extra Group // keys that no document names
}

// Encode returns the value of the field customerInfo with nothing encrypted but the PIN: the Base64 of
// {name=value&name=value}. It refuses, with every fault, what that cannot hold. Without any key it is the Base64
// of "{}", as with UnionPay's own program.
func (c *CustomerInfo) Encode(encoding Encoding) (string, error) {
	if c == nil {
		c = &CustomerInfo{}
	}
	encoding, err := encoding.known()
	if err != nil {
		return "", err
	}
	faults := c.faults()
	g := c.group()
	faults = append(faults, g.faults()...)
	if faults != nil {
		return "", &cnpay.InvalidRequestError{Faults: faults}
	}
	plain, err := encoding.bytes(g.String())
	if err != nil {
		return "", &cnpay.InvalidRequestError{Faults: []cnpay.Fault{{Field: "customerInfo", Problem: err.Error()}}}
	}
	return base64.StdEncoding.EncodeToString(plain), nil
}

// CustomerInfo returns the value of the field customerInfo with PhoneNo, CVN2 and Expired encrypted. The caller's c is
// not changed.
func (e *Encrypter) CustomerInfo(c *CustomerInfo) (string, error) {
	if e == nil {
		return "", errNoCertificate
	}
	if c == nil {
		c = &CustomerInfo{}
	}
	// Everything is checked in the plain form, so that no fault hides behind the encryption.
	if plain, err := c.Encode(e.encoding); err != nil || c.sensitive() == nil {
		return plain, err
	}
	text := c.sensitive().String()
	secret, err := e.Encrypt(text[1 : len(text)-1])
	if err != nil {
		return "", err
	}
	outer := *c
	outer.PhoneNo, outer.CVN2, outer.Expired, outer.EncryptedInfo = "", "", "", secret
	return outer.Encode(e.encoding)
}

func (c *CustomerInfo) faults() []cnpay.Fault {
	var faults []cnpay.Fault
	if n := len(c.PIN); n > 0 && n <= longestPIN && isDigits(c.PIN) {
		faults = append(faults, cnpay.Fault{Field: "pin", Problem: "must be encrypted"})
	}
	if e := c.Expired; e != "" && (len(e) != 4 || !isDigits(e) || e[2:] < "01" || e[2:] > "12") {
		faults = append(faults, cnpay.Fault{Field: "expired", Problem: "must be of the form YYMM"})
	}
	if c.EncryptedInfo != "" && c.sensitive() != nil {
		faults = append(faults, cnpay.Fault{Field: "encryptedInfo", Problem: "must not come with phoneNo, cvn2 or expired"})
	}
	return faults
}

// keys lists the documented keys in the order of UnionPay's examples, the sensitive ones together.
func (c *CustomerInfo) keys() []customerKey {
	return []customerKey{
		{"certifTp", &c.CertifTp, false},
		{"certifId", &c.CertifID, false},
		{"customerNm", &c.CustomerNm, false},
		{"smsCode", &c.SMSCode, false},
		{"pin", &c.PIN, false},
		{"phoneNo", &c.PhoneNo, true},
		{"cvn2", &c.CVN2, true},
		{"expired", &c.Expired, true},
		{"encryptedInfo", &c.EncryptedInfo, false},
	}
}

type customerKey struct {
	name      string
	value     *string
	sensitive bool
}

func (c *CustomerInfo) group() Group {
	var g Group
	for _, k := range c.keys() {
		if *k.value != "" {
			g = append(g, [2]string{k.name, *k.value})
		}
	}
	return append(g, c.Extra...)
}

// sensitive returns what encryptedInfo holds, nil when there is nothing.
func (c *CustomerInfo) sensitive() Group {
	var g Group
	for _, k := range c.keys() {
		if k.sensitive && *k.value != "" {
			g = append(g, [2]string{k.name, *k.value})
		}
	}
	return g
}

// ParseCustomerInfo reads a field customerInfo as it came; what is encrypted in it stays so, in EncryptedInfo.
func ParseCustomerInfo(field string, encoding Encoding) (*CustomerInfo, error) {
	encoding, err := encoding.known()
	if err != nil {
		return nil, err
	}
	plain, err := decodeBase64(field)
	if err != nil {
		return nil, fmt.Errorf("%w: customerInfo is not Base64", cnpay.ErrMalformed)
	}
	text, err := fromCharset(string(plain), encoding)
	if err != nil {
		return nil, fmt.Errorf("customerInfo: %w", err)
	}
	c := &CustomerInfo{}
	if text == "" || text == "{}" {
		return c, nil
	}
	pairs, err := parsePairs(text)
	if err != nil {
		return nil, fmt.Errorf("customerInfo: %w", err)
	}
	c.set(pairs)
	return c, nil
}

// CustomerInfo reads a field customerInfo and decrypts what is encrypted in it except the PIN, which only UnionPay and
// the bank can read.
func (d *Decrypter) CustomerInfo(field string) (*CustomerInfo, error) {
	if d == nil {
		return nil, ErrDecrypt
	}
	c, err := ParseCustomerInfo(field, d.encoding)
	if err != nil || c.EncryptedInfo == "" {
		return c, err
	}
	text, err := d.Decrypt(c.EncryptedInfo)
	if err != nil {
		return nil, err
	}
	pairs, err := parsePairs(text)
	if err != nil {
		return nil, fmt.Errorf("customerInfo: encryptedInfo: %w", err)
	}
	c.EncryptedInfo = ""
	outer := c.group()
	for _, p := range pairs {
		if outer.has(p.Name) || p.Name == "encryptedInfo" {
			return nil, fmt.Errorf("%w: customerInfo: %s is duplicated", cnpay.ErrMalformed, p.Name)
		}
	}
	c.set(pairs)
	return c, nil
}

func (c *CustomerInfo) set(pairs []sign.Pair) {
next:
	for _, p := range pairs {
		for _, k := range c.keys() {
			if k.name == p.Name {
				*k.value = p.Value
				continue next
			}
		}
		c.Extra = append(c.Extra, [2]string{p.Name, p.Value})
	}
}

const hidden = "[customer info]"

func (c CustomerInfo) String() string { return hidden }

// Format hides the content from every verb of package fmt.
func (c CustomerInfo) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// MarshalText hides the content from encoding/json and its like.
func (c CustomerInfo) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue hides the content from log/slog.
func (c CustomerInfo) LogValue() slog.Value { return slog.StringValue(hidden) }

// known returns the encoding, however it is spelled, and UTF8 for an empty one.
func (e Encoding) known() (Encoding, error) {
	switch name := string(e); {
	case name == "", strings.EqualFold(name, string(UTF8)), strings.EqualFold(name, "UTF8"):
		return UTF8, nil
	case strings.EqualFold(name, string(GBK)):
		return GBK, nil
	}
	return "", fmt.Errorf("unionpay: encoding must be %s or %s", UTF8, GBK)
}

// bytes returns text in the encoding, and refuses what that cannot hold instead of sending a question mark.
func (e Encoding) bytes(text string) ([]byte, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("text is not UTF-8")
	}
	if e != GBK {
		return []byte(text), nil
	}
	b, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(text))
	if err != nil || laterThanGBK(b) {
		return nil, errors.New("text has a character that GBK does not")
	}
	return b, nil
}

// laterThanGBK finds the characters that package simplifiedchinese has from GB 18030, and the euro of Microsoft's: other
// programs' GBK has none of them.
func laterThanGBK(b []byte) bool {
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] < 0x80:
			continue
		case b[i] == 0x80:
			return true
		}
		i++
		if pair := int(b[i-1])<<8 | int(b[i]); pair == 0xa8bf || pair >= 0xa989 && pair <= 0xa995 || pair >= 0xfe50 {
			return true
		}
	}
	return false
}

// decodeBase64 is as tolerant as UnionPay's own program: line breaks, blanks and a missing padding do not matter.
func decodeBase64(text string) ([]byte, error) {
	text = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\r', '\n':
			return -1
		}
		return r
	}, text)
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
}
