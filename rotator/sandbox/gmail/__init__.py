"""A local Gmail: accounts, send-as aliases with a real relay behind them, tokens, bounces.  See `GmailServer`.

Where the real Gmail's behaviour is not public the answer is a setting, or marked as invented where it stands.
"""

from rotator.sandbox.gmail.dsn import VARIANTS, Variant
from rotator.sandbox.gmail.server import CONSUMER_SCOPES, WORKSPACE_SCOPES, GmailServer, PasteRefused
from rotator.sandbox.gmail.store import Msa

__all__ = ["CONSUMER_SCOPES", "VARIANTS", "WORKSPACE_SCOPES", "GmailServer", "Msa", "PasteRefused", "Variant"]
