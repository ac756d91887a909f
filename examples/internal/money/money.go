// Package money reads and writes amounts as people do, without ever touching a floating-point number.
package money

import (
	"fmt"
	"strconv"
	"strings"
)

// Parse reads an amount in yuan, from 0.01 to most fen, and returns it in fen.
func Parse(text string, most int64) (int64, error) {
	whole, part, dotted := strings.Cut(text, ".")
	if len(part) == 1 {
		part += "0"
	}
	if !dotted {
		part = "00"
	}
	amount, err := strconv.ParseUint(whole+part, 10, 63)
	if err != nil || whole == "" || len(part) != 2 || amount == 0 || amount > uint64(most) {
		return 0, fmt.Errorf("%q is no amount in yuan", text)
	}
	return int64(amount), nil
}

// Decimal is an amount in yuan with both of its decimals.
func Decimal(fen int64) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }
