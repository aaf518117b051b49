package api

import (
	"strings"
	"testing"
)

func TestRejectedNamesAndSets(t *testing.T) {
	expectRejected(t, []rejection{
		{"no sets", set("spec.replicaSpecs", []any{}), "spec.replicaSpecs", "0", "should have at least 1 items"},
		{"sets missing", unset("spec.replicaSpecs"), "spec.replicaSpecs", "", "Required value"},
		{"spec missing", unset("spec"), "spec", "", "Required value"},
		{"17 sets", sets(17, 1), "spec.replicaSpecs", "17", "must have at most 16 items"},
		{"4097 pods", sets(2, 2049), "spec.replicaSpecs", "4098", "more than 4096: lower them"},
		{"4097 pods in one set", set("spec.replicaSpecs[0].replicas", 4097), "spec.replicaSpecs[0].replicas", "4097", "less than or equal to 4096"},
		{"negative replicas", set("spec.replicaSpecs[0].replicas", -1), "spec.replicaSpecs[0].replicas", "-1", "greater than or equal to 1"},
		{"zero replicas", set("spec.replicaSpecs[0].replicas", 0), "spec.replicaSpecs[0].replicas", "0", "greater than or equal to 1"},
		{"replicas as text", set("spec.replicaSpecs[0].replicas", "two"), "spec.replicaSpecs[0].replicas", `"string"`, "must be of type integer"},
		{"half a replica", set("spec.replicaSpecs[0].replicas", 1.5), "spec.replicaSpecs[0].replicas", `"float64"`, "must be of type integer"},
		{"duplicate set names", set("spec.replicaSpecs[1].name", "master"), "spec.replicaSpecs[1]", `"master"`, "Duplicate value"},
		{"set without name", unset("spec.replicaSpecs[0].name"), "spec.replicaSpecs[0].name", "", "Required value"},
		{"empty set name", set("spec.replicaSpecs[0].name", ""), "spec.replicaSpecs[0].name", `""`, "at least 1 chars long"},
		{"set name with capitals", set("spec.replicaSpecs[0].name", "Master"), "spec.replicaSpecs[0].name", "Master", "should match '^[a-z]"},
		{"set name with a dot", set("spec.replicaSpecs[0].name", "a.b"), "spec.replicaSpecs[0].name", "a.b", "should match '^[a-z]"},
		{"set name ending in a dash", set("spec.replicaSpecs[0].name", "a-"), "spec.replicaSpecs[0].name", "a-", "should match '^[a-z]"},
		{"set name too long", set("spec.replicaSpecs[0].name", strings.Repeat("a", 33)), "spec.replicaSpecs[0].name", "", "may not be more than 32 bytes"},
		{"job name that begins with a digit", set("metadata.name", "4u"), "metadata.name", "4u", "starts with a letter (a-z, 0-9 and -), since the host names of its ranks end in it: rename the job"},
		{"job name with a dot", set("metadata.name", "mnist.v2"), "metadata.name", "mnist.v2", "must be a DNS label"},
		{"names too long together", set("metadata.name", strings.Repeat("j", 45)), "metadata.name", strings.Repeat("j", 45) + " and the longest set name have 51 characters", "more than 50, and a pod is named <job>-<set>-<index>-<attempt>: shorten one"},
		{"no template", unset("spec.replicaSpecs[0].template"), "spec.replicaSpecs[0].template", "", "Required value"},
		{"empty template", set("spec.replicaSpecs[0].template", map[string]any{}), "spec.replicaSpecs[0].template.spec.containers", "empty", "add the container that trains"},
		{"no container", pod("containers", []any{}), "spec.replicaSpecs[0].template.spec.containers", "empty", "add the container that trains"},
		{"container without name", pod("containers", yamlValue(`[{image: a}]`)), "containers[0].name", "", "Required value"},
		{"two containers of one name", pod("containers", yamlValue(`[{name: a, image: a}, {name: a, image: b}]`)), "containers[1]", `"a"`, "Duplicate value"},
		{"misspelt field", set("spec.replicaSpec", []any{}), `"spec.replicaSpec"`, "", "unknown field"},
		{"misspelt pod field", pod("nodeSelectors", map[string]any{}), `"spec.replicaSpecs[0].template.spec.nodeSelectors"`, "", "unknown field"},
		{"owner in the template", set("spec.replicaSpecs[0].template.metadata.ownerReferences", []any{}), `.template.metadata.ownerReferences"`, "", "unknown field"},
		{"generated name in the template", set("spec.replicaSpecs[0].template.metadata.generateName", "p-"), `.template.metadata.generateName"`, "", "unknown field"},
	})
}

