package provider

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/reconcile"
)

// FilesService fetches files.
type FilesService struct{ client *Client }

// mostFile caps a settlement file, which is held in memory: half a million trades.
const mostFile = 128 << 20

// FileDownloadRequest asks for the settlement file of one day.
type FileDownloadRequest struct {
	account

	// StlDate is the day (清算日期).
	StlDate string `json:"stlDate" spec:"M yyyyMMdd"`
}

func (*FileDownloadRequest) operation() Operation {
	return Operation{
		ID: OpFileDownload, Method: http.MethodGet, Path: "pay/downloadSettleFile",
		Query: true, Repeatable: true, Limit: mostFile,
	}
}

// FileDownloadResponse is the answer with the file, which is Raw; Rows reads it. The file is not signed: TLS is its only
// protection. A refusal, which has a RespCode, is.
type FileDownloadResponse struct{ Response }

// Download fetches the settlement file of a day (对账文件下载, GET pay/downloadSettleFile), which is there from 08:00 of the next
// (Beijing time). It moves no money and may be repeated.
//   - Answered: Rows reads the file. It is evidence for a person; it ends no operation that is Unknown.
//   - Unknown: there is no file (yet), or the request was refused, or nothing was heard.
//
//cnpay:op provider_download_settle_file
func (s *FilesService) Download(ctx context.Context, req *FileDownloadRequest, opts ...cnpay.Option) (*FileDownloadResponse, error) {
	return do[FileDownloadResponse](ctx, s.client, req, opts)
}

// take recognises a file: what is neither JSON nor a web page, and begins with a row or a header.
func (r *FileDownloadResponse) take(body []byte) (bool, error) {
	begin := bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case len(begin) == 0:
		return false, fmt.Errorf("%w: empty body", cnpay.ErrMalformed)
	case begin[0] == '<':
		return false, fmt.Errorf("%w: an HTML page", cnpay.ErrMalformed)
	case begin[0] == '{':
		return false, nil
	}
	line, _, _ := bytes.Cut(begin, []byte("\n"))
	if bytes.Count(line, []byte(",")) < fewestColumns-1 {
		return false, fmt.Errorf("%w: not a settlement file", cnpay.ErrMalformed)
	}
	return true, nil
}

// Rows reads the file of the answer.
func (r *FileDownloadResponse) Rows() iter.Seq2[SettleRow, error] {
	return ReadSettleFile(bytes.NewReader(r.Raw))
}

// The states of a row (交易状态).
const (
	RowPaid     = "SUCCESS"
	RowRefunded = "REFUND"
	RowFailed   = "FAILED"
)

// SettleRow is one row of a settlement file, in the order of its columns. Amounts are fen.
type SettleRow struct {
	OrderNo           string // 商户订单号, of the payment or of the refund
	Time              string // 交易时间, yyyyMMddHHmmss
	AcqMerID          string // 商户代码
	TerminalID        string // 终端号
	StoreNo           string // 商户门店编号
	Operator          string // 操作员编号
	MerchantName      string // 商户名称
	UMPayOrderNo      string // 联动订单号
	CardType          string // 卡属性: 01 debit, 02 credit
	State             string // 交易状态: RowPaid and its like
	OrderAmount       int64  // 订单金额; 0 in the row of a refund
	RefundAmount      int64  // 退款金额; 0 in the row of a payment
	OrderType         string // 订单类型: alipay, wechat, unionpay, mobilepos, bankcard
	Scene             string // 支付场景: 1 code shown, 2 code scanned, 3 WeChat or Alipay, 4 UnionPay JS
	Fee               int64  // 商户手续费
	FeeRate           string // 商户费率（%）
	SettleCycle       string // 结算方式: T1, D1 ...
	SettleAmount      int64  // 结算金额; negative in the row of a refund
	ExtraFeeRate      string // 附加费率（%）
	ExtraFee          int64  // 附加手续费
	Serial            string // 联动流水号
	ThirdPartySerial  string // 第三方流水号
	Kind              string // 订单类型, a second column of that name: sale or split
	LedgerOrderNo     string // 商户分账订单号
	LedgerSerial      string // 联动分账流水号
	LedgerMerchant    string // 分账商户
	RefundAccountType string // 分账退款账户类型
	RefCode           string // 参考号, which the terminal's plugin calls paySeq
}

