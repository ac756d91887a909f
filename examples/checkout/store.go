package main

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/cnpay-go/cnpay"
)

// store is where orders live. A merchant's is a database; each method is one transaction of it.
type store interface {
	// Create stores a new order, or returns the one that its page has ordered before.
	Create(context.Context, *order) (*order, error)
	// Get returns a copy of an order, errNoOrder without one.
	Get(ctx context.Context, id string) (*order, error)
	// All returns copies of all orders, the newest first.
	All(context.Context) ([]*order, error)
	// Change changes an order, unless change returns an error. Two changes of one order never overlap.
	Change(ctx context.Context, id string, change func(*order) error) (*order, error)
	// Owner returns the order and the number of the transaction that a provider names, errNoOrder without one.
	Owner(ctx context.Context, provider, number string) (id, own string, err error)
	// Keep stores a genuine notification that fits no order, for a person to look at.
	Keep(context.Context, cnpay.Notification) error
}

var (
	errNoOrder    = errors.New("no such order")
	errNothingNew = errors.New("nothing new")
)

// memory is a store that forgets everything when the program ends.
type memory struct {
	mu      sync.Mutex
	orders  []*order
	strange []cnpay.Notification
}

func (m *memory) Create(_ context.Context, o *order) (*order, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := slices.IndexFunc(m.orders, func(old *order) bool { return o.Token != "" && old.Token == o.Token }); i >= 0 {
		return m.orders[i].clone(), errNothingNew
	}
	m.orders = append(m.orders, o.clone())
	return o.clone(), nil
}

func (m *memory) Get(_ context.Context, id string) (*order, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if o := m.find(id); o != nil {
		return o.clone(), nil
	}
	return nil, errNoOrder
}

func (m *memory) All(context.Context) ([]*order, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]*order, 0, len(m.orders))
	for _, o := range slices.Backward(m.orders) {
		all = append(all, o.clone())
	}
	return all, nil
}

func (m *memory) Change(_ context.Context, id string, change func(*order) error) (*order, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	stored := m.find(id)
	if stored == nil {
		return nil, errNoOrder
	}
	changed := stored.clone()
	if err := change(changed); err != nil {
		return nil, err
	}
	changed.Version++
	*stored = *changed
	return changed.clone(), nil
}

func (m *memory) Owner(_ context.Context, provider, number string) (id, own string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	is := func(t *transaction) bool {
		return number != "" && t.Ticket.Provider == provider && t.Ticket.Order == number
	}
	for _, o := range m.orders {
		for i := range o.Payments {
			p := &o.Payments[i]
			if is(&p.transaction) {
				return o.ID, p.Number, nil
			}
			if j := slices.IndexFunc(p.Steps, func(t transaction) bool { return is(&t) }); j >= 0 {
				return o.ID, p.Steps[j].Number, nil
			}
		}
	}
	return "", "", errNoOrder
}

func (m *memory) Keep(_ context.Context, n cnpay.Notification) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.strange = append(m.strange, n)
	return nil
}

func (m *memory) find(id string) *order {
	for _, o := range m.orders {
		if o.ID == id {
			return o
		}
	}
	return nil
}
