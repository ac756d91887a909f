package chinaums_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/chinaums/chinaumstest"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/spec"
)

const (
	voidOp  = chinaums.OpBillCancelCompletion
	queryOp = chinaums.OpBillQuery
	number  = "327M22061819820261705544110"
)

// settle finds the outcome of a request from its ticket.
func settle(t *testing.T, client *chinaums.Client, request chinaums.Request, opts ...cnpay.Option) (*cnpay.Settlement, error) {
	t.Helper()
	ticket, err := client.Ticket(request)
	require.NoError(t, err)
	return client.Settle(t.Context(), ticket, opts...)
}

func TestCancelCompletion(t *testing.T) {
	gateway, client := start(t)
	req := gateway.AddCompletion(number, 12345)
	req.MsgID, req.SrcReserve = "20220421-7", `{"shop":"<1> & Söhne"}`
	sent := *req

	res, err := client.Bills.CancelCompletion(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err))
	require.Equal(t, "SUCCESS", res.ErrCode)
	require.Equal(t, number, res.BillPayment.MerOrderID)
	require.EqualValues(t, 12345, res.BillPayment.TotalAmount)
	require.Equal(t, sent.SrcReserve, res.SrcReserve)
	require.Equal(t, http.StatusOK, res.HTTPStatus)
	require.Empty(t, res.Extra)
	require.Equal(t, sent, *req, "the caller's request is not touched")

	// Voided twice is refused, and the refusal changes nothing.
	res, err = client.Bills.CancelCompletion(t.Context(), req)
	require.ErrorIs(t, err, cnpay.ErrRefused)
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(res, err))
	require.Equal(t, "OPERATION_NOT_ALLOWED", res.ErrCode)
	settled, err := settle(t, client, req)
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, settled.Outcome)
	require.Equal(t, 1, settled.Queries)
	require.Equal(t, "TRADE_CLOSED", settled.Answer.(*chinaums.BillQueryResponse).AuthedBillPayment.Status)
}

func TestCancelCompletionRefused(t *testing.T) {
	gateway, client := start(t)
	good := *gateway.AddCompletion(number, 12345)
	for code, change := range map[string]func(*chinaums.BillCancelCompletionRequest){
		"NO_ORDER":    func(r *chinaums.BillCancelCompletionRequest) { r.MerOrderID = "327M2206181" },
		"NO_MERCHANT": func(r *chinaums.BillCancelCompletionRequest) { r.MID = "898201612345679" },
	} {
		req := good
		change(&req)
		_, err := client.Bills.CancelCompletion(t.Context(), &req)
		var e *cnpay.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, cnpay.Failed, e.Outcome)
		require.Equal(t, code, e.Code)
	}

	config := gateway.Config()
	config.AppKey = "another"
	stranger, err := chinaums.New(config)
	require.NoError(t, err)
	_, err = stranger.Bills.CancelCompletion(t.Context(), &good)
	require.EqualError(t, err, "chinaums bills_preauthed_cancel "+number+": failed: 1000 认证失败: refused by the provider")
}

