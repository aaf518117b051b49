//go:build cgo

package nvml

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
	"k8s.io/utils/clock"

	"github.com/trainyard/trainyard/pkg/hardware"
)

// relook is after how many polls with a lost device the driver is asked anew
// for its list: the handle of a device that was reset never recovers.
const relook = 6

// Session owns the library. Poll, Remember and Close are for one goroutine;
// Release and Resume may come from another.
type Session struct {
	options Options
	clock   clock.PassiveClock
	lib     nvml.Interface

	mu       sync.Mutex
	released bool
	known    []Identity // every device seen, or remembered

	// pending is a transition that took too long, pendingPolls for how many
	// polls; until it has ended the rest belongs to it.
	pending      chan struct{}
	pendingPolls int

	up       bool
	state    State
	has      symbols
	devices  []*device
	watcher  *watcher
	gone     map[string]bool // devices that were lost or absent, by UUID
	links    int             // the most active NVLinks seen on a device
	lostFor  int             // polls with a lost device since the last look
	unnamed  []int           // indices that the driver lists and does not open
	reloaded bool            // the driver came back since the last poll
	everUp   bool
}

// New makes a session. Nothing is loaded before the first Poll.
func New(options Options, c clock.PassiveClock) *Session {
	if options.CallDone == nil {
		options.CallDone = func(string, time.Duration) {}
	}
	if options.Event == nil {
		options.Event = func(Event) {}
	}
	var libraryOptions []nvml.LibraryOption
	if options.Library != "" {
		libraryOptions = append(libraryOptions, nvml.WithLibraryPath(options.Library))
	}
	return &Session{options: options, clock: c, lib: nvml.New(libraryOptions...), gone: map[string]bool{}}
}

// Remember adds devices that an earlier life of the process knew.
func (s *Session) Remember(known []Identity) {
	for _, id := range known {
		s.remember(id)
	}
}

func (s *Session) remember(id Identity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	same := func(k Identity) bool { return k.UUID == id.UUID }
	if i := slices.IndexFunc(s.known, same); i >= 0 {
		s.known[i] = id
		return
	}
	// Another card in the same slot is a replacement, not a loss.
	s.known = slices.DeleteFunc(s.known, func(k Identity) bool { return k.PCI == id.PCI && k.PCI != "" })
	s.known = append(s.known, id)
}

// Release lets go of the library at the next Poll, until Resume.
func (s *Session) Release() { s.setReleased(true) }

// Resume takes the library up again at the next Poll.
func (s *Session) Resume() { s.setReleased(false) }

func (s *Session) setReleased(released bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.released = released
}

func (s *Session) isReleased() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.released
}

// Close lets go of the library, and waits for no call that hangs.
func (s *Session) Close() {
	if s.pending == nil {
		s.transit(context.Background(), s.close)
	}
}

// Poll reads every device, the slow values too if asked, and waits no longer
// than the timeout.
func (s *Session) Poll(ctx context.Context, slow bool) ([]Reading, State) {
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	released := s.isReleased()
	switch {
	case s.pending != nil && !s.settled():
		return s.stuck()
	case released && s.up:
		if !s.transit(ctx, s.close) {
			return s.stuck()
		}
		fallthrough
	case released:
		s.state = State{Mode: ModeReleased, Reason: "the GPUs were released so that one can be reset", DriverVersion: s.state.DriverVersion}
		return s.silent(), s.state
	case !s.up:
		if !s.transit(ctx, s.open) {
			return s.stuck()
		}
	}
	if !s.up {
		return s.silent(), s.state
	}
	return s.readAll(ctx, slow)
}

func (s *Session) readAll(ctx context.Context, slow bool) ([]Reading, State) {
	readings, err := s.read(ctx, slow)
	if err != nil {
		s.transit(ctx, s.close)
		s.state = State{Mode: ModeDriverDown, Reason: err.Error()}
		return s.silent(), s.state
	}
	s.compareLinks(readings)
	readings = append(readings, s.missing(readings)...)
	s.noteLost(ctx, readings)
	return readings, s.state
}

// transit opens or closes the library, and gives up waiting with the context:
// then the session stays as it is until settled.
func (s *Session) transit(ctx context.Context, f func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		s.pending = done
		return false
	}
}

