package cnpay_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/internal/testgateway"
)

var update = flag.Bool("update", false, "write docs/operations.md again")

// directives are the documented operations of one package, as its directives name them.
type directives struct {
	pkg           string            // "umpay/provider"
	methods       map[string]string // id -> Service.Verb
	notifications map[string]string // id -> type
}

// readDirectives reads the directives of the package in dir.
func readDirectives(t *testing.T, dir string) directives {
	t.Helper()
	d := directives{pkg: filepath.ToSlash(dir), methods: map[string]string{}, notifications: map[string]string{}}
	services := map[string]string{} // OrdersService -> Orders
	byService := map[string]string{}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				for _, id := range named(n.Doc, "//cnpay:op ") {
					byService[id] = receiver(n) + "." + n.Name.Name
				}
			case *ast.GenDecl:
				for _, s := range n.Specs {
					typ, ok := s.(*ast.TypeSpec)
					if !ok {
						continue
					}
					for _, id := range named(n.Doc, "//cnpay:notification ") {
						d.notifications[id] = typ.Name.Name
					}
					if client, ok := typ.Type.(*ast.StructType); ok && typ.Name.Name == "Client" {
						for _, f := range client.Fields.List {
							if pointer, ok := f.Type.(*ast.StarExpr); ok && len(f.Names) == 1 {
								services[fmt.Sprint(pointer.X)] = f.Names[0].Name
							}
						}
					}
				}
			}
			return true
		})
	}
	for id, method := range byService {
		service, verb, _ := strings.Cut(method, ".")
		name := services[service]
		require.NotEmpty(t, name, "%s: no field of the client is a *%s, which has %s", dir, service, id)
		d.methods[id] = name + "." + verb
	}
	return d
}

func named(doc *ast.CommentGroup, directive string) []string {
	if doc == nil {
		return nil
	}
	for _, c := range doc.List {
		if ids, ok := strings.CutPrefix(c.Text, directive); ok {
			return strings.Fields(ids)
		}
	}
	return nil
}

func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	typ := f.Recv.List[0].Type
	if pointer, ok := typ.(*ast.StarExpr); ok {
		typ = pointer.X
	}
	return fmt.Sprint(typ)
}

// TestOperationsPage keeps docs/operations.md what the directives and the operations.txt of the gateways for tests say:
// go test . -run OperationsPage -update
func TestOperationsPage(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Operations\n\nEvery operation by its Chinese name. This page is written by a test from the code; do not edit it.\n\n" +
		"- *money*: it moves money, now or when somebody pays later. Of the others, a *query* asks and a *setup* changes what moves none.\n" +
		"- *repeat*: whether the provider documents that the same request sent twice is carried out once. The call itself repeats only those.\n" +
		"- *settled by*: the operation that `client.Settle` queries (or repeats) to find the outcome from a ticket.\n\n" +
		"What a package lacks is two structs and a line in your own program: see `Do` in each package.\n")
	var txts []string
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == "operations.txt" {
			txts = append(txts, path)
		}
		return err
	}))
	require.NotEmpty(t, txts)
	for _, txt := range txts {
		gateway := filepath.Dir(txt)
		d := readDirectives(t, filepath.Dir(gateway))
		text, err := os.ReadFile(txt)
		require.NoError(t, err)
		fmt.Fprintf(&b, "\n## %s\n\nGateway for tests: `%s`.\n\n| 中文 | operation | Go | kind | repeat | settled by |\n|---|---|---|---|---|---|\n",
			d.pkg, filepath.ToSlash(gateway))
		for _, op := range testgateway.Operations(string(text)) {
			goName := d.methods[op.ID]
			if goName == "" {
				goName = d.notifications[op.ID]
			}
			require.NotEmpty(t, goName, "%s: %s is in operations.txt and has no directive", d.pkg, op.ID)
			delete(d.methods, op.ID)
			delete(d.notifications, op.ID)
			fmt.Fprintf(&b, "| %s | %s | `%s` | %s | %s | %s |\n", op.Chinese, op.ID, goName, op.Kind,
				map[bool]string{true: "harmless", false: ""}[op.Repeatable], op.SettledBy)
		}
		for _, rest := range []map[string]string{d.methods, d.notifications} {
			var missing []string
			for id := range rest {
				missing = append(missing, id)
			}
			slices.Sort(missing)
			require.Empty(t, missing, "%s: directives without a line in operations.txt", d.pkg)
		}
	}
	const page = "docs/operations.md"
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(b.String()), 0o644))
	}
	written, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, b.String(), string(written), "go test . -run OperationsPage -update")
}
