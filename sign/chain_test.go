package sign_test

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/sign"
)

// isUnionPay is the owner rule of UnionPay: the third element of the CN.
func isUnionPay(cn string) bool {
	parts := strings.Split(cn, "@")
	return len(parts) > 2 && parts[2] == "中国银联股份有限公司"
}

func TestChainLinks(t *testing.T) {
	for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256} {
		t.Run(hash.String(), func(t *testing.T) {
			a := &authority{hash: hash}
			a.root = a.issueRoot(t, nil)
			a.middle = a.issueMiddle(t, nil)
			leaf := a.leaf(t, nil)
			if hash == crypto.SHA1 {
				require.Equal(t, x509.SHA1WithRSA, leaf.SignatureAlgorithm)
				require.Error(t, leaf.CheckSignatureFrom(a.middle), "crypto/x509 takes SHA-1 again: check by hand no more")
			}
			require.NoError(t, a.chain(t).Verify(leaf, a.now(), isUnionPay))

			damaged := *leaf
			damaged.Signature = append([]byte{}, leaf.Signature...)
			damaged.Signature[10] ^= 1
			require.ErrorIs(t, a.chain(t).Verify(&damaged, a.now(), isUnionPay), sign.ErrCertificate)
			damaged = *leaf
			damaged.RawTBSCertificate = append([]byte{}, leaf.RawTBSCertificate...)
			damaged.RawTBSCertificate[100] ^= 1
			require.ErrorIs(t, a.chain(t).Verify(&damaged, a.now(), isUnionPay), sign.ErrCertificate)
		})
	}
}

func TestNewChainRefuses(t *testing.T) {
	k, a := keys(), newAuthority(t)
	template := a.template("TEST MIDDLE", true)
	shortRoot := issue(t, a.template("TEST ROOT", true), a.template("TEST ROOT", true), k.short.Public(), k.short, crypto.SHA256)
	otherRoot := issue(t, a.template("TEST ROOT", true), a.template("TEST ROOT", true), k.other.Public(), k.other, crypto.SHA256)
	for _, test := range []struct {
		name         string
		root, middle *x509.Certificate
		want         string
	}{
		{"no root", nil, a.middle, "no root"},
		{"no middle", a.root, nil, "no middle"},
		{"empty", &x509.Certificate{}, &x509.Certificate{Raw: []byte{1}}, "root"},
		{"the same twice", a.root, a.root, "the same"},
		{"swapped", a.middle, a.root, "root certificate: issued by"},
		{"root not self-signed", a.middle, a.leaf(t, nil), "root certificate: issued by"},
		{"root is no authority", issue(t, a.template("X", false), a.template("X", false), k.root.Public(), k.root, crypto.SHA256), a.middle, "not a certificate authority"},
		{"root of 1024 bits", shortRoot, issue(t, template, shortRoot, k.middle.Public(), k.short, crypto.SHA256), "1024 bits"},
		{"root elliptic", issue(t, a.template("TEST ROOT", true), a.template("TEST ROOT", true), k.elliptic.Public(), k.elliptic, 0), a.middle, "want RSA"},
		{"root of the same name", otherRoot, a.middle, "middle certificate: signature of the issuer"},
		{"middle by another root of the same name", a.root, issue(t, template, otherRoot, k.middle.Public(), k.other, crypto.SHA256), "signature of the issuer"},
		{"middle by a root of another name", a.root, issue(t, template, a.template("ANOTHER", true), k.middle.Public(), k.root, crypto.SHA256), "issued by"},
		{"middle is no authority", a.root, issue(t, a.template("TEST MIDDLE", false), a.root, k.middle.Public(), k.root, crypto.SHA256), "not a certificate authority"},
		{"middle says that it is no authority", a.root, a.issueMiddle(t, func(c *x509.Certificate) { c.IsCA = false }), "not a certificate authority"},
		{"middle may not sign", a.root, a.issueMiddle(t, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }), "may not sign"},
		{"middle by SHA-384", a.root, a.issueMiddle(t, func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA384WithRSA }), "SHA384"},
		{"middle by PSS", a.root, a.issueMiddle(t, func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA256WithRSAPSS }), "PSS"},
	} {
		t.Run(test.name, func(t *testing.T) {
			chain, err := sign.NewChain(test.root, test.middle)
			require.ErrorIs(t, err, sign.ErrCertificate)
			require.ErrorContains(t, err, test.want)
			require.Nil(t, chain)
		})
	}
}

