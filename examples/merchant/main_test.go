package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/examples/merchant/world"
	"github.com/cnpay-go/cnpay/journal"
)

const asMerchant = "MERCHANT_TEST_RUNS"

// TestMain makes the test's own binary the program: with the variable set it is the merchant, or the gateways.
func TestMain(m *testing.M) {
	if os.Getenv(asMerchant) != "" {
		main()
	}
	os.Exit(m.Run())
}

func program(args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), asMerchant+"=1")
	return c
}

// freeAddr is a loopback address at which nobody listens.
func freeAddr(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

// gatewaysClient commands a test's gateways.
type gatewaysClient struct{ world.Client }

// gatewaysOf is where a test's gateways are: the first merchant starts them.
func gatewaysOf(t *testing.T) gatewaysClient {
	w := gatewaysClient{world.Client{Addr: freeAddr(t)}}
	t.Cleanup(func() { _ = w.Tell(context.Background(), "stop", world.Played{}, nil) })
	return w
}

// life is one life of the merchant's program.
type life struct {
	t         *testing.T
	cmd       *exec.Cmd
	base      string
	addr      chan string
	done      chan error
	out, errs *output
}

// output is what a program has written.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// live starts the program and waits until it serves. What has the form NAME=value is of its environment.
func live(t *testing.T, w gatewaysClient, db string, more ...string) *life {
	t.Helper()
	l := begin(t, append([]string{"-addr", "127.0.0.1:0", "-db", db, "-gateways", w.Addr, "-day", "0"}, more...)...)
	l.serves()
	return l
}

// begin starts the program.
func begin(t *testing.T, words ...string) *life {
	t.Helper()
	cmd := program()
	for _, word := range words {
		if strings.Contains(word, "=") {
			cmd.Env = append(cmd.Env, word)
		} else {
			cmd.Args = append(cmd.Args, word)
		}
	}
	return start(t, cmd)
}

func start(t *testing.T, cmd *exec.Cmd) *life {
	t.Helper()
	l := &life{t: t, cmd: cmd, done: make(chan error, 1), addr: make(chan string, 1), out: new(output), errs: new(output)}
	l.cmd.Stderr = l.errs
	out, err := l.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, l.cmd.Start())
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if base, ok := strings.CutPrefix(lines.Text(), "API"); ok {
				l.addr <- strings.TrimSuffix(strings.TrimSpace(base), "/orders")
			}
			_, _ = fmt.Fprintln(l.out, lines.Text())
		}
		l.done <- l.cmd.Wait()
	}()
	t.Cleanup(func() { _ = l.cmd.Process.Kill() })
	return l
}

// serves waits until it does.
func (l *life) serves() {
	l.t.Helper()
	select {
	case l.base = <-l.addr:
	case err := <-l.done:
		l.t.Fatalf("the merchant ended: %v\n%s", err, l.errs.String())
	case <-time.After(time.Minute):
		l.t.Fatalf("the merchant does not serve\n%s", l.errs.String())
	}
}

// kill is kill -9.
func (l *life) kill() {
	require.NoError(l.t, l.cmd.Process.Kill())
	<-l.done
}

// stop is Ctrl-C. It returns the exit code.
func (l *life) stop() int {
	require.NoError(l.t, l.cmd.Process.Signal(os.Interrupt))
	<-l.done
	return l.cmd.ProcessState.ExitCode()
}

// put makes a request; the order is empty where it was refused.
func (l *life) put(number string, asked any) (int, order) {
	l.t.Helper()
	var o order
	status, err := world.Call(context.Background(), http.MethodPut, l.base+"/orders/"+number, asked, &o)
	require.NoError(l.t, err)
	return status, o
}

func (l *life) get(number string) order {
	l.t.Helper()
	var o order
	_, err := world.Call(context.Background(), http.MethodGet, l.base+"/orders/"+number, nil, &o)
	require.NoError(l.t, err)
	return o
}

// settled waits until an order's outcome is known.
func (l *life) settled(number string) order {
	l.t.Helper()
	var o order
	require.Eventually(l.t, func() bool { o = l.get(number); return o.State != journal.Open }, 30*time.Second, 50*time.Millisecond, "%s stays open: %+v", number, &o)
	return o
}

