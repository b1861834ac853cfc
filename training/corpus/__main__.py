"""`python -m training.corpus`."""

from training.corpus.command import main

if __name__ == "__main__":  # the processes that decode import this too
    main()
