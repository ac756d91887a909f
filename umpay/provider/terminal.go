package provider

import (
	"context"
	"slices"
	"time"

	"github.com/cnpay-go/cnpay"
)

// TerminalsService sends orders to terminals (POS) and reads what was done there.
type TerminalsService struct{ client *Client }

// TerminalOrderRequest is an order for a terminal.
type TerminalOrderRequest struct {
	account
	Merchant
	Order

	// PayType is how it is paid at the terminal (支付类型).
	PayType string `json:"payType" spec:"M bankcard|micropay|qrpay"`
	// OrderType is whose code it is (订单类型); empty for a card.
	OrderType string `json:"orderType" spec:"O alipay|wechat|unionpay"`
	// ModelID is the terminal (终端型号编号).
	ModelID string `json:"modelId" spec:"M S..32"`
}

func (*TerminalOrderRequest) operation() Operation {
	return Operation{ID: OpTerminalOrder, Path: "pay/preorder", Judge: judgeOrdered, Settle: settleOrder, orders: true}
}

// TerminalOrderResponse is the answer to an order for a terminal.
type TerminalOrderResponse struct {
	Response
	OrderAnswer
}

// Order sends an order to a terminal, where the payer pays it (POS预下单, POST pay/preorder). No money moves until then. A
// call sends it once; the order number is taken afterwards.
//   - Pending: the terminal has it, or will fetch it. Succeeded, once it is settled: paid. A card payment can still be
//     reversed (冲正) by the terminal's next trade.
//   - Failed: refused; there is no order. Once it is settled: closed, voided or failed, and not paid.
//   - NotSent: nothing left this machine, or it never arrived and no longer can.
//   - Unknown: settle it, and give it up with [OrdersService.Close] before another order takes its place.
//
//cnpay:op provider_preorder
func (s *TerminalsService) Order(ctx context.Context, req *TerminalOrderRequest, opts ...cnpay.Option) (*TerminalOrderResponse, error) {
	return do[TerminalOrderResponse](ctx, s.client, req, opts)
}

// TerminalQueryOrderRequest asks for a merchant's trades in a span of time. The documents' sample leaves out StartTime.
type TerminalQueryOrderRequest struct {
	account
	Merchant

	// StartTime is the begin (开始时间). See [Time].
	StartTime string `json:"startTime" spec:"M yyyyMMddHHmmss"`
	// EndTime is the end (结束时间). Empty means now.
	EndTime string `json:"endTime" spec:"C yyyyMMddHHmmss"`
}

func (*TerminalQueryOrderRequest) operation() Operation {
	return Operation{ID: OpTerminalQueryOrder, Path: "pay/queryPospOrder", Query: true, Repeatable: true, Lists: true, Limit: 16 << 20}
}

// TerminalQueryOrderResponse is the answer with the trades.
type TerminalQueryOrderResponse struct {
	Response

	// OrderList are the trades (交易列表).
	OrderList []TerminalTrade `json:"orderList" spec:"R"`
}

// The kinds of trades (tranType). Refunds have three.
const (
	TradeSale       = "1"
	TradeCompletion = "5" // of a pre-authorisation
	TradeBill       = "51"
	TradeVoid       = "12"
	TradeRefund     = "9"
	TradeRefund833  = "833"
	TradeRefund835  = "835"
)

