//go:build cgo

package nvml

import (
	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/trainyard/trainyard/pkg/hardware"
)

// maxLinks is how many NVLinks a GPU may have.
const maxLinks = nvml.NVLINK_MAX_LINKS

// readStatic reads what does not change while the driver is loaded.
func (d *device) readStatic() {
	d.fatal = nil
	threshold := func(name string, kind nvml.TemperatureThresholds) (celsius float64, ok bool) {
		var value uint32
		ok = d.call("GetTemperatureThreshold/"+name, func() (ret nvml.Return) { value, ret = d.handle.GetTemperatureThreshold(kind); return ret })
		return float64(value), ok
	}
	if celsius, ok := threshold("GPUMax", nvml.TEMPERATURE_THRESHOLD_GPU_MAX); ok {
		d.static.Set(hardware.VarTemperatureMax, celsius)
	}
	if celsius, ok := threshold("MemMax", nvml.TEMPERATURE_THRESHOLD_MEM_MAX); ok {
		d.static.Set(hardware.VarMemoryTemperatureMax, celsius)
	}
	d.slowdown, _ = threshold("Slowdown", nvml.TEMPERATURE_THRESHOLD_SLOWDOWN)
	offset := []nvml.FieldValue{{FieldId: nvml.FI_DEV_TEMPERATURE_SLOWDOWN_TLIMIT}}
	if d.fields("GetFieldValues/static", offset) {
		if celsius, ok := number(&offset[0]); ok {
			d.static.Set(hardware.VarMarginSlowdown, celsius)
			d.slowdown = 0
		}
	}
	var mhz uint32
	if d.call("GetMaxClockInfo", func() (ret nvml.Return) { mhz, ret = d.handle.GetMaxClockInfo(nvml.CLOCK_SM); return ret }) {
		d.static.Set(hardware.VarClockMax, float64(mhz)*mega)
	}
}

// readSlow reads what changes within minutes.
func (d *device) readSlow() {
	d.now = hardware.Vars{}
	d.readMIG()
	d.powerLimit()
	d.ecc()
	d.rows()
	d.pages()
	d.pcie()
	d.links()
	d.slowFields()
	d.slowRead = d.fatal == nil
}

func (d *device) powerLimit() {
	var milliwatts uint32
	if d.call("GetEnforcedPowerLimit", func() (ret nvml.Return) { milliwatts, ret = d.handle.GetEnforcedPowerLimit(); return ret }) {
		d.now.Set(hardware.VarPowerLimit, float64(milliwatts)*milli)
	}
}

func (d *device) ecc() {
	total := func(name string, kind nvml.MemoryErrorType, counter nvml.EccCounterType, id hardware.VarID) {
		var count uint64
		if d.call(name, func() (ret nvml.Return) { count, ret = d.handle.GetTotalEccErrors(kind, counter); return ret }) {
			d.now.Set(id, float64(count))
		}
	}
	total("GetTotalEccErrors/VolatileUncorrected", nvml.MEMORY_ERROR_TYPE_UNCORRECTED, nvml.VOLATILE_ECC, hardware.VarECCVolatileUncorrected)
	total("GetTotalEccErrors/VolatileCorrected", nvml.MEMORY_ERROR_TYPE_CORRECTED, nvml.VOLATILE_ECC, hardware.VarECCVolatileCorrected)
	total("GetTotalEccErrors/AggregateUncorrected", nvml.MEMORY_ERROR_TYPE_UNCORRECTED, nvml.AGGREGATE_ECC, hardware.VarECCAggregateUncorrected)
	if count, known := d.now.Get(hardware.VarECCVolatileUncorrected); known {
		d.reset = d.reset || count < d.before.uncorrected // the counter begins anew with a reset
		d.before.uncorrected = count
	}
	var sram nvml.EccSramErrorStatus
	if d.newer("nvmlDeviceGetSramEccErrorStatus", "GetSramEccErrorStatus", func() (ret nvml.Return) { sram, ret = d.handle.GetSramEccErrorStatus(); return ret }) {
		d.now.SetFlag(hardware.VarSRAMThreshold, sram.BThresholdExceeded != 0)
	}
}

func (d *device) rows() {
	var correctable, uncorrectable int
	var pending, failed bool
	if d.newer("nvmlDeviceGetRemappedRows", "GetRemappedRows", func() (ret nvml.Return) {
		correctable, uncorrectable, pending, failed, ret = d.handle.GetRemappedRows()
		return ret
	}) {
		d.now.Set(hardware.VarRemapCorrectable, float64(correctable))
		d.now.Set(hardware.VarRemapUncorrectable, float64(uncorrectable))
		d.now.SetFlag(hardware.VarRemapPending, pending)
		d.now.SetFlag(hardware.VarRemapFailed, failed)
	}
}

