#!/usr/bin/env bash
# Takes one secret through its life with the AWS CLI, on the embedded Secrets Manager or another endpoint that stands in for AWS:
#   scripts/aws-cli-smoke.sh http://127.0.0.1:4566
# AWS_CLI names the program where `aws` is not the one.
set -euo pipefail
endpoint=${1:?Name the endpoint, such as http://127.0.0.1:4566}
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=eu-west-1 AWS_EC2_METADATA_DISABLED=true AWS_PAGER=
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null

secretsmanager() { "${AWS_CLI:-aws}" --endpoint-url "$endpoint" --output text secretsmanager "$@"; }

# expect TITLE EXPECTED ACTUAL
expect() {
  if [ "$2" != "$3" ]; then
    printf 'not ok  %s: expected %q, got %q\n' "$1" "$2" "$3"
    exit 1
  fi
  echo "ok      $1"
}

name=cli/smoke-$$
expect create "$name" "$(secretsmanager create-secret --name "$name" --secret-string first --description 'of the CLI' --query Name)"
expect get first "$(secretsmanager get-secret-value --secret-id "$name" --query SecretString)"
expect update "$name" "$(secretsmanager update-secret --secret-id "$name" --secret-string second --query Name)"
expect 'get the update' second "$(secretsmanager get-secret-value --secret-id "$name" --query SecretString)"
expect 'get the one before' first "$(secretsmanager get-secret-value --secret-id "$name" --version-stage AWSPREVIOUS --query SecretString)"
expect list "$name" "$(secretsmanager list-secrets --filters "Key=name,Values=$name" --query 'SecretList[].Name')"
expect describe 'of the CLI' "$(secretsmanager describe-secret --secret-id "$name" --query Description)"
expect delete "$name" "$(secretsmanager delete-secret --secret-id "$name" --force-delete-without-recovery --query Name)"
gone=$(secretsmanager get-secret-value --secret-id "$name" 2>&1) && status=0 || status=$?
case "$status $gone" in
  '0 '*) expect 'get what is gone' 'an error' "$gone" ;;
  *'(ResourceNotFoundException)'*) echo 'ok      get what is gone' ;;
  *) expect 'get what is gone' 'a ResourceNotFoundException' "$gone" ;;
esac
