package unionpay_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"math/big"

	"github.com/cnpay-go/cnpay/unionpay"
)

func ExampleGroup() {
	fmt.Println(unionpay.Group{{"trId", "62000000001"}, {"tokenType", "01"}})

	_, err := unionpay.Group{{"commodityName", "salt & pepper"}}.Encode()
	fmt.Println(err)
	// Output:
	// {trId=62000000001&tokenType=01}
	// invalid request: commodityName must not hold & outside brackets
}

func ExampleEncrypter() {
	encrypter, err := unionpay.NewEncrypter(encryptionCertificate(), unionpay.UTF8)
	if err != nil {
		panic(err)
	}
	accNo, err := encrypter.Encrypt("6221558812340000")
	if err != nil {
		panic(err)
	}
	pin, err := encrypter.PIN("123456", "6221558812340000")
	if err != nil {
		panic(err)
	}
	customer := &unionpay.CustomerInfo{PhoneNo: "13552535506", CVN2: "123", Expired: "1711", SMSCode: "111111", PIN: pin}
	customerInfo, err := encrypter.CustomerInfo(customer)
	if err != nil {
		panic(err)
	}
	fmt.Println("encryptCertId:", encrypter.CertID())
	fmt.Println("accNo:", len(accNo), "characters")
	fmt.Println("customerInfo:", len(customerInfo), "characters")
	fmt.Println("in a log:", customer)
	// Output:
	// encryptCertId: 69683525138
	// accNo: 344 characters
	// customerInfo: 968 characters
	// in a log: [customer info]
}

// encryptionCertificate stands for the file acp_*_enc.cer, which sign.ParseCertificates reads.
func encryptionCertificate() *x509.Certificate {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return &x509.Certificate{SerialNumber: big.NewInt(69683525138), PublicKey: &key.PublicKey}
}
