package umpaytest_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
)

const preauthCancel = "plugin_card_pre_auth_rever"

func TestPlugin(t *testing.T) {
	terminal := umpaytest.NewServer()
	defer terminal.Close()
	client, err := umpay.New(terminal.Config())
	require.NoError(t, err)
	terminal.AddPreauth("000123", 10000)
	try := func(trace string, amount int64) error {
		_, err := client.Preauth.Cancel(t.Context(), &umpay.PreauthCancelRequest{ID: umpay.NewCommandID(), Amount: amount, UPayTrace: trace})
		return err
	}
	require.ErrorIs(t, try("000124", 10000), cnpay.ErrRefused, "no such voucher")
	require.ErrorIs(t, try("000123", 9999), cnpay.ErrRefused, "another amount")
	require.False(t, terminal.Canceled("000123"))
	require.NoError(t, try("000123", 10000))
	require.True(t, terminal.Canceled("000123"))
	require.ErrorIs(t, try("000123", 10000), cnpay.ErrRefused, "cancelled before")
	require.Equal(t, 4, terminal.Received(preauthCancel))
}

// TestBridgeRunsOneCommandUnderAnID: another one under the same id is refused, and the first stays as it is.
func TestBridgeRunsOneCommandUnderAnID(t *testing.T) {
	terminal := umpaytest.NewServer()
	defer terminal.Close()
	client, err := umpay.New(terminal.Config())
	require.NoError(t, err)
	terminal.AddPreauth("000123", 10000)
	terminal.AddPreauth("000124", 10000)
	_, err = client.Preauth.Cancel(t.Context(), &umpay.PreauthCancelRequest{ID: "1", Amount: 10000, UPayTrace: "000123"})
	require.NoError(t, err)
	_, err = client.Preauth.Cancel(t.Context(), &umpay.PreauthCancelRequest{ID: "1", Amount: 10000, UPayTrace: "000124"})
	require.ErrorIs(t, err, cnpay.ErrRefused)
	require.ErrorContains(t, err, "id is another command's")
	require.False(t, terminal.Canceled("000124"))
	_, err = client.Preauth.Cancel(t.Context(), &umpay.PreauthCancelRequest{ID: "1", Amount: 10000, UPayTrace: "000123"})
	require.NoError(t, err)
}

// TestBridgeExpiresCommands by its own clock: at notAfter a command still runs, past it no more.
func TestBridgeExpiresCommands(t *testing.T) {
	now := time.Unix(1700000000, 0)
	for seconds, runs := range map[int64]bool{-300: true, 0: true, 20: true, 21: false, 300: false} {
		terminal := umpaytest.NewServer()
		defer terminal.Close()
		terminal.SetClock(func() time.Time { return now.Add(time.Duration(seconds) * time.Second) })
		client, err := umpay.New(terminal.Config(), cnpay.WithClock(func() time.Time { return now }), cnpay.WithTimeout(20*time.Second))
		require.NoError(t, err)
		terminal.AddPreauth("000123", 10000)
		res, err := client.Preauth.Cancel(t.Context(), &umpay.PreauthCancelRequest{ID: "1", Amount: 10000, UPayTrace: "000123"})
		require.Equal(t, runs, terminal.Canceled("000123"), seconds)
		require.Equal(t, runs, err == nil, seconds)
		if !runs {
			require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(res, err))
			require.ErrorContains(t, err, "410 notAfter was past")
		}
	}
}

// TestBridgeChecksSignatures: what it would not answer it does not run either.
func TestBridgeChecksSignatures(t *testing.T) {
	for name, change := range map[string]func(*umpay.Config) []cnpay.Option{
		"secret":   func(c *umpay.Config) []cnpay.Option { c.Secret = "wrong"; return nil },
		"terminal": func(c *umpay.Config) []cnpay.Option { c.Terminal = "N9000002"; return nil },
		"clock": func(*umpay.Config) []cnpay.Option {
			return []cnpay.Option{cnpay.WithClock(func() time.Time { return time.Now().Add(-301 * time.Second) })}
		},
	} {
		t.Run(name, func(t *testing.T) {
			terminal := umpaytest.NewServer()
			defer terminal.Close()
			terminal.AddPreauth("000123", 10000)
			config := terminal.Config()
			opts := change(&config)
			client, err := umpay.New(config, opts...)
			require.NoError(t, err)
			res, err := client.Preauth.Cancel(t.Context(), &umpay.PreauthCancelRequest{ID: "1", Amount: 10000, UPayTrace: "000123"})
			require.ErrorIs(t, err, cnpay.ErrSignature)
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
			require.False(t, terminal.Canceled("000123"))
			require.Empty(t, terminal.Events("1"))
		})
	}
}

