package main

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/examples/merchant/world"
	"github.com/cnpay-go/cnpay/journal"
)

// shop is a running merchant and its gateways, for what one provider's orders need.
type shop struct {
	*life
	w        gatewaysClient
	provider string
	token    string
	n        int
}

func (s *shop) number() string {
	s.n++
	return fmt.Sprintf("%s%06d", strings.ToUpper(s.provider[:3]), s.n)
}

// order is a new one, under a number of its own.
func (s *shop) order(operation string, amount int64, of string) (string, request) {
	asked := request{Provider: s.provider, Operation: operation, Amount: amount, Of: of}
	switch s.provider + " " + operation {
	case "unionpay pay", "upay pay", "umpay pay", "upay preauth", "yuansfer preauth":
		asked.Code = fmt.Sprintf("28123456789%07d", s.n)
	case "unionpay preauth":
		asked.Code = s.token
	}
	return s.number(), asked
}

// paid carries the payer's part out, where there is one, and returns how the order ended.
func (s *shop) paid(t *testing.T, number string, asked request) order {
	t.Helper()
	switch o := s.get(number); {
	case o.Show != "":
		s.w.tell(t, "pay", s.provider, number)
	case s.provider == "unionpay" && o.Outcome == "pending": // it notifies of everything that it had accepted
		s.w.tell(t, "notify", s.provider, number)
	}
	return s.settled(number)
}

// Every operation at every provider that has it: done, refused, and with its answer lost. Each is sent once and booked once;
// the same request again is answered alike, another one under the same number is refused.
func TestOperations(t *testing.T) {
	t.Parallel()
	w := gatewaysOf(t)
	l := live(t, w, file(t))
	k, err := w.Keys(t.Context())
	require.NoError(t, err)
	var mu sync.Mutex
	var taken, held, rows int64 // what the books must say at the end
	t.Run("providers", func(t *testing.T) {
		for provider, lacks := range map[string][]string{
			"unionpay": nil, "upay": nil, "yuansfer": nil, "chinaums": {"refund of a complete"}, "umpay": {"refund of a complete"},
		} {
			t.Run(provider, func(t *testing.T) {
				t.Parallel()
				here := *l
				here.t = t
				s := &shop{life: &here, w: w, provider: provider, token: k.UnionPay.Token}
				done := func(operation string, amount int64, of string) string {
					number, asked := s.order(operation, amount, of)
					s.put(number, asked)
					require.Equal(t, journal.Succeeded, s.paid(t, number, asked).State, "%s %s", provider, operation)
					sign := map[string][2]int64{"pay": {1, 0}, "preauth": {0, 1}, "complete": {1, -1}, "cancel": {0, -1}, "refund": {-1, 0}, "revoke": {-1, 0}}[operation]
					mu.Lock()
					taken, held, rows = taken+sign[0]*amount, held+sign[1]*amount, rows+1
					mu.Unlock()
					return number
				}
				for _, operation := range []struct{ operation, of string }{
					{"pay", ""}, {"preauth", ""}, {"complete", "preauth"}, {"cancel", "preauth"}, {"refund", "pay"}, {"refund", "complete"}, {"revoke", "pay"},
				} {
					name := operation.operation
					if operation.of != "" {
						name += " of a " + operation.of
					}
					of := func() string { // an earlier order
						switch operation.of {
						case "pay", "preauth":
							return done(operation.of, 900, "")
						case "complete":
							return done("complete", 900, done("preauth", 900, ""))
						}
						return ""
					}
					if slices.Contains(lacks, name) {
						number, asked := s.order(operation.operation, 900, of())
						status, body := s.refused(number, asked)
						require.Equal(t, http.StatusUnprocessableEntity, status)
						require.Equal(t, provider+" has no "+name, body.Faults[0].Problem)
						continue
					}
					// A refund of a completion is another operation, for which the world has no word.
					faults := []cnpaytest.Fault{cnpaytest.OK, cnpaytest.LostAnswer, cnpaytest.Refused}
					if operation.of == "complete" {
						faults = faults[:1]
					}
					for _, fault := range faults {
						number, asked := s.order(operation.operation, 900, of())
						if fault != cnpaytest.OK {
							w.misbehave(t, provider, operation.operation, fault)
						}
						before := 0
						if operation.of != "complete" {
							before = w.received(t, provider, operation.operation)
						}
						status, first := s.put(number, asked)
						about := fmt.Sprintf("%s, %s: %d %+v", name, fault, status, first)
						switch {
						case fault == cnpaytest.Refused:
							require.Equal(t, http.StatusOK, status, about)
							require.Equal(t, journal.Failed, first.State, about)
						case fault == cnpaytest.LostAnswer:
							require.Equal(t, http.StatusAccepted, status, about)
							require.Equal(t, "unknown", first.Outcome, about)
							require.NotZero(t, first.Next, about)
						}
						if scans := asked.Code == "" && asked.Of == "" && provider != "umpay"; fault == cnpaytest.LostAnswer && scans {
							require.Empty(t, first.Show, about) // nobody can pay what was never shown
							continue
						}
						end := s.paid(t, number, asked)
						if fault != cnpaytest.Refused {
							require.Equal(t, journal.Succeeded, end.State, about)
							sign := map[string][2]int64{"pay": {1, 0}, "preauth": {0, 1}, "complete": {1, -1}, "cancel": {0, -1}, "refund": {-1, 0}, "revoke": {-1, 0}}[operation.operation]
							mu.Lock()
							taken, held, rows = taken+sign[0]*900, held+sign[1]*900, rows+1
							mu.Unlock()
						}
						again, same := s.put(number, asked)
						require.Equal(t, http.StatusOK, again, about)
						require.Equal(t, end, same, about)
						asked.Amount--
						other, body := s.refused(number, asked)
						require.Equal(t, http.StatusConflict, other, about)
						require.Equal(t, "an order of this number has another content", body.Text)
						if operation.of != "complete" {
							require.Equal(t, before+1, w.received(t, provider, operation.operation), "%s: sent more than once", about)
						}
					}
				}
			})
		}
	})
	b := l.books()
	require.Equal(t, []int64{rows, taken, held}, []int64{b.Rows, b.Taken, b.Held})
	require.Empty(t, l.errs.String())
}

