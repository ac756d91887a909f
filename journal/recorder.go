package journal

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
)

// sending is one sending of an order, as its caller knows it.
type sending struct {
	id         int64
	generation int
	owner      string
	ticket     cnpay.Ticket
	// alone is set if no earlier sending could be on its way when this one was opened, and fresh if, besides, nothing had
	// happened by then: what the caller hears, or knows that it did not send, decides only then (REFUSAL, FRESH).
	alone, fresh bool
	first        time.Time // the beginning of the oldest sending that may still matter, where it is not this one
}

type sendingKey struct{}

// Started commits the entry before the first byte leaves, or refuses the call (UNIQUE): with a [*cnpay.Error] that has
// the outcome which the journal knows, where the order is taken, and with any other error, which makes the call NotSent,
// where the database did not take it within Config.Limit.
func (j *Journal) Started(ctx context.Context, t cnpay.Ticket) (context.Context, error) {
	if t.NoMoney {
		return ctx, nil
	}
	limited, cancel := context.WithTimeout(ctx, j.config.Limit)
	defer cancel()
	s, err := j.open(limited, t)
	var taken *cnpay.Error
	switch {
	case errors.As(err, &taken):
		j.counters.taken.Add(1)
		return ctx, taken
	case err != nil:
		j.counters.refused.Add(1)
		return ctx, fmt.Errorf("journal: %w", err)
	}
	if !s.alone { // its refusal decides nothing, and the caller is to hear that too
		ctx = cnpay.ContextWithSending(ctx, s.generation)
	}
	return context.WithValue(ctx, sendingKey{}, s), nil
}

// open makes a new entry, or a new generation of one.
func (j *Journal) open(ctx context.Context, t cnpay.Ticket) (sending, error) {
	if t.Provider == "" || t.Operation == "" || t.Order == "" {
		return sending{}, errors.New("the ticket names no order")
	}
	s := sending{generation: t.Sending, owner: newOwner(), ticket: t, alone: t.Sending == 0, fresh: t.Sending == 0}
	inserted, err := j.insert(ctx, s)
	if err != nil {
		j.doubt(ctx, s)
		return s, err
	}
	if inserted {
		return s, nil
	}
	if j.without.unique {
		return s, nil
	}
	for range 3 {
		e, err := j.entry(ctx, j.db, t)
		if err != nil { // it is there, and nobody can say what is known of it: Unknown, never NotSent
			return s, &cnpay.Error{Ticket: t, Outcome: cnpay.Unknown, Err: fmt.Errorf("%w: journal: %w", ErrTaken, err)}
		}
		if !usable(e, t) || claimed(ctx, e) != nil {
			return s, taken(e)
		}
		ok, next, err := j.renew(ctx, e, s)
		if err != nil || ok {
			return next, err
		} // else somebody else was first
	}
	return s, &cnpay.Error{Ticket: t, Outcome: cnpay.Unknown, Err: fmt.Errorf("%w, and it changes all the time", ErrTaken)}
}

// usable reports whether a call may open a new generation of an entry: a repeat (of a settlement, or of the merchant's
// decision) while it is open, and any other call where nothing happened.
func usable(e Entry, t cnpay.Ticket) bool {
	if e.found == string(Succeeded) {
		return false
	}
	if t.Sending > 0 {
		return e.State == Open
	}
	return e.State == Ready || e.State == Failed || e.State == NotSent
}

func taken(e Entry) error {
	if e.found == string(Succeeded) { // and not booked yet
		e.Outcome = cnpay.Succeeded
	}
	return &cnpay.Error{Ticket: e.Ticket, Outcome: e.Outcome, Code: e.Code, Err: ErrTaken}
}

// insert is one statement, so that its commit is its answer.
func (j *Journal) insert(ctx context.Context, s sending) (bool, error) {
	text, err := encode(s.ticket)
	if err != nil {
		return false, err
	}
	t := s.ticket
	return changed(j.db.ExecContext(ctx, `INSERT INTO cnpay_entries
		(provider, account, operation, order_number, gateway, generation, state, outcome, ticket, first_began, until, owner, due, created, opened)
		VALUES ($1, $2, $3, $4, $5, $6, 'open', 'unknown', $7, $8, `+j.limit("$9")+`, $10, `+j.now+` + $11, `+j.now+`, `+j.now+`)
		ON CONFLICT (provider, account, operation, order_number) DO NOTHING`,
		t.Provider, t.Account, t.Operation, t.Order, t.Gateway, s.generation, text, millis(t.Began), limitOf(t), s.owner,
		j.config.Crash.Milliseconds()))
}

