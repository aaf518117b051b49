package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/agent"
	"github.com/trainyard/trainyard/pkg/hardware"
)

// readPolicy reads a HardwarePolicy from a file and lays it over the built-in
// rules; no file is those alone.
func readPolicy(file string) (hardware.Policy, error) {
	if file == "" {
		return hardware.Defaults(), nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return hardware.Policy{}, fmt.Errorf("policy: %w", err)
	}
	var p v1alpha1.HardwarePolicy
	if err := yaml.UnmarshalStrict(content, &p); err != nil {
		return hardware.Policy{}, fmt.Errorf("policy %s is no HardwarePolicy: %w", file, err)
	}
	if p.Kind != "HardwarePolicy" {
		return hardware.Policy{}, fmt.Errorf("policy %s: kind: %q: use HardwarePolicy", file, p.Kind)
	}
	return agent.PolicyFor(&p)
}

// replay says what a policy would have said about a recording.
func replay(_ context.Context, s streams, args []string) error {
	flags := newFlags("replay", s.err)
	policyFile := flags.String("policy", "", "a HardwarePolicy to judge by; empty is the built-in one")
	words, err := parse(flags, args, 1)
	if err != nil {
		return err
	}
	policy, err := readPolicy(*policyFile)
	if err != nil {
		return err
	}
	file, err := os.Open(words[0])
	if err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	defer func() { _ = file.Close() }()
	var problem error
	statements, err := hardware.Replay(policy, agent.ReadRecords(file, &problem))
	for _, statement := range statements {
		fmt.Fprintln(s.out, statement)
	}
	if len(statements) == 0 && err == nil && problem == nil {
		fmt.Fprintln(s.out, "nothing: every verdict stayed healthy")
	}
	if problem != nil {
		problem = fmt.Errorf("recording %s: %w", words[0], problem)
	}
	return errors.Join(err, problem)
}

// checkPolicy says everything that is wrong with a HardwarePolicy.
func checkPolicy(_ context.Context, s streams, args []string) error {
	words, err := parse(newFlags("policy", s.err), args, 1)
	if err != nil {
		return err
	}
	policy, err := readPolicy(words[0])
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s is sound: %d rules with the built-in ones\n", policy.Name, len(policy.Rules))
	return nil
}

// rules prints the built-in rules and the variables, as Markdown for the
// documentation.
func rules(_ context.Context, s streams, args []string) error {
	if _, err := parse(newFlags("rules", s.err), args, 0); err != nil {
		return err
	}
	fmt.Fprint(s.out, hardware.Markdown(hardware.Defaults()))
	return nil
}

// release lets go of the GPUs of this node's agent.
func release(ctx context.Context, s streams, args []string) error {
	flags := newFlags("release", s.err)
	span := flags.Duration("for", defaultRelease, "when to take them up again by itself")
	folder := flags.String("state", defaultState, "the running agent's --state")
	if _, err := parse(flags, args, 0); err != nil {
		return err
	}
	return ask(ctx, s, *folder, "/release?for="+span.String())
}

// resume takes the GPUs up again.
func resume(ctx context.Context, s streams, args []string) error {
	flags := newFlags("resume", s.err)
	folder := flags.String("state", defaultState, "the running agent's --state")
	if _, err := parse(flags, args, 0); err != nil {
		return err
	}
	return ask(ctx, s, *folder, "/resume")
}

func ask(ctx context.Context, s streams, folder, request string) error {
	answer, err := agent.AskAgent(ctx, folder, request)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, strings.TrimSpace(answer))
	return nil
}
