package servertest

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
)

// Proxy passes connections on to a server, and cuts them where it is told to.
type Proxy struct {
	// ctx is the test's.
	ctx      context.Context
	listener net.Listener
	target   string

	mu sync.Mutex
	// passed counts the bytes from the server; cuts are the counts at which the
	// connection of the moment is cut, ascending.
	passed int64
	cuts   []int64
	always bool
}

// NewProxy listens for the length of a test.
func NewProxy(t *testing.T, target string) *Proxy {
	t.Helper()
	listener := listen(t)
	p := &Proxy{ctx: t.Context(), listener: listener, target: target}
	t.Cleanup(func() { _ = listener.Close() })
	go p.accept()
	return p
}

// Address is where the proxy listens.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Passed is how many bytes the server sent since the last call of CutAt.
func (p *Proxy) Passed() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.passed
}

// CutAt counts anew and cuts the connection of the moment when the server has sent
// that many bytes, once for each count.
func (p *Proxy) CutAt(counts ...int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.passed, p.cuts, p.always = 0, counts, false
}

// CutAlways counts anew and cuts every connection once the server has sent so much.
func (p *Proxy) CutAlways(count int64) {
	p.CutAt(count)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.always = true
}

// allow says how many of n bytes may pass, and whether the connection is cut then.
func (p *Proxy) allow(n int64) (int64, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.cuts) == 0 || p.passed+n <= p.cuts[0] && (!p.always || p.passed < p.cuts[0]) {
		p.passed += n
		return n, false
	}
	allowed := max(p.cuts[0]-p.passed, 0)
	p.passed += allowed
	if !p.always {
		p.cuts = p.cuts[1:]
	}
	return allowed, true
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.serve(client)
	}
}

func (p *Proxy) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	var dialer net.Dialer
	server, err := dialer.DialContext(p.ctx, "tcp", p.target)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	buffer := make([]byte, 4<<10)
	for {
		n, err := server.Read(buffer)
		allowed, cut := p.allow(int64(n))
		if _, failed := client.Write(buffer[:allowed]); failed != nil || err != nil || cut {
			return
		}
	}
}
