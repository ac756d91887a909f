package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
)

// playWith runs the program and returns its lines, its exit code and what it said on stderr.
func playWith(t *testing.T, args ...string) ([]result, int, string) {
	t.Helper()
	var stdout, stderr strings.Builder
	code := run(t.Context(), append([]string{"-json"}, args...), &stdout, &stderr)
	var results []result
	for line := range strings.Lines(stdout.String()) {
		var r result
		require.NoError(t, json.Unmarshal([]byte(line), &r), line)
		results = append(results, r)
	}
	return results, code, stderr.String()
}

// acted are the results without those that only prepare.
func acted(results []result) []result {
	var found []result
	for _, r := range results {
		if r.Operation != "certificate" && r.Operation != "SMS code" {
			found = append(found, r)
		}
	}
	return found
}

func operations(results []result) string {
	var names []string
	for _, r := range results {
		names = append(names, r.Operation)
	}
	return strings.Join(names, ", ")
}

const whole = "pre-authorise, complete, refund, pre-authorise, cancel, pre-authorise, complete, cancel completion"

func TestScenarios(t *testing.T) {
	for _, scenario := range scenarios() {
		if scenario == "hang" {
			continue // TestHang
		}
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			results, code, stderr := playWith(t, "-scenario", scenario)
			require.Empty(t, stderr)
			require.Equal(t, whole, operations(acted(results)))
			if scenario == "refused" {
				require.Equal(t, exitFailed, code)
				for _, r := range acted(results) {
					switch r.Operation {
					case "pre-authorise":
						require.Equal(t, cnpay.Succeeded, r.Outcome)
					case "complete", "cancel":
						require.Equal(t, cnpay.Failed, r.Outcome)
						require.Equal(t, "38", r.Code)
					default:
						require.True(t, r.Skipped, r.Operation)
						require.Zero(t, r.Sent)
					}
				}
				return
			}
			require.Equal(t, exitOK, code)
			for _, r := range acted(results) {
				require.Equal(t, cnpay.Succeeded, r.Outcome, r.Operation)
				require.Equal(t, 1, r.Sent, r.Operation)
				require.True(t, r.Settled, r.Operation)
				require.Len(t, r.QueryID, 21)
			}
		})
	}
}

func TestHang(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	results, code, _ := playWith(t, "-scenario", "hang", "-timeout", "4s")
	require.Equal(t, exitOK, code)
	require.Equal(t, whole, operations(acted(results)))
	require.Less(t, time.Since(begun), 15*time.Second)
}

func TestTable(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	require.Equal(t, exitFailed, run(t.Context(), []string{"-scenario", "refused", "-v"}, &stdout, &stderr))
	require.Contains(t, stderr.String(), "preauth_complete")
	require.NotContains(t, stderr.String(), "6216261000000000018")
	lines := strings.Split(stdout.String(), "\n")
	column := strings.Index(lines[0], "OUTCOME")
	for _, line := range lines {
		if line != "" && !strings.HasPrefix(line, " ") {
			require.Regexp(t, `^(OUTCOME|succeeded|failed|not_sent) `, line[column:], "the columns are aligned")
		}
	}
	require.Contains(t, stdout.String(), "100.00 yuan held, queryId ")
	require.Contains(t, stdout.String(), "    next: read the code; the money is still held")
	require.Regexp(t, `(?m)^refund +not_sent +not begun$`, stdout.String())
}

func TestWrongCode(t *testing.T) {
	t.Parallel()
	results, code, _ := playWith(t, "-sms-code", "222222")
	require.Equal(t, exitFailed, code)
	require.Equal(t, "71", acted(results)[0].Code)
	for _, r := range acted(results) {
		require.NotEqual(t, cnpay.Succeeded, r.Outcome)
	}
}

func TestInvalidCard(t *testing.T) {
	t.Parallel()
	results, code, _ := playWith(t, "-card", "")
	require.Equal(t, exitUsage, code)
	for _, r := range acted(results) {
		require.Zero(t, r.Sent)
	}
}

func config(t *testing.T, g *unionpaytest.Server, environment string) string {
	t.Helper()
	dir := t.TempDir()
	pfx, root, middle := g.KeyFiles()
	for name, data := range map[string][]byte{"merchant.pfx": pfx, "root.pem": root, "middle.pem": middle} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	text, err := json.Marshal(map[string]any{"unionpay": map[string]string{
		"gateway": g.URL, "environment": environment, "merId": unionpaytest.MerID, "signMethod": "01",
		"signCert": "merchant.pfx", "signCertPassword": unionpaytest.PFXPassword, "rootCert": "root.pem", "middleCert": "middle.pem",
	}})
	require.NoError(t, err)
	path := filepath.Join(dir, "config.json")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

func TestConfig(t *testing.T) {
	t.Parallel()
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	results, code, stderr := playWith(t, "-config", config(t, gateway, "test"))
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, whole, operations(acted(results)))
	require.Equal(t, 3, gateway.Received("no_redirect_preauth"))
	require.Equal(t, 3, gateway.Received("sms"))
	require.Equal(t, 1, gateway.Received("encrypt_cert_update"))

	_, code, stderr = playWith(t, "-config", config(t, gateway, "production"))
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "environment must be")
}

