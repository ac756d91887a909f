package main

import (
	"context"
	"fmt"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/unionpay"
)

// play is one run of the program.
type play struct {
	options
	client    *unionpay.Client
	schedule  cnpay.Schedule
	report    func(result) error
	encrypter *unionpay.Encrypter
}

// all plays the three lives. Its error is that a line could not be written; what nobody can read is not carried on.
func (p *play) all(ctx context.Context) error {
	for i, life := range []func(context.Context, held) error{p.completeAndRefund, p.cancel, p.completeAndCancel} {
		if len(p.held) > 0 {
			if i < len(p.held) {
				if err := life(ctx, p.held[i]); err != nil {
					return err
				}
			}
			continue
		}
		h, err := p.hold(ctx)
		if err == nil {
			err = life(ctx, h)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *play) completeAndRefund(ctx context.Context, h held) error {
	taken := h.amount - h.amount/5
	completion, err := p.complete(ctx, h, taken)
	if err != nil {
		return err
	}
	_, err = p.refund(ctx, h, completion, taken/2)
	return err
}

func (p *play) completeAndCancel(ctx context.Context, h held) error {
	completion, err := p.complete(ctx, h, h.amount)
	if err != nil {
		return err
	}
	return p.cancelCompletion(ctx, h, completion)
}

// hold makes a pre-authorisation. It is empty when there is none.
func (p *play) hold(ctx context.Context) (held, error) {
	// A merchant stores these two before anything is sent: by them the outcome can be found later.
	order, at := unionpay.NewOrderID(), unionpay.TxnTime(time.Now())
	const bizType = "000301" // by card number
	card, err := p.secrets(ctx, order, at, bizType)
	if err != nil {
		return held{}, err
	}
	req := &unionpay.PreauthCreateRequest{
		Card:    unionpay.Card{AccNo: card.accNo, EncryptCertID: card.certID, CustomerInfo: card.withCode},
		BizType: bizType, OrderID: order, TxnTime: at, TxnAmt: p.amount, BackURL: p.backURL,
	}
	r, err := do(ctx, p, step{"pre-authorise", order, yuan(p.amount) + " held", card.ready}, req, p.client.Preauth.Create)
	if err != nil || r.Outcome != cnpay.Succeeded {
		return held{}, err
	}
	return held{queryID: r.QueryID, bizType: bizType, amount: p.amount}, nil
}

// complete takes money that is held, and returns the number of the completion, "" without one.
func (p *play) complete(ctx context.Context, h held, amount int64) (queryID string, err error) {
	req := &unionpay.PreauthCompleteRequest{
		BizType: h.bizType, OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), TxnAmt: amount,
		BackURL: p.backURL, OrigQryID: h.queryID,
	}
	r, err := do(ctx, p, step{"complete", req.OrderID, yuan(amount) + " taken", h.queryID != ""}, req, p.client.Preauth.Complete)
	if r.Outcome != cnpay.Succeeded {
		return "", err
	}
	return r.QueryID, err
}

func (p *play) refund(ctx context.Context, h held, completion string, amount int64) (result, error) {
	req := &unionpay.PaymentRefundRequest{
		BizType: h.bizType, OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), TxnAmt: amount,
		BackURL: p.backURL, OrigQryID: completion,
	}
	return do(ctx, p, step{"refund", req.OrderID, yuan(amount) + " given back", completion != ""}, req, p.client.Payments.Refund)
}

func (p *play) cancel(ctx context.Context, h held) error {
	req := &unionpay.PreauthCancelRequest{
		BizType: h.bizType, OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), TxnAmt: h.amount,
		BackURL: p.backURL, OrigQryID: h.queryID,
	}
	_, err := do(ctx, p, step{"cancel", req.OrderID, yuan(h.amount) + " released", h.queryID != ""}, req, p.client.Preauth.Cancel)
	return err
}

func (p *play) cancelCompletion(ctx context.Context, h held, completion string) error {
	req := &unionpay.PreauthCancelCompletionRequest{
		BizType: h.bizType, OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), TxnAmt: h.amount,
		BackURL: p.backURL, OrigQryID: completion,
	}
	_, err := do(ctx, p, step{"cancel completion", req.OrderID, yuan(h.amount) + " given back", completion != ""}, req, p.client.Preauth.CancelCompletion)
	return err
}

func yuan(fen int64) string { return fmt.Sprintf("%d.%02d yuan", fen/100, fen%100) }
