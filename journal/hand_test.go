package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
)

// person closes what is open, and may be wrong.
func (s *sim) person(ctx context.Context) {
	for range 3 {
		of(ctx).step("look")
		e, err := s.journal[4].Entry(ctx, cnpay.Ticket{Provider: "upay", Account: "1", Operation: "pay", Order: s.order})
		if err != nil {
			continue
		}
		outcome := []cnpay.Outcome{cnpay.Succeeded, cnpay.Failed, cnpay.NotSent, cnpay.NotSent}[s.r.IntN(4)]
		err = s.journal[4].Close(ctx, e, outcome, "li", "so I was told")
		s.note("person closes %d as %v: %v", e.Generation, outcome, err)
	}
}

// contradicted is what must be true at the end of what a person closed: whatever says otherwise is kept.
func (s *sim) contradicted(e Entry) {
	if s.state != "executed" || e.State == Succeeded {
		return
	}
	s.start("notifier", func(ctx context.Context) { s.notifier(ctx, cnpay.Succeeded, "done") })
	for len(s.processes) > 0 {
		s.let(s.processes[0], proceed)
	}
	if e, err := s.entry(); err != nil || e.Conflicts == 0 {
		s.fault("a person said %s, it was carried out, and no conflict is kept: %v", e.State, err)
	}
}

// A person's word may be wrong: still nothing is booked twice, what contradicts it is kept, and what the journal itself
// says of later sendings is true.
func TestSimulationByHand(t *testing.T) {
	w := newWorld(t, lawless{hand: true})
	closed := 0
	for n := uint64(1); n <= uint64(*seeds); n++ {
		if *seed != 0 {
			n = *seed
		}
		s := w.run(t, n)
		if strings.Contains(strings.Join(s.log, "\n"), ": <nil>\n") {
			closed++
		}
		if *seed != 0 {
			fmt.Fprintln(os.Stderr, strings.Join(s.log, "\n"))
		}
		if s.trouble != "" {
			t.Fatalf("seed %d: %s\n%s", n, s.trouble, strings.Join(s.log, "\n"))
		}
		if *seed != 0 {
			return
		}
	}
	require.NotZero(t, closed)
}

func TestSimulationByHandFindsMissingWORD(t *testing.T) {
	w := newWorld(t, lawless{hand: true, without: without{word: true}})
	for n := uint64(1); n <= 20000; n++ {
		if s := w.run(t, n); s.trouble != "" {
			t.Logf("WORD: seed %d: %s", n, s.trouble)
			return
		}
	}
	t.Fatal("20,000 schedules do not miss it")
}

func TestClosedByHand(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		e := s.lost(t)
		order := e.Ticket.Order
		for _, outcome := range []cnpay.Outcome{cnpay.Unknown, cnpay.Pending, cnpay.Answered} {
			require.Error(t, s.Close(t.Context(), e, outcome, "li", "why"))
		}
		require.Error(t, s.Close(t.Context(), e, cnpay.Succeeded, " ", "why"))
		require.Error(t, s.Close(t.Context(), e, cnpay.Succeeded, "li", " "))
		require.ErrorIs(t, s.Close(t.Context(), e, cnpay.NotSent, "li", "too early"), ErrOnItsWay)
		require.ErrorIs(t, s.Close(t.Context(), e, cnpay.Failed, "li", "too early"), ErrOnItsWay)
		require.Equal(t, Open, s.of(t, order).State)

		s.long(t, order)
		require.NoError(t, s.Close(t.Context(), e, cnpay.NotSent, "li", "not in the portal"))
		require.ErrorIs(t, s.Close(t.Context(), e, cnpay.NotSent, "wang", "nor in the file"), ErrNotOpen)
		require.ErrorIs(t, s.AskNow(t.Context(), e), ErrNotOpen)
		require.Equal(t, NotSent, s.of(t, order).State)
		require.Equal(t, []string{"0 not_sent"}, s.booked(t, order))
		require.NoError(t, s.Notified(t.Context(), news{s.ticket(t, order), cnpay.Succeeded, "1"}))
		require.Equal(t, 1, s.of(t, order).Conflicts)
		history, err := s.History(t.Context(), e)
		require.NoError(t, err)
		require.Equal(t, []EventKind{EventOpened, EventAnswer, EventByHand, EventConflict}, kindsOf(history))
		said := history[2]
		require.Equal(t, "li", said.Who)
		require.Equal(t, "not in the portal", said.Text)
		require.Equal(t, cnpay.NotSent, said.Outcome)
	})
}

