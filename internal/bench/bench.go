// Package bench compares what this module does with the least that anyone could do, in one run.
//
// A machine's speed drifts, a ratio taken in alternating rounds does not: each benchmark reports, as "x-floor", the
// median over its rounds of its own time divided by the floor's.
//
//	go test -run '^$' -bench . ./internal/bench ./unionpay ./chinaums ./upay ./yuansfer ./sign ./reconcile
package bench

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// Ratio runs floor and ours in alternating rounds, from the given number of goroutines, and reports how much longer
// ours takes and what it allocates.
func Ratio(b *testing.B, goroutines int, floor, ours func()) {
	b.Helper()
	const round = 100 * time.Millisecond        // long enough for new goroutines to have grown their stacks
	n := max(calls(round, floor)/goroutines, 1) // per goroutine and round
	rounds(b, goroutines, n, floor, ours)
	b.ReportMetric(testing.AllocsPerRun(100, ours), "allocs/call")
	b.ReportMetric(testing.AllocsPerRun(100, floor), "floor-allocs/call")
}

// Long is Ratio for what takes a second or so: each round is one call, and its allocations are not counted.
func Long(b *testing.B, floor, ours func()) {
	b.Helper()
	rounds(b, 1, 1, floor, ours)
}

func rounds(b *testing.B, goroutines, n int, floor, ours func()) {
	b.Helper()
	var ratios, times []float64
	for b.Loop() {
		before := spend(goroutines, n, floor)
		mine := spend(goroutines, n, ours)
		after := spend(goroutines, n, floor)
		ratios = append(ratios, 2*mine.Seconds()/(before+after).Seconds())
		times = append(times, mine.Seconds()*1e9/float64(n*goroutines))
	}
	b.ReportMetric(median(ratios), "x-floor")
	b.ReportMetric(median(times), "ns/call")
	b.ReportMetric(0, "ns/op") // of a whole round: says nothing
}

// calls is how many calls fill a round.
func calls(round time.Duration, f func()) int {
	f()
	n := 0
	for begun := time.Now(); time.Since(begun) < round; n++ {
		f()
	}
	return n
}

func spend(goroutines, n int, f func()) time.Duration {
	begun := time.Now()
	if goroutines == 1 {
		for range n {
			f()
		}
		return time.Since(begun)
	}
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range n {
				f()
			}
		})
	}
	wg.Wait()
	return time.Since(begun)
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}
