// Package chinaums is a client of the open platform of ChinaUMS (银联商务 天满平台).
//
// Requests are signed over the bytes that are sent (OPEN-BODY-SIG). Answers are not: TLS is their only protection, and
// an answer about an order is accepted only when it names that order. Should an answer have a signature after all, it
// is verified first.
package chinaums

import (
	"errors"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/credential"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// The gateways of the documents.
const (
	Production = "https://api-mop.chinaums.com"
	Test       = "https://test-api-open.chinaums.com"
)

// Config is the application's access to the platform. One AppID may serve many merchants: the merchant and terminal
// numbers are in each request. Blanks, line ends and invisible characters around AppID and AppKey are dropped; inside they
// are refused.
type Config struct {
	Gateway string       // scheme and host; empty means Production
	AppID   string       // of the developer's application (开发者ID), from the portal
	AppKey  cnpay.Secret // its key (开发者秘钥), used as the text it is; not the communication key (通讯密钥)
}

// Client calls the open platform for one application. It is safe for concurrent use.
type Client struct {
	Bills *BillsService

	gateway   string
	appID     string
	key       *sign.Keyed
	zone      *time.Location
	settings  cnpay.Settings
	transport *transport.Client
	fields    spec.Table
}

// New checks the configuration; it sends nothing.
func New(config Config, opts ...cnpay.Option) (*Client, error) {
	settings := cnpay.Settings{}.With(opts...)
	if config.Gateway == "" {
		config.Gateway = Production
	}
	gateway, noGateway := transport.Gateway(config.Gateway, settings.PlainHTTP)
	appID, noApp := credential.Required("app id", config.AppID)
	if strings.ContainsFunc(appID, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' }) {
		noApp = errors.New("app id has a character that cannot stand in the Authorization header")
	}
	secret, noKey := credential.Required("app key", config.AppKey.Reveal())
	if err := errors.Join(noGateway, noApp, noKey); err != nil {
		return nil, transport.ConfigError("chinaums", err)
	}
	key, err := sign.NewHMACSHA256Base64(secret)
	if err != nil {
		return nil, transport.ConfigError("chinaums", err)
	}
	c := &Client{
		gateway: gateway, appID: appID, key: key, zone: cnpay.Beijing(),
		settings: settings, transport: transport.New(settings.HTTPClient),
	}
	c.Bills = &BillsService{c}
	return c, nil
}
