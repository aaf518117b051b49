package render_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/ranks"
)

// BenchmarkGang renders all pods of the largest job, beside as many plain
// copies of its template, which nothing can do without.
func BenchmarkGang(b *testing.B) {
	job := train(v1alpha1.FrameworkPyTorch).set("worker", v1alpha1.MaxPods, gpus(8)).checkpoints()
	b.Run("render", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r := renderer(b, job, options)
			for index := range int32(v1alpha1.MaxPods) {
				if _, err := r.Pod(0, index, ranks.Slot{Node: "node-1", Attempt: 1}); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/v1alpha1.MaxPods, "ns/pod")
	})
	b.Run("copy", func(b *testing.B) {
		b.ReportAllocs()
		var kept *corev1.PodTemplateSpec
		for b.Loop() {
			for range v1alpha1.MaxPods {
				kept = job.Spec.ReplicaSpecs[0].Template.DeepCopy()
			}
		}
		_ = kept
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/v1alpha1.MaxPods, "ns/pod")
	})
}
