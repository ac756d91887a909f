package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/unionpay"
)

// config is the form of the -config file. A section left out means: skip that provider.
type config struct {
	UnionPay *struct {
		Gateway          string `json:"gateway"`
		Environment      string `json:"environment"`
		MerID            string `json:"merId"`
		SignMethod       string `json:"signMethod"`
		SignCert         string `json:"signCert"`
		SignCertPassword string `json:"signCertPassword"`
		RootCert         string `json:"rootCert"`
		MiddleCert       string `json:"middleCert"`
		SecureKey        string `json:"secureKey"`
	} `json:"unionpay"`
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
	if err := strict(text, c); err != nil {
		return nil, fmt.Errorf("-config %s: %w", path, err)
	}
	return c, nil
}

// unionPay loads the key and the certificates that the section names.
func (c *config) unionPay() (unionpay.Config, error) {
	s := c.UnionPay
	out := unionpay.Config{
		Environment: unionpay.Environment(s.Environment), Gateway: s.Gateway, MerID: s.MerID,
		SignMethod: unionpay.SignMethod(s.SignMethod), SecureKey: cnpay.Secret(s.SecureKey),
	}
	if out.SignMethod != unionpay.RSA && out.SignMethod != "" {
		return out, nil
	}
	identity, noIdentity := load(c, "signCert", s.SignCert, func(data []byte) (*sign.Identity, error) {
		return sign.LoadIdentity(data, s.SignCertPassword)
	})
	root, noRoot := load(c, "rootCert", s.RootCert, sign.ParseCertificates)
	middle, noMiddle := load(c, "middleCert", s.MiddleCert, sign.ParseCertificates)
	if err := errors.Join(noIdentity, noRoot, noMiddle); err != nil {
		return out, errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	out.Identity, out.RootCert, out.MiddleCert = identity, root[0], middle[0]
	return out, nil
}

func load[T any](c *config, field, name string, parse func([]byte) (T, error)) (T, error) {
	var none T
	if name == "" {
		return none, fmt.Errorf("%s is missing", field)
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(c.folder, name)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return none, fmt.Errorf("%s: %w", field, err)
	}
	loaded, err := parse(data)
	if err != nil {
		return none, fmt.Errorf("%s: %s: %w", field, name, err)
	}
	return loaded, nil
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
	if err := strict(text, &r); err != nil {
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
		err = strict(text, request)
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

func strict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one JSON value")
	}
	return nil
}
