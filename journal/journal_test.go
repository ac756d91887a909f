package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
)

// postgresVariable holds the address of a PostgreSQL whose schemas the tests may make and drop.
const postgresVariable = "CNPAY_TEST_POSTGRES"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(plays(role))
	}
	if os.Getenv(postgresVariable) == "" {
		fmt.Println("journal: " + postgresVariable + " is not set: tests run on SQLite alone")
	}
	os.Exit(m.Run())
}

// everywhere runs a test on each database that there is.
func everywhere(t *testing.T, test func(t *testing.T, db *sql.DB, dialect Dialect)) {
	t.Run("sqlite", func(t *testing.T) { test(t, sqlite(t), SQLite) })
	if os.Getenv(postgresVariable) != "" {
		t.Run("postgresql", func(t *testing.T) { test(t, postgresql(t), PostgreSQL) })
	}
}

func sqlite(t testing.TB) *sql.DB {
	db, err := OpenSQLite(filepath.Join(t.TempDir(), "journal 1.db"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// postgresql is a schema of its own.
func postgresql(t testing.TB) *sql.DB {
	admin, err := sql.Open("pgx", os.Getenv(postgresVariable))
	require.NoError(t, err)
	schema := "cnpay_" + strings.ToLower(newOwner())
	_, err = admin.Exec("CREATE SCHEMA " + schema)
	require.NoError(t, err)
	db, err := sql.Open("pgx", inSchema(t, schema))
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = db.Close()
		_, err := admin.Exec("DROP SCHEMA " + schema + " CASCADE")
		require.NoError(t, err)
		_ = admin.Close()
	})
	return db
}

// inSchema is the address of a schema.
func inSchema(t testing.TB, schema string) string {
	address, err := url.Parse(os.Getenv(postgresVariable))
	require.NoError(t, err)
	query := address.Query()
	query.Set("search_path", schema)
	address.RawQuery = query.Encode()
	return address.String()
}

// shop is a merchant: a journal, a client, and books of its own.
type shop struct {
	*Journal
	gateway *upaytest.Server
	client  *upay.Client
	last    int
	horizon time.Duration // how long after a ticket's Until the core says that its call may be on its way; 0 means the operation's own
}

// Settle is the client's, with the shop's horizon.
func (s *shop) Settle(ctx context.Context, t cnpay.Ticket, opts ...cnpay.Option) (*cnpay.Settlement, error) {
	found, err := s.client.Settle(ctx, t, opts...)
	if s.horizon != 0 && found != nil {
		found.Horizon = t.Until.Add(s.horizon)
	}
	return found, err
}

func newShop(t *testing.T, db *sql.DB, dialect Dialect, change ...func(*Config)) *shop {
	s := &shop{gateway: upaytest.NewServer()}
	t.Cleanup(s.gateway.Close)
	config := Config{
		Client: func(cnpay.Ticket) (cnpay.Settler, error) { return s, nil },
		Book:   bookIn,
		Margin: time.Second, Limit: 2 * time.Second, Crash: time.Second, Sweep: 50 * time.Millisecond,
	}
	for _, c := range change {
		c(&config)
	}
	var err error
	s.Journal, err = New(db, dialect, config)
	require.NoError(t, err)
	require.NoError(t, s.Migrate(t.Context()))
	_, err = db.Exec("CREATE TABLE IF NOT EXISTS books (id TEXT NOT NULL, generation BIGINT NOT NULL, state TEXT NOT NULL)")
	require.NoError(t, err)
	s.client, err = upay.New(s.gateway.Config(), cnpay.WithRecorder(s.Journal), cnpay.WithTimeout(2*time.Second))
	require.NoError(t, err)
	return s
}

func bookIn(ctx context.Context, tx *sql.Tx, e Entry) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO books (id, generation, state) VALUES ($1, $2, $3)", e.Ticket.Order, e.Generation, string(e.State))
	return err
}

// booked is what the merchant's books hold of an order.
func (s *shop) booked(t *testing.T, order string) []string {
	rows, err := s.db.Query("SELECT generation, state FROM books WHERE id = $1 ORDER BY generation", order)
	require.NoError(t, err)
	defer rows.Close()
	var booked []string
	for rows.Next() {
		var generation int
		var state string
		require.NoError(t, rows.Scan(&generation, &state))
		booked = append(booked, fmt.Sprint(generation, " ", state))
	}
	require.NoError(t, rows.Err())
	return booked
}

// order makes a paid order that can be revoked.
func (s *shop) order() string {
	s.last++
	number := fmt.Sprintf("7654%06d", s.last)
	s.gateway.AddOrder(number, 100)
	return number
}

func (s *shop) revoke(order string, opts ...cnpay.Option) (cnpay.Outcome, error) {
	res, err := s.client.Orders.Revoke(context.Background(), &upay.OrderRevokeRequest{ClientSN: order}, opts...)
	return cnpay.OutcomeOf(res, err), err
}

