// Package spec reads the struct tags that say what each documented field may hold. From them it completes and checks
// requests, puts their fields in order, encodes them and decodes answers.
//
// A field's tags are its wire name and its line of the provider's table:
//
//	OrderID string `json:"orderId" spec:"M AN8..40"`
//
// First the presence: M mandatory, C conditional, O optional, R returned. A condition that a tag can say stands in
// brackets behind the C, of terms that must all hold: C[accessType=1|2] is mandatory when accessType is 1 or 2, C[queryId]
// when queryId holds something, C[!queryId] when it holds nothing. What these three terms cannot say is Go.
//
// Then the domain: N digits, AN letters and digits, NS digits and signs, ANS and S any printable text, each with an exact
// length (N6), a range (AN8..40), an upper bound (S..32) or none; or a time (YYYYMMDDhhmmss, MMDD, yyyy-MM-dd HH:mm:ss
// ...), of the letters Y y M D d h H m s S and what is between them; or an enumeration (0|1|2), of one value too
// (=QRPAYDEFAULT); or a domain of the provider's own (GROUP, in [Table.Domains]).
//
// Then, where they apply, the words zero (the empty value means something of its own: a mandatory number is sent as 0, and
// a text is sent even when it is empty), pan (a card number), secret (never printed) and unsent (not part of the message:
// only a ticket has it, because settling needs it). Other empty values count as absent.
//
// json:"amount,string" is a number that is sent as text. The fields of objects and lists are checked too; their faults
// are named by path: goods[0].price.
package spec

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
)

// Table holds the types read so far. The zero value is ready; a provider client has one.
type Table struct {
	// Domains are the provider's own, by name. The function says what is wrong with a value, without repeating it.
	Domains map[string]func(value string) (problem string)

	types sync.Map // reflect.Type -> *Type
}

// Type is a struct type as its tags describe it.
type Type struct {
	fields []field
	sorted []int // indices into fields, in byte order of wire names
	byName map[string]int
	unread []string     // what is wrong with the tags themselves
	size   atomic.Int64 // of the last message that was encoded
}

type field struct {
	name      string
	member    []byte // "name":
	index     []int
	kind      kind
	mandatory bool
	condition []term
	domain    domain
	own       func(string) string // the provider's own domain
	asText    bool                // a number that is sent as text
	zero      bool
	pan       bool
	secret    bool
	unsent    bool
}

// kind is how a field's wire text is had.
type kind uint8

const (
	other kind = iota
	text
	number
	flag
	raw    // JSON that is passed on as it is
	object // a struct, or a pointer to one
	list   // of objects or of scalars
)

var rawMessage = reflect.TypeFor[json.RawMessage]()

func kindOf(rt reflect.Type) kind {
	switch rt.Kind() {
	case reflect.String:
		return text
	case reflect.Int64, reflect.Int, reflect.Int32:
		return number
	case reflect.Bool:
		return flag
	case reflect.Struct:
		return object
	case reflect.Pointer:
		if rt.Elem().Kind() == reflect.Struct {
			return object
		}
	case reflect.Slice:
		switch {
		case rt == rawMessage:
			return raw
		case slices.Contains([]kind{text, number, object}, kindOf(rt.Elem())):
			return list
		}
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
	known, _ := t.types.LoadOrStore(rt, t.read(rt))
	return known.(*Type)
}

func (t *Table) read(rt reflect.Type) *Type {
	typ := &Type{byName: map[string]int{}}
	classes := map[string]*class{}
	for _, f := range reflect.VisibleFields(rt) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" || !f.IsExported() {
			continue
		}
		read := field{name: name, member: append(AppendQuoted(nil, name), ':'), index: f.Index, kind: kindOf(f.Type), asText: options == "string"}
		if problem := read.parse(f.Tag.Get("spec"), t.Domains, classes); problem != "" {
			typ.unread = append(typ.unread, name+": "+problem)
		}
		if _, twice := typ.byName[name]; twice {
			typ.unread = append(typ.unread, name+": is the wire name of two fields")
		}
		typ.byName[name] = len(typ.fields)
		typ.fields = append(typ.fields, read)
	}
	typ.unread = append(typ.unread, unpromoted(rt, rt)...)
	for i := range typ.fields {
		f := &typ.fields[i]
		for j := range f.condition {
			at, ok := typ.byName[f.condition[j].name]
			if !ok {
				typ.unread = append(typ.unread, f.name+": its condition names "+f.condition[j].name+", which is no field of the struct")
			}
			f.condition[j].field = at
		}
		if !f.mandatory && f.condition == nil && f.zero && f.kind == number {
			typ.unread = append(typ.unread, f.name+": zero says nothing of a number that is never mandatory")
		}
	}
	typ.sorted = make([]int, len(typ.fields))
	for i := range typ.sorted {
		typ.sorted[i] = i
	}
	slices.SortFunc(typ.sorted, func(a, b int) int { return strings.Compare(typ.fields[a].name, typ.fields[b].name) })
	return typ
}

