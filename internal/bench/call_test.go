package bench_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/bench"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
)

// exchange is one call's bytes, as recorded at a gateway of this process.
type exchange struct {
	path        string
	contentType string
	request     []byte
	answer      []byte
}

// record makes the call once and keeps what crossed the wire.
type record struct{ exchange }

func (r *record) RoundTrip(req *http.Request) (*http.Response, error) {
	r.path, r.contentType = req.URL.Path, req.Header.Get("Content-Type")
	r.request, _ = io.ReadAll(req.Body)
	req.Body = io.NopCloser(bytes.NewReader(r.request))
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	r.answer, err = io.ReadAll(res.Body)
	res.Body = io.NopCloser(bytes.NewReader(r.answer))
	return res, err
}

// TestMain is also the gateway: the benchmarks start this program again as a process of its own, because a real
// gateway does not share our memory and processors' time either.
func TestMain(m *testing.M) {
	if os.Getenv("CNPAY_BENCH_GATEWAY") == "" {
		os.Exit(m.Run())
	}
	answer, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write(answer)
	}))
	fmt.Println(server.URL)
	fmt.Println(base64.StdEncoding.EncodeToString(server.Certificate().Raw))
	select {} // until the benchmark kills it
}

// replay serves the recorded answer over TLS, and returns its address and a client with a pool that no number of
// goroutines empties.
func replay(b *testing.B, x exchange) (url string, client *http.Client) {
	gateway := exec.Command(os.Args[0])
	gateway.Env = append(os.Environ(), "CNPAY_BENCH_GATEWAY=1")
	gateway.Stdin, gateway.Stderr = bytes.NewReader(x.answer), os.Stderr
	out, err := gateway.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, gateway.Start())
	b.Cleanup(func() {
		_ = gateway.Process.Kill()
		_ = gateway.Wait()
	})
	lines := bufio.NewScanner(out)
	require.True(b, lines.Scan())
	url = lines.Text()
	require.True(b, lines.Scan())
	der, err := base64.StdEncoding.DecodeString(lines.Text())
	require.NoError(b, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(b, err)
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	return url, &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots}, MaxIdleConns: 1024, MaxIdleConnsPerHost: 512,
		DisableCompression: true,
	}}
}

// post is the least that anyone can do: send the same bytes and read the answer.
func post(c *http.Client, url string, x exchange) error {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url+x.path, bytes.NewReader(x.request))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", x.contentType)
	res, err := c.Do(req)
	if err != nil {
		return err
	}
	_, err = io.ReadAll(res.Body)
	_ = res.Body.Close()
	return err
}

func goroutines(b *testing.B, floor, ours func() error) {
	must := func(f func() error) func() {
		return func() {
			if err := f(); err != nil {
				panic(err)
			}
		}
	}
	for _, n := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("goroutines=%d", n), func(b *testing.B) { bench.Ratio(b, n, must(floor), must(ours)) })
	}
}

func BenchmarkUnionPayCall(b *testing.B) {
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	now := time.Now()
	req := &unionpay.PreauthCancelRequest{
		BizType: "000201", OrderID: "20240105145046001", TxnTime: unionpay.TxnTime(now), TxnAmt: 10000,
		OrigQryID: gateway.AddPreauth(10000), BackURL: unionpay.NoNotification,
	}
	config := gateway.Config()
	var recorded record
	client, err := unionpay.New(config, cnpay.WithHTTPClient(&http.Client{Transport: &recorded}))
	require.NoError(b, err)
	_, err = client.Preauth.Cancel(b.Context(), req)
	require.NoError(b, err)

	url, pooled := replay(b, recorded.exchange)
	config.Gateway = url
	client, err = unionpay.New(config, cnpay.WithHTTPClient(pooled))
	require.NoError(b, err)

	key, answers := config.Identity.Key, answerKey(b)
	floor := func() error {
		// Two digests and one private-key operation out, two digests and one public-key operation back.
		if _, err := key.Sign(rand.Reader, twice(recorded.request), crypto.SHA256); err != nil {
			return err
		}
		if err := post(pooled, url, recorded.exchange); err != nil {
			return err
		}
		return rsa.VerifyPKCS1v15(&answers.key.PublicKey, crypto.SHA256, twice(answers.text), answers.signature)
	}
	goroutines(b, floor, func() error {
		_, err := client.Preauth.Cancel(context.Background(), req)
		return err
	})
}

type signed struct {
	key       *rsa.PrivateKey
	text      []byte
	signature []byte
}

// answerKey makes something to verify, of the size of an answer.
func answerKey(b *testing.B) signed {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(b, err)
	text := bytes.Repeat([]byte("k=v&"), 500)
	signature, err := key.Sign(rand.Reader, twice(text), crypto.SHA256)
	require.NoError(b, err)
	return signed{key, text, signature}
}

func twice(text []byte) []byte {
	first := sha256.Sum256(text)
	second := sha256.Sum256([]byte(hex.EncodeToString(first[:])))
	_ = base64.StdEncoding.EncodeToString(second[:])
	return second[:]
}

func BenchmarkUpayCall(b *testing.B) {
	gateway := upaytest.NewServer()
	defer gateway.Close()
	gateway.AddOrder("7654321132", 10000)
	req := &upay.OrderRevokeRequest{ClientSN: "7654321132"}
	config := gateway.Config()
	var recorded record
	client, err := upay.New(config, cnpay.WithHTTPClient(&http.Client{Transport: &recorded}))
	require.NoError(b, err)
	_, err = client.Orders.Revoke(b.Context(), req)
	require.NoError(b, err)

	url, pooled := replay(b, recorded.exchange)
	config.Gateway = url
	client, err = upay.New(config, cnpay.WithHTTPClient(pooled))
	require.NoError(b, err)
	goroutines(b, func() error { return post(pooled, url, recorded.exchange) }, func() error {
		_, err := client.Orders.Revoke(context.Background(), req)
		return err
	})
}
