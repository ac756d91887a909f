package upayvendor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/upay/upayvendor"
	"github.com/cnpay-go/cnpay/upay/upayvendor/upayvendortest"
)

func start(t testing.TB, opts ...cnpay.Option) (*upayvendortest.Server, *upayvendor.Client) {
	t.Helper()
	gateway := upayvendortest.NewServer()
	t.Cleanup(gateway.Close)
	client, err := upayvendor.New(gateway.Config(), opts...)
	require.NoError(t, err)
	return gateway, client
}

// gateway is one that is a function.
type gateway func() *http.Response

func (g gateway) RoundTrip(*http.Request) (*http.Response, error) { return g(), nil }

func saying(status int, body string) gateway {
	return func() *http.Response {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
	}
}

func TestOperations(t *testing.T) {
	conform.Test(t, []conform.Row{
		{ID: upayvendor.OpTerminalActivate, Accepted: cnpay.Succeeded, Faults: []cnpaytest.Fault{cnpaytest.UnknownCode}, Secrets: []string{"12345678"}},
	}, func(t *testing.T) *conform.World {
		gateway, client := start(t)
		gateway.AddCode("12345678", 100)
		n := 0
		return &conform.World{Gateway: gateway, Client: client, Another: client, Runs: map[string]func() conform.Run{
			upayvendor.OpTerminalActivate: func() conform.Run {
				n++
				return conform.Of(client.Terminals.Activate, &upayvendor.TerminalActivateRequest{
					AppID: "2026000000000001", Code: "12345678", DeviceID: fmt.Sprint("POS-", n),
				})
			},
		}}
	})
}

func TestActivate(t *testing.T) {
	var dumps []cnpay.Dump
	gateway, client := start(t, cnpay.WithDump(func(_ context.Context, d cnpay.Dump) { dumps = append(dumps, d) }))
	gateway.AddCode("12345678", 1)
	req := &upayvendor.TerminalActivateRequest{AppID: "2026000000000001", Code: "12345678", DeviceID: "POS-0001", ClientSN: "POS01"}
	res, err := client.Terminals.Activate(t.Context(), req)
	require.NoError(t, err)
	require.NotEmpty(t, res.Result.TerminalSN)
	require.Len(t, res.Result.TerminalKey.Reveal(), 32)
	require.Equal(t, "测试商户", res.Result.MerchantName)
	require.Empty(t, res.Raw, "it would hold the key")
	require.True(t, res.Ticket.NoMoney)
	text, err := json.Marshal(res)
	require.NoError(t, err)
	for _, shown := range []string{string(text), fmt.Sprintf("%+v", res), dumps[0].Request + dumps[0].Answer} {
		require.NotContains(t, shown, res.Result.TerminalKey.Reveal())
		require.NotContains(t, shown, gateway.Config().VendorKey.Reveal())
	}
	require.NotContains(t, dumps[0].Request, "12345678", "the code is a secret")

	res, err = client.Terminals.Activate(t.Context(), req)
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(res, err))
	require.ErrorContains(t, err, "ACTIVATE_FAIL")
	require.Equal(t, "EJ08", res.ErrorCodeStandard)

	// A lost answer has used the code up: the call is never repeated by itself.
	gateway.AddCode("87654321", 1)
	gateway.Misbehave(upayvendor.OpTerminalActivate, cnpaytest.LostAnswer)
	before := gateway.Received(upayvendor.OpTerminalActivate)
	res, err = client.Terminals.Activate(t.Context(), &upayvendor.TerminalActivateRequest{AppID: "1", Code: "87654321", DeviceID: "POS-0002"})
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	require.Equal(t, before+1, gateway.Received(upayvendor.OpTerminalActivate))
	require.Zero(t, gateway.Uses("87654321"))
	settled, err := client.Settle(t.Context(), cnpay.TicketOf(res, err))
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
	require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
}