// renew opens a new generation by compare and set (GENERATION, CLAIM): the entry is as it was read, or nothing changes.
func (j *Journal) renew(ctx context.Context, e Entry, s sending) (bool, sending, error) {
	s.id, s.generation = e.ID, e.Generation+1
	s.alone = (e.landed || j.past(ctx, e)) && (!e.byHand || j.without.word) // WORD: what a person says proves nothing
	s.fresh = s.alone && e.State != Open
	if e.State == Ready && e.Generation == 0 {
		s.generation, s.alone, s.fresh = 0, true, true
	}
	s.generation = max(s.generation, s.ticket.Sending)
	s.ticket.Sending = s.generation
	// What absence proves, it proves only when no sending can be on its way, and within the reach of the first one that may
	// have been carried out.
	first := millis(s.ticket.Began)
	if !s.fresh {
		first, s.first = e.firstBegan, at(e.firstBegan)
	}
	limit, until := limitOf(s.ticket), j.limit("$5")
	if !s.alone {
		s.ticket.Until = later(s.ticket.Until, e.Ticket.Until)
		until = "CASE WHEN until = 0 OR CAST($5 AS BIGINT) = 0 THEN 0 WHEN until > " + until + " THEN until ELSE " + until + " END"
	}
	text, err := encode(s.ticket)
	if err != nil {
		return false, s, err
	}
	wait := j.config.Crash
	if e.State == Open { // a settler's own repeat has ended by then
		wait = max(wait, j.config.Lease*3/4)
	}
	guard := " AND generation = $9 AND state = $10 AND found <> 'succeeded'" // an execution is true for every generation
	if j.without.claim {
		guard = " AND ($9 >= 0 OR $10 <> '')"
	}
	ok := false
	err = j.inTx(ctx, func(tx *sql.Tx) error {
		ok, err = changed(tx.ExecContext(ctx, `UPDATE cnpay_entries SET generation = $1, state = 'open', outcome = 'unknown', code = '', reason = '',
			ticket = $2, gateway = $3, first_began = $4, until = `+until+`, owner = $6, found = '', landed = 0, lease = 0, asked = 0, closed = 0,
			due = `+j.now+` + $7, opened = `+j.now+` WHERE id = $8`+guard,
			s.generation, text, s.ticket.Gateway, first, limit, s.owner, wait.Milliseconds(),
			e.ID, e.Generation, string(e.State)))
		if err != nil || !ok || s.generation == e.Generation {
			return err
		}
		return j.ended(ctx, tx, e)
	})
	if err != nil {
		j.doubt(ctx, s)
	}
	return ok, s, err
}

// limit is the end of a call that may take so many milliseconds from now on, by the database's clock.
func (j *Journal) limit(millis string) string {
	millis = "CAST(" + millis + " AS BIGINT)"
	return "CASE WHEN " + millis + " > 0 THEN " + j.now + " + " + millis + " ELSE 0 END"
}

// limitOf is how long a ticket's call may take; 0 where nobody knows it.
func limitOf(t cnpay.Ticket) int64 {
	if t.Began.IsZero() || t.Until.IsZero() {
		return 0
	}
	return max(t.Until.Sub(t.Began).Milliseconds(), 1)
}

// later is the later of two limits, and what nobody knows stays unknown.
func later(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && a.After(b) {
		return a
	}
	return b
}

// judged is the ticket by which an entry that was just read is judged (BOTH). Its Until is the later of two, on this process's
// clock: what the caller stamped, and what the database's clock says, so that one clock that is wrong proves nothing.
func (j *Journal) judged(e Entry) cnpay.Ticket {
	t := e.Ticket
	if !j.without.both {
		var until time.Time
		if !e.until.IsZero() {
			until = e.until.Add(j.clock().Sub(e.now)).UTC().Round(0)
		}
		t.Until = later(t.Until, until)
	}
	return t
}

// horizon is the moment after which no sending of an entry that was just read can be on its way, on this process's clock;
// zero where nobody knows it.
func (j *Journal) horizon(ctx context.Context, e Entry) time.Time {
	t := j.judged(e)
	s := j.unasked(ctx, t)
	if t.Until.IsZero() || s == nil {
		return time.Time{}
	}
	return later(s.Horizon, t.Until.Add(j.margin()))
}

// closable is the moment from which on a person may say that nothing happened: the horizon, and where no client says its
// own, the end of the margin.
func (j *Journal) closable(ctx context.Context, e Entry) time.Time {
	horizon := j.horizon(ctx, e)
	if until := j.judged(e).Until; horizon.IsZero() && !until.IsZero() {
		return until.Add(j.margin())
	}
	return horizon
}

