// Package chinaums is a client of the open platform of ChinaUMS (银联商务 天满平台).
//
// Requests are signed over the bytes that are sent (OPEN-BODY-SIG). Answers are not: TLS is their only protection, and
// an answer about an order is accepted only when it names that order. Should an answer have a signature after all, it
// is verified first.
//
// NotSent means of every operation that nothing left this machine: the same call may be made again. Once a ticket is
// settled it means that the request never arrived, and no longer can. A request that is refused here, before it is sent, is
// Failed.
package chinaums

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/credential"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// The gateways of the documents.
const (
	Production = "https://api-mop.chinaums.com"
	Test       = "https://test-api-open.chinaums.com"
)

// Config is the application's access to the platform. One AppID may serve many merchants: the merchant and terminal
// numbers are in each request. Blanks, line ends and invisible characters around its texts are dropped; inside they are
// refused.
type Config struct {
	Gateway string       // scheme and host; empty means Production
	AppID   string       // of the developer's application (开发者ID), from the portal
	AppKey  cnpay.Secret // its key (开发者秘钥), used as the text it is; not the communication key (通讯密钥)

	// CounterGateway is scheme and host of the counter's operations (POS通), where they are not Gateway's.
	CounterGateway string

	// CommunicationKeys are the keys (通讯密钥) that sign notifications and returns, by source number (来源编号): the first
	// four characters of an order's number. Those under "" are for all other numbers. While a key changes, the old and
	// the new one stand beside each other, and either is accepted.
	CommunicationKeys map[string][]cnpay.Secret

	// FormSpace is what a blank becomes in the links of Pages: "+", which empty means and the platform takes, or "%20",
	// which the documents' samples have and the platform refused when it was tried.
	FormSpace string
}

// Client calls the open platform for one application. It is safe for concurrent use.
type Client struct {
	Bills     *BillsService
	Pages     *PagesService
	WeChat    *WeChatService
	Alipay    *AlipayService
	QuickPass *QuickPassService
	Bank      *BankService
	Orders    *OrdersService
	Preauth   *PreauthService
	Escrow    *EscrowService
	Counter   *CounterService

	call      call.Client
	counter   string // scheme and host
	key       *sign.Keyed
	receivers map[string][]receiver // by source number
	space     string
	zone      *time.Location
}

// New checks the configuration; it sends nothing.
func New(config Config, opts ...cnpay.Option) (*Client, error) {
	settings := cnpay.Settings{}.With(opts...)
	gateway, noGateway := transport.Gateway(cmp.Or(config.Gateway, Production), settings.PlainHTTP)
	counter, noCounter := transport.Gateway(cmp.Or(config.CounterGateway, config.Gateway, Production), settings.PlainHTTP)
	if config.CounterGateway == "" {
		noCounter = nil
	}
	appID, noApp := credential.Required("app id", config.AppID)
	if strings.ContainsFunc(appID, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' }) {
		noApp = errors.New("app id has a character that cannot stand in the Authorization header")
	}
	secret, noKey := credential.Required("app key", config.AppKey.Reveal())
	receivers, noReceiver := receiversOf(config.CommunicationKeys)
	var noSpace error
	space := cmp.Or(config.FormSpace, "+")
	if space != "+" && space != "%20" {
		noSpace = errors.New(`form space must be "+" or "%20"`)
	}
	if err := errors.Join(noGateway, noCounter, noApp, noKey, noReceiver, noSpace); err != nil {
		return nil, transport.ConfigError("chinaums", err)
	}
	key, err := sign.NewHMACSHA256Base64(secret)
	if err != nil {
		return nil, transport.ConfigError("chinaums", err)
	}
	c := &Client{
		call: call.Client{
			Provider: "chinaums", Gateway: gateway, Account: appID,
			Settings: settings, Transport: transport.New(settings.HTTPClient),
		},
		counter: counter, key: key, receivers: receivers, space: space, zone: cnpay.Beijing(),
	}
	c.Bills, c.Pages, c.Orders = &BillsService{c}, &PagesService{c}, &OrdersService{c}
	c.WeChat, c.Alipay, c.QuickPass, c.Bank = &WeChatService{c}, &AlipayService{c}, &QuickPassService{c}, &BankService{c}
	c.Preauth, c.Escrow, c.Counter = &PreauthService{c}, &EscrowService{c}, &CounterService{c}
	return c, nil
}

// NewOrderID makes a number for an order, bill or refund as the documents advise: the source number (来源编号), the time
// in milliseconds and seven random digits, 28 characters in all.
func NewOrderID(source string, now time.Time) string {
	n, _ := rand.Int(rand.Reader, big.NewInt(10_000_000)) // never fails
	at := now.In(cnpay.Beijing())
	return fmt.Sprintf("%s%s%03d%07d", source, at.Format(compact), at.Nanosecond()/1_000_000, n)
}
