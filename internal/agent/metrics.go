package agent

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trainyard/trainyard/internal/nvml"
	"github.com/trainyard/trainyard/pkg/hardware"
)

const prefix = "trainyard_"

// deviceMetric maps a variable of a device to a metric. Labels: uuid.
type deviceMetric struct {
	id      hardware.VarID
	name    string
	help    string
	counter bool
}

var deviceMetrics = []deviceMetric{
	{hardware.VarTemperature, "gpu_temperature_celsius", "Temperature of the core.", false},
	{hardware.VarMemoryTemperature, "gpu_memory_temperature_celsius", "Temperature of the memory.", false},
	{hardware.VarMargin, "gpu_thermal_margin_celsius", "Distance to the nearest thermal limit, signed.", false},
	{hardware.VarPower, "gpu_power_watts", "Power drawn.", false},
	{hardware.VarPowerLimit, "gpu_power_limit_watts", "Power limit in force.", false},
	{hardware.VarEnergy, "gpu_energy_joules_total", "Energy used since the driver was loaded.", true},
	{hardware.VarUtilization, "gpu_utilization_ratio", "Share of the time in which a kernel ran.", false},
	{hardware.VarMemoryUtilization, "gpu_memory_utilization_ratio", "Share of the time in which device memory was read or written.", false},
	{hardware.VarTensorActive, "gpu_tensor_active_ratio", "Share of the time in which a tensor pipe worked.", false},
	{hardware.VarMemoryUsed, "gpu_memory_used_bytes", "Device memory in use.", false},
	{hardware.VarMemoryTotal, "gpu_memory_total_bytes", "Device memory.", false},
	{hardware.VarClock, "gpu_clock_hertz", "Clock of the multiprocessors.", false},
	{hardware.VarMemoryClock, "gpu_memory_clock_hertz", "Clock of the memory.", false},
	{hardware.VarProcesses, "gpu_processes", "Compute processes on the device.", false},
	{hardware.VarRemapCorrectable, "gpu_remapped_rows_correctable", "Rows remapped for correctable errors.", false},
	{hardware.VarRemapUncorrectable, "gpu_remapped_rows_uncorrectable", "Rows remapped for uncorrectable errors.", false},
	{hardware.VarRemapPending, "gpu_remap_pending", "1 while a row remap waits for a reset.", false},
	{hardware.VarRetiredPages, "gpu_retired_pages", "Retired memory pages.", false},
	{hardware.VarPCIeGeneration, "gpu_pcie_generation", "PCIe generation of the link now.", false},
	{hardware.VarPCIeWidth, "gpu_pcie_width_lanes", "PCIe lanes of the link now.", false},
	{hardware.VarPCIeReplays, "gpu_pcie_replays_total", "PCIe replays.", true},
	{hardware.VarPCIeThroughput, "gpu_pcie_bytes_per_second", "PCIe traffic, both ways.", false},
	{hardware.VarLinksInactive, "gpu_nvlink_inactive_links", "NVLinks that should be active and are not.", false},
	{hardware.VarLinkCRCErrors, "gpu_nvlink_crc_errors_total", "NVLink CRC errors.", true},
	{hardware.VarLinkReplays, "gpu_nvlink_replays_total", "NVLink replays.", true},
	{hardware.VarLinkRecoveries, "gpu_nvlink_recoveries_total", "NVLink recoveries.", true},
	{hardware.VarLinkThroughput, "gpu_nvlink_bytes_per_second", "NVLink traffic, both ways.", false},
	{hardware.VarRecoveryAction, "gpu_recovery_action", "What the driver asks for, as its own number; 0 is nothing.", false},
}

