package main

import (
	"context"
	"errors"
	"sync"

	"github.com/cnpay-go/cnpay/unionpay"
)

// store is where orders live. A merchant's is a database; each method is one transaction of it.
type store interface {
	// Create stores a new order.
	Create(context.Context, *order) error
	// Get returns a copy of an order, errNoOrder without one.
	Get(ctx context.Context, id string) (*order, error)
	// All returns copies of all orders, the newest first.
	All(context.Context) ([]*order, error)
	// Change changes an order, unless change returns an error. Two changes of one order never overlap.
	Change(ctx context.Context, id string, change func(*order) error) (*order, error)
	// Owner returns the order that a transaction belongs to, errNoOrder without one.
	Owner(ctx context.Context, orderID, txnTime string) (id string, err error)
	// Keep stores a genuine notification that fits no order, for a person to look at.
	Keep(context.Context, unionpay.Notification) error
}

var errNoOrder = errors.New("no such order")

// memory is a store that forgets everything when the program ends.
type memory struct {
	mu      sync.Mutex
	orders  []*order
	strange []unionpay.Notification
}

func (m *memory) Create(_ context.Context, o *order) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.orders = append(m.orders, o.clone())
	return nil
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
	for i := len(m.orders) - 1; i >= 0; i-- {
		all = append(all, m.orders[i].clone())
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

func (m *memory) Owner(_ context.Context, orderID, txnTime string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range m.orders {
		if t := o.find(orderID); t != nil && t.TxnTime == txnTime {
			return o.id(), nil
		}
	}
	return "", errNoOrder
}

func (m *memory) Keep(_ context.Context, n unionpay.Notification) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.strange = append(m.strange, n)
	return nil
}

func (m *memory) find(id string) *order {
	for _, o := range m.orders {
		if o.id() == id {
			return o
		}
	}
	return nil
}
