// Package clients makes the providers' clients for the examples: from a configuration file, or for gateways in this
// process.
package clients

import (
	"fmt"
	"path/filepath"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/examples/internal/jsonfile"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
)

// Config is the form of a -config file. A section left out means that there is no such client.
type Config struct {
	Upay *struct {
		Gateway     string `json:"gateway"`
		TerminalSN  string `json:"terminalSn"`
		TerminalKey string `json:"terminalKey"`
	} `json:"upay"`

	path string
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

// folder is where the files are that a configuration names.
func (c *Config) folder() string { return filepath.Dir(c.path) }

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
	// Configured makes the client of a configuration, and Here one for a gateway of this process.
	Configured func(*Config) (cnpay.Settler, error)
	Here       func(...cnpay.Option) (cnpay.Settler, Gateway, error)
	has        func(*Config) bool
}

// Providers are all of them, in the order of the README.
func Providers() []Provider {
	return []Provider{
		{
			"upay", upaytest.Operations,
			func(c *Config) (cnpay.Settler, error) {
				return upay.New(upay.Config{
					Gateway: c.Upay.Gateway, TerminalSN: c.Upay.TerminalSN, TerminalKey: cnpay.Secret(c.Upay.TerminalKey),
				})
			},
			func(opts ...cnpay.Option) (cnpay.Settler, Gateway, error) {
				gateway := upaytest.NewServer()
				client, err := upay.New(gateway.Config(), opts...)
				return client, gateway, err
			},
			func(c *Config) bool { return c.Upay != nil },
		},
	}
}

// Open makes the provider's client: that of the configuration, or without one that of a gateway which it starts.
func (p Provider) Open(c *Config, opts ...cnpay.Option) (*Client, error) {
	if c == nil {
		settler, gateway, err := p.Here(opts...)
		return &Client{settler, gateway}, err
	}
	if !p.has(c) {
		return nil, fmt.Errorf("-config %s: no section %q", c.path, p.Name)
	}
	settler, err := p.Configured(c)
	if err != nil {
		return nil, fmt.Errorf("-config %s: %s: %w", c.path, p.Name, err)
	}
	return &Client{Settler: settler}, nil
}