func (s *shop) ticket(t *testing.T, order string) cnpay.Ticket {
	ticket, err := s.client.Ticket(&upay.OrderRevokeRequest{ClientSN: order})
	require.NoError(t, err)
	return ticket
}

func (s *shop) of(t *testing.T, order string) Entry {
	e, err := s.Entry(t.Context(), s.ticket(t, order))
	require.NoError(t, err)
	return e
}

// prepared is the entry of a revoke that nobody has claimed.
func (s *shop) prepared(t *testing.T, order string) (e Entry) {
	require.NoError(t, s.inTx(t.Context(), func(tx *sql.Tx) (err error) {
		e, err = s.StartTx(t.Context(), tx, s.ticket(t, order))
		return err
	}))
	return e
}

// run settles until the test ends.
func (s *shop) run(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() {
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); ended.Wait() })
}

func (s *shop) eventually(t *testing.T, order string, state State) {
	require.Eventually(t, func() bool { return s.of(t, order).State == state }, 20*time.Second, 20*time.Millisecond,
		"order %s is not %s", order, state)
}

func TestEntryIsCommittedBeforeTheFirstByte(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		order := s.order()
		var during Entry
		transport := roundTripper(func(r *http.Request) (*http.Response, error) {
			during = s.of(t, order)
			return http.DefaultTransport.RoundTrip(r)
		})
		var err error
		s.client, err = upay.New(s.gateway.Config(), cnpay.WithRecorder(s.Journal), cnpay.WithHTTPClient(&http.Client{Transport: transport}))
		require.NoError(t, err)
		outcome, err := s.revoke(order)
		require.NoError(t, err)
		require.Equal(t, cnpay.Succeeded, outcome)
		require.Equal(t, Open, during.State)
		require.Equal(t, cnpay.Unknown, during.Outcome)
		require.Equal(t, order, during.Ticket.Order)
		require.False(t, during.Ticket.Until.IsZero())
		closed := s.of(t, order)
		require.Equal(t, Succeeded, closed.State)
		require.Equal(t, "CANCEL_SUCCESS", closed.Code)
		require.Equal(t, []string{"0 succeeded"}, s.booked(t, order))
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTakenOrderIsRefusedWithItsOutcome(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		for fault, want := range map[cnpaytest.Fault]cnpay.Outcome{
			cnpaytest.LostAnswer: cnpay.Unknown, upaytest.Pending: cnpay.Pending, cnpaytest.OK: cnpay.Succeeded,
		} {
			order := s.order()
			s.gateway.Misbehave(upay.OpOrderRevoke, fault)
			first, _ := s.revoke(order)
			require.Equal(t, want, first)
			before := s.gateway.Received(upay.OpOrderRevoke)
			second, err := s.revoke(order)
			require.ErrorIs(t, err, ErrTaken)
			var kind interface{ ErrorType() string }
			require.ErrorAs(t, err, &kind)
			require.Equal(t, "taken", kind.ErrorType())
			require.Equal(t, want, second)
			require.Equal(t, order, cnpay.TicketOf(nil, err).Order)
			require.Equal(t, before, s.gateway.Received(upay.OpOrderRevoke))
		}
	})
}

func TestManyCallersSendOneOrderOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		order := s.order()
		var callers sync.WaitGroup
		for range 12 {
			callers.Go(func() {
				if outcome, err := s.revoke(order); outcome == cnpay.NotSent || outcome == cnpay.Failed {
					t.Errorf("%v: %v", outcome, err)
				}
			})
		}
		callers.Wait()
		require.Equal(t, 1, s.gateway.Received(upay.OpOrderRevoke))
		require.Equal(t, []string{"0 succeeded"}, s.booked(t, order))
	})
}

func TestRefusedNumberIsUsedAgain(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		order := s.order()
		s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.Refused, cnpaytest.Refused)
		for generation := range 2 {
			outcome, _ := s.revoke(order)
			require.Equal(t, cnpay.Failed, outcome)
			e := s.of(t, order)
			require.Equal(t, Failed, e.State, "each refusal was heard, so none can be on its way")
			require.Equal(t, generation, e.Generation)
			require.Equal(t, generation, e.Ticket.Sending)
		}
		outcome, err := s.revoke(order)
		require.NoError(t, err)
		require.Equal(t, cnpay.Succeeded, outcome)
		require.Equal(t, []string{"0 failed", "1 failed", "2 succeeded"}, s.booked(t, order))
		require.Equal(t, 3, s.gateway.Received(upay.OpOrderRevoke))
	})
}

func TestNotConnectedIsNotSentAndFreesTheNumber(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		order := s.order()
		config := s.gateway.Config()
		config.Gateway = "http://127.0.0.1:1"
		down, err := upay.New(config, cnpay.WithRecorder(s.Journal))
		require.NoError(t, err)
		_, err = down.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{ClientSN: order})
		require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(nil, err))
		require.Equal(t, NotSent, s.of(t, order).State)
		outcome, err := s.revoke(order)
		require.NoError(t, err)
		require.Equal(t, cnpay.Succeeded, outcome)
		require.Equal(t, []string{"0 not_sent", "1 succeeded"}, s.booked(t, order))
	})
}

