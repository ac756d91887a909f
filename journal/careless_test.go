package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/upay"
)

// free is that no transaction of the journal is left open, and no connection is kept.
func (s *shop) free(t *testing.T) {
	require.Eventually(t, func() bool { return s.db.Stats().InUse == 0 }, 5*time.Second, 10*time.Millisecond)
}

// A merchant's Book that panics takes the caller's goroutine with it, and nothing else: what the answer said is kept, and
// booked when Book works again.
func TestBookThatPanicsLosesNoOutcome(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		var broken atomic.Bool
		broken.Store(true)
		s := newShop(t, db, dialect, func(c *Config) {
			c.Book = func(ctx context.Context, tx *sql.Tx, e Entry) error {
				if err := bookIn(ctx, tx, e); err != nil {
					return err
				}
				if broken.Load() {
					panic("nil map")
				}
				return nil
			}
		})
		order := s.order()
		require.PanicsWithValue(t, "nil map", func() { _, _ = s.revoke(order) })
		s.free(t)
		require.Empty(t, s.booked(t, order))
		e := s.of(t, order)
		require.Equal(t, Open, e.State)
		require.Contains(t, e.Reason, "found succeeded and not booked: Book: panic: nil map")
		require.EqualValues(t, 1, s.counters.bookFails.Load())

		prepared := s.prepared(t, s.order())
		_, err := db.Exec("UPDATE cnpay_entries SET due = 1 WHERE id = $1", prepared.ID)
		require.NoError(t, err)
		lost := s.lost(t)
		noticed := s.lost(t)
		done := news{s.ticket(t, noticed.Ticket.Order), cnpay.Succeeded, "1"}
		require.PanicsWithValue(t, "nil map", func() { _ = s.Notified(t.Context(), done) })
		require.PanicsWithValue(t, "nil map", func() { _ = s.Close(t.Context(), lost, cnpay.Succeeded, "li", "in the portal") })
		s.free(t)
		require.Equal(t, "", s.of(t, lost.Ticket.Order).found, "a person says it again")

		s.run(t)
		require.Eventually(t, func() bool { return s.counters.bookFails.Load() >= 6 }, 20*time.Second, 10*time.Millisecond)
		time.Sleep(2 * time.Second)
		require.Equal(t, 1, s.gateway.Received(upay.OpOrderQuery), "what is known is not asked again")
		require.Contains(t, s.of(t, prepared.Ticket.Order).Reason, "panic: nil map")
		broken.Store(false)
		for _, order := range []string{order, lost.Ticket.Order, noticed.Ticket.Order} {
			s.eventually(t, order, Succeeded)
			require.Equal(t, []string{"0 succeeded"}, s.booked(t, order))
		}
		s.eventually(t, prepared.Ticket.Order, NotSent)
	})
}

// What a panic in a commit that is cleaned up, or in a look whether an entry may go, ends is not the process.
func TestPanicsInTheSweepDoNotEndTheProcess(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		var broken atomic.Bool
		s := newShop(t, db, dialect, func(c *Config) {
			c.Retention = time.Hour
			book := c.Book
			c.Book = func(ctx context.Context, tx *sql.Tx, e Entry) error {
				if e.State == NotSent {
					panic("nil map")
				}
				return book(ctx, tx, e)
			}
			client := c.Client
			c.Client = func(ticket cnpay.Ticket) (cnpay.Settler, error) {
				if broken.Load() && ticket.Fields["client_sn"] == "7654000001" {
					panic("no such account")
				}
				return client(ticket)
			}
		})
		for range 3 {
			order := s.order()
			_, err := s.revoke(order)
			require.NoError(t, err)
			s.long(t, order)
		}
		_, err := db.Exec("UPDATE cnpay_entries SET closed = 1")
		require.NoError(t, err)
		_, err = db.Exec("UPDATE cnpay_entries SET ticket = REPLACE(ticket, '\"fields\":{', '\"fields\":{\"client_sn\":\"' || order_number || '\",')")
		require.NoError(t, err)
		lost := s.lost(t)
		ticket := s.ticket(t, s.order())
		s.doubts = append(s.doubts, sending{owner: newOwner(), ticket: ticket, alone: true, fresh: true})
		broken.Store(true)
		s.run(t)
		s.eventually(t, lost.Ticket.Order, Succeeded)
		require.Eventually(t, func() bool {
			var n int
			require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM cnpay_entries WHERE closed = 1").Scan(&n))
			return n == 1
		}, 10*time.Second, 20*time.Millisecond, "the one that panics holds no other")
	})
}

