"""The project as a whole: its locks, its documentation, its files."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lib.settings import ROOT, Settings
from tests.support.sandbox import SandboxHandle

LOCKS = ("requirements.txt", "requirements-test.txt")
CODE = sorted(path for folder in ("lib", "pages") for path in (ROOT / folder).rglob("*.py"))
TESTS = sorted(path for folder in ("tests", "benchmarks") for path in (ROOT / folder).rglob("*.py"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
SEVERAL_MACHINES = (ROOT / "docs" / "several-machines.md").read_text(encoding="utf-8")
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT: dict[str, Any] = tomllib.loads(PYPROJECT)
APP_DEPENDENCIES: list[str] = PROJECT["project"]["dependencies"]
TEST_DEPENDENCIES: list[str] = PROJECT["dependency-groups"]["test"]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def pins(lock: str) -> dict[str, list[str]]:
    """Return the lines of a lock, each pin with what follows it: its marker and its hashes."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.split() for line in text.splitlines() if line and line.lstrip()[0] != "#"]
    return {pin: rest for pin, *rest in lines}


def versions(lock: str) -> dict[str, set[str]]:
    """Return the versions of each package; more than one where they depend on Python's."""
    found: dict[str, set[str]] = {}
    for pin in pins(lock):
        name, _, version = pin.partition("==")
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_each_package_of_a_lock_is_pinned_to_a_version_and_to_hashes(lock: str) -> None:
    assert pins(lock)
    for pin, rest in pins(lock).items():
        assert re.fullmatch(r"[a-z0-9-]+==[0-9][^ ]*", pin), pin
        assert any(word.startswith("--hash=sha256:") for word in rest), pin


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_registry_no_folder_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.findall(r"://|--index|--extra|--find-links|@ |file:|^/", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("lock", "asked"),
    [
        ("requirements.txt", APP_DEPENDENCIES),
        ("requirements-test.txt", TEST_DEPENDENCIES),
    ],
)
def test_a_lock_holds_what_pyproject_asks_for(lock: str, asked: list[str]) -> None:
    for requirement in map(Requirement, asked):
        locked = versions(lock).get(canonicalize_name(requirement.name), set())
        assert locked, f"{requirement.name} is not locked: run `make lock`"
        assert all(version in requirement.specifier for version in locked), str(requirement)


def test_both_locks_agree_on_the_packages_that_they_share() -> None:
    of_the_app, of_the_tests = map(versions, LOCKS)
    shared = of_the_app.keys() & of_the_tests.keys()
    assert {name: of_the_app[name] for name in shared} == {
        name: of_the_tests[name] for name in shared
    }


@pytest.mark.parametrize("dependency", APP_DEPENDENCIES + TEST_DEPENDENCIES)
def test_a_direct_dependency_says_what_it_is_for(dependency: str) -> None:
    assert re.search(rf'"{re.escape(dependency)}", +# \w', PYPROJECT)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_settings_page_lists_each_setting_and_its_default(name: str) -> None:
    row = re.search(rf"^\| `SENDOUT_{name.upper()}[^|]*\| `?([^|`]*)`? \|", SETTINGS, re.MULTILINE)
    assert row
    default = Settings.model_fields[name].default
    if isinstance(default, int | float | Path):
        assert row[1] == (f"{default:g}" if isinstance(default, float) else str(default))


def test_contributing_lists_each_make_target() -> None:
    for target in re.findall(r"^([a-z]+):.* ## ", (ROOT / "Makefile").read_text(), re.MULTILINE):
        assert f"| `make {target}` |" in CONTRIBUTING, target


def test_the_documented_s3fs_fits_the_locked_fsspec() -> None:
    named = re.search(r"s3fs==(\d+\.\d+)\.\*", SEVERAL_MACHINES)
    assert named
    assert {each.rpartition(".")[0] for each in versions("requirements.txt")["fsspec"]} == {
        named[1]
    }


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_each_link_leads_to_a_file_and_a_heading(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for name, _, anchor in re.findall(r"\]\((?!https?://)([^)#]*)(#([^)]+))?\)", text):
        target = (document.parent / name).resolve() if name else document
        assert target.is_relative_to(ROOT), name
        assert target.exists(), name
        if anchor:
            assert anchor in anchors(target), f"{name}#{anchor}"


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub forms them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("document", sorted((ROOT / "docs").glob("*.md")), ids=name_of)
def test_the_readme_links_to_each_document(document: Path) -> None:
    assert f"({name_of(document)})" in README


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 150


def test_the_client_example_of_the_readme_sends_one_entry(
    sandbox: SandboxHandle, capsys: pytest.CaptureFixture[str]
) -> None:
    example = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert example
    ours = f'base_url="{sandbox.url}", business_id="sandbox", api_key="sandbox"'
    exec(example[1].replace('business_id="…", api_key="…"', ours), {})

    assert capsys.readouterr().out == "1 None\n"
    assert [each["campaignName"] for each in sandbox.record()] == ["demo_welcome"]


@pytest.mark.parametrize(
    ("files", "allowed"),
    [([ROOT / "app.py", *CODE], APP_DEPENDENCIES), (TESTS, APP_DEPENDENCIES + TEST_DEPENDENCIES)],
    ids=["the app", "the tests"],
)
def test_nothing_is_imported_but_direct_dependencies(files: list[Path], allowed: list[str]) -> None:
    declared = {canonicalize_name(Requirement(each).name) for each in allowed}
    providers = packages_distributions()
    for path in files:
        modules = {
            name.partition(".")[0]
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            for name in imported_by(node)
        }
        for module in modules - sys.stdlib_module_names - {"lib", "tests", "benchmarks"}:
            owners = {canonicalize_name(each) for each in providers[module]}
            assert owners & declared, f"{name_of(path)} imports {module}"


def imported_by(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


def test_make_help_lists_every_command() -> None:
    shown = subprocess.check_output(["make", "-s", "help"], cwd=ROOT, text=True)
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony
    assert [line.split()[1] for line in shown.splitlines()] == phony[1].split()


def test_no_test_module_imports_from_another_or_from_a_conftest() -> None:
    pattern = re.compile(
        r"^\s*(?:from|import) tests\.(?:\w+\.)*(?:test_\w+|conftest)\b", re.MULTILINE
    )
    assert [name_of(path) for path in TESTS if pattern.search(path.read_text("utf-8"))] == []


def test_modules_that_are_started_by_name_are_known() -> None:
    """Import contracts do not see names in strings; only the report process is started upwards."""
    started = set()
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and re.fullmatch(r"lib(\.\w+)+", str(node.value)):
                started.add((".".join(path.relative_to(ROOT).with_suffix("").parts), node.value))
    assert started == {
        ("lib.campaign.plan.isolated", "lib.campaign.plan.child"),
        ("lib.child_processes", "lib.delivery.worker"),
        ("lib.child_processes", "lib.sandbox"),
        ("lib.delivery.worker.workflows", "lib.outcomes.report_process"),
        ("lib.sheet.process.handles", "lib.sheet.process.template"),
    }
