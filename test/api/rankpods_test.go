package api

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

func rankPod() *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: "rank-", Namespace: "default",
			Labels:      map[string]string{v1alpha1.LabelJobUID: "0d1e", v1alpha1.LabelAttempt: "1"},
			Annotations: map[string]string{v1alpha1.AnnotationInstruction: "{}"},
		},
		Spec: corev1.PodSpec{
			PriorityClassName: v1alpha1.PriorityClassName,
			Containers:        []corev1.Container{{Name: "trainer", Image: "busybox"}},
		},
	}
}

func TestWhoMayMakeRankPods(t *testing.T) {
	labelled, classed := rankPod(), rankPod()
	labelled.Spec.PriorityClassName = ""
	classed.Labels, classed.Annotations = nil, nil
	for name, pod := range map[string]*corev1.Pod{"labelled": labelled, "classed": classed, "both": rankPod()} {
		for _, user := range []string{manager, operator} {
			if err := as(t, user).Create(t.Context(), pod.DeepCopy(), client.DryRunAll); err != nil {
				t.Errorf("%s pod by %s: %v", name, user, err)
			}
		}
	}
	expectError(t, as(t, scientist).Create(t.Context(), labelled.DeepCopy(), client.DryRunAll),
		"user scientist may not set metadata", v1alpha1.LabelJobUID, v1alpha1.AnnotationInstruction, "leave it as it is")
	expectError(t, as(t, scientist).Create(t.Context(), classed.DeepCopy(), client.DryRunAll),
		"spec.priorityClassName is trainyard-gang", "name another PriorityClass or create a TrainingJob")
	plain := classed.DeepCopy()
	plain.Spec.PriorityClassName = ""
	if err := as(t, scientist).Create(t.Context(), plain, client.DryRunAll); err != nil {
		t.Errorf("a pod of one's own: %v", err)
	}
}

func TestWhoMayChangeRankPods(t *testing.T) {
	pod := rankPod()
	if err := as(t, manager).Create(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := admin.Delete(context.Background(), pod, client.GracePeriodSeconds(0)); err != nil {
			t.Error(err)
		}
	})
	for name, change := range map[string]func(*corev1.Pod){
		v1alpha1.LabelAttempt:          func(p *corev1.Pod) { p.Labels[v1alpha1.LabelAttempt] = "2" },
		v1alpha1.LabelJobUID:           func(p *corev1.Pod) { delete(p.Labels, v1alpha1.LabelJobUID) },
		v1alpha1.AnnotationInstruction: func(p *corev1.Pod) { p.Annotations = map[string]string{} },
		v1alpha1.LabelSet:              func(p *corev1.Pod) { p.Labels[v1alpha1.LabelSet] = "worker" },
	} {
		changed := pod.DeepCopy()
		change(changed)
		expectError(t, as(t, scientist).Update(t.Context(), changed.DeepCopy(), client.DryRunAll), "user scientist may not set metadata "+name)
		for _, user := range []string{manager, operator} {
			if err := as(t, user).Patch(t.Context(), changed.DeepCopy(), client.MergeFrom(pod), client.DryRunAll); err != nil {
				t.Errorf("%s by %s: %v", name, user, err)
			}
		}
	}
	own := pod.DeepCopy()
	own.Labels["team"] = "vision"
	if err := as(t, scientist).Update(t.Context(), own, client.DryRunAll); err != nil {
		t.Errorf("a label of one's own: %v", err)
	}
	if err := as(t, scientist).Delete(t.Context(), pod, client.DryRunAll); err != nil {
		t.Errorf("delete: %v", err)
	}
}
