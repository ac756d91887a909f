package unionpay_test

import (
	"bytes"
	"crypto/x509"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
)

func TestNewRefuses(t *testing.T) {
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	for name, tt := range map[string]struct {
		change func(*unionpay.Config)
		says   string
	}{
		"no root":       {func(c *unionpay.Config) { c.RootCert = nil }, "rootCert is required"},
		"no middle":     {func(c *unionpay.Config) { c.MiddleCert = nil }, "middleCert is required"},
		"no key":        {func(c *unionpay.Config) { c.Identity = nil }, "identity is required"},
		"half a key":    {func(c *unionpay.Config) { c.Identity = &sign.Identity{Key: c.Identity.Key} }, "identity is required"},
		"own as root":   {func(c *unionpay.Config) { c.RootCert = c.Identity.Certificate }, "merchant's own certificate"},
		"own as middle": {func(c *unionpay.Config) { c.MiddleCert = c.Identity.Certificate }, "merchant's own certificate"},
		"exchanged":     {func(c *unionpay.Config) { c.RootCert, c.MiddleCert = c.MiddleCert, c.RootCert }, "root certificate"},
		"no secret":     {func(c *unionpay.Config) { c.SignMethod = unionpay.SHA256 }, "secureKey is required"},
		"no secret 12":  {func(c *unionpay.Config) { c.SignMethod = unionpay.SM3 }, "secureKey is required"},
		"method":        {func(c *unionpay.Config) { c.SignMethod = "02" }, "signMethod"},
		"environment":   {func(c *unionpay.Config) { c.Environment = "staging" }, "environment"},
		"encoding":      {func(c *unionpay.Config) { c.Encoding = "GB18030" }, "encoding"},
		"access type":   {func(c *unionpay.Config) { c.AccessType = "3" }, "accessType"},
		"merchant":      {func(c *unionpay.Config) { c.MerID = "" }, "merId is required"},
		"gateway":       {func(c *unionpay.Config) { c.Gateway = "http://gateway.example" }, "plain http"},
		"gateway path":  {func(c *unionpay.Config) { c.Gateway += "/gateway" }, "scheme and host only"},
		"file gateway":  {func(c *unionpay.Config) { c.FileGateway = "ftp://files.example" }, "scheme"},
		"two trusts":    {func(c *unionpay.Config) { c.Trust = trustOf(t, unionpay.Test, *c) }, "trust is set together with rootCert"},
		"other trust":   {func(c *unionpay.Config) { *c = trusting(*c, trustOf(t, unionpay.Production, *c)) }, "environment production"},
		"trust by hand": {func(c *unionpay.Config) { *c = trusting(*c, &unionpay.Trust{}) }, "not made by NewTrust"},
		"old secret": {func(c *unionpay.Config) {
			c.SignMethod, c.SecureKey, c.PreviousSecureKeys = unionpay.SM3, "1", make([]cnpay.Secret, 1)
		}, "previousSecureKeys[0] is required"},
		"empty everything": {func(c *unionpay.Config) { *c = unionpay.Config{} }, "middleCert is required"},
	} {
		t.Run(name, func(t *testing.T) {
			config := gateway.Config()
			tt.change(&config)
			client, err := unionpay.New(config)
			require.Nil(t, client)
			require.ErrorContains(t, err, tt.says)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestNewNamesEveryFault(t *testing.T) {
	_, err := unionpay.New(unionpay.Config{Gateway: "nonsense", SignMethod: unionpay.SM3, Encoding: "latin"})
	for _, fault := range []string{"gateway", "merId", "encoding", "secureKey"} {
		require.ErrorContains(t, err, fault)
	}
}

func TestWarnings(t *testing.T) {
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	config := gateway.Config()
	var log bytes.Buffer
	client, err := unionpay.New(config, cnpay.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	require.NoError(t, err)
	require.Len(t, client.Warnings(), 2)
	require.Contains(t, client.Warnings()[0], "rootCert is not a certificate that UnionPay is known to use")
	require.Contains(t, client.Warnings()[0], sign.Fingerprint(config.RootCert))
	require.Contains(t, log.String(), sign.Fingerprint(config.MiddleCert))

	old := *config.Identity.Certificate
	old.NotAfter = time.Now().Add(29 * 24 * time.Hour)
	config.Identity = &sign.Identity{Key: config.Identity.Key, Certificate: &old}
	client, err = unionpay.New(config)
	require.NoError(t, err)
	require.Contains(t, client.Warnings()[2], "identity (serial "+old.SerialNumber.String()+") ends on")

	client, err = unionpay.New(gateway.ConfigFor(unionpay.SM3))
	require.NoError(t, err)
	require.Empty(t, client.Warnings())
}

func TestKeyFile(t *testing.T) {
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	pfx, root, middle := gateway.KeyFiles()
	identity, err := sign.LoadPFX(pfx, unionpaytest.PFXPassword)
	require.NoError(t, err)
	read := func(data []byte) *x509.Certificate {
		certificates, err := sign.ParseCertificates(data)
		require.NoError(t, err)
		return certificates[0]
	}
	config := gateway.Config()
	config.Identity, config.RootCert, config.MiddleCert = identity, read(root), read(middle)
	client, err := unionpay.New(config)
	require.NoError(t, err)
	res, err := client.Preauth.Cancel(t.Context(), cancellation(gateway))
	require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(res, err))
}
