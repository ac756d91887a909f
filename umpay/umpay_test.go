package umpay_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
)

const (
	preauthCancel = umpay.OpPreauthCancel
	get           = umpay.OpCommandQuery
	trace         = "000123"
	order         = "200521153012123N9000001"
	masked        = "622155******0000"
)

func start(t *testing.T, opts ...cnpay.Option) (*umpaytest.Server, *umpay.Client) {
	t.Helper()
	terminal := umpaytest.NewServer()
	t.Cleanup(terminal.Close)
	terminal.AddPreauth(trace, 10000)
	client, err := umpay.New(terminal.Config(), opts...)
	require.NoError(t, err)
	return terminal, client
}

func request() *umpay.PreauthCancelRequest {
	return &umpay.PreauthCancelRequest{ID: umpay.NewCommandID(), Amount: 10000, UPayTrace: trace, OrderID: order}
}

func at(seconds int64) func() time.Time { return func() time.Time { return time.Unix(seconds, 0) } }

// quick asks at once.
func quick(n int) cnpay.Option { return cnpay.WithSchedule(make(cnpay.Schedule, n)) }

// settle settles a request as another process does that has nothing but its ticket.
func settle(t testing.TB, client *umpay.Client, req umpay.Request, opts ...cnpay.Option) (*cnpay.Settlement, error) {
	t.Helper()
	ticket, _ := client.Ticket(req) // of a request with faults too: settling says them
	return client.Settle(t.Context(), ticket, opts...)
}

// roundTripper is a bridge made of one function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func over(f roundTripper) cnpay.Option { return cnpay.WithHTTPClient(&http.Client{Transport: f}) }

func answer(status int, header http.Header, body string) *http.Response {
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

func TestCancel(t *testing.T) {
	terminal, client := start(t)
	req := request()
	before := *req

	res, err := client.Preauth.Cancel(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err))
	require.True(t, terminal.Canceled(trace))
	require.Equal(t, before, *req)
	require.Equal(t, req.ID, res.Event.ID)
	require.Equal(t, "onReverSuccess", res.Event.Callback)
	require.Equal(t, "60150200", res.Event.Verdict().Code)
	require.EqualValues(t, 60150200, res.Result.Code)
	require.Equal(t, order, res.Result.OrderID)
	require.EqualValues(t, 10000, res.Result.Amount)
	require.NotEmpty(t, res.Result.AuthCode)

	// The terminal sent a card number and an expiry date in clear. Neither is left anywhere in the answer.
	require.Equal(t, masked, res.Result.Account)
	stored, err := json.Marshal(res)
	require.NoError(t, err)
	for _, text := range []string{fmt.Sprintf("%+v", res), string(res.Raw), string(stored), string(res.Event.Result)} {
		require.NotContains(t, text, umpaytest.Account)
		require.NotContains(t, text, `"cardExpiryDate":"2`)
	}
	require.NotContains(t, string(res.Raw), "cardExpiryDate")
	require.Empty(t, res.Result.CardExpiryDate)
	require.Contains(t, string(stored), masked)

	// The same id again runs nothing and has the same answer.
	again, err := client.Preauth.Cancel(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, res.Result, again.Result)
	require.Len(t, terminal.Events(req.ID), 4)

	// Another id is another cancellation, which the plugin refuses.
	other, err := client.Preauth.Cancel(t.Context(), request())
	require.ErrorIs(t, err, cnpay.ErrRefused)
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(other, err))
	require.EqualValues(t, 60150005, other.Result.Code)
	require.Equal(t, "原交易不存在或已撤销", other.Result.MsgDesc)
	var e *cnpay.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, preauthCancel, e.Ticket.Operation)
	require.Equal(t, other.Event.ID, e.Ticket.Order)
	require.Equal(t, "N9000001", e.Ticket.Account)
	require.Equal(t, "60150005", e.Code)
	require.Equal(t, "操作失败", e.Message)
}

func TestResultHasEveryField(t *testing.T) {
	terminal, client := start(t)
	res, err := client.Preauth.Cancel(t.Context(), request())
	require.NoError(t, err)
	require.NotNil(t, terminal)
	v := reflect.ValueOf(res.Result)
	fields := 0
	for _, f := range reflect.VisibleFields(v.Type()) {
		value := v.FieldByIndex(f.Index).Interface()
		switch {
		case f.Anonymous:
			continue
		case slices.Contains([]string{"StateCode", "MsgToUser", "MsgDesc", "CardExpiryDate"}, f.Name): // of failures, and what is dropped
			require.Zero(t, value, f.Name)
		default:
			require.NotZero(t, value, f.Name)
		}
		fields++
	}
	require.Equal(t, 23, fields)
}

