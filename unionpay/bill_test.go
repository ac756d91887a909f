package unionpay

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

// zmWidths and zmeWidths are the columns as UnionPay's own demo programs print them.
func zmWidths() []int {
	return []int{
		3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32, 13,
		13, 8, 32, 13, 13, 12, 2, 1, 32, 98,
	}
}

func zmeWidths() []int {
	return []int{3, 11, 11, 6, 10, 19, 12, 4, 2, 2, 6, 10, 4, 12, 13, 13, 15, 15, 1, 12, 2, 135}
}

// zmColumns are those of the first line of the sample file that UnionPay's demo comes with, for another merchant.
func zmColumns() []string {
	return []string{
		"S56", "88022900", "00049993", "190624", "0906112203", "622609******0048", "000000476800", "4899", "07",
		"201509061122031906248", "01", "10078087", "01", "", "", "D000000002861", "C000000473939", "0001", "", "01", "",
		"000201", "", "", "", "", "", "777290058110048", "", "000000000000000", "", " 000000000000", "C000000473939",
		"01080209", "", " 000000000000", " 000000000000", " 00000000000", "", "7", "", "",
	}
}

func zmeColumns() []string {
	return []string{
		"E74", "88022900", "00049993", "190625", "0907101112", "622609******0048", "000000000100", "4899", "07", "01",
		"190624", "0906112203", "0905", "000000476800", "C000000000001", "D000000000099", "", "777290058110048", "",
		" 00000000000", "", "",
	}
}

func billLine(widths []int, columns []string) string {
	padded := make([]string, len(widths))
	for i, width := range widths {
		padded[i] = fmt.Sprintf("%-*s", width, columns[i])
		if missing := width - len(columns[i]); missing >= 0 { // %-*s counts characters, not bytes
			padded[i] = columns[i] + strings.Repeat(" ", missing)
		}
	}
	return strings.Join(padded, " ")
}

// zm is a line with some columns, counted from 1 as the document does, replaced.
func zm(replaced map[int]string) string {
	columns := zmColumns()
	for i, text := range replaced {
		columns[i-1] = text
	}
	return billLine(zmWidths(), columns) + "\r\n"
}

type billFile struct{ name, content string }

func billArchive(t testing.TB, files ...billFile) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.Create(f.name)
		require.NoError(t, err)
		_, err = io.WriteString(w, f.content)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

const (
	zmName      = "INN15090588ZM_777290058110048"
	zmeName     = "INN15090588ZME_777290058110048"
	summaryName = "RD201015090501_777290058110048"
)

func collect[R any](t testing.TB, records iter.Seq2[R, error]) []R {
	t.Helper()
	var got []R
	for r, err := range records {
		require.NoError(t, err)
		got = append(got, r)
	}
	return got
}

func TestBill(t *testing.T) {
	adjustment := billLine(zmeWidths(), zmeColumns()) + "\r\n"
	require.Len(t, zm(nil), 607+2)
	require.Len(t, adjustment, 339+2)
	b, err := OpenBill(EncodeFileContent(billArchive(t,
		billFile{zmName, zm(nil) + zm(map[int]string{12: "10078088"})},
		billFile{zmeName, adjustment},
		billFile{summaryName, "\xc9\xcc\xbb\xa7\xb4\xfa\xc2\xeb:777290058110048\r\n"},
		billFile{"readme.txt", "x"},
	)))
	require.NoError(t, err)
	require.Equal(t, []string{zmName, zmeName, summaryName, "readme.txt"}, b.Files())

	records := collect(t, b.Records())
	require.Len(t, records, 2)
	require.Equal(t, BillRecord{
		TransCode: "S56", AcqInsCode: "88022900", SndInsCode: "00049993", TraceNo: "190624", TxnTime: "0906112203",
		PayCardNo: "622609******0048", TxnAmt: 476800, MerCatCode: "4899", TermType: "07", QueryID: "201509061122031906248",
		OldPayType: "01", OrderID: "10078087", PayCardType: "01", Fee: -2861, SettleAmt: 473939, PayType: "0001",
		TxnType: "01", BizType: "000201", MerID: "777290058110048", SubMerID: "000000000000000", NetAmt: 473939,
		TermID: "01080209", Medium: "7",
	}, records[0])
	require.Equal(t, "10078088", records[1].OrderID)
	require.Equal(t, records, collect(t, b.Records())) // once more

	require.Equal(t, []BillAdjustment{{
		TransCode: "E74", AcqInsCode: "88022900", SndInsCode: "00049993", TraceNo: "190625", TxnTime: "0907101112",
		PayCardNo: "622609******0048", TxnAmt: 100, MerCatCode: "4899", TermType: "07", PayCardType: "01",
		LastTraceNo: "190624", LastTxnTime: "0906112203", LastSettleDate: "0905", LastTxnAmt: 476800, Fee: 1, SettleAmt: -99,
		MerID: "777290058110048",
	}}, collect(t, b.Adjustments()))

	summary, err := b.Summary()
	require.NoError(t, err)
	require.Equal(t, "商户代码:777290058110048\r\n", summary)

	r, err := b.Open("readme.txt")
	require.NoError(t, err)
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.Equal(t, "x", string(text))
	_, err = b.Open("none")
	require.Error(t, err)
}

