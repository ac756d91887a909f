package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/examples/internal/jsonfile"
)

// kind is what a receipt is about.
type kind string

const (
	sale       kind = "sale"
	refund     kind = "refund"
	void       kind = "void" // of a sale
	hold       kind = "hold" // a pre-authorisation
	completion kind = "completion"
	release    kind = "release"  // the cancellation of a hold
	undo       kind = "reversal" // the cancellation of a completion
)

// receipt is one operation at the terminal, as the till keeps it. Its numbers are chosen here and stored, with the ticket
// that settles it, before anything is sent.
type receipt struct {
	No        int           `json:"no"`
	Kind      kind          `json:"kind"`
	Of        int           `json:"of,omitempty"` // the receipt that it acts upon
	Amount    int64         `json:"amount"`       // fen
	ID        string        `json:"id"`           // the command's
	OrderID   string        `json:"orderId"`
	At        time.Time     `json:"at"`
	Outcome   cnpay.Outcome `json:"outcome"`
	Code      string        `json:"code,omitempty"`
	Message   string        `json:"message,omitempty"`
	SendAgain bool          `json:"sendAgain,omitempty"` // the same may be sent again, which ends the doubt
	Ticket    cnpay.Ticket  `json:"ticket"`
}

// number is one of those that the terminal has given to the operation.
func (r *receipt) number(name string) string { return r.Ticket.Fields["result."+name] }

// book is the file of the till: all receipts, as one JSON object. A merchant with a database has a table instead.
type book struct {
	path   string
	stored []byte // what the file holds, as far as this program knows
}

type page struct {
	Receipts []*receipt `json:"receipts"`
}

// openBook reads the file. One that is not there is a new till's.
func openBook(path string) (*book, []*receipt, error) {
	b := &book{path: path}
	text, err := jsonfile.ReadFile("", path)
	if errors.Is(err, fs.ErrNotExist) {
		folder := filepath.Dir(path)
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			return nil, nil, fmt.Errorf("%s: there is no folder %s", path, folder)
		}
		return b, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	var p page
	if _, err = jsonfile.Parse(text); err == nil {
		err = json.Unmarshal(text, &p)
	}
	for i, r := range p.Receipts {
		if err == nil && (r == nil || r.No != i+1 || r.Of < 0 || r.Of > i || phrases()[r.Kind].name == "" || r.ID == "") {
			err = fmt.Errorf("receipt %d is not one that this program has written", i+1)
		}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	b.stored = text
	return b, p.Receipts, nil
}

// save replaces the file as a whole, so that whoever is killed meanwhile finds the one before. It returns when the disk
// has it.
func (b *book) save(receipts []*receipt) error {
	found, err := os.ReadFile(b.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if !bytes.Equal(found, b.stored) {
		return fmt.Errorf("%s was changed by another program; end this one and start it again", b.path)
	}
	text, err := json.MarshalIndent(page{receipts}, "", "\t")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	file, err := os.CreateTemp(filepath.Dir(b.path), filepath.Base(b.path)+".*")
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), b.path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return err
	}
	if folder, err := os.Open(filepath.Dir(b.path)); err == nil { // the new name too; not every system can
		_ = folder.Sync()
		_ = folder.Close()
	}
	b.stored = text
	return nil
}
