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

	corev1 "k8s.io/api/core/v1"
)

// selfSignedFor is the life of a certificate that the agent made itself: longer
// than any agent runs, since it is made anew with every start.
const selfSignedFor = 10 * 365 * 24 * time.Hour

// ServerTLS is how an endpoint speaks TLS. With a folder it shows the
// certificate in its files tls.crt and tls.key, as a Secret of type
// kubernetes.io/tls mounts them, and the one that they hold by then whenever
// they change; one that cannot be read is a problem, and the one before stays.
// Without a folder it shows a certificate for the host that it makes now and
// signs itself. HTTP/2 is left out: a scrape gains nothing from it, and its
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
	config.GetCertificate = files.present
	return config, nil
}

// certificateFiles is the certificate in a folder. It looks at the files with
// each handshake, of which there are few: what watches files for a program that
// has many would take more memory than the rest of the agent.
type certificateFiles struct {
	folder  string
	problem func(error)

	mu    sync.Mutex
	shown *tls.Certificate
	// stamps tell the files that are shown from others.
	stamps [2]stamp
}

type stamp struct {
	written time.Time
	size    int64
}

// present is the certificate that the files hold now.
func (c *certificateFiles) present(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.read(); err != nil {
		c.problem(err)
	}
	return c.shown, nil
}

// read reads the files if they are others than before.
func (c *certificateFiles) read() error {
	names := [2]string{filepath.Join(c.folder, corev1.TLSCertKey), filepath.Join(c.folder, corev1.TLSPrivateKeyKey)}
	var stamps [2]stamp
	for i, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return fmt.Errorf("read the certificate: %w", err)
		}
		stamps[i] = stamp{info.ModTime(), info.Size()}
	}
	if c.shown != nil && stamps == c.stamps {
		return nil
	}
	certificate, err := tls.LoadX509KeyPair(names[0], names[1])
	if err != nil {
		return fmt.Errorf("read the certificate in %s: %w", c.folder, err)
	}
	c.shown, c.stamps = &certificate, stamps
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
