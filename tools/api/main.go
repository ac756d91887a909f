// Command api prints the module's public face, a line for each exported name, so that a change of it is seen in review:
//
//	go -C tools run ./api -w        writes api.txt
//	go -C tools run ./api           compares it, and prints the difference
package main

import (
	"flag"
	"fmt"
	"go/types"
	"maps"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

const file = "../api.txt"

func main() {
	write := flag.Bool("w", false, "write "+file)
	flag.Parse()
	if err := run(*write); err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

func run(write bool) error {
	lines, err := face()
	if err != nil {
		return err
	}
	if write {
		return os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before := strings.Split(strings.TrimSpace(string(text)), "\n")
	changed := 0
	for _, line := range before {
		if _, still := slices.BinarySearch(lines, line); !still {
			fmt.Println("- " + line)
			changed++
		}
	}
	for _, line := range lines {
		if _, known := slices.BinarySearch(before, line); !known {
			fmt.Println("+ " + line)
			changed++
		}
	}
	if changed > 0 {
		return fmt.Errorf("the public face changed in %d lines; if that is meant: go -C tools run ./api -w", changed)
	}
	fmt.Printf("the public face is that of api.txt, %d lines\n", len(lines))
	return nil
}

// face is the sorted lines of all packages that others can import, examples excepted.
func face() ([]string, error) {
	config := &packages.Config{Dir: "..", Mode: packages.NeedName | packages.NeedTypes | packages.NeedImports | packages.NeedDeps | packages.NeedSyntax | packages.NeedTypesInfo}
	loaded, err := packages.Load(config, "./...")
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, p := range loaded {
		if len(p.Errors) > 0 {
			return nil, p.Errors[0]
		}
		if strings.Contains(p.PkgPath, "/internal/") || strings.Contains(p.PkgPath, "/examples/") {
			continue
		}
		short := func(other *types.Package) string {
			if other == p.Types {
				return ""
			}
			return other.Name()
		}
		add := func(format string, args ...any) {
			found[strings.TrimPrefix(p.PkgPath, "github.com/cnpay-go/")+" "+fmt.Sprintf(format, args...)] = true
		}
		for _, name := range p.Types.Scope().Names() {
			if o := p.Types.Scope().Lookup(name); o.Exported() {
				describe(o, short, add)
			}
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

func describe(o types.Object, short types.Qualifier, add func(string, ...any)) {
	if c, ok := o.(*types.Const); ok {
		add("const %s %s = %s", c.Name(), types.TypeString(c.Type(), short), c.Val())
		return
	}
	named, ok := o.Type().(*types.Named)
	if _, isType := o.(*types.TypeName); !isType || !ok {
		add("%s", types.ObjectString(o, short))
		return
	}
	switch t := named.Underlying().(type) {
	case *types.Struct:
		add("type %s struct", o.Name())
		for i := range t.NumFields() {
			if f := t.Field(i); f.Exported() {
				add("type %s struct, %s %s `%s`", o.Name(), f.Name(), types.TypeString(f.Type(), short), t.Tag(i))
			}
		}
	case *types.Interface:
		add("type %s %s", o.Name(), types.TypeString(t, short))
		return
	default:
		add("type %s %s", o.Name(), types.TypeString(t, short))
	}
	methods := types.NewMethodSet(types.NewPointer(named))
	for i := range methods.Len() {
		m := methods.At(i).Obj()
		if m.Exported() && len(methods.At(i).Index()) == 1 { // promoted ones are those of the embedded type
			add("method (%s) %s%s", o.Name(), m.Name(), strings.TrimPrefix(types.TypeString(m.Type(), short), "func"))
		}
	}
}