// The file's names are in GBK.
func TestBillFile(t *testing.T) {
	f, err := os.Open("testdata/documents/" + zmName)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	got := collect(t, ReadBillRecords(f))
	require.Len(t, got, 3)
	require.Equal(t, []string{"全渠道", "二级商户", "000000000000017"}, []string{got[0].MerReserved, got[1].SubMerAbbr, got[1].SubMerID})
	for _, r := range got[:2] {
		require.Equal(t, r.SettleAmt, r.TxnAmt+r.Fee)
	}
	refund := got[2]
	require.Equal(t, []int64{9900, 59, -9841, -9841}, []int64{refund.TxnAmt, refund.Fee, refund.SettleAmt, refund.NetAmt})
	require.Equal(t, got[1].QueryID, refund.OrigQryID)
	require.Equal(t, got[1].TraceNo, refund.OrigTraceNo)
	require.Equal(t, got[1].TxnTime, refund.OrigTxnTime)
	require.Equal(t, got[1].OrderID, refund.OrigOrderID)
}

// Every column is read into its own field, whatever stands in the others.
func TestBillColumns(t *testing.T) {
	columns := make([]string, len(zmWidths()))
	for i, width := range zmWidths() {
		columns[i] = fmt.Sprintf("%0*d", width, i+1)[:width]
	}
	for _, i := range []int{16, 17, 32, 33, 36, 37, 38} {
		columns[i-1] = "C" + columns[i-1][1:]
	}
	got := collect(t, ReadBillRecords(strings.NewReader(billLine(zmWidths(), columns))))
	require.Len(t, got, 1)
	r := got[0]
	numbers := []any{
		r.TransCode, r.AcqInsCode, r.SndInsCode, r.TraceNo, r.TxnTime, r.PayCardNo, r.TxnAmt, r.MerCatCode, r.TermType, r.QueryID,
		r.OldPayType, r.OrderID, r.PayCardType, r.OrigTraceNo, r.OrigTxnTime, r.Fee, r.SettleAmt, r.PayType, r.GroupMerID,
		r.TxnType, r.TxnSubType, r.BizType, r.AccType, r.BillType, r.BillNo, r.InteractMode, r.OrigQryID, r.MerID, r.SplitMode,
		r.SubMerID, r.SubMerAbbr, r.SubMerSettleAmt, r.NetAmt, r.TermID, r.MerReserved, r.DiscountAmt, r.InvoiceAmt,
		r.InstalmentFee, r.Instalments, r.Medium, r.OrigOrderID, r.Reserved,
	}
	require.Len(t, numbers, 42)
	for i, got := range numbers {
		if _, isAmount := got.(int64); isAmount {
			require.EqualValues(t, i+1, got)
			continue
		}
		require.Equal(t, columns[i], got, "column %d", i+1)
	}

	columns = make([]string, len(zmeWidths()))
	for i, width := range zmeWidths() {
		columns[i] = fmt.Sprintf("%0*d", width, i+1)[:width]
	}
	for _, i := range []int{15, 16, 20} {
		columns[i-1] = "D" + columns[i-1][1:]
	}
	adjustments := collect(t, ReadBillAdjustments(strings.NewReader(billLine(zmeWidths(), columns))))
	require.Len(t, adjustments, 1)
	a := adjustments[0]
	for i, got := range []any{
		a.TransCode, a.AcqInsCode, a.SndInsCode, a.TraceNo, a.TxnTime, a.PayCardNo, a.TxnAmt, a.MerCatCode, a.TermType,
		a.PayCardType, a.LastTraceNo, a.LastTxnTime, a.LastSettleDate, a.LastTxnAmt, a.Fee, a.SettleAmt, a.GroupMerID, a.MerID,
		a.SplitMode, a.InstalmentFee, a.Instalments, a.Reserved,
	} {
		switch i + 1 {
		case 7, 14:
			require.EqualValues(t, i+1, got)
		case 15, 16, 20:
			require.EqualValues(t, -(i + 1), got)
		default:
			require.Equal(t, columns[i], got, "column %d", i+1)
		}
	}
}

