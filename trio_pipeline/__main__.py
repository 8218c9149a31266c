"""`python -m trio_pipeline` is the command `trio-pipeline`."""

from __future__ import annotations

from trio_pipeline.cli import main

if __name__ == "__main__":
    main()
