package chinaums

// The codes of an answer (errCode): of the platform (平台错误码), and of the gateway before it. What no document has is
// undecided.
const (
	CodeSuccess = "SUCCESS"

	// Refused: the request changed nothing.
	CodeBadRequest            = "BAD_REQUEST"
	CodeNoService             = "NO_SERVICE"
	CodeNoOrder               = "NO_ORDER" // of a query: not known, or not yet visible
	CodeOperationNotAllowed   = "OPERATION_NOT_ALLOWED"
	CodeNoMerchant            = "NO_MERCHANT"
	CodeInactiveMerchant      = "INACTIVE_MERCHANT"
	CodeAbnormalRequestTime   = "ABNORMAL_REQUEST_TIME"
	CodeBadSign               = "BAD_SIGN"
	CodeInvalidMsgSrc         = "INVALID_MSGSRC"
	CodeNoCrossDayTrading     = "NO_CROSS_DAY_TRADING"
	CodeDeniedIP              = "DENIED_IP"
	CodeInvalidMerchantConfig = "INVALID_MERCHANT_CONFIG"
	CodeInvlidMerchantConfig  = "INVLID_MERCHANT_CONFIG" // as the documents spell it

	// Undecided: the order may have been carried out, or an earlier request may.
	CodeInternalError   = "INTERNAL_ERROR"
	CodeTimeout         = "TIMEOUT"
	CodeNetError        = "NET_ERROR"
	CodeDupOrder        = "DUP_ORDER"
	CodeOrderProcessing = "ORDER_PROCESSING" // held by another operation, for about a minute
	CodeTargetFail      = "TARGET_FAIL"
	CodeInvalidResponse = "INVALID_RESPONSE"
	CodeTxnDiscarded    = "TXN_DISCARDED"
	CodeInvalidOrder    = "INVALID_ORDER"
	CodeHasCancelled    = "HAS_CANCELLED"

	CodeGatewayAccepted     = "0000" // taken, and the platform has not spoken
	CodeGatewayUnauthentic  = "1000" // 认证失败
	CodeGatewayUnauthorised = "1001" // 授权失败
	CodeGatewayParameters   = "9001" // 参数校验失败
)

// The codes of an answer at the counter (errCode of poslink) that decide. Any other is undecided.
const (
	CounterCodeSuccess        = "00" // of a query: the query succeeded
	CounterCodeNoMerchant     = "03"
	CounterCodeWrongAmount    = "13"
	CounterCodeNoOriginal     = "22" // of a query: not known, or not yet visible; so is 25
	CounterCodeOriginalLost   = "25"
	CounterCodeFormat         = "30"
	CounterCodeNotAllowed     = "57"
	CounterCodeLimit          = "61"
	CounterCodeOriginalAmount = "64"
	CounterCodeNoTerminal     = "97"
)

// The states of an order or of one movement of a bill's money (交易状态, status).
const (
	StatusNewOrder     = "NEW_ORDER"
	StatusUnknown      = "UNKNOWN"
	StatusWaitBuyerPay = "WAIT_BUYER_PAY"
	StatusTradeSuccess = "TRADE_SUCCESS"
	StatusTradeRefund  = "TRADE_REFUND" // paid, and given back whole or in part
	StatusTradeClosed  = "TRADE_CLOSED" // it holds no money: never paid, failed, or given back whole
)

// The states of a bill (账单状态, billStatus).
const (
	BillStatusPaid    = "PAID"
	BillStatusUnpaid  = "UNPAID"
	BillStatusRefund  = "REFUND" // paid, and given back whole or in part
	BillStatusClosed  = "CLOSED"
	BillStatusUnknown = "UNKNOWN"
)

// The states of a refund (退款状态, refundStatus).
const (
	RefundStatusSuccess    = "SUCCESS"
	RefundStatusFail       = "FAIL"
	RefundStatusProcessing = "PROCESSING"
	RefundStatusUnknown    = "UNKNOWN"
)

// The states of a guarantee or a pre-authorisation (担保状态, secureStatus).
const (
	SecureStatusUncompleted     = "UNCOMPLETED"
	SecureStatusPartlyCompleted = "PARTLY_COMPLETED"
	SecureStatusAllCompleted    = "ALL_COMPLETED"
	SecureStatusCanceled        = "CANCELED"
)

// The states of a confirmed split (异步分账状态, asynDivisionStatus).
const (
	DivisionStatusSuccess = "success"
	DivisionStatusFail    = "fail"
)

// The states of a payment at the counter (查询结果, queryResCode), and that of a refund there that was made.
const (
	CounterStatePaid     = "0"
	CounterStateTimeout  = "1"
	CounterStateVoided   = "2"
	CounterStateRefunded = "3" // paid, and given back whole or in part
	CounterStateReversed = "4"
	CounterStateFailed   = "5" // text may follow
	CounterStateUnclear  = "FF"

	CounterRefundMade = "00"
)
