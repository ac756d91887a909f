package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/examples/internal/money"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
)

// session is a person at the till.
type session struct {
	*till
	report   *reporter
	terminal *umpaytest.Server // in this process; nil with a configuration
	prompt   string
	wrong    bool // a line that is no command, of a program or a file that types
}

const help = `sell AMOUNT          take AMOUNT from the customer's card, in yuan: sell 12.50
hold AMOUNT          pre-authorise: hold AMOUNT on the card
complete N [AMOUNT]  take AMOUNT of the hold with receipt N, or all of it
cancel N             take back receipt N: void a sale, release a hold, undo a completion
refund N [AMOUNT]    give back AMOUNT of receipt N, or what is left of it
settle [N]           ask again about receipt N, or about all that are open
again N              send receipt N once more, where that is harmless
list                 all receipts
print N              the slip of receipt N
`

const helpHere = "scenario [NAME]      how the terminal in this process takes what follows: "

// verb is what a line can begin with.
type verb struct {
	arguments string // n for a receipt, a for an amount, w for a word; those behind the bar may be left out
	example   string
}

func verbs() map[string]verb {
	return map[string]verb{
		"sell": {"a", "sell 12.50"}, "hold": {"a", "hold 100"}, "complete": {"n|a", "complete 1 80"}, "cancel": {"n", "cancel 1"},
		"refund": {"n|a", "refund 1 2.50"}, "settle": {"|n", "settle 1"}, "again": {"n", "again 1"}, "list": {"", "list"},
		"print": {"n", "print 1"}, "scenario": {"|w", "scenario lost-answer"}, "help": {"", "help"}, "quit": {"", "quit"}, "exit": {"", "exit"},
	}
}

// typed is a line that was understood.
type typed struct {
	verb   string
	no     int
	amount int64
	word   string
}

const most = 1<<31 - 1 // fen: the plugin has a 32-bit number

func parseLine(text string) (typed, error) {
	if !utf8.ValidString(text) {
		return typed{}, errors.New("that is not text")
	}
	words := strings.Fields(text)
	if len(words) == 0 {
		return typed{}, nil
	}
	c := typed{verb: strings.ToLower(words[0])}
	v, ok := verbs()[c.verb]
	if !ok {
		return typed{}, fmt.Errorf("%s is not something the till can do; type help", shown(words[0]))
	}
	needed, more, _ := strings.Cut(v.arguments, "|")
	words = words[1:]
	switch {
	case len(words) < len(needed):
		return typed{}, fmt.Errorf("%s needs %s, such as: %s", c.verb, map[byte]string{'a': "an amount", 'n': "the number of a receipt"}[needed[len(words)]], v.example)
	case len(words) > len(needed+more):
		return typed{}, fmt.Errorf("%s is too much; type for instance: %s", shown(words[len(needed+more)]), v.example)
	}
	for i, word := range words {
		var err error
		switch (needed + more)[i] {
		case 'a':
			c.amount, err = money.Parse(word, most)
			if err != nil {
				err = fmt.Errorf("%s is not an amount in yuan from 0.01 to %s, such as 12.50", shown(word), money.Decimal(most))
			}
		case 'n':
			if c.no, err = strconv.Atoi(word); err != nil || c.no < 1 {
				err = fmt.Errorf("%s is not the number of a receipt, such as 1", shown(word))
			}
		default:
			c.word = word
		}
		if err != nil {
			return typed{}, err
		}
	}
	return c, nil
}

// shown is what somebody typed, without what a terminal program would carry out.
func shown(word string) string {
	if r := []rune(word); len(r) > 30 {
		word = string(r[:30]) + "..."
	}
	return strconv.Quote(word)
}

var errQuit = errors.New("quit")

