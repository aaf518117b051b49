//go:build e2e

// Package e2e runs whole stories on a lab: real API server, scheduler,
// kubelets and containers. It needs root and the lab's packages; make e2e
// brings what it needs and takes the lab away again.
package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/test/cluster"
)

var (
	lab  *cluster.Cluster
	kube client.Client
	keep = flag.Bool("keep", false, "leave the lab up when the tests have ended")
)

// images are what the stories run besides Trainyard.
var images = []string{"examples/pytorch-ddp/image.yaml", "test/e2e/trainer/image.yaml", "test/e2e/mpi/image.yaml"}

// labFlags are the flags of lab up; LAB_FLAGS replaces them.
const labFlags = "--nodes 3 --simulated-nodes 4 --gpus 8"

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := withLab(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func withLab(m *testing.M) (code int, err error) {
	ctx := context.Background()
	if lab, err = cluster.New(os.Stderr); err != nil {
		return 1, err
	}
	if !*keep {
		defer func() {
			if _, downErr := lab.Lab(ctx, "down"); err == nil {
				err = downErr
			}
		}()
	}
	flags := labFlags
	if own := os.Getenv("LAB_FLAGS"); own != "" {
		flags = own
	}
	if *libraries != "" {
		images = append(images, *libraries)
	}
	if err := lab.Up(ctx, strings.Fields(flags), images); err != nil {
		return 1, err
	}
	if kube, err = lab.Client(); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// keyOf is the key of an object that is called name in the default namespace,
// or namespace/name.
func keyOf(name string) client.ObjectKey {
	if namespace, rest, ok := strings.Cut(name, "/"); ok {
		return client.ObjectKey{Namespace: namespace, Name: rest}
	}
	return client.ObjectKey{Namespace: "default", Name: name}
}

// eventually looks at a job until it is as wanted.
func eventually(t *testing.T, name string, within time.Duration, what string, is func(*v1alpha1.TrainingJob) bool) *v1alpha1.TrainingJob {
	t.Helper()
	job := &v1alpha1.TrainingJob{}
	for deadline := time.Now().Add(within); ; time.Sleep(200 * time.Millisecond) {
		err := kube.Get(t.Context(), keyOf(name), job)
		if err == nil && is(job) {
			return job
		}
		if time.Now().After(deadline) {
			describe(t, name)
			t.Fatalf("%s is not %s within %s: state %q, reason %q, ready %q (%v)", name, what, within,
				job.Status.State, job.Status.Reason, job.Status.Ready, err)
		}
	}
}

// until looks again and again until something is so; is says what there is
// instead.
func until(t *testing.T, within time.Duration, what string, is func() (ok bool, instead any)) {
	t.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(200 * time.Millisecond) {
		ok, instead := is()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s, but %v", what, within, instead)
		}
	}
}

// describe prints what a person would look at.
func describe(t *testing.T, name string) {
	key := keyOf(name)
	for _, args := range [][]string{
		{"-n", key.Namespace, "get", "tj", key.Name, "-o", "yaml"},
		{"-n", key.Namespace, "get", "pods", "-o", "wide"},
		{"-n", key.Namespace, "get", "events", "--sort-by=.lastTimestamp"},
		{"get", "nodes"},
		{"-n", "trainyard-system", "logs", "-l", "app.kubernetes.io/component=manager", "--tail=40"},
	} {
		out, err := lab.Kubectl(context.Background(), args...)
		t.Logf("kubectl %s\n%s (%v)", strings.Join(args, " "), out, err)
	}
}

func apply(t *testing.T, manifest string) {
	t.Helper()
	if _, err := lab.Kubectl(t.Context(), "apply", "-f", manifest); err != nil {
		t.Fatal(err)
	}
}

// remove deletes a job and waits until it is gone.
func remove(t *testing.T, name string) {
	t.Helper()
	key := keyOf(name)
	if _, err := lab.Kubectl(context.Background(), "-n", key.Namespace, "delete", "tj", key.Name, "--ignore-not-found", "--timeout=60s"); err != nil {
		t.Error(err)
	}
}

func inState(state v1alpha1.TrainingJobState) func(*v1alpha1.TrainingJob) bool {
	return func(job *v1alpha1.TrainingJob) bool { return job.Status.State == state }
}
