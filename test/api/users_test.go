package api

import (
	"context"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trainyard/trainyard/test/apiserver"
)

// Who the tests ask as. Each holds what bind and grant gave.
const (
	manager = apiserver.Manager
	// scientist has what Kubernetes' role edit gives once Trainyard is installed.
	scientist = "scientist"
	// submitter may write TrainingJobs and nothing else.
	submitter = "submitter"
	// podOnly may write TrainingJobs and create pods.
	podOnly = "pod-only"
	// viewer may look.
	viewer = "viewer"
	// landlord may do everything in the namespace.
	landlord = "landlord"
	// operator may do everything in the cluster.
	operator = "operator"
)

const editor = "trainyard-trainingjob-editor"

// grantUsers gives the users above their rights. What a cluster's controller
// would aggregate is bound one by one, since the tests run none.
func grantUsers(ctx context.Context) error {
	objects := []client.Object{
		role("anything", rbacv1.PolicyRule{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}}),
		role("create-pods", rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"create"}}),
		bind(scientist, "ClusterRole", "system:aggregate-to-edit"),
		bind(scientist, "ClusterRole", "system:aggregate-to-view"),
		bind(scientist, "ClusterRole", editor),
		bind(submitter, "ClusterRole", editor),
		bind(podOnly, "ClusterRole", editor),
		bind(podOnly, "Role", "create-pods"),
		bind(viewer, "ClusterRole", "trainyard-trainingjob-viewer"),
		bind(landlord, "Role", "anything"),
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: operator},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: operator}},
		},
	}
	for _, obj := range objects {
		if err := admin.Create(ctx, obj); err != nil {
			return err
		}
	}
	return nil
}

func role(name string, rules ...rbacv1.PolicyRule) *rbacv1.Role {
	return &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"}, Rules: rules}
}

func bind(user, kind, name string) *rbacv1.RoleBinding {
	return &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: user + "." + name, Namespace: "default"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
	}
}

// as is a client of that user.
func as(t *testing.T, user string) client.Client {
	t.Helper()
	c, err := server.As(user)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWhoMayCreate(t *testing.T) {
	for _, user := range []string{scientist, landlord, operator} {
		if err := as(t, user).Create(t.Context(), manifest(), client.DryRunAll); err != nil {
			t.Errorf("%s: %v", user, err)
		}
	}
	expectError(t, as(t, submitter).Create(t.Context(), manifest(), client.DryRunAll),
		"user submitter may not create pods in namespace default", "ask for a role that allows to create pods there")
	expectError(t, as(t, podOnly).Create(t.Context(), manifest(), client.DryRunAll),
		"user pod-only may not create services in namespace default", "ask for a role that allows to create services there")
	if err := as(t, viewer).Create(t.Context(), manifest(), client.DryRunAll); !apierrors.IsForbidden(err) {
		t.Errorf("viewer: %v", err)
	}
}

// Who may not create pods may not make a job of others create some either.
func TestWhoMayUpdate(t *testing.T) {
	obj := stored(t, set("spec.suspend", true))
	change := func(user string, change edit) error {
		latest := obj.DeepCopy()
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(obj), latest); err != nil {
			t.Fatal(err)
		}
		change(latest.Object)
		return as(t, user).Update(t.Context(), latest)
	}
	for name, tampering := range map[string]edit{
		"resume": set("spec.suspend", false), "image": container("image", "mine"),
	} {
		err := change(submitter, tampering)
		expectError(t, err, "user submitter may not create pods")
		if !apierrors.IsForbidden(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := change(submitter, set("metadata.labels", map[string]any{"team": "vision"})); err != nil {
		t.Errorf("labels: %v", err)
	}
	if err := change(scientist, set("spec.suspend", false)); err != nil {
		t.Errorf("resume by somebody who may create pods: %v", err)
	}
}
