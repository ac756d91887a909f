// Package clients makes the providers' clients for the examples: from a configuration file, or for gateways in this
// process.
package clients

import (
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/chinaums/chinaumstest"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/examples/internal/jsonfile"
	"github.com/cnpay-go/cnpay/examples/internal/unionpayconfig"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/provider"
	"github.com/cnpay-go/cnpay/umpay/provider/providertest"
	"github.com/cnpay-go/cnpay/umpay/spay"
	"github.com/cnpay-go/cnpay/umpay/spay/spaytest"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
	"github.com/cnpay-go/cnpay/yuansfer"
	"github.com/cnpay-go/cnpay/yuansfer/yuansfertest"
)

// Config is the form of a -config file. A section left out means that there is no such client.
type Config struct {
	UnionPay *unionpayconfig.Section `json:"unionpay"`
	ChinaUMS *struct {
		Gateway string `json:"gateway"`
		AppID   string `json:"appId"`
		AppKey  string `json:"appKey"`

		// The rest is for examples that take payments.

		CommunicationKey string `json:"communicationKey"` // of notifications
		MID              string `json:"mid"`
		TID              string `json:"tid"`
		Source           string `json:"source"` // the first four characters of order numbers (来源编号)
	} `json:"chinaums"`
	Upay *struct {
		Gateway     string `json:"gateway"`
		TerminalSN  string `json:"terminalSn"`
		TerminalKey string `json:"terminalKey"`
	} `json:"upay"`
	Yuansfer *struct {
		Gateway    string `json:"gateway"`
		MerchantNo string `json:"merchantNo"`
		StoreNo    string `json:"storeNo"`
		Token      string `json:"token"`
		MerGroupNo string `json:"merGroupNo"` // a partner's number
	} `json:"yuansfer"`
	UMPay *struct {
		Gateway  string `json:"gateway"`
		Terminal string `json:"terminal"`
		Secret   string `json:"secret"`
	} `json:"umpay"`
	Provider *struct {
		Gateway  string `json:"gateway"`
		AcqSpID  string `json:"acqSpId"`
		AcqMerID string `json:"acqMerId"`
		KeyPair
	} `json:"umpay/provider"`
	Spay *struct {
		Gateway string `json:"gateway"`
		MerID   string `json:"merId"`
		KeyPair
	} `json:"umpay/spay"`

	path string
}

// KeyPair names the merchant's private key and the platform's certificate or public key.
type KeyPair struct {
	Key         string `json:"key"`
	PlatformKey string `json:"platformKey"`
}

// Read reads a -config file.
func Read(path string) (*Config, error) {
	file, err := jsonfile.Read(path)
	if err != nil {
		return nil, fmt.Errorf("-config %w", err)
	}
	c := &Config{path: path}
	if err := jsonfile.Error(file.Fill(c)); err != nil {
		return nil, fmt.Errorf("-config %s: %w", path, err)
	}
	return c, nil
}

// load reads the two keys, whose files are relative to the configuration's folder.
func (c *Config) load(pair KeyPair) (crypto.Signer, []*rsa.PublicKey, error) {
	own, noKey := parse(c, "key", pair.Key, sign.LoadKey)
	platform, noPlatform := parse(c, "platformKey", pair.PlatformKey, sign.LoadPublicKey)
	return own, []*rsa.PublicKey{platform}, errors.Join(noKey, noPlatform)
}

func parse[T any](c *Config, field, name string, read func([]byte) (T, error)) (key T, err error) {
	if name == "" {
		return key, fmt.Errorf("%s is required", field)
	}
	text, err := jsonfile.ReadFile(filepath.Dir(c.path), name)
	if err == nil {
		key, err = read(text)
	}
	if err != nil {
		return key, fmt.Errorf("%s: %w", field, err)
	}
	return key, nil
}

// Client is a provider's client and, where it was started here, the gateway that it calls.
type Client struct {
	cnpay.Settler
	Gateway Gateway // nil with a configuration
}

// Gateway is a gateway in this process.
type Gateway interface {
	cnpaytest.Gateway
	Close()
}

// Close ends the gateway, if there is one.
func (c *Client) Close() {
	if c.Gateway != nil {
		c.Gateway.Close()
	}
}

// Provider is a package that the examples know.
type Provider struct {
	Name       string
	Operations func() []cnpaytest.Operation
	has        func(*Config) bool
	configured func(*Config, ...cnpay.Option) (cnpay.Settler, error)
	here       func(...cnpay.Option) (cnpay.Settler, Gateway, error)
}

