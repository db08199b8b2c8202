"""Which process a Dagster run lives in: noted on the run, so that its death can be told and nothing shows as running.

`vidpipe run` notes it when it starts a run; runs of the UI and of Dagster's own command do so at each step.
"""

import dagster as dg

from vidpipe.ledger.claims import this_process

OWNER_TAG = "vidpipe/owner"


def own_run(context: dg.AssetExecutionContext) -> None:
    """Note this process on the run, where nobody has."""
    if OWNER_TAG not in context.run.tags:
        context.instance.add_run_tags(context.run.run_id, {OWNER_TAG: this_process()})
