package datasource

import (
	"context"
	"slices"

	"github.com/trainyard/trainyard/internal/datasource/bucket"
	"github.com/trainyard/trainyard/internal/datasource/place"
	"github.com/trainyard/trainyard/internal/datasource/web"
)

// schemes are those of all addresses that can be read.
func schemes() []string {
	all := append([]string{"file", "http", "https"}, bucket.Schemes()...)
	for scheme := range queried {
		all = append(all, scheme)
	}
	slices.Sort(all)
	return all
}

// find lists the files of a spec.
func find(ctx context.Context, spec Spec, options Options) ([]place.Object, error) {
	limits := options.Limits.WithDefaults()
	address := spec.address()
	switch {
	case address == nil:
		return place.Local(spec.URL, limits.Files)
	case address.Scheme == "file":
		return place.Local(address.Host+address.Path, limits.Files)
	case bucket.Known(address.Scheme):
		return bucket.Find(ctx, address, options.Dialer(), limits.Files)
	}
	login, err := spec.login()
	if err != nil {
		return nil, err
	}
	return web.Find(ctx, address, login, options)
}

// login are the credentials of an HTTP server.
func (s *Spec) login() (web.Login, error) {
	password, err := s.Credentials.password()
	if err != nil {
		return web.Login{}, err
	}
	token, err := s.Credentials.token()
	if err != nil {
		return web.Login{}, err
	}
	return web.Login{User: s.Credentials.User, Password: password, Token: token, CAFile: s.Credentials.CAFile}, nil
}
