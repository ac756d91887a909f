package umpay_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
)

// TestEventsOfEveryOperation posts what the terminal reports of each operation: it is stored without card data, and read
// as what the call's own answer has.
func TestEventsOfEveryOperation(t *testing.T) {
	read := map[string]func(*umpay.Event) (any, error){
		umpay.OpCardPay:                 func(e *umpay.Event) (any, error) { return e.CardPayResult() },
		umpay.OpCardQuery:               func(e *umpay.Event) (any, error) { return e.CardQueryResult() },
		umpay.OpCardVoid:                func(e *umpay.Event) (any, error) { return e.CardVoidResult() },
		umpay.OpCardRefund:              func(e *umpay.Event) (any, error) { return e.CardRefundResult() },
		umpay.OpScanPayByCode:           func(e *umpay.Event) (any, error) { return e.ScanPayResult() },
		umpay.OpScanCreateQR:            func(e *umpay.Event) (any, error) { return e.ScanCreateQRResult() },
		umpay.OpScanQueryQR:             func(e *umpay.Event) (any, error) { return e.ScanQueryQRResult() },
		umpay.OpScanQuery:               func(e *umpay.Event) (any, error) { return e.ScanQueryResult() },
		umpay.OpScanVoid:                func(e *umpay.Event) (any, error) { return e.ScanVoidResult() },
		umpay.OpScanRefund:              func(e *umpay.Event) (any, error) { return e.ScanRefundResult() },
		umpay.OpScanQueryRefund:         func(e *umpay.Event) (any, error) { return e.ScanQueryRefundResult() },
		umpay.OpPreauthCreate:           func(e *umpay.Event) (any, error) { return e.PreauthResult() },
		umpay.OpPreauthCancel:           func(e *umpay.Event) (any, error) { return e.PreauthCancelResult() },
		umpay.OpPreauthComplete:         func(e *umpay.Event) (any, error) { return e.PreauthResult() },
		umpay.OpPreauthCompleteWithCard: func(e *umpay.Event) (any, error) { return e.PreauthResult() },
		umpay.OpPreauthCancelCompletion: func(e *umpay.Event) (any, error) { return e.PreauthResult() },
		umpay.OpOrderList:               func(e *umpay.Event) (any, error) { return e.OrderListResult() },
	}
	for _, row := range rows() {
		if row.ID == umpay.OpCommandQuery {
			continue
		}
		t.Run(row.ID, func(t *testing.T) {
			terminal, client := start(t)
			s := &shop{terminal: terminal, client: client, day: time.Now(), id: umpay.NewCommandID, n: 1000}
			res, err := s.runs()[row.ID]()(t.Context())
			require.NoError(t, err)
			call := res.CallTicket()

			store := umpay.NewMemoryStore(0)
			url := receive(t, terminal, store)
			posted := terminal.Events(call.Order)
			for _, event := range posted {
				require.Equal(t, http.StatusOK, post(t, terminal, url, event))
			}
			stored := kept(t, store, call.Order)
			require.Len(t, stored, len(posted))
			text, err := json.Marshal(stored)
			require.NoError(t, err)
			for _, secret := range append(row.Secrets, "cardExpiryDate") {
				require.NotContains(t, string(text), secret)
			}

			last := &stored[len(stored)-1]
			require.True(t, last.Ended())
			var notification cnpay.Notification = last
			require.Equal(t, row.Accepted, notification.CallOutcome())
			ticket := notification.CallTicket()
			require.Equal(t, []string{"umpay", call.Account, row.ID, call.Order}, []string{ticket.Provider, ticket.Account, ticket.Operation, ticket.Order})
			require.Equal(t, call.NoMoney, ticket.NoMoney)
			for name, value := range call.Fields {
				require.Equal(t, value, ticket.Fields[name], name)
			}
			for _, secret := range row.Secrets {
				for _, value := range ticket.Fields {
					require.NotContains(t, value, secret)
				}
			}

			// The answer's own result is the event's.
			result, err := read[row.ID](last)
			require.NoError(t, err)
			answer, err := json.Marshal(res)
			require.NoError(t, err)
			var whole struct{ Result json.RawMessage }
			require.NoError(t, json.Unmarshal(answer, &whole))
			own, err := json.Marshal(result)
			require.NoError(t, err)
			require.JSONEq(t, string(own), string(whole.Result))

			for id, other := range read {
				if _, err := other(&umpay.Event{Op: "print"}); err == nil {
					t.Errorf("%s reads the events of others", id)
				}
			}
		})
	}
}

// TestKeys: two events with the same key say the same.
func TestKeys(t *testing.T) {
	keys := map[string]bool{}
	for _, e := range []umpay.Event{{POSSN: "a", ID: "1", Seq: 1}, {POSSN: "a", ID: "1", Seq: 2}, {POSSN: "a", ID: "2", Seq: 1}, {POSSN: "b", ID: "1", Seq: 1}} {
		keys[e.Key()] = true
	}
	require.Len(t, keys, 4)
}

