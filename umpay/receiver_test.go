package umpay_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
)

// receive serves a receiver that knows the terminal.
func receive(t *testing.T, terminal *umpaytest.Server, store umpay.Store, opts ...cnpay.Option) string {
	t.Helper()
	config := terminal.Config()
	receiver, err := umpay.NewReceiver(umpay.ReceiverConfig{
		Secrets: umpay.Terminals{config.Terminal: config.Secret, "N9000002": "another"}, Store: store,
	}, opts...)
	require.NoError(t, err)
	server := httptest.NewServer(receiver)
	t.Cleanup(server.Close)
	return server.URL + "/pos/events"
}

func post(t *testing.T, terminal *umpaytest.Server, url string, event umpay.Event) int {
	t.Helper()
	status, err := terminal.Post(t.Context(), url, event)
	require.NoError(t, err)
	return status
}

func kept(t *testing.T, store umpay.Store, id string) []umpay.Event {
	t.Helper()
	events, err := store.Events(t.Context(), "N9000001", id)
	require.NoError(t, err)
	return events
}

func TestReceiver(t *testing.T) {
	for name, order := range map[string]func([]umpay.Event) []umpay.Event{
		"in order":    func(e []umpay.Event) []umpay.Event { return e },
		"in disorder": func(e []umpay.Event) []umpay.Event { slices.Reverse(e); return e },
		"twice":       func(e []umpay.Event) []umpay.Event { return append(e, e...) },
	} {
		t.Run(name, func(t *testing.T) {
			terminal, client := start(t)
			store := umpay.NewMemoryStore(0)
			url := receive(t, terminal, store)
			req := request()
			_, err := client.Preauth.Cancel(t.Context(), req)
			require.NoError(t, err)

			events := terminal.Events(req.ID)
			require.Len(t, events, 4)
			for _, event := range order(slices.Clone(events)) {
				require.Equal(t, http.StatusOK, post(t, terminal, url, event))
			}
			stored := kept(t, store, req.ID)
			require.Len(t, stored, 4)
			for i := range stored {
				require.EqualValues(t, i+1, stored[i].Seq)
				require.Equal(t, events[i].Callback, stored[i].Callback)
				require.Equal(t, i == 3, stored[i].Ended())
			}
			require.Equal(t, cnpay.Succeeded, umpay.Decide(stored).Outcome)
			result, err := stored[3].PreauthCancelResult()
			require.NoError(t, err)
			require.Equal(t, masked, result.Account)
			text, err := json.Marshal(stored)
			require.NoError(t, err)
			require.Contains(t, string(events[3].Result), umpaytest.Account)
			require.NotContains(t, string(text), umpaytest.Account)
			require.NotContains(t, string(text), "cardExpiryDate")
		})
	}
}

