package kafka_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/trainyard/trainyard/internal/datasource"
)

// certified is the certificate of a server on this machine's loopback address, and
// a file of the authority that signed it.
func certified(t *testing.T) (*tls.Config, *x509.CertPool, string) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	server.Close()
	file := filepath.Join(t.TempDir(), "ca.crt")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	return &tls.Config{Certificates: server.TLS.Certificates, MinVersion: tls.VersionTLS12}, pool, file
}

// A broker that speaks TLS and wants a password is read by whoever has its
// authority and the password, and by nobody else.
func TestTLS(t *testing.T) {
	t.Parallel()
	config, pool, file := certified(t)
	const user, password = "reader", "correct-horse"
	address := cluster(t, kfake.TLS(config), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", user, password))
	secret := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
	produceAs(t, address, []kgo.Opt{
		kgo.DialTLSConfig(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}),
		kgo.SASL(scram.Auth{User: user, Pass: password}.AsSha256Mechanism()),
	}, message(0, 0, `{"n":7}`))

	for _, c := range []struct {
		name, query string
		change      func(*datasource.CredentialsSpec)
		refused     string // part of the error; empty if it is read
	}{
		{"with all it asks for", "?sasl=scram-sha-256", nil, ""},
		{"authority unknown", "?tls=true&sasl=scram-sha-256", func(c *datasource.CredentialsSpec) { c.CAFile = "" }, "certificate"},
		{"no login", "", nil, "kafka"},
		{"file holds no certificate", "?sasl=scram-sha-256", func(c *datasource.CredentialsSpec) { c.CAFile = secret }, "holds no certificate"},
	} {
		opened, err := open(t, address, func(spec *datasource.Spec, _ *datasource.Options) {
			spec.URL += c.query
			spec.Credentials = datasource.CredentialsSpec{User: user, PasswordFile: secret, CAFile: file}
			if c.change != nil {
				c.change(&spec.Credentials)
			}
		})
		switch {
		case c.refused == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.refused == "":
			if diff := cmp.Diff([]float64{7}, numbers(t, opened, "n")); diff != "" {
				t.Errorf("%s: %s", c.name, diff)
			}
		case err == nil || !strings.Contains(err.Error(), c.refused):
			t.Errorf("%s: got %v, want an error that says %q", c.name, err, c.refused)
		case strings.Contains(err.Error(), password):
			t.Errorf("%s: the error names the password: %v", c.name, err)
		}
	}
}
