// Package upay is a client of the Upay gateway (收钱吧), which merchants reach with the key of an activated terminal.
//
// Answers are not signed: TLS is their only protection. An answer about an order is accepted only when it names that
// order.
//
// NotSent means of every operation that nothing left this machine: the same call may be made again. Once a ticket is
// settled it means that the request never arrived, and no longer can. A request that is refused here, before it is sent, is
// Failed.
//
// Comments that cite owner/name mean that public repository on GitHub: WoSai publishes Upay's documents and demos,
// the others are clients or notes of other people.
package upay

import (
	"cmp"
	"errors"
	"net/url"
	"strings"
	"sync/atomic"

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

	ProductionCashier = "https://qr.shouqianba.com"            // of the cashier's page
	ProductionPreauth = "https://upay-auth-api.shouqianba.com" // of the pre-authorisation product

	upaysDomain = ".shouqianba.com"
)

// Config is the terminal's access to the gateway. Blanks, line ends and invisible characters around TerminalSN and
// TerminalKey are dropped; inside they are refused.
type Config struct {
	Gateway     string       // scheme and host; empty means Production
	TerminalSN  string       // terminal number (收钱吧终端ID) from activation, digits
	TerminalKey cnpay.Secret // the terminal's key from activation, or its newest where Keys is nil

	// Keys keeps the terminal's key where it is replaced by check-ins, which need it; once it holds a key of the terminal,
	// TerminalKey is not used any more. See [TerminalsService.CheckIn].
	Keys KeyStore

	// Cashier is scheme and host of the cashier's page, PreauthGateway those of the pre-authorisation product. Empty means
	// ProductionCashier and ProductionPreauth where Gateway is one of Upay's own hosts, and Gateway where it is not: what is
	// to go to a stand-in never reaches production.
	Cashier        string
	PreauthGateway string

	// NotificationKeys are the public keys that verify notifications, in PEM or Base64; empty means [NotificationKey].
	NotificationKeys []string
}

// Client calls Upay for one terminal. It is safe for concurrent use.
type Client struct {
	Orders    *OrdersService
	Pages     *PagesService
	Preauth   *PreauthService
	Terminals *TerminalsService

	call             call.Client
	cashier, preauth string
	notifications    sign.Verifier

	configured cnpay.Secret
	keys       KeyStore
	key        atomic.Pointer[terminalKey] // the newest that is known
	loaded     atomic.Bool                 // whether the key store was read
	gate       gate
}

// New checks the configuration; it sends nothing.
func New(config Config, opts ...cnpay.Option) (*Client, error) {
	settings := cnpay.Settings{}.With(opts...)
	gateway, noGateway := transport.Gateway(cmp.Or(config.Gateway, Production), settings.PlainHTTP)
	productCashier, productPreauth := ProductionCashier, ProductionPreauth
	if u, err := url.Parse(gateway); noGateway == nil && err == nil && !strings.HasSuffix(strings.ToLower(u.Hostname()), upaysDomain) {
		productCashier, productPreauth = gateway, gateway
	}
	cashier, noCashier := transport.Gateway(cmp.Or(config.Cashier, productCashier), settings.PlainHTTP)
	preauth, noPreauth := transport.Gateway(cmp.Or(config.PreauthGateway, productPreauth), settings.PlainHTTP)
	terminalSN, noTerminal := credential.Required("terminal number", config.TerminalSN)
	c := &Client{
		call: call.Client{
			Provider: "upay", Gateway: gateway, Account: terminalSN,
			Settings: settings, Transport: transport.New(settings.HTTPClient),
		},
		cashier: cashier, preauth: preauth, keys: config.Keys,
	}
	for _, fault := range c.call.Fields.Check(&struct {
		TerminalSN string `json:"terminal number" spec:"O N..32"`
	}{terminalSN}) {
		noTerminal = errors.New(fault.Field + " " + fault.Problem)
	}
	text, noKey := credential.Required("terminal key", config.TerminalKey.Reveal())
	notifications, noNotifications := notificationKeys(config.NotificationKeys)
	err := errors.Join(noGateway, prefixed("cashier: ", noCashier), prefixed("pre-authorisation: ", noPreauth), noTerminal, noKey, noNotifications)
	if err == nil {
		var key *terminalKey
		key, err = newTerminalKey(cnpay.Secret(text))
		c.key.Store(key)
	}
	if err != nil {
		return nil, transport.ConfigError("upay", err)
	}
	c.configured, c.notifications = cnpay.Secret(text), notifications
	c.Orders, c.Pages, c.Preauth, c.Terminals = &OrdersService{c}, &PagesService{c}, &PreauthService{c}, &TerminalsService{c}
	return c, nil
}

func prefixed(what string, err error) error {
	if err == nil {
		return nil
	}
	return errors.New(what + err.Error())
}
