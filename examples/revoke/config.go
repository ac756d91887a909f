package main

import (
	"fmt"
	"path/filepath"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/examples/internal/jsonfile"
	"github.com/cnpay-go/cnpay/examples/internal/unionpayconfig"
)

// config is the form of the -config file. A section left out means: skip that provider.
type config struct {
	UnionPay *unionpayconfig.Section `json:"unionpay"`
	ChinaUMS *struct {
		Gateway string `json:"gateway"`
		AppID   string `json:"appId"`
		AppKey  string `json:"appKey"`
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
	} `json:"yuansfer"`
	UMPay *struct {
		Gateway  string `json:"gateway"`
		Terminal string `json:"terminal"`
		Secret   string `json:"secret"`
	} `json:"umpay"`

	folder string // that file names in it are relative to
}

func readConfig(path string) (*config, error) {
	file, err := jsonfile.Read(path)
	if err != nil {
		return nil, fmt.Errorf("-config %w", err)
	}
	c := &config{folder: filepath.Dir(path)}
	if err := jsonfile.Error(file.Fill(c)); err != nil {
		return nil, fmt.Errorf("-config %s: %w", path, err)
	}
	return c, nil
}

// requests is the -request file: for each provider its request, by wire names. nil: there is none.
type requests struct {
	path     string
	sections jsonfile.Object
}

func readRequests(path string) (*requests, error) {
	if path == "" {
		return nil, nil
	}
	file, err := jsonfile.Read(path)
	if err != nil {
		return nil, fmt.Errorf("-request %w", err)
	}
	for name := range file {
		if !known(name) {
			return nil, fmt.Errorf("-request %s: no such provider: %q", path, name)
		}
	}
	return &requests{path: path, sections: file}, nil
}

// fill fills a provider's request, and returns what does not fit into it.
func (r *requests) fill(provider string, request any) ([]cnpay.Fault, error) {
	section, err := r.sections.Section(provider)
	if err != nil {
		return nil, fmt.Errorf("-request %s: %w", r.path, err)
	}
	return section.Fill(request), nil
}

// wrong says whose section is at fault.
func (r *requests) wrong(provider string, err error) error {
	if err != nil {
		return fmt.Errorf("-request %s: %s: %w", r.path, provider, err)
	}
	return nil
}
