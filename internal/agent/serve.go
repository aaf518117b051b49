package agent

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strings"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// Authorizer says whether a token may read a path.
type Authorizer interface {
	Reviews(ctx context.Context, token, path string) (allowed bool, err error)
}

// The life of an answer about a token, and how many are kept.
const (
	allowedFor  = time.Minute
	refusedFor  = 10 * time.Second
	maxVerdicts = 256
)

// Guard lets requests pass whose bearer token the API server knows and allows
// to read the path. Answers are kept for a short while, by the hash of the
// token.
type Guard struct {
	Authorizer Authorizer
	Clock      clock.PassiveClock

	mu       sync.Mutex
	verdicts map[[sha256.Size]byte]verdict
}

type verdict struct {
	allowed bool
	until   time.Time
}

// Wrap protects a handler.
func (g *Guard) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || token == "" {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "send a bearer token of a service account that may get this path", http.StatusUnauthorized)
			return
		}
		allowed, err := g.allowed(r.Context(), token, r.URL.Path)
		switch {
		case err != nil:
			http.Error(w, "the API server could not be asked about the token; try again", http.StatusServiceUnavailable)
		case !allowed:
			http.Error(w, "this token may not read this path; grant get on the non-resource URL "+r.URL.Path, http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (g *Guard) allowed(ctx context.Context, token, path string) (bool, error) {
	key := sha256.Sum256([]byte(path + "\x00" + token))
	now := g.Clock.Now()
	g.mu.Lock()
	v, known := g.verdicts[key]
	g.mu.Unlock()
	if known && now.Before(v.until) {
		return v.allowed, nil
	}
	allowed, err := g.Authorizer.Reviews(ctx, token, path)
	if err != nil {
		return false, err
	}
	life := refusedFor
	if allowed {
		life = allowedFor
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.verdicts == nil || len(g.verdicts) >= maxVerdicts {
		g.verdicts = map[[sha256.Size]byte]verdict{}
	}
	g.verdicts[key] = verdict{allowed, now.Add(life)}
	return allowed, nil
}
