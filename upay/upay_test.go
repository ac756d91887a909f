package upay_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
)

// testKey signs the notifications of all gateways: to make a key takes longer than a test.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func start(t *testing.T, opts ...cnpay.Option) (*upaytest.Server, *upay.Client) {
	t.Helper()
	gateway := upaytest.NewServer()
	t.Cleanup(gateway.Close)
	gateway.SetNotificationKey(testKey())
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
			gateway.Misbehave(upay.OpOrderRevoke, tt.fault)
			req := &upay.OrderRevokeRequest{ClientSN: "7654321132"}

			res, err := client.Orders.Revoke(t.Context(), req, cnpay.WithTimeout(timeout(tt.fault)))
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err))
			require.ErrorIs(t, err, tt.cause)
			require.Equal(t, 1, gateway.Received(upay.OpOrderRevoke))

			settled, err := client.Settle(t.Context(), cnpay.TicketOf(res, err), cnpay.WithSchedule(cnpay.Schedule{0, 0}))
			require.Equal(t, tt.settled, cnpay.OutcomeOf(settled, err))
			require.Equal(t, 1, gateway.Received(upay.OpOrderRevoke))
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
			gateway.Misbehave(upay.OpOrderQuery, fault)

			settled, err := client.Settle(t.Context(), ticketOf(t, client, &upay.OrderRevokeRequest{SN: sn}), cnpay.WithSchedule(cnpay.Schedule{0, 0}))
			require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
			require.Equal(t, 2, settled.Queries)
			require.Equal(t, 2, gateway.Received(upay.OpOrderQuery))
		})
	}
}

// A query is free and may be repeated within a call; a revoke may not, whatever is configured.
func TestOnlyQueriesAreRepeated(t *testing.T) {
	gateway, client := start(t, cnpay.WithRetry(cnpay.Retry{Attempts: 3, MinWait: time.Millisecond}))
	sn := gateway.AddOrder("7654321132", 10000)
	gateway.Misbehave(upay.OpOrderQuery, cnpaytest.HTTP502, cnpaytest.LostAnswer)
	res, err := client.Orders.Query(t.Context(), &upay.OrderQueryRequest{SN: sn})
	require.NoError(t, err)
	require.Equal(t, "PAID", res.Result.OrderStatus)
	require.Equal(t, 3, gateway.Received(upay.OpOrderQuery))

	gateway.AlwaysMisbehave(upay.OpOrderRevoke, cnpaytest.HTTP502)
	_, err = client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{SN: sn})
	require.ErrorIs(t, err, cnpay.ErrHTTPStatus)
	require.Equal(t, 1, gateway.Received(upay.OpOrderRevoke))
}

func TestPendingRevoke(t *testing.T) {
	gateway, client := start(t, cnpay.WithSchedule(cnpay.Schedule{0, 0, 0}))
	sn := gateway.AddOrder("7654321132", 10000)
	gateway.Misbehave(upay.OpOrderRevoke, upaytest.Pending)
	req := &upay.OrderRevokeRequest{SN: sn}

	res, err := client.Orders.Revoke(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, cnpay.Pending, res.CallOutcome())
	require.Equal(t, "CANCEL_INPROGRESS", res.Result.OrderStatus)

	settled, err := client.Settle(t.Context(), res.Ticket)
	require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(settled, err))

	gateway.SetStatus(sn, "PAID") // the channel refused, or another copy of the books answers
	settled, err = client.Settle(t.Context(), res.Ticket)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
	require.Equal(t, "PAID", settled.Code)
	require.Equal(t, 1, gateway.Received(upay.OpOrderRevoke))
}

// The gateway carries a revoke out long after its answer was lost: between two queries of the schedule, at its end, and
// after it. The schedule is the documented one, a hundred times as fast.
func TestLateRevoke(t *testing.T) {
	const scale = 100
	fast := upay.RevokeSchedule()
	for i := range fast {
		fast[i] /= scale
	}
	for _, late := range []time.Duration{time.Second, 49 * time.Second, 70 * time.Second} {
		t.Run(late.String(), func(t *testing.T) {
			t.Parallel()
			gateway, client := start(t, cnpay.WithSchedule(fast))
			sn := gateway.AddOrder("7654321132", 10000)
			gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.Late(late/scale))
			begun := time.Now()
			res, err := client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{SN: sn})
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
			ticket := cnpay.TicketOf(res, err)
			settled, err := client.Settle(t.Context(), ticket)
			if cnpay.OutcomeOf(settled, err) != cnpay.Succeeded { // the schedule was over first
				require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
				require.Equal(t, "PAID", settled.Code)
				require.True(t, settled.SendAgain)
				require.Greater(t, late, 40*time.Second)
				time.Sleep(time.Until(begun.Add(2 * late / scale)))
				settled, err = client.Settle(t.Context(), ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
			}
			require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
			require.Equal(t, 1, gateway.Received(upay.OpOrderRevoke))
		})
	}
}