func TestNoMoneyPassesThrough(t *testing.T) {
	s := newShop(t, sqlite(t), SQLite)
	order := s.order()
	_, err := s.client.Orders.Query(t.Context(), &upay.OrderQueryRequest{ClientSN: order})
	require.NoError(t, err)
	_, err = s.Entry(t.Context(), s.ticket(t, order))
	require.ErrorIs(t, err, ErrNoEntry)
}

func TestDatabaseDownIsNotSent(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		order := s.order()
		require.NoError(t, db.Close())
		outcome, err := s.revoke(order)
		require.Equal(t, cnpay.NotSent, outcome)
		require.ErrorContains(t, err, "journal: ")
		require.Zero(t, s.gateway.Received(upay.OpOrderRevoke))
	})
}

func TestSlowDatabaseIsNotSent(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect, func(c *Config) { c.Limit = 300 * time.Millisecond })
		order := s.order()
		lock, err := db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		if dialect == PostgreSQL {
			_, err = lock.Exec("LOCK TABLE cnpay_entries")
			require.NoError(t, err)
		}
		outcome, err := s.revoke(order)
		require.Equal(t, cnpay.NotSent, outcome)
		require.Error(t, err)
		require.Zero(t, s.gateway.Received(upay.OpOrderRevoke))
		stats := &s.counters
		require.EqualValues(t, 1, stats.refused.Load())
		require.NoError(t, lock.Rollback())

		s.flush(t.Context()) // as every sweep does
		require.Equal(t, NotSent, s.of(t, order).State, "what is in doubt is cleaned up")
		require.Empty(t, s.doubts)
		outcome, err = s.revoke(order)
		require.NoError(t, err)
		require.Equal(t, cnpay.Succeeded, outcome)
	})
}

func TestLostAnswerIsSettledAndBookedOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		order := s.order()
		s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
		outcome, _ := s.revoke(order)
		require.Equal(t, cnpay.Unknown, outcome)
		require.Equal(t, Open, s.of(t, order).State)
		s.run(t)
		s.eventually(t, order, Succeeded)
		require.Equal(t, []string{"0 succeeded"}, s.booked(t, order))
		require.Equal(t, 1, s.of(t, order).Queries)
		require.Equal(t, 1, s.gateway.Received(upay.OpOrderRevoke))
	})
}

func TestBookIsRepeatedUntilItSucceeds(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		var mu sync.Mutex
		failures := 2
		s := newShop(t, db, dialect, func(c *Config) {
			c.Book = func(ctx context.Context, tx *sql.Tx, e Entry) error {
				if err := bookIn(ctx, tx, e); err != nil {
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				if failures > 0 {
					failures--
					return errors.New("the warehouse is closed")
				}
				return nil
			}
		})
		order := s.order()
		outcome, err := s.revoke(order)
		require.NoError(t, err)
		require.Equal(t, cnpay.Succeeded, outcome, "the call's outcome is not the books'")
		e := s.of(t, order)
		require.Equal(t, Open, e.State)
		require.Contains(t, e.Reason, "the warehouse is closed")
		require.Empty(t, s.booked(t, order))
		s.run(t)
		s.eventually(t, order, Succeeded)
		require.Equal(t, []string{"0 succeeded"}, s.booked(t, order))
		require.Zero(t, s.gateway.Received(upay.OpOrderQuery), "what is known is not asked again")
		var errs int
		count := "SELECT COUNT(*) FROM river_job WHERE kind = 'cnpay_settle' AND attempt > 1"
		require.NoError(t, db.QueryRow(count).Scan(&errs))
		require.Equal(t, 1, errs, "River repeated it")
	})
}

func TestQueryIsCountedThoughItsOutcomeCannotBeBookedYet(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		var failed atomic.Bool
		s := newShop(t, db, dialect, func(c *Config) {
			c.Book = func(ctx context.Context, tx *sql.Tx, e Entry) error {
				if !failed.Swap(true) {
					return errors.New("the warehouse is closed")
				}
				return bookIn(ctx, tx, e)
			}
		})
		order := s.order()
		s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
		outcome, _ := s.revoke(order)
		require.Equal(t, cnpay.Unknown, outcome)
		s.run(t)
		s.eventually(t, order, Succeeded)
		require.Equal(t, 1, s.gateway.Received(upay.OpOrderQuery))
		require.Equal(t, 1, s.of(t, order).Queries)
	})
}

// news is a notification.
type news struct {
	ticket  cnpay.Ticket
	outcome cnpay.Outcome
	key     string
}

func (n news) CallOutcome() cnpay.Outcome { return n.outcome }
func (n news) CallTicket() cnpay.Ticket   { return n.ticket }
func (n news) Key() string                { return n.key }
func (n news) Operations() []string       { return []string{n.ticket.Operation} }

// unnamed is a notification that does not name its operation.
type unnamed struct {
	news
	operations []string
}