// past reports whether no sending of an entry that was just read can be on its way.
func (j *Journal) past(ctx context.Context, e Entry) bool {
	horizon := j.horizon(ctx, e)
	return !horizon.IsZero() && j.clock().After(horizon)
}

// unserved is how long after its limit a call is past any margin where no client says its own, and after its closing one
// whose limit nobody knows.
const unserved = 30 * 24 * time.Hour

// forgotten reports whether a final entry needs to be kept no longer for what may be on its way: of one whose account
// nobody serves any more, too.
func (j *Journal) forgotten(ctx context.Context, e Entry) bool {
	until := j.judged(e).Until
	switch {
	case until.IsZero(): // nobody knows it; of what was never sent nobody has to
		return e.landed || e.now.After(e.Closed.Add(unserved))
	case j.past(ctx, e):
		return true
	}
	return j.horizon(ctx, e).IsZero() && j.clock().After(until.Add(unserved))
}

func (j *Journal) margin() time.Duration { return cmp.Or(j.config.Margin, cnpay.DefaultMargin) }

// options are those of every settlement.
func (j *Journal) options(opts ...cnpay.Option) []cnpay.Option {
	if j.config.Margin > 0 { // else the operation's own
		opts = append(opts, cnpay.WithMargin(j.config.Margin))
	}
	return opts
}

// unasked is what the core says of a ticket without a query: its horizon, and when it is to be queried. It is nil where no
// client settles the ticket: whoever looks beside a call or a page is not disturbed by it.
func (j *Journal) unasked(ctx context.Context, t cnpay.Ticket, opts ...cnpay.Option) (s *cnpay.Settlement) {
	_ = j.safely(ctx, func() error {
		client, err := j.client(t)
		if err == nil {
			s, _ = client.Settle(ctx, t, j.options(append(opts, cnpay.WithSchedule(cnpay.Schedule{}))...)...)
		}
		return err
	})
	return s
}

// client is the merchant's for a ticket. A map has nil pointers for accounts that it does not have.
func (j *Journal) client(t cnpay.Ticket) (cnpay.Settler, error) {
	client, err := j.config.Client(t)
	if v := reflect.ValueOf(client); err == nil && (client == nil || v.Kind() == reflect.Pointer && v.IsNil()) {
		err = errors.New("Config.Client has no client for it")
	}
	return client, err
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// doubt is for an entry whose commit may or may not have happened, and whose call is not sent. What is not cleaned up is
// settled like any other entry.
func (j *Journal) doubt(ctx context.Context, s sending) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), j.config.Limit)
	defer cancel()
	if err := j.cleanUp(ctx, s); err != nil {
		const most = 1000 // the rest is left to settling
		j.mu.Lock()
		defer j.mu.Unlock()
		if len(j.doubts) < most {
			j.doubts = append(j.doubts, s)
		}
	}
}

// cleanUp closes an entry that its owner did not send. Where the commit comes later than this, it finds the entry there.
func (j *Journal) cleanUp(ctx context.Context, s sending) error {
	if !s.fresh && !j.without.fresh {
		return nil // FRESH: an earlier sending may be carried out, so the entry is settled
	}
	if s.id == 0 {
		text, err := encode(s.ticket)
		if err != nil {
			return nil //nolint:nilerr // it was never sent to the database
		}
		t := s.ticket
		_, err = j.db.ExecContext(ctx, `INSERT INTO cnpay_entries
			(provider, account, operation, order_number, gateway, generation, state, outcome, ticket, first_began, until, owner, due, created, opened)
			VALUES ($1, $2, $3, $4, $5, $6, 'open', 'unknown', $7, $8, `+j.limit("$9")+`, $10, `+j.now+`, `+j.now+`, `+j.now+`)
			ON CONFLICT (provider, account, operation, order_number) DO NOTHING`,
			t.Provider, t.Account, t.Operation, t.Order, t.Gateway, s.generation, text, millis(t.Began), limitOf(t), s.owner)
		if err != nil {
			return err
		}
		e, err := j.entry(ctx, j.db, t)
		if err != nil {
			return err
		}
		s.id = e.ID
	}
	_, err := j.decide(ctx, decision{
		id: s.id, generation: s.generation, owner: s.owner, outcome: cnpay.NotSent, landed: true,
		reason: "the database's answer was lost, and the call was not sent",
	})
	return err
}

// flush cleans up what could not be cleaned up before, as far as it gets within Config.Limit: whoever holds one of the
// entries does not hold up the sweep.
func (j *Journal) flush(ctx context.Context) {
	j.mu.Lock()
	doubts := j.doubts
	j.doubts = nil
	j.mu.Unlock()
	for begun, i := j.clock(), 0; i < len(doubts); i++ {
		if j.clock().Sub(begun) >= j.config.Limit {
			j.mu.Lock()
			j.doubts = append(j.doubts, doubts[i:]...)
			j.mu.Unlock()
			return
		}
		j.doubt(ctx, doubts[i])
	}
}

