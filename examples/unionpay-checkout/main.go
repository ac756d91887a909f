// Command unionpay-checkout is a small shop that takes payments through UnionPay's page (银联收银台).
//
//	go run ./examples/unionpay-checkout                               with a gateway and a cashier page in this process
//	go run ./examples/unionpay-checkout -config FILE -back-url URL    with UnionPay's test environment
//	go run ./examples/unionpay-checkout -h                            the flags
//
// Open the address that it prints. Choose a purchase or a pre-authorisation, pay on the cashier page, or let it fail, or
// walk away; watch the notification arrive; then void, refund, complete or cancel.
//
// What a merchant may take from it: order numbers are stored before anything is sent (order, step in shop.go); the
// notification is verified, compared and stored before it is answered (notified in unionpay.go); goods are shipped only
// when a query has confirmed it (ask, learn); as long as the outcome of one step is open there is no other.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/examples/internal/command"
	"github.com/cnpay-go/cnpay/examples/internal/unionpayconfig"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

type options struct {
	addr       string
	config     string
	backURL    string
	payTimeout time.Duration
	verbose    bool
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		return fail(stderr, err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.addr)
	if err != nil {
		return fail(stderr, fmt.Errorf("-addr: %w", err))
	}
	defer listener.Close()
	s, closeAll, err := open(o, "http://"+listener.Addr().String(), stderr)
	if err != nil {
		return fail(stderr, err)
	}
	defer closeAll()
	if err := greet(stdout, s, o); err != nil {
		_, _ = fmt.Fprintln(stderr, "unionpay-checkout: the address could not be written:", err)
		return exitFailed
	}
	if err := serve(ctx, s, listener); err != nil {
		_, _ = fmt.Fprintln(stderr, "unionpay-checkout:", err)
		return exitFailed
	}
	return exitOK
}

func greet(w io.Writer, s *shop, o options) error {
	text := "shop   " + s.base + "/\n"
	if o.config == "" {
		text += "UnionPay is played by this program. Orders are forgotten when it ends: Ctrl-C.\n"
	} else {
		text += "UnionPay's test environment. It must be able to send notifications to " + s.backURL + "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("unionpay-checkout", flag.ContinueOnError)
	f.Usage = func() {
		_, _ = fmt.Fprintf(f.Output(), "usage: unionpay-checkout [flags]\n\nA shop that takes payments through UnionPay's page. Without -config, with a gateway inside this process.\n\n")
		f.PrintDefaults()
	}
	f.StringVar(&o.addr, "addr", "127.0.0.1:8080", "loopback `address` to serve at; the shop has no log-in. Port 0 takes any")
	f.StringVar(&o.config, "config", "", "JSON `file` whose section \"unionpay\" names the test environment; then no gateway is started here. Looked up in the current directory; key files that it names, in its own folder")
	f.StringVar(&o.backURL, "back-url", "", "with -config: the public `address` that leads to this shop's /notify, or "+unionpay.NoNotification+" for no notifications")
	f.DurationVar(&o.payTimeout, "pay-timeout", 15*time.Minute, "how long a payer has")
	f.BoolVar(&o.verbose, "v", false, "log each call on stderr")
	if err := command.Parse(f, args, stderr); err != nil {
		return o, err
	}
	host, _, err := net.SplitHostPort(o.addr)
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case err != nil:
		return o, fmt.Errorf("-addr %s: want host:port", o.addr)
	case host != "localhost" && !net.ParseIP(host).IsLoopback():
		return o, fmt.Errorf("-addr %s: want a loopback address such as 127.0.0.1:8080: the shop has no log-in", o.addr)
	case o.payTimeout < time.Second:
		return o, errors.New("-pay-timeout must be a second or more")
	case o.config != "" && o.backURL == "":
		return o, errors.New("-config needs -back-url: a real gateway does not reach this machine's loopback address")
	case o.config == "" && o.backURL != "":
		return o, errors.New("-back-url needs -config: the gateway in this process knows where the shop is")
	}
	if u, err := url.Parse(o.backURL); o.backURL != "" && (err != nil || u.Host == "" || !strings.HasPrefix(u.Scheme, "http")) {
		return o, fmt.Errorf("-back-url %s: want an address such as https://shop.example/notify", o.backURL)
	}
	return o, nil
}

// open makes the shop, and the gateway in this process where no other is named.
func open(o options, base string, stderr io.Writer) (*shop, func(), error) {
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	s := &shop{store: &memory{}, base: base, backURL: o.backURL, payTimeout: o.payTimeout, schedule: unionpay.BackSchedule(), log: log}
	ctx, stop := context.WithCancel(context.Background())
	s.ctx = ctx
	closeAll := func() { stop(); s.running.Wait() }
	if o.config == "" {
		gateway := unionpaytest.NewServer()
		s.demo(gateway)
		closeAll = func() { stop(); s.running.Wait(); gateway.Close() }
		return s, closeAll, s.connect(gateway.Config(), o.verbose)
	}
	config, err := unionpayconfig.ReadTest(o.config)
	if err == nil {
		if err = s.connect(config, o.verbose); err != nil {
			err = fmt.Errorf("-config: %w", err)
		}
	}
	return s, closeAll, err
}

// demo makes the gateway in this process behave as the real one: it works on a step for a moment, and reports its end.
func (s *shop) demo(gateway *unionpaytest.Server) {
	gateway.SetPending(1)
	s.backURL, s.schedule = s.base+"/notify", cnpay.Every(time.Second, 10)
	s.sent = func(orderID string) {
		s.later(func(ctx context.Context) {
			if _, err := gateway.Notify(ctx, orderID, cnpaytest.OK); err != nil {
				s.log.Warn("no notification", "order", orderID, "err", err)
			}
		})
	}
}

func (s *shop) connect(config unionpay.Config, verbose bool) (err error) {
	var opts []cnpay.Option
	if verbose {
		opts = append(opts, cnpay.WithLogger(s.log))
	}
	s.gateway = origin(config.Gateway)
	if config.Gateway == "" {
		s.gateway = unionpay.TestGateway
	}
	s.client, err = unionpay.New(config, opts...)
	return err
}

// serve ends when ctx does, after the requests that are being answered.
func serve(ctx context.Context, s *shop, listener net.Listener) error {
	server := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn)}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return server.Shutdown(ctx)
}

func fail(stderr io.Writer, err error) int {
	_, _ = fmt.Fprintf(stderr, "unionpay-checkout: %v\n\nTry: unionpay-checkout -h\n", err)
	return exitUsage
}
