package umpay_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/reconcile"
	"github.com/cnpay-go/cnpay/umpay"
)

func TestReconcile(t *testing.T) {
	terminal, client := start(t)
	terminal.AddSale("000200", "IC", 100)
	terminal.AddSale("000201", "IC", 250)
	res, err := client.Orders.List(t.Context(), today())
	require.NoError(t, err)
	sold := res.Result.TransList
	require.Len(t, sold, 2)

	ledger := []reconcile.Entry{{ID: sold[0].TradeNo, Order: sold[0].OrderID, Kind: umpay.RowSale, Amount: 100}, {ID: sold[1].TradeNo, Amount: 200}}
	found, err := reconcile.Compare(ledger, client.Orders.All(t.Context(), today()))
	require.NoError(t, err)
	require.Equal(t, 1, found.Matched)
	require.Len(t, found.AmountDiffers, 1)
	require.Equal(t, "000201", found.AmountDiffers[0].Bill.UPayTrace)
	require.Empty(t, found.OnlyInBill)
	_, err = reconcile.Compare(ledger, client.Orders.All(t.Context(), nil))
	require.Error(t, err)

	e, err := (&umpay.OrderRow{TradeNo: "t", OrderID: "o", InTime: "2026-09-01 12:00:00", Amount: 100, RefundAmt: 30, OrderState: 2}).Entry()
	require.NoError(t, err)
	require.Equal(t, reconcile.Entry{ID: "t", Order: "o", Kind: umpay.RowRefund, Time: "2026-09-01 12:00:00", Amount: 30}, e)
	for _, state := range []int64{1, 3, 5, 9} {
		_, err = (&umpay.OrderRow{Amount: 100, OrderState: state}).Entry()
		require.ErrorIs(t, err, reconcile.ErrNoMoney)
	}
}
