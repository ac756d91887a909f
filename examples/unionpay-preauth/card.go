package main

import (
	"context"
	"errors"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/unionpay"
)

// card is what a payment by card number needs, encrypted for UnionPay.
type card struct {
	accNo, certID, withCode string
	ready                   bool
}

// secrets encrypts the card, and has UnionPay send its holder a code. The message is for the order that follows: both
// have the same orderId and txnTime.
func (p *play) secrets(ctx context.Context, order, at, bizType string) (card, error) {
	if p.encrypter == nil {
		if err := p.fetchCertificate(ctx); err != nil {
			return card{}, err
		}
	}
	c := card{certID: p.encrypter.CertID()}
	var toPhone string
	var e1, e2, e3 error
	if p.encrypter != nil {
		c.accNo, e1 = p.encrypter.Encrypt(p.card)
		toPhone, e2 = p.encrypter.CustomerInfo(&unionpay.CustomerInfo{PhoneNo: p.phone})
		c.withCode, e3 = p.encrypter.CustomerInfo(&unionpay.CustomerInfo{PhoneNo: p.phone, SMSCode: p.smsCode})
	}
	if err := errors.Join(e1, e2, e3); err != nil {
		return c, p.report(result{Operation: "SMS code", Order: order, Outcome: cnpay.Failed, Error: oneLine(err), invalid: true})
	}
	req := &unionpay.CardSendSMSRequest{
		CardKind: unionpay.CardKind{EncryptCertID: c.certID},
		BizType:  bizType, OrderID: order, TxnTime: at, TxnAmt: p.amount, CurrencyCode: "156", AccNo: c.accNo, CustomerInfo: toPhone,
	}
	req.TxnSubType = "04" // for a pre-authorisation
	r, err := do(ctx, p, step{"SMS code", order, "sent to the card holder", p.encrypter != nil}, req, p.client.Cards.SendSMS)
	c.ready = r.Outcome == cnpay.Succeeded
	return c, err
}

// fetchCertificate asks for what UnionPay wants card numbers encrypted with. A program that runs for days uses an
// EncryptionKeeper.
func (p *play) fetchCertificate(ctx context.Context) error {
	req := &unionpay.CertificateEncryptionRequest{OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now())}
	fetch := func(ctx context.Context, req *unionpay.CertificateEncryptionRequest, opts ...cnpay.Option) (*unionpay.CertificateEncryptionResponse, error) {
		res, err := p.client.Certificates.Encryption(ctx, req, opts...)
		if err != nil {
			return res, err
		}
		certificate, err := p.client.Certificates.Certificate(res)
		if err == nil {
			p.encrypter, err = unionpay.NewEncrypter(certificate, unionpay.UTF8)
		}
		return res, err
	}
	_, err := do(ctx, p, step{"certificate", req.OrderID, "fetched, for the encryption of the card number", true}, req, fetch)
	return err
}
