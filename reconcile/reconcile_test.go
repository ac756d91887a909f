package reconcile_test

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/reconcile"
)

type (
	entry  = reconcile.Entry
	result = reconcile.Result[entry, entry]
	differ = reconcile.Difference[entry, entry]
)

func list[R any](rows ...R) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func TestCompare(t *testing.T) {
	for name, tt := range map[string]struct {
		ledger, bill []entry
		want         result
	}{
		"nothing":         {nil, nil, result{}},
		"by ID":           {[]entry{{ID: "i", Order: "a"}}, []entry{{ID: "i", Order: "b"}}, result{Matched: 1}},
		"by order":        {[]entry{{Order: "o"}}, []entry{{ID: "i", Order: "o"}}, result{Matched: 1}},
		"line without ID": {[]entry{{ID: "i", Order: "o"}}, []entry{{Order: "o"}}, result{Matched: 1}},
		"a line without ID takes the first that agrees": {
			[]entry{{ID: "i", Order: "o", Time: "t"}, {Order: "o"}, {ID: "j", Order: "o"}},
			[]entry{{Order: "o", Time: "t"}, {Order: "o", Amount: 1}},
			result{
				Matched: 1, AmountDiffers: []differ{{Ledger: entry{Order: "o"}, Bill: entry{Order: "o", Amount: 1}}},
				OnlyInLedger: []entry{{ID: "j", Order: "o"}},
			},
		},
		"nothing to go by": {[]entry{{Amount: 1}}, []entry{{Amount: 1}}, result{OnlyInLedger: []entry{{Amount: 1}}, OnlyInBill: []entry{{Amount: 1}}}},
		"another ID is another transaction": {
			[]entry{{ID: "i", Order: "o"}}, []entry{{ID: "j", Order: "o"}},
			result{OnlyInLedger: []entry{{ID: "i", Order: "o"}}, OnlyInBill: []entry{{ID: "j", Order: "o"}}},
		},
		"a payment is not its refund": {
			[]entry{{ID: "i", Order: "o", Kind: "refund"}}, []entry{{ID: "i", Order: "o", Kind: "payment"}, {Kind: "refund", Order: "o"}},
			result{Matched: 1, OnlyInBill: []entry{{ID: "i", Order: "o", Kind: "payment"}}},
		},
		"a line of another amount takes none that has its line": {
			[]entry{{Order: "o", Amount: 3}, {Order: "o", Amount: 5}},
			[]entry{{Order: "o", Amount: 4}, {Order: "o", Amount: 3}},
			result{Matched: 1, AmountDiffers: []differ{{Ledger: entry{Order: "o", Amount: 5}, Bill: entry{Order: "o", Amount: 4}}}},
		},
		"an ID says more than an amount": {
			[]entry{{Order: "o", Amount: 2}, {ID: "i", Order: "o", Amount: 3}},
			[]entry{{ID: "i", Order: "o", Amount: 2}},
			result{
				AmountDiffers: []differ{{Ledger: entry{ID: "i", Order: "o", Amount: 3}, Bill: entry{ID: "i", Order: "o", Amount: 2}}},
				OnlyInLedger:  []entry{{Order: "o", Amount: 2}},
			},
		},
		"a currency is a part of the amount": {
			[]entry{{ID: "i", Amount: 1, Currency: "USD"}}, []entry{{ID: "i", Amount: 1, Currency: "CNY"}},
			result{AmountDiffers: []differ{{Ledger: entry{ID: "i", Amount: 1, Currency: "USD"}, Bill: entry{ID: "i", Amount: 1, Currency: "CNY"}}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := reconcile.Compare(tt.ledger, list(tt.bill...))
			require.NoError(t, err)
			require.Equal(t, tt.want, *found)
			require.Equal(t, len(tt.want.AmountDiffers)+len(tt.want.OnlyInLedger)+len(tt.want.OnlyInBill) == 0, found.Clean())
		})
	}
	found, err := reconcile.Compare[entry, entry](nil, nil)
	require.NoError(t, err)
	require.True(t, found.Clean())
}

// naive is what Compare's comment says, line by line and row by row.
func naive(ledger, bill []entry) *result {
	found := &result{}
	taken := make([]bool, len(ledger))
	best := func(line entry) (chosen, most int) {
		chosen, most = -1, -1
		for i, row := range ledger {
			byID := row.ID != "" && row.ID == line.ID
			byOrder := row.Order != "" && row.Order == line.Order && (row.ID == "" || line.ID == "")
			if taken[i] || !byID && !byOrder || row.Kind != "" && line.Kind != "" && row.Kind != line.Kind {
				continue
			}
			agreement := 0
			for weight, agree := range map[int]bool{
				8: byID, 4: row.Amount == line.Amount && row.Currency == line.Currency,
				2: row.Time != "" && row.Time == line.Time, 1: row.Kind == line.Kind,
			} {
				if agree {
					agreement += weight
				}
			}
			if agreement > most {
				chosen, most = i, agreement
			}
		}
		return chosen, most
	}
	var left []entry
	for _, line := range bill {
		i, agreement := best(line)
		if i < 0 || agreement&4 == 0 {
			left = append(left, line)
			continue
		}
		taken[i] = true
		found.Matched++
	}
	for _, line := range left {
		i, agreement := best(line)
		switch {
		case i < 0:
			found.OnlyInBill = append(found.OnlyInBill, line)
			continue
		case agreement&4 != 0:
			found.Matched++
		default:
			found.AmountDiffers = append(found.AmountDiffers, differ{Ledger: ledger[i], Bill: line})
		}
		taken[i] = true
	}
	for i, row := range ledger {
		if !taken[i] {
			found.OnlyInLedger = append(found.OnlyInLedger, row)
		}
	}
	return found
}

func TestCompareIsWhatItSays(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(prefix string, n int) string {
		if i := r.IntN(n + 1); i > 0 {
			return prefix + fmt.Sprint(i)
		}
		return ""
	}
	for round := range 400 {
		numbers := []int{1, 2, 10, 100}[round%4] // few numbers have many rows each
		rows := func() []entry {
			rows := make([]entry, r.IntN(300))
			for i := range rows {
				rows[i] = entry{
					ID: pick("i", numbers), Order: pick("o", numbers), Kind: pick("k", 2), Time: pick("t", 3),
					Amount: r.Int64N(4), Currency: pick("c", 1),
				}
				if round%3 == 0 {
					rows[i].ID = ""
				}
			}
			return rows
		}
		ledger, bill := rows(), rows()
		found, err := reconcile.Compare(ledger, list(bill...))
		require.NoError(t, err)
		require.Equal(t, naive(ledger, bill), found, "round %d", round)
	}
}

// A counted row counts how often it is looked at.
type counted struct {
	entry
	looks *int
}

func (c counted) Entry() (entry, error) {
	*c.looks++
	return c.entry, nil
}

// However many rows have one number, each is looked at a few times.
func TestCompareIsLinear(t *testing.T) {
	const n = 16_000
	for name, of := range map[string]func(i int) (row, line entry){
		"one order":     func(i int) (entry, entry) { return entry{Order: "o"}, entry{Order: "o"} },
		"one ID":        func(i int) (entry, entry) { return entry{ID: "i"}, entry{ID: "i"} },
		"other amounts": func(i int) (entry, entry) { return entry{Order: "o", Amount: int64(i)}, entry{Order: "o", Amount: -1} },
		"backwards": func(i int) (entry, entry) {
			return entry{Order: "o", Amount: int64(i)}, entry{Order: "o", Amount: int64(n - 1 - i)}
		},
		"other kinds": func(i int) (entry, entry) { return entry{Order: "o", Kind: "a"}, entry{Order: "o", Kind: "b"} },
		"other IDs":   func(i int) (entry, entry) { return entry{ID: fmt.Sprint(i), Order: "o"}, entry{ID: "i", Order: "o"} },
		"lines without IDs": func(i int) (entry, entry) {
			return entry{ID: fmt.Sprint(i), Order: "o", Time: "s", Kind: "k"}, entry{Order: "o", Time: "t", Amount: 1}
		},
	} {
		t.Run(name, func(t *testing.T) {
			looks := 0
			ledger, bill := make([]counted, n), make([]counted, n)
			for i := range ledger {
				row, line := of(i)
				ledger[i], bill[i] = counted{row, &looks}, counted{line, &looks}
			}
			_, err := reconcile.Compare(ledger, list(bill...))
			require.NoError(t, err)
			require.Less(t, looks/n, 100)
		})
	}
}

// Nor are the rows that are taken passed over again and again: one number costs about what many cost.
func TestCompareTakesTheTimeOfItsRows(t *testing.T) {
	const n = 100_000
	spend := func(order func(i int) string) time.Duration {
		ledger := make([]entry, n)
		for i := range ledger {
			ledger[i].Order = order(i)
		}
		begun := time.Now()
		found, err := reconcile.Compare(ledger, list(ledger...))
		require.NoError(t, err)
		require.True(t, found.Clean())
		return time.Since(begun)
	}
	require.Eventually(t, func() bool {
		return spend(func(int) string { return "o" }) < 20*spend(strconv.Itoa)
	}, time.Minute, time.Millisecond)
}

// A judged row has an error of its own.
type judged struct {
	entry
	err error
}

func (j judged) Entry() (entry, error) { return j.entry, j.err }

func TestCompareErrors(t *testing.T) {
	broken := errors.New("broken")
	good, unpaid, bad := judged{entry: entry{ID: "i"}}, judged{entry{ID: "i"}, reconcile.ErrNoMoney}, judged{entry{ID: "i"}, broken}

	found, err := reconcile.Compare([]judged{good, unpaid}, list(unpaid, good, unpaid))
	require.NoError(t, err)
	require.Equal(t, &reconcile.Result[judged, judged]{Matched: 1}, found)
	found, err = reconcile.Compare([]judged{unpaid}, list(good))
	require.NoError(t, err)
	require.Equal(t, []judged{good}, found.OnlyInBill)

	ledger := make([]judged, 100)
	for i := range ledger {
		ledger[i] = judged{entry{ID: fmt.Sprint(i)}, reconcile.ErrNoMoney}
	}
	found, err = reconcile.Compare(append(ledger, good), list(good, judged{entry: entry{ID: "1"}}))
	require.NoError(t, err)
	require.Equal(t, 1, found.Matched)
	require.Len(t, found.OnlyInBill, 1)
	require.Empty(t, found.OnlyInLedger)

	_, err = reconcile.Compare([]judged{good, bad}, list(good))
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "row 1 of the ledger")
	found, err = reconcile.Compare([]judged{good}, list(good, bad))
	require.ErrorIs(t, err, broken)
	require.Nil(t, found)
	found, err = reconcile.Compare([]judged{good}, func(yield func(judged, error) bool) {
		_ = yield(good, nil) && yield(judged{}, broken)
	})
	require.ErrorIs(t, err, broken)
	require.Nil(t, found)
}

