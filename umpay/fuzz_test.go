package umpay_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/umpay"
)

func bodies(f *testing.F) []string {
	f.Helper()
	names, err := filepath.Glob("testdata/documents/event-*.json")
	require.NoError(f, err)
	require.NotEmpty(f, names)
	all := []string{`{"id":"1","op":"getOrderList","callback":"onSuccess","posSN":"N9000001","terminalTime":"2020-05-21T15:30:12+08:00","seq":1,` +
		`"result":{"code":60200200,"transList":[{"account":"6221558812340000","amount":"1","orderstate":2}]}}`, "", "{}", "[]", "null", goodEvent, event("onReverFail", `,"result":{"code":-2}`), `{"id":"1","id":"1"}`, "{\"account\":\"\xff\"}"}
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		all = append(all, string(text))
	}
	return all
}

// FuzzCancelAnswer: whatever comes, signed or not, nothing panics, and only a genuine answer is accepted.
func FuzzCancelAnswer(f *testing.F) {
	header := authorization("N9000001", "s", "200", "/v1/commands", strings.Repeat("0", 32), time.Unix(1700000000, 0), "")
	for _, body := range bodies(f) {
		f.Add(true, 200, "", body)
		f.Add(false, 200, header, body)
	}
	f.Add(true, 404, "", "{}")
	f.Add(true, 400, "", `{"faults":[{"field":1}]}`)
	f.Fuzz(func(t *testing.T, genuine bool, status int, header, body string) {
		if status < 100 || status > 999 {
			return
		}
		client, err := umpay.New(umpay.Config{Gateway: "https://bridge.example", Terminal: "N9000001", Secret: "s"},
			over(func(r *http.Request) (*http.Response, error) {
				if genuine {
					return sign(t, r, "s", status, body), nil
				}
				return answer(status, http.Header{"Authorization": {header}}, body), nil
			}), cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
		require.NoError(t, err)
		res, err := client.Preauth.Cancel(t.Context(), about())
		outcome := cnpay.OutcomeOf(res, err)
		_, _ = client.Commands.Query(t.Context(), &umpay.CommandQueryRequest{ID: "1"})
		if !genuine {
			require.Nil(t, res)
			require.Equal(t, cnpay.Unknown, outcome)
			return
		}
		switch outcome {
		case cnpay.Succeeded:
			var e umpay.Event
			require.NoError(t, json.Unmarshal([]byte(body), &e))
			require.Equal(t, []any{200, "1", "cardPreAuthRever", "onReverSuccess", "N9000001"}, []any{status, e.ID, e.Op, e.Callback, e.POSSN})
		case cnpay.Pending:
			require.Equal(t, 202, status)
		}
		if res != nil {
			requireMasked(t, string(res.Raw))
		}
	})
}

// FuzzReceiver: whatever is posted, nothing panics, nothing of a stranger is stored, and nothing in clear.
func FuzzReceiver(f *testing.F) {
	header := authorization("N9000001", "another", "POST", "/e", strings.Repeat("0", 32), time.Now(), goodEvent)
	for _, body := range bodies(f) {
		f.Add(true, "", body)
		f.Add(false, header, body)
	}
	f.Fuzz(func(t *testing.T, genuine bool, header, body string) {
		var stored []umpay.Event
		receiver, err := umpay.NewReceiver(umpay.ReceiverConfig{
			Secrets: umpay.Terminals{"N9000001": "s"}, Store: &spyStore{umpay.NewMemoryStore(0), &stored},
		})
		require.NoError(t, err)
		var w *httptest.ResponseRecorder
		if genuine {
			w = send(receiver, "/e", body, "N9000001", "s", time.Now(), newNonce())
		} else {
			r := httptest.NewRequest(http.MethodPost, "/e", strings.NewReader(body))
			r.Header["Authorization"] = []string{header}
			w = httptest.NewRecorder()
			receiver.ServeHTTP(w, r)
			require.NotEqual(t, http.StatusOK, w.Code)
			require.Empty(t, w.Header().Get("Authorization"))
		}
		require.Equal(t, w.Code == http.StatusOK, len(stored) == 1)
		require.True(t, json.Valid(w.Body.Bytes()))
		for _, e := range stored {
			require.Equal(t, "N9000001", e.POSSN)
			text, err := json.Marshal(e)
			require.NoError(t, err)
			requireMasked(t, string(text))
			umpay.Decide(stored)
			ticket := e.CallTicket()
			require.Equal(t, e.ID, ticket.Order)
			e.CallOutcome()
		}
	})
}

func requireMasked(t *testing.T, text string) {
	t.Helper()
	require.NotRegexp(t, regexp.MustCompile(`(?i)"(account|pan|card_?no)":"?\d{13}`), text)
	require.NotRegexp(t, regexp.MustCompile(`(?i)"card_?expiry_?date"`), text)
}
