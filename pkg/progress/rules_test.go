package progress

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// said feeds lines to one parser and returns all updates.
func said(t *testing.T, rules []Rule, text string) []Update {
	t.Helper()
	var out []Update
	s := NewScanner(mustParser(t, rules...), func(u Update) { out = append(out, u) })
	if _, err := s.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	s.Flush()
	return out
}

func inferred(u Update) Update {
	u.inferred = true
	return u
}

// The lines below are what the trainers print, cut down to a few steps; bars are
// redrawn behind a carriage return.
func TestReadyRules(t *testing.T) {
	tests := map[string]struct {
		rule, text string
		want       []Update
	}{
		"HFTrainer, the bar on stderr": {
			rule: HFTrainer,
			text: "\r  0%|          | 0/1000 [00:00<?, ?it/s]" +
				"\r 32%|███▏      | 320/1000 [01:20<02:50,  4.00it/s]" +
				"\r100%|██████████| 1000/1000 [04:10<00:00,  4.00it/s]\n",
			want: []Update{
				{Step: ptr(int64(0)), TotalSteps: ptr(int64(1000))},
				{Step: ptr(int64(320)), TotalSteps: ptr(int64(1000))},
				{Step: ptr(int64(1000)), TotalSteps: ptr(int64(1000))},
			},
		},
		"HFTrainer, an evaluation's shorter bar is not the training's": {
			rule: HFTrainer,
			text: "\r 50%|█████     | 500/1000 [02:05<02:05,  4.00it/s]\n" +
				"\r 40%|████      | 50/125 [00:01<00:02, 31.20it/s]\n",
			want: []Update{{Step: ptr(int64(500)), TotalSteps: ptr(int64(1000))}, {}},
		},
		"HFTrainer, a dataset's bar has a name": {
			rule: HFTrainer,
			text: "Map: 100%|██████████| 25000/25000 [00:09<00:00, 2600.00 examples/s]\n",
		},
		"HFTrainer, the logs on stdout": {
			rule: HFTrainer,
			text: "{'loss': 0.4123, 'grad_norm': 1.2345678901672363, 'learning_rate': 4.5e-05, 'epoch': 0.32}\n" +
				"{'eval_loss': 0.38, 'eval_accuracy': 0.8123, 'eval_runtime': 1.2345, 'epoch': 1.0}\n",
			want: []Update{
				{Epoch: ptr(0.32), Metrics: []Metric{{"loss", 0.4123}, {"grad_norm", 1.2345678901672363}, {"learning_rate", 4.5e-05}}},
				{Epoch: ptr(1.0), Metrics: []Metric{{"eval_loss", 0.38}, {"eval_accuracy", 0.8123}, {"eval_runtime", 1.2345}}},
			},
		},
		"HFTrainer, quoted values of version 5": {
			rule: HFTrainer,
			text: "{'loss': '0.4123', 'grad_norm': 'nan', 'learning_rate': '4.5e-05', 'epoch': '0.32'}\n",
			want: []Update{
				{Epoch: ptr(0.32), Metrics: []Metric{{"loss", 0.4123}, {"grad_norm", nan}, {"learning_rate", 4.5e-05}}},
			},
		},
		"Lightning": {
			rule: Lightning,
			text: "Sanity Checking DataLoader 0: 100%|██████████| 2/2 [00:00<00:00, 50.00it/s]\n" +
				"\rEpoch 0:   0%|          | 0/100 [00:00<?, ?it/s]" +
				"\rEpoch 3:  45%|████▌     | 45/100 [00:10<00:12,  4.50it/s, v_num=0, train_loss=0.410, val_loss=0.500]" +
				"\rValidation DataLoader 0:  50%|█████     | 5/10 [00:00<00:00, 50.00it/s]" +
				"\rEpoch 3: |          | 45/? [00:10<00:00,  4.50it/s, v_num=0, train_loss=nan]\n",
			want: []Update{
				{Step: ptr(int64(0)), Epoch: ptr(0.0)},
				{Step: ptr(int64(345)), Epoch: ptr(3.0), Metrics: []Metric{{"train_loss", 0.41}, {"val_loss", 0.5}}},
				{Epoch: ptr(3.0), Metrics: []Metric{{"train_loss", nan}}},
			},
		},
		"Keras 2": {
			rule: Keras,
			text: "Epoch 1/10\n" +
				"  1/100 [..............................] - ETA: 12s - loss: 0.6931 - accuracy: 0.5000\b\b\b\b\b\r" +
				" 45/100 [============>.................] - ETA: 5s - loss: 0.4100 - accuracy: 0.7812\b\b\b\b\b\r" +
				"100/100 [==============================] - 12s 120ms/step - loss: 4.0000e-01 - accuracy: 0.8000 - val_loss: 0.4300\n" +
				"Epoch 2/10\n" +
				"  1/100 [..............................] - ETA: 9s - loss: 0.3900 - accuracy: 0.8100\n",
			want: []Update{
				{Epoch: ptr(1.0)},
				{Step: ptr(int64(1)), TotalSteps: ptr(int64(1000)), Metrics: []Metric{{"loss", 0.6931}, {"accuracy", 0.5}}},
				{Step: ptr(int64(45)), TotalSteps: ptr(int64(1000)), Metrics: []Metric{{"loss", 0.41}, {"accuracy", 0.7812}}},
				{Step: ptr(int64(100)), TotalSteps: ptr(int64(1000)), Metrics: []Metric{{"loss", 0.4}, {"accuracy", 0.8}, {"val_loss", 0.43}}},
				{Epoch: ptr(2.0)},
				{Step: ptr(int64(101)), TotalSteps: ptr(int64(1000)), Metrics: []Metric{{"loss", 0.39}, {"accuracy", 0.81}}},
			},
		},
		"Keras 3, with colours": {
			rule: Keras,
			text: "Epoch 3/10\n" +
				"\x1b[1m45/100\x1b[0m \x1b[32m━━━━━━━━\x1b[0m\x1b[37m━━━━━━━━━━━━\x1b[0m \x1b[1m6s\x1b[0m 120ms/step - accuracy: 0.7812 - loss: 0.4100\r" +
				"\x1b[1m45/Unknown\x1b[0m \x1b[1m6s\x1b[0m 120ms/step - accuracy: 0.7900 - loss: 0.4000\n",
			want: []Update{
				{Epoch: ptr(3.0)},
				{Step: ptr(int64(245)), TotalSteps: ptr(int64(1000)), Metrics: []Metric{{"accuracy", 0.7812}, {"loss", 0.41}}},
				{Metrics: []Metric{{"accuracy", 0.79}, {"loss", 0.4}}},
			},
		},
		"Torchrun, torchtitan": {
			rule: Torchrun,
			text: "[rank0]:[titan] 2026-01-01 10:00:00,000 - root - INFO - \x1b[31mstep: 10  \x1b[32mloss:  7.0123  \x1b[38;2;180;60;0mgrad_norm:  1.5000  \x1b[34mmemory: 30.00GiB(37.93%)  tps: 1,234  tflops: 100.25  mfu: 32.10%\x1b[39m\n",
			want: []Update{{Step: ptr(int64(10)), Metrics: []Metric{{"loss", 7.0123}, {"grad_norm", 1.5}, {"tflops", 100.25}}}},
		},
		"Torchrun, torchvision's references": {
			rule: Torchrun,
			text: "[default0]:Epoch: [3]  [ 120/1000]  eta: 0:01:00  lr: 0.1  img/s: 812.5  loss: 0.4100 (0.5000)  acc1: 78.1250 (77.0000)  time: 0.1200  data: 0.0100  max mem: 1000\n",
			want: []Update{{
				Step: ptr(int64(3120)), Epoch: ptr(3.0),
				Metrics: []Metric{{"lr", 0.1}, {"img/s", 812.5}, {"loss", 0.41}, {"acc1", 78.125}, {"time", 0.12}, {"data", 0.01}, {"mem", 1000}},
			}},
		},
		"Torchrun, the ImageNet example": {
			rule: Torchrun,
			text: "Epoch: [3][ 120/1000]\tTime  0.123 ( 0.130)\tData  0.010 ( 0.012)\tLoss 4.1000e-01 (5.0000e-01)\tAcc@1  78.12 ( 77.00)\n",
			want: []Update{{
				Step: ptr(int64(3120)), Epoch: ptr(3.0),
				Metrics: []Metric{{"Time", 0.123}, {"Data", 0.01}, {"Loss", 0.41}, {"Acc@1", 78.12}},
			}},
		},
		"Torchrun, the MNIST example counts samples, not steps": {
			rule: Torchrun,
			text: "Train Epoch: 3 [6400/60000 (11%)]\tLoss: 0.412345\n",
			want: []Update{{Epoch: ptr(3.0), Metrics: []Metric{{"Loss", 0.412345}}}},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			for i := range tc.want {
				tc.want[i] = inferred(tc.want[i])
			}
			if diff := cmp.Diff(tc.want, said(t, []Rule{{Name: tc.rule}}, tc.text), same()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestOwnRules(t *testing.T) {
	rules := []Rule{
		{Name: "step", Pattern: `iter=(?P<step>\d+)(?:/(?P<total>\d+))?`},
		{Name: "loss", Pattern: `(?i)LOSS[= ]+(?P<loss>\S+)`},
		{Name: "time", Pattern: `compute=(?P<computeSeconds>[\d.]+) data=(?P<dataSeconds>[\d.]+)`},
	}
	got := said(t, rules, "iter=5/10 Loss=0.5\niter=6 nothing\nno match\nloss oops\ncompute=1.5 data=0.25\n{\"trainyard\":{\"step\":9}} iter=1\n")
	want := []Update{
		inferred(Update{Step: ptr(int64(5)), TotalSteps: ptr(int64(10)), Metrics: []Metric{{"loss", 0.5}}}),
		inferred(Update{Step: ptr(int64(6))}),
		inferred(Update{}),
		inferred(Update{ComputeSeconds: ptr(1.5), DataSeconds: ptr(0.25)}),
		{Step: ptr(int64(9))},
	}
	if diff := cmp.Diff(want, got, same()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestRulesThatAreRefused(t *testing.T) {
	tests := map[string]struct {
		rules []Rule
		want  []string
	}{
		"unknown name":    {[]Rule{{Name: "Caffe"}}, []string{"logRules[0]", `"Caffe"`, "HFTrainer, Keras, Lightning, Torchrun"}},
		"no group":        {[]Rule{{Name: Keras}, {Name: "x", Pattern: `step \d+`}}, []string{"logRules[1]", "no named group", "(?P<step>"}},
		"not RE2":         {[]Rule{{Pattern: `(?=x)(?P<step>\d)`}}, []string{"logRules[0]", "not RE2"}},
		"too long":        {[]Rule{{Pattern: "(?P<step>x)" + strings.Repeat("x", MaxPatternLength)}}, []string{"1035 bytes", "1024"}},
		"repeated beyond": {[]Rule{{Pattern: `(?P<step>(x{1000}){1000})`}}, []string{"not RE2"}},
		"a bad group":     {[]Rule{{Pattern: `(?P<0>\d)`}}, []string{`"0"`, "begin with a letter"}},
		"too many":        {make([]Rule, MaxRules+1), []string{"17 rules", "at most 16"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := NewParser(tc.rules)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, part := range tc.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not name %q", err, part)
				}
			}
		})
	}
}

func TestLiteral(t *testing.T) {
	tests := map[string]string{
		`(?P<step>\d+)`:              "",
		`step (?P<step>\d+)`:         "step ",
		`a(?P<x>\d)longer`:           "longer",
		`(?i)loss (?P<loss>\d)`:      "",
		`(?:abc|xyz)(?P<x>\d)`:       "",
		`(?:abc)?d(?P<x>\d)`:         "d",
		`(?:abc)+(?P<x>\d)`:          "abc",
		`(?:abc){2,3}(?P<x>\d)`:      "abc",
		`(?P<x>prefix)`:              "prefix",
		`^\s*Epoch (?P<e>[0-9]+)/10`: "Epoch ",
	}
	for text, want := range tests {
		p, err := newPattern(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(p.literal); got != want {
			t.Errorf("literal of %q is %q, want %q", text, got, want)
		}
	}
}