func (n unnamed) Operations() []string { return n.operations }

// What closes an entry may add to its ticket, UnionPay's queryId for example: Book has it, at the first try or later.
func TestBookHasWhatWasLearnt(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		var booked []string
		s := newShop(t, db, dialect, func(c *Config) {
			c.Book = func(_ context.Context, _ *sql.Tx, e Entry) error {
				booked = append(booked, e.Ticket.Fields["queryId"])
				if len(booked) == 1 {
					return errors.New("the warehouse is closed")
				}
				return nil
			}
		})
		order := s.order()
		s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
		_, _ = s.revoke(order)
		require.Error(t, s.Notified(t.Context(), news{s.ticket(t, order).With("queryId", "9"), cnpay.Succeeded, "1"}))
		s.run(t)
		s.eventually(t, order, Succeeded)
		require.Equal(t, []string{"9", "9"}, booked)
		require.Equal(t, "9", s.of(t, order).Ticket.Fields["queryId"])
		require.Equal(t, order, s.of(t, order).Ticket.Fields["client_sn"])
	})
}

func TestNotificationThatNamesNoOperation(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		order := s.order()
		s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
		_, _ = s.revoke(order)
		about := s.ticket(t, order)
		paid := unnamed{news{about, cnpay.Succeeded, "1"}, []string{upay.OpOrderPayByCode, upay.OpOrderCreateQR}}
		paid.ticket.Operation = ""
		require.ErrorIs(t, s.Notified(t.Context(), paid), ErrNoEntry, "that the order was paid does not say that it was revoked")
		require.ErrorIs(t, s.Notified(t.Context(), unnamed{paid.news, nil}), ErrNoEntry)
		require.Equal(t, Open, s.of(t, order).State)

		about.Began, about.Until = time.Now(), time.Now().Add(time.Minute)
		begun := func(operation string) cnpay.Ticket {
			of := about
			of.Operation = operation
			_, err := s.Started(t.Context(), of)
			require.NoError(t, err)
			return of
		}
		pay, qr := begun(upay.OpOrderPayByCode), begun(upay.OpOrderCreateQR)
		require.NoError(t, s.Notified(t.Context(), paid))
		for _, of := range []cnpay.Ticket{pay, qr} {
			e, err := s.Entry(t.Context(), of)
			require.NoError(t, err)
			require.Equal(t, Open, e.State, "it may be about the other")
			require.False(t, e.Due.After(e.now), "but it is queried now")
		}

		both := paid
		paid.operations = paid.operations[:1]
		require.NoError(t, s.Notified(t.Context(), paid))
		e, err := s.Entry(t.Context(), pay)
		require.NoError(t, err)
		require.Equal(t, Succeeded, e.State)
		require.Equal(t, Open, s.of(t, order).State)

		for _, says := range []struct{ ours, theirs, name, differs string }{
			{"13", "13.00", "amount", ""}, {"13.50", "13.5", "total_amount", ""}, {"13", "130", "amount", "amount"},
			{"13", "13.01", "amount", "amount"}, {"1.0", "1", "order", "order"},
		} {
			ours, theirs := qr.With(says.name, says.ours), qr.With(says.name, says.theirs)
			require.Equal(t, says.differs, differs(ours, theirs))
		}
		_, err = db.Exec("UPDATE cnpay_entries SET state = 'failed' WHERE operation <> 'revoke'")
		require.NoError(t, err)
		require.NoError(t, s.Notified(t.Context(), both))
		for _, of := range []cnpay.Ticket{pay, qr} {
			e, err := s.Entry(t.Context(), of)
			require.NoError(t, err)
			require.Equal(t, 1, e.Conflicts, "one of them is not failed")
		}
		_, err = db.Exec("UPDATE cnpay_entries SET state = 'open', conflicts = 0 WHERE operation <> 'revoke'")
		require.NoError(t, err)
		paid.operations = []string{upay.OpOrderCreateQR}
		paid.ticket.Fields = map[string]string{"client_sn": "another"}
		require.ErrorIs(t, s.Notified(t.Context(), paid), cnpay.ErrMismatch)
	})
}

func TestNotificationClosesOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		order := s.order()
		s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
		_, _ = s.revoke(order)
		about := s.ticket(t, order)
		done := news{about, cnpay.Succeeded, "1"}
		require.NoError(t, s.Notified(t.Context(), done))
		require.NoError(t, s.Notified(t.Context(), done))
		require.Equal(t, Succeeded, s.of(t, order).State)
		require.Equal(t, []string{"0 succeeded"}, s.booked(t, order))
		require.Zero(t, s.of(t, order).Conflicts)

		contrary := news{about, cnpay.Failed, "2"}
		require.NoError(t, s.Notified(t.Context(), contrary))
		require.NoError(t, s.Notified(t.Context(), contrary))
		e := s.of(t, order)
		require.Equal(t, Succeeded, e.State)
		require.Equal(t, 1, e.Conflicts)
		conflicts, err := s.ConflictsOf(t.Context(), e)
		require.NoError(t, err)
		require.Equal(t, []Conflict{{Source: "notification", Mark: "2", Outcome: cnpay.Failed}}, conflicts)
		contradicted, err := s.ContradictedEntries(t.Context(), 0, 10)
		require.NoError(t, err)
		require.Len(t, contradicted, 1)

		about.Order = "nobody's"
		require.ErrorIs(t, s.Notified(t.Context(), news{about, cnpay.Succeeded, "3"}), ErrNoEntry)
	})
}

