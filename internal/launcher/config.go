package launcher

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"strconv"
	"time"

	"github.com/trainyard/trainyard/internal/launcher/lifecycle"
	"github.com/trainyard/trainyard/pkg/launchspec"
	"github.com/trainyard/trainyard/pkg/progress"
)

// Config is what a launcher knows when it begins.
type Config struct {
	Job, Namespace, UID string
	Set                 string
	Index, Rank         int32
	Framework           string
	// First is the attempt for which the pod was created.
	First launchspec.Instruction
	Port  int
	// Peers is rank 0's status address, empty in a job of one pod.
	Peers           string
	CheckpointRoot  string
	InstructionFile string
	TerminationPath string
	RuntimeDir      string
	Policy          lifecycle.Policy
	Rules           []progress.Rule
	MPIHosts        []launchspec.MPIHost
	SSHPort         int
	// Args is the user's command, Environ its environment.
	Args    []string
	Environ []string
}

const (
	defaultGrace = 30 * time.Second
	maxSeconds   = math.MaxInt32
)

// FromEnv reads a configuration. The error names every variable that is wrong,
// what it holds and what it should.
func FromEnv(args, environ []string, getenv func(string) string) (Config, error) {
	e := env{get: getenv}
	cfg := Config{
		Job: e.required(launchspec.EnvJobName), UID: e.required(launchspec.EnvJobUID),
		Namespace: getenv(launchspec.EnvJobNamespace), Set: getenv(launchspec.EnvSet),
		Index:           int32(e.number(launchspec.EnvIndex, 0, 0, math.MaxInt32)),
		Rank:            int32(e.number(launchspec.EnvRank, 0, 0, math.MaxInt32)),
		Framework:       getenv(launchspec.EnvFramework),
		Port:            int(e.number(launchspec.EnvPort, launchspec.DefaultPort, 1, 65535)),
		Peers:           getenv(launchspec.EnvPeers),
		CheckpointRoot:  getenv(launchspec.EnvCheckpointRoot),
		InstructionFile: getenv(launchspec.EnvInstructionFile),
		TerminationPath: orDefault(getenv(launchspec.EnvTerminationPath), launchspec.DefaultTerminationPath),
		RuntimeDir:      orDefault(getenv(launchspec.EnvRuntimeDir), launchspec.RuntimeDir),
		SSHPort:         int(e.number(launchspec.EnvSSHPort, launchspec.DefaultSSHPort, 1, 65535)),
		Args:            args, Environ: environ,
	}
	cfg.First = launchspec.Instruction{
		Attempt:    int32(e.number(launchspec.EnvAttempt, 1, 1, math.MaxInt32)),
		ResumeFrom: getenv(launchspec.EnvResumeFrom),
		Members:    int32(e.number(launchspec.EnvMembers, 0, 0, math.MaxInt32)),
	}
	cfg.Policy = lifecycle.Policy{
		Hold:   e.seconds(launchspec.EnvHoldSeconds, 0),
		Orphan: e.seconds(launchspec.EnvOrphanSeconds, 0),
		Grace:  e.seconds(launchspec.EnvGraceSeconds, defaultGrace),
		Alone:  cfg.Peers == "",
	}
	e.json(launchspec.EnvLogRules, &cfg.Rules)
	cfg.MPIHosts = e.hosts(launchspec.EnvMPIHosts)
	e.check(len(args) > 0, "no command: write it after run --")
	if cfg.Peers != "" {
		_, _, err := net.SplitHostPort(cfg.Peers)
		e.check(err == nil, "%s=%q must be host:port", launchspec.EnvPeers, cfg.Peers)
	}
	if cfg.First.ResumeFrom != "" {
		_, err := launchspec.ParseCheckpointRef(cfg.First.ResumeFrom)
		e.check(err == nil, "%s: %v", launchspec.EnvResumeFrom, err)
	}
	return cfg, errors.Join(e.errs...)
}

func orDefault(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

// env reads variables and collects what is wrong with them.
type env struct {
	get  func(string) string
	errs []error
}

func (e *env) check(ok bool, format string, args ...any) {
	if !ok {
		e.errs = append(e.errs, fmt.Errorf(format, args...))
	}
}

func (e *env) required(name string) string {
	v := e.get(name)
	e.check(v != "", "%s is not set: the job's controller sets it", name)
	return v
}

func (e *env) number(name string, def, low, high int64) int64 {
	v := e.get(name)
	if v == "" {
		return def
	}
	n, err := strconv.ParseInt(v, 10, 64)
	e.check(err == nil && n >= low && n <= high, "%s=%q must be a whole number from %d to %d", name, v, low, high)
	return n
}

func (e *env) seconds(name string, def time.Duration) time.Duration {
	return time.Duration(e.number(name, int64(def/time.Second), 0, maxSeconds)) * time.Second
}

func (e *env) json(name string, into any) {
	if v := e.get(name); v != "" {
		err := json.Unmarshal([]byte(v), into)
		e.check(err == nil, "%s is not the JSON it should be: %v", name, err)
	}
}

// maxHosts is far more than a job has pods.
const maxHosts = 1 << 16

func (e *env) hosts(name string) []launchspec.MPIHost {
	var list []launchspec.MPIHost
	e.json(name, &list)
	total := int64(0)
	for _, h := range list {
		e.check(h.Count >= 0, "%s: count %d of %s must not be negative", name, h.Count, h.Host)
		total += max(int64(h.Count), 1)
	}
	e.check(total <= maxHosts, "%s: %d hosts are more than %d", name, total, maxHosts)
	if len(e.errs) > 0 {
		return nil
	}
	return launchspec.MPIHosts(list)
}
