package yuansfer

import (
	"fmt"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/reconcile"
)

// Entry returns what is compared of the transaction: transactionNo, reference, transactionType, paymentTime, and the amount
// in [Units] with its currency. One that is not final, or that has failed, is a [reconcile.ErrNoMoney]. One in a state that
// no document has belongs to no row of a ledger.
//
// The lists of clearings and withdrawals have items that no document describes: see [reconcile.Rows].
func (t Transaction) Entry() (reconcile.Entry, error) {
	e := reconcile.Entry{Kind: t.TransactionType, Time: t.PaymentTime, Currency: t.Currency}
	switch t.TransactionStatus {
	case StatusSuccess:
		e.ID, e.Order = t.TransactionNo, t.Reference
	case StatusInit, StatusDealing, StatusPending, StatusFailed, StatusClosed:
		return e, reconcile.ErrNoMoney
	}
	var err error
	e.Amount, err = Units(t.Amount)
	return e, err
}

// Units is a decimal amount in ten-thousandths of the currency's major unit, as [Transaction.Entry] has it: "20.00" is
// 200000, in every currency.
func Units(amount string) (int64, error) {
	n, ok := units(amount)
	if !ok || amount == "" {
		return 0, fmt.Errorf("yuansfer: %w: amount is no decimal text", cnpay.ErrMalformed)
	}
	return n, nil
}
