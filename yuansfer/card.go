package yuansfer

import (
	"context"

	"github.com/cnpay-go/cnpay"
)

// CardsService charges cards and wallets through Braintree (信用卡).
type CardsService struct{ client *Client }

// CardPayRequest charges the payer of an order of [PagesService.Cashier] with Terminal YIP or APP.
type CardPayRequest struct {
	Sender

	// PaymentMethodNonce is from Braintree's SDK, good for one charge (支付令牌).
	PaymentMethodNonce string `json:"paymentMethodNonce" spec:"M S secret"`
	// PaymentMethod is what is charged (支付方式).
	PaymentMethod string `json:"paymentMethod" spec:"M credit_card|paypal_account|venmo_account|android_pay_card|apple_pay_card"`
	// TransactionNo is Yuansfer's number of the order (Yuansfer系统中的交易ID).
	TransactionNo string `json:"transactionNo" spec:"M PLAIN"`
	// CustomerNo is Yuansfer's number of the customer (客户号); Yuansfer's Go SDK has it.
	CustomerNo string `json:"customerNo" spec:"O S"`
	// DeviceData is from Braintree's SDK.
	DeviceData string `json:"deviceData" spec:"O S"`
}

func (*CardPayRequest) operation() Operation {
	return Operation{ID: OpCardPay, Path: "/creditpay/v3/process", Judge: judgePayment, Settle: settleCharge}
}

// CardUpdateRecurringRequest changes a schedule of charges, or ends it.
type CardUpdateRecurringRequest struct {
	Sender

	// ScheduleNo is Yuansfer's number of the schedule (计划ID).
	ScheduleNo string `json:"scheduleNo" spec:"M PLAIN"`
	// PaymentCount is how often the card is charged in all (扣款次数), as text: more than now, or "0", which is without end.
	PaymentCount string `json:"paymentCount" spec:"C[!status] N"`
	// Status ends the schedule.
	Status string `json:"status" spec:"C =CANCELLED"`
}

func (*CardUpdateRecurringRequest) operation() Operation {
	return Operation{ID: OpCardUpdateRecurring, Path: "/creditpay/v3/update-recurring", Judge: judgeRevoke, Settle: settleUpdateRecurring}
}

// CardPayResponse is the answer to a charge.
type CardPayResponse struct {
	Response

	// Result is the payment (结果对象).
	Result CardPayment `json:"result" spec:"C"`
}

// CardPayment is a payment through Braintree.
type CardPayment struct {
	Order

	// SupUserID is the payer's card or wallet, masked.
	SupUserID string `json:"supUserid" spec:"O S"`
	// VendorID is the number at the channel.
	VendorID string `json:"vendorId" spec:"O S"`
	// PaymentTime is when it was paid, yyyy-MM-ddTHH:mm:ssZ.
	PaymentTime string `json:"paymentTime" spec:"O S"`
	// Status is the state of the payment (交易状态).
	Status string `json:"status" spec:"M S"`
}

// CardUpdateRecurringResponse is the answer to a change of a schedule: a code and nothing else.
type CardUpdateRecurringResponse struct{ Response }

// Pay charges the payer of an order (Braintree付款, POST /creditpay/v3/process). A nonce is good for one charge.
//   - Succeeded: paid.
//   - Pending: accepted; a notification or settling says how it ended.
//   - Failed: refused, or the payment has failed or is closed; nothing was charged.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: settle it, by default on [BackSchedule]. An order that is still init proves nothing: the charge may be on its
//     way.
//
//cnpay:op creditpay_process
func (s *CardsService) Pay(ctx context.Context, req *CardPayRequest, opts ...cnpay.Option) (*CardPayResponse, error) {
	return do[CardPayResponse](ctx, s.client, req, opts)
}

// UpdateRecurring changes or ends a schedule of charges (自动扣款修改, POST /creditpay/v3/update-recurring). It moves no money
// itself, but a schedule that goes on does.
//   - Succeeded: changed.
//   - Failed: refused; the schedule is as it was.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: settle it, which sends the same values again until they are accepted: there is no query. A refused repeat says
//     nothing about the request before it, so the settled outcome is never Failed.
//
//cnpay:op creditpay_update_recurring
func (s *CardsService) UpdateRecurring(ctx context.Context, req *CardUpdateRecurringRequest, opts ...cnpay.Option) (*CardUpdateRecurringResponse, error) {
	return do[CardUpdateRecurringResponse](ctx, s.client, req, opts)
}

func settleUpdateRecurring(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	return settleRepeat[CardUpdateRecurringResponse](c, t, &CardUpdateRecurringRequest{
		Sender: senderOf(t), ScheduleNo: t.Fields["scheduleNo"], PaymentCount: t.Fields["paymentCount"], Status: t.Fields["status"],
	}, opts)
}
