package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // PostgreSQL for database/sql

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/journal"
)

// The merchant's own tables: orders, and the ledger of what was booked. A row of the ledger is a fact; nothing makes it
// unique but that the journal books once.
const tables = `
CREATE TABLE IF NOT EXISTS orders (
	number    TEXT   NOT NULL PRIMARY KEY,
	digest    TEXT   NOT NULL,            -- of the request, with the payer's code, which is stored nowhere
	provider  TEXT   NOT NULL,
	operation TEXT   NOT NULL,
	amount    BIGINT NOT NULL,            -- fen
	original  TEXT   NOT NULL,            -- the order that it is about
	at        BIGINT NOT NULL,
	ticket    TEXT   NOT NULL,
	entry     BIGINT NOT NULL,            -- of the journal
	state     TEXT   NOT NULL DEFAULT 'open',
	code      TEXT   NOT NULL DEFAULT '', -- the provider's
	shown     TEXT   NOT NULL DEFAULT '', -- what the payer scans
	ref       TEXT   NOT NULL DEFAULT '', -- what a notification brought and a later step needs
	steps     BIGINT NOT NULL DEFAULT 0   -- orders about this one
);
CREATE INDEX IF NOT EXISTS orders_entry ON orders (entry);
CREATE INDEX IF NOT EXISTS orders_original ON orders (original);
CREATE TABLE IF NOT EXISTS ledger (
	number TEXT   NOT NULL,
	taken  BIGINT NOT NULL,               -- fen that the merchant has, or gave back
	held   BIGINT NOT NULL,               -- fen that are held for the merchant, or no longer
	at     BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS ledger_number ON ledger (number);`

// order is a row of orders, and its form for the API.
type order struct {
	Number    string        `json:"number"`
	Provider  string        `json:"provider"`
	Operation string        `json:"operation"`
	Amount    int64         `json:"amount"`
	Of        string        `json:"of,omitempty"`
	At        time.Time     `json:"at"`
	State     journal.State `json:"state"` // open, succeeded, failed or not_sent
	Code      string        `json:"code,omitempty"`
	Show      string        `json:"show,omitempty"`
	Ticket    cnpay.Ticket  `json:"-"`

	// Of the journal's entry, while the order is open.
	Outcome string    `json:"outcome,omitempty"` // unknown or pending
	Reason  string    `json:"reason,omitempty"`
	Next    time.Time `json:"next,omitzero"` // when the provider is asked

	digest, ref string
}

const columns = "number, digest, provider, operation, amount, original, at, ticket, state, code, shown, ref"

func scan(row interface{ Scan(...any) error }) (*order, error) {
	var o order
	var at int64
	var ticket string
	err := row.Scan(&o.Number, &o.digest, &o.Provider, &o.Operation, &o.Amount, &o.Of, &at, &ticket, &o.State, &o.Code, &o.Show, &o.ref)
	if err != nil {
		return nil, err
	}
	o.At = time.UnixMilli(at).UTC()
	return &o, json.Unmarshal([]byte(ticket), &o.Ticket)
}

// store is the merchant's database, which the journal shares.
type store struct {
	*sql.DB
	dialect journal.Dialect
}

// open opens a SQLite file, or PostgreSQL by its address.
func open(name string) (store, error) {
	if strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://") {
		db, err := sql.Open("pgx", name)
		return store{db, journal.PostgreSQL}, err
	}
	db, err := journal.OpenSQLite(name)
	return store{db, journal.SQLite}, err
}

// migrate makes the journal's tables and the merchant's. Replicas may run it at once: on PostgreSQL one after the other.
func (s store) migrate(ctx context.Context, j *journal.Journal) error {
	if err := s.PingContext(ctx); err != nil { // which says best what is wrong
		return err
	}
	if err := j.Migrate(ctx); err != nil {
		return err
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		if s.dialect == journal.PostgreSQL {
			if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(20261126)"); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, tables)
		return err
	})
}