func TestRejectedDependencies(t *testing.T) {
	expectRejected(t, []rejection{
		{"on no set", set("spec.replicaSpecs[1].dependsOn.name", "chief"), "spec.replicaSpecs", "dependsOn.name chief", "correct the name or remove dependsOn"},
		{"on itself", set("spec.replicaSpecs[1].dependsOn.name", "worker"), "spec.replicaSpecs", "dependsOn.name worker", "is no other set of this job"},
		{"without state", unset("spec.replicaSpecs[1].dependsOn.state"), "spec.replicaSpecs[1].dependsOn.state", "", "Required value"},
		{"unknown state", set("spec.replicaSpecs[1].dependsOn.state", "Running"), "spec.replicaSpecs[1].dependsOn.state", `"Running"`, `supported values: "Ready", "Succeeded"`},
		{"each other", set("spec.replicaSpecs[0].dependsOn", dependsOn("worker", "Ready")), "spec.replicaSpecs", "master, worker", "remove the dependsOn of one"},
		{"circle of 16", all(sets(16, 1), chain(16), set("spec.replicaSpecs[0].dependsOn", dependsOn("s15", "Ready"))), "spec.replicaSpecs", "s0, s1, s2", "remove the dependsOn of one"},
		{"circle of 3 with a tail of 13", all(sets(16, 1), chain(16), set("spec.replicaSpecs[0].dependsOn", dependsOn("s2", "Ready"))), "spec.replicaSpecs", "the sets s0, s1, s2 wait", "remove the dependsOn of one"},
	})
}

func TestRejectedChoices(t *testing.T) {
	expectRejected(t, []rejection{
		{"framework", set("spec.framework", "Caffe"), "spec.framework", `"Caffe"`, `supported values: "PyTorch", "JAX", "TensorFlow", "MPI", "Generic"`},
		{"framework in small letters", set("spec.framework", "pytorch"), "spec.framework", `"pytorch"`, `supported values: "PyTorch"`},
		{"launcher", set("spec.launcher", "Always"), "spec.launcher", `"Always"`, `supported values: "Auto", "Never"`},
		{"numProcPerNode as a word", set("spec.numProcPerNode", "gpu"), "spec.numProcPerNode", `"gpu"`, "must be a number from 1 to 128, or auto"},
		{"numProcPerNode zero", set("spec.numProcPerNode", 0), "spec.numProcPerNode", "0", "must be a number from 1 to 128, or auto"},
		{"numProcPerNode too high", set("spec.numProcPerNode", 129), "spec.numProcPerNode", "129", "must be a number from 1 to 128, or auto"},
		{"successPolicy", set("spec.successPolicy", "Any"), "spec.successPolicy", `"Any"`, `supported values: "All", "FirstReplica"`},
		{"managedBy without a slash", set("spec.managedBy", "kueue"), "spec.managedBy", "kueue", "should match"},
		{"priority of the cluster's own components", set("spec.priorityClassName", "system-node-critical"), "spec.priorityClassName", "", "kept for the components of the cluster itself: name another PriorityClass"},
		{"checkpoint directory that is relative", set("spec.checkpoint.directory", "ckpt/run"), "spec.checkpoint.directory", "ckpt/run", "should match '^/"},
		{"checkpoint without directory", set("spec.checkpoint", map[string]any{}), "spec.checkpoint.directory", "", "Required value"},
		{"suspend as text", set("spec.suspend", "yes"), "spec.suspend", `"string"`, "must be of type boolean"},
	})
}

func TestRejectedRunPolicies(t *testing.T) {
	expectRejected(t, []rejection{
		{"deadline of zero", set("spec.runPolicy.activeDeadlineSeconds", 0), "spec.runPolicy.activeDeadlineSeconds", "0", "greater than or equal to 1"},
		{"negative estimate", set("spec.runPolicy.estimatedDurationSeconds", -5), "spec.runPolicy.estimatedDurationSeconds", "-5", "greater than or equal to 1"},
		{"queue timeout of eleven years", set("spec.runPolicy.queueTimeoutSeconds", 347000000), "spec.runPolicy.queueTimeoutSeconds", "347000000", "less than or equal to 315360000"},
		{"startup of two days", set("spec.runPolicy.startupDeadlineSeconds", 172800), "spec.runPolicy.startupDeadlineSeconds", "172800", "less than or equal to 86400"},
		{"negative time to live", set("spec.runPolicy.ttlSecondsAfterFinished", -1), "spec.runPolicy.ttlSecondsAfterFinished", "-1", "greater than or equal to 0"},
		{"duration as text", set("spec.runPolicy.activeDeadlineSeconds", "2h"), "spec.runPolicy.activeDeadlineSeconds", `"string"`, "must be of type integer"},
		{"cleanPodPolicy", set("spec.runPolicy.cleanPodPolicy", "Failed"), "spec.runPolicy.cleanPodPolicy", `"Failed"`, `supported values: "None", "Running", "All"`},
	})
}

