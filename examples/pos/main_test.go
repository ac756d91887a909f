package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
)

// shopAt is a till's file in a folder of its own.
func shopAt(t *testing.T) string { return filepath.Join(t.TempDir(), "pos.json") }

// typing runs the program with lines from a pipe.
func typing(t *testing.T, file, lines string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs strings.Builder
	code = run(t.Context(), append([]string{"-file", file}, args...), strings.NewReader(lines), &out, &errs)
	return out.String(), errs.String(), code
}

func receiptsOf(t *testing.T, file string) []*receipt {
	t.Helper()
	_, receipts, err := openBook(file)
	require.NoError(t, err)
	return receipts
}

const everything = "sell 12.50\nhold 100\ncomplete 2 80\ncancel 3\ncancel 2\nhold 50\ncomplete 6\nrefund 7 10.5\nrefund 1\nsell 3\ncancel 10\n"

// movements are what has happened to the money then, whatever the terminal did to its answers.
func movements(receipts []*receipt) string {
	var b strings.Builder
	for _, r := range receipts {
		fmt.Fprintf(&b, "%d %s %d %d %s\n", r.No, r.Kind, r.Of, r.Amount, r.Outcome)
	}
	return b.String()
}

const moved = `1 sale 0 1250 succeeded
2 hold 0 10000 succeeded
3 completion 2 8000 succeeded
4 reversal 3 8000 succeeded
5 release 2 10000 succeeded
6 hold 0 5000 succeeded
7 completion 6 5000 succeeded
8 refund 7 1050 succeeded
9 refund 1 1250 succeeded
10 sale 0 300 succeeded
11 void 10 300 succeeded
`

func TestScenarios(t *testing.T) {
	t.Parallel()
	for _, scenario := range scenarios() {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			file := shopAt(t)
			lines := everything
			switch scenario {
			case "refused", "dropped", "unclear", "undecided":
				lines = "hold 100\ncancel 1\nsell 1\n"
			case "hang":
				lines = "sell 12.50\n"
			}
			stdout, stderr, code := typing(t, file, lines, "-scenario", scenario, "-timeout", "4s")
			require.Empty(t, stderr)
			switch scenario {
			case "refused":
				require.Equal(t, exitUsage, code, "cancel 1 is no command then")
				require.Contains(t, stdout, "?  receipt 1 is a hold that has failed")
				require.Equal(t, "1 hold 0 10000 failed\n2 sale 0 100 failed\n", movements(receiptsOf(t, file)))
			case "dropped", "unclear", "undecided":
				require.Equal(t, exitUnknown, code)
				require.Contains(t, stdout, "?  receipt 1 is open")
				require.Contains(t, stdout, "next: settle 1")
				require.Contains(t, stdout, "open: receipt 1")
				require.Equal(t, cnpay.Unknown, receiptsOf(t, file)[0].Outcome)
				if scenario == "dropped" {
					stdout, _, code = typing(t, file, "again 1\nagain 2\nlist\n")
					require.Equal(t, exitOK, code, stdout)
					require.Equal(t, "1 hold 0 10000 succeeded\n2 sale 0 100 succeeded\n", movements(receiptsOf(t, file)))
				}
			case "hang":
				require.Equal(t, exitOK, code, stdout)
				require.Contains(t, stdout, "paid, as the terminal said when asked")
			default:
				require.Equal(t, exitOK, code, stdout)
				require.Equal(t, moved, movements(receiptsOf(t, file)))
			}
		})
	}
}

// TestHelper is the program itself, for tests that kill it.
func TestHelper(*testing.T) {
	args, helping := os.LookupEnv("POS_ARGS")
	if !helping {
		return
	}
	os.Exit(run(context.Background(), strings.Split(args, " "), os.Stdin, os.Stdout, os.Stderr))
}

// TestKilled: kill -9 in the middle of a sale, after which the next start knows the outcome and prints the slip.
func TestKilled(t *testing.T) {
	t.Parallel()
	file := shopAt(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHelper$")
	cmd.Env = append(os.Environ(), "POS_ARGS=-scenario hang -timeout 60s -file "+file)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = io.WriteString(stdin, "sell 12.50\n")
	require.NoError(t, err)
	require.Eventually(t, func() bool { // the terminal has carried it out
		text, _ := os.ReadFile(file + ".terminal")
		return bytes.Contains(text, []byte("onPaySuccess"))
	}, 20*time.Second, 20*time.Millisecond)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	require.Equal(t, "1 sale 0 1250 unknown\n", movements(receiptsOf(t, file)))

	stdout, stderr, code := typing(t, file, "print 1\n")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "open since the last time:\n")
	require.Regexp(t, `(?m)^  1 .* succeeded  900001   paid, as the terminal said when asked$`, stdout)
	require.Contains(t, stdout, "voucher     900001\n")
	again, _, code := typing(t, file, "print 1\nrefund 1\n")
	require.Equal(t, exitOK, code)
	require.Contains(t, again, stdout[strings.Index(stdout, "-----"):], "the slip is the same each time")
	require.Equal(t, "1 sale 0 1250 succeeded\n2 refund 1 1250 succeeded\n", movements(receiptsOf(t, file)))
}

