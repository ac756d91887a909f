// Command pos is a till at a POS terminal of UMPay (联动优势): it sells by card, pre-authorises, completes, cancels and
// refunds, and prints the slip of each operation again, also after a restart.
//
//	go run ./examples/pos                    with a terminal in this process
//	go run ./examples/pos -config FILE       at the terminal of the file's section "umpay"
//	go run ./examples/pos -h                 the flags
//
// Type help. Commands may come from a pipe as well: echo "sell 12.50" | go run ./examples/pos
//
// The till keeps its receipts in a file. The ticket of each operation is stored there before its command leaves (keeper in
// till.go), so whatever ends the program, even kill -9 in the middle of a sale, the next start settles what is open: by
// asking, never by selling again. The terminal in this process keeps a file beside it, as a real one has a memory of its own.
//
// It exits with 0 when every outcome is succeeded or pending, 1 when one failed, 2 for bad flags, a bad file, or a line
// from a pipe that is no command, 3 when one is unknown, 4 when one was not sent, 5 when the outcomes are known but could
// not be written to standard output: they are in the file. 3 goes before 5, 5 before 2, 2 before 4, 4 before 1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
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
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/examples/internal/clients"
	"github.com/cnpay-go/cnpay/examples/internal/command"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
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
	file     string
	config   string
	scenario string
	timeout  time.Duration
	verbose  bool
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		return fail(stderr, err)
	}
	s, closeAll, err := open(o, stderr)
	if err != nil {
		return fail(stderr, err)
	}
	defer closeAll()
	s.report = &reporter{w: stdout}
	if person(stdin) {
		s.prompt = "till> "
	}
	err = s.report.print(s.greeting(o))
	if err == nil {
		err = s.run(ctx, stdin)
	}
	if err == nil {
		if open := s.open(); len(open) > 0 {
			err = s.report.print(fmt.Sprintf("open: %s. The next start asks about it.\n", numbers(open)))
		}
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "pos: %v\npos: no more was sent; all receipts are in %s\n", err, o.file)
	}
	return s.exitCode(err)
}

// person reports whether somebody types: then there is a prompt.
func person(stdin io.Reader) bool {
	file, ok := stdin.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func numbers(receipts []*receipt) string {
	var all []string
	for _, r := range receipts {
		all = append(all, fmt.Sprintf("receipt %d", r.No))
	}
	return strings.Join(all, ", ")
}

func (s *session) greeting(o options) string {
	where := "in this process"
	if s.terminal == nil {
		where = "of " + o.config
	}
	text := fmt.Sprintf("terminal %s %s; %d receipts in %s\n", s.till.terminal, where, len(s.receipts), o.file)
	if s.prompt != "" {
		text += "Type help, or for instance: sell 12.50\n"
	}
	return text
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("pos", flag.ContinueOnError)
	f.Usage = func() {
		_, _ = fmt.Fprintf(f.Output(), "usage: pos [flags]\n\nA till at a POS terminal. Without -config, at a terminal inside this process.\nIt reads commands from standard input:\n\n%s%s\n\n",
			help, helpHere+"see -scenario")
		f.PrintDefaults()
		_, _ = fmt.Fprintf(f.Output(), "\nexit: 0 succeeded or pending, 1 failed, 2 bad flags, file or piped command, 3 unknown, 4 not sent,\n"+
			"5 known, but not to be written to standard output: start again and type list\n")
	}
	f.StringVar(&o.file, "file", "pos.json", "`file` with the receipts; one that is not there is made. The terminal in this process keeps its own beside it, NAME.terminal")
	f.StringVar(&o.config, "config", "", "JSON `file` whose section \"umpay\" names a terminal's bridge; then no terminal is started here")
	f.StringVar(&o.scenario, "scenario", "ok", "how the terminal in this process behaves: "+strings.Join(scenarios(), ", "))
	f.DurationVar(&o.timeout, "timeout", 30*time.Second, "per command, queries included; set 6m where a card has to be swiped")
	f.BoolVar(&o.verbose, "v", false, "log each call on stderr")
	if err := command.Parse(f, args, stderr); err != nil {
		return o, err
	}
	given := map[string]bool{}
	f.Visit(func(f *flag.Flag) { given[f.Name] = true })
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q; commands come from standard input", f.Arg(0))
	case o.file == "":
		return o, errors.New("-file must name a file")
	case !slices.Contains(scenarios(), o.scenario):
		return o, fmt.Errorf("-scenario %s: want one of %s", o.scenario, strings.Join(scenarios(), ", "))
	case o.timeout <= 0:
		return o, errors.New("-timeout must be more than zero")
	case o.config != "" && given["scenario"]:
		return o, errors.New("-scenario is for the terminal in this process; with -config there is none")
	}
	return o, nil
}

