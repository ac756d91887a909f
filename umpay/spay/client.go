// Package spay is a client of UMPay's online gateway (联动优势 U付, soopay 4.0): codes that the payer scans or shows, mini
// programs, apps, cashier pages, quick payment with a text message, and pre-authorisation of credit cards.
//
// An order is named by OrderID and MerDate together, a refund by its RefundNo. Amounts are in fen. In tags, ORDER is an order
// number: 4 to 32 letters, digits or - _ * + #; REFUND and PRIVATE are text of at most 16 and 128 bytes without & and ",
// because answers repeat it.
//
// Requests are signed over the bytes of their texts in GBK, whatever they are sent in, and so are answers: a character
// that GBK does not have cannot be signed, so it is refused. Answers come inside an HTML page and are verified before
// anything in them is read; one without a signature is Unknown. Card numbers, names and identity numbers are given to
// this package in plain text; it encrypts them, and shows them nowhere.
//
// NotSent means of every operation that nothing left this machine: the same call may be made again. Once a ticket is
// settled it means that the request never arrived, and no longer can. A request that is refused here, before it is sent, is
// Failed.
//
// Comments that cite owner/name mean that public repository on GitHub. UMPay's own documents are not public; what is
// documented here is what its programs for merchants do, and what their users recorded.
package spay

import (
	"cmp"
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/credential"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// Production is the gateway. UMPay has no public test environment for it.
const Production = "https://pay.soopay.net"

const path = "/spay/pay/payservice.do"

// Config is the merchant's access to the gateway. Blanks, line ends and invisible characters around MerID are dropped;
// inside they are refused.
type Config struct {
	Gateway string        // scheme and host; empty means Production
	MerID   string        // merchant number (商户号), up to 8 digits
	Key     crypto.Signer // the merchant's private key, from sign.LoadKey (<mer_id>_.key.pem or .p8)

	// PlatformKeys are UMPay's public keys, from sign.LoadPublicKey, which reads its certificate (cert_2d59) although
	// crypto/x509 does not. Answers and notifications may be signed by any of them, so that UMPay's new key can be added
	// before the old one ends. The first encrypts card data.
	PlatformKeys []*rsa.PublicKey
}

// Client calls UMPay for one merchant. It is safe for concurrent use.
type Client struct {
	Orders   *OrdersService
	Pages    *PagesService
	QuickPay *QuickPayService
	Preauth  *PreauthService
	Files    *FilesService

	call     call.Client
	key      crypto.Signer
	signer   sign.Signer
	verifier sign.Verifier
	platform *rsa.PublicKey // encrypts
}

// New checks the configuration; it sends nothing.
func New(config Config, opts ...cnpay.Option) (*Client, error) {
	settings := cnpay.Settings{}.With(opts...)
	gateway, noGateway := transport.Gateway(cmp.Or(config.Gateway, Production), settings.PlainHTTP)
	merID, noMerchant := credential.Required("merchant number", config.MerID)
	c := &Client{call: call.Client{
		Provider: "umpay/spay", Gateway: gateway, Account: merID,
		Settings: settings, Transport: transport.New(settings.HTTPClient), Fields: spec.Table{Domains: domains()},
	}}
	for _, fault := range c.call.Fields.Check(&struct {
		MerID string `json:"merchant number" spec:"O N..8"`
	}{merID}) {
		noMerchant = errors.New(fault.Field + " " + fault.Problem)
	}
	signer, noKey := sign.NewPlainRSASigner(config.Key, crypto.SHA1)
	if noKey != nil {
		noKey = fmt.Errorf("key: %w", noKey)
	}
	c.key, c.signer = config.Key, signer
	if err := errors.Join(noGateway, noMerchant, noKey, c.setPlatform(config.PlatformKeys)); err != nil {
		return nil, transport.ConfigError("umpay/spay", err)
	}
	c.Orders, c.Pages, c.QuickPay, c.Preauth, c.Files =
		&OrdersService{c}, &PagesService{c}, &QuickPayService{c}, &PreauthService{c}, &FilesService{c}
	return c, nil
}

func (c *Client) setPlatform(keys []*rsa.PublicKey) error {
	if len(keys) == 0 {
		return errors.New("UMPay's public key is required")
	}
	verifiers := make([]sign.Verifier, len(keys))
	for i, key := range keys {
		v, err := sign.NewPlainRSAVerifier(key, crypto.SHA1)
		if err != nil {
			return fmt.Errorf("platform key %d: %w", i+1, err)
		}
		verifiers[i] = v
	}
	c.verifier, c.platform = sign.AnyOf(verifiers...), keys[0]
	return nil
}

// MerDate is a day as UMPay writes it (yyyyMMdd), in China. An order is made on its own day.
func MerDate(t time.Time) string { return t.In(cnpay.Beijing()).Format("20060102") }
