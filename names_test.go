package cnpay_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNames holds every package to one rule: what Orders.Revoke takes is an OrderRevokeRequest, what it returns is an OrderRevokeResponse
// (or the form of a page), and the operation's constant is OpOrderRevoke.
func TestNames(t *testing.T) {
	dirs := map[string]bool{}
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == "operations.txt" {
			dirs[filepath.Dir(filepath.Dir(path))] = true
		}
		return err
	}))
	require.NotEmpty(t, dirs)
	for dir := range dirs {
		constants, wanted := map[string]bool{}, map[string]bool{}
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
				case *ast.ValueSpec:
					for _, id := range n.Names {
						if strings.HasPrefix(id.Name, "Op") && ast.IsExported(id.Name) {
							constants[id.Name] = true
						}
					}
				case *ast.FuncDecl:
					if named(n.Doc, "//cnpay:op ") == nil {
						return false
					}
					service := strings.TrimSuffix(receiver(n), "Service")
					want := singular(service) + n.Name.Name
					wanted["Op"+want] = true
					require.Equal(t, want+"Request", requestOf(n), "%s: %s.%s", dir, service, n.Name.Name)
					if answer := pointedAt(n.Type.Results.List[0].Type); answer != "Form" {
						require.Equal(t, want+"Response", answer, "%s: %s.%s", dir, service, n.Name.Name)
					}
				}
				return true
			})
		}
		require.Equal(t, wanted, constants, dir)
	}
}

// singular is the name of one thing of a service: Order of Orders, QuickPass of QuickPass, OrderV4 of OrdersV4.
func singular(service string) string {
	name, version := service, ""
	if base, ok := strings.CutSuffix(service, "V4"); ok {
		name, version = base, "V4"
	}
	if !strings.HasSuffix(name, "ss") {
		name = strings.TrimSuffix(name, "s")
	}
	return name + version
}

func requestOf(f *ast.FuncDecl) string {
	for _, p := range f.Type.Params.List {
		if name := pointedAt(p.Type); strings.HasSuffix(name, "Request") {
			return name
		}
	}
	return ""
}

// pointedAt is the name of the type that typ points at.
func pointedAt(typ ast.Expr) string {
	pointer, ok := typ.(*ast.StarExpr)
	if !ok {
		return ""
	}
	if imported, ok := pointer.X.(*ast.SelectorExpr); ok {
		return imported.Sel.Name
	}
	return fmt.Sprint(pointer.X)
}
