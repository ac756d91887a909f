package upay

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/internal/spec"
)

// TestDocuments compares the operations and their tags with what the gateway for tests knows of the documents.
func TestDocuments(t *testing.T) {
	documented, err := os.ReadFile("upaytest/operations.txt")
	require.NoError(t, err)
	var messages []conform.Message
	for _, request := range operations() {
		op := request.operation()
		method := "" // POST
		if op.ID == OpPageCashier {
			method = "GET" // by the payer's browser
		}
		messages = append(messages, conform.Message{
			ID: op.ID, Method: method, Path: op.Path, Query: op.Query, NoMoney: op.NoMoney, Repeatable: op.Repeatable,
			Settled: op.Settle != nil, Request: request,
		})
	}
	conform.Requests(t, &spec.Table{}, string(documented), messages)
	conform.Notified(t, &spec.Table{}, "notify_url", messages, []interface{ Operations() []string }{
		&Notification{}, &Notification{Order: Order{ClientSN: "1", ClientTSN: "2"}},
	})
	conform.Answers[Client](t, &spec.Table{})
}
