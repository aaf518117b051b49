package fakenvml

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
)

// Scenario is what the fake library plays. Its methods change it; Write makes
// the change visible to the library, at once and as a whole.
type Scenario struct {
	mu       sync.Mutex
	path     string
	settings map[string]string
	events   []string
	sequence int
}

// Profiles are the models that the library knows.
var Profiles = []string{"A100", "H100", "H200", "B200", "T4"}

// NewScenario begins a scenario of a profile in a file.
func NewScenario(path, profile string, gpus int) *Scenario {
	s := &Scenario{path: path, settings: map[string]string{}}
	return s.Line("profile", profile).Line("gpus", fmt.Sprint(gpus))
}

// Path is the scenario's file, for FAKENVML_SCENARIO.
func (s *Scenario) Path() string { return s.path }

// Line sets a line by its first words: the last one is the value.
func (s *Scenario) Line(key, value string) *Scenario {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings[key] = value
	return s
}

// Remove takes a line back.
func (s *Scenario) Remove(key string) *Scenario {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.settings, key)
	return s
}

// GPU sets a value of one GPU: a number, a ramp such as "40..95@60", a counter
// such as "100+5".
func (s *Scenario) GPU(gpu int, key, value string) *Scenario {
	return s.Line(fmt.Sprintf("gpu %d %s", gpu, key), value)
}

// Unset gives a value of one GPU back to its profile.
func (s *Scenario) Unset(gpu int, key string) *Scenario {
	return s.Remove(fmt.Sprintf("gpu %d %s", gpu, key))
}

// All sets a value of every GPU.
func (s *Scenario) All(key, value string) *Scenario { return s.Line("gpu all "+key, value) }

// Hang makes calls of a function hang until Release.
func (s *Scenario) Hang(function string, gpu int) *Scenario {
	return s.Line("hang "+function+" gpu", fmt.Sprint(gpu))
}

// Release ends Hang.
func (s *Scenario) Release(function string) *Scenario { return s.Remove("hang " + function + " gpu") }

// Xid sends an Xid event.
func (s *Scenario) Xid(gpu, xid int) *Scenario { return s.event("gpu %d xid %d", gpu, xid) }

// Event sends an event of another type.
func (s *Scenario) Event(gpu int, kind, data uint64) *Scenario {
	return s.event("gpu %d type %d data %d", gpu, kind, data)
}

func (s *Scenario) event(format string, args ...any) *Scenario {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sequence++
	s.events = append(s.events, fmt.Sprintf("event %d ", s.sequence)+fmt.Sprintf(format, args...))
	const remembered = 64
	if len(s.events) > remembered {
		s.events = s.events[len(s.events)-remembered:]
	}
	return s
}

// String is the scenario as the library reads it: settings for all GPUs first,
// so that those for one prevail.
func (s *Scenario) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := make([]string, 0, len(s.settings))
	for key := range s.settings {
		keys = append(keys, key)
	}
	sort.Slice(keys, func(i, j int) bool {
		a, b := strings.HasPrefix(keys[i], "gpu all "), strings.HasPrefix(keys[j], "gpu all ")
		if a != b {
			return a
		}
		return keys[i] < keys[j]
	})
	var b strings.Builder
	for _, key := range keys {
		fmt.Fprintf(&b, "%s %s\n", key, s.settings[key])
	}
	for _, event := range s.events {
		fmt.Fprintln(&b, event)
	}
	return b.String()
}

// Write puts the scenario into its file by renaming, so that the library never
// reads a half.
func (s *Scenario) Write() error {
	temporary := filepath.Join(filepath.Dir(s.path), "."+filepath.Base(s.path))
	if err := os.WriteFile(temporary, []byte(s.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, s.path)
}
