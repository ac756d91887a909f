package upay_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/upay"
)

// The terminal and key of the documents' samples.
const (
	terminalSN  = "00101010029201012912"
	terminalKey = "68d499beda5f72116592f5c527465656"
)

// wire is a gateway that is a function: it is called with each request and its body.
type wire func(r *http.Request, body string) (*http.Response, error)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	return w(r, string(body))
}

func answer(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

// saying is a gateway that answers every request alike.
func saying(body string) wire {
	return func(*http.Request, string) (*http.Response, error) { return answer(http.StatusOK, body), nil }
}

func dial(t testing.TB, w wire, opts ...cnpay.Option) *upay.Client {
	t.Helper()
	client, err := upay.New(upay.Config{TerminalSN: terminalSN, TerminalKey: terminalKey},
		append(opts, cnpay.WithHTTPClient(&http.Client{Transport: w}))...)
	require.NoError(t, err)
	return client
}

// Bodies and headers of the documents' rule, MD5(body + key), with the documents' sample key; the digests were computed
// with Python's hashlib.
func TestRequestOnTheWire(t *testing.T) {
	for name, tt := range map[string]struct {
		terminal string
		send     func(*upay.Client) error
		path     string
		body     string
		sign     string
	}{
		"revoke by sn": {
			terminalSN, func(c *upay.Client) error {
				_, err := c.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{SN: "7892259488292938"})
				return err
			},
			"/upay/v2/revoke", `{"terminal_sn":"00101010029201012912","sn":"7892259488292938"}`, "c95840dcb9f6045f4658d93bbb73fa0d",
		},
		"revoke by client_sn": {
			terminalSN, func(c *upay.Client) error {
				_, err := c.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{ClientSN: "18348290098298292838"})
				return err
			},
			"/upay/v2/revoke", `{"terminal_sn":"00101010029201012912","client_sn":"18348290098298292838"}`, "418f72dd86729bdc78bacd4659016c75",
		},
		"query": {
			"10298371039", func(c *upay.Client) error {
				_, err := c.Orders.Query(t.Context(), &upay.OrderQueryRequest{ClientSN: "18348290098298292838"})
				return err
			},
			"/upay/v2/query", `{"terminal_sn":"10298371039","client_sn":"18348290098298292838"}`, "eef4ee671a4bbb2f5bab8ce89dfa4827",
		},
	} {
		t.Run(name, func(t *testing.T) {
			seen := false
			client, err := upay.New(upay.Config{TerminalSN: tt.terminal, TerminalKey: terminalKey},
				cnpay.WithHTTPClient(&http.Client{Transport: wire(func(r *http.Request, body string) (*http.Response, error) {
					seen = true
					require.Equal(t, http.MethodPost, r.Method)
					require.Equal(t, "https://vsi-api.shouqianba.com"+tt.path, r.URL.String())
					require.Equal(t, "application/json", r.Header.Get("Content-Type"))
					require.Equal(t, []string{tt.terminal + " " + tt.sign}, r.Header.Values("Authorization"))
					require.Equal(t, tt.body, body)
					require.EqualValues(t, len(tt.body), r.ContentLength)
					require.NotContains(t, r.Header, "Idempotency-Key")
					return answer(http.StatusOK, `{"result_code":"400","error_code":"INVALID_PARAMS"}`), nil
				})}))
			require.NoError(t, err)
			require.ErrorIs(t, tt.send(client), cnpay.ErrRefused)
			require.True(t, seen)
		})
	}
}

