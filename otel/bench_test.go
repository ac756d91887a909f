package cnpayotel_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/cnpay-go/cnpay"
	cnpayotel "github.com/cnpay-go/cnpay/otel"
	"github.com/cnpay-go/cnpay/upay"
)

// canned refuses everything without a network, so that what a recorder costs is not lost in what a network does.
func canned(*http.Request) (*http.Response, error) {
	const answer = `{"result_code":"400","error_code":"INVALID_PARAMS","error_message":"no"}`
	return &http.Response{
		StatusCode: http.StatusOK, ContentLength: int64(len(answer)), Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)),
	}, nil
}

// nowhere is an exporter that a batching processor hands its spans to.
type nowhere struct{}

func (nowhere) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }
func (nowhere) Shutdown(context.Context) error                             { return nil }

// BenchmarkCall is a call that no network slows down, with and without.
func BenchmarkCall(b *testing.B) {
	tracers := sdktrace.NewTracerProvider(sdktrace.WithBatcher(nowhere{}))
	defer func() { _ = tracers.Shutdown(b.Context()) }()
	unsampled := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	for _, bb := range []struct {
		name   string
		config *cnpayotel.Config
	}{
		{"none", nil},
		{"nil-providers", &cnpayotel.Config{}},
		{"metrics", &cnpayotel.Config{MeterProvider: meters}},
		{"spans-not-sampled", &cnpayotel.Config{TracerProvider: unsampled}},
		{"spans-and-metrics", &cnpayotel.Config{TracerProvider: tracers, MeterProvider: meters}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			opts := []cnpay.Option{cnpay.WithHTTPClient(&http.Client{Transport: transport(canned)})}
			if bb.config != nil {
				r, err := cnpayotel.New(*bb.config)
				require.NoError(b, err)
				opts = append(opts, cnpay.WithRecorder(r))
			}
			client, err := upay.New(upay.Config{TerminalSN: "00101010029201012912", TerminalKey: "7e57c0de7e57c0de7e57c0de7e57c0de"}, opts...)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				if _, outcome := revoke(b.Context(), client); outcome != cnpay.Failed {
					b.Fatal(outcome)
				}
			}
		})
	}
}
