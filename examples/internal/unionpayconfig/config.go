// Package unionpayconfig reads the "unionpay" section of the JSON file that the examples take with -config.
package unionpayconfig

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/examples/internal/jsonfile"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/unionpay"
)

// Section is the form of the section.
type Section struct {
	Gateway          string `json:"gateway"`
	Environment      string `json:"environment"`
	MerID            string `json:"merId"`
	SignMethod       string `json:"signMethod"`
	SignCert         string `json:"signCert"`
	SignCertPassword string `json:"signCertPassword"`
	RootCert         string `json:"rootCert"`
	MiddleCert       string `json:"middleCert"`
	SecureKey        string `json:"secureKey"`
}

// ReadTest reads the file, and the key and the certificates that it names relative to itself. Sections of other
// providers may be in it too. It refuses production: these examples take money and return it to show how.
func ReadTest(path string) (unionpay.Config, error) {
	var none unionpay.Config
	file, err := jsonfile.Read(path)
	if err != nil {
		return none, fmt.Errorf("-config %w", err)
	}
	var s Section
	section, err := file.Section("unionpay")
	if err != nil {
		return none, fmt.Errorf("-config %s: %w", path, err)
	}
	if err := jsonfile.Error(section.Fill(&s)); err != nil {
		return none, fmt.Errorf("-config %s: unionpay: %w", path, err)
	}
	if s.Environment != string(unionpay.Test) {
		return none, fmt.Errorf("-config %s: unionpay: environment must be %q: this example moves money to show how", path, unionpay.Test)
	}
	config, err := s.Load(filepath.Dir(path))
	if err != nil {
		return none, fmt.Errorf("-config %s: unionpay: %w", path, err)
	}
	return config, nil
}

// Load reads the key and the certificates that the section names, relative to folder.
func (s *Section) Load(folder string) (unionpay.Config, error) {
	config := unionpay.Config{
		Environment: unionpay.Environment(s.Environment), Gateway: s.Gateway, MerID: s.MerID,
		SignMethod: unionpay.SignMethod(s.SignMethod), SecureKey: cnpay.Secret(s.SecureKey),
	}
	if config.SignMethod != unionpay.RSA && config.SignMethod != "" {
		return config, nil
	}
	identity, noIdentity := read(folder, "signCert", s.SignCert, func(data []byte) (*sign.Identity, error) {
		return sign.LoadIdentity(data, s.SignCertPassword)
	})
	root, noRoot := read(folder, "rootCert", s.RootCert, sign.ParseCertificates)
	middle, noMiddle := read(folder, "middleCert", s.MiddleCert, sign.ParseCertificates)
	if err := errors.Join(noIdentity, noRoot, noMiddle); err != nil {
		return config, errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	config.Identity, config.RootCert, config.MiddleCert = identity, root[0], middle[0]
	return config, nil
}

func read[T any](folder, field, name string, parse func([]byte) (T, error)) (T, error) {
	var none T
	if name == "" {
		return none, fmt.Errorf("%s is missing", field)
	}
	data, err := jsonfile.ReadFile(folder, name)
	if err != nil {
		return none, fmt.Errorf("%s: %w", field, err)
	}
	parsed, err := parse(data)
	if err != nil {
		return none, fmt.Errorf("%s: %s: %w", field, name, err)
	}
	return parsed, nil
}
