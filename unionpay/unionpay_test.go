package unionpay_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
)

func start(t *testing.T, opts ...cnpay.Option) (*unionpaytest.Server, *unionpay.Client) {
	t.Helper()
	gateway := unionpaytest.NewServer()
	t.Cleanup(gateway.Close)
	client, err := unionpay.New(gateway.Config(), opts...)
	require.NoError(t, err)
	return gateway, client
}

func cancellation(gateway *unionpaytest.Server) *unionpay.PreauthCancelRequest {
	return &unionpay.PreauthCancelRequest{
		BizType: "000201", OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), TxnAmt: 10000,
		BackURL: unionpay.NoNotification, OrigQryID: gateway.AddPreauth(10000),
	}
}

// settle settles the call of a request in another process, which has its ticket from the request itself.
func settle(ctx context.Context, client *unionpay.Client, req unionpay.Request, opts ...cnpay.Option) (*cnpay.Settlement, error) {
	ticket, _ := client.Ticket(req) // what cannot be sent has a ticket too
	return client.Settle(ctx, ticket, opts...)
}

// found is the answer to the query that settled a call.
func found(s *cnpay.Settlement) *unionpay.OrderQueryResponse {
	return s.Answer.(*unionpay.OrderQueryResponse)
}

// atOnce is a schedule for tests: two queries without waiting.
func atOnce() cnpay.Option { return cnpay.WithSchedule(cnpay.Schedule{0, 0}) }

func TestPreauthCancel(t *testing.T) {
	for _, method := range []unionpay.SignMethod{unionpay.RSA, unionpay.SHA256, unionpay.SM3} {
		for _, encoding := range []unionpay.Encoding{unionpay.UTF8, unionpay.GBK} {
			t.Run(string(method)+" "+string(encoding), func(t *testing.T) {
				gateway, _ := start(t)
				config := gateway.ConfigFor(method)
				config.Encoding = encoding
				client, err := unionpay.New(config)
				require.NoError(t, err)
				req := cancellation(gateway)
				req.MerName = "酒店 & {客房"
				req.ReqReserved = " 测试|a b+c/d%=&;[x]{爗&怺=} 爗 "
				before := *req

				res, err := client.Preauth.Cancel(t.Context(), req)
				require.NoError(t, err)
				require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(res, err))
				require.Equal(t, before, *req, "the caller's request stays as it was")
				require.Equal(t, strings.Trim(req.ReqReserved, " "), res.ReqReserved)
				require.Equal(t, req.OrderID, res.OrderID)
				require.Equal(t, int64(10000), res.TxnAmt)
				require.Len(t, res.QueryID, 21)
				require.Equal(t, "成功[0000000]", res.RespMsg)

				settled, err := settle(t.Context(), client, req, atOnce())
				require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
				require.Equal(t, 1, settled.Queries)
				require.Equal(t, "32", found(settled).TxnType)
				require.Equal(t, 1, gateway.Received("preauth_cancel"))
			})
		}
	}
}

// A gateway that has the request and says nothing.
func TestHang(t *testing.T) {
	gateway, client := start(t, cnpay.WithTimeout(time.Second))
	gateway.Misbehave("preauth_cancel", cnpaytest.Hang)
	req := cancellation(gateway)
	res, err := client.Preauth.Cancel(t.Context(), req)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	settled, err := settle(t.Context(), client, req, atOnce(), cnpay.WithTimeout(time.Minute))
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
	require.Equal(t, 1, gateway.Received("preauth_cancel"))
}

func TestNobodyListens(t *testing.T) {
	gateway, client := start(t, cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
	req := cancellation(gateway)
	gateway.Close()
	res, err := client.Preauth.Cancel(t.Context(), req)
	require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(res, err))
}

