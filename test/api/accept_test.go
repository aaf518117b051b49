package api

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

// accept asks what kubectl asks, and returns the job as the server would store it.
func accept(t *testing.T, obj *unstructured.Unstructured) *v1alpha1.TrainingJob {
	t.Helper()
	if err := admin.Create(t.Context(), obj, client.DryRunAll, client.FieldValidation("Strict")); err != nil {
		t.Fatal(err)
	}
	job := &v1alpha1.TrainingJob{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, job); err != nil {
		t.Fatal(err)
	}
	return job
}

func TestDefaults(t *testing.T) {
	sent := manifest(
		unset("spec.framework"),
		sets(1, 1), unset("spec.replicaSpecs[0].replicas"),
		set("spec.runPolicy", map[string]any{}),
		set("spec.failurePolicy.rules", yamlValue(`[{name: gone, action: ReplacePod, onPodCondition: {type: DisruptionTarget}}]`)))
	got := accept(t, sent).Spec
	want := v1alpha1.TrainingJobSpec{
		Preemptible:    ptr.To(true),
		Framework:      v1alpha1.FrameworkGeneric,
		NumProcPerNode: ptr.To(intstr.FromString("auto")),
		Launcher:       v1alpha1.LauncherAuto,
		ReplicaSpecs:   []v1alpha1.ReplicaSpec{{Name: "s0", Replicas: 1, Template: got.ReplicaSpecs[0].Template}},
		RunPolicy: &v1alpha1.RunPolicy{
			StartupDeadlineSeconds: 1800,
			CleanPodPolicy:         v1alpha1.CleanPodRunning,
		},
		FailurePolicy: &v1alpha1.FailurePolicy{
			MaxRestarts:              ptr.To[int32](3),
			AttributionWindowSeconds: ptr.To[int32](60),
			OrphanSeconds:            ptr.To[int32](300),
			RestartStrategy:          v1alpha1.RestartRecreate,
			Unreachable:              v1alpha1.UnreachableWait,
			Rules: []v1alpha1.FailureRule{{
				Name: "gone", Action: v1alpha1.ActionReplacePod,
				OnPodCondition: &v1alpha1.OnPodCondition{Type: "DisruptionTarget", Status: "True"},
			}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}

func TestAccepted(t *testing.T) {
	tests := map[string]edit{
		"the good manifest":           all(),
		"PyTorch":                     set("spec.framework", "PyTorch"),
		"JAX":                         set("spec.framework", "JAX"),
		"TensorFlow":                  set("spec.framework", "TensorFlow"),
		"Generic":                     set("spec.framework", "Generic"),
		"MPI":                         all(set("spec.framework", "MPI"), unset("spec.replicaSpecs[1].dependsOn")),
		"MPI that waits for a set":    all(set("spec.framework", "MPI"), unset("spec.replicaSpecs[1].dependsOn"), set("spec.replicaSpecs[0].dependsOn", dependsOn("worker", "Ready"))),
		"ours by name":                set("spec.managedBy", v1alpha1.ManagedByTrainyard),
		"managed by another":          set("spec.managedBy", "kueue.x-k8s.io/multikueue"),
		"suspended":                   set("spec.suspend", true),
		"not preemptible":             set("spec.preemptible", false),
		"priority class":              set("spec.priorityClassName", "research-high"),
		"one process":                 set("spec.numProcPerNode", 1),
		"128 processes":               set("spec.numProcPerNode", 128),
		"one process for each GPU":    set("spec.numProcPerNode", "auto"),
		"no launcher":                 set("spec.launcher", "Never"),
		"no command":                  container("command", nil),
		"first replica decides":       set("spec.successPolicy", "FirstReplica"),
		"16 sets in a row of waiting": all(sets(16, 1), chain(16)),
		"4096 pods in 16 sets":        sets(16, 256),
		"4096 pods in one set":        sets(1, 4096),
		"names of 50 together":        all(set("metadata.name", strings.Repeat("j", 44)), set("spec.replicaSpecs[0].name", "m"), unset("spec.replicaSpecs[1].dependsOn")),
		"a set name of 32":            all(set("spec.replicaSpecs[0].name", strings.Repeat("s", 32)), unset("spec.replicaSpecs[1].dependsOn")),
		"a job name of one letter":    set("metadata.name", "j"),
		"a generated name":            all(unset("metadata.name"), set("metadata.generateName", "mnist-")),
		"run policy, lowest":          set("spec.runPolicy", yamlValue(`{activeDeadlineSeconds: 1, estimatedDurationSeconds: 1, queueTimeoutSeconds: 1, startupDeadlineSeconds: 1, ttlSecondsAfterFinished: 0, cleanPodPolicy: None}`)),
		"run policy, highest":         set("spec.runPolicy", yamlValue(`{activeDeadlineSeconds: 315360000, estimatedDurationSeconds: 315360000, queueTimeoutSeconds: 315360000, startupDeadlineSeconds: 86400, ttlSecondsAfterFinished: 31536000, cleanPodPolicy: All}`)),
		"failure policy, lowest":      set("spec.failurePolicy", yamlValue(`{maxRestarts: 0, restartWindowSeconds: 1, attributionWindowSeconds: 0, orphanSeconds: 0, restartStrategy: InPlace, unreachable: Wait}`)),
		"failure policy, highest":     set("spec.failurePolicy", yamlValue(`{maxRestarts: 1000, attributionWindowSeconds: 3600, orphanSeconds: 86400, restartStrategy: ReplaceFailed, unreachable: ForceReplace}`)),
		"32 restarts per window":      set("spec.failurePolicy", yamlValue(`{maxRestarts: 32, restartWindowSeconds: 31536000}`)),
		"every action": set("spec.failurePolicy.rules", yamlValue(`
- {name: a, action: FailJob, onExitCodes: {operator: In, values: [1, 255]}}
- {name: b, action: RestartJob, sets: [master, worker], onExitCodes: {operator: NotIn, values: [137]}}
- {name: c, action: RestartJobAndIgnoreMaxRestarts, onPodCondition: {type: DisruptionTarget}}
- {name: d, action: ReplacePod, onPodCondition: {type: Ready, status: Unknown}}`)),
		"every ready rule":       set("spec.progressPolicy.logRules", yamlValue(`[{name: HFTrainer}, {name: Lightning}, {name: Keras}, {name: Torchrun}]`)),
		"rules of one's own":     set("spec.progressPolicy.logRules", yamlValue(`[{name: own, pattern: "step (?P<step>[0-9]+)"}, {name: other, pattern: "loss (?<loss>[0-9.]+)"}]`)),
		"one set with a command": all(container("command", nil), set("spec.progressPolicy.logRules", yamlValue(`[{name: Keras}]`))),
		"checkpoints":            set("spec.checkpoint.directory", "/ckpt"),
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			accept(t, manifest(change))
		})
	}
}

// A template keeps every freedom that its author's own pods have, and all of it
// reaches the store.
func TestAcceptedTemplates(t *testing.T) {
	tests := map[string]edit{
		"a service account of the namespace": pod("serviceAccountName", "trainer"),
		"its token":                          pod("automountServiceAccountToken", true),
		"never restarted":                    pod("restartPolicy", "Never"),
		"the default scheduler":              pod("schedulerName", "default-scheduler"),
		"a taint by key":                     pod("tolerations", yamlValue(`[{key: nvidia.com/gpu, operator: Exists}]`)),
		"every NoExecute taint":              pod("tolerations", yamlValue(`[{operator: Exists, effect: NoExecute}]`)),
		"a node selector":                    pod("nodeSelector", yamlValue(`{gpu: h200}`)),
		"labels and annotations":             set("spec.replicaSpecs[0].template.metadata", yamlValue(`{labels: {team: vision, not.trainyard.dev/x: one}, annotations: {prometheus.io/scrape: "true"}}`)),
		"a sidecar":                          pod("initContainers", yamlValue(`[{name: logs, image: fluentd, restartPolicy: Always}]`)),
		"host network and shared memory":     all(pod("hostNetwork", true), pod("hostIPC", true)),
		"volumes":                            all(pod("volumes", yamlValue(`[{name: trainyards, persistentVolumeClaim: {claimName: data}}]`)), container("volumeMounts", yamlValue(`[{name: trainyards, mountPath: /data/trainyard}]`))),
		"variables and ports":                all(container("env", yamlValue(`[{name: NCCL_DEBUG, value: INFO}]`)), container("ports", yamlValue(`[{containerPort: 29500, name: c10d, protocol: TCP}]`))),
		"devices":                            container("resources", yamlValue(`{limits: {nvidia.com/gpu: 8, rdma/hca: 1}, requests: {cpu: "64", memory: 512Gi}}`)),
		"a runtime class":                    pod("runtimeClassName", "nvidia"),
		"empty strings":                      all(pod("nodeName", ""), pod("hostname", ""), pod("priorityClassName", ""), pod("schedulingGates", []any{})),
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := manifest(change)
			sent := template(obj.DeepCopy())
			accept(t, obj)
			if diff := cmp.Diff(sent, template(obj)); diff != "" {
				t.Errorf("the template changed on its way (-sent +stored):\n%s", diff)
			}
		})
	}
}

func template(obj *unstructured.Unstructured) any {
	list, _, err := unstructured.NestedSlice(obj.Object, "spec", "replicaSpecs")
	if err != nil {
		panic(err)
	}
	return list[0].(map[string]any)["template"]
}
