package unionpay

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

// cipherKey is the key of one test run. It is UnionPay's where something is encrypted and the merchant's where
// something is decrypted, so that each side can be read by the other.
var cipherKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func cipherCertificate(t testing.TB, key crypto.Signer) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(69683525138), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return certificate
}

func ciphers(t testing.TB, encoding Encoding) (*Encrypter, *Decrypter) {
	t.Helper()
	e, err := NewEncrypter(cipherCertificate(t, cipherKey()), encoding)
	require.NoError(t, err)
	d, err := NewDecrypter(cipherKey(), encoding)
	require.NoError(t, err)
	return e, d
}

func TestEncrypt(t *testing.T) {
	e, d := ciphers(t, "")
	require.Equal(t, "69683525138", e.CertID())
	secret, err := e.Encrypt("6216261000000000018")
	require.NoError(t, err)
	require.Len(t, secret, 344)
	require.NotContains(t, secret, "\n")
	plain, err := d.Decrypt(secret)
	require.NoError(t, err)
	require.Equal(t, "6216261000000000018", plain)

	again, err := e.Encrypt("6216261000000000018")
	require.NoError(t, err)
	require.NotEqual(t, secret, again)

	// Line breaks, blanks and a missing padding do not matter.
	for _, field := range []string{strings.TrimRight(secret, "="), secret[:76] + "\r\n" + secret[76:], secret[:10] + " " + secret[10:] + "\n"} {
		plain, err := d.Decrypt(field)
		require.NoError(t, err)
		require.Equal(t, "6216261000000000018", plain)
	}
}

func TestEncryptLimits(t *testing.T) {
	e, d := ciphers(t, UTF8)
	secret, err := e.Encrypt(strings.Repeat("x", 245))
	require.NoError(t, err)
	plain, err := d.Decrypt(secret)
	require.NoError(t, err)
	require.Len(t, plain, 245)

	for name, text := range map[string]string{
		"too long": strings.Repeat("7", 246), "too long in bytes": strings.Repeat("七", 82), "nothing": "", "not UTF-8": "\xff777",
	} {
		t.Run(name, func(t *testing.T) {
			secret, err := e.Encrypt(text)
			require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
			require.Empty(t, secret)
			require.NotContains(t, err.Error(), "777")
		})
	}
}

func TestEncryptGBK(t *testing.T) {
	e, d := ciphers(t, "gbk")
	secret, err := e.Encrypt("全渠道")
	require.NoError(t, err)
	raw, err := base64.StdEncoding.DecodeString(secret)
	require.NoError(t, err)
	plain, err := cipherKey().Decrypt(nil, raw, nil)
	require.NoError(t, err)
	require.Equal(t, []byte("\xc8\xab\xc7\xfe\xb5\xc0"), plain)
	text, err := d.Decrypt(secret)
	require.NoError(t, err)
	require.Equal(t, "全渠道", text)

	for _, text := range []string{"😀", "𠮷", "€", "ǹ", "\u303e", "\u2ffb", "\u2e81", "\u4dae"} {
		_, err := e.Encrypt(text)
		require.ErrorIs(t, err, cnpay.ErrInvalidRequest, text)
	}
	for _, text := range []string{"a", "ɡ", "〇", "\ufa29"} { // their neighbours
		_, err := e.Encrypt(text)
		require.NoError(t, err, text)
	}
}

func TestNoEncrypter(t *testing.T) {
	var e *Encrypter
	require.Empty(t, e.CertID())
	for _, encrypt := range []func() (string, error){
		func() (string, error) { return e.Encrypt("6216261000000000018") },
		func() (string, error) { return e.PIN("123456", "6216261000000000018") },
		func() (string, error) { return e.Track("", "", "", 0, "") },
		func() (string, error) { return e.CustomerInfo(&CustomerInfo{SMSCode: "111111"}) },
	} {
		field, err := encrypt()
		require.Error(t, err)
		require.Empty(t, field)
	}
}

func TestTrack(t *testing.T) {
	e, d := ciphers(t, UTF8)
	for amount, want := range map[int64]string{
		100: "777290058110097|20240105145046001|20240105145046|100|6216261000000000018=",
		0:   "777290058110097|20240105145046001|20240105145046|0|6216261000000000018=",
	} {
		secret, err := e.Track("777290058110097", "20240105145046001", "20240105145046", amount, "6216261000000000018=")
		require.NoError(t, err)
		plain, err := d.Decrypt(secret)
		require.NoError(t, err)
		require.Equal(t, want, plain)
	}
}

