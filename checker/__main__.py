"""`python -m checker` is the `keyage` command."""

import sys

from checker.cli import main

sys.exit(main())
