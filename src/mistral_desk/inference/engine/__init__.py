"""llama.cpp through its low-level API; the only room that imports llama_cpp, and only the worker process enters it."""
