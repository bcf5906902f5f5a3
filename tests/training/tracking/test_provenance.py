import subprocess

from models.registry import firstpass_version
from training.tracking import code_version, combined_fingerprint, file_digest


def git(folder, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_the_code_version_names_the_commit_and_says_if_files_differ(tmp_path):
    assert code_version(tmp_path) == firstpass_version()
    git(tmp_path, "init", "-q")
    assert code_version(tmp_path) == firstpass_version()
    (tmp_path / "a").write_text("1")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-q", "-m", "a")
    clean = f"{firstpass_version()}+git.{git(tmp_path, 'rev-parse', '--short=12', 'HEAD')}"
    assert code_version(tmp_path) == clean
    (tmp_path / "a").write_text("2")
    assert code_version(tmp_path) == f"{clean}.dirty"


def test_a_folder_inside_another_project_does_not_take_its_commit(tmp_path):
    git(tmp_path, "init", "-q")
    inside = tmp_path / "inside"
    inside.mkdir()
    assert code_version(inside) == firstpass_version()


def test_fingerprints_depend_on_content_only(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"two")
    (tmp_path / "copy").write_bytes(b"one")
    one, two, copy = (file_digest(tmp_path / name) for name in ("a", "b", "copy"))
    assert one == copy != two
    assert combined_fingerprint([one, two]) == combined_fingerprint([two, one, copy])
    assert combined_fingerprint([one]) != combined_fingerprint([two])
