package cnpayotel

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Open is how many entries of a journal, of one operation and one age, have no final outcome.
type Open struct {
	Provider, Operation string
	// Under is the age that they have not reached, one of a few; 0 for those that have reached the last of these.
	Under time.Duration
	Count int64
}

// age is how the gauge names an age: "under 10m", "older".
func (o Open) age() string {
	if o.Under == 0 {
		return "older"
	}
	short := o.Under.String()
	for _, zero := range []string{"m0s", "h0m"} { // 1h0m0s is 1h
		if strings.HasSuffix(short, zero) {
			short = short[:len(short)-2]
		}
	}
	return "under " + short
}

// ObserveOpen makes the gauge cnpay.entries.open of what a journal's function returns whenever metrics are collected.
// Rows of the same provider, operation and age are added up; what there was once and is no longer is 0. Replicas of one
// journal all report the same entries: look at the largest, not at the sum. After an error nothing is reported that time.
// The registration ends it.
func (r *Recorder) ObserveOpen(open func(context.Context) ([]Open, error)) (metric.Registration, error) {
	gauge, err := r.meter.Int64ObservableGauge("cnpay.entries.open", metric.WithUnit("{entry}"),
		metric.WithDescription("Entries of the journal without a final outcome, by age."))
	if err != nil {
		return nil, fmt.Errorf("cnpay: metrics: %w", err)
	}
	var mu sync.Mutex // a provider with two readers may collect for both at once
	sums := map[attribute.Set]int64{}
	return r.meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		rows, err := open(ctx)
		if err != nil {
			return fmt.Errorf("cnpay: open entries: %w", err)
		}
		mu.Lock()
		defer mu.Unlock()
		for set := range sums {
			sums[set] = 0
		}
		for _, row := range rows {
			sums[attribute.NewSet(providerKey.String(row.Provider), operationKey.String(row.Operation), ageKey.String(row.age()))] += row.Count
		}
		for set, sum := range sums {
			o.ObserveInt64(gauge, sum, metric.WithAttributeSet(set))
		}
		return nil
	}, gauge)
}
