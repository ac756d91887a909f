package upay_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
)

func start(t *testing.T, opts ...cnpay.Option) (*upaytest.Server, *upay.Client) {
	t.Helper()
	gateway := upaytest.NewServer()
	t.Cleanup(gateway.Close)
	client, err := upay.New(gateway.Config(), opts...)
	require.NoError(t, err)
	return gateway, client
}

func TestRevoke(t *testing.T) {
	gateway, client := start(t)
	sn := gateway.AddOrder("7654321132", 10000)

	res, err := client.Orders.Revoke(t.Context(), &upay.RevokeRequest{ClientSN: "7654321132"})
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err))
	require.Equal(t, sn, res.Biz.Data.SN)
	require.Equal(t, "0", res.Biz.Data.NetAmount)
}

func TestRevokeFaults(t *testing.T) {
	for _, tt := range []struct {
		fault   upaytest.Fault
		outcome cnpay.Outcome
		cause   error
		settled cnpay.Outcome
	}{
		{upaytest.Refused, cnpay.Failed, cnpay.ErrRefused, cnpay.Failed},
		{upaytest.LostAnswer, cnpay.Unknown, cnpay.ErrTransport, cnpay.Succeeded},
		{upaytest.Reset, cnpay.Unknown, cnpay.ErrTransport, cnpay.Succeeded},
		{upaytest.CutBody, cnpay.Unknown, cnpay.ErrTransport, cnpay.Succeeded},
		{upaytest.HTTP502, cnpay.Unknown, cnpay.ErrHTTPStatus, cnpay.Succeeded},
		{upaytest.Redirect, cnpay.Unknown, cnpay.ErrHTTPStatus, cnpay.Succeeded},
		{upaytest.Empty, cnpay.Unknown, cnpay.ErrMalformed, cnpay.Succeeded},
		{upaytest.HTML, cnpay.Unknown, cnpay.ErrMalformed, cnpay.Succeeded},
		{upaytest.HugeBody, cnpay.Unknown, cnpay.ErrTooLarge, cnpay.Succeeded},
		{upaytest.OtherAnswer, cnpay.Unknown, cnpay.ErrMismatch, cnpay.Succeeded},
		{upaytest.UnknownCode, cnpay.Unknown, cnpay.ErrUndecided, cnpay.Succeeded},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			gateway, client := start(t)
			gateway.AddOrder("7654321132", 10000)
			gateway.Misbehave("revoke", tt.fault)
			req := &upay.RevokeRequest{ClientSN: "7654321132"}

			res, err := client.Orders.Revoke(t.Context(), req)
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err))
			require.ErrorIs(t, err, tt.cause)
			require.Equal(t, 1, gateway.Received("revoke"))

			settled, err := client.Orders.SettleRevoke(t.Context(), req, cnpay.WithSchedule(cnpay.Schedule{0, 0}))
			require.Equal(t, tt.settled, cnpay.OutcomeOf(settled, err))
			require.Equal(t, 1, gateway.Received("revoke"))
		})
	}
}
