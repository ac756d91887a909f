package provider

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/internal/spec"
)

// TestDocuments compares the operations and their tags with what the gateway for tests knows of the documents.
func TestDocuments(t *testing.T) {
	documented, err := os.ReadFile("providertest/operations.txt")
	require.NoError(t, err)
	var messages []conform.Message
	for _, request := range operations() {
		op := request.operation()
		messages = append(messages, conform.Message{
			ID: op.ID, Method: op.Method, Path: op.Path, Query: op.Query, NoMoney: op.NoMoney, Repeatable: op.Repeatable,
			Settled: op.Settle != nil, Request: request,
		})
	}
	conform.Requests(t, &spec.Table{}, string(documented), messages)
	conform.Notified(t, &spec.Table{}, "backUrl", messages, []interface{ Operations() []string }{
		&Notification{NotifyType: NotifySale}, &Notification{NotifyType: NotifyVoid}, &Notification{NotifyType: NotifyRefund},
	})
}

// The tags of answers are understood too.
func TestTagsOfAnswers(t *testing.T) {
	for _, answer := range []any{
		&OrderWalletOrderResponse{}, &OrderPayByCodeResponse{}, &OrderCreateQRResponse{}, &OrderQueryResponse{}, &OrderCancelResponse{},
		&OrderRefundResponse{}, &OrderQueryRefundResponse{}, &OrderCloseResponse{}, &TerminalOrderResponse{},
		&TerminalQueryOrderResponse{}, &TerminalReceiptResponse{}, &FileDownloadResponse{}, &Notification{},
	} {
		require.Empty(t, (&spec.Table{}).Misread(answer))
	}
}

// TestDocumentedRequests reads the requests of testdata/documents into our structs and sends them as they are: what we sign
// is what the public demo key of the documents signed.
func TestDocumentedRequests(t *testing.T) {
	_, verifier := vectors(t)
	c, _ := dial(t, always(""))
	for _, request := range operations() {
		op := request.operation()
		if op.Method == http.MethodGet {
			text, err := os.ReadFile("testdata/documents/" + op.ID + ".request.query")
			require.NoError(t, err)
			values, err := url.ParseQuery(strings.TrimSpace(string(text)))
			require.NoError(t, err)
			x := &exchange{client: c, op: op, request: &FileDownloadRequest{StlDate: values.Get("stlDate")}}
			sent, err := url.ParseQuery(x.query())
			require.NoError(t, err)
			require.NotEmpty(t, sent.Get("signature"))
			require.NoError(t, verifier["demo"].Verify([]byte("acqSpId="+sent.Get("acqSpId")+"&stlDate="+sent.Get("stlDate")), values.Get("signature")))
			continue
		}
		text, err := os.ReadFile("testdata/documents/" + op.ID + ".request.json")
		require.NoError(t, err)
		typed := spec.Copy(request)
		extra, err := c.call.Fields.DecodeJSON(text, typed)
		require.NoError(t, err)
		documented := json.RawMessage(extra["signature"])
		delete(extra, "signature")
		require.Empty(t, extra, op.ID)
		var signature string
		require.NoError(t, json.Unmarshal(documented, &signature))
		x := &exchange{client: c, op: op, request: typed}
		require.Empty(t, x.Check(), op.ID)
		body, err := x.Encode()
		require.NoError(t, err)
		message, err := readObject(body)
		require.NoError(t, err)
		require.NotEmpty(t, message.take("signature"))
		require.NoError(t, verifier["demo"].Verify(message.request(), signature), "%s: %s", op.ID, message.request())
	}
}

// TestDocumentedAnswers reads the answers of testdata/documents: every field has its place.
func TestDocumentedAnswers(t *testing.T) {
	var table spec.Table
	for id, answer := range map[string]any{
		OpOrderWalletOrder: &OrderWalletOrderResponse{}, OpOrderPayByCode: &OrderPayByCodeResponse{}, OpOrderCreateQR: &OrderCreateQRResponse{},
		OpOrderQuery: &OrderQueryResponse{}, OpOrderCancel: &OrderCancelResponse{}, OpOrderRefund: &OrderRefundResponse{},
		OpOrderQueryRefund: &OrderQueryRefundResponse{}, OpOrderClose: &OrderCloseResponse{}, OpTerminalOrder: &TerminalOrderResponse{},
		OpTerminalQueryOrder: &TerminalQueryOrderResponse{}, OpTerminalReceipt: &TerminalReceiptResponse{}, OpFileDownload: &FileDownloadResponse{},
	} {
		text, err := os.ReadFile("testdata/documents/" + id + ".answer.json")
		require.NoError(t, err)
		extra, err := table.DecodeJSON(text, answer)
		require.NoError(t, err, id)
		require.Empty(t, extra, id)
		again, err := table.EncodeJSON(answer)
		require.NoError(t, err)
		var documented map[string]any
		require.NoError(t, json.Unmarshal(text, &documented))
		for name := range documented {
			if value, isText := documented[name].(string); !isText || value != "" {
				require.Contains(t, string(again), `"`+name+`"`, "%s: %s got lost", id, name)
			}
		}
	}
}
