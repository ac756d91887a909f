package cnpayotel

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/cnpay-go/cnpay"
)

var _ cnpay.Recorder = (*Recorder)(nil)

// Open is how many entries of a journal, of one provider and one age, have no final outcome.
type Open struct {
	Provider string
	Age      string // one of a few names, the caller's: "under 1m", "1m to 1h", "over 1h"
	Count    int64
}

// ObserveOpen makes the gauge cnpay.entries.open of what a journal's function returns whenever metrics are collected.
// Rows of the same provider and age are added up; a provider and age that should be seen as 0, and not as missing, is a row
// with the count 0. Replicas of one journal all report the same entries: look at the largest, not at the sum. After an
// error nothing is reported that time. The registration ends it.
func (r *Recorder) ObserveOpen(open func(context.Context) ([]Open, error)) (metric.Registration, error) {
	gauge, err := r.meter.Int64ObservableGauge("cnpay.entries.open", metric.WithUnit("{entry}"),
		metric.WithDescription("Entries of the journal without a final outcome, by age."))
	if err != nil {
		return nil, fmt.Errorf("cnpay: metrics: %w", err)
	}
	return r.meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		rows, err := open(ctx)
		if err != nil {
			return fmt.Errorf("cnpay: open entries: %w", err)
		}
		sums := map[attribute.Set]int64{}
		for _, row := range rows {
			sums[attribute.NewSet(providerKey.String(row.Provider), ageKey.String(text(row.Age)))] += row.Count
		}
		for set, sum := range sums {
			o.ObserveInt64(gauge, sum, metric.WithAttributeSet(set))
		}
		return nil
	}, gauge)
}
