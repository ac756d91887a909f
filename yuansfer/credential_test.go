package yuansfer_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/yuansfer"
)

// What clings to a credential reaches neither the wire nor the signature.
func TestCredentialsAreTrimmed(t *testing.T) {
	gateway, _ := start(t)
	config := gateway.Config()
	config.MerchantNo, config.StoreNo = "\ufeff"+config.MerchantNo, config.StoreNo+"\u00a0\n"
	config.Token = "\u200d" + config.Token + "\x00\r\n"
	client, err := yuansfer.New(config)
	require.NoError(t, err)
	res, err := client.AutoDebit.Revoke(t.Context(), &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: gateway.AddAgreement("testAuth2021010801", "gcash")})
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err), "%v", err)
}
