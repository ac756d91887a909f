package chinaums

import (
	"net/url"
	"strings"

	"github.com/cnpay-go/cnpay"
)

// PagesService makes the links that take the payer's browser to ChinaUMS's cashier. A link is signed (OPEN-FORM-PARAM),
// holds the order, and nothing secret but what the order itself says. Making one sends nothing: there is no order before
// the payer opens it, so a query says NO_ORDER until then. Its Form has the ticket that settles the order: Succeeded once
// it is paid, Failed when it was closed or has expired unpaid. Of an order with ExpireTime whose link nobody opened Settle
// says NotSent in the end; without it that stays open.
//
// A link can be made again for the same order number, with a signature of its own. Never make one under a new number
// while the old order can still be paid; [OrdersService.Close] ends it.
//
// An app that shows QuickPass's page in a web view must let it open the schemes uppaysdk, uppaywallet, uppayx1,
// uppayx2, uppayx3 and upwrp.
type PagesService struct{ client *Client }

// PageWalletRequest is an order that is paid on a page inside WeChat, Alipay or QuickPass.
type PageWalletRequest struct {
	Order

	// InstMID is the business type (业务类型): WalletInstMID.
	InstMID string `json:"instMid" spec:"M =YUEDANDEFAULT"`
	// SubOpenID is the payer at WeChat (用户子标识), under SubAppID.
	SubOpenID string `json:"subOpenId" spec:"O S"`
	// SubAppID is the merchant's app at WeChat (微信子商户appId).
	SubAppID string `json:"subAppId" spec:"O S..32"`
	// PreauthFlag is "true" for a pre-authorisation (预授权标识), in UnionPay's wallet only; see [PreauthService].
	PreauthFlag string `json:"preauthFlag" spec:"O true|false"`
	// ThirdPartyInstalSubsFlag is in a sample: whether somebody else pays for the instalments.
	ThirdPartyInstalSubsFlag string `json:"thirdPartyInstalSubsFlag" spec:"O S"`
	// FeeRatio is in a sample only; its meaning is not published, as that of the next five.
	FeeRatio       string `json:"feeRatio" spec:"O S"`
	CostSubsidy    string `json:"costSubsidy" spec:"O S"`
	RstMipPay      string `json:"rstMipPay" spec:"O S"`
	QRCode         string `json:"qrCode" spec:"O S"`
	QRCodeType     string `json:"qrCodeType" spec:"O S"`
	DisablePayChnl string `json:"disablePayChnl" spec:"O S"`
}

func (*PageWalletRequest) operation() Operation {
	return Operation{ID: OpPageWallet, Path: "/v1/netpay/webpay/pay", Page: true, Settle: settleOrder}
}

// H5Order is what every order of a browser's page says.
type H5Order struct {
	Order

	// InstMID is the business type (业务类型): H5InstMID.
	InstMID string `json:"instMid" spec:"M =H5DEFAULT"`
	// ClientIP is the payer's address (用户ip); not of the page that opens a mini program.
	ClientIP string `json:"clientIp" spec:"O S"`
}

// PageAlipayRequest is an order that is paid on Alipay's page.
type PageAlipayRequest struct{ H5Order }

func (*PageAlipayRequest) operation() Operation {
	return Operation{ID: OpPageAlipay, Path: "/v1/netpay/trade/h5-pay", Page: true, Settle: settleOrder}
}

// PageWeChatRequest is an order that is paid on WeChat's page.
type PageWeChatRequest struct {
	H5Order

	// SceneType is where the page is shown (业务应用类型).
	SceneType string `json:"sceneType" spec:"M IOS_SDK|AND_SDK|IOS_WAP|AND_WAP"`
	// MerAppName is the app or site (用户移动应用名称).
	MerAppName string `json:"merAppName" spec:"M S..64"`
	// MerAppID is the app's bundle or package, or the site's address (应用标识).
	MerAppID string `json:"merAppId" spec:"M S..128"`
}

func (*PageWeChatRequest) operation() Operation {
	return Operation{ID: OpPageWeChat, Path: "/v1/netpay/wxpay/h5-pay", Page: true, Settle: settleOrder}
}

// Scene is where a page is shown, for the pages that do not insist upon it.
type Scene struct {
	// SceneType is the kind of app (业务应用类型): IOS_SDK, AND_SDK, IOS_WAP or AND_WAP.
	SceneType string `json:"sceneType" spec:"O S..16"`
	// MerAppName is the app or site (用户移动应用名称).
	MerAppName string `json:"merAppName" spec:"O S..64"`
	// MerAppID is the app's bundle or package, or the site's address (应用标识).
	MerAppID string `json:"merAppId" spec:"O S..128"`
}

// PageWeChatMiniProgramRequest is an order that a page has paid in ChinaUMS's mini program inside WeChat.
type PageWeChatMiniProgramRequest struct {
	H5Order
	Scene
}

func (*PageWeChatMiniProgramRequest) operation() Operation {
	return Operation{ID: OpPageWeChatMiniProgram, Path: "/v1/netpay/wxpay/h5-to-minipay", Page: true, Settle: settleOrder}
}

