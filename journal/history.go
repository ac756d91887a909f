package journal

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
)

// EventKind is what happened to an entry.
type EventKind string

const (
	EventPrepared     EventKind = "prepared"     // a generation that nobody has claimed
	EventOpened       EventKind = "opened"       // a generation: sent, or claimed
	EventAnswer       EventKind = "answer"       // the call's own answer, or its error, left it open
	EventQuery        EventKind = "query"        // a query left it open
	EventNotification EventKind = "notification" // a notification left it open
	EventResend       EventKind = "resend"       // Config.Resend was asked
	EventGiveUp       EventKind = "give_up"      // Config.GiveUp was asked
	EventUnbooked     EventKind = "unbooked"     // Config.Book refused an outcome, which is kept
	EventReplaced     EventKind = "replaced"     // a generation ended open, because a newer one was opened
	EventClosed       EventKind = "closed"
	EventByHand       EventKind = "by_hand"  // closed by a person
	EventConflict     EventKind = "conflict" // contradicted after it was closed
)

// Event is one line of an entry's history. What comes again with the same outcome and code is one event that counts, so
// that an entry which is asked every hour for months has one line of it.
type Event struct {
	What       EventKind
	Generation int
	Source     string // of a conflict: "answer", "query", "notification"
	Mark       string // of a conflict: the notification's key
	Outcome    cnpay.Outcome
	Code       string // the provider's
	Text       string // why; may be a provider's own words
	Who        string // the person
	Times      int
	First, At  time.Time // by the database's clock; alike where it happened once
}

// generations is how many of an entry have a history; conflicts and closings by hand are kept of all.
const generations = 100

// History returns what happened to an entry, the oldest first. Together with the entry it is complete but for what said
// only what was known already.
func (j *Journal) History(ctx context.Context, e Entry) ([]Event, error) {
	now, err := j.byID(ctx, e.ID)
	if err != nil && !now.damaged {
		return nil, prefix(err)
	}
	kept, err := j.events(ctx, e.ID, "")
	if err != nil {
		return nil, err
	}
	kept = append(kept, Event{
		What: eventEnded, Generation: now.Generation, Mark: string(now.State), Outcome: now.Outcome, Code: now.Code, Text: now.Reason,
		First: now.Opened, At: now.Closed,
	})
	var history []Event
	for _, v := range kept {
		if v.What != eventEnded {
			history = append(history, v)
			continue
		}
		begun := Event{What: EventOpened, Generation: v.Generation, Times: 1, First: v.First, At: v.First}
		if State(v.Mark) == Ready {
			begun.What = EventPrepared
		}
		history = append(history, begun)
		v.First, v.Times = v.At, 1
		said := slices.ContainsFunc(kept, func(x Event) bool { return x.What == EventByHand && x.Generation == v.Generation })
		switch state := State(v.Mark); {
		case said || v.At.IsZero(): // said by the person, or it lasts
			continue
		case state.Final():
			v.What = EventClosed
		default:
			v.What = EventReplaced
		}
		v.Mark = ""
		history = append(history, v)
	}
	slices.SortStableFunc(history, func(a, b Event) int {
		return cmp.Or(a.Generation-b.Generation, -cmp.Compare(rank(a), rank(b)), a.At.Compare(b.At), a.First.Compare(b.First))
	})
	return history, nil
}

// rank puts the opening of a generation before what has the same time.
func rank(v Event) int {
	if v.What == EventOpened || v.What == EventPrepared {
		return 1
	}
	return 0
}

// eventEnded is a generation's opening and end in one row: its mark is the state.
const eventEnded EventKind = "ended"

// events are an entry's rows, all or those of one kind.
func (j *Journal) events(ctx context.Context, id int64, what EventKind) ([]Event, error) {
	rows, err := j.db.QueryContext(ctx, `SELECT what, generation, source, mark, outcome, code, text, who, times, first, at FROM cnpay_events
		WHERE entry = $1 AND ($2 = '' OR what = $2) ORDER BY at, first`, id, string(what))
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	defer rows.Close()
	var events []Event
	for rows.Next() {
		var v Event
		var outcome string
		var first, last int64
		err := rows.Scan(&v.What, &v.Generation, &v.Source, &v.Mark, &outcome, &v.Code, &v.Text, &v.Who, &v.Times, &first, &last)
		if err != nil {
			return nil, fmt.Errorf("journal: %w", err)
		}
		if err := v.Outcome.UnmarshalText([]byte(outcome)); err != nil {
			v.Text = strings.TrimSpace(err.Error() + " " + v.Text)
		}
		v.First, v.At = at(first), at(last)
		events = append(events, v)
	}
	return events, rows.Err()
}