// unpromoted finds fields of rt's embedded blocks that Go does not promote: another thing of the struct has their name, the
// block itself for one. They would be neither sent nor read, without a word.
func unpromoted(rt, block reflect.Type) (unread []string) {
	for f := range block.Fields() {
		switch name, _, _ := strings.Cut(f.Tag.Get("json"), ","); {
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			unread = append(unread, unpromoted(rt, f.Type)...)
		case name == "" || name == "-" || !f.IsExported():
		default:
			promoted, _ := rt.FieldByName(f.Name)
			if winner, _, _ := strings.Cut(promoted.Tag.Get("json"), ","); winner != name {
				unread = append(unread, name+": the struct has another "+f.Name+", which hides it")
			}
		}
	}
	return unread
}

// parse reads a spec tag and returns what is wrong with it.
func (f *field) parse(tag string, own map[string]func(string) string, classes map[string]*class) string {
	presence, rest, _ := strings.Cut(tag, " ")
	presence, condition, conditional := strings.Cut(presence, "[")
	if !slices.Contains([]string{"M", "C", "O", "R"}, presence) {
		return "its presence is not M, C, O or R"
	}
	f.mandatory = presence == "M"
	if conditional {
		inner, closed := strings.CutSuffix(condition, "]")
		if presence != "C" || !closed {
			return "its condition is not C[...]"
		}
		for part := range strings.SplitSeq(inner, ",") {
			term, ok := parseTerm(part)
			if !ok {
				return "its condition has a term that is not name=value, name or !name"
			}
			f.condition = append(f.condition, term)
		}
	}
	for {
		before, word, found := cutLast(rest)
		switch word {
		case "zero":
			f.zero = true
		case "pan":
			f.pan = true
		case "secret":
			f.secret = true
		case "unsent":
			f.unsent = true
		default:
			found = false
		}
		if !found {
			break
		}
		rest = before
	}
	if f.own = own[rest]; f.own != nil {
		return ""
	}
	var ok bool
	if f.domain, ok = parseDomain(rest, classes); !ok {
		return "its domain " + strconv.Quote(rest) + " is not known"
	}
	return ""
}

// cutLast cuts off the last word. A text of one word has none before it.
func cutLast(s string) (before, word string, found bool) {
	i := strings.LastIndexByte(s, ' ')
	return s[:max(i, 0)], s[i+1:], s != ""
}

// term is one of the conditions of a field, all of which must hold.
type term struct {
	name   string
	field  int // its index
	values []string
	empty  bool // holds when the field is empty
}

func parseTerm(s string) (term, bool) {
	name, values, valued := strings.Cut(s, "=")
	t := term{name: name}
	if valued {
		t.values = strings.Split(values, "|")
	} else {
		t.name, t.empty = strings.CutPrefix(name, "!")
	}
	return t, t.name != "" && !(valued && values == "") && !strings.ContainsAny(t.name, "!|")
}

