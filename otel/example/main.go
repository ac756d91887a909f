// Example joins telemetry and journal in one merchant: an order is revoked, the answer is lost, the journal settles it, and
// each step is a span. It plays the gateway too.
//
//	cd otel/example && go run .
//	OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 go run . # to a collector
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/journal"
	cnpayotel "github.com/cnpay-go/cnpay/otel"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
)

const order = "7654321132"

func main() {
	if len(os.Args) > 1 {
		fmt.Fprintln(os.Stderr, "usage: example\n\nShows a lost answer and its settlement as spans and metrics. It takes no arguments; with "+
			"OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 they go to a collector.")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	gateway := upaytest.NewServer()
	defer gateway.Close()
	gateway.AddOrder(order, 10000)
	gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)

	tracers, meters, err := exporters(ctx)
	if err != nil {
		return err
	}
	telemetry, err := cnpayotel.New(cnpayotel.Config{TracerProvider: tracers, MeterProvider: meters})
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "cnpay-otel")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	db, err := journal.OpenSQLite(filepath.Join(folder, "journal.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	var client *upay.Client
	j, err := journal.New(db, journal.SQLite, journal.Config{
		Client: func(cnpay.Ticket) (cnpay.Settler, error) { return telemetry.Settler(client), nil },
	})
	if err != nil {
		return err
	}
	if err := j.Migrate(ctx); err != nil {
		return err
	}
	client, err = upay.New(gateway.Config(), cnpay.WithRecorder(telemetry), cnpay.WithRecorder(cnpayotel.Traced(j)))
	if err != nil {
		return err
	}
	if _, err := telemetry.ObserveOpen(openEntries(j)); err != nil {
		return err
	}

	asked, request := tracers.Tracer("shop").Start(ctx, "POST /orders/{id}/revoke") // what an HTTP server's middleware makes
	res, err := client.Orders.Revoke(asked, &upay.OrderRevokeRequest{ClientSN: order})
	fmt.Printf("-- revoke: %v\n", cnpay.OutcomeOf(res, err))
	request.End()
	if err := meters.ForceFlush(ctx); err != nil {
		return err
	}

	settling, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- j.Run(settling) }()
	for stats := (journal.Stats{Open: 1}); stats.Open > 0 && ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		if stats, err = j.Stats(ctx); err != nil {
			break
		}
	}
	stop()
	fmt.Println("-- settled")
	return errors.Join(ctx.Err(), err, <-ended, tracers.Shutdown(ctx), meters.Shutdown(ctx))
}

// openEntries is the journal's open entries as the gauge has them: of all accounts together, as metrics must stay few.
func openEntries(j *journal.Journal) func(context.Context) ([]cnpayotel.Open, error) {
	return func(ctx context.Context) ([]cnpayotel.Open, error) {
		counts, err := j.OpenByAge(ctx)
		var rows []cnpayotel.Open
		for _, c := range counts {
			rows = append(rows, cnpayotel.Open{Provider: c.Provider, Operation: c.Operation, Under: c.Under, Count: c.Count})
		}
		return rows, err
	}
}

// exporters send to the collector that the environment names, or print.
func exporters(ctx context.Context) (*sdktrace.TracerProvider, *sdkmetric.MeterProvider, error) {
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" {
		return sdktrace.NewTracerProvider(sdktrace.WithSyncer(printer{})),
			sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(printer{}))), nil
	}
	spans, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, nil, err
	}
	metrics, err := otlpmetrichttp.New(ctx)
	if err != nil {
		return nil, nil, err
	}
	return sdktrace.NewTracerProvider(sdktrace.WithBatcher(spans)),
		sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(metrics))), nil
}
