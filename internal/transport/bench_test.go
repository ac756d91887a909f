package transport_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/transport"
)

// canned answers without a network.
type canned struct{}

const answer = `{"result_code":"200"}`

func (canned) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: 200, ContentLength: int64(len(answer)), Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(answer)), Request: req,
	}, nil
}

// BenchmarkDo shows what the transport adds to a call: to a real one, whose network takes a hundred times as long.
func BenchmarkDo(b *testing.B) {
	body := bytes.Repeat([]byte("x"), 200)
	b.Run("floor", func(b *testing.B) {
		b.ReportAllocs()
		c := &http.Client{Transport: canned{}}
		for b.Loop() {
			req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "https://gateway/upay/v2/revoke", bytes.NewReader(body))
			if err != nil {
				b.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			res, err := c.Do(req)
			if err != nil {
				b.Fatal(err)
			}
			_, _ = io.ReadAll(res.Body)
			_ = res.Body.Close()
		}
	})
	b.Run("do", func(b *testing.B) {
		b.ReportAllocs()
		c := transport.New(&http.Client{Transport: canned{}})
		for b.Loop() {
			x := exchange("https://gateway/upay/v2/revoke")
			x.Header = http.Header{"Content-Type": {"application/json"}}
			x.Prepare = func() ([]byte, error) { return body, nil }
			if err := c.Do(context.Background(), cnpay.Settings{}, x); err != nil {
				b.Fatal(err)
			}
		}
	})
}
