// Package command is what the command lines of the examples have in common.
package command

import (
	"errors"
	"flag"
	"io"
	"strings"
)

// Parse parses args. The usage is written to stderr when it is asked for; a mistake is one line, its error.
// f.Usage must write to f.Output().
func Parse(f *flag.FlagSet, args []string, stderr io.Writer) error {
	f.SetOutput(io.Discard)
	err := f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		f.SetOutput(stderr)
		f.Usage()
	case err != nil:
		return errors.New(strings.TrimSuffix(err.Error(), ": parse error"))
	}
	return err
}
