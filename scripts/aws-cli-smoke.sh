#!/usr/bin/env bash
# Creates, reads, updates and deletes a secret with the AWS CLI, on the embedded Secrets Manager or another AWS-compatible
# endpoint:
#   scripts/aws-cli-smoke.sh http://127.0.0.1:4566
# Set the variable AWS_CLI to run another program instead of `aws`, and PREFIX to begin the secret's name with a prefix. The
# access key ID and the secret access key are `test`, unless the environment variables or the file in AWS_CONFIG_FILE provide
# others.
set -euo pipefail
endpoint=${1:?Specify the endpoint, such as http://127.0.0.1:4566}
export AWS_DEFAULT_REGION=eu-west-1 AWS_EC2_METADATA_DISABLED=true AWS_PAGER= AWS_SHARED_CREDENTIALS_FILE=/dev/null
if [ -z "${AWS_CONFIG_FILE:-}${AWS_CONTAINER_CREDENTIALS_FULL_URI:-}" ]; then
  export AWS_CONFIG_FILE=/dev/null AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
fi

secretsmanager() { "${AWS_CLI:-aws}" --endpoint-url "$endpoint" --output text secretsmanager "$@"; }

# expect TITLE EXPECTED ACTUAL
expect() {
  if [ "$2" != "$3" ]; then
    printf 'not ok  %s: expected %q, got %q\n' "$1" "$2" "$3"
    exit 1
  fi
  echo "ok      $1"
}

name=${PREFIX:-}cli/smoke-$$
expect create "$name" "$(secretsmanager create-secret --name "$name" --secret-string first --description 'of the CLI' --query Name)"
expect get first "$(secretsmanager get-secret-value --secret-id "$name" --query SecretString)"
expect update "$name" "$(secretsmanager update-secret --secret-id "$name" --secret-string second --query Name)"
expect 'get the update' second "$(secretsmanager get-secret-value --secret-id "$name" --query SecretString)"
expect 'get the previous version' first "$(secretsmanager get-secret-value --secret-id "$name" --version-stage AWSPREVIOUS --query SecretString)"
expect list "$name" "$(secretsmanager list-secrets --filters "Key=name,Values=$name" --query 'SecretList[].Name')"
expect describe 'of the CLI' "$(secretsmanager describe-secret --secret-id "$name" --query Description)"
expect delete "$name" "$(secretsmanager delete-secret --secret-id "$name" --force-delete-without-recovery --query Name)"
output=$(secretsmanager get-secret-value --secret-id "$name" 2>&1) && status=0 || status=$?
case "$status $output" in
  '0 '*) expect 'get after deletion' 'an error' "$output" ;;
  *'(ResourceNotFoundException)'*) echo 'ok      get after deletion' ;;
  *) expect 'get after deletion' 'a ResourceNotFoundException' "$output" ;;
esac
