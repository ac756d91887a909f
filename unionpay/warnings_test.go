package unionpay_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
)

// aClock is a clock that a test sets, and a log that it reads.
type aClock struct {
	now atomic.Pointer[time.Time]
	mu  sync.Mutex
	log bytes.Buffer
}

func (c *aClock) set(now time.Time) { c.now.Store(&now) }

func (c *aClock) Write(line []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.log.Write(line)
}

// logged returns how often the log has the text, and forgets the log.
func (c *aClock) logged(text string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.log.Reset()
	return strings.Count(c.log.String(), text)
}

func (c *aClock) options() []cnpay.Option {
	return []cnpay.Option{
		cnpay.WithClock(func() time.Time { return *c.now.Load() }),
		cnpay.WithLogger(slog.New(slog.NewTextHandler(c, &slog.HandlerOptions{Level: slog.LevelWarn}))),
	}
}

// The certificates of the test's gateway all end in twenty years.
func TestWarningsWhileRunning(t *testing.T) {
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	config := gateway.Config()
	end := config.Identity.Certificate.NotAfter
	day := end.In(cnpay.Beijing()).Format(time.DateOnly)
	clock := &aClock{}
	clock.set(time.Now())
	client, err := unionpay.New(config, clock.options()...)
	require.NoError(t, err)
	require.Len(t, client.Warnings(), 2)
	require.Equal(t, 2, clock.logged("unionpay configuration"))

	cancel := func() error {
		res, err := client.Preauth.Cancel(t.Context(), cancellation(gateway))
		if err == nil {
			require.Equal(t, cnpay.Pending, res.Outcome)
		}
		return err
	}
	require.NoError(t, cancel())
	require.Zero(t, clock.logged("certificate"))
	clock.set(end.Add(-30*24*time.Hour - time.Minute))
	require.NoError(t, cancel())
	require.Zero(t, clock.logged("certificate"))
	require.Len(t, client.Warnings(), 2)

	for _, soon := range []time.Time{end.Add(-30*24*time.Hour + time.Minute), end.Add(-29*24*time.Hour + time.Minute), end.Add(-time.Minute)} {
		clock.set(soon)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { _ = cancel() })
		}
		all.Wait()
		require.Equal(t, 4, clock.logged(" ends on "+day), "root, middle, the merchant's and the one in messages, once each")
		require.Zero(t, clock.logged("certificate"))
		require.NoError(t, cancel())
		clock.set(soon.Add(30 * time.Second))
		require.NoError(t, cancel())
		require.Zero(t, clock.logged("certificate"), "once a day")
		warnings := strings.Join(client.Warnings(), "\n")
		for _, name := range []string{"rootCert", "middleCert", "identity", "signPubKeyCert"} {
			require.Regexp(t, "(?m)^"+name+` \(serial \d+\) ends on `+day+"$", warnings)
		}
	}

	clock.set(end.Add(time.Hour))
	require.Contains(t, strings.Join(client.Warnings(), "\n"), "identity (serial "+config.Identity.CertID()+") ended on "+day)
	require.ErrorIs(t, cancel(), cnpay.ErrSignature)
	clock.set(time.Date(2012, 8, 1, 0, 0, 0, 0, time.UTC))
	require.Contains(t, strings.Join(client.Warnings(), "\n"), "identity (serial "+config.Identity.CertID()+") is not valid before 2012-08-29")
	clock.set(time.Now())
	require.Len(t, client.Warnings(), 2, "the truth of today")
}

// A certificate in a message that is not verified is no certificate of UnionPay's messages.
func TestWarningsOfVerifiedMessagesOnly(t *testing.T) {
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	config := gateway.Config()
	clock := &aClock{}
	clock.set(config.Identity.Certificate.NotAfter.Add(-time.Hour))
	client, err := unionpay.New(config, clock.options()...)
	require.NoError(t, err)
	clock.logged("")
	gateway.Misbehave("preauth_cancel", cnpaytest.BadSignature)
	_, err = client.Preauth.Cancel(t.Context(), cancellation(gateway))
	require.ErrorIs(t, err, cnpay.ErrSignature)
	require.Zero(t, clock.logged("signPubKeyCert"))
	require.NotContains(t, strings.Join(client.Warnings(), "\n"), "signPubKeyCert")
}

func TestWarningsOfTheEncryptionCertificate(t *testing.T) {
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	clock := &aClock{}
	clock.set(time.Now())
	client, err := unionpay.New(gateway.Config(), clock.options()...)
	require.NoError(t, err)
	old := *gateway.Config().Identity.Certificate
	old.NotAfter = time.Now().Add(24 * time.Hour)
	keeper, err := client.Certificates.NewEncryptionKeeper(&old, unionpay.CertificateEncryptionRequest{})
	require.NoError(t, err)
	require.Contains(t, client.Warnings()[2], "encryptPubKeyCert (serial "+old.SerialNumber.String()+") ends on")
	_, err = keeper.Refresh(t.Context())
	require.NoError(t, err)
	require.Len(t, client.Warnings(), 2)

	clock.logged("")
	clock.set(gateway.Config().Identity.Certificate.NotAfter.Add(-time.Hour))
	for range 2 {
		_, err = keeper.Refresh(t.Context())
		require.NoError(t, err)
	}
	require.Equal(t, 1, clock.logged("encryptPubKeyCert"))
	require.Contains(t, client.Warnings()[len(client.Warnings())-1], "encryptPubKeyCert")
}

// What clings to a credential reaches neither the wire nor the signature: a secure key with a line end made every answer
// unverifiable and every outcome Unknown.
func TestCredentialsAreTrimmed(t *testing.T) {
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	for _, method := range []unionpay.SignMethod{unionpay.RSA, unionpay.SHA256, unionpay.SM3} {
		config := gateway.ConfigFor(method)
		config.MerID = "\ufeff" + config.MerID + "\r\n"
		config.OtherMerIDs = []string{"\t700000000000001\x00"}
		if config.SecureKey != "" {
			config.SecureKey = "\u200b" + config.SecureKey + "\n"
		}
		client, err := unionpay.New(config)
		require.NoError(t, err)
		res, err := client.Preauth.Cancel(t.Context(), cancellation(gateway))
		require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(res, err), "%s: %v", method, err)
		require.Equal(t, unionpaytest.MerID, res.MerID)
	}
	_, err := unionpay.New(unionpay.Config{
		MerID: "7772\u200b90058110097", OtherMerIDs: []string{"700000000000001", " "}, SignMethod: unionpay.SM3, SecureKey: "8888\u00a08888",
	})
	require.EqualError(t, err, "unionpay: config: merId holds a zero-width space (U+200B) at character 5; otherMerIds[1] is required; "+
		"secureKey holds a no-break space (U+00A0) at character 5 (for signMethod 12)")
}

func TestIdentityOfTwoKeys(t *testing.T) {
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	config := gateway.Config()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	config.Identity = &sign.Identity{Key: key, Certificate: config.Identity.Certificate}
	_, err = unionpay.New(config)
	require.EqualError(t, err, "unionpay: config: identity: the certificate does not belong to the key")
	config.Identity = &sign.Identity{Key: (*rsa.PrivateKey)(nil), Certificate: gateway.Config().Identity.Certificate}
	_, err = unionpay.New(config)
	require.ErrorContains(t, err, "identity: sign: no private key")
}