// A panic of the merchant's other functions says so in its entry, and settles the others.
func TestFunctionsThatPanic(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		var bad string
		s := newShop(t, db, dialect, func(c *Config) {
			client := c.Client
			c.Client = func(ticket cnpay.Ticket) (cnpay.Settler, error) {
				if bad == "client" && ticket.Order == "7654000001" {
					panic("no such account")
				}
				return client(ticket)
			}
			c.Resend = func(context.Context, Entry, *cnpay.Settlement) error { panic("nil till") }
		})
		first := s.lost(t)
		resent := s.order()
		s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.Late(time.Hour))
		_, _ = s.revoke(resent, cnpay.WithTimeout(500*time.Millisecond))
		last := s.lost(t)
		bad = "client"
		s.run(t)
		s.eventually(t, last.Ticket.Order, Succeeded)
		for order, says := range map[string]string{first.Ticket.Order: "panic: no such account", resent: "panic: nil till"} {
			require.Eventually(t, func() bool { return s.of(t, order).Reason == says }, 10*time.Second, 20*time.Millisecond, "%+v", s.of(t, order))
			require.Equal(t, Open, s.of(t, order).State)
		}
	})
}

// Book is given a transaction that is not its own to end. One that ends it all the same books nothing twice, and is told.
func TestBookThatEndsTheTransaction(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		end := (*sql.Tx).Rollback
		var well atomic.Bool
		s := newShop(t, db, dialect, func(c *Config) {
			c.Book = func(ctx context.Context, tx *sql.Tx, e Entry) error {
				err := bookIn(ctx, tx, e)
				if well.Load() {
					return err
				}
				return errors.Join(err, end(tx))
			}
		})
		order := s.order()
		outcome, err := s.revoke(order)
		require.Equal(t, cnpay.Succeeded, outcome, "%v", err)
		e := s.of(t, order)
		require.Equal(t, Open, e.State)
		require.Contains(t, e.Reason, "found succeeded and not booked")
		end = (*sql.Tx).Commit
		committed := s.order()
		outcome, err = s.revoke(committed)
		require.Equal(t, cnpay.Succeeded, outcome, "%v", err)
		require.Equal(t, Succeeded, s.of(t, committed).State)
		require.Equal(t, []string{"0 succeeded"}, s.booked(t, committed))
		require.NoError(t, s.Notified(t.Context(), news{s.ticket(t, committed), cnpay.Succeeded, "1"}))
		well.Store(true)
		s.free(t)
		s.run(t)
		s.eventually(t, order, Succeeded)
		require.Equal(t, []string{"0 succeeded"}, s.booked(t, order))
		require.Zero(t, s.gateway.Received(upay.OpOrderQuery))
	})
}

// Book that takes too long has its transaction rolled back. What was found is kept though its time is over.
func TestBookThatTakesTooLong(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		for name, book := range map[string]func(context.Context) error{
			"and says so":      func(ctx context.Context) error { <-ctx.Done(); return fmt.Errorf("booking: %w", context.Canceled) },
			"and says nothing": func(ctx context.Context) error { <-ctx.Done(); return nil },
		} {
			t.Run(name, func(t *testing.T) {
				var well atomic.Bool
				s := newShop(t, db, dialect, func(c *Config) {
					c.Limit = time.Second
					c.Book = func(ctx context.Context, tx *sql.Tx, e Entry) error {
						err := bookIn(ctx, tx, e)
						if !well.Load() {
							err = errors.Join(err, book(ctx))
						}
						return err
					}
				})
				s.last = len(name) * 10
				order := s.order()
				outcome, err := s.revoke(order)
				require.Equal(t, cnpay.Succeeded, outcome, "%v", err)
				s.free(t)
				require.Contains(t, s.of(t, order).Reason, "found succeeded and not booked")
				well.Store(true)
				s.run(t)
				s.eventually(t, order, Succeeded)
				require.Equal(t, []string{"0 succeeded"}, s.booked(t, order))
				require.Zero(t, s.gateway.Received(upay.OpOrderQuery))
			})
		}
	})
}

