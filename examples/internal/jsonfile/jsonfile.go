// Package jsonfile reads the JSON files that the examples take, and says in plain words where one is wrong. A file is
// read strictly: no member that nobody reads, none that is there twice, and nothing behind the object.
package jsonfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/cnpay-go/cnpay"
)

// Object is a JSON object of a file, each member as it is written there.
type Object map[string]json.RawMessage

// Read reads a file that holds one JSON object. The error names the file.
func Read(path string) (Object, error) {
	text, err := ReadFile("", path)
	if err != nil {
		return nil, err
	}
	o, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return o, nil
}

// ReadFile reads a file whose name is relative to folder, or to the current directory where folder is "". Its error
// says where the file was looked for.
func ReadFile(folder, name string) ([]byte, error) {
	path := name
	if !filepath.IsAbs(name) && !strings.HasPrefix(filepath.ToSlash(name), "/") { // rooted without a drive, on Windows
		path = filepath.Join(folder, name)
	}
	text, err := os.ReadFile(path)
	var cause *fs.PathError
	if errors.As(err, &cause) {
		if absolute, err := filepath.Abs(path); err == nil && absolute != name {
			return nil, fmt.Errorf("%s: %w (looked for %s)", name, cause.Err, absolute)
		}
		return nil, fmt.Errorf("%s: %w", name, cause.Err)
	}
	return text, err
}

// Parse reads the text of one JSON object. A byte order mark is passed over.
func Parse(text []byte) (Object, error) {
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		return nil, errors.New("the file is UTF-16; save it as UTF-8")
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(text) {
		return nil, errors.New("the file is not UTF-8; save it as UTF-8")
	}
	var whole json.RawMessage
	d := json.NewDecoder(bytes.NewReader(text))
	err := d.Decode(&whole)
	var wrong *json.SyntaxError
	switch {
	case err == io.EOF:
		return nil, errors.New("the file is empty")
	case errors.As(err, &wrong):
		at := int(wrong.Offset) - 1
		for at > 0 && at < len(text) && !utf8.RuneStart(text[at]) { // Go 1.27 counts to the end of a character
			at--
		}
		return nil, fmt.Errorf("%s: %s", place(text, at), unexpected(text, at))
	case err != nil: // io.ErrUnexpectedEOF
		return nil, fmt.Errorf("%s: the file ends before its JSON does", place(text, len(bytes.TrimSpace(text))))
	}
	if kind := kindOf(whole); kind != anObject {
		return nil, fmt.Errorf("the file must hold %s, and holds %s", anObject, kind)
	}
	if rest := bytes.TrimLeft(text[d.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return nil, fmt.Errorf("%s: something follows the JSON object", place(text, len(text)-len(rest)))
	}
	tokens := json.NewDecoder(bytes.NewReader(text))
	tokens.UseNumber()
	if err := noDuplicate(tokens, text); err != nil {
		return nil, err
	}
	var o Object
	err = json.Unmarshal(whole, &o)
	return o, err
}

// Section returns the member of that name, which must be an object.
func (o Object) Section(name string) (Object, error) {
	text, ok := o[name]
	if !ok {
		return nil, fmt.Errorf("no section %q", name)
	}
	if kind := kindOf(text); kind != anObject {
		return nil, fmt.Errorf("section %q must be %s, and is %s", name, anObject, kind)
	}
	var section Object
	err := json.Unmarshal(text, &section)
	return section, err
}

// Error is one line that names every fault; nil where there is none.
func Error(faults []cnpay.Fault) error {
	if len(faults) == 0 {
		return nil
	}
	var problems []string
	for _, f := range faults {
		problems = append(problems, f.Field+" "+f.Problem)
	}
	return errors.New(strings.Join(problems, "; "))
}

// place is where a byte is, as an editor counts.
func place(text []byte, at int) string {
	before := text[:at]
	line := before[bytes.LastIndexByte(before, '\n')+1:]
	return fmt.Sprintf("line %d, column %d", 1+bytes.Count(before, []byte("\n")), 1+utf8.RuneCount(line))
}

// unexpected is what is wrong with text at a byte that no JSON has there.
func unexpected(text []byte, at int) string {
	before := bytes.TrimRight(text[:at], " \t\r\n")
	c, _ := utf8.DecodeRune(text[at:])
	switch {
	case c == '\n' || c == '\r':
		return "the text is not closed before the line ends"
	case text[max(at-1, 0)] == '\\':
		return `a backslash is written twice in JSON, as in "C:\\keys"`
	case strings.ContainsRune("}]", c) && bytes.HasSuffix(before, []byte(",")):
		return fmt.Sprintf("no comma may come before the closing %c", c)
	case strings.ContainsRune("'“”‘’", c):
		return `names and texts are written in straight double quotes: "..."`
	case strings.ContainsRune("：，", c):
		return fmt.Sprintf("%c is the Chinese one; write the one of ASCII", c)
	case strings.ContainsRune("/#", c):
		return "JSON has no comments"
	case c < ' ':
		return "a control character"
	}
	return fmt.Sprintf("%q is not expected here", c)
}

// noDuplicate reads one value, whose tokens are known to be good.
func noDuplicate(d *json.Decoder, text []byte) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	delim, nested := token.(json.Delim)
	if !nested {
		return nil
	}
	lines := map[string]int{}
	for d.More() {
		if delim == '{' {
			token, err := d.Token()
			if err != nil {
				return err
			}
			name, _ := token.(string)
			line := 1 + bytes.Count(text[:d.InputOffset()], []byte("\n"))
			if first, twice := lines[name]; twice {
				return fmt.Errorf("line %d: %q is duplicated; it is on line %d already", line, name, first)
			}
			lines[name] = line
		}
		if err := noDuplicate(d, text); err != nil {
			return err
		}
	}
	_, err = d.Token() // the closing one
	return err
}

const anObject = "a JSON object"

func kindOf(value json.RawMessage) string {
	switch bytes.TrimLeft(value, " \t\r\n")[0] {
	case '{':
		return anObject
	case '[':
		return "a list"
	case '"':
		return "text"
	case 'n':
		return "null"
	case 't', 'f':
		return "true or false"
	}
	return "a number"
}
