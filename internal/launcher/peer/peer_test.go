package peer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	testingclock "k8s.io/utils/clock/testing"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

func serve(t *testing.T, answer http.HandlerFunc) (*Client, string) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return New("uid", 3, func() int32 { return 2 }), strings.TrimPrefix(server.URL, "http://")
}

func TestStatus(t *testing.T) {
	var asked *http.Request
	c, address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r
		fmt.Fprint(w, `{"jobUID":"uid","attempt":2}`)
	})
	got, err := c.Status(context.Background(), address)
	if diff := cmp.Diff(launchspec.Status{JobUID: "uid", Attempt: 2}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	header := asked.Header
	if asked.URL.Path != launchspec.PathStatus || header.Get(launchspec.HeaderPeer) != "3" ||
		header.Get(launchspec.HeaderAttempt) != "2" || header.Get(launchspec.HeaderJobUID) != "uid" {
		t.Errorf("asked %s with %v", asked.URL, header)
	}
}

func TestKey(t *testing.T) {
	c, address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"jobUID":"uid","publicKey":%q}`, r.URL.Path)
	})
	if got, err := c.Key(context.Background(), address); err != nil || got.PublicKey != launchspec.PathKey {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	tests := map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"another job": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"jobUID":"other"}`) }, "belongs to another job"},
		"no JSON":     {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }, "not an answer of a launcher"},
		"an error":    {http.NotFound, "404"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://example.com/", http.StatusFound)
		}, "302"},
		"endless": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"set":"`+strings.Repeat("x", 2*maxAnswer)+`"}`)
		}, "not an answer of a launcher"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c, address := serve(t, tc.answer)
			_, statusErr := c.Status(context.Background(), address)
			_, keyErr := c.Key(context.Background(), address)
			for _, err := range []error{statusErr, keyErr} {
				if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), address) {
					t.Errorf("%v does not say %q and where", err, tc.want)
				}
			}
		})
	}
}

func TestUntil(t *testing.T) {
	c := testingclock.NewFakeClock(time.Unix(0, 0))
	var reports []string
	tries := 0
	done := make(chan error, 1)
	go func() {
		done <- Until(context.Background(), c, func(err error) { reports = append(reports, err.Error()) }, func(context.Context) error {
			if tries++; tries > 12 {
				return nil
			}
			return fmt.Errorf("try %d", tries)
		})
	}()
	for {
		select {
		case err := <-done:
			if err != nil || len(reports) != 12 || reports[11] != "try 12" {
				t.Errorf("%v, reports %v", err, reports)
			}
			if took := c.Since(time.Unix(0, 0)); took > 12*lastWait {
				t.Errorf("12 tries took %v", took)
			}
			return
		default:
			if c.HasWaiters() {
				c.Step(lastWait)
			}
		}
	}
}

func TestUntilGivesUp(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	c := testingclock.NewFakeClock(time.Unix(0, 0))
	err := Until(ctx, c, func(error) { cancel() }, func(context.Context) error { return errors.New("no") })
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	reported := false
	err = Until(ctx, c, func(error) { reported = true }, func(context.Context) error { return errors.New("no") })
	if !errors.Is(err, context.Canceled) || reported {
		t.Errorf("%v, reported %v", err, reported)
	}
}
