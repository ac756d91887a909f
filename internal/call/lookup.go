package call

import (
	"slices"

	"github.com/cnpay-go/cnpay"
)

// WithOperations adds a program's own operations, of the provider's type, to the settings.
func WithOperations[O any](operations []O) cnpay.Option {
	return func(s *cnpay.Settings) {
		s.Operations = slices.Clip(s.Operations)
		for _, op := range operations {
			s.Operations = append(s.Operations, op)
		}
	}
}

// Lookup finds an operation among the program's own, the newest first, and then among those of the package's requests: what a
// program says of an operation is used, also where the package has one of the same name.
func Lookup[O, R any](s cnpay.Settings, is func(O) bool, requests func() []R, operation func(R) O) (found O, ok bool) {
	for _, own := range slices.Backward(s.Operations) {
		if op, ours := own.(O); ours && is(op) {
			return op, true
		}
	}
	for _, request := range requests() {
		if op := operation(request); is(op) {
			return op, true
		}
	}
	return found, false
}

// Of is the operation of a request: of none the zero value, because the call's check says that the request is missing.
func Of[R comparable, O any](request R, operation func(R) O) (op O) {
	var none R
	if request == none {
		return op
	}
	return operation(request)
}
