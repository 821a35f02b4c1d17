"""`%sql` and `%%sql`: a query of a database by the name of its connection.

    %sql warehouse select count(*) from orders
    %sql newest << warehouse select * from orders where day >= :since

    %%sql newest << warehouse
    select * from orders where day >= :since and country in :countries

The answer is a DataFrame (a list of dictionaries where there is no pandas). `:since` is the notebook's variable
`since`; it goes to the database as a value, never as a part of the query. Environments know the magic; elsewhere
`%load_ext nightdesk` brings it.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class, needs_local_scope

import nightdesk

if TYPE_CHECKING:
    from collections.abc import Mapping

_USAGE = (
    "%sql NAME QUERY, or %sql VARIABLE << NAME QUERY; in a cell of its own %%sql NAME and the query below"
)
_WORDS = re.compile(r"\s*(?:([^\W\d]\w*)\s*<<\s*)?([a-z][a-z0-9_-]*)(?:\s+(?!<<)(.*))?\s*$", re.DOTALL)


@magics_class
class SqlMagic(Magics):
    """The magic of one shell."""

    @needs_local_scope
    @line_cell_magic
    def sql(self, line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None) -> Any:
        """Query a database by the name of its connection: `%sql NAME QUERY`, `%%sql VARIABLE << NAME`."""
        variable, name, query = parsed(line, cell)
        shell: Any = self.shell
        names = {**shell.user_ns, **(local_ns or {})}
        answer = ask(name, query, names)
        if variable is None:
            return answer
        shell.user_ns[variable] = answer
        return None


def parsed(line: str, cell: str | None) -> tuple[str | None, str, str]:
    """The variable that the answer goes to, the connection, and the query. Raises UsageError."""
    found = _WORDS.match(line)
    if not found:
        raise UsageError(f"no connection is named: {_USAGE}. {_there_are()}")
    variable, name, begun = found.groups()
    query = "\n".join(part for part in (begun, cell) if part and part.strip()).strip()
    if not query:
        raise UsageError(f"there is no query behind {name!r}: {_USAGE}. {_there_are()}")
    return variable, name, query


def _there_are() -> str:
    names = ", ".join(each["name"] for each in nightdesk.connections())
    return f"You may use: {names}" if names else "You have no connections yet: ask an admin for one"


def ask(name: str, query: str, names: Mapping[str, Any]) -> Any:
    """What the database behind a connection answers; each query is a transaction of its own, and on record."""
    from sqlalchemy import Engine, bindparam, text
    from sqlalchemy.exc import DBAPIError

    engine = nightdesk.connect(name)
    if not isinstance(engine, Engine):
        raise UsageError(f"{name!r} is no database: use nightdesk.connect({name!r}) instead")
    statement = text(query)
    values = {each: value_of(each, names) for each in statement.compile().params}
    several: list[Any] = [
        bindparam(each, expanding=True) for each, value in values.items() if isinstance(value, list)
    ]
    try:
        with engine.begin() as connection:
            result = connection.execute(statement.bindparams(*several), values)
            if result.returns_rows:
                return table(list(result.keys()), [tuple(row) for row in result])
            if result.rowcount >= 0:
                print(f"{result.rowcount:,} rows")
            return None
    except DBAPIError as problem:  # the database's words, without a page of what lies between
        raise problem.with_traceback(None) from None


def value_of(name: str, names: Mapping[str, Any]) -> Any:
    """A variable as a database takes it: one value, or a list of them. Raises UsageError."""
    if name not in names:
        raise UsageError(
            f"the query has :{name}, and there is no variable {name}; write \\:{name} for the text itself"
        )
    value = names[name]
    plain = value.tolist() if hasattr(value, "tolist") else value  # numpy's and pandas' own
    if isinstance(plain, list | tuple | set | frozenset | range):
        return [each.item() if hasattr(each, "item") else each for each in plain]
    return plain


def table(columns: list[str], rows: list[tuple[Any, ...]]) -> Any:
    """Rows as people have them in notebooks."""
    try:
        pandas: Any = import_module("pandas")
    except ImportError:
        return [dict(zip(columns, row, strict=True)) for row in rows]
    return pandas.DataFrame.from_records(rows, columns=columns, coerce_float=True)