func TestNotificationOfAnotherTicketClosesNothing(t *testing.T) {
	s := newShop(t, sqlite(t), SQLite)
	order := s.order()
	s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
	_, _ = s.revoke(order)
	other := s.ticket(t, order).With("terminal_sn", "other")
	require.ErrorIs(t, s.Notified(t.Context(), news{other, cnpay.Succeeded, "1"}), cnpay.ErrMismatch)
	e := s.of(t, order)
	require.Equal(t, Open, e.State)
	require.Equal(t, 1, e.Conflicts)
}

func TestRefusalInANotificationOfAReusedNumberClosesNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		order := s.order()
		s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.Refused, cnpaytest.LostAnswer)
		_, _ = s.revoke(order)
		outcome, _ := s.revoke(order)
		require.Equal(t, cnpay.Unknown, outcome)
		require.NoError(t, s.Notified(t.Context(), news{s.ticket(t, order), cnpay.Failed, "first"}))
		require.Equal(t, Open, s.of(t, order).State)
		require.NoError(t, s.Notified(t.Context(), news{s.ticket(t, order), cnpay.Succeeded, "second"}))
		require.Equal(t, Succeeded, s.of(t, order).State)
	})
}

// A provider delivers the notification of a refusal a second time, or a process that stood still tells the journal late: the
// number was used again meanwhile, with success, and nothing contradicts that.
func TestRefusalThatIsNotifiedAgainAfterItsNumberSucceededIsNoConflict(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		order := s.order()
		s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.Refused)
		_, _ = s.revoke(order)
		refused := news{s.ticket(t, order), cnpay.Failed, "1"}
		require.NoError(t, s.Notified(t.Context(), refused))
		require.Equal(t, Failed, s.of(t, order).State)
		outcome, err := s.revoke(order)
		require.Equal(t, cnpay.Succeeded, outcome, "%v", err)
		require.NoError(t, s.Notified(t.Context(), refused))
		require.Equal(t, Succeeded, s.of(t, order).State)
		require.Zero(t, s.of(t, order).Conflicts)
	})
}

func TestPreparedEntry(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect, func(c *Config) { c.Unclaimed = 500 * time.Millisecond })
		prepare := func(order string, commit bool) (Entry, error) {
			tx, err := db.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			e, err := s.StartTx(t.Context(), tx, s.ticket(t, order))
			if commit {
				require.NoError(t, tx.Commit())
			} else {
				require.NoError(t, tx.Rollback())
			}
			return e, err
		}
		gone, kept, late := s.order(), s.order(), s.order()
		_, err := prepare(gone, false)
		require.NoError(t, err)
		_, err = s.Entry(t.Context(), s.ticket(t, gone))
		require.ErrorIs(t, err, ErrNoEntry, "it is the merchant's transaction")

		e, err := prepare(kept, true)
		require.NoError(t, err)
		require.Equal(t, Ready, e.State)
		_, err = prepare(kept, true)
		require.ErrorIs(t, err, ErrTaken)
		outcome, err := s.revoke(kept)
		require.NoError(t, err)
		require.Equal(t, cnpay.Succeeded, outcome)
		require.Equal(t, []string{"0 succeeded"}, s.booked(t, kept))
		require.False(t, s.of(t, kept).Ticket.Began.IsZero())

		expired, err := prepare(late, true)
		require.NoError(t, err)
		s.run(t)
		s.eventually(t, late, NotSent)
		require.Equal(t, []string{"0 not_sent"}, s.booked(t, late))
		before := s.gateway.Received(upay.OpOrderRevoke)
		_, err = s.client.Orders.Revoke(Claiming(t.Context(), expired), &upay.OrderRevokeRequest{ClientSN: late})
		require.ErrorIs(t, err, ErrTaken)
		require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(nil, err))
		require.Equal(t, before, s.gateway.Received(upay.OpOrderRevoke), "who claims what has expired sends nothing")
		e, err = prepare(late, true)
		require.NoError(t, err)
		require.Equal(t, 1, e.Generation)
		_, err = s.client.Orders.Revoke(Claiming(t.Context(), e), &upay.OrderRevokeRequest{ClientSN: late})
		require.NoError(t, err)
	})
}

func TestClaimOfAPage(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		order := s.order()
		e := s.prepared(t, order)
		expiry := time.Now().Add(time.Hour)
		ticket, err := s.Claim(t.Context(), e, expiry)
		require.NoError(t, err)
		require.WithinDuration(t, time.Now(), ticket.Began, time.Minute)
		require.WithinDuration(t, expiry, ticket.Until, time.Second)
		open := s.of(t, order)
		require.Equal(t, Open, open.State)
		require.Equal(t, cnpay.Pending, open.Outcome)
		_, err = s.Claim(t.Context(), e, expiry)
		require.ErrorIs(t, err, ErrTaken)
		require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(nil, err))
	})
}

