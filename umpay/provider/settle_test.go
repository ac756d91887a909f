package provider

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

// began is a ticket of a call that began now.
func began(operation string, fields map[string]string) cnpay.Ticket {
	now := time.Now().Round(0)
	f := map[string]string{"acqMerId": "41509208", "orderNo": "A1"}
	for name, value := range fields {
		f[name] = value
	}
	return cnpay.Ticket{
		Provider: "umpay/provider", Gateway: "provider.umfintech.com", Account: "Y471790403", Operation: operation, Order: "A1",
		Began: now, Until: now.Add(time.Minute), Fields: f,
	}
}

func once() cnpay.Option { return cnpay.WithSchedule(cnpay.Schedule{0}) }

// settled is what one query says of an operation.
func settled(t *testing.T, ticket cnpay.Ticket, answer string) (*cnpay.Settlement, error) {
	t.Helper()
	c, _ := dial(t, always(answer), cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
	s, err := c.Settle(t.Context(), ticket, once())
	require.NotNil(t, s)
	return s, err
}

// Every state of an order, as the end of each operation on it.
func TestSettleByState(t *testing.T) {
	const (
		failed, unknown, pending, succeeded = cnpay.Failed, cnpay.Unknown, cnpay.Pending, cnpay.Succeeded
	)
	paying := map[string]cnpay.Outcome{"00": succeeded, "01": succeeded, "02": pending, "03": failed, "04": failed, "06": failed, "05": unknown, "": unknown, "77": unknown}
	for operation, states := range map[string]map[string]cnpay.Outcome{
		OpOrderWalletOrder: paying, OpOrderPayByCode: paying, OpOrderCreateQR: paying, OpTerminalOrder: paying,
		OpOrderCancel: {"00": unknown, "01": unknown, "02": unknown, "03": failed, "04": succeeded, "06": failed, "": unknown, "77": unknown},
		OpOrderClose:  {"00": failed, "01": failed, "02": unknown, "03": succeeded, "04": failed, "06": unknown, "": unknown, "77": unknown},
	} {
		for state, want := range states {
			s, err := settled(t, began(operation, nil), `{"respCode":"00","respMsg":"处理成功","origRespCode":"`+state+`","transactionId":"T1"}`)
			require.Equal(t, want, cnpay.OutcomeOf(s, err), "%s %s", operation, state)
			require.Equal(t, state, s.Code)
			require.NotNil(t, s.Answer)
			if want == failed {
				_, later := map[string]bool{OpOrderWalletOrder: true, OpOrderPayByCode: true, OpOrderCreateQR: true, OpTerminalOrder: true}[operation]
				require.Equal(t, later, err != nil && errors.Is(err, cnpay.ErrUnpaid), "%s %s: %v", operation, state, err)
			}
		}
	}
	for state, want := range map[string]cnpay.Outcome{"00": succeeded, "01": failed, "02": pending, "03": unknown, "": unknown} {
		s, err := settled(t, began(OpOrderRefund, nil), `{"respCode":"00","orderNo":"A1","origRespCode":"`+state+`"}`)
		require.Equal(t, want, cnpay.OutcomeOf(s, err), state)
	}
}

// An order that is as it was proves nothing; where a repeat is harmless it ends the doubt.
func TestSettleSendAgain(t *testing.T) {
	for _, tt := range []struct {
		operation, answer string
		sendAgain, absent bool
	}{
		{OpOrderCancel, `{"respCode":"00","origRespCode":"00"}`, true, false},
		{OpOrderCancel, `{"respCode":"00","origRespCode":"02"}`, false, false},
		{OpOrderCancel, `{"respCode":"17"}`, true, true},
		{OpOrderClose, `{"respCode":"00","origRespCode":"02"}`, true, false},
		{OpOrderClose, `{"respCode":"00","origRespCode":"06"}`, false, false},
		{OpOrderClose, `{"respCode":"17"}`, true, true},
		{OpOrderRefund, `{"respCode":"17"}`, true, true},
		{OpOrderPayByCode, `{"respCode":"17"}`, false, true},
		{OpOrderCreateQR, `{"respCode":"17"}`, false, true},
	} {
		s, err := settled(t, began(tt.operation, nil), tt.answer)
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err), tt.answer)
		require.Equal(t, tt.sendAgain, s.SendAgain, "%s %s", tt.operation, tt.answer)
		require.Equal(t, tt.absent, s.Absent, "%s %s", tt.operation, tt.answer)
	}
}

// A trade that UMPay does not have proves that the request never arrived, once it no longer can: of payments and refunds,
// which have the number themselves, and never of what acts upon another order.
func TestSettleAbsence(t *testing.T) {
	for operation, want := range map[string]cnpay.Outcome{
		OpOrderPayByCode: cnpay.NotSent, OpOrderCreateQR: cnpay.NotSent, OpOrderWalletOrder: cnpay.NotSent, OpTerminalOrder: cnpay.NotSent, OpOrderRefund: cnpay.NotSent,
		OpOrderCancel: cnpay.Unknown, OpOrderClose: cnpay.Unknown,
	} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := dial(t, always(`{"respCode":"17","respMsg":"交易不存在"}`), cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
			ticket := began(operation, nil)
			s, err := c.Settle(t.Context(), ticket, once())
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
			require.ErrorContains(t, err, "17 交易不存在")
			time.Sleep(time.Minute + cnpay.DefaultMargin + 1)
			s, err = c.Settle(t.Context(), ticket, once())
			require.Equal(t, want, cnpay.OutcomeOf(s, err), operation)
			time.Sleep(31 * 24 * time.Hour)
			s, err = c.Settle(t.Context(), ticket, once())
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err), "nobody knows how long UMPay has an order")
		})
	}
}

