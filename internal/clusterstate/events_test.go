package clusterstate

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/trainyard/trainyard/pkg/placement"
)

// history is what happened to some objects: events, and what is true at the end.
type history struct {
	rng      *rand.Rand
	revision int
	events   []func(*Tracker) error
	final    []func(*Tracker) error
}

// object gives an object a few lives of a few states each, all of one name.
func (h *history) object(kind string, put func(uid types.UID, revision string) func(*Tracker) error, remove func(types.UID, string) func(*Tracker) error) {
	lives := 1 + h.rng.IntN(2)
	for life := range lives {
		uid := types.UID(kind + "-" + strconv.Itoa(life))
		var last func(*Tracker) error
		for range 1 + h.rng.IntN(3) {
			h.revision++
			last = put(uid, strconv.Itoa(h.revision))
			h.events = append(h.events, last)
		}
		if life < lives-1 || h.rng.IntN(4) == 0 {
			h.revision++
			h.events = append(h.events, remove(uid, strconv.Itoa(h.revision)))
			last = nil
		}
		if last != nil {
			h.final = append(h.final, last)
		}
	}
}

func (h *history) node(name string) {
	h.object("node-"+name, func(uid types.UID, revision string) func(*Tracker) error {
		n := h.randomNode(name)
		n.UID, n.ResourceVersion = uid, revision
		return func(t *Tracker) error { t.UpsertNode(n); return nil }
	}, func(uid types.UID, _ string) func(*Tracker) error {
		return func(t *Tracker) error { t.DeleteNode(name, uid); return nil }
	})
}

func (h *history) randomNode(name string) *corev1.Node {
	n := makeNode(name, fmt.Sprintf("cpu=%d memory=4Gi pods=9", 2+h.rng.IntN(6)))
	if h.rng.IntN(3) == 0 {
		n.Status.Allocatable["example.com/gpu"] = resources("g=2")["g"]
	}
	if h.rng.IntN(4) == 0 {
		tainted("t"+strconv.Itoa(h.rng.IntN(2)), corev1.TaintEffectNoSchedule)(n)
	}
	if h.rng.IntN(8) == 0 {
		notReady(corev1.ConditionUnknown)(n)
	}
	for _, key := range []string{"block", "rack"} {
		if h.rng.IntN(3) > 0 {
			n.Labels[key] = strconv.Itoa(h.rng.IntN(2))
		}
	}
	return n
}

func (h *history) pod(name string, nodes, gangs int) {
	key := types.NamespacedName{Namespace: "ns", Name: name}
	h.object("pod-"+name, func(uid types.UID, revision string) func(*Tracker) error {
		p := makePod(name, "n"+strconv.Itoa(h.rng.IntN(nodes)), h.randomSpec())
		p.UID, p.ResourceVersion = uid, revision
		switch h.rng.IntN(6) {
		case 0:
			p.Status.Phase = corev1.PodSucceeded
		case 1:
			p.Spec.NodeName = ""
		case 2:
			p.DeletionTimestamp = &metav1.Time{Time: epoch}
		}
		if h.rng.IntN(2) == 0 {
			ofGang("g"+strconv.Itoa(h.rng.IntN(gangs)), "s0", h.rng.IntN(3), h.rng.IntN(2))(p)
		}
		return func(t *Tracker) error { t.UpsertPod(p); return nil }
	}, func(uid types.UID, _ string) func(*Tracker) error {
		return func(t *Tracker) error { t.DeletePod(key, uid); return nil }
	})
}

func (h *history) randomSpec() *corev1.PodSpec {
	s := spec(fmt.Sprintf("cpu=%d", 1+h.rng.IntN(2)))
	switch h.rng.IntN(7) {
	case 0:
		s.Containers[0].Resources.Requests["example.com/gpu"] = resources("g=1")["g"]
	case 1:
		withPort("", int32(80+h.rng.IntN(2)), corev1.ProtocolTCP)(s)
	case 2:
		withPort("10.0.0.1", 80, corev1.ProtocolTCP)(s)
	case 3:
		tolerating(corev1.Toleration{Key: "t0", Operator: corev1.TolerationOpExists})(s)
	case 4:
		selecting("rack", "1")(s)
	}
	return s
}

