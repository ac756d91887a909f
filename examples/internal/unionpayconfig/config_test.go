package unionpayconfig_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/examples/internal/unionpayconfig"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
)

func TestReadTest(t *testing.T) {
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, data, 0o600))
		return path
	}
	pfx, root, middle := gateway.KeyFiles()
	write("merchant.pfx", pfx)
	write("root.pem", root)
	write("middle.pem", middle)
	const files = `"signCert": "merchant.pfx", "signCertPassword": "000000", "rootCert": "root.pem", "middleCert": "middle.pem"`

	config, err := unionpayconfig.ReadTest(write("good.json",
		[]byte(`{"upay": {}, "unionpay": {"environment": "test", "merId": "777290058110048", `+files+`}}`)))
	require.NoError(t, err)
	_, err = unionpay.New(config)
	require.NoError(t, err)
	_, err = unionpayconfig.ReadTest(write("key.json", []byte(`{"unionpay": {"environment": "test", "signMethod": "11", "secureKey": "k"}}`)))
	require.NoError(t, err)

	for text, want := range map[string]string{
		`{"unionpay": `:                    "line 1, column 13: the file ends before its JSON does",
		`{} {}`:                            "line 1, column 4: something follows the JSON object",
		`{"upay": {}}`:                     `no section "unionpay"`,
		`{"unionpay": null}`:               `section "unionpay" must be a JSON object, and is null`,
		`{"unionpay": {}, "unionpay": {}}`: `"unionpay" is duplicated`,
		`{"unionpay": {"environment": "production", ` + files + `}}`:        "environment must be",
		`{"unionpay": {` + files + `}}`:                                     "environment must be",
		`{"unionpay": {"environment": "test", "merid2": "1"}}`:              "unionpay: merid2 is not a name that is known here",
		`{"unionpay": {"environment": "test"}}`:                             "signCert is missing; rootCert is missing; middleCert is missing",
		`{"unionpay": {"environment": "test", "signCert": "nowhere.pfx"}}`:  filepath.Join(dir, "nowhere.pfx"),
		`{"unionpay": {"environment": "test", "signCert": "middle.pem"}}`:   "middle.pem",
		`{"unionpay": {"environment": "test", "rootCert": "merchant.pfx"}}`: "merchant.pfx",
	} {
		_, err := unionpayconfig.ReadTest(write("bad.json", []byte(text)))
		require.ErrorContains(t, err, want, text)
	}
	_, err = unionpayconfig.ReadTest(filepath.Join(dir, "missing.json"))
	require.ErrorContains(t, err, "missing.json")
}
