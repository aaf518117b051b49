package main

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/trainyard/trainyard/internal/nvml"
)

// change is the beginning or the end of a happening.
type change struct {
	at  time.Time
	of  *happening
	end bool
}

// live lets a server live through what is planned for it.
func live(ctx context.Context, p *plan, server int, seed uint64) (*judge, error) {
	m, err := newMachine(rackOf(server)+"-"+string(rune('a'+server%perRack)), p.policy, seed+uint64(server), p.start)
	if err != nil {
		return nil, err
	}
	j := newJudge(m)
	for _, c := range changes(p.servers[server]) {
		until(ctx, m, j, c.at)
		if err := apply(ctx, m, j, c); err != nil {
			return nil, err
		}
	}
	until(ctx, m, j, p.start.Add(p.span))
	j.finish()
	return j, ctx.Err()
}

func changes(all []happening) []change {
	var list []change
	for i := range all {
		list = append(list, change{all[i].from, &all[i], false}, change{all[i].to, &all[i], true})
	}
	slices.SortStableFunc(list, func(a, b change) int { return a.at.Compare(b.at) })
	return list
}

// apply does what is due. What a server lived through meanwhile, as a reboot,
// may have made it late.
func apply(ctx context.Context, m *machine, j *judge, c change) error {
	if m.now.Before(c.at) {
		m.passUntil(c.at)
	}
	h := c.of
	switch {
	case h.kind != nil && !c.end:
		j.began(h)
		h.kind.begin(m, h.gpu)
	case h.kind != nil:
		j.repaired(h)
		boot := m.boot
		if err := h.kind.repair(m, h.gpu); err != nil {
			return err
		}
		if m.boot != boot { // what is still broken is still broken
			j.again()
		}
	case !c.end:
		j.annoyed(h)
		h.nuisance.begin(m, h.gpu)
	default:
		if err := h.nuisance.end(m, h.gpu); err != nil {
			return err
		}
	}
	if m.report != nil && m.agentRuns() && m.looked {
		j.hear()
	}
	return ctx.Err()
}

// until looks at a server until a time: as the agent does after something has
// changed, less often once nothing does, and not at all while nothing can.
func until(ctx context.Context, m *machine, j *judge, end time.Time) {
	begin := m.now
	for ctx.Err() == nil {
		step := pace(m.now.Sub(begin), j.waits() || m.mode != nvml.ModeGPU)
		if step == 0 {
			if before := end.Add(-time.Second); before.After(m.now) {
				m.passUntil(before)
				m.look(ctx)
				j.hear()
			}
			return
		}
		if !m.now.Add(step).Before(end) {
			return
		}
		m.pass(step)
		m.look(ctx)
		j.hear()
	}
}

// pace is how long to wait for the next look; 0 is until something happens.
func pace(calm time.Duration, waits bool) time.Duration {
	switch {
	case calm < 2*time.Minute:
		return 5 * time.Second
	case calm < 13*time.Minute:
		return 30 * time.Second
	case calm < 25*time.Minute, waits && calm < 30*time.Hour:
		return 90 * time.Second
	}
	return 0
}

// newest is the happening that began last, for who is to blame.
func newest(list []*happening) *happening {
	if len(list) == 0 {
		return nil
	}
	return slices.MaxFunc(list, func(a, b *happening) int { return cmp.Or(a.from.Compare(b.from), a.to.Compare(b.to)) })
}
