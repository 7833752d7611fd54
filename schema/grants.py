"""The three users of a server and what each may do: as SQL, or as users.xml for servers without SQL users. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from schema.cluster_layout import LOCAL_SUFFIX
from schema.live import SLOTS, SNAPSHOTS, live_table
from schema.rollups import PROJECTED, ROLLUPS
from schema.store import Capabilities

SQL_SINCE = (20, 5)  # users, settings profiles and quotas
MIGRATE, WRITE, READ = "migrate", "write", "read"

# What one reading query may take, and all of an hour: generous for a year of a busy site, no more than a server bears.
READ_LIMITS: Mapping[str, int] = {
    "max_execution_time": 30,  # seconds
    "max_memory_usage": 2_000_000_000,  # bytes
    "max_rows_to_read": 2_000_000_000,
    "max_result_rows": 1_000_000,
    "max_threads": 4,
}
READ_QUOTA: Mapping[str, int] = {
    "queries": 100_000,
    "result_rows": 100_000_000,
    "read_rows": 1_000_000_000_000,
    "execution_time": 14_400,  # seconds
}
_ENGINES = ("MergeTree", "Memory", "ReplicatedMergeTree", "Distributed", "TinyLog")
_ENGINES_SINCE = (24, 4)


@dataclass(frozen=True)
class User:
    """One of the three, with the password that it is made with; empty: it is left as it is, if it is there."""

    role: str
    password: str = field(repr=False, default="")

    @property
    def name(self) -> str:
        """The user's name, which is its profile's and quota's as well."""
        return f"footfall_{self.role}"


def grant_sql(
    database: str,
    users: Sequence[User],
    nodes: Sequence[int],
    version: tuple[int, int],
    *,
    is_cluster: bool = False,
) -> list[str]:
    """Return the statements that make `users` and let them do their work in `database`; each may be run again.

    `nodes` are those that write: each has live tables of its own, the only ones that `write` may make and empty.
    Of a cluster every server needs all of them.
    """
    statements = [f"CREATE DATABASE IF NOT EXISTS {name}" for name in databases(database, is_cluster=is_cluster)]
    for user in users:
        statements += [
            f"CREATE USER IF NOT EXISTS {user.name} IDENTIFIED WITH sha256_password BY {_quoted(user.password)}",
            *(
                f"GRANT {what} TO {user.name}"
                for what in grants_of(user.role, database, nodes, version, is_cluster=is_cluster)
            ),
        ]
        if user.role == READ:
            statements += _read_limits(user.name)
    return statements


def databases(database: str, *, is_cluster: bool) -> list[str]:
    """Return the databases that the users work in: on a cluster the servers' own tables are in a second one."""
    return [database, f"{database}{LOCAL_SUFFIX}"] if is_cluster else [database]


def grants_of(
    role: str, database: str, nodes: Sequence[int], version: tuple[int, int], *, is_cluster: bool = False
) -> list[str]:
    """Return what `role` may do, each `PRIVILEGES ON WHAT`."""
    found: list[str] = []
    for name in databases(database, is_cluster=is_cluster):
        found += [grant for grant in _grants_in(role, name, nodes, version) if grant not in found]
    return found + _cluster_grants(role, database, nodes, version) if is_cluster else found


def _cluster_grants(role: str, database: str, nodes: Sequence[int], version: tuple[int, int]) -> list[str]:
    """Return what a cluster needs besides: where its servers are, what they lack, and tables that read from all."""
    found = ["SELECT ON system.clusters", "SELECT ON system.replicas"]
    if role == READ:
        return found
    found += ["SELECT ON system.macros", "REMOTE ON *.*"]
    if role == WRITE:
        engines = ["TABLE ENGINE ON Distributed"] if version >= _ENGINES_SINCE else []
        found += [*(f"DROP TABLE ON {database}.{table}" for table in _live_tables(nodes)), *engines]
    return found


