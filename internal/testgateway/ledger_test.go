package testgateway_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/internal/testgateway"
)

func TestLedger(t *testing.T) {
	var l testgateway.Ledger
	do := func(m testgateway.Movement, r testgateway.Refusal) testgateway.Refusal { return r }
	left := func(number string) int64 {
		m, ok := l.Find(number)
		require.True(t, ok)
		return m.Left()
	}

	require.Empty(t, do(l.Pay(testgateway.Payment, "p", 100, nil)))
	require.Equal(t, testgateway.Duplicate, do(l.Pay(testgateway.Payment, "p", 100, nil)))
	require.Equal(t, testgateway.TooMuch, do(l.Refund("r0", "p", 101, nil)))
	require.Empty(t, do(l.Refund("r1", "p", 60, nil)))
	require.Equal(t, testgateway.Duplicate, do(l.Refund("r1", "p", 40, nil)))
	require.Equal(t, testgateway.WrongState, do(l.Undo(testgateway.Void, "v", "p", 0, nil)))
	require.Empty(t, do(l.Refund("r2", "p", 40, nil)))
	require.Equal(t, testgateway.TooMuch, do(l.Refund("r3", "p", 1, nil)))
	require.Zero(t, left("p"))

	require.Empty(t, do(l.Pay(testgateway.Payment, "q", 100, nil)))
	require.Equal(t, testgateway.WrongAmount, do(l.Undo(testgateway.Void, "v", "q", 99, nil)))
	require.Equal(t, testgateway.NoOrder, do(l.Undo(testgateway.Cancel, "v", "q", 100, nil)), "a payment is no hold")
	require.Empty(t, do(l.Undo(testgateway.Void, "v", "q", 100, nil)))
	require.Equal(t, testgateway.WrongState, do(l.Undo(testgateway.Void, "v2", "q", 100, nil)))
	require.Equal(t, testgateway.WrongState, do(l.Refund("r4", "q", 1, nil)))
	require.Equal(t, testgateway.NoOrder, do(l.Refund("r4", "none", 1, nil)))
	require.Zero(t, left("q"))

	require.Empty(t, do(l.Pay(testgateway.Hold, "h", 1000, nil)))
	require.Equal(t, testgateway.TooMuch, do(l.Complete("c", "h", 1001, 0, nil)))
	require.Empty(t, do(l.Complete("c", "h", 1150, 115, nil)))
	require.Equal(t, testgateway.WrongState, do(l.Complete("c2", "h", 1, 0, nil)))
	require.Equal(t, testgateway.WrongState, do(l.Undo(testgateway.Cancel, "x", "h", 0, nil)), "it is completed")
	require.Empty(t, do(l.Undo(testgateway.Undo, "u", "c", 1150, nil)))
	require.Empty(t, do(l.Complete("c3", "h", 1000, 0, nil)), "the hold stands again")
	require.Empty(t, do(l.Undo(testgateway.Undo, "u2", "c3", 0, nil)))
	require.Empty(t, do(l.Undo(testgateway.Cancel, "x", "h", 1000, nil)))

	require.Empty(t, do(l.Open(testgateway.Payment, "o", 5, "note")))
	require.Equal(t, testgateway.WrongState, do(l.Refund("r5", "o", 5, nil)))
	require.Empty(t, do(l.Paid("o")))
	require.Equal(t, testgateway.WrongState, do(l.Close("o")))
	require.Empty(t, do(l.Reverse("o")))
	require.Equal(t, testgateway.WrongState, do(l.Reverse("o")))
	require.Equal(t, testgateway.NoOrder, do(l.Reverse("none")))
	o, _ := l.Find("o")
	require.Equal(t, "note", o.Note)
	require.False(t, o.At.IsZero())

	require.Empty(t, do(l.Open(testgateway.Payment, "unpaid", 5, nil)))
	require.Empty(t, do(l.Close("unpaid")))
	require.Equal(t, testgateway.WrongState, do(l.Paid("unpaid")))
}

func TestLedgerGivesBackOnce(t *testing.T) {
	var l testgateway.Ledger
	l.Pay(testgateway.Payment, "p", 100, nil)
	var given atomic.Int64
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			if _, refusal := l.Refund(string(rune('a'+i)), "p", 30, nil); refusal == "" {
				given.Add(30)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 90, given.Load())
}
