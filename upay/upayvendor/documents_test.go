package upayvendor

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/internal/spec"
)

// TestDocuments compares the operations and their tags with what the gateway for tests knows of the documents.
func TestDocuments(t *testing.T) {
	documented, err := os.ReadFile("upayvendortest/operations.txt")
	require.NoError(t, err)
	var messages []conform.Message
	for _, request := range operations() {
		op := request.operation()
		messages = append(messages, conform.Message{
			ID: op.ID, Path: op.Path, Query: op.Query, NoMoney: true, Repeatable: op.Repeatable, Request: request,
		})
	}
	conform.Requests(t, &spec.Table{}, string(documented), messages)
	require.Empty(t, new(spec.Table).Misread(TerminalActivateResponse{}))
}
