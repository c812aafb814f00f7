"""What is known about models before one is loaded: their files' headers and the facts about them.

It stands below fit and inference, so that both judge a model by the same reading of it.
"""
