package upay_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
)

func sale(clientSN string) upay.Sale {
	return upay.Sale{ClientSN: clientSN, TotalAmount: 10000, Subject: "两杯咖啡", Operator: "till-1"}
}

// runs has a call of every operation, of a new order each time. Without a gateway, when recorded exchanges are replayed,
// there is nothing to prepare.
func runs(t *testing.T, gateway *upaytest.Server, client *upay.Client) map[string]func() conform.Run {
	n := 0
	number := func(of string) string {
		n++
		return fmt.Sprintf("%s%d", of, n)
	}
	order := func() string {
		clientSN := number("order")
		if gateway != nil {
			gateway.AddOrder(clientSN, 10000)
		}
		return clientSN
	}
	hold := func() upay.PreauthNumber {
		clientAuthSN, clientTransNo := number("auth"), number("hold")
		if gateway != nil {
			gateway.AddPreauth(clientAuthSN, clientTransNo, 50000)
		}
		return upay.PreauthNumber{ClientAuthSN: clientAuthSN}
	}
	step := func(amount int64) upay.PreauthStep {
		return upay.PreauthStep{ClientTransNo: number("step"), Amount: amount, Operator: "till-1", Subject: "租车"}
	}
	return map[string]func() conform.Run{
		upay.OpOrderPayByCode: func() conform.Run {
			return conform.Of(client.Orders.PayByCode, &upay.OrderPayByCodeRequest{
				Sale: sale(number("order")), DynamicID: "130000000000000001", Extended: []byte(`{"goods_tag":"beijing"}`),
				GoodsDetails: []upay.GoodsDetail{{GoodsID: "wx001", GoodsName: "咖啡", Quantity: 2, Price: 5000}},
			})
		},
		upay.OpOrderCreateQR: func() conform.Run {
			return conform.Of(client.Orders.CreateQR, &upay.OrderCreateQRRequest{Sale: sale(number("order")), Payway: "3"})
		},
		upay.OpOrderQuery: func() conform.Run {
			return conform.Of(client.Orders.Query, &upay.OrderQueryRequest{ClientSN: order()})
		},
		upay.OpOrderRefund: func() conform.Run {
			return conform.Of(client.Orders.Refund, &upay.OrderRefundRequest{
				ClientSN: order(), RefundRequestNo: "R01", Operator: "till-1", RefundAmount: 2500,
			})
		},
		upay.OpOrderQueryRefund: func() conform.Run {
			return conform.Of(client.Orders.QueryRefund, &upay.OrderQueryRefundRequest{ClientSN: order(), RefundRequestNo: "R01"})
		},
		upay.OpOrderRevoke: func() conform.Run {
			return conform.Of(client.Orders.Revoke, &upay.OrderRevokeRequest{ClientSN: order()})
		},
		upay.OpOrderCancel: func() conform.Run {
			return conform.Of(client.Orders.Cancel, &upay.OrderCancelRequest{ClientSN: order()})
		},
		upay.OpPreauthCreate: func() conform.Run {
			return conform.Of(client.Preauth.Create, &upay.PreauthCreateRequest{
				PreauthStep: step(50000), ClientAuthSN: number("auth"), DynamicID: "280000000000000001",
			})
		},
		upay.OpPreauthCancel: func() conform.Run {
			return conform.Of(client.Preauth.Cancel, &upay.PreauthCancelRequest{PreauthNumber: hold(), PreauthStep: step(8000)})
		},
		upay.OpPreauthComplete: func() conform.Run {
			return conform.Of(client.Preauth.Complete, &upay.PreauthCompleteRequest{PreauthNumber: hold(), PreauthStep: step(42000)})
		},
		upay.OpPreauthRefund: func() conform.Run {
			held, completion := hold(), number("completion")
			if gateway != nil {
				gateway.AddCompletion(held.ClientAuthSN, completion)
			}
			return conform.Of(client.Preauth.Refund, &upay.PreauthRefundRequest{ClientAuthSN: held.ClientAuthSN, PreauthStep: step(2000)})
		},
		upay.OpPreauthQuery: func() conform.Run {
			clientAuthSN, clientTransNo := number("auth"), number("hold")
			if gateway != nil {
				gateway.AddPreauth(clientAuthSN, clientTransNo, 50000)
			}
			return conform.Of(client.Preauth.Query, &upay.PreauthQueryRequest{ClientTransNo: clientTransNo})
		},
		upay.OpPreauthList: func() conform.Run {
			return conform.Of(client.Preauth.List, &upay.PreauthListRequest{ClientAuthSN: hold().ClientAuthSN, PageInfo: &upay.PreauthPage{PageSize: 10}})
		},
		upay.OpTerminalCheckIn: func() conform.Run {
			till := client
			if gateway != nil { // each run is of a till that was not checked in today
				till, _ = checkingIn(t, gateway, t.TempDir())
			}
			return conform.Of(till.Terminals.CheckIn, &upay.TerminalCheckInRequest{DeviceID: "POS-0001"})
		},
	}
}

