"""The contract's limits of a script (script.proto), for scripts that users send and for those that models write."""

MAX_SCENES = 500
MAX_NARRATION_CHARACTERS = 5_000
MAX_TITLE_CHARACTERS = 300
MAX_SOURCE_CHARACTERS = 20_000
MAX_LATEX_CHARACTERS = 2_000
