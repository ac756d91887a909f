package sign_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/sign"
)

type keyRing struct {
	root, middle, leaf, other, short *rsa.PrivateKey
	elliptic                         *ecdsa.PrivateKey
}

// keys makes the keys of all tests, once, for RSA keys take their time.
var keys = sync.OnceValue(func() *keyRing {
	generate := func(bits int) *rsa.PrivateKey {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		return key
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return &keyRing{generate(2048), generate(2048), generate(2048), generate(2048), generate(1024), curve}
})

// unionPay is the CN that UnionPay's certificates have.
const unionPay = "041@8310000000083040@中国银联股份有限公司@00016495"

func anyone(string) bool { return true }

// An authority issues what the tests ask for, good and bad.
type authority struct {
	root, middle *x509.Certificate
	hash         crypto.Hash
}

func newAuthority(t testing.TB) *authority {
	a := &authority{hash: crypto.SHA256}
	a.root = a.issueRoot(t, nil)
	a.middle = a.issueMiddle(t, nil)
	return a
}

func (a *authority) now() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

func (a *authority) chain(t testing.TB) *sign.Chain {
	chain, err := sign.NewChain(a.root, a.middle)
	require.NoError(t, err)
	return chain
}

func (a *authority) template(cn string, ca bool) *x509.Certificate {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(68759585097),
		Subject:      pkix.Name{Country: []string{"cn"}, Organization: []string{"Test"}, CommonName: cn},
		NotBefore:    a.now().AddDate(-1, 0, 0),
		NotAfter:     a.now().AddDate(1, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageEmailProtection},
	}
	if ca {
		template.BasicConstraintsValid, template.IsCA = true, true
		template.KeyUsage, template.ExtKeyUsage = x509.KeyUsageCertSign|x509.KeyUsageCRLSign, nil
	}
	return template
}

type change func(*x509.Certificate)

func (a *authority) issueRoot(t testing.TB, change change) *x509.Certificate {
	template := a.template("TEST ROOT", true)
	if change != nil {
		change(template)
	}
	return issue(t, template, template, &keys().root.PublicKey, keys().root, a.hash)
}

func (a *authority) issueMiddle(t testing.TB, change change) *x509.Certificate {
	template := a.template("TEST MIDDLE", true)
	if change != nil {
		change(template)
	}
	return issue(t, template, a.root, &keys().middle.PublicKey, keys().root, a.hash)
}

func (a *authority) leaf(t testing.TB, change change) *x509.Certificate {
	return a.leafFor(t, &keys().leaf.PublicKey, change)
}

func (a *authority) leafFor(t testing.TB, key crypto.PublicKey, change change) *x509.Certificate {
	template := a.template(unionPay, false)
	if change != nil {
		change(template)
	}
	return issue(t, template, a.middle, key, keys().middle, a.hash)
}

// forged returns a leaf that differs from a genuine one in nothing but the key
// of the authority.
func (a *authority) forged(t testing.TB, key crypto.PublicKey) *x509.Certificate {
	template := a.template("TEST MIDDLE", true)
	forger := issue(t, template, template, keys().other.Public(), keys().other, crypto.SHA256)
	return issue(t, a.template(unionPay, false), forger, key, keys().other, crypto.SHA256)
}

// issue makes a certificate. For SHA-1, which crypto/x509 does not sign with,
// it renames the algorithm inside a SHA-256 one and signs again.
func issue(t testing.TB, template, parent *x509.Certificate, key crypto.PublicKey, by crypto.Signer, hash crypto.Hash) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, by)
	require.NoError(t, err)
	if hash == crypto.SHA1 {
		var certificate struct {
			TBS       asn1.RawValue
			Algorithm asn1.RawValue
			Signature asn1.BitString
		}
		sha256RSA := []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b}
		sha1RSA := []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05}
		_, err = asn1.Unmarshal(bytes.ReplaceAll(der, sha256RSA, sha1RSA), &certificate)
		require.NoError(t, err)
		sum := sha1.Sum(certificate.TBS.FullBytes)
		certificate.Signature.Bytes, err = by.Sign(rand.Reader, sum[:], crypto.SHA1)
		require.NoError(t, err)
		der, err = asn1.Marshal(certificate)
		require.NoError(t, err)
	}
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return certificate
}

func pemText(certificate *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
}
