package upay

// The states of an order (订单状态, order_status) that a query or a notification can show. What any
// other text means is not documented.
const (
	OrderStatusCreated          = "CREATED"           // made, or being paid (支付中)
	OrderStatusPaid             = "PAID"              // paid (支付成功); a revoke or a refund can still change it
	OrderStatusPayCanceled      = "PAY_CANCELED"      // not paid: failed and reversed, or timed out (支付失败并已冲正); final
	OrderStatusPayError         = "PAY_ERROR"         // failed, and it is not certain that it was reversed: ask Upay's support
	OrderStatusRefunded         = "REFUNDED"          // the whole amount was given back (全额退款); final
	OrderStatusPartialRefunded  = "PARTIAL_REFUNDED"  // a part of it was (部分退款)
	OrderStatusRefundInProgress = "REFUND_INPROGRESS" // a refund is being carried out (退款中)
	OrderStatusRefundError      = "REFUND_ERROR"      // a refund failed, and its end at the channel is not certain (退款失败)
	OrderStatusCanceled         = "CANCELED"          // revoked or cancelled (撤单成功); final
	OrderStatusCancelInProgress = "CANCEL_INPROGRESS" // a revoke is being carried out (撤单中)
	OrderStatusCancelError      = "CANCEL_ERROR"      // a revoke failed, and its end at the channel is not certain (撤单失败)
)

// The states of an order's latest transaction (流水状态, status) that decide; those of a failure that is not certain at the
// channel (FAIL_PROTOCOL_1, FAIL_IO_1, FAIL_ERROR ...) do not.
const (
	StatusSuccess      = "SUCCESS"       // carried out, at Upay and at the channel
	StatusFailCanceled = "FAIL_CANCELED" // failed at both
	StatusInProgress   = "IN_PROG"       // being carried out
	StatusCreated      = "CREATED"       // made
)

// The states of a step of a pre-authorisation (status) that decide. Upay writes UNKNOWN as UNKOWN too.
const (
	PreauthStatusSuccess = "SUCCESS" // carried out
	PreauthStatusInit    = "INIT"    // made, or waiting for the payer
	PreauthStatusClosed  = "CLOSED"  // it failed, or nobody paid in time
)
