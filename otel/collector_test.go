package cnpayotel_test

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	cnpayotel "github.com/cnpay-go/cnpay/otel"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
	"github.com/cnpay-go/cnpay/upay"
)

// collector is an OTLP collector over HTTP: it decodes what it is sent, and keeps it.
type collector struct {
	*httptest.Server
	mu      sync.Mutex
	raw     []byte
	spans   []*traces.Span
	metrics []*metrics.Metric
}

func newCollector(t *testing.T) *collector {
	c := &collector{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", func(w http.ResponseWriter, r *http.Request) {
		var batch collectortrace.ExportTraceServiceRequest
		c.receive(t, w, r, &batch, &collectortrace.ExportTraceServiceResponse{})
		for _, resource := range batch.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				c.spans = append(c.spans, scope.Spans...)
			}
		}
	})
	mux.HandleFunc("POST /v1/metrics", func(w http.ResponseWriter, r *http.Request) {
		var batch collectormetrics.ExportMetricsServiceRequest
		c.receive(t, w, r, &batch, &collectormetrics.ExportMetricsServiceResponse{})
		for _, resource := range batch.ResourceMetrics {
			for _, scope := range resource.ScopeMetrics {
				c.metrics = append(c.metrics, scope.Metrics...)
			}
		}
	})
	c.Server = httptest.NewServer(mux)
	t.Cleanup(c.Close)
	return c
}

func (c *collector) receive(t *testing.T, w http.ResponseWriter, r *http.Request, batch, answer proto.Message) {
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
	out, _ := proto.Marshal(answer)
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(out)
}

const (
	card     = "6216261000000000018"
	customer = "e3Ntc0NvZGU9MTExMTExfQ==" // {smsCode=111111}
	reserved = "what the merchant told nobody else"
)

// day is calls and settlements of every kind, at two providers, and what must be seen nowhere.
func day(t *testing.T, telemetry *cnpayotel.Recorder) (secrets []string) {
	journal := &kept{}
	gateway, client := newUpay(t, cnpay.WithRecorder(telemetry), cnpay.WithRecorder(cnpayotel.Traced(journal)), cnpay.WithTimeout(time.Second))
	config := gateway.Config()
	for _, fault := range []cnpaytest.Fault{
		cnpaytest.Refused, cnpaytest.HTTP502, cnpaytest.HTML, cnpaytest.Empty, cnpaytest.UnknownCode, cnpaytest.OtherAnswer,
		cnpaytest.Unsigned, cnpaytest.Redirect, cnpaytest.CutBody, cnpaytest.LostAnswer,
	} {
		gateway.Misbehave(upay.OpOrderRevoke, fault)
		_, _ = revoke(t.Context(), client)
	}
	gateway.Misbehave(upay.OpOrderQuery, cnpaytest.HTTP502, cnpaytest.Refused, cnpaytest.HTTP502, cnpaytest.LostAnswer)
	ticket := journal.ticket // that of the revoke: the journal hears of queries too
	_, err := telemetry.Settler(client).Settle(t.Context(), ticket, atOnce(1))
	require.Error(t, err)
	settled, err := telemetry.Settler(client).Settle(t.Context(), ticket, atOnce(4))
	require.NoError(t, err)
	require.Equal(t, 4, settled.Queries)

	bank := unionpaytest.NewServer()
	t.Cleanup(bank.Close)
	merchant, err := unionpay.New(bank.Config(), cnpay.WithRecorder(telemetry))
	require.NoError(t, err)
	at := unionpay.TxnTime(time.Now())
	_, err = merchant.Cards.Open(t.Context(), &unionpay.CardOpenRequest{
		OrderID: "opened20260105", TxnTime: at, AccNo: card, CustomerInfo: customer, ReqReserved: reserved,
		TokenPayData: "{trId=62000000001&tokenType=01}",
	})
	require.NoError(t, err)
	payout := &unionpay.PayoutCreateRequest{
		OrderID: "payout20260105", TxnTime: at, TxnAmt: 314159, BackURL: unionpay.NoNotification, AccNo: card, ReqReserved: reserved,
	}
	for _, fault := range []cnpaytest.Fault{cnpaytest.BadSignature, cnpaytest.ForgedCertificate, cnpaytest.Refused} {
		bank.Misbehave(unionpay.OpPayoutCreate, fault)
		payout.OrderID += "1"
		res, err := merchant.Payouts.Create(t.Context(), payout)
		_, _ = telemetry.Settler(merchant).Settle(t.Context(), cnpay.TicketOf(res, err), atOnce(1))
	}
	gateway.Close()
	late, err := upay.New(config, cnpay.WithRecorder(telemetry), cnpay.WithRetry(cnpay.Retry{Attempts: 1})) // without a kept connection
	require.NoError(t, err)
	_, outcome := revoke(t.Context(), late)
	require.Equal(t, cnpay.NotSent, outcome)

	_, err = telemetry.ObserveOpen(func(context.Context) ([]cnpayotel.Open, error) {
		return []cnpayotel.Open{{Provider: "upay", Age: "under 1m", Count: 1}}, nil
	})
	require.NoError(t, err)
	return []string{
		card, customer, reserved, config.TerminalKey.Reveal(), config.TerminalSN, bank.Config().MerID, "62000000001", "314159",
		"成功", "参与了活动", "Bad Gateway", "respMsg", "PRIVATE", "CERTIFICATE", "EOF", "connection",
	}
}

