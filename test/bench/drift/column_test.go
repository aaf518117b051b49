package main

import "testing"

func BenchmarkCold(b *testing.B) {
	reference, current := columns()
	var c comparer
	for b.Loop() {
		c.cold(reference, current)
	}
}

func BenchmarkSavedReference(b *testing.B) {
	reference, current := columns()
	var c comparer
	c.cold(reference, current)
	for b.Loop() {
		c.warm(current)
	}
}
