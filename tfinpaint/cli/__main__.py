"""`python -m tfinpaint.cli`, where the program `tfinpaint` is not on the path."""

import sys

from tfinpaint.cli import main

sys.exit(main())