// Whatever is wrong with a ciphertext, the error is one and the same and there is no text.
func TestDecryptRefuses(t *testing.T) {
	e, d := ciphers(t, UTF8)
	secret, err := e.Encrypt("6216261000000000018")
	require.NoError(t, err)
	raw, err := base64.StdEncoding.DecodeString(secret)
	require.NoError(t, err)
	encoded := base64.StdEncoding.EncodeToString
	flipped := append([]byte{}, raw...)
	flipped[100] ^= 1
	raw0, err := encryptPKCS1v15(&cipherKey().PublicKey, nil)
	require.NoError(t, err)
	notUTF8, err := encryptPKCS1v15(&cipherKey().PublicKey, []byte{0xb5, 0xc0})
	require.NoError(t, err)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	foreign, err := encryptPKCS1v15(&stranger.PublicKey, []byte("6216"))
	require.NoError(t, err)

	for name, field := range map[string]string{
		"nothing":            "",
		"not Base64":         "6216********0018",
		"short":              encoded(raw[:255]),
		"long":               encoded(append(raw, 0)),
		"very long":          strings.Repeat("A", 1<<20),
		"one byte":           "AA==",
		"flipped":            encoded(flipped),
		"zeros":              encoded(make([]byte, 256)),
		"not below modulus":  encoded([]byte(strings.Repeat("\xff", 256))),
		"of nothing":         encoded(raw0),
		"of another charset": encoded(notUTF8),
		"for somebody else":  encoded(foreign),
	} {
		t.Run(name, func(t *testing.T) {
			plain, err := d.Decrypt(field)
			require.Equal(t, ErrDecrypt, err)
			require.Empty(t, plain)
		})
	}
	_, err = (*Decrypter)(nil).Decrypt(secret)
	require.Equal(t, ErrDecrypt, err)
	_, err = (*Decrypter)(nil).CustomerInfo("e30=")
	require.Equal(t, ErrDecrypt, err)
}

// remoteKey signs and decrypts elsewhere, as a key in a security module does.
type remoteKey struct{ fail error }

func (k remoteKey) Public() crypto.PublicKey { return cipherKey().Public() }
func (k remoteKey) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	return cipherKey().Sign(r, digest, o)
}

func (k remoteKey) Decrypt(r io.Reader, secret []byte, o crypto.DecrypterOpts) ([]byte, error) {
	//lint:ignore SA1019 the protocol demands PKCS #1 v1.5
	if _, ok := o.(*rsa.PKCS1v15DecryptOptions); !ok {
		return nil, errors.New("which padding?")
	}
	if k.fail != nil {
		return nil, k.fail
	}
	return cipherKey().Decrypt(r, secret, o)
}

// curveDecrypter is a key that decrypts in some other way.
type curveDecrypter struct{ *ecdsa.PrivateKey }

func (curveDecrypter) Decrypt(io.Reader, []byte, crypto.DecrypterOpts) ([]byte, error) {
	return []byte("0048"), nil
}

type signerOnly struct{ crypto.Signer }

func TestKeysOfOtherKinds(t *testing.T) {
	e, _ := ciphers(t, UTF8)
	secret, err := e.Encrypt("0048")
	require.NoError(t, err)
	d, err := NewDecrypter(remoteKey{}, UTF8)
	require.NoError(t, err)
	plain, err := d.Decrypt(secret)
	require.NoError(t, err)
	require.Equal(t, "0048", plain)
	d, err = NewDecrypter(remoteKey{errors.New("the module is locked")}, UTF8)
	require.NoError(t, err)
	_, err = d.Decrypt(secret)
	require.Equal(t, ErrDecrypt, err)

	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	for _, key := range []crypto.PrivateKey{nil, (*rsa.PrivateKey)(nil), curve, curveDecrypter{curve}, signerOnly{cipherKey()}, "key"} {
		_, err := NewDecrypter(key, UTF8)
		require.Error(t, err)
	}
	_, err = NewDecrypter(cipherKey(), "Big5")
	require.Error(t, err)

	_, err = NewEncrypter(nil, UTF8)
	require.Error(t, err)
	_, err = NewEncrypter(cipherCertificate(t, curve), UTF8)
	require.Error(t, err)
	_, err = NewEncrypter(cipherCertificate(t, cipherKey()), "Big5")
	require.Error(t, err)
}