// settled says whether a transition that took too long has ended at last.
func (s *Session) settled() bool {
	select {
	case <-s.pending:
		s.pending, s.pendingPolls = nil, 0
		return true
	default:
		return false
	}
}

// stuck reports every known device while opening or closing hangs. It touches
// nothing that the transition may be changing.
func (s *Session) stuck() ([]Reading, State) {
	s.pendingPolls++
	s.mu.Lock()
	known := slices.Clone(s.known)
	s.mu.Unlock()
	readings := make([]Reading, 0, len(known))
	for _, id := range known {
		r := Reading{Identity: id, StuckPolls: s.pendingPolls}
		r.Vars.Set(hardware.VarStuckPolls, float64(s.pendingPolls))
		readings = append(readings, r)
	}
	return readings, State{Mode: ModeDriverDown, Reason: "the driver does not return from starting or stopping"}
}

// silent lists the known devices as unreadable.
func (s *Session) silent() []Reading {
	readings := make([]Reading, 0, len(s.known))
	for _, id := range s.known {
		readings = append(readings, Reading{Identity: id})
	}
	return readings
}

// open loads the library and lists the devices.
func (s *Session) open() {
	if ret := s.call("Init", s.lib.Init); ret != nvml.SUCCESS {
		s.state = stateAfter(ret, s.everUp)
		return
	}
	s.up = true
	s.has = s.look()
	version, _ := s.lib.SystemGetDriverVersion()
	s.state = State{Mode: ModeGPU, DriverVersion: version}
	if err := s.list(); err != nil {
		s.close()
		s.state = State{Mode: ModeDriverDown, Reason: err.Error()}
		return
	}
	if len(s.devices) == 0 && len(s.known) == 0 {
		s.state.Mode, s.state.Reason = ModeCPU, "the driver lists no GPU"
	}
	s.reloaded, s.everUp = s.everUp, true
	s.watcher = s.watch()
}

func stateAfter(ret nvml.Return, everUp bool) State {
	switch ret {
	case nvml.ERROR_LIBRARY_NOT_FOUND:
		if everUp {
			return State{Mode: ModeDriverDown, Reason: "the driver's library (libnvidia-ml.so.1) is gone"}
		}
		return State{Mode: ModeCPU, Reason: "the driver's library (libnvidia-ml.so.1) was not found"}
	case nvml.ERROR_LIB_RM_VERSION_MISMATCH:
		return State{Mode: ModeDriverDown, Reason: "the library and the loaded driver are of different versions; reboot or reload the driver"}
	case nvml.ERROR_DRIVER_NOT_LOADED:
		return State{Mode: ModeDriverDown, Reason: "the driver is not loaded"}
	}
	return State{Mode: ModeDriverDown, Reason: "the driver does not start: " + returnText(ret)}
}

// list asks the driver for its devices.
func (s *Session) list() error {
	count, ret := s.lib.DeviceGetCount()
	if ret != nvml.SUCCESS {
		return fmt.Errorf("count GPUs: %s", returnText(ret))
	}
	s.devices, s.unnamed = nil, nil
	for i := range count {
		handle, ret := s.lib.DeviceGetHandleByIndex(i)
		if ret != nvml.SUCCESS {
			s.unnamed = append(s.unnamed, i)
			continue
		}
		d, err := s.newDevice(i, handle)
		if err != nil {
			s.unnamed = append(s.unnamed, i)
			continue
		}
		s.devices = append(s.devices, d)
		s.remember(d.id)
	}
	return nil
}

// close ends the workers and unloads the library. A worker that hangs inside a
// call would crash with the library gone, so then it stays loaded.
func (s *Session) close() {
	if !s.up {
		return
	}
	s.watcher.stop()
	idle := true
	for _, d := range s.devices {
		idle = d.stop() && idle
	}
	if idle {
		_ = s.call("Shutdown", s.lib.Shutdown)
	}
	s.up, s.devices, s.watcher = false, nil, nil
}

