package cnpay

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Schedule is the waiting time before each query that Settle makes.
type Schedule []time.Duration

// Every is a schedule of n queries, each after d.
func Every(d time.Duration, n int) Schedule {
	s := make(Schedule, max(n, 0))
	for i := range s {
		s[i] = d
	}
	return s
}

// Settlement is what querying found out about an operation on money. It is a [Result].
type Settlement[A any] struct {
	Verdict     // of the operation, not of the query
	Answer  A   // the last verified answer to the query; the zero value if there was none
	Queries int // how many were made
}

// CallOutcome is the outcome of the operation on money.
func (s *Settlement[A]) CallOutcome() Outcome { return s.Outcome }

// Settle asks, on the given schedule, until the outcome of an operation on money is final. It never sends the
// operation itself. The provider packages have a ready Settle method beside each operation; this function is for
// schedules that last longer than a process, and for operations settled in another way.
//
// query returns the provider's answer and the verdict on the operation. An error of query says nothing about the
// operation, and the next query follows, unless the query itself is an [ErrInvalidRequest]. Settle returns the error
// of an outcome that is neither Succeeded nor Pending, as every call does, and a settlement in every case. When ctx
// ends, the outcome is that of the last verified answer.
func Settle[A any](ctx context.Context, subject Subject, schedule Schedule, query func(context.Context) (A, Verdict, error)) (*Settlement[A], error) {
	s := &Settlement[A]{}
	var cause error
	for _, d := range schedule {
		if err := wait(ctx, d); err != nil {
			cause = errors.Join(err, cause)
			break
		}
		answer, verdict, err := query(ctx)
		s.Queries++
		if err != nil {
			cause = queryError{err}
			if errors.Is(err, ErrInvalidRequest) {
				break // the next query would be as wrong as this one
			}
			continue
		}
		cause = nil
		s.Answer, s.Verdict = answer, verdict
		if verdict.Outcome.Final() {
			break
		}
	}
	return s, s.err(subject, cause)
}

func (s *Settlement[A]) err(subject Subject, cause error) error {
	switch s.Outcome {
	case Succeeded, Pending:
		return nil
	case Failed:
		cause = ErrRefused
	case NotSent:
		cause = fmt.Errorf("%w: the request never arrived", ErrTransport)
	default:
		if cause == nil {
			cause = ErrUndecided
		}
		cause = fmt.Errorf("after %s: %w", queries(s.Queries), cause)
	}
	return &Error{Subject: subject, Outcome: s.Outcome, Code: s.Code, Message: s.Message, Err: cause}
}

func queries(n int) string {
	if n == 1 {
		return "1 query"
	}
	return fmt.Sprintf("%d queries", n)
}

// queryError keeps a query that was refused from being read as an operation that was.
type queryError struct{ error }

func (e queryError) Is(target error) bool { return target != ErrRefused && errors.Is(e.error, target) }

func (e queryError) As(target any) bool { return errors.As(e.error, target) }

func wait(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
