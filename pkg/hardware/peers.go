package hardware

import "slices"

// minPeers is how many busy devices it takes to speak of a median.
const minPeers = 4

// busyRatio is the utilisation above which a device takes part.
const busyRatio = 0.5

// comparePeers sets how a device stands to the median of its busy neighbours.
// The ratio to the median replaces a z-score, which among eight devices cannot
// pass 2.47 whatever happens.
func comparePeers(devices []DeviceSample, scratch []float64) []float64 {
	for _, p := range [...]struct {
		from, to VarID
		delta    bool
	}{
		{VarClock, VarClockPeerRatio, false},
		{VarPower, VarPowerPeerRatio, false},
		{VarTemperature, VarTemperaturePeerDelta, true},
	} {
		scratch = scratch[:0]
		for i := range devices {
			if value, ok := busyValue(&devices[i], p.from); ok {
				scratch = append(scratch, value)
			}
		}
		if len(scratch) < minPeers {
			continue
		}
		middle := median(scratch)
		for i := range devices {
			value, ok := busyValue(&devices[i], p.from)
			switch {
			case !ok:
			case p.delta:
				devices[i].Vars.Set(p.to, value-middle)
			case middle > 0:
				devices[i].Vars.Set(p.to, value/middle)
			}
		}
	}
	return scratch
}

func busyValue(d *DeviceSample, id VarID) (float64, bool) {
	if busy, known := d.Vars.Get(VarUtilization); !known || busy < busyRatio {
		return 0, false
	}
	return d.Vars.Get(id)
}

// median sorts its argument.
func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	if n%2 == 1 {
		return values[n/2]
	}
	return (values[n/2-1] + values[n/2]) / 2
}
