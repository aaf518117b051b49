// Package machine runs the programs of one of the lab's machines. A
// supervisor, the lab's own binary, is the first process of the machine's
// PID namespace: it lays the machine's folders over the host's, starts the
// programs in order, starts again what ends, and reaps what is orphaned. When
// the supervisor dies the kernel kills everything on the machine with it, at
// once, which is both how a node is lost and how nothing is left behind.
//
// Where a lab has no machines of its own the same supervisor runs on the host
// with the programs as its children.
package machine

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/trainyard/trainyard/hack/lab/internal/atomicfile"
)

// Spec says what runs on a machine.
type Spec struct {
	Name string `json:"name"`
	// Dir holds the spec, the pid file and whatever else the machine keeps.
	Dir string `json:"dir"`
	// Namespace is the network namespace; empty means the host's own, and
	// then there is no PID or mount namespace either.
	Namespace string `json:"namespace,omitempty"`
	// Overlays lays folders of the state over folders of the host, in the
	// machine's mount namespace and in this order. A target that the host
	// lacks is made; so it had better lie in an earlier overlay.
	Overlays []Overlay `json:"overlays,omitempty"`
	// Sysctls are settings of the network namespace, as in
	// "net/ipv4/ip_forward": "1".
	Sysctls map[string]string `json:"sysctls,omitempty"`
	// Believed are settings of the whole kernel that the machine's programs
	// insist on. They are shown the values, and the kernel is left alone.
	Believed map[string]string `json:"believed,omitempty"`
	// Fresh are folders emptied when the machine starts, as a memory file
	// system is by a power cycle.
	Fresh    []string  `json:"fresh,omitempty"`
	Env      []string  `json:"env,omitempty"`
	Programs []Program `json:"programs"`
}

// Overlay shows Source at Target.
type Overlay struct {
	Source string `json:"source"`
	Target string `json:"target"`
}

// Program is one process of a machine.
type Program struct {
	Name string   `json:"name"`
	Args []string `json:"args"`
	// After are addresses, "unix:/path" or "tcp:host:port", at which somebody
	// must listen before the program is started.
	After []string `json:"after,omitempty"`
	// Log is the file its output goes to.
	Log string `json:"log"`
	// Digest changes when a file that the program reads has changed, so that
	// it is started again.
	Digest string `json:"digest,omitempty"`
}

// File is where the spec lies.
func (s *Spec) File() string { return filepath.Join(s.Dir, "machine.json") }

// Save writes the spec.
func (s *Spec) Save() error {
	content, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the machine %s: %w", s.Name, err)
	}
	return atomicfile.Write(s.File(), content, 0o644)
}

// Load reads a spec.
func Load(path string) (*Spec, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read a machine: %w", err)
	}
	s := &Spec{}
	if err := json.Unmarshal(content, s); err != nil {
		return nil, fmt.Errorf("read the machine %s: %w", path, err)
	}
	return s, nil
}
