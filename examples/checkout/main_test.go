package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
)

// serving runs the program until the test ends, and returns the address that it prints.
func serving(t *testing.T, args ...string) (address string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	output, stdout := io.Pipe()
	var stderr strings.Builder
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), stdout, &stderr)
		_ = stdout.Close() // so that nobody waits for an address that does not come
	}()
	t.Cleanup(func() {
		cancel()
		begun := time.Now()
		require.Equal(t, exitOK, <-ended)
		require.Less(t, time.Since(begun), 5*time.Second)
		require.Empty(t, stderr.String())
	})
	text := make([]byte, 1000)
	n, err := output.Read(text)
	require.NoError(t, err, &stderr)
	found := regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+/`).FindString(string(text[:n]))
	require.NotEmpty(t, found, string(text[:n]))
	return found
}

func get(t *testing.T, address string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, string(body)
}

func TestServeAndStop(t *testing.T) {
	t.Parallel()
	res, body := get(t, serving(t))
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Contains(t, body, "下单并付款")
}

// config is a file with UnionPay's section, and more.
func config(t *testing.T, g *unionpaytest.Server, environment string, more map[string]any) string {
	t.Helper()
	dir := t.TempDir()
	pfx, root, middle := g.KeyFiles()
	for name, data := range map[string][]byte{"merchant.pfx": pfx, "root.pem": root, "middle.pem": middle} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	sections := map[string]any{"unionpay": map[string]string{
		"gateway": g.URL, "environment": environment, "merId": unionpaytest.MerID, "signMethod": "01",
		"signCert": "merchant.pfx", "signCertPassword": unionpaytest.PFXPassword, "rootCert": "root.pem", "middleCert": "middle.pem",
	}}
	maps.Copy(sections, more)
	maps.DeleteFunc(sections, func(_ string, section any) bool { return section == nil })
	text, err := json.Marshal(sections)
	require.NoError(t, err)
	path := filepath.Join(dir, "config.json")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

func TestConfig(t *testing.T) {
	t.Parallel()
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	ums := map[string]string{
		"gateway": gateway.URL, "appId": "app", "appKey": "key", "communicationKey": "anotherKey", "mid": "898201612345678", "tid": "88880001", "source": "327M",
	}
	res, page := get(t, serving(t, "-config", config(t, gateway, "test", map[string]any{"chinaums": ums}), "-notify-url", "https://shop.example/notify"))
	require.Contains(t, res.Header.Get("Content-Security-Policy"), gateway.URL)
	require.Contains(t, page, `value="unionpay"`)
	require.Contains(t, page, `value="chinaums-scan"`)
	require.NotContains(t, page, `value="upay-scan"`, "it has no section")
	require.NotContains(t, page, "演示")

	for want, path := range map[string]string{
		"environment must be":               config(t, gateway, "production", nil),
		"umpay/spay: gateway must be named": config(t, gateway, "test", map[string]any{"umpay/spay": map[string]string{"merId": "1"}}),
		"upay: gateway must be named":       config(t, gateway, "test", map[string]any{"upay": map[string]string{"terminalSn": "1"}}),
		"a source of four characters":       config(t, gateway, "test", map[string]any{"chinaums": map[string]string{"gateway": gateway.URL}}),
		"no section of":                     config(t, gateway, "test", map[string]any{"unionpay": nil}),
	} {
		var stdout, stderr strings.Builder
		args := []string{"-addr", "127.0.0.1:0", "-config", path, "-notify-url", "https://shop.example/notify"}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // it does not serve
		require.Equal(t, exitUsage, run(ctx, args, &stdout, &stderr), want)
		cancel()
		require.Contains(t, stderr.String(), want)
	}
}

func TestBadFlags(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for _, args := range [][]string{
		{"-wrong"}, {"extra"}, {"-addr", "8080"}, {"-addr", ":8080"}, {"-addr", "0.0.0.0:8080"}, {"-addr", "shop.example:80"},
		{"-addr", taken.Addr().String()}, {"-pay-timeout", "0s"}, {"-pay-timeout", "soon"}, {"-config", "missing.json"},
		{"-addr", "127.0.0.1:0", "-config", "missing.json", "-notify-url", "https://shop.example/notify"},
		{"-config", "missing.json", "-notify-url", "shop.example/notify"}, {"-notify-url", "https://shop.example/notify"},
	} {
		var stdout, stderr strings.Builder
		require.Equal(t, exitUsage, run(t.Context(), args, &stdout, &stderr), args)
		require.NotEmpty(t, stderr.String(), args)
		require.Empty(t, stdout.String(), args)
	}
	var stdout, stderr strings.Builder
	require.Equal(t, exitUsage, run(t.Context(), []string{"-wrong"}, &stdout, &stderr))
	require.Equal(t, "checkout: flag provided but not defined: -wrong\n\nTry: checkout -h\n", stderr.String())
	require.Equal(t, exitOK, run(t.Context(), []string{"-h"}, &stdout, &stderr))
	require.Contains(t, stderr.String(), "usage: checkout")
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestFullDisk(t *testing.T) {
	t.Parallel()
	var stderr strings.Builder
	require.Equal(t, exitFailed, run(t.Context(), []string{"-addr", "127.0.0.1:0"}, fullDisk{}, &stderr))
	require.Contains(t, stderr.String(), "no space left")
}
