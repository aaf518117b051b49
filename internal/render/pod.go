package render

import (
	"errors"
	"fmt"
	"path"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/ranks"
	"github.com/trainyard/trainyard/internal/rendezvous"
	"github.com/trainyard/trainyard/pkg/launchspec"
)

// Options are what a pod follows from besides its job.
type Options struct {
	// LauncherImage is the image that the launcher is installed from.
	LauncherImage string
	// ClusterDomain ends the ranks' host names; empty: they end in .svc, which
	// resolves in every cluster.
	ClusterDomain string
	// ResumeFrom is the checkpoint that the attempt starts from, relative to
	// the job's checkpoint directory; empty: from the beginning.
	ResumeFrom string
}

// Renderer renders the pods of one job. It is safe for concurrent use and does
// not notice later changes of the job.
type Renderer struct {
	opts   Options
	layout ranks.Layout
	plan   *rendezvous.Plan
	job    string
	// checkpoints is the job's directory of checkpoints, empty without one.
	checkpoints string
	sets        []blueprint
}

// blueprint is what the pods of one set have in common.
type blueprint struct {
	// pod is copied for every rank and never handed out.
	pod      *corev1.Pod
	launcher bool
	env      []corev1.EnvVar
	// hidden are the variables that are not ours to set here: the user sets
	// them, or the launcher does.
	hidden map[string]bool
}

// identity is what makes one pod of a set differ from the others.
type identity struct {
	set                  int
	index, attempt, port int32
}

// New prepares the rendering of a job's pods. The error names the field that
// keeps the job from having any.
func New(job *v1alpha1.TrainingJob, opts Options) (*Renderer, error) {
	if len(job.Spec.ReplicaSpecs) == 0 {
		return nil, errors.New("spec.replicaSpecs: a job needs at least one set")
	}
	plan, err := rendezvous.New(job, opts.ClusterDomain)
	if err != nil {
		return nil, err
	}
	if err := check(job, plan, opts); err != nil {
		return nil, err
	}
	r := &Renderer{opts: opts, layout: ranks.Of(job), plan: plan, job: job.Name}
	if job.Spec.Checkpoint != nil {
		r.checkpoints = path.Join(job.Spec.Checkpoint.Directory, launchspec.JobDir(job.Name, string(job.UID)))
	}
	r.sets = make([]blueprint, r.layout.Sets())
	for set := range r.sets {
		if r.sets[set], err = r.blueprint(job, set); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// check finds what makes a job impossible to render.
func check(job *v1alpha1.TrainingJob, plan *rendezvous.Plan, opts Options) error {
	for set := range job.Spec.ReplicaSpecs {
		field := fmt.Sprintf("spec.replicaSpecs[%d].template.spec.containers", set)
		switch uses := UsesLauncher(job, set); {
		case len(job.Spec.ReplicaSpecs[set].Template.Spec.Containers) == 0:
			return fmt.Errorf("%s: a pod needs at least one container, the one that trains", field)
		case uses && opts.LauncherImage == "":
			return fmt.Errorf("%s[0]: no image of the launcher is configured: give the manager one, or set spec.launcher to Never", field)
		case !uses && plan.Framework(set) == v1alpha1.FrameworkMPI:
			return fmt.Errorf("%s[0].command: framework MPI needs a command here, since the launcher prepares its keys and hosts", field)
		}
	}
	if opts.ResumeFrom == "" {
		return nil
	}
	if _, err := launchspec.ParseCheckpointRef(opts.ResumeFrom); err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	return nil
}

func (r *Renderer) blueprint(job *v1alpha1.TrainingJob, set int) (blueprint, error) {
	template := &job.Spec.ReplicaSpecs[set].Template
	pod := &corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace:       job.Namespace,
			Labels:          podLabels(job, r.layout.Name(set), template.Labels),
			Annotations:     withoutOurs(template.Annotations),
			OwnerReferences: owner(job),
		},
		Spec: *template.Spec.DeepCopy(),
	}
	b := blueprint{pod: pod, launcher: UsesLauncher(job, set), hidden: map[string]bool{}}
	overrule(&pod.Spec, job.Name)
	first := &pod.Spec.Containers[0]
	first.Env = userEnv(first.Env)
	for _, v := range first.Env {
		b.hidden[v.Name] = true
	}
	if b.launcher {
		b.hidden[launchspec.EnvRendezvousID] = true
		postponeAll(first)
		inject(&pod.Spec, r.opts.LauncherImage)
	}
	var err error
	b.env, err = r.fixedEnv(job, set)
	return b, err
}

// postponeAll leaves references to what changes with the attempt to the launcher.
func postponeAll(c *corev1.Container) {
	for i := range c.Command {
		c.Command[i] = postpone(c.Command[i], perAttempt)
	}
	for i := range c.Args {
		c.Args[i] = postpone(c.Args[i], perAttempt)
	}
	for i := range c.Env {
		c.Env[i].Value = postpone(c.Env[i].Value, perAttempt)
	}
}

// Pod is the pod of one replica in one attempt. Without a node it is not pinned.
func (r *Renderer) Pod(set int, index int32, slot ranks.Slot) (*corev1.Pod, error) {
	switch {
	case set < 0 || set >= len(r.sets):
		return nil, fmt.Errorf("set %d is not one of the job's %d", set, len(r.sets))
	case index < 0 || index >= r.layout.Replicas(set):
		return nil, fmt.Errorf("index %d is not one of the %d replicas of set %s", index, r.layout.Replicas(set), r.layout.Name(set))
	}
	instruction, err := launchspec.Instruction{
		Attempt: slot.Attempt, ResumeFrom: r.opts.ResumeFrom, Members: r.layout.Total(),
	}.Encode()
	if err != nil {
		return nil, fmt.Errorf("pod of %s/%d: %w", r.layout.Name(set), index, err)
	}
	b := &r.sets[set]
	id := identity{set: set, index: index, attempt: slot.Attempt}
	id.port = r.plan.LauncherPort(set, index, launchspec.DefaultPort)
	pod := b.pod.DeepCopy()
	pod.Name = PodName(r.job, r.layout.Name(set), index, slot.Attempt)
	pod.Labels[v1alpha1.LabelIndex] = decimal(index)
	pod.Labels[v1alpha1.LabelAttempt] = decimal(slot.Attempt)
	pod.Spec.Hostname = rendezvous.Hostname(r.layout.Name(set), index)
	pin(&pod.Spec, slot.Node)
	first := &pod.Spec.Containers[0]
	first.Env = r.env(b, id, first.Env)
	first.Ports = append(first.Ports, r.plan.HostPorts(set, index)...)
	if b.launcher {
		pod.Annotations[v1alpha1.AnnotationInstruction] = instruction
		first.Ports = append(first.Ports, corev1.ContainerPort{
			Name: portName, ContainerPort: id.port, Protocol: corev1.ProtocolTCP,
		})
	}
	return pod, nil
}

// Shape is a pod of the set as it would be created, without a place: what a
// server's dry run is asked about and what the planner counts with. Its name is
// that of an attempt 0, which never exists.
func (r *Renderer) Shape(set int) (*corev1.Pod, error) {
	pod, err := r.Pod(set, 0, ranks.Slot{Attempt: 1})
	if err != nil {
		return nil, err
	}
	pod.Name = PodName(r.job, r.layout.Name(set), 0, 0)
	return pod, nil
}