func TestReceiverNeverOverwrites(t *testing.T) {
	terminal, _ := start(t)
	at := func(seq int64, callback string, code int) umpay.Event {
		return umpay.Event{ID: "1", Op: "cardPreAuthRever", Callback: callback, POSSN: "N9000001", Seq: seq,
			TerminalTime: "2020-05-21T15:30:12+08:00", Result: json.RawMessage(`{"code":` + strconv.Itoa(code) + `}`)}
	}
	success, fail, unclear := at(3, "onReverSuccess", 60150200), at(3, "onReverFail", 60150005), at(2, "onReverUnknown", 601500010)
	for name, tt := range map[string]struct {
		events   []umpay.Event
		statuses []int
		outcome  cnpay.Outcome
	}{
		"fail over success":        {[]umpay.Event{success, fail}, []int{200, 409}, cnpay.Succeeded},
		"later fail over success":  {[]umpay.Event{success, at(4, "onReverFail", 60150005)}, []int{200, 409}, cnpay.Succeeded},
		"success over fail":        {[]umpay.Event{fail, at(4, "onReverSuccess", 60150200)}, []int{200, 409}, cnpay.Failed},
		"earlier success":          {[]umpay.Event{fail, at(1, "onReverSuccess", 60150200)}, []int{200, 409}, cnpay.Failed},
		"unknown, then success":    {[]umpay.Event{unclear, success}, []int{200, 200}, cnpay.Succeeded},
		"unknown, then fail":       {[]umpay.Event{unclear, fail}, []int{200, 200}, cnpay.Failed},
		"success, then unknown":    {[]umpay.Event{success, unclear, at(4, "onReverUnknown", 1)}, []int{200, 200, 200}, cnpay.Succeeded},
		"unknown in its place":     {[]umpay.Event{success, at(3, "onReverUnknown", 1)}, []int{200, 409}, cnpay.Succeeded},
		"broken call, success":     {[]umpay.Event{at(2, "onReverFail", 60150009), success}, []int{200, 200}, cnpay.Succeeded},
		"broken call, fail":        {[]umpay.Event{at(2, "onReverFail", -2), fail}, []int{200, 200}, cnpay.Failed},
		"rebind and progress":      {[]umpay.Event{at(1, "onReBind", 61000002), at(2, "onProgressUpdate", 60150004)}, []int{200, 200}, cnpay.Unknown},
		"another code in a repeat": {[]umpay.Event{fail, at(3, "onReverFail", 60150009)}, []int{200, 409}, cnpay.Failed},
		"another op": {[]umpay.Event{success, {ID: "1", Op: "cardPreAuth", Callback: "onAuthSuccess", POSSN: "N9000001", Seq: 9,
			TerminalTime: "2020-05-21T15:30:12+08:00"}}, []int{200, 409}, cnpay.Succeeded},
	} {
		t.Run(name, func(t *testing.T) {
			store := umpay.NewMemoryStore(0)
			url := receive(t, terminal, store)
			var stored int
			for i, event := range tt.events {
				require.Equal(t, tt.statuses[i], post(t, terminal, url, event))
				if tt.statuses[i] == 200 {
					stored++
				}
			}
			require.Len(t, kept(t, store, "1"), stored)
			require.Equal(t, tt.outcome, umpay.Decide(kept(t, store, "1")).Outcome)
		})
	}
}

type brokenStore struct {
	umpay.Store
	load, save error
}

func (s *brokenStore) Events(ctx context.Context, posSN, id string) ([]umpay.Event, error) {
	if s.load != nil {
		return nil, s.load
	}
	return s.Store.Events(ctx, posSN, id)
}

func (s *brokenStore) Save(ctx context.Context, event umpay.Event) error {
	if s.save != nil {
		return s.save
	}
	return s.Store.Save(ctx, event)
}

func TestReceiverAcknowledgesNothingUnstored(t *testing.T) {
	terminal, client := start(t)
	req := request()
	_, err := client.Preauth.Cancel(t.Context(), req)
	require.NoError(t, err)
	end := terminal.Events(req.ID)[3]
	store := &brokenStore{Store: umpay.NewMemoryStore(0), load: errors.New("no database")}
	url := receive(t, terminal, store)

	require.Equal(t, http.StatusServiceUnavailable, post(t, terminal, url, end))
	store.load, store.save = nil, errors.New("disk full")
	require.Equal(t, http.StatusServiceUnavailable, post(t, terminal, url, end))
	require.Empty(t, kept(t, store, req.ID))
	store.save = nil
	require.Equal(t, http.StatusOK, post(t, terminal, url, end))
	store.save = errors.New("not even asked for a repeat")
	require.Equal(t, http.StatusOK, post(t, terminal, url, end))
	require.Len(t, kept(t, store, req.ID), 1)
}

type secretsFunc func(terminal string) (cnpay.Secret, error)

func (f secretsFunc) Secret(_ context.Context, terminal string) (cnpay.Secret, error) {
	return f(terminal)
}

