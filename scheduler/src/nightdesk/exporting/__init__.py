"""From a notebook to a script, a module or a package with tests: cells tagged for it become plain files.

Standard library only. Nothing here writes before everything that is to be written is known; the same notebook makes the
same files, to the last byte.
"""

from __future__ import annotations

from nightdesk.exporting.files import Exported, compare, write
from nightdesk.exporting.notebook import read
from nightdesk.exporting.package import package_files
from nightdesk.exporting.source import module_text, tests_text

__all__ = ["Exported", "compare", "module_text", "package_files", "read", "tests_text", "write"]
