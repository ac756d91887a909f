package cnpayotel

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/cnpay-go/cnpay"
)

// The attributes that the conventions do not have.
const (
	providerKey  = attribute.Key("cnpay.provider")
	operationKey = attribute.Key("cnpay.operation")
	orderKey     = attribute.Key("cnpay.order")
	sendingKey   = attribute.Key("cnpay.sending")
	outcomeKey   = attribute.Key("cnpay.outcome")
	codeKey      = attribute.Key("cnpay.code")
	sentKey      = attribute.Key("cnpay.sent")
	queriesKey   = attribute.Key("cnpay.queries")
	absentKey    = attribute.Key("cnpay.absent")
	ageKey       = attribute.Key("cnpay.age")
)

// about is what a span knows from its beginning, so that samplers know it too.
func about(t cnpay.Ticket) []attribute.KeyValue {
	attributes := []attribute.KeyValue{providerKey.String(t.Provider), operationKey.String(t.Operation)}
	if t.Order != "" {
		attributes = append(attributes, orderKey.String(text(t.Order)))
	}
	return attributes
}

// counted is what metrics know: a few values each.
func counted(t cnpay.Ticket, outcome cnpay.Outcome, failure string) []attribute.KeyValue {
	attributes := []attribute.KeyValue{providerKey.String(t.Provider), operationKey.String(t.Operation), outcomeKey.String(outcome.String())}
	if failure != "" {
		attributes = append(attributes, semconv.ErrorTypeKey.String(failure))
	}
	return attributes
}

// server is the host that was called, and its port where it is not that of the scheme.
func server(host string) []attribute.KeyValue {
	address, port, err := net.SplitHostPort(host)
	if err != nil {
		address, port = strings.Trim(host, "[]"), ""
	}
	if address == "" {
		return nil
	}
	attributes := []attribute.KeyValue{semconv.ServerAddress(text(address))}
	if n, err := strconv.Atoi(port); err == nil {
		attributes = append(attributes, semconv.ServerPort(n))
	}
	return attributes
}

// text is at most a hundred characters, and valid: one invalid byte would cost an exporter its whole batch.
func text(s string) string {
	const most = 100
	n := 0
	return strings.Map(func(r rune) rune {
		if n++; n > most {
			return -1
		}
		return r // an invalid byte is U+FFFD here
	}, s)
}

// name reports whether a text from elsewhere has the form of a code or a kind: short, in plain letters and digits, and not
// so many digits that they could be a card's.
func name(s string) (string, bool) {
	const longest, mostDigits = 64, 11 // card numbers have twelve at least
	if s == "" || len(s) > longest {
		return "", false
	}
	digits := 0
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '_', r == '-', r == '.':
		default:
			return "", false
		}
	}
	return s, digits <= mostDigits
}

// errorType is the kind of an error, one of few.
func errorType(err error, status int) string {
	var own interface{ ErrorType() string } // as OpenTelemetry's own instrumentations have it: of a recorder that stopped the call
	if errors.As(err, &own) {
		if kind, ok := name(own.ErrorType()); ok {
			return kind
		}
	}
	if errors.Is(err, cnpay.ErrHTTPStatus) && status != 0 {
		return strconv.Itoa(status)
	}
	for _, kind := range [...]struct {
		err  error
		name string
	}{
		{cnpay.ErrInvalidRequest, "invalid_request"}, {cnpay.ErrHTTPStatus, "http_status"}, {cnpay.ErrTooLarge, "too_large"},
		{cnpay.ErrMalformed, "malformed"}, {cnpay.ErrSignature, "signature"}, {cnpay.ErrMismatch, "mismatch"},
		{context.Canceled, "canceled"},
	} {
		if errors.Is(err, kind.err) {
			return kind.name
		}
	}
	if kind := networkType(err); kind != "" {
		return kind
	}
	switch {
	case errors.Is(err, cnpay.ErrTransport):
		return "transport"
	case errors.Is(err, cnpay.ErrUndecided):
		return "undecided"
	case errors.Is(err, cnpay.ErrRefused):
		return "refused"
	}
	return semconv.ErrorTypeOther.Value.AsString()
}

// networkType is the kind of what failed in the network: whose it is to fix.
func networkType(err error) string {
	var (
		timeout     net.Error
		certificate *tls.CertificateVerificationError
		dns         *net.DNSError
		operation   *net.OpError
	)
	switch {
	case errors.As(err, &certificate):
		return "certificate"
	case errors.As(err, &dns):
		return "dns"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.As(err, &operation) && operation.Op == "dial":
		return "connect"
	}
	return ""
}
