"""What is said of each of the datasets: what a row is, how it came to be, what to bear in mind.

What belongs here: our own words, by a dataset's name. Not here: anything counted or given.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KindWords:
    """What a card says of its kind of dataset; `tasks` are of the Hub's list.

    `making_offline`: how it came to be where no model was asked.
    """

    row: str
    making: str
    making_offline: str
    tasks: tuple[str, ...]
    tags: tuple[str, ...]
    limitations: tuple[str, ...]


_VIDEOS = "Raw videos were probed, filtered and categorised, and those that the selection let through were "
_QUERIES = (
    "Queries are sentences that somebody could type who looks for this {what}; those that no model wrote (`offline`) "
    "are put together from what was measured, and say little."
)
_OF_ALL: Mapping[str, KindWords] = {
    "scenes": KindWords(
        row="One row is one video with what happens in it: its scenes with activities, props, moods and edits, its "
        "characters, its storyline, questions with answers. The columns are FineVideo's, and a few more.",
        making=_VIDEOS + "cut into shots by one pass over their pixels and annotated scene by scene. The scenes' times "
        "were then aligned to the cuts' frames.",
        making_offline=_VIDEOS
        + "cut into shots by one pass over their pixels. No model annotated them: the scenes are those "
        "shots, told by what was measured of picture and sound and by the captions.",
        tasks=("video-classification", "video-text-to-text"),
        tags=("scenes", "finevideo"),
        limitations=(
            "Annotations of a model can be wrong; those of the annotator `offline` hold only what was measured, and "
            "what the captions say.",
            "Categories of the categoriser `offline` are guesses by the words of title, description and captions: no "
            "model chose them.",
            "The attention score says how far a model looked, from where its times lie. It is no measure of truth.",
        ),
    ),
    "segments": KindWords(
        row="One row is one segment: a window of fixed length out of an episode, with queries by which it should be "
        "found.",
        making=_VIDEOS + "cut into windows that overlap a little.",
        making_offline=_VIDEOS
        + "cut into windows that overlap a little. No model annotated them: queries were put together "
        "from what was measured and what the source says.",
        tasks=("video-text-to-text",),
        tags=("video-retrieval", "segments"),
        limitations=(
            "Segments overlap, and the last one of an episode can be shorter: split by video, never by row.",
            _QUERIES.format(what="segment"),
        ),
    ),
    "episodes": KindWords(
        row="One row is one episode: a whole video, with queries by which it should be found.",
        making=_VIDEOS + "shown to a model as a whole.",
        making_offline=_VIDEOS
        + "taken as a whole. No model annotated them: queries were put together from what was measured "
        "and what the source says.",
        tasks=("video-text-to-text",),
        tags=("video-retrieval", "episodes"),
        limitations=(_QUERIES.format(what="episode"),),
    ),
}


def words_of(name: str) -> KindWords:
    """The words for a dataset.

    Raises:
        KeyError: there is no dataset of this name.
    """
    return _OF_ALL[name]
