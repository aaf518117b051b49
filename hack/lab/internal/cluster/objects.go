package cluster

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	rbacv1client "k8s.io/client-go/kubernetes/typed/rbac/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/trainyard/trainyard/hack/lab/internal/config"
	"github.com/trainyard/trainyard/hack/lab/internal/plan"
)

// Clients are those few of an administrator's clients that the lab uses; the
// whole set would take minutes to compile.
type Clients struct {
	Core corev1client.CoreV1Interface
	RBAC rbacv1client.RbacV1Interface
	API  rest.Interface
}

// Connect returns an administrator's clients of the lab.
func Connect(p *plan.Plan) (*Clients, error) {
	config, err := clientcmd.BuildConfigFromFlags("", p.Kubeconfig())
	if err != nil {
		return nil, fmt.Errorf("read the lab's kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 1000, 2000
	core, err := corev1client.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client of the lab: %w", err)
	}
	rbac, err := rbacv1client.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client of the lab: %w", err)
	}
	return &Clients{Core: core, RBAC: rbac, API: core.RESTClient()}, nil
}

// role is what a user of the lab may do.
type role struct {
	name, user string
	rules      []rbacv1.PolicyRule // none: the role is a built-in one
}

func roles() []role {
	read := []string{"get", "list", "watch"}
	return []role{
		{"system:kubelet-api-admin", userKubeletClient, nil},
		{"lab:coredns", userCoreDNS, []rbacv1.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"services", "pods", "namespaces"}, Verbs: read},
			{APIGroups: []string{"discovery.k8s.io"}, Resources: []string{"endpointslices"}, Verbs: read},
		}},
		{"lab:kwok", userKwok, []rbacv1.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"nodes"}, Verbs: read},
			{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: append([]string{"delete", "patch", "update"}, read...)},
			{APIGroups: []string{""}, Resources: []string{"nodes/status", "pods/status"}, Verbs: []string{"patch", "update"}},
			{APIGroups: []string{"", "events.k8s.io"}, Resources: []string{"events"}, Verbs: []string{"create", "patch", "update"}},
			{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"},
				Verbs: append([]string{"create", "patch", "update"}, read...)},
		}},
	}
}

func ensureRoles(ctx context.Context, client *Clients) error {
	for _, r := range roles() {
		if len(r.rules) > 0 {
			_, err := client.RBAC.ClusterRoles().Create(ctx, &rbacv1.ClusterRole{
				ObjectMeta: metav1.ObjectMeta{Name: r.name}, Rules: r.rules}, metav1.CreateOptions{})
			if err != nil && !apierrors.IsAlreadyExists(err) {
				return fmt.Errorf("create the role %s: %w", r.name, err)
			}
		}
		_, err := client.RBAC.ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: "lab:" + r.user},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: r.user}},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: r.name},
		}, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("bind the role %s: %w", r.name, err)
		}
	}
	return nil
}

// gpuResource is the extended resource of a GPU, gpuProduct the model that
// simulated nodes claim to have.
const (
	gpuResource = "nvidia.com/gpu"
	gpuProduct  = "NVIDIA-H100-80GB-HBM3"
)

// atOnce is how many nodes are created at the same time.
const atOnce = 16

func ensureSimulated(ctx context.Context, client *Clients, p *plan.Plan) error {
	existing, err := client.Core.Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list the nodes: %w", err)
	}
	there := map[string]bool{}
	for i := range existing.Items {
		there[existing.Items[i].Name] = true
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, n := range p.Simulated() {
		if there[n.Name] {
			continue
		}
		group.Go(func() error {
			_, err := client.Core.Nodes().Create(ctx, simulatedNode(n), metav1.CreateOptions{})
			if err != nil && !apierrors.IsAlreadyExists(err) {
				return fmt.Errorf("create the simulated node %s: %w", n.Name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// simulatedNode is a GPU server. It is tainted as such servers commonly are,
// so that nothing lands on it by accident that had better really run; pods
// which ask for a GPU are let in by the API server's admission.
func simulatedNode(n plan.SimulatedNode) *corev1.Node {
	capacity := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("128"),
		corev1.ResourceMemory:           resource.MustParse("1Ti"),
		corev1.ResourceEphemeralStorage: resource.MustParse("1Ti"),
		corev1.ResourcePods:             resource.MustParse("250"),
	}
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name:        n.Name,
			Annotations: map[string]string{config.SimulatedAnnotation: config.SimulatedValue},
			Labels: map[string]string{
				corev1.LabelHostname:   n.Name,
				corev1.LabelOSStable:   "linux",
				corev1.LabelArchStable: "amd64",
				config.LabelZone:       config.Zone,
				config.LabelBlock:      n.Block,
				config.LabelRack:       n.Rack,
				"type":                 "kwok",
			},
		},
		Status: corev1.NodeStatus{
			Capacity: capacity,
			NodeInfo: corev1.NodeSystemInfo{OperatingSystem: "linux", Architecture: "amd64",
				KubeletVersion: "kwok", ContainerRuntimeVersion: "kwok", OSImage: "simulated"},
		},
	}
	if n.GPUs > 0 {
		capacity[gpuResource] = *resource.NewQuantity(int64(n.GPUs), resource.DecimalSI)
		node.Labels["nvidia.com/gpu.product"] = gpuProduct
		node.Labels["nvidia.com/gpu.count"] = strconv.Itoa(n.GPUs)
		node.Spec.Taints = []corev1.Taint{{Key: gpuResource, Value: "present", Effect: corev1.TaintEffectNoSchedule}}
	}
	node.Status.Allocatable = capacity.DeepCopy()
	return node
}

// awaitControllers waits until the controller manager has made what every pod
// needs, its namespace's service account.
func awaitControllers(ctx context.Context, client *Clients) error {
	return poll(ctx, 100*time.Millisecond, func(ctx context.Context) (bool, error) {
		_, err := client.Core.ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		if err != nil {
			return false, fmt.Errorf("the controller manager does nothing yet: %w: see `lab logs kube-controller-manager`", err)
		}
		return true, nil
	})
}

// awaitNodes waits until every node of the plan that has no fault is Ready.
func awaitNodes(ctx context.Context, client *Clients, p *plan.Plan) error {
	faults := ReadFaults(p)
	return poll(ctx, 500*time.Millisecond, func(ctx context.Context) (bool, error) {
		list, err := client.Core.Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, fmt.Errorf("list the nodes: %w", err)
		}
		ready := map[string]bool{}
		for i := range list.Items {
			ready[list.Items[i].Name] = Ready(&list.Items[i])
		}
		for _, m := range p.RealNodes() {
			if !ready[m.Name] && len(faults[m.Name]) == 0 {
				return false, fmt.Errorf("%s is not Ready: see `lab logs %s.kubelet`", m.Name, m.Name)
			}
		}
		for _, n := range p.Simulated() {
			if !ready[n.Name] {
				return false, fmt.Errorf("%s is not Ready: see `lab logs kwok`", n.Name)
			}
		}
		return true, nil
	})
}

// Ready says whether a node is.
func Ready(n *corev1.Node) bool {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
