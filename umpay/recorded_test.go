package umpay_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/recorder"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
)

var record = flag.Bool("record", false, "record testdata/*.yaml again, against the terminal in this process")

// TestRecorded replays whole exchanges, the settlement where there is one included. Clock and nonces are pinned, so
// that the recorded signatures hold.
func TestRecorded(t *testing.T) {
	const secret = "a-made-up-secret-for-recorded-exchanges"
	for _, tt := range []struct {
		name    string
		fault   umpaytest.Fault
		outcome cnpay.Outcome
		cause   error
		code    string
		settled cnpay.Outcome
	}{
		{"cancel-success", umpaytest.OK, cnpay.Succeeded, nil, "60150200", cnpay.Succeeded},
		{"cancel-refused", umpaytest.Refused, cnpay.Failed, cnpay.ErrRefused, "60150005", cnpay.Failed},
		{"cancel-running", umpaytest.Running, cnpay.Pending, nil, "", cnpay.Succeeded},
		{"cancel-unknown", umpaytest.ReverUnknown, cnpay.Unknown, cnpay.ErrUndecided, "601500010", cnpay.Failed},
		{"cancel-unsigned", umpaytest.Unsigned, cnpay.Unknown, cnpay.ErrSignature, "", cnpay.Succeeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := &umpay.PreauthCancelRequest{ID: "5ca1ab1e" + strings.Repeat("0", 24), Amount: 10000, UPayTrace: trace, OrderID: order}
			config := umpay.Config{Gateway: "http://127.0.0.1:9005", Terminal: "N9000001", Secret: secret}
			mode := recorder.ModeReplayOnly
			var terminal *umpaytest.Server
			if *record {
				mode = recorder.ModeRecordOnly
				terminal = umpaytest.NewServer()
				defer terminal.Close()
				terminal.SetSecret(secret)
				terminal.SetClock(at(1700000000))
				terminal.AddPreauth(trace, 10000)
				terminal.Misbehave(preauthCancel, tt.fault)
				config.Gateway = terminal.URL
			}
			tape, err := recorder.New(filepath.Join("testdata", tt.name), recorder.WithMode(mode),
				recorder.WithMatcher(sameRequest), recorder.WithSkipRequestLatency(true))
			require.NoError(t, err)
			var nonces int
			client, err := umpay.New(config, cnpay.WithHTTPClient(&http.Client{Transport: tape}), cnpay.WithClock(at(1700000000)),
				cnpay.WithNonce(func() string { nonces++; return fmt.Sprintf("%032x", nonces) }))
			require.NoError(t, err)

			res, err := client.Preauth.Cancel(t.Context(), req)
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err))
			require.ErrorIs(t, err, tt.cause)
			if res != nil {
				require.Equal(t, tt.code, res.Event.Verdict().Code)
				require.NotContains(t, string(res.Raw), umpaytest.Account)
			}
			if *record && tt.fault == umpaytest.ReverUnknown {
				terminal.Resolve(req.ID, false)
			}
			settled, err := client.Preauth.SettleCancel(t.Context(), req, quick(1))
			require.Equal(t, tt.settled, cnpay.OutcomeOf(settled, err))
			require.NoError(t, tape.Stop())
			if *record {
				sayOrigin(t, filepath.Join("testdata", tt.name+".yaml"))
			}
		})
	}
}

// sameRequest compares method, path, signature and what the body says.
func sameRequest(r *http.Request, recorded cassette.Request) bool {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return false
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	var a, b any
	if len(body) > 0 && json.Unmarshal(body, &a) != nil || recorded.Body != "" && json.Unmarshal([]byte(recorded.Body), &b) != nil {
		return false
	}
	return r.Method == recorded.Method && strings.HasSuffix(recorded.URL, "://"+recorded.Host+r.URL.EscapedPath()) &&
		r.Header.Get("Authorization") == recorded.Headers.Get("Authorization") && reflect.DeepEqual(a, b)
}

func sayOrigin(t *testing.T, name string) {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	origin := "# Recorded against the terminal of package umpaytest, with clock, nonces and secret pinned; the card number is made up.\n" +
		"# go test ./umpay -run TestRecorded -record records it again.\n"
	require.NoError(t, os.WriteFile(name, append([]byte(origin), text...), 0o644))
}
