package clusterstate

import (
	"fmt"

	"github.com/trainyard/trainyard/pkg/placement"
)

// flush tells the planner what changed. If it refuses, nothing is forgotten.
func (t *Tracker) flush() error {
	d := &t.delta
	d.Resources = t.catalogue.changed
	t.collectShapes(d)
	t.collectNodes(d)
	t.collectGangs(d)
	if err := t.state.Apply(*d); err != nil {
		return fmt.Errorf("tell the planner what changed: %w", err)
	}
	t.flushed()
	return nil
}

func (t *Tracker) collectShapes(d *placement.Delta) {
	d.Shapes, d.GoneShapes = d.Shapes[:0], t.shapes.gone
	for _, sh := range t.shapes.dirty {
		if t.shapes.byID[sh.id] == sh {
			d.Shapes = append(d.Shapes, t.shapes.value(sh))
		}
	}
}

func (t *Tracker) collectNodes(d *placement.Delta) {
	d.Nodes, d.GoneNodes = d.Nodes[:0], d.GoneNodes[:0]
	for _, n := range t.nodes.dirty {
		if n.object != nil {
			d.Nodes = append(d.Nodes, n.value())
		} else {
			d.GoneNodes = append(d.GoneNodes, n.id)
		}
	}
}

func (t *Tracker) collectGangs(d *placement.Delta) {
	d.Gangs, d.GoneGangs = d.Gangs[:0], d.GoneGangs[:0]
	for _, id := range t.gone {
		if t.gangs[id] == nil {
			d.GoneGangs = append(d.GoneGangs, id)
		}
	}
	for _, g := range t.dirty {
		if t.gangs[g.ID] == g {
			d.Gangs = append(d.Gangs, t.value(g))
		}
	}
}

// flushed forgets what the planner knows now. The numbers of what is gone are
// free again.
func (t *Tracker) flushed() {
	t.catalogue.changed = t.catalogue.changed[:0]
	for _, sh := range t.shapes.dirty {
		sh.dirty = false
	}
	t.shapes.dirty = drained(t.shapes.dirty)
	t.shapes.free = append(t.shapes.free, t.shapes.gone...)
	t.shapes.gone = t.shapes.gone[:0]
	for _, n := range t.nodes.dirty {
		n.dirty = false
		if n.object == nil && n.uses == 0 {
			t.nodes.forget(n)
		}
	}
	t.nodes.dirty = drained(t.nodes.dirty)
	for _, g := range t.dirty {
		g.dirty = false
	}
	t.dirty = drained(t.dirty)
	t.gone = drained(t.gone)
}

// drained is the emptied list, which holds on to nothing.
func drained[T any](list []T) []T {
	clear(list)
	return list[:0]
}
