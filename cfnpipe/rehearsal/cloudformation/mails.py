"""The e-mails of SNS, which go nowhere: what each subscriber would have got."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple


class Mail(NamedTuple):
    """A message to a subscriber."""

    topic: str
    """The topic's ARN."""
    subject: str
    body: str
    to: str


@dataclass(frozen=True)
class Mails:
    """Everything that was sent."""

    sent: list[Mail]

    def install(self) -> None:
        """Stand where ministack delivers messages."""
        from ministack.services import sns

        fanout = sns._fanout

        def delivering(topic: str, number: str, message: str, subject: str, *rest: Any, **more: Any) -> None:
            structure = more.get("message_structure", rest[0] if rest else "")
            body = sns._resolve_message_for_protocol(message, structure, "email")
            there = sns._topic_by_arn_any_scope(topic) or {}
            for each in there.get("subscriptions", []):
                if each.get("protocol") == "email":
                    self.sent.append(
                        Mail(topic, subject or "AWS Notification Message", body, each["endpoint"])
                    )
            fanout(topic, number, message, subject, *rest, **more)

        sns._fanout = delivering
