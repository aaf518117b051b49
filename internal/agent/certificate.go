package agent

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
)

// selfSignedFor is the life of a certificate that the agent made itself: longer
// than any agent runs, since it is made anew with every start.
const selfSignedFor = 10 * 365 * 24 * time.Hour

// ServerTLS is how an endpoint speaks TLS. With a folder it shows the
// certificate in its files tls.crt and tls.key, as a Secret of type
// kubernetes.io/tls mounts them, and reads them again whenever they change,
// until the context ends; without one it shows a certificate for the host that
// it makes now and signs itself. HTTP/2 is left out: a scrape gains nothing
// from it, and its stream resets were an attack.
func ServerTLS(ctx context.Context, folder, host string, now time.Time, failed func(error)) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}}
	if folder == "" {
		certificate, err := selfSigned(host, now)
		if err != nil {
			return nil, fmt.Errorf("make a certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{*certificate}
		return config, nil
	}
	watcher, err := certwatcher.New(filepath.Join(folder, corev1.TLSCertKey), filepath.Join(folder, corev1.TLSPrivateKeyKey))
	if err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	go func() {
		if err := watcher.Start(ctx); err != nil && ctx.Err() == nil {
			failed(fmt.Errorf("watch the certificate in %s: %w", folder, err))
		}
	}()
	config.GetCertificate = watcher.GetCertificate
	return config, nil
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
