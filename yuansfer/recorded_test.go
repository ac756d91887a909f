package yuansfer_test

import (
	"encoding/json"
	"flag"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/recorder"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/yuansfer"
	"github.com/cnpay-go/cnpay/yuansfer/yuansfertest"
)

var record = flag.Bool("record", false, "record testdata/*.yaml again, against the gateway in this process")

// TestRecorded replays whole exchanges. What is signed holds no time and no nonce, so a replayed request must equal
// the recorded one to the signature.
func TestRecorded(t *testing.T) {
	const autoDebitNo = "298222562856300001" // the first that the gateway gives
	for _, tt := range []struct {
		name    string
		arrange func(*yuansfertest.Server)
		outcome cnpay.Outcome
		cause   error
		code    string
	}{
		{"revoke-success", func(s *yuansfertest.Server) {}, cnpay.Succeeded, nil, "000100"},
		{"revoke-refused", func(s *yuansfertest.Server) {
			s.Misbehave(revoke, cnpaytest.Refused)
		}, cnpay.Failed, cnpay.ErrRefused, "000030"},
		{"revoke-supplier-error", func(s *yuansfertest.Server) {
			s.Misbehave(revoke, yuansfertest.SupplierError)
		}, cnpay.Unknown, cnpay.ErrUndecided, "000080"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := yuansfer.Config{
				Gateway: "http://127.0.0.1:9004", MerchantNo: "200043", StoreNo: "300014", Token: sandboxToken,
			}
			mode := recorder.ModeReplayOnly
			if *record {
				mode = recorder.ModeRecordOnly
				gateway := yuansfertest.NewServer()
				defer gateway.Close()
				gateway.SetToken(sandboxToken)
				require.Equal(t, autoDebitNo, gateway.AddAgreement("testAuth2021010801", "gcash"))
				tt.arrange(gateway)
				config.Gateway = gateway.URL
			}
			tape, err := recorder.New(filepath.Join("testdata", tt.name), recorder.WithMode(mode),
				recorder.WithMatcher(sameRequest), recorder.WithSkipRequestLatency(true))
			require.NoError(t, err)
			client, err := yuansfer.New(config, cnpay.WithHTTPClient(&http.Client{Transport: tape}), quick())
			require.NoError(t, err)

			res, err := client.AutoDebit.Revoke(t.Context(), &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: autoDebitNo})
			require.NoError(t, tape.Stop())
			if *record {
				sayOrigin(t, filepath.Join("testdata", tt.name+".yaml"))
			}
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err))
			require.ErrorIs(t, err, tt.cause)
			require.Equal(t, tt.code, res.RetCode)
		})
	}
}

// sameRequest compares method, path and what the body says.
func sameRequest(r *http.Request, recorded cassette.Request) bool {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	var a, b map[string]string
	return r.Method == recorded.Method && strings.HasSuffix(recorded.URL, "://"+recorded.Host+r.URL.Path) &&
		json.Unmarshal(body, &a) == nil && json.Unmarshal([]byte(recorded.Body), &b) == nil && maps.Equal(a, b)
}

func sayOrigin(t *testing.T, name string) {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	origin := "# Recorded against the gateway of package yuansfertest with the sandbox token that docs.yuansfer.com publishes.\n" +
		"# go test ./yuansfer -run TestRecorded -record records it again.\n"
	require.NoError(t, os.WriteFile(name, append([]byte(origin), text...), 0o644))
}
