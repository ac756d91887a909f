package umpay

import (
	"context"

	"github.com/cnpay-go/cnpay"
)

// PreauthService holds money on a card (预授权), takes it, and lets it go.
type PreauthService struct{ client *Client }

const (
	cardPreAuth          = "cardPreAuth"
	cardPreAuthRever     = "cardPreAuthRever"
	creditPreauthDone    = "creditPreauthDone"
	preauthDone          = "preauthDone"
	cardPreAuthDoneRever = "cardPreAuthDoneRever"
)

// PreauthResult is the plugin's callback object of a pre-authorisation, of its completions, and of what undoes one of these.
type PreauthResult struct {
	Status
	Transaction
	Authorization
	Explanation

	// OrderDate is the order's date (订单日期), yyyyMMdd on the page: the date of a pre-authorisation is the key of all that
	// follows it.
	OrderDate string `json:"orderDate" spec:"O S"`
	// CardExpiryDate (卡有效期) is always empty, because it is dropped on arrival.
	CardExpiryDate string `json:"cardExpiryDate" spec:"O S secret"`
}

// PreauthResponse is the answer to what has a PreauthResult.
type PreauthResponse struct {
	Response
	// Result is the callback object in the event.
	Result PreauthResult `json:"result" spec:"R"`
}

// PreauthResult returns the plugin's callback object of an event of a pre-authorisation, a completion or the cancellation
// of one; that of a cancelled pre-authorisation is a [PreauthCancelResult].
func (e *Event) PreauthResult() (*PreauthResult, error) {
	return resultOf[PreauthResult](e, cardPreAuth, creditPreauthDone, preauthDone, cardPreAuthDoneRever)
}

// PreauthCreateRequest is a pre-authorisation. All but ID is the plugin's.
type PreauthCreateRequest struct {
	Clearing

	// ID is this pre-authorisation's command; see [NewCommandID].
	ID string `json:"id" spec:"M S1..64"`
	// Amount is the amount to hold (金额) in fen.
	Amount int64 `json:"amount" spec:"M N"`
	// OrderID is the order number (商户订单号), a new one for each attempt, shorter than 64 characters; see [NewOrderID].
	OrderID string `json:"orderId" spec:"M S..63"`
}

func (*PreauthCreateRequest) operation() Operation {
	return Operation{
		ID: OpPreauthCreate, Method: cardPreAuth, Settle: settleCommand,
		Callbacks: Callbacks{Success: "onAuthSuccess", Fail: "onAuthFail", Unknown: []string{"onAuthUnKnown"}, Progress: true},
		Codes: Codes{
			Done: []int64{60130200},
			Failed: cardFailures(60130001, 60130019, 60130021, 60130023, 60130024, 60130025, 60130029,
				60130032),
		},
	}
}

// PreauthCreateResponse is the answer to a pre-authorisation. Store UPayTrace, AuthCode, OrderDate and Amount of its
// Result: they are the keys of every later step.
type PreauthCreateResponse struct{ PreauthResponse }

// Create has the terminal hold an amount on a card (预授权, the plugin's cardPreAuth). A repeat under the same ID is
// harmless; see the package comment.
//   - Succeeded: the amount is held.
//   - Failed: nothing is held. If the customer was charged all the same, because the network failed, the documents have
//     the terminal make a pre-authorisation or a balance inquiry, with which it sends its automatic reversal (冲正).
//   - Unknown: settle it. The plugin has no query for a pre-authorisation (it was taken away on 2020-08-07): where the
//     terminal does not know, Config.Evidence decides, or a person.
//
//cnpay:op plugin_card_pre_auth
func (s *PreauthService) Create(ctx context.Context, req *PreauthCreateRequest, opts ...cnpay.Option) (*PreauthCreateResponse, error) {
	return do[PreauthCreateResponse](ctx, s.client, req, opts)
}

// PreauthCancelRequest names the pre-authorisation to cancel. All but ID is the plugin's AuthReversRequest.
type PreauthCancelRequest struct {
	// ID is this cancellation's command; see [NewCommandID].
	ID string `json:"id" spec:"M S1..64"`
	// Amount is the amount to release (金额) in fen, that of the pre-authorisation. The plugin has a 32-bit number.
	Amount int64 `json:"amount" spec:"M N"`
	// UPayTrace is the voucher number of the pre-authorisation (预授权的凭证号), as in its callback: text, because it may
	// begin with zeros. The page's sample calls it a batch number (批次号), which is another field, and has no length;
	// the plugin's other pages have it.
	UPayTrace string `json:"uPayTrace" spec:"M S..6"`
	// OrderID is the merchant's order number (商户订单号) of the cancellation, shorter than 64 characters; see
	// [NewOrderID]. Where it is empty the plugin makes one. Other pages allow 64.
	OrderID string `json:"orderId" spec:"O S..63"`
}

