// Package provider is a client of UMPay's platform for service providers (联动优势服务商平台): orders that the payer pays
// by a code, in WeChat, Alipay or UnionPay, or at a terminal; their queries, voids, refunds and closing; the trades and
// slips of terminals; the settlement file; and the notifications.
//
// Requests are signed with the service provider's key and answers with UMPay's, over their values. An answer is verified
// before it is decoded, and accepted only when it does not name another order, amount or merchant. Several answers name no
// order at all: that of a void, of a closing, and of a query, which has UMPay's transactionId alone. Over TLS that does no
// harm; [Client.Warnings] says what it means without.
//
// Comments that cite owner/name mean that public repository on GitHub: umpayer/offlineAPIDocs has UMPay's documents.
package provider

import (
	"cmp"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/credential"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// The gateways. UMPay's documents have both in plain HTTP. This package calls production by https and never falls back:
// a merchant of whom UMPay says that it has no TLS uses "http://provider.umfintech.com" as the gateway, with
// [cnpay.WithPlainHTTP], and reads [Client.Warnings]. The test environment has no TLS; it restarts at 10:00 and at 17:00
// for half an hour (Beijing time).
const (
	Production = "https://provider.umfintech.com"
	Test       = "http://111.205.18.100:8011"
)

// base is where the paths of the documents begin.
const base = "/entry-provider-plat-client/"

// Config is a service provider's access to the platform.
type Config struct {
	Gateway string // scheme and host; empty means Production
	AcqSpID string // the service provider's number (代理商编号): Y or S and 9 digits
	// AcqMerID is the merchant (商户号) of requests that name none. A service provider with several leaves it empty.
	AcqMerID string
	// Key is the service provider's private key (RSA); see [sign.LoadKey]. It may live elsewhere.
	Key crypto.Signer
	// PlatformKeys are the public keys of UMPay's certificates, see [sign.LoadPublicKey]: the newest first, behind it
	// those that it replaces, until nothing is signed with them any more. The first one encrypts.
	PlatformKeys []*rsa.PublicKey
	// ListsByTLS accepts answers with lists (of terminals' trades) whose signature cannot be verified, where they came by
	// https: no document says how a list is signed, and UMPay's only published answer with one is signed by none of the
	// rules that we know. The answer then says Unverified. Without it such an answer is [cnpay.ErrSignature].
	ListsByTLS bool
}

// Client calls the platform for one service provider. It is safe for concurrent use.
type Client struct {
	Orders    *OrdersService
	Terminals *TerminalsService
	Files     *FilesService

	call       call.Client
	merchant   string
	signer     sign.Signer
	verifier   sign.Verifier
	encryption *rsa.PublicKey
	listsByTLS bool
	plain      bool // no TLS, and not within this machine
}

// New checks the configuration; it sends nothing.
func New(config Config, opts ...cnpay.Option) (*Client, error) {
	settings := cnpay.Settings{}.With(opts...)
	gateway, noGateway := transport.Gateway(cmp.Or(config.Gateway, Production), settings.PlainHTTP)
	account, noAccount := credential.Required("acqSpId", config.AcqSpID)
	merchant, noMerchant := credential.Optional("acqMerId", config.AcqMerID)
	signer, noSigner := sign.NewPlainRSASigner(config.Key, crypto.SHA1)
	if noSigner != nil {
		noSigner = fmt.Errorf("key: %w", noSigner)
	}
	verifier, noVerifier := verifierOf(config)
	if err := errors.Join(noGateway, noAccount, noMerchant, noSigner, noVerifier); err != nil {
		return nil, transport.ConfigError("umpay/provider", err)
	}
	_, beyond := transport.Gateway(gateway, false)
	c := &Client{
		call: call.Client{
			Provider: "umpay/provider", Gateway: gateway, Account: account,
			Settings: settings, Transport: transport.New(settings.HTTPClient),
		},
		merchant: merchant, signer: signer, verifier: verifier, encryption: config.PlatformKeys[0],
		plain:      beyond != nil,
		listsByTLS: config.ListsByTLS && strings.HasPrefix(gateway, "https:"),
	}
	c.Orders, c.Terminals, c.Files = &OrdersService{c}, &TerminalsService{c}, &FilesService{c}
	if l := settings.Logger; l != nil {
		for _, warning := range c.Warnings() {
			l.Warn("umpay/provider configuration", slog.String("warning", warning))
		}
	}
	return c, nil
}

func verifierOf(config Config) (sign.Verifier, error) {
	if len(config.PlatformKeys) == 0 {
		return nil, errors.New("platformKeys are required, without which no answer can be verified")
	}
	var verifiers []sign.Verifier
	var faults error
	for i, key := range config.PlatformKeys {
		v, err := sign.NewPlainRSAVerifier(key, crypto.SHA1)
		switch {
		case err != nil:
			faults = errors.Join(faults, fmt.Errorf("platformKeys[%d]: %w", i, err))
		case config.Key != nil && key.Equal(config.Key.Public()):
			faults = errors.Join(faults, fmt.Errorf("platformKeys[%d] is the service provider's own; want the one of UMPay's certificate", i))
		}
		verifiers = append(verifiers, v)
	}
	return sign.AnyOf(verifiers...), faults
}

// Warnings returns what is odd in the configuration and is no fault. New logs it.
func (c *Client) Warnings() []string {
	if !c.plain {
		return nil
	}
	return []string{"plain http to " + c.call.Host() + ": whoever is on the line reads everything, payment codes included. " +
		"Requests and answers are signed, so nobody can change them; but an old answer, or the answer about another order, can be put " +
		"instead of one that names no order. So an answer counts here only if it names the order: by orderNo, by the transactionId " +
		"that the ticket knows, or by merPriv, which queries and notifications repeat: set it to the order number"}
}

// Encrypt encrypts card data of a request (cardId, validDate, cvv2, cardHolder, identityCode) with UMPay's key, as the
// documents want it: RSA PKCS#1 v1.5 over UTF-8, in Base64. A text has at most 117 bytes with UMPay's keys of 1024 bits.
func (c *Client) Encrypt(text string) (string, error) {
	//lint:ignore SA1019 the protocol demands PKCS #1 v1.5
	encrypted, err := rsa.EncryptPKCS1v15(rand.Reader, c.encryption, []byte(text))
	if err != nil {
		return "", errors.New("umpay/provider: text to encrypt: " + err.Error()) // without the text
	}
	return base64.StdEncoding.EncodeToString(encrypted), nil
}