func (l *life) refused(number string, asked any) (int, refusal) {
	l.t.Helper()
	var body refusal
	status, err := world.Call(l.t.Context(), http.MethodPut, l.base+"/orders/"+number, asked, &body)
	require.NoError(l.t, err)
	return status, body
}

// What is wrong with a request is said at once, all of it, and nothing is stored or sent.
func TestRefusals(t *testing.T) {
	t.Parallel()
	w := gatewaysOf(t)
	l := live(t, w, file(t))
	_, paid := l.put("PAID0001", request{Provider: "upay", Operation: "pay", Amount: 900, Code: "281234567890123456"})
	require.Equal(t, journal.Succeeded, paid.State)
	upay := func(operation string, amount int64, of string) request {
		return request{Provider: "upay", Operation: operation, Amount: amount, Of: of}
	}
	for name, tt := range map[string]struct {
		number string
		asked  any
		status int
		says   string
	}{
		"every fault":            {"x", map[string]any{"amount": -1, "currency": "CNY", "operation": "refund", "provider": "alipay", "code": "1"}, 422, "currency is not a name that is known here; number must be 8 to 16 letters and digits; amount must be in fen, from 1 to 99999999; provider must be unionpay, chinaums, upay, yuansfer or umpay; of must be the number of the earlier order; code is of pay and preauth"},
		"no object":              {"NEW00001", []int{1}, 422, "body it must hold a JSON object, and holds a list"},
		"no operation":           {"NEW00001", upay("close", 1, ""), 422, "operation must be pay"},
		"a payment of an order":  {"NEW00001", upay("pay", 1, "PAID0001"), 422, "of is of operations about an earlier order"},
		"the provider's own":     {"NEW00001", upay("pay", 900, ""), 422, "dynamic_id is required"},
		"no such order":          {"NEW00001", upay("refund", 900, "NONE0001"), 422, "of is the number of no order"},
		"another provider":       {"NEW00001", request{Provider: "umpay", Operation: "refund", Amount: 900, Of: "PAID0001"}, 422, "provider must be upay, that of the earlier order"},
		"more than was paid":     {"NEW00001", upay("refund", 901, "PAID0001"), 409, "901 fen is more than PAID0001 has left: it is about 900 fen, of which 0 are given back, taken or under way"},
		"a part revoked":         {"NEW00001", upay("revoke", 100, "PAID0001"), 422, "amount must be the whole, 900"},
		"a payment completed":    {"NEW00001", upay("complete", 900, "PAID0001"), 422, "operation upay has no complete of a pay"},
		"larger than any can be": {"NEW00001", map[string]string{"code": strings.Repeat("1", 2<<20)}, 413, "the body is larger than a request can be"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := l.refused(tt.number, tt.asked)
			require.Equal(t, tt.status, status, body.Text)
			require.Contains(t, body.Text, tt.says)
			require.Zero(t, l.get("NEW00001"))
		})
	}
	t.Run("a list", func(t *testing.T) {
		for query, says := range map[string]string{
			"limit=many": "limit must be from 1 to 1000", "state=paid": "state must be open, succeeded, failed or not_sent",
		} {
			var body refusal
			status, err := world.Call(t.Context(), http.MethodGet, l.base+"/orders?"+query, nil, &body)
			require.NoError(t, err)
			require.Equal(t, http.StatusUnprocessableEntity, status)
			require.Equal(t, says, body.Text)
		}
	})
	t.Run("a gateway's fault", func(t *testing.T) {
		err := w.Tell(t.Context(), "misbehave", world.Played{Provider: "upay", Operation: "pay", Fault: "hangs"}, nil)
		require.ErrorContains(t, err, `no such fault: "hangs"; want one of ["ok" "lost-answer"`)
		err = w.Tell(t.Context(), "misbehave", world.Played{Provider: "upay", Operation: "close", Fault: "hang"}, nil)
		require.ErrorContains(t, err, "upay has no close: want a provider, and pay, preauth, complete")
	})
	t.Run("money is given back once", func(t *testing.T) {
		w.misbehave(t, "upay", "refund", cnpaytest.LostAnswer)
		status, _ := l.put("BACK0001", upay("refund", 600, "PAID0001"))
		require.Equal(t, http.StatusAccepted, status)
		for operation, amount := range map[string]int64{"refund": 301, "revoke": 900} { // while it is open, and later
			status, body := l.refused("BACK0002", upay(operation, amount, "PAID0001"))
			require.Equal(t, http.StatusConflict, status)
			require.Contains(t, body.Text, "of which 600 are given back, taken or under way")
		}
		l.settled("BACK0001")
		status, _ = l.refused("BACK0002", upay("revoke", 900, "PAID0001"))
		require.Equal(t, http.StatusConflict, status)
		_, rest := l.put("BACK0003", upay("refund", 300, "PAID0001"))
		require.Equal(t, journal.Succeeded, rest.State)
	})
	t.Run("another site's page", func(t *testing.T) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, l.base+"/orders/NEW00001", strings.NewReader(`{}`))
		require.NoError(t, err)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		res, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusForbidden, res.StatusCode)
	})
	t.Run("a forged notification", func(t *testing.T) {
		for _, provider := range slices.Sorted(maps.Keys(map[string]bool{"unionpay": true, "chinaums": true, "upay": true, "yuansfer": true, "umpay": true})) {
			res, err := http.PostForm(l.base+"/notify/"+provider, url.Values{"orderId": {"PAID0001"}, "respCode": {"00"}})
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.GreaterOrEqual(t, res.StatusCode, 400, provider)
		}
	})
}

