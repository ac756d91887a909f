package journal

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/upay"
)

// pull is a way to pull the database away.
type pull string

const (
	cutOff   pull = "cut off"   // what was sent does not arrive, and the connection is gone
	unheard  pull = "unheard"   // what was sent arrives, and its answer is lost
	stalled  pull = "stalled"   // what was sent arrives, and its answer does not come
	goneDown pull = "gone down" // cut off, and nobody can connect any more
)

// wire is a proxy before PostgreSQL that pulls it away at one step: a message of the client's, which is one round trip.
type wire struct {
	server string
	net.Listener
	mu    sync.Mutex
	steps int // until it happens; negative while nothing is planned
	how   pull
	done  bool // it has happened
	down  bool
	conns map[net.Conn]bool
}

func newWire(t *testing.T, server string) *wire {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{server: server, Listener: listener, steps: -1, conns: map[net.Conn]bool{}}
	var ended sync.WaitGroup
	ended.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			ended.Go(func() { w.carry(client) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); w.drop(); ended.Wait() })
	return w
}

// drop closes every connection.
func (w *wire) drop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		_ = c.Close()
	}
}

// plan pulls the database away at the n-th message from now.
func (w *wire) plan(n int, how pull) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.steps, w.how, w.done, w.down = n, how, false, false
}

// heal ends it. It reports whether it had happened.
func (w *wire) heal() bool {
	w.mu.Lock()
	done := w.done
	w.steps, w.down, w.done = -1, false, false
	w.mu.Unlock()
	if done {
		w.drop()
	}
	return done
}

func (w *wire) step() (pull, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down {
		return cutOff, true
	}
	if w.steps--; w.steps != 0 {
		return "", false
	}
	w.done = true
	if w.how == goneDown {
		w.down = true
		return cutOff, true
	}
	return w.how, true
}

func (w *wire) carry(client net.Conn) {
	server, err := net.Dial("tcp", w.server)
	if err != nil {
		_ = client.Close()
		return
	}
	w.mu.Lock()
	if w.down {
		_ = client.Close()
	}
	w.conns[client], w.conns[server] = true, true
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.conns, client)
		delete(w.conns, server)
		_ = client.Close()
		_ = server.Close()
	}()
	var deaf sync.Mutex // held once answers no longer reach the client
	silent := false
	go func() {
		defer func() { _ = client.Close() }()
		buffer := make([]byte, 64<<10)
		for {
			n, err := server.Read(buffer)
			deaf.Lock()
			quiet := silent
			deaf.Unlock()
			if quiet {
				if w.lost() { // the server has answered: what was sent has happened
					return
				}
				continue
			}
			if err != nil {
				return
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
	}()
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		how, now := w.step()
		if now && how == cutOff {
			return
		}
		if now {
			deaf.Lock()
			silent = true
			deaf.Unlock()
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// lost reports whether the connection ends with the answer, as opposed to one that stands still.
func (w *wire) lost() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.how == stalled && w.done {
		w.mu.Unlock()
		time.Sleep(10 * time.Millisecond)
		w.mu.Lock()
		return !w.done // healed
	}
	return true
}

// pulled is a shop whose PostgreSQL is behind a wire. The books are read past it.
func pulled(t *testing.T, change ...func(*Config)) (*shop, *wire, *shop) {
	if os.Getenv(postgresVariable) == "" {
		t.Skip(postgresVariable + " is not set: SQLite has no connection to lose")
	}
	direct := postgresql(t)
	address, err := url.Parse(schemaOf(t, direct))
	require.NoError(t, err)
	w := newWire(t, address.Host)
	address.Host = w.Addr().String()
	db, err := sql.Open("pgx", address.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	change = append([]func(*Config){func(c *Config) { c.Limit = 400 * time.Millisecond; c.Lease = time.Second }}, change...)
	s := newShop(t, db, PostgreSQL, change...)
	other := *s
	other.Journal, err = New(direct, PostgreSQL, s.config)
	require.NoError(t, err)
	return s, w, &other
}

// reconnect leaves the pool with one connection, which lives.
func (s *shop) reconnect(t *testing.T) {
	s.db.SetMaxIdleConns(0)
	s.db.SetMaxIdleConns(2)
	require.NoError(t, s.db.Ping())
}

// What the fault table of the README says of PostgreSQL, at every step of a call: each message to the database is the one
// at which it is pulled away, in each way, until a call has no more messages.
func TestDatabasePulledAwayAtEveryStepOfACall(t *testing.T) {
	for _, how := range []pull{cutOff, unheard, stalled, goneDown} {
		t.Run(string(how), func(t *testing.T) {
			s, w, direct := pulled(t)
			before, after := 0, 0
			for n := 1; ; n++ {
				require.Less(t, n, 30, "a call has no end")
				s.reconnect(t)
				order := s.order()
				received := s.gateway.Received(upay.OpOrderRevoke)
				w.plan(n, how)
				outcome, err := s.revoke(order)
				happened := w.heal()
				sent := s.gateway.Received(upay.OpOrderRevoke) - received
				if sent == 0 {
					before++
					require.Equal(t, cnpay.NotSent, outcome, "step %d: %v", n, err)
				} else {
					after++
					require.Equal(t, 1, sent)
					require.Equal(t, cnpay.Succeeded, outcome, "step %d: the caller has the outcome, whatever the database does: %v", n, err)
				}
				if !happened {
					break
				}
				s.flush(t.Context()) // as every sweep does
				direct.end(t, order, sent)
			}
			require.GreaterOrEqual(t, before, 1)
			require.GreaterOrEqual(t, after, 4, "begin, close, book, commit")
			t.Logf("%d steps before the first byte, %d behind", before, after)
		})
	}
}

// end settles what is left of an order by hand, and compares the books.
func (s *shop) end(t *testing.T, order string, sent int) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, err := s.Entry(t.Context(), s.ticket(t, order))
		if errors.Is(err, ErrNoEntry) {
			return sent == 0
		}
		require.NoError(t, err)
		_, err = s.db.Exec("UPDATE cnpay_entries SET due = 1 WHERE state = 'open'")
		require.NoError(t, err)
		var turns []turn
		_, err = s.handOut(t.Context(), 10, func(_ *sql.Tx, found []turn) error { turns = found; return nil })
		require.NoError(t, err)
		for _, x := range turns {
			require.NoError(t, s.settle(t.Context(), x, 0))
		}
		return s.of(t, order).State.Final()
	}, 15*time.Second, 20*time.Millisecond, "order %s", order)
	e, err := s.Entry(t.Context(), s.ticket(t, order))
	if errors.Is(err, ErrNoEntry) {
		require.Empty(t, s.booked(t, order))
		return
	}
	require.NoError(t, err)
	want := map[int]string{0: "0 not_sent", 1: "0 succeeded"}[sent]
	require.Equal(t, []string{want}, s.booked(t, order), "%+v", e)
}

