package upay_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/upay"
)

// The documents' own examples and captures, byte for byte; testdata/README.md says where each is from.
func TestPublishedAnswers(t *testing.T) {
	for _, tt := range []struct {
		file    string
		request any
		outcome cnpay.Outcome
		cause   error
		code    string
		check   func(*testing.T, *upay.Response)
	}{
		{"documents/revoke-failed.json", &upay.OrderRevokeRequest{SN: "7894259244061958"}, cnpay.Unknown, cnpay.ErrUndecided, "UPAY_TCP_ORDER_NOT_REFUNDABLE",
			func(t *testing.T, r *upay.Response) {
				require.Equal(t, "CANCEL_ERROR", r.Result.ResultCode)
				require.Equal(t, "订单7894259244061958参与了活动并且无法撤销", r.Result.ErrorMessage)
				require.Nil(t, r.Result.Data)
			}},
		{"documents/revoke-success.json", &upay.OrderRevokeRequest{ClientSN: "22345677767776"}, cnpay.Succeeded, nil, "",
			func(t *testing.T, r *upay.Response) {
				require.Equal(t, upay.Order{
					SN: "7894259244064831", ClientSN: "22345677767776", Status: "SUCCESS", Payway: "3", SubPayway: "1",
					OrderStatus: "CANCELED", TotalAmount: 1, NetAmount: new(int64), FinishTime: "1450090828489", Subject: "wx", StoreID: "49",
				}, r.Result.Order)
				require.Equal(t, &r.Result.Order, r.Result.Data)
			}},
		{"documents/query-paid.json", &upay.OrderQueryRequest{SN: "7895259867120667"}, cnpay.Answered, nil, "",
			func(t *testing.T, r *upay.Response) {
				require.Equal(t, "PAID", r.Result.OrderStatus)
				require.Equal(t, "726d47ded14818c906cd1a006d4e5050", r.Result.ClientTSN)
				require.Equal(t, "[{\"id\":\"\",\"name\":\"未命名商品\",\"num\":\"1\",\"price\":\"3000\"}]\n", r.Result.Description)
				require.Equal(t, []upay.Payment{{Type: "BANKCARD_DEBIT", AmountTotal: 1}, {Type: "DISCOUNT_CHANNEL_MCH", AmountTotal: 100}}, r.Result.PaymentList)
			}},
		{"documents/error-terminal-not-exists.json", &upay.OrderRevokeRequest{SN: "1"}, cnpay.Failed, cnpay.ErrRefused, "TERMINAL_NOT_EXISTS",
			func(t *testing.T, r *upay.Response) { require.Equal(t, "不存在这个终端", r.ErrorMessage) }},
		{"documents/error-invalid-parameter.json", &upay.OrderRevokeRequest{SN: "1"}, cnpay.Failed, cnpay.ErrRefused, "INVALID_PARAMETER", nil},
		{"documents/error-unknown-system.json", &upay.OrderRevokeRequest{SN: "1"}, cnpay.Unknown, cnpay.ErrUndecided, "UNKNOWN_SYSTEM_ERROR", nil},
		{"documents/error-maintenance.json", &upay.OrderRevokeRequest{SN: "1"}, cnpay.Unknown, cnpay.ErrUndecided, "MAINTENANCE_INPROGRESS", nil},
		{"documents/pay-success.json", &upay.OrderQueryRequest{SN: "7894259244067349"}, cnpay.Unknown, cnpay.ErrUndecided, "PAY_SUCCESS",
			func(t *testing.T, r *upay.Response) {
				require.Equal(t, "Domino's Pizza", r.Result.Subject)
				require.Equal(t, "1122234-dewls02s2", r.Result.TerminalSN)
			}},
		{"documents/pay-in-progress.json", &upay.OrderQueryRequest{SN: "789200393929142"}, cnpay.Unknown, cnpay.ErrUndecided, "PAY_IN_PROGRESS",
			func(t *testing.T, r *upay.Response) {
				require.EqualValues(t, 1000, r.Result.TotalAmount) // its key ends in a blank
				require.Equal(t, "2015-11-01 18:01:00", r.Result.Ctime)
			}},
		{"documents/pay-failed.json", &upay.OrderQueryRequest{SN: "7894259244067344"}, cnpay.Unknown, cnpay.ErrUndecided, "EXPIRED_BARCODE", nil},

		{"captures/precreate.json", &upay.OrderQueryRequest{ClientSN: "20171101000001"}, cnpay.Unknown, cnpay.ErrUndecided, "PRECREATE_SUCCESS",
			func(t *testing.T, r *upay.Response) {
				require.Empty(t, r.Result.FinishTime)
				require.Empty(t, r.Result.PaymentList)
				require.Equal(t, "weixin://wxpay/bizpayurl?pr=EXAMPLE", r.Result.QRCode)
				require.Equal(t, "https://example.com/qrcode?content=EXAMPLE", r.Result.QRCodeImageURL)
				require.Empty(t, r.Extra)
			}},
		{"captures/query-refunded.json", &upay.OrderQueryRequest{ClientSN: "20171101000002"}, cnpay.Answered, nil, "",
			func(t *testing.T, r *upay.Response) {
				require.Equal(t, r.Result.ClientSN+"-001", r.Result.ClientTSN)
				require.Equal(t, "REFUNDED", r.Result.OrderStatus)
				require.Equal(t, "138****0000", r.Result.PayerLogin)
				require.Empty(t, r.Result.ChannelFinishTime)
				require.Equal(t, []upay.Payment{{Type: "ALIPAY_HUABEI", AmountTotal: 1}}, r.Result.PaymentList)
			}},
		{"captures/revoke-of-refunded.json", &upay.OrderRevokeRequest{SN: "7895200000000102"}, cnpay.Failed, cnpay.ErrRefused,
			"UPAY_CANCEL_INVALID_ORDER_STATE", func(t *testing.T, r *upay.Response) { require.Nil(t, r.Result.Data) }},
		{"captures/activate.json", &upay.OrderRevokeRequest{SN: "1"}, cnpay.Unknown, cnpay.ErrUndecided, "200", nil},
		{"captures/illegal-sign.json", &upay.OrderRevokeRequest{SN: "1"}, cnpay.Failed, cnpay.ErrRefused, "ILLEGAL_SIGN",
			func(t *testing.T, r *upay.Response) {
				require.Equal(t, "EJ26", r.ErrorCodeStandard)
				require.Empty(t, r.Extra)
			}},
		{"captures/biz-text.json", &upay.OrderRevokeRequest{SN: "1"}, cnpay.Failed, cnpay.ErrRefused, "INVALID_PARAMS", nil},
	} {
		t.Run(tt.file, func(t *testing.T) {
			body, err := os.ReadFile(filepath.Join("testdata", tt.file))
			require.NoError(t, err)
			res, err := exchange(t, saying(string(body)), tt.request)
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err))
			require.ErrorIs(t, err, tt.cause)
			require.NotNil(t, res)
			require.Equal(t, tt.outcome, res.CallOutcome())
			require.Equal(t, string(body), string(res.Raw))
			require.Equal(t, http.StatusOK, res.HTTPStatus)
			if err != nil {
				var e *cnpay.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, tt.code, e.Code)
			}
			if tt.check != nil {
				tt.check(t, res)
			}
		})
	}
}

