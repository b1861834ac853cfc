"""`python -m training.phones`: see `command.py`."""

from training.phones.command import main

if __name__ == "__main__":
    main()