// TestInterrupt: Ctrl-C while the terminal is silent.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	file := shopAt(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	time.AfterFunc(time.Second, func() { cancel(errors.New("interrupt signal received")) })
	var stdout, stderr strings.Builder
	begun := time.Now()
	code := run(ctx, []string{"-file", file, "-scenario", "hang"}, strings.NewReader("sell 1\nsell 2\n"), &stdout, &stderr)
	require.Equal(t, exitUnknown, code)
	require.Less(t, time.Since(begun), 10*time.Second)
	require.Contains(t, stdout.String(), "ended early: interrupt signal received")
	require.Contains(t, stdout.String(), "open: receipt 1. The next start asks about it.\n")
	require.Len(t, receiptsOf(t, file), 1, "the second sale was not begun")

	out, in := io.Pipe() // nobody types
	defer in.Close()
	ctx, cancel = context.WithCancelCause(t.Context())
	time.AfterFunc(200*time.Millisecond, func() { cancel(errors.New("interrupt signal received")) })
	require.Equal(t, exitOK, run(ctx, []string{"-file", file}, out, &stdout, &stderr))
	require.Empty(t, stderr.String())
}

func TestWrongLines(t *testing.T) {
	t.Parallel()
	file := shopAt(t)
	for line, want := range map[string]string{
		"buy":                        `"buy" is not something the till can do; type help`,
		"sell":                       "sell needs an amount, such as: sell 12.50",
		"sell 0":                     `"0" is not an amount in yuan from 0.01 to 21474836.47, such as 12.50`,
		"sell 1.005":                 `"1.005" is not an amount`,
		"sell 21474836.48":           `"21474836.48" is not an amount`,
		"sell 1 2":                   `"2" is too much; type for instance: sell 12.50`,
		"complete":                   "complete needs the number of a receipt, such as: complete 1 80",
		"complete one":               `"one" is not the number of a receipt, such as 1`,
		"cancel 0":                   `"0" is not the number of a receipt`,
		"cancel 7":                   "there is no receipt 7; the last is 3",
		"cancel 3":                   "receipt 3 is a release, and a release cannot be cancelled",
		"cancel 2":                   "receipt 2 is released already",
		"complete 2 1":               "receipt 2 is released already",
		"complete 1 1":               "receipt 1 is a sale: only a hold is completed",
		"refund 2 1":                 "receipt 2 is a hold: only a sale or a completion is refunded",
		"refund 1 12.51":             "only 12.50 is left of receipt 1",
		"again 1":                    "receipt 1 is not one to be sent again: paid",
		"print 99999999999999999999": `"99999999999999999999" is not the number of a receipt`,
		"scenario rain":              `no scenario "rain"; there are ok`,
		"\x1b[2J":                    `"\x1b[2J" is not something`,
		"sell \xff":                  "that is not text",
		strings.Repeat("x", 9999):    "that is not text",
		strings.Repeat("y", 99):      `"` + strings.Repeat("y", 30) + `..." is not something`,
	} {
		if len(receiptsOf(t, file)) == 0 {
			_, _, code := typing(t, file, "sell 12.50\nhold 3\ncancel 2\n")
			require.Equal(t, exitOK, code)
		}
		stdout, stderr, code := typing(t, file, line+"\nlist\n")
		require.Equal(t, exitUsage, code, line)
		require.Contains(t, stdout, "?  "+want, line)
		require.Contains(t, stdout, "  1  ", "it goes on")
		require.Empty(t, stderr)
		require.Len(t, receiptsOf(t, file), 3, line)
	}
	stdout, _, code := typing(t, file, "\n  \nHELP\nscenario\nscenario lost-answer\nsettle\nsettle 1\nSell 1\r\nquit\nsell 2")
	require.Equal(t, exitOK, code, stdout)
	for _, want := range []string{"sell AMOUNT", "scenarios: ok, ", "now plays lost-answer", "nothing is open", "receipt 1 is not open: paid", "as the terminal said"} {
		require.Contains(t, stdout, want)
	}
	require.Len(t, receiptsOf(t, file), 4, "nothing follows quit")
	_, _, code = typing(t, shopAt(t), "sell 2") // without an end of the line
	require.Equal(t, exitOK, code)
}

