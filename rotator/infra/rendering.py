"""A template as YAML: the same bytes for the same plan."""

from __future__ import annotations

from typing import Any

import yaml

from rotator.infra.access import access
from rotator.infra.plan import Plan
from rotator.infra.sending import sending

TEMPLATES = {"sending": sending, "access": access}
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
SENT_AT_MOST = 51_200  # bytes of a template in the request; a longer one goes by way of a bucket


class _Plain(yaml.SafeDumper):
    """Without anchors: CloudFormation takes none."""

    def ignore_aliases(self, data: Any) -> bool:
        """Everything is written out."""
        return True


def rendered(name: str, plan: Plan) -> str:
    """The template of that name; its keys in the order in which they were thought of."""
    return yaml.dump(TEMPLATES[name](plan), Dumper=_Plain, sort_keys=False, width=110, allow_unicode=False)