// The shapes of live answers, and what they mean.
func TestAnswers(t *testing.T) {
	captured, err := os.ReadFile("../testdata/captures/activate.json")
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		body    string
		status  int
		outcome cnpay.Outcome
	}{
		"a capture":           {string(captured), 200, cnpay.Succeeded},
		"newer material":      {`{"result_code":"200","biz_response":{"result_code":"ACTIVATE_SUCCESS","terminal_sn":"1","terminal_key":"k"}}`, 200, cnpay.Succeeded},
		"another status":      {string(captured), 201, cnpay.Unknown},
		"without a key":       {`{"result_code":"200","biz_response":{"terminal_sn":"1","terminal_key":""}}`, 200, cnpay.Unknown},
		"success of nothing":  {`{"result_code":"200","biz_response":{"result_code":"SUCCESS"}}`, 200, cnpay.Unknown},
		"nothing":             {`{"result_code":"200","biz_response":null}`, 200, cnpay.Unknown},
		"refused":             {`{"result_code":"400","error_code":"ACTIVATE_FAIL"}`, 200, cnpay.Failed},
		"refused, in data":    {`{"result_code":"200","biz_response":{"result_code":"FAIL","error_code":"X"}}`, 200, cnpay.Failed},
		"in trouble":          {`{"result_code":"400","error_code":"UNKNOWN_SYSTEM_ERROR"}`, 200, cnpay.Unknown},
		"500":                 {`{"result_code":"500","error_code":"UNKNOWN_SYSTEM_ERROR"}`, 200, cnpay.Unknown},
		"two results":         {`{"result_code":"400","biz_response":{"result_code":"ACTIVATE_SUCCESS","terminal_sn":"1","terminal_key":"k"}}`, 200, cnpay.Unknown},
		"an unknown code":     {`{"result_code":"200","biz_response":{"result_code":"PERHAPS","terminal_sn":"1","terminal_key":"k"}}`, 200, cnpay.Unknown},
		"certificate differs": {`{"result_code":"403","error_code":"403"}`, 200, cnpay.Failed},
	} {
		client, err := upayvendor.New(upayvendor.Config{VendorSN: "91800129", VendorKey: "vendor-key-for-test"},
			cnpay.WithHTTPClient(&http.Client{Transport: saying(tt.status, tt.body)}))
		require.NoError(t, err)
		res, err := client.Terminals.Activate(t.Context(), &upayvendor.TerminalActivateRequest{AppID: "1", Code: "2", DeviceID: "3"})
		require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err), "%s: %v", name, err)
	}
}

func TestNew(t *testing.T) {
	_, err := upayvendor.New(upayvendor.Config{Gateway: "http://a.example", VendorKey: "k k"})
	require.EqualError(t, err, "upay/upayvendor: config: gateway: plain http to a.example, which is not this machine; use https, or "+
		"cnpay.WithPlainHTTP for a private line; vendor number is required; vendor key holds a blank (U+0020) at character 2")

	client, err := upayvendor.New(upayvendor.Config{VendorSN: " 91800129\n", VendorKey: "key\r\n"})
	require.NoError(t, err)
	_, err = client.Terminals.Activate(t.Context(), nil)
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(nil, err))
	require.ErrorContains(t, err, "app_id is required; code is required; device_id is required")
}

// StoreGetRequest names a store (获取门店). It is not in package upayvendor.
type StoreGetRequest struct {
	ID string `json:"id" spec:"M S"`
}

// Store is a store (门店).
type Store struct {
	SN   string `json:"sn" spec:"O S"`
	Name string `json:"name" spec:"O S"`
	City string `json:"city" spec:"O S"`
}

// An operation that the package lacks is two structs and a line.
func ExampleDo() {
	gateway := upayvendortest.NewServer() // in production: upayvendor.Config{VendorSN: ..., VendorKey: ...}
	defer gateway.Close()
	client, err := upayvendor.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}

	op := upayvendor.Operation{ID: "store_get", Path: "/v2/store/get", Query: true, Repeatable: true}
	gateway.Handle(op.ID, op.Path, func(map[string]string) map[string]any {
		return map[string]any{"result_code": "SUCCESS", "data": map[string]string{"sn": "1580000000000001", "name": "人民广场店", "city": "上海"}}
	})
	res, err := upayvendor.Do[upayvendor.Response[Store]](context.Background(), client, op, &StoreGetRequest{ID: "s1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(res.Outcome, res.Result.Data.Name, res.Result.Data.City)
	// Output: answered 人民广场店 上海
}

func TestNoRequest(t *testing.T) {
	_, client := start(t)
	_, err := client.Ticket(nil)
	conform.NoRequest(t, err, func(request any) error {
		_, err := upayvendor.Do[upayvendor.Response[struct{}]](t.Context(), client, upayvendor.Operation{ID: "own"}, request)
		return err
	})
}
