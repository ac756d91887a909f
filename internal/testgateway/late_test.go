package testgateway_test

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/internal/testgateway"
)

func TestLate(t *testing.T) {
	for _, d := range []time.Duration{0, time.Nanosecond, 8 * time.Second, time.Hour} {
		got, late := testgateway.Late(d).Delay()
		require.True(t, late)
		require.Equal(t, d, got)
	}
	for _, f := range []testgateway.Fault{testgateway.LostAnswer, "late", "late ", "late soon", ""} {
		_, late := f.Delay()
		require.False(t, late, f)
	}

	s, ask := serve(t)
	s.Misbehave("revoke", testgateway.Late(time.Hour))
	_, _, err := ask(t.Context())
	require.ErrorIs(t, err, io.EOF, "the answer is lost")
}

func TestLaterMakesEachChangeOnceWhenItIsDue(t *testing.T) {
	var l testgateway.Later
	var made []string
	at := time.Unix(1449646835, 0)
	for _, c := range []struct {
		name string
		wait time.Duration
	}{{"second", 2 * time.Second}, {"first", time.Second}, {"also first", time.Second}} {
		l.Add(at.Add(c.wait), func() { made = append(made, c.name) })
	}
	for wait, want := range []int{0, 2, 3, 3} {
		l.Run(at.Add(time.Duration(wait) * time.Second))
		require.Len(t, made, want)
	}
	require.Equal(t, []string{"first", "also first", "second"}, made)
}
