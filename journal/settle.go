package journal

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/cnpay-go/cnpay"
)

// turn is one lease of an entry: who has it may ask, and nobody else. It is a job's arguments.
type turn struct {
	Entry      int64 `json:"entry" river:"unique"`
	Generation int   `json:"generation" river:"unique"`
	Turn       int64 `json:"turn" river:"unique"`
}

// Kind names the jobs in River's table.
func (turn) Kind() string { return "cnpay_settle" }

// handOut leases what is due, in one transaction with what insert does of it. The entry's due time and lease decide, by
// the database's clock, and not the state of a job: a job whose replica died is replaced when the lease is over, and does
// nothing when it comes back to life. Accounts take turns, each within its limits.
func (j *Journal) handOut(ctx context.Context, limit int, insert func(*sql.Tx, []turn) error) (int, error) {
	var turns []turn
	err := j.inTx(ctx, func(tx *sql.Tx) error {
		candidates, err := j.candidates(ctx, tx, limit)
		if err != nil || len(candidates) == 0 {
			return err
		}
		for _, t := range candidates {
			ok, err := changed(tx.ExecContext(ctx, `UPDATE cnpay_entries SET turn = turn + 1, lease = `+j.now+` + $1
				WHERE id = (SELECT id FROM cnpay_entries WHERE id = $2 AND turn = $3 AND generation = $4
					AND state IN ('open', 'ready') AND lease <= `+j.now+j.dialect.skipLocked()+`)`,
				j.config.Lease.Milliseconds(), t.Entry, t.Turn, t.Generation))
			if err != nil {
				return err
			}
			if ok {
				t.Turn++
				turns = append(turns, t)
			}
		}
		if len(turns) == 0 {
			return nil
		}
		return insert(tx, turns)
	})
	if err != nil {
		return 0, fmt.Errorf("journal: %w", err)
	}
	return len(turns), nil
}

