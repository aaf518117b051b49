package cluster

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
)

// Images are the descriptions of the images that Trainyard is made of.
var Images = []string{"build/manager.yaml", "build/launcher.yaml", "build/agent.yaml"}

// Up brings the lab up, with Trainyard and more images in it.
func (c *Cluster) Up(ctx context.Context, flags, images []string) error {
	if err := c.Start(ctx, flags); err != nil {
		return err
	}
	if err := c.load(ctx, images); err != nil {
		return err
	}
	return c.deploy(ctx)
}

// Start brings the lab up, or changes it, and leaves what is in it alone.
func (c *Cluster) Start(ctx context.Context, flags []string) error {
	var err error
	if c.bin, err = c.Lab(ctx, "build"); err != nil {
		return err
	}
	if _, err := c.Lab(ctx, append([]string{"up"}, flags...)...); err != nil {
		return err
	}
	c.kubeconfig, err = c.Lab(ctx, "kubeconfig")
	return err
}

// load builds images and puts them onto the real nodes.
func (c *Cluster) load(ctx context.Context, images []string) error {
	archives := []string{"image", "load"}
	for _, description := range append(append([]string{}, Images...), images...) {
		archive, err := c.Lab(ctx, "image", "build", "-f", description)
		if err != nil {
			return err
		}
		archives = append(archives, archive)
	}
	_, err := c.Lab(ctx, archives...)
	return err
}

// Apply applies the manifests of Trainyard as anywhere else: from config/default.
func (c *Cluster) Apply(ctx context.Context) error {
	_, err := c.Kubectl(ctx, "apply", "--server-side", "--force-conflicts", "-k", "config/default")
	return err
}

// deploy installs Trainyard and waits until it runs.
func (c *Cluster) deploy(ctx context.Context) error {
	if err := c.Apply(ctx); err != nil {
		return err
	}
	_, err := c.Kubectl(ctx, "-n", "trainyard-system", "rollout", "status", "deployment/trainyard-manager", "--timeout=120s")
	return err
}

// Client returns a client of the lab's API server that knows TrainingJobs, and
// asks without limits.
func (c *Cluster) Client() (client.WithWatch, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", c.kubeconfig, err)
	}
	config.QPS = -1
	log.SetLogger(logr.Discard()) // it would complain of having none
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("registering types: %w", err)
		}
	}
	cl, err := client.NewWithWatch(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("creating a client: %w", err)
	}
	return cl, nil
}

// Programs is the folder of the cluster's programs, kubectl among them.
func (c *Cluster) Programs() string { return c.bin }

// Kubeconfig is the path of the administrator's kubeconfig.
func (c *Cluster) Kubeconfig() string { return c.kubeconfig }

// Break does something to a node (kill, silence, cut, restart, heal) and
// returns when it took effect.
func (c *Cluster) Break(ctx context.Context, action, node string, flags ...string) (time.Time, error) {
	out, err := c.Lab(ctx, append([]string{"node", action, node}, flags...)...)
	if err != nil {
		return time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339Nano, out[strings.LastIndexByte(out, '\n')+1:])
	if err != nil {
		return time.Time{}, fmt.Errorf("lab node %s: %w", action, err)
	}
	return at, nil
}

// LeaderNode is the node of the manager that leads.
func (c *Cluster) LeaderNode(ctx context.Context) (string, error) {
	holder, err := c.Kubectl(ctx, "-n", "trainyard-system", "get", "lease", "manager.trainyard.dev", "-o", "jsonpath={.spec.holderIdentity}")
	if err != nil {
		return "", err
	}
	pod, _, _ := strings.Cut(holder, "_")
	return c.Kubectl(ctx, "-n", "trainyard-system", "get", "pod", pod, "-o", "jsonpath={.spec.nodeName}")
}
