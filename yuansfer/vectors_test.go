package yuansfer

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
)

// What Yuansfer's own SDKs signed and sent; testdata/README.md says where it is from.
func TestVectorsOfTheOfficialSDKs(t *testing.T) {
	text, err := os.ReadFile("testdata/vectors/official-sdks.json")
	require.NoError(t, err)
	var file struct {
		Vectors []struct {
			ID, Kind string
			Input    struct {
				Token                            cnpay.Secret
				MerchantNo, StoreNo, AutoDebitNo string
				Parameters                       map[string]string
			}
			Expected struct {
				VerifySign string
				Kept       string          `json:"verifySign_kept"`
				Dropped    string          `json:"verifySign_dropped"`
				Body       json.RawMessage `json:"body"`
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &file))
	require.Len(t, file.Vectors, 36)
	for _, v := range file.Vectors {
		t.Run(v.ID, func(t *testing.T) {
			c, err := New(Config{MerchantNo: "299999", StoreNo: "399999", Token: v.Input.Token})
			require.NoError(t, err)
			if v.Kind == "revoke-body" {
				body, err := c.build(&AutoDebitRevokeRequest{
					Sender:      Sender{MerchantNo: v.Input.MerchantNo, StoreNo: v.Input.StoreNo},
					AutoDebitNo: v.Input.AutoDebitNo,
				})
				require.NoError(t, err)
				require.JSONEq(t, string(v.Expected.Body), string(body))
				return
			}
			var pairs []sign.Pair
			for name, value := range v.Input.Parameters {
				if value != "" { // the client sends none, see TestWire
					pairs = append(pairs, sign.Pair{Name: name, Value: value})
				}
			}
			want := v.Expected.VerifySign
			if v.Kind == "verifySign-empty-value" {
				want = v.Expected.Dropped
			}
			text, err := sign.Canonical(pairs)
			require.NoError(t, err)
			got, err := c.signer.Sign(text)
			require.NoError(t, err)
			require.Equal(t, want, got)
			// A receiver takes what either kind of SDK signs.
			for _, signature := range []string{v.Expected.VerifySign, v.Expected.Kept, v.Expected.Dropped} {
				if signature != "" {
					received := []sign.Pair{{Name: "verifySign", Value: signature}}
					for name, value := range v.Input.Parameters {
						received = append(received, sign.Pair{Name: name, Value: value})
					}
					require.NoError(t, c.verify(received))
					received[1].Value += "x"
					require.ErrorIs(t, c.verify(received), cnpay.ErrSignature)
				}
			}
		})
	}
}

// What Yuansfer's documents signed, with the tokens that they publish. The ones of an operation that is here are sent as the
// documents have them.
func TestPublishedVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/vectors/published.json")
	require.NoError(t, err)
	var file struct {
		Vectors []struct {
			ID, Operation, VerifySign string
			Token                     cnpay.Secret
			Params                    map[string]string
		}
	}
	require.NoError(t, json.Unmarshal(text, &file))
	require.Len(t, file.Vectors, 18)
	for _, v := range file.Vectors {
		t.Run(v.ID, func(t *testing.T) {
			c, err := New(Config{MerchantNo: "1", StoreNo: "1", Token: v.Token})
			require.NoError(t, err)
			pairs := []sign.Pair{{Name: "verifySign", Value: v.VerifySign}}
			for name, value := range v.Params {
				pairs = append(pairs, sign.Pair{Name: name, Value: value})
			}
			require.NoError(t, c.verify(pairs))
			for _, request := range operations() {
				if request.operation().ID == v.Operation {
					params, err := json.Marshal(v.Params)
					require.NoError(t, err)
					require.NoError(t, json.Unmarshal(params, request))
					body, err := c.build(request)
					require.NoError(t, err)
					v.Params["verifySign"] = v.VerifySign
					want, err := json.Marshal(v.Params)
					require.NoError(t, err)
					require.JSONEq(t, string(want), string(body))
				}
			}
		})
	}
}

