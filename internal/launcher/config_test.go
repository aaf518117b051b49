package launcher

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/internal/launcher/lifecycle"
	"github.com/trainyard/trainyard/pkg/launchspec"
	"github.com/trainyard/trainyard/pkg/progress"
)

func from(env map[string]string, args ...string) (Config, error) {
	return FromEnv(args, nil, func(name string) string { return env[name] })
}

func TestFromEnv(t *testing.T) {
	got, err := from(map[string]string{
		launchspec.EnvJobName: "elec", launchspec.EnvJobNamespace: "ns", launchspec.EnvJobUID: "uid",
		launchspec.EnvSet: "worker", launchspec.EnvIndex: "2", launchspec.EnvRank: "3", launchspec.EnvAttempt: "4",
		launchspec.EnvMembers: "8", launchspec.EnvPort: "1234", launchspec.EnvPeers: "zero.svc:36291",
		launchspec.EnvFramework: "MPI", launchspec.EnvCheckpointRoot: "/ckpt", launchspec.EnvResumeFrom: "attempt-0003/step-7",
		launchspec.EnvInstructionFile: "/info/instruction", launchspec.EnvHoldSeconds: "60", launchspec.EnvOrphanSeconds: "300",
		launchspec.EnvGraceSeconds: "10", launchspec.EnvLogRules: `[{"name":"Keras"},{"name":"x","pattern":"(?P<step>1)"}]`,
		launchspec.EnvTerminationPath: "/term", launchspec.EnvRuntimeDir: "/run/t", launchspec.EnvSSHPort: "22",
		launchspec.EnvMPIHosts: `[{"host":"w-0","slots":8},{"host":"x-*.svc","count":2,"slots":4}]`,
	}, "python", "train.py")
	want := Config{
		Job: "elec", Namespace: "ns", UID: "uid", Set: "worker", Index: 2, Rank: 3, Framework: "MPI",
		First: launchspec.Instruction{Attempt: 4, ResumeFrom: "attempt-0003/step-7", Members: 8},
		Port:  1234, Peers: "zero.svc:36291", CheckpointRoot: "/ckpt", InstructionFile: "/info/instruction",
		TerminationPath: "/term", RuntimeDir: "/run/t", SSHPort: 22,
		Policy:   lifecycle.Policy{Hold: time.Minute, Orphan: 5 * time.Minute, Grace: 10 * time.Second},
		Rules:    []progress.Rule{{Name: "Keras"}, {Name: "x", Pattern: "(?P<step>1)"}},
		MPIHosts: []launchspec.MPIHost{{Host: "w-0", Slots: 8}, {Host: "x-0.svc", Slots: 4}, {Host: "x-1.svc", Slots: 4}},
		Args:     []string{"python", "train.py"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

func TestDefaults(t *testing.T) {
	got, err := from(map[string]string{launchspec.EnvJobName: "j", launchspec.EnvJobUID: "u"}, "true")
	want := Config{
		Job: "j", UID: "u", First: launchspec.Instruction{Attempt: 1}, Port: 36291, SSHPort: 2222,
		TerminationPath: "/dev/termination-log", RuntimeDir: "/.trainyard",
		Policy: lifecycle.Policy{Grace: 30 * time.Second, Alone: true}, Args: []string{"true"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	tests := map[string]struct{ name, value, want string }{
		"not a number":     {launchspec.EnvAttempt, "one", `"one" must be a whole number from 1 to 2147483647`},
		"below the bound":  {launchspec.EnvAttempt, "0", `"0" must be a whole number from 1`},
		"above the bound":  {launchspec.EnvPort, "65536", `"65536" must be a whole number from 1 to 65535`},
		"negative seconds": {launchspec.EnvGraceSeconds, "-1", `"-1" must be a whole number from 0`},
		"a duration":       {launchspec.EnvHoldSeconds, "60s", `"60s" must be a whole number`},
		"no port":          {launchspec.EnvPeers, "zero", `"zero" must be host:port`},
		"a way out":        {launchspec.EnvResumeFrom, "../x", "not an attempt's directory such as attempt-0001"},
		"no JSON":          {launchspec.EnvMPIHosts, "[", "is not the JSON it should be"},
		"negative hosts":   {launchspec.EnvMPIHosts, `[{"host":"w-*","count":-1}]`, "count -1 of w-* must not be negative"},
		"too many hosts":   {launchspec.EnvMPIHosts, `[{"host":"w-*","count":65536},{"host":"x"}]`, "65537 hosts are more than 65536"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := from(map[string]string{launchspec.EnvJobName: "j", launchspec.EnvJobUID: "u", tc.name: tc.value}, "true")
			if err == nil || !strings.Contains(err.Error(), tc.name) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v does not name %s and %q", err, tc.name, tc.want)
			}
		})
	}
	if _, err := from(nil); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("%v does not name two variables and the command", err)
	}
}
