// Package upay is a client of the Upay gateway (收钱吧), which merchants reach with the key of an activated terminal.
//
// Answers are not signed: TLS is their only protection. What an answer says of an order is believed only when it
// names that order.
package upay

import (
	"errors"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// The gateways of the book. Upay has no public test environment.
const (
	Production = "https://vsi-api.shouqianba.com"
	HongKong   = "https://hk-api.shouqianba.com"
)

// Config says who calls.
type Config struct {
	Gateway     string       // scheme and host; empty means Production
	TerminalSN  string       // terminal number (收钱吧终端ID) from activation
	TerminalKey cnpay.Secret // the terminal's newest key, from activation or check-in
}

// Client calls Upay for one terminal. It is safe for concurrent use.
type Client struct {
	Orders *OrdersService

	gateway    string
	terminalSN string
	signer     sign.Signer
	settings   cnpay.Settings
	transport  *transport.Client
	fields     spec.Table
}

// New checks the configuration; it sends nothing.
func New(config Config, opts ...cnpay.Option) (*Client, error) {
	settings := cnpay.Settings{}.With(opts...)
	if config.Gateway == "" {
		config.Gateway = Production
	}
	gateway, err := transport.Gateway(config.Gateway, settings.PlainHTTP)
	var noTerminal error
	if config.TerminalSN == "" {
		noTerminal = errors.New("terminal number is missing")
	}
	signer, noKey := sign.NewSuffixMD5(config.TerminalKey.Reveal())
	if err := errors.Join(err, noTerminal, noKey); err != nil {
		return nil, transport.ConfigError("upay", err)
	}
	c := &Client{
		gateway: gateway, terminalSN: config.TerminalSN, signer: signer,
		settings: settings, transport: transport.New(settings.HTTPClient),
	}
	c.Orders = &OrdersService{c}
	return c, nil
}
