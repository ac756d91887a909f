package bench_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/upay"
)

// platform is a gateway over TLS that counts the connections made to it, and the clients of a thousand merchants.
func platform(tb testing.TB, merchants, traffic int, shared bool) (connections int64, perClient uint64, clients []*upay.Client, pools []*http.Client) {
	var made atomic.Int64
	gateway := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write([]byte(`{"result_code":"200","biz_response":{"result_code":"SUCCESS","data":{"sn":"1","order_status":"PAID"}}}`))
	}))
	gateway.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			made.Add(1)
		}
	}
	gateway.StartTLS()
	tb.Cleanup(gateway.Close)
	roots := x509.NewCertPool()
	roots.AddCert(gateway.Certificate())
	pool := func() *http.Client {
		c := cnpay.NewHTTPClient()
		c.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
		pools = append(pools, c)
		return c
	}

	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var one *http.Client
	if shared {
		one = pool()
	}
	for i := range merchants {
		c := one
		if !shared {
			c = pool()
		}
		client, err := upay.New(upay.Config{Gateway: gateway.URL, TerminalSN: fmt.Sprintf("1%015d", i), TerminalKey: "k"}, cnpay.WithHTTPClient(c))
		require.NoError(tb, err)
		clients = append(clients, client)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	perClient = (after.HeapAlloc - min(before.HeapAlloc, after.HeapAlloc)) / uint64(merchants)

	var wg sync.WaitGroup
	queue := make(chan *upay.Client)
	for range traffic {
		wg.Go(func() {
			for c := range queue {
				if _, err := c.Orders.Query(context.Background(), &upay.OrderQueryRequest{SN: "1"}); err != nil {
					tb.Error(err)
				}
			}
		})
	}
	for _, c := range clients {
		queue <- c
	}
	close(queue)
	wg.Wait()
	return made.Load(), perClient, clients, pools
}

// TestMerchantsShareAPool: a platform's clients keep as many connections as its traffic needs.
func TestMerchantsShareAPool(t *testing.T) {
	connections, _, _, _ := platform(t, 200, 8, true)
	require.LessOrEqual(t, connections, int64(3*8), "a connection for each call in flight, and some that raced")
	connections, _, _, _ = platform(t, 50, 8, false)
	require.GreaterOrEqual(t, connections, int64(50))
}

// TestDroppedClientsLeaveNothingBehind: a client has no goroutine of its own; its pool's end with their connections.
func TestDroppedClientsLeaveNothingBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	_, _, clients, pools := platform(t, 20, 4, false)
	require.Len(t, clients, 20)
	for _, c := range pools {
		c.CloseIdleConnections() // what the pool's idle time does, a minute later
	}
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+3 }, 10*time.Second, 20*time.Millisecond)
}

// BenchmarkManyMerchants reports what the clients of a thousand merchants of one provider cost.
func BenchmarkManyMerchants(b *testing.B) {
	for name, shared := range map[string]bool{"one pool": true, "a pool each": false} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				begun := time.Now()
				connections, perClient, _, pools := platform(b, 1000, 96, shared)
				b.ReportMetric(float64(connections), "connections")
				b.ReportMetric(float64(perClient), "B/client")
				b.ReportMetric(time.Since(begun).Seconds()*1e6/1000, "us/client+call")
				for _, c := range pools {
					c.CloseIdleConnections()
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
