// Package podresources asks the kubelet which pod holds which device, through
// its pod-resources API.
//
// The API names pods by namespace and name only. Their UIDs, without which the
// control plane believes nothing, are read from the names of the folders that
// the kubelet makes for logs; no log is opened.
package podresources

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	api "k8s.io/kubelet/pkg/apis/podresources/v1"
)

// maxMessage bounds an answer of the kubelet; a thousand pods take about 1 MiB.
const maxMessage = 16 << 20

// Holder is a container that holds a device.
type Holder struct {
	Namespace, Pod, Container string
	// UID is empty where it could not be found out.
	UID string
}

// Owner is the workload as rules compare it.
func (h Holder) Owner() string { return h.Namespace + "/" + workload(h.Pod) }

// Claim is a device as the kubelet names it, and who holds it.
type Claim struct {
	// Resource is the extended resource, or the driver of a dynamic one.
	Resource string
	// Device is the id, without the suffix of a share.
	Device string
	Holder Holder
}

// Client asks one kubelet. It is for one goroutine.
type Client struct {
	socket, logs string
	timeout      time.Duration
	connection   *grpc.ClientConn
}

// New makes a client. The socket is the kubelet's, usually
// /var/lib/kubelet/pod-resources/kubelet.sock; logs is where it keeps pods' logs,
// usually /var/log/pods.
func New(socket, logs string, timeout time.Duration) *Client {
	return &Client{socket: socket, logs: logs, timeout: timeout}
}

// List returns every device that a container holds.
func (c *Client) List(ctx context.Context) ([]Claim, error) {
	if _, err := os.Stat(c.socket); err != nil {
		c.Close()
		return nil, fmt.Errorf("the kubelet's pod-resources socket: %w", err)
	}
	if c.connection == nil {
		connection, err := grpc.NewClient("unix://"+c.socket, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)), grpc.WithReadBufferSize(8<<10), grpc.WithWriteBufferSize(4<<10))
		if err != nil {
			return nil, fmt.Errorf("connect to the kubelet: %w", err)
		}
		c.connection = connection
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	answer, err := api.NewPodResourcesListerClient(c.connection).List(ctx, &api.ListPodResourcesRequest{})
	if err != nil {
		c.Close() // the next call begins anew, without a growing back-off
		return nil, fmt.Errorf("ask the kubelet for pods' devices: %w", err)
	}
	return claims(answer, c.uids()), nil
}

// Close ends the connection; the next List opens it again.
func (c *Client) Close() {
	if c.connection != nil {
		_ = c.connection.Close()
		c.connection = nil
	}
}

func claims(answer *api.ListPodResourcesResponse, uids map[string]string) []Claim {
	var all []Claim
	for _, pod := range answer.GetPodResources() {
		for _, container := range pod.GetContainers() {
			holder := Holder{
				Namespace: pod.GetNamespace(), Pod: pod.GetName(), Container: container.GetName(), UID: uids[pod.GetNamespace()+"/"+pod.GetName()],
			}
			for _, device := range container.GetDevices() {
				for _, id := range device.GetDeviceIds() {
					all = append(all, Claim{device.GetResourceName(), withoutShare(id), holder})
				}
			}
			all = append(all, dynamic(container, holder)...)
		}
	}
	return all
}

// dynamic lists the devices that a container holds through resource claims.
func dynamic(container *api.ContainerResources, holder Holder) []Claim {
	var all []Claim
	for _, resource := range container.GetDynamicResources() {
		for _, claim := range resource.GetClaimResources() {
			if claim.GetDeviceName() != "" {
				all = append(all, Claim{claim.GetDriverName(), claim.GetDeviceName(), holder})
			}
		}
	}
	return all
}

// withoutShare cuts the number that a device plugin appends to the id of a
// device that several containers share: GPU-x::3.
func withoutShare(id string) string {
	id, _, _ = strings.Cut(id, "::")
	return id
}

// uids reads the UIDs of pods from the kubelet's log folders, named
// namespace_name_uid. Of several pods of one name the youngest counts.
func (c *Client) uids() map[string]string {
	entries, err := os.ReadDir(c.logs)
	if err != nil {
		return nil
	}
	uids, born := map[string]string{}, map[string]time.Time{}
	for _, entry := range entries {
		namespace, rest, ok := strings.Cut(entry.Name(), "_")
		name, uid, ok2 := strings.Cut(rest, "_")
		if !ok || !ok2 || !entry.IsDir() {
			continue
		}
		at := modified(entry)
		if key := namespace + "/" + name; uids[key] == "" || at.After(born[key]) {
			uids[key], born[key] = uid, at
		}
	}
	return uids
}

func modified(entry fs.DirEntry) time.Time {
	info, err := entry.Info()
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}
