package chinaums_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/chinaums/chinaumstest"
	"github.com/cnpay-go/cnpay/cnpaytest"
)

const (
	anOrder  = "327M20260901090000000001"
	another  = "327M20260901090000000002"
	aRefund  = "327M20260901090000000003"
	noOrder  = `{"errCode":"NO_ORDER"}`
	counter2 = `{"errCode":"25"}`
	billPath = "/v1/netpay/bills/query"
	queryOne = "/v1/netpay/query"
)

// answers is a client whose gateway has one answer for each path.
func answers(t testing.TB, byPath map[string]string) *chinaums.Client {
	return offline(t, func(r *http.Request, body string) (int, string) {
		var q struct{ MerOrderID string }
		require.NoError(t, json.Unmarshal([]byte(body), &q))
		if answer, ok := byPath[r.URL.Path+" "+q.MerOrderID]; ok {
			return http.StatusOK, answer
		}
		answer, ok := byPath[r.URL.Path]
		if !ok {
			t.Errorf("nothing is asked at %s", r.URL.Path)
		}
		return http.StatusOK, answer
	}, cnpay.WithRetry(cnpay.Retry{Attempts: 1}), cnpay.WithSchedule(cnpay.Schedule{0}))
}

// state is what a query shows, and what it proves of the operation.
type state struct {
	fields string // of the answer
	want   cnpay.Outcome
	cause  string // of an answer that contradicts itself or the ticket
}

const (
	succeeded, pending, failed, unknown = cnpay.Succeeded, cnpay.Pending, cnpay.Failed, cnpay.Unknown
	// the order as it was, which proves nothing
	unchanged cnpay.Outcome = -1
)

