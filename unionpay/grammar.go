package unionpay

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
)

// mostPairs is far above the fields of any documented message (fewer than a hundred).
const mostPairs = 200

// parsePairs splits the body of an answer, which looks like a query string and is not one: nothing in it is
// URL-encoded, and values hold "=", "+", "/", line breaks and whole {k=v&k=v} groups. As UnionPay's own parser does,
// it removes one pair of braces around everything, ends a name at the first "=" and a value at the next "&", except
// that a "{" or "[" in a value runs to the first "}" or "]", nested ones not being counted.
//
// What UnionPay never sends is refused as [cnpay.ErrMalformed]: nothing at all, a part without "=" (the plain texts
// "Invalid request." and HTML pages are such), and a name that is duplicated. The values share text's memory, and no
// error repeats them.
func parsePairs(text string) ([]sign.Pair, error) {
	if text == "" {
		return nil, fmt.Errorf("%w: empty", cnpay.ErrMalformed)
	}
	if inner, ok := braced(text); ok {
		text = inner
	}
	return splitPairs(text)
}

// splitPairs is parsePairs without the braces around everything.
func splitPairs(text string) ([]sign.Pair, error) {
	pairs := make([]sign.Pair, 0, min(strings.Count(text, "&")+1, mostPairs/4))
	for more := true; more; {
		if len(pairs) == mostPairs {
			return nil, fmt.Errorf("%w: more than %d fields", cnpay.ErrMalformed, mostPairs)
		}
		equals := strings.IndexByte(text, '=')
		if equals < 0 || !isName(text[:equals]) {
			return nil, fmt.Errorf("%w: part %d is not of the form name=value", cnpay.ErrMalformed, len(pairs)+1)
		}
		name, rest := text[:equals], text[equals+1:]
		end := valueEnd(rest)
		pairs = append(pairs, sign.Pair{Name: name, Value: rest[:end]})
		if more = end < len(rest); more {
			text = rest[end+1:]
		}
	}
	if name, ok := repeatedName(pairs); ok {
		return nil, fmt.Errorf("%w: %s is duplicated", cnpay.ErrMalformed, name)
	}
	return pairs, nil
}

// valueEnd is where the value that s begins with ends: at the first "&" outside brackets, or with the text. It looks
// for each of the three characters again only when it has passed the last one found, so that no text takes long.
func valueEnd(s string) int {
	at, end, curly, square := 0, -1, -1, -1
	for {
		if end < at {
			end = nextByte(s, '&', at, len(s))
		}
		if curly < at {
			curly = nextByte(s, '{', at, end)
		}
		if square < at {
			square = nextByte(s, '[', at, end)
		}
		open, closing := curly, byte('}')
		if square < curly {
			open, closing = square, ']'
		}
		if open == end {
			return end
		}
		length := strings.IndexByte(s[open:], closing)
		if length < 0 {
			return len(s)
		}
		at = open + length + 1
	}
}

// nextByte is where c stands in s[from:end], or end.
func nextByte(s string, c byte, from, end int) int {
	if n := strings.IndexByte(s[from:end], c); n >= 0 {
		return from + n
	}
	return end
}

func braced(s string) (inner string, ok bool) {
	if len(s) < 2 || s[0] != '{' || s[len(s)-1] != '}' {
		return "", false
	}
	return s[1 : len(s)-1], true
}

// isName distinguishes a field's name from what a missing "=", a page of HTML or a JSON object leave instead.
func isName(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '-', c == '.':
		default:
			return false
		}
	}
	return s != ""
}

func repeatedName(pairs []sign.Pair) (string, bool) {
	const few = 64 // up to here comparing all with all is quicker than a map and allocates nothing
	if len(pairs) <= few {
		for i, p := range pairs {
			for _, earlier := range pairs[:i] {
				if p.Name == earlier.Name {
					return p.Name, true
				}
			}
		}
		return "", false
	}
	seen := make(map[string]struct{}, len(pairs))
	for _, p := range pairs {
		if _, ok := seen[p.Name]; ok {
			return p.Name, true
		}
		seen[p.Name] = struct{}{}
	}
	return "", false
}

// A Group is the content of a field that is itself a list of sub-fields (子域), {name=value&name=value}: reserved,
// tokenPayData, cardTransData, riskRateInfo, instalTransInfo, payerVerifiInfo. Its order is kept.
//
//	req.TokenPayData = unionpay.Group{{"trId", "62000000001"}, {"tokenType", "01"}}.String()
//
// The grammar has no escapes, so not every text fits into it. [Group.Encode] says so; text from a user, such as the
// commodityName of riskRateInfo, should go through it.
type Group [][2]string

