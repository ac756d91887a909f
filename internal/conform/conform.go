// Package conform is the kit of tests that every operation of every provider passes: accepted, refused, lost, late,
// unreadable, and settled by another process from nothing but its ticket.
package conform

import (
	"context"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/internal/testgateway"
)

// Run makes one call. Each Run of a row is of a new order.
type Run func(ctx context.Context, opts ...cnpay.Option) (cnpay.Result, error)

// Of is the run of a service's method with a request.
func Of[Req any, Res cnpay.Result](do func(context.Context, *Req, ...cnpay.Option) (Res, error), req *Req) Run {
	return func(ctx context.Context, opts ...cnpay.Option) (cnpay.Result, error) {
		res, err := do(ctx, req, opts...)
		return res, err
	}
}

// World is a gateway with what a row needs in it, and the clients that call it.
type World struct {
	Gateway cnpaytest.Gateway
	Client  cnpay.Settler
	// Another is the client of another process: of the same configuration, with nothing in common.
	Another cnpay.Settler
	// Runs makes the run of an operation, with a new order each time.
	Runs map[string]func() Run
}

// Row is what the documents say of one operation.
type Row struct {
	ID       string
	Accepted cnpay.Outcome // of a good answer
	Settled  cnpay.Outcome // found by settling after a good or a lost answer; Unknown for what nothing settles
	// Undecided is set where settling cannot find the outcome of a request whose answer was lost.
	Undecided bool
	// Repeatable operations are sent again by the call itself.
	Repeatable bool
	// Unrefusable operations have no documented refusal that the gateway could play.
	Unrefusable bool
	// Refused is the outcome of a refusal where it is not Failed (Unknown of queries).
	Refused cnpay.Outcome
	// Secrets must be neither in the ticket nor in a dump of the call: card numbers, tokens.
	Secrets []string
	// Faults that the row's gateway plays and that leave it Unknown, besides those of the network.
	Faults []cnpaytest.Fault
}

// atOnce is one query, at once.
func atOnce() cnpay.Option { return cnpay.WithSchedule(cnpay.Schedule{0}) }

// Test puts every row through the kit. Each of its tests has a new world.
func Test(t *testing.T, rows []Row, world func(t *testing.T) *World) {
	for _, row := range rows {
		t.Run(row.ID, func(t *testing.T) {
			t.Run("accepted", func(t *testing.T) { accepted(t, row, world(t)) })
			if !row.Unrefusable {
				t.Run("refused", func(t *testing.T) { refused(t, row, world(t)) })
			}
			t.Run("lost", func(t *testing.T) { lost(t, row, world(t)) })
			if row.Settled != cnpay.Unknown && !row.Repeatable {
				t.Run("late", func(t *testing.T) { late(t, row, world(t)) })
			}
			t.Run("unreadable", func(t *testing.T) { unreadable(t, row, world(t)) })
		})
	}
}

func (w *World) run(t *testing.T, row Row) Run {
	t.Helper()
	make := w.Runs[row.ID]
	require.NotNil(t, make, "no run of %s", row.ID)
	return make()
}

// elsewhere settles a call in another process: its ticket has gone through JSON, and nothing else is known there.
func (w *World) elsewhere(t *testing.T, ticket cnpay.Ticket) cnpay.Outcome {
	t.Helper()
	text, err := json.Marshal(ticket)
	require.NoError(t, err)
	var stored cnpay.Ticket
	require.NoError(t, json.Unmarshal(text, &stored))
	s, err := w.Another.Settle(t.Context(), stored, atOnce())
	require.NotNil(t, s)
	return cnpay.OutcomeOf(s, err)
}

// inDump finds a secret in a dump: a short one only as a whole value, because its digits can be in a signature by chance.
func inDump(secret string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(secret)
	if len(secret) < 8 {
		quoted = `(?m)["=]` + quoted + `(["&},]|$)`
	}
	return regexp.MustCompile(quoted)
}

