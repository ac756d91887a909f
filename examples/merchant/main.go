// Command merchant is a whole merchant's back-end on cnpay and its journal: an HTTP API that pays, pre-authorises, completes,
// cancels, refunds and revokes at five providers, notifications, books, in SQLite or PostgreSQL.
//
//	cd examples/merchant
//	go run .               serves, with gateways of its own, and plays a day of orders
//	go run . -h            the flags
//
// Read it in this order: service.go takes a request; book.go stores the order and the journal's entry in one transaction
// and books the outcome; providers.go has each operation at each provider; notify.go has the notifications; here it is put
// together, and ended. day.go and gateways.go are the world outside: the customers, and the providers.
package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/examples/internal/command"
	"github.com/cnpay-go/cnpay/journal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

type options struct {
	command  string // "", gateways or stop
	addr     string
	db       string
	gateways string
	day      int
	stay     bool
	verbose  bool
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	if len(args) > 0 && (args[0] == "gateways" || args[0] == "stop") {
		o.command, args = args[0], args[1:]
	}
	f := flag.NewFlagSet("merchant", flag.ContinueOnError)
	f.Usage = func() {
		_, _ = fmt.Fprint(f.Output(), "usage: merchant [flags]            serve, and play a day of orders\n"+
			"       merchant gateways [flags]   play the providers; merchant starts them itself where nobody does\n"+
			"       merchant stop [flags]       end the gateways, which outlive the merchant\n\n")
		f.PrintDefaults()
		if o.command == "" {
			_, _ = fmt.Fprintf(f.Output(), "\n%s=http://127.0.0.1:4318 shows calls and settlements to a collector\n", endpoint)
		}
	}
	const world = "127.0.0.1:8089"
	if o.command != "" {
		f.StringVar(&o.gateways, "addr", world, "loopback `address` of the gateways")
		f.BoolVar(&o.stay, "stay", false, "outlive the terminal's Ctrl-C")
	} else {
		f.StringVar(&o.addr, "addr", "127.0.0.1:8080", "loopback `address` to serve at: the API has no log-in. Port 0 takes any")
		f.StringVar(&o.db, "db", "merchant.db", "SQLite `file`, or postgres://... for any number of replicas")
		f.StringVar(&o.gateways, "gateways", world, "loopback `address` of the gateways")
		f.IntVar(&o.day, "day", 60, "about how many `orders` are played; 0 for none")
		f.BoolVar(&o.verbose, "v", false, "log requests, calls and bookings on stderr, not only what is wrong")
	}
	if err := command.Parse(f, args, stderr); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	for name, addr := range map[string]string{"-addr": cmp.Or(o.addr, o.gateways), "-gateways": o.gateways} {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return o, fmt.Errorf("%s %s: want host:port", name, addr)
		}
		if host != "localhost" && !net.ParseIP(host).IsLoopback() {
			return o, fmt.Errorf("%s %s: want a loopback address such as 127.0.0.1:8080: there is no log-in", name, addr)
		}
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		_, _ = fmt.Fprintf(stderr, "merchant: %v\nTry: merchant -h\n", err)
		return exitUsage
	case o.command == "gateways":
		if o.stay {
			signal.Ignore(os.Interrupt, syscall.SIGHUP)
		}
		err = serveWorld(ctx, o.gateways)
	case o.command == "stop":
		if _, err = callJSON(ctx, http.MethodPost, "http://"+o.gateways+"/stop", nil, nil); err != nil {
			err = fmt.Errorf("-addr %s: nobody plays the gateways there (%w)", o.gateways, err)
		}
	default:
		err = serve(ctx, o, stdout, stderr)
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "merchant: %v\n", err)
		return exitFailed
	}
	return exitOK
}