// TestQueryEventsSayWhetherTheyAreAnswers, and their Verdict what the answer says.
func TestQueryEventsSayWhetherTheyAreAnswers(t *testing.T) {
	for _, tt := range []struct {
		op, callback string
		code         string
		call         cnpay.Outcome
		verdict      cnpay.Outcome
	}{
		{"cardQuery", "onPaySuccess", "60040200", cnpay.Answered, cnpay.Succeeded},
		{"cardQuery", "onPayFail", "60040103", cnpay.Answered, cnpay.Failed},
		{"cardQuery", "onPayFail", "60040001", cnpay.Unknown, cnpay.Unknown},
		{"cardQuery", "onPayFail", "61000001", cnpay.Unknown, cnpay.Unknown},
		{"cardQuery", "onQueryError", "60040007", cnpay.Unknown, cnpay.Unknown},
		{"scanQuery", "onPaying", "0", cnpay.Answered, cnpay.Pending},
		{"scanQuery", "onPaying", "60030023", cnpay.Answered, cnpay.Pending},
		{"scanQuery", "onPayFail", "60010007", cnpay.Answered, cnpay.Failed},
		{"scanQuery", "onPayFail", "60010006", cnpay.Unknown, cnpay.Unknown},
		{"scanPayStateQuery", "onPayUnknown", "60010005", cnpay.Unknown, cnpay.Unknown},
		{"scanRefundQuery", "onRefundFail", "60190001", cnpay.Answered, cnpay.Failed},
		{"scanRefundQuery", "onRefundError", "60190012", cnpay.Unknown, cnpay.Unknown},
		{"getOrderList", "onSuccess", "60200200", cnpay.Answered, cnpay.Succeeded},
		{"getOrderList", "onFail", "60200008", cnpay.Unknown, cnpay.Unknown},
		{"getOrderList", "onError", "60200006", cnpay.Unknown, cnpay.Unknown},
	} {
		e := umpay.Event{Op: tt.op, Callback: tt.callback, Result: json.RawMessage(`{"code":` + tt.code + `}`)}
		require.Equal(t, tt.call, e.CallOutcome(), "%s %s %s", tt.op, tt.callback, tt.code)
		require.Equal(t, tt.verdict, e.Verdict().Outcome, "%s %s %s", tt.op, tt.callback, tt.code)
	}
}

// TestCompletionWithoutACardNumber: the app on the terminal fills it in, and none passes through the back-end.
func TestCompletionWithoutACardNumber(t *testing.T) {
	terminal, client := start(t)
	_, authCode, _ := terminal.Numbers(trace)
	res, err := client.Preauth.Complete(t.Context(), &umpay.PreauthCompleteRequest{ID: "1", Amount: 10000, OrderID: "o1",
		OrderDate: time.Now().In(cnpay.Beijing()).Format("0102"), AuthCode: authCode})
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, res.Outcome)
	require.Contains(t, string(terminal.Events("1")[0].Request), umpaytest.Account, "the plugin was called with it")
	require.NotContains(t, string(res.Raw), umpaytest.Account)
}

// TestDumpHidesCards: a dump for support has neither the card number nor the payment code, in the request or the answer.
func TestDumpHidesCards(t *testing.T) {
	var dumps []string
	terminal, client := start(t)
	dump := cnpay.WithDump(dumpTo(&dumps))
	_, authCode, _ := terminal.Numbers(trace)
	_, err := client.Preauth.Complete(t.Context(), &umpay.PreauthCompleteRequest{ID: "1", Amount: 10000, OrderID: "o1",
		OrderDate: time.Now().In(cnpay.Beijing()).Format("0102"), AuthCode: authCode, Account: umpaytest.Account}, dump)
	require.NoError(t, err)
	_, err = client.Scans.PayByCode(t.Context(), &umpay.ScanPayByCodeRequest{ID: "2", Amount: 1, MediaNo: "134579761426152164", GoodsInfo: "a", GoodsDescribe: "b", OrderID: "o2"}, dump)
	require.NoError(t, err)
	terminal.Misbehave(umpay.OpPreauthCreate, cnpaytest.BadSignature) // an answer that is not read is not clean either
	_, err = client.Preauth.Create(t.Context(), &umpay.PreauthCreateRequest{ID: "3", Amount: 1, OrderID: "o3"}, dump)
	require.ErrorIs(t, err, cnpay.ErrSignature)
	require.Len(t, dumps, 3)
	all := strings.Join(dumps, "\n")
	require.NotContains(t, all, umpaytest.Account)
	require.NotContains(t, all, "134579761426152164")
	require.NotContains(t, all, `"2912"`)
	require.Contains(t, all, masked)
}

func dumpTo(dumps *[]string) func(context.Context, cnpay.Dump) {
	return func(_ context.Context, d cnpay.Dump) { *dumps = append(*dumps, d.Request+d.Answer) }
}

// TestReceiverOfOwnOperations stores the events of operations that the program has added.
func TestReceiverOfOwnOperations(t *testing.T) {
	own := umpay.WithOperations(umpay.Operation{ID: "plugin_v1_correct", Method: "correct", Callbacks: umpay.Callbacks{Success: "onCorrectSuccess"}})
	body := strings.NewReplacer("cardPreAuthRever", "correct", "onReverSuccess", "onCorrectSuccess").Replace(goodEvent)
	strict, _ := newReceiver(t)
	require.Equal(t, http.StatusBadRequest, send(strict, "/e", body, "N9000001", "s", time.Now(), newNonce()).Code)
	receiver, store := newReceiver(t, own)
	require.Equal(t, http.StatusOK, send(receiver, "/e", body, "N9000001", "s", time.Now(), newNonce()).Code)
	require.Equal(t, http.StatusBadRequest, send(receiver, "/e", strings.Replace(body, "onCorrectSuccess", "onOther", 1), "N9000001", "s", time.Now(), newNonce()).Code)
	require.Len(t, kept(t, store, "1"), 1)
	require.Equal(t, cnpay.Unknown, umpay.Decide(kept(t, store, "1")).Outcome)
}