// ParseGroup reads a field of that form from an answer or a notification. An empty text is an empty group. A text
// without braces is refused: the reserved field of some answers is Base64 instead.
func ParseGroup(text string) (Group, error) {
	if text == "" {
		return nil, nil
	}
	inner, ok := braced(text)
	if !ok {
		return nil, fmt.Errorf("%w: not in braces", cnpay.ErrMalformed)
	}
	if inner == "" {
		return nil, nil
	}
	pairs, err := splitPairs(inner)
	if err != nil {
		return nil, err
	}
	g := make(Group, len(pairs))
	for i, p := range pairs {
		g[i] = [2]string{p.Name, p.Value}
	}
	return g, nil
}

// Get returns the value of the named sub-field, "" without one.
func (g Group) Get(name string) string {
	for _, f := range g {
		if f[0] == name {
			return f[1]
		}
	}
	return ""
}

func (g Group) has(name string) bool {
	return slices.ContainsFunc(g, func(f [2]string) bool { return f[0] == name })
}

// Sorted returns the group in byte order of its names, as cardTransData wants them. The group itself is not changed.
func (g Group) Sorted() Group {
	g = slices.Clone(g)
	slices.SortStableFunc(g, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return g
}

// Encode returns the group as it goes into a request, "{}" for an empty one. It refuses, under
// [cnpay.ErrInvalidRequest] and with every fault, what the reader would not read back as it was: a name that is empty,
// is duplicated or holds more than letters, digits, "_", "-" and "."; a value with an "&" outside brackets; a bracket
// that is not closed or not open; and a value with braces anywhere but at the end, because the first "}" ends the
// group for the reader of the message around it.
func (g Group) Encode() (string, error) {
	if faults := g.faults(); faults != nil {
		return "", &cnpay.InvalidRequestError{Faults: faults}
	}
	size := len("{}")
	for _, f := range g {
		size += len(f[0]) + len(f[1]) + len("=&")
	}
	var b strings.Builder
	b.Grow(size)
	b.WriteByte('{')
	for i, f := range g {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(f[0])
		b.WriteByte('=')
		b.WriteString(f[1])
	}
	b.WriteByte('}')
	return b.String(), nil
}

// String is Encode for the literals of a program. A group that cannot be encoded becomes a text with a line break, which
// no request accepts in such a field: it is refused before it is sent, not read as another group.
func (g Group) String() string {
	text, err := g.Encode()
	if err != nil {
		return "not a group:\n" + err.Error()
	}
	return text
}

func (g Group) faults() []cnpay.Fault {
	var faults []cnpay.Fault
	seen := make(map[string]bool, len(g))
	for i, f := range g {
		name := f[0]
		if !isName(name) {
			faults = append(faults, cnpay.Fault{Field: fmt.Sprintf("sub-field %d", i+1), Problem: "must have a name of letters and digits"})
			continue
		}
		if seen[name] {
			faults = append(faults, cnpay.Fault{Field: name, Problem: "is duplicated"})
		}
		seen[name] = true
		if err := encodable(f[1], i == len(g)-1); err != nil {
			faults = append(faults, cnpay.Fault{Field: name, Problem: err.Error()})
		}
	}
	return faults
}

// encodable says why a value cannot stand in a group.
func encodable(value string, last bool) error {
	for i := 0; i < len(value); i++ {
		var closing byte
		switch value[i] {
		case '&':
			return errors.New("must not hold & outside brackets")
		case '}', ']':
			return errors.New("must not close a bracket that is not open")
		case '{':
			closing = '}'
			if !last {
				return errors.New("must not hold braces unless it stands last")
			}
		case '[':
			closing = ']'
		default:
			continue
		}
		length := strings.IndexByte(value[i+1:], closing)
		if length < 0 {
			return errors.New("must close its brackets")
		}
		if closing == ']' && strings.ContainsAny(value[i+1:i+1+length], "{}") {
			return errors.New("must not hold braces in square brackets")
		}
		i += 1 + length
	}
	return nil
}

// checkGroup is the check of a request's field that holds a group: text that is set must be one.
func checkGroup(field, text string) []cnpay.Fault {
	if _, err := ParseGroup(text); err != nil {
		return []cnpay.Fault{{Field: field, Problem: "must be of the form {name=value&name=value}"}}
	}
	return nil
}
