//go:build cgo

package nvml

import (
	"sync/atomic"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
	"k8s.io/utils/clock"
)

// waitMillis is how long one wait for an event lasts; it bounds how long stop
// takes.
const waitMillis = 500

// watcher waits for the driver's events.
type watcher struct {
	set     nvml.EventSet
	byUUID  func(nvml.Device) string
	clock   clock.PassiveClock
	emit    func(Event)
	stopped atomic.Bool
	ended   chan struct{}
}

var eventKinds = []struct {
	bits uint64
	kind EventKind
}{
	{nvml.EventTypeXidCriticalError, EventXid},
	{nvml.EventTypeGpuRecoveryAction, EventRecoveryAction},
	{nvml.EventTypeSingleBitEccError | nvml.EventTypeDoubleBitEccError, EventECC},
}

// watch registers for the events that each device supports. Nil is a watcher
// that waits for nothing.
func (s *Session) watch() *watcher {
	set, ret := s.lib.EventSetCreate()
	if ret != nvml.SUCCESS {
		return nil
	}
	registered := false
	for _, d := range s.devices {
		types, ret := d.handle.GetSupportedEventTypes()
		if ret != nvml.SUCCESS {
			continue
		}
		wanted := uint64(0)
		for _, k := range eventKinds {
			wanted |= k.bits & types
		}
		registered = d.handle.RegisterEvents(wanted, set) == nvml.SUCCESS || registered
	}
	if !registered {
		_ = set.Free()
		return nil
	}
	w := &watcher{set: set, clock: s.clock, emit: s.options.Event, ended: make(chan struct{})}
	uuids := map[nvml.Device]string{}
	for _, d := range s.devices {
		uuids[d.handle] = d.id.UUID
	}
	w.byUUID = func(d nvml.Device) string { return uuids[d] }
	go w.run()
	return w
}

func (w *watcher) run() {
	defer close(w.ended)
	for !w.stopped.Load() {
		data, ret := w.set.Wait(waitMillis)
		switch ret {
		case nvml.SUCCESS:
			w.deliver(data)
		case nvml.ERROR_TIMEOUT:
		case nvml.ERROR_GPU_IS_LOST:
			// The others go on; a moment's pause comes with the next wait.
		default:
			return // the session notices at its next poll
		}
	}
}

func (w *watcher) deliver(data nvml.EventData) {
	for _, k := range eventKinds {
		if data.EventType&k.bits != 0 {
			w.emit(Event{Time: w.clock.Now(), Kind: k.kind, UUID: w.byUUID(data.Device), Data: data.EventData})
			return
		}
	}
}

func (w *watcher) stop() {
	if w == nil {
		return
	}
	w.stopped.Store(true)
	<-w.ended
	_ = w.set.Free()
}
