"""`python -m training.teachers`."""

from training.teachers.command import main

if __name__ == "__main__":
    main()
