package umpay_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
)

// lossy is a line to a terminal that loses answers: each true loses one, and then none.
type lossy struct{ plan []bool }

func (l *lossy) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	lose := false
	if len(l.plan) > 0 {
		lose, l.plan = l.plan[0], l.plan[1:]
	}
	if err != nil || !lose {
		return res, err
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return nil, io.ErrUnexpectedEOF
}

// losing is a terminal behind a lossy line. A query is not repeated there: what its answer would have said is lost.
func losing(t *testing.T) (*umpaytest.Server, *umpay.Client, *lossy) {
	t.Helper()
	line := &lossy{}
	terminal, client := start(t, over(line.RoundTrip), cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
	return terminal, client, line
}

// TestEveryAnswerIsLost: the answer to the command is lost, then those to the queries of the bridge and of the plugin, each
// in its turn. Nothing but an answer that arrives decides, and no command is sent a second time.
func TestEveryAnswerIsLost(t *testing.T) {
	plugin := map[string]string{
		umpay.OpCardPay: umpay.OpCardQuery, umpay.OpScanPayByCode: umpay.OpScanQuery, umpay.OpScanCreateQR: umpay.OpScanQueryQR,
		umpay.OpScanVoid: umpay.OpScanQueryRefund, umpay.OpScanRefund: umpay.OpScanQueryRefund,
	}
	for _, row := range rows() {
		if row.Settled == cnpay.Unknown { // a query
			continue
		}
		for _, unclear := range []bool{false, true} { // whether the plugin itself calls back that it does not know
			t.Run(row.ID+map[bool]string{true: " unclear"}[unclear], func(t *testing.T) {
				terminal, client, line := losing(t)
				s := &shop{terminal: terminal, client: client, day: time.Now(), id: umpay.NewCommandID, n: 1000}
				run := s.runs()[row.ID]()
				before := terminal.Received(row.ID)
				if unclear {
					terminal.Misbehave(row.ID, umpaytest.Unclear)
				}
				line.plan = []bool{true}
				res, err := run(t.Context())
				require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
				require.ErrorIs(t, err, cnpay.ErrTransport)
				ticket := cnpay.TicketOf(res, err)
				ask := func(plan ...bool) (cnpay.Outcome, error) {
					line.plan = plan
					settled, err := client.Settle(t.Context(), ticket, quick(1))
					return settled.Outcome, err
				}
				outcome, err := ask(true)
				require.Equal(t, cnpay.Unknown, outcome)
				require.ErrorIs(t, err, cnpay.ErrTransport)

				want, query := row.Settled, plugin[row.ID]
				if unclear {
					asked := terminal.Received(query)
					outcome, err = ask(false, true)
					require.Equal(t, cnpay.Unknown, outcome)
					require.ErrorIs(t, err, cnpay.ErrUndecided)
					if query == "" {
						want = cnpay.Unknown // a person's, or Config.Evidence's
					} else {
						require.Equal(t, asked+1, terminal.Received(query))
					}
				}
				if unclear && row.ID == umpay.OpScanCreateQR {
					terminal.PayQR("900001")
					want = cnpay.Succeeded
				}
				outcome, err = ask()
				require.Equal(t, want, outcome, "%v", err)
				require.Equal(t, before+1, terminal.Received(row.ID), "money must not be sent twice")
			})
		}
	}
}

// TestALifeWithoutAnswers: each step of a pre-authorisation loses its answer, and the keys of the next one are what settling
// has brought to the ticket.
func TestALifeWithoutAnswers(t *testing.T) {
	terminal, client, line := losing(t)
	lost := func(call conform.Run) map[string]string {
		t.Helper()
		line.plan = []bool{true}
		res, err := call(t.Context())
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
		settled, err := client.Settle(t.Context(), cnpay.TicketOf(res, err), quick(1))
		require.NoError(t, err)
		require.Equal(t, cnpay.Succeeded, settled.Outcome)
		return settled.Ticket.Fields
	}
	hold := lost(conform.Of(client.Preauth.Create, &umpay.PreauthCreateRequest{ID: "1", Amount: 10000, OrderID: "o1"}))
	complete := &umpay.PreauthCompleteWithCardRequest{
		ID: "2", Amount: 8000, OrderID: "o2", OrderDate: hold["result.orderDate"], AuthCode: hold["result.authCode"],
	}
	completion := lost(conform.Of(client.Preauth.CompleteWithCard, complete))
	require.EqualValues(t, 8000, terminal.Left(completion["result.uPayTrace"]))
	lost(conform.Of(client.Preauth.CancelCompletion, &umpay.PreauthCancelCompletionRequest{
		ID: "3", Amount: 8000, OrderID: "o3", OrderDate: hold["result.orderDate"], UPayTrace: completion["result.uPayTrace"],
	}))
	require.True(t, terminal.Canceled(completion["result.uPayTrace"]))
	complete.ID, complete.OrderID, complete.Amount = "4", "o4", 7000
	completion = lost(conform.Of(client.Preauth.CompleteWithCard, complete))
	lost(conform.Of(client.Cards.Refund, &umpay.CardRefundRequest{
		ID: "5", Amount: 3000, OrderDate: time.Now().In(cnpay.Beijing()).Format("0102"), PayType: "IC", PaySeq: completion["result.paySeq"], OrderID: "o5",
	}))
	require.EqualValues(t, 4000, terminal.Left(completion["result.uPayTrace"]))
	other := lost(conform.Of(client.Preauth.Create, &umpay.PreauthCreateRequest{ID: "6", Amount: 5000, OrderID: "o6"}))
	lost(conform.Of(client.Preauth.Cancel, &umpay.PreauthCancelRequest{ID: "7", Amount: 5000, UPayTrace: other["result.uPayTrace"]}))
	require.True(t, terminal.Canceled(other["result.uPayTrace"]))
	for operation, times := range map[string]int{
		umpay.OpPreauthCreate: 2, umpay.OpPreauthCompleteWithCard: 2, umpay.OpPreauthCancelCompletion: 1, umpay.OpCardRefund: 1, umpay.OpPreauthCancel: 1,
	} {
		require.Equal(t, times, terminal.Received(operation), operation)
	}
}
