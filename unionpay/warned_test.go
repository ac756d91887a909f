package unionpay

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWarnedIsBounded(t *testing.T) {
	var w warned
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	certificate := func(n int) *x509.Certificate { return &x509.Certificate{Raw: []byte{byte(n)}} }
	for n := range 2 * mostWarned {
		require.Equal(t, n < mostWarned, w.due(certificate(n), now), n)
		require.LessOrEqual(t, len(w.at), mostWarned)
	}
	require.False(t, w.due(certificate(1), now.Add(24*time.Hour-time.Second)))
	require.True(t, w.due(certificate(1), now.Add(24*time.Hour)))
	require.Len(t, w.at, 1, "what is a day old is forgotten")
}