func TestChainRefusesLeaf(t *testing.T) {
	k, a := keys(), newAuthority(t)
	chain := a.chain(t)
	cn := func(names ...string) change {
		return func(c *x509.Certificate) {
			c.Subject = pkix.Name{}
			for _, name := range names {
				c.Subject.ExtraNames = append(c.Subject.ExtraNames,
					pkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: name})
			}
		}
	}
	for _, test := range []struct {
		name string
		leaf *x509.Certificate
		want string
	}{
		{"nil", nil, "no certificate"},
		{"empty", &x509.Certificate{}, "expired"},
		{"same names, another authority", a.forged(t, k.leaf.Public()), "signature of the issuer"},
		{"another issuer", issue(t, a.template(unionPay, false), a.root, k.leaf.Public(), k.root, crypto.SHA256), "issued by"},
		{"self-signed", issue(t, a.template(unionPay, false), a.template(unionPay, false), k.leaf.Public(), k.leaf, crypto.SHA256), "issued by"},
		{"expired", a.leaf(t, func(c *x509.Certificate) { c.NotAfter = a.now().Add(-time.Second) }), "it expired on 2026-11-21T11:59:59Z"},
		{"not yet valid", a.leaf(t, func(c *x509.Certificate) { c.NotBefore = a.now().Add(time.Second) }), "not valid before"},
		{"a merchant's", a.leaf(t, cn("041@Z2014-11-11@700000000000001:SIGN@00000003")), "owner"},
		{"CN with one @", a.leaf(t, cn("041@中国银联股份有限公司")), "owner"},
		{"CN without @", a.leaf(t, cn("中国银联股份有限公司")), "owner"},
		{"CN empty", a.leaf(t, cn("")), "CN"},
		{"CN missing", a.leaf(t, func(c *x509.Certificate) { c.Subject.CommonName = "" }), "0 common names"},
		{"two CNs, good one last", a.leaf(t, cn("a@b@c", unionPay)), "2 common names"},
		{"two CNs, good one first", a.leaf(t, cn(unionPay, "a@b@c")), "2 common names"},
		{"elliptic", a.leafFor(t, k.elliptic.Public(), nil), "want RSA"},
		{"1024 bits", a.leafFor(t, k.short.Public(), nil), "1024 bits"},
		{"an authority", a.leaf(t, func(c *x509.Certificate) { c.BasicConstraintsValid, c.IsCA = true, true }), "authority"},
		{"the middle", a.middle, "authority"},
		{"the root", a.root, "authority"},
		{"unknown critical extension", a.leaf(t, func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
		}), "1.2.3.4"},
		{"SHA-512", a.leaf(t, func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA512WithRSA }), "SHA512"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := chain.Verify(test.leaf, a.now(), isUnionPay)
			require.ErrorIs(t, err, sign.ErrCertificate)
			require.ErrorContains(t, err, test.want)
		})
	}
	good := a.leaf(t, nil)
	require.NoError(t, chain.Verify(good, a.now(), isUnionPay))
	require.ErrorContains(t, chain.Verify(good, a.now(), nil), "no rule")
	require.ErrorIs(t, (*sign.Chain)(nil).Verify(good, a.now(), isUnionPay), sign.ErrCertificate)
	require.ErrorIs(t, new(sign.Chain).Verify(good, a.now(), isUnionPay), sign.ErrCertificate)
}

// The two above must be valid as well as the leaf; the ends of a validity belong to it.
func TestChainDates(t *testing.T) {
	a := &authority{hash: crypto.SHA256}
	day := func(n int) time.Time { return a.now().AddDate(0, 0, n) }
	within := func(from, to int) change {
		return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = day(from), day(to) }
	}
	a.root = a.issueRoot(t, within(-20, 20))
	a.middle = a.issueMiddle(t, within(-10, 10))
	wide, narrow := a.leaf(t, within(-90, 90)), a.leaf(t, within(-5, 5))
	chain := a.chain(t)
	require.NoError(t, chain.Verify(wide, day(10), isUnionPay))
	require.NoError(t, chain.Verify(wide, day(-10), isUnionPay))
	require.ErrorContains(t, chain.Verify(wide, day(11), isUnionPay), "its issuer expired")
	require.ErrorContains(t, chain.Verify(wide, day(-11), isUnionPay), "its issuer is not valid before")
	require.NoError(t, chain.Verify(narrow, day(5), isUnionPay))
	require.ErrorContains(t, chain.Verify(narrow, day(5).Add(time.Nanosecond), isUnionPay), "it expired")

	a.middle = a.issueMiddle(t, within(-90, 90))
	wide = a.leaf(t, within(-90, 90))
	require.ErrorContains(t, a.chain(t).Verify(wide, day(21), isUnionPay), "its root expired")
	require.ErrorContains(t, a.chain(t).Verify(wide, day(-21), isUnionPay), "its root is not valid before")
}