func TestWithoutOrderID(t *testing.T) {
	_, client := start(t)
	req := request()
	req.OrderID = ""
	res, err := client.Preauth.Cancel(t.Context(), req)
	require.NoError(t, err)
	require.Contains(t, res.Result.OrderID, "N9000001")

	_, err = client.Preauth.Cancel(t.Context(), &umpay.PreauthCancelRequest{ID: req.ID + "x", Amount: 1, UPayTrace: "none"})
	var e *cnpay.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, req.ID+"x", e.Ticket.Order)
}

func TestCancelFaults(t *testing.T) {
	for _, tt := range []struct {
		fault   cnpaytest.Fault
		outcome cnpay.Outcome
		cause   error
		settled cnpay.Outcome
	}{
		{cnpaytest.Refused, cnpay.Failed, cnpay.ErrRefused, cnpay.Failed},
		{cnpaytest.LostAnswer, cnpay.Unknown, cnpay.ErrTransport, cnpay.Succeeded},
		{cnpaytest.Reset, cnpay.Unknown, cnpay.ErrTransport, cnpay.Succeeded},
		{cnpaytest.CutBody, cnpay.Unknown, cnpay.ErrTransport, cnpay.Succeeded},
		{cnpaytest.HTTP502, cnpay.Unknown, cnpay.ErrHTTPStatus, cnpay.Succeeded},
		{cnpaytest.Redirect, cnpay.Unknown, cnpay.ErrHTTPStatus, cnpay.Succeeded},
		{cnpaytest.HugeBody, cnpay.Unknown, cnpay.ErrTooLarge, cnpay.Succeeded},
		{cnpaytest.Empty, cnpay.Unknown, cnpay.ErrSignature, cnpay.Succeeded},
		{cnpaytest.HTML, cnpay.Unknown, cnpay.ErrSignature, cnpay.Succeeded},
		{cnpaytest.BadSignature, cnpay.Unknown, cnpay.ErrSignature, cnpay.Succeeded},
		{cnpaytest.Unsigned, cnpay.Unknown, cnpay.ErrSignature, cnpay.Succeeded},
		{umpaytest.OtherTerminal, cnpay.Unknown, cnpay.ErrSignature, cnpay.Succeeded},
		{umpaytest.Stale, cnpay.Unknown, cnpay.ErrSignature, cnpay.Succeeded},
		{umpaytest.WrongNonce, cnpay.Unknown, cnpay.ErrMismatch, cnpay.Succeeded},
		{cnpaytest.OtherAnswer, cnpay.Unknown, cnpay.ErrMismatch, cnpay.Succeeded},
		{cnpaytest.UnknownCode, cnpay.Unknown, cnpay.ErrUndecided, cnpay.Succeeded},
		{umpaytest.ReBind, cnpay.Unknown, cnpay.ErrUndecided, cnpay.Succeeded},
		{umpaytest.CallFail, cnpay.Unknown, cnpay.ErrUndecided, cnpay.Succeeded},
		{umpaytest.Undecided, cnpay.Unknown, cnpay.ErrUndecided, cnpay.Unknown},
		{umpaytest.Running, cnpay.Pending, nil, cnpay.Succeeded},
		{umpaytest.Dropped, cnpay.Unknown, cnpay.ErrTransport, cnpay.Unknown},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			terminal, client := start(t)
			terminal.Misbehave(preauthCancel, tt.fault)
			req := request()

			res, err := client.Preauth.Cancel(t.Context(), req)
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err))
			require.ErrorIs(t, err, tt.cause)
			require.Equal(t, 1, terminal.Received(preauthCancel))

			settled, err := settle(t, client, req, quick(3))
			require.Equal(t, tt.settled, cnpay.OutcomeOf(settled, err))
			require.Equal(t, tt.settled == cnpay.Succeeded, terminal.Canceled(trace))
			require.Equal(t, 1, terminal.Received(preauthCancel))
		})
	}
}

