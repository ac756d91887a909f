package umpay_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
)

// TestAbsenceWithoutAMemory: a bridge that does not say since when it remembers proves nothing by a 404.
func TestAbsenceWithoutAMemory(t *testing.T) {
	for _, body := range []string{`{}`, `{"since":""}`, `{"since":"2026-01-01"}`} {
		client := answered(t, http.StatusNotFound, body)
		ticket, err := client.Ticket(about())
		require.NoError(t, err)
		ticket.Began, ticket.Until = time.Now().Add(-time.Hour), time.Now().Add(-50*time.Minute)
		settled, err := client.Settle(t.Context(), ticket, quick(1))
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
		require.False(t, settled.SendAgain)
	}
}

// TestRowsThatAreNotTheSale: a row of the order list decides only for the very sale.
func TestRowsThatAreNotTheSale(t *testing.T) {
	for name, change := range map[string]func(map[string]any){
		"the sale":         func(map[string]any) {},
		"another order":    func(r map[string]any) { r["orderid"] = "o2" },
		"another terminal": func(r map[string]any) { r["posSN"] = "N9000002" },
		"a refund":         func(r map[string]any) { r["refundamt"] = "1" },
		"voided":           func(r map[string]any) { r["orderstate"] = 5 },
		"another amount":   func(r map[string]any) { r["amount"] = "9999" },
	} {
		t.Run(name, func(t *testing.T) {
			terminal, client := start(t)
			terminal.Misbehave(umpay.OpCardPay, umpaytest.Undecided)
			res, err := client.Cards.Pay(t.Context(), &umpay.CardPayRequest{ID: "1", Amount: 10000, OrderID: "o1"})
			require.Error(t, err)
			row := map[string]any{"orderid": "o1", "posSN": "N9000001", "refundamt": "0", "orderstate": 2, "amount": "10000"}
			change(row)
			terminal.Handle("getOrderList", func(json.RawMessage) (string, any) {
				return "onSuccess", map[string]any{"code": 60200200, "transList": []any{row}}
			})
			settled, err := client.Settle(t.Context(), cnpay.TicketOf(res, err), quick(1))
			want := cnpay.Unknown
			if name == "the sale" {
				want = cnpay.Succeeded
			}
			require.Equal(t, want, cnpay.OutcomeOf(settled, err))
		})
	}
}

// TestARefundIsAskedForByItsOwnNumbers: without them the plugin's query could find an earlier refund of the same sale.
func TestARefundIsAskedForByItsOwnNumbers(t *testing.T) {
	for name, tt := range map[string]struct {
		void   bool
		result map[string]any
		asked  bool
	}{
		"own voucher and number":           {false, map[string]any{"code": 60050024, "uPayTrace": "900001", "tradeNo": "1"}, true},
		"only the number":                  {false, map[string]any{"code": 60050024, "tradeNo": "1"}, false},
		"only the voucher":                 {false, map[string]any{"code": 60050024, "uPayTrace": "900001"}, false},
		"a void, by the sale's voucher":    {true, map[string]any{"code": 60050024, "tradeNo": "1"}, true},
		"a void of which nothing is known": {true, map[string]any{"code": 60050024}, false},
	} {
		t.Run(name, func(t *testing.T) {
			terminal, client := start(t)
			unknown := func(json.RawMessage) (string, any) { return "onRefundUnknown", tt.result }
			terminal.Handle("scanRefund", unknown)
			terminal.Handle("scanRevoke", unknown)
			terminal.Handle("scanRefundQuery", func(json.RawMessage) (string, any) {
				return "onRefundSuccess", map[string]any{"code": 60190200, "amount": "10000"}
			})
			var res cnpay.Result
			var err error
			if tt.void {
				res, err = client.Scans.Void(t.Context(), &umpay.ScanVoidRequest{ID: "1", Amount: 10000, UPayTrace: "000200", PayType: umpay.WeChat})
			} else {
				res, err = client.Scans.Refund(t.Context(), &umpay.ScanRefundRequest{ID: "1", Amount: 10000, UPayTrace: "000200", PayType: umpay.WeChat, OrderDate: "0102"})
			}
			require.ErrorIs(t, err, cnpay.ErrUndecided)
			settled, err := client.Settle(t.Context(), cnpay.TicketOf(res, err), quick(1))
			require.Equal(t, tt.asked, cnpay.OutcomeOf(settled, err) == cnpay.Succeeded, "%v", err)
		})
	}
}

