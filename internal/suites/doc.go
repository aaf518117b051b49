// Package suites turns what users wrote for other tools into the profiler's own
// schema: Evidently's configurations of reports and its definitions of data, and
// Great Expectations' suites, each as the JSON that the tool itself writes.
//
// What has a counterpart is taken over; what has none is named, with the reason,
// and never dropped in silence. Where two statements bound the same thing the
// stricter one is kept.
package suites