// serve opens everything, in the order in which it depends on each other, serves until ctx ends, and ends it in the reverse
// order: requests, calls in flight, settling, database.
func serve(ctx context.Context, o options, stdout, stderr io.Writer) error {
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelInfo
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	listener, err := listen(ctx, o.addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	base := "http://" + listener.Addr().String()

	db, dialect, err := open(o.db)
	if err != nil {
		return fmt.Errorf("-db: %w", err)
	}
	defer db.Close()
	s := &service{store: db, log: log, wait: 3 * time.Second, token: rand.Text()}
	settlers := map[string]cnpay.Settler{}
	j, err := journal.New(db.DB, dialect, journal.Config{
		Client: func(t cnpay.Ticket) (cnpay.Settler, error) {
			if settler := settlers[t.Provider]; settler != nil {
				return settler, nil
			}
			return nil, fmt.Errorf("no client of %q", t.Provider)
		},
		Book:   book,
		Resend: s.resend,
		// A played day is short. A merchant leaves these out, which are 30 s, an hour, 15 minutes and a second.
		Crash: 3 * time.Second, Margin: 10 * time.Second, Unclaimed: 20 * time.Second, Sweep: 250 * time.Millisecond,
		Logger: log,
	})
	if err != nil {
		return err
	}
	if err := errors.Join(j.Migrate(ctx), db.migrate(ctx, dialect)); err != nil {
		return database(o.db, err)
	}

	watched, err := newTelemetry(ctx, j, base, log)
	if err != nil {
		return err
	}
	world := worldClient{o.gateways}
	k, err := world.keysOf(ctx)
	if err != nil {
		return err
	}
	s.journal = j
	s.providers, err = connection{keys: k, db: db.DB, url: base + "/notify", notified: s.notified, opts: append(watched.recorders,
		cnpay.WithHTTPClient(cnpay.NewHTTPClient()),
		cnpay.WithTimeout(8*time.Second), // of a played day; a merchant leaves it to the providers' documents
	)}.providers(ctx)
	if err != nil {
		return err
	}
	for provider, p := range s.providers {
		if p.daily != nil {
			go daily(ctx, log.With("provider", provider), p.daily)
		}
		for name, client := range p.settlers {
			settlers[name] = watched.settler(hurry{client})
		}
	}

	settling, stopSettling := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSettling()
	settled := make(chan error, 1)
	go func() { settled <- j.Run(settling) }()
	server := &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute,
		IdleTimeout: 2 * time.Minute, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	playing := make(chan error, 1)
	go func() { playing <- day{base: base, world: world, orders: o.day, out: stdout}.play(ctx) }()
	go world.visit(ctx)
	_, err = fmt.Fprintf(stdout, "API       %s/orders\noperator  http://operator:%s@%s/operator/\ngateways  http://%s, which outlive this program (merchant stop ends them)\nkill me   kill -9 %d\n\n",
		base, s.token, listener.Addr(), o.gateways, os.Getpid())

	for err == nil && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case err = <-served:
		case err = <-settled:
		case err = <-playing:
			playing = nil
		}
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	err = errors.Join(err, server.Shutdown(ending))
	s.calls.Wait() // each ends within its time limit
	stopSettling()
	select {
	case ended := <-settled:
		err = errors.Join(err, ended)
	case <-ending.Done():
		err = errors.Join(err, errors.New("settling did not end in time; what it had begun is begun again"))
	}
	watched.flush(ending)
	return err
}

// daily does what is to be done each day of Beijing, until ctx ends: where it failed, again in a minute.
func daily(ctx context.Context, log *slog.Logger, do func(context.Context) error) {
	for ctx.Err() == nil {
		err := do(ctx)
		year, month, day := time.Now().In(cnpay.Beijing()).Date()
		next := time.Date(year, month, day+1, 0, 0, 1, 0, cnpay.Beijing())
		switch {
		case err == nil:
		case cnpay.OutcomeOf(nil, err) == cnpay.NotSent: // another replica does it, for instance
			log.InfoContext(ctx, "daily work", "error", err)
			next = time.Now().Add(time.Minute)
		default:
			log.WarnContext(ctx, "daily work", "error", err)
			next = time.Now().Add(time.Minute)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Until(next)):
		}
	}
}

// hurry asks four times a second once the documents' schedule has begun. Only for a played day.
type hurry struct{ cnpay.Settler }

func (h hurry) Settle(ctx context.Context, t cnpay.Ticket, opts ...cnpay.Option) (*cnpay.Settlement, error) {
	s, err := h.Settler.Settle(ctx, t, opts...)
	if s != nil {
		s.Next = min(s.Next, 250*time.Millisecond)
	}
	return s, err
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("-addr %s: another program serves there: end it, or name another address", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("-addr %s: %w", addr, err)
	}
	return listener, nil
}

// database says what can be done about a database that cannot be used.
func database(name string, err error) error {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	next := "see that it is there, and that this program may use it"
	switch {
	case strings.Contains(text, "locked"):
		next = "another program is writing to it: end that one, or name another file"
	case strings.Contains(text, "unable to open"):
		next = "see that its folder is there and can be written to"
	case strings.Contains(text, "not a database"):
		next = "that file is something else: name another"
	}
	return fmt.Errorf("-db %s: %s (%s)", redact(name), next, text)
}

// redact leaves a password out.
func redact(name string) string {
	scheme, rest, ok := strings.Cut(name, "://")
	if at := strings.LastIndex(rest, "@"); ok && at >= 0 {
		return scheme + "://..." + rest[at:]
	}
	return name
}

// callJSON makes a request and reads its answer. A status of 400 or more without JSON is an error.
func callJSON(ctx context.Context, method, url string, in, out any) (status int, err error) {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return 0, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, url, &body)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err == nil && res.Header.Get("Content-Type") != "application/json" && res.StatusCode >= 400 {
		err = errors.New(strings.TrimSpace(string(text)))
	} else if err == nil && out != nil {
		err = json.Unmarshal(text, out)
	}
	return res.StatusCode, err
}
