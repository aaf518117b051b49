package render

import (
	"slices"
	"strings"
)

// The kubelet replaces $(NAME) in commands, arguments and values by what the
// container's environment holds when it starts, and $$ by $.

// literal writes a text so that the kubelet gives it back unchanged.
func literal(s string) string { return strings.ReplaceAll(s, "$", "$$") }

// postpone writes a text so that the kubelet leaves the references to the given
// variables in it alone. They change with the attempt, and the launcher
// replaces them each time it starts the command.
func postpone(s string, variables []string) string {
	if !strings.Contains(s, "$(") {
		return s
	}
	var out strings.Builder
	for len(s) > 0 {
		token := firstToken(s)
		if name, ok := reference(token); ok && slices.Contains(variables, name) {
			out.WriteByte('$')
		}
		out.WriteString(token)
		s = s[len(token):]
	}
	return out.String()
}

// firstToken is what the kubelet reads in one go: plain text up to the next $,
// a $ and what it escapes, or a whole reference.
func firstToken(s string) string {
	if s[0] != '$' {
		if plain := strings.IndexByte(s, '$'); plain > 0 {
			return s[:plain]
		}
		return s
	}
	if strings.HasPrefix(s, "$(") {
		if end := strings.IndexByte(s, ')'); end > 0 {
			return s[:end+1]
		}
	}
	return s[:min(2, len(s))]
}

// reference is the name in $(NAME).
func reference(token string) (name string, ok bool) {
	name, opened := strings.CutPrefix(token, "$(")
	name, closed := strings.CutSuffix(name, ")")
	return name, opened && closed
}