func (h *history) gang(id string, nodes, gangs int) {
	h.object("gang-"+id, func(uid types.UID, revision string) func(*Tracker) error {
		g := Gang{ID: id, UID: uid, ResourceVersion: revision, Priority: int32(h.rng.IntN(3)), Arrived: epoch, Preemptible: h.rng.IntN(2) == 0}
		for i := range 1 + h.rng.IntN(2) {
			g.Sets = append(g.Sets, Set{Name: "s" + strconv.Itoa(i), Count: 3, Spec: h.randomSpec()})
		}
		first := int32(0)
		for h.rng.IntN(3) > 0 && first < 3 {
			count := 1 + int32(h.rng.IntN(int(3-first)))
			g.Assignments = append(g.Assignments, Assignment{
				Set: "s0", Node: "n" + strconv.Itoa(h.rng.IntN(nodes)), First: first, Count: count, Attempt: int32(h.rng.IntN(2)),
			})
			first += count
		}
		if h.rng.IntN(4) == 0 {
			g.Exclude = []string{"n" + strconv.Itoa(h.rng.IntN(nodes))}
		}
		g.Leaving = len(g.Assignments) > 0 && h.rng.IntN(4) == 0
		if other := "g" + strconv.Itoa(h.rng.IntN(gangs)); h.rng.IntN(4) == 0 && other != id {
			g.YieldsTo = other
		}
		return func(t *Tracker) error { return t.UpsertGang(g) }
	}, func(uid types.UID, revision string) func(*Tracker) error {
		return func(t *Tracker) error { t.DeleteGang(id, uid, revision); return nil }
	})
}

// picture is what a tracker plans, in words, and what it counts.
type picture struct {
	Plan  Plan
	Words []string
	Used  map[string]map[string]int64
}

func (h *history) see(t *testing.T, tracker *Tracker, nodes int) picture {
	out := picture{Plan: decide(t, tracker), Used: map[string]map[string]int64{}}
	for i := range out.Plan.Decisions {
		out.Words = append(out.Words, tracker.Explain(&out.Plan.Decisions[i]))
	}
	for i := range nodes {
		name := "n" + strconv.Itoa(i)
		if n := tracker.nodes.byName[name]; n != nil && n.object != nil {
			out.Used[name] = tracker.usedOn(name)
		}
	}
	return out
}

