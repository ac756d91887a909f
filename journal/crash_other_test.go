//go:build !unix

package journal

import "os"

// Where processes cannot be frozen, the crash test only kills.
const canFreeze = false

var sigstop, sigcont = os.Kill, os.Kill
