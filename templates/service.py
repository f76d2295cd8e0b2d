"""Service: instances behind an HTTPS load balancer, as many as the load asks for, with a database.

The image is an Amazon Linux 2023 that carries the program as the systemd unit `service`; it reads
/etc/service.env, listens on `Port` and answers 200 at /health when it is ready. Instances install
nothing when they start: what was reviewed is what runs. A change replaces them one by one, and is
undone if they do not get ready.
"""

from awacs import kms, secretsmanager
from awacs import s3 as s3_actions
from awacs.aws import Allow, Bool, Condition, Deny, PolicyDocument, Principal, Statement, StringEquals
from awacs.helpers.trust import make_simple_assume_policy
from troposphere import (
    Base64,
    GetAtt,
    Parameter,
    Ref,
    Split,
    StackName,
    Sub,
    Template,
    autoscaling,
    ec2,
    iam,
    policies,
    s3,
)
from troposphere import elasticloadbalancingv2 as elb

from _exports import export, imports

template = Template(Description=__doc__)

network = imports(template, "Network")
database = imports(template, "Database")
certificate = template.add_parameter(
    Parameter(
        "Certificate",
        Description="ARN of the ACM certificate that the load balancer shows",
        Type="String",
        AllowedPattern="^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9a-f-]+$",
        ConstraintDescription="must be the ARN of a certificate in ACM",
    )
)
image = template.add_parameter(
    Parameter(
        "ImageId",
        Description="Image with the program, in this region, for the processor of InstanceType",
        Type="AWS::EC2::Image::Id",
    )
)
instance_type = template.add_parameter(
    Parameter(
        "InstanceType",
        Description="Size of an instance",
        Type="String",
        Default="t4g.small",
        AllowedPattern=r"^[a-z0-9-]+\.[a-z0-9-]+$",
    )
)
min_size = template.add_parameter(
    Parameter(
        "MinSize",
        Description="Instances at least, also while they are being replaced",
        Type="Number",
        Default=2,
        MinValue=1,
        MaxValue=100,
    )
)
max_size = template.add_parameter(
    Parameter(
        "MaxSize",
        Description="Instances at most; more than MinSize, because replacing needs room for one",
        Type="Number",
        Default=4,
        MinValue=2,
        MaxValue=101,
    )
)
port = template.add_parameter(
    Parameter(
        "Port",
        Description="Port on which the program listens",
        Type="Number",
        Default=8080,
        MinValue=1024,
        MaxValue=65535,
    )
)


def tcp(description: str, port: object, **peer: object) -> ec2.SecurityGroupRule:
    """Make the rule that allows connections to one port."""
    return ec2.SecurityGroupRule(
        Description=description, IpProtocol="tcp", FromPort=port, ToPort=port, **peer
    )


# Anybody may reach the load balancer, only that reaches the instances, only they the database.
load_balancer_group = template.add_resource(
    ec2.SecurityGroup(
        "LoadBalancerGroup",
        GroupDescription="Load balancer",
        VpcId=network("VpcId"),
        SecurityGroupIngress=[
            tcp("HTTPS", 443, CidrIp="0.0.0.0/0"),
            tcp("HTTP, which is redirected to HTTPS", 80, CidrIp="0.0.0.0/0"),
        ],
        SecurityGroupEgress=[tcp("Instances", Ref(port), CidrIp=network("VpcCidr"))],
        Metadata={"checkov": {"skip": [{"id": "CKV_AWS_260", "comment": "Port 80 only redirects to HTTPS"}]}},
    )
)
instance_group = template.add_resource(
    ec2.SecurityGroup(
        "InstanceGroup",
        GroupDescription="Instances",
        VpcId=network("VpcId"),
        SecurityGroupIngress=[
            tcp("Load balancer", Ref(port), SourceSecurityGroupId=GetAtt(load_balancer_group, "GroupId"))
        ],
        SecurityGroupEgress=[
            tcp("AWS APIs", 443, CidrIp="0.0.0.0/0"),
            tcp("Database", database("Port"), DestinationSecurityGroupId=database("SecurityGroupId")),
        ],
    )
)
database_rule = template.add_resource(
    ec2.SecurityGroupIngress(
        "DatabaseRule",
        GroupId=database("SecurityGroupId"),
        Description=StackName,
        IpProtocol="tcp",
        FromPort=database("Port"),
        ToPort=database("Port"),
        SourceSecurityGroupId=GetAtt(instance_group, "GroupId"),
    )
)

