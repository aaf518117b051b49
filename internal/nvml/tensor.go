//go:build cgo

package nvml

import (
	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/trainyard/trainyard/pkg/hardware"
)

// tensor holds the two samples between which the driver measures how long the
// tensor pipes worked.
type tensor struct {
	before, after nvml.GpmSample
	primed        bool
}

func (t *tensor) free() {
	if t != nil {
		_ = t.before.Free()
		_ = t.after.Free()
	}
}

// readTensor needs Hopper or newer, and no MIG.
func (d *device) readTensor(v *hardware.Vars) {
	if d.mig || !d.gpm() {
		return
	}
	if !d.newer("nvmlGpmSampleGet", "GpmSampleGet", func() nvml.Return { return d.tensor.after.Get(d.handle) }) {
		return
	}
	defer func() { d.tensor.before, d.tensor.after, d.tensor.primed = d.tensor.after, d.tensor.before, true }()
	if !d.tensor.primed {
		return
	}
	get := nvml.GpmMetricsGetType{NumMetrics: 1, Sample1: d.tensor.before, Sample2: d.tensor.after}
	get.Metrics[0].MetricId = uint32(nvml.GPM_METRIC_ANY_TENSOR_UTIL)
	if d.newer("nvmlGpmMetricsGet", "GpmMetricsGet", func() nvml.Return { return nvml.GpmMetricsGet(&get) }) &&
		nvml.Return(get.Metrics[0].NvmlReturn) == nvml.SUCCESS {
		v.Set(hardware.VarTensorActive, get.Metrics[0].Value*percent)
	}
}

// gpm makes the samples once, where the device can fill them.
func (d *device) gpm() bool {
	if d.tensor != nil {
		return true
	}
	var support nvml.GpmSupport
	if !d.newer("nvmlGpmQueryDeviceSupport", "GpmQueryDeviceSupport", func() (ret nvml.Return) {
		support, ret = d.handle.GpmQueryDeviceSupport()
		return ret
	}) || support.IsSupportedDevice == 0 {
		d.unsupported["GpmQueryDeviceSupport"] = true
		return false
	}
	before, ret := nvml.GpmSampleAlloc()
	if ret != nvml.SUCCESS {
		return false
	}
	after, ret := nvml.GpmSampleAlloc()
	if ret != nvml.SUCCESS {
		_ = before.Free()
		return false
	}
	d.tensor = &tensor{before: before, after: after}
	return true
}
