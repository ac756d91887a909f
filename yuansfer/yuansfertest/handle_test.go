package yuansfertest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/yuansfer"
	"github.com/cnpay-go/cnpay/yuansfer/yuansfertest"
)

func TestHandle(t *testing.T) {
	gateway := yuansfertest.NewServer()
	t.Cleanup(gateway.Close)
	client, err := yuansfer.New(gateway.Config())
	require.NoError(t, err)
	op := yuansfer.Operation{ID: "store_info", Path: "/v3/store-info", NoMoney: true}
	gateway.Handle(op.ID, op.Path, func(request map[string]string) map[string]any {
		return map[string]any{"storeName": "store of " + request["owner"]}
	})
	type request struct {
		yuansfer.Sender
		Owner string `json:"owner" spec:"M S"`
	}
	type response struct {
		yuansfer.Response
		Result struct {
			StoreName string `json:"storeName" spec:"O S"`
		} `json:"result" spec:"C"`
	}
	res, err := yuansfer.Do[response](t.Context(), client, op, &request{Owner: "a"})
	require.NoError(t, err)
	require.Equal(t, "store of a", res.Result.StoreName)
	require.Equal(t, 1, gateway.Received(op.ID))

	gateway.SetToken("another")
	_, err = yuansfer.Do[response](t.Context(), client, op, &request{Owner: "a"})
	require.NotEqual(t, cnpay.Succeeded, cnpay.OutcomeOf(nil, err))
	require.ErrorContains(t, err, "verifySign")
}
