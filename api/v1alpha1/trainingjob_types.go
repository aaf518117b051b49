package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Bounds of a TrainingJob. Admission enforces them; code may rely on them.
const (
	// MaxReplicaSpecs is the largest number of replica sets in a job.
	MaxReplicaSpecs = 16
	// MaxPods is the largest number of pods in a job, over all its sets.
	MaxPods = 4096
	// ManagedByTrainyard is the value of spec.managedBy that is ours.
	ManagedByTrainyard = "trainyard.dev/trainingjob-controller"
)

// Framework names the family of rendezvous that ranks find each other by.
//
// +kubebuilder:validation:Enum=PyTorch;JAX;TensorFlow;MPI;Generic
type Framework string

// The frameworks and the environment that each brings to every pod.
const (
	// FrameworkPyTorch sets MASTER_ADDR, MASTER_PORT, RANK, WORLD_SIZE,
	// LOCAL_RANK, LOCAL_WORLD_SIZE, NODE_RANK and torchrun's PET_ variables.
	FrameworkPyTorch Framework = "PyTorch"
	// FrameworkJAX sets JAX_COORDINATOR_ADDRESS, JAX_NUM_PROCESSES and JAX_PROCESS_ID.
	FrameworkJAX Framework = "JAX"
	// FrameworkTensorFlow sets TF_CONFIG.
	FrameworkTensorFlow Framework = "TensorFlow"
	// FrameworkMPI writes a hostfile and SSH keys, and holds the first set
	// back until every worker answers.
	FrameworkMPI Framework = "MPI"
	// FrameworkGeneric sets only Trainyard's own variables.
	FrameworkGeneric Framework = "Generic"
)

// LauncherMode says whether Trainyard's launcher runs as process 1.
//
// +kubebuilder:validation:Enum=Auto;Never
type LauncherMode string

// The launcher's modes.
const (
	// LauncherAuto puts the launcher before the first container's command,
	// wherever that container names one.
	LauncherAuto LauncherMode = "Auto"
	// LauncherNever leaves the containers as they are: no progress, no
	// restart in place.
	LauncherNever LauncherMode = "Never"
)

// SuccessPolicy says when a job has succeeded.
//
// +kubebuilder:validation:Enum=All;FirstReplica
type SuccessPolicy string

// The success policies.
const (
	// SuccessAll waits for every replica of every set.
	SuccessAll SuccessPolicy = "All"
	// SuccessFirstReplica waits for the first replica of the first set (rank 0).
	SuccessFirstReplica SuccessPolicy = "FirstReplica"
)

// DependencyState is what a set waits for in another.
//
// +kubebuilder:validation:Enum=Ready;Succeeded
type DependencyState string

// The states that a set can wait for.
const (
	// DependencyReady waits until every pod of the other set is ready.
	DependencyReady DependencyState = "Ready"
	// DependencySucceeded waits until every pod of the other set has succeeded.
	DependencySucceeded DependencyState = "Succeeded"
)

// Dependency holds a set back until another has reached a state.
type Dependency struct {
	// name is the set to wait for.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Name string `json:"name,omitempty"`

	// state is what to wait for: Ready or Succeeded.
	// +required
	State DependencyState `json:"state,omitempty"`
}

// ReplicaSpec is one set of identical pods.
//
// +kubebuilder:validation:XValidation:rule="has(self.template.spec) && self.template.spec.containers.size() > 0",message="containers is empty: add the container that trains",fieldPath=".template.spec.containers"
type ReplicaSpec struct {
	// name is the set's name, unique in the job and part of its pods' names:
	// a DNS label of at most 32 characters.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`

	// replicas is the number of pods in the set, 1 to 4096. Default 1.
	// +optional
	// +default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=4096
	Replicas int32 `json:"replicas,omitempty"`

	// dependsOn holds the set's pods back until another set has reached a
	// state. Room for all sets is reserved together nevertheless.
	// +optional
	DependsOn *Dependency `json:"dependsOn,omitempty"`

	// template is the pod to run. Its first container is the one that trains.
	// restartPolicy is always Never: Trainyard restarts, not the kubelet.
	// +required
	Template corev1.PodTemplateSpec `json:"template"`
}

