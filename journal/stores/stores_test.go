package stores_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/journal"
	"github.com/cnpay-go/cnpay/journal/stores"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
)

const postgresVariable = "CNPAY_TEST_POSTGRES"

// everywhere runs a test on each database that there is, with two connections to it: two replicas, or, of a file, two
// parts of one process.
func everywhere(t *testing.T, test func(t *testing.T, replicas [2]*sql.DB)) {
	t.Run("sqlite", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "journal.db")
		test(t, open(t, journal.SQLite, func() (*sql.DB, error) { return journal.OpenSQLite(file) }))
	})
	t.Run("postgresql", func(t *testing.T) {
		if os.Getenv(postgresVariable) == "" {
			t.Skip(postgresVariable + " is not set: SQLite alone")
		}
		address, err := url.Parse(os.Getenv(postgresVariable))
		require.NoError(t, err)
		admin, err := sql.Open("pgx", address.String())
		require.NoError(t, err)
		schema := "cnpay_" + strings.ToLower(rand.Text())
		_, err = admin.Exec("CREATE SCHEMA " + schema)
		require.NoError(t, err)
		t.Cleanup(func() {
			_, err := admin.Exec("DROP SCHEMA " + schema + " CASCADE")
			require.NoError(t, err)
			_ = admin.Close()
		})
		query := address.Query()
		query.Set("search_path", schema)
		address.RawQuery = query.Encode()
		test(t, open(t, journal.PostgreSQL, func() (*sql.DB, error) { return sql.Open("pgx", address.String()) }))
	})
}

func open(t *testing.T, dialect journal.Dialect, connect func() (*sql.DB, error)) (replicas [2]*sql.DB) {
	for i := range replicas {
		db, err := connect()
		require.NoError(t, err)
		t.Cleanup(func() { _ = db.Close() })
		replicas[i] = db
	}
	j, err := journal.New(replicas[0], dialect, journal.Config{Client: func(cnpay.Ticket) (cnpay.Settler, error) { return nil, nil }})
	require.NoError(t, err)
	require.NoError(t, j.Migrate(t.Context()))
	return replicas
}

func newKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return key
}

func TestUpayKeys(t *testing.T) {
	everywhere(t, func(t *testing.T, replicas [2]*sql.DB) {
		ctx, key := t.Context(), newKey()
		keys, err := stores.NewUpayKeys(replicas[0], key)
		require.NoError(t, err)
		none, err := keys.Load(ctx, "1")
		require.NoError(t, err)
		require.Zero(t, none)
		at := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
		first := upay.TerminalKeys{Revision: 1, Key: "the newest key", Previous: "the one before", CheckedIn: at, Until: at.Add(time.Minute), Lost: 2}
		for i, want := range []bool{true, false} { // the second is too late
			saved, err := keys.Save(ctx, "1", first)
			require.NoError(t, err)
			require.Equal(t, want, saved, i)
		}
		read, err := keys.Load(ctx, "1")
		require.NoError(t, err)
		require.Equal(t, first, read)
		for _, revision := range []int64{0, 3} {
			saved, err := keys.Save(ctx, "1", upay.TerminalKeys{Revision: revision, Key: "k"})
			require.NoError(t, err)
			require.False(t, saved, "revision %d", revision)
		}

		var box []byte
		require.NoError(t, replicas[1].QueryRow("SELECT sealed FROM cnpay_upay_keys").Scan(&box))
		for _, text := range []string{"newest", "before", "key"} {
			require.False(t, bytes.Contains(box, []byte(text)), "the table holds no key")
		}
		other, err := stores.NewUpayKeys(replicas[1], newKey())
		require.NoError(t, err)
		_, err = other.Load(ctx, "1")
		require.ErrorContains(t, err, "sealed with another key")
		require.NotContains(t, err.Error(), "newest")

		// The key that seals is replaced: the one of before opens what is there, and the new one what comes.
		rolled, err := stores.NewUpayKeys(replicas[1], newKey(), key)
		require.NoError(t, err)
		read, err = rolled.Load(ctx, "1")
		require.NoError(t, err)
		require.Equal(t, first, read)
		saved, err := rolled.Save(ctx, "1", upay.TerminalKeys{Revision: 2, Key: "k2"})
		require.NoError(t, err)
		require.True(t, saved)
		_, err = keys.Load(ctx, "1")
		require.ErrorContains(t, err, "sealed with another key")

		// A row in the place of another, or of an older one.
		_, err = rolled.Save(ctx, "2", upay.TerminalKeys{Revision: 1, Key: "k"})
		require.NoError(t, err)
		for _, change := range []string{
			"UPDATE cnpay_upay_keys SET sealed = (SELECT sealed FROM cnpay_upay_keys WHERE terminal = '2') WHERE terminal = '1'",
			"UPDATE cnpay_upay_keys SET revision = 5 WHERE terminal = '2'",
		} {
			_, err = replicas[0].Exec(change)
			require.NoError(t, err)
		}
		for _, terminal := range []string{"1", "2"} {
			_, err = rolled.Load(ctx, terminal)
			require.ErrorContains(t, err, "or damaged")
		}
	})
}

func TestUpayKeysTakesOnlyWholeKeys(t *testing.T) {
	db, err := journal.OpenSQLite(filepath.Join(t.TempDir(), "journal.db"))
	require.NoError(t, err)
	defer db.Close()
	for _, keys := range [][][]byte{{nil}, {make([]byte, 16)}, {newKey(), nil}} {
		_, err := stores.NewUpayKeys(db, keys[0], keys[1:]...)
		require.ErrorContains(t, err, "32 bytes")
	}
	_, err = stores.NewUpayKeys(nil, newKey())
	require.Error(t, err)
}

