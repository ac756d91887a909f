//go:build unix

package main

import (
	"net/http"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/journal"
)

// A shell's kill -9 %1 reaches the whole job. The gateways, which the merchant began, are none of it: the next life finds
// what they know.
func TestKilledJob(t *testing.T) {
	t.Parallel()
	w, db := gatewaysOf(t), file(t)
	job := program("-addr", "127.0.0.1:0", "-db", db, "-gateways", w.Addr, "-day", "0")
	job.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	first := start(t, job)
	first.serves()
	asked := request{Provider: "upay", Operation: "pay", Amount: 900, Code: "281234567890123456"}
	status, _ := first.put("JOB00001", asked)
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, syscall.Kill(-first.cmd.Process.Pid, syscall.SIGKILL))
	<-first.done

	second := live(t, w, db)
	require.Equal(t, journal.Succeeded, second.settled("JOB00001").State)
	require.Equal(t, 1, w.received(t, "upay", "pay"), "these are other gateways")
	status, _ = second.put("JOB00002", asked)
	require.Equal(t, http.StatusOK, status)
}
