// Package journal keeps what a merchant must not lose: a durable record of each operation that moves money, committed
// before its first byte leaves, settled until its outcome is final, over crashes and in any number of replicas, and booked
// once.
//
//	db, err := journal.OpenSQLite("journal.db") // or sql.Open("pgx", ...)
//	var client *upay.Client
//	j, err := journal.New(db, journal.SQLite, journal.Config{
//		Client: func(cnpay.Ticket) (cnpay.Settler, error) { return client, nil },
//		Book:   func(ctx context.Context, tx *sql.Tx, e journal.Entry) error { ... },
//	})
//	err = j.Migrate(ctx)
//	client, err = upay.New(config, cnpay.WithRecorder(j))
//	go j.Run(ctx) // settles, until ctx ends
//
// A call is then refused as taken where the journal already holds its order, and NotSent where the journal's database is
// down, slow or full. Whatever else happens to it, its entry is closed at last, or stays open with the reason.
//
// The rules that make this true are written down, and checked in every interleaving, in the folder model. The code names
// each where it is kept.
package journal

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cnpay-go/cnpay"
)

// Config is what a journal needs to know. Only Client is required.
type Config struct {
	// Client returns the client that can settle a ticket: by provider, gateway and account, where there are several. StartTx
	// asks it within your transaction, during which it must not wait for a SQLite journal's database.
	Client func(cnpay.Ticket) (cnpay.Settler, error)
	// Book changes the merchant's own tables, in the transaction that makes the entry final: both happen, or neither.
	// It is called once for each generation of an entry that is closed, and again after an error or a panic. It must use tx
	// alone, and leave its end to the journal. e.Ticket.Fields have what the answer, query or notification that closed the
	// entry added: UnionPay's queryId, which later operations need.
	Book func(ctx context.Context, tx *sql.Tx, e Entry) error
	// Resend sends the operation of an open entry again, under the same number, by a call with
	// [cnpay.WithSending](e.Generation + 1) of a client that has this journal as its recorder. It is asked only where the
	// documents make that harmless and it would end the doubt. ctx ends with the lease. Without Resend nothing is ever sent again.
	Resend func(ctx context.Context, e Entry, s *cnpay.Settlement) error
	// GiveUp ends an order that nobody has paid, by the operation that the settlement names. It may be asked more than
	// once. Without it such an order stays open.
	GiveUp func(ctx context.Context, e Entry, s *cnpay.Settlement) error

	// Margin is how long after its limit a call may still be on its way; see [cnpay.WithMargin].
	Margin time.Duration // 0 means the operation's own, or cnpay.DefaultMargin
	// Limit is how long the database may take for one step before the call is NotSent.
	Limit time.Duration // 0 means 5 s
	// Crash is how long after the beginning of a call whose end was never recorded its order is queried first.
	Crash time.Duration // 0 means 30 s
	// Lease is how long a settler has an entry; a settler that died is replaced at the sweep after it.
	Lease time.Duration // 0 means 25 s, so that the query of the next one is under way within 30 s
	// Sweep is how often a settler looks for what is due.
	Sweep time.Duration // 0 means 1 s
	// Unclaimed is how long a prepared entry waits for its caller before it expires as NotSent.
	Unclaimed time.Duration // 0 means 15 minutes
	// Workers is how many entries this process settles at a time.
	Workers int // 0 means 10
	// PerAccount is how many entries of one account are settled at a time, in all replicas together, so that a provider
	// that is down does not keep the workers from the others.
	PerAccount int // 0 means 4
	// PerSecond is how many queries one account gets in a second, in all replicas together.
	PerSecond int // 0 means 10
	// Retention is how long a final entry is kept; 0 means for ever. An order whose entry is gone is no longer refused as
	// taken.
	Retention time.Duration

	Logger *slog.Logger // without one, nothing is logged
}

// Journal is a [cnpay.Recorder] and a settler. It is safe for concurrent use.
type Journal struct {
	db       *sql.DB
	dialect  Dialect
	config   Config
	now      string // the database's clock
	clock    func() time.Time
	without  without
	mu       sync.Mutex
	doubts   []sending // commits whose answer was lost, to be cleaned up
	counters counters
}

