"""The window. Qt begins here; everything below it runs without."""

from mistral_desk.ui.refcount import keep_singletons

keep_singletons()
