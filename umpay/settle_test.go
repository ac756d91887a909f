package umpay_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
)

// TestAbsence: a command that the bridge does not know never ran, once both clocks are past its notAfter for certain and
// the bridge remembers the time in which it was sent. Before that it proves nothing.
func TestAbsence(t *testing.T) {
	const notAfter, window = 185 * time.Second, 300 * time.Second
	for name, tt := range map[string]struct {
		after   time.Duration // from the sending to the query
		forgets time.Duration // when the bridge loses its memory, from the sending; 0 for never
		opts    []cnpay.Option
		outcome cnpay.Outcome
		again   bool
		cause   string
	}{
		"at once":                    {0, 0, nil, cnpay.Unknown, true, ""},
		"at notAfter":                {notAfter, 0, nil, cnpay.Unknown, true, ""},
		"within the window":          {notAfter + window, 0, nil, cnpay.Unknown, true, ""},
		"past it":                    {notAfter + window + time.Millisecond, 0, nil, cnpay.NotSent, false, ""},
		"a longer margin":            {notAfter + window + time.Millisecond, 0, []cnpay.Option{cnpay.WithMargin(time.Hour)}, cnpay.Unknown, true, ""},
		"remembered long enough":     {notAfter + window + time.Second, -window - time.Millisecond, nil, cnpay.NotSent, false, ""},
		"hardly":                     {notAfter + window + time.Second, -window, nil, cnpay.Unknown, false, "does not remember"},
		"forgotten after it arrived": {notAfter + window + time.Second, time.Second, nil, cnpay.Unknown, false, "does not remember"},
	} {
		t.Run(name, func(t *testing.T) {
			begun := time.Unix(1700000000, 0)
			now := begun
			terminal, client := start(t, cnpay.WithClock(func() time.Time { return now }))
			terminal.SetClock(func() time.Time { return now })
			terminal.Misbehave(preauthCancel, umpaytest.Dropped)
			res, err := client.Preauth.Cancel(t.Context(), request())
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
			ticket := cnpay.TicketOf(res, err)
			require.Equal(t, begun.Add(notAfter), ticket.Until.Local())

			if tt.forgets != 0 {
				now = begun.Add(tt.forgets)
				terminal.Forget()
			}
			now = begun.Add(tt.after)
			settled, err := client.Settle(t.Context(), ticket, append(tt.opts, quick(1))...)
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(settled, err), "%v", err)
			require.Equal(t, tt.again, settled.SendAgain)
			require.Equal(t, "404", settled.Code)
			require.ErrorContains(t, err, tt.cause)

			// What is yet to be sent has no limit that could be past.
			unsent, err := client.Ticket(request())
			require.NoError(t, err)
			now = begun.Add(24 * time.Hour)
			settled, err = client.Settle(t.Context(), unsent, quick(1))
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
		})
	}
}

// TestAbsenceIsTrue: a bridge whose clock is as slow as it may be has refused by then whatever still arrives.
func TestAbsenceIsTrue(t *testing.T) {
	for _, bridge := range []time.Duration{-300 * time.Second, 0, 300 * time.Second} {
		now := time.Unix(1700000000, 0)
		terminal, client := start(t, cnpay.WithClock(func() time.Time { return now }))
		terminal.SetClock(func() time.Time { return now.Add(bridge) })
		terminal.Misbehave(preauthCancel, umpaytest.Dropped)
		req := request()
		res, err := client.Preauth.Cancel(t.Context(), req)
		ticket := cnpay.TicketOf(res, err)
		now = now.Add(486 * time.Second)
		settled, err := client.Settle(t.Context(), ticket, quick(1))
		require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(settled, err))

		// The command arrives after all, signed again so that only its notAfter can refuse it.
		body := `{"id":"` + req.ID + `","op":"cardPreAuthRever","request":{"amount":10000,"uPayTrace":"` + trace + `"},` +
			`"requestedAt":"2023-11-15T06:13:20+08:00","notAfter":"` + ticket.Until.Format(time.RFC3339Nano) + `"}`
		status, _ := postCommand(t, terminal, body, now)
		require.Equal(t, 410, status)
		require.False(t, terminal.Canceled(trace))
	}
}

