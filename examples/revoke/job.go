package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"

	"github.com/cnpay-go/cnpay"
)

// job is one revocation at one provider.
type job struct {
	provider  string
	operation string
	revoke    func(context.Context, ...cnpay.Option) (cnpay.Result, error)
	settle    func(context.Context, ...cnpay.Option) (cnpay.Verdict, error)
}

func newJob[Req any, Res cnpay.Result, A any](
	operation string, req *Req,
	revoke func(context.Context, *Req, ...cnpay.Option) (Res, error),
	settle func(context.Context, *Req, ...cnpay.Option) (*cnpay.Settlement[A], error),
) job {
	return job{
		operation: operation,
		revoke: func(ctx context.Context, opts ...cnpay.Option) (cnpay.Result, error) {
			return revoke(ctx, req, opts...)
		},
		settle: func(ctx context.Context, opts ...cnpay.Option) (cnpay.Verdict, error) {
			s, err := settle(ctx, req, opts...)
			return s.Verdict, err
		},
	}
}

// result is one line of the report.
type result struct {
	Provider  string        `json:"provider"`
	Operation string        `json:"operation"`
	Order     string        `json:"order"`
	Outcome   cnpay.Outcome `json:"outcome"`
	Code      string        `json:"code"`
	Message   string        `json:"message"`
	Settled   bool          `json:"settled"` // a query decided
	Sent      int           `json:"sent"`    // how often the request that moves money left
	Error     string        `json:"error"`

	invalid bool // refused here, before anything was sent
}

func (j *job) do(ctx context.Context, o options, log *slog.Logger) result {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	book := &book{operation: j.operation}
	options := []cnpay.Option{cnpay.WithRecorder(book), cnpay.WithLogger(log)}

	// Half of the time is kept for asking, should the answer never come.
	limit := o.timeout
	if o.settle {
		limit /= 2
	}
	res, err := j.revoke(ctx, append(options, cnpay.WithTimeout(limit))...)
	last := book.finished()
	r := result{
		Provider: j.provider, Operation: j.operation, Order: last.Order,
		Outcome: cnpay.OutcomeOf(res, err), Code: last.Code, Message: last.Message,
		invalid: errors.Is(err, cnpay.ErrInvalidRequest),
	}
	if o.settle && (r.Outcome == cnpay.Pending || r.Outcome == cnpay.Unknown) {
		verdict, settleErr := j.settle(ctx, options...)
		if verdict.Outcome != cnpay.Unknown {
			r.Outcome, r.Code, r.Message, err = verdict.Outcome, verdict.Code, verdict.Message, settleErr
			r.Settled = verdict.Outcome.Final()
		} else if settleErr != nil {
			err = errors.Join(err, settleErr)
		}
	}
	var e *cnpay.Error
	if errors.As(err, &e) && r.Order == "" {
		r.Order = e.Order
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

	mu    sync.Mutex
	last  cnpay.Call
	total int
}

func (b *book) Started(context.Context, cnpay.Subject) error { return nil }

func (b *book) Finished(_ context.Context, c cnpay.Call) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.Operation == b.operation {
		b.last, b.total = c, b.total+c.Sent
	}
}

func (b *book) finished() cnpay.Call {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

func (b *book) sent() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.total
}
