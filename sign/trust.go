package sign

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// maxTrusted bounds the certificates a Trust remembers. A provider has
	// one in use, two while it changes them.
	maxTrusted = 16

	// maxCertificateText bounds the text of one; real ones have some 1600 bytes.
	maxCertificateText = 16 << 10
)

var errNoChain = fmt.Errorf("%w: no chain", ErrCertificate)

// A Trust turns the certificate inside a message (signPubKeyCert) into a
// verifier for that message, if it is the provider's own. It remembers the
// certificates that passed, never the ones that did not, and is safe for
// concurrent use: one serves all clients that trust alike.
type Trust struct {
	owner  func(cn string) bool
	chains []*Chain

	mu      sync.RWMutex
	trusted []trusted // by age, one entry per certificate
}

// A trusted is a certificate that passed the chain. The text is the form in
// which it came last; keeping one per certificate, a forger who sends a genuine
// certificate in ever new wrappings cannot make the memory grow.
type trusted struct {
	text     string
	chain    *Chain // that it was checked by last
	verifier *RSAVerifier
}

// NewTrust returns a Trust in the certificates that one of the chains issued to
// an accepted owner, as [Chain.Verify] judges. A provider that changes its
// authorities has two chains for a while. The rule for the owner must be a pure
// function: it is asked once per certificate.
func NewTrust(owner func(cn string) bool, chains ...*Chain) (*Trust, error) {
	if owner == nil || len(chains) == 0 || slices.Contains(chains, nil) {
		return nil, errors.New("sign: trust needs a rule for the owner and a chain")
	}
	return &Trust{owner: owner, chains: slices.Clone(chains)}, nil
}

// Verifier returns the SHA-256 verifier of the one certificate in pemText,
// or an error that wraps [ErrCertificate]. Nothing but white space may stand
// behind the certificate and nothing before it. Dates are checked at every
// call, the rest when a certificate is seen for the first time.
func (t *Trust) Verifier(pemText string, now time.Time) (*RSAVerifier, error) {
	if t == nil || len(t.chains) == 0 {
		return nil, errNoChain
	}
	known, ok := t.lookup(func(k *trusted) bool { return k.text == pemText })
	if ok && known.chain.checkDates(known.verifier.certificate, now) == nil {
		return known.verifier, nil
	}
	der, err := certificateDER(pemText)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	known, ok = t.lookup(func(k *trusted) bool { return bytes.Equal(k.verifier.certificate.Raw, der) })
	if !ok || known.chain.checkDates(known.verifier.certificate, now) != nil { // another chain's dates may hold
		if known, err = t.check(der, now); err != nil {
			return nil, err
		}
	}
	known.text = strings.Clone(pemText) // not a view into a whole message
	t.remember(known)
	return known.verifier, nil
}

// check is the slow way, for a certificate not seen before.
func (t *Trust) check(der []byte, now time.Time) (trusted, error) {
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return trusted{}, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	chain, err := t.verify(leaf, now, t.owner)
	if err != nil {
		return trusted{}, err
	}
	verifier, err := NewRSAVerifier(leaf.PublicKey, crypto.SHA256)
	if err != nil {
		return trusted{}, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	verifier.certificate = leaf
	return trusted{chain: chain, verifier: verifier}, nil
}

// Verify is [Chain.Verify] by any of the chains: for a certificate that is for
// something else than signing, and has an owner of its own.
func (t *Trust) Verify(leaf *x509.Certificate, now time.Time, owner func(cn string) bool) error {
	_, err := t.verify(leaf, now, owner)
	return err
}

// verify returns the chain that the leaf is verified by. The error is that of
// the chain that issued it, if one did.
func (t *Trust) verify(leaf *x509.Certificate, now time.Time, owner func(cn string) bool) (*Chain, error) {
	if t == nil || len(t.chains) == 0 {
		return nil, errNoChain
	}
	var fault error
	issued := false
	for _, chain := range t.chains {
		err := chain.Verify(leaf, now, owner)
		switch {
		case err == nil:
			return chain, nil
		case !issued:
			issued = leaf != nil && checkIssued(leaf, chain.middle) == nil
			if issued || fault == nil {
				fault = err
			}
		}
	}
	return nil, fault
}

func (t *Trust) lookup(match func(*trusted) bool) (trusted, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for i := range t.trusted {
		if match(&t.trusted[i]) {
			return t.trusted[i], true
		}
	}
	return trusted{}, false
}

// remember puts known instead of its former text, or at the end, for
// which the oldest makes room.
func (t *Trust) remember(known trusted) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.trusted {
		if t.trusted[i].verifier.certificate.Equal(known.verifier.certificate) {
			t.trusted[i] = known
			return
		}
	}
	if len(t.trusted) == maxTrusted {
		t.trusted = slices.Delete(t.trusted, 0, 1)
	}
	t.trusted = append(t.trusted, known)
}

// certificateDER returns the content of the one PEM block that text is.
func certificateDER(text string) ([]byte, error) {
	switch {
	case len(text) > maxCertificateText:
		return nil, fmt.Errorf("text of %d bytes is too long", len(text))
	case !strings.HasPrefix(text, pemBegin+"CERTIFICATE-----"):
		return nil, errors.New("text does not begin with a PEM certificate")
	case strings.Count(text, pemBegin) > 1:
		return nil, errors.New("more than one PEM block")
	}
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" || len(block.Headers) > 0 {
		return nil, errors.New("damaged PEM block")
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("text behind the PEM block")
	}
	return block.Bytes, nil
}
