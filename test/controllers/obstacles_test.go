package controllers

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// released says whether a job waits, without a pod and a place, and says why.
func (w *world) released(name, why string) func() bool {
	return func() bool {
		job := w.job(name)
		if job.Status.State != v1alpha1.StateQueued || job.Status.Placed() || len(w.podsOf(name)) > 0 {
			return false
		}
		queued := meta.FindStatusCondition(job.Status.Conditions, v1alpha1.ConditionQueued)
		return queued != nil && queued.Status == metav1.ConditionTrue && strings.Contains(queued.Message, why)
	}
}

// podsOf are the pods of a job that are not about to go.
func (w *world) podsOf(job string) []corev1.Pod {
	var out []corev1.Pod
	for _, pod := range w.pods() {
		if pod.Labels[v1alpha1.LabelJobName] == job && pod.DeletionTimestamp.IsZero() {
			out = append(out, pod)
		}
	}
	return out
}

// runs says whether every rank of a job runs.
func (w *world) runs(name string) func() bool {
	return func() bool { return w.job(name).Status.State == v1alpha1.StateRunning }
}

// faultless checks that nothing that happened counts as the user's failure.
func (w *world) faultless(name string) {
	w.t.Helper()
	if n := deref(w.job(name).Status.RestartsCountTowardsMax); n != 0 {
		w.t.Errorf("%d restarts count", n)
	}
}

// obeys waits until the API server's admission has learned of a change: whether
// a probe is refused. Its answer is its own; nothing tells when it has.
func (w *world) obeys(probe *corev1.Pod, refused bool) {
	w.t.Helper()
	probe.Namespace = w.ns
	for range 2000 {
		err := admin.Create(w.ctx(), probe.DeepCopy(), client.DryRunAll)
		if (err != nil) == refused {
			return
		}
	}
	w.t.Fatal("the API server does not take note")
}

// foreign is a pod of somebody else's.
func foreign(name, node, cpus string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{
			Name: "main", Image: "example.org/other:v1",
			Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpus)},
				Limits:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpus)},
			},
		}}},
	}
}

func (w *world) createForeign(obj client.Object) {
	w.t.Helper()
	obj.SetNamespace(w.ns)
	w.must(admin.Create(w.ctx(), obj))
}

func (w *world) deleteForeign(obj client.Object) {
	w.t.Helper()
	w.must(admin.Delete(w.ctx(), obj, client.GracePeriodSeconds(0)))
}

// TestQuota: the third pod of a gang is over the quota.
func TestQuota(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "small"}}
	allow := func(cpus string) {
		// There is no controller of quotas here: its part is played.
		hard := corev1.ResourceList{corev1.ResourceRequestsCPU: resource.MustParse(cpus)}
		quota.Spec.Hard = hard
		w.must(admin.Update(w.ctx(), quota))
		quota.Status = corev1.ResourceQuotaStatus{Hard: hard, Used: corev1.ResourceList{corev1.ResourceRequestsCPU: resource.MustParse("0")}}
		w.must(admin.Status().Update(w.ctx(), quota))
	}
	w.must(admin.Create(w.ctx(), quota))
	allow("7")
	w.obeys(foreign("probe", "", "8"), true)
	w.calls.veto = allowAll
	w.create(training("job", 3))
	w.until("released", w.released("job", "exceeded quota: small"))
	w.must(admin.Get(w.ctx(), client.ObjectKeyFromObject(quota), quota))
	allow("9")
	w.obeys(foreign("probe", "", "9"), false)
	w.until("running", w.runs("job"))
	w.faultless("job")
}

// allowAll tells the world that errors are expected.
func allowAll(string) error { return nil }

// TestPodSecurity: the namespace does not allow the job's pods.
func TestPodSecurity(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	enforce := func(level string) {
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.ns}}
		patch := fmt.Sprintf(`{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":%q}}}`, level)
		w.must(admin.Patch(w.ctx(), ns, client.RawPatch("application/merge-patch+json", []byte(patch))))
		w.obeys(foreign("probe", "", "1"), level == "restricted")
	}
	enforce("restricted")
	w.create(training("job", 2))
	w.until("refused", w.released("job", `violates PodSecurity "restricted:latest"`))
	if n := w.calls.count("create Pod"); n > 0 {
		t.Errorf("%d pods were created", n)
	}
	enforce("privileged")
	w.until("running", w.runs("job"))
	w.faultless("job")
}

