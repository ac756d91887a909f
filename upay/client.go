// Package upay is a client of the Upay gateway (收钱吧), which merchants reach with the key of an activated terminal.
//
// Answers are not signed: TLS is their only protection. An answer about an order is accepted only when it names that
// order.
//
// Comments that cite owner/name mean that public repository on GitHub: WoSai publishes Upay's documents and demos,
// the others are clients or notes of other people.
package upay

import (
	"cmp"
	"errors"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/credential"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// The gateways. Upay has no public test environment: integrators pay and revoke one fen with an activation code
// from its support.
const (
	Production = "https://vsi-api.shouqianba.com"
	HongKong   = "https://hk-api.shouqianba.com" // in newer material only (WoSai/sqb-payment-skills)
)

// Config is the terminal's access to the gateway. Blanks, line ends and invisible characters around TerminalSN and
// TerminalKey are dropped; inside they are refused.
type Config struct {
	Gateway     string       // scheme and host; empty means Production
	TerminalSN  string       // terminal number (收钱吧终端ID) from activation, digits
	TerminalKey cnpay.Secret // the terminal's newest key, from activation or check-in
}

// Client calls Upay for one terminal. It is safe for concurrent use.
type Client struct {
	Orders *OrdersService

	call   call.Client
	signer sign.Signer
}

// New checks the configuration; it sends nothing.
func New(config Config, opts ...cnpay.Option) (*Client, error) {
	settings := cnpay.Settings{}.With(opts...)
	gateway, noGateway := transport.Gateway(cmp.Or(config.Gateway, Production), settings.PlainHTTP)
	terminalSN, noTerminal := credential.Required("terminal number", config.TerminalSN)
	c := &Client{call: call.Client{
		Provider: "upay", Gateway: gateway, Account: terminalSN,
		Settings: settings, Transport: transport.New(settings.HTTPClient),
	}}
	for _, fault := range c.call.Fields.Check(&struct {
		TerminalSN string `json:"terminal number" spec:"O N..32"`
	}{terminalSN}) {
		noTerminal = errors.New(fault.Field + " " + fault.Problem)
	}
	key, noKey := credential.Required("terminal key", config.TerminalKey.Reveal())
	err := errors.Join(noGateway, noTerminal, noKey)
	if err == nil {
		c.signer, err = sign.NewSuffixMD5(key)
	}
	if err != nil {
		return nil, transport.ConfigError("upay", err)
	}
	c.Orders = &OrdersService{c}
	return c, nil
}