// TestVoucherOfTheMerchant: a sale by code can be asked for by the merchant's voucher number.
func TestVoucherOfTheMerchant(t *testing.T) {
	terminal, client := start(t)
	terminal.Handle("scanPay", func(json.RawMessage) (string, any) {
		return "onPayUnknown", map[string]any{"code": 60010103, "payType": "WX"}
	})
	for voucher, outcome := range map[string]cnpay.Outcome{"000777": cnpay.Succeeded, "000778": cnpay.Unknown} {
		terminal.Handle("scanQuery", func(request json.RawMessage) (string, any) {
			require.Contains(t, string(request), `"paySeq":"000777"`)
			return "onPaySuccess", map[string]any{"code": 60010200, "payAmount": "1", "uPayTrace": voucher}
		})
		res, err := client.Scans.PayByCode(t.Context(), &umpay.ScanPayByCodeRequest{ID: umpay.NewCommandID(), Amount: 1, MediaNo: "1",
			GoodsInfo: "a", GoodsDescribe: "b", OrderID: umpay.NewOrderID("N9000001", time.Now()), UPayTrace: "000777"})
		require.ErrorIs(t, err, cnpay.ErrUndecided)
		settled, err := client.Settle(t.Context(), cnpay.TicketOf(res, err), quick(1))
		require.Equal(t, outcome, cnpay.OutcomeOf(settled, err))
	}
}

// TestPaidAmountOfACode is between nothing and what was asked for.
func TestPaidAmountOfACode(t *testing.T) {
	for amount, outcome := range map[string]cnpay.Outcome{
		"-1": cnpay.Unknown, "0": cnpay.Succeeded, "9999": cnpay.Succeeded, "10000": cnpay.Succeeded, "10001": cnpay.Unknown,
	} {
		e := umpay.Event{Op: "scanPay", Callback: "onPaySuccess", Request: []byte(`{"amount":10000}`), Result: []byte(`{"code":60010200,"payAmount":"` + amount + `"}`)}
		require.Equal(t, outcome, e.Verdict().Outcome, amount)
	}
}

// TestLearned: a ticket takes numbers of an operation's end, and none that are no numbers.
func TestLearned(t *testing.T) {
	e := umpay.Event{Op: "cardPay", Callback: "onPaySuccess", Result: []byte(`{"uPayTrace":"1","paySeq":"` + strings.Repeat("x", 65) + `"}`)}
	require.Equal(t, map[string]string{"result.uPayTrace": "1"}, e.CallTicket().Fields)
	e.Callback = "onProgressUpdate"
	require.Empty(t, e.CallTicket().Fields)
}

// TestOwnRequestsAreChecked: a command has a number, and the plugin's amounts have 32 bits.
func TestOwnRequestsAreChecked(t *testing.T) {
	terminal, client := start(t)
	type answer struct{ umpay.Response }
	_, err := umpay.Do[answer](t.Context(), client, umpay.Operation{ID: "x", Method: "x"}, &struct {
		Amount int64 `json:"amount" spec:"M N"`
	}{1})
	require.ErrorContains(t, err, "invalid request: id is required")
	_, err = client.Scans.Refund(t.Context(), &umpay.ScanRefundRequest{ID: "1", Amount: 1, RfAmount: 1 << 31, UPayTrace: "1", PayType: umpay.WeChat, OrderDate: "0102"})
	require.ErrorContains(t, err, "invalid request: rfAmount must be at most 2147483647")
	require.Zero(t, terminal.Received("x")+terminal.Received(umpay.OpScanRefund))
}

// TestEvidenceIsNotAskedAboutARefusal: what a query of the plugin has decided stays.
func TestEvidenceIsNotAskedAboutARefusal(t *testing.T) {
	terminal, _ := start(t)
	config := terminal.Config()
	config.Evidence = evidence(func(cnpay.Ticket) (cnpay.Verdict, error) { return cnpay.Verdict{Outcome: cnpay.Succeeded}, nil })
	client, err := umpay.New(config)
	require.NoError(t, err)
	terminal.Misbehave(umpay.OpCardPay, umpaytest.Unclear)
	terminal.Handle("cardQuery", func(json.RawMessage) (string, any) { return "onPayFail", map[string]any{"code": 60040103} })
	res, err := client.Cards.Pay(t.Context(), &umpay.CardPayRequest{ID: "1", Amount: 10000, OrderID: "o1"})
	require.Error(t, err)
	settled, err := client.Settle(t.Context(), cnpay.TicketOf(res, err), quick(1))
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(settled, err))
}
