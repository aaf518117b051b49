package machine

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/trainyard/trainyard/hack/lab/internal/atomicfile"
)

// ProgramStatus is what a supervisor says of a program.
type ProgramStatus struct {
	Name     string `json:"name"`
	Running  bool   `json:"running"`
	Restarts int    `json:"restarts"`
}

// Status is what a supervisor says of its machine.
type Status struct {
	Programs []ProgramStatus `json:"programs"`
}

func statusFile(dir string) string { return filepath.Join(dir, "status.json") }

// ReadStatus reads what the supervisor of the machine in dir last said.
func ReadStatus(dir string) (Status, error) {
	var s Status
	content, err := os.ReadFile(statusFile(dir))
	if err != nil {
		return s, fmt.Errorf("read the state of a machine: %w", err)
	}
	if err := json.Unmarshal(content, &s); err != nil {
		return s, fmt.Errorf("read %s: %w", statusFile(dir), err)
	}
	return s, nil
}

// tooOften is how many times a program may end before it is given up hope on.
const tooOften = 10

// Hopeless says whether a program of the machine in dir ends whenever it is
// started.
func Hopeless(dir, program string) bool {
	status, err := ReadStatus(dir)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(status.Programs, func(p ProgramStatus) bool {
		return p.Name == program && p.Restarts >= tooOften && !p.Running
	})
}

func (s *supervisor) report() {
	status := Status{Programs: make([]ProgramStatus, len(s.programs))}
	for i, p := range s.programs {
		status.Programs[i] = ProgramStatus{Name: p.Name, Running: p.pid != 0, Restarts: p.restarts}
	}
	content, err := json.Marshal(status)
	if err == nil && string(content) != s.reported {
		if err = atomicfile.Write(statusFile(s.spec.Dir), content, 0o644); err == nil {
			s.reported = string(content)
		}
	}
	if err != nil {
		s.out.Printf("cannot tell the state: %v", err)
	}
}

// reachable says whether somebody listens at every address.
func reachable(addresses []string) bool {
	for _, a := range addresses {
		network, address, _ := strings.Cut(a, ":")
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		cancel()
		if err != nil {
			return false
		}
		_ = conn.Close()
	}
	return true
}