// A Book that never returns for some orders keeps its goroutines, and not the settling of the others.
func TestBookThatNeverReturnsHoldsNoOtherEntry(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		const workers = 2
		release := make(chan struct{})
		t.Cleanup(func() { close(release) })
		s := newShop(t, db, dialect, func(c *Config) {
			c.Workers, c.Lease = workers, time.Second
			c.Book = func(ctx context.Context, tx *sql.Tx, e Entry) error {
				if e.Ticket.Order <= "7654000002" {
					<-release
				}
				return bookIn(ctx, tx, e)
			}
		})
		for range workers {
			s.lost(t)
		}
		s.run(t)
		require.Eventually(t, func() bool { return s.gateway.Received(upay.OpOrderQuery) >= workers }, 10*time.Second, 10*time.Millisecond)
		last := s.lost(t)
		s.eventually(t, last.Ticket.Order, Succeeded)
	})
}

// bad is a notification whose methods panic.
type bad struct{ news }

func (bad) CallOutcome() cnpay.Outcome { panic("no outcome") }

func TestNotificationsThatSayNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		e := s.lost(t)
		require.ErrorIs(t, s.Notified(t.Context(), news{outcome: cnpay.Succeeded}), ErrNoEntry)
		about := s.ticket(t, e.Ticket.Order)
		require.Panics(t, func() { _ = s.Notified(t.Context(), bad{news{ticket: about}}) })
		require.Panics(t, func() { _ = s.Notified(t.Context(), nil) })
		s.free(t)
		require.NoError(t, s.Notified(t.Context(), news{about, cnpay.Outcome(77), "1"}))
		require.Equal(t, Open, s.of(t, e.Ticket.Order).State)
		_, err := s.History(t.Context(), e)
		require.NoError(t, err)
	})
}

// Close by hand, a notification, a settler and Claim against the expiry of what is prepared: booked once, and one end.
func TestEndsAtTheSameMoment(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		other := *s // a second replica
		var err error
		other.Journal, err = New(db, dialect, s.config)
		require.NoError(t, err)
		rounds := 60
		ends := map[string]int{}
		for range rounds {
			e := s.lost(t)
			order := e.Ticket.Order
			s.long(t, order)
			require.NoError(t, s.AskNow(t.Context(), e))
			_, err := db.Exec("UPDATE cnpay_entries SET asked_at = 0")
			require.NoError(t, err)
			var turns []turn
			_, err = s.handOut(t.Context(), 100, func(_ *sql.Tx, got []turn) error { turns = got; return nil })
			require.NoError(t, err)
			require.Len(t, turns, 1)
			var all sync.WaitGroup
			all.Go(func() { _ = other.Close(t.Context(), e, cnpay.NotSent, "li", "told so") })
			all.Go(func() { _ = s.Close(t.Context(), e, cnpay.Failed, "wang", "told so") })
			all.Go(func() { _ = other.Notified(t.Context(), news{s.ticket(t, order), cnpay.Succeeded, "1"}) })
			all.Go(func() { _ = s.Notified(t.Context(), news{s.ticket(t, order), cnpay.Failed, "2"}) })
			all.Go(func() { _ = s.settle(t.Context(), turns[0], 0) })
			all.Go(func() { _ = other.settle(t.Context(), turns[0], 0) })
			all.Wait()
			now := s.of(t, order)
			require.True(t, now.State.Final())
			require.Equal(t, []string{"0 " + string(now.State)}, s.booked(t, order))
			require.NotZero(t, now.Conflicts, "the others said otherwise")
			ends[string(now.State)]++
		}
		t.Log(ends)
		claims := map[string]int{}
		for range rounds {
			e := s.prepared(t, s.order())
			order := e.Ticket.Order
			var all sync.WaitGroup
			var claimed atomic.Int32
			for _, j := range []*Journal{s.Journal, other.Journal} {
				all.Go(func() { _ = j.expire(t.Context(), e) })
				all.Go(func() {
					if _, err := j.Claim(t.Context(), e, time.Now().Add(time.Hour)); err == nil {
						claimed.Add(1)
					}
				})
			}
			all.Wait()
			now := s.of(t, order)
			claims[string(now.State)]++
			if now.State == NotSent {
				require.Zero(t, claimed.Load())
				require.Equal(t, []string{"0 not_sent"}, s.booked(t, order))
				continue
			}
			require.Equal(t, Open, now.State)
			require.EqualValues(t, 1, claimed.Load())
			require.Empty(t, s.booked(t, order))
		}
		t.Log(claims)
	})
}

