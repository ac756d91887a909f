package chinaums_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/recorder"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/chinaums/chinaumstest"
)

var record = flag.Bool("record", false, "record the exchanges in testdata again, against the in-process gateway")

// recorded returns a client whose exchanges are in testdata, and the request of a void. With -record they come from
// a gateway that misbehaves once, by fault.
func recorded(t *testing.T, name string, fault chinaumstest.Fault) (*chinaums.Client, *chinaums.BillCancelCompletionRequest) {
	t.Helper()
	config := chinaums.Config{Gateway: chinaums.Test, AppID: "recorded", AppKey: "recorded"}
	gateway := chinaumstest.NewServer()
	t.Cleanup(gateway.Close)
	req := gateway.AddCompletion(number, 10000)
	mode := recorder.ModeReplayOnly
	if *record {
		mode, config = recorder.ModeRecordOnly, gateway.Config()
		gateway.Misbehave(voidOp, fault)
	}
	file := "testdata/" + name
	vcr, err := recorder.New(file, recorder.WithMode(mode), recorder.WithSkipRequestLatency(true),
		recorder.WithMatcher(sameMessage), recorder.WithHook(neutral, recorder.BeforeSaveHook))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, vcr.Stop())
		if *record {
			label(t, file+".yaml")
		}
	})
	at := time.Date(2022, 4, 21, 15, 0, 52, 0, cnpay.Beijing())
	client, err := chinaums.New(config, cnpay.WithHTTPClient(vcr.GetDefaultClient()),
		cnpay.WithClock(func() time.Time { return at }),
		cnpay.WithNonce(func() string { return "be46cd581c9f46ecbd71b9858311ea12" }),
		cnpay.WithSchedule(cnpay.Schedule{0}))
	require.NoError(t, err)
	return client, req
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
func neutral(i *cassette.Interaction) error {
	u, err := url.Parse(i.Request.URL)
	if err != nil {
		return err
	}
	i.Request.URL, i.Request.Host = chinaums.Test+u.Path, "test-api-open.chinaums.com"
	i.Request.Headers.Del("Authorization")
	i.Response.Headers.Del("Date")
	i.Response.Duration = 0
	return nil
}

func label(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	note := "# Recorded against package chinaumstest, clock and nonce pinned; Authorization left out, its key was random.\n"
	require.NoError(t, os.WriteFile(file, append([]byte(note), text...), 0o644))
}

func TestRecordedVoid(t *testing.T) {
	client, req := recorded(t, "void-succeeded", chinaumstest.OK)
	res, err := client.Bills.CancelCompletion(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, res.Outcome)
	require.Equal(t, number, res.BillPayment.MerOrderID)
	require.EqualValues(t, 10000, res.BillPayment.TotalAmount)
}

func TestRecordedRefusal(t *testing.T) {
	client, req := recorded(t, "void-refused", chinaumstest.Refused)
	res, err := client.Bills.CancelCompletion(t.Context(), req)
	require.ErrorIs(t, err, cnpay.ErrRefused)
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(res, err))
	require.Equal(t, "OPERATION_NOT_ALLOWED", res.ErrCode)
	require.Equal(t, "当前不允许此操作", res.ErrMsg)
}

func TestRecordedPending(t *testing.T) {
	client, req := recorded(t, "void-pending", chinaumstest.Accepted)
	res, err := client.Bills.CancelCompletion(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, cnpay.Pending, res.Outcome)

	settled, err := client.Bills.SettleCancelCompletion(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, settled.Outcome)
	require.Equal(t, "TRADE_CLOSED", settled.Answer.AuthedBillPayment.Status)
}
