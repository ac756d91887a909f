package umpay_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/umpay"
)

// A terminal's secret is replaced while the program runs.
func TestSecretChanges(t *testing.T) {
	terminal, stale := start(t)
	before := terminal.Config()
	config := before
	config.Secret, config.PreviousSecrets = "the-new-one", []cnpay.Secret{before.Secret}
	client, err := umpay.New(config)
	require.NoError(t, err)
	_, err = client.Preauth.Cancel(t.Context(), request())
	require.ErrorIs(t, err, cnpay.ErrSignature, "requests are signed with the new one, which the terminal does not know yet")

	terminal.AcceptSecret("the-new-one")
	res, err := client.Preauth.Cancel(t.Context(), request())
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err), "%v", err)
	config.PreviousSecrets = nil
	hasty, err := umpay.New(config)
	require.NoError(t, err)
	_, err = hasty.Commands.Query(t.Context(), &umpay.CommandQueryRequest{ID: res.Ticket.Order})
	require.ErrorIs(t, err, cnpay.ErrSignature, "the terminal still signs with the old one")

	terminal.SetSecret("the-new-one")
	for _, c := range []*umpay.Client{client, hasty} {
		_, err = c.Commands.Query(t.Context(), &umpay.CommandQueryRequest{ID: res.Ticket.Order})
		require.NoError(t, err)
	}
	_, err = stale.Commands.Query(t.Context(), &umpay.CommandQueryRequest{ID: res.Ticket.Order})
	require.ErrorIs(t, err, cnpay.ErrSignature)

	config.PreviousSecrets = []cnpay.Secret{""}
	_, err = umpay.New(config)
	require.ErrorContains(t, err, "previous secret 1 is required")
}

func TestReceiverTakesTheOldSecretToo(t *testing.T) {
	terminal, client := start(t)
	req := request()
	_, err := client.Preauth.Cancel(t.Context(), req)
	require.NoError(t, err)
	event := terminal.Events(req.ID)[0]
	serial, old := terminal.Config().Terminal, terminal.Config().Secret
	serve := func(previous umpay.Secrets) string {
		receiver, err := umpay.NewReceiver(umpay.ReceiverConfig{Secrets: umpay.Terminals{serial: "the-new-one"}, Previous: previous})
		require.NoError(t, err)
		server := httptest.NewServer(receiver)
		t.Cleanup(server.Close)
		return server.URL + "/pos/events"
	}
	both, one := serve(umpay.Terminals{serial: old}), serve(nil)
	require.Equal(t, http.StatusOK, post(t, terminal, both, event), "and the terminal verified the answer")
	require.Equal(t, http.StatusUnauthorized, post(t, terminal, one, event))
	terminal.SetSecret("a-third")
	require.Equal(t, http.StatusUnauthorized, post(t, terminal, both, event))
	terminal.SetSecret("the-new-one")
	require.Equal(t, http.StatusOK, post(t, terminal, both, event))
	require.Equal(t, http.StatusOK, post(t, terminal, one, event))
	require.Equal(t, http.StatusServiceUnavailable, post(t, terminal, serve(secretsDown{}), event))
}

// secretsDown is a store of secrets that is out of reach.
type secretsDown struct{}

func (secretsDown) Secret(context.Context, string) (cnpay.Secret, error) {
	return "", context.DeadlineExceeded
}