// without takes rules out, by the names of the model, for the tests that must find the fault.
type without struct{ unique, cas, both, generation, refusal, fresh, claim, word bool }

// New makes a journal in db. It starts nothing and sends nothing to the database.
func New(db *sql.DB, dialect Dialect, config Config) (*Journal, error) {
	switch {
	case db == nil:
		return nil, errors.New("journal: no database")
	case dialect != SQLite && dialect != PostgreSQL:
		return nil, fmt.Errorf("journal: %v is not a dialect", dialect)
	case config.Client == nil:
		return nil, errors.New("journal: Config.Client is missing")
	}
	for name, d := range map[string]*time.Duration{
		"Margin": &config.Margin, "Limit": &config.Limit, "Crash": &config.Crash, "Lease": &config.Lease,
		"Sweep": &config.Sweep, "Unclaimed": &config.Unclaimed, "Retention": &config.Retention,
	} {
		if *d < 0 {
			return nil, fmt.Errorf("journal: Config.%s is negative", name)
		}
	}
	config.Limit = cmp.Or(config.Limit, 5*time.Second)
	config.Crash = cmp.Or(config.Crash, 30*time.Second)
	config.Lease = cmp.Or(config.Lease, 25*time.Second)
	config.Sweep = cmp.Or(config.Sweep, time.Second)
	config.Unclaimed = cmp.Or(config.Unclaimed, 15*time.Minute)
	config.Workers = cmp.Or(max(config.Workers, 0), 10)
	config.PerAccount = cmp.Or(max(config.PerAccount, 0), 4)
	config.PerSecond = cmp.Or(max(config.PerSecond, 0), 10)
	if config.Logger == nil {
		config.Logger = quiet()
	}
	return &Journal{db: db, dialect: dialect, config: config, now: dialect.now(), clock: time.Now}, nil
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// State is where an entry is in its life.
type State string

const (
	Ready     State = "ready" // prepared, and not claimed yet: nothing was sent
	Open      State = "open"
	Succeeded State = "succeeded"
	Failed    State = "failed"
	NotSent   State = "not_sent"
)

// Final reports whether an entry is closed. Failed and NotSent are opened again as a new generation when their number is
// used again; Succeeded never is.
func (s State) Final() bool { return s == Succeeded || s == Failed || s == NotSent }

// Entry is the record of one order: provider, account, operation and the operation's own number.
type Entry struct {
	ID         int64
	Ticket     cnpay.Ticket // of the newest sending, with what answers added
	Generation int          // the newest sending, counted from 0; Ticket.Sending
	State      State
	Outcome    cnpay.Outcome // Unknown or Pending while it is open
	Code       string        // the provider's
	Reason     string        // why it is open, or what closed it
	Queries    int           // in this generation
	Conflicts  int           // what contradicted it after it was closed
	Created    time.Time     // by the database's clock, as all of these
	Opened     time.Time     // this generation
	Due        time.Time     // the next query, or when what was prepared expires
	Closed     time.Time     // zero while it is open

	now        time.Time // when it was read
	firstBegan int64
	until      time.Time // no sending is sent, or paid, after it, by the database's clock; zero where nobody knows it
	landed     bool
	byHand     bool // the newest closing, or what it rests on, is a person's word
	turn       int64
	found      string
	damaged    bool // it has its names and a Reason, and is for nobody but a person
}

// columns are those that scan reads.
func (j *Journal) columns() string {
	return `id, provider, account, operation, order_number, ticket, generation, state, outcome, code, reason, asked, conflicts, created, opened, due, closed,
		first_began, until, landed, by_hand, turn, found, ` + j.now
}

type scanner interface{ Scan(...any) error }

// scan returns what can be read of a damaged entry beside the error.
func scan(row scanner) (Entry, error) {
	var e Entry
	var names cnpay.Ticket
	var ticket, outcome string
	var created, opened, due, closed, until, landed, byHand, now int64
	err := row.Scan(&e.ID, &names.Provider, &names.Account, &names.Operation, &names.Order, &ticket, &e.Generation, &e.State, &outcome, &e.Code, &e.Reason, &e.Queries, &e.Conflicts,
		&created, &opened, &due, &closed, &e.firstBegan, &until, &landed, &byHand, &e.turn, &e.found, &now)
	if err != nil && !strings.HasPrefix(err.Error(), "sql: Scan error") { // no number in a number's column of SQLite
		return Entry{}, err
	}
	e.Created, e.Opened, e.Due, e.Closed, e.until = at(created), at(opened), at(due), at(closed), at(until)
	e.landed, e.byHand, e.now = landed != 0, byHand != 0, at(now)
	if err == nil {
		err = e.read(names, ticket, outcome)
	}
	if err != nil {
		err = fmt.Errorf("entry %d is damaged: %w", e.ID, err)
		e.Ticket, e.Outcome, e.Reason, e.damaged = names, cnpay.Unknown, err.Error(), true
		return e, err
	}
	return e, nil
}

// read refuses a ticket that is another order's too: its outcome would be believed of this one.
func (e *Entry) read(names cnpay.Ticket, ticket, outcome string) error {
	if err := json.Unmarshal([]byte(ticket), &e.Ticket); err != nil {
		return fmt.Errorf("ticket: %w", err)
	}
	t := e.Ticket
	if t.Provider != names.Provider || t.Account != names.Account || t.Operation != names.Operation || t.Order != names.Order {
		return errors.New("its ticket is another order's")
	}
	if e.found != "" {
		if err := e.Outcome.UnmarshalText([]byte(e.found)); err != nil {
			return err
		}
	}
	return e.Outcome.UnmarshalText([]byte(outcome))
}

func at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func (e Entry) attrs() []any {
	return []any{"provider", e.Ticket.Provider, "operation", e.Ticket.Operation, "order", e.Ticket.Order, "generation", e.Generation, "state", string(e.State)}
}

// ErrTaken is the cause of a call that was refused because the journal already holds its order.
var ErrTaken error = held{}

type held struct{}

func (held) Error() string { return "the journal already holds this order" }

// ErrorType is OpenTelemetry's error.type.
func (held) ErrorType() string { return "taken" }

// ErrNoEntry: the journal holds no such order.
var ErrNoEntry = errors.New("the journal holds no such order")

// Entry returns the entry of a ticket's order.
func (j *Journal) Entry(ctx context.Context, t cnpay.Ticket) (Entry, error) {
	e, err := j.entry(ctx, j.db, t)
	return e, prefix(err)
}

func prefix(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("journal: %w", err)
}

type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (j *Journal) entry(ctx context.Context, q querier, t cnpay.Ticket) (Entry, error) {
	e, err := scan(q.QueryRowContext(ctx, "SELECT "+j.columns()+` FROM cnpay_entries
		WHERE provider = $1 AND account = $2 AND operation = $3 AND order_number = $4`, t.Provider, t.Account, t.Operation, t.Order))
	return e, noEntry(err)
}

func noEntry(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNoEntry
	}
	return err
}

