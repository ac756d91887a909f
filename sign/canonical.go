package sign

import (
	"cmp"
	"fmt"
	"slices"
)

// A Pair is one parameter of a message.
type Pair struct{ Name, Value string }

// Canonical returns the text to sign (待签名串) of a list of parameters: as
// [AppendCanonical] to nothing.
func Canonical(pairs []Pair) ([]byte, error) {
	return AppendCanonical(nil, pairs)
}

// AppendCanonical appends name=value of all pairs to dst, in byte order of
// their names and joined by "&". Values go in raw, empty ones too: leaving
// pairs out is the caller's decision. A name that occurs twice is refused with
// [ErrDuplicate] and dst comes back as it was. The caller's pairs are not touched.
func AppendCanonical(dst []byte, pairs []Pair) ([]byte, error) {
	if !slices.IsSortedFunc(pairs, byName) {
		pairs = slices.Clone(pairs)
		slices.SortFunc(pairs, byName)
	}
	size := 0
	for i, p := range pairs {
		if i > 0 && p.Name == pairs[i-1].Name {
			return dst, fmt.Errorf("%w %q", ErrDuplicate, p.Name)
		}
		size += len(p.Name) + len(p.Value) + len("=&")
	}
	dst = slices.Grow(dst, size)
	for i, p := range pairs {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = append(dst, p.Name...)
		dst = append(dst, '=')
		dst = append(dst, p.Value...)
	}
	return dst, nil
}

func byName(a, b Pair) int { return cmp.Compare(a.Name, b.Name) }
