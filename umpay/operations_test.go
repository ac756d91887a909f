package umpay_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
)

// shop is a terminal with something in its books for every operation.
type shop struct {
	terminal *umpaytest.Server // nil where its answers are replayed
	client   *umpay.Client
	day      time.Time
	id       func() string
	n        int
}

// sale makes a sale, or holds an amount, under a new voucher number.
func (s *shop) sale(payType string) string {
	s.n++
	voucher := fmt.Sprintf("%06d", s.n)
	switch {
	case s.terminal == nil:
	case payType == "":
		s.terminal.AddPreauth(voucher, 10000)
	default:
		s.terminal.AddSale(voucher, payType, 10000)
	}
	return voucher
}

// numbers are those that the terminal assigns to a voucher.
func numbers(voucher string) (paySeq, authCode, tradeNo string) {
	n, _ := strconv.ParseInt(voucher, 10, 64)
	return fmt.Sprintf("%012d", 153012000000+n), fmt.Sprintf("%06d", 123456+n), fmt.Sprintf("3805031403%06d", n)
}

func (s *shop) order() string {
	s.n++
	return fmt.Sprintf("order%d", s.n)
}

func (s *shop) date(form string) string { return s.day.In(cnpay.Beijing()).Format(form) }

// completed is a completion with the card, and its voucher number.
func (s *shop) completed() string {
	_, code, _ := numbers(s.sale(""))
	res, err := s.client.Preauth.CompleteWithCard(context.Background(), &umpay.PreauthCompleteWithCardRequest{
		ID: s.id(), Amount: 10000, OrderID: s.order(), OrderDate: s.date("0102"), AuthCode: code})
	if err != nil {
		panic(err)
	}
	return res.Result.UPayTrace
}

// code is an order that a customer may pay.
func (s *shop) code() umpay.ScanCreateQRResult {
	res, err := s.client.Scans.CreateQR(context.Background(), &umpay.ScanCreateQRRequest{ID: s.id(), Amount: 10000, PayType: umpay.WeChat, OrderID: s.order()})
	if err != nil {
		panic(err)
	}
	if s.terminal != nil {
		s.terminal.PayQR(res.Result.UPayTrace)
	}
	return res.Result
}

