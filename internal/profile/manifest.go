package profile

import (
	"time"

	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/nannyml"
	"github.com/trainyard/trainyard/pkg/drift/report"
)

// manifest describes a saved reference.
type manifest struct {
	Version   string        `json:"version"`
	Name      string        `json:"name"`
	Rows      int           `json:"rows"`
	From      *time.Time    `json:"from,omitempty"`
	To        *time.Time    `json:"to,omitempty"`
	Exactness string        `json:"exactness"`
	Compat    report.Compat `json:"compat"`
	// Block is the length of the native rule's blocks.
	Block     schema.Length `json:"block"`
	Season    schema.Length `json:"season"`
	Blocks    int           `json:"blocks"`
	BlockRows int           `json:"blockRows"`
	Columns   []savedColumn `json:"columns"`
	// Anchor is the fixed past that the reference carries along.
	Anchor *manifest `json:"anchor,omitempty"`
	// Identity is the anchor's own profile.
	Identity string `json:"identity,omitempty"`
}

// savedColumn is a Summary without its distribution.
type savedColumn struct {
	Name       string     `json:"name"`
	Stored     table.Type `json:"stored"`
	Kind       drift.Kind `json:"kind"`
	Rows       int        `json:"rows"`
	Missing    int        `json:"missing"`
	TypeErrors int        `json:"typeErrors"`
	Infinite   int        `json:"infinite"`
	Mean       exact      `json:"mean"`
	Std        exact      `json:"std"`
	Numeric    bool       `json:"numeric,omitempty"`
	Hashed     bool       `json:"hashed,omitempty"`
	// Keyed says that categories are keyed hashes; Key tells keys apart.
	Key string `json:"key,omitempty"`
	// Binned says that counts between edges were kept, Split that values inside and
	// outside of blocks are apart.
	Binned bool `json:"binned,omitempty"`
	Split  bool `json:"split,omitempty"`
	// Member is the archive's member that holds the distribution; empty for none.
	Member  string        `json:"member,omitempty"`
	SHA256  string        `json:"sha256,omitempty"`
	Native  *Weighed      `json:"native,omitempty"`
	NannyML []savedMethod `json:"nannyml,omitempty"`
}

type savedMethod struct {
	Method    nannyml.Method `json:"method"`
	Threshold exact          `json:"threshold"`
	Edges     []exact        `json:"edges,omitempty"`
	Shares    []exact        `json:"shares,omitempty"`
}
