package journal

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/yuansfer"
	"github.com/cnpay-go/cnpay/yuansfer/yuansfertest"
)

var openEntries = flag.Int("open", 20000, "open entries that a sweep must not read")

// A provider whose queries hang delays no other: it gets its share of the workers, whatever waits for it.
func TestProviderThatHangsDelaysNoOther(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		other := yuansfertest.NewServer()
		t.Cleanup(other.Close)
		var s *shop
		var well *yuansfer.Client
		s = newShop(t, db, dialect, func(c *Config) {
			c.Margin, c.Sweep = 0, 100*time.Millisecond
			c.Client = func(ticket cnpay.Ticket) (cnpay.Settler, error) {
				if ticket.Provider == "yuansfer" {
					return well, nil
				}
				return s, nil
			}
		})
		var err error
		well, err = yuansfer.New(other.Config(), cnpay.WithRecorder(s.Journal))
		require.NoError(t, err)
		const waiting = 60 // for the provider that hangs: many more than there are workers
		s.gateway.AlwaysMisbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
		s.gateway.AlwaysMisbehave(upay.OpOrderQuery, cnpaytest.Hang)
		for range waiting {
			_, _ = s.revoke(s.order())
		}
		s.run(t)
		require.Eventually(t, func() bool { return s.gateway.Received(upay.OpOrderQuery) >= s.config.PerAccount }, 10*time.Second, 20*time.Millisecond)
		for range 5 {
			agreement := other.AddAgreement("reference", "gcash")
			other.Misbehave(yuansfer.OpAutoDebitRevoke, cnpaytest.LostAnswer)
			begun := time.Now()
			res, err := well.AutoDebit.Revoke(t.Context(), &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: agreement})
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
			require.Eventually(t, func() bool {
				e, err := s.Entry(t.Context(), cnpay.TicketOf(res, err))
				return err == nil && e.State == Succeeded
			}, 6*time.Second, 20*time.Millisecond, "its second query is 2 s after its beginning")
			t.Logf("settled after %v", time.Since(begun).Round(10*time.Millisecond))
		}
	})
}

// A replica that stands still in the middle of a transaction holds the rows that it has changed, and no others.
func TestReplicaThatStandsStillHoldsNobodyUp(t *testing.T) {
	if os.Getenv(postgresVariable) == "" {
		t.Skip(postgresVariable + " is not set: a SQLite file has one process")
	}
	db := postgresql(t)
	s := newShop(t, db, PostgreSQL)
	for range 3 {
		s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
		_, _ = s.revoke(s.order())
	}
	frozen, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { _ = frozen.Rollback() }()
	_, err = frozen.Exec("UPDATE cnpay_entries SET turn = turn + 1, lease = 1 WHERE id = (SELECT MIN(id) FROM cnpay_entries)")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), s.config.Limit)
	defer cancel()
	n, err := s.handOut(ctx, 10, func(*sql.Tx, []turn) error { return nil })
	require.NoError(t, err)
	require.Equal(t, 2, n)
}

// The limit of queries in a second is that of all replicas together, whatever the queries find.
func TestQueriesPerSecondOfOneAccount(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		change := func(c *Config) { c.PerAccount, c.PerSecond, c.Sweep = 100, 5, 50*time.Millisecond }
		s := newShop(t, db, dialect, change)
		s.gateway.AlwaysMisbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
		orders := make([]string, 15)
		for i := range orders {
			orders[i] = s.order()
			_, _ = s.revoke(orders[i])
		}
		other := *s // a second replica
		var err error
		other.Journal, err = New(db, dialect, s.config)
		require.NoError(t, err)
		begun := time.Now()
		if dialect == PostgreSQL {
			other.run(t)
		}
		s.run(t)
		for _, order := range orders {
			s.eventually(t, order, Succeeded)
		}
		require.Equal(t, len(orders), s.gateway.Received(upay.OpOrderQuery))
		require.Greater(t, time.Since(begun), 1900*time.Millisecond, "5 at once, 5 a second later, and 5 after two")
	})
}

// A sweep does not read what waits: with twenty times as many open entries of as many accounts it costs much the same.
func TestSweepOfManyOpenEntries(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		if dialect == PostgreSQL {
			db.SetMaxOpenConns(2)
		}
		s := newShop(t, db, dialect)
		sweep := func(open int, due string) time.Duration {
			least := time.Hour
			for range 5 {
				begun := time.Now()
				n, err := s.handOut(t.Context(), 40, func(*sql.Tx, []turn) error { return nil })
				require.NoError(t, err)
				least = min(least, time.Since(begun))
				require.Equal(t, due == "all", n > 0)
				_, err = db.Exec("UPDATE cnpay_entries SET lease = 0 WHERE lease > 0")
				require.NoError(t, err)
			}
			t.Logf("%s: %d open entries of 50 accounts, %s due: a sweep takes %v", dialect, open, due, least.Round(100*time.Microsecond))
			return least
		}
		cost := map[string][]time.Duration{}
		for _, open := range []int{*openEntries / 20, *openEntries} {
			_, err := db.Exec("DELETE FROM cnpay_entries")
			require.NoError(t, err)
			fillOpen(t, db, dialect, open)
			cost["nothing"] = append(cost["nothing"], sweep(open, "nothing"))
			_, err = db.Exec("UPDATE cnpay_entries SET due = id")
			require.NoError(t, err)
			cost["all"] = append(cost["all"], sweep(open, "all"))
		}
		for due, c := range cost {
			require.Less(t, c[1], 4*c[0]+5*time.Millisecond, "%s due", due)
		}
	})
}

// fillOpen makes open entries of 50 accounts that are due in a year.
func fillOpen(t testing.TB, db *sql.DB, dialect Dialect, n int) {
	series := "generate_series(1, %d) AS s(n)"
	if dialect == SQLite {
		series = "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < %d) SELECT n FROM s)"
	}
	_, err := db.Exec(fmt.Sprintf(`INSERT INTO cnpay_entries
		(provider, account, operation, order_number, gateway, generation, state, outcome, ticket, first_began, until, owner, due, created, opened)
		SELECT 'upay', 'account ' || (n %% 50), 'pay', CAST(n AS TEXT), 'g', 0, 'open', 'unknown',
			'{"provider":"upay","gateway":"g","account":"account ' || (n %% 50) || '","operation":"pay","order":"' || n || '"}', 1, 1, 'o', %d + n, 1, 1
		FROM `+series, time.Now().AddDate(1, 0, 0).UnixMilli(), n))
	require.NoError(t, err)
	_, err = db.Exec("ANALYZE cnpay_entries")
	require.NoError(t, err)
}

// Who waits for the one writer of a file goes on when it has ended, and does not look again after a while, when another may
// be writing: a call that does so several times is over its limit.
func TestWriterOfAFileIsFollowedAtOnce(t *testing.T) {
	s := newShop(t, sqlite(t), SQLite)
	var waits []time.Duration
	for range 9 {
		order := s.order()
		tx, err := s.db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		time.AfterFunc(340*time.Millisecond, func() { require.NoError(t, tx.Rollback()) })
		begun := time.Now()
		outcome, err := s.revoke(order)
		require.Equal(t, cnpay.Succeeded, outcome, "%v", err)
		waits = append(waits, time.Since(begun))
	}
	slices.Sort(waits)
	require.Less(t, waits[len(waits)/2], 390*time.Millisecond, "%v", waits)
}
