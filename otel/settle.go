package cnpayotel

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/cnpay-go/cnpay"
)

// traceparent is the field of a ticket that names the call's span, as W3C Trace Context writes it. No provider has a field
// of that name.
const traceparent = "traceparent"

// Traced gives the tickets that next is started with one more field, traceparent, which names the span of the call, where
// there is one. What next stores can then be connected by [Recorder.Settler] in any other process. It belongs behind the
// recorder that makes the span:
//
//	cnpay.WithRecorder(telemetry), cnpay.WithRecorder(cnpayotel.Traced(journal))
func Traced(next cnpay.Recorder) cnpay.Recorder { return traced{next} }

type traced struct{ cnpay.Recorder }

func (t traced) Started(ctx context.Context, ticket cnpay.Ticket) (context.Context, error) {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	if parent := carrier[traceparent]; parent != "" {
		ticket = ticket.With(traceparent, parent)
	}
	return t.Recorder.Started(ctx, ticket)
}

// Settler makes a span of each settlement by next, and counts it. Nothing else about next changes; where it is given to a
// journal, each of the journal's queries is a settlement of its own.
//
// The span is a child of the one in ctx, and the calls of the queries are its children. It has a link to the span of the
// call that is settled, where the ticket names it (see [Traced]): that one ended long ago, and perhaps in another process.
func (r *Recorder) Settler(next cnpay.Settler) cnpay.Settler { return settler{r, next} }

type settler struct {
	recorder *Recorder
	next     cnpay.Settler
}

// Settle is [cnpay.Settler]'s.
func (s settler) Settle(ctx context.Context, t cnpay.Ticket, opts ...cnpay.Option) (*cnpay.Settlement, error) {
	if schedule := (cnpay.Settings{}).With(opts...).Schedule; schedule != nil && len(schedule) == 0 {
		return s.next.Settle(ctx, t, opts...) // it only asks for the rule, as a journal does
	}
	r := s.recorder
	ctx, span := r.tracer.Start(ctx, "settle "+t.Provider+" "+t.Operation,
		trace.WithAttributes(about(t)...), trace.WithLinks(links(t)...))
	defer span.End()
	found, err := s.next.Settle(ctx, t, opts...)

	outcome := cnpay.OutcomeOf(found, err)
	failure := ""
	if !outcome.Final() && err != nil {
		if failure = errorType(err, 0); failure == semconv.ErrorTypeOther.Value.AsString() {
			failure = "undecided"
		}
	}
	if r.settlements.Enabled(ctx) {
		r.settlements.Add(ctx, 1, metric.WithAttributes(counted(t, outcome, failure)...))
	}
	if outcome.Final() && !t.Began.IsZero() {
		r.ages.Record(ctx, max(time.Since(t.Began), 0).Seconds(), metric.WithAttributes(counted(t, outcome, "")...))
	}
	if !span.IsRecording() {
		return found, err
	}
	span.SetAttributes(sendingKey.Int(t.Sending), outcomeKey.String(outcome.String()))
	if found != nil {
		span.SetAttributes(queriesKey.Int(found.Queries), absentKey.Bool(found.Absent))
		if code, ok := name(found.Code); ok {
			span.SetAttributes(codeKey.String(code))
		}
	}
	fail(span, failure)
	return found, err
}

// links is one to the span that a ticket names, if it names one.
func links(t cnpay.Ticket) []trace.Link {
	parent, ok := t.Fields[traceparent]
	if !ok {
		return nil
	}
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{traceparent: parent})
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		return []trace.Link{{SpanContext: span}}
	}
	return nil
}
