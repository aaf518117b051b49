//go:build cgo

package nvml

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
	"k8s.io/utils/clock"

	"github.com/trainyard/trainyard/pkg/hardware"
)

// device is one GPU and the goroutine that alone talks to it.
type device struct {
	id      Identity
	handle  nvml.Device
	has     symbols
	clock   clock.PassiveClock
	done    func(string, time.Duration)
	work    chan bool // whether the slow values are asked for too
	answers chan answer
	asked   bool
	stuck   int

	// The rest belongs to the worker.
	unsupported map[string]bool
	static, now hardware.Vars // read once a session; read slowly
	// slowdown is the slowdown temperature of a model that has no margin; 0 on
	// those that have one.
	slowdown float64
	slowRead bool
	// answered and refused count the calls of one reading.
	answered, refused int
	mig               bool
	instances         []Instance
	tensor            *tensor
	before            counters
	reset             bool
	fatal             error
	linksActive       *int
}

type answer struct {
	reading Reading
	err     error
}

// counters are what rates and resets are derived from.
type counters struct {
	at                   time.Time
	pcie, nvlink         float64
	pcieKnown, linkKnown bool
	energy               float64
	uncorrected          float64
	action               float64
}

func (s *Session) newDevice(index int, handle nvml.Device) (*device, error) {
	uuid, ret := handle.GetUUID()
	if ret != nvml.SUCCESS {
		return nil, fmt.Errorf("GPU %d: uuid: %s", index, returnText(ret))
	}
	d := &device{
		id: Identity{Index: index, UUID: uuid}, handle: handle, has: s.has, clock: s.clock, done: s.options.CallDone,
		work: make(chan bool, 1), answers: make(chan answer, 1), unsupported: map[string]bool{},
	}
	d.id.Model, _ = handle.GetName()
	if serial, ret := handle.GetSerial(); ret == nvml.SUCCESS {
		d.id.Serial = serial
	}
	if pci, ret := handle.GetPciInfo(); ret == nvml.SUCCESS {
		d.id.PCI = sysfsBusID(text(pci.BusId[:]))
	}
	go d.run()
	return d, nil
}

func text(chars []int8) string {
	var b strings.Builder
	for _, c := range chars {
		if c == 0 {
			break
		}
		b.WriteByte(byte(c))
	}
	return b.String()
}

// run is the worker. It ends when work is closed.
func (d *device) run() {
	d.readStatic()
	for slow := range d.work {
		reading, err := d.read(slow)
		d.answers <- answer{reading, err}
	}
	d.tensor.free()
	close(d.answers)
}

// ask starts a reading unless one is still under way.
func (d *device) ask(slow bool) {
	if !d.asked {
		d.asked = true
		d.work <- slow
	}
}

// wait takes the answer if it comes in time. The error says that the driver
// itself is gone.
func (d *device) wait(ctx context.Context) (Reading, error) {
	select {
	case a := <-d.answers:
		d.asked, d.stuck = false, 0
		return a.reading, a.err
	default:
	}
	select {
	case a := <-d.answers:
		d.asked, d.stuck = false, 0
		return a.reading, a.err
	case <-ctx.Done():
		d.stuck++
		r := Reading{Identity: d.id, StuckPolls: d.stuck}
		r.Vars.Set(hardware.VarStuckPolls, float64(d.stuck))
		return r, nil
	}
}

// busy says that a call has not returned yet.
func (d *device) busy() bool { return d.asked && len(d.answers) == 0 }

// stop ends the worker, and reports whether it was idle. One that hangs ends by
// itself when its call returns.
func (d *device) stop() bool {
	busy := d.busy()
	close(d.work)
	if busy {
		go func() { // let it answer into the void
			for range d.answers {
			}
		}()
		return false
	}
	for range d.answers {
	}
	return true
}

// errGone says that the library or driver has gone from under the session.
var errGone = errors.New("the driver went away")

// call runs one call, unless the device is known not to support it, and reports
// whether it succeeded.
func (d *device) call(name string, f func() nvml.Return) bool {
	if d.fatal != nil || d.unsupported[name] {
		return false
	}
	begin := d.clock.Now()
	ret := f()
	d.done(name, d.clock.Since(begin))
	switch ret {
	case nvml.SUCCESS:
		d.answered++
		return true
	case nvml.ERROR_NOT_SUPPORTED, nvml.ERROR_FUNCTION_NOT_FOUND, nvml.ERROR_ARGUMENT_VERSION_MISMATCH:
		d.unsupported[name] = true
	case nvml.ERROR_GPU_IS_LOST, nvml.ERROR_GPU_NOT_FOUND:
		d.fatal = errLost
	case nvml.ERROR_UNINITIALIZED, nvml.ERROR_DRIVER_NOT_LOADED, nvml.ERROR_LIB_RM_VERSION_MISMATCH:
		d.fatal = fmt.Errorf("%w: %s", errGone, returnText(ret))
	default:
		d.refused++
	}
	return false
}

// newer is call for a function that an old library may lack.
func (d *device) newer(symbol, name string, f func() nvml.Return) bool {
	return d.has[symbol] && d.call(name, f)
}

var errLost = errors.New("the GPU is lost")

// read takes one reading.
func (d *device) read(slow bool) (Reading, error) {
	d.fatal, d.reset, d.answered, d.refused = nil, false, 0, 0
	if slow || !d.slowRead {
		d.readSlow()
	}
	r := Reading{Identity: d.id, Readable: true}
	r.Vars = d.static
	for id := hardware.VarLost; ; id++ {
		if value, known := d.now.Get(id); known {
			r.Vars.Set(id, value)
		}
		if id == hardware.LastVar {
			break
		}
	}
	d.readFast(&r.Vars)
	if errors.Is(d.fatal, errGone) {
		return r, d.fatal
	}
	lost := errors.Is(d.fatal, errLost)
	failing := !lost && d.answered == 0 && d.refused > 0
	if lost || failing {
		r.Vars, r.Readable = hardware.Vars{}, false
	}
	r.Vars.SetFlag(hardware.VarLost, lost)
	r.Vars.SetFlag(hardware.VarFailing, failing)
	r.Vars.SetFlag(hardware.VarAbsent, false)
	r.Vars.Set(hardware.VarStuckPolls, 0)
	r.EnergyIntegrated = d.unsupported["GetTotalEnergyConsumption"]
	r.MIG, r.Instances, r.Reset, r.LinksActive = d.mig, d.instances, d.reset, d.linksActive
	return r, nil
}