func TestBillLines(t *testing.T) {
	gbkName := "\xc8\xab\xc7\xfe\xb5\xc0" // 全渠道
	long := strings.Repeat(gbkName, 6)
	shortest := zm(nil)[:607-1-98-1-32]
	for name, tt := range map[string]struct {
		text  string
		check func(*testing.T, BillRecord)
	}{
		"GBK name":      {zm(map[int]string{31: gbkName}), func(t *testing.T, r BillRecord) { require.Equal(t, "全渠道", r.SubMerAbbr) }},
		"rare GBK name": {zm(map[int]string{31: "\x81\x40"}), func(t *testing.T, r BillRecord) { require.Equal(t, "丂", r.SubMerAbbr) }},
		"name cut in half a character": {zm(map[int]string{35: "x" + long[:31]}), func(t *testing.T, r BillRecord) {
			require.Equal(t, "x全渠道全渠道全渠道全渠道全渠道", r.MerReserved)
		}},
		"name that fills the column": {zm(map[int]string{31: long[:32]}), func(t *testing.T, r BillRecord) {
			require.Equal(t, "全渠道全渠道全渠道全渠道全渠道全", r.SubMerAbbr)
		}},
		"columns behind it keep in step": {zm(map[int]string{31: gbkName}), func(t *testing.T, r BillRecord) { require.Equal(t, int64(473939), r.NetAmt) }},
		"blanks inside and before":       {zm(map[int]string{35: " a  b"}), func(t *testing.T, r BillRecord) { require.Equal(t, " a  b", r.MerReserved) }},
		"refund": {zm(map[int]string{16: "C000000000001", 17: "D000000000099", 20: "04", 41: "10078087"}), func(t *testing.T, r BillRecord) {
			require.Equal(t, []any{int64(1), int64(-99), "04", "10078087"}, []any{r.Fee, r.SettleAmt, r.TxnType, r.OrigOrderID})
		}},
		"amounts that are blank": {zm(map[int]string{32: "", 33: "", 36: "", 37: "", 38: ""}), func(t *testing.T, r BillRecord) {
			require.Zero(t, r.SubMerSettleAmt+r.NetAmt+r.DiscountAmt+r.InvoiceAmt+r.InstalmentFee)
			require.Equal(t, "7", r.Medium)
		}},
		"reserved of 99":     {strings.TrimRight(zm(map[int]string{42: strings.Repeat("r", 98)}), "\r\n") + "R", func(t *testing.T, r BillRecord) { require.Equal(t, strings.Repeat("r", 98)+"R", r.Reserved) }},
		"no reserved column": {zm(map[int]string{41: "10078087"})[:607-99], func(t *testing.T, r BillRecord) { require.Equal(t, "10078087", r.OrigOrderID) }},
		"short last column":  {shortest + " 10078087\n", func(t *testing.T, r BillRecord) { require.Equal(t, "10078087", r.OrigOrderID) }},
		"neither of the two": {shortest, func(t *testing.T, r BillRecord) { require.Equal(t, "7", r.Medium) }},
		"blanks cut off by an editor": {strings.TrimRight(zm(map[int]string{39: "", 40: "", 41: "", 42: ""}), " \r\n") + "\n", func(t *testing.T, r BillRecord) {
			require.Equal(t, []any{"", "", "", ""}, []any{r.Instalments, r.Medium, r.OrigOrderID, r.Reserved})
		}},
		"such, behind the medium": {strings.TrimRight(zm(map[int]string{39: "6", 41: "", 42: ""}), " \r\n") + "\n", func(t *testing.T, r BillRecord) {
			require.Equal(t, []any{"6", "7", "", ""}, []any{r.Instalments, r.Medium, r.OrigOrderID, r.Reserved})
		}},
		"a blank at the end": {shortest + " ", func(t *testing.T, r BillRecord) { require.Equal(t, "", r.OrigOrderID) }},
	} {
		t.Run(name, func(t *testing.T) {
			for _, text := range []string{tt.text, strings.TrimRight(tt.text, "\r\n"), "\r\n" + tt.text + "\r\n   \r\n"} {
				got := collect(t, ReadBillRecords(iotest.OneByteReader(strings.NewReader(text))))
				require.Len(t, got, 1)
				require.Equal(t, "10078087", got[0].OrderID)
				tt.check(t, got[0])
			}
		})
	}
}

func TestBillAdjustmentOfNothing(t *testing.T) {
	columns := zmeColumns()
	columns[13], columns[14], columns[15], columns[19] = "", "", "", ""
	got := collect(t, ReadBillAdjustments(strings.NewReader(billLine(zmeWidths(), columns))))
	require.Len(t, got, 1)
	require.Zero(t, got[0].LastTxnAmt+got[0].Fee+got[0].SettleAmt+got[0].InstalmentFee)
	require.Equal(t, "777290058110048", got[0].MerID)
}