func TestReceiverWithoutSecrets(t *testing.T) {
	_, err := umpay.NewReceiver(umpay.ReceiverConfig{})
	require.EqualError(t, err, "umpay: config: secrets: missing")

	receiver, err := umpay.NewReceiver(umpay.ReceiverConfig{
		Secrets: secretsFunc(func(string) (cnpay.Secret, error) { return "s", errors.New("no vault") }),
	})
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, send(receiver, "/e", goodEvent, "N9000001", "s", time.Now(), newNonce()).Code)
}

const goodEvent = `{"id":"1","op":"cardPreAuthRever","callback":"onReverSuccess","result":{"code":60150200},` +
	`"posSN":"N9000001","terminalTime":"2020-05-21T15:30:12+08:00","seq":1}`

func newNonce() string { return umpay.NewCommandID() } // 32 hexadecimal digits too

// send posts as a terminal, by a second implementation.
func send(receiver http.Handler, path, body, terminal, secret string, now time.Time, nonce string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Authorization", authorization(terminal, secret, http.MethodPost, path, nonce, now, body))
	w := httptest.NewRecorder()
	receiver.ServeHTTP(w, r)
	return w
}

func newReceiver(t testing.TB, opts ...cnpay.Option) (*umpay.Receiver, *umpay.MemoryStore) {
	t.Helper()
	store := umpay.NewMemoryStore(0)
	receiver, err := umpay.NewReceiver(umpay.ReceiverConfig{
		Secrets: umpay.Terminals{"N9000001": "s", "N9000002": "another", "N9000003": ""}, Store: store,
	}, opts...)
	require.NoError(t, err)
	return receiver, store
}

func TestReceiverAuthentication(t *testing.T) {
	now := time.Unix(1700000000, 0)
	receiver, store := newReceiver(t, cnpay.WithClock(func() time.Time { return now }))
	nonce := newNonce()
	for name, tt := range map[string]struct {
		terminal, secret string
		at               time.Time
		nonce            string
	}{
		"wrong secret":         {"N9000001", "S", now, nonce},
		"another's secret":     {"N9000001", "another", now, nonce},
		"unknown terminal":     {"N9000009", "s", now, nonce},
		"terminal without one": {"N9000003", "", now, nonce},
		"stale":                {"N9000001", "s", now.Add(-301 * time.Second), nonce},
		"from the future":      {"N9000001", "s", now.Add(301 * time.Second), nonce},
		"short nonce":          {"N9000001", "s", now, "00"},
	} {
		w := send(receiver, "/e", goodEvent, tt.terminal, tt.secret, tt.at, tt.nonce)
		require.Equal(t, http.StatusUnauthorized, w.Code, name)
		require.Empty(t, w.Header().Get("Authorization"), name)
		require.JSONEq(t, `{"faults":[{"field":"Authorization","problem":"is missing, wrong, stale or used before"}]}`, w.Body.String(), name)
	}
	r := httptest.NewRequest(http.MethodPost, "/e", strings.NewReader(goodEvent))
	w := httptest.NewRecorder()
	receiver.ServeHTTP(w, r)
	require.Equal(t, http.StatusUnauthorized, w.Code)
	require.Empty(t, kept(t, store, "1"))

	// What strangers sent has not used the nonce up. Afterwards it is.
	for _, edge := range []time.Duration{-300 * time.Second, 300 * time.Second} {
		require.Equal(t, http.StatusOK, send(receiver, "/e", goodEvent, "N9000001", "s", now.Add(edge), newNonce()).Code)
	}
	w = send(receiver, "/e", goodEvent, "N9000001", "s", now, nonce)
	require.Equal(t, http.StatusOK, w.Code)
	require.JSONEq(t, `{"id":"1","seq":1}`, w.Body.String())
	require.Equal(t, authorization("N9000001", "s", "200", "/e", nonce, now, w.Body.String()), w.Header().Get("Authorization"))
	w = send(receiver, "/e", goodEvent, "N9000001", "s", now, nonce)
	require.Equal(t, http.StatusUnauthorized, w.Code)
	require.Equal(t, authorization("N9000001", "s", "401", "/e", nonce, now, w.Body.String()), w.Header().Get("Authorization"))

	// A terminal can neither sign for another one nor report for it.
	w = send(receiver, "/e", goodEvent, "N9000002", "another", now, newNonce())
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.JSONEq(t, `{"faults":[{"field":"posSN","problem":"must be the terminal that signed"}]}`, w.Body.String())
}

