package render

import "strings"

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
	for i := 0; i < len(s); {
		switch {
		case strings.HasPrefix(s[i:], "$$"):
			out.WriteString("$$")
			i += 2
		case refersTo(s[i:], variables):
			out.WriteString("$$")
			i++
		default:
			out.WriteByte(s[i])
			i++
		}
	}
	return out.String()
}

// refersTo tells whether a text begins with a reference to one of the variables.
func refersTo(s string, variables []string) bool {
	reference, ok := strings.CutPrefix(s, "$(")
	if !ok {
		return false
	}
	for _, v := range variables {
		if strings.HasPrefix(reference, v) && strings.HasPrefix(reference[len(v):], ")") {
			return true
		}
	}
	return false
}
