package sign_test

import "github.com/cnpay-go/cnpay/sign"

func constructors() map[string]func(string) (*sign.Keyed, error) {
	return map[string]func(string) (*sign.Keyed, error){
		"SHA256Keyed":      sign.NewSHA256Keyed,
		"SM3Keyed":         sign.NewSM3Keyed,
		"VerifySign":       sign.NewVerifySign,
		"SuffixMD5":        sign.NewSuffixMD5,
		"HMACSHA256Hex":    sign.NewHMACSHA256Hex,
		"HMACSHA256Base64": sign.NewHMACSHA256Base64,
	}
}