func TestHang(t *testing.T) {
	terminal, client := start(t)
	terminal.Misbehave(preauthCancel, cnpaytest.Hang)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	req := request()
	res, err := client.Preauth.Cancel(ctx, req)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Nil(t, res)

	settled, err := settle(t, client, req, quick(1))
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, settled.Outcome)
	require.Equal(t, 1, terminal.Received(preauthCancel))
}

// TestQueryFaults breaks the query: that says nothing about the cancellation, and the next query does.
func TestQueryFaults(t *testing.T) {
	for _, fault := range []cnpaytest.Fault{
		cnpaytest.LostAnswer, cnpaytest.Reset, cnpaytest.CutBody, cnpaytest.HTTP502, cnpaytest.Redirect, cnpaytest.HugeBody,
		cnpaytest.Empty, cnpaytest.HTML, cnpaytest.BadSignature, cnpaytest.Unsigned, umpaytest.OtherTerminal, umpaytest.Stale,
		umpaytest.WrongNonce, cnpaytest.OtherAnswer, cnpaytest.UnknownCode, umpaytest.ReBind, umpaytest.CallFail, umpaytest.Running,
	} {
		t.Run(string(fault), func(t *testing.T) {
			terminal, client := start(t, cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
			terminal.Misbehave(preauthCancel, cnpaytest.LostAnswer)
			terminal.Misbehave(get, fault)
			req := request()
			_, err := client.Preauth.Cancel(t.Context(), req)
			require.Error(t, err)

			settled, err := settle(t, client, req, quick(1))
			require.NotEqual(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
			require.False(t, settled.Outcome.Final())
			settled, err = settle(t, client, req, quick(1))
			require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
			require.Equal(t, 2, terminal.Received(get))
		})
	}
}

func TestQueryIsRepeatedUnderAFreshNonce(t *testing.T) {
	terminal, client := start(t, cnpay.WithRetry(cnpay.Retry{Attempts: 3, MinWait: time.Millisecond}))
	req := request()
	_, err := client.Preauth.Cancel(t.Context(), req)
	require.NoError(t, err)
	terminal.Misbehave(get, cnpaytest.HTTP502, cnpaytest.HTTP502) // the terminal refuses a nonce that it has seen
	res, err := client.Commands.Query(t.Context(), &umpay.CommandQueryRequest{ID: req.ID})
	require.NoError(t, err)
	require.Equal(t, umpay.CommandFinished, res.State)
	require.Equal(t, 3, terminal.Received(get))
}

func TestCommandsQuery(t *testing.T) {
	terminal, client := start(t)
	req := request()
	ask := &umpay.CommandQueryRequest{ID: req.ID}

	res, err := client.Commands.Query(t.Context(), ask)
	require.ErrorIs(t, err, cnpay.ErrRefused)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	require.Equal(t, umpay.CommandMissing, res.State)
	require.Equal(t, req.ID, res.Event.ID)

	_, err = client.Preauth.Cancel(t.Context(), req)
	require.NoError(t, err)
	terminal.Misbehave(get, umpaytest.Running)
	res, err = client.Commands.Query(t.Context(), ask)
	require.Equal(t, cnpay.Answered, cnpay.OutcomeOf(res, err))
	require.Equal(t, umpay.CommandRunning, res.State)
	require.Equal(t, cnpay.Unknown, res.Event.Verdict().Outcome)

	res, err = client.Commands.Query(t.Context(), ask)
	require.Equal(t, cnpay.Answered, cnpay.OutcomeOf(res, err))
	require.Equal(t, umpay.CommandFinished, res.State)
	require.Equal(t, cnpay.Succeeded, res.Event.Verdict().Outcome)
	result, err := res.Event.PreauthCancelResult()
	require.NoError(t, err)
	require.Equal(t, masked, result.Account)
	require.NotContains(t, string(res.Raw), umpaytest.Account)

	// The query of a refused cancellation is answered all the same.
	refused := request()
	_, err = client.Preauth.Cancel(t.Context(), refused)
	require.ErrorIs(t, err, cnpay.ErrRefused)
	res, err = client.Commands.Query(t.Context(), &umpay.CommandQueryRequest{ID: refused.ID})
	require.Equal(t, cnpay.Answered, cnpay.OutcomeOf(res, err))
	require.Equal(t, cnpay.Failed, res.Event.Verdict().Outcome)
}

func TestSettleCancel(t *testing.T) {
	t.Run("unknown is followed by an end", func(t *testing.T) {
		terminal, client := start(t)
		terminal.Misbehave(preauthCancel, umpaytest.Undecided)
		req := request()
		_, err := client.Preauth.Cancel(t.Context(), req)
		require.ErrorIs(t, err, cnpay.ErrUndecided)
		terminal.Resolve(req.ID, false)
		settled, err := settle(t, client, req, quick(5))
		require.ErrorIs(t, err, cnpay.ErrRefused)
		require.Equal(t, cnpay.Failed, settled.Outcome)
		require.Equal(t, 1, settled.Queries)
	})
	t.Run("what is missing may be on its way", func(t *testing.T) {
		_, client := start(t)
		settled, err := settle(t, client, request(), quick(5))
		require.ErrorIs(t, err, cnpay.ErrUndecided)
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
		require.Equal(t, "404", settled.Code)
		require.Equal(t, "id is unknown", settled.Message)
		require.Equal(t, 5, settled.Queries)
	})
	t.Run("the id alone is enough", func(t *testing.T) {
		_, client := start(t)
		req := request()
		_, err := client.Preauth.Cancel(t.Context(), req)
		require.NoError(t, err)
		settled, err := settle(t, client, &umpay.PreauthCancelRequest{ID: req.ID}, quick(1))
		require.NoError(t, err)
		require.Equal(t, cnpay.Succeeded, settled.Outcome)
		require.Equal(t, req.ID, settled.Answer.(*umpay.CommandQueryResponse).Event.ID)
	})
	t.Run("another amount is another cancellation", func(t *testing.T) {
		_, client := start(t)
		req := request()
		_, err := client.Preauth.Cancel(t.Context(), req)
		require.NoError(t, err)
		for _, change := range []func(*umpay.PreauthCancelRequest){
			func(r *umpay.PreauthCancelRequest) { r.Amount = 9999 },
			func(r *umpay.PreauthCancelRequest) { r.UPayTrace = "000124" },
			func(r *umpay.PreauthCancelRequest) { r.OrderID = "other" },
		} {
			other := *req
			change(&other)
			settled, err := settle(t, client, &other, quick(1))
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
			require.ErrorIs(t, err, cnpay.ErrMismatch)
		}
	})
	t.Run("another operation is not this one", func(t *testing.T) {
		completion := strings.NewReplacer("cardPreAuthRever", "cardPreAuthDoneRever").Replace(event("onReverSuccess", ``))
		settled, err := settle(t, answered(t, 200, completion), about(), quick(1))
		require.ErrorIs(t, err, cnpay.ErrMismatch)
		require.ErrorContains(t, err, "op differs")
		require.Equal(t, cnpay.Unknown, settled.Outcome)
	})
	t.Run("an event that contradicts itself decides nothing", func(t *testing.T) {
		body := event("onReverSuccess", `,"request":{"amount":10000},"result":{"code":60150200,"amount":"9999"}`)
		settled, err := settle(t, answered(t, 200, body), &umpay.PreauthCancelRequest{ID: "1"}, quick(1))
		require.ErrorIs(t, err, cnpay.ErrUndecided)
		require.Equal(t, cnpay.Unknown, settled.Outcome)
	})
	t.Run("without an id nothing is asked", func(t *testing.T) {
		terminal, client := start(t)
		for _, req := range []*umpay.PreauthCancelRequest{nil, {}, {ID: ".."}, {ID: strings.Repeat("x", 65)}} {
			settled, err := settle(t, client, req)
			require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
		}
		require.Zero(t, terminal.Received(get))
	})
}

// TestLate: the command reaches the bridge long after its sender has lost the answer.
func TestLate(t *testing.T) {
	send := func(t *testing.T, d time.Duration, clock time.Duration) (*umpaytest.Server, *umpay.Client, *umpay.PreauthCancelRequest) {
		t.Helper()
		terminal, client := start(t)
		terminal.SetClock(func() time.Time { return time.Now().Add(clock) })
		terminal.Misbehave(preauthCancel, cnpaytest.Late(d))
		req := request()
		res, err := client.Preauth.Cancel(t.Context(), req)
		require.ErrorIs(t, err, cnpay.ErrTransport)
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
		return terminal, client, req
	}
	for name, clock := range map[string]time.Duration{"same clock": 0, "slow bridge": -290 * time.Second, "fast bridge": 180 * time.Second} {
		t.Run("within the schedule, "+name, func(t *testing.T) {
			terminal, client, req := send(t, 100*time.Millisecond, clock)
			settled, err := settle(t, client, req, cnpay.WithSchedule(cnpay.Every(10*time.Millisecond, 1000)))
			require.NoError(t, err)
			require.Equal(t, cnpay.Succeeded, settled.Outcome)
			require.True(t, terminal.Canceled(trace))
		})
	}
	t.Run("after the schedule", func(t *testing.T) {
		terminal, client, req := send(t, time.Second, 0)
		settled, err := settle(t, client, req, quick(10))
		require.ErrorIs(t, err, cnpay.ErrUndecided)
		require.Equal(t, cnpay.Unknown, settled.Outcome)
		require.Equal(t, "404", settled.Code)
		require.Eventually(t, func() bool { return terminal.Canceled(trace) }, 10*time.Second, 10*time.Millisecond)
		settled, err = settle(t, client, req, quick(1))
		require.NoError(t, err)
		require.Equal(t, cnpay.Succeeded, settled.Outcome)
	})
	t.Run("after notAfter", func(t *testing.T) {
		terminal, client, req := send(t, time.Second, 190*time.Second) // the call ended after 185 s
		settled, err := settle(t, client, req, quick(3))
		require.ErrorIs(t, err, cnpay.ErrUndecided)
		require.Equal(t, cnpay.Unknown, settled.Outcome)

		settled, err = settle(t, client, req, cnpay.WithSchedule(cnpay.Every(10*time.Millisecond, 1000)))
		require.ErrorIs(t, err, cnpay.ErrRefused)
		require.ErrorContains(t, err, "failed: 410 notAfter was past when the command arrived")
		require.Equal(t, cnpay.Failed, settled.Outcome)
		require.Equal(t, umpay.CommandExpired, settled.Answer.(*umpay.CommandQueryResponse).State)
		require.Empty(t, terminal.Events(req.ID))

		// Nothing runs under this id any more, also in time. The query itself has an answer.
		terminal.SetClock(time.Now)
		res, err := client.Preauth.Cancel(t.Context(), req)
		require.ErrorIs(t, err, cnpay.ErrRefused)
		require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(res, err))
		require.Equal(t, http.StatusGone, res.HTTPStatus)
		query, err := client.Commands.Query(t.Context(), &umpay.CommandQueryRequest{ID: req.ID})
		require.NoError(t, err)
		require.Equal(t, umpay.CommandExpired, query.State)
		require.Equal(t, req.ID, query.Event.ID)
		require.Equal(t, cnpay.Unknown, query.Event.Verdict().Outcome)
		require.False(t, terminal.Canceled(trace))

		res, err = client.Preauth.Cancel(t.Context(), request())
		require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err))
	})
}

