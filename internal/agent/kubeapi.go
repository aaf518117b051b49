package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

// requestTimeout bounds every request to the API server.
const requestTimeout = 15 * time.Second

// KubeAPI speaks to the API server about one node. It uses plain REST: a whole
// clientset would take more memory than the rest of the agent.
type KubeAPI struct {
	node   string
	client rest.Interface
}

// NewKubeAPI makes the client of an agent for its node.
func NewKubeAPI(config *rest.Config, node string) (*KubeAPI, error) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("types: %w", err)
	}
	config = rest.CopyConfig(config)
	config.GroupVersion = &v1alpha1.GroupVersion
	config.APIPath = "/apis"
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	config.UserAgent = "trainyard-agent"
	client, err := rest.RESTClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	return &KubeAPI{node: node, client: client}, nil
}

// Get returns the node's NodeHardware.
func (k *KubeAPI) Get(ctx context.Context) (*v1alpha1.NodeHardware, error) {
	out := &v1alpha1.NodeHardware{}
	err := k.client.Get().Resource("nodehardwares").Name(k.node).Timeout(requestTimeout).Do(ctx).Into(out)
	return out, err //nolint:wrapcheck // callers ask apierrors what it is
}

// Create makes the node's NodeHardware, owned by its Node so that it goes with it.
func (k *KubeAPI) Create(ctx context.Context) error {
	node, err := k.nodeObject(ctx)
	if err != nil {
		return err
	}
	body, err := json.Marshal(&v1alpha1.NodeHardware{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "NodeHardware"},
		ObjectMeta: metav1.ObjectMeta{Name: k.node, OwnerReferences: []metav1.OwnerReference{
			{APIVersion: "v1", Kind: "Node", Name: k.node, UID: node.UID},
		}},
	})
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	return k.client.Post().Resource("nodehardwares").Timeout(requestTimeout).Body(body).SetHeader("Content-Type", "application/json").Do(ctx).Error() //nolint:wrapcheck // callers ask apierrors what it is
}

func (k *KubeAPI) nodeObject(ctx context.Context) (*metav1.PartialObjectMetadata, error) {
	body, err := k.client.Get().AbsPath("/api/v1/nodes/"+k.node).Timeout(requestTimeout).
		SetHeader("Accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1").DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("read node %s: %w", k.node, err)
	}
	out := &metav1.PartialObjectMetadata{}
	if err := json.Unmarshal(body, out); err != nil {
		return nil, fmt.Errorf("read node %s: %w", k.node, err)
	}
	return out, nil
}

// NodeLabels returns the labels of the node.
func (k *KubeAPI) NodeLabels(ctx context.Context) (map[string]string, error) {
	node, err := k.nodeObject(ctx)
	if err != nil {
		return nil, err
	}
	return node.Labels, nil
}

// ReplaceStatus writes the whole status and nothing else.
func (k *KubeAPI) ReplaceStatus(ctx context.Context, status *v1alpha1.NodeHardwareStatus) (int, error) {
	patch, err := json.Marshal([]map[string]any{{"op": "add", "path": "/status", "value": status}})
	if err != nil {
		return 0, fmt.Errorf("encode: %w", err)
	}
	result := k.client.Patch(types.JSONPatchType).Resource("nodehardwares").Name(k.node).SubResource("status").
		Timeout(requestTimeout).Body(patch).Do(ctx)
	return len(patch), result.Error()
}

// Policies lists every HardwarePolicy.
func (k *KubeAPI) Policies(ctx context.Context) ([]v1alpha1.HardwarePolicy, error) {
	list := &v1alpha1.HardwarePolicyList{}
	if err := k.client.Get().Resource("hardwarepolicies").Param("resourceVersion", "0").Timeout(requestTimeout).Do(ctx).Into(list); err != nil {
		return nil, fmt.Errorf("list HardwarePolicies: %w", err)
	}
	return list.Items, nil
}

// Watch calls back whenever a HardwarePolicy or the node's NodeHardware may have
// changed, until the watch ends.
func (k *KubeAPI) Watch(ctx context.Context, resource string, changed func()) error {
	request := k.client.Get().Resource(resource).Param("watch", "true").Param("resourceVersion", "0").Param("timeoutSeconds", "600")
	if resource == "nodehardwares" {
		request = request.Param("fieldSelector", fields.OneTermEqualSelector("metadata.name", k.node).String())
	}
	watch, err := request.Watch(ctx)
	if err != nil {
		return fmt.Errorf("watch %s: %w", resource, err)
	}
	defer watch.Stop()
	for range watch.ResultChan() {
		changed()
	}
	return nil
}

// Reviews asks the API server who a token belongs to, and whether its owner may
// read the metrics.
func (k *KubeAPI) Reviews(ctx context.Context, token, path string) (allowed bool, err error) {
	var review struct {
		Status struct {
			Authenticated bool `json:"authenticated"`
			User          struct {
				Username string              `json:"username"`
				Groups   []string            `json:"groups"`
				UID      string              `json:"uid"`
				Extra    map[string][]string `json:"extra"`
			} `json:"user"`
		} `json:"status"`
	}
	err = k.post(ctx, "/apis/authentication.k8s.io/v1/tokenreviews", map[string]any{
		"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": map[string]any{"token": token},
	}, &review)
	if err != nil || !review.Status.Authenticated {
		return false, err
	}
	var access struct {
		Status struct {
			Allowed bool `json:"allowed"`
		} `json:"status"`
	}
	user := review.Status.User
	err = k.post(ctx, "/apis/authorization.k8s.io/v1/subjectaccessreviews", map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": map[string]any{
			"user": user.Username, "groups": user.Groups, "uid": user.UID, "extra": user.Extra,
			"nonResourceAttributes": map[string]any{"path": path, "verb": "get"},
		},
	}, &access)
	return access.Status.Allowed, err
}

func (k *KubeAPI) post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	answer, err := k.client.Post().AbsPath(path).Timeout(requestTimeout).SetHeader("Content-Type", "application/json").
		SetHeader("Accept", "application/json").Body(body).DoRaw(ctx)
	if err != nil {
		return fmt.Errorf("%s %s: %w", http.MethodPost, path, err)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s %s: %w", http.MethodPost, path, err)
	}
	return nil
}

var _ API = (*KubeAPI)(nil)
