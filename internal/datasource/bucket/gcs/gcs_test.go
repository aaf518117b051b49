package gcs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/trainyard/trainyard/internal/datasource"
	"github.com/trainyard/trainyard/internal/datasource/bucket/buckettest"
	_ "github.com/trainyard/trainyard/internal/datasource/bucket/gcs"
	"github.com/trainyard/trainyard/internal/datasource/guard"
)

// store stands in for the two calls of the JSON API that are used: listing a bucket
// and getting an object, whole or in part.
func store(t *testing.T, objects map[string]string) {
	t.Helper()
	written := time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/b/data/o") {
			var items []map[string]string
			for name, content := range objects {
				if strings.HasPrefix(name, r.URL.Query().Get("prefix")) {
					items = append(items, map[string]string{
						"kind": "storage#object", "name": name, "bucket": "data", "size": fmt.Sprint(len(content)),
						"updated": written.Format(time.RFC3339), "generation": "1",
					})
				}
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{"kind": "storage#objects", "items": items})
			return
		}
		for name, content := range objects {
			if strings.HasSuffix(r.URL.Path, "/data/"+name) || strings.HasSuffix(r.URL.Path, "/o/"+name) {
				http.ServeContent(w, r, "", written, strings.NewReader(content))
				return
			}
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	t.Setenv("STORAGE_EMULATOR_HOST", strings.TrimPrefix(s.URL, "http://"))
}

func TestGCS(t *testing.T) {
	store(t, buckettest.Days())
	buckettest.ReadsDays(t, "gs://data/days?anonymous=true")
}

func TestCredentials(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	spec := datasource.Spec{URL: "gs://data/days"}
	if _, err := datasource.Open(context.Background(), spec, datasource.Options{}); err == nil || !strings.Contains(err.Error(), "?anonymous=true") {
		t.Errorf("no credentials: %v", err)
	}
	// A federation's file may name any address to ask: the guard sees to it.
	file := t.TempDir() + "/credentials"
	token := t.TempDir() + "/token"
	federation := fmt.Sprintf(`{"type":"external_account","audience":"//iam.googleapis.com/x","subject_token_type":"urn:ietf:params:oauth:token-type:jwt",
		"token_url":"http://169.254.169.254/token","credential_source":{"file":%q}}`, token)
	for path, content := range map[string]string{file: federation, token: "secret"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, err := datasource.Open(ctx, spec, datasource.Options{Guard: guard.OwnMachine(os.Getenv)})
	if err == nil || !strings.Contains(err.Error(), "may not be dialled") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}