// TestNotAfterIsTheEndOfTheCall: of the client's limit, the caller's and the context's the nearest.
func TestNotAfterIsTheEndOfTheCall(t *testing.T) {
	for name, tt := range map[string]struct {
		opts     []cnpay.Option
		deadline time.Duration
		limit    time.Duration
	}{
		"contract":        {nil, time.Hour, 185 * time.Second},
		"shorter timeout": {[]cnpay.Option{cnpay.WithTimeout(20 * time.Second)}, time.Hour, 20 * time.Second},
		"longer timeout":  {[]cnpay.Option{cnpay.WithTimeout(10 * time.Minute)}, time.Hour, 10 * time.Minute},
		"deadline":        {[]cnpay.Option{cnpay.WithTimeout(20 * time.Second)}, 1500 * time.Millisecond, 1500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sent struct{ RequestedAt, NotAfter time.Time }
				client, err := umpay.New(umpay.Config{Gateway: "https://bridge.example", Terminal: "N9000001", Secret: "s"},
					over(func(r *http.Request) (*http.Response, error) {
						require.NoError(t, json.NewDecoder(r.Body).Decode(&sent))
						return nil, errors.New("no bridge")
					}))
				require.NoError(t, err)
				ctx, cancel := context.WithTimeout(t.Context(), tt.deadline)
				defer cancel()
				_, err = client.Preauth.Cancel(ctx, request(), tt.opts...)
				require.ErrorIs(t, err, cnpay.ErrTransport)
				require.Equal(t, tt.limit, sent.NotAfter.Sub(sent.RequestedAt))
				require.WithinDuration(t, time.Now(), sent.RequestedAt, 0)
			})
		})
	}
}

