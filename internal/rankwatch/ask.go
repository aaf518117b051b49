package rankwatch

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

const (
	askTimeout = 900 * time.Millisecond
	maxAnswer  = 64 << 10
)

// Asker asks one launcher for its status.
type Asker interface {
	Ask(ctx context.Context, address string) (launchspec.Status, error)
}

// HTTPAsker asks over HTTP, a connection a question: an idle connection to
// every pod would cost more memory than the handshake costs time.
type HTTPAsker struct{ client *http.Client }

// NewHTTPAsker returns an Asker that follows no redirect and uses no proxy.
func NewHTTPAsker() *HTTPAsker {
	dialer := &net.Dialer{Timeout: askTimeout, KeepAlive: -1}
	return &HTTPAsker{client: &http.Client{
		Timeout: askTimeout,
		Transport: &http.Transport{
			DialContext:       dialer.DialContext,
			DisableKeepAlives: true,
			ReadBufferSize:    2 << 10,
			WriteBufferSize:   1 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Ask implements Asker.
func (a *HTTPAsker) Ask(ctx context.Context, address string) (launchspec.Status, error) {
	var s launchspec.Status
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+launchspec.PathStatus, nil)
	if err != nil {
		return s, fmt.Errorf("asking the launcher at %q: %w", address, err)
	}
	req.Header.Set(launchspec.HeaderManager, "1")
	resp, err := a.client.Do(req)
	if err != nil {
		return s, fmt.Errorf("asking a launcher: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return s, fmt.Errorf("the launcher at %s answered %s", address, resp.Status)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&s); err != nil {
		return s, fmt.Errorf("reading the answer of the launcher at %s: %w", address, err)
	}
	return s, nil
}
