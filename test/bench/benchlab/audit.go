package benchlab

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// AuditFlag makes the lab keep the log that Writes reads.
const AuditFlag = "--audit-writes"

// Writes counts requests that were to change something, by verb and resource,
// as in "create pods" or "patch trainingjobs/status". Dry runs have words of
// their own: "dry-run create pods".
type Writes map[string]int

// Total is the number of all of them.
func (w Writes) Total() int {
	n := 0
	for _, count := range w {
		n += count
	}
	return n
}

// request is what is read of an entry of the audit log.
type request struct {
	Verb       string
	RequestURI string
	User       struct{ Username string }
	ObjectRef  struct{ Resource, Subresource string }
	At         time.Time `json:"requestReceivedTimestamp"`
}

// Writes counts what a user sent to the API server in a span of time.
func (l *Lab) Writes(ctx context.Context, user string, from, to time.Time) (Writes, error) {
	log, err := l.Lab(ctx, "logs", "kube-apiserver-audit")
	if err != nil {
		return nil, err
	}
	writes := Writes{}
	for line := range strings.Lines(log) {
		if !strings.Contains(line, `"`+user+`"`) {
			continue
		}
		var r request
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			return nil, fmt.Errorf("reading the audit log: %w", err)
		}
		if r.User.Username == user && !r.At.Before(from) && r.At.Before(to) {
			writes[r.words()]++
		}
	}
	return writes, nil
}

func (r *request) words() string {
	words := r.Verb + " " + r.ObjectRef.Resource
	if r.ObjectRef.Subresource != "" {
		words += "/" + r.ObjectRef.Subresource
	}
	if strings.Contains(r.RequestURI, "dryRun=All") {
		words = "dry-run " + words
	}
	return words
}
