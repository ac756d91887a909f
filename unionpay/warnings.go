package unionpay

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
)

// endsSoon is how long before its end a certificate is warned of. UnionPay announces a change of its own some weeks
// before, and a merchant's renewal takes days.
const endsSoon = 30 * 24 * time.Hour

// Warnings returns what is odd today, by the client's clock, and is no fault yet: a root or middle certificate that
// UnionPay is not known to use; a certificate that has ended or ends within 30 days, be it one of the configuration, the
// one inside UnionPay's last message, or the one of the last [EncryptionKeeper]. New logs what it finds, and while the
// program runs the logger hears of a certificate that ends soon, at most once a day of each.
func (c *Client) Warnings() []string {
	var found []string
	for _, x := range append(c.configured[:len(c.configured):len(c.configured)],
		configured{"signPubKeyCert", c.messages.Load(), ""}, configured{"encryptPubKeyCert", c.encryption.Load(), ""}) {
		found = append(found, x.warnings(c.now())...)
	}
	return found
}

// A configured is a certificate with the name of its setting or field.
type configured struct {
	name        string
	certificate *x509.Certificate
	known       string // the fingerprint that UnionPay's has; empty where any may be
}

func (x configured) warnings(now time.Time) []string {
	if x.certificate == nil {
		return nil
	}
	var found []string
	if got := sign.Fingerprint(x.certificate); x.known != "" && got != x.known {
		found = append(found, fmt.Sprintf("%s is not a certificate that UnionPay is known to use here (SHA-256 %s)", x.name, got))
	}
	begin, end := x.certificate.NotBefore, x.certificate.NotAfter
	day := func(t time.Time) string { return t.In(cnpay.Beijing()).Format(time.DateOnly) }
	switch {
	case now.After(end):
		found = append(found, fmt.Sprintf("%s (serial %v) ended on %s", x.name, x.certificate.SerialNumber, day(end)))
	case now.Add(endsSoon).After(end):
		found = append(found, fmt.Sprintf("%s (serial %v) ends on %s", x.name, x.certificate.SerialNumber, day(end)))
	case now.Before(begin):
		found = append(found, fmt.Sprintf("%s (serial %v) is not valid before %s", x.name, x.certificate.SerialNumber, day(begin)))
	}
	return found
}

// messageVerified hears of every message that is verified by the certificate inside it.
func (c *Client) messageVerified(leaf *x509.Certificate) {
	c.messages.Store(leaf)
	c.warnOfEnd("signPubKeyCert", leaf)
	for _, x := range c.configured {
		c.warnOfEnd(x.name, x.certificate)
	}
}

// warnOfEnd is cheap for a certificate that does not end soon.
func (c *Client) warnOfEnd(name string, certificate *x509.Certificate) {
	if c.call.Settings.Logger != nil && c.now().Add(endsSoon).After(certificate.NotAfter) {
		c.warn("unionpay certificate", configured{name, certificate, ""})
	}
}

// warn logs what is odd about a certificate, unless it did so within the last day.
func (c *Client) warn(message string, x configured) {
	now := c.now()
	warnings := x.warnings(now)
	if c.call.Settings.Logger == nil || len(warnings) == 0 || !c.warned.due(x.certificate, now) {
		return
	}
	for _, warning := range warnings {
		c.call.Settings.Logger.Warn(message, slog.String("warning", warning))
	}
}

// A warned remembers which certificates were warned of within a day.
type warned struct {
	mu sync.Mutex
	at map[[sha256.Size]byte]time.Time
}

// mostWarned bounds the memory of a warned. A client has a handful of certificates; beyond that it is silent for a day.
const mostWarned = 64

// due reports whether the certificate was not warned of within a day before now, and remembers that it is now.
func (w *warned) due(certificate *x509.Certificate, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, at := range w.at {
		if now.Sub(at).Abs() >= 24*time.Hour {
			delete(w.at, key)
		}
	}
	key := sha256.Sum256(certificate.Raw)
	if _, known := w.at[key]; known || len(w.at) >= mostWarned {
		return false
	}
	if w.at == nil {
		w.at = map[[sha256.Size]byte]time.Time{}
	}
	w.at[key] = now
	return true
}