// What cannot be booked takes no place of its account's: the others are settled.
func TestEntriesThatCannotBeBookedHoldNoOther(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect, func(c *Config) {
			c.Book = func(ctx context.Context, tx *sql.Tx, e Entry) error {
				if e.Ticket.Order <= "7654000004" {
					return errors.New("no such order")
				}
				return bookIn(ctx, tx, e)
			}
		})
		for range s.config.PerAccount {
			s.lost(t)
		}
		s.run(t)
		require.Eventually(t, func() bool { return s.counters.bookFails.Load() >= 4 }, 10*time.Second, 10*time.Millisecond)
		begun := time.Now()
		last := s.lost(t)
		s.eventually(t, last.Ticket.Order, Succeeded)
		require.Less(t, time.Since(begun), 10*time.Second, "a lease has 25")
	})
}

// Client may look for an account in the journal's own database.
func TestClientMayReadTheDatabase(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		for _, outcome := range []cnpaytest.Fault{cnpaytest.OK, cnpaytest.LostAnswer, cnpaytest.Refused} {
			order := s.order()
			s.gateway.Misbehave(upay.OpOrderRevoke, outcome)
			_, _ = s.revoke(order)
			s.long(t, order)
		}
		_, err := db.Exec("UPDATE cnpay_entries SET closed = 1 WHERE closed > 0")
		require.NoError(t, err)
		s.config.Client = func(cnpay.Ticket) (cnpay.Settler, error) {
			ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second) // for ever, in a merchant's program
			defer cancel()
			var n int
			return s, db.QueryRowContext(ctx, "SELECT COUNT(*) FROM books").Scan(&n)
		}
		n, err := s.Prune(t.Context(), time.Hour)
		require.NoError(t, err)
		require.EqualValues(t, 2, n)
		s.run(t)
		s.eventually(t, "7654000002", Succeeded)
	})
}

// A Client that panics, fails, or returns a nil pointer of a map that has no such account is asked beside what it disturbs:
// the caller has its outcome, an operator sees the entry with its reason, and nobody closes what may be on its way.
func TestClientThatHasNone(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		clients := map[string]*upay.Client{}
		for name, client := range map[string]func(cnpay.Ticket) (cnpay.Settler, error){
			"panic":       func(cnpay.Ticket) (cnpay.Settler, error) { panic("no such account") },
			"error":       func(cnpay.Ticket) (cnpay.Settler, error) { return nil, errDown },
			"nil":         func(cnpay.Ticket) (cnpay.Settler, error) { return nil, nil },
			"nil pointer": func(ticket cnpay.Ticket) (cnpay.Settler, error) { return clients[ticket.Account], nil },
		} {
			t.Run(name, func(t *testing.T) {
				s := newShop(t, db, dialect, func(c *Config) { c.Client = client })
				s.last = 100 * len(name)
				refused := s.order()
				s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.Refused, cnpaytest.OK)
				_, _ = s.revoke(refused)
				outcome, err := s.revoke(refused)
				require.Equal(t, cnpay.Succeeded, outcome, "%v", err)
				e := s.lost(t)
				s.free(t)
				for _, outcome := range []cnpay.Outcome{cnpay.Failed, cnpay.NotSent} {
					require.ErrorIs(t, s.Close(t.Context(), e, outcome, "li", "told so"), ErrOnItsWay)
				}
				p := visit(t, "GET", fmt.Sprintf("%s/ops/journal/entries/%d", desk(t, s.Journal).URL, e.ID), nil)
				require.Equal(t, 200, p.StatusCode)
				require.Contains(t, p.text, `id="until"`)
				s.asked(t, e)
				now := s.of(t, e.Ticket.Order)
				require.Contains(t, []string{"panic: no such account", errDown.Error(), "Config.Client has no client for it"}, now.Reason)
				s.long(t, e.Ticket.Order)
				require.NoError(t, s.Close(t.Context(), e, cnpay.NotSent, "li", "told so"))
			})
		}
	})
}