// One client and one gateway serve many goroutines: of sixteen who cancel the same pre-authorisation one succeeds.
func TestManyAtOnce(t *testing.T) {
	gateway, client := start(t)
	shop := httptest.NewServer(client.NotificationHandler(func(context.Context, unionpay.Notification) error { return nil }))
	defer shop.Close()
	first := cancellation(gateway)
	var accepted, refused atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			req := *first
			req.OrderID, req.BackURL = unionpay.NewOrderID(), shop.URL
			switch res, err := client.Preauth.Cancel(t.Context(), &req); cnpay.OutcomeOf(res, err) {
			case cnpay.Pending:
				accepted.Add(1)
			case cnpay.Failed:
				refused.Add(1)
			}
			status, err := gateway.Notify(t.Context(), req.OrderID, cnpaytest.OK)
			assert.NoError(t, err)
			assert.Equal(t, http.StatusOK, status)
		})
	}
	wg.Wait()
	require.Equal(t, int32(1), accepted.Load())
	require.Equal(t, int32(15), refused.Load())
}

func TestPreauthCancelFaults(t *testing.T) {
	for _, tt := range []struct {
		fault   cnpaytest.Fault
		outcome cnpay.Outcome
		cause   error
		settled cnpay.Outcome
	}{
		{cnpaytest.Refused, cnpay.Failed, cnpay.ErrRefused, cnpay.Failed},
		{cnpaytest.LostAnswer, cnpay.Unknown, cnpay.ErrTransport, cnpay.Succeeded},
		{cnpaytest.Reset, cnpay.Unknown, cnpay.ErrTransport, cnpay.Succeeded},
		{cnpaytest.CutBody, cnpay.Unknown, cnpay.ErrTransport, cnpay.Succeeded},
		{cnpaytest.HTTP502, cnpay.Unknown, cnpay.ErrHTTPStatus, cnpay.Succeeded},
		{cnpaytest.Redirect, cnpay.Unknown, cnpay.ErrHTTPStatus, cnpay.Succeeded},
		{cnpaytest.Empty, cnpay.Unknown, cnpay.ErrMalformed, cnpay.Succeeded},
		{cnpaytest.HTML, cnpay.Unknown, cnpay.ErrMalformed, cnpay.Succeeded},
		{cnpaytest.HugeBody, cnpay.Unknown, cnpay.ErrTooLarge, cnpay.Succeeded},
		{cnpaytest.BadSignature, cnpay.Unknown, cnpay.ErrSignature, cnpay.Succeeded},
		{cnpaytest.Unsigned, cnpay.Unknown, cnpay.ErrSignature, cnpay.Succeeded},
		{cnpaytest.ForgedCertificate, cnpay.Unknown, cnpay.ErrSignature, cnpay.Succeeded},
		{unionpaytest.ExpiredCertificate, cnpay.Unknown, cnpay.ErrSignature, cnpay.Succeeded},
		{unionpaytest.MerchantCertificate, cnpay.Unknown, cnpay.ErrSignature, cnpay.Succeeded},
		{cnpaytest.OtherAnswer, cnpay.Unknown, cnpay.ErrMismatch, cnpay.Succeeded},
		{cnpaytest.UnknownCode, cnpay.Unknown, cnpay.ErrUndecided, cnpay.Succeeded},
		{unionpaytest.InvalidRequest, cnpay.Unknown, unionpay.ErrEarlyRefusal, cnpay.Unknown},
		{unionpaytest.UnsignedRefusal, cnpay.Unknown, unionpay.ErrEarlyRefusal, cnpay.Unknown},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			gateway, client := start(t)
			gateway.Misbehave("preauth_cancel", tt.fault)
			req := cancellation(gateway)

			res, err := client.Preauth.Cancel(t.Context(), req)
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err))
			require.ErrorIs(t, err, tt.cause)
			require.Equal(t, 1, gateway.Received("preauth_cancel"))

			settled, err := settle(t.Context(), client, req, atOnce())
			require.Equal(t, tt.settled, cnpay.OutcomeOf(settled, err))
			require.Equal(t, 1, gateway.Received("preauth_cancel"))
		})
	}
}
