"""The asset graph as plain values: what people see of the line in Dagster."""

import json
from pathlib import Path
from typing import Any

import dagster as dg

GOLDEN = Path(__file__).with_name("graph.json")


def graph_of(definitions: dg.Definitions) -> dict[str, Any]:
    """Assets with what they follow, groups, partition sets, kinds; checks by asset; jobs with their assets."""
    graph = definitions.resolve_asset_graph()
    assets = {}
    for key in sorted(graph.get_all_asset_keys()):
        node = graph.get(key)
        assets[key.to_user_string()] = {
            "after": {
                parent.to_user_string(): type(graph.get_partition_mapping(key, parent)).__name__
                for parent in sorted(node.parent_keys)
            },
            "group": node.group_name,
            "partitions": getattr(node.partitions_def, "name", None),
            "kinds": sorted(node.kinds),
        }
    names = ("curate", "produce", "check")
    jobs = {name: definitions.resolve_job_def(name) for name in names}
    return {
        "assets": assets,
        "checks": sorted(f"{check.asset_key.to_user_string()}: {check.name}" for check in graph.asset_check_keys),
        "jobs": {
            name: sorted(key.to_user_string() for key in job.asset_layer.selected_asset_keys)
            for name, job in jobs.items()
        },
    }


def golden_graph() -> dict[str, Any]:
    """The graph as it was last agreed on."""
    found: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return found