func TestResendIsTheMerchantsDecision(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		var s *shop
		s = newShop(t, db, dialect, func(c *Config) {
			c.Resend = func(ctx context.Context, e Entry, _ *cnpay.Settlement) error {
				_, err := s.client.Orders.Revoke(ctx, &upay.OrderRevokeRequest{ClientSN: e.Ticket.Order}, cnpay.WithSending(e.Generation+1))
				return err
			}
		})
		order := s.order()
		s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.Late(time.Hour))
		outcome, _ := s.revoke(order, cnpay.WithTimeout(300*time.Millisecond))
		require.Equal(t, cnpay.Unknown, outcome)
		s.run(t)
		s.eventually(t, order, Succeeded)
		e := s.of(t, order)
		require.Equal(t, 1, e.Generation)
		require.Equal(t, []string{"1 succeeded"}, s.booked(t, order))
		require.Equal(t, 2, s.gateway.Received(upay.OpOrderRevoke))
	})
}

func TestARefusalOfASecondSendingDecidesNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		order := s.order()
		s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.Late(500*time.Millisecond), cnpaytest.Refused)
		outcome, _ := s.revoke(order, cnpay.WithTimeout(200*time.Millisecond))
		require.Equal(t, cnpay.Unknown, outcome)
		_, _ = s.revoke(order, cnpay.WithSending(1))
		e := s.of(t, order)
		require.Equal(t, Open, e.State, "the first one may be carried out yet")
		require.Equal(t, 1, e.Generation)
		require.NotEmpty(t, e.Reason)
		require.Empty(t, s.booked(t, order))
		s.run(t)
		s.eventually(t, order, Succeeded)
		_, err := s.revoke(order, cnpay.WithSending(2))
		require.ErrorIs(t, err, ErrTaken, "a repeat of what is closed is not sent")
	})
}

func TestASecondSendingThatWasNotSentDecidesNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		order := s.order()
		s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
		_, _ = s.revoke(order)
		config := s.gateway.Config()
		config.Gateway = "http://127.0.0.1:1"
		down, err := upay.New(config, cnpay.WithRecorder(s.Journal))
		require.NoError(t, err)
		_, err = down.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{ClientSN: order}, cnpay.WithSending(1))
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err), "the first one may have been carried out")
		require.Equal(t, Open, s.of(t, order).State)
	})
}

func TestOneAccountDoesNotHoldTheOthers(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect, func(c *Config) { c.PerAccount, c.PerSecond = 2, 100 })
		for i := range 20 {
			account := "down"
			if i == 19 {
				account = "up"
			}
			_, err := s.Started(t.Context(), cnpay.Ticket{Provider: "p", Account: account, Operation: "o", Order: fmt.Sprint(i), Began: time.Now(), Until: time.Now()})
			require.NoError(t, err)
		}
		_, err := db.Exec("UPDATE cnpay_entries SET due = 1")
		require.NoError(t, err)
		var got []turn
		take := func(_ *sql.Tx, turns []turn) error { got = append(got, turns...); return nil }
		for range 3 {
			_, err = s.handOut(t.Context(), 100, take)
			require.NoError(t, err)
		}
		require.Len(t, got, 3, "two of the one that is down, whoever looks, and the other")
	})
}

func TestLeaseOfADeadSettlerIsReplaced(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect, func(c *Config) { c.Lease = 400 * time.Millisecond })
		order := s.order()
		s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
		_, _ = s.revoke(order)
		var first, second []turn
		_, err := s.handOut(t.Context(), 10, func(_ *sql.Tx, turns []turn) error { first = turns; return nil })
		require.NoError(t, err)
		require.Len(t, first, 1)
		n, err := s.handOut(t.Context(), 10, func(_ *sql.Tx, turns []turn) error { second = turns; return nil })
		require.NoError(t, err)
		require.Zero(t, n, "one settler at a time")
		time.Sleep(500 * time.Millisecond)
		_, err = s.handOut(t.Context(), 10, func(_ *sql.Tx, turns []turn) error { second = turns; return nil })
		require.NoError(t, err)
		require.Len(t, second, 1)
		require.NoError(t, s.settle(t.Context(), first[0], 0))
		require.Zero(t, s.gateway.Received(upay.OpOrderQuery), "the one who came back to life asks nothing")
		require.NoError(t, s.settle(t.Context(), second[0], 0))
		require.Equal(t, Succeeded, s.of(t, order).State)
	})
}

