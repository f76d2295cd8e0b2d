"""Network: one VPC with a public and a private subnet in each of two or three zones.

Load balancers and NAT gateways live in the public subnets, everything else in the private ones,
which can call the internet but not be called from it. Every connection is logged.
"""

from awacs import logs as log_actions
from awacs.aws import Allow, Condition, PolicyDocument, Principal, Statement, StringEquals
from awacs.sts import AssumeRole
from troposphere import (
    AccountId,
    And,
    Cidr,
    Equals,
    GetAtt,
    GetAZs,
    If,
    Join,
    NoValue,
    Parameter,
    Ref,
    Select,
    StackName,
    Sub,
    Tags,
    Template,
    ec2,
    iam,
    logs,
)

from _exports import export

template = Template(Description=__doc__)

vpc_cidr = template.add_parameter(
    Parameter(
        "VpcCidr",
        Description="Addresses of the VPC, of which every subnet takes a /20",
        Type="String",
        Default="10.0.0.0/16",
        AllowedPattern=r"^\d{1,3}\.\d{1,3}\.0\.0/16$",
        ConstraintDescription="must be a /16 such as 10.0.0.0/16",
    )
)
zones = template.add_parameter(
    Parameter(
        "Zones",
        Description="Availability zones to use; fixed as soon as another stack imports the subnets",
        Type="Number",
        Default=2,
        AllowedValues=[2, 3],
    )
)
nat_per_zone = template.add_parameter(
    Parameter(
        "NatPerZone",
        Description="true: the loss of a zone harms no other; false: one NAT gateway serves all zones",
        Type="String",
        Default="true",
        AllowedValues=["true", "false"],
    )
)
flow_log_days = template.add_parameter(
    Parameter(
        "FlowLogDays",
        Description="Days for which flow logs are kept",
        Type="Number",
        Default=90,
        AllowedValues=[7, 30, 90, 180, 365],
    )
)

third_zone = Equals(Ref(zones), "3")
every_nat = Equals(Ref(nat_per_zone), "true")
template.add_condition("ThirdZone", third_zone)
template.add_condition("EveryNat", every_nat)
template.add_condition("ThirdNat", And(third_zone, every_nat))

vpc = template.add_resource(
    ec2.VPC(
        "Vpc",
        CidrBlock=Ref(vpc_cidr),
        EnableDnsHostnames=True,
        EnableDnsSupport=True,
        Tags=Tags(Name=StackName),
    )
)
internet = template.add_resource(ec2.InternetGateway("InternetGateway", Tags=Tags(Name=StackName)))
attachment = template.add_resource(
    ec2.VPCGatewayAttachment("InternetAttachment", VpcId=Ref(vpc), InternetGatewayId=Ref(internet))
)
public_routes = template.add_resource(
    ec2.RouteTable("PublicRoutes", VpcId=Ref(vpc), Tags=Tags(Name=Sub("${AWS::StackName}-public")))
)
template.add_resource(
    ec2.Route(
        "PublicRoute",
        DependsOn=attachment,
        RouteTableId=Ref(public_routes),
        DestinationCidrBlock="0.0.0.0/0",
        GatewayId=Ref(internet),
    )
)


def subnet(kind: str, zone: int, place: int, routes: ec2.RouteTable, **condition: str) -> ec2.Subnet:
    """Add a subnet with its routes. `place`: which it takes of six ranges, whatever the number of zones."""
    made = template.add_resource(
        ec2.Subnet(
            f"{kind}Subnet{zone}",
            VpcId=Ref(vpc),
            AvailabilityZone=Select(zone - 1, GetAZs()),
            CidrBlock=Select(place, Cidr(GetAtt(vpc, "CidrBlock"), 6, 12)),
            Tags=Tags(Name=Sub(f"${{AWS::StackName}}-{kind.lower()}-{zone}")),
            **condition,
        )
    )
    template.add_resource(
        ec2.SubnetRouteTableAssociation(
            f"{kind}Association{zone}", SubnetId=Ref(made), RouteTableId=Ref(routes), **condition
        )
    )
    return made


