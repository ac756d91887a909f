package reconcile

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"math/bits"
)

// A matcher finds the row of a ledger that agrees most with a line.
type matcher[L Transaction] struct {
	ledger []L
	taken  []bool

	// Rows with an ID are looked for by it. Their orders are asked for by lines without an ID alone, which most bills do
	// not have, so that index is made for the first.
	byID, byOrder, byOrderWithID *index
}

func newMatcher[L Transaction](ledger []L) (*matcher[L], error) {
	if len(ledger) > math.MaxInt32-1 {
		return nil, fmt.Errorf("reconcile: a ledger of %d rows", len(ledger))
	}
	m := &matcher[L]{ledger: ledger, taken: make([]bool, len(ledger))}
	ids, orders := 0, 0
	for i, row := range ledger {
		switch e, err := row.Entry(); {
		case errors.Is(err, ErrNoMoney):
			m.taken[i] = true
		case err != nil:
			return nil, fmt.Errorf("reconcile: row %d of the ledger: %w", i, err)
		case e.ID != "":
			ids++
		case e.Order != "":
			orders++
		}
	}
	m.byID = m.index(ids, func(e *Entry) string { return e.ID })
	m.byOrder = m.index(orders, func(e *Entry) string {
		if e.ID != "" {
			return ""
		}
		return e.Order
	})
	return m, nil
}

// index is that of the rows, most of them at most, that have a text.
func (m *matcher[L]) index(most int, of func(*Entry) string) *index {
	return newIndex(len(m.ledger), most, func(i int32) (key, bool) {
		e := m.row(i)
		text := of(&e)
		return key{text: text}, text != "" && !m.taken[i]
	})
}

func (m *matcher[L]) row(i int32) Entry {
	e, _ := m.ledger[i].Entry() // an error has ended the comparison before
	return e
}

// best returns the row that agrees most with a line, the first of several, and how much it agrees. It returns -1 and
// noAgreement where there is none.
func (m *matcher[L]) best(line *Entry) (int32, int) {
	if line.ID != "" {
		if i, agreement := m.among(m.byID, line.ID, line); i >= 0 {
			return i, agreement
		}
	}
	if line.Order == "" {
		return -1, noAgreement
	}
	i, agreement := m.among(m.byOrder, line.Order, line)
	if line.ID == "" {
		if m.byOrderWithID == nil {
			m.byOrderWithID = m.index(len(m.ledger), func(e *Entry) string {
				if e.ID == "" {
					return ""
				}
				return e.Order
			})
		}
		j, other := m.among(m.byOrderWithID, line.Order, line)
		if other > agreement || other == agreement && j < i {
			i, agreement = j, other
		}
	}
	return i, agreement
}

// few is how many rows of one number are looked at one by one.
const few = 32

func (m *matcher[L]) among(x *index, text string, line *Entry) (int32, int) {
	at, _ := x.find(&key{text: text})
	if rows, ok := x.many[at]; ok {
		return m.amongMany(rows, line)
	}
	best, most := int32(-1), noAgreement
	i := at.first
	for range few {
		if i == 0 {
			return best, most
		}
		if !m.taken[i-1] {
			row := m.row(i - 1)
			if agreement := row.agreement(line); agreement > most {
				best, most = i-1, agreement
			}
		}
		i = x.next[i-1]
	}
	rows := &group{}
	for i := at.first; i != 0; i = x.next[i-1] {
		rows.rows = append(rows.rows, i-1)
	}
	if x.many == nil {
		x.many = map[*slot]*group{}
	}
	x.many[at] = rows
	return m.amongMany(rows, line)
}

// How much a row agrees with a line of the same number.
const (
	noAgreement = -1
	sameKind    = 1
	sameTime    = 2
	sameAmount  = 4
)

func (e *Entry) agreement(line *Entry) int {
	if e.Kind != line.Kind && e.Kind != "" && line.Kind != "" {
		return noAgreement
	}
	agreement := 0
	if e.Kind == line.Kind {
		agreement += sameKind
	}
	if e.Time == line.Time && e.Time != "" {
		agreement += sameTime
	}
	if e.Amount == line.Amount && e.Currency == line.Currency {
		agreement += sameAmount
	}
	return agreement
}

