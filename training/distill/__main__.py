"""`python -m training.distill`."""

from training.distill.command import main

if __name__ == "__main__":
    main()
