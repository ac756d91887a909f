package journal

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/upay"
)

// The crash test kills merchants with SIGKILL again and again, and freezes some with SIGSTOP, against a gateway in a process
// of its own that counts what arrives, loses answers, is silent, refuses, and is late. At the end every order that arrived
// must be true in the journal, and final, or open with the reason that Upay's documents give.
//
// Who stands still may hold a lease, a lock, an answer that nobody has read, or an entry whose first byte has not left. Some
// do for longer than the call's limit and the lease, some until others have closed their entries for good: when they wake up
// they must send nothing (CLOCK), and change nothing that the others have decided.
//
// The margin of absence is 10 s here, and no request is carried out later than 6 s after it arrived, so that absence can be
// proven within the test. With merchants' own margins, an hour by default, the same proof takes that much longer.

var (
	kills = flag.Int("kills", 20, "processes that the crash test kills on each database")
	slow  = flag.Bool("slow", false, "crash test with the journal's own Crash, Lease and Sweep, for the figures")
)

// actor is a process of the crash test.
type actor struct {
	cmd    *exec.Cmd
	name   string
	stdin  io.WriteCloser
	frozen *freeze // while it is
}

// freeze is the time for which a process stands still. Then it goes on, or is killed.
type freeze struct {
	name     string
	from, to time.Time
	aimed    bool
	dies     bool
}

// act starts this binary in a role, and returns what it prints too.
func act(t testing.TB, role, name string, env ...string) (*actor, *bufio.Reader) {
	program, err := os.Executable()
	require.NoError(t, err)
	c := exec.Command(program)
	c.Env = append(append(os.Environ(), roleVariable+"="+role), env...)
	c.Stderr = os.Stderr
	stdin, err := c.StdinPipe()
	require.NoError(t, err)
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	return &actor{cmd: c, name: name, stdin: stdin}, bufio.NewReader(out)
}

// kill is SIGKILL, and returns when the process is gone. It reports whether the process lived until then.
func (a *actor) kill() bool {
	_ = a.cmd.Process.Kill()
	_ = a.cmd.Wait()
	_ = a.stdin.Close()
	return !a.cmd.ProcessState.Exited()
}

// crash is one run of the crash test.
type crash struct {
	t        *testing.T
	config   shopConfig
	replicas []*actor
	last     int
	begun    time.Time
	killed   map[string]time.Time // zero for those that were frozen before
	freezes  []*freeze
	steps    int
	truth    truth

	woken     int // freezes that were aimed at a call, and ended
	overtaken int // calls that others closed meanwhile, and that were never sent
}

func newCrash(t *testing.T, dialect Dialect, dsn string, replicas int) *crash {
	bank, out := act(t, "bank", "bank")
	t.Cleanup(func() { bank.kill() })
	address, err := out.ReadString('\n')
	require.NoError(t, err)
	c := &crash{
		t: t, config: shopConfig{Dialect: dialect, DSN: dsn, Bank: strings.TrimSpace(address), Slow: *slow},
		replicas: make([]*actor, replicas), killed: map[string]time.Time{}, begun: time.Now(),
	}
	t.Cleanup(func() {
		for _, r := range c.replicas {
			if r != nil {
				r.kill()
			}
		}
	})
	db, err := openShop(c.config)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec(crashTables)
	require.NoError(t, err)
	for i := range c.replicas {
		c.start(i)
	}
	return c
}

func (c *crash) start(i int) {
	c.last++
	config := c.config
	config.Name = "m" + strconv.Itoa(c.last)
	text, err := json.Marshal(config)
	require.NoError(c.t, err)
	c.replicas[i], _ = act(c.t, "merchant", config.Name, shopVariable+"="+string(text))
}

// kill goes on until n processes are killed: one of the replicas, or, one time in four, all of them at once. Every few steps
// it freezes one instead, as long as another is awake; the one process on SQLite has none beside it.
func (c *crash) kill(n int) {
	every := 4
	if len(c.replicas) == 1 {
		every = 6 // everything waits meanwhile
	}
	for len(c.killed) < n {
		c.pause(300*time.Millisecond + rand.N(1500*time.Millisecond))
		var awake []int
		for _, i := range rand.Perm(len(c.replicas)) {
			if c.replicas[i].frozen == nil {
				awake = append(awake, i)
			}
		}
		if len(awake) == 0 {
			continue
		}
		c.steps++
		if canFreeze && c.steps%every == 0 && (len(awake) > 1 || len(c.replicas) == 1) {
			c.freeze(awake[0])
			continue
		}
		if rand.IntN(4) != 0 {
			awake = awake[:1]
		}
		for _, i := range awake {
			_ = c.replicas[i].cmd.Process.Kill()
			c.killed[c.replicas[i].name] = time.Now()
		}
		for _, i := range awake {
			require.True(c.t, c.replicas[i].kill(), "a merchant ended by itself")
			c.start(i)
		}
	}
}

