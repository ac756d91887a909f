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
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
)

// data is an answer to a query with this order in it.
func data(order string) string {
	return `{"result_code":"200","biz_response":{"result_code":"SUCCESS","data":{` + order + `}}}`
}

func payment() *upay.OrderPayByCodeRequest {
	return &upay.OrderPayByCodeRequest{Sale: sale("order1"), DynamicID: "130000000000000001"}
}

func refund() *upay.OrderRefundRequest {
	return &upay.OrderRefundRequest{ClientSN: "order1", RefundRequestNo: "R1", Operator: "o", RefundAmount: 2500}
}

// losing is a gateway that loses the answer of what moves money, and answers queries by how long ago that was.
func losing(t *testing.T, queried func(since time.Duration) string) (wire, *int) {
	var begun time.Time
	sent := 0
	return func(r *http.Request, _ string) (*http.Response, error) {
		if r.URL.Path != "/upay/v2/query" && r.URL.Path != "/api/v1/pre-auth/query" {
			sent++
			begun = time.Now()
			return nil, errors.New("connection reset")
		}
		return answer(http.StatusOK, queried(time.Since(begun))), nil
	}, &sent
}

// A refund whose answer is lost is carried out 20 seconds later: never Failed, sent once, Succeeded at the end.
func TestRefundThatIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, sent := losing(t, func(since time.Duration) string {
			if since < 20*time.Second { // no trace of it
				return data(`"sn":"1","client_sn":"order1","client_tsn":"order1","status":"SUCCESS","order_status":"PAID","total_amount":"10000","net_amount":"10000"`)
			}
			return data(`"sn":"1","client_sn":"order1","client_tsn":"order1-R1","status":"SUCCESS","order_status":"PARTIAL_REFUNDED","total_amount":"10000","net_amount":"7500"`)
		})
		client := dial(t, w)
		res, err := client.Orders.Refund(t.Context(), refund())
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
		ticket := cnpay.TicketOf(res, err)
		require.Equal(t, "order1-R1", ticket.Order, "each refund of an order has a number of its own")
		for range 3 {
			s, err := client.Settle(t.Context(), ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
			require.True(t, s.SendAgain, "the same refund again would end the doubt")
			require.False(t, s.Absent)
			require.Equal(t, "PAID", s.Code)
			time.Sleep(5 * time.Second)
		}
		settled, err := client.Settle(t.Context(), ticket)
		require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
		require.Equal(t, 2, settled.Queries) // 15 and 20 seconds after
		require.Equal(t, 1, *sent, "money was sent once")
	})
}

// The same, through the gateway for tests, and sent again: the money goes back once.
func TestLateRefundThatIsSentAgain(t *testing.T) {
	gateway, client := start(t)
	gateway.AddOrder("order1", 10000)
	gateway.Misbehave(upay.OpOrderRefund, cnpaytest.Late(200*time.Millisecond))
	res, err := client.Orders.Refund(t.Context(), refund())
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	res, err = client.Orders.Refund(t.Context(), refund(), cnpay.WithSending(1))
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err))
	time.Sleep(400 * time.Millisecond)
	settled, err := client.Settle(t.Context(), res.Ticket)
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
	query, err := client.Orders.Query(t.Context(), &upay.OrderQueryRequest{ClientSN: "order1"})
	require.NoError(t, err)
	require.EqualValues(t, 7500, *query.Result.NetAmount)

	// A third time it was done before, which a query confirms; another amount is a conflict.
	res, err = client.Orders.Refund(t.Context(), refund())
	require.NoError(t, err)
	require.Equal(t, cnpay.Pending, res.Outcome)
	require.Equal(t, "UPAY_REFUND_ORDER_NOOP", res.Result.ErrorCode)
	more := refund()
	more.RefundAmount = 2501
	res, err = client.Orders.Refund(t.Context(), more)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	more.RefundRequestNo, more.RefundAmount = "R2", 7501
	res, err = client.Orders.Refund(t.Context(), more)
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(res, err))
}

func TestPendingRefund(t *testing.T) {
	for _, succeeds := range []bool{true, false} {
		gateway, client := start(t, cnpay.WithSchedule(cnpay.Schedule{0}))
		gateway.AddOrder("order1", 10000)
		gateway.Misbehave(upay.OpOrderRefund, upaytest.Pending)
		res, err := client.Orders.Refund(t.Context(), refund())
		require.NoError(t, err)
		require.Equal(t, cnpay.Pending, res.Outcome)
		settled, err := client.Settle(t.Context(), res.Ticket)
		require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(settled, err))
		gateway.FinishRefund("order1", "R1", succeeds)
		settled, err = client.Settle(t.Context(), res.Ticket)
		want := map[bool]cnpay.Outcome{true: cnpay.Succeeded, false: cnpay.Failed}[succeeds]
		require.Equal(t, want, cnpay.OutcomeOf(settled, err))
	}
}

