package chinaums

import (
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/internal/spec"
)

// TestDocuments compares the operations and their tags with what the gateway for tests knows of the documents.
func TestDocuments(t *testing.T) {
	documented, err := os.ReadFile("chinaumstest/operations.txt")
	require.NoError(t, err)
	var messages []conform.Message
	for _, request := range operations() {
		op := request.operation()
		method := ""
		if op.Page {
			method = http.MethodGet
		}
		messages = append(messages, conform.Message{
			ID: op.ID, Method: method, Path: op.Path, Query: op.Query, NoMoney: op.NoMoney, Repeatable: op.Repeatable,
			Settled: op.Settle != nil, Request: request,
		})
	}
	conform.Requests(t, &spec.Table{}, string(documented), messages)
	refunded := Notice{RefundAmount: 1}
	conform.Notified(t, &spec.Table{}, "notifyUrl", messages, []interface{ Operations() []string }{
		&OrderNotification{}, &OrderNotification{Notice: refunded}, &BillNotification{}, &BillNotification{Notice: refunded},
	}, OpBillUpdate) // the bill is notified, not its change
	conform.Answers[Client](t, &spec.Table{})
}