// freeze stops a replica: half of the times for a moment, some for longer than a call's limit and the lease, and some until
// others have closed its entries for good. The last are aimed: one call has its entry, and its first byte is about to leave.
func (c *crash) freeze(i int) {
	r := c.replicas[i]
	f := &freeze{name: r.name, dies: rand.IntN(5) == 0}
	least, most := 20*time.Millisecond, crashTimeout/2
	switch kind := len(c.freezes) % 8; {
	case kind == 1, kind == 5 && len(c.replicas) > 1:
		least, most = crashTimeout+crashMargin+4*time.Second, crashTimeout+crashMargin+7*time.Second
		f.aimed, f.dies = true, f.dies && kind != 1
		c.ask("/aim?by=" + r.name)
		time.Sleep(crashAim)
	case kind%2 == 1:
		least, most = crashTimeout, crashTimeout+3*time.Second
	}
	require.NoError(c.t, r.cmd.Process.Signal(sigstop))
	f.from = time.Now()
	f.to = f.from.Add(least + rand.N(most-least))
	r.frozen, c.freezes = f, append(c.freezes, f)
}

// pause waits, and ends the freezes whose time is over.
func (c *crash) pause(d time.Duration) {
	end := time.Now().Add(d)
	for {
		next := end
		for _, r := range c.replicas {
			if r.frozen != nil && r.frozen.to.Before(next) {
				next = r.frozen.to
			}
		}
		time.Sleep(time.Until(next))
		for i, r := range c.replicas {
			if r.frozen != nil && !r.frozen.to.After(time.Now()) {
				c.thaw(i)
			}
		}
		if next == end {
			return
		}
	}
}

func (c *crash) thaw(i int) {
	r := c.replicas[i]
	f := r.frozen
	r.frozen, f.to = nil, time.Now()
	if f.dies {
		c.killed[r.name] = time.Time{}
		require.True(c.t, r.kill(), "a merchant ended by itself")
		c.start(i)
		return
	}
	require.NoError(c.t, r.cmd.Process.Signal(sigcont))
}

// thawAll waits for those that are frozen still.
func (c *crash) thawAll() {
	for _, r := range c.replicas {
		if r.frozen != nil {
			c.pause(time.Until(r.frozen.to))
		}
	}
}

func (c *crash) ask(path string) {
	res, err := http.Get(c.config.Bank + path)
	require.NoError(c.t, err)
	defer res.Body.Close()
	require.Less(c.t, res.StatusCode, 300)
}

// read reads the truth.
func (c *crash) read() {
	file := filepath.Join(c.t.TempDir(), "truth.json")
	c.ask("/truth?file=" + url.QueryEscape(file))
	text, err := os.ReadFile(file)
	require.NoError(c.t, err)
	require.NoError(c.t, json.Unmarshal(text, &c.truth))
}

