package agent

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// selfSignedFor is the life of a certificate that the agent made itself: longer
// than any agent runs, since it is made anew with every start.
const selfSignedFor = 10 * 365 * 24 * time.Hour

// The files of a certificate, as a Secret of type kubernetes.io/tls mounts them.
const (
	certificateFile = "tls.crt"
	keyFile         = "tls.key"
)

// ServerTLS is how an endpoint speaks TLS. With a folder it shows the
// certificate in its files tls.crt and tls.key, and reads them again once they
// have changed; a pair that cannot be read then is reported and the one before it
// stays. Without a folder it shows a certificate for the host that it makes now
// and signs itself. HTTP/2 is left out: a scrape gains nothing from it, and its
// stream resets were an attack.
func ServerTLS(folder, host string, now time.Time, problem func(error)) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}}
	if folder == "" {
		certificate, err := selfSigned(host, now)
		if err != nil {
			return nil, fmt.Errorf("make a certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{*certificate}
		return config, nil
	}
	files := &certificateFiles{folder: folder, problem: problem}
	if err := files.read(); err != nil {
		return nil, err
	}
	config.GetCertificate = files.get
	return config, nil
}

// certificateFiles shows what two files hold. It looks at them with every
// handshake, of which there are few: a watch would take a goroutine, and
// controller-runtime's links the agent with a whole clientset.
type certificateFiles struct {
	folder  string
	problem func(error)

	mu      sync.Mutex
	current *tls.Certificate
	stamps  [2]stamp
}

// stamp tells one content of a file from another.
type stamp struct {
	changed time.Time
	size    int64
}

func (f *certificateFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.read(); err != nil {
		f.problem(err)
	}
	return f.current, nil
}

// read reads the files unless they are as they were.
func (f *certificateFiles) read() error {
	paths := [2]string{filepath.Join(f.folder, certificateFile), filepath.Join(f.folder, keyFile)}
	var stamps [2]stamp
	for i, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("certificate: %w", err)
		}
		stamps[i] = stamp{info.ModTime(), info.Size()}
	}
	if stamps == f.stamps {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(paths[0], paths[1])
	if err != nil {
		return fmt.Errorf("certificate in %s: %w", f.folder, err)
	}
	f.current, f.stamps = &pair, stamps
	return nil
}

func selfSigned(host string, now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "trainyard-agent"},
		DNSNames:     []string{host},
		NotBefore:    now.Add(-time.Hour), // the scraper's clock may be behind
		NotAfter:     now.Add(selfSignedFor),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