func TestReceiverBindsThePath(t *testing.T) {
	receiver, _ := newReceiver(t)
	body := goodEvent
	r := httptest.NewRequest(http.MethodPost, "/a%2Fb?x=1", strings.NewReader(body))
	r.Header.Set("Authorization", authorization("N9000001", "s", http.MethodPost, "/a%2Fb", newNonce(), time.Now(), body))
	w := httptest.NewRecorder()
	http.StripPrefix("/a", receiver).ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)

	r = httptest.NewRequest(http.MethodPost, "/other", strings.NewReader(body))
	r.Header.Set("Authorization", authorization("N9000001", "s", http.MethodPost, "/a", newNonce(), time.Now(), body))
	w = httptest.NewRecorder()
	receiver.ServeHTTP(w, r)
	require.Equal(t, http.StatusUnauthorized, w.Code)
}

func TestReceiverFaults(t *testing.T) {
	const everything = "id is required; op is required; callback is required; posSN is required; terminalTime is required; seq is required"
	for name, tt := range map[string]struct{ body, faults string }{
		"empty":            {``, "body cannot be read: not JSON"},
		"not JSON":         {`{`, "body cannot be read: not JSON"},
		"a list":           {`[]`, "body cannot be read: not a JSON object"},
		"a name twice":     {`{"id":"1","id":"2"}`, "body cannot be read: a name is duplicated"},
		"nothing":          {`{}`, everything},
		"nulls":            {`{"id":null,"seq":null,"result":null}`, everything},
		"other types":      {`{"id":1,"op":{},"callback":[],"posSN":true,"terminalTime":1,"seq":"x","request":"","result":[]}`, "request must be an object; result must be an object; seq must be a whole number; op is not a method of the plugin that this receiver knows; posSN must be the terminal that signed; terminalTime must be a time of the form RFC 3339"},
		"long id":          {change("id", `"`+strings.Repeat("x", 65)+`"`), "id must be 1 to 64 long, is 65"},
		"unknown op":       {change("op", `"print"`), "op is not a method of the plugin that this receiver knows"},
		"unknown callback": {change("callback", `"onReverDone"`), "callback is not one of this op"},
		"other callback":   {change("callback", `"onPaySuccess"`), "callback is not one of this op"},
		"other terminal":   {change("posSN", `"N9000002"`), "posSN must be the terminal that signed"},
		"no time":          {change("terminalTime", `"2020-05-21 15:30:12"`), "terminalTime must be a time of the form RFC 3339"},
		"seq zero":         {change("seq", `0`), "seq is required"},
		"seq negative":     {change("seq", `-1`), "seq must not be negative"},
		"seq broken":       {change("seq", `1.5`), "seq must be a whole number"},
		"code":             {change("result", `{"code":"x"}`), "result cannot be read: code: not a whole number"},
		"code of a sale":   {strings.NewReplacer("cardPreAuthRever", "cardPay", "onReverSuccess", "onPaySuccess").Replace(change("result", `{"code":1.5}`)), "result cannot be read: code: not a whole number"},
	} {
		t.Run(name, func(t *testing.T) {
			receiver, store := newReceiver(t)
			nonce, now := newNonce(), time.Now()
			w := send(receiver, "/e", tt.body, "N9000001", "s", now, nonce)
			require.Equal(t, http.StatusBadRequest, w.Code)
			require.Equal(t, authorization("N9000001", "s", "400", "/e", nonce, now, w.Body.String()), w.Header().Get("Authorization"))
			var got struct {
				Faults []struct{ Field, Problem string }
			}
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
			var list []string
			for _, f := range got.Faults {
				list = append(list, f.Field+" "+f.Problem)
			}
			require.Equal(t, tt.faults, strings.Join(list, "; "))
			require.Empty(t, kept(t, store, "1"))
		})
	}
}

