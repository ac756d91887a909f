package main

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// printer is an exporter of both spans and metrics, one line each.
type printer struct{}

func (printer) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, s := range spans {
		trace := s.SpanContext().TraceID().String()[:4]
		for _, link := range s.Links() {
			trace += " link to " + link.SpanContext.TraceID().String()[:4]
		}
		attributes := attribute.NewSet(s.Attributes()...)
		fmt.Printf("span    trace %s  %s  %s  %s\n", trace, s.Name(), s.Status().Code, attributes.Encoded(attribute.DefaultEncoder()))
	}
	return nil
}

func (printer) Export(_ context.Context, all *metricdata.ResourceMetrics) error {
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			show := func(set attribute.Set, value any) {
				fmt.Printf("metric  %s{%s} %v\n", m.Name, set.Encoded(attribute.DefaultEncoder()), value)
			}
			switch data := m.Data.(type) {
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					show(p.Attributes, fmt.Sprintf("%d in %.3f s", p.Count, p.Sum))
				}
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					show(p.Attributes, p.Value)
				}
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					show(p.Attributes, p.Value)
				}
			}
		}
	}
	return nil
}

func (printer) Temporality(k sdkmetric.InstrumentKind) metricdata.Temporality {
	return sdkmetric.DefaultTemporalitySelector(k)
}

func (printer) Aggregation(k sdkmetric.InstrumentKind) sdkmetric.Aggregation {
	return sdkmetric.DefaultAggregationSelector(k)
}

func (printer) ForceFlush(context.Context) error { return nil }
func (printer) Shutdown(context.Context) error   { return nil }
