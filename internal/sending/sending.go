// Package sending carries the number of a sending in a context, from a recorder to the transport.
package sending

import "context"

type key struct{}

// Context returns ctx with the number n.
func Context(ctx context.Context, n int) context.Context { return context.WithValue(ctx, key{}, n) }

// From is the number that ctx carries, 0 if none.
func From(ctx context.Context) int {
	n, _ := ctx.Value(key{}).(int)
	return n
}