// The documents' examples of every core operation: requests are sent as they stand, verifySign included, answers and
// notifications are read. testdata/README.md says where they are from.
func TestExamplesOfTheBook(t *testing.T) {
	text, err := os.ReadFile("testdata/documents/examples.json")
	require.NoError(t, err)
	var examples []struct {
		ID, Kind, Case string
		Body           json.RawMessage
		Outcome        cnpay.Outcome
	}
	require.NoError(t, json.Unmarshal(text, &examples))
	requests := map[string]Request{}
	read := 0
	for _, e := range examples {
		t.Run(e.ID+" "+e.Kind+" "+e.Case, func(t *testing.T) {
			read++
			network := &fixed{body: unquoted(e.Body)}
			c, err := New(Config{MerchantNo: "200043", StoreNo: "300014", Token: "5cbfb079f15b150122261c8537086d77a"},
				cnpay.WithHTTPClient(&http.Client{Transport: network}), cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
			require.NoError(t, err)
			switch e.Kind {
			case "request":
				for _, request := range operations() {
					if request.operation().ID == e.ID {
						require.NoError(t, json.Unmarshal(e.Body, request))
						require.Empty(t, c.exchange(request.operation(), request).Check())
						body, err := c.build(request)
						require.NoError(t, err)
						require.JSONEq(t, string(e.Body), string(body))
						requests[e.ID] = request
					}
				}
				require.NotNil(t, requests[e.ID], "no such operation")
			case "response":
				outcome, err := callOf(t.Context(), c, requests[e.ID])
				require.Equal(t, e.Outcome, outcome, "%v", err)
			case "notification":
				if e.ID == "browser_callback" {
					_, query, _ := strings.Cut(unquoted(e.Body), "?")
					ret, err := c.ParseReturnQuery(query)
					require.NoError(t, err)
					require.Equal(t, "success", ret.Status)
					require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(ret, nil))
					return
				}
				n, err := c.ParseNotificationBody([]byte(unquoted(e.Body)))
				require.NoError(t, err)
				want := cnpay.Succeeded
				if e.Case == "failed" {
					want = cnpay.Failed
				}
				require.Equal(t, want, n.CallOutcome())
			}
		})
	}
	require.Len(t, examples, read)
}

// callOf makes the call of a request, whatever its answer's type.
func callOf(ctx context.Context, c *Client, request Request) (cnpay.Outcome, error) {
	type anyResponse struct {
		Response
		Result struct {
			Transaction
			Status          string `json:"status" spec:"O S"`
			RefundReference string `json:"refundReference" spec:"O S"`
			AutoDebitNo     string `json:"autoDebitNo" spec:"O S"`
			OutAuthDetailNo string `json:"outAuthDetailNo" spec:"O S"`
		} `json:"result" spec:"C"`
	}
	switch request := request.(type) {
	case *AutoDebitConsultRequest:
		res, err := c.AutoDebit.Consult(ctx, request)
		return cnpay.OutcomeOf(res, err), err
	case *AppOrderRequest:
		res, err := c.Apps.Order(ctx, request)
		return cnpay.OutcomeOf(res, err), err
	case *TransactionListRequest:
		res, err := c.Transactions.List(ctx, request)
		return cnpay.OutcomeOf(res, err), err
	case *ClearingListRequest:
		res, err := c.Clearings.List(ctx, request)
		return cnpay.OutcomeOf(res, err), err
	}
	res, err := do[anyResponse](ctx, c, request, nil)
	return cnpay.OutcomeOf(res, err), err
}

// fixed is a network that answers every request alike.
type fixed struct{ body string }

func (f *fixed) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, ContentLength: -1, Body: io.NopCloser(strings.NewReader(f.body)), Request: r}, nil
}

// unquoted is a body as JSON or, where it is not JSON, as text.
func unquoted(body json.RawMessage) string {
	var text string
	if json.Unmarshal(body, &text) == nil {
		return text
	}
	return string(body)
}

// Every character that a request may hold, and those that none may, is sent as JSON that reads back as the same text.
func TestAppendMember(t *testing.T) {
	for r := range rune(0x2100) {
		value := "a" + string(r) + "b"
		body := append(appendMember([]byte{'{'}, "autoDebitNo", value), '}')
		var got map[string]string
		require.NoError(t, json.Unmarshal(body, &got), "%q", value)
		require.Equal(t, map[string]string{"autoDebitNo": value}, got)
	}
}
