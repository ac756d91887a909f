package umpay_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
)

func today() *umpay.OrderListRequest {
	return &umpay.OrderListRequest{PageIndex: 1, PageSize: 10, OrderDate: time.Now().In(cnpay.Beijing()).Format("20060102"), OrderState: umpay.OrderDone}
}

func TestOrdersList(t *testing.T) {
	terminal, client := start(t)
	for i := range 25 {
		terminal.AddSale(fmt.Sprintf("%06d", 200+i), "IC", int64(i+1))
	}
	res, err := client.Orders.List(t.Context(), today())
	require.NoError(t, err)
	require.Equal(t, cnpay.Answered, res.Outcome)
	require.EqualValues(t, 3, res.Result.TotalPage)
	require.Len(t, res.Result.TransList, 10)
	first := res.Result.TransList[0]
	require.Equal(t, "000200", first.UPayTrace)
	require.EqualValues(t, 1, first.Amount)
	require.Equal(t, masked, first.Account)
	require.Empty(t, first.CardExpiryDate)
	require.NotContains(t, string(res.Raw), umpaytest.Account)

	var vouchers []string
	for row, err := range client.Orders.All(t.Context(), today()) {
		require.NoError(t, err)
		vouchers = append(vouchers, row.UPayTrace)
	}
	require.Len(t, vouchers, 25)
	require.Equal(t, "000224", vouchers[24])
	require.Equal(t, 4, terminal.Received(umpay.OpOrderList))

	for range client.Orders.All(t.Context(), today()) {
		break
	}
	require.Equal(t, 5, terminal.Received(umpay.OpOrderList))

	terminal.Misbehave(umpay.OpOrderList, cnpaytest.OK, cnpaytest.Refused)
	var last error
	n := 0
	for row, err := range client.Orders.All(t.Context(), today()) {
		require.Equal(t, err != nil, row == nil)
		last = err
		n++
	}
	require.ErrorIs(t, last, cnpay.ErrRefused)
	require.Equal(t, 11, n)
	for _, err := range client.Orders.All(t.Context(), nil) {
		require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
	}

	// Where the pages are not counted, a short one is the last.
	pages := 0
	terminal.Handle("getOrderList", func(json.RawMessage) (string, any) {
		pages++
		list := make([]map[string]any, 10/pages)
		for i := range list {
			list[i] = map[string]any{"orderid": fmt.Sprint(i)}
		}
		return "onSuccess", map[string]any{"code": 60200200, "transList": list}
	})
	n = 0
	for _, err := range client.Orders.All(t.Context(), today()) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 2, pages)
	require.Equal(t, 15, n)
}
