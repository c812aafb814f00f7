"""The one place that makes connections: everything that leaves this computer goes through here.

So the offline switch, the ledger and the rules about redirects and tokens hold for all of it.
"""