// TestAnyOrderOfEvents gives events in a random order, some of them twice, with
// plans in between, and compares with a tracker that saw only what is true at
// the end.
func TestAnyOrderOfEvents(t *testing.T) {
	for seed := range uint64(400) {
		if !anyOrderOfEvents(t, rand.New(rand.NewPCG(seed, 4))) {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzAnyOrderOfEvents(f *testing.F) {
	f.Add(uint64(1), uint64(1))
	f.Fuzz(func(t *testing.T, a, b uint64) { anyOrderOfEvents(t, rand.New(rand.NewPCG(a, b))) })
}

func anyOrderOfEvents(t *testing.T, rng *rand.Rand) bool {
	h := &history{rng: rng}
	nodes, pods, gangs := 1+rng.IntN(5), rng.IntN(10), 1+rng.IntN(5)
	for i := range nodes {
		h.node("n" + strconv.Itoa(i))
	}
	for i := range pods {
		h.pod("p"+strconv.Itoa(i), nodes, gangs)
	}
	for i := range gangs {
		h.gang("g"+strconv.Itoa(i), nodes, gangs)
	}
	live, settled := newTracker(), newTracker()
	for range rng.IntN(len(h.events)) {
		h.events = append(h.events, h.events[rng.IntN(len(h.events))])
	}
	rng.Shuffle(len(h.events), func(i, j int) { h.events[i], h.events[j] = h.events[j], h.events[i] })
	for _, event := range h.events {
		if err := event(live); err != nil {
			t.Fatal(err)
		}
		if rng.IntN(4) == 0 {
			decide(t, live)
		}
	}
	for _, event := range h.final {
		if err := event(settled); err != nil {
			t.Fatal(err)
		}
	}
	got, want := h.see(t, live, nodes), h.see(t, settled, nodes)
	if !reflect.DeepEqual(want.Words, got.Words) || !reflect.DeepEqual(want.Used, got.Used) ||
		!cmp.Equal(want.Plan, got.Plan, cmpopts.IgnoreUnexported(Decision{})) {
		t.Errorf("(-what is true +after all events):\n%s", cmp.Diff(want, got, cmpopts.IgnoreUnexported(Decision{})))
		return false
	}
	return true
}

// TestNothingIsLeft deletes everything that ever was.
func TestNothingIsLeft(t *testing.T) {
	tracker := newTracker()
	for round := range 20 {
		h := &history{rng: rand.New(rand.NewPCG(uint64(round), 5)), revision: 1000 * round}
		suffix := strconv.Itoa(round)
		h.node("n0" + suffix)
		h.pod("p0"+suffix, 3, 3)
		h.gang("g0"+suffix, 3, 3)
		for _, event := range h.events {
			if err := event(tracker); err != nil {
				t.Fatal(err)
			}
			decide(t, tracker)
		}
		tracker.DeleteNode("n0"+suffix, "")
		tracker.DeletePod(types.NamespacedName{Namespace: "ns", Name: "p0" + suffix}, "")
		tracker.DeleteGang("g0"+suffix, "", "")
		decide(t, tracker)
	}
	decide(t, tracker)
	for what, n := range map[string]int{
		"nodes": len(tracker.nodes.byName), "pods": len(tracker.pods), "gangs": len(tracker.gangs),
		"shapes": len(tracker.shapes.byKey), "ranked": len(tracker.ranked), "ported": len(tracker.ported),
		"unresolved": len(tracker.unresolved), "host ports": len(tracker.catalogue.ports),
	} {
		if n != 0 {
			t.Errorf("%s: %d are left", what, n)
		}
	}
	if nodes := len(tracker.nodes.byID); nodes > 10 {
		t.Errorf("%d numbers were given to nodes, of which a few at a time exist", nodes)
	}
}

func TestUpsertGangRefuses(t *testing.T) {
	place := func(set, node string, first, count int32) Assignment {
		return Assignment{Set: set, Node: node, First: first, Count: count}
	}
	tests := []struct {
		name string
		edit func(*Gang)
		want string
	}{
		{"no spec", func(g *Gang) { g.Sets[0].Spec = nil }, `gang "g": sets[0] "worker": spec is missing`},
		{"no pods", func(g *Gang) { g.Sets[0].Count = 0 }, `gang "g": sets[0] "worker": count 0 is not positive`},
		{"no sets", func(g *Gang) { g.Sets = nil }, `gang "g": sets: 0 pods in all are outside of [1, 8192]`},
		{"a place of no set", func(g *Gang) { g.Assignments = []Assignment{place("x", "n", 0, 1)} }, `gang "g": assignments[0]: there is no set "x"`},
		{"a place beyond its set", func(g *Gang) { g.Assignments = []Assignment{place("worker", "n", 2, 2)} }, `gang "g": held[0]: 2 pods from 2 are outside of set "worker" of 3`},
		{"a rank placed twice", func(g *Gang) { g.Assignments = []Assignment{place("worker", "m", 1, 2), place("worker", "n", 0, 2)} }, `gang "g": held: pod 1 of set "worker" is held twice`},
		{"yields to itself", func(g *Gang) { g.YieldsTo = "g" }, `gang "g": yieldsTo "g": a gang cannot yield to itself`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tracker := newTracker(makeNode("n", "cpu=9 pods=9"))
			g := makeGang("g", 3, spec("cpu=1"))
			test.edit(&g)
			if err := tracker.UpsertGang(g); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if plan := decide(t, tracker); len(plan.Decisions) != 0 {
				t.Errorf("something is decided all the same: %+v", plan)
			}
			if n := len(tracker.shapes.byKey) + len(tracker.nodes.byName); n != 1 {
				t.Errorf("%d shapes and nodes are held, of which only the node should be", n)
			}
		})
	}
}

// TestASuspendedGangComesBack deletes a gang as of a revision.
func TestASuspendedGangComesBack(t *testing.T) {
	tracker := newTracker(makeNode("n", "cpu=9 pods=9"))
	g := makeGang("g", 1, spec("cpu=1"))
	put := func(revision string, want int) {
		t.Helper()
		g.ResourceVersion = revision
		if err := tracker.UpsertGang(g); err != nil {
			t.Fatal(err)
		}
		if plan := decide(t, tracker); len(plan.Decisions) != want {
			t.Errorf("revision %s: got %d decisions, want %d", revision, len(plan.Decisions), want)
		}
	}
	put("5", 1)
	tracker.DeleteGang("g", g.UID, "4")
	put("5", 1) // suspended before, not after
	tracker.DeleteGang("g", g.UID, "7")
	put("6", 0)
	put("7", 0)
	put("8", 1)
}

// TestARefusedChangeIsNotForgotten makes the planner refuse once.
func TestARefusedChangeIsNotForgotten(t *testing.T) {
	tracker := newTracker(makeGang("g", 1, spec("cpu=1")), makeNode("n", "cpu=9 pods=9"))
	n := tracker.nodes.byName["n"]
	alloc := n.alloc
	n.alloc = placement.Vec{-1}
	if _, err := tracker.Decide(epoch); err == nil {
		t.Fatal("a node with less than nothing is planned with")
	}
	n.alloc = alloc
	if d := decide(t, tracker).Decisions[0]; d.Verb != placement.Admit {
		t.Errorf("got %v: %s", d.Verb, tracker.Explain(&d))
	}
}

// TestTogether has events and plans come from several goroutines.
func TestTogether(t *testing.T) {
	tracker := newTracker()
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			h := &history{rng: rand.New(rand.NewPCG(uint64(i), 8))}
			for k := range 5 {
				h.node("n" + strconv.Itoa(k))
				h.pod("p"+strconv.Itoa(k), 5, 5)
				h.gang("g"+strconv.Itoa(k), 5, 5)
			}
			for _, event := range h.events {
				if err := event(tracker); err != nil {
					t.Error(err)
				}
				plan, err := tracker.Decide(epoch)
				if err != nil {
					t.Error(err)
				}
				for i := range plan.Decisions {
					tracker.Explain(&plan.Decisions[i])
				}
			}
		})
	}
	all.Wait()
}
