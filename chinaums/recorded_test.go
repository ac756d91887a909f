package chinaums_test

import (
	"bytes"
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
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/chinaums/chinaumstest"
	"github.com/cnpay-go/cnpay/cnpaytest"
)

var record = flag.Bool("record", false, "record the exchanges in testdata again, against the gateway in this process")

// tape returns a client whose exchanges are in testdata, and a gateway that is as it was when they were recorded. With
// -record they come from it.
func tape(t *testing.T, name string) (*chinaumstest.Server, *chinaums.Client) {
	t.Helper()
	at := time.Date(2022, 4, 21, 15, 0, 52, 0, cnpay.Beijing())
	clock := func() time.Time { return at }
	gateway := chinaumstest.NewServer()
	t.Cleanup(gateway.Close)
	gateway.SetClock(clock)
	config := chinaums.Config{Gateway: chinaums.Test, AppID: "recorded", AppKey: "recorded"}
	mode := recorder.ModeReplayOnly
	if *record {
		mode, config = recorder.ModeRecordOnly, gateway.Config()
	}
	file := filepath.Join("testdata", name)
	vcr, err := recorder.New(file, recorder.WithMode(mode), recorder.WithSkipRequestLatency(true),
		recorder.WithMatcher(sameMessage), recorder.WithHook(neutral(gateway.URL), recorder.BeforeSaveHook))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, vcr.Stop())
		if *record {
			label(t, file+".yaml")
		}
	})
	client, err := chinaums.New(config, cnpay.WithHTTPClient(vcr.GetDefaultClient()), cnpay.WithClock(clock),
		cnpay.WithNonce(func() string { return "be46cd581c9f46ecbd71b9858311ea12" }), cnpay.WithSchedule(cnpay.Schedule{0}))
	require.NoError(t, err)
	return gateway, client
}

// sameMessage compares method, path and the decoded body.
func sameMessage(r *http.Request, i cassette.Request) bool {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var got, want map[string]any
	u, err := url.Parse(i.URL)
	return err == nil && r.Method == i.Method && r.URL.Path == u.Path &&
		json.Unmarshal(body, &got) == nil && json.Unmarshal([]byte(i.Body), &want) == nil && reflect.DeepEqual(got, want)
}

// neutral takes out what differs from one recording to the next: the port and the key of the gateway.
func neutral(gateway string) recorder.HookFunc {
	return func(i *cassette.Interaction) error {
		u, err := url.Parse(i.Request.URL)
		if err != nil {
			return err
		}
		i.Request.URL, i.Request.Host = chinaums.Test+u.Path, "test-api-open.chinaums.com"
		i.Request.Headers.Del("Authorization")
		i.Response.Headers.Del("Date")
		i.Response.Headers.Del("Content-Length")
		i.Response.Body = strings.ReplaceAll(i.Response.Body, gateway, "https://qr-test2.chinaums.com")
		i.Response.ContentLength = int64(len(i.Response.Body))
		i.Response.Duration = 0
		return nil
	}
}

func label(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	note := "# Recorded against package chinaumstest, clock and nonce pinned; Authorization left out, its key was random.\n"
	require.NoError(t, os.WriteFile(file, append([]byte(note), text...), 0o644))
}

// Every operation once, with the calls that its order needs before.
func TestRecordedOperations(t *testing.T) {
	gateway, client := start(t)
	for id := range runs(t, gateway, client) {
		t.Run(id, func(t *testing.T) {
			gateway, client := tape(t, "operations/"+id)
			res, err := runs(t, gateway, client)[id]()(t.Context())
			require.NoError(t, err)
			require.Equal(t, id, cnpay.TicketOf(res, err).Operation)
			require.NotEqual(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
		})
	}
}

// A cancellation that is accepted, and settled by its ticket; and one that is refused.
func TestRecordedScenarios(t *testing.T) {
	for name, tt := range map[string]struct {
		fault            cnpaytest.Fault
		outcome, settled cnpay.Outcome
		code             string
	}{
		"cancel-completion-succeeded": {cnpaytest.OK, cnpay.Succeeded, cnpay.Succeeded, "SUCCESS"},
		"cancel-completion-refused":   {cnpaytest.Refused, cnpay.Failed, cnpay.Unknown, "OPERATION_NOT_ALLOWED"},
		"cancel-completion-pending":   {chinaumstest.Accepted, cnpay.Pending, cnpay.Succeeded, "SUCCESS"},
	} {
		t.Run(name, func(t *testing.T) {
			gateway, client := tape(t, "scenarios/"+name)
			gateway.Misbehave(voidOp, tt.fault)
			res, err := client.Bills.CancelCompletion(t.Context(), gateway.AddCompletion(number, 10000))
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err), "%v", err)
			require.Equal(t, tt.code, res.ErrCode)
			settled, err := client.Settle(t.Context(), cnpay.TicketOf(res, err))
			require.Equal(t, tt.settled, cnpay.OutcomeOf(settled, err), "%v", err)
			require.Equal(t, 1, settled.Queries)
		})
	}
}
