package pki

import (
	"bytes"
	"crypto/x509"
	"net/netip"
	"os"
	"strings"
	"testing"
)

func TestIssue(t *testing.T) {
	dir := t.TempDir()
	ca, err := NewAuthority(dir, "ca")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		subject Subject
		server  bool
	}{
		"a client": {Subject{Name: "system:node:node-1", Groups: []string{"system:nodes"}}, false},
		"a server": {Subject{Name: "api", DNSNames: []string{"kubernetes"}, Addresses: []netip.Addr{netip.MustParseAddr("10.250.0.2")}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			pair, err := ca.Issue(strings.ReplaceAll(name, " ", "-"), tc.subject)
			if err != nil {
				t.Fatal(err)
			}
			roots := x509.NewCertPool()
			roots.AddCert(ca.cert)
			options := x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
			if _, err := pair.cert.Verify(options); err != nil {
				t.Errorf("as a client: %v", err)
			}
			options.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
			if _, err := pair.cert.Verify(options); (err == nil) != tc.server {
				t.Errorf("as a server: %v", err)
			}
			if tc.server && (pair.cert.VerifyHostname("kubernetes") != nil || pair.cert.VerifyHostname("10.250.0.2") != nil) {
				t.Error("the server is not known by its names")
			}
			if got := pair.cert.Subject; got.CommonName != tc.subject.Name || len(got.Organization) != len(tc.subject.Groups) {
				t.Errorf("subject %s", got)
			}
		})
	}
}

func TestWhatExistsIsKept(t *testing.T) {
	dir := t.TempDir()
	first, err := NewAuthority(dir, "ca")
	if err != nil {
		t.Fatal(err)
	}
	// A lab that died between a key and its certificate.
	issued, err := first.Issue("user", Subject{Name: "user"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(issued.CertFile); err != nil {
		t.Fatal(err)
	}
	second, err := NewAuthority(dir, "ca")
	if err != nil || !bytes.Equal(first.CertPEM, second.CertPEM) {
		t.Fatalf("the authority changed: %v", err)
	}
	again, err := second.Issue("user", Subject{Name: "user"})
	if err != nil || !bytes.Equal(issued.KeyPEM, again.KeyPEM) {
		t.Errorf("the key changed: %v", err)
	}
	if info, err := os.Stat(again.KeyFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key can be read by others: %v, %v", info.Mode(), err)
	}
}

func TestGarbageIsNamed(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/ca.crt", []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewAuthority(dir, "ca"); err == nil || !strings.Contains(err.Error(), "ca.crt holds no certificate: remove it") {
		t.Errorf("error %v", err)
	}
}
