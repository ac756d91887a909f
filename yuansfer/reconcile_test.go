package yuansfer_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/reconcile"
	"github.com/cnpay-go/cnpay/yuansfer"
)

func TestReconcile(t *testing.T) {
	gateway, client := start(t)
	day := time.Date(2026, 9, 1, 12, 0, 0, 0, cnpay.Beijing())
	gateway.SetClock(func() time.Time { return day })
	gateway.AddPayment("shop1", "1.25", "USD")
	gateway.AddPayment("shop2", "2.50", "USD")
	gateway.AddPayment("shop3", "3.00", "USD")
	period := yuansfer.Period{StartDate: "20260901", EndDate: "20260901"}

	var ledger []reconcile.Entry
	for reference, amount := range map[string]string{"shop1": "1.25", "shop2": "2.5", "shop4": "4"} {
		units, err := yuansfer.Units(amount)
		require.NoError(t, err)
		ledger = append(ledger, reconcile.Entry{Order: reference, Kind: "payment", Amount: units, Currency: "USD"})
	}
	found, err := reconcile.Compare(ledger, client.Transactions.All(t.Context(), &yuansfer.TransactionListRequest{Period: period}))
	require.NoError(t, err)
	require.Equal(t, 2, found.Matched)
	require.Len(t, found.OnlyInLedger, 1)
	require.Equal(t, "shop4", found.OnlyInLedger[0].Order)
	require.Len(t, found.OnlyInBill, 1)
	require.Equal(t, "shop3", found.OnlyInBill[0].Reference)

	// What no document describes is read by whoever knows it.
	clearings := client.Clearings.All(t.Context(), &yuansfer.ClearingListRequest{Period: period})
	paid, err := reconcile.Compare([]reconcile.Entry{{Order: "20260901", Amount: 67500}}, reconcile.Rows(clearings, func(item json.RawMessage) (reconcile.Entry, error) {
		var c struct{ SettleDate, SettleAmount string }
		if err := json.Unmarshal(item, &c); err != nil {
			return reconcile.Entry{}, err
		}
		units, err := yuansfer.Units(c.SettleAmount)
		return reconcile.Entry{Order: c.SettleDate, Amount: units}, err
	}))
	require.NoError(t, err)
	require.Equal(t, 1, paid.Matched)
}

func TestTransactionEntry(t *testing.T) {
	of := func(status, amount string) yuansfer.Transaction {
		return yuansfer.Transaction{
			Order:           yuansfer.Order{Amount: amount, Currency: "USD", Reference: "r", TransactionNo: "n"},
			TransactionType: "refund", TransactionStatus: status, PaymentTime: "2026-09-01 12:00:00",
		}
	}
	e, err := of(yuansfer.StatusSuccess, "20.00").Entry()
	require.NoError(t, err)
	require.Equal(t, reconcile.Entry{ID: "n", Order: "r", Kind: "refund", Time: "2026-09-01 12:00:00", Amount: 200000, Currency: "USD"}, e)
	for _, status := range []string{yuansfer.StatusInit, yuansfer.StatusDealing, yuansfer.StatusPending, yuansfer.StatusFailed, yuansfer.StatusClosed} {
		_, err = of(status, "20.00").Entry()
		require.ErrorIs(t, err, reconcile.ErrNoMoney)
	}
	found, err := reconcile.Compare([]yuansfer.Transaction{of("success", "1")}, func(yield func(yuansfer.Transaction, error) bool) { yield(of("", "1"), nil) })
	require.NoError(t, err)
	require.Len(t, found.OnlyInBill, 1, "nobody knows what it is")
	require.Len(t, found.OnlyInLedger, 1)
	for _, amount := range []string{"", "x", "-1", "1.23456", "1e3", " 1"} {
		_, err = of(yuansfer.StatusSuccess, amount).Entry()
		require.ErrorIs(t, err, cnpay.ErrMalformed, amount)
	}
}