// WORD: the person was wrong, the number is used again, and what the caller then does not send says nothing of the order.
func TestAPersonsWordProvesNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		for _, prepared := range []bool{false, true} {
			s := newShop(t, db, dialect)
			s.last = map[bool]int{true: 100}[prepared]
			e := s.lost(t) // and carried out
			order := e.Ticket.Order
			s.long(t, order)
			require.NoError(t, s.Close(t.Context(), e, cnpay.NotSent, "li", "not in the portal"))
			if prepared {
				require.NoError(t, s.inTx(t.Context(), func(tx *sql.Tx) error {
					_, err := s.StartTx(t.Context(), tx, s.ticket(t, order))
					return err
				}))
			}
			refusing := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, errDown }}
			down, err := upay.New(s.gateway.Config(), cnpay.WithRecorder(s.Journal), cnpay.WithHTTPClient(&http.Client{Transport: refusing}))
			require.NoError(t, err)
			_, err = down.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{ClientSN: order})
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))
			require.Equal(t, Open, s.of(t, order).State)
			s.asked(t, s.of(t, order))
			require.Equal(t, Succeeded, s.of(t, order).State)
			require.False(t, s.of(t, order).byHand)
		}
	})
}

func kindsOf(history []Event) (kinds []EventKind) {
	for _, v := range history {
		kinds = append(kinds, v.What)
	}
	return kinds
}

// rows is how many lines of history an entry has in the database.
func (s *shop) rows(t *testing.T) (n int) {
	require.NoError(t, s.db.QueryRow("SELECT COUNT(*) FROM cnpay_events").Scan(&n))
	return n
}

func TestADecidedCallWritesNoHistory(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		order := s.order()
		_, err := s.revoke(order)
		require.NoError(t, err)
		require.Zero(t, s.rows(t))
		history, err := s.History(t.Context(), s.of(t, order))
		require.NoError(t, err)
		require.Equal(t, []EventKind{EventOpened, EventClosed}, kindsOf(history))
		require.Equal(t, "CANCEL_SUCCESS", history[1].Code)
		require.Equal(t, cnpay.Succeeded, history[1].Outcome)
	})
}

func TestHistoryKeepsWhatIsOverwritten(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		resend := errors.New("the till is closed")
		s := newShop(t, db, dialect, func(c *Config) {
			c.Resend = func(context.Context, Entry, *cnpay.Settlement) error { return resend }
		})
		order := s.order()
		s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.Refused, upaytest.Pending)
		_, _ = s.revoke(order)
		_, _ = s.revoke(order)
		const queries = 5
		for range queries {
			s.asked(t, s.of(t, order))
		}
		require.NoError(t, s.Notified(t.Context(), news{s.ticket(t, order), cnpay.Pending, "1"}))
		require.NoError(t, s.Notified(t.Context(), news{s.ticket(t, order), cnpay.Pending, "2"}))
		before := s.rows(t)
		for range 100 { // for months
			s.asked(t, s.of(t, order))
		}
		require.Equal(t, before, s.rows(t), "what comes again is counted")
		require.NoError(t, s.Notified(t.Context(), news{s.ticket(t, order), cnpay.Succeeded, "3"}))
		require.NoError(t, s.Notified(t.Context(), news{s.ticket(t, order), cnpay.Failed, "4"}))
		history, err := s.History(t.Context(), s.of(t, order))
		require.NoError(t, err)
		require.Equal(t, []EventKind{EventOpened, EventClosed}, kindsOf(history[:2]), "the first sending")
		require.Equal(t, cnpay.Failed, history[1].Outcome)
		require.NotEmpty(t, history[1].Code)
		second := history[2:]
		require.Equal(t, EventOpened, second[0].What)
		require.Equal(t, []EventKind{EventClosed, EventNotification}, kindsOf(second[len(second)-2:]), "a refusal may be the first sending's")
		times := map[EventKind]int{}
		for _, v := range second {
			require.Equal(t, 1, v.Generation)
			require.False(t, v.At.Before(v.First))
			times[v.What] += v.Times
		}
		require.Equal(t, queries+100, times[EventQuery])
		require.Equal(t, 3, times[EventNotification])
		require.Equal(t, 1, times[EventAnswer])
	})
}