// exchange makes a revoke or a query of a gateway and returns what they have in common; nil for no answer.
func exchange(t testing.TB, w wire, request any) (*upay.Response, error) {
	t.Helper()
	orders := dial(t, w).Orders
	switch req := request.(type) {
	case *upay.OrderRevokeRequest:
		res, err := orders.Revoke(t.Context(), req)
		if res == nil {
			return nil, err
		}
		return &res.Response, err
	case *upay.OrderQueryRequest:
		res, err := orders.Query(t.Context(), req, cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
		if res == nil {
			return nil, err
		}
		return &res.Response, err
	}
	t.Fatalf("no operation takes %T", request)
	return nil, nil
}

// The table of the page of revoke, with its own examples: the order comes next to result_code. The table's
// order_status is a copy of the query's; a revoke that succeeded has CANCELED.
func TestRevokeAnswerAsThePageTablesIt(t *testing.T) {
	table := func(orderStatus string) string {
		return `{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","terminal_sn":"01939202039923029",` +
			`"sn":"7892259488292938","client_sn":"7654321132","trade_no":"2013112011001004330000121536","status":"SUCCESS",` +
			`"order_status":"` + orderStatus + `","payway":"3","payway_name":"微信","total_amount":"10000","net_amount":"0",` +
			`"subject":"Pizza","finish_time":"1449646835244","channel_finish_time":"1449646835244","operator":"Peter"}}`
	}
	req := &upay.OrderRevokeRequest{SN: "7892259488292938"}
	res, err := exchange(t, saying(table("CANCELED")), req)
	require.NoError(t, err)
	require.Equal(t, upay.Order{
		TerminalSN: "01939202039923029", SN: "7892259488292938", ClientSN: "7654321132", TradeNo: "2013112011001004330000121536",
		Status: "SUCCESS", OrderStatus: "CANCELED", Payway: "3", PaywayName: "微信", TotalAmount: 10000, NetAmount: new(int64),
		Subject: "Pizza", FinishTime: "1449646835244", ChannelFinishTime: "1449646835244", Operator: "Peter",
	}, res.Result.Order)
	require.Equal(t, &res.Result.Order, res.Result.Data)
	require.Empty(t, res.Extra)

	res, err = exchange(t, saying(table("PAID")), req)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	require.ErrorIs(t, err, cnpay.ErrUndecided)
}

func TestToleratedAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		body    string
		outcome cnpay.Outcome
	}{
		"plain":                       {`{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","data":{"sn":"7892259488292938"}}}`, cnpay.Succeeded},
		"numbers for text":            {`{"result_code":200,"biz_response":{"result_code":"CANCEL_SUCCESS","data":{"sn":7892259488292938,"payway":3,"total_amount":10000}}}`, cnpay.Succeeded},
		"null and nothing":            {`{"result_code":"200","error_code":null,"biz_response":{"result_code":"CANCEL_SUCCESS","error_code":"","data":{"sn":"7892259488292938","finish_time":"","trade_no":null,"payment_list":""}}}`, cnpay.Succeeded},
		"blanks behind names":         {`{"result_code ":"200","biz_response ":{"result_code":"CANCEL_SUCCESS","data ":{"sn ":"7892259488292938","order_status  ":"CANCELED"}}}`, cnpay.Succeeded},
		"commas before brackets":      {"{\"result_code\":\"200\",\"biz_response\":{\"result_code\":\"CANCEL_SUCCESS\",\"data\":{\"sn\":\"7892259488292938\",\n},},}", cnpay.Succeeded},
		"a byte order mark":           {"\xef\xbb\xbf" + `{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","data":{"sn":"7892259488292938"}}}` + "\r\n", cnpay.Succeeded},
		"fields that nobody knows":    {`{"result_code":"200","x":{"y":[1]},"biz_response":{"result_code":"CANCEL_SUCCESS","z":0,"data":{"sn":"7892259488292938","w":null}}}`, cnpay.Succeeded},
		"promotion detail":            {`{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","data":{"sn":"7892259488292938","provider_response":{"goods_details":[]}}}}`, cnpay.Succeeded},
		"the annex's spelling":        {`{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","data":{"sn":"7892259488292938","pay_login":"138****0000"}}}`, cnpay.Succeeded},
		"the order in both places":    {`{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","sn":"7892259488292938","data":{"sn":"7892259488292938"}}}`, cnpay.Succeeded},
		"the order beside no data":    {`{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","sn":"7892259488292938","order_status":"CANCELED","data":null}}`, cnpay.Succeeded},
		"the order beside its data":   {`{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","sn":"7892259488292938","data":{"total_amount":"1"}}}`, cnpay.Succeeded},
		"refused, no biz_response":    {`{"result_code":"400","error_code":"INVALID_PARAMS"}`, cnpay.Failed},
		"refused, biz_response \"\"":  {`{"result_code":"400","error_code":"INVALID_PARAMS","biz_response":""}`, cnpay.Failed},
		"refused, biz_response null":  {`{"result_code":"400","error_code":"INVALID_PARAMS","biz_response":null}`, cnpay.Failed},
		"refused, data \"\"":          {`{"result_code":"200","biz_response":{"result_code":"FAIL","error_code":"TRADE_FAILED","data":""}}`, cnpay.Failed},
		"under way, no data":          {`{"result_code":"200","biz_response":{"result_code":"CANCEL_IN_PROGRESS"}}`, cnpay.Pending},
		"revoked before":              {`{"result_code":"200","biz_response":{"result_code":"FAIL","error_code":"UPAY_CANCEL_ORDER_NOOP","data":null}}`, cnpay.Pending},
		"accepted, no biz_response":   {`{"result_code":"200"}`, cnpay.Unknown},
		"accepted, biz_response \"\"": {`{"result_code":"200","biz_response":""}`, cnpay.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := exchange(t, saying(tt.body), &upay.OrderRevokeRequest{SN: "7892259488292938"})
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err), "%v", err)
			require.NotNil(t, res)
			if tt.outcome == cnpay.Succeeded {
				require.Equal(t, "7892259488292938", res.Result.SN)
				require.Equal(t, "7892259488292938", res.Result.Data.SN)
			}
			if strings.Contains(tt.body, "pay_login") {
				require.Equal(t, "138****0000", res.Result.PayerLogin)
			}
		})
	}
}

