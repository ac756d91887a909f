package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cnpay-go/cnpay"
)

// decision is a final outcome that somebody found.
type decision struct {
	id         int64
	generation int    // that it was learnt of
	owner      string // only while this sending is the newest; empty means any
	prepared   bool   // of an entry that nobody has claimed
	outcome    cnpay.Outcome
	code       string
	reason     string
	ticket     *cnpay.Ticket // with what answers added; nil keeps the one that is there
	landed     bool
	queries    int    // that found it
	by         string // the person who says so; empty where something proves it
	source     string // of a conflict: "answer", "query", "notification"
	mark       string // distinguishes conflicts of one source
}

// decide closes an entry and books it in one transaction, or changes nothing because it is closed already (CAS) or because
// what was learnt was learnt of an older sending (GENERATION). An execution is true for every sending. What contradicts a
// closed entry is kept with it. An error leaves the entry as it was, or, where the answer to the commit was lost, closed.
func (j *Journal) decide(ctx context.Context, d decision) (closed bool, err error) {
	var e Entry
	defer func() {
		if p := recover(); p != nil { // Book's own goes on, and takes nothing with it
			_ = j.unbooked(ctx, d, e, &bookError{&panicked{p}})
			panic(p)
		}
	}()
	booked := false
	err = j.inTx(ctx, func(tx *sql.Tx) error {
		if e, err = j.closeIn(ctx, tx, d); err != nil {
			return err
		}
		if d.by != "" {
			said := Event{What: EventByHand, Generation: e.Generation, Outcome: d.outcome, Text: strings.TrimPrefix(d.reason, byHand), Who: d.by}
			if _, err := j.note(ctx, tx, e.ID, said); err != nil {
				return err
			}
		}
		err := j.book(ctx, tx, e)
		booked = err == nil
		return err
	})
	if booked && err != nil && d.by == "" { // what was found is kept unless it is committed; a person looks whether it is
		err = &bookError{fmt.Errorf("its transaction: %w", err)}
	}
	var unbooked *bookError
	switch {
	case errors.Is(err, errNotOpen):
		return false, j.compare(ctx, d)
	case errors.As(err, &unbooked):
		return false, j.unbooked(ctx, d, e, err)
	case err != nil:
		return false, fmt.Errorf("journal: %w", err)
	}
	j.config.Logger.InfoContext(ctx, "journal: closed", append(e.attrs(), "reason", e.Reason)...)
	return true, nil
}

// unbooked keeps what was found, though the time that Book had may be over.
func (j *Journal) unbooked(ctx context.Context, d decision, e Entry, err error) error {
	j.counters.bookFails.Add(1)
	j.config.Logger.ErrorContext(ctx, "journal: not booked", append(e.attrs(), "error", err)...)
	if d.by != "" {
		return prefix(err) // the person is told, and may say it again
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), j.config.Limit)
	defer cancel()
	return errors.Join(err, j.keepFound(ctx, d, err))
}

// byHand begins the reason of what a person closed.
const byHand = "by hand: "

var errNotOpen = errors.New("not open in this generation")

// bookError is the merchant's own.
type bookError struct{ err error }

func (e *bookError) Error() string { return "Book: " + e.err.Error() }

func (e *bookError) Unwrap() error { return e.err }

func (j *Journal) book(ctx context.Context, tx *sql.Tx, e Entry) error {
	if j.config.Book == nil {
		return nil
	}
	if err := j.config.Book(ctx, tx, e); err != nil {
		return &bookError{err}
	}
	return nil
}

// encoded is the ticket with what answers added, as the database has it.
func (d decision) encoded() (string, error) {
	if d.ticket == nil {
		return "", nil
	}
	return encode(*d.ticket)
}

// closeIn is the one statement that makes an entry final.
func (j *Journal) closeIn(ctx context.Context, tx *sql.Tx, d decision) (Entry, error) {
	where := ""
	switch { // CAS
	case j.without.cas:
	case d.prepared:
		where = " AND state = 'ready' AND found = ''"
	case d.outcome == cnpay.Succeeded && d.by == "": // somebody has paid what nobody had claimed: that is how it is
		where = " AND state IN ('open', 'ready')"
	case d.outcome == cnpay.Succeeded:
		where = " AND state = 'open'"
	default: // what is known to be carried out only waits for Book
		where = " AND state = 'open' AND found <> 'succeeded'"
	}
	generation := d.generation
	if d.outcome == cnpay.Succeeded && d.by == "" || j.without.generation { // SEEN: a person means the one that was seen
		generation = -1
	}
	text, err := d.encoded()
	if err != nil {
		return Entry{}, err
	}
	landed := 0
	if d.landed {
		landed = 1
	}
	word := 0 // WORD
	switch {
	case d.by != "":
		word = 1
	case d.prepared: // nothing new is known of what went before
		word = -1
	}
	e, err := scan(tx.QueryRowContext(ctx, `UPDATE cnpay_entries SET state = $1, outcome = $1, code = $2, reason = $3,
		ticket = CASE WHEN $4 <> '' AND generation = $5 THEN $4 ELSE ticket END, landed = $6, found = '', lease = 0, asked = asked + $10,
		asked_at = CASE WHEN $10 > 0 THEN `+j.now+` ELSE asked_at END, by_hand = CASE WHEN $11 < 0 THEN by_hand ELSE $11 END,
		closed = `+j.now+`
		WHERE id = $7 AND ($8 < 0 OR generation = $8) AND ($9 = '' OR owner = $9)`+where+" RETURNING "+j.columns(),
		d.outcome.String(), short(d.code), short(d.reason), text, d.generation, landed, d.id, generation, d.owner, d.queries, word))
	if errors.Is(err, sql.ErrNoRows) {
		return Entry{}, errNotOpen
	}
	return e, err
}

