package cnpayotel_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	cnpayotel "github.com/cnpay-go/cnpay/otel"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
)

const order = "7654321132"

// watch is a recorder whose spans and metrics stay in the test.
type watch struct {
	*cnpayotel.Recorder
	spans   *tracetest.SpanRecorder
	tracers *sdktrace.TracerProvider
	reader  *sdkmetric.ManualReader
}

func newWatch(t testing.TB) *watch {
	w := &watch{spans: tracetest.NewSpanRecorder(), reader: sdkmetric.NewManualReader()}
	w.tracers = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(w.spans))
	var err error
	w.Recorder, err = cnpayotel.New(cnpayotel.Config{
		TracerProvider: w.tracers, MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(w.reader)),
	})
	require.NoError(t, err)
	return w
}

// span is the last span of a name that ended.
func (w *watch) span(t testing.TB, name string) (found sdktrace.ReadOnlySpan, attributes map[string]any) {
	attributes = map[string]any{}
	for _, span := range w.spans.Ended() {
		if span.Name() == name {
			found = span
		}
	}
	require.NotNil(t, found, name)
	for _, a := range found.Attributes() {
		attributes[string(a.Key)] = a.Value.AsInterface()
	}
	return found, attributes
}

// metric is the data of a metric.
func (w *watch) metric(t testing.TB, name string) metricdata.Aggregation {
	var all metricdata.ResourceMetrics
	require.NoError(t, w.reader.Collect(t.Context(), &all))
	for _, scope := range all.ScopeMetrics {
		require.Equal(t, cnpayotel.Scope, scope.Scope.Name)
		for _, m := range scope.Metrics {
			if m.Name == name {
				return m.Data
			}
		}
	}
	return nil
}

// counts is how often a histogram or counter saw each set of attributes.
func (w *watch) counts(t testing.TB, name string) map[string]int {
	counts := map[string]int{}
	add := func(set attribute.Set, n int) { counts[set.Encoded(attribute.DefaultEncoder())] += n }
	switch data := w.metric(t, name).(type) {
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			add(p.Attributes, int(p.Count))
		}
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			add(p.Attributes, int(p.Value))
		}
	case metricdata.Gauge[int64]:
		for _, p := range data.DataPoints {
			add(p.Attributes, int(p.Value))
		}
	}
	return counts
}

func newUpay(t testing.TB, opts ...cnpay.Option) (*upaytest.Server, *upay.Client) {
	gateway := upaytest.NewServer()
	t.Cleanup(gateway.Close)
	gateway.AddOrder(order, 10000)
	config := gateway.Config()
	config.PreauthGateway = strings.Replace(config.Gateway, "127.0.0.1", "localhost", 1) // the same, by another name
	client, err := upay.New(config, append([]cnpay.Option{cnpay.WithRetry(cnpay.Retry{Attempts: 1}), cnpay.WithTimeout(5 * time.Second)}, opts...)...)
	require.NoError(t, err)
	return gateway, client
}

func revoke(ctx context.Context, client *upay.Client, opts ...cnpay.Option) (cnpay.Ticket, cnpay.Outcome) {
	res, err := client.Orders.Revoke(ctx, &upay.OrderRevokeRequest{ClientSN: order}, opts...)
	return cnpay.TicketOf(res, err), cnpay.OutcomeOf(res, err)
}

func atOnce(n int) cnpay.Option { return cnpay.WithSchedule(cnpay.Every(0, n)) }