func TestAnswersThatAreNotAccepted(t *testing.T) {
	for name, tt := range map[string]struct {
		body  string
		cause error
	}{
		"no JSON":                    {`CANCEL_SUCCESS`, cnpay.ErrMalformed},
		"a list":                     {`[{"result_code":"200"}]`, cnpay.ErrMalformed},
		"cut off":                    {`{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","data":{"sn":"7892259488292938"}}`, cnpay.ErrMalformed},
		"followed by more":           {`{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","data":{"sn":"7892259488292938"}}}{}`, cnpay.ErrMalformed},
		"two results":                {`{"result_code":"400","result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","data":{"sn":"7892259488292938"}}}`, cnpay.ErrMalformed},
		"two orders":                 {`{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","sn":"7892259488292938","data":{"sn":"1"}}}`, cnpay.ErrMalformed},
		"two states":                 {`{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","sn":"7892259488292938","order_status":"CANCELED","data":{"sn":"7892259488292938","order_status":"PAID"}}}`, cnpay.ErrMalformed},
		"two totals":                 {`{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","total_amount":"1","data":{"sn":"7892259488292938","total_amount":"2"}}}`, cnpay.ErrMalformed},
		"two rests":                  {`{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","sn":"7892259488292938","net_amount":"0","data":{"sn":"7892259488292938","net_amount":1}}}`, cnpay.ErrMalformed},
		"two places, the data empty": {`{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","sn":"7892259488292938","net_amount":"0","data":{"net_amount":"1"}}}`, cnpay.ErrMalformed},
		"another order":              {`{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","data":{"sn":"7892259488292939"}}}`, cnpay.ErrMismatch},
		"a refusal of another order": {`{"result_code":"200","biz_response":{"result_code":"FAIL","error_code":"TRADE_FAILED","data":{"sn":"7892259488292939"}}}`, cnpay.ErrMismatch},
		"no order":                   {`{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS"}}`, cnpay.ErrMismatch},
		"the merchant's number only": {`{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","data":{"client_sn":"7654321132"}}}`, cnpay.ErrMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := exchange(t, saying(tt.body), &upay.OrderRevokeRequest{SN: "7892259488292938", ClientSN: "7654321132"})
			require.Nil(t, res)
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
			require.ErrorIs(t, err, tt.cause)
		})
	}
}

// Where both numbers are given, sn decides which order is meant, and so which answer is meant.
func TestSNDecides(t *testing.T) {
	gateway, client := start(t)
	first := gateway.AddOrder("first", 1)
	gateway.AddOrder("second", 2)

	res, err := client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{SN: first, ClientSN: "second"})
	require.NoError(t, err)
	require.Equal(t, "first", res.Result.ClientSN)

	query, err := client.Orders.Query(t.Context(), &upay.OrderQueryRequest{ClientSN: "second"})
	require.NoError(t, err)
	require.Equal(t, "PAID", query.Result.OrderStatus)

	settled, err := client.Settle(t.Context(), res.Ticket)
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, settled.Outcome)
	require.Equal(t, first, answerOf(settled).Result.SN)
}

// A status of HTTP that is not 200 takes a success away, but not a refusal.
func TestHTTPStatus(t *testing.T) {
	const success = `{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","data":{"sn":"1"}}}`
	const refusal = `{"result_code":"400","error_code":"INVALID_PARAMS"}`
	const other = `{"result_code":"400","biz_response":{"result_code":"FAIL","data":{"sn":"2"}}}`
	for _, tt := range []struct {
		status  int
		body    string
		outcome cnpay.Outcome
		cause   error
	}{
		{200, success, cnpay.Succeeded, nil},
		{200, refusal, cnpay.Failed, cnpay.ErrRefused},
		{201, success, cnpay.Unknown, cnpay.ErrUndecided},
		{400, success, cnpay.Unknown, cnpay.ErrUndecided},
		{400, refusal, cnpay.Failed, cnpay.ErrRefused},
		{201, success, cnpay.Unknown, cnpay.ErrHTTPStatus},
		{400, success, cnpay.Unknown, cnpay.ErrHTTPStatus},
		{403, "<html>", cnpay.Unknown, cnpay.ErrHTTPStatus},
		{404, `{"status":404,"error":"Not Found"}`, cnpay.Unknown, cnpay.ErrHTTPStatus},
		{407, "", cnpay.Unknown, cnpay.ErrHTTPStatus},
		{413, "too large", cnpay.Unknown, cnpay.ErrHTTPStatus},
		{429, `["slow down"]`, cnpay.Unknown, cnpay.ErrHTTPStatus},
		{400, other, cnpay.Unknown, cnpay.ErrMismatch},
		{200, "<html>", cnpay.Unknown, cnpay.ErrMalformed},
		{302, success, cnpay.Unknown, cnpay.ErrHTTPStatus},
		{500, success, cnpay.Unknown, cnpay.ErrHTTPStatus},
		{502, refusal, cnpay.Unknown, cnpay.ErrHTTPStatus},
	} {
		res, err := exchange(t, func(*http.Request, string) (*http.Response, error) {
			return answer(tt.status, tt.body), nil
		}, &upay.OrderRevokeRequest{SN: "1"})
		require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err), "%+v", tt)
		require.ErrorIs(t, err, tt.cause, "%+v", tt)
		if tt.cause == cnpay.ErrHTTPStatus && tt.status < 500 && tt.status >= 400 {
			says := fmt.Sprintf("%d %s", tt.status, http.StatusText(tt.status))
			if tt.status == http.StatusProxyAuthRequired {
				says = "407: the proxy wants a password"
			}
			require.ErrorContains(t, err, says)
		}
	}
}

