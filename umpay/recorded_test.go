package umpay_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
)

var record = flag.Bool("record", false, "record testdata/operations and testdata/scenarios again, against the terminal in this process")

// recordedID is the command of every recorded exchange.
const recordedID = "5ca1ab1e000000000000000000000000"

// taped is a client whose exchanges are replayed from a file, and the terminal where they are recorded into it: nil
// otherwise. Clock and nonces are pinned, so that the recorded signatures hold.
func taped(t *testing.T, file string) (*umpay.Client, *umpaytest.Server) {
	t.Helper()
	const secret = "terminal-secret"
	tape := conform.Tape{File: file, Origin: origin, Same: sameRequest}
	var terminal *umpaytest.Server
	if *record {
		terminal = umpaytest.NewServer()
		t.Cleanup(terminal.Close)
		terminal.SetSecret(secret)
		terminal.SetClock(at(1700000000))
		tape.Gateway = terminal.URL
	}
	var nonces int
	client, err := umpay.New(umpay.Config{Gateway: "https://bridge.example", Terminal: "N9000001", Secret: secret},
		cnpay.WithHTTPClient(tape.Client(t)), cnpay.WithClock(at(1700000000)),
		cnpay.WithNonce(func() string { nonces++; return fmt.Sprintf("%032x", nonces) }))
	require.NoError(t, err)
	t.Cleanup(func() {
	})
	return client, terminal
}

// TestRecorded replays whole exchanges, the settlement included.
func TestRecorded(t *testing.T) {
	for _, tt := range []struct {
		name    string
		fault   cnpaytest.Fault
		outcome cnpay.Outcome
		cause   error
		code    string
		settled cnpay.Outcome
	}{
		{"cancel-success", cnpaytest.OK, cnpay.Succeeded, nil, "60150200", cnpay.Succeeded},
		{"cancel-refused", cnpaytest.Refused, cnpay.Failed, cnpay.ErrRefused, "60150005", cnpay.Failed},
		{"cancel-running", umpaytest.Running, cnpay.Pending, nil, "", cnpay.Succeeded},
		{"cancel-unknown", umpaytest.Undecided, cnpay.Unknown, cnpay.ErrUndecided, "601500010", cnpay.Failed},
		{"cancel-unsigned", cnpaytest.Unsigned, cnpay.Unknown, cnpay.ErrSignature, "", cnpay.Succeeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client, terminal := taped(t, filepath.Join("testdata", "scenarios", tt.name))
			if terminal != nil {
				terminal.AddPreauth(trace, 10000)
				terminal.Misbehave(preauthCancel, tt.fault)
			}
			req := &umpay.PreauthCancelRequest{ID: recordedID, Amount: 10000, UPayTrace: trace, OrderID: order}
			res, err := client.Preauth.Cancel(t.Context(), req)
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err))
			require.ErrorIs(t, err, tt.cause)
			if res != nil {
				require.Equal(t, tt.code, res.Event.Verdict().Code)
				require.NotContains(t, string(res.Raw), umpaytest.Account)
			}
			if terminal != nil && tt.fault == umpaytest.Undecided {
				terminal.Resolve(req.ID, false)
			}
			settled, err := settle(t, client, req, quick(1))
			require.Equal(t, tt.settled, cnpay.OutcomeOf(settled, err))
		})
	}
}

// sameRequest compares method, path, signature and what the body says.
func sameRequest(r *http.Request, body []byte, recorded cassette.Request) bool {
	var a, b any
	if len(body) > 0 && json.Unmarshal(body, &a) != nil || recorded.Body != "" && json.Unmarshal([]byte(recorded.Body), &b) != nil {
		return false
	}
	return r.Method == recorded.Method && r.URL.String() == recorded.URL &&
		r.Header.Get("Authorization") == recorded.Headers.Get("Authorization") && reflect.DeepEqual(a, b)
}

// origin is what a recording says of itself.
const origin = "# Recorded against the terminal of package umpaytest, with clock, nonces and secret pinned; the card number is made up.\n" +
	"# go test ./umpay -run TestRecorded -record records it again.\n"