func TestQueriesKeepTheOperationsOwnSchedule(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		order := s.order()
		s.gateway.Misbehave(upay.OpOrderRevoke, upaytest.Pending)
		_, _ = s.revoke(order)
		s.run(t)
		require.Eventually(t, func() bool { return s.of(t, order).Queries == 1 }, 10*time.Second, 20*time.Millisecond)
		e := s.of(t, order)
		require.WithinDuration(t, e.Opened.Add(5*time.Second), e.Due, 1500*time.Millisecond)
	})
}

// A refusal of a number that is used again decides only when no earlier sending can be on its way: by the operation's own
// margin, where that is the longer one.
func TestTheHorizonOfTheOperationIsUsed(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		for horizon, state := range map[time.Duration]State{time.Hour: Open, 0: Failed} {
			s := newShop(t, db, dialect, func(c *Config) { c.Margin = time.Millisecond })
			s.horizon, s.last = horizon, int(horizon.Seconds()) // an order of its own
			order := s.order()
			s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer, cnpaytest.Refused)
			_, _ = s.revoke(order, cnpay.WithTimeout(100*time.Millisecond))
			_, err := db.Exec("UPDATE cnpay_entries SET state = 'not_sent', closed = 1 WHERE order_number = $1", order)
			require.NoError(t, err)
			time.Sleep(200 * time.Millisecond)
			_, _ = s.revoke(order)
			require.Equal(t, state, s.of(t, order).State)
		}
	})
}

func TestStatsAndPrune(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		done, open := s.order(), s.order()
		_, _ = s.revoke(done)
		_, _ = s.revoke(done)
		s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
		_, _ = s.revoke(open)
		stats, err := s.Stats(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 1, stats.Succeeded)
		require.EqualValues(t, 1, stats.Open)
		require.EqualValues(t, 1, stats.Taken)
		entries, err := s.OpenEntries(t.Context(), 0, 10)
		require.NoError(t, err)
		require.Len(t, entries, 1)
		n, err := s.Prune(t.Context(), 0)
		require.NoError(t, err)
		require.Zero(t, n, "its call may still be on its way")
		longAgo := time.Now().Add(-48 * time.Hour)
		setUntil := func(until time.Time) {
			for _, order := range []string{done, open} {
				ticket := s.of(t, order).Ticket
				ticket.Until = until
				text, err := encode(ticket)
				require.NoError(t, err)
				_, err = db.Exec("UPDATE cnpay_entries SET ticket = $1, until = $2, closed = CASE WHEN closed > 0 THEN 1 ELSE 0 END WHERE order_number = $3", text, millis(until), order)
				require.NoError(t, err)
			}
		}
		setUntil(longAgo)
		s.horizon = 72 * time.Hour
		n, err = s.Prune(t.Context(), time.Hour)
		require.NoError(t, err)
		require.Zero(t, n, "by the documents of its operation its call may still be on its way")
		s.horizon = time.Hour
		n, err = s.Prune(t.Context(), time.Hour)
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
	})
}

// What was final before its account was closed, and its client taken out of the program, is pruned too, once it is past
// any margin.
func TestPruneOfAnAccountThatNobodyServes(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		for name, client := range map[string]func(*shop) (cnpay.Settler, error){
			"an error":         func(*shop) (cnpay.Settler, error) { return nil, errors.New("no such account") },
			"no client":        func(*shop) (cnpay.Settler, error) { return nil, nil },
			"another's client": func(s *shop) (cnpay.Settler, error) { return s.client, nil },
		} {
			t.Run(name, func(t *testing.T) {
				s := newShop(t, db, dialect)
				final, open := s.order(), s.order()
				_, _ = s.revoke(final)
				s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
				_, _ = s.revoke(open)
				s.config.Client = func(cnpay.Ticket) (cnpay.Settler, error) { return client(s) }
				tickets := []cnpay.Ticket{s.of(t, final).Ticket, s.of(t, open).Ticket}
				for i, days := range []int{29, 31} {
					for _, ticket := range tickets {
						ticket.Account, ticket.Until = "closed", time.Now().AddDate(0, 0, -days)
						text, err := encode(ticket)
						require.NoError(t, err)
						_, err = db.Exec("UPDATE cnpay_entries SET account = 'closed', ticket = $1, until = $2, closed = CASE WHEN closed > 0 THEN 1 ELSE 0 END WHERE order_number = $3",
							text, millis(ticket.Until), ticket.Order)
						require.NoError(t, err)
					}
					n, err := s.Prune(t.Context(), time.Hour)
					require.NoError(t, err)
					require.EqualValues(t, i, n, "%d days", days)
				}
				_, err := db.Exec("DELETE FROM cnpay_entries")
				require.NoError(t, err)
			})
		}
	})
}

func TestMigrations(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		require.NoError(t, s.Migrate(t.Context()), "a second time changes nothing")
	})
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		text, err := dialect.SQL()
		require.NoError(t, err)
		for _, part := range strings.Split(text, "\n-- ") { // PostgreSQL runs what comes in one piece in one transaction
			_, err = db.Exec("-- " + part)
			require.NoError(t, err, "the printed SQL runs")
		}
		s := newShop(t, db, dialect)
		order := s.order()
		s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
		_, _ = s.revoke(order)
		s.run(t)
		s.eventually(t, order, Succeeded)
	})
}