// checkingIn is a client that keeps its keys in dir.
func checkingIn(t testing.TB, gateway *upaytest.Server, dir string, opts ...cnpay.Option) (*upay.Client, upay.KeyStore) {
	t.Helper()
	keys, err := upay.NewFileKeys(dir)
	require.NoError(t, err)
	config := gateway.Config()
	config.Keys = keys
	client, err := upay.New(config, opts...)
	require.NoError(t, err)
	return client, keys
}

// world is a gateway and two clients, and the runs of every operation.
func world(t *testing.T) *conform.World {
	gateway, client := start(t)
	another, err := upay.New(gateway.Config())
	require.NoError(t, err)
	return &conform.World{Gateway: gateway, Client: client, Another: another, Runs: runs(t, gateway, client)}
}

func TestOperations(t *testing.T) {
	faults := []cnpaytest.Fault{cnpaytest.OtherAnswer, cnpaytest.UnknownCode}
	row := func(id string, accepted cnpay.Outcome) conform.Row {
		settled := accepted
		if accepted == cnpay.Answered || id == upay.OpTerminalCheckIn {
			settled = cnpay.Unknown
		}
		return conform.Row{
			ID: id, Accepted: accepted, Settled: settled, Repeatable: accepted == cnpay.Answered, Faults: faults,
			Secrets: []string{"130000000000000001", "280000000000000001"},
		}
	}
	conform.Test(t, []conform.Row{
		row(upay.OpOrderPayByCode, cnpay.Succeeded), row(upay.OpOrderCreateQR, cnpay.Pending),
		row(upay.OpOrderQuery, cnpay.Answered), row(upay.OpOrderQueryRefund, cnpay.Answered),
		row(upay.OpOrderRefund, cnpay.Succeeded), row(upay.OpOrderRevoke, cnpay.Succeeded), row(upay.OpOrderCancel, cnpay.Succeeded),
		row(upay.OpPreauthCreate, cnpay.Succeeded), row(upay.OpPreauthCancel, cnpay.Succeeded),
		row(upay.OpPreauthComplete, cnpay.Succeeded), row(upay.OpPreauthRefund, cnpay.Succeeded),
		row(upay.OpPreauthQuery, cnpay.Answered), row(upay.OpPreauthList, cnpay.Answered),
		row(upay.OpTerminalCheckIn, cnpay.Succeeded),
	}, world)
}

func TestNoRequest(t *testing.T) {
	client := world(t).Client.(*upay.Client)
	_, err := client.Ticket(nil)
	conform.NoRequest(t, err, func(request any) error {
		_, err := upay.Do[upay.Response](t.Context(), client, upay.Operation{ID: "own"}, request)
		return err
	})
}

// The rule of a program's own operation may be given to the client or to the call that settles.
func TestSettleByAnOptionOfTheCall(t *testing.T) {
	client := world(t).Client.(*upay.Client)
	own := upay.Operation{ID: "own", Settle: func(*upay.Client, cnpay.Ticket, ...cnpay.Option) cnpay.SettleRule {
		return cnpay.SettleRule{Schedule: cnpay.Schedule{0}, Query: func(context.Context) (cnpay.Finding, error) {
			return cnpay.Finding{Verdict: cnpay.Verdict{Outcome: cnpay.Succeeded}}, nil
		}}
	}}
	ticket, err := client.Ticket(&upay.OrderRevokeRequest{ClientSN: "1"})
	require.NoError(t, err)
	ticket.Operation = "own"
	_, err = client.Settle(t.Context(), ticket)
	require.Error(t, err)
	settled, err := client.Settle(t.Context(), ticket, upay.WithOperations(own))
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err), "%v", err)
}
