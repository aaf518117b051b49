package render

import (
	"encoding/json"
	"fmt"
	"net"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/pkg/launchspec"
	"github.com/trainyard/trainyard/pkg/progress"
)

// envPrefix begins every variable of ours. A template's own are dropped: a
// rank must not be told of another identity than its own.
const envPrefix = "TRAINYARD_"

// perAttempt are the variables that the launcher gives anew to each attempt
// that it starts in place, and references to which it replaces.
var perAttempt = []string{
	launchspec.EnvAttempt, launchspec.EnvResumeFrom, launchspec.EnvCheckpointDir, launchspec.EnvRendezvousID,
}

// envUnbuffered has Python write each line at once. Its output goes through a
// pipe, so that it would hold lines back, and progress with them.
const envUnbuffered = "PYTHONUNBUFFERED"

// fixedEnv are the variables that all pods of a set have in common.
func (r *Renderer) fixedEnv(job *v1alpha1.TrainingJob, set int) ([]corev1.EnvVar, error) {
	env := []corev1.EnvVar{
		{Name: launchspec.EnvJobName, Value: job.Name},
		{Name: launchspec.EnvJobNamespace, Value: job.Namespace},
		{Name: launchspec.EnvJobUID, Value: string(job.UID)},
		{Name: launchspec.EnvFramework, Value: string(r.plan.Framework(set))},
		{Name: launchspec.EnvMembers, Value: decimal(r.layout.Total())},
		{Name: launchspec.EnvSet, Value: r.layout.Name(set)},
	}
	if !UsesLauncher(job, set) {
		if r.checkpoints != "" && r.opts.ResumeFrom != "" {
			resume := path.Join(r.checkpoints, r.opts.ResumeFrom)
			env = append(env, corev1.EnvVar{Name: launchspec.EnvResumeFrom, Value: literal(resume)})
		}
		return env, nil
	}
	return r.launcherEnv(env, job, set)
}

// launcherEnv appends what only a launcher reads.
func (r *Renderer) launcherEnv(env []corev1.EnvVar, job *v1alpha1.TrainingJob, set int) ([]corev1.EnvVar, error) {
	spec := &job.Spec.ReplicaSpecs[set].Template.Spec
	add := func(name, value string) {
		if value != "" {
			env = append(env, corev1.EnvVar{Name: name, Value: literal(value)})
		}
	}
	if job.Spec.Checkpoint != nil {
		add(launchspec.EnvCheckpointRoot, job.Spec.Checkpoint.Directory)
		add(launchspec.EnvResumeFrom, r.opts.ResumeFrom)
	}
	add(launchspec.EnvInstructionFile, path.Join(instructionDir, instructionFile))
	add(launchspec.EnvHoldSeconds, fmt.Sprint(holdSeconds(job.Spec.FailurePolicy)))
	add(launchspec.EnvOrphanSeconds, fmt.Sprint(orphanSeconds(job.Spec.FailurePolicy)))
	add(launchspec.EnvGraceSeconds, fmt.Sprint(graceSeconds(spec)))
	add(launchspec.EnvTerminationPath, terminationPath(&spec.Containers[0]))
	add(launchspec.EnvPeers, r.peer(job, set))
	add(envUnbuffered, "1")
	rules, err := logRules(job.Spec.ProgressPolicy)
	add(launchspec.EnvLogRules, rules)
	return env, err
}

// peer is the address of rank 0's launcher, for which the others wait; nothing
// where nobody can.
func (r *Renderer) peer(job *v1alpha1.TrainingJob, set int) string {
	if r.layout.Total() < 2 || !UsesLauncher(job, 0) || !r.plan.AwaitsRank0(set) {
		return ""
	}
	port := r.plan.LauncherPort(0, 0, launchspec.DefaultPort)
	return net.JoinHostPort(r.plan.Host(0, 0), decimal(port))
}

func logRules(policy *v1alpha1.ProgressPolicy) (string, error) {
	if policy == nil || len(policy.LogRules) == 0 {
		return "", nil
	}
	rules := make([]progress.Rule, len(policy.LogRules))
	for i, rule := range policy.LogRules {
		rules[i] = progress.Rule{Name: rule.Name, Pattern: rule.Pattern}
	}
	raw, err := json.Marshal(rules)
	if err != nil {
		return "", fmt.Errorf("spec.progressPolicy.logRules: %w", err)
	}
	return string(raw), nil
}

// env is the whole environment of one pod's first container: ours first, so
// that the user's values can refer to it.
func (r *Renderer) env(b *blueprint, id identity, user []corev1.EnvVar) []corev1.EnvVar {
	env := make([]corev1.EnvVar, len(b.env), len(b.env)+len(user)+envPerRank)
	copy(env, b.env)
	env = append(env,
		corev1.EnvVar{Name: launchspec.EnvIndex, Value: decimal(id.index)},
		corev1.EnvVar{Name: launchspec.EnvRank, Value: decimal(r.layout.Rank(id.set, id.index))},
		corev1.EnvVar{Name: launchspec.EnvAttempt, Value: decimal(id.attempt)},
	)
	switch {
	case b.launcher:
		env = append(env, corev1.EnvVar{Name: launchspec.EnvPort, Value: decimal(id.port)})
	case r.checkpoints != "":
		dir := path.Join(r.checkpoints, launchspec.AttemptDir(id.attempt))
		env = append(env, corev1.EnvVar{Name: launchspec.EnvCheckpointDir, Value: literal(dir)})
	}
	env = r.plan.AppendEnv(env, id.set, id.index, id.attempt)
	env = slices.DeleteFunc(env, func(v corev1.EnvVar) bool { return b.hidden[v.Name] })
	return append(env, user...)
}

// envPerRank is room for the variables that differ between ranks.
const envPerRank = 32

// userEnv is what of a template's variables reaches the container.
func userEnv(env []corev1.EnvVar) []corev1.EnvVar {
	return slices.DeleteFunc(env, func(v corev1.EnvVar) bool { return strings.HasPrefix(v.Name, envPrefix) })
}