// check lets everything come to its end, in health, and compares the journal and the books with the truth.
func (c *crash) check() {
	t := c.t
	c.thawAll()
	c.ask("/calm")
	db, err := openShop(c.config)
	require.NoError(t, err)
	defer db.Close()
	client, err := upay.New(upay.Config{Gateway: c.config.Bank, TerminalSN: crashTerminal, TerminalKey: crashKey})
	require.NoError(t, err)
	j, err := newCrashJournal(db, c.config, func() *upay.Client { return client })
	require.NoError(t, err)
	closes := func() int { // how many are open that can be closed
		entries, err := j.OpenEntries(t.Context(), 0, 1<<20)
		require.NoError(t, err)
		n := 0
		for _, e := range entries {
			if !undecidable(e) {
				n++
			}
		}
		return n
	}
	quiet := time.Now()
	limit := max(90*time.Second, time.Since(c.begun)/2) // an old entry is asked each quarter of its age
	if *slow {
		limit = 5 * time.Minute
	}
	for closes() > 0 && time.Since(quiet) < limit {
		time.Sleep(200 * time.Millisecond)
	}
	settled := time.Since(quiet)
	time.Sleep(max(0, crashTimeout+crashMargin-settled)) // nothing can arrive any more
	for _, r := range c.replicas {
		r.kill()
	}
	c.read()
	require.Zero(t, c.truth.Unsigned)

	counts, books := map[string]int{}, map[string][]time.Time{}
	var waits []time.Duration
	for number, f := range c.truth.Orders {
		ticket, err := client.Ticket(crashRequest(number))
		require.NoError(t, err)
		e, err := j.Entry(t.Context(), ticket)
		if errors.Is(err, ErrNoEntry) {
			counts["never begun"]++
			if len(f.Arrivals) > 0 {
				t.Errorf("%s arrived, and has no entry", number)
			}
			continue
		}
		require.NoError(t, err)
		booked, ats := c.booked(db, number)
		counts[string(e.State)]++
		for _, fault := range f.faults(number, e, booked) {
			t.Errorf("%s: %s\nentry %+v\nbank %+v\nbooked %v", number, fault, e, *f, booked)
		}
		books[number] = ats
		for _, id := range f.Arrivals {
			a := c.truth.Attempts[id]
			if a == nil || a.Told != "" || c.killed[a.By].IsZero() {
				continue
			}
			dead := c.killed[a.By]
			if i := slices.IndexFunc(ats, func(at time.Time) bool { return at.After(dead) }); i >= 0 {
				waits = append(waits, ats[i].Sub(dead)-c.asleep(dead, ats[i]))
			}
		}
	}
	arrivals, executions, heard := 0, 0, 0
	for _, f := range c.truth.Orders {
		arrivals, executions = arrivals+len(f.Arrivals), executions+f.Executions
	}
	for id, a := range c.truth.Attempts {
		if a.Told != "" {
			heard++
		}
		f := c.truth.Orders[a.Number]
		switch {
		case a.Told == "succeeded" && f.Executions == 0:
			t.Errorf("%s: a call said succeeded, and nothing was carried out", a.Number)
		case (a.Told == "failed" || a.Told == "not_sent") && f.By == id:
			t.Errorf("%s: a call said %s, and it was carried out", a.Number, a.Told)
		}
	}
	slices.Sort(waits)
	at := func(share float64) time.Duration {
		if len(waits) == 0 {
			return 0
		}
		return waits[int(share*float64(len(waits)-1))].Round(10 * time.Millisecond)
	}
	t.Logf("%d processes killed; %d orders, %d requests arrived, %d carried out; entries: %v; %d of %d calls lived to hear their outcome",
		len(c.killed), len(c.truth.Orders), arrivals, executions, counts, heard, len(c.truth.Attempts))
	c.slept(books)
	t.Logf("from the kill to the outcome of %d requests that had arrived: median %v, 99 %% %v; all settled %v after the last kill",
		len(waits), at(0.5), at(0.99), settled.Round(100*time.Millisecond))
	require.Greater(t, arrivals, len(c.killed), "the merchants did too little")
	require.NotEmpty(t, waits, "nobody was killed in a call")
}

// slept says what became of the calls that were under way in processes which were then frozen.
func (c *crash) slept(books map[string][]time.Time) {
	calls, settled, long := 0, 0, 0
	for _, f := range c.freezes {
		if f.aimed {
			long++
			if !f.dies {
				c.woken++
			}
		}
		for id, a := range c.truth.Attempts {
			if a.By != f.name || a.News != "" || a.At.After(f.from) || !a.Heard.IsZero() && a.Heard.Before(f.from) {
				continue
			}
			calls++
			if slices.ContainsFunc(books[a.Number], func(at time.Time) bool { return at.After(f.from) && at.Before(f.to) }) {
				settled++
				if !a.Heard.IsZero() && !a.Taken && !slices.Contains(c.truth.Orders[a.Number].Arrivals, id) {
					c.overtaken++
				}
			}
		}
	}
	c.t.Logf("%d freezes of %d calls under way, %d of them until a call could no longer be on its way", len(c.freezes), calls, long)
	if len(c.replicas) > 1 {
		c.t.Logf("other replicas settled %d of these calls meanwhile; %d of those woke up and sent nothing", settled, c.overtaken)
	}
}

// asleep is how long the only process stood still between two moments.
func (c *crash) asleep(from, to time.Time) time.Duration {
	var d time.Duration
	for _, f := range c.freezes {
		if len(c.replicas) == 1 && f.from.After(from) && f.to.Before(to) {
			d += f.to.Sub(f.from)
		}
	}
	return d
}

// undecidable reports whether an entry may stay open: a revoke that the merchant does not send again, whose order is as it
// was before. It says so.
func undecidable(e Entry) bool {
	return e.State == Open && kindOf(e.Ticket.Fields["client_sn"]) == toRevokeOnce && e.Code == upay.OrderStatusPaid && e.Reason != ""
}