func TestCancelCompletionFaults(t *testing.T) {
	for _, tt := range []struct {
		fault   cnpaytest.Fault
		outcome cnpay.Outcome
		cause   error
		code    string
		settled cnpay.Outcome
	}{
		{cnpaytest.Refused, cnpay.Failed, cnpay.ErrRefused, "OPERATION_NOT_ALLOWED", cnpay.Unknown},
		{chinaumstest.Denied, cnpay.Failed, cnpay.ErrRefused, "1000", cnpay.Unknown},
		{chinaumstest.Accepted, cnpay.Pending, nil, "", cnpay.Succeeded},
		{cnpaytest.LostAnswer, cnpay.Unknown, cnpay.ErrTransport, "", cnpay.Succeeded},
		{cnpaytest.Hang, cnpay.Unknown, cnpay.ErrTransport, "", cnpay.Succeeded},
		{cnpaytest.Reset, cnpay.Unknown, cnpay.ErrTransport, "", cnpay.Succeeded},
		{cnpaytest.CutBody, cnpay.Unknown, cnpay.ErrTransport, "", cnpay.Succeeded},
		{cnpaytest.HTTP502, cnpay.Unknown, cnpay.ErrHTTPStatus, "", cnpay.Succeeded},
		{cnpaytest.Redirect, cnpay.Unknown, cnpay.ErrHTTPStatus, "", cnpay.Succeeded},
		{cnpaytest.Empty, cnpay.Unknown, cnpay.ErrMalformed, "", cnpay.Succeeded},
		{cnpaytest.HTML, cnpay.Unknown, cnpay.ErrMalformed, "", cnpay.Succeeded},
		{cnpaytest.HugeBody, cnpay.Unknown, cnpay.ErrTooLarge, "", cnpay.Succeeded},
		{cnpaytest.BadSignature, cnpay.Unknown, cnpay.ErrSignature, "", cnpay.Succeeded},
		{cnpaytest.OtherAnswer, cnpay.Unknown, cnpay.ErrMismatch, "", cnpay.Succeeded},
		{cnpaytest.UnknownCode, cnpay.Unknown, cnpay.ErrUndecided, "PERHAPS", cnpay.Succeeded},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			gateway, client := start(t)
			req := gateway.AddCompletion(number, 10000)
			gateway.Misbehave(voidOp, tt.fault)
			var opts []cnpay.Option
			if tt.fault == cnpaytest.Hang {
				opts = append(opts, cnpay.WithTimeout(time.Second))
			}

			res, err := client.Bills.CancelCompletion(t.Context(), req, opts...)
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err))
			if tt.cause == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, tt.cause)
				var e *cnpay.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, tt.code, e.Code)
				require.Equal(t, number, e.Ticket.Order)
				require.Equal(t, tt.code != "", res != nil, "an answer is returned when it was accepted")
			}
			require.Equal(t, 1, gateway.Received(voidOp))

			settled, err := settle(t, client, req, cnpay.WithSchedule(cnpay.Schedule{0, 0}))
			require.Equal(t, tt.settled, cnpay.OutcomeOf(settled, err))
			if tt.settled == cnpay.Unknown {
				require.Equal(t, "TRADE_SUCCESS", settled.Code)
				require.ErrorIs(t, err, cnpay.ErrUndecided)
				require.Equal(t, 2, gateway.Received(queryOp))
			}
			require.Equal(t, 1, gateway.Received(voidOp))
		})
	}
}

// The query meets every fault too; none of them says anything about the void.
func TestSettleCancelCompletionFaults(t *testing.T) {
	for _, fault := range []cnpaytest.Fault{
		cnpaytest.Refused, chinaumstest.Denied, cnpaytest.LostAnswer, cnpaytest.Reset, cnpaytest.CutBody,
		cnpaytest.HTTP502, cnpaytest.Redirect, cnpaytest.Empty, cnpaytest.HTML, cnpaytest.HugeBody,
		cnpaytest.BadSignature, cnpaytest.OtherAnswer, cnpaytest.UnknownCode,
	} {
		t.Run(string(fault), func(t *testing.T) {
			gateway, client := start(t, cnpay.WithRetry(cnpay.Retry{Attempts: 1}), cnpay.WithSchedule(cnpay.Schedule{0, 0}))
			req := gateway.AddCompletion(number, 10000)
			_, err := client.Bills.CancelCompletion(t.Context(), req)
			require.NoError(t, err)

			gateway.Misbehave(queryOp, fault)
			settled, err := settle(t, client, req)
			require.NoError(t, err)
			require.Equal(t, cnpay.Succeeded, settled.Outcome)
			require.Equal(t, 2, settled.Queries)

			gateway.Misbehave(queryOp, fault, fault)
			settled, err = settle(t, client, req)
			require.Error(t, err)
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
			require.Equal(t, fault == cnpaytest.Refused, settled.Absent)
			require.Equal(t, fault == cnpaytest.Refused, settled.Answer != nil, "an answer is kept when it was accepted")
		})
	}
}

func TestSettleCancelCompletionStates(t *testing.T) {
	for status, want := range map[string]cnpay.Outcome{
		"TRADE_CLOSED": cnpay.Succeeded, "TRADE_REFUND": cnpay.Unknown, "TRADE_SUCCESS": cnpay.Unknown, "UNKNOWN": cnpay.Unknown,
	} {
		for _, bill := range []string{"PAID", "REFUND", "CLOSED"} {
			gateway, client := start(t, cnpay.WithSchedule(cnpay.Schedule{0}))
			req := gateway.AddCompletion(number, 10000)
			gateway.SetStatus(number, status, bill)
			settled, err := settle(t, client, req)
			require.Equal(t, want, cnpay.OutcomeOf(settled, err), "%s %s", status, bill)
			require.Equal(t, status, settled.Code)
		}
	}
}

