"""`python -m training.pretrain`."""

from training.pretrain.command import main

if __name__ == "__main__":
    main()
