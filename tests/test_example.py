"""The example's properties that no linter knows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHOW = """
import json, network, database, service
print(json.dumps({module.__name__: module.template.to_dict() for module in (network, database, service)}))
"""


@pytest.fixture(scope="module")
def bodies():
    """The templates by name, made apart from this process, where their modules would stay."""
    command = [sys.executable, "-B", "-c", SHOW]
    shown = subprocess.run(command, cwd=ROOT / "templates", check=True, stdout=subprocess.PIPE)
    return json.loads(shown.stdout)


class Network:
    """What CloudFormation makes of the network with given parameters."""

    def __init__(self, body, **parameters):
        self.body = body
        self.parameters = parameters
        self.resources = {
            name: resource
            for name, resource in body["Resources"].items()
            if "Condition" not in resource or self.holds(body["Conditions"][resource["Condition"]])
        }

    def holds(self, condition):
        if "Fn::And" in condition:
            return all(map(self.holds, condition["Fn::And"]))
        reference, value = condition["Fn::Equals"]
        return self.parameters[reference["Ref"]] == value

    def refers(self, value):
        """The logical id that a value refers to."""
        if "Fn::If" in value:
            condition, then, otherwise = value["Fn::If"]
            value = then if self.holds(self.body["Conditions"][condition]) else otherwise
        return value["Ref"]

    def names(self, kind):
        return sorted(
            name for name, resource in self.resources.items() if resource["Type"] == f"AWS::EC2::{kind}"
        )

    def exported(self, name):
        _, values = self.body["Outputs"][name]["Value"]["Fn::Join"]
        return [name for name in map(self.refers, values) if name != "AWS::NoValue"]


ZONES = [("2", "true"), ("2", "false"), ("3", "true"), ("3", "false")]


@pytest.mark.parametrize(("zones", "nat_per_zone"), ZONES)
def test_every_zone_has_its_subnets_and_exports_them(bodies, zones, nat_per_zone):
    network = Network(bodies["network"], Zones=zones, NatPerZone=nat_per_zone)
    numbers = range(1, int(zones) + 1)
    private = [f"PrivateSubnet{number}" for number in numbers]
    public = [f"PublicSubnet{number}" for number in numbers]
    assert network.names("Subnet") == private + public
    assert network.exported("PrivateSubnets") == private
    assert network.exported("PublicSubnets") == public


@pytest.mark.parametrize(("zones", "nat_per_zone"), ZONES)
def test_every_private_subnet_reaches_a_nat_gateway_of_its_zone_or_the_only_one(bodies, zones, nat_per_zone):
    network = Network(bodies["network"], Zones=zones, NatPerZone=nat_per_zone)
    numbers = range(1, int(zones) + 1)
    nats = [f"Nat{number}" if nat_per_zone == "true" else "Nat1" for number in numbers]
    routes = [network.resources[f"PrivateRoute{number}"]["Properties"] for number in numbers]
    assert [network.refers(route["NatGatewayId"]) for route in routes] == nats
    assert network.names("NatGateway") == sorted(set(nats))
    assert len(network.names("EIP")) == len(set(nats))


def test_the_subnets_share_no_addresses(bodies):
    subnets = [
        resource
        for resource in bodies["network"]["Resources"].values()
        if resource["Type"] == "AWS::EC2::Subnet"
    ]
    places = [subnet["Properties"]["CidrBlock"]["Fn::Select"][0] for subnet in subnets]
    assert sorted(places) == list(range(6))


def test_everything_imported_is_exported_and_nothing_is_exported_in_vain(bodies):
    exported = {
        f"${{{name.title()}}}:{output}"
        for name in ("network", "database")
        for output in bodies[name]["Outputs"]
    }
    assert set(re.findall(r"\$\{(?:Network|Database)\}:\w+", json.dumps(bodies))) == exported


def test_the_password_is_made_by_aws_and_no_template_holds_one(bodies):
    properties = bodies["database"]["Resources"]["Database"]["Properties"]
    assert properties["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in properties


def test_the_database_and_its_key_are_kept_by_policy_and_by_template(bodies):
    policy = json.loads((ROOT / "config/protection/database.json").read_text())
    denied = policy["Statement"][1]
    assert (denied["Effect"], denied["Action"]) == ("Deny", ["Update:Replace", "Update:Delete"])
    kept = {
        resource["Type"]
        for resource in bodies["database"]["Resources"].values()
        if {"DeletionPolicy", "UpdateReplacePolicy"} <= resource.keys()
    }
    assert set(denied["Condition"]["StringEquals"]["ResourceType"]) == kept


def test_instances_signal_the_group_that_waits_for_them(bodies):
    resources = bodies["service"]["Resources"]
    data = resources["LaunchTemplate"]["Properties"]["LaunchTemplateData"]
    script, _ = data["UserData"]["Fn::Base64"]["Fn::Sub"]
    assert re.search(r"cfn-signal .* --resource (\w+) ", script).group(1) == "Instances"
    assert resources["Instances"]["UpdatePolicy"]["AutoScalingRollingUpdate"]["WaitOnResourceSignals"] is True


def test_these_findings_of_checkov_are_explained_instead_of_fixed(bodies):
    explained = {
        (name, title, skip["id"])
        for name, body in bodies.items()
        for title, resource in body["Resources"].items()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
        if skip["comment"]
    }
    assert explained == {
        ("network", "FlowLogGroup", "CKV_AWS_158"),
        ("service", "AccessLogs", "CKV_AWS_18"),
        ("service", "AccessLogs", "CKV_AWS_21"),
        ("service", "LoadBalancerGroup", "CKV_AWS_260"),
    }