// The same revoke again ends the doubt, and the late one then changes nothing.
func TestLateRevokeThatIsSentAgain(t *testing.T) {
	gateway, client := start(t)
	req := &upay.OrderRevokeRequest{SN: gateway.AddOrder("7654321132", 10000)}
	gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.Late(200*time.Millisecond))
	res, err := client.Orders.Revoke(t.Context(), req)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	res, err = client.Orders.Revoke(t.Context(), req, cnpay.WithSending(1))
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err))
	require.Equal(t, 1, res.Ticket.Sending)
	time.Sleep(400 * time.Millisecond)
	settled, err := client.Settle(t.Context(), res.Ticket)
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
}

// A ticket is all that another process needs: it settles with a client that shares nothing with the sender. Its JSON form
// holds neither the key nor anything that was not asked for.
func TestSettleElsewhere(t *testing.T) {
	gateway, client := start(t)
	gateway.AddOrder("7654321132", 10000)
	gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
	res, err := client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{ClientSN: "7654321132"})
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	stored, err := json.Marshal(cnpay.TicketOf(res, err))
	require.NoError(t, err)
	require.NotContains(t, string(stored), gateway.Config().TerminalKey.Reveal())

	var ticket cnpay.Ticket
	require.NoError(t, json.Unmarshal(stored, &ticket))
	require.Equal(t, map[string]string{"terminal_sn": gateway.Config().TerminalSN, "client_sn": "7654321132"}, ticket.Fields)
	another, err := upay.New(gateway.Config())
	require.NoError(t, err)
	settled, err := another.Settle(t.Context(), ticket)
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))

	// A terminal of another merchant, or the production gateway, must not be asked.
	config := gateway.Config()
	config.TerminalSN = "10298371039"
	stranger, err := upay.New(config)
	require.NoError(t, err)
	asked := gateway.Received(upay.OpOrderQuery)
	settled, err = stranger.Settle(t.Context(), ticket)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
	require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
	require.Equal(t, asked, gateway.Received(upay.OpOrderQuery))
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
	settled, err := client.Settle(t.Context(), res.Ticket)
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
	started  []cnpay.Ticket
	finished []cnpay.Ticket
	calls    []cnpay.Call
}

func (j *journal) Started(ctx context.Context, t cnpay.Ticket) (context.Context, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.started = append(j.started, t)
	return ctx, nil
}

func (j *journal) Finished(_ context.Context, t cnpay.Ticket, c cnpay.Call) {
	j.mu.Lock()
	defer j.mu.Unlock()
	c.Duration = 0
	j.finished = append(j.finished, t)
	j.calls = append(j.calls, c)
}

func TestRecorderSeesTheMerchantsNumber(t *testing.T) {
	var j journal
	gateway, client := start(t, cnpay.WithRecorder(&j))
	sn := gateway.AddOrder("7654321132", 10000)
	before := time.Now()
	res, err := client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{SN: sn, ClientSN: "7654321132"}, cnpay.WithTimeout(time.Minute))
	require.NoError(t, err)
	require.Len(t, j.started, 1)
	ticket := j.started[0]
	require.WithinRange(t, ticket.Began, before.Add(-time.Second), time.Now())
	require.InDelta(t, time.Minute, ticket.Until.Sub(ticket.Began), float64(time.Second))
	require.Equal(t, []cnpay.Ticket{ticket}, j.finished)
	require.Equal(t, ticket, res.Ticket)
	ticket.Began, ticket.Until = time.Time{}, time.Time{}
	require.Equal(t, ticketOf(t, client, &upay.OrderRevokeRequest{SN: sn, ClientSN: "7654321132"}), ticket)
	require.Equal(t, "7654321132", ticket.Order)
	require.False(t, ticket.NoMoney)
	require.Equal(t, []cnpay.Call{{Outcome: cnpay.Succeeded, Code: "CANCEL_SUCCESS", Host: ticket.Gateway, HTTPStatus: http.StatusOK, Sent: 1}}, j.calls)

	_, err = client.Orders.Query(t.Context(), &upay.OrderQueryRequest{SN: sn})
	require.NoError(t, err)
	require.True(t, j.started[1].NoMoney)
	require.Equal(t, cnpay.Answered, j.calls[1].Outcome)
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
	require.Equal(t, 32, gateway.Received(upay.OpOrderRevoke))
}

// A dump is for support: the whole exchange, without what pays or proves who somebody is.
func TestDump(t *testing.T) {
	var dumps []cnpay.Dump
	gateway, client := start(t)
	gateway.AddOrder("7654321132", 10000)
	_, err := client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{ClientSN: "7654321132"},
		cnpay.WithDump(func(_ context.Context, d cnpay.Dump) { dumps = append(dumps, d) }))
	require.NoError(t, err)
	require.Len(t, dumps, 1)
	require.Equal(t, upay.OpOrderRevoke, dumps[0].Ticket.Operation)
	require.Contains(t, dumps[0].Request, "/upay/v2/revoke")
	require.Contains(t, dumps[0].Request, `"client_sn":"7654321132"`)
	require.Contains(t, dumps[0].Answer, `"result_code":"CANCEL_SUCCESS"`)
	require.NotContains(t, dumps[0].Request+dumps[0].Answer, gateway.Config().TerminalKey.Reveal())
}
