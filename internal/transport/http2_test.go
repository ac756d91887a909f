package transport_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

// The parts of HTTP/2 (RFC 9113) that a server needs to read requests and reset their streams.
const (
	prefaceLength = 24
	headLength    = 9

	frameData      = 0
	frameRSTStream = 3
	frameSettings  = 4
	flagEnd        = 1 // of DATA the end of the stream, of SETTINGS the acknowledgement
)

func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	b := []byte{0, byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	return append(binary.BigEndian.AppendUint32(b, stream), payload...)
}

// resetting is a server of HTTP/2 that reads each request to its end, counts it, and resets its stream.
func resetting(t *testing.T, code uint32) (url string, client *http.Client, arrived *atomic.Int32) {
	t.Helper()
	keys := httptest.NewUnstartedServer(nil)
	keys.StartTLS()
	keys.Close()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: keys.TLS.Certificates, NextProtos: []string{"h2"}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	arrived = new(atomic.Int32)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go resetStreams(conn, code, arrived)
		}
	}()
	trusted := keys.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	client = &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: trusted}}}
	t.Cleanup(client.CloseIdleConnections)
	return "https://" + listener.Addr().String(), client, arrived
}

func resetStreams(conn net.Conn, code uint32, arrived *atomic.Int32) {
	defer conn.Close()
	if _, err := io.CopyN(io.Discard, conn, prefaceLength); err != nil {
		return
	}
	_, _ = conn.Write(frame(frameSettings, 0, 0, nil))
	head := make([]byte, headLength)
	for {
		if _, err := io.ReadFull(conn, head); err != nil {
			return
		}
		length := int64(binary.BigEndian.Uint32(head) >> 8)
		if _, err := io.CopyN(io.Discard, conn, length); err != nil {
			return
		}
		kind, ends, stream := head[3], head[4]&flagEnd != 0, binary.BigEndian.Uint32(head[5:])
		switch {
		case kind == frameSettings && !ends:
			_, _ = conn.Write(frame(frameSettings, flagEnd, 0, nil))
		case kind == frameData && ends:
			arrived.Add(1)
			_, _ = conn.Write(frame(frameRSTStream, 0, stream, binary.BigEndian.AppendUint32(nil, code)))
		}
	}
}

// net/http sends a request again when its stream was reset for some reasons, even if it had arrived whole.
func TestHTTP2SendsMoneyOnce(t *testing.T) {
	for name, code := range map[string]uint32{"PROTOCOL_ERROR": 1, "INTERNAL_ERROR": 2, "REFUSED_STREAM": 7, "CANCEL": 8} {
		t.Run(name, func(t *testing.T) {
			url, client, arrived := resetting(t, code)
			for n := int32(1); n <= 2; n++ { // on a new connection, and on a kept one
				outcome, sent, err := do(t, exchange(url), cnpay.WithHTTPClient(client))
				require.Equal(t, cnpay.Unknown, outcome)
				require.ErrorIs(t, err, cnpay.ErrTransport)
				require.Equal(t, 1, sent)
				require.Equal(t, n, arrived.Load())
			}
		})
	}
}

// What may be repeated is repeated by our own rules, so many times and no more.
func TestHTTP2Repeats(t *testing.T) {
	url, client, arrived := resetting(t, 1)
	x := exchange(url)
	x.Repeatable = true
	outcome, sent, err := do(t, x, cnpay.WithHTTPClient(client), cnpay.WithRetry(cnpay.Retry{Attempts: 3, MinWait: 1, MaxWait: 1}))
	require.Equal(t, cnpay.Unknown, outcome)
	require.ErrorIs(t, err, cnpay.ErrTransport)
	require.Equal(t, 3, sent)
	require.Equal(t, int32(3), arrived.Load())
}

// silent is a transport that says nothing of its connections.
type silent struct{ http.RoundTripper }

func (s silent) RoundTrip(r *http.Request) (*http.Response, error) {
	return s.RoundTripper.RoundTrip(r.Clone(context.Background()))
}

func TestHTTP2BehindAnotherTransport(t *testing.T) {
	url, client, arrived := resetting(t, 1)
	outcome, _, err := do(t, exchange(url), cnpay.WithHTTPClient(&http.Client{Transport: silent{client.Transport}}))
	require.Equal(t, cnpay.Unknown, outcome)
	require.ErrorIs(t, err, cnpay.ErrTransport)
	require.Equal(t, int32(1), arrived.Load())
}
