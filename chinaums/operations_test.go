package chinaums_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/chinaums/chinaumstest"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/conform"
)

func head() chinaums.Head { return chinaums.Head{MID: chinaumstest.MID, TID: chinaumstest.TID} }

func billHead() chinaums.BillHead {
	return chinaums.BillHead{Head: head(), InstMID: chinaums.BillsInstMID}
}

func orderHead() chinaums.OrderHead {
	return chinaums.OrderHead{Head: head(), InstMID: chinaums.WalletInstMID}
}

func newOrder(number string) chinaums.Order {
	return chinaums.Order{Head: head(), MerOrderID: number, TotalAmount: 10000}
}

func preauthHead() chinaums.PreauthHead {
	return chinaums.PreauthHead{MchntNo: chinaumstest.MID, TermNo: chinaumstest.TID, BizType: chinaums.WalletInstMID, AuthIDRespCode: "206067"}
}

func counterHead() chinaums.CounterHead {
	return chinaums.CounterHead{MerchantCode: chinaumstest.CounterMerchantCode, TerminalCode: chinaumstest.CounterTerminalCode}
}

func byOrderID(orderID string) chinaums.CounterOrder {
	return chinaums.CounterOrder{CounterHead: counterHead(), OriginalOrderID: orderID}
}

// world is a gateway and two clients, and the runs of every operation.
func world(t *testing.T) *conform.World {
	gateway, client := start(t)
	another, err := chinaums.New(gateway.Config())
	require.NoError(t, err)
	return &conform.World{Gateway: gateway, Client: client, Another: another, Runs: runs(t, gateway, client)}
}

