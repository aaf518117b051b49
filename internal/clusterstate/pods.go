package clusterstate

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/trainyard/trainyard/internal/podphase"
)

// pod is what is kept of a pod.
type pod struct {
	name    string
	version version
	// node is where it takes room. Without one there is none of the rest.
	node *node
	// requests and ports are what it asks for, applied what of it is counted on
	// its node.
	requests []request
	ports    []port
	applied  []amount
	rank     *Rank
}

// UpsertPod takes note of a pod, of a gang or not.
func (t *Tracker) UpsertPod(object *corev1.Pod) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := types.NamespacedName{Namespace: object.Namespace, Name: object.Name}
	next := version{object.UID, object.ResourceVersion}
	if t.graves.hold(next) {
		return
	}
	former := t.pods[key]
	if former != nil {
		if !next.replaces(former.version) {
			return
		}
		if next.uid != former.version.uid {
			t.graves.bury(former.version.uid, "")
		}
		t.removePod(former)
	}
	p := &pod{name: object.Name, version: next}
	t.pods[key] = p
	name := occupied(object)
	if name == "" {
		return // what has ended is known for its version alone
	}
	p.node = t.nodes.use(name)
	p.requests, p.ports = requestsOf(object), portsOf(&object.Spec)
	if rank, ours := t.options.RankOf(object); ours {
		p.rank = &rank
	}
	t.enlist(p)
	if p.rank == nil {
		t.settle(p)
	}
}

// DeletePod takes note that a pod is gone. Without a uid, the one that is known
// is meant.
func (t *Tracker) DeletePod(key types.NamespacedName, uid types.UID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.pods[key]
	if p != nil && uid == "" {
		uid = p.version.uid
	}
	t.graves.bury(uid, "")
	if p == nil || p.version.uid != uid {
		return
	}
	t.removePod(p)
	delete(t.pods, key)
}

// occupied is the node that a pod takes room on, or will: the scheduler keeps a
// nominated pod's room. A pod that ended takes none.
func occupied(object *corev1.Pod) string {
	switch {
	case podphase.Ended(object):
		return ""
	case object.Spec.NodeName != "":
		return object.Spec.NodeName
	default:
		return object.Status.NominatedNodeName
	}
}

// enlist puts the pod where it is looked for.
func (t *Tracker) enlist(p *pod) {
	if len(p.ports) > 0 {
		t.ported[p] = struct{}{}
	}
	if p.rank == nil {
		return
	}
	ranks := t.ranked[p.rank.Gang]
	if ranks == nil {
		ranks = map[Rank][]*pod{}
		t.ranked[p.rank.Gang] = ranks
	}
	at, _ := slices.BinarySearchFunc(ranks[*p.rank], p, byName)
	ranks[*p.rank] = slices.Insert(ranks[*p.rank], at, p)
	t.rankChanged(*p.rank)
}

// rankChanged sees to what depends on which pods a rank has. There should be
// one; of several the first by name is taken for it, the rest count in full.
func (t *Tracker) rankChanged(rank Rank) {
	for _, p := range t.ranked[rank.Gang][rank] {
		t.settle(p)
	}
	t.touchLeaving(rank.Gang)
}

func byName(a, b *pod) int { return strings.Compare(a.name, b.name) }

func (t *Tracker) removePod(p *pod) {
	t.unsettle(p)
	delete(t.ported, p)
	delete(t.unresolved, p)
	if p.node != nil {
		t.nodes.release(p.node)
	}
	if p.rank == nil {
		return
	}
	ranks, rank := t.ranked[p.rank.Gang], *p.rank
	ranks[rank] = slices.DeleteFunc(ranks[rank], func(o *pod) bool { return o == p })
	if len(ranks[rank]) == 0 {
		delete(ranks, rank)
	}
	if len(ranks) == 0 {
		delete(t.ranked, rank.Gang)
	}
	t.rankChanged(rank)
}

// settle counts what the pod takes on its node: all of it, or, at the assigned
// place of its rank, what goes beyond the place's reservation.
func (t *Tracker) settle(p *pod) {
	if p.node == nil {
		return
	}
	t.unsettle(p)
	amounts, whole := t.catalogue.resolve(p.requests)
	amounts = t.catalogue.occupied(p.ports, amounts)
	if whole {
		delete(t.unresolved, p)
	} else {
		t.unresolved[p] = struct{}{}
	}
	if sh := t.reservation(p); sh != nil {
		amounts = beyond(amounts, sh)
	}
	p.applied = amounts
	p.node.add(amounts, +1)
	t.nodes.touch(p.node)
}

func (t *Tracker) unsettle(p *pod) {
	if len(p.applied) > 0 {
		p.node.add(p.applied, -1)
		t.nodes.touch(p.node)
		p.applied = nil
	}
}

// recountPorts counts the pods with host ports anew.
func (t *Tracker) recountPorts() {
	for p := range t.ported {
		t.settle(p)
	}
}

// beyond is what amounts have more than a shape.
func beyond(amounts []amount, sh *shape) []amount {
	var out []amount
	for _, a := range amounts {
		if int(a.resource) < len(sh.req) {
			a.quantity -= sh.req[a.resource]
		}
		if a.quantity > 0 {
			out = append(out, a)
		}
	}
	return out
}
