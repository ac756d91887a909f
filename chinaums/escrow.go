package chinaums

import (
	"context"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
)

// EscrowService ends guarantees (担保交易): orders and bills that were made with SecureTransaction. What nobody ends goes
// back to the payer after 30 days.
type EscrowService struct{ client *Client }

// EscrowOrder names the order whose guarantee ends.
type EscrowOrder struct {
	OrderHead

	// MerOrderID is the number of the order (商户订单号); of a bill that of its payment.
	MerOrderID string `json:"merOrderId" spec:"M S..32"`
	// BillNo is the number of the bill (账单号), where MerOrderID is that of its payment. It is not sent: settling the
	// guarantee of a bill needs it. Empty means MerOrderID.
	BillNo string `json:"billNo" spec:"O S..31 unsent"`
	// BillDate is the date of the bill (账单日期), 2006-01-02. It is not sent: settling the guarantee of a bill needs it.
	BillDate string `json:"billDate" spec:"C[instMid=QRPAYDEFAULT] yyyy-MM-dd unsent"`
}

// EscrowCompleteRequest takes the guaranteed money.
type EscrowCompleteRequest struct {
	EscrowOrder

	// CompletedAmount is how much (担保完成金额), fen; the rest goes back to the payer.
	CompletedAmount int64 `json:"completedAmount" spec:"M N1..9"`
}

func (*EscrowCompleteRequest) operation() Operation {
	return Operation{
		ID: OpEscrowComplete, Path: "/v1/netpay/secure-complete", Settle: settleEscrowComplete,
		Judge: JudgeSuccess(func(req *EscrowCompleteRequest, res *EscrowCompleteResponse) (cnpay.Outcome, error) {
			switch res.SecureStatus {
			case SecureStatusAllCompleted, SecureStatusPartlyCompleted:
				if n := res.CompletedAmount; n != 0 && n != req.CompletedAmount {
					return cnpay.Unknown, call.Contradiction("completedAmount %d, not %d", n, req.CompletedAmount)
				}
				return cnpay.Succeeded, nil
			case "", SecureStatusUncompleted:
				return cnpay.Pending, nil
			}
			return cnpay.Unknown, call.Contradiction("secureStatus %s", res.SecureStatus)
		}),
	}
}

// EscrowResponse is the answer about a guarantee.
type EscrowResponse struct {
	OrderResponse

	// SecureStatus is the state of the guarantee (担保状态): UNCOMPLETED, PARTLY_COMPLETED, ALL_COMPLETED or CANCELED.
	SecureStatus string `json:"secureStatus" spec:"O S"`
	// CompletedAmount is the completed part (担保完成金额), fen.
	CompletedAmount int64 `json:"completedAmount" spec:"O N"`
	// CardAttr is the kind of card or wallet, BALANCE in the sample.
	CardAttr string `json:"cardAttr" spec:"O S"`
}

// EscrowCompleteResponse is the answer to a completed guarantee.
type EscrowCompleteResponse struct{ EscrowResponse }

// EscrowCancelRequest gives the guaranteed money back.
type EscrowCancelRequest struct{ EscrowOrder }

func (*EscrowCancelRequest) operation() Operation {
	return Operation{
		ID: OpEscrowCancel, Path: "/v1/netpay/secure-cancel", Settle: settleEscrowCancel,
		Judge: JudgeSuccess(func(_ *EscrowCancelRequest, res *EscrowCancelResponse) (cnpay.Outcome, error) {
			switch res.SecureStatus {
			case SecureStatusCanceled:
				return cnpay.Succeeded, nil
			case "", SecureStatusUncompleted:
				return cnpay.Pending, nil
			}
			return cnpay.Unknown, call.Contradiction("secureStatus %s", res.SecureStatus)
		}),
	}
}

// EscrowCancelResponse is the answer to a cancelled guarantee.
type EscrowCancelResponse struct{ EscrowResponse }

// Complete takes the guaranteed money of an order, whole or a part (担保完成, POST /v1/netpay/secure-complete). One
// completion decides the order: the rest goes back to the payer. What a repeat does no document says.
//   - Succeeded: completed with the amount asked for.
//   - Pending: accepted; settle it.
//   - Failed: refused; nothing was taken. Once it is settled: the guarantee was cancelled.
//   - Unknown: settle it. While the guarantee shows UNCOMPLETED the request may still be on its way.
//
//cnpay:op secure_complete
func (s *EscrowService) Complete(ctx context.Context, req *EscrowCompleteRequest, opts ...cnpay.Option) (*EscrowCompleteResponse, error) {
	return do[EscrowCompleteResponse](ctx, s.client, req, opts)
}

// Cancel gives the guaranteed money of an order back to the payer (担保撤销, POST /v1/netpay/secure-cancel). A second call is
// answered HAS_CANCELLED and moves nothing.
//   - Succeeded: cancelled.
//   - Pending: accepted; settle it.
//   - Failed: refused; the guarantee is as it was. Once it is settled: it was completed.
//   - Unknown, with HAS_CANCELLED too: settle it.
//
//cnpay:op secure_cancel
func (s *EscrowService) Cancel(ctx context.Context, req *EscrowCancelRequest, opts ...cnpay.Option) (*EscrowCancelResponse, error) {
	return do[EscrowCancelResponse](ctx, s.client, req, opts)
}