// TestSettleAsksThePlugin: where the terminal does not know the end of an operation, the plugin's own query decides.
func TestSettleAsksThePlugin(t *testing.T) {
	for name, tt := range map[string]struct {
		operation, query string
		run              func(*shop) (cnpay.Result, error)
	}{
		"sale by card": {umpay.OpCardPay, umpay.OpCardQuery, func(s *shop) (cnpay.Result, error) {
			return s.client.Cards.Pay(context.Background(), &umpay.CardPayRequest{ID: s.id(), Amount: 10000, OrderID: s.order()})
		}},
		"sale by code": {umpay.OpScanPayByCode, umpay.OpScanQuery, func(s *shop) (cnpay.Result, error) {
			return s.runs()[umpay.OpScanPayByCode]()(context.Background())
		}},
		"void of a sale by code": {umpay.OpScanVoid, umpay.OpScanQueryRefund, func(s *shop) (cnpay.Result, error) {
			return s.runs()[umpay.OpScanVoid]()(context.Background())
		}},
		"refund of a sale by code": {umpay.OpScanRefund, umpay.OpScanQueryRefund, func(s *shop) (cnpay.Result, error) {
			return s.runs()[umpay.OpScanRefund]()(context.Background())
		}},
	} {
		t.Run(name, func(t *testing.T) {
			terminal, client := start(t)
			s := &shop{terminal: terminal, client: client, day: time.Now(), id: umpay.NewCommandID}
			terminal.Misbehave(tt.operation, umpaytest.Unclear)
			res, err := tt.run(s)
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
			require.ErrorIs(t, err, cnpay.ErrUndecided)

			// The query may fail too; the next one follows.
			terminal.Misbehave(tt.query, cnpaytest.UnknownCode, cnpaytest.Refused, umpaytest.ReBind)
			for range 3 {
				settled, err := client.Settle(t.Context(), cnpay.TicketOf(res, err), quick(1))
				require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
				require.ErrorIs(t, err, cnpay.ErrUndecided)
				require.NotErrorIs(t, err, cnpay.ErrRefused)
				require.ErrorContains(t, err, tt.query)
			}
			settled, err := client.Settle(t.Context(), cnpay.TicketOf(res, err), quick(1))
			require.NoError(t, err)
			require.Equal(t, cnpay.Succeeded, settled.Outcome)
			require.Equal(t, 4, terminal.Received(tt.query))
			require.Equal(t, 1, terminal.Received(tt.operation))

			// So does another process, from what Started had: nothing but the request.
			ticket := cnpay.TicketOf(res, err)
			for name := range ticket.Fields {
				if len(name) > 7 && name[:7] == "result." {
					delete(ticket.Fields, name)
				}
			}
			settled, err = client.Settle(t.Context(), ticket, quick(1))
			require.NoError(t, err)
			require.Equal(t, cnpay.Succeeded, settled.Outcome)
			require.NotEmpty(t, settled.Ticket.Fields["result.orderId"]+settled.Ticket.Fields["result.tradeNo"])
		})
	}
}