func (t *term) holds(typ *Type, v reflect.Value) bool {
	f := &typ.fields[t.field]
	held := f.of(v)
	if t.values != nil {
		return slices.Contains(t.values, f.text(held))
	}
	return isEmpty(held) == t.empty
}

// String is the condition in words.
func (t *term) String() string {
	switch {
	case t.values != nil:
		return "with " + t.name + " " + strings.Join(t.values, " or ")
	case t.empty:
		return "without " + t.name
	}
	return "with " + t.name
}

func isEmpty(v reflect.Value) bool { return v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0 }

// required reports whether a field of v must hold something, and under which condition.
func (f *field) required(typ *Type, v reflect.Value) (required bool, why string) {
	if f.mandatory || f.condition == nil {
		return f.mandatory, ""
	}
	for i := range f.condition {
		if !f.condition[i].holds(typ, v) {
			return false, ""
		}
	}
	return true, " " + conditions(f.condition)
}

func conditions(terms []term) string {
	words := make([]string, len(terms))
	for i := range terms {
		words[i] = terms[i].String()
	}
	return strings.Join(words, " and ")
}

// Has reports whether the struct that v is, or points to, has a field of that wire name.
func (t *Table) Has(v any, name string) bool {
	_, ok := t.Of(v).byName[name]
	return ok
}

// Mandatory returns the wire names of the fields of v that are sent, and mandatory without a condition.
func (t *Table) Mandatory(v any) []string {
	var names []string
	for _, f := range t.Of(v).fields {
		if f.mandatory && !f.unsent {
			names = append(names, f.name)
		}
	}
	return names
}

// Misread returns what is wrong with the tags of the struct that v is, or points to, and of the structs inside it.
func (t *Table) Misread(v any) []string {
	var found []string
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(rt reflect.Type) {
		for rt.Kind() == reflect.Pointer || rt.Kind() == reflect.Slice {
			rt = rt.Elem()
		}
		if rt.Kind() != reflect.Struct || seen[rt] {
			return
		}
		seen[rt] = true
		typ := t.of(rt)
		for _, problem := range typ.unread {
			found = append(found, rt.String()+": "+problem)
		}
		for _, f := range typ.fields {
			if f.kind == object || f.kind == list {
				walk(rt.FieldByIndex(f.index).Type)
			}
		}
	}
	walk(reflect.TypeOf(v))
	return found
}

// Copy returns a pointer to a copy of request, a struct or a pointer to one, that may be changed while the caller's value
// is not; a nil pointer becomes an empty one. Objects and lists inside are shared with the caller's. Of anything else it
// returns a struct without fields, in which [Unfit] finds why.
func Copy(request any) any {
	v := reflect.ValueOf(request)
	rt := reflect.TypeOf(request)
	if rt != nil && rt.Kind() == reflect.Pointer {
		rt, v = rt.Elem(), v.Elem() // the zero Value of a nil pointer
	}
	switch {
	case rt == nil:
		return &unfit{"is missing"}
	case rt.Kind() != reflect.Struct:
		return &unfit{"must be a struct or a pointer to one, not " + reflect.TypeOf(request).String()}
	}
	c := reflect.New(rt)
	if v.IsValid() {
		c.Elem().Set(v)
	}
	return c.Interface()
}

// unfit stands for what is no request.
type unfit struct{ problem string }

// Unfit is what is wrong with a request as a whole, where what [Copy] copied was none; otherwise "".
func Unfit(request any) string {
	if u, ok := request.(*unfit); ok {
		return u.problem
	}
	return ""
}

// Fill puts the defaults, by wire name, into the fields of request, a pointer to a struct, that are empty and must not
// be. It leaves alone what is optional and conditional fields whose condition does not hold.
func (t *Table) Fill(request any, defaults ...sign.Pair) {
	v := reflect.ValueOf(request).Elem()
	typ := t.of(v.Type())
	for _, d := range defaults {
		i, ok := typ.byName[d.Name]
		if !ok || d.Value == "" {
			continue
		}
		f := &typ.fields[i]
		held := f.of(v)
		if required, _ := f.required(typ, v); required && isEmpty(held) {
			_ = f.set(held, d.Value) // never fails for what a codec fills in
		}
	}
}