// What is known to be carried out is never closed as anything else because Book has not taken it yet: neither what nobody had
// claimed, when it expires, nor by a refusal or a person that say otherwise.
func TestSuccessThatIsNotBookedYetStaysOne(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		var broken atomic.Bool
		broken.Store(true)
		s := newShop(t, db, dialect, func(c *Config) {
			c.Unclaimed = time.Millisecond
			c.Book = func(ctx context.Context, tx *sql.Tx, e Entry) error {
				if e.State == Succeeded && broken.Load() {
					return errDown
				}
				return bookIn(ctx, tx, e)
			}
		})
		says := func(e Entry, outcome cnpay.Outcome) error {
			return s.Notified(t.Context(), news{s.ticket(t, e.Ticket.Order), outcome, outcome.String()})
		}
		prepared := s.prepared(t, s.order())
		require.ErrorIs(t, says(prepared, cnpay.Succeeded), errDown)
		require.NoError(t, s.expire(t.Context(), prepared))
		require.Equal(t, Ready, s.of(t, prepared.Ticket.Order).State)
		refused, told := s.order(), s.order()
		for _, order := range []string{refused, told} {
			outcome, err := s.revoke(order)
			require.Equal(t, cnpay.Succeeded, outcome, "%v", err)
			s.long(t, order)
		}
		require.NoError(t, says(s.of(t, refused), cnpay.Failed))
		require.NoError(t, says(s.of(t, refused), cnpay.Failed))
		sent := s.gateway.Received(upay.OpOrderRevoke)
		for order, sending := range map[string]int{prepared.Ticket.Order: 0, refused: 0, told: 1} {
			outcome, err := s.revoke(order, cnpay.WithSending(sending))
			require.ErrorIs(t, err, ErrTaken)
			require.Equal(t, cnpay.Succeeded, outcome)
		}
		_, err := s.Claim(t.Context(), prepared, time.Now().Add(time.Hour))
		require.ErrorIs(t, err, ErrTaken)
		require.Equal(t, sent, s.gateway.Received(upay.OpOrderRevoke), "nobody sends it again")
		require.ErrorIs(t, s.Close(t.Context(), s.of(t, told), cnpay.NotSent, "li", "told so"), ErrNotOpen)
		for order, conflicts := range map[string]int{refused: 1, told: 0} {
			require.Equal(t, Open, s.of(t, order).State)
			require.Equal(t, conflicts, s.of(t, order).Conflicts)
		}
		s.run(t)
		broken.Store(false)
		for _, order := range []string{prepared.Ticket.Order, refused, told} {
			s.eventually(t, order, Succeeded)
			require.Equal(t, []string{"0 succeeded"}, s.booked(t, order))
		}
	})
}

// Two that learn at once, and neither can book: what says that it was carried out stays, whoever writes last.
func TestSuccessThatIsNotBookedYetIsNotWrittenOver(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		e := s.lost(t)
		for _, outcome := range []cnpay.Outcome{cnpay.Failed, cnpay.Succeeded, cnpay.Failed} {
			d := decision{id: e.ID, generation: e.Generation, outcome: outcome, source: "query"}
			require.NoError(t, s.keepFound(t.Context(), d, errDown))
		}
		now := s.of(t, e.Ticket.Order)
		require.Equal(t, "succeeded", now.found)
		require.Equal(t, 1, now.Conflicts)
		s.run(t)
		s.eventually(t, e.Ticket.Order, Succeeded)
	})
}
