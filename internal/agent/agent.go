package agent

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/nvml"
	"github.com/trainyard/trainyard/pkg/hardware"
)

// Cluster is what an agent asks of the API server beside publishing.
type Cluster interface {
	API
	Policies(ctx context.Context) ([]v1alpha1.HardwarePolicy, error)
	NodeLabels(ctx context.Context) (map[string]string, error)
	Watch(ctx context.Context, resource string, changed func()) error
}

// Intervals are how often the agent looks.
type Intervals struct {
	// Fast is for what changes within seconds, Slow for what changes within
	// minutes.
	Fast, Slow time.Duration
}

// staleAfter is after how many fast intervals without a finished look every
// device counts as unreadable.
const staleAfter = 6

// Agent runs a node's agent.
type Agent struct {
	Sampler   *Sampler
	Core      *Core
	Metrics   *Metrics
	Intervals Intervals
	Clock     clock.WithTicker
	Log       logr.Logger
	// KernelLog may be nil.
	KernelLog KernelLog
	// Cluster and Publisher are nil where the agent serves metrics only.
	Cluster   Cluster
	Publisher *Publisher
	// Recorder is told of every sample and event; it may be nil.
	Recorder *Recorder
	// State is the folder for the footprint; empty leaves none.
	State string

	events   chan nvml.Event
	urgent   chan struct{}
	looks    chan *Snapshot
	restored chan *v1alpha1.NodeHardware
	policies chan *v1alpha1.HardwarePolicy
	expected atomic.Pointer[int32]
	remember atomic.Pointer[v1alpha1.NodeHardwareStatus]
	seen     map[string]time.Time
	// continued is true once the record of an earlier life was taken up.
	continued bool
}

// New completes an agent. Its Event is for the session's options.
func New(a *Agent) *Agent {
	a.events = make(chan nvml.Event, 64)
	a.urgent = make(chan struct{}, 1)
	a.looks = make(chan *Snapshot)
	a.restored = make(chan *v1alpha1.NodeHardware)
	a.policies = make(chan *v1alpha1.HardwarePolicy)
	a.seen = map[string]time.Time{}
	a.Core.Heard = func(e hardware.Event) { a.Recorder.Event(e) }
	a.continued = a.Cluster == nil
	a.Sampler.ResetsKnown = a.continued
	return a
}

// Event takes an event of the driver. It never waits: a storm that overruns the
// queue is counted by the kernel's log and by the next look.
func (a *Agent) Event(e nvml.Event) {
	select {
	case a.events <- e:
	default:
	}
	a.lookNow()
}

// lookNow asks for a slow look at once.
func (a *Agent) lookNow() {
	select {
	case a.urgent <- struct{}{}:
	default:
	}
}

// Run works until the context ends.
func (a *Agent) Run(ctx context.Context) {
	var wg sync.WaitGroup
	start := func(f func(context.Context)) {
		wg.Go(func() { f(ctx) })
	}
	start(a.look)
	if a.Cluster != nil {
		start(a.restore)
	}
	a.judge(ctx, start)
	wg.Wait()
	a.Sampler.Devices.Close()
}

// look looks at the node, fast and slow.
func (a *Agent) look(ctx context.Context) {
	ticker := a.Clock.NewTicker(a.Intervals.Fast)
	defer ticker.Stop()
	var lastSlow time.Time
	for urgent := true; ctx.Err() == nil; {
		begin := a.Clock.Now()
		slow := urgent || begin.Sub(lastSlow) >= a.Intervals.Slow || begin.Before(lastSlow)
		if slow {
			lastSlow = begin
		}
		if status := a.remember.Swap(nil); status != nil {
			known, resets := Inventory(status)
			a.Sampler.Remember(status.BootID, known, resets)
		}
		snap := a.Sampler.Look(ctx, slow, a.expected.Load())
		a.leaveFootprint(snap, slow)
		a.Metrics.Looked(a.Clock.Since(begin))
		select {
		case a.looks <- snap:
		case <-ctx.Done():
			return
		}
		urgent = false
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
		case <-a.urgent:
			urgent = true
		}
	}
}

// leaveFootprint keeps for the agent after this one how far counters have run.
func (a *Agent) leaveFootprint(snap *Snapshot, slow bool) {
	if a.State == "" || !slow || snap.State.Mode != nvml.ModeGPU {
		return
	}
	footprint := FootprintOf(snap)
	if err := footprint.Save(a.State); err != nil {
		snap.Problems = append(snap.Problems, err.Error())
	}
}

// judge owns the core: whatever happens is judged here, in turn.
func (a *Agent) judge(ctx context.Context, start func(func(context.Context))) {
	stale := a.Clock.NewTicker(a.Intervals.Fast * staleAfter)
	defer stale.Stop()
	fresh := true
	for {
		select {
		case <-ctx.Done():
			return
		case snap := <-a.looks:
			fresh = true
			a.Recorder.Sample(&snap.Sample)
			a.readKernelLog(snap)
			a.show(a.Core.Take(snap), false)
		case e := <-a.events:
			a.show(a.Core.Event(e), true)
		case <-stale.C():
			if !fresh {
				a.Log.Info("No look at the node has ended for too long; its devices count as unreadable")
				a.show(a.Core.Stale(a.Clock.Now()), false)
			}
			fresh = false
		case object := <-a.restored:
			a.continueFrom(object)
			start(a.Publisher.Run)
			start(a.follow)
		case p := <-a.policies:
			if err := a.Core.SetPolicy(p); err != nil {
				a.Log.Error(err, "A HardwarePolicy is wrong; the one before it stays in force")
			}
		}
	}
}

