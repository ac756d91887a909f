package unionpay

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/reconcile"
)

// A Bill is the reconciliation download (对账文件) of one clearing day: a ZIP archive with one line for each transaction
// (ZM), one for each adjustment (ZME), and a human-readable summary. The archive is held in memory compressed; its files are
// read as a stream. It is safe for concurrent use.
type Bill struct {
	files []*zip.File
	limit int64
}

// A BillOption changes how a bill is read.
type BillOption func(*billLimits)

type billLimits struct{ archive, file int64 }

// WithBillLimits sets how many bytes the archive may have, which is held in memory (64 MiB by default), and how many one
// file in it, which is not (1 GiB, 1.7 million transactions). What is larger is [cnpay.ErrTooLarge]. Zero leaves a limit
// as it is.
func WithBillLimits(archive, file int64) BillOption {
	return func(l *billLimits) {
		l.archive, l.file = cmp.Or(max(archive, 0), l.archive), cmp.Or(max(file, 0), l.file)
	}
}

const defaultArchive = 64 << 20

func limitsOf(opts []BillOption) billLimits {
	l := billLimits{archive: defaultArchive, file: 1 << 30}
	for _, opt := range opts {
		opt(&l)
	}
	return l
}

// OpenBill opens the bill in the fileContent of an answer.
func OpenBill(fileContent string, opts ...BillOption) (*Bill, error) {
	r, err := OpenFileContent(fileContent, limitsOf(opts).archive)
	if err != nil {
		return nil, err
	}
	archive, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return OpenBillArchive(bytes.NewReader(archive), int64(len(archive)), opts...)
}

