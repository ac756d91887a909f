package umpay

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/transport"
)

// CommandsService asks the bridge what became of commands.
type CommandsService struct{ client *Client }

// NewCommandID makes an id for one attempt, random and unlike any other. Store it before the attempt: with it alone
// the attempt can be settled.
func NewCommandID() string { return randomHex() }

// queryTimeout limits a query: it waits for nobody.
const queryTimeout = 15 * time.Second

// CommandRequest names a command.
type CommandRequest struct {
	// ID is the command's.
	ID string `json:"id" spec:"M S1..64"`
}

func (r *CommandRequest) conditions() []cnpay.Fault { return usableID(r.ID) }

// usableID refuses the two ids that no query could name, because every server takes them for a way up.
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
	// CommandMissing: no command with this id ever arrived.
	CommandMissing CommandState = "missing"
)

// CommandResponse is the answer to a query. Its own outcome says whether the query was answered: Succeeded for a
// finished command, Pending for a running one, Failed for one that never arrived. What became of the money is what
// the event's Verdict says.
type CommandResponse struct {
	cnpay.Answer
	// State is empty where the bridge would not say.
	State CommandState `json:"state"`
	// Event is the end of the command. Where there is none yet, its ID alone is filled in.
	Event Event `json:"event"`
}

// Get asks what became of a command (GET /v1/commands/{id}). It moves no money and may be repeated.
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
		prepare: func(time.Time) ([]byte, error) {
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
			case http.StatusNotFound:
				decoded.State, verdict.Outcome = CommandMissing, cnpay.Failed
			}
			decoded.Outcome = verdict.Outcome
			res = decoded
			return verdict, nil
		},
	})
	return res, err
}