func accepted(t *testing.T, row Row, w *World) {
	run := w.run(t, row)
	before := w.Gateway.Received(row.ID)
	var dumped strings.Builder
	res, err := run(t.Context(), cnpay.WithDump(func(_ context.Context, d cnpay.Dump) { dumped.WriteString(d.Request + "\n" + d.Answer + "\n") }))
	require.Equal(t, row.Accepted, cnpay.OutcomeOf(res, err), "%v", err)
	require.Equal(t, before+1, w.Gateway.Received(row.ID))
	require.NotEmpty(t, dumped.String())
	for _, secret := range row.Secrets {
		require.NotRegexp(t, inDump(secret), dumped.String())
	}
	ticket := cnpay.TicketOf(res, err)
	require.Equal(t, row.ID, ticket.Operation)
	require.NotEmpty(t, ticket.Provider)
	require.NotEmpty(t, ticket.Gateway)
	require.NotEmpty(t, ticket.Account)
	require.False(t, ticket.Began.IsZero())
	require.True(t, ticket.Until.After(ticket.Began))
	kept := ticket
	kept.Gateway, kept.Began, kept.Until = "", time.Time{}, time.Time{} // whose digits could be a short secret's by chance
	text, err := json.Marshal(kept)
	require.NoError(t, err)
	for _, secret := range row.Secrets {
		require.NotContains(t, string(text), secret)
	}
	switch {
	case row.Settled != cnpay.Unknown:
		require.False(t, ticket.NoMoney)
		require.NotEmpty(t, ticket.Order)
		require.Equal(t, row.Settled, w.elsewhere(t, ticket))
	case row.Accepted == cnpay.Answered:
		require.True(t, ticket.NoMoney)
	}
}

func refused(t *testing.T, row Row, w *World) {
	run := w.run(t, row)
	w.Gateway.AlwaysMisbehave(row.ID, cnpaytest.Refused)
	res, err := run(t.Context())
	want := row.Refused
	if want == cnpay.Unknown && row.Accepted != cnpay.Answered {
		want = cnpay.Failed
	}
	require.Equal(t, want, cnpay.OutcomeOf(res, err), "%v", err)
	require.ErrorIs(t, err, cnpay.ErrRefused)
}

func lost(t *testing.T, row Row, w *World) {
	run := w.run(t, row)
	before := w.Gateway.Received(row.ID)
	w.Gateway.Misbehave(row.ID, cnpaytest.LostAnswer)
	res, err := run(t.Context())
	if row.Repeatable {
		require.Equal(t, row.Accepted, cnpay.OutcomeOf(res, err), "%v", err)
		require.Equal(t, before+2, w.Gateway.Received(row.ID))
		return
	}
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	require.Equal(t, before+1, w.Gateway.Received(row.ID), "money must not be sent twice")
	if row.Settled != cnpay.Unknown && !row.Undecided {
		require.Equal(t, row.Settled, w.elsewhere(t, cnpay.TicketOf(res, err)))
	}
}

// late asks before and after a request that was given up is carried out all the same. When that is depends on how busy the
// machine is, so it asks until it is done.
func late(t *testing.T, row Row, w *World) {
	const delay, longest = 300 * time.Millisecond, 30 * time.Second
	run := w.run(t, row)
	w.Gateway.Misbehave(row.ID, cnpaytest.Late(delay))
	begun := time.Now()
	res, err := run(t.Context())
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	ticket := cnpay.TicketOf(res, err)
	for {
		found := w.elsewhere(t, ticket)
		require.NotContains(t, []cnpay.Outcome{cnpay.Failed, cnpay.NotSent}, found, "it is still on its way")
		if found == row.Settled || row.Undecided && time.Since(begun) > 2*delay {
			return
		}
		require.Less(t, time.Since(begun), longest, "it is %s, not %s", found, row.Settled)
		time.Sleep(delay / 6)
	}
}

// unreadable plays every answer that proves nothing.
func unreadable(t *testing.T, row Row, w *World) {
	network := []cnpaytest.Fault{
		cnpaytest.Reset, cnpaytest.CutBody, cnpaytest.HTTP502, cnpaytest.Empty, cnpaytest.HTML, cnpaytest.HugeBody, cnpaytest.Redirect,
	}
	for _, fault := range append(network, row.Faults...) {
		run := w.run(t, row)
		w.Gateway.AlwaysMisbehave(row.ID, fault)
		before := w.Gateway.Received(row.ID)
		res, err := run(t.Context(), cnpay.WithRetry(cnpay.Retry{Attempts: 2, MinWait: time.Millisecond, MaxWait: time.Millisecond}))
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err), "%s: %v", fault, err)
		if !row.Repeatable {
			require.Equal(t, before+1, w.Gateway.Received(row.ID), fault)
		}
		w.Gateway.AlwaysMisbehave(row.ID, cnpaytest.OK)
	}
}

