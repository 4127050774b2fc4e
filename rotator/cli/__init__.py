"""The way in: one short function a command.  `render.py` is the only module that prints."""
