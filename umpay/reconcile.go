package umpay

import "github.com/cnpay-go/cnpay/reconcile"

// What a row of a list is, as [OrderRow.Entry] has it. The plugin has no word for it.
const (
	RowSale   = "sale"
	RowRefund = "refund"
)

// Entry returns what is compared of the row: tradeno, orderid, intime, and the amount of the sale or of the refund. A row
// that says it is not [OrderDone] is a [reconcile.ErrNoMoney]; most rows do not say it, so list only those.
func (r *OrderRow) Entry() (reconcile.Entry, error) {
	const unsaid, done = 0, 2
	if r.OrderState != unsaid && r.OrderState != done {
		return reconcile.Entry{}, reconcile.ErrNoMoney
	}
	e := reconcile.Entry{ID: r.TradeNo, Order: r.OrderID, Kind: RowSale, Time: r.InTime, Amount: r.Amount}
	if r.RefundAmt > 0 {
		e.Kind, e.Amount = RowRefund, r.RefundAmt
	}
	return e, nil
}
