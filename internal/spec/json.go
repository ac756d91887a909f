package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cnpay-go/cnpay"
)

// DecodeJSON reads a provider's JSON object into dst, a pointer to a struct, as tolerantly as the providers need
// and no more: a scalar may come as text, number, true, false or null; an object as an empty text; a comma may stand
// before a closing bracket and a blank at the end of a name, as in published examples; unknown members are returned
// as raw text. A name that stands twice is refused, because two readers could believe two things.
func (t *Table) DecodeJSON(body []byte, dst any) (extra map[string]string, err error) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	switch trimmed := bytes.TrimSpace(body); {
	case len(trimmed) == 0:
		return nil, fmt.Errorf("%w: empty body", cnpay.ErrMalformed)
	case trimmed[0] == '<':
		return nil, fmt.Errorf("%w: an HTML page", cnpay.ErrMalformed)
	case !utf8.Valid(trimmed):
		return nil, fmt.Errorf("%w: not UTF-8", cnpay.ErrMalformed)
	}
	if !json.Valid(body) {
		body = dropTrailingCommas(body)
	}
	extra, err = t.object(body, reflect.ValueOf(dst).Elem(), 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", cnpay.ErrMalformed, err)
	}
	return extra, nil
}

const deepest = 16

func (t *Table) object(raw []byte, dst reflect.Value, depth int) (extra map[string]string, err error) {
	if depth > deepest {
		return nil, errors.New("nested too deeply")
	}
	typ := t.of(dst.Type())
	seen := map[string]bool{}
	err = members(raw, func(name string, value json.RawMessage) error {
		if seen[name] {
			return fmt.Errorf("%q stands twice", name)
		}
		seen[name] = true
		i, ok := typ.byName[name]
		if !ok {
			if extra == nil {
				extra = map[string]string{}
			}
			extra[name] = string(value)
			return nil
		}
		if err := t.value(value, dst.FieldByIndex(typ.fields[i].index), depth); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
	return extra, err
}

// members calls each for the members of the one JSON object that raw is.
func members(raw []byte, each func(name string, value json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if tok, err := d.Token(); err != nil || tok != json.Delim('{') {
		return errors.New("not a JSON object")
	}
	for d.More() {
		tok, err := d.Token()
		if err != nil {
			return errors.New("not JSON")
		}
		name, ok := tok.(string)
		name = strings.TrimRight(name, " ")
		if !ok {
			return errors.New("not JSON")
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return errors.New("not JSON")
		}
		if err := each(name, value); err != nil {
			return err
		}
	}
	if tok, err := d.Token(); err != nil || tok != json.Delim('}') {
		return errors.New("cut off")
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("followed by something else")
	}
	return nil
}

func (t *Table) value(raw json.RawMessage, dst reflect.Value, depth int) error {
	if string(raw) == "null" {
		return nil
	}
	switch dst.Kind() {
	case reflect.Pointer:
		if string(raw) == `""` {
			return nil
		}
		dst.Set(reflect.New(dst.Type().Elem()))
		return t.value(raw, dst.Elem(), depth)
	case reflect.Struct:
		if string(raw) == `""` {
			return nil
		}
		_, err := t.object(raw, dst, depth+1)
		return err
	case reflect.String:
		dst.SetString(plain(raw))
	case reflect.Int64, reflect.Int, reflect.Int32:
		text := strings.TrimSpace(plain(raw))
		if text == "" {
			return nil
		}
		n, err := strconv.ParseInt(text, 10, dst.Type().Bits())
		if err != nil {
			return errors.New("not a whole number")
		}
		dst.SetInt(n)
	case reflect.Slice:
		var items []json.RawMessage
		if dst.Type().Elem().Kind() == reflect.Uint8 { // json.RawMessage: kept as it came
			dst.SetBytes(bytes.Clone(raw))
			return nil
		}
		if err := json.Unmarshal(raw, &items); err != nil {
			return errors.New("not a list")
		}
		dst.Set(reflect.MakeSlice(dst.Type(), len(items), len(items)))
		for i, item := range items {
			if err := t.value(item, dst.Index(i), depth+1); err != nil {
				return err
			}
		}
	default:
		return json.Unmarshal(raw, dst.Addr().Interface())
	}
	return nil
}

// plain is the text of a JSON value: of a string what it holds, of anything else its spelling.
func plain(raw json.RawMessage) string {
	if raw[0] != '"' {
		return string(raw)
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// dropTrailingCommas removes each comma that stands, outside a string, before a closing bracket.
func dropTrailingCommas(body []byte) []byte {
	out := make([]byte, 0, len(body))
	comma := -1 // where the last byte that is no blank is a comma
	inString, escaped := false, false
	for _, c := range body {
		if inString {
			switch {
			case escaped:
				escaped = false
			case c == '\\':
				escaped = true
			case c == '"':
				inString = false
			}
			out = append(out, c)
			continue
		}
		switch c {
		case ' ', '\t', '\r', '\n':
			out = append(out, c)
			continue
		case '}', ']':
			if comma >= 0 {
				out = append(out[:comma], out[comma+1:]...)
			}
		case '"':
			inString = true
		}
		comma = -1
		if c == ',' {
			comma = len(out)
		}
		out = append(out, c)
	}
	return out
}
