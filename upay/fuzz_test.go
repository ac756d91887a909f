package upay_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/upay"
)

// FuzzAnswer answers a revoke and its query with anything at all. Nothing panics, and a success is a success only where
// the answer's text says so of this order.
func FuzzAnswer(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "[cd]*", "*.json"))
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, file := range files {
		body, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(http.StatusOK, body)
	}
	for _, body := range []string{
		`{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","data":{"sn":"7892259488292938","order_status":"CANCELED"}}}`,
		`{"result_code":200,"biz_response":{"result_code":"CANCEL_ABORT_SUCCESS","sn":7892259488292938,"payment_list":[{"type":"A"}]}}`,
		`{"result_code":"200","biz_response":{"result_code":"SUCCESS","data":{"sn":"7892259488292938","order_status":"CANCELED"}}}`,
		`{"result_code":"200","biz_response":{"result_code":"FAIL","error_code":"UPAY_CANCEL_ORDER_NOOP","data":null}}`,
		order("PAID"), order("CANCEL_INPROGRESS"), noSuchOrder, illegalSign, `{"result_code":"200","biz_response":""}`, "",
	} {
		f.Add(http.StatusOK, []byte(body))
		f.Add(http.StatusBadRequest, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		const sn = "7892259488292938"
		client := dial(t, func(*http.Request, string) (*http.Response, error) {
			return answer(status, string(body)), nil
		}, cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
		res, err := client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{SN: sn})
		outcome := cnpay.OutcomeOf(res, err)
		if (err == nil) != (outcome == cnpay.Succeeded || outcome == cnpay.Pending) {
			t.Fatalf("%v with error %v", outcome, err)
		}
		if outcome == cnpay.NotSent {
			t.Fatal("an answer came, so it was sent")
		}
		if outcome == cnpay.Succeeded && !(status == http.StatusOK && says(body, sn, "CANCEL_SUCCESS", "CANCEL_ABORT_SUCCESS")) {
			t.Fatalf("succeeded by %d %q", status, body)
		}
		settled, err := client.Settle(t.Context(), cnpay.TicketOf(res, err), cnpay.WithSchedule(cnpay.Schedule{0, 0}))
		if cnpay.OutcomeOf(settled, err) == cnpay.Succeeded && !(status == http.StatusOK && says(body, sn, "SUCCESS") && says(body, sn, "CANCELED", "PAY_CANCELED")) {
			t.Fatalf("settled by %d %q", status, body)
		}
		fuzzMore(t, client, status, body)
		if outcome := cnpay.OutcomeOf(settled, err); outcome == cnpay.NotSent || outcome == cnpay.Failed && !says(body, sn, "REFUNDED") {
			t.Fatalf("%v by %d %q", outcome, status, body)
		}
	})
}

// fuzzMore answers what else moves money alike.
func fuzzMore(t *testing.T, client *upay.Client, status int, body []byte) {
	const sn = "7892259488292938"
	for _, tt := range []struct {
		run   func() (cnpay.Result, error)
		codes []string
	}{
		{func() (cnpay.Result, error) {
			return client.Orders.PayByCode(t.Context(), &upay.OrderPayByCodeRequest{Sale: sale(sn), DynamicID: "1"})
		}, []string{"PAY_SUCCESS"}},
		{func() (cnpay.Result, error) {
			return client.Orders.CreateQR(t.Context(), &upay.OrderCreateQRRequest{Sale: sale(sn), Payway: "1"})
		}, nil},
		{func() (cnpay.Result, error) {
			return client.Orders.Refund(t.Context(), &upay.OrderRefundRequest{ClientSN: sn, RefundRequestNo: "1", Operator: "o", RefundAmount: 1})
		}, []string{"REFUND_SUCCESS"}},
		{func() (cnpay.Result, error) {
			return client.Orders.Cancel(t.Context(), &upay.OrderCancelRequest{ClientSN: sn})
		}, []string{"CANCEL_SUCCESS", "CANCEL_ABORT_SUCCESS"}},
		{func() (cnpay.Result, error) {
			return client.Preauth.Create(t.Context(), &upay.PreauthCreateRequest{
				PreauthStep: upay.PreauthStep{ClientTransNo: sn, Amount: 1, Operator: "o"}, ClientAuthSN: "1", DynamicID: "1",
			})
		}, []string{"SUCCESS"}},
	} {
		res, err := tt.run()
		outcome := cnpay.OutcomeOf(res, err)
		if outcome == cnpay.NotSent || outcome == cnpay.Succeeded && !(status == http.StatusOK && says(body, sn, tt.codes...)) {
			t.Fatalf("%s: %v by %d %q", cnpay.TicketOf(res, err), outcome, status, body)
		}
		ticket := cnpay.TicketOf(res, err)
		settled, err := client.Settle(t.Context(), ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
		outcome = cnpay.OutcomeOf(settled, err)
		if outcome.Final() && !(status == http.StatusOK && says(body, sn, "SUCCESS")) {
			t.Fatalf("%s: settled %v by %d %q", ticket, outcome, status, body)
		}
	}
}

// says reads an answer in the plainest way: are there, anywhere, 200, the order's number and one of the codes?
func says(body []byte, sn string, oneOf ...string) bool {
	found := map[string]bool{}
	for _, word := range regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[0-9]+`).FindAllString(string(body), -1) {
		var text string
		if json.Unmarshal([]byte(word), &text) != nil {
			text = word
		}
		found[text] = true
	}
	return found["200"] && found[sn] && slices.ContainsFunc(oneOf, func(code string) bool { return found[code] })
}