func TestPartsAndOrder(t *testing.T) {
	t.Parallel()
	file := shopAt(t)
	stdout, _, code := typing(t, file, "sell 10\nrefund 1 4\ncancel 1\nrefund 1\nrefund 1\ncancel 1\nhold 5\ncomplete 4\ncomplete 4\ncancel 4\ncancel 5\ncomplete 4 2\nrefund 5\n")
	require.Equal(t, exitUsage, code)
	for _, want := range []string{
		"?  a part of receipt 1 was refunded, and only the whole can be cancelled; refund the rest: refund 1",
		"?  nothing is left of receipt 1", "?  receipt 4 is completed already, by receipt 5", "?  nothing is left of receipt 5",
	} {
		require.Contains(t, stdout, want)
	}
	require.Equal(t, "1 sale 0 1000 succeeded\n2 refund 1 400 succeeded\n3 refund 1 600 succeeded\n4 hold 0 500 succeeded\n"+
		"5 completion 4 500 succeeded\n6 reversal 5 500 succeeded\n7 completion 4 200 succeeded\n", movements(receiptsOf(t, file)))
	rows := strings.Split(stdout, "\n")
	column := strings.Index(rows[1], "OUTCOME")
	require.Equal(t, "succeeded", rows[2][column:column+9], "the columns are aligned")
}

// TestWhatCannotBeStoredIsNotSent: the disk is full, or another till has the file.
func TestWhatCannotBeStoredIsNotSent(t *testing.T) {
	t.Parallel()
	file := shopAt(t)
	o, err := parse([]string{"-file", file}, io.Discard)
	require.NoError(t, err)
	s, closeAll, err := open(o, io.Discard)
	require.NoError(t, err)
	defer closeAll()
	var stdout strings.Builder
	s.report = &reporter{w: &stdout}
	require.NoError(t, s.do(t.Context(), "sell 1"))
	path := s.book.path
	s.book.path = filepath.Join(file, "not", "a", "folder")
	s.book.stored = nil
	require.NoError(t, s.do(t.Context(), "sell 2"))
	require.Contains(t, stdout.String(), "the receipt could not be stored, so nothing is sent: ")
	require.Contains(t, stdout.String(), "next: see to that, then type the same again")
	require.Equal(t, 1, s.terminal.Received(umpay.OpCardPay))
	require.Equal(t, exitNotSent, s.exitCode(nil))
	require.Len(t, s.receipts, 1)

	s.book.path = path
	s.book.stored = []byte("of another till")
	require.NoError(t, s.do(t.Context(), "sell 2"))
	require.Contains(t, stdout.String(), "was changed by another program")
	require.Equal(t, 1, s.terminal.Received(umpay.OpCardPay))
	require.Len(t, receiptsOf(t, file), 1)
	folder, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	require.Len(t, folder, 2, "nothing half written stays")
}

// TestOutcomeThatCannotBeStored is asked for again at the next start.
func TestOutcomeThatCannotBeStored(t *testing.T) {
	t.Parallel()
	file := shopAt(t)
	o, err := parse([]string{"-file", file}, io.Discard)
	require.NoError(t, err)
	s, closeAll, err := open(o, io.Discard)
	require.NoError(t, err)
	var stdout strings.Builder
	s.report = &reporter{w: &stdout}
	s.terminal.Handle("cardPay", func(request json.RawMessage) (string, any) {
		s.book.stored = []byte("the disk has a fault")
		return "onPaySuccess", map[string]any{"code": 60020200, "uPayTrace": "000001"}
	})
	require.NoError(t, s.do(t.Context(), "sell 1"))
	require.Contains(t, stdout.String(), "paid")
	require.Contains(t, stdout.String(), "the outcome could not be stored and is asked for again at the next start")
	closeAll()
	require.Equal(t, "1 sale 0 100 unknown\n", movements(receiptsOf(t, file)))
	again, _, code := typing(t, file, "")
	require.Equal(t, exitOK, code, again)
	require.Equal(t, "1 sale 0 100 succeeded\n", movements(receiptsOf(t, file)))
}

// diskWith takes n writes, then it is full.
type diskWith struct{ n int }

