package journal

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
)

// since is when the oldest sending that still matters began: how long money has been in doubt.
const since = "CASE WHEN first_began > 0 AND first_began < opened THEN first_began ELSE opened END"

// Since is when the oldest sending of an entry that still matters began.
func (e Entry) Since() time.Time {
	if first := at(e.firstBegan); !first.IsZero() && first.Before(e.Opened) {
		return first
	}
	return e.Opened
}

// OpenCount is how many open entries of one kind are of one age.
type OpenCount struct {
	Provider, Account, Operation string

	// Under is the age that they have not reached: one of [OpenAges], and 0 for those that have reached the last of them.
	// Each entry counts once, in the smallest that fits.
	Under time.Duration
	Count int64
}

// OpenAges are the ages by which [Journal.OpenByAge] counts.
func OpenAges() []time.Duration {
	return []time.Duration{time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour}
}

// OpenByAge counts open entries, without what is only prepared. It reads the open ones alone, however many are closed,
// and may be asked as often as metrics are read.
func (j *Journal) OpenByAge(ctx context.Context) ([]OpenCount, error) {
	var under strings.Builder
	for _, age := range OpenAges() {
		fmt.Fprintf(&under, " WHEN age < %d THEN %[1]d", age.Milliseconds())
	}
	rows, err := j.db.QueryContext(ctx, `SELECT provider, account, operation, CASE`+under.String()+` ELSE 0 END AS under, COUNT(*)
		FROM (SELECT provider, account, operation, `+j.now+` - `+since+` AS age FROM cnpay_entries WHERE state = 'open') AS entries
		GROUP BY provider, account, operation, under ORDER BY provider, account, operation, under`)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	defer rows.Close()
	var counts []OpenCount
	for rows.Next() {
		var c OpenCount
		var ms int64
		if err := rows.Scan(&c.Provider, &c.Account, &c.Operation, &ms, &c.Count); err != nil {
			return nil, fmt.Errorf("journal: %w", err)
		}
		c.Under = time.Duration(ms) * time.Millisecond
		counts = append(counts, c)
	}
	return counts, rows.Err()
}

// search is what an operator looks for. Empty fields mean any.
type search struct {
	Provider, Account string
	State             string // "unknown", "pending", "ready", "contradicted"; empty means what is not final
	Order             string // then of any state
	After             int64  // the last one's Since and ID, where the list goes on
	ID                int64
}

// find returns at most limit entries: the oldest first, contradicted ones the newest first.
func (j *Journal) find(ctx context.Context, s search, limit int) ([]Entry, error) {
	if s.Order != "" {
		return j.named(ctx, s, limit)
	}
	where, order := "state IN ('ready', 'open')", since+", id"
	switch s.State {
	case "unknown", "pending":
		where = "state = 'open' AND outcome = '" + s.State + "'"
	case "ready":
		where = "state = 'ready'"
	case "contradicted":
		where, order = "conflicts > 0 AND CAST($3 AS BIGINT) >= 0 AND id < $4", "id DESC"
		s.ID = cmp.Or(s.ID, math.MaxInt64)
	}
	if s.State != "contradicted" {
		where += " AND (" + since + " > $3 OR " + since + " = $3 AND id > $4)"
	}
	return j.scanned(ctx, "SELECT "+j.columns()+" FROM cnpay_entries WHERE "+where+` AND ($1 = '' OR provider = $1)
		AND ($2 = '' OR account = $2) ORDER BY `+order+" LIMIT $5", s.Provider, s.Account, s.After, s.ID, limit)
}

// contradicted counts what somebody must look into, by an index of its own.
func (j *Journal) contradicted(ctx context.Context) (n int64, err error) {
	err = j.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM cnpay_entries WHERE conflicts > 0").Scan(&n)
	return n, prefix(err)
}

// kinds is how many combinations of provider, account and operation a search by order number goes through.
const kinds = 1000

// named finds an order by its number alone. The one index begins with provider, account and operation, and a second one
// would cost every payment: so it goes from each of them to the next.
func (j *Journal) named(ctx context.Context, s search, limit int) ([]Entry, error) {
	var found []Entry
	var t cnpay.Ticket
	for range kinds {
		err := j.db.QueryRowContext(ctx, `SELECT provider, account, operation FROM cnpay_entries
			WHERE (provider, account, operation) > ($1, $2, $3) ORDER BY provider, account, operation LIMIT 1`,
			t.Provider, t.Account, t.Operation).Scan(&t.Provider, &t.Account, &t.Operation)
		if errors.Is(err, sql.ErrNoRows) || len(found) == limit {
			break
		}
		if err != nil {
			return nil, prefix(err)
		}
		if s.Provider != "" && s.Provider != t.Provider || s.Account != "" && s.Account != t.Account {
			continue
		}
		t.Order = s.Order
		e, err := j.entry(ctx, j.db, t)
		switch {
		case err == nil || e.damaged:
			found = append(found, e)
		case !errors.Is(err, ErrNoEntry):
			return nil, prefix(err)
		}
	}
	slices.SortFunc(found, func(a, b Entry) int { return cmp.Or(b.Since().Compare(a.Since()), cmp.Compare(b.ID, a.ID)) })
	return found, nil
}