// faults are what is wrong with an order.
func (f *fact) faults(number string, e Entry, booked []string) []string {
	var faults []string
	switch {
	case e.State == Succeeded && f.Executions == 0:
		faults = append(faults, "succeeded, and nothing was carried out")
	case (e.State == Failed || e.State == NotSent) && f.Executions > 0:
		faults = append(faults, string(e.State)+", and it was carried out")
	case !e.State.Final() && !(undecidable(e) && f.Executions == 0):
		faults = append(faults, "still open")
	}
	if f.Executions > 1 {
		faults = append(faults, "carried out twice")
	}
	if len(f.Arrivals) > e.Generation+1 {
		faults = append(faults, "more requests arrived than the entry has generations")
	}
	if e.Conflicts > 0 {
		faults = append(faults, "contradicted")
	}
	seen := map[string]bool{}
	for _, b := range booked {
		generation, state, _ := strings.Cut(b, " ")
		if seen[generation] {
			faults = append(faults, "booked twice")
		}
		seen[generation] = true
		if state == string(Succeeded) && generation != strconv.Itoa(e.Generation) {
			faults = append(faults, "booked as succeeded, and opened again")
		}
	}
	if e.State.Final() && !slices.Contains(booked, fmt.Sprint(e.Generation, " ", e.State)) {
		faults = append(faults, "not booked")
	}
	if !e.State.Final() && seen[strconv.Itoa(e.Generation)] {
		faults = append(faults, "booked, and open")
	}
	return faults
}

func (c *crash) booked(db *sql.DB, number string) (booked []string, ats []time.Time) {
	rows, err := db.Query("SELECT generation, state, at FROM books WHERE id = $1 ORDER BY at", number)
	require.NoError(c.t, err)
	defer rows.Close()
	for rows.Next() {
		var generation int
		var state string
		var ms int64
		require.NoError(c.t, rows.Scan(&generation, &state, &ms))
		booked, ats = append(booked, fmt.Sprint(generation, " ", state)), append(ats, at(ms))
	}
	require.NoError(c.t, rows.Err())
	return booked, ats
}

func TestCrashOfOneProcessOnSQLite(t *testing.T) {
	c := newCrash(t, SQLite, filepath.Join(t.TempDir(), "journal.db"), 1)
	c.kill(*kills)
	c.check()
}

func TestCrashOfThreeReplicasOnPostgreSQL(t *testing.T) {
	c := newCrash(t, PostgreSQL, shared(t), 3)
	c.kill(*kills)
	c.check()
	if c.woken >= 3 { // one may have met too many faults to be overtaken
		require.NotZero(t, c.overtaken, "the test sees nothing of CLOCK")
	}
}

// TestCrashOfASettlerIsReplacedInThirtySeconds has the journal's own lease: three replicas, of which the one that asks for an
// order is killed in the middle of its query.
func TestCrashOfASettlerIsReplacedInThirtySeconds(t *testing.T) {
	defer func(was bool) { *slow = was }(*slow)
	*slow = true
	c := newCrash(t, PostgreSQL, shared(t), 3)
	c.ask("/calm")
	db, err := openShop(c.config)
	require.NoError(t, err)
	defer db.Close()
	var client *upay.Client
	j, err := newCrashJournal(db, c.config, func() *upay.Client { return client })
	require.NoError(t, err)
	require.NoError(t, j.Migrate(t.Context()))
	deaf := roundTripper(func(r *http.Request) (*http.Response, error) {
		res, err := http.DefaultTransport.RoundTrip(r)
		if err == nil {
			_ = res.Body.Close()
		}
		return nil, errors.Join(err, io.ErrUnexpectedEOF)
	})
	client, err = upay.New(upay.Config{Gateway: c.config.Bank, TerminalSN: crashTerminal, TerminalKey: crashKey},
		cnpay.WithRecorder(j), cnpay.WithHTTPClient(&http.Client{Transport: deaf}))
	require.NoError(t, err)
	res, err := http.Get(c.config.Bank + "/next?by=test")
	require.NoError(t, err)
	defer res.Body.Close()
	var order struct{ Number string }
	require.NoError(t, json.NewDecoder(res.Body).Decode(&order))
	c.ask("/silence?number=" + order.Number)
	outcome, err := crashCall(t.Context(), client, order.Number)
	require.Equal(t, cnpay.Unknown, outcome, "%v", err)

	require.Eventually(t, func() bool { c.read(); return c.truth.Silent != "" }, 20*time.Second, 20*time.Millisecond)
	i := slices.IndexFunc(c.replicas, func(a *actor) bool { return a.name == c.truth.Silent })
	require.True(t, c.replicas[i].kill(), "it had ended by itself")
	dead := time.Now()
	of := func() Entry {
		e, err := j.Entry(t.Context(), cnpay.Ticket{Provider: "upay", Account: crashTerminal, Operation: upay.OpOrderPayByCode, Order: order.Number})
		require.NoError(t, err)
		return e
	}
	require.Equal(t, Open, of().State)
	require.Eventually(t, func() bool { return of().State == Succeeded }, 30*time.Second, 50*time.Millisecond, "the lease of 25 s, and a sweep or two")
	require.Equal(t, 1, of().Queries, "the query of the dead one was never recorded")
	t.Logf("settled %v after the kill", time.Since(dead).Round(100*time.Millisecond))
	booked, _ := c.booked(db, order.Number)
	require.Equal(t, []string{"0 succeeded"}, booked)
}

