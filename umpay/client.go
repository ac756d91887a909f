// Package umpay has the POS terminals of UMPay (联动优势, U付) sell, pre-authorise, void and refund, by card and by QR code.
//
// UMPay's payment plugin runs inside an Android app on the terminal, so no server can call it, and UMPay signs
// nothing there. Something must carry the request from the merchant's back-end down to the merchant's own app on the
// terminal, and the plugin's callback up. BRIDGE.md in this directory is the contract for that, and this package is
// the back-end's side of it, in both directions:
//
//   - [Client] calls the bridge of one terminal: [CardsService.Pay], [PreauthService.Cancel] and their like start an
//     operation and wait for its end, [CommandsService.Query] queries one.
//   - [Receiver] is the http.Handler to which terminals post what happened, including operations started at the
//     till. It stores each event before it acknowledges it.
//
// The objects inside are UMPay's own, with its field names; comments quote the terms of its documents. Both directions
// are authenticated with a secret that the back-end shares with each terminal. Card numbers are masked, and expiry
// dates dropped, as soon as a message is verified: neither a response nor a stored event holds a card number in clear.
//
// # Commands
//
// Each request is one command, named by its ID: the bridge never runs one ID twice. Make it with [NewCommandID] and
// store it, with the rest of the request, before the call. A repeat under the same ID runs nothing a second time and
// returns the stored outcome; a second ID is a second operation, so choose one only when the first has Failed.
//
// The command carries the end of the call as notAfter: the time limit of the call (185 s, [cnpay.WithTimeout]) or the
// context's deadline, whichever is nearer. Bridge and terminal do not begin it later than that. The outcomes of every
// operation that moves money, besides what its own comment says:
//
//   - Failed: refused by the plugin or by the bridge, or expired on its way; nothing happened.
//   - NotSent: call again with the same ID. Once it is settled: the command never arrived, and no longer can.
//   - Pending, Unknown: settle it ([Client.Settle], on [CommandSchedule]). The bridge is queried for the command first.
//     Where the terminal itself does not know the outcome, the plugin's own query follows as a command of its own, for
//     the operations that have one, and then [Config].Evidence.
package umpay

import (
	"context"
	"errors"
	"fmt"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/credential"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// Config is the terminal to call. Blanks, line ends and invisible characters around Terminal and Secret are dropped; inside
// they are refused.
type Config struct {
	Gateway  string       // scheme and host of the terminal's bridge; there is no default
	Terminal string       // serial number (SN) of the terminal
	Secret   cnpay.Secret // shared with this terminal

	// PreviousSecrets are those that Secret replaces: what the bridge still signs with one of them is genuine too.
	PreviousSecrets []cnpay.Secret

	// Evidence decides what the terminal cannot. It may be nil.
	Evidence Evidence
}

// Evidence shows a terminal's operation elsewhere than at the terminal: in the list of POS transactions of UMPay's
// service-provider platform (package umpay/provider), for merchants who have its credentials too.
type Evidence interface {
	// Find looks for an operation whose outcome the terminal does not know. The ticket's Fields have the request's
	// keys by wire name and, with "result." in front, those that an event brought: "result.paySeq" is the reference
	// number (参考号). Only Succeeded decides, and only for a transaction that can be no other operation's; that there is
	// none proves nothing, and is no error.
	Find(ctx context.Context, t cnpay.Ticket) (cnpay.Verdict, error)
}

// Client calls the bridge of one terminal. It is safe for concurrent use.
type Client struct {
	Cards    *CardsService
	Scans    *ScansService
	Preauth  *PreauthService
	Orders   *OrdersService
	Commands *CommandsService

	call     call.Client
	signer   *sign.Keyed
	verifier sign.Verifier
	evidence Evidence
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
	secret, noSecret := keyOf("secret", config.Secret)
	verifiers := []sign.Verifier{secret}
	for i, previous := range config.PreviousSecrets {
		key, err := keyOf(fmt.Sprintf("previous secret %d", i+1), previous)
		verifiers, noSecret = append(verifiers, key), errors.Join(noSecret, err)
	}
	if err := errors.Join(noGateway, noTerminal, noSecret); err != nil {
		return nil, transport.ConfigError("umpay", err)
	}
	c := &Client{signer: secret, verifier: sign.AnyOf(verifiers...), evidence: config.Evidence, call: call.Client{
		Provider: "umpay", Gateway: gateway, Account: terminal,
		Settings: settings, Transport: transport.New(settings.HTTPClient),
	}}
	c.Cards = &CardsService{c}
	c.Scans = &ScansService{c}
	c.Preauth = &PreauthService{c}
	c.Orders = &OrdersService{c}
	c.Commands = &CommandsService{c}
	return c, nil
}

// keyOf is the key of a secret.
func keyOf(name string, secret cnpay.Secret) (*sign.Keyed, error) {
	text, err := credential.Required(name, secret.Reveal())
	if err != nil {
		return nil, err
	}
	return sign.NewHMACSHA256Hex(text)
}
