// Command unionpay-preauth plays the life of three pre-authorisations (预授权) at UnionPay:
//
//	pre-authorise, complete, refund a part
//	pre-authorise, cancel
//	pre-authorise, complete, cancel the completion
//
//	go run ./examples/unionpay-preauth                     against a gateway in this process, with fresh keys
//	go run ./examples/unionpay-preauth -config FILE        against UnionPay's test environment
//	go run ./examples/unionpay-preauth -h                  the flags
//
// In the test environment the money is held without UnionPay's page, with a card number and the code by SMS, for which
// the merchant needs the product 无跳转支付 (bizType 000301) and the card must have been opened for it. A merchant of the
// gateway product (000201) makes the pre-authorisations in a browser instead, with examples/checkout for
// instance, and names them with -held.
//
// It exits with 0 when every outcome is succeeded or pending, 1 when one failed, 2 for bad flags, a bad configuration
// or a bad request, 3 when one is unknown, 4 when one was not sent, 5 when the outcomes are known but could not be
// written to standard output: they are on standard error. 3 goes before 5, 5 before 2, 2 before 4, 4 before 1. Of what
// moves no money, the certificate and the SMS code, an unknown outcome counts as failed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strconv"
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
	exitOK      = 0
	exitFailed  = 1
	exitUsage   = 2
	exitUnknown = 3
	exitNotSent = 4
	exitUnsaid  = 5
)

type options struct {
	config   string
	scenario string
	held     []held
	amount   int64
	card     string
	phone    string
	smsCode  string
	backURL  string
	timeout  time.Duration
	json     bool
	verbose  bool
}

// held is a pre-authorisation that stands.
type held struct {
	queryID, bizType string
	amount           int64
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		return fail(stderr, err)
	}
	client, schedule, closeAll, err := prepare(o, stderr)
	if err != nil {
		return fail(stderr, err)
	}
	defer closeAll()

	r := &reporter{w: stdout, json: o.json}
	p := &play{options: o, client: client, schedule: schedule, report: r.line}
	if err := p.all(ctx); err != nil {
		_, _ = fmt.Fprintln(stderr, "unionpay-preauth: the outcomes could not be written to standard output, no more was sent:", err)
		again := &reporter{w: stderr, json: o.json}
		for _, res := range r.all {
			if again.line(res) != nil {
				return exitUnknown // nothing was printed
			}
		}
		if exitCode(r.all) == exitUnknown {
			return exitUnknown
		}
		return exitUnsaid
	}
	return exitCode(r.all)
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("unionpay-preauth", flag.ContinueOnError)
	f.Usage = func() {
		_, _ = fmt.Fprintf(f.Output(), "usage: unionpay-preauth [flags]\n\nHolds, takes, releases and returns money. Without -config, at a gateway inside this process.\n\n")
		f.PrintDefaults()
		_, _ = fmt.Fprintf(f.Output(), "\nexit: 0 succeeded or pending, 1 failed, 2 bad flags, config or request, 3 unknown, 4 not sent,\n"+
			"5 known, but not to be written to standard output: read standard error\n")
	}
	f.StringVar(&o.config, "config", "", "JSON `file` whose section \"unionpay\" names the test environment; then no gateway is started here. Looked up in the current directory; key files that it names, in its own folder")
	f.StringVar(&o.scenario, "scenario", "ok", "how the gateway in this process takes what acts upon a pre-authorisation: "+strings.Join(scenarios(), ", "))
	f.Func("held", "`queryId=fen` of a pre-authorisation that was made in a browser; up to three times: to be completed and refunded, to be cancelled, to be completed and that cancelled", func(text string) error {
		h, err := parseHeld(text)
		o.held = append(o.held, h)
		return err
	})
	f.Int64Var(&o.amount, "amount", 10000, "to hold each time, `fen`")
	f.StringVar(&o.card, "card", "6216261000000000018", "card `number`; UnionPay publishes the default for its test environment, and no real one belongs on a command line")
	f.StringVar(&o.phone, "phone", "13552535506", "phone `number` that the bank knows")
	f.StringVar(&o.smsCode, "sms-code", unionpaytest.SMSCode, "the `code` by SMS, which in the test environment is always the same")
	f.StringVar(&o.backURL, "back-url", unionpay.NoNotification, "public `address` for notifications; the default asks for none")
	f.DurationVar(&o.timeout, "timeout", 90*time.Second, "per step, queries included")
	f.BoolVar(&o.json, "json", false, "print one JSON object per line")
	f.BoolVar(&o.verbose, "v", false, "log each call on stderr")
	if err := command.Parse(f, args, stderr); err != nil {
		return o, err
	}
	given := map[string]bool{}
	f.Visit(func(f *flag.Flag) { given[f.Name] = true })
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case !slices.Contains(scenarios(), o.scenario):
		return o, fmt.Errorf("-scenario %s: want one of %s", o.scenario, strings.Join(scenarios(), ", "))
	case o.timeout <= 0:
		return o, errors.New("-timeout must be more than zero")
	case o.amount < 2:
		return o, errors.New("-amount must be 2 fen or more: a part of it is given back")
	case o.config != "" && given["scenario"]:
		return o, errors.New("-scenario is for the gateway in this process; with -config there is none")
	case o.config == "" && len(o.held) > 0:
		return o, errors.New("-held needs -config: the gateway in this process knows no earlier pre-authorisation")
	case len(o.held) > 3:
		return o, errors.New("-held may be given three times at most")
	}
	return o, nil
}

