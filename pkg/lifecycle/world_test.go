package lifecycle_test

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// world is a small model of a cluster around one job: nodes that die or are cut
// off and come back, kubelets, launchers, a scheduler (scheduler_test.go) and a
// controller that may die between any two steps (controller_test.go).
//
// Its program never fails by itself. It ends well once all ranks have worked
// together for long enough, and with an error when it has lost one of them.
type world struct {
	dice
	trouble
	now    time.Time
	job    lifecycle.Job
	record lifecycle.Record
	pods   map[string]*process
	nodes  map[string]*machine
	work   int
	done   map[int32]map[int]bool // the ranks that have ended well, by attempt
	// wrong is the first promise that was broken.
	wrong string
	// seen is the controller's own memory of leases, gone when it dies.
	seen map[string]renewal
}

type renewal struct{ renewed, seen time.Time }

// trouble is how often things go wrong: the first three in ten thousandths a
// second, a crash of the controller in percent of its steps.
type trouble struct{ kill, drain, evict, crash int }

// process is a pod and what runs in it.
type process struct {
	lifecycle.Pod
	child lifecycle.LauncherPhase // as it is; Pod.Launcher is what was heard
	code  int32
	ended time.Time
	told  int32     // the attempt that its launcher works for
	gives time.Time // when it gives up waiting for a peer; zero: it misses none
}

// machine is a node. A dead one runs nothing; from one that is cut off nothing
// is heard.
type machine struct {
	dead, cut bool
	since     time.Time
	renewed   time.Time
}

func (m *machine) silent() bool { return m.dead || m.cut }

func newWorld(seed uint64, job lifecycle.Job, t trouble) *world {
	w := &world{dice: roll(seed), trouble: t, now: start, job: job, work: 60,
		pods: map[string]*process{}, nodes: map[string]*machine{}, seen: map[string]renewal{}, done: map[int32]map[int]bool{}}
	for i := range job.Size() + 3 {
		w.nodes[fmt.Sprint("n", i)] = &machine{renewed: start}
	}
	w.record.Created = make([]int32, len(job.Sets))
	return w
}

