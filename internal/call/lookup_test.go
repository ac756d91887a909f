package call_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
)

// What a program says of an operation is used, also where the package has one of the same ID; the newest word is the last.
func TestLookup(t *testing.T) {
	type operation struct{ id, by string }
	lookup := func(id string, opts ...cnpay.Option) (operation, bool) {
		var settings cnpay.Settings
		settings = settings.With(opts...)
		return call.Lookup(settings, func(op operation) bool { return op.id == id },
			func() []string { return []string{"pay", "refund"} },
			func(id string) operation { return operation{id, "the package"} })
	}
	client := call.WithOperations([]operation{{"pay", "the client"}, {"own", "the client"}})
	ofCall := call.WithOperations([]operation{{"pay", "the call"}})
	for want, got := range map[operation][]cnpay.Option{
		{"pay", "the package"}:    nil,
		{"pay", "the client"}:     {client},
		{"pay", "the call"}:       {client, ofCall},
		{"own", "the client"}:     {client, ofCall},
		{"refund", "the package"}: {client, ofCall, call.WithOperations([]string{"another provider's"})},
	} {
		op, ok := lookup(want.id, got...)
		require.True(t, ok)
		require.Equal(t, want, op)
	}
	_, ok := lookup("own")
	require.False(t, ok)
}
