"""The other yardstick: the high-level way of the binding that we stand on, with pictures; in a process of its own.

Reads one order a line from stdin, a JSON object with a picture as `png` (base64), the `questions` of a conversation
and how many `tokens` each answer has; answers with wall and CPU seconds to the first token of each turn.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import llama_cpp
from llama_cpp.llama_chat_format import MTMDChatHandler


def main() -> None:
    """Serve orders until stdin ends."""
    path, eyes, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    sees = MTMDChatHandler(clip_model_path=eyes, verbose=False, use_gpu=False)
    model = llama_cpp.Llama(
        path,
        n_ctx=4096,
        chat_handler=sees,
        verbose=False,
        n_threads=threads,
        n_threads_batch=threads,
        flash_attn=True,
    )
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(_turns(model, json.loads(line))), flush=True)


def _turns(model: Any, order: dict[str, Any]) -> list[tuple[float, float]]:
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{order['png']}"}}
    messages: list[dict[str, Any]] = []
    firsts: list[tuple[float, float]] = []
    for number, question in enumerate(order["questions"]):
        text = {"type": "text", "text": question}
        messages.append({"role": "user", "content": question if number else [picture, text]})
        wall, cpu, said = time.perf_counter(), time.process_time(), ""
        stream = model.create_chat_completion(messages, stream=True, max_tokens=order["tokens"], temperature=0.0)
        for part in stream:
            found = part["choices"][0]["delta"].get("content")
            if found is not None and len(firsts) == number:
                firsts.append((time.perf_counter() - wall, time.process_time() - cpu))
            said += found or ""
        messages.append({"role": "assistant", "content": said})
    return firsts


if __name__ == "__main__":
    main()