func TestCustomerInfo(t *testing.T) {
	c := &CustomerInfo{CertifTp: "01", CertifID: "341126197709218366", CustomerNm: "全渠道", SMSCode: "111111"}
	// Computed with Python from the published test card's holder.
	const want = "e2NlcnRpZlRwPTAxJmNlcnRpZklkPTM0MTEyNjE5NzcwOTIxODM2NiZjdXN0b21lck5tPeWFqOa4oOmBkyZzbXNDb2RlPTExMTExMX0="
	field, err := c.Encode(UTF8)
	require.NoError(t, err)
	require.Equal(t, want, field)
	back, err := ParseCustomerInfo(field, UTF8)
	require.NoError(t, err)
	require.Equal(t, *c, *back)

	// With nothing sensitive in it, nothing is encrypted.
	e, d := ciphers(t, UTF8)
	field, err = e.CustomerInfo(c)
	require.NoError(t, err)
	require.Equal(t, want, field)
	back, err = d.CustomerInfo(field)
	require.NoError(t, err)
	require.Equal(t, *c, *back)

	field, err = c.Encode(GBK)
	require.NoError(t, err)
	raw, err := base64.StdEncoding.DecodeString(field)
	require.NoError(t, err)
	require.Equal(t, "{certifTp=01&certifId=341126197709218366&customerNm=\xc8\xab\xc7\xfe\xb5\xc0&smsCode=111111}", string(raw))
	back, err = ParseCustomerInfo(field, GBK)
	require.NoError(t, err)
	require.Equal(t, *c, *back)

	for _, empty := range []*CustomerInfo{nil, {}} {
		field, err := empty.Encode(UTF8)
		require.NoError(t, err)
		require.Equal(t, "e30=", field) // {}
		field, err = e.CustomerInfo(empty)
		require.NoError(t, err)
		require.Equal(t, "e30=", field)
	}
	for _, field := range []string{"", "e30="} {
		back, err := ParseCustomerInfo(field, UTF8)
		require.NoError(t, err)
		require.Equal(t, CustomerInfo{}, *back)
	}
}

func TestCustomerInfoEncrypted(t *testing.T) {
	e, d := ciphers(t, UTF8)
	c := CustomerInfo{CertifTp: "01", CustomerNm: "全渠道", SMSCode: "111111", PhoneNo: "13552535506", CVN2: "123", Expired: "1711"}
	before := c
	field, err := e.CustomerInfo(&c)
	require.NoError(t, err)
	require.Equal(t, before, c)

	outer, err := ParseCustomerInfo(field, UTF8)
	require.NoError(t, err)
	require.Empty(t, outer.PhoneNo+outer.CVN2+outer.Expired)
	raw, err := base64.StdEncoding.DecodeString(field)
	require.NoError(t, err)
	require.Equal(t, "{certifTp=01&customerNm=全渠道&smsCode=111111&encryptedInfo="+outer.EncryptedInfo+"}", string(raw))
	inner, err := d.Decrypt(outer.EncryptedInfo)
	require.NoError(t, err)
	require.Equal(t, "phoneNo=13552535506&cvn2=123&expired=1711", inner)

	back, err := d.CustomerInfo(field)
	require.NoError(t, err)
	require.Equal(t, c, *back)

	// What was encrypted elsewhere goes through.
	again, err := e.CustomerInfo(outer)
	require.NoError(t, err)
	require.Equal(t, field, again)
}

func TestCustomerInfoRefuses(t *testing.T) {
	e, _ := ciphers(t, UTF8)
	for name, tt := range map[string]struct {
		c      CustomerInfo
		fields []string
	}{
		"&":                  {CustomerInfo{CustomerNm: "a&smsCode=1"}, []string{"customerNm"}},
		"& inside":           {CustomerInfo{PhoneNo: "1&cvn2=9"}, []string{"phoneNo"}},
		"PIN in plain":       {CustomerInfo{PIN: "123456"}, []string{"pin"}},
		"month first":        {CustomerInfo{Expired: "1117"}, []string{"expired"}},
		"month zero":         {CustomerInfo{Expired: "1700"}, []string{"expired"}},
		"year of four":       {CustomerInfo{Expired: "201711"}, []string{"expired"}},
		"twice":              {CustomerInfo{SMSCode: "1", Extra: Group{{"smsCode", "2"}}}, []string{"smsCode"}},
		"encrypted and not":  {CustomerInfo{EncryptedInfo: "AAAA", CVN2: "123"}, []string{"encryptedInfo"}},
		"all faults at once": {CustomerInfo{PIN: "1234", CustomerNm: "{", Expired: "1"}, []string{"pin", "expired", "customerNm"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, encode := range []func() (string, error){
				func() (string, error) { return tt.c.Encode(UTF8) }, func() (string, error) { return e.CustomerInfo(&tt.c) },
			} {
				field, err := encode()
				require.Empty(t, field)
				var invalid *cnpay.InvalidRequestError
				require.ErrorAs(t, err, &invalid)
				var fields []string
				for _, f := range invalid.Faults {
					fields = append(fields, f.Field)
				}
				require.Equal(t, tt.fields, fields)
			}
		})
	}
	for _, expired := range []string{"1701", "1712"} {
		_, err := (&CustomerInfo{Expired: expired}).Encode(UTF8)
		require.NoError(t, err)
	}
	_, err := (&CustomerInfo{CustomerNm: "𠮷"}).Encode(GBK)
	require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
	_, err = (&CustomerInfo{}).Encode("Big5")
	require.Error(t, err)
	_, err = e.CustomerInfo(&CustomerInfo{PhoneNo: strings.Repeat("1", 300)})
	require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
}

