package clusterstate

import (
	"fmt"
	"runtime"
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

const (
	benchNodes = 5000
	benchPods  = 10 // a node
)

// large is a tracker of 5000 nodes, 50 000 pods, half of them of 500 running
// gangs, and 200 gangs of 20 shapes that wait for whole nodes.
func large(b *testing.B) *Tracker {
	b.Helper()
	t := newTracker()
	for i := range benchNodes {
		t.UpsertNode(benchNode(i))
		for k := range benchPods {
			t.UpsertPod(benchPod(i, k))
		}
	}
	for i := range 500 {
		g := makeGang("run"+strconv.Itoa(i), 50, spec("cpu=1 memory=1Gi"))
		for k := range 10 {
			g.Assignments = append(g.Assignments, Assignment{Set: "worker", Node: "n" + strconv.Itoa(i*10+k), First: int32(5 * k), Count: 5})
		}
		upsert(b, t, g)
	}
	for i := range 200 {
		upsert(b, t, makeGang("wait"+strconv.Itoa(i), 64, spec(fmt.Sprintf("cpu=%d memory=1Gi nvidia.com/gpu=8", 1+i%20))))
	}
	decide(b, t)
	return t
}

func benchNode(i int) *corev1.Node {
	return makeNode("n"+strconv.Itoa(i), "cpu=64 memory=512Gi ephemeral-storage=1Ti pods=110 nvidia.com/gpu=8",
		labelled("block", strconv.Itoa(i/320)), labelled("rack", strconv.Itoa(i/16)))
}

func benchPod(node, k int) *corev1.Pod {
	p := makePod(fmt.Sprintf("p%d-%d", node, k), "n"+strconv.Itoa(node), spec("cpu=1 memory=1Gi"))
	if k == benchPods-1 {
		p.Spec = *spec("cpu=1 memory=1Gi nvidia.com/gpu=1")
		p.Spec.NodeName = "n" + strconv.Itoa(node)
	}
	if k < benchPods/2 {
		ofGang("run"+strconv.Itoa(node/10), "worker", node%10*5+k, 0)(p)
	}
	return p
}

func upsert(b *testing.B, t *Tracker, g Gang) {
	b.Helper()
	if err := t.UpsertGang(g); err != nil {
		b.Fatal(err)
	}
}

// revisions numbers what the benchmarks change.
var revisions = 1

func revise(version *string) {
	revisions++
	*version = strconv.Itoa(revisions)
}

func BenchmarkPodEvent(b *testing.B) {
	t := large(b)
	var pods []*corev1.Pod
	for i := range 1000 {
		pods = append(pods, benchPod(i, i%benchPods))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p := *pods[i%len(pods)] // an event brings an object of its own
		revise(&p.ResourceVersion)
		t.UpsertPod(&p)
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(b.N), "us/event")
}

func BenchmarkPodEventTwice(b *testing.B) {
	t, p := large(b), benchPod(7, 7)
	b.ReportAllocs()
	for b.Loop() {
		t.UpsertPod(p)
	}
}

func BenchmarkNodeEvent(b *testing.B) {
	t := large(b)
	var nodes []*corev1.Node
	for i := range 1000 {
		nodes = append(nodes, benchNode(i))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		n := *nodes[i%len(nodes)]
		revise(&n.ResourceVersion)
		t.UpsertNode(&n)
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(b.N), "us/event")
}

func BenchmarkNodeTainted(b *testing.B) {
	t := large(b)
	plain, faulty := benchNode(7), benchNode(7)
	tainted("fault", corev1.TaintEffectNoSchedule)(faulty)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		n := *plain
		if i%2 == 0 {
			n = *faulty
		}
		revise(&n.ResourceVersion)
		t.UpsertNode(&n)
	}
}

func BenchmarkDecideAfterPodEvent(b *testing.B) {
	t := large(b)
	p := benchPod(7, 7)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		next := *p
		revise(&next.ResourceVersion)
		next.Status.Phase = []corev1.PodPhase{corev1.PodRunning, corev1.PodSucceeded}[i%2]
		t.UpsertPod(&next)
		decide(b, t)
	}
	b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N), "ms/plan")
}

// BenchmarkMemory reports what a tracker keeps of a pod, beside the object.
func BenchmarkMemory(b *testing.B) {
	var before, after runtime.MemStats
	for b.Loop() {
		pods := make([]*corev1.Pod, 0, benchNodes*benchPods)
		for i := range benchNodes {
			for k := range benchPods {
				pods = append(pods, benchPod(i, k))
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&before)
		t := newTracker()
		for _, p := range pods {
			t.UpsertPod(p)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(len(pods)), "B/pod")
		runtime.KeepAlive(pods)
		runtime.KeepAlive(t)
	}
}
