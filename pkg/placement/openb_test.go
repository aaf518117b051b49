package placement

import (
	"cmp"
	"embed"
	"encoding/csv"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// trace is a cluster and the tasks that came to it; see testdata/openb.
type trace struct {
	snapshot Snapshot
	tasks    []task
}

// task is a gang of one pod with its time of arrival and departure, in seconds.
type task struct {
	gang          Gang
	gpus          int64
	created, gone int64
}

//go:embed testdata/openb/*.csv
var files embed.FS

func readCSV(t testing.TB, name string) [][]string {
	t.Helper()
	f, err := files.Open("testdata/openb/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

func number(t testing.TB, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func openb(t testing.TB) *trace {
	t.Helper()
	tr := &trace{snapshot: Snapshot{Resources: []Resource{
		{ID: 0, Name: "cpu", Unit: Milli}, {ID: 1, Name: "memory", Unit: Bytes}, {ID: 2, Name: "nvidia.com/gpu"}, {ID: 3, Name: "pods"},
	}}}
	models := map[string]Bitset{}
	for i, row := range readCSV(t, "nodes.csv") {
		id := NodeID(i)
		tr.snapshot.Nodes = append(tr.snapshot.Nodes, Node{
			ID: id, Name: "n" + strconv.Itoa(10000+i),
			Alloc: Vec{number(t, row[0]), number(t, row[1]) << 20, number(t, row[2]), 110},
		})
		for _, key := range []string{"", row[3]} {
			set := models[key]
			set.Add(id)
			models[key] = set
		}
	}
	shapes := map[string]ShapeID{}
	for i, row := range readCSV(t, "pods.csv") {
		key := strings.Join(row[:4], " ")
		id, known := shapes[key]
		if !known {
			id = ShapeID(len(shapes))
			shapes[key] = id
			req := Vec{number(t, row[0]), number(t, row[1]) << 20, number(t, row[2]), 1}
			tr.snapshot.Shapes = append(tr.snapshot.Shapes, Shape{ID: id, Req: req, Eligible: union(models, row[3])})
		}
		g := job("t"+strconv.Itoa(10000+i), id, 1)
		g.Arrived = epoch.Add(time.Duration(number(t, row[4])) * time.Second)
		tr.tasks = append(tr.tasks, task{g, number(t, row[2]), number(t, row[4]), number(t, row[5])})
	}
	return tr
}

// union is the nodes of any of the models.
func union(models map[string]Bitset, names string) Bitset {
	var out Bitset
	for _, name := range strings.Split(names, "|") {
		for n := range NodeID(len(models[""]) * 64) {
			if models[name].Has(n) {
				out.Add(n)
			}
		}
	}
	return out
}

// moment is a task that comes or goes.
type moment struct {
	at   int64
	task int
	gone bool
}

func (tr *trace) moments() []moment {
	var out []moment
	for i := range tr.tasks {
		out = append(out, moment{tr.tasks[i].created, i, false}, moment{tr.tasks[i].gone, i, true})
	}
	slices.SortStableFunc(out, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	return out
}

// replayed is what came of a trace.
type replayed struct {
	admitted, decisions int
	impossible          map[string]bool
}

// play plans after every arrival and departure, and does what the plan says.
func (tr *trace) play(t testing.TB, check func(admitted, gone []Gang)) replayed {
	t.Helper()
	state, err := New(tr.snapshot)
	if err != nil {
		t.Fatal(err)
	}
	gangs := map[string]Gang{}
	out := replayed{impossible: map[string]bool{}}
	for _, m := range tr.moments() {
		g, d := tr.tasks[m.task].gang, Delta{}
		if m.gone {
			d.GoneGangs = []string{g.ID}
			check(nil, []Gang{gangs[g.ID]})
			delete(gangs, g.ID)
		} else {
			d.Gangs = []Gang{g}
			gangs[g.ID] = g
		}
		if err := state.Apply(d); err != nil {
			t.Fatal(err)
		}
		plan := state.Decide(g.Arrived)
		out.decisions += len(plan.Decisions)
		var admitted []Gang
		for i := range plan.Decisions {
			switch d := &plan.Decisions[i]; d.Verb {
			case Admit:
				admitted = append(admitted, *obey(gangs[d.Gang], d))
			case Impossible:
				out.impossible[d.Gang] = true
			}
		}
		for _, g := range admitted {
			gangs[g.ID] = g
		}
		out.admitted += len(admitted)
		if err := state.Apply(Delta{Gangs: admitted}); err != nil {
			t.Fatal(err)
		}
		check(admitted, nil)
	}
	return out
}

// fill offers all tasks at once, as if none ever left, and returns the share of
// the GPUs that is used in the end.
func (tr *trace) fill(t testing.TB) float64 {
	t.Helper()
	s := tr.snapshot
	total, used, gpus := int64(0), int64(0), map[string]int64{}
	for i := range s.Nodes {
		total += s.Nodes[i].Alloc[2]
	}
	for _, task := range tr.tasks {
		s.Gangs = append(s.Gangs, task.gang)
		gpus[task.gang.ID] = task.gpus
	}
	for _, d := range mustFull(t, s).Decisions {
		if d.Verb == Admit {
			used += gpus[d.Gang]
		}
	}
	return float64(used) / float64(total)
}

// TestOpenB replays a production trace and keeps account of every node.
func TestOpenB(t *testing.T) {
	tr := openb(t)
	account := newLedger(&tr.snapshot)
	got := tr.play(t, func(admitted, gone []Gang) {
		for i := range gone {
			for _, run := range gone[i].Held {
				account.take(&gone[i], run, -1)
			}
		}
		for i := range admitted {
			for _, run := range admitted[i].Held {
				if !account.fits(&admitted[i], run) {
					t.Fatalf("%s is placed where there is no room: %+v", admitted[i].ID, run)
				}
				account.take(&admitted[i], run, 1)
			}
		}
	})
	// One task of the trace asks for 120 CPUs where no node has more than 96.
	if got.admitted != len(tr.tasks)-1 || !got.impossible["t11639"] {
		t.Errorf("%d of %d tasks were placed, impossible: %v", got.admitted, len(tr.tasks), got.impossible)
	}
	t.Logf("all at once they use %.1f %% of the GPUs", 100*tr.fill(t))
}

// BenchmarkOpenB replays the trace: a plan after each arrival and departure.
func BenchmarkOpenB(b *testing.B) {
	tr := openb(b)
	var got replayed
	b.ReportAllocs()
	for b.Loop() {
		got = tr.play(b, func(_, _ []Gang) {})
	}
	b.ReportMetric(float64(got.admitted)*float64(b.N)/b.Elapsed().Seconds(), "placements/s")
	b.StopTimer()
	b.ReportMetric(tr.fill(b), "gpus-used")
}