// The wire name, and no other: a merchant's number with characters that JSON escapes is signed as it is sent, and
// the gateway's own code agrees.
func TestEscapedCharactersAreSignedAsSent(t *testing.T) {
	gateway, client := start(t)
	for _, clientSN := range []string{"A&B<1>", `A"1\`, "订单1", "A\u20281"} {
		gateway.AddOrder(clientSN, 1)
		res, err := client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{ClientSN: clientSN})
		require.NoError(t, err, clientSN)
		require.Equal(t, clientSN, res.Result.ClientSN)
	}
}

func TestTheCallersRequestIsNotChanged(t *testing.T) {
	gateway, client := start(t)
	gateway.AddOrder("7654321132", 10000)
	req := &upay.OrderRevokeRequest{ClientSN: "7654321132"}
	_, err := client.Orders.Revoke(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, &upay.OrderRevokeRequest{ClientSN: "7654321132"}, req)
}

func TestFaultyRequestsAreNotSent(t *testing.T) {
	client := dial(t, func(*http.Request, string) (*http.Response, error) {
		t.Error("sent")
		return nil, io.ErrUnexpectedEOF
	})
	neither := cnpay.Fault{Field: "sn", Problem: "is required without client_sn"}
	for name, tt := range map[string]struct {
		send   func() (cnpay.Result, error)
		faults []cnpay.Fault
	}{
		"revoke, nothing": {
			func() (cnpay.Result, error) { return client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{}) },
			[]cnpay.Fault{neither},
		},
		"revoke, nil": {
			func() (cnpay.Result, error) { return client.Orders.Revoke(t.Context(), nil) },
			[]cnpay.Fault{neither},
		},
		"revoke, everything wrong": {
			func() (cnpay.Result, error) {
				return client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{
					Sender: upay.Sender{TerminalSN: "T-1"}, SN: strings.Repeat("1", 17), ClientSN: strings.Repeat("中", 33),
				})
			},
			[]cnpay.Fault{
				{Field: "terminal_sn", Problem: "must be digits"},
				{Field: "sn", Problem: "must be at most 16 long, is 17"},
				{Field: "client_sn", Problem: "must be at most 32 long, is 33"},
			},
		},
		"revoke, text that JSON cannot carry": {
			func() (cnpay.Result, error) {
				return client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{ClientSN: "A\xff"})
			},
			[]cnpay.Fault{{Field: "client_sn", Problem: "must be text without control characters"}},
		},
		"query, nothing": {
			func() (cnpay.Result, error) {
				return client.Orders.Query(t.Context(), &upay.OrderQueryRequest{RefundRequestNo: strings.Repeat("1", 32)})
			},
			[]cnpay.Fault{neither, {Field: "refund_request_no", Problem: "must be at most 31 long, is 32"}},
		},
		"query, nil": {
			func() (cnpay.Result, error) { return client.Orders.Query(t.Context(), nil) },
			[]cnpay.Fault{neither},
		},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := tt.send()
			require.Nil(t, res)
			want := cnpay.Failed
			if strings.HasPrefix(name, "query") { // nothing is known of the order
				want = cnpay.Unknown
			}
			require.Equal(t, want, cnpay.OutcomeOf(res, err))
			require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
			var invalid *cnpay.InvalidRequestError
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, tt.faults, invalid.Faults)
		})
	}
}

func TestLengthsAtTheLimitAreSent(t *testing.T) {
	var bodies bytes.Buffer
	client := dial(t, func(_ *http.Request, body string) (*http.Response, error) {
		bodies.WriteString(body)
		return answer(http.StatusOK, `{"result_code":"400"}`), nil
	})
	_, err := client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{
		Sender: upay.Sender{TerminalSN: strings.Repeat("1", 32)}, SN: strings.Repeat("2", 16), ClientSN: strings.Repeat("单", 32),
	})
	require.ErrorIs(t, err, cnpay.ErrRefused)
	_, err = client.Orders.Query(t.Context(), &upay.OrderQueryRequest{ClientSN: strings.Repeat("3", 64), RefundRequestNo: strings.Repeat("4", 31)})
	require.ErrorIs(t, err, cnpay.ErrRefused)
	require.Equal(t, `{"terminal_sn":"`+strings.Repeat("1", 32)+`","sn":"`+strings.Repeat("2", 16)+`","client_sn":"`+strings.Repeat("单", 32)+`"}`+
		`{"terminal_sn":"`+terminalSN+`","client_sn":"`+strings.Repeat("3", 64)+`","refund_request_no":"`+strings.Repeat("4", 31)+`"}`, bodies.String())
}

func TestNew(t *testing.T) {
	good := upay.Config{TerminalSN: terminalSN, TerminalKey: terminalKey}
	for name, tt := range map[string]struct {
		config upay.Config
		says   []string
	}{
		"nothing":           {upay.Config{}, []string{"terminal number is required", "terminal key is required"}},
		"number of letters": {upay.Config{TerminalSN: "T1", TerminalKey: terminalKey}, []string{"terminal number must be digits"}},
		"invisible inside": {
			upay.Config{TerminalSN: "123 4", TerminalKey: "7f4c\u200b" + terminalKey},
			[]string{"terminal number holds a blank (U+0020) at character 4; terminal key holds a zero-width space (U+200B) at character 5"},
		},
		"plain http": {
			upay.Config{Gateway: "http://vsi-api.shouqianba.com", TerminalSN: terminalSN}, []string{"plain http", "terminal key is required"},
		},
		"gateway with a path": {upay.Config{Gateway: "https://a/upay", TerminalSN: terminalSN, TerminalKey: terminalKey}, []string{"scheme and host only"}},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := upay.New(tt.config)
			require.Nil(t, client)
			for _, says := range tt.says {
				require.ErrorContains(t, err, says)
			}
			require.NotContains(t, err.Error(), terminalKey)
			require.NotContains(t, err.Error(), "\n")
		})
	}
	client, err := upay.New(good)
	require.NoError(t, err)
	require.NotNil(t, client.Orders)
}