// sorted gives maps an order, so that a seed always tells the same story.
func sorted[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

func (w *world) processes() []*process {
	out := make([]*process, 0, len(w.pods))
	for _, name := range sorted(w.pods) {
		out = append(out, w.pods[name])
	}
	return out
}

// tick lets a second pass: everybody acts, in any order.
func (w *world) tick() {
	w.now = w.now.Add(time.Second)
	actors := []func(){w.misfortune, w.kubelets, w.programs, w.schedule, w.control, w.control}
	w.Shuffle(len(actors), func(i, k int) { actors[i], actors[k] = actors[k], actors[i] })
	for _, act := range actors {
		act()
	}
	w.lookForTwins()
}

// lookForTwins finds two processes that hold one rank in one attempt.
func (w *world) lookForTwins() {
	holders := map[string]string{}
	for _, p := range w.processes() {
		if !w.works(p) {
			continue
		}
		rank := fmt.Sprintf("rank %d in attempt %d", p.Rank, p.told)
		if other := holders[rank]; other != "" {
			w.blame("%s and %s both hold %s", other, p.Name, rank)
		}
		holders[rank] = p.Name
	}
}

func (w *world) blame(format string, args ...any) {
	if w.wrong == "" {
		w.wrong = fmt.Sprintf("after %s: ", w.now.Sub(start)) + fmt.Sprintf(format, args...)
	}
}

func (w *world) misfortune() {
	bad := 0
	for _, name := range sorted(w.nodes) {
		m := w.nodes[name]
		if m.silent() {
			bad++
		}
		if m.silent() && w.now.Sub(m.since) > 3*time.Minute {
			w.comeBack(name, m)
		}
	}
	if bad == 0 && w.IntN(10000) < w.kill {
		m := w.nodes[fmt.Sprint("n", w.IntN(len(w.nodes)))]
		m.since, m.dead = w.now, w.chance(60)
		m.cut = !m.dead
	}
	if all := w.processes(); len(all) > 0 && w.IntN(10000) < w.drain {
		w.stop(all[w.IntN(len(all))])
	}
	if w.record.Placement.Placed() && w.record.End == nil && w.IntN(10000) < w.evict {
		w.record.Evicting = true
	}
}

// comeBack returns a node. The kubelet of one that was dead does not know how
// its pods ended.
func (w *world) comeBack(name string, m *machine) {
	for _, p := range w.processes() {
		if m.dead && p.Node == name && p.Phase <= lifecycle.Running {
			p.Phase, p.Cause, p.EndedAt, p.Launcher = lifecycle.Failed, lifecycle.CauseDisrupted, w.now, nil
		}
	}
	*m = machine{renewed: w.now}
}

// stop asks for a pod's deletion.
func (w *world) stop(p *process) {
	if !p.Deleting {
		p.Deleting, p.AskedToGo = true, w.now
	}
}

func (w *world) kubelets() {
	for _, m := range w.nodes {
		if !m.silent() && w.now.Sub(m.renewed) >= 10*time.Second {
			m.renewed = w.now
		}
	}
	for _, p := range w.processes() {
		w.kubelet(p)
	}
}

func (w *world) kubelet(p *process) {
	if p.Bound && w.nodes[p.Node].silent() {
		return
	}
	switch {
	case p.Deleting && (!p.Bound || p.Phase >= lifecycle.Succeeded):
		delete(w.pods, p.Name)
	case p.Deleting && w.chance(50):
		w.end(p, 0, true) // it stops cleanly
	case p.Deleting:
	case !p.Bound && w.chance(50):
		p.Bound = !w.nodes[p.Node].silent()
	case p.Bound && p.Phase == lifecycle.Pending && w.chance(50):
		p.Phase, p.Ready, p.told, p.child = lifecycle.Running, true, p.Attempt, lifecycle.LauncherRunning
	case p.Phase == lifecycle.Running && p.Instructed > p.told && w.chance(50):
		p.told, p.child, p.gives = p.Instructed, lifecycle.LauncherRunning, time.Time{}
	}
}

// works says whether a rank's program runs.
func (w *world) works(p *process) bool {
	return p.Phase == lifecycle.Running && p.child == lifecycle.LauncherRunning && !w.nodes[p.Node].dead
}

// programs lets the ranks of each attempt work, or notice that one is missing.
func (w *world) programs() {
	together := map[int32]int{}
	for _, p := range w.processes() {
		if w.works(p) && !w.nodes[p.Node].cut {
			together[p.told]++
		}
	}
	for attempt, ranks := range w.done {
		together[attempt] += len(ranks)
	}
	if together[w.record.Placement.Attempt] == w.job.Size() {
		w.work--
	}
	for _, p := range w.processes() {
		if w.works(p) {
			w.program(p, together[p.told] == w.job.Size() && !w.nodes[p.Node].cut)
		}
	}
}

func (w *world) program(p *process, whole bool) {
	switch {
	case whole && w.work <= 0 && p.told == w.record.Placement.Attempt && w.chance(50):
		w.end(p, 0, true)
	case whole:
		p.gives = time.Time{}
	case w.record.Ran < p.told: // it waits for the others to come up
	case p.gives.IsZero():
		p.gives = w.now.Add(time.Duration(w.IntN(20)) * time.Second)
	case w.now.After(p.gives):
		w.end(p, 1, !w.job.Launcher || w.chance(30))
	}
}

// end ends a program, and with it the pod unless the launcher lives on.
func (w *world) end(p *process, code int32, whole bool) {
	p.child, p.code, p.ended = lifecycle.LauncherExited, code, w.now
	if !whole || w.nodes[p.Node].silent() {
		return
	}
	p.Phase, p.Ready, p.ExitCode, p.EndedAt = lifecycle.Succeeded, false, code, w.now
	if code != 0 {
		p.Phase = lifecycle.Failed
	}
	if code == 0 && !p.Deleting {
		if w.done[p.told] == nil {
			w.done[p.told] = map[int]bool{}
		}
		w.done[p.told][p.Rank] = true
	}
	p.Launcher = nil
	if w.job.Launcher {
		p.Launcher = &lifecycle.Launcher{Attempt: p.told, Phase: lifecycle.LauncherExited, Contact: w.now}
	}
}