func (d *diskWith) Write(p []byte) (int, error) {
	if d.n--; d.n < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

func TestOutputThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	file := shopAt(t)
	var stderr strings.Builder
	code := run(t.Context(), []string{"-file", file}, strings.NewReader("sell 1\nsell 2\n"), &diskWith{n: 1}, &stderr)
	require.Equal(t, exitUnsaid, code)
	require.Contains(t, stderr.String(), "no space left on device")
	require.Contains(t, stderr.String(), "all receipts are in "+file)
	require.Equal(t, "1 sale 0 100 succeeded\n", movements(receiptsOf(t, file)), "what nobody can read is not carried on")
}

func TestBadFlagsAndFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	file := filepath.Join(dir, "pos.json")
	_, _, code := typing(t, file, "sell 1\n")
	require.Equal(t, exitOK, code)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	foreign := write("foreign.json", strings.ReplaceAll(string(text), "localhost", "pos.example"))
	for want, args := range map[string][]string{
		"flag provided but not defined: -wrong":                {"-wrong"},
		`unexpected argument "sell"`:                           {"sell", "1"},
		"-file must name a file":                               {"-file", ""},
		"there is no folder":                                   {"-file", filepath.Join(dir, "none", "pos.json")},
		"is a directory":                                       {"-file", dir},
		"the file ends before its JSON does":                   {"-file", write("torn.json", `{"receipts": [`)},
		"receipt 2 is not one":                                 {"-file", write("odd.json", strings.Replace(string(text), "\n\t]", ",{}]", 1))},
		`receipt 1 is of terminal "N9000001" at "pos.example"`: {"-file", foreign},
		"the terminal's memory":                                {"-file", strings.TrimSuffix(write("broken.json.terminal", "{"), ".terminal")},
		"-scenario rain: want one of ok":                       {"-scenario", "rain"},
		"-timeout must be more than zero":                      {"-timeout", "0s"},
		"-scenario is for the terminal in this process":        {"-config", file, "-scenario", "ok"},
		"missing.json":                                         {"-file", file + "2", "-config", "missing.json"},
		`no section "umpay"`:                                   {"-file", file + "2", "-config", write("empty.json", "{}")},
	} {
		var stdout, stderr strings.Builder
		require.Equal(t, exitUsage, run(t.Context(), args, strings.NewReader("sell 1\n"), &stdout, &stderr), args)
		require.Contains(t, stderr.String(), want)
		require.Contains(t, stderr.String(), "Try: pos -h")
		require.Empty(t, stdout.String())
	}
	after, err := os.ReadFile(foreign)
	require.NoError(t, err)
	require.Contains(t, string(after), "pos.example", "a file that is not understood is left as it is")
	var stdout, stderr strings.Builder
	require.Equal(t, exitOK, run(t.Context(), []string{"-h"}, strings.NewReader(""), &stdout, &stderr))
	require.Contains(t, stderr.String(), "usage: pos [flags]")
}

// TestConfig sells at a terminal elsewhere, which outlives the till by itself.
func TestConfig(t *testing.T) {
	t.Parallel()
	terminal := umpaytest.NewServer()
	defer terminal.Close()
	c := terminal.Config()
	text, err := json.Marshal(map[string]any{"umpay": map[string]string{"gateway": c.Gateway, "terminal": c.Terminal, "secret": c.Secret.Reveal()}})
	require.NoError(t, err)
	file := shopAt(t)
	config := filepath.Join(filepath.Dir(file), "config.json")
	require.NoError(t, os.WriteFile(config, text, 0o600))
	stdout, stderr, code := typing(t, file, "sell 12.50\nscenario ok\n", "-config", config)
	require.Equal(t, exitUsage, code, stderr)
	require.Contains(t, stdout, "?  scenario is for the terminal in this process")
	_, _, code = typing(t, file, "cancel 1\n", "-config", config)
	require.Equal(t, exitOK, code)
	require.True(t, terminal.Canceled("900001"))
	require.NoFileExists(t, file+".terminal")
	_, stderr, code = typing(t, file, "")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "name another file", "the terminal in the process is another one")
}

// TestTerminalThatForgot: a terminal whose memory is gone may have carried out what it does not know.
func TestTerminalThatForgot(t *testing.T) {
	t.Parallel()
	file := shopAt(t)
	_, _, code := typing(t, file, "sell 1\n", "-scenario", "dropped")
	require.Equal(t, exitUnknown, code)
	require.NoError(t, os.Remove(file+".terminal"))
	stdout, _, code := typing(t, file, "again 1\n")
	require.Equal(t, exitUnknown, code)
	require.Contains(t, stdout, "?  receipt 1 is not one to be sent again")
	require.Contains(t, stdout, "does not remember")
}
