package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/examples/internal/money"
	"github.com/cnpay-go/cnpay/umpay"
)

// till sells at one terminal.
type till struct {
	client   *umpay.Client
	terminal string
	book     *book
	receipts []*receipt
	schedule cnpay.Schedule // of settling; nil is the documents' own
	timeout  time.Duration
}

// find is the receipt of a number that a person has typed.
func (t *till) find(no int) (*receipt, error) {
	if no < 1 || no > len(t.receipts) {
		if len(t.receipts) == 0 {
			return nil, errors.New("there are no receipts yet")
		}
		return nil, fmt.Errorf("there is no receipt %d; the last is %d", no, len(t.receipts))
	}
	return t.receipts[no-1], nil
}

// root is the receipt with which the life of the money began.
func (t *till) root(r *receipt) *receipt {
	for r.Of != 0 {
		r = t.receipts[r.Of-1]
	}
	return r
}

// of are the receipts of a kind that act upon one and have not failed.
func (t *till) of(no int, kinds ...kind) (found []*receipt) {
	for _, r := range t.receipts {
		if r.Of == no && slices.Contains(kinds, r.Kind) && r.Outcome != cnpay.Failed && r.Outcome != cnpay.NotSent {
			found = append(found, r)
		}
	}
	return found
}

// standing is the completion of a hold that was not undone.
func (t *till) standing(no int) *receipt {
	for _, r := range t.of(no, completion) {
		if len(t.of(r.No, undo)) == 0 {
			return r
		}
	}
	return nil
}

// left is what the merchant has of a receipt.
func (t *till) left(r *receipt) int64 {
	left := r.Amount
	for _, back := range t.of(r.No, refund, void, undo) {
		left -= back.Amount
	}
	return left
}

// begin makes the receipt of a new operation, or says why there can be none. An amount of 0 is the whole.
func (t *till) begin(k kind, of int, amount int64) (*receipt, error) {
	now := time.Now()
	r := &receipt{
		No: len(t.receipts) + 1, Kind: k, Of: of, Amount: amount,
		ID: umpay.NewCommandID(), OrderID: umpay.NewOrderID(t.terminal, now), At: now.Truncate(time.Second),
	}
	if of == 0 {
		return r, nil
	}
	original, err := t.find(of)
	if err != nil {
		return nil, err
	}
	if open := t.openOf(t.root(original)); open != nil {
		return nil, fmt.Errorf("receipt %d is open: nobody knows its outcome yet. Settle it first: settle %d", open.No, open.No)
	}
	if original.Outcome != cnpay.Succeeded {
		return nil, fmt.Errorf("receipt %d is a %s that has %s: there is nothing to act upon", of, original.Kind, ended(original))
	}
	if r.Amount, err = t.possible(k, original, amount); err != nil {
		return nil, err
	}
	if original.number("uPayTrace") == "" {
		return nil, fmt.Errorf("the terminal has not said the voucher number of receipt %d: do it at the terminal", of)
	}
	return r, nil
}

// possible is the amount of a step, or why it is none.
func (t *till) possible(k kind, original *receipt, amount int64) (int64, error) {
	no := original.No
	switch {
	case k == completion && original.Kind != hold:
		return 0, fmt.Errorf("receipt %d is a %s: only a hold is completed", no, original.Kind)
	case k == refund && original.Kind != sale && original.Kind != completion:
		return 0, fmt.Errorf("receipt %d is a %s: only a sale or a completion is refunded", no, original.Kind)
	case k == refund:
		if left := t.left(original); left == 0 {
			return 0, fmt.Errorf("nothing is left of receipt %d", no)
		} else if amount > left {
			return 0, fmt.Errorf("only %s is left of receipt %d", money.Decimal(left), no)
		} else if amount == 0 {
			amount = left
		}
		return amount, nil
	case original.Kind == hold && len(t.of(no, release)) > 0:
		return 0, fmt.Errorf("receipt %d is released already", no)
	case original.Kind == hold && t.standing(no) != nil:
		return 0, fmt.Errorf("receipt %d is completed already, by receipt %d", no, t.standing(no).No)
	case k == completion && amount != 0:
		return amount, nil
	case original.Kind != hold && t.left(original) == 0:
		return 0, fmt.Errorf("nothing is left of receipt %d", no)
	case original.Kind != hold && t.left(original) < original.Amount:
		return 0, fmt.Errorf("a part of receipt %d was refunded, and only the whole can be cancelled; refund the rest: refund %d", no, no)
	}
	return original.Amount, nil
}

