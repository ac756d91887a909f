package upay_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/upay"
)

func order(status string) string {
	return `{"result_code":"200","biz_response":{"result_code":"SUCCESS","data":{"sn":"7892259488292938","order_status":"` + status + `"}}}`
}

const (
	noSuchOrder = `{"result_code":"200","biz_response":{"result_code":"FAIL","error_code":"UPAY_ORDER_NOT_EXISTS","data":null}}`
	illegalSign = `{"result_code":"400","error_code":"ILLEGAL_SIGN","error_code_standard":"EJ26"}`
)

// ticketOf is the ticket of a request that was not sent.
func ticketOf(t testing.TB, client *upay.Client, req upay.Request) cnpay.Ticket {
	t.Helper()
	ticket, err := client.Ticket(req)
	require.NoError(t, err)
	return ticket
}

// answerOf is the last answer to a settlement's queries.
func answerOf(s *cnpay.Settlement) *upay.OrderQueryResponse {
	return s.Answer.(*upay.OrderQueryResponse)
}

// settle settles a revoke in a bubble of time against a gateway that returns the answers in turn, the last one for
// ever, and returns the times of the queries.
func settle(t *testing.T, ctx context.Context, opts []cnpay.Option, answers ...string) (*cnpay.Settlement, []time.Duration, error) {
	t.Helper()
	begin := time.Now()
	var asked []time.Duration
	client := dial(t, func(r *http.Request, body string) (*http.Response, error) {
		require.Equal(t, "/upay/v2/query", r.URL.Path)
		require.Equal(t, `{"terminal_sn":"`+terminalSN+`","sn":"7892259488292938"}`, body)
		asked = append(asked, time.Since(begin))
		next := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		if next == "" {
			return nil, errors.New("no route to host")
		}
		return answer(http.StatusOK, next), nil
	}, cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
	settled, err := client.Settle(ctx, ticketOf(t, client, &upay.OrderRevokeRequest{SN: "7892259488292938"}), opts...)
	return settled, asked, err
}

// every is the documented schedule up to its n-th query: at once, then each five seconds.
func every(n int) []time.Duration {
	at := make([]time.Duration, n)
	for i := range at {
		at[i] = time.Duration(i) * 5 * time.Second
	}
	return at
}

func TestSettleRevoke(t *testing.T) {
	for name, tt := range map[string]struct {
		answers []string
		outcome cnpay.Outcome
		code    string
		queries int
		cause   error
	}{
		"revoked":                     {[]string{order("CANCELED")}, cnpay.Succeeded, "CANCELED", 1, nil},
		"never stood":                 {[]string{order("PAY_CANCELED")}, cnpay.Succeeded, "PAY_CANCELED", 1, nil},
		"under way, then revoked":     {[]string{order("CANCEL_INPROGRESS"), order("CANCEL_INPROGRESS"), order("CANCELED")}, cnpay.Succeeded, "CANCELED", 3, nil},
		"paid to the end":             {[]string{order("PAID")}, cnpay.Unknown, "PAID", 11, cnpay.ErrUndecided},
		"paid, then revoked":          {[]string{order("PAID"), order("CANCELED")}, cnpay.Succeeded, "CANCELED", 2, nil},
		"paid twice, then revoked":    {[]string{order("PAID"), order("PAID"), order("CANCELED")}, cnpay.Succeeded, "CANCELED", 3, nil},
		"partly refunded to the end":  {[]string{order("PARTIAL_REFUNDED")}, cnpay.Unknown, "PARTIAL_REFUNDED", 11, cnpay.ErrUndecided},
		"a refund to the end":         {[]string{order("REFUND_INPROGRESS")}, cnpay.Unknown, "REFUND_INPROGRESS", 11, cnpay.ErrUndecided},
		"a refund, then refunded":     {[]string{order("REFUND_INPROGRESS"), order("REFUNDED")}, cnpay.Failed, "REFUNDED", 2, cnpay.ErrRefused},
		"refunded":                    {[]string{order("REFUNDED")}, cnpay.Failed, "REFUNDED", 1, cnpay.ErrRefused},
		"no such order":               {[]string{noSuchOrder}, cnpay.Unknown, "UPAY_ORDER_NOT_EXISTS", 11, cnpay.ErrUndecided},
		"no such order, then revoked": {[]string{noSuchOrder, order("CANCELED")}, cnpay.Succeeded, "CANCELED", 2, nil},
		"no answer, then revoked":     {[]string{"", "", order("CANCELED")}, cnpay.Succeeded, "CANCELED", 3, nil},
		"refused query, then paid":    {[]string{illegalSign, order("PAID")}, cnpay.Unknown, "PAID", 11, cnpay.ErrUndecided},
		"under way to the end":        {[]string{order("CANCEL_INPROGRESS")}, cnpay.Pending, "CANCEL_INPROGRESS", 11, nil},
		"not certain to the end":      {[]string{order("CANCEL_ERROR")}, cnpay.Unknown, "CANCEL_ERROR", 11, cnpay.ErrUndecided},
		"refused query to the end":    {[]string{illegalSign}, cnpay.Unknown, "", 11, nil},
		"no answer at all":            {[]string{""}, cnpay.Unknown, "", 11, cnpay.ErrTransport},
		"another order's answer":      {[]string{`{"result_code":"200","biz_response":{"result_code":"SUCCESS","data":{"sn":"1","order_status":"CANCELED"}}}`}, cnpay.Unknown, "", 11, cnpay.ErrMismatch},
		"an answer without order":     {[]string{`{"result_code":"200","biz_response":{"result_code":"SUCCESS"}}`}, cnpay.Unknown, "", 11, cnpay.ErrMismatch},
		"a code of another request":   {[]string{`{"result_code":"200","biz_response":{"result_code":"FAIL","error_code":"UPAY_CANCEL_ORDER_NOOP"}}`}, cnpay.Unknown, "", 11, cnpay.ErrUndecided},
		"a refusal that is no answer": {[]string{`{"result_code":"400","biz_response":{"result_code":"FAIL","error_code":"UPAY_ORDER_NOT_EXISTS"}}`}, cnpay.Unknown, "", 11, cnpay.ErrUndecided},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				settled, asked, err := settle(t, t.Context(), nil, tt.answers...)
				require.Equal(t, tt.outcome, cnpay.OutcomeOf(settled, err))
				require.Equal(t, tt.outcome, settled.Outcome)
				require.Equal(t, tt.code, settled.Code)
				require.Equal(t, tt.queries, settled.Queries)
				require.Equal(t, every(tt.queries), asked)
				if tt.cause != nil {
					require.ErrorIs(t, err, tt.cause)
				}
				if tt.outcome == cnpay.Unknown { // whatever the query's outcome, the revoke was not refused
					require.NotErrorIs(t, err, cnpay.ErrRefused)
				}
				if len(tt.answers) == 1 && tt.answers[0] == illegalSign {
					require.ErrorContains(t, err, "ILLEGAL_SIGN")
				}
				if err != nil {
					var e *cnpay.Error
					require.ErrorAs(t, err, &e)
					require.Equal(t, cnpay.Ticket{
						Provider: "upay", Gateway: "vsi-api.shouqianba.com", Account: terminalSN, Operation: upay.OpOrderRevoke, Order: "7892259488292938",
						Fields: map[string]string{"terminal_sn": terminalSN, "sn": "7892259488292938"},
					}, e.Ticket)
				}
			})
		})
	}
}

