package main

import "github.com/trainyard/trainyard/pkg/hardware"

// adviceFor says in words what each action asks of a person who stands before
// the machine. What asks for nothing is not there.
var adviceFor = map[hardware.Action]string{
	hardware.ActionObserve:         "nothing now; look again at the next maintenance",
	hardware.ActionFollowRelated:   "follow what was reported beside it",
	hardware.ActionRestartJob:      "restart the job on it; the GPU is well",
	hardware.ActionInspectJob:      "look at the job on it: does it make progress?",
	hardware.ActionRestartAgent:    "restart the agent, then reset the GPU",
	hardware.ActionRunDiagnostics:  "give it no new work and run diagnostics (dcgmi diag -r 3)",
	hardware.ActionDrainPeerToPeer: "end the jobs that use its links, then reset the links",
	hardware.ActionRecoverIMEX:     "restart the IMEX service of its domain",
	hardware.ActionResetWhenIdle:   "give it no new work; when it is idle, reset it (agent release, nvidia-smi --gpu-reset -i GPU)",
	hardware.ActionResetDevice:     "move the work, then reset it (agent release, nvidia-smi --gpu-reset -i GPU)",
	hardware.ActionResetBus:        "move the work, then reset its bus, or reboot",
	hardware.ActionRestartVM:       "move the work, then restart this virtual machine",
	hardware.ActionRebootNode:      "move the work, then reboot this machine",
	hardware.ActionPowerCycle:      "move the work, then power-cycle this machine; a reboot may not be enough",
	hardware.ActionUpdateSoftware:  "install or update the driver and its firmware",
	hardware.ActionCheckMechanics:  "check seating, cables and power connectors",
	hardware.ActionInspectHardware: "check fans, air, power and the board",
	hardware.ActionContactSupport:  "open a case with the vendor; the serial number is in agent probe -o json",
	hardware.ActionReplaceDevice:   "move the work and have it replaced (RMA)",
	hardware.ActionInspectDomain:   "look at what the machines share (rack, room, switch, driver rollout) before you touch this one",
}
