"""The ledger's tables. SQLite by default, PostgreSQL by VIDPIPE_LEDGER: one schema by SQLAlchemy Core."""

from typing import Any

import sqlalchemy as sa

METADATA = sa.MetaData()

# Every video ever kept: its id and its key segment.
VIDEOS = sa.Table(
    "videos",
    METADATA,
    sa.Column("video_id", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
)

# The id under which each file was first catalogued, kept or dropped: it keeps it for ever.
PATHS = sa.Table(
    "paths",
    METADATA,
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("video_id", sa.Text, nullable=False),
)

# One row per record of the store. `video_id` is empty for a table's own record.
ENTRIES = sa.Table(
    "entries",
    METADATA,
    sa.Column("asset", sa.Text, primary_key=True),
    sa.Column("video_id", sa.Text, primary_key=True),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("data_version", sa.Text, nullable=False),
    sa.Column("code_version", sa.Text, nullable=False),
    sa.Column("inputs", sa.Text, nullable=False),  # JSON object, in the order in which the stage reads
    sa.Column("parts", sa.Text, nullable=False),  # JSON object
    sa.Column("sha256", sa.Text, nullable=False),  # of the record's bytes
    sa.Column("etag", sa.Text, nullable=False),  # the store's, when the record was written
    sa.Column("cost_usd", sa.Float, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("updated", sa.Text, nullable=False),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("reported", sa.Boolean, nullable=False),  # whether the orchestrator has its event
    sa.Column("damaged", sa.Boolean, nullable=False),  # whether the record was found missing or altered
    sqlite_with_rowid=False,  # rows lie in the order of the key: one asset's lie together
)

# One row per video of a table: its verdict there, the versions of its parts, and what it was made from.
ROWS = sa.Table(
    "rows",
    METADATA,
    sa.Column("asset", sa.Text, primary_key=True),
    sa.Column("video_id", sa.Text, primary_key=True),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("parts", sa.Text, nullable=False),
    sa.Column("inputs", sa.Text, nullable=False),
)

# What was tried and may succeed later; gone as soon as a record is written.
ATTEMPTS = sa.Table(
    "attempts",
    METADATA,
    sa.Column("asset", sa.Text, primary_key=True),
    sa.Column("video_id", sa.Text, primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("updated", sa.Text, nullable=False),
)

# Who works on which video of which scope (a set of videos, or a table) right now.
CLAIMS = sa.Table(
    "claims",
    METADATA,
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("video_id", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("until", sa.Float, nullable=False),
)

FACTS = sa.Table(
    "facts",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)


def _of_a_call() -> list[sa.Column[Any]]:
    """What is known of a call as soon as it is wanted."""
    return [
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("asset", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),  # of the call in the recipe
        sa.Column("video_id", sa.Text, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("model", sa.Text, nullable=False),  # that was asked for
        sa.Column("started", sa.Float, nullable=False),  # seconds since the epoch
        sa.Column("n_in", sa.BigInteger, nullable=False),  # tokens of the input; expected ones until they are known
    ]


# One row per call that was sent, or may have been.
CALLS = sa.Table(
    "calls",
    METADATA,
    *_of_a_call(),
    sa.Column("address", sa.Text, nullable=False, index=True),  # of the stored answer, where there is one
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("model_reported", sa.Text, nullable=False),
    sa.Column("model_priced", sa.Text, nullable=False),
    sa.Column("n_text", sa.BigInteger, nullable=False),
    sa.Column("n_video", sa.BigInteger, nullable=False),
    sa.Column("n_audio", sa.BigInteger, nullable=False),
    sa.Column("n_cached", sa.BigInteger, nullable=False),
    sa.Column("n_out", sa.BigInteger, nullable=False),
    sa.Column("n_thoughts", sa.BigInteger, nullable=False),
    sa.Column("nusd", sa.BigInteger, nullable=False),  # 1e-9 US$
    sa.Column("flagged", sa.Boolean, nullable=False),  # the model that answered has no price: billed as that asked for
    sa.Column("estimated", sa.Boolean, nullable=False),  # nobody told its bill: the answer did not arrive whole, say
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Index("calls_by_time", "service", "started", "n_in"),  # the limits of a minute read nothing else
)

# Money that is set aside for calls in flight; at most one call to an address.
RESERVATIONS = sa.Table(
    "reservations",
    METADATA,
    *_of_a_call(),
    sa.Column("address", sa.Text, nullable=False, unique=True),
    sa.Column("worst_nusd", sa.BigInteger, nullable=False),
    sa.Column("expected_nusd", sa.BigInteger, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("until", sa.Float, nullable=False),
)

# Jobs of many calls that a service answers within a day; the reservations of their lines are owned by them.
JOBS = sa.Table(
    "jobs",
    METADATA,
    sa.Column("label", sa.Text, primary_key=True),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("home", sa.Text, nullable=False),  # the project at the service
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("started", sa.Float, nullable=False),  # seconds since the epoch
    sa.Column("name", sa.Text, nullable=False),  # the service's own, empty until it is known
    sa.Column("n_lines", sa.Integer, nullable=False),
    sa.Column("files", sa.Text, nullable=False),  # at the service, JSON list
    sa.Column("how", sa.Text),  # it ended; null while answers may come
    sa.Column("ended", sa.Float),
)

# What the calls of each run cost together, so that nobody has to add up all calls before each.
SPENDING = sa.Table(
    "spending",
    METADATA,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("nusd", sa.BigInteger, nullable=False),
)

# What models told of made films, one row per answer (`vidpipe.annotation.canaries` measures it).
CANARIES = sa.Table(
    "canaries",
    METADATA,
    sa.Column("kind", sa.Text, primary_key=True),  # of the question but for its film
    sa.Column("number", sa.Integer, primary_key=True),  # of the film
    sa.Column("address", sa.Text, nullable=False),  # of the stored answer
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("asset", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("model_reported", sa.Text, nullable=False),
    sa.Column("started", sa.Float, nullable=False),  # of the call, seconds since the epoch
    sa.Column("attention", sa.Float),  # null where the model was kept from answering
    sa.Column("recall", sa.Float),
    sa.Column("time_error_s", sa.Float),
    sa.Column("n_invented", sa.Integer, nullable=False),
    sa.Column("n_told", sa.Integer, nullable=False),
    sa.Column("is_bad", sa.Boolean, nullable=False),  # by what was known of the model then
)