func TestCalls(t *testing.T) {
	for _, tt := range []struct {
		fault   cnpaytest.Fault
		outcome cnpay.Outcome
		failure string // error.type, and the status Error
		status  int
		code    string
	}{
		{cnpaytest.OK, cnpay.Succeeded, "", 200, "CANCEL_SUCCESS"},
		{cnpaytest.Refused, cnpay.Failed, "", 200, "UPAY_TCP_ORDER_NOT_REFUNDABLE"},
		{cnpaytest.LostAnswer, cnpay.Unknown, "transport", 0, ""},
		{cnpaytest.CutBody, cnpay.Unknown, "transport", 200, ""},
		{cnpaytest.Hang, cnpay.Unknown, "timeout", 0, ""},
		{cnpaytest.HTTP502, cnpay.Unknown, "502", 502, ""},
		{cnpaytest.HTML, cnpay.Unknown, "malformed", 200, ""},
		{cnpaytest.HugeBody, cnpay.Unknown, "too_large", 200, ""},
		{cnpaytest.OtherAnswer, cnpay.Unknown, "mismatch", 200, ""},
		{cnpaytest.UnknownCode, cnpay.Unknown, "undecided", 200, "CANCEL_PERHAPS"},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			w := newWatch(t)
			gateway, client := newUpay(t, cnpay.WithRecorder(w))
			gateway.Misbehave(upay.OpOrderRevoke, tt.fault)
			opts := []cnpay.Option{}
			if tt.fault == cnpaytest.Hang {
				opts = append(opts, cnpay.WithTimeout(200*time.Millisecond))
			}
			_, outcome := revoke(t.Context(), client, opts...)
			require.Equal(t, tt.outcome, outcome)

			span, attributes := w.span(t, "upay revoke")
			require.Equal(t, trace.SpanKindClient, span.SpanKind())
			host, port, _ := strings.Cut(strings.TrimPrefix(gateway.Config().Gateway, "http://"), ":")
			want := map[string]any{
				"cnpay.provider": "upay", "cnpay.operation": "revoke", "cnpay.order": order, "cnpay.sending": int64(0),
				"cnpay.outcome": outcome.String(), "cnpay.sent": int64(1), "server.address": host,
			}
			require.Equal(t, port, fmt.Sprint(attributes["server.port"]))
			delete(attributes, "server.port")
			labels := "cnpay.operation=revoke,cnpay.outcome=" + outcome.String() + ",cnpay.provider=upay"
			if tt.status != 0 {
				want["http.response.status_code"] = int64(tt.status)
			}
			if tt.code != "" {
				want["cnpay.code"] = tt.code
			}
			status := codes.Unset
			if tt.failure != "" {
				status, want["error.type"] = codes.Error, tt.failure
				labels += ",error.type=" + tt.failure
			}
			require.Equal(t, want, attributes)
			require.Equal(t, sdktrace.Status{Code: status}, span.Status(), "no description: it could quote the network")
			require.Empty(t, span.Events())
			require.Equal(t, map[string]int{labels: 1}, w.counts(t, "cnpay.call.duration"))
		})
	}
}

func TestNotSent(t *testing.T) {
	w := newWatch(t)
	gateway, client := newUpay(t, cnpay.WithRecorder(w))
	gateway.Close()
	_, outcome := revoke(t.Context(), client)
	require.Equal(t, cnpay.NotSent, outcome)
	span, attributes := w.span(t, "upay revoke")
	require.Equal(t, codes.Error, span.Status().Code)
	require.Equal(t, "connect", attributes["error.type"])
	require.Equal(t, "not_sent", attributes["cnpay.outcome"])
	require.EqualValues(t, 0, attributes["cnpay.sent"])
	require.NotContains(t, attributes, "http.response.status_code")
}

func TestOperationWithAnotherHost(t *testing.T) {
	w := newWatch(t)
	_, client := newUpay(t, cnpay.WithRecorder(w))
	_, _ = client.Preauth.Query(t.Context(), &upay.PreauthQueryRequest{ClientTransNo: "nobody-has-it"})
	_, attributes := w.span(t, "upay pre_auth_query")
	require.Equal(t, "localhost", attributes["server.address"])
}

// A query that was refused, because there is no such order, was answered.
func TestRefusedQueryIsNoError(t *testing.T) {
	w := newWatch(t)
	_, client := newUpay(t, cnpay.WithRecorder(w))
	_, err := client.Orders.Query(t.Context(), &upay.OrderQueryRequest{ClientSN: "nobody-has-it"})
	require.ErrorIs(t, err, cnpay.ErrRefused)
	span, attributes := w.span(t, "upay query")
	require.Equal(t, codes.Unset, span.Status().Code)
	require.Equal(t, "unknown", attributes["cnpay.outcome"])
	require.NotContains(t, attributes, "error.type")
}

// stopping is a recorder that stops calls, as a journal does which holds their order.
type stopping struct{ err error }

func (s stopping) Started(ctx context.Context, _ cnpay.Ticket) (context.Context, error) {
	return ctx, s.err
}
func (stopping) Finished(context.Context, cnpay.Ticket, cnpay.Call) {}

type taken struct{}

func (taken) Error() string     { return "order 1 of card 6216261000000000018 is taken" }
func (taken) ErrorType() string { return "taken" }

func TestStoppedByAnotherRecorder(t *testing.T) {
	for name, tt := range map[string]struct {
		err     error
		outcome string
		failure string
	}{
		"database down": {errors.New("connection refused by 10.0.0.1"), "not_sent", "_OTHER"},
		"taken":         {&cnpay.Error{Outcome: cnpay.Succeeded, Err: taken{}}, "succeeded", "taken"},
		"failed before": {&cnpay.Error{Outcome: cnpay.Failed, Err: taken{}}, "failed", "taken"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatch(t)
			gateway, client := newUpay(t, cnpay.WithRecorder(w), cnpay.WithRecorder(cnpayotel.Traced(stopping{tt.err})))
			_, _ = revoke(t.Context(), client)
			require.Zero(t, gateway.Received(upay.OpOrderRevoke))
			span, attributes := w.span(t, "upay revoke")
			require.Equal(t, codes.Error, span.Status().Code)
			require.Equal(t, tt.outcome, attributes["cnpay.outcome"])
			require.Equal(t, tt.failure, attributes["error.type"])
			require.EqualValues(t, 0, attributes["cnpay.sent"])
		})
	}
}

