package umpaytest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/umpay"
)

// memory is what a terminal knows after a restart. It has card data in clear, as the plugin returns it, of [Account] alone.
type memory struct {
	Since     time.Time        `json:"since"`
	Last      int64            `json:"last"` // voucher
	Commands  []storedCommand  `json:"commands"`
	Movements []storedMovement `json:"movements"`
}

type storedCommand struct {
	ID      string        `json:"id"`
	Op      string        `json:"op"`
	Asked   object        `json:"asked"`
	Request object        `json:"request"`
	Events  []umpay.Event `json:"events"`
}

type storedMovement struct {
	testgateway.Movement
	Note note
}

// OpenServer starts a terminal whose memory is a file, for programs that are killed and started again: what it has
// carried out, and every command, outlive it, as they outlive a restart of a real one (BRIDGE.md). Its secret is a new one
// each time. Without the file it is a new terminal.
func OpenServer(file string) (*Server, error) {
	s := NewServer()
	s.file, s.since = file, s.now().AddDate(0, 0, -1)
	text, err := os.ReadFile(file)
	if err == nil {
		err = s.remember(text)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.Close()
		return nil, fmt.Errorf("umpaytest: %w", err)
	}
	return s, nil
}

func (s *Server) remember(text []byte) error {
	var m memory
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		return fmt.Errorf("%s: %w", s.file, err)
	}
	s.since, s.last = m.Since, m.Last
	for _, c := range m.Commands {
		s.commands[c.ID] = &command{c.Op, c.Asked, c.Request, c.Events}
	}
	for _, movement := range m.Movements {
		movement.Movement.Note = movement.Note
		s.ledger.Put(movement.Movement)
	}
	return nil
}

// save stores what a restart must not lose, where there is a file. It runs under the lock.
func (s *Server) save() error {
	if s.file == "" {
		return nil
	}
	m := memory{Since: s.since, Last: s.last}
	for id, c := range s.commands {
		m.Commands = append(m.Commands, storedCommand{id, c.op, c.asked, c.request, c.events})
	}
	for _, movement := range s.ledger.All() {
		m.Movements = append(m.Movements, storedMovement{movement, noteOf(movement)})
	}
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.file+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(s.file+".new", s.file)
}