func TestHistoryOfManySendingsIsBounded(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		order := s.order()
		for i := range generations + 20 {
			s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.Refused)
			_, _ = s.revoke(order)
			require.Equal(t, i, s.of(t, order).Generation)
		}
		require.Equal(t, generations, s.rows(t))
		s.long(t, order)
		_, err := db.Exec("UPDATE cnpay_entries SET closed = 1")
		require.NoError(t, err)
		n, err := s.Prune(t.Context(), time.Hour)
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
		require.Zero(t, s.rows(t), "pruned with the entry")
	})
}

func TestConflictsMoveToTheHistory(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		ctx := t.Context()
		_, err := db.Exec(versions)
		require.NoError(t, err)
		_, err = db.Exec(dialect.migrations()[0])
		require.NoError(t, err)
		_, err = db.Exec(`INSERT INTO cnpay_migrations (version) VALUES (1);
			INSERT INTO cnpay_conflicts (entry, generation, source, mark, outcome, code, at) VALUES (1, 0, 'notification', 'k', 'failed', 'c', 5)`)
		require.NoError(t, err)
		s := newShop(t, db, dialect)
		conflicts, err := s.ConflictsOf(ctx, Entry{ID: 1})
		require.NoError(t, err)
		require.Equal(t, []Conflict{{Source: "notification", Mark: "k", Outcome: cnpay.Failed, Code: "c"}}, conflicts)
	})
}

func TestAskNowKeepsTheLease(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		e := s.lost(t)
		_, err := db.Exec("UPDATE cnpay_entries SET due = due + 3600000")
		require.NoError(t, err)
		take := func() int {
			n, err := s.handOut(t.Context(), 10, func(*sql.Tx, []turn) error { return nil })
			require.NoError(t, err)
			return n
		}
		require.Zero(t, take())
		require.NoError(t, s.AskNow(t.Context(), e))
		require.Equal(t, 1, take())
		require.NoError(t, s.AskNow(t.Context(), e))
		require.Zero(t, take(), "one settler at a time")
		e.Generation++
		require.ErrorIs(t, s.AskNow(t.Context(), e), ErrNotOpen)
	})
}

func TestOpenByAge(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		for i, age := range []time.Duration{0, 2 * time.Minute, 3 * time.Minute, 30 * time.Minute, 100 * time.Hour} {
			_, err := s.Started(t.Context(), cnpay.Ticket{Provider: "p", Account: "a", Operation: "o", Order: fmt.Sprint(i), Began: time.Now().Add(-age)})
			require.NoError(t, err)
		}
		_, err := s.Started(t.Context(), cnpay.Ticket{Provider: "p", Account: "b", Operation: "o", Order: "6", Began: time.Now()})
		require.NoError(t, err)
		_, _ = s.revoke(s.order()) // closed
		counts, err := s.OpenByAge(t.Context())
		require.NoError(t, err)
		count := func(account string, under time.Duration, n int64) OpenCount {
			return OpenCount{Provider: "p", Account: account, Operation: "o", Under: under, Count: n}
		}
		require.ElementsMatch(t, []OpenCount{
			count("a", time.Minute, 1), count("a", 10*time.Minute, 2), count("a", time.Hour, 1), count("a", 0, 1), count("b", time.Minute, 1),
		}, counts)
	})
}
