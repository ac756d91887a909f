package umpay

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
)

// PreauthService acts on card pre-authorisations (预授权).
type PreauthService struct{ client *Client }

// NewOrderID makes an order number by the plugin's own rule: the time, Beijing, to the millisecond
// (yyMMddHHmmssSSS) and the terminal's number. A terminal runs one operation at a time, so that is one number each.
// Store it before the operation.
func NewOrderID(posSN string, now time.Time) string {
	now = now.In(cnpay.Beijing())
	return fmt.Sprintf("%s%03d%s", now.Format("060102150405"), now.Nanosecond()/int(time.Millisecond), posSN)
}

// ReverseRequest names the pre-authorisation to reverse. All but ID is the plugin's AuthReversRequest.
type ReverseRequest struct {
	// ID is this attempt's: the bridge never runs one id twice. Make it with [NewCommandID] and store it, with the
	// rest of the request, before the attempt.
	ID string `json:"id" spec:"M S1..64"`
	// Amount is the amount to reverse (金额) in fen, that of the pre-authorisation. It is a 32-bit number there.
	Amount int64 `json:"amount" spec:"M N"`
	// UPayTrace is the voucher number of the pre-authorisation (预授权的凭证号), as its callback gave it: text, because
	// zeros may lead. The page's sample calls it a batch number (批次号), which is another thing, and gives no length;
	// the plugin's other pages do.
	UPayTrace string `json:"uPayTrace" spec:"M S..6"`
	// OrderID is the merchant's order number (商户订单号) of the reversal, shorter than 64 characters; see
	// [NewOrderID]. Where it is empty the plugin makes one. Other pages allow 64.
	OrderID string `json:"orderId,omitempty" spec:"O S..63"`
}

func (r *ReverseRequest) reference() (id, order string) { return r.ID, r.OrderID }

func (r *ReverseRequest) conditions() []cnpay.Fault {
	faults := usableID(r.ID)
	if r.Amount > math.MaxInt32 {
		faults = append(faults, cnpay.Fault{Field: "amount", Problem: "must be at most 2147483647"})
	}
	return faults
}

func (r *ReverseRequest) object() any {
	return struct {
		Amount    int64  `json:"amount"`
		UPayTrace string `json:"uPayTrace"`
		OrderID   string `json:"orderId,omitempty"`
	}{r.Amount, r.UPayTrace, r.OrderID}
}

// belongs refuses an event about another order, amount or voucher. The bridge has echoed the id, so what it left out
// is not missed.
func (r *ReverseRequest) belongs(c *Client, e *Event, verdict cnpay.Verdict) error {
	var asked ReverseRequest // as the plugin was
	if e.Request != nil {
		if _, err := c.fields.DecodeJSON(e.Request, &asked); err != nil {
			return fmt.Errorf("request: %w", err)
		}
	}
	var done ReverseResult
	if e.Result != nil {
		if _, err := c.fields.DecodeJSON(e.Result, &done); err != nil {
			return fmt.Errorf("result: %w", err)
		}
	}
	doneAmount := r.Amount
	if text := strings.TrimSpace(done.Amount); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil && verdict.Outcome == cnpay.Succeeded {
			return fmt.Errorf("%w: result.amount is not in fen", cnpay.ErrMismatch)
		}
		if err == nil {
			doneAmount = n
		}
	}
	switch {
	case differ(r.Amount, asked.Amount):
		return fmt.Errorf("%w: request.amount differs", cnpay.ErrMismatch)
	case differ(r.UPayTrace, asked.UPayTrace):
		return fmt.Errorf("%w: request.uPayTrace differs", cnpay.ErrMismatch)
	case differ(r.OrderID, asked.OrderID):
		return fmt.Errorf("%w: request.orderId differs", cnpay.ErrMismatch)
	case differ(r.OrderID, done.OrderID):
		return fmt.Errorf("%w: result.orderId differs", cnpay.ErrMismatch)
	case r.Amount != 0 && r.Amount != doneAmount:
		return fmt.Errorf("%w: result.amount differs", cnpay.ErrMismatch)
	}
	return nil
}

// differ compares what both sides gave.
func differ[T comparable](ours, theirs T) bool {
	var none T
	return ours != none && theirs != none && ours != theirs
}

