package umpay_test

import (
	"context"

	"github.com/cnpay-go/cnpay/umpay"
)

// spyStore notes what was saved.
type spyStore struct {
	umpay.Store
	saved *[]umpay.Event
}

func (s *spyStore) Save(ctx context.Context, event umpay.Event) error {
	*s.saved = append(*s.saved, event)
	return s.Store.Save(ctx, event)
}