func TestDatabasePulledAwayAtEveryStepOfASettlement(t *testing.T) {
	for _, how := range []pull{cutOff, unheard, stalled, goneDown} {
		t.Run(string(how), func(t *testing.T) {
			s, w, direct := pulled(t, func(c *Config) { c.Lease = 500 * time.Millisecond })
			for n := 1; ; n++ {
				require.Less(t, n, 40, "a settlement has no end")
				s.reconnect(t)
				order := s.order()
				s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
				outcome, _ := s.revoke(order)
				require.Equal(t, cnpay.Unknown, outcome)
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				w.plan(n, how)
				_, _ = s.handOut(ctx, 10, func(*sql.Tx, []turn) error { return nil })
				e := direct.of(t, order)
				_ = s.settle(ctx, turn{e.ID, e.Generation, e.turn}, 0)
				cancel()
				happened := w.heal()
				direct.end(t, order, 1)
				if !happened {
					break
				}
			}
		})
	}
}

// A number that is used again, and one that is taken, when the database is pulled away in between.
func TestDatabasePulledAwayWhereAnOrderIsKnown(t *testing.T) {
	for _, how := range []pull{cutOff, unheard, stalled, goneDown} {
		t.Run(string(how), func(t *testing.T) {
			s, w, direct := pulled(t)
			for n := 1; ; n++ {
				require.Less(t, n, 30)
				s.reconnect(t)
				again, taken := s.order(), s.order()
				s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.Refused, cnpaytest.LostAnswer)
				outcome, _ := s.revoke(again)
				require.Equal(t, cnpay.Failed, outcome)
				outcome, _ = s.revoke(taken)
				require.Equal(t, cnpay.Unknown, outcome)
				received := s.gateway.Received(upay.OpOrderRevoke)

				w.plan(n, how)
				outcome, err := s.revoke(taken)
				first := w.heal()
				require.Equal(t, received, s.gateway.Received(upay.OpOrderRevoke))
				require.Contains(t, []cnpay.Outcome{cnpay.Unknown, cnpay.NotSent}, outcome)
				if outcome == cnpay.NotSent { // this call: the order's own outcome stays as it was
					require.NotErrorIs(t, err, ErrTaken)
				}
				require.Equal(t, Open, direct.of(t, taken).State)

				s.reconnect(t)
				w.plan(n, how)
				outcome, err = s.revoke(again)
				second := w.heal()
				sent := s.gateway.Received(upay.OpOrderRevoke) - received
				if sent == 0 {
					require.Contains(t, []cnpay.Outcome{cnpay.Unknown, cnpay.NotSent}, outcome, "step %d: %v", n, err)
				} else {
					require.Equal(t, cnpay.Succeeded, outcome, "step %d: %v", n, err)
				}
				direct.end(t, taken, 1)
				s.flush(t.Context())
				require.Eventually(t, func() bool {
					e := direct.of(t, again)
					if e.State == Open {
						_, err := direct.db.Exec("UPDATE cnpay_entries SET due = 1, lease = 0 WHERE state = 'open'")
						require.NoError(t, err)
						require.NoError(t, direct.settle(t.Context(), turn{e.ID, e.Generation, e.turn}, 0))
						e = direct.of(t, again)
					}
					return e.State.Final()
				}, 10*time.Second, 20*time.Millisecond)
				e := direct.of(t, again)
				booked := direct.booked(t, again)
				if sent > 0 {
					require.Equal(t, []string{"0 failed", "1 succeeded"}, booked)
				} else if e.State.Final() && e.Generation == 1 {
					require.Equal(t, []string{"0 failed", "1 not_sent"}, booked)
				} else {
					require.Equal(t, []string{"0 failed"}, booked)
				}
				if !first && !second {
					break
				}
			}
		})
	}
}

