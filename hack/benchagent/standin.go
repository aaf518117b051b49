package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

// standIn answers an agent as an API server would, and notes what it writes.
type standIn struct {
	server *httptest.Server
	mu     sync.Mutex
	status *v1alpha1.NodeHardwareStatus
	note   seen
	fresh  chan struct{}
}

// seen is what a watcher would have seen last.
type seen struct {
	at              time.Time
	bytes           int
	devices, broken int
}

func newStandIn(folder string) (*standIn, error) {
	s := &standIn{fresh: make(chan struct{}, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/nodes/bench", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"metadata": map[string]any{"name": "bench", "uid": "bench"}})
	})
	const objects = "/apis/trainyard.dev/v1alpha1/"
	mux.HandleFunc("GET "+objects+"hardwarepolicies", s.list)
	mux.HandleFunc("GET "+objects+"nodehardwares", s.list)
	mux.HandleFunc("GET "+objects+"nodehardwares/bench", s.get)
	mux.HandleFunc("PATCH "+objects+"nodehardwares/bench/status", s.patch)
	s.server = httptest.NewServer(mux)
	kubeconfig := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: "%s"}}],
contexts: [{name: c, context: {cluster: c, user: c}}], users: [{name: c, user: {}}]}`, s.server.URL)
	return s, os.WriteFile(filepath.Join(folder, "kubeconfig"), []byte(kubeconfig), 0o600)
}

func (s *standIn) close() {
	s.server.CloseClientConnections()
	s.server.Close()
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

// list answers with nothing; a watch stays open.
func (s *standIn) list(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("watch") != "" {
		w.Header().Set("Content-Type", "application/json")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		return
	}
	answer(w, &v1alpha1.HardwarePolicyList{})
}

func (s *standIn) get(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	nh := &v1alpha1.NodeHardware{}
	nh.APIVersion, nh.Kind, nh.Name = "trainyard.dev/v1alpha1", "NodeHardware", "bench"
	if s.status != nil {
		nh.Status = *s.status
	}
	answer(w, nh)
}

func (s *standIn) patch(w http.ResponseWriter, r *http.Request) {
	at := time.Now()
	body, err := io.ReadAll(r.Body)
	var operations []struct {
		Value v1alpha1.NodeHardwareStatus `json:"value"`
	}
	if err = errors.Join(err, json.Unmarshal(body, &operations)); err != nil || len(operations) != 1 {
		http.Error(w, "not a patch of the status", http.StatusBadRequest)
		return
	}
	status := operations[0].Value
	note := seen{at: at, bytes: len(body), devices: len(status.Devices)}
	for i := range status.Devices {
		if strings.EqualFold(string(status.Devices[i].Severity), string(v1alpha1.SeverityFatal)) {
			note.broken++
		}
	}
	s.mu.Lock()
	s.status, s.note = &status, note
	s.mu.Unlock()
	select {
	case s.fresh <- struct{}{}:
	default:
	}
	s.get(w, r)
}

func (s *standIn) last() seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.note
}

func (s *standIn) waitFor(most time.Duration, ok func(*seen) bool) error {
	timeout := time.NewTimer(most)
	defer timeout.Stop()
	for {
		if note := s.last(); ok(&note) {
			return nil
		}
		select {
		case <-s.fresh:
		case <-timeout.C:
			return fmt.Errorf("not within %v; the last status was %+v", most, s.last())
		}
	}
}
