package launcher

import (
	"fmt"
	"strings"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

// variable is a name and a value that the child sees.
type variable struct{ name, value string }

// attemptVariables are those that change with the attempt.
func (cfg *Config) attemptVariables(p prepared) []variable {
	vars := []variable{
		{launchspec.EnvAttempt, fmt.Sprint(p.attempt)},
		{launchspec.EnvCheckpointDir, p.checkpointDir},
		{launchspec.EnvResumeFrom, p.resumeFrom},
	}
	if cfg.Framework == launchspec.FrameworkPyTorch {
		vars = append(vars, variable{launchspec.EnvRendezvousID, fmt.Sprintf("%s-%d", cfg.UID, p.attempt)})
	}
	return append(vars, p.variables...)
}

// childEnviron is the environment of an attempt's child. References to the
// attempt's variables, $(NAME) as in a pod's own fields, are expanded.
func (cfg *Config) childEnviron(vars []variable) []string {
	expand := expander(vars)
	out := make([]string, 0, len(cfg.Environ)+len(vars))
	for _, kv := range cfg.Environ {
		name, _, _ := strings.Cut(kv, "=")
		if !has(vars, name) {
			out = append(out, expand.Replace(kv))
		}
	}
	for _, v := range vars {
		out = append(out, v.name+"="+v.value)
	}
	return out
}

func (cfg *Config) childArgs(vars []variable) []string {
	expand := expander(vars)
	out := make([]string, len(cfg.Args))
	for i, arg := range cfg.Args {
		out[i] = expand.Replace(arg)
	}
	return out
}

// expander replaces what the kubelet leaves alone: references that were written
// $$(NAME), and those to variables that the pod does not have.
func expander(vars []variable) *strings.Replacer {
	pairs := make([]string, 0, 2*len(vars))
	for _, v := range vars {
		pairs = append(pairs, "$("+v.name+")", v.value)
	}
	return strings.NewReplacer(pairs...)
}

func has(vars []variable, name string) bool {
	for _, v := range vars {
		if v.name == name {
			return true
		}
	}
	return false
}
