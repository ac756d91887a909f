package journal

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

// BenchmarkCall is what the journal adds to one call: Started, and Finished with a success, one caller after the other.
func BenchmarkCall(b *testing.B) {
	bench := func(b *testing.B, db *sql.DB, dialect Dialect) {
		j, err := New(db, dialect, Config{Client: func(cnpay.Ticket) (cnpay.Settler, error) { return nil, nil }})
		require.NoError(b, err)
		require.NoError(b, j.Migrate(b.Context()))
		var started, finished time.Duration
		for n := 0; b.Loop(); n++ {
			t := numbered(n)
			now := t.Began
			ctx, err := j.Started(b.Context(), t)
			require.NoError(b, err)
			middle := time.Now()
			j.Finished(ctx, t, cnpay.Call{Outcome: cnpay.Succeeded, Code: "CANCEL_SUCCESS", Sent: 1})
			started, finished = started+middle.Sub(now), finished+time.Since(middle)
		}
		b.ReportMetric(float64(started.Microseconds())/float64(b.N), "µs/Started")
		b.ReportMetric(float64(finished.Microseconds())/float64(b.N), "µs/Finished")
		size := "SELECT (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size)"
		if dialect == PostgreSQL {
			size = "SELECT pg_total_relation_size('cnpay_entries')"
		}
		var bytes int64
		require.NoError(b, db.QueryRow(size).Scan(&bytes))
		b.ReportMetric(float64(bytes)/float64(b.N), "B/entry")
	}
	b.Run("sqlite", func(b *testing.B) { bench(b, sqlite(b), SQLite) })
	if os.Getenv(postgresVariable) != "" {
		b.Run("postgresql", func(b *testing.B) { bench(b, postgresql(b), PostgreSQL) })
	}
}

// numbered is the ticket of the nth call.
func numbered(n int) cnpay.Ticket {
	now, order := time.Now().UTC(), fmt.Sprintf("20260102030405%09d", n)
	return cnpay.Ticket{
		Provider: "upay", Gateway: "vsi-api.shouqianba.com", Account: "00101010029201012912", Operation: "revoke",
		Order: order, Began: now, Until: now.Add(time.Minute),
		Fields: map[string]string{"terminal_sn": "00101010029201012912", "client_sn": order},
	}
}

// BenchmarkCallsPerSecond is what processes of a merchant get through, with the journal and without any recorder. Each has 32
// callers at once, and settles beside them; they pay at a gateway in a process of its own, which answers at once.
func BenchmarkCallsPerSecond(b *testing.B) {
	bench := func(b *testing.B, dialect Dialect, processes int) {
		b.StopTimer()
		b.ResetTimer()
		gateway, out := act(b, "gateway", "gateway")
		defer gateway.kill()
		config := shopConfig{Dialect: dialect, Bank: line(b, out)}
		switch dialect {
		case SQLite:
			config.DSN = filepath.Join(b.TempDir(), "journal.db")
		case PostgreSQL:
			config.DSN = schemaOf(b, postgresql(b))
		}
		var callers []*actor
		var outs []*bufio.Reader
		for i := range processes {
			config.Name, config.Calls = strconv.Itoa(i), (b.N+i)/processes
			text, err := json.Marshal(config)
			require.NoError(b, err)
			caller, out := act(b, "caller", config.Name, shopVariable+"="+string(text))
			defer caller.kill()
			callers, outs = append(callers, caller), append(outs, out)
		}
		for _, out := range outs {
			require.Equal(b, "ready", line(b, out))
		}
		b.StartTimer()
		for _, caller := range callers {
			_, err := io.WriteString(caller.stdin, "go\n")
			require.NoError(b, err)
		}
		for _, out := range outs {
			require.Equal(b, "done", line(b, out))
		}
		b.StopTimer()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	}
	for _, processes := range []int{1, 3} {
		for _, dialect := range []Dialect{0, SQLite, PostgreSQL} {
			name := "without"
			switch {
			case dialect == SQLite && processes > 1, dialect == PostgreSQL && os.Getenv(postgresVariable) == "":
				continue
			case dialect != 0:
				name = dialect.String()
			}
			b.Run(fmt.Sprintf("processes=%d/%s", processes, name), func(b *testing.B) { bench(b, dialect, processes) })
		}
	}
}

// line is the next one of a process.
func line(b *testing.B, out *bufio.Reader) string {
	text, err := out.ReadString('\n')
	require.NoError(b, err)
	return strings.TrimSpace(text)
}
