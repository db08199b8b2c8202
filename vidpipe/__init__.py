"""vidpipe: raw videos in, an aligned, annotated, published dataset out.

The library is plain Python that knows no Dagster and no network, from the bottom up: `errors`; `recipe`, `keys`,
`records`; `timeline`; `media`; `store`, `ledger`, `workers`; `ports`; `corpus`, `annotation`; `export`.
Above it stand the packages `assets` and `resources`, and on top `vidpipe.definitions` and `vidpipe.cli`.
"""
