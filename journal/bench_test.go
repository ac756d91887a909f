package journal

import (
	"database/sql"
	"fmt"
	"os"
	"sync/atomic"
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

// BenchmarkCallsPerSecond is what many callers at once get through: Started, and Finished with a success. A replica is a
// journal with connections of its own; all are in this process, with the database on the same machine.
func BenchmarkCallsPerSecond(b *testing.B) {
	bench := func(b *testing.B, dialect Dialect, dbs ...*sql.DB) {
		var journals []*Journal
		for _, db := range dbs {
			if dialect == PostgreSQL { // a file has those of OpenSQLite
				db.SetMaxOpenConns(16)
				db.SetMaxIdleConns(16)
			}
			j, err := New(db, dialect, Config{Client: func(cnpay.Ticket) (cnpay.Settler, error) { return nil, nil }})
			require.NoError(b, err)
			journals = append(journals, j)
		}
		require.NoError(b, journals[0].Migrate(b.Context()))
		var last atomic.Int64
		b.SetParallelism(map[Dialect]int{SQLite: 4, PostgreSQL: 32}[dialect]) // callers per processor
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				n := int(last.Add(1))
				t := numbered(n)
				j := journals[n%len(journals)]
				ctx, err := j.Started(b.Context(), t)
				if err != nil {
					b.Error(err)
					return
				}
				j.Finished(ctx, t, cnpay.Call{Outcome: cnpay.Succeeded, Code: "CANCEL_SUCCESS", Sent: 1})
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	}
	b.Run("sqlite", func(b *testing.B) { bench(b, SQLite, sqlite(b)) })
	if os.Getenv(postgresVariable) == "" {
		return
	}
	for _, replicas := range []int{1, 3} {
		b.Run(fmt.Sprintf("postgresql/replicas=%d", replicas), func(b *testing.B) {
			dbs := []*sql.DB{postgresql(b)}
			var schema string
			require.NoError(b, dbs[0].QueryRow("SELECT current_schema()").Scan(&schema))
			for len(dbs) < replicas {
				db, err := sql.Open("pgx", inSchema(b, schema))
				require.NoError(b, err)
				b.Cleanup(func() { _ = db.Close() })
				dbs = append(dbs, db)
			}
			bench(b, PostgreSQL, dbs...)
		})
	}
}
