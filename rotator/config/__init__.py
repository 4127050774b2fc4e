"""The configuration file: schema, loader with file:line:col, what follows from it.

Nothing is imported here, so that `rotator --help` does not pay for pydantic and YAML: import `config.loader` etc.
inside the function that needs it.
"""
