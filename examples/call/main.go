// Command call makes any call of any provider, with a request in JSON, and settles it, in this process or in another.
//
//	go run ./examples/call upay                                        lists the operations
//	go run ./examples/call upay orders.revoke -request request.json    calls one, at a gateway in this process
//	go run ./examples/call upay orders.revoke -request request.json -config config.json -settle
//	go run ./examples/call settle -ticket ticket.json -config config.json
//
// The request has the documents' wire names. What is printed is one JSON object: the outcome, the ticket and the answer.
// The ticket, or all of that output, is what settle takes: nothing else is needed to find the outcome later.
//
// It exits with 0 when the outcome is succeeded, pending or answered, 1 when it is failed, 2 for bad flags, a bad
// configuration or a bad request, 3 when it is unknown, 4 when nothing was sent, 5 when it is known but could not be
// written to standard output: it is on standard error.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"golang.org/x/text/width"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/examples/internal/clients"
	"github.com/cnpay-go/cnpay/examples/internal/command"
	"github.com/cnpay-go/cnpay/examples/internal/jsonfile"
	"github.com/cnpay-go/cnpay/internal/spec"
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
	words    []string // provider and operation, or settle
	request  string
	config   string
	ticket   string
	scenario string
	settle   bool
	timeout  time.Duration
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
	out, err := o.do(ctx, stderr)
	if err != nil {
		return fail(stderr, err)
	}
	code := out.exitCode()
	if _, err := io.WriteString(stdout, out.text); err != nil {
		_, _ = fmt.Fprintln(stderr, "call: the outcome could not be written to standard output:", err)
		if _, err := io.WriteString(stderr, out.text); err != nil || code == exitUnknown {
			return exitUnknown // nothing was printed
		}
		return exitUnsaid
	}
	return code
}

// parse takes words and flags in any order.
func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("call", flag.ContinueOnError)
	f.Usage = func() {
		_, _ = fmt.Fprintf(f.Output(), "usage: call PROVIDER [SERVICE.VERB] [flags]\n       call settle -ticket FILE -config FILE [flags]\n\n"+
			"Calls any operation of %s. Without a verb it lists them.\nWithout -config the call goes to a gateway inside this process.\n\n", strings.Join(names(), ", "))
		f.PrintDefaults()
		_, _ = fmt.Fprintf(f.Output(), "\nexit: 0 succeeded, pending or answered, 1 failed, 2 bad flags, config or request, 3 unknown, 4 not sent,\n"+
			"5 known, but not to be written to standard output: read standard error\n")
	}
	f.StringVar(&o.request, "request", "", "JSON `file` with the request by wire names, looked up in the current directory; - is standard input")
	f.StringVar(&o.config, "config", "", "JSON `file` that names real or other gateways, as for examples/revoke")
	f.StringVar(&o.ticket, "ticket", "", "JSON `file` with a ticket, or with what this program printed")
	f.StringVar(&o.scenario, "scenario", "ok", "how the gateway in this process behaves: "+spelled(everywhere())+", late 8s, and faults of its own")
	f.BoolVar(&o.settle, "settle", false, "query until the outcome is final")
	f.DurationVar(&o.timeout, "timeout", 30*time.Second, "for the call and, once more, for settling it")
	f.BoolVar(&o.verbose, "v", false, "log each call on stderr")
	for len(args) > 0 {
		if err := command.Parse(f, args, stderr); err != nil {
			return o, err
		}
		if args = f.Args(); len(args) > 0 {
			o.words, args = append(o.words, args[0]), args[1:]
		}
	}
	scenarioGiven := false
	f.Visit(func(f *flag.Flag) { scenarioGiven = scenarioGiven || f.Name == "scenario" })
	settling := len(o.words) > 0 && o.words[0] == "settle"
	switch {
	case len(o.words) == 0:
		return o, errors.New("want a provider, one of " + strings.Join(names(), ", ") + ", or settle")
	case len(o.words) > 2 || settling && len(o.words) > 1:
		return o, fmt.Errorf("unexpected argument %q", o.words[len(o.words)-1])
	case settling && (o.ticket == "" || o.config == ""):
		return o, errors.New("settle needs -ticket, and -config: a gateway in this process knows nothing of an earlier call")
	case !settling && o.ticket != "":
		return o, errors.New("-ticket is for settle")
	case o.config != "" && scenarioGiven:
		return o, errors.New("-scenario is for the gateways in this process; with -config there are none")
	case o.timeout <= 0:
		return o, errors.New("-timeout must be more than zero")
	}
	return o, nil
}