func TestConfig(t *testing.T) {
	client := func(cnpay.Ticket) (cnpay.Settler, error) { return nil, nil }
	db := sqlite(t)
	for name, f := range map[string]func() (*Journal, error){
		"no database":               func() (*Journal, error) { return New(nil, SQLite, Config{Client: client}) },
		"is not a dialect":          func() (*Journal, error) { return New(db, 0, Config{Client: client}) },
		"Config.Client is missing":  func() (*Journal, error) { return New(db, SQLite, Config{}) },
		"Config.Margin is negative": func() (*Journal, error) { return New(db, SQLite, Config{Client: client, Margin: -1}) },
	} {
		_, err := f()
		require.ErrorContains(t, err, name)
	}
}

// The end of the time in which a call may be on its way is the later of what its caller's clock and the database's say.
func TestOneClockThatIsWrongEndsNoCall(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		entry := func(skew time.Duration) Entry {
			order := s.order()
			s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
			_, _ = s.revoke(order, cnpay.WithClock(func() time.Time { return time.Now().Add(skew) }))
			return s.of(t, order)
		}
		ends := func(e Entry, in time.Duration) {
			require.WithinDuration(t, time.Now().Add(in), s.judged(e).Until, 5*time.Second)
		}
		ends(entry(0), 2*time.Second)
		ends(entry(time.Hour), time.Hour)
		behind := entry(-time.Hour)
		ends(behind, 2*time.Second)
		err := s.Close(t.Context(), behind, cnpay.NotSent, "somebody", "not at the bank")
		require.ErrorIs(t, err, ErrOnItsWay)

		right := entry(0)
		for skew, in := range map[time.Duration]time.Duration{time.Hour: time.Hour, -time.Hour: 0} {
			_, err := db.Exec("UPDATE cnpay_entries SET until = $1 WHERE id = $2", millis(time.Now().Add(skew)), right.ID)
			require.NoError(t, err)
			ends(s.of(t, right.Ticket.Order), in)
		}
		_, err = db.Exec("UPDATE cnpay_entries SET until = 0 WHERE id = $1", right.ID)
		require.NoError(t, err)
		require.Zero(t, s.judged(s.of(t, right.Ticket.Order)).Until, "nobody knows it")
	})
}

// What nobody knows of an earlier sending's end, nobody knows of the order's after it was sent again.
func TestSendingWithoutAnEndIsNeverPast(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		order := s.order()
		e := s.prepared(t, order)
		_, err := s.Claim(t.Context(), e, time.Time{})
		require.NoError(t, err)
		require.NoError(t, s.Close(t.Context(), s.of(t, order), cnpay.NotSent, "somebody", "the page was never shown"))
		s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
		_, _ = s.revoke(order)
		again := s.of(t, order)
		require.Equal(t, 1, again.Generation)
		require.Zero(t, again.Ticket.Until)
		require.Zero(t, s.judged(again).Until)

		require.NoError(t, s.Close(t.Context(), again, cnpay.NotSent, "somebody", "nor this time"))
		never := s.prepared(t, s.order())
		require.NoError(t, s.expire(t.Context(), never))
		for _, days := range []int{29, 31} { // first the one that was never sent, and then the other
			_, err := db.Exec("UPDATE cnpay_entries SET closed = $1", millis(time.Now().AddDate(0, 0, -days)))
			require.NoError(t, err)
			n, err := s.Prune(t.Context(), time.Hour)
			require.NoError(t, err)
			require.EqualValues(t, 1, n, "%d days", days)
		}
	})
}

// An account without a client stays open, and says why.
func TestEntryWithoutAClientSaysSo(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		e := s.lost(t)
		s.config.Client = func(cnpay.Ticket) (cnpay.Settler, error) { return nil, nil }
		s.asked(t, e)
		now := s.of(t, e.Ticket.Order)
		require.Equal(t, Open, now.State)
		require.Contains(t, now.Reason, "no client")
		require.True(t, now.Due.After(time.Now()))
	})
}

// Commits in doubt that somebody's transaction holds up do not hold up the sweep.
func TestDoubtsThatAreHeldUpDoNotHoldUpTheSweep(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect, func(c *Config) { c.Limit = 200 * time.Millisecond })
		frozen, err := db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		const many = 10
		for range many {
			ticket := s.ticket(t, s.order())
			_, err := s.StartTx(t.Context(), frozen, ticket)
			require.NoError(t, err)
			s.doubts = append(s.doubts, sending{owner: newOwner(), ticket: ticket, alone: true, fresh: true})
		}
		begun := time.Now()
		s.flush(t.Context())
		require.Less(t, time.Since(begun), many/2*s.config.Limit)
		require.Len(t, s.doubts, many, "none is forgotten")
		require.NoError(t, frozen.Rollback())
		s.config.Limit = 5 * time.Second
		s.flush(t.Context())
		require.Empty(t, s.doubts)
	})
}
