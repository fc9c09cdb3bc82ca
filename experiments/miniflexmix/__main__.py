"""`python -m experiments.miniflexmix`."""

import sys

from experiments.miniflexmix.cli import main

sys.exit(main())
