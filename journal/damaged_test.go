package journal

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/upay"
)

// damages are what a disk, a hand or a later version may make of a row. A SQLite column takes any value.
func damages(dialect Dialect) map[string]string {
	damages := map[string]string{
		"ticket that is no JSON":         "ticket = '{\"provider\":'",
		"empty ticket":                   "ticket = ''",
		"ticket of other types":          "ticket = '{\"order\":5,\"fields\":[]}'",
		"ticket that is null":            "ticket = 'null'",
		"ticket of another order":        "ticket = (SELECT ticket FROM cnpay_entries WHERE id = (SELECT MAX(id) FROM cnpay_entries))",
		"outcome of a later version":     "outcome = 'perhaps'",
		"empty outcome":                  "outcome = ''",
		"outcome that is none of a call": "outcome = 'answered'",
		"found of a later version":       "found = 'perhaps'",
	}
	for _, column := range strings.Fields("generation turn due lease until first_began landed asked opened created") {
		if dialect == SQLite {
			damages["no number in "+column] = column + " = 'x'"
		}
	}
	return damages
}

// One row that cannot be read stops no other, and an operator sees it.
func TestDamagedRowStopsNoOther(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		for name, damage := range damages(dialect) {
			t.Run(name, func(t *testing.T) {
				s := newShop(t, db, dialect)
				for _, table := range []string{"cnpay_entries", "cnpay_events", "books"} {
					_, err := db.Exec("DELETE FROM " + table)
					require.NoError(t, err)
				}
				open, done := s.lost(t), s.order()
				_, err := s.revoke(done)
				require.NoError(t, err)
				closed := s.of(t, done)
				well, pruned := s.lost(t), s.order()
				_, err = s.revoke(pruned)
				require.NoError(t, err)
				for _, order := range []string{open.Ticket.Order, done, well.Ticket.Order, pruned} {
					s.long(t, order)
				}
				_, err = db.Exec("UPDATE cnpay_entries SET "+damage+" WHERE id IN ($1, $2)", open.ID, closed.ID)
				require.NoError(t, err)
				_, err = db.Exec("UPDATE cnpay_entries SET conflicts = 1 WHERE id = $1", closed.ID)
				require.NoError(t, err)
				_, err = db.Exec("UPDATE cnpay_entries SET closed = 1 WHERE closed > 0")
				require.NoError(t, err)

				entries, err := s.OpenEntries(t.Context(), 0, 10)
				require.NoError(t, err)
				require.Len(t, entries, 2)
				require.Equal(t, open.ID, entries[0].ID)
				entries, err = s.ContradictedEntries(t.Context(), 0, 10)
				require.NoError(t, err)
				require.Len(t, entries, 1)
				_, err = s.Stats(t.Context())
				require.NoError(t, err)
				counts, err := s.OpenByAge(t.Context())
				require.NoError(t, err)
				require.EqualValues(t, 2, counts[0].Count)

				d := desk(t, s.Journal)
				ticket := strings.Contains(name, "ticket")
				for _, path := range []string{"/", "/?state=contradicted", "/?order=" + open.Ticket.Order, "/?order=" + done} {
					p := visit(t, "GET", d.URL+"/ops/journal"+path, nil)
					require.Equal(t, 200, p.StatusCode, path)
					id := open.ID
					if path == "/?state=contradicted" || strings.HasSuffix(path, done) {
						id = closed.ID
					}
					require.Contains(t, p.text, fmt.Sprintf("entries/%d", id), path)
				}
				for _, e := range []Entry{open, closed} {
					p := visit(t, "GET", fmt.Sprintf("%s/ops/journal/entries/%d", d.URL, e.ID), nil)
					require.Equal(t, 200, p.StatusCode)
					require.Contains(t, p.text, e.Ticket.Order)
					if ticket {
						require.Contains(t, p.text, fmt.Sprintf("entry %d is damaged", e.ID))
					}
				}

				_, err = db.Exec("UPDATE cnpay_entries SET conflicts = 0")
				require.NoError(t, err)
				n, err := s.Prune(t.Context(), time.Hour)
				require.NoError(t, err)
				require.GreaterOrEqual(t, n, int64(1))
				_, err = s.Entry(t.Context(), s.ticket(t, pruned))
				require.ErrorIs(t, err, ErrNoEntry)

				for _, e := range []Entry{open, closed} {
					about := s.ticket(t, e.Ticket.Order)
					err := s.Notified(t.Context(), news{about, cnpay.Pending, "1"})
					if ticket {
						require.ErrorContains(t, err, "damaged", "so that it is delivered again")
					}
				}
				if ticket {
					var conflicts int
					require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM cnpay_events WHERE what = 'conflict'").Scan(&conflicts))
					require.Zero(t, conflicts)
				}

				before := s.gateway.Received(upay.OpOrderRevoke)
				outcome, err := s.revoke(open.Ticket.Order)
				require.ErrorIs(t, err, ErrTaken)
				require.NotEqual(t, cnpay.NotSent, outcome)
				require.NotEqual(t, cnpay.Failed, outcome)
				require.Equal(t, before, s.gateway.Received(upay.OpOrderRevoke))
				s.run(t)
				s.eventually(t, well.Ticket.Order, Succeeded)
				if ticket {
					time.Sleep(200 * time.Millisecond)
					e, err := s.Entry(t.Context(), s.ticket(t, open.Ticket.Order))
					require.ErrorContains(t, err, "damaged")
					require.Equal(t, Open, e.State)
				}
			})
		}
	})
}

