package sign_test

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/sign"
)

func newTrust(t testing.TB, a *authority) *sign.Trust {
	trust, err := sign.NewTrust(isUnionPay, a.chain(t))
	require.NoError(t, err)
	return trust
}

func TestNewTrustRefuses(t *testing.T) {
	a := newAuthority(t)
	for _, construct := range []func() (*sign.Trust, error){
		func() (*sign.Trust, error) { return sign.NewTrust(anyone) },
		func() (*sign.Trust, error) { return sign.NewTrust(anyone, a.chain(t), nil) },
		func() (*sign.Trust, error) { return sign.NewTrust(nil, a.chain(t)) },
	} {
		trust, err := construct()
		require.Error(t, err)
		require.Nil(t, trust)
	}
	for _, trust := range []*sign.Trust{nil, {}} {
		_, err := trust.Verifier(pemText(a.leaf(t, nil)), a.now())
		require.ErrorIs(t, err, sign.ErrCertificate)
	}
}

func TestTrustVerifier(t *testing.T) {
	a := newAuthority(t)
	trust := newTrust(t, a)
	signer, err := sign.NewRSASigner(keys().leaf, crypto.SHA256)
	require.NoError(t, err)
	signature, err := signer.Sign([]byte(benchText))
	require.NoError(t, err)
	text := pemText(a.leaf(t, nil))
	for name, text := range map[string]string{
		"LF":         text,
		"again":      text,
		"CRLF":       strings.ReplaceAll(text, "\n", "\r\n"),
		"no end":     strings.TrimSuffix(text, "\n"),
		"blank ends": text + "\r\n \t\n",
	} {
		verifier, err := trust.Verifier(text, a.now())
		require.NoError(t, err, name)
		require.NoError(t, verifier.Verify([]byte(benchText), signature), name)
		require.Equal(t, 1, trust.Len(), "one certificate in several wrappings")
	}
}

func TestTrustRefuses(t *testing.T) {
	a := newAuthority(t)
	good := pemText(a.leaf(t, nil))
	for _, warm := range []bool{false, true} {
		for name, bad := range map[string]string{
			"empty":               "",
			"blank":               "\n",
			"no PEM":              "certificate",
			"leading blank":       " " + good,
			"leading line":        "\n" + good,
			"leading text":        "subject=/CN=x\n" + good,
			"text behind":         good + "x",
			"NUL behind":          good + "\x00",
			"twice":               good + good,
			"damaged one first":   "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n" + good,
			"headers":             strings.Replace(good, "\n", "\nProc-Type: 4\n\n", 1),
			"another type":        strings.ReplaceAll(good, "CERTIFICATE", "TRUSTED CERTIFICATE"),
			"type by prefix":      strings.ReplaceAll(good, "CERTIFICATE-----", "CERTIFICATE-----X-----"),
			"a key":               string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}})),
			"no certificate":      string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{1}})),
			"nothing in it":       string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE"})),
			"trailing DER":        string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: append(a.leaf(t, nil).Raw, 0)})),
			"cut":                 good[:len(good)-40],
			"no end line":         strings.Split(good, "-----END")[0],
			"huge":                good + strings.Repeat("\n", 1<<20),
			"a merchant's":        pemText(a.leaf(t, func(c *x509.Certificate) { c.Subject.CommonName = "041@Z@700000000000001:SIGN@1" })),
			"expired":             pemText(a.leaf(t, func(c *x509.Certificate) { c.NotAfter = a.now().Add(-time.Hour) })),
			"an authority":        pemText(a.middle),
			"another authority's": pemText(a.forged(t, keys().leaf.Public())),
		} {
			trust := newTrust(t, a)
			if warm {
				_, err := trust.Verifier(good, a.now())
				require.NoError(t, err)
			}
			for range 2 {
				verifier, err := trust.Verifier(bad, a.now())
				require.ErrorIs(t, err, sign.ErrCertificate, name)
				require.Nil(t, verifier, name)
			}
			if warm {
				require.Equal(t, 1, trust.Len(), name)
			} else {
				require.Zero(t, trust.Len(), "%s: remembered", name)
			}
		}
	}
}