// A group is the rows of one number when they are many: by each set of what may agree, with a kind and without regard to
// it. Of these indexes those are made that a line needs, in most cases the first.
type group struct {
	rows []int32
	by   [2 * sameAmount]*index
}

func (m *matcher[L]) amongMany(g *group, line *Entry) (int32, int) {
	for _, agreeing := range [...]int{sameAmount | sameTime, sameAmount, sameTime, 0} {
		if agreeing&sameTime != 0 && line.Time == "" {
			continue
		}
		if i := m.first(g, agreeing|sameKind, line, line.Kind); i >= 0 {
			return i, agreeing | sameKind
		}
		// A row without a kind contradicts no line, and a line without one no row.
		open := agreeing
		if line.Kind != "" {
			open |= sameKind
		}
		if i := m.first(g, open, line, ""); i >= 0 {
			return i, agreeing
		}
	}
	return -1, noAgreement
}

// first returns the first row of a group that is not taken and agrees with the line in this, or -1.
func (m *matcher[L]) first(g *group, agreeing int, line *Entry, kind string) int32 {
	x := g.by[agreeing]
	if x == nil {
		x = newIndex(len(g.rows), len(g.rows), func(i int32) (key, bool) {
			e := m.row(g.rows[i])
			return e.key(agreeing, e.Kind), true
		})
		g.by[agreeing] = x
	}
	k := line.key(agreeing, kind)
	at, _ := x.find(&k)
	for i := at.first; i != 0; i = x.next[i-1] {
		at.first = i // what is taken stays so, and is not looked at again
		if row := g.rows[i-1]; !m.taken[row] {
			return row
		}
	}
	return -1
}

// A key is what an index is by: a number, or what agrees within one.
type key struct {
	text, currency, time, kind string
	amount                     int64
}

func (e *Entry) key(agreeing int, kind string) (k key) {
	if agreeing&sameAmount != 0 {
		k.amount, k.currency = e.Amount, e.Currency
	}
	if agreeing&sameTime != 0 {
		k.time = e.Time
	}
	if agreeing&sameKind != 0 {
		k.kind = kind
	}
	return k
}

// An index finds rows by a key, in their order. A map of slices would need several times the memory of the ledger itself.
type index struct {
	of    func(row int32) (key, bool)
	seed  maphash.Seed
	slots []slot
	next  []int32 // the row after each, of the same key; counted from 1, and 0 behind the last
	many  map[*slot]*group
}

// A slot has the rows of one key. It is searched for from where the key's hash says, up to a free one.
type slot struct {
	tag   uint32 // a part of the hash, which spares looking at most rows of other keys
	first int32  // counted from 1; 0 in a free slot
}

// newIndex makes the index of rows of which at most so many have a key.
func newIndex(rows, most int, of func(row int32) (key, bool)) *index {
	x := &index{of: of, seed: maphash.MakeSeed(), slots: make([]slot, most+most/2+1)}
	if most == 0 {
		return x
	}
	x.next = make([]int32, rows)
	for i := int32(rows) - 1; i >= 0; i-- {
		if k, ok := of(i); ok {
			at, tag := x.find(&k)
			x.next[i] = at.first
			at.tag, at.first = tag, i+1
		}
	}
	return x
}

// find returns the slot of a key, or the free one where it would be.
func (x *index) find(k *key) (*slot, uint32) {
	hash := maphash.Comparable(x.seed, *k)
	tag := uint32(hash)
	i, _ := bits.Mul64(hash, uint64(len(x.slots)))
	for ; ; i++ {
		if i == uint64(len(x.slots)) {
			i = 0
		}
		at := &x.slots[i]
		if at.first == 0 {
			return at, tag
		}
		if at.tag == tag {
			if other, _ := x.of(at.first - 1); other == *k {
				return at, tag
			}
		}
	}
}
