package chinaums

import (
	"context"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
)

// PreauthService acts on pre-authorisations that were made as orders, by [PageWalletRequest].PreauthFlag for example.
// Those of bills are [BillsService]'s. The hold ends by itself after 30 days. This family of operations has names of its
// own for almost everything.
type PreauthService struct{ client *Client }

// PreauthHead is the head of a request about a pre-authorisation.
type PreauthHead struct {
	// ReqTs is when the request is made (报文请求时间), UTC+8, 2006-01-02 15:04:05. Empty means now.
	ReqTs string `json:"reqTs" spec:"M yyyy-MM-dd HH:mm:ss"`
	// MchntNo is the merchant number (商户号), mid elsewhere.
	MchntNo string `json:"mchntNo" spec:"M S8..32"`
	// TermNo is the terminal number (终端号), tid elsewhere.
	TermNo string `json:"termNo" spec:"M S2..32"`
	// BizType is the business type (业务类型) of the order, instMid elsewhere.
	BizType string `json:"bizType" spec:"M S8..32"`
	// AuthIDRespCode is the authorisation code (授权标识应答码), which notification and query call authIdRespCd.
	AuthIDRespCode string `json:"authIdRespCode" spec:"M S6..255"`
	// MsgID is the caller's number for the message (消息ID), echoed in the answer.
	MsgID string `json:"msgId" spec:"O S..64"`
	// SrcReserve is the caller's own text (请求系统预留字段), echoed in the answer.
	SrcReserve string `json:"srcReserve" spec:"O S..255"`
}

// PreauthResponse is the answer about a pre-authorisation or its completion. Amounts are fen.
type PreauthResponse struct {
	Response

	// RespTs is when the answer was made (报文响应时间), UTC+8, 2006-01-02 15:04:05.
	RespTs string `json:"respTs" spec:"M yyyy-MM-dd HH:mm:ss"`
	// MchntNo is the merchant number (商户号), echoed.
	MchntNo string `json:"mchntNo" spec:"M S"`
	// TermNo is the terminal number (终端号), echoed.
	TermNo string `json:"termNo" spec:"M S"`
	// BizType is the business type (业务类型), echoed.
	BizType string `json:"bizType" spec:"O S"`
	// AddiData is the order's own text (附加数据).
	AddiData string `json:"addiData" spec:"O S"`
	// PlatSsn is the platform's number (平台流水号).
	PlatSsn string `json:"platSsn" spec:"O S"`
	// StlID is the number in the clearing (清分ID).
	StlID string `json:"stlId" spec:"O S"`
	// RefID is the retrieval reference number (检索参考号).
	RefID string `json:"refId" spec:"O S"`
	// Status is the state (交易状态), TRADE_SUCCESS for example.
	Status string `json:"status" spec:"O S"`
	// SecureStatus is the state of the pre-authorisation (预授权状态): UNCOMPLETED, PARTLY_COMPLETED, ALL_COMPLETED or
	// CANCELED.
	SecureStatus string `json:"secureStatus" spec:"O S"`
	// TotalAmt is the amount (支付总金额).
	TotalAmt int64 `json:"totalAmt" spec:"O N"`
	// MchntName is the merchant's name (商户名称).
	MchntName string `json:"mchntName" spec:"O S"`
	// MchntOrderID is the order number of the request (商户订单号), echoed.
	MchntOrderID string `json:"mchntOrderId" spec:"O S..32"`
	// TargetOrderID is the channel's number (目标平台单号).
	TargetOrderID string `json:"targetOrderId" spec:"O S"`
	// TargetSys is the channel (目标系统).
	TargetSys string `json:"targetSys" spec:"O S"`
	// TargetStatus is the state there (目标平台状态).
	TargetStatus string `json:"targetStatus" spec:"O S"`
	// BuyerID is the payer at the channel (买家ID).
	BuyerID string `json:"buyerId" spec:"O S"`
	// PayMchntNo is the merchant's number at the channel (支付渠道商户号).
	PayMchntNo string `json:"payMchntNo" spec:"O S"`
	// UsrCardNo is the card (支付银行卡号).
	UsrCardNo string `json:"usrCardNo" spec:"O S pan"`
	// BankInfo is the bank (银行信息).
	BankInfo string `json:"bankInfo" spec:"O S"`
	// InvoiceAmt is what an invoice may be made out for (开票金额); text on the wire.
	InvoiceAmt int64 `json:"invoiceAmt" spec:"O N"`
	// PayTs is when it was paid (支付时间), UTC+8, 2006-01-02 15:04:05.
	PayTs string `json:"payTs" spec:"O yyyy-MM-dd HH:mm:ss"`
	// StlDate is when it is settled (结算日期), 2006-01-02.
	StlDate string `json:"stlDate" spec:"O yyyy-MM-dd"`
}

