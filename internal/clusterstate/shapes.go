package clusterstate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/trainyard/trainyard/pkg/placement"
)

// shape is what the pods of one or more sets have in common.
type shape struct {
	id       placement.ShapeID
	key      string
	uses     int
	requests []request
	ports    []port
	rules    rules
	// unplaced says that its host ports are not counted, and it fits nowhere.
	unplaced bool
	// unresolved says that it asks for what no node offers.
	unresolved bool
	req        placement.Vec
	// class says for each node why it is not eligible; nodes counts the classes.
	class    []uint16
	nodes    []int
	eligible placement.Bitset
	dirty    bool
}

// shapes holds each shape once.
type shapes struct {
	byKey map[string]*shape
	byID  []*shape // nil where free
	free  []placement.ShapeID
	dirty []*shape
	gone  []placement.ShapeID
	// classes are the reasons for not being eligible; the first is none.
	classes []string
	classID map[string]uint16
}

func newShapes() *shapes {
	return &shapes{
		byKey:   map[string]*shape{},
		classes: []string{"", classOther},
		classID: map[string]uint16{"": 0, classOther: 1},
	}
}

// shapeKey is equal for pods that ask for the same.
func shapeKey(spec *corev1.PodSpec, requests []request, ports []port) (string, error) {
	key := struct {
		Requests    []string
		Ports       []string
		Selector    map[string]string    `json:",omitempty"`
		Affinity    *corev1.NodeSelector `json:",omitempty"`
		Tolerations []corev1.Toleration  `json:",omitempty"`
	}{Selector: spec.NodeSelector, Tolerations: spec.Tolerations}
	for _, r := range requests {
		key.Requests = append(key.Requests, fmt.Sprintf("%s=%d", r.name, r.quantity))
	}
	for _, p := range ports {
		key.Ports = append(key.Ports, fmt.Sprintf("%s:%d/%s", p.ip, p.number, p.protocol))
	}
	if a := spec.Affinity; a != nil && a.NodeAffinity != nil {
		key.Affinity = a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	}
	out, err := json.Marshal(key)
	if err != nil {
		return "", fmt.Errorf("compare pod templates: %w", err)
	}
	return string(out), nil
}

// shapeOf is the shape of a pod, held for one more use.
func (t *Tracker) shapeOf(spec *corev1.PodSpec) (*shape, error) {
	requests, ports := requestsOf(&corev1.Pod{Spec: *spec}), portsOf(spec)
	key, err := shapeKey(spec, requests, ports)
	if err != nil {
		return nil, err
	}
	sh := t.shapes.byKey[key]
	if sh == nil {
		sh = t.newShape(key, spec, requests, ports)
	}
	sh.uses++
	return sh, nil
}

func (t *Tracker) newShape(key string, spec *corev1.PodSpec, requests []request, ports []port) *shape {
	sh := &shape{key: key, requests: requests, ports: ports, rules: rulesOf(spec)}
	added, ok := t.catalogue.follow(ports)
	sh.unplaced = !ok
	if added {
		t.recountPorts()
	}
	if last := len(t.shapes.free) - 1; last >= 0 {
		sh.id, t.shapes.free = t.shapes.free[last], t.shapes.free[:last]
		t.shapes.byID[sh.id] = sh
	} else {
		sh.id = placement.ShapeID(len(t.shapes.byID))
		t.shapes.byID = append(t.shapes.byID, sh)
	}
	t.shapes.byKey[key] = sh
	t.judgeAll(sh)
	return sh
}

// dropShape ends one use.
func (t *Tracker) dropShape(sh *shape) {
	if sh.uses--; sh.uses > 0 {
		return
	}
	delete(t.shapes.byKey, sh.key)
	t.shapes.byID[sh.id] = nil
	t.shapes.gone = append(t.shapes.gone, sh.id)
	if !sh.unplaced && t.catalogue.unfollow(sh.ports) {
		t.recountPorts()
	}
}

// judgeAll looks at every node.
func (t *Tracker) judgeAll(sh *shape) {
	amounts, whole := t.catalogue.resolve(sh.requests)
	if !sh.unplaced {
		amounts = t.catalogue.occupied(sh.ports, amounts)
	}
	sh.unresolved, sh.req = !whole, make(placement.Vec, t.catalogue.next)
	for _, a := range amounts {
		sh.req[a.resource] = a.quantity
	}
	sh.class, sh.nodes, sh.eligible = make([]uint16, len(t.nodes.byID)), nil, nil
	for _, n := range t.nodes.byID {
		if n != nil && n.object != nil {
			t.setClass(sh, n, t.judge(sh, n.object))
		}
	}
	t.shapes.touch(sh)
}

// judgeNode looks at one node for every shape.
func (t *Tracker) judgeNode(n *node) {
	for _, sh := range t.shapes.byID {
		if sh == nil {
			continue
		}
		var class string
		if n.object != nil {
			class = t.judge(sh, n.object)
		}
		if t.setClass(sh, n, class) {
			t.shapes.touch(sh)
		}
	}
}

func (t *Tracker) judge(sh *shape, object *corev1.Node) string {
	if sh.unplaced {
		return classHostPorts
	}
	if class := sh.rules.refusal(object); class != "" {
		return class
	}
	for _, r := range sh.requests {
		if _, offered := object.Status.Allocatable[r.name]; !offered {
			return classResource + string(r.name)
		}
	}
	return ""
}

// setClass notes why a node is not eligible, and tells whether that is news.
func (t *Tracker) setClass(sh *shape, n *node, reason string) bool {
	class := t.shapes.classOf(reason)
	for int(n.id) >= len(sh.class) {
		sh.class = append(sh.class, 0)
	}
	for int(class) >= len(sh.nodes) {
		sh.nodes = append(sh.nodes, 0)
	}
	eligible := n.object != nil && class == 0
	former := sh.class[n.id]
	if former == class && sh.eligible.Has(n.id) == eligible {
		return false
	}
	if former != 0 {
		sh.nodes[former]--
	}
	if class != 0 {
		sh.nodes[class]++
	}
	sh.class[n.id] = class
	if eligible {
		sh.eligible.Add(n.id)
	} else {
		sh.eligible.Remove(n.id)
	}
	return true
}

func (s *shapes) classOf(reason string) uint16 {
	id, ok := s.classID[reason]
	if !ok {
		if len(s.classes) >= maxClasses {
			return s.classOf(classOther)
		}
		id = uint16(len(s.classes))
		s.classes = append(s.classes, reason)
		s.classID[reason] = id
	}
	return id
}

func (s *shapes) touch(sh *shape) {
	if !sh.dirty {
		sh.dirty = true
		s.dirty = append(s.dirty, sh)
	}
}

// value is the shape for the planner.
func (s *shapes) value(sh *shape) placement.Shape {
	out := placement.Shape{ID: sh.id, Req: sh.req, Eligible: sh.eligible}
	for class, nodes := range sh.nodes {
		if nodes > 0 {
			out.Refused = append(out.Refused, placement.Refusal{Class: s.classes[class], Nodes: nodes})
		}
	}
	slices.SortFunc(out.Refused, func(a, b placement.Refusal) int { return strings.Compare(a.Class, b.Class) })
	return out
}
