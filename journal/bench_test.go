package journal

import (
	"database/sql"
	"fmt"
	"os"
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
			now := time.Now().UTC()
			t := cnpay.Ticket{
				Provider: "upay", Gateway: "vsi-api.shouqianba.com", Account: "00101010029201012912", Operation: "revoke",
				Order: fmt.Sprintf("20260102030405%09d", n), Began: now, Until: now.Add(time.Minute),
				Fields: map[string]string{"terminal_sn": "00101010029201012912", "client_sn": fmt.Sprintf("20260102030405%09d", n)},
			}
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
