package mpi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/trainyard/trainyard/internal/launcher/peer"
	"github.com/trainyard/trainyard/pkg/launchspec"
)

const (
	// together is how many workers are asked at once.
	together    = 32
	dialTimeout = 3 * time.Second
)

// Asker asks the launcher at host:port for its public key.
type Asker interface {
	Key(ctx context.Context, address string) (launchspec.Key, error)
}

// Config is a rank's place in its MPI job.
type Config struct {
	RuntimeDir string
	Rank       int32
	// Zero is rank 0's status address; Port is the status port of all others.
	Zero          string
	Port, SSHPort int
	Hosts         []launchspec.MPIHost
}

// Setup holds a rank's key and writes its files.
type Setup struct {
	cfg   Config
	dir   string
	key   keyPair
	asker Asker
	clock clock.Clock
}

// New makes the rank's key.
func New(cfg Config, asker Asker, c clock.Clock) (*Setup, error) {
	key, err := newKeyPair()
	if err != nil {
		return nil, err
	}
	return &Setup{cfg: cfg, dir: filepath.Join(cfg.RuntimeDir, "mpi"), key: key, asker: asker, clock: c}, nil
}

// PublicKey is the line to show to the other ranks.
func (s *Setup) PublicKey() string { return s.key.public }

// Prepare writes the files of an attempt, and for rank 0 waits until every
// worker can be reached. It returns the variables that rank 0's child needs
// beside environ, its environment. What is being waited for is reported.
func (s *Setup) Prepare(ctx context.Context, attempt int32, environ []string, report func(error)) ([][2]string, error) {
	if s.cfg.Rank == 0 {
		return s.prepareZero(ctx, attempt, environ, report)
	}
	return nil, s.prepareWorker(ctx, attempt, environ, report)
}

func (s *Setup) prepareWorker(ctx context.Context, attempt int32, environ []string, report func(error)) error {
	zero, err := s.fetch(ctx, s.cfg.Zero, attempt, report)
	if err != nil {
		return err
	}
	if os.Getuid() == 0 {
		// On a read-only root sshd itself says what it lacks.
		_ = os.MkdirAll(privilegeDir, 0o755)
	}
	return errors.Join(
		write(s.dir, hostKeyFile, string(s.key.private)),
		write(s.dir, authorizedFile, zero+"\n"),
		write(s.dir, serverFile, serverConfig(s.dir, s.cfg.SSHPort, environ)),
	)
}

func (s *Setup) prepareZero(ctx context.Context, attempt int32, environ []string, report func(error)) ([][2]string, error) {
	open, hydra := hostFiles(s.cfg.Hosts)
	err := errors.Join(
		write(s.dir, identityFile, string(s.key.private)),
		write(s.dir, clientFile, clientConfig(s.dir, s.cfg.SSHPort)),
		write(s.dir, hostFile, open),
		write(s.dir, hydraHostFile, hydra),
	)
	if err != nil {
		return nil, err
	}
	keys, local, err := s.reachAll(ctx, attempt, report)
	if err != nil {
		return nil, err
	}
	return unset(variables(s.dir, interfaceOf(local)), environ), write(s.dir, knownHostsFile, knownHosts(keys, s.cfg.Hosts, s.cfg.SSHPort))
}

// reachAll waits until each worker has shown its key and accepts connections of
// ssh. It returns the keys by host, and the own address that workers see.
func (s *Setup) reachAll(ctx context.Context, attempt int32, report func(error)) (keys map[string]string, local net.Addr, errs error) {
	workers := s.workers()
	keys = make(map[string]string, len(workers))
	var (
		mu   sync.Mutex
		wg   sync.WaitGroup
		slot = make(chan struct{}, together)
	)
	for _, host := range workers {
		wg.Go(func() {
			slot <- struct{}{}
			defer func() { <-slot }()
			key, from, err := s.reach(ctx, host, attempt, func(err error) {
				mu.Lock()
				n := len(keys)
				mu.Unlock()
				report(fmt.Errorf("%d of %d workers are ready: %w", n, len(workers), err))
			})
			mu.Lock()
			defer mu.Unlock()
			keys[host], local = key, from
			errs = errors.Join(errs, err)
		})
	}
	wg.Wait()
	return keys, local, errs
}

// workers are the hosts without rank 0's own.
func (s *Setup) workers() []string {
	own, _, err := net.SplitHostPort(s.cfg.Zero)
	var out []string
	for _, h := range s.cfg.Hosts {
		if err != nil || h.Host != own {
			out = append(out, h.Host)
		}
	}
	return out
}

func (s *Setup) reach(ctx context.Context, host string, attempt int32, report func(error)) (key string, local net.Addr, err error) {
	key, err = s.fetch(ctx, net.JoinHostPort(host, strconv.Itoa(s.cfg.Port)), attempt, report)
	if err != nil {
		return "", nil, err
	}
	address := net.JoinHostPort(host, strconv.Itoa(s.cfg.SSHPort))
	err = peer.Until(ctx, s.clock, report, func(ctx context.Context) error {
		conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", address)
		if err != nil {
			return fmt.Errorf("its sshd is not there yet: %w", err)
		}
		local = conn.LocalAddr()
		return conn.Close() // accepted is all that counts
	})
	return key, local, err
}

// interfaceOf names the network interface with an address. MPICH and Intel MPI
// have the workers connect back to rank 0 by its bare host name, which the DNS
// of a cluster does not know, unless they are given an interface.
func interfaceOf(local net.Addr) string {
	tcp, ok := local.(*net.TCPAddr)
	if !ok {
		return ""
	}
	all, err := net.Interfaces()
	if err != nil {
		return ""
	}
	for _, i := range all {
		addrs, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && n.IP.Equal(tcp.IP) {
				return i.Name
			}
		}
	}
	return ""
}

// fetch waits for the public key of a launcher that is in this attempt.
func (s *Setup) fetch(ctx context.Context, address string, attempt int32, report func(error)) (key string, err error) {
	err = peer.Until(ctx, s.clock, report, func(ctx context.Context) error {
		k, err := s.asker.Key(ctx, address)
		switch {
		case err != nil:
			return err
		case k.Attempt < attempt:
			return fmt.Errorf("%s is in attempt %d, not yet in %d", address, k.Attempt, attempt)
		}
		key = k.PublicKey
		if err := checkPublic(key); err != nil {
			return fmt.Errorf("%s: %w", address, err)
		}
		return nil
	})
	return key, err
}
