package sign_test

import (
	"crypto"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/sign"
)

// The floor of each benchmark is what the rule cannot do without: the hashes
// and the one RSA operation.

func BenchmarkRSASign(b *testing.B) {
	key, message := keys().leaf, []byte(benchText)
	signer, err := sign.NewRSASigner(key, crypto.SHA256)
	require.NoError(b, err)
	b.Run("floor", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			first := sha256.Sum256(message)
			second := sha256.Sum256(first[:])
			if _, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, second[:]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("sign", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := signer.Sign(message); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkRSAVerify(b *testing.B) {
	key, message := keys().leaf, []byte(benchText)
	signer, err := sign.NewRSASigner(key, crypto.SHA256)
	require.NoError(b, err)
	signature, err := signer.Sign(message)
	require.NoError(b, err)
	raw, err := base64.StdEncoding.DecodeString(signature)
	require.NoError(b, err)
	inner := []byte(sign.SHA256Hex(message))
	a := newAuthority(b)
	trust, err := sign.NewTrust(anyone, a.chain(b))
	require.NoError(b, err)
	text := pemText(a.leaf(b, nil))

	b.Run("floor", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sha256.Sum256(message)
			digest := sha256.Sum256(inner)
			if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, digest[:], raw); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("verify", func(b *testing.B) {
		b.ReportAllocs()
		verifier, err := sign.NewRSAVerifier(&key.PublicKey, crypto.SHA256)
		require.NoError(b, err)
		for b.Loop() {
			if err := verifier.Verify(message, signature); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("certificate and verify", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			verifier, err := trust.Verifier(text, a.now())
			if err != nil {
				b.Fatal(err)
			}
			if err := verifier.Verify(message, signature); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("certificate not seen before", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			fresh, err := sign.NewTrust(anyone, a.chain(b))
			if err != nil {
				b.Fatal(err)
			}
			if _, err := fresh.Verifier(text, a.now()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkKeyed(b *testing.B) {
	message := []byte(benchText)
	b.Run("floor SHA-256", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sha256.Sum256(message)
		}
	})
	b.Run("floor MD5", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			md5.Sum(message)
		}
	})
	b.Run("floor SM3", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sign.SM3(message)
		}
	})
	for name, construct := range constructors() {
		keyed, err := construct("88888888")
		require.NoError(b, err)
		signature, err := keyed.Sign(message)
		require.NoError(b, err)
		b.Run("verify "+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := keyed.Verify(message, signature); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCanonical(b *testing.B) {
	sorted := []sign.Pair{
		{"accessType", "0"}, {"bizType", "000000"}, {"encoding", "UTF-8"}, {"merId", "777290058110048"},
		{"orderId", "20240105145046001"}, {"signMethod", "11"}, {"txnSubType", "00"},
		{"txnTime", "20240105145046"}, {"txnType", "00"}, {"version", "5.1.0"},
	}
	reversed := make([]sign.Pair, 0, len(sorted))
	for i := len(sorted) - 1; i >= 0; i-- {
		reversed = append(reversed, sorted[i])
	}
	for name, pairs := range map[string][]sign.Pair{"sorted": sorted, "reversed": reversed} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			buf := make([]byte, 0, 1<<10)
			for b.Loop() {
				if _, err := sign.AppendCanonical(buf, pairs); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// benchText is a query, as long as most messages are.
const benchText = "accessType=0&bizType=000000&encoding=UTF-8&merId=777290058110048&orderId=20240105145046001" +
	"&signMethod=11&txnSubType=00&txnTime=20240105145046&txnType=00&version=5.1.0"
