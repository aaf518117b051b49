package agent

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"

	"github.com/trainyard/trainyard/pkg/hardware"
)

// record is a line of a recording.
type record struct {
	Time    time.Time          `json:"time"`
	BootID  string             `json:"bootID,omitempty"`
	Node    map[string]float64 `json:"node,omitempty"`
	Devices []deviceRecord     `json:"devices,omitempty"`
	Event   *eventRecord       `json:"event,omitempty"`
}

type deviceRecord struct {
	UUID     string             `json:"uuid"`
	Serial   string             `json:"serial,omitempty"`
	Epoch    string             `json:"epoch,omitempty"`
	Owners   []string           `json:"owners,omitempty"`
	Readable bool               `json:"readable"`
	Vars     map[string]float64 `json:"vars,omitempty"`
}

type eventRecord struct {
	Kind   hardware.EventKind `json:"kind"`
	Code   int                `json:"code"`
	Device string             `json:"device,omitempty"`
	Hint   hardware.Hint      `json:"hint,omitempty"`
	Owners []string           `json:"owners,omitempty"`
}

// Recorder writes what was seen as lines of JSON, for Replay. A nil Recorder
// writes nothing.
type Recorder struct {
	mu  sync.Mutex
	out *json.Encoder
}

// NewRecorder makes a recorder.
func NewRecorder(w io.Writer) *Recorder { return &Recorder{out: json.NewEncoder(w)} }

// Sample records a sample.
func (r *Recorder) Sample(s *hardware.Sample) {
	if r == nil {
		return
	}
	line := record{Time: s.Time, BootID: s.BootID, Node: varsOf(&s.Node)}
	for i := range s.Devices {
		d := &s.Devices[i]
		line.Devices = append(line.Devices, deviceRecord{d.UUID, d.Serial, d.Epoch, d.Owners, d.Readable, varsOf(&d.Vars)})
	}
	r.write(line)
}

// Event records an event as it was judged: with who held the device.
func (r *Recorder) Event(e hardware.Event) {
	if r == nil {
		return
	}
	r.write(record{Time: e.Time, BootID: e.BootID, Event: &eventRecord{Kind: e.Kind, Code: e.Code, Device: e.Device, Hint: e.Hint, Owners: e.Owners}})
}

func (r *Recorder) write(line record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.out.Encode(line) // a full disk must not stop the agent
}

func varsOf(v *hardware.Vars) map[string]float64 {
	out := map[string]float64{}
	for id := range hardware.LastVar + 1 {
		if value, known := v.Get(id); known {
			out[id.String()] = value
		}
	}
	return out
}

// maxLine bounds a line of a recording.
const maxLine = 1 << 20

// ReadRecords reads a recording. It stops at the first line that is wrong, and
// says which through problem.
func ReadRecords(in io.Reader, problem *error) iter.Seq[hardware.Record] {
	return func(yield func(hardware.Record) bool) {
		lines := bufio.NewScanner(in)
		lines.Buffer(make([]byte, 0, 64<<10), maxLine)
		for n := 1; lines.Scan(); n++ {
			record, err := parseRecord(lines.Bytes())
			if err != nil {
				*problem = fmt.Errorf("line %d: %w", n, err)
				return
			}
			if !yield(record) {
				return
			}
		}
		*problem = lines.Err()
	}
}

func parseRecord(line []byte) (hardware.Record, error) {
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		return hardware.Record{}, fmt.Errorf("not a record (write one with agent run --record): %w", err)
	}
	if r.Event != nil {
		return hardware.Record{Event: &hardware.Event{
			Time: r.Time, BootID: r.BootID, Kind: r.Event.Kind, Code: r.Event.Code, Device: r.Event.Device, Hint: r.Event.Hint, Owners: r.Event.Owners,
		}}, nil
	}
	s := &hardware.Sample{Time: r.Time, BootID: r.BootID}
	if err := setVars(&s.Node, r.Node); err != nil {
		return hardware.Record{}, err
	}
	for _, d := range r.Devices {
		sample := hardware.DeviceSample{UUID: d.UUID, Serial: d.Serial, Epoch: d.Epoch, Owners: d.Owners, Readable: d.Readable}
		if err := setVars(&sample.Vars, d.Vars); err != nil {
			return hardware.Record{}, fmt.Errorf("device %s: %w", d.UUID, err)
		}
		s.Devices = append(s.Devices, sample)
	}
	return hardware.Record{Sample: s}, nil
}

func setVars(v *hardware.Vars, values map[string]float64) error {
	for name, value := range values {
		id, ok := hardware.Lookup(name)
		if !ok {
			return fmt.Errorf("variable %q is not known to this version", name)
		}
		v.Set(id, value)
	}
	return nil
}
