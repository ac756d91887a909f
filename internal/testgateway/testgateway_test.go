package testgateway_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/cnpaytest"
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
	s.Misbehave("revoke", cnpaytest.Empty, cnpaytest.HTML)
	s.AlwaysMisbehave("revoke", cnpaytest.Reset)
	s.Misbehave("revoke", cnpaytest.OK)
	for _, fault := range []cnpaytest.Fault{cnpaytest.Empty, cnpaytest.HTML, cnpaytest.OK, cnpaytest.Reset, cnpaytest.Reset} {
		require.Equal(t, fault, s.Receive("revoke"))
	}
	require.Equal(t, cnpaytest.OK, s.Receive("query"))
	require.Equal(t, 5, s.Received("revoke"))
	require.Equal(t, 1, s.Received("query"))
	require.Zero(t, s.Received("refund"))
}

func TestFaultsOfTheNetwork(t *testing.T) {
	for fault, check := range map[cnpaytest.Fault]func(t *testing.T, status int, body string, err error){
		cnpaytest.OK: func(t *testing.T, status int, body string, err error) {
			require.NoError(t, err)
			require.Equal(t, "answer", body)
		},
		cnpaytest.LostAnswer: func(t *testing.T, _ int, _ string, err error) { require.ErrorIs(t, err, io.EOF) },
		cnpaytest.Reset:      func(t *testing.T, _ int, _ string, err error) { require.ErrorContains(t, err, "reset") },
		cnpaytest.CutBody: func(t *testing.T, status int, body string, err error) {
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, "ans", body)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		},
		cnpaytest.HTTP502: func(t *testing.T, status int, body string, err error) {
			require.NoError(t, err)
			require.Equal(t, http.StatusBadGateway, status)
		},
		cnpaytest.Empty: func(t *testing.T, status int, body string, err error) {
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, status)
			require.Empty(t, body)
		},
		cnpaytest.HTML: func(t *testing.T, status int, body string, err error) {
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, status)
			require.Contains(t, body, "<html>")
		},
		cnpaytest.HugeBody: func(t *testing.T, status int, body string, err error) {
			require.NoError(t, err)
			require.Len(t, body, 10<<20)
		},
		cnpaytest.Redirect: func(t *testing.T, status int, _ string, err error) {
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
	s.AlwaysMisbehave("revoke", cnpaytest.Hang)
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

func TestLate(t *testing.T) {
	var s *testgateway.Server
	carriedOut := make(chan time.Time, 2)
	busy := time.Duration(0)
	s = testgateway.Start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Serve(w, r, s.Receive("revoke"), func() testgateway.Answer {
			time.Sleep(busy)
			carriedOut <- time.Now()
			return testgateway.Answer{Status: http.StatusOK, ContentType: "text/plain", Body: []byte("answer")}
		})
	}))
	defer s.Close()
	post := func() error {
		res, err := http.Post(s.URL, "text/plain", http.NoBody)
		if err == nil {
			_ = res.Body.Close()
		}
		return err
	}
	require.NoError(t, post())
	<-carriedOut

	s.Misbehave("revoke", cnpaytest.Late(50*time.Millisecond), cnpaytest.Late(time.Hour))
	begun := time.Now()
	require.ErrorIs(t, post(), io.EOF)
	require.GreaterOrEqual(t, (<-carriedOut).Sub(begun), 50*time.Millisecond)

	require.Error(t, post())
	busy = 50 * time.Millisecond
	s.Misbehave("revoke", cnpaytest.Late(0))
	require.ErrorIs(t, post(), io.EOF)
	require.Len(t, carriedOut, 1, "before its caller can see that the answer is lost")
	<-carriedOut
	s.Close()
	require.Empty(t, carriedOut, "what is still to come when the gateway closes is dropped")
}
