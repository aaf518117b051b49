package api

import "testing"

// What a pod template could say to gain more than the pods of its author, or
// to pass for what it is not. Templates of later sets are judged like the first.
func TestRejectedPods(t *testing.T) {
	metadata := func(field string, value any) edit {
		return set("spec.replicaSpecs[0].template.metadata."+field, value)
	}
	const at = "spec.replicaSpecs[master].template."
	expectRejected(t, []rejection{
		{"node chosen", pod("nodeName", "node-1"), at + "spec.nodeName", "node-1", "remove it, or say what the node must be with nodeSelector or affinity"},
		{"node chosen in a later set", set("spec.replicaSpecs[1].template.spec.nodeName", "node-1"), "spec.replicaSpecs[worker].template.spec.nodeName", "node-1", "remove it"},
		{"our taint tolerated", pod("tolerations", yamlValue(`[{key: trainyard.dev/quarantine, operator: Exists}]`)), at + "spec.tolerations", "trainyard.dev/quarantine", "remove it"},
		{"our taint tolerated for a while", pod("tolerations", yamlValue(`[{key: gpu}, {key: trainyard.dev/hold, value: x, effect: NoExecute, tolerationSeconds: 5}]`)), at + "spec.tolerations", "trainyard.dev/hold", "remove it"},
		{"every taint tolerated", pod("tolerations", yamlValue(`[{operator: Exists}]`)), at + "spec.tolerations", "operator Exists and effect of every kind", "name the keys that you mean to tolerate"},
		{"every taint against scheduling tolerated", pod("tolerations", yamlValue(`[{operator: Exists, effect: NoSchedule}]`)), at + "spec.tolerations", "operator Exists and effect NoSchedule", "name the keys that you mean to tolerate"},
		{"other scheduler", pod("schedulerName", "my-scheduler"), at + "spec.schedulerName", "my-scheduler", "remove it"},
		{"scheduling gate", pod("schedulingGates", yamlValue(`[{name: example.com/wait}]`)), at + "spec.schedulingGates", "example.com/wait", "remove it"},
		{"scheduling group", pod("schedulingGroup", yamlValue(`{podGroupName: mine}`)), at + "spec.schedulingGroup", "is set", "remove it"},
		{"pod priority class", pod("priorityClassName", "system-node-critical"), at + "spec.priorityClassName", "system-node-critical", "remove it and set spec.priorityClassName of the job"},
		{"pod priority", pod("priority", 1000000000), at + "spec.priority", "1000000000", "remove it and set spec.priorityClassName of the job"},
		{"preemption", pod("preemptionPolicy", "PreemptLowerPriority"), at + "spec.preemptionPolicy", "PreemptLowerPriority", "remove it"},
		{"overhead", pod("overhead", yamlValue(`{cpu: 1m}`)), at + "spec.overhead", "cpu", "remove it and set runtimeClassName"},
		{"hostname", pod("hostname", "worker-0"), at + "spec.hostname", "worker-0", "remove it"},
		{"hostname by override", pod("hostnameOverride", "worker-0"), at + "spec.hostnameOverride", "worker-0", "remove it"},
		{"subdomain", pod("subdomain", "other-job"), at + "spec.subdomain", "other-job", "remove it"},
		{"long hostname", pod("setHostnameAsFQDN", true), at + "spec.setHostnameAsFQDN", "true", "remove it"},
		{"restart by the kubelet", pod("restartPolicy", "OnFailure"), at + "spec.restartPolicy", "OnFailure", "remove it and set spec.failurePolicy.maxRestarts"},
		{"deadline of a pod", pod("activeDeadlineSeconds", 60), at + "spec.activeDeadlineSeconds", "60", "remove it and set spec.runPolicy.activeDeadlineSeconds"},
		{"debug container", pod("ephemeralContainers", yamlValue(`[{name: shell, image: busybox}]`)), at + "spec.ephemeralContainers", "shell", "remove it and use kubectl debug"},
		{"volume of our name", pod("volumes", yamlValue(`[{name: data, emptyDir: {}}, {name: trainyard-runtime, emptyDir: {}}]`)), at + "spec.volumes", "trainyard-runtime", "rename it"},
		{"volume of our shortest name", pod("volumes", yamlValue(`[{name: trainyard, emptyDir: {}}]`)), at + "spec.volumes", "trainyard", "rename it"},
		{"pod name", metadata("name", "mnist-master-0-1"), at + "metadata.name", "mnist-master-0-1", "remove it"},
		{"other namespace", metadata("namespace", "kube-system"), at + "metadata.namespace", "kube-system", "remove it"},
		{"finalizer", metadata("finalizers", []any{"example.com/hold"}), at + "metadata.finalizers", "example.com/hold", "remove it"},
		{"label of another job's rank", metadata("labels", map[string]any{"app": "x", "trainyard.dev/job-uid": "0d1e"}), at + "metadata.labels", "trainyard.dev/job-uid", "remove them"},
		{"instruction for the launcher", metadata("annotations", map[string]any{"trainyard.dev/instruction": "{}"}), at + "metadata.annotations", "trainyard.dev/instruction", "remove them"},
		{"mirror pod", metadata("annotations", map[string]any{"kubernetes.io/config.mirror": "x"}), at + "metadata.annotations", "kubernetes.io/config.mirror", "remove them"},
		{"static pod", metadata("annotations", map[string]any{"kubernetes.io/config.source": "file"}), at + "metadata.annotations", "kubernetes.io/config.source", "remove them"},
	})
}

