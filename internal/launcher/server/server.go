// Package server answers those who want to know how a rank is doing. It only
// ever tells: there is no request that changes anything.
package server

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"strconv"
	"time"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

// Source is what the server tells.
type Source interface {
	Status() launchspec.Status
	// Key is ok false where the job needs no keys.
	Key() (key launchspec.Key, ok bool)
}

const (
	requestTimeout = 2 * time.Second
	idleTimeout    = 15 * time.Second
	maxHeader      = 4 << 10
)

// New is a server over the source. Contact is called when the job's manager, or
// a peer in the same attempt, has asked for the status.
func New(source Source, contact func()) *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+launchspec.PathStatus, func(w http.ResponseWriter, r *http.Request) {
		status := source.Status()
		if isContact(r.Header, status) {
			contact()
		}
		answer(w, status)
	})
	mux.HandleFunc("GET "+launchspec.PathKey, func(w http.ResponseWriter, r *http.Request) {
		key, ok := source.Key()
		if !ok {
			http.NotFound(w, r)
			return
		}
		answer(w, key)
	})
	mux.HandleFunc("GET "+launchspec.PathHealth, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok\n")) // whoever asked has gone
	})
	return &http.Server{
		Handler:        mux,
		ReadTimeout:    requestTimeout,
		WriteTimeout:   requestTimeout,
		IdleTimeout:    idleTimeout,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       log.New(io.Discard, "", 0), // the log is the training's
	}
}

// isContact tells whether who asks knows this job and, if a peer, this attempt.
func isContact(h http.Header, s launchspec.Status) bool {
	if uid := h.Get(launchspec.HeaderJobUID); uid != "" && uid != s.JobUID {
		return false
	}
	if h.Get(launchspec.HeaderManager) == "1" {
		return true
	}
	return s.Rank == 0 && h.Get(launchspec.HeaderPeer) != "" &&
		h.Get(launchspec.HeaderJobUID) == s.JobUID &&
		h.Get(launchspec.HeaderAttempt) == strconv.Itoa(int(s.Attempt))
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v) // whoever asked has gone
}
