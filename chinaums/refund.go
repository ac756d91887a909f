package chinaums

import (
	"context"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
)

// RefundOrder is what a refund says of the refund itself.
type RefundOrder struct {
	// RefundAmount is how much to give back (退款金额), fen. Of a split order it is the sum of SubOrders and
	// PlatformAmount.
	RefundAmount int64 `json:"refundAmount" spec:"M N1..9"`
	// RefundOrderID is the merchant's number of this refund (退款订单号): a new one for each, the same for a repeat. It
	// begins with the source number. The documents let one out for a single refund; then a repeat would be a second
	// refund, so it is mandatory here.
	RefundOrderID string `json:"refundOrderId" spec:"M S6..32"`
	// PlatformAmount is the platform's part of a split order's refund (平台商户退款金额), fen; less than its share, 0 is a part.
	PlatformAmount int64 `json:"platformAmount" spec:"C[subOrders] N1..9 zero"`
	// SubOrders are the parts of the others of a split order (子订单信息): one sub-merchant in a call.
	SubOrders []SubRefund `json:"subOrders" spec:"C"`
	// RefundDesc says why (退货说明).
	RefundDesc string `json:"refundDesc" spec:"O S..255"`
}

// Refunded is what an answer says of a refund.
type Refunded struct {
	// RefundStatus is the state of the refund (退款状态): SUCCESS, FAIL, PROCESSING or UNKNOWN.
	RefundStatus string `json:"refundStatus" spec:"O S"`
	// RefundOrderID is the refund's number (退款订单号), echoed.
	RefundOrderID string `json:"refundOrderId" spec:"O S"`
	// RefundTargetOrderID is the channel's number of it (目标系统退货订单号).
	RefundTargetOrderID string `json:"refundTargetOrderId" spec:"O S"`
	// RefundInvoiceAmount is what the payer really gets back (实付部分退款金额), fen.
	RefundInvoiceAmount int64 `json:"refundInvoiceAmount" spec:"O N"`
}

// RefundRoute is where the money of a refund goes.
type RefundRoute struct {
	// RefundFunds is method:fen with bars between them (退款渠道列表).
	RefundFunds string `json:"refundFunds" spec:"O S"`
	// RefundFundsDesc is the same in words (退款渠道描述).
	RefundFundsDesc string `json:"refundFundsDesc" spec:"O S"`
	// YxlmAmount is the marketing alliance's part (营销联盟优惠退款金额), fen.
	YxlmAmount int64 `json:"yxlmAmount" spec:"O N"`
}

// judge reads the answer to a refund. What was refunded of the order in all may be more than this refund, never less.
func (r *Refunded) judge(asked, answered int64) (cnpay.Outcome, error) {
	switch {
	case answered < 0 || answered != 0 && answered < asked:
		return cnpay.Unknown, call.Contradiction("refundAmount %d, not %d", answered, asked)
	case r.RefundStatus == "": // accepted, and no more is known
		return cnpay.Pending, nil
	}
	return judgeRefundStatus(r.RefundStatus)
}

// OrderRefundRequest gives an order's money back, whole or in parts.
type OrderRefundRequest struct {
	OrderHead

	// MerOrderID is the number of the order (商户订单号).
	MerOrderID string `json:"merOrderId" spec:"M S..64"`
	// TargetOrderID is the channel's number of it (目标平台单号); APP and mini program documents only.
	TargetOrderID string `json:"targetOrderId" spec:"O S..64"`
	RefundOrder
}

func (*OrderRefundRequest) operation() Operation {
	return Operation{
		ID: OpOrderRefund, Path: "/v1/netpay/refund", Settle: settleRefund,
		Judge: JudgeSuccess(func(req *OrderRefundRequest, res *OrderRefundResponse) (cnpay.Outcome, error) {
			return res.judge(req.RefundAmount, res.RefundAmount)
		}),
	}
}

// OrderRefundResponse is the answer to a refund.
type OrderRefundResponse struct {
	OrderResponse
	Refunded
	RefundRoute

	// RefundAmount is what was refunded of the order (总退款金额), fen.
	RefundAmount int64 `json:"refundAmount" spec:"O N"`
	// BillDate is in a sample only.
	BillDate string `json:"billDate" spec:"O S"`
	// InstMID is the business type (业务类型), echoed; samples only.
	InstMID string `json:"instMid" spec:"O S"`
}

// OrderQueryRefundRequest names the refund to query.
type OrderQueryRefundRequest struct {
	OrderHead

	// MerOrderID is the number of the refund (退货订单号), which was its RefundOrderID; not that of the order.
	MerOrderID string `json:"merOrderId" spec:"M S..32"`
}

func (*OrderQueryRefundRequest) operation() Operation {
	return Operation{ID: OpOrderQueryRefund, Path: "/v1/netpay/refund-query", Query: true, Repeatable: true}
}