func TestBridgeUsesANonceOnce(t *testing.T) {
	terminal := umpaytest.NewServer()
	defer terminal.Close()
	client, err := umpay.New(terminal.Config(), cnpay.WithNonce(func() string { return "00112233445566778899aabbccddeeff" }))
	require.NoError(t, err)
	res, err := client.Commands.Query(t.Context(), &umpay.CommandQueryRequest{ID: "1"})
	require.ErrorIs(t, err, cnpay.ErrRefused)
	require.Equal(t, umpay.CommandMissing, res.State)
	_, err = client.Commands.Query(t.Context(), &umpay.CommandQueryRequest{ID: "1"})
	require.ErrorIs(t, err, cnpay.ErrSignature)
}

// TestPostTrustsNothingUnsigned: a receiver that does not sign its 200 has stored nothing that the app may forget.
func TestPostTrustsNothingUnsigned(t *testing.T) {
	terminal := umpaytest.NewServer()
	defer terminal.Close()
	var header string
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Authorization", header)
		_, _ = w.Write([]byte(`{"id":"1","seq":1}`))
	}))
	defer receiver.Close()
	for _, header = range []string{"", `CNPAY-HMAC-SHA256 terminal="N9000001",timestamp="1",nonce="2",signature="3"`} {
		status, err := terminal.Post(t.Context(), receiver.URL, umpay.Event{ID: "1", Seq: 1})
		require.Equal(t, http.StatusOK, status)
		require.Error(t, err)
	}
}

// TestMemoryOutlivesTheTerminal: what was carried out is known after a restart, and no command runs a second time.
func TestMemoryOutlivesTheTerminal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "terminal.json")
	open := func() (*umpaytest.Server, *umpay.Client) {
		terminal, err := umpaytest.OpenServer(file)
		require.NoError(t, err)
		t.Cleanup(terminal.Close)
		client, err := umpay.New(terminal.Config())
		require.NoError(t, err)
		return terminal, client
	}
	hold := &umpay.PreauthCreateRequest{ID: "1", Amount: 10000, OrderID: "o1"}
	terminal, client := open()
	terminal.Misbehave(umpay.OpPreauthCreate, cnpaytest.LostAnswer)
	res, err := client.Preauth.Create(t.Context(), hold)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	terminal.Close()

	_, client = open()
	found, err := client.Commands.Query(t.Context(), &umpay.CommandQueryRequest{ID: "1"})
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, found.Event.Verdict().Outcome)
	require.WithinDuration(t, time.Now().AddDate(0, 0, -1), since(t, client), time.Minute)
	res, err = client.Preauth.Create(t.Context(), hold)
	require.NoError(t, err, "a repeat has the stored answer")
	_, err = client.Preauth.Create(t.Context(), &umpay.PreauthCreateRequest{ID: "2", Amount: 10000, OrderID: "o1"})
	require.ErrorIs(t, err, cnpay.ErrRefused, "the order number is taken")

	terminal, client = open()
	done, err := client.Preauth.CompleteWithCard(t.Context(), &umpay.PreauthCompleteWithCardRequest{
		ID: "3", Amount: 9000, OrderDate: res.Result.OrderDate, AuthCode: res.Result.AuthCode,
	})
	require.NoError(t, err)
	require.EqualValues(t, 9000, terminal.Left(done.Result.UPayTrace))
	terminal.Forget()
	_, client = open()
	require.WithinDuration(t, time.Now(), since(t, client), time.Minute, "it has lost its memory")

	require.NoError(t, os.WriteFile(file, []byte(`{"since":`), 0o600))
	_, err = umpaytest.OpenServer(file)
	require.ErrorContains(t, err, file)
}

// since is from when the terminal remembers every command.
func since(t *testing.T, client *umpay.Client) time.Time {
	res, _ := client.Commands.Query(t.Context(), &umpay.CommandQueryRequest{ID: "unknown"})
	require.Equal(t, umpay.CommandMissing, res.State)
	return res.Since
}

// TestMemoryThatCannotBeStored is no answer of an operation.
func TestMemoryThatCannotBeStored(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dir")
	require.NoError(t, os.Mkdir(dir, 0o700))
	terminal, err := umpaytest.OpenServer(filepath.Join(dir, "terminal.json"))
	require.NoError(t, err)
	defer terminal.Close()
	client, err := umpay.New(terminal.Config())
	require.NoError(t, err)
	require.NoError(t, os.Remove(dir))
	res, err := client.Preauth.Create(t.Context(), &umpay.PreauthCreateRequest{ID: "1", Amount: 10000, OrderID: "o1"})
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
}
