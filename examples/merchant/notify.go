package main

import (
	"context"
	"errors"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/journal"
	"github.com/cnpay-go/cnpay/umpay"
)

// notified is what the handler of each provider does with a message that is verifiably the provider's: the journal closes
// and books the order that it is about, once, however often and in whichever replica it comes. The provider gets its
// "success" when nil is returned; after an error it sends the message again.
func (s *service) notified(ctx context.Context, n cnpay.Notification) error {
	if bill, ok := n.(*chinaums.BillNotification); ok && bill.AuthIDRespCd != "" {
		if err := s.remember(ctx, n, bill.AuthIDRespCd); err != nil {
			return err
		}
	}
	err := s.journal.Notified(ctx, n)
	if errors.Is(err, journal.ErrNoEntry) {
		s.log.WarnContext(ctx, "a notification that fits no order", "ticket", n.CallTicket())
	}
	return err
}

// events stores what UMPay's terminal reports, and has told the journal of each end first: the terminal forgets what is stored.
type events struct {
	umpay.Store
	notified func(context.Context, cnpay.Notification) error
}

func (e events) Save(ctx context.Context, event umpay.Event) error {
	if event.Ended() && !event.CallTicket().NoMoney {
		err := e.notified(ctx, &event)
		if err != nil && !errors.Is(err, journal.ErrNoEntry) { // which is of what the terminal itself began
			return err
		}
	}
	return e.Store.Save(ctx, event)
}

// remember keeps what only a notification brings and a later step needs.
func (s *service) remember(ctx context.Context, n cnpay.Notification, ref string) error {
	e, err := s.journal.Entry(ctx, n.CallTicket())
	if err == nil {
		_, err = s.store.ExecContext(ctx, "UPDATE orders SET ref = $1 WHERE entry = $2", ref, e.ID)
	}
	return err
}