// An answer about another refund of the order, or one that has given back less, is no answer to this one.
func TestRefundAnswersThatDoNotBelong(t *testing.T) {
	refunded := func(tsn, net string) string {
		return `{"result_code":"200","biz_response":{"result_code":"REFUND_SUCCESS","data":{"client_sn":"order1","client_tsn":"` + tsn +
			`","status":"SUCCESS","order_status":"PARTIAL_REFUNDED","total_amount":"10000","net_amount":"` + net + `"}}}`
	}
	for body, want := range map[string]cnpay.Outcome{
		refunded("order1-R1", "7500"): cnpay.Succeeded,
		refunded("order1-R1", "1000"): cnpay.Succeeded, // others were refunded before
		refunded("order1-R2", "7500"): cnpay.Unknown,
		refunded("order1", "7500"):    cnpay.Unknown,
		refunded("order1-R1", "7501"): cnpay.Unknown,
	} {
		res, err := dial(t, saying(body)).Orders.Refund(t.Context(), refund())
		require.Equal(t, want, cnpay.OutcomeOf(res, err), body)
		if want == cnpay.Unknown {
			require.ErrorIs(t, err, cnpay.ErrMismatch)
		}
	}
}

// A payment whose answer is lost, by when it was made after all.
func TestSettlePayment(t *testing.T) {
	paid := data(`"sn":"1","client_sn":"order1","status":"SUCCESS","order_status":"PAID","total_amount":"10000","net_amount":"10000"`)
	created := data(`"sn":"1","client_sn":"order1","status":"IN_PROG","order_status":"CREATED","total_amount":"10000","net_amount":"10000"`)
	for name, tt := range map[string]struct {
		queried func(since time.Duration) string
		outcome cnpay.Outcome
		queries int
		giveUp  string
	}{
		"paid at once": {func(time.Duration) string { return paid }, cnpay.Succeeded, 1, ""},
		"made late": {func(d time.Duration) string {
			return map[bool]string{true: noSuchOrder, false: paid}[d < 12*time.Second]
		}, cnpay.Succeeded, 3, ""},
		"never there":     {func(time.Duration) string { return noSuchOrder }, cnpay.Unknown, 10, upay.OpOrderCancel},
		"open to the end": {func(time.Duration) string { return created }, cnpay.Pending, 10, upay.OpOrderCancel},
		"another amount": {func(time.Duration) string {
			return data(`"client_sn":"order1","order_status":"PAID","total_amount":"1"`)
		}, cnpay.Unknown, 10, upay.OpOrderCancel},
		"nothing left": {func(time.Duration) string {
			return data(`"client_sn":"order1","order_status":"PAID","total_amount":"10000","net_amount":"0"`)
		}, cnpay.Unknown, 10, upay.OpOrderCancel},
		"failed": {func(time.Duration) string {
			return data(`"client_sn":"order1","status":"FAIL_CANCELED","order_status":"PAY_CANCELED"`)
		}, cnpay.Failed, 1, ""},
		"refunded since": {func(time.Duration) string { return data(`"client_sn":"order1","order_status":"PARTIAL_REFUNDED"`) }, cnpay.Succeeded, 1, ""},
		"another order":  {func(time.Duration) string { return data(`"client_sn":"order2","order_status":"PAID"`) }, cnpay.Unknown, 10, upay.OpOrderCancel},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, sent := losing(t, tt.queried)
				client := dial(t, w, cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
				res, err := client.Orders.PayByCode(t.Context(), payment())
				require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
				begun := time.Now()
				settled, err := client.Settle(t.Context(), cnpay.TicketOf(res, err))
				require.Equal(t, tt.outcome, cnpay.OutcomeOf(settled, err), "%v", err)
				require.Equal(t, tt.queries, settled.Queries)
				require.Equal(t, time.Duration(tt.queries)*5*time.Second, time.Since(begun))
				require.Equal(t, tt.giveUp, settled.GiveUp)
				require.False(t, settled.SendAgain, "a repeat would be refused")
				require.Equal(t, 1, *sent)
			})
		})
	}
}