// view is a message as its tags describe it.
type view struct {
	typ *Type
	v   reflect.Value
}

func (t *Table) view(message any) view {
	v := reflect.Indirect(reflect.ValueOf(message))
	return view{t.of(v.Type()), v}
}

func (m view) text(name string) string {
	if i, ok := m.typ.byName[name]; ok {
		return m.typ.fields[i].text(m.v.FieldByIndex(m.typ.fields[i].index))
	}
	return ""
}

// Text is the wire text of a field of message, "" without it.
func (t *Table) Text(message any, name string) string { return t.view(message).text(name) }

// Texts are the wire texts of those of the named fields that hold something. Card data and secrets are never among them:
// tickets are stored, and a program's own request may have either under any name.
func (t *Table) Texts(message any, names ...string) map[string]string {
	m := t.view(message)
	texts := map[string]string{}
	for _, name := range names {
		if i, ok := m.typ.byName[name]; ok && (m.typ.fields[i].pan || m.typ.fields[i].secret) {
			continue
		}
		if value := m.text(name); value != "" {
			texts[name] = value
		}
	}
	return texts
}

// Object returns a pointer to the object of that wire name inside message, a pointer to a struct; nil where there is none.
func (t *Table) Object(message any, name string) any {
	v := reflect.ValueOf(message).Elem()
	typ := t.of(v.Type())
	i, ok := typ.byName[name]
	if !ok || typ.fields[i].kind != object {
		return nil
	}
	held := v.FieldByIndex(typ.fields[i].index)
	switch {
	case held.Kind() != reflect.Pointer:
		return held.Addr().Interface()
	case held.IsNil():
		return nil
	}
	return held.Interface()
}

// Differs is the first of the names whose field the request and the answer both hold, and not alike; "" if there is none.
func (t *Table) Differs(request, answer any, names ...string) string {
	requested, received := t.view(request), t.view(answer)
	for _, name := range names {
		asked, answered := requested.text(name), received.text(name)
		if asked != "" && answered != "" && asked != answered {
			return name
		}
	}
	return ""
}

// Check returns every fault of a request, in the order of its table; first those of its tags, if it is a program's own.
func (t *Table) Check(request any) []cnpay.Fault {
	return t.check(nil, reflect.Indirect(reflect.ValueOf(request)))
}

func (t *Table) check(faults []cnpay.Fault, v reflect.Value) []cnpay.Fault {
	typ := t.of(v.Type())
	for _, problem := range typ.unread { // of a program's own request: what it says would not be checked, or not be masked
		name, problem, _ := strings.Cut(problem, ": ")
		faults = append(faults, cnpay.Fault{Field: name, Problem: "has tags that cannot be read: " + problem})
	}
	for i := range typ.fields {
		f := &typ.fields[i]
		held := f.of(v)
		if f.empty(held) {
			if f.zero || !f.mandatory && f.condition == nil {
				continue
			}
			if required, why := f.required(typ, v); required {
				faults = append(faults, cnpay.Fault{Field: f.name, Problem: "is required" + why})
			}
			continue
		}
		switch f.kind {
		case object:
			before := len(faults)
			faults = t.check(faults, reflect.Indirect(held))
			within(faults[before:], f.name)
		case list:
			faults = t.checkList(faults, f, held)
		default:
			if problem := f.problem(held); problem != "" {
				faults = append(faults, cnpay.Fault{Field: f.name, Problem: problem})
			}
		}
	}
	return faults
}

// within names the faults of an object by their path.
func within(faults []cnpay.Fault, object string) {
	for i := range faults {
		faults[i].Field = object + "." + faults[i].Field
	}
}

