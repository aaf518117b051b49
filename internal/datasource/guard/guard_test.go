package guard

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func environment(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

var cluster = environment(map[string]string{
	"KUBERNETES_SERVICE_HOST": "10.96.0.1",
	NodeAddresses:             "192.0.2.7, 2001:db8::7",
})

func TestCheck(t *testing.T) {
	tests := []struct {
		address string
		pod     bool
		by      bool
	}{
		{"203.0.113.5", true, true},
		{"10.0.0.5", true, true},
		{"2001:db8::5", true, true},
		{"127.0.0.1", false, true},
		{"127.8.9.1", false, true},
		{"::1", false, true},
		{"0.0.0.0", false, true},
		{"::", false, true},
		{"::ffff:127.0.0.1", false, true},
		{"169.254.169.254", false, false},
		{"169.254.170.2", false, false},
		{"::ffff:169.254.169.254", false, false},
		{"64:ff9b::a9fe:a9fe", false, false},
		{"64:ff9b:1::a9fe:a9fe", false, false},
		{"2002:a9fe:a9fe::1", false, false},
		{"::a9fe:a9fe", false, false},
		{"fe80::1", false, false},
		{"fe80::1%eth0", false, false},
		{"fd00:ec2::254", false, false},
		{"168.63.129.16", false, false},
		{"10.96.0.1", false, false},
		{"::ffff:10.96.0.1", false, false},
		{"64:ff9b::a60:1", false, false},
		{"192.0.2.7", false, false},
		{"2001:db8::7", false, false},
		{"224.0.0.1", false, false},
		{"255.255.255.255", false, false},
	}
	for _, test := range tests {
		t.Run(test.address, func(t *testing.T) {
			address := netip.MustParseAddr(test.address)
			if err := Pod(cluster).Check(address); (err == nil) != test.pod {
				t.Errorf("in a pod: %v", err)
			}
			if err := OwnMachine(cluster).Check(address); (err == nil) != test.by {
				t.Errorf("by hand: %v", err)
			}
		})
	}
}

func TestThisMachinesAddresses(t *testing.T) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		own := netip.MustParsePrefix(address.String()).Addr()
		if err := Pod(cluster).Check(own); err == nil {
			t.Errorf("%s of this machine may be dialled from a pod", own)
		}
		if err := OwnMachine(cluster).Check(own); err != nil && !own.IsLinkLocalUnicast() {
			t.Errorf("by hand: %v", err)
		}
	}
}

// A name of the API server is refused before it is looked up.
func TestNameOfTheAPIServer(t *testing.T) {
	guard := OwnMachine(environment(map[string]string{"KUBERNETES_SERVICE_HOST": "localhost"}))
	for _, host := range []string{"localhost:1", "LOCALHOST.:1", "127.0.0.1:1"} {
		_, err := guard.DialContext(context.Background(), "tcp", host)
		if denied, ok := Denied(err); !ok || denied.Why != "it is the API server" {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestUnixSocket(t *testing.T) {
	path := t.TempDir() + "/s"
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	if _, err := Pod(cluster).DialContext(context.Background(), "unix", path); err == nil {
		t.Error("a pod may dial a socket of its machine")
	}
	conn, err := OwnMachine(cluster).DialContext(context.Background(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}

// server counts the requests that reach it.
func server(t *testing.T, handle http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	return s
}

func TestRedirectsAreChecked(t *testing.T) {
	targets := []string{"http://169.254.169.254/latest/meta-data", "http://10.96.0.1/", "http://[fe80::1]/", "http://192.0.2.7/"}
	for _, target := range targets {
		t.Run(target, func(t *testing.T) {
			s := server(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target, http.StatusFound) })
			response, err := OwnMachine(cluster).Client().Get(s.URL)
			if err == nil {
				_ = response.Body.Close()
			}
			if _, denied := Denied(err); !denied {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A name that is looked up to a public address first and to this machine afterwards
// is refused the second time: the check sees what the socket connects to.
func TestRebinding(t *testing.T) {
	reached := false
	s := server(t, func(http.ResponseWriter, *http.Request) { reached = true })
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
	response, err := Pod(cluster).Client().Get("http://localhost:" + port)
	if err == nil {
		_ = response.Body.Close()
	}
	if _, denied := Denied(err); !denied || reached {
		t.Errorf("reached: %v, %v", reached, err)
	}
}

func TestRedirectLimits(t *testing.T) {
	s := server(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) })
	response, err := OwnMachine(cluster).Client().Get(s.URL + "/")
	if err == nil {
		_ = response.Body.Close()
		t.Fatal("an endless chain of redirects was followed")
	}
	if !strings.Contains(err.Error(), "more than 5 redirects") {
		t.Error(err)
	}
	plain := server(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "plain") })
	secure := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer secure.Close()
	client := OwnMachine(cluster).Client()
	client.Transport.(*http.Transport).TLSClientConfig = secure.Client().Transport.(*http.Transport).TLSClientConfig
	response, err = client.Get(secure.URL)
	if err == nil {
		_ = response.Body.Close()
		t.Error("a redirect to plain http was followed")
	}
}
