// Package stores keeps in the journal's database what other packages want to be kept: a Upay terminal's keys, and the
// events that UMPay's terminals report. The tables are made by the journal's Migrate; any number of replicas may share
// them.
package stores

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/upay"
)

// UpayKeys is a [upay.KeyStore]. A terminal's key signs payments, so the table holds it sealed (AES-256-GCM), with a key
// that the merchant keeps elsewhere: who reads the database, or a copy of it, learns no terminal's key, and a row that was
// put in the place of another, or of an older one, is refused.
type UpayKeys struct {
	db      *sql.DB
	ciphers []cipher.AEAD
}

// NewUpayKeys takes the key that seals, of 32 random bytes, and those of before, which only open what they have sealed.
// Whoever loses the key loses the terminals' keys: they are then to be activated again.
func NewUpayKeys(db *sql.DB, key []byte, before ...[]byte) (*UpayKeys, error) {
	if db == nil {
		return nil, errors.New("stores: no database")
	}
	s := &UpayKeys{db: db}
	for _, k := range append([][]byte{key}, before...) {
		if len(k) != 32 {
			return nil, fmt.Errorf("stores: a key has 32 bytes, and not %d", len(k))
		}
		block, err := aes.NewCipher(k)
		if err != nil {
			return nil, fmt.Errorf("stores: %w", err)
		}
		gcm, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("stores: %w", err)
		}
		s.ciphers = append(s.ciphers, gcm)
	}
	return s, nil
}

// sealed is what is kept of a terminal, before it is sealed.
type sealed struct {
	Key       string    `json:"key"`
	Previous  string    `json:"previous,omitempty"`
	CheckedIn time.Time `json:"checkedIn,omitzero"`
	Until     time.Time `json:"until,omitzero"`
	Lost      int       `json:"lost,omitempty"`
}

// binding ties a sealed row to its place.
func binding(terminalSN string, revision int64) []byte {
	return fmt.Appendf(nil, "cnpay_upay_keys %d %s", revision, terminalSN)
}

// Load returns what is stored of a terminal.
func (s *UpayKeys) Load(ctx context.Context, terminalSN string) (upay.TerminalKeys, error) {
	var keys upay.TerminalKeys
	var box []byte
	err := s.db.QueryRowContext(ctx, "SELECT revision, sealed FROM cnpay_upay_keys WHERE terminal = $1", terminalSN).Scan(&keys.Revision, &box)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return upay.TerminalKeys{}, nil
	case err != nil:
		return upay.TerminalKeys{}, fmt.Errorf("stores: %w", err)
	}
	for _, c := range s.ciphers {
		text, err := c.Open(nil, nil, box, binding(terminalSN, keys.Revision))
		if err != nil {
			continue
		}
		var open sealed
		if err := json.Unmarshal(text, &open); err != nil {
			return upay.TerminalKeys{}, fmt.Errorf("stores: keys of terminal %s: %w", terminalSN, err)
		}
		keys.Key, keys.Previous = cnpay.Secret(open.Key), cnpay.Secret(open.Previous)
		keys.CheckedIn, keys.Until, keys.Lost = open.CheckedIn, open.Until, open.Lost
		return keys, nil
	}
	return upay.TerminalKeys{}, fmt.Errorf("stores: keys of terminal %s: sealed with another key, or damaged", terminalSN)
}

// Save replaces what is stored of a terminal, if that is the revision before, and reports whether it did.
func (s *UpayKeys) Save(ctx context.Context, terminalSN string, keys upay.TerminalKeys) (bool, error) {
	text, err := json.Marshal(sealed{keys.Key.Reveal(), keys.Previous.Reveal(), keys.CheckedIn, keys.Until, keys.Lost})
	if err != nil {
		return false, fmt.Errorf("stores: %w", err)
	}
	box := s.ciphers[0].Seal(nil, nil, text, binding(terminalSN, keys.Revision))
	if keys.Revision == 1 {
		return changed(s.db.ExecContext(ctx, `INSERT INTO cnpay_upay_keys (terminal, revision, sealed) VALUES ($1, 1, $2)
			ON CONFLICT (terminal) DO NOTHING`, terminalSN, box))
	}
	return changed(s.db.ExecContext(ctx, "UPDATE cnpay_upay_keys SET revision = $1, sealed = $2 WHERE terminal = $3 AND revision = $1 - 1",
		keys.Revision, box, terminalSN))
}

func changed(res sql.Result, err error) (bool, error) {
	if err != nil {
		return false, fmt.Errorf("stores: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("stores: %w", err)
	}
	return n > 0, nil
}

// UmpayEvents is a [umpay.Store].
type UmpayEvents struct{ db *sql.DB }

// NewUmpayEvents keeps events in db.
func NewUmpayEvents(db *sql.DB) *UmpayEvents { return &UmpayEvents{db} }

// Save stores an event for good. One that is stored already stays as it is: where it is another event, which only a second
// replica can have stored at the same moment, the error makes the terminal report again, and it is then refused.
func (s *UmpayEvents) Save(ctx context.Context, event umpay.Event) error {
	text, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("stores: %w", err)
	}
	inserted, err := changed(s.db.ExecContext(ctx, `INSERT INTO cnpay_umpay_events (pos_sn, id, seq, event) VALUES ($1, $2, $3, $4)
		ON CONFLICT (pos_sn, id, seq) DO NOTHING`, event.POSSN, event.ID, event.Seq, string(text)))
	if err != nil || inserted {
		return err
	}
	var stored string
	err = s.db.QueryRowContext(ctx, "SELECT event FROM cnpay_umpay_events WHERE pos_sn = $1 AND id = $2 AND seq = $3",
		event.POSSN, event.ID, event.Seq).Scan(&stored)
	switch {
	case err != nil:
		return fmt.Errorf("stores: %w", err)
	case stored != string(text):
		return errors.New("stores: another event is stored under this number")
	}
	return nil
}

// Events returns all stored events of one operation, in order of Seq.
func (s *UmpayEvents) Events(ctx context.Context, posSN, id string) ([]umpay.Event, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT event FROM cnpay_umpay_events WHERE pos_sn = $1 AND id = $2 ORDER BY seq", posSN, id)
	if err != nil {
		return nil, fmt.Errorf("stores: %w", err)
	}
	defer rows.Close()
	var events []umpay.Event
	for rows.Next() {
		var text string
		var event umpay.Event
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("stores: %w", err)
		}
		if err := json.Unmarshal([]byte(text), &event); err != nil {
			return nil, fmt.Errorf("stores: %w", err)
		}
		events = append(events, event)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("stores: %w", err)
	}
	return events, nil
}

var (
	_ upay.KeyStore = (*UpayKeys)(nil)
	_ umpay.Store   = (*UmpayEvents)(nil)
)
