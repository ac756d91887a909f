package chinaums_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
)

// What clings to a credential reaches neither the wire nor the signature.
func TestCredentialsAreTrimmed(t *testing.T) {
	gateway, _ := start(t)
	config := gateway.Config()
	config.AppID = "\ufeff" + config.AppID + "\r\n"
	config.AppKey = "\t" + config.AppKey + "\u200b\n"
	client, err := chinaums.New(config)
	require.NoError(t, err)
	res, err := client.Bills.CancelCompletion(t.Context(), gateway.AddCompletion(number, 12345))
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err), "%v", err)
}
