package yuansfer_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/yuansfer"
)

// FuzzAnswer: no answer panics, and none is accepted that does not say, in so many words, that our agreement is
// revoked.
func FuzzAnswer(f *testing.F) {
	files, err := filepath.Glob("testdata/documents/*.json")
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(200, text)
		f.Add(400, text)
	}
	f.Add(200, []byte(`{"ret_code":"000040"}`))
	f.Add(200, []byte(`{"ret_code":"000100","result":{"autoDebitNo":298222562856331071,"status":"success",},}`))
	network := &answering{}
	client := network.client(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 499 {
			return
		}
		network.status, network.body = status, string(body)
		res, err := client.AutoDebit.Revoke(t.Context(), &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: "298222562856331071"}, once())
		outcome := cnpay.OutcomeOf(res, err)
		require.Equal(t, err == nil, outcome == cnpay.Succeeded || outcome == cnpay.Pending)
		require.NotEqual(t, cnpay.NotSent, outcome)
		settled, err := client.Settle(t.Context(), cnpay.TicketOf(res, err), once(), cnpay.WithSchedule(cnpay.Schedule{0}))
		again := cnpay.OutcomeOf(settled, err)
		require.Contains(t, []cnpay.Outcome{cnpay.Unknown, cnpay.Pending, cnpay.Succeeded}, again, "a refused repeat decides nothing")
		require.Equal(t, outcome == cnpay.Succeeded, again == cnpay.Succeeded)
		if outcome != cnpay.Succeeded {
			return
		}
		require.Equal(t, 200, status)
		require.Contains(t, string(body), "ret_code")
		require.Contains(t, string(body), "autoDebitNo")
		var plain struct {
			RetCode any `json:"ret_code"`
			Result  struct {
				AutoDebitNo json.RawMessage `json:"autoDebitNo"`
			} `json:"result"`
		}
		if json.Unmarshal(body, &plain) == nil && plain.RetCode != nil && plain.Result.AutoDebitNo != nil {
			require.Equal(t, "000100", plain.RetCode)
			require.Contains(t, []string{`"298222562856331071"`, `298222562856331071`}, decoded(plain.Result.AutoDebitNo))
		}
	})
}

// decoded writes a JSON text without the escapes that it need not have.
func decoded(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return string(raw)
	}
	return `"` + s + `"`
}