// change is goodEvent with another value of one member.
func change(name, value string) string {
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(goodEvent), &members); err != nil {
		panic(err)
	}
	members[name] = json.RawMessage(value)
	text, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// TestReceiverAcceptsWhatThePluginReturns: the plugin's own object is read tolerantly, and stored even where it is empty.
func TestReceiverAcceptsWhatThePluginReturns(t *testing.T) {
	for name, body := range map[string]string{
		"good":              goodEvent,
		"no result":         strings.Replace(goodEvent, `"result":{"code":60150200},`, "", 1),
		"empty result":      change("result", `{}`),
		"code as text":      change("result", `{"code":"60150200","amount":1,"new":{"x":[]}}`),
		"unknown member":    change("sdk", `"00.00.01.46"`),
		"fraction of time":  change("terminalTime", `"2020-05-21T15:30:12.123Z"`),
		"started at a till": change("id", `"till-1"`),
		"seq as text":       change("seq", `"7"`),
		"mark and ends":     "\ufeff\n" + goodEvent + " \r\n",
	} {
		receiver, _ := newReceiver(t)
		require.Equal(t, http.StatusOK, send(receiver, "/e", body, "N9000001", "s", time.Now(), newNonce()).Code, name)
	}
}

func TestReceiverOtherMethods(t *testing.T) {
	receiver, _ := newReceiver(t)
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodOptions} {
		w := httptest.NewRecorder()
		receiver.ServeHTTP(w, httptest.NewRequest(method, "/e", nil))
		require.Equal(t, http.StatusMethodNotAllowed, w.Code)
		require.Equal(t, http.MethodPost, w.Header().Get("Allow"))
	}
}

// endless counts how much of it was read.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	return len(p), nil
}

func (e *endless) Close() error { return nil }

func TestReceiverCapsTheBody(t *testing.T) {
	receiver, _ := newReceiver(t)
	for _, tt := range []struct {
		header string
		status int
		most   int
	}{
		{authorization("N9000001", "s", "POST", "/e", newNonce(), time.Now(), ""), http.StatusRequestEntityTooLarge, 1 << 20},
		{authorization("N9000009", "s", "POST", "/e", newNonce(), time.Now(), ""), http.StatusUnauthorized, 0},
		{"", http.StatusUnauthorized, 0},
	} {
		body := new(endless)
		r := httptest.NewRequest(http.MethodPost, "/e", body)
		r.Header.Set("Authorization", tt.header)
		w := httptest.NewRecorder()
		receiver.ServeHTTP(w, r)
		require.Equal(t, tt.status, w.Code)
		require.LessOrEqual(t, body.read, tt.most)
	}
	r := httptest.NewRequest(http.MethodPost, "/e", io.MultiReader(strings.NewReader("{"), brokenReader{}))
	r.Header.Set("Authorization", authorization("N9000001", "s", "POST", "/e", newNonce(), time.Now(), ""))
	w := httptest.NewRecorder()
	receiver.ServeHTTP(w, r)
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
}

