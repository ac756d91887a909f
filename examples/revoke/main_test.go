package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
	"github.com/cnpay-go/cnpay/upay/upaytest"
)

// revoke runs the program and returns its results by provider, its exit code and what it said on stderr.
func revoke(t *testing.T, args ...string) (map[string]result, int, string) {
	t.Helper()
	var stdout, stderr strings.Builder
	code := run(t.Context(), append([]string{"-json"}, args...), &stdout, &stderr)
	results := map[string]result{}
	for line := range strings.Lines(stdout.String()) {
		var r result
		require.NoError(t, json.Unmarshal([]byte(line), &r), line)
		results[r.Provider] = r
	}
	return results, code, stderr.String()
}

func TestScenarios(t *testing.T) {
	// What the money operation itself was answered, before anybody asked.
	settled := map[string]cnpay.Outcome{"refused": cnpay.Failed}
	for _, scenario := range scenarios() {
		if scenario == "hang" {
			continue // TestHang
		}
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			results, code, stderr := revoke(t, "-scenario", scenario)
			require.Len(t, results, 5)
			want, exit := cnpay.Succeeded, exitOK
			if o, ok := settled[scenario]; ok {
				want, exit = o, exitFailed
			}
			require.Equal(t, exit, code)
			require.Empty(t, stderr)
			for _, r := range results {
				require.Equal(t, want, r.Outcome, r.Provider)
				require.NotEmpty(t, r.Order)
				require.NotEmpty(t, r.Code, r.Provider)
				require.NotContains(t, r.Error, "\n")
				if r.Provider != "yuansfer" { // whose way of asking is to revoke again
					require.Equal(t, 1, r.Sent, r.Provider)
				}
			}
		})
	}
}

func TestHang(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	results, code, _ := revoke(t, "-scenario", "hang", "-timeout", "6s")
	require.Equal(t, exitOK, code)
	for _, r := range results {
		require.Equal(t, cnpay.Succeeded, r.Outcome, r.Provider)
	}
	require.Less(t, time.Since(begun), 8*time.Second)
}

func TestWithoutSettling(t *testing.T) {
	t.Parallel()
	results, code, _ := revoke(t, "-settle=false", "-scenario", "http-502", "-provider", "unionpay")
	require.Equal(t, exitUnknown, code)
	require.Equal(t, cnpay.Unknown, results["unionpay"].Outcome)
	require.False(t, results["unionpay"].Settled)
	require.Equal(t, 1, results["unionpay"].Sent)

	results, code, _ = revoke(t, "-settle=false", "-provider", "unionpay")
	require.Equal(t, exitOK, code)
	require.Equal(t, cnpay.Pending, results["unionpay"].Outcome)
}

func TestTable(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	code := run(t.Context(), []string{"-settle=false", "-scenario", "empty"}, &stdout, &stderr)
	require.Equal(t, exitUnknown, code)
	lines := strings.Split(stdout.String(), "\n")
	column := strings.Index(lines[0], "OUTCOME")
	for _, p := range []string{"unionpay", "chinaums", "upay", "umpay"} {
		require.Regexp(t, `(?m)^`+p+` .* unknown +nobody can say yet`, stdout.String())
	}
	require.Equal(t, "unknown", lines[1][column:column+7], "the columns are aligned")
	require.Contains(t, stdout.String(), "    next: query this order again later")
}

// files writes what a merchant would have: a config with its key files, and a request.
func files(t *testing.T, unionPay *unionpaytest.Server, upayGateway *upaytest.Server, request map[string]any) (config, requests string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, data, 0o600))
		return path
	}
	pfx, root, middle := unionPay.Files()
	write("merchant.pfx", pfx)
	write("root.pem", root)
	write("middle.pem", middle)
	u := upayGateway.Config()
	text, err := json.Marshal(map[string]any{
		"unionpay": map[string]any{
			"gateway": unionPay.URL, "environment": "test", "merId": unionpaytest.MerID, "signMethod": "01",
			"signCert": "merchant.pfx", "signCertPassword": unionpaytest.PFXPassword,
			"rootCert": "root.pem", "middleCert": "middle.pem", "secureKey": "",
		},
		"upay": map[string]any{"gateway": u.Gateway, "terminalSn": u.TerminalSN, "terminalKey": u.TerminalKey.Reveal()},
	})
	require.NoError(t, err)
	config = write("config.json", text)
	text, err = json.Marshal(request)
	require.NoError(t, err)
	return config, write("request.json", text)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	unionPay, upayGateway := unionpaytest.NewServer(), upaytest.NewServer()
	defer unionPay.Close()
	defer upayGateway.Close()
	upayGateway.AddOrder("7654321132", 10000)
	orderID := unionpay.NewOrderID()
	config, request := files(t, unionPay, upayGateway, map[string]any{
		"unionpay": map[string]any{
			"bizType": "000201", "orderId": orderID, "txnTime": unionpay.TxnTime(time.Now()), "txnAmt": "10000",
			"origQryId": unionPay.AddPreauth(10000), "backUrl": unionpay.NoNotification,
		},
		"upay": map[string]any{"client_sn": 7654321132},
	})
	results, code, stderr := revoke(t, "-config", config, "-request", request)
	require.Equal(t, exitOK, code, stderr)
	require.Len(t, results, 2, "the sections left out are skipped")
	require.Equal(t, orderID, results["unionpay"].Order)
	require.True(t, results["unionpay"].Settled)
	require.Equal(t, cnpay.Succeeded, results["upay"].Outcome)

	_, code, stderr = revoke(t, "-config", config, "-request", request, "-provider", "yuansfer")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, `no section "yuansfer"`)
}

