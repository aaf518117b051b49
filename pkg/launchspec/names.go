package launchspec

// Where the launcher lives in a training container, and how it is called.
const (
	// RuntimeDir is the mount path of the volume that the init container fills.
	RuntimeDir = "/.trainyard"
	// BinaryName is the file that `launcher install DIR` puts in DIR.
	BinaryName = "launcher"
	// DefaultPort is the port on which a launcher serves its status.
	DefaultPort = 36291
	// DefaultSSHPort is where the workers of an MPI job run their sshd.
	DefaultSSHPort = 2222
	// DefaultTerminationPath is Kubernetes' own default terminationMessagePath.
	DefaultTerminationPath = "/dev/termination-log"
	// InstructionAnnotation is the pod annotation that carries an Instruction.
	InstructionAnnotation = "trainyard.dev/instruction"
)

// What a launcher reads from its environment. Durations are whole seconds.
const (
	EnvJobName      = "TRAINYARD_JOB_NAME"
	EnvJobNamespace = "TRAINYARD_JOB_NAMESPACE"
	EnvJobUID       = "TRAINYARD_JOB_UID"
	// EnvSet and EnvIndex name the replica: its set, and its number there.
	EnvSet   = "TRAINYARD_SET"
	EnvIndex = "TRAINYARD_INDEX"
	// EnvRank is the node rank over the whole job; 0 is the first replica of
	// the first set.
	EnvRank = "TRAINYARD_RANK"
	// EnvAttempt is the attempt for which the pod was created. The child sees
	// the attempt it was started for.
	EnvAttempt = "TRAINYARD_ATTEMPT"
	EnvPort    = "TRAINYARD_PORT"
	// EnvPeers is rank 0's status address, host:port. It is set on every rank
	// of a job of two pods or more, and on no other.
	EnvPeers = "TRAINYARD_PEERS"
	// EnvMembers is the number of pods of the job when the pod was created.
	EnvMembers = "TRAINYARD_MEMBERS"
	// EnvFramework is the job's framework, spelled as in its spec.
	EnvFramework = "TRAINYARD_FRAMEWORK"
	// EnvCheckpointRoot is where the checkpoints' volume is mounted.
	EnvCheckpointRoot = "TRAINYARD_CHECKPOINT_ROOT"
	// EnvResumeFrom is the checkpoint to resume from, attempt-0001/step-100;
	// the child sees the absolute path, or nothing.
	EnvResumeFrom = "TRAINYARD_RESUME_FROM"
	// EnvInstructionFile is the downward API file with InstructionAnnotation.
	EnvInstructionFile = "TRAINYARD_INSTRUCTION_FILE"
	// EnvHoldSeconds is how long a launcher outlives a failed child, waiting
	// for a new attempt. 0 ends it with the child.
	EnvHoldSeconds = "TRAINYARD_HOLD_SECONDS"
	// EnvOrphanSeconds is how long a child may run without any sign of the
	// manager or of a peer. 0 is for ever.
	EnvOrphanSeconds = "TRAINYARD_ORPHAN_SECONDS"
	// EnvGraceSeconds is the time from SIGTERM to SIGKILL.
	EnvGraceSeconds = "TRAINYARD_TERMINATION_GRACE_SECONDS"
	// EnvLogRules is a JSON list of {"name", "pattern"}.
	EnvLogRules = "TRAINYARD_LOG_RULES"
	// EnvTerminationPath is the container's terminationMessagePath, where it is
	// not the default.
	EnvTerminationPath = "TRAINYARD_TERMINATION_PATH"
	// EnvRuntimeDir is RuntimeDir, where it is mounted elsewhere.
	EnvRuntimeDir = "TRAINYARD_RUNTIME_DIR"
	// EnvMPIHosts is a JSON list of MPIHost, on rank 0 of an MPI job alone.
	EnvMPIHosts = "TRAINYARD_MPI_HOSTS"
	// EnvSSHPort is the workers' sshd port of an MPI job.
	EnvSSHPort = "TRAINYARD_MPI_SSH_PORT"
)

// What only the child sees.
const (
	// EnvCheckpointDir is the directory of the child's own attempt.
	EnvCheckpointDir = "TRAINYARD_CHECKPOINT_DIR"
	// EnvRendezvousID is torchrun's rendezvous id, <uid>-<attempt>.
	EnvRendezvousID = "PET_RDZV_ID"
)

// FrameworkPyTorch and FrameworkMPI are the frameworks for which a launcher
// does more than start a command.
const (
	FrameworkPyTorch = "PyTorch"
	FrameworkMPI     = "MPI"
)

// The status port's paths and the headers of those who ask.
const (
	PathStatus = "/v1/status"
	PathKey    = "/v1/key"
	PathHealth = "/healthz"
	// HeaderManager with the value 1 tells that the job's manager is asking.
	HeaderManager = "Trainyard-Manager"
	// HeaderPeer, HeaderAttempt and HeaderJobUID tell which rank is asking, in
	// which attempt of which job.
	HeaderPeer    = "Trainyard-Peer"
	HeaderAttempt = "Trainyard-Attempt"
	HeaderJobUID  = "Trainyard-Job-UID"
)

// Exit codes of the launcher itself; every other one is the child's, 128+n if
// it died of signal n.
const (
	// ExitLauncher: the launcher could not begin, its message says why.
	ExitLauncher = 125
	// ExitCannotRun: the command exists and cannot be executed.
	ExitCannotRun = 126
	// ExitNotFound: there is no such command.
	ExitNotFound = 127
)

// Command is what a container's command becomes under the launcher.
func Command(runtimeDir string, command, args []string) []string {
	out := make([]string, 0, 3+len(command)+len(args))
	out = append(out, runtimeDir+"/"+BinaryName, "run", "--")
	return append(append(out, command...), args...)
}
