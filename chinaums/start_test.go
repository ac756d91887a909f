package chinaums_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/chinaums/chinaumstest"
)

func start(t *testing.T, opts ...cnpay.Option) (*chinaumstest.Server, *chinaums.Client) {
	t.Helper()
	gateway := chinaumstest.NewServer()
	t.Cleanup(gateway.Close)
	client, err := chinaums.New(gateway.Config(), opts...)
	require.NoError(t, err)
	return gateway, client
}
