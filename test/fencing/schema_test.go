package fencing

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/agent"
)

func outcome() *v1alpha1.HardwareOutcome {
	return &v1alpha1.HardwareOutcome{Severity: v1alpha1.SeverityFatal, Class: v1alpha1.ClassHardware, Action: "ResetDevice", Advice: "reset it"}
}

// policy is a good policy with one of everything.
func policy() *v1alpha1.HardwarePolicy {
	return &v1alpha1.HardwarePolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "good"},
		Spec: v1alpha1.HardwarePolicySpec{
			NodeSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"gpu": "h100"}},
			Rules: []v1alpha1.HardwareRule{
				{Name: "event", Kind: v1alpha1.EventXid, Codes: []int32{109}, Owners: 2, WindowSeconds: 3600, Outcome: outcome(), Below: outcome()},
				{Name: "condition", When: "margin_celsius < 3 && !maintenance", ForSeconds: 60, WithinSeconds: 600, Outcome: outcome(), Mode: v1alpha1.RuleObserve},
			},
			Escalations:     []v1alpha1.HardwareEscalation{{Name: "again", Count: 3, WindowSeconds: 86400, Action: "ContactSupport", Advice: "call them"}},
			RecoveryActions: []v1alpha1.RecoveryActionMeaning{{Value: 8, Name: "New", Outcome: outcome()}},
		},
	}
}

func TestPolicyIsAccepted(t *testing.T) {
	p := policy()
	if err := admin.Create(t.Context(), p, client.DryRunAll); err != nil {
		t.Fatal(err)
	}
	rule := p.Spec.Rules[0]
	if rule.ClearOn != v1alpha1.ClearQuiet || rule.Mode != v1alpha1.RuleEnforce || *rule.ClearAfterSeconds != 300 || *p.Spec.Priority != 0 {
		t.Errorf("defaults: %+v, priority %v", rule, p.Spec.Priority)
	}
	// What the schema accepts the agent compiles.
	if _, err := agent.PolicyFor(p); err != nil {
		t.Error(err)
	}
}