// RunPolicy bounds a job in time and says what stays of it.
//
// +kubebuilder:validation:MinProperties=1
type RunPolicy struct {
	// activeDeadlineSeconds fails a job that has held a place for this long in
	// all; time spent waiting or suspended does not count. Unset: no deadline.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=315360000
	ActiveDeadlineSeconds int64 `json:"activeDeadlineSeconds,omitempty"`

	// estimatedDurationSeconds is how long the user expects the job to hold a
	// place in all; nothing ends because of it. By it, those that wait are told
	// when to expect a place, and a short job may use room that a larger one
	// waits for, if it ends before that fits. Unset: activeDeadlineSeconds.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=315360000
	EstimatedDurationSeconds int64 `json:"estimatedDurationSeconds,omitempty"`

	// queueTimeoutSeconds fails a job that has waited this long for a place
	// in one stretch. Unset: it waits as long as it takes.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=315360000
	QueueTimeoutSeconds int64 `json:"queueTimeoutSeconds,omitempty"`

	// startupDeadlineSeconds gives an attempt up whose ranks are not all
	// running this long after it was placed (images that do not pull, volumes
	// that do not mount). Default 1800.
	// +optional
	// +default=1800
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	StartupDeadlineSeconds int32 `json:"startupDeadlineSeconds,omitempty"`

	// ttlSecondsAfterFinished deletes the TrainingJob, and with it all that is
	// its own, this long after it ended. Unset: it stays.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=31536000
	TTLSecondsAfterFinished *int32 `json:"ttlSecondsAfterFinished,omitempty"`

	// cleanPodPolicy says which pods are deleted when the job has ended: None,
	// Running (those that still run) or All. Default Running.
	// +optional
	// +default="Running"
	CleanPodPolicy CleanPodPolicy `json:"cleanPodPolicy,omitempty"`
}

// CleanPodPolicy says which pods are deleted when a job has ended.
//
// +kubebuilder:validation:Enum=None;Running;All
type CleanPodPolicy string

// The policies for the pods of a job that ended.
const (
	// CleanPodNone leaves every pod.
	CleanPodNone CleanPodPolicy = "None"
	// CleanPodRunning deletes the pods that have not ended by themselves.
	CleanPodRunning CleanPodPolicy = "Running"
	// CleanPodAll deletes every pod.
	CleanPodAll CleanPodPolicy = "All"
)

// ProgressPolicy says how progress is read from a training's output.
type ProgressPolicy struct {
	// logRules read progress from lines that the training prints anyway. JSON
	// lines with the key trainyard are always read.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	LogRules []LogRule `json:"logRules,omitempty"`
}

// LogRule reads progress from a line of output.
//
// +kubebuilder:validation:XValidation:rule="has(self.pattern) || self.name in ['HFTrainer', 'Lightning', 'Keras', 'Torchrun']",messageExpression="'%s is not a ready rule: give it a pattern, or use HFTrainer, Lightning, Keras or Torchrun'.format([self.name])",fieldPath=".name"
// +kubebuilder:validation:XValidation:rule="!has(self.pattern) || !(self.name in ['HFTrainer', 'Lightning', 'Keras', 'Torchrun'])",messageExpression="'%s is a ready rule and has its own pattern: choose another name or remove pattern'.format([self.name])",fieldPath=".name"
type LogRule struct {
	// name is one of the ready rules HFTrainer, Lightning, Keras and Torchrun,
	// or, with a pattern, a name of your own.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`

	// pattern is an RE2 expression with named groups: step, epoch and total
	// are read as such, every other name is a metric. Unset: name is a ready
	// rule.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="''.matches(self) in [true, false]",message="pattern must be an RE2 expression: correct what the error says"
	// +kubebuilder:validation:XValidation:rule="self.contains('(?P<') || self.contains('(?<')",message="the pattern has no named group and so reads nothing: name what it reads, as in step (?P<step>[0-9]+)"
	Pattern string `json:"pattern,omitempty"`
}

// CheckpointPolicy says where attempts keep their checkpoints.
type CheckpointPolicy struct {
	// directory is where a volume that all nodes share is mounted in the first
	// container. Every attempt gets a directory of its own under it
	// (TRAINYARD_CHECKPOINT_DIR).
	// +required
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:Pattern=`^/[^:]*$`
	Directory string `json:"directory,omitempty"`
}