// A single changed byte of the text either leaves the certificate as it is, as a
// blank for a line break does, or is refused.
func TestTrustFlipEveryByte(t *testing.T) {
	a := newAuthority(t)
	leaf := a.leaf(t, nil)
	good := pemText(leaf)
	for _, mask := range []byte{0x01, 0x20, 0x80} {
		trust := newTrust(t, a)
		for i := range len(good) {
			bad := []byte(good)
			bad[i] ^= mask
			verifier, err := trust.Verifier(string(bad), a.now())
			if block, _ := pem.Decode(bad); err == nil {
				require.Equal(t, leaf.Raw, block.Bytes, "byte %d", i)
				continue
			}
			require.ErrorIs(t, err, sign.ErrCertificate)
			require.Nil(t, verifier)
		}
		require.LessOrEqual(t, trust.Len(), 1)
	}
}

func TestTrustChecksDatesAtEveryUse(t *testing.T) {
	a := newAuthority(t)
	a.middle = a.issueMiddle(t, func(c *x509.Certificate) { c.NotAfter = a.now().AddDate(0, 2, 0) })
	now := a.now()
	trust := newTrust(t, a)
	month := pemText(a.leaf(t, func(c *x509.Certificate) { c.NotAfter = a.now().AddDate(0, 1, 0) }))
	year := pemText(a.leaf(t, nil))
	for _, text := range []string{month, year} {
		_, err := trust.Verifier(text, now)
		require.NoError(t, err)
	}
	refused := func(text, want string) {
		for _, text := range []string{text, text + "\n"} { // known by its text, and by its content
			verifier, err := trust.Verifier(text, now)
			require.ErrorIs(t, err, sign.ErrCertificate)
			require.ErrorContains(t, err, want)
			require.Nil(t, verifier)
		}
	}
	now = a.now().AddDate(0, 1, 1)
	refused(month, "it expired")
	_, err := trust.Verifier(year, now)
	require.NoError(t, err)
	now = a.now().AddDate(0, 2, 1)
	refused(year, "its issuer expired")
	now = a.now().AddDate(-2, 0, 0)
	refused(year, "not valid before")
}

func TestTrustBoundsTheText(t *testing.T) {
	a := newAuthority(t)
	text := pemText(a.leaf(t, nil))
	longest := text + strings.Repeat("\n", 16<<10-len(text))
	_, err := newTrust(t, a).Verifier(longest, a.now())
	require.NoError(t, err)
	_, err = newTrust(t, a).Verifier(longest+"\n", a.now())
	require.ErrorContains(t, err, "text of 16385 bytes is too long")
}

func TestTrustSaysWhoseKeyItIs(t *testing.T) {
	a := newAuthority(t)
	leaf := a.leaf(t, nil)
	verifier, err := newTrust(t, a).Verifier(pemText(leaf), a.now())
	require.NoError(t, err)
	require.True(t, leaf.Equal(verifier.Certificate()))
	plain, err := sign.NewRSAVerifier(leaf.PublicKey, crypto.SHA256)
	require.NoError(t, err)
	require.Nil(t, plain.Certificate())
}

// A provider that changes its authorities signs with certificates of both for a while.
func TestTrustInTwoAuthorities(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	other.root = issue(t, other.template("NEW ROOT", true), other.template("NEW ROOT", true), keys().other.Public(), keys().other, crypto.SHA256)
	other.middle = issue(t, other.template("NEW MIDDLE", true), other.root, &keys().middle.PublicKey, keys().other, crypto.SHA256)
	before, after := a.leaf(t, nil), other.leaf(t, nil)

	_, err := newTrust(t, a).Verifier(pemText(after), a.now())
	require.ErrorContains(t, err, "NEW MIDDLE")
	trust, err := sign.NewTrust(isUnionPay, a.chain(t), other.chain(t))
	require.NoError(t, err)
	for _, leaf := range []*x509.Certificate{before, after, before} {
		verifier, err := trust.Verifier(pemText(leaf), a.now())
		require.NoError(t, err)
		require.True(t, leaf.Equal(verifier.Certificate()))
		require.NoError(t, trust.Verify(leaf, a.now(), anyone))
	}
	_, err = trust.Verifier(pemText(a.forged(t, keys().other.Public())), a.now())
	require.ErrorIs(t, err, sign.ErrCertificate)
	stranger := other.leaf(t, func(c *x509.Certificate) { c.Subject.CommonName = "a merchant" })
	_, err = trust.Verifier(pemText(stranger), a.now())
	require.ErrorContains(t, err, `owner "a merchant" is not accepted`, "the word of the chain that issued it")
}

