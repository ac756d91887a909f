package sign_test

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/cnpay-go/cnpay/sign"
)

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs8(t testing.TB, key any) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return der
}

func TestLoadPFX(t *testing.T) {
	a := newAuthority(t)
	leaf := a.leaf(t, nil)
	above := []*x509.Certificate{a.middle, a.root}
	for name, encoder := range map[string]*pkcs12.Encoder{
		"RC2": pkcs12.LegacyRC2, "3DES": pkcs12.LegacyDES, "AES": pkcs12.Modern2023, "PBMAC1": pkcs12.Modern2026,
	} {
		t.Run(name, func(t *testing.T) {
			for _, load := range []func([]byte, string) (*sign.Identity, error){sign.LoadPFX, sign.LoadIdentity} {
				data, err := encoder.Encode(keys().leaf, leaf, above, "000000")
				require.NoError(t, err)
				id, err := load(data, "000000")
				require.NoError(t, err)
				require.True(t, keys().leaf.Equal(id.Key))
				require.True(t, leaf.Equal(id.Certificate))
				require.Equal(t, "68759585097", id.CertID())

				_, err = load(data, "000001")
				require.ErrorIs(t, err, pkcs12.ErrIncorrectPassword)
				_, err = load(data, "")
				require.ErrorIs(t, err, pkcs12.ErrIncorrectPassword)
				id, err = load(data, "\ufeff000000\r\n")
				require.NoError(t, err)
				require.True(t, leaf.Equal(id.Certificate))
				_, err = load(data, "000\u200b000")
				require.ErrorIs(t, err, pkcs12.ErrIncorrectPassword)
				require.ErrorContains(t, err, "the password holds a zero-width space (U+200B) at character 4")
				_, err = load(data[:len(data)-9], "000000")
				require.Error(t, err)
			}
		})
	}
}

func TestLoadPFXPicksTheCertificateOfTheKey(t *testing.T) {
	a := newAuthority(t)
	leaf := a.leaf(t, nil)
	data, err := pkcs12.Modern.Encode(keys().leaf, a.root, []*x509.Certificate{a.middle, leaf}, "000000")
	require.NoError(t, err)
	id, err := sign.LoadPFX(data, "000000")
	require.NoError(t, err)
	require.True(t, leaf.Equal(id.Certificate))

	data, err = pkcs12.Modern.Encode(keys().leaf, a.root, []*x509.Certificate{a.middle}, "000000")
	require.NoError(t, err)
	_, err = sign.LoadPFX(data, "000000")
	require.ErrorContains(t, err, "none of the 2 certificates belongs to the private key")
}

func TestLoadPFXSaysWhatItFound(t *testing.T) {
	a := newAuthority(t)
	der, err := pkcs12.Modern.Encode(keys().leaf, a.leaf(t, nil), nil, "000000")
	require.NoError(t, err)
	ber := append([]byte{0x30, 0x80}, der[4:]...) // the outermost sequence with indefinite length
	ber = append(ber, 0, 0)
	store, err := pkcs12.Modern.EncodeTrustStore([]*x509.Certificate{a.root}, "000000")
	require.NoError(t, err)
	for _, test := range []struct {
		name, want string
		data       []byte
	}{
		{"empty", "empty", nil},
		{"text", "neither PEM nor DER", []byte("MIIC")},
		{"BER", "openssl pkcs12 -in merchant.pfx", ber},
		{"certificate", "found a certificate, want a PKCS#12 file", a.root.Raw},
		{"key", "found a private key, want a PKCS#12 file", pkcs8(t, keys().leaf)},
		{"without key", "private key missing", store},
	} {
		t.Run(test.name, func(t *testing.T) {
			id, err := sign.LoadPFX(test.data, "000000")
			require.ErrorContains(t, err, test.want)
			require.Nil(t, id)
		})
	}
}

