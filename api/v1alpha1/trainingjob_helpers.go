package v1alpha1

// Managed says whether the job is Trainyard's to act on.
func (j *TrainingJob) Managed() bool {
	return j.Spec.ManagedBy == "" || j.Spec.ManagedBy == ManagedByTrainyard
}

// Suspended says whether the user asked for the job to hold nothing.
func (j *TrainingJob) Suspended() bool {
	return j.Spec.Suspend != nil && *j.Spec.Suspend
}

// CanBePreempted says whether a job of higher priority may take the place.
func (j *TrainingJob) CanBePreempted() bool {
	return j.Spec.Preemptible == nil || *j.Spec.Preemptible
}

// FirstReplicaDecides says whether rank 0 alone decides on success. Workers of
// MPI serve until they are stopped, so there it does unless the user says
// otherwise.
func (j *TrainingJob) FirstReplicaDecides() bool {
	if j.Spec.SuccessPolicy == "" {
		return j.Spec.Framework == FrameworkMPI
	}
	return j.Spec.SuccessPolicy == SuccessFirstReplica
}

// Placed says whether the job holds a place.
func (s *TrainingJobStatus) Placed() bool {
	return s.Admission != nil && len(s.Admission.Assignments) > 0
}

// Finished says whether the job has ended, well or badly.
func (s *TrainingJobStatus) Finished() bool {
	return s.CompletionTime != nil
}