// The gateway works on the request after its answer was lost; until then the completion shows unchanged.
func TestSettleCancelCompletionThatIsLate(t *testing.T) {
	for late, want := range map[time.Duration]cnpay.Outcome{
		0: cnpay.Succeeded, 50 * time.Millisecond: cnpay.Succeeded, time.Hour: cnpay.Unknown,
	} {
		gateway, client := start(t)
		req := gateway.AddCompletion(number, 10000)
		gateway.Misbehave(voidOp, cnpaytest.Late(late))
		res, err := client.Bills.CancelCompletion(t.Context(), req)
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
		settled, err := settle(t, client, req, cnpay.WithSchedule(cnpay.Schedule{0, 0, 100 * time.Millisecond}))
		require.Equal(t, want, cnpay.OutcomeOf(settled, err), late)
		if want == cnpay.Unknown {
			require.Equal(t, "TRADE_SUCCESS", settled.Code)
			require.Equal(t, 3, settled.Queries)
		}
	}
}

func TestSettleCancelCompletionSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []time.Duration
		begun := time.Now()
		client := offline(t, func(r *http.Request, body string) (int, string) {
			asked = append(asked, time.Since(begun))
			require.Contains(t, body, `"authedOrderId":"`+number+`"`)
			require.Contains(t, body, `"requestTimestamp":"`+time.Now().In(cnpay.Beijing()).Format(time.DateTime)+`"`)
			return http.StatusOK, `{"errCode":"ORDER_PROCESSING"}`
		})
		settled, err := settle(t, client, request())
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
		require.Equal(t, len(chinaums.BackSchedule()), settled.Queries)
		require.Equal(t, []time.Duration{0, 2e9, 7e9, 17e9, 32e9, 62e9, 122e9}, asked)
	})
}

func TestTicketOfAnInvalidRequest(t *testing.T) {
	gateway, client := start(t)
	var none *chinaums.BillCancelCompletionRequest
	for _, req := range []*chinaums.BillCancelCompletionRequest{none, {MID: "1", BillDate: "today"}} {
		ticket, err := client.Ticket(req)
		require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
		require.ErrorContains(t, err, "merOrderId is required")
		settled, err := client.Settle(t.Context(), ticket) // on the real schedule: it must not wait
		require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
		require.ErrorContains(t, err, "merOrderId is required")
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
	}
	require.Zero(t, gateway.Received(queryOp))
}

func TestQuery(t *testing.T) {
	gateway, client := start(t)
	void := gateway.AddCompletion(number, 10000)
	ask := &chinaums.BillQueryRequest{BillHead: billHead(), BillNo: void.BillNo, BillDate: void.BillDate}
	res, err := client.Bills.Query(t.Context(), ask)
	require.NoError(t, err)
	require.Equal(t, "PAID", res.BillStatus)
	require.EqualValues(t, 10000, res.TotalAmount)
	require.Nil(t, res.AuthedBillPayment, "not named")

	ask.AuthedOrderID = number
	res, err = client.Bills.Query(t.Context(), ask)
	require.NoError(t, err)
	require.Equal(t, "TRADE_SUCCESS", res.AuthedBillPayment.Status)

	// The number of the bill's payment instead of the bill's.
	ask.BillNo += "0"
	res, err = client.Bills.Query(t.Context(), ask)
	require.NoError(t, err)
	require.Equal(t, void.BillNo, res.BillNo)

	ask.BillNo = "327M0"
	res, err = client.Bills.Query(t.Context(), ask)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	require.ErrorIs(t, err, cnpay.ErrRefused)
	require.Equal(t, "NO_ORDER", res.ErrCode)
}

func TestSignedAnswers(t *testing.T) {
	gateway, client := start(t)
	gateway.SignAnswers()
	res, err := client.Bills.CancelCompletion(t.Context(), gateway.AddCompletion(number, 10000))
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, res.Outcome)
}

