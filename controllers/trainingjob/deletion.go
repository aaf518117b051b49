package trainingjob

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// deleteAgain is how soon an attempt that was deleted as a whole is deleted
// again, if pods of it do not seem to leave. The news of a thousand deletions
// come one by one; until then there is nothing to repeat.
const deleteAgain = 5 * time.Second

// newDeletions are those that were not just asked for.
func (s *scope) newDeletions() []lifecycle.Deletion {
	again := s.pace.deletedAt.Add(deleteAgain)
	if !s.observed.Now.Before(again) {
		return s.decision.Delete
	}
	asked := map[string]bool{}
	for i := range s.observed.Pods {
		if p := &s.observed.Pods[i]; slices.Contains(s.pace.deleted, p.Attempt) {
			asked[p.UID] = true
		}
	}
	var out []lifecycle.Deletion
	for _, d := range s.decision.Delete {
		if asked[d.UID] && !d.Force {
			s.decision.WakeAt(again)
			continue
		}
		out = append(out, d)
	}
	return out
}

// wholeAttempts says whether what is to be deleted is, without exception, all
// that is left of some attempts, and of which. Then one call deletes it.
func (s *scope) wholeAttempts() ([]int32, bool) {
	if len(s.decision.Delete) < 2 {
		return nil, false
	}
	doomed := make(map[string]bool, len(s.decision.Delete))
	for _, d := range s.decision.Delete {
		if d.Force {
			return nil, false
		}
		doomed[d.UID] = true
	}
	var attempts []int32
	for i := range s.observed.Pods {
		if p := &s.observed.Pods[i]; doomed[p.UID] && !slices.Contains(attempts, p.Attempt) {
			attempts = append(attempts, p.Attempt)
		}
	}
	for i := range s.observed.Pods {
		p := &s.observed.Pods[i]
		if slices.Contains(attempts, p.Attempt) && !doomed[p.UID] && !p.Deleting {
			return nil, false
		}
	}
	return attempts, true
}

// deleteAttempts deletes every pod of some attempts with one call.
func (r *Reconciler) deleteAttempts(ctx context.Context, s *scope, attempts []int32) error {
	values := make([]string, len(attempts))
	for i, a := range attempts {
		values[i] = strconv.Itoa(int(a))
	}
	ofJob, err := labels.NewRequirement(v1alpha1.LabelJobUID, selection.Equals, []string{string(s.job.UID)})
	if err != nil {
		return fmt.Errorf("selecting the pods of TrainingJob %s: %w", s.key, err)
	}
	ofAttempts, err := labels.NewRequirement(v1alpha1.LabelAttempt, selection.In, values)
	if err != nil {
		return fmt.Errorf("selecting the attempts %v of TrainingJob %s: %w", values, s.key, err)
	}
	selector := labels.NewSelector().Add(*ofJob, *ofAttempts)
	if err := r.Live.DeleteAllOf(ctx, &corev1.Pod{}, client.InNamespace(s.key.Namespace),
		client.MatchingLabelsSelector{Selector: selector}); err != nil {
		return fmt.Errorf("deleting the attempts %v of TrainingJob %s: %w", values, s.key, err)
	}
	s.pace.deleted, s.pace.deletedAt = attempts, s.observed.Now
	return nil
}

// annotationPatch sets one annotation and leaves everything else alone.
func annotationPatch(key, value string) (client.Patch, error) {
	raw, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{key: value}}})
	if err != nil {
		return nil, fmt.Errorf("encoding annotation %s: %w", key, err)
	}
	return client.RawPatch(types.MergePatchType, raw), nil
}
