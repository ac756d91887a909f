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
	"encoding/base64"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/sign"
)

func smallKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024) // as UMPay issues them
	require.NoError(t, err)
	return key
}

func plainVerifier(t *testing.T, key crypto.PublicKey) sign.Verifier {
	t.Helper()
	v, err := sign.NewPlainRSAVerifier(key, crypto.SHA1)
	require.NoError(t, err)
	return v
}

func TestPlainRSA(t *testing.T) {
	key, message := smallKey(t), []byte("acqMerId=41509208&goodsInfo=口罩")
	signer, err := sign.NewPlainRSASigner(key, crypto.SHA1)
	require.NoError(t, err)
	signature, err := signer.Sign(message)
	require.NoError(t, err)

	raw, err := base64.StdEncoding.DecodeString(signature)
	require.NoError(t, err)
	digest := sha1.Sum(message)
	require.NoError(t, rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA1, digest[:], raw), "SHA1withRSA over the message itself")

	v := plainVerifier(t, &key.PublicKey)
	require.NoError(t, v.Verify(message, signature))
	for i := range message {
		other := bytes.Clone(message)
		other[i] ^= 1
		require.ErrorIs(t, v.Verify(other, signature), sign.ErrSignature)
	}
	require.ErrorIs(t, plainVerifier(t, &smallKey(t).PublicKey).Verify(message, signature), sign.ErrSignature)
}

// The rule of UnionPay and the plain one never pass for each other, with the same key.
func TestPlainRSAIsAnotherRule(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	message := []byte("m")
	plain, err := sign.NewPlainRSASigner(key, crypto.SHA256)
	require.NoError(t, err)
	hexed, err := sign.NewRSASigner(key, crypto.SHA256)
	require.NoError(t, err)
	plainV, err := sign.NewPlainRSAVerifier(&key.PublicKey, crypto.SHA256)
	require.NoError(t, err)
	hexedV, err := sign.NewRSAVerifier(&key.PublicKey, crypto.SHA256)
	require.NoError(t, err)
	a, err := plain.Sign(message)
	require.NoError(t, err)
	b, err := hexed.Sign(message)
	require.NoError(t, err)
	require.NoError(t, plainV.Verify(message, a))
	require.NoError(t, hexedV.Verify(message, b))
	require.ErrorIs(t, plainV.Verify(message, b), sign.ErrSignature)
	require.ErrorIs(t, hexedV.Verify(message, a), sign.ErrSignature)
}

func TestSmallKeysAreForThePlainRuleAlone(t *testing.T) {
	key := smallKey(t)
	_, err := sign.NewRSASigner(key, crypto.SHA1)
	require.ErrorContains(t, err, "1024 bits, want 2048")
	_, err = sign.NewRSAVerifier(&key.PublicKey, crypto.SHA1)
	require.ErrorContains(t, err, "1024 bits, want 2048")
	tiny := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 1022, 1), E: 65537}
	_, err = sign.NewPlainRSAVerifier(tiny, crypto.SHA1)
	require.ErrorContains(t, err, "want 1024 or more")
	_, err = sign.NewPlainRSASigner(nil, crypto.SHA1)
	require.ErrorContains(t, err, "no private key")
	_, err = sign.NewPlainRSAVerifier(&key.PublicKey, crypto.MD5)
	require.ErrorContains(t, err, "want SHA-1 or SHA-256")
}

func TestAnyOf(t *testing.T) {
	old, now, message := smallKey(t), smallKey(t), []byte("m")
	both := sign.AnyOf(plainVerifier(t, &now.PublicKey), plainVerifier(t, &old.PublicKey))
	for _, key := range []*rsa.PrivateKey{old, now} {
		signer, err := sign.NewPlainRSASigner(key, crypto.SHA1)
		require.NoError(t, err)
		signature, err := signer.Sign(message)
		require.NoError(t, err)
		require.NoError(t, both.Verify(message, signature))
		require.ErrorIs(t, both.Verify([]byte("n"), signature), sign.ErrSignature)
		require.ErrorIs(t, sign.AnyOf().Verify(message, signature), sign.ErrSignature)
	}
}

// oddCertificate is one whose subject crypto/x509 refuses: a PrintableString with bytes beyond ASCII, as cert_2d59 has.
func oddCertificate(t *testing.T, key *rsa.PrivateKey) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "platform"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	der = bytes.Replace(der, []byte("platform"), []byte("pl\xc1\xaa\xb6\xafrm"), 2)
	_, err = x509.ParseCertificate(der)
	require.Error(t, err)
	return der
}

func TestLoadKey(t *testing.T) {
	key := smallKey(t)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	pkcs1 := x509.MarshalPKCS1PrivateKey(key)
	for name, data := range map[string][]byte{
		"PKCS#8":                    pkcs8,
		"PKCS#1":                    pkcs1,
		"PEM":                       []byte(block("PRIVATE KEY", pkcs8)),
		"PKCS#8 with PKCS#1's name": []byte(block("RSA PRIVATE KEY", pkcs8)),
		"PKCS#1 with PKCS#8's name": []byte(block("PRIVATE KEY", pkcs1)),
		"Base64":                    []byte(base64.StdEncoding.EncodeToString(pkcs8) + "\r\n"),
	} {
		got, err := sign.LoadKey(data)
		require.NoError(t, err, name)
		require.True(t, key.Equal(got), name)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	require.NoError(t, err)
	for want, data := range map[string][]byte{
		"found nothing":              nil,
		"found a public key":         public,
		"found a certificate, want":  []byte(block("CERTIFICATE", oddCertificate(t, key))),
		"2 blocks":                   []byte(block("PRIVATE KEY", pkcs8) + block("PRIVATE KEY", pkcs8)),
		"encrypted PKCS#8 key":       []byte(block("ENCRYPTED PRIVATE KEY", pkcs8)),
		"found neither PEM nor DER,": []byte("hello"),
	} {
		_, err := sign.LoadKey(data)
		require.ErrorContains(t, err, want)
	}
}

func TestLoadPublicKey(t *testing.T) {
	key := smallKey(t)
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	require.NoError(t, err)
	odd := oddCertificate(t, key)
	for name, data := range map[string][]byte{
		"SPKI":               spki,
		"SPKI in PEM":        []byte(block("PUBLIC KEY", spki)),
		"SPKI in Base64":     []byte(base64.StdEncoding.EncodeToString(spki)),
		"PKCS#1":             x509.MarshalPKCS1PublicKey(&key.PublicKey),
		"certificate":        odd,
		"certificate in PEM": []byte(block("CERTIFICATE", odd)),
	} {
		got, err := sign.LoadPublicKey(data)
		require.NoError(t, err, name)
		require.True(t, key.PublicKey.Equal(got), name)
	}
	elliptic, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	curve, err := x509.MarshalPKIXPublicKey(&elliptic.PublicKey)
	require.NoError(t, err)
	for want, data := range map[string][]byte{
		"found nothing":       nil,
		"found a private key": x509.MarshalPKCS1PrivateKey(key),
		"*ecdsa.PublicKey":    curve,
		"neither PEM nor DER": []byte("hello"),
		"want a certificate":  odd[:len(odd)-1],
	} {
		_, err := sign.LoadPublicKey(data)
		require.ErrorContains(t, err, want)
	}
}

func FuzzLoadPublicKey(f *testing.F) {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(f, err)
	f.Add(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"))
	f.Add([]byte{0x30, 0x80})
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, err := sign.LoadPublicKey(data); err == nil {
			require.NotNil(t, got)
		}
	})
}
