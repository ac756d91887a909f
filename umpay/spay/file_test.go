package spay_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/reconcile"
	"github.com/cnpay-go/cnpay/umpay/spay"
)

func TestSettlementFile(t *testing.T) {
	c := noon()
	gateway, client := startAt(t, c)
	day := spay.MerDate(c.now())
	o := orderAt(c, "SHOP1")
	o.GoodsID = "7"
	_, outcome := payByCode(t, client, o)
	require.Equal(t, cnpay.Succeeded, outcome)
	_, err := client.Orders.Refund(t.Context(), &spay.OrderRefundRequest{RefundNo: "R1", OrderID: "SHOP1", MerDate: day, OrgAmount: 1250, RefundAmount: 250})
	require.NoError(t, err)

	res, err := client.Files.Download(t.Context(), &spay.FileDownloadRequest{SettleDate: day})
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err), "it is made in the morning")
	require.Equal(t, "0001", res.RetCode)
	require.ErrorContains(t, err, "0001 对帐文件暂时不存在")

	c.set(c.now().AddDate(0, 0, 1))
	res, err = client.Files.Download(t.Context(), &spay.FileDownloadRequest{SettleDate: day})
	require.NoError(t, err)
	var rows []spay.SettleRow
	for row, err := range res.Rows() {
		require.NoError(t, err)
		rows = append(rows, row)
	}
	require.Len(t, rows, 2)
	payment, refund := rows[0], rows[1]
	require.Equal(t, []string{"SHOP1", "7", "01", ""}, []string{payment.OrderID, payment.GoodsID, payment.TransType, payment.RefundNo})
	require.EqualValues(t, 1250, payment.Amount)
	require.Equal(t, []string{"SHOP1", "20", "R1", "120000"}, []string{refund.OrderID, refund.TransType, refund.RefundNo, refund.TransTime})
	require.EqualValues(t, 250, refund.Amount)
	require.Equal(t, 1, gateway.Received(spay.OpOrderPayByCode))
}

const (
	head = "TRADEDETAIL-START,60000100,20260901,3.0,0000,成功\r\n"
	row1 = "60000100,1,13800000000,SHOP1,20260901,20260901,1250,01,WEBANK,20260901,01,1\r\n"
	row2 = "60000100,1,,SHOP1,20260901,20260901,250,01,WEBANK,20260901,20,1,1\r\n"
)

func readFile(text, settleType string) ([]spay.SettleRow, error) {
	gbk, err := simplifiedchinese.GBK.NewEncoder().String(text)
	if err != nil {
		return nil, err
	}
	r, err := spay.NewSettleReader(strings.NewReader(gbk), settleType)
	if err != nil {
		return nil, err
	}
	var rows []spay.SettleRow
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
}