func TestRunWaitsForItsDatabase(t *testing.T) {
	s, w, direct := pulled(t)
	order := s.order()
	s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
	_, _ = s.revoke(order)
	w.plan(1, goneDown)
	require.Error(t, s.db.Ping())
	s.run(t) // a replica that is started while the database is down
	time.Sleep(time.Second)
	require.Equal(t, Open, direct.of(t, order).State)
	w.heal()
	direct.eventually(t, order, Succeeded)
	require.Equal(t, []string{"0 succeeded"}, direct.booked(t, order))
}

// full is a SQLite database on a disk that the test can fill, and free again.
func full(t *testing.T) (db *sql.DB, fill, free func()) {
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", dir).CombinedOutput(); err == nil {
		t.Cleanup(func() {
			out, err := exec.Command("umount", dir).CombinedOutput()
			require.NoError(t, err, "%s", out)
		})
		db, err := OpenSQLite(filepath.Join(dir, "journal.db"))
		require.NoError(t, err)
		t.Cleanup(func() { _ = db.Close() })
		filler := filepath.Join(dir, "filler")
		return db, func() {
				file, err := os.OpenFile(filler, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
				require.NoError(t, err)
				defer file.Close()
				for block := 64 << 10; block > 0; block /= 2 {
					for err = nil; err == nil; {
						_, err = file.Write(make([]byte, block))
					}
				}
			}, func() {
				require.NoError(t, os.Remove(filler))
			}
	} else {
		t.Logf("no tmpfs can be mounted here (%s): max_page_count instead", out)
	}
	db, err := OpenSQLite(filepath.Join(dir, "journal.db"))
	require.NoError(t, err)
	db.SetMaxOpenConns(1) // the limit is the connection's
	t.Cleanup(func() { _ = db.Close() })
	return db, func() {
			_, err := db.Exec("PRAGMA max_page_count = 1") // the number that there are
			require.NoError(t, err)
			for err == nil {
				_, err = db.Exec("INSERT INTO filler VALUES (zeroblob(3000))")
			}
		}, func() {
			_, err := db.Exec("PRAGMA max_page_count = 1000000")
			require.NoError(t, err)
		}
}

func TestFullDiskIsNotSent(t *testing.T) {
	db, fill, free := full(t)
	s := newShop(t, db, SQLite)
	_, err := db.Exec("CREATE TABLE filler (x BLOB)")
	require.NoError(t, err)
	fine, none, half := s.order(), s.order(), s.order()
	outcome, err := s.revoke(fine)
	require.Equal(t, cnpay.Succeeded, outcome, "%v", err)

	fill()
	received := s.gateway.Received(upay.OpOrderRevoke)
	for i := range 20 { // what is left of the last page may take one or two
		order := none
		if i > 0 {
			order = s.order()
		}
		outcome, err = s.revoke(order)
		if outcome == cnpay.NotSent && i > 0 {
			break
		}
	}
	require.Equal(t, cnpay.NotSent, outcome, "%v", err)
	require.ErrorContains(t, err, "full")
	after := s.gateway.Received(upay.OpOrderRevoke)
	outcome, err = s.revoke(half)
	require.Equal(t, cnpay.NotSent, outcome, "%v", err)
	require.Equal(t, after, s.gateway.Received(upay.OpOrderRevoke), "nothing leaves")
	require.LessOrEqual(t, after-received, 19)
	free()
	s.flush(t.Context())
	require.Equal(t, NotSent, s.of(t, half).State, "what was in doubt is cleaned up")

	// The disk fills while the call is on its way: the caller has the outcome, and the entry is settled.
	order := s.order()
	transport := roundTripper(func(r *http.Request) (*http.Response, error) {
		fill()
		return http.DefaultTransport.RoundTrip(r)
	})
	client, err := upay.New(s.gateway.Config(), cnpay.WithRecorder(s.Journal), cnpay.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	res, err := client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{ClientSN: order})
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err))
	free()
	s.run(t)
	s.eventually(t, order, Succeeded)
	require.Equal(t, []string{"0 succeeded"}, s.booked(t, order))
}
