package agent

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trainyard/trainyard/internal/nvml"
	"github.com/trainyard/trainyard/internal/podresources"
	"github.com/trainyard/trainyard/pkg/hardware"
)

// dcgmMetrics are those of dcgm-exporter that dashboards use most, in its names
// and units. They are off by default: beside dcgm-exporter they would be summed
// twice.
var dcgmMetrics = []struct {
	id      hardware.VarID
	desc    *prometheus.Desc
	scale   float64
	counter bool
}{
	dcgm(hardware.VarTemperature, "DCGM_FI_DEV_GPU_TEMP", "GPU temperature (in C).", 1, false),
	dcgm(hardware.VarMemoryTemperature, "DCGM_FI_DEV_MEMORY_TEMP", "Memory temperature (in C).", 1, false),
	dcgm(hardware.VarPower, "DCGM_FI_DEV_POWER_USAGE", "Power draw (in W).", 1, false),
	dcgm(hardware.VarEnergy, "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "Total energy consumption since boot (in mJ).", 1e3, true),
	dcgm(hardware.VarClock, "DCGM_FI_DEV_SM_CLOCK", "SM clock frequency (in MHz).", 1e-6, false),
	dcgm(hardware.VarMemoryClock, "DCGM_FI_DEV_MEM_CLOCK", "Memory clock frequency (in MHz).", 1e-6, false),
	dcgm(hardware.VarUtilization, "DCGM_FI_DEV_GPU_UTIL", "GPU utilization (in %).", 100, false),
	dcgm(hardware.VarMemoryUtilization, "DCGM_FI_DEV_MEM_COPY_UTIL", "Memory utilization (in %).", 100, false),
	dcgm(hardware.VarMemoryUsed, "DCGM_FI_DEV_FB_USED", "Framebuffer memory used (in MiB).", 1.0/(1<<20), false),
	dcgm(hardware.VarTensorActive, "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "Ratio of cycles the tensor (HMMA) pipe is active.", 1, false),
}

func dcgm(id hardware.VarID, name, help string, scale float64, counter bool) struct {
	id      hardware.VarID
	desc    *prometheus.Desc
	scale   float64
	counter bool
} {
	desc := prometheus.NewDesc(name, help, []string{"gpu", "UUID", "pci_bus_id", "device", "modelName", "hostname", "namespace", "pod", "container"}, nil)
	return struct {
		id      hardware.VarID
		desc    *prometheus.Desc
		scale   float64
		counter bool
	}{id, desc, scale, counter}
}

func (m *Metrics) collectDCGM(ch chan<- prometheus.Metric, r *Report, reading *nvml.Reading) {
	holders := r.Snapshot.Holders[reading.UUID]
	if len(holders) == 0 {
		holders = []podresources.Holder{{}}
	}
	index := strconv.Itoa(reading.Index)
	for _, h := range holders {
		for _, d := range dcgmMetrics {
			if value, known := reading.Vars.Get(d.id); known {
				emit(ch, d.desc, d.counter, value*d.scale, index, reading.UUID, reading.PCI, "nvidia"+index, reading.Model, m.node, h.Namespace, h.Pod, h.Container)
			}
		}
	}
}