// A notification decides as a query does, whoever is first and however often it comes: for an order of which no query says
// anything, because they go unanswered.
func TestNotifications(t *testing.T) {
	t.Parallel()
	w := gatewaysOf(t)
	l := live(t, w, file(t))
	k, err := w.Keys(t.Context())
	require.NoError(t, err)
	var sum int64
	for i, provider := range []string{"unionpay", "chinaums", "upay", "yuansfer", "umpay"} {
		t.Run(provider, func(t *testing.T) {
			here := *l
			here.t = t
			s := &shop{life: &here, w: w, provider: provider, token: k.UnionPay.Token}
			amount := int64(100 + i)
			number, asked := s.order("pay", amount, "")
			w.misbehave(t, provider, "query", "always "+cnpaytest.HTTP502)
			if asked.Code != "" {
				w.misbehave(t, provider, "pay", cnpaytest.LostAnswer)
			}
			status, o := s.put(number, asked)
			require.Equal(t, http.StatusAccepted, status)
			time.Sleep(1500 * time.Millisecond)
			require.Equal(t, journal.Open, s.get(number).State, "a query has found it")
			if o.Show != "" {
				w.tell(t, "pay", provider, number) // and notifies
			} else {
				w.tell(t, "notify", provider, number)
			}
			require.Equal(t, journal.Succeeded, s.get(number).State)
			w.tell(t, "notify", provider, number)
			w.tell(t, "notify", provider, number)
			sum += amount
			require.Equal(t, sum, l.books().Taken)
		})
	}
	require.Equal(t, int64(5), l.books().Rows)
}