func TestHeld(t *testing.T) {
	t.Parallel()
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	args := []string{"-config", config(t, gateway, "test")}
	for range 3 {
		args = append(args, "-held", fmt.Sprintf("%s=5000", gateway.AddPreauth(5000)))
	}
	results, code, stderr := playWith(t, args[:6]...)
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, "complete, refund, cancel", operations(results))
	require.Zero(t, gateway.Received("no_redirect_preauth"))

	results, code, _ = playWith(t, args...)
	require.Equal(t, exitFailed, code, "the second is cancelled already")
	require.Equal(t, "complete, refund, cancel, complete, cancel completion", operations(results))
	require.Equal(t, "45", results[2].Code)
	require.Equal(t, cnpay.Succeeded, results[4].Outcome)
}

func TestBadFlags(t *testing.T) {
	t.Parallel()
	broken := filepath.Join(t.TempDir(), "broken.json")
	require.NoError(t, os.WriteFile(broken, []byte(`{"unionpay": `), 0o600))
	for _, args := range [][]string{
		{"-scenario", "rain"}, {"-timeout", "0s"}, {"-timeout", "soon"}, {"-wrong"}, {"extra"}, {"-amount", "1"},
		{"-config", "missing.json"}, {"-config", broken}, {"-config", broken, "-scenario", "hang"},
		{"-held", "20261121123521000000001=1000"}, {"-held", "202611211235210000001=1000"}, {"-config", broken, "-held", "x"},
	} {
		results, code, stderr := playWith(t, args...)
		require.Equal(t, exitUsage, code, args)
		require.NotEmpty(t, stderr, args)
		require.Empty(t, results)
	}
	_, _, stderr := playWith(t, "-wrong")
	require.Equal(t, "unionpay-preauth: flag provided but not defined: -wrong\n\nTry: unionpay-preauth -h\n", stderr)
	_, code, stderr := playWith(t, "-h")
	require.Equal(t, exitOK, code)
	require.Contains(t, stderr, "usage: unionpay-preauth")
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	time.AfterFunc(1500*time.Millisecond, func() { cancel(errors.New("interrupt signal received")) })
	var stdout, stderr strings.Builder
	begun := time.Now()
	code := run(ctx, []string{"-scenario", "hang"}, &stdout, &stderr)
	require.Equal(t, exitUnknown, code)
	require.Less(t, time.Since(begun), 10*time.Second)
	require.Regexp(t, `(?m)^complete +[0-9a-f]{32} +unknown +nobody can say yet`, stdout.String())
	require.Contains(t, stdout.String(), "next: query this order again later", "the order is named before the program ends")
	require.Equal(t, 1, strings.Count(stdout.String(), "interrupt signal received"), stdout.String())
	require.Regexp(t, `(?m)^cancel +not_sent +not begun$`, stdout.String())
}

// The answer to a query is under way when the interruption comes.
func TestInterruptedQuery(t *testing.T) {
	t.Parallel()
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	gateway.AlwaysMisbehave("query", cnpaytest.Hang)
	client, err := unionpay.New(gateway.Config())
	require.NoError(t, err)
	o, err := parse(nil, io.Discard)
	require.NoError(t, err)
	var results []result
	p := &play{options: o, client: client, schedule: cnpay.Every(time.Millisecond, 5), report: func(r result) error {
		results = append(results, r)
		return nil
	}}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	time.AfterFunc(time.Second, func() { cancel(errors.New("interrupt signal received")) })
	require.NoError(t, p.all(ctx))
	asked := slices.IndexFunc(results, func(r result) bool { return strings.Contains(r.Error, "interrupt") })
	require.GreaterOrEqual(t, asked, 0, results)
	require.Equal(t, cnpay.Pending, results[asked].Outcome)
	require.Equal(t, "settling ended early: interrupt signal received", results[asked].Error)
}

// diskWith takes n lines, then it is full.
type diskWith struct{ n int }

func (d *diskWith) Write(p []byte) (int, error) {
	if d.n--; d.n < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	var stderr strings.Builder
	code := run(t.Context(), nil, &diskWith{n: 3}, &stderr)
	require.Equal(t, exitUnsaid, code)
	require.Contains(t, stderr.String(), "no space left")
	require.Regexp(t, `(?m)^complete .*succeeded`, stderr.String(), "the outcome is printed where it still can be")
	require.NotContains(t, stderr.String(), "refund", "what cannot be reported is not begun")
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	code = run(ctx, []string{"-scenario", "hang"}, &diskWith{n: 3}, &stderr)
	require.Equal(t, exitUnknown, code, "what is unknown goes before")
	require.Equal(t, exitUnknown, run(t.Context(), nil, &diskWith{}, &diskWith{}), "nothing was printed")
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
	require.Equal(t, exitFailed, exitCode([]result{{asks: true}, {Outcome: cnpay.NotSent, Skipped: true}}), "no money moved")
}
