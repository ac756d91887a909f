// Command merchant is a whole merchant's back-end on cnpay and its journal: an HTTP API that pays, pre-authorises, completes,
// cancels, refunds and revokes at five providers, notifications, books, in SQLite or PostgreSQL.
//
//	cd examples/merchant
//	go run .               serves, with gateways of its own, and plays a day of orders
//	go run . -h            the flags
//
// Read it in this order: service.go takes a request; book.go stores the order and the journal's entry in one transaction
// and books the outcome; providers.go has each operation at each provider; notify.go has the notifications; here it is put
// together, and ended; telemetry.go shows it to a collector. Package world is what is outside: customers and gateways.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/examples/internal/command"
	"github.com/cnpay-go/cnpay/examples/merchant/world"
	"github.com/cnpay-go/cnpay/journal"
	"github.com/cnpay-go/cnpay/journal/stores"
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
	command            string // "", gateways or stop
	addr, db, gateways string
	day                int
	idle               time.Duration
	level              slog.Level
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	f := flag.NewFlagSet("merchant", flag.ContinueOnError)
	f.StringVar(&o.addr, "addr", "127.0.0.1:8080", "loopback `address` to serve at: the API has no log-in. Port 0 takes any")
	f.StringVar(&o.db, "db", "merchant.db", "SQLite `file`, or postgres://... for any number of replicas")
	f.IntVar(&o.day, "day", 60, "about how many `orders` are played; 0 for none")
	f.TextVar(&o.level, "log", slog.LevelWarn, "lowest `level` of what is logged on stderr: info has requests and calls")
	f.StringVar(&o.gateways, "gateways", "127.0.0.1:8089", "loopback `address` of the gateways")
	f.DurationVar(&o.idle, "idle", 20*time.Minute, "how `long` the gateways wait for a merchant")
	f.Usage = func() {
		_, _ = fmt.Fprint(f.Output(), "usage: merchant [flags]            serve, and play a day of orders\n"+
			"       merchant [flags] gateways   play the providers; merchant starts them itself where nobody does\n"+
			"       merchant [flags] stop       end the gateways, which outlive the merchant\n\n")
		f.PrintDefaults()
		_, _ = fmt.Fprintf(f.Output(), "\nWith %s=http://127.0.0.1:4318 a collector is shown calls and settlements.\n", endpoint)
	}
	if err := command.Parse(f, args, stderr); err != nil {
		return o, err
	}
	o.command = f.Arg(0)
	if !slices.Contains([]string{"", "gateways", "stop"}, o.command) || f.NArg() > 1 {
		return o, fmt.Errorf("unexpected: %s", strings.Join(f.Args(), " "))
	}
	switch {
	case o.db == "": // to SQLite it is a file that ends with the program
		return o, errors.New("-db: want a file, or an address as postgres://host/database")
	case o.day < 0:
		return o, fmt.Errorf("-day %d: want 0 or more", o.day)
	}
	for name, addr := range map[string]string{"addr": o.addr, "gateways": o.gateways} {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return o, fmt.Errorf("-%s %s: want host:port", name, addr)
		}
		if host != "localhost" && !net.ParseIP(host).IsLoopback() {
			return o, fmt.Errorf("-%s %s: want a loopback address such as 127.0.0.1:8080: there is no log-in", name, addr)
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
		var listener net.Listener
		if listener, err = listen(ctx, "gateways", o.gateways); err == nil {
			err = world.Serve(ctx, listener, o.idle)
		}
	case o.command == "stop":
		if err = (world.Client{Addr: o.gateways}).Tell(ctx, "stop", world.Played{}, nil); err != nil {
			err = fmt.Errorf("-gateways %s: nobody plays them there (%w)", o.gateways, err)
		}
	default:
		err = serve(ctx, o, stdout, stderr)
	}
	if err != nil && !errors.Is(err, context.Canceled) { // Ctrl-C, while it began
		_, _ = fmt.Fprintf(stderr, "merchant: %v\n", err)
		return exitFailed
	}
	return exitOK
}

