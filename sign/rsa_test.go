package sign_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/sign"
)

// A remote key signs elsewhere, as an HSM does.
type remote struct {
	*rsa.PrivateKey
	err error
}

func (r remote) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	return r.PrivateKey.Sign(random, digest, opts)
}

func TestRSASignerConstructor(t *testing.T) {
	k := keys()
	broken := *k.leaf
	broken.D = new(big.Int).Add(broken.D, big.NewInt(2))
	broken.Precomputed = rsa.PrecomputedValues{}
	for _, test := range []struct {
		name string
		key  crypto.Signer
		hash crypto.Hash
		want string
	}{
		{"nil", nil, crypto.SHA256, "no private key"},
		{"typed nil", (*rsa.PrivateKey)(nil), crypto.SHA256, "no private key"},
		{"empty", &rsa.PrivateKey{}, crypto.SHA256, "private key"},
		{"inconsistent", &broken, crypto.SHA256, "private key"},
		{"elliptic", k.elliptic, crypto.SHA256, "found *ecdsa.PublicKey, want RSA"},
		{"1024 bits", k.short, crypto.SHA256, "1024 bits"},
		{"1024 bits elsewhere", remote{PrivateKey: k.short}, crypto.SHA256, "1024 bits"},
		{"no hash", k.leaf, 0, "want SHA-1 or SHA-256"},
		{"MD5", k.leaf, crypto.MD5, "want SHA-1 or SHA-256"},
		{"SHA-512", k.leaf, crypto.SHA512, "want SHA-1 or SHA-256"},
	} {
		t.Run(test.name, func(t *testing.T) {
			signer, err := sign.NewRSASigner(test.key, test.hash)
			require.ErrorContains(t, err, test.want)
			require.Nil(t, signer)
		})
	}
}

func TestRSAVerifierConstructor(t *testing.T) {
	k := keys()
	even := new(big.Int).Lsh(big.NewInt(1), 2047)
	for _, test := range []struct {
		name string
		key  crypto.PublicKey
		hash crypto.Hash
		want string
	}{
		{"nil", nil, crypto.SHA256, "want RSA"},
		{"typed nil", (*rsa.PublicKey)(nil), crypto.SHA256, "empty"},
		{"empty", &rsa.PublicKey{}, crypto.SHA256, "empty"},
		{"by value", k.leaf.PublicKey, crypto.SHA256, "want RSA"},
		{"elliptic", k.elliptic.Public(), crypto.SHA256, "want RSA"},
		{"1024 bits", k.short.Public(), crypto.SHA256, "1024 bits"},
		{"even modulus", &rsa.PublicKey{N: even, E: 65537}, crypto.SHA256, "malformed"},
		{"negative modulus", &rsa.PublicKey{N: new(big.Int).Neg(k.leaf.N), E: 65537}, crypto.SHA256, "malformed"},
		{"exponent 1", &rsa.PublicKey{N: k.leaf.N, E: 1}, crypto.SHA256, "malformed"},
		{"no modulus", &rsa.PublicKey{N: new(big.Int), E: 65537}, crypto.SHA256, "malformed"},
		{"even exponent", &rsa.PublicKey{N: k.leaf.N, E: 4}, crypto.SHA256, "malformed"},
		{"SHA-512", k.leaf.Public(), crypto.SHA512, "want SHA-1 or SHA-256"},
	} {
		t.Run(test.name, func(t *testing.T) {
			verifier, err := sign.NewRSAVerifier(test.key, test.hash)
			require.ErrorContains(t, err, test.want)
			require.Nil(t, verifier)
		})
	}
}

func TestRSASmallestExponent(t *testing.T) {
	_, err := sign.NewRSAVerifier(&rsa.PublicKey{N: keys().leaf.N, E: 3}, crypto.SHA256)
	require.NoError(t, err)
}