// OpenEntries returns entries that are not final, the oldest first, from the one after id: what an operator looks at. One
// that is damaged has what can be read of it, and says so in its Reason.
func (j *Journal) OpenEntries(ctx context.Context, id int64, limit int) ([]Entry, error) {
	return j.list(ctx, "state IN ('ready', 'open') AND id > $1", id, limit)
}

// ContradictedEntries returns entries that something contradicted after they were closed, from the one after id.
func (j *Journal) ContradictedEntries(ctx context.Context, id int64, limit int) ([]Entry, error) {
	return j.list(ctx, "conflicts > 0 AND id > $1", id, limit)
}

func (j *Journal) list(ctx context.Context, where string, id int64, limit int) ([]Entry, error) {
	return j.scanned(ctx, "SELECT "+j.columns()+" FROM cnpay_entries WHERE "+where+" ORDER BY id LIMIT $2", id, limit)
}

func (j *Journal) scanned(ctx context.Context, query string, args ...any) ([]Entry, error) {
	rows, err := j.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	defer rows.Close()
	var entries []Entry
	for rows.Next() {
		e, err := scan(rows)
		if err != nil && !e.damaged {
			return nil, fmt.Errorf("journal: %w", err)
		}
		entries = append(entries, e)
	}
	return entries, rows.Err()
}

