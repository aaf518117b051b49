package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/trainyard/trainyard/internal/datasource/guard"
	"github.com/trainyard/trainyard/internal/datasource/reading"
	"github.com/trainyard/trainyard/internal/datasource/web"
)

// settings are those of the client. Every broker, also those that the first one names
// as its peers, is dialled by the guard.
// refused is told of an address that the guard denies, which the client would try
// again and again.
func (s *Source) settings(options reading.Options, refused func(error)) ([]kgo.Opt, error) {
	query := s.URL.Query()
	dial, err := s.dialer(options, query.Get("tls") == "true" || s.CAFile != "")
	if err != nil {
		return nil, err
	}
	settings := []kgo.Opt{
		kgo.SeedBrokers(strings.Split(s.URL.Host, ",")...),
		kgo.ClientID("trainyard"),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(),
		kgo.RetryTimeout(30 * time.Second),
		kgo.RequestRetries(5),
		kgo.FetchMaxBytes(16 << 20),
		kgo.MaxConcurrentFetches(1),
	}
	settings = append(settings, kgo.Dialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if denied, is := guard.Denied(err); is {
			refused(denied)
		}
		return conn, err
	}))
	return s.authenticated(settings, query)
}

type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// dialer dials by the guard, and then by TLS if it is secure.
func (s *Source) dialer(options reading.Options, secure bool) (dialer, error) {
	if !secure {
		return options.Dialer().DialContext, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.CAFile != "" {
		trusted, err := web.Certificates(s.CAFile)
		if err != nil {
			return nil, err
		}
		config.RootCAs = trusted
	}
	return options.Dialer().TLS(config), nil
}

func (s *Source) authenticated(settings []kgo.Opt, query url.Values) ([]kgo.Opt, error) {
	mechanism := query.Get("sasl")
	if mechanism == "" {
		return settings, nil
	}
	if s.User == "" || s.Password == "" {
		return nil, errors.New("sasl needs credentials: set credentials.user, and passwordFile or passwordEnv")
	}
	shared := scram.Auth{User: s.User, Pass: s.Password}
	switch mechanism {
	case "plain":
		return append(settings, kgo.SASL(plain.Auth{User: s.User, Pass: s.Password}.AsMechanism())), nil
	case "scram-sha-256":
		return append(settings, kgo.SASL(shared.AsSha256Mechanism())), nil
	case "scram-sha-512":
		return append(settings, kgo.SASL(shared.AsSha512Mechanism())), nil
	}
	return nil, fmt.Errorf("sasl=%s is not known: choose plain, scram-sha-256 or scram-sha-512", mechanism)
}
