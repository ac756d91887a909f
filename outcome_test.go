package cnpay_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

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
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tt.want, cnpay.OutcomeOf(tt.res, tt.err))
		})
	}
}

func TestOutcomeText(t *testing.T) {
	for o, name := range map[cnpay.Outcome]string{
		cnpay.Unknown: "unknown", cnpay.Succeeded: "succeeded", cnpay.Pending: "pending",
		cnpay.Failed: "failed", cnpay.NotSent: "not_sent",
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
	_, err := json.Marshal(cnpay.Outcome(9))
	require.Error(t, err)
	require.Equal(t, "Outcome(-1)", cnpay.Outcome(-1).String())
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
		Subject: cnpay.Subject{Provider: "unionpay", Operation: "preauth_cancel", Order: "20240105145046001"},
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