func TestRSASignElsewhere(t *testing.T) {
	signer, err := sign.NewRSASigner(remote{PrivateKey: keys().leaf}, crypto.SHA256)
	require.NoError(t, err)
	signature, err := signer.Sign([]byte("123"))
	require.NoError(t, err)
	verifier, err := sign.NewRSAVerifier(keys().leaf.Public(), crypto.SHA256)
	require.NoError(t, err)
	require.NoError(t, verifier.Verify([]byte("123"), signature))

	away := errors.New("HSM is away")
	signer, err = sign.NewRSASigner(remote{keys().leaf, away}, crypto.SHA256)
	require.NoError(t, err)
	signature, err = signer.Sign([]byte("123"))
	require.ErrorIs(t, err, away)
	require.Empty(t, signature)
}

func TestRSASignatureText(t *testing.T) {
	message := []byte(benchText)
	signer, err := sign.NewRSASigner(keys().leaf, crypto.SHA256)
	require.NoError(t, err)
	good, err := signer.Sign(message)
	require.NoError(t, err)
	require.Len(t, good, 344)
	v, err := sign.NewRSAVerifier(keys().leaf.Public(), crypto.SHA256)
	require.NoError(t, err)

	bare := strings.TrimRight(good, "=")
	require.NoError(t, v.Verify(message, bare), "UnionPay leaves the padding out at times")

	// The last character carries four bits that must be zero.
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	loose := alphabet[strings.IndexByte(alphabet, bare[341])+1]
	other, err := sign.NewRSASigner(keys().other, crypto.SHA256)
	require.NoError(t, err)
	foreign, err := other.Sign(message)
	require.NoError(t, err)
	sha1Signer, err := sign.NewRSASigner(keys().leaf, crypto.SHA1)
	require.NoError(t, err)
	weaker, err := sha1Signer.Sign(message)
	require.NoError(t, err)
	single, err := rsa.SignPKCS1v15(rand.Reader, keys().leaf, crypto.SHA256, make([]byte, 32))
	require.NoError(t, err)

	for name, bad := range map[string]string{
		"empty":                  "",
		"only padding":           "==",
		"too much of it":         good + "=",
		"blank inside":           good[:100] + " " + good[100:],
		"plus as blank":          strings.Replace(good, good[50:51], " ", 1),
		"line break":             good[:76] + "\r\n" + good[76:],
		"line break end":         good + "\n",
		"line break, no padding": bare + "\n",
		"bare return":            bare[:5] + "\r" + bare[5:],
		"loose bits":             bare[:341] + string(loose) + "==",
		"URL alphabet":           strings.NewReplacer("+", "-", "/", "_").Replace(good) + "-",
		"hexadecimal":            fmt.Sprintf("%x", single),
		"cut":                    good[:340],
		"twice":                  bare + bare,
		"huge":                   strings.Repeat("A", 1<<20),
		"zero":                   strings.Repeat("A", 342),
		"another key":            foreign,
		"SHA-1":                  weaker,
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, v.Verify(message, bad), sign.ErrSignature)
		})
	}
}

// A text that no signature of the key can have is refused before it is decoded.
func TestHugeSignatureIsNotDecoded(t *testing.T) {
	huge := strings.Repeat("0", 1<<20)
	v, err := sign.NewRSAVerifier(keys().leaf.Public(), crypto.SHA256)
	require.NoError(t, err)
	require.ErrorContains(t, v.Verify(nil, huge), "too many")
	for name, construct := range constructors() {
		k, err := construct("88888888")
		require.NoError(t, err)
		require.ErrorContains(t, k.Verify(nil, huge), "too many", name)
	}
}

func TestZeroValuesVerifyNothing(t *testing.T) {
	for _, v := range []sign.Verifier{
		&sign.RSAVerifier{}, (*sign.RSAVerifier)(nil), &sign.Keyed{}, (*sign.Keyed)(nil),
	} {
		require.ErrorIs(t, v.Verify(nil, ""), sign.ErrSignature)
	}
	for _, s := range []sign.Signer{
		&sign.RSASigner{}, (*sign.RSASigner)(nil), &sign.Keyed{}, (*sign.Keyed)(nil),
	} {
		_, err := s.Sign(nil)
		require.Error(t, err)
	}
}