// A gateway may work on a revoke for any time after its answer was lost. Until it is done the order is PAID, which is
// never taken for a revoke that failed.
func TestSettleRevokeThatIsLate(t *testing.T) {
	for _, tt := range []struct {
		late    time.Duration
		outcome cnpay.Outcome
		queries int
	}{
		{0, cnpay.Succeeded, 1},
		{time.Second, cnpay.Succeeded, 2},
		{4 * time.Second, cnpay.Succeeded, 2},
		{8 * time.Second, cnpay.Succeeded, 3},
		{12 * time.Second, cnpay.Succeeded, 4},
		{50 * time.Second, cnpay.Succeeded, 11},
		{50*time.Second + 1, cnpay.Unknown, 11},
		{time.Hour, cnpay.Unknown, 11},
	} {
		t.Run(tt.late.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sent time.Time
				client := dial(t, func(r *http.Request, _ string) (*http.Response, error) {
					switch {
					case r.URL.Path == "/upay/v2/revoke":
						sent = time.Now()
						return nil, errors.New("connection reset")
					case time.Since(sent) >= tt.late:
						return answer(http.StatusOK, order("CANCELED")), nil
					}
					return answer(http.StatusOK, order("PAID")), nil
				})
				res, err := client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{SN: "7892259488292938"})
				ticket := cnpay.TicketOf(res, err)
				require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
				settled, err := client.Settle(t.Context(), ticket)
				require.Equal(t, tt.outcome, cnpay.OutcomeOf(settled, err))
				require.Equal(t, tt.queries, settled.Queries)
				if tt.outcome == cnpay.Unknown {
					require.Equal(t, "PAID", settled.Code)
					time.Sleep(tt.late)
					require.True(t, settled.SendAgain, "the same revoke again would end the doubt")
					settled, err = client.Settle(t.Context(), ticket)
					require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
				}
			})
		})
	}
}

