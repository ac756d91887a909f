package spec_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/sign"
)

// field makes a request of one text field with the given tag and value, and returns what is wrong with it.
func field(t *testing.T, tag, value string) string {
	t.Helper()
	rt := reflect.StructOf([]reflect.StructField{{
		Name: "F", Type: reflect.TypeFor[string](), Tag: reflect.StructTag(`json:"f" spec:"` + tag + `"`),
	}})
	v := reflect.New(rt)
	v.Elem().Field(0).SetString(value)
	var table spec.Table
	faults := table.Check(v.Interface())
	if len(faults) == 0 {
		return ""
	}
	require.Len(t, faults, 1)
	require.Equal(t, "f", faults[0].Field)
	return faults[0].Problem
}

func TestDomains(t *testing.T) {
	for _, tt := range []struct{ tag, value, problem string }{
		{"M N", "", "is required"},
		{"C N", "", ""},
		{"O N", "", ""},
		{"R N", "", ""},
		{"M", "anything\x00", ""},

		{"M N6", "123456", ""},
		{"M N6", "12345", "must be 6 long, is 5"},
		{"M N6", "1234567", "must be 6 long, is 7"},
		{"M N6", "12345a", "must be digits"},
		{"M N6", "12345６", "must be digits"}, // a wide digit
		{"M N6", "-12345", "must be digits"},
		{"M N..3", "1", ""},
		{"M S..8", "   ", "must not be blank"},
		{"M N..3", "1234", "must be at most 3 long, is 4"},
		{"M N1..12", "123456789012", ""},
		{"M N1..12", "1234567890123", "must be 1 to 12 long, is 13"},

		{"M AN8..40", "abcDEF12", ""},
		{"M AN8..40", "abcDEF1", "must be 8 to 40 long, is 7"},
		{"M AN8..40", "abcDEF_1", "must be letters and digits"},
		{"M AN8..40", "abcDEF 1", "must be letters and digits"},
		{"M AN8..40", "abcDEFé1", "must be letters and digits"},

		{"M NS", "12-34.5", ""},
		{"M NS", "12a", "must be digits and signs"},
		{"M NS", "1 2", "must be digits and signs"},

		{"M ANS..6", "收钱吧Upay", "must be at most 6 long, is 7"},
		{"M ANS..7", "收钱吧Upay", ""},
		{"M S..3", "a b", ""},
		{"M S..3", "a\nb", "must be text without control characters"},
		{"M S..3", "a\x7fb", "must be text without control characters"},
		{"M S..3", "a\u0085b", "must be text without control characters"},
		{"M S..3", "a\xffb", "must be text without control characters"}, // json.Marshal would send U+FFFD in its place
		{"M S..3", "a\ufffdb", "must be text without control characters"},
		{"M S4..", "abc", "must be at least 4 long, is 3"},

		{"M 0|1|2", "2", ""},
		{"M 0|1|2", "3", "must be 0 or 1 or 2"},
		{"M =QRPAYDEFAULT", "QRPAYDEFAULT", ""},
		{"M =QRPAYDEFAULT", "H5DEFAULT", "must be QRPAYDEFAULT"},

		{"M YYYYMMDDhhmmss", "20260228235959", ""},
		{"M YYYYMMDDhhmmss", "20240229000000", ""},
		{"M YYYYMMDDhhmmss", "20260229000000", "must be a time of the form YYYYMMDDhhmmss"},
		{"M YYYYMMDDhhmmss", "20261301000000", "must be a time of the form YYYYMMDDhhmmss"},
		{"M YYYYMMDDhhmmss", "20260001000000", "must be a time of the form YYYYMMDDhhmmss"},
		{"M YYYYMMDDhhmmss", "20260100000000", "must be a time of the form YYYYMMDDhhmmss"},
		{"M YYYYMMDDhhmmss", "20260431000000", "must be a time of the form YYYYMMDDhhmmss"},
		{"M YYYYMMDDhhmmss", "20260101240000", "must be a time of the form YYYYMMDDhhmmss"},
		{"M YYYYMMDDhhmmss", "20260101006000", "must be a time of the form YYYYMMDDhhmmss"},
		{"M YYYYMMDDhhmmss", "20260101000060", "must be a time of the form YYYYMMDDhhmmss"},
		{"M YYYYMMDDhhmmss", "2026010100000", "must be a time of the form YYYYMMDDhhmmss"},
		{"M YYYYMMDDhhmmss", "202601010000000", "must be a time of the form YYYYMMDDhhmmss"},
		{"M YYYYMMDDhhmmss", "2026010100000a", "must be a time of the form YYYYMMDDhhmmss"},
		{"M yyyy-MM-dd HH:mm:ss", "2026-12-31 23:59:59", ""},
		{"M yyyy-MM-dd HH:mm:ss", "2026-12-31T23:59:59", "must be a time of the form yyyy-MM-dd HH:mm:ss"},
		{"M yyyy-MM-dd", "2026-11-31", "must be a time of the form yyyy-MM-dd"},
		{"M yyyy-MM-ddTHH:mm:ssZ", "2026-12-31T23:59:59Z", ""},
		{"M yyyy-MM-ddTHH:mm:ssZ", "2026-12-31T23:59:59z", "must be a time of the form yyyy-MM-ddTHH:mm:ssZ"},
		{"M MMDD", "0229", ""},
		{"M MMDD", "0230", "must be a time of the form MMDD"},
		{"M MMDDhhmmss", "1231235959", ""},
		{"M YYMM", "3012", ""},
		{"M YYMM", "3013", "must be a time of the form YYMM"},
		{"M HHmmss", "235959", ""},
		{"M hhmmss", "236000", "must be a time of the form hhmmss"},
		{"M yyMMddHHmmssSSS", "260102030405678", ""},
	} {
		require.Equal(t, tt.problem, field(t, tt.tag, tt.value), "%s %q", tt.tag, tt.value)
	}
}

