package umpay

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
)

// Store stores the events of a [Receiver]. It may be used by several goroutines at once.
//
// In a database that is one table with the unique key (posSN, id, seq): Save is an insert that does nothing on a
// conflict, Events a select in order of seq.
type Store interface {
	// Save stores the event for good: the terminal forgets it once Save has returned nil. An event that is already
	// stored under the same POSSN, ID and Seq stays as it is.
	Save(ctx context.Context, event Event) error
	// Events returns all stored events of one operation, in order of Seq.
	Events(ctx context.Context, posSN, id string) ([]Event, error)
}

// ErrStoreFull is the error of a [MemoryStore] at its limit.
var ErrStoreFull = errors.New("umpay: the store is full")

// MemoryStore is a [Store] that lasts as long as the process, for tests. At its limit it refuses new events, so that
// the terminals keep them; it never forgets one that was acknowledged.
type MemoryStore struct {
	limit int

	mu     sync.Mutex
	count  int
	events map[operationKey][]Event // in order of Seq
}

type operationKey struct{ posSN, id string }

// NewMemoryStore makes a store for at most limit events, 100,000 where limit is not positive.
func NewMemoryStore(limit int) *MemoryStore {
	if limit <= 0 {
		limit = 100_000
	}
	return &MemoryStore{limit: limit, events: map[operationKey][]Event{}}
}

// Save keeps the event unless there is one under the same POSSN, ID and Seq.
func (s *MemoryStore) Save(_ context.Context, event Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := operationKey{event.POSSN, event.ID}
	kept := s.events[key]
	at, there := slices.BinarySearchFunc(kept, event.Seq, func(e Event, seq int64) int { return cmp.Compare(e.Seq, seq) })
	switch {
	case there:
		return nil
	case s.count >= s.limit:
		return ErrStoreFull
	}
	s.events[key] = slices.Insert(kept, at, event)
	s.count++
	return nil
}

// Events returns all stored events of one operation, in order of Seq.
func (s *MemoryStore) Events(_ context.Context, posSN, id string) ([]Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events[operationKey{posSN, id}]), nil
}