// The collector has spans and metrics, with the attributes of the README's table, each of them, and no other, and nothing
// that a request or an answer had besides.
func TestCollector(t *testing.T) {
	c := newCollector(t)
	spans, err := otlptracehttp.New(t.Context(), otlptracehttp.WithEndpointURL(c.URL+"/v1/traces"))
	require.NoError(t, err)
	tracers := sdktrace.NewTracerProvider(sdktrace.WithBatcher(spans))
	measures, err := otlpmetrichttp.New(t.Context(), otlpmetrichttp.WithEndpointURL(c.URL+"/v1/metrics"))
	require.NoError(t, err)
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(measures)))
	telemetry, err := cnpayotel.New(cnpayotel.Config{TracerProvider: tracers, MeterProvider: meters})
	require.NoError(t, err)

	secrets := day(t, telemetry)
	require.NoError(t, tracers.Shutdown(t.Context()))
	require.NoError(t, meters.Shutdown(t.Context()))

	seen := map[string]map[string]bool{} // attribute, where
	see := func(where string, attributes []*common.KeyValue) {
		for _, a := range attributes {
			if seen[a.Key] == nil {
				seen[a.Key] = map[string]bool{}
			}
			seen[a.Key][where] = true
		}
	}
	names := map[string]int{}
	for _, span := range c.spans {
		names[span.Name]++
		require.Empty(t, span.Events)
		require.Empty(t, span.Status.GetMessage())
		for _, link := range span.Links {
			require.Empty(t, link.Attributes)
		}
		if strings.HasPrefix(span.Name, "settle ") {
			see("settlement", span.Attributes)
		} else {
			see("call", span.Attributes)
		}
	}
	require.Equal(t, map[string]int{
		"upay revoke": 11, "upay query": 5, "settle upay revoke": 2,
		"unionpay back_open": 1, "unionpay payout": 3, "unionpay query": 3, "settle unionpay payout": 3,
	}, names)
	points := map[string]int{}
	for _, m := range c.metrics {
		for _, p := range m.GetHistogram().GetDataPoints() {
			points[m.Name] += int(p.Count)
			see("metrics", p.Attributes)
		}
		for _, p := range m.GetSum().GetDataPoints() {
			points[m.Name] += int(p.GetAsInt())
			see("metrics", p.Attributes)
		}
		for _, p := range m.GetGauge().GetDataPoints() {
			points[m.Name] += int(p.GetAsInt())
			see("entries", p.Attributes)
		}
	}
	require.Equal(t, map[string]int{"cnpay.call.duration": 23, "cnpay.settlements": 5, "cnpay.settlement.age": 4, "cnpay.entries.open": 1}, points)

	documented, documentedMetrics := table(t)
	require.Equal(t, documented, seen)
	for name := range points {
		require.Contains(t, documentedMetrics, name)
	}
	require.Len(t, documentedMetrics, len(points))

	for _, secret := range secrets {
		require.NotEmpty(t, secret)
		require.NotContains(t, string(c.raw), secret)
	}
	require.Contains(t, string(c.raw), order, "the bytes are read as they were sent")
}

// table is the README's: where each attribute is, and the metrics.
func table(t *testing.T) (attributes map[string]map[string]bool, metrics []string) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	attributes = map[string]map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| ([a-z, ]+) \\|").FindAllStringSubmatch(string(text), -1) {
		if strings.HasPrefix(row[2], "histogram") || row[2] == "counter" || row[2] == "gauge" {
			metrics = append(metrics, row[1])
			continue
		}
		attributes[row[1]] = map[string]bool{}
		for _, where := range strings.Split(row[2], ", ") {
			require.True(t, slices.Contains([]string{"call", "settlement", "metrics", "entries"}, where), where)
			attributes[row[1]][where] = true
		}
	}
	require.NotEmpty(t, attributes)
	return attributes, metrics
}