func TestSettlementFilesAreWhole(t *testing.T) {
	for text, want := range map[string]int{
		head + row1 + row2 + "TRADEDETAIL-END,60000100,20260901,2,1500\r\n":                      2,
		head + row1 + "\r\n" + row2 + "TRADEDETAIL-END,60000100,20260901,2,1000":                 2,
		head + "TRADEDETAIL-END,60000100,20260901,0,0\r\n":                                       0,
		strings.Replace(head, ",0000,", ",0001,", 1) + "TRADEDETAIL-END,60000100,20260901,-1,-1": 0,
	} {
		rows, err := readFile(text, "")
		require.NoError(t, err, text)
		require.Len(t, rows, want)
		for _, row := range rows {
			require.GreaterOrEqual(t, len(row.Columns), 11)
		}
	}
	rows, err := readFile(head+"60000100,T500,P1,20260901,1250,100,20260901,20260902,交易成功,1,0\r\nTRADEDETAIL-END,60000100,20260901,1,1250\r\n", "ENPAY")
	require.NoError(t, err)
	require.Equal(t, "交易成功", rows[0].Columns[8])
	for _, text := range []string{
		head + "60000100,T500,P1,20260901,1250,100,20260901,20260902,x,1,0\r\nTRADEDETAIL-END,60000100,20260901,1,1250\r\n",
		"", "\r\n", row1, head, head + row1,
		head + row1 + row2 + "TRADEDETAIL-END,60000100,20260901,1,1500\r\n",
		head + row1 + row2 + "TRADEDETAIL-END,60000100,20260901,2,1499\r\n",
		head + row1 + row2 + "TRADEDETAIL-END,60000100,20260902,2,1500\r\n",
		head + row1 + row2 + "TRADEDETAIL-END,60000100,20260901,2\r\n",
		head + row1 + row2 + "TRADEDETAIL-END,60000100,20260901,2,1500\r\n" + row1,
		head + row1 + strings.Replace(row2, "250", "2x0", 1) + "TRADEDETAIL-END,60000100,20260901,2,1500\r\n",
		head + row1 + strings.Replace(row2, "60000100", "60000101", 1) + "TRADEDETAIL-END,60000100,20260901,2,1500\r\n",
		head + strings.Repeat("1", 70<<10) + "\r\nTRADEDETAIL-END,60000100,20260901,1,0\r\n",
		head + row1 + "TRADEDETAIL-END,60000100,20260901,-1,-1\r\n",
	} {
		_, err := readFile(text, "")
		require.ErrorIs(t, err, cnpay.ErrMalformed, text)
	}
}

// A file of a million rows is read without being held.
func TestSettlementFileIsStreamed(t *testing.T) {
	const rows = 200_000
	read, write := io.Pipe()
	go func() {
		_, _ = io.WriteString(write, "TRADEDETAIL-START,60000100,20260901,3.0,0000,ok\r\n")
		for range rows {
			_, _ = io.WriteString(write, row1)
		}
		_, err := io.WriteString(write, "TRADEDETAIL-END,60000100,20260901,200000,250000000\r\n")
		write.CloseWithError(err)
	}()
	r, err := spay.NewSettleReader(read, "")
	require.NoError(t, err)
	n := 0
	for _, err := range r.All() {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, rows, n)
}

func FuzzSettlementFile(f *testing.F) {
	f.Add(head + row1 + row2 + "TRADEDETAIL-END,60000100,20260901,2,1500\r\n")
	f.Add(head)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := spay.NewSettleReader(strings.NewReader(text), "")
		if err != nil {
			return
		}
		n := 0
		for _, err := range r.All() {
			if n++; n > 1+len(text) {
				t.Fatal("without end")
			}
			if err != nil && !errors.Is(err, cnpay.ErrMalformed) {
				t.Fatal(err)
			}
		}
	})
}

func TestSettleRowEntry(t *testing.T) {
	row4 := "60000100,1,,SHOP2,20260901,20260901,90,03,WEBANK,20260901,20,1,1,P1,R1,120000\r\n"
	odd := strings.Replace(row1, ",01,1\r\n", ",01,0\r\n", 1)
	all, err := readFile(head+row1+row2+row4+odd+"TRADEDETAIL-END,60000100,20260901,4,2840\r\n", "")
	require.NoError(t, err)
	var got []reconcile.Entry
	for _, row := range all {
		e, err := row.Entry()
		require.NoError(t, err)
		got = append(got, e)
	}
	require.Equal(t, []reconcile.Entry{
		{Order: "SHOP1", Kind: "01", Time: "20260901", Amount: 1250},
		{Order: "SHOP1", Kind: "20", Time: "20260901", Amount: 250},
		{Order: "R1", Kind: "20", Time: "20260901", Amount: 90, Currency: "03"},
		{Kind: "01", Time: "20260901", Amount: 1250},
	}, got)
	all, err = readFile(head+"60000100,T500,P1,20260901,1250,100,20260901,20260902,x,1,0\r\nTRADEDETAIL-END,60000100,20260901,1,1250\r\n", "ENPAY")
	require.NoError(t, err)
	_, err = all[0].Entry()
	require.ErrorContains(t, err, "another file")
}
