"""`python -m tests.robustness.launcher service|worker …` launches what launched.py describes.

Worker processes are spawned, and each imports its parent's main module: so nothing heavy stands here.
"""

if __name__ == "__main__":
    from tests.robustness.launched import main

    main()