func TestRejectedContainers(t *testing.T) {
	const (
		first = "spec.replicaSpecs[master].template.spec.containers[trainer]."
		init  = "spec.replicaSpecs[master].template.spec.initContainers[fetch]."
	)
	env := yamlValue(`[{name: LR, value: "1"}, {name: TRAINYARD_RANK, value: "0"}]`)
	mount := func(name, path string) any {
		return []any{map[string]any{"name": name, "mountPath": path}}
	}
	expectRejected(t, []rejection{
		{"name", container("name", "trainyard-install"), "spec.replicaSpecs[master].template.spec.containers[trainyard-install].name", "trainyard-install", "rename it"},
		{"name of an init container", initContainer("name", "trainyard-launcher"), "spec.replicaSpecs[master].template.spec.initContainers[trainyard-launcher].name", "trainyard-launcher", "rename it"},
		{"variable", container("env", env), first + "env", "TRAINYARD_RANK", "remove it"},
		{"variable of an init container", initContainer("env", env), init + "env", "TRAINYARD_RANK", "remove it"},
		{"variables by prefix", container("envFrom", yamlValue(`[{prefix: TRAINYARD_, configMapRef: {name: mine}}]`)), first + "envFrom", "TRAINYARD_", "remove it"},
		{"port", container("ports", yamlValue(`[{containerPort: 36291}]`)), first + "ports", "36291", "choose another"},
		{"port of the host", container("ports", yamlValue(`[{containerPort: 80, hostPort: 36291}]`)), first + "ports", "36291", "choose another"},
		{"port name", container("ports", yamlValue(`[{containerPort: 80, name: trainyard}]`)), first + "ports", "trainyard", "choose another"},
		{"port name of the rendezvous", container("ports", yamlValue(`[{containerPort: 80, name: trainyard-rdzv}]`)), first + "ports", "trainyard-rdzv", "choose another"},
		{"mount of our volume", container("volumeMounts", mount("trainyard", "/x")), first + "volumeMounts", "trainyard", "choose another volume and path"},
		{"mount of our volume in an init container", initContainer("volumeMounts", mount("trainyard-instruction", "/x")), init + "volumeMounts", "trainyard-instruction", "choose another volume and path"},
		{"mount over the launcher", container("volumeMounts", mount("data", "/.trainyard")), first + "volumeMounts", "/.trainyard", "choose another volume and path"},
		{"mount over the instruction", container("volumeMounts", mount("data", "/.trainyard-instruction")), first + "volumeMounts", "/.trainyard-instruction", "choose another volume and path"},
		{"mount under the launcher", container("volumeMounts", mount("data", "/.trainyard/launcher")), first + "volumeMounts", "/.trainyard/launcher", "choose another volume and path"},
		{"mount over the launcher by another spelling", container("volumeMounts", mount("data", "/data/..//.trainyard/")), first + "volumeMounts", "/data/..//.trainyard/", "choose another volume and path"},
		{"restart of a container", container("restartPolicy", "Always"), first + "restartPolicy", "Always", "remove it and set spec.failurePolicy.maxRestarts"},
		{"restart rules of a container", container("restartPolicyRules", yamlValue(`[{action: Restart, exitCodes: {operator: In, values: [1]}}]`)), first + "restartPolicyRules", "Restart", "remove it and set spec.failurePolicy.maxRestarts"},
		{"restart rules of an init container", initContainer("restartPolicyRules", yamlValue(`[{action: RestartAllContainers, exitCodes: {operator: In, values: [1]}}]`)), init + "restartPolicyRules", "RestartAllContainers", "remove it and set spec.failurePolicy.maxRestarts"},
	})
}
