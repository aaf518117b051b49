package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/pkg/launchspec"
	"github.com/trainyard/trainyard/pkg/progress"
)

// launchers answer for every simulated pod, at its own address.
type launchers struct {
	server *http.Server
	pods   netip.Prefix
	begun  time.Time
	asked  atomic.Int64

	mu   sync.RWMutex
	rank map[string]launchspec.Status // by address
}

// serve makes the addresses of simulated pods this machine's own, and answers
// there. Only this machine is answered.
func serve(ctx context.Context, subnet netip.Prefix) (*launchers, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("this needs root, to answer at the addresses of simulated pods: run it with sudo")
	}
	base := subnet.Addr().As4()
	base[2] = 128
	l := &launchers{pods: netip.PrefixFrom(netip.AddrFrom4(base), 17), begun: time.Now(), rank: map[string]launchspec.Status{}}
	if err := l.route(ctx, "replace"); err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{Control: onLoopback}).Listen(ctx, "tcp4", ":"+strconv.Itoa(launchspec.DefaultPort))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listening where launchers do: %w", err), l.route(context.WithoutCancel(ctx), "delete"))
	}
	l.server = &http.Server{Handler: l, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = l.server.Serve(listener) }()
	return l, nil
}

// onLoopback keeps a socket from being reached from elsewhere.
func onLoopback(_, _ string, c syscall.RawConn) error {
	var err error
	controlErr := c.Control(func(fd uintptr) { err = syscall.BindToDevice(int(fd), "lo") })
	return errors.Join(controlErr, err)
}

func (l *launchers) route(ctx context.Context, verb string) error {
	args := []string{"route", verb, "local", l.pods.String(), "dev", "lo"}
	if out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

func (l *launchers) close() error {
	return errors.Join(l.server.Close(), l.route(context.Background(), "delete"))
}

// follow learns of every pod that goes on.
func (l *launchers) follow(ctx context.Context, c client.WithWatch) error {
	w, err := c.Watch(ctx, &corev1.PodList{}, client.InNamespace(namespace), client.MatchingLabels{label: goOn})
	if err != nil {
		return fmt.Errorf("watching the pods of running gangs: %w", err)
	}
	go func() {
		for ctx.Err() == nil {
			for event := range w.ResultChan() {
				if pod, ok := event.Object.(*corev1.Pod); ok && pod.Status.PodIP != "" {
					l.note(pod)
				}
			}
			if w, err = c.Watch(ctx, &corev1.PodList{}, client.InNamespace(namespace), client.MatchingLabels{label: goOn}); err != nil {
				return
			}
		}
	}()
	return nil
}

func (l *launchers) note(pod *corev1.Pod) {
	index, err1 := strconv.ParseInt(pod.Labels[v1alpha1.LabelIndex], 10, 32)
	attempt, err2 := strconv.ParseInt(pod.Labels[v1alpha1.LabelAttempt], 10, 32)
	if err1 != nil || err2 != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rank[pod.Status.PodIP] = launchspec.Status{
		JobUID: pod.Labels[v1alpha1.LabelJobUID], Set: pod.Labels[v1alpha1.LabelSet], Index: int32(index), Rank: int32(index),
		Attempt: int32(attempt), Phase: launchspec.PhaseRunning, StartedAt: ptr.To(time.Now()), FirstStepAt: ptr.To(time.Now()),
	}
}

// ServeHTTP answers as the launcher of the pod that was asked, ten steps a
// second after it started.
func (l *launchers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.asked.Add(1)
	address, _, err := net.SplitHostPort(r.Context().Value(http.LocalAddrContextKey).(net.Addr).String())
	l.mu.RLock()
	status, known := l.rank[address]
	l.mu.RUnlock()
	if err != nil || !known {
		http.NotFound(w, r)
		return
	}
	now := time.Now()
	status.Progress = &progress.Snapshot{
		Step: ptr.To(int64(now.Sub(*status.StartedAt).Seconds() * 10)), TotalSteps: ptr.To(int64(1_000_000)),
		Metrics: map[string]float64{"loss": 1 / (1 + now.Sub(l.begun).Seconds()), "accuracy": 0.5, "learning_rate": 1e-4}, Time: now,
	}
	_ = json.NewEncoder(w).Encode(status)
}
