package call_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
)

type step struct {
	finding cnpay.Finding
	err     error
}

// play answers the queries with the steps, in order, and notes when each was asked.
func play(steps ...step) (query func(context.Context) (cnpay.Finding, error), asked *[]time.Duration) {
	begun, asked := time.Now(), new([]time.Duration)
	return func(context.Context) (cnpay.Finding, error) {
		s := steps[len(*asked)]
		*asked = append(*asked, time.Since(begun))
		return s.finding, s.err
	}, asked
}

func found(o cnpay.Outcome, code string) step {
	return step{finding: cnpay.Finding{Verdict: cnpay.Verdict{Outcome: o, Code: code}}}
}

func absent() step {
	return step{finding: cnpay.Finding{Verdict: cnpay.Verdict{Code: "404"}, Absent: true}}
}

func unchanged() step {
	return step{finding: cnpay.Finding{Verdict: cnpay.Verdict{Code: "PAID"}, Unchanged: true}}
}

func client() *call.Client {
	return &call.Client{Provider: "p", Gateway: "https://gateway", Account: "m"}
}

// ticket is of a call that began now and was limited to a minute.
func ticket() cnpay.Ticket {
	now := time.Now().Round(0)
	return cnpay.Ticket{
		Provider: "p", Gateway: "gateway", Account: "m", Operation: "revoke", Order: "1",
		Began: now, Until: now.Add(time.Minute),
	}
}

func TestSettle(t *testing.T) {
	ladder := cnpay.Schedule{time.Second, 2 * time.Second, 4 * time.Second}
	seconds := func(n ...int) (d []time.Duration) {
		for _, s := range n {
			d = append(d, time.Duration(s)*time.Second)
		}
		return d
	}
	for name, tt := range map[string]struct {
		steps     []step
		rule      cnpay.SettleRule
		outcome   cnpay.Outcome
		code      string
		cause     error
		asked     []time.Duration
		sendAgain bool
		giveUp    string
	}{
		"done at once":                  {[]step{found(cnpay.Succeeded, "00")}, cnpay.SettleRule{}, cnpay.Succeeded, "00", nil, seconds(1), false, ""},
		"a failed query says nothing":   {[]step{{err: io.EOF}, found(cnpay.Failed, "36")}, cnpay.SettleRule{}, cnpay.Failed, "36", cnpay.ErrRefused, seconds(1, 3), false, ""},
		"never decided":                 {[]step{found(cnpay.Unknown, "34"), found(cnpay.Unknown, "34"), found(cnpay.Unknown, "34")}, cnpay.SettleRule{GiveUp: "close"}, cnpay.Unknown, "34", cnpay.ErrUndecided, seconds(1, 3, 7), false, "close"},
		"still pending":                 {[]step{found(cnpay.Pending, "05"), {err: io.EOF}, {err: io.EOF}}, cnpay.SettleRule{}, cnpay.Pending, "05", nil, seconds(1, 3, 7), false, ""},
		"never answered":                {[]step{{err: io.EOF}, {err: io.EOF}, {err: io.EOF}}, cnpay.SettleRule{}, cnpay.Unknown, "", io.EOF, seconds(1, 3, 7), false, ""},
		"cannot be asked":               {[]step{{err: cnpay.ErrInvalidRequest}}, cnpay.SettleRule{}, cnpay.Unknown, "", cnpay.ErrInvalidRequest, seconds(1), false, ""},
		"not paid":                      {[]step{found(cnpay.Failed, "CLOSED")}, cnpay.SettleRule{PaidLater: true}, cnpay.Failed, "CLOSED", cnpay.ErrUnpaid, seconds(1), false, ""},
		"absent while it may arrive":    {[]step{absent(), absent(), absent()}, cnpay.SettleRule{Absent: true, Harmless: true}, cnpay.Unknown, "404", cnpay.ErrUndecided, seconds(1, 3, 7), true, ""},
		"absent, then it arrived":       {[]step{absent(), absent(), found(cnpay.Succeeded, "00")}, cnpay.SettleRule{Absent: true, Harmless: true}, cnpay.Succeeded, "00", nil, seconds(1, 3, 7), false, ""},
		"unchanged proves nothing":      {[]step{unchanged(), unchanged(), unchanged()}, cnpay.SettleRule{Absent: true, Harmless: true}, cnpay.Unknown, "PAID", cnpay.ErrUndecided, seconds(1, 3, 7), true, ""},
		"a repeat that is not harmless": {[]step{unchanged(), unchanged(), unchanged()}, cnpay.SettleRule{}, cnpay.Unknown, "PAID", cnpay.ErrUndecided, seconds(1, 3, 7), false, ""},
		"no query may say not sent":     {[]step{found(cnpay.NotSent, ""), found(cnpay.NotSent, ""), found(cnpay.Answered, "")}, cnpay.SettleRule{Absent: true}, cnpay.Unknown, "", cnpay.ErrUndecided, seconds(1, 3, 7), false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				query, asked := play(tt.steps...)
				tt.rule.Schedule, tt.rule.Query = ladder, query
				s, err := client().Settle(t.Context(), ticket(), tt.rule, nil)
				require.Equal(t, tt.outcome, cnpay.OutcomeOf(s, err))
				require.Equal(t, tt.outcome, s.Outcome)
				require.Equal(t, tt.code, s.Code)
				require.Equal(t, tt.asked, *asked)
				require.Equal(t, len(tt.asked), s.Queries)
				require.Equal(t, tt.sendAgain, s.SendAgain)
				require.Equal(t, tt.giveUp, s.GiveUp)
				require.ErrorIs(t, err, tt.cause)
				require.Equal(t, "revoke", cnpay.TicketOf(s, err).Operation)
				if tt.cause != nil {
					require.Equal(t, "revoke", cnpay.TicketOf(nil, err).Operation)
				}
			})
		})
	}
}