func TestParseCustomerInfoRefuses(t *testing.T) {
	e, d := ciphers(t, UTF8)
	encoded := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	encrypted := func(text string) string {
		secret, err := e.Encrypt(text)
		require.NoError(t, err)
		return secret
	}
	for name, tt := range map[string]struct {
		field string
		err   error
	}{
		"not Base64":         {"{phoneNo=1}", cnpay.ErrMalformed},
		"not UTF-8":          {encoded("{customerNm=\xb5\xc0}"), cnpay.ErrMalformed},
		"no pairs":           {encoded("13552535506"), cnpay.ErrMalformed},
		"twice":              {encoded("{cvn2=1&cvn2=2}"), cnpay.ErrMalformed},
		"twice, once inside": {encoded("{phoneNo=1&encryptedInfo=" + encrypted("phoneNo=2") + "}"), cnpay.ErrMalformed},
		"unknown one twice":  {encoded("{x=1&encryptedInfo=" + encrypted("x=2") + "}"), cnpay.ErrMalformed},
		"encrypted twice":    {encoded("{encryptedInfo=" + encrypted("encryptedInfo=AAAA") + "}"), cnpay.ErrMalformed},
		"no pairs inside":    {encoded("{encryptedInfo=" + encrypted("13552535506") + "}"), cnpay.ErrMalformed},
		"not encrypted":      {encoded("{encryptedInfo=phoneNo=13552535506}"), ErrDecrypt},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := d.CustomerInfo(tt.field)
			require.ErrorIs(t, err, tt.err)
			require.Nil(t, c)
			require.NotContains(t, err.Error(), "1355")
		})
	}
	_, err := ParseCustomerInfo("e30=", "Big5")
	require.Error(t, err)

	// As in a published notification of an opening, whose certificate's key is the merchant's.
	c, err := d.CustomerInfo(encoded("{encryptedInfo=" + encrypted("phoneNo=18100000000") + "&new=1}"))
	require.NoError(t, err)
	require.Equal(t, CustomerInfo{PhoneNo: "18100000000", Extra: Group{{"new", "1"}}}, *c)
}

func TestCustomerInfoHides(t *testing.T) {
	c := CustomerInfo{CVN2: "123", PhoneNo: "13552535506"}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "customer", c, "pointer", &c)
	text, err := json.Marshal(struct{ C *CustomerInfo }{&c})
	require.NoError(t, err)
	for _, printed := range []string{
		fmt.Sprintf("%v %+v %#v %s %q %d", c, c, c, c, c, c), fmt.Sprintf("%v %+v", &c, struct{ C CustomerInfo }{c}), c.String(), log.String(), string(text),
	} {
		require.Contains(t, printed, "[customer info]")
		require.NotContains(t, printed, "123")
		require.NotContains(t, printed, "135")
	}
}

func FuzzDecrypt(f *testing.F) {
	e, d := ciphers(f, UTF8)
	secret, err := e.Encrypt("6216261000000000018")
	require.NoError(f, err)
	f.Add(secret, 0)
	f.Add("", 3)
	f.Add("e2VuY3J5cHRlZEluZm89QUFBQX0=", 0)
	f.Fuzz(func(t *testing.T, field string, at int) {
		plain, err := d.Decrypt(field)
		require.Equal(t, err == nil, plain != "")
		if err != nil {
			require.Equal(t, ErrDecrypt, err)
		}
		if c, err := d.CustomerInfo(field); err == nil {
			_, _ = c.Encode(UTF8)
		}

		// One bit flipped anywhere in a good ciphertext: refused. (Not of the bits that Base64 leaves unused.)
		raw, err := base64.StdEncoding.DecodeString(secret)
		require.NoError(t, err)
		bit := uint(at) % uint(len(raw)*8)
		raw[bit/8] ^= 1 << (bit % 8)
		plain, err = d.Decrypt(base64.StdEncoding.EncodeToString(raw))
		if err == nil { // a padding that looks right by chance: one in 2^16 or so
			require.NotEqual(t, "6216261000000000018", plain)
		}
	})
}
