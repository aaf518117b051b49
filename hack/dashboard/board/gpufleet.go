package board

// The variables at the top. Node chooses in every panel, namespace and pod in
// the panels about who uses the GPUs.
var variables = []Variable{
	{Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus"},
	choice("node", "Node", "Narrows every panel to these nodes.", "label_values(trainyard_node_mode, node)"),
	choice("namespace", "Namespace", "Narrows \"Who uses the GPUs\" to these teams.", "label_values(trainyard_gpu_pod_info, namespace)"),
	choice("pod", "Pod", "Narrows \"Who uses the GPUs\" to these pods.", `label_values(trainyard_gpu_pod_info{namespace=~"$namespace"}, pod)`),
}

func choice(name, label, description, query string) Variable {
	return Variable{
		Name: name, Label: label, Description: description, Type: "query", Query: query, Definition: query, Datasource: &prometheus,
		Refresh: onTimeRange, Sort: alphabetical, Multi: true, IncludeAll: true, AllValue: ".*", Current: &Current{"All", "$__all"},
	}
}

// GPUFleet is the dashboard "GPU fleet".
func GPUFleet() Dashboard {
	d := Dashboard{
		UID: "trainyard-gpu-fleet", Title: "GPU fleet", Tags: []string{"trainyard", "gpu"}, SchemaVersion: 39, Editable: true, GraphTooltip: 1,
		Description: "What every GPU does, how it is, and whom it serves. Hover over the i of a panel to read what it shows and when to worry.",
		Refresh:     "30s", Time: Span{"now-6h", "now"}, Timezone: "browser", Templating: Templating{variables},
	}
	for _, s := range []section{glance(), trouble(), load(), heat(), users(), everyGPU(), wear(), machinery()} {
		s.addTo(&d)
	}
	return d
}

func glance() section {
	return section{"At a glance", 8, 4, []Panel{
		stat("GPUs", "How many GPUs the agents see.", "short", blue, `count(trainyard_gpu_info{node=~"$node"}) or vector(0)`),
		stat("Failing", "GPUs on which work fails or will fail. Anything but none needs somebody now; the table below says what to do.", "short", redAboveZero,
			`count(trainyard_gpu_severity{node=~"$node", severity="Fatal"}) or vector(0)`),
		stat("No new work", "GPUs that work and should get no new work until somebody has looked.", "short", yellowAboveZero,
			`count(trainyard_gpu_severity{node=~"$node", severity="Degraded"}) or vector(0)`),
		stat("Unreadable", "GPUs that their agent cannot read just now. They may be well: nobody knows.", "short", yellowAboveZero,
			`count(trainyard_gpu_severity{node=~"$node", severity="Unknown"}) or vector(0)`),
		stat("Silent agents", "Nodes whose agent does not answer. Many at once are a matter of the network, not of hardware.", "short", yellowAboveZero,
			`count(up{job="trainyard-agent", node=~"$node"} == 0) or vector(0)`),
		stat("In use", "Share of the GPUs that a pod holds, busy or not.", "percentunit", blue,
			`count(count by (node, uuid) (trainyard_gpu_pod_info{node=~"$node"})) / count(trainyard_gpu_info{node=~"$node"})`),
		stat("Busy", "Utilisation of all GPUs together: the share of the time in which a kernel ran.", "percentunit", blue,
			`avg(trainyard_gpu_utilization_ratio{node=~"$node"})`),
		stat("Power", "What all GPUs together draw now.", "watt", blue, `sum(trainyard_gpu_power_watts{node=~"$node"})`),
	}}
}

func trouble() section {
	return section{"What is wrong, and what to do", 2, 8, []Panel{
		table("GPUs that need somebody", "Every GPU that is not healthy: its verdict, the action that the agent recommends, and the rule that decided. "+
			"docs/reference/faults.md explains each rule. Empty is good.",
			[]string{`trainyard_gpu_severity{node=~"$node", severity!="Healthy"} * on (node, uuid) group_left (index, model) trainyard_gpu_info`},
			column("node", "Node"), column("index", "GPU"), column("model", "Model"), verdictColumn("severity", "Verdict"), column("action", "What to do"), column("rule", "Rule")),
		table("Everything that was found", "Every rule that holds, also those that only observe and move nothing. Without a GPU the finding is about the whole node.",
			[]string{`(trainyard_hardware_finding{node=~"$node", uuid!=""} * on (node, uuid) group_left (index) trainyard_gpu_info) or trainyard_hardware_finding{node=~"$node", uuid=""}`},
			column("node", "Node"), column("index", "GPU"), column("rule", "Rule"), verdictColumn("severity", "Verdict"), column("class", "Whose problem"), column("mode", "Mode")),
		severities(graph("GPUs by verdict", "How many GPUs were healthy, unreadable, not to be given work, or failing. A step that does not return is a GPU that waits for somebody.", "short",
			query(`count by (severity) (trainyard_gpu_severity{node=~"$node"})`, "{{severity}}"))),
		graph("Xids since the agent started", "Errors that the driver reported, by NVIDIA's number. A line that climbs is a fault that repeats. Class says whose problem it is.", "short",
			query(`sum by (node, xid, class) (trainyard_gpu_xid_errors_total{node=~"$node"})`, "{{node}}: Xid {{xid}} ({{class}})")),
	}}
}

func load() section {
	return section{"What the GPUs do", 2, 8, []Panel{
		graph("Utilisation", "Mean of each node's GPUs: the share of the time in which a kernel ran. 100 % does not mean that it ran well; look at the tensor pipes for that.", "percentunit",
			query(`avg by (node) (trainyard_gpu_utilization_ratio{node=~"$node"})`, "{{node}}")),
		graph("Tensor pipes at work", "Share of the time in which the matrix units worked, on models from Hopper on. High utilisation with idle tensor pipes is a job that waits, or hangs.", "percentunit",
			query(`avg by (node) (trainyard_gpu_tensor_active_ratio{node=~"$node"})`, "{{node}}")),
		graph("Memory in use", "Share of each node's GPU memory that is in use. Near 100 % is normal for training and a risk for whoever allocates as needed.", "percentunit",
			query(`sum by (node) (trainyard_gpu_memory_used_bytes{node=~"$node"}) / sum by (node) (trainyard_gpu_memory_total_bytes{node=~"$node"})`, "{{node}}")),
		graph("Clock of the multiprocessors", "The slowest GPU of each node. In synchronous training the slowest one sets the pace of all.", "hertz",
			query(`min by (node) (trainyard_gpu_clock_hertz{node=~"$node"})`, "{{node}}")),
	}}
}

func heat() section {
	return section{"Heat and power", 2, 8, []Panel{
		thermal(graph("Temperature margin", "Degrees left until the hottest GPU of each node slows itself down. Below 5 °C the alert TrainyardGPUHot waits; below 0 °C it is past its limit.", "celsius",
			query(`min by (node) (trainyard_gpu_thermal_margin_celsius{node=~"$node"})`, "{{node}}"))),
		graph("Temperature", "The hottest core and the hottest memory of each node. What is too hot depends on the model: the margin is the better guide.", "celsius",
			query(`max by (node) (trainyard_gpu_temperature_celsius{node=~"$node"})`, "{{node}} core"),
			query(`max by (node) (trainyard_gpu_memory_temperature_celsius{node=~"$node"})`, "{{node}} memory")),
		graph("Power", "What the GPUs of each node draw, and what they may draw together.", "watt",
			query(`sum by (node) (trainyard_gpu_power_watts{node=~"$node"})`, "{{node}}"),
			query(`sum by (node) (trainyard_gpu_power_limit_watts{node=~"$node"})`, "{{node}} limit")),
		graph("GPUs held back", "How many GPUs had their clocks held down, by reason. SoftwarePowerCap is the power limit at work, which is normal; every other reason slows a job for no good.", "short",
			query(`sum by (node, reason) (rate(trainyard_gpu_clock_event_seconds_total{node=~"$node"}[$__rate_interval]))`, "{{node}}: {{reason}}")),
	}}
}

func users() section {
	const held = `trainyard_gpu_pod_info{node=~"$node", namespace=~"$namespace", pod=~"$pod"}`
	of := func(metric string) string { return held + " * on (node, uuid) group_left () " + metric }
	return section{"Who uses the GPUs", 3, 8, []Panel{
		stacked(graph("GPUs held, by namespace", "How many GPUs the pods of each namespace hold. A GPU that is shared counts once for each of its pods.", "short",
			query("count by (namespace) ("+held+")", "{{namespace}}"))),
		graph("Utilisation, by namespace", "How busy the GPUs are that a namespace holds. GPUs held and idle are money spent on nothing.", "percentunit",
			query("avg by (namespace) ("+of("trainyard_gpu_utilization_ratio")+")", "{{namespace}}")),
		stacked(graph("Power, by namespace", "What the GPUs of each namespace draw.", "watt",
			query("sum by (namespace) ("+of("trainyard_gpu_power_watts")+")", "{{namespace}}"))),
		sorted(table("Pods and their GPUs", "Every pod that holds GPUs: how busy they are, what they draw, and what memory is in use. Sorted by the least busy: the first line is who wastes most.",
			[]string{
				"count by (node, namespace, pod) (" + held + ")",
				"avg by (node, namespace, pod) (" + of("trainyard_gpu_utilization_ratio") + ")",
				"sum by (node, namespace, pod) (" + of("trainyard_gpu_power_watts") + ")",
				"sum by (node, namespace, pod) (" + of("trainyard_gpu_memory_used_bytes") + ")",
				"min by (node, namespace, pod) (" + of("trainyard_gpu_thermal_margin_celsius") + ")",
			},
			column("namespace", "Namespace"), column("pod", "Pod"), column("node", "Node"), column("Value #A", "GPUs"),
			barColumn("Value #B", "Busy", "percentunit", 1), unitColumn("Value #C", "Power", "watt"), unitColumn("Value #D", "Memory", "bytes"), unitColumn("Value #E", "Least margin", "celsius")), "Busy", false),
	}}
}

func everyGPU() section {
	by := func(metric string) string { return "sum by (node, uuid) (" + metric + `{node=~"$node"})` }
	return section{"Every GPU", 1, 10, []Panel{
		table("Every GPU", "One line for each GPU. Choose a node at the top to read one machine.",
			[]string{
				`trainyard_gpu_severity{node=~"$node"} * on (node, uuid) group_left (index, model) trainyard_gpu_info`,
				by("trainyard_gpu_utilization_ratio"), by("trainyard_gpu_temperature_celsius"), by("trainyard_gpu_thermal_margin_celsius"),
				by("trainyard_gpu_power_watts"), by("trainyard_gpu_memory_used_bytes"), by("trainyard_gpu_clock_hertz"),
			},
			column("node", "Node"), column("index", "GPU"), column("model", "Model"), verdictColumn("severity", "Verdict"),
			barColumn("Value #B", "Busy", "percentunit", 1), unitColumn("Value #C", "Core", "celsius"), unitColumn("Value #D", "Margin", "celsius"),
			unitColumn("Value #E", "Power", "watt"), unitColumn("Value #F", "Memory", "bytes"), unitColumn("Value #G", "Clock", "hertz"), column("uuid", "UUID")),
	}}
}

func wear() section {
	return section{"Memory and links", 2, 8, []Panel{
		graph("Memory errors", "Errors of GPU memory since the driver was loaded. Corrected ones are the memory's daily work; one uncorrected error ends the job on that GPU.", "short",
			query(`sum by (node, type) (trainyard_gpu_ecc_errors_total{node=~"$node"})`, "{{node}} {{type}}")),
		graph("Remapped rows", "Rows of GPU memory that were replaced by spare ones. A GPU has 512 for uncorrectable errors; then it goes back to the vendor.", "short",
			query(`sum by (node) (trainyard_gpu_remapped_rows_uncorrectable{node=~"$node"})`, "{{node}} uncorrectable"),
			query(`sum by (node) (trainyard_gpu_remapped_rows_correctable{node=~"$node"})`, "{{node}} correctable")),
		graph("NVLinks down", "Links between GPUs that should be up and are not. Collectives run over the rest, slowly, or not at all.", "short",
			query(`sum by (node) (trainyard_gpu_nvlink_inactive_links{node=~"$node"})`, "{{node}}")),
		graph("Traffic between GPUs", "Bytes over NVLink and over PCIe, both ways.", "Bps",
			query(`sum by (node) (trainyard_gpu_nvlink_bytes_per_second{node=~"$node"})`, "{{node}} NVLink"),
			query(`sum by (node) (trainyard_gpu_pcie_bytes_per_second{node=~"$node"})`, "{{node}} PCIe")),
	}}
}

func machinery() section {
	return section{"Nodes and agents", 3, 8, []Panel{
		driverStates(graph("GPU driver", "1 while the driver answers. On nodes without GPUs it never does, and need not.", "short",
			query(`trainyard_nvml_up{node=~"$node"}`, "{{node}}"))),
		graph("Host: load and pressure", "Load per core, and the share of the last minute in which somebody waited for memory or the disk. Starved GPUs often have a busy host.", "short",
			query(`trainyard_node_load_per_core{node=~"$node"}`, "{{node}} load"),
			query(`trainyard_node_pressure_ratio{node=~"$node", kind="some"}`, "{{node}} {{resource}}")),
		graph("Host: memory errors", "Errors of the host's own memory. Uncorrected ones mean a module to replace.", "short",
			query(`trainyard_node_memory_corrected_errors_total{node=~"$node"}`, "{{node}} corrected"),
			query(`trainyard_node_memory_uncorrected_errors_total{node=~"$node"}`, "{{node}} uncorrected")),
		graph("How long the driver takes", "The slowest hundredth of the calls of each node's driver. Seconds instead of milliseconds are a driver about to hang.", "s",
			query(`histogram_quantile(0.99, sum by (node, le) (rate(trainyard_nvml_call_duration_seconds_bucket{node=~"$node"}[$__rate_interval])))`, "{{node}}")),
		graph("Reports to the cluster", "How often agents write their node's NodeHardware, and how often they fail. Failures that last leave Trainyard with an old picture.", "short",
			query(`sum by (node, result) (increase(trainyard_agent_status_writes_total{node=~"$node"}[1h]))`, "{{node}} {{result}}")),
		graph("Cost of an agent", "Share of one core that an agent takes.", "percentunit",
			query(`rate(process_cpu_seconds_total{job="trainyard-agent", node=~"$node"}[$__rate_interval])`, "{{node}}")),
	}}
}