// Absence proves only what the call's own limit and the margin let it prove, by the moment at which the query left.
func TestAbsenceIsJudgedByTheTicket(t *testing.T) {
	at := func(d time.Duration) cnpay.Schedule { return cnpay.Schedule{d} }
	horizon := time.Minute + cnpay.DefaultMargin
	for name, tt := range map[string]struct {
		at      time.Duration
		takes   time.Duration
		ticket  func(*cnpay.Ticket)
		rule    cnpay.SettleRule
		opts    []cnpay.Option
		outcome cnpay.Outcome
	}{
		"before the margin":           {at: horizon, rule: cnpay.SettleRule{Absent: true}, outcome: cnpay.Unknown},
		"after it":                    {at: horizon + 1, rule: cnpay.SettleRule{Absent: true}, outcome: cnpay.NotSent},
		"asked before, judged after":  {at: horizon, takes: time.Hour, rule: cnpay.SettleRule{Absent: true}, outcome: cnpay.Unknown},
		"a shorter margin":            {at: time.Minute + 2*time.Second, rule: cnpay.SettleRule{Absent: true}, opts: []cnpay.Option{cnpay.WithMargin(time.Second)}, outcome: cnpay.NotSent},
		"a margin of the documents":   {at: time.Minute + 2*time.Second, rule: cnpay.SettleRule{Absent: true, Margin: time.Second}, outcome: cnpay.NotSent},
		"the caller's own is used":    {at: time.Minute + 2*time.Second, rule: cnpay.SettleRule{Absent: true, Margin: time.Second}, opts: []cnpay.Option{cnpay.WithMargin(3 * time.Second)}, outcome: cnpay.Unknown},
		"the rule says nothing of it": {at: 24 * time.Hour, outcome: cnpay.Unknown},
		"beyond the query's reach":    {at: 3 * time.Hour, rule: cnpay.SettleRule{Absent: true, Reach: 2 * time.Hour}, outcome: cnpay.Unknown},
		"within it":                   {at: 90 * time.Minute, rule: cnpay.SettleRule{Absent: true, Reach: 2 * time.Hour}, outcome: cnpay.NotSent},
		"a request yet to be sent": {at: 24 * time.Hour, ticket: func(t *cnpay.Ticket) { t.Began, t.Until = time.Time{}, time.Time{} },
			rule: cnpay.SettleRule{Absent: true}, outcome: cnpay.Unknown},
		"an order that may still be paid": {at: horizon + 1, ticket: func(t *cnpay.Ticket) { t.Until = t.Until.Add(time.Hour) },
			rule: cnpay.SettleRule{Absent: true}, outcome: cnpay.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := ticket()
				if tt.ticket != nil {
					tt.ticket(&asked)
				}
				tt.rule.Query = func(context.Context) (cnpay.Finding, error) {
					time.Sleep(tt.takes)
					return absent().finding, nil
				}
				s, err := client().Settle(t.Context(), asked, tt.rule, append(tt.opts, cnpay.WithSchedule(at(tt.at))))
				require.Equal(t, tt.outcome, cnpay.OutcomeOf(s, err))
				require.True(t, s.Absent)
			})
		})
	}
}

