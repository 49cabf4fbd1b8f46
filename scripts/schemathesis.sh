#!/usr/bin/env bash
# Sends generated requests, valid and invalid ones, to a gateway on the embedded backend, and compares each reply with openapi.yaml:
#   scripts/schemathesis.sh SCHEMATHESIS [MOST] [SEED]
# SCHEMATHESIS is the path of the program. MOST is the maximum number of requests. Usually about two thirds of that are sent, because
# some operations don't have many different requests. By default, about 10,000 are sent.
set -euo pipefail
schemathesis=$(realpath "${1:?Specify the path of schemathesis}")
most=${2:-15000}
seed=${3:-1}
project=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
processes=()
trap 'kill "${processes[@]}" 2> /dev/null || true; rm -rf "$work"' EXIT
cd "$project"
export PATH="$project/node_modules/.bin:$PATH"
token=token-of-schemathesis

# started LOG PATTERN: waits for the pattern in the log, and prints it.
started() {
  for _ in $(seq 1 600); do
    grep -m 1 -oE "$2" "$1" && return
    sleep 0.1
  done
  cat "$1" >&2
  return 1
}

node src/local-backend/main.ts --memory --port 0 > "$work/backend.log" 2>&1 &
processes+=($!)
backend=$(started "$work/backend.log" 'http://127\.0\.0\.1:[0-9]+')
mkdir "$work/policies"
echo '@id("all") permit (principal, action, resource);' > "$work/policies/all.cedar"
hash=$(node -e 'console.log(require("node:crypto").createHash("sha256").update(process.argv[1]).digest("hex"))' "$token")
cat > "$work/gateway.yaml" <<END
environments: { dev: { region: eu-west-1, credential: main }, prod: { region: eu-west-1, credential: main } }
credentials: { main: { kind: default-chain } }
authentication: { apiKeys: [{ id: schemathesis, hash: "sha256:$hash" }] }
authorization: { policies: policies }
limits: { requestsPerSecond: 100000, refreshes: { requestsPerSecond: 10000 }, unauthenticated: { requestsPerSecond: 1000 } }
server: { connections: { longestWaitSeconds: 1 } }
aws: { endpoint: "$backend" }
END
AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test GATEWAY_CONFIG="$work/gateway.yaml" GATEWAY_DATA_DIR="$work/data" PORT=0 \
  node src/server.ts > "$work/gateway.log" 2>&1 &
processes+=($!)
url=$(started "$work/gateway.log" 'http://127\.0\.0\.1:[0-9]+')

# With these parameters, most requests reach a secret instead of getting a 404.
cat > "$work/schemathesis.toml" <<'END'
[parameters]
"path.env" = "dev"
"path.name" = "schemathesis"
END
operations=$(grep -c '^ *operationId:' openapi.yaml)
# Two kinds of operations are left out. Schemathesis can't generate bodies of AWS's own media type; its protocol is tested with
# AWS's own clients. Event streams don't end, so each request would take as long as the time limit.
# The phase `stateful` follows the links between operations that Schemathesis infers from the document and from `Location` headers.
# Schemathesis writes to the folder that it runs in.
cd "$work"
"$schemathesis" --config-file "$work/schemathesis.toml" run "$project/openapi.yaml" --url "$url" -H "Authorization: Bearer $token" \
  --phases fuzzing,stateful --max-examples $(((most + operations - 1) / operations)) --seed "$seed" --request-timeout 30 --no-color \
  --exclude-path '/environments/{env}/aws' --exclude-path-regex '/events$' --generation-database none \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance
if grep '"level":"\(fatal\|error\)"' "$work/gateway.log" | grep -m 3 thrown; then
  echo 'The gateway logged an unexpected error'
  exit 1
fi
