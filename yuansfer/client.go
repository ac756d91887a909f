// Package yuansfer is a client of Yuansfer's merchant API, version 3 (圆支付, sold as Pockyt since 2023).
//
// # Outcomes
//
// A code says whether Yuansfer took the call; what happened to the money is the status of the transaction. An order that
// somebody pays later is Pending when it is there and Succeeded only when it is paid. Yuansfer documents no key that makes a
// repeat of a payment or a refund harmless, so such a call is sent once, and [Client.Settle] queries.
//
// Answers are not signed: TLS is their only protection. An answer about an agreement or a transaction is accepted only
// when it names that one. Notifications are signed; see [Client.ParseNotification].
//
// # Amounts
//
// An amount is decimal text in the currency's major unit, "13" or "13.00", because currencies differ in their decimals; KRW
// and JPY have none. Answers write "13" as "13.00", and some as a number. The tags call it AMOUNT. Text that they call PLAIN
// (PLAIN100 of at most 100 characters) has no control character, no & and no =, because nothing is escaped in what is signed.
package yuansfer

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/credential"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// The gateways of the documents. Each wants a token of its own: one of the sandbox does not work in production.
const (
	Production = "https://mapi.yuansfer.com"
	Sandbox    = "https://mapi.yuansfer.yunkeguan.com"

	ProductionPockyt = "https://mapi.pockyt.io"       // the newer name, in the newer documents only
	SandboxDev       = "https://mapi.yuansferdev.com" // the newer name
)

// Config is the merchant's access to the API. Blanks, line ends and invisible characters around its values, as copying from
// the portal leaves them, are dropped; inside they are refused.
type Config struct {
	Gateway    string       // scheme and host; empty means Production
	MerchantNo string       // merchant number (商家ID)
	StoreNo    string       // store number (商店ID)
	MerGroupNo string       // partner's number (服务商号); only where a partner calls for its merchants, with the partner's token
	Token      cnpay.Secret // API token, from the portal
	// PreviousTokens also verify notifications. After the portal has replaced a token, notifications that were made before
	// still come with the old one.
	PreviousTokens []cnpay.Secret
}

// Client calls Yuansfer for one merchant, or one partner. It is safe for concurrent use.
type Client struct {
	Pages        *PagesService
	AutoDebit    *AutoDebitService
	Cards        *CardsService
	Apps         *AppsService
	InStore      *InStoreService
	Transactions *TransactionsService
	Clearings    *ClearingsService
	Withdrawals  *WithdrawalsService
	Preauth      *PreauthService
	Payouts      *PayoutsService
	OrdersV4     *OrdersV4Service

	call       call.Client
	storeNo    string
	merGroupNo string
	signer     sign.Signer
	verifier   sign.Verifier
}

// New checks the configuration; it sends nothing.
func New(config Config, opts ...cnpay.Option) (*Client, error) {
	settings := cnpay.Settings{}.With(opts...)
	gateway, noGateway := transport.Gateway(cmp.Or(config.Gateway, Production), settings.PlainHTTP)
	merchantNo, noMerchant := credential.Required("merchant number", config.MerchantNo)
	storeNo, noStore := credential.Required("store number", config.StoreNo)
	merGroupNo, badGroup := credential.Optional("partner's number", config.MerGroupNo)
	token, noToken := keyed("token", config.Token)
	err := errors.Join(noGateway, noMerchant, noStore, badGroup, noToken)
	verifiers := []sign.Verifier{token}
	for i, old := range config.PreviousTokens {
		verifier, noToken := keyed(fmt.Sprintf("previous token %d", i+1), old)
		verifiers, err = append(verifiers, verifier), errors.Join(err, noToken)
	}
	if err != nil {
		return nil, transport.ConfigError("yuansfer", err)
	}
	c := &Client{
		call: call.Client{
			Provider: "yuansfer", Gateway: gateway, Account: merchantNo,
			Settings: settings, Transport: transport.New(settings.HTTPClient),
			Fields: spec.Table{Domains: domains()},
		},
		storeNo: storeNo, merGroupNo: merGroupNo, signer: token, verifier: sign.AnyOf(verifiers...),
	}
	if merGroupNo != "" { // a partner's token is good for all its merchants
		c.call.OwnAccount = func(string) bool { return true }
	}
	c.Pages = &PagesService{c}
	c.AutoDebit = &AutoDebitService{c}
	c.Cards = &CardsService{c}
	c.Apps = &AppsService{c}
	c.InStore = &InStoreService{c}
	c.Transactions = &TransactionsService{c}
	c.Clearings = &ClearingsService{c}
	c.Withdrawals = &WithdrawalsService{c}
	c.Preauth = &PreauthService{c}
	c.Payouts = &PayoutsService{c}
	c.OrdersV4 = &OrdersV4Service{c}
	return c, nil
}

func keyed(name string, token cnpay.Secret) (*sign.Keyed, error) {
	text, err := credential.Required(name, token.Reveal())
	if err != nil {
		return nil, err
	}
	return sign.NewVerifySign(text)
}