// TestReceiverAfterMiddleware: a body that somebody has read is the receiver's own trouble, and the terminal, which did
// nothing wrong, sends its event again.
func TestReceiverAfterMiddleware(t *testing.T) {
	for name, tt := range map[string]struct {
		before func(*http.Request)
		status int
		reason string
	}{
		"read": {func(r *http.Request) { _, _ = io.ReadAll(r.Body) }, 503, "the body was read before it came here"},
		"read and closed": {func(r *http.Request) {
			_, _ = io.ReadAll(r.Body)
			_ = r.Body.Close()
		}, 503, "the body was read before it came here"},
		"read, of unknown length": {func(r *http.Request) {
			_, _ = io.ReadAll(r.Body)
			r.ContentLength = -1
		}, 401, "wrong signature for an empty body: none was sent, or middleware has read it"},
		"put back": {func(r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(strings.NewReader(string(body)))
		}, 200, "stored"},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			receiver, _ := newReceiver(t, cnpay.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				tt.before(r)
				receiver.ServeHTTP(w, r)
			}))
			defer server.Close()
			r, err := http.NewRequest(http.MethodPost, server.URL+"/e", strings.NewReader(goodEvent))
			require.NoError(t, err)
			r.Header.Set("Authorization", authorization("N9000001", "s", "POST", "/e", newNonce(), time.Now(), goodEvent))
			res, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, tt.status, res.StatusCode)
			require.Contains(t, log.String(), tt.reason)
		})
	}
}

func TestParseEvent(t *testing.T) {
	receiver, store := newReceiver(t)
	long := time.Unix(1700000000, 0) // stored years ago
	parse := func(terminal, secret, body string) (*umpay.Event, error) {
		header := http.Header{"Authorization": {authorization(terminal, secret, "POST", "/e", strings.Repeat("0", 32), long, body)}}
		return receiver.ParseEvent(t.Context(), "/e", header, []byte(body))
	}
	for range 2 {
		e, err := parse("N9000001", "s", change("result", `{"code":60150200,"account":"6221558812340000"}`))
		require.NoError(t, err)
		require.Equal(t, cnpay.Succeeded, e.Verdict().Outcome)
		require.JSONEq(t, `{"code":60150200,"account":"622155******0000"}`, string(e.Result))
	}
	require.Empty(t, kept(t, store, "1"))

	for name, err := range map[string]error{
		"wrong secret":     second(parse("N9000001", "S", goodEvent)),
		"unknown terminal": second(parse("N9000009", "s", goodEvent)),
		"other path":       second(receiver.ParseEvent(t.Context(), "/f", http.Header{"Authorization": {authorization("N9000001", "s", "POST", "/e", newNonce(), long, goodEvent)}}, []byte(goodEvent))),
		"an answer":        second(receiver.ParseEvent(t.Context(), "/e", http.Header{"Authorization": {authorization("N9000001", "s", "200", "/e", newNonce(), long, goodEvent)}}, []byte(goodEvent))),
		"no header":        second(receiver.ParseEvent(t.Context(), "/e", nil, []byte(goodEvent))),
	} {
		require.ErrorIs(t, err, cnpay.ErrSignature, name)
	}
	require.ErrorIs(t, second(parse("N9000001", "s", "x")), cnpay.ErrMalformed)
	require.EqualError(t, second(parse("N9000002", "another", change("seq", "0"))),
		"umpay: invalid request: seq is required; posSN must be the terminal that signed")
	noVault := errors.New("no vault")
	broken, err := umpay.NewReceiver(umpay.ReceiverConfig{Secrets: secretsFunc(func(string) (cnpay.Secret, error) { return "s", noVault })})
	require.NoError(t, err)
	header := http.Header{"Authorization": {authorization("N9000001", "s", "POST", "/e", newNonce(), long, goodEvent)}}
	require.ErrorIs(t, second(broken.ParseEvent(t.Context(), "/e", header, []byte(goodEvent))), noVault)
}

func second(e *umpay.Event, err error) error {
	if e != nil && err != nil {
		return errors.New("both an event and an error")
	}
	return err
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestReceiverAtOnce(t *testing.T) {
	receiver, store := newReceiver(t)
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			if w := send(receiver, "/e", goodEvent, "N9000001", "s", time.Now(), newNonce()); w.Code != http.StatusOK {
				t.Error(w.Code)
			}
		})
	}
	group.Wait()
	require.Len(t, kept(t, store, "1"), 1)
}

func TestReceiverLimitsATerminal(t *testing.T) {
	receiver, _ := newReceiver(t)
	statuses := map[int]int{}
	for range 4100 {
		statuses[send(receiver, "/e", goodEvent, "N9000001", "s", time.Now(), newNonce()).Code]++
	}
	require.Equal(t, map[int]int{http.StatusOK: 4096, http.StatusServiceUnavailable: 4}, statuses)
}

