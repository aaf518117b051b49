//go:build cgo

package nvml

// symbols says which functions the loaded library has. A call to one that it
// lacks would kill the process, so what is not in the oldest library that the
// agent serves is looked up first.
type symbols map[string]bool

var newerSymbols = []string{
	"nvmlDeviceGetMarginTemperature",
	"nvmlDeviceGetSramEccErrorStatus",
	"nvmlDeviceGetCurrentClocksEventReasons",
	"nvmlDeviceGetRemappedRows",
	"nvmlDeviceGetMemoryInfo_v2",
	"nvmlDeviceGetMigMode",
	"nvmlDeviceGetMaxMigDeviceCount",
	"nvmlDeviceGetMigDeviceHandleByIndex",
	"nvmlDeviceGetGpuInstanceId",
	"nvmlDeviceGetFieldValues",
	"nvmlDeviceGetComputeRunningProcesses_v3",
	"nvmlDeviceGetRetiredPages",
	"nvmlDeviceGetRetiredPagesPendingStatus",
	"nvmlDeviceGetPcieReplayCounter",
	"nvmlGpmQueryDeviceSupport",
	"nvmlGpmMetricsGet",
	"nvmlGpmSampleGet",
}

func (s *Session) look() symbols {
	has := symbols{}
	for _, name := range newerSymbols {
		has[name] = s.lib.Extensions().LookupSymbol(name) == nil
	}
	return has
}
