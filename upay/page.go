package upay

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/sign"
)

// PagesService makes what the payer's browser is sent to. It sends nothing itself.
type PagesService struct{ client *Client }

// PageCashierRequest is an order that the payer pays on Upay's page, inside WeChat, Alipay or QQ.
type PageCashierRequest struct {
	Sender
	Sale

	// Payway is the channel (支付方式): 1 Alipay, 3 WeChat, 6 QQ. Empty is that of the app in which the page is opened.
	Payway string `json:"payway" spec:"O N1..3"`
	// Extended is agreed with the channel (扩展参数集合), a JSON object as text.
	Extended string `json:"extended" spec:"O S..256"`
	// ReturnURL is where the browser comes back to (页面跳转同步通知页面路径). See [PagesService.ParseReturn].
	ReturnURL string `json:"return_url" spec:"M S..128"`
}

func (*PageCashierRequest) operation() Operation {
	return Operation{ID: OpPageCashier, Path: "/gateway", Settle: settleCashier}
}

// Cashier makes the link to Upay's page on which the payer pays (WAP 收银台, GET https://qr.shouqianba.com/gateway). It
// sends nothing: no order exists before the payer opens the page, and no money moves before the payer pays. Whoever has
// the link can open it, at any time; each needs a ClientSN of its own.
//
// The form's Ticket settles the order, by default on [CashierSchedule]:
//   - Succeeded: paid.
//   - Pending: the page was opened; the payer is still to pay.
//   - Failed: expired or cancelled (PAY_CANCELED, CANCELED), and not paid.
//   - Unknown: Upay has no such order, because nobody has opened the page yet, or nothing decides.
//
//cnpay:op wap_gateway
func (s *PagesService) Cashier(req *PageCashierRequest) (*cnpay.Form, error) {
	c := s.client
	op := req.operation()
	x := &exchange{client: c, op: op, request: spec.Copy(req)}
	ticket, err := c.call.NewTicket(c.line(op), x)
	if err != nil {
		return nil, err
	}
	key, err := c.currentKey(context.Background()) // a form has no context
	if err != nil {
		return nil, &cnpay.Error{Ticket: ticket, Outcome: cnpay.NotSent, Err: err}
	}
	pairs := c.call.Fields.Pairs(x.request)
	signature, err := key.signPairs(pairs)
	if err != nil {
		return nil, &cnpay.Error{Ticket: ticket, Outcome: cnpay.NotSent, Err: err}
	}
	query := make([]string, 0, len(pairs)+1)
	for _, p := range append(pairs, sign.Pair{Name: "sign", Value: signature}) {
		query = append(query, p.Name+"="+strings.ReplaceAll(url.QueryEscape(p.Value), "+", "%20"))
	}
	return &cnpay.Form{Ticket: ticket, Link: c.cashier + op.Path + "?" + strings.Join(query, "&")}, nil
}

func settleCashier(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := c.settleOrder(t, CashierSchedule(), opts, judgePaid(t))
	rule.PaidLater = true
	rule.GiveUp = OpOrderCancel
	return rule
}

// Return is what the payer's browser brings back to ReturnURL (同步跳转). It is for display alone: it says that the page
// was used, not that the order is paid. Settle the order's ticket, or query.
type Return struct {
	// IsSuccess is T where Upay accepted the page's call, F where it refused it. It says nothing of the payment.
	IsSuccess string `json:"is_success" spec:"R T|F"`
	// ErrorCode says why not.
	ErrorCode string `json:"error_code" spec:"C S"`
	// ErrorMessage is a human-readable message.
	ErrorMessage string `json:"error_message" spec:"C S"`
	// TerminalSN is the terminal.
	TerminalSN string `json:"terminal_sn" spec:"R S..32"`
	// SN is Upay's order number (收钱吧唯一订单号).
	SN string `json:"sn" spec:"R S..16"`
	// TradeNo is the number at the payment channel.
	TradeNo string `json:"trade_no" spec:"R S..64"`
	// ClientSN is the merchant's order number.
	ClientSN string `json:"client_sn" spec:"R S..32"`
	// Status is SUCCESS or FAIL, as the page saw it.
	Status string `json:"status" spec:"O S"`
	// ResultCode is WeChat's own, get_brand_wcpay_request:cancel for example; it is deprecated.
	ResultCode string `json:"result_code" spec:"C S..64"`
	// ResultMessage is the same as text.
	ResultMessage string `json:"result_message" spec:"C S"`
	// TotalAmount is the amount, fen.
	TotalAmount int64 `json:"total_amount" spec:"R N..10"`
	// Subject is the order's title.
	Subject string `json:"subject" spec:"R S..64"`
	// Operator made the sale.
	Operator string `json:"operator" spec:"R S..32"`
	// Reflect is the merchant's own text.
	Reflect string `json:"reflect" spec:"O S..64"`
	// Sign is Upay's signature, which is verified.
	Sign string `json:"sign" spec:"R S..32"`
}

// ParseReturn verifies what the payer's browser brought back in the query of ReturnURL, and returns it. Parameters of the
// merchant's own in ReturnURL are no part of the signature; they may not have the names of Upay's.
func (s *PagesService) ParseReturn(query url.Values) (*Return, error) {
	c := s.client
	var ret Return
	var pairs []sign.Pair
	for name, values := range query {
		if !c.call.Fields.Has(&ret, name) {
			continue
		}
		if len(values) != 1 {
			return nil, fmt.Errorf("upay: return: %w: %s is duplicated", cnpay.ErrMalformed, name)
		}
		if _, err := c.call.Fields.Set(&ret, name, values[0]); err != nil {
			return nil, fmt.Errorf("upay: return: %w", err)
		}
		if name != "sign" {
			pairs = append(pairs, sign.Pair{Name: name, Value: values[0]})
		}
	}
	keys, err := c.allKeys(context.Background())
	if err != nil {
		return nil, fmt.Errorf("upay: return: %w", err)
	}
	for _, key := range keys { // a check-in may have come between the link and the return
		if err = key.verifyPairs(pairs, ret.Sign); err == nil {
			return &ret, nil
		}
	}
	return nil, fmt.Errorf("upay: return: %w: %w", cnpay.ErrSignature, err)
}

// signPairs signs parameters for the cashier: their sorted values as they are, and the key at the end.
func (k *terminalKey) signPairs(pairs []sign.Pair) (string, error) {
	text, err := sign.Canonical(pairs)
	if err != nil {
		return "", err
	}
	signature, err := k.pages.Sign(text)
	return strings.ToUpper(signature), err
}

func (k *terminalKey) verifyPairs(pairs []sign.Pair, signature string) error {
	text, err := sign.Canonical(pairs)
	if err != nil {
		return err
	}
	return k.pages.Verify(text, signature)
}
