package podresources

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	api "k8s.io/kubelet/pkg/apis/podresources/v1"
)

// kubelet serves the pod-resources API on a socket.
type kubelet struct {
	api.UnimplementedPodResourcesListerServer
	pods   []*api.PodResources
	server *grpc.Server
}

func (k *kubelet) List(context.Context, *api.ListPodResourcesRequest) (*api.ListPodResourcesResponse, error) {
	return &api.ListPodResourcesResponse{PodResources: k.pods}, nil
}

func (k *kubelet) serve(t *testing.T, socket string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	k.server = grpc.NewServer()
	api.RegisterPodResourcesListerServer(k.server, k)
	go func() { _ = k.server.Serve(listener) }()
	t.Cleanup(k.server.Stop)
}

func pod(name, container, resource string, ids ...string) *api.PodResources {
	return &api.PodResources{Namespace: "team-a", Name: name, Containers: []*api.ContainerResources{{
		Name: container, Devices: []*api.ContainerDevices{{ResourceName: resource, DeviceIds: ids}},
	}}}
}

func TestList(t *testing.T) {
	dir := t.TempDir()
	socket, logs := filepath.Join(dir, "kubelet.sock"), filepath.Join(dir, "pods")
	for _, name := range []string{"team-a_train-0_uid-1", "team-a_other_uid-2", "garbage"} {
		if err := os.MkdirAll(filepath.Join(logs, name), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	c := New(socket, logs, time.Second)
	defer c.Close()
	if _, err := c.List(t.Context()); err == nil {
		t.Error("no socket and no error")
	}
	claimed := pod("claimed", "main", "")
	claimed.Containers[0].DynamicResources = []*api.DynamicResource{{ClaimResources: []*api.ClaimResource{{DriverName: "gpu.nvidia.com", DeviceName: "gpu-3"}}}}
	k := &kubelet{pods: []*api.PodResources{
		pod("train-0", "main", "nvidia.com/gpu", "GPU-a", "GPU-b"), pod("shared", "main", "nvidia.com/gpu.shared", "GPU-c::7"),
		pod("mig", "main", "nvidia.com/mig-1g.10gb", "MIG-x"), claimed,
	}}
	k.serve(t, socket)
	want := []Claim{
		{"nvidia.com/gpu", "GPU-a", Holder{"team-a", "train-0", "main", "uid-1"}},
		{"nvidia.com/gpu", "GPU-b", Holder{"team-a", "train-0", "main", "uid-1"}},
		{"nvidia.com/gpu.shared", "GPU-c", Holder{"team-a", "shared", "main", ""}},
		{"nvidia.com/mig-1g.10gb", "MIG-x", Holder{"team-a", "mig", "main", ""}},
		{"gpu.nvidia.com", "gpu-3", Holder{"team-a", "claimed", "main", ""}},
	}
	for range 2 {
		got, err := c.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("claims (-want +got):\n%s", diff)
		}
	}

	k.server.Stop() // the kubelet restarts
	if _, err := c.List(t.Context()); err == nil {
		t.Error("no kubelet and no error")
	}
	k.serve(t, socket)
	if got, err := c.List(t.Context()); err != nil || len(got) != len(want) {
		t.Errorf("after a restart of the kubelet: %v, %v", got, err)
	}
}

func TestYoungestPodOfAName(t *testing.T) {
	logs := t.TempDir()
	for uid, age := range map[string]time.Duration{"old": time.Hour, "young": time.Minute, "older": 2 * time.Hour} {
		path := filepath.Join(logs, "team-a_train-0_"+uid)
		if err := os.Mkdir(path, 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if got := New("", logs, time.Second).uids()["team-a/train-0"]; got != "young" {
		t.Errorf("uid = %q, want young", got)
	}
}

func TestWorkload(t *testing.T) {
	for pod, want := range map[string]string{
		"llama-worker-3-1":     "llama-worker", // a TrainingJob's rank and attempt
		"llama-worker-3-2":     "llama-worker", //
		"web-7d4b9c6f5d-x2x4z": "web",          // a Deployment's
		"db-0":                 "db",           // a StatefulSet's
		"job-12-q8z7w":         "job",          // an indexed Job's
		"notebook":             "notebook",     //
		"7":                    "7",            //
		"resnet-50":            "resnet",       // takes away more when in doubt
		"train-alpha":          "train-alpha",  // vowels are never random
	} {
		if got := workload(pod); got != want {
			t.Errorf("workload(%q) = %q, want %q", pod, got, want)
		}
	}
	if got := (Holder{Namespace: "a", Pod: "job-0"}).Owner(); got != "a/job" {
		t.Errorf("Owner = %q", got)
	}
}