// Providers are all of them, in the order of the README.
func Providers() []Provider {
	return []Provider{
		{
			"unionpay", unionpaytest.Operations, func(c *Config) bool { return c.UnionPay != nil },
			func(c *Config, opts ...cnpay.Option) (cnpay.Settler, error) {
				config, err := c.UnionPay.Load(filepath.Dir(c.path))
				if err != nil {
					return nil, err
				}
				return unionpay.New(config, opts...)
			},
			func(opts ...cnpay.Option) (cnpay.Settler, Gateway, error) {
				g := unionpaytest.NewServer()
				client, err := unionpay.New(g.Config(), opts...)
				return client, g, err
			},
		},
		{
			"chinaums", chinaumstest.Operations, func(c *Config) bool { return c.ChinaUMS != nil },
			func(c *Config, opts ...cnpay.Option) (cnpay.Settler, error) {
				s := c.ChinaUMS
				config := chinaums.Config{Gateway: s.Gateway, AppID: s.AppID, AppKey: cnpay.Secret(s.AppKey)}
				if s.CommunicationKey != "" {
					config.CommunicationKeys = map[string][]cnpay.Secret{"": {cnpay.Secret(s.CommunicationKey)}}
				}
				return chinaums.New(config, opts...)
			},
			func(opts ...cnpay.Option) (cnpay.Settler, Gateway, error) {
				g := chinaumstest.NewServer()
				client, err := chinaums.New(g.Config(), opts...)
				return client, g, err
			},
		},
		{
			"upay", upaytest.Operations, func(c *Config) bool { return c.Upay != nil },
			func(c *Config, opts ...cnpay.Option) (cnpay.Settler, error) {
				s := c.Upay
				return upay.New(upay.Config{Gateway: s.Gateway, TerminalSN: s.TerminalSN, TerminalKey: cnpay.Secret(s.TerminalKey)}, opts...)
			},
			func(opts ...cnpay.Option) (cnpay.Settler, Gateway, error) {
				g := upaytest.NewServer()
				client, err := upay.New(g.Config(), opts...)
				return client, g, err
			},
		},
		{
			"yuansfer", yuansfertest.Operations, func(c *Config) bool { return c.Yuansfer != nil },
			func(c *Config, opts ...cnpay.Option) (cnpay.Settler, error) {
				s := c.Yuansfer
				return yuansfer.New(yuansfer.Config{
					Gateway: s.Gateway, MerchantNo: s.MerchantNo, StoreNo: s.StoreNo, Token: cnpay.Secret(s.Token), MerGroupNo: s.MerGroupNo,
				}, opts...)
			},
			func(opts ...cnpay.Option) (cnpay.Settler, Gateway, error) {
				g := yuansfertest.NewServer()
				client, err := yuansfer.New(g.Config(), opts...)
				return client, g, err
			},
		},
		{
			"umpay", umpaytest.Operations, func(c *Config) bool { return c.UMPay != nil },
			func(c *Config, opts ...cnpay.Option) (cnpay.Settler, error) {
				s := c.UMPay
				return umpay.New(umpay.Config{Gateway: s.Gateway, Terminal: s.Terminal, Secret: cnpay.Secret(s.Secret)}, opts...)
			},
			func(opts ...cnpay.Option) (cnpay.Settler, Gateway, error) {
				g := umpaytest.NewServer()
				client, err := umpay.New(g.Config(), opts...)
				return client, g, err
			},
		},
		{
			"umpay/provider", providertest.Operations, func(c *Config) bool { return c.Provider != nil },
			func(c *Config, opts ...cnpay.Option) (cnpay.Settler, error) {
				s := c.Provider
				key, platform, err := c.load(s.KeyPair)
				if err != nil {
					return nil, err
				}
				return provider.New(provider.Config{
					Gateway: s.Gateway, AcqSpID: s.AcqSpID, AcqMerID: s.AcqMerID, Key: key, PlatformKeys: platform,
				}, opts...)
			},
			func(opts ...cnpay.Option) (cnpay.Settler, Gateway, error) {
				g := providertest.NewServer()
				client, err := provider.New(g.Config(), opts...)
				return client, g, err
			},
		},
		{
			"umpay/spay", spaytest.Operations, func(c *Config) bool { return c.Spay != nil },
			func(c *Config, opts ...cnpay.Option) (cnpay.Settler, error) {
				s := c.Spay
				key, platform, err := c.load(s.KeyPair)
				if err != nil {
					return nil, err
				}
				return spay.New(spay.Config{Gateway: s.Gateway, MerID: s.MerID, Key: key, PlatformKeys: platform}, opts...)
			},
			func(opts ...cnpay.Option) (cnpay.Settler, Gateway, error) {
				g := spaytest.NewServer()
				client, err := spay.New(g.Config(), opts...)
				return client, g, err
			},
		},
	}
}

// Find is the provider of that name.
func Find(name string) (Provider, bool) {
	for _, p := range Providers() {
		if p.Name == name {
			return p, true
		}
	}
	return Provider{}, false
}

// Configured reports whether the configuration has a section of the provider.
func (p Provider) Configured(c *Config) bool { return p.has(c) }

// Open makes the provider's client: that of the configuration, or without one that of a gateway which it starts.
func (p Provider) Open(c *Config, opts ...cnpay.Option) (*Client, error) {
	if c == nil {
		settler, gateway, err := p.here(opts...)
		return &Client{settler, gateway}, err
	}
	if !p.has(c) {
		return nil, fmt.Errorf("-config %s: no section %q", c.path, p.Name)
	}
	settler, err := p.configured(c, opts...)
	if err != nil {
		return nil, fmt.Errorf("-config %s: %s: %w", c.path, p.Name, err)
	}
	return &Client{Settler: settler}, nil
}