// webhook is an admission webhook of a world's pods.
func (w *world) webhook(review func(pod *corev1.Pod, answer *admissionv1.AdmissionResponse) (status int)) {
	w.t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		var r admissionv1.AdmissionReview
		pod := &corev1.Pod{}
		if json.NewDecoder(in.Body).Decode(&r) != nil || json.Unmarshal(r.Request.Object.Raw, pod) != nil {
			out.WriteHeader(http.StatusBadRequest)
			return
		}
		r.Response = &admissionv1.AdmissionResponse{UID: r.Request.UID, Allowed: true}
		out.WriteHeader(review(pod, r.Response))
		_ = json.NewEncoder(out).Encode(r)
	}))
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	server.StartTLS()
	w.t.Cleanup(server.Close)
	config := &admissionregistrationv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: w.ns},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name: "pods.example.org", AdmissionReviewVersions: []string{"v1"},
			ClientConfig: admissionregistrationv1.WebhookClientConfig{
				URL:      new(server.URL),
				CABundle: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
			},
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: w.ns}},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
			}},
			SideEffects:   new(admissionregistrationv1.SideEffectClassNone),
			FailurePolicy: new(admissionregistrationv1.Fail),
		}},
	}
	w.must(admin.Create(w.ctx(), config))
	w.t.Cleanup(func() { _ = admin.Delete(context.Background(), config) })
}

// TestWebhook: a webhook refuses the third pod of a gang, or fails on it, or on
// the dry run.
func TestWebhook(t *testing.T) {
	const third, dryRun = "job-worker-2-", "job-worker-0-0"
	for name, c := range map[string]struct {
		pod    string
		answer func(*admissionv1.AdmissionResponse) int
		why    string
	}{
		"refuses": {third, func(a *admissionv1.AdmissionResponse) int {
			a.Allowed, a.Result = false, &metav1.Status{Message: "the third is one too many"}
			return http.StatusOK
		}, "the third is one too many"},
		"refuses as too many": {third, func(a *admissionv1.AdmissionResponse) int {
			a.Allowed, a.Result = false, &metav1.Status{Message: "come back later", Code: http.StatusTooManyRequests}
			return http.StatusOK
		}, "come back later"},
		"fails":                {third, failing, "failed calling webhook"},
		"fails on the dry run": {dryRun, failing, "trying the job's pods: asking what a pod of set worker would be: Internal error occurred: failed calling webhook"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 3)
			var active, calm atomic.Bool
			w.webhook(func(pod *corev1.Pod, answer *admissionv1.AdmissionResponse) int {
				if pod.Name == "probe" {
					active.Store(true)
				}
				if strings.HasPrefix(pod.Name, c.pod) && !calm.Load() {
					return c.answer(answer)
				}
				return http.StatusOK
			})
			for !active.Load() {
				w.obeys(foreign("probe", "", "1"), false)
			}
			w.calls.veto = allowAll
			w.create(training("job", 3))
			w.until("released", w.released("job", c.why))
			calm.Store(true)
			w.until("running", w.runs("job"))
			w.faultless("job")
		})
	}
}

func failing(*admissionv1.AdmissionResponse) int { return http.StatusInternalServerError }

// TestWebhookThatFailsOnce: a gang is not given up for one failure.
func TestWebhookThatFailsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	failed := 0
	w.calls.veto = func(call string) error {
		if strings.HasPrefix(call, "create Pod/job-worker-2-") && failed == 0 {
			failed++
			return errCut
		}
		return nil
	}
	w.create(training("job", 3))
	w.until("running", w.is("job", v1alpha1.StateRunning, 1))
}

// TestNamesAreTaken: something of somebody else's has a name that the job needs.
func TestNamesAreTaken(t *testing.T) {
	named := func(obj client.Object, name string) client.Object { obj.SetName(name); return obj }
	for name, c := range map[string]struct {
		taken client.Object
		why   string
		// passes says that the next attempt has other names.
		passes bool
	}{
		"a pod":       {foreign("job-worker-1-1", "", "1"), "creating pod job-worker-1-1: an object of that name exists and is not this job's", true},
		"the service": {named(&corev1.Service{Spec: corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone}}, "job"), "/job: an object of that name exists", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 3)
			w.createForeign(c.taken)
			w.create(training("job", 2))
			w.until("released", w.released("job", c.why))
			if !c.passes {
				w.deleteForeign(c.taken)
			}
			w.until("running", w.runs("job"))
			w.faultless("job")
			if c.passes {
				w.must(w.reads.Get(w.ctx(), nil, client.ObjectKeyFromObject(c.taken), c.taken))
			}
		})
	}
}

