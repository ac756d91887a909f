package unionpay_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
)

// trustOf is a trust in the authorities of the configurations.
func trustOf(t testing.TB, environment unionpay.Environment, configs ...unionpay.Config) *unionpay.Trust {
	t.Helper()
	var authorities []unionpay.Authority
	for _, c := range configs {
		authorities = append(authorities, unionpay.Authority{RootCert: c.RootCert, MiddleCert: c.MiddleCert})
	}
	trust, err := unionpay.NewTrust(environment, authorities...)
	require.NoError(t, err)
	return trust
}

// trusting is a configuration that trusts by a trust alone.
func trusting(config unionpay.Config, trust *unionpay.Trust) unionpay.Config {
	config.RootCert, config.MiddleCert, config.Trust = nil, nil, trust
	return config
}

func TestNewTrustRefuses(t *testing.T) {
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	good := unionpay.Authority{RootCert: gateway.Config().RootCert, MiddleCert: gateway.Config().MiddleCert}
	for says, authorities := range map[string][]unionpay.Authority{
		"needs an authority":         nil,
		"rootCert is required":       {{MiddleCert: good.MiddleCert}},
		"middleCert 2 is required":   {good, {RootCert: good.RootCert}},
		"rootCert 2, middleCert 2: ": {good, {RootCert: good.MiddleCert, MiddleCert: good.RootCert}},
	} {
		trust, err := unionpay.NewTrust(unionpay.Test, authorities...)
		require.Nil(t, trust)
		require.ErrorContains(t, err, says)
		require.NotContains(t, err.Error(), "\n")
	}
}

// UnionPay changes its authorities while the program runs, as in October 2023.
func TestAuthoritiesChange(t *testing.T) {
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	before := gateway.Config()
	gateway.ChangeAuthorities()
	after := gateway.Config()
	require.False(t, before.RootCert.Equal(after.RootCert) || before.MiddleCert.Equal(after.MiddleCert))
	old := unionpaytest.NewServer() // still with the old ones
	defer old.Close()

	hear := func(client *unionpay.Client, from *unionpaytest.Server) (unionpay.Notification, error) {
		var n unionpay.Notification
		var heard error
		shop := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { n, heard = client.ParseNotification(r) }))
		defer shop.Close()
		req := cancellation(from)
		req.BackURL = shop.URL
		asking, err := unionpay.New(from.Config())
		require.NoError(t, err)
		_, err = asking.Preauth.Cancel(t.Context(), req)
		require.NoError(t, err)
		_, err = from.Notify(t.Context(), req.OrderID, cnpaytest.OK)
		require.NoError(t, err)
		return n, heard
	}
	stale, err := unionpay.New(before)
	require.NoError(t, err)
	_, err = hear(stale, gateway)
	require.ErrorIs(t, err, cnpay.ErrSignature)

	both, err := unionpay.New(trusting(after, trustOf(t, unionpay.Test, before, after)))
	require.NoError(t, err)
	for _, from := range []*unionpaytest.Server{gateway, old, gateway} {
		n, err := hear(both, from)
		require.NoError(t, err)
		require.Equal(t, cnpay.Succeeded, n.CallOutcome())
	}
	res, err := both.Preauth.Cancel(t.Context(), cancellation(gateway))
	require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(res, err))
	encryption, err := both.Certificates.Encryption(t.Context(), &unionpay.CertificateEncryptionRequest{OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now())})
	require.NoError(t, err)
	_, err = both.Certificates.Certificate(encryption)
	require.NoError(t, err)
	_, err = stale.Certificates.Certificate(encryption)
	require.Error(t, err)
	for _, fault := range []cnpaytest.Fault{cnpaytest.ForgedCertificate, unionpaytest.ExpiredCertificate, unionpaytest.MerchantCertificate} {
		gateway.Misbehave(unionpay.OpPreauthCancel, fault)
		_, err = both.Preauth.Cancel(t.Context(), cancellation(gateway))
		require.ErrorIs(t, err, cnpay.ErrSignature, fault)
	}
	warnings := strings.Join(both.Warnings(), "\n")
	for _, name := range []string{"rootCert 1", "middleCert 1", "rootCert 2", "middleCert 2"} {
		require.Contains(t, warnings, name+" is not a certificate that UnionPay is known to use here")
	}
}