// postCommand posts a command's bytes, by a second implementation.
func postCommand(t *testing.T, terminal *umpaytest.Server, body string, now time.Time) (int, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, terminal.URL+"/v1/commands", strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", authorization("N9000001", terminal.Config().Secret.Reveal(), "POST", "/v1/commands", newNonce(), now, body))
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(text)
}

// TestTerminalChecksCommands: one without a part of the contract is refused with the fault, and can still be sent whole.
func TestTerminalChecksCommands(t *testing.T) {
	terminal, client := start(t)
	whole := map[string]any{
		"id": "1", "op": "cardPreAuthRever", "request": map[string]any{"amount": 10000, "uPayTrace": trace},
		"requestedAt": "2026-01-01T00:00:00Z", "notAfter": time.Now().Add(time.Minute).Format(time.RFC3339),
	}
	post := func(command map[string]any) (int, string) {
		body, err := json.Marshal(command)
		require.NoError(t, err)
		return postCommand(t, terminal, string(body), time.Now())
	}
	for field := range whole {
		part := maps.Clone(whole)
		delete(part, field)
		status, text := post(part)
		require.Equal(t, http.StatusBadRequest, status)
		require.Contains(t, text, `"field":"`+field+`"`)
	}
	require.False(t, terminal.Canceled(trace))
	_, err := client.Commands.Query(t.Context(), &umpay.CommandQueryRequest{ID: "1"})
	require.ErrorContains(t, err, "404")
	status, _ := post(whole)
	require.Equal(t, http.StatusOK, status)
	require.True(t, terminal.Canceled(trace))
}

