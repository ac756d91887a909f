package unionpay

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
	documented, err := os.ReadFile("unionpaytest/operations.txt")
	require.NoError(t, err)
	table := &spec.Table{Domains: map[string]func(string) string{"GROUP": isGroup}}
	var messages []conform.Message
	for _, request := range operations() {
		op := request.operation()
		messages = append(messages, conform.Message{
			ID: op.ID, Path: op.Path, Query: op.Query, NoMoney: op.NoMoney, Repeatable: op.Repeatable,
			Settled: op.Settle != nil, Request: request,
		})
	}
	conform.Requests(t, table, string(documented), messages)
	var notifications []interface{ Operations() []string }
	for _, request := range operations() {
		op := request.operation()
		if op.Query || op.NoMoney {
			continue
		}
		n := &NotificationHead{TxnType: op.TxnType, TxnSubType: op.TxnSubType, BizType: op.BizType}
		require.Contains(t, n.Operations(), op.ID)
		notifications = append(notifications, n)
	}
	conform.Notified(t, table, "backUrl", messages, notifications)
	for _, answer := range []any{
		&OrderQueryResponse{}, &PaymentAppResponse{}, &PaymentPurchaseResponse{}, &PaymentVoidResponse{}, &PaymentRefundResponse{},
		&PreauthAppResponse{}, &PreauthCreateResponse{}, &PreauthCompleteResponse{}, &PreauthCancelResponse{}, &PreauthCancelCompletionResponse{},
		&QRCreateResponse{}, &QRPayByCodeResponse{}, &QRVoidResponse{}, &QRRefundResponse{}, &QRReverseResponse{},
		&CardSendSMSResponse{}, &CardQueryOpenResponse{}, &CardOpenResponse{}, &CardApplyTokenResponse{}, &CardUpdateTokenResponse{}, &CardDeleteTokenResponse{},
		&PayoutCreateResponse{}, &MandateCollectResponse{}, &MandateVerifyNameResponse{}, &MandateCreateResponse{}, &MandateCancelResponse{},
		&MandateUnbindResponse{}, &MandateQueryBindingResponse{}, &FileDownloadResponse{}, &CertificateEncryptionResponse{},
		&PurchaseNotification{}, &PreauthNotification{}, &PreauthCompleteNotification{}, &PreauthCancelNotification{},
		&PreauthCompleteCancelNotification{}, &VoidNotification{}, &RefundNotification{}, &OpenNotification{}, &PayoutNotification{},
		&CollectionNotification{}, &OtherNotification{},
	} {
		for _, problem := range table.Misread(answer) {
			// A notification is stored with its outcome and what no document names.
			require.Regexp(t, regexp.MustCompile(`: (outcome|extra): its presence is not`), problem)
		}
	}
}