// runs makes a call of every operation, with a new order each time.
func (s *shop) runs() map[string]func() conform.Run {
	c := s.client
	return map[string]func() conform.Run{
		umpay.OpCardPay: func() conform.Run {
			return conform.Of(c.Cards.Pay, &umpay.CardPayRequest{ID: s.id(), Amount: 10000, OrderID: s.order(), Clearing: umpay.Clearing{IsD0: 1}})
		},
		umpay.OpCardQuery: func() conform.Run {
			return conform.Of(c.Cards.Query, &umpay.CardQueryRequest{Command: umpay.Command{ID: s.id()}, OrderDate: s.date("0102"), UPayTrace: s.sale("IC")})
		},
		umpay.OpCardVoid: func() conform.Run {
			return conform.Of(c.Cards.Void, &umpay.CardVoidRequest{ID: s.id(), Amount: 10000, PayType: "IC", UPayTrace: s.sale("IC"), OrderID: s.order()})
		},
		umpay.OpCardRefund: func() conform.Run {
			paySeq, _, _ := numbers(s.sale("IC"))
			return conform.Of(c.Cards.Refund, &umpay.CardRefundRequest{ID: s.id(), Amount: 4000, OrderDate: s.date("0102"), PayType: "IC", PaySeq: paySeq, OrderID: s.order()})
		},
		umpay.OpScanPayByCode: func() conform.Run {
			return conform.Of(c.Scans.PayByCode, &umpay.ScanPayByCodeRequest{ID: s.id(), Amount: 10000, MediaNo: "134579761426152164",
				GoodsInfo: "咖啡", GoodsDescribe: "一杯咖啡", OrderID: s.order()})
		},
		umpay.OpScanCreateQR: func() conform.Run {
			return conform.Of(c.Scans.CreateQR, &umpay.ScanCreateQRRequest{ID: s.id(), Amount: 10000, Tips: "定金", PayType: umpay.WeChat, OrderID: s.order()})
		},
		umpay.OpScanQueryQR: func() conform.Run {
			code := s.code()
			return conform.Of(c.Scans.QueryQR, &umpay.ScanQueryQRRequest{Command: umpay.Command{ID: s.id()}, Amount: 10000, UPayTrace: code.UPayTrace,
				PayType: umpay.WeChat, Date: code.Date, Time: code.Time, OrderID: code.OrderID})
		},
		umpay.OpScanQuery: func() conform.Run {
			return conform.Of(c.Scans.Query, &umpay.ScanQueryRequest{Command: umpay.Command{ID: s.id()}, Amount: 10000, PayType: umpay.WeChat,
				PaySeq: s.sale(umpay.WeChat), OrderDate: s.date("0102")})
		},
		umpay.OpScanVoid: func() conform.Run {
			return conform.Of(c.Scans.Void, &umpay.ScanVoidRequest{ID: s.id(), Amount: 10000, UPayTrace: s.sale(umpay.Alipay), PayType: umpay.Alipay})
		},
		umpay.OpScanRefund: func() conform.Run {
			return conform.Of(c.Scans.Refund, &umpay.ScanRefundRequest{ID: s.id(), Amount: 10000, RfAmount: 4000, UPayTrace: s.sale(umpay.UnionPay),
				PayType: umpay.UnionPay, OrderDate: s.date("0102")})
		},
		umpay.OpScanQueryRefund: func() conform.Run {
			voucher := s.sale(umpay.WeChat)
			_, err := c.Scans.Void(context.Background(), &umpay.ScanVoidRequest{ID: s.id(), Amount: 10000, UPayTrace: voucher, PayType: umpay.WeChat})
			if err != nil {
				panic(err)
			}
			_, _, tradeNo := numbers(voucher)
			return conform.Of(c.Scans.QueryRefund, &umpay.ScanQueryRefundRequest{Command: umpay.Command{ID: s.id()}, UPayTrace: voucher, Amount: 10000,
				OrderDate: s.date("0102"), PayType: umpay.WeChat, TradeNo: tradeNo})
		},
		umpay.OpPreauthCreate: func() conform.Run {
			return conform.Of(c.Preauth.Create, &umpay.PreauthCreateRequest{ID: s.id(), Amount: 10000, OrderID: s.order()})
		},
		umpay.OpPreauthCancel: func() conform.Run {
			return conform.Of(c.Preauth.Cancel, &umpay.PreauthCancelRequest{ID: s.id(), Amount: 10000, UPayTrace: s.sale(""), OrderID: s.order()})
		},
		umpay.OpPreauthComplete: func() conform.Run {
			_, code, _ := numbers(s.sale(""))
			return conform.Of(c.Preauth.Complete, &umpay.PreauthCompleteRequest{ID: s.id(), Amount: 9000, OrderID: s.order(), OrderDate: s.date("20060102"),
				AuthCode: code, Account: umpaytest.Account})
		},
		umpay.OpPreauthCompleteWithCard: func() conform.Run {
			_, code, _ := numbers(s.sale(""))
			return conform.Of(c.Preauth.CompleteWithCard, &umpay.PreauthCompleteWithCardRequest{ID: s.id(), Amount: 9000, OrderID: s.order(),
				OrderDate: s.date("0102"), AuthCode: code})
		},
		umpay.OpPreauthCancelCompletion: func() conform.Run {
			return conform.Of(c.Preauth.CancelCompletion, &umpay.PreauthCancelCompletionRequest{ID: s.id(), Amount: 10000, UPayTrace: s.completed(),
				OrderID: s.order(), OrderDate: s.date("0102")})
		},
		umpay.OpOrderList: func() conform.Run {
			s.sale("IC")
			return conform.Of(c.Orders.List, &umpay.OrderListRequest{Command: umpay.Command{ID: s.id()}, PageIndex: 1, PageSize: 10,
				OrderDate: s.date("20060102"), OrderState: umpay.OrderDone})
		},
		umpay.OpCommandQuery: func() conform.Run {
			id := s.id()
			_, err := c.Preauth.Cancel(context.Background(), &umpay.PreauthCancelRequest{ID: id, Amount: 10000, UPayTrace: s.sale("")})
			if err != nil {
				panic(err)
			}
			return conform.Of(c.Commands.Query, &umpay.CommandQueryRequest{ID: id})
		},
	}
}

