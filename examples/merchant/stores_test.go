package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/examples/merchant/world"
	"github.com/cnpay-go/cnpay/journal"
	"github.com/cnpay-go/cnpay/journal/stores"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
)

// contents is all that a SQLite database has on disk.
func contents(t *testing.T, db string) []byte {
	files, err := filepath.Glob(db + "*")
	require.NoError(t, err)
	var all []byte
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		all = append(all, text...)
	}
	return all
}

// checkedIn waits until the Upay terminal has its key of today, and the database too.
func checkedIn(t *testing.T, db store) {
	t.Helper()
	require.Eventually(t, func() bool {
		var revision int // 1 is the intent
		return db.QueryRowContext(t.Context(), "SELECT revision FROM cnpay_upay_keys").Scan(&revision) == nil && revision == 2
	}, 20*time.Second, 10*time.Millisecond)
}

// The terminal's key is replaced at the first start of a day, and then only the database has it: another life signs with
// it. On disk it is sealed.
func TestTerminalKeyOutlivesTheMerchant(t *testing.T) {
	t.Parallel()
	w, name := gatewaysOf(t), file(t)
	first := live(t, w, name)
	k, err := w.Keys(t.Context())
	require.NoError(t, err)
	asked := request{Provider: "upay", Operation: "pay", Amount: 900, Code: "281234567890123456"}
	db, err := open(name)
	require.NoError(t, err)
	defer db.Close()
	sealed, err := stores.NewUpayKeys(db.DB, k.Seal)
	require.NoError(t, err)
	checkedIn(t, db)
	kept, err := sealed.Load(t.Context(), k.Upay.TerminalSN)
	require.NoError(t, err)
	require.NotEmpty(t, kept.Previous)
	require.NotEqual(t, kept.Previous, kept.Key)
	_, o := first.put("KEYS0001", asked)
	require.Equal(t, journal.Succeeded, o.State)
	first.kill()

	second := live(t, w, name)
	_, o = second.put("KEYS0002", asked)
	require.Equal(t, journal.Succeeded, o.State)
	require.Zero(t, second.stop(), second.errs.String())
	require.Empty(t, second.errs.String())
	again, err := sealed.Load(t.Context(), k.Upay.TerminalSN)
	require.NoError(t, err)
	require.Equal(t, kept, again, "the terminal was checked in twice on one day")
	disk := contents(t, name)
	require.True(t, bytes.Contains(disk, []byte("KEYS0002")))
	for _, key := range []string{kept.Key.Reveal(), kept.Previous.Reveal(), string(k.Seal), asked.Code} {
		require.False(t, bytes.Contains(disk, []byte(key)))
	}
}

// A database that belongs to gateways which have ended is refused: these would know nothing of its orders.
func TestDatabaseOfOtherGateways(t *testing.T) {
	t.Parallel()
	w, name := gatewaysOf(t), file(t)
	l := live(t, w, name)
	_, _ = l.put("OLD00001", request{Provider: "upay", Operation: "pay", Amount: 900, Code: "281234567890123456"})
	require.Zero(t, l.stop(), l.errs.String())
	require.NoError(t, w.Tell(t.Context(), "stop", world.Played{}, nil))
	var out, errs bytes.Buffer
	merchant := program("-addr", "127.0.0.1:0", "-db", name, "-gateways", w.Addr)
	merchant.Stdout, merchant.Stderr = &out, &errs
	require.Error(t, merchant.Run())
	require.Equal(t, exitFailed, merchant.ProcessState.ExitCode())
	require.Contains(t, errs.String(), "it was used with other gateways, which have ended: delete it, or name another")
	require.Equal(t, 1, bytes.Count(errs.Bytes(), []byte("\n")), errs.String())
	require.Empty(t, out.String())
}

// What UMPay's terminal reports decides an order, is stored before it is acknowledged, and is there after a kill -9: a
// repeat is acknowledged, and what contradicts it is not.
func TestTerminalEventsOutliveTheMerchant(t *testing.T) {
	t.Parallel()
	w, name := gatewaysOf(t), file(t)
	first := live(t, w, name)
	k, err := w.Keys(t.Context())
	require.NoError(t, err)
	w.misbehave(t, "umpay/terminal", "query", "always "+cnpaytest.HTTP502)
	w.misbehave(t, "umpay", "preauth", cnpaytest.LostAnswer)
	status, _ := first.put("HELD0001", request{Provider: "umpay", Operation: "preauth", Amount: 900})
	require.Equal(t, http.StatusAccepted, status)
	report := func(at *life) error {
		return w.Tell(t.Context(), "notify", world.Played{Provider: "umpay", Order: "HELD0001", Receiver: at.base + "/notify/umpay/terminal"}, nil)
	}
	require.NoError(t, report(first))
	require.Equal(t, journal.Succeeded, first.get("HELD0001").State)
	require.Equal(t, books{Rows: 1, Orders: 1, Held: 900}, first.books())
	first.kill()

	second := live(t, w, name)
	require.NoError(t, report(second))
	terminal := umpaytest.NewServer() // one that signs as the terminal does, and reports what we want
	defer terminal.Close()
	terminal.SetSecret(cnpay.Secret(k.UMPay.Secret))
	db, err := open(name)
	require.NoError(t, err)
	defer db.Close()
	events, err := stores.NewUmpayEvents(db.DB).Events(t.Context(), k.UMPay.Terminal, "HELD0001")
	require.NoError(t, err)
	require.NotEmpty(t, events)
	failed := events[len(events)-1]
	failed.Seq, failed.Callback, failed.Result = failed.Seq+1, "onAuthFail", []byte(`{"code":60130001,"message":"no"}`)
	post := func(event umpay.Event) int {
		status, err := terminal.Post(context.Background(), second.base+"/notify/umpay/terminal", event)
		require.NoError(t, err)
		return status
	}
	require.Equal(t, http.StatusConflict, post(failed))
	failed.ID, failed.Seq = "begun at the till", 1 // of which the journal knows nothing, and need not
	require.Equal(t, http.StatusOK, post(failed))
	require.Equal(t, books{Rows: 1, Orders: 1, Held: 900}, second.books())
	require.Zero(t, second.stop(), second.errs.String())
	require.NotContains(t, string(contents(t, name)), umpaytest.Account)
}