def _live_tables(nodes: Sequence[int]) -> list[str]:
    tables = [rollup.name for rollup in ROLLUPS]
    return [SNAPSHOTS, *(live_table(node, slot, table) for node in nodes for slot in SLOTS for table in tables)]


def _grants_in(role: str, database: str, nodes: Sequence[int], version: tuple[int, int]) -> list[str]:
    if role == READ:
        return [f"SELECT ON {database}.*"]
    if role == MIGRATE:
        engines = [f"TABLE ENGINE ON {engine}" for engine in _ENGINES] if version >= _ENGINES_SINCE else []
        return [
            f"SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, DROP TABLE, TRUNCATE ON {database}.*",
            "KILL QUERY ON *.*",
            "SELECT ON system.processes",
            *engines,
        ]
    return [
        f"SELECT, INSERT ON {database}.*",
        # Months no longer kept, sites to be forgotten.
        *(f"ALTER DELETE ON {database}.{rollup.name}" for rollup in ROLLUPS),
        *(f"CREATE TABLE, TRUNCATE ON {database}.{table}" for table in _live_tables(nodes)),
        "SELECT ON system.processes",  # which KILL QUERY of its own inserts looks through
        *(["TABLE ENGINE ON Memory"] if version >= _ENGINES_SINCE else []),
        *(_projection_grants(database) if Capabilities(version).lists_projections else []),
    ]


def _projection_grants(database: str) -> list[str]:
    """Return what it takes to see which parts lack projections, and to have them made."""
    return [
        *(f"ALTER MATERIALIZE PROJECTION ON {database}.{table}" for table in PROJECTED),
        *(f"SELECT ON system.{table}" for table in ("parts", "projections", "mutations")),
    ]


def users_xml(database: str, users: Sequence[User], *, is_cluster: bool = False) -> str:
    """Return a users.xml for a server without SQL users, where a user may do all in `database`, or only read."""
    names = databases(database, is_cluster=is_cluster)
    return f"""<?xml version="1.0"?>
<yandex>
  <profiles>
    <default><log_queries>0</log_queries></default>
    <footfall_read>
      <readonly>1</readonly>
      <load_balancing>in_order</load_balancing>
      {_elements(READ_LIMITS, 6)}
    </footfall_read>
  </profiles>
  <users>
{"".join(_xml_user(names, user) for user in users)}  </users>
  <quotas>
    <default/>
    <footfall_read>
      <interval>
        <duration>3600</duration>
        {_elements(READ_QUOTA, 8)}
      </interval>
    </footfall_read>
  </quotas>
</yandex>
"""


def _read_limits(name: str) -> list[str]:
    """Return what keeps a reader from writing, from lifting its limits, and from taking all of the server."""
    limits = ", ".join(f"{setting} = {value}" for setting, value in READ_LIMITS.items())
    quota = ", ".join(f"{resource} = {value}" for resource, value in READ_QUOTA.items())
    return [
        f"CREATE SETTINGS PROFILE OR REPLACE {name} SETTINGS readonly = 1, load_balancing = 'in_order', {limits}"
        f" TO {name}",
        f"CREATE QUOTA OR REPLACE {name} FOR INTERVAL 1 hour MAX {quota} TO {name}",
    ]


def _xml_user(names: Sequence[str], user: User) -> str:
    profile = user.name if user.role == READ else "default"
    allowed = "".join(f"<database>{name}</database>" for name in names)
    return f"""    <{user.name}>
      <password>{escape(user.password)}</password>
      <networks><ip>::/0</ip></networks>
      <profile>{profile}</profile>
      <quota>{profile}</quota>
      <allow_databases>{allowed}</allow_databases>
    </{user.name}>
"""


def _elements(values: Mapping[str, int], indent: int) -> str:
    return ("\n" + " " * indent).join(f"<{name}>{value}</{name}>" for name, value in values.items())


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
