package agent

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shown is the certificate that a server with this configuration shows.
func shown(t *testing.T, config *tls.Config) *x509.Certificate {
	t.Helper()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Listener = tls.NewListener(server.Listener, config)
	server.Start()
	defer server.Close()
	dialer := &tls.Dialer{NetDialer: &net.Dialer{}, Config: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // the test looks at the certificate itself
	connection, err := dialer.DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	return connection.(*tls.Conn).ConnectionState().PeerCertificates[0]
}

// writeCertificate puts a certificate for a host into a folder, as the kubelet
// would put a Secret.
func writeCertificate(t *testing.T, folder, host string) {
	t.Helper()
	certificate, err := selfSigned(host, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalECPrivateKey(certificate.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"tls.key": {Type: "EC PRIVATE KEY", Bytes: key}, "tls.crt": {Type: "CERTIFICATE", Bytes: certificate.Certificate[0]},
	} {
		if err := os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSelfSignedCertificate(t *testing.T) {
	now := time.Now()
	config, err := ServerTLS("", "node-1", now, nil)
	if err != nil {
		t.Fatal(err)
	}
	certificate := shown(t, config)
	if err := certificate.VerifyHostname("node-1"); err != nil {
		t.Error(err)
	}
	if now.Before(certificate.NotBefore) || now.AddDate(9, 0, 0).After(certificate.NotAfter) {
		t.Errorf("valid from %v to %v, want from before %v for 10 years", certificate.NotBefore, certificate.NotAfter, now)
	}
	again, err := ServerTLS("", "node-1", now, nil)
	if err != nil {
		t.Fatal(err)
	}
	if shown(t, again).Equal(certificate) {
		t.Error("two agents show the same certificate")
	}
}

func TestCertificateIsReadAgain(t *testing.T) {
	folder := t.TempDir()
	writeCertificate(t, folder, "before")
	problems := 0
	config, err := ServerTLS(folder, "node-1", time.Now(), func(error) { problems++ })
	if err != nil {
		t.Fatal(err)
	}
	shows := func(want string) {
		t.Helper()
		if name := shown(t, config).DNSNames[0]; name != want {
			t.Errorf("shows the certificate of %q, want %q", name, want)
		}
	}
	shows("before")
	if err := os.WriteFile(filepath.Join(folder, "tls.key"), []byte("half of a"), 0o600); err != nil {
		t.Fatal(err)
	}
	shows("before") // a pair that does not fit changes nothing
	if problems != 1 {
		t.Errorf("%d problems were reported, want 1", problems)
	}
	writeCertificate(t, folder, "afterwards")
	shows("afterwards")
	if err := os.Remove(filepath.Join(folder, "tls.crt")); err != nil {
		t.Fatal(err)
	}
	shows("afterwards")
}

func TestCertificateIsMissing(t *testing.T) {
	_, err := ServerTLS(t.TempDir(), "node-1", time.Now(), nil)
	if err == nil || !strings.Contains(err.Error(), "tls.crt") {
		t.Errorf("%v, want an error that names tls.crt", err)
	}
}
