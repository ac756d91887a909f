package journal

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/upay"
)

// The simulation runs the real journal on SQLite in schedules drawn at random and replayable by their seed: two replicas
// that get the same order, two settlers, a merchant who prepares it, notifications that come twice, a network and a
// gateway that are late. Every statement, transaction and request is a step at which its process may stop, for long or for
// ever, or lose the answer. Clocks, network and gateway are the test's own; nothing waits.

var (
	seeds = flag.Int("seeds", 2000, "schedules to simulate")
	seed  = flag.Uint64("seed", 0, "the one schedule to replay, with its steps")
)

const (
	simTimeout = time.Minute
	simMargin  = 10 * time.Minute
)

// lawless is the world without some rules: those that the journal keeps, and those that the core keeps for it.
type lawless struct {
	without
	horizon, before, clock, state bool
	hand                          bool // a person closes entries as it pleases
	repeats                       bool // the gateway carries out a repeat again, and it is sent again all the same
}

// action is what happens to a process at its next step.
type action int

const (
	proceed action = iota
	die            // now and for ever: the step does not happen, and no later one
	fail           // the database or the network refuses
	lose           // the step happens, and its answer is lost
)

var errDead, errDown, errLost = errors.New("dead"), errors.New("database is down"), errors.New("connection lost")

// process is one thread of the merchant's program. It runs only while the scheduler waits for it.
type process struct {
	name   string
	sim    *sim
	resume chan action
	parked chan bool // false when it has ended
	at     string
	dead   bool
	ended  bool
	sent   *request
}

type processKey struct{}

func of(ctx context.Context) *process {
	p, _ := ctx.Value(processKey{}).(*process)
	return p
}

// step stops until the scheduler lets the process go on.
func (p *process) step(at string) action {
	if p.dead {
		return die
	}
	p.at = at
	p.parked <- true
	a := <-p.resume
	if a == die {
		p.dead = true
	}
	return a
}

// request is a payment on its way.
type request struct {
	n        int
	deadline time.Time // by which the network has delivered or lost it
	answer   string    // result code of the gateway's answer; empty while there is none
}

// sim is one schedule.
type sim struct {
	*world
	r       *rand.Rand
	order   string
	log     []string
	trouble string

	// The gateway.
	state      string // "", "accepted", "executed", "refused"
	executions int
	by         *request // that made it so
	flying     []*request
	sent       int
	reuse      bool // takes a number that it has refused

	processes []*process
	turns     []turn
	resends   int
	notified  int
	refusal   bool // a refusal was notified
	chaos     float64
	wrong     int // the one clock that is wrong by much: 0 none, 1 the database's, else a replica's
}

// world is what schedules share: a database, and the programs of the merchant.
type world struct {
	db      *sql.DB
	off     lawless
	now     time.Time
	skews   []time.Duration
	skew    time.Duration // of the database's clock
	journal []*Journal
	clients []*upay.Client
	sim     *sim
}