// ReverseResult is the plugin's CardPreAuthReverResponse, in the order of its table. Any field but Message and Code
// may be empty, and where the plugin gave up, or its answer could not be read on the terminal, all of them.
type ReverseResult struct {
	// Message is text for people (响应信息), in Chinese.
	Message string `json:"message" spec:"R S"`
	// Code is the result or progress code (返回码). Zero may also mean that there was none.
	Code int64 `json:"code" spec:"R N"`
	// OrderID is the merchant's order number (订单id), the plugin's own where the request had none.
	OrderID string `json:"orderId" spec:"O S"`
	// Amount is in fen (金额, 单位：分), decimal text.
	Amount string `json:"amount" spec:"O N"`
	// CardPayType is how the card was read (银行卡类型): CT magnetic stripe (磁条卡), IC chip (IC卡), YS phone
	// (云闪付, Apple Pay), YSIC contactless card (银行卡闪付).
	CardPayType string `json:"cardPayType" spec:"O S"`
	// PayType is the same, older and coarser: CT, IC, YS (闪付卡, 云闪付, Apple Pay).
	PayType string `json:"payType" spec:"O S"`
	// TradeNo is UMPay's number of the transaction (平台处理流水).
	TradeNo string `json:"tradeNo" spec:"O S"`
	// PlatDate is UMPay's date (平台日期). The page gives no form; yyyyMMdd and MMdd have been seen.
	PlatDate string `json:"platDate" spec:"O S"`
	// PlatTime is UMPay's time (平台时间), HHmmss.
	PlatTime string `json:"platTime" spec:"O S"`
	// PaySeq is the retrieval reference number (参考号), which belongs on the slip.
	PaySeq string `json:"paySeq" spec:"O S"`
	// UnionPayMerID is the merchant's number at UnionPay (商户编号).
	UnionPayMerID string `json:"unionPayMerId" spec:"O S"`
	// UnionPayPosID is the terminal's number at UnionPay (终端编号).
	UnionPayPosID string `json:"unionPayPosId" spec:"O S"`
	// UMerID is the merchant's number at UMPay (U付商户号).
	UMerID string `json:"uMerId" spec:"O S"`
	// UPosID is the terminal's number at UMPay (U付终端号).
	UPosID string `json:"uPosId" spec:"O S"`
	// BankName is the issuing bank's (发卡行).
	BankName string `json:"bankName" spec:"O S"`
	// Account is the card number: the plugin gives it in clear (明文卡号), and here are its first six and last four
	// digits.
	Account string `json:"account" spec:"O S"`
	// CardExpiryDate is always empty: the plugin gives the card's expiry date (卡有效期), and it is dropped on arrival.
	CardExpiryDate string `json:"cardExpiryDate,omitempty" spec:"O S"`
	// UPayTrace is the voucher number (凭证号).
	UPayTrace string `json:"uPayTrace" spec:"O S"`
	// BatchID is the batch number (批次号).
	BatchID string `json:"batchId" spec:"O S"`
	// AuthCode is the issuer's authorisation code (授权码).
	AuthCode string `json:"authCode" spec:"O S"`
	// StateCode is the code of UMPay's back-end (后台返回的状态码), on failure.
	StateCode string `json:"stateCode" spec:"O S"`
	// MsgToUser is what to show the customer (错误用户提示), on failure.
	MsgToUser string `json:"msgToUser" spec:"O S"`
	// MsgDesc explains it to the staff (解释口径), on failure.
	MsgDesc string `json:"msgDesc" spec:"O S"`
}

// ReverseResponse is the answer to a reversal. Its Raw is without card data, as all of it is.
type ReverseResponse struct {
	cnpay.Answer
	// Event is what the terminal reported. Where the bridge gave no event, its ID alone is filled in.
	Event Event `json:"event"`
	// Result is the plugin's callback object in the event.
	Result ReverseResult `json:"result"`
}

func (r *ReverseResponse) parts() (*cnpay.Answer, *Event, any) { return &r.Answer, &r.Event, &r.Result }

// Reverse has the terminal give a card pre-authorisation back (预授权撤销, the plugin's cardPreAuthRever by
// POST /v1/commands): the whole amount that the pre-authorisation holds on the card is released. Somebody at the
// terminal swipes the card and types the PIN, so the call may take three minutes.
//
// A repeat under the same ID runs nothing a second time and returns the stored outcome. A second ID is a second
// reversal: choose one only when the first has Failed.
//   - Succeeded: the terminal says that the reversal is done.
//   - Failed: refused by the plugin or the bridge; the pre-authorisation still holds the amount.
//   - NotSent: call again with the same ID.
//   - Unknown, Pending: call SettleReverse. The plugin has no query for a reversal, so one that the terminal itself
//     ends with onReverUnknown may stay Unknown: leave it open until the settlement file or UMPay's support decides.
//
//cnpay:op plugin_card_pre_auth_rever
func (s *PreauthService) Reverse(ctx context.Context, req *ReverseRequest, opts ...cnpay.Option) (*ReverseResponse, error) {
	return call[ReverseResponse](ctx, s.client, operation{id: "plugin_card_pre_auth_rever", op: opReverse}, req, opts)
}

// SettleReverse asks the bridge, on [ReverseSchedule], until it is known what became of a reversal. It needs the
// request's ID; the other fields are compared where they are filled in.
//
// NotSent means that the command never reached the terminal: Reverse may be called again with the same ID.
func (s *PreauthService) SettleReverse(ctx context.Context, req *ReverseRequest, opts ...cnpay.Option) (*cnpay.Settlement[*CommandResponse], error) {
	var r ReverseRequest
	if req != nil {
		r = *req
	}
	subject := cnpay.Subject{Provider: "umpay", Operation: "plugin_card_pre_auth_rever", Order: r.OrderID}
	if subject.Order == "" {
		subject.Order = r.ID
	}
	ask := &CommandRequest{ID: r.ID}
	if faults := append(s.client.fields.Check(ask), ask.conditions()...); faults != nil {
		return &cnpay.Settlement[*CommandResponse]{}, &cnpay.Error{Subject: subject, Err: &cnpay.InvalidRequestError{Faults: faults}}
	}
	schedule := s.client.settings.With(opts...).Schedule
	if schedule == nil {
		schedule = ReverseSchedule()
	}
	var reversal reversal
	return cnpay.Settle(ctx, subject, schedule, func(ctx context.Context) (*CommandResponse, cnpay.Verdict, error) {
		res, err := s.client.Commands.Get(ctx, ask, opts...)
		if err != nil && (res == nil || res.State == "") {
			return nil, cnpay.Verdict{}, err
		}
		verdict := reversal.verdict(res)
		if res.State == CommandFinished {
			if res.Event.Op != opReverse {
				return nil, cnpay.Verdict{}, fmt.Errorf("%w: op differs", cnpay.ErrMismatch)
			}
			if err := r.belongs(s.client, &res.Event, verdict); err != nil {
				return nil, cnpay.Verdict{}, err
			}
		}
		return res, verdict, nil
	})
}