func runs(t *testing.T, gateway *chinaumstest.Server, client *chinaums.Client) map[string]func() conform.Run {
	n := 0
	number := func() string {
		n++
		return fmt.Sprintf("327M20260901090000%04d", n)
	}
	paidBill := func() (billNo, billDate string) { billNo = number(); return billNo, gateway.AddBill(billNo, 10000) }
	heldBill := func() (billNo, billDate string) {
		billNo = number()
		return billNo, gateway.AddBillPreauth(billNo, 10000)
	}
	paid := func() string { order := number(); gateway.AddOrder(order, 10000); return order }
	held := func() string { order := number(); gateway.AddPreauth(order, 10000); return order }
	code := func() (id, billNo, billDate string) {
		billNo, billDate = number(), "2026-09-01"
		res, err := client.Bills.CreateQR(t.Context(), &chinaums.BillCreateQRRequest{
			BillHead: billHead(), BillNo: billNo, BillDate: billDate, TotalAmount: 10000,
		})
		require.NoError(t, err)
		return res.QRCodeID, billNo, billDate
	}
	waiting := func() string {
		order := number()
		_, err := client.WeChat.Order(t.Context(), &chinaums.WeChatOrderRequest{
			Order: newOrder(order), InstMID: chinaums.WalletInstMID, TradeType: "JSAPI", SubOpenID: "o1",
		})
		require.NoError(t, err)
		return order
	}
	counter := func() string { return gateway.AddCounterPayment(number(), 10000) }
	app := func() chinaums.AppOrder {
		return chinaums.AppOrder{Order: newOrder(number()), InstMID: chinaums.AppInstMID}
	}
	return map[string]func() conform.Run{
		chinaums.OpBillCreateQR: func() conform.Run {
			return conform.Of(client.Bills.CreateQR, &chinaums.BillCreateQRRequest{
				BillHead: billHead(), BillNo: number(), BillDate: "2026-09-01", TotalAmount: 10000,
			})
		},
		chinaums.OpBillUpdate: func() conform.Run {
			id, _, _ := code()
			return conform.Of(client.Bills.Update, &chinaums.BillUpdateRequest{
				BillHead: billHead(), QRCodeID: id, BillNo: number(), BillDate: "2026-09-02", TotalAmount: 20000,
			})
		},
		chinaums.OpBillClose: func() conform.Run {
			id, billNo, billDate := code()
			return conform.Of(client.Bills.Close, &chinaums.BillCloseRequest{BillHead: billHead(), QRCodeID: id, BillNo: billNo, BillDate: billDate})
		},
		chinaums.OpBillQueryCode: func() conform.Run {
			id, _, _ := code()
			return conform.Of(client.Bills.QueryCode, &chinaums.BillQueryCodeRequest{MID: chinaumstest.MID, QRCodeID: id, SystemID: "1"})
		},
		chinaums.OpBillQuery: func() conform.Run {
			billNo, billDate := paidBill()
			return conform.Of(client.Bills.Query, &chinaums.BillQueryRequest{BillHead: billHead(), BillNo: billNo, BillDate: billDate})
		},
		chinaums.OpBillRefund: func() conform.Run {
			billNo, billDate := paidBill()
			return conform.Of(client.Bills.Refund, &chinaums.BillRefundRequest{
				BillHead: billHead(), BillNo: billNo, BillDate: billDate,
				RefundOrder: chinaums.RefundOrder{RefundAmount: 2500, RefundOrderID: number()},
			})
		},
		chinaums.OpBillComplete: func() conform.Run {
			billNo, billDate := heldBill()
			return conform.Of(client.Bills.Complete, &chinaums.BillCompleteRequest{
				BillHead: billHead(), BillHold: chinaums.BillHold{BillNo: billNo, BillDate: billDate}, AuthedOrderID: number(), AuthIDRespCd: "206067", TotalAmount: 8000,
			})
		},
		chinaums.OpBillCancelPreauth: func() conform.Run {
			billNo, billDate := heldBill()
			return conform.Of(client.Bills.CancelPreauth, &chinaums.BillCancelPreauthRequest{
				BillHead: billHead(), BillHold: chinaums.BillHold{BillNo: billNo, BillDate: billDate}, MerOrderID: billNo + "0", AuthIDRespCd: "206067",
			})
		},
		chinaums.OpBillCancelCompletion: func() conform.Run {
			return conform.Of(client.Bills.CancelCompletion, gateway.AddCompletion(number(), 10000))
		},

		chinaums.OpWeChatOrder: func() conform.Run {
			return conform.Of(client.WeChat.Order, &chinaums.WeChatOrderRequest{
				Order: newOrder(number()), InstMID: chinaums.WalletInstMID, TradeType: "JSAPI", SubOpenID: "o1",
			})
		},
		chinaums.OpWeChatAppOrder: func() conform.Run {
			return conform.Of(client.WeChat.AppOrder, &chinaums.WeChatAppOrderRequest{AppOrder: app()})
		},
		chinaums.OpWeChatMiniProgramOrder: func() conform.Run {
			return conform.Of(client.WeChat.MiniProgramOrder, &chinaums.WeChatMiniProgramOrderRequest{Order: newOrder(number()), InstMID: chinaums.MiniProgramInstMID})
		},
		chinaums.OpWeChatQueryAppOrder: func() conform.Run {
			return conform.Of(client.WeChat.QueryAppOrder, &chinaums.WeChatQueryAppOrderRequest{
				OrderQueryRequest: chinaums.OrderQueryRequest{OrderHead: orderHead(), MerOrderID: paid()},
			})
		},
		chinaums.OpWeChatCloseAppOrder: func() conform.Run {
			return conform.Of(client.WeChat.CloseAppOrder, &chinaums.WeChatCloseAppOrderRequest{
				OrderCloseRequest: chinaums.OrderCloseRequest{OrderHead: orderHead(), MerOrderID: waiting()},
			})
		},
		chinaums.OpAlipayOrder: func() conform.Run {
			return conform.Of(client.Alipay.Order, &chinaums.AlipayOrderRequest{
				Order: newOrder(number()), InstMID: chinaums.WalletInstMID, TradeType: "JSAPI", UserID: "2088000000000001",
			})
		},
		chinaums.OpAlipayAppOrder: func() conform.Run {
			return conform.Of(client.Alipay.AppOrder, &chinaums.AlipayAppOrderRequest{AppOrder: app()})
		},
		chinaums.OpAlipayMiniProgramOrder: func() conform.Run {
			return conform.Of(client.Alipay.MiniProgramOrder, &chinaums.AlipayMiniProgramOrderRequest{AppOrder: app()})
		},
		chinaums.OpAlipayQueryMiniProgramOrder: func() conform.Run {
			return conform.Of(client.Alipay.QueryMiniProgramOrder, &chinaums.AlipayQueryMiniProgramOrderRequest{
				OrderQueryRequest: chinaums.OrderQueryRequest{OrderHead: orderHead(), MerOrderID: paid()},
			})
		},
		chinaums.OpAlipayCloseMiniProgramOrder: func() conform.Run {
			return conform.Of(client.Alipay.CloseMiniProgramOrder, &chinaums.AlipayCloseMiniProgramOrderRequest{
				OrderCloseRequest: chinaums.OrderCloseRequest{OrderHead: orderHead(), MerOrderID: waiting()},
			})
		},
		chinaums.OpQuickPassOrder: func() conform.Run {
			return conform.Of(client.QuickPass.Order, &chinaums.QuickPassOrderRequest{
				Order: newOrder(number()), InstMID: chinaums.WalletInstMID, TradeType: "JSAPI", Code: "a-secret-of-the-payer",
			})
		},
		chinaums.OpQuickPassAppOrder: func() conform.Run {
			return conform.Of(client.QuickPass.AppOrder, &chinaums.QuickPassAppOrderRequest{AppOrder: app()})
		},
		chinaums.OpQuickPassMiniProgramOrder: func() conform.Run {
			return conform.Of(client.QuickPass.MiniProgramOrder, &chinaums.QuickPassMiniProgramOrderRequest{
				Order: newOrder(number()), InstMID: chinaums.MiniProgramInstMID,
			})
		},
		chinaums.OpBankAppOrder: func() conform.Run {
			return conform.Of(client.Bank.AppOrder, &chinaums.BankAppOrderRequest{Order: newOrder(number()), InstMID: chinaums.BankInstMID})
		},

		chinaums.OpOrderQuery: func() conform.Run {
			return conform.Of(client.Orders.Query, &chinaums.OrderQueryRequest{OrderHead: orderHead(), MerOrderID: paid()})
		},
		chinaums.OpOrderClose: func() conform.Run {
			return conform.Of(client.Orders.Close, &chinaums.OrderCloseRequest{OrderHead: orderHead(), MerOrderID: waiting()})
		},
		chinaums.OpOrderRefund: func() conform.Run {
			return conform.Of(client.Orders.Refund, &chinaums.OrderRefundRequest{
				OrderHead: orderHead(), MerOrderID: paid(), RefundOrder: chinaums.RefundOrder{RefundAmount: 2500, RefundOrderID: number()},
			})
		},
		chinaums.OpOrderQueryRefund: func() conform.Run {
			order, refund := paid(), number()
			_, err := client.Orders.Refund(t.Context(), &chinaums.OrderRefundRequest{
				OrderHead: orderHead(), MerOrderID: order, RefundOrder: chinaums.RefundOrder{RefundAmount: 2500, RefundOrderID: refund},
			})
			require.NoError(t, err)
			return conform.Of(client.Orders.QueryRefund, &chinaums.OrderQueryRefundRequest{OrderHead: orderHead(), MerOrderID: refund})
		},
		chinaums.OpOrderConfirmSplit: func() conform.Run {
			return conform.Of(client.Orders.ConfirmSplit, &chinaums.OrderConfirmSplitRequest{
				Head: head(), MerOrderID: paid(), SubOrders: []chinaums.SubOrder{{MID: "898201612345679", TotalAmount: 10000}},
			})
		},
		chinaums.OpPreauthComplete: func() conform.Run {
			return conform.Of(client.Preauth.Complete, &chinaums.PreauthCompleteRequest{
				PreauthHead: preauthHead(), MchntOrderID: number(), PreauthOrderID: held(), TotalAmt: 8000,
			})
		},
		chinaums.OpPreauthCancel: func() conform.Run {
			return conform.Of(client.Preauth.Cancel, &chinaums.PreauthCancelRequest{PreauthHead: preauthHead(), MchntOrderID: held()})
		},
		chinaums.OpPreauthCancelCompletion: func() conform.Run {
			order := number()
			gateway.AddPreauthCompletion(order, 10000)
			return conform.Of(client.Preauth.CancelCompletion, &chinaums.PreauthCancelCompletionRequest{PreauthHead: preauthHead(), MchntOrderID: order})
		},
		chinaums.OpEscrowComplete: func() conform.Run {
			return conform.Of(client.Escrow.Complete, &chinaums.EscrowCompleteRequest{
				EscrowOrder: chinaums.EscrowOrder{OrderHead: orderHead(), MerOrderID: held()}, CompletedAmount: 8000,
			})
		},
		chinaums.OpEscrowCancel: func() conform.Run {
			return conform.Of(client.Escrow.Cancel, &chinaums.EscrowCancelRequest{
				EscrowOrder: chinaums.EscrowOrder{OrderHead: orderHead(), MerOrderID: held()},
			})
		},

		chinaums.OpCounterPayByCode: func() conform.Run {
			return conform.Of(client.Counter.PayByCode, &chinaums.CounterPayByCodeRequest{
				CounterHead: counterHead(), TransactionAmount: 10000, MerchantOrderID: number(), MerchantRemark: "coffee",
				PayMode: "CODE_SCAN", PayCode: "130000000000000001",
			})
		},
		chinaums.OpCounterVoid: func() conform.Run {
			return conform.Of(client.Counter.Void, &chinaums.CounterVoidRequest{CounterOrder: byOrderID(counter())})
		},
		chinaums.OpCounterRefund: func() conform.Run {
			return conform.Of(client.Counter.Refund, &chinaums.CounterRefundRequest{
				CounterOrder: byOrderID(counter()), RefundRequestID: number(), TransactionAmount: 2500,
			})
		},
		chinaums.OpCounterQuery: func() conform.Run {
			return conform.Of(client.Counter.Query, &chinaums.CounterQueryRequest{CounterOrder: byOrderID(counter())})
		},
		chinaums.OpCounterQueryRefund: func() conform.Run {
			order, refund := byOrderID(counter()), number()
			_, err := client.Counter.Refund(t.Context(), &chinaums.CounterRefundRequest{CounterOrder: order, RefundRequestID: refund, TransactionAmount: 2500})
			require.NoError(t, err)
			return conform.Of(client.Counter.QueryRefund, &chinaums.CounterQueryRefundRequest{CounterOrder: order, RefundRequestID: refund})
		},
		chinaums.OpCounterActivate: func() conform.Run {
			return conform.Of(client.Counter.Activate, &chinaums.CounterActivateRequest{CounterHead: counterHead()})
		},
	}
}

