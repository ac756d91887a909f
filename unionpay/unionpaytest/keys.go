package unionpaytest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"sync"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/cnpay-go/cnpay/sign"
)

// keyring is the key material of this process: authorities, UnionPay, the merchant. The keys are made when the first
// gateway starts and shared by all, because making them takes longer than a whole test; no other process has them.
type keyring struct {
	root, middle *x509.Certificate

	unionpayKey *rsa.PrivateKey
	genuine     string // UnionPay's certificate, as it goes into messages
	expired     string // the same, of long ago
	forged      string // the same in every word, from another authority

	encryption *x509.Certificate // of the same key as the genuine one, which saves making another

	merchantKey *rsa.PrivateKey
	merchant    *x509.Certificate
	pfx         []byte
}

// PFXPassword is the password of the merchant's key file.
const PFXPassword = "000000"

var (
	keys = sync.OnceValue(func() *keyring { return newKeyring("") })
	// successor has other authorities and the same merchant.
	successor = sync.OnceValue(func() *keyring {
		k, first := newKeyring(" 2"), keys()
		k.merchantKey, k.merchant, k.pfx = first.merchantKey, first.merchant, first.pfx
		return k
	})
)

func newKeyring(generation string) *keyring {
	rootKey, middleKey := newKey(), newKey()
	k := &keyring{unionpayKey: newKey(), merchantKey: newKey()}
	serial := int64(69900000000)
	certificate := func(name pkix.Name, authority bool, until time.Time, key *rsa.PrivateKey, issuer *x509.Certificate, issuerKey *rsa.PrivateKey) *x509.Certificate {
		serial++
		template := &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: name,
			NotBefore: time.Date(2012, 8, 29, 0, 0, 0, 0, time.UTC), NotAfter: until,
			BasicConstraintsValid: authority, IsCA: authority, SignatureAlgorithm: x509.SHA256WithRSA,
		}
		if authority {
			template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
		} else {
			template.KeyUsage = x509.KeyUsageDigitalSignature
		}
		if issuer == nil {
			issuer = template
		}
		der, err := x509.CreateCertificate(rand.Reader, template, issuer, &key.PublicKey, issuerKey)
		if err != nil {
			panic(err) // a mistake of this package
		}
		made, err := x509.ParseCertificate(der)
		if err != nil {
			panic(err)
		}
		return made
	}
	const unionpay = "041@8310000000083040@中国银联股份有限公司@00016495"
	end := time.Now().AddDate(20, 0, 0)
	k.root = certificate(pkix.Name{CommonName: "cnpay test root" + generation}, true, end, rootKey, nil, rootKey)
	k.middle = certificate(pkix.Name{CommonName: "cnpay test OCA1" + generation}, true, end, middleKey, k.root, rootKey)
	k.merchant = certificate(pkix.Name{CommonName: "041@Z2026@" + MerID + ":SIGN@00000003"}, false, end, k.merchantKey, k.middle, middleKey)
	k.genuine = inMessage(certificate(pkix.Name{CommonName: unionpay}, false, end, k.unionpayKey, k.middle, middleKey))
	k.expired = inMessage(certificate(pkix.Name{CommonName: unionpay}, false, time.Date(2017, 12, 4, 3, 25, 21, 0, time.UTC), k.unionpayKey, k.middle, middleKey))
	k.encryption = certificate(pkix.Name{CommonName: "041@Z1200040000:SIGN@00040000:SIGN@00000002"}, false, end, k.unionpayKey, k.middle, middleKey)
	// The forger's authority has the name of the real one and, because one key is as good as another here, the merchant's key.
	forger := &x509.Certificate{Subject: k.middle.Subject, RawSubject: k.middle.RawSubject, SubjectKeyId: k.middle.SubjectKeyId}
	k.forged = inMessage(certificate(pkix.Name{CommonName: unionpay}, false, end, k.unionpayKey, forger, k.merchantKey))
	var err error
	if k.pfx, err = pkcs12.Modern.Encode(k.merchantKey, k.merchant, []*x509.Certificate{k.middle, k.root}, PFXPassword); err != nil {
		panic(err)
	}
	return k
}

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // only a broken machine
	}
	return key
}

// inMessage is a certificate as UnionPay writes it: line breaks of two characters, none at the end.
func inMessage(certificate *x509.Certificate) string {
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
	return strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\r\n")
}

func (k *keyring) identity() *sign.Identity {
	return &sign.Identity{Key: k.merchantKey, Certificate: k.merchant}
}