func (*PreauthCancelRequest) operation() Operation {
	return Operation{
		ID: OpPreauthCancel, Method: cardPreAuthRever, Settle: settleCommand,
		Callbacks: Callbacks{Success: "onReverSuccess", Fail: "onReverFail", Unknown: []string{"onReverUnknown"}, Progress: true},
		Codes: Codes{
			Done: []int64{60150200}, // CARD_PRE_AUTH_REVERS_SUCCESS
			Failed: cardFailures(60150001, 60150002, 60150003, 60150005, 60150006, 60150007, 60150011,
				60150013),
		},
	}
}

// PreauthCancelResult is the plugin's CardPreAuthReverResponse.
type PreauthCancelResult struct {
	Status
	Transaction
	Authorization
	Explanation

	// PlatDate is UMPay's date (平台日期). The page has no format; yyyyMMdd and MMdd have been seen.
	PlatDate string `json:"platDate" spec:"O S"`
	// CardExpiryDate (卡有效期) is always empty, because it is dropped on arrival.
	CardExpiryDate string `json:"cardExpiryDate" spec:"O S secret"`
}

// PreauthCancelResult returns the plugin's callback object of a cardPreAuthRever event. It is empty where the event has
// none.
func (e *Event) PreauthCancelResult() (*PreauthCancelResult, error) {
	return resultOf[PreauthCancelResult](e, cardPreAuthRever)
}

// PreauthCancelResponse is the answer to a cancellation.
type PreauthCancelResponse struct {
	Response
	// Result is the callback object in the event.
	Result PreauthCancelResult `json:"result" spec:"R"`
}

// Cancel has the terminal cancel a card pre-authorisation (预授权撤销, the plugin's cardPreAuthRever): the whole amount that
// the pre-authorisation holds on the card is released. Somebody at the terminal swipes the card and types the PIN, so the
// call may take three minutes. A repeat under the same ID is harmless; see the package comment.
//   - Succeeded: the terminal reports that the cancellation is done.
//   - Failed: refused by the plugin or the bridge, or expired on its way; the pre-authorisation still holds the amount.
//   - Unknown: settle it. The plugin has no query for a cancellation, so one that the terminal itself ends with
//     onReverUnknown may stay Unknown: leave it open until Config.Evidence, the settlement file or UMPay's support decides.
//
//cnpay:op plugin_card_pre_auth_rever
func (s *PreauthService) Cancel(ctx context.Context, req *PreauthCancelRequest, opts ...cnpay.Option) (*PreauthCancelResponse, error) {
	return do[PreauthCancelResponse](ctx, s.client, req, opts)
}

// PreauthCompleteRequest takes what a pre-authorisation holds, without the card. All but ID is the plugin's.
type PreauthCompleteRequest struct {
	Clearing

	// ID is this completion's command; see [NewCommandID].
	ID string `json:"id" spec:"M S1..64"`
	// Amount is the amount to take (金额) in fen.
	Amount int64 `json:"amount" spec:"M N"`
	// OrderID is the order number of the completion (商户订单号), a new one for each attempt, shorter than 64 characters.
	OrderID string `json:"orderId" spec:"M S..63"`
	// OrderDate is the date of the pre-authorisation (预授权日期), as its callback has it.
	OrderDate string `json:"orderDate" spec:"M S"`
	// AuthCode is the authorisation code of the pre-authorisation (授权码).
	AuthCode string `json:"authCode" spec:"M S"`
	// Account is the card number in clear (明文卡号), which the plugin must be given. Leave that to the app on the terminal,
	// which has kept the one of the pre-authorisation and fills it in where the command has none (BRIDGE.md): then no card
	// number passes through the back-end.
	Account string `json:"account" spec:"C N pan"`
}

func (*PreauthCompleteRequest) operation() Operation {
	return Operation{
		ID: OpPreauthComplete, Method: preauthDone, Settle: settleCommand,
		Callbacks: Callbacks{Success: "onPaySuccess", Fail: "onPayFail", Unknown: []string{"onPayUnknown"}},
		Codes: Codes{
			Done: []int64{60160200},
			Failed: []int64{60160001, 60160002, 60160003, 60160004, 60160010, 60160011, 60160012, 60160013,
				60160030},
		},
	}
}

// PreauthCompleteResponse is the answer to a completion without the card.
type PreauthCompleteResponse struct{ PreauthResponse }

// Complete has the terminal take money that a pre-authorisation holds, without the card (预授权完成(无卡), the plugin's
// preauthDone; "capture" elsewhere). It cannot be cancelled: only a completion with the card can. A repeat under the same
// ID is harmless; see the package comment.
//   - Succeeded: the amount is taken.
//   - Failed: the pre-authorisation still holds its amount.
//   - Unknown: settle it. The plugin has no query for a completion: where the terminal does not know, Config.Evidence
//     decides (a completion, tranType 5, in the platform's list of POS transactions), or a person.
//
//cnpay:op plugin_preauth_done
func (s *PreauthService) Complete(ctx context.Context, req *PreauthCompleteRequest, opts ...cnpay.Option) (*PreauthCompleteResponse, error) {
	return do[PreauthCompleteResponse](ctx, s.client, req, opts)
}