// The query asks with what the ticket has, and no answer about another order ends it.
func TestSettleAsksForTheSame(t *testing.T) {
	var asked object
	c, _ := dial(t, func(path string, request object) string {
		require.Equal(t, "pay/queryOrder", path)
		asked = request
		return `{"respCode":"00","origRespCode":"00","txnAmt":1251,"transactionId":"T1"}`
	}, cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
	s, err := c.Settle(t.Context(), began(OpOrderPayByCode, map[string]string{"transactionId": "T1", "txnAmt": "1250", "merPriv": "A1"}), once())
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
	require.ErrorIs(t, err, cnpay.ErrMismatch)
	require.ErrorContains(t, err, "txnAmt differs")
	asked.take("signature")
	require.Equal(t, "acqMerId=41509208&acqSpId=Y471790403&orderNo=A1&transactionId=T1", string(asked.request()))

	s, err = c.Settle(t.Context(), began(OpOrderPayByCode, map[string]string{"transactionId": "T2", "txnAmt": "1251"}), once())
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
	require.ErrorContains(t, err, "transactionId differs")
	s, err = c.Settle(t.Context(), began(OpOrderPayByCode, map[string]string{"transactionId": "T1", "txnAmt": "1251"}), once())
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(s, err))
}

// A refund of another amount is another refund.
func TestSettleRefundComparesTheAmount(t *testing.T) {
	for amount, want := range map[string]cnpay.Outcome{"250": cnpay.Succeeded, "251": cnpay.Unknown} {
		s, err := settled(t, began(OpOrderRefund, map[string]string{"txnAmt": "250"}), `{"respCode":"00","orderNo":"A1","origRespCode":"00","txnAmt":"`+amount+`"}`)
		require.Equal(t, want, cnpay.OutcomeOf(s, err), amount)
	}
}

// The order's answer brings UMPay's number, with which the queries of its settlement are surer.
func TestTicketLearns(t *testing.T) {
	answer := `{"respCode":"00","orderNo":"A1","qrCode":"q","transactionId":"T1"}`
	c, _ := dial(t, func(string, object) string { return answer })
	for _, id := range []string{OpOrderWalletOrder, OpOrderPayByCode, OpOrderCreateQR, OpTerminalOrder} {
		res, err := calls(c, t.Context())[id]()
		require.Equal(t, "T1", cnpay.TicketOf(res, err).Fields["transactionId"], id)
	}
	for _, id := range []string{OpOrderCancel, OpOrderRefund} { // whose number it is nobody says, or it is the refund's
		res, err := calls(c, t.Context())[id]()
		require.NoError(t, err)
		require.Empty(t, cnpay.TicketOf(res, err).Fields["transactionId"], id)
	}
}

// What ends an order that nobody pays is said when its time is over.
func TestGiveUp(t *testing.T) {
	for _, tt := range []struct{ operation, orderType, want string }{
		{OpOrderCreateQR, Alipay, OpOrderClose}, {OpTerminalOrder, "", OpOrderClose}, {OpOrderWalletOrder, "wechatJs", OpOrderClose},
		{OpOrderPayByCode, WeChat, OpOrderCancel}, {OpOrderPayByCode, UnionPay, OpOrderClose},
		{OpOrderCancel, "", ""}, {OpOrderRefund, "", ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := dial(t, always(`{"respCode":"00","orderNo":"A1","origRespCode":"02"}`))
			s, _ := c.Settle(t.Context(), began(tt.operation, map[string]string{"orderType": tt.orderType}))
			require.Equal(t, tt.want, s.GiveUp, tt.operation)
			require.Zero(t, s.Next)
		})
	}
}

func TestSettleWhatCannotBeAsked(t *testing.T) {
	c, p := dial(t, always(`{"respCode":"00"}`))
	ticket := began(OpOrderRefund, nil)
	delete(ticket.Fields, "orderNo")
	s, err := c.Settle(t.Context(), ticket, once())
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
	require.ErrorContains(t, err, "orderNo is required")
	for _, operation := range []string{OpOrderQuery, OpTerminalReceipt, "provider_rev_pay"} {
		s, err = c.Settle(t.Context(), began(operation, nil))
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(s, err))
		require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
	}
	require.Empty(t, p.bodies)
}

// The end of the context stops the waiting and keeps what the last query said.
func TestSettleEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := dial(t, always(`{"respCode":"00","origRespCode":"02"}`))
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
		defer cancel()
		s, err := c.Settle(ctx, began(OpOrderPayByCode, map[string]string{"orderType": WeChat}))
		require.Equal(t, cnpay.Pending, cnpay.OutcomeOf(s, err))
		require.Equal(t, 2, s.Queries)
		require.Len(t, p.bodies, 2)
	})
}
