package umpay

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/spec"
)

// PreauthService acts on card pre-authorisations (预授权).
type PreauthService struct{ client *Client }

// NewOrderID makes an order number by the rule of the plugin, which makes one where the request has none: the time,
// Beijing, to the millisecond (yyMMddHHmmssSSS) and the terminal's serial number. Store it before the operation.
//
// Two calls for one terminal within the same millisecond return the same number, in one process or in several. Where
// that can happen, number the terminal's operations in one place, or use order numbers of your own: the plugin accepts
// any text shorter than 64 characters. The number does not keep an attempt from running twice; the command's ID does.
func NewOrderID(posSN string, now time.Time) string {
	now = now.In(cnpay.Beijing())
	return fmt.Sprintf("%s%03d%s", now.Format("060102150405"), now.Nanosecond()/int(time.Millisecond), posSN)
}

// PreauthCancelRequest names the pre-authorisation to cancel. All but ID is the plugin's AuthReversRequest.
type PreauthCancelRequest struct {
	// ID is this attempt's: the bridge never runs one id twice. Make it with [NewCommandID] and store it, with the
	// rest of the request, before the attempt.
	ID string `json:"id" spec:"M S1..64"`
	// Amount is the amount to release (金额) in fen, that of the pre-authorisation. The plugin has a 32-bit number.
	Amount int64 `json:"amount" spec:"M N"`
	// UPayTrace is the voucher number of the pre-authorisation (预授权的凭证号), as in its callback: text, because it may
	// begin with zeros. The page's sample calls it a batch number (批次号), which is another field, and has no length;
	// the plugin's other pages have it.
	UPayTrace string `json:"uPayTrace" spec:"M S..6"`
	// OrderID is the merchant's order number (商户订单号) of the cancellation, shorter than 64 characters; see
	// [NewOrderID]. Where it is empty the plugin makes one. Other pages allow 64.
	OrderID string `json:"orderId,omitempty" spec:"O S..63"`
}

func (r *PreauthCancelRequest) reference() (id, order string) { return r.ID, r.OrderID }

func (r *PreauthCancelRequest) conditions() []cnpay.Fault {
	faults := usableID(r.ID)
	if r.Amount > math.MaxInt32 {
		faults = append(faults, cnpay.Fault{Field: "amount", Problem: "must be at most 2147483647"})
	}
	return faults
}

func (r *PreauthCancelRequest) object() any {
	return struct {
		Amount    int64  `json:"amount"`
		UPayTrace string `json:"uPayTrace"`
		OrderID   string `json:"orderId,omitempty"`
	}{r.Amount, r.UPayTrace, r.OrderID}
}

// belongs refuses an event about another order, amount or voucher, and a success of no amount at all. The bridge has
// echoed the id, so a field that it left out is not missed.
func (r *PreauthCancelRequest) belongs(fields *spec.Table, e *Event) error {
	asked, err := e.preauthCancelRequest(fields)
	if err != nil {
		return err
	}
	done, err := e.preauthCancelResult(fields)
	if err != nil {
		return err
	}
	amount, readable := done.fen()
	var field string
	switch {
	case differ(r.Amount, asked.Amount):
		field = "request.amount"
	case differ(r.UPayTrace, asked.UPayTrace):
		field = "request.uPayTrace"
	case differ(r.OrderID, asked.OrderID):
		field = "request.orderId"
	case differ(r.OrderID, done.OrderID):
		field = "result.orderId"
	case differ(r.Amount, amount), !readable && callbackKindOf(e.Op, e.Callback) == success:
		field = "result.amount"
	default:
		return nil
	}
	return fmt.Errorf("%w: %s differs", cnpay.ErrMismatch, field)
}

// differ compares what both sides have.
func differ[T comparable](ours, theirs T) bool {
	var none T
	return ours != none && theirs != none && ours != theirs
}

