package umpay_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/umpay"
)

// TestEventFiles has each file answer a command, and be posted to a receiver.
func TestEventFiles(t *testing.T) {
	for name, tt := range map[string]struct {
		outcome cnpay.Outcome
		code    string
		final   bool
	}{
		"success":  {cnpay.Succeeded, "60150200", true},
		"fail":     {cnpay.Failed, "60150005", true},
		"unknown":  {cnpay.Unknown, "60150012", true},
		"rebind":   {cnpay.Unknown, "61000002", false},
		"progress": {cnpay.Unknown, "60150004", false},
	} {
		t.Run(name, func(t *testing.T) {
			body, err := os.ReadFile("testdata/documents/event-" + name + ".json")
			require.NoError(t, err)

			res, err := answered(t, 200, string(body)).Preauth.Cancel(t.Context(), about())
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err))
			require.Equal(t, tt.code, res.Event.Verdict().Code)
			require.Equal(t, tt.final, res.Event.Ended())

			receiver, store := newReceiver(t)
			require.Equal(t, http.StatusOK, send(receiver, "/e", string(body), "N9000001", "s", time.Now(), newNonce()).Code)
			stored := kept(t, store, "1")
			require.Equal(t, []umpay.Event{res.Event}, stored)
			require.Equal(t, tt.outcome, umpay.Decide(stored).Outcome)

			// What is stored is the event as it was posted, less the card data.
			text, err := json.Marshal(stored[0])
			require.NoError(t, err)
			want := strings.NewReplacer("6221558812340000", masked, `"cardExpiryDate":"2912",`, "").Replace(string(body))
			require.JSONEq(t, want, string(text))
		})
	}
}

func TestCancelOfOtherEvents(t *testing.T) {
	_, err := (&umpay.Event{Op: "cardPreAuth"}).PreauthCancelResult()
	require.Error(t, err)
	result, err := (&umpay.Event{Op: "cardPreAuthRever"}).PreauthCancelResult()
	require.NoError(t, err)
	require.Zero(t, *result)
	_, err = (&umpay.Event{Op: "cardPreAuthRever", Result: json.RawMessage(`{"code":"x"}`)}).PreauthCancelResult()
	require.ErrorIs(t, err, cnpay.ErrMalformed)
	require.Equal(t, cnpay.Unknown, (&umpay.Event{Op: "cardPreAuthRever", Callback: "onReverSuccess", Result: json.RawMessage(`x`)}).Verdict().Outcome)
}
