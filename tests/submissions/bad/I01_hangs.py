"""Never finishes its import."""

import time

OPTIONS = {"timeout_s": 6}
time.sleep(1000)
