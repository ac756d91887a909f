// Package spec reads the struct tags that say what each documented field may hold, and from them checks requests,
// puts their fields in order and decodes answers.
//
// A field's tags are its wire name and its line of the provider's table:
//
//	OrderID string `json:"orderId" spec:"M AN8..40"`
//
// First the presence: M mandatory, C conditional, O optional, R returned. Then the domain: N digits, AN letters and
// digits, NS digits and signs, ANS and S any printable text, each with an exact length (N6), a range (AN8..40), an
// upper bound (S..32) or none; or a time (YYYYMMDDhhmmss, MMDD, yyyy-MM-dd HH:mm:ss ...), of the letters Y y M D d h
// H m s S and what stands between them; or an enumeration (0|1|2), of one value too (=QRPAYDEFAULT). Zero and empty
// values count as absent. Of fields that are neither text nor number only the presence is checked.
package spec

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
)

// Table holds the types read so far. The zero value is ready; a provider client has one.
type Table struct {
	types sync.Map // reflect.Type -> *Type
}

// Type is a struct type as its tags describe it.
type Type struct {
	fields []field
	sorted []int // indices into fields, in byte order of wire names
	byName map[string]int
}

type field struct {
	name      string
	index     []int
	kind      kind
	mandatory bool
	domain    domain
}

// kind is how a field's wire text is had.
type kind uint8

const (
	other kind = iota
	text
	number
	flag
)

func kindOf(rt reflect.Type) kind {
	switch rt.Kind() {
	case reflect.String:
		return text
	case reflect.Int64, reflect.Int, reflect.Int32:
		return number
	case reflect.Bool:
		return flag
	}
	return other
}

// Of returns the type of v, a struct or a pointer to one.
func (t *Table) Of(v any) *Type {
	rt := reflect.TypeOf(v)
	for rt.Kind() == reflect.Pointer {
		rt = rt.Elem()
	}
	return t.of(rt)
}

func (t *Table) of(rt reflect.Type) *Type {
	if known, ok := t.types.Load(rt); ok {
		return known.(*Type)
	}
	known, _ := t.types.LoadOrStore(rt, read(rt))
	return known.(*Type)
}

func read(rt reflect.Type) *Type {
	t := &Type{byName: map[string]int{}}
	classes := map[string]*class{}
	for _, f := range reflect.VisibleFields(rt) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" || !f.IsExported() {
			continue
		}
		presence, rest, _ := strings.Cut(f.Tag.Get("spec"), " ")
		t.byName[name] = len(t.fields)
		t.fields = append(t.fields, field{
			name: name, index: f.Index, kind: kindOf(f.Type), mandatory: presence == "M", domain: parseDomain(rest, classes),
		})
	}
	t.sorted = make([]int, len(t.fields))
	for i := range t.sorted {
		t.sorted[i] = i
	}
	slices.SortFunc(t.sorted, func(a, b int) int { return strings.Compare(t.fields[a].name, t.fields[b].name) })
	return t
}

// Has reports whether the struct that v is, or points to, has a field of that wire name.
func (t *Table) Has(v any, name string) bool {
	_, ok := t.Of(v).byName[name]
	return ok
}

// Check returns every fault of a request, in the order of its table.
func (t *Table) Check(request any) []cnpay.Fault {
	v := reflect.Indirect(reflect.ValueOf(request))
	typ := t.of(v.Type())
	var faults []cnpay.Fault
	for i := range typ.fields {
		f := &typ.fields[i]
		if problem := f.problem(v.FieldByIndex(f.index)); problem != "" {
			faults = append(faults, cnpay.Fault{Field: f.name, Problem: problem})
		}
	}
	return faults
}

