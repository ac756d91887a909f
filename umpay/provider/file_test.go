package provider

import (
	"errors"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/reconcile"
)

func documentedFile(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/documents/provider_download_settle_file.answer.csv")
	require.NoError(t, err)
	return string(text)
}

func rows(t *testing.T, text string) ([]SettleRow, error) {
	t.Helper()
	var all []SettleRow
	for row, err := range ReadSettleFile(strings.NewReader(text)) {
		if err != nil {
			return all, err
		}
		all = append(all, row)
	}
	return all, nil
}

const header = "商户订单号,交易时间,商户代码,终端号,商户门店编号,操作员编号,商户名称,联动订单号,卡属性,交易状态,订单金额,退款金额,订单类型,支付场景,商户手续费,商户费率（%）,结算方式,结算金额,附加费率（%）,附加手续费,联动流水号,第三方流水号,订单类型,商户分账订单号,联动分账流水号,分账商户,分账退款账户类型,参考号\r\n"

func TestSettleFile(t *testing.T) {
	file := documentedFile(t)
	gbk, err := simplifiedchinese.GBK.NewEncoder().String(header + file)
	require.NoError(t, err)
	quoted := strings.ReplaceAll(file, "示例商户", `"示例商户"`)
	for name, text := range map[string]string{
		"as documented": file, "with a header": header + file, "with a byte order mark": "\ufeff" + header + file,
		"in GBK": gbk, "quoted": quoted, "Unix line ends": strings.ReplaceAll(file, "\r\n", "\n"), "blank lines": "\r\n" + file + "\r\n\r\n",
	} {
		all, err := rows(t, text)
		require.NoError(t, err, name)
		require.Len(t, all, 2, name)
		require.Equal(t, SettleRow{
			OrderNo: "SHOP20260901000001", Time: "20260901090003", AcqMerID: "41509208", MerchantName: "示例商户",
			UMPayOrderNo: "2026090109000000000001", CardType: "02", State: RowPaid, OrderAmount: 1250, OrderType: WeChat, Scene: "2",
			Fee: 5, FeeRate: "0.38", SettleCycle: "D1", SettleAmount: 1245, ExtraFeeRate: "0", Serial: "2026090109000000000001",
			ThirdPartySerial: "4200000000202609010000000001", Kind: "1", RefCode: "000000000001",
		}, all[0], name)
		require.Equal(t, RowRefunded, all[1].State)
		require.EqualValues(t, 250, all[1].RefundAmount)
		require.EqualValues(t, -250, all[1].SettleAmount)
	}
	all, err := rows(t, strings.ReplaceAll(file, "示例商户", `"示例,商户"`))
	require.NoError(t, err)
	require.Equal(t, "示例,商户", all[0].MerchantName)
}

// Half a file proves nothing: the first error ends it and says where.
func TestDamagedSettleFile(t *testing.T) {
	file := documentedFile(t)
	lines := strings.SplitAfter(file, "\r\n")
	for name, tt := range map[string]struct {
		text, want string
		rows       int
	}{
		"cut":                       {file[:len(file)-100], "line 2: 13 columns", 1},
		"cut behind the serials":    {file[:len(file)-20], "line 2: 23 columns, where the rows before have 28", 1},
		"an amount that is not one": {lines[0] + strings.Replace(lines[1], ",250,", ",2.50,", 1), "line 2: column 12 is not", 1},
		"no order":                  {",,,,,,,,,,,,,,,,,,,,,,,,,,,\n", "no order number", 0},
		"a stray quote":             {strings.Replace(lines[0], "示例商户", `示"例商户`, 1), "line 1", 0},
		"a line without end":        {lines[0] + strings.Repeat("1", longestLine+1), "line 2", 1},
	} {
		all, err := rows(t, tt.text)
		require.ErrorIs(t, err, cnpay.ErrMalformed, name)
		require.ErrorContains(t, err, tt.want, name)
		require.Len(t, all, tt.rows, name)
	}
	broken := errors.New("disk")
	for _, err := range ReadSettleFile(iotest.ErrReader(broken)) {
		require.ErrorIs(t, err, broken)
	}
}

func TestDownload(t *testing.T) {
	req := &FileDownloadRequest{StlDate: "20260901"}
	c, p := dial(t, always("raw "+documentedFile(t)))
	res, err := c.Files.Download(t.Context(), req)
	require.Equal(t, cnpay.Answered, cnpay.OutcomeOf(res, err))
	n := 0
	for _, err := range res.Rows() {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 2, n)
	require.Empty(t, p.bodies, "everything is in the address")

	for name, tt := range map[string]struct {
		answer string
		cause  error
		want   string
	}{
		"none yet":                  {`{"respCode":"17","respMsg":"文件不存在"}`, cnpay.ErrRefused, "17 文件不存在"},
		"none yet, unsigned":        {`raw {"respCode":"17","respMsg":"文件不存在"}`, cnpay.ErrSignature, "17 文件不存在"},
		"good words without a file": {`{"respCode":"","respMsg":""}`, cnpay.ErrUndecided, ""},
		"a page":                    {"raw <html>", cnpay.ErrMalformed, "HTML"},
		"nothing":                   {"raw  \r\n", cnpay.ErrMalformed, "empty"},
		"something else":            {"raw 系统维护中", cnpay.ErrMalformed, "not a settlement file"},
	} {
		c, _ := dial(t, always(tt.answer), cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
		res, err := c.Files.Download(t.Context(), req)
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err), name)
		require.ErrorIs(t, err, tt.cause, name)
		require.ErrorContains(t, err, tt.want, name)
	}
}

func FuzzReadSettleFile(f *testing.F) {
	f.Add([]byte(header))
	f.Add([]byte("A,20260901090003,41509208,,,,示例商户,2,02,SUCCESS,1250,0,wechat,2,5,0.38,D1,1245,0,0,2,4\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for row, err := range ReadSettleFile(strings.NewReader(string(text))) {
			if err == nil && row.OrderNo == "" && row.UMPayOrderNo == "" {
				t.Error("a row without an order")
			}
		}
	})
}

func TestSettleRowEntry(t *testing.T) {
	all, err := rows(t, documentedFile(t))
	require.NoError(t, err)
	payment, err := all[0].Entry()
	require.NoError(t, err)
	require.Equal(t, reconcile.Entry{ID: "2026090109000000000001", Order: "SHOP20260901000001", Kind: RowPaid, Time: "20260901090003", Amount: 1250}, payment)
	refund, err := all[1].Entry()
	require.NoError(t, err)
	require.Equal(t, reconcile.Entry{ID: "2026090209150000000002", Order: "RF20260902000001", Kind: RowRefunded, Time: "20260902091502", Amount: 250}, refund)
	_, err = SettleRow{OrderNo: "o", State: RowFailed}.Entry()
	require.ErrorIs(t, err, reconcile.ErrNoMoney)
	odd, err := SettleRow{OrderNo: "o", UMPayOrderNo: "u", State: "x", OrderAmount: 1}.Entry()
	require.NoError(t, err)
	require.Equal(t, reconcile.Entry{Kind: "x", Amount: 1}, odd)
}
