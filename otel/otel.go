// Package cnpayotel shows calls and settlements to OpenTelemetry: a span of each, and metrics. Its folder is otel; the
// package has another name because go.opentelemetry.io/otel is imported beside it.
//
//	telemetry, err := cnpayotel.New(cnpayotel.Config{TracerProvider: tracers, MeterProvider: meters})
//	client, err := upay.New(config, cnpay.WithRecorder(telemetry), cnpay.WithRecorder(cnpayotel.Traced(journal)))
//	settlement, err := telemetry.Settler(client).Settle(ctx, ticket)
//
// It changes nothing of what happens to money: it stops no call, repeats none, and waits for nobody.
//
// # Order
//
// Recorders are started in the order in which they are added and finished in the reverse. Before the journal, this one
// also sees the calls that the journal stops, and its spans are the parents of the journal's statements; after it, neither.
// The context that it returns is the call's, so that its span is also the parent of what a tracing transport
// ([cnpay.WithHTTPClient]) makes of each attempt.
//
// # What is shown
//
// The attributes of the README's table and nothing else: no card number, key, message or body, and no error's text, which
// may quote the network; error.type has its kind. Order numbers are on spans alone, since metrics must not grow with them.
//
// # What is an error
//
// A refusal that the provider verifiably answered is an answer: the span's status is unset, cnpay.outcome is failed. So is
// the refusal of a query ("no such order"). Unknown and NotSent are errors, and so is a call that another recorder stopped,
// whatever outcome that one knows; cnpay.sent is then 0.
package cnpayotel

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/cnpay-go/cnpay"
)

// Scope is the name of the tracer and the meter.
const Scope = "github.com/cnpay-go/cnpay/otel"

// Config says where to. A nil provider means none, and not the global one: whoever wants that gives
// otel.GetTracerProvider() and otel.GetMeterProvider().
type Config struct {
	TracerProvider trace.TracerProvider // nil: no spans
	MeterProvider  metric.MeterProvider // nil: no metrics
}

// Recorder makes the spans and metrics. It is a [cnpay.Recorder], for any number of clients, and safe for concurrent use.
type Recorder struct {
	tracer      trace.Tracer
	meter       metric.Meter
	calls       metric.Float64Histogram
	settlements metric.Int64Counter
	ages        metric.Float64Histogram
}

// The bucket boundaries, in seconds. Those of calls are what the conventions advise for requests, and those beyond, up to
// the time limit of a call, because the slow ones are the doubtful ones. Those of settlements go up to three days.
var (
	callBuckets       = []float64{.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 30, 60}
	settlementBuckets = []float64{1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600, 72 * 3600}
)

// New makes a recorder.
func New(config Config) (*Recorder, error) {
	if config.TracerProvider == nil {
		config.TracerProvider = tracenoop.NewTracerProvider()
	}
	if config.MeterProvider == nil {
		config.MeterProvider = metricnoop.NewMeterProvider()
	}
	r := &Recorder{
		tracer: config.TracerProvider.Tracer(Scope, trace.WithSchemaURL(semconv.SchemaURL)),
		meter:  config.MeterProvider.Meter(Scope, metric.WithSchemaURL(semconv.SchemaURL)),
	}
	var noCalls, noSettlements, noAges error
	r.calls, noCalls = r.meter.Float64Histogram("cnpay.call.duration", metric.WithUnit("s"),
		metric.WithDescription("How long calls took, by outcome."), metric.WithExplicitBucketBoundaries(callBuckets...))
	r.settlements, noSettlements = r.meter.Int64Counter("cnpay.settlements", metric.WithUnit("{settlement}"),
		metric.WithDescription("Settlements that queried, by the outcome that they found."))
	r.ages, noAges = r.meter.Float64Histogram("cnpay.settlement.age", metric.WithUnit("s"),
		metric.WithDescription("How long after the call began a settlement found its final outcome."),
		metric.WithExplicitBucketBoundaries(settlementBuckets...))
	if err := errors.Join(noCalls, noSettlements, noAges); err != nil {
		return nil, fmt.Errorf("cnpay: metrics: %w", err)
	}
	return r, nil
}

// spanKey finds the span of one recorder's call: those added after it may put spans of their own into the context.
type spanKey struct{ *Recorder }

// Started begins the call's span, a child of the caller's.
func (r *Recorder) Started(ctx context.Context, t cnpay.Ticket) (context.Context, error) {
	ctx, span := r.tracer.Start(ctx, t.Provider+" "+t.Operation,
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(about(t)...))
	return context.WithValue(ctx, spanKey{r}, span), nil
}

// Finished ends the span and counts the call. The outcome is the one that the caller hears.
func (r *Recorder) Finished(ctx context.Context, t cnpay.Ticket, c cnpay.Call) {
	outcome := c.Outcome
	if c.Err != nil {
		outcome = cnpay.OutcomeOf(nil, c.Err)
	}
	failure := ""
	if c.Err != nil && !answered(t, c, outcome) {
		failure = errorType(c.Err, c.HTTPStatus)
	}
	if r.calls.Enabled(ctx) {
		r.calls.Record(ctx, c.Duration.Seconds(), metric.WithAttributes(counted(t, outcome, failure)...))
	}
	span, ok := ctx.Value(spanKey{r}).(trace.Span)
	if !ok {
		return
	}
	defer span.End()
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(sendingKey.Int(t.Sending), outcomeKey.String(outcome.String()), sentKey.Int(c.Sent))
	span.SetAttributes(server(c.Host)...)
	if c.HTTPStatus != 0 {
		span.SetAttributes(semconv.HTTPResponseStatusCode(c.HTTPStatus))
	}
	if code, ok := name(c.Code); ok {
		span.SetAttributes(codeKey.String(code))
	}
	fail(span, failure)
}

// answered reports whether the error of a call is a verified answer: the refusal of what it asked for.
func answered(t cnpay.Ticket, c cnpay.Call, outcome cnpay.Outcome) bool {
	if c.Sent == 0 {
		return false
	}
	return outcome == cnpay.Failed ||
		t.NoMoney && errors.Is(c.Err, cnpay.ErrRefused) && !errors.Is(c.Err, cnpay.ErrUndecided)
}

// fail makes a span an error. It has no description, as the kind says all that may be said.
func fail(span trace.Span, failure string) {
	if failure == "" {
		return
	}
	span.SetAttributes(semconv.ErrorTypeKey.String(failure))
	span.SetStatus(codes.Error, "")
}