func TestInvalidRequests(t *testing.T) {
	gateway, client := start(t)
	_, err := client.Bills.CancelCompletion(t.Context(), nil)
	require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
	require.EqualError(t, err, "chinaums bills_preauthed_cancel: failed: invalid request: mid is required; tid is required; "+
		"instMid is required; billNo is required; billDate is required; merOrderId is required; authIdRespCd is required")

	_, err = client.Bills.CancelCompletion(t.Context(), &chinaums.BillCancelCompletionRequest{
		RequestTimestamp: "20220421150052", MID: strings.Repeat("8", 33), TID: "8888\n0001", InstMID: "H5DEFAULT",
		BillNo: strings.Repeat("账", 32), BillDate: "20220618", MerOrderID: strings.Repeat("3", 33),
		AuthIDRespCd: strings.Repeat("2", 65), MsgID: strings.Repeat("4", 65), SrcReserve: strings.Repeat("x", 256),
	})
	var invalid *cnpay.InvalidRequestError
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, []cnpay.Fault{
		{Field: "requestTimestamp", Problem: "must be a time of the form yyyy-MM-dd HH:mm:ss"},
		{Field: "mid", Problem: "must be at most 32 long, is 33"},
		{Field: "tid", Problem: "must be text without control characters"},
		{Field: "instMid", Problem: "must be QRPAYDEFAULT"},
		{Field: "billNo", Problem: "must be at most 31 long, is 32"},
		{Field: "billDate", Problem: "must be a time of the form yyyy-MM-dd"},
		{Field: "merOrderId", Problem: "must be at most 32 long, is 33"},
		{Field: "authIdRespCd", Problem: "must be at most 64 long, is 65"},
		{Field: "msgId", Problem: "must be at most 64 long, is 65"},
		{Field: "srcReserve", Problem: "must be at most 255 long, is 256"},
	}, invalid.Faults)

	_, err = client.Bills.Query(t.Context(), nil)
	require.EqualError(t, err, "chinaums bills_query: unknown: invalid request: mid is required; tid is required; "+
		"instMid is required; billNo is required; billDate is required")
	require.Zero(t, gateway.Received(voidOp)+gateway.Received(queryOp))

	// As much as the page allows.
	longest := gateway.AddCompletion(strings.Repeat("3", 32), 1)
	longest.MsgID, longest.SrcReserve = strings.Repeat("4", 64), strings.Repeat("字", 255)
	_, err = client.Bills.CancelCompletion(t.Context(), longest)
	require.NoError(t, err)
}

func TestNew(t *testing.T) {
	_, err := chinaums.New(chinaums.Config{Gateway: "http://api-mop.chinaums.com"})
	require.EqualError(t, err, "chinaums: config: gateway: plain http to api-mop.chinaums.com, which is not this machine; "+
		"use https, or cnpay.WithPlainHTTP for a private line; app id is required; app key is required")
	for _, id := range []string{"a b", "a\nb", `a"b`, "应用"} {
		_, err = chinaums.New(chinaums.Config{AppID: id, AppKey: "k"})
		require.ErrorContains(t, err, "app id", id)
	}
	_, err = chinaums.New(chinaums.Config{AppID: "8a81\u200dc1be", AppKey: "fbfe\n9af4"})
	require.EqualError(t, err, "chinaums: config: app id holds a zero-width joiner (U+200D) at character 5; "+
		"app key holds a line feed (U+000A) at character 5")
	for _, gateway := range []string{"", chinaums.Production, chinaums.Test} {
		_, err = chinaums.New(chinaums.Config{Gateway: gateway, AppID: "a", AppKey: "k"})
		require.NoError(t, err)
	}
}

// roundTripper answers without a network.
type roundTripper func(r *http.Request, body string) (status int, answer string)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	status, answer := f(r, string(body))
	if status == 0 {
		return nil, errors.New(answer)
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)),
		ContentLength: int64(len(answer)), Request: r,
	}, nil
}

// offline is a client with the example application of the official documents.
func offline(t testing.TB, f roundTripper, opts ...cnpay.Option) *chinaums.Client {
	t.Helper()
	client, err := chinaums.New(chinaums.Config{
		AppID: "12345678901234567890123456789012", AppKey: "67890123456789012345678901234567",
	}, append(opts, cnpay.WithHTTPClient(&http.Client{Transport: f}))...)
	require.NoError(t, err)
	return client
}

func request() *chinaums.BillCancelCompletionRequest {
	return &chinaums.BillCancelCompletionRequest{
		MID: "898201612345678", TID: "88880001", InstMID: "QRPAYDEFAULT", BillNo: "327M2206181982026170554411",
		BillDate: "2022-06-18", MerOrderID: number, AuthIDRespCd: "206067",
	}
}

