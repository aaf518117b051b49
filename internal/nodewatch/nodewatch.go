// Package nodewatch keeps a judgement on the life of every node, from its
// object, its lease and the launchers that run on it, and says when one
// changes. The judging itself is lifecycle.JudgeNode; this package gathers what
// it looks at, once a second.
package nodewatch

import (
	"context"
	"fmt"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/trainyard/trainyard/internal/rankwatch"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

const every = time.Second

// Contacts tells when the launchers on each node last answered.
type Contacts interface {
	Nodes() map[string]rankwatch.NodeContact
}

// Watcher judges nodes. Create it with New, run it with Start.
type Watcher struct {
	reader   client.Reader
	contacts Contacts
	clock    clock.WithTicker
	changed  func(node string)

	leases map[string]renewal // used by Judge alone

	mu    sync.RWMutex
	nodes map[string]lifecycle.Node
}

// renewal is the last renewal of a lease, and when it was seen here. Ages are
// measured from the second: a node's clock may differ from ours.
type renewal struct {
	renewed time.Time
	seen    time.Time
}

// New returns a Watcher that reads Nodes and Leases from reader, which should
// be a cache, and calls changed for each node whose health changed.
func New(reader client.Reader, contacts Contacts, clk clock.WithTicker, changed func(node string)) *Watcher {
	return &Watcher{reader: reader, contacts: contacts, clock: clk, changed: changed, leases: map[string]renewal{}}
}

// Start judges until the context ends. It implements manager.Runnable.
func (w *Watcher) Start(ctx context.Context) error {
	ticker := w.clock.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := w.Judge(ctx); err != nil && ctx.Err() == nil {
			log.FromContext(ctx).Error(err, "nodes keep the health they had")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C():
		}
	}
}

// Node returns the judgement on a node; one that was never seen is removed,
// unless nothing has been judged yet.
func (w *Watcher) Node(name string) lifecycle.Node {
	w.mu.RLock()
	defer w.mu.RUnlock()
	n, seen := w.nodes[name]
	if !seen && w.nodes != nil {
		return lifecycle.JudgeNode(w.clock.Now(), lifecycle.NodeSigns{}, false)
	}
	return n
}

// Judge looks at every node once.
func (w *Watcher) Judge(ctx context.Context) error {
	signs, err := w.gather(ctx)
	if err != nil {
		return err
	}
	now := w.clock.Now()
	quiet := suspectControlPlane(now, signs)
	next := make(map[string]lifecycle.Node, len(signs))
	for name, s := range signs {
		next[name] = lifecycle.JudgeNode(now, s, quiet)
	}
	w.publish(next)
	return nil
}

// suspectControlPlane says whether too many nodes fell silent at once. Those
// that have been out for long do not speak for any other.
func suspectControlPlane(now time.Time, signs map[string]lifecycle.NodeSigns) bool {
	late, nodes := 0, 0
	for _, s := range signs {
		if s.Unready && now.Sub(s.UnreadySince) >= lifecycle.UnreachableForLong {
			continue
		}
		nodes++
		if !s.LeaseRenewed.IsZero() && now.Sub(s.LeaseRenewed) >= lifecycle.LeaseLate {
			late++
		}
	}
	return lifecycle.Quiet(late, nodes)
}

// publish replaces the judgements and tells of those that differ.
func (w *Watcher) publish(next map[string]lifecycle.Node) {
	w.mu.Lock()
	last := w.nodes
	w.nodes = next
	w.mu.Unlock()
	for name, n := range next {
		was, known := last[name]
		if was.Health != n.Health || (!known && last != nil) {
			w.changed(name) // until now, Node called an unknown one removed
		}
	}
	for name := range last {
		if _, still := next[name]; !still {
			w.changed(name)
		}
	}
}

// gather reads the signs of every node.
func (w *Watcher) gather(ctx context.Context) (map[string]lifecycle.NodeSigns, error) {
	var nodes corev1.NodeList
	if err := w.reader.List(ctx, &nodes, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing nodes: %w", err)
	}
	var leases coordinationv1.LeaseList
	if err := w.reader.List(ctx, &leases, client.InNamespace(corev1.NamespaceNodeLease), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing the nodes' leases: %w", err)
	}
	contacts := w.contacts.Nodes()
	signs := make(map[string]lifecycle.NodeSigns, len(nodes.Items))
	unknown := map[string]time.Time{}
	for i := range nodes.Items {
		n := &nodes.Items[i]
		signs[n.Name] = nodeSigns(n, contacts)
		if c := ready(n); c != nil && c.Status == corev1.ConditionUnknown {
			unknown[n.Name] = c.LastTransitionTime.Time
		}
	}
	w.renew(leases.Items, unknown)
	for name, s := range signs {
		if r, leased := w.leases[name]; leased {
			s.LeaseRenewed = r.seen
			signs[name] = s
		}
	}
	return signs, nil
}

// renew notes which leases were renewed since the last look. A lease that is
// seen for the first time was renewed now, as far as is known here; but not if
// the control plane has missed its renewals: unknown says since when.
func (w *Watcher) renew(leases []coordinationv1.Lease, unknown map[string]time.Time) {
	now := w.clock.Now()
	next := make(map[string]renewal, len(leases))
	for i := range leases {
		l := &leases[i]
		if l.Spec.RenewTime == nil {
			continue
		}
		r := renewal{renewed: l.Spec.RenewTime.Time, seen: now}
		last, known := w.leases[l.Name]
		since, missed := unknown[l.Name]
		switch {
		case known && last.renewed.Equal(r.renewed):
			r.seen = last.seen
		case !known && missed && since.Before(now):
			r.seen = since
		}
		next[l.Name] = r
	}
	w.leases = next
}

func nodeSigns(n *corev1.Node, contacts map[string]rankwatch.NodeContact) lifecycle.NodeSigns {
	s := lifecycle.NodeSigns{Exists: true}
	for i := range n.Spec.Taints {
		if n.Spec.Taints[i].Key == corev1.TaintNodeOutOfService {
			s.OutOfService = true
		}
	}
	if c := ready(n); c != nil && c.Status != corev1.ConditionTrue {
		s.Unready, s.UnreadySince = true, c.LastTransitionTime.Time
	}
	if c, known := contacts[n.Name]; known {
		s.Launchers, s.Silent, s.LastAnswer = true, c.Silent, c.Last
	}
	return s
}

// ready is the node's Ready condition; nil if it has none.
func ready(n *corev1.Node) *corev1.NodeCondition {
	for i := range n.Status.Conditions {
		if n.Status.Conditions[i].Type == corev1.NodeReady {
			return &n.Status.Conditions[i]
		}
	}
	return nil
}
