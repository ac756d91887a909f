package testgateway

import (
	"fmt"
	"strings"

	"github.com/cnpay-go/cnpay/cnpaytest"
)

// Operation is a line of operations.txt.
type Operation = cnpaytest.Operation

// Operations reads an operations.txt: a line an operation, of words with blanks between them,
//
//	id  中文  money|query|setup  once|repeatable  settled-by|-  POST|GET|-  path|-  mandatory names ...
//
// and lines that begin with #. It panics where a line cannot be read: the text is part of a gateway's program.
func Operations(text string) []Operation {
	var all []Operation
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if len(words) < 7 {
			panic(fmt.Sprintf("operations.txt: %q has fewer than seven words", line))
		}
		none := func(word string) string { return strings.TrimPrefix(word, "-") }
		all = append(all, Operation{
			ID: words[0], Chinese: words[1], Kind: words[2], Repeatable: words[3] == "repeatable", SettledBy: none(words[4]),
			Method: none(words[5]), Path: none(words[6]), Mandatory: words[7:],
		})
	}
	return all
}
