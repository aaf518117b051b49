package table

import "context"

// Project is a table of some of another's columns, which it closes, in the order of
// names; all of them if there are none.
func Project(from Table, names []string, source string) (Table, error) {
	if len(names) == 0 {
		return from, nil
	}
	projected := &projected{Table: from, source: source}
	for _, name := range names {
		field, known := from.Schema().Lookup(name)
		if !known {
			return nil, &UnknownColumnError{Source: source, Column: name, Known: from.Schema()}
		}
		projected.schema = append(projected.schema, field)
	}
	return projected, nil
}

type projected struct {
	Table
	schema Schema
	source string
}

func (p *projected) Schema() Schema { return p.schema }

func (p *projected) Column(ctx context.Context, name string) (Column, error) {
	if _, known := p.schema.Lookup(name); !known {
		return Column{}, &UnknownColumnError{Source: p.source, Column: name, Known: p.schema}
	}
	return p.Table.Column(ctx, name)
}
