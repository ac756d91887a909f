package call

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cnpay-go/cnpay"
)

// Settle queries by the rule until the outcome of the ticket's call is final. The ticket alone says what is asked, so the
// same runs in every process.
func (c *Client) Settle(ctx context.Context, t cnpay.Ticket, rule cnpay.SettleRule, opts []cnpay.Option) (*cnpay.Settlement, error) {
	settings := c.Settings.With(opts...)
	s := &cnpay.Settlement{Ticket: t}
	if faults := append(c.foreign(t), rule.Faults...); faults != nil {
		return s, &cnpay.Error{Ticket: t, Err: &cnpay.InvalidRequestError{Faults: faults}}
	}
	schedule := settings.Schedule
	if schedule == nil {
		schedule = rule.Schedule
	}
	horizon := horizonOf(t, cmp.Or(settings.Margin, rule.Margin, cnpay.DefaultMargin))
	s.Horizon = time.Time(horizon)
	var cause error
	for _, d := range schedule {
		if err := wait(ctx, d); err != nil {
			cause = errors.Join(err, cause)
			break
		}
		left := settings.Now() // before the query leaves: what is absent afterwards may have arrived in between
		found, err := rule.Query(ctx)
		s.Queries++
		if err != nil {
			cause = queryError{err}
			if errors.Is(err, cnpay.ErrInvalidRequest) {
				break // the next query would be as wrong as this one
			}
			continue
		}
		cause = found.Cause
		s.Verdict, s.Answer, s.Absent = found.Verdict, found.Answer, found.Absent
		s.Outcome = proven(found, rule, t, horizon.passed(left), withinReach(rule, t, left))
		for name, value := range found.Fields {
			s.Ticket = s.Ticket.With(name, value)
		}
		s.SendAgain = rule.Harmless && !s.Outcome.Final() && (found.Absent || found.Unchanged)
		if s.Outcome.Final() {
			break
		}
	}
	if !s.Outcome.Final() {
		if s.Next = next(rule.Schedule, t.Began, settings.Now(), s.Queries); s.Next == 0 {
			s.GiveUp = rule.GiveUp
		}
	}
	return s, settlementError(s, rule, cause)
}

// NotSettled is the error of a ticket whose operation has nothing that could settle it.
func (c *Client) NotSettled(t cnpay.Ticket) (*cnpay.Settlement, error) {
	faults := append(c.foreign(t), cnpay.Fault{Field: "operation", Problem: "is not one that " + c.Provider + " can settle"})
	return &cnpay.Settlement{Ticket: t}, &cnpay.Error{Ticket: t, Err: &cnpay.InvalidRequestError{Faults: faults}}
}

// foreign returns why a ticket is not this client's.
func (c *Client) foreign(t cnpay.Ticket) []cnpay.Fault {
	var faults []cnpay.Fault
	for _, f := range [...]struct{ name, ours, theirs string }{
		{"provider", c.Provider, t.Provider}, {"gateway", c.Host(), t.Gateway}, {"account", c.Account, t.Account},
	} {
		if f.theirs != f.ours && !(f.name == "account" && c.OwnAccount != nil && c.OwnAccount(f.theirs)) {
			faults = append(faults, cnpay.Fault{Field: f.name, Problem: "is not the client's " + f.ours})
		}
	}
	return faults
}

// proven is what a query proves of the outcome.
//
// An order that is not there proves that the request never arrived when the query left after the last moment at which
// the request could still be on its way, and not before: absent at first, and carried out a second later, is what a
// slow network looks like. A refusal of an order that was sent more than once may be an earlier sending's, so it
// proves no more than absence does.
func proven(f cnpay.Finding, rule cnpay.SettleRule, t cnpay.Ticket, passed, reached bool) cnpay.Outcome {
	switch {
	case f.Absent && rule.Absent && passed && reached:
		return cnpay.NotSent
	case f.Absent && f.Outcome == cnpay.Failed, f.Outcome == cnpay.NotSent, f.Outcome == cnpay.Answered:
		return cnpay.Unknown
	case f.Outcome == cnpay.Failed && t.Sending > 0 && !passed:
		return cnpay.Unknown
	}
	return f.Outcome
}

// horizon is the moment after which a call can no longer be on its way; zero if nobody knows it.
type horizon time.Time

func horizonOf(t cnpay.Ticket, margin time.Duration) horizon {
	if t.Began.IsZero() || t.Until.IsZero() {
		return horizon{}
	}
	return horizon(t.Until.Add(margin))
}

func (h horizon) passed(now time.Time) bool {
	return !time.Time(h).IsZero() && now.After(time.Time(h))
}

// withinReach reports whether a query that left then still sees an order of the ticket's age.
func withinReach(rule cnpay.SettleRule, t cnpay.Ticket, left time.Time) bool {
	return rule.Reach == 0 || left.Before(t.Began.Add(rule.Reach))
}

// next is how long to wait for the next query of a schedule that counts from began; 0 when it is over.
func next(schedule cnpay.Schedule, began, now time.Time, queries int) time.Duration {
	if began.IsZero() {
		if queries < len(schedule) {
			return max(schedule[queries], 1)
		}
		return 0
	}
	due := began
	for _, d := range schedule {
		if due = due.Add(d); due.After(now) {
			return due.Sub(now)
		}
	}
	return 0
}

func settlementError(s *cnpay.Settlement, rule cnpay.SettleRule, cause error) error {
	switch s.Outcome {
	case cnpay.Succeeded, cnpay.Pending:
		return nil
	case cnpay.Failed:
		cause = cnpay.ErrRefused
		if rule.PaidLater {
			cause = cnpay.ErrUnpaid
		}
	case cnpay.NotSent:
		cause = fmt.Errorf("%w: the request never arrived and no longer can", cnpay.ErrTransport)
	default:
		if cause == nil {
			cause = cnpay.ErrUndecided
		}
		cause = fmt.Errorf("after %s: %w", queries(s.Queries), cause)
	}
	return &cnpay.Error{Ticket: s.Ticket, Outcome: s.Outcome, Code: s.Code, Message: s.Message, Err: cause}
}

func queries(n int) string {
	if n == 1 {
		return "1 query"
	}
	return fmt.Sprintf("%d queries", n)
}

// queryError keeps a query that was refused from being read as an operation that was.
type queryError struct{ error }

func (e queryError) Is(target error) bool {
	return target != cnpay.ErrRefused && errors.Is(e.error, target)
}

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
