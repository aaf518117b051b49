package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/trainyard/trainyard/pkg/hardware"
)

// happening is one fault or nuisance on one server.
type happening struct {
	kind     *kind
	nuisance *nuisance
	from, to time.Time
	gpu      int
}

// together is something that happens to many servers at once.
type together struct {
	cause   hardware.Cause
	subject string
	from    time.Time
	servers []int
	found   bool
}

// plan is what happens to whom.
type plan struct {
	policy   hardware.Policy
	start    time.Time
	span     time.Duration
	servers  [][]happening
	together []*together
	// traced and visible count the trace's failures, and those of a kind that an
	// agent can see.
	traced, visible int
}

const perRack = 8

func rackOf(server int) string { return fmt.Sprintf("rack-%02d", server/perRack) }

// shortest is the least that a fault of the trace lasts here: some were cured
// by the time they were written down.
const shortest = 12 * time.Minute

// newPlan spreads the trace over a fleet, or its part on so many of its servers.
func newPlan(o options) (*plan, error) {
	failures, err := readTrace()
	if err != nil {
		return nil, err
	}
	p := &plan{policy: o.policy, start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), span: o.span, servers: make([][]happening, o.servers)}
	rng := rand.New(rand.NewPCG(o.seed, 2))
	place := rng.Perm(max(o.servers, traceServers))
	for _, f := range failures {
		server := place[f.server]
		if f.at >= o.span || server >= o.servers {
			continue
		}
		p.traced++
		if k := kinds[f.what]; k != nil {
			p.visible++
			from := p.start.Add(f.at)
			p.fault(server, k, from, max(f.lasted, shortest), rng)
		}
	}
	p.planTogether(rng)
	for server := range p.servers {
		p.annoy(server, o.nuisances, rng)
		slices.SortFunc(p.servers[server], func(a, b happening) int { return cmp.Or(a.from.Compare(b.from), a.to.Compare(b.to)) })
	}
	return p, nil
}

// fault adds a fault on a GPU that nothing else befalls meanwhile.
func (p *plan) fault(server int, k *kind, from time.Time, lasts time.Duration, rng *rand.Rand) {
	h := happening{kind: k, from: from, to: from.Add(lasts), gpu: rng.IntN(gpusPerServer)}
	for range gpusPerServer {
		if !slices.ContainsFunc(p.servers[server], func(o happening) bool { return o.kind != nil && o.gpu == h.gpu && overlaps(&o, &h) }) {
			break
		}
		h.gpu = (h.gpu + 1) % gpusPerServer
	}
	p.servers[server] = append(p.servers[server], h)
}

func overlaps(a, b *happening) bool { return a.from.Before(b.to) && b.from.Before(a.to) }

// annoy adds a server's nuisances. Planned work waits until nothing is broken.
func (p *plan) annoy(server int, scale float64, rng *rand.Rand) {
	for _, n := range nuisances {
		for range poisson(n.aYear*scale*p.span.Hours()/(365*24), rng) {
			h := happening{nuisance: n, from: p.start.Add(time.Duration(rng.Float64() * float64(p.span))), gpu: rng.IntN(gpusPerServer)}
			h.to = h.from.Add(n.least + time.Duration(rng.Float64()*float64(n.most-n.least)))
			if !p.collides(server, &h) {
				p.servers[server] = append(p.servers[server], h)
			}
		}
	}
}

// collides keeps planned work from what is broken, and everything else off the
// GPU that is.
func (p *plan) collides(server int, h *happening) bool {
	return slices.ContainsFunc(p.servers[server], func(o happening) bool {
		wide := o
		wide.from, wide.to = o.from.Add(-time.Hour), o.to.Add(time.Hour)
		switch {
		case !overlaps(&wide, h):
			return false
		case o.kind == nil:
			return o.nuisance == h.nuisance || o.nuisance.drained && h.nuisance.drained
		}
		return h.nuisance.drained || o.gpu == h.gpu || o.kind.everyGPU
	})
}

func poisson(mean float64, rng *rand.Rand) int {
	n := 0
	for sum := rng.ExpFloat64(); sum < mean; sum += rng.ExpFloat64() {
		n++
	}
	return n
}