// Every rule of settling, by every state of the documents, and by some that contradict.
func TestSettleByState(t *testing.T) {
	bill := func(billNo string) string {
		return `{"errCode":"SUCCESS","billNo":"` + billNo + `","billDate":"2026-09-01",`
	}
	order := func(number string) string { return `{"errCode":"SUCCESS","merOrderId":"` + number + `",` }
	preauth := preauthHead()
	orderState := []state{
		{`"status":"NEW_ORDER","totalAmount":1000`, pending, ""},
		{`"status":"WAIT_BUYER_PAY","totalAmount":1000`, pending, ""},
		{`"status":"TRADE_SUCCESS","totalAmount":1000,"buyerPayAmount":0`, succeeded, ""},
		{`"status":"TRADE_REFUND","totalAmount":1000`, succeeded, ""},
		{`"status":"TRADE_CLOSED","totalAmount":1000`, failed, ""},
		{`"status":"UNKNOWN","totalAmount":1000`, unknown, ""},
		{`"status":"PAID","totalAmount":1000`, unknown, ""},
		{`"status":"","totalAmount":1000`, unknown, ""},
		{`"status":"TRADE_SUCCESS","totalAmount":999`, unknown, "totalAmount 999, not 1000"},
		{`"status":"TRADE_SUCCESS","totalAmount":0`, unknown, "totalAmount 0"},
		{`"status":"TRADE_SUCCESS"`, unknown, "totalAmount 0"},
		{`"status":"TRADE_REFUND"`, unknown, "totalAmount 0"},
		{`"status":"TRADE_SUCCESS","totalAmount":-1000`, unknown, "totalAmount -1000"},
		{`"status":"TRADE_SUCCESS","totalAmount":1000,"buyerPayAmount":-1`, unknown, "buyerPayAmount -1"},
		{`"status":"TRADE_CLOSED","totalAmount":999`, unknown, "totalAmount 999, not 1000"},
		{`"status":"TRADE_CLOSED","payTime":"2026-09-01 09:00:00"`, unknown, "was paid at 2026-09-01 09:00:00"},
		{`"status":"TRADE_CLOSED","buyerPayAmount":1000`, unknown, "buyerPayAmount is 1000"},
	}
	closeState := []state{
		{`"status":"TRADE_CLOSED"`, succeeded, ""},
		{`"status":"TRADE_SUCCESS","totalAmount":1000`, failed, ""},
		{`"status":"TRADE_REFUND","totalAmount":1000`, failed, ""},
		{`"status":"NEW_ORDER"`, unchanged, ""},
		{`"status":"WAIT_BUYER_PAY"`, unchanged, ""},
		{`"status":"UNKNOWN"`, unknown, ""},
		{`"status":"CLOSED"`, unknown, ""},
		{`"status":"TRADE_SUCCESS"`, unknown, "totalAmount 0"},
		{`"status":"TRADE_CLOSED","payTime":"2026-09-01 09:00:00"`, unknown, "was paid at"},
		{`"status":"TRADE_CLOSED","buyerPayAmount":1000`, unknown, "buyerPayAmount is 1000"},
	}
	released := []state{ // of a guarantee or a pre-authorisation, alike
		{`"secureStatus":"CANCELED","status":"TRADE_CLOSED"`, succeeded, ""},
		{`"secureStatus":"UNCOMPLETED","status":"TRADE_SUCCESS"`, unchanged, ""},
		{`"secureStatus":"CANCELED","completeAmount":400`, unknown, "completeAmount 400"},
		{`"secureStatus":"RELEASED"`, unknown, ""},
	}
	undone := []state{
		{`"status":"TRADE_CLOSED"`, succeeded, ""},
		{`"status":"TRADE_SUCCESS"`, unchanged, ""},
		{`"status":"TRADE_REFUND"`, unknown, ""}, // in part, or by somebody else
		{`"status":"NEW_ORDER"`, unknown, ""},
		{`"status":"UNKNOWN"`, unknown, ""},
		{`"status":""`, unknown, ""},
	}
	escrow := chinaums.EscrowOrder{OrderHead: orderHead(), MerOrderID: anOrder}
	codeURL := `"billQRCode":"https://qr.chinaums.com/bills/qrCode.do?id=`
	refunded := func(p string) string { return `"billStatus":"REFUND","refundBillPayment":{` + p + `}` }
	completed := func(bill, p string) string {
		return `"billStatus":"` + bill + `","authedBillPayment":{"merOrderId":"` + another + `",` + p + `}`
	}

	for name, tt := range map[string]struct {
		request  chinaums.Request
		path     string
		head     string
		harmless bool // a repeat, where the order is unchanged
		states   []state
	}{
		"bill": {&chinaums.BillCreateQRRequest{BillHead: billHead(), BillNo: anOrder, BillDate: "2026-09-01", TotalAmount: 1000}, billPath, bill(anOrder), true, []state{
			{`"billStatus":"UNPAID","totalAmount":1000`, pending, ""},
			{`"billStatus":"PAID","totalAmount":1000,"billPayment":{"status":"TRADE_SUCCESS","totalAmount":900}`, succeeded, ""},
			{`"billStatus":"PAID","totalAmount":1000,"billPayment":{"status":"TRADE_REFUND"}`, succeeded, ""},
			{`"billStatus":"REFUND","totalAmount":1000,"billPayment":{"status":"TRADE_REFUND"}`, succeeded, ""},
			{`"billStatus":"CLOSED","totalAmount":1000`, failed, ""},
			{`"billStatus":"CLOSED","totalAmount":1000,"billPayment":{"status":"TRADE_CLOSED"}`, failed, ""},
			{`"billStatus":"UNKNOWN","totalAmount":1000`, unknown, ""},
			{`"billStatus":"TRADE_SUCCESS","totalAmount":1000`, unknown, ""},
			{`"billStatus":"PAID","totalAmount":1000`, unknown, `billPayment.status ""`},
			{`"billStatus":"PAID","totalAmount":1000,"billPayment":{"status":"WAIT_BUYER_PAY"}`, unknown, "WAIT_BUYER_PAY"},
			{`"billStatus":"REFUND","totalAmount":1000,"billPayment":{"status":"TRADE_CLOSED"}`, unknown, "TRADE_CLOSED"},
			{`"billStatus":"UNPAID","totalAmount":1000,"billPayment":{"status":"TRADE_SUCCESS"}`, unknown, "contradicts billPayment.status"},
			{`"billStatus":"CLOSED","billPayment":{"status":"TRADE_SUCCESS"}`, unknown, "there is a payment"},
			{`"billStatus":"CLOSED","billPayment":{"status":"TRADE_CLOSED","payTime":"2026-09-01 09:00:00"}`, unknown, "there is a payment"},
			{`"billStatus":"CLOSED","billPayment":{"status":"TRADE_CLOSED","buyerPayAmount":1}`, unknown, "there is a payment"},
			{`"billStatus":"PAID","totalAmount":999,"billPayment":{"status":"TRADE_SUCCESS"}`, unknown, "totalAmount 999, not 1000"},
			{`"billStatus":"PAID","totalAmount":0,"billPayment":{"status":"TRADE_SUCCESS"}`, unknown, "totalAmount 0"},
			{`"billStatus":"PAID","totalAmount":1000,"billPayment":{"status":"TRADE_SUCCESS","totalAmount":-1}`, unknown, "totalAmount -1"},
		}},
		"bill updated": {&chinaums.BillUpdateRequest{BillHead: billHead(), QRCodeID: "327MQ1", BillNo: anOrder, BillDate: "2026-09-01", TotalAmount: 1000}, billPath, bill(anOrder), false, []state{
			{codeURL + `327MQ1","billStatus":"UNPAID","totalAmount":1000`, succeeded, ""},
			{codeURL + `327MQ1","billStatus":"PAID","totalAmount":1000`, succeeded, ""},
			{codeURL + `327MQ2","billStatus":"UNPAID","totalAmount":1000`, unchanged, ""}, // behind another code
			{codeURL + `327MQ1","billStatus":"UNPAID","totalAmount":999`, unchanged, ""},
			{codeURL + `327MQ1","billStatus":"UNPAID"`, unchanged, ""},
			{`"billStatus":"UNPAID","totalAmount":1000`, unchanged, ""},
			{`"billQRCode":"%zz","billStatus":"UNPAID","totalAmount":1000`, unchanged, ""},
		}},
		"bill updated to a state": {&chinaums.BillUpdateRequest{BillHead: billHead(), QRCodeID: "327MQ1", BillNo: anOrder, BillDate: "2026-09-01", TotalAmount: 1000, BillStatus: chinaums.BillStatusClosed}, billPath, bill(anOrder), false, []state{
			{codeURL + `327MQ1","billStatus":"CLOSED","totalAmount":1000`, succeeded, ""},
			{codeURL + `327MQ1","billStatus":"UNPAID","totalAmount":1000`, unchanged, ""},
		}},
		"bill closed": {&chinaums.BillCloseRequest{BillHead: billHead(), QRCodeID: "327MQ1", BillNo: anOrder, BillDate: "2026-09-01"}, billPath, bill(anOrder), true, []state{
			{`"billStatus":"CLOSED"`, succeeded, ""},
			{`"billStatus":"CLOSED","billPayment":{"status":"TRADE_CLOSED"}`, succeeded, ""},
			{`"billStatus":"UNPAID"`, unchanged, ""},
			{`"billStatus":"PAID","totalAmount":1000,"billPayment":{"status":"TRADE_SUCCESS"}`, failed, ""},
			{`"billStatus":"REFUND","totalAmount":1000,"billPayment":{"status":"TRADE_REFUND"}`, failed, ""},
			{`"billStatus":"UNKNOWN"`, unknown, ""},
			{`"billStatus":"PAID"`, unknown, `billPayment.status ""`},
			{`"billStatus":"CLOSED","billPayment":{"status":"TRADE_SUCCESS"}`, unknown, "there is a payment"},
			{`"billStatus":"CLOSED","billPayment":{"status":"TRADE_CLOSED","payTime":"2026-09-01 09:00:00"}`, unknown, "there is a payment"},
		}},
		"bill closed with its refund": {&chinaums.BillCloseRequest{BillHead: billHead(), QRCodeID: "327MQ1", BillNo: anOrder, BillDate: "2026-09-01", AttachRefund: true}, billPath, bill(anOrder), false, []state{
			{`"billStatus":"CLOSED"`, succeeded, ""},
			{`"billStatus":"CLOSED","billPayment":{"status":"TRADE_CLOSED","payTime":"2026-09-01 09:00:00"}`, succeeded, ""},
			{`"billStatus":"REFUND","billPayment":{"status":"TRADE_CLOSED","payTime":"2026-09-01 09:00:00"}`, succeeded, ""},
			{`"billStatus":"UNPAID"`, unchanged, ""},
			{`"billStatus":"PAID","totalAmount":1000,"billPayment":{"status":"TRADE_SUCCESS"}`, unchanged, ""},
			{`"billStatus":"REFUND","totalAmount":1000,"billPayment":{"status":"TRADE_REFUND"}`, unknown, ""}, // a part of it
			{`"billStatus":"CLOSED","billPayment":{"status":"TRADE_SUCCESS"}`, unknown, "there is a payment"},
			{`"billStatus":"UNPAID","billPayment":{"status":"TRADE_CLOSED"}`, unchanged, ""},
			{`"billStatus":"CLOSED","billPayment":{"payTime":"2026-09-01 09:00:00"}`, unknown, "there is a payment"},
			{`"billStatus":"CLOSED","billPayment":{"status":"TRADE_CLOSED","totalAmount":-1}`, unknown, "totalAmount -1"},
		}},
		"bill refunded": {&chinaums.BillRefundRequest{BillHead: billHead(), BillNo: anOrder, BillDate: "2026-09-01", RefundOrder: chinaums.RefundOrder{RefundAmount: 250, RefundOrderID: aRefund}}, billPath, bill(anOrder), false, []state{
			{`"billStatus":"PAID"`, unchanged, ""},
			{`"billStatus":"REFUND","billPayment":{"status":"TRADE_REFUND"}`, unchanged, ""}, // another refund
			{refunded(`"merOrderId":"` + aRefund + `","status":"TRADE_SUCCESS","totalAmount":250`), succeeded, ""},
			{refunded(`"merOrderId":"` + aRefund + `","status":"TRADE_REFUND","totalAmount":250`), succeeded, ""},
			{refunded(`"merOrderId":"` + aRefund + `","status":"NEW_ORDER"`), pending, ""},
			{refunded(`"merOrderId":"` + aRefund + `","status":"WAIT_BUYER_PAY"`), pending, ""},
			{refunded(`"merOrderId":"` + aRefund + `","status":"TRADE_CLOSED","totalAmount":250`), unknown, ""},
			{refunded(`"merOrderId":"` + aRefund + `","status":"UNKNOWN","totalAmount":250`), unknown, ""},
			{refunded(`"merOrderId":"` + aRefund + `","status":"TRADE_SUCCESS","totalAmount":100`), unknown, "totalAmount 100, not 250"},
			{refunded(`"merOrderId":"` + aRefund + `","status":"TRADE_SUCCESS"`), unknown, "totalAmount is missing"},
			{refunded(`"merOrderId":"` + aRefund + `","status":"TRADE_SUCCESS","totalAmount":-250`), unknown, "totalAmount -250"},
			{refunded(`"status":"TRADE_SUCCESS","totalAmount":250`), unknown, "it is about"},
			{refunded(`"merOrderId":"` + another + `","status":"TRADE_SUCCESS","totalAmount":250`), unknown, "refundBillPayment.merOrderId differs"},
			{`"billStatus":"UNPAID","refundBillPayment":{"merOrderId":"` + aRefund + `","status":"TRADE_SUCCESS","totalAmount":250}`, unknown, "billStatus UNPAID"},
		}},
		"bill's pre-authorisation completed": {&chinaums.BillCompleteRequest{BillHead: billHead(), BillHold: chinaums.BillHold{BillNo: anOrder, BillDate: "2026-09-01"}, AuthedOrderID: another, AuthIDRespCd: "206067", TotalAmount: 800}, billPath, bill(anOrder), false, []state{
			{`"billStatus":"PAID","billPayment":{"status":"TRADE_SUCCESS"}`, unchanged, ""},
			{completed("PAID", `"status":"TRADE_SUCCESS","totalAmount":800`), succeeded, ""},
			{completed("REFUND", `"status":"TRADE_REFUND","totalAmount":800`), succeeded, ""},
			{completed("PAID", `"status":"TRADE_CLOSED","totalAmount":800`), failed, ""},
			{completed("PAID", `"status":"NEW_ORDER"`), pending, ""},
			{completed("PAID", `"status":"UNKNOWN"`), unknown, ""},
			{completed("PAID", `"status":"TRADE_SUCCESS","totalAmount":1000`), unknown, "totalAmount 1000, not 800"},
			{completed("PAID", `"status":"TRADE_SUCCESS"`), unknown, "totalAmount is missing"},
			{completed("PAID", `"status":"TRADE_CLOSED","payTime":"2026-09-01 09:00:00"`), unknown, "was paid at"}, // and cancelled since
			{completed("UNPAID", `"status":"TRADE_SUCCESS","totalAmount":800`), unknown, "billStatus UNPAID"},
		}},
		"bill's pre-authorisation cancelled": {&chinaums.BillCancelPreauthRequest{BillHead: billHead(), BillHold: chinaums.BillHold{BillNo: anOrder, BillDate: "2026-09-01"}, MerOrderID: anOrder + "0", AuthIDRespCd: "206067"}, billPath, bill(anOrder), false, []state{
			{`"billStatus":"PAID","billPayment":{"status":"TRADE_CLOSED"}`, succeeded, ""},
			{`"billStatus":"CLOSED"`, succeeded, ""},
			{`"billStatus":"PAID","billPayment":{"status":"TRADE_SUCCESS"}`, unchanged, ""},
			{`"billStatus":"REFUND","billPayment":{"status":"TRADE_REFUND"}`, unknown, ""},
			{`"billStatus":"UNPAID"`, unknown, "billStatus UNPAID"},
			{`"billStatus":"CLOSED","billPayment":{"status":"TRADE_SUCCESS"}`, unknown, "billStatus CLOSED"},
			{`"billStatus":"PAID","billPayment":{"status":"TRADE_CLOSED","totalAmount":-1}`, unknown, "totalAmount -1"},
			{`"billStatus":"PAID","secureStatus":"ALL_COMPLETED","billPayment":{"status":"TRADE_CLOSED"}`, unknown, "was completed"},
			{`"billStatus":"PAID","completeAmount":800,"billPayment":{"status":"TRADE_CLOSED"}`, unknown, "was completed"},
			{`"billStatus":"PAID","billPayment":{"status":"TRADE_CLOSED"},"authedBillPayment":{"status":"TRADE_SUCCESS"}`, unknown, "was completed"},
		}},

		"order":           {&chinaums.WeChatAppOrderRequest{AppOrder: chinaums.AppOrder{Order: chinaums.Order{Head: head(), MerOrderID: anOrder, TotalAmount: 1000}, InstMID: chinaums.AppInstMID}}, queryOne, order(anOrder), true, orderState},
		"page":            {&chinaums.PageAlipayRequest{H5Order: chinaums.H5Order{Order: chinaums.Order{Head: head(), MerOrderID: anOrder, TotalAmount: 1000}, InstMID: chinaums.H5InstMID}}, queryOne, order(anOrder), true, orderState},
		"order closed":    {&chinaums.OrderCloseRequest{OrderHead: orderHead(), MerOrderID: anOrder}, queryOne, order(anOrder), true, closeState},
		"WeChat's closed": {&chinaums.WeChatCloseAppOrderRequest{OrderCloseRequest: chinaums.OrderCloseRequest{OrderHead: orderHead(), MerOrderID: anOrder}}, "/v1/netpay/wx/app-pre-query", order(anOrder), true, closeState},
		"Alipay's closed": {&chinaums.AlipayCloseMiniProgramOrderRequest{OrderCloseRequest: chinaums.OrderCloseRequest{OrderHead: orderHead(), MerOrderID: anOrder}}, "/v1/netpay/trade/app-pre-query", order(anOrder), true, closeState},
		"order refunded": {refundOf(aRefund), "/v1/netpay/refund-query", `{"errCode":"SUCCESS","refundOrderId":"` + aRefund + `",`, true, []state{
			{`"merOrderId":"` + anOrder + `","refundStatus":"SUCCESS","totalAmount":250`, succeeded, ""},
			{`"refundStatus":"SUCCESS","totalAmount":250`, succeeded, ""},
			{`"refundStatus":"FAIL","totalAmount":250`, failed, ""},
			{`"refundStatus":"PROCESSING"`, pending, ""},
			{`"refundStatus":"UNKNOWN"`, unknown, `refundStatus "UNKNOWN"`},
			{`"status":"TRADE_SUCCESS","totalAmount":250`, unknown, `refundStatus ""`},
			{`"refundStatus":"SUCCESS","totalAmount":1000`, unknown, "totalAmount 1000, not 250"},
			{`"refundStatus":"SUCCESS"`, unknown, "totalAmount is missing"},
			{`"merOrderId":"` + another + `","refundStatus":"SUCCESS","totalAmount":250`, unknown, "one of order " + another},
			{`"merOrderId":"` + another + `","refundStatus":"FAIL","totalAmount":250`, unknown, "one of order " + another},
		}},

		"guarantee completed": {&chinaums.EscrowCompleteRequest{EscrowOrder: escrow, CompletedAmount: 800}, queryOne, order(anOrder), false, []state{
			{`"secureStatus":"PARTLY_COMPLETED","completeAmount":800`, succeeded, ""},
			{`"secureStatus":"ALL_COMPLETED","completeAmount":800`, succeeded, ""},
			{`"secureStatus":"UNCOMPLETED"`, unchanged, ""},
			{`"secureStatus":"CANCELED"`, failed, ""},
			{`"secureStatus":"PARTLY_COMPLETED","completeAmount":700`, unknown, "completeAmount 700, not 800"},
			{`"secureStatus":"ALL_COMPLETED"`, unknown, "completeAmount 0, not 800"},
			{`"secureStatus":"CANCELED","completeAmount":800`, unknown, "completeAmount 800"},
			{`"status":"TRADE_SUCCESS"`, unknown, ""},
		}},
		"guarantee cancelled": {&chinaums.EscrowCancelRequest{EscrowOrder: escrow}, queryOne, order(anOrder), true, append([]state{
			{`"secureStatus":"PARTLY_COMPLETED","completeAmount":800`, failed, ""},
			{`"secureStatus":"ALL_COMPLETED"`, failed, ""},
			{`"status":"TRADE_CLOSED"`, unknown, ""},
		}, released...)},
		"bill's guarantee cancelled": {&chinaums.EscrowCancelRequest{EscrowOrder: chinaums.EscrowOrder{OrderHead: chinaums.OrderHead{Head: head(), InstMID: chinaums.BillsInstMID}, MerOrderID: anOrder, BillDate: "2026-09-01"}}, billPath, bill(anOrder), true, append([]state{
			{`"secureStatus":"ALL_COMPLETED"`, failed, ""},
		}, released...)},
		"guarantee of a bill's payment cancelled": {&chinaums.EscrowCancelRequest{EscrowOrder: chinaums.EscrowOrder{OrderHead: chinaums.OrderHead{Head: head(), InstMID: chinaums.BillsInstMID}, MerOrderID: anOrder + "0", BillNo: anOrder, BillDate: "2026-09-01"}}, billPath, bill(anOrder), true, append([]state{
			{`"secureStatus":"ALL_COMPLETED"`, failed, ""},
		}, released...)},

		"pre-authorisation completed": {&chinaums.PreauthCompleteRequest{PreauthHead: preauth, MchntOrderID: another, PreauthOrderID: anOrder, TotalAmt: 800}, queryOne, order(another), false, []state{
			{`"status":"TRADE_SUCCESS","totalAmount":800`, succeeded, ""},
			{`"status":"TRADE_REFUND","totalAmount":800`, succeeded, ""},
			{`"status":"TRADE_CLOSED","totalAmount":800`, failed, ""},
			{`"status":"NEW_ORDER"`, pending, ""},
			{`"status":"UNKNOWN"`, unknown, ""},
			{`"status":"TRADE_SUCCESS","totalAmount":1000`, unknown, "totalAmount 1000, not 800"},
			{`"status":"TRADE_SUCCESS"`, unknown, "totalAmount 0"},
			{`"status":"TRADE_CLOSED","payTime":"2026-09-01 09:00:00"`, unknown, "was paid at"},
		}},
		"pre-authorisation cancelled": {&chinaums.PreauthCancelRequest{PreauthHead: preauth, MchntOrderID: anOrder}, queryOne, order(anOrder), false, append([]state{
			{`"status":"TRADE_CLOSED"`, succeeded, ""},
			{`"status":"TRADE_SUCCESS"`, unchanged, ""},
			{`"secureStatus":"ALL_COMPLETED","status":"TRADE_SUCCESS"`, unknown, "it was completed"}, // a completion can be cancelled
			{`"secureStatus":"PARTLY_COMPLETED","status":"TRADE_CLOSED"`, unknown, "it was completed"},
			{`"secureStatus":"UNCOMPLETED","status":"TRADE_CLOSED"`, unknown, "TRADE_CLOSED, and UNCOMPLETED"},
			{`"status":"TRADE_CLOSED","completeAmount":800`, unknown, ""},
			{`"status":"TRADE_REFUND"`, unknown, ""},
		}, released...)},
		"completion cancelled": {&chinaums.PreauthCancelCompletionRequest{PreauthHead: preauth, MchntOrderID: anOrder}, queryOne, order(anOrder), true, undone},

		"counter": {&chinaums.CounterPayByCodeRequest{
			CounterHead: counterHead(), TransactionAmount: 1000, MerchantOrderID: anOrder, MerchantRemark: "coffee", PayMode: "CODE_SCAN", PayCode: "130000000000000001",
		}, "/v6/poslink/transaction/query", `{"errCode":"00",`, false, []state{
			{`"merchantOrderId":"` + anOrder + `","queryResCode":"0","originalTransactionAmount":1000,"orderStatus":"TRADE_SUCCESS"`, succeeded, ""},
			{`"orderId":"2026","queryResCode":"0","originalTransactionAmount":1000`, succeeded, ""},
			{`"orderId":"2026","queryResCode":"3","originalTransactionAmount":1000,"orderStatus":"TRADE_REFUND"`, succeeded, ""},
			{`"orderId":"2026","queryResCode":"2","originalTransactionAmount":1000,"orderStatus":"TRADE_CLOSED"`, failed, ""},
			{`"orderId":"2026","queryResCode":"4"`, failed, ""},
			{`"orderId":"2026","queryResCode":"5"`, failed, ""},
			{`"orderId":"2026","queryResCode":"5余额不足"`, failed, ""},
			{`"orderId":"2026","queryResCode":"5: 余额不足"`, failed, ""},
			{`"orderId":"2026","queryResCode":"51"`, unknown, ""}, // no document has it
			{`"orderId":"2026","queryResCode":"5A"`, unknown, ""},
			{`"orderId":"2026","queryResCode":"1"`, unknown, ""},
			{`"orderId":"2026","queryResCode":"FF"`, unknown, ""},
			{`"orderId":"2026","queryResCode":"00"`, unknown, ""},
			{`"orderId":"2026"`, unknown, ""},
			{`"queryResCode":"0","originalTransactionAmount":1000`, unknown, "names no payment"},
			{`"queryResCode":"5"`, unknown, "names no payment"},
			{`"orderId":"2026","queryResCode":"0"`, unknown, "originalTransactionAmount 0"},
			{`"orderId":"2026","queryResCode":"0","originalTransactionAmount":999`, unknown, "999, not 1000"},
			{`"orderId":"2026","queryResCode":"0","originalTransactionAmount":-1`, unknown, "originalTransactionAmount -1"},
			{`"orderId":"2026","queryResCode":"2","originalTransactionAmount":999`, unknown, "999, not 1000"},
			{`"orderId":"2026","queryResCode":"0","originalTransactionAmount":1000,"orderStatus":"TRADE_CLOSED"`, unknown, "contradicts orderStatus TRADE_CLOSED"},
			{`"orderId":"2026","queryResCode":"5","orderStatus":"TRADE_SUCCESS"`, unknown, "contradicts orderStatus TRADE_SUCCESS"},
		}},
		"counter voided": {&chinaums.CounterVoidRequest{CounterOrder: byOrderID("2026")}, "/v6/poslink/transaction/query", `{"errCode":"00","orderId":"2026",`, false, []state{
			{`"queryResCode":"2"`, succeeded, ""},
			{`"queryResCode":"0","originalTransactionAmount":1000`, unchanged, ""},
			{`"queryResCode":"3","originalTransactionAmount":1000`, unknown, ""},
			{`"queryResCode":"4"`, unknown, ""},
			{`"queryResCode":"5"`, unknown, ""},
			{`"queryResCode":"1"`, unknown, ""},
			{`"queryResCode":"FF"`, unknown, ""},
			{`"queryResCode":"2","orderStatus":"TRADE_SUCCESS"`, unknown, "contradicts orderStatus"},
		}},
		"counter refunded": {&chinaums.CounterRefundRequest{CounterOrder: byOrderID("2026"), RefundRequestID: aRefund, TransactionAmount: 250}, "/v6/poslink/transaction/query-refund", `{"errCode":"00",`, false, []state{
			{`"queryResCode":"00","originalAmount":"250"`, succeeded, ""},
			{`"queryResCode":"25"`, unchanged, ""},
			{`"queryResCode":"0","originalAmount":"250"`, unchanged, ""},
			{`"queryResCode":""`, unchanged, ""},
			{`"queryResCode":"00","originalAmount":"1000"`, unknown, "originalAmount 1000, not 250"},
			{`"queryResCode":"00"`, unknown, "originalAmount is missing"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, s := range tt.states {
				client := answers(t, map[string]string{tt.path: tt.head + s.fields + "}"})
				found, err := settle(t, client, tt.request)
				want := s.want
				if want == unchanged {
					want = unknown
				}
				require.Equal(t, want, found.Outcome, "%s: %v", s.fields, err)
				require.Equal(t, want, cnpay.OutcomeOf(found, err), s.fields)
				require.Equal(t, s.want == unchanged && tt.harmless, found.SendAgain, s.fields)
				require.False(t, found.Absent, s.fields)
				switch want {
				case unknown:
					require.ErrorContains(t, err, s.cause, s.fields)
				case failed:
					require.Error(t, err)
				default:
					require.NoError(t, err)
				}
			}
		})
	}
}

func refundOf(number string) *chinaums.OrderRefundRequest {
	return &chinaums.OrderRefundRequest{OrderHead: orderHead(), MerOrderID: anOrder, RefundOrder: chinaums.RefundOrder{RefundAmount: 250, RefundOrderID: number}}
}

func TestGuaranteeOfABillNeedsItsDate(t *testing.T) {
	client := answers(t, nil)
	order := chinaums.EscrowOrder{OrderHead: chinaums.OrderHead{Head: head(), InstMID: chinaums.BillsInstMID}, MerOrderID: anOrder}
	_, err := client.Escrow.Cancel(t.Context(), &chinaums.EscrowCancelRequest{EscrowOrder: order})
	require.ErrorContains(t, err, "billDate is required with instMid QRPAYDEFAULT", "no query could settle it")
	_, err = client.Ticket(&chinaums.EscrowCancelRequest{EscrowOrder: chinaums.EscrowOrder{OrderHead: chinaums.OrderHead{Head: head(), InstMID: chinaums.WalletInstMID}, MerOrderID: anOrder}})
	require.NoError(t, err)
}

// Where there is no such completion, the pre-authorisation is asked: that it was completed does not say by which request,
// and only its release excludes this one.
func TestSettleCompletionThatIsNotThere(t *testing.T) {
	for _, s := range []state{
		{`"secureStatus":"UNCOMPLETED","status":"TRADE_SUCCESS"`, unchanged, ""},
		{`"secureStatus":"PARTLY_COMPLETED","completeAmount":800`, unknown, "there is no such completion"}, // by another request
		{`"secureStatus":"ALL_COMPLETED","completeAmount":800`, unknown, "there is no such completion"},
		{`"secureStatus":"CANCELED","status":"TRADE_CLOSED"`, failed, ""},
		{`"secureStatus":"CANCELED","completeAmount":800`, unknown, "completeAmount 800"},
		{`"status":"TRADE_CLOSED"`, unknown, ""},
	} {
		client := answers(t, map[string]string{
			queryOne + " " + another: noOrder, queryOne + " " + anOrder: `{"errCode":"SUCCESS","merOrderId":"` + anOrder + `",` + s.fields + "}",
		})
		found, err := settle(t, client, &chinaums.PreauthCompleteRequest{PreauthHead: preauthHead(), MchntOrderID: another, PreauthOrderID: anOrder, TotalAmt: 800})
		require.Equal(t, max(s.want, unknown), cnpay.OutcomeOf(found, err), s.fields)
		require.False(t, found.SendAgain)
		require.ErrorContains(t, err, s.cause)
	}
}

// When is the absence of an order a proof, in the time of the ticket? A query that is asked late enough says so: never
// before the last moment at which the request could arrive or the order be paid, never after the query's own reach, and
// never once ChinaUMS has shown that it had the order.
func TestSettleAbsence(t *testing.T) {
	began := time.Date(2026, 9, 1, 12, 0, 0, 0, cnpay.Beijing())
	order := func(expires string) chinaums.Request {
		return &chinaums.WeChatAppOrderRequest{AppOrder: chinaums.AppOrder{
			Order:   chinaums.Order{Head: head(), MerOrderID: anOrder, TotalAmount: 1000, ExpireTime: expires},
			InstMID: chinaums.AppInstMID,
		}}
	}
	page := func(expires string) chinaums.Request {
		return &chinaums.PageAlipayRequest{H5Order: chinaums.H5Order{Order: order(expires).(*chinaums.WeChatAppOrderRequest).Order, InstMID: chinaums.H5InstMID}}
	}
	bill := &chinaums.BillCreateQRRequest{BillHead: billHead(), BillNo: anOrder, BillDate: "2026-09-01", TotalAmount: 1000}
	pay := &chinaums.CounterPayByCodeRequest{
		CounterHead: counterHead(), TransactionAmount: 1000, MerchantOrderID: anOrder, MerchantRemark: "coffee", PayMode: "CODE_SCAN", PayCode: "130000000000000001",
	}
	const hour, minute = time.Hour, time.Minute
	for name, tt := range map[string]struct {
		request   chinaums.Request
		began     time.Time
		unsent    bool // the ticket of a request that is yet to be sent
		learnt    string
		after     time.Duration
		want      cnpay.Outcome
		sendAgain bool
	}{
		"order, before the margin":     {request: order(""), after: minute + hour, want: unknown, sendAgain: true},
		"order, after it":              {request: order(""), after: minute + hour + 1, want: cnpay.NotSent},
		"order that can be paid":       {request: order("2026-09-01 18:00:00"), after: 7 * hour, want: unknown, sendAgain: true},
		"order that has expired":       {request: order("2026-09-01 18:00:00"), after: 7*hour + 1, want: cnpay.NotSent},
		"order that was there":         {request: order(""), learnt: "seqId", after: 24 * hour, want: unknown},
		"bill, after the margin":       {request: bill, after: minute + hour + 1, want: cnpay.NotSent},
		"bill that was there":          {request: bill, learnt: "billQRCode", after: 24 * hour, want: unknown},
		"order yet to be sent":         {request: order(""), unsent: true, after: 24 * hour, want: unknown, sendAgain: true},
		"page without an end":          {request: page(""), unsent: true, after: 24 * hour, want: unknown, sendAgain: true},
		"page that can be opened":      {request: page("2026-09-01 18:00:00"), after: 7 * hour, want: unknown, sendAgain: true},
		"page that nobody opened":      {request: page("2026-09-01 18:00:00"), after: 7*hour + 1, want: cnpay.NotSent},
		"refund, before the margin":    {request: refundOf(aRefund), after: minute + hour, want: unknown, sendAgain: true},
		"refund, after it":             {request: refundOf(aRefund), after: minute + hour + 1, want: cnpay.NotSent},
		"refund that was there":        {request: refundOf(aRefund), learnt: "seqId", after: 24 * hour, want: unknown, sendAgain: true},
		"counter, before the margin":   {request: pay, after: minute + hour, want: unknown},
		"counter, after it":            {request: pay, after: minute + hour + 1, want: cnpay.NotSent},
		"counter, before midnight":     {request: pay, after: 12*hour - 10*time.Minute - 1, want: cnpay.NotSent},
		"counter, close to midnight":   {request: pay, after: 12*hour - 10*time.Minute, want: unknown},
		"counter, at midnight":         {request: pay, after: 12 * hour, want: unknown},
		"counter, the next day":        {request: pay, after: 24 * hour, want: unknown},
		"counter, late in the evening": {request: pay, began: began.Add(11*hour + 30*minute), after: minute + hour + 1, want: unknown},
		"void of what is not there":    {request: &chinaums.CounterVoidRequest{CounterOrder: byOrderID("2026")}, after: 2 * hour, want: unknown},
		"counter's refund":             {request: &chinaums.CounterRefundRequest{CounterOrder: byOrderID("2026"), RefundRequestID: aRefund, TransactionAmount: 250}, after: 24 * hour, want: unknown},
		"close of what is not there":   {request: &chinaums.OrderCloseRequest{OrderHead: orderHead(), MerOrderID: anOrder}, after: 24 * hour, want: unknown, sendAgain: true},
		"completion of nothing":        {request: &chinaums.PreauthCompleteRequest{PreauthHead: preauthHead(), MchntOrderID: another, PreauthOrderID: anOrder, TotalAmt: 800}, after: 24 * hour, want: unknown},
		"guarantee that is not there":  {request: &chinaums.EscrowCompleteRequest{EscrowOrder: chinaums.EscrowOrder{OrderHead: orderHead(), MerOrderID: anOrder}, CompletedAmount: 1}, after: 24 * hour, want: unknown},
	} {
		t.Run(name, func(t *testing.T) {
			start := tt.began
			if start.IsZero() {
				start = began
			}
			client := offline(t, func(r *http.Request, _ string) (int, string) {
				if strings.Contains(r.URL.Path, "/poslink/") {
					return http.StatusOK, counter2
				}
				return http.StatusOK, noOrder
			}, cnpay.WithClock(func() time.Time { return start.Add(tt.after) }), cnpay.WithSchedule(cnpay.Schedule{0}))
			ticket, err := client.Ticket(tt.request)
			require.NoError(t, err)
			if !tt.unsent {
				ticket.Began = start
				if ticket.Until.IsZero() {
					ticket.Until = start.Add(minute)
				}
			}
			if tt.learnt != "" {
				ticket = ticket.With(tt.learnt, "1")
			}
			found, err := client.Settle(t.Context(), ticket)
			require.Equal(t, tt.want, cnpay.OutcomeOf(found, err), "%v", err)
			require.True(t, found.Absent)
			require.Equal(t, tt.sendAgain, found.SendAgain)
		})
	}
}

// What an answer shows that ChinaUMS has is in the ticket.
func TestTicketLearns(t *testing.T) {
	_, client := start(t)
	res, err := client.WeChat.AppOrder(t.Context(), &chinaums.WeChatAppOrderRequest{AppOrder: chinaums.AppOrder{Order: newOrder(anOrder), InstMID: chinaums.AppInstMID}})
	require.NoError(t, err)
	require.Equal(t, res.SeqID, res.Ticket.Fields["seqId"])
	require.NotEmpty(t, res.SeqID)
	code, err := client.Bills.CreateQR(t.Context(), &chinaums.BillCreateQRRequest{BillHead: billHead(), BillNo: another, BillDate: "2026-09-01", TotalAmount: 1000})
	require.NoError(t, err)
	require.Equal(t, code.BillQRCode, code.Ticket.Fields["billQRCode"])

	refusing := offline(t, func(*http.Request, string) (int, string) {
		return http.StatusOK, `{"errCode":"NO_MERCHANT","merOrderId":"` + anOrder + `","seqId":"1"}`
	})
	_, err = refusing.WeChat.AppOrder(t.Context(), &chinaums.WeChatAppOrderRequest{AppOrder: chinaums.AppOrder{Order: newOrder(anOrder), InstMID: chinaums.AppInstMID}})
	require.ErrorIs(t, err, cnpay.ErrRefused)
	require.Empty(t, cnpay.TicketOf(nil, err).Fields["seqId"], "a refusal shows nothing")
}

// A payment at the counter is asked about on its own day, and a refund on that of the payment.
func TestCounterQueriesNameTheDay(t *testing.T) {
	var asked string
	client := offline(t, func(_ *http.Request, body string) (int, string) {
		asked = body
		return http.StatusOK, counter2
	}, cnpay.WithSchedule(cnpay.Schedule{0}))
	ticket, err := client.Ticket(&chinaums.CounterVoidRequest{CounterOrder: byOrderID("2026")})
	require.NoError(t, err)
	ticket.Began = time.Date(2026, 9, 1, 16, 30, 0, 0, time.UTC) // half past midnight in Beijing
	_, _ = client.Settle(t.Context(), ticket)
	require.Contains(t, asked, `"oriTransDate":"20260902"`)

	ticket, err = client.Ticket(&chinaums.CounterRefundRequest{CounterOrder: byOrderID("2026"), RefundRequestID: aRefund, TransactionAmount: 250, OriTransDate: "20260820"})
	require.NoError(t, err)
	_, _ = client.Settle(t.Context(), ticket)
	require.Contains(t, asked, `"oriTransDate":"20260820"`)
}

// A refund whose answer is lost is carried out 20 seconds later: never Failed, sent once, Succeeded at the end. So is one
// that is carried out when the schedule is nearly over, and of one that comes after it nothing is concluded.
func TestRefundIsCarriedOutLate(t *testing.T) {
	for late, want := range map[time.Duration]cnpay.Outcome{
		0: succeeded, time.Second: succeeded, 20 * time.Second: succeeded, 121 * time.Second: succeeded, 10 * time.Minute: unknown,
	} {
		synctest.Test(t, func(t *testing.T) {
			begun, sent := time.Now(), 0
			client := offline(t, func(r *http.Request, _ string) (int, string) {
				switch {
				case r.URL.Path == "/v1/netpay/refund":
					sent++
					return 0, "connection reset"
				case time.Since(begun) < late:
					return http.StatusOK, noOrder
				}
				return http.StatusOK, `{"errCode":"SUCCESS","merOrderId":"` + anOrder + `","refundOrderId":"` + aRefund + `","refundStatus":"SUCCESS","totalAmount":250}`
			})
			res, err := client.Orders.Refund(t.Context(), refundOf(aRefund))
			require.Equal(t, unknown, cnpay.OutcomeOf(res, err))
			ticket := cnpay.TicketOf(res, err)
			for _, wait := range chinaums.BackSchedule() {
				found, err := client.Settle(t.Context(), ticket, cnpay.WithSchedule(cnpay.Schedule{wait}))
				if time.Since(begun) < late {
					require.Equal(t, unknown, cnpay.OutcomeOf(found, err), "it is still on its way")
					require.True(t, found.SendAgain)
				} else {
					require.Equal(t, succeeded, cnpay.OutcomeOf(found, err))
				}
			}
			found, err := client.Settle(t.Context(), ticket)
			require.Equal(t, want, cnpay.OutcomeOf(found, err), late)
			time.Sleep(late)
			found, err = client.Settle(t.Context(), ticket)
			require.Equal(t, succeeded, cnpay.OutcomeOf(found, err), "in the end it is there")
			require.Equal(t, 1, sent, "money is sent once")
		})
	}
}

// Every operation on money is carried out late by the gateway: before the schedule's last query, and after it. Settling never
// says Failed or NotSent, the request is sent once, and in the end it is Succeeded, or Pending of what somebody pays later.
func TestLateGateway(t *testing.T) {
	gateway, client := start(t)
	for id, make := range runs(t, gateway, client) {
		op := operation(t, id)
		if op.SettledBy == "" {
			continue
		}
		t.Run(id, func(t *testing.T) {
			for _, late := range []time.Duration{0, 15 * time.Millisecond, 50 * time.Millisecond} {
				run := make()
				before := gateway.Received(id)
				gateway.Misbehave(id, cnpaytest.Late(late))
				res, err := run(t.Context())
				require.Equal(t, unknown, cnpay.OutcomeOf(res, err))
				ticket, begun, outcome := cnpay.TicketOf(res, err), time.Now(), unknown
				for outcome != succeeded && outcome != pending {
					require.Less(t, time.Since(begun), 30*time.Second)
					found, err := client.Settle(t.Context(), ticket, cnpay.WithSchedule(cnpay.Every(10*time.Millisecond, 2)))
					outcome = cnpay.OutcomeOf(found, err)
					require.NotContains(t, []cnpay.Outcome{failed, cnpay.NotSent}, outcome, "%s: %v", late, err)
				}
				require.Equal(t, before+1, gateway.Received(id), "money is sent once")
			}
		})
	}
}

// operation is what the documents say of one.
func operation(t *testing.T, id string) cnpaytest.Operation {
	t.Helper()
	for _, op := range chinaumstest.Operations() {
		if op.ID == id {
			return op
		}
	}
	t.Fatalf("no operation %s", id)
	return cnpaytest.Operation{}
}
