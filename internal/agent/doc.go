// Package agent is a node's agent: it samples the node's devices and host,
// judges them by pkg/hardware, publishes the node's NodeHardware and serves
// metrics.
//
//	sampler ─► core ─┬─► publisher ─► API server
//	events  ─►       └─► metrics
//
// The core alone owns the classifier. Sampling and publishing run beside it, so
// that neither a driver that hangs nor an API server that is gone delays what
// the other does. Every stage keeps the latest state only: nothing grows while
// somebody does not answer.
package agent