func TestRejectedFailurePolicies(t *testing.T) {
	rule := func(text string) edit { return set("spec.failurePolicy.rules", []any{yamlValue(text)}) }
	expectRejected(t, []rejection{
		{"negative restarts", set("spec.failurePolicy.maxRestarts", -1), "spec.failurePolicy.maxRestarts", "-1", "greater than or equal to 0"},
		{"too many restarts", set("spec.failurePolicy.maxRestarts", 1001), "spec.failurePolicy.maxRestarts", "1001", "less than or equal to 1000"},
		{"too many restarts per window", set("spec.failurePolicy", yamlValue(`{maxRestarts: 33, restartWindowSeconds: 60}`)), "spec.failurePolicy.maxRestarts", "33", "lower it or remove restartWindowSeconds"},
		{"attribution of two hours", set("spec.failurePolicy.attributionWindowSeconds", 7200), "spec.failurePolicy.attributionWindowSeconds", "7200", "less than or equal to 3600"},
		{"negative orphan time", set("spec.failurePolicy.orphanSeconds", -1), "spec.failurePolicy.orphanSeconds", "-1", "greater than or equal to 0"},
		{"strategy", set("spec.failurePolicy.restartStrategy", "Restart"), "spec.failurePolicy.restartStrategy", `"Restart"`, `supported values: "Recreate", "InPlace", "ReplaceFailed"`},
		{"unreachable", set("spec.failurePolicy.unreachable", "Delete"), "spec.failurePolicy.unreachable", `"Delete"`, `supported values: "Wait", "ForceReplace"`},
		{"rule without a cause", rule(`{name: oom, action: FailJob}`), "spec.failurePolicy.rules[0]", "rule oom", "add one"},
		{"rule with two causes", rule(`{name: oom, action: FailJob, onExitCodes: {operator: In, values: [1]}, onPodCondition: {type: Ready}}`), "spec.failurePolicy.rules[0]", "rule oom", "remove one"},
		{"unknown action", rule(`{name: oom, action: Ignore, onExitCodes: {operator: In, values: [1]}}`), "spec.failurePolicy.rules[0].action", `"Ignore"`, `supported values: "FailJob", "RestartJob"`},
		{"exit code zero", rule(`{name: oom, action: FailJob, onExitCodes: {operator: In, values: [0]}}`), "spec.failurePolicy.rules[0].onExitCodes.values[0]", "0", "greater than or equal to 1"},
		{"exit code 256", rule(`{name: oom, action: FailJob, onExitCodes: {operator: In, values: [256]}}`), "spec.failurePolicy.rules[0].onExitCodes.values[0]", "256", "less than or equal to 255"},
		{"no exit code", rule(`{name: oom, action: FailJob, onExitCodes: {operator: In, values: []}}`), "spec.failurePolicy.rules[0].onExitCodes.values", "0", "should have at least 1 items"},
		{"exit code twice", rule(`{name: oom, action: FailJob, onExitCodes: {operator: In, values: [1, 1]}}`), "spec.failurePolicy.rules[0].onExitCodes.values[1]", "1", "Duplicate value"},
		{"unknown operator", rule(`{name: oom, action: FailJob, onExitCodes: {operator: Exists, values: [1]}}`), "spec.failurePolicy.rules[0].onExitCodes.operator", `"Exists"`, `supported values: "In", "NotIn"`},
		{"unknown condition status", rule(`{name: oom, action: FailJob, onPodCondition: {type: Ready, status: Maybe}}`), "spec.failurePolicy.rules[0].onPodCondition.status", `"Maybe"`, `supported values: "True", "False", "Unknown"`},
		{"rule about no set", rule(`{name: oom, action: FailJob, sets: [master, ps], onExitCodes: {operator: In, values: [1]}}`), "spec.failurePolicy.rules", "rule oom", "correct the name in sets or remove it"},
		{"in place without launcher", all(set("spec.launcher", "Never"), set("spec.failurePolicy.restartStrategy", "InPlace")), "spec.failurePolicy.restartStrategy", "spec.launcher is Never", "set that to Auto or restartStrategy to Recreate"},
		{"in place without command", all(container("command", nil), set("spec.failurePolicy.restartStrategy", "InPlace")), "spec.replicaSpecs[master].template.spec.containers[trainer].command", "is empty", "name the command of the image"},
	})
}

