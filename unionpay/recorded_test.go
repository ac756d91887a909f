package unionpay_test

import (
	"flag"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
)

var record = flag.Bool("record", false, "record testdata/operations and testdata/scenarios again, against the gateway in this process")

// recordedAt is the time of all recordings.
func recordedAt() time.Time { return time.Date(2026, 1, 5, 14, 50, 46, 0, cnpay.Beijing()) }

// recordable is a gateway at the time of the recordings.
func recordable(t *testing.T) *unionpaytest.Server {
	t.Helper()
	gateway := unionpaytest.NewServer()
	t.Cleanup(gateway.Close)
	gateway.SetClock(recordedAt)
	return gateway
}

// onTape returns a client whose exchanges come from a file of testdata or, with -record, go there at the end of the test.
func onTape(t *testing.T, config unionpay.Config, name string) *unionpay.Client {
	t.Helper()
	tape := conform.Tape{File: filepath.Join("testdata", name), Origin: origin, Same: sameRequest}
	if *record {
		tape.Gateway = config.Gateway
	}
	config.Gateway = unionpay.TestGateway
	client, err := unionpay.New(config, cnpay.WithHTTPClient(tape.Client(t)), atOnce(), cnpay.WithClock(recordedAt))
	require.NoError(t, err)
	return client
}

// TestRecordedOperations replays every operation, and the query that settles it. What went before it is played live.
func TestRecordedOperations(t *testing.T) {
	for _, tt := range operations() {
		t.Run(tt.id, func(t *testing.T) {
			gateway := recordable(t)
			config := gateway.ConfigFor(unionpay.SHA256)
			live, err := unionpay.New(config, cnpay.WithClock(recordedAt))
			require.NoError(t, err)
			before := prepare(t, gateway, live, recordedAt(), "")
			client := onTape(t, config, filepath.Join("operations", tt.id))
			r := tt.make(client, before, "20260105145046001", unionpay.TxnTime(recordedAt()))
			res, err := r(t.Context())
			require.Equal(t, tt.accepted, cnpay.OutcomeOf(res, err), "%v", err)
			if tt.settled() == cnpay.Succeeded {
				settled, err := client.Settle(t.Context(), res.CallTicket(), atOnce())
				require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
			}
		})
	}
}

// TestRecorded replays whole exchanges, from the operation to the query that settles it. With sign method 11 a
// replayed request must equal the recorded one to the signature. With 01 the merchant's key is a new one in each run,
// so the signature is left out of the comparison; UnionPay's are verified against the recorded authority.
func TestRecorded(t *testing.T) {
	for _, tt := range []struct {
		name     string
		method   unionpay.SignMethod
		encoding unionpay.Encoding
		arrange  func(*unionpaytest.Server)
		outcome  cnpay.Outcome
		code     string
		settled  cnpay.Outcome
	}{
		{"preauth-cancel-accepted", unionpay.SHA256, unionpay.UTF8, func(*unionpaytest.Server) {}, cnpay.Pending, "00", cnpay.Succeeded},
		{"preauth-cancel-refused", unionpay.SM3, unionpay.UTF8, func(s *unionpaytest.Server) {
			s.Misbehave("preauth_cancel", cnpaytest.Refused)
		}, cnpay.Failed, "38", cnpay.Failed},
		{"preauth-cancel-pending", unionpay.SHA256, unionpay.GBK, func(s *unionpaytest.Server) {
			s.SetPending(3)
		}, cnpay.Pending, "00", cnpay.Pending},
		{"preauth-cancel-certificate", unionpay.RSA, unionpay.UTF8, func(*unionpaytest.Server) {}, cnpay.Pending, "00", cnpay.Succeeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			gateway := recordable(t)
			origQryID := gateway.AddPreauth(10000)
			tt.arrange(gateway)
			config := gateway.ConfigFor(tt.method)
			config.Encoding = tt.encoding
			if tt.method == unionpay.RSA {
				authority(t, &config)
			}
			client := onTape(t, config, filepath.Join("scenarios", tt.name))

			req := &unionpay.PreauthCancelRequest{
				Channel: unionpay.Channel{Reserved: "{a=b&c=d}"},
				BizType: "000201", OrderID: "20260105145046001", TxnTime: unionpay.TxnTime(recordedAt()), TxnAmt: 10000, BackURL: unionpay.NoNotification, OrigQryID: origQryID, ReqReserved: "测试|a b+c/d",
			}
			res, err := client.Preauth.Cancel(t.Context(), req)
			settled, settledErr := settle(t.Context(), client, req)
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err))
			require.Equal(t, tt.code, res.RespCode)
			require.Equal(t, "测试|a b+c/d", res.ReqReserved)
			require.Equal(t, tt.settled, cnpay.OutcomeOf(settled, settledErr))
		})
	}
}

// authority keeps the certificates of the gateway's authority beside the recording, or reads those that it was made with.
func authority(t *testing.T, config *unionpay.Config) {
	t.Helper()
	const file = "testdata/scenarios/preauth-cancel-certificate.pem"
	if *record {
		gateway := unionpaytest.NewServer()
		defer gateway.Close()
		_, root, middle := gateway.KeyFiles()
		require.NoError(t, os.WriteFile(file, append(root, middle...), 0o644))
		return
	}
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	certificates, err := sign.ParseCertificates(data)
	require.NoError(t, err)
	config.RootCert, config.MiddleCert = certificates[0], certificates[1]
}

// sameRequest compares method, path and the decoded form.
func sameRequest(r *http.Request, body []byte, recorded cassette.Request) bool {
	a, errA := url.ParseQuery(string(body))
	b, errB := url.ParseQuery(recorded.Body)
	u, errU := url.Parse(recorded.URL)
	if errA != nil || errB != nil || errU != nil {
		return false
	}
	if a.Get("signMethod") == "01" {
		for _, form := range []url.Values{a, b} {
			form.Del("signature")
			form.Del("certId")
		}
	}
	return r.Method == recorded.Method && r.URL.Path == u.Path && a.Encode() == b.Encode()
}

// origin is what a recording says of itself.
const origin = "# Recorded against the gateway of package unionpaytest, clock pinned, with the key that UnionPay publishes for\n" +
	"# its test environment or an authority made for the recording.\n" +
	"# go test ./unionpay -run TestRecorded -record records it again.\n"