func newWorld(t testing.TB, off lawless) *world {
	w := &world{off: off, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), skews: make([]time.Duration, 5)}
	name := "file:" + newOwner() + "?mode=memory&cache=shared&_txlock=immediate"
	inner, err := sql.Open("sqlite", name)
	require.NoError(t, err)
	w.db = sql.OpenDB(connector{inner.Driver(), name}) // whoever stands still holds a connection, and no lock
	w.db.SetMaxIdleConns(20)
	t.Cleanup(func() { _ = w.db.Close(); _ = inner.Close() })
	for i := range w.skews {
		j, err := New(w.db, SQLite, Config{
			Client: func(cnpay.Ticket) (cnpay.Settler, error) { return lawlessClient{w, i}, nil },
			Book:   bookIn, Margin: simMargin, PerAccount: 1000, PerSecond: 1000,
			Resend: func(ctx context.Context, e Entry, _ *cnpay.Settlement) error { return w.sim.resend(ctx, i, e) },
		})
		require.NoError(t, err)
		j.now, j.without = "(SELECT at FROM sim_clock)", off.without
		j.clock = func() time.Time { return w.now.Add(w.skews[i]) }
		client, err := upay.New(upay.Config{Gateway: "https://gateway", TerminalSN: "1", TerminalKey: "k"},
			cnpay.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) { return w.sim.roundTrip(r) })}),
			cnpay.WithRecorder(j), cnpay.WithTimeout(simTimeout), cnpay.WithRetry(cnpay.Retry{Attempts: 1}),
			cnpay.WithClock(func() time.Time { return w.now.Add(w.skews[i]) }), upay.WithOperations(w.pay()))
		require.NoError(t, err)
		w.journal, w.clients = append(w.journal, j), append(w.clients, client)
	}
	ctx := t.Context()
	require.NoError(t, w.journal[0].migrate(ctx))
	for _, text := range []string{
		"CREATE TABLE sim_clock (at INTEGER NOT NULL)", "INSERT INTO sim_clock VALUES (0)",
		"CREATE TABLE books (id TEXT NOT NULL, generation INTEGER NOT NULL, state TEXT NOT NULL)",
		"CREATE INDEX books_id ON books (id)",
	} {
		_, err := w.db.ExecContext(ctx, text)
		require.NoError(t, err)
	}
	w.advance(0)
	return w
}

func (w *world) advance(d time.Duration) {
	w.now = w.now.Add(d)
	if _, err := w.db.Exec("UPDATE sim_clock SET at = $1", w.now.Add(w.skew).UnixMilli()); err != nil {
		panic(err)
	}
}

type payRequest struct {
	TerminalSN string `json:"terminal_sn" spec:"M N..32"`
	SN         string `json:"sn" spec:"O S"`
	ClientSN   string `json:"client_sn" spec:"M S"`
}

// pay is an operation as the core knows it, with the rule by which the core settles it.
func (w *world) pay() upay.Operation {
	return upay.Operation{
		ID: "pay", Path: "/pay",
		Judge: func(r *upay.Result) (cnpay.Outcome, error) {
			switch r.ResultCode {
			case "PAY_SUCCESS":
				return cnpay.Succeeded, nil
			case "PAY_FAIL":
				return cnpay.Failed, nil
			case "PAY_IN_PROGRESS":
				return cnpay.Pending, nil
			}
			return cnpay.Unknown, nil
		},
		Settle: func(c *upay.Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
			return cnpay.SettleRule{
				Schedule: cnpay.Schedule{0, 5 * time.Second, 30 * time.Second, 5 * time.Minute}, Absent: true, Harmless: true,
				Query: func(ctx context.Context) (cnpay.Finding, error) {
					res, err := c.Orders.Query(ctx, &upay.OrderQueryRequest{ClientSN: t.Order}, opts...)
					if res == nil {
						return cnpay.Finding{}, err
					}
					f := cnpay.Finding{Answer: res}
					switch res.Result.OrderStatus {
					case "PAID":
						f.Outcome = cnpay.Succeeded
					case "PAY_CANCELED":
						f.Outcome = cnpay.Failed
					case "CREATED":
						f.Outcome, f.Absent = cnpay.Pending, w.off.state
					default:
						f.Absent = true
					}
					return f, nil
				},
			}
		},
	}
}

// lawlessClient is the client, without the rules that the core keeps.
type lawlessClient struct {
	w *world
	i int
}

func (c lawlessClient) Settle(ctx context.Context, t cnpay.Ticket, opts ...cnpay.Option) (*cnpay.Settlement, error) {
	if c.w.off.horizon {
		t.Until = t.Began.Add(-24 * time.Hour)
	}
	s, err := c.w.clients[c.i].Settle(ctx, t, opts...)
	if c.w.off.before && s != nil && s.Absent && c.w.now.Add(c.w.skews[c.i]).After(t.Until.Add(simMargin)) {
		s.Outcome = cnpay.NotSent
	}
	return s, err
}

