package journal

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/upay"
)

// with is the address of a PostgreSQL database with more settings.
func with(t testing.TB, address string, settings ...string) string {
	u, err := url.Parse(address)
	require.NoError(t, err)
	q := u.Query()
	for i := 0; i+1 < len(settings); i += 2 {
		q.Set(settings[i], settings[i+1])
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func open(t testing.TB, address string) *sql.DB {
	db, err := sql.Open("pgx", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// on is the same shop's program on another connection to the same database.
func (s *shop) on(t *testing.T, db *sql.DB) *shop {
	other := *s
	config := s.config
	config.Client = func(cnpay.Ticket) (cnpay.Settler, error) { return &other, nil }
	var err error
	other.Journal, err = New(db, s.dialect, config)
	require.NoError(t, err)
	other.client, err = upay.New(s.gateway.Config(), cnpay.WithRecorder(other.Journal), cnpay.WithTimeout(2*time.Second))
	require.NoError(t, err)
	return &other
}

// works plays an order, one whose answer is lost, and one that is prepared, and looks at them.
func (s *shop) works(t *testing.T) {
	require.NoError(t, s.Migrate(t.Context()))
	order, lost, again := s.order(), s.order(), s.order()
	outcome, err := s.revoke(order)
	require.Equal(t, cnpay.Succeeded, outcome, "%v", err)
	s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer, cnpaytest.Refused)
	_, _ = s.revoke(lost)
	_, _ = s.revoke(again)
	outcome, err = s.revoke(again)
	require.Equal(t, cnpay.Succeeded, outcome, "%v", err)
	_, err = s.Claim(t.Context(), s.prepared(t, s.order()), time.Now())
	require.NoError(t, err)
	require.NoError(t, s.Notified(t.Context(), news{s.ticket(t, order), cnpay.Failed, "1"}))
	s.run(t)
	s.eventually(t, lost, Succeeded)
	require.Equal(t, []string{"0 succeeded"}, s.booked(t, lost))
	require.Equal(t, []string{"0 failed", "1 succeeded"}, s.booked(t, again))
	_, err = s.Stats(t.Context())
	require.NoError(t, err)
	_, err = s.Prune(t.Context(), time.Hour)
	require.NoError(t, err)
	e := s.of(t, again)
	d := desk(t, s.Journal)
	for _, path := range []string{"/", "/?state=contradicted", "/?order=" + lost, fmt.Sprint("/entries/", e.ID)} {
		require.Equal(t, 200, visit(t, "GET", d.URL+"/ops/journal"+path, nil).StatusCode, path)
	}
}

// A program whose user may not change tables migrates nothing where nothing is to be migrated, and does all else.
func TestUserWhoMayNotMakeTables(t *testing.T) {
	if os.Getenv(postgresVariable) == "" {
		t.Skip(postgresVariable + " is not set: a SQLite file has no users")
	}
	db := postgresql(t)
	s := newShop(t, db, PostgreSQL)
	var schema string
	require.NoError(t, db.QueryRow("SELECT current_schema()").Scan(&schema))
	user := schema + "_user"
	_, err := db.Exec(fmt.Sprintf(`CREATE ROLE %[1]s LOGIN; GRANT USAGE ON SCHEMA %[2]s TO %[1]s;
		GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %[2]s TO %[1]s; GRANT USAGE ON ALL SEQUENCES IN SCHEMA %[2]s TO %[1]s`, user, schema))
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = db.Exec("DROP OWNED BY " + user + "; DROP ROLE " + user) })
	address, err := url.Parse(inSchema(t, schema))
	require.NoError(t, err)
	address.User = url.User(user)
	limited := open(t, address.String())
	_, err = limited.Exec("CREATE TABLE x (y TEXT)")
	require.ErrorContains(t, err, "permission denied")
	s.on(t, limited).works(t)
}

// A pool between the program and the database may not keep its prepared statements.
func TestWithoutPreparedStatements(t *testing.T) {
	if os.Getenv(postgresVariable) == "" {
		t.Skip(postgresVariable + " is not set: SQLite has no pool of connections in between")
	}
	db := postgresql(t)
	s := newShop(t, db, PostgreSQL)
	for _, mode := range []string{"exec", "simple_protocol", "describe_exec", "cache_describe"} {
		t.Run(mode, func(t *testing.T) {
			config, err := pgx.ParseConfig(with(t, schemaOf(t, db), "default_query_exec_mode", mode))
			require.NoError(t, err)
			pooled := stdlib.OpenDB(*config, stdlib.OptionResetSession(func(ctx context.Context, c *pgx.Conn) error {
				_, err := c.Exec(ctx, "DISCARD ALL", pgx.QueryExecModeSimpleProtocol)
				return err
			}))
			t.Cleanup(func() { _ = pooled.Close() })
			s.last += 100
			s.on(t, pooled).works(t)
		})
	}
}

// A server that ends what it takes for idle ends the booking of a Book that is slow, and no outcome is lost by it.
func TestServerThatEndsSlowTransactions(t *testing.T) {
	if os.Getenv(postgresVariable) == "" {
		t.Skip(postgresVariable + " is not set: a SQLite file has no server")
	}
	db := postgresql(t)
	var slow atomic.Bool
	s := newShop(t, db, PostgreSQL, func(c *Config) {
		c.Book = func(ctx context.Context, tx *sql.Tx, e Entry) error {
			err := bookIn(ctx, tx, e)
			if slow.Load() {
				time.Sleep(1500 * time.Millisecond)
			}
			return err
		}
	})
	s = s.on(t, open(t, with(t, schemaOf(t, db), "statement_timeout", "1s", "idle_in_transaction_session_timeout", "1s")))
	order, lost := s.order(), s.lost(t)
	slow.Store(true)
	outcome, err := s.revoke(order)
	require.Equal(t, cnpay.Succeeded, outcome, "%v", err)
	require.Contains(t, s.of(t, order).Reason, "found succeeded and not booked")
	require.Error(t, s.Notified(t.Context(), news{s.ticket(t, lost.Ticket.Order), cnpay.Succeeded, "1"}))
	slow.Store(false)
	s.works(t)
	for _, order := range []string{order, lost.Ticket.Order} {
		s.eventually(t, order, Succeeded)
		require.Equal(t, []string{"0 succeeded"}, s.booked(t, order))
	}
}

// Migrate says what is missing, and does not wait for a connection that it has itself.
func TestMigrateWithOneConnection(t *testing.T) {
	if os.Getenv(postgresVariable) == "" {
		t.Skip(postgresVariable + " is not set: SQLite takes no lock")
	}
	db := postgresql(t)
	db.SetMaxOpenConns(1)
	j, err := New(db, PostgreSQL, Config{Client: func(cnpay.Ticket) (cnpay.Settler, error) { return nil, nil }})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	require.ErrorContains(t, j.Migrate(ctx), "SetMaxOpenConns")
}

func TestOpenSQLiteWantsAFile(t *testing.T) {
	for _, file := range []string{"", ":memory:"} {
		_, err := OpenSQLite(file)
		require.ErrorContains(t, err, "is no file", file)
	}
}
