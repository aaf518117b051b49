package rankwatch

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

// serve starts a server and returns its address.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func TestHTTPAsker(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(launchspec.HeaderManager) == "" || r.URL.Path != launchspec.PathStatus {
			http.Error(w, "who are you", http.StatusForbidden)
			return
		}
		_ = json.NewEncoder(w).Encode(launchspec.Status{JobUID: "job", Attempt: 3})
	})
	s, err := NewHTTPAsker().Ask(context.Background(), address)
	if err != nil || s.JobUID != "job" || s.Attempt != 3 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestHTTPAskerRefuses(t *testing.T) {
	redirected := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a redirection was followed") })
	tests := map[string]http.HandlerFunc{
		"an error": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusTeapot) },
		"a redirection": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+redirected, http.StatusFound)
		},
		"no JSON": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"too much": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"message":%q}`, strings.Repeat("x", maxAnswer))
		},
	}
	for name, handler := range tests {
		t.Run(name, func(t *testing.T) {
			if s, err := NewHTTPAsker().Ask(context.Background(), serve(t, handler)); err == nil {
				t.Errorf("taken for %+v", s)
			}
		})
	}
	if _, err := NewHTTPAsker().Ask(context.Background(), "no address"); err == nil {
		t.Error("an address that is none is asked")
	}
}
