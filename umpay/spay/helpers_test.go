package spay

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

func newTestKeys(t testing.TB) (own, platform *rsa.PrivateKey) {
	t.Helper()
	own, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	platform, err = rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	return own, platform
}

func newTestClient(t testing.TB, own, platform *rsa.PrivateKey, opts ...cnpay.Option) *Client {
	t.Helper()
	c, err := New(Config{MerID: "60000100", Key: own, PlatformKeys: []*rsa.PublicKey{&platform.PublicKey}}, opts...)
	require.NoError(t, err)
	return c
}

// signText signs bytes as they are.
func signText(t testing.TB, key *rsa.PrivateKey, text string) string {
	t.Helper()
	sum := sha1.Sum([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA1, sum[:])
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(signature)
}
