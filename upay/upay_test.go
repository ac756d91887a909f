package upay_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
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

	res, err := client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{ClientSN: "7654321132"})
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err))
	require.Equal(t, sn, res.Result.SN)
	require.Zero(t, *res.Result.NetAmount)
}

// timeout is short where nothing else would end the call.
func timeout(fault cnpaytest.Fault) time.Duration {
	if fault == cnpaytest.Hang {
		return 200 * time.Millisecond
	}
	return time.Minute
}

func TestRevokeFaults(t *testing.T) {
	for _, tt := range []struct {
		fault   cnpaytest.Fault
		outcome cnpay.Outcome
		cause   error
		settled cnpay.Outcome
	}{
		{cnpaytest.Refused, cnpay.Failed, cnpay.ErrRefused, cnpay.Unknown}, // the order is PAID
		{cnpaytest.LostAnswer, cnpay.Unknown, cnpay.ErrTransport, cnpay.Succeeded},
		{cnpaytest.Hang, cnpay.Unknown, cnpay.ErrTransport, cnpay.Succeeded},
		{cnpaytest.Reset, cnpay.Unknown, cnpay.ErrTransport, cnpay.Succeeded},
		{cnpaytest.CutBody, cnpay.Unknown, cnpay.ErrTransport, cnpay.Succeeded},
		{cnpaytest.HTTP502, cnpay.Unknown, cnpay.ErrHTTPStatus, cnpay.Succeeded},
		{cnpaytest.Redirect, cnpay.Unknown, cnpay.ErrHTTPStatus, cnpay.Succeeded},
		{cnpaytest.Empty, cnpay.Unknown, cnpay.ErrMalformed, cnpay.Succeeded},
		{cnpaytest.HTML, cnpay.Unknown, cnpay.ErrMalformed, cnpay.Succeeded},
		{cnpaytest.HugeBody, cnpay.Unknown, cnpay.ErrTooLarge, cnpay.Succeeded},
		{cnpaytest.OtherAnswer, cnpay.Unknown, cnpay.ErrMismatch, cnpay.Succeeded},
		{cnpaytest.UnknownCode, cnpay.Unknown, cnpay.ErrUndecided, cnpay.Succeeded},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			t.Parallel()
			gateway, client := start(t)
			gateway.AddOrder("7654321132", 10000)
			gateway.Misbehave("revoke", tt.fault)
			req := &upay.OrderRevokeRequest{ClientSN: "7654321132"}

			res, err := client.Orders.Revoke(t.Context(), req, cnpay.WithTimeout(timeout(tt.fault)))
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err))
			require.ErrorIs(t, err, tt.cause)
			require.Equal(t, 1, gateway.Received("revoke"))

			settled, err := client.Orders.SettleRevoke(t.Context(), req, cnpay.WithSchedule(cnpay.Schedule{0, 0}))
			require.Equal(t, tt.settled, cnpay.OutcomeOf(settled, err))
			require.Equal(t, 1, gateway.Received("revoke"))
		})
	}
}

// The query may meet every fault too; it says nothing about the revoke then, and the next one follows.
func TestSettleSurvivesFaultsOfTheQuery(t *testing.T) {
	for _, fault := range []cnpaytest.Fault{
		cnpaytest.LostAnswer, cnpaytest.Reset, cnpaytest.CutBody, cnpaytest.HTTP502, cnpaytest.Empty, cnpaytest.HTML, cnpaytest.HugeBody,
		cnpaytest.Redirect, cnpaytest.OtherAnswer, cnpaytest.UnknownCode,
	} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			gateway, client := start(t, cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
			sn := gateway.AddOrder("7654321132", 10000)
			gateway.SetStatus(sn, "CANCELED")
			gateway.Misbehave("query", fault)

			settled, err := client.Orders.SettleRevoke(t.Context(), &upay.OrderRevokeRequest{SN: sn}, cnpay.WithSchedule(cnpay.Schedule{0, 0}))
			require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
			require.Equal(t, 2, settled.Queries)
			require.Equal(t, 2, gateway.Received("query"))
		})
	}
}

// A query is free and may be repeated within a call; a revoke may not, whatever is configured.
func TestOnlyQueriesAreRepeated(t *testing.T) {
	gateway, client := start(t, cnpay.WithRetry(cnpay.Retry{Attempts: 3, MinWait: time.Millisecond}))
	sn := gateway.AddOrder("7654321132", 10000)
	gateway.Misbehave("query", cnpaytest.HTTP502, cnpaytest.LostAnswer)
	res, err := client.Orders.Query(t.Context(), &upay.OrderQueryRequest{SN: sn})
	require.NoError(t, err)
	require.Equal(t, "PAID", res.Result.OrderStatus)
	require.Equal(t, 3, gateway.Received("query"))

	gateway.AlwaysMisbehave("revoke", cnpaytest.HTTP502)
	_, err = client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{SN: sn})
	require.ErrorIs(t, err, cnpay.ErrHTTPStatus)
	require.Equal(t, 1, gateway.Received("revoke"))
}

