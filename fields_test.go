package cnpay_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// mostCopies is in how many structs of one package the same field may be written. What more of them have is a block of the
// documents, which is written once and embedded.
const mostCopies = 3

// copies counts the structs of a package in which a field of the documents is written: by name, type, tag and comment.
type copies map[string]int

func (c copies) add(file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		s, ok := n.(*ast.StructType)
		if !ok {
			return true
		}
		for _, f := range s.Fields.List {
			if f.Tag == nil || !strings.Contains(f.Tag.Value, `spec:"`) {
				continue
			}
			comment := strings.Join(strings.Fields(f.Doc.Text()+f.Comment.Text()), " ")
			for _, name := range f.Names {
				c[strings.Join([]string{name.Name, types.ExprString(f.Type), f.Tag.Value, comment}, " ")]++
			}
		}
		return true
	})
}

func (c copies) tooMany() (found []string) {
	for line, n := range c {
		if n > mostCopies {
			found = append(found, fmt.Sprintf("%d times: %s", n, line))
		}
	}
	slices.Sort(found)
	return found
}

func TestCopies(t *testing.T) {
	const shop = "// Shop is the shop.\nShop string `json:\"shop\" spec:\"M S\"`\n"
	one := func(field string) string { return "struct {\n" + field + "}\n" }
	for text, want := range map[string]bool{
		"type A " + one(shop) + "type B " + one(shop) + "type C " + one("In "+one(shop)):                                                                                false,
		"type A " + one(shop) + "type B " + one(shop) + "type C []" + one("In "+one(shop)) + "var d " + one(shop):                                                       true,
		"type A " + one(shop) + "type B " + one(shop) + "type C " + one(shop) + "type D " + one("X int `json:\"x\" spec:\"O N\"`\n"+shop):                               true,
		"type A " + one(shop) + "type B " + one(shop) + "type C " + one(shop) + "type D " + one("// Shop is\n// the shop.\nShop string `json:\"shop\" spec:\"M S\"`\n"): true,
		"type A " + one(shop) + "type B " + one(shop) + "type C " + one(shop) + "type D " + one("Shop string `json:\"shop\" spec:\"M S\"`\n"):                           false,
		"type A " + one(shop) + "type B " + one(shop) + "type C " + one(shop) + "type D " + one(strings.Replace(shop, "string", "int64", 1)):                            false,
		"type A " + one(shop) + "type B struct{ A }\ntype C struct{ A }\ntype D struct{ A }\ntype E struct{ A }":                                                        false,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+text, parser.ParseComments)
		require.NoError(t, err)
		c := copies{}
		c.add(file)
		require.Equal(t, want, len(c.tooMany()) == 1, "%s\n%v", text, c)
	}
}

// TestFieldsAreWrittenOnce finds blocks of the documents that were copied instead of embedded.
func TestFieldsAreWrittenOnce(t *testing.T) {
	packages := map[string]copies{}
	require.NoError(t, filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		if packages[dir] == nil {
			packages[dir] = copies{}
		}
		packages[dir].add(file)
		return nil
	}))
	require.NotEmpty(t, packages["umpay/provider"])
	for dir, c := range packages {
		if found := c.tooMany(); found != nil {
			t.Errorf("%s: the same field in more than %d structs, which should embed one that has it:\n%s", dir, mostCopies, strings.Join(found, "\n"))
		}
	}
}