// An order that is not there proves that the payment never arrived only when it can no longer be on its way.
func TestAbsentPayment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := losing(t, func(time.Duration) string { return noSuchOrder })
		client := dial(t, w)
		for name, tt := range map[string]struct {
			ticket func() cnpay.Ticket
			after  cnpay.Outcome
		}{
			upay.OpOrderPayByCode: {func() cnpay.Ticket {
				res, err := client.Orders.PayByCode(t.Context(), payment())
				return cnpay.TicketOf(res, err)
			}, cnpay.NotSent},
			upay.OpOrderCreateQR: {func() cnpay.Ticket {
				res, err := client.Orders.CreateQR(t.Context(), &upay.OrderCreateQRRequest{Sale: sale("order1"), Payway: "3"})
				return cnpay.TicketOf(res, err)
			}, cnpay.NotSent},
			upay.OpOrderRefund: {func() cnpay.Ticket {
				res, err := client.Orders.Refund(t.Context(), refund())
				return cnpay.TicketOf(res, err)
			}, cnpay.Unknown},
			upay.OpOrderCancel: {func() cnpay.Ticket {
				res, err := client.Orders.Cancel(t.Context(), &upay.OrderCancelRequest{ClientSN: "order1"})
				return cnpay.TicketOf(res, err)
			}, cnpay.Unknown},
		} {
			ticket := tt.ticket()
			once := cnpay.WithSchedule(cnpay.Schedule{0})
			settled, err := client.Settle(t.Context(), ticket, once)
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err), name)
			time.Sleep(2 * time.Hour)
			settled, err = client.Settle(t.Context(), ticket, once)
			require.Equal(t, tt.after, cnpay.OutcomeOf(settled, err), name)
			time.Sleep(31 * 24 * time.Hour)
			settled, err = client.Settle(t.Context(), ticket, once)
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err), "nobody knows how long Upay has an order")
		}
	})
}

// Nobody pays for fifty seconds: the order is given up by the merchant, and settled once more.
func TestGiveUp(t *testing.T) {
	for name, tt := range map[string]struct {
		payerPays bool
		cancelled cnpay.Outcome
		paid      cnpay.Outcome
	}{
		"nobody pays":                 {false, cnpay.Succeeded, cnpay.Failed},
		"paid before it is cancelled": {true, cnpay.Succeeded, cnpay.Failed}, // the cancel returns it
	} {
		gateway, client := start(t)
		gateway.Misbehave(upay.OpOrderPayByCode, upaytest.Pending)
		res, err := client.Orders.PayByCode(t.Context(), payment())
		require.NoError(t, err)
		require.Equal(t, cnpay.Pending, res.Outcome)
		settled, err := client.Settle(t.Context(), res.Ticket, cnpay.WithSchedule(make(cnpay.Schedule, 10)),
			cnpay.WithClock(func() time.Time { return time.Now().Add(51 * time.Second) }))
		require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(settled, err))
		require.Equal(t, upay.OpOrderCancel, settled.GiveUp, name)
		if tt.payerPays {
			require.True(t, gateway.Pay("order1"))
		}
		cancelled, err := client.Orders.Cancel(t.Context(), &upay.OrderCancelRequest{ClientSN: "order1"})
		require.Equal(t, tt.cancelled, cnpay.OutcomeOf(cancelled, err), name)
		require.NotEqual(t, res.Ticket.Operation, cancelled.Ticket.Operation)
		settled, err = client.Settle(t.Context(), res.Ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
		require.Equal(t, tt.paid, cnpay.OutcomeOf(settled, err), name)
		settled, err = client.Settle(t.Context(), cancelled.Ticket)
		require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err), name)
	}
}

func TestSchedules(t *testing.T) {
	for name, tt := range map[string]struct {
		schedule cnpay.Schedule
		queries  int
		last     time.Duration
	}{
		"revoke":  {upay.RevokeSchedule(), 11, 50 * time.Second},
		"pay":     {upay.PaySchedule(), 10, 50 * time.Second},
		"scan":    {upay.QRSchedule(), 15, 6 * time.Minute},
		"cashier": {upay.CashierSchedule(), 24, 117 * time.Second},
		"preauth": {upay.PreauthSchedule(), 10, 80 * time.Second},
	} {
		var last time.Duration
		for _, d := range tt.schedule {
			last += d
		}
		require.Equal(t, tt.last, last, name)
		require.Len(t, tt.schedule, tt.queries, name)
	}
}

