package unionpay

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// The SHA-256 fingerprints of the certificate authorities that UnionPay's messages were seen to lead to.
const (
	FingerprintProductionRoot   = "d9b74371966ad47a9b5944e8df1531161b8a53be425154ef9183d52186470419" // O=CFCA CS CA
	FingerprintProductionMiddle = "7cd797792af20611e0dd89950f254b83c30bb9a18747f43da1e3396628f9ee23" // O=CFCA OCA1
	FingerprintTestRoot         = "d246ee607359551bb5095ef6c7c40599de0e586859baf402b765f258c1e0b4ae" // CN=CFCA TEST CS CA
	FingerprintTestMiddle       = "ebd891525d1809c132b32e3b27918002e0cde1418c924b44c3f63b2a8dc637c5" // CN=CFCA TEST OCA1
)

// An Authority is two certificates that UnionPay gives out together: a root and the middle one that it issued.
type Authority struct {
	RootCert   *x509.Certificate // acp_*_root.cer
	MiddleCert *x509.Certificate // acp_*_middle.cer
}

// A Trust says which certificates inside messages are UnionPay's. It is made once and given to all clients of an
// environment ([Config.Trust]): they then remember in one place the certificates that were verified. Where UnionPay
// changes its authorities, as in October 2023, it has the old one and the new one, so that no message is refused
// whichever it comes from. It is safe for concurrent use.
type Trust struct {
	environment Environment
	authorities []Authority
	signing     *sign.Trust
}

// NewTrust returns a trust in UnionPay's certificates that one of the authorities issued. The environment may be empty,
// which means Production.
func NewTrust(environment Environment, authorities ...Authority) (*Trust, error) {
	t, err := newTrust(environment, authorities...)
	if err != nil {
		return nil, transport.ConfigError("unionpay", err)
	}
	return t, nil
}

func newTrust(environment Environment, authorities ...Authority) (*Trust, error) {
	if len(authorities) == 0 {
		return nil, errors.New("trust needs an authority, without which no answer can be verified")
	}
	t := &Trust{environment: cmp.Or(environment, Production), authorities: slices.Clone(authorities)}
	var chains []*sign.Chain
	for i, a := range authorities {
		root, middle := t.names(i)
		switch {
		case a.RootCert == nil || a.MiddleCert == nil:
			return nil, errors.Join(
				check(a.RootCert != nil, root+" is required, without which no answer can be verified"),
				check(a.MiddleCert != nil, middle+" is required, without which no answer can be verified"))
		case t.environment != Test && sign.Fingerprint(a.RootCert) == FingerprintTestRoot:
			return nil, errors.New(root + " is the root of UnionPay's test environment, which in production anybody can sign with")
		}
		chain, err := sign.NewChain(a.RootCert, a.MiddleCert)
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %w", root, middle, err)
		}
		chains = append(chains, chain)
	}
	var err error
	t.signing, err = sign.NewTrust(owner(t.environment), chains...)
	return t, err
}

// names are those of an authority's certificates in errors and warnings.
func (t *Trust) names(i int) (root, middle string) {
	if len(t.authorities) == 1 {
		return "rootCert", "middleCert"
	}
	return fmt.Sprintf("rootCert %d", i+1), fmt.Sprintf("middleCert %d", i+1)
}

// setTrust takes over which answers are trusted.
func (c *Client) setTrust(config Config) (err error) {
	switch {
	case config.Trust == nil:
		own := config.Identity
		if own != nil && own.Certificate != nil && (own.Certificate.Equal(config.RootCert) || own.Certificate.Equal(config.MiddleCert)) {
			return errors.New("rootCert or middleCert is the merchant's own certificate; want the files that UnionPay gives out")
		}
		if c.trust, err = newTrust(config.Environment, Authority{config.RootCert, config.MiddleCert}); err != nil {
			return err
		}
	case config.Trust.signing == nil:
		return errors.New("trust is not made by NewTrust")
	case config.RootCert != nil || config.MiddleCert != nil:
		return errors.New("trust is set together with rootCert and middleCert: set one of the two")
	case config.Trust.environment != cmp.Or(config.Environment, Production):
		return fmt.Errorf("trust is of the environment %s", config.Trust.environment)
	default:
		c.trust = config.Trust
	}
	root, middle := FingerprintProductionRoot, FingerprintProductionMiddle
	if c.trust.environment == Test {
		root, middle = FingerprintTestRoot, FingerprintTestMiddle
	}
	for i, a := range c.trust.authorities {
		rootName, middleName := c.trust.names(i)
		c.configured = append(c.configured, configured{rootName, a.RootCert, root}, configured{middleName, a.MiddleCert, middle})
	}
	if config.Identity != nil {
		c.configured = append(c.configured, configured{"identity", config.Identity.Certificate, ""})
	}
	return nil
}

// owner is the rule for the common name (CN) of UnionPay's certificates: four parts between "@", the third being
// its name. The authority issues merchants' certificates too, so the chain alone would let any merchant sign as UnionPay.
func owner(environment Environment) func(cn string) bool {
	return func(cn string) bool {
		parts := strings.Split(cn, "@")
		if len(parts) < 3 {
			return false
		}
		return parts[2] == "中国银联股份有限公司" || environment == Test && parts[2] == "00040000:SIGN"
	}
}
