package yuansfer

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/internal/spec"
)

// TestDocuments compares the operations and their tags with what the gateway for tests knows of the documents.
func TestDocuments(t *testing.T) {
	documented, err := os.ReadFile("yuansfertest/operations.txt")
	require.NoError(t, err)
	var messages []conform.Message
	for _, request := range operations() {
		op := request.operation()
		messages = append(messages, conform.Message{
			ID: op.ID, Path: op.Path, Query: op.Query, NoMoney: op.NoMoney, Repeatable: op.Repeatable,
			Settled: op.Settle != nil, Request: request,
		})
	}
	conform.Requests(t, &spec.Table{Domains: domains()}, string(documented), messages)
	conform.Notified(t, &spec.Table{}, "ipnUrl", messages, []interface{ Operations() []string }{
		&PaymentNotification{}, &PayoutNotification{}, &OrderV4Notification{},
	}, OpTransactionRefund) // whose notification has no fields that a document names
}

// The tags of what is only received are understood, too.
func TestTagsOfAnswers(t *testing.T) {
	table := &spec.Table{Domains: domains()}
	for _, message := range []any{
		&AutoDebitConsultResponse{}, &AutoDebitApplyTokenResponse{}, &AutoDebitPayResponse{}, &AutoDebitRevokeResponse{},
		&PageCashierResponse{}, &CardPayResponse{}, &CardUpdateRecurringResponse{}, &AppOrderResponse{},
		&InStoreAddResponse{}, &InStorePayByCodeResponse{}, &InStoreCreateQRResponse{},
		&TransactionQueryResponse{}, &TransactionRefundResponse{}, &TransactionCancelResponse{}, &TransactionListResponse{},
		&ClearingListResponse{}, &WithdrawalListResponse{},
		&PreauthCreateVoucherResponse{}, &PreauthCreateResponse{}, &PreauthCancelResponse{}, &PreauthCompleteResponse{}, &PreauthQueryResponse{},
		&PayoutCreateResponse{}, &PayoutQueryResponse{}, &PayoutBalanceResponse{}, &OrderV4PayResponse{}, &OrderV4FinishResponse{},
		&PaymentNotification{}, &AgreementNotification{}, &PayoutNotification{}, &OrderV4Notification{}, &OtherNotification{}, &Return{},
	} {
		for _, problem := range table.Misread(message) {
			// A notification is stored with its outcome, its ticket and what no document names.
			require.Regexp(t, regexp.MustCompile(`: (outcome|ticket|extra): its presence is not|^cnpay.Ticket: `), problem)
		}
	}
}
