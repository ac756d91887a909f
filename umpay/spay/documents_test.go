package spay

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/internal/spec"
)

// TestDocuments compares the operations and their tags with what the gateway for tests knows of the documents.
func TestDocuments(t *testing.T) {
	documented, err := os.ReadFile("spaytest/operations.txt")
	require.NoError(t, err)
	table := &spec.Table{Domains: domains()}
	pages := map[string]bool{OpPageWallet: true, OpPageWeb: true, OpPageMobile: true}
	var messages []conform.Message
	for _, request := range operations() {
		op := request.operation()
		method := ""
		if pages[op.ID] {
			method = "GET"
		}
		messages = append(messages, conform.Message{
			ID: op.ID, Method: method, Path: path, Query: op.Query, NoMoney: op.NoMoney, Repeatable: op.Repeatable,
			Settled: op.Settle != nil, Request: request,
		})
	}
	conform.Requests(t, table, string(documented), messages)
	conform.Notified(t, table, "notify_url", messages, []interface{ Operations() []string }{
		&Notification{Service: "pay_result_notify"}, &Notification{Service: "pay_result_notify", RefundNo: "1"},
	}, OpPreauthCreate) // no document says what is sent
	for _, answer := range []any{
		&OrderCreateQRResponse{}, &OrderCreateQRPageResponse{}, &OrderPayByCodeResponse{}, &OrderMiniProgramOrderResponse{},
		&OrderAppOrderResponse{}, &OrderQueryResponse{}, &OrderQueryHistoryResponse{}, &OrderCancelResponse{}, &OrderRefundResponse{},
		&OrderQueryRefundResponse{}, &QuickPayApplyResponse{}, &QuickPaySendSMSResponse{}, &QuickPayConfirmResponse{},
		&PreauthCreateResponse{}, &PreauthCompleteResponse{}, &PreauthCancelResponse{}, &PreauthQueryResponse{},
		&PreauthRefundResponse{}, &FileDownloadResponse{}, &Notification{},
	} {
		require.Empty(t, table.Misread(answer))
	}
}