// PageQuickPassRequest is an order that is paid on UnionPay's page (云闪付). It ignores the Scene.
type PageQuickPassRequest struct {
	H5Order
	Scene

	// BankCardNo is the card to pay with (银行卡号), Base64.
	BankCardNo string `json:"bankCardNo" spec:"O S..19 secret"`
	// InstalFlag insists upon instalments (分期标识).
	InstalFlag bool `json:"instalFlag" spec:"O"`
	// MchntInstalRatio is the merchant's part of their cost in percent (商户分期贴息比例), 4.5 for example.
	MchntInstalRatio string `json:"mchntInstalRatio" spec:"O S"`
	// MchntDiscountRatio is the merchant's subsidy in percent (商户贴息优惠比例), 1.2 for example.
	MchntDiscountRatio string `json:"mchntDiscountRatio" spec:"O S"`
	// CardNoLockFlag keeps the payer from changing the card number (锁定卡号标识).
	CardNoLockFlag bool `json:"cardNoLockFlag" spec:"O"`
	// CustID is the payer at the merchant (客户号), so that the page remembers cards.
	CustID string `json:"custId" spec:"O S"`
	// ThirdPartyInstalSubsFlag is in a sample: whether somebody else pays for the instalments.
	ThirdPartyInstalSubsFlag string `json:"thirdPartyInstalSubsFlag" spec:"O S"`
	// LargeScreenFlag is in a sample of 2022 only; its meaning is not published, as that of the next four.
	LargeScreenFlag string `json:"largeScreenFlag" spec:"O S"`
	DiscountCode    string `json:"discountCode" spec:"O S"`
	YlyxID          string `json:"ylyxId" spec:"O S"`
	YlyxName        string `json:"ylyxName" spec:"O S"`
	YlyxMerAbbr     string `json:"ylyxMerAbbr" spec:"O S"`
}

func (*PageQuickPassRequest) operation() Operation {
	return Operation{ID: OpPageQuickPass, Path: "/v1/netpay/uac/order", Page: true, Settle: settleOrder}
}

// PageBankRequest is an order that is paid on a bank's page.
type PageBankRequest struct {
	Order

	// InstMID is the business type (业务类型): BankInstMID.
	InstMID string `json:"instMid" spec:"M =WGDEFAULT"`
	// TransType is who pays, UPG_PERSONAL in the sample.
	TransType string `json:"transType" spec:"M S"`
	BankTransfer
	// PayerAcctNo is the payer's account; in a sample only.
	PayerAcctNo string `json:"payerAcctNo" spec:"O S pan"`
}

func (*PageBankRequest) operation() Operation {
	return Operation{ID: OpPageBank, Path: "/v1/netpay/upg/order", Page: true, Settle: settleOrder}
}

// Wallet is the link to the page inside WeChat, Alipay or QuickPass (公众号/服务窗下单, GET /v1/netpay/webpay/pay).
//
//cnpay:op webpay_pay
func (s *PagesService) Wallet(req *PageWalletRequest) (*cnpay.Form, error) { return s.link(req) }

// Alipay is the link to Alipay's page (支付宝H5支付, GET /v1/netpay/trade/h5-pay).
//
//cnpay:op trade_h5_pay
func (s *PagesService) Alipay(req *PageAlipayRequest) (*cnpay.Form, error) { return s.link(req) }

// WeChat is the link to WeChat's page (微信H5支付, GET /v1/netpay/wxpay/h5-pay).
//
//cnpay:op wxpay_h5_pay
func (s *PagesService) WeChat(req *PageWeChatRequest) (*cnpay.Form, error) { return s.link(req) }

// WeChatMiniProgram is the link to a page that opens a mini program (微信H5转小程序, GET /v1/netpay/wxpay/h5-to-minipay).
//
//cnpay:op wxpay_h5_to_minipay
func (s *PagesService) WeChatMiniProgram(req *PageWeChatMiniProgramRequest) (*cnpay.Form, error) {
	return s.link(req)
}

// QuickPass is the link to UnionPay's page (云闪付H5支付, GET /v1/netpay/uac/order).
//
//cnpay:op uac_order
func (s *PagesService) QuickPass(req *PageQuickPassRequest) (*cnpay.Form, error) { return s.link(req) }

// Bank is the link to the bank gateway's page (网关支付, GET /v1/netpay/upg/order).
//
//cnpay:op upg_order
func (s *PagesService) Bank(req *PageBankRequest) (*cnpay.Form, error) { return s.link(req) }

// link signs an order as the query string of an address.
func (s *PagesService) link(req Request) (*cnpay.Form, error) {
	c, op := s.client, req.operation()
	x := c.exchange(op, req, nil, nil)
	ticket, err := c.call.NewTicket(c.line(&op), x)
	if err != nil {
		return nil, err
	}
	if ticket.Fields["expireTime"] != "" { // then nobody can pay after it, so absence proves something
		ticket.Began = x.settings.Now().UTC().Round(0)
	}
	content, err := x.Encode()
	if err == nil {
		var link string
		if link, err = c.link(op.Path, x.now().Format(compact), x.nonce(), content); err == nil {
			return &cnpay.Form{Ticket: ticket, Link: link}, nil
		}
	}
	return nil, &cnpay.Error{Ticket: ticket, Outcome: cnpay.NotSent, Err: err}
}

// link is the address of a page: the content is signed as it is, and then everything is escaped as a form is.
func (c *Client) link(path, timestamp, nonce string, content []byte) (string, error) {
	signature, err := c.key.Sign(c.text(timestamp, nonce, content))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(c.call.Gateway + path + "?authorization=OPEN-FORM-PARAM")
	for _, p := range [...][2]string{
		{"appId", c.call.Account}, {"timestamp", timestamp}, {"nonce", nonce}, {"content", string(content)}, {"signature", signature},
	} {
		escaped := url.QueryEscape(p[1])
		if c.space != "+" {
			escaped = strings.ReplaceAll(escaped, "+", c.space) // a plus itself is %2B by now
		}
		b.WriteString("&" + p[0] + "=" + escaped)
	}
	return b.String(), nil
}