type inner struct {
	Name string `json:"name" spec:"M S"`
}

type base struct {
	Version string `json:"version" spec:"M N5"`
}

type request struct {
	base
	Order    string         `json:"order" spec:"M AN8..40"`
	Amount   int64          `json:"amount" spec:"M N..3"`
	Rest     int64          `json:"rest,omitempty" spec:"O N..3"`
	Again    bool           `json:"again,omitempty" spec:"O"`
	Items    []inner        `json:"items" spec:"M"`
	Raw      map[string]any `json:"raw" spec:"O"`
	Own      string         `json:"-" spec:"M S"`
	NotASpec string
	hidden   string
}

func TestCheckListsEveryFaultInOrder(t *testing.T) {
	var table spec.Table
	require.Equal(t, []cnpay.Fault{
		{Field: "version", Problem: "is required"},
		{Field: "order", Problem: "must be 8 to 40 long, is 1"},
		{Field: "amount", Problem: "is required"},
		{Field: "rest", Problem: "must not be negative"},
		{Field: "items", Problem: "is required"},
	}, table.Check(&request{Order: "1", Rest: -1, Items: []inner{}, hidden: "unused"}))

	require.Equal(t, []cnpay.Fault{
		{Field: "amount", Problem: "must be at most 3 long, is 4"}, {Field: "items[0].name", Problem: "is required"},
	}, table.Check(request{base: base{Version: "51000"}, Order: "12345678", Amount: 1000, Items: make([]inner, 1)}))
}

func TestCheckDoesNotRepeatTheValue(t *testing.T) {
	for _, tag := range []string{"M N6", "M AN..4", "M S..4", "M 0|1", "M YYYYMMDD"} {
		require.NotContains(t, field(t, tag, "6212345\n"), "6212345", tag)
	}
}

func TestPairs(t *testing.T) {
	type form struct {
		Version string `json:"version" spec:"M N5"`
		BackURL string `json:"backUrl" spec:"M S"`
		TxnAmt  int64  `json:"txnAmt" spec:"M N..12"`
		Less    int32  `json:"less" spec:"O NS"`
		Test    bool   `json:"test" spec:"O"`
		Empty   string `json:"empty" spec:"O S"`
		AccNo   string `json:"accNo" spec:"O N"`
	}
	var table spec.Table
	require.Equal(t, []sign.Pair{
		{Name: "accNo", Value: "6216"}, {Name: "backUrl", Value: "https://a/?b=c&d"}, {Name: "less", Value: "-7"},
		{Name: "test", Value: "true"}, {Name: "txnAmt", Value: "1000"}, {Name: "version", Value: "5.1.0"},
	}, table.Pairs(&form{Version: "5.1.0", BackURL: "https://a/?b=c&d", TxnAmt: 1000, Less: -7, Test: true, AccNo: "6216"}))
	require.Empty(t, table.Pairs(&form{}))
}