// An authority that is certified again has two certificates of one key, of which the older ends.
func TestTrustInARenewedAuthority(t *testing.T) {
	a, renewed := newAuthority(t), newAuthority(t)
	renewed.middle = renewed.issueMiddle(t, func(c *x509.Certificate) { c.NotAfter = a.now().AddDate(5, 0, 0) })
	text := pemText(a.leaf(t, func(c *x509.Certificate) { c.NotAfter = a.now().AddDate(4, 0, 0) }))
	a.root = a.issueRoot(t, func(c *x509.Certificate) { c.NotAfter = a.now().AddDate(6, 0, 0) })
	renewed.root = a.root
	trust, err := sign.NewTrust(isUnionPay, a.chain(t), renewed.chain(t))
	require.NoError(t, err)
	for _, now := range []time.Time{a.now(), a.now().AddDate(2, 0, 0), a.now(), a.now().AddDate(3, 0, 0)} {
		_, err = trust.Verifier(text, now)
		require.NoError(t, err)
		require.Equal(t, 1, trust.Len())
	}
	_, err = trust.Verifier(text, a.now().AddDate(4, 0, 1))
	require.ErrorContains(t, err, "it expired")
}

func TestTrustIsBounded(t *testing.T) {
	a := newAuthority(t)
	asked := 0
	trust, err := sign.NewTrust(func(string) bool { asked++; return true }, a.chain(t))
	require.NoError(t, err)
	serial := func(n int64) string {
		return pemText(a.leaf(t, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(n) }))
	}
	first := serial(1)
	for range 3 {
		_, err := trust.Verifier(first, a.now())
		require.NoError(t, err)
	}
	require.Equal(t, 1, asked)

	for i := range 1000 { // one certificate, a thousand texts
		_, err := trust.Verifier(first+strings.Repeat("\n", i), a.now())
		require.NoError(t, err)
	}
	require.Equal(t, 1, asked)
	require.Equal(t, 1, trust.Len())

	for n := range int64(sign.MaxTrusted + 3) {
		_, err := trust.Verifier(serial(n+2), a.now())
		require.NoError(t, err)
		require.LessOrEqual(t, trust.Len(), sign.MaxTrusted)
	}
	require.Equal(t, sign.MaxTrusted, trust.Len())
	asked = 0
	_, err = trust.Verifier(first, a.now()) // had to make room, and is checked again
	require.NoError(t, err)
	require.Equal(t, 1, asked)
	_, err = trust.Verifier(serial(sign.MaxTrusted+4), a.now()) // the newest is still known
	require.NoError(t, err)
	require.Equal(t, 1, asked)
}

func TestTrustHitDoesNotAllocate(t *testing.T) {
	a := newAuthority(t)
	trust, text := newTrust(t, a), pemText(a.leaf(t, nil))
	_, err := trust.Verifier(text, a.now())
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = trust.Verifier(text, a.now()) }))
}

func TestTrustConcurrently(t *testing.T) {
	a := newAuthority(t)
	trust := newTrust(t, a)
	signer, err := sign.NewRSASigner(keys().leaf, crypto.SHA256)
	require.NoError(t, err)
	signature, err := signer.Sign([]byte(benchText))
	require.NoError(t, err)
	var texts []string
	for n := range int64(sign.MaxTrusted + 4) {
		texts = append(texts, pemText(a.leaf(t, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(n + 1) })))
	}
	forged := pemText(a.forged(t, keys().other.Public()))
	var wg sync.WaitGroup
	var wrong atomic.Int32
	for worker := range 8 {
		wg.Go(func() {
			for i := range 60 {
				text := texts[(worker+i)%len(texts)] + strings.Repeat("\n", i%3)
				verifier, err := trust.Verifier(text, a.now())
				if err != nil || verifier.Verify([]byte(benchText), signature) != nil {
					wrong.Add(1)
				}
				if verifier, err := trust.Verifier(forged, a.now()); err == nil || verifier != nil {
					wrong.Add(1)
				}
			}
		})
	}
	wg.Wait()
	require.Zero(t, wrong.Load())
	require.Equal(t, sign.MaxTrusted, trust.Len())
}
