"""Ids of videos that would do harm where they are taken for a path, an option, markup, a line or a key."""

IDS = (
    "../../x",
    "a/b",
    "-rf",
    "nul\0",
    "x" * 300,
    "🎬",
    "\u202ertl",
    "<script>",
    "a\nb",
    "x...y",
    "a",
    "a.en",
    "%2e%2e",
    "~",
    "#1",
)