// candidates are what is due, the oldest of each account first. What it costs grows with the accounts that have open
// entries, and not with the entries: the indexes of the third migration are for it.
func (j *Journal) candidates(ctx context.Context, tx *sql.Tx, limit int) ([]turn, error) {
	now := "(SELECT " + j.now + ")" // once, so that an index can be searched for it
	rows, err := tx.QueryContext(ctx, `WITH RECURSIVE
		accounts (provider, account) AS (
			SELECT provider, account FROM cnpay_entries WHERE id = (SELECT id FROM cnpay_entries
				WHERE state IN ('ready', 'open') ORDER BY provider, account LIMIT 1)
			UNION ALL
			SELECT e.provider, e.account FROM accounts a JOIN cnpay_entries e ON e.id = COALESCE(
				(SELECT id FROM cnpay_entries x WHERE x.state IN ('ready', 'open') AND x.provider = a.provider AND x.account > a.account
					ORDER BY x.account LIMIT 1),
				(SELECT id FROM cnpay_entries x WHERE x.state IN ('ready', 'open') AND x.provider > a.provider
					ORDER BY x.provider, x.account LIMIT 1))),
		leased AS (SELECT provider, account, COUNT(*) AS n FROM cnpay_entries
			WHERE lease > 0 AND lease > `+now+` GROUP BY provider, account),
		asked AS (SELECT provider, account, COUNT(*) AS n FROM cnpay_entries
			WHERE asked_at > 0 AND asked_at > `+now+` - 1000 GROUP BY provider, account),
		due AS (SELECT e.id, e.provider, e.account, e.generation, e.turn,
				ROW_NUMBER() OVER (PARTITION BY e.provider, e.account ORDER BY e.due, e.id) AS place
			FROM accounts a `+j.dialect.lateral(`SELECT x.* FROM cnpay_entries x
				WHERE x.state IN ('ready', 'open') AND x.provider = a.provider AND x.account = a.account
				AND x.due <= `+now+` AND x.lease <= `+now+` ORDER BY x.due, x.id LIMIT $1`)+`)
		SELECT due.id, due.generation, due.turn FROM due
		LEFT JOIN leased ON leased.provider = due.provider AND leased.account = due.account
		LEFT JOIN asked ON asked.provider = due.provider AND asked.account = due.account
		WHERE due.place <= $1 - COALESCE(leased.n, 0) AND due.place <= $2 - COALESCE(leased.n, 0) - COALESCE(asked.n, 0)
		ORDER BY due.place, due.id LIMIT $3`, j.config.PerAccount, j.config.PerSecond, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var turns []turn
	for rows.Next() {
		var t turn
		if rows.Scan(&t.Entry, &t.Generation, &t.Turn) != nil {
			continue // damaged, and stops no other
		}
		turns = append(turns, t)
	}
	return turns, rows.Err()
}

// settle is one step: it takes the entry, books what is known, or asks once and says when to ask again. Its error is for
// an operator, and repeated by River.
func (j *Journal) settle(ctx context.Context, t turn, wait time.Duration) error {
	e, err := scan(j.db.QueryRowContext(ctx, `UPDATE cnpay_entries SET lease = `+j.now+` + $1
		WHERE id = $2 AND generation = $3 AND turn = $4 AND state IN ('open', 'ready') RETURNING `+j.columns(),
		j.config.Lease.Milliseconds(), t.Entry, t.Generation, t.Turn))
	if errors.Is(err, sql.ErrNoRows) {
		return nil // closed, sent again, or another's
	}
	if e.damaged {
		err = errors.Join(err, j.hold(context.WithoutCancel(ctx), t, wait+j.config.Lease, err))
	}
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	// What is done with the lease ends before the lease does: a process that stood still sends no query behind it.
	ctx, cancel := context.WithTimeout(ctx, j.config.Lease*3/4)
	defer cancel()
	err = j.safely(ctx, func() error {
		switch {
		case e.found != "":
			return j.bookFound(ctx, e)
		case e.State == Ready:
			return j.expire(ctx, e)
		}
		return j.ask(ctx, e)
	})
	var unbooked *bookError
	var broken *panicked
	if errors.As(err, &unbooked) || errors.As(err, &broken) { // River repeats it; until then it is not handed out again
		err = errors.Join(err, j.hold(context.WithoutCancel(ctx), t, wait+j.config.Lease, err))
	}
	return err
}

// hold puts an entry off while its job waits to be repeated. It gives the lease back, so that what cannot be booked takes
// no place of its account's.
func (j *Journal) hold(ctx context.Context, t turn, d time.Duration, why error) error {
	_, err := j.db.ExecContext(ctx, `UPDATE cnpay_entries SET lease = 0, due = `+j.now+` + $1, reason = CASE WHEN found = '' THEN $2 ELSE reason END
		WHERE id = $3 AND generation = $4 AND turn = $5 AND state IN ('open', 'ready')`,
		d.Milliseconds(), short(why.Error()), t.Entry, t.Generation, t.Turn)
	return err
}

// panicked is a panic of the merchant's functions where nobody but the journal would hear of it.
type panicked struct{ value any }

func (p *panicked) Error() string { return fmt.Sprint("panic: ", p.value) }

// safely is for the journal's own goroutines: a panic of one of the merchant's functions ends one step of one entry.
func (j *Journal) safely(ctx context.Context, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			j.config.Logger.ErrorContext(ctx, "journal: panic", "panic", p, "stack", string(debug.Stack()))
			err = &panicked{p}
		}
	}()
	return f()
}

func (j *Journal) bookFound(ctx context.Context, e Entry) error {
	var outcome cnpay.Outcome
	if err := outcome.UnmarshalText([]byte(e.found)); err != nil {
		return err
	}
	_, err := j.decide(ctx, decision{
		id: e.ID, generation: e.Generation, outcome: outcome, code: e.Code, reason: "found before, and booked now",
		landed: false, source: "query",
	})
	return err
}

