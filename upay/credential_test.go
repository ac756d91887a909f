package upay_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/upay"
)

// What clings to a credential reaches neither the wire nor the signature.
func TestCredentialsAreTrimmed(t *testing.T) {
	gateway, _ := start(t)
	config := gateway.Config()
	config.TerminalSN = "\ufeff" + config.TerminalSN + "\r\n"
	config.TerminalKey = "\u2060" + config.TerminalKey + "\x00\n"
	client, err := upay.New(config)
	require.NoError(t, err)
	gateway.AddOrder("7654321132", 10000)
	res, err := client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{ClientSN: "7654321132"})
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err), "%v", err)
}