// TerminalTrade is a trade of a terminal.
type TerminalTrade struct {
	// HostLsNo is the host's number (主机流水号).
	HostLsNo string `json:"hostLsNo" spec:"C S"`
	// TranType is the kind of trade (交易类型): TradeSale and its like. Pre-authorisations are not listed.
	TranType string `json:"tranType" spec:"C S"`
	// PayMode is how it was paid (支付方式): 0 card, 1 NFC, 2 small amount without PIN, 3 UnionPay code, 4 code, 5 other.
	PayMode string `json:"payMode" spec:"C S"`
	// SettleCycle is when the merchant gets the money (结算周期): T1, D0 or D1.
	SettleCycle string `json:"settleCycle" spec:"C S"`
	// AcqMerID is the merchant (商户号).
	AcqMerID string `json:"acqMerId" spec:"C S"`
	// MerchantName is the merchant's short name (商户简称).
	MerchantName string `json:"merchantName" spec:"C S"`
	// TerminalID is the terminal (终端号).
	TerminalID string `json:"terminalId" spec:"C S"`
	// RespCode is the code of the trade (应答码); 00 is good.
	RespCode string `json:"respCode" spec:"C S"`
	// ErrInfo is its message (应答信息).
	ErrInfo string `json:"errinfo" spec:"C S"`
	// TranRRN is the reference number of the channel (参考号), which the terminal's plugin calls paySeq.
	TranRRN string `json:"tranRrn" spec:"C S"`
	// CupsMerID is the merchant's number at UnionPay (银联商户号).
	CupsMerID string `json:"cupsMerId" spec:"C S"`
	// CupsMerIDName is its name at UnionPay (银联商户名称).
	CupsMerIDName string `json:"cupsMerIdName" spec:"C S"`
	// CupsTID is the terminal's number at UnionPay (银联终端号).
	CupsTID string `json:"cupsTid" spec:"C S"`
	// LocalSysDate is the date of the trade (交易日期), yyyyMMdd.
	LocalSysDate string `json:"localSysDate" spec:"C S"`
	// LocalSysTime is its time (交易时间), HHmmss.
	LocalSysTime string `json:"localSysTime" spec:"C S"`
	// CardNo is the card number (卡号), masked in the documents' sample.
	CardNo string `json:"cardNo" spec:"C S pan"`
	// TranAmt is the amount (交易金额), as text: no document says whether in fen or in yuan.
	TranAmt string `json:"tranAmt" spec:"C S"`
}

// about refuses a list of another merchant's trades.
func (r *TerminalQueryOrderResponse) about(merchant, _ string) string {
	for _, trade := range r.OrderList {
		if trade.AcqMerID != "" && trade.AcqMerID != merchant {
			return "orderList[].acqMerId"
		}
	}
	return ""
}

// QueryOrder lists a merchant's trades at terminals (查询交易信息, POST pay/queryPospOrder): what a back-end can see of card
// trades, without pre-authorisations. It moves no money and may be repeated.
//   - Answered: OrderList has the trades. With Unverified they are for display and reconciliation alone.
//   - Unknown: refused, not verified (see [Config].ListsByTLS), or nothing was heard.
//
// A trade that is not listed is no proof that it was not made.
//
//cnpay:op provider_query_posp_order
func (s *TerminalsService) QueryOrder(ctx context.Context, req *TerminalQueryOrderRequest, opts ...cnpay.Option) (*TerminalQueryOrderResponse, error) {
	return do[TerminalQueryOrderResponse](ctx, s.client, req, opts)
}

// kindsAtTerminals are the kinds of trades (tranType) that the operations of the plugin on terminals are listed as.
func kindsAtTerminals(operation string) []string {
	switch operation {
	case "plugin_card_pay":
		return []string{TradeSale}
	case "plugin_bank_revoke", "plugin_card_pre_auth_done_rever":
		return []string{TradeVoid}
	case "plugin_bank_refund":
		return []string{TradeRefund, TradeRefund833, TradeRefund835}
	case "plugin_credit_preauth_done", "plugin_preauth_done":
		return []string{TradeCompletion}
	}
	return nil
}

// Find looks in the list of trades for an operation that a terminal was commanded to carry out and whose outcome the
// terminal does not know: it makes this service the Evidence of package umpay, for merchants who have both contracts.
// It is Succeeded for the one trade of the operation's kind, good, not older than the command, and with its reference number
// (result.paySeq of the ticket), in a list that is verified; else Unknown. That there is none proves nothing.
func (s *TerminalsService) Find(ctx context.Context, t cnpay.Ticket) (cnpay.Verdict, error) {
	kinds, reference := kindsAtTerminals(t.Operation), t.Fields["result.paySeq"]
	if kinds == nil || reference == "" || t.Began.IsZero() {
		return cnpay.Verdict{}, nil
	}
	const clocks = 10 * time.Minute // by which the terminal's may be behind
	from := Time(t.Began.Add(-clocks))
	res, err := s.QueryOrder(ctx, &TerminalQueryOrderRequest{StartTime: from, EndTime: Time(t.Began.Add(24 * time.Hour))})
	if err != nil || res.Unverified {
		return cnpay.Verdict{}, err
	}
	var found []TerminalTrade
	for _, trade := range res.OrderList {
		if trade.TranRRN == reference && trade.RespCode == "00" && slices.Contains(kinds, trade.TranType) && trade.LocalSysDate+trade.LocalSysTime >= from {
			found = append(found, trade)
		}
	}
	if len(found) != 1 {
		return cnpay.Verdict{}, nil
	}
	return cnpay.Verdict{Outcome: cnpay.Succeeded, Code: found[0].RespCode, Message: found[0].HostLsNo}, nil
}

