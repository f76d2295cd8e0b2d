"""Database: an encrypted PostgreSQL or MySQL instance in the private subnets of a network.

RDS makes the administrator's password, keeps it in Secrets Manager and rotates it: no template,
parameter or log ever holds it. The instance lets nobody in; a stack that needs it adds its own rule
to the exported security group.
"""

from awacs.helpers.trust import make_simple_assume_policy
from troposphere import (
    Equals,
    FindInMap,
    GetAtt,
    If,
    Parameter,
    Ref,
    Split,
    Sub,
    Template,
    ec2,
    iam,
    kms,
    rds,
)

from _exports import export, imports

template = Template(Description=__doc__)

network = imports(template, "Network")
engine = template.add_parameter(
    Parameter(
        "Engine",
        Description="Kind of database",
        Type="String",
        Default="postgres",
        AllowedValues=["postgres", "mysql"],
    )
)
port = template.add_parameter(
    Parameter(
        "Port",
        Description="Port on which it listens",
        Type="Number",
        Default=5432,
        MinValue=1150,
        MaxValue=65535,
    )
)
instance_class = template.add_parameter(
    Parameter(
        "InstanceClass",
        Description="Size of the instance",
        Type="String",
        Default="db.t4g.medium",
        AllowedPattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$",
    )
)
storage = template.add_parameter(
    Parameter(
        "Storage",
        Description="GiB to begin with; it grows up to 1000",
        Type="Number",
        Default=20,
        MinValue=20,
        MaxValue=1000,
    )
)
multi_az = template.add_parameter(
    Parameter(
        "MultiAz",
        Description="Whether a standby in another zone takes over when this one fails",
        Type="String",
        Default="true",
        AllowedValues=["true", "false"],
    )
)
backup_days = template.add_parameter(
    Parameter(
        "BackupDays",
        Description="Days back to which it can be restored",
        Type="Number",
        Default=14,
        MinValue=1,
        MaxValue=35,
    )
)
deletion_protection = template.add_parameter(
    Parameter(
        "DeletionProtection",
        Description="Whether RDS refuses to delete it",
        Type="String",
        Default="true",
        AllowedValues=["true", "false"],
    )
)

template.add_mapping(
    "Engines",
    {
        "postgres": {"Version": "17", "Family": "postgres17", "Logs": ["postgresql"]},
        "mysql": {"Version": "8.4", "Family": "mysql8.4", "Logs": ["error", "slowquery"]},
    },
)
template.add_condition("IsPostgres", Equals(Ref(engine), "postgres"))

# Snapshots outlive the stack, and cannot be read without their key: the key stays, too.
key = template.add_resource(
    kms.Key(
        "Key",
        DeletionPolicy="Retain",
        UpdateReplacePolicy="Retain",
        Description=Sub("Storage, snapshots, secret and insights of ${AWS::StackName}"),
        EnableKeyRotation=True,
    )
)
subnet_group = template.add_resource(
    rds.DBSubnetGroup(
        "SubnetGroup",
        DBSubnetGroupDescription="Private subnets of the network",
        SubnetIds=Split(",", network("PrivateSubnets")),
    )
)
security_group = template.add_resource(
    ec2.SecurityGroup(
        "SecurityGroup",
        GroupDescription="Clients of the database, each let in by its own stack",
        VpcId=network("VpcId"),
        SecurityGroupEgress=[
            ec2.SecurityGroupRule(
                Description="Nothing beyond the VPC",
                IpProtocol="-1",
                CidrIp=network("VpcCidr"),
            )
        ],
    )
)
parameter_group = template.add_resource(
    rds.DBParameterGroup(
        "ParameterGroup",
        Description="TLS for every connection",
        Family=FindInMap("Engines", Ref(engine), "Family"),
        Parameters=If("IsPostgres", {"rds.force_ssl": "1"}, {"require_secure_transport": "1"}),
    )
)
monitoring_role = template.add_resource(
    iam.Role(
        "MonitoringRole",
        AssumeRolePolicyDocument=make_simple_assume_policy("monitoring.rds.amazonaws.com"),
        ManagedPolicyArns=[
            Sub("arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole")
        ],
    )
)
database = template.add_resource(
    rds.DBInstance(
        "Database",
        DeletionPolicy="Snapshot",
        UpdateReplacePolicy="Snapshot",
        DeletionProtection=Ref(deletion_protection),
        Engine=Ref(engine),
        EngineVersion=FindInMap("Engines", Ref(engine), "Version"),
        AutoMinorVersionUpgrade=True,
        DBInstanceClass=Ref(instance_class),
        DBParameterGroupName=Ref(parameter_group),
        Port=Ref(port),
        MasterUsername="administrator",
        ManageMasterUserPassword=True,
        MasterUserSecret=rds.MasterUserSecret(KmsKeyId=GetAtt(key, "Arn")),
        EnableIAMDatabaseAuthentication=True,
        DBSubnetGroupName=Ref(subnet_group),
        VPCSecurityGroups=[GetAtt(security_group, "GroupId")],
        PubliclyAccessible=False,
        MultiAZ=Ref(multi_az),
        StorageType="gp3",
        AllocatedStorage=Ref(storage),
        MaxAllocatedStorage=1000,
        StorageEncrypted=True,
        KmsKeyId=GetAtt(key, "Arn"),
        BackupRetentionPeriod=Ref(backup_days),
        CopyTagsToSnapshot=True,
        DeleteAutomatedBackups=False,
        EnableCloudwatchLogsExports=FindInMap("Engines", Ref(engine), "Logs"),
        EnablePerformanceInsights=True,
        PerformanceInsightsKMSKeyId=GetAtt(key, "Arn"),
        MonitoringInterval=60,
        MonitoringRoleArn=GetAtt(monitoring_role, "Arn"),
    )
)

export(template, "Host", GetAtt(database, "Endpoint.Address"), "Host to connect to")
export(template, "Port", GetAtt(database, "Endpoint.Port"), "Port to connect to")
export(template, "SecretArn", GetAtt(database, "MasterUserSecret.SecretArn"), "Secret: username and password")
export(template, "KeyArn", GetAtt(key, "Arn"), "Key of the secret")
export(template, "SecurityGroupId", GetAtt(security_group, "GroupId"), "Where clients are let in")
