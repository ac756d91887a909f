package spec

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// EncodeJSON writes a request as a JSON object: its fields in the order of the table, empty ones left out unless their
// tag says zero. It does not escape more than JSON asks for.
func (t *Table) EncodeJSON(request any) ([]byte, error) {
	v := reflect.Indirect(reflect.ValueOf(request))
	typ := t.of(v.Type())
	body, err := t.appendObject(make([]byte, 0, typ.size.Load()+64), typ, v)
	typ.size.Store(int64(len(body))) // the next one is most likely as long
	return body, err
}

func (t *Table) appendObject(b []byte, typ *Type, v reflect.Value) ([]byte, error) {
	b = append(b, '{')
	begin := len(b)
	var err error
	for i := range typ.fields {
		f := &typ.fields[i]
		held := f.of(v)
		if f.unsent || f.empty(held) && !f.sentEmpty(typ, v) {
			continue
		}
		if len(b) > begin {
			b = append(b, ',')
		}
		b = append(b, f.member...)
		switch {
		case f.kind == text:
			b = AppendQuoted(b, held.String())
		case f.kind == number && f.asText:
			b = append(strconv.AppendInt(append(b, '"'), held.Int(), 10), '"')
		case f.kind == number:
			b = strconv.AppendInt(b, held.Int(), 10)
		default:
			if b, err = t.appendValue(b, held); err != nil {
				return nil, fmt.Errorf("%s: %w", f.name, err)
			}
		}
	}
	return append(b, '}'), nil
}

// sentEmpty reports whether a field is sent although it is empty.
func (f *field) sentEmpty(typ *Type, v reflect.Value) bool {
	if !f.zero {
		return false
	}
	required, _ := f.required(typ, v)
	return required || f.kind == text
}

func (t *Table) appendValue(b []byte, v reflect.Value) ([]byte, error) {
	switch v.Kind() {
	case reflect.String:
		return AppendQuoted(b, v.String()), nil
	case reflect.Int64, reflect.Int, reflect.Int32:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool()), nil
	case reflect.Struct:
		return t.appendObject(b, t.of(v.Type()), v)
	case reflect.Pointer:
		if v.Elem().Kind() == reflect.Struct {
			return t.appendObject(b, t.of(v.Type().Elem()), v.Elem())
		}
	case reflect.Slice:
		if v.Type() == rawMessage {
			return append(b, v.Bytes()...), nil // Check has seen that it is JSON
		}
		if v.Type().Elem().Kind() != reflect.Uint8 {
			return t.appendList(b, v)
		}
	}
	value, err := json.Marshal(v.Interface())
	return append(b, value...), err
}

func (t *Table) appendList(b []byte, list reflect.Value) ([]byte, error) {
	b = append(b, '[')
	var err error
	var typ *Type // of the items, where they are structs
	if list.Type().Elem().Kind() == reflect.Struct {
		typ = t.of(list.Type().Elem())
	}
	for i := range list.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		if typ != nil {
			b, err = t.appendObject(b, typ, list.Index(i))
		} else {
			b, err = t.appendValue(b, list.Index(i))
		}
		if err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

// AppendQuoted adds s as a JSON text. What is not UTF-8 becomes U+FFFD, as in encoding/json; Check lets none through.
func AppendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	if plain(s) {
		return append(append(b, s...), '"')
	}
	begin := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[begin:i]...), `\ufffd`...)
				begin = i + size
			}
			i += size
			continue
		}
		if c < ' ' || c == '"' || c == '\\' {
			b = appendEscaped(append(b, s[begin:i]...), c)
			begin = i + 1
		}
		i++
	}
	return append(append(b, s[begin:]...), '"')
}

// plain reports whether a text is the same inside quotes.
func plain(s string) bool {
	var seen byte
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c == '"' || c == '\\' {
			return false
		}
		seen |= c
	}
	return seen < utf8.RuneSelf || utf8.ValidString(s)
}

func appendEscaped(b []byte, c byte) []byte {
	const short = "\"\\\b\f\n\r\t"
	if i := strings.IndexByte(short, c); i >= 0 {
		return append(b, '\\', `"\bfnrt`[i])
	}
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
}
