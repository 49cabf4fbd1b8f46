"""Takes a secret through its life with boto3, using the same calls as Terraform's provider:

    python3 scripts/aws-life.py ENDPOINT PREFIX ROTATION_FUNCTION

The keys come from the environment, as for any program that uses boto3. The rotation function is the ARN of one that writes a
random value.
"""
import json
import sys
import time

import boto3
from botocore.config import Config

endpoint, prefix, rotation_function = sys.argv[1:4]
client = boto3.client(
    "secretsmanager", endpoint_url=endpoint, region_name="eu-west-1", config=Config(retries={"max_attempts": 1})
)
name = f"{prefix}terraform/{time.time_ns()}"


def expect(title, actual, expected):
    if actual != expected:
        sys.exit(f"not ok  {title}: expected {expected!r}, got {actual!r}")
    print(f"ok      {title}")


def failure(call, **parameters):
    """Returns the code of the error that a call fails with."""
    try:
        call(**parameters)
    except client.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return None


def create():
    """Creates the secret, as `aws_secretsmanager_secret` and `aws_secretsmanager_secret_version` do. Returns its ARN."""
    arn = client.create_secret(Name=name, Description="Made by Terraform", Tags=[{"Key": "team", "Value": "a"}])["ARN"]
    described = client.describe_secret(SecretId=arn)
    expect("describe a placeholder", (described["Name"], described.get("VersionIdsToStages")), (name, None))
    expect("no policy", client.get_resource_policy(SecretId=arn).get("ResourcePolicy"), None)
    version = client.put_secret_value(SecretId=arn, SecretString="one")["VersionId"]
    value = client.get_secret_value(SecretId=arn, VersionId=version)
    expect("read the version", (value["SecretString"], value["VersionStages"]), ("one", ["AWSCURRENT"]))
    return arn


def rotate():
    """Rotates the secret, as `aws_secretsmanager_secret_rotation` does when it is created and destroyed."""
    rules = {"AutomaticallyAfterDays": 30}
    version = client.rotate_secret(SecretId=arn, RotationLambdaARN=rotation_function, RotationRules=rules, RotateImmediately=True)["VersionId"]
    described = client.describe_secret(SecretId=arn)
    expect("read the rotation", [described[key] for key in ("RotationEnabled", "RotationLambdaARN", "RotationRules")], [True, rotation_function, rules])
    end = time.monotonic() + 30
    while client.get_secret_value(SecretId=arn)["VersionId"] != version and time.monotonic() < end:
        time.sleep(0.1)
    expect("the rotated version is current", client.get_secret_value(SecretId=arn)["VersionId"], version)
    client.cancel_rotate_secret(SecretId=arn)
    expect("the rotation is off", client.describe_secret(SecretId=arn)["RotationEnabled"], False)


arn = create()
policy = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:PutSecretValue", "Resource": "*"}
]}
policy["Statement"][0]["Condition"] = {"StringEquals": {"aws:PrincipalTag/team": "b"}}
client.put_resource_policy(SecretId=arn, ResourcePolicy=json.dumps(policy), BlockPublicPolicy=True)
expect("read the policy", json.loads(client.get_resource_policy(SecretId=arn)["ResourcePolicy"]), policy)
client.delete_resource_policy(SecretId=arn)
expect("a rotation without a function", failure(client.rotate_secret, SecretId=arn), "InvalidRequestException")
rotate()
client.update_secret(SecretId=arn, Description="Changed by Terraform")
client.untag_resource(SecretId=arn, TagKeys=["team"])
client.tag_resource(SecretId=arn, Tags=[{"Key": "owner", "Value": "b"}])
described = client.describe_secret(SecretId=arn)
expect("read the changes", (described["Description"], described["Tags"]), ("Changed by Terraform", [{"Key": "owner", "Value": "b"}]))
second = client.put_secret_value(SecretId=arn, SecretBinary=b"\x00\xff")["VersionId"]
expect("bytes", client.get_secret_value(SecretId=name)["SecretBinary"], b"\x00\xff")
previous = client.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")
client.update_secret_version_stage(SecretId=arn, VersionStage="AWSCURRENT", RemoveFromVersionId=second,
                                   MoveToVersionId=previous["VersionId"])
expect("roll back", client.get_secret_value(SecretId=arn)["SecretString"], previous["SecretString"])
pages = client.get_paginator("list_secrets").paginate(Filters=[{"Key": "name", "Values": [name]}])
expect("list", [secret["ARN"] for page in pages for secret in page["SecretList"]], [arn])
batch = client.batch_get_secret_value(SecretIdList=[name, f"{name}-none"])
expect("read many", [value["SecretString"] for value in batch["SecretValues"]], [previous["SecretString"]])
expect("the errors of many", [error["ErrorCode"] for error in batch["Errors"]], ["ResourceNotFoundException"])
client.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
expect("read after the deletion", failure(client.get_secret_value, SecretId=arn), "ResourceNotFoundException")
expect("create again", create() != arn, True)
client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