// TestSettleReadsThePluginsQuery: what the answer of a query decides, and what it does not.
func TestSettleReadsThePluginsQuery(t *testing.T) {
	for name, tt := range map[string]struct {
		callback string
		result   map[string]any
		outcome  cnpay.Outcome
		cause    string
	}{
		"paid":                  {"onPaySuccess", map[string]any{"code": 60040200, "amount": "10000"}, cnpay.Succeeded, ""},
		"paid, without amount":  {"onPaySuccess", map[string]any{"code": 60040200}, cnpay.Succeeded, ""},
		"not paid":              {"onPayFail", map[string]any{"code": 60040103}, cnpay.Failed, "refused"},
		"another amount":        {"onPaySuccess", map[string]any{"code": 60040200, "amount": "9999"}, cnpay.Unknown, "amount differs"},
		"another order":         {"onPaySuccess", map[string]any{"code": 60040200, "orderId": "other"}, cnpay.Unknown, "orderId differs"},
		"another voucher":       {"onPaySuccess", map[string]any{"code": 60040200, "uPayTrace": "999999"}, cnpay.Unknown, "uPayTrace differs"},
		"the query was refused": {"onPayFail", map[string]any{"code": 60040001}, cnpay.Unknown, "60040001"},
		"an undocumented code":  {"onPayFail", map[string]any{"code": 60049999}, cnpay.Unknown, "60049999"},
		"no code":               {"onPayFail", map[string]any{"message": "?"}, cnpay.Unknown, umpay.OpCardQuery},
		"still paying":          {"onPayFail", map[string]any{"code": 60040102}, cnpay.Unknown, "60040102"},
		"contradicts itself":    {"onPaySuccess", map[string]any{"code": 60040103}, cnpay.Unknown, "60040103"},
		"does not know":         {"onQueryError", map[string]any{"code": 60040007}, cnpay.Unknown, "60040007"},
	} {
		t.Run(name, func(t *testing.T) {
			terminal, client := start(t)
			terminal.Misbehave(umpay.OpCardPay, umpaytest.Unclear)
			res, err := client.Cards.Pay(t.Context(), &umpay.CardPayRequest{ID: "1", Amount: 10000, OrderID: "o1"})
			require.Error(t, err)
			terminal.Handle("cardQuery", func(request json.RawMessage) (string, any) {
				require.JSONEq(t, `{"orderId":"o1","uPayTrace":"900001","orderDate":"`+time.Now().In(cnpay.Beijing()).Format("0102")+`"}`, string(request))
				return tt.callback, tt.result
			})
			settled, err := client.Settle(t.Context(), cnpay.TicketOf(res, err), quick(1))
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(settled, err), "%v", err)
			if tt.cause != "" {
				require.ErrorContains(t, err, tt.cause)
			}
			require.Equal(t, tt.outcome == cnpay.Failed, errors.Is(err, cnpay.ErrRefused))
		})
	}
}

// TestSettleLooksInTheOrderList where an event brought no voucher number. An order that is not in it proves nothing.
func TestSettleLooksInTheOrderList(t *testing.T) {
	for name, tt := range map[string]struct {
		amount  int64
		listed  bool
		outcome cnpay.Outcome
	}{
		"sold":           {10000, true, cnpay.Succeeded},
		"another amount": {9999, true, cnpay.Unknown},
		"not in it":      {10000, false, cnpay.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			terminal, client := start(t)
			terminal.Misbehave(umpay.OpCardPay, umpaytest.Undecided)
			res, err := client.Cards.Pay(t.Context(), &umpay.CardPayRequest{ID: "1", Amount: 10000, OrderID: "o1"})
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
			ticket := cnpay.TicketOf(res, err)
			if tt.listed {
				_, err := client.Cards.Pay(t.Context(), &umpay.CardPayRequest{ID: "2", Amount: tt.amount, OrderID: "o1"})
				require.NoError(t, err)
			}
			settled, err := client.Settle(t.Context(), ticket, quick(1))
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(settled, err))
			require.Equal(t, 1, terminal.Received(umpay.OpOrderList))
		})
	}
}

