package upay_test

import (
	"encoding/json"
	"flag"
	"net/http"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
)

var record = flag.Bool("record", false, "record testdata again, against the gateway in this process")

// TestRecorded replays whole exchanges. The signature covers neither time nor nonce, so a replayed request must equal
// the recorded one to the signature.
func TestRecorded(t *testing.T) {
	const sn = "7892259400000001" // the first that the gateway assigns
	for _, tt := range []struct {
		name    string
		arrange func(*upaytest.Server)
		between func(*upaytest.Server) // while the revoke is being settled
		outcome cnpay.Outcome
		code    string
		settled cnpay.Outcome
		queries int
	}{
		{"revoke-success", nil, nil, cnpay.Succeeded, "", cnpay.Succeeded, 1},
		{"revoke-refused", func(s *upaytest.Server) { s.Misbehave("revoke", cnpaytest.Refused) }, nil,
			cnpay.Failed, "UPAY_TCP_ORDER_NOT_REFUNDABLE", cnpay.Unknown, 2},
		{"revoke-pending", func(s *upaytest.Server) { s.Misbehave("revoke", upaytest.Pending) },
			func(s *upaytest.Server) { s.SetStatus(sn, "CANCELED") }, cnpay.Pending, "", cnpay.Succeeded, 2},
		{"revoke-twice", func(s *upaytest.Server) { s.SetStatus(sn, "CANCELED") }, nil,
			cnpay.Pending, "", cnpay.Succeeded, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tape := conform.Tape{File: filepath.Join("testdata", "scenarios", tt.name), Origin: origin, Same: sameRequest}
			change := func() {}
			if *record {
				gateway := upaytest.NewServer()
				defer gateway.Close()
				gateway.SetTerminalKey(terminalKey)
				tape.Gateway = gateway.URL
				gateway.SetClock(func() time.Time { return time.UnixMilli(1449646835244) })
				require.Equal(t, sn, gateway.AddOrder("7654321132", 10000))
				if tt.arrange != nil {
					tt.arrange(gateway)
				}
				change = func() {
					if tt.between != nil {
						tt.between(gateway)
					}
				}
			}
			client, err := upay.New(upay.Config{TerminalSN: terminalSN, TerminalKey: terminalKey},
				cnpay.WithHTTPClient(tape.Client(t)), cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
			require.NoError(t, err)

			res, err := client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{ClientSN: "7654321132"})
			ticket := cnpay.TicketOf(res, err)
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err), "%v", err)
			if tt.code != "" {
				require.Equal(t, tt.code, res.Result.ErrorCode)
			}
			// Where the order changes between the queries, the first is a settlement of its own.
			schedule := make(cnpay.Schedule, tt.queries)
			if tt.between != nil {
				settled, err := client.Settle(t.Context(), ticket, cnpay.WithSchedule(schedule[:1]))
				require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(settled, err))
				change()
				schedule = schedule[1:]
			}
			settled, err := client.Settle(t.Context(), ticket, cnpay.WithSchedule(schedule))
			require.Equal(t, tt.settled, cnpay.OutcomeOf(settled, err))
			require.Equal(t, len(schedule), settled.Queries)
		})
	}
}

// TestRecordedOperations replays one exchange of every operation.
func TestRecordedOperations(t *testing.T) {
	for id := range runs(t, nil, dial(t, saying(""))) {
		t.Run(id, func(t *testing.T) {
			tape := conform.Tape{File: filepath.Join("testdata", "operations", id), Origin: origin, Same: sameRequest}
			var gateway *upaytest.Server
			if *record {
				gateway = upaytest.NewServer()
				defer gateway.Close()
				gateway.SetNotificationKey(testKey())
				gateway.SetTerminalKey(terminalKey)
				tape.Gateway = gateway.URL
				gateway.SetClock(func() time.Time { return time.UnixMilli(1449646835244) })
			}
			keys, err := upay.NewFileKeys(t.TempDir())
			require.NoError(t, err)
			client, err := upay.New(upay.Config{TerminalSN: terminalSN, TerminalKey: terminalKey, Keys: keys},
				cnpay.WithHTTPClient(tape.Client(t)), cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
			require.NoError(t, err)
			run := runs(t, gateway, client)[id]
			if id == upay.OpTerminalCheckIn {
				run = runs(t, nil, client)[id]
			}
			res, err := run()(t.Context())
			require.NoError(t, err)
			want := map[string]cnpay.Outcome{
				upay.OpOrderCreateQR: cnpay.Pending, upay.OpOrderQuery: cnpay.Answered, upay.OpOrderQueryRefund: cnpay.Answered,
				upay.OpPreauthQuery: cnpay.Answered, upay.OpPreauthList: cnpay.Answered,
			}
			if want[id] == cnpay.Unknown {
				want[id] = cnpay.Succeeded
			}
			require.Equal(t, want[id], cnpay.OutcomeOf(res, err))
			require.Equal(t, id, cnpay.TicketOf(res, err).Operation)
		})
	}
}

// sameRequest compares method, address, signature and what the body says.
func sameRequest(r *http.Request, body []byte, recorded cassette.Request) bool {
	var a, b map[string]any
	return r.Method == recorded.Method && r.URL.String() == recorded.URL &&
		r.Header.Get("Authorization") == recorded.Headers.Get("Authorization") &&
		json.Unmarshal(body, &a) == nil && json.Unmarshal([]byte(recorded.Body), &b) == nil && reflect.DeepEqual(a, b)
}

// origin is what a recording says of itself.
const origin = "# Recorded against the gateway of package upaytest, with the sample terminal and key of the documents.\n" +
	"# go test ./upay -run TestRecorded -record records it again.\n"
