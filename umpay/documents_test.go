package umpay

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/internal/spec"
)

// TestDocuments compares the operations and their tags with what the terminal for tests knows of the documents.
func TestDocuments(t *testing.T) {
	documented, err := os.ReadFile("umpaytest/operations.txt")
	require.NoError(t, err)
	var messages []conform.Message
	for _, request := range operations() {
		op := request.operation()
		line := (&exchange{client: &Client{}, op: op, request: request}).line()
		if op.Method == "" {
			line.Path = commandPath
		}
		messages = append(messages, conform.Message{
			ID: op.ID, Method: line.Method, Path: line.Path, Query: op.Query, NoMoney: op.NoMoney, Repeatable: line.Repeatable,
			Settled: op.Settle != nil, Request: request,
		})
	}
	conform.Requests(t, &spec.Table{}, string(documented), messages)
}

// TestResults compares the members of the callback objects with those that the documents have.
func TestResults(t *testing.T) {
	text, err := os.ReadFile("umpaytest/results.txt")
	require.NoError(t, err)
	documented := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		documented[words[0]] = words[1:]
	}
	var fields spec.Table
	for id, result := range map[string]any{
		OpCardPay: CardPayResult{}, OpCardQuery: CardQueryResult{}, OpCardVoid: CardVoidResult{}, OpCardRefund: CardRefundResult{},
		OpScanPayByCode: ScanPayResult{}, OpScanCreateQR: ScanCreateQRResult{}, OpScanQueryQR: ScanQueryQRResult{}, OpScanQuery: ScanQueryResult{},
		OpScanVoid: ScanVoidResult{}, OpScanRefund: ScanRefundResult{}, OpScanQueryRefund: ScanQueryRefundResult{},
		OpPreauthCreate: PreauthResult{}, OpPreauthCancel: PreauthCancelResult{}, OpPreauthCompleteWithCard: PreauthResult{},
		OpPreauthComplete: PreauthResult{}, OpPreauthCancelCompletion: PreauthResult{}, OpOrderList: OrderListResult{}, "transList": OrderRow{},
	} {
		require.NotEmpty(t, documented[id], id)
		require.Empty(t, fields.Misread(result), id)
		var names []string
		for _, f := range reflect.VisibleFields(reflect.TypeOf(result)) {
			name := f.Tag.Get("json")
			if name == "" || id == OpPreauthComplete && name == "cardExpiryDate" { // taken out of this one in 00.00.01.39
				continue
			}
			names = append(names, name)
		}
		require.ElementsMatch(t, documented[id], names, id)
		delete(documented, id)
	}
	delete(documented, "#")
	require.Empty(t, documented)
}