// The one line of the error has the contradiction, and the answer can be read.
func TestSettleRevokeByAContradiction(t *testing.T) {
	const contradictory = `{"result_code":"200","biz_response":{"result_code":"SUCCESS","data":{"sn":"7892259488292938",` +
		`"order_status":"CANCELED","total_amount":"10000","net_amount":"10000"}}}`
	synctest.Test(t, func(t *testing.T) {
		settled, _, err := settle(t, t.Context(), nil, contradictory)
		require.EqualError(t, err, "upay revoke 7892259488292938: unknown: CANCELED: after 11 queries: "+
			"net_amount 10000 contradicts order_status CANCELED")
		require.EqualValues(t, 10000, *answerOf(settled).Result.NetAmount)
	})
}

func TestSettleRevokeScheduleOfTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		schedule := cnpay.Schedule{time.Minute, time.Hour}
		_, asked, err := settle(t, t.Context(), []cnpay.Option{cnpay.WithSchedule(schedule)}, order("CREATED"))
		require.Equal(t, []time.Duration{time.Minute, time.Minute + time.Hour}, asked)
		require.ErrorIs(t, err, cnpay.ErrUndecided)
	})
}

// A request that no query can be made of is refused at once; that says nothing about the order.
func TestSettleOfNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := dial(t, func(*http.Request, string) (*http.Response, error) {
			t.Error("sent")
			return nil, errors.New("sent")
		})
		begin := time.Now()
		for _, req := range []*upay.OrderRevokeRequest{nil, {}} {
			ticket, err := client.Ticket(req)
			require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(nil, err))
			require.ErrorContains(t, err, "sn is required without client_sn")
			settled, err := client.Settle(t.Context(), ticket)
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
			require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
			require.ErrorContains(t, err, "sn is required without client_sn")
		}
		require.Equal(t, begin, time.Now())
	})
}

// The end of the context stops the waiting, says why, and keeps what the last query said.
func TestSettleRevokeEndsWithItsContext(t *testing.T) {
	closing := errors.New("the shop closes")
	for name, tt := range map[string]struct {
		answers []string
		outcome cnpay.Outcome
		causes  []error
	}{
		"refused queries": {[]string{illegalSign}, cnpay.Unknown, []error{closing}},
		"lost queries":    {[]string{""}, cnpay.Unknown, []error{closing, cnpay.ErrTransport}},
		"not certain":     {[]string{order("CANCEL_ERROR")}, cnpay.Unknown, []error{closing}},
		"paid once":       {[]string{order("CREATED"), order("CREATED"), order("PAID")}, cnpay.Unknown, []error{closing}},
		"under way":       {[]string{order("CANCEL_INPROGRESS")}, cnpay.Pending, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeoutCause(t.Context(), 12*time.Second, closing)
				defer cancel()
				settled, asked, err := settle(t, ctx, nil, tt.answers...)
				require.Equal(t, every(3), asked)
				require.Equal(t, tt.outcome, cnpay.OutcomeOf(settled, err))
				if tt.causes == nil {
					require.NoError(t, err)
				}
				if tt.answers[0] == illegalSign {
					require.ErrorContains(t, err, "ILLEGAL_SIGN")
				}
				for _, cause := range tt.causes {
					require.ErrorIs(t, err, cause)
				}
			})
		})
	}
}

// A context that ends while the revoke hangs leaves it unknown, and says why.
func TestRevokeThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		client := dial(t, func(r *http.Request, _ string) (*http.Response, error) {
			sent++
			<-r.Context().Done()
			return nil, context.Cause(r.Context())
		})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begin := time.Now()
		res, err := client.Orders.Revoke(ctx, &upay.OrderRevokeRequest{SN: "1"})
		require.Nil(t, res)
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 3*time.Second, time.Since(begin))
		require.Equal(t, 1, sent)

		res, err = client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{SN: "1"}, cnpay.WithTimeout(7*time.Second))
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
		require.Equal(t, 10*time.Second, time.Since(begin))
		require.Equal(t, 2, sent)
	})
}
