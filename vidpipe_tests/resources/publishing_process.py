"""A process that publishes, for tests that kill it: `python -m vidpipe_tests.resources.publishing_process`.

It loads everything once; for each line on its standard input, a JSON object of what to publish, a fork of it does that.
It says the fork's process id, and then how that ended.
"""

import json
import os
import sys
from pathlib import Path

from resources.hub import HubDatasets
from resources.patience import Patience
from vidpipe.export.publishing import Publisher, Terms
from vidpipe.export.release_plan import ReleaseFolder
from vidpipe.store.objects import open_store


def publish(store: str, url: str, token: str, repo: str, release: str) -> None:
    """Publish the scenes in a store, two files in a commit."""
    from huggingface_hub import constants

    constants.HF_HUB_DISABLE_XET = True
    client = HubDatasets(token, url, patience=Patience(n_tries=4, first_s=0.01))
    folder = ReleaseFolder(open_store(store, scratch=Path(store) / ".scratch"), "datasets/scenes")
    Publisher(client, folder, repo, Terms(release, commit_files=2)).publish()


def main() -> None:
    """Serve until standard input closes."""
    for line in sys.stdin:
        if (pid := os.fork()) == 0:
            publish(**json.loads(line))
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
