package main

import (
	"context"
	"encoding/json"
	"errors"
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
	"github.com/cnpay-go/cnpay/upay"
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
	pfx, root, middle := unionPay.KeyFiles()
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
		"upay": map[string]any{"client_sn": int64(7654321132)},
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
	require.Zero(t, unionPay.Received("preauth_cancel"))
}

// Everything that is wrong with a request file is said at once, in words that are not a programmer's, and nothing is sent.
func TestUnreadableRequest(t *testing.T) {
	t.Parallel()
	unionPay, upayGateway := unionpaytest.NewServer(), upaytest.NewServer()
	defer unionPay.Close()
	defer upayGateway.Close()
	config, request := files(t, unionPay, upayGateway, nil)
	for text, want := range map[string]string{
		"":                            "the file is empty",
		"null":                        "the file must hold a JSON object, and holds null",
		"[]":                          "the file must hold a JSON object, and holds a list",
		`{"unionpay": `:               "line 1, column 13: the file ends before its JSON does",
		"{\r\n\"upay\": {},\r\n}\r\n": "line 3, column 1: no comma may come before the closing }",
		`{"upay": {"client_sn": "1"}, "upay": {"client_sn": "2"}}`: `line 1: "upay" is duplicated; it is on line 1 already`,
		`{"unionpay": null}`:                                                 `section "unionpay" must be a JSON object, and is null`,
		`{"unionpay": []}`:                                                   `section "unionpay" must be a JSON object, and is a list`,
		`{"alipay": {}}`:                                                     `no such provider: "alipay"`,
		`{"unionpay": {"ordrId": "1"}}`:                                      "unionpay: ordrId is not a name that is known here; ",
		`{"unionpay": {"orderid": "1"}}`:                                     "orderid is spelled orderId; ",
		`{"unionpay": {"txnAmt": {}, "orderId": "with-dash"}}`:               "unionpay: txnAmt must be a whole number, and is a JSON object; bizType is required; orderId must be letters and digits; txnTime is required; ",
		`{"unionpay": {"txnAmt": "12.5"}, "upay": {"client_sn": ["1"]}}`:     "upay: client_sn must be text, and is a list",
		`{"upay": {"client_sn": "7654321132", "ordrId": "1"}}`:               "upay: ordrId is not a name that is known here",
		`{"upay": {"client_sn": "7654321132"}, "unionpay": {"txnAmt": ""}}`:  "unionpay: txnAmt must be a whole number; bizType is required; orderId is required",
		`{"upay": {"client_sn": "7654321132"}, "unionpay": {"txnAmt": 1e2}}`: "unionpay: txnAmt must be a whole number; bizType is required; orderId is required",
	} {
		require.NoError(t, os.WriteFile(request, []byte(text), 0o600))
		results, code, stderr := revoke(t, "-config", config, "-request", request)
		require.Equal(t, exitUsage, code, text)
		require.Empty(t, results)
		require.Contains(t, stderr, "-request "+request, text)
		require.Contains(t, stderr, want, text)
		for _, foreign := range []string{"EOF", "unmarshal", " json:", "main.", "invalid character", "Go "} {
			require.NotContains(t, stderr, foreign, text)
		}
	}
	require.Zero(t, unionPay.Received("preauth_cancel"))
	require.Zero(t, upayGateway.Received("revoke"))
}

// A request that is whole but for one name that nobody reads is not sent to find out what else is wrong with it.
func TestUnreadableRequestIsNotSent(t *testing.T) {
	t.Parallel()
	for _, provider := range providers() {
		s := &scene{options: options{scenario: "ok"}}
		j, err := s.job(provider)
		require.NoError(t, err)
		j.faults = []cnpay.Fault{{Field: "strange", Problem: "is not a name that is known here"}}
		require.EqualError(t, j.unreadable(), "strange is not a name that is known here", provider)
		received := s.open[0].Gateway
		require.Zero(t, received.Received(j.operation), provider)
		_, err = j.revoke(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, received.Received(j.operation), provider)
		s.open[0].Close()
	}
}

func TestNegativeAmount(t *testing.T) {
	t.Parallel()
	unionPay, upayGateway := unionpaytest.NewServer(), upaytest.NewServer()
	defer unionPay.Close()
	defer upayGateway.Close()
	config, request := files(t, unionPay, upayGateway, map[string]any{"unionpay": map[string]any{"txnAmt": -100}})
	results, code, _ := revoke(t, "-config", config, "-request", request)
	require.Equal(t, exitUsage, code)
	require.Contains(t, results["unionpay"].Error, "txnAmt must not be negative")
}

// As Windows writes files: a byte order mark, and lines that end in \r\n.
func TestFilesOfWindows(t *testing.T) {
	t.Parallel()
	unionPay, upayGateway := unionpaytest.NewServer(), upaytest.NewServer()
	defer unionPay.Close()
	defer upayGateway.Close()
	upayGateway.AddOrder("7654321132", 10000)
	config, request := files(t, unionPay, upayGateway, map[string]any{"upay": map[string]any{"client_sn": "7654321132"}})
	for _, name := range []string{config, request} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		windows := "\ufeff" + strings.ReplaceAll(string(text), ",", ",\r\n") + "\r\n"
		require.NoError(t, os.WriteFile(name, []byte(windows), 0o600))
	}
	results, code, stderr := revoke(t, "-config", config, "-request", request)
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, cnpay.Succeeded, results["upay"].Outcome)
}