// ask makes one query. What it proves is the core's to judge, from the ticket: HORIZON and BEFORE (the time at which the
// query left is compared with the ticket's Until and a margin), STATE, and what an unchanged original proves (BY_ORIGINAL:
// nothing). BOTH clocks have had their say in that Until. The generation was read before the query, so what is learnt is
// learnt of that one.
func (j *Journal) ask(ctx context.Context, e Entry) error {
	client, err := j.client(e.Ticket)
	if err != nil {
		return errors.Join(err, j.postpone(ctx, e, nil, err))
	}
	ticket := j.judged(e)
	if first := at(e.firstBegan); !first.IsZero() && first.Before(ticket.Began) {
		ticket.Began = first // an earlier sending may be what the query sees: its reach counts from that one
	}
	if j.without.refusal {
		ticket.Sending = 0
	}
	j.counters.queries.Add(1)
	s, err := client.Settle(ctx, ticket, j.options(cnpay.WithSchedule(cnpay.Schedule{0}))...)
	if s == nil {
		s = &cnpay.Settlement{Ticket: ticket}
	}
	if s.Outcome.Final() {
		learnt := e.Ticket
		for name, value := range s.Ticket.Fields {
			learnt = learnt.With(name, value)
		}
		_, err := j.decide(ctx, decision{
			id: e.ID, generation: e.Generation, outcome: s.Outcome, code: s.Code, reason: "a query", ticket: &learnt,
			landed: s.Outcome == cnpay.NotSent, queries: s.Queries, source: "query",
		})
		return err
	}
	var done []Event
	switch {
	case s.SendAgain && j.config.Resend != nil: // REPEATS: only what is harmless to repeat, and only if the merchant says so
		j.counters.resent.Add(1)
		refused := j.config.Resend(ctx, e, s)
		done, err = []Event{{What: EventResend, Generation: e.Generation, Text: text(refused)}}, cmp.Or(refused, err)
	case s.GiveUp != "" && j.config.GiveUp != nil:
		refused := j.config.GiveUp(ctx, e, s)
		done, err = []Event{{What: EventGiveUp, Generation: e.Generation, Mark: s.GiveUp, Text: text(refused)}}, cmp.Or(refused, err)
	}
	return j.postpone(context.WithoutCancel(ctx), e, s, err, done...)
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// postpone gives the lease back and says when the next query is due, if the entry is still as it was. Where the
// schedule of the documents is over, queries come further and further apart, and one right behind the horizon.
func (j *Journal) postpone(ctx context.Context, e Entry, s *cnpay.Settlement, why error, done ...Event) error {
	var next time.Duration
	outcome, code, ticket, asked := e.Outcome, e.Code, e.Ticket, 0
	if s != nil {
		next, asked = s.Next, min(s.Queries, 1)
		if s.Answer != nil {
			outcome, code = cnpay.Unknown, s.Code
			if s.Outcome == cnpay.Pending {
				outcome = cnpay.Pending
			}
		}
		for name, value := range s.Ticket.Fields {
			ticket = ticket.With(name, value)
		}
	}
	if next <= 0 {
		since := e.Opened
		if first := at(e.firstBegan); !first.IsZero() && first.Before(since) {
			since = first
		}
		next = rarer(e.now.Sub(since))
		if s != nil && !s.Horizon.IsZero() {
			if behind := s.Horizon.Add(time.Second).Sub(j.clock()); behind > 0 {
				next = min(next, behind)
			}
		}
	}
	reason := text(why)
	stored, err := encode(ticket)
	if err != nil {
		return err
	}
	if asked > 0 {
		answer := learnt(EventQuery, e.Generation, cnpay.Unknown, "", reason)
		if s.Answer != nil {
			answer = learnt(EventQuery, e.Generation, outcome, code, reason)
		}
		done = append([]Event{answer}, done...)
	}
	_, err = j.noted(ctx, e.ID, done, `UPDATE cnpay_entries SET lease = 0, asked = asked + $1, asked_at = `+j.now+`,
		outcome = $2, code = $3, reason = $4, ticket = $5, due = CASE WHEN found = '' THEN `+j.now+` + $6 ELSE due END
		WHERE id = $7 AND generation = $8 AND turn = $9 AND state = 'open'`,
		asked, outcome.String(), short(code), short(reason), stored, next.Milliseconds(), e.ID, e.Generation, e.turn)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}
