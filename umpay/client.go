// Package umpay cancels card pre-authorisations (预授权撤销) at the POS terminals of UMPay (联动优势, U付).
//
// UMPay's payment plugin runs inside an Android app on the terminal, so no server can call it, and UMPay signs
// nothing there. Something must carry the request from the merchant's back-end down to the merchant's own app on the
// terminal, and the plugin's callback up. BRIDGE.md in this directory is the contract for that, and this package is
// the back-end's side of it, in both directions:
//
//   - [Client] calls the bridge of one terminal: [PreauthService.Cancel] starts a cancellation and waits for its end,
//     [CommandsService.Get] queries one.
//   - [Receiver] is the http.Handler to which terminals post what happened, including cancellations started at the
//     till. It stores each event before it acknowledges it.
//
// The objects inside are UMPay's own, with its field names; comments quote the terms of its documents. Both directions
// are authenticated with a secret that the back-end shares with each terminal. Card numbers are masked, and expiry
// dates dropped, as soon as a message is verified: neither a response nor a stored event holds a card number in clear.
package umpay

import (
	"errors"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/credential"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// Config is the terminal to call. Blanks, line ends and invisible characters around Terminal and Secret are dropped; inside
// they are refused.
type Config struct {
	Gateway  string       // scheme and host of the terminal's bridge; there is no default
	Terminal string       // serial number (SN) of the terminal
	Secret   cnpay.Secret // shared with this terminal
}

// Client calls the bridge of one terminal. It is safe for concurrent use.
type Client struct {
	Preauth  *PreauthService
	Commands *CommandsService

	gateway   string
	terminal  string
	mac       *sign.Keyed
	settings  cnpay.Settings
	transport *transport.Client
	fields    spec.Table
}

// New checks the configuration; it sends nothing.
func New(config Config, opts ...cnpay.Option) (*Client, error) {
	settings := cnpay.Settings{}.With(opts...)
	gateway, noGateway := transport.Gateway(config.Gateway, settings.PlainHTTP)
	if config.Gateway == "" {
		noGateway = errors.New("gateway: the address of the terminal's bridge is missing")
	}
	terminal, noTerminal := credential.Required("terminal", config.Terminal)
	if noTerminal == nil && !validTerminal(terminal) {
		noTerminal = errors.New("terminal must be at most 64 letters, digits and signs without quotes")
	}
	secret, noSecret := credential.Required("secret", config.Secret.Reveal())
	if err := errors.Join(noGateway, noTerminal, noSecret); err != nil {
		return nil, transport.ConfigError("umpay", err)
	}
	mac, err := sign.NewHMACSHA256Hex(secret)
	if err != nil {
		return nil, transport.ConfigError("umpay", err)
	}
	c := &Client{
		gateway: gateway, terminal: terminal, mac: mac,
		settings: settings, transport: transport.New(settings.HTTPClient),
	}
	c.Preauth = &PreauthService{c}
	c.Commands = &CommandsService{c}
	return c, nil
}
