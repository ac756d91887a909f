package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/journal"
	cnpayotel "github.com/cnpay-go/cnpay/otel"
)

// endpoint is the environment variable of OpenTelemetry that names a collector. The exporters read the others themselves:
// headers, intervals, certificates.
const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"

// telemetry is what the clients and the settlers get so that a collector sees them: nothing but the journal where the
// environment names none.
type telemetry struct {
	recorders []cnpay.Option
	settler   func(cnpay.Settler) cnpay.Settler
	flush     func(context.Context) // sends what is left
}

func newTelemetry(ctx context.Context, j *journal.Journal, instance string, log *slog.Logger) (telemetry, error) {
	collector := os.Getenv(endpoint)
	if collector == "" {
		return telemetry{
			recorders: []cnpay.Option{cnpay.WithRecorder(j)},
			settler:   func(s cnpay.Settler) cnpay.Settler { return s },
			flush:     func(context.Context) {},
		}, nil
	}
	if u, err := url.Parse(collector); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return telemetry{}, fmt.Errorf("%s: want the address of a collector, such as http://127.0.0.1:4318", endpoint)
	}
	report := func(err error) { // and money moves all the same
		if !errors.Is(err, context.Canceled) { // by the graceful stop, which sends it again
			log.Warn("telemetry", "error", err)
		}
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(report))
	spans, noSpans := otlptracehttp.New(ctx)
	metrics, noMetrics := otlpmetrichttp.New(ctx)
	// Nothing of the process: its arguments may have the database's password.
	self, noSelf := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(semconv.ServiceName("merchant"), semconv.ServiceInstanceID(instance)), resource.WithFromEnv())
	if err := errors.Join(noSpans, noMetrics, noSelf); err != nil {
		return telemetry{}, fmt.Errorf("telemetry: %w", err)
	}
	tracers := sdktrace.NewTracerProvider(sdktrace.WithBatcher(spans), sdktrace.WithResource(self))
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(metrics)), sdkmetric.WithResource(self))
	recorder, err := cnpayotel.New(cnpayotel.Config{TracerProvider: tracers, MeterProvider: meters})
	if err != nil {
		return telemetry{}, err
	}
	_, err = recorder.ObserveOpen(func(ctx context.Context) ([]cnpayotel.Open, error) {
		counts, err := j.OpenByAge(ctx)
		var rows []cnpayotel.Open
		for _, c := range counts {
			rows = append(rows, cnpayotel.Open{Provider: c.Provider, Operation: c.Operation, Under: c.Under, Count: c.Count})
		}
		return rows, err
	})
	return telemetry{
		recorders: []cnpay.Option{cnpay.WithRecorder(recorder), cnpay.WithRecorder(cnpayotel.Traced(j))},
		settler:   recorder.Settler,
		flush: func(ctx context.Context) {
			ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			if err := errors.Join(tracers.Shutdown(ctx), meters.Shutdown(ctx)); err != nil {
				report(err)
			}
		},
	}, err
}
