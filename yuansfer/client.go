// Package yuansfer is a client of Yuansfer's merchant API, version 3 (圆支付, sold as Pockyt since 2023).
//
// Answers are not signed: TLS is their only protection. An answer about an agreement or a transaction is accepted only
// when it names that one.
package yuansfer

import (
	"errors"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/credential"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// The gateways of the documents. Each wants a token of its own: one of the sandbox does not work in production.
const (
	Production = "https://mapi.yuansfer.com"
	Sandbox    = "https://mapi.yuansfer.yunkeguan.com"

	ProductionPockyt = "https://mapi.pockyt.io"       // the newer name, in the newer documents only
	SandboxDev       = "https://mapi.yuansferdev.com" // the newer name
)

// Config is the merchant's access to the API. Blanks, line ends and invisible characters around its values, as copying from
// the portal leaves them, are dropped; inside they are refused.
type Config struct {
	Gateway    string       // scheme and host; empty means Production
	MerchantNo string       // merchant number (商家ID)
	StoreNo    string       // store number (商店ID)
	MerGroupNo string       // partner's number (服务商号); only where a partner calls for its merchants, with the partner's token
	Token      cnpay.Secret // API token, from the portal
}

// Client calls Yuansfer for one merchant, or one partner. It is safe for concurrent use.
type Client struct {
	AutoDebit *AutoDebitService

	gateway    string
	merchantNo string
	storeNo    string
	merGroupNo string
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
	gateway, noGateway := transport.Gateway(config.Gateway, settings.PlainHTTP)
	merchantNo, noMerchant := credential.Required("merchant number", config.MerchantNo)
	storeNo, noStore := credential.Required("store number", config.StoreNo)
	merGroupNo, badGroup := credential.Optional("partner's number", config.MerGroupNo)
	token, noToken := credential.Required("token", config.Token.Reveal())
	if err := errors.Join(noGateway, noMerchant, noStore, badGroup, noToken); err != nil {
		return nil, transport.ConfigError("yuansfer", err)
	}
	signer, err := sign.NewVerifySign(token)
	if err != nil {
		return nil, transport.ConfigError("yuansfer", err)
	}
	c := &Client{
		gateway: gateway, merchantNo: merchantNo, storeNo: storeNo, merGroupNo: merGroupNo, signer: signer,
		settings: settings, transport: transport.New(settings.HTTPClient),
	}
	c.AutoDebit = &AutoDebitService{c}
	return c, nil
}