// The void of the page as it goes over the wire. Body and signature are computed with Python's hmac.
func TestWire(t *testing.T) {
	const body = `{"requestTimestamp":"2022-04-21 15:00:52","mid":"898201612345678","tid":"88880001",` +
		`"instMid":"QRPAYDEFAULT","billNo":"327M2206181982026170554411","billDate":"2022-06-18",` +
		`"merOrderId":"327M22061819820261705544110","authIdRespCd":"206067","msgId":"","srcReserve":""}`
	at := time.Date(2022, 4, 21, 7, 0, 52, 999, time.UTC) // 15:00:52 in Beijing
	calls := 0
	client := offline(t, func(r *http.Request, got string) (int, string) {
		calls++
		require.Equal(t, body, got)
		require.Equal(t, http.MethodPost, r.Method)
		require.Equal(t, "https://api-mop.chinaums.com/v1/netpay/bills/preauthed-cancel", r.URL.String())
		require.Equal(t, "application/json; charset=utf-8", r.Header.Get("Content-Type"))
		require.Equal(t, `OPEN-BODY-SIG AppId="12345678901234567890123456789012",Timestamp="20220421150052",`+
			`Nonce="be46cd581c9f46ecbd71b9858311ea12",Signature="ahK4rYK+yyZQwm89umY+bGKfxUAIpDNyLz6qAYBc7n8="`,
			r.Header.Get("Authorization"))
		return http.StatusOK, `{"errCode":"TIMEOUT"}`
	}, cnpay.WithClock(func() time.Time { return at }), cnpay.WithNonce(func() string { return "be46cd581c9f46ecbd71b9858311ea12" }))

	_, err := client.Bills.CancelCompletion(t.Context(), request())
	require.ErrorIs(t, err, cnpay.ErrUndecided)
	require.Equal(t, 1, calls)

	own := request()
	own.RequestTimestamp = "2022-04-21 15:00:52" // the caller's is sent as it is
	client = offline(t, func(_ *http.Request, got string) (int, string) {
		calls++
		require.Equal(t, body, got)
		return http.StatusOK, `{}`
	})
	_, err = client.Bills.CancelCompletion(t.Context(), own)
	require.ErrorIs(t, err, cnpay.ErrUndecided)
	require.Equal(t, 2, calls)
}

// Each attempt has a time and a nonce of its own; the void is attempted once.
func TestSignedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var headers, bodies []string
		client := offline(t, func(r *http.Request, body string) (int, string) {
			headers, bodies = append(headers, r.Header.Get("Authorization")), append(bodies, body)
			return http.StatusServiceUnavailable, "later"
		}, cnpay.WithRetry(cnpay.Retry{Attempts: 3, MinWait: 4 * time.Second, MaxWait: 4 * time.Second}))

		_, err := client.Bills.Query(t.Context(), &chinaums.BillQueryRequest{BillHead: billHead(), BillNo: "327M1", BillDate: "2022-06-18"})
		require.ErrorIs(t, err, cnpay.ErrHTTPStatus)
		require.Len(t, headers, 3)
		require.Equal(t, bodies[0], bodies[2])
		seen := map[string]bool{}
		for _, h := range headers {
			require.Regexp(t, `^OPEN-BODY-SIG AppId="\d{32}",Timestamp="\d{14}",Nonce="[0-9a-f]{32}",Signature="[^"]{44}"$`, h)
			_, rest, _ := strings.Cut(h, "Timestamp=")
			timestamp, rest, _ := strings.Cut(rest, ",Nonce=")
			nonce, signature, _ := strings.Cut(rest, ",Signature=")
			for _, part := range []string{timestamp, nonce, signature} {
				require.False(t, seen[part], part)
				seen[part] = true
			}
		}

		headers = nil
		_, err = client.Bills.CancelCompletion(t.Context(), request())
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))
		require.Len(t, headers, 1)
	})
}

const answerHead = `"mid":"898201612345678","tid":"88880001","billNo":"327M2206181982026170554411","billDate":"2022-06-18"`

