package yuansfer

import (
	"context"

	"github.com/cnpay-go/cnpay"
)

// InStoreService takes payments at the till (线下支付).
type InStoreService struct{ client *Client }

// InStoreAddRequest makes an order at the till, which PayByCode then charges.
type InStoreAddRequest struct {
	Clerk
	NewOrder

	// IpnURL is where Yuansfer sends the [PaymentNotification] (异步通知地址); Yuansfer's Go SDK has it.
	IpnURL string `json:"ipnUrl" spec:"O S"`
}

func (*InStoreAddRequest) operation() Operation {
	return Operation{ID: OpInStoreAdd, Path: "/app-instore/v3/add", NoMoney: true, Judge: judgeAdd, Settle: settleAdd}
}

// InStorePayByCodeRequest charges the code that the customer shows.
type InStorePayByCodeRequest struct {
	Clerk
	OrderKey

	// PaymentBarcode is the text of the customer's code (付款码), good for one charge.
	PaymentBarcode string `json:"paymentBarcode" spec:"M S secret"`
	// Vendor is the wallet (付款渠道). Empty means what the code says.
	Vendor string `json:"vendor" spec:"O S"`
}

func (*InStorePayByCodeRequest) operation() Operation {
	return Operation{ID: OpInStorePayByCode, Path: "/app-instore/v3/prepay", Judge: judgePayment, Settle: settleAtTill}
}

// InStoreCreateQRRequest makes a code that the customer scans.
type InStoreCreateQRRequest struct {
	Clerk
	NewOrder

	// Vendor is the wallet (付款渠道): alipay, wechatpay or cashapppay.
	Vendor string `json:"vendor" spec:"M S"`
	// IpnURL is where Yuansfer sends the [PaymentNotification] (异步通知地址).
	IpnURL string `json:"ipnUrl" spec:"O S"`
	// NeedQRCode asks for Result.QRCodeURL, an image (是否需要二维码). The pages disagree about what empty means: say it.
	NeedQRCode string `json:"needQrcode" spec:"O true|false"`
}

func (*InStoreCreateQRRequest) operation() Operation {
	return Operation{ID: OpInStoreCreateQR, Path: "/app-instore/v3/create-trans-qrcode", Judge: judgeOrder, Settle: settlePaidLater}
}

// InStoreAddResponse is the answer with the new order.
type InStoreAddResponse struct{ TransactionResponse }

// InStorePayByCodeResponse is the answer to a charge.
type InStorePayByCodeResponse struct{ TransactionResponse }

// TransactionResponse is an answer with a transaction.
type TransactionResponse struct {
	Response

	// Result is the transaction (交易对象); empty when the call was refused.
	Result Transaction `json:"result" spec:"C"`
}

// InStoreCreateQRResponse is the answer with the code.
type InStoreCreateQRResponse struct {
	Response

	// Result is the order (结果对象).
	Result QROrder `json:"result" spec:"C"`
}

// QROrder is an order that waits for somebody who scans its code.
type QROrder struct {
	Order

	// DeepLink is what the code holds (支付链接): draw it.
	DeepLink string `json:"deepLink" spec:"O S"`
	// Timeout is how long the order can be paid (超时时间), minutes.
	Timeout string `json:"timeout" spec:"O S"`
	// QRCodeURL is an image of the code (二维码地址), where NeedQRCode asked for one.
	QRCodeURL string `json:"qrcodeUrl" spec:"O S"`
	// Status is in no published answer.
	Status string `json:"status" spec:"O S"`
}

// Add makes an order at the till (添加, POST /app-instore/v3/add). It moves no money, and nobody can pay the order but by
// PayByCode.
//   - Succeeded: the order is there; call PayByCode with its number.
//   - Failed: refused; there is no order.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: settle it, or add again with a new Reference: nothing is charged.
//
//cnpay:op instore_add
func (s *InStoreService) Add(ctx context.Context, req *InStoreAddRequest, opts ...cnpay.Option) (*InStoreAddResponse, error) {
	return do[InStoreAddResponse](ctx, s.client, req, opts)
}

// PayByCode charges the code that the customer shows (支付, POST /app-instore/v3/prepay) for an order of Add.
//   - Succeeded: paid.
//   - Pending: the customer is yet to confirm in the wallet; settle it.
//   - Failed: refused, or the payment has failed or is closed; nothing was charged.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: settle it, by default on [TillSchedule]. An order that is still init proves nothing: the charge may be on its
//     way. Where the till gives up, [TransactionsService.Cancel] ends the order, and gives the money back if it was paid after
//     all.
//
//cnpay:op instore_prepay
func (s *InStoreService) PayByCode(ctx context.Context, req *InStorePayByCodeRequest, opts ...cnpay.Option) (*InStorePayByCodeResponse, error) {
	return do[InStorePayByCodeResponse](ctx, s.client, req, opts)
}

// CreateQR makes an order and the code that the customer scans (创建二维码, POST /app-instore/v3/create-trans-qrcode). No money
// moves until somebody pays.
//   - Pending: the order is there; draw Result.DeepLink. Succeeded, once it is settled: paid.
//   - Failed: refused; there is no order. Once it is settled: the payment has failed, or the order was closed or has run out.
//   - NotSent: nothing left this machine; once it is settled: Yuansfer has no such order and can get it no more.
//   - Unknown: settle it, by default on [PayerSchedule]. A new order has a new Reference.
//
//cnpay:op instore_create_trans_qrcode
func (s *InStoreService) CreateQR(ctx context.Context, req *InStoreCreateQRRequest, opts ...cnpay.Option) (*InStoreCreateQRResponse, error) {
	return do[InStoreCreateQRResponse](ctx, s.client, req, opts)
}
