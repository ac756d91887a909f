//go:build unix

package journal

import "syscall"

const (
	canFreeze = true
	sigstop   = syscall.SIGSTOP
	sigcont   = syscall.SIGCONT
)
