package testgateway

import (
	"strings"
	"time"
)

const late = "late "

// Late is LostAnswer of a slow gateway: nothing is answered, and the order changes d after its request arrived.
func Late(d time.Duration) Fault { return Fault(late + d.String()) }

// Delay is the d of a Late fault.
func (f Fault) Delay() (d time.Duration, isLate bool) {
	text, isLate := strings.CutPrefix(string(f), late)
	if !isLate {
		return 0, false
	}
	d, err := time.ParseDuration(text)
	return d, err == nil
}

// Later has the changes that late requests still make. It is not safe for concurrent use.
type Later struct{ changes []change }

type change struct {
	due time.Time
	do  func()
}

// Add puts a change off until due.
func (l *Later) Add(due time.Time, do func()) { l.changes = append(l.changes, change{due, do}) }

// Run makes the changes that are due, in the order in which their requests arrived. A gateway calls it before it reads
// its books.
func (l *Later) Run(now time.Time) {
	waiting := l.changes[:0]
	for _, c := range l.changes {
		if now.Before(c.due) {
			waiting = append(waiting, c)
		} else {
			c.do()
		}
	}
	l.changes = waiting
}
