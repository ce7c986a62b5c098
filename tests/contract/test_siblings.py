"""What the stacks' folders promise one another: what is the same is the same, file for file."""

import ast
import re

import pytest

from bench.serve.stacks import find_stacks

FOLDERS = find_stacks()
FIVE = ["django_drf", "fastapi_sqlalchemy", "fastapi_sqlite", "flask_sqlalchemy", "flask_sqlite"]
STANDARD = {
    *(".dockerignore", "Dockerfile", "README.md", "gunicorn.conf.py", "seed.py"),
    *("requirements.in", "requirements.txt", "requirements-paper.txt"),
}
ROUTES = ["hello", "echo", "list_items", "get_item", "create_item", "update_item", "delete_item"]
SINGLE_FILE = [name for name, folder in FOLDERS.items() if (folder / "app.py").exists()]


@pytest.fixture(params=FOLDERS.values(), ids=FOLDERS)
def folder(request):
    return request.param


def texts(path):
    """The file of this name, by stack."""
    return {name: (folder / path).read_text() for name, folder in FOLDERS.items()}


def test_all_five_stacks_are_found():
    assert set(FOLDERS) >= set(FIVE)


def test_a_stack_has_the_standard_files(folder):
    assert {path.name for path in folder.iterdir()} >= STANDARD


@pytest.mark.parametrize("path", ["Dockerfile", ".dockerignore"])
def test_a_file_of_docker_is_the_same_byte_for_byte(path):
    assert len(set(texts(path).values())) == 1


def test_readmes_have_the_same_headings():
    def headings(text):
        return re.findall(r"^##.*", text, re.MULTILINE)

    assert len({tuple(headings(text)) for text in texts("README.md").values()}) == 1


def test_gunicorn_is_told_the_same_but_for_what_it_serves_and_how():
    def without_app_and_worker(text):
        own = ("wsgi_app = ", "worker_class = ")
        return [line for line in text.splitlines() if not line.startswith(own)]

    first, *others = map(without_app_and_worker, texts("gunicorn.conf.py").values())
    assert all(other == first for other in others)


@pytest.mark.parametrize(
    ("path", "stacks"),
    [
        ("schema.sql", ["fastapi_sqlite", "flask_sqlite"]),
        ("seed.py", ["fastapi_sqlite", "flask_sqlite"]),
        ("validation.py", ["fastapi_sqlite", "fastapi_sqlalchemy"]),
        ("validation.py", ["flask_sqlite", "flask_sqlalchemy"]),
    ],
)
def test_siblings_share_a_file(path, stacks):
    first, second = ((FOLDERS[stack] / path).read_bytes() for stack in stacks)
    assert first == second


def test_the_two_stacks_on_sqlite3_run_the_same_sql():
    def statements(name):
        tree = ast.parse((FOLDERS[name] / "app.py").read_text())
        texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        verbs = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ")
        return [text for text in texts if isinstance(text, str) and text.startswith(verbs)]

    assert len(statements("flask_sqlite")) == 5
    assert statements("flask_sqlite") == statements("fastapi_sqlite")


def test_every_seed_makes_the_same_items_from_the_same_options():
    def shared(text):
        functions = {node.name: node for node in ast.parse(text).body if hasattr(node, "name")}
        options = [line for line in text.splitlines() if "add_argument" in line]
        return ast.get_docstring(ast.parse(text)), ast.unparse(functions["make_item"]), options

    first, *others = map(shared, texts("seed.py").values())
    assert all(other == first for other in others)


@pytest.mark.parametrize("name", SINGLE_FILE)
def test_the_seven_routes_stand_in_the_same_order_under_the_same_names(name):
    tree = ast.parse((FOLDERS[name] / "app.py").read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    named = [node.name for node in ast.walk(tree) if isinstance(node, functions)]
    assert [function for function in named if function in ROUTES] == ROUTES


@pytest.mark.parametrize("name", SINGLE_FILE)
def test_an_app_fits_on_two_screens(name):
    assert len((FOLDERS[name] / "app.py").read_text().splitlines()) <= 120


def test_a_stack_can_be_copied_alone(folder):
    """It imports nothing from beside it, and is no package, which would hide a library."""
    assert not (folder / "__init__.py").exists()
    beside = {path.name for path in folder.parent.iterdir() if path.is_dir()}
    beside -= {path.stem for path in folder.iterdir()}
    beside.discard("flask_sqlalchemy")  # the name of a library too
    assert beside
    sources = [path for path in folder.rglob("*.py") if ".venv" not in path.parts]
    assert sources
    for path in sources:
        assert not imports(path) & beside, path


def imports(path):
    """The top names of what a file imports."""
    modules = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules.append(node.module)
    return {module.split(".")[0] for module in modules}


@pytest.mark.parametrize("path", ["requirements.txt", "requirements-paper.txt"])
def test_a_package_has_the_same_version_in_every_stack(path):
    versions = {}
    for name, text in texts(path).items():
        for package, version in re.findall(r"^([\w.-]+)==([^\s\\;]+)", text, re.MULTILINE):
            versions.setdefault(package, {}).setdefault(name, set()).add(version.strip())
    assert versions
    different = {
        package: stacks
        for package, stacks in versions.items()
        if len({frozenset(pins) for pins in stacks.values()}) > 1
    }
    assert different == {}