var nodeMetrics = []deviceMetric{
	{hardware.VarDevicesExpected, "node_gpus_expected", "GPUs in the acknowledged inventory.", false},
	{hardware.VarDevicesMissing, "node_gpus_missing", "GPUs of the inventory that the driver does not list.", false},
	{hardware.VarDriverUp, "nvml_up", "1 while the GPU driver answers.", false},
	{hardware.VarMemoryCorrected, "node_memory_corrected_errors_total", "Corrected errors of the host's memory.", true},
	{hardware.VarMemoryUncorrected, "node_memory_uncorrected_errors_total", "Uncorrected errors of the host's memory.", true},
	{hardware.VarCPUThrottleEvents, "node_cpu_throttle_events_total", "Thermal throttling events of the CPU packages.", true},
	{hardware.VarFabricErrors, "node_infiniband_errors_total", "Errors of InfiniBand and RoCE ports.", true},
	{hardware.VarFabricLinksDown, "node_infiniband_links_down", "InfiniBand and RoCE ports that went down.", false},
	{hardware.VarFabricLinksSlow, "node_infiniband_links_slow", "InfiniBand and RoCE ports that run slower than they did.", false},
	{hardware.VarNetworkLinksDown, "node_network_links_down", "Network interfaces that lost their carrier.", false},
	{hardware.VarFilesystemReadOnly, "node_filesystem_readonly", "1 while a file system fell back to read-only.", false},
	{hardware.VarLoadPerCore, "node_load_per_core", "Load average of one minute over the number of cores.", false},
}

// Metrics is what the agent serves. It shows the last report and keeps the
// counters that only the agent knows.
type Metrics struct {
	report  atomic.Pointer[Report]
	node    string
	dcgm    bool
	devices []*prometheus.Desc
	nodes   []*prometheus.Desc

	mu        sync.Mutex
	throttled map[[2]string]float64
	last      time.Time

	xids   *prometheus.CounterVec
	calls  *prometheus.HistogramVec
	writes *prometheus.CounterVec
	bytes  prometheus.Counter
	looks  prometheus.Histogram
}

// NewMetrics makes the metrics of a node's agent and registers them. With dcgm
// it also shows the set of dcgm-exporter's names.
func NewMetrics(registry prometheus.Registerer, node string, dcgm bool) *Metrics {
	m := &Metrics{
		node: node, dcgm: dcgm, throttled: map[[2]string]float64{},
		xids: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "gpu_xid_errors_total", Help: "Xids that the driver reported.",
		}, []string{"uuid", "xid", "class"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: prefix + "nvml_call_duration_seconds", Help: "Time that calls of the GPU driver's library took.",
			Buckets: []float64{0.0001, 0.001, 0.01, 0.1, 1, 10},
		}, []string{"call"}),
		writes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "agent_status_writes_total", Help: "Writes of the node's status, by result.",
		}, []string{"result"}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: prefix + "agent_status_bytes_total", Help: "Bytes of status sent to the API server.",
		}),
		looks: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: prefix + "agent_sample_duration_seconds", Help: "Time that one look at the node took.", Buckets: []float64{0.001, 0.01, 0.1, 1, 10},
		}),
	}
	for _, d := range deviceMetrics {
		m.devices = append(m.devices, prometheus.NewDesc(prefix+d.name, d.help, []string{"uuid"}, nil))
	}
	for _, d := range nodeMetrics {
		m.nodes = append(m.nodes, prometheus.NewDesc(prefix+d.name, d.help, nil, nil))
	}
	for _, result := range []string{writeOK, writeFailed} {
		m.writes.WithLabelValues(result) // a counter that appears with its first event has no increase to alert on
	}
	registry.MustRegister(m.xids, m.calls, m.writes, m.bytes, m.looks, m)
	return m
}

// CallDone counts a call of the driver's library.
func (m *Metrics) CallDone(call string, took time.Duration) {
	m.calls.WithLabelValues(call).Observe(took.Seconds())
}

// Looked counts a look at the node.
func (m *Metrics) Looked(took time.Duration) { m.looks.Observe(took.Seconds()) }

// The results of a write.
const (
	writeOK     = "ok"
	writeFailed = "error"
)

// Wrote counts a write of the status.
func (m *Metrics) Wrote(bytes int, _ time.Duration, err error) {
	result := writeOK
	if err != nil {
		result = writeFailed
	}
	m.writes.WithLabelValues(result).Inc()
	m.bytes.Add(float64(bytes))
}

