package clusterstate

import (
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
)

// version tells one state of an object from another.
type version struct {
	uid      types.UID
	revision string
}

// replaces tells whether this state is news after the former one. Revisions of
// one kind are ordered, also between objects of the same name; where one cannot
// be read, the later event is believed.
func (v version) replaces(former version) bool {
	order, err := resourceversion.CompareResourceVersion(v.revision, former.revision)
	if err != nil {
		return v != former || v.revision == ""
	}
	return order > 0
}

// maxGraves bounds how many objects that are gone are remembered.
const maxGraves = 1 << 13

// graves remember the latest objects that are gone, so that an event that is
// late does not bring them back. Under a revision, later ones do.
type graves struct {
	buried map[types.UID]string
	order  []types.UID
	next   int
}

func (g *graves) hold(v version) bool {
	revision, ok := g.buried[v.uid]
	return ok && (revision == "" || !v.replaces(version{v.uid, revision}))
}

func (g *graves) bury(uid types.UID, revision string) {
	if uid == "" {
		return
	}
	_, known := g.buried[uid]
	g.buried[uid] = revision
	switch {
	case known:
	case len(g.order) < maxGraves:
		g.order = append(g.order, uid)
	default:
		delete(g.buried, g.order[g.next])
		g.order[g.next] = uid
		g.next = (g.next + 1) % maxGraves
	}
}
