"""Adds up the ranks of an MPI job over all its processes, and says so once."""
import json
import os

from mpi4py import MPI

world = MPI.COMM_WORLD
hosts = world.gather(MPI.Get_processor_name())
total = world.allreduce(world.Get_rank())
if world.Get_rank() == 0:
    print(f"{world.Get_size()} processes on {len(set(hosts))} hosts in attempt {os.environ['TRAINYARD_ATTEMPT']}")
    print(json.dumps({"trainyard": {"step": 1, "metrics": {"processes": world.Get_size(), "hosts": len(set(hosts)), "sum": total}}}), flush=True)
