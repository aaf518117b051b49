// Package pki issues the lab's certificates: one authority for the cluster,
// one for etcd, one for the aggregation layer, and for every component an
// identity of its own, as in a cluster that was set up with care. A file that
// exists is kept, so that a lab can be resumed.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/trainyard/trainyard/hack/lab/internal/atomicfile"
)

// validity is how long certificates last: longer than any lab.
const validity = 365 * 24 * time.Hour

// Pair is a certificate and its key, as PEM and as the files they lie in.
type Pair struct {
	CertFile, KeyFile string
	CertPEM, KeyPEM   []byte
	cert              *x509.Certificate
	key               crypto.Signer
}

// Subject is who a certificate is for.
type Subject struct {
	Name   string
	Groups []string
	// DNSNames and Addresses make it a server's certificate as well.
	DNSNames  []string
	Addresses []netip.Addr
}

// Authority issues certificates into a folder.
type Authority struct {
	Pair
	dir string
}

// NewAuthority reads, or makes, the authority called name in dir.
func NewAuthority(dir, name string) (*Authority, error) {
	pair, err := ensure(dir, name, func(key crypto.Signer) ([]byte, error) {
		template := &x509.Certificate{
			SerialNumber:          serial(),
			Subject:               pkix.Name{CommonName: "trainyard-lab-" + name},
			NotBefore:             time.Now().Add(-time.Hour),
			NotAfter:              time.Now().Add(validity),
			KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
			BasicConstraintsValid: true,
			IsCA:                  true,
		}
		return x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	})
	if err != nil {
		return nil, err
	}
	return &Authority{Pair: *pair, dir: dir}, nil
}

// Issue reads, or makes, the certificate of a subject in the files name.crt
// and name.key.
func (a *Authority) Issue(name string, s Subject) (*Pair, error) {
	return ensure(a.dir, name, func(key crypto.Signer) ([]byte, error) {
		template := &x509.Certificate{
			SerialNumber: serial(),
			Subject:      pkix.Name{CommonName: s.Name, Organization: s.Groups},
			NotBefore:    time.Now().Add(-time.Hour),
			NotAfter:     time.Now().Add(validity),
			KeyUsage:     x509.KeyUsageDigitalSignature,
			ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
			DNSNames:     s.DNSNames,
		}
		for _, address := range s.Addresses {
			template.IPAddresses = append(template.IPAddresses, net.IP(address.AsSlice()))
		}
		if len(s.DNSNames)+len(s.Addresses) > 0 {
			template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
		}
		return x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	})
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // the system has no randomness: nothing can be trusted
	}
	return n
}

// ensure reads a pair, or makes it: the key first, so that a certificate on
// disk always has its key.
func ensure(dir, name string, sign func(crypto.Signer) ([]byte, error)) (*Pair, error) {
	p := &Pair{CertFile: filepath.Join(dir, name+".crt"), KeyFile: filepath.Join(dir, name+".key")}
	err := p.load()
	if !errors.Is(err, os.ErrNotExist) {
		return p, err
	}
	if p.key, p.KeyPEM, err = EnsureKey(p.KeyFile); err != nil {
		return nil, err
	}
	der, err := sign(p.key)
	if err != nil {
		return nil, fmt.Errorf("sign the certificate %s: %w", name, err)
	}
	p.CertPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if p.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("read the certificate %s back: %w", name, err)
	}
	return p, atomicfile.Write(p.CertFile, p.CertPEM, 0o644)
}

func (p *Pair) load() error {
	var err error
	if p.CertPEM, err = os.ReadFile(p.CertFile); err != nil {
		return err
	}
	block, _ := pem.Decode(p.CertPEM)
	if block == nil {
		return fmt.Errorf("%s holds no certificate: remove it", p.CertFile)
	}
	if p.cert, err = x509.ParseCertificate(block.Bytes); err != nil {
		return fmt.Errorf("%s: %w: remove it", p.CertFile, err)
	}
	p.key, p.KeyPEM, err = EnsureKey(p.KeyFile)
	return err
}

// EnsureKey reads, or makes, a private key.
func EnsureKey(path string) (crypto.Signer, []byte, error) {
	content, err := os.ReadFile(path)
	if err == nil {
		return parseKey(path, content)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, nil, fmt.Errorf("read a key: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make the key %s: %w", path, err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("encode the key %s: %w", path, err)
	}
	content = pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	return key, content, atomicfile.Write(path, content, 0o600)
}

func parseKey(path string, content []byte) (crypto.Signer, []byte, error) {
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, nil, fmt.Errorf("%s holds no key: remove it", path)
	}
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w: remove it", path, err)
	}
	return key, content, nil
}