func (l *life) books() (b books) {
	l.t.Helper()
	_, err := world.Call(context.Background(), http.MethodGet, l.base+"/books", nil, &b)
	require.NoError(l.t, err)
	require.Equal(l.t, b.Orders, b.Rows, "an order is booked twice")
	return b
}

func (w gatewaysClient) misbehave(t *testing.T, provider, operation string, fault cnpaytest.Fault) {
	t.Helper()
	require.NoError(t, w.Tell(t.Context(), "misbehave", world.Played{Provider: provider, Operation: operation, Fault: fault}, nil))
}

func (w gatewaysClient) received(t *testing.T, provider, operation string) (n int) {
	t.Helper()
	require.NoError(t, w.Tell(t.Context(), "received", world.Played{Provider: provider, Operation: operation}, &n))
	return n
}

func (w gatewaysClient) tell(t *testing.T, what, provider, order string) {
	t.Helper()
	require.NoError(t, w.Tell(t.Context(), what, world.Played{Provider: provider, Order: order}, nil))
}

func file(t *testing.T) string { return filepath.Join(t.TempDir(), "merchant.db") }

func TestCommandLine(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	stranger := &http.Server{Handler: http.NotFoundHandler()}
	go func() { _ = stranger.Serve(taken) }()
	text := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(text, bytes.Repeat([]byte("no database "), 1000), 0o600))
	locked := file(t)
	db, err := open(locked)
	require.NoError(t, err)
	defer db.Close()
	tx, err := db.BeginTx(t.Context(), nil) // takes the write lock
	require.NoError(t, err)
	defer func() { _ = tx.Rollback() }()

	for name, tt := range map[string]struct {
		code int
		says string
		args []string
	}{
		"no such flag":         {2, "flag provided but not defined: -port\nTry: merchant -h", []string{"-port", "1"}},
		"an argument":          {2, "unexpected: serve now", []string{"serve", "now"}},
		"an address":           {2, "-addr 8080: want host:port", []string{"-addr", "8080"}},
		"not loopback":         {2, "-addr 0.0.0.0:8080: want a loopback address", []string{"-addr", "0.0.0.0:8080"}},
		"port taken":           {1, "another program serves there: end it, or name another address", []string{"-addr", taken.Addr().String()}},
		"gateways' port taken": {1, "somebody else answers there: name another address", []string{"-addr", "127.0.0.1:0", "-db", file(t), "-gateways", taken.Addr().String()}},
		"no folder":            {1, "see that its folder is there and can be written to", []string{"-addr", "127.0.0.1:0", "-db", filepath.Join(t.TempDir(), "none", "m.db")}},
		"no database":          {1, "that file is something else: name another", []string{"-addr", "127.0.0.1:0", "-db", text}},
		"locked":               {1, "another program is writing to it: end that one, or name another file", []string{"-addr", "127.0.0.1:0", "-db", locked}},
		"no server":            {1, "start PostgreSQL, or name one that answers", []string{"-addr", "127.0.0.1:0", "-db", "postgres://me:hidden@127.0.0.1:1/none"}},
		"nobody to stop":       {1, "nobody plays them there", []string{"-gateways", freeAddr(t), "stop"}},
		"full disk":            {1, "free some of the disk, or name a file on another", []string{"-addr", "127.0.0.1:0", "-db", "/dev/full"}},
		"no file":              {2, "-db: want a file", []string{"-db", ""}},
		"less than no day":     {2, "-day -3: want 0 or more", []string{"-day", "-3"}},
		"a level":              {2, `invalid value "loud" for flag -log`, []string{"-log", "loud"}},
		"help":                 {0, "usage: merchant [flags]", []string{"-h"}},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), tt.args, &stdout, &stderr)
			require.Equal(t, tt.code, code, stderr.String())
			require.Contains(t, stderr.String(), tt.says)
			require.Empty(t, stdout.String())
			require.NotContains(t, stderr.String(), "hidden")
			if tt.code == exitFailed {
				require.Equal(t, 1, strings.Count(stderr.String(), "\n"), stderr.String())
			}
		})
	}
}

