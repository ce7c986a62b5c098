"""What only the app's own interpreter can tell, as programs for its `python -c`: JSON comes out."""

DESCRIBE = """
import importlib.metadata, json, os, platform, sqlite3, sysconfig

packages = {d.name: d.version for d in importlib.metadata.distributions()}
database = os.path.abspath(os.environ["DATABASE_URL"].removeprefix("sqlite:///"))
filesystem = None
if os.path.exists("/proc/mounts"):
    mounts = [line.split()[1:3] for line in open("/proc/mounts")]
    filesystem = max((m for m in mounts if database.startswith(m[0])), key=lambda m: len(m[0]))[1]
print(json.dumps({
    "python": platform.python_version(),
    "implementation": platform.python_implementation(),
    "compiler": platform.python_compiler(),
    "configured": sysconfig.get_config_var("CONFIG_ARGS"),
    "sqlite": sqlite3.sqlite_version,
    "packages": dict(sorted(packages.items())),
    "database_filesystem": filesystem,
    "journal_mode": sqlite3.connect(database).execute("PRAGMA journal_mode").fetchone()[0],
}))
"""

ROWS = """
import json, os, sqlite3

database = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
query = "SELECT id, name, description, price, in_stock FROM items ORDER BY id"
print(json.dumps(sqlite3.connect(database).execute(query).fetchall()))
"""