func TestBillLineErrors(t *testing.T) {
	whole := strings.TrimRight(zm(nil), "\r\n")
	for name, tt := range map[string]struct{ text, column string }{
		"amount with letters":   {zm(map[int]string{7: "00000047680x"}), "txnAmt"},
		"amount with a sign":    {zm(map[int]string{7: "-00000476800"}), "txnAmt"},
		"amount not filled up":  {zm(map[int]string{7: "476800"}), "txnAmt"},
		"no amount":             {zm(map[int]string{7: ""}), "txnAmt"},
		"fee without direction": {zm(map[int]string{16: " 000000002861"}), "fee"},
		"fee of another sign":   {zm(map[int]string{16: "-000000002861"}), "fee"},
		"fee with letters":      {zm(map[int]string{16: "D00000000286x"}), "fee"},
		"two signs":             {zm(map[int]string{16: "D-00000002861"}), "fee"},
		"sign alone":            {zm(map[int]string{16: "D"}), "fee"},
		"not GBK":               {zm(map[int]string{31: "\xff\xff"}), "subMerAbbr"},
		"no GBK at the end":     {zm(map[int]string{31: strings.Repeat("x", 31) + "\xff"}), "subMerAbbr"},
		"half a character":      {zm(map[int]string{31: "\xc8"}), "subMerAbbr"},
		"UTF-8 for GBK":         {zm(map[int]string{31: "道"}), "subMerAbbr"},
		"column shifted":        {whole[:50] + whole[51:], "txnAmt"},
		"a column too many":     {"S56 x" + whole[3:], "txnTime"},
		"cut off":               {whole[:300], "merId"},
		"cut off in amounts":    {whole[:370], "subMerSettleAmt"},
		"cut off in the last":   {whole[:607-98-1-32-1-1-1-2-1-1], "instalmentFee"},
		"another file":          {"orderId,amount", "acqInsCode"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			var failed *BillLineError
			for r, err := range ReadBillRecords(strings.NewReader(zm(nil) + strings.TrimRight(tt.text, "\r\n") + "\r\n" + zm(map[int]string{12: "10078088"}))) {
				if err != nil {
					require.ErrorIs(t, err, cnpay.ErrMalformed)
					require.ErrorAs(t, err, &failed)
					require.Zero(t, r)
					require.NotContains(t, err.Error(), "622609")
					continue
				}
				got = append(got, r.OrderID)
			}
			require.NotNil(t, failed)
			require.Equal(t, tt.column, failed.Column, failed)
			require.Equal(t, 2, failed.Line)
			require.Equal(t, []string{"10078087", "10078088"}, got) // the lines around it are read
		})
	}
}

// What a line does not have is not that of the line before.
func TestBillLinesAreApart(t *testing.T) {
	columns := make([]string, len(zmWidths()))
	for i, width := range zmWidths() {
		columns[i] = fmt.Sprintf("%0*d", width, i+1)[:width]
	}
	for _, i := range []int{16, 17, 32, 33, 36, 37, 38} {
		columns[i-1] = "C" + columns[i-1][1:]
	}
	name := map[int]string{31: "\xc8\xab\xc7\xfe\xb5\xc0", 35: "\xc8\xab", 41: "10078087"}
	texts := []string{
		billLine(zmWidths(), columns) + "\n", zm(nil), zm(name), strings.TrimRight(zm(map[int]string{40: ""}), " \r\n") + "\n",
		zm(map[int]string{17: "x", 12: "other"}), zm(map[int]string{31: "\xff\xff", 1: "S57"}), zm(map[int]string{32: "", 37: ""}),
	}
	for _, first := range texts {
		for _, second := range texts {
			var got []BillRecord
			for r := range ReadBillRecords(strings.NewReader(first + second + first)) {
				got = append(got, r)
			}
			var want []BillRecord
			for _, text := range []string{first, second, first} {
				for r := range ReadBillRecords(strings.NewReader(text)) {
					want = append(want, r)
				}
			}
			require.Equal(t, want, got)
		}
	}
}

// A file of just the limit is no larger than that, whatever the reader's buffer.
func TestFileOfTheLimit(t *testing.T) {
	for size, buffer := range map[int]int{10: 10, 9: 10, 8: 3} {
		content := EncodeFileContent(make([]byte, size))
		r, err := OpenFileContent(content, int64(size))
		require.NoError(t, err)
		p := make([]byte, buffer)
		n, err := io.ReadFull(r, p[:min(size, buffer):min(size, buffer)])
		require.NoError(t, err)
		rest, err := io.ReadAll(r)
		require.NoError(t, err)
		require.Equal(t, size, n+len(rest))

		r, err = OpenFileContent(content, int64(size-1))
		require.NoError(t, err)
		n, err = io.ReadFull(r, make([]byte, size))
		require.ErrorIs(t, err, cnpay.ErrTooLarge)
		require.Equal(t, size-1, n)
	}
}

func TestBillStops(t *testing.T) {
	count := func(r io.Reader) (records int, last error) {
		for _, err := range ReadBillRecords(r) {
			require.NoError(t, last)
			if last = err; err == nil {
				records++
			}
		}
		return records, last
	}
	n, err := count(strings.NewReader(zm(nil) + strings.Repeat("x", longestLine+1) + "\n" + zm(nil)))
	require.Equal(t, 1, n)
	require.ErrorIs(t, err, cnpay.ErrMalformed)

	// A read error is passed on, and what was read of the line is no record.
	broken := errors.New("broken")
	n, err = count(io.MultiReader(strings.NewReader(zm(nil)+zm(nil)[:600]), iotest.ErrReader(broken)))
	require.Equal(t, 1, n)
	require.Equal(t, broken, err)

	b, err := OpenBill(EncodeFileContent(billArchive(t, billFile{zmName, zm(nil) + zm(nil)}, billFile{"x/" + zmName, zm(nil)})))
	require.NoError(t, err)
	require.Len(t, collect(t, b.Records()), 3)
	for range b.Records() {
		break // must not go on
	}
	n = 0
	for range b.Records() {
		if n++; n == 2 {
			break
		}
	}
	require.Equal(t, 2, n)
}

