package unionpay

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/cnpay-go/cnpay"
)

// asked are the fields of a request that every ticket keeps: whose transaction it is, of which amount, and what the
// query needs to find it and to read its answer. None is card data.
func asked() []string {
	return []string{
		"merId", "accessType", "acqInsCode", "accInsCode", "orderId", "txnTime", "txnType",
		"txnAmt", "currencyCode", "origQryId", "payTimeout", "reqReserved",
	}
}

// queryReach is for how long after an operation a query's "not found" can prove anything. No document says how long a
// query finds a transaction; refunds find one for at least 30 days.
const queryReach = 30 * 24 * time.Hour

// SettleByQuery is the rule of operations that a back-end sends: it queries on [BackSchedule]. Code 34 (查无此交易) proves
// that the request never arrived once the call can no longer be on its way. Until then a repeat of the same request is
// harmless and ends the doubt.
func SettleByQuery(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := c.byQuery(t, opts)
	rule.Schedule, rule.Harmless = BackSchedule(), true
	rule.Absent, rule.Reach = true, queryReach
	return rule
}

// settlePayout is the same for payouts, of which 34 proves nothing: the documents wait for the reconciliation file.
func settlePayout(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := c.byQuery(t, opts)
	rule.Schedule, rule.Harmless = PayoutSchedule(), true
	return rule
}

// SettlePaidByPayer is the rule of orders that the payer carries out: it queries on [PayerSchedule]. The payer may try
// again until payTimeout, and what they did before it may still be on its way for a while, so a failed attempt and
// code 34 are Failed only when the query left after payTimeout and the margin ([cnpay.WithMargin]), and code 34 only as
// long as the query is sure to see the order. Without payTimeout they are never Failed.
func SettlePaidByPayer(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := c.byQuery(t, opts)
	rule.Schedule, rule.PaidLater = PayerSchedule(), true
	settings := c.call.Settings.With(opts...)
	end := payEnd(t.Fields["payTimeout"])
	forgotten := payEnd(t.Fields["txnTime"]).Add(queryReach)
	query := rule.Query
	rule.Query = func(ctx context.Context) (cnpay.Finding, error) {
		now := settings.Now()
		over := !end.IsZero() && now.After(end.Add(cmp.Or(settings.Margin, cnpay.DefaultMargin)))
		f, err := query(ctx)
		switch {
		case err != nil:
		case over && f.Absent && now.Before(forgotten): // of an order, not of a request that may still be on its way
			f.Absent, f.Outcome = false, cnpay.Failed
		case !over && f.Outcome == cnpay.Failed:
			f.Outcome, f.Cause = cnpay.Unknown, fmt.Errorf("%w: the payer may try again", cnpay.ErrUndecided)
		}
		return f, err
	}
	return rule
}

// payEnd is the moment of a payTimeout, or of another time of that form; zero without one.
func payEnd(payTimeout string) time.Time {
	end, err := time.ParseInLocation("20060102150405", payTimeout, cnpay.Beijing())
	if err != nil {
		return time.Time{}
	}
	return end
}

// byQuery is what the rules have in common: one query for the transaction of a ticket.
func (c *Client) byQuery(t cnpay.Ticket, opts []cnpay.Option) cnpay.SettleRule {
	field := t.Fields
	query := &OrderQueryRequest{
		Sender:  Sender{AccessType: field["accessType"], MerID: field["merId"]},
		OrderID: field["orderId"], TxnTime: field["txnTime"], ReqReserved: field["reqReserved"],
		AcqInsCode: field["acqInsCode"], AccInsCode: field["accInsCode"],
	}
	return cnpay.SettleRule{
		Faults: c.faults(query),
		Query: func(ctx context.Context) (cnpay.Finding, error) {
			res, err := c.Orders.Query(ctx, query, opts...)
			if res != nil && res.RespCode == CodeNotFound {
				return cnpay.Finding{Verdict: cnpay.Verdict{Code: res.RespCode, Message: res.RespMsg}, Answer: res, Absent: true}, nil
			}
			if err == nil {
				err = c.isAbout(t, res)
			}
			if err != nil {
				return cnpay.Finding{}, err
			}
			f := cnpay.Finding{Verdict: res.verdict(field["txnType"]), Answer: res}
			if f.Outcome == cnpay.Succeeded { // before that it may be the number of a try that failed
				f.Fields = c.call.Asked(res, "queryId")
			}
			return f, nil
		},
	}
}

// isAbout refuses the answer about a transaction that is not the ticket's, though it has the same name.
func (c *Client) isAbout(t cnpay.Ticket, res *OrderQueryResponse) error {
	for _, name := range [...]string{"txnType", "txnAmt", "currencyCode", "origQryId"} {
		asked, answered := t.Fields[name], c.call.Fields.Text(res, name)
		if asked != "" && answered != "" && asked != answered && !(name == "txnType" && answered == "00") {
			return fmt.Errorf("%w: %s differs", cnpay.ErrMismatch, name)
		}
	}
	return nil
}
