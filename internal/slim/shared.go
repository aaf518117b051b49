package slim

import (
	"maps"
	"slices"
	"unique"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/lru"
)

// kinds is how many different lists of requests, or sets of labels, are looked
// for in what came before: pods come from templates. More are not wrong, they
// are only not held once.
const kinds = 4096

var (
	lists     = lru.New(kinds)
	labelSets = lru.New(kinds)
)

// shared is a string whose memory is that of all equal ones.
func shared(s string) string { return unique.Make(s).Value() }

// sharedList is a list whose memory is that of equal ones seen lately. Whoever
// changes a cached object changes a copy of it, as ever.
func sharedList(in corev1.ResourceList) corev1.ResourceList {
	if len(in) == 0 {
		return nil
	}
	var key []byte
	for _, name := range slices.Sorted(maps.Keys(in)) {
		quantity := in[name]
		key = entry(key, string(name), quantity.String())
	}
	return once(lists, string(key), func() corev1.ResourceList { return in })
}

// sharedLabels are the entries of those keys, in a map whose memory is that of
// equal ones seen lately.
func sharedLabels(in map[string]string, keys []string) map[string]string {
	var key []byte
	for _, name := range keys {
		if value, there := in[name]; there {
			key = entry(key, name, value)
		}
	}
	if len(key) == 0 {
		return nil
	}
	return once(labelSets, string(key), func() map[string]string { return only(in, keys) })
}

// entry appends a name and its value to a key.
func entry(key []byte, name, value string) []byte {
	key = append(append(key, name...), '=')
	return append(append(key, value...), ',')
}

// once is the value of a key that is known, or else a new one.
func once[V any](known *lru.Cache, key string, create func() V) V {
	if v, ok := known.Get(key); ok {
		return v.(V)
	}
	v := create()
	known.Add(key, v)
	return v
}

// only are the entries of those keys.
func only(in map[string]string, keys []string) map[string]string {
	var out map[string]string
	for _, key := range keys {
		if value, there := in[key]; there {
			if out == nil {
				out = make(map[string]string, len(keys))
			}
			out[key] = shared(value)
		}
	}
	return out
}
