"""How an arm is written: what is understood, what it is called, and what is refused in a line."""

import shutil
import sys

import msgspec
import pytest

from bench import ROOT, Mistake
from bench.arm import Settings
from bench.label import label_of
from bench.serve.stacks import in_flight
from bench.spelling import read_arms

DEFAULTS = Settings()


def read(*texts, defaults=DEFAULTS):
    return read_arms(texts, defaults)


def test_a_stack_alone_is_an_arm_with_the_settings_of_the_command_line():
    (arm,) = read("flask_sqlite", defaults=Settings(workers=4))
    assert (arm.label, arm.stack, arm.folder) == ("flask_sqlite",) * 2 + (ROOT / "flask_sqlite",)
    assert arm.settings == Settings(workers=4)


def test_what_stands_after_the_at_sign_differs_from_them_and_is_in_the_label():
    plain, other = read("flask_sqlite", "flask_sqlite@threads=1,workers=4")
    assert other.settings == Settings(workers=4, threads=1)
    assert (plain.label, other.label) == ("flask_sqlite", "flask_sqlite@workers=4,threads=1")


def test_what_is_said_as_it_is_anyway_is_no_difference():
    (arm,) = read("flask_sqlite@workers=2,requirements=today,folder=flask_sqlite/")
    assert (arm.label, arm.settings) == ("flask_sqlite", DEFAULTS)


@pytest.mark.parametrize(
    "texts",
    [
        ("flask_sqlite", "flask_sqlite"),
        ("flask_sqlite", "flask_sqlite@workers=2"),
        ("flask_sqlite@workers=4,threads=1", "flask_sqlite@threads=1,workers=4"),
        ("fastapi_sqlite", "fastapi_sqlite@threads=40"),
        ("flask_sqlite@env.A=1,env.B=2", "flask_sqlite@env.B=2,env.A=1"),
        ("flask_sqlite", f"flask_sqlite@folder={ROOT}/flask_sqlite"),
        ("flask_sqlite", f"flask_sqlite@requirements={ROOT}/flask_sqlite/requirements.txt"),
    ],
)
def test_the_same_arm_twice_is_refused(texts):
    with pytest.raises(Mistake, match="is the same arm as"):
        read(*texts)


def test_threads_are_fastapis_pool_where_gunicorns_do_nothing():
    fastapi, flask = read("fastapi_sqlite@threads=20", "flask_sqlite@threads=20")
    assert (fastapi.settings.threads, fastapi.settings.pool) == (2, 20)
    assert (flask.settings.threads, flask.settings.pool) == (20, None)
    assert in_flight(fastapi, "get") == in_flight(flask, "get") == 40
    assert in_flight(fastapi, "hello") == float("inf")
    assert fastapi.label == "fastapi_sqlite@threads=20"


def test_a_stack_may_be_elsewhere_and_is_called_by_what_tells_it_apart(tmp_path):
    for checkout in ("theirs", "ours"):
        shutil.copytree(ROOT / "flask_sqlite", tmp_path / checkout / "flask_sqlite")
    texts = [f"flask_sqlite@folder={tmp_path}/{name}/flask_sqlite" for name in ("theirs", "ours")]
    labels = [arm.label for arm in read("flask_sqlite", *texts)]
    assert labels == ["flask_sqlite", "flask_sqlite@folder=theirs", "flask_sqlite@folder=ours"]


def test_a_stack_that_is_only_elsewhere_may_have_any_name(tmp_path):
    shutil.copytree(ROOT / "flask_sqlite", tmp_path / "mine")
    (arm,) = read(f"mine@folder={tmp_path}/mine")
    assert (arm.stack, arm.folder) == ("mine", tmp_path / "mine")


def test_two_paths_that_end_alike_have_two_labels(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "lock.txt").write_text(name)
    texts = [f"flask_sqlite@requirements={tmp_path}/{name}/lock.txt" for name in "ab"]
    labels = [arm.label for arm in read(*texts)]
    assert labels == ["flask_sqlite@requirements=lock.txt", "flask_sqlite@requirements=lock.txt~2"]


def test_a_package_may_be_replaced_by_a_version_or_a_folder(tmp_path):
    (tmp_path / "flask").mkdir()
    (tmp_path / "flask" / "pyproject.toml").write_text("")
    (arm,) = read(f"flask_sqlite@with=werkzeug==3.1.3,with={tmp_path}/flask")
    assert set(arm.settings.packages) == {"werkzeug==3.1.3", f"{tmp_path}/flask"}
    assert arm.label == "flask_sqlite@with=flask,with=werkzeug==3.1.3"