// NoRequest holds a client to what it must say of a request that is none: one error, Failed, never a panic.
// The ticket error is that of Ticket(nil); do calls an operation of the test's own.
func NoRequest(t *testing.T, ticket error, do func(request any) error) {
	one := func(err error, fault string) {
		t.Helper()
		require.EqualValues(t, cnpay.Failed, cnpay.OutcomeOf(nil, err), "%v", err)
		var invalid *cnpay.InvalidRequestError
		require.ErrorAs(t, err, &invalid)
		require.EqualError(t, invalid, "invalid request: request "+fault)
	}
	one(ticket, "is missing")
	one(do(nil), "is missing")
	one(do(7), "must be a struct or a pointer to one, not int")
	one(do(new(*cnpay.Form)), "must be a struct or a pointer to one, not **cnpay.Form")
	one(do(map[string]string{"orderId": "1"}), "must be a struct or a pointer to one, not map[string]string")
}

// Message is a request as a provider's list has it.
type Message struct {
	ID         string
	Method     string // empty means POST
	Path       string
	Query      bool
	NoMoney    bool
	Repeatable bool
	Settled    bool // something settles it
	Request    any
}

// Answers requires that the tags of every answer are understood, of all methods of the services of C, a client's struct.
func Answers[C any](t *testing.T, table *spec.Table) {
	seen := 0
	for service := range reflect.TypeFor[C]().Fields() {
		if !service.IsExported() {
			continue
		}
		for method := range service.Type.Methods() {
			result := reflect.TypeFor[cnpay.Result]()
			if method.Type.NumOut() == 2 && method.Type.Out(0).Implements(result) && method.Type.Out(0).Kind() == reflect.Pointer {
				seen++
				require.Empty(t, table.Misread(reflect.New(method.Type.Out(0).Elem()).Interface()), method.Name)
			}
		}
	}
	require.NotZero(t, seen)
}

// Requests compares what a package says of its operations with its operations.txt, which was written from the documents:
// each operation is in both, with the same path, the same kind, and the same mandatory fields. And every tag is
// understood.
func Requests(t *testing.T, table *spec.Table, operations string, messages []Message) {
	documented := map[string]testgateway.Operation{}
	for _, op := range testgateway.Operations(operations) {
		documented[op.ID] = op
	}
	for _, m := range messages {
		require.Empty(t, table.Misread(m.Request), m.ID)
		doc, ok := documented[m.ID]
		require.True(t, ok, "%s is not in operations.txt", m.ID)
		delete(documented, m.ID)
		method := m.Method
		if method == "" {
			method = "POST"
		}
		kind := map[bool]string{true: "setup", false: "money"}[m.NoMoney]
		if m.Query {
			kind = "query"
		}
		require.Equal(t, doc.Kind, kind, "%s: kind", m.ID)
		require.Equal(t, doc.Repeatable, m.Repeatable, "%s: repeatable", m.ID)
		require.Equal(t, doc.SettledBy != "", m.Settled, "%s: settled", m.ID)
		require.Equal(t, doc.Method+" "+doc.Path, method+" "+m.Path, m.ID)
		require.ElementsMatch(t, doc.Mandatory, table.Mandatory(m.Request), "%s (%s): mandatory fields", m.ID, reflect.TypeOf(m.Request))
	}
	for id, op := range documented {
		require.Equal(t, "", op.Path, "%s is in operations.txt and not in the package", id)
	}
}

// Notified requires that every operation on money whose request has an address for notifications, but for those that are
// said to have none, is one that a notification may be about, and that notifications are about operations on money alone.
func Notified(t *testing.T, table *spec.Table, address string, messages []Message, notifications []interface{ Operations() []string }, none ...string) {
	money, about := map[string]bool{}, map[string]bool{}
	for _, m := range messages {
		money[m.ID] = !m.Query && !m.NoMoney
	}
	for _, n := range notifications {
		for _, id := range n.Operations() {
			require.True(t, money[id], "%T: %s moves no money", n, id)
			about[id] = true
		}
	}
	for _, m := range messages {
		if money[m.ID] && table.Has(m.Request, address) {
			require.NotEqual(t, slices.Contains(none, m.ID), about[m.ID], m.ID)
		}
	}
	require.NotEmpty(t, about)
}