// What a later sending heard, and what its caller heard, are two things: the caller's is shown.
func TestLaterSending(t *testing.T) {
	w := newWatch(t)
	gateway, client := newUpay(t, cnpay.WithRecorder(w))
	gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.Refused)
	_, outcome := revoke(t.Context(), client, cnpay.WithSending(2))
	require.Equal(t, cnpay.Unknown, outcome)
	span, attributes := w.span(t, "upay revoke")
	require.Equal(t, codes.Error, span.Status().Code)
	require.Equal(t, "unknown", attributes["cnpay.outcome"])
	require.Equal(t, "undecided", attributes["error.type"])
	require.EqualValues(t, 2, attributes["cnpay.sending"])
}

// kept is a journal: what it keeps is all that another process has.
type kept struct{ ticket cnpay.Ticket }

func (k *kept) Started(ctx context.Context, t cnpay.Ticket) (context.Context, error) {
	k.ticket = t
	return ctx, nil
}
func (*kept) Finished(context.Context, cnpay.Ticket, cnpay.Call) {}

func TestSettlementInAnotherProcess(t *testing.T) {
	w, journal := newWatch(t), &kept{}
	gateway, client := newUpay(t, cnpay.WithRecorder(w), cnpay.WithRecorder(cnpayotel.Traced(journal)))
	gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
	ctx, request := w.tracers.Tracer("shop").Start(t.Context(), "POST /revoke")
	_, outcome := revoke(ctx, client)
	request.End()
	require.Equal(t, cnpay.Unknown, outcome)
	call, _ := w.span(t, "upay revoke")
	require.Equal(t, request.SpanContext().SpanID(), call.Parent().SpanID())

	other := newWatch(t) // the other process
	config := gateway.Config()
	asker, err := upay.New(config, cnpay.WithRecorder(other))
	require.NoError(t, err)
	ctx, job := other.tracers.Tracer("shop").Start(t.Context(), "job")
	gateway.Misbehave(upay.OpOrderQuery, cnpaytest.HTTP502)
	s, err := other.Settler(asker).Settle(ctx, journal.ticket, atOnce(3), cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, s.Outcome)
	job.End()

	settlement, attributes := other.span(t, "settle upay revoke")
	require.Equal(t, trace.SpanKindInternal, settlement.SpanKind())
	require.Equal(t, job.SpanContext().SpanID(), settlement.Parent().SpanID())
	require.Len(t, settlement.Links(), 1)
	require.Equal(t, call.SpanContext().SpanID(), settlement.Links()[0].SpanContext.SpanID())
	require.Equal(t, call.SpanContext().TraceID(), settlement.Links()[0].SpanContext.TraceID())
	require.Equal(t, map[string]any{
		"cnpay.provider": "upay", "cnpay.operation": "revoke", "cnpay.order": order, "cnpay.sending": int64(0),
		"cnpay.outcome": "succeeded", "cnpay.queries": int64(2), "cnpay.absent": false, "cnpay.code": s.Code,
	}, attributes)
	require.Equal(t, codes.Unset, settlement.Status().Code)
	queries := 0
	for _, span := range other.spans.Ended() {
		if span.Name() == "upay query" {
			queries++
			require.Equal(t, settlement.SpanContext().SpanID(), span.Parent().SpanID())
		}
	}
	require.Equal(t, 2, queries)
	const labels = "cnpay.operation=revoke,cnpay.outcome=succeeded,cnpay.provider=upay"
	require.Equal(t, map[string]int{labels: 1}, other.counts(t, "cnpay.settlements"))
	require.Equal(t, map[string]int{labels: 1}, other.counts(t, "cnpay.settlement.age"))
}

