package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cnpay-go/cnpay"
)

// DecodeJSON reads a provider's JSON object into dst, a pointer to a struct, as tolerantly as the providers need
// and no more: a scalar may come as text, number, true, false or null; an object or list as an empty text; a comma
// may stand before a closing bracket and a blank at the end of a name, as in published examples. Members that dst
// does not have are returned as they are spelled, by name; those of inner objects by path: "data.qr_code".
// A name that is duplicated is refused, because two readers could read two things.
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
	d := decoder{table: t, body: body, text: string(body)}
	err = d.object(reflect.ValueOf(dst).Elem(), "", 0)
	if d.peek(); err == nil && d.at < len(body) {
		err = errNotJSON
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", cnpay.ErrMalformed, err)
	}
	return d.extra, nil
}

const (
	maxDepth       = 16     // objects that are read
	maxUnreadDepth = 1_000  // objects that are kept unread
	maxItems       = 10_000 // items of a list: an item costs three bytes to send and a whole struct to hold
)

var (
	errNotJSON = errors.New("not JSON")
	errTooDeep = errors.New("nested too deeply")
)

// decoder reads a body once, from its first byte to its last: what encoding/json would refuse, it refuses, except for
// the comma before a closing bracket.
type decoder struct {
	table *Table
	extra map[string]string
	body  []byte
	text  string // the same, of which the texts that are read are parts
	at    int    // of the next byte
}

