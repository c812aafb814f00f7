"""Where the bundle begins: the same doors as `python -m mistral_desk`."""

from mistral_desk.__main__ import main

if __name__ == "__main__":
    raise SystemExit(main())
