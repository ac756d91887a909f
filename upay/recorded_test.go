package upay_test

import (
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/recorder"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
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
			file := filepath.Join("testdata", "scenarios", tt.name)
			options := []recorder.Option{
				recorder.WithMode(recorder.ModeReplayOnly), recorder.WithMatcher(sameRequest), recorder.WithSkipRequestLatency(true),
			}
			change := func() {}
			if *record {
				gateway := upaytest.NewServer()
				defer gateway.Close()
				gateway.SetTerminalKey(terminalKey)
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
				options = append(options, recorder.WithMode(recorder.ModeRecordOnly),
					recorder.WithRealTransport(detour(gateway.URL)), recorder.WithHook(forget, recorder.BeforeSaveHook))
			}
			tape, err := recorder.New(file, options...)
			require.NoError(t, err)
			client, err := upay.New(upay.Config{TerminalSN: terminalSN, TerminalKey: terminalKey},
				cnpay.WithHTTPClient(&http.Client{Transport: tape}), cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
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
			require.NoError(t, tape.Stop())
			if *record {
				sayOrigin(t, file+".yaml")
			}
		})
	}
}

// TestRecordedOperations replays one exchange of every operation.
func TestRecordedOperations(t *testing.T) {
	for id := range runs(t, nil, dial(t, saying(""))) {
		t.Run(id, func(t *testing.T) {
			file := filepath.Join("testdata", "operations", id)
			options := []recorder.Option{
				recorder.WithMode(recorder.ModeReplayOnly), recorder.WithMatcher(sameRequest), recorder.WithSkipRequestLatency(true),
			}
			var gateway *upaytest.Server
			if *record {
				gateway = upaytest.NewServer()
				defer gateway.Close()
				gateway.SetNotificationKey(testKey())
				gateway.SetTerminalKey(terminalKey)
				gateway.SetClock(func() time.Time { return time.UnixMilli(1449646835244) })
				options = append(options, recorder.WithMode(recorder.ModeRecordOnly),
					recorder.WithRealTransport(detour(gateway.URL)), recorder.WithHook(forget, recorder.BeforeSaveHook))
			}
			tape, err := recorder.New(file, options...)
			require.NoError(t, err)
			keys, err := upay.NewFileKeys(t.TempDir())
			require.NoError(t, err)
			client, err := upay.New(upay.Config{TerminalSN: terminalSN, TerminalKey: terminalKey, Keys: keys},
				cnpay.WithHTTPClient(&http.Client{Transport: tape}), cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
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
			require.NoError(t, tape.Stop())
			if *record {
				sayOrigin(t, file+".yaml")
			}
		})
	}
}

// sameRequest compares method, address, signature and what the body says.
func sameRequest(r *http.Request, recorded cassette.Request) bool {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	var a, b map[string]any
	return r.Method == recorded.Method && r.URL.String() == recorded.URL &&
		r.Header.Get("Authorization") == recorded.Headers.Get("Authorization") &&
		json.Unmarshal(body, &a) == nil && json.Unmarshal([]byte(recorded.Body), &b) == nil && reflect.DeepEqual(a, b)
}

// detour sends to the gateway in this process what is addressed to Upay.
type detour string

func (d detour) RoundTrip(r *http.Request) (*http.Response, error) {
	to, err := url.Parse(string(d))
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = to.Scheme, to.Host, ""
	return http.DefaultTransport.RoundTrip(r)
}

// forget takes out what would differ in each recording.
func forget(i *cassette.Interaction) error {
	i.Response.Headers.Del("Date")
	i.Response.Duration = 0
	return nil
}

func sayOrigin(t *testing.T, name string) {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	origin := "# Recorded against the gateway of package upaytest, with the sample terminal and key of the documents.\n" +
		"# go test ./upay -run TestRecorded -record records it again.\n"
	require.NoError(t, os.WriteFile(name, append([]byte(origin), text...), 0o644))
}
