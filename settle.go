package cnpay

import (
	"context"
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

// Settler is what every client is.
type Settler interface {
	// Settle queries, on the operation's own schedule, until the outcome of the call is final. It works from the
	// ticket alone, so it is the same in the process that sent and in any other.
	//
	// It returns the error of an outcome that is neither Succeeded nor Pending, as every call does, and a settlement
	// in every case. When ctx ends, the outcome is that of the last verified answer.
	//
	// It waits as long as the schedule lasts: seconds for what is carried out at once, hours for what somebody pays later,
	// days for some refunds and payouts. Where nobody waits that long give it a ctx that ends, or [WithSchedule] of one
	// query, and settle the ticket again.
	Settle(ctx context.Context, t Ticket, opts ...Option) (*Settlement, error)
}

// Settlement is what settling found out. It is a [Result].
type Settlement struct {
	Verdict          // of the operation, not of the query
	Ticket    Ticket // the one that was settled, with what answers added to it
	Answer    Result // the last verified answer to a query; nil if there was none
	Queries   int    // how many were made
	Absent    bool   // the last answer says that the provider knows of no such order
	SendAgain bool   // sending the same request again, under the same number, is harmless and ends the doubt
	// Next is how long to wait until the next query of the operation's own schedule, which counts from the ticket's
	// Began; 0 once the outcome is final or the schedule is over.
	Next time.Duration
	// Horizon is the moment after which the call can no longer be on its way: the ticket's Until and a margin, the
	// operation's own, if it has one. Only a query that leaves after it takes absence as a proof. It is zero if nobody knows it.
	Horizon time.Time
	// GiveUp is the operation that ends an order which nobody has paid, once its schedule is over and it is still open.
	// Whether to send it is the merchant's decision: some give an order back that was paid after all, and their comments
	// say so.
	GiveUp string
}

// CallOutcome is the outcome of the operation.
func (s *Settlement) CallOutcome() Outcome { return s.Outcome }

// CallTicket is the ticket of the operation.
func (s *Settlement) CallTicket() Ticket { return s.Ticket }

// Finding is what one query says of an operation.
type Finding struct {
	Verdict
	Answer Result            // the query's answer
	Absent bool              // the provider knows of no such order: Settle judges what that proves
	Fields map[string]string // what the answer adds to the ticket
	Cause  error             // why a verified answer does not decide, where more can be said than that
	// Unchanged reports that the query shows the order as it was before the operation, which proves nothing.
	Unchanged bool
}

// SettleRule says how an operation is settled.
type SettleRule struct {
	// Schedule is the documents' own.
	Schedule Schedule
	// Faults are why the ticket cannot be asked about, if it cannot: Settle says so before it waits.
	Faults []Fault
	// Query asks once. An error says nothing about the operation; the next query follows, unless it is an
	// [ErrInvalidRequest].
	Query func(ctx context.Context) (Finding, error)
	// Absent is set where a provider that knows of no such order proves, once the call can no longer be on its way, that
	// the request never arrived. Reach is how long after Began the query still sees the order; 0 means without end.
	Absent bool
	Reach  time.Duration
	// Margin is how long after the ticket's Until a request may still be carried out, where the documents bound it: it
	// replaces [DefaultMargin], and [WithMargin] replaces it. 0 where they say nothing.
	Margin time.Duration
	// Harmless is set where the documents make a repeat of the same request under the same number harmless: then it ends
	// the doubt that an absent or unchanged order leaves.
	Harmless bool
	// PaidLater is set for orders that somebody else pays: Failed then means closed or expired, and not paid.
	PaidLater bool
	// GiveUp is the operation that ends an order which nobody has paid.
	GiveUp string
}

// Notification is what every provider's notification is: a [Result] whose ticket names the operation that it is about
// by provider, account, operation and order, as far as the message says them.
type Notification interface {
	Result
	// Key distinguishes notifications: two with the same key say the same, however often they are delivered.
	Key() string
	// Operations are those that the message may be about, by the fields that it has: one, where its ticket names it. The
	// others of an order, its refund for example, are not among them.
	Operations() []string
}
