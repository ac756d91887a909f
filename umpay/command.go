package umpay

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/transport"
)

// CommandsService queries commands at the bridge.
type CommandsService struct{ client *Client }

// NewCommandID makes a random id for one attempt. Store it before the attempt: it is all that settling needs.
func NewCommandID() string { return randomHex() }

// queryTimeout limits a query, which never waits for a person.
const queryTimeout = 15 * time.Second

// CommandRequest names a command.
type CommandRequest struct {
	// ID is the command's.
	ID string `json:"id" spec:"M S1..64"`
}

func (r *CommandRequest) conditions() []cnpay.Fault { return usableID(r.ID) }

// usableID refuses the two ids that no query could name: in a path they mean this directory and the one above.
func usableID(id string) []cnpay.Fault {
	if id == "." || id == ".." {
		return []cnpay.Fault{{Field: "id", Problem: "must not be . or .."}}
	}
	return nil
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

// CommandResponse is the answer to a query.
//
// Its own outcome, which [cnpay.OutcomeOf] returns, is the query's and never the operation's: Succeeded for a command
// that is finished or expired (also when the plugin refused), Pending for one that is running, Failed for one that is
// missing (also when it arrives later). The outcome of the operation is the Verdict of the Event.
type CommandResponse struct {
	cnpay.Answer
	// State is empty where the bridge did not say.
	State CommandState `json:"state"`
	// Event is the end of a finished command. In any other state only its ID is filled in.
	Event Event `json:"event"`
	// Since is the bridge's time from which it remembers every command that arrived. Of an earlier one, missing proves
	// nothing. It comes with CommandMissing, and is zero where the bridge did not say.
	Since time.Time `json:"since,omitzero"`
}

// Get queries a command (GET /v1/commands/{id}). It moves no money and may be repeated. The outcome of the call is
// the query's own; see [CommandResponse].
func (s *CommandsService) Get(ctx context.Context, req *CommandRequest, opts ...cnpay.Option) (*CommandResponse, error) {
	c := s.client
	var m CommandRequest
	if req != nil {
		m = *req
	}
	var res *CommandResponse
	err := c.exchange(ctx, opts, exchange{
		subject:    cnpay.Subject{Provider: "umpay", Operation: "command_get", Order: m.ID},
		method:     http.MethodGet,
		path:       commandsPath + "/" + url.PathEscape(m.ID),
		repeatable: true,
		timeout:    queryTimeout,
		prepare: func(_, _ time.Time) ([]byte, error) {
			if faults := append(c.fields.Check(&m), m.conditions()...); faults != nil {
				return nil, &cnpay.InvalidRequestError{Faults: faults}
			}
			return nil, nil
		},
		read: func(reply *transport.Reply) (cnpay.Verdict, error) {
			decoded := new(CommandResponse)
			verdict, err := c.read(reply, m.ID, &decoded.Answer, &decoded.Event)
			if err != nil {
				return cnpay.Verdict{}, err
			}
			switch reply.Status {
			case http.StatusOK:
				decoded.State, verdict.Outcome = CommandFinished, cnpay.Succeeded
			case http.StatusAccepted:
				decoded.State, verdict.Outcome = CommandRunning, cnpay.Pending
			case http.StatusGone:
				decoded.State, verdict.Outcome = CommandExpired, cnpay.Succeeded
			case http.StatusNotFound:
				decoded.State, verdict.Outcome = CommandMissing, cnpay.Failed
				decoded.Since = readSince(decoded.Raw)
			}
			decoded.Outcome = verdict.Outcome
			res = decoded
			return verdict, nil
		},
	})
	return res, err
}

// readSince is zero where the answer does not say, or not in the documented form.
func readSince(clean []byte) time.Time {
	var answer struct {
		Since string `json:"since"`
	}
	if json.Unmarshal(clean, &answer) != nil {
		return time.Time{}
	}
	since, _ := time.Parse(time.RFC3339, answer.Since)
	return since
}
