package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/cnpay-go/cnpay"
)

// StartTx prepares the entry of a call in the merchant's own transaction, together with the order. Nothing is sent for a
// prepared entry until a call, or [Journal.Claim], claims it; what nobody claims within Config.Unclaimed expires and is
// booked as NotSent. t is the ticket that the client's Ticket method returns for the request.
//
// The error is a [*cnpay.Error] with the outcome that the journal knows, where it holds the order already. Where the
// number may be used again, because nothing happened, a new generation is prepared.
func (j *Journal) StartTx(ctx context.Context, tx *sql.Tx, t cnpay.Ticket) (Entry, error) {
	if t.Provider == "" || t.Operation == "" || t.Order == "" || t.NoMoney {
		return Entry{}, errors.New("journal: the ticket names no order")
	}
	text, err := encode(t)
	if err != nil {
		return Entry{}, err
	}
	owner, wait := newOwner(), j.config.Unclaimed.Milliseconds()
	inserted, err := changed(tx.ExecContext(ctx, `INSERT INTO cnpay_entries
		(provider, account, operation, order_number, gateway, generation, state, outcome, ticket, first_began, until, owner, due, created, opened, landed)
		VALUES ($1, $2, $3, $4, $5, 0, 'ready', 'not_sent', $6, 0, 0, $7, `+j.now+` + $8, `+j.now+`, `+j.now+`, 1)
		ON CONFLICT (provider, account, operation, order_number) DO NOTHING`,
		t.Provider, t.Account, t.Operation, t.Order, t.Gateway, text, owner, wait))
	if err != nil {
		return Entry{}, fmt.Errorf("journal: %w", err)
	}
	e, err := j.entry(ctx, tx, t)
	if err != nil || inserted {
		return e, prefix(err)
	}
	if e.State != Failed && e.State != NotSent {
		return Entry{}, taken(e)
	}
	// The sendings that may be on their way are those of the older generations: their limit stays until the claim.
	next := t
	next.Sending, next.Until = e.Generation+1, e.Ticket.Until
	landed := 0
	if e.landed || j.past(ctx, e) {
		landed = 1
	}
	if text, err = encode(next); err != nil {
		return Entry{}, err
	}
	ok, err := changed(tx.ExecContext(ctx, `UPDATE cnpay_entries SET state = 'ready', outcome = 'not_sent', code = '', reason = '', found = '',
		generation = $1, ticket = $2, gateway = $3, owner = $4, landed = $5, asked = 0, closed = 0, due = `+j.now+` + $6,
		opened = `+j.now+` WHERE id = $7 AND generation = $8 AND state IN ('failed', 'not_sent')`,
		next.Sending, text, t.Gateway, owner, landed, wait, e.ID, e.Generation))
	if err != nil {
		return Entry{}, fmt.Errorf("journal: %w", err)
	}
	if ok {
		if err := j.ended(ctx, tx, e); err != nil {
			return Entry{}, fmt.Errorf("journal: %w", err)
		}
	}
	if e, err = j.entry(ctx, tx, t); err == nil && !ok {
		return e, taken(e)
	}
	return e, prefix(err)
}

type claimKey struct{}

// Claiming makes a call with this context claim exactly that prepared entry: it is refused where the entry has expired
// or somebody else has claimed it. A call without it claims what is prepared, too, and opens what has expired again.
func Claiming(ctx context.Context, e Entry) context.Context {
	return context.WithValue(ctx, claimKey{}, e)
}

func claimed(ctx context.Context, e Entry) error {
	claim, ok := ctx.Value(claimKey{}).(Entry)
	if ok && claim.ID == e.ID && (e.State != Ready || e.Generation != claim.Generation) {
		return ErrTaken
	}
	return nil
}

// Claim claims a prepared entry whose order no call of this machine sends: a page or a code that somebody pays. It stamps
// its beginning and opens it as Pending; call it before the payer gets to see anything, and show nothing when it returns
// an error. Until, the order's expiry, is what the absence of the order is judged by; without it absence proves nothing.
func (j *Journal) Claim(ctx context.Context, e Entry, until time.Time) (cnpay.Ticket, error) {
	ctx, cancel := context.WithTimeout(ctx, j.config.Limit)
	defer cancel()
	now, err := j.entry(ctx, j.db, e.Ticket)
	if err != nil {
		return cnpay.Ticket{}, prefix(err)
	}
	if now.State != Ready || now.Generation != e.Generation || now.found == string(Succeeded) {
		return cnpay.Ticket{}, taken(now)
	}
	t := now.Ticket
	t.Began, t.Until = j.clock().UTC().Round(0), until.UTC().Round(0)
	s := sending{owner: newOwner(), ticket: t}
	ok, s, err := j.renew(ctx, now, s) // CLAIM
	if err != nil {
		return cnpay.Ticket{}, fmt.Errorf("journal: %w", err)
	}
	if !ok {
		return cnpay.Ticket{}, taken(now)
	}
	return s.ticket, j.keepOpen(ctx, s, cnpay.Call{Outcome: cnpay.Pending}, false)
}

// expire closes what nobody has claimed, by compare and set (CLAIM).
func (j *Journal) expire(ctx context.Context, e Entry) error {
	_, err := j.decide(ctx, decision{
		id: e.ID, generation: e.Generation, prepared: true, outcome: cnpay.NotSent, landed: e.landed,
		reason: "prepared, and nobody claimed it",
	})
	return err
}