func (d *device) pages() {
	count, known := 0, false
	for name, cause := range map[string]nvml.PageRetirementCause{
		"GetRetiredPages/SingleBit": nvml.PAGE_RETIREMENT_CAUSE_MULTIPLE_SINGLE_BIT_ECC_ERRORS,
		"GetRetiredPages/DoubleBit": nvml.PAGE_RETIREMENT_CAUSE_DOUBLE_BIT_ECC_ERROR,
	} {
		var pages []uint64
		if d.newer("nvmlDeviceGetRetiredPages", name, func() (ret nvml.Return) { pages, ret = d.handle.GetRetiredPages(cause); return ret }) {
			count, known = count+len(pages), true
		}
	}
	if known {
		d.now.Set(hardware.VarRetiredPages, float64(count))
	}
	var pending nvml.EnableState
	if d.newer("nvmlDeviceGetRetiredPagesPendingStatus", "GetRetiredPagesPendingStatus", func() (ret nvml.Return) {
		pending, ret = d.handle.GetRetiredPagesPendingStatus()
		return ret
	}) {
		d.now.SetFlag(hardware.VarRetirementPending, pending == nvml.FEATURE_ENABLED)
	}
}

func (d *device) pcie() {
	for _, p := range []struct {
		name string
		get  func() (int, nvml.Return)
		id   hardware.VarID
	}{
		{"GetCurrPcieLinkGeneration", d.handle.GetCurrPcieLinkGeneration, hardware.VarPCIeGeneration},
		{"GetMaxPcieLinkGeneration", d.handle.GetMaxPcieLinkGeneration, hardware.VarPCIeGenerationMax},
		{"GetCurrPcieLinkWidth", d.handle.GetCurrPcieLinkWidth, hardware.VarPCIeWidth},
		{"GetMaxPcieLinkWidth", d.handle.GetMaxPcieLinkWidth, hardware.VarPCIeWidthMax},
	} {
		var value int
		if d.call(p.name, func() (ret nvml.Return) { value, ret = p.get(); return ret }) {
			d.now.Set(p.id, float64(value))
		}
	}
	var replays int
	if d.newer("nvmlDeviceGetPcieReplayCounter", "GetPcieReplayCounter", func() (ret nvml.Return) { replays, ret = d.handle.GetPcieReplayCounter(); return ret }) {
		d.now.Set(hardware.VarPCIeReplays, float64(replays))
	}
}

func (d *device) links() {
	d.linksActive = nil
	active := 0
	for link := range maxLinks {
		var state nvml.EnableState
		// The first link that does not exist ends the list; it must not mark the
		// call as unsupported for those that do.
		if !d.call("GetNvLinkState", func() (ret nvml.Return) { state, ret = d.handle.GetNvLinkState(link); return ret }) {
			return
		}
		if state == nvml.FEATURE_ENABLED {
			active++
		}
		d.linksActive = new(active)
	}
}

// slowFields reads the link errors and the driver's own recovery action.
func (d *device) slowFields() {
	values := []nvml.FieldValue{
		{FieldId: nvml.FI_DEV_GET_GPU_RECOVERY_ACTION},
		{FieldId: nvml.FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL},
		{FieldId: nvml.FI_DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL},
		{FieldId: nvml.FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL},
		{FieldId: nvml.FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL},
	}
	if !d.fields("GetFieldValues/slow", values) {
		return
	}
	if action, ok := number(&values[0]); ok {
		d.now.Set(hardware.VarRecoveryAction, action)
		d.reset = d.reset || action == 0 && d.before.action != 0 // what the driver asked for was done
		d.before.action = action
	}
	for i, id := range []hardware.VarID{hardware.VarLinkReplays, hardware.VarLinkRecoveries} {
		if value, ok := number(&values[i+1]); ok {
			d.now.Set(id, value)
		}
	}
	if crc, ok := sum(values[3:]); ok {
		d.now.Set(hardware.VarLinkCRCErrors, crc)
	}
}

// readMIG finds the parts of a GPU that is split. A change of the mode makes
// some calls possible and others not, so all are tried anew.
func (d *device) readMIG() {
	var current int
	if !d.newer("nvmlDeviceGetMigMode", "GetMigMode", func() (ret nvml.Return) { current, _, ret = d.handle.GetMigMode(); return ret }) {
		return
	}
	if on := current == nvml.DEVICE_MIG_ENABLE; on != d.mig {
		d.mig, d.unsupported = on, map[string]bool{}
	}
	d.instances = nil
	if !d.mig || !d.has["nvmlDeviceGetMaxMigDeviceCount"] || !d.has["nvmlDeviceGetMigDeviceHandleByIndex"] {
		return
	}
	count, _ := d.handle.GetMaxMigDeviceCount()
	for i := range count {
		part, ret := d.handle.GetMigDeviceHandleByIndex(i)
		if ret != nvml.SUCCESS {
			continue // this place is empty
		}
		if uuid, ret := part.GetUUID(); ret == nvml.SUCCESS {
			id := 0
			if d.has["nvmlDeviceGetGpuInstanceId"] {
				id, _ = part.GetGpuInstanceId()
			}
			d.instances = append(d.instances, Instance{UUID: uuid, ID: id})
		}
	}
}
