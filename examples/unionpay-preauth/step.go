package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/unionpay"
)

// step is one operation, as the report names it.
type step struct {
	operation string
	order     string
	done      string // what has happened when it has succeeded
	possible  bool   // what it acts upon is there
}

// result is one line of the report.
type result struct {
	Operation string        `json:"operation"`
	Order     string        `json:"order"`
	Outcome   cnpay.Outcome `json:"outcome"`
	Code      string        `json:"code"`
	Message   string        `json:"message"`
	QueryID   string        `json:"queryId"` // UnionPay's number, by which later operations name it
	Settled   bool          `json:"settled"` // a query decided
	Sent      int           `json:"sent"`    // how often the request left
	Skipped   bool          `json:"skipped"` // not even tried
	Error     string        `json:"error"`

	done    string
	invalid bool // refused here, before anything was sent
	asks    bool // moves no money
}

// do carries out one step: it sends the operation once, and settles it by its ticket until its outcome is final. The
// error is the report's.
func do[Req any, Res cnpay.Result](ctx context.Context, p *play, s step, req *Req,
	call func(context.Context, *Req, ...cnpay.Option) (Res, error),
) (result, error) {
	r := result{Operation: s.operation, Order: s.order, done: s.done}
	if !s.possible || ctx.Err() != nil {
		r.Order, r.Outcome, r.Skipped = "", cnpay.NotSent, true
		return r, p.report(r)
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	book := &book{}
	opts := []cnpay.Option{cnpay.WithRecorder(book), cnpay.WithSchedule(p.schedule)}

	// Most of the time is kept for settling, should the answer never come.
	res, err := call(ctx, req, append(opts, cnpay.WithTimeout(p.timeout/4))...)
	sent := book.operation()
	r.Outcome, r.Code, r.Message, r.Sent = cnpay.OutcomeOf(res, err), sent.Code, sent.Message, sent.Sent
	r.invalid = errors.Is(err, cnpay.ErrInvalidRequest)
	ticket := cnpay.TicketOf(res, err)
	r.asks = ticket.NoMoney
	if !r.asks && (r.Outcome == cnpay.Pending || r.Outcome == cnpay.Unknown) && ctx.Err() == nil {
		settled, settleErr := p.client.Settle(ctx, ticket, opts...)
		switch {
		case settled.Outcome != cnpay.Unknown:
			r.Outcome, r.Code, r.Message, err = settled.Outcome, settled.Code, settled.Message, settleErr
			r.Settled = settled.Outcome.Final()
			if answer, ok := settled.Answer.(*unionpay.OrderQueryResponse); ok {
				r.QueryID = answer.QueryID
			}
		case ctx.Err() != nil: // which is the cause of whatever settleErr holds
			err = errors.Join(err, fmt.Errorf("settling ended early: %w", context.Cause(ctx)))
		case settleErr != nil:
			err = errors.Join(err, settleErr)
		}
	}
	if err != nil {
		r.Error = oneLine(err)
	}
	return r, p.report(r)
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// book is a Recorder that remembers the first call, which is the operation itself. A merchant's writes to a database:
// Started stores the ticket before the request leaves, Finished its outcome, so that any process settles what a crash
// between the two has left open.
type book struct {
	mu    sync.Mutex
	ended bool
	first cnpay.Call
}

func (b *book) Started(ctx context.Context, _ cnpay.Ticket) (context.Context, error) { return ctx, nil }

func (b *book) Finished(_ context.Context, _ cnpay.Ticket, c cnpay.Call) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ended {
		b.ended, b.first = true, c
	}
}

func (b *book) operation() cnpay.Call {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.first
}