// TestSince: the bridge says from when on it remembers, which bounds what a missing command proves.
func TestSince(t *testing.T) {
	terminal, client := start(t)
	req := request()
	_, err := client.Preauth.Cancel(t.Context(), req)
	require.NoError(t, err)
	before := time.Now().Add(-time.Second)
	terminal.Forget()
	res, err := client.Commands.Query(t.Context(), &umpay.CommandQueryRequest{ID: req.ID})
	require.ErrorIs(t, err, cnpay.ErrRefused)
	require.Equal(t, umpay.CommandMissing, res.State)
	require.WithinRange(t, res.Since, before, time.Now())
	settled, err := settle(t, client, req, quick(2))
	require.ErrorIs(t, err, cnpay.ErrUndecided)
	require.Equal(t, cnpay.Unknown, settled.Outcome)

	for body, since := range map[string]time.Time{
		`{"since":"2026-01-01T08:00:00.5+08:00"}`: time.Date(2026, 1, 1, 0, 0, 0, 500_000_000, time.UTC),
		`{"since":"2026-01-01"}`:                  {},
		`{"since":1}`:                             {},
		`{}`:                                      {},
		``:                                        {},
	} {
		res, err := answered(t, http.StatusNotFound, body).Commands.Query(t.Context(), &umpay.CommandQueryRequest{ID: "1"})
		require.ErrorIs(t, err, cnpay.ErrRefused)
		require.Equal(t, umpay.CommandMissing, res.State)
		require.True(t, since.Equal(res.Since), body)
	}
}

func TestInvalidRequests(t *testing.T) {
	terminal, client := start(t)
	for _, tt := range []struct {
		req    *umpay.PreauthCancelRequest
		faults string
	}{
		{nil, "invalid request: id is required; amount is required; uPayTrace is required"},
		{&umpay.PreauthCancelRequest{ID: strings.Repeat("中", 65), Amount: -1, UPayTrace: "1\n", OrderID: strings.Repeat("a", 64)},
			"invalid request: id must be 1 to 64 long, is 65; amount must not be negative; " +
				"uPayTrace must be text without control characters; orderId must be at most 63 long, is 64"},
		{&umpay.PreauthCancelRequest{ID: "..", Amount: 1 << 31, UPayTrace: "1234567"},
			"invalid request: uPayTrace must be at most 6 long, is 7; id must not be . or ..; amount must be at most 2147483647"},
	} {
		res, err := client.Preauth.Cancel(t.Context(), tt.req)
		require.Nil(t, res)
		require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(res, err))
		require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
		require.ErrorContains(t, err, tt.faults)
	}
	for _, req := range []*umpay.CommandQueryRequest{nil, {}, {ID: "."}} {
		_, err := client.Commands.Query(t.Context(), req)
		require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
	}
	require.Zero(t, terminal.Received(preauthCancel)+terminal.Received(get))
}