// What answers may look like, and still be accepted.
func TestTolerantAnswers(t *testing.T) {
	for name, answer := range map[string]string{
		"as documented":            `{"errCode":"SUCCESS",` + answerHead + `,"billPayment":{"merOrderId":"` + number + `","status":"TRADE_CLOSED","totalAmount":1}}`,
		"numbers as text":          `{"errCode":"SUCCESS",` + answerHead + `,"billPayment":{"status":"TRADE_CLOSED","totalAmount":"1","discountAmount":""}}`,
		"text as numbers":          `{"errCode":"SUCCESS","mid":898201612345678,"tid":88880001,"billNo":"327M2206181982026170554411","billPayment":{"status":"TRADE_CLOSED","totalAmount":1}}`,
		"null and empty":           `{"errCode":"SUCCESS","errMsg":null,"msgId":"","mid":null,"tid":"","billNo":"327M2206181982026170554411","billDate":"","billPayment":{"status":"TRADE_CLOSED","totalAmount":1,"payTime":null}}`,
		"only what decides":        `{"errCode":"SUCCESS","billPayment":{"merOrderId":"` + number + `","status":"TRADE_CLOSED","totalAmount":1}}`,
		"more than documented":     `{"errCode":"SUCCESS","connectSys":{"a":[1,2]},` + answerHead + `,"billPayment":{"status":"TRADE_CLOSED","totalAmount":1,"new":true}}`,
		"a comma too many":         `{"errCode":"SUCCESS",` + answerHead + `,"billPayment":{"status":"TRADE_CLOSED","totalAmount":1,},}`,
		"wrapped in data":          `{"data":{"errCode":"SUCCESS",` + answerHead + `,"billPayment":{"status":"TRADE_CLOSED","totalAmount":1}}}`,
		"a byte order mark":        "\xef\xbb\xbf" + `{"errCode":"SUCCESS",` + answerHead + `,"billPayment":{"status":"TRADE_CLOSED","totalAmount":1}}`,
		"the time spelt TimeStamp": `{"errCode":"SUCCESS","responseTimeStamp":"2022-04-21 15:00:53",` + answerHead + `,"billPayment":{"status":"TRADE_CLOSED","totalAmount":1}}`,
		"the time spelt request":   `{"errCode":"SUCCESS","requestTimestamp":"2022-04-21 15:00:53",` + answerHead + `,"billPayment":{"status":"TRADE_CLOSED","totalAmount":1}}`,
	} {
		t.Run(name, func(t *testing.T) {
			client := offline(t, func(*http.Request, string) (int, string) { return http.StatusOK, answer })
			res, err := client.Bills.CancelCompletion(t.Context(), request())
			require.NoError(t, err)
			require.Equal(t, cnpay.Succeeded, res.Outcome)
			require.EqualValues(t, 1, res.BillPayment.TotalAmount)
			require.Equal(t, answer, string(res.Raw))
			if strings.Contains(name, "spelt") {
				require.Equal(t, "2022-04-21 15:00:53", res.ResponseTimestamp)
			}
			if name == "more than documented" {
				require.Equal(t, map[string]string{"connectSys": `{"a":[1,2]}`, "billPayment.new": "true"}, res.Extra)
			}
		})
	}
}

