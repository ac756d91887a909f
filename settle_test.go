package cnpay_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

type step struct {
	verdict cnpay.Verdict
	err     error
}

// play answers the queries with the steps, in order, and notes when each was asked.
func play(steps ...step) (query func(context.Context) (string, cnpay.Verdict, error), asked *[]time.Duration) {
	begun, asked := time.Now(), new([]time.Duration)
	return func(context.Context) (string, cnpay.Verdict, error) {
		s := steps[len(*asked)]
		*asked = append(*asked, time.Since(begun))
		return s.verdict.Code, s.verdict, s.err
	}, asked
}

func verdict(o cnpay.Outcome, code string) step {
	return step{verdict: cnpay.Verdict{Outcome: o, Code: code}}
}

func TestSettle(t *testing.T) {
	subject := cnpay.Subject{Provider: "unionpay", Operation: "preauth_cancel", Order: "1"}
	ladder := cnpay.Schedule{time.Second, 2 * time.Second, 4 * time.Second}
	for name, tt := range map[string]struct {
		steps   []step
		outcome cnpay.Outcome
		code    string
		cause   error
		asked   []time.Duration
	}{
		"done at once": {
			[]step{verdict(cnpay.Succeeded, "00")}, cnpay.Succeeded, "00", nil, []time.Duration{time.Second}},
		"a failed query says nothing": {
			[]step{{err: io.EOF}, verdict(cnpay.Failed, "36")}, cnpay.Failed, "36", cnpay.ErrRefused,
			[]time.Duration{time.Second, 3 * time.Second}},
		"never decided": {
			[]step{verdict(cnpay.Unknown, "34"), verdict(cnpay.Unknown, "34"), verdict(cnpay.Unknown, "34")},
			cnpay.Unknown, "34", cnpay.ErrUndecided, []time.Duration{time.Second, 3 * time.Second, 7 * time.Second}},
		"still pending": {
			[]step{verdict(cnpay.Pending, "05"), {err: io.EOF}, {err: io.EOF}}, cnpay.Pending, "05", nil,
			[]time.Duration{time.Second, 3 * time.Second, 7 * time.Second}},
		"never answered": {
			[]step{{err: io.EOF}, {err: io.EOF}, {err: io.EOF}}, cnpay.Unknown, "", io.EOF,
			[]time.Duration{time.Second, 3 * time.Second, 7 * time.Second}},
		"cannot be asked": {
			[]step{{err: cnpay.ErrInvalidRequest}}, cnpay.Unknown, "", cnpay.ErrInvalidRequest, []time.Duration{time.Second}},
		"never arrived": {
			[]step{verdict(cnpay.NotSent, "404")}, cnpay.NotSent, "404", cnpay.ErrTransport, []time.Duration{time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				query, asked := play(tt.steps...)
				s, err := cnpay.Settle(t.Context(), subject, ladder, query)
				require.Equal(t, tt.outcome, cnpay.OutcomeOf(s, err))
				require.Equal(t, tt.outcome, s.Outcome)
				require.Equal(t, tt.code, s.Code)
				require.Equal(t, tt.asked, *asked)
				require.Equal(t, len(tt.asked), s.Queries)
				require.ErrorIs(t, err, tt.cause)
				if tt.cause != nil {
					var e *cnpay.Error
					require.ErrorAs(t, err, &e)
					require.Equal(t, subject, e.Subject)
				}
			})
		})
	}
}

func TestRefusedQueryIsNoRefusal(t *testing.T) {
	query, _ := play(step{err: &cnpay.Error{Outcome: cnpay.Failed, Code: "37", Err: errors.Join(cnpay.ErrRefused, io.EOF)}})
	s, err := cnpay.Settle(t.Context(), cnpay.Subject{Operation: "revoke"}, cnpay.Schedule{0}, query)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
	require.NotErrorIs(t, err, cnpay.ErrRefused)
	require.ErrorIs(t, err, io.EOF)
	var e *cnpay.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "revoke", e.Operation)
}

func TestSettleEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gaveUp := errors.New("the till was closed")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(1500*time.Millisecond, func() { cancel(gaveUp) })
		query, asked := play(step{err: io.EOF})
		s, err := cnpay.Settle(ctx, cnpay.Subject{}, cnpay.Every(time.Second, 5), query)
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
		require.ErrorIs(t, err, gaveUp)
		require.ErrorIs(t, err, io.EOF, "the cause before the end must not be lost")
		require.Len(t, *asked, 1)
	})
}

func TestSettleKeepsPendingWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		query, _ := play(verdict(cnpay.Pending, "05"))
		s, err := cnpay.Settle(ctx, cnpay.Subject{}, cnpay.Every(time.Second, 5), query)
		require.NoError(t, err)
		require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(s, err))
	})
}

func TestSettleWithoutASchedule(t *testing.T) {
	query, asked := play()
	s, err := cnpay.Settle(t.Context(), cnpay.Subject{}, nil, query)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
	require.Empty(t, *asked)
	require.Empty(t, cnpay.Every(time.Second, -1))
}
