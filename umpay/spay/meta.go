package spay

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
)

// platform is the name of the META tag that holds a message.
const platform = "MobilePayPlatform"

var (
	errNoTag  = errors.New("no META tag " + platform)
	errTwice  = errors.New("more than one " + platform)
	errBadTag = errors.New("not a META tag with the attributes NAME and CONTENT alone")
)

// content returns what the META tag of a page holds:
//
//	<META NAME="MobilePayPlatform" CONTENT="mer_id=60000100&ret_code=0000&...">
//
// The page around it may be any. No reader of HTML is asked what of the page counts, because two of them (and UMPay's
// own programs, which look for the word CONTENT) could find two answers: the name is in the page once and no more, inside
// a tag of just this form, or nothing is read. The content is taken as it is spelled; nothing in it is decoded.
func content(page string) (string, error) {
	lower := lowerASCII(page)
	at := strings.Index(lower, lowerASCII(platform))
	switch {
	case at < 0:
		return "", errNoTag
	case strings.Contains(lower[at+len(platform):], lowerASCII(platform)):
		return "", errTwice
	}
	begin := strings.LastIndex(lower[:at], "<meta")
	if begin < 0 {
		return "", errBadTag
	}
	rest := page[begin+len("<meta"):]
	found := map[string]string{}
	for {
		blank := len(rest) - len(strings.TrimLeft(rest, " \t\r\n"))
		rest = rest[blank:]
		if strings.HasPrefix(rest, ">") || strings.HasPrefix(rest, "/>") {
			break
		}
		name, after, ok := strings.Cut(rest, "=")
		name = lowerASCII(strings.TrimRight(name, " \t\r\n"))
		after = strings.TrimLeft(after, " \t\r\n")
		if !ok || blank == 0 || name != "name" && name != "content" || after == "" || after[0] != '"' && after[0] != '\'' {
			return "", errBadTag
		}
		value, after, ok := strings.Cut(after[1:], after[:1])
		if _, twice := found[name]; !ok || twice {
			return "", errBadTag
		}
		found[name], rest = value, after
	}
	text, ok := found["content"]
	if !ok || !strings.EqualFold(found["name"], platform) {
		return "", errBadTag
	}
	return text, nil
}

// lowerASCII keeps the length of the text, which strings.ToLower does not.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// pairs splits a message of name=value joined by "&" at the first "=" of each. A name that is duplicated is refused: two
// readers could read two things.
func pairs(text string) ([]sign.Pair, error) {
	const most = 200
	var all []sign.Pair
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, "&") {
		name, value, ok := strings.Cut(part, "=")
		switch {
		case part == "":
			continue
		case !ok || name == "":
			return nil, errors.New("a part that is not name=value")
		case seen[name]:
			return nil, fmt.Errorf("%q is duplicated", name)
		case len(all) == most:
			return nil, fmt.Errorf("more than %d fields", most)
		}
		seen[name] = true
		all = append(all, sign.Pair{Name: name, Value: value})
	}
	return all, nil
}

// message is what the META tag of an answer holds, unverified, in UTF-8.
func message(body []byte) ([]sign.Pair, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, fmt.Errorf("%w: empty body", cnpay.ErrMalformed)
	}
	text, err := content(string(body))
	if err == nil {
		text, err = utf8Of(text)
	}
	var all []sign.Pair
	if err == nil {
		all, err = pairs(text)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", cnpay.ErrMalformed, err)
	}
	return all, nil
}

// verify checks the signature of a message: over all its values but sign and sign_type, empty ones too. It returns them.
func (c *Client) verify(message []sign.Pair) ([]sign.Pair, error) {
	signed := make([]sign.Pair, 0, len(message))
	var signature string
	for _, p := range message {
		switch p.Name {
		case "sign":
			signature = strings.ReplaceAll(p.Value, " ", "+") // Base64 has no blank: somebody unescaped it once too often
		case "sign_type":
			if p.Value != "RSA" {
				return nil, fmt.Errorf("%w: sign_type is not RSA", cnpay.ErrSignature)
			}
		default:
			signed = append(signed, p)
		}
	}
	if signature == "" {
		return nil, fmt.Errorf("%w: it is not signed", cnpay.ErrSignature)
	}
	text, err := sign.Canonical(signed)
	if err == nil {
		text, err = gb18030(string(text))
	}
	if err == nil {
		err = c.verifier.Verify(text, signature)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", cnpay.ErrSignature, err)
	}
	return signed, nil
}

// signature signs pairs as they are.
func (c *Client) signature(pairs []sign.Pair) (string, error) {
	text, err := sign.Canonical(pairs)
	if err == nil {
		text, err = gbk(string(text))
	}
	if err != nil {
		return "", err
	}
	return c.signer.Sign(text)
}

// page is an answer to UMPay: the pairs and their signature in a META tag. Values that would break the tag are refused.
func (c *Client) page(pairs []sign.Pair) ([]byte, error) {
	signature, err := c.signature(pairs)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(`<html><head><META NAME="` + platform + `" CONTENT="`)
	for _, p := range append(pairs, sign.Pair{Name: "sign_type", Value: "RSA"}, sign.Pair{Name: "sign", Value: signature}) {
		if strings.ContainsAny(p.Value, "\"&<>") {
			return nil, fmt.Errorf("%s cannot be in a META tag", p.Name)
		}
		b.WriteString(p.Name + "=" + p.Value + "&")
	}
	b.Truncate(b.Len() - 1)
	b.WriteString(`"></head></html>`)
	return b.Bytes(), nil
}