// What must not be accepted, whatever its code.
func TestForeignAnswers(t *testing.T) {
	const payment = `"billPayment":{"merOrderId":"` + number + `","status":"TRADE_CLOSED"}`
	for name, tt := range map[string]struct {
		status int
		answer string
		cause  error
	}{
		"another merchant":         {200, `{"errCode":"SUCCESS","mid":"898201612345679",` + payment + `}`, cnpay.ErrMismatch},
		"another terminal":         {200, `{"errCode":"SUCCESS","tid":"88880002",` + payment + `}`, cnpay.ErrMismatch},
		"another bill":             {200, `{"errCode":"SUCCESS","billNo":"327M2206181982026170554412",` + payment + `}`, cnpay.ErrMismatch},
		"another day's bill":       {200, `{"errCode":"SUCCESS","billDate":"2022-06-19",` + payment + `}`, cnpay.ErrMismatch},
		"another completion":       {200, `{"errCode":"SUCCESS",` + answerHead + `,"billPayment":{"merOrderId":"327M1","status":"TRADE_CLOSED"}}`, cnpay.ErrMismatch},
		"another message":          {200, `{"errCode":"SUCCESS","msgId":"8",` + payment + `}`, cnpay.ErrMismatch},
		"another's refusal":        {200, `{"errCode":"NO_ORDER","mid":"898201612345679"}`, cnpay.ErrMismatch},
		"no order at all":          {200, `{"errCode":"SUCCESS","billPayment":{"status":"TRADE_CLOSED"}}`, cnpay.ErrMismatch},
		"the gateway's word alone": {200, `{"errCode":"0000"}`, cnpay.ErrMismatch},
		"nothing":                  {200, `{}`, cnpay.ErrUndecided},
		"null":                     {200, `null`, cnpay.ErrMalformed},
		"a list":                   {200, `[{"errCode":"SUCCESS"}]`, cnpay.ErrMalformed},
		"two objects":              {200, `{"errCode":"NO_ORDER"}{"errCode":"SUCCESS"}`, cnpay.ErrMalformed},
		"a code twice":             {200, `{"errCode":"NO_ORDER","errCode":"SUCCESS"}`, cnpay.ErrMalformed},
		"an amount with a point":   {200, `{"errCode":"SUCCESS","billPayment":{"totalAmount":1.5}}`, cnpay.ErrMalformed},
		"not UTF-8":                {200, `{"errCode":"NO_ORDER","errMsg":"` + "\xce\xc4" + `"}`, cnpay.ErrMalformed},
		"a success under 403":      {403, `{"errCode":"SUCCESS",` + answerHead + `,` + payment + `}`, cnpay.ErrUndecided},
		"under 403 its status":     {403, `{"errCode":"SUCCESS",` + answerHead + `,` + payment + `}`, cnpay.ErrHTTPStatus},
		"an error page":            {404, `<html>404</html>`, cnpay.ErrHTTPStatus},
		"another program's JSON":   {404, `{"timestamp":1,"status":404,"error":"Not Found"}`, cnpay.ErrHTTPStatus},
		"a proxy's refusal":        {407, ``, cnpay.ErrHTTPStatus},
		"too large":                {413, `too large`, cnpay.ErrHTTPStatus},
		"too many":                 {429, `{"message":"slow down"}`, cnpay.ErrHTTPStatus},
		"an undecided 400":         {400, `{"errCode":"TIMEOUT"}`, cnpay.ErrHTTPStatus},
		"a page under 200":         {200, `<html>Please wait.</html>`, cnpay.ErrMalformed},
		"data and more":            {200, `{"mid":"898201612345678","data":{"errCode":"SUCCESS",` + payment + `}}`, cnpay.ErrUndecided},
		"a negative amount":        {200, `{"errCode":"SUCCESS","billPayment":{"merOrderId":"` + number + `","status":"TRADE_CLOSED","totalAmount":-1}}`, cnpay.ErrUndecided},
		"a refusal under 500":      {500, `{"errCode":"NO_ORDER"}`, cnpay.ErrHTTPStatus},
		"the connection fails":     {0, "reset", cnpay.ErrTransport},
	} {
		t.Run(name, func(t *testing.T) {
			client := offline(t, func(*http.Request, string) (int, string) { return tt.status, tt.answer })
			res, err := client.Bills.CancelCompletion(t.Context(), request())
			require.ErrorIs(t, err, tt.cause)
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
			if !errors.Is(err, cnpay.ErrUndecided) {
				require.Nil(t, res)
			}
			if tt.status >= 400 && tt.status < 500 {
				require.ErrorContains(t, err, fmt.Sprint(tt.status))
			}
		})
	}
}

// An error about a query has the number that the query is about: of the completion, else of the refund, else of the bill.
func TestQuerysOrder(t *testing.T) {
	client := offline(t, func(*http.Request, string) (int, string) { return 200, `{"errCode":"NO_ORDER"}` })
	for want, ask := range map[string]*chinaums.BillQueryRequest{
		"327M1": {},
		"327M2": {RefundOrderID: "327M2"},
		"327M3": {AuthedOrderID: "327M3"},
		"327M4": {RefundOrderID: "327M2", AuthedOrderID: "327M4"},
	} {
		ask.BillHead, ask.BillNo, ask.BillDate = billHead(), "327M1", "2022-06-18"
		_, err := client.Bills.Query(t.Context(), ask)
		var e *cnpay.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, want, e.Ticket.Order)
		require.Equal(t, cnpay.Unknown, e.Outcome)
	}
}

