package cnpay_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

type response struct {
	cnpay.Answer
	OrderID string `json:"orderId"`
}

func TestOutcomeOf(t *testing.T) {
	succeeded := &response{Answer: cnpay.Answer{Outcome: cnpay.Succeeded}}
	refused := &cnpay.Error{Outcome: cnpay.Failed, Err: cnpay.ErrRefused}
	for name, tt := range map[string]struct {
		res  cnpay.Result
		err  error
		want cnpay.Outcome
	}{
		"success":                         {succeeded, nil, cnpay.Succeeded},
		"an error rules over an answer":   {succeeded, refused, cnpay.Failed},
		"a wrapped error":                 {nil, fmt.Errorf("order 1: %w", refused), cnpay.Failed},
		"somebody else's error":           {succeeded, io.EOF, cnpay.Unknown},
		"nothing at all":                  {nil, nil, cnpay.Unknown},
		"an answer that is not there":     {(*response)(nil), nil, cnpay.Unknown},
		"an answer that was never judged": {&response{}, nil, cnpay.Unknown},
		"an error that was never judged":  {nil, &cnpay.Error{}, cnpay.Unknown},
		"an error that is not there":      {succeeded, (*cnpay.Error)(nil), cnpay.Unknown},
		"a query":                         {&response{Answer: cnpay.Answer{Outcome: cnpay.Answered}}, nil, cnpay.Answered},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tt.want, cnpay.OutcomeOf(tt.res, tt.err))
		})
	}
}

func TestOutcomeText(t *testing.T) {
	for o, name := range map[cnpay.Outcome]string{
		cnpay.Unknown: "unknown", cnpay.Succeeded: "succeeded", cnpay.Pending: "pending",
		cnpay.Failed: "failed", cnpay.NotSent: "not_sent", cnpay.Answered: "answered",
	} {
		require.Equal(t, name, o.String())
		text, err := json.Marshal(o)
		require.NoError(t, err)
		var back cnpay.Outcome
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, o, back)
	}
	o := cnpay.Succeeded
	require.Error(t, json.Unmarshal([]byte(`"done"`), &o))
	require.Equal(t, cnpay.Unknown, o, "text that is no outcome must not leave the old one standing")
	for beyond, name := range map[cnpay.Outcome]string{cnpay.Answered + 1: "Outcome(6)", -1: "Outcome(-1)"} {
		_, err := json.Marshal(beyond)
		require.Error(t, err)
		require.Equal(t, name, beyond.String())
	}
}

func TestFinal(t *testing.T) {
	for o, final := range map[cnpay.Outcome]bool{
		cnpay.Unknown: false, cnpay.Pending: false, cnpay.Succeeded: true, cnpay.Failed: true, cnpay.NotSent: true,
		cnpay.Answered: false, // a query decides nothing by having been answered
	} {
		require.Equal(t, final, o.Final(), o)
	}
}

func ticket() cnpay.Ticket {
	began := time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC)
	return cnpay.Ticket{
		Provider: "unionpay", Gateway: "gateway.95516.com", Account: "777290058110048", Operation: "preauth_cancel", Order: "1",
		Sending: 1, Began: began, Until: began.Add(time.Minute), Fields: map[string]string{"reqReserved": "private", "txnAmt": "100"},
	}
}

func TestTicketSurvivesJSON(t *testing.T) {
	for _, want := range []cnpay.Ticket{ticket(), {}} {
		text, err := json.Marshal(want)
		require.NoError(t, err)
		var back cnpay.Ticket
		require.NoError(t, json.Unmarshal(text, &back))
		require.True(t, reflect.DeepEqual(want, back), string(text))
	}
	text, err := json.Marshal(cnpay.Ticket{Provider: "p"})
	require.NoError(t, err)
	require.JSONEq(t, `{"provider":"p","gateway":"","account":"","operation":"","order":""}`, string(text))
}

func TestTicketIsPrintedWithoutItsFields(t *testing.T) {
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("call", "ticket", ticket(), "error", &cnpay.Error{Ticket: ticket()})
	for _, printed := range []string{
		log.String(), fmt.Sprint(ticket()), fmt.Sprintf("%v %+v %#v %s %q %d", ticket(), ticket(), ticket(), ticket(), ticket(), ticket()),
		fmt.Sprintf("%+v", struct{ T cnpay.Ticket }{ticket()}),
	} {
		require.NotContains(t, printed, "private")
		require.Contains(t, printed, "preauth_cancel")
	}
}