func TestSet(t *testing.T) {
	var table spec.Table
	var r request
	for name, value := range map[string]string{"version": "51000", "order": "a b", "amount": " 1000 ", "rest": "", "again": "true"} {
		known, err := table.Set(&r, name, value)
		require.True(t, known, name)
		require.NoError(t, err, name)
	}
	require.Equal(t, request{base: base{Version: "51000"}, Order: "a b", Amount: 1000, Again: true}, r)

	known, err := table.Set(&r, "again", "false")
	require.True(t, known)
	require.NoError(t, err)
	require.False(t, r.Again)

	known, err = table.Set(&r, "Order", "names have one case")
	require.False(t, known)
	require.NoError(t, err)

	for name, value := range map[string]string{"amount": "6216261000000000018x", "items": "[]"} {
		known, err = table.Set(&r, name, value)
		require.True(t, known)
		require.ErrorIs(t, err, cnpay.ErrMalformed)
		require.ErrorContains(t, err, name)
		require.NotContains(t, err.Error(), "6216", "an error does not repeat what may be a card number")
	}
}

func TestObject(t *testing.T) {
	var table spec.Table
	var m struct {
		In      inner   `json:"in" spec:"O"`
		Pointer *inner  `json:"pointer" spec:"O"`
		List    []inner `json:"list" spec:"O"`
	}
	table.Object(&m, "in").(*inner).Name = "changed"
	require.Equal(t, "changed", m.In.Name, "the object itself, not a copy")
	require.Nil(t, table.Object(&m, "pointer"))
	m.Pointer = &inner{}
	require.Same(t, m.Pointer, table.Object(&m, "pointer"))
	require.Nil(t, table.Object(&m, "list"))
	require.Nil(t, table.Object(&m, "none"))
}

func TestTableIsSafeForConcurrentUse(t *testing.T) {
	var table spec.Table
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			table.Check(&request{})
			table.Pairs(&inner{Name: "a"})
			_, _ = table.DecodeJSON([]byte(`{"order":"1"}`), &request{})
		})
	}
	wait.Wait()
}

// A tag that is misspelt would check less than the documents do, without a word. So every tag of the module is read
// here once more, by stricter rules. A provider's own domain is a word of five capitals or more.
func TestTagsOfTheModule(t *testing.T) {
	presences := regexp.MustCompile(`^([MOR]|C(\[!?\w+(=[^],|]+(\|[^],|]+)*)?(,!?\w+(=[^],|]+(\|[^],|]+)*)?)*\])?)$`)
	words := regexp.MustCompile(`( zero| pan| secret| unsent)+$`)
	domain := regexp.MustCompile(`^([A-Z]{4,}[0-9]*|(N|AN|NS|ANS|S)([0-9]+|[0-9]*\.\.[0-9]+|[0-9]+\.\.)?|[^ |=]+(\|[^ |]+)+|=[^ |]+|[YyMDdHhmsS]{2}[-/: YyMDdHhmsSTZ]*)$`)
	seen := 0
	root := filepath.Join("..", "..")
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			f, ok := n.(*ast.Field)
			if !ok || f.Tag == nil {
				return true
			}
			raw, err := strconv.Unquote(f.Tag.Value)
			require.NoError(t, err)
			tag, ok := reflect.StructTag(raw).Lookup("spec")
			if !ok {
				return true
			}
			seen++
			presence, rest, hasDomain := strings.Cut(tag, " ")
			rest = strings.TrimPrefix(words.ReplaceAllString(" "+rest, ""), " ")
			if !presences.MatchString(presence) || hasDomain && rest != "" && !domain.MatchString(rest) {
				t.Errorf("%s: spec:%q is not understood", path, tag)
			}
			return true
		})
		return nil
	}))
	require.NotZero(t, seen)
}

func TestUnfit(t *testing.T) {
	type request struct{ Name string }
	for _, fit := range []any{request{"a"}, &request{"a"}, (*request)(nil)} {
		copied := spec.Copy(fit)
		require.IsType(t, &request{}, copied)
		require.Empty(t, spec.Unfit(copied))
	}
	require.Equal(t, "is missing", spec.Unfit(spec.Copy(nil)))
	pointer := &request{}
	for _, unfit := range []any{7, "", []request{}, &pointer} {
		require.Contains(t, spec.Unfit(spec.Copy(unfit)), "must be a struct", "%T", unfit)
	}
}