// Both places say something: what one leaves out is read from the other.
func TestAmountsOfBothPlaces(t *testing.T) {
	for _, body := range []string{
		`{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","sn":"1","net_amount":"5","data":{"total_amount":"10"}}}`,
		`{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","net_amount":"5","data":{"sn":"1","total_amount":"10"}}}`,
		`{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","total_amount":"10","data":{"sn":"1","net_amount":"5"}}}`,
	} {
		res, err := exchange(t, saying(body), &upay.OrderRevokeRequest{SN: "1"})
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err), body)
		require.ErrorContains(t, err, "net_amount 5 contradicts order_status CANCELED")
		require.Equal(t, []int64{10, 5}, []int64{res.Result.TotalAmount, *res.Result.NetAmount})
		require.Equal(t, &res.Result.Order, res.Result.Data)
	}
}

// An answer can be stored as JSON and read back; what was known of the call is not part of it, so it is Unknown then.
func TestAnswersCanBeStored(t *testing.T) {
	body, err := os.ReadFile(filepath.Join("testdata", "captures", "query-refunded.json"))
	require.NoError(t, err)
	res, err := exchange(t, saying(string(body)), &upay.OrderQueryRequest{ClientSN: "20171101000002"})
	require.NoError(t, err)
	stored, err := json.Marshal(res)
	require.NoError(t, err)
	var read upay.OrderQueryResponse
	require.NoError(t, json.Unmarshal(stored, &read))
	require.Equal(t, cnpay.Unknown, read.CallOutcome())
	res.Answer = cnpay.Answer{}
	require.Equal(t, *res, read.Response)
}