func scenarios() []string {
	return []string{
		"ok", "refused", "lost-answer", "hang", "reset", "cut-body", "http-502", "empty", "html",
		"bad-signature", "other-answer", "unknown-code", "dropped", "unclear", "undecided",
	}
}

// misbehave has every operation that moves money meet the fault.
func misbehave(terminal *umpaytest.Server, fault cnpaytest.Fault) {
	for _, operation := range []string{
		umpay.OpCardPay, umpay.OpCardVoid, umpay.OpCardRefund,
		umpay.OpPreauthCreate, umpay.OpPreauthCancel, umpay.OpPreauthCompleteWithCard, umpay.OpPreauthCancelCompletion,
	} {
		terminal.AlwaysMisbehave(operation, fault)
	}
}

// open makes the till, and the terminal where none is named.
func open(o options, stderr io.Writer) (s *session, closeAll func(), err error) {
	var opts []cnpay.Option
	if o.verbose {
		opts = append(opts, cnpay.WithLogger(slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	}
	book, receipts, err := openBook(o.file)
	if err != nil {
		return nil, nil, fmt.Errorf("-file %w", err)
	}
	s = &session{till: &till{book: book, receipts: receipts, timeout: o.timeout}}
	closeAll = func() {}
	if o.config != "" {
		err = s.configured(o, opts)
	} else if err = s.here(o, opts); s.terminal != nil {
		closeAll = s.terminal.Close
	}
	if err == nil {
		err = s.known(o)
	}
	if err != nil {
		closeAll()
		return nil, nil, err
	}
	return s, closeAll, nil
}

func (s *session) configured(o options, opts []cnpay.Option) error {
	config, err := clients.Read(o.config)
	if err != nil {
		return err
	}
	provider, _ := clients.Find("umpay")
	c, err := provider.Open(config, opts...)
	if err == nil {
		s.client = c.Settler.(*umpay.Client)
	}
	return err
}

// here starts a terminal in this process. Wherever it listens today, the till calls it by one name, as a real one has,
// so that the tickets of the last time are its own.
func (s *session) here(o options, opts []cnpay.Option) error {
	memory := o.file + ".terminal"
	_, missing := os.Stat(memory)
	terminal, err := umpaytest.OpenServer(memory)
	if err != nil {
		return fmt.Errorf("the terminal's memory: %w", err)
	}
	s.terminal, s.schedule = terminal, cnpay.Every(100*time.Millisecond, 10)
	if errors.Is(missing, fs.ErrNotExist) && len(s.receipts) > 0 {
		terminal.Forget() // what it does not know now, it may have carried out
	}
	misbehave(terminal, cnpaytest.Fault(o.scenario))
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, strings.TrimPrefix(terminal.URL, "http://"))
	}
	config := terminal.Config()
	config.Gateway = "http://localhost"
	s.client, err = umpay.New(config, append(opts, cnpay.WithHTTPClient(&http.Client{Transport: &http.Transport{DialContext: dial}}))...)
	return err
}

// known refuses receipts of another terminal: their vouchers mean something else here.
func (s *session) known(o options) error {
	own, err := s.client.Ticket(&umpay.CardPayRequest{ID: "1", Amount: 1, OrderID: "1"})
	if err != nil {
		return err
	}
	s.till.terminal = own.Account
	for _, r := range s.receipts {
		if r.Ticket.Gateway != own.Gateway || r.Ticket.Account != own.Account {
			return fmt.Errorf("-file %s: receipt %d is of terminal %s at %s, and this is %s at %s; name another file",
				o.file, r.No, shown(r.Ticket.Account), shown(r.Ticket.Gateway), own.Account, own.Gateway)
		}
	}
	return nil
}

func fail(stderr io.Writer, err error) int {
	_, _ = fmt.Fprintf(stderr, "pos: %v\n\nTry: pos -h\n", err)
	return exitUsage
}

// exitCode is that of the operations of this run, each as it is known by now.
func (s *session) exitCode(unsaid error) int {
	var unknown, invalid, notSent, failed bool
	for _, end := range s.report.seen {
		switch {
		case end.invalid:
			invalid = true
		case end.Outcome == cnpay.NotSent:
			notSent = true
		case end.Outcome == cnpay.Failed:
			failed = true
		}
	}
	for _, r := range s.open() {
		unknown = unknown || r.Outcome == cnpay.Unknown
	}
	switch {
	case unknown:
		return exitUnknown
	case unsaid != nil:
		return exitUnsaid
	case invalid || s.wrong:
		return exitUsage
	case notSent:
		return exitNotSent
	case failed:
		return exitFailed
	}
	return exitOK
}