// TestSameNames: the pods of two jobs would have the same names.
func TestSameNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	first, second := training("a", 2), training("a-b", 2)
	first.Spec.ReplicaSpecs[0].Name, second.Spec.ReplicaSpecs[0].Name = "b-c", "c"
	w.create(first)
	w.until("running", w.runs("a"))
	w.create(second)
	w.until("released", w.released("a-b", "a-b-c-0-1: an object of that name exists and is not this job's"))
	w.until("both running", func() bool { return w.runs("a")() && w.runs("a-b")() })
	w.faultless("a-b")
	// The other one restarts into the names that the first has now.
	w.kubelets.exit(w.podsOf("a")[0].Name, 1)
	w.until("both running again", func() bool { return w.runs("a")() && w.runs("a-b")() && w.job("a").Status.LastRunAttempt > 1 })
	w.kubelets.exitAll(0)
	w.until("both done", func() bool {
		return w.job("a").Status.State == v1alpha1.StateSucceeded && w.job("a-b").Status.State == v1alpha1.StateSucceeded
	})
}

// TestPodsOfAnEarlierJobStay: a pod of a job of the same name cannot go, since
// its node is dead.
func TestPodsOfAnEarlierJobStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	w.create(training("job", 2))
	w.until("running", w.runs("job"))
	w.judge(w.nodeOf("job-worker-0-1"), lifecycle.Lost)
	w.delete("job")
	w.create(training("job", 2))
	w.until("running", w.runs("job"))
	w.faultless("job")
}

// TestRoomIsTaken: between plan and bind, somebody else takes the room on a node.
func TestRoomIsTaken(t *testing.T) {
	for name, take := range map[string]func(w *world, node string){
		"by a pod":      func(w *world, node string) { w.createForeign(foreign("other", node, "3")) },
		"by a cordon":   func(w *world, node string) { w.cordon(node, true) },
		"by a kubelet":  func(w *world, node string) { w.nodes[node].refuses = true },
		"by its death":  func(w *world, node string) { w.judge(node, lifecycle.Lost) },
		"by its object": func(w *world, node string) { w.removeNode(node) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 3)
			w.kubelets.asleep = true
			w.create(training("job", 2))
			w.until("planned", func() bool { return len(w.pods()) == 2 })
			taken := pinOf(&w.pods()[1])
			take(w, taken)
			w.kubelets.asleep = false
			w.until("running", w.runs("job"))
			w.faultless("job")
			for _, pod := range w.podsOf("job") {
				if pod.Spec.NodeName == taken {
					t.Errorf("%s is on %s", pod.Name, taken)
				}
			}
			if why := w.job("job").Status.LastRecovery.Message; !strings.Contains(why, taken) {
				t.Errorf("%s is not named in %q", taken, why)
			}
		})
	}
}

// TestCordonWithoutRoomElsewhere: the gang is released whole, and runs when the
// node is free again.
func TestCordonWithoutRoomElsewhere(t *testing.T) {
	for _, s := range []v1alpha1.RestartStrategy{v1alpha1.RestartRecreate, v1alpha1.RestartInPlace, v1alpha1.RestartReplaceFailed} {
		t.Run(string(s), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 2)
			w.kubelets.asleep = true
			w.create(training("job", 2, strategy(s)))
			w.until("planned", func() bool { return len(w.pods()) == 2 })
			taken := pinOf(&w.pods()[1])
			w.cordon(taken, true)
			w.kubelets.asleep = false
			w.until("blamed", func() bool { return strings.Contains(fmt.Sprint(w.job("job").Status.LastRecovery), "unschedulable") })
			w.until("released", w.released("job", ""))
			w.cordon(taken, false)
			w.until("running", w.runs("job"))
			w.faultless("job")
			if got := w.clock.Since(w.job("job").CreationTimestamp.Time); got > 15*time.Minute {
				t.Errorf("it took %s", got)
			}
		})
	}
}
