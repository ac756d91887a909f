package upaytest_test

import (
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/upay/upaytest"
)

const (
	terminalSN  = "00101010029201012912"
	terminalKey = "68d499beda5f72116592f5c527465656" // the documents' sample
)

type envelope struct {
	ResultCode  string `json:"result_code"`
	ErrorCode   string `json:"error_code"`
	BizResponse struct {
		ResultCode string            `json:"result_code"`
		ErrorCode  string            `json:"error_code"`
		Data       map[string]string `json:"data"`
	} `json:"biz_response"`
}

func start(t *testing.T) *upaytest.Server {
	t.Helper()
	s := upaytest.NewServer()
	t.Cleanup(s.Close)
	s.SetTerminalKey(terminalKey)
	s.SetClock(func() time.Time { return time.UnixMilli(1449646835244) })
	return s
}

func post(t *testing.T, s *upaytest.Server, operation, body, authorization string) envelope {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/upay/v2/"+operation, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", authorization)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	var e envelope
	require.NoError(t, json.Unmarshal(text, &e), "%s", text)
	return e
}

func signed(t *testing.T, s *upaytest.Server, operation, body string) envelope {
	t.Helper()
	digest := md5.Sum([]byte(body + terminalKey))
	return post(t, s, operation, body, terminalSN+" "+hex.EncodeToString(digest[:]))
}

func TestSignatureIsChecked(t *testing.T) {
	s := start(t)
	// Computed with Python's hashlib.
	const body, digest = `{"terminal_sn":"00101010029201012912","sn":"7892259488292938"}`, "c95840dcb9f6045f4658d93bbb73fa0d"
	e := post(t, s, "revoke", body, terminalSN+" "+digest)
	require.Equal(t, "200", e.ResultCode)
	require.Equal(t, "UPAY_ORDER_NOT_EXISTS", e.BizResponse.ErrorCode)

	for name, tt := range map[string][2]string{
		"another body":     {strings.Replace(body, "8\"}", "9\"}", 1), terminalSN + " " + digest},
		"another digest":   {body, terminalSN + " d" + digest[1:]},
		"another terminal": {body, "00101010029201012913 " + digest},
		"no digest":        {body, terminalSN},
		"nothing":          {body, ""},
	} {
		e := post(t, s, "revoke", tt[0], tt[1])
		require.Equal(t, "400", e.ResultCode, name)
		require.Equal(t, "ILLEGAL_SIGN", e.ErrorCode, name)
	}
	require.Equal(t, 6, s.Received("revoke"))
}

func TestFaultyRequestsAreRefused(t *testing.T) {
	s := start(t)
	for body, code := range map[string]string{
		`{"terminal_sn":"00101010029201012912"}`:   "INVALID_PARAMS",
		`{"terminal_sn":"1","sn":"1"}`:             "INVALID_TERMINAL",
		`not JSON`:                                 "INVALID_PARAMS",
		`{"terminal_sn":"1","sn":7892259488292938`: "INVALID_PARAMS",
	} {
		e := signed(t, s, "revoke", body)
		require.Equal(t, "400", e.ResultCode, body)
		require.Equal(t, code, e.ErrorCode, body)
	}
}

func TestOrdersAreKept(t *testing.T) {
	s := start(t)
	for i, tt := range []struct {
		status             string
		code, errorCode    string
		after, transaction string
	}{
		{"PAID", "CANCEL_SUCCESS", "", "CANCELED", "SUCCESS"},
		{"CREATED", "CANCEL_ABORT_SUCCESS", "", "PAY_CANCELED", "FAIL_CANCELED"},
		{"CANCELED", "FAIL", "UPAY_CANCEL_ORDER_NOOP", "CANCELED", "SUCCESS"},
		{"REFUNDED", "FAIL", "UPAY_CANCEL_INVALID_ORDER_STATE", "REFUNDED", "SUCCESS"},
		{"PARTIAL_REFUNDED", "FAIL", "UPAY_CANCEL_INVALID_ORDER_STATE", "PARTIAL_REFUNDED", "SUCCESS"},
		{"CANCEL_INPROGRESS", "FAIL", "UPAY_CANCEL_INVALID_ORDER_STATE", "CANCEL_INPROGRESS", "IN_PROG"},
	} {
		clientSN := "order" + string(rune('0'+i))
		sn := s.AddOrder(clientSN, 10000)
		s.SetStatus(sn, tt.status)
		e := signed(t, s, "revoke", `{"terminal_sn":"00101010029201012912","client_sn":"`+clientSN+`"}`)
		require.Equal(t, tt.code, e.BizResponse.ResultCode, tt.status)
		require.Equal(t, tt.errorCode, e.BizResponse.ErrorCode, tt.status)

		e = signed(t, s, "query", `{"terminal_sn":"00101010029201012912","sn":"`+sn+`","client_sn":"another"}`)
		require.Equal(t, "SUCCESS", e.BizResponse.ResultCode)
		require.Equal(t, tt.after, e.BizResponse.Data["order_status"])
		require.Equal(t, tt.transaction, e.BizResponse.Data["status"])
		require.Equal(t, clientSN, e.BizResponse.Data["client_sn"])
		left := map[string]string{"PARTIAL_REFUNDED": "5000", "CANCEL_INPROGRESS": "10000"}[tt.after]
		require.Equal(t, cmp.Or(left, "0"), e.BizResponse.Data["net_amount"])
	}
}

func TestRefusedAndPendingChangeWhatTheySay(t *testing.T) {
	s := start(t)
	sn := s.AddOrder("7654321132", 10000)
	body := `{"terminal_sn":"00101010029201012912","sn":"` + sn + `"}`
	s.Misbehave("revoke", cnpaytest.Refused, upaytest.Pending)

	require.Equal(t, "UPAY_TCP_ORDER_NOT_REFUNDABLE", signed(t, s, "revoke", body).BizResponse.ErrorCode)
	require.Equal(t, "PAID", signed(t, s, "query", body).BizResponse.Data["order_status"])
	require.Equal(t, "CANCEL_IN_PROGRESS", signed(t, s, "revoke", body).BizResponse.ResultCode)
	data := signed(t, s, "query", body).BizResponse.Data
	require.Equal(t, "CANCEL_INPROGRESS", data["order_status"])
	require.Equal(t, "10000", data["net_amount"])
	require.Empty(t, data["finish_time"])

	s.SetStatus(sn, "CANCELED")
	data = signed(t, s, "query", body).BizResponse.Data
	require.Equal(t, "0", data["net_amount"])
	require.Equal(t, "1449646835244", data["finish_time"])
}

func TestHandle(t *testing.T) {
	s := start(t)
	s.Handle("store_lock", "/upay/v2/store/lock", func(request map[string]any) map[string]any {
		return map[string]any{"result_code": "SUCCESS", "data": map[string]any{"client_sn": request["client_sn"]}}
	})
	body := `{"terminal_sn":"00101010029201012912","client_sn":"1"}`
	require.Equal(t, "1", signed(t, s, "store/lock", body).BizResponse.Data["client_sn"])
	require.Equal(t, 1, s.Received("store_lock"))

	s.SetTerminalKey("another")
	require.Equal(t, "ILLEGAL_SIGN", signed(t, s, "store/lock", body).ErrorCode)
}
