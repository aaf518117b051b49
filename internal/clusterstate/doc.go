// Package clusterstate turns the cluster's objects into what the planner reads:
// nodes, pods and gangs into quantities, eligibility and places held.
//
// A Tracker is fed with events and asked to Decide:
//
//	tracker := clusterstate.New(clusterstate.Options{RankOf: rankOf, TopologyLabels: labels})
//	tracker.UpsertNode(node)
//	tracker.UpsertPod(pod)
//	err := tracker.UpsertGang(gang)
//	plan, err := tracker.Decide(now)
//
// Events may come twice, late and out of order: what is older than what is
// known is ignored. An event costs what it changes, never a walk over all nodes
// and pods; the exceptions are a shape of pod and a resource seen for the first
// time, and a node whose labels or taints changed.
//
// # What counts as used
//
// A node's room is taken by every pod bound to it that is not Succeeded or
// Failed, a terminating one included, and by pods that the scheduler nominated
// for it. The places of an admitted gang are taken from the moment of its
// assignment, whether its pods exist or not; a pod that appears at its assigned
// place, of the assigned attempt, takes the place of its reservation and counts
// only with what it asks for beyond it. Pods of other attempts count on top.
//
// # What is not judged
//
// Requests, host ports, node selectors, required node affinity, taints, cordons
// and readiness are. Affinity between pods, topology spread constraints, volumes
// bound to nodes and devices claimed through DRA are not: the scheduler may
// still refuse a place that was planned, and whoever creates the pods has to
// deal with that.
package clusterstate
