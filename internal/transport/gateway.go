package transport

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Gateway checks a configured gateway address, scheme and host, and returns it without a slash at its end.
func Gateway(address string, plainHTTP bool) (string, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return "", errors.New("gateway: not a URL")
	case u.Host == "" || u.Hostname() == "":
		return "", fmt.Errorf("gateway: %q has no host; want https://host", u.Redacted())
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return "", fmt.Errorf("gateway: want scheme and host only, got %q", u.Redacted())
	case u.Scheme == "https", u.Scheme == "http" && (plainHTTP || loopback(u.Hostname())):
		return u.Scheme + "://" + u.Host, nil
	case u.Scheme == "http":
		return "", fmt.Errorf("gateway: plain http to %s, which is not this machine; use https, or cnpay.WithPlainHTTP for a private line", u.Host)
	}
	return "", fmt.Errorf("gateway: scheme %q; want https", u.Scheme)
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// ConfigError is the error of a constructor, with every fault of its configuration on one line.
func ConfigError(provider string, faults error) error {
	return fmt.Errorf("%s: config: %s", provider, strings.ReplaceAll(faults.Error(), "\n", "; "))
}