func TestPolicyIsRejected(t *testing.T) {
	event := func(edit func(*v1alpha1.HardwareRule)) func(*v1alpha1.HardwarePolicy) {
		return func(p *v1alpha1.HardwarePolicy) { edit(&p.Spec.Rules[0]) }
	}
	condition := func(edit func(*v1alpha1.HardwareRule)) func(*v1alpha1.HardwarePolicy) {
		return func(p *v1alpha1.HardwarePolicy) { edit(&p.Spec.Rules[1]) }
	}
	tests := []struct {
		name string
		edit func(*v1alpha1.HardwarePolicy)
		says []string
	}{
		{"unknown action", event(func(r *v1alpha1.HardwareRule) { r.Outcome.Action = "Explode" }), []string{"spec.rules[0].outcome.action", `"Explode"`, "supported values"}},
		{"unknown severity", event(func(r *v1alpha1.HardwareRule) { r.Outcome.Severity = "Bad" }), []string{"spec.rules[0].outcome.severity", `"Bad"`}},
		{"severity Unknown", event(func(r *v1alpha1.HardwareRule) { r.Outcome.Severity = v1alpha1.SeverityUnknown }), []string{"concluded from silence"}},
		{"window 0", event(func(r *v1alpha1.HardwareRule) { r.WindowSeconds = 0 }), []string{"spec.rules[0].windowSeconds", "rule event counts within windowSeconds"}},
		{"window too long", event(func(r *v1alpha1.HardwareRule) { r.WindowSeconds = 7776001 }), []string{"spec.rules[0].windowSeconds", "7776001", "less than or equal to 7776000"}},
		{"overlapping rules", func(p *v1alpha1.HardwarePolicy) {
			other := p.Spec.Rules[0]
			other.Name = "other"
			p.Spec.Rules = append(p.Spec.Rules, other)
		}, []string{"spec.rules", "leave each code to one of them"}},
		{"two rules of one name", func(p *v1alpha1.HardwarePolicy) { p.Spec.Rules[1].Name = "event" }, []string{"spec.rules[1]", "Duplicate value"}},
		{"over-long expression", condition(func(r *v1alpha1.HardwareRule) { r.When = strings.Repeat("lost || ", 64) + "lost" }), []string{"spec.rules[1].when", "may not be more than 512"}},
		{"expression with a foreign sign", condition(func(r *v1alpha1.HardwareRule) { r.When = "lost; drop" }), []string{"spec.rules[1].when", "use names, numbers"}},
		{"neither event nor condition", condition(func(r *v1alpha1.HardwareRule) { r.When, r.ForSeconds, r.WithinSeconds = "", 0, 0 }), []string{"rule condition needs either kind"}},
		{"both", event(func(r *v1alpha1.HardwareRule) { r.When = "lost" }), []string{"rule event needs either kind"}},
		{"event with a duration", event(func(r *v1alpha1.HardwareRule) { r.ForSeconds = 5 }), []string{"spec.rules[0].forSeconds", "use count and windowSeconds"}},
		{"condition that counts", condition(func(r *v1alpha1.HardwareRule) { r.Count = 5 }), []string{"spec.rules[1]", "use forSeconds and withinSeconds"}},
		{"condition with codes", condition(func(r *v1alpha1.HardwareRule) { r.Codes = []int32{5} }), []string{"spec.rules[1].kind", "say Xid or SXid"}},
		{"longer than its window", condition(func(r *v1alpha1.HardwareRule) { r.ForSeconds = 601 }), []string{"spec.rules[1].withinSeconds", "no longer"}},
		{"code 0", event(func(r *v1alpha1.HardwareRule) { r.Codes = []int32{0} }), []string{"spec.rules[0].codes[0]", "greater than or equal to 1"}},
		{"no outcome", event(func(r *v1alpha1.HardwareRule) { r.Outcome = nil }), []string{"spec.rules[0].outcome", "Required value"}},
		{"no advice", event(func(r *v1alpha1.HardwareRule) { r.Outcome.Advice = "" }), []string{"spec.rules[0].outcome.advice"}},
		{"name", event(func(r *v1alpha1.HardwareRule) { r.Name = "My Rule" }), []string{"spec.rules[0].name", "My Rule", "should match"}},
		{"escalation without a count", func(p *v1alpha1.HardwarePolicy) { p.Spec.Escalations[0].Count = 0 }, []string{"spec.escalations[0].count", "needs count or boots"}},
		{"recovery action 0", func(p *v1alpha1.HardwarePolicy) { p.Spec.RecoveryActions[0].Value = 0 }, []string{"spec.recoveryActions[0].value"}},
		{"priority", func(p *v1alpha1.HardwarePolicy) { p.Spec.Priority = ptr.To(int32(5000)) }, []string{"spec.priority", "5000"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := policy()
			tt.edit(p)
			rejected(t, admin.Create(t.Context(), p, client.DryRunAll), tt.says)
		})
	}
}

func rejected(t *testing.T, err error, says []string) {
	t.Helper()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, part := range says {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q:\n%v", part, err)
		}
	}
}

func TestNodeHardwareSpec(t *testing.T) {
	good := func() *v1alpha1.NodeHardware {
		return &v1alpha1.NodeHardware{ObjectMeta: metav1.ObjectMeta{Name: "spec"}, Spec: v1alpha1.NodeHardwareSpec{
			Quarantine: &v1alpha1.Quarantine{Reason: "fan", By: "ann"}, Hold: &v1alpha1.Hold{Reason: "maintenance"}, ExpectedDevices: ptr.To(int32(8)),
		}}
	}
	if err := admin.Create(t.Context(), good(), client.DryRunAll); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		edit func(*v1alpha1.NodeHardwareSpec)
		says []string
	}{
		"33 devices":                  {func(s *v1alpha1.NodeHardwareSpec) { s.ExpectedDevices = ptr.To(int32(33)) }, []string{"spec.expectedDevices", "33", "less than or equal to 32"}},
		"negative devices":            {func(s *v1alpha1.NodeHardwareSpec) { s.ExpectedDevices = ptr.To(int32(-1)) }, []string{"spec.expectedDevices", "-1"}},
		"quarantine without a reason": {func(s *v1alpha1.NodeHardwareSpec) { s.Quarantine.Reason = "" }, []string{"spec.quarantine.reason"}},
		"hold without a reason":       {func(s *v1alpha1.NodeHardwareSpec) { s.Hold.Reason = "" }, []string{"spec.hold.reason"}},
		"a novel as a reason":         {func(s *v1alpha1.NodeHardwareSpec) { s.Hold.Reason = strings.Repeat("a", 257) }, []string{"spec.hold.reason", "256"}},
	} {
		t.Run(name, func(t *testing.T) {
			nh := good()
			tt.edit(&nh.Spec)
			rejected(t, admin.Create(t.Context(), nh, client.DryRunAll), tt.says)
		})
	}
}