func TestForeignQueryAnswers(t *testing.T) {
	ask := &chinaums.BillQueryRequest{
		BillHead: billHead(), BillNo: "327M2206181982026170554411", BillDate: "2022-06-18", AuthedOrderID: number,
	}
	for answer, want := range map[string]error{
		`{"errCode":"SUCCESS",` + answerHead + `}`:                                                     nil,
		`{"errCode":"SUCCESS","billPayment":{"merOrderId":"327M2206181982026170554411"}}`:              nil,
		`{"errCode":"SUCCESS",` + answerHead + `,"authedBillPayment":{"merOrderId":"` + number + `"}}`: nil,
		`{"errCode":"SUCCESS",` + answerHead + `,"authedBillPayment":{"merOrderId":"327M1"}}`:          cnpay.ErrMismatch,
		`{"errCode":"SUCCESS","billNo":"327M1"}`:                                                       cnpay.ErrMismatch,
		`{"errCode":"SUCCESS","mid":"898201612345678"}`:                                                cnpay.ErrMismatch,
		`{"errCode":"SUCCESS",` + answerHead + `,"msgId":"another"}`:                                   cnpay.ErrMismatch,
	} {
		client := offline(t, func(*http.Request, string) (int, string) { return http.StatusOK, answer })
		_, err := client.Bills.Query(t.Context(), ask)
		require.ErrorIs(t, err, want, answer)
	}
}

// The documents' own examples, as files.
func TestDocumentedMessages(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile("testdata/documents/" + name)
		require.NoError(t, err)
		return string(text)
	}
	answering := func(name string) *chinaums.Client {
		return offline(t, func(*http.Request, string) (int, string) { return http.StatusOK, read(name) })
	}

	t.Run("requests", func(t *testing.T) {
		for name, req := range map[string]any{
			"bills_preauthed_cancel.request.json": &chinaums.BillCancelCompletionRequest{
				RequestTimestamp: "2022-04-21 15:00:52", MID: "898201612345678", TID: "88880001", InstMID: "QRPAYDEFAULT", MerOrderID: number,
			},
			"bills_query.request.json": &chinaums.BillQueryRequest{
				BillHead: chinaums.BillHead{Head: chinaums.Head{
					RequestTimestamp: "2016-09-22 16:55:00", MID: "898340149000005", TID: "12345080", MsgID: "800000000010",
				}, InstMID: "QRPAYDEFAULT"},
				BillNo: "1001201609234113339074548947", BillDate: "2016-09-22",
			},
		} {
			text, err := new(spec.Table).EncodeJSON(req)
			require.NoError(t, err)
			// The page's template has values that no request may leave empty; they are not compared.
			documented := regexp.MustCompile(`"(billNo|billDate|authIdRespCd)":"",`).ReplaceAllString(read(name), "")
			require.JSONEq(t, documented, string(text))
		}
	})
	t.Run("void", func(t *testing.T) { // a template: every value is empty
		res, err := answering("bills_preauthed_cancel.answer.json").Bills.CancelCompletion(t.Context(), request())
		require.ErrorIs(t, err, cnpay.ErrUndecided)
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
		require.Empty(t, res.Extra, "the page has no field that the struct lacks")
	})
	t.Run("query", func(t *testing.T) {
		res, err := answering("bills_query.answer.json").Bills.Query(t.Context(), &chinaums.BillQueryRequest{
			BillHead: chinaums.BillHead{Head: chinaums.Head{MID: "898340149000030", TID: "88880001"}, InstMID: "QRPAYDEFAULT"},
			BillNo:   "9001201809200939526584882644", BillDate: "2018-09-20",
		})
		require.NoError(t, err)
		require.Empty(t, res.Extra)
		require.Equal(t, chinaums.Payment{
			MerOrderID: "90012018092009395265848826440", BillBizType: "bills", PaySeqID: "00315100000N", TotalAmount: 1,
			BuyerPayAmount: 1, InvoiceAmount: 1, BuyerID: "2088702631618837", BuyerUsername: "119***@qq.com",
			PayDetail: "花呗支付0.01元。", PayTime: "2018-09-20 09:50:33", SettleDate: "2018-09-20", Status: "TRADE_SUCCESS",
			TargetOrderID: "2018092022001418830581229369", TargetSys: "Alipay 2.0",
		}, res.BillPayment)
		require.Equal(t, "PAID", res.BillStatus)
		require.Equal(t, "test30", res.MerName)
		require.Equal(t, "2018-09-20 10:00:53", res.ResponseTimestamp)
	})
	t.Run("refusal", func(t *testing.T) {
		res, err := answering("secure_cancel.answer.json").Bills.CancelCompletion(t.Context(), request())
		require.EqualError(t, err, "chinaums bills_preauthed_cancel "+number+
			": unknown: HAS_CANCELLED 该笔担保交易已撤销: the answer does not decide the outcome")
		require.Equal(t, "HAS_CANCELLED", res.ErrCode)
	})
}