// Two replicas check in at once: one of them asks the gateway, both have its key, and both can pay.
func TestTwoReplicasRotateAtOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, replicas [2]*sql.DB) {
		gateway := upaytest.NewServer()
		defer gateway.Close()
		key, config := newKey(), gateway.Config()
		var clients []*upay.Client
		for i := range 8 {
			keys, err := stores.NewUpayKeys(replicas[i%2], key)
			require.NoError(t, err)
			config.Keys = keys
			client, err := upay.New(config)
			require.NoError(t, err)
			clients = append(clients, client)
		}
		var wait sync.WaitGroup
		outcomes := make(chan cnpay.Outcome, len(clients))
		for _, client := range clients {
			wait.Go(func() {
				res, err := client.Terminals.CheckIn(context.Background(), &upay.TerminalCheckInRequest{DeviceID: "POS-0001", OSInfo: "linux", SDKVersion: "cnpay"})
				outcomes <- cnpay.OutcomeOf(res, err)
			})
		}
		wait.Wait()
		close(outcomes)
		succeeded := 0
		for o := range outcomes {
			require.Contains(t, []cnpay.Outcome{cnpay.Succeeded, cnpay.NotSent}, o)
			if o == cnpay.Succeeded {
				succeeded++
			}
		}
		require.Positive(t, succeeded)
		require.Equal(t, 1, gateway.Received(upay.OpTerminalCheckIn))
		for i, client := range clients {
			res, err := client.Orders.PayByCode(t.Context(), &upay.OrderPayByCodeRequest{
				Sale: upay.Sale{ClientSN: fmt.Sprint("order", i), TotalAmount: 1, Subject: "s", Operator: "o"}, DynamicID: "130000000000000001",
			})
			require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err), "%v", err)
		}
	})
}

func TestUmpayEvents(t *testing.T) {
	everywhere(t, func(t *testing.T, replicas [2]*sql.DB) {
		ctx, store := t.Context(), stores.NewUmpayEvents(replicas[0])
		second := umpay.Event{POSSN: "a", ID: "1", Seq: 2, Op: "cardPay", Callback: "onPaySuccess", Result: []byte(`{"b":1,"a":"餐"}`)}
		require.NoError(t, store.Save(ctx, second))
		require.NoError(t, store.Save(ctx, second), "a repeat")
		changed := second
		changed.Callback = "onPayFail"
		require.ErrorContains(t, store.Save(ctx, changed), "another event")
		require.NoError(t, store.Save(ctx, umpay.Event{POSSN: "a", ID: "1", Seq: 1}))
		require.NoError(t, store.Save(ctx, umpay.Event{POSSN: "b", ID: "1", Seq: 1}))
		events, err := stores.NewUmpayEvents(replicas[1]).Events(ctx, "a", "1")
		require.NoError(t, err)
		require.Equal(t, []umpay.Event{{POSSN: "a", ID: "1", Seq: 1}, second}, events)
		none, err := store.Events(ctx, "c", "1")
		require.NoError(t, err)
		require.Empty(t, none)
	})
}

// Two receivers share the store: a terminal's report is acknowledged by both, and stored once; of two reports under one
// number that come at the same moment one is stored, and the other never acknowledged.
func TestTwoReceiversShareTheirEvents(t *testing.T) {
	everywhere(t, func(t *testing.T, replicas [2]*sql.DB) {
		terminal := umpaytest.NewServer()
		defer terminal.Close()
		config := terminal.Config()
		var addresses [2]string
		for i, db := range replicas {
			receiver, err := umpay.NewReceiver(umpay.ReceiverConfig{
				Secrets: umpay.Terminals{config.Terminal: config.Secret}, Store: stores.NewUmpayEvents(db),
			})
			require.NoError(t, err)
			server := httptest.NewServer(receiver)
			defer server.Close()
			addresses[i] = server.URL + "/pos/events"
		}
		for n := range 20 {
			event := umpay.Event{
				ID: fmt.Sprint("order", n), Op: "cardPreAuthRever", Callback: "onReverSuccess", Result: []byte(`{"code":0,"message":"ok"}`),
				POSSN: config.Terminal, TerminalTime: "2026-09-01T08:00:00+08:00", Seq: 1,
			}
			other := event
			other.Callback, other.Result = "onReverFail", []byte(`{"code":5,"message":"no"}`)
			var wait sync.WaitGroup
			var statuses [2]int
			for i, e := range []umpay.Event{event, other} {
				wait.Go(func() { statuses[i], _ = terminal.Post(context.Background(), addresses[i], e) })
			}
			wait.Wait()
			taken := 0
			for _, status := range statuses {
				if status == http.StatusOK {
					taken++
				} else {
					require.Contains(t, []int{http.StatusConflict, http.StatusServiceUnavailable}, status)
				}
			}
			require.Equal(t, 1, taken, "%v", statuses)
			events, err := stores.NewUmpayEvents(replicas[0]).Events(t.Context(), config.Terminal, event.ID)
			require.NoError(t, err)
			require.Len(t, events, 1)
			for _, address := range addresses {
				status, err := terminal.Post(t.Context(), address, events[0])
				require.NoError(t, err)
				require.Equal(t, http.StatusOK, status)
			}
		}
	})
}
