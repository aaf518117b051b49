package clusterstate

import (
	"fmt"

	"github.com/trainyard/trainyard/pkg/placement"
)

// flush tells the planner what changed.
func (t *Tracker) flush() error {
	d := &t.delta
	d.Resources = append(d.Resources[:0], t.catalogue.changed...)
	t.collectShapes(d)
	t.collectNodes(d)
	t.collectGangs(d)
	if err := t.state.Apply(*d); err != nil {
		return fmt.Errorf("tell the planner what changed: %w", err)
	}
	t.catalogue.changed = t.catalogue.changed[:0]
	t.shapes.free = append(t.shapes.free, t.shapes.gone...)
	t.shapes.gone = t.shapes.gone[:0]
	t.nodes.free = append(t.nodes.free, t.nodes.gone...)
	t.nodes.gone = t.nodes.gone[:0]
	return nil
}

func (t *Tracker) collectShapes(d *placement.Delta) {
	d.Shapes, d.GoneShapes = d.Shapes[:0], append(d.GoneShapes[:0], t.shapes.gone...)
	for _, sh := range t.shapes.dirty {
		sh.dirty = false
		if t.shapes.byID[sh.id] == sh {
			d.Shapes = append(d.Shapes, t.shapes.value(sh))
		}
	}
	t.shapes.dirty = t.shapes.dirty[:0]
}

func (t *Tracker) collectNodes(d *placement.Delta) {
	d.Nodes, d.GoneNodes = d.Nodes[:0], d.GoneNodes[:0]
	for _, n := range t.nodes.dirty {
		n.dirty = false
		if n.object != nil {
			d.Nodes = append(d.Nodes, n.value())
			continue
		}
		d.GoneNodes = append(d.GoneNodes, n.id)
		if n.uses == 0 && t.nodes.byID[n.id] == n {
			delete(t.nodes.byName, n.name)
			t.nodes.byID[n.id] = nil
			t.nodes.gone = append(t.nodes.gone, n.id)
		}
	}
	t.nodes.dirty = t.nodes.dirty[:0]
}

func (t *Tracker) collectGangs(d *placement.Delta) {
	d.Gangs, d.GoneGangs = d.Gangs[:0], d.GoneGangs[:0]
	for _, id := range t.gone {
		if t.gangs[id] == nil {
			d.GoneGangs = append(d.GoneGangs, id)
		}
	}
	t.gone = t.gone[:0]
	for _, g := range t.dirty {
		g.dirty = false
		if t.gangs[g.ID] == g {
			d.Gangs = append(d.Gangs, t.value(g))
		}
	}
	t.dirty = t.dirty[:0]
}
