package testgateway

import (
	"sync"

	"github.com/cnpay-go/cnpay/cnpaytest"
)

// Faults is the plan of a gateway's faults. The zero value is ready and safe for concurrent use.
type Faults struct {
	mu     sync.Mutex
	plan   map[string][]cnpaytest.Fault
	always map[string]cnpaytest.Fault
	count  map[string]int
}

// Misbehave plans the faults that the next requests of an operation meet, one each, in order. Operations have the names
// that tickets have: "preauth_cancel", "query".
func (p *Faults) Misbehave(operation string, faults ...cnpaytest.Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.plan == nil {
		p.plan = map[string][]cnpaytest.Fault{}
	}
	p.plan[operation] = append(p.plan[operation], faults...)
}

// AlwaysMisbehave makes every request of an operation that has no planned fault meet this one.
func (p *Faults) AlwaysMisbehave(operation string, fault cnpaytest.Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.always == nil {
		p.always = map[string]cnpaytest.Fault{}
	}
	p.always[operation] = fault
}

// Received is how many requests of an operation arrived.
func (p *Faults) Received(operation string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count[operation]
}

// Receive counts a request and returns the fault that it meets.
func (p *Faults) Receive(operation string) cnpaytest.Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count == nil {
		p.count = map[string]int{}
	}
	p.count[operation]++
	if planned := p.plan[operation]; len(planned) > 0 {
		p.plan[operation] = planned[1:]
		return planned[0]
	}
	if f, ok := p.always[operation]; ok {
		return f
	}
	return cnpaytest.OK
}