func (f *field) problem(v reflect.Value) string {
	absent := false
	switch f.kind {
	case text:
		s := v.String()
		if s != "" {
			if strings.TrimSpace(s) == "" {
				return "must not be blank"
			}
			return f.domain.problem(s)
		}
		absent = true
	case number:
		n := v.Int()
		if n < 0 && f.domain.class != nil && f.domain.class.bytes['-'] != 0 {
			return "must not be negative"
		}
		if n != 0 {
			var digits [20]byte
			return f.domain.problem(string(strconv.AppendInt(digits[:0], n, 10)))
		}
		absent = true
	default:
		absent = v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0
	}
	if absent && f.mandatory {
		return "is required"
	}
	return ""
}

// Pairs returns the fields of a flat struct that hold something, in byte order of their wire names.
func (t *Table) Pairs(request any) []sign.Pair { return t.AppendPairs(nil, request) }

// AppendPairs is Pairs behind what pairs already holds.
func (t *Table) AppendPairs(pairs []sign.Pair, request any) []sign.Pair {
	v := reflect.Indirect(reflect.ValueOf(request))
	typ := t.of(v.Type())
	pairs = slices.Grow(pairs, len(typ.sorted)+4) // room for what a codec adds: a signature, a key's number
	for _, i := range typ.sorted {
		f := &typ.fields[i]
		if value := f.text(v.FieldByIndex(f.index)); value != "" {
			pairs = append(pairs, sign.Pair{Name: f.name, Value: value})
		}
	}
	return pairs
}

// text is the wire text of a field, "" when it is absent or has none.
func (f *field) text(v reflect.Value) string {
	switch {
	case f.kind == text:
		return v.String()
	case f.kind == number && v.Int() != 0:
		return strconv.FormatInt(v.Int(), 10)
	case f.kind == flag && v.Bool():
		return "true"
	}
	return ""
}

// Set puts the wire text of one field into dst, a pointer to a struct. It returns false for a name that the
// struct does not have.
func (t *Table) Set(dst any, name, value string) (bool, error) {
	v := reflect.ValueOf(dst).Elem()
	typ := t.of(v.Type())
	i, ok := typ.byName[name]
	if !ok {
		return false, nil
	}
	f := &typ.fields[i]
	if err := f.set(v.FieldByIndex(f.index), value); err != nil {
		return true, fmt.Errorf("%w: %s: %w", cnpay.ErrMalformed, name, err)
	}
	return true, nil
}

func (f *field) set(v reflect.Value, value string) error {
	switch f.kind {
	case text:
		v.SetString(value)
	case number:
		n, err := wholeNumber(value, v.Type().Bits())
		if err != nil {
			return err
		}
		v.SetInt(n)
	case flag:
		v.SetBool(value == "true")
	default:
		return errors.New("not plain text")
	}
	return nil
}

// wholeNumber reads an integer; nothing is zero.
func wholeNumber(s string, bits int) (int64, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, bits)
	if err != nil {
		return 0, errors.New("not a whole number") // without the number: it may be a card's
	}
	return n, nil
}

// domain is what a field may hold.
type domain struct {
	doc      string // as the tag spells it
	form     form
	class    *class
	min, max int // length in characters; max 0: no bound
	values   []string
}

type form uint8

const (
	anything form = iota
	characters
	moment
	enumeration
)

// class is a set of characters.
type class struct {
	what  string
	wide  bool      // characters beyond ASCII are members, unless they cannot be printed
	bytes [256]byte // zero for a member, foreign for what is none, beyond for what is no ASCII
}

const (
	foreign = 1 << iota
	beyond
)

