package unionpay

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"runtime"
	"runtime/metrics"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/internal/bench"
)

// numbered is a file of n lines that differ in two columns: seven digits of queryId and of orderId.
type numbered struct {
	line, rest []byte
	i, n       int
}

func number(i int) (queryID, orderID string) {
	return fmt.Sprintf("20150906112203%07d", i), fmt.Sprintf("1%07d", i)
}

func numberedFile(n int) *numbered {
	queryID, orderID := number(0)
	return &numbered{line: []byte(zm(map[int]string{10: queryID, 12: orderID})), n: n}
}

func (f *numbered) Read(p []byte) (read int, err error) {
	for read < len(p) {
		if len(f.rest) == 0 {
			if f.i == f.n {
				break
			}
			const endOfQueryID, endOfOrderID = 107, 119
			for k, digits := 0, f.i; k < 7; k, digits = k+1, digits/10 {
				f.line[endOfQueryID-k], f.line[endOfOrderID-k] = byte('0'+digits%10), byte('0'+digits%10)
			}
			f.i++
			f.rest = f.line
		}
		copied := copy(p[read:], f.rest)
		f.rest, read = f.rest[copied:], read+copied
	}
	if read == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return read, nil
}

func TestNumberedFile(t *testing.T) {
	i := 0
	for r, err := range ReadBillRecords(numberedFile(1000)) {
		require.NoError(t, err)
		queryID, orderID := number(i)
		require.Equal(t, []string{queryID, orderID}, []string{r.QueryID, r.OrderID})
		i++
	}
	require.Equal(t, 1000, i)
}

// splitLines is the floor: the file as one string for each line.
func splitLines(n int) {
	lines, length := bufio.NewScanner(numberedFile(n)), 0
	for lines.Scan() {
		length += len(lines.Text())
	}
	runtime.KeepAlive(length)
}

func BenchmarkReadBillRecords(b *testing.B) {
	const n = 20_000
	bench.Ratio(b, 1, func() { splitLines(n) }, func() {
		for _, err := range ReadBillRecords(numberedFile(n)) {
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkReconcile reads and compares a bill of a million lines, all of which agree. The memory is all that the process
// has on its heap at its highest, with the ledger, of which ledger-MiB are.
func BenchmarkReconcile(b *testing.B) {
	const n = 1_000_000
	ledger := make([]LedgerEntry, n)
	for i := range ledger {
		queryID, orderID := number(i)
		ledger[i] = LedgerEntry{QueryID: queryID, OrderID: orderID, TxnTime: "20150906112203", TxnType: "01", TxnAmt: 476800}
	}
	reconcile := func(records iter.Seq2[BillRecord, error]) {
		found, err := Reconcile(ledger, records)
		if err != nil || found.Matched != n {
			b.Fatal(err, found)
		}
	}
	bench.Long(b, func() { splitLines(n) }, func() { reconcile(ReadBillRecords(numberedFile(n))) })

	runtime.GC()
	b.ReportMetric(float64(heap()>>20), "ledger-MiB")
	highest := uint64(0)
	reconcile(watched(numberedFile(n), &highest))
	b.ReportMetric(float64(highest>>20), "peak-MiB")
	runtime.KeepAlive(ledger)
}

func watched(file io.Reader, highest *uint64) iter.Seq2[BillRecord, error] {
	return func(yield func(BillRecord, error) bool) {
		i := 0
		for record, err := range ReadBillRecords(file) {
			if i++; i%1000 == 0 {
				*highest = max(*highest, heap())
			}
			if !yield(record, err) {
				return
			}
		}
	}
}

func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
