// Package reconcile compares a merchant's ledger with what a provider lists: the lines of a bill, the pages of a list or,
// where a provider has neither, the answers to a query of each order (see [Queries]).
//
//	found, err := reconcile.Compare(ledger, bill.Records())               // unionpay
//	found, err := reconcile.Compare(ledger, client.Transactions.All(...)) // yuansfer
//	found, err := reconcile.Compare(ledger, file.Rows())                  // umpay/provider, umpay/spay
//	found, err := reconcile.Compare(ledger, client.Orders.All(...))       // umpay
//
// The ledger is a slice of [Entry], or of the merchant's own type that has a method Entry. What a comparison finds is
// evidence for a person: no outcome of an operation is taken from it.
package reconcile

import (
	"errors"
	"iter"
)

// Entry is what is compared of one transaction.
type Entry struct {
	ID       string // the provider's number of the transaction; empty where it is not known
	Order    string // the merchant's number of it
	Kind     string // payment, refund ..., in the words of the provider's lines; may be empty
	Time     string // in the form of the provider's lines; may be empty
	Amount   int64  // in the unit of the provider's lines, without a sign where they have none
	Currency string // empty where the lines have none
}

// Entry returns e, so that a ledger may be a slice of entries.
func (e Entry) Entry() (Entry, error) { return e, nil }

// A Transaction is a row of a ledger or of what a provider lists.
type Transaction interface {
	// Entry returns what is compared of it. It is called several times, and returns the same each time. A row with
	// [ErrNoMoney] is left out, any other error ends the comparison.
	Entry() (Entry, error)
}

// ErrNoMoney is that of a row which is not compared, because no money was moved by it: an order that is not paid, a
// refund that was refused.
var ErrNoMoney = errors.New("reconcile: no money moved")

// A Difference is a transaction that both sides have, with two amounts.
type Difference[L, B any] struct {
	Ledger L
	Bill   B
}

// Result is what a comparison found.
type Result[L, B any] struct {
	Matched       int                // transactions that both sides have, with one amount
	AmountDiffers []Difference[L, B] // in the order of the bill
	OnlyInLedger  []L                // in the order of the ledger
	OnlyInBill    []B                // in the order of the bill
}

// Clean reports whether there is no difference.
func (r *Result[L, B]) Clean() bool {
	return len(r.AmountDiffers)+len(r.OnlyInLedger)+len(r.OnlyInBill) == 0
}

// Compare compares the merchant's own transactions with the provider's lines.
//
// Transactions belong together by ID where both sides have one, else by Order, and never when both sides have a Kind and
// these differ. Where several have the same, amount with currency, time and kind decide, in this order. Each is matched
// once, so a transaction that is duplicated on one side is reported.
//
// Providers' days do not end when the merchant's do: what OnlyInLedger or OnlyInBill holds may be found on the other side
// one day later or earlier, and only what is left then is wrong. Any error of the lines ends the comparison, because half
// a bill would show differences that do not exist.
//
// The ledger is held in memory by the caller; beside it a comparison needs about 16 bytes for each of its rows, and the
// lines that differ. Its time grows with the number of rows and lines alone, whatever they have in common.
func Compare[L, B Transaction](ledger []L, bill iter.Seq2[B, error]) (*Result[L, B], error) {
	m, err := newMatcher(ledger)
	if err != nil {
		return nil, err
	}
	found := &Result[L, B]{}
	// Lines without a row of the same amount wait until the others have taken theirs.
	var left []B
	for line, err := range orNone(bill) {
		var e Entry
		if err == nil {
			e, err = line.Entry()
		}
		switch {
		case errors.Is(err, ErrNoMoney):
		case err != nil:
			return nil, err
		default:
			if i, agreement := m.best(&e); agreement >= sameAmount {
				m.taken[i] = true
				found.Matched++
			} else {
				left = append(left, line)
			}
		}
	}
	for _, line := range left {
		e, err := line.Entry()
		if err != nil {
			return nil, err
		}
		i, agreement := m.best(&e)
		switch {
		case i < 0:
			found.OnlyInBill = append(found.OnlyInBill, line)
			continue
		case agreement >= sameAmount:
			found.Matched++
		default:
			found.AmountDiffers = append(found.AmountDiffers, Difference[L, B]{ledger[i], line})
		}
		m.taken[i] = true
	}
	for i, row := range ledger {
		if !m.taken[i] {
			found.OnlyInLedger = append(found.OnlyInLedger, row)
		}
	}
	return found, nil
}

func orNone[T any](rows iter.Seq2[T, error]) iter.Seq2[T, error] {
	if rows == nil {
		return func(func(T, error) bool) {}
	}
	return rows
}
