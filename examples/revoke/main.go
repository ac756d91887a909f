// Command revoke takes money back at any of the five providers, or at all of them.
//
//	go run ./examples/revoke            all five, against gateways started in this process, with fresh keys
//	go run ./examples/revoke -h         the flags
//
// It exits with 0 when every outcome is succeeded or pending, 1 when one failed, 2 for bad flags, a bad configuration
// or a bad request, 3 when one is unknown, 4 when one was not sent, 5 when the outcomes are known but could not be
// written to standard output: they are on standard error. 3 goes before 5, 5 before 2, 2 before 4, 4 before 1.
//
// The files that -config and -request name are looked up in the current directory; the key and certificate files that a
// configuration names, in the folder of that configuration.
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
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/examples/internal/command"
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
	provider string
	scenario string
	config   string
	request  string
	settle   bool
	timeout  time.Duration
	json     bool
	verbose  bool
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		return fail(stderr, err)
	}
	jobs, closeAll, err := prepare(o)
	defer closeAll()
	if err != nil {
		return fail(stderr, err)
	}
	var log *slog.Logger
	if o.verbose {
		log = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	results := make([]result, len(jobs))
	var wg sync.WaitGroup
	for i, j := range jobs {
		wg.Go(func() { results[i] = j.do(ctx, o, log) })
	}
	wg.Wait()
	code := exitCode(results)
	if err := report(stdout, results, o); err != nil {
		_, _ = fmt.Fprintln(stderr, "revoke: the outcomes could not be written to standard output:", err)
		if err := report(stderr, results, o); err != nil || code == exitUnknown {
			return exitUnknown // nothing was printed
		}
		return exitUnsaid
	}
	return code
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("revoke", flag.ContinueOnError)
	f.Usage = func() {
		_, _ = fmt.Fprintf(f.Output(), "usage: revoke [flags]\n\nTakes money back. Without -config, at gateways inside this process.\n\n")
		f.PrintDefaults()
		_, _ = fmt.Fprintf(f.Output(), "\nexit: 0 succeeded or pending, 1 failed, 2 bad flags, config or request, 3 unknown, 4 not sent,\n"+
			"5 known, but not to be written to standard output: read standard error\n")
	}
	f.StringVar(&o.provider, "provider", "all", "all, or one of "+strings.Join(providers(), ", "))
	f.StringVar(&o.scenario, "scenario", "ok", "how the gateways in this process behave: "+strings.Join(scenarios(), ", "))
	f.StringVar(&o.config, "config", "", "JSON `file` that names real or other gateways; then none is started here. Looked up in the current directory; key files that it names, in its own folder")
	f.StringVar(&o.request, "request", "", `JSON `+"`file`"+` {"unionpay": {wire name: value, ...}, ...} with what to revoke, looked up in the current directory; without it a demonstration order is made`)
	f.BoolVar(&o.settle, "settle", true, "query until the outcome is final")
	f.DurationVar(&o.timeout, "timeout", 30*time.Second, "per provider, queries included; set 6m where a card has to be swiped (umpay)")
	f.BoolVar(&o.json, "json", false, "print one JSON object per line")
	f.BoolVar(&o.verbose, "v", false, "log each call on stderr")
	if err := command.Parse(f, args, stderr); err != nil {
		return o, err
	}
	scenarioGiven := false
	f.Visit(func(f *flag.Flag) { scenarioGiven = scenarioGiven || f.Name == "scenario" })
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case o.provider != "all" && !slices.Contains(providers(), o.provider):
		return o, fmt.Errorf("-provider %s: want all, or one of %s", o.provider, strings.Join(providers(), ", "))
	case !slices.Contains(scenarios(), o.scenario):
		return o, fmt.Errorf("-scenario %s: want one of %s", o.scenario, strings.Join(scenarios(), ", "))
	case o.timeout <= 0:
		return o, errors.New("-timeout must be more than zero")
	case o.config != "" && scenarioGiven:
		return o, errors.New("-scenario is for the gateways in this process; with -config there are none")
	case o.config != "" && o.request == "":
		return o, errors.New("-config needs -request: a real gateway has no demonstration order")
	}
	return o, nil
}

func fail(stderr io.Writer, err error) int {
	_, _ = fmt.Fprintf(stderr, "revoke: %v\n\nTry: revoke -h\n", err)
	return exitUsage
}

func exitCode(results []result) int {
	var unknown, invalid, notSent, failed bool
	for _, r := range results {
		switch {
		case r.invalid:
			invalid = true
		case r.Outcome == cnpay.Unknown:
			unknown = true
		case r.Outcome == cnpay.NotSent:
			notSent = true
		case r.Outcome == cnpay.Failed:
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
