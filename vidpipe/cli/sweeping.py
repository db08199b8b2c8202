"""Nothing of ours stays at services: after a run that asked them, and before one that follows a killed one."""

from collections.abc import Iterable

from vidpipe.opening import open_services
from vidpipe.ports import Project


def sweep_after_kill(project: Project) -> None:
    """Take away what a killed run left at any service, unless another run is at work and may need it."""
    if not project.ledger.claims.of_others():
        for service in open_services(project.folder).values():
            service.sweep()


def sweep_after(project: Project, run_ids: Iterable[str]) -> None:
    """Take away what is left at the services that these runs asked; the last of several runs at once does so."""
    if project.stop.is_set() or project.ledger.claims.of_others():
        return
    asked = {one.of["service"] for run_id in run_ids for one in project.ledger.calls.sums("service", run_id=run_id)}
    if asked:
        for service in open_services(project.folder).values():
            if service.name in asked:
                service.sweep()
