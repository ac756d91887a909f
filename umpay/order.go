package umpay

import (
	"context"
	"iter"

	"github.com/cnpay-go/cnpay"
)

// OrdersService lists what a terminal's merchant has sold.
type OrdersService struct{ client *Client }

const getOrderList = "getOrderList"

// The states (订单状态) of orders in a list.
const (
	OrderPaying = "1"
	OrderDone   = "2" // sold, or refunded: a row with a RefundAmt is a refund
	OrderFailed = "3"
	OrderVoided = "5"
)

// OrderListRequest asks for one page of a day's orders. All but ID is the plugin's.
type OrderListRequest struct {
	Command

	// PayType is how they were paid (支付类型): BK by card, WX, AL, YL. Empty means all.
	PayType string `json:"payType" spec:"O AL|WX|BK|YL"`
	// PageIndex is the page (页码), from 1.
	PageIndex int64 `json:"pageIndex" spec:"M N"`
	// PageSize is how many orders a page has (每页条数).
	PageSize int64 `json:"pageSize" spec:"M N"`
	// OrderDate is the day (订单日期), yyyyMMdd.
	OrderDate string `json:"orderDate" spec:"M yyyyMMdd"`
	// OrderState is the orders' state (订单状态): OrderPaying, OrderDone, OrderFailed or OrderVoided.
	OrderState string `json:"orderState" spec:"M 1|2|3|5"`
	// OrderID is the one order to look for. The page has it in its sample, not in its table.
	OrderID string `json:"orderId" spec:"O S..63"`
}

func (*OrderListRequest) operation() Operation {
	return Operation{
		ID: OpOrderList, Method: getOrderList, Query: true, Timeout: askingTimeout,
		Callbacks: Callbacks{Success: "onSuccess", Fail: "onFail", Unknown: []string{"onError"}},
		Codes: Codes{
			Done:    []int64{60200200},
			Refused: []int64{60200002, 60200003, 60200004, 60200007, 60200008, 60200009},
		},
	}
}

// OrderListResult is a page of orders.
type OrderListResult struct {
	Status

	// TotalPage is how many pages there are (总页数).
	TotalPage int64 `json:"totalPage" spec:"O N"`
	// CurPage is this page (当前页).
	CurPage int64 `json:"curPage" spec:"O N"`
	// PlatDate is UMPay's date (平台日期).
	PlatDate string `json:"platDate" spec:"O S"`
	// TransList are the orders (交易列表).
	TransList []OrderRow `json:"transList" spec:"O"`
}

// OrderRow is one order of a list. Most of its wire names are lower case, unlike all others of the plugin.
type OrderRow struct {
	Platform

	// TradeNo is UMPay's number of the transaction (平台流水).
	TradeNo string `json:"tradeno" spec:"O S"`
	// ProxyID is the integrator's number (集成商ID).
	ProxyID string `json:"proxyId" spec:"O S"`
	// SubMerID is the merchant's number (商户号).
	SubMerID string `json:"submerid" spec:"O S"`
	// OrderID is the order number (订单号).
	OrderID string `json:"orderid" spec:"O S"`
	// OrderDate is the order's date (订单日期).
	OrderDate string `json:"orderdate" spec:"O S"`
	// GoodsID is the number of the goods (商品号).
	GoodsID string `json:"goodsid" spec:"O S"`
	// GoodsInfo describes the goods (商品信息).
	GoodsInfo string `json:"goodsinfo" spec:"O S"`
	// Amount is the order's amount (金额) in fen.
	Amount int64 `json:"amount" spec:"O N"`
	// RefundAmt is what was refunded (退款金额), fen; the row is then a refund.
	RefundAmt int64 `json:"refundamt" spec:"O N"`
	// InTime is when the order was made (入库时间).
	InTime string `json:"intime" spec:"O S"`
	// ModTime is when it last changed (修改时间).
	ModTime string `json:"modtime" spec:"O S"`
	// PayType is how it was paid (支付方式): BK, WX, AL, YL.
	PayType string `json:"paytype" spec:"O S"`
	// POSSN is the terminal's serial number (设备序列号).
	POSSN string `json:"posSN" spec:"O S"`
	// SubPayType is how the card was read (支付子类型): CT, IC, YS, YSIC.
	SubPayType string `json:"subPayType" spec:"O S"`

	Acceptor
	Voucher

	// CardExpiryDate (卡有效期) is always empty, because it is dropped on arrival from lists too.
	CardExpiryDate string `json:"cardExpiryDate" spec:"O S secret"`
	// AuthCode is the issuer's authorisation code (授权码) of the order.
	AuthCode string `json:"authCode" spec:"O S"`
	// IsFree is 1 for a sale without PIN and signature (小额双免).
	IsFree string `json:"isFree" spec:"O S"`
	// FreeMessage is the slip's text for such a sale.
	FreeMessage string `json:"freeMessage" spec:"O S"`
	// OrderState is the order's state (订单状态). The plugin's object has it, its table does not.
	OrderState int64 `json:"orderstate" spec:"O N"`
}

// OrderListResult returns the plugin's callback object of a getOrderList event.
func (e *Event) OrderListResult() (*OrderListResult, error) {
	return resultOf[OrderListResult](e, getOrderList)
}

// OrderListResponse is the answer with a page of orders.
type OrderListResponse struct {
	Response
	// Result is the callback object in the event.
	Result OrderListResult `json:"result" spec:"R"`
}

// List has the terminal ask UMPay for the orders of a day in one state, page by page (交易列表查询, the plugin's getOrderList).
// It moves no money and may be repeated.
//   - Answered: the page is in Result. An order that is not in it may still be on its way.
//   - Unknown: UMPay refused, or nothing was heard; query again.
//
//cnpay:op plugin_get_order_list
func (s *OrdersService) List(ctx context.Context, req *OrderListRequest, opts ...cnpay.Option) (*OrderListResponse, error) {
	return do[OrderListResponse](ctx, s.client, req, opts)
}

// All goes through the orders of a day in one state, from the page of the request on: List for each page, until the last. An
// error ends it. Orders that are made meanwhile may move others to a page that was read, or read twice.
func (s *OrdersService) All(ctx context.Context, req *OrderListRequest, opts ...cnpay.Option) iter.Seq2[*OrderRow, error] {
	return func(yield func(*OrderRow, error) bool) {
		var page OrderListRequest
		if req != nil {
			page = *req
		}
		for page.PageIndex = max(page.PageIndex, 1); ; page.PageIndex++ {
			page.ID = "" // each page is a command
			res, err := s.List(ctx, &page, opts...)
			if err != nil {
				yield(nil, err)
				return
			}
			list := res.Result.TransList
			for i := range list {
				if !yield(&list[i], nil) {
					return
				}
			}
			more := page.PageIndex < res.Result.TotalPage
			if res.Result.TotalPage == 0 {
				more = int64(len(list)) >= page.PageSize
			}
			if len(list) == 0 || !more {
				return
			}
		}
	}
}