// OrderQueryRefundResponse is the answer to a refund's query. The refund's state is RefundStatus.
type OrderQueryRefundResponse struct {
	OrderResponse
	Refunded
	RefundRoute

	// BankCardNo is the card (银行卡号), masked by the platform.
	BankCardNo string `json:"bankCardNo" spec:"O S pan"`
	// BankInfo is the bank (银行信息).
	BankInfo string `json:"bankInfo" spec:"O S"`
	// PayTime is when (交易时间), UTC+8, 2006-01-02 15:04:05.
	PayTime string `json:"payTime" spec:"O yyyy-MM-dd HH:mm:ss"`
	// SettleDate is when it is settled (结算日期), 2006-01-02.
	SettleDate string `json:"settleDate" spec:"O yyyy-MM-dd"`
	// SendBackAmount is what was really returned (实际退款金额), fen.
	SendBackAmount int64 `json:"sendBackAmount" spec:"O N"`
}

// notEchoes: merOrderId is that of the payment in the answer.
func (*OrderQueryRefundResponse) notEchoes() []string { return []string{"merOrderId"} }

func (r *OrderQueryRefundResponse) names(x *exchange) (named bool, differs string) {
	asked := x.text("merOrderId")
	return r.RefundOrderID == asked || r.RefundOrderID == "" && r.MerOrderID == asked,
		different([3]string{"refundOrderId", asked, r.RefundOrderID})
}

// OrderConfirmSplitRequest says how the money of an order is split that was made with AsynDivisionFlag.
type OrderConfirmSplitRequest struct {
	Head

	// MerOrderID is the number of the order (商户订单号).
	MerOrderID string `json:"merOrderId" spec:"M S..32"`
	// PlatformAmount is the platform merchant's own share (平台商户分账金额), fen; 0 is a share, although the table begins
	// at 1.
	PlatformAmount int64 `json:"platformAmount" spec:"M N1..9 zero"`
	// SubOrders are the shares of the others (子订单信息).
	SubOrders []SubOrder `json:"subOrders" spec:"C"`
	// Goods says the same by goods, where SubOrders is empty (商品信息).
	Goods []Goods `json:"goods" spec:"O"`
}

func (*OrderConfirmSplitRequest) operation() Operation {
	return Operation{
		ID: OpOrderConfirmSplit, Path: "/v1/netpay/sub-orders-confirm",
		Judge: JudgeSuccess(func(_ *OrderConfirmSplitRequest, res *OrderConfirmSplitResponse) (cnpay.Outcome, error) {
			switch res.AsynDivisionStatus {
			case DivisionStatusSuccess:
				return cnpay.Succeeded, nil
			case DivisionStatusFail:
				return cnpay.Failed, nil
			}
			return cnpay.Unknown, call.Contradiction("asynDivisionStatus %q decides nothing", res.AsynDivisionStatus)
		}),
	}
}

// OrderConfirmSplitResponse is the answer to a confirmed split.
type OrderConfirmSplitResponse struct {
	Response

	// MerOrderID is the order number (商户订单号), echoed.
	MerOrderID string `json:"merOrderId" spec:"O S..32"`
	// AsynDivisionStatus is success or fail (异步分账状态).
	AsynDivisionStatus string `json:"asynDivisionStatus" spec:"O S"`
	// AsynDivisionMsg says why (异步分账描述).
	AsynDivisionMsg string `json:"asynDivisionMsg" spec:"O S"`
}

// Refund gives the payer money back (退款, POST /v1/netpay/refund).
//
// A call sends the request once. The same refund sent again under the same RefundOrderID is answered with the one that
// there is already, by the documents' own words; under a new one it is a second refund. Never use a new number while the
// outcome of the old one is open.
//   - Succeeded: the money is on its way back.
//   - Pending: being processed; settle it.
//   - Failed: refused, or FAIL; nothing was given back.
//   - Unknown: settle it.
//
//cnpay:op netpay_refund
func (s *OrdersService) Refund(ctx context.Context, req *OrderRefundRequest, opts ...cnpay.Option) (*OrderRefundResponse, error) {
	return do[OrderRefundResponse](ctx, s.client, req, opts)
}

// QueryRefund reads the state of a refund by its own number (退款查询, POST /v1/netpay/refund-query). It moves no money and
// may be repeated.
//   - Answered: about this refund; its state is RefundStatus.
//   - Unknown: refused, or no answer; query again. NO_ORDER may only mean that the refund has not arrived.
//
//cnpay:op netpay_refund_query
func (s *OrdersService) QueryRefund(ctx context.Context, req *OrderQueryRefundRequest, opts ...cnpay.Option) (*OrderQueryRefundResponse, error) {
	return do[OrderQueryRefundResponse](ctx, s.client, req, opts)
}

// ConfirmSplit says how the money of an order is split (异步分账确认, POST /v1/netpay/sub-orders-confirm). The document of
// 2022 says that a share which is confirmed may not be confirmed again on another day.
//
// No query shows it, so nothing settles it: an open outcome stays open for a person. The same confirmation may be sent
// again with the same content; whether that is harmless the documents do not say.
//   - Succeeded: confirmed.
//   - Failed: refused, or fail; nothing was confirmed.
//   - Unknown: ask ChinaUMS.
//
//cnpay:op sub_orders_confirm
func (s *OrdersService) ConfirmSplit(ctx context.Context, req *OrderConfirmSplitRequest, opts ...cnpay.Option) (*OrderConfirmSplitResponse, error) {
	return do[OrderConfirmSplitResponse](ctx, s.client, req, opts)
}
