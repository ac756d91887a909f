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
		want          cnpay.Outcome
	}{
		{"000100", "revoke success", cnpay.Succeeded},
		{"000100", "data error", cnpay.Succeeded},
		{"000010", "API version error", cnpay.Failed},
		{"000020", "Parameter null", cnpay.Failed},
		{"000021", "Parameter has no related information", cnpay.Failed},
		{"000022", "Parameters do not match", cnpay.Failed},
		{"000023", "Parameter value error", cnpay.Failed},
		{"000030", "No rights", cnpay.Failed},
		{"000040", "Transaction status error", cnpay.Failed},
		{"000080", "Supplier system error", cnpay.Unknown},
		{"000080", "data error : verifySign", cnpay.Unknown},

		{"000000", "data error : verifySign", cnpay.Failed},
		{"000000", "  Data  Error: storeNo  ", cnpay.Failed},
		{"000000", "DATA ERROR", cnpay.Failed},
		{"000000", "system error", cnpay.Unknown},
		{"000000", "system error: data error", cnpay.Unknown},
		{"000000", "database error", cnpay.Unknown},
		{"000000", "", cnpay.Unknown},

		{"", "", cnpay.Unknown},
		{"", "data error", cnpay.Unknown},
		{"000099", "data error", cnpay.Unknown},
		{"100", "revoke success", cnpay.Unknown},
		{"000100 ", "revoke success", cnpay.Unknown},
		{"200", "success", cnpay.Unknown},
	} {
		t.Run(tt.code+" "+tt.message, func(t *testing.T) {
			for _, httpStatus := range []int{http.StatusOK, http.StatusBadRequest} {
				want := tt.want
				if httpStatus != http.StatusOK && want == cnpay.Succeeded {
					want = cnpay.Unknown // a success that HTTP calls an error is neither
				}
				x := &exchange{
					client: &Client{}, op: (*AutoDebitRevokeRequest).operation(nil),
					answer: &AutoDebitRevokeResponse{Response: Response{RetCode: tt.code, RetMsg: tt.message}},
				}
				v, cause := x.Judge(httpStatus)
				require.Equal(t, cnpay.Verdict{Outcome: want, Code: tt.code, Message: tt.message}, v)
				if cause != nil {
					require.Equal(t, want == cnpay.Failed, errors.Is(cause, cnpay.ErrRefused))
					require.Equal(t, want == cnpay.Unknown, errors.Is(cause, cnpay.ErrUndecided))
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
