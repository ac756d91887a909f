package upay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
)

// KeyStore keeps a terminal's keys durably, for all processes that use the terminal: [FileKeys], or a table of the
// merchant's database. It must be safe for concurrent use.
type KeyStore interface {
	// Load returns what is stored of a terminal: the zero value when that is nothing.
	Load(ctx context.Context, terminalSN string) (TerminalKeys, error)
	// Save replaces the stored keys, whose revision must be the one before keys.Revision (0 where nothing is stored), and
	// returns once the new ones are durable. It reports false, and stores nothing, where another revision is stored.
	Save(ctx context.Context, terminalSN string, keys TerminalKeys) (bool, error)
}

// TerminalKeys is what is kept of a terminal.
type TerminalKeys struct {
	Revision  int64        // counts the changes
	Key       cnpay.Secret // the newest; empty stands for Config.TerminalKey
	Previous  cnpay.Secret // the one before it
	CheckedIn time.Time    // when Key came
	Until     time.Time    // a check-in is under way until then; when it is past, its answer was lost
	Lost      int          // check-ins in a row without an answer
}

// storedKeys is the form of a key file.
type storedKeys struct {
	Revision  int64     `json:"revision"`
	Key       string    `json:"key"`
	Previous  string    `json:"previous,omitempty"`
	CheckedIn time.Time `json:"checkedIn,omitzero"`
	Until     time.Time `json:"until,omitzero"`
	Lost      int       `json:"lost,omitempty"`
}

// FileKeys is a KeyStore of one file for each terminal, for the processes of one machine. Files are replaced whole, so a
// crash leaves the old or the new one.
type FileKeys struct{ dir string }

// NewFileKeys keeps keys in a directory, which must exist on a local disk and be readable by nobody else.
func NewFileKeys(dir string) (*FileKeys, error) {
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return nil, fmt.Errorf("upay: key store: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("upay: key store: %s is not a directory", dir)
	}
	return &FileKeys{dir}, nil
}

func (f *FileKeys) path(terminalSN string) (string, error) {
	if terminalSN == "" || strings.Trim(terminalSN, "0123456789") != "" {
		return "", errors.New("the terminal number must be digits")
	}
	return filepath.Join(f.dir, terminalSN+".json"), nil
}

// Load reads the terminal's file.
func (f *FileKeys) Load(_ context.Context, terminalSN string) (TerminalKeys, error) {
	path, err := f.path(terminalSN)
	if err != nil {
		return TerminalKeys{}, err
	}
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return TerminalKeys{}, nil
	case err != nil:
		return TerminalKeys{}, err
	}
	var s storedKeys
	if err := json.Unmarshal(text, &s); err != nil || s.Revision < 1 || s.Key == "" {
		return TerminalKeys{}, fmt.Errorf("%s is not a key file of this package, or is damaged", path)
	}
	return TerminalKeys{s.Revision, cnpay.Secret(s.Key), cnpay.Secret(s.Previous), s.CheckedIn, s.Until, s.Lost}, nil
}

// Save replaces the terminal's file, under a lock that ends with the process.
func (f *FileKeys) Save(ctx context.Context, terminalSN string, keys TerminalKeys) (bool, error) {
	path, err := f.path(terminalSN)
	if err != nil {
		return false, err
	}
	unlock, err := lockFile(ctx, path+".lock")
	if err != nil {
		return false, err
	}
	defer unlock()
	stored, err := f.Load(ctx, terminalSN)
	if err != nil || stored.Revision != keys.Revision-1 {
		return false, err
	}
	text, err := json.MarshalIndent(storedKeys{
		keys.Revision, keys.Key.Reveal(), keys.Previous.Reveal(), keys.CheckedIn, keys.Until, keys.Lost,
	}, "", "  ")
	if err != nil {
		return false, err
	}
	return true, replaceFile(path, append(text, '\n'))
}

// replaceFile writes a file whole, or not at all, and returns once it is on the disk.
func replaceFile(path string, text []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp") // readable by its owner alone
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return syncDir(filepath.Dir(path))
}

// lockFile waits for the lock.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	for {
		if unlock, err = tryLock(path); err == nil || !errors.Is(err, errLocked) {
			return unlock, err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

var errLocked = errors.New("locked by another process")
