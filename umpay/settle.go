package umpay

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
)

// asking is a query of the plugin about an operation whose command has ended without a decision. It returns Unknown, and
// the cause if there is one, where it does not decide either.
type asking func(ctx context.Context, t cnpay.Ticket) (cnpay.Verdict, error)

// settleCommand settles what the plugin has no query for.
func settleCommand(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	return c.settle(t, opts, nil)
}

// settle queries the bridge for the command, and then those who may know more. A command that the bridge does not know
// never arrived once it no longer can: the bridge carries out nothing past the command's own limit, which is the ticket's,
// and its clock is right within the window. BRIDGE.md proves it.
func (c *Client) settle(t cnpay.Ticket, opts []cnpay.Option, further asking) cnpay.SettleRule {
	op, _ := call.Lookup(c.call.Settings, func(op Operation) bool { return op.ID == t.Operation }, operations, Request.operation)
	query := &CommandQueryRequest{ID: t.Order}
	return cnpay.SettleRule{
		Schedule: CommandSchedule(), Faults: c.faults(query),
		Absent: true, Margin: window, Harmless: true, PaidLater: op.PaidLater,
		Query: func(ctx context.Context) (cnpay.Finding, error) {
			res, err := c.Commands.Query(ctx, query, opts...)
			if err != nil && (res == nil || res.State == "") {
				return cnpay.Finding{}, err
			}
			f, err := c.found(op, t, res)
			if err != nil || f.Outcome.Final() || f.Absent || res.State == CommandRunning {
				return f, err
			}
			for name, value := range f.Fields {
				t = t.With(name, value)
			}
			return c.decide(ctx, t, f, further), nil
		},
	}
}

// found is what the bridge says of a command.
func (c *Client) found(op Operation, t cnpay.Ticket, res *CommandQueryResponse) (cnpay.Finding, error) {
	f := cnpay.Finding{Answer: res}
	switch res.State {
	case CommandFinished:
		fields := &c.call.Fields
		if res.Event.Op != op.Method {
			return f, fmt.Errorf("%w: op differs", cnpay.ErrMismatch)
		}
		if err := op.belongs(fields, func(name string) string { return t.Fields[name] }, &res.Event); err != nil {
			return f, err
		}
		f.Verdict, f.Fields = op.verdict(fields, &res.Event), res.Event.learned(fields)
	case CommandRunning:
		f.Outcome, f.Code = cnpay.Pending, "202"
	case CommandExpired:
		f.Outcome, f.Code, f.Message = cnpay.Failed, "410", readRefusal(res.Raw).String()
	case CommandMissing:
		f.Code, f.Message = "404", readRefusal(res.Raw).String()
		if f.Absent = remembers(res.Since, t.Began); !f.Absent {
			f.Cause = call.Contradiction("the bridge does not remember every command since this one was sent")
		}
	}
	return f, nil
}

// remembers reports whether a bridge that has forgotten what came before since, by its clock, would still know a command
// that was first sent at began, by ours.
func remembers(since, began time.Time) bool {
	return !since.IsZero() && since.Add(window).Before(began)
}

// decide asks those who know more than the bridge.
func (c *Client) decide(ctx context.Context, t cnpay.Ticket, f cnpay.Finding, further asking) cnpay.Finding {
	if further != nil {
		v, err := further(ctx, t)
		if v.Outcome != cnpay.Unknown {
			f.Verdict = v
		}
		if err != nil {
			f.Cause = call.Contradiction("%v", err)
		}
	}
	if c.evidence == nil || f.Outcome.Final() {
		return f
	}
	v, err := c.evidence.Find(ctx, t)
	switch {
	case err != nil:
		f.Cause = call.Contradiction("evidence: %v", err)
	case v.Outcome == cnpay.Succeeded:
		f.Verdict = v
	}
	return f
}

// stated is the verdict of a query's event, compared with the ticket of what it asked about.
func (c *Client) stated(e *Event, t cnpay.Ticket, amount string) (cnpay.Verdict, error) {
	op, _ := operationOf(e.Op)
	v := op.verdict(&c.call.Fields, e)
	done := new(result)
	if err := decodeMember(&c.call.Fields, "result", e.Result, done); err != nil {
		return cnpay.Verdict{}, err
	}
	switch ours := t.Fields["orderId"]; {
	case ours != "" && done.OrderID != "" && ours != done.OrderID:
		return cnpay.Verdict{}, fmt.Errorf("%w: orderId differs", cnpay.ErrMismatch)
	case v.Outcome == cnpay.Succeeded && done.Amount != nil && fmt.Sprint(*done.Amount) != amount:
		return cnpay.Verdict{}, fmt.Errorf("%w: amount differs", cnpay.ErrMismatch)
	}
	return v, nil
}

// monthDay is a date as the plugin's queries want it, MMdd: of the first of the texts that has one (yyyyMMdd or MMdd),
// else of the day on which the call began.
func monthDay(began time.Time, texts ...string) string {
	if date := cmp.Or(texts...); len(date) >= 4 {
		return date[len(date)-4:]
	}
	if began.IsZero() {
		return ""
	}
	return began.In(cnpay.Beijing()).Format("0102")
}