// What happens to many at once.
var (
	hotRack = &kind{
		name: "rack overheats", everyGPU: true, severity: hardware.Degraded, within: 3 * time.Minute, actions: inspects, settles: quietly,
		begin: func(m *machine, _ int) {
			for _, g := range m.gpus {
				g.heat(temperatureMax + 3)
			}
		},
		repair: func(m *machine, _ int) error {
			for _, g := range m.gpus {
				g.cool()
			}
			return nil
		},
	}
	badDriver = &kind{
		name: "driver fails", severity: hardware.Fatal, within: time.Minute, actions: resets, settles: quietly,
		begin: func(m *machine, i int) { m.xid(i, 119) }, repair: resetGPU,
	}
	rollout      = nuisanceNamed("driver rollout")
	agentRestart = nuisanceNamed("agent restart")
	badJob       = &nuisance{
		name: "one job on many servers", least: time.Second, most: time.Second, end: nothing,
		begin: func(m *machine, i int) {
			m.job = "badjob"
			m.pass(6 * time.Second)
			m.look(context.Background())
			m.xid(i, 31)
		},
	}
)

func nuisanceNamed(name string) *nuisance {
	return nuisances[slices.IndexFunc(nuisances, func(n *nuisance) bool { return n.name == name })]
}

// planTogether plans, for a whole year and a whole fleet, twelve racks that
// overheat, four drivers that fail on those that try them first, and six jobs.
func (p *plan) planTogether(rng *rand.Rand) {
	racks := len(p.servers) / perRack
	times := func(aYear float64) int { return int(aYear*p.span.Hours()/(365*24) + 0.5) }
	at := func() time.Time { return p.start.Add(time.Duration(rng.Float64() * float64(p.span-day))) }
	for range min(times(12), racks) {
		t := &together{cause: hardware.CauseDomain, from: at()}
		first := perRack * rng.IntN(racks)
		t.subject = rackOf(first)
		for i := range perRack {
			t.servers = append(t.servers, first+i)
			h := happening{kind: hotRack, from: t.from.Add(time.Duration(rng.IntN(240)) * time.Second)}
			h.to = t.from.Add(90 * time.Minute)
			p.servers[first+i] = append(p.servers[first+i], h)
		}
		p.together = append(p.together, t)
	}
	for n := range times(4) {
		p.failingDriver(fmt.Sprintf("59%d.10", n), at(), rng)
	}
	for range times(6) {
		t := &together{cause: hardware.CauseJob, subject: "team/badjob", from: at(), servers: rng.Perm(len(p.servers))[:min(4, len(p.servers))]}
		for _, server := range t.servers {
			h := happening{nuisance: badJob, from: t.from.Add(time.Duration(rng.IntN(60)) * time.Second), gpu: rng.IntN(gpusPerServer)}
			h.to = h.from.Add(time.Minute)
			p.servers[server] = append(p.servers[server], h)
		}
		p.together = append(p.together, t)
	}
}

// failingDriver rolls a driver out to some servers of different racks; within a
// quarter of an hour most of them see the same fault.
func (p *plan) failingDriver(version string, at time.Time, rng *rand.Rand) {
	t := &together{cause: hardware.CauseDriver, subject: version, from: at.Add(time.Hour)}
	racks := len(p.servers) / perRack
	for rack := range min(racks, 16) {
		server := perRack*rack + rng.IntN(perRack)
		t.servers = append(t.servers, server)
		install := &nuisance{name: rollout.name, drained: true, begin: rollout.begin, end: func(m *machine, i int) error {
			err := rollout.end(m, i)
			m.driver = version
			return err
		}}
		p.servers[server] = append(p.servers[server], happening{nuisance: install, from: at, to: at.Add(5 * time.Minute)})
		if rack%4 != 3 {
			from := t.from.Add(time.Duration(rng.IntN(600)) * time.Second)
			p.fault(server, badDriver, from, 3*time.Hour, rng)
		}
	}
	p.together = append(p.together, t)
}
