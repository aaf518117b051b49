package rendezvous_test

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/ranks"
)

func TestPodsWithAnAddressOfTheirOwnUseTheUsualPorts(t *testing.T) {
	p := plan(t, job(v1alpha1.FrameworkPyTorch, set{name: "worker", replicas: 2}))
	if got := p.LauncherPort(0, 1, 36291); got != 36291 {
		t.Errorf("LauncherPort = %d", got)
	}
	if got := p.HostPorts(0, 1); len(got) != 0 {
		t.Errorf("HostPorts = %v, want none", got)
	}
}

// TestRanksOnOneHostNeverShareAPort: whatever the job's UID, no two ports of a
// job on the host's network are the same, and none is one that Linux or
// NodePorts hand out.
func TestRanksOnOneHostNeverShareAPort(t *testing.T) {
	for n := range 20 {
		j := job(v1alpha1.FrameworkTensorFlow, set{name: "worker", replicas: 1000, hostNet: true}, set{name: "ps", replicas: 200, hostNet: true})
		j.UID = types.UID(fmt.Sprint("uid-", n))
		p, layout := plan(t, j), ranks.Of(j)
		taken := map[int32]int32{}
		for rank := range layout.Total() {
			set, index := layout.At(rank)
			for _, port := range []int32{p.LauncherPort(set, index, 36291), p.HostPorts(set, index)[0].ContainerPort} {
				if other, ok := taken[port]; ok {
					t.Fatalf("%s: ranks %d and %d share port %d", j.UID, rank, other, port)
				}
				if port < 1024 || port >= 30000 {
					t.Fatalf("%s: port %d of rank %d may be somebody else's", j.UID, port, rank)
				}
				taken[port] = rank
			}
		}
	}
}

func TestRanksOnTheHostsNetworkAreMetOnTheirPorts(t *testing.T) {
	p := plan(t, job(v1alpha1.FrameworkPyTorch, set{name: "worker", replicas: 2, hostNet: true}))
	want := fmt.Sprint(p.HostPorts(0, 0)[0].ContainerPort)
	for index := range int32(2) {
		e := env(t, p, 0, index)
		if e["MASTER_PORT"] != want || e["PET_RDZV_ENDPOINT"] != e["MASTER_ADDR"]+":"+want {
			t.Errorf("rank %d is sent to %s and %s, want port %s", index, e["MASTER_PORT"], e["PET_RDZV_ENDPOINT"], want)
		}
	}
}

func TestAGenericJobOpensNoPorts(t *testing.T) {
	p := plan(t, job(v1alpha1.FrameworkGeneric, set{name: "worker", replicas: 1, hostNet: true}))
	if got := p.HostPorts(0, 0); len(got) != 0 {
		t.Errorf("HostPorts = %v, want none", got)
	}
}

// TestMPIPodsOnTheHostsNetworkListenAlike, since rank 0 knows only their names.
func TestMPIPodsOnTheHostsNetworkListenAlike(t *testing.T) {
	p := plan(t, job(v1alpha1.FrameworkMPI, set{name: "launcher", replicas: 1, hostNet: true}, set{name: "worker", replicas: 3, hostNet: true}))
	for index := range int32(3) {
		if p.LauncherPort(1, index, 36291) != p.LauncherPort(0, 0, 36291) {
			t.Errorf("worker %d listens on another port than rank 0", index)
		}
		want := fmt.Sprint(p.HostPorts(0, 0)[0].ContainerPort)
		if got := env(t, p, 1, index)["TRAINYARD_MPI_SSH_PORT"]; got != want {
			t.Errorf("TRAINYARD_MPI_SSH_PORT = %s, want %s", got, want)
		}
	}
}