// A settlement says by which moment it judged absence, also one that makes no query.
func TestHorizon(t *testing.T) {
	none := []cnpay.Option{cnpay.WithSchedule(cnpay.Schedule{})}
	asked := ticket()
	for name, tt := range map[string]struct {
		ticket cnpay.Ticket
		rule   cnpay.SettleRule
		opts   []cnpay.Option
		want   time.Time
	}{
		"the default":        {ticket: asked, want: asked.Until.Add(cnpay.DefaultMargin)},
		"the documents' own": {ticket: asked, rule: cnpay.SettleRule{Margin: 3 * time.Hour}, want: asked.Until.Add(3 * time.Hour)},
		"the caller's own":   {ticket: asked, rule: cnpay.SettleRule{Margin: 3 * time.Hour}, opts: []cnpay.Option{cnpay.WithMargin(time.Second)}, want: asked.Until.Add(time.Second)},
		"nobody knows it":    {ticket: cnpay.Ticket{Provider: "p", Gateway: "gateway", Account: "m"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := client().Settle(t.Context(), tt.ticket, tt.rule, append(none, tt.opts...))
			require.Zero(t, s.Queries)
			require.Equal(t, tt.want, s.Horizon)
		})
	}
}

// What was sent twice may be refused the first time and carried out the second.
func TestRefusalOfWhatWasSentAgain(t *testing.T) {
	for _, tt := range []struct {
		sending int
		at      time.Duration
		outcome cnpay.Outcome
	}{
		{0, 0, cnpay.Failed},
		{1, 0, cnpay.Unknown},
		{1, time.Minute + cnpay.DefaultMargin + 1, cnpay.Failed},
	} {
		synctest.Test(t, func(t *testing.T) {
			asked := ticket()
			asked.Sending = tt.sending
			query, _ := play(found(cnpay.Failed, "36"))
			s, err := client().Settle(t.Context(), asked, cnpay.SettleRule{Query: query}, []cnpay.Option{cnpay.WithSchedule(cnpay.Schedule{tt.at})})
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(s, err))
		})
	}
}

func TestNextCountsFromTheBeginning(t *testing.T) {
	rule := cnpay.SettleRule{Schedule: cnpay.Schedule{time.Minute, 4 * time.Minute, 25 * time.Minute}, GiveUp: "close"}
	once := []cnpay.Option{cnpay.WithSchedule(cnpay.Schedule{0})}
	for after, want := range map[time.Duration]time.Duration{
		0: time.Minute, 61 * time.Second: 4*time.Minute - time.Second, 5 * time.Minute: 25 * time.Minute, 30 * time.Minute: 0,
	} {
		synctest.Test(t, func(t *testing.T) {
			asked := ticket()
			time.Sleep(after)
			rule.Query, _ = play(found(cnpay.Unknown, ""))
			s, _ := client().Settle(t.Context(), asked, rule, once)
			require.Equal(t, want, s.Next)
			require.Equal(t, want == 0, s.GiveUp == "close", "giving up is for when the schedule is over")

			rule.Query, _ = play(found(cnpay.Succeeded, ""))
			s, _ = client().Settle(t.Context(), asked, rule, once)
			require.Zero(t, s.Next)
			require.Empty(t, s.GiveUp)
		})
	}
}

