package launchspec

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/pkg/progress"
)

func TestCommand(t *testing.T) {
	got := Command(RuntimeDir, []string{"python", "-u"}, []string{"train.py", "--", "x"})
	want := []string{"/.trainyard/launcher", "run", "--", "python", "-u", "train.py", "--", "x"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestInstructionRoundTrip(t *testing.T) {
	for _, in := range []Instruction{
		{Attempt: 1},
		{Attempt: 2, ResumeFrom: "attempt-0001/step-00000100", Members: 3},
	} {
		text, err := in.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, ok, err := ParseInstruction([]byte(" " + text + "\n"))
		if err != nil || !ok || got != in {
			t.Errorf("%q became %+v, %v, %v", text, got, ok, err)
		}
	}
}

func TestParseInstructionRefuses(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"no JSON":             {"attempt 2", "not the JSON"},
		"another type":        {`{"attempt":"2"}`, "not the JSON"},
		"two objects":         {`{"attempt":2}{"attempt":3}`, "not the JSON"},
		"no attempt":          {`{}`, "attempt 0 must be at least 1"},
		"a negative attempt":  {`{"attempt":-1}`, "attempt -1 must be at least 1"},
		"too large":           {`{"attempt":4294967296}`, "not the JSON"},
		"negative members":    {`{"attempt":1,"members":-3}`, "members -3"},
		"an absolute path":    {`{"attempt":2,"resumeFrom":"/etc/passwd"}`, "resumeFrom"},
		"a way out":           {`{"attempt":2,"resumeFrom":"attempt-0001/../../x"}`, "resumeFrom"},
		"longer than allowed": {`{"attempt":2,"x":"` + strings.Repeat("x", MaxInstructionBytes) + `"}`, "longer than 4096"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			in, ok, err := ParseInstruction([]byte(tc.text))
			if err == nil || ok || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %+v, %v, %v; want an error with %q", in, ok, err, tc.want)
			}
		})
	}
}

func TestNoInstruction(t *testing.T) {
	for _, text := range []string{"", "  \n"} {
		if _, ok, err := ParseInstruction([]byte(text)); ok || err != nil {
			t.Errorf("%q: %v, %v", text, ok, err)
		}
	}
}

func TestEncodeRefusesWhatParseWould(t *testing.T) {
	if _, err := (Instruction{Attempt: 2, ResumeFrom: "step-1"}).Encode(); err == nil {
		t.Error("accepted")
	}
}

func TestCheckpointNames(t *testing.T) {
	commits := map[string]int64{
		"step-0": 0, "step-00000100": 100, "step-999999999999999999": 999999999999999999,
		"": -1, "step-": -1, "step-1a": -1, "step--1": -1, "Step-1": -1, ".tmp-step-1": -1,
		"step-1/x": -1, "step-1.tmp": -1, "step-1000000000000000000": -1, "step-١": -1,
	}
	for name, want := range commits {
		step, ok := ParseCommitName(name)
		if ok != (want >= 0) || ok && step != want {
			t.Errorf("%q: %d, %v", name, step, ok)
		}
	}
	attempts := map[string]int32{
		"attempt-0001": 1, "attempt-12345": 12345, "attempt-1": 0, "attempt-00001": 0, "attempt-0000": 0,
		"attempt--001": 0, "attempt-99999999999": 0, "attempt-": 0, "": 0, "0001": 0, "..": 0,
	}
	for name, want := range attempts {
		if n, err := ParseAttemptDir(name); n != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d, %v", name, n, err)
		}
	}
	ref := CheckpointRef{Attempt: 3, Name: "step-0042", Step: 42}
	if got, err := ParseCheckpointRef(ref.String()); err != nil || got != ref {
		t.Errorf("%s became %+v, %v", ref, got, err)
	}
}

func FuzzCheckpointRef(f *testing.F) {
	f.Add("attempt-0001/step-100")
	f.Add("attempt-0001/../x")
	f.Fuzz(func(t *testing.T, s string) {
		ref, err := ParseCheckpointRef(s)
		if err != nil {
			return
		}
		if ref.String() != s || strings.Count(s, "/") != 1 || strings.Contains(s, "..") {
			t.Errorf("%q was accepted as %+v", s, ref)
		}
	})
}

func TestMPIHosts(t *testing.T) {
	got := MPIHosts([]MPIHost{{Host: "driver", Slots: 1}, {Host: "w-*.bert.nlp.svc", Count: 2, Slots: 8}, {Host: "x-*", Count: 1}})
	want := []MPIHost{{Host: "driver", Slots: 1}, {Host: "w-0.bert.nlp.svc", Slots: 8}, {Host: "w-1.bert.nlp.svc", Slots: 8}, {Host: "x-0"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestJobDir(t *testing.T) {
	if got := JobDir("elec", "12345678-abcd"); got != "elec-12345678" {
		t.Error(got)
	}
	if got := JobDir("elec", "abc"); got != "elec-abc" {
		t.Error(got)
	}
}

func TestTerminationFits(t *testing.T) {
	code, at, step := int32(137), time.Unix(0, 1).UTC(), int64(7)
	full := Termination{
		Attempt: 2, Phase: PhaseExited, ExitCode: &code, Signal: 9, StartedAt: &at, ExitedAt: &at, Restarts: 1,
		Progress: &progress.Snapshot{Step: &step, Metrics: map[string]float64{}, Time: at},
		Message:  "why",
	}
	for i := range progress.MaxMetrics {
		name := fmt.Sprintf("%0*d", progress.MaxNameLength, i)
		full.Progress.Metrics[name] = -1.2345678901234567e-300
	}
	kept := encoded(t, full)
	if diff := cmp.Diff(full, kept); diff != "" {
		t.Errorf("a full message does not fit (-want +got)\n%s", diff)
	}
	full.Message = strings.Repeat("x", MaxTerminationBytes)
	if kept = encoded(t, full); kept.Message != "" || kept.Progress == nil || *kept.ExitCode != 137 {
		t.Errorf("kept %+v", kept)
	}
	for i := range 100 {
		full.Progress.Metrics[fmt.Sprintf("m%060d", i)] = 1
	}
	if kept = encoded(t, full); kept.Progress != nil || *kept.ExitCode != 137 {
		t.Errorf("kept %+v", kept)
	}
}

func encoded(t *testing.T, in Termination) Termination {
	t.Helper()
	raw, err := in.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > MaxTerminationBytes {
		t.Fatalf("%d bytes", len(raw))
	}
	out, ok := ParseTermination(string(raw))
	if !ok {
		t.Fatalf("%s was not recognised", raw)
	}
	return out
}

func TestTerminationOverALongerOne(t *testing.T) {
	if got, ok := ParseTermination(`{"attempt":1,"phase":"Exited"}ed","message":"x"}`); !ok || got.Phase != PhaseExited {
		t.Errorf("%+v, %v", got, ok)
	}
}

func TestTerminationOfSomebodyElse(t *testing.T) {
	for _, text := range []string{"", "Traceback (most recent call last):", `{"message": "x"}`, `{"attempt":1}`} {
		if got, ok := ParseTermination(text); ok {
			t.Errorf("%q was taken for %+v", text, got)
		}
	}
}
