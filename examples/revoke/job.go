package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/examples/internal/jsonfile"
)

// job is one revocation at one provider.
type job struct {
	provider  string
	operation string
	client    cnpay.Settler
	request   any
	complete  func()        // fills in what the request leaves out; may be nil
	faults    []cnpay.Fault // what of the -request file does not fit into the request
	repeats   bool          // there is no query: settling it sends the same revoke again, which is harmless
	revoke    func(context.Context, ...cnpay.Option) (cnpay.Result, error)
}

func newJob[Req any, Res cnpay.Result](
	operation string, client cnpay.Settler, req *Req, revoke func(context.Context, *Req, ...cnpay.Option) (Res, error),
) job {
	return job{
		operation: operation, client: client, request: req,
		revoke: func(ctx context.Context, opts ...cnpay.Option) (cnpay.Result, error) {
			return revoke(ctx, req, opts...)
		},
	}
}

// unreadable is the error of a request that could not be read whole. It names what else is wrong with that request, as
// the library knows it; the recorder sees to it that nothing leaves.
func (j *job) unreadable() error {
	if len(j.faults) == 0 {
		return nil
	}
	faults := slices.Clone(j.faults)
	_, err := j.revoke(context.Background(), cnpay.WithRecorder(&book{refuse: errors.New("not readable")}))
	var invalid *cnpay.InvalidRequestError
	if errors.As(err, &invalid) {
		for _, f := range invalid.Faults {
			if !slices.ContainsFunc(faults, func(read cnpay.Fault) bool { return read.Field == f.Field }) {
				faults = append(faults, f)
			}
		}
	}
	return jsonfile.Error(faults)
}

// result is one line of the report.
type result struct {
	Provider  string        `json:"provider"`
	Operation string        `json:"operation"`
	Order     string        `json:"order"`
	Outcome   cnpay.Outcome `json:"outcome"`
	Code      string        `json:"code"`
	Message   string        `json:"message"`
	Settled   bool          `json:"settled"` // it was decided afterwards: by a query, or by sending it again
	Sent      int           `json:"sent"`    // how often the request that moves money left
	Error     string        `json:"error"`

	invalid bool // refused here, before anything was sent
	repeats bool // the job's
}

func (j *job) do(ctx context.Context, o options, log *slog.Logger) result {
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, fmt.Errorf("-timeout %s is over", o.timeout))
	defer cancel()
	book := &book{operation: j.operation}
	options := []cnpay.Option{cnpay.WithRecorder(book), cnpay.WithLogger(log)}

	// Half of the time is kept for asking, should the answer never come.
	limit := o.timeout
	if o.settle {
		limit /= 2
	}
	res, err := j.revoke(ctx, append(options, cnpay.WithTimeout(limit))...)
	last, ticket := book.finished()
	r := result{
		Provider: j.provider, Operation: j.operation, Order: ticket.Order,
		Outcome: cnpay.OutcomeOf(res, err), Code: last.Code, Message: last.Message,
		invalid: errors.Is(err, cnpay.ErrInvalidRequest), repeats: j.repeats,
	}
	if o.settle && (r.Outcome == cnpay.Pending || r.Outcome == cnpay.Unknown) && ctx.Err() == nil {
		settlement, settleErr := j.client.Settle(ctx, cnpay.TicketOf(res, err), options...)
		verdict := settlement.Verdict
		switch {
		case verdict.Outcome != cnpay.Unknown:
			r.Outcome, r.Code, r.Message, err = verdict.Outcome, verdict.Code, verdict.Message, settleErr
			r.Settled = verdict.Outcome.Final()
		case ctx.Err() != nil: // which is the cause of whatever settleErr holds
			err = errors.Join(err, fmt.Errorf("asking ended early: %w", context.Cause(ctx)))
		default:
			err = errors.Join(err, settleErr)
		}
	}
	var e *cnpay.Error
	if errors.As(err, &e) && r.Order == "" {
		r.Order = e.Ticket.Order
	}
	if err != nil {
		r.Error = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	r.Sent = book.sent()
	return r
}

// book is a Recorder that counts how often the money request left. A real one would write to a database: Started
// before the request leaves, Finished with its outcome, so that a crash between the two is seen after a restart.
type book struct {
	operation string
	refuse    error // nothing leaves

	mu     sync.Mutex
	ticket cnpay.Ticket
	last   cnpay.Call
	total  int
}

func (b *book) Started(ctx context.Context, _ cnpay.Ticket) (context.Context, error) {
	return ctx, b.refuse
}

func (b *book) Finished(_ context.Context, t cnpay.Ticket, c cnpay.Call) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t.Operation == b.operation {
		b.ticket, b.last, b.total = t, c, b.total+c.Sent
	}
}

func (b *book) finished() (cnpay.Call, cnpay.Ticket) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last, b.ticket
}

func (b *book) sent() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.total
}