// read asks all workers and gathers what they answer in time.
func (s *Session) read(ctx context.Context, slow bool) ([]Reading, error) {
	for _, d := range s.devices {
		d.ask(slow)
	}
	readings := make([]Reading, 0, len(s.known))
	var gone error
	for _, d := range s.devices {
		r, err := d.wait(ctx)
		if err != nil {
			gone = err
		}
		r.Reset = r.Reset || s.reloaded || s.gone[r.UUID] && r.Readable && !isLost(&r)
		if r.Reset {
			delete(s.gone, r.UUID)
		}
		readings = append(readings, r)
	}
	s.reloaded = false
	return readings, gone
}

// missing lists devices that were known and do not open any more, and those that
// the driver lists and never opened.
func (s *Session) missing(readings []Reading) []Reading {
	var missing []Reading
	for _, id := range s.known {
		if slices.ContainsFunc(readings, func(r Reading) bool { return r.UUID == id.UUID }) {
			continue
		}
		r := Reading{Identity: id}
		r.Vars.SetFlag(hardware.VarAbsent, true)
		missing = append(missing, r)
	}
	// A device that was lost before it ever told its name.
	for _, index := range s.unnamed[min(len(missing), len(s.unnamed)):] {
		r := Reading{Identity: Identity{Index: index, UUID: fmt.Sprintf("unnamed-%d", index)}}
		r.Vars.SetFlag(hardware.VarLost, true)
		r.Vars.SetFlag(hardware.VarAbsent, false)
		missing = append(missing, r)
	}
	return missing
}

// noteLost remembers which devices are lost, and looks for them again from time
// to time unless a worker hangs.
func (s *Session) noteLost(ctx context.Context, readings []Reading) {
	lost := false
	for i := range readings {
		if r := &readings[i]; isLost(r) {
			s.gone[r.UUID], lost = true, true
		}
	}
	stuck := slices.ContainsFunc(s.devices, func(d *device) bool { return d.busy() })
	if !lost || stuck {
		s.lostFor = 0
		return
	}
	if s.lostFor++; s.lostFor >= relook {
		s.lostFor = 0
		s.transit(ctx, func() {
			s.close()
			s.open()
			s.reloaded = false // the driver never went away
		})
	}
}

func isLost(r *Reading) bool {
	lost, _ := r.Vars.Get(hardware.VarLost)
	absent, _ := r.Vars.Get(hardware.VarAbsent)
	return lost != 0 || absent != 0
}

// compareLinks says how many NVLinks are inactive that should be active: as many
// as were ever active on this device or are on one of its neighbours.
func (s *Session) compareLinks(readings []Reading) {
	for i := range readings {
		if active := readings[i].LinksActive; active != nil {
			s.links = max(s.links, *active)
		}
	}
	for i := range readings {
		if active := readings[i].LinksActive; active != nil && s.links > 0 && readings[i].Readable {
			readings[i].Vars.Set(hardware.VarLinksInactive, float64(max(s.links-*active, 0)))
		}
	}
}

// call runs a call of the library and reports how long it took.
func (s *Session) call(name string, f func() nvml.Return) nvml.Return {
	begin := s.clock.Now()
	ret := f()
	s.options.CallDone(name, s.clock.Since(begin))
	return ret
}

// returnText is the driver's word for an error, without asking the library,
// which may be gone.
func returnText(ret nvml.Return) string {
	names := map[nvml.Return]string{
		nvml.ERROR_UNINITIALIZED: "not initialised", nvml.ERROR_INVALID_ARGUMENT: "invalid argument",
		nvml.ERROR_NOT_SUPPORTED: "not supported", nvml.ERROR_NO_PERMISSION: "no permission",
		nvml.ERROR_DRIVER_NOT_LOADED: "driver not loaded", nvml.ERROR_TIMEOUT: "timed out",
		nvml.ERROR_GPU_IS_LOST: "GPU is lost", nvml.ERROR_RESET_REQUIRED: "GPU needs a reset",
		nvml.ERROR_LIB_RM_VERSION_MISMATCH: "library and driver differ in version", nvml.ERROR_IN_USE: "in use",
	}
	if name, ok := names[ret]; ok {
		return name
	}
	return fmt.Sprintf("error %d", ret)
}

// sysfsBusID turns NVML's 00000000:18:00.0 into sysfs' 0000:18:00.0.
func sysfsBusID(id string) string {
	const long = len("00000000:18:00.0")
	if len(id) == long {
		id = id[4:]
	}
	return strings.ToLower(id)
}