// compare keeps what contradicts a closed entry.
func (j *Journal) compare(ctx context.Context, d decision) error {
	if d.source == "" {
		return nil
	}
	e, err := scan(j.db.QueryRowContext(ctx, "SELECT "+j.columns()+" FROM cnpay_entries WHERE id = $1", d.id))
	if err != nil {
		return noEntry(err)
	}
	contradicts := (e.State == Succeeded || e.found == string(Succeeded)) && d.outcome != cnpay.Succeeded && d.generation == e.Generation ||
		(e.State == Failed || e.State == NotSent) && d.outcome == cnpay.Succeeded
	if !contradicts {
		return nil
	}
	return j.conflict(ctx, e, d)
}

// conflict is kept once for each source and mark.
func (j *Journal) conflict(ctx context.Context, e Entry, d decision) error {
	kept := false
	err := j.inTx(ctx, func(tx *sql.Tx) error {
		var err error
		says := Event{What: EventConflict, Generation: e.Generation, Source: d.source, Mark: d.mark, Outcome: d.outcome, Code: d.code}
		if kept, err = j.note(ctx, tx, e.ID, says); err != nil || !kept {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE cnpay_entries SET conflicts = conflicts + 1 WHERE id = $1", e.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("journal: conflict: %w", err)
	}
	if kept {
		j.counters.conflicts.Add(1)
		j.config.Logger.ErrorContext(ctx, "journal: a closed entry is contradicted",
			append(e.attrs(), "source", d.source, "says", d.outcome.String(), "code", d.code)...)
	}
	return nil
}

// keepFound keeps an outcome that could not be booked, so that it need not be found again. The settlers book it.
func (j *Journal) keepFound(ctx context.Context, d decision, cause error) error {
	generation := d.generation
	if d.outcome == cnpay.Succeeded {
		generation = -1
	}
	text, err := d.encoded()
	if err != nil {
		return err
	}
	failure := learnt(EventUnbooked, d.generation, d.outcome, d.code, cause.Error())
	kept, err := j.noted(ctx, d.id, []Event{failure}, `UPDATE cnpay_entries SET found = $1, code = $2, reason = $3, due = `+j.now+`,
		ticket = CASE WHEN $7 <> '' AND generation = $8 THEN $7 ELSE ticket END, asked = asked + $6, asked_at = CASE WHEN $6 > 0 THEN `+j.now+` ELSE asked_at END
		WHERE id = $4 AND ($5 < 0 AND state = 'ready' OR ($5 < 0 OR generation = $5) AND state = 'open')
		AND (found <> 'succeeded' OR $1 = 'succeeded')`,
		d.outcome.String(), short(d.code), short("found "+d.outcome.String()+" and not booked: "+cause.Error()), d.id, generation, d.queries, text, d.generation)
	if err == nil && !kept { // another was first
		err = j.compare(ctx, d)
	}
	return err
}

// Conflict is what contradicts a closed entry.
type Conflict struct {
	Source  string // "answer", "query" or "notification"
	Mark    string // the notification's key
	Outcome cnpay.Outcome
	Code    string
}

// ConflictsOf returns what contradicted an entry after it was closed.
func (j *Journal) ConflictsOf(ctx context.Context, e Entry) ([]Conflict, error) {
	events, err := j.events(ctx, e.ID, EventConflict)
	var conflicts []Conflict
	for _, v := range events {
		conflicts = append(conflicts, Conflict{Source: v.Source, Mark: v.Mark, Outcome: v.Outcome, Code: v.Code})
	}
	return conflicts, err
}

// Notified closes the entry that a verified notification is about, if it decides. It may be called any number of times,
// in any replica, before or after the call's answer and any query: only the first changes anything, and one that
// contradicts a closed entry is kept with it. It returns [ErrNoEntry] where the journal holds no such order. Answer the
// provider's notification with an error when Notified returns one, so that it is delivered again.
//
// What the notification's ticket says is compared with the entry's, the amount too, and what differs is [cnpay.ErrMismatch] and a
// conflict: nobody believes such a message. What it adds, UnionPay's queryId for example, is in the ticket that Book gets.
//
// A message that does not name its operation is about the entry of its order, if that is of one of the operations that
// it may be about. Where several are, it proves nothing of any of them: those that are open are queried at once. A success that
// none of them can be is a conflict of each.
func (j *Journal) Notified(ctx context.Context, n cnpay.Notification) error {
	entries, err := j.about(ctx, n)
	switch {
	case err != nil:
		return err
	case len(entries) == 0:
		return prefix(ErrNoEntry)
	case len(entries) > 1:
		return j.amongSeveral(ctx, n, entries)
	}
	e := entries[0]
	t, ticket := n.CallTicket(), e.Ticket
	if field := differs(e.Ticket, t); field != "" {
		err := fmt.Errorf("journal: %v: %w: %s differs", e.Ticket, cnpay.ErrMismatch, field)
		d := decision{source: "notification", mark: n.Key(), outcome: cnpay.Unknown, code: field + " differs"}
		return errors.Join(err, j.conflict(ctx, e, d))
	}
	for name, value := range t.Fields {
		if _, known := ticket.Fields[name]; !known {
			ticket = ticket.With(name, value)
		}
	}
	d := decision{
		id: e.ID, generation: e.Generation, outcome: n.CallOutcome(), reason: "a notification", ticket: &ticket,
		source: "notification", mark: n.Key(),
	}
	switch {
	case d.outcome == cnpay.Succeeded:
	case e.State.Final():
		switch {
		case d.outcome != cnpay.Failed:
		case e.Generation == 0 || e.byHand:
			return j.compare(ctx, d)
		default: // it may be an earlier sending's, and then it contradicts nothing
			_, err := j.note(ctx, j.db, e.ID, learnt(EventNotification, e.Generation, d.outcome, "", ""))
			return prefix(err)
		}
		return nil
	// REFUSAL: once a number was used again, a refusal may be an earlier sending's, however late it is notified.
	case d.outcome == cnpay.Failed && (e.Generation == 0 || j.without.refusal):
	default:
		return j.hasten(ctx, e, d.outcome)
	}
	_, err = j.decide(ctx, d)
	return err
}

// amongSeveral takes a notification that may be about any of several entries.
func (j *Journal) amongSeveral(ctx context.Context, n cnpay.Notification, entries []Entry) error {
	possible := slices.ContainsFunc(entries, func(e Entry) bool { return !e.State.Final() || e.State == Succeeded })
	var errs error
	for _, e := range entries {
		if possible {
			errs = errors.Join(errs, j.hasten(ctx, e, cnpay.Unknown))
			continue
		}
		errs = errors.Join(errs, j.compare(ctx, decision{
			id: e.ID, generation: e.Generation, outcome: n.CallOutcome(), source: "notification", mark: n.Key(),
		}))
	}
	return errs
}

// about are the entries that a notification may be about.
func (j *Journal) about(ctx context.Context, n cnpay.Notification) ([]Entry, error) {
	t, operations := n.CallTicket(), n.Operations()
	if t.Operation != "" {
		operations = []string{t.Operation}
	}
	if len(operations) == 0 {
		return nil, nil
	}
	args, places := []any{t.Provider, t.Account, t.Order}, ""
	for _, id := range operations {
		args = append(args, id)
		places += ", $" + strconv.Itoa(len(args))
	}
	entries, err := j.scanned(ctx, "SELECT "+j.columns()+` FROM cnpay_entries
		WHERE provider = $1 AND account = $2 AND order_number = $3 AND operation IN (`+places[2:]+`)`, args...)
	for _, e := range entries {
		if e.damaged {
			return nil, errors.New("journal: " + e.Reason)
		}
	}
	return entries, err
}

// hasten has an entry queried at once, because of a notification that does not decide it.
func (j *Journal) hasten(ctx context.Context, e Entry, outcome cnpay.Outcome) error {
	says := []Event{learnt(EventNotification, e.Generation, outcome, "", "")}
	_, err := j.noted(ctx, e.ID, says, `UPDATE cnpay_entries SET due = `+j.now+`, outcome = CASE WHEN $1 = 'pending' THEN $1 ELSE outcome END
		WHERE id = $2 AND generation = $3 AND state = 'open'`, outcome.String(), e.ID, e.Generation)
	return prefix(err)
}

// differs is the first field that two tickets of one order do not have alike.
func differs(ours, theirs cnpay.Ticket) string {
	if theirs.Gateway != "" && theirs.Gateway != ours.Gateway {
		return "gateway"
	}
	for name, value := range theirs.Fields {
		known, ok := ours.Fields[name]
		if ok && known != value && !(strings.Contains(strings.ToLower(name), "amount") && decimal(known) == decimal(value)) {
			return name
		}
	}
	return ""
}

// decimal is an amount as it can be compared: 13 is 13.00.
func decimal(amount string) string {
	if !strings.Contains(amount, ".") {
		return amount
	}
	return strings.TrimRight(strings.TrimRight(amount, "0"), ".")
}
