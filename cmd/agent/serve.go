package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/trainyard/trainyard/internal/agent"
)

// serve serves metrics and health: over HTTPS to whose token may read them, or
// over plain HTTP to everybody. A token never travels unencrypted.
func (o *runOptions) serve(ctx context.Context, s streams, log logr.Logger, cancel context.CancelCauseFunc, registry *prometheus.Registry, guard *agent.Guard) error {
	handler := promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
	if !o.insecure {
		handler = guard.Wrap(handler)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", handler)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.metrics)
	if err != nil {
		return fmt.Errorf("--metrics-address: %w", err)
	}
	if !o.insecure {
		problem := func(err error) { log.Error(err, "Could not read the certificate again; the one before it is shown") }
		config, err := agent.ServerTLS(o.certificates, cmp.Or(o.node, "localhost"), s.clock.Now(), problem)
		if err != nil {
			_ = listener.Close()
			return fmt.Errorf("--metrics-cert-dir: %q: %w", o.certificates, err)
		}
		listener = tls.NewListener(listener, config)
	}
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(logr.ToSlogHandler(log), slog.LevelDebug), // who fails a handshake hears of it; a port scan must not fill the log
	}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			cancel(fmt.Errorf("metrics: %w", err))
		}
	}()
	return nil
}
