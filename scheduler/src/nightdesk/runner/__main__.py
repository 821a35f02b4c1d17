"""Entry point: `python3 <root>/in/runner`."""

import importlib
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
# Run as a folder there is no parent package: import it under the folder's own name.
sys.path[0] = os.path.dirname(here)
main = importlib.import_module(os.path.basename(here) + ".main").main
# No interpreter teardown: the results are written, and nothing may hold up the container's end.
os._exit(main(os.path.dirname(os.path.dirname(here))))