func TestDamagedEventHidesNoOther(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		order := s.order()
		s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
		_, _ = s.revoke(order)
		require.NoError(t, s.Notified(t.Context(), news{s.ticket(t, order), cnpay.Succeeded, "1"}))
		require.NoError(t, s.Notified(t.Context(), news{s.ticket(t, order), cnpay.Failed, "2"}))
		_, err := db.Exec("UPDATE cnpay_events SET outcome = 'perhaps' WHERE what = 'conflict'")
		require.NoError(t, err)
		history, err := s.History(t.Context(), s.of(t, order))
		require.NoError(t, err)
		require.Contains(t, kindsOf(history), EventConflict)
		p := visit(t, "GET", desk(t, s.Journal).URL+"/ops/journal/entries/1", nil)
		require.Equal(t, 200, p.StatusCode)
		require.Contains(t, p.text, "perhaps")
	})
}

// A provider's code that no database takes as text keeps no outcome from being recorded.
func TestCodesOfAnyText(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		for i, code := range []string{"a\x00b", "\xff", strings.Repeat("\u6c49", 5000), rand.Text() + strings.Repeat(rand.Text()+rand.Text()+rand.Text(), 200)} {
			for _, outcome := range []cnpay.Outcome{cnpay.Succeeded, cnpay.Unknown} {
				order := fmt.Sprint(i, outcome)
				ticket := s.ticket(t, s.order())
				ticket.Order, ticket.Began, ticket.Until = order, time.Now(), time.Now()
				ctx, err := s.Started(t.Context(), ticket)
				require.NoError(t, err)
				s.Finished(ctx, ticket, cnpay.Call{Outcome: outcome, Code: code, Err: errDown})
				e, err := s.Entry(t.Context(), ticket)
				require.NoError(t, err)
				require.Equal(t, outcome, e.Outcome)
				if outcome == cnpay.Unknown {
					require.NotEmpty(t, e.Code, "recorded")
					require.NoError(t, s.Notified(t.Context(), news{ticket, cnpay.Pending, code}))
					require.NoError(t, s.Notified(t.Context(), news{ticket, cnpay.Succeeded, code}))
				}
				require.NoError(t, s.Notified(t.Context(), news{ticket, cnpay.Failed, code}))
				require.NoError(t, s.Notified(t.Context(), news{ticket, cnpay.Failed, code}))
				e, err = s.Entry(t.Context(), ticket)
				require.NoError(t, err)
				require.Equal(t, Succeeded, e.State)
				require.Equal(t, 1, e.Conflicts)
			}
		}
	})
}
