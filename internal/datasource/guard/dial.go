package guard

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// DialContext connects to an address that may be dialled. It is what every client of
// a source is given.
func (g *Guard) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if host, _, err := net.SplitHostPort(address); err == nil && g.names[canonical(host)] {
		return nil, &DeniedError{Address: host, Why: "it is the API server"}
	}
	const connect, alive = 10 * time.Second, 30 * time.Second
	dialer := net.Dialer{Timeout: connect, KeepAlive: alive, ControlContext: g.control}
	return dialer.DialContext(ctx, network, address) //nolint:wrapcheck // clients look for net.OpError
}

// Transport is an HTTP transport that dials by the guard. It takes no proxy from the
// environment: what a proxy dials, the guard does not see.
func (g *Guard) Transport() *http.Transport {
	return &http.Transport{
		DialContext:            g.DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        30 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  time.Minute,
		MaxResponseHeaderBytes: 1 << 20,
	}
}

// Client is an HTTP client over the transport, which follows a few redirects, and
// none from https to http.
func (g *Guard) Client() *http.Client {
	return &http.Client{Transport: g.Transport(), CheckRedirect: redirect}
}

func redirect(next *http.Request, before []*http.Request) error {
	const most = 5
	if len(before) >= most {
		return fmt.Errorf("more than %d redirects: name the address that they lead to", most)
	}
	if before[0].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return errors.New("a redirect leads from https to http: name the address that it leads to, if it is meant")
	}
	return nil
}

// TLS is DialContext with TLS on top, for clients that are not of HTTP.
func (g *Guard) TLS(config *tls.Config) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		plain, err := g.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			host = address
		}
		named := config.Clone()
		named.ServerName = host
		secure := tls.Client(plain, named)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = plain.Close()
			return nil, fmt.Errorf("agree on TLS with %s: %w", address, err)
		}
		return secure, nil
	}
}