// world is a terminal and two clients, and the runs of every operation.
func world(t *testing.T) *conform.World {
	terminal, client := start(t)
	another, err := umpay.New(terminal.Config())
	require.NoError(t, err)
	s := &shop{terminal: terminal, client: client, day: time.Now(), id: umpay.NewCommandID, n: 1000}
	return &conform.World{Gateway: terminal, Client: client, Another: another, Runs: s.runs()}
}

// rows are what the documents say of the operations.
func rows() []conform.Row {
	faults := []cnpaytest.Fault{
		cnpaytest.OtherAnswer, cnpaytest.UnknownCode, cnpaytest.BadSignature, cnpaytest.Unsigned, umpaytest.WrongNonce,
		umpaytest.Stale, umpaytest.OtherTerminal, umpaytest.ReBind, umpaytest.CallFail,
	}
	of := func(id string, accepted, settled cnpay.Outcome) conform.Row {
		return conform.Row{ID: id, Accepted: accepted, Settled: settled, Faults: faults, Secrets: []string{umpaytest.Account, "134579761426152164"}}
	}
	asking := func(id string) conform.Row {
		row := of(id, cnpay.Answered, cnpay.Unknown)
		row.Repeatable = true
		return row
	}
	bridge := asking(umpay.OpCommandQuery)
	bridge.Faults = faults[2:7] // the others are about the event, which is not what a query of the bridge is judged by
	bridge.Faults = append(bridge.Faults, cnpaytest.OtherAnswer)
	return []conform.Row{
		of(umpay.OpCardPay, cnpay.Succeeded, cnpay.Succeeded), asking(umpay.OpCardQuery),
		of(umpay.OpCardVoid, cnpay.Succeeded, cnpay.Succeeded), of(umpay.OpCardRefund, cnpay.Succeeded, cnpay.Succeeded),
		of(umpay.OpScanPayByCode, cnpay.Succeeded, cnpay.Succeeded), of(umpay.OpScanCreateQR, cnpay.Pending, cnpay.Pending),
		asking(umpay.OpScanQueryQR), asking(umpay.OpScanQuery),
		of(umpay.OpScanVoid, cnpay.Succeeded, cnpay.Succeeded), of(umpay.OpScanRefund, cnpay.Succeeded, cnpay.Succeeded),
		asking(umpay.OpScanQueryRefund),
		of(umpay.OpPreauthCreate, cnpay.Succeeded, cnpay.Succeeded), of(umpay.OpPreauthCancel, cnpay.Succeeded, cnpay.Succeeded),
		of(umpay.OpPreauthComplete, cnpay.Succeeded, cnpay.Succeeded), of(umpay.OpPreauthCompleteWithCard, cnpay.Succeeded, cnpay.Succeeded),
		of(umpay.OpPreauthCancelCompletion, cnpay.Succeeded, cnpay.Succeeded), asking(umpay.OpOrderList), bridge,
	}
}

func TestOperations(t *testing.T) { conform.Test(t, rows(), world) }

// TestRecordedOperations replays an exchange of every operation.
func TestRecordedOperations(t *testing.T) {
	for _, row := range rows() {
		t.Run(row.ID, func(t *testing.T) {
			client, terminal := taped(t, filepath.Join("testdata", "operations", row.ID))
			n := 0
			id := func() string { n++; return fmt.Sprintf("%032x", n) }
			s := &shop{terminal: terminal, client: client, day: time.Unix(1700000000, 0), id: id, n: 1000}
			res, err := s.runs()[row.ID]()(t.Context())
			require.Equal(t, row.Accepted, cnpay.OutcomeOf(res, err), "%v", err)
		})
	}
}

func TestNoRequest(t *testing.T) {
	client := world(t).Client.(*umpay.Client)
	_, err := client.Ticket(nil)
	conform.NoRequest(t, err, func(request any) error {
		_, err := umpay.Do[umpay.Response](t.Context(), client, umpay.Operation{ID: "own"}, request)
		return err
	})
}