// note keeps an event of an entry that is there. The same one again, by its mark, counts, unless it is a conflict, which
// is kept once. It reports whether anything was kept.
func (j *Journal) note(ctx context.Context, q querier, id int64, v Event) (bool, error) {
	again := "DO UPDATE SET times = cnpay_events.times + 1, text = excluded.text, at = excluded.at"
	if v.What == EventConflict {
		again = "DO NOTHING"
	}
	return changed(q.ExecContext(ctx, `INSERT INTO cnpay_events (entry, generation, what, source, mark, outcome, code, text, who, first, at)
		SELECT id, $2, $3, $4, $5, $6, $7, $8, $9, CASE WHEN CAST($10 AS BIGINT) > 0 THEN CAST($10 AS BIGINT) ELSE `+j.now+` END,
			CASE WHEN CAST($11 AS BIGINT) > 0 THEN CAST($11 AS BIGINT) ELSE `+j.now+` END
		FROM cnpay_entries WHERE id = $1 ON CONFLICT (entry, generation, what, source, mark) `+again,
		id, v.Generation, string(v.What), v.Source, short(v.Mark), v.Outcome.String(), short(v.Code), short(v.Text), short(v.Who), millis(v.First), millis(v.At)))
}

// noted runs a statement, and keeps what happened, in one transaction.
func (j *Journal) noted(ctx context.Context, id int64, events []Event, query string, args ...any) (ok bool, err error) {
	err = j.inTx(ctx, func(tx *sql.Tx) error {
		if ok, err = changed(tx.ExecContext(ctx, query, args...)); err != nil {
			return err
		}
		for _, v := range events {
			if _, err := j.note(ctx, tx, id, v); err != nil {
				return err
			}
		}
		return nil
	})
	return ok, err
}

// ended keeps what an entry was, before a new generation takes its place.
func (j *Journal) ended(ctx context.Context, q querier, e Entry) error {
	if _, err := j.note(ctx, q, e.ID, Event{
		What: eventEnded, Generation: e.Generation, Mark: string(e.State), Outcome: e.Outcome, Code: e.Code, Text: e.Reason,
		First: e.Opened, At: e.Closed,
	}); err != nil || e.Generation < generations {
		return err
	}
	_, err := q.ExecContext(ctx, "DELETE FROM cnpay_events WHERE entry = $1 AND generation <= $2 AND what NOT IN ('conflict', 'by_hand')",
		e.ID, e.Generation-generations)
	return err
}

// learnt is the event of what was learnt and decided nothing: its mark makes a hundred alike one.
func learnt(what EventKind, generation int, outcome cnpay.Outcome, code, text string) Event {
	return Event{What: what, Generation: generation, Mark: strings.TrimSpace(outcome.String() + " " + code), Outcome: outcome, Code: code, Text: text}
}

// ErrNotOpen: the entry is not open any more, or not in the generation that was read: look again.
var ErrNotOpen = errors.New("the entry is not open as it was read")

// ErrOnItsWay: the entry cannot be closed as Failed or NotSent yet.
var ErrOnItsWay = errors.New("its call may still be on its way")

// AskNow makes an open entry due: the settlers query it next, within their limits and one at a time. It sends nothing
// itself and may be repeated. It returns [ErrNotOpen] where the entry is no longer open as it was read.
func (j *Journal) AskNow(ctx context.Context, e Entry) error {
	ok, err := changed(j.db.ExecContext(ctx, "UPDATE cnpay_entries SET due = "+j.now+" WHERE id = $1 AND generation = $2 AND state = 'open'",
		e.ID, e.Generation))
	if err == nil && !ok {
		err = ErrNotOpen
	}
	return prefix(err)
}

// Close closes an open entry by hand, on the word of a person who has found out otherwise what happened, and books it as
// every other closing. by and reason are kept with it. It changes nothing and returns [ErrNotOpen] where the entry is no
// longer open in the generation that was read (SEEN), and where Book returns an error.
//
// The word may be wrong. What contradicts it later is kept as a conflict, nothing is booked twice, and the number, which
// may be used again after Failed and NotSent, is then settled as if the earlier sendings could still be on their way
// (WORD). Failed and NotSent are refused with [ErrOnItsWay] until the ticket's Until and a margin, the operation's own where
// that is longer, have passed by two clocks (BOTH).
func (j *Journal) Close(ctx context.Context, e Entry, outcome cnpay.Outcome, by, reason string) error {
	by, reason = strings.TrimSpace(by), strings.TrimSpace(reason)
	switch {
	case !outcome.Final():
		return fmt.Errorf("journal: %v closes nothing", outcome)
	case by == "" || reason == "":
		return errors.New("journal: who closes it, and why, is missing")
	}
	now, err := j.byID(ctx, e.ID)
	if err != nil {
		return prefix(err)
	}
	if now.State != Open || now.Generation != e.Generation { // a prepared one keeps its generation when it is claimed
		return prefix(ErrNotOpen)
	}
	if horizon := j.closable(ctx, now); outcome != cnpay.Succeeded && j.clock().Before(horizon) {
		return fmt.Errorf("journal: %w until %s", ErrOnItsWay, horizon.Format(time.RFC3339))
	}
	closed, err := j.decide(ctx, decision{id: e.ID, generation: e.Generation, outcome: outcome, reason: byHand + reason, by: by})
	if err == nil && !closed {
		err = prefix(ErrNotOpen)
	}
	return err
}

func (j *Journal) byID(ctx context.Context, id int64) (Entry, error) {
	e, err := scan(j.db.QueryRowContext(ctx, "SELECT "+j.columns()+" FROM cnpay_entries WHERE id = $1", id))
	return e, noEntry(err)
}
