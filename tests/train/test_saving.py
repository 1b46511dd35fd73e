"""Weights that do not fit on the disk, with the libraries that write them."""

import subprocess
import sys

import pytest

SAVE = """
import resource, sys
from pathlib import Path
import torch
from safetensors.torch import save_file
from inpars.errors import InparsError
from inpars.train.saving import saved_in
folder = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
weights = {"weight": torch.zeros(100_000)}
try:
    with saved_in(folder):
        if sys.argv[2] == "torch":
            torch.save(weights, folder / "optimizer.pt")
        elif sys.argv[2] == "safetensors":
            save_file(weights, folder / "model.safetensors")
        elif sys.argv[2] == "copy":
            import shutil
            (folder / "best").mkdir()
            for part in range(3):
                (folder / "best" / f"{part}").write_bytes(b"0" * 90_000)
            resource.setrlimit(resource.RLIMIT_FSIZE, (80_000, 100_000))
            shutil.copytree(folder / "best", folder / "complete")
        else:
            raise RuntimeError("expected scalar type Float")
except InparsError as error:
    print(error)
except RuntimeError as error:
    print("let through:", error)
"""


@pytest.mark.parametrize(
    ("library", "told"),
    [
        ("torch", "weights could not be written: "),
        ("safetensors", "File too large\n  hint: "),
        ("copy", "File too large\n  hint: "),
        ("none", "let through: expected scalar type Float"),
    ],
)
def test_whatever_library_writes_a_full_disk_is_told_of_with_its_folder(library, told, tmp_path):
    done = subprocess.run([sys.executable, "-c", SAVE, tmp_path, library], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert told in done.stdout
    if library != "none":
        assert done.stdout.startswith(f"{tmp_path}: ")
