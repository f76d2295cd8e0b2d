"""The pipelines of a template: stages, actions, and what each action is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cfnpipe.validate.catalogue import ACTIONS, MODES
from cfnpipe.validate.nodes import resources
from cfnpipe.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.catalogue import Kind
    from cfnpipe.validate.nodes import Node
    from cfnpipe.validate.subject import StackView

CONDITIONS = ("BeforeEntry", "OnSuccess", "OnFailure")
"""Where a stage has conditions."""


@dataclass(frozen=True)
class Action:
    """One action of a pipeline."""

    node: Node
    stage: int
    """The position of its stage, from 0."""
    stage_name: str

    @property
    def name(self) -> str:
        """`'Deploy/CreateChangeSet'`, as messages show it."""
        return quoted(f"{self.stage_name}/{self.node['Name'].text or '?'}")

    @cached_property
    def type(self) -> tuple[str, str, str]:
        """Category, owner and provider; empty where they are not known."""
        type_id = self.node["ActionTypeId"]
        return type_id["Category"].fixed or "", type_id["Owner"].fixed or "", type_id["Provider"].fixed or ""

    @property
    def kind(self) -> Kind | None:
        """What the catalogue says about its provider; None if it does not have it."""
        return ACTIONS.get(self.type)

    @property
    def provider(self) -> str:
        """The provider, if it is one of AWS."""
        _, owner, provider = self.type
        return provider if owner == "AWS" else ""

    @property
    def is_source(self) -> bool:
        """Whether it brings something into the pipeline."""
        return self.type[0] == "Source"

    @property
    def is_approval(self) -> bool:
        """Whether it waits for a person."""
        return self.type[0] == "Approval"

    @property
    def configuration(self) -> Node:
        """The provider's own settings."""
        return self.node["Configuration"]

    @cached_property
    def mode(self) -> str:
        """The `ActionMode` of a CloudFormation action; empty for every other, and if it is unknown."""
        mode = self.configuration["ActionMode"].fixed if self.provider == "CloudFormation" else ""
        return mode if mode in MODES else ""

    @property
    def order(self) -> int:
        """Its place in the stage; actions of the same order run at the same time."""
        return self.node["RunOrder"].number or 1

    @property
    def order_pointer(self) -> str:
        """Where its order stands, or the action if it has none."""
        order = self.node["RunOrder"]
        return order.pointer if order.present else self.node.pointer


@dataclass(frozen=True)
class Stage:
    """One stage of a pipeline."""

    node: Node
    position: int
    """From 0."""
    actions: tuple[Action, ...]

    def conditions(self) -> Iterator[tuple[str, Node]]:
        """Yield where it may have conditions, with the list of them."""
        for place in CONDITIONS:
            yield place, self.node[place]["Conditions"]

    def rules(self) -> Iterator[tuple[str, Node, Node]]:
        """Yield for each rule of its conditions where it stands, the condition, and the rule."""
        for place, conditions in self.conditions():
            for condition in conditions.elements():
                for rule in condition["Rules"].elements():
                    yield place, condition, rule


@dataclass(frozen=True)
class Pipeline:
    """One pipeline of a template."""

    logical_id: str
    node: Node
    """Its properties."""
    stages: tuple[Stage, ...]

    @property
    def actions(self) -> tuple[Action, ...]:
        """The actions of every stage, in the order in which they are written."""
        return tuple(action for stage in self.stages for action in stage.actions)

    @property
    def sources(self) -> dict[str | None, Action]:
        """The source actions by name; None stands for those of which too little is known."""
        return {
            action.node["Name"].fixed if action.is_source else None: action
            for action in self.actions
            if action.is_source or not action.type[0]
        }

    @property
    def is_v1(self) -> bool:
        """Whether it says that it is V1."""
        return self.node["PipelineType"].fixed == "V1"


def pipelines(view: StackView) -> Iterator[Pipeline]:
    """Yield the pipelines of a template."""
    for logical_id, node in resources(view, "AWS::CodePipeline::Pipeline"):
        stages = tuple(_stage(stage, position) for position, stage in enumerate(node["Stages"].elements()))
        yield Pipeline(logical_id, node, stages)


def stages(view: StackView) -> Iterator[Stage]:
    """Yield every stage of every pipeline."""
    for pipeline in pipelines(view):
        yield from pipeline.stages


def actions(view: StackView) -> Iterator[Action]:
    """Yield every action of every pipeline."""
    for stage in stages(view):
        yield from stage.actions


def _stage(node: Node, position: int) -> Stage:
    name = node["Name"].text or "?"
    return Stage(
        node, position, tuple(Action(action, position, name) for action in node["Actions"].elements())
    )