func TestRows(t *testing.T) {
	broken := errors.New("broken")
	read := func(n int) (entry, error) {
		switch n {
		case 0:
			return entry{}, reconcile.ErrNoMoney
		case -1:
			return entry{}, broken
		}
		return entry{ID: fmt.Sprint(n), Amount: int64(n)}, nil
	}
	found, err := reconcile.Compare([]entry{{ID: "1", Amount: 1}}, reconcile.Rows(list(1, 0, 2), read))
	require.NoError(t, err)
	require.Equal(t, 1, found.Matched)
	require.Len(t, found.OnlyInBill, 1)
	require.Equal(t, 2, found.OnlyInBill[0].Row)
	_, err = reconcile.Compare[entry](nil, reconcile.Rows(list(1, -1), read))
	require.ErrorIs(t, err, broken)
	_, err = reconcile.Compare[entry](nil, reconcile.Rows(func(yield func(int, error) bool) { yield(0, broken) }, read))
	require.ErrorIs(t, err, broken, "and not read's of the row that is none")
	for range reconcile.Rows(list(1, 2), read) {
		break
	}
}

func TestQueries(t *testing.T) {
	broken := errors.New("broken")
	ledger := []entry{{Order: "a", Amount: 1}, {Order: "unpaid", Amount: 2}, {Order: "b", Amount: 3}}
	asked := 0
	ask := func(e entry) (entry, error) {
		asked++
		switch e.Order {
		case "unpaid":
			return entry{}, reconcile.ErrNoMoney
		case "broken":
			return entry{}, broken
		case "b":
			e.Amount++
		}
		return e, nil
	}
	found, err := reconcile.Compare(ledger, reconcile.Queries(ledger, ask))
	require.NoError(t, err)
	require.Equal(t, &result{
		Matched: 1, OnlyInLedger: ledger[1:2],
		AmountDiffers: []differ{{Ledger: ledger[2], Bill: entry{Order: "b", Amount: 4}}},
	}, found)
	require.Equal(t, 3, asked)
	for range reconcile.Queries(ledger, ask) {
		break
	}
	require.Equal(t, 4, asked)
	_, err = reconcile.Compare(ledger, reconcile.Queries([]entry{{Order: "broken"}, {Order: "a"}}, ask))
	require.ErrorIs(t, err, broken)
	require.Equal(t, 5, asked)
	n := 0
	for range reconcile.Queries([]entry{{Order: "broken"}, {Order: "a"}}, ask) {
		n++
	}
	require.Equal(t, 1, n, "an error is the last")
}