func TestSettleCreateQR(t *testing.T) {
	terminal, client := start(t)
	res, err := client.Scans.CreateQR(t.Context(), &umpay.ScanCreateQRRequest{ID: "1", Amount: 10000, PayType: umpay.WeChat, OrderID: "o1"})
	require.NoError(t, err)
	require.Equal(t, cnpay.Pending, res.CallOutcome())
	require.Contains(t, res.Result.QrcodeURL, "weixin://")
	ticket := cnpay.TicketOf(res, err)

	settled, err := client.Settle(t.Context(), ticket, quick(1))
	require.NoError(t, err)
	require.Equal(t, cnpay.Pending, settled.Outcome, "nobody has paid")
	terminal.PayQR(res.Result.UPayTrace)
	settled, err = client.Settle(t.Context(), ticket, quick(1))
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, settled.Outcome)

	terminal.Handle("scanPayStateQuery", func(json.RawMessage) (string, any) { return "onPayFail", map[string]any{"code": 60010007} })
	settled, err = client.Settle(t.Context(), ticket, quick(1))
	require.ErrorIs(t, err, cnpay.ErrUnpaid)
	require.Equal(t, cnpay.Failed, settled.Outcome)

	terminal.Handle("scanPayStateQuery", func(json.RawMessage) (string, any) {
		return "onPaySuccess", map[string]any{"code": 60010200, "payAmount": "10001"}
	})
	settled, err = client.Settle(t.Context(), ticket, quick(1))
	require.NoError(t, err)
	require.Equal(t, cnpay.Pending, settled.Outcome, "more than the order")
}

type evidence func(cnpay.Ticket) (cnpay.Verdict, error)

func (f evidence) Find(_ context.Context, t cnpay.Ticket) (cnpay.Verdict, error) { return f(t) }

// TestEvidence decides what the terminal cannot, and only that it was done.
func TestEvidence(t *testing.T) {
	for name, tt := range map[string]struct {
		verdict cnpay.Verdict
		err     error
		outcome cnpay.Outcome
		code    string
		cause   string
	}{
		"found":     {cnpay.Verdict{Outcome: cnpay.Succeeded, Code: "00"}, nil, cnpay.Succeeded, "00", ""},
		"not found": {cnpay.Verdict{}, nil, cnpay.Unknown, "60130018", ""},
		"no proof":  {cnpay.Verdict{Outcome: cnpay.Failed, Code: "99"}, nil, cnpay.Unknown, "60130018", ""},
		"broken":    {cnpay.Verdict{Outcome: cnpay.Succeeded}, errors.New("no such key"), cnpay.Unknown, "60130018", "evidence: no such key"},
	} {
		t.Run(name, func(t *testing.T) {
			terminal, _ := start(t)
			config := terminal.Config()
			var seen cnpay.Ticket
			config.Evidence = evidence(func(ticket cnpay.Ticket) (cnpay.Verdict, error) {
				seen = ticket
				return tt.verdict, tt.err
			})
			client, err := umpay.New(config)
			require.NoError(t, err)
			terminal.Misbehave(umpay.OpPreauthCreate, umpaytest.Unclear)
			res, err := client.Preauth.Create(t.Context(), &umpay.PreauthCreateRequest{ID: "1", Amount: 10000, OrderID: "o1"})
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
			require.Empty(t, seen.Provider, "a call does not look for evidence")
			settled, err := client.Settle(t.Context(), cnpay.TicketOf(res, err), quick(1))
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(settled, err))
			require.Equal(t, tt.code, settled.Code)
			if tt.cause != "" {
				require.ErrorContains(t, err, tt.cause)
			}
			require.Equal(t, umpay.OpPreauthCreate, seen.Operation)
			require.Equal(t, "153012900001", seen.Fields["result.paySeq"])

			// What the terminal has decided needs none.
			seen = cnpay.Ticket{}
			res, err = client.Preauth.Create(t.Context(), &umpay.PreauthCreateRequest{ID: "2", Amount: 10000, OrderID: "o2"})
			require.NoError(t, err)
			_, err = client.Settle(t.Context(), cnpay.TicketOf(res, err), quick(1))
			require.NoError(t, err)
			require.Empty(t, seen.Provider)
		})
	}
}

// TestNothingToSettle: queries, and operations that nobody knows.
func TestNothingToSettle(t *testing.T) {
	_, client := start(t)
	for _, operation := range []string{umpay.OpCardQuery, umpay.OpCommandQuery, umpay.OpOrderList, "plugin_print", ""} {
		ticket, err := client.Ticket(request())
		require.NoError(t, err)
		ticket.Operation = operation
		_, err = client.Settle(t.Context(), ticket, quick(1))
		require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
		require.ErrorContains(t, err, "operation")
	}
}
