// Package v1alpha1 is Trainyard's API: the objects that people and controllers
// read and write in the group trainyard.dev.
//
// A file holds one kind, its conditions and their reasons. The types carry
// their own bounds and rules (CEL); what a schema cannot say is said by the
// admission policies in config/policies.
//
// +kubebuilder:object:generate=true
// +groupName=trainyard.dev
package v1alpha1
