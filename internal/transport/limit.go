package transport

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

// limit is a call's time limit by both clocks. Timers and contexts run on the monotonic one, which stands still in a
// suspended machine; the wall clock can be set back. Past the limit by either is past.
type limit struct {
	deadline     time.Time // with its monotonic reading
	began, until time.Time // wall clock
	clock        func() time.Time
}

// limitOf is the limit of a call that began at begun.
func limitOf(ctx context.Context, begun time.Time, clock func() time.Time) limit {
	deadline, _ := ctx.Deadline() // always one: Do has set it
	if clock == nil {
		clock = time.Now
	}
	left := deadline.Sub(begun) // also of a deadline that the caller set without a monotonic reading
	began := clock().UTC().Round(0)
	return limit{deadline: begun.Add(left), began: began, until: began.Add(left), clock: clock}
}

// past reports whether the call may no longer be sent.
func (l *limit) past() bool {
	return !time.Now().Before(l.deadline) || !l.clock().Round(0).Before(l.until)
}

var errPast = fmt.Errorf("the call's time limit had passed before its first byte was sent: %w", context.DeadlineExceeded)

// looking is a request's body that looks at the clocks right before its first byte is handed out. Every HTTP client
// reads the body before the money's bytes can leave; headers alone move nothing.
type looking struct {
	body   bytes.Reader
	state  *exchangeState
	looked bool
}

// Len lets the length of the body be announced.
func (b *looking) Len() int { return b.body.Len() }

func (b *looking) Read(p []byte) (int, error) {
	if !b.looked {
		if b.state.limit.past() {
			b.state.late.Store(true)
			return 0, errPast
		}
		b.looked = true
		b.state.read.Store(true)
	}
	return b.body.Read(p)
}
