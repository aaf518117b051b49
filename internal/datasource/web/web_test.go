package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/trainyard/trainyard/internal/datasource"
	"github.com/trainyard/trainyard/internal/datasource/guard"
	"github.com/trainyard/trainyard/internal/datasource/servertest"
)

// serve answers by path.
func serve(t *testing.T, handle http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	return s
}

func options(t *testing.T) datasource.Options {
	t.Helper()
	return datasource.Options{Guard: guard.OwnMachine(os.Getenv), SpillFolder: t.TempDir()}
}

// page writes ten rows and leads to the next, of three.
func page(w http.ResponseWriter, r *http.Request) {
	number := 0
	_, _ = fmt.Sscanf(r.URL.Query().Get("page"), "%d", &number)
	if number < 2 {
		w.Header().Set("Link", fmt.Sprintf(`<?page=%d>; rel="prev", </rows?page=%d>; title="on"; rel="last next"`, number-1, number+1))
	}
	w.Header().Set("Content-Type", "application/json")
	rows := make([]string, 10)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"n":%d,"pad":%q}`, number*10+i, strings.Repeat("x", 500))
	}
	_, _ = fmt.Fprintf(w, "[%s]", strings.Join(rows, ","))
}

func TestPages(t *testing.T) {
	t.Parallel()
	s := serve(t, page)
	opened, err := datasource.Open(context.Background(), datasource.Spec{URL: s.URL + "/rows"}, options(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = opened.Close() }()
	column, err := opened.Column(context.Background(), "n")
	if err != nil || len(column.Numbers) != 30 || column.Numbers[29] != 29 {
		t.Errorf("%v %v", column.Numbers, err)
	}
}

// A page that is cut off is asked for again, and no row counts twice.
func TestCutOff(t *testing.T) {
	t.Parallel()
	s := serve(t, page)
	proxy := servertest.NewProxy(t, strings.TrimPrefix(s.URL, "http://"))
	spec := datasource.Spec{URL: "http://" + proxy.Address() + "/rows"}
	read := func() (int, error) {
		opened, err := datasource.Open(context.Background(), spec, options(t))
		if err != nil {
			return 0, err
		}
		defer func() { _ = opened.Close() }()
		return opened.Rows(), nil
	}
	proxy.CutAt()
	if _, err := read(); err != nil {
		t.Fatal(err)
	}
	whole := proxy.Passed()
	for i := range int64(20) {
		proxy.CutAt(whole*i/20, whole*i/20+50)
		if rows, err := read(); err != nil || rows != 30 {
			t.Errorf("cut at %d: %d rows, %v", whole*i/20, rows, err)
		}
	}
	proxy.CutAlways(whole / 2)
	if _, err := read(); err == nil || !strings.Contains(err.Error(), "failed 5 times") {
		t.Errorf("always cut: %v", err)
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Bool
	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		elsewhere.Store(r.Header.Get("Authorization") != "")
		_, _ = w.Write([]byte("[]"))
	})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer a-token" {
			http.Error(w, "who?", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Link", "<"+other.URL+">; rel=next")
		_, _ = w.Write([]byte(`[{"n":1}]`))
	})
	secret := t.TempDir() + "/token"
	if err := os.WriteFile(secret, []byte("a-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	spec := datasource.Spec{URL: s.URL + "?key=secret"}
	_, err := datasource.Open(context.Background(), spec, options(t))
	if err == nil || !strings.Contains(err.Error(), "set credentials.tokenEnv") || strings.Contains(err.Error(), "secret") {
		t.Errorf("without a token: %v", err)
	}
	spec.Credentials.TokenFile = secret
	opened, err := datasource.Open(context.Background(), spec, options(t))
	if err != nil {
		t.Fatal(err)
	}
	_ = opened.Close()
	if elsewhere.Load() {
		t.Error("another server was sent the token")
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		switch r.URL.Path {
		case "/loop":
			w.Header().Set("Link", "</loop>; rel=next")
		case "/file":
			w.Header().Set("Link", "<file:///etc/passwd>; rel=next")
		case "/endless":
			w.Header().Set("Link", "<"+r.URL.Path+"?"+r.URL.RawQuery+"x>; rel=next")
		case "/gone":
			http.NotFound(w, r)
		case "/busy":
			http.Error(w, "busy", http.StatusServiceUnavailable)
		}
		_, _ = w.Write([]byte("[]"))
	})
	tests := []struct {
		path, want string
		requests   int32
	}{
		{"/loop", "a page leads back", 1},
		{"/file", "no address of HTTP", 1},
		{"/endless", "more than 3 pages", 3},
		{"/gone", "404 Not Found", 1},
		{"/busy", "failed 5 times: the server answers 503", 5},
	}
	for _, test := range tests {
		requests.Store(0)
		given := options(t)
		given.Limits.Files = 3
		_, err := datasource.Open(context.Background(), datasource.Spec{URL: s.URL + test.path}, given)
		if err == nil || !strings.Contains(err.Error(), test.want) || requests.Load() != test.requests {
			t.Errorf("%s: %d requests, %v", test.path, requests.Load(), err)
		}
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data", http.StatusFound)
		case "/page":
			w.Header().Set("Link", "<http://[fe80::1]/>; rel=next")
			_, _ = w.Write([]byte("[]"))
		}
	})
	for _, path := range []string{"/redirect", "/page"} {
		_, err := datasource.Open(context.Background(), datasource.Spec{URL: s.URL + path}, options(t))
		if _, denied := guard.Denied(err); !denied {
			t.Errorf("%s: %v", path, err)
		}
	}
	_, err := datasource.Open(context.Background(), datasource.Spec{URL: s.URL}, datasource.Options{})
	if _, denied := guard.Denied(err); !denied {
		t.Errorf("a pod may dial its own machine: %v", err)
	}
}
