package clusterstate

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"

	"github.com/trainyard/trainyard/pkg/placement"
)

// node is a node, or the name of one that pods or gangs speak of.
type node struct {
	id      placement.NodeID
	name    string
	version version
	object  *corev1.Node // nil while there is none
	path    []string
	alloc   placement.Vec
	used    placement.Vec
	uses    int // pods and gangs that speak of it
	dirty   bool
}

// nodes numbers the nodes.
type nodes struct {
	byName map[string]*node
	byID   []*node // nil where free
	free   []placement.NodeID
	dirty  []*node
}

// UpsertNode takes note of a node. The object is kept and must not change.
func (t *Tracker) UpsertNode(object *corev1.Node) {
	t.mu.Lock()
	defer t.mu.Unlock()
	next := version{object.UID, object.ResourceVersion}
	if t.graves.hold(next) {
		return
	}
	n := t.nodes.named(object.Name)
	if n.object != nil {
		if !next.replaces(n.version) {
			return
		}
		if next.uid != n.version.uid {
			t.graves.bury(n.version.uid, "")
		}
	}
	former := n.object
	n.object, n.version = object, next
	if t.catalogue.offer(object.Status.Allocatable) {
		t.resolve()
	}
	n.alloc = t.catalogue.allocatable(object.Status.Allocatable)
	n.path = t.pathOf(object)
	if former == nil || !sameRules(former, object) {
		t.judgeNode(n)
	}
	t.nodes.touch(n)
}

// DeleteNode takes note that a node is gone. Without a uid, the one that is
// known is meant.
func (t *Tracker) DeleteNode(name string, uid types.UID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.nodes.byName[name]
	known := n != nil && n.object != nil
	if known && uid == "" {
		uid = n.version.uid
	}
	t.graves.bury(uid, "")
	if !known || n.version.uid != uid {
		return
	}
	n.object, n.version, n.alloc, n.path = nil, version{}, nil, nil
	t.judgeNode(n)
	t.nodes.touch(n)
}

// sameRules tells whether every pod would judge the two alike.
func sameRules(a, b *corev1.Node) bool {
	return a.Spec.Unschedulable == b.Spec.Unschedulable &&
		maps.Equal(a.Labels, b.Labels) &&
		maps.EqualFunc(a.Status.Allocatable, b.Status.Allocatable, func(_, _ resource.Quantity) bool { return true }) &&
		equality.Semantic.DeepEqual(a.Spec.Taints, b.Spec.Taints)
}

// resolve judges anew what nobody offered until now.
func (t *Tracker) resolve() {
	for _, sh := range t.shapes.byID {
		if sh != nil && sh.unresolved {
			t.judgeAll(sh)
		}
	}
	for p := range maps.Clone(t.unresolved) {
		t.settle(p)
	}
}

func (t *Tracker) pathOf(object *corev1.Node) []string {
	var path []string
	for _, label := range t.options.TopologyLabels {
		value, ok := object.Labels[label]
		if !ok {
			break
		}
		path = append(path, value)
	}
	return path
}

// named is the node of that name, numbered if it is new.
func (s *nodes) named(name string) *node {
	if n := s.byName[name]; n != nil {
		return n
	}
	n := &node{name: name}
	if last := len(s.free) - 1; last >= 0 {
		n.id, s.free = s.free[last], s.free[:last]
		s.byID[n.id] = n
	} else {
		n.id = placement.NodeID(len(s.byID))
		s.byID = append(s.byID, n)
	}
	s.byName[name] = n
	return n
}

// use is the node of that name, which somebody speaks of from now on.
func (s *nodes) use(name string) *node {
	n := s.named(name)
	n.uses++
	return n
}

// release ends a use.
func (s *nodes) release(n *node) {
	if n.uses--; n.uses == 0 && n.object == nil {
		s.touch(n)
	}
}

// forget frees the number of a node that nobody speaks of.
func (s *nodes) forget(n *node) {
	delete(s.byName, n.name)
	s.byID[n.id] = nil
	s.free = append(s.free, n.id)
}

func (s *nodes) touch(n *node) {
	if !n.dirty {
		n.dirty = true
		s.dirty = append(s.dirty, n)
	}
}

// add changes what is used on the node.
func (n *node) add(amounts []amount, sign int64) {
	for _, a := range amounts {
		if short := int(a.resource) + 1 - len(n.used); short > 0 {
			n.used = append(n.used, make(placement.Vec, short)...)
		}
		n.used[a.resource] += sign * a.quantity
	}
}

// value is the node for the planner.
func (n *node) value() placement.Node {
	return placement.Node{
		ID: n.id, Name: n.name, Path: n.path, Alloc: n.alloc, Used: clamped(n.used), Health: health(n.object),
	}
}

// clamped keeps sums within the planner's bounds.
func clamped(v placement.Vec) placement.Vec {
	if slices.ContainsFunc(v, func(q int64) bool { return q > placement.MaxQuantity }) {
		v = slices.Clone(v)
		for i := range v {
			v[i] = min(v[i], placement.MaxQuantity)
		}
	}
	return v
}