// PreauthCompleteRequest takes money of a pre-authorisation.
type PreauthCompleteRequest struct {
	PreauthHead

	// MchntOrderID is the merchant's number of this completion (商户订单号), a new one that begins with the source number.
	// Keep it: query and cancellation need it.
	MchntOrderID string `json:"mchntOrderId" spec:"M S6..32"`
	// PreauthOrderID is the order number of the pre-authorisation (预授权订单号).
	PreauthOrderID string `json:"preauthOrderId" spec:"M S6..32"`
	// TotalAmt is how much (预授权完成金额), fen; the rest of the hold is released.
	TotalAmt int64 `json:"totalAmt" spec:"M N1..9"`
	// OrderDesc describes it (订单描述).
	OrderDesc string `json:"orderDesc" spec:"O S..255"`
}

func (*PreauthCompleteRequest) operation() Operation {
	return Operation{
		ID: OpPreauthComplete, Path: "/v1/netpay/preauthed", Settle: settlePreauthComplete,
		Judge: JudgeSuccess(func(req *PreauthCompleteRequest, res *PreauthCompleteResponse) (cnpay.Outcome, error) {
			if n := res.TotalAmt; n != 0 && n != req.TotalAmt {
				return cnpay.Unknown, call.Contradiction("totalAmt %d, not %d", n, req.TotalAmt)
			}
			switch res.Status {
			case StatusTradeSuccess:
				return cnpay.Succeeded, nil
			case "", StatusNewOrder, StatusWaitBuyerPay:
				return cnpay.Pending, nil
			}
			return cnpay.Unknown, call.Contradiction("status %s decides nothing", res.Status)
		}),
	}
}

// PreauthCompleteResponse is the answer to a completion.
type PreauthCompleteResponse struct {
	PreauthResponse

	// TargetList is what it was paid from (资金渠道).
	TargetList string `json:"targetList" spec:"O S"`
	// TargetListDesc is the same in words (资金渠道说明).
	TargetListDesc string `json:"targetListDesc" spec:"O S"`
	// PayAmt is what the payer paid (实付金额), fen; text on the wire.
	PayAmt int64 `json:"payAmt" spec:"O N"`
	// BuyerUsername is the payer's name (买家用户名); the document spells it so.
	BuyerUsername string `json:"buyerUsrname" spec:"O S"`
	// CouponAmt is the discount (折扣金额), fen; text on the wire.
	CouponAmt int64 `json:"couponAmt" spec:"O N"`
	// SubBuyerID is the payer in the merchant's own app (卖家子ID).
	SubBuyerID string `json:"subBuyerId" spec:"O S"`
}

// PreauthCancelRequest releases a pre-authorisation.
type PreauthCancelRequest struct {
	PreauthHead

	// MchntOrderID is the order number of the pre-authorisation (预授权订单号).
	MchntOrderID string `json:"mchntOrderId" spec:"M S6..32"`
}

func (*PreauthCancelRequest) operation() Operation {
	return Operation{
		ID: OpPreauthCancel, Path: "/v1/netpay/preauth-cancel", Settle: settlePreauthCancel,
		Judge: func(byCode cnpay.Outcome, _, answer any) (cnpay.Outcome, error) {
			outcome, err := judgePreauthUndone(byCode, answer)
			if res, ok := answer.(*PreauthCancelResponse); ok && outcome == cnpay.Succeeded {
				switch {
				case res.SecureStatus == SecureStatusAllCompleted, res.SecureStatus == SecureStatusPartlyCompleted:
					return cnpay.Unknown, call.Contradiction("secureStatus %s", res.SecureStatus)
				case res.SecureStatus == SecureStatusUncompleted:
					return cnpay.Pending, nil
				}
			}
			return outcome, err
		},
	}
}