// TerminalReceiptRequest names the trade whose slip is wanted.
type TerminalReceiptRequest struct {
	account
	Merchant

	// TransIndex is the trade's index (交易索引), from its notification.
	TransIndex string `json:"transIndex" spec:"M S"`
	// PayTime is the trade's time (支付时间), from its notification.
	PayTime string `json:"payTime" spec:"M yyyyMMddHHmmss"`
}

func (*TerminalReceiptRequest) operation() Operation {
	return Operation{ID: OpTerminalReceipt, Path: "ticket/ticketDown", Query: true, Repeatable: true, Limit: 8 << 20}
}

// TerminalReceiptResponse is the answer with the slip.
type TerminalReceiptResponse struct {
	Response

	// TicketImgName is the name of the slip's picture (小票图片名称).
	TicketImgName string `json:"ticketImgName" spec:"C S"`
	// TicketImgData is the picture (小票图片数据) in Base64.
	TicketImgData string `json:"ticketImgData" spec:"C S"`
	// TicketSignImgName is the name of the picture of the signature (签名图片名称); empty without one.
	TicketSignImgName string `json:"ticketSignImgName" spec:"O S"`
	// TicketSignImgData is that picture (签名图片数据) in Base64; empty without one.
	TicketSignImgData string `json:"ticketSignImgData" spec:"O S"`
	// BinBankName is the bank of the card (发卡行名称).
	BinBankName string `json:"binBankName" spec:"C S"`
	// BinBankID is that bank's number (发卡行编号).
	BinBankID string `json:"binBankId" spec:"C S"`
	// TradeType is the kind of trade (交易类别) in Chinese: 消费（SALE）, 预授权撤销（CANCEL） ...
	TradeType string `json:"tradeType" spec:"C S"`
	// CardType is the kind of card (卡类型): 00 debit, 01 credit, 99 other.
	CardType string `json:"cardType" spec:"C S..2"`
	// CardNo is the card number (卡号), masked in the documents' sample.
	CardNo string `json:"cardNo" spec:"C S pan"`
	// BatchCode is the batch (批次号).
	BatchCode string `json:"batchCode" spec:"C S"`
	// CertificateNo is the voucher number (凭证号), which the terminal's plugin calls uPayTrace.
	CertificateNo string `json:"certificateNo" spec:"C S"`
	// RefCode is the reference number (参考号).
	RefCode string `json:"refCode" spec:"C S"`
	// LocalSysDate is the date of the trade (交易日期), yyyyMMdd.
	LocalSysDate string `json:"localSysDate" spec:"C S..8"`
	// LocalSysTime is its time (交易时间), HHmmss.
	LocalSysTime string `json:"localSysTime" spec:"C S..6"`
	// IntTermCode is the terminal (终端号).
	IntTermCode string `json:"intTermCode" spec:"C S"`
	// InnerReferNo is UMPay's inner reference (内部参考号).
	InnerReferNo string `json:"innerReferno" spec:"C S"`
	// MerchantName is the merchant's short name (商户简称).
	MerchantName string `json:"merchantName" spec:"C S"`
	// Amount is the amount (交易金额) in yuan with two decimals, not in fen: "2000.00".
	Amount string `json:"amount" spec:"C S"`
	// AgentID is the service provider (代理商编号).
	AgentID string `json:"agentId" spec:"C S"`
	// AcqMerID is the merchant (商户号).
	AcqMerID string `json:"acqMerId" spec:"C S"`
}

// about refuses the slip of another service provider's trade.
func (r *TerminalReceiptResponse) about(_, account string) string {
	if r.AgentID != "" && r.AgentID != account {
		return "agentId"
	}
	return ""
}

// Receipt fetches the slip of a trade at a terminal (电子小票, POST ticket/ticketDown). It is the one query that sees
// pre-authorisations, their completions and what cancels both; it needs what only the trade's notification brings. It moves
// no money and may be repeated.
//   - Answered: TradeType and Amount are the trade's, TicketImgData is the slip.
//   - Unknown: refused, or nothing was heard. It is no proof that the trade was not made.
//
//cnpay:op provider_ticket_down
func (s *TerminalsService) Receipt(ctx context.Context, req *TerminalReceiptRequest, opts ...cnpay.Option) (*TerminalReceiptResponse, error) {
	return do[TerminalReceiptResponse](ctx, s.client, req, opts)
}