// Stats is the journal at a glance. The first fields are the database's, the others this process's since it began.
type Stats struct {
	Ready, Open, Succeeded, Failed, NotSent, Contradicted int64

	Due       int64         // open entries whose query is overdue
	OldestDue time.Duration // for how long

	Taken     int64 // calls that were refused because the journal held their order
	Refused   int64 // calls that were not sent because the database did not take them
	Doubts    int   // commits whose answer was lost and that are not cleaned up yet
	Queries   int64
	Resent    int64
	Conflicts int64
	BookFails int64
}

type counters struct{ taken, refused, queries, resent, conflicts, bookFails atomic.Int64 }

// Stats counts. It reads the whole table; once a minute is often enough.
func (j *Journal) Stats(ctx context.Context) (Stats, error) {
	c := &j.counters
	s := Stats{
		Taken: c.taken.Load(), Refused: c.refused.Load(), Queries: c.queries.Load(), Resent: c.resent.Load(),
		Conflicts: c.conflicts.Load(), BookFails: c.bookFails.Load(),
	}
	j.mu.Lock()
	s.Doubts = len(j.doubts)
	j.mu.Unlock()
	count := func(state State) string {
		return "COALESCE(SUM(CASE WHEN state = '" + string(state) + "' THEN 1 ELSE 0 END), 0)"
	}
	var late int64
	err := j.db.QueryRowContext(ctx, strings.Join([]string{"SELECT " + count(Ready), count(Open), count(Succeeded), count(Failed), count(NotSent),
		"COALESCE(SUM(CASE WHEN conflicts > 0 THEN 1 ELSE 0 END), 0)",
		"COALESCE(SUM(CASE WHEN state = 'open' AND due < " + j.now + " THEN 1 ELSE 0 END), 0)",
		"COALESCE(MAX(CASE WHEN state = 'open' THEN " + j.now + " - due END), 0)"}, ", ")+" FROM cnpay_entries").
		Scan(&s.Ready, &s.Open, &s.Succeeded, &s.Failed, &s.NotSent, &s.Contradicted, &s.Due, &late)
	if err != nil {
		return s, fmt.Errorf("journal: %w", err)
	}
	s.OldestDue = max(time.Duration(late)*time.Millisecond, 0)
	return s, nil
}

// Prune deletes entries that have been final for longer than d, whose call can no longer be on its way, and that nothing
// contradicted. Where no client settles an entry, that is so thirty days after its call's time limit, and where nobody knows
// that limit, thirty days after it was closed.
func (j *Journal) Prune(ctx context.Context, d time.Duration) (int64, error) {
	const batch = 500
	var pruned, last int64
	for {
		entries, err := j.list(ctx, fmt.Sprintf(`state IN ('succeeded', 'failed', 'not_sent') AND conflicts = 0
			AND closed < %s - %d AND until < %[1]s - %[3]d AND id > $1`, j.now, d.Milliseconds(), j.margin().Milliseconds()), last, batch)
		if err != nil || len(entries) == 0 {
			return pruned, err
		}
		last = entries[len(entries)-1].ID
		entries = slices.DeleteFunc(entries, func(e Entry) bool { // before the transaction: Client is asked, and may ask the database
			forgotten := false
			err := j.safely(ctx, func() error { forgotten = j.forgotten(ctx, e); return nil })
			return err != nil || !forgotten || e.damaged
		})
		var n int64
		err = j.inTx(ctx, func(tx *sql.Tx) error {
			for _, e := range entries {
				ok, err := changed(tx.ExecContext(ctx, `DELETE FROM cnpay_entries
					WHERE id = $1 AND generation = $2 AND conflicts = 0 AND state IN ('succeeded', 'failed', 'not_sent')`, e.ID, e.Generation))
				if err != nil {
					return err
				}
				if !ok {
					continue
				}
				n++
				if _, err := tx.ExecContext(ctx, "DELETE FROM cnpay_events WHERE entry = $1", e.ID); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return pruned, prefix(err)
		}
		pruned += n
	}
}

// inTx runs f in a transaction. An error of the commit leaves in doubt whether it happened.
func (j *Journal) inTx(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := j.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func encode(t cnpay.Ticket) (string, error) {
	text, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("journal: ticket: %w", err)
	}
	return string(text), nil
}

func changed(res sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

func newOwner() string { return rand.Text() }
