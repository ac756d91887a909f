package umpay_test

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
)

// fileStore is a Store that outlives its process, which it kills at an event: before that is stored, or behind.
type fileStore struct {
	path, kill string // "before 4", "behind 4"; "" for never
}

func (s *fileStore) Save(ctx context.Context, event umpay.Event) error {
	s.killAt("before", event.Seq)
	stored, err := s.Events(ctx, event.POSSN, event.ID)
	if err != nil || slices.ContainsFunc(stored, func(e umpay.Event) bool { return e.Seq == event.Seq }) {
		return err
	}
	line, err := json.Marshal(event)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(s.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		s.killAt("behind", event.Seq)
	}
	return err
}

func (s *fileStore) killAt(place string, seq int64) {
	if s.kill != fmt.Sprint(place, " ", seq) {
		return
	}
	self, err := os.FindProcess(os.Getpid())
	if err == nil && self.Kill() == nil {
		select {} // nothing else runs
	}
}

func (s *fileStore) Events(_ context.Context, posSN, id string) ([]umpay.Event, error) {
	text, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var events []umpay.Event
	for line := range strings.Lines(string(text)) {
		var event umpay.Event
		if err = errors.Join(err, json.Unmarshal([]byte(line), &event)); event.POSSN == posSN && event.ID == id {
			events = append(events, event)
		}
	}
	slices.SortFunc(events, func(a, b umpay.Event) int { return cmp.Compare(a.Seq, b.Seq) })
	return events, err
}

// TestReceiverProcess is a back-end of its own, for TestReceiverKilled: it serves until its standard input ends.
func TestReceiverProcess(t *testing.T) {
	path, asked := os.LookupEnv("UMPAY_TEST_STORE")
	if !asked {
		return
	}
	receiver, err := umpay.NewReceiver(umpay.ReceiverConfig{
		Secrets: umpay.Terminals{"N9000001": cnpay.Secret(os.Getenv("UMPAY_TEST_SECRET"))},
		Store:   &fileStore{path, os.Getenv("UMPAY_TEST_KILL")},
	})
	require.NoError(t, err)
	server := httptest.NewServer(receiver)
	defer server.Close()
	_, _ = fmt.Println(server.URL)
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
}

// startReceiver starts the process, and returns the address at which it receives.
func startReceiver(t *testing.T, terminal *umpaytest.Server, store, kill string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestReceiverProcess$")
	cmd.Env = append(os.Environ(), "UMPAY_TEST_STORE="+store, "UMPAY_TEST_KILL="+kill, "UMPAY_TEST_SECRET="+terminal.Config().Secret.Reveal())
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(line) + "/pos/events"
}

// TestReceiverKilled: a back-end that is killed at any event, before it is stored or between storing and acknowledging,
// has acknowledged nothing that it has not stored. The terminal posts the event again, to the next process, and each is
// stored once.
func TestReceiverKilled(t *testing.T) {
	terminal, client := start(t)
	req := request()
	_, err := client.Preauth.Cancel(t.Context(), req)
	require.NoError(t, err)
	events := terminal.Events(req.ID)
	require.Len(t, events, 4)
	for _, kill := range []string{"before 1", "behind 1", "before 4", "behind 4"} {
		t.Run(kill, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "events")
			store := &fileStore{path: path}
			url, kept := startReceiver(t, terminal, path, kill), 0
			for i := 0; i < len(events); i++ {
				status, err := terminal.Post(t.Context(), url, events[i])
				if err == nil {
					require.Equal(t, 200, status)
					kept++
					continue
				}
				require.True(t, strings.HasSuffix(kill, fmt.Sprint(" ", events[i].Seq)), "%v", err)
				stored, err := store.Events(t.Context(), "N9000001", req.ID)
				require.NoError(t, err)
				require.Len(t, stored, kept+map[bool]int{true: 1}[strings.HasPrefix(kill, "behind")])
				kill, url = "", startReceiver(t, terminal, path, "")
				i-- // the app has kept it
			}
			require.Empty(t, kill, "it was killed")
			stored, err := store.Events(t.Context(), "N9000001", req.ID)
			require.NoError(t, err)
			require.Len(t, stored, 4)
			require.Equal(t, cnpay.Succeeded, umpay.Decide(stored).Outcome)
		})
	}
}
