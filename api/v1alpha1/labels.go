package v1alpha1

// Labels and annotations of ours. A user's pod template may carry none under
// this prefix: an admission policy rejects them.
const (
	// Prefix begins every label, annotation and taint of Trainyard.
	Prefix = "trainyard.dev/"

	// LabelJobUID holds the UID of the TrainingJob that a pod, Service or
	// EndpointSlice belongs to.
	LabelJobUID = Prefix + "job-uid"
	// LabelJobName holds the name of that TrainingJob.
	LabelJobName = Prefix + "job-name"
	// LabelSet holds the name of the replica set that a pod belongs to.
	LabelSet = Prefix + "set"
	// LabelIndex holds the pod's index in its set, from 0.
	LabelIndex = Prefix + "index"
	// LabelAttempt holds the attempt that a pod was created for, from 1.
	LabelAttempt = Prefix + "attempt"

	// AnnotationInstruction tells a running launcher which attempt is current.
	AnnotationInstruction = Prefix + "instruction"

	// PriorityClassName is the class that every pod of a TrainingJob runs
	// under: its preemption policy is Never, so that the scheduler evicts no
	// single rank. The planner's priority is TrainingJobSpec.PriorityClassName.
	PriorityClassName = "trainyard-gang"
)