// call pays the order in a call of replica i.
func (s *sim) call(ctx context.Context, i, sending int) (cnpay.Outcome, error) {
	opts := []cnpay.Option{cnpay.WithSending(sending)}
	if s.off.clock {
		frozen := s.now
		opts = append(opts, cnpay.WithClock(func() time.Time { return frozen }))
	}
	type response struct{ upay.Response }
	res, err := upay.Do[response](ctx, s.clients[i], s.pay(), &payRequest{ClientSN: s.order}, opts...)
	return cnpay.OutcomeOf(res, err), err
}

func (s *sim) resend(ctx context.Context, i int, e Entry) error {
	if s.resends == 0 {
		return nil
	}
	s.resends--
	_, err := s.call(ctx, i, e.Generation+1)
	return err
}

// caller is a replica that got the order: what it is told must be true.
func (s *sim) caller(ctx context.Context, i, times int) {
	for range times {
		of(ctx).sent = nil
		outcome, err := s.call(ctx, i, 0)
		s.note("caller %d: %v (%v)", i, outcome, err)
		if of(ctx).dead {
			return
		}
		switch {
		case s.off.hand && errors.Is(err, ErrTaken): // by a person's word, perhaps
		case outcome == cnpay.Succeeded && s.state != "executed":
			s.fault("a call said succeeded, and nothing was carried out")
		case (outcome == cnpay.Failed || outcome == cnpay.NotSent) && s.mine(of(ctx)):
			s.fault("a call said %v, and the order is %q", outcome, s.state)
		}
	}
}

// mine reports whether the last request of a process was carried out, or may be.
func (s *sim) mine(p *process) bool {
	return p.sent != nil && (slices.Contains(s.flying, p.sent) || s.by == p.sent && s.state != "refused")
}

// settler sweeps and settles, as River's workers do: also what was handed to somebody who died or stands still.
func (s *sim) settler(ctx context.Context, i, times int) {
	j := s.journal[i]
	for range times {
		if of(ctx).dead {
			return
		}
		j.flush(ctx)
		var mine []turn
		if _, err := j.handOut(ctx, 10, func(_ *sql.Tx, turns []turn) error { mine = turns; return nil }); err != nil {
			mine = nil
		}
		s.turns = append(s.turns, mine...)
		if len(mine) == 0 && len(s.turns) > 0 {
			mine = append(mine, s.turns[s.r.IntN(len(s.turns))])
		}
		for _, t := range mine {
			if err := j.settle(ctx, t, time.Second); err != nil {
				s.note("settler %d: %v", i, err)
			}
		}
	}
}

// merchant prepares the entry with the order.
func (s *sim) merchant(ctx context.Context) {
	t := cnpay.Ticket{Provider: "upay", Gateway: "gateway", Account: "1", Operation: "pay", Order: s.order}
	err := s.journal[4].inTx(ctx, func(tx *sql.Tx) error {
		_, err := s.journal[4].StartTx(ctx, tx, t)
		return err
	})
	s.note("merchant: %v", err)
}

// notifier tells twice what the gateway knows when it is asked to.
func (s *sim) notifier(ctx context.Context, outcome cnpay.Outcome, key string) {
	t := cnpay.Ticket{Provider: "upay", Account: "1", Operation: "pay", Order: s.order}
	for range 2 {
		err := s.journal[4].Notified(ctx, news{t, outcome, key})
		s.note("notified %v: %v", outcome, err)
	}
}