// PreauthCancelResult is the plugin's CardPreAuthReverResponse, in the order of its table. Any field but Message and Code
// may be empty; all are where the plugin gave up, or where the terminal could not read its answer. The table's
// cardExpiryDate (卡有效期) is not here, because it is dropped on arrival.
type PreauthCancelResult struct {
	// Message is a human-readable message (响应信息) in Chinese.
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
	// PlatDate is UMPay's date (平台日期). The page has no format; yyyyMMdd and MMdd have been seen.
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
	// Account is the first six and last four digits of the card number, which the plugin returns in clear (明文卡号).
	Account string `json:"account" spec:"O S"`
	// UPayTrace is the voucher number (凭证号) of the cancellation.
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

// fen is the amount, zero where the plugin left it out. It is not readable where it is not an amount of money.
func (r *PreauthCancelResult) fen() (amount int64, readable bool) {
	text := strings.TrimSpace(r.Amount)
	if text == "" {
		return 0, true
	}
	amount, err := strconv.ParseInt(text, 10, 64)
	if err != nil || amount <= 0 {
		return 0, false
	}
	return amount, true
}

// PreauthCancelResponse is the answer to a cancellation. Its Raw is without card data, as all of it is.
type PreauthCancelResponse struct {
	cnpay.Answer
	// Event is what the terminal reported. Where the bridge sent no event, only its ID is filled in.
	Event Event `json:"event"`
	// Result is the plugin's callback object in the event.
	Result PreauthCancelResult `json:"result"`
}

func (r *PreauthCancelResponse) parts() (*cnpay.Answer, *Event, any) {
	return &r.Answer, &r.Event, &r.Result
}

// Cancel has the terminal cancel a card pre-authorisation (预授权撤销, the plugin's cardPreAuthRever by
// POST /v1/commands): the whole amount that the pre-authorisation holds on the card is released. Somebody at the
// terminal swipes the card and types the PIN, so the call may take three minutes.
//
// The command carries the end of the call as notAfter: the time limit of the call (185 s, [cnpay.WithTimeout]) or the
// context's deadline, whichever is nearer. Bridge and terminal do not begin it later than that.
//
// A repeat under the same ID runs nothing a second time and returns the stored outcome. A second ID is a second
// cancellation: choose one only when the first has Failed.
//   - Succeeded: the terminal reports that the cancellation is done.
//   - Failed: refused by the plugin or the bridge, or expired on its way; the pre-authorisation still holds the amount.
//   - NotSent: call again with the same ID.
//   - Unknown, Pending: call SettleCancel. Calling again with the same ID is safe too. The plugin has no query for a
//     cancellation, so one that the terminal itself ends with onReverUnknown may stay Unknown: leave it open until the
//     settlement file or UMPay's support decides.
//
//cnpay:op plugin_card_pre_auth_rever
func (s *PreauthService) Cancel(ctx context.Context, req *PreauthCancelRequest, opts ...cnpay.Option) (*PreauthCancelResponse, error) {
	return call[PreauthCancelResponse](ctx, s.client, operation{id: "plugin_card_pre_auth_rever", op: opPreauthCancel}, req, opts)
}

// SettleCancel queries the bridge, on [CancelSchedule], until the outcome of a cancellation is final. It moves no money
// and may be repeated. It needs the request's ID; the other fields are compared where they are filled in.
//
// Its outcomes are those of Cancel, except that it is never NotSent: a command that the bridge does not know (code 404)
// may still be on its way, and stays Unknown. Then call Cancel again with the same ID, which never runs twice.
func (s *PreauthService) SettleCancel(ctx context.Context, req *PreauthCancelRequest, opts ...cnpay.Option) (*cnpay.Settlement[*CommandResponse], error) {
	var r PreauthCancelRequest
	if req != nil {
		r = *req
	}
	subject := cnpay.Subject{Provider: "umpay", Operation: "plugin_card_pre_auth_rever", Order: cmp.Or(r.OrderID, r.ID)}
	ask := &CommandRequest{ID: r.ID}
	if faults := append(s.client.fields.Check(ask), ask.conditions()...); faults != nil {
		return &cnpay.Settlement[*CommandResponse]{}, &cnpay.Error{Subject: subject, Err: &cnpay.InvalidRequestError{Faults: faults}}
	}
	schedule := s.client.settings.With(opts...).Schedule
	if schedule == nil {
		schedule = CancelSchedule()
	}
	return cnpay.Settle(ctx, subject, schedule, func(ctx context.Context) (*CommandResponse, cnpay.Verdict, error) {
		res, err := s.client.Commands.Get(ctx, ask, opts...)
		if err != nil && (res == nil || res.State == "") {
			return nil, cnpay.Verdict{}, err
		}
		if res.State == CommandFinished {
			if res.Event.Op != opPreauthCancel {
				return nil, cnpay.Verdict{}, fmt.Errorf("%w: op differs", cnpay.ErrMismatch)
			}
			if err := r.belongs(&s.client.fields, &res.Event); err != nil {
				return nil, cnpay.Verdict{}, err
			}
		}
		return res, commandVerdict(res), nil
	})
}
