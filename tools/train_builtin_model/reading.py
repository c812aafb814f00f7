"""The text model back in PyTorch from its shipped file, and the codes of its picture tokens found again.

So the eye needs nothing that is not in the repository: the GGUF holds every weight except the table of codes, and the
frozen model itself tells which codes it reads.
"""

# mypy: disable-error-code="misc,untyped-decorator,unused-ignore"
# (torch is not installed where the checks run, so its classes and decorators are Any there.)
from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as fn
from gguf import GGUFReader, quants

from .corpus import pictures
from .corpus.dialogue import Dialogue, Turn, typed
from .corpus.scenes import Picture, draw
from .model import TextModel
from .pictures import Seen
from .precision import mixed
from .prompt import IGNORED, Encoder
from .shape import GUIDE
from .tokenizer import PAD

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

    from .team import Team

log = logging.getLogger(__name__)
SEED = 4
"""What the text model's training began with: the table of codes has moved little from where it stood then."""
CODE_STEPS = 40
"""Few: where training began is close already."""
_BLOCK = {
    "attn_q_a": "attention.q_a", "attn_q_a_norm": "attention.q_a_norm", "attn_q_b": "attention.q_b",
    "attn_kv_a_mqa": "attention.kv_a", "attn_kv_a_norm": "attention.kv_a_norm", "attn_output": "attention.out",
    "attn_norm": "attention_norm", "ffn_norm": "experts_norm", "ffn_gate_inp": "experts.router",
    "ffn_gate_shexp": "experts.shared_gate", "ffn_up_shexp": "experts.shared_up",
    "ffn_down_shexp": "experts.shared_down",
}  # fmt: skip
_EXPERTS = {"ffn_gate_exps": "experts.gate", "ffn_up_exps": "experts.up", "ffn_down_exps": "experts.down"}
_WHOLE = {
    "token_embd.weight": "embedding.weight", "output_norm.weight": "norm.weight", "output.weight": "output.weight",
}  # fmt: skip


def text_model(path: Path) -> TextModel:
    """The model of a file that `export` wrote, its weights as the file has them; the codes are those of the start."""
    torch.manual_seed(SEED)
    model = TextModel(GUIDE)
    found = {
        tensor.name: torch.from_numpy(np.array(quants.dequantize(tensor.data, tensor.tensor_type), np.float32))
        for tensor in GGUFReader(path).tensors
    }
    state = {ours: found[name] for name, ours in _WHOLE.items()}
    for i in range(GUIDE.layers):
        part = {name: found[f"blk.{i}.{name}.weight"] for name in (*_BLOCK, *_EXPERTS, "attn_k_b", "attn_v_b")}
        state |= {f"blocks.{i}.{ours}.weight": part[name] for name, ours in _BLOCK.items()}
        state |= {f"blocks.{i}.{ours}": part[name] for name, ours in _EXPERTS.items()}
        both = torch.cat([part["attn_k_b"].transpose(1, 2), part["attn_v_b"]], 1)
        state[f"blocks.{i}.attention.kv_b.weight"] = both.reshape(-1, GUIDE.kv_rank)
    state["pictures.table"] = model.pictures.table.detach()
    model.load_state_dict(state)
    model.requires_grad_(requires_grad=False)
    return model


def conversations(encoder: Encoder, scenes: Sequence[Picture], rng: random.Random) -> tuple[Tensor, Tensor]:
    """Ids and targets [B, T] of a conversation of two questions about each scene."""
    rows = []
    for picture in scenes:
        effort = "high" if rng.random() < 0.25 else "none"
        asked = [pictures.ask(rng, picture, "train", after=i > 0) for i in range(2)]
        turns = tuple(
            Turn(typed(rng, one, "train"), effort == "high", True, False, picture if i == 0 else None)
            for i, one in enumerate(asked)
        )
        rows.append(encoder.encode(Dialogue(None, "high" if effort == "high" else "none", turns)))
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([ids + [PAD] * (longest - len(ids)) for ids, _ in rows])
    targets = torch.tensor([wanted + [IGNORED] * (longest - len(wanted)) for _, wanted in rows])
    return ids, targets


def loss_of(model: TextModel, ids: Tensor, targets: Tensor, shown: Seen) -> Tensor:
    """Mean cross-entropy over what is learned."""
    wanted = targets.reshape(-1) != IGNORED
    with mixed():
        logits = model.output(model(ids, pictures=shown).reshape(-1, model.shape.width)[wanted])
    return fn.cross_entropy(logits.float(), targets.reshape(-1)[wanted])


def learn_codes(model: TextModel, encoder: Encoder, team: Team, steps: int) -> None:
    """Find the codes that the frozen model reads: only its table moves, from where training began."""
    rows, rate = 16, 0.01
    table = model.pictures.table.requires_grad_(requires_grad=True)
    maker = torch.optim.Adam([table], rate, betas=(0.9, 0.98))
    mean = 0.0
    for step in range(steps):
        maker.param_groups[0]["lr"] = rate * min(1.0, (step + 1) / 10) * (1 - step / steps) + 1e-4
        now = 0.0
        for part in team.parts:
            rng = random.Random(f"codes:{step}:{part}")
            scenes = [draw(rng) for _ in range(rows)]
            ids, targets = conversations(encoder, scenes, rng)
            loss = loss_of(model, ids, targets, Seen(scenes, rng))
            (loss / 2).backward()
            now += loss.item() / len(team.parts)
        team.add_gradients([table])
        maker.step()
        maker.zero_grad(set_to_none=True)
        mean = now if step == 0 else 0.95 * mean + 0.05 * now
        if (step + 1) % 25 == 0 or step == 0:
            log.info("codes %d loss %.4f", step + 1, mean)
    table.requires_grad_(requires_grad=False)


def codes_of(model: TextModel, encoder: Encoder, team: Team, folder: Path, steps: int = CODE_STEPS) -> Tensor:
    """The table of codes, learned once and kept in `folder`."""
    path = folder / "codes.pt"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        learn_codes(model, encoder, team, steps)
        if team.rank == 0:
            torch.save(model.pictures.table.detach().clone(), path)
        return model.pictures.table.detach().clone()
    found: Tensor = torch.load(path, weights_only=True)
    return found