// TestLegalRequests: the pages document nothing but lengths for these, so nothing else is required.
func TestLegalRequests(t *testing.T) {
	for _, req := range []*umpay.PreauthCancelRequest{
		{ID: "1", Amount: 1, UPayTrace: "1"},
		{ID: "a/b?c#d %中&+", Amount: 1<<31 - 1, UPayTrace: "凭证 #6", OrderID: strings.Repeat("订", 63)},
	} {
		terminal, client := start(t)
		terminal.AddPreauth(req.UPayTrace, req.Amount)
		terminal.Misbehave(preauthCancel, cnpaytest.LostAnswer)
		_, err := client.Preauth.Cancel(t.Context(), req)
		require.ErrorIs(t, err, cnpay.ErrTransport)
		settled, err := settle(t, client, req, quick(1))
		if len(req.OrderID) > 63 { // 63 characters for us, more bytes for the simple plugin of the test
			require.ErrorIs(t, err, cnpay.ErrRefused)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, cnpay.Succeeded, settled.Outcome)
	}
}

// TestOnTheWire pins what leaves: the signatures are from openssl dgst -sha256 -hmac.
func TestOnTheWire(t *testing.T) {
	var got []string
	client, err := umpay.New(umpay.Config{Gateway: "https://bridge.example", Terminal: "N9000001", Secret: "terminal-secret"},
		cnpay.WithClock(at(1700000000)), cnpay.WithNonce(func() string { return "00112233445566778899aabbccddeeff" }),
		over(func(r *http.Request) (*http.Response, error) {
			var body []byte
			if r.Body != nil {
				body, _ = io.ReadAll(r.Body)
			}
			got = append(got, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Content-Type")+" "+string(body), r.Header.Get("Authorization"))
			require.Empty(t, r.Header["Idempotency-Key"])
			return nil, errors.New("no bridge")
		}), cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
	require.NoError(t, err)
	_, err = client.Preauth.Cancel(t.Context(), &umpay.PreauthCancelRequest{
		ID: "0123456789abcdef0123456789abcdef", Amount: 1, UPayTrace: trace, OrderID: order,
	})
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))
	_, err = client.Commands.Query(t.Context(), &umpay.CommandQueryRequest{ID: "a/b? 中"})
	require.Error(t, err)
	const signed = `CNPAY-HMAC-SHA256 terminal="N9000001",timestamp="1700000000",nonce="00112233445566778899aabbccddeeff",signature="`
	require.Equal(t, []string{
		`POST /v1/commands application/json {"id":"0123456789abcdef0123456789abcdef","op":"cardPreAuthRever",` +
			`"request":{"amount":1,"uPayTrace":"000123","orderId":"200521153012123N9000001"},"requestedAt":"2023-11-15T06:13:20+08:00","notAfter":"2023-11-15T06:16:25.000+08:00"}`,
		signed + `f81c541eeecb93cc1530d84cd403ffe87db1bd0ec03ec6e19f478c8ce41d6550"`,
		`GET /v1/commands/a%2Fb%3F%20%E4%B8%AD  `,
		signed + `5c2c0887e7fb433abe3b8a8f22554b4eec5f8cc9734102fb871db8fb630ed817"`,
	}, got)
}

func TestBadNonceIsNotSent(t *testing.T) {
	terminal, client := start(t, cnpay.WithNonce(func() string { return `x",terminal="y` }))
	res, err := client.Preauth.Cancel(t.Context(), request())
	require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(res, err))
	require.Zero(t, terminal.Received(preauthCancel))
}

func TestNotSent(t *testing.T) {
	terminal, client := start(t, cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
	terminal.Close()
	res, err := client.Preauth.Cancel(t.Context(), request())
	require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(res, err))
	require.ErrorIs(t, err, cnpay.ErrTransport)
}

