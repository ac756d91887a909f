package cnpayotel

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"

	"github.com/cnpay-go/cnpay"
)

// What a provider calls a code is shown only if it has the form of one.
func TestName(t *testing.T) {
	for _, code := range []string{"00", "UPAY_TCP_ORDER_NOT_REFUNDABLE", "00060760", "5100035", "A6", "trade.not-found"} {
		shown, ok := name(code)
		require.True(t, ok, code)
		require.Equal(t, code, shown)
	}
	for _, code := range []string{
		"", "6216261000000000018", "card-6216-2610-0000-0000", "text with blanks", "成功", "a\nb", "<html>", "\xff", strings.Repeat("A", 65),
	} {
		_, ok := name(code)
		require.False(t, ok, code)
	}
}

func TestText(t *testing.T) {
	require.Equal(t, "订单1", text("订单1"))
	require.True(t, utf8.ValidString(text("order\xff\xfe")))
	require.Len(t, []rune(text(strings.Repeat("单", 1000))), 100)
}

func TestServer(t *testing.T) {
	for host, want := range map[string]string{
		"":                      "",
		"api.shouqianba.com":    "server.address=api.shouqianba.com",
		"gateway.95516.com:443": "server.address=gateway.95516.com,server.port=443",
		"[::1]:8443":            "server.address=::1,server.port=8443",
		"[::1]":                 "server.address=::1",
	} {
		set := attribute.NewSet(server(host)...)
		require.Equal(t, want, set.Encoded(attribute.DefaultEncoder()))
	}
}

// crooked is an error whose kind is none.
type crooked struct{ error }

func (crooked) ErrorType() string { return "card 6216261000000000018" }

func TestErrorType(t *testing.T) {
	dial := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	for want, err := range map[string]error{
		"canceled":        fmt.Errorf("%w: %w", cnpay.ErrTransport, context.Canceled),
		"timeout":         fmt.Errorf("%w: %w", cnpay.ErrTransport, context.DeadlineExceeded),
		"dns":             fmt.Errorf("%w: %w", cnpay.ErrTransport, &net.OpError{Op: "dial", Err: &net.DNSError{IsTimeout: true}}),
		"connect":         fmt.Errorf("%w: %w", cnpay.ErrTransport, dial),
		"certificate":     fmt.Errorf("%w: %w", cnpay.ErrTransport, &tls.CertificateVerificationError{Err: errors.New("x509")}),
		"transport":       fmt.Errorf("%w: %w", cnpay.ErrTransport, crooked{errors.New("reset")}),
		"signature":       cnpay.ErrSignature,
		"502":             fmt.Errorf("%w: %w", cnpay.ErrHTTPStatus, cnpay.ErrMalformed),
		"invalid_request": &cnpay.InvalidRequestError{},
		"undecided":       fmt.Errorf("%w: %w", cnpay.ErrUndecided, cnpay.ErrRefused),
		"refused":         cnpay.ErrRefused,
		"_OTHER":          errors.New("pq: password of user shop is wrong"),
	} {
		require.Equal(t, want, errorType(err, 502))
	}
	require.Equal(t, "http_status", errorType(cnpay.ErrHTTPStatus, 0))
}
