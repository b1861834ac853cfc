"""What checks ask a submission, and what they make of its answers."""