func (t *Table) checkList(faults []cnpay.Fault, f *field, list reflect.Value) []cnpay.Fault {
	one := field{kind: kindOf(list.Type().Elem()), domain: f.domain, own: f.own}
	for i := range list.Len() {
		item, problem := list.Index(i), ""
		switch {
		case item.Kind() == reflect.Pointer && item.IsNil():
			problem = "is required"
		case one.kind == object:
			before := len(faults)
			if faults = t.check(faults, reflect.Indirect(item)); len(faults) > before {
				within(faults[before:], f.item(i))
			}
		default:
			problem = one.problem(item)
		}
		if problem != "" {
			faults = append(faults, cnpay.Fault{Field: f.item(i), Problem: problem})
		}
	}
	return faults
}

// item is the path of an item of a list.
func (f *field) item(i int) string { return f.name + "[" + strconv.Itoa(i) + "]" }

// of is the field's value in v.
func (f *field) of(v reflect.Value) reflect.Value {
	if len(f.index) == 1 {
		return v.Field(f.index[0])
	}
	return v.FieldByIndex(f.index)
}

// empty is isEmpty, faster where the kind is known.
func (f *field) empty(held reflect.Value) bool {
	switch f.kind {
	case text, list, raw:
		return held.Len() == 0
	case number:
		return held.Int() == 0
	case flag:
		return !held.Bool()
	}
	return isEmpty(held)
}

// problem says what is wrong with a value that is not empty.
func (f *field) problem(v reflect.Value) string {
	switch f.kind {
	case text:
		s := v.String()
		switch {
		case strings.TrimSpace(s) == "":
			return "must not be blank"
		case f.own != nil:
			return f.own(s)
		}
		return f.domain.problem(s)
	case number:
		n := v.Int()
		if n < 0 && f.domain.class != nil && f.domain.class.bytes['-'] != 0 {
			return "must not be negative"
		}
		var digits [20]byte
		return f.domain.problem(string(strconv.AppendInt(digits[:0], n, 10)))
	case raw:
		if !json.Valid(v.Bytes()) {
			return "must be JSON"
		}
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
		if value := f.text(f.of(v)); value != "" && !f.unsent {
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
	case f.kind == number && (v.Int() != 0 || f.zero && f.mandatory):
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
	if err := f.set(f.of(v), value); err != nil {
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
	timeForm
	enumeration
)

// class is a set of characters.
type class struct {
	what  string
	wide  bool      // characters beyond ASCII are members, unless they cannot be printed
	bytes [256]byte // zero for a member, else one of the marks below
}

const (
	notMember = 1 << iota
	nonASCII
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
			c.bytes[i] = nonASCII
		case b < ' ' || b == 0x7f || !member(b):
			c.bytes[i] = notMember
		}
	}
	return c
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

func alphanumeric(b byte) bool { return digit(b) || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }

func parseDomain(doc string, classes map[string]*class) (_ domain, ok bool) {
	d := domain{doc: doc}
	switch {
	case doc == "":
		return d, true
	case strings.Contains(doc, "|"):
		d.form, d.values = enumeration, strings.Split(doc, "|")
		return d, true
	case doc[0] == '=':
		d.form, d.values = enumeration, []string{doc[1:]}
		return d, true
	case strings.ContainsAny(doc, "YyMmDdHhs"):
		d.form = timeForm
		return d, strings.Trim(doc, "YyMDdhHmsSTZ-:./ +") == ""
	}
	name := strings.TrimRight(doc, "0123456789.")
	if !slices.Contains([]string{"N", "AN", "NS", "ANS", "S"}, name) {
		return d, false
	}
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
	return d, true
}

// problem says what is wrong with s, without repeating it: it may be a card number.
func (d *domain) problem(s string) string {
	switch d.form {
	case enumeration:
		if !slices.Contains(d.values, s) {
			return "must be " + strings.Join(d.values, " or ")
		}
	case timeForm:
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
	if found&notMember != 0 || !c.wide {
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
