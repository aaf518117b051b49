package fleet

import (
	"context"
	"net"

	"google.golang.org/grpc"
	api "k8s.io/kubelet/pkg/apis/podresources/v1"
)

// kubelet stands in for a node's kubelet: it says which pod holds which GPU.
type kubelet struct {
	api.UnimplementedPodResourcesListerServer
	node *Node
}

func (k *kubelet) List(context.Context, *api.ListPodResourcesRequest) (*api.ListPodResourcesResponse, error) {
	answer := &api.ListPodResourcesResponse{}
	for _, tenant := range k.node.Tenants {
		devices := &api.ContainerDevices{ResourceName: "nvidia.com/gpu"}
		for _, gpu := range tenant.GPUs {
			devices.DeviceIds = append(devices.DeviceIds, k.node.UUID(gpu))
		}
		answer.PodResources = append(answer.PodResources, &api.PodResources{
			Namespace: tenant.Namespace, Name: tenant.Pod,
			Containers: []*api.ContainerResources{{Name: "trainer", Devices: []*api.ContainerDevices{devices}}},
		})
	}
	return answer, nil
}

func serveKubelet(ctx context.Context, socket string, n *Node) (stop func() error, err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	server := grpc.NewServer()
	api.RegisterPodResourcesListerServer(server, &kubelet{node: n})
	go func() { _ = server.Serve(listener) }()
	return func() error { server.Stop(); return nil }, nil
}
