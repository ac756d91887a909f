package reconcile

import (
	"errors"
	"iter"
)

// A Row is a row of a type that has no method Entry.
type Row[R any] struct {
	Row R

	entry Entry
}

// Entry returns what was read of the row.
func (r Row[R]) Entry() (Entry, error) { return r.entry, nil }

// Rows reads rows of a type that has no method Entry, such as lists whose items no document describes. Rows for which read
// returns [ErrNoMoney] are left out.
func Rows[R any](rows iter.Seq2[R, error], read func(R) (Entry, error)) iter.Seq2[Row[R], error] {
	return func(yield func(Row[R], error) bool) {
		for row, err := range orNone(rows) {
			var e Entry
			if err == nil {
				e, err = read(row)
			}
			if errors.Is(err, ErrNoMoney) {
				continue
			}
			if !yield(Row[R]{row, e}, err) {
				return
			}
		}
	}
}

// Queries are the answers about each of a ledger's own orders, for providers that have no bill and no list (upay,
// chinaums). An ask that returns [ErrNoMoney] leaves the order out, and so to OnlyInLedger; any other error is the last.
//
// An ask is a query of the client's, or its Settle from a stored ticket.
//
// The queries are made one after the other, when the answers are taken. To have several at a time, compare parts of the
// ledger at the same time: nothing in one part concerns another. What nobody asks about is not found, so nothing
// is ever OnlyInBill but an answer about another order.
func Queries[L, R any](ledger []L, ask func(L) (R, error)) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		for _, row := range ledger {
			answer, err := ask(row)
			if errors.Is(err, ErrNoMoney) {
				continue
			}
			if !yield(answer, err) || err != nil {
				return
			}
		}
	}
}
