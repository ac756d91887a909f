// Package cnpaytest has what the gateways for tests (unionpaytest, upaytest ...) have in common: the ways in which they
// misbehave on command, and the methods that command them.
//
//	gateway := upaytest.NewServer()
//	defer gateway.Close()
//	gateway.Misbehave(upay.OpOrderRefund, cnpaytest.LostAnswer)
package cnpaytest

import (
	"strings"
	"time"
)

// Fault is a way for a gateway to misbehave. The order itself is still processed, except by Refused.
type Fault string

const (
	OK         Fault = "ok"
	LostAnswer Fault = "lost-answer" // processed, then the connection closes without a byte
	Hang       Fault = "hang"        // processed, then silence
	Reset      Fault = "reset"       // processed, then the connection is reset
	CutBody    Fault = "cut-body"    // the connection closes in the middle of the answer
	HTTP502    Fault = "http-502"    // a proxy's error page
	Empty      Fault = "empty"       // HTTP 200 without a body
	HTML       Fault = "html"        // HTTP 200 with a web page
	HugeBody   Fault = "huge-body"   // ten megabytes
	Redirect   Fault = "redirect"    // HTTP 307 to the same place

	Refused           Fault = "refused"            // a documented refusal; the order stays as it was
	BadSignature      Fault = "bad-signature"      // the answer's signature is wrong
	Unsigned          Fault = "unsigned"           // the answer has no signature
	ForgedCertificate Fault = "forged-certificate" // signed by a certificate of another authority
	OtherAnswer       Fault = "other-answer"       // a genuine answer about another order
	UnknownCode       Fault = "unknown-code"       // a code that no document lists
)

const late = "late "

// Late is a fault for what is still on its way when its caller has given up: the answer is lost, and the order changes d
// after the request arrived.
func Late(d time.Duration) Fault { return Fault(late + d.String()) }

// Delay is how late a request is processed, and whether it is late at all.
func (f Fault) Delay() (time.Duration, bool) {
	text, ok := strings.CutPrefix(string(f), late)
	if !ok {
		return 0, false
	}
	d, err := time.ParseDuration(text)
	return d, err == nil
}

// Gateway is what every gateway for tests is.
type Gateway interface {
	// Misbehave plans the faults that the next requests of an operation meet, one each, in order. Operations have the
	// names that tickets have.
	Misbehave(operation string, faults ...Fault)
	// AlwaysMisbehave makes every request of an operation that has no planned fault meet this one.
	AlwaysMisbehave(operation string, fault Fault)
	// Received is how many requests of an operation arrived.
	Received(operation string) int
}
