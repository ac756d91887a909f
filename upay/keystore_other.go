//go:build !darwin && !dragonfly && !freebsd && !linux && !netbsd && !openbsd && !windows

package upay

import "errors"

func tryLock(string) (func(), error) {
	return nil, errors.New("this system has no file locks; use another KeyStore")
}

func syncDir(string) error { return nil }