func TestOpenBillRefuses(t *testing.T) {
	good := billArchive(t, billFile{zmName, zm(nil)})
	var many []billFile
	for i := range 1001 {
		many = append(many, billFile{fmt.Sprintf("INNZM_%d", i), ""})
	}
	content := EncodeFileContent(good)
	raw, err := base64.StdEncoding.DecodeString(content)
	require.NoError(t, err)
	flipped := bytes.Clone(raw)
	flipped[len(flipped)-1] ^= 1
	for name, tt := range map[string]struct {
		content string
		err     error
	}{
		"nothing":               {"", cnpay.ErrMalformed},
		"blank":                 {" \n", cnpay.ErrMalformed},
		"not Base64":            {"****", cnpay.ErrMalformed},
		"not zlib":              {base64.StdEncoding.EncodeToString(good), cnpay.ErrMalformed},
		"not ZIP":               {EncodeFileContent([]byte("5.0.0|100|1||")), cnpay.ErrMalformed},
		"cut off":               {content[:len(content)/2], cnpay.ErrMalformed},
		"cut off at the end":    {base64.StdEncoding.EncodeToString(raw[:len(raw)-1]), cnpay.ErrMalformed},
		"wrong checksum":        {base64.StdEncoding.EncodeToString(flipped), cnpay.ErrMalformed},
		"no file":               {EncodeFileContent(billArchive(t)), cnpay.ErrMalformed},
		"no bill":               {EncodeFileContent(billArchive(t, billFile{"readme.txt", "x"})), cnpay.ErrMalformed},
		"a file outside":        {EncodeFileContent(billArchive(t, billFile{"../../INNZM_1", zm(nil)})), cnpay.ErrMalformed},
		"a file of the root":    {EncodeFileContent(billArchive(t, billFile{"/etc/INNZM_1", zm(nil)})), cnpay.ErrMalformed},
		"a Windows path":        {EncodeFileContent(billArchive(t, billFile{`..\INNZM_1`, zm(nil)})), cnpay.ErrMalformed},
		"one name twice":        {EncodeFileContent(billArchive(t, billFile{zmName, zm(nil)}, billFile{zmName, zm(nil)})), cnpay.ErrMalformed},
		"very many files":       {EncodeFileContent(billArchive(t, many...)), cnpay.ErrTooLarge},
		"larger than the limit": {EncodeFileContent(append([]byte(strings.Repeat("x", 1<<20)), good...)), cnpay.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := OpenBill(tt.content, WithBillLimits(1<<20, 0))
			require.ErrorIs(t, err, tt.err)
			require.Nil(t, b)
		})
	}
	_, err = OpenBillArchive(bytes.NewReader(good), int64(len(good)), WithBillLimits(int64(len(good))-1, 0))
	require.ErrorIs(t, err, cnpay.ErrTooLarge)
	_, err = OpenBillArchive(bytes.NewReader(good), int64(len(good)), WithBillLimits(int64(len(good)), 0))
	require.NoError(t, err)
}

// A damaged file inside a good archive is found out before its records can be taken for all of them.
func TestBillDamaged(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	text := zm(nil)
	w, err := z.CreateRaw(&zip.FileHeader{
		Name: zmName, Method: zip.Store, CRC32: crc32.ChecksumIEEE([]byte(text)) + 1,
		CompressedSize64: uint64(len(text)), UncompressedSize64: uint64(len(text)),
	})
	require.NoError(t, err)
	_, err = io.WriteString(w, text)
	require.NoError(t, err)
	w, err = z.CreateRaw(&zip.FileHeader{Name: zmeName, Method: 99, CompressedSize64: 1, UncompressedSize64: 1})
	require.NoError(t, err)
	_, err = io.WriteString(w, "x")
	require.NoError(t, err)
	w, err = z.Create("2/" + zmeName)
	require.NoError(t, err)
	_, err = io.WriteString(w, billLine(zmeWidths(), zmeColumns()))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	bill, err := OpenBill(EncodeFileContent(b.Bytes()))
	require.NoError(t, err)
	var last error
	for _, err := range bill.Records() {
		last = err
	}
	require.ErrorIs(t, last, cnpay.ErrMalformed)
	require.ErrorIs(t, last, zip.ErrChecksum)
	yielded := 0
	for _, err := range bill.Adjustments() { // of a method that nobody knows
		last = err
		yielded++
	}
	require.ErrorIs(t, last, zip.ErrAlgorithm)
	require.Equal(t, 1, yielded) // and the file after it is not read
	_, err = Reconcile(nil, bill.Records())
	require.Error(t, err)

	b.Reset()
	z = zip.NewWriter(&b)
	_, err = z.CreateRaw(&zip.FileHeader{Name: summaryName, Method: 99})
	require.NoError(t, err)
	require.NoError(t, z.Close())
	bill, err = OpenBill(EncodeFileContent(b.Bytes()))
	require.NoError(t, err)
	_, err = bill.Summary()
	require.ErrorIs(t, err, zip.ErrAlgorithm)
	_, err = OpenBillArchive(brokenArchive{}, 100)
	require.ErrorIs(t, err, io.ErrNoProgress)

	bill, err = OpenBill(EncodeFileContent(billArchive(t, billFile{summaryName, "\xff\xff"})))
	require.NoError(t, err)
	_, err = bill.Summary()
	require.ErrorIs(t, err, cnpay.ErrMalformed)
	bill, err = OpenBill(EncodeFileContent(billArchive(t, billFile{summaryName, strings.Repeat("x", 2<<20)})))
	require.NoError(t, err)
	_, err = bill.Summary()
	require.ErrorIs(t, err, cnpay.ErrTooLarge)
}

