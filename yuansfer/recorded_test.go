package yuansfer_test

import (
	"encoding/json"
	"flag"
	"maps"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/yuansfer"
	"github.com/cnpay-go/cnpay/yuansfer/yuansfertest"
)

var record = flag.Bool("record", false, "record testdata/*.yaml again, against the gateway in this process")

// onTape returns a client whose exchanges come from a file of testdata or, with -record, from the gateway at url, and go
// there at the end of the test.
func onTape(t *testing.T, name, url string) *yuansfer.Client {
	t.Helper()
	tape := conform.Tape{File: filepath.Join("testdata", name), Origin: origin, Same: sameRequest}
	if *record {
		tape.Gateway = url
	}
	if *record {
	}
	t.Cleanup(func() {
	})
	client, err := yuansfer.New(yuansfer.Config{Gateway: yuansfer.Sandbox, MerchantNo: "200043", StoreNo: "300014", Token: sandboxToken},
		cnpay.WithHTTPClient(tape.Client(t)), once(), cnpay.WithClock(recordedAt))
	require.NoError(t, err)
	return client
}

// recordedAt is the time of all recordings.
func recordedAt() time.Time { return time.Date(2026, 9, 1, 9, 0, 0, 0, cnpay.Beijing()) }

// recordable is a gateway at the time of the recordings.
func recordable(t *testing.T) *yuansfertest.Server {
	t.Helper()
	gateway := yuansfertest.NewServer()
	t.Cleanup(gateway.Close)
	gateway.SetToken(sandboxToken)
	gateway.SetClock(recordedAt)
	return gateway
}

// TestRecordedOperations replays every operation, and the query that settles it. What went before it is played live. What
// is signed holds no nonce, so a replayed request must equal the recorded one to the signature.
func TestRecordedOperations(t *testing.T) {
	for _, row := range rows() {
		t.Run(row.ID, func(t *testing.T) {
			gateway := recordable(t)
			live, err := yuansfer.New(gateway.Config(), cnpay.WithClock(recordedAt))
			require.NoError(t, err)
			b := &books{t: t, gateway: gateway, client: live, calls: onTape(t, filepath.Join("operations", row.ID), gateway.URL)}
			res, err := b.runs()[row.ID]()(t.Context())
			require.Equal(t, row.Accepted, cnpay.OutcomeOf(res, err), "%v", err)
			if row.Settled != cnpay.Unknown {
				s, err := b.calls.Settle(t.Context(), cnpay.TicketOf(res, err), cnpay.WithSchedule(cnpay.Schedule{0}))
				require.Equal(t, row.Settled, cnpay.OutcomeOf(s, err), "%v", err)
			}
		})
	}
}

// TestRecorded replays scenarios.
func TestRecorded(t *testing.T) {
	for _, tt := range []struct {
		name    string
		fault   cnpaytest.Fault
		outcome cnpay.Outcome
		cause   error
		code    string
	}{
		{"revoke-success", cnpaytest.OK, cnpay.Succeeded, nil, "000100"},
		{"revoke-refused", cnpaytest.Refused, cnpay.Failed, cnpay.ErrRefused, "000030"},
		{"revoke-supplier-error", yuansfertest.SupplierError, cnpay.Unknown, cnpay.ErrUndecided, "000080"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			gateway := recordable(t)
			autoDebitNo := gateway.AddAgreement("testAuth2021010801", "gcash")
			gateway.Misbehave(revoke, tt.fault)
			client := onTape(t, filepath.Join("scenarios", tt.name), gateway.URL)
			res, err := client.AutoDebit.Revoke(t.Context(), &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: autoDebitNo})
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err))
			require.ErrorIs(t, err, tt.cause)
			require.Equal(t, tt.code, res.RetCode)
		})
	}
}

// sameRequest compares method, address and what the body says, verifySign included.
func sameRequest(r *http.Request, body []byte, recorded cassette.Request) bool {
	var a, b map[string]string
	return r.Method == recorded.Method && r.URL.String() == recorded.URL &&
		json.Unmarshal(body, &a) == nil && json.Unmarshal([]byte(recorded.Body), &b) == nil && maps.Equal(a, b)
}

// origin is what a recording says of itself.
const origin = "# Recorded against the gateway of package yuansfertest with the sandbox token that docs.yuansfer.com publishes.\n" +
	"# go test ./yuansfer -run TestRecorded -record records it again.\n"