func names() []string {
	var all []string
	for _, p := range clients.Providers() {
		all = append(all, p.Name)
	}
	return all
}

func provider(name string) (clients.Provider, error) {
	all := clients.Providers()
	i := slices.IndexFunc(all, func(p clients.Provider) bool { return p.Name == name })
	if i < 0 {
		return clients.Provider{}, fmt.Errorf("no provider %q; want one of %s", name, strings.Join(names(), ", "))
	}
	return all[i], nil
}

// output is what the program prints, and the outcome that its exit code reports.
type output struct {
	text    string
	outcome cnpay.Outcome
	invalid bool
	listing bool
}

func (o output) exitCode() int {
	switch {
	case o.listing:
		return exitOK
	case o.invalid:
		return exitUsage
	}
	return map[cnpay.Outcome]int{
		cnpay.Succeeded: exitOK, cnpay.Pending: exitOK, cnpay.Answered: exitOK,
		cnpay.Failed: exitFailed, cnpay.NotSent: exitNotSent, cnpay.Unknown: exitUnknown,
	}[o.outcome]
}

func (o options) do(ctx context.Context, stderr io.Writer) (output, error) {
	var config *clients.Config
	var err error
	if o.config != "" {
		if config, err = clients.Read(o.config); err != nil {
			return output{}, err
		}
	}
	var opts []cnpay.Option
	if o.verbose {
		opts = append(opts, cnpay.WithLogger(slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	}
	if o.words[0] == "settle" {
		return o.settleTicket(ctx, config, opts)
	}
	p, err := provider(o.words[0])
	if err != nil {
		return output{}, err
	}
	if err := knows(p.Name, o.scenario); err != nil {
		return output{}, err
	}
	client, err := p.Open(config)
	if err != nil {
		return output{}, err
	}
	defer client.Close()
	all := operations(client.Settler, p.Operations())
	if len(o.words) == 1 {
		return output{text: list(p.Name, all), listing: true}, nil
	}
	op, err := find(all, o.words[1])
	if err != nil {
		return output{}, fmt.Errorf("%s: %w; call %s lists them", p.Name, err, p.Name)
	}
	request, err := o.read(op)
	if err != nil {
		return output{}, err
	}
	if client.Gateway != nil {
		client.Gateway.Misbehave(op.ID, cnpaytest.Fault(o.scenario))
	}
	return o.call(ctx, client, op, request, opts)
}

// read makes the request of the -request file.
func (o options) read(op operation) (reflect.Value, error) {
	request := reflect.New(op.request)
	if o.request == "" {
		return request, nil
	}
	text, err := []byte(nil), error(nil)
	if o.request == "-" {
		text, err = io.ReadAll(io.LimitReader(os.Stdin, 1<<20))
	} else {
		text, err = jsonfile.ReadFile("", o.request)
	}
	var object jsonfile.Object
	if err == nil {
		object, err = jsonfile.Parse(text)
	}
	if err == nil {
		err = jsonfile.Error(object.Fill(request.Interface()))
	}
	if err != nil {
		return request, fmt.Errorf("-request %s: %w", o.request, err)
	}
	return request, nil
}

// printed is the JSON that is printed.
type printed struct {
	Outcome cnpay.Outcome `json:"outcome"`
	Code    string        `json:"code,omitempty"`
	Message string        `json:"message,omitempty"`
	Error   string        `json:"error,omitempty"`
	Next    string        `json:"next,omitempty"` // what to do
	Ticket  cnpay.Ticket  `json:"ticket"`
	Link    string        `json:"link,omitempty"` // where the payer's browser goes
	Page    string        `json:"page,omitempty"` // or what it shows
	// Answer is the answer by wire names, without what is empty.
	Answer json.RawMessage `json:"answer,omitempty"`
}

// show puts an answer into the output.
func (p *printed) show(answer cnpay.Result) error {
	if answer == nil {
		return nil
	}
	text, err := (&spec.Table{}).EncodeJSON(answer)
	p.Answer = text
	return err
}

func (o options) call(ctx context.Context, client *clients.Client, op operation, request reflect.Value, opts []cnpay.Option) (output, error) {
	res, form, err := op.call(ctx, request, append(opts, cnpay.WithTimeout(o.timeout)))
	if form != nil {
		return page(form)
	}
	p := printed{Outcome: cnpay.OutcomeOf(res, err), Ticket: cnpay.TicketOf(res, err)}
	if err := p.show(res); err != nil {
		return output{}, err
	}
	open := p.Outcome == cnpay.Unknown || p.Outcome == cnpay.Pending
	if o.settle && open && !p.Ticket.NoMoney && ctx.Err() == nil {
		out, err := o.settled(ctx, client, p.Ticket, opts)
		out.invalid = false // the call was made: what cannot be settled here is unknown, not a bad request
		return out, err
	}
	switch {
	case !open || p.Ticket.NoMoney:
	case client.Gateway != nil:
		p.Next = "settle it in the same run, with -settle: this gateway ends with the program"
	default:
		p.Next = "settle it: call settle -ticket FILE -config FILE, with this output as the ticket's FILE"
	}
	return p.print(err)
}

func page(form *cnpay.Form) (output, error) {
	p := printed{Outcome: cnpay.Pending, Ticket: form.Ticket, Link: form.Link, Next: "send the payer's browser there; the money moves when the payer pays"}
	if form.Link == "" {
		var b strings.Builder
		if err := form.WriteHTML(&b); err != nil {
			return output{}, err
		}
		p.Page = b.String()
	}
	return p.print(nil)
}

func (o options) settled(ctx context.Context, client cnpay.Settler, ticket cnpay.Ticket, opts []cnpay.Option) (output, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, fmt.Errorf("-timeout %s is over", o.timeout))
	defer cancel()
	s, err := client.Settle(ctx, ticket, opts...)
	p := printed{Outcome: s.Outcome, Code: s.Code, Message: s.Message, Ticket: s.Ticket}
	if err := p.show(s.Answer); err != nil {
		return output{}, err
	}
	switch {
	case s.Outcome.Final():
	case errors.Is(err, cnpay.ErrInvalidRequest):
		p.Next = "settle it with the configuration and the ticket of the call, as they were"
	case s.SendAgain:
		p.Next = "sending the same request again, under the same number, is harmless and ends the doubt"
	case s.Next > 0:
		p.Next = fmt.Sprintf("settle it again, in %s", s.Next.Round(time.Second))
	case s.GiveUp != "":
		p.Next = "nobody has paid; " + s.GiveUp + " ends the order"
	default:
		p.Next = "settle it again later, or ask the provider"
	}
	return p.print(err)
}

// settleTicket settles a call of another process.
func (o options) settleTicket(ctx context.Context, config *clients.Config, opts []cnpay.Option) (output, error) {
	text, err := jsonfile.ReadFile("", o.ticket)
	var object jsonfile.Object
	if err == nil {
		object, err = jsonfile.Parse(text)
	}
	if inner, ok := object["ticket"]; ok && err == nil { // what this program printed
		object, err = jsonfile.Parse(inner)
	}
	var ticket cnpay.Ticket
	if err == nil {
		err = jsonfile.Error(object.Fill(&ticket))
	}
	if err != nil {
		return output{}, fmt.Errorf("-ticket %s: %w", o.ticket, err)
	}
	p, err := provider(ticket.Provider)
	if err != nil {
		return output{}, fmt.Errorf("-ticket %s: %w", o.ticket, err)
	}
	client, err := p.Open(config)
	if err != nil {
		return output{}, err
	}
	defer client.Close()
	return o.settled(ctx, client, ticket, opts)
}

func (p printed) print(err error) (output, error) {
	if err != nil {
		p.Error = err.Error()
		var e *cnpay.Error
		if errors.As(err, &e) {
			p.Code, p.Message = cmp.Or(p.Code, e.Code), cmp.Or(p.Message, e.Message)
		}
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(p); err != nil {
		return output{}, err
	}
	return output{text: b.String(), outcome: p.Outcome, invalid: errors.Is(err, cnpay.ErrInvalidRequest)}, nil
}

func list(name string, all []operation) string {
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "%s has %d operations; call %s OPERATION -request FILE\n\n", name, len(all), name)
	wide := columns("中文")
	for _, o := range all {
		wide = max(wide, columns(o.Chinese))
	}
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	row := func(name, kind, chinese, wants string) {
		padding := strings.Repeat(" ", wide-columns(chinese)+2)
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\n", name, kind, chinese+padding+wants)
	}
	row("OPERATION", "KIND", "中文", "WANTS")
	for _, o := range all {
		row(o.name, o.Kind, o.Chinese, strings.Join(o.wants, ", "))
	}
	_ = t.Flush()
	return b.String()
}

// columns is how wide text is on a terminal, where a Chinese character takes two columns.
func columns(text string) (n int) {
	for _, r := range text {
		n++
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			n++
		}
	}
	return n
}

func fail(stderr io.Writer, err error) int {
	_, _ = fmt.Fprintf(stderr, "call: %v\n\nTry: call -h\n", err)
	return exitUsage
}