role = template.add_resource(
    iam.Role(
        "Role",
        AssumeRolePolicyDocument=make_simple_assume_policy("ec2.amazonaws.com"),
        # Operators reach an instance through Session Manager: there is no SSH and no open port.
        ManagedPolicyArns=[Sub("arn:${AWS::Partition}:iam::aws:policy/AmazonSSMManagedInstanceCore")],
        Policies=[
            iam.Policy(
                PolicyName="read-database-secret",
                PolicyDocument=PolicyDocument(
                    Version="2012-10-17",
                    Statement=[
                        Statement(
                            Effect=Allow,
                            Action=[secretsmanager.GetSecretValue],
                            Resource=[database("SecretArn")],
                        ),
                        Statement(
                            Effect=Allow,
                            Action=[kms.Decrypt],
                            Resource=[database("KeyArn")],
                            Condition=Condition(
                                StringEquals(
                                    "kms:ViaService", Sub("secretsmanager.${AWS::Region}.amazonaws.com")
                                )
                            ),
                        ),
                    ],
                ),
            )
        ],
    )
)
profile = template.add_resource(iam.InstanceProfile("InstanceProfile", Roles=[Ref(role)]))

# CloudFormation waits for the signal of each new instance, and undoes the change if one fails.
START = """\
#!/bin/bash
trap '/opt/aws/bin/cfn-signal -e $? --stack ${AWS::StackId} --resource Instances --region ${AWS::Region}' EXIT
set -e
cat > /etc/service.env <<END
PORT=${Port}
DATABASE_HOST=${DatabaseHost}
DATABASE_PORT=${DatabasePort}
DATABASE_SECRET_ARN=${DatabaseSecretArn}
END
systemctl enable --now service
curl --silent --fail --retry 60 --retry-delay 5 --retry-all-errors http://localhost:${Port}/health
"""

launch_template = template.add_resource(
    ec2.LaunchTemplate(
        "LaunchTemplate",
        LaunchTemplateData=ec2.LaunchTemplateData(
            ImageId=Ref(image),
            InstanceType=Ref(instance_type),
            IamInstanceProfile=ec2.IamInstanceProfile(Arn=GetAtt(profile, "Arn")),
            SecurityGroupIds=[GetAtt(instance_group, "GroupId")],
            MetadataOptions=ec2.MetadataOptions(HttpTokens="required", HttpPutResponseHopLimit=1),
            Monitoring=ec2.Monitoring(Enabled=True),
            BlockDeviceMappings=[
                ec2.LaunchTemplateBlockDeviceMapping(
                    DeviceName="/dev/xvda", Ebs=ec2.EBSBlockDevice(Encrypted=True, VolumeType="gp3")
                )
            ],
            UserData=Base64(
                Sub(
                    START,
                    DatabaseHost=database("Host"),
                    DatabasePort=database("Port"),
                    DatabaseSecretArn=database("SecretArn"),
                )
            ),
        ),
    )
)

log_bucket = template.add_resource(
    s3.Bucket(
        "AccessLogs",
        DeletionPolicy="Retain",
        UpdateReplacePolicy="Retain",
        # A load balancer can write to a bucket with this encryption only.
        BucketEncryption=s3.BucketEncryption(
            ServerSideEncryptionConfiguration=[
                s3.ServerSideEncryptionRule(
                    ServerSideEncryptionByDefault=s3.ServerSideEncryptionByDefault(SSEAlgorithm="AES256")
                )
            ]
        ),
        LifecycleConfiguration=s3.LifecycleConfiguration(
            Rules=[s3.LifecycleRule(Status="Enabled", ExpirationInDays=90)]
        ),
        OwnershipControls=s3.OwnershipControls(
            Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]
        ),
        PublicAccessBlockConfiguration=s3.PublicAccessBlockConfiguration(
            BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
        ),
        Metadata={
            "checkov": {
                "skip": [
                    {"id": "CKV_AWS_18", "comment": "It holds access logs itself"},
                    {"id": "CKV_AWS_21", "comment": "Logs are written once and never changed"},
                ]
            }
        },
    )
)
log_bucket_policy = template.add_resource(
    s3.BucketPolicy(
        "AccessLogsPolicy",
        Bucket=Ref(log_bucket),
        PolicyDocument=PolicyDocument(
            Version="2012-10-17",
            Statement=[
                Statement(
                    Effect=Allow,
                    Principal=Principal("Service", "logdelivery.elasticloadbalancing.amazonaws.com"),
                    Action=[s3_actions.PutObject],
                    Resource=[Sub("${AccessLogs.Arn}/AWSLogs/${AWS::AccountId}/*")],
                ),
                Statement(
                    Effect=Deny,
                    Principal=Principal("*"),
                    Action=[s3_actions.Action("*")],
                    Resource=[GetAtt(log_bucket, "Arn"), Sub("${AccessLogs.Arn}/*")],
                    Condition=Condition(Bool("aws:SecureTransport", "false")),
                ),
            ],
        ),
    )
)

