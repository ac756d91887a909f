package umpay

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/cnpay-go/cnpay"
)

// CommandsService queries commands at the bridge.
type CommandsService struct{ client *Client }

// NewCommandID makes a random id for one command. Store it before the call: it is all that settling needs.
func NewCommandID() string { return randomHex() }

// CommandQueryRequest names a command.
type CommandQueryRequest struct {
	// ID is the command's.
	ID string `json:"id" spec:"M S1..64"`
}

func (*CommandQueryRequest) operation() Operation {
	return Operation{ID: OpCommandQuery, Query: true, Timeout: bridgeTimeout}
}

// CommandState is what the bridge knows of a command.
type CommandState string

const (
	// CommandFinished: the plugin has called back, and the answer holds the event.
	CommandFinished CommandState = "finished"
	// CommandRunning: the plugin has not called back yet.
	CommandRunning CommandState = "running"
	// CommandExpired: the command arrived too late. It was not run, and no command with this ID ever will be.
	CommandExpired CommandState = "expired"
	// CommandMissing: no command with this ID has arrived so far. It may still be on its way; BRIDGE.md has the rule
	// by which it no longer can be.
	CommandMissing CommandState = "missing"
)

// CommandQueryResponse is the answer to a query. The outcome of the operation is the Verdict of the Event.
type CommandQueryResponse struct {
	Response
	// State is empty where the bridge did not say.
	State CommandState `json:"state"`
	// Since is the bridge's time from which it remembers every command that arrived. Of an earlier one, missing proves
	// nothing. It comes with CommandMissing, and is zero where the bridge did not say.
	Since time.Time `json:"since,omitzero"`
}

// read takes the state of the command from the status.
func (r *CommandQueryResponse) read(httpStatus int) {
	switch httpStatus {
	case http.StatusOK:
		r.State = CommandFinished
	case http.StatusAccepted:
		r.State = CommandRunning
	case http.StatusGone:
		r.State = CommandExpired
	case http.StatusNotFound:
		r.State = CommandMissing
		r.Since, _ = time.Parse(time.RFC3339, readRefusal(r.Raw).Since) // zero where the answer does not say
	}
}

// judge says whether the query was answered. It was not where the bridge does not know the command.
func (r *CommandQueryResponse) judge(httpStatus int) cnpay.Verdict {
	v := cnpay.Verdict{Code: strconv.Itoa(httpStatus), Message: readRefusal(r.Raw).String()}
	switch r.State {
	case CommandFinished, CommandRunning, CommandExpired:
		v.Outcome = cnpay.Succeeded
	case CommandMissing:
		v.Outcome = cnpay.Failed
	}
	return v
}

// Query queries a command (GET /v1/commands/{id}). It moves no money and may be repeated.
//   - Answered: the State is known: finished, also when the plugin refused; running; or expired. What it says of the
//     operation is the Verdict of the Event.
//   - Unknown: the bridge does not know the command now (State is CommandMissing), or nothing was heard. A command that is
//     still on its way may change that: it is no proof that it failed.
//
//cnpay:op command_query
func (s *CommandsService) Query(ctx context.Context, req *CommandQueryRequest, opts ...cnpay.Option) (*CommandQueryResponse, error) {
	return do[CommandQueryResponse](ctx, s.client, req, opts)
}