// TrainingJobSpec says what to train and what to do when that fails.
//
// +kubebuilder:validation:XValidation:rule="self.replicaSpecs.all(s, !has(s.dependsOn) || (s.dependsOn.name != s.name && self.replicaSpecs.exists(o, o.name == s.dependsOn.name)))",messageExpression="'dependsOn.name %s is no other set of this job: correct the name or remove dependsOn'.format([self.replicaSpecs.filter(s, has(s.dependsOn) && (s.dependsOn.name == s.name || !self.replicaSpecs.exists(o, o.name == s.dependsOn.name)))[0].dependsOn.name])",fieldPath=".replicaSpecs"
// +kubebuilder:validation:XValidation:rule="self.replicaSpecs.map(s, s.replicas).sum() <= 4096",messageExpression="'replicas add up to %d pods over all sets, more than 4096: lower them'.format([self.replicaSpecs.map(s, s.replicas).sum()])",fieldPath=".replicaSpecs"
// +kubebuilder:validation:XValidation:rule="self.framework != 'MPI' || self.launcher == 'Auto'",messageExpression="'launcher %s cannot write the hostfile and the keys that framework MPI needs: set it to Auto'.format([self.launcher])",fieldPath=".launcher"
// +kubebuilder:validation:XValidation:rule="self.framework != 'MPI' || self.replicaSpecs.size() >= 2",messageExpression="'framework MPI needs a set that launches and a set of workers, but there is %d set: add the workers as a second set'.format([self.replicaSpecs.size()])",fieldPath=".replicaSpecs"
// +kubebuilder:validation:XValidation:rule="self.framework != 'MPI' || self.replicaSpecs[0].replicas == 1",messageExpression="'set %s launches the MPI program and has replicas %d: set its replicas to 1 and put the workers into further sets'.format([self.replicaSpecs[0].name, self.replicaSpecs[0].replicas])",fieldPath=".replicaSpecs"
// +kubebuilder:validation:XValidation:rule="self.framework != 'MPI' || self.replicaSpecs.all(s, !has(s.dependsOn) || s.dependsOn.name != self.replicaSpecs[0].name)",messageExpression="'dependsOn.name %s is the set that launches the MPI program, which itself waits for the workers: remove dependsOn'.format([self.replicaSpecs[0].name])",fieldPath=".replicaSpecs"
// +kubebuilder:validation:XValidation:rule="self.framework != 'MPI' || !has(self.successPolicy) || self.successPolicy == 'FirstReplica'",messageExpression="'%s never comes true with framework MPI, whose workers serve until they are stopped: remove successPolicy or set it to FirstReplica'.format([self.successPolicy])",fieldPath=".successPolicy"
// +kubebuilder:validation:XValidation:rule="self.launcher == 'Auto' || !has(self.failurePolicy) || !has(self.failurePolicy.restartStrategy) || self.failurePolicy.restartStrategy != 'InPlace'",messageExpression="'InPlace needs the launcher, which starts the process again, but spec.launcher is %s: set that to Auto or restartStrategy to Recreate'.format([self.launcher])",fieldPath=".failurePolicy.restartStrategy"
// +kubebuilder:validation:XValidation:rule="!has(self.failurePolicy) || !has(self.failurePolicy.rules) || self.failurePolicy.rules.all(r, !has(r.sets) || r.sets.all(n, self.replicaSpecs.exists(s, s.name == n)))",messageExpression="'rule %s is about a set that this job does not have: correct the name in sets or remove it'.format([self.failurePolicy.rules.filter(r, has(r.sets) && !r.sets.all(n, self.replicaSpecs.exists(s, s.name == n)))[0].name])",fieldPath=".failurePolicy.rules"
// +kubebuilder:validation:XValidation:rule="self.launcher == 'Auto' || !has(self.progressPolicy)",messageExpression="'progress is read by the launcher, but spec.launcher is %s: set that to Auto or remove progressPolicy'.format([self.launcher])",fieldPath=".progressPolicy"
// +kubebuilder:validation:XValidation:rule="has(self.managedBy) == has(oldSelf.managedBy) && (!has(self.managedBy) || self.managedBy == oldSelf.managedBy)",messageExpression="'managedBy is immutable and was %s: create a new job'.format([has(oldSelf.managedBy) ? oldSelf.managedBy : 'unset'])",fieldPath=".managedBy"
type TrainingJobSpec struct {
	// suspend keeps a job from being placed and takes the place of one that
	// runs: its pods are stopped and their capacity is freed. Default false.
	// +optional
	Suspend *bool `json:"suspend,omitempty"`

	// managedBy names the controller that acts on this job. Unset or
	// trainyard.dev/trainingjob-controller: Trainyard. Any other value:
	// Trainyard leaves the job alone. Immutable.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`
	ManagedBy string `json:"managedBy,omitempty"`

	// preemptible says whether a job of strictly higher priority may take
	// this job's place. Default true.
	// +optional
	// +default=true
	Preemptible *bool `json:"preemptible,omitempty"`

	// priorityClassName is the PriorityClass whose value orders the job among
	// those that wait. Unset: the cluster's default, else 0. Pods do not run
	// under it: the scheduler must not evict single ranks.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('system-')",message="classes that begin with system- are kept for the components of the cluster itself: name another PriorityClass"
	PriorityClassName string `json:"priorityClassName,omitempty"`

	// framework decides the environment through which ranks find each other.
	// Default Generic. Immutable but for suspended jobs.
	// +optional
	// +default="Generic"
	Framework Framework `json:"framework,omitempty"`

	// numProcPerNode is the number of processes that a pod starts: a number
	// from 1 to 128, or auto. auto is one per GPU that the first container
	// requests (one where it requests none); with framework JAX one, since a
	// process drives all GPUs of its host. With framework TensorFlow it is
	// always one, whatever is asked for: a task is one process. Default auto.
	// Immutable but for suspended jobs.
	// +optional
	// +default="auto"
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? (self >= 1 && self <= 128) : self == 'auto'",message="numProcPerNode must be a number from 1 to 128, or auto for one per GPU"
	NumProcPerNode *intstr.IntOrString `json:"numProcPerNode,omitempty"`

	// launcher says whether Trainyard's launcher runs as process 1 of the
	// first container: Auto or Never. Default Auto. Immutable but for
	// suspended jobs.
	// +optional
	// +default="Auto"
	Launcher LauncherMode `json:"launcher,omitempty"`

	// replicaSpecs are the job's sets of pods, 1 to 16. The first replica of
	// the first set is rank 0. Immutable but for suspended jobs.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	ReplicaSpecs []ReplicaSpec `json:"replicaSpecs,omitempty"`

	// runPolicy bounds the job in time and says what stays of it.
	// +optional
	RunPolicy *RunPolicy `json:"runPolicy,omitempty"`

	// successPolicy says when the job has succeeded: All or FirstReplica.
	// Default All, with framework MPI FirstReplica, since workers serve until
	// they are stopped. Immutable but for suspended jobs.
	// +optional
	SuccessPolicy SuccessPolicy `json:"successPolicy,omitempty"`

	// failurePolicy says what to do when a rank fails.
	// +optional
	FailurePolicy *FailurePolicy `json:"failurePolicy,omitempty"`

	// progressPolicy says how progress is read from the training's output.
	// +optional
	ProgressPolicy *ProgressPolicy `json:"progressPolicy,omitempty"`

	// checkpoint says where attempts keep their checkpoints. Immutable but for
	// suspended jobs.
	// +optional
	Checkpoint *CheckpointPolicy `json:"checkpoint,omitempty"`
}

