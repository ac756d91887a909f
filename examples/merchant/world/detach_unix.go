//go:build unix

package world

import "syscall"

// detached is a process group of its own, which a terminal's Ctrl-C and a kill of the merchant's job do not reach.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
