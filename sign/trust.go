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

// A Trust turns the certificate inside a message (signPubKeyCert) into a
// verifier for that message, if it is the provider's own. It remembers the
// certificates that passed, never the ones that did not, and is safe for
// concurrent use.
type Trust struct {
	chain *Chain
	owner func(cn string) bool
	now   func() time.Time
	used  []func(leaf *x509.Certificate)

	mu      sync.RWMutex
	trusted []trusted // by age, one entry per certificate
}

// A trusted is a certificate that passed the chain. The text is the form in
// which it came last; keeping one per certificate, a forger who sends a genuine
// certificate in ever new wrappings cannot make the memory grow.
type trusted struct {
	text     string
	leaf     *x509.Certificate
	verifier *RSAVerifier
}

// NewTrust returns a Trust in the certificates that the chain issued to an
// accepted owner, as [Chain.Verify] judges at the time that now tells. The
// rule for the owner must be a pure function: it is asked once per certificate.
// Each of used is called whenever a message has been verified by a certificate, with that
// certificate: to notice, say, that it will end soon. It may be called concurrently.
func NewTrust(chain *Chain, owner func(cn string) bool, now func() time.Time, used ...func(leaf *x509.Certificate)) (*Trust, error) {
	if chain == nil || owner == nil || now == nil {
		return nil, errors.New("sign: trust needs a chain, a rule for the owner and a clock")
	}
	return &Trust{chain: chain, owner: owner, now: now, used: used}, nil
}

// Verifier returns the SHA-256 verifier of the one certificate in pemText,
// or an error that wraps [ErrCertificate]. Nothing but white space may stand
// behind the certificate and nothing before it. Dates are checked at every
// call, the rest when a certificate is seen for the first time.
func (t *Trust) Verifier(pemText string) (*RSAVerifier, error) {
	if t == nil || t.chain == nil {
		return nil, fmt.Errorf("%w: no chain", ErrCertificate)
	}
	now := t.now()
	if known, ok := t.lookup(func(k *trusted) bool { return k.text == pemText }); ok {
		if err := t.chain.checkDates(known.leaf, now); err != nil {
			return nil, err
		}
		return known.verifier, nil
	}
	der, err := certificateDER(pemText)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	known, ok := t.lookup(func(k *trusted) bool { return bytes.Equal(k.leaf.Raw, der) })
	if !ok {
		if known, err = t.check(der, now); err != nil {
			return nil, err
		}
	} else if err := t.chain.checkDates(known.leaf, now); err != nil {
		return nil, err
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
	if err := t.chain.Verify(leaf, now, t.owner); err != nil {
		return trusted{}, err
	}
	verifier, err := NewRSAVerifier(leaf.PublicKey, crypto.SHA256)
	if err != nil {
		return trusted{}, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	verifier.used = func() {
		for _, used := range t.used {
			used(leaf)
		}
	}
	return trusted{leaf: leaf, verifier: verifier}, nil
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

// remember puts known in the place of its former text, or at the end, for
// which the oldest makes room.
func (t *Trust) remember(known trusted) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.trusted {
		if t.trusted[i].leaf.Equal(known.leaf) {
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