func TestUndecidedSettlement(t *testing.T) {
	w := newWatch(t)
	gateway, client := newUpay(t, cnpay.WithRecorder(w))
	gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
	ticket, _ := revoke(t.Context(), client)
	settler := w.Settler(client)
	for fault, failure := range map[cnpaytest.Fault]string{cnpaytest.LostAnswer: "transport", cnpaytest.Refused: "undecided", cnpaytest.HTTP502: "http_status"} {
		gateway.Misbehave(upay.OpOrderQuery, fault)
		s, err := settler.Settle(t.Context(), ticket, atOnce(1))
		require.Error(t, err)
		require.Equal(t, cnpay.Unknown, s.Outcome)
		span, attributes := w.span(t, "settle upay revoke")
		require.Equal(t, codes.Error, span.Status().Code, fault)
		require.Equal(t, failure, attributes["error.type"], fault)
		require.Empty(t, span.Links(), "the ticket names no span")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := settler.Settle(ended, ticket)
	require.Error(t, err)
	_, attributes := w.span(t, "settle upay revoke")
	require.Equal(t, "canceled", attributes["error.type"])
	require.Empty(t, w.counts(t, "cnpay.settlement.age"), "none is final")
}

// A journal asks for the rule of an operation by a settlement without a query. That is none.
func TestSettlementWithoutQueryIsNotShown(t *testing.T) {
	w := newWatch(t)
	_, client := newUpay(t)
	ticket, err := client.Ticket(&upay.OrderRevokeRequest{ClientSN: order})
	require.NoError(t, err)
	s, err := w.Settler(client).Settle(t.Context(), ticket, cnpay.WithSchedule(cnpay.Schedule{}))
	require.Error(t, err)
	require.Zero(t, s.Queries)
	require.Empty(t, w.spans.Started())
	require.Empty(t, w.counts(t, "cnpay.settlements"))
}

// Attempts of an HTTP client that makes spans are inside the call's.
func TestSpanIsParentOfTheTransports(t *testing.T) {
	w := newWatch(t)
	var inside trace.SpanContext
	tracing := &http.Client{Transport: transport(func(req *http.Request) (*http.Response, error) {
		inside = trace.SpanContextFromContext(req.Context())
		return http.DefaultTransport.RoundTrip(req)
	})}
	_, client := newUpay(t, cnpay.WithRecorder(w), cnpay.WithHTTPClient(tracing))
	_, _ = revoke(t.Context(), client)
	span, _ := w.span(t, "upay revoke")
	require.Equal(t, span.SpanContext().SpanID(), inside.SpanID())
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestOpenEntries(t *testing.T) {
	w := newWatch(t)
	var failure error
	registration, err := w.ObserveOpen(func(context.Context) ([]cnpayotel.Open, error) {
		return []cnpayotel.Open{
			{Provider: "upay", Age: "under 1m", Count: 3}, {Provider: "upay", Age: "under 1m", Count: 4},
			{Provider: "upay", Age: "over 1h", Count: 0}, {Provider: "unionpay", Age: "over 1h", Count: 1},
		}, failure
	})
	require.NoError(t, err)
	require.Equal(t, map[string]int{
		"cnpay.age=under 1m,cnpay.provider=upay": 7, "cnpay.age=over 1h,cnpay.provider=upay": 0, "cnpay.age=over 1h,cnpay.provider=unionpay": 1,
	}, w.counts(t, "cnpay.entries.open"))
	failure = errors.New("database down")
	require.ErrorIs(t, w.reader.Collect(t.Context(), new(metricdata.ResourceMetrics)), failure)
	failure = nil
	require.NoError(t, registration.Unregister())
	require.Empty(t, w.counts(t, "cnpay.entries.open"))
}

func TestConcurrently(t *testing.T) {
	w, other := newWatch(t), newWatch(t) // each ends its own spans
	gateway, client := newUpay(t, cnpay.WithRecorder(w), cnpay.WithRecorder(other))
	gateway.AlwaysMisbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
	const callers = 20
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			ticket, _ := revoke(t.Context(), client)
			_, _ = w.Settler(client).Settle(t.Context(), ticket, atOnce(1))
		})
	}
	group.Wait()
	require.Len(t, w.spans.Ended(), 3*callers)
	calls := 0
	for labels, n := range w.counts(t, "cnpay.call.duration") {
		if strings.Contains(labels, "operation=revoke,") {
			calls += n
		}
	}
	require.Equal(t, callers, calls)
	require.Len(t, other.spans.Ended(), 2*callers)
	settlements := 0
	for _, n := range w.counts(t, "cnpay.settlements") {
		settlements += n
	}
	require.Equal(t, callers, settlements)
}

// Without providers there is nothing to see, and nothing else changes.
func TestNoProviders(t *testing.T) {
	r, err := cnpayotel.New(cnpayotel.Config{})
	require.NoError(t, err)
	journal := &kept{}
	gateway, client := newUpay(t, cnpay.WithRecorder(r), cnpay.WithRecorder(cnpayotel.Traced(journal)))
	gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
	ticket, outcome := revoke(t.Context(), client)
	require.Equal(t, cnpay.Unknown, outcome)
	require.NotContains(t, journal.ticket.Fields, "traceparent")
	s, err := r.Settler(client).Settle(t.Context(), ticket, atOnce(1))
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, s.Outcome)
}
