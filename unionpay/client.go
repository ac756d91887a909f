// Package unionpay is a client of the all-channel gateway of China UnionPay (银联全渠道平台, ACP 5.1.0).
//
// A transaction is named by merId, orderId and txnTime together; see [NewOrderID] and [TxnTime]. The services of a
// [Client] are the families of operations: Pages (what the payer's browser is sent to), Payments (purchase, void, refund),
// Preauth, QR, Cards (opening and tokens), Payouts, Mandates (collection), Orders (query), Files and Certificates.
// Sensitive fields are made with an [Encrypter]. Package unionpaytest plays UnionPay inside a test, and [Do] carries out
// what this package lacks.
//
// A field whose tag says GROUP holds a [Group]. Blanks at the ends of a field are cut off before it is signed and sent, as UnionPay's own program does it.
//
// Everything that UnionPay sends is signed. With sign method 01 its certificate comes inside the message and is trusted
// only when the merchant's own files of the two authorities certify it and its owner is UnionPay.
// While UnionPay changes its authorities, and where many clients are made, that is what a [Trust] is for.
//
// # Outcomes
//
// Operations that move money are answered at once with "accepted" (受理), which is [cnpay.Pending]. Their outcome comes
// in a notification ([Client.ParseNotification]), and [Client.Settle] queries until it is final. A request that the
// package itself refuses is Failed, and one that never left is NotSent, whatever the operation.
//
// # Repeats
//
// An operation on money may be sent again as it was, with the same orderId and txnTime. UnionPay carries out the one that
// arrives first and answers the other with code 12, which is Unknown. This is the way out when queries say 34 (not
// found): the first request may have been lost or still be on its way, and after the repeat one of the two is there. Do it
// soon, because UnionPay takes only order times that are about now. [cnpay.WithSending] marks it in the ticket.
//   - Pending: the repeat was accepted. Settle it; the first, should it still arrive, is refused.
//   - Unknown, with code 12: the first had arrived. Settle it.
//   - Failed: the repeat was refused, for the reason that the code says. The first may still be on its way, or be the
//     reason: settle it, and only what that finds is the outcome.
//
// A new orderId is a second operation. Use one only when the outcome of the first is Failed or NotSent.
//
// # Orders that the payer pays
//
// What begins on a page, in an app or with a QR code that the merchant shows is carried out by the payer, who may try
// again until payTimeout; UnionPay advises a quarter of an hour after txnTime. What is paid later is returned by UnionPay.
// A query finds nothing (34) until the payer begins. There is no way to close an order: an unpaid one ends at payTimeout.
// Deliver on the notification to BackURL, which comes only when the payment succeeded, or on [Client.Settle]; what the
// browser brings to FrontURL, or the app as an [AppResult], is for the payer's eyes. Only when an order is Failed, after
// payTimeout and a margin ([cnpay.WithMargin]), may the payer be asked for another one under a new orderId. Without
// payTimeout no query can say that it failed for good.
package unionpay