// serve opens everything, in the order in which it depends on each other, serves until ctx ends, and ends it in the reverse
// order: requests, calls in flight, settling, telemetry, database.
func serve(ctx context.Context, o options, stdout, stderr io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: o.level}))
	listener, err := listen(ctx, "addr", o.addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	base := "http://" + listener.Addr().String()

	db, err := open(o.db)
	if err != nil {
		return database(err)
	}
	defer db.Close()
	s := &service{store: db, log: log, wait: 3 * time.Second, password: rand.Text()}
	settlers := map[string]cnpay.Settler{}
	s.journal, err = journal.New(db.DB, db.dialect, journal.Config{
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
	if err := db.migrate(ctx, s.journal); err != nil {
		return database(err)
	}
	watched, err := newTelemetry(ctx, s.journal, listener.Addr().String(), log)
	if err != nil {
		return err
	}

	outside := world.Client{Addr: o.gateways}
	keys, err := outside.Keys(ctx)
	if err != nil {
		return fmt.Errorf("-gateways %s: %w", o.gateways, err)
	}
	sealed, err := stores.NewUpayKeys(db.DB, keys.Seal)
	if err == nil {
		_, err = sealed.Load(ctx, keys.Upay.TerminalSN)
	}
	if err != nil {
		return fmt.Errorf("-db: it was used with other gateways, which have ended: delete it, or name another (%w)", err)
	}
	s.providers, err = connection{
		Keys: keys, sealed: sealed, reported: events{stores.NewUmpayEvents(db.DB), s.notified}, url: base + "/notify", notified: s.notified,
		opts: append(watched.recorders,
			cnpay.WithHTTPClient(cnpay.NewHTTPClient()),
			cnpay.WithTimeout(8*time.Second), // of a played day; a merchant leaves it to the providers' documents
		),
	}.providers()
	if err != nil {
		return err
	}
	for name, p := range s.providers {
		for ticket, client := range p.settlers {
			settlers[ticket] = watched.settler(hurry{client})
		}
		if p.daily != nil {
			s.calls.Go(func() { daily(ctx, log.With("provider", name), p.daily) })
		}
	}

	settling, stopSettling := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSettling()
	settled, served, playing := make(chan error, 1), make(chan error, 1), make(chan error, 1)
	go func() { settled <- s.journal.Run(settling) }()
	server := &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute,
		IdleTimeout: 2 * time.Minute, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	_, err = fmt.Fprintf(stdout, "API       %s/orders\noperator  http://operator:%s@%s/operator/\ngateways  http://%s, which outlive this program (go run . stop ends them)\nkill me   kill -9 %d\n\n",
		base, s.password, listener.Addr(), o.gateways, os.Getpid())
	go func() { served <- server.Serve(listener) }()
	go func() { playing <- (&world.Day{API: base, World: outside, Orders: o.day, Out: stdout}).Play(ctx) }()
	go outside.Visit(ctx)

	for err == nil && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case err = <-served:
		case err = <-settled:
		case err = <-playing:
		}
	}
	if ctx.Err() != nil {
		_, _ = fmt.Fprintln(stdout, "-- ending when the calls under way have; the next start settles what is open. Ctrl-C again ends it at once")
	}
	stop()
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	err = errors.Join(err, server.Shutdown(ending))
	s.calls.Wait() // each ends within its time limit, and a check-in stores its key
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

// daily does what is to be done each day of Beijing, until ctx ends: where it failed, again in a minute, and where its end is
// not known, soon.
func daily(ctx context.Context, log *slog.Logger, do func(context.Context) error) {
	for ctx.Err() == nil {
		year, month, day := time.Now().In(cnpay.Beijing()).Date()
		next := time.Date(year, month, day+1, 0, 0, 1, 0, cnpay.Beijing())
		if err := do(ctx); err != nil {
			level, wait := slog.LevelWarn, time.Minute
			switch cnpay.OutcomeOf(nil, err) {
			case cnpay.NotSent: // another replica does it, for instance
				level = slog.LevelInfo
			case cnpay.Unknown:
				wait = 5 * time.Second
			}
			log.Log(ctx, level, "daily work", "error", err)
			next = time.Now().Add(wait)
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

func listen(ctx context.Context, name, addr string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		err = errors.New("another program serves there: end it, or name another address")
	}
	if err != nil {
		return nil, fmt.Errorf("-%s %s: %w", name, addr, err)
	}
	return listener, nil
}

// database says what can be done about a database that cannot be used.
func database(err error) error {
	text := strings.Join(strings.Fields(err.Error()), " ")
	next := "see that it is there, and that this program may use it"
	for sign, advice := range map[string]string{
		"locked":             "another program is writing to it: end that one, or name another file",
		"unable to open":     "see that its folder is there and can be written to",
		"not a database":     "that file is something else: name another",
		"disk is full":       "free some of the disk, or name a file on another",
		"SQLSTATE 3D000":     "createdb makes one",
		"connection refused": "start PostgreSQL, or name one that answers",
	} {
		if strings.Contains(text, sign) {
			next = advice
		}
	}
	return fmt.Errorf("-db: %s (%s)", next, text)
}
