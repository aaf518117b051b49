// Package peer asks the launchers of other ranks where they are.
package peer

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"

	"k8s.io/utils/clock"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

const (
	timeout   = 3 * time.Second
	maxAnswer = 64 << 10
	// firstWait and lastWait bound the time between two questions.
	firstWait = 20 * time.Millisecond
	lastWait  = 250 * time.Millisecond
)

// Client asks in the name of one rank of one job.
type Client struct {
	http    *http.Client
	jobUID  string
	rank    int32
	attempt func() int32
}

// New is a client that says which attempt it is in with every question.
func New(jobUID string, rank int32, attempt func() int32) *Client {
	transport := &http.Transport{
		// Nothing of the training's proxies, and no connection that is kept:
		// rank 0 would hold one for each of thousands.
		Proxy:             nil,
		DisableKeepAlives: true,
		DialContext:       (&net.Dialer{Timeout: timeout}).DialContext,
	}
	return &Client{
		http:   &http.Client{Transport: transport, CheckRedirect: stay},
		jobUID: jobUID, rank: rank, attempt: attempt,
	}
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Status asks a launcher, host:port, for its status. An answer from another job
// is an error: an old name led to somebody else.
func (c *Client) Status(ctx context.Context, address string) (launchspec.Status, error) {
	var s launchspec.Status
	if err := c.get(ctx, address, launchspec.PathStatus, &s); err != nil {
		return s, err
	}
	if s.JobUID != c.jobUID {
		return s, fmt.Errorf("%s belongs to another job", address)
	}
	return s, nil
}

// Key asks a launcher for its public key.
func (c *Client) Key(ctx context.Context, address string) (launchspec.Key, error) {
	var k launchspec.Key
	if err := c.get(ctx, address, launchspec.PathKey, &k); err != nil {
		return k, err
	}
	if k.JobUID != c.jobUID {
		return k, fmt.Errorf("%s belongs to another job", address)
	}
	return k, nil
}

func (c *Client) get(ctx context.Context, address, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", address, err)
	}
	req.Header.Set(launchspec.HeaderPeer, strconv.Itoa(int(c.rank)))
	req.Header.Set(launchspec.HeaderAttempt, strconv.Itoa(int(c.attempt())))
	req.Header.Set(launchspec.HeaderJobUID, c.jobUID)
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("ask %s: %w", address, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("ask %s: answered %s", address, res.Status)
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(into); err != nil {
		return fmt.Errorf("ask %s: not an answer of a launcher: %w", address, err)
	}
	return nil
}

// Until asks again and again, soon at first and then four times a second, until
// ready says yes. Each failure is reported.
func Until(ctx context.Context, c clock.Clock, report func(error), ready func(context.Context) error) error {
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("wait for peers: %w", ctx.Err())
		}
		report(err)
		// Ranks that started together must not ask together.
		jittered := wait/2 + rand.N(wait/2) // spreads load, guards nothing
		select {
		case <-c.After(jittered):
		case <-ctx.Done():
			return fmt.Errorf("wait for peers: %w", ctx.Err())
		}
	}
}
