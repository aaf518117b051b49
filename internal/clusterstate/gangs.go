package clusterstate

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/trainyard/trainyard/pkg/placement"
)

// Set is a number of pods with one template.
type Set struct {
	Name  string
	Count int32
	// Spec is the pod as it will be created, defaults and overhead included,
	// without the pin to its node. It is kept and must not change.
	Spec *corev1.PodSpec
}

// Assignment is a range of a set's pods on a node: First, First+1, … of Count
// pods, created in an attempt.
type Assignment struct {
	Set     string
	Node    string
	First   int32
	Count   int32
	Attempt int32
}

// Gang is a job that wants to run or does.
type Gang struct {
	ID string
	// UID and ResourceVersion are the job's, to ignore what is old.
	UID             types.UID
	ResourceVersion string

	Priority    int32
	Arrived     time.Time
	Preemptible bool
	Sets        []Set
	// Exclude are nodes that it is not to be placed on now.
	Exclude []string
	// Assignments are the places that it holds. Those of lost ranks are left out.
	Assignments []Assignment
	// Leaving says that it was told to go: its assignments count while their
	// pods exist.
	Leaving bool
	// YieldsTo, HoldUntil, EndsBy and Takes are those of placement.Gang.
	YieldsTo  string
	HoldUntil time.Time
	EndsBy    time.Time
	Takes     time.Duration
}

// gang is what is kept of a Gang.
type gang struct {
	Gang
	shapes  []*shape
	places  []place // in order of set and first
	exclude []*node
	dirty   bool
}

// place is an assignment, resolved.
type place struct {
	set, first, count, attempt int32
	node                       *node
}

// UpsertGang takes note of a gang. If it is not sound, the former one stays.
func (t *Tracker) UpsertGang(in Gang) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	former, next := t.gangs[in.ID], version{in.UID, in.ResourceVersion}
	if t.graves.hold(next) || (former != nil && !next.replaces(former.version())) {
		return nil
	}
	g, err := t.newGang(in, former)
	if err != nil {
		return fmt.Errorf("gang %q: %w", in.ID, err)
	}
	if former != nil {
		if former.UID != in.UID {
			t.graves.bury(former.UID, "")
		}
		t.releaseGang(former)
	}
	t.gangs[in.ID] = g
	t.settleRanks(in.ID)
	t.touchGang(g)
	return nil
}

// DeleteGang takes note that a gang is gone, has ended or is suspended, as of a
// revision: only a later one brings it back. Without uid and revision, the gang
// that is known is meant.
func (t *Tracker) DeleteGang(id string, uid types.UID, resourceVersion string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g, gone := t.gangs[id], version{uid, resourceVersion}
	if g != nil && uid == "" {
		gone = g.version()
	}
	if g == nil || g.UID != gone.uid {
		t.graves.bury(gone.uid, gone.revision)
		return
	}
	if g.version().replaces(gone) && g.ResourceVersion != "" {
		return
	}
	t.graves.bury(gone.uid, gone.revision)
	t.releaseGang(g)
	delete(t.gangs, id)
	t.settleRanks(id)
	t.gone = append(t.gone, id)
}

func (g *gang) version() version { return version{g.UID, g.ResourceVersion} }

// newGang resolves names. It holds its nodes and shapes only if it is sound.
func (t *Tracker) newGang(in Gang, former *gang) (*gang, error) {
	g := &gang{Gang: in}
	err := t.resolveSets(g, former)
	if err == nil {
		err = t.resolvePlaces(g)
	}
	for _, name := range in.Exclude {
		g.exclude = append(g.exclude, t.nodes.use(name))
	}
	if err == nil {
		value := t.value(g)
		err = value.Validate()
	}
	if err != nil {
		t.releaseGang(g)
		return nil, err
	}
	return g, nil
}

func (t *Tracker) resolveSets(g *gang, former *gang) error {
	for i, set := range g.Sets {
		if set.Spec == nil {
			return fmt.Errorf("sets[%d] %q: spec is missing", i, set.Name)
		}
		if former != nil && i < len(former.Sets) && former.Sets[i].Spec == set.Spec {
			former.shapes[i].uses++
			g.shapes = append(g.shapes, former.shapes[i])
			continue
		}
		sh, err := t.shapeOf(set.Spec)
		if err != nil {
			return fmt.Errorf("sets[%d] %q: %w", i, set.Name, err)
		}
		g.shapes = append(g.shapes, sh)
	}
	return nil
}