func TestReceiverLog(t *testing.T) {
	var log strings.Builder
	receiver, _ := newReceiver(t, cnpay.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	send(receiver, "/e", change("result", `{"code":60150200,"account":"6221558812340000"}`), "N9000001", "s", time.Now(), newNonce())
	send(receiver, "/e", goodEvent, "N9000001", "wrong", time.Now(), newNonce())
	send(receiver, "/e", change("id", `"`+strings.Repeat("x", 100_000)+`"`), "N9000001", "s", time.Now(), newNonce())
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	require.Len(t, lines, 3)
	require.Contains(t, lines[0], "terminal=N9000001 id=1 operation=cardPreAuthRever callback=onReverSuccess seq=1 outcome=succeeded code=60150200 status=200")
	require.Contains(t, lines[1], `level=WARN`)
	require.Contains(t, lines[1], `reason="wrong signature"`)
	require.NotContains(t, log.String(), "6221558812340000")
	require.Less(t, log.Len(), 2000)
}

func TestMemoryStore(t *testing.T) {
	ctx := t.Context()
	store := umpay.NewMemoryStore(2)
	require.NoError(t, store.Save(ctx, umpay.Event{POSSN: "a", ID: "1", Seq: 2, Callback: "first"}))
	require.NoError(t, store.Save(ctx, umpay.Event{POSSN: "a", ID: "1", Seq: 2, Callback: "second"}))
	require.NoError(t, store.Save(ctx, umpay.Event{POSSN: "a", ID: "1", Seq: 1}))
	require.ErrorIs(t, store.Save(ctx, umpay.Event{POSSN: "a", ID: "2", Seq: 1}), umpay.ErrStoreFull)
	require.NoError(t, store.Save(ctx, umpay.Event{POSSN: "a", ID: "1", Seq: 1}), "a repeat needs no room")
	events, err := store.Events(ctx, "a", "1")
	require.NoError(t, err)
	require.Equal(t, []umpay.Event{{POSSN: "a", ID: "1", Seq: 1}, {POSSN: "a", ID: "1", Seq: 2, Callback: "first"}}, events)
	events[0].Callback = "changed"
	again, err := store.Events(ctx, "a", "1")
	require.NoError(t, err)
	require.Empty(t, again[0].Callback)
	none, err := store.Events(ctx, "b", "1")
	require.NoError(t, err)
	require.Empty(t, none)
}

// slowStore takes long to look, as a database may.
type slowStore struct{ umpay.Store }

func (s slowStore) Events(ctx context.Context, posSN, id string) ([]umpay.Event, error) {
	events, err := s.Store.Events(ctx, posSN, id)
	time.Sleep(50 * time.Millisecond)
	return events, err
}

// Two posts at the same time must not both find nothing that contradicts them.
func TestReceiverLocksAnOperation(t *testing.T) {
	for _, seqs := range [][2]int64{{3, 4}, {3, 3}} {
		terminal, _ := start(t)
		store := slowStore{umpay.NewMemoryStore(0)}
		url := receive(t, terminal, store)
		var posts sync.WaitGroup
		var status [2]int
		for i, callback := range []string{"onReverSuccess", "onReverFail"} {
			posts.Go(func() {
				status[i] = post(t, terminal, url, umpay.Event{
					ID: "1", Op: "cardPreAuthRever", Callback: callback, POSSN: "N9000001", Seq: seqs[i],
					TerminalTime: "2020-05-21T15:30:12+08:00", Result: json.RawMessage(`{"code":` + []string{"60150200", "60150005"}[i] + `}`),
				})
			})
		}
		posts.Wait()
		require.ElementsMatch(t, []int{http.StatusOK, http.StatusConflict}, status[:])
		require.Len(t, kept(t, store, "1"), 1)
	}
}