func TestTicketWith(t *testing.T) {
	one := ticket()
	two := one.With("sn", "7")
	require.Equal(t, "7", two.Fields["sn"])
	require.Equal(t, "100", two.Fields["txnAmt"])
	require.NotContains(t, one.Fields, "sn")
	require.Equal(t, "7", cnpay.Ticket{}.With("sn", "7").Fields["sn"])
}

func TestTicketOf(t *testing.T) {
	answered, refused := cnpay.Ticket{Provider: "p", Order: "1"}, cnpay.Ticket{Provider: "p", Order: "2"}
	res := &response{Answer: cnpay.Answer{Ticket: answered}}
	require.Equal(t, "1", cnpay.TicketOf(res, nil).Order)
	require.Equal(t, "1", cnpay.TicketOf(res, io.EOF).Order)
	require.Equal(t, "2", cnpay.TicketOf((*response)(nil), fmt.Errorf("order: %w", &cnpay.Error{Ticket: refused})).Order)
	require.Empty(t, cnpay.TicketOf(nil, io.EOF).Order)
	require.Empty(t, cnpay.TicketOf(nil, nil).Order)
}

func TestAnswerIsNotStoredWithItsResponse(t *testing.T) {
	text, err := json.Marshal(&response{Answer: cnpay.Answer{Outcome: cnpay.Succeeded, Raw: []byte("x")}, OrderID: "1"})
	require.NoError(t, err)
	require.JSONEq(t, `{"orderId":"1"}`, string(text))
	var back response
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(&back, nil))
}

func TestErrorIsOneLine(t *testing.T) {
	err := &cnpay.Error{
		Ticket:  cnpay.Ticket{Provider: "unionpay", Operation: "preauth_cancel", Order: "20240105145046001"},
		Outcome: cnpay.Failed, Code: "36", Message: "bad\nlog line\r\x1b[31m" + strings.Repeat("x", 10000),
		Err: fmt.Errorf("%w: cause\u2028two", cnpay.ErrRefused),
	}
	text := err.Error()
	require.True(t, strings.HasPrefix(text, "unionpay preauth_cancel 20240105145046001: failed: 36 bad log line"), text)
	require.NotContains(t, text, "\n")
	require.NotContains(t, text, "\x1b")
	require.NotContains(t, text, "\u2028")
	require.Less(t, len(text), 1000)
	require.ErrorIs(t, err, cnpay.ErrRefused)
}

// A request with many faults is mended in one go.
func TestErrorHasEveryFault(t *testing.T) {
	var faults []cnpay.Fault
	for i := range 40 {
		faults = append(faults, cnpay.Fault{Field: fmt.Sprintf("goods[%d].price", i), Problem: "is required"})
	}
	err := &cnpay.Error{Outcome: cnpay.Failed, Err: &cnpay.InvalidRequestError{Faults: faults}}
	require.Contains(t, err.Error(), "goods[39].price is required")
	err.Err = errors.New(strings.Repeat("x", 1000))
	require.Less(t, len(err.Error()), 400, "what the network says is bounded")
}

func TestInvalidRequestError(t *testing.T) {
	var err error = &cnpay.InvalidRequestError{Faults: []cnpay.Fault{
		{Field: "orderId", Problem: "is required"}, {Field: "txnAmt", Problem: "must be digits"},
	}}
	require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
	require.EqualError(t, err, "invalid request: orderId is required; txnAmt must be digits")
	require.False(t, errors.Is(err, cnpay.ErrRefused))
}

func TestSecretHides(t *testing.T) {
	const key = "68d499beda5f7211"
	config := struct {
		Key  cnpay.Secret
		Keys []cnpay.Secret
	}{key, []cnpay.Secret{key}}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("config", "key", config.Key, "all", config)
	text, err := json.Marshal(config)
	require.NoError(t, err)
	for _, printed := range []string{
		fmt.Sprint(config), fmt.Sprintf("%v %+v %#v", config, config, config),
		fmt.Sprintf("%s %q %x %d", config.Key, config.Key, config.Key, config.Key),
		string(text), log.String(), config.Key.String(),
	} {
		require.NotContains(t, printed, key)
		require.NotContains(t, printed, fmt.Sprintf("%x", key))
	}
	require.Equal(t, key, config.Key.Reveal())
}