func (t *Tracker) resolvePlaces(g *gang) error {
	for i, a := range g.Assignments {
		set := slices.IndexFunc(g.Sets, func(s Set) bool { return s.Name == a.Set })
		if set < 0 {
			return fmt.Errorf("assignments[%d]: there is no set %q", i, a.Set)
		}
		g.places = append(g.places, place{
			set: int32(set), first: a.First, count: a.Count, attempt: a.Attempt, node: t.nodes.use(a.Node),
		})
	}
	slices.SortFunc(g.places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.set, b.set), cmp.Compare(a.first, b.first))
	})
	return nil
}

func (t *Tracker) releaseGang(g *gang) {
	for _, sh := range g.shapes {
		t.dropShape(sh)
	}
	for _, p := range g.places {
		t.nodes.release(p.node)
	}
	for _, n := range g.exclude {
		t.nodes.release(n)
	}
}

// settleRanks counts the pods of a gang anew.
func (t *Tracker) settleRanks(id string) {
	for _, pods := range t.ranked[id] {
		for _, p := range pods {
			t.settle(p)
		}
	}
}

// reservation is the shape of the place that the pod is at home at, or nil.
func (t *Tracker) reservation(p *pod) *shape {
	if p.rank == nil {
		return nil
	}
	g := t.gangs[p.rank.Gang]
	if g == nil || t.ranked[p.rank.Gang][*p.rank][0] != p {
		return nil
	}
	set := slices.IndexFunc(g.Sets, func(s Set) bool { return s.Name == p.rank.Set })
	at, found := slices.BinarySearchFunc(g.places, p.rank.Index, func(pl place, index int32) int {
		switch {
		case int(pl.set) != set:
			return cmp.Compare(int(pl.set), set)
		case pl.first+pl.count <= index:
			return -1
		case pl.first > index:
			return 1
		default:
			return 0
		}
	})
	if set < 0 || !found || g.places[at].node != p.node || g.places[at].attempt != p.rank.Attempt {
		return nil
	}
	return g.shapes[set]
}

func (t *Tracker) touchGang(g *gang) {
	if !g.dirty {
		g.dirty = true
		t.dirty = append(t.dirty, g)
	}
}

// touchLeaving notes that a pod came or went: what a leaving gang holds depends
// on that.
func (t *Tracker) touchLeaving(id string) {
	if g := t.gangs[id]; g != nil && g.Leaving {
		t.touchGang(g)
	}
}

// value is the gang for the planner.
func (t *Tracker) value(g *gang) placement.Gang {
	out := placement.Gang{
		ID: g.ID, Priority: g.Priority, Arrived: g.Arrived, Preemptible: g.Preemptible,
		Leaving: g.Leaving, YieldsTo: g.YieldsTo, HoldUntil: g.HoldUntil, EndsBy: g.EndsBy, Takes: g.Takes,
	}
	for i, set := range g.Sets {
		out.Sets = append(out.Sets, placement.Set{Name: set.Name, Shape: g.shapes[i].id, Count: set.Count})
	}
	for _, n := range g.exclude {
		out.Exclude = append(out.Exclude, n.id)
	}
	if g.Leaving {
		out.Held = t.remains(g)
		return out
	}
	for _, p := range g.places {
		out.Held = append(out.Held, placement.Run{Set: p.set, Node: p.node.id, First: p.first, Count: p.count})
	}
	return out
}

// remains are the places of a leaving gang whose pods are still there.
func (t *Tracker) remains(g *gang) []placement.Run {
	var out []placement.Run
	for _, pods := range t.ranked[g.ID] {
		if p := pods[0]; t.reservation(p) != nil {
			set := slices.IndexFunc(g.Sets, func(s Set) bool { return s.Name == p.rank.Set })
			out = append(out, placement.Run{Set: int32(set), Node: p.node.id, First: p.rank.Index, Count: 1})
		}
	}
	slices.SortFunc(out, func(a, b placement.Run) int {
		return cmp.Or(cmp.Compare(a.Set, b.Set), cmp.Compare(a.First, b.First))
	})
	return out
}
