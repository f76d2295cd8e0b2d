"""Which stacks are behind, and starting exactly those: laws, decisions, and a world in memory."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as some

from cfnpipe import fleet, names
from cfnpipe.aws import AwsError
from cfnpipe.aws.codepipeline import Pipelines
from cfnpipe.aws.s3 import Bucket
from cfnpipe.errors import BadInput, Refused
from cfnpipe.model import (
    INIT_STACKS,
    Arrival,
    Execution,
    ExecutionStatus,
    Place,
    Sight,
    Stack,
    Start,
    Version,
)
from tests import environments
from tests.fleets import NOON, Line, Objects, Run, World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfnpipe.model import Environment, Standing

OLD = timedelta(hours=2)
ALONE = environments.environment(stacks={"network": Stack()})
SPLIT = environments.environment(stacks={"network": Stack(sources="split")})


def quiet(_what: str, _done: int, _of: int) -> None:
    pass


def look(world: World, environment: Environment = ALONE) -> dict[str, Standing]:
    sights = fleet.look(environment, Objects(world), world, quiet)
    return {standing.stack: standing for standing in fleet.plan(sights)}


def start(world: World, environment: Environment = ALONE) -> list[Start]:
    behind = fleet.behind(look(world, environment).values())
    return list(fleet.start(behind, world))


def one(
    *runs: Run, age: timedelta = OLD, version: str = "v", sources: tuple[str, ...] = ("Bundle",)
) -> World:
    """A world of one stack, `network`, whose bundle is at a version."""
    return World(
        lines={"network_production-us": Line(sources, list(runs))},
        objects={"stacks/network/bundle.zip": Version(version, NOON - age, age)},
    )


def ran(status: ExecutionStatus, version: str = "v", name: str = "run", definition: int = 1) -> Run:
    return Run(name, status, {"Bundle": version}, definition=definition)


STATES = {
    "nothing ran": (one(), "behind"),
    "an execution succeeded": (one(ran("succeeded")), "succeeded"),
    "a reviewer rejected it": (one(ran("rejected")), "rejected"),
    "an execution runs": (one(ran("running")), "running"),
    "its Source has not finished": (one(Run("run", "running", {})), "running"),
    "it failed": (one(ran("failed")), "behind"),
    "it failed before its Source had finished": (one(Run("run", "failed", {})), "behind"),
    "an operator stopped it": (one(ran("stopped")), "behind"),
    "a newer execution superseded it": (one(ran("superseded")), "behind"),
    "a new definition cancelled it": (one(ran("cancelled", definition=0)), "behind"),
    "a new definition cancelled it in its Source": (one(Run("run", "cancelled", {}, definition=0)), "behind"),
    "another version succeeded": (one(ran("succeeded", "w")), "behind"),
    "another version runs": (one(ran("running", "w")), "behind"),
    "another version was rejected": (one(ran("rejected", "w")), "behind"),
    "it failed and then succeeded": (one(ran("succeeded"), ran("failed", name="old")), "succeeded"),
    "it succeeded and then failed": (one(ran("failed"), ran("succeeded", name="old")), "succeeded"),
    "it was rejected and then failed": (one(ran("failed"), ran("rejected", name="old")), "rejected"),
    "it runs again after a rejection": (one(ran("running"), ran("rejected", name="old")), "running"),
    "ten minutes old": (one(age=timedelta(minutes=10)), "fresh"),
    "more than ten minutes old": (one(age=timedelta(minutes=10, seconds=1)), "behind"),
    "written in the future": (one(age=-timedelta(hours=1)), "fresh"),
    "older than the history": (one(age=timedelta(days=361)), "forgotten"),
    "older than the history, and failed since": (one(ran("failed"), age=timedelta(days=361)), "behind"),
    "old, within the history": (one(age=timedelta(days=359)), "behind"),
    "the pipeline has other sources": (one(sources=("Template", "Configuration")), "no-pipeline"),
}


@pytest.mark.parametrize("what", STATES)
def test_where_a_stack_stands(what: str) -> None:
    world, state = STATES[what]
    assert look(world)["network"].state == state


def test_a_stack_without_a_bundle_or_a_pipeline_is_not_behind() -> None:
    world = one()
    assert look(world)["pipelines"].state == "no-bundle"
    del world.lines["network_production-us"]
    assert look(world)["network"].state == "no-pipeline"


def test_a_stack_that_retires_is_never_started() -> None:
    assert look(one(), environments.environment(stacks={"network": Stack(retire=True)}))["network"].state == (
        "retired"
    )


def test_the_init_stacks_count_as_well() -> None:
    world = World(
        lines={f"{stack}_production-us": Line() for stack in INIT_STACKS},
        objects={names.bundle_key(stack): Version(stack, NOON - OLD, OLD) for stack in INIT_STACKS},
    )
    assert [started.standing.stack for started in start(world)] == sorted(INIT_STACKS)


def split(*runs: Run, ages: tuple[timedelta, timedelta] = (OLD, OLD)) -> World:
    objects = {
        key: Version(version, NOON - age, age)
        for key, version, age in zip(
            ("stacks/network/template.zip", "stacks/network/configuration.zip"), ("t", "c"), ages, strict=True
        )
    }
    return World({"network_production-us": Line(("Template", "Configuration"), list(runs))}, objects)


BOTH = {"Template": "t", "Configuration": "c"}
SPLIT_STATES = {
    "both versions": (split(Run("run", "succeeded", BOTH)), "succeeded"),
    "only the template": (split(Run("run", "succeeded", BOTH | {"Configuration": "old"})), "behind"),
    "only the configuration": (split(Run("run", "succeeded", BOTH | {"Template": "old"})), "behind"),
    "one of two executions each": (
        split(
            Run("run", "succeeded", BOTH | {"Template": "old"}),
            Run("old", "succeeded", BOTH | {"Configuration": "old"}),
        ),
        "behind",
    ),
    "one source has not finished": (split(Run("run", "running", {"Template": "t"})), "running"),
    "one source failed": (split(Run("run", "failed", {"Template": "t"})), "behind"),
    "the configuration is fresh": (split(ages=(OLD, timedelta(minutes=1))), "fresh"),
}


@pytest.mark.parametrize("what", SPLIT_STATES)
def test_where_a_stack_with_split_sources_stands(what: str) -> None:
    world, state = SPLIT_STATES[what]
    assert look(world, SPLIT)["network"].state == state


def test_half_of_split_sources_is_no_bundle() -> None:
    world = split()
    del world.objects["stacks/network/configuration.zip"]
    assert look(world, SPLIT)["network"].state == "no-bundle"


def test_what_decides_is_told() -> None:
    world = one(ran("failed", name="newest"), ran("rejected", name="older"), ran("superseded", name="oldest"))
    standing = look(world)["network"]
    assert (standing.execution, standing.status, standing.latest) == ("older", "rejected", "newest")
    standing = look(one(ran("succeeded", "w", "other"), ran("stopped", name="mine")))["network"]
    assert (standing.execution, standing.status, standing.latest) == ("mine", "stopped", "other")
    standing = look(one())["network"]
    assert (standing.execution, standing.status, standing.latest) == ("", None, "")
    assert standing.versions == {"Bundle": "v"}


@pytest.mark.parametrize("shape", ["two-reviews", "split", "retired", "retired-split"])
def test_pipelines_watch_what_is_looked_at(shape: str) -> None:
    environment = environments.environment(**environments.SHAPES[shape])
    made = environments.templates(environment)
    for stack in environment.stacks:
        holder = made["sync" if stack == "pipelines" else "pipelines"]["Resources"]
        source = holder[f"{names.logical_id(stack)}Pipeline"]["Properties"]["Stages"][0]["Actions"]
        watched = {action["Name"]: action["Configuration"]["S3ObjectKey"] for action in source}
        assert watched == fleet.watched(environment, stack)


def test_the_world_in_memory_answers_like_the_real_one() -> None:
    for fake, real in ((World, Pipelines), (Objects, Bucket)):
        for name, method in inspect.getmembers(fake, inspect.isfunction):
            if not name.startswith("_"):
                assert inspect.signature(method) == inspect.signature(getattr(real, name)), name


def test_a_settled_stack_costs_two_calls_and_a_fresh_one_only_a_look_at_s3() -> None:
    world = one(ran("succeeded"), *(ran("failed", name=f"run-{number}") for number in range(9)))
    look(world)
    assert world.asked == ["executions network_production-us"]
    world = one(ran("failed"), age=timedelta(minutes=1))
    look(world)
    assert world.asked == []


def test_many_failures_cost_few_calls() -> None:
    world = one(*(ran("failed", name=f"run-{number}") for number in range(9)))
    assert look(world)["network"].state == "behind"
    assert world.asked == ["executions network_production-us", "rejections network_production-us"]


statuses = some.sampled_from(
    ("running", "succeeded", "rejected", "failed", "stopped", "superseded", "cancelled")
)


@some.composite
def worlds(draw: some.DrawFn) -> World:
    """One stack with any history of a few executions."""
    runs = [
        Run(
            f"old-{number}",
            status,
            draw(some.sampled_from(({"Bundle": "v"}, {"Bundle": "w"}, {}))),
            NOON - timedelta(minutes=number),
            definition=0 if status == "cancelled" else 1,
        )
        for number, status in enumerate(draw(some.lists(statuses, max_size=4)))
    ]
    return one(*runs, age=timedelta(minutes=draw(some.integers(-5, 600_000))))


def belongs(world: World) -> bool:
    """The definition, word for word: a succeeded, rejected or running execution has the version."""
    return any(
        (run.status in ("succeeded", "rejected", "running") and run.took == {"Bundle": "v"})
        or (run.status == "running" and not run.took)
        for run in world.lines["network_production-us"].runs
    )


@given(worlds())
def test_behind_means_what_it_says(world: World) -> None:
    age = world.objects["stacks/network/bundle.zip"].age
    standing = look(world)["network"]
    assert (standing.state == "fresh") == (age <= timedelta(minutes=10))
    if standing.state == "behind":
        assert not belongs(world)
    if standing.state not in ("behind", "fresh", "forgotten"):
        assert belongs(world)
    if standing.state == "forgotten":
        assert age > fleet.MEMORY
        assert not belongs(world)


@given(worlds())
def test_starting_what_is_behind_leaves_nothing_behind(world: World) -> None:
    before = len(world.lines["network_production-us"].runs)
    started = start(world)
    assert len(world.lines["network_production-us"].runs) == before + len(started)
    assert start(world) == []


@given(worlds())
def test_a_plan_that_is_carried_out_twice_starts_once(world: World) -> None:
    behind = fleet.behind(look(world).values())
    first, second = (list(fleet.start(behind, world)) for _ in range(2))
    assert first == second
    assert len(world.tokens) == len(behind)


@given(worlds(), some.lists(some.sampled_from(("failed", "stopped", "superseded")), max_size=4))
def test_what_fails_is_started_again_by_a_later_run(world: World, endings: list[ExecutionStatus]) -> None:
    line = world.lines["network_production-us"]
    begun = [started.execution for started in start(world)]
    for ending in endings if begun else ():
        line.runs[0] = replace(line.runs[0], status=ending, took={"Bundle": "v"})
        begun += [started.execution for started in start(world)]
    assert len(set(begun)) == len(begun)
    assert len(begun) in (0, 1 + len(endings))


def test_a_changed_definition_is_followed_by_a_start() -> None:
    world = one(ran("running"))
    assert start(world) == []
    world.lines["network_production-us"].redefine()
    assert [started.execution for started in start(world)] == ["run-0"]
    assert look(world)["network"].state == "running"


def test_a_rejection_ends_the_matter_until_there_is_a_new_version() -> None:
    world = one(ran("rejected"))
    assert start(world) == []
    world.objects["stacks/network/bundle.zip"] = Version("w", NOON - OLD, OLD)
    assert len(start(world)) == 1


TOKEN = re.compile(r"[a-zA-Z0-9-]{1,128}")


def standing_of(stack: str, versions: Mapping[str, str], latest: str) -> Standing:
    runs = (Execution(latest, "failed", NOON, {}),) if latest else ()
    return fleet.plan([Sight(stack, f"{stack}_test", Arrival(versions, NOON, OLD), runs)])[0]


@given(some.text(), some.dictionaries(some.text(), some.text(), min_size=1), some.text())
def test_a_token_is_one_that_codepipeline_takes(stack: str, versions: dict[str, str], latest: str) -> None:
    assert TOKEN.fullmatch(fleet.token(standing_of(stack, versions, latest)))


def test_a_token_tells_the_pipeline_the_versions_and_the_latest_execution() -> None:
    tokens = {
        fleet.token(standing_of(stack, versions, latest))
        for stack in ("network", "service")
        for versions in ({"Bundle": "v"}, {"Bundle": "w"}, {"Template": "v", "Configuration": "w"})
        for latest in ("", "run-1", "run-2")
    }
    assert len(tokens) == 18
    swapped = {"Configuration": "w", "Template": "v"}
    assert fleet.token(standing_of("network", swapped, "")) in tokens


def three(**broken: AwsError) -> World:
    """A world of three stacks that are behind; the pipelines of some cannot be started."""
    stacks = ("database", "network", "service")
    return World(
        lines={f"{stack}_production-us": Line() for stack in stacks},
        objects={names.bundle_key(stack): Version("v", NOON - OLD, OLD) for stack in stacks},
        broken={f"{stack}_production-us": error for stack, error in broken.items()},
    )


THREE = environments.environment(stacks={"database": Stack(), "network": Stack(), "service": Stack()})


def test_a_fault_keeps_no_other_stack_from_being_started() -> None:
    busy = AwsError("busy", code="ConflictException", hint="try again")
    found = {each.standing.stack: (each.execution, each.fault) for each in start(three(network=busy), THREE)}
    assert found == {"database": ("run-0", ""), "network": ("", "busy"), "service": ("run-1", "")}


def test_a_fault_that_all_would_meet_ends_the_run() -> None:
    denied = AwsError("access denied", code="AccessDeniedException", hint="ask for it")
    found = [(each.standing.stack, each.fault, each.hint) for each in start(three(database=denied), THREE)]
    assert found == [("database", "access denied", "ask for it")]


def test_progress_is_told() -> None:
    told: list[tuple[str, int, int]] = []
    world = three()
    fleet.look(THREE, Objects(world), world, lambda *step: told.append(step))
    assert told == [("Looking at pipelines", done, 6) for done in range(1, 7)]


def test_an_environment_without_a_source_has_no_pipelines() -> None:
    with pytest.raises(BadInput) as raised:
        look(World(), environments.environment(source=None))
    assert raised.value.message == "production-us has no source, so it has no pipelines"
    assert raised.value.where == Place("config/production-us.yaml")
    assert raised.value.hint == "its stacks are changed with: cfnpipe deploy"


@dataclass
class Nothing(Objects):
    """A bucket that cannot be seen."""

    code: str = "NotFound"

    def region(self) -> str:
        raise AwsError("cannot be seen", code=self.code)


def test_an_environment_without_a_bucket_is_not_set_up() -> None:
    world = three()
    with pytest.raises(Refused) as raised:
        fleet.look(THREE, Nothing(world), world, quiet)
    assert raised.value.message == "there is no bucket cfnpipe-production-us-source"
    assert raised.value.hint == ("set the environment up first, or look at its account and region in config/")
    with pytest.raises(AwsError, match="cannot be seen"):
        fleet.look(THREE, Nothing(world, "AccessDenied"), world, quiet)
    assert world.asked == []
