package world

import "syscall"

// detached is a process group of its own, which a console's Ctrl-C does not reach.
func detached() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