func TestBadRequest(t *testing.T) {
	t.Parallel()
	unionPay, upayGateway := unionpaytest.NewServer(), upaytest.NewServer()
	defer unionPay.Close()
	defer upayGateway.Close()
	config, request := files(t, unionPay, upayGateway, map[string]any{
		"unionpay": map[string]any{"orderId": "with-dash", "txnAmt": 1},
	})
	results, code, _ := revoke(t, "-config", config, "-request", request)
	require.Equal(t, exitUsage, code)
	require.Zero(t, results["unionpay"].Sent)
	for _, name := range []string{"bizType", "orderId", "txnTime", "backUrl", "origQryId"} {
		require.Contains(t, results["unionpay"].Error, name)
	}
	for _, tt := range []struct{ field, value, want string }{
		{"ordrId", "1", "ordrId"}, {"txnAmt", "12.5", "txnAmt"}, {"txnAmt", "", "txnAmt"},
	} {
		config, request := files(t, unionPay, upayGateway, map[string]any{"unionpay": map[string]any{tt.field: tt.value}})
		_, code, stderr := revoke(t, "-config", config, "-request", request)
		require.Equal(t, exitUsage, code)
		require.Contains(t, stderr, tt.want)
	}
	require.Zero(t, unionPay.Received("preauth_cancel"))
}

func TestBadFlags(t *testing.T) {
	t.Parallel()
	broken := filepath.Join(t.TempDir(), "broken.json")
	require.NoError(t, os.WriteFile(broken, []byte(`{"unionpay": `), 0o600))
	for _, args := range [][]string{
		{"-provider", "alipay"}, {"-scenario", "rain"}, {"-timeout", "0s"}, {"-timeout", "soon"}, {"-wrong"}, {"extra"},
		{"-config", "missing.json", "-request", "missing.json"}, {"-config", broken}, {"-config", broken, "-request", broken},
		{"-config", broken, "-request", broken, "-scenario", "hang"}, {"-request", "missing.json"}, {"-request", broken},
	} {
		_, code, stderr := revoke(t, args...)
		require.Equal(t, exitUsage, code, args)
		require.NotEmpty(t, stderr, args)
	}
	_, code, stderr := revoke(t, "-h")
	require.Equal(t, exitOK, code)
	require.Contains(t, stderr, "usage: revoke")
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	var stdout, stderr strings.Builder
	begun := time.Now()
	code := run(ctx, []string{"-scenario", "hang", "-provider", "upay"}, &stdout, &stderr)
	require.Equal(t, exitUnknown, code)
	require.Less(t, time.Since(begun), 5*time.Second)
	require.Contains(t, stdout.String(), "next: query this order again later", "the order is named before the program ends")
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestFullDisk(t *testing.T) {
	t.Parallel()
	var stderr strings.Builder
	code := run(t.Context(), []string{"-provider", "upay"}, fullDisk{}, &stderr)
	require.Equal(t, exitUnknown, code)
	require.Contains(t, stderr.String(), "no space left")
	require.Contains(t, stderr.String(), "succeeded", "the outcome is told where it still can be")
}

func TestExitCode(t *testing.T) {
	of := func(outcomes ...cnpay.Outcome) (r []result) {
		for _, o := range outcomes {
			r = append(r, result{Outcome: o})
		}
		return r
	}
	require.Equal(t, exitOK, exitCode(of(cnpay.Succeeded, cnpay.Pending)))
	require.Equal(t, exitFailed, exitCode(of(cnpay.Succeeded, cnpay.Failed)))
	require.Equal(t, exitNotSent, exitCode(of(cnpay.Failed, cnpay.NotSent)))
	require.Equal(t, exitUnknown, exitCode(of(cnpay.Failed, cnpay.NotSent, cnpay.Unknown)))
}