// shared is the address of a database that replicas share.
func shared(t *testing.T) string {
	if os.Getenv(postgresVariable) == "" {
		return newCluster(t).dsn
	}
	return schemaOf(t, postgresql(t))
}

// schemaOf is the address of a test's database.
func schemaOf(t testing.TB, db *sql.DB) string {
	var schema string
	require.NoError(t, db.QueryRow("SELECT current_schema()").Scan(&schema))
	address, err := url.Parse(os.Getenv(postgresVariable))
	require.NoError(t, err)
	query := address.Query()
	query.Set("search_path", schema)
	address.RawQuery = query.Encode()
	return address.String()
}

// cluster is a PostgreSQL of the test's own, which it may stop.
type cluster struct {
	t        *testing.T
	bin, dir string
	port     string
	dsn      string
}

// newCluster makes one, in a folder of its own, durable as by default.
func newCluster(t *testing.T) *cluster {
	bins, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if path, err := exec.LookPath("initdb"); err == nil {
		bins = append(bins, path)
	}
	if len(bins) == 0 || runtime.GOOS == "windows" {
		t.Skip("PostgreSQL's initdb is not here: this ran on SQLite alone")
	}
	dir, err := os.MkdirTemp("", "cnpay-postgres")
	require.NoError(t, err)
	c := &cluster{t: t, bin: filepath.Dir(bins[len(bins)-1]), dir: dir}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if os.Getuid() == 0 { // it does not run as root
		u, err := user.Lookup("postgres")
		require.NoError(t, err)
		uid, err := strconv.Atoi(u.Uid)
		require.NoError(t, err)
		require.NoError(t, os.Chown(dir, uid, -1))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, c.port, err = net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	c.dsn = "postgres://merchant@127.0.0.1:" + c.port + "/postgres"
	c.run("initdb", "-D", filepath.Join(dir, "data"), "-A", "trust", "-U", "merchant")
	c.start()
	t.Cleanup(c.stop)
	return c
}

func (c *cluster) run(program string, args ...string) {
	words := append([]string{filepath.Join(c.bin, program)}, args...)
	if os.Getuid() == 0 {
		words = append([]string{"runuser", "-u", "postgres", "--"}, words...)
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir = c.dir
	out, err := cmd.CombinedOutput()
	require.NoError(c.t, err, "%s: %s", program, out)
}

func (c *cluster) start() {
	c.run("pg_ctl", "-D", filepath.Join(c.dir, "data"), "-l", filepath.Join(c.dir, "log"), "-w", "-t", "120",
		"-o", "-p "+c.port+" -k "+c.dir+" -c listen_addresses=127.0.0.1", "start")
}

// stop ends it as a crash does: without a checkpoint, in the middle of whatever is under way.
func (c *cluster) stop() {
	c.run("pg_ctl", "-D", filepath.Join(c.dir, "data"), "-m", "immediate", "stop")
}

func TestCrashOfPostgreSQLUnderLoad(t *testing.T) {
	db := newCluster(t)
	c := newCrash(t, PostgreSQL, db.dsn, 3)
	for range max(2, *kills/10) {
		c.pause(500*time.Millisecond + rand.N(2*time.Second))
		when := rand.IntN(4)
		if when == 0 {
			c.kill(len(c.killed) + 1)
		}
		db.stop()
		c.pause(rand.N(2 * time.Second))
		if when == 1 {
			c.kill(len(c.killed) + 1)
		}
		db.start()
	}
	c.kill(len(c.killed) + 3)
	c.check()
}
