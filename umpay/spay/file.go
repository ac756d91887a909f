package spay

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/reconcile"
)

// FilesService has the settlement files (对账文件).
type FilesService struct{ client *Client }

// FileDownloadRequest names a settlement file.
type FileDownloadRequest struct {
	envelope

	// SettleDate is the day of the file (对账日期). Its file is made from 07:00 of the next day and complete at about 09:00.
	SettleDate string `json:"settle_date" spec:"M YYYYMMDD"`
	// SettleType is what is in it (对账类型): empty means payments, ENPAY payouts, SETTLE settlements, SPLITDETAIL splits.
	SettleType string `json:"settle_type" spec:"O S..16"`
	// FileFormatFlag is 1 in UMPay's own program for Java (文件格式标识).
	FileFormatFlag string `json:"file_format_flag" spec:"O S..2"`
}

func (*FileDownloadRequest) operation() Operation {
	const most = 64 << 20
	return Operation{ID: OpFileDownload, Query: true, Repeatable: true, Limit: most}
}

// FileDownloadResponse is the answer with the file.
type FileDownloadResponse struct {
	Response

	// Body is the file as it came, in GBK. It is not signed.
	Body []byte `json:"-"`

	settleType string
}

// Rows reads the file; see [SettleReader.All].
func (r *FileDownloadResponse) Rows() iter.Seq2[SettleRow, error] {
	return func(yield func(SettleRow, error) bool) {
		reader, err := NewSettleReader(bytes.NewReader(r.Body), r.settleType)
		if err != nil {
			yield(SettleRow{}, err)
			return
		}
		reader.All()(yield)
	}
}

// Download fetches the settlement file of a day (对账文件下载, download_settle_file). It moves no money and may be repeated.
// Files are up to 64 MiB, and UMPay does not sign them: they are evidence for a person, and no outcome is taken from one.
//   - Answered: the file, of this merchant and day. Whether it is whole is known at its end: see [SettleReader].
//   - Unknown: not ready (ret_code 0001), refused, or nothing was heard; ask again later.
//
//cnpay:op spay_download_settle_file
func (s *FilesService) Download(ctx context.Context, req *FileDownloadRequest, opts ...cnpay.Option) (*FileDownloadResponse, error) {
	return do[FileDownloadResponse](ctx, s.client, req, opts)
}

// take reads the answer if it is a file. A refusal is a page, as every other answer is.
func (r *FileDownloadResponse) take(body []byte) bool {
	if bytes.HasPrefix(body, []byte(settleStart)) {
		r.Body = body
	}
	return r.Body != nil
}

// judgeFile reads the first line of a file.
func (r *FileDownloadResponse) judgeFile(merID, settleDate, settleType string) (cnpay.Verdict, error) {
	r.settleType = settleType
	reader, err := NewSettleReader(bytes.NewReader(r.Body), settleType)
	if err != nil {
		return cnpay.Verdict{}, err
	}
	head := reader.Head
	r.MerID, r.RetCode, r.RetMsg, r.Version = head.MerID, head.RetCode, head.RetMsg, head.Version
	v := cnpay.Verdict{Code: head.RetCode, Message: head.RetMsg}
	switch {
	case head.MerID != merID:
		return v, fmt.Errorf("%w: mer_id differs", cnpay.ErrMismatch)
	case head.SettleDate != settleDate:
		return v, fmt.Errorf("%w: settle_date differs", cnpay.ErrMismatch)
	case head.RetCode == RetSuccess:
		v.Outcome = cnpay.Succeeded
	case head.RetCode == "0001": // 对帐文件暂时不存在
		v.Outcome = cnpay.Failed
	}
	return v, nil
}

const (
	settleStart = "TRADEDETAIL-START"
	settleEnd   = "TRADEDETAIL-END"
)

// SettleHead is the first line of a settlement file.
type SettleHead struct {
	MerID      string // merchant number
	SettleDate string // yyyyMMdd
	Version    string // of the rows: 4.0, 3.0
	RetCode    string // 0000: rows follow; 0001: the file is not ready
	RetMsg     string
}

// SettleRow is one line of a settlement file of payments (settle_type empty). What the columns are is known from
// merchants' programs alone. Rows of version 3.0 end behind TransState or BankCheck.
type SettleRow struct {
	Columns []string // as they came; of files of another settle_type they are all there is

	MerID      string // merchant number
	GoodsID    string // number of what was sold
	MobileID   string // telephone number
	OrderID    string // the merchant's order number
	MerDate    string // day of the order, yyyyMMdd
	PayDate    string // day of the payment
	Amount     int64  // fen
	AmtType    string // 01 RMB, 02 phone credit, 03 points
	GateID     string // bank
	SettleDate string // day of the settlement
	TransType  string // 01 payment, 20 refund
	TransState string // 1 succeeded; of 0 and -1 no document says the meaning
	BankCheck  string // 1 agrees with the bank
	ProductID  string // product
	RefundNo   string // the merchant's refund number
	TransTime  string // HHmmss
}

// Entry returns what is compared of a payment or refund: trans_type as its kind, mer_date as its time, and as the merchant's
// number that of the payment or of the refund; rows of version 3.0 have the payment's for both. The currency is empty
// for RMB, else the amt_type. A row whose trans_state is not 1 belongs to no row of a ledger, because no document says what
// it means. Rows of other files are for [reconcile.Rows].
func (r SettleRow) Entry() (reconcile.Entry, error) {
	if r.MerID == "" {
		return reconcile.Entry{}, errors.New("umpay/spay: a row of another file than that of payments")
	}
	e := reconcile.Entry{Kind: r.TransType, Time: r.MerDate, Amount: r.Amount}
	if r.TransState == transSucceeded {
		e.Order = r.OrderID
		if r.TransType == transRefund && r.RefundNo != "" {
			e.Order = r.RefundNo
		}
	}
	if r.AmtType != rmb {
		e.Currency = r.AmtType
	}
	return e, nil
}