// PreauthCancelResponse is the answer to a cancelled pre-authorisation.
type PreauthCancelResponse struct{ PreauthResponse }

// PreauthCancelCompletionRequest gives a completion back.
type PreauthCancelCompletionRequest struct {
	PreauthHead

	// MchntOrderID is the order number of the completion (预授权完成订单号).
	MchntOrderID string `json:"mchntOrderId" spec:"M S6..32"`
}

func (*PreauthCancelCompletionRequest) operation() Operation {
	return Operation{
		ID: OpPreauthCancelCompletion, Path: "/v1/netpay/preauthed-cancel", Settle: settlePreauthCancelCompletion,
		Judge: func(byCode cnpay.Outcome, _, answer any) (cnpay.Outcome, error) {
			return judgePreauthUndone(byCode, answer)
		},
	}
}

// PreauthCancelCompletionResponse is the answer to a cancelled completion.
type PreauthCancelCompletionResponse struct{ PreauthResponse }

func (r *PreauthResponse) preauth() *PreauthResponse { return r }

// judgePreauthUndone reads the answer to a cancellation.
func judgePreauthUndone(byCode cnpay.Outcome, answer any) (cnpay.Outcome, error) {
	a, ok := answer.(interface{ preauth() *PreauthResponse })
	if !ok {
		return cnpay.Unknown, call.Contradiction("the answer is not about a pre-authorisation")
	}
	r := a.preauth()
	switch {
	case byCode != cnpay.Succeeded:
		return refusedThoughClosed(byCode, r.Status)
	case r.TotalAmt < 0:
		return cnpay.Unknown, call.Contradiction("totalAmt %d", r.TotalAmt)
	}
	return judgeUndone(r.Status)
}

// Complete takes money of a pre-authorisation, whole or a part (预授权完成, POST /v1/netpay/preauthed): "capture" in other
// SDKs. A pre-authorisation is completed once. What the same request does when it is sent again no document says.
//   - Succeeded: the money is taken.
//   - Pending: accepted; settle it.
//   - Failed: refused; nothing was taken. Once it is settled: the completion is closed, or there is none and the
//     pre-authorisation was released.
//   - Unknown: settle it. While the pre-authorisation shows UNCOMPLETED the request may still be on its way; one that was
//     completed does not say by which request.
//
//cnpay:op netpay_preauthed
func (s *PreauthService) Complete(ctx context.Context, req *PreauthCompleteRequest, opts ...cnpay.Option) (*PreauthCompleteResponse, error) {
	return do[PreauthCompleteResponse](ctx, s.client, req, opts)
}

// Cancel releases the whole of a pre-authorisation that was not completed (预授权撤销, POST /v1/netpay/preauth-cancel). What
// the same request does when it is sent again no document says.
//   - Succeeded: released.
//   - Pending: accepted; settle it.
//   - Failed: refused; the pre-authorisation is as it was.
//   - Unknown: settle it. While it shows UNCOMPLETED the request may still be on its way, and a completion can be
//     cancelled, so settling never says Failed.
//
//cnpay:op netpay_preauth_cancel
func (s *PreauthService) Cancel(ctx context.Context, req *PreauthCancelRequest, opts ...cnpay.Option) (*PreauthCancelResponse, error) {
	return do[PreauthCancelResponse](ctx, s.client, req, opts)
}

// CancelCompletion gives the whole of a completion back (预授权完成撤销, POST /v1/netpay/preauthed-cancel). A completion is
// cancelled once: a second call moves no money twice.
//   - Succeeded: given back.
//   - Pending: accepted; settle it.
//   - Failed: refused; the completion is as it was.
//   - Unknown: settle it. While the completion shows TRADE_SUCCESS the request may still be on its way, so settling never
//     says Failed. Never refund instead: the payer could be paid twice.
//
//cnpay:op netpay_preauthed_cancel
func (s *PreauthService) CancelCompletion(ctx context.Context, req *PreauthCancelCompletionRequest, opts ...cnpay.Option) (*PreauthCancelCompletionResponse, error) {
	return do[PreauthCancelCompletionResponse](ctx, s.client, req, opts)
}
