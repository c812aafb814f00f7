"""The decode child: a short-lived process that meets hostile files, so that nothing else has to.

It imports little, because a person waits for its start; the app's side of the pipe is `chat.attachments`.
"""
