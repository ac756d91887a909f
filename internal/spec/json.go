package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"unicode/utf8"

	"github.com/cnpay-go/cnpay"
)

// DecodeJSON reads a provider's JSON object into dst, a pointer to a struct, as tolerantly as the providers need
// and no more: a scalar may come as text, number, true, false or null; an object or list as an empty text; a comma
// may stand before a closing bracket and a blank at the end of a name, as in published examples. Members that dst
// does not have are returned as they are spelled, by name; those of inner objects by path: "data.qr_code".
// A name that stands twice is refused, because two readers could believe two things.
func (t *Table) DecodeJSON(body []byte, dst any) (extra map[string]string, err error) {
	body = bytes.Trim(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case len(body) == 0:
		return nil, fmt.Errorf("%w: empty body", cnpay.ErrMalformed)
	case body[0] == '<':
		return nil, fmt.Errorf("%w: an HTML page", cnpay.ErrMalformed)
	case !utf8.Valid(body):
		return nil, fmt.Errorf("%w: not UTF-8", cnpay.ErrMalformed)
	}
	if !json.Valid(body) {
		if body = dropTrailingCommas(body); !json.Valid(body) {
			return nil, fmt.Errorf("%w: not JSON", cnpay.ErrMalformed)
		}
	}
	d := decoder{table: t}
	if err := d.object(body, reflect.ValueOf(dst).Elem(), "", 0); err != nil {
		return nil, fmt.Errorf("%w: %w", cnpay.ErrMalformed, err)
	}
	return d.extra, nil
}

const (
	deepest = 16
	longest = 10_000 // items of a list: an item costs three bytes to send and a whole struct to hold
)

type decoder struct {
	table *Table
	extra map[string]string
}

// object reads one JSON object. The names of what it does not know begin with path.
func (d *decoder) object(raw []byte, dst reflect.Value, path string, depth int) error {
	if raw[0] != '{' {
		return errors.New("not a JSON object")
	}
	if depth > deepest {
		return errors.New("nested too deeply")
	}
	typ := d.table.of(dst.Type())
	seen := make([]bool, len(typ.fields))
	for rest := raw[1:]; ; {
		var name, value []byte
		if name, value, rest = member(rest); name == nil {
			return nil
		}
		key := bytes.TrimRight(content(name), " ")
		i, known := typ.byName[string(key)]
		if !known {
			if err := d.keep(path+string(key), value); err != nil {
				return err
			}
			continue
		}
		if seen[i] {
			return fmt.Errorf("%q stands twice", key)
		}
		seen[i] = true
		f := &typ.fields[i]
		if err := d.value(value, dst.FieldByIndex(f.index), path, f.name, depth); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
}

func (d *decoder) keep(name string, value []byte) error {
	if _, twice := d.extra[name]; twice {
		return fmt.Errorf("%q stands twice", name)
	}
	if d.extra == nil {
		d.extra = map[string]string{}
	}
	d.extra[name] = string(value)
	return nil
}

func (d *decoder) value(raw []byte, dst reflect.Value, path, name string, depth int) error {
	if string(raw) == "null" {
		return nil
	}
	switch dst.Kind() {
	case reflect.String:
		dst.SetString(string(content(raw)))
	case reflect.Int64, reflect.Int, reflect.Int32:
		n, err := wholeNumber(string(content(raw)), dst.Type().Bits())
		if err != nil {
			return err
		}
		dst.SetInt(n)
	case reflect.Bool:
		switch string(content(raw)) {
		case "true":
			dst.SetBool(true)
		case "false", "":
		default:
			return errors.New("neither true nor false")
		}
	case reflect.Pointer:
		if string(raw) == `""` {
			return nil
		}
		dst.Set(reflect.New(dst.Type().Elem()))
		return d.value(raw, dst.Elem(), path, name, depth)
	case reflect.Struct:
		if string(raw) == `""` {
			return nil
		}
		return d.object(raw, dst, path+name+".", depth+1)
	case reflect.Slice:
		if dst.Type().Elem().Kind() == reflect.Uint8 { // json.RawMessage: kept as it came
			dst.SetBytes(bytes.Clone(raw))
			return nil
		}
		if string(raw) == `""` {
			return nil
		}
		return d.list(raw, dst, path, name, depth)
	default:
		return json.Unmarshal(raw, dst.Addr().Interface())
	}
	return nil
}

func (d *decoder) list(raw []byte, dst reflect.Value, path, name string, depth int) error {
	if raw[0] != '[' {
		return errors.New("not a list")
	}
	if depth > deepest {
		return errors.New("nested too deeply")
	}
	list := reflect.MakeSlice(dst.Type(), 0, 0)
	for rest := raw[1:]; ; {
		var item []byte
		if item, rest = next(rest); item == nil {
			dst.Set(list)
			return nil
		}
		n := list.Len()
		if n == longest {
			return fmt.Errorf("more than %d items", longest)
		}
		list = reflect.Append(list, reflect.Zero(dst.Type().Elem()))
		if err := d.value(item, list.Index(n), path, name+"["+strconv.Itoa(n)+"]", depth+1); err != nil {
			return err
		}
	}
}

// content is the text of a JSON value: of a string what it holds, of anything else its spelling.
func content(raw []byte) []byte {
	if raw[0] != '"' {
		return raw
	}
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	var s string
	_ = json.Unmarshal(raw, &s) // never fails: the whole body is valid
	return []byte(s)
}

// member cuts the first name and value off the inside of an object, which is known to be valid JSON. The name is
// nil at the object's end.
func member(raw []byte) (name, value, rest []byte) {
	if name, raw = next(raw); name == nil {
		return nil, nil, nil
	}
	value, rest = next(raw)
	return name, value, rest
}

// next cuts the first value off the inside of an object or list, which is known to be valid JSON. The value is nil
// at the end.
func next(raw []byte) (value, rest []byte) {
	i := 0
	for isBetween(raw[i]) {
		i++
	}
	raw = raw[i:]
	switch raw[0] {
	case '}', ']':
		return nil, nil
	case '"':
		i = stringEnd(raw, 0)
	case '{', '[':
		i = 0
		for depth := 0; ; {
			switch raw[i] {
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			case '"':
				i = stringEnd(raw, i) - 1
			}
			if i++; depth == 0 {
				break
			}
		}
	default:
		for i = 1; !isBetween(raw[i]) && raw[i] != '}' && raw[i] != ']'; i++ {
		}
	}
	return raw[:i], raw[i:]
}

// isBetween reports what stands between values: blanks, commas and colons.
func isBetween(c byte) bool {
	return c == ' ' || c == ',' || c == ':' || c == '\n' || c == '\r' || c == '\t'
}

// stringEnd is the index after the string that begins at i.
func stringEnd(raw []byte, i int) int {
	for i++; raw[i] != '"'; i++ {
		if raw[i] == '\\' {
			i++
		}
	}
	return i + 1
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
