package azure_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/trainyard/trainyard/internal/datasource"
	_ "github.com/trainyard/trainyard/internal/datasource/bucket/azure"
	"github.com/trainyard/trainyard/internal/datasource/bucket/buckettest"
)

// store stands in for the two calls of Blob Storage that are used: listing a
// container and getting a blob, whole or in part.
func store(t *testing.T, blobs map[string]string) string {
	t.Helper()
	written := time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Authorization"), "SharedKey account:") {
			http.Error(w, "who?", http.StatusForbidden)
			return
		}
		if r.URL.Query().Get("comp") == "list" {
			w.Header().Set("Content-Type", "application/xml")
			_, _ = fmt.Fprint(w, `<?xml version="1.0"?><EnumerationResults><Blobs>`)
			for name, content := range blobs {
				if strings.HasPrefix(name, r.URL.Query().Get("prefix")) {
					_, _ = fmt.Fprintf(w, `<Blob><Name>%s</Name><Properties><Last-Modified>%s</Last-Modified><Etag>1</Etag>`+
						`<Content-Length>%d</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob>`,
						name, written.Format(http.TimeFormat), len(content))
				}
			}
			_, _ = fmt.Fprint(w, `</Blobs><NextMarker/></EnumerationResults>`)
			return
		}
		content, found := blobs[strings.TrimPrefix(r.URL.Path, "/data/")]
		if !found {
			http.NotFound(w, r)
			return
		}
		if r.Header.Get("Range") == "" {
			r.Header.Set("Range", r.Header.Get("X-Ms-Range"))
		}
		w.Header().Set("Etag", `"1"`)
		http.ServeContent(w, r, "", written, strings.NewReader(content))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestAzure(t *testing.T) {
	endpoint := store(t, buckettest.Days())
	t.Setenv("AZURE_STORAGE_KEY", "bm90IGEgc2VjcmV0")
	buckettest.ReadsDays(t, "azblob://data/days?account=account&endpoint="+endpoint)
}

func TestCredentials(t *testing.T) {
	for _, name := range []string{"AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"} {
		t.Setenv(name, "")
	}
	for url, want := range map[string]string{
		"azblob://data/days":           "the storage account is not known",
		"azblob://data/days?account=a": "AZURE_TENANT_ID",
	} {
		if _, err := datasource.Open(context.Background(), datasource.Spec{URL: url}, datasource.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", url, err)
		}
	}
	t.Setenv("AZURE_STORAGE_KEY", "secret!")
	_, err := datasource.Open(context.Background(), datasource.Spec{URL: "azblob://data/days?account=a"}, datasource.Options{})
	if err == nil || !strings.Contains(err.Error(), "not base64") || strings.Contains(err.Error(), "secret!") {
		t.Errorf("a key that is none: %v", err)
	}
}