func classOf(name string) *class {
	c := &class{what: "text without control characters", wide: true}
	member := func(byte) bool { return true }
	switch name {
	case "N":
		c, member = &class{what: "digits"}, digit
	case "AN":
		c, member = &class{what: "letters and digits"}, alphanumeric
	case "NS":
		c = &class{what: "digits and signs"}
		member = func(b byte) bool { return b != ' ' && (digit(b) || !alphanumeric(b)) }
	}
	for i := range c.bytes {
		b := byte(i)
		switch {
		case b >= utf8.RuneSelf:
			c.bytes[i] = beyond
		case b < ' ' || b == 0x7f || !member(b):
			c.bytes[i] = foreign
		}
	}
	return c
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

func alphanumeric(b byte) bool { return digit(b) || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }

func parseDomain(doc string, classes map[string]*class) domain {
	d := domain{doc: doc}
	switch {
	case doc == "":
		return d
	case strings.Contains(doc, "|"):
		d.form, d.values = enumeration, strings.Split(doc, "|")
		return d
	case doc[0] == '=':
		d.form, d.values = enumeration, []string{doc[1:]}
		return d
	case strings.ContainsAny(doc, "YyMmDdHhs"):
		d.form = moment
		return d
	}
	name := strings.TrimRight(doc, "0123456789.")
	if classes[name] == nil {
		classes[name] = classOf(name)
	}
	d.form, d.class = characters, classes[name]
	low, high, isRange := strings.Cut(strings.TrimPrefix(doc, name), "..")
	d.min, _ = strconv.Atoi(low)
	d.max, _ = strconv.Atoi(high)
	if !isRange {
		d.max = d.min
	}
	return d
}

// problem says what is wrong with s, without repeating it: it may be a card number.
func (d *domain) problem(s string) string {
	switch d.form {
	case enumeration:
		if !slices.Contains(d.values, s) {
			return "must be " + strings.Join(d.values, " or ")
		}
	case moment:
		if !isTime(d.doc, s) {
			return "must be a time of the form " + d.doc
		}
	case characters:
		n, ok := d.class.count(s)
		if !ok {
			return "must be " + d.class.what
		}
		if n < d.min || d.max > 0 && n > d.max {
			return "must be " + length(d.min, d.max) + " long, is " + strconv.Itoa(n)
		}
	}
	return ""
}

// count returns how many characters s has, and whether all of them are of the class.
func (c *class) count(s string) (n int, ok bool) {
	var found byte
	for i := 0; i < len(s); i++ {
		found |= c.bytes[s[i]]
	}
	if found == 0 {
		return len(s), true
	}
	if found&foreign != 0 || !c.wide {
		return 0, false
	}
	for _, r := range s {
		if r >= 0x80 && r < 0xa0 || r == utf8.RuneError { // controls beyond ASCII, and what is no UTF-8
			return 0, false
		}
		n++
	}
	return n, true
}

// isTime reports whether s is a time that exists, written as the letters of doc say: a digit for each letter, and
// what stands between them as it stands.
func isTime(doc, s string) bool {
	if len(s) != len(doc) {
		return false
	}
	var year, month, day, hour, minute, second, fraction int
	month, day = -1, -1
	for i := 0; i < len(doc); i++ {
		var unit *int
		switch doc[i] {
		case 'Y', 'y':
			unit = &year
		case 'M':
			unit, month = &month, max(month, 0)
		case 'D', 'd':
			unit, day = &day, max(day, 0)
		case 'H', 'h':
			unit = &hour
		case 'm':
			unit = &minute
		case 's':
			unit = &second
		case 'S':
			unit = &fraction
		default:
			if s[i] != doc[i] {
				return false
			}
			continue
		}
		if !digit(s[i]) {
			return false
		}
		*unit = *unit*10 + int(s[i]-'0')
	}
	if month < 0 { // none asked for
		month = 1
	}
	if day < 0 {
		day = 1
	}
	return month >= 1 && month <= 12 && day >= 1 && (day <= 28 || day <= daysIn(year, month)) &&
		hour < 24 && minute < 60 && second < 60
}

// daysIn is the length of a month. A year of two digits stands for one of this century, and no year for a leap
// year; year 0 is one.
func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

func length(low, high int) string {
	switch {
	case low == high:
		return strconv.Itoa(low)
	case high == 0:
		return "at least " + strconv.Itoa(low)
	case low == 0:
		return "at most " + strconv.Itoa(high)
	}
	return strconv.Itoa(low) + " to " + strconv.Itoa(high)
}