// PreauthCompleteWithCardRequest takes what a pre-authorisation holds, with the card. All but ID is the plugin's.
type PreauthCompleteWithCardRequest struct {
	Clearing

	// ID is this completion's command; see [NewCommandID].
	ID string `json:"id" spec:"M S1..64"`
	// Amount is the amount to take (金额) in fen.
	Amount int64 `json:"amount" spec:"M N"`
	// OrderID is the order number of the completion (商户订单号), shorter than 64 characters. Where it is empty the plugin makes
	// one.
	OrderID string `json:"orderId" spec:"O S..63"`
	// OrderDate is the date of the pre-authorisation (预授权日期), as its callback has it.
	OrderDate string `json:"orderDate" spec:"M S"`
	// AuthCode is the authorisation code of the pre-authorisation (授权码).
	AuthCode string `json:"authCode" spec:"M S"`
}

func (*PreauthCompleteWithCardRequest) operation() Operation {
	return Operation{
		ID: OpPreauthCompleteWithCard, Method: creditPreauthDone, Settle: settleCommand,
		Callbacks: Callbacks{Success: "onPaySuccess", Fail: "onPayFail", Unknown: []string{"onPayUnknown"}, Progress: true},
		Codes: Codes{
			Done: []int64{60140200},
			Failed: cardFailures(60140001, 60140002, 60140003, 60140004, 60140007, 60140009, 60140010, 60140011,
				60140030),
		},
	}
}

// PreauthCompleteWithCardResponse is the answer to a completion with the card. UPayTrace of its Result is the key of its
// cancellation.
type PreauthCompleteWithCardResponse struct{ PreauthResponse }

// CompleteWithCard has the terminal take money that a pre-authorisation holds, with the card (预授权完成(有卡), the plugin's
// creditPreauthDone). A repeat under the same ID is harmless; see the package comment.
//   - Succeeded: the amount is taken.
//   - Failed: the pre-authorisation still holds its amount.
//   - Unknown: settle it; what decides is what decides a completion without the card.
//
//cnpay:op plugin_credit_preauth_done
func (s *PreauthService) CompleteWithCard(ctx context.Context, req *PreauthCompleteWithCardRequest, opts ...cnpay.Option) (*PreauthCompleteWithCardResponse, error) {
	return do[PreauthCompleteWithCardResponse](ctx, s.client, req, opts)
}

// PreauthCancelCompletionRequest names the completion to cancel. All but ID is the plugin's.
type PreauthCancelCompletionRequest struct {
	// ID is this cancellation's command; see [NewCommandID].
	ID string `json:"id" spec:"M S1..64"`
	// Amount is the completion's whole amount (金额) in fen.
	Amount int64 `json:"amount" spec:"M N"`
	// OrderID is the order number of this cancellation (商户订单号), a new one for each attempt, shorter than 64 characters.
	OrderID string `json:"orderId" spec:"M S..63"`
	// OrderDate is the date of the pre-authorisation (预授权日期), not of the completion.
	OrderDate string `json:"orderDate" spec:"M S"`
	// UPayTrace is the completion's voucher number (凭证号).
	UPayTrace string `json:"uPayTrace" spec:"M S..6"`
}

func (*PreauthCancelCompletionRequest) operation() Operation {
	return Operation{
		ID: OpPreauthCancelCompletion, Method: cardPreAuthDoneRever, Settle: settleCommand,
		Callbacks: Callbacks{Success: "onReverSuccess", Fail: "onReverFail", Unknown: []string{"onReverUnknown"}, Progress: true},
		Codes: Codes{
			Done:   []int64{60180200},
			Failed: cardFailures(60180001, 60180002, 60180004, 60180006, 60180007, 60180010, 60180012),
		},
	}
}

// PreauthCancelCompletionResponse is the answer to the cancellation of a completion.
type PreauthCancelCompletionResponse struct{ PreauthResponse }

// CancelCompletion has the terminal cancel a completion that was made with the card (预授权完成撤销, the plugin's
// cardPreAuthDoneRever): the whole amount goes back. A repeat under the same ID is harmless; see the package comment.
//   - Succeeded: cancelled.
//   - Failed: the completion stands.
//   - Unknown: settle it. The plugin has no query for it: where the terminal does not know, Config.Evidence decides (a void,
//     tranType 12, in the platform's list of POS transactions), or a person.
//
//cnpay:op plugin_card_pre_auth_done_rever
func (s *PreauthService) CancelCompletion(ctx context.Context, req *PreauthCancelCompletionRequest, opts ...cnpay.Option) (*PreauthCancelCompletionResponse, error) {
	return do[PreauthCancelCompletionResponse](ctx, s.client, req, opts)
}