def test_an_interpreter_is_a_version_or_a_path():
    version, path = read("flask_sqlite@python=3.12", f"flask_sqlite@python={sys.executable}")
    assert (version.settings.python, path.settings.python) == ("3.12", sys.executable)


def test_a_label_is_the_name_of_a_file_whatever_it_is_made_from():
    for value in ("../../x", "a/b\\c", "{arm:x}", "ä ö", "%00", "x" * 300):
        (arm,) = read(f"flask_sqlite@env.A={value}")
        assert not set(arm.label) & set("/\\\0 %{}:") and len(arm.label) <= 100
        assert arm.settings.variables == (("A", value),)


def test_every_setting_is_in_the_label():
    every = Settings(
        requirements="paper", workers=3, threads=5, database="postgres", pool=7,
        packages=("a==1",), folder="/x/y", python="3.12", journal_mode="wal",
        variables=(("A", "1"),),
    )  # fmt: skip
    for field in every.__struct_fields__:
        one = msgspec.structs.replace(DEFAULTS, **{field: getattr(every, field)})
        assert label_of("s", one, DEFAULTS) != "s", field
    label = label_of("s", every, DEFAULTS)
    assert label.startswith("s@folder=y,workers=3,threads=5,database=postgres,journal_mode=wal")


REFUSED = {
    "nothing": "there is no stack 'nothing'; there are django_drf",
    "flask_sqlite@": "'' is no SETTING=VALUE",
    "flask_sqlite@workers": "'workers' is no SETTING=VALUE",
    "flask_sqlite@workers=": "'workers=' is no SETTING=VALUE",
    "flask_sqlite@workers=0": "workers=0: it is a whole number from 1 to 256",
    "flask_sqlite@workers=99999": "workers=99999: it is a whole number from 1 to 256",
    "flask_sqlite@workers=²": "workers=²: it is a whole number from 1 to 256",
    "flask_sqlite@workers=2,workers=4": "workers is said twice",
    "flask_sqlite@speed=9": "there is no setting 'speed'; there are workers, threads,",
    "flask_sqlite@database=mysql": "database=mysql: it is sqlite or postgres",
    "flask_sqlite@database=postgres": "it speaks SQLite only",
    "flask_sqlalchemy@database=postgres,journal_mode=wal": "a journal mode is SQLite's",
    "flask_sqlalchemy@database=postgres,requirements=paper": "PostgreSQL needs today's versions",
    "flask_sqlite@journal_mode=off": "journal_mode=off: it is delete or wal",
    "flask_sqlite@python=2.7": "python=2.7: it is 3.11, 3.12, 3.13, 3.14 or an interpreter's path",
    "flask_sqlite@python=/none/python": "it is 3.11, 3.12, 3.13, 3.14 or an interpreter's path",
    "flask_sqlite@requirements=/none": "requirements=/none: it is today, paper or a file",
    "flask_sqlite@with=flask": "with=flask: it is NAME==VERSION, or the folder of a package",
    "flask_sqlite@with=flask==1;rm -rf /": "it is NAME==VERSION, or the folder of a package",
    "flask_sqlite@with=--index-url=x": "it is NAME==VERSION, or the folder of a package",
    "flask_sqlite@with=a==1,with=A==2": "a is said twice",
    "flask_sqlite@env.DATABASE_URL=x": "env.DATABASE_URL: the bench itself sets it",
    "flask_sqlite@env.GUNICORN_CMD_ARGS=x": "env.GUNICORN_CMD_ARGS: the bench itself sets it",
    "flask_sqlite@env.PATH=x": "env.PATH: the bench itself sets it",
    "flask_sqlite@env=x": "there is no setting 'env'; there are workers",
    "flask_sqlite@env.=x": "env.: it is no name of a variable",
    "flask_sqlite@env.A-B=x": "env.A-B: it is no name of a variable",
    "flask_sqlite@env.A=1,env.A=2": "A is said twice",
    "flask_sqlite@env.A=x\ny": "a value has a character that cannot be printed",
    "flask_sqlite@folder=/none": "/none is no stack's folder: it has no gunicorn.conf.py",
    "control_same@folder=flask_sqlite": "'control_same' is no name of a stack",
    "../x@folder=flask_sqlite": "'../x' is no name of a stack",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_is_refused_in_a_line_that_says_what_can(text, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(Mistake) as mistake:
        read(text)
    assert REFUSED[text] in str(mistake.value)
    assert "\n" not in str(mistake.value)