// TrainingJob is a distributed training: what runs, where it may run, and what
// to do when it fails.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=tj,categories=all;trainyard
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.state`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.ready`
// +kubebuilder:printcolumn:name="Step",type=integer,JSONPath=`.status.progress.step`
// +kubebuilder:printcolumn:name="Restarts",type=integer,JSONPath=`.status.restarts`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.reason`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",messageExpression="'metadata.name %s must be a DNS label that starts with a letter (a-z, 0-9 and -), since the host names of its ranks end in it: rename the job'.format([self.metadata.name])"
// +kubebuilder:validation:XValidation:rule="self.spec.replicaSpecs.all(s, self.metadata.name.size() + s.name.size() <= 50)",messageExpression="'metadata.name %s and the longest set name have %d characters together, more than 50, and a pod is named <job>-<set>-<index>-<attempt>: shorten one'.format([self.metadata.name, self.metadata.name.size() + self.spec.replicaSpecs.map(s, s.name.size()).max()])"
type TrainingJob struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says what to train.
	// +required
	Spec TrainingJobSpec `json:"spec"`

	// status says what has become of it.
	// +optional
	Status TrainingJobStatus `json:"status,omitempty"`
}

// TrainingJobList is a list of TrainingJobs.
//
// +kubebuilder:object:root=true
type TrainingJobList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []TrainingJob `json:"items"`
}
