package yuansfer

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

func TestJudge(t *testing.T) {
	for _, tt := range []struct {
		code, message string
		first         cnpay.Outcome // of the only request
		repeated      cnpay.Outcome // after one that may have been carried out
	}{
		{"000100", "revoke success", cnpay.Succeeded, cnpay.Succeeded},
		{"000100", "data error", cnpay.Succeeded, cnpay.Succeeded},
		{"000010", "API version error", cnpay.Failed, cnpay.Unknown},
		{"000020", "Parameter null", cnpay.Failed, cnpay.Unknown},
		{"000021", "Parameter has no related information", cnpay.Failed, cnpay.Unknown},
		{"000022", "Parameters do not match", cnpay.Failed, cnpay.Unknown},
		{"000023", "Parameter value error", cnpay.Failed, cnpay.Unknown},
		{"000030", "No rights", cnpay.Failed, cnpay.Unknown},
		{"000040", "Transaction status error", cnpay.Failed, cnpay.Unknown},
		{"000080", "Supplier system error", cnpay.Unknown, cnpay.Unknown},
		{"000080", "data error : verifySign", cnpay.Unknown, cnpay.Unknown},

		{"000000", "data error : verifySign", cnpay.Failed, cnpay.Unknown},
		{"000000", "  Data  Error: storeNo  ", cnpay.Failed, cnpay.Unknown},
		{"000000", "DATA ERROR", cnpay.Failed, cnpay.Unknown},
		{"000000", "system error", cnpay.Unknown, cnpay.Unknown},
		{"000000", "system error: data error", cnpay.Unknown, cnpay.Unknown},
		{"000000", "database error", cnpay.Unknown, cnpay.Unknown},
		{"000000", "", cnpay.Unknown, cnpay.Unknown},

		{"", "", cnpay.Unknown, cnpay.Unknown},
		{"", "data error", cnpay.Unknown, cnpay.Unknown},
		{"000099", "data error", cnpay.Unknown, cnpay.Unknown},
		{"100", "revoke success", cnpay.Unknown, cnpay.Unknown},
		{"000100 ", "revoke success", cnpay.Unknown, cnpay.Unknown},
		{"200", "success", cnpay.Unknown, cnpay.Unknown},
	} {
		t.Run(tt.code+" "+tt.message, func(t *testing.T) {
			for _, httpStatus := range []int{http.StatusOK, http.StatusBadRequest} {
				for sending, want := range []cnpay.Outcome{tt.first, tt.repeated} {
					if httpStatus != http.StatusOK && want == cnpay.Succeeded {
						want = cnpay.Unknown // a success that HTTP calls an error is neither
					}
					x := &exchange{
						client: &Client{}, op: (*AutoDebitRevokeRequest).operation(nil), settings: cnpay.Settings{Sending: sending},
						answer: &AutoDebitRevokeResponse{Response: Response{RetCode: tt.code, RetMsg: tt.message}},
					}
					v, cause := x.Judge(httpStatus)
					require.Equal(t, cnpay.Verdict{Outcome: want, Code: tt.code, Message: tt.message}, v)
					if cause != nil {
						require.Equal(t, want == cnpay.Failed, errors.Is(cause, cnpay.ErrRefused))
						require.Equal(t, want == cnpay.Unknown, errors.Is(cause, cnpay.ErrUndecided))
					}
				}
			}
		})
	}
}

func TestJudgeRevoke(t *testing.T) {
	for status, want := range map[string]cnpay.Outcome{
		"": cnpay.Succeeded, "success": cnpay.Succeeded,
		"init": cnpay.Pending, "dealing": cnpay.Pending, "pending": cnpay.Pending,
		"failed": cnpay.Failed,
		"closed": cnpay.Unknown, "SUCCESS": cnpay.Unknown, "revoked": cnpay.Unknown,
	} {
		require.Equal(t, want, judgeRevoke(status), status)
	}
}
