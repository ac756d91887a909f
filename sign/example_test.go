package sign_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay/sign"
)

func ExampleCanonical() {
	text, err := sign.Canonical([]sign.Pair{{"txnType", "31"}, {"certId", "68759585097"}, {"orderId", "20240105145046001"}})
	fmt.Println(string(text), err)
	_, err = sign.Canonical([]sign.Pair{{"txnAmt", "1"}, {"txnAmt", "100000"}})
	fmt.Println(errors.Is(err, sign.ErrDuplicate))
	// Output:
	// certId=68759585097&orderId=20240105145046001&txnType=31 <nil>
	// true
}

func ExampleSM3() {
	fmt.Printf("%x\n", sign.SM3([]byte("abc")))
	// Output: 66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0
}

func ExampleNewSHA256Keyed() {
	unionpay, err := sign.NewSHA256Keyed("88888888")
	if err != nil {
		fmt.Println(err)
		return
	}
	message := []byte("accessType=0&bizType=000000&encoding=UTF-8&merId=777290058110048&orderId=20240105145046001" +
		"&signMethod=11&txnSubType=00&txnTime=20240105145046&txnType=00&version=5.1.0")
	signature, err := unionpay.Sign(message)
	fmt.Println(signature, err)
	fmt.Println(unionpay.Verify(message, signature))
	fmt.Println(unionpay.Verify(message, strings.Replace(signature, "c", "d", 1)))
	// Output:
	// c3f5d530a23f3bb3c8152831cf9d719c00ef778bcdf6383e7270d4385c602acb <nil>
	// <nil>
	// sign: signature does not verify
}

func ExampleNewVerifySign() {
	yuansfer, err := sign.NewVerifySign("5cbfb079f15b150122261c8537086d77a") // a published sandbox token
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(yuansfer.Sign([]byte("autoDebitNo=298217806906830305&merchantNo=200043&storeNo=300014")))
	// Output: acb359804dd3805da41cbccf23af3a0a <nil>
}

func ExampleNewSuffixMD5() {
	upay, err := sign.NewSuffixMD5("68d499beda5f72116592f5c527465656") // the documentation's sample key
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(upay.Sign([]byte(`{"terminal_sn":"00101010029201012912","sn":"7892259488292938"}`)))
	// Output: c95840dcb9f6045f4658d93bbb73fa0d <nil>
}

func ExampleNewHMACSHA256Base64() {
	chinaums, err := sign.NewHMACSHA256Base64("67890123456789012345678901234567")
	if err != nil {
		fmt.Println(err)
		return
	}
	const appID, timestamp, nonce = "12345678901234567890123456789012", "20170101120000", "09876543210987654321098765432109"
	fmt.Println(chinaums.Sign([]byte(appID + timestamp + nonce + sign.SHA256Hex([]byte("A")))))
	// Output: GINsCTyNKTpEI9KXO16KqZJ64fOyAytEKl8aaR/Dy08= <nil>
}

// A message that brings its own certificate is trusted only when the
// certificate comes down from a root that the merchant pinned.
func ExampleTrust() {
	verify := func(root, middle *x509.Certificate, message []byte, certificate, signature string) error {
		chain, err := sign.NewChain(root, middle)
		if err != nil {
			return err
		}
		owner := func(cn string) bool {
			parts := strings.Split(cn, "@")
			return len(parts) > 2 && parts[2] == "中国银联股份有限公司"
		}
		trust, err := sign.NewTrust(owner, chain) // one for the life of the program
		if err != nil {
			return err
		}
		verifier, err := trust.Verifier(certificate, time.Now())
		if err != nil {
			return err
		}
		return verifier.Verify(message, signature)
	}
	fmt.Println(verify(nil, nil, nil, "", ""))
	// Output: sign: certificate not trusted: no root certificate
}