load_balancer = template.add_resource(
    elb.LoadBalancer(
        "LoadBalancer",
        DependsOn=log_bucket_policy,
        Scheme="internet-facing",
        Subnets=Split(",", network("PublicSubnets")),
        SecurityGroups=[GetAtt(load_balancer_group, "GroupId")],
        LoadBalancerAttributes=[
            elb.LoadBalancerAttributes(Key=key, Value=value)
            for key, value in (
                ("access_logs.s3.enabled", "true"),
                ("access_logs.s3.bucket", Ref(log_bucket)),
                ("routing.http.drop_invalid_header_fields.enabled", "true"),
            )
        ],
    )
)
target_group = template.add_resource(
    elb.TargetGroup(
        "TargetGroup",
        VpcId=network("VpcId"),
        Protocol="HTTP",
        Port=Ref(port),
        HealthCheckPath="/health",
        HealthCheckIntervalSeconds=10,
        HealthyThresholdCount=2,
        TargetGroupAttributes=[
            elb.TargetGroupAttribute(Key="deregistration_delay.timeout_seconds", Value="30")
        ],
    )
)
template.add_resource(
    elb.Listener(
        "HttpsListener",
        LoadBalancerArn=Ref(load_balancer),
        Protocol="HTTPS",
        Port=443,
        SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
        Certificates=[elb.Certificate(CertificateArn=Ref(certificate))],
        DefaultActions=[elb.Action(Type="forward", TargetGroupArn=Ref(target_group))],
    )
)
template.add_resource(
    elb.Listener(
        "HttpListener",
        LoadBalancerArn=Ref(load_balancer),
        Protocol="HTTP",
        Port=80,
        DefaultActions=[
            elb.Action(
                Type="redirect",
                RedirectConfig=elb.RedirectConfig(Protocol="HTTPS", Port="443", StatusCode="HTTP_301"),
            )
        ],
    )
)

instances = template.add_resource(
    autoscaling.AutoScalingGroup(
        "Instances",
        DependsOn=database_rule,
        VPCZoneIdentifier=Split(",", network("PrivateSubnets")),
        LaunchTemplate=autoscaling.LaunchTemplateSpecification(
            LaunchTemplateId=Ref(launch_template), Version=GetAtt(launch_template, "LatestVersionNumber")
        ),
        MinSize=Ref(min_size),
        MaxSize=Ref(max_size),
        TargetGroupARNs=[Ref(target_group)],
        HealthCheckType="ELB",
        HealthCheckGracePeriod=300,
        DefaultInstanceWarmup=120,
        Tags=autoscaling.Tags(Name=StackName),
        CreationPolicy=policies.CreationPolicy(
            ResourceSignal=policies.ResourceSignal(Count=Ref(min_size), Timeout="PT15M")
        ),
        UpdatePolicy=policies.UpdatePolicy(
            AutoScalingRollingUpdate=policies.AutoScalingRollingUpdate(
                MinInstancesInService=Ref(min_size),
                MaxBatchSize=1,
                WaitOnResourceSignals=True,
                PauseTime="PT15M",
                SuspendProcesses=["AlarmNotification", "AZRebalance", "ReplaceUnhealthy", "ScheduledActions"],
            )
        ),
    )
)
template.add_resource(
    autoscaling.ScalingPolicy(
        "ScalingPolicy",
        AutoScalingGroupName=Ref(instances),
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration=autoscaling.TargetTrackingConfiguration(
            PredefinedMetricSpecification=autoscaling.PredefinedMetricSpecification(
                PredefinedMetricType="ASGAverageCPUUtilization"
            ),
            TargetValue=50,
        ),
    )
)

export(template, "HostName", GetAtt(load_balancer, "DNSName"), "Load balancer, for an alias in DNS")
export(template, "HostedZoneId", GetAtt(load_balancer, "CanonicalHostedZoneID"), "Its hosted zone")