// Xid counts an error of the driver.
func (m *Metrics) Xid(uuid string, code int, class hardware.Class) {
	const most = 999 // Xids are small; a number beyond is one label
	m.xids.WithLabelValues(uuid, strconv.Itoa(min(code, most)), string(class)).Inc()
}

// Show takes a report; the next scrape shows it.
func (m *Metrics) Show(r *Report) {
	m.mu.Lock()
	defer m.mu.Unlock()
	elapsed := r.Assessment.Time.Sub(m.last).Seconds()
	if !m.last.IsZero() && elapsed > 0 && elapsed < 60 {
		for i := range r.Snapshot.Readings {
			reading := &r.Snapshot.Readings[i]
			for _, reason := range throttle(&reading.Vars) {
				m.throttled[[2]string{reading.UUID, string(reason)}] += elapsed
			}
		}
	}
	m.last = r.Assessment.Time
	m.report.Store(r)
}

var (
	infoDesc     = prometheus.NewDesc(prefix+"gpu_info", "What a GPU is called; always 1.", []string{"uuid", "index", "model", "pci", "serial", "driver"}, nil)
	podDesc      = prometheus.NewDesc(prefix+"gpu_pod_info", "Which container holds a GPU; always 1.", []string{"uuid", "namespace", "pod", "container"}, nil)
	healthyDesc  = prometheus.NewDesc(prefix+"gpu_severity", "1 for the severity of the verdict about a GPU.", []string{"uuid", "severity", "class", "action", "rule"}, nil)
	findingDesc  = prometheus.NewDesc(prefix+"hardware_finding", "Rules that hold; uuid is empty for the node.", []string{"uuid", "rule", "severity", "class", "mode"}, nil)
	nodeDesc     = prometheus.NewDesc(prefix+"node_severity", "1 for the worst severity of the node and its devices.", []string{"severity", "action"}, nil)
	eccDesc      = prometheus.NewDesc(prefix+"gpu_ecc_errors_total", "Memory errors since the driver was loaded.", []string{"uuid", "type"}, nil)
	throttleDesc = prometheus.NewDesc(prefix+"gpu_clock_event_seconds_total", "Time during which clocks were held down, by reason.", []string{"uuid", "reason"}, nil)
	modeDesc     = prometheus.NewDesc(prefix+"node_mode", "1 for the mode of the node's GPUs.", []string{"mode"}, nil)
	zoneDesc     = prometheus.NewDesc(prefix+"node_zone_temperature_celsius", "Temperature of a thermal zone.", []string{"zone", "type"}, nil)
	energyDesc   = prometheus.NewDesc(prefix+"node_energy_joules_total", "Energy of a RAPL domain.", []string{"domain"}, nil)
	pressureDesc = prometheus.NewDesc(prefix+"node_pressure_ratio", "Share of the last minute in which some or all tasks waited.", []string{"resource", "kind"}, nil)
	accelDesc    = prometheus.NewDesc(prefix+"accelerator_temperature_celsius", "Temperature of another accelerator.", []string{"name", "driver", "pci"}, nil)
)

// Describe sends the descriptions.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range append(append([]*prometheus.Desc{
		infoDesc, podDesc, healthyDesc, findingDesc, nodeDesc, eccDesc, throttleDesc, modeDesc, zoneDesc, energyDesc, pressureDesc, accelDesc,
	}, m.devices...), m.nodes...) {
		ch <- d
	}
	if m.dcgm {
		for _, d := range dcgmMetrics {
			ch <- d.desc
		}
	}
}

// Collect sends what the last report says.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	r := m.report.Load()
	if r == nil {
		return
	}
	m.collectNode(ch, r)
	for i := range r.Snapshot.Readings {
		m.collectReading(ch, r, &r.Snapshot.Readings[i])
	}
	for i := range r.Assessment.Devices {
		d := &r.Assessment.Devices[i]
		gauge(ch, healthyDesc, 1, d.UUID, string(d.Verdict.Severity), string(d.Verdict.Class), string(d.Verdict.Action), d.Verdict.Rule)
		collectFindings(ch, d.UUID, d.Findings)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, total := range m.throttled {
		counter(ch, throttleDesc, total, key[0], key[1])
	}
}

