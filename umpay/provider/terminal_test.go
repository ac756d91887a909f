package provider

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

// Evidence of package umpay, which this one does not import.
var _ interface {
	Find(context.Context, cnpay.Ticket) (cnpay.Verdict, error)
} = (*TerminalsService)(nil)

func TestFind(t *testing.T) {
	began := time.Date(2026, 9, 1, 9, 0, 0, 0, cnpay.Beijing())
	row := func(change map[string]string) map[string]string {
		fields := map[string]string{
			"tranType": "12", "respCode": "00", "tranRrn": "000000000001", "acqMerId": "41509208", "localSysDate": "20260901",
			"localSysTime": "090003", "hostLsNo": "0100151212", "tranAmt": "50000",
		}
		for name, value := range change {
			fields[name] = value
		}
		return fields
	}
	ticket := cnpay.Ticket{
		Provider: "umpay", Operation: "plugin_bank_revoke", Began: began, Fields: map[string]string{"result.paySeq": "000000000001"},
	}
	type rows []map[string]string
	for name, tt := range map[string]struct {
		ticket func(*cnpay.Ticket)
		rows   rows
		want   cnpay.Outcome
		asked  int
	}{
		"the void":                  {nil, rows{row(nil)}, cnpay.Succeeded, 1},
		"among others":              {nil, rows{row(map[string]string{"tranRrn": "2"}), row(nil)}, cnpay.Succeeded, 1},
		"none":                      {nil, nil, cnpay.Unknown, 1},
		"two":                       {nil, rows{row(nil), row(nil)}, cnpay.Unknown, 1},
		"the sale itself":           {nil, rows{row(map[string]string{"tranType": "1"})}, cnpay.Unknown, 1},
		"one that failed":           {nil, rows{row(map[string]string{"respCode": "51"})}, cnpay.Unknown, 1},
		"of the day before":         {nil, rows{row(map[string]string{"localSysDate": "20260831"})}, cnpay.Unknown, 1},
		"by a clock that is behind": {nil, rows{row(map[string]string{"localSysTime": "085500"})}, cnpay.Succeeded, 1},
		"a refund":                  {func(t *cnpay.Ticket) { t.Operation = "plugin_bank_refund" }, rows{row(map[string]string{"tranType": "833"})}, cnpay.Succeeded, 1},
		"a completion":              {func(t *cnpay.Ticket) { t.Operation = "plugin_preauth_done" }, rows{row(map[string]string{"tranType": "5"})}, cnpay.Succeeded, 1},
		"a pre-authorisation":       {func(t *cnpay.Ticket) { t.Operation = "plugin_card_pre_auth_rever" }, rows{row(nil)}, cnpay.Unknown, 0},
		"no reference":              {func(t *cnpay.Ticket) { t.Fields = nil }, rows{row(map[string]string{"tranRrn": ""})}, cnpay.Unknown, 0},
		"no beginning":              {func(t *cnpay.Ticket) { t.Began = time.Time{} }, rows{row(nil)}, cnpay.Unknown, 0},
	} {
		list, err := json.Marshal(append(rows{}, tt.rows...))
		require.NoError(t, err)
		c, p := dial(t, func(_ string, request object) string {
			require.Equal(t, "20260901085000", request.get("startTime"))
			return `{"respCode":"00","orderList":` + string(list) + `}`
		})
		asked := ticket
		if tt.ticket != nil {
			tt.ticket(&asked)
		}
		v, err := c.Terminals.Find(t.Context(), asked)
		require.NoError(t, err, name)
		require.Equal(t, tt.want, v.Outcome, name)
		require.Len(t, p.bodies, tt.asked, name)
	}

	c, _ := dialWith(t, Config{ListsByTLS: true}, always(`raw {"respCode":"00","orderList":[{"tranType":"12","respCode":"00","tranRrn":"000000000001","localSysDate":"20260901","localSysTime":"090003"}],"signature":"QUFB"}`))
	v, err := c.Terminals.Find(t.Context(), ticket)
	require.NoError(t, err)
	require.Equal(t, cnpay.Unknown, v.Outcome, "a list that is not verified decides nothing")
	c, _ = dial(t, always(`{"respCode":"31"}`))
	_, err = c.Terminals.Find(t.Context(), ticket)
	require.ErrorIs(t, err, cnpay.ErrRefused)
}
