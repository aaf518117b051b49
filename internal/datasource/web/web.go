// Package web fetches tables from HTTP servers: a file of any format, or pages of
// JSON that lead from one to the next by a Link header (RFC 8288, rel="next").
//
// A page is fetched as a whole into a temporary file before any of it is read, so
// that one that is cut off is asked for again without a row being counted twice.
package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"

	"github.com/trainyard/trainyard/internal/datasource/guard"
	"github.com/trainyard/trainyard/internal/datasource/place"
	"github.com/trainyard/trainyard/internal/datasource/reading"
	"github.com/trainyard/trainyard/internal/datasource/retry"
	"github.com/trainyard/trainyard/internal/datasource/spill"
	"github.com/trainyard/trainyard/internal/datasource/table"
)

// Login is how a server knows who asks. A token goes before a password.
type Login struct {
	User, Password, Token string
	// CAFile is a file of certificates to trust besides the system's.
	CAFile string
}

// Client is an HTTP client that dials by the guard and trusts the login's file.
func (l Login) Client(by *guard.Guard) (*http.Client, error) {
	client := by.Client()
	if l.CAFile == "" {
		return client, nil
	}
	trusted, err := Certificates(l.CAFile)
	if err != nil {
		return nil, err
	}
	transport := by.Transport()
	transport.TLSClientConfig = &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}
	client.Transport = transport
	return client, nil
}

// Certificates are the system's and those of a file.
func Certificates(path string) (*x509.CertPool, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read credentials.caFile: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("credentials.caFile %s holds no certificate in PEM: name another file", path)
	}
	return pool, nil
}

// Sign adds the login to a request.
func (l Login) Sign(request *http.Request) {
	switch {
	case l.Token != "":
		request.Header.Set("Authorization", "Bearer "+l.Token)
	case l.User != "" || l.Password != "":
		request.SetBasicAuth(l.User, l.Password)
	}
}

// Find fetches the pages of an address.
func Find(ctx context.Context, from *url.URL, login Login, options reading.Options) ([]place.Object, error) {
	limits := options.Limits.WithDefaults()
	client, err := login.Client(options.Dialer())
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	f := &fetcher{
		client: client,
		login:  login,
		origin: from,
		store:  spill.NewStore(options.SpillFolder, min(limits.Spill, limits.Bytes)),
	}
	objects, err := f.all(ctx, limits.Files)
	if err != nil {
		place.CloseAll(objects)
		return nil, err
	}
	return objects, nil
}

type fetcher struct {
	client *http.Client
	login  Login
	origin *url.URL
	store  *spill.Store
}

// all follows the pages, which must not lead back to one that was fetched.
func (f *fetcher) all(ctx context.Context, most int) ([]place.Object, error) {
	var objects []place.Object
	seen := map[string]bool{}
	for at := f.origin; at != nil; {
		if seen[at.String()] {
			return objects, fmt.Errorf("%s: a page leads back to one before it", label(at))
		}
		if len(objects) == most {
			return objects, &table.LimitError{Source: label(f.origin),
				What: fmt.Sprintf("more than %d pages", most), Cure: "ask for larger pages, or raise the limit of files"}
		}
		seen[at.String()] = true
		name := label(at)
		if at != f.origin || len(objects) > 0 {
			name += " (page " + strconv.Itoa(len(objects)+1) + ")"
		}
		page, next, err := f.fetch(ctx, at, name)
		if err != nil {
			return objects, err
		}
		objects = append(objects, page)
		at = next
	}
	return objects, nil
}

// fetch asks for one page until all of it is there.
func (f *fetcher) fetch(ctx context.Context, at *url.URL, name string) (page place.Object, next *url.URL, err error) {
	err = retry.Do(ctx, func() error {
		page, next, err = f.once(ctx, at, name)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("fetch %s: %w", name, err)
	}
	return page, next, nil
}

func (f *fetcher) once(ctx context.Context, at *url.URL, name string) (place.Object, *url.URL, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, nil, retry.Permanent(errors.New("the address is not a URL"))
	}
	request.Header.Set("Accept", "application/json, application/x-ndjson, text/csv, application/vnd.apache.parquet, */*;q=0.1")
	if at.Host == f.origin.Host && at.Scheme == f.origin.Scheme {
		f.login.Sign(request) // a page elsewhere has no claim to the password
	}
	response, err := f.client.Do(request)
	if err != nil {
		return nil, nil, withoutQuery(err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := status(response); err != nil {
		return nil, nil, err
	}
	page, err := f.store.Object(name, response.Body)
	if err != nil {
		return nil, nil, err
	}
	next, err := nextPage(response, at)
	if err != nil {
		_ = page.Close()
		return nil, nil, retry.Permanent(err)
	}
	return page, next, nil
}

// withoutQuery drops the URL from an error of the client: its query may be secret.
func withoutQuery(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// status says what a status other than success means, and whether to ask again.
func status(response *http.Response) error {
	code := response.StatusCode
	if code == http.StatusOK {
		return nil
	}
	_, _ = io.CopyN(io.Discard, response.Body, 4<<10) // so that the connection can be used again
	err := fmt.Errorf("the server answers %s", response.Status)
	switch {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return retry.Permanent(fmt.Errorf("%w: set credentials.tokenEnv or tokenFile, or user and passwordFile", err))
	case code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= http.StatusInternalServerError:
		return err
	}
	return retry.Permanent(err)
}

// label is an address without its query, which may be secret.
func label(at *url.URL) string { return at.Scheme + "://" + at.Host + at.Path }
