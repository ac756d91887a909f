// Package code has the tables of error codes that Upay's terminals and vendors share.
package code

import "github.com/cnpay-go/cnpay"

// Refused reads the code (通讯错误码) that comes with 400: not carried out, unless the gateway itself was in
// trouble.
func Refused(code string) cnpay.Outcome {
	switch code {
	case "UNKNOWN_SYSTEM_ERROR", "MAINTENANCE_INPROGRESS", "REQUEST_FAIL", "EXTERNAL_SERVICE_EXCEPTION",
		"PAY_STATUS_CLOSED", "SUCCESS":
		return cnpay.Unknown
	}
	return cnpay.Failed
}

// Failed reads the code (业务执行错误码) that comes with FAIL: refused, and no flow was started.
func Failed(code string) cnpay.Outcome {
	switch code {
	case "",
		"INVALID_BARCODE", "AUTHCODE_EXPIRE", "EXPIRED_BARCODE", "INSUFFICIENT_FUND", "BUYER_OVER_DAILY_LIMIT",
		"BUYER_OVER_TRANSACTION_LIMIT", "SELLER_OVER_DAILY_LIMIT", "UPAY_STORE_OVER_DAILY_LIMIT",
		"SELLER_BALANCE_NOT_ENOUGH", "ACCOUNT_BALANCE_NOT_ENOUGH", "REFUND_AMT_NOT_EQUAL_TOTAL",
		"REFUNDABLE_AMOUNT_NOT_ENOUGH", "TRADE_FAILED", "UNEXPECTED_PROVIDER_ERROR",
		"UPAY_ORDER_NOT_EXISTS", "UPAY_ORDER_NOT_EXIST", "UPAY_TERMINAL_NOT_EXISTS", "UPAY_TERMINAL_STATUS_ABNORMAL",
		"UPAY_CANCEL_INVALID_ORDER_STATE", "UPAY_REFUND_INVALID_ORDER_STATE", "UPAY_TCP_ORDER_NOT_REFUNDABLE",
		"UPAY_MERCHANT_NOT_EXISTS":
		return cnpay.Failed
	}
	// TRADE_TIMEOUT is a payment that was given up; the documents want PAY_CANCELED confirmed, so it is undecided without.
	return cnpay.Unknown // TRADE_NOT_EXIST, TRADE_HAS_SUCCESS, CLIENT_SN_CONFLICT, REFUND_REQUEST_CONFLICT, or undocumented
}