for zone, in_use, with_nat in (
    (1, {}, {}),
    (2, {}, {"Condition": "EveryNat"}),
    (3, {"Condition": "ThirdZone"}, {"Condition": "ThirdNat"}),
):
    public = subnet("Public", zone, zone - 1, public_routes, **in_use)
    address = template.add_resource(
        ec2.EIP(f"NatAddress{zone}", DependsOn=attachment, Domain="vpc", **with_nat)
    )
    template.add_resource(
        ec2.NatGateway(
            f"Nat{zone}",
            AllocationId=GetAtt(address, "AllocationId"),
            SubnetId=Ref(public),
            Tags=Tags(Name=Sub(f"${{AWS::StackName}}-{zone}")),
            **with_nat,
        )
    )
    private_routes = template.add_resource(
        ec2.RouteTable(
            f"PrivateRoutes{zone}",
            VpcId=Ref(vpc),
            Tags=Tags(Name=Sub(f"${{AWS::StackName}}-private-{zone}")),
            **in_use,
        )
    )
    template.add_resource(
        ec2.Route(
            f"PrivateRoute{zone}",
            RouteTableId=Ref(private_routes),
            DestinationCidrBlock="0.0.0.0/0",
            NatGatewayId=If("EveryNat", Ref(f"Nat{zone}"), Ref("Nat1")),
            **in_use,
        )
    )
    subnet("Private", zone, zone + 2, private_routes, **in_use)


def of_every_zone(name: str) -> list[Ref | If]:
    """Refer to what each zone in use has of a kind."""
    return [Ref(f"{name}1"), Ref(f"{name}2"), If("ThirdZone", Ref(f"{name}3"), NoValue)]


# Gateway endpoints cost nothing and keep the traffic to S3 and DynamoDB off the NAT gateways.
for name, service in (("S3Endpoint", "s3"), ("DynamoDbEndpoint", "dynamodb")):
    template.add_resource(
        ec2.VPCEndpoint(
            name,
            VpcId=Ref(vpc),
            VpcEndpointType="Gateway",
            ServiceName=Sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
            RouteTableIds=of_every_zone("PrivateRoutes"),
        )
    )

flow_log_group = template.add_resource(
    logs.LogGroup(
        "FlowLogGroup",
        DeletionPolicy="Retain",
        UpdateReplacePolicy="Retain",
        RetentionInDays=Ref(flow_log_days),
        Metadata={
            "checkov": {
                "skip": [{"id": "CKV_AWS_158", "comment": "Addresses, no content: AWS's own key is enough"}]
            }
        },
    )
)
flow_log_role = template.add_resource(
    iam.Role(
        "FlowLogRole",
        AssumeRolePolicyDocument=PolicyDocument(
            Version="2012-10-17",
            Statement=[
                Statement(
                    Effect=Allow,
                    Principal=Principal("Service", "vpc-flow-logs.amazonaws.com"),
                    Action=[AssumeRole],
                    Condition=Condition(StringEquals("aws:SourceAccount", AccountId)),
                )
            ],
        ),
        Policies=[
            iam.Policy(
                PolicyName="write-flow-logs",
                PolicyDocument=PolicyDocument(
                    Version="2012-10-17",
                    Statement=[
                        Statement(
                            Effect=Allow,
                            Action=[
                                log_actions.CreateLogStream,
                                log_actions.DescribeLogStreams,
                                log_actions.PutLogEvents,
                            ],
                            Resource=[GetAtt(flow_log_group, "Arn")],
                        )
                    ],
                ),
            )
        ],
    )
)
template.add_resource(
    ec2.FlowLog(
        "FlowLog",
        ResourceType="VPC",
        ResourceId=Ref(vpc),
        TrafficType="ALL",
        LogGroupName=Ref(flow_log_group),
        DeliverLogsPermissionArn=GetAtt(flow_log_role, "Arn"),
    )
)

export(template, "VpcId", Ref(vpc), "VPC")
export(template, "VpcCidr", GetAtt(vpc, "CidrBlock"), "Addresses of the VPC")
export(template, "PublicSubnets", Join(",", of_every_zone("PublicSubnet")), "Subnets of load balancers")
export(template, "PrivateSubnets", Join(",", of_every_zone("PrivateSubnet")), "Subnets for everything else")
