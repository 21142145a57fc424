"""The command ``tetrakis``."""

from tetrakis.cli._app import app as app
from tetrakis.cli._app import main as main
