package spay

import (
	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/spec"
)

// PagesService makes links to UMPay's pages, on which the payer pays (收银台). They send nothing and move no money: the
// payer's browser brings the order to UMPay, and the payer pays. Their orders are settled by the ticket of the form:
//   - Pending: the order is there, and not paid. Succeeded: paid.
//   - Failed: closed, expired, failed or cancelled, and not paid.
//   - Unknown: nothing is known of it; the payer may not have opened the page.
//
// What the browser brings back to RetURL is for display; a notification or a query says whether the order was paid.
type PagesService struct{ client *Client }

// PageWalletRequest is an order that the payer pays in the browser of a wallet.
type PageWalletRequest struct {
	envelope
	Order

	// IsPublicNumber is Y for an official account (是否公众号支付).
	IsPublicNumber string `json:"is_public_number" spec:"M Y|N"`
}

func (*PageWalletRequest) operation() Operation { return pageOperation(OpPageWallet) }

// Wallet is a page inside WeChat or another wallet (公众号/一码付, publicnumber_and_verticalcode).
//
//cnpay:op spay_publicnumber_and_verticalcode
func (s *PagesService) Wallet(req *PageWalletRequest) (*cnpay.Form, error) { return s.client.link(req) }

// PageWebRequest is an order that the payer pays on a page for computers.
type PageWebRequest struct {
	envelope
	Order
	Split

	// InterfaceType is the page (接口类型): 01 the cashier, 02 the bank at once.
	InterfaceType string `json:"interface_type" spec:"M 01|02"`
}

func (*PageWebRequest) operation() Operation { return pageOperation(OpPageWeb) }

// Web is the cashier for computers (Web收银台, req_front_page_pay).
//
//cnpay:op spay_req_front_page_pay
func (s *PagesService) Web(req *PageWebRequest) (*cnpay.Form, error) { return s.client.link(req) }

// PageMobileRequest is an order that the payer pays on a page for telephones.
type PageMobileRequest struct {
	envelope
	Order
}

func (*PageMobileRequest) operation() Operation { return pageOperation(OpPageMobile) }

// Mobile is the cashier for telephones (H5收银台, pay_req_h5_frontpage).
//
//cnpay:op spay_pay_req_h5_frontpage
func (s *PagesService) Mobile(req *PageMobileRequest) (*cnpay.Form, error) { return s.client.link(req) }

// QR is the order of [OrdersService.CreateQRPage] as a page: with AutoPay TRUE, which is set here where it is empty, the
// payer's browser jumps to the wallet (H5).
func (s *PagesService) QR(req *OrderCreateQRPageRequest) (*cnpay.Form, error) {
	jump := spec.Copy(req).(*OrderCreateQRPageRequest)
	if jump.AutoPay == "" {
		jump.AutoPay = "TRUE"
	}
	return s.client.link(jump)
}

func pageOperation(id string) Operation {
	return Operation{ID: id, PaidLater: true, Judge: judgePayment, Settle: settlePage}
}

// link is a signed order as a link.
func (c *Client) link(request Request) (*cnpay.Form, error) {
	x := &exchange{client: c, op: request.operation(), request: spec.Copy(request)}
	ticket, err := c.call.NewTicket(x.op.line(), x)
	if err != nil {
		return nil, err
	}
	query, err := x.Encode()
	if err != nil {
		return nil, &cnpay.Error{Ticket: ticket, Outcome: cnpay.NotSent, Err: err}
	}
	return &cnpay.Form{Ticket: ticket, Link: c.call.Gateway + path + "?" + string(query)}, nil
}
