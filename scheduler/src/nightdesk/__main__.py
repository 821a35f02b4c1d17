"""`python -m nightdesk` is the command `nightdesk`."""

import sys

from nightdesk.cli import main

sys.exit(main())