func TestRejectedProgressPolicies(t *testing.T) {
	rules := func(text string) edit { return set("spec.progressPolicy.logRules", yamlValue(text)) }
	expectRejected(t, []rejection{
		{"no rule", rules(`[]`), "spec.progressPolicy.logRules", "0", "should have at least 1 items"},
		{"unknown ready rule", rules(`[{name: Fairseq}]`), "spec.progressPolicy.logRules[0].name", "Fairseq", "give it a pattern, or use HFTrainer, Lightning, Keras or Torchrun"},
		{"ready rule with a pattern", rules(`[{name: Keras, pattern: "(?P<step>[0-9]+)"}]`), "spec.progressPolicy.logRules[0].name", "Keras", "choose another name or remove pattern"},
		{"pattern that does not parse", rules(`[{name: own, pattern: "step (?P<step>[0-9]+"}]`), "spec.progressPolicy.logRules[0].pattern", "missing closing ): `step (?P<step>[0-9]+`", "must be an RE2 expression: correct what the error says"},
		{"pattern with look-ahead", rules(`[{name: own, pattern: "(?P<step>[0-9]+)(?=;)"}]`), "spec.progressPolicy.logRules[0].pattern", "invalid or unsupported Perl syntax: `(?=`", "must be an RE2 expression"},
		{"pattern that reads nothing", rules(`[{name: own, pattern: "step [0-9]+"}]`), "spec.progressPolicy.logRules[0].pattern", "step [0-9]+", "name what it reads, as in step (?P<step>[0-9]+)"},
		{"pattern too long", rules(`[{name: own, pattern: "(?P<step>` + strings.Repeat("x", 512) + `)"}]`), "spec.progressPolicy.logRules[0].pattern", "", "may not be more than 512 bytes"},
		{"without launcher", all(set("spec.launcher", "Never"), rules(`[{name: Keras}]`)), "spec.progressPolicy", "spec.launcher is Never", "set that to Auto or remove progressPolicy"},
		{"without any command", all(sets(1, 1), container("command", nil), rules(`[{name: Keras}]`)), "spec.replicaSpecs[s0].template.spec.containers[trainer].command", "is empty", "name the command of the image or remove spec.progressPolicy"},
	})
}

func TestRejectedMPI(t *testing.T) {
	mpi := func(edits ...edit) edit {
		return all(append([]edit{set("spec.framework", "MPI"), unset("spec.replicaSpecs[1].dependsOn")}, edits...)...)
	}
	expectRejected(t, []rejection{
		{"without launcher", mpi(set("spec.launcher", "Never")), "spec.launcher", "launcher Never", "set it to Auto"},
		{"without workers", mpi(sets(1, 1)), "spec.replicaSpecs", "1 set", "add the workers as a second set"},
		{"two that launch", mpi(set("spec.replicaSpecs[0].replicas", 2)), "spec.replicaSpecs", "set master launches the MPI program and has replicas 2", "set its replicas to 1 and put the workers into further sets"},
		{"workers that wait for what launches", set("spec.framework", "MPI"), "spec.replicaSpecs", "dependsOn.name master", "remove dependsOn"},
		{"success of all", mpi(set("spec.successPolicy", "All")), "spec.successPolicy", "All", "remove successPolicy or set it to FirstReplica"},
		{"without command", mpi(container("command", nil)), "spec.replicaSpecs[master].template.spec.containers[trainer].command", "is empty", "name the command of the image"},
	})
}

// chain makes each of n sets wait for the one before it.
func chain(n int) edit {
	return func(obj map[string]any) {
		list := obj["spec"].(map[string]any)["replicaSpecs"].([]any)
		for i := 1; i < n; i++ {
			before := list[i-1].(map[string]any)["name"].(string)
			list[i].(map[string]any)["dependsOn"] = dependsOn(before, "Ready")
		}
	}
}
