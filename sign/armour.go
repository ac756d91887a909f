package sign

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

const (
	pemBegin = "-----BEGIN "
	pemEnd   = "-----END "
)

// unwrap takes off what key files come in: UTF-16, byte order marks, PEM, Base64 without PEM, line ends behind DER. It
// reads whatever can be read in one way only. What it returns is at least one block; one without a type is no PEM, and
// its content is DER or nothing known.
func unwrap(data []byte) ([]*pem.Block, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errors.New("sign: found nothing, the file is empty")
	}
	if der, ok := wholeDER(data); ok {
		return []*pem.Block{{Bytes: der}}, nil
	}
	text, err := plainText(data)
	if err != nil {
		return nil, err
	}
	if strings.Contains(text, pemBegin) {
		return pemBlocks(text)
	}
	// Base64 of DER begins so; no other format does.
	if body := strings.TrimSpace(text); strings.HasPrefix(body, "MI") && !strings.ContainsFunc(body, notBase64) {
		der, err := decodeBody(body)
		if err != nil {
			return nil, fmt.Errorf("sign: found Base64 that is damaged: %w", err)
		}
		return []*pem.Block{{Bytes: der}}, nil
	}
	return []*pem.Block{{Bytes: data}}, nil
}

// plainText is a text file in UTF-8 with "\n" between its lines and no invisible characters. Where somebody has put a
// file into a configuration value its line ends are often the two characters "\n".
func plainText(data []byte) (string, error) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("-\x00-\x00")), bytes.HasPrefix(data, []byte("M\x00I\x00")):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte("\xfe\xff")), bytes.HasPrefix(data, []byte("\x00-\x00-")), bytes.HasPrefix(data, []byte("\x00M\x00I")):
		order = binary.BigEndian
	}
	if order != nil {
		if len(data)%2 != 0 {
			return "", errors.New("sign: found a UTF-16 text that is cut off (an odd number of bytes)")
		}
		units := make([]uint16, len(data)/2)
		for i := range units {
			units[i] = order.Uint16(data[2*i:])
		}
		data = []byte(string(utf16.Decode(units)))
	}
	return lineEnds.Replace(string(data)), nil
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", `\\r\\n`, "\n", `\\n`, "\n", `\r\n`, "\n", `\n`, "\n", `\r`, "\n",
	"\ufeff", "", "\u200b", "", "\u200c", "", "\u200d", "", "\u2060", "", "\x00", "")

// pemBlocks returns all blocks of text, wherever on a line they begin and end. What is between them is passed over, as
// openssl writes remarks there; a damaged block, which encoding/pem passes over as well, is an error.
func pemBlocks(text string) ([]*pem.Block, error) {
	announced := strings.Count(text, pemBegin)
	blocks := make([]*pem.Block, 0, announced)
	for {
		_, rest, more := strings.Cut(text, pemBegin)
		if !more {
			return blocks, nil
		}
		block, rest, err := pemBlock(rest)
		if err != nil {
			return nil, fmt.Errorf("sign: PEM block %d of %d is damaged: %w", len(blocks)+1, announced, err)
		}
		blocks, text = append(blocks, block), rest
	}
}

// pemBlock reads one block, of which the text holds all but the first word.
func pemBlock(text string) (block *pem.Block, rest string, err error) {
	kind, rest, ok := strings.Cut(text, "-----")
	if !ok || strings.Contains(kind, "\n") {
		return nil, "", errors.New("its BEGIN line has no end")
	}
	body, rest, ok := strings.Cut(rest, pemEnd)
	if !ok || strings.Contains(body, pemBegin) {
		return nil, "", errors.New("it has no END line, as if cut off")
	}
	if rest, ok = strings.CutPrefix(rest, kind+"-----"); !ok {
		return nil, "", fmt.Errorf("its END line is not that of %q", kind)
	}
	block = &pem.Block{Type: kind, Headers: map[string]string{}}
	body = strings.TrimLeftFunc(body, unicode.IsSpace)
	for {
		line, below, _ := strings.Cut(body, "\n")
		name, value, isHeader := strings.Cut(line, ":")
		if !isHeader {
			break
		}
		block.Headers[strings.TrimSpace(name)] = strings.TrimSpace(value)
		body = below
	}
	if block.Bytes, err = decodeBody(body); err != nil && certificateOrKey(block) {
		return nil, "", err
	}
	return block, rest, nil
}

// certificateOrKey reports whether a block is read at all, or only named.
func certificateOrKey(block *pem.Block) bool {
	return certificateBlock(block) || strings.HasSuffix(block.Type, "PRIVATE KEY") && block.Headers["DEK-Info"] == ""
}

// decodeBody decodes Base64 in lines. Line ends may have become blanks; a blank anywhere else is a "+" that got lost. The
// length that DER announces proves that nothing is missing.
func decodeBody(body string) ([]byte, error) {
	pieces := strings.Fields(body)
	text := strings.Join(pieces, "")
	if at := strings.IndexFunc(text, notBase64); at >= 0 {
		return nil, fmt.Errorf("character %d of its Base64 is %U", at+1, []rune(text[at:])[0])
	}
	blank := false
	for line := range strings.Lines(body) {
		blank = blank || len(strings.Fields(line)) > 1
	}
	if blank && !evenly(pieces) {
		return nil, errors.New("its Base64 has a blank inside a line, as where a + has become one")
	}
	if n := len(text); n%4 != 0 {
		return nil, fmt.Errorf("its Base64 has %d characters, which is no multiple of 4: some are missing, as where a + has become a blank", n)
	}
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("its Base64 ends before its end: %w", err)
	}
	if announced, ok := lengthDER(der); ok && announced != int64(len(der)) {
		return nil, fmt.Errorf("it announces %d bytes and has %d: characters are missing or doubled", announced, len(der))
	}
	return der, nil
}

// evenly reports whether the pieces are lines: all as long as the first, except the last.
func evenly(pieces []string) bool {
	for i, piece := range pieces {
		if len(piece) > len(pieces[0]) || len(piece) < len(pieces[0]) && i < len(pieces)-1 {
			return false
		}
	}
	return true
}

func notBase64(r rune) bool {
	return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '+' && r != '/' && r != '=' && !unicode.IsSpace(r)
}

// wholeDER returns the one DER sequence that data is, without the byte order mark before it and the line ends behind it
// that an editor leaves.
func wholeDER(data []byte) ([]byte, bool) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	n, ok := lengthDER(data)
	if !ok || n > int64(len(data)) || len(bytes.Trim(data[n:], " \t\r\n\x00\x1a")) > 0 {
		return nil, false
	}
	return data[:n], true
}

// lengthDER returns how many bytes the DER sequence at the start of data says that it has.
func lengthDER(data []byte) (n int64, ok bool) {
	if len(data) < 2 || data[0] != 0x30 || data[1] == 0x80 {
		return 0, false
	}
	if data[1] < 0x80 {
		return 2 + int64(data[1]), true
	}
	digits := int(data[1] & 0x7f)
	if digits > 4 || len(data) < 2+digits {
		return 0, false
	}
	for _, b := range data[2 : 2+digits] {
		n = n<<8 | int64(b)
	}
	return n + 2 + int64(digits), true
}