// What was never sent may be asked for again, under the same number: the journal's database was away, here because
// somebody else had it locked.
func TestNotSentIsSentAgain(t *testing.T) {
	t.Parallel()
	w, name := gatewaysOf(t), file(t)
	l := live(t, w, name)
	asked := request{Provider: "upay", Operation: "pay", Amount: 900, Code: "281234567890123456"}
	db, err := open(name)
	require.NoError(t, err)
	defer db.Close()
	checkedIn(t, db)
	var tx *sql.Tx
	require.Eventually(t, func() bool { tx, err = db.BeginTx(t.Context(), nil); return err == nil }, 10*time.Second, 10*time.Millisecond)
	status, body := l.refused("AGAIN001", asked)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, "something is wrong here; try the same again", body.Text)
	require.NoError(t, tx.Rollback())
	require.Zero(t, w.received(t, "upay", "pay"))

	status, o := l.put("AGAIN001", asked)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, journal.Succeeded, o.State)
	require.Equal(t, 1, w.received(t, "upay", "pay"))
}

// A merchant died between storing an order and sending it: the same request sends it, once.
func TestPreparedIsSent(t *testing.T) {
	t.Parallel()
	w, name := gatewaysOf(t), file(t)
	l := live(t, w, name)
	k, err := w.Keys(t.Context())
	require.NoError(t, err)
	db, err := open(name)
	require.NoError(t, err)
	defer db.Close()
	j, err := journal.New(db.DB, db.dialect, journal.Config{Client: func(cnpay.Ticket) (cnpay.Settler, error) { return nil, nil }})
	require.NoError(t, err)
	providers, err := connection{Keys: k, url: l.base + "/notify"}.providers()
	require.NoError(t, err)
	asked := request{Provider: "upay", Operation: "pay", Amount: 900, Code: "281234567890123456"}
	o := &order{Number: "DIED0001", Provider: "upay", Operation: "pay", Amount: 900, At: time.Now().UTC(), digest: digestOf("DIED0001", asked)}
	ready, err := providers["upay"].request(t.Context(), step{order: o, code: asked.Code})
	require.NoError(t, err)
	o.Ticket = ready.ticket
	_, err = db.prepare(t.Context(), j, o, nil) // and no more
	require.NoError(t, err)
	require.Equal(t, journal.Open, l.get("DIED0001").State)
	require.Zero(t, w.received(t, "upay", "pay"))

	var asking sync.WaitGroup
	for range 5 {
		asking.Go(func() { _, _ = world.Call(t.Context(), http.MethodPut, l.base+"/orders/DIED0001", asked, nil) })
	}
	asking.Wait()
	require.Equal(t, journal.Succeeded, l.settled("DIED0001").State)
	require.Equal(t, 1, w.received(t, "upay", "pay"))
	require.Equal(t, books{Rows: 1, Orders: 1, Taken: 900}, l.books())
}

// A request that is late looks like one that was never made: where the documents make a repeat harmless the journal sends it
// again, which ends the doubt.
func TestRevokeIsSentAgain(t *testing.T) {
	t.Parallel()
	w := gatewaysOf(t)
	l := live(t, w, file(t))
	_, paid := l.put("PAID0001", request{Provider: "upay", Operation: "pay", Amount: 900, Code: "281234567890123456"})
	require.Equal(t, journal.Succeeded, paid.State)
	w.misbehave(t, "upay", "revoke", cnpaytest.Late(time.Hour))
	status, _ := l.put("BACK0001", request{Provider: "upay", Operation: "revoke", Amount: 900, Of: "PAID0001"})
	require.Equal(t, http.StatusAccepted, status)
	require.Equal(t, journal.Succeeded, l.settled("BACK0001").State)
	require.Equal(t, 2, w.received(t, "upay", "revoke"))
	require.Equal(t, books{Rows: 2, Orders: 2}, l.books())
}

// postgres is a database of the test's own.
func postgres(t *testing.T) string {
	address := os.Getenv("CNPAY_TEST_POSTGRES")
	if address == "" {
		t.Skip("CNPAY_TEST_POSTGRES is not set: replicas need a PostgreSQL, and are not tested here")
	}
	admin, err := sql.Open("pgx", address)
	require.NoError(t, err)
	name := fmt.Sprintf("merchant_%d", time.Now().UnixNano())
	_, err = admin.ExecContext(t.Context(), "CREATE DATABASE "+name)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := admin.Exec("DROP DATABASE " + name + " WITH (FORCE)")
		require.NoError(t, err)
		require.NoError(t, admin.Close())
	})
	u, err := url.Parse(address)
	require.NoError(t, err)
	u.Path = "/" + name
	return u.String()
}

// The README's three replicas, as they stand there but for addresses, program, database and the day: they begin at the same time,
// and one of them, killed, leaves an order to the others.
func TestReadmeReplicas(t *testing.T) {
	t.Parallel()
	db, w := postgres(t), gatewaysOf(t)
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, block, ok := strings.Cut(string(text), "createdb merchant\n")
	require.True(t, ok)
	block, _, _ = strings.Cut(block, "\n```")
	var replicas []*life
	for line := range strings.Lines(block) {
		words := strings.Fields(line)
		require.Equal(t, []string{"go", "run", "."}, words[:3])
		for i, word := range words {
			switch {
			case strings.HasPrefix(word, "postgres://"):
				words[i] = db
			case strings.HasPrefix(word, "127.0.0.1:"):
				words[i] = "127.0.0.1:0"
			}
		}
		require.Equal(t, "&", words[len(words)-1])
		replicas = append(replicas, begin(t, append(words[3:len(words)-1], "-gateways", w.Addr, "-day", "0")...))
	}
	require.Len(t, replicas, 3)
	for _, l := range replicas {
		l.serves()
	}
	w.misbehave(t, "umpay", "pay", cnpaytest.Hang)
	asked := request{Provider: "umpay", Operation: "pay", Amount: 1250, Code: "281234567890123456"}
	go func() {
		_, _ = world.Call(context.Background(), http.MethodPut, replicas[1].base+"/orders/TEA00001", asked, nil)
	}()
	require.Eventually(t, func() bool { return w.received(t, "umpay", "pay") > 0 }, 10*time.Second, 10*time.Millisecond)
	replicas[1].kill()
	replicas[2].put("TEA00001", asked)
	require.Equal(t, journal.Succeeded, replicas[2].settled("TEA00001").State)
	require.Equal(t, 1, w.received(t, "umpay", "pay"))
	require.Zero(t, replicas[0].stop(), replicas[0].errs.String())
	require.Zero(t, replicas[2].stop(), replicas[2].errs.String())
	require.Empty(t, replicas[0].errs.String()+replicas[1].errs.String()+replicas[2].errs.String())
}

// Three replicas share a PostgreSQL under load; one of them is killed. Whoever was its client asks another one, with the
// same request. Every order is true and booked once.
func TestReplicas(t *testing.T) {
	t.Parallel()
	db, w := postgres(t), gatewaysOf(t)
	replicas := []*life{live(t, w, db), live(t, w, db), live(t, w, db)}
	const orders, clients = 300, 12
	for i := range orders / 10 {
		w.misbehave(t, "upay", "pay", []cnpaytest.Fault{cnpaytest.LostAnswer, cnpaytest.HTTP502, cnpaytest.Late(time.Second)}[i%3])
		for range 9 {
			w.misbehave(t, "upay", "pay", cnpaytest.OK)
		}
	}
	number := func(i int) string { return fmt.Sprintf("LOAD%05d", i) }
	asked := request{Provider: "upay", Operation: "pay", Amount: 10, Code: "281234567890123456"}
	began := time.Now()
	var asking sync.WaitGroup
	for c := range clients {
		asking.Go(func() {
			for i := c; i < orders; i += clients {
				for try := range 3 { // the next replica, where one does not answer
					status, err := world.Call(t.Context(), http.MethodPut, replicas[(i+try)%3].base+"/orders/"+number(i), asked, nil)
					if err == nil && status < 500 {
						break
					}
				}
			}
		})
	}
	require.Eventually(t, func() bool { return w.received(t, "upay", "pay") > orders/3 }, time.Minute, time.Millisecond)
	replicas[1].kill()
	asking.Wait()
	took := time.Since(began)
	killed := 0
	for i := range orders {
		o := replicas[0].settled(number(i))
		if o.State == journal.NotSent { // stored by the replica that was killed then; nothing happened, so it is asked for again
			killed++
			replicas[0].put(number(i), asked)
			o = replicas[0].settled(number(i))
		}
		require.Equal(t, journal.Succeeded, o.State, number(i))
	}
	require.LessOrEqual(t, killed, clients)
	t.Logf("%d orders in %.1f s, all settled after %.1f s; %d had not been sent", orders, took.Seconds(), time.Since(began).Seconds(), killed)
	require.Equal(t, orders, w.received(t, "upay", "pay"), "sent more or less than once each")
	require.Equal(t, books{Rows: orders, Orders: orders, Taken: orders * 10}, replicas[2].books())
	require.Zero(t, replicas[0].stop(), replicas[0].errs.String())
	require.Zero(t, replicas[2].stop(), replicas[2].errs.String())
}