func TestSettlePreauth(t *testing.T) {
	step := func(more string) string {
		return data(`"client_trans_no":"T1","client_auth_sn":"A1",` + more)
	}
	for name, tt := range map[string]struct {
		answer  string
		outcome cnpay.Outcome
		cause   string
	}{
		"held":              {step(`"status":"SUCCESS","request_type":"05","amount":"50000"`), cnpay.Succeeded, ""},
		"held, in words":    {step(`"status":"SUCCESS","request_type":"FREEZE","amount":"50000"`), cnpay.Succeeded, ""},
		"another kind":      {step(`"status":"SUCCESS","request_type":"16","amount":"50000"`), cnpay.Unknown, "request_type 16 is not 05"},
		"another amount":    {step(`"status":"SUCCESS","request_type":"05","amount":"1"`), cnpay.Unknown, "amount 1 contradicts the 50000 that were asked for"},
		"another step":      {data(`"client_trans_no":"T2","status":"SUCCESS"`), cnpay.Unknown, "client_trans_no differs"},
		"no step":           {`{"result_code":"200","biz_response":{"result_code":"SUCCESS"}}`, cnpay.Unknown, "client_trans_no is missing"},
		"waiting":           {step(`"status":"INIT"`), cnpay.Pending, ""},
		"closed":            {step(`"status":"CLOSED"`), cnpay.Failed, ""},
		"unknown":           {step(`"status":"UNKOWN"`), cnpay.Unknown, ""},
		"a refused query":   {`{"result_code":"200","biz_response":{"result_code":"FAIL","error_code":"INVALID_PARAMS"}}`, cnpay.Unknown, ""},
		"a refused query 2": {illegalSign, cnpay.Unknown, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, sent := losing(t, func(time.Duration) string { return tt.answer })
				client := dial(t, w, cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
				res, err := client.Preauth.Create(t.Context(), &upay.PreauthCreateRequest{
					PreauthStep:  upay.PreauthStep{ClientTransNo: "T1", Amount: 50000, Operator: "o"},
					ClientAuthSN: "A1", DynamicID: "280000000000000001",
				})
				require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
				ticket := cnpay.TicketOf(res, err)
				require.Equal(t, "T1", ticket.Order)
				settled, err := client.Settle(t.Context(), ticket)
				require.Equal(t, tt.outcome, cnpay.OutcomeOf(settled, err), "%v", err)
				if tt.cause != "" {
					require.ErrorContains(t, err, tt.cause)
				}
				if tt.outcome == cnpay.Unknown {
					require.NotErrorIs(t, err, cnpay.ErrRefused, "the query may have been; the step was not")
				}
				require.Equal(t, 1, *sent)
			})
		})
	}
}

// Steps of a pre-authorisation through the gateway: held, taken in parts, released, given back.
func TestPreauthLife(t *testing.T) {
	gateway, client := start(t)
	ctx := t.Context()
	step := func(no string, amount int64) upay.PreauthStep {
		return upay.PreauthStep{ClientTransNo: no, Amount: amount, Operator: "o", Subject: "租车"}
	}
	gateway.Misbehave(upay.OpPreauthCreate, upaytest.Pending)
	held, err := client.Preauth.Create(ctx, &upay.PreauthCreateRequest{PreauthStep: step("T1", 50000), ClientAuthSN: "A1", DynamicID: "280000000000000001"})
	require.NoError(t, err)
	require.Equal(t, cnpay.Pending, held.Outcome)
	gateway.FinishPreauth("T1", true)
	settled, err := client.Settle(ctx, held.Ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))

	taken, err := client.Preauth.Complete(ctx, &upay.PreauthCompleteRequest{PreauthNumber: upay.PreauthNumber{AuthSN: held.Result.Data.AuthSN}, PreauthStep: step("T2", 42000)})
	require.NoError(t, err)
	require.NotEmpty(t, taken.Result.Data.SN)
	over, err := client.Preauth.Cancel(ctx, &upay.PreauthCancelRequest{PreauthNumber: upay.PreauthNumber{ClientAuthSN: "A1"}, PreauthStep: step("T3", 8001)})
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(over, err))
	_, err = client.Preauth.Cancel(ctx, &upay.PreauthCancelRequest{PreauthNumber: upay.PreauthNumber{ClientAuthSN: "A1"}, PreauthStep: step("T4", 8000)})
	require.NoError(t, err)
	_, err = client.Preauth.Refund(ctx, &upay.PreauthRefundRequest{SN: taken.Result.Data.SN, PreauthStep: step("T5", 2000)})
	require.NoError(t, err)

	list, err := client.Preauth.List(ctx, &upay.PreauthListRequest{ClientAuthSN: "A1"})
	require.NoError(t, err)
	var kinds []string
	for _, s := range list.Result.Data.Trans {
		require.Equal(t, "SUCCESS", s.Status)
		kinds = append(kinds, s.RequestType)
	}
	require.Equal(t, []string{"05", "07", "16", "18"}, kinds)
	_, err = client.Preauth.Refund(ctx, &upay.PreauthRefundRequest{PreauthStep: step("T6", 1)})
	require.ErrorContains(t, err, "sn is required without auth_sn and without client_auth_sn")
}

// What pays is in no ticket, log or dump.
func TestCodesThatPayAreHidden(t *testing.T) {
	var dumps []cnpay.Dump
	_, client := start(t, cnpay.WithDump(func(_ context.Context, d cnpay.Dump) { dumps = append(dumps, d) }))
	_, err := client.Orders.PayByCode(t.Context(), payment())
	require.NoError(t, err)
	require.NotContains(t, dumps[0].Request, "130000000000000001")
	require.Contains(t, dumps[0].Request, `"dynamic_id":"***"`)
	require.Contains(t, dumps[0].Request, "两杯咖啡")
}