// What a file cannot show: a PostgreSQL without the database, and a collector's address that is none.
func TestCommandLineOutside(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(postgres(t))
	require.NoError(t, err)
	u.Path = "/none"
	var stdout, stderr bytes.Buffer
	require.Equal(t, exitFailed, run(t.Context(), []string{"-addr", "127.0.0.1:0", "-db", u.String()}, &stdout, &stderr))
	require.Contains(t, stderr.String(), "-db: createdb makes one")
	require.Equal(t, 1, strings.Count(stderr.String(), "\n"), stderr.String())

	l := begin(t, "-addr", "127.0.0.1:0", "-db", file(t), endpoint+"=localhost:4318")
	require.Error(t, <-l.done)
	require.Equal(t, "merchant: "+endpoint+": want the address of a collector, such as http://127.0.0.1:4318\n", l.errs.String())
}

// The gateways end when nobody has needed them for a while, and not before.
func TestGatewaysEndWhenIdle(t *testing.T) {
	t.Parallel()
	w := gatewaysOf(t)
	l := begin(t, "-gateways", w.Addr, "-idle", "1s", "gateways")
	require.Eventually(t, func() bool { return w.Tell(t.Context(), "keys", world.Played{}, nil) == nil }, 20*time.Second, 10*time.Millisecond)
	for range 15 {
		time.Sleep(100 * time.Millisecond)
		require.NoError(t, w.Tell(t.Context(), "keys", world.Played{}, nil))
	}
	select {
	case err := <-l.done:
		require.NoError(t, err, l.errs.String())
	case <-time.After(20 * time.Second):
		t.Fatal("they live on")
	}
}

// A merchant is killed between the first byte and the answer; the next life finds the order, and books it once.
func TestKilledBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	w, db := gatewaysOf(t), file(t)
	first := live(t, w, db)
	w.misbehave(t, "upay", "pay", cnpaytest.Hang) // carried out, and no answer
	asked := request{Provider: "upay", Operation: "pay", Amount: 1250, Code: "281234567890123456"}
	go func() { // nobody hears the answer
		_, _ = world.Call(context.Background(), http.MethodPut, first.base+"/orders/TEA00001", asked, nil)
	}()
	require.Eventually(t, func() bool { return w.received(t, "upay", "pay") == 1 }, 10*time.Second, 10*time.Millisecond)
	first.kill()

	second := live(t, w, db)
	began := time.Now()
	require.Equal(t, journal.Succeeded, second.settled("TEA00001").State)
	t.Logf("settled %.1f s after the start", time.Since(began).Seconds())
	status, again := second.put("TEA00001", asked)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, journal.Succeeded, again.State)
	require.Equal(t, 1, w.received(t, "upay", "pay"), "sent twice")
	require.Equal(t, books{Rows: 1, Orders: 1, Taken: 1250}, second.books())
	require.Zero(t, second.stop(), second.errs.String())
}

// The README's commands, as they stand there but for addresses, program and file.
func TestReadme(t *testing.T) {
	t.Parallel()
	w, db := gatewaysOf(t), file(t)
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, kills, ok := strings.Cut(string(text), "## Kill it")
	require.True(t, ok)
	blocks := strings.Split(kills, "```sh\n")
	first := live(t, w, db)
	command := func(line string, at *life) *exec.Cmd {
		line = strings.NewReplacer("http://127.0.0.1:8080", at.base, "127.0.0.1:8089", w.Addr, "PID", strconv.Itoa(at.cmd.Process.Pid), "curl ", "curl -sS ").Replace(line)
		return exec.Command("bash", "-c", strings.TrimSuffix(line, "&"))
	}
	before, _, _ := strings.Cut(blocks[1], "\n```")
	lines := strings.Split(before, "\n")
	require.Len(t, lines, 3)
	out, err := command(lines[0], first).CombinedOutput()
	require.NoError(t, err, "%s", out)
	order := command(lines[1], first)
	require.NoError(t, order.Start())
	require.Eventually(t, func() bool { return w.received(t, "upay", "pay") == 1 }, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, command(lines[2], first).Run())
	<-first.done
	require.Error(t, order.Wait(), "curl has an answer of a merchant that was killed")

	after, _, _ := strings.Cut(blocks[2], "\n```")
	lines = strings.Split(after, "\n")
	require.Len(t, lines, 2)
	require.Contains(t, blocks[1], "`go run . -day 0`")
	second := live(t, w, db)
	require.Eventually(t, func() bool {
		out, err = command(lines[0], second).CombinedOutput()
		return err == nil && strings.Contains(string(out), `"state":"succeeded"`)
	}, 20*time.Second, 100*time.Millisecond, "%s", out)
	again, err := command(lines[1], second).CombinedOutput()
	require.NoError(t, err)
	require.Equal(t, string(out), string(again))
	require.Equal(t, 1, w.received(t, "upay", "pay"))
	require.Equal(t, books{Rows: 1, Orders: 1, Taken: 1250}, second.books())
}

