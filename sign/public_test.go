package sign_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/sign"
)

func TestPublicKey(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	require.NoError(t, err)
	armoured := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	for name, text := range map[string]string{
		"PEM":                     armoured,
		"PEM with \\n in it":      strings.ReplaceAll(armoured, "\n", `\n`),
		"PEM with a BOM and CRLF": "\ufeff" + strings.ReplaceAll(armoured, "\n", "\r\n"),
		"Base64 alone":            base64.StdEncoding.EncodeToString(der) + "\n",
		"DER":                     string(der),
		"PKCS #1":                 string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&key.PublicKey)})),
	} {
		read, err := sign.LoadPublicKey([]byte(text))
		require.NoError(t, err, name)
		require.True(t, key.PublicKey.Equal(read), name)
	}
	lines := strings.Split(armoured, "\n")
	for name, tt := range map[string]struct{ text, says string }{
		"nothing":                             {"", "nothing"},
		"a private key":                       {string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})), "found a private key"},
		"two keys":                            {armoured + armoured, "found 2 blocks of PEM"},
		"a lost line":                         {strings.Join(append(lines[:2:2], lines[3:]...), "\n"), "damaged"},
		"a lost + at the beginning of a line": {lines[0] + "\n" + lines[1] + "\n" + lines[2][1:] + "\n" + strings.Join(lines[3:], "\n"), "damaged"},
		"no key at all":                       {"this is not a key", "a public key"},
	} {
		_, err := sign.LoadPublicKey([]byte(tt.text))
		require.ErrorContains(t, err, tt.says, name)
	}
}

func TestPKCS1Verifier(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	message := []byte(`{"sn":"1"}`)
	sum := sha256.Sum256(message)
	raw, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	require.NoError(t, err)
	signature := base64.StdEncoding.EncodeToString(raw)
	v, err := sign.NewPlainRSAVerifier(&key.PublicKey, crypto.SHA256)
	require.NoError(t, err)
	require.NoError(t, v.Verify(message, signature))
	require.ErrorIs(t, v.Verify([]byte(`{"sn":"2"}`), signature), sign.ErrSignature)
	twice, err := sign.NewRSAVerifier(&key.PublicKey, crypto.SHA256)
	require.NoError(t, err)
	require.ErrorIs(t, twice.Verify(message, signature), sign.ErrSignature, "its rule hashes twice")
	_, err = sign.NewPlainRSAVerifier("no key", crypto.SHA256)
	require.Error(t, err)
}
