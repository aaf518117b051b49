// Package fleet starts a small fleet on one machine: a real API server, real
// agents on the fake driver library, a stand-in for each node's kubelet, and a
// real Prometheus that scrapes the agents over their authenticated endpoint by
// the shipped scrape configuration and the shipped rules. Tests ask it what the
// dashboard asks; the picture in the documentation is drawn from it.
//
// It needs the API server of KUBEBUILDER_ASSETS, gcc, and Debian's prometheus.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trainyard/trainyard/test/apiserver"
	"github.com/trainyard/trainyard/test/fakenvml"
)

// The agents' and the scraper's accounts, as config has them.
const (
	agentNamespace   = "trainyard-agent"
	agentAccount     = "trainyard-agent"
	scraperNamespace = "trainyard-system"
	scraperAccount   = "trainyard-scraper"
)

// Fleet is a running fleet. Close ends it.
type Fleet struct {
	API        *apiserver.Server
	Prometheus *Prometheus

	root, folder, agent, library string
	nodes                        []*Node
	closers                      []func() error
}

// Lacking says what this machine lacks for a fleet, or nothing.
func Lacking() string {
	for _, program := range []string{"prometheus", "promtool"} {
		if _, err := exec.LookPath(program); err != nil {
			return "no " + program + " here: make test-packages, or apt-get install prometheus"
		}
	}
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		return "KUBEBUILDER_ASSETS is not set: run make test, or set it to what make -s envtest-assets prints"
	}
	return ""
}

// Start starts the API server. Root is the repository, folder an empty one.
func Start(ctx context.Context, root, folder string) (*Fleet, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	f := &Fleet{root: root, folder: folder, agent: filepath.Join(folder, "agent")}
	if f.library, err = fakenvml.Build(ctx, fakenvml.Current); err != nil {
		return nil, err
	}
	build := exec.CommandContext(ctx, "go", "build", "-ldflags", "-extldflags=-Wl,-z,lazy", "-o", f.agent, "./cmd/agent")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=1", "CGO_CFLAGS=-Wno-deprecated-declarations")
	if output, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the agent: %w\n%s", err, output)
	}
	if f.API, err = apiserver.Start(ctx, filepath.Join(root, "config")); err != nil {
		return nil, err
	}
	f.closers = append(f.closers, f.API.Stop)
	if err := f.install(ctx); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Close ends everything, what came last first.
func (f *Fleet) Close() error {
	var all error
	for i := len(f.closers) - 1; i >= 0; i-- {
		all = errors.Join(all, f.closers[i]())
	}
	f.closers = nil
	return all
}

// install creates what config/prometheus holds, but for the operator's kinds,
// which this API server does not know.
func (f *Fleet) install(ctx context.Context) error {
	objects, err := apiserver.Kustomize(filepath.Join(f.root, "config", "prometheus"))
	if err != nil {
		return err
	}
	if err := f.API.Admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "monitoring"}}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	for _, object := range objects {
		if object.GroupVersionKind().Group == "monitoring.coreos.com" {
			continue
		}
		if err := f.API.Admin.Create(ctx, object); err != nil {
			return fmt.Errorf("create %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

// Create creates an object written as YAML.
func (f *Fleet) Create(ctx context.Context, manifest string) error {
	objects, err := apiserver.Decode([]byte(manifest))
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := f.API.Admin.Create(ctx, object); err != nil {
			return fmt.Errorf("create %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

// Hardware is a node's NodeHardware.
func (f *Fleet) Hardware(ctx context.Context, node string) (*unstructured.Unstructured, error) {
	out := &unstructured.Unstructured{}
	out.SetAPIVersion("trainyard.dev/v1alpha1")
	out.SetKind("NodeHardware")
	return out, f.API.Admin.Get(ctx, client.ObjectKey{Name: node}, out)
}