import (
	"cmp"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/credential"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// The gateways, and the hosts of the reconciliation files.
const (
	ProductionGateway     = "https://gateway.95516.com"
	ProductionFileGateway = "https://filedownload.95516.com"
	TestGateway           = "https://gateway.test.95516.com"
	TestFileGateway       = "https://filedownload.test.95516.com"
)

// An Environment is one of UnionPay's two worlds. The zero value is Production.
type Environment string

// UnionPay's environments. In Test an older name of UnionPay's certificates is accepted, which in production would
// let its encryption certificate pass for the signing one.
const (
	Production Environment = "production"
	Test       Environment = "test"
)

// A SignMethod says how messages are signed (签名方法), in both directions.
type SignMethod string

// The sign methods. The zero value of SignMethod is RSA. Products with encrypted fields need RSA.
const (
	RSA    SignMethod = "01" // certificates
	SHA256 SignMethod = "11" // SHA-256 with a key that both sides know
	SM3    SignMethod = "12" // SM3 with a key that both sides know
)

// An Encoding is the character set of messages (编码方式). The zero value is UTF8.
type Encoding string

// The two character sets that UnionPay knows.
const (
	UTF8 Encoding = "UTF-8"
	GBK  Encoding = "GBK"
)

// How a merchant is connected (接入类型).
const (
	AccessMerchant = "0" // directly (商户直连接入)
	AccessAcquirer = "1" // through an acquiring institution (收单机构接入)
	AccessPlatform = "2" // as a platform with merchants below it (平台商户接入)
)

// NoNotification is the backUrl of an operation about which no notification is wanted. UnionPay reaches no address with
// "~"; one on a private line begins with ZX|.
const NoNotification = "http://www.specialUrl.com"

// Config says who calls and which answers are trusted. Blanks, line ends and invisible characters around the merchant codes and
// SecureKey are dropped; inside they are refused.
type Config struct {
	Environment Environment // empty means Production
	Gateway     string      // scheme and host; empty means the environment's
	FileGateway string      // scheme and host of the reconciliation files; empty means Gateway or, without one, the environment's
	MerID       string      // merchant code (商户代码), 15 letters and digits
	OtherMerIDs []string    // further merchants that the client may send for and be notified about, of an institution or a platform
	AccessType  string      // of requests that say nothing else (接入类型); empty means AccessMerchant

	SignMethod SignMethod        // empty means RSA
	Identity   *sign.Identity    // the merchant's key and certificate from sign.LoadIdentity (PKCS#12 or PEM); needed for RSA
	RootCert   *x509.Certificate // acp_*_root.cer, as UnionPay gave it to the merchant; needed for RSA
	MiddleCert *x509.Certificate // acp_*_middle.cer, likewise
	Trust      *Trust            // instead of RootCert and MiddleCert: while UnionPay changes them, or shared by many clients
	SecureKey  cnpay.Secret      // the common key (密钥); needed for SHA256 and SM3

	// PreviousSecureKeys are those that SecureKey replaces. What UnionPay still signs with one of them is genuine too.
	PreviousSecureKeys []cnpay.Secret

	Encoding Encoding // empty means UTF8
}

// Client calls UnionPay for one merchant. It is safe for concurrent use.
type Client struct {
	Pages        *PagesService
	Payments     *PaymentsService
	Preauth      *PreauthService
	QR           *QRService
	Cards        *CardsService
	Payouts      *PayoutsService
	Mandates     *MandatesService
	Orders       *OrdersService
	Files        *FilesService
	Certificates *CertificatesService

	call        call.Client
	fileGateway string
	merIDs      []string // the first is that of requests that name none
	accessType  string
	signMethod  SignMethod
	certID      string
	encoding    Encoding
	signer      sign.Signer
	keyed       sign.Verifier // of sign methods 11 and 12
	trust       *Trust        // of sign method 01
	scratch     sync.Pool     // of *[]byte, in which the text to verify is put together

	// What Warnings looks at.
	configured []configured
	messages   atomic.Pointer[x509.Certificate] // signPubKeyCert of the last verified message
	encryption atomic.Pointer[x509.Certificate] // of the last EncryptionKeeper
	warned     warned
}

// New checks the configuration; it sends nothing.
func New(config Config, opts ...cnpay.Option) (*Client, error) {
	settings := cnpay.Settings{}.With(opts...)
	c := &Client{
		accessType: cmp.Or(config.AccessType, AccessMerchant),
		signMethod: cmp.Or(config.SignMethod, RSA),
	}
	c.call = call.Client{
		Provider: "unionpay", OwnAccount: c.isOwn, Settings: settings, Transport: transport.New(settings.HTTPClient),
		Fields: spec.Table{Domains: map[string]func(string) string{"GROUP": isGroup}},
	}
	var unknown error
	c.encoding, unknown = config.Encoding.known()
	err := errors.Join(
		c.setGateways(config, settings.PlainHTTP),
		c.setMerchants(config),
		check(slices.Contains([]string{AccessMerchant, AccessAcquirer, AccessPlatform}, c.accessType), "accessType must be 0, 1 or 2"),
		check(unknown == nil, "encoding must be UTF-8 or GBK"),
		c.setKeys(config),
	)
	if err != nil {
		return nil, transport.ConfigError("unionpay", err)
	}
	for _, x := range c.configured {
		c.warn("unionpay configuration", x)
	}
	c.Pages, c.Payments, c.Preauth, c.QR = &PagesService{c}, &PaymentsService{c}, &PreauthService{c}, &QRService{c}
	c.Cards, c.Payouts, c.Mandates, c.Orders = &CardsService{c}, &PayoutsService{c}, &MandatesService{c}, &OrdersService{c}
	c.Files, c.Certificates = &FilesService{c}, &CertificatesService{c}
	return c, nil
}

// setMerchants takes over the merchant codes.
func (c *Client) setMerchants(config Config) error {
	merID, err := credential.Required("merId", config.MerID)
	c.merIDs, c.call.Account = []string{merID}, merID
	for i, other := range config.OtherMerIDs {
		other, bad := credential.Required(fmt.Sprintf("otherMerIds[%d]", i), other)
		c.merIDs, err = append(c.merIDs, other), errors.Join(err, bad)
	}
	return err
}

// setGateways finds the hosts.
func (c *Client) setGateways(config Config, plainHTTP bool) (err error) {
	gateway, files := ProductionGateway, ProductionFileGateway
	switch cmp.Or(config.Environment, Production) {
	case Production:
	case Test:
		gateway, files = TestGateway, TestFileGateway
	default:
		return fmt.Errorf("environment must be %s or %s", Production, Test)
	}
	// Files are not fetched from UnionPay's own host for a merchant who calls somewhere else.
	files = cmp.Or(config.FileGateway, cmp.Or(config.Gateway, files))
	var noFiles error
	c.call.Gateway, err = transport.Gateway(cmp.Or(config.Gateway, gateway), plainHTTP)
	if config.FileGateway != "" || config.Gateway == "" {
		c.fileGateway, noFiles = transport.Gateway(files, plainHTTP)
	} else {
		c.fileGateway = c.call.Gateway
	}
	return errors.Join(err, noFiles)
}

// setKeys sets up signing and verifying.
func (c *Client) setKeys(config Config) (err error) {
	switch c.signMethod {
	case RSA:
		return errors.Join(c.setIdentity(config.Identity), c.setTrust(config))
	case SHA256, SM3:
		secret, err := credential.Required("secureKey", config.SecureKey.Reveal())
		if err != nil {
			err = fmt.Errorf("%w (for signMethod %s)", err, c.signMethod)
		}
		secrets := []string{secret}
		for i, previous := range config.PreviousSecureKeys {
			secret, bad := credential.Required(fmt.Sprintf("previousSecureKeys[%d]", i), previous.Reveal())
			secrets, err = append(secrets, secret), errors.Join(err, bad)
		}
		if err != nil {
			return err
		}
		return c.setSecrets(secrets)
	}
	return errors.New("signMethod must be 01, 11 or 12")
}

// setSecrets takes the keys of sign methods 11 and 12: the first signs.
func (c *Client) setSecrets(secrets []string) error {
	keyed := sign.NewSHA256Keyed
	if c.signMethod == SM3 {
		keyed = sign.NewSM3Keyed
	}
	verifiers := make([]sign.Verifier, len(secrets))
	for i, secret := range secrets {
		k, err := keyed(secret)
		if err != nil {
			return err
		}
		if verifiers[i] = k; i == 0 {
			c.signer = k
		}
	}
	c.keyed = sign.AnyOf(verifiers...)
	return nil
}

func (c *Client) setIdentity(id *sign.Identity) (err error) {
	if id == nil || id.Key == nil || id.Certificate == nil {
		return errors.New("identity is required, the merchant's key and certificate (sign.LoadIdentity)")
	}
	c.certID = id.CertID()
	if c.signer, err = sign.NewRSASigner(id.Key, crypto.SHA256); err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	if public, ok := id.Key.Public().(*rsa.PublicKey); !ok || !public.Equal(id.Certificate.PublicKey) {
		return errors.New("identity: the certificate does not belong to the key")
	}
	return nil
}

func (c *Client) now() time.Time { return c.call.Settings.Now() }

// isOwn reports whether the client may send for a merchant and be notified about it.
func (c *Client) isOwn(merID string) bool { return slices.Contains(c.merIDs, merID) }

func check(ok bool, fault string) error {
	if ok {
		return nil
	}
	return errors.New(fault)
}
