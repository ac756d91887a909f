package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

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
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("-config: %w", err)
	}
	c := &config{folder: filepath.Dir(path)}
	if err := unionpayconfig.Strict(text, c); err != nil {
		return nil, fmt.Errorf("-config %s: %w", path, err)
	}
	return c, nil
}

// requests is the form of the -request file: for each provider its request, by wire names.
type requests map[string]json.RawMessage

func readRequests(path string) (requests, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("-request: %w", err)
	}
	var r requests
	if err := unionpayconfig.Strict(text, &r); err != nil {
		return nil, fmt.Errorf("-request %s: %w", path, err)
	}
	for name := range r {
		if !known(name) {
			return nil, fmt.Errorf("-request %s: no such provider: %q", path, name)
		}
	}
	return r, nil
}

// into fills a request. Numbers may be written as text and text as numbers.
func (r requests) into(provider string, request any) error {
	text, ok := r[provider]
	if !ok {
		return fmt.Errorf("-request: no section %q", provider)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return fmt.Errorf("-request: %s: not a JSON object", provider)
	}
	for range 1 + len(fields) { // each is respelled at most once
		text, err := json.Marshal(fields)
		if err != nil {
			return fmt.Errorf("-request: %s: %w", provider, err)
		}
		err = unionpayconfig.Strict(text, request)
		var wrong *json.UnmarshalTypeError
		if err == nil {
			return nil
		}
		if !errors.As(err, &wrong) {
			return fmt.Errorf("-request: %s: %w", provider, err)
		}
		name := wrong.Field[strings.LastIndexByte(wrong.Field, '.')+1:]
		other, ok := respell(fields[name], wrong.Type.Kind())
		if !ok {
			return fmt.Errorf("-request: %s: %s: not a %s", provider, name, wrong.Type)
		}
		fields[name] = other
	}
	return fmt.Errorf("-request: %s: not readable", provider)
}

// respell writes a number as text, or digits as a number.
func respell(value json.RawMessage, want reflect.Kind) (json.RawMessage, bool) {
	var text string
	if json.Unmarshal(value, &text) == nil {
		_, err := strconv.ParseInt(text, 10, 64)
		return json.RawMessage(text), want == reflect.Int64 && err == nil
	}
	var number json.Number
	if json.Unmarshal(value, &number) == nil {
		return json.RawMessage(strconv.Quote(number.String())), want == reflect.String
	}
	return nil, false
}
