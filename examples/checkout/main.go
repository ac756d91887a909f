// Command checkout is a small shop that takes payments through UnionPay (银联), ChinaUMS (银联商务), Upay (收钱吧),
// Yuansfer and UMPay (联动优势), as the payer chooses.
//
//	cd examples/checkout
//	go run .                                  with gateways and cashier pages in this process
//	go run . -config FILE -notify-url URL     with the providers that the file has sections of
//	go run . -h                               the flags
//
// Open the addresses that it prints: the shop, and the clerk's pages. Choose a way to pay, pay on the cashier's page or by
// the code, or let it fail, or walk away; then refund, reverse or cancel as the clerk.
//
// What a merchant may take from it: order numbers, and the ticket of each call, are stored before anything is sent (order,
// step in shop.go; keeper in settle.go); a notification is verified, compared and stored before it is answered (notified);
// goods are shipped only when a query has confirmed the payment (ask, learn), by one way of settling for all providers; as
// long as the outcome of one step is open there is no other.
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
	"github.com/cnpay-go/cnpay/chinaums/chinaumstest"
	"github.com/cnpay-go/cnpay/examples/internal/clients"
	"github.com/cnpay-go/cnpay/examples/internal/command"
	"github.com/cnpay-go/cnpay/unionpay"
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
	notifyURL  string
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
	defer closeAll()
	if err != nil {
		return fail(stderr, err)
	}
	if err := greet(stdout, s); err != nil {
		_, _ = fmt.Fprintln(stderr, "checkout: the address could not be written:", err)
		return exitFailed
	}
	if err := serve(ctx, s, listener); err != nil {
		_, _ = fmt.Fprintln(stderr, "checkout:", err)
		return exitFailed
	}
	return exitOK
}

func greet(w io.Writer, s *shop) error {
	text := "shop   " + s.base + "/\nclerk  " + s.base + "/clerk\n"
	if s.demo {
		text += "The providers are played by this program. Orders are forgotten when it ends: Ctrl-C.\n"
	} else {
		text += "The providers must be able to send notifications to " + s.notifyURL + "/NAME\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("checkout", flag.ContinueOnError)
	f.Usage = func() {
		_, _ = fmt.Fprintf(f.Output(), "usage: checkout [flags]\n\nA shop that takes payments through UnionPay, ChinaUMS, Upay, Yuansfer and UMPay. Without -config, with gateways inside this process.\n\n")
		f.PrintDefaults()
	}
	f.StringVar(&o.addr, "addr", "127.0.0.1:8080", "loopback `address` to serve at; the clerk's pages have no log-in. Port 0 takes any")
	f.StringVar(&o.config, "config", "", "JSON `file` with a section for each provider; then no gateway is started here. Looked up in the current directory; key files that it names, in its own folder")
	f.StringVar(&o.notifyURL, "notify-url", "", "with -config: the public `address` that leads to this shop's /notify")
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
		return o, fmt.Errorf("-addr %s: want a loopback address such as 127.0.0.1:8080: the clerk's pages have no log-in", o.addr)
	case o.payTimeout < time.Second:
		return o, errors.New("-pay-timeout must be a second or more")
	case o.config != "" && o.notifyURL == "":
		return o, errors.New("-config needs -notify-url: a real gateway does not reach this machine's loopback address")
	case o.config == "" && o.notifyURL != "":
		return o, errors.New("-notify-url needs -config: the gateways in this process know where the shop is")
	}
	if u, err := url.Parse(o.notifyURL); o.notifyURL != "" && (err != nil || u.Host == "" || !strings.HasPrefix(u.Scheme, "http")) {
		return o, fmt.Errorf("-notify-url %s: want an address such as https://shop.example/notify", o.notifyURL)
	}
	o.notifyURL = strings.TrimSuffix(o.notifyURL, "/")
	return o, nil
}

// open makes the shop, and gateways in this process where no others are named. closeAll ends what was started, whatever
// the error.
func open(o options, base string, stderr io.Writer) (s *shop, closeAll func(), err error) {
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	ctx, stop := context.WithCancel(context.Background())
	s = &shop{
		store: &memory{}, base: base, notifyURL: o.notifyURL, demo: o.config == "", payTimeout: o.payTimeout,
		schedule: unionpay.BackSchedule(), log: log, ctx: ctx,
	}
	if s.demo {
		s.notifyURL, s.schedule = base+"/notify", cnpay.Every(time.Second, 10)
	}
	var config *clients.Config
	if !s.demo {
		if config, err = clients.Read(o.config); err == nil {
			err = playable(config)
		}
		if err != nil {
			return s, stop, err
		}
	}
	var opts []cnpay.Option
	if o.verbose {
		opts = append(opts, cnpay.WithLogger(log))
	}
	opened, err := s.connect(config, opts...)
	closeAll = func() {
		stop()
		s.running.Wait()
		for _, c := range opened {
			c.Close()
		}
	}
	return s, closeAll, err
}

// playable refuses what nobody wants to try out a shop with.
func playable(c *clients.Config) error {
	var faults []error
	want := func(fine bool, format string, args ...any) {
		if !fine {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	if c.UnionPay != nil {
		want(c.UnionPay.Environment == string(unionpay.Test), "unionpay: environment must be %q: this example moves money to show how", unionpay.Test)
	}
	const unnamed = "%s: gateway must be named: this example moves money to show how"
	want(c.ChinaUMS == nil || c.ChinaUMS.Gateway != "", unnamed, "chinaums")
	want(c.Upay == nil || c.Upay.Gateway != "", unnamed, "upay")
	want(c.Yuansfer == nil || c.Yuansfer.Gateway != "", unnamed, "yuansfer")
	want(c.Spay == nil || c.Spay.Gateway != "", unnamed, "umpay/spay")
	if u := c.ChinaUMS; u != nil {
		want(u.MID != "" && u.TID != "" && len(u.Source) == 4 && u.CommunicationKey != "",
			"chinaums: mid, tid, communicationKey and a source of four characters are required")
	}
	want(c.UnionPay != nil || c.ChinaUMS != nil || c.Upay != nil || c.Yuansfer != nil || c.Spay != nil,
		"no section of unionpay, chinaums, upay, yuansfer or umpay/spay")
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("-config: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return nil
}

// connect adds the providers: those of the configuration, or without one all of them, each with a gateway here.
func (s *shop) connect(config *clients.Config, opts ...cnpay.Option) (opened []*clients.Client, err error) {
	add := map[string]func(*clients.Client) *provider{
		"unionpay": func(c *clients.Client) *provider {
			if config != nil {
				return s.unionPay(c, config.UnionPay.Gateway)
			}
			return s.unionPay(c, "")
		},
		"chinaums": func(c *clients.Client) *provider {
			if config != nil {
				return s.chinaUMS(c, umsMerchant{config.ChinaUMS.MID, config.ChinaUMS.TID, config.ChinaUMS.Source})
			}
			return s.chinaUMS(c, umsMerchant{chinaumstest.MID, chinaumstest.TID, "327M"})
		},
		"upay": s.upayProvider, "yuansfer": s.yuansferProvider, "umpay/spay": s.umpay,
	}
	for _, p := range clients.Providers() {
		if add[p.Name] == nil || config != nil && !p.Configured(config) {
			continue
		}
		c, err := p.Open(config, opts...)
		if err != nil {
			return opened, err
		}
		opened = append(opened, c)
		s.offer(add[p.Name](c))
	}
	return opened, nil
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
	_, _ = fmt.Fprintf(stderr, "checkout: %v\n\nTry: checkout -h\n", err)
	return exitUsage
}
