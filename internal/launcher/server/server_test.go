package server

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

type source struct {
	status launchspec.Status
	key    *launchspec.Key
}

func (s source) Status() launchspec.Status { return s.status }

func (s source) Key() (launchspec.Key, bool) {
	if s.key == nil {
		return launchspec.Key{}, false
	}
	return *s.key, true
}

func TestContact(t *testing.T) {
	peer := func(rank, attempt, uid string) http.Header {
		h := http.Header{}
		h.Set(launchspec.HeaderPeer, rank)
		h.Set(launchspec.HeaderAttempt, attempt)
		h.Set(launchspec.HeaderJobUID, uid)
		return h
	}
	manager := func(value, uid string) http.Header {
		h := http.Header{launchspec.HeaderManager: {value}}
		if uid != "" {
			h.Set(launchspec.HeaderJobUID, uid)
		}
		return h
	}
	tests := map[string]struct {
		header http.Header
		rank   int32
		want   bool
	}{
		"the manager":                      {manager("1", ""), 1, true},
		"the manager, by job":              {manager("1", "uid"), 1, true},
		"the manager, for another job":     {manager("1", "other"), 1, false},
		"a manager that is none":           {manager("0", ""), 1, false},
		"anybody":                          {http.Header{}, 0, false},
		"a peer of rank 0":                 {peer("3", "2", "uid"), 0, true},
		"a peer of another attempt":        {peer("3", "1", "uid"), 0, false},
		"a peer of another job":            {peer("3", "2", "other"), 0, false},
		"a peer of a job that it hides":    {peer("3", "2", ""), 0, false},
		"a peer that asks another rank":    {peer("3", "2", "uid"), 1, false},
		"a peer without an attempt":        {peer("3", "", "uid"), 0, false},
		"a peer with a strange attempt":    {peer("3", "02", "uid"), 0, false},
		"no rank, though all else is true": {peer("", "2", "uid"), 0, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			contacts := 0
			s := New(source{status: launchspec.Status{JobUID: "uid", Rank: tc.rank, Attempt: 2}}, func() { contacts++ })
			r := httptest.NewRequest(http.MethodGet, launchspec.PathStatus, nil)
			r.Header = tc.header
			s.Handler.ServeHTTP(httptest.NewRecorder(), r)
			if (contacts == 1) != tc.want {
				t.Errorf("%d contacts, want one: %v", contacts, tc.want)
			}
		})
	}
}

func TestKey(t *testing.T) {
	s := New(source{key: &launchspec.Key{PublicKey: "ssh-ed25519 x"}}, func() { t.Error("a contact") })
	w := httptest.NewRecorder()
	s.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, launchspec.PathKey, nil))
	if got := w.Body.String(); w.Code != 200 || got != `{"jobUID":"","rank":0,"attempt":0,"publicKey":"ssh-ed25519 x"}`+"\n" {
		t.Errorf("%d %s", w.Code, got)
	}
}

func TestLimit(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Limit(inner, 2)
	accepted := make(chan net.Conn)
	go func() {
		defer close(accepted)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	for range 3 {
		client, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
	}
	first, second := <-accepted, <-accepted
	select {
	case <-accepted:
		t.Fatal("a third connection was accepted")
	default:
	}
	_ = first.Close()
	_ = first.Close() // gives one place back, not two
	third, ok := <-accepted
	if !ok {
		t.Fatal("the place that was given back is lost")
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, ok := <-accepted; ok {
		t.Error("accepted behind the end")
	}
	_, _ = second.Close(), third.Close()
}

func TestALimitedServerAnswersAll(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := New(source{}, func() {})
	go func() { _ = s.Serve(Limit(inner, 2)) }()
	defer s.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range 20 {
		res, err := client.Get("http://" + inner.Addr().String() + launchspec.PathHealth)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if string(body) != "ok\n" {
			t.Errorf("%s", body)
		}
	}
}
