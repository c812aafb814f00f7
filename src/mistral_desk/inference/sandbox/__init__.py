"""What the children that meet hostile files may do: as little as the system lets us take away, and never a secret.

`worker` for the process that runs a model, `decoder` for the one that reads attachments; both end with a `trial`.
"""
