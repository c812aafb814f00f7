"""Other computers that lend their memory to a model, and this one as such a helper: llama.cpp's RPC, experimental."""
