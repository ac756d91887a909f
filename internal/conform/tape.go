package conform

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/recorder"
)

// Tape is a file of recorded exchanges.
type Tape struct {
	File string // without .yaml
	// Gateway is where the exchanges are recorded again, whatever they are addressed to. Without one they are replayed.
	Gateway string
	Origin  string // what the file says of itself, in comments
	// Same reports whether a request is the recorded one.
	Same func(r *http.Request, body []byte, recorded cassette.Request) bool
}

// Client returns a client whose exchanges are those of the tape. What is recorded is written at the end of the test.
func (tape Tape) Client(t testing.TB) *http.Client {
	t.Helper()
	options := []recorder.Option{
		recorder.WithMode(recorder.ModeReplayOnly), recorder.WithSkipRequestLatency(true),
		recorder.WithMatcher(func(r *http.Request, recorded cassette.Request) bool {
			var body []byte
			if r.Body != nil {
				var err error
				if body, err = io.ReadAll(r.Body); err != nil {
					return false
				}
				r.Body = io.NopCloser(bytes.NewReader(body))
			}
			return tape.Same(r, body, recorded)
		}),
	}
	if tape.Gateway != "" {
		options = append(options, recorder.WithMode(recorder.ModeRecordOnly),
			recorder.WithRealTransport(detour(tape.Gateway)), recorder.WithHook(forget, recorder.BeforeSaveHook))
	}
	r, err := recorder.New(tape.File, options...)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, r.Stop())
		if tape.Gateway != "" {
			name := tape.File + ".yaml"
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(name, append([]byte(tape.Origin), text...), 0o644))
		}
	})
	return &http.Client{Transport: r}
}

// detour sends to a gateway in this process what is addressed to a provider.
type detour string

func (d detour) RoundTrip(r *http.Request) (*http.Response, error) {
	to, err := url.Parse(string(d))
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = to.Scheme, to.Host, ""
	return http.DefaultTransport.RoundTrip(r)
}

// forget takes out what would differ in each recording.
func forget(i *cassette.Interaction) error {
	i.Response.Headers.Del("Date")
	i.Response.Duration = 0
	return nil
}
