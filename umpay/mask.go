package umpay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/cnpay-go/cnpay"
)

// deepest is how far objects may be nested; the plugin's lists of orders reach four.
const deepest = 16

// redact returns the JSON body with each card number in it masked, and without what must not be kept at all, at any
// depth. It is called on verified bytes, before anything is decoded from them: its result is all that the rest of the
// package, and the merchant, ever see. A duplicated name is refused, because two readers could take two values.
func redact(body []byte) ([]byte, error) {
	body = trimmed(body)
	if !utf8.Valid(body) || !json.Valid(body) {
		return nil, fmt.Errorf("%w: not JSON", cnpay.ErrMalformed)
	}
	var out bytes.Buffer
	out.Grow(len(body))
	if err := appendClean(&out, body, 0); err != nil {
		return nil, fmt.Errorf("%w: %w", cnpay.ErrMalformed, err)
	}
	return out.Bytes(), nil
}

// trimmed is the body without a byte order mark, blanks and line ends around it: some programs add them before they
// sign, and no reader takes them for anything else.
func trimmed(body []byte) []byte {
	return bytes.Trim(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n")
}

func appendClean(out *bytes.Buffer, raw json.RawMessage, depth int) error {
	raw = bytes.TrimSpace(raw)
	switch {
	case depth > deepest:
		return errors.New("nested too deeply")
	case raw[0] == '{':
		return appendCleanObject(out, raw, depth)
	case raw[0] == '[':
		return appendCleanList(out, raw, depth)
	}
	out.Write(raw)
	return nil
}

func appendCleanObject(out *bytes.Buffer, raw json.RawMessage, depth int) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil {
		return errors.New("not JSON")
	}
	seen := map[string]bool{}
	out.WriteByte('{')
	for first := true; d.More(); {
		token, err := d.Token()
		name, ok := token.(string)
		var value json.RawMessage
		if err != nil || !ok || d.Decode(&value) != nil {
			return errors.New("not JSON")
		}
		if seen[name] {
			return errors.New("a name is duplicated")
		}
		seen[name] = true
		kind := sensitivity(name)
		if kind == dropped {
			continue
		}
		if !first {
			out.WriteByte(',')
		}
		first = false
		appendText(out, name)
		out.WriteByte(':')
		switch {
		case kind == public || string(value) == "null":
			if err := appendClean(out, value, depth+1); err != nil {
				return err
			}
		case kind == cardNumber:
			appendText(out, maskCardNumber(plain(value)))
		case value[0] == '"':
			appendText(out, maskLongNumbers(plain(value)))
		default: // a message that is not text
			if err := appendClean(out, value, depth+1); err != nil {
				return err
			}
		}
	}
	out.WriteByte('}')
	return nil
}

func appendCleanList(out *bytes.Buffer, raw json.RawMessage, depth int) error {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return errors.New("not JSON")
	}
	out.WriteByte('[')
	for i, item := range items {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := appendClean(out, item, depth+1); err != nil {
			return err
		}
	}
	out.WriteByte(']')
	return nil
}

func appendText(out *bytes.Buffer, s string) {
	text, _ := json.Marshal(s) // never fails for a string
	out.Write(text)
}

// plain is the text of a JSON value: the content of a string, the spelling of anything else.
func plain(raw json.RawMessage) string {
	var s string
	if raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return string(raw)
	}
	return s
}

type sensitive int

const (
	public     sensitive = iota
	cardNumber           // masked
	freeText             // may quote a card number
	dropped
)

// sensitivity has the names of card data in both generations of the plugin. Some pages promise a masked number and
// some a clear one; nothing relies on the promise.
func sensitivity(name string) sensitive {
	key := strings.Map(func(r rune) rune {
		switch {
		case r == '_' || r == '-' || r == ' ':
			return -1
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return r
	}, name)
	switch key {
	case "mediano", // the customer's payment code
		"account", "cardno", "cardid", "cardnum", "cardnumber", "pan":
		return cardNumber
	case "message", "msg", "msgtouser", "msgtouse", "msgdesc":
		return freeText
	case "cardexpirydate", "validdate", "expirydate", "cvv2", "cvn2", "pin", "pinblock",
		"accountmd5": // the digest and the visible digits lead to the rest in no time
		return dropped
	}
	if strings.HasPrefix(key, "track") {
		return dropped
	}
	return public
}

// maskCardNumber keeps the first six and the last four digits, or what the terminal has masked before.
func maskCardNumber(s string) string {
	s = strings.NewReplacer(" ", "", "-", "").Replace(s)
	digits := 0
	for _, r := range s {
		if digit(r) {
			digits++
		}
	}
	switch n := len(s); {
	case n > 64:
		return "****"
	case digits <= 10 && strings.Contains(s, "*"):
		return s
	case n < 13 || utf8.RuneCountInString(s) != n:
		return strings.Repeat("*", n)
	default:
		return s[:6] + strings.Repeat("*", n-10) + s[n-4:]
	}
}

// maskLongNumbers masks what may be a card number in a message.
func maskLongNumbers(s string) string {
	var out strings.Builder
	for s != "" {
		start := strings.IndexFunc(s, digit)
		if start < 0 {
			break
		}
		length := strings.IndexFunc(s[start:], func(r rune) bool { return !digit(r) })
		if length < 0 {
			length = len(s) - start
		}
		out.WriteString(s[:start])
		if number := s[start : start+length]; length < 13 {
			out.WriteString(number)
		} else {
			out.WriteString(maskCardNumber(number))
		}
		s = s[start+length:]
	}
	out.WriteString(s)
	return out.String()
}

func digit(r rune) bool { return r >= '0' && r <= '9' }