// roundTrip is the network, as a process sees it.
func (s *sim) roundTrip(r *http.Request) (*http.Response, error) {
	p := of(r.Context())
	if strings.HasSuffix(r.URL.Path, "/query") {
		switch p.step("query leaves") {
		case die, fail:
			return nil, errDead
		case lose:
			return nil, errLost
		}
		status := s.state
		s.note("%s asks: %q", p.name, status)
		if a := p.step("query was answered"); a != proceed {
			return nil, errLost
		}
		switch status {
		case "":
			return s.reply("FAIL", "UPAY_ORDER_NOT_EXISTS", "")
		case "accepted":
			return s.reply("SUCCESS", "", "CREATED")
		case "refused":
			return s.reply("SUCCESS", "", "PAY_CANCELED")
		}
		return s.reply("SUCCESS", "", "PAID")
	}
	if a := p.step("first byte"); a != proceed {
		return nil, errDead
	}
	if _, err := io.ReadAll(r.Body); err != nil { // the transport looks at the clocks here
		s.note("%s: %v", p.name, err)
		return nil, err
	}
	e, err := s.entry()
	if err != nil || e.State != Open && e.State != Succeeded { // a repeat may meet what was carried out meanwhile
		s.fault("sent without an open entry: %v %v", e.State, err)
	}
	s.sent++
	q := &request{n: s.sent, deadline: s.now.Add(simTimeout + simMargin/2)}
	if s.off.clock {
		q.deadline = s.now.Add(simMargin * 10)
	}
	s.flying, p.sent = append(s.flying, q), q
	s.note("%s sends %d", p.name, q.n)
	a := p.step("answer")
	if a != proceed || q.answer == "" {
		return nil, errLost
	}
	status := map[string]string{"PAY_SUCCESS": "PAID", "PAY_FAIL": "PAY_CANCELED", "PAY_IN_PROGRESS": "CREATED"}[q.answer]
	return s.reply(q.answer, "", status)
}

func (s *sim) reply(result, code, status string) (*http.Response, error) {
	biz := map[string]any{"result_code": result}
	if code != "" {
		biz["error_code"] = code
	}
	if status != "" {
		biz["data"] = map[string]string{"client_sn": s.order, "order_status": status}
	}
	text, err := json.Marshal(map[string]any{"result_code": "200", "biz_response": biz})
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(text)), ContentLength: int64(len(text)), Header: http.Header{}}, nil
}

// deliver lets a request arrive, or lose itself.
func (s *sim) deliver(q *request, calm bool) {
	s.flying = slices.DeleteFunc(s.flying, func(x *request) bool { return x == q })
	if !calm && s.r.IntN(4) == 0 {
		s.note("%d is lost", q.n)
		return
	}
	free := s.state == "" || s.state == "refused" && s.reuse
	switch {
	case free:
		s.by = q
		switch s.r.IntN(3) {
		case 0:
			s.state, q.answer = "accepted", "PAY_IN_PROGRESS"
		case 1:
			s.state, q.answer = "refused", "PAY_FAIL"
		case 2:
			s.execute()
			q.answer = "PAY_SUCCESS"
		}
	case s.state == "refused":
		q.answer = "PAY_FAIL"
	case s.state == "executed" && s.off.repeats:
		s.execute()
		q.answer = "PAY_SUCCESS"
	default:
		q.answer = "CLIENT_SN_CONFLICT"
	}
	s.note("%d arrives: %s, %s", q.n, s.state, q.answer)
}

func (s *sim) execute() {
	s.state = "executed"
	if s.executions++; s.executions > 1 {
		s.fault("carried out twice")
	}
}

func (s *sim) note(format string, args ...any) {
	s.log = append(s.log, s.now.Format("04:05 ")+fmt.Sprintf(format, args...))
}

func (s *sim) fault(format string, args ...any) {
	if s.trouble == "" {
		s.trouble = fmt.Sprintf(format, args...)
		s.note("FAULT: %s", s.trouble)
	}
}

func (s *sim) entry() (Entry, error) {
	return s.journal[0].Entry(context.Background(), cnpay.Ticket{Provider: "upay", Account: "1", Operation: "pay", Order: s.order})
}

// start begins a process, which stops before its first step.
func (s *sim) start(name string, f func(context.Context)) {
	p := &process{name: name, sim: s, resume: make(chan action), parked: make(chan bool), at: "start"}
	ctx := context.WithValue(context.Background(), processKey{}, p)
	go func() {
		if <-p.resume != die {
			f(ctx)
		}
		p.ended = true
		p.parked <- false
	}()
	s.processes = append(s.processes, p)
}

