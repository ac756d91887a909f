package provider

import (
	"os"
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
}

// The tags of answers are understood too.
func TestTagsOfAnswers(t *testing.T) {
	for _, answer := range []any{
		&OrderResponse{}, &OrderPayByCodeResponse{}, &OrderCreateQRResponse{}, &OrderQueryResponse{}, &OrderCancelResponse{},
		&OrderRefundResponse{}, &OrderQueryRefundResponse{}, &OrderCloseResponse{}, &TerminalOrderResponse{},
		&TerminalQueryOrderResponse{}, &TerminalReceiptResponse{}, &FileDownloadResponse{}, &Notification{},
	} {
		require.Empty(t, (&spec.Table{}).Misread(answer))
	}
}
