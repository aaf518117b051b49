package kafka

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/trainyard/trainyard/internal/datasource/reading"
	"github.com/trainyard/trainyard/internal/datasource/web"
)

// settings are those of the client. Every broker, also those that the first one names
// as its peers, is dialled by the guard.
func (s *Source) settings(options reading.Options) ([]kgo.Opt, error) {
	query := s.URL.Query()
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
	if query.Get("tls") != "true" && s.CAFile == "" {
		settings = append(settings, kgo.Dialer(options.Dialer().DialContext))
	} else {
		dial, err := s.secure(options)
		if err != nil {
			return nil, err
		}
		settings = append(settings, dial)
	}
	return s.authenticated(settings, query)
}

// secure dials by the guard and then by TLS.
func (s *Source) secure(options reading.Options) (kgo.Opt, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.CAFile != "" {
		trusted, err := web.Certificates(s.CAFile)
		if err != nil {
			return nil, err
		}
		config.RootCAs = trusted
	}
	return kgo.Dialer(options.Dialer().TLS(config)), nil
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
