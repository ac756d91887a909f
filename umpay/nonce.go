package umpay

import (
	"strings"
	"sync"
	"time"
)

// mostNonces is how many a terminal may use in one generation: seven posts a second, far more than a person at a
// till can cause. It bounds what one terminal can make the receiver remember.
const mostNonces = 4096

// nonceMemory remembers nonces for at least as long as their timestamp is fresh: a timestamp may be one window ahead
// and stays fresh for one window more. It keeps two generations of that length and drops the older one as a whole.
// Only nonces of verified requests are remembered. The zero value is ready.
type nonceMemory struct {
	mu           sync.Mutex
	begun        time.Time // of the newer generation
	newer, older nonceGeneration
}

type nonceGeneration map[string]map[string]bool // by terminal

type nonceUse int

const (
	nonceNew nonceUse = iota
	nonceUsed
	nonceTooMany
)

func (m *nonceMemory) use(terminal, nonce string, now time.Time) nonceUse {
	nonce = strings.ToLower(nonce)
	m.mu.Lock()
	defer m.mu.Unlock()
	switch age := now.Sub(m.begun); {
	case age >= 4*window:
		m.newer, m.older, m.begun = nil, nil, now
	case age >= 2*window:
		m.newer, m.older, m.begun = nil, m.newer, now
	case age < 0: // the clock was put back
		m.begun = now
	}
	switch {
	case m.newer[terminal][nonce] || m.older[terminal][nonce]:
		return nonceUsed
	case len(m.newer[terminal]) >= mostNonces:
		return nonceTooMany
	}
	if m.newer == nil {
		m.newer = nonceGeneration{}
	}
	if m.newer[terminal] == nil {
		m.newer[terminal] = map[string]bool{}
	}
	m.newer[terminal][nonce] = true
	return nonceNew
}
