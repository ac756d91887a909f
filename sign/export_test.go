package sign

// Len returns the number of certificates remembered.
func (t *Trust) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.trusted)
}

// MaxTrusted is the most that Len may return.
const MaxTrusted = maxTrusted
