package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cnpay-go/cnpay"
)

// object is a JSON object as signatures see it: its members in byte order of their names.
type object []member

type member struct {
	name   string
	text   string // of a text its content, of a number its spelling, of a list its JSON without blanks
	inner  object
	nested bool
	list   bool
}

const maxDepth = 16

var errNotJSON = errors.New("not a JSON object")

// readObject reads the text that a signature covers out of a message, request and answer alike. A name that is
// duplicated is refused: signer and verifier could each mean another of the two values.
func readObject(body []byte) (object, error) {
	o, err := readMembers(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", cnpay.ErrMalformed, err)
	}
	return o, nil
}

func readMembers(body []byte, depth int) (object, error) {
	if depth > maxDepth {
		return nil, errors.New("nested too deeply")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return nil, errNotJSON
	}
	var o object
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, errNotJSON
		}
		m := member{name: name.(string)} // what stands before a colon is a text
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, errNotJSON
		}
		if err := m.read(raw, depth); err != nil {
			return nil, err
		}
		o = append(o, m)
	}
	if _, err := d.Token(); err != nil || len(bytes.TrimSpace(body[d.InputOffset():])) != 0 {
		return nil, errNotJSON
	}
	slices.SortFunc(o, func(a, b member) int { return strings.Compare(a.name, b.name) })
	for i := 1; i < len(o); i++ {
		if o[i].name == o[i-1].name {
			return nil, fmt.Errorf("%q is duplicated", o[i].name)
		}
	}
	return o, nil
}

func (m *member) read(raw json.RawMessage, depth int) (err error) {
	switch raw[0] {
	case '{':
		m.nested = true
		m.inner, err = readMembers(raw, depth+1)
		return err
	case '[':
		m.list = true
		var b bytes.Buffer
		if err := json.Compact(&b, raw); err != nil {
			return errNotJSON
		}
		m.text = b.String()
	case '"':
		return json.Unmarshal(raw, &m.text)
	case 'n': // null is absent
	default:
		m.text = string(raw)
	}
	return nil
}

// take removes a member and returns its text.
func (o *object) take(name string) (text string) {
	*o = slices.DeleteFunc(*o, func(m member) bool {
		if m.name == name {
			text = m.text
		}
		return m.name == name
	})
	return text
}

// get is the text of a member.
func (o object) get(name string) string {
	for i := range o {
		if o[i].name == name {
			return o[i].text
		}
	}
	return ""
}

// request is what is signed of a request: name=value, joined by "&". An object inside stands there likewise behind its
// name, without braces; so do lists, of which no document says anything, in the spelling that UMPay's sample program would
// sign.
func (o object) request() []byte { return o.appendNamed(nil) }

func (o object) appendNamed(b []byte) []byte {
	for i, m := range o {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(append(b, m.name...), '=')
		switch {
		case m.nested:
			b = m.inner.appendNamed(b)
		case m.list:
			b = append(b, altered(m.text)...)
		default:
			b = append(b, m.text...)
		}
	}
	return b
}

// answer is what is signed of an answer: the values that are not empty, without their names, joined by "|"; those of an
// object inside in its place.
func (o object) answer() []byte { return o.appendValues(nil) }

func (o object) appendValues(b []byte) []byte {
	for _, m := range o {
		if m.nested {
			b = m.inner.appendValues(b)
			continue
		}
		if m.text == "" {
			continue
		}
		if len(b) > 0 {
			b = append(b, '|')
		}
		b = append(b, m.text...)
	}
	return b
}

// ambiguous returns the name of a member whose text holds the "|" that separates the values of an answer: one signed text
// would then be that of two answers.
func (o object) ambiguous() string {
	for _, m := range o {
		if strings.Contains(m.text, "|") {
			return m.name
		}
		if name := m.inner.ambiguous(); name != "" {
			return m.name + "." + name
		}
	}
	return ""
}

// lists reports whether there is a list in it, of whose signature no document says anything.
func (o object) lists() bool {
	return slices.ContainsFunc(o, func(m member) bool { return m.list || m.inner.lists() })
}

// altered is what UMPay's sample program makes of a text before it signs it: it signs the Java spelling of the whole message,
// without braces and with "&" for what separates members there.
func altered(text string) string {
	return strings.NewReplacer(", ", "&", "{", "", "}", "").Replace(text)
}

// faults are the values that would be signed as something else.
func (o object) faults(path string) []cnpay.Fault {
	var faults []cnpay.Fault
	for _, m := range o {
		switch name := path + m.name; {
		case m.nested:
			faults = append(faults, m.inner.faults(name+".")...)
		case !m.list && altered(m.text) != m.text:
			faults = append(faults, cnpay.Fault{Field: name, Problem: "must not hold { } or a comma with a blank behind it, which break the signature"})
		}
	}
	return faults
}