func TestPendingRevoke(t *testing.T) {
	gateway, client := start(t, cnpay.WithSchedule(cnpay.Schedule{0, 0, 0}))
	sn := gateway.AddOrder("7654321132", 10000)
	gateway.Misbehave("revoke", upaytest.Pending)
	req := &upay.OrderRevokeRequest{SN: sn}

	res, err := client.Orders.Revoke(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, cnpay.Pending, res.CallOutcome())
	require.Equal(t, "CANCEL_INPROGRESS", res.Result.OrderStatus)

	settled, err := client.Orders.SettleRevoke(t.Context(), req)
	require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(settled, err))

	gateway.SetStatus(sn, "PAID") // the channel refused, or another copy of the books answers
	settled, err = client.Orders.SettleRevoke(t.Context(), req)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
	require.Equal(t, "PAID", settled.Code)
	require.Equal(t, 1, gateway.Received("revoke"))
}

// The gateway works on a revoke long after its answer was lost, or when the same revoke is sent again.
func TestLateRevoke(t *testing.T) {
	gateway, client := start(t, cnpay.WithSchedule(cnpay.Schedule{0, 0, 0}))
	var passed atomic.Int64 // the gateway reads its clock in another goroutine
	gateway.SetClock(func() time.Time { return time.UnixMilli(1449646835244).Add(time.Duration(passed.Load())) })
	sn := gateway.AddOrder("7654321132", 10000)
	req := &upay.OrderRevokeRequest{SN: sn}
	gateway.Misbehave("revoke", cnpaytest.Late(51*time.Second))

	res, err := client.Orders.Revoke(t.Context(), req)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	for _, wait := range []time.Duration{0, time.Second, 49 * time.Second} {
		passed.Add(int64(wait))
		settled, err := client.Orders.SettleRevoke(t.Context(), req)
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
		require.Equal(t, "PAID", settled.Code)
	}
	passed.Add(int64(time.Second))
	settled, err := client.Orders.SettleRevoke(t.Context(), req)
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))

	// The same revoke again ends the doubt, and the late one then changes nothing.
	req.SN = gateway.AddOrder("7654321133", 10000)
	gateway.Misbehave("revoke", cnpaytest.Late(time.Minute))
	res, err = client.Orders.Revoke(t.Context(), req)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	res, err = client.Orders.Revoke(t.Context(), req)
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err))
	passed.Add(int64(time.Minute))
	settled, err = client.Orders.SettleRevoke(t.Context(), req)
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
}

func TestSecondRevokeIsConfirmedByQuery(t *testing.T) {
	gateway, client := start(t)
	gateway.AddOrder("7654321132", 10000)
	req := &upay.OrderRevokeRequest{ClientSN: "7654321132"}
	_, err := client.Orders.Revoke(t.Context(), req)
	require.NoError(t, err)

	res, err := client.Orders.Revoke(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, cnpay.Pending, res.CallOutcome())
	require.Equal(t, "UPAY_CANCEL_ORDER_NOOP", res.Result.ErrorCode)
	settled, err := client.Orders.SettleRevoke(t.Context(), req)
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
	require.Equal(t, 1, settled.Queries)
}

func TestRevokeThatNeverLeft(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	client, err := upay.New(upay.Config{Gateway: "http://" + address, TerminalSN: terminalSN, TerminalKey: terminalKey},
		cnpay.WithRetry(cnpay.Retry{Attempts: 2, MinWait: time.Millisecond}))
	require.NoError(t, err)

	res, err := client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{SN: "1"})
	require.Nil(t, res)
	require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(res, err))

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	res, err = client.Orders.Revoke(ended, &upay.OrderRevokeRequest{SN: "1"})
	require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(res, err))
	require.ErrorIs(t, err, context.Canceled)
}

// journal is a cnpay.Recorder.
type journal struct {
	mu       sync.Mutex
	started  []cnpay.Subject
	finished []cnpay.Call
}

func (j *journal) Started(_ context.Context, s cnpay.Subject) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.started = append(j.started, s)
	return nil
}

func (j *journal) Finished(_ context.Context, c cnpay.Call) {
	j.mu.Lock()
	defer j.mu.Unlock()
	c.Duration = 0
	j.finished = append(j.finished, c)
}

func TestRecorderSeesTheMerchantsNumber(t *testing.T) {
	var j journal
	gateway, client := start(t, cnpay.WithRecorder(&j))
	sn := gateway.AddOrder("7654321132", 10000)
	_, err := client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{SN: sn, ClientSN: "7654321132"})
	require.NoError(t, err)
	subject := cnpay.Subject{Provider: "upay", Operation: "revoke", Order: "7654321132"}
	require.Equal(t, []cnpay.Subject{subject}, j.started)
	require.Equal(t, []cnpay.Call{{
		Subject: subject, Outcome: cnpay.Succeeded, Code: "CANCEL_SUCCESS", HTTPStatus: http.StatusOK, Sent: 1,
	}}, j.finished)
}

// One client serves many goroutines.
func TestConcurrentRevokes(t *testing.T) {
	gateway, client := start(t)
	var wait sync.WaitGroup
	for i := range 32 {
		sn := gateway.AddOrder("order-"+string(rune('a'+i)), int64(i+1))
		wait.Go(func() {
			res, err := client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{SN: sn})
			if err != nil || res.Result.SN != sn {
				t.Errorf("%s: %v", sn, err)
			}
		})
	}
	wait.Wait()
	require.Equal(t, 32, gateway.Received("revoke"))
}
