package spay

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// errNotGBK is without the text: it may be a card holder's name.
var errNotGBK = errors.New("has a character that GBK does not have")

// gbk returns the bytes of a text in GBK. UMPay signs in one encoding (GBK) and verifies in another (GB18030): what the
// two write differently could never be verified.
func gbk(text string) ([]byte, error) {
	if ascii(text) {
		return []byte(text), nil
	}
	one, err := simplifiedchinese.GBK.NewEncoder().String(text)
	if err != nil {
		return nil, errNotGBK
	}
	other, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	if err != nil || one != other {
		return nil, errNotGBK
	}
	return []byte(one), nil
}

// gb18030 returns the bytes that UMPay verifies: GBK for what GBK has.
func gb18030(text string) ([]byte, error) {
	if ascii(text) {
		return []byte(text), nil
	}
	if !utf8.ValidString(text) {
		return nil, errors.New("not UTF-8")
	}
	bytes, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	return []byte(bytes), err
}

// utf8Of returns the text that comes as UTF-8 or, where it is not UTF-8, as GBK. Of the latter it accepts only what has the
// same bytes when it is written again, because those bytes are what is verified.
func utf8Of(received string) (string, error) {
	if utf8.ValidString(received) {
		return received, nil
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().String(received)
	if err != nil {
		return "", err
	}
	again, err := gb18030(text)
	if err != nil || string(again) != received {
		return "", fmt.Errorf("neither UTF-8 nor GBK")
	}
	return text, nil
}

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