type brokenArchive struct{}

func (brokenArchive) ReadAt([]byte, int64) (int, error) { return 0, io.ErrNoProgress }

// zeros is the zlib form of n zeros.
func zeros(t *testing.T, n int64) string {
	t.Helper()
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, err := io.CopyN(z, zeroReader{}, n)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestBombs(t *testing.T) {
	allocated := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.TotalAlloc
	}
	// Around the archive: 32 MiB of zeros.
	bomb := zeros(t, 32<<20)
	before := allocated()
	_, err := OpenBill(bomb, WithBillLimits(1<<20, 0))
	require.ErrorIs(t, err, cnpay.ErrTooLarge)
	require.Less(t, allocated()-before, uint64(8<<20))

	// Inside it: 32 MiB of good lines are read without being held, or refused when they are more than the limit.
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(zmName)
	require.NoError(t, err)
	empty := strings.Repeat(strings.Repeat(" ", 1022)+"\r\n", 1024)
	for range 32 {
		_, err := io.WriteString(w, empty)
		require.NoError(t, err)
	}
	_, err = io.WriteString(w, zm(nil))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	content := EncodeFileContent(b.Bytes())
	before = allocated()
	bill, err := OpenBill(content)
	require.NoError(t, err)
	require.Len(t, collect(t, bill.Records()), 1)
	require.Less(t, allocated()-before, uint64(8<<20))

	bill, err = OpenBill(content, WithBillLimits(0, 16<<20))
	require.NoError(t, err)
	var last error
	for _, err := range bill.Records() {
		last = err
	}
	require.ErrorIs(t, last, cnpay.ErrTooLarge)
}

