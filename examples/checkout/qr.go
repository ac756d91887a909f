package main

import (
	"fmt"
	"html/template"
	"strings"

	"rsc.io/qr"
)

// drawQR draws a code as SVG: black on white in any colour scheme, with the margin that scanners need.
func drawQR(text string, label string) (template.HTML, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", err
	}
	const margin = 4
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			begun := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > begun {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", begun+margin, y+margin, x-begun, x-begun)
			}
		}
	}
	size := code.Size + 2*margin
	return template.HTML(fmt.Sprintf(
		`<svg class="qr" role="img" aria-label="%s" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path fill="#000" d="%s"/></svg>`,
		template.HTMLEscapeString(label), size, size, size, size, path.String())), nil
}