func parseHeld(text string) (held, error) {
	queryID, fen, ok := strings.Cut(text, "=")
	amount, err := strconv.ParseInt(fen, 10, 64)
	if !ok || err != nil || amount < 2 || len(queryID) < 20 || len(queryID) > 21 {
		return held{}, errors.New("want queryId=fen, such as 202611211200000000018=10000")
	}
	return held{queryID: queryID, bizType: "000201", amount: amount}, nil // of a page
}

func scenarios() []string {
	return []string{
		"ok", "refused", "lost-answer", "hang", "reset", "http-502", "empty", "html",
		"bad-signature", "forged-certificate", "other-answer", "unknown-code",
	}
}

// prepare makes the client, and the gateway in this process where no other is named.
func prepare(o options, stderr io.Writer) (client *unionpay.Client, schedule cnpay.Schedule, closeAll func(), err error) {
	var opts []cnpay.Option
	if o.verbose {
		opts = append(opts, cnpay.WithLogger(slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	}
	if o.config != "" {
		config, err := unionpayconfig.ReadTest(o.config)
		if err != nil {
			return nil, nil, nil, err
		}
		if client, err = unionpay.New(config, opts...); err != nil {
			return nil, nil, nil, fmt.Errorf("-config: %w", err)
		}
		return client, unionpay.BackSchedule(), func() {}, nil
	}
	gateway := unionpaytest.NewServer()
	gateway.SetPending(1) // as the real one, which is seldom done at once
	for _, operation := range []string{"preauth_complete", "preauth_cancel", "preauth_complete_cancel", "refund"} {
		gateway.AlwaysMisbehave(operation, cnpaytest.Fault(o.scenario))
	}
	if client, err = unionpay.New(gateway.Config(), opts...); err != nil {
		gateway.Close()
		return nil, nil, nil, err
	}
	return client, cnpay.Every(50*time.Millisecond, 20), gateway.Close, nil
}

func fail(stderr io.Writer, err error) int {
	_, _ = fmt.Fprintf(stderr, "unionpay-preauth: %v\n\nTry: unionpay-preauth -h\n", err)
	return exitUsage
}

func exitCode(results []result) int {
	var unknown, invalid, notSent, failed bool
	for _, r := range results {
		switch {
		case r.Skipped:
		case r.invalid:
			invalid = true
		case r.Outcome == cnpay.Unknown && !r.asks:
			unknown = true
		case r.Outcome == cnpay.NotSent:
			notSent = true
		case r.Outcome == cnpay.Failed || r.Outcome == cnpay.Unknown:
			failed = true
		}
	}
	switch {
	case unknown:
		return exitUnknown
	case invalid:
		return exitUsage
	case notSent:
		return exitNotSent
	case failed:
		return exitFailed
	}
	return exitOK
}
