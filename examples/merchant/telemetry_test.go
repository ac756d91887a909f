package main

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/journal"
	"github.com/cnpay-go/cnpay/upay"
)

// collector is one of OTLP over HTTP.
type collector struct {
	*httptest.Server
	mu      sync.Mutex
	raw     []byte
	about   []*common.KeyValue // the program that sent
	spans   []*traces.Span
	metrics []*metrics.Metric
}

func newCollector(t *testing.T) *collector {
	c := &collector{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", func(_ http.ResponseWriter, r *http.Request) {
		var batch collectortrace.ExportTraceServiceRequest
		c.receive(t, r, &batch, func() {
			for _, resource := range batch.ResourceSpans {
				c.about = resource.Resource.Attributes
				for _, scope := range resource.ScopeSpans {
					c.spans = append(c.spans, scope.Spans...)
				}
			}
		})
	})
	mux.HandleFunc("POST /v1/metrics", func(_ http.ResponseWriter, r *http.Request) {
		var batch collectormetrics.ExportMetricsServiceRequest
		c.receive(t, r, &batch, func() {
			for _, resource := range batch.ResourceMetrics {
				for _, scope := range resource.ScopeMetrics {
					c.metrics = append(c.metrics, scope.Metrics...)
				}
			}
		})
	})
	c.Server = httptest.NewServer(mux)
	t.Cleanup(c.Close)
	return c
}

func (c *collector) receive(t *testing.T, r *http.Request, batch proto.Message, keep func()) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		var err error
		if body, err = gzip.NewReader(r.Body); err != nil {
			t.Error(err)
			return
		}
	}
	raw, err := io.ReadAll(body)
	if err == nil {
		err = proto.Unmarshal(raw, batch)
	}
	if err != nil {
		t.Error(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw = append(c.raw, raw...)
	keep()
}

// span is one of a name, with its attributes.
func (c *collector) span(t *testing.T, name string) (*traces.Span, map[string]string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.spans, func(s *traces.Span) bool { return s.Name == name })
	require.NotEqual(t, -1, i, "no span %q among %d", name, len(c.spans))
	return c.spans[i], texts(c.spans[i].Attributes)
}

func texts(attributes []*common.KeyValue) map[string]string {
	found := map[string]string{}
	for _, a := range attributes {
		found[a.Key] = a.Value.GetStringValue()
	}
	return found
}

// open is the gauge of open entries, by operation, as it came last.
func (c *collector) open() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := map[string]int64{}
	for _, m := range c.metrics {
		if m.Name == "cnpay.entries.open" {
			for _, p := range m.GetGauge().DataPoints {
				found[texts(p.Attributes)["cnpay.operation"]] = p.GetAsInt()
			}
		}
	}
	return found
}

// strings of a JSON value, however deep.
func leaves(v any) (found []string) {
	switch v := v.(type) {
	case string:
		found = append(found, v)
	case []any:
		for _, inner := range v {
			found = append(found, leaves(inner)...)
		}
	case map[string]any:
		for _, inner := range v {
			found = append(found, leaves(inner)...)
		}
	}
	return found
}

// A collector sees the call, its settlement and what is open, and nothing that it must not. Spans wait for a minute here,
// so that those which it has were sent by the graceful stop.
func TestTelemetry(t *testing.T) {
	t.Parallel()
	w, c := gatewaysOf(t), newCollector(t)
	l := live(t, w, file(t), endpoint+"="+c.URL, "OTEL_METRIC_EXPORT_INTERVAL=300", "OTEL_BSP_SCHEDULE_DELAY=60000", "OTEL_RESOURCE_ATTRIBUTES=team=till")
	asked := request{Provider: "upay", Operation: "pay", Amount: 1234567, Code: "281234567890123456"}
	w.misbehave(t, "upay", "pay", cnpaytest.LostAnswer)
	status, _ := l.put("SEEN0001", asked)
	require.Equal(t, http.StatusAccepted, status)
	require.Equal(t, journal.Succeeded, l.settled("SEEN0001").State)
	status, shown := l.put("SEEN0002", request{Provider: "chinaums", Operation: "pay", Amount: 900})
	require.Equal(t, http.StatusAccepted, status)
	require.NotEmpty(t, shown.Show)
	require.Eventually(t, func() bool { return c.open()[chinaums.OpBillCreateQR] == 1 }, 10*time.Second, 50*time.Millisecond)
	require.Zero(t, l.stop(), l.errs.String())
	require.Empty(t, l.errs.String())

	call, about := c.span(t, "upay "+upay.OpOrderPayByCode)
	require.Equal(t, traces.Span_SPAN_KIND_CLIENT, call.Kind)
	require.Equal(t, "SEEN0001", about["cnpay.order"])
	require.Equal(t, "unknown", about["cnpay.outcome"])
	require.Equal(t, "transport", about["error.type"])
	settlement, about := c.span(t, "settle upay "+upay.OpOrderPayByCode)
	require.Equal(t, "succeeded", about["cnpay.outcome"])
	require.Len(t, settlement.Links, 1)
	require.Equal(t, call.SpanId, settlement.Links[0].SpanId)
	query, _ := c.span(t, "upay "+upay.OpOrderQuery)
	require.Equal(t, settlement.SpanId, query.ParentSpanId)
	require.Contains(t, c.open(), upay.OpOrderPayByCode, "and was settled")
	var seen []string
	for _, m := range c.metrics {
		seen = append(seen, m.Name)
	}
	require.Subset(t, seen, []string{"cnpay.call.duration", "cnpay.settlements", "cnpay.settlement.age"})
	self := texts(c.about)
	require.Equal(t, []string{"merchant", "till"}, []string{self["service.name"], self["team"]})
	require.Contains(t, l.base, self["service.instance.id"])

	k, err := w.Keys(t.Context())
	require.NoError(t, err)
	text, err := json.Marshal(k)
	require.NoError(t, err)
	var all any
	require.NoError(t, json.Unmarshal(text, &all))
	secrets := []string{asked.Code, "1234567", shown.Show, "merchant.db"}
	for _, key := range leaves(all) {
		if !strings.HasPrefix(key, "http://") && len(key) > 12 { // numbers and gateways are no secrets
			secrets = append(secrets, key)
		}
	}
	require.Greater(t, len(secrets), 12)
	for _, secret := range secrets {
		require.NotContains(t, string(c.raw), secret)
	}
}

// A collector that is away costs a warning, and no order.
func TestCollectorIsAway(t *testing.T) {
	t.Parallel()
	w := gatewaysOf(t)
	l := live(t, w, file(t), endpoint+"=http://"+freeAddr(t), "OTEL_EXPORTER_OTLP_TIMEOUT=500", "OTEL_METRIC_EXPORT_INTERVAL=200")
	status, _ := l.put("AWAY0001", request{Provider: "upay", Operation: "pay", Amount: 900, Code: "281234567890123456"})
	require.Equal(t, http.StatusOK, status)
	began := time.Now()
	require.Zero(t, l.stop(), l.errs.String())
	require.Less(t, time.Since(began), 15*time.Second)
	require.Contains(t, l.errs.String(), "msg=telemetry")
	require.NotContains(t, l.errs.String(), "ERROR")
}