// let lets a process do one step.
func (s *sim) let(p *process, a action) {
	if p.at != "answer" || a != proceed {
		s.note("%s: %s%s", p.name, p.at, map[action]string{die: ", dies", fail: ", refused", lose: ", answer lost"}[a])
	}
	p.resume <- a
	if !<-p.parked {
		s.processes = slices.DeleteFunc(s.processes, func(x *process) bool { return x == p })
	}
}

// watch is what must be true at every moment.
func (s *sim) watch() {
	e, err := s.entry()
	if errors.Is(err, ErrNoEntry) {
		if s.sent > 0 {
			s.fault("sent without an entry")
		}
		return
	}
	if err != nil {
		s.fault("%v", err)
		return
	}
	switch {
	case e.byHand: // somebody said so
	case e.State == Succeeded && s.state != "executed":
		s.fault("the journal says succeeded, and the order is %q", s.state)
	case (e.State == Failed || e.State == NotSent) && s.state == "executed":
		s.fault("the journal says %s, and it was carried out", e.State)
	}
	var twice int
	if err := s.db.QueryRow("SELECT COUNT(*) - COUNT(DISTINCT generation) FROM books WHERE id = $1", s.order).Scan(&twice); err != nil || twice > 0 {
		s.fault("booked twice: %v", err)
	}
}

// run plays the schedule of a seed.
func (w *world) run(t testing.TB, n uint64) *sim {
	r := rand.New(rand.NewPCG(n, 0))
	s := &sim{world: w, r: r, order: fmt.Sprint("o", n), reuse: r.IntN(2) == 0, chaos: []float64{0, 0.02, 0.1}[r.IntN(3)]}
	w.sim = s
	for i := range w.skews {
		w.skews[i] = time.Duration(r.Int64N(int64(simMargin/2))) - simMargin/4
		w.journal[i].doubts = nil
	}
	w.skew = 0
	if r.IntN(2) == 0 {
		s.wrong = 1 + r.IntN(len(w.skews)+1)
		s.setWrong()
	}
	if _, err := w.db.Exec("DELETE FROM cnpay_entries"); err != nil {
		t.Fatal(err)
	}
	_, _ = w.db.Exec("DELETE FROM books")
	_, _ = w.db.Exec("DELETE FROM cnpay_events")
	if r.IntN(3) == 0 {
		s.resends = 1 + r.IntN(2)
	}
	if r.IntN(3) == 0 {
		s.start("merchant", s.merchant)
	}
	for i := range 2 {
		s.start(fmt.Sprint("caller ", i), func(ctx context.Context) { s.caller(ctx, i, 1+r.IntN(2)) })
		s.start(fmt.Sprint("settler ", i), func(ctx context.Context) { s.settler(ctx, 2+i, 2+r.IntN(5)) })
	}
	if w.off.hand {
		s.start("person", s.person)
	}
	for range 200 {
		if s.trouble != "" || len(s.processes) == 0 {
			break
		}
		s.any()
		s.watch()
	}
	s.end()
	return s
}

// any is one thing that may happen next.
func (s *sim) any() {
	r := s.r
	switch x := r.IntN(20); {
	case x < 12:
		p := s.processes[r.IntN(len(s.processes))]
		a := proceed
		if r.Float64() < s.chaos {
			a = []action{die, fail, lose}[r.IntN(3)]
		}
		s.let(p, a)
	case x < 15 && len(s.flying) > 0:
		s.deliver(s.flying[r.IntN(len(s.flying))], false)
	case x == 15 && s.state == "accepted":
		if r.IntN(3) > 0 {
			s.execute()
		} else {
			s.state = "refused"
		}
		s.note("the gateway ends it: %s", s.state)
	case x == 16 && s.state == "executed" && s.notified < 2:
		s.notified++
		s.start("notifier", func(ctx context.Context) { s.notifier(ctx, cnpay.Succeeded, "done") })
	case x == 16 && s.state == "refused" && !s.refusal:
		s.refusal = true
		s.start("notifier", func(ctx context.Context) { s.notifier(ctx, cnpay.Failed, "refused") })
	case x > 16 && s.wrong == 1 && r.IntN(4) == 0:
		s.setWrong()
	case x > 16:
		s.tick([]time.Duration{time.Second, 10 * time.Second, 40 * time.Second, 70 * time.Second, simMargin, 2 * simMargin}[r.IntN(6)], false)
	}
}

