package render

import (
	"slices"
	"strings"
	"testing"
)

// expand does what the kubelet does to commands, arguments and values.
func expand(s string, value func(name string) (string, bool)) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '$' || i+1 == len(s) {
			out.WriteByte(s[i])
			continue
		}
		i++
		end := strings.IndexByte(s[i:], ')')
		switch {
		case s[i] == '$':
			out.WriteByte('$')
		case s[i] != '(' || end < 0:
			out.WriteString(s[i-1 : i+1])
		default:
			name := s[i+1 : i+end]
			if v, ok := value(name); ok {
				out.WriteString(v)
			} else {
				out.WriteString("$(" + name + ")")
			}
			i += end
		}
	}
	return out.String()
}

// attempt1 knows the attempt and the user's HOME; home only the latter.
func attempt1(name string) (string, bool) {
	if slices.Contains(perAttempt, name) {
		return "1", true
	}
	return home(name)
}

func home(name string) (string, bool) { return "/root", name == "HOME" }

func TestPostpone(t *testing.T) {
	cases := map[string]struct{ in, want string }{
		"a reference":          {"--out=$(TRAINYARD_ATTEMPT)", "--out=$$(TRAINYARD_ATTEMPT)"},
		"another variable's":   {"$(HOME)/$(TRAINYARD_ATTEMPT)", "$(HOME)/$$(TRAINYARD_ATTEMPT)"},
		"an escaped one":       {"$$(TRAINYARD_ATTEMPT)", "$$(TRAINYARD_ATTEMPT)"},
		"an escape before it":  {"$$$(TRAINYARD_ATTEMPT)", "$$$$(TRAINYARD_ATTEMPT)"},
		"the shell's":          {"$TRAINYARD_ATTEMPT ${TRAINYARD_ATTEMPT}", "$TRAINYARD_ATTEMPT ${TRAINYARD_ATTEMPT}"},
		"a longer name":        {"$(TRAINYARD_ATTEMPTS)", "$(TRAINYARD_ATTEMPTS)"},
		"not closed":           {"$(TRAINYARD_ATTEMPT", "$(TRAINYARD_ATTEMPT"},
		"inside another":       {"$($(TRAINYARD_ATTEMPT))", "$($(TRAINYARD_ATTEMPT))"},
		"a dollar at the end":  {"$(TRAINYARD_ATTEMPT)$", "$$(TRAINYARD_ATTEMPT)$"},
		"nothing to do":        {"epoch=1", "epoch=1"},
		"all that can change":  {"$(PET_RDZV_ID)$(TRAINYARD_CHECKPOINT_DIR)", "$$(PET_RDZV_ID)$$(TRAINYARD_CHECKPOINT_DIR)"},
		"the resumption point": {"$(TRAINYARD_RESUME_FROM)", "$$(TRAINYARD_RESUME_FROM)"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := postpone(c.in, perAttempt); got != c.want {
				t.Errorf("postpone(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

// FuzzExpansion: the kubelet gives a literal back as it was, and treats a
// postponed text as if it did not know the variables of the attempt.
func FuzzExpansion(f *testing.F) {
	for _, s := range []string{"", "$", "$$", "$(HOME)", "$$(HOME)", "$($(PET_RDZV_ID))", "$(TRAINYARD_ATTEMPT)$$$(HOME)$(", "é$(PET_RDZV_ID)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := expand(literal(s), attempt1); got != s {
			t.Errorf("literal %q is read as %q", s, got)
		}
		if got, want := expand(postpone(s, perAttempt), attempt1), expand(s, home); got != want {
			t.Errorf("postponed %q is read as %q, want %q", s, got, want)
		}
	})
}
