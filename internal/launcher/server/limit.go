package server

import (
	"net"
	"sync"
)

// Limit lets at most n connections be open at once; the kernel keeps the next
// ones waiting. With the server's timeouts none is open for long unless it is
// used.
func Limit(l net.Listener, n int) net.Listener {
	return &limited{Listener: l, slots: make(chan struct{}, n), closed: make(chan struct{})}
}

type limited struct {
	net.Listener
	slots  chan struct{}
	once   sync.Once
	closed chan struct{}
}

func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err //nolint:wrapcheck // http.Server looks at the error itself
	}
	return &slot{Conn: conn, free: func() { <-l.slots }}, nil
}

func (l *limited) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close() //nolint:wrapcheck // passed on as it is
}

// slot is a connection that gives its place back once.
type slot struct {
	net.Conn
	once sync.Once
	free func()
}

func (s *slot) Close() error {
	s.once.Do(s.free)
	return s.Conn.Close() //nolint:wrapcheck // passed on as it is
}