// setWrong sets the clock that is wrong: a replica's once, the database's again and again.
func (s *sim) setWrong() {
	skew := time.Duration(s.r.Int64N(int64(8*simMargin))) - 4*simMargin
	if s.wrong == 1 {
		s.skew = skew
		s.advance(0)
		s.note("the database's clock: %v", skew)
		return
	}
	s.skews[s.wrong-2] = skew
	s.note("the clock of replica %d: %v", s.wrong-2, skew)
}

// tick lets time pass, as far as the network lets it: what is on its way has arrived by its deadline.
func (s *sim) tick(d time.Duration, calm bool) {
	for _, q := range slices.Clone(s.flying) {
		if s.now.Add(d).After(q.deadline) {
			s.deliver(q, calm)
		}
	}
	s.advance(d)
	s.note("%v later", d)
}

// end lets everything come to its end, in health: then the entry must be closed, and true.
func (s *sim) end() {
	for len(s.processes) > 0 { // whoever is left stands still until now, and goes on
		s.let(s.processes[s.r.IntN(len(s.processes))], proceed)
		s.watch()
		if s.trouble != "" {
			for len(s.processes) > 0 {
				s.let(s.processes[0], die)
			}
			return
		}
	}
	for range 20 {
		s.resends = 0
		for len(s.flying) > 0 {
			s.deliver(s.flying[0], false)
		}
		if s.state == "accepted" {
			s.execute()
		}
		s.watch()
		s.tick(simMargin, true)
		s.start("settler", func(ctx context.Context) { s.settler(ctx, 4, 3) })
		for len(s.processes) > 0 {
			s.let(s.processes[0], proceed)
			s.watch()
		}
		e, err := s.entry()
		if errors.Is(err, ErrNoEntry) || s.trouble != "" {
			return
		}
		if e.State.Final() {
			if e.byHand {
				s.contradicted(e)
			} else if (e.State == Succeeded) != (s.state == "executed") {
				s.fault("at the end the journal says %s, and the order is %q", e.State, s.state)
			}
			var last string
			if err := s.db.QueryRow("SELECT state FROM books WHERE id = $1 ORDER BY generation DESC LIMIT 1", s.order).Scan(&last); err != nil || last != string(e.State) {
				s.fault("the journal says %s, and the books %s: %v", e.State, last, err)
			}
			return
		}
	}
	e, _ := s.entry()
	s.fault("still %s at the end: %s", e.State, e.Reason)
}

// connector makes every statement and transaction of a process a step.
type connector struct {
	driver driver.Driver
	name   string
}

func (c connector) Driver() driver.Driver { return c.driver }

func (c connector) Connect(context.Context) (driver.Conn, error) {
	inner, err := c.driver.Open(c.name)
	if err != nil {
		return nil, err
	}
	return &connection{Conn: inner, prepared: map[string]driver.Stmt{}}, nil
}

type connection struct {
	driver.Conn
	in       *process // whose transaction this is
	a        action
	prepared map[string]driver.Stmt // half of the time would go into preparing the same ones
}

func (c *connection) statement(query string) (driver.Stmt, error) {
	if s := c.prepared[query]; s != nil {
		return s, nil
	}
	s, err := c.Prepare(query)
	if err == nil {
		c.prepared[query] = s
	}
	return s, err
}

