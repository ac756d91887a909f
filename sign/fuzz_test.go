package sign_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/cnpay-go/cnpay/sign"
)

// edit replaces cut bytes of text at a place. Where keys are new in every
// process, an edit is what a corpus can keep.
func edit(text string, at, cut uint16, insert string) string {
	from := min(int(at), len(text))
	to := min(from+int(cut), len(text))
	return text[:from] + insert + text[to:]
}

func FuzzRSAVerify(f *testing.F) {
	signer, err := sign.NewRSASigner(keys().leaf, crypto.SHA256)
	require.NoError(f, err)
	verifier, err := sign.NewRSAVerifier(keys().leaf.Public(), crypto.SHA256)
	require.NoError(f, err)
	good, err := signer.Sign([]byte(benchText))
	require.NoError(f, err)
	f.Add(uint16(0), uint16(0), "", uint16(0), uint16(0), "")
	f.Add(uint16(7), uint16(1), "1", uint16(0), uint16(0), "")
	f.Add(uint16(0), uint16(0), "", uint16(342), uint16(2), "")
	f.Add(uint16(0), uint16(0), "", uint16(76), uint16(0), "\r\n")
	f.Fuzz(func(t *testing.T, at, cut uint16, insert string, signatureAt, signatureCut uint16, signatureInsert string) {
		message := edit(benchText, at, cut, insert)
		signature := edit(good, signatureAt, signatureCut, signatureInsert)
		err := verifier.Verify([]byte(message), signature)
		if message == benchText && signature == good {
			require.NoError(t, err)
		}
		if err == nil {
			require.Equal(t, benchText, message)
			require.Equal(t, strings.TrimRight(good, "="), strings.TrimRight(signature, "="))
			return
		}
		require.ErrorIs(t, err, sign.ErrSignature)
	})
}

func FuzzKeyedVerify(f *testing.F) {
	f.Add([]byte(benchText), "88888888", "")
	f.Add([]byte{}, "k", "00")
	f.Fuzz(func(t *testing.T, message []byte, secret, text string) {
		for name, construct := range constructors() {
			keyed, err := construct(secret)
			if err != nil {
				require.Empty(t, strings.TrimSpace(secret))
				continue
			}
			good, err := keyed.Sign(message)
			require.NoError(t, err)
			require.NoError(t, keyed.Verify(message, good))
			if keyed.Verify(message, text) != nil {
				continue
			}
			if isHex(good) {
				text = strings.ToLower(text)
			}
			require.Equal(t, strings.TrimRight(good, "="), strings.TrimRight(text, "="), name)
		}
	})
}

func FuzzTrustVerifier(f *testing.F) {
	a := newAuthority(f)
	leaf := a.leaf(f, nil)
	good := pemText(leaf)
	trust := newTrust(f, a)
	f.Add(uint16(0), uint16(0), "")
	f.Add(uint16(2000), uint16(0), "\r\n")
	f.Add(uint16(27), uint16(1), "\r\n")
	f.Add(uint16(500), uint16(1), "A")
	f.Add(uint16(0), uint16(0), "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n")
	f.Add(uint16(0), uint16(9999), "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")
	f.Fuzz(func(t *testing.T, at, cut uint16, insert string) {
		text := edit(good, at, cut, insert)
		verifier, err := trust.Verifier(text, a.now())
		if text == good {
			require.NoError(t, err)
		}
		if err != nil {
			require.ErrorIs(t, err, sign.ErrCertificate)
			require.Nil(t, verifier)
			return
		}
		block, _ := pem.Decode([]byte(text))
		require.Equal(t, leaf.Raw, block.Bytes)
		require.Equal(t, 1, trust.Len())
	})
}

// ellipticPair is quick to make, and loading cares for no algorithm.
func ellipticPair(t testing.TB) (*ecdsa.PrivateKey, *x509.Certificate) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := new(authority).template(unionPay, true)
	return key, issue(t, template, template, key.Public(), key, crypto.SHA256)
}

func FuzzParseCertificates(f *testing.F) {
	key, certificate := ellipticPair(f)
	f.Add([]byte(pemText(certificate) + pemText(certificate)))
	f.Add(certificate.Raw)
	f.Add(pkcs8(f, key))
	f.Add([]byte("-----BEGIN CERTIFICATE-----"))
	f.Fuzz(func(t *testing.T, data []byte) {
		certificates, err := sign.ParseCertificates(data)
		if err != nil {
			require.Nil(t, certificates)
			return
		}
		require.NotEmpty(t, certificates)
		for _, certificate := range certificates {
			require.Len(t, sign.Fingerprint(certificate), 64)
			_, err := sign.NewChain(certificate, certificates[0])
			require.ErrorIs(t, err, sign.ErrCertificate)
		}
	})
}

func FuzzLoadIdentity(f *testing.F) {
	key, certificate := ellipticPair(f)
	pfx, err := pkcs12.LegacyDES.WithIterations(1).Encode(key, certificate, nil, "000000")
	require.NoError(f, err)
	f.Add(pfx, "000000")
	f.Add([]byte(block("PRIVATE KEY", pkcs8(f, key))+pemText(certificate)), "")
	f.Add([]byte{0x30, 0x80, 0, 0}, "")
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		id, err := sign.LoadIdentity(data, password)
		if err != nil {
			require.Nil(t, id)
			return
		}
		require.NotEmpty(t, id.CertID())
		_, _ = sign.NewRSASigner(id.Key, crypto.SHA256)
	})
}

func FuzzCanonical(f *testing.F) {
	f.Add("b=1&a=2&a-=3")
	f.Add("a=1&a=1")
	f.Fuzz(func(t *testing.T, text string) {
		var pairs []sign.Pair
		var parts []string
		for part := range strings.SplitSeq(text, "&") {
			name, value, _ := strings.Cut(part, "=")
			pairs = append(pairs, sign.Pair{Name: name, Value: value})
			parts = append(parts, name+"="+value)
		}
		got, err := sign.Canonical(pairs)
		if err != nil {
			require.ErrorIs(t, err, sign.ErrDuplicate)
			return
		}
		require.Len(t, got, len(strings.Join(parts, "&")))
		previous := ""
		for i, part := range strings.Split(string(got), "&") {
			require.Contains(t, parts, part)
			name, _, _ := strings.Cut(part, "=")
			require.True(t, i == 0 || previous < name)
			previous = name
		}
	})
}