func (s store) tx(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// order reads one. It is nil where there is none.
func (s store) order(ctx context.Context, number string) (*order, error) {
	found, err := s.orders(ctx, "number = $1", number)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

func (s store) orders(ctx context.Context, where string, args ...any) ([]*order, error) {
	rows, err := s.QueryContext(ctx, "SELECT "+columns+" FROM orders WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	orders := []*order{}
	for rows.Next() {
		o, err := scan(rows)
		if err != nil {
			return nil, err
		}
		orders = append(orders, o)
	}
	return orders, rows.Err()
}

// prepare stores an order that is about to be sent, and the journal's entry with it, in one transaction. What is done to an
// earlier order counts as done until it is known that it was not: there is never more than the order's amount under way.
func (s store) prepare(ctx context.Context, j *journal.Journal, o *order, of *order) (e journal.Entry, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if of != nil {
			// The earlier order's row is the lock.
			if _, err := tx.ExecContext(ctx, "UPDATE orders SET steps = steps + 1 WHERE number = $1", of.Number); err != nil {
				return err
			}
			var used int64
			if err := tx.QueryRowContext(ctx, `SELECT COALESCE(SUM(amount), 0) FROM orders
				WHERE original = $1 AND number <> $2 AND state IN ('open', 'succeeded')`, of.Number, o.Number).Scan(&used); err != nil {
				return err
			}
			if used+o.Amount > of.Amount {
				return conflict(fmt.Sprintf("%d fen is more than %s has left: it is about %d fen, of which %d are given back, taken or under way",
					o.Amount, of.Number, of.Amount, used))
			}
		}
		if e, err = j.StartTx(ctx, tx, o.Ticket); err != nil {
			return err
		}
		ticket, err := json.Marshal(o.Ticket)
		if err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO orders (number, digest, provider, operation, amount, original, at, ticket, entry)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (number) DO UPDATE SET state = 'open', code = '', ticket = $8, entry = $9 WHERE orders.state = 'not_sent'`,
			o.Number, o.digest, o.Provider, o.Operation, o.Amount, o.Of, o.At.UnixMilli(), string(ticket), e.ID)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 { // somebody else's, a moment earlier
			return cmp.Or(err, conflict("an order of this number has another content"))
		}
		return nil
	})
	return e, err
}

// effects are the operations, and what each does to the books: to what the merchant has taken, and to what is held.
func effects() map[string]struct{ taken, held int64 } {
	return map[string]struct{ taken, held int64 }{
		"pay": {taken: 1}, "preauth": {held: 1}, "complete": {taken: 1, held: -1}, "cancel": {held: -1}, "refund": {taken: -1}, "revoke": {taken: -1},
	}
}

// book changes the merchant's tables in the journal's own transaction: once for each entry that is closed.
func book(ctx context.Context, tx *sql.Tx, e journal.Entry) error {
	o, err := scan(tx.QueryRowContext(ctx, "UPDATE orders SET state = $1, code = $2 WHERE entry = $3 AND state = 'open' RETURNING "+columns,
		e.State, e.Code, e.ID))
	if err != nil {
		return fmt.Errorf("order of entry %d: %w", e.ID, err)
	}
	if e.State != journal.Succeeded {
		return nil // nothing happened
	}
	effect := effects()[o.Operation]
	_, err = tx.ExecContext(ctx, "INSERT INTO ledger (number, taken, held, at) VALUES ($1, $2, $3, $4)",
		o.Number, effect.taken*o.Amount, effect.held*o.Amount, e.Closed.UnixMilli())
	return err
}

// books is the ledger's sum.
type books struct {
	Rows   int64 `json:"rows"`
	Orders int64 `json:"orders"` // the same as rows, or something was booked twice
	Taken  int64 `json:"taken"`
	Held   int64 `json:"held"`
	Open   int64 `json:"open"` // orders whose outcome is not known
}

func (s store) books(ctx context.Context) (b books, err error) {
	err = s.QueryRowContext(ctx, `SELECT COUNT(*), COUNT(DISTINCT number), COALESCE(SUM(taken), 0), COALESCE(SUM(held), 0),
		(SELECT COUNT(*) FROM orders WHERE state = 'open') FROM ledger`).Scan(&b.Rows, &b.Orders, &b.Taken, &b.Held, &b.Open)
	return b, err
}

// digestOf distinguishes requests without keeping the payer's code.
func digestOf(number string, r request) string {
	text, _ := json.Marshal(r) // of strings and a number: it never fails
	sum := sha256.Sum256(append([]byte(number+" "), text...))
	return hex.EncodeToString(sum[:])
}
