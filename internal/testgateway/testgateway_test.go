package testgateway_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/internal/testgateway"
)

// serve starts a gateway whose every answer is "answer", and returns a function that asks it.
func serve(t *testing.T) (*testgateway.Server, func(context.Context) (int, string, error)) {
	t.Helper()
	var s *testgateway.Server
	s = testgateway.Start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Answer(w, r, s.Receive("revoke"), http.StatusOK, "text/plain", []byte("answer"))
	}))
	t.Cleanup(s.Close)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return s, func(ctx context.Context) (int, string, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/revoke", http.NoBody)
		require.NoError(t, err)
		res, err := client.Do(req)
		if err != nil {
			return 0, "", err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		return res.StatusCode, string(body), err
	}
}

func TestPlannedFaultsComeInOrderThenTheStandingOne(t *testing.T) {
	s, _ := serve(t)
	s.Misbehave("revoke", testgateway.Empty, testgateway.HTML)
	s.AlwaysMisbehave("revoke", testgateway.Reset)
	s.Misbehave("revoke", testgateway.OK)
	for _, fault := range []testgateway.Fault{testgateway.Empty, testgateway.HTML, testgateway.OK, testgateway.Reset, testgateway.Reset} {
		require.Equal(t, fault, s.Receive("revoke"))
	}
	require.Equal(t, testgateway.OK, s.Receive("query"))
	require.Equal(t, 5, s.Received("revoke"))
	require.Equal(t, 1, s.Received("query"))
	require.Zero(t, s.Received("refund"))
}

func TestFaultsOfTheNetwork(t *testing.T) {
	for fault, check := range map[testgateway.Fault]func(t *testing.T, status int, body string, err error){
		testgateway.OK: func(t *testing.T, status int, body string, err error) {
			require.NoError(t, err)
			require.Equal(t, "answer", body)
		},
		testgateway.LostAnswer: func(t *testing.T, _ int, _ string, err error) { require.ErrorIs(t, err, io.EOF) },
		testgateway.Reset:      func(t *testing.T, _ int, _ string, err error) { require.ErrorContains(t, err, "reset") },
		testgateway.CutBody: func(t *testing.T, status int, body string, err error) {
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, "ans", body)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		},
		testgateway.HTTP502: func(t *testing.T, status int, body string, err error) {
			require.NoError(t, err)
			require.Equal(t, http.StatusBadGateway, status)
		},
		testgateway.Empty: func(t *testing.T, status int, body string, err error) {
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, status)
			require.Empty(t, body)
		},
		testgateway.HTML: func(t *testing.T, status int, body string, err error) {
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, status)
			require.Contains(t, body, "<html>")
		},
		testgateway.HugeBody: func(t *testing.T, status int, body string, err error) {
			require.NoError(t, err)
			require.Len(t, body, 10<<20)
		},
		testgateway.Redirect: func(t *testing.T, status int, _ string, err error) {
			require.NoError(t, err)
			require.Equal(t, http.StatusTemporaryRedirect, status)
		},
	} {
		t.Run(string(fault), func(t *testing.T) {
			s, ask := serve(t)
			s.Misbehave("revoke", fault)
			status, body, err := ask(t.Context())
			check(t, status, body, err)
			require.Equal(t, 1, s.Received("revoke"))
		})
	}
}

func TestHangEndsWithTheCallerOrTheGateway(t *testing.T) {
	s, ask := serve(t)
	s.AlwaysMisbehave("revoke", testgateway.Hang)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, _, err := ask(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	ended := make(chan error, 1)
	go func() {
		_, _, err := ask(t.Context())
		ended <- err
	}()
	require.Eventually(t, func() bool { return s.Received("revoke") == 2 }, 5*time.Second, time.Millisecond)
	s.Close()
	s.Close()
	err = <-ended
	require.Error(t, err)
	require.False(t, errors.Is(err, context.Canceled))
}