// TestSlowTerminal: the default limits are those of the contract, and the default schedule outlasts a slow customer.
func TestSlowTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		silent, err := umpay.New(umpay.Config{Gateway: "https://bridge.example", Terminal: "N9000001", Secret: "s"},
			over(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}))
		require.NoError(t, err)
		res, err := silent.Preauth.Cancel(t.Context(), request())
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
		require.Equal(t, 185*time.Second, time.Since(begun))

		begun = time.Now()
		_, err = silent.Commands.Query(t.Context(), &umpay.CommandQueryRequest{ID: "1"})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 15*time.Second, time.Since(begun))

		begun = time.Now()
		var asked atomic.Int32
		const secret = "s"
		slow, err := umpay.New(umpay.Config{Gateway: "https://bridge.example", Terminal: "N9000001", Secret: secret},
			over(func(r *http.Request) (*http.Response, error) {
				asked.Add(1)
				if time.Since(begun) < 170*time.Second {
					return sign(t, r, secret, http.StatusAccepted, ""), nil
				}
				id := strings.TrimPrefix(r.URL.Path, "/v1/commands/")
				return sign(t, r, secret, http.StatusOK, `{"id":"`+id+`","op":"cardPreAuthRever","callback":"onReverSuccess","posSN":"N9000001","seq":1}`), nil
			}))
		require.NoError(t, err)
		settled, err := settle(t, slow, request())
		require.NoError(t, err)
		require.Equal(t, cnpay.Succeeded, settled.Outcome)
		require.Equal(t, 172*time.Second, time.Since(begun))
		require.EqualValues(t, 36, asked.Load())
	})
}

func TestScheduleOutlastsTheSwipe(t *testing.T) {
	var total time.Duration
	for _, d := range umpay.CommandSchedule() {
		total += d
	}
	require.Zero(t, umpay.CommandSchedule()[0])
	require.Greater(t, total, 180*time.Second)
}

func TestNew(t *testing.T) {
	good := umpay.Config{Gateway: "https://bridge.example/", Terminal: "N9000001", Secret: "s"}
	client, err := umpay.New(good)
	require.NoError(t, err)
	require.NotNil(t, client)
	for want, change := range map[string]func(*umpay.Config){
		"the address of the terminal's bridge is missing": func(c *umpay.Config) { c.Gateway = "" },
		"plain http":                func(c *umpay.Config) { c.Gateway = "http://192.0.2.1" },
		"want scheme and host only": func(c *umpay.Config) { c.Gateway = "https://bridge.example/v1" },
		"terminal is required":      func(c *umpay.Config) { c.Terminal = "" },
		"without quotes":            func(c *umpay.Config) { c.Terminal = `a",nonce="` },
		"at most 64":                func(c *umpay.Config) { c.Terminal = strings.Repeat("a", 65) },
		"secret is required":        func(c *umpay.Config) { c.Secret = "" },
	} {
		config := good
		change(&config)
		_, err := umpay.New(config)
		require.ErrorContains(t, err, want)
	}
	_, err = umpay.New(umpay.Config{})
	require.EqualError(t, err, "umpay: config: gateway: the address of the terminal's bridge is missing; "+
		"terminal is required; secret is required")
	_, err = umpay.New(umpay.Config{Gateway: "http://192.0.2.1", Terminal: "a", Secret: "s"}, cnpay.WithPlainHTTP())
	require.NoError(t, err)
}

func TestLogsAndErrorsHoldNoCardData(t *testing.T) {
	var log strings.Builder
	terminal, client := start(t, cnpay.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	req := request()
	_, err := client.Preauth.Cancel(t.Context(), req)
	require.NoError(t, err)
	_, err = client.Preauth.Cancel(t.Context(), request())
	require.Error(t, err)
	require.Contains(t, log.String(), "order="+req.ID)
	for _, text := range []string{log.String(), err.Error()} {
		require.NotContains(t, text, umpaytest.Account)
		require.NotContains(t, text, terminal.Config().Secret.Reveal())
		require.NotContains(t, text, "\n\n")
	}
}

func TestNewCommandID(t *testing.T) {
	var ids []string
	for range 100 {
		id := umpay.NewCommandID()
		require.Regexp(t, "^[0-9a-f]{32}$", id)
		ids = append(ids, id)
	}
	slices.Sort(ids)
	require.Len(t, slices.Compact(ids), 100)
}

func TestRequestIsStoredAsJSON(t *testing.T) {
	req := request()
	text, err := json.Marshal(req)
	require.NoError(t, err)
	var back umpay.PreauthCancelRequest
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, *req, back)
}