// openOf is a receipt of one life of money whose outcome nobody knows yet, nil without one.
func (t *till) openOf(root *receipt) *receipt {
	for _, r := range t.open() {
		if t.root(r) == root {
			return r
		}
	}
	return nil
}

// open are the receipts whose outcome nobody knows yet.
func (t *till) open() (open []*receipt) {
	for _, r := range t.receipts {
		if !r.Outcome.Final() {
			open = append(open, r)
		}
	}
	return open
}

// sending is the call of a receipt. It is made from what is stored, and so is the same each time.
func (t *till) sending(r *receipt) func(context.Context, ...cnpay.Option) (cnpay.Result, error) {
	var of, root receipt
	if r.Of != 0 {
		of, root = *t.receipts[r.Of-1], *t.root(r)
	}
	switch r.Kind {
	case sale:
		return sending(t.client.Cards.Pay, &umpay.CardPayRequest{ID: r.ID, Amount: r.Amount, OrderID: r.OrderID})
	case void:
		return sending(t.client.Cards.Void, &umpay.CardVoidRequest{
			ID: r.ID, Amount: r.Amount, PayType: payType(&of), UPayTrace: of.number("uPayTrace"), OrderID: r.OrderID,
		})
	case refund:
		return sending(t.client.Cards.Refund, &umpay.CardRefundRequest{
			ID: r.ID, Amount: r.Amount, OrderDate: of.At.In(cnpay.Beijing()).Format("0102"), PayType: payType(&of),
			PaySeq: of.number("paySeq"), OrderID: r.OrderID,
		})
	case hold:
		return sending(t.client.Preauth.Create, &umpay.PreauthCreateRequest{ID: r.ID, Amount: r.Amount, OrderID: r.OrderID})
	case release:
		return sending(t.client.Preauth.Cancel, &umpay.PreauthCancelRequest{
			ID: r.ID, Amount: r.Amount, UPayTrace: of.number("uPayTrace"), OrderID: r.OrderID,
		})
	case completion:
		return sending(t.client.Preauth.CompleteWithCard, &umpay.PreauthCompleteWithCardRequest{
			ID: r.ID, Amount: r.Amount, OrderID: r.OrderID, OrderDate: of.number("orderDate"), AuthCode: of.number("authCode"),
		})
	default:
		return sending(t.client.Preauth.CancelCompletion, &umpay.PreauthCancelCompletionRequest{
			ID: r.ID, Amount: r.Amount, OrderID: r.OrderID, OrderDate: root.number("orderDate"), UPayTrace: of.number("uPayTrace"),
		})
	}
}

func sending[Req any, Res cnpay.Result](call func(context.Context, Req, ...cnpay.Option) (Res, error), req Req) func(context.Context, ...cnpay.Option) (cnpay.Result, error) {
	return func(ctx context.Context, opts ...cnpay.Option) (cnpay.Result, error) { return call(ctx, req, opts...) }
}

// payType is how a card was read, in the words of a void and a refund; the page of a sale has others.
func payType(r *receipt) string {
	said := r.number("payType")
	if word := map[string]string{"swipe": "CT", "ic": "IC", "nfc": "YS"}[said]; word != "" {
		return word
	}
	return said
}

// keeper is the Recorder that stores a receipt before its command leaves, and what the answer adds to it: whoever pulls
// the plug in between finds the receipt open, and its ticket settles it.
type keeper struct {
	till    *till
	receipt *receipt
	started bool
	failed  error // to store the end
}

