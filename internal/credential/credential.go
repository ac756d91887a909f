// Package credential is the one policy for the texts that say who a merchant is and prove it: numbers, keys, tokens
// and secrets. They come out of portals, mails and files, where characters cling to them that nobody sees and that
// make every signature wrong.
package credential

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// Required returns the setting's value without the invisible characters around it: blanks, line ends, byte order marks,
// zero-width characters, NUL. An error says that nothing is left or which of them is inside; it never holds the value.
func Required(name, value string) (string, error) {
	value, err := Optional(name, value)
	if err == nil && value == "" {
		return "", fmt.Errorf("%s is required", name)
	}
	return value, err
}

// Optional is [Required] of a setting that may be empty.
func Optional(name, value string) (string, error) {
	if strings.HasPrefix(value, "\xff\xfe") || strings.HasPrefix(value, "\xfe\xff") {
		return "", fmt.Errorf("%s is a UTF-16 text, want UTF-8", name)
	}
	value = strings.TrimFunc(value, invisible)
	var found string
	at, more := 0, 0
	for _, r := range value {
		at++
		switch {
		case !invisible(r):
		case found == "":
			found = fmt.Sprintf("%s holds %s (%U) at character %d", name, nameOf(r), r, at)
		default:
			more++
		}
	}
	if more > 0 {
		found += fmt.Sprintf(" and %d more like it", more)
	}
	if found != "" {
		return "", errors.New(found)
	}
	return value, nil
}

func invisible(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}

func nameOf(r rune) string {
	switch r {
	case ' ':
		return "a blank"
	case '\t':
		return "a tab"
	case '\n':
		return "a line feed"
	case '\r':
		return "a carriage return"
	case 0:
		return "a NUL"
	case '\u00a0':
		return "a no-break space"
	case '\u200b':
		return "a zero-width space"
	case '\u200c':
		return "a zero-width non-joiner"
	case '\u200d':
		return "a zero-width joiner"
	case '\u2060':
		return "a word joiner"
	case '\u3000':
		return "an ideographic space"
	case '\ufeff':
		return "a byte order mark"
	}
	return "an invisible character"
}