func TestWhereFilesAreLookedUp(t *testing.T) {
	t.Parallel()
	unionPay, upayGateway := unionpaytest.NewServer(), upaytest.NewServer()
	defer unionPay.Close()
	defer upayGateway.Close()
	here, err := os.Getwd()
	require.NoError(t, err)
	_, code, stderr := revoke(t, "-config", "missing.json", "-request", "missing.json")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "(looked for "+filepath.Join(here, "missing.json")+")")

	config, request := files(t, unionPay, upayGateway, map[string]any{"unionpay": map[string]any{}})
	require.NoError(t, os.Remove(filepath.Join(filepath.Dir(config), "root.pem")))
	_, code, stderr = revoke(t, "-config", config, "-request", request)
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "-config "+config+": unionpay: rootCert: root.pem: ")
	require.Contains(t, stderr, "(looked for "+filepath.Join(filepath.Dir(config), "root.pem")+")")
	_, _, stderr = revoke(t, "-h")
	require.Contains(t, stderr, "Looked up in the current directory; key files that it names, in its own folder")
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
	for flags, want := range map[string]string{
		"-wrong": "flag provided but not defined: -wrong", "-timeout=soon": `invalid value "soon" for flag -timeout`,
		"-settle=maybe": `invalid boolean value "maybe" for -settle`, "-timeout=0s": "-timeout must be more than zero",
	} {
		_, code, stderr := revoke(t, flags)
		require.Equal(t, exitUsage, code)
		require.Equal(t, "revoke: "+want+"\n\nTry: revoke -h\n", stderr)
	}
	_, code, stderr := revoke(t, "-h")
	require.Equal(t, exitOK, code)
	require.Equal(t, 1, strings.Count(stderr, "usage: revoke"))
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"while it is sent":     {"-scenario", "hang", "-provider", "upay"},
		"between two queries":  {"-scenario", "lost-answer", "-provider", "unionpay"},
		"when the time is up":  {"-scenario", "lost-answer", "-provider", "unionpay", "-timeout", "700ms"},
		"without any settling": {"-scenario", "hang", "-provider", "umpay", "-settle=false"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			cause := "interrupt signal received"
			if slices.Contains(args, "700ms") {
				cause = "-timeout 700ms is over"
			} else {
				time.AfterFunc(700*time.Millisecond, func() { cancel(errors.New(cause)) })
			}
			var stdout, stderr strings.Builder
			begun := time.Now()
			code := run(ctx, args, &stdout, &stderr)
			require.Equal(t, exitUnknown, code)
			require.Less(t, time.Since(begun), 5*time.Second)
			require.Equal(t, 1, strings.Count(stdout.String(), cause), stdout.String())
			require.Contains(t, stdout.String(), "next: query this order again later", "the order is named before the program ends")
		})
	}
}

// The answer to a query is under way when the interruption comes.
func TestInterruptedQuery(t *testing.T) {
	t.Parallel()
	s := &scene{options: options{scenario: "lost-answer"}}
	j, err := s.job("upay")
	require.NoError(t, err)
	defer s.open[0].Close()
	s.open[0].Gateway.Misbehave(upay.OpOrderQuery, cnpaytest.Hang)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	time.AfterFunc(700*time.Millisecond, func() { cancel(errors.New("interrupt signal received")) })
	r := j.do(ctx, options{settle: true, timeout: 20 * time.Second}, nil)
	require.Equal(t, cnpay.Unknown, r.Outcome)
	require.Equal(t, 1, strings.Count(r.Error, "interrupt signal received"), r.Error)
	require.Contains(t, r.Error, "asking ended early")
}

// Yuansfer has no query: after a lost answer the revoke is sent again.
func TestRepeated(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	code := run(t.Context(), []string{"-scenario", "lost-answer"}, &stdout, &stderr)
	require.Equal(t, exitOK, code)
	require.Regexp(t, `(?m)^yuansfer .* revoked, as the answer to a repeat says: it was sent 2 times \(000100\)$`, stdout.String())
	require.Equal(t, 4, strings.Count(stdout.String(), "as the provider said when asked"), "the others are asked")

	stdout.Reset()
	code = run(t.Context(), []string{"-scenario", "lost-answer", "-provider", "yuansfer", "-settle=false"}, &stdout, &stderr)
	require.Equal(t, exitUnknown, code)
	require.Contains(t, stdout.String(), "next: run the same again, which is harmless")
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestFullDisk(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		want int
		says string
		args []string
	}{
		{exitUnsaid, "succeeded", nil},
		{exitUnsaid, "failed", []string{"-scenario", "refused", "-json"}},
		{exitUnknown, "unknown", []string{"-scenario", "empty", "-settle=false"}},
	} {
		var stderr strings.Builder
		args := append([]string{"-provider", "upay"}, tt.args...)
		require.Equal(t, tt.want, run(t.Context(), args, fullDisk{}, &stderr))
		require.Contains(t, stderr.String(), "no space left")
		require.Contains(t, stderr.String(), tt.says, "the outcome is printed where it still can be")
	}
	require.Equal(t, exitUnknown, run(t.Context(), []string{"-provider", "upay"}, fullDisk{}, fullDisk{}), "nothing was printed")
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