func TestTicketOfAnotherClient(t *testing.T) {
	for name, change := range map[string]func(*cnpay.Ticket){
		"provider": func(t *cnpay.Ticket) { t.Provider = "q" },
		"gateway":  func(t *cnpay.Ticket) { t.Gateway = "gateway.test" },
		"account":  func(t *cnpay.Ticket) { t.Account = "n" },
	} {
		asked := ticket()
		change(&asked)
		query, made := play()
		s, err := client().Settle(t.Context(), asked, cnpay.SettleRule{Schedule: cnpay.Schedule{0}, Query: query}, nil)
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
		require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
		require.ErrorContains(t, err, name+" is not the client's")
		require.Empty(t, *made)
	}
	_, err := client().NotSettled(cnpay.Ticket{Provider: "q", Operation: "o"})
	require.ErrorContains(t, err, "provider is not the client's")
	c := client()
	c.OwnAccount = func(account string) bool { return account == "n" }
	asked := ticket()
	asked.Account = "n"
	query, _ := play(found(cnpay.Succeeded, ""))
	_, err = c.Settle(t.Context(), asked, cnpay.SettleRule{Schedule: cnpay.Schedule{0}, Query: query}, nil)
	require.NoError(t, err)
}

func TestWhatCannotBeAskedIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		query, asked := play()
		begun := time.Now()
		rule := cnpay.SettleRule{Schedule: cnpay.Schedule{time.Hour}, Query: query, Faults: []cnpay.Fault{{Field: "txnTime", Problem: "is required"}}}
		s, err := client().Settle(t.Context(), ticket(), rule, nil)
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
		require.ErrorContains(t, err, "txnTime is required")
		require.Zero(t, time.Since(begun))
		require.Empty(t, *asked)
	})
}

func TestWhatAnAnswerAddsToTheTicket(t *testing.T) {
	query, _ := play(step{finding: cnpay.Finding{Verdict: cnpay.Verdict{Outcome: cnpay.Succeeded}, Fields: map[string]string{"sn": "7"}}})
	asked := ticket()
	s, err := client().Settle(t.Context(), asked, cnpay.SettleRule{Schedule: cnpay.Schedule{0}, Query: query}, nil)
	require.NoError(t, err)
	require.Equal(t, "7", s.Ticket.Fields["sn"])
	require.Empty(t, asked.Fields)
}

func TestRefusedQueryIsNoRefusal(t *testing.T) {
	query, _ := play(step{err: &cnpay.Error{Code: "37", Err: errors.Join(cnpay.ErrRefused, io.EOF)}})
	s, err := client().Settle(t.Context(), ticket(), cnpay.SettleRule{Schedule: cnpay.Schedule{0}, Query: query}, nil)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
	require.NotErrorIs(t, err, cnpay.ErrRefused)
	require.ErrorIs(t, err, io.EOF)
}

func TestSettleEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gaveUp := errors.New("the till was closed")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(1500*time.Millisecond, func() { cancel(gaveUp) })
		query, asked := play(step{err: io.EOF})
		s, err := client().Settle(ctx, ticket(), cnpay.SettleRule{Schedule: cnpay.Every(time.Second, 5), Query: query}, nil)
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
		query, _ := play(found(cnpay.Pending, "05"))
		s, err := client().Settle(ctx, ticket(), cnpay.SettleRule{Schedule: cnpay.Every(time.Second, 5), Query: query}, nil)
		require.NoError(t, err)
		require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(s, err))
	})
}

func TestSettleWithoutASchedule(t *testing.T) {
	query, asked := play()
	s, err := client().Settle(t.Context(), ticket(), cnpay.SettleRule{Query: query}, nil)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
	require.Empty(t, *asked)
	require.Empty(t, cnpay.Every(time.Second, -1))
}
