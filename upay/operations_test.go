package upay_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/upay"
)

// world is a gateway and two clients, and the runs of every operation.
func world(t *testing.T) *conform.World {
	gateway, client := start(t)
	another, err := upay.New(gateway.Config())
	require.NoError(t, err)
	n := 0
	order := func() string {
		n++
		clientSN := fmt.Sprintf("order%d", n)
		gateway.AddOrder(clientSN, 10000)
		return clientSN
	}
	return &conform.World{
		Gateway: gateway, Client: client, Another: another,
		Runs: map[string]func() conform.Run{
			upay.OpQuery: func() conform.Run { return conform.Of(client.Orders.Query, &upay.OrderQueryRequest{ClientSN: order()}) },
			upay.OpRevoke: func() conform.Run {
				return conform.Of(client.Orders.Revoke, &upay.OrderRevokeRequest{ClientSN: order()})
			},
		},
	}
}

func TestOperations(t *testing.T) {
	faults := []cnpaytest.Fault{cnpaytest.OtherAnswer, cnpaytest.UnknownCode}
	conform.Test(t, []conform.Row{
		{ID: upay.OpQuery, Accepted: cnpay.Answered, Repeatable: true, Faults: faults},
		{ID: upay.OpRevoke, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: faults},
	}, world)
}