// do carries out a line. Its error is the output's, or errQuit.
func (s *session) do(ctx context.Context, text string) error {
	c, err := parseLine(text)
	if err != nil {
		return s.say(err)
	}
	switch c.verb {
	case "":
		return nil
	case "quit", "exit":
		return errQuit
	case "help":
		text := help
		if s.terminal != nil {
			text += helpHere + strings.Join(scenarios(), ", ") + "\n"
		}
		return s.report.print(text + "quit                 end; Ctrl-D and Ctrl-C do, too\n")
	case "list":
		return s.list()
	case "scenario":
		return s.scenario(c.word)
	case "settle":
		return s.settleOpen(ctx, c.no)
	case "print", "again":
		r, err := s.find(c.no)
		switch {
		case err != nil:
			return s.say(err)
		case c.verb == "print":
			return s.report.print(slip(s.till, r))
		case !r.SendAgain && r.Outcome != cnpay.NotSent:
			return s.say(fmt.Errorf("receipt %d is not one to be sent again: %s", r.No, happened(result{receipt: r})))
		}
		return s.report.row(s.till, s.carryOut(ctx, r))
	}
	k := map[string]kind{"sell": sale, "hold": hold, "complete": completion, "refund": refund}[c.verb]
	if c.verb == "cancel" {
		if r, err := s.find(c.no); err != nil {
			return s.say(err)
		} else if k = map[kind]kind{sale: void, hold: release, completion: undo}[r.Kind]; k == "" {
			return s.say(fmt.Errorf("receipt %d is a %s, and a %s cannot be cancelled", r.No, r.Kind, r.Kind))
		}
	}
	r, err := s.begin(k, c.no, c.amount)
	if err != nil {
		return s.say(err)
	}
	return s.report.row(s.till, s.carryOut(ctx, r))
}

// say says what is wrong with a line.
func (s *session) say(err error) error {
	s.wrong = s.wrong || s.prompt == ""
	return s.report.print("?  " + err.Error() + "\n")
}

func (s *session) list() error {
	if len(s.receipts) == 0 {
		return s.report.print("no receipts yet; type for instance: sell 12.50\n")
	}
	s.report.headed = false
	text := s.report.head()
	for _, r := range s.receipts {
		text += line(s.till, result{receipt: r})
	}
	return s.report.print(text)
}

func (s *session) scenario(name string) error {
	switch {
	case s.terminal == nil:
		return s.say(errors.New("scenario is for the terminal in this process; with -config there is none"))
	case name == "":
		return s.report.print("scenarios: " + strings.Join(scenarios(), ", ") + "\n")
	case !slices.Contains(scenarios(), name):
		return s.say(fmt.Errorf("no scenario %s; there are %s", shown(name), strings.Join(scenarios(), ", ")))
	}
	misbehave(s.terminal, cnpaytest.Fault(name))
	return s.report.print("the terminal now plays " + name + "\n")
}

// settleOpen asks about a receipt, or with 0 about all that are open.
func (s *session) settleOpen(ctx context.Context, no int) error {
	open := s.open()
	if no != 0 {
		r, err := s.find(no)
		if err != nil {
			return s.say(err)
		}
		if r.Outcome.Final() {
			return s.report.print(fmt.Sprintf("receipt %d is not open: %s\n", no, happened(result{receipt: r})))
		}
		open = []*receipt{r}
	} else if len(open) == 0 {
		return s.report.print("nothing is open\n")
	}
	for _, r := range open {
		ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, fmt.Errorf("-timeout %s is over", s.timeout))
		end := s.settle(ctx, r)
		cancel()
		if err := s.report.row(s.till, end); err != nil {
			return err
		}
	}
	return nil
}

// typedLine is a line, or the end of the input.
type typedLine struct {
	text string
	err  error
}

// lines reads what is typed, so that Ctrl-C need not wait for the next line.
func lines(r io.Reader) <-chan typedLine {
	found := make(chan typedLine)
	go func() {
		reader := bufio.NewReaderSize(r, 1024)
		for {
			text, long, err := reader.ReadLine()
			line := typedLine{string(text), err}
			for long && err == nil {
				line.text = "\xff" // is not text
				_, long, err = reader.ReadLine()
			}
			found <- line
			if line.err != nil {
				return
			}
		}
	}()
	return found
}

// run goes on until the input ends, somebody quits or interrupts, or the output cannot be written.
func (s *session) run(ctx context.Context, stdin io.Reader) error {
	if len(s.open()) > 0 {
		if err := s.report.print("open since the last time:\n"); err != nil {
			return err
		}
		if err := s.settleOpen(ctx, 0); err != nil {
			return err
		}
	}
	input := lines(stdin)
	for {
		if err := s.report.print(s.prompt); err != nil {
			return err
		}
		var line typedLine
		select {
		case <-ctx.Done():
			return s.newline()
		case line = <-input:
		}
		if errors.Is(line.err, io.EOF) {
			return s.newline()
		}
		if line.err != nil {
			return fmt.Errorf("standard input: %w", line.err)
		}
		err := s.do(ctx, line.text)
		switch {
		case errors.Is(err, errQuit):
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return nil
		}
	}
}

// newline ends the line of a prompt.
func (s *session) newline() error {
	if s.prompt == "" {
		return nil
	}
	return s.report.print("\n")
}
