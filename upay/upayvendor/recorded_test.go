package upayvendor_test

import (
	"flag"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/recorder"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/upay/upayvendor"
	"github.com/cnpay-go/cnpay/upay/upayvendor/upayvendortest"
)

var record = flag.Bool("record", false, "record testdata again, against the gateway in this process")

// TestRecordedOperations replays one exchange of every operation. The signature covers neither time nor nonce, so a replayed
// request must equal the recorded one to the signature.
func TestRecordedOperations(t *testing.T) {
	const key = "1f2e3d4c5b6a79881f2e3d4c5b6a7988" // invented
	file := filepath.Join("testdata", "operations", upayvendor.OpTerminalActivate)
	options := []recorder.Option{
		recorder.WithMode(recorder.ModeReplayOnly), recorder.WithMatcher(sameRequest), recorder.WithSkipRequestLatency(true),
	}
	if *record {
		gateway := upayvendortest.NewServer()
		defer gateway.Close()
		gateway.SetVendorKey(key)
		gateway.AddCode("12345678", 1)
		options = append(options, recorder.WithMode(recorder.ModeRecordOnly),
			recorder.WithRealTransport(detour(gateway.URL)), recorder.WithHook(forget, recorder.BeforeSaveHook))
	}
	tape, err := recorder.New(file, options...)
	require.NoError(t, err)
	client, err := upayvendor.New(upayvendor.Config{VendorSN: "91800129", VendorKey: key},
		cnpay.WithHTTPClient(&http.Client{Transport: tape}), cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
	require.NoError(t, err)
	res, err := client.Terminals.Activate(t.Context(), &upayvendor.TerminalActivateRequest{
		AppID: "2026000000000001", Code: "12345678", DeviceID: "POS-0001", ClientSN: "POS01",
	})
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, res.Outcome)
	require.Equal(t, "100101029200000001", res.Result.TerminalSN)
	require.Len(t, res.Result.TerminalKey.Reveal(), 32)
	require.NoError(t, tape.Stop())
	if *record {
		sayOrigin(t, file+".yaml")
	}
}

// sameRequest compares method, address, signature and what the body says.
func sameRequest(r *http.Request, recorded cassette.Request) bool {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	return r.Method == recorded.Method && r.URL.String() == recorded.URL && string(body) == recorded.Body &&
		r.Header.Get("Authorization") == recorded.Headers.Get("Authorization")
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
	origin := "# Recorded against the gateway of package upayvendortest, with an invented vendor and key.\n" +
		"# go test ./upay/upayvendor -run TestRecorded -record records it again.\n"
	require.NoError(t, os.WriteFile(name, append([]byte(origin), text...), 0o644))
}
