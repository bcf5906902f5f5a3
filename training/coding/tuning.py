"""Tuning the text encoder without labels, on the synonyms that the code system itself holds.

Two terms of one code (title, inclusion term, index path, clinical name) shall lie nearer to each
other than to terms of other codes: contrastive learning with the other terms of a batch as
negatives (InfoNCE, van den Oord, Li and Vinyals, 2018; SapBERT, Liu et al., 2021, does so with
synonyms of UMLS). The hierarchy makes it hard and fair: batches are drawn category by category,
so that siblings are told apart, and a heading is no negative of the codes below it.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.coding.terms import Term
from training.progress import Progress, silent

STEPS = 300
#: Categories of a batch, and pairs of each.
CATEGORIES = 12
PAIRS = 4
TEMPERATURE = 0.05
RATE = 2e-5
WARM_UP = 0.1
#: Layers of the encoder that stay as they are, as a share from the bottom.
FROZEN = 0.5
LONGEST = 32
SAVED_EVERY = 100
WEIGHTS = "model.safetensors"
_UNFINISHED = "unfinished.pt"

Synonyms = dict[str, dict[str, list[str]]]
"""Terms by category and code, of codes with two terms at least."""


def synonyms(terms: Iterable[Term]) -> Synonyms:
    """Terms of every code with at least two, by category.

    >>> from models.coding.terms import Kind, Term
    >>> words = ("Essential hypertension", "High blood pressure", "high blood pressure")
    >>> synonyms(Term(w, "I10", Kind.TITLE) for w in words)
    {'I10': {'I10': ['essential hypertension', 'high blood pressure']}}
    """
    of_code: dict[str, dict[str, None]] = defaultdict(dict)
    for term in terms:
        of_code[term.code][term.text.casefold()] = None
    found: Synonyms = defaultdict(dict)
    for code in sorted(of_code):
        if len(of_code[code]) > 1:
            found[code[:3]][code] = sorted(of_code[code])
    return dict(found)


def mark(source: str, groups: Synonyms) -> str:
    """Names weights tuned from ``source`` on these synonyms with this module's numbers."""
    numbers = (STEPS, CATEGORIES, PAIRS, TEMPERATURE, RATE, WARM_UP, FROZEN, LONGEST)
    return hashlib.sha256(repr((source, numbers, groups)).encode()).hexdigest()[:16]


def tune_encoder(
    source: str,
    groups: Synonyms,
    folder: Path,
    *,
    steps: int = STEPS,
    progress: Progress = silent,
) -> Path:
    """Tune on one thread and write weights and tokenizer into ``folder``; returns it.

    A tuning that was interrupted goes on from its last save; one that is done is not repeated.
    """
    import torch
    import transformers

    if (folder / WEIGHTS).exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    transformers.utils.logging.disable_progress_bar()
    tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    model = transformers.AutoModel.from_pretrained(source, attn_implementation="eager")
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        torch.set_num_threads(1)
        try:
            _tune(model, tokenizer, groups, folder / _UNFINISHED, steps, progress)
        finally:
            torch.set_num_threads(threads)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    (folder / _UNFINISHED).unlink(missing_ok=True)
    return folder


def _tune(
    model: Any, tokenizer: Any, groups: Synonyms, kept: Path, steps: int, progress: Progress
) -> None:
    import torch

    layers = model.encoder.layer
    for part in (model.embeddings, *layers[: int(len(layers) * FROZEN)]):
        for weights in part.parameters():
            weights.requires_grad_(False)
    learnt = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learnt, lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min((step + 1) / max(steps * WARM_UP, 1), 1 - step / steps * 0.9),
    )
    begin = 0
    if kept.exists():
        state = torch.load(kept, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        begin = state["step"]
    model.train()
    for step in range(begin, steps):
        progress("tuning the encoder on synonyms", step, steps)
        torch.manual_seed(step)  # dropout is the same whether or not it was interrupted
        codes, one, other = batch(groups, step)
        first, second = _vectors(model, tokenizer, one), _vectors(model, tokenizer, other)
        scores = first @ second.T / TEMPERATURE
        scores = scores.masked_fill(torch.from_numpy(related(codes)), float("-inf"))
        right = torch.arange(len(codes))
        loss = torch.nn.functional.cross_entropy(scores, right)
        loss = loss + torch.nn.functional.cross_entropy(scores.T, right)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimizer.step()
        schedule.step()
        if (step + 1) % SAVED_EVERY == 0:
            _save(
                {
                    "model": model.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "schedule": schedule.state_dict(),
                    "step": step + 1,
                },
                kept,
            )
    model.eval()


def _save(state: dict[str, Any], path: Path) -> None:
    import torch

    aside = path.with_suffix(".part")
    torch.save(state, aside)
    aside.replace(path)


def batch(groups: Synonyms, step: int) -> tuple[list[str], list[str], list[str]]:
    """Codes, and two terms of each: the same for the same step."""
    rng = np.random.default_rng([1, step])
    names = list(groups)
    codes: list[str] = []
    one: list[str] = []
    other: list[str] = []
    for name in rng.choice(len(names), min(CATEGORIES, len(names)), replace=False):
        inside = groups[names[int(name)]]
        keys = list(inside)
        for key in rng.choice(len(keys), min(PAIRS, len(keys)), replace=False):
            code = keys[int(key)]
            first, second = rng.choice(len(inside[code]), 2, replace=False)
            codes.append(code)
            one.append(inside[code][int(first)])
            other.append(inside[code][int(second)])
    return codes, one, other


def related(codes: Sequence[str]) -> NDArray[np.bool_]:
    """``[codes, codes]``: pairs that are no negatives, one standing above the other.

    >>> related(["I50.9", "I50.20", "I50.2"]).astype(int).tolist()
    [[0, 0, 0], [0, 0, 1], [0, 1, 0]]
    """
    bare = [code.rstrip("X") for code in codes]
    return np.array(
        [
            [i != j and (a.startswith(b) or b.startswith(a)) for j, b in enumerate(bare)]
            for i, a in enumerate(bare)
        ]
    )


def _vectors(model: Any, tokenizer: Any, texts: list[str]) -> Any:
    """Unit mean of the token vectors, as `models.coding.encoder` has it."""
    import torch

    rows = tokenizer(texts, padding=True, truncation=True, max_length=LONGEST, return_tensors="pt")
    states = model(input_ids=rows["input_ids"], attention_mask=rows["attention_mask"])[0]
    weight = rows["attention_mask"].unsqueeze(-1)
    return torch.nn.functional.normalize((states * weight).sum(1), dim=1)