func TestLoadIdentityPEM(t *testing.T) {
	a := newAuthority(t)
	leaf := pemText(a.leaf(t, nil))
	modern := block("PRIVATE KEY", pkcs8(t, keys().leaf))
	old := block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(keys().leaf))
	for name, text := range map[string]string{
		"PKCS#8":            modern + leaf,
		"PKCS#1":            old + leaf,
		"certificate first": leaf + modern,
		"chain before":      pemText(a.root) + pemText(a.middle) + leaf + modern,
		"CRLF":              strings.ReplaceAll(modern+leaf, "\n", "\r\n"),
		"openssl's remarks": "Bag Attributes\n    localKeyID: 01\nsubject=CN = x\n" + modern + "Bag Attributes\n" + leaf,
	} {
		t.Run(name, func(t *testing.T) {
			id, err := sign.LoadIdentity([]byte(text), "")
			require.NoError(t, err)
			require.True(t, keys().leaf.Equal(id.Key))
			require.Equal(t, "68759585097", id.CertID())
		})
	}

	curveDER, err := x509.MarshalECPrivateKey(keys().elliptic)
	require.NoError(t, err)
	curve := pemText(a.leafFor(t, keys().elliptic.Public(), nil))
	id, err := sign.LoadIdentity([]byte(block("EC PRIVATE KEY", curveDER)+curve), "")
	require.NoError(t, err, "which keys a signature takes is its own rule")
	_, err = sign.NewRSASigner(id.Key, crypto.SHA256)
	require.ErrorContains(t, err, "want RSA")

	exchange, err := ecdh.X25519().GenerateKey(rand.Reader)
	require.NoError(t, err)
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	for _, test := range []struct{ name, want, text string }{
		{"no key", "a certificate without its private key", leaf},
		{"no certificate", "a private key without its certificate; put both into one file with 'openssl pkcs12 -export", modern},
		{"two keys", "two private keys", modern + old + leaf},
		{"another's key", "none of the 1 certificates", block("PRIVATE KEY", pkcs8(t, keys().other)) + leaf},
		{"edwards", "none of the 1 certificates", block("PRIVATE KEY", pkcs8(t, edwards)) + leaf},
		{"cannot sign", "cannot sign", block("PRIVATE KEY", pkcs8(t, exchange)) + leaf},
		{"encrypted", "openssl pkey", block("ENCRYPTED PRIVATE KEY", []byte{1}) + leaf},
		{"encrypted of old", "openssl pkey", strings.Replace(old, "\n", "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n", 1) + leaf},
		{"public key", "found a public key", block("PUBLIC KEY", []byte{1})},
		{"request", "found a certificate request", block("CERTIFICATE REQUEST", []byte{1})},
		{"broken key", "private key", block("PRIVATE KEY", []byte{1}) + leaf},
		{"broken old key", "private key", block("RSA PRIVATE KEY", []byte{1}) + leaf},
		{"broken certificate", "certificate", modern + block("CERTIFICATE", []byte{1})},
		{"damaged", "PEM block 1 of 2 is damaged: character 1 of its Base64 is U+0021", strings.Replace(modern, "M", "!", 1) + leaf},
		{"cut", "PEM block 1 of 1 is damaged: it has no END line", modern[:200]},
	} {
		t.Run(test.name, func(t *testing.T) {
			id, err := sign.LoadIdentity([]byte(test.text), "")
			require.ErrorContains(t, err, test.want)
			require.Nil(t, id)
			require.NotContains(t, err.Error(), modern[60:100])
		})
	}
}

func TestParseCertificates(t *testing.T) {
	a := newAuthority(t)
	text := pemText(a.root) + pemText(a.middle)
	for name, data := range map[string]string{
		"PEM":    text,
		"CRLF":   strings.ReplaceAll(text, "\n", "\r\n"),
		"spaced": "root:\n" + pemText(a.root) + "\n\nmiddle:\n" + pemText(a.middle) + "\n",
	} {
		got, err := sign.ParseCertificates([]byte(data))
		require.NoError(t, err, name)
		require.Len(t, got, 2, name)
		require.True(t, got[0].Equal(a.root) && got[1].Equal(a.middle), name)
	}
	got, err := sign.ParseCertificates(a.root.Raw)
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.True(t, got[0].Equal(a.root))

	public, err := x509.MarshalPKIXPublicKey(keys().leaf.Public())
	require.NoError(t, err)
	pfx, err := pkcs12.Modern.Encode(keys().leaf, a.leaf(t, nil), nil, "000000")
	require.NoError(t, err)
	private := block("PRIVATE KEY", pkcs8(t, keys().leaf))
	for _, test := range []struct{ name, want, data string }{
		{"empty", "found nothing", ""},
		{"blank", "found nothing", " \r\n"},
		{"key", "found a private key, want a certificate", private},
		{"key behind", "found a private key, want a certificate", text + private},
		{"public key", "found a public key", block("PUBLIC KEY", public)},
		{"DER key", "found a private key", string(pkcs8(t, keys().leaf))},
		{"DER old key", "found a private key", string(x509.MarshalPKCS1PrivateKey(keys().leaf))},
		{"DER public key", "found a public key", string(public)},
		{"PFX", "found a PKCS#12 file", string(pfx)},
		{"text", "found neither PEM nor DER", "certificate"},
		{"two in DER", "want a certificate", string(a.root.Raw) + string(a.middle.Raw)},
		{"broken", "certificate 2 of 2", text[:strings.LastIndex(text, "-----BEGIN")] + block("CERTIFICATE", []byte{1})},
		{"damaged", "PEM block 1 of 2 is damaged: character 1 of its Base64 is U+0021", strings.Replace(text, "M", "!", 1)},
		{"cut", "PEM block 2 of 2 is damaged: its END line is not that of \"CERTIFICATE\"", text[:len(text)-10]},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := sign.ParseCertificates([]byte(test.data))
			require.ErrorContains(t, err, test.want)
			require.Nil(t, got)
		})
	}
}

func TestCertID(t *testing.T) {
	require.Empty(t, (*sign.Identity)(nil).CertID())
	require.Empty(t, (&sign.Identity{}).CertID())
	require.Empty(t, (&sign.Identity{Certificate: &x509.Certificate{}}).CertID())
	long, ok := new(big.Int).SetString("387593676442880368392934", 10) // CFCA's test root
	require.True(t, ok)
	id := &sign.Identity{Certificate: &x509.Certificate{SerialNumber: long}}
	require.Equal(t, "387593676442880368392934", id.CertID())
}

func TestFingerprint(t *testing.T) {
	require.Empty(t, sign.Fingerprint(nil))
	require.Equal(t, sign.SHA256Hex([]byte("abc")), sign.Fingerprint(&x509.Certificate{Raw: []byte("abc")}))
}