// Ctrl-C while a call is in flight: its client is answered, the call ends and its outcome is recorded, the exit code is 0.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	w, db := gatewaysOf(t), file(t)
	l := live(t, w, db)
	w.misbehave(t, "umpay", "pay", cnpaytest.Hang)
	answered := make(chan order, 1)
	go func() {
		var o order
		_, _ = world.Call(context.Background(), http.MethodPut, l.base+"/orders/STOP0001", request{Provider: "umpay", Operation: "pay", Amount: 700, Code: "281234567890123456"}, &o)
		answered <- o
	}()
	require.Eventually(t, func() bool { return w.received(t, "umpay", "pay") == 1 }, 10*time.Second, 10*time.Millisecond)
	require.Zero(t, l.stop(), l.errs.String())
	require.Equal(t, journal.Open, (<-answered).State)
	require.NotContains(t, l.errs.String(), "ERROR")
	merchants, err := open(db)
	require.NoError(t, err)
	defer merchants.Close()
	var reason string
	require.NoError(t, merchants.QueryRowContext(t.Context(), "SELECT reason FROM cnpay_entries").Scan(&reason))
	require.NotEmpty(t, reason, "neither the call's end nor a query was waited for")

	next := live(t, w, db)
	require.Equal(t, journal.Succeeded, next.settled("STOP0001").State)
	require.Equal(t, books{Rows: 1, Orders: 1, Taken: 700}, next.books())
}

// A second Ctrl-C does not wait for the call that the first one waits for. What it leaves is settled.
func TestSecondCtrlC(t *testing.T) {
	t.Parallel()
	w, db := gatewaysOf(t), file(t)
	l := live(t, w, db)
	w.misbehave(t, "umpay", "pay", cnpaytest.Hang)
	go func() {
		_, _ = world.Call(context.Background(), http.MethodPut, l.base+"/orders/STOP0002", request{Provider: "umpay", Operation: "pay", Amount: 700, Code: "281234567890123456"}, nil)
	}()
	require.Eventually(t, func() bool { return w.received(t, "umpay", "pay") == 1 }, 10*time.Second, 10*time.Millisecond)
	began := time.Now()
	require.NoError(t, l.cmd.Process.Signal(os.Interrupt))
	time.Sleep(500 * time.Millisecond)
	require.NoError(t, l.cmd.Process.Signal(os.Interrupt))
	<-l.done
	require.Less(t, time.Since(began), 3*time.Second)
	require.Equal(t, journal.Succeeded, live(t, w, db).settled("STOP0002").State)
}

// Ctrl-C while it begins, here because its gateways never answer, is no error.
func TestCtrlCWhileItBegins(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	l := begin(t, "-addr", "127.0.0.1:0", "-db", file(t), "-gateways", silent.Addr().String())
	_, err = silent.Accept() // and nothing more
	require.NoError(t, err)
	require.Zero(t, l.stop(), l.errs.String())
	require.Empty(t, l.errs.String())
}

// The whole day, as a newcomer sees it.
func TestDay(t *testing.T) {
	t.Parallel()
	w := gatewaysOf(t)
	l := live(t, w, file(t), "-day", "60")
	require.Eventually(t, func() bool { return strings.Contains(l.out.String(), "serving until Ctrl-C") }, 2*time.Minute, 100*time.Millisecond, "%s\n%s", l.out.String(), l.errs.String())
	out := l.out.String()
	require.Contains(t, out, ", 0 open\n", out)
	b := l.books()
	require.Zero(t, b.Open)
	require.Contains(t, out, fmt.Sprintf("books: %d orders in %d rows, %d fen taken, %d fen held", b.Orders, b.Rows, b.Taken, b.Held))
	for _, provider := range []string{"unionpay", "chinaums", "upay", "yuansfer", "umpay"} {
		require.Contains(t, out, "  "+provider+" ")
	}
	require.Empty(t, l.errs.String())
	require.Zero(t, l.stop())
}