// The key of sign methods 11 and 12 is replaced while the program runs.
func TestSecureKeyChanges(t *testing.T) {
	for _, method := range []unionpay.SignMethod{unionpay.SHA256, unionpay.SM3} {
		gateway := unionpaytest.NewServer()
		defer gateway.Close()
		config := gateway.ConfigFor(method)
		config.SecureKey, config.PreviousSecureKeys = "99999999", []cnpay.Secret{"77777777", config.SecureKey}
		client, err := unionpay.New(config)
		require.NoError(t, err)
		cancel := func() error {
			_, err := client.Preauth.Cancel(t.Context(), cancellation(gateway))
			return err
		}
		gateway.SetSecureKey("99999999")
		require.NoError(t, cancel(), "requests are signed with the new key")
		var old *unionpay.Client
		old, err = unionpay.New(gateway.ConfigFor(method))
		require.NoError(t, err)
		body := notificationBody(t, gateway, old)
		_, err = client.ParseNotificationBody(body)
		require.NoError(t, err)

		gateway.SetSecureKey(unionpaytest.SecureKey)
		old, err = unionpay.New(gateway.ConfigFor(method))
		require.NoError(t, err)
		body = notificationBody(t, gateway, old)
		_, err = client.ParseNotificationBody(body)
		require.NoError(t, err, "and what the old one signed is genuine")
		config.PreviousSecureKeys = config.PreviousSecureKeys[:1]
		client, err = unionpay.New(config)
		require.NoError(t, err)
		_, err = client.ParseNotificationBody(body)
		require.ErrorIs(t, err, cnpay.ErrSignature)
	}
}

// notificationBody is that of the notification about a cancellation that the client sends.
func notificationBody(t *testing.T, gateway *unionpaytest.Server, client *unionpay.Client) (body []byte) {
	t.Helper()
	shop := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { body, _ = io.ReadAll(r.Body) }))
	defer shop.Close()
	req := cancellation(gateway)
	req.BackURL = shop.URL
	_, err := client.Preauth.Cancel(t.Context(), req)
	require.NoError(t, err)
	_, err = gateway.Notify(t.Context(), req.OrderID, cnpaytest.OK)
	require.NoError(t, err)
	return body
}

// merchants are clients of many merchants, each of which has verified a message; perClient is what that cost in memory.
func merchants(tb testing.TB, shared bool) (clients []*unionpay.Client, perClient uint64) {
	tb.Helper()
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	config := gateway.Config()
	if shared {
		config = trusting(config, trustOf(tb, unionpay.Test, config))
	}
	sender, err := unionpay.New(gateway.Config())
	require.NoError(tb, err)
	res, err := sender.Preauth.Cancel(tb.Context(), cancellation(gateway))
	require.NoError(tb, err)
	for range 1000 {
		client, err := unionpay.New(config)
		require.NoError(tb, err)
		clients = append(clients, client)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for _, client := range clients {
		require.NoError(tb, unionpay.Verify(client, res.Raw))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.NoError(tb, unionpay.Verify(clients[0], res.Raw)) // keeps what was measured
	return clients, (after.HeapAlloc - min(before.HeapAlloc, after.HeapAlloc)) / uint64(len(clients))
}

// A thousand clients of one trust remember each certificate once.
func TestClientsShareATrust(t *testing.T) {
	clients, _ := merchants(t, true)
	for _, client := range clients {
		require.Same(t, unionpay.LastMessage(clients[0]), unionpay.LastMessage(client))
	}
	clients, _ = merchants(t, false)
	require.NotSame(t, unionpay.LastMessage(clients[0]), unionpay.LastMessage(clients[1]))
}

// BenchmarkSharedTrust reports what a verified certificate costs each of a thousand clients.
func BenchmarkSharedTrust(b *testing.B) {
	for name, shared := range map[string]bool{"one trust": true, "a trust each": false} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, perClient := merchants(b, shared)
				b.ReportMetric(float64(perClient), "B/client")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