// Finished commits the outcome of the call, and books it, if it is final. Where that fails the entry is settled.
func (j *Journal) Finished(ctx context.Context, t cnpay.Ticket, c cnpay.Call) {
	s, ok := ctx.Value(sendingKey{}).(sending)
	if !ok || t.NoMoney {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*j.config.Limit)
	defer cancel()
	if err := j.finish(ctx, s, t, c); err != nil {
		j.config.Logger.ErrorContext(ctx, "journal: outcome not recorded, left to settling",
			"provider", t.Provider, "operation", t.Operation, "order", t.Order, "outcome", c.Outcome.String(), "error", err)
	}
}

func (j *Journal) finish(ctx context.Context, s sending, t cnpay.Ticket, c cnpay.Call) error {
	if s.id == 0 {
		e, err := j.entry(ctx, j.db, t)
		if err != nil {
			return err
		}
		s.id = e.ID
	}
	for name, value := range t.Fields {
		s.ticket = s.ticket.With(name, value)
	}
	d := decision{
		id: s.id, generation: s.generation, outcome: c.Outcome, code: c.Code, ticket: &s.ticket, source: "answer",
		reason: "the call's own answer",
	}
	switch {
	case c.Outcome == cnpay.Succeeded:
		d.landed = c.Sent <= 1
	case c.Outcome == cnpay.Failed && (s.alone || j.without.refusal): // REFUSAL
		d.landed = s.alone && c.Sent <= 1
	case c.Outcome == cnpay.NotSent && (s.fresh || j.without.fresh): // FRESH
		d.landed = s.alone
	default:
		return j.keepOpen(ctx, s, c, true)
	}
	_, err := j.decide(ctx, d)
	return err
}

// keepOpen hands an open entry to the settlers, who query first when the documents say so.
func (j *Journal) keepOpen(ctx context.Context, s sending, c cnpay.Call, answered bool) error {
	text, err := encode(s.ticket)
	if err != nil {
		return err
	}
	outcome, reason := cnpay.Unknown, ""
	if c.Outcome == cnpay.Pending {
		outcome = cnpay.Pending
	}
	switch {
	case c.Err == nil:
	case c.Outcome == cnpay.Failed || c.Outcome == cnpay.NotSent:
		reason = "an earlier sending may have been carried out, or may still be: " + c.Err.Error()
	default:
		reason = c.Err.Error()
	}
	var events []Event
	if answered {
		events = []Event{learnt(EventAnswer, s.generation, outcome, c.Code, reason)}
	}
	_, err = j.noted(ctx, s.id, events, `UPDATE cnpay_entries SET outcome = $1, code = $2, reason = $3, ticket = $4,
		due = `+j.now+` + $5 WHERE id = $6 AND generation = $7 AND state = 'open'`,
		outcome.String(), short(c.Code), short(reason), text, j.firstQuery(ctx, s, c.Duration).Milliseconds(), s.id, s.generation)
	return err
}

// firstQuery is how long it is until the first query of the operation's own schedule, which counts from the beginning of
// the first sending, elapsed ago: what is sent again and again is not asked, or sent, more often for it.
func (j *Journal) firstQuery(ctx context.Context, s sending, elapsed time.Duration) time.Duration {
	t := s.ticket
	if t.Began.IsZero() {
		return 0
	}
	if !s.first.IsZero() {
		age := t.Began.Add(elapsed).Sub(s.first)
		t.Began = s.first
		if next := j.unasked(ctx, t, cnpay.WithClock(func() time.Time { return s.first.Add(age) })); next != nil && next.Next > 0 {
			return next.Next
		}
		return rarer(age)
	}
	const before = -time.Nanosecond // a query that is due at the beginning is due then
	next := j.unasked(ctx, t, cnpay.WithClock(func() time.Time { return t.Began.Add(before) }))
	if next == nil || next.Next == 0 {
		return 0
	}
	return max(next.Next-elapsed, 0)
}

// rarer is how long to wait behind the end of a schedule: longer and longer.
func rarer(age time.Duration) time.Duration { return min(max(age/4, 5*time.Second), time.Hour) }

// short is text from outside as both databases take it.
func short(s string) string {
	const most = 500
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", " "), "\uFFFD")
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

var _ cnpay.Recorder = (*Journal)(nil)
var _ querier = (*sql.DB)(nil)
