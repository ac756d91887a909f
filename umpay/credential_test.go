package umpay_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/umpay"
)

// What clings to a credential reaches neither the wire nor the signature.
func TestCredentialsAreTrimmed(t *testing.T) {
	gateway, _ := start(t)
	config := gateway.Config()
	config.Terminal = "\ufeff" + config.Terminal + "\r\n"
	config.Secret = "\u3000" + config.Secret + "\u200c\n"
	client, err := umpay.New(config)
	require.NoError(t, err)
	res, err := client.Preauth.Cancel(t.Context(), request())
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err), "%v", err)
}

// The receiver reads a secret as the client does: what it cannot use is the merchant's fault, not the terminal's, which
// posts again later.
func TestReceiverTrimsSecrets(t *testing.T) {
	for secret, status := range map[cnpay.Secret]int{
		"\ufeffs\r\n": http.StatusOK,
		"s\u200bs":    http.StatusServiceUnavailable,
		" \n":         http.StatusUnauthorized,
	} {
		receiver, err := umpay.NewReceiver(umpay.ReceiverConfig{Secrets: umpay.Terminals{"N9000001": secret}})
		require.NoError(t, err)
		w := send(receiver, "/e", goodEvent, "N9000001", "s", time.Now(), newNonce())
		require.Equal(t, status, w.Code, "%q: %s", secret.Reveal(), w.Body)
	}
}
