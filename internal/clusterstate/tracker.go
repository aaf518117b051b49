package clusterstate

import (
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/trainyard/trainyard/pkg/placement"
)

// Rank says which pod of a gang a pod is.
type Rank struct {
	Gang    string
	Set     string
	Index   int32
	Attempt int32
}

// Options configure a Tracker.
type Options struct {
	// RankOf recognises the pods of gangs; false is for all others.
	RankOf func(*corev1.Pod) (Rank, bool)
	// TopologyLabels are the node labels that name topology domains, the widest
	// first. A node is in the domains up to the first label that it lacks.
	TopologyLabels []string
}

// Tracker follows the cluster and plans. It may be used by several goroutines.
type Tracker struct {
	options Options

	mu        sync.Mutex
	catalogue *catalogue
	nodes     *nodes
	shapes    *shapes
	pods      map[types.NamespacedName]*pod
	// ranked are the pods of gangs, whether the gang is known or not; ported
	// those with host ports, unresolved those that ask for what no node offers.
	ranked     map[string]map[Rank][]*pod
	ported     map[*pod]struct{}
	unresolved map[*pod]struct{}
	gangs      map[string]*gang
	dirty      []*gang
	gone       []string
	graves     graves

	state *placement.State
	delta placement.Delta
}

// New returns a Tracker that knows nothing yet.
func New(options Options) *Tracker {
	if options.RankOf == nil {
		options.RankOf = func(*corev1.Pod) (Rank, bool) { return Rank{}, false }
	}
	state, err := placement.New(placement.Snapshot{})
	if err != nil {
		panic("clusterstate: an empty snapshot is refused: " + err.Error())
	}
	return &Tracker{
		options:    options,
		catalogue:  newCatalogue(),
		nodes:      &nodes{byName: map[string]*node{}},
		shapes:     newShapes(),
		pods:       map[types.NamespacedName]*pod{},
		ranked:     map[string]map[Rank][]*pod{},
		ported:     map[*pod]struct{}{},
		unresolved: map[*pod]struct{}{},
		gangs:      map[string]*gang{},
		graves:     graves{buried: map[types.UID]string{}},
		state:      state,
	}
}

// Decide plans for what is known now.
func (t *Tracker) Decide(now time.Time) (Plan, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.flush(); err != nil {
		return Plan{}, err
	}
	return t.translate(t.state.Decide(now)), nil
}

// Explain puts a decision of the latest plan into a sentence for people.
func (t *Tracker) Explain(d *Decision) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state.Explain(&d.planned)
}