func (c *connection) Close() error {
	for _, s := range c.prepared {
		_ = s.Close()
	}
	return c.Conn.Close()
}

func (c *connection) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	p, a := of(ctx), proceed
	if p != nil {
		switch a = p.step("transaction"); a {
		case die:
			return nil, errDead
		case fail:
			return nil, errDown
		}
	}
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	c.in, c.a = p, a
	return &transaction{tx, c}, nil
}

type transaction struct {
	driver.Tx
	c *connection
}

func (t *transaction) Commit() error {
	t.c.in = nil
	if err := t.Tx.Commit(); err != nil {
		return err
	}
	if t.c.a == lose {
		return errLost
	}
	return nil
}

func (t *transaction) Rollback() error {
	t.c.in = nil
	return t.Tx.Rollback()
}

// before stops a process before a statement outside of a transaction.
func (c *connection) before(ctx context.Context, query string) (action, error) {
	p := of(ctx)
	if p == nil || c.in != nil {
		return proceed, nil
	}
	word, _, _ := strings.Cut(query, " ")
	switch a := p.step(word); a {
	case die:
		return a, errDead
	case fail:
		return a, errDown
	default:
		return a, nil
	}
}

func (c *connection) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	a, err := c.before(ctx, query)
	if err != nil {
		return nil, err
	}
	s, err := c.statement(query)
	if err != nil {
		return nil, err
	}
	res, err := s.(driver.StmtExecContext).ExecContext(ctx, args)
	if err == nil && a == lose {
		return nil, errLost
	}
	return res, err
}

func (c *connection) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	a, err := c.before(ctx, query)
	if err != nil {
		return nil, err
	}
	s, err := c.statement(query)
	if err != nil {
		return nil, err
	}
	rows, err := s.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err == nil && a == lose {
		return nil, errors.Join(errLost, rows.Close())
	}
	return rows, err
}

func TestSimulation(t *testing.T) {
	if *seed != 0 {
		s := newWorld(t, lawless{}).run(t, *seed)
		fmt.Fprintln(os.Stderr, strings.Join(s.log, "\n"))
		require.Empty(t, s.trouble)
		return
	}
	begun := time.Now()
	const halves = 2
	t.Run("seeds", func(t *testing.T) {
		for half := range halves {
			t.Run(fmt.Sprint(half), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, lawless{})
				for n := 1 + half; n <= *seeds; n += halves {
					s := w.run(t, uint64(n))
					if s.trouble != "" {
						t.Fatalf("seed %d: %s\n%s", n, s.trouble, strings.Join(s.log, "\n"))
					}
				}
			})
		}
	})
	t.Logf("%d schedules in %v", *seeds, time.Since(begun).Round(time.Second))
}

// TestSimulationFindsEachMissingRule takes the rules away one at a time: each time there is a schedule in which it shows.
func TestSimulationFindsEachMissingRule(t *testing.T) {
	for name, off := range map[string]lawless{
		"UNIQUE":     {without: without{unique: true}},
		"CAS":        {without: without{cas: true}},
		"HORIZON":    {horizon: true},
		"BEFORE":     {before: true},
		"CLOCK":      {clock: true},
		"BOTH":       {without: without{both: true}},
		"GENERATION": {without: without{generation: true}},
		"REFUSAL":    {without: without{refusal: true}},
		"FRESH":      {without: without{fresh: true}},
		"CLAIM":      {without: without{claim: true}},
		"STATE":      {state: true},
		"REPEATS":    {repeats: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, off)
			for n := uint64(1); n <= 20000; n++ {
				if s := w.run(t, n); s.trouble != "" {
					t.Logf("%s: seed %d: %s", name, n, s.trouble)
					if *seed == n {
						fmt.Fprintln(os.Stderr, strings.Join(s.log, "\n"))
					}
					return
				}
			}
			t.Fatal("20,000 schedules do not miss it")
		})
	}
}
