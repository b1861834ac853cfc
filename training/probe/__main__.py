"""`python -m training.probe`."""

from training.probe.command import main

if __name__ == "__main__":
    main()