func TestFileContent(t *testing.T) {
	// The batch file of a payout, compressed with Python's zlib.
	const want = "5.0.0|100|1||\norderId|currencyCode|txnAmt|accType|accNo|customerNm|bizType|certifTp|certifId|phoneNo|postscript\n" +
		"2024010500000001|156|100|01|6216261000000000018|全渠道|000401|01|341126197709218366|13552535506|test"
	const content = "eJw9jTEOwjAMRXcOU9lpk7YjYmLp1AtAGkSHNlFqJIq8MHACLsDIEbgQSNwCtyAs2f6Wn791AgkwgiTzwsfGxXXD9hCj6+248o1jOvbLjnhjbT0GN/XKCzGQ71ysOt62p3lhXaR2V4efEJuw970TOPiBBhvbQAsFKgMEDd9ARm3m9yKNQqMMwj+w4Ofl/nrc3ucryyyXE5dmiMKVeQ6lwiI14pBqrbQUMExuoA+tcEi2"
	for name, text := range map[string]string{
		"as published": content,
		"no padding":   strings.TrimRight(content, "="),
		"with breaks":  content[:76] + "\r\n" + content[76:] + "\n",
		"with blanks":  content[:10] + " \t" + content[10:] + " ",
		"ours":         EncodeFileContent([]byte(want)),
	} {
		t.Run(name, func(t *testing.T) {
			for _, limit := range []int64{0, int64(len(want)), 1<<63 - 1} {
				r, err := OpenFileContent(text, limit)
				require.NoError(t, err)
				got, err := io.ReadAll(iotest.OneByteReader(r))
				require.NoError(t, err)
				require.Equal(t, want, string(got))
			}
			r, err := OpenFileContent(text, int64(len(want))-1)
			require.NoError(t, err)
			got, err := io.ReadAll(r)
			require.ErrorIs(t, err, cnpay.ErrTooLarge)
			require.Len(t, got, len(want)-1)
			_, err = r.Read(make([]byte, 1))
			require.ErrorIs(t, err, cnpay.ErrTooLarge) // it stays
		})
	}
	require.NotContains(t, EncodeFileContent(make([]byte, 1000)), "\n")
	r, err := OpenFileContent(EncodeFileContent(nil), 0)
	require.NoError(t, err)
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestBillTime(t *testing.T) {
	day := func(text string) time.Time {
		at, err := time.ParseInLocation("2006-01-02", text, cnpay.Beijing())
		require.NoError(t, err)
		return at
	}
	for _, tt := range []struct{ text, settled, want string }{
		{"0906112203", "2015-09-05", "2015-09-06T11:22:03+08:00"}, // as in the sample
		{"0905112203", "2015-09-05", "2015-09-05T11:22:03+08:00"},
		{"1231233000", "2016-01-01", "2015-12-31T23:30:00+08:00"},
		{"0101000500", "2015-12-31", "2016-01-01T00:05:00+08:00"},
		{"1015080000", "2015-09-05", "2014-10-15T08:00:00+08:00"}, // an original of eleven months before
		{"0229120000", "2024-03-01", "2024-02-29T12:00:00+08:00"},
		{"0229120000", "2025-01-10", "2024-02-29T12:00:00+08:00"},
	} {
		got, err := BillTime(tt.text, day(tt.settled))
		require.NoError(t, err)
		require.Equal(t, tt.want, got.Format(time.RFC3339))
		got, err = BillTime(tt.text, day(tt.settled).UTC())
		require.NoError(t, err)
		require.Equal(t, tt.want, got.Format(time.RFC3339))
	}
	for _, text := range []string{"", "          ", "1301000000", "0229120000", "090611220", "09061122033", "0906112260", "0906112203.5"} {
		_, err := BillTime(text, day("2023-09-05"))
		require.ErrorIs(t, err, cnpay.ErrMalformed, text)
	}
}

func recordsOf(rs ...BillRecord) iter.Seq2[BillRecord, error] {
	return func(yield func(BillRecord, error) bool) {
		for _, r := range rs {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func TestReconcile(t *testing.T) {
	own := []LedgerEntry{
		{QueryID: "q1", OrderID: "o1", TxnAmt: 100},
		{OrderID: "o2", TxnTime: "20150906112203", TxnType: "01", TxnAmt: 200},
		{QueryID: "q3", OrderID: "o3", TxnAmt: 300},
		{QueryID: "q4", OrderID: "o4", TxnAmt: 400},
		{OrderID: "20150906112203" + strings.Repeat("a", 26), TxnAmt: 500},
	}
	theirs := []BillRecord{
		{QueryID: "q9", OrderID: "o9", TxnAmt: 900},
		{QueryID: "q4", OrderID: "o4", TxnAmt: 399},
		{QueryID: "q1", OrderID: "o1", TxnAmt: 100},
		{QueryID: "q2", OrderID: "o2", TxnAmt: 200},
		{QueryID: "q5", OrderID: "20150906112203" + strings.Repeat("a", 18), TxnAmt: 500},
	}
	found, err := Reconcile(own, recordsOf(theirs...))
	require.NoError(t, err)
	require.Equal(t, &Reconciliation{
		Matched:       3,
		AmountDiffers: []AmountDifference{{Ledger: own[3], Bill: theirs[1]}},
		OnlyInLedger:  []LedgerEntry{own[2]},
		OnlyInBill:    []BillRecord{theirs[0]},
	}, found)
	require.False(t, found.Clean())

	found, err = Reconcile(own[:2], recordsOf(theirs[2], theirs[3]))
	require.NoError(t, err)
	require.Equal(t, &Reconciliation{Matched: 2}, found)
	require.True(t, found.Clean())
	found, err = Reconcile(nil, recordsOf())
	require.NoError(t, err)
	require.True(t, found.Clean())
}

func TestReconcileAmbiguous(t *testing.T) {
	for name, tt := range map[string]struct {
		own    []LedgerEntry
		theirs []BillRecord
		want   Reconciliation
	}{
		"amounts decide": {
			[]LedgerEntry{{OrderID: "o", TxnAmt: 1}, {OrderID: "o", TxnAmt: 2}},
			[]BillRecord{{OrderID: "o", TxnAmt: 2}, {OrderID: "o", TxnAmt: 1}},
			Reconciliation{Matched: 2},
		},
		"times decide": {
			[]LedgerEntry{{OrderID: "o", TxnTime: "20150905235959", TxnAmt: 5}, {OrderID: "o", TxnTime: "20150906000001", TxnAmt: 6}},
			[]BillRecord{{OrderID: "o", TxnTime: "0906000001", TxnAmt: 7}},
			Reconciliation{
				AmountDiffers: []AmountDifference{{Ledger: LedgerEntry{OrderID: "o", TxnTime: "20150906000001", TxnAmt: 6}, Bill: BillRecord{OrderID: "o", TxnTime: "0906000001", TxnAmt: 7}}},
				OnlyInLedger:  []LedgerEntry{{OrderID: "o", TxnTime: "20150905235959", TxnAmt: 5}},
			},
		},
		"types decide": {
			[]LedgerEntry{{OrderID: "o", TxnType: "01", TxnAmt: 5}, {OrderID: "o", TxnType: "31", TxnAmt: 5}},
			[]BillRecord{{OrderID: "o", TxnType: "31", TxnAmt: 5}},
			Reconciliation{Matched: 1, OnlyInLedger: []LedgerEntry{{OrderID: "o", TxnType: "01", TxnAmt: 5}}},
		},
		"twice in the bill": {
			[]LedgerEntry{{QueryID: "q", OrderID: "o", TxnAmt: 1}},
			[]BillRecord{{QueryID: "q", OrderID: "o", TxnAmt: 1}, {QueryID: "q", OrderID: "o", TxnAmt: 1}},
			Reconciliation{Matched: 1, OnlyInBill: []BillRecord{{QueryID: "q", OrderID: "o", TxnAmt: 1}}},
		},
		"twice in the ledger": {
			[]LedgerEntry{{QueryID: "q", OrderID: "o", TxnAmt: 1}, {QueryID: "q", OrderID: "o", TxnAmt: 1}},
			[]BillRecord{{QueryID: "q", OrderID: "o", TxnAmt: 1}},
			Reconciliation{Matched: 1, OnlyInLedger: []LedgerEntry{{QueryID: "q", OrderID: "o", TxnAmt: 1}}},
		},
		"one order, two queryIds": {
			[]LedgerEntry{{QueryID: "q1", OrderID: "o", TxnAmt: 1}},
			[]BillRecord{{QueryID: "q2", OrderID: "o", TxnAmt: 1}},
			Reconciliation{OnlyInLedger: []LedgerEntry{{QueryID: "q1", OrderID: "o", TxnAmt: 1}}, OnlyInBill: []BillRecord{{QueryID: "q2", OrderID: "o", TxnAmt: 1}}},
		},
		"queryId alone": {
			[]LedgerEntry{{QueryID: "q", TxnAmt: 1}}, []BillRecord{{QueryID: "q", OrderID: "o", TxnAmt: 1}}, Reconciliation{Matched: 1},
		},
		"nothing to match by": {
			[]LedgerEntry{{TxnAmt: 1}}, []BillRecord{{TxnAmt: 1}},
			Reconciliation{OnlyInLedger: []LedgerEntry{{TxnAmt: 1}}, OnlyInBill: []BillRecord{{TxnAmt: 1}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := Reconcile(tt.own, recordsOf(tt.theirs...))
			require.NoError(t, err)
			require.Equal(t, tt.want, *found)
		})
	}
}

func TestReconcileEndsWithAnError(t *testing.T) {
	found, err := Reconcile([]LedgerEntry{{OrderID: "10078087", TxnAmt: 1}}, ReadBillRecords(strings.NewReader(zm(nil)+"S56\r\n")))
	var line *BillLineError
	require.ErrorAs(t, err, &line)
	require.Equal(t, 2, line.Line)
	require.Nil(t, found)
}

func FuzzOpenBill(f *testing.F) {
	good := billArchive(f, billFile{zmName, zm(nil)}, billFile{zmeName, billLine(zmeWidths(), zmeColumns())}, billFile{summaryName, "\xc9\xcc\xbb\xa7"})
	f.Add(EncodeFileContent(good), good)
	f.Add("", []byte{})
	f.Add("eJw=", []byte("PK\x01\x02"))
	f.Fuzz(func(t *testing.T, content string, raw []byte) {
		first, err := OpenBill(content, WithBillLimits(1<<20, 1<<20))
		require.Equal(t, err == nil, first != nil)
		second, err := OpenBillArchive(bytes.NewReader(raw), int64(len(raw)), WithBillLimits(1<<20, 1<<20))
		require.Equal(t, err == nil, second != nil)
		for _, b := range []*Bill{first, second} {
			if b == nil {
				continue
			}
			require.NotEmpty(t, b.Files())
			_, _ = b.Summary()
			_, _ = Reconcile(nil, b.Records())
			for _, err := range b.Adjustments() {
				_ = err
			}
		}
	})
}

func FuzzReadBill(f *testing.F) {
	f.Add(zm(nil))
	f.Add(zm(map[int]string{31: "\xc8\xab\xc7\xfe\xb5\xc0", 41: "1"}) + zm(nil))
	f.Add(billLine(zmeWidths(), zmeColumns()))
	f.Add("\r\n\n S56 ")
	f.Fuzz(func(t *testing.T, text string) {
		for r, err := range ReadBillRecords(strings.NewReader(text)) {
			if err != nil {
				require.ErrorIs(t, err, cnpay.ErrMalformed)
				require.Zero(t, r)
				continue
			}
			require.GreaterOrEqual(t, r.TxnAmt, int64(0))
			require.NotContains(t, fmt.Sprint(r), "\ufffd")
		}
		for r, err := range ReadBillAdjustments(strings.NewReader(text)) {
			if err != nil {
				require.ErrorIs(t, err, cnpay.ErrMalformed)
				require.Zero(t, r)
			}
		}
	})
}