const (
	transRefund    = "20"
	transSucceeded = "1"
	rmb            = "01"
)

// SettleReader reads a settlement file line by line.
type SettleReader struct {
	Head SettleHead

	lines    *bufio.Scanner
	payments bool
	count    int64
	all, net int64 // sums of amounts, with refunds added and taken off
	err      error
}

// NewSettleReader reads the first line of a file in GBK, of the settle_type that was asked for.
func NewSettleReader(r io.Reader, settleType string) (*SettleReader, error) {
	const longest = 64 << 10
	s := &SettleReader{lines: bufio.NewScanner(r), payments: settleType == ""}
	s.lines.Buffer(nil, longest)
	columns, err := s.line()
	switch {
	case err != nil:
		return nil, malformedFile("no first line: %w", err)
	case columns[0] != settleStart || len(columns) < 6:
		return nil, malformedFile("its first line is not " + settleStart)
	}
	s.Head = SettleHead{MerID: columns[1], SettleDate: columns[2], Version: columns[3], RetCode: columns[4], RetMsg: columns[5]}
	return s, nil
}

func malformedFile(format string, args ...any) error {
	return fmt.Errorf("%w: settlement file: %w", cnpay.ErrMalformed, fmt.Errorf(format, args...))
}

// line is the next line that is not blank, in UTF-8.
func (s *SettleReader) line() ([]string, error) {
	for s.lines.Scan() {
		raw := bytes.TrimRight(s.lines.Bytes(), " \r")
		if len(raw) == 0 {
			continue
		}
		text := string(raw)
		var err error
		if !ascii(text) {
			text, err = simplifiedchinese.GB18030.NewDecoder().String(text)
		}
		return strings.Split(text, ","), err
	}
	if err := s.lines.Err(); err != nil {
		return nil, err
	}
	return nil, io.ErrUnexpectedEOF
}

// Read returns the next row. It is io.EOF at the end of a file that is whole: its last line is there and has the number of
// rows and the sum of their amounts. Any other end is an error, and what was read before it is not the whole file.
func (s *SettleReader) Read() (SettleRow, error) {
	if s.err != nil {
		return SettleRow{}, s.err
	}
	row, err := s.read()
	s.err = err
	return row, err
}

func (s *SettleReader) read() (SettleRow, error) {
	columns, err := s.line()
	switch {
	case err != nil:
		return SettleRow{}, malformedFile("cut off after %d rows: %w", s.count, err)
	case columns[0] == settleEnd:
		return SettleRow{}, s.end(columns)
	}
	row := SettleRow{Columns: columns}
	s.count++
	if s.payments {
		if err := row.payment(s.Head.MerID); err != nil {
			return SettleRow{}, malformedFile("row %d: %w", s.count, err)
		}
	}
	s.all += row.Amount
	if s.net += row.Amount; row.TransType == transRefund {
		s.net -= 2 * row.Amount
	}
	return row, nil
}

// payment reads the columns of a payment or of its refund.
func (r *SettleRow) payment(merID string) error {
	const fewest, whole = 12, 16
	c := r.Columns
	if len(c) < fewest || c[0] != merID {
		return errors.New("not the columns of a payment")
	}
	amount, err := strconv.ParseInt(c[6], 10, 64)
	if err != nil || amount < 0 {
		return errors.New("its amount is not one")
	}
	c = append(c[:len(c):len(c)], make([]string, max(whole-len(c), 0))...)
	r.MerID, r.GoodsID, r.MobileID, r.OrderID, r.MerDate, r.PayDate, r.Amount, r.AmtType = c[0], c[1], c[2], c[3], c[4], c[5], amount, c[7]
	r.GateID, r.SettleDate, r.TransType, r.TransState, r.BankCheck, r.ProductID, r.RefundNo, r.TransTime = c[8], c[9], c[10], c[11], c[12], c[13], c[14], c[15]
	return nil
}

// end compares the last line with what was read. Whether refunds count for or against the sum is not documented.
func (s *SettleReader) end(columns []string) error {
	if len(columns) < 5 || columns[1] != s.Head.MerID || columns[2] != s.Head.SettleDate {
		return malformedFile("its last line is not of its first")
	}
	if s.Head.RetCode != RetSuccess && s.count == 0 && columns[3] == "-1" {
		return io.EOF
	}
	count, err := strconv.ParseInt(columns[3], 10, 64)
	total, err2 := strconv.ParseInt(columns[4], 10, 64)
	switch {
	case err != nil || err2 != nil || count != s.count:
		return malformedFile("%d rows, and its last line says %s", s.count, columns[3])
	case s.payments && total != s.all && total != s.net:
		return malformedFile("amounts of %d in all, and its last line says %d", s.all, total)
	}
	if rest, err := s.line(); err == nil {
		return malformedFile("a line behind its last, of %d columns", len(rest))
	}
	return io.EOF
}

// All reads the rows. The last pair has the error of a file that is damaged or cut off, if it is.
func (s *SettleReader) All() iter.Seq2[SettleRow, error] {
	return func(yield func(SettleRow, error) bool) {
		for {
			row, err := s.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}
