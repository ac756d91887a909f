// Package spec reads the struct tags that say what each documented field may hold, and from them checks requests,
// puts their fields in order and decodes answers.
//
// A field's tags are its wire name and its line of the provider's table:
//
//	OrderID string `json:"orderId" spec:"M AN8..40"`
//
// First the presence: M mandatory, C conditional, O optional, R returned. Then the domain: N digits, AN letters and
// digits, NS digits and signs, ANS and S any printable text, each with an exact length (N6), a range (AN8..40), an
// upper bound (S..32) or none; or a time (YYYYMMDDhhmmss, MMDD, yyyy-MM-dd, yyyy-MM-dd HH:mm:ss ...); or an
// enumeration (0|1|2). Zero and empty values count as absent.
package spec

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
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
	mandatory bool
	domain    domain
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
	for _, f := range reflect.VisibleFields(rt) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" || !f.IsExported() {
			continue
		}
		presence, rest, _ := strings.Cut(f.Tag.Get("spec"), " ")
		t.byName[name] = len(t.fields)
		t.fields = append(t.fields, field{name: name, index: f.Index, mandatory: presence == "M", domain: parseDomain(rest)})
	}
	t.sorted = make([]int, len(t.fields))
	for i := range t.sorted {
		t.sorted[i] = i
	}
	slices.SortFunc(t.sorted, func(a, b int) int { return strings.Compare(t.fields[a].name, t.fields[b].name) })
	return t
}

// Check returns every fault of a request, in the order of its table.
func (t *Table) Check(request any) []cnpay.Fault {
	v := reflect.Indirect(reflect.ValueOf(request))
	var faults []cnpay.Fault
	typ := t.of(v.Type())
	for i := range typ.fields {
		f := &typ.fields[i]
		text, ok := scalar(v.FieldByIndex(f.index))
		switch {
		case !ok:
		case text == "" && f.mandatory:
			faults = append(faults, cnpay.Fault{Field: f.name, Problem: "is required"})
		case text != "":
			if problem := f.domain.problem(text); problem != "" {
				faults = append(faults, cnpay.Fault{Field: f.name, Problem: problem})
			}
		}
	}
	return faults
}

// Pairs returns the fields of a flat struct that hold something, in byte order of their wire names.
func (t *Table) Pairs(request any) []sign.Pair {
	v := reflect.Indirect(reflect.ValueOf(request))
	typ := t.of(v.Type())
	pairs := make([]sign.Pair, 0, len(typ.sorted)+4)
	for _, i := range typ.sorted {
		f := &typ.fields[i]
		if text, _ := scalar(v.FieldByIndex(f.index)); text != "" {
			pairs = append(pairs, sign.Pair{Name: f.name, Value: text})
		}
	}
	return pairs
}

// scalar is the wire text of a string or integer, "" when it is absent; false for other kinds.
func scalar(v reflect.Value) (string, bool) {
	switch v.Kind() {
	case reflect.String:
		return v.String(), true
	case reflect.Int64, reflect.Int, reflect.Int32:
		if v.Int() == 0 {
			return "", true
		}
		return strconv.FormatInt(v.Int(), 10), true
	case reflect.Bool:
		if !v.Bool() {
			return "", true
		}
		return "true", true
	}
	return "", false
}

// Set puts the wire text of one field into dst, a pointer to a struct. It returns false for a name that the
// struct does not have.
func (t *Table) Set(dst any, name, text string) (bool, error) {
	v := reflect.ValueOf(dst).Elem()
	typ := t.of(v.Type())
	i, ok := typ.byName[name]
	if !ok {
		return false, nil
	}
	f := v.FieldByIndex(typ.fields[i].index)
	switch f.Kind() {
	case reflect.String:
		f.SetString(text)
	case reflect.Int64, reflect.Int, reflect.Int32:
		if text == "" {
			f.SetInt(0)
			return true, nil
		}
		n, err := strconv.ParseInt(text, 10, f.Type().Bits())
		if err != nil {
			return true, fmt.Errorf("%w: %s is not a number", cnpay.ErrMalformed, name)
		}
		f.SetInt(n)
	case reflect.Bool:
		f.SetBool(text == "true")
	default:
		return true, fmt.Errorf("%w: %s is not plain text", cnpay.ErrMalformed, name)
	}
	return true, nil
}

// domain is what a field may hold.
type domain struct {
	doc      string // as the tag spells it
	class    func(rune) bool
	what     string
	min, max int    // length in characters; max 0: no bound
	layout   string // of a time
	values   []string
}

func parseDomain(doc string) domain {
	d := domain{doc: doc}
	if doc == "" {
		return d
	}
	if strings.Contains(doc, "|") {
		d.values = strings.Split(doc, "|")
		return d
	}
	if strings.ContainsAny(doc, "Yy") || strings.HasPrefix(doc, "MM") || strings.HasPrefix(doc, "HH") {
		d.layout = strings.NewReplacer("YYYY", "2006", "yyyy", "2006", "MM", "01", "DD", "02", "dd", "02",
			"hh", "15", "HH", "15", "mm", "04", "ss", "05").Replace(doc)
		return d
	}
	class := strings.TrimRight(doc, "0123456789.")
	switch class {
	case "N":
		d.class, d.what = digit, "digits"
	case "AN":
		d.class, d.what = alphanumeric, "letters and digits"
	case "NS":
		d.class, d.what = func(r rune) bool { return digit(r) || r > ' ' && r < 0x7f && !alphanumeric(r) }, "digits and signs"
	default:
		d.class, d.what = printable, "text without control characters"
	}
	low, high, isRange := strings.Cut(strings.TrimPrefix(doc, class), "..")
	d.min, _ = strconv.Atoi(low)
	d.max, _ = strconv.Atoi(high)
	if !isRange {
		d.max = d.min
	}
	return d
}

func digit(r rune) bool { return r >= '0' && r <= '9' }

func alphanumeric(r rune) bool {
	return digit(r) || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

func printable(r rune) bool { return !unicode.IsControl(r) && r != utf8.RuneError }

// problem says what is wrong with text, without repeating it: it may be a card number.
func (d *domain) problem(text string) string {
	switch {
	case d.values != nil:
		if !slices.Contains(d.values, text) {
			return "must be one of " + strings.Join(d.values, ", ")
		}
	case d.layout != "":
		if _, err := time.Parse(d.layout, text); err != nil || len(text) != len(d.layout) {
			return "must be a time of the form " + d.doc
		}
	case d.class != nil:
		if strings.ContainsFunc(text, func(r rune) bool { return !d.class(r) }) {
			return "must be " + d.what
		}
		if n := utf8.RuneCountInString(text); n < d.min || d.max > 0 && n > d.max {
			return "must be " + length(d.min, d.max) + " long, is " + strconv.Itoa(n)
		}
	}
	return ""
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