func (m *Metrics) collectNode(ch chan<- prometheus.Metric, r *Report) {
	for i, d := range nodeMetrics {
		if value, known := r.Snapshot.Sample.Node.Get(d.id); known {
			emit(ch, m.nodes[i], d.counter, value)
		}
	}
	gauge(ch, nodeDesc, 1, string(r.Assessment.Worst.Severity), string(r.Assessment.Worst.Action))
	gauge(ch, modeDesc, 1, string(r.Snapshot.State.Mode))
	collectFindings(ch, "", r.Assessment.NodeFindings)
	host := &r.Snapshot.Host
	for _, z := range host.Zones {
		gauge(ch, zoneDesc, z.Celsius, z.Name, z.Type)
	}
	for _, e := range host.Energy {
		counter(ch, energyDesc, e.Joules, e.Domain)
	}
	for _, p := range host.Pressure {
		gauge(ch, pressureDesc, p.Some, p.Resource, "some")
		gauge(ch, pressureDesc, p.Full, p.Resource, "full")
	}
	for _, a := range host.Accelerators {
		if a.Celsius != nil {
			gauge(ch, accelDesc, *a.Celsius, a.Name, a.Driver, a.PCI)
		}
	}
}

func (m *Metrics) collectReading(ch chan<- prometheus.Metric, r *Report, reading *nvml.Reading) {
	gauge(ch, infoDesc, 1, reading.UUID, strconv.Itoa(reading.Index), reading.Model, reading.PCI, reading.Serial, r.Snapshot.State.DriverVersion)
	for i, d := range deviceMetrics {
		if value, known := reading.Vars.Get(d.id); known {
			emit(ch, m.devices[i], d.counter, value, reading.UUID)
		}
	}
	for kind, id := range map[string]hardware.VarID{"corrected": hardware.VarECCVolatileCorrected, "uncorrected": hardware.VarECCVolatileUncorrected} {
		if value, known := reading.Vars.Get(id); known {
			counter(ch, eccDesc, value, reading.UUID, kind)
		}
	}
	for _, h := range r.Snapshot.Holders[reading.UUID] {
		gauge(ch, podDesc, 1, reading.UUID, h.Namespace, h.Pod, h.Container)
	}
	if m.dcgm {
		m.collectDCGM(ch, r, reading)
	}
}

func collectFindings(ch chan<- prometheus.Metric, uuid string, findings []hardware.Finding) {
	seen := map[string]bool{}
	for i := range findings {
		f := &findings[i]
		mode := hardware.Enforce
		if f.Observed {
			mode = hardware.Observe
		}
		if key := f.Rule + string(f.Outcome.Severity) + string(f.Outcome.Class); !seen[key] { // one series a rule, however many codes
			seen[key] = true
			gauge(ch, findingDesc, 1, uuid, f.Rule, string(f.Outcome.Severity), string(f.Outcome.Class), string(mode))
		}
	}
}

func emit(ch chan<- prometheus.Metric, desc *prometheus.Desc, isCounter bool, value float64, labels ...string) {
	if isCounter {
		counter(ch, desc, value, labels...)
		return
	}
	gauge(ch, desc, value, labels...)
}

func gauge(ch chan<- prometheus.Metric, desc *prometheus.Desc, value float64, labels ...string) {
	send(ch, desc, prometheus.GaugeValue, value, labels)
}

func counter(ch chan<- prometheus.Metric, desc *prometheus.Desc, value float64, labels ...string) {
	send(ch, desc, prometheus.CounterValue, value, labels)
}

// send drops a metric whose labels are no text, rather than the whole scrape.
func send(ch chan<- prometheus.Metric, desc *prometheus.Desc, kind prometheus.ValueType, value float64, labels []string) {
	if metric, err := prometheus.NewConstMetric(desc, kind, value, labels...); err == nil {
		ch <- metric
	}
}
