// Package gcs adds Google Cloud Storage to package bucket:
// gs://bucket/key?anonymous=true.
//
// Credentials are those of the file that GOOGLE_APPLICATION_CREDENTIALS names: a
// service account's key, or a workload identity federation. The metadata server, which
// is link-local, is not asked.
package gcs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"gocloud.dev/blob"
	"gocloud.dev/blob/gcsblob"
	"gocloud.dev/gcp"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/option"

	"github.com/trainyard/trainyard/internal/datasource/bucket"
	"github.com/trainyard/trainyard/internal/datasource/guard"
)

func init() { bucket.Register("gs", open) }

func open(ctx context.Context, from *url.URL, by *guard.Guard) (*blob.Bucket, error) {
	client, err := client(from, by)
	if err != nil {
		return nil, err
	}
	// The library takes a client of its own where STORAGE_EMULATOR_HOST is set, which
	// anybody who writes a pod's environment can do: ours goes last, and stays.
	opened, err := gcsblob.OpenBucket(ctx, client, from.Host, &gcsblob.Options{
		ClientOptions: []option.ClientOption{option.WithHTTPClient(&client.Client)},
	})
	if err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", from.Host, err)
	}
	return opened, nil
}

func client(from *url.URL, by *guard.Guard) (*gcp.HTTPClient, error) {
	if from.Query().Get("anonymous") == "true" {
		return gcp.NewAnonymousHTTPClient(by.Transport()), nil
	}
	path := os.Getenv("GOOGLE_APPLICATION_CREDENTIALS")
	if path == "" {
		return nil, errors.New("no credentials for Google Cloud Storage: name their file in GOOGLE_APPLICATION_CREDENTIALS, " +
			"or add ?anonymous=true for a public bucket")
	}
	tokens, err := tokens(path, by)
	if err != nil {
		return nil, fmt.Errorf("read the credentials in GOOGLE_APPLICATION_CREDENTIALS: %w", err)
	}
	return &gcp.HTTPClient{Client: http.Client{Transport: &oauth2.Transport{Base: by.Transport(), Source: tokens}}}, nil
}

// tokens are asked for with the guard's client: a federation's file names the
// addresses to ask. They outlive the call that opens the bucket.
func tokens(path string, by *guard.Guard) (oauth2.TokenSource, error) {
	const readOnly = "https://www.googleapis.com/auth/devstorage.read_only"
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	var kind struct {
		Type google.CredentialsType `json:"type"`
	}
	if err := json.Unmarshal(content, &kind); err != nil {
		return nil, errors.New("the file is not JSON")
	}
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, by.Client())
	credentials, err := google.CredentialsFromJSONWithType(ctx, content, kind.Type, readOnly)
	if err != nil {
		return nil, fmt.Errorf("credentials of type %q: %w", kind.Type, err)
	}
	return credentials.TokenSource, nil
}