// Entry returns what is compared of the row: the numbers, the time, the state as its kind, and the amount of the payment or
// of the refund. A row that has failed is a [reconcile.ErrNoMoney]. One in a state that no document has belongs to no row of
// a ledger.
func (r SettleRow) Entry() (reconcile.Entry, error) {
	e := reconcile.Entry{ID: r.UMPayOrderNo, Order: r.OrderNo, Kind: r.State, Time: r.Time, Amount: r.OrderAmount}
	switch r.State {
	case RowPaid:
	case RowRefunded:
		e.Amount = r.RefundAmount
	case RowFailed:
		return reconcile.Entry{}, reconcile.ErrNoMoney
	default:
		e.ID, e.Order = "", ""
	}
	return e, nil
}

const (
	fewestColumns = 22 // the rest is for splits and terminals
	longestLine   = 64 << 10
)

// ReadSettleFile reads a settlement file as a stream: rows in UTF-8 or GBK, with a header line or without, because no
// document says. The first error ends it; half a file proves nothing.
func ReadSettleFile(r io.Reader) iter.Seq2[SettleRow, error] {
	return func(yield func(SettleRow, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(make([]byte, 0, 4<<10), longestLine)
		n, width := 0, 0
		for lines.Scan() {
			n++
			line := strings.TrimSpace(strings.TrimPrefix(toUTF8(lines.Bytes()), "\ufeff"))
			if line == "" || n == 1 && strings.HasPrefix(strings.Trim(line, `"`), "商户订单号") {
				continue
			}
			row, columns, err := readRow(line)
			if err == nil && width != 0 && columns != width {
				err = fmt.Errorf("%d columns, where the rows before have %d", columns, width)
			}
			width = columns
			if err != nil {
				yield(SettleRow{}, fmt.Errorf("umpay/provider: %w: settlement file: line %d: %w", cnpay.ErrMalformed, n, err))
				return
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(SettleRow{}, fmt.Errorf("umpay/provider: %w: settlement file: line %d: %w", cnpay.ErrMalformed, n+1, err))
		}
	}
}

func toUTF8(line []byte) string {
	if !utf8.Valid(line) {
		if text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(line); err == nil {
			return string(text)
		}
	}
	return string(line)
}

func readRow(line string) (row SettleRow, width int, err error) {
	columns := strings.Split(line, ",")
	if strings.Contains(line, `"`) {
		quoted, err := csv.NewReader(strings.NewReader(line)).Read()
		if err != nil {
			return row, 0, err
		}
		columns = quoted
	}
	if width = len(columns); width < fewestColumns {
		return row, width, fmt.Errorf("%d columns, want %d at least", width, fewestColumns)
	}
	columns = append(columns, make([]string, 28)...)
	numbers := map[int]*int64{11: &row.OrderAmount, 12: &row.RefundAmount, 15: &row.Fee, 18: &row.SettleAmount, 20: &row.ExtraFee}
	texts := map[int]*string{
		1: &row.OrderNo, 2: &row.Time, 3: &row.AcqMerID, 4: &row.TerminalID, 5: &row.StoreNo, 6: &row.Operator,
		7: &row.MerchantName, 8: &row.UMPayOrderNo, 9: &row.CardType, 10: &row.State, 13: &row.OrderType, 14: &row.Scene,
		16: &row.FeeRate, 17: &row.SettleCycle, 19: &row.ExtraFeeRate, 21: &row.Serial, 22: &row.ThirdPartySerial,
		23: &row.Kind, 24: &row.LedgerOrderNo, 25: &row.LedgerSerial, 26: &row.LedgerMerchant, 27: &row.RefundAccountType,
		28: &row.RefCode,
	}
	for i, to := range texts {
		*to = strings.TrimSpace(columns[i-1])
	}
	for i, to := range numbers {
		text := strings.TrimSpace(columns[i-1])
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return row, width, fmt.Errorf("column %d is not an amount in fen", i)
		}
		*to = n
	}
	if row.OrderNo == "" && row.UMPayOrderNo == "" {
		return row, width, errors.New("no order number")
	}
	return row, width, nil
}