// readKernelLog judges what drivers wrote into the kernel's log. It waits for
// what is already known, so that nothing is heard twice, and for the first look,
// which tells whose devices the log speaks of.
func (a *Agent) readKernelLog(snap *Snapshot) {
	if a.KernelLog == nil || snap.Host.Uptime == 0 || !a.continued || !a.Core.Looked() {
		return
	}
	messages, err := a.KernelLog.Read()
	if err != nil {
		snap.Problems = append(snap.Problems, err.Error())
	}
	a.Core.Messages(messages, snap.Sample.Time.Add(-snap.Host.Uptime))
}

// show hands a report to metrics and publisher.
func (a *Agent) show(r *Report, event bool) {
	if r == nil {
		return
	}
	a.Metrics.Show(r)
	a.countXids()
	if a.Publisher != nil {
		a.Publisher.Offer(r.Status, r.Changed || event && len(r.Status.Faults) > 0)
	}
}

// countXids counts bursts that the record shows and the metrics do not yet.
func (a *Agent) countXids() {
	for _, f := range a.Core.Faults() {
		key := f.Device + "/" + f.Rule + "/" + f.First.String()
		if f.Kind != hardware.Xid || !f.Last.After(a.seen[key]) {
			continue
		}
		a.seen[key] = f.Last
		a.Metrics.Xid(f.Device, f.Code, f.Class)
	}
	if len(a.seen) > 16*hardware.MaxFaults {
		clear(a.seen)
	}
}

// restore reads what an earlier life of the agent published, however long that
// takes: to publish without it would wipe the node's record out.
func (a *Agent) restore(ctx context.Context) {
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		object, err := a.Cluster.Get(ctx)
		if apierrors.IsNotFound(err) {
			object, err = &v1alpha1.NodeHardware{}, nil
		}
		if err == nil {
			select {
			case a.restored <- object:
			case <-ctx.Done():
			}
			return
		}
		a.Log.Error(err, "Could not read the node's hardware; nothing is published before that", "retryAfter", wait.String())
		timer := a.Clock.NewTimer(jitter(wait))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C():
		}
	}
}

func (a *Agent) continueFrom(object *v1alpha1.NodeHardware) {
	a.Core.Restore(&object.Status)
	a.continued = true
	a.show(a.Core.Again(a.Clock.Now()), true) // what was judged without the record is not to be published
	a.remember.Store(&object.Status)
	a.Publisher.Continue(&object.Status)
	a.expected.Store(object.Spec.ExpectedDevices)
	a.Log.Info("Continuing the node's record", "faults", len(object.Status.Faults), "sequence", object.Status.Sequence)
}

// Inventory is what a published status says about devices.
func Inventory(status *v1alpha1.NodeHardwareStatus) (known []nvml.Identity, resets map[string]int32) {
	resets = map[string]int32{}
	for i := range status.Devices {
		d := &status.Devices[i]
		id := nvml.Identity{UUID: d.UUID, Serial: d.Serial, Model: d.Model, PCI: d.PCIID}
		if d.Index != nil {
			id.Index = int(*d.Index)
		}
		known = append(known, id)
		if d.Resets != nil {
			resets[d.UUID] = *d.Resets
		}
	}
	return known, resets
}

// follow keeps the policy and the acknowledged inventory up to date.
func (a *Agent) follow(ctx context.Context) {
	changed := make(chan struct{}, 1)
	note := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	note()
	for _, resource := range []string{"hardwarepolicies", "nodehardwares"} {
		go a.watch(ctx, resource, note)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
			if err := a.refresh(ctx); err != nil && ctx.Err() == nil {
				a.Log.Error(err, "Could not read the policy; trying again")
				a.sleep(ctx, jitter(lastRetry))
				note()
			}
		}
	}
}

func (a *Agent) watch(ctx context.Context, resource string, changed func()) {
	for ctx.Err() == nil {
		if err := a.Cluster.Watch(ctx, resource, changed); err != nil && ctx.Err() == nil {
			a.Log.Error(err, "A watch ended", "resource", resource)
		}
		a.sleep(ctx, jitter(5*firstRetry))
		changed()
	}
}

func (a *Agent) sleep(ctx context.Context, d time.Duration) {
	timer := a.Clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C():
	}
}

func (a *Agent) refresh(ctx context.Context) error {
	policies, err := a.Cluster.Policies(ctx)
	if err != nil {
		return err
	}
	nodeLabels, err := a.Cluster.NodeLabels(ctx)
	if err != nil {
		return err
	}
	chosen, err := ChoosePolicy(policies, nodeLabels)
	if err != nil {
		return err
	}
	object, err := a.Cluster.Get(ctx)
	if err == nil {
		a.expected.Store(object.Spec.ExpectedDevices)
	} else if !apierrors.IsNotFound(err) {
		return err
	}
	select {
	case a.policies <- chosen:
	case <-ctx.Done():
	}
	return nil
}