func (k *keeper) Started(ctx context.Context, ticket cnpay.Ticket) (context.Context, error) {
	before, all := *k.receipt, k.till.receipts
	k.receipt.Ticket, k.receipt.Outcome, k.receipt.SendAgain = ticket, cnpay.Unknown, false
	if !slices.Contains(all, k.receipt) {
		k.till.receipts = append(all[:len(all):len(all)], k.receipt)
	}
	if err := k.till.book.save(k.till.receipts); err != nil {
		*k.receipt, k.till.receipts = before, all
		return ctx, fmt.Errorf("the receipt could not be stored, so nothing is sent: %w", err)
	}
	k.started = true
	return ctx, nil
}

func (k *keeper) Finished(_ context.Context, ticket cnpay.Ticket, c cnpay.Call) {
	k.receipt.Ticket = ticket
	k.receipt.Outcome, k.receipt.Code, k.receipt.Message = c.Outcome, c.Code, c.Message
	if ticket.Sending > 0 && c.Outcome != cnpay.Succeeded && c.Outcome != cnpay.Pending { // it says nothing of those before
		k.receipt.Outcome = cnpay.Unknown
	}
	k.failed = k.till.book.save(k.till.receipts)
}

// result is how one operation ended, for the person at the till.
type result struct {
	*receipt
	settled  bool  // a query has decided
	invalid  bool  // refused here
	unstored bool  // not even its ticket could be stored
	err      error // in the library's words
	warning  string
}

// carryOut sends the command of a receipt once, and settles it by its ticket until its outcome is final.
func (t *till) carryOut(ctx context.Context, r *receipt) result {
	ctx, cancel := context.WithTimeoutCause(ctx, t.timeout, fmt.Errorf("-timeout %s is over", t.timeout))
	defer cancel()
	k := &keeper{till: t, receipt: r}
	opts := []cnpay.Option{cnpay.WithRecorder(k), cnpay.WithTimeout(t.timeout / 2)} // half is kept for settling
	if r.Ticket.Provider != "" && r.Outcome != cnpay.NotSent {                      // an earlier one may still be on its way
		opts = append(opts, cnpay.WithSending(r.Ticket.Sending+1))
	}
	res, err := t.sending(r)(ctx, opts...)
	if !k.started { // nothing left; of a receipt that is stored its outcome is as it was
		end := result{receipt: r, invalid: errors.Is(err, cnpay.ErrInvalidRequest), err: err}
		if !slices.Contains(t.receipts, r) {
			r.Outcome = cnpay.OutcomeOf(res, err)
			end.unstored = true
		}
		return end
	}
	end := result{receipt: r, err: err}
	if !r.Outcome.Final() && ctx.Err() == nil {
		end = t.settle(ctx, r)
	}
	if k.failed != nil && end.warning == "" {
		end.warning = unstored(k.failed)
	}
	if err := context.Cause(ctx); err != nil && !r.Outcome.Final() {
		end.warning = "ended early: " + err.Error()
	}
	return end
}

// settle asks for the outcome of an open receipt, by its ticket alone.
func (t *till) settle(ctx context.Context, r *receipt) result {
	settled, err := t.client.Settle(ctx, r.Ticket, cnpay.WithSchedule(t.schedule))
	r.Ticket, r.SendAgain = settled.Ticket, settled.SendAgain
	if settled.Outcome != cnpay.Unknown || settled.Code != "" {
		r.Outcome, r.Code, r.Message = settled.Outcome, settled.Code, settled.Message
	}
	end := result{receipt: r, settled: r.Outcome.Final(), err: err}
	if err := t.book.save(t.receipts); err != nil {
		end.warning = unstored(err)
	}
	return end
}

func unstored(err error) string {
	return "the outcome could not be stored and is asked for again at the next start: " + oneLine(err)
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
