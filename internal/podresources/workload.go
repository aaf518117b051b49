package podresources

import "strings"

// randomLetters are what Kubernetes makes random names of.
const randomLetters = "bcdfghjklmnpqrstvwxz2456789"

// workload is the part of a pod's name that its siblings share: without the
// ordinals and random suffixes that controllers append. Two pods of one workload
// must not count as two owners, so when in doubt it takes away more: merging two
// workloads delays a verdict, splitting one would let a tenant forge it.
func workload(pod string) string {
	parts := strings.Split(pod, "-")
	n := len(parts)
	for n > 1 && (isOrdinal(parts[n-1]) || isRandom(parts[n-1])) {
		n--
	}
	return strings.Join(parts[:n], "-")
}

func isOrdinal(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// isRandom recognises the five letters of a pod and the eight to ten of a
// template's hash.
func isRandom(s string) bool {
	return (len(s) == 5 || len(s) >= 8 && len(s) <= 10) && strings.Trim(s, randomLetters) == ""
}