// object reads one JSON object. The names of what it does not know begin with path.
func (d *decoder) object(dst reflect.Value, path string, depth int) error {
	if d.peek() != '{' {
		return errors.New("not a JSON object")
	}
	if depth > maxDepth {
		return errTooDeep
	}
	d.at++
	typ := d.table.of(dst.Type())
	seen := make([]bool, len(typ.fields))
	for first := true; ; first = false {
		if more, err := d.more('}', first); err != nil || !more {
			return err
		}
		name, err := d.name()
		if err != nil {
			return err
		}
		key := bytes.TrimRight(content(name), " ")
		i, known := typ.byName[string(key)]
		if !known {
			if err := d.keep(path + string(key)); err != nil {
				return err
			}
			continue
		}
		if seen[i] {
			return fmt.Errorf("%q is duplicated", key)
		}
		seen[i] = true
		f := &typ.fields[i]
		if err := d.value(f.of(dst), path, f.name, depth); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
}

func (d *decoder) keep(name string) error {
	value, err := d.raw(0)
	if err != nil {
		return err
	}
	if _, twice := d.extra[name]; twice {
		return fmt.Errorf("%q is duplicated", name)
	}
	if d.extra == nil {
		d.extra = map[string]string{}
	}
	d.extra[name] = string(value)
	return nil
}

func (d *decoder) value(dst reflect.Value, path, name string, depth int) error {
	switch dst.Kind() {
	case reflect.Pointer:
		if d.absent() {
			return nil
		}
		dst.Set(reflect.New(dst.Type().Elem()))
		return d.value(dst.Elem(), path, name, depth)
	case reflect.Struct:
		if d.absent() {
			return nil
		}
		return d.object(dst, path+name+".", depth+1)
	case reflect.Slice:
		if dst.Type().Elem().Kind() == reflect.Uint8 {
			break // json.RawMessage: kept as it came
		}
		if d.absent() {
			return nil
		}
		return d.list(dst, path, name, depth)
	}
	raw, err := d.raw(0)
	if err != nil || string(raw) == "null" {
		return err
	}
	switch dst.Kind() {
	case reflect.String:
		dst.SetString(d.content(raw))
	case reflect.Int64, reflect.Int, reflect.Int32:
		n, err := wholeNumber(d.content(raw), dst.Type().Bits())
		if err != nil {
			return err
		}
		dst.SetInt(n)
	case reflect.Bool:
		switch d.content(raw) {
		case "true":
			dst.SetBool(true)
		case "false", "":
		default:
			return errors.New("neither true nor false")
		}
	case reflect.Slice:
		dst.SetBytes(bytes.Clone(raw))
	default:
		return json.Unmarshal(raw, dst.Addr().Interface())
	}
	return nil
}

func (d *decoder) list(dst reflect.Value, path, name string, depth int) error {
	if d.peek() != '[' {
		return errors.New("not a list")
	}
	if depth > maxDepth {
		return errTooDeep
	}
	d.at++
	list := reflect.MakeSlice(dst.Type(), 0, 0)
	for n := 0; ; n++ {
		if more, err := d.more(']', n == 0); err != nil || !more {
			dst.Set(list)
			return err
		}
		if n == maxItems {
			return fmt.Errorf("more than %d items", maxItems)
		}
		list = reflect.Append(list, reflect.Zero(dst.Type().Elem()))
		if err := d.value(list.Index(n), path, name+"["+strconv.Itoa(n)+"]", depth+1); err != nil {
			return err
		}
	}
}

// content is the text of the JSON value that was just read: of a string what it holds, of anything else its spelling.
func (d *decoder) content(raw []byte) string {
	spelled := d.text[d.at-len(raw) : d.at]
	if spelled[0] == '"' && strings.IndexByte(spelled, '\\') < 0 {
		return spelled[1 : len(spelled)-1]
	}
	return string(content(raw))
}

// content is the same of a name.
func content(raw []byte) []byte {
	if raw[0] != '"' {
		return raw
	}
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	var s string
	_ = json.Unmarshal(raw, &s) // never fails: the string has been read
	return []byte(s)
}

// peek steps over blanks and returns the byte behind them, zero at the end.
func (d *decoder) peek() byte {
	for ; d.at < len(d.body); d.at++ {
		switch c := d.body[d.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// absent steps over a null or an empty text, if that is what is next.
func (d *decoder) absent() bool {
	d.peek()
	return d.literal("null") || d.literal(`""`)
}

func (d *decoder) literal(text string) bool {
	found := bytes.HasPrefix(d.body[d.at:], []byte(text))
	if found {
		d.at += len(text)
	}
	return found
}

// more reports whether another item follows in an object or list. It steps over the comma before it, and over the
// closing bracket, before which a comma may stand.
func (d *decoder) more(closing byte, first bool) (bool, error) {
	c := d.peek()
	if !first && c == ',' {
		d.at++
		c = d.peek()
	} else if !first && c != closing {
		return false, errNotJSON
	}
	if c == closing {
		d.at++
		return false, nil
	}
	return true, nil
}

// name steps over the name of a member and the colon behind it, and returns it in its quotes.
func (d *decoder) name() ([]byte, error) {
	if d.peek() != '"' {
		return nil, errNotJSON
	}
	name, err := d.raw(0)
	if err != nil {
		return nil, err
	}
	if d.peek() != ':' {
		return nil, errNotJSON
	}
	d.at++
	return name, nil
}

// raw steps over a value and returns it as it is spelled.
func (d *decoder) raw(depth int) (raw []byte, err error) {
	first := d.peek()
	begin := d.at
	switch {
	case depth > maxUnreadDepth:
		return nil, errTooDeep
	case first == '"':
		err = d.quoted()
	case first == '{', first == '[':
		err = d.nested(first, depth)
	case d.literal("null"), d.literal("true"), d.literal("false"):
	default:
		err = d.number()
	}
	return d.body[begin:d.at], err
}

func (d *decoder) nested(opening byte, depth int) error {
	d.at++
	closing := opening + 2 // in ASCII, of both kinds
	for first := true; ; first = false {
		if more, err := d.more(closing, first); err != nil || !more {
			return err
		}
		if opening == '{' {
			if _, err := d.name(); err != nil {
				return err
			}
		}
		if _, err := d.raw(depth + 1); err != nil {
			return err
		}
	}
}

func (d *decoder) quoted() error {
	for d.at++; d.at < len(d.body); d.at++ {
		switch c := d.body[d.at]; {
		case c == '"':
			d.at++
			return nil
		case c < ' ':
			return errNotJSON
		case c == '\\':
			if d.at++; !d.escaped() {
				return errNotJSON
			}
		}
	}
	return errNotJSON
}

// escaped reports whether what is next may stand behind a backslash.
func (d *decoder) escaped() bool {
	rest := d.body[d.at:]
	switch {
	case len(rest) == 0:
		return false
	case rest[0] == 'u':
		const hex = 4
		return len(rest) > hex && len(bytes.Trim(rest[1:1+hex], "0123456789abcdefABCDEF")) == 0
	}
	return strings.IndexByte(`"\/bfnrt`, rest[0]) >= 0
}

// number steps over -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?.
func (d *decoder) number() error {
	d.literal("-")
	if !d.literal("0") && d.digits() == 0 || d.literal(".") && d.digits() == 0 {
		return errNotJSON
	}
	if d.literal("e") || d.literal("E") {
		_ = d.literal("-") || d.literal("+")
		if d.digits() == 0 {
			return errNotJSON
		}
	}
	return nil
}

func (d *decoder) digits() (n int) {
	for ; d.at < len(d.body) && digit(d.body[d.at]); d.at++ {
		n++
	}
	return n
}