func TestOperations(t *testing.T) {
	faults := []cnpaytest.Fault{cnpaytest.OtherAnswer, cnpaytest.UnknownCode, cnpaytest.BadSignature}
	nameless := []cnpaytest.Fault{cnpaytest.UnknownCode, cnpaytest.BadSignature} // answers that name no order
	var rows []conform.Row
	for _, id := range []string{
		chinaums.OpBillQueryCode, chinaums.OpBillQuery, chinaums.OpWeChatQueryAppOrder, chinaums.OpAlipayQueryMiniProgramOrder,
		chinaums.OpOrderQuery, chinaums.OpOrderQueryRefund, chinaums.OpCounterQuery,
	} {
		rows = append(rows, conform.Row{ID: id, Accepted: cnpay.Answered, Repeatable: true, Faults: faults})
	}
	rows = append(rows, conform.Row{ID: chinaums.OpCounterQueryRefund, Accepted: cnpay.Answered, Repeatable: true, Faults: nameless})
	for _, id := range []string{
		chinaums.OpBillCreateQR, chinaums.OpWeChatOrder, chinaums.OpWeChatAppOrder, chinaums.OpWeChatMiniProgramOrder,
		chinaums.OpAlipayOrder, chinaums.OpAlipayAppOrder, chinaums.OpAlipayMiniProgramOrder, chinaums.OpQuickPassOrder,
		chinaums.OpQuickPassAppOrder, chinaums.OpQuickPassMiniProgramOrder, chinaums.OpBankAppOrder,
	} {
		rows = append(rows, conform.Row{
			ID: id, Accepted: cnpay.Pending, Settled: cnpay.Pending, Faults: faults, Secrets: []string{"a-secret-of-the-payer"},
		})
	}
	for _, id := range []string{
		chinaums.OpBillUpdate, chinaums.OpBillClose, chinaums.OpBillRefund, chinaums.OpBillComplete, chinaums.OpBillCancelPreauth,
		chinaums.OpBillCancelCompletion, chinaums.OpWeChatCloseAppOrder, chinaums.OpAlipayCloseMiniProgramOrder, chinaums.OpOrderClose,
		chinaums.OpOrderRefund, chinaums.OpPreauthComplete, chinaums.OpPreauthCancel, chinaums.OpPreauthCancelCompletion,
		chinaums.OpEscrowComplete, chinaums.OpEscrowCancel, chinaums.OpCounterVoid, chinaums.OpCounterRefund,
	} {
		rows = append(rows, conform.Row{ID: id, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: faults})
	}
	rows = append(rows,
		conform.Row{
			ID: chinaums.OpCounterPayByCode, Accepted: cnpay.Succeeded, Settled: cnpay.Succeeded, Faults: faults,
			Secrets: []string{"130000000000000001"},
		},
		conform.Row{ID: chinaums.OpOrderConfirmSplit, Accepted: cnpay.Succeeded, Faults: faults},
		conform.Row{ID: chinaums.OpCounterActivate, Accepted: cnpay.Succeeded, Faults: nameless},
	)
	conform.Test(t, rows, world)
}

func TestNoRequest(t *testing.T) {
	client := world(t).Client.(*chinaums.Client)
	_, err := client.Ticket(nil)
	conform.NoRequest(t, err, func(request any) error {
		_, err := chinaums.Do[chinaums.Response](t.Context(), client, chinaums.Operation{ID: "own"}, request)
		return err
	})
}