// OpenBillArchive opens a bill's ZIP archive itself, as a person can download it from UnionPay's merchant pages.
func OpenBillArchive(archive io.ReaderAt, size int64, opts ...BillOption) (*Bill, error) {
	limits := limitsOf(opts)
	if size > limits.archive {
		return nil, fmt.Errorf("%w: archive of %d bytes", cnpay.ErrTooLarge, size)
	}
	if err := checkEntries(io.NewSectionReader(archive, 0, size)); err != nil {
		return nil, err
	}
	z, err := zip.NewReader(archive, size)
	if err != nil {
		return nil, fmt.Errorf("%w: bill: %w", cnpay.ErrMalformed, err)
	}
	b := &Bill{limit: limits.file}
	kinds := ""
	names := map[string]bool{}
	for _, f := range z.File {
		// No file is written here, but callers may, by these names.
		if !filepath.IsLocal(f.Name) || strings.Contains(f.Name, `\`) {
			return nil, fmt.Errorf("%w: bill: a file's name leads out of the archive", cnpay.ErrMalformed)
		}
		if names[f.Name] {
			return nil, fmt.Errorf("%w: bill: two files of one name", cnpay.ErrMalformed)
		}
		names[f.Name] = true
		if !strings.HasSuffix(f.Name, "/") {
			b.files = append(b.files, f)
			kinds += kindOf(f.Name)
		}
	}
	if kinds == "" {
		return nil, fmt.Errorf("%w: bill: no ZM, ZME or RD file in the archive", cnpay.ErrMalformed)
	}
	return b, nil
}

// checkEntries keeps package zip from reading a list of millions of files, each of which would cost memory. Bills have three.
func checkEntries(archive io.Reader) error {
	const most = 1000
	signature := []byte("PK\x01\x02")
	found, kept := 0, 0
	buf := make([]byte, 64<<10)
	for {
		n, err := archive.Read(buf[kept:])
		n += kept
		if found += bytes.Count(buf[:n], signature); found > most {
			return fmt.Errorf("%w: bill: more than %d files in the archive", cnpay.ErrTooLarge, most)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("bill: %w", err)
		}
		kept = copy(buf, buf[max(0, n-len(signature)+1):n])
	}
}

// The kinds of files, by their names: INN<yymmdd>88ZM_<merId>, INN<yymmdd>88ZME_<merId>, RD2010<mmdd>01_<merId>.
const (
	kindRecords     = "ZM_"
	kindAdjustments = "ZME_"
	kindSummary     = "RD"
)

func kindOf(name string) string {
	name = path.Base(name)
	switch {
	case strings.Contains(name, kindRecords):
		return kindRecords
	case strings.Contains(name, kindAdjustments):
		return kindAdjustments
	case strings.HasPrefix(name, kindSummary):
		return kindSummary
	}
	return ""
}

// Files returns the names of the files in the archive.
func (b *Bill) Files() []string {
	names := make([]string, len(b.files))
	for i, f := range b.files {
		names[i] = f.Name
	}
	return names
}

// Open opens one of the files, for what this package does not read.
func (b *Bill) Open(name string) (io.ReadCloser, error) {
	for _, f := range b.files {
		if f.Name == name {
			return b.open(f, b.limit)
		}
	}
	return nil, fmt.Errorf("bill: no file %q in the archive", name)
}

func (b *Bill) open(f *zip.File, limit int64) (io.ReadCloser, error) {
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: bill: %w", cnpay.ErrMalformed, err)
	}
	return struct {
		io.Reader
		io.Closer
	}{newCapped(r, limit), r}, nil
}

// Records returns the transactions (ZM 文件, 商户一般交易明细). An error that concerns one line only is a [*BillLineError],
// and the lines after it can be read still; any other is the last. A bill without the file has none.
func (b *Bill) Records() iter.Seq2[BillRecord, error] {
	return each(b, kindRecords, ReadBillRecords)
}

// Adjustments returns the adjustments (ZME 文件, 商户差错交易明细), such as chargebacks, with errors as in
// [Bill.Records]. Most days have none.
func (b *Bill) Adjustments() iter.Seq2[BillAdjustment, error] {
	return each(b, kindAdjustments, ReadBillAdjustments)
}

func each[R any](b *Bill, kind string, read func(io.Reader) iter.Seq2[R, error]) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		for _, f := range b.files {
			if kindOf(f.Name) == kind && !eachOf(b, f, read, yield) {
				return
			}
		}
	}
}

// eachOf yields the records of one file, and reports whether to go on.
func eachOf[R any](b *Bill, f *zip.File, read func(io.Reader) iter.Seq2[R, error], yield func(R, error) bool) bool {
	r, err := b.open(f, b.limit)
	if err != nil {
		var none R
		yield(none, err)
		return false
	}
	defer func() { _ = r.Close() }()
	for record, err := range read(r) {
		var line *BillLineError
		if !yield(record, err) || err != nil && !errors.As(err, &line) {
			return false
		}
	}
	return true
}

// Summary returns the summary for people (商户交易汇总表), in Chinese, "" when the archive has none.
func (b *Bill) Summary() (string, error) {
	const most = 1 << 20 // the sample has 2 KiB
	var all []byte
	for _, f := range b.files {
		if kindOf(f.Name) != kindSummary {
			continue
		}
		r, err := b.open(f, min(b.limit, most))
		if err != nil {
			return "", err
		}
		text, err := io.ReadAll(r)
		_ = r.Close()
		if err != nil {
			return "", err
		}
		all = append(all, text...)
	}
	text, err := fromCharset(string(all), GBK)
	if err != nil {
		return "", fmt.Errorf("bill: summary: %w", err)
	}
	return text, nil
}

// A BillRecord is one transaction of a bill, a line of its ZM file. Amounts are in fen; those with a sign are positive
// where the file has C (贷记) and negative where it has D (借记). Codes are those of the messages.
//
// SettleAmt is positive for what the merchant receives and negative for what it pays: compare and sum that. What the
// sign of Fee means differs between files. It was seen for purchases (01), where D is a fee that the merchant pays and
// TxnAmt + Fee = SettleAmt. Of refunds (04) both were seen: C for a fee that is given back (amount 9900, fee C 59,
// settlement D 9841), and C for one that is taken beside the refund (amount 50000, fee C 2500, settlement D 52500). So
// never sum fees of refunds, nor of kinds that were not seen, by their sign: SettleAmt + TxnAmt is what a refund cost
// above its amount, or returned of it.
type BillRecord struct {
	TransCode       string `json:"transCode"`       // transaction code (交易代码), S56 ...
	AcqInsCode      string `json:"acqInsCode"`      // acquiring institution (代理机构标识码)
	SndInsCode      string `json:"sndInsCode"`      // sending institution (发送机构标识码)
	TraceNo         string `json:"traceNo"`         // system trace number (系统跟踪号)
	TxnTime         string `json:"txnTime"`         // time of the transaction (交易传输时间), MMDDhhmmss; see [BillTime]
	PayCardNo       string `json:"payCardNo"`       // card number, masked (账号)
	TxnAmt          int64  `json:"txnAmt"`          // amount (交易金额), without a sign
	MerCatCode      string `json:"merCatCode"`      // merchant category (商户类别)
	TermType        string `json:"termType"`        // kind of terminal (终端类型)
	QueryID         string `json:"queryId"`         // UnionPay's number of the transaction (查询流水号)
	OldPayType      string `json:"oldPayType"`      // way of paying as it used to be coded (支付方式, 旧)
	OrderID         string `json:"orderId"`         // merchant's order number (商户订单号), the first 32 characters of it
	PayCardType     string `json:"payCardType"`     // kind of card (支付卡类型)
	OrigTraceNo     string `json:"origTraceNo"`     // trace number of the original transaction (原始交易的系统跟踪号)
	OrigTxnTime     string `json:"origTxnTime"`     // time of the original transaction (原始交易日期时间), MMDDhhmmss
	Fee             int64  `json:"fee"`             // merchant's fee (商户手续费), signed as the file has it; see [BillRecord]
	SettleAmt       int64  `json:"settleAmt"`       // amount after the fee (结算金额), signed
	PayType         string `json:"payType"`         // way of paying (支付方式)
	GroupMerID      string `json:"groupMerId"`      // group that the merchant belongs to (集团商户代码)
	TxnType         string `json:"txnType"`         // transaction type (交易类型)
	TxnSubType      string `json:"txnSubType"`      // transaction subtype (交易子类); the sample leaves it out
	BizType         string `json:"bizType"`         // product (业务类型)
	AccType         string `json:"accType"`         // kind of account (账号类型)
	BillType        string `json:"billType"`        // kind of bill paid (账单类型)
	BillNo          string `json:"billNo"`          // number of the bill paid (账单号码), the last 32 bytes of it
	InteractMode    string `json:"interactMode"`    // way of interacting (交互方式)
	OrigQryID       string `json:"origQryId"`       // queryId of the original transaction (原交易查询流水号)
	MerID           string `json:"merId"`           // merchant code (商户代码)
	SplitMode       string `json:"splitMode"`       // who pays out the shares (分账入账方式): A the acquirer, L UnionPay, empty when nothing is shared
	SubMerID        string `json:"subMerId"`        // merchant below a platform (二级商户代码)
	SubMerAbbr      string `json:"subMerAbbr"`      // its short name (二级商户简称)
	SubMerSettleAmt int64  `json:"subMerSettleAmt"` // its share (二级商户分账入账金额), signed
	NetAmt          int64  `json:"netAmt"`          // SettleAmt less the share (清算净额), signed
	TermID          string `json:"termId"`          // terminal (终端号), the last 8 characters of it
	MerReserved     string `json:"merReserved"`     // merchant's own text (商户自定义域), the first 32 bytes of it
	DiscountAmt     int64  `json:"discountAmt"`     // discount (优惠金额), signed
	InvoiceAmt      int64  `json:"invoiceAmt"`      // amount to give an invoice for (发票金额), signed
	InstalmentFee   int64  `json:"instalmentFee"`   // surcharge for instalments (分期付款附加手续费), signed
	Instalments     string `json:"instalments"`     // number of instalments (分期付款期数)
	Medium          string `json:"medium"`          // medium of the transaction (交易介质)
	OrigOrderID     string `json:"origOrderId"`     // order number of the original transaction (原始交易订单号), for completions, refunds, voids and cancellations
	Reserved        string `json:"reserved"`        // kept for later use (保留使用)
}

// ReadBillRecords reads a ZM file. Errors are as in [Bill.Records].
func ReadBillRecords(file io.Reader) iter.Seq2[BillRecord, error] {
	return lines(file, func(c *cutter, r *BillRecord) {
		c.text(&r.TransCode, "transCode", 3)
		c.text(&r.AcqInsCode, "acqInsCode", 11)
		c.text(&r.SndInsCode, "sndInsCode", 11)
		c.text(&r.TraceNo, "traceNo", 6)
		c.text(&r.TxnTime, "txnTime", 10)
		c.text(&r.PayCardNo, "payCardNo", 19)
		c.amount(&r.TxnAmt, "txnAmt", 12)
		c.text(&r.MerCatCode, "merCatCode", 4)
		c.text(&r.TermType, "termType", 2)
		c.text(&r.QueryID, "queryId", 21)
		c.text(&r.OldPayType, "oldPayType", 2)
		c.text(&r.OrderID, "orderId", 32)
		c.text(&r.PayCardType, "payCardType", 2)
		c.text(&r.OrigTraceNo, "origTraceNo", 6)
		c.text(&r.OrigTxnTime, "origTxnTime", 10)
		c.signed(&r.Fee, "fee", 13)
		c.signed(&r.SettleAmt, "settleAmt", 13)
		c.text(&r.PayType, "payType", 4)
		c.text(&r.GroupMerID, "groupMerId", 15)
		c.text(&r.TxnType, "txnType", 2)
		c.text(&r.TxnSubType, "txnSubType", 2)
		c.text(&r.BizType, "bizType", 6)
		c.text(&r.AccType, "accType", 2)
		c.text(&r.BillType, "billType", 4)
		c.text(&r.BillNo, "billNo", 32)
		c.text(&r.InteractMode, "interactMode", 1)
		c.text(&r.OrigQryID, "origQryId", 21)
		c.text(&r.MerID, "merId", 15)
		c.text(&r.SplitMode, "splitMode", 1)
		c.text(&r.SubMerID, "subMerId", 15)
		c.text(&r.SubMerAbbr, "subMerAbbr", 32)
		c.signed(&r.SubMerSettleAmt, "subMerSettleAmt", 13)
		c.signed(&r.NetAmt, "netAmt", 13)
		c.text(&r.TermID, "termId", 8)
		c.text(&r.MerReserved, "merReserved", 32)
		c.signed(&r.DiscountAmt, "discountAmt", 13)
		c.signed(&r.InvoiceAmt, "invoiceAmt", 13)
		c.signed(&r.InstalmentFee, "instalmentFee", 12)
		c.tail(&r.Instalments, "instalments", 2)
		c.tail(&r.Medium, "medium", 1)
		// Older files have one reserved column instead of these two, of the same width.
		c.tail(&r.OrigOrderID, "origOrderId", 32)
		c.tail(&r.Reserved, "reserved", 0)
	})
}

// A BillAdjustment is one adjustment of a bill, a line of its ZME file. Signs are those of the file, C positive and D
// negative; no file was seen that says what that of Fee means. It names the
// transaction that it adjusts by trace number and time; no document has an order number for it.
type BillAdjustment struct {
	TransCode      string `json:"transCode"`      // transaction code (交易代码)
	AcqInsCode     string `json:"acqInsCode"`     // acquiring institution (代理机构标识码)
	SndInsCode     string `json:"sndInsCode"`     // sending institution (发送机构标识码)
	TraceNo        string `json:"traceNo"`        // system trace number (系统跟踪号)
	TxnTime        string `json:"txnTime"`        // time of the adjustment (交易传输时间), MMDDhhmmss; see [BillTime]
	PayCardNo      string `json:"payCardNo"`      // card number, masked (账号)
	TxnAmt         int64  `json:"txnAmt"`         // amount (交易金额), without a sign
	MerCatCode     string `json:"merCatCode"`     // merchant category (商户类型)
	TermType       string `json:"termType"`       // kind of terminal (终端类型)
	PayCardType    string `json:"payCardType"`    // kind of card (支付卡类型)
	LastTraceNo    string `json:"lastTraceNo"`    // trace number of the transaction before (上一笔交易的系统跟踪号)
	LastTxnTime    string `json:"lastTxnTime"`    // its time (上一笔交易的日期时间), MMDDhhmmss
	LastSettleDate string `json:"lastSettleDate"` // its clearing date (上一笔交易清算日期), MMDD
	LastTxnAmt     int64  `json:"lastTxnAmt"`     // its amount (上一笔交易金额), without a sign
	Fee            int64  `json:"fee"`            // merchant's fee (商户手续费), signed
	SettleAmt      int64  `json:"settleAmt"`      // amount after the fee (结算金额), signed
	GroupMerID     string `json:"groupMerId"`     // group that the merchant belongs to (集团商户代码)
	MerID          string `json:"merId"`          // merchant code (商户代码)
	SplitMode      string `json:"splitMode"`      // mark of shared clearing (分账清算标识)
	InstalmentFee  int64  `json:"instalmentFee"`  // surcharge for instalments (分期付款附加手续费), signed
	Instalments    string `json:"instalments"`    // number of instalments (分期付款期数)
	Reserved       string `json:"reserved"`       // kept for later use (保留使用)
}

// ReadBillAdjustments reads a ZME file. Errors are as in [Bill.Records].
func ReadBillAdjustments(file io.Reader) iter.Seq2[BillAdjustment, error] {
	return lines(file, func(c *cutter, r *BillAdjustment) {
		c.text(&r.TransCode, "transCode", 3)
		c.text(&r.AcqInsCode, "acqInsCode", 11)
		c.text(&r.SndInsCode, "sndInsCode", 11)
		c.text(&r.TraceNo, "traceNo", 6)
		c.text(&r.TxnTime, "txnTime", 10)
		c.text(&r.PayCardNo, "payCardNo", 19)
		c.amount(&r.TxnAmt, "txnAmt", 12)
		c.text(&r.MerCatCode, "merCatCode", 4)
		c.text(&r.TermType, "termType", 2)
		c.text(&r.PayCardType, "payCardType", 2)
		c.text(&r.LastTraceNo, "lastTraceNo", 6)
		c.text(&r.LastTxnTime, "lastTxnTime", 10)
		c.text(&r.LastSettleDate, "lastSettleDate", 4)
		c.optional(&r.LastTxnAmt, "lastTxnAmt", 12)
		c.signed(&r.Fee, "fee", 13)
		c.signed(&r.SettleAmt, "settleAmt", 13)
		c.text(&r.GroupMerID, "groupMerId", 15)
		c.text(&r.MerID, "merId", 15)
		c.text(&r.SplitMode, "splitMode", 1)
		c.signed(&r.InstalmentFee, "instalmentFee", 12)
		c.tail(&r.Instalments, "instalments", 2)
		c.tail(&r.Reserved, "reserved", 0)
	})
}

// A BillLineError says what is wrong with one line of a bill. It is a [cnpay.ErrMalformed].
type BillLineError struct {
	Line   int    // counted from 1
	Column string // name of the column
	Err    error
}

func (e *BillLineError) Error() string {
	return fmt.Sprintf("bill: line %d: %s %v", e.Line, e.Column, e.Err)
}

func (e *BillLineError) Unwrap() []error { return []error{cnpay.ErrMalformed, e.Err} }

// longestLine is several times that of the files, 607 bytes and 339.
const longestLine = 4 << 10

func lines[R any](file io.Reader, cut func(*cutter, *R)) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		var none, record R
		c := cutter{gbk: simplifiedchinese.GBK.NewDecoder()}
		b := bufio.NewReaderSize(file, longestLine)
		for n := 1; ; n++ {
			line, end := b.ReadSlice('\n')
			if end != nil && end != io.EOF {
				if errors.Is(end, bufio.ErrBufferFull) {
					end = fmt.Errorf("%w: bill: line %d has more than %d bytes", cnpay.ErrMalformed, n, longestLine)
				}
				yield(none, end)
				return
			}
			line = bytes.TrimRight(line, "\r\n")
			if len(unfilled(line)) > 0 {
				c.begin(line)
				cut(&c, &record)
				if c.err == nil {
					c.finish()
					if !yield(record, nil) {
						return
					}
				} else if !yield(none, &BillLineError{n, c.column, c.err}) {
					return
				}
			}
			if end == io.EOF {
				return
			}
		}
	}
}

// A cutter cuts a line into columns of fixed widths in bytes, with one blank between them. The first error stays.
//
// The fields have the values of the record before. A text that is the same again is kept, the others become parts of one
// string, because most of the work would be to allocate each.
type cutter struct {
	line   []byte
	begun  bool
	column string // where the error is
	err    error

	ascii   bool
	gbk     transform.Transformer
	texts   []byte // the new texts, one behind the other
	columns []textColumn
}

// A textColumn is a field whose new text ends here.
type textColumn struct {
	field *string
	end   int
}

func (c *cutter) begin(line []byte) {
	c.line, c.begun, c.column, c.err = line, false, "", nil
	c.ascii, c.texts, c.columns = allASCII(line), c.texts[:0], c.columns[:0]
}

// finish gives the fields their new texts.
func (c *cutter) finish() {
	texts, begin := string(c.texts), 0
	for _, column := range c.columns {
		*column.field, begin = texts[begin:column.end], column.end
	}
}

func (c *cutter) fail(column, problem string) {
	if c.err == nil {
		c.column, c.err = column, errors.New(problem)
	}
}

// next returns the next column as it stands.
func (c *cutter) next(column string, width int) []byte {
	if c.err != nil {
		return nil
	}
	if c.begun {
		if len(c.line) == 0 || c.line[0] != ' ' {
			c.fail(column, "does not begin where it should")
			return nil
		}
		c.line = c.line[1:]
	}
	c.begun = true
	if len(c.line) < width {
		c.fail(column, "is cut off")
		return nil
	}
	field := c.line[:width]
	c.line = c.line[width:]
	return field
}

// text reads a column of text, which is filled up with blanks on the right.
func (c *cutter) text(to *string, column string, width int) {
	c.decoded(to, column, c.next(column, width), width)
}

// tail is text for the columns after the last amount. They differ between files and an editor may have cut off the
// blanks that they end in: they may be shorter, or missing. Width 0 takes the rest.
func (c *cutter) tail(to *string, column string, width int) {
	if len(c.line) == 0 {
		*to = ""
		return
	}
	if left := len(c.line) - 1; width == 0 || left < width {
		width = left
	}
	c.decoded(to, column, c.next(column, width), width)
}

func (c *cutter) decoded(to *string, column string, field []byte, width int) {
	begin := len(c.texts)
	if c.ascii || allASCII(field) {
		field = unfilled(field)
		if *to == string(field) {
			return
		}
		c.texts = append(c.texts, field...)
	} else {
		// A text that was too long was cut by bytes, maybe in the middle of a character. Half a character anywhere else
		// is a fault.
		if len(field) == width && endsInHalf(field) {
			field = field[:width-1]
		}
		field = unfilled(field)
		c.texts = slices.Grow(c.texts, 2*len(field)) // two bytes become three
		c.gbk.Reset()
		n, _, err := c.gbk.Transform(c.texts[begin:cap(c.texts)], field, true)
		c.texts = c.texts[:begin+n]
		if err != nil || bytes.ContainsRune(c.texts[begin:], utf8.RuneError) {
			c.fail(column, "is not GBK text")
			return
		}
	}
	c.columns = append(c.columns, textColumn{to, len(c.texts)})
}

// unfilled is a column without the blanks that fill it up. Most of a line is blanks.
func unfilled(b []byte) []byte {
	for len(b) >= 8 && binary.NativeEndian.Uint64(b[len(b)-8:]) == 0x2020202020202020 {
		b = b[:len(b)-8]
	}
	for len(b) > 0 && b[len(b)-1] == ' ' {
		b = b[:len(b)-1]
	}
	return b
}

func allASCII(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		if binary.NativeEndian.Uint64(b)&0x8080808080808080 != 0 {
			return false
		}
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// endsInHalf reports whether GBK text ends with the first byte of a character of two.
func endsInHalf(b []byte) bool {
	for i := 0; i < len(b); i++ {
		if b[i] > 0x80 && b[i] < 0xff {
			if i++; i == len(b) {
				return true
			}
		}
	}
	return false
}

// amount reads a column of digits.
func (c *cutter) amount(to *int64, column string, width int) {
	*to = c.digits(column, c.next(column, width))
}

// optional is amount for a column that may be blank.
func (c *cutter) optional(to *int64, column string, width int) {
	if *to = 0; c.blank(width) {
		c.next(column, width)
		return
	}
	c.amount(to, column, width)
}

// signed reads a column that begins with C, D, or for zero a blank. It may be blank all over.
func (c *cutter) signed(to *int64, column string, width int) {
	blank := c.blank(width)
	field := c.next(column, width)
	if *to = 0; blank || c.err != nil {
		return
	}
	n := c.digits(column, field[1:])
	switch sign := field[0]; {
	case sign == 'C':
		*to = n
	case sign == 'D':
		*to = -n
	case sign != ' ' || n != 0:
		c.fail(column, "has no sign C or D")
	}
}

// digits is the amount of at most 13 digits that a column has.
func (c *cutter) digits(column string, field []byte) (n int64) {
	for _, digit := range field {
		if digit < '0' || digit > '9' {
			c.fail(column, "is not an amount")
			return 0
		}
		n = n*10 + int64(digit-'0')
	}
	return n
}

// blank reports whether the next column is there and blank.
func (c *cutter) blank(width int) bool {
	return len(c.line) > width && len(unfilled(c.line[:width+1])) == 0
}

// BillTime returns the moment that a time in a bill, MMDDhhmmss in Beijing, stands for. The year is that of the bill's
// clearing date or, when that would be in its future, the year before: an original transaction is never a year old.
func BillTime(text string, settleDate time.Time) (time.Time, error) {
	// The transactions of the published sample are of the day after its clearing date.
	latest := settleDate.In(cnpay.Beijing()).AddDate(0, 0, 7)
	if len(text) == len("MMDDhhmmss") && isDigits(text) {
		for _, year := range [...]int{latest.Year(), latest.Year() - 1} {
			t, err := time.ParseInLocation("20060102150405", fmt.Sprintf("%04d%s", year, text), cnpay.Beijing())
			if err == nil && !t.After(latest) {
				return t, nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("%w: no time of the form MMDDhhmmss in the year before %s", cnpay.ErrMalformed, latest.Format(time.DateOnly))
}

// OpenFileContent returns the file in a field fileContent, which is the Base64 of its zlib form, as a stream. A file of
// more than limit bytes is [cnpay.ErrTooLarge] when the limit is reached, whatever its compressed size; one that is
// damaged is [cnpay.ErrMalformed]. Limit 0 means 64 MiB.
func OpenFileContent(fileContent string, limit int64) (io.Reader, error) {
	content := strings.TrimRight(fileContent, "= \t\r\n")
	if content == "" {
		return nil, fmt.Errorf("%w: fileContent is empty", cnpay.ErrMalformed)
	}
	z, err := zlib.NewReader(base64.NewDecoder(base64.RawStdEncoding, unblanked{strings.NewReader(content)}))
	if err != nil {
		return nil, fmt.Errorf("%w: fileContent: %w", cnpay.ErrMalformed, err)
	}
	return newCapped(z, cmp.Or(max(limit, 0), defaultArchive)), nil
}

// EncodeFileContent returns a file as the field fileContent takes it.
func EncodeFileContent(file []byte) string {
	var b strings.Builder
	encoder := base64.NewEncoder(base64.StdEncoding, &b)
	z := zlib.NewWriter(encoder)
	_, _ = z.Write(file) // a strings.Builder never fails
	_ = z.Close()
	_ = encoder.Close()
	return b.String()
}

// unblanked leaves out blanks; line breaks are left out by package base64.
type unblanked struct{ r io.Reader }

func (u unblanked) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	kept := slices.DeleteFunc(p[:n], func(c byte) bool { return c == ' ' || c == '\t' })
	return len(kept), err
}

// capped ends a stream of unknown size with an error when it is larger than it may be.
type capped struct {
	r           io.Reader
	limit, left int64
	err         error
}

func newCapped(r io.Reader, limit int64) *capped { return &capped{r: r, limit: limit, left: limit} }

func (c *capped) Read(p []byte) (int, error) {
	if c.err != nil || len(p) == 0 {
		return 0, c.err
	}
	if c.left < int64(len(p)) {
		p = p[:c.left+1] // one more, to tell a file of just this size from a larger one
	}
	n, err := c.r.Read(p)
	switch {
	case int64(n) > c.left:
		n = int(c.left)
		c.err = fmt.Errorf("%w: file of more than %d bytes", cnpay.ErrTooLarge, c.limit)
	case err != nil && err != io.EOF:
		c.err = fmt.Errorf("%w: file: %w", cnpay.ErrMalformed, err)
	default:
		c.err = err
	}
	c.left -= int64(n)
	return n, c.err
}

// LedgerEntry is a transaction as the merchant's ledger has it, to be compared with a bill.
type LedgerEntry struct {
	QueryID string // UnionPay's number (queryId); may be empty
	OrderID string // the merchant's order number
	TxnTime string // the order time, YYYYMMDDhhmmss; may be empty
	TxnType string // the transaction type; may be empty
	TxnAmt  int64  // fen
}

// Entry returns what is compared of the transaction, as bills have it: they keep 32 characters of an order number, and no
// year.
func (l LedgerEntry) Entry() (reconcile.Entry, error) {
	e := reconcile.Entry{ID: l.QueryID, Order: l.OrderID[:min(len(l.OrderID), 32)], Kind: l.TxnType, Amount: l.TxnAmt}
	if len(l.TxnTime) == len("YYYYMMDDhhmmss") {
		e.Time = l.TxnTime[len("YYYY"):]
	}
	return e, nil
}

// Entry returns what is compared of the record: queryId, orderId, txnType, txnTime and txnAmt.
func (r BillRecord) Entry() (reconcile.Entry, error) {
	return reconcile.Entry{ID: r.QueryID, Order: r.OrderID, Kind: r.TxnType, Time: r.TxnTime, Amount: r.TxnAmt}, nil
}

// AmountDifference is a transaction that both sides have, with two amounts.
type AmountDifference = reconcile.Difference[LedgerEntry, BillRecord]

// Reconciliation is what comparing the merchant's ledger with a bill found.
type Reconciliation = reconcile.Result[LedgerEntry, BillRecord]

// Reconcile compares the merchant's own successful transactions of a clearing day with the bill of that day, as
// [reconcile.Compare] does:
//
//	found, err := unionpay.Reconcile(own, bill.Records())
//
// The clearing day ends at 23:00 in Beijing. Because of it, what OnlyInLedger or OnlyInBill holds may be found on the other
// side one day later or earlier, and only what is left then is wrong.
func Reconcile(own []LedgerEntry, records iter.Seq2[BillRecord, error]) (*Reconciliation, error) {
	return reconcile.Compare(own, records)
}
