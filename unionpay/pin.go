package unionpay

import (
	"strconv"

	"github.com/cnpay-go/cnpay"
)

// The lengths that ISO 9564-1 gives a PIN, and those of the card numbers whose PIN UnionPay takes: its own program
// fills card numbers of 11 and 12 digits with zeros on the left.
const (
	shortestPIN = 4
	longestPIN  = 12
	shortestPAN = 11
	longestPAN  = 19
)

// PIN returns the pin of customerInfo: the PIN block of ISO 9564-1 format 0, made of the PIN (4 to 12 digits) and the
// card number (accNo, in plain), and encrypted as 8 raw bytes. It refuses anything else with every fault.
func (e *Encrypter) PIN(pin, accNo string) (string, error) {
	if e == nil {
		return "", errNoCertificate
	}
	block, err := pinBlock(pin, accNo)
	if err != nil {
		return "", err
	}
	return e.encrypt(block[:])
}

// pinBlock combines two fields of 16 decimal or hexadecimal digits by exclusive or. The PIN field is a zero, the number
// of the PIN's digits, these digits, and F to the end. The PAN field is four zeros and the last 12 digits of the card
// number before its check digit.
func pinBlock(pin, pan string) (block [8]byte, err error) {
	var faults []cnpay.Fault
	if len(pin) < shortestPIN || len(pin) > longestPIN || !isDigits(pin) {
		faults = append(faults, cnpay.Fault{Field: "pin", Problem: "must be " + digits(shortestPIN, longestPIN)})
	}
	if len(pan) < shortestPAN || len(pan) > longestPAN || !isDigits(pan) {
		faults = append(faults, cnpay.Fault{Field: "accNo", Problem: "must be " + digits(shortestPAN, longestPAN)})
	}
	if faults != nil {
		return block, &cnpay.InvalidRequestError{Faults: faults}
	}
	var pinField, panField [16]byte // one digit each
	pinField[1] = byte(len(pin))
	for i := range pinField[2:] {
		pinField[2+i] = 0xf
		if i < len(pin) {
			pinField[2+i] = pin[i] - '0'
		}
	}
	pan = pan[:len(pan)-1]
	for i := range min(len(pan), 12) {
		panField[15-i] = pan[len(pan)-1-i] - '0'
	}
	for i := range block {
		block[i] = (pinField[2*i]^panField[2*i])<<4 | pinField[2*i+1] ^ panField[2*i+1]
	}
	return block, nil
}

func isDigits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

func digits(low, high int) string { return strconv.Itoa(low) + " to " + strconv.Itoa(high) + " digits" }
