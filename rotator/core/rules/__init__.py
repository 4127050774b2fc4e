"""The rules of the protocol, a module for each stretch of it; `next_step.py` holds their order.

Every rule is `(situation) -> Step | None`, named after what it guards.
"""
