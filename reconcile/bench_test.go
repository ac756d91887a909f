package reconcile_test

import (
	"strconv"
	"testing"

	"github.com/cnpay-go/cnpay/internal/bench"
	"github.com/cnpay-go/cnpay/reconcile"
)

// BenchmarkOneOrder compares 16,000 lines of one order number with as many of numbers of their own, which is the floor.
func BenchmarkOneOrder(b *testing.B) {
	const n = 16_000
	one, many := make([]entry, n), make([]entry, n)
	for i := range n {
		one[i] = entry{Order: "o", Amount: int64(i)}
		many[i] = entry{Order: strconv.Itoa(i), Amount: int64(i)}
	}
	compare := func(rows []entry) func() {
		return func() {
			if found, err := reconcile.Compare(rows, list(rows...)); err != nil || found.Matched != n {
				b.Fatal(err, found)
			}
		}
	}
	bench.Ratio(b, 1, compare(many), compare(one))
}
