package spec

import (
	"bytes"
	"encoding/json"
	"net/url"
	"reflect"
	"regexp"
	"strings"

	"github.com/cnpay-go/cnpay/sign"
)

// Mask returns a body, JSON or form, with the values of the fields hidden that the messages' tags call pan or secret,
// and of fields that no tag describes all that could be a card number. What cannot be read as either is masked as text.
func (t *Table) Mask(body []byte, messages ...any) []byte {
	m := masker{known: map[string]*field{}}
	for _, message := range messages {
		m.learn(t, reflect.TypeOf(message))
	}
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) > 0 && trimmed[0] == '{' {
		var out bytes.Buffer
		if m.object(&out, json.NewDecoder(bytes.NewReader(trimmed))) {
			return out.Bytes()
		}
	}
	if pairs, ok := formPairs(string(trimmed)); ok {
		return m.pairs(pairs)
	}
	if m.mayHoldSecrets(body) {
		return []byte("[not shown: it cannot be read, and may hold secrets]")
	}
	return []byte(maskDigits(string(body)))
}

// mayHoldSecrets reports whether text that is neither JSON nor a form has the name of a secret before what looks like a
// value.
func (m *masker) mayHoldSecrets(text []byte) bool {
	for name, f := range m.known {
		for rest := text; f.secret; {
			_, after, found := bytes.Cut(rest, []byte(name))
			if !found {
				break
			}
			if next := bytes.TrimLeft(after, "\\\"' \t\r\n"); len(next) > 0 && (next[0] == ':' || next[0] == '=') {
				return true
			}
			rest = after
		}
	}
	return false
}

// MaskPairs is Mask of a body that was split already.
func (t *Table) MaskPairs(pairs []sign.Pair, messages ...any) []byte {
	m := masker{known: map[string]*field{}}
	for _, message := range messages {
		m.learn(t, reflect.TypeOf(message))
	}
	return m.pairs(pairs)
}

func (m *masker) pairs(pairs []sign.Pair) []byte {
	shown := make([]sign.Pair, len(pairs))
	for i, p := range pairs {
		shown[i] = sign.Pair{Name: p.Name, Value: m.text(p.Name, p.Value)}
	}
	return appendForm(nil, shown)
}

// masker knows the fields of some messages by wire name.
type masker struct{ known map[string]*field }

func (m *masker) learn(t *Table, rt reflect.Type) {
	for rt != nil && (rt.Kind() == reflect.Pointer || rt.Kind() == reflect.Slice) {
		rt = rt.Elem()
	}
	if rt == nil || rt.Kind() != reflect.Struct {
		return
	}
	typ := t.of(rt)
	for i := range typ.fields {
		f := &typ.fields[i]
		if old := m.known[f.name]; old == nil || f.pan || f.secret {
			m.known[f.name] = f
		}
		if f.kind == object || f.kind == list {
			m.learn(t, rt.FieldByIndex(f.index).Type)
		}
	}
}

const hidden = "***"

// text is a value as it may be shown.
func (m *masker) text(name, value string) string {
	switch f := m.known[name]; {
	case f == nil:
		return maskDigits(value)
	case f.secret && value != "":
		return hidden
	case f.pan:
		return maskCard(value)
	}
	return value
}

// maskCard leaves the first six and the last four digits of a card number.
func maskCard(value string) string {
	if len(value) < 13 || len(value) > 19 || strings.Trim(value, "0123456789") != "" {
		return hidden // encrypted, or part of one
	}
	return value[:6] + strings.Repeat("*", len(value)-10) + value[len(value)-4:]
}

var longDigits = regexp.MustCompile(`[0-9]{13,19}`)

func maskDigits(s string) string { return longDigits.ReplaceAllStringFunc(s, maskCard) }

// object copies one JSON object with its values masked; false for what is not JSON.
func (m *masker) object(out *bytes.Buffer, d *json.Decoder) bool {
	d.UseNumber()
	token, err := d.Token()
	if err != nil || token != json.Delim('{') || !m.members(out, d, 0) {
		return false
	}
	return !d.More()
}

func (m *masker) members(out *bytes.Buffer, d *json.Decoder, depth int) bool {
	out.WriteByte('{')
	for first := true; d.More(); first = false {
		name, err := d.Token()
		text, ok := name.(string)
		if err != nil || !ok {
			return false
		}
		if !first {
			out.WriteByte(',')
		}
		out.Write(append(AppendQuoted(nil, text), ':'))
		if !m.value(out, d, text, depth) {
			return false
		}
	}
	out.WriteByte('}')
	_, err := d.Token()
	return err == nil
}

func (m *masker) value(out *bytes.Buffer, d *json.Decoder, name string, depth int) bool {
	token, err := d.Token()
	if err != nil || depth > maxDepth {
		return false
	}
	f := m.known[name]
	whole := f != nil && (f.secret || f.pan)
	switch v := token.(type) {
	case json.Delim:
		at := out.Len()
		if v == '{' {
			ok := m.members(out, d, depth+1)
			hideFrom(out, at, whole)
			return ok
		}
		out.WriteByte('[')
		for first := true; d.More(); first = false {
			if !first {
				out.WriteByte(',')
			}
			if !m.value(out, d, name, depth+1) {
				return false
			}
		}
		out.WriteByte(']')
		hideFrom(out, at, whole)
		_, err = d.Token()
		return err == nil
	case string:
		out.Write(AppendQuoted(nil, m.text(name, v)))
	case json.Number:
		if shown := m.text(name, v.String()); shown == v.String() {
			out.WriteString(shown)
		} else {
			out.Write(AppendQuoted(nil, shown))
		}
	default:
		literal, _ := json.Marshal(v) // never fails for true, false and null
		out.Write(literal)
	}
	return true
}

// hideFrom replaces what was written from at on.
func hideFrom(out *bytes.Buffer, at int, hide bool) {
	if hide {
		out.Truncate(at)
		out.WriteString(`"` + hidden + `"`)
	}
}

func formPairs(body string) ([]sign.Pair, bool) {
	var pairs []sign.Pair
	for part := range strings.SplitSeq(body, "&") {
		name, value, ok := strings.Cut(part, "=")
		if !ok || strings.ContainsAny(name, "\"'{<: \t\r\n") {
			return nil, false
		}
		if unescaped, err := url.QueryUnescape(value); err == nil { // else it is one of those that are never escaped
			value = unescaped
		}
		pairs = append(pairs, sign.Pair{Name: name, Value: value})
	}
	return pairs, true
}

// appendForm writes pairs as they are read best: unescaped.
func appendForm(b []byte, pairs []sign.Pair) []byte {
	for i, p := range pairs {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(append(append(b, p.Name...), '='), p.Value...)
	}
	return b
}
