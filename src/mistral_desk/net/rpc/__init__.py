"""Other computers that lend their memory, over llama.cpp's RPC protocol: their addresses, their test, their measuring.

Pure Python: a computer that dies or lies while it is asked harms nobody here.
"""
