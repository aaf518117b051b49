package hardware

import (
	"fmt"
	"strconv"
	"time"
)

// unknownAction is the rule that shows a recovery action nobody knows.
const (
	driverRule    = "driver-recovery-action"
	unknownAction = "driver-recovery-action-unknown"
	unreadable    = "unreadable"
)

// driverState follows the driver's own recovery action.
type driverState struct {
	value int
	since time.Time
	seen  time.Time
	boot  string
}

// advance takes the present recovery action and reports whether it is new. An
// unread value changes nothing within a boot.
func (s *driverState) advance(vars *Vars, w where) (raised bool) {
	if s.boot != w.boot {
		*s = driverState{boot: w.boot}
	}
	read, known := vars.Get(VarRecoveryAction)
	if !known {
		return false
	}
	value := int(read)
	if value != s.value {
		s.value, s.since = value, w.wall
		raised = value != 0
	}
	s.seen = w.wall
	return raised
}

func (s *driverState) finding(actions map[int]RecoveryAction) (Finding, bool) {
	if s.value == 0 {
		return Finding{}, false
	}
	f := Finding{
		Rule: driverRule, Code: s.value, Since: s.since, Seen: s.seen, Count: 1, BootID: s.boot, origin: fromDriver,
	}
	action, known := actions[s.value]
	if !known {
		f.Rule, f.Observed = unknownAction, true
		f.Outcome = Outcome{Healthy, ClassUnrecognised, ActionObserve, "add it to recoveryActions of the HardwarePolicy"}
		f.Reason = fmt.Sprintf("the driver asks for recovery action %d, which no policy knows: %s", s.value, f.Outcome.Advice)
		return f, true
	}
	f.Outcome = action.Outcome
	f.Reason = fmt.Sprintf("the driver asks for %s (%d): %s", action.Name, s.value, action.Outcome.Advice)
	return f, true
}

func itoa(n int) string { return strconv.Itoa(n) }
